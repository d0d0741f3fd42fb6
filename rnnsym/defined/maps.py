"""Maps of the line: their fixed points by search, and what quantities of maps have in common.

A map is an expression F in a state symbol h (bound: it is no free symbol of the quantity) with an interval [low, high]
that F maps into. The search for roots of g with derivatives g', g'' is by descent: the roots of g'' by dense sign
changes, between them g' is monotone, between the roots of g' the function g is; so a pair of roots that is about to
merge is not overlooked. Piecewise affine maps are solved exactly at rational values.

May import: result, exact, vectors, defined.numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from functools import lru_cache
from typing import Any

import numpy as np
import sympy as sp

from rnnsym.defined.numbers import Defined, Numbers, Undefined
from rnnsym.exact import balls, straightline

GRID = 160  # points of a dense search
DEEP = 40  # halvings of an interval, beside points where a map is steep
SAME = 1e-25  # a residual below this is 0 at 60 digits
LONG = 2 * 10**6  # steps of an iteration
STEP = sp.Rational(1, 10**20)
Function = Callable[[Any], Any]


# Functions of one real number


def function_of(expression: Any, symbol: Any, numbers: Numbers) -> Function:
    """The expression as a function of one symbol, in balls, the other symbols having the values of the draw."""
    at = straightline.function((expression,), (symbol,), numbers._leaf)
    return lambda v: at(v)[0]


def float_function(expression: Any, symbol: Any, numbers: Numbers) -> Callable[[float], float]:
    """The same in machine numbers, for long iterations."""
    (at,), names = float_functions((expression,), (symbol,))
    values = tuple(numbers.float(s) for s in names)
    return lambda v: at(v, *values)


@lru_cache(maxsize=256)
def float_functions(expressions: tuple[Any, ...], variables: tuple[Any, ...]) -> tuple[list[Any], list[Any]]:
    """(functions in machine numbers of the variables and then of the other symbols, the other symbols)."""
    flat = [elementary(e) for e in expressions]
    names = sorted(set().union(*(e.free_symbols for e in flat)) - set(variables), key=str)
    return [sp.lambdify((*variables, *names), e, modules="math") for e in flat], names


@lru_cache(maxsize=512)
def elementary(expression: Any) -> Any:
    """The expression with functions of our own written in SymPy's elementary ones."""
    for _ in range(3):
        expression = expression.replace(lambda e: hasattr(e, "elementary"), lambda e: e.elementary())
    return expression


def sign(value: Any, zero: float = 1e-40) -> int | None:
    """The sign of a ball; 0 if it is 0 to 40 digits, None if the ball is too wide to tell."""
    if balls.is_nan(value):
        return None
    if float(abs(value)) < zero:
        return 0
    return 1 if value > 0 else -1 if value < 0 else None


def root(function: Function, low: Any, high: Any) -> Any:
    """The root between two points at which the function has opposite signs, to about 55 digits.

    Thirty bisections, then secants while they converge, then bisections again.
    """
    low, high = low.mid(), high.mid()
    up = function(low) < 0
    tiny = balls.ball(sp.Rational(1, 10**55))
    for k in range(230):
        middle = ((low + high) / 2).mid()
        if not high - low > tiny * (1 + abs(low)):
            return middle
        value = function(middle)
        if value.mid() == 0:
            return middle
        low, high = (middle, high) if (value < 0) == up else (low, middle)
        if k == 30:
            found = _secants(function, low, high, tiny)
            if found is not None:
                return found
    return ((low + high) / 2).mid()


def _secants(function: Function, low: Any, high: Any, tiny: Any) -> Any:
    p, q = low, high
    at_p, at_q = function(p).mid(), function(q).mid()
    for _ in range(14):
        if at_p == at_q:
            return None
        new = (q - at_q * (q - p) / (at_q - at_p)).mid()
        if not (new >= low and new <= high):
            return None
        if abs(new - q) < tiny * (1 + abs(low)):
            return new
        p, at_p, q = q, at_q, new
        at_q = function(q).mid()
        if at_q == 0:
            return q
    return None


def roots(
    functions: Sequence[Function],
    low: Any,
    high: Any,
    ends: tuple[Any, Any] = (None, None),
    near: Sequence[Any] = (),
) -> list[Any]:
    """The roots of functions[0] in [low, high], each once; functions[k + 1] is the derivative of functions[k].

    ends: the known signs of functions[0] at the two ends, where rounding could hide them. near: points beside which the
    dense search goes down to DEEP halvings of the interval, where the functions may be steep.
    """
    if len(functions) == 1:
        inner = [low + (high - low) * balls.ball(Fraction(k, GRID)) for k in range(1, GRID)]
        aside = [(high - low) * balls.ball(Fraction(side, 2**k)) for k in range(5, DEEP) for side in (1, -1)]
        inner += [v for p in near for d in aside if (v := (p + d).mid()) > low and v < high]
        inner = sorted(inner, key=lambda v: v.mid()) if near else inner
    else:
        inner = roots(functions[1:], low, high, near=near)
    points = [low, *inner, high]
    found: list[Any] = []
    last: tuple[Any, int] | None = None
    for k, p in enumerate(points):
        known = ends[0] if k == 0 else ends[1] if k == len(points) - 1 else None
        value = functions[0](p)
        here = known if known is not None else sign(value, 1e-40 if len(functions) > 1 else 0.0)
        if here is None:
            continue
        if here == 0:
            found.append(p)
            last = None
            continue
        if last is not None and last[1] != here:
            found.append(root(functions[0], last[0], p))
        last = (p, here)
    return [balls.ball(0) if float(abs(p)) < 1e-45 else p for p in found]


@lru_cache(maxsize=512)
def derivatives(expression: Any, symbol: Any, count: int) -> tuple[Any, ...]:
    found = [expression]
    for _ in range(count):
        found.append(found[-1].diff(symbol))
    return tuple(found)


class OfMap(Defined):
    """What is defined from a map of an interval. args: F, h, low, high, more."""

    @property
    def free_symbols(self) -> set[Any]:
        F, h, *rest = self.args  # type: ignore[attr-defined]
        return set().union(F.free_symbols - {h}, *(a.free_symbols for a in rest))

    @property
    def map(self) -> Any:
        return self.args[0]  # type: ignore[attr-defined]

    @property
    def state(self) -> Any:
        return self.args[1]  # type: ignore[attr-defined]

    def interval(self, numbers: Numbers) -> tuple[Any, Any]:
        low, high = (numbers._value(a) for a in self.args[2:4])  # type: ignore[attr-defined]
        return low, high

    def fixed_points(self, numbers: Numbers, expression: Any = None, near: Sequence[Any] = ()) -> list[Any]:
        """Every h with F(h) = h, in order. A map with kinks is taken as piecewise affine and solved exactly.

        near: where another map in place of F may be steep. Where the range is unbounded, those within 60. Raises Undefined where a whole interval is fixed.
        """
        F = self.map if expression is None else expression
        if is_piecewise_affine(F, self.state):
            points, lines = exact_fixed_points(F, self.state, numbers)
            if lines:
                raise Undefined("an interval of fixed points")
            return [balls.ball(p) for p in points]
        low, high = self.interval(numbers)
        ends: tuple[Any, Any] = (1, -1)
        if not (low.is_finite() and high.is_finite()):  # no box that holds all: those within 60
            low, high, ends = low.max(balls.ball(-60)), high.min(balls.ball(60)), (None, None)
        G = derivatives(F - self.state, self.state, 2)
        return roots([function_of(g, self.state, numbers) for g in G], low, high, ends, near)

    def text(self, printer: Any) -> str:
        h = printer._print(self.state)
        return rf"{h} \mapsto {printer._print(self.map)}"


class NumberOfMap(OfMap, sp.Expr):
    """A real number defined from a map."""

    is_commutative = True
    is_extended_real = True
    sign = "%s"

    def __new__(cls, *args: Any) -> Any:
        return sp.Expr.__new__(cls, *map(sp.sympify, args))

    def _latex(self, printer: Any, exp: Any = None) -> str:
        text = self.sign.replace("%s", self.text(printer))
        return text if exp is None else rf"\left({text}\right)^{{{exp}}}"


def is_piecewise_affine(expression: Any, symbol: Any) -> bool:
    """Whether a map is to be taken as piecewise affine."""
    functions = [f for f in expression.atoms(sp.Function) if f.has(symbol)]
    return not functions or any(type(f).__name__ in _PIECEWISE_AFFINE for f in functions)


_PIECEWISE_AFFINE = {"relu", "leaky_relu", "hard_tanh"}


def exact_fixed_points(F: Any, h: Any, numbers: Numbers) -> tuple[list[Fraction], list[tuple[Any, Any]]]:
    """(isolated fixed points, intervals of fixed points) of a piecewise affine map at rational values, exactly.

    The kinks come from the arguments of its functions, which are affine in h; an unbounded end is None.
    """
    corners: set[Fraction] = set()
    values: dict[Any, Any] = {}
    for s in F.free_symbols - {h}:
        value = numbers._exact(s)
        if value is None:
            raise Undefined(f"{s} is not rational")
        values[s] = sp.Rational(value.numerator, value.denominator)
    fixed = F.xreplace(values)
    for f in fixed.atoms(sp.Function):
        for kink in getattr(f, "kinks", ()):
            slope = f.args[0].diff(h)
            if not slope.is_Rational or not sp.S(kink).is_Rational:
                raise Undefined("not piecewise affine")
            if slope != 0:
                corners.add(fraction((kink - f.args[0].subs(h, 0)) / slope))
    points = sorted(corners)
    F_at = exact_map(F, h, values)
    pieces: list[tuple[Any, Any]] = list(zip([None, *points], [*points, None], strict=True))
    isolated: set[Fraction] = set()
    lines: list[tuple[Any, Any]] = []
    for low, high in pieces:
        p = low if low is not None else (high - 1 if high is not None else Fraction(0))
        q = high if high is not None else p + 1
        g_p, g_q = F_at(p) - p, F_at(q) - q
        if g_p == g_q:
            if g_p == 0:
                lines.append((low, high))
            continue
        at = p - g_p * (q - p) / (g_q - g_p)
        if (low is None or at >= low) and (high is None or at <= high):
            isolated.add(at)
    inside = {v for v in isolated for a, b in lines if (a is None or a <= v) and (b is None or v <= b)}
    return sorted(isolated - inside), lines


def exact_map(F: Any, h: Any, values: Mapping[Any, Any]) -> Callable[[Fraction], Fraction]:
    """The map at rational points, exactly; values: rational ones for its other symbols."""
    flat = elementary(F)
    known = {s: fraction(v) for s, v in values.items()}

    def at(v: Fraction) -> Fraction:
        found = balls.rational(flat, lambda e: v if e == h else known.get(e))
        return fraction(F.xreplace(values).subs(h, sp.Rational(v.numerator, v.denominator))) if found is None else found

    return at


def fraction(number: Any) -> Fraction:
    if not number.is_Rational:
        raise Undefined("not piecewise affine")
    return Fraction(int(number.p), int(number.q))


def newton(system: Any, unknowns: tuple[Any, ...], start: dict[Any, Any], numbers: Numbers) -> dict[Any, Any] | None:
    """A solution of a system of as many equations as unknowns by Newton's method, to 50 digits, or None."""
    size = len(unknowns)
    point = [start[s] for s in unknowns]
    with balls.precision(numbers.digits):
        at = straightline.function(_with_slopes(system.as_immutable(), unknowns), unknowns, numbers._leaf)
        for _ in range(80):
            values = np.array(at(*point), dtype=object)
            gap = values[:size]
            if max(float(abs(v)) for v in gap) < 1e-50:
                return dict(zip(unknowns, point, strict=True))
            move = balls.inverse(values[size:].reshape(size, size)) @ gap
            if any(not float(abs(v)) < 1e4 for v in move):
                return None
            point = [(p - d).mid() for p, d in zip(point, move, strict=True)]
    return None


@lru_cache(maxsize=512)
def _with_slopes(system: Any, unknowns: tuple[Any, ...]) -> tuple[Any, ...]:
    """The equations, then the entries of their Jacobian."""
    return (*system, *system.jacobian(list(unknowns)))


def slope(function: Function, point: Any) -> Any:
    """The derivative by central differences; Undefined where one-sided slopes differ."""
    step = balls.ball(STEP)
    ahead, here, behind = function(point + step), function(point), function(point - step)
    right, left = (ahead - here) / step, (here - behind) / step
    if not abs(right - left) < 1e-8 * (1 + abs(right)):
        raise Undefined("the one-sided derivatives differ: a kink")
    return (ahead - behind) / (2 * step)


def repeat(function: Function, v: Any, times: int) -> Any:
    for _ in range(times):
        v = function(v)
    return v
