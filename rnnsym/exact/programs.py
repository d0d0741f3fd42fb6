"""Maps between columns as straight-line programs, evaluated in batched float intervals and in balls, with their Jacobians.

A program is data: a list of operations on columns (affine, one-argument function, product, reciprocal), each on earlier
ones, and the columns that make up the value. It pickles, so that a search can run in other processes. Three evaluations:

    Program.intervals  N boxes at once in NumPy, rounded outward: enclosures of value and Jacobian over every box
    Program.linear     the same boxes: a linear map and the range of what is left of the value
    Program.balls      one box in FLINT balls of the working precision

May import: result, SymPy, NumPy, python-flint, balls, intervals.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, TypeAlias

import flint
import numpy as np
import sympy as sp

from rnnsym.exact import balls
from rnnsym.exact.intervals import (
    EPS,
    FUNCTIONS,
    TINY,
    Array,
    Interval,
    add,
    chord,
    multiply,
    power,
    reciprocal,
    widened,
)
from rnnsym.result import NoClosedForm

Number: TypeAlias = Any
"""A Fraction, or an exact SymPy number that is not rational."""

Table: TypeAlias = tuple[tuple[Number, ...], ...]


@dataclass(frozen=True)
class Affine:
    """sum of matrix times column, plus a constant; a matrix None is the identity."""

    terms: tuple[tuple[int, Table | None], ...]
    constant: tuple[Number, ...]


@dataclass(frozen=True)
class Apply:
    """A function of FUNCTIONS applied to each entry of a column; `scale` multiplies the argument by a constant."""

    name: str
    of: int
    parameters: tuple[Number, ...] = ()


@dataclass(frozen=True)
class Product:
    left: int
    right: int


@dataclass(frozen=True)
class Reciprocal:
    of: int


@dataclass(frozen=True)
class Program:
    """A map R^n -> R^k: column 0 is the argument, column i the value of operations[i - 1]; `outputs` are stacked."""

    n: int
    operations: tuple[Any, ...]
    outputs: tuple[int, ...]
    _kept: dict[Any, Any] = field(default_factory=dict, compare=False, repr=False)

    def __getstate__(self) -> Any:
        return (self.n, self.operations, self.outputs)

    def __setstate__(self, state: Any) -> None:
        for name, value in zip(("n", "operations", "outputs", "_kept"), (*state, {}), strict=True):
            object.__setattr__(self, name, value)

    def intervals(self, x: Interval, jacobian: bool = True) -> tuple[Interval, Interval | None]:
        """Enclosures of the value (N, k) and of the Jacobian (N, k, n) over N boxes with ends (N, n)."""
        tables = self._floats()
        values: list[Interval] = [x]
        eye = np.eye(self.n)[None]
        slopes: list[Any] = [Interval(eye, eye)]
        finite = bool(np.isfinite(x.lo).all() and np.isfinite(x.hi).all())
        for operation, table in zip(self.operations, tables, strict=True):
            slope: Any = None
            if isinstance(operation, Affine):
                value, slope = _affine(table, operation, values, slopes, finite, jacobian)
            elif isinstance(operation, Apply):
                f = FUNCTIONS[operation.name]
                inner = values[operation.of]
                value = f.value(inner, *table)
                if jacobian and slopes[operation.of] is not None:
                    slope = _scaled(f.slope(inner, *table), slopes[operation.of])
            elif isinstance(operation, Product):
                a, b = values[operation.left], values[operation.right]
                value = multiply(a, b) if operation.left != operation.right else power(a, 2)
                if jacobian:
                    parts = [
                        _scaled(other, slopes[i])
                        for i, other in ((operation.left, b), (operation.right, a))
                        if slopes[i] is not None
                    ]
                    slope = parts[0] if len(parts) == 1 else add(*parts) if parts else None
            else:
                inner = values[operation.of]
                value = reciprocal(inner)
                if jacobian and slopes[operation.of] is not None:
                    square = power(value, 2)
                    slope = _scaled(Interval(-square.hi, -square.lo), slopes[operation.of])
            values.append(value)
            slopes.append(slope)
        count = len(x.lo)
        found = Interval(*(np.concatenate([_rows(values[i][e], count) for i in self.outputs], axis=1) for e in (0, 1)))
        if not jacobian:
            return found, None
        ends: list[Array] = []
        for e in (0, 1):
            blocks = []
            for i in self.outputs:
                size = values[i][0].shape[1]
                s = slopes[i]
                blocks.append(np.broadcast_to(0.0 if s is None else s[e], (count, size, self.n)))
            ends.append(blocks[0] if len(blocks) == 1 else np.concatenate(blocks, axis=1))
        return found, Interval(*ends)

    def linear(self, x: Interval) -> tuple[Array, Interval]:
        """(A, r) with F(h) in A h + r for every h of the box: A (N, k, n) floats, r intervals (N, k).

        Each function is replaced by the slope of its chord and the range of what is left, each product by its expansion
        about the middles. Over wide boxes, where slopes vary between 0 and 1, this is far tighter than a Jacobian.
        """
        tables = self._floats()
        size = np.maximum(np.abs(x.lo), np.abs(x.hi))
        values: list[Interval] = [x]
        nothing = np.zeros_like(x.lo)
        forms: list[tuple[Any, Interval]] = [(np.eye(self.n)[None], Interval(nothing, nothing))]

        def rounded(A: Array, r: Interval, factor: float) -> tuple[Array, Interval]:
            slack = (np.abs(A) @ size[..., None])[..., 0] * factor + TINY
            return A, Interval(r.lo - slack, r.hi + slack)

        for operation, table in zip(self.operations, tables, strict=True):
            A: Any = None
            if isinstance(operation, Affine):
                value, _ = _affine(table, operation, values, [None] * len(values), True, False)
                terms, constant, radius = table
                r = Interval(constant - radius, constant + radius)
                slack: Any = 0.0
                for (i, _), matrix in zip(operation.terms, terms, strict=True):
                    B, q = forms[i]
                    if matrix is not None:
                        M, R = matrix
                        if B is not None:
                            error = (M.shape[1] + 4) * 1.2e-16
                            slack = slack + ((np.abs(M) * error + R) @ np.abs(B) @ size[..., None])[..., 0]
                            B = M @ B
                        q = _times_column(M, R, q)
                    r = add(r, q)
                    A = B if A is None else A if B is None else A + B
                r = Interval(r.lo - slack * 1.001, r.hi + slack * 1.001)
                if A is not None:
                    A, r = rounded(A, r, 4 * EPS)
            elif isinstance(operation, Apply):
                f = FUNCTIONS[operation.name]
                v = values[operation.of]
                value = f.value(v, *table)
                B, q = forms[operation.of]
                s, e = chord(f, v, value, table)
                r = add(multiply(Interval(s, s), q), e)
                if B is not None:
                    A, r = rounded(s[:, :, None] * B, r, EPS)
            elif isinstance(operation, Product):
                a, b = values[operation.left], values[operation.right]
                value = multiply(a, b) if operation.left != operation.right else power(a, 2)
                (A1, q1), (A2, q2) = forms[operation.left], forms[operation.right]
                c, d = 0.5 * (a.lo + a.hi), 0.5 * (b.lo + b.hi)
                spread = np.maximum(a.hi - c, c - a.lo) * np.maximum(b.hi - d, d - b.lo) + np.abs(c * d) * EPS
                r = add(multiply(Interval(d, d), q1), multiply(Interval(c, c), q2))
                r = widened(r.lo - c * d - spread, r.hi - c * d + spread, 4 * EPS)
                parts = [w[:, :, None] * B for w, B in ((d, A1), (c, A2)) if B is not None]
                if parts:
                    A, r = rounded(parts[0] if len(parts) == 1 else parts[0] + parts[1], r, 4 * EPS)
            else:
                value = reciprocal(values[operation.of])
                A, r = None, value
            values.append(value)
            forms.append((A, r))
        count = len(x.lo)
        rows = []
        for i in self.outputs:
            A = forms[i][0]
            rows.append(np.broadcast_to(0.0 if A is None else A, (count, values[i].lo.shape[1], self.n)))
        ends = [np.concatenate([_rows(forms[i][1][e], count) for i in self.outputs], axis=1) for e in (0, 1)]
        return np.concatenate(rows, axis=1), Interval(*ends)

    def balls(self, x: Sequence[Any], jacobian: bool = True) -> tuple[list[Any], Any]:
        """Enclosures of the value (list of balls) and of the Jacobian (arb_mat) over one box of balls."""
        tables = self._ball_tables()
        values: list[list[Any]] = [list(x)]
        identity = flint.arb_mat([[int(i == j) for j in range(self.n)] for i in range(self.n)])
        slopes: list[Any] = [identity]
        for operation, table in zip(self.operations, tables, strict=True):
            slope = None
            if isinstance(operation, Affine):
                terms, constant = table
                value = list(constant)
                for (i, _), matrix in zip(operation.terms, terms, strict=True):
                    part = values[i] if matrix is None else [e for (e,) in (matrix * _column(values[i])).tolist()]
                    value = [a + b for a, b in zip(value, part, strict=True)]
                    if jacobian and slopes[i] is not None:
                        moved = slopes[i] if matrix is None else matrix if i == 0 else matrix * slopes[i]
                        slope = moved if slope is None else slope + moved
            elif isinstance(operation, Apply):
                f = FUNCTIONS[operation.name]
                value = [f.ball(v, *table) for v in values[operation.of]]
                if jacobian and slopes[operation.of] is not None:
                    slope = _ball_scaled([f.ball_slope(v, *table) for v in values[operation.of]], slopes[operation.of])
            elif isinstance(operation, Product):
                a, b = values[operation.left], values[operation.right]
                value = [u * v for u, v in zip(a, b, strict=True)]
                if jacobian:
                    for i, other in ((operation.left, b), (operation.right, a)):
                        if slopes[i] is not None:
                            moved = _ball_scaled(other, slopes[i])
                            slope = moved if slope is None else slope + moved
            else:
                value = [1 / v for v in values[operation.of]]
                if jacobian and slopes[operation.of] is not None:
                    slope = _ball_scaled([-v * v for v in value], slopes[operation.of])
            values.append(value)
            slopes.append(slope)
        found = [v for i in self.outputs for v in values[i]]
        if not jacobian:
            return found, None
        rows: list[list[Any]] = []
        for i in self.outputs:
            rows += [[flint.arb(0)] * self.n] * len(values[i]) if slopes[i] is None else slopes[i].tolist()
        return found, flint.arb_mat(rows)

    def _floats(self) -> list[Any]:
        """The constants of every operation as middles and radii."""
        if "floats" not in self._kept:
            found: list[Any] = []
            for operation in self.operations:
                if isinstance(operation, Affine):
                    terms = [None if t is None else _middle_radius(t) for _, t in operation.terms]
                    middle, radius = _middle_radius((operation.constant,))
                    found.append((terms, middle, radius))
                elif isinstance(operation, Apply):
                    found.append(tuple(float(balls.ball(p).mid()) for p in operation.parameters))
                else:
                    found.append(())
            self._kept["floats"] = found
        return self._kept["floats"]

    def _ball_tables(self) -> list[Any]:
        key = ("balls", flint.ctx.prec)
        if key not in self._kept:
            found: list[Any] = []
            for operation in self.operations:
                if isinstance(operation, Affine):
                    terms = [
                        None if t is None else flint.arb_mat([[balls.ball(v) for v in row] for row in t])
                        for _, t in operation.terms
                    ]
                    found.append((terms, [balls.ball(v) for v in operation.constant]))
                elif isinstance(operation, Apply):
                    found.append(tuple(balls.ball(p) for p in operation.parameters))
                else:
                    found.append(())
            self._kept[key] = found
        return self._kept[key]


def _column(values: Sequence[Any]) -> Any:
    return flint.arb_mat(len(values), 1, list(values))


def _ball_scaled(factors: Sequence[Any], matrix: Any) -> Any:
    return flint.arb_mat([[f * v for v in row] for f, row in zip(factors, matrix.tolist(), strict=True)])


def _rows(a: Array, count: int) -> Array:
    return a if len(a) == count else np.broadcast_to(a, (count, a.shape[1]))


def _middle_radius(table: Table) -> tuple[Array, Array]:
    """Exact numbers as floats and bounds of what these miss."""
    middle = np.empty((len(table), len(table[0])))
    radius = np.zeros_like(middle)
    for i, row in enumerate(table):
        for j, v in enumerate(row):
            if isinstance(v, Fraction):
                f = float(v)
                middle[i, j] = f
                if not np.isfinite(f):
                    raise NoClosedForm(
                        f"a number of size {v.numerator.bit_length() - v.denominator.bit_length()} bits is beyond floats"
                    )
                radius[i, j] = 0.0 if Fraction(f) == v else abs(f) * EPS + TINY
            else:
                with balls.precision(30):
                    f = float(balls.ball(v).mid())
                middle[i, j], radius[i, j] = f, abs(f) * EPS + TINY
    return middle, radius


def _affine(
    table: Any, operation: Affine, values: list[Interval], slopes: list[Any], finite: bool, jacobian: bool
) -> tuple[Interval, Any]:
    terms, constant, radius = table
    if not operation.terms:
        return Interval(constant - radius, constant + radius), None
    total, slope = None, None
    for (i, _), matrix in zip(operation.terms, terms, strict=True):
        x, s = values[i], slopes[i]
        if matrix is None:
            part, moved = x, s
        else:
            M, R = matrix
            unbounded = not finite and not (np.isfinite(x.lo).all() and np.isfinite(x.hi).all())
            part = _careful(M, R, x) if unbounded else _times_column(M, R, x)
            moved = None
            if jacobian and s is not None:
                moved = _times_matrix(M, R, s)
        total = part if total is None else add(total, part)
        if jacobian and moved is not None:
            slope = moved if slope is None else add(slope, moved)
    if total is None:
        raise AssertionError("an affine operation with terms has a value")
    if constant.any() or radius.any():
        total = widened(total.lo + (constant - radius), total.hi + (constant + radius))
    return total, slope


def _times_column(M: Array, R: Array, x: Interval) -> Interval:
    """M x over boxes, M within R of the true matrix: in middles and radii, with the error of the sums."""
    middle = 0.5 * (x.lo + x.hi)
    reach = np.maximum(x.hi - middle, middle - x.lo)
    size = np.abs(M) + R
    error = (M.shape[1] + 4) * 1.2e-16
    rad = reach @ size.T * (1 + 10 * error) + np.abs(middle) @ (size.T * error + R.T) + TINY
    mid = middle @ M.T
    return Interval(mid - rad, mid + rad)


def _careful(M: Array, R: Array, x: Interval) -> Interval:
    """M x where ends may be infinite."""
    with np.errstate(invalid="ignore"):
        low, high = M - R, M + R
        parts = [
            np.where((a == 0) | (b[:, None, :] == 0), 0.0, a * b[:, None, :]) for a in (low, high) for b in (x.lo, x.hi)
        ]
    lo = np.minimum.reduce(parts)
    hi = np.maximum.reduce(parts)
    error = (M.shape[1] + 4) * 2.3e-16
    with np.errstate(invalid="ignore"):
        slack_lo, slack_hi = np.abs(lo).sum(-1) * error + TINY, np.abs(hi).sum(-1) * error + TINY
        return Interval(
            np.where(np.isinf(slack_lo), -np.inf, lo.sum(-1) - np.where(np.isinf(slack_lo), 0, slack_lo)),
            np.where(np.isinf(slack_hi), np.inf, hi.sum(-1) + np.where(np.isinf(slack_hi), 0, slack_hi)),
        )


def _times_matrix(M: Array, R: Array, s: Interval) -> Interval:
    """M S for interval matrices S (N, k, n)."""
    if (
        len(s.lo) == 1
        and s.lo is s.hi
        and s.lo.shape[1] == s.lo.shape[2]
        and np.array_equal(s.lo[0], np.eye(s.lo.shape[1]))
    ):
        return Interval((M - R)[None], (M + R)[None])
    middle = 0.5 * (s.lo + s.hi)
    reach = np.maximum(s.hi - middle, middle - s.lo)
    size = np.abs(M) + R
    error = (M.shape[1] + 4) * 1.2e-16
    rad = size * (1 + 10 * error) @ reach + (size * error + R) @ np.abs(middle) + TINY
    mid = M @ middle
    return Interval(mid - rad, mid + rad)


def _scaled(factor: Interval, s: Interval) -> Interval:
    """diag(factor) S for intervals: factor (N, k), S (N or 1, k, n)."""
    lo, hi = factor.lo[:, :, None], factor.hi[:, :, None]
    if s.lo is s.hi or (len(s.lo) == 1 and np.array_equal(s.lo, s.hi)):
        a, b = lo * s.lo, hi * s.lo
        return widened(np.minimum(a, b), np.maximum(a, b))
    return multiply(Interval(lo, hi), s)


def exact_number(value: Any) -> Number:
    """A Fraction where the number is rational, the exact SymPy number otherwise; floats are the dyadics they are."""
    if isinstance(value, Fraction):
        return value
    if isinstance(value, bool | int | np.integer):
        return Fraction(int(value))
    if isinstance(value, float | np.floating):
        return Fraction(float(value))
    number = sp.S(value)
    return Fraction(int(number.p), int(number.q)) if number.is_Rational else number
