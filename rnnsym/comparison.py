"""Two values of one draw: how far apart they are, and how far off the array code is that users run.

Values are balls or tables of balls; the array code gives floats, or numbers of mpmath where digits are asked for.

May import: everything to the left of `verify`.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import mpmath
import numpy as np
import sympy as sp
from sympy.core.relational import Relational

from rnnsym.chance import Draw
from rnnsym.code import array_function
from rnnsym.defined import Numbers, Undefined
from rnnsym.exact import balls
from rnnsym.result import NoClosedForm, Result
from rnnsym.vectors import Entrywise, Slot, slot

SAME = 1e-12  # of the formula, at 60 digits
LEVEL = 1e-30  # numbers that are closer, and not known to differ, may be equal


@dataclass(frozen=True)
class Outcome:
    """One draw: whether both sides agree, the error of the array code, and the two values."""

    agrees: bool
    error: float
    lhs: Any
    rhs: Any
    part: str
    side: bool | None = None
    slack: float | None = None  # of a bound or an implication: 0 where it is sharp, relative to its sides


def is_nan(value: Any) -> bool:
    return any(map(balls.is_nan, value.flat if isinstance(value, np.ndarray) else (value,)))


def undecided(expression: Any, numbers: Numbers) -> bool:
    """Whether a case of an expression hangs on two numbers that 60 digits cannot tell apart and no proof makes equal.

    Such a draw says nothing of the formula. A case that hangs on a number that does not exist is the formula's fault.
    """
    for node in sp.preorder_traversal(expression):
        if isinstance(node, Entrywise):
            columns = [numbers.value(c) for c in node.columns]
            size = len(columns[0]) if columns else 0
            inside = [numbers.copy({slot(k): c[i, 0] for k, c in enumerate(columns, 1)}) for i in range(size)]
            if any(_hangs(p, row) for p in node.body.atoms(sp.Piecewise) for row in inside):
                return True
        elif isinstance(node, sp.Piecewise) and not node.atoms(Slot) and _hangs(node, numbers):
            return True
    return False


def _hangs(cases: Any, numbers: Numbers) -> bool:
    for _, condition in cases.args:
        truth = numbers.truth(condition)
        if truth is None:
            return any(_level(r, numbers) for r in condition.atoms(Relational))
        if truth:
            return False
    return False


def _level(relation: Any, numbers: Numbers) -> bool:
    """Whether both sides exist and are equal as far as the balls tell."""
    if numbers.truth(relation) is not None:
        return False
    try:
        left, right = numbers.value(relation.lhs), numbers.value(relation.rhs)
    except (Undefined, ZeroDivisionError):
        return False
    return not (is_nan(left) or is_nan(right)) and distance(left, right) < LEVEL


def distance(left: Any, right: Any) -> float:
    """The largest difference relative to the largest entry (at least 1)."""
    if np.shape(left) != np.shape(right):
        return float("inf")
    pairs = list(zip(np.asarray(left, dtype=object).flat, np.asarray(right, dtype=object).flat, strict=True))
    scale = max([1.0, *(float(abs(a)) for a, _ in pairs if float(abs(a)) < float("inf"))])
    gaps = [0.0 if a == b else float(abs(a - b)) for a, b in pairs]
    return max((g if g == g else float("inf") for g in gaps), default=0.0) / scale


def shown(value: Any) -> Any:
    return balls.floats(value) if isinstance(value, np.ndarray) else balls.to_float(value)


def argument(value: Any, symbol: Any, high: bool) -> Any:
    """A drawn value as what the array code takes."""
    convert = _to_mpf if high else _to_float
    if not isinstance(symbol, sp.MatrixSymbol):
        return convert(value)
    rows = [[convert(v) for v in row] for row in value]
    table = np.array(rows, dtype=object if high else None)
    return table[:, 0] if symbol.shape[1] == 1 else table


class ArrayCode:
    """The array code of a claim, if it has any, against the definition."""

    def __init__(self, result: Result, sizes: list[Any], digits: int | None) -> None:
        self.result, self.digits = result, digits
        self.called = {s for s in result.free_symbols if s not in sizes}
        self.function: Any = None
        try:
            function = array_function(result, "mpmath" if digits else "numpy")
            _ = function.source
        except NoClosedForm:
            return
        self.function = function

    def error(self, draw: Draw, left: Any, exact: bool = False) -> float | None:
        """Relative error against the value of the definition; None if there is no code or a value is missing."""
        if self.function is None:
            return None
        function = array_function(self.result, "mpmath") if exact and not self.digits else self.function
        high = exact or bool(self.digits)
        called = {s: v for s, v in draw.items() if s in self.called}
        try:
            if high:
                with mpmath.workdps((self.digits or 30) + 5):
                    return _exact_distance(left, function(**{s.name: argument(v, s, True) for s, v in called.items()}))
            names = {s.name: argument(v, s, False) for s, v in called.items()}
            with np.errstate(all="ignore"):
                value = np.asarray(function(**names))
        except (ZeroDivisionError, OverflowError):
            return None
        expected = balls.floats(left) if isinstance(left, np.ndarray) else np.asarray(balls.to_float(left))
        value = value.reshape(np.shape(expected)) if value.size == expected.size else value
        finite = np.isfinite(expected)
        scale = max(1.0, float(np.max(np.abs(expected), initial=0.0, where=finite)))
        with np.errstate(invalid="ignore"):  # infinity is infinity
            error = float(np.max(np.where(value == expected, 0.0, np.abs(value - expected)), initial=0.0)) / scale
        return error if np.isfinite(error) else float("inf")


def _exact_distance(left: Any, value: Any) -> float:
    with balls.precision(60):
        flat = np.asarray(value, dtype=object).reshape(-1)
        values = map(mpmath.mpmathify, flat)
        right = [_ball_of(v) if mpmath.isfinite(v) else balls.NAN for v in values]
        table = np.array(right, dtype=object).reshape(np.shape(left)) if isinstance(left, np.ndarray) else right[0]
        return distance(left, table)


def _ball_of(number: Any) -> Any:
    """The ball of a number of mpmath."""
    if isinstance(number, mpmath.mpc):
        return _ball_of(number.real) + _ball_of(number.imag) * balls.ball(1j)
    return balls.ball(sp.Float(mpmath.nstr(number, 55), 55))


def _to_float(value: Any) -> Any:
    return float(value) if isinstance(value, Fraction | int) else balls.to_float(balls.ball(value))


def _to_mpf(value: Any) -> Any:
    if isinstance(value, Fraction | int):
        return mpmath.mpf(Fraction(value).numerator) / Fraction(value).denominator
    return mpmath.mpmathify(balls.ball(value).mid().str(60, radius=False))
