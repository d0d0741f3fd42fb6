"""The value of a SymPy scalar expression in balls: a program made once for an expression, run for each draw.

Verification asks for the value of one expression at hundreds of draws, and a search for a root at thousands of points:
an expression is therefore flattened once into instructions (each shared subexpression once), which then run in balls
of any precision. Branches of a Piecewise run only when they are chosen.

May import: result, SymPy, NumPy, python-flint. A SymPy function is added as one line of `FUNCTIONS`; a function class
of rnnsym's own needs nothing here if it has `elementary()`, its value in SymPy's elementary functions.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from functools import lru_cache
from operator import methodcaller
from typing import Any

import flint
import numpy as np
import sympy as sp

# name of the SymPy function class -> method of a ball
FUNCTIONS = {
    "exp": "exp", "log": "log", "sin": "sin", "cos": "cos", "tan": "tan", "cot": "cot", "sec": "sec", "csc": "csc",
    "asin": "asin", "acos": "acos", "atan": "atan", "sinh": "sinh", "cosh": "cosh", "tanh": "tanh", "coth": "coth",
    "sech": "sech", "csch": "csch", "asinh": "asinh", "acosh": "acosh", "atanh": "atanh", "erf": "erf", "erfc": "erfc",
    "gamma": "gamma", "loggamma": "lgamma", "digamma": "digamma", "LambertW": "lambertw", "erfinv": "erfinv",
}  # fmt: skip


NAN = flint.arb("nan")
INFINITY = flint.arb("inf")
_CONSTANTS: dict[Any, Callable[[], Any]] = {
    sp.pi: flint.arb.pi,
    sp.E: flint.arb.const_e,
    sp.EulerGamma: flint.arb.const_euler,
    sp.I: lambda: flint.acb(0, 1),
    sp.oo: lambda: INFINITY,
    sp.S.NegativeInfinity: lambda: -INFINITY,
    sp.nan: lambda: NAN,
    sp.zoo: lambda: NAN,
}


Exact = Callable[..., Any]


def scalar(
    expression: Any,
    value: Callable[[Any], Any],
    exact: Exact | None = None,
    memo: dict[Any, Any] | None = None,
) -> Any:
    """The value of a scalar expression; `value` gives balls, or object arrays of them, for symbols and foreign nodes.

    exact: the rational value of an expression or None, to decide comparisons that balls cannot; with a second argument
        true, also 0 for an expression that is 0 by a proof of another kind.
    memo: values already known, and to be kept, where several expressions are asked for at one point.

    >>> x = sp.Symbol("x")
    >>> float(scalar(x**2 + sp.Rational(1, 2), lambda symbol: flint.arb(3)))
    9.5
    """
    values: list[Any] = []
    append = values.append
    for node, operation, places, extra in _program(sp.S(expression)):
        if memo is not None and node in memo:
            append(memo[node])
            continue
        if operation is _leaf:
            found = value(node)
        elif operation is _lazy:
            found = _branching(node, lambda e: scalar(e, value, exact, memo), value, exact)
        elif extra is None:
            found = operation(*[values[k] for k in places])
            if operation is _any_power and exact is not None and isinstance(found, flint.arb) and found.is_nan():
                found = _power_of_zero(values[places[0]], exact(node.exp), found)
        else:
            found = operation(extra, *[values[k] for k in places])
        append(found)
        if memo is not None:
            memo[node] = found
    return values[-1]


def _leaf(*_: Any) -> Any:
    """Marks an instruction whose value the caller gives."""


def _lazy(*_: Any) -> Any:
    """Marks an instruction that looks at its arguments itself."""


# (the node, what to do, places of the arguments among the values so far, a constant argument or None)
_Instruction = tuple[Any, Callable[..., Any], tuple[int, ...], Any]


@lru_cache(maxsize=4096)
def _program(expression: Any) -> tuple[_Instruction, ...]:
    """The instructions of an expression, arguments first, each node once."""
    program: list[_Instruction] = []
    places: dict[Any, int] = {}

    def add(e: Any) -> int:
        if e not in places:
            operation, arguments, extra = _instruction(e)
            at = tuple(add(a) for a in arguments)
            program.append((e, operation, at, extra))
            places[e] = len(program) - 1
        return places[e]

    add(expression)
    return tuple(program)


def _instruction(e: Any) -> tuple[Callable[..., Any], tuple[Any, ...], Any]:
    """What to do for one node: the operation, the nodes it needs first, and its constant."""
    name = type(e).__name__
    if e.is_Rational:
        return _constant, (), flint.fmpq(int(e.p), int(e.q))
    if e in _CONSTANTS:
        return _CONSTANTS[e], (), None
    if e.is_Float:
        dyadic = sp.Rational(e)
        return _constant, (), flint.fmpq(int(dyadic.p), int(dyadic.q))
    if e.is_NumberSymbol:
        return _number_symbol, (), e
    if e.is_Add:
        return _add, e.args, None
    if e.is_Mul:
        return _multiply, e.args, None
    if e.is_Pow and e.exp.is_Integer:
        return _whole_power, (e.base,), int(e.exp)
    if e.is_Pow and e.exp in (sp.S.Half, -sp.S.Half):
        return (_root if e.exp == sp.S.Half else _inverse_root), (e.base,), None
    if e.is_Pow:
        return _any_power, (e.base, e.exp), None
    if name in FUNCTIONS and len(e.args) == 1:
        return each, e.args, methodcaller(FUNCTIONS[name])
    if name in ("floor", "ceiling") or isinstance(e, sp.Piecewise):
        return _lazy, (), None
    if name in SPECIAL:
        return SPECIAL[name], e.args, None
    if hasattr(e, "elementary"):
        return _same, (e.elementary(),), None
    return _leaf, (), None


def _branching(e: Any, visit: Callable[[Any], Any], value: Callable[[Any], Any], exact: Exact | None) -> Any:
    """floor and ceiling, decided exactly where they can be (balls straddle whole numbers), and Piecewise."""
    if isinstance(e, sp.Piecewise):
        return _piecewise(e, visit, exact)
    name = type(e).__name__
    if exact is not None and (known := exact(e.args[0])) is not None:
        return flint.arb(math.floor(known) if name == "floor" else math.ceil(known))
    return SPECIAL[name](visit(e.args[0]))


def _same(x: Any) -> Any:
    return x


def _constant(rational: Any) -> Any:
    return flint.arb(rational)


def _number_symbol(e: Any) -> Any:
    return flint.arb(str(e.evalf(flint.ctx.dps + 5)))


def _add(first: Any, *others: Any) -> Any:
    for term in others:
        first = first + term
    return first


def _multiply(first: Any, *others: Any) -> Any:
    for factor in others:
        first = first * factor
    return first


def each(function: Callable[..., Any], *arguments: Any) -> Any:
    """A function of balls applied to balls or to object arrays of them."""
    if any(isinstance(a, np.ndarray) for a in arguments):
        return np.frompyfunc(function, len(arguments), 1)(*arguments)
    return function(*arguments)


def _whole_power(exponent: int, base: Any) -> Any:
    count = abs(exponent)
    result = None
    square = base
    while count:  # arb's own 0**2 is nan for the ball [-r, r] in python-flint 0.9
        if count & 1:
            result = square if result is None else result * square
        count >>= 1
        square = square * square if count else square
    result = flint.arb(1) if result is None else result
    return 1 / result if exponent < 0 else result


def _root(base: Any) -> Any:
    return each(_sqrt, base)


def _inverse_root(base: Any) -> Any:
    return 1 / each(_sqrt, base)


def _any_power(base: Any, exponent: Any) -> Any:
    return each(_general_power, base, exponent)


def _sqrt(x: Any) -> Any:
    if isinstance(x, flint.arb) and x.contains(0):  # a zero with its rounding: arb's own root is no number there
        return x.nonnegative_part().sqrt()
    return flint.acb(x).sqrt() if isinstance(x, flint.arb) and x < 0 else x.sqrt()


def _general_power(base: Any, exponent: Any) -> Any:
    if isinstance(base, flint.arb) and isinstance(exponent, flint.arb) and base < 0 and not exponent.is_integer():
        base = flint.acb(base)
    if isinstance(exponent, flint.arb) and exponent > 0 and base == 0:
        return flint.arb(0)
    return base**exponent


def _power_of_zero(base: Any, exponent: Any, otherwise: Any) -> Any:
    """0^k for an exponent that is known exactly, where a ball around it, as that of 1/3 - 1/3, tells nothing."""
    if exponent is None or exponent < 0 or not (isinstance(base, flint.arb) and base == 0):
        return otherwise
    return flint.arb(int(exponent == 0))


def _sign(x: Any) -> Any:
    if x > 0:
        return flint.arb(1)
    return flint.arb(-1) if x < 0 else flint.arb(0) if x == 0 else NAN


def _heaviside(x: Any, at_zero: Any) -> Any:
    return flint.arb(1) if x > 0 else flint.arb(0) if x < 0 else at_zero if x == 0 else NAN


def _argument(x: Any) -> Any:
    return x.arg() if isinstance(x, flint.acb) else flint.arb(0) if x >= 0 else flint.arb.pi() if x < 0 else NAN


def _polygamma(order: Any, x: Any) -> Any:
    """psi^(order)(x) for a whole order >= 0; real on the real line, and nan at the poles 0, -1, -2, ..."""
    n = order.unique_fmpz() if isinstance(order, flint.arb) else None
    if n is None or n < 0:
        return NAN
    found = flint.acb(x).polygamma(int(n))
    return found.real if isinstance(x, flint.arb) else found


SPECIAL: dict[str, Callable[..., Any]] = {
    "Abs": lambda x: each(lambda a: abs(a), x),
    "sign": lambda x: each(_sign, x),
    "Heaviside": lambda x, at_zero: each(_heaviside, x, at_zero),
    "Max": lambda *xs: _fold(lambda a, b: a.max(b), xs),
    "Min": lambda *xs: _fold(lambda a, b: a.min(b), xs),
    "re": lambda x: each(lambda a: flint.acb(a).real, x),
    "im": lambda x: each(lambda a: flint.acb(a).imag, x),
    "conjugate": lambda x: each(lambda a: a.conjugate() if isinstance(a, flint.acb) else a, x),
    "arg": lambda x: each(_argument, x),
    "floor": lambda x: each(lambda a: a.floor(), x),
    "ceiling": lambda x: each(lambda a: a.ceil(), x),
    "atan2": lambda y, x: each(lambda a, b: flint.arb.atan2(a, b), y, x),
    "binomial": lambda n, k: each(lambda a, b: flint.arb.gamma(a + 1) / flint.arb.gamma(b + 1) / (a - b + 1).gamma(), n, k),
    "factorial": lambda n: each(lambda a: (a + 1).gamma(), n),
    "polygamma": lambda n, x: each(_polygamma, n, x),
    "DiracDelta": lambda x: each(lambda a: NAN, x),
}  # fmt: skip


def _fold(function: Callable[[Any, Any], Any], values: tuple[Any, ...]) -> Any:
    result = values[0]
    for v in values[1:]:
        result = each(function, result, v)
    return result


def _piecewise(e: Any, visit: Callable[[Any], Any], exact: Exact | None) -> Any:
    tests = [condition(c, visit, exact) for _, c in e.args]
    if not any(isinstance(t, np.ndarray) for t in tests):
        for (branch, _), test in zip(e.args, tests, strict=True):
            if test is None:
                return NAN
            if test:
                return visit(branch)
        return NAN
    branches = [visit(branch) for branch, _ in e.args]

    def choose(*parts: Any) -> Any:
        for test, branch in zip(parts[: len(tests)], parts[len(tests) :], strict=True):
            if test is None:
                return NAN
            if test:
                return branch
        return NAN

    return each(choose, *tests, *branches)


def compare(relation: str, left: Any, right: Any) -> bool | None:
    """left relation right for balls: True, False, or None when the balls are too wide to tell."""
    if isinstance(left, flint.acb) or isinstance(right, flint.acb):
        gap = left - right
        apart = not (gap.real.contains(0) and gap.imag.contains(0))
        equal = gap.real == 0 and gap.imag == 0
        if relation in ("==", "!="):
            return (not apart) == (relation == "==") if apart or equal else None
        if not (gap.imag == 0):
            return None
        left, right = gap.real, flint.arb(0)
    if left.is_nan() or right.is_nan():
        return None
    less, greater, equal = bool(left < right), bool(left > right), bool(left == right)
    answers: dict[str, tuple[bool, bool]] = {
        "<": (less, greater or equal),
        ">": (greater, less or equal),
        "<=": (bool(left <= right), greater),
        ">=": (bool(left >= right), less),
        "==": (equal, less or greater),
        "!=": (less or greater, equal),
    }
    yes, no = answers[relation]
    return True if yes else False if no else None


def condition(test: Any, visit: Callable[[Any], Any], exact: Exact | None = None) -> Any:
    """The truth value of a relational or Boolean condition: True, False or None; arrays give arrays.

    Rational values are compared exactly where `exact` gives them: two equal balls of positive radius decide nothing.
    """
    if test == sp.true:
        return True
    if test == sp.false:
        return False
    if isinstance(test, sp.core.relational.Relational):
        relation = {"=": "=="}.get(test.rel_op, test.rel_op)
        if exact is not None and isinstance(test.lhs, sp.Expr):
            first = exact(test.lhs)
            second = None if first is None else exact(test.rhs)
            if first is not None and second is not None:
                gap = first - second
                return compare(relation, flint.arb(flint.fmpq(gap.numerator, gap.denominator)), flint.arb(0))
        left, right = visit(test.lhs), visit(test.rhs)
        found = each(lambda a, b: compare(relation, a, b), left, right)
        if (
            found is None
            and exact is not None
            and isinstance(test.lhs, sp.Expr)
            and exact(test.lhs - test.rhs, True) == 0
        ):
            return relation in ("==", "<=", ">=")
        return found
    if isinstance(test, sp.And | sp.Or | sp.Not):
        parts = [condition(a, visit, exact) for a in test.args]
        return each({sp.And: _all, sp.Or: _any, sp.Not: _not}[type(test)], *parts)
    if isinstance(test, sp.logic.boolalg.Equivalent):
        return each(
            lambda a, b: None if a is None or b is None else a == b, *(condition(a, visit, exact) for a in test.args)
        )
    if isinstance(test, sp.logic.boolalg.Implies):
        first, second = (condition(a, visit, exact) for a in test.args)
        return each(lambda a, b: _any(_not(a), b), first, second)
    return visit(test)


def _all(*parts: Any) -> bool | None:
    return False if any(p is False for p in parts) else None if any(p is None for p in parts) else True


def _any(*parts: Any) -> bool | None:
    return True if any(p is True for p in parts) else None if any(p is None for p in parts) else False


def _not(part: Any) -> bool | None:
    return None if part is None else not part


def rational(expression: Any, value: Callable[[Any], Fraction | None]) -> Fraction | None:
    """The value of a rational expression in exact numbers, or None where it is not rational or not defined."""
    e = expression
    if e.is_Rational:
        return Fraction(int(e.p), int(e.q))
    if e.is_Add or e.is_Mul:
        result = Fraction(0 if e.is_Add else 1)
        for a in e.args:
            part = rational(a, value)
            if part is None:
                return None
            result = result + part if e.is_Add else result * part
        return result
    if e.is_Pow and e.exp.is_Integer and abs(int(e.exp)) < 1000:
        base = rational(e.base, value)
        return None if base is None or (base == 0 and e.exp.is_negative) else base ** int(e.exp)
    if isinstance(e, sp.Abs | sp.Max | sp.Min):
        parts = [rational(a, value) for a in e.args]
        if any(p is None for p in parts):
            return None
        known = [p for p in parts if p is not None]
        return abs(known[0]) if isinstance(e, sp.Abs) else max(known) if isinstance(e, sp.Max) else min(known)
    return value(e)
