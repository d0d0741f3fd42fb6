"""Assumptions of a cell's user: read, added to `given`, and refused where they contradict each other.

A contradiction is found where the conditions on one symbol, polynomial in it, hold nowhere on the line: decided exactly
by trying the roots of all sides and a point between each two neighbors. What is beyond that is not decided here; a
hypothesis that no draw meets is "nothing tried" in the end. May import: everything to the left of `cells`, the record.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from itertools import product
from typing import Any

import sympy as sp
from sympy.core.relational import Relational

from rnnsym.cells.record import Cell
from rnnsym.reader import read
from rnnsym.result import SpecError, is_condition

DEGREE = 8  # of a condition whose roots are taken


def assume(cell: Cell, given: Any) -> Cell:
    """The cell with more hypotheses: text such as "0 < w < 1", SymPy conditions, or a list of them.

    Raises: SpecError if they cannot hold together.

    >>> from rnnsym.cells.plain import elman
    >>> assume(elman(W_h=sp.Symbol("w", real=True)), "w > 1").given
    w > 1
    """
    conditions = [given] if isinstance(given, str) or not isinstance(given, Iterable) else list(given)
    for condition in conditions:
        new = _condition(cell, condition)
        both = sp.And(cell.given, new)
        if (name := contradiction(both)) is not None:
            others = f" together with {cell.given}" if cell.given != sp.true else ""
            where = f" of {name}" if name else ""
            raise SpecError(f"{condition} cannot hold{others}: no value{where} meets all of it; leave one out")
        cell = replace(cell, given=both)
    return cell


def _condition(cell: Cell, condition: Any) -> Any:
    if isinstance(condition, str):
        symbols = (*cell.parameters, *cell.sizes, *(e for _, t in cell.binding for e in t))
        names = {s.name: s for s in symbols if s.is_Symbol}
        return read(condition, names, condition=True, what="assumption")
    if isinstance(condition, bool):
        return sp.S(condition)
    if not is_condition(condition):
        raise SpecError(f"{condition!r} is no condition; write one such as 'w > 0'")
    return condition


def contradiction(given: Any) -> str | None:
    """The name of a symbol for which conditions cannot hold together ("" if they are false as they stand), or None.

    >>> w = sp.Symbol("w", real=True)
    >>> contradiction(sp.And(w > 1, abs(w) < 1))
    'w'
    """
    if given == sp.false:
        return ""
    single: dict[Any, list[Any]] = {}
    for part in given.args if isinstance(given, sp.And) else (given,):
        free = list(part.free_symbols)
        if isinstance(part, Relational) and len(free) == 1 and isinstance(free[0], sp.Symbol):
            single.setdefault(free[0], []).append(part)
    for symbol, conditions in single.items():
        ordered = any(not c.atoms(sp.Abs) and not isinstance(c, sp.Eq | sp.Ne) for c in conditions)
        if not (symbol.is_extended_real or ordered):
            continue  # a complex number may meet what no real one does
        conditions += [test for word, test in _assumed(symbol) if getattr(symbol, f"is_{word}")]
        if _nowhere(symbol, conditions):
            return str(symbol.name)
    return None


def _assumed(symbol: Any) -> list[tuple[str, Any]]:
    kinds = (
        ("positive", sp.Gt),
        ("negative", sp.Lt),
        ("nonnegative", sp.Ge),
        ("nonpositive", sp.Le),
        ("nonzero", sp.Ne),
    )
    return [(word, relation(symbol, 0, evaluate=False)) for word, relation in kinds]


def _nowhere(symbol: Any, conditions: list[Any]) -> bool:
    """Whether the conditions, polynomial in the symbol and absolute values of it, hold at no real number."""
    point = sp.Dummy("w", real=True)
    tests = [
        c.func(c.lhs.xreplace({symbol: point}), c.rhs.xreplace({symbol: point}), evaluate=False) for c in conditions
    ]
    roots: set[Any] = set()
    for test in tests:
        found = _roots(test.lhs - test.rhs, point)
        if found is None:
            return False
        roots |= found
    order = sorted(roots)
    if not order:
        places = [sp.Integer(0)]
    else:
        between = [(a + b) / 2 for a, b in zip(order, order[1:], strict=False)]
        places = [order[0] - 1, *order, *between, order[-1] + 1]
    return not any(all(_holds(test, point, place) for test in tests) for place in places)


def _roots(gap: Any, point: Any) -> set[Any] | None:
    """The real points where lhs - rhs may change its sign; None where they are not found exactly."""
    moduli = sorted(gap.atoms(sp.Abs), key=str)
    if len(moduli) > 3 or sp.count_ops(gap) > 100:
        return None
    found: set[Any] = set()
    gaps = [m.args[0] for m in moduli]
    gaps += [
        gap.xreplace({m: s * m.args[0] for m, s in zip(moduli, signs, strict=True)})
        for signs in product((1, -1), repeat=len(moduli))
    ]
    for e in gaps:
        try:
            polynomial = sp.Poly(e, point)
        except sp.PolynomialError:
            return None
        if not all(c.is_Rational for c in polynomial.all_coeffs()) or polynomial.degree() > DEGREE:
            return None
        found |= set(polynomial.real_roots(multiple=True)) if polynomial.degree() > 0 else set()
    return found


def _holds(test: Any, point: Any, place: Any) -> bool:
    """False only if the condition is certainly false at the place."""
    value = test.func(test.lhs.subs(point, place), test.rhs.subs(point, place))
    return bool(value != sp.false)
