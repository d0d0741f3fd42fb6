"""Quantities of maps of the line, kept unevaluated: counts of fixed points and cycles, half-lives, iterates, passages.

Each is defined by searching, iterating or differencing the map itself (`defined.maps`); no closed form is used.
May import: result, exact, vectors, defined.numbers, defined.maps, defined.loci.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from functools import lru_cache
from typing import Any

import sympy as sp

from rnnsym.defined.loci import Locus
from rnnsym.defined.maps import (
    LONG,
    Function,
    NumberOfMap,
    elementary,
    exact_fixed_points,
    exact_map,
    float_function,
    float_functions,
    fraction,
    function_of,
    is_piecewise_affine,
    newton,
    repeat,
    root,
    slope,
)
from rnnsym.defined.numbers import Numbers, Undefined
from rnnsym.exact import balls, straightline


class Count(NumberOfMap):
    """A whole number that changes where a fixed point of the map has the multiplier `edge`; infinite at a continuum.

    A check draws parameters there, and just beside: values that are drawn at random never meet that edge.
    """

    edge = 1

    def corners(self, chance: Any, numbers: Numbers) -> dict[Any, Any] | None:
        if is_piecewise_affine(self.map, self.state):
            return None
        found = Locus(*self.args[:4], self.edge, 1).sample(chance, numbers, tries=3)
        aside = Fraction((0, 0, 1, -1)[chance.index(4)], (5, 50, 500)[chance.index(3)])
        if found is None or aside == 0:
            return found
        with balls.precision(numbers.digits):
            moved = list(found)[chance.index(len(found))]
            return {**found, moved: (found[moved] + balls.ball(aside)).mid()}


class FixedPointCount(Count):
    """The number of h with F(h) = h; infinite where an interval is fixed."""

    is_nonnegative = True
    sign = r"\#\left\{ h : F(h) = h \right\}"

    def numerical(self, numbers: Numbers) -> Any:
        if is_piecewise_affine(self.map, self.state):
            points, lines = exact_fixed_points(self.map, self.state, numbers)
            return balls.INFINITY if lines else balls.ball(len(points))
        return balls.ball(len(self.fixed_points(numbers)))


class TwoCycleCount(Count):
    """The number of 2-cycles {h, F(h)}, F(h) != h, F(F(h)) = h; infinite where an interval is made of them."""

    edge = -1
    is_nonnegative = True
    sign = r"\#\left\{ \{h, F(h)\} : F(F(h)) = h \neq F(h) \right\}"

    def numerical(self, numbers: Numbers) -> Any:
        F, h = self.map, self.state
        twice = F.xreplace({h: F})
        if is_piecewise_affine(F, h):
            return self._piecewise(numbers)
        single = self.fixed_points(numbers)
        if any(self._is_involution(twice, h, point, numbers) for point in single):
            return balls.INFINITY
        both = self.fixed_points(numbers, twice, near=single)
        if any(min((abs(p - q) for q in both), default=1) > 1e-20 for p in single):
            raise Undefined("a map too steep to find its 2-cycles")
        return balls.ball((len(both) - len(single)) // 2)

    @staticmethod
    def _is_involution(twice: Any, h: Any, point: Any, numbers: Numbers) -> bool:
        """Whether F(F(h)) = h to all digits beside a fixed point too: an interval of 2-cycles."""
        given = {s: numbers._value(s) for s in twice.free_symbols - {h}}

        def gap(aside: Fraction) -> Any:
            known = {**given, h: balls.ball(point).mid() + balls.ball(aside)}
            return abs(balls.scalar(twice - h, known.__getitem__))

        return all(gap(Fraction(k, 10**9)) < 1e-45 for k in (1, -2, 5))

    def _piecewise(self, numbers: Numbers) -> Any:
        F, h = self.map, self.state
        values = {s: sp.Rational(v.numerator, v.denominator) for s in F.free_symbols - {h} if (v := numbers._exact(s))}
        values |= {s: sp.S.Zero for s in F.free_symbols - {h} if s not in values}
        F_at = exact_map(F, h, values)
        corners = sorted(_kinks_of_square(F.xreplace(values), h, F_at))
        single: set[Fraction] = set()
        for low, high in zip([None, *corners], [*corners, None], strict=True):
            p = low if low is not None else (high - 1 if high is not None else Fraction(0))
            q = high if high is not None else p + 1
            g_p, g_q = F_at(F_at(p)) - p, F_at(F_at(q)) - q
            if g_p == g_q:
                if g_p == 0 and (F_at((p + q) / 2) != (p + q) / 2 or F_at(p) != p):
                    return balls.INFINITY
                continue
            at = p - g_p * (q - p) / (g_q - g_p)
            if (low is None or at >= low) and (high is None or at <= high) and F_at(at) != at:
                single.add(at)
        return balls.ball(len(single) // 2)


def _kinks_of_square(fixed: Any, h: Any, F_at: Callable[[Fraction], Fraction]) -> set[Fraction]:
    """The kinks c of a piecewise affine map and the points that it sends to them."""
    first: set[Fraction] = set()
    for f in fixed.atoms(sp.Function):
        for kink in getattr(f, "kinks", ()):
            slope = f.args[0].diff(h)
            if slope != 0:
                first.add(fraction((kink - f.args[0].subs(h, 0)) / slope))
    found = set(first)
    points = sorted(first)
    for low, high in zip([None, *points], [*points, None], strict=True):
        p = low if low is not None else (high - 1 if high is not None else Fraction(0))
        q = high if high is not None else p + 1
        g_p, g_q = F_at(p), F_at(q)
        for c in first:
            if g_p != g_q:
                at = p + (c - g_p) * (q - p) / (g_q - g_p)
                if (low is None or at >= low) and (high is None or at <= high):
                    found.add(at)
    return found


class LongestCycle(Count):
    """The largest period k <= 6 of a cycle of F: 2 from the roots of F(F(h)) = h, 3 to 6 by dense search."""

    edge = -1
    sign = r"\max\left\{ k : F \text{ has a } k\text{-cycle} \right\}"

    def numerical(self, numbers: Numbers) -> Any:
        low, high = (balls.to_float(v) for v in self.interval(numbers))
        F = float_function(self.map, self.state, numbers)
        for period in (6, 5, 4, 3):
            if _has_cycle(F, low, high, period):
                return balls.ball(period)
        cycles = TwoCycleCount(*self.args).numerical(numbers)
        return balls.ball(2 if cycles > 0 else 1)


def _has_cycle(F: Callable[[float], float], low: float, high: float, period: int) -> bool:
    def ahead(v: float) -> float:
        for _ in range(period):
            v = F(v)
        return v

    points = [low + (high - low) * k / 400 for k in range(401)]
    gaps = [ahead(p) - p for p in points]
    for p, q, g, f in zip(points, points[1:], gaps, gaps[1:], strict=False):
        if g * f < 0:
            for _ in range(50):
                middle = (p + q) / 2
                p, q = (middle, q) if (ahead(middle) - middle) * g > 0 else (p, middle)
            orbit = [p]
            for _ in range(period - 1):
                orbit.append(F(orbit[-1]))
            if all(abs(orbit[0] - v) > 1e-6 for v in orbit[1:]):
                return True
    return False


class ExtremeFixedPoint(NumberOfMap):
    """The largest (side 1) or smallest (side -1) fixed point of F, infinite if an unbounded interval is fixed. more: side."""

    sign = r"\max\left\{ h : F(h) = h \right\}"

    def numerical(self, numbers: Numbers) -> Any:
        if is_piecewise_affine(self.map, self.state):
            points, lines = exact_fixed_points(self.map, self.state, numbers)
            side = 1 if self.args[4] == 1 else -1
            ends = [line[1] if side == 1 else line[0] for line in lines]
            if any(e is None for e in ends):
                return side * balls.INFINITY
            if not (points or ends):
                raise Undefined("no fixed point")
            return balls.ball(max([*points, *ends]) if side == 1 else min([*points, *ends]))
        found = self.fixed_points(numbers)
        if not found:
            raise Undefined("no fixed point")
        return found[-1] if self.args[4] == 1 else found[0]

    def _latex(self, printer: Any, exp: Any = None) -> str:
        text = rf"\{'max' if self.args[4] == 1 else 'min'}\left\{{ h : F(h) = h \right\}}"
        return text if exp is None else rf"\left({text}\right)^{{{exp}}}"


class Multiplier(NumberOfMap):
    """The slope of F, or of its iterate of some period, at a point, by central differences. more: point, period."""

    sign = r"F'"

    def numerical(self, numbers: Numbers) -> Any:
        F, point = function_of(self.map, self.state, numbers), numbers._value(self.args[4])
        return slope(lambda v: repeat(F, v, int(self.args[5]) if len(self.args) > 5 else 1), point)

    def _latex(self, printer: Any, exp: Any = None) -> str:
        period = int(self.args[5]) if len(self.args) > 5 else 1
        name = "F'" if period == 1 else rf"\left(F^{{{period}}}\right)'"
        text = rf"{name}\left({printer._print(self.args[4])}\right)"
        return text if exp is None else rf"\left({text}\right)^{{{exp}}}"


class Schwarzian(NumberOfMap):
    """F'''/F' - (3/2) (F''/F')^2 at a point, from differences with a step of 10^-12. more: point."""

    sign = r"S F"

    def numerical(self, numbers: Numbers) -> Any:
        F, p = function_of(self.map, self.state, numbers), numbers._value(self.args[4])
        e = balls.ball(sp.Rational(1, 10**12))
        f = {k: F(p + k * e) for k in range(-3, 4)}
        first = ((f[1] - f[-1]) * 45 - (f[2] - f[-2]) * 9 + (f[3] - f[-3])) / (60 * e)
        second = ((f[1] + f[-1]) * 270 - (f[2] + f[-2]) * 27 + (f[3] + f[-3]) * 2 - f[0] * 490) / (180 * e * e)
        third = ((f[3] - f[-3]) * -1 + (f[2] - f[-2]) * 8 - (f[1] - f[-1]) * 13) / (8 * e * e * e)
        if not abs(first) > 1e-8:
            raise Undefined("F' is too close to 0 for differences")
        ratio = second / first
        return third / first - ratio * ratio * 3 / 2


class HalfLife(NumberOfMap):
    """The time at which the linearized perturbation |delta_t| = |F'(h*)|^t |delta_0| has halved. more: h*.

    Measured by iterating: whole steps by doubling, then fractions of a step by repeated square roots of the multiplier.
    Infinite where it does not decay.
    """

    is_nonnegative = True
    sign = "t_{1/2}"

    def numerical(self, numbers: Numbers) -> Any:
        F, point = function_of(self.map, self.state, numbers), numbers._value(self.args[4])
        factor = abs(slope(F, point)).mid()
        if not factor < 1 - 1e-18:
            return balls.INFINITY
        if float(factor) < 1e-30:
            return balls.ball(0)
        half = balls.ball(Fraction(1, 2))
        powers = [factor]
        while powers[-1] > half:
            if len(powers) > 150:
                return balls.INFINITY
            powers.append((powers[-1] * powers[-1]).mid())
        time, left = balls.ball(0), balls.ball(1)
        for k in range(len(powers) - 1, -1, -1):
            if (left * powers[k]) >= half:
                time, left = time + balls.ball(2**k), (left * powers[k]).mid()
        part, share = factor, balls.ball(1)
        for _ in range(110):
            part, share = part.sqrt().mid(), share / 2
            if (left * part) >= half:
                time, left = time + share, (left * part).mid()
        return time


class Iterate(NumberOfMap):
    """F^t(h_0), t steps of the map. more: h_0, t."""

    sign = "h_t"

    def numerical(self, numbers: Numbers) -> Any:
        steps = numbers.size(self.args[5])
        if not 0 <= steps <= LONG:
            raise Undefined(f"there is no step {steps}")
        if steps > 400:
            F, v = float_function(self.map, self.state, numbers), balls.to_float(numbers._value(self.args[4]))
            for _ in range(steps):
                v = F(v)
            return balls.ball(v)
        step, point = function_of(self.map, self.state, numbers), numbers._value(self.args[4])
        for _ in range(steps):
            point = step(point).mid()
        return point

    def _latex(self, printer: Any, exp: Any = None) -> str:
        text = rf"h_{{{printer._print(self.args[5])}}}"
        return text if exp is None else f"{text}^{{{exp}}}"


class HalvingTime(NumberOfMap):
    """The number of steps after which |h_t| <= |h_0|/2, by iterating in machine numbers. more: h_0."""

    sign = "t_{1/2}"

    def numerical(self, numbers: Numbers) -> Any:
        F, v = float_function(self.map, self.state, numbers), balls.to_float(numbers._value(self.args[4]))
        goal = abs(v) / 2
        for t in range(LONG):
            if abs(v) <= goal:
                return balls.ball(t)
            v = F(v)
        return balls.INFINITY


class PassageTime(NumberOfMap):
    """The number of steps from h_0 until the orbit has passed h_1, by iterating in machine numbers. more: h_0, h_1.

    Infinite if it does not pass.
    """

    sign = "T"

    def numerical(self, numbers: Numbers) -> Any:
        F = float_function(self.map, self.state, numbers)
        v, goal = (balls.to_float(numbers._value(a)) for a in self.args[4:6])
        up = goal > v
        for t in range(LONG):
            if (v >= goal) if up else (v <= goal):
                return balls.ball(t)
            new = F(v)
            if new == v:
                return balls.INFINITY
            v = new
        return balls.INFINITY


class ErasingInput(NumberOfMap):
    """The supremum of the u >= 0 for which h -> F(h; u) keeps a fixed point of the sign `side`. more: u, side.

    By bisecting u on the presence of such a fixed point.
    """

    sign = r"\sup\left\{ u : \text{the sign is kept} \right\}"

    @property
    def free_symbols(self) -> set[Any]:
        return super().free_symbols - {self.args[4]}

    def numerical(self, numbers: Numbers) -> Any:
        u, side = self.args[4], int(self.args[5])
        low, high = self.interval(numbers)
        end = high if side == 1 else low
        at = straightline.function((self.map,), (u, self.state), numbers._leaf)

        def needed(share: Any) -> Any:
            """The input at which the state end * share is a fixed point; F falls with u."""
            point = end * share

            def gap(value: Any) -> Any:
                return side * (at(value, point)[0] - point)

            reach = balls.ball(1)
            while not (gap(reach) < 0 and gap(-reach) > 0):
                reach = 2 * reach
                if reach > 10**5:
                    raise Undefined("no input")
            return root(gap, -reach, reach)

        shares = [balls.ball(Fraction(k, 40)) for k in range(1, 40)] + [balls.ball(Fraction(10**6 - 1, 10**6))]
        inputs = [needed(s) for s in shares]
        best = max(range(len(shares)), key=lambda k: balls.to_float(inputs[k]))
        left = shares[best - 1] if best > 0 else balls.ball(0)
        right = shares[min(best + 1, len(shares) - 1)]
        return _highest(needed, left, right)


def _highest(function: Function, low: Any, high: Any) -> Any:
    """The largest value of a function with one peak in an interval, by golden sections: half the digits of the place."""
    ratio = (balls.ball(5).sqrt() - 1) / 2
    p, q = (high - ratio * (high - low)).mid(), (low + ratio * (high - low)).mid()
    at_p, at_q = function(p), function(q)
    for _ in range(75):
        if at_p > at_q:
            high, q, at_q = q, p, at_p
            p = (high - ratio * (high - low)).mid()
            at_p = function(p)
        else:
            low, p, at_p = p, q, at_q
            q = (low + ratio * (high - low)).mid()
            at_q = function(q)
    return at_p if at_p > at_q else at_q


class BiasForMultiplier(NumberOfMap):
    """The bias b at which F has a fixed point above a center with the multiplier m: nested searches for b and the point.

    more: b, m, center. F must increase with b.
    """

    sign = "b"

    @property
    def free_symbols(self) -> set[Any]:
        return super().free_symbols - {self.args[4]}

    def numerical(self, numbers: Numbers) -> Any:
        b, m, center = self.args[4], *(balls.to_float(numbers._value(a)) for a in self.args[5:7])
        low, high = (balls.to_float(v) for v in self.interval(numbers))
        start = _scan(self.map, self.state, b, m, center, high, numbers)
        if start is None:
            raise Undefined("no fixed point has this multiplier")
        h = self.state
        system = sp.Matrix([self.map - h, self.map.diff(h) - self.args[5]])
        found = newton(system, (h, b), {h: balls.ball(start[0]), b: balls.ball(start[1])}, numbers)
        if found is None or not (max(low, center) < balls.to_float(found[h]) < high):  # Newton may cross the center
            raise Undefined("the search did not converge")
        return found[b]


@lru_cache(maxsize=256)
def _with_slope(F: Any, h: Any) -> tuple[Any, Any]:
    flat = elementary(F)
    return flat, flat.diff(h)


def _scan(F: Any, h: Any, b: Any, m: float, center: float, high: float, numbers: Numbers) -> tuple[float, float] | None:
    """(point, bias) near which F has the multiplier m, point between center and high, in machine numbers."""
    (at, rise), names = float_functions(_with_slope(F, h), (h, b))
    values = tuple(numbers.float(s) for s in names)

    def bias(point: float) -> float | None:
        low_b, high_b = -64.0, 64.0
        while at(point, low_b, *values) > point or at(point, high_b, *values) < point:
            low_b, high_b = 2 * low_b, 2 * high_b
            if high_b > 600:
                return None
        for _ in range(60):
            middle = (low_b + high_b) / 2
            low_b, high_b = (middle, high_b) if at(point, middle, *values) < point else (low_b, middle)
        return (low_b + high_b) / 2

    last: tuple[float, float] | None = None
    for k in range(1, 65):
        for share in (k / 65,) if k < 64 else (k / 65, 0.99, 0.999, 0.9999, 0.99999, 0.999999):
            point = center + (high - center) * share
            value = bias(point)
            if value is None:
                continue
            gap = rise(point, value, *values) - m
            if last is not None and last[1] * gap <= 0:
                a, c = last[0], point
                for _ in range(40):
                    middle = (a + c) / 2
                    found = bias(middle)
                    if found is None:
                        return None
                    a, c = (middle, c) if (rise(middle, found, *values) - m) * last[1] > 0 else (a, middle)
                found = bias((a + c) / 2)
                return None if found is None else ((a + c) / 2, found)
            last = (point, gap)
    at_center = bias(center + (high - center) / 65)
    return None if at_center is None else (center + (high - center) / 130, at_center)
