"""Conditions of equations p = 0 and p != 0 in a normal form for reading: alternatives without negations.

Every polynomial is in irreducible factors: p q = 0 is two alternatives, p q != 0 a product of two conditions. An
equation that gives a symbol is put into what stands beside it; contradictions and alternatives inside others drop out.
May import: result, exact.
"""

from __future__ import annotations

from itertools import product
from typing import Any

import sympy as sp

from rnnsym.exact import factored

ALTERNATIVES = 48  # beyond, the condition stays as it is
OPERATIONS = 2000  # so it does where it is longer than this: no one reads it, and equations put in make it longer still

Literal = tuple[Any, bool]  # (irreducible polynomial, whether it is 0)


def alternatives(condition: Any) -> Any:
    """The same condition as Or of And of p = 0 and p q ... != 0; itself where that is long or other relations occur.

    >>> a, b, c = sp.symbols("a b c")
    >>> alternatives(sp.Or(sp.Ne(b, 0), sp.And(sp.Eq(b, 0), sp.Not(sp.Ne(a - c, 0))))) == sp.Or(sp.Ne(b, 0), sp.Eq(a - c, 0))
    True
    """
    terms = _terms(condition, True) if condition.count_ops() <= OPERATIONS else None
    if terms is None:
        return condition
    terms = _shortened(terms)
    return sp.Or(*(_written(term) for term in sorted(terms, key=lambda t: sorted(map(str, t)))))


def _terms(condition: Any, sense: bool) -> set[frozenset[Literal]] | None:
    """The alternatives of a condition (of its negation, if not sense) as sets of literals; None if there are too many."""
    if condition in (sp.true, sp.false):
        return {frozenset()} if (condition == sp.true) == sense else set()
    if isinstance(condition, sp.Not):
        return _terms(condition.args[0], not sense)
    if isinstance(condition, sp.And | sp.Or):
        parts = [_terms(c, sense) for c in condition.args]
        if any(p is None for p in parts):
            return None
        return _joined(parts) if isinstance(condition, sp.And) == sense else _kept(set().union(*parts))  # type: ignore[arg-type]
    if isinstance(condition, sp.Eq | sp.Ne):
        factors = _irreducible(condition.lhs - condition.rhs)
        if isinstance(condition, sp.Eq) == sense:
            return {frozenset([(f, True)]) for f in factors}
        return _kept({frozenset((f, False) for f in factors)})
    return None


def _irreducible(polynomial: Any) -> set[Any]:
    """The factors that may be 0, each with one sign; {0} for zero and none for a number."""
    top = sp.fraction(factored(polynomial))[0]
    found = set()
    for part in sp.Mul.make_args(top):
        base = part.base if isinstance(part, sp.Pow) and part.exp.is_positive else part
        if base == 0:
            return {sp.S.Zero}
        if base.free_symbols and base.is_zero is not False:
            found.add(-base if base.could_extract_minus_sign() else base)
    return found


def _joined(parts: list[Any]) -> set[frozenset[Literal]] | None:
    terms: set[frozenset[Literal]] | None = {frozenset()}
    for part in parts:
        if terms is None or len(terms) * len(part) > ALTERNATIVES**2:
            return None
        terms = _kept({a | b for a, b in product(terms, part)})
    return terms


def _kept(terms: set[frozenset[Literal]]) -> set[frozenset[Literal]] | None:
    """Without contradictions and without alternatives inside others."""
    found = {t for t in map(_reduced, terms) if t is not None}
    found = {t for t in found if not any(other < t for other in found)}
    return found if len(found) <= ALTERNATIVES else None


def _reduced(term: frozenset[Literal]) -> frozenset[Literal] | None:
    """An alternative with its equations p = symbol - ... put in; None if it holds nowhere."""
    known: dict[Any, Any] = {}
    while True:
        solved = next(
            ((s, f) for f, zero in sorted(term, key=str) if zero and f not in known.values() for s in _linear(f)), None
        )
        if solved is None:
            break
        symbol, equation = solved
        known[symbol] = equation
        value = sp.expand(symbol - equation) if equation.coeff(symbol) == 1 else sp.expand(symbol + equation)
        fresh: set[Literal] = {(equation, True)}
        for f, zero in term:
            if f == equation and zero:
                continue
            parts = _irreducible(f.subs(symbol, value)) if symbol in f.free_symbols else {f}
            parts -= {g for g, other in term if zero and not other}
            if sp.S.Zero in parts:
                if not zero:
                    return None
                continue
            if zero and len(parts) != 1:
                if not parts:
                    return None
                fresh.add((sp.Mul(*parts), True))
                continue
            fresh |= {(p, zero) for p in parts}
        term = frozenset(fresh)
    return None if any((f, not zero) in term for f, zero in term) or (sp.S.Zero, False) in term else term


def _linear(f: Any) -> list[Any]:
    """The symbols that f = 0 gives in terms of the others."""
    return [
        s
        for s in sorted(f.free_symbols, key=str, reverse=True)
        if f.coeff(s) in (1, -1) and s not in (f - f.coeff(s) * s).free_symbols
    ]


def _shortened(terms: set[frozenset[Literal]]) -> set[frozenset[Literal]]:
    """Alternatives without what the others leave them: p != 0 or (p = 0 and ...) is p != 0 or (...)."""
    changing = True
    while changing:
        changing = False
        for term in sorted(terms, key=lambda t: sorted(map(str, t))):
            for f, zero in sorted(term, key=str):
                rest = term - {(f, zero)}
                if any(other <= rest | {(f, not zero)} for other in terms if other != term):
                    terms = (terms - {term}) | {rest}
                    terms = {t for t in terms if not any(other < t for other in terms)}
                    changing = True
                    break
            if changing:
                break
    return terms


def _written(term: frozenset[Literal]) -> Any:
    apart = sorted((f for f, zero in term if not zero), key=sp.default_sort_key)
    equations = [sp.Eq(f, 0) for f, zero in term if zero]
    return sp.And(*equations, *([sp.Ne(sp.Mul(*apart), 0)] if apart else []))
