"""The normal form of columns, and products and sums of matrices with diagonal factors merged.

May import: result, SymPy.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

import sympy as sp
from sympy.matrices.expressions.hadamard import HadamardPower, HadamardProduct
from sympy.printing.precedence import precedence

from rnnsym.result import ShapeError


class Slot(sp.Symbol):
    """The place of one column inside the body of an Entrywise; never equal to a symbol of the user's."""

    is_slot = True


@lru_cache(maxsize=256)
def slot(index: int) -> Slot:
    """The slot of column number `index`, from 1."""
    return Slot(f"_{index}", real=True)


class Entrywise(sp.MatrixExpr):
    """A scalar expression applied to each row of some columns; shape (size, 1).

    >>> n = sp.Symbol("n", integer=True, positive=True)
    >>> h = sp.MatrixSymbol("h", n, 1)
    >>> entrywise(lambda y: 1 - y**2, h)
    1 - h**2
    """

    def __new__(cls, body: Any, size: Any, *atoms: Any) -> Any:
        """The normal form: nested bodies merged, equal columns shared, unused ones dropped."""
        found: dict[Any, Slot] = {}
        body = sp.S(body).xreplace({slot(i): _body(a, found) for i, a in enumerate(atoms, 1)})
        used = body.atoms(Slot)
        kept = [(a, s) for a, s in found.items() if s in used]
        if len(kept) < len(found):
            body = body.xreplace({s: slot(i) for i, (_, s) in enumerate(kept, 1)})
        size = sp.S(size)
        if body == 0:
            return sp.ZeroMatrix(size, 1)
        if len(kept) == 1 and body == slot(1):
            return kept[0][0]
        return sp.MatrixExpr.__new__(cls, body, size, *(a for a, _ in kept))

    @property
    def body(self) -> Any:
        return self.args[0]

    @property
    def columns(self) -> tuple[Any, ...]:
        return self.args[2:]

    @property
    def shape(self) -> tuple[Any, Any]:
        return self.args[1], sp.S.One

    @property
    def free_symbols(self) -> set[Any]:
        own = {s for s in self.body.free_symbols if not isinstance(s, Slot)}
        return own.union(self.args[1].free_symbols, *(c.free_symbols for c in self.columns))

    @property
    def precedence(self) -> int:
        return precedence(self.body)

    def _entry(self, i: Any, j: Any, **_: Any) -> Any:
        return self.body.xreplace({slot(k): c[i, 0] for k, c in enumerate(self.columns, 1)})

    def _eval_transpose(self) -> Any:
        return sp.Transpose(self)

    def doit(self, **_: Any) -> Any:
        return self

    def _sympystr(self, printer: Any) -> str:
        return printer._print(self.written(printer._print))

    def written(self, text: Callable[[Any], str]) -> Any:
        """The body with each column replaced by a symbol that prints as the column does."""
        return self.body.xreplace({slot(k): written_column(c, text) for k, c in enumerate(self.columns, 1)})

    def _latex(self, printer: Any) -> str:
        return printer._print(self.written(printer._print))


class Written(sp.Symbol):
    """A symbol that stands for a column on the page; a product of matrix and column binds like a product."""

    precedence: int


class Diagonal(sp.DiagMatrix):
    """diag(v) of a column v."""

    @property
    def arg(self) -> Any:
        return self.args[0]

    def _sympystr(self, printer: Any) -> str:
        return f"diag({printer._print(self.arg)})"


def written_column(column: Any, text: Callable[[Any], str]) -> Written:
    symbol = Written(text(column))
    symbol.precedence = 50 if isinstance(column, sp.MatMul | sp.MatAdd) else 1000
    return symbol


def _body(column: Any, found: dict[Any, Slot]) -> Any:
    """The scalar expression of a column in the slots of `found`, which grows by the columns it meets."""
    if isinstance(column, Entrywise):
        inner = {slot(i): _body(c, found) for i, c in enumerate(column.columns, 1)}
        return column.body.xreplace(inner)
    if isinstance(column, sp.MatAdd):
        return sp.Add(*(_body(c, found) for c in column.args))
    if isinstance(column, HadamardProduct):
        return sp.Mul(*(_body(c, found) for c in column.args))
    if isinstance(column, HadamardPower):
        return _body(column.base, found) ** column.exp
    if type(column).__name__ == "ElementwiseApplyFunction":
        function = column.function
        return function.expr.xreplace({function.variables[0]: _body(column.expr, found)})
    if isinstance(column, sp.OneMatrix):
        return sp.S.One
    if isinstance(column, sp.ZeroMatrix):
        return sp.S.Zero
    if isinstance(column, sp.MatMul):
        coefficient, factors = factors_of(column)
        if not factors:
            raise ShapeError(f"{column} is a scalar, a column is needed")
        if isinstance(factors[0], Diagonal):
            return coefficient * _body(factors[0].arg, found) * _body(linear(*factors[1:]), found)
        if len(factors) == 1:
            return coefficient * _body(factors[0], found)
        column = linear(*factors)
        if not isinstance(column, sp.MatMul):
            return coefficient * _body(column, found)
        return coefficient * found.setdefault(column, slot(len(found) + 1))
    return found.setdefault(column, slot(len(found) + 1))


def entrywise(function: Callable[..., Any], *columns: Any) -> Any:
    """`function` of scalars, applied to each row of the columns, in normal form."""
    if not columns:
        raise ShapeError("entrywise needs at least one column; write a constant as c * OneMatrix(n, 1)")
    size = columns[0].shape[0]
    for c in columns:
        if c.shape[1] != 1 or c.shape[0] != size:
            raise ShapeError(f"{c} has shape {c.shape}, {columns[0]} has {columns[0].shape}; columns must agree")
    return Entrywise(function(*(slot(i) for i in range(1, len(columns) + 1))), size, *columns)


def column(expression: Any) -> Any:
    """The normal form of any SymPy column expression.

    >>> n = sp.Symbol("n", integer=True, positive=True)
    >>> a, b = sp.MatrixSymbol("a", n, 1), sp.MatrixSymbol("b", n, 1)
    >>> column(HadamardProduct(a, b) + 2 * a)
    a*b + 2*a
    """
    if isinstance(expression, sp.MatrixBase | sp.BlockMatrix):
        return expression
    if expression.shape[1] != 1:
        raise ShapeError(f"{expression} has shape {expression.shape}; a column has one column")
    return Entrywise(slot(1), expression.shape[0], expression)


def factors_of(product: Any) -> tuple[Any, list[Any]]:
    """A matrix product as (scalar coefficient, matrix factors)."""
    if not isinstance(product, sp.MatMul):
        return sp.S.One, [product]
    coefficient, factors = sp.S.One, []
    for factor in product.args:
        if isinstance(factor, sp.DiagMatrix) and not isinstance(factor, Diagonal):
            factors.append(Diagonal(*factor.args))
        elif factor.is_Matrix:
            inner, rest = factors_of(factor)
            coefficient, factors = coefficient * inner, factors + rest
        else:
            coefficient *= factor
    return coefficient, factors


def linear(*factors: Any) -> Any:
    """Product of matrices, latest on the left, with diagonal factors merged and a scalar drawn into one of them."""
    coefficient, flat = sp.S.One, []
    for f in factors:
        c, parts = factors_of(f) if isinstance(f, sp.MatMul) else (sp.S.One, [f])
        coefficient *= c
        flat += parts
    rows, columns = flat[0].shape[0], flat[-1].shape[1]
    for left, right in zip(flat, flat[1:], strict=False):
        if left.shape[1] != right.shape[0]:
            raise ShapeError(f"{left} is {left.shape}, {right} is {right.shape}; the inner sizes must agree")
    if coefficient == 0 or any(isinstance(f, sp.ZeroMatrix) for f in flat):
        return sp.ZeroMatrix(rows, columns)
    merged: list[Any] = []
    for f in flat:
        if isinstance(f, sp.Identity):
            continue
        if merged and isinstance(f, Diagonal) and isinstance(merged[-1], Diagonal):
            merged[-1] = diagonal(entrywise(lambda a, b: a * b, merged[-1].arg, f.arg))
        elif merged and isinstance(merged[-1], Diagonal) and f.shape[1] == 1 and f.shape[0] != 1:
            merged[-1] = entrywise(lambda a, b: a * b, merged[-1].arg, column(f))
        else:
            merged.append(f)
    if coefficient != 1:
        spot = next((i for i, f in enumerate(merged) if isinstance(f, Diagonal)), None)
        if spot is not None:
            merged[spot] = diagonal(entrywise(lambda a: coefficient * a, merged[spot].arg))
            coefficient = sp.S.One
    if not merged:
        merged = [sp.Identity(rows)]
    if coefficient == 1:
        return merged[0] if len(merged) == 1 else sp.MatMul(*merged, evaluate=False)
    return sp.MatMul(coefficient, *merged, evaluate=False)


def total(*terms: Any) -> Any:
    """Sum of matrices, with zeros dropped and diagonal terms merged."""
    flat: list[Any] = []
    for t in terms:
        flat += t.args if isinstance(t, sp.MatAdd) else [t]
    diagonals, others = [], []
    for t in flat:
        coefficient, factors = factors_of(t)
        if isinstance(t, sp.ZeroMatrix):
            continue
        if isinstance(t, Diagonal):
            diagonals.append(t.arg)
        elif len(factors) == 1 and isinstance(factors[0], sp.Identity):
            diagonals.append(coefficient * sp.OneMatrix(factors[0].shape[0], 1))
        else:
            others.append(t)
    if diagonals:
        size = diagonals[0].shape[0]
        body = Entrywise(sp.Add(*(slot(i) for i in range(1, len(diagonals) + 1))), size, *diagonals)
        merged = diagonal(body)
        if not isinstance(merged, sp.ZeroMatrix):
            others.insert(0, merged)
    if not others:
        return sp.ZeroMatrix(*flat[0].shape)
    return others[0] if len(others) == 1 else sp.MatAdd(*others, evaluate=False)


def diagonal(vector: Any) -> Any:
    """diag(vector); of a constant column c it is c times the identity."""
    vector = column(vector)
    if isinstance(vector, sp.ZeroMatrix):
        return sp.ZeroMatrix(vector.shape[0], vector.shape[0])
    if isinstance(vector, Entrywise) and not vector.columns:
        identity = sp.Identity(vector.shape[0])
        return identity if vector.body == 1 else sp.MatMul(vector.body, identity, evaluate=False)
    return Diagonal(vector)


def stack(blocks: Sequence[Sequence[Any]]) -> Any:
    """A matrix of blocks; one block alone stays what it is."""
    if len(blocks) == 1 and len(blocks[0]) == 1:
        return blocks[0][0]
    return sp.BlockMatrix([list(row) for row in blocks])


def transposed(matrix: Any) -> Any:
    """The transpose of a symbol, product, sum or diagonal matrix."""
    if isinstance(matrix, Diagonal | sp.Identity):
        return matrix
    if isinstance(matrix, sp.ZeroMatrix):
        return sp.ZeroMatrix(matrix.shape[1], matrix.shape[0])
    if isinstance(matrix, sp.Transpose):
        return matrix.arg
    if isinstance(matrix, sp.MatrixBase):
        return matrix.T
    if isinstance(matrix, sp.MatAdd):
        return total(*(transposed(t) for t in matrix.args))
    if isinstance(matrix, sp.MatMul):
        coefficient, factors = factors_of(matrix)
        product = linear(*(transposed(f) for f in reversed(factors)))
        return product if coefficient == 1 else linear(sp.MatMul(coefficient, product, evaluate=False))
    return sp.Transpose(matrix)
