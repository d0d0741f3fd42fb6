"""Columns and matrices of symbolic size written in entries, and values put in for symbols.

May import: result, vectors.columns.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sympy as sp
from sympy.core.relational import Relational

from rnnsym.result import ShapeError
from rnnsym.vectors.columns import Diagonal, Entrywise, diagonal, factors_of, linear, slot, total


def explicit(expression: Any, binding: Mapping[Any, Any]) -> Any:
    """The expression as an ImmutableDenseMatrix of entries, its symbols replaced by the matrices of `binding`."""
    if isinstance(expression, sp.MatrixBase):
        return expression.as_immutable()
    if isinstance(expression, sp.MatrixSymbol):
        if expression not in binding:
            raise ShapeError(f"{expression} has no entries; give its size or its matrix")
        return binding[expression]
    if isinstance(expression, Entrywise):
        columns = [explicit(c, binding) for c in expression.columns]
        names = [slot(k) for k in range(1, len(columns) + 1)]
        rows = range(int(expression.shape[0]))
        entries = [[expression.body.xreplace({s: c[i, 0] for s, c in zip(names, columns, strict=True)})] for i in rows]
        return sp.ImmutableMatrix(entries)
    if isinstance(expression, sp.MatMul):
        coefficient, factors = factors_of(expression)
        product = explicit(factors[0], binding)
        for f in factors[1:]:
            product = product * explicit(f, binding)
        return (coefficient * product).as_immutable()
    if isinstance(expression, sp.MatAdd):
        result = explicit(expression.args[0], binding)
        for term in expression.args[1:]:
            result = result + explicit(term, binding)
        return result
    if isinstance(expression, Diagonal):
        return sp.ImmutableMatrix(sp.diag(*explicit(expression.arg, binding)))
    if isinstance(expression, sp.Transpose):
        return explicit(expression.arg, binding).T
    if isinstance(expression, sp.KroneckerProduct):
        result = explicit(expression.args[0], binding)
        for factor in expression.args[1:]:
            result = sp.ImmutableMatrix(sp.kronecker_product(result, explicit(factor, binding)))
        return result
    if isinstance(expression, sp.BlockMatrix):
        blocks = expression.blocks
        stacked = [
            sp.Matrix.hstack(*(sp.Matrix(explicit(b, binding)) for b in blocks[i, :])) for i in range(blocks.rows)
        ]
        return sp.ImmutableMatrix(sp.Matrix.vstack(*stacked))
    if isinstance(expression, sp.Identity | sp.ZeroMatrix | sp.OneMatrix):
        return expression.as_explicit()
    if isinstance(expression, sp.MatPow):
        return explicit(expression.base, binding) ** expression.exp
    raise ShapeError(f"{expression} has no explicit form")


def _put(expression: Any, scalars: dict[Any, Any]) -> Any:
    """Values for scalar symbols; the cases of a Piecewise in order, as a later one may make no sense where an earlier holds."""
    if not expression.has(sp.Piecewise):
        return expression.subs(scalars, simultaneous=True)
    if isinstance(expression, sp.Piecewise):
        cases: list[tuple[Any, Any]] = []
        for value, condition in expression.args:
            holds = _put(condition, scalars)
            if holds != sp.false:
                cases.append((_put(value, scalars), holds))
            if holds == sp.true:
                break
        return sp.Piecewise(*cases)
    if isinstance(expression, sp.MatrixBase):
        return expression.applyfunc(lambda e: _put(e, scalars))
    if isinstance(expression, sp.Add | sp.Mul | sp.Pow | sp.Tuple | sp.And | sp.Or | sp.Not | Relational):
        return expression.func(*(_put(e, scalars) for e in expression.args))
    return expression.subs(scalars, simultaneous=True)


def _tidied(expression: Any) -> Any:
    """Sums and products written anew where a value made a diagonal or a factor trivial: 0 W + 1 I is I."""
    if isinstance(expression, Diagonal):
        return diagonal(expression.arg) if isinstance(expression.arg, Entrywise | sp.ZeroMatrix) else expression
    if not isinstance(expression, sp.MatAdd | sp.MatMul):
        return expression
    if isinstance(expression, sp.MatAdd):
        terms = tuple(_tidied(term) for term in expression.args)
        return expression if terms == expression.args else total(*terms)
    coefficient, factors = factors_of(expression)
    made = [_tidied(factor) for factor in factors]
    if made == list(factors) and coefficient != 0 and expression.args[0] != 1:
        return expression
    if coefficient != 1:
        made[-1] = sp.MatMul(coefficient, made[-1], evaluate=False)
    return linear(*made)


def substitute(expression: Any, scalars: Mapping[Any, Any], matrices: Mapping[Any, Any]) -> Any:
    """Values put in for scalar symbols and for MatrixSymbols; a matrix of numbers fixes the sizes everywhere."""
    sizes: dict[Any, Any] = {}
    for symbol, value in matrices.items():
        if not hasattr(value, "shape"):
            rows, columns = symbol.shape
            raise ShapeError(f"{symbol} is {rows} x {columns}; give a matrix of that size, got {value}")
        for size, given in zip(symbol.shape, value.shape, strict=True):
            if size != given and not size.is_Symbol:
                raise ShapeError(f"{symbol} is {symbol.shape}, got {value.shape}")
            if size != given and sizes.setdefault(size, given) != given:
                raise ShapeError(f"{symbol} would make {size} both {sizes[size]} and {given}")
    if sizes:
        expression = expression.subs(sizes, simultaneous=True)
    if scalars:
        expression = _tidied(_put(expression, dict(scalars)))
    if matrices:
        table = {}
        for symbol, value in matrices.items():
            resized = sp.MatrixSymbol(symbol.name, *(s.subs(sizes) for s in symbol.shape))
            table[resized] = value
        expression = expression.xreplace(table)
    return expression
