"""Digits that array code loses where the cases of a closed form meet: estimated from the formula, recomputed in mpmath.

A closed form by cases, (f(a) - f(b))/(a - b) where a is not b and f'(a) where it is, is right everywhere and loses digits
near a = b: those by which the terms of a denominator exceed the denominator itself. `loss` writes that factor, sum |t_i|
over |sum t_i|, as a formula of its own: products multiply it, sums keep it, a root takes its root, a named quantity hands
it on. Where it exceeds LIMIT, the floats given are taken as exact and the value is computed with many digits.

May import: result.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import mpmath
import numpy as np
import sympy as sp

from rnnsym.result import Result

LIMIT = 1e5  # of the factor by which rounding errors grow: 11 digits are left
DIGITS = 100  # enough for the divided differences of five eigenvalues that differ in the last place


def divides_by_cases(result: Result) -> bool:
    """Whether some case of a right side, or of what it is named by, divides by an expression in symbols."""
    parts = [result.rhs, *(e for _, e in result.where)]
    return any(
        power.exp.is_negative and power.free_symbols
        for part in parts
        if isinstance(part, sp.Basic)
        for cases in part.atoms(sp.Piecewise)
        for power in cases.atoms(sp.Pow)
    )


def loss(result: Result) -> Result:
    """The factor by which the formula of a result may lose digits, as a result with the same arguments."""
    known: dict[Any, Any] = {}
    where: list[tuple[Any, Any]] = []
    for symbol, definition in result.where:
        where.append((symbol, definition))
        factor = sp.S.One if getattr(definition, "is_Matrix", False) else _loss(definition, known)
        if factor != 1:
            known[symbol] = sp.Symbol(f"loss_{symbol.name}", real=True)
            where.append((known[symbol], factor))
    rhs = result.rhs
    entries = list(rhs) if isinstance(rhs, sp.MatrixBase) else [] if getattr(rhs, "is_Matrix", False) else [rhs]
    total = _most([_loss(e, known) for e in entries])
    return replace(result, lhs=sp.Symbol("loss"), rhs=total, where=tuple(where), steps=())


def _loss(e: Any, known: Mapping[Any, Any]) -> Any:
    if e in known:
        return known[e]
    if not e.args:
        return sp.S.One
    if isinstance(e, sp.Piecewise):
        rows = [(_loss(branch, known), condition) for branch, condition in e.args]
        return sp.S.One if all(factor == 1 for factor, _ in rows) else sp.Piecewise(*rows)
    factors = [_loss(a, known) for a in e.args]
    if e.is_Mul:
        return sp.Mul(*factors)
    if e.is_Pow and e.exp.is_Rational:
        whole = factors[0] * (_cancellation(e.base) if e.exp.is_negative else 1)
        return whole ** abs(e.exp) if e.exp.is_negative or not e.exp.is_Integer else whole
    return _most(factors)


def _most(factors: list[Any]) -> Any:
    """A bound of the largest, for factors that are at least 1."""
    found = [f for f in factors if f != 1]
    return sp.Add(*found) if found else sp.S.One


def _cancellation(e: Any) -> Any:
    """sum |t_i| / |sum t_i|."""
    if e.is_Mul:
        return sp.Mul(*(_cancellation(f) for f in e.args))
    if e.is_Pow and e.exp.is_Rational:
        return _cancellation(e.base) ** abs(e.exp)
    return sp.Add(*(sp.Abs(t) for t in e.args)) / sp.Abs(e) if e.is_Add else sp.S.One


def refined(
    value: Any,
    arrays: Mapping[Any, Any],
    factor: Any,
    precise: Callable[[Mapping[Any, Any]], Any],
    core: Callable[[Any], int],
    rank: int,
) -> Any:
    """The value with those of its batch items recomputed whose factor is too large; rank: the axes of one item."""
    value = np.asarray(value)
    batch = value.shape[: value.ndim - rank]
    places = np.argwhere(~(np.broadcast_to(factor, batch) <= LIMIT))
    if not len(places):
        return value
    chosen = {}
    for symbol, v in arrays.items():
        wide = np.broadcast_to(v, batch + v.shape[v.ndim - core(symbol) :])
        chosen[symbol] = np.stack([wide[tuple(p)] for p in places])
    with mpmath.workdps(DIGITS):
        found = np.broadcast_to(np.asarray(precise(chosen)), (len(places), *value.shape[value.ndim - rank :]))
        numbers = np.array([_number(v) for v in found.flat]).reshape(found.shape)
    result = value.astype(np.result_type(value, numbers))
    for p, v in zip(places, numbers, strict=True):
        result[tuple(p)] = v
    return result


def _number(value: Any) -> Any:
    number = mpmath.mpmathify(value)
    return complex(number) if isinstance(number, mpmath.mpc) and number.imag != 0 else float(mpmath.re(number))
