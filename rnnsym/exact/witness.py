"""Points that refute a claim of being zero: with the symbols' assumptions, under hypotheses, evaluated in balls.

A refutation is a value whose ball keeps away from 0; the points come from a fixed seed, so an answer never changes.
May be imported: `balls`, `rnnsym.result`, SymPy.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from random import Random
from typing import Any

import sympy as sp
from flint import acb
from sympy.core.function import AppliedUndef
from sympy.functions.elementary.exponential import LambertW
from sympy.functions.special.error_functions import erfinv
from sympy.functions.special.gamma_functions import loggamma
from sympy.logic.boolalg import Boolean
from sympy.matrices.expressions.matexpr import MatrixElement

from rnnsym.exact import balls
from rnnsym.result import RnnsymError

WITNESSES = 10
"""Points tried before a witness is given up."""

_FOREIGN = {*balls.FUNCTIONS, *balls.SPECIAL}  # Function("exp") of the user is not exp
_CUT = (sp.asin, sp.acos, sp.atan, sp.asinh, sp.acosh, sp.atanh, LambertW, loggamma, erfinv)


def refuted(e: sp.Expr, given: Boolean) -> bool:
    """Whether some admissible point has a value that certainly is not zero."""
    free = indeterminates(e) | indeterminates(given)
    constants = e.atoms(sp.NumberSymbol) | given.atoms(sp.NumberSymbol)
    names = {f.func.__name__ for f in free if isinstance(f, AppliedUndef)}
    if not constants <= {sp.pi, sp.S.Exp1, sp.EulerGamma} or names & _FOREIGN:  # balls that would not enclose the value
        return False
    digits = (16, 60, 300) if free else (16, 60, 300, 1200)
    for point in islice(points(free, given), WITNESSES if free else 1):
        for precision in digits:
            with balls.precision(precision):
                value = enclosed(e, point)
                if value is not None and not (value.real.contains(0) and value.imag.contains(0)):
                    return True
    return False


def indeterminates(e: Any) -> set[sp.Expr]:
    """Symbols and what else may take any value: f(x) of an unknown function, entries of an explicit matrix symbol."""
    found: set[sp.Expr] = set(e.atoms(AppliedUndef, MatrixElement, sp.Indexed))
    return found | {s for s in e.free_symbols if isinstance(s, sp.Symbol) and s.is_commutative}


def enclosed(e: sp.Expr, point: Mapping[sp.Expr, sp.Expr]) -> acb | None:
    """An enclosure of the value at a point, or None where there is none that can be trusted."""
    memo: dict[Any, Any] = {}

    def value(node: Any) -> Any:
        return balls.ball(point[node]) if node in point else balls.NAN

    try:
        for node in e.atoms(*_CUT):  # FLINT and SymPy may differ on the branch cuts
            for arg in node.args:
                inner = balls.scalar(arg, value, memo=memo)
                if isinstance(inner, acb) and inner.imag.contains(0):
                    return None
        result = acb(balls.scalar(e, value, memo=memo))
    except (RnnsymError, ArithmeticError, TypeError, ValueError, AttributeError, NotImplementedError, RecursionError):
        return None
    return result if result.is_finite() else None


def holds(given: Boolean, point: Mapping[sp.Expr, sp.Expr]) -> bool:
    if given is sp.S.true:
        return True
    try:
        with balls.precision(40):
            memo: dict[Any, Any] = {}
            answer = balls.condition(
                given,
                lambda e: balls.scalar(
                    e, lambda node: balls.ball(point[node]) if node in point else balls.NAN, memo=memo
                ),
            )
    except (RnnsymError, ArithmeticError, TypeError, ValueError, AttributeError, NotImplementedError, RecursionError):
        return False
    return answer is True


def points(free: set[sp.Expr], given: Boolean) -> Iterator[dict[sp.Expr, sp.Expr]]:
    """Points that satisfy `given` and the assumptions: rational, or with rational real and imaginary parts."""
    symbols = sorted((s for s in free if isinstance(s, sp.Symbol)), key=sp.default_sort_key)
    others = sorted(free - set(symbols), key=sp.default_sort_key)
    solved: dict[sp.Symbol, sp.Expr] = {}
    for part in sp.And.make_args(given):
        if isinstance(part, sp.Eq):
            for symbol, value in (part.args, part.args[::-1]):
                if (
                    isinstance(symbol, sp.Symbol)
                    and symbol not in solved
                    and not value.free_symbols & {symbol, *solved}
                ):
                    solved[symbol] = value
                    break
    random = Random(0)
    if not free:
        yield {}
        return
    for attempt in range(200):
        scale = (sp.S.One, sp.Rational(1, 16), sp.Integer(3), sp.Integer(40))[attempt % 4]
        point: dict[sp.Expr, sp.Expr] = {}
        for s in symbols:
            if s not in solved:
                value = _draw(random, s, scale, attempt % 3 == 2)
                if value is None:
                    break
                point[s] = value
        else:
            for s, value in reversed(solved.items()):
                point[s] = value.subs(point)
            numbers = all(_is_rational(v) and _admits(s, v) for s, v in point.items())
            if numbers and _add_others(point, others, random) and holds(given, point):
                yield point


def _is_rational(v: sp.Expr) -> bool:
    return all(isinstance(part, sp.Rational) for part in v.as_real_imag())


def _draw(random: Random, s: sp.Expr, scale: sp.Rational, allow_complex: bool) -> sp.Expr | None:
    for _ in range(20):
        value: sp.Expr = scale * sp.Rational(random.randint(-29, 29), random.choice((1, 7, 16, 29)))
        if allow_complex and s.is_extended_real is None:
            value += sp.I * sp.Rational(random.randint(-29, 29), 16)
        if _admits(s, value):
            return value
    return None


def _admits(s: sp.Expr, value: sp.Expr) -> bool:
    """Whether the value has every property the symbol is assumed to have."""
    if isinstance(s, sp.Symbol):
        return all(getattr(value, f"is_{fact}", None) is truth for fact, truth in s.assumptions0.items())
    facts = (
        "real",
        "extended_real",
        "positive",
        "negative",
        "nonnegative",
        "nonpositive",
        "integer",
        "rational",
        "zero",
        "imaginary",
    )
    return all(getattr(s, f"is_{fact}") in (None, getattr(value, f"is_{fact}")) for fact in facts)


def _add_others(point: dict[sp.Expr, sp.Expr], others: list[sp.Expr], random: Random) -> bool:
    """Values for f(x), W[0, 1] and the like: free, but equal where the arguments are equal at this point."""
    chosen: dict[Any, sp.Expr] = {}
    for node in others:
        if isinstance(node, AppliedUndef):
            name, arguments = node.func, tuple(arg.subs(point) for arg in node.args)
        else:
            name, arguments = node.args[0], node.args[1:]
            if not name.is_symbol:
                return False  # an entry of a matrix formula, not of a matrix of free entries
        if not all(arg.is_number and _is_rational(arg) for arg in arguments):
            return False
        key = (name, arguments)
        if key not in chosen:
            value = _draw(random, node, sp.S.One, False)
            if value is None:
                return False
            chosen[key] = value
        if not _admits(node, chosen[key]):
            return False
        point[node] = chosen[key]
    return True
