"""Intervals on the whole line: what values can an expression in one symbol take for x in [a, b], infinite ends allowed?

An interval is a pair of SymPy-free numbers (low, high), Fractions or +-inf, rounded outward. FLINT's balls enclose a
function at a point; monotone functions carry that to intervals, and to infinity by their limits. What has no rule gives
(-inf, inf), so an answer is always an enclosure. May import: exact, SymPy.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Any

import sympy as sp

from rnnsym.exact import balls

Interval = tuple[Any, Any]
INF = math.inf
EVERYTHING: Interval = (-INF, INF)
DIGITS = 25
FAR = 2000

# increasing on the line: name -> limits at -oo and oo
_INCREASING: dict[str, Interval] = {
    "exp": (0, INF), "tanh": (-1, 1), "atan": (Fraction(-15708, 10000), Fraction(15708, 10000)), "erf": (-1, 1),
    "sinh": (-INF, INF), "asinh": (-INF, INF), "sigmoid": (0, 1), "softplus": (0, INF), "normal_cdf": (0, 1),
    "softsign": (-1, 1), "algebraic": (-1, 1), "relu": (0, INF), "hard_tanh": (-1, 1), "selu": (-2, INF),
}  # fmt: skip


def enclose(expression: Any, x: Any, low: Any, high: Any) -> Interval:
    """An interval that holds the values of the expression for low <= x <= high.

    >>> x = sp.Symbol("x", real=True)
    >>> [float(end) for end in enclose(1 / (1 + x**2), x, 2, INF)]
    [0.0, 0.2]
    """
    memo: dict[Any, Interval] = {x: (low, high)}

    def visit(e: Any) -> Interval:
        if e not in memo:
            memo[e] = _of(e, visit)
        return memo[e]

    with balls.precision(DIGITS):
        return visit(expression)


def _of(e: Any, visit: Callable[[Any], Interval]) -> Interval:
    name = type(e).__name__
    if not e.free_symbols:
        return _point(e)
    if e.is_Add:
        return _sum([visit(a) for a in e.args])
    if e.is_Mul:
        result: Interval = (Fraction(1), Fraction(1))
        for a in e.args:
            result = _times(result, visit(a))
        return result
    if isinstance(e, sp.exp):
        return _increasing(e, visit, _INCREASING["exp"])
    if e.is_Pow and e.exp.is_Rational:
        return _power(visit(e.base), e.exp)
    if name in _INCREASING and len(e.args) == 1:
        return _increasing(e, visit, _INCREASING[name])
    if name in ("Abs", "absolute"):
        return _magnitude(visit(e.args[0]))
    if name in ("cosh", "sech"):
        low, high = _magnitude(visit(e.args[0]))
        ends = _end(sp.cosh, low, INF), _end(sp.cosh, high, INF)
        cosh = (ends[0][0], ends[1][1])
        return cosh if name == "cosh" else _power(cosh, sp.S.NegativeOne)
    if isinstance(e, sp.Max | sp.Min):
        parts = [visit(a) for a in e.args]
        pick = max if isinstance(e, sp.Max) else min
        return pick(p[0] for p in parts), pick(p[1] for p in parts)
    if name in ("sin", "cos"):
        return Fraction(-1), Fraction(1)
    if name == "sign":
        low, high = visit(e.args[0])
        return Fraction(-1 if low <= 0 else 1), Fraction(1 if high >= 0 else -1)
    if isinstance(e, sp.log):
        low, high = visit(e.args[0])
        if low < 0:
            return EVERYTHING
        return (-INF if low == 0 else _end(sp.log, low, 0)[0]), (INF if high == INF else _end(sp.log, high, 0)[1])
    if isinstance(e, sp.Piecewise):
        return _hull([visit(branch) for branch, _ in e.args if branch is not sp.nan])
    if name in ("step", "leaky_slope", "inside", "elu_slope") or name == "pointwise":
        return EVERYTHING if name != "step" else (Fraction(0), Fraction(1))
    return EVERYTHING


def _point(e: Any) -> Interval:
    number = balls.ball(e) if e.is_finite is not False else None
    return EVERYTHING if number is None or not hasattr(number, "lower") or not number.is_finite() else _ends(number)


def _ends(number: Any) -> Interval:
    """The ends of a real ball as exact fractions."""
    return _exactly(number.lower(), -1), _exactly(number.upper(), 1)


def _exactly(number: Any, way: int) -> Any:
    if not number.is_finite():
        return way * INF
    mantissa, exponent = (int(v) for v in number.mid().man_exp())
    radius, shift = (int(v) for v in number.rad().man_exp())
    if not radius:
        radius = shift = 0
    return mantissa * Fraction(2) ** exponent + way * radius * Fraction(2) ** shift


def _end(function: Any, at: Any, limit: Any) -> Interval:
    """The enclosure of an increasing function at a number or, at an infinite one, its limit."""
    if at in (INF, -INF):
        return limit, limit
    near = max(min(at, FAR), -FAR)  # exponents stay small: by monotonicity a nearer point bounds from one side
    number = function(sp.Rational(Fraction(near).numerator, Fraction(near).denominator))
    low, high = _ends(balls.ball(number))
    return (low, INF) if near < at else (-INF, high) if near > at else (low, high)


def _increasing(e: Any, visit: Callable[[Any], Interval], limits: Interval) -> Interval:
    low, high = visit(e.args[0])
    bottom = _end(e.func, low, limits[0])[0]
    top = _end(e.func, high, limits[1])[1]
    return max(bottom, limits[0]), min(top, limits[1])


def _sum(parts: list[Interval]) -> Interval:
    lows, highs = [p[0] for p in parts], [p[1] for p in parts]
    low = -INF if -INF in lows else INF if INF in lows else sum(lows, Fraction(0))
    high = INF if INF in highs else -INF if -INF in highs else sum(highs, Fraction(0))
    return low, high


def _product(a: Any, b: Any) -> Any:
    if a == 0 or b == 0:
        return Fraction(0)
    if a in (INF, -INF) or b in (INF, -INF):
        return INF if (a > 0) == (b > 0) else -INF
    return a * b


def _times(p: Interval, q: Interval) -> Interval:
    values = [_product(a, b) for a in p for b in q]
    return _short((min(values), max(values)))


def _short(p: Interval) -> Interval:
    """The ends rounded outward to few digits, so that fractions do not grow."""
    return _rounded(p[0], math.floor), _rounded(p[1], math.ceil)


def _rounded(value: Any, way: Callable[[Any], int]) -> Any:
    if value in (INF, -INF) or value == 0:
        return value
    value = Fraction(value)
    bits = 90 - (value.numerator.bit_length() - value.denominator.bit_length())
    scale = Fraction(2) ** bits
    return Fraction(way(value * scale)) / scale


def _magnitude(p: Interval) -> Interval:
    low, high = p
    if low >= 0:
        return p
    return (-high, -low) if high <= 0 else (Fraction(0), max(-low, high))


def _power(base: Interval, exponent: Any) -> Interval:
    if exponent.is_negative:
        low, high = _power(base, -exponent)
        if low <= 0 <= high and (low < 0 or high == 0):
            return EVERYTHING
        top = INF if low == 0 else Fraction(0) if low in (INF, -INF) else 1 / Fraction(low)
        bottom = Fraction(0) if high in (INF, -INF) else 1 / Fraction(high)
        return _short((bottom, top))
    low, high = base
    if exponent.is_Integer:
        k = int(exponent)
        if k % 2 == 0:
            low, high = _magnitude(base)
        return _short(tuple(v if v in (INF, -INF) else Fraction(v) ** k for v in (low, high)))  # type: ignore[arg-type]
    if low < 0:
        return EVERYTHING
    ends = [
        (v, v)
        if v in (0, INF)
        else _ends(balls.ball(sp.Rational(Fraction(v).numerator, Fraction(v).denominator) ** exponent))
        for v in (low, high)
    ]
    return ends[0][0], ends[1][1]


def _hull(parts: list[Interval]) -> Interval:
    return (min(p[0] for p in parts), max(p[1] for p in parts)) if parts else EVERYTHING


def _cells(cuts: list[Any], reach: Any) -> Iterator[Interval]:
    """The line in boxes: fine near 0, doubling outward, cut at the given points, with two ends at +-reach."""
    points = {Fraction(k, 16) for k in range(-64, 65)} | {Fraction(s * 2**k) for s in (-1, 1) for k in range(3, 11)}
    ordered = [-reach, *sorted(p for p in points | set(cuts) if abs(p) < reach), reach]
    yield from zip(ordered, ordered[1:], strict=False)


def proves(
    expression: Any, x: Any, test: Callable[[Interval], bool], cuts: Any = (), budget: int = 4000, reach: Any = INF
) -> bool:
    """Whether enclosures prove a test of the values for |x| <= reach; boxes that fail are halved within the budget.

    The mean value form makes the enclosures of small boxes sharp: their excess falls with the square of the width.
    """
    # Not across a jump: there the derivative says nothing.
    jumps = expression.has(sp.Piecewise, sp.sign) or any(hasattr(f, "on_side") for f in expression.atoms(sp.Function))
    derivative = None if jumps else expression.diff(x)
    exact = [Fraction(int(c.p), int(c.q)) for c in cuts if c.is_Rational]
    pending = list(_cells(exact, reach if reach == INF else Fraction(reach)))
    while pending:
        low, high = pending.pop()
        budget -= 1
        if test(_sharp(expression, derivative, x, low, high)):
            continue
        if budget < len(pending) or low == -INF or high == INF or high - low < Fraction(1, 2**40):
            return False
        middle = (low + high) / 2
        pending += [(low, middle), (middle, high)]
    return True


def _sharp(expression: Any, derivative: Any, x: Any, low: Any, high: Any) -> Interval:
    plain = enclose(expression, x, low, high)
    if derivative is None or low == -INF or high == INF or high - low > Fraction(1, 4):
        return plain
    slope = _magnitude(enclose(derivative, x, low, high))[1]
    if slope == INF:
        return plain
    center = enclose(expression, x, (low + high) / 2, (low + high) / 2)
    swing = slope * (high - low) / 2
    return max(plain[0], center[0] - swing), min(plain[1], center[1] + swing)
