"""python -m tests.benchmarks [--quick]: rnnsym beside what a user would otherwise write, in one run, as ratios."""

from __future__ import annotations

import argparse

from tests.benchmarks import algebra, fixed_points, jacobians, startup


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="the small sizes only")
    options = parser.parse_args()
    for room in (startup, jacobians, algebra, fixed_points):
        for row in room.rows(options.quick):
            print(row, flush=True)


if __name__ == "__main__":
    main()
