"""Batched intervals in NumPy, rounded outward, and the functions of one argument: ends, slopes, chords; and balls.

Rounding: sums and products are widened by their proved error; NumPy's elementary functions are taken to be right to
REL (8 ulp; NumPy's own tests demand 4). What a search *finds* is proved again in balls and does not rest on this; what
it *excludes* does. `tests/exact/test_enclosure.py` compares every function with balls.

May import: NumPy, python-flint. A new function: a line in `FUNCTIONS`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple, TypeAlias

import flint
import numpy as np

EPS = 3e-16
TINY = 1e-300
REL = 2e-15

Array: TypeAlias = Any


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


_ERF = np.frompyfunc(math.erf, 1, 1)
_ERFC = np.frompyfunc(math.erfc, 1, 1)


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


def power(x: Interval, k: int) -> Interval:
    """x^k, k >= 1."""
    a, b = x.lo**k, x.hi**k
    if k % 2:
        return widened(a, b, k * REL)
    lo = np.where((x.lo <= 0) & (x.hi >= 0), 0.0, np.minimum(a, b))
    return widened(lo, np.maximum(a, b), k * REL)


def _power_slope(x: Interval, k: float) -> Interval:
    below = power(x, int(k) - 1)
    return widened(below.lo * int(k), below.hi * int(k), REL)


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
        lambda x, k: power(x, int(k)), _power_slope,
        lambda x, k: _ball_power(x, int(float(k))), lambda x, k: k * _ball_power(x, int(float(k)) - 1),
    ),
}  # fmt: skip


def chord(f: Function, x: Interval, y: Interval, table: Any) -> tuple[Array, Interval]:
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
