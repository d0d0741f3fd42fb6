"""Gaussian integrals in balls: E f(Z), Z standard normal, enclosed with proof.

A finite part [-L, L] by FLINT's rigorous integration (Gauss-Legendre with complex enclosures, Petras's algorithm), cut
where the integrand has corners; the tails from |f(z)| <= a polynomial of |z|, read off the expression. Functions with
branch cuts answer "no number" on boxes that meet a cut, as the algorithm needs. May import: result, SymPy, FLINT, balls.

A. Johansson, F.: "Numerical integration in arbitrary-precision ball arithmetic" (2018), arXiv:1802.07942.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterator
from itertools import product
from typing import Any

import flint
import sympy as sp

from rnnsym.exact import balls
from rnnsym.result import NoClosedForm

Value = Callable[[Any], Any]
_CORNERED = (sp.Abs, sp.Max, sp.Min, sp.Piecewise, sp.sign, sp.Heaviside)
# |f(u)| <= the number, for real u
_BOUNDED = {
    "tanh": 1, "erf": 1, "sigmoid": 1, "sin": 1, "cos": 1, "softsign": 1, "algebraic": 1, "hard_tanh": 1, "sech": 1,
    "normal_cdf": 1, "step": 1, "inside": 1, "sign": 1, "Heaviside": 1, "atan": 2, "erfc": 2, "sigmoid_complement": 1,
}  # fmt: skip
# |f(u)| <= |u|
_BELOW_LINE = {"relu", "absolute", "Abs", "silu", "gelu", "mish", "asinh"}


def gaussian_mean(body: Any, z: Any, value: Value, digits: int = 40) -> Any:
    """A ball around E body(Z), Z standard normal; `value` gives balls for the other symbols.

    Raises: NoClosedForm if no polynomial bound of the integrand is found, or a corner moves with z in no affine way.

    >>> z = sp.Symbol("z", real=True)
    >>> gaussian_mean(z**2, z, balls.ball, digits=20).contains(1)
    True
    """
    with balls.precision(digits):
        bound = growth(body, z, value)
        reach = _reach(len(bound) - 1, digits)
        plain = _elementary(body)
        total, even = flint.arb(0), _is_even(plain, z)
        for low, high, is_gap in _pieces(plain, z, value, 0 if even else -reach, reach):
            if is_gap:  # a cell as wide as the corner is uncertain
                far = max(abs(low), abs(high), key=float)
                size = sum((c * far**k for k, c in enumerate(bound)), flint.arb(0)) * (high - low)
                total += flint.arb(0, size.upper())
                continue
            total += _integral(_on(plain, z, value, (low + high) / 2), z, value, low, high, bound)
        total = 2 * total if even else total
        return total / (2 * flint.arb.pi()).sqrt() + flint.arb(0, _tail(bound, reach).upper())


@functools.lru_cache(maxsize=512)
def _is_even(e: Any, z: Any) -> bool:
    """Whether e(-z) is e(z) as SymPy writes both; False decides nothing."""
    return bool(e.xreplace({z: -z}) == e)


def _integral(body: Any, z: Any, value: Value, low: Any, high: Any, bound: list[Any]) -> Any:
    f = compiled(body, z, value)
    tolerance = flint.arb(2) ** (-flint.ctx.prec) * max(1, math.ceil(min(float(sum(bound, flint.arb(0))), 1e6)))
    found = flint.acb.integral(
        lambda w, analytic: f(w, analytic) * (-w * w / 2).exp(), low, high, rel_tol=tolerance, abs_tol=tolerance,
        eval_limit=200 * flint.ctx.prec,
    )  # fmt: skip
    return found.real


def _reach(degree: int, digits: int) -> int:
    return math.ceil(math.sqrt(2 * math.log(10) * (digits + 3)) + degree / 3)


def _tail(bound: list[Any], reach: int) -> Any:
    """E sum_k c_k |Z|^k over |Z| > reach, from I_k = L^(k-1) density(L) + (k - 1) I_(k-2)."""
    L = flint.arb(reach)
    density = (-L * L / 2).exp() / (2 * flint.arb.pi()).sqrt()
    moments = [(L / flint.arb(2).sqrt()).erfc() / 2, density]
    for k in range(2, len(bound)):
        moments.append(L ** (k - 1) * density + (k - 1) * moments[k - 2])
    return 2 * sum((c * m for c, m in zip(bound, moments, strict=False)), flint.arb(0))


# the growth of an expression on the real line


def growth(e: Any, z: Any, value: Value) -> list[Any]:
    """Coefficients c_k with |e(z)| <= sum_k c_k |z|^k for every real z."""

    def visit(e: Any) -> list[Any]:
        name = type(e).__name__
        if z not in e.free_symbols:
            return [flint.arb(abs(value(e)).upper())]
        if e == z:
            return [flint.arb(0), flint.arb(1)]
        if e.is_Add or isinstance(e, sp.Max | sp.Min):
            return _sum([visit(a) for a in e.args])
        if e.is_Mul:
            return _product([visit(a) for a in e.args])
        if e.is_Pow and e.exp.is_Rational and e.base is not sp.E:
            return power(e)
        if name in _BOUNDED:
            return [flint.arb(_BOUNDED[name])]
        if name in _BELOW_LINE:
            return visit(e.args[0])
        if isinstance(e, sp.exp) and _is_nonpositive(e.args[0]):
            return [flint.arb(1)]
        if name == "elu_slope":
            return [flint.arb(1) + abs(value(e.args[1]))]
        if name == "softplus":
            return _sum([[flint.arb(2).log()], visit(e.args[0])])
        if isinstance(e, sp.log):
            return logarithm(e.args[0])
        if isinstance(e, sp.Piecewise):
            return _sum([visit(branch) for branch, _ in e.args if branch is not sp.nan])
        if hasattr(e, "elementary"):
            return visit(e.elementary())
        raise NoClosedForm(f"no bound of {e} as {z} grows: the Gaussian integral is not enclosed")

    def power(e: Any) -> list[Any]:
        if e.exp.is_negative:
            low = least(e.base, z, value)
            if low is None or not low > 0:
                raise NoClosedForm(f"{e.base} is not known to stay away from 0: the Gaussian integral is not enclosed")
            return [1 / low ** flint.arb(flint.fmpq(int(-e.exp.p), int(e.exp.q)))]
        inside = visit(e.base)
        if e.exp.is_Integer:
            return _product([inside] * int(e.exp))
        return _product([_sum([[flint.arb(1)], inside])] * math.ceil(e.exp))

    def logarithm(u: Any) -> list[Any]:
        if isinstance(u, sp.cosh):
            return visit(u.args[0])
        rest = [a for a in u.args if a != 1] if u.is_Add else []
        if u.is_Add and len(rest) == len(u.args) - 1 == 1 and isinstance(rest[0], sp.exp):
            return _sum([[flint.arb(2).log()], visit(rest[0].args[0])])
        raise NoClosedForm(f"no bound of log({u}): the Gaussian integral is not enclosed")

    return visit(e)


def _sum(parts: list[list[Any]]) -> list[Any]:
    size = max(map(len, parts))
    return [sum((p[k] for p in parts if k < len(p)), flint.arb(0)) for k in range(size)]


def _product(parts: list[list[Any]]) -> list[Any]:
    result = [flint.arb(1)]
    for p in parts:
        new = [flint.arb(0)] * (len(result) + len(p) - 1)
        for (i, a), (j, b) in product(enumerate(result), enumerate(p)):
            new[i + j] += a * b
        result = new
    return result


def least(e: Any, z: Any, value: Value) -> Any:
    """A lower bound of an expression on the real line, or None."""
    if z not in e.free_symbols:
        return value(e).lower()
    if e.is_Add:
        parts = [least(a, z, value) for a in e.args]
        return None if any(p is None for p in parts) else sum(parts, flint.arb(0))
    if isinstance(e, sp.cosh):
        return flint.arb(1)
    if _is_nonnegative(e):
        return flint.arb(0)
    return None


def _is_nonnegative(e: Any) -> bool:
    if (
        e.is_nonnegative
        or isinstance(e, sp.exp | sp.Abs)
        or type(e).__name__ in ("sigmoid", "softplus", "relu", "absolute")
    ):
        return True
    if e.is_Pow and e.exp.is_Rational:
        return bool(e.exp.is_even or int(e.exp.q) % 2 == 0 or _is_nonnegative(e.base))
    return bool(e.is_Mul and all(map(_is_nonnegative, e.args)))


def _is_nonpositive(e: Any) -> bool:
    if isinstance(e, sp.Min):
        return any(a.is_nonpositive for a in e.args)
    return _is_nonnegative(-e)


# corners


_LOGISTIC = {"sigmoid": lambda x, s: s, "sigmoid_complement": lambda x, s: 1 - s, "silu": lambda x, s: x * s}


@functools.lru_cache(maxsize=512)
def _elementary(e: Any) -> Any:
    """The expression in functions that this file knows: an own function by its `elementary`."""
    name = type(e).__name__
    if name in _LOGISTIC:  # 1/(1 + exp(-x)) overflows on boxes that reach far to the left
        x = _elementary(e.args[0])
        return _LOGISTIC[name](x, (1 + sp.tanh(x / 2)) / 2)
    if hasattr(e, "elementary"):
        return _elementary(e.elementary())
    if not e.args or not isinstance(e, sp.Basic) or not any(hasattr(a, "elementary") for a in sp.preorder_traversal(e)):
        return e
    return e.func(*map(_elementary, e.args))


def _leaves(e: Any) -> list[Any]:
    """The smooth expressions that an expression with corners is made of."""
    if isinstance(e, sp.Max | sp.Min):
        return [x for a in e.args for x in _leaves(a)]
    if isinstance(e, sp.Abs):
        return [s * x for x in _leaves(e.args[0]) for s in (1, -1)]
    if isinstance(e, sp.Piecewise):
        return [x for branch, _ in e.args if branch is not sp.nan for x in _leaves(branch)]
    if not e.has(*_CORNERED):
        return [e]
    return [e.func(*parts) for parts in product(*map(_leaves, e.args))]


def _switches(e: Any) -> Iterator[Any]:
    """Expressions at whose zeros a branch may change."""
    for f in e.atoms(sp.Abs, sp.sign, sp.Heaviside):
        yield from _leaves(f.args[0])
    for f in e.atoms(sp.Max, sp.Min):
        for i, a in enumerate(f.args):
            for b in f.args[i + 1 :]:
                yield from (x - y for x, y in product(_leaves(a), _leaves(b)))
    for f in e.atoms(sp.core.relational.Relational):
        yield from (x - y for x, y in product(_leaves(f.lhs), _leaves(f.rhs)))


def _pieces(e: Any, z: Any, value: Value, start: int, reach: int) -> Iterator[tuple[Any, Any, bool]]:
    """(low, high, whether it is the narrow gap around a corner), from start to reach."""
    corners = []
    for switch in set(_switches(e)) if e.has(*_CORNERED) else ():
        slope = sp.diff(switch, z)
        if z in slope.free_symbols:
            raise NoClosedForm(f"the corner at {switch} = 0 is not affine in {z}: the integral is not enclosed")
        height = value(slope)
        if height == 0:
            continue
        point = -value(switch.subs(z, 0)) / height
        if not point.is_finite():
            raise NoClosedForm(f"the corner at {switch} = 0 is not enclosed")
        corners.append((point.lower(), point.upper()))
    here, end = flint.arb(start), flint.arb(reach)
    for low, high in sorted(corners, key=lambda c: float(c[0])):
        low, high = low.mid(), high.mid()
        if high <= here or low >= end:
            continue
        low, high = max(low, here, key=float), min(high, end, key=float)
        if here < low:
            yield here, low, False
        if low < high:
            yield low, high, True
        here = high
    if here < end:
        yield here, end, False


def _on(e: Any, z: Any, value: Value, point: Any) -> Any:
    """The smooth branch of an expression that holds at a point."""
    if not e.has(*_CORNERED):
        return e

    def at(x: Any) -> Any:
        return balls.scalar(x, lambda s: point if s == z else value(s))

    def visit(e: Any) -> Any:
        if isinstance(e, sp.Abs):
            return visit(e.args[0]) * (1 if at(e.args[0]) >= 0 else -1)
        if isinstance(e, sp.sign):
            return sp.Integer(1 if at(e.args[0]) > 0 else -1)
        if isinstance(e, sp.Heaviside):
            return sp.Integer(1 if at(e.args[0]) > 0 else 0)
        if isinstance(e, sp.Max | sp.Min):
            pick = max if isinstance(e, sp.Max) else min
            return visit(pick(e.args, key=lambda a: float(at(a))))
        if isinstance(e, sp.Piecewise):
            return visit(next((b for b, test in e.args if balls.condition(test, at) is True), sp.nan))
        return e.func(*map(visit, e.args)) if e.args and e.has(*_CORNERED) else e

    return visit(e)


def branches(expression: Any, x: Any) -> tuple[list[float], list[Callable[[Any, bool], Any]]]:
    """The corners of an expression in x alone, and what it is between them, each as a function of boxes."""
    e = _elementary(expression)
    found = []
    for switch in set(_switches(e)) if e.has(*_CORNERED) else ():
        slope = sp.diff(switch, x)
        if slope.free_symbols:
            raise NoClosedForm(f"the corner at {switch} = 0 is not affine in {x}")
        if slope != 0:
            found.append(-switch.subs(x, 0) / slope)
    corners = sorted(set(found), key=float)
    marks = [corners[0] - 1, *corners, corners[-1] + 1] if corners else [sp.S(-1), sp.S(1)]
    middles = [balls.ball((a + b) / 2) for a, b in zip(marks, marks[1:], strict=False)]
    return [float(c) for c in corners], [compiled(_on(e, x, balls.ball, m), x, balls.ball) for m in middles]


# an expression as a function of complex boxes


def compiled(expression: Any, z: Any, value: Value) -> Callable[[Any, bool], Any]:
    """f(box, analytic): the enclosure over a complex box; no number if `analytic` is asked and a cut is met."""
    memo: dict[Any, Callable[[Any, bool], Any]] = {}

    def build(e: Any) -> Callable[[Any, bool], Any]:
        if e not in memo:
            memo[e] = make(e)
        return memo[e]

    def make(e: Any) -> Callable[[Any, bool], Any]:
        if z not in e.free_symbols:
            constant = flint.acb(value(e))
            return lambda w, a: constant
        if e == z:
            return lambda w, a: w
        if e.is_Add:
            terms = [build(t) for t in e.args]
            return lambda w, a: sum((t(w, a) for t in terms[1:]), terms[0](w, a))
        if e.is_Mul:
            return _times([build(f) for f in e.args])
        if e.is_Pow and e.exp.is_Rational and e.base is not sp.E:
            return _raised(build(e.base), int(e.exp.p), int(e.exp.q))
        inner, name = build(e.args[0]), type(e).__name__
        if name in _ENTIRE and len(e.args) == 1:
            method = _ENTIRE[name]
            return lambda w, a: getattr(inner(w, a), method)()
        if name in _CUT:
            return _cut(inner, name)
        raise NoClosedForm(f"no complex enclosure of {name}")

    return build(expression)


_ENTIRE = {n: n for n in ("exp", "tanh", "sinh", "cosh", "sin", "cos", "erf", "erfc", "sech", "tan", "coth")}
_NAN = flint.acb(flint.arb("nan"), flint.arb("nan"))


def _meets_negative(w: Any) -> bool:
    return not (w.real > 0) and bool(w.imag.contains(0))


def _meets_atan_cut(w: Any) -> bool:
    return bool(w.real.contains(0)) and not (abs(w.imag) < 1)


_CUT = {"log": _meets_negative, "atan": _meets_atan_cut}


def _cut(inner: Any, name: str) -> Any:
    meets = _CUT[name]

    def f(w: Any, analytic: bool) -> Any:
        u = inner(w, analytic)
        return _NAN if analytic and meets(u) else getattr(u, name)()

    return f


def _times(factors: list[Any]) -> Any:
    def f(w: Any, analytic: bool) -> Any:
        result = factors[0](w, analytic)
        for factor in factors[1:]:
            result = result * factor(w, analytic)
        return result

    return f


def _raised(base: Any, top: int, bottom: int) -> Any:
    """u^(top/bottom) for bottom 1 or 2, by products: powers of boxes around 0 are no number in FLINT."""
    if bottom not in (1, 2):
        raise NoClosedForm(f"no complex enclosure of the power {top}/{bottom}")

    def f(w: Any, analytic: bool) -> Any:
        u = base(w, analytic)
        if bottom == 2:
            if analytic and _meets_negative(u):
                return _NAN
            u = u.sqrt()
        result, square, count = flint.acb(1), u, abs(top)
        while count:
            if count & 1:
                result = result * square
            count >>= 1
            square = square * square if count else square
        return 1 / result if top < 0 else result

    return f


__all__ = ["branches", "compiled", "gaussian_mean", "growth", "least"]
