"""Maps between columns as straight-line programs, evaluated in batched float intervals and in balls, with their Jacobians.

A program is data: a list of operations on columns (affine, one-argument function, product, reciprocal), each on earlier
ones, and the columns that make up the value. It pickles, so that a search can run in other processes. Two evaluations:

    Program.intervals  N boxes at once in NumPy, rounded outward: enclosures of value and Jacobian over every box
    Program.balls      one box in FLINT balls of the working precision

Rounding: sums and products are widened by their proved error; NumPy's elementary functions are taken to be right to
REL (8 ulp; NumPy's own tests demand 4). What is *found* is proved again in balls and does not rest on this; what is
*excluded* does.

May import: result, SymPy, NumPy, python-flint, balls. A new function: a line in `FUNCTIONS`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, NamedTuple, TypeAlias

import flint
import numpy as np
import sympy as sp

from rnnsym.exact import balls
from rnnsym.result import NoClosedForm

EPS = 3e-16
TINY = 1e-300
REL = 2e-15

Array: TypeAlias = Any
Number: TypeAlias = Any  # Fraction, or an exact SymPy number that is not rational
Table: TypeAlias = tuple[tuple[Number, ...], ...]


class Interval(NamedTuple):
    """Arrays of lower and upper ends."""

    lo: Array
    hi: Array


def widened(lo: Array, hi: Array, rel: float = EPS) -> Interval:
    """The interval with both ends moved outward by a relative error."""
    return Interval(lo - (np.abs(lo) * rel + TINY), hi + (np.abs(hi) * rel + TINY))


def add(a: Interval, b: Interval) -> Interval:
    return widened(a.lo + b.lo, a.hi + b.hi)


def multiply(a: Interval, b: Interval) -> Interval:
    """The product; 0 times an infinite end counts as 0."""
    with np.errstate(invalid="ignore"):
        parts = [a.lo * b.lo, a.lo * b.hi, a.hi * b.lo, a.hi * b.hi]
    if not (
        np.isfinite(a.lo).all() and np.isfinite(a.hi).all() and np.isfinite(b.lo).all() and np.isfinite(b.hi).all()
    ):
        parts = [np.where(np.isnan(p), 0.0, p) for p in parts]
    return widened(
        np.minimum(np.minimum(parts[0], parts[1]), np.minimum(parts[2], parts[3])),
        np.maximum(np.maximum(parts[0], parts[1]), np.maximum(parts[2], parts[3])),
    )


def reciprocal(a: Interval) -> Interval:
    """1 / a; the whole line where a contains 0."""
    with np.errstate(divide="ignore"):
        lo, hi = 1 / a.hi, 1 / a.lo
    crossing = (a.lo <= 0) & (a.hi >= 0)
    return widened(np.where(crossing, -np.inf, lo), np.where(crossing, np.inf, hi))


# ---------------------------------------------------------------------- functions of one argument


class Function(NamedTuple):
    """A function: its ends over an interval, its slope's, and both in balls; the parameters come last.

    touching: of an odd function (or one odd about its value at 0) whose slope falls from `steepest` on both sides of 0,
              the x > 0 at which its slope is s.
    """

    value: Callable[..., Interval]
    slope: Callable[..., Interval]
    ball: Callable[..., Any]
    ball_slope: Callable[..., Any]
    touching: Callable[[Array], Array] | None = None
    steepest: float = 1.0


def _monotone(f: Callable[[Array], Array], low: float = -np.inf, high: float = np.inf) -> Callable[..., Interval]:
    """Ends of an increasing function with values in [low, high]."""

    def value(x: Interval) -> Interval:
        y = widened(f(x.lo), f(x.hi), REL)
        return Interval(np.maximum(y.lo, low), np.minimum(y.hi, high))

    return value


def _bump(f: Callable[[Array], Array], top: float) -> Callable[..., Interval]:
    """Ends of an even function that falls on both sides of 0 from `top`."""

    def value(x: Interval) -> Interval:
        near = np.where((x.lo <= 0) & (x.hi >= 0), 0.0, np.minimum(np.abs(x.lo), np.abs(x.hi)))
        y = widened(f(np.maximum(np.abs(x.lo), np.abs(x.hi))), f(near), 2 * REL)
        return Interval(np.maximum(y.lo, 0.0), np.minimum(y.hi, top))

    return value


def _sech2(x: Array) -> Array:
    e = np.exp(-2 * np.abs(x))
    return 4 * e / ((1 + e) * (1 + e))


def _logistic(x: Array) -> Array:
    e = np.exp(-np.abs(x))
    return np.where(x >= 0, 1 / (1 + e), e / (1 + e))


def _logistic_slope(x: Array) -> Array:
    e = np.exp(-np.abs(x))
    return e / ((1 + e) * (1 + e))


_ERF = np.frompyfunc(__import__("math").erf, 1, 1)
_ERFC = np.frompyfunc(__import__("math").erfc, 1, 1)


def _erf(x: Array) -> Array:
    return np.asarray(_ERF(x), dtype=float)


def _cdf(x: Array) -> Array:
    return np.asarray(_ERFC(-x * 0.7071067811865476), dtype=float) / 2


def _density(x: Array) -> Array:
    return np.exp(-x * x / 2) * 0.3989422804014327


def _exp(x: Array) -> Array:
    with np.errstate(over="ignore"):
        return np.exp(x)


def _exp_ends(x: Interval) -> Interval:
    # the relative error of exp is that of the function; its argument is exact
    y = widened(np.minimum(_exp(x.lo), 1e308), _exp(x.hi), REL)
    return Interval(np.maximum(y.lo, 0.0), y.hi)


def _cdf_ends(x: Interval) -> Interval:
    # the argument x / sqrt(2) is rounded: its relative error 2e-16 is magnified by x^2 in the tails
    lo, hi = _cdf(x.lo), _cdf(x.hi)
    error = 4e-15 * (2 + np.minimum(x.lo * x.lo, 1500.0)), 4e-15 * (2 + np.minimum(x.hi * x.hi, 1500.0))
    return Interval(np.maximum(lo - lo * error[0] - TINY, 0.0), np.minimum(hi + hi * error[1] + TINY, 1.0))


def _density_ends(x: Interval) -> Interval:
    y = _bump(lambda v: _density(v) * (1 + 0 * v), 0.39894228040143275)(x)
    size = np.minimum(np.maximum(x.lo * x.lo, x.hi * x.hi), 1500.0)
    return Interval(y.lo - y.lo * 1e-15 * size, np.minimum(y.hi + y.hi * 1e-15 * size, 0.39894228040143275))


def _gauss_ends(x: Interval) -> Interval:
    """2/sqrt(pi) exp(-x^2)."""
    y = _bump(lambda v: 1.1283791670955126 * np.exp(-np.minimum(v * v, 700.0)), 1.128379167095513)(x)
    size = np.minimum(np.maximum(x.lo * x.lo, x.hi * x.hi), 1500.0)
    lo = np.where(size > 699, 0.0, y.lo - y.lo * 1e-15 * size)
    return Interval(lo, np.minimum(y.hi + y.hi * 1e-15 * np.minimum(size, 700.0), 1.128379167095513))


def _softplus(x: Array) -> Array:
    return np.maximum(x, 0.0) + np.log1p(np.exp(-np.abs(x)))


def _piecewise_slope(left: float, right: float) -> Callable[..., Interval]:
    def slope(x: Interval, *_: Any) -> Interval:
        low, high = min(left, right), max(left, right)
        at_right, at_left = x.lo > 0, x.hi < 0
        return Interval(
            np.where(at_right, right, np.where(at_left, left, low)),
            np.where(at_right, right, np.where(at_left, left, high)),
        )

    return slope


def _leaky_value(x: Interval, slope: float) -> Interval:
    def f(v: Array) -> Array:
        return np.where(v > 0, v, slope * v)

    a, b = f(x.lo), f(x.hi)
    lo, hi = np.minimum(a, b), np.maximum(a, b)
    if slope < 0:
        lo = np.where((x.lo < 0) & (x.hi > 0), 0.0, lo)
    return widened(lo, hi, REL)


def _leaky_slope(x: Interval, slope: float) -> Interval:
    s = _piecewise_slope(slope, 1.0)(x)
    return widened(s.lo, s.hi, REL)


def _clip(x: Interval) -> Interval:
    return Interval(np.clip(x.lo, -1.0, 1.0), np.clip(x.hi, -1.0, 1.0))


def _clip_slope(x: Interval) -> Interval:
    inside, outside = (x.lo > -1) & (x.hi < 1), (x.lo > 1) | (x.hi < -1)
    return Interval(np.where(inside, 1.0, 0.0), np.where(outside, 0.0, 1.0))


def _abs_value(x: Interval) -> Interval:
    a, b = np.abs(x.lo), np.abs(x.hi)
    return Interval(np.where((x.lo <= 0) & (x.hi >= 0), 0.0, np.minimum(a, b)), np.maximum(a, b))


def _elu_value(x: Interval, alpha: float) -> Interval:
    def f(v: Array) -> Array:
        return np.where(v > 0, v, alpha * np.expm1(np.minimum(v, 0.0)))

    return widened(f(x.lo), f(x.hi), 2 * REL)


def _elu_slope(x: Interval, alpha: float) -> Interval:
    low, high = alpha * np.exp(np.minimum(x.lo, 0.0)), alpha * np.exp(np.minimum(x.hi, 0.0))
    below = widened(np.minimum(low, high), np.maximum(low, high), 2 * REL)
    right, left = x.lo > 0, x.hi < 0
    lo = np.where(right, 1.0, np.where(left, below.lo, np.minimum(below.lo, 1.0)))
    hi = np.where(right, 1.0, np.where(left, below.hi, np.maximum(below.hi, 1.0)))
    return Interval(lo, hi)


def _power(x: Interval, k: int) -> Interval:
    a, b = x.lo**k, x.hi**k
    if k % 2:
        return widened(a, b, k * REL)
    lo = np.where((x.lo <= 0) & (x.hi >= 0), 0.0, np.minimum(a, b))
    return widened(lo, np.maximum(a, b), k * REL)


def _hull(a: Any, b: Any) -> Any:
    return a.union(b)


def _ball_step(x: Any, left: Any, right: Any) -> Any:
    return right if x > 0 else left if x < 0 else _hull(left, right)


def _ball_clip_slope(x: Any) -> Any:
    one, zero = flint.arb(1), flint.arb(0)
    size = abs(x)
    return one if size < 1 else zero if size > 1 else _hull(one, zero)


def _ball_logistic(x: Any) -> Any:
    return (1 + (x / 2).tanh()) / 2


def _square(x: Any) -> Any:
    return x * x


def _ball_sech2(x: Any) -> Any:
    t = x.tanh()  # FLINT's sech of a ball does not see that it is flat at 0; the square of tanh does
    return 1 - t * t


def _ball_elu_slope(x: Any, alpha: Any) -> Any:
    low = alpha * x.min(flint.arb(0)).exp()
    return _ball_step(x, low, flint.arb(1))


FUNCTIONS: dict[str, Function] = {
    "tanh": Function(
        _monotone(np.tanh, -1.0, 1.0), _bump(_sech2, 1.0), lambda x: x.tanh(), _ball_sech2,
        lambda s: np.arccosh(1 / np.sqrt(s)),
    ),
    "sigmoid": Function(
        _monotone(_logistic, 0.0, 1.0), _bump(_logistic_slope, 0.25), _ball_logistic,
        lambda x: _ball_sech2(x / 2) / 4, lambda s: 2 * np.arctanh(np.sqrt(1 - 4 * s)), 0.25,
    ),
    "erf": Function(
        _monotone(_erf, -1.0, 1.0), _gauss_ends, lambda x: x.erf(),
        lambda x: 2 * (-_square(x)).exp() / flint.arb.pi().sqrt(),
        lambda s: np.sqrt(np.maximum(-np.log(s * 0.886226925452758), 0.0)), 1.1283791670955126,
    ),
    "atan": Function(
        _monotone(np.arctan), _bump(lambda x: 1 / (1 + x * x), 1.0), lambda x: x.atan(), lambda x: 1 / (1 + _square(x)),
        lambda s: np.sqrt(1 / s - 1),
    ),
    "softsign": Function(
        _monotone(lambda x: np.where(np.isinf(x), np.sign(x), x / (1 + np.where(np.isinf(x), 0.0, np.abs(x)))), -1.0, 1.0),
        _bump(lambda x: 1 / ((1 + np.abs(x)) * (1 + np.abs(x))), 1.0),
        lambda x: x / (1 + abs(x)), lambda x: 1 / _square(1 + abs(x)), lambda s: 1 / np.sqrt(s) - 1,
    ),
    "algebraic": Function(
        _monotone(lambda x: np.where(np.isinf(x), np.sign(x), x / np.hypot(1.0, np.where(np.isinf(x), 0.0, x))), -1.0, 1.0),
        _bump(lambda x: 1 / np.hypot(1.0, x) ** 3, 1.0),
        lambda x: x / (1 + _square(x)).sqrt(), lambda x: 1 / ((1 + _square(x)) * (1 + _square(x)).sqrt()),
        lambda s: np.sqrt(np.maximum(s ** (-2 / 3) - 1, 0.0)),
    ),
    "normal_cdf": Function(
        _cdf_ends, _density_ends, lambda x: (-x / flint.arb(2).sqrt()).erfc() / 2,
        lambda x: (-_square(x) / 2).exp() / (2 * flint.arb.pi()).sqrt(),
        lambda s: np.sqrt(np.maximum(-2 * np.log(s * 2.5066282746310002), 0.0)), 0.3989422804014327,
    ),
    "exp": Function(_exp_ends, _exp_ends, lambda x: x.exp(), lambda x: x.exp()),
    "softplus": Function(
        _monotone(_softplus, 0.0), _monotone(_logistic, 0.0, 1.0), lambda x: (1 + x.exp()).log(), _ball_logistic
    ),
    "relu": Function(
        lambda x: Interval(np.maximum(x.lo, 0.0), np.maximum(x.hi, 0.0)), _piecewise_slope(0.0, 1.0),
        lambda x: x.max(flint.arb(0)), lambda x: _ball_step(x, flint.arb(0), flint.arb(1)),
    ),
    "leaky_relu": Function(
        _leaky_value, _leaky_slope, lambda x, s: x.max(flint.arb(0)) + s * x.min(flint.arb(0)),
        lambda x, s: _ball_step(x, s, flint.arb(1)),
    ),
    "hard_tanh": Function(
        _clip, _clip_slope, lambda x: x.max(flint.arb(-1)).min(flint.arb(1)), _ball_clip_slope
    ),
    "absolute": Function(_abs_value, _piecewise_slope(-1.0, 1.0), lambda x: abs(x), lambda x: _ball_step(x, flint.arb(-1), flint.arb(1))),
    "elu": Function(
        _elu_value, _elu_slope, lambda x, a: x.max(flint.arb(0)) + a * x.min(flint.arb(0)).expm1(), _ball_elu_slope
    ),
    "power": Function(
        lambda x, k: _power(x, int(k)), lambda x, k: widened(*(v * int(k) for v in _power(x, int(k) - 1)), REL),
        lambda x, k: _ball_power(x, int(float(k))), lambda x, k: k * _ball_power(x, int(float(k)) - 1),
    ),
}  # fmt: skip


def _chord(f: Function, x: Interval, y: Interval, table: Any) -> tuple[Array, Interval]:
    """(s, e) with f(v) in s v + e over each interval x, where y holds the values.

    With s the slope of the chord, f(v) - s v has its ends at the ends of x or where f' = s, at two points -t and t. The
    error of t, at most about 1e-7 (where f' is flat), enters squared: the slack 1e-12 holds it.
    """
    if f.touching is None:
        slope = f.slope(x, *table)
        c = 0.5 * (x.lo + x.hi)
        s = 0.5 * (slope.lo + slope.hi)
        spread = np.maximum(slope.hi - s, s - slope.lo) * np.maximum(x.hi - c, c - x.lo)
        middle = f.value(Interval(c, c), *table)
        return s, widened(
            middle.lo - s * c - spread - np.abs(s * c) * EPS, middle.hi - s * c + spread + np.abs(s * c) * EPS
        )
    low, high = y.lo, y.hi
    width = x.hi - x.lo
    point = f.slope(Interval(x.lo, x.lo), *table)
    s = np.where(width > 1e-7, (high - low) / np.maximum(width, 1e-7), point.lo)
    s = np.clip(s, 1e-12 * f.steepest, f.steepest * (1 - 1e-15))
    t = f.touching(s)
    first, last = low - s * x.lo, high - s * x.hi
    least, most = np.minimum(first, last), np.maximum(first, last)
    for at in (t, -t):
        inside = (at >= x.lo) & (at <= x.hi)
        if inside.any():
            v = f.value(Interval(at, at), *table)
            least = np.where(inside, np.minimum(least, v.lo - s * at), least)
            most = np.where(inside, np.maximum(most, v.hi - s * at), most)
    slack = 1e-12 * (1 + np.abs(x.lo) + np.abs(x.hi))
    return s, Interval(least - slack, most + slack)


def _ball_power(x: Any, k: int) -> Any:
    result = flint.arb(1)
    for _ in range(k):
        result = result * x
    return result


# ---------------------------------------------------------------------- programs


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
                value = multiply(a, b) if operation.left != operation.right else _power(a, 2)
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
                    square = _power(value, 2)
                    slope = _scaled(Interval(-square.hi, -square.lo), slopes[operation.of])
            values.append(value)
            slopes.append(slope)
        count = len(x.lo)
        found = Interval(*(np.concatenate([_rows(values[i][e], count) for i in self.outputs], axis=1) for e in (0, 1)))
        if not jacobian:
            return found, None
        ends = []
        for e in (0, 1):
            parts = []
            for i in self.outputs:
                size = values[i][0].shape[1]
                s = slopes[i]
                parts.append(np.broadcast_to(0.0 if s is None else s[e], (count, size, self.n)))
            ends.append(parts[0] if len(parts) == 1 else np.concatenate(parts, axis=1))
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
                s, e = _chord(f, v, value, table)
                r = add(multiply(Interval(s, s), q), e)
                if B is not None:
                    A, r = rounded(s[:, :, None] * B, r, EPS)
            elif isinstance(operation, Product):
                a, b = values[operation.left], values[operation.right]
                value = multiply(a, b) if operation.left != operation.right else _power(a, 2)
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
