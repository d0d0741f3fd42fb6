"""Differences that lose digits near saturation, such as 1 - tanh(a)^2, and what the code computes instead.

A function class of rnnsym's own may bring `without_cancellation`. May import: vectors.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import sympy as sp

from rnnsym.vectors import Entrywise, slot


class Sech2(sp.Function):
    """1 - tanh(x)^2, computed without cancellation; lives only inside this room."""

    array_helper = ("_sech2", "")


class Column(sp.Symbol):
    """A scalar symbol that stands for a column in a scalar expression."""

    column: Any


@lru_cache(maxsize=4096)
def column_symbol(column: Any) -> Column:
    # The name says everything that the column is: SymPy takes symbols of one name for one symbol.
    symbol = sp.Symbol.__xnew__(Column, sp.srepr(column), real=True)
    symbol.column = column
    return symbol


def stable(expression: Any, where: Mapping[Any, Any], inputs: Mapping[Any, str]) -> Any:
    """1 - y^2 of a known y = tanh(a), and the like, written in a, where no digits are lost."""
    table = {}
    for y in expression.atoms(sp.Symbol, Column):
        origin = y.column if isinstance(y, Column) else y
        if origin in where and origin not in inputs:
            definition = where[origin]
            a = body(definition) if isinstance(definition, Entrywise) else definition
            table.update(_without_cancellation(a, y))
    for f in expression.atoms(sp.Function):
        table.update(_without_cancellation(f, f))
    if not table:
        return expression
    sums = {k: v for k, v in table.items() if k.is_Add}
    for e in expression.atoms(sp.Add) if sums else ():  # SymPy writes -2 (1 - y^2) as 2 y^2 - 2
        for key, value in sums.items():
            ratio = _ratio(e, key)
            if ratio is not None:
                table[e] = ratio * value
    return expression.xreplace(table)


def body(expression: Entrywise) -> Any:
    """The scalar expression of a column, its slots replaced by symbols that know their column."""
    return expression.body.xreplace({slot(k): column_symbol(c) for k, c in enumerate(expression.columns, 1)})


def _without_cancellation(function: Any, y: Any) -> dict[Any, Any]:
    """Subexpressions of y = function(a) that lose digits near saturation, and what to compute instead."""
    if isinstance(function, sp.tanh):
        return {1 - y**2: Sech2(function.args[0])}
    if isinstance(function, sp.atan):
        return {sp.cos(y) ** 2: 1 / (1 + function.args[0] ** 2)}
    own = getattr(function, "without_cancellation", None)
    return own(y) if own is not None else {}


def _ratio(e: Any, key: Any) -> Any:
    """The number c with e = c key, for two sums; or None."""
    if len(e.args) != len(key.args):
        return None
    ours, theirs = e.as_coefficients_dict(), key.as_coefficients_dict()
    ratios = {ours[k] / c if k in ours else None for k, c in theirs.items()}
    return ratios.pop() if len(ratios) == 1 else None
