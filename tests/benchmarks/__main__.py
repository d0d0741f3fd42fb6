"""python -m tests.benchmarks [--quick] [--json FILE] [--plot FILE] [--readme]: rnnsym beside what one would otherwise write.

One run, answers compared before their time counts, medians of interleaved repeats in processor time, ratios against the
targets of the design. Peers are optional; an absent one is a blank. `--only algebra` runs one room.
"""

from __future__ import annotations

import argparse
import importlib
import time
from pathlib import Path

from tests.benchmarks import output
from tests.benchmarks.timing import Row

ROOMS = ("startup", "jacobians", "frameworks", "algebra", "numbers", "workflows", "fixed_points")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="the small sizes only, under two minutes")
    parser.add_argument("--only", choices=ROOMS, action="append", help="one room; may be given several times")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all numbers")
    parser.add_argument("--plot", type=Path, metavar="FILE", help="draw the ratios over n (needs matplotlib)")
    parser.add_argument("--readme", action="store_true", help="renew the table of README.md")
    options = parser.parse_args()
    start = time.monotonic()
    found: list[Row] = []
    print(output.machine(), flush=True)
    for name in options.only or ROOMS:
        for row in importlib.import_module(f"tests.benchmarks.{name}").rows(options.quick):
            found.append(row)
            print(row, flush=True)
    for line in output.summary(found):
        print(line)
    print(f"{time.monotonic() - start:.0f} s in all; {output.load()}")
    if options.json:
        options.json.write_text(output.as_json(found))
    if options.plot:
        output.plot(found, options.plot)
    if options.readme:
        output.renew(found, Path("README.md"))


if __name__ == "__main__":
    main()
