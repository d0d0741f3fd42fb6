"""Claims that are no equality: how tight a bound or a condition is, the climb to where it is tightest, and limits.

A wrong bound fails only near where the right one is sharp: half of the draws of a bound start from the tightest draw
before them and change a little of it. The ratio of an asymptotic claim must still be on its way to 1 at the last of the
points by which its variable approaches its point.

May import: everything to the left of `verify`, and comparison.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import sympy as sp

from rnnsym.chance import Draw, Sampler
from rnnsym.comparison import SAME, is_nan
from rnnsym.defined import Numbers

NOISE = 1e-30  # of numbers with 60 digits that were found by running: no ratio is taken of smaller ones
LEVEL = 1e-4  # a ratio this close to 1 need not come closer: its definition may have no more digits
CLOSE, FAR = 1e-2, 0.25  # the last ratio of a sequence that tends to 1; one still on its way there


def parts(given: Any) -> tuple[Any, ...]:
    return given.args if isinstance(given, sp.And) else (given,)


def related(relation: str, left: Any, right: Any, gap: float) -> bool:
    """Whether two values stand in a relation, the gap between them known."""
    if relation == "=":
        return gap <= SAME
    if is_nan(right):
        return False
    pairs = zip(np.asarray(left, dtype=object).flat, np.asarray(right, dtype=object).flat, strict=True)
    slack = [float(b - a) for a, b in pairs]
    return all(s > 0 for s in slack) if relation == "<" else all(s >= -SAME for s in slack)


def touch(left: Any, right: Any) -> bool:
    """Whether balls cannot tell a side of a strict inequality from the other: a unit that saturates beyond all digits."""
    pairs = zip(np.asarray(left, dtype=object).flat, np.asarray(right, dtype=object).flat, strict=True)
    gaps = [b - a for a, b in pairs]
    return any(hasattr(g, "rad") and g.rad() > 0 and not (g > 0 or g <= 0) for g in gaps)


def tightness(left: Any, right: Any) -> float | None:
    """How far a bound is from being sharp, relative to its sides, in its tightest entry; None where both are 0."""
    pairs = zip(np.asarray(left, dtype=object).flat, np.asarray(right, dtype=object).flat, strict=True)
    found = [
        (float(b) - float(a)) / scale
        for a, b in pairs
        if (scale := max(abs(float(a)), abs(float(b)))) > NOISE and scale < float("inf")
    ]
    return min(found, default=None)


def margin(condition: Any, numbers: Numbers) -> float | None:
    """How far a condition is from failing: the least tightness of its inequalities; None if it is made of other things."""
    inequalities = parts(condition)
    if not all(isinstance(c, sp.Lt | sp.Le | sp.Gt | sp.Ge) for c in inequalities):
        return None
    margins = [tightness(numbers.value(c.lts), numbers.value(c.gts)) for c in inequalities]
    return min((m for m in margins if m is not None), default=None)


class Climb:
    """The tightest draw of all, and that of the present climb, which begins anew every 32 draws."""

    def __init__(self, sampler: Sampler) -> None:
        self.sampler = sampler
        self.tight: list[tuple[float, Draw]] = []

    def next(self, k: int) -> Draw | None:
        """A draw near a tight one; None if draw k is to be made anew."""
        return self.sampler.nudged(self.tight[k % 4 == 3][1]) if k % 2 and self.tight else None

    def saw(self, k: int, slack: float | None, draw: Draw) -> None:
        """What draw k gave; where a bound is sharp there is nothing left to climb."""
        if slack is None or not slack > SAME:
            return
        here = (slack, draw)
        again = not self.tight or k % 32 == 0
        best = min([here, *self.tight[:1]], key=_slack)
        self.tight = [best, here if again else min(here, self.tight[1], key=_slack)]


def _slack(found: tuple[float, Draw]) -> float:
    return found[0]


def gap_of_ratio(left: Any, right: Any) -> float | None:
    """How far the ratio of two tables of floats is from 1 at most; None where there is none to be taken."""
    seen = np.maximum(np.abs(left), np.abs(right)) > NOISE
    if not np.any(seen):
        return None
    with np.errstate(divide="ignore", invalid="ignore"):
        return float(np.max(np.abs(left / right - 1), initial=0.0, where=seen))


def tends_to_1(gaps: Sequence[float]) -> bool | None:
    """Whether a ratio is on its way to 1: a wrong factor leaves a gap that no longer shrinks, so each of the last must be
    half of the one before. None while the gaps shrink so, but the last is too wide to tell."""
    shrinks = all(b < 0.5 * a or b < LEVEL for a, b in zip(gaps[-3:], gaps[-2:], strict=False))
    if shrinks and CLOSE <= gaps[-1] < FAR:
        return None
    return gaps[-1] < CLOSE and shrinks
