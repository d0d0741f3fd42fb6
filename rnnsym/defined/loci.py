"""Hypotheses and loci of maps of the line: h* is a fixed point, a fixed point has a given multiplier, limits taken slowly.

May import: result, exact, vectors, defined.numbers, defined.predicates, defined.maps.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import sympy as sp
from sympy.core.relational import Relational
from sympy.logic.boolalg import Boolean

from rnnsym.defined.maps import SAME, OfMap, derivatives, function_of, newton, roots, slope
from rnnsym.defined.numbers import Numbers, Undefined
from rnnsym.defined.predicates import Approaches, Predicate
from rnnsym.exact import balls


class _ConditionOfMap(OfMap, Predicate):
    def __new__(cls, *args: Any) -> Any:
        return Boolean.__new__(cls, *map(sp.sympify, args))


class FixedAt(_ConditionOfMap):
    """F(h*) = h*; sampled among all fixed points of the map at the draw. more: h*."""

    @property
    def point(self) -> Any:
        return self.args[4]

    @property
    def targets(self) -> tuple[Any, ...]:
        return (self.point,)

    def holds(self, numbers: Numbers) -> bool | None:
        point = numbers._value(self.point)
        return float(abs(function_of(self.map, self.state, numbers)(point) - point)) < SAME

    def sample(self, chance: Any, numbers: Numbers) -> dict[Any, Any] | None:
        with balls.precision(numbers.digits):
            found = self.fixed_points(numbers)
        return {self.point: found[chance.index(len(found))]} if found else None

    def _latex(self, printer: Any) -> str:
        right = self.map.xreplace({self.state: self.point})
        return rf"{printer._print(self.point)} = {printer._print(right)}"

    def _sympystr(self, printer: Any) -> str:
        return f"{self.point} = {printer._print(self.map.xreplace({self.state: self.point}))}"


class StableAt(FixedAt):
    """F(h*) = h* with 0 < |F'(h*)| < 1; sampled among those fixed points. more: h*."""

    def holds(self, numbers: Numbers) -> bool | None:
        if not super().holds(numbers):
            return False
        return self._decays(numbers, numbers._value(self.point))

    def _decays(self, numbers: Numbers, point: Any) -> bool:
        try:
            factor = abs(slope(function_of(self.map, self.state, numbers), point))
        except Undefined:
            return False
        return bool(factor < 1 - 1e-12 and float(factor) > 1e-30)

    def sample(self, chance: Any, numbers: Numbers) -> dict[Any, Any] | None:
        with balls.precision(numbers.digits):
            found = [p for p in self.fixed_points(numbers) if self._decays(numbers, p)]
        return {self.point: found[chance.index(len(found))]} if found else None

    def _latex(self, printer: Any) -> str:
        return rf"{super()._latex(printer)},\; 0 < \left|F'\left({printer._print(self.point)}\right)\right| < 1"

    def _sympystr(self, printer: Any) -> str:
        return f"{super()._sympystr(printer)}, 0 < |F'({self.point})| < 1"


class Nonzero(Predicate):
    """A quantity is not 0, of numbers that are drawn as solutions (where SymPy's Ne would have them drawn anew)."""

    @property
    def targets(self) -> tuple[Any, ...]:
        return ()

    def holds(self, numbers: Numbers) -> bool | None:
        value = numbers._value(self.args[0])
        return not value.contains(0) and float(abs(value)) > 1e-25

    def _latex(self, printer: Any) -> str:
        return rf"{printer._print(self.args[0])} \neq 0"

    def _sympystr(self, printer: Any) -> str:
        return f"{printer._print(self.args[0])} != 0"


class Locus(_ConditionOfMap):
    """There is an h in (low, high) with F(h) = h, F'(h) = value, and F''(h) = 0 for a cusp. more: value, order (1 or 2).

    holds:  the roots of F' = value by search, and F(h) - h at each of them, to 25 digits.
    sample: a point on the locus by Newton's method, for h and one parameter with the others as drawn, or for two parameters
            with h as drawn.
    """

    @property
    def targets(self) -> tuple[Any, ...]:
        return ()

    def holds(self, numbers: Numbers) -> bool | None:
        h, (value, order) = self.state, self.args[4:6]
        low, high = self.interval(numbers)
        F = [function_of(f, h, numbers) for f in derivatives(self.map, h, 2)]
        level = numbers._value(value)
        gap = [lambda v: F[1](v) - level, F[2]]
        for p in roots(gap, low, high):
            near = float(abs(F[0](p) - p)) < SAME and float(abs(F[1](p) - level)) < SAME
            if near and (order == 1 or float(abs(F[2](p))) < 1e-12):
                return True
        return False

    def corners(self, chance: Any, numbers: Numbers) -> dict[Any, Any] | None:
        """Draws of both sides of an equivalence are to meet the locus."""
        return self.sample(chance, numbers)

    def sample(self, chance: Any, numbers: Numbers, tries: int = 12) -> dict[Any, Any] | None:
        F, h, value = self.map, self.state, self.args[4]
        names = sorted((s for s in F.free_symbols - {h} if s.is_Symbol), key=str)
        low, high = self.interval(numbers)
        system = sp.Matrix([F - h, F.diff(h) - value])
        for _ in range(tries if names else 0):
            first = chance.index(len(names))
            chosen: tuple[Any, ...] = (names[first],)
            with balls.precision(numbers.digits):
                point = (low + (high - low) * balls.ball(Fraction(1 + chance.index(30), 32))).mid()
            start = {h: point, chosen[0]: balls.ball(chance.rational())}
            if len(names) > 1 and chance.index(2):
                chosen = (names[first], names[first - 1 - chance.index(len(names) - 1)])
                start = {s: balls.ball(Fraction(chance.index(9) - 4, 4)) for s in chosen}
                found = newton(system, chosen, start, numbers.with_values({h: point}))
                found = None if found is None else {**found, h: point}
            else:
                found = newton(system, (h, *chosen), start, numbers)
            if found is None or not low < found[h] < high:
                continue
            there = numbers.with_values(found)
            bend = float(abs(there.value(derivatives(F, h, 2)[2])))
            if self.args[5] == 2 or bend > 1e-9:  # at a cusp of the locus its equations lose half the digits
                return {s: found[s] for s in chosen}
        return None

    def _latex(self, printer: Any) -> str:
        more = r",\; F''(h) = 0" if self.args[5] == 2 else ""
        return rf"\exists h : F(h) = h,\; F'(h) = {printer._print(self.args[4])}{more}"

    def _sympystr(self, printer: Any) -> str:
        more = ", F'' = 0" if self.args[5] == 2 else ""
        return f"there is h = F(h) with F' = {printer._print(self.args[4])}{more}, F = {printer._print(self.map)}"


class LocusAt(_ConditionOfMap):
    """F(h*) = h* and F'(h*) = value at a given point, to 25 digits. more: value, h*."""

    @property
    def targets(self) -> tuple[Any, ...]:
        return ()

    def holds(self, numbers: Numbers) -> bool | None:
        h, (value, point) = self.state, (numbers._value(a) for a in self.args[4:6])
        F, slope_of = (function_of(f, h, numbers) for f in derivatives(self.map, h, 1))
        return float(abs(F(point) - point)) < SAME and float(abs(slope_of(point) - value)) < SAME

    def _latex(self, printer: Any) -> str:
        value, point = (printer._print(a) for a in self.args[4:6])
        return rf"F\left({point}\right) = {point},\; F'\left({point}\right) = {value}"

    def _sympystr(self, printer: Any) -> str:
        value, point = (printer._print(a) for a in self.args[4:6])
        return f"{point} = F({point}) with F' = {value}, F = {printer._print(self.map)}"


class AtKink(_ConditionOfMap):
    """A fixed point sits at a kink of the map, exactly at rational values."""

    @property
    def targets(self) -> tuple[Any, ...]:
        return ()

    def holds(self, numbers: Numbers) -> bool | None:
        values = {}
        for s in self.map.free_symbols - {self.state}:
            value = numbers._exact(s)
            if value is None:
                return None
            values[s] = sp.Rational(value.numerator, value.denominator)
        fixed = self.map.xreplace(values)
        for f in fixed.atoms(sp.Function):
            for kink in getattr(f, "kinks", ()):
                gain = f.args[0].diff(self.state)
                if gain != 0:
                    at = (kink - f.args[0].subs(self.state, 0)) / gain
                    if fixed.subs(self.state, at) == at:
                        return True
        return False

    def _latex(self, printer: Any) -> str:
        return r"\text{a fixed point is at a kink}"

    def _sympystr(self, printer: Any) -> str:
        return f"a fixed point of {printer._print(self.map)} is at a kink"


class Nears(Approaches):
    """symbol -> point for quantities that take many steps to reach: 10^(-scale k) or 10^(scale k), k = 2, 4, 6, 8."""

    def __new__(cls, symbol: Any, point: Any, side: int = 1, scale: Any = None) -> Any:
        rate = sp.Rational(1, 2) if scale is None else sp.sympify(scale)
        return Boolean.__new__(cls, symbol, sp.sympify(point), sp.Integer(side), rate)

    def near(self, digits: int) -> Fraction:
        point, side, scale = self.args[1], int(self.args[2]), self.args[3]
        far = Fraction(math.ceil(10 ** float(digits * scale)))
        if point.is_infinite:
            return far if point.is_extended_positive else -far
        return Fraction(int(point.p), int(point.q)) + side / far


# Points on a locus, where two values that are equal look undecided in balls


def nearly(numbers: Numbers, condition: Any) -> bool | None:
    """The truth value of a condition; sides that agree to 25 digits count as equal."""
    decided = {}
    for relation in condition.atoms(Relational):
        gap = numbers.value(relation.lhs - relation.rhs)
        near = float(abs(gap)) < SAME * (1 + float(abs(numbers.value(relation.lhs))))
        if near or isinstance(relation, sp.Eq | sp.Ne):
            decided[relation] = sp.S(near == isinstance(relation, sp.Eq | sp.Ge | sp.Le))
    return numbers.truth(condition.xreplace(decided))


def settled(numbers: Numbers, expression: Any) -> Any:
    """The case of a Piecewise that holds, sides that agree to 25 digits counted as equal; another expression as it is."""
    if not isinstance(expression, sp.Piecewise):
        return expression
    for value, condition in expression.args:
        holds = nearly(numbers, condition)
        if holds is None:
            raise Undefined(f"{condition} is undecided")
        if holds:
            return value
    return sp.nan


def on_branch(condition: Any, chance: Any, numbers: Numbers) -> dict[Any, Any] | None:
    """Values that make the two sides of a relation of a condition equal, by solving for a symbol in which it is linear.

    Equations are taken, or any relation of an expression in cases. |b| = e is solved as b = e or b = -e.
    """
    cases = isinstance(condition, sp.Expr)
    equations = sorted(condition.atoms(Relational if cases else sp.Eq), key=str)
    if not equations:
        return None
    if cases and chance.index(2):  # a corner, where two of them meet
        first = _on_one(equations, chance, numbers)
        second = None if first is None else _on_one(equations, chance, numbers.with_values(first))
        return None if first is None else {**first, **(second or {})}
    return _on_one(equations, chance, numbers)


def _on_one(equations: Sequence[Any], chance: Any, numbers: Numbers) -> dict[Any, Any] | None:
    equation = equations[chance.index(len(equations))]
    gap = sp.sympify(equation.lhs - equation.rhs)
    side = 1 - 2 * chance.index(2) if gap.has(sp.Abs) else 1
    gap = gap.replace(lambda e: isinstance(e, sp.Abs) and e.args[0].is_Symbol, lambda e: side * e.args[0])
    with balls.precision(numbers.digits):
        for s in sorted((s for s in gap.free_symbols if s.is_Symbol), key=str):
            gain = gap.diff(s)
            if s not in gain.free_symbols and gain != 0:
                exact = numbers._exact(-gap.xreplace({s: sp.S.Zero}) / gain)
                if exact is not None:
                    return {s: exact}
                value = -numbers.value(gap.xreplace({s: sp.S.Zero})) / numbers.value(gain)
                if isinstance(value, type(balls.ball(0))) and value.is_finite():
                    return {s: value.mid()}
    return None
