"""Roots of one equation in one symbol, for draws that must lie on a curve: a sign change is found and halved.

The root is a ball that encloses it, so what is evaluated there is enclosed too. May import: SymPy, `defined`, `exact`.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import sympy as sp

from rnnsym.defined import Numbers, Undefined
from rnnsym.exact import balls
from rnnsym.result import RnnsymError

DIGITS = 80
HALVINGS = 240
LARGEST = 1e-40  # of the sides of an equation at a root of it: equal, as far as is known
GRID = tuple(Fraction(k, 16) for k in (0, 1, 3, 5, 8, 11, 13, 15, 16, 17, 20, 24, 29, 36, 48, 72, 128, 320))


def on_curve(gap: Any, symbol: Any, draw: Mapping[Any, Any], chance: random.Random) -> Any:
    """A root of gap = 0 in one symbol, the others as in the draw, as a ball; None where no change of sign is met."""
    others = {s: v for s, v in draw.items() if s != symbol}
    shift = Fraction(chance.randrange(1, 64), 1024)  # so that no grid meets the same roots again and again
    points = sorted({v for g in GRID for v in (g + shift, -g - shift) if allowed(symbol, v)})

    def at(value: Any) -> Any:
        try:
            found = Numbers({**others, symbol: value}, DIGITS).value(gap)
        except (Undefined, ZeroDivisionError, TypeError, ValueError, RnnsymError):
            return None
        return found if hasattr(found, "is_nan") and not found.is_nan() else None

    with balls.precision(DIGITS):
        values = [at(p) for p in points]
        pairs = zip(points[:-1], points[1:], values[:-1], values[1:], strict=True)
        changes = [(p, q, f < 0) for p, q, f, g in pairs if f is not None and g is not None and _opposite(f, g)]
        if not changes:
            return None
        low, high, rises = chance.choice(changes)
        for _ in range(HALVINGS):
            middle = (low + high) / 2
            value = at(middle)
            if value is None:
                return None
            if not (value < 0 or value > 0):
                low = high = middle
                break
            low, high = (middle, high) if (value < 0) == rises else (low, middle)
        found = balls.ball(low).union(balls.ball(high))
        beside = at(found)
        return found if beside is not None and abs(beside) < LARGEST else None  # a jump is no root


def _opposite(f: Any, g: Any) -> bool:
    return bool((f < 0 and g > 0) or (f > 0 and g < 0))


def is_root(equation: sp.Eq, numbers: Numbers) -> bool:
    """Whether both sides of an equation are equal as far as balls tell, at values that are balls."""
    if not any(hasattr(numbers.given.get(s), "is_nan") for s in equation.free_symbols):
        return False
    gap = numbers.value(equation.lhs - equation.rhs)
    return bool(hasattr(gap, "is_nan") and not gap.is_nan() and abs(gap) < LARGEST)


def allowed(symbol: Any, value: Any) -> bool:
    """Whether a number keeps the assumptions of a symbol."""
    return not (
        (symbol.is_positive and value <= 0)
        or (symbol.is_negative and value >= 0)
        or (symbol.is_nonnegative and value < 0)
        or (symbol.is_nonzero and value == 0)
    )
