"""Numbers to any precision: FLINT's real and complex balls, in NumPy object arrays.

A numerical definition must be right to many more digits than what is checked against it, and be fast enough for
hundreds of draws: a 7 by 7 matrix times a column costs 12 microseconds in balls at 50 digits, 167 in mpmath.
Every ball encloses its true value, so a comparison is certain or it is undecided; undecided values are `nan` balls.

May import: result, SymPy, NumPy, python-flint. A SymPy function is added as one line of `FUNCTIONS`; a function class
of rnnsym's own needs nothing here if it has `elementary()`, its value in SymPy's elementary functions.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import AbstractContextManager
from fractions import Fraction
from typing import Any

import flint
import numpy as np
import sympy as sp

from rnnsym.result import NoClosedForm

# name of the SymPy function class -> method of a ball
FUNCTIONS = {
    "exp": "exp", "log": "log", "sin": "sin", "cos": "cos", "tan": "tan", "cot": "cot", "sec": "sec", "csc": "csc",
    "asin": "asin", "acos": "acos", "atan": "atan", "sinh": "sinh", "cosh": "cosh", "tanh": "tanh", "coth": "coth",
    "sech": "sech", "csch": "csch", "asinh": "asinh", "acosh": "acosh", "atanh": "atanh", "erf": "erf", "erfc": "erfc",
    "gamma": "gamma", "loggamma": "lgamma", "digamma": "digamma", "LambertW": "lambertw", "erfinv": "erfinv",
}  # fmt: skip


def precision(digits: int) -> AbstractContextManager[Any]:
    """A context in which balls carry this many decimal digits.

    >>> with precision(30):
    ...     to_float(ball(sp.sqrt(2)) ** 2)
    2.0
    """
    return flint.ctx.workdps(digits)


def ball(number: Any) -> Any:
    """The ball of an exact number: int, Fraction, SymPy number without symbols, float (taken as the dyadic it is)."""
    if isinstance(number, flint.arb | flint.acb):
        return number
    if isinstance(number, bool | int | np.integer):
        return flint.arb(int(number))
    if isinstance(number, Fraction):
        return flint.arb(flint.fmpq(number.numerator, number.denominator))
    if isinstance(number, complex | np.complexfloating):
        return flint.acb(float(number.real), float(number.imag))
    if isinstance(number, float | np.floating):
        return flint.arb(float(number))
    if isinstance(number, sp.Rational):
        return flint.arb(flint.fmpq(int(number.p), int(number.q)))
    return scalar(sp.S(number), lambda symbol: _unknown(symbol))


def _unknown(symbol: Any) -> Any:
    raise NoClosedForm(f"{symbol} has no value")


def is_nan(number: Any) -> bool:
    """Whether a real or complex ball is no number."""
    if isinstance(number, flint.acb):
        return bool(number.real.is_nan() or number.imag.is_nan())
    return bool(number.is_nan())


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


Exact = Callable[[Any], Any]


def scalar(
    expression: Any,
    value: Callable[[Any], Any],
    exact: Exact | None = None,
    memo: dict[Any, Any] | None = None,
) -> Any:
    """The value of a scalar expression; `value` gives balls, or object arrays of them, for symbols and foreign nodes.

    exact: the rational value of an expression or None, to decide comparisons that balls cannot.
    """
    memo = {} if memo is None else memo

    def visit(e: Any) -> Any:
        if e not in memo:
            memo[e] = compute(e)
        return memo[e]

    def compute(e: Any) -> Any:
        if e.is_Rational:
            return flint.arb(flint.fmpq(int(e.p), int(e.q)))
        if e in _CONSTANTS:
            return _CONSTANTS[e]()
        if e.is_Float:
            dyadic = sp.Rational(e)
            return flint.arb(flint.fmpq(int(dyadic.p), int(dyadic.q)))
        if e.is_NumberSymbol:
            return flint.arb(str(e.evalf(flint.ctx.dps + 5)))
        if e.is_Add:
            total = visit(e.args[0])
            for term in e.args[1:]:
                total = total + visit(term)
            return total
        if e.is_Mul:
            product = visit(e.args[0])
            for factor in e.args[1:]:
                product = product * visit(factor)
            return product
        if e.is_Pow:
            return _power(visit(e.base), e.exp, visit)
        name = type(e).__name__
        if name in FUNCTIONS and len(e.args) == 1:
            return each(lambda x: getattr(x, FUNCTIONS[name])(), visit(e.args[0]))
        if name in ("floor", "ceiling") and exact is not None and (known := exact(e.args[0])) is not None:
            return flint.arb(math.floor(known) if name == "floor" else math.ceil(known))  # balls straddle whole numbers
        if name in _SPECIAL:
            return _SPECIAL[name](*map(visit, e.args))
        if isinstance(e, sp.Piecewise):
            return _piecewise(e, visit, exact)
        if hasattr(e, "elementary"):
            return visit(e.elementary())
        return value(e)

    return visit(sp.S(expression))


def each(function: Callable[..., Any], *arguments: Any) -> Any:
    """A function of balls applied to balls or to object arrays of them."""
    if any(isinstance(a, np.ndarray) for a in arguments):
        return np.frompyfunc(function, len(arguments), 1)(*arguments)
    return function(*arguments)


def _power(base: Any, exponent: Any, visit: Callable[[Any], Any]) -> Any:
    if exponent.is_Integer:
        count = abs(int(exponent))
        result = None
        square = base
        while count:  # arb's own 0**2 is nan for the ball [-r, r] in python-flint 0.9
            if count & 1:
                result = square if result is None else result * square
            count >>= 1
            square = square * square if count else square
        result = flint.arb(1) if result is None else result
        return 1 / result if exponent.is_negative else result
    if exponent == sp.Rational(1, 2):
        return each(_sqrt, base)
    if exponent == sp.Rational(-1, 2):
        return 1 / each(_sqrt, base)
    return each(_general_power, base, visit(exponent))


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


def _sign(x: Any) -> Any:
    if x > 0:
        return flint.arb(1)
    return flint.arb(-1) if x < 0 else flint.arb(0) if x == 0 else NAN


def _heaviside(x: Any, at_zero: Any) -> Any:
    return flint.arb(1) if x > 0 else flint.arb(0) if x < 0 else at_zero if x == 0 else NAN


def _argument(x: Any) -> Any:
    return x.arg() if isinstance(x, flint.acb) else flint.arb(0) if x >= 0 else flint.arb.pi() if x < 0 else NAN


_SPECIAL: dict[str, Callable[..., Any]] = {
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
        gap = None if exact is None else exact(test.lhs - test.rhs) if isinstance(test.lhs, sp.Expr) else None
        if gap is not None:
            return compare(relation, flint.arb(flint.fmpq(gap.numerator, gap.denominator)), flint.arb(0))
        left, right = visit(test.lhs), visit(test.rhs)
        return each(lambda a, b: compare(relation, a, b), left, right)
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


def to_float(number: Any) -> Any:
    """The nearest float or complex to the middle of a ball; nan where the ball is no number."""
    if isinstance(number, flint.acb):
        if number.imag == 0:
            return float(number.real)
        return complex(float(number.real), float(number.imag))
    return float(number)


def floats(values: Any) -> Any:
    """An array of floats (or complex numbers) from balls or an object array of them."""
    numbers = np.frompyfunc(to_float, 1, 1)(np.asarray(values, dtype=object))
    numbers = np.asarray(numbers)
    kind = complex if any(isinstance(v, complex) for v in numbers.flat) else float
    return numbers.astype(kind)


def _middle(number: Any) -> Any:
    """The middle of a real ball as an exact rational."""
    mantissa, exponent = number.mid().man_exp()
    power = int(exponent)
    return flint.fmpq(int(mantissa) << power) if power >= 0 else flint.fmpq(int(mantissa), 1 << -power)


def eigenvalues(matrix: Any) -> list[Any]:
    """All eigenvalues, with multiplicity, of an object array of real balls: roots of its characteristic polynomial.

    The middles are taken as exact rationals, so that a multiple eigenvalue of a rational matrix costs no digits
    when its entries are dyadic; the answer is as good as the middles are.
    """
    table = np.asarray(matrix, dtype=object)
    if any(isinstance(v, flint.acb) for v in table.flat):
        rows = flint.acb_mat([[flint.acb(v) for v in row] for row in table])
        return list(rows.charpoly().roots())
    return _roots(flint.fmpq_mat(len(table), len(table), [_middle(v) for v in table.flat]))


def rational_eigenvalues(matrix: sp.MatrixBase) -> list[Any]:
    """All eigenvalues, with multiplicity, of a matrix of rational numbers: exact multiplicities, enclosed values."""
    return _roots(flint.fmpq_mat(matrix.rows, matrix.cols, [flint.fmpq(int(e.p), int(e.q)) for e in matrix]))


def _roots(rows: Any) -> list[Any]:
    """The roots of the characteristic polynomial of a rational matrix."""
    polynomial = rows.charpoly()
    integer = flint.fmpz_poly([int(c * polynomial.denom()) for c in polynomial.coeffs()])
    return [flint.acb(root) for root, count in integer.complex_roots() for _ in range(count)]


def inverse(matrix: Any) -> Any:
    """The inverse of an object array of balls; nan balls where it is not certainly invertible."""
    table = np.asarray(matrix, dtype=object)
    size = len(table)
    kind = flint.acb_mat if any(isinstance(v, flint.acb) for v in table.flat) else flint.arb_mat
    try:
        found = kind([list(row) for row in table]).inv()
    except ZeroDivisionError:
        return np.full((size, size), NAN, dtype=object)
    return np.array([[found[i, j] for j in range(size)] for i in range(size)], dtype=object)


def rational_rank(matrix: sp.MatrixBase) -> int:
    """The rank of a matrix of rational numbers, exactly (Gaussian elimination in FLINT)."""
    entries = [flint.fmpq(int(e.p), int(e.q)) for e in matrix]
    return int(flint.fmpq_mat(matrix.rows, matrix.cols, entries).rref()[1])
