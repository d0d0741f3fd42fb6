"""A counterexample made small: the smallest sizes, then entries to 0, 1 and small whole numbers while the claim fails.

`fails(draw)` gives the Outcome of a draw at which the claim is refuted, otherwise None; it knows the hypotheses.

May import: everything to the left of `verify`, and comparison.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from rnnsym.chance import Draw, Sampler
from rnnsym.comparison import Outcome
from rnnsym.exact import balls
from rnnsym.solving import allowed

Fails = Callable[[Draw], Outcome | None]
BUDGET = 300  # values tried


def shrunk(
    draw: Draw, outcome: Outcome, dims: Sequence[int], sampler: Sampler, fails: Fails, budget: int = BUDGET
) -> tuple[Draw, Outcome]:
    """A draw as simple as was found at which the claim fails too: of a smaller size if there is one."""
    for size in sorted(d for d in dims if d < max(dims, default=0)):
        for _ in range(10):
            small = sampler.draw(size, tries=4)
            found = None if small is None else fails(small)
            if small is not None and found is not None:
                return _simpler(small, found, fails, budget)
    return _simpler(draw, outcome, fails, budget)


def _simpler(draw: Draw, outcome: Outcome, fails: Fails, budget: int) -> tuple[Draw, Outcome]:
    """Greedy: each number to the simplest value at which the claim still fails."""
    changed = True
    while changed and budget > 0:
        changed = False
        for place, value in _places(draw):
            for simple in _simpler_than(value):
                budget -= 1
                if budget <= 0 or not allowed(place[0], simple):
                    continue
                trial = _with(draw, place, simple)
                found = fails(trial)
                if found is not None:
                    draw, outcome, changed = trial, found, True
                    break
    return draw, outcome


def readable(value: Any) -> Any:
    if isinstance(value, Fraction):
        return int(value) if value.denominator == 1 else value
    if isinstance(value, list | np.ndarray):
        rows = [[readable(v) for v in row] for row in value]
        return [row[0] for row in rows] if rows and len(rows[0]) == 1 else rows
    return balls.to_float(balls.ball(value))


def _places(draw: Draw) -> list[tuple[Any, Fraction]]:
    found: list[tuple[Any, Fraction]] = []
    for s, value in draw.items():
        if isinstance(value, list):
            found += [
                ((s, i, j), v) for i, row in enumerate(value) for j, v in enumerate(row) if isinstance(v, Fraction)
            ]
        elif isinstance(value, Fraction) and not (s.is_integer and s.is_positive):
            found.append(((s,), value))
    return found


def _simpler_than(value: Fraction) -> list[Fraction]:
    order = [Fraction(v) for v in (0, 1, -1, 2, -2)] + [Fraction(1, 2), Fraction(-1, 2), Fraction(round(value))]
    cost = _cost(value)
    return [v for v in dict.fromkeys(order) if _cost(v) < cost]


def _cost(value: Fraction) -> tuple[int, int, bool]:
    return value.denominator, abs(value.numerator), value < 0


def _with(draw: Draw, place: tuple[Any, ...], value: Fraction) -> Draw:
    symbol, *index = place
    if not index:
        return {**draw, symbol: value}
    table = [list(row) for row in draw[symbol]]
    table[index[0]][index[1]] = value
    return {**draw, symbol: table}


def mean(a: Any, b: Any) -> Any:
    if isinstance(a, list) and isinstance(b, list):
        return [[(x + y) / 2 for x, y in zip(r, s, strict=True)] for r, s in zip(a, b, strict=True)]
    if isinstance(a, Fraction) and isinstance(b, Fraction):
        return (a + b) / 2
    return None
