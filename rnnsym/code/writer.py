"""The writer: expressions to the text of array code, one assignment for each value that is used twice.

May import: result, reader, vectors, code.helpers, code.text, code.cancellation, code.scalars. A new kind of matrix node
is one branch of `_matrix` or `column`.
"""

from __future__ import annotations

from typing import Any

import sympy as sp

from rnnsym.code.cancellation import body, stable
from rnnsym.code.scalars import ScalarWriter
from rnnsym.code.text import bracketed_text, is_simple, matrix_scalar
from rnnsym.reader import check_name
from rnnsym.result import NoClosedForm
from rnnsym.vectors import Diagonal, Entrywise


class Writer(ScalarWriter):
    """The writer of scalars, columns and matrices."""

    def text(self, value: Any) -> str:
        """Text of a scalar, a table of scalars, a column as an n by 1 matrix, or a matrix."""
        if isinstance(value, sp.MatrixBase):
            return self._table(value, None)
        if getattr(value, "is_Matrix", False):
            return self.matrix(value)
        return self.scalar(self.stable(value), 0)

    # scalars
    def value(self, symbol: Any) -> str:
        """The text of an input or of a named quantity, which is computed when first asked for."""
        if symbol in self.inputs:
            return self.inputs[symbol]
        if symbol in self.names:
            return self.names[symbol]
        if symbol not in self.where:
            raise NoClosedForm(f"{symbol} is neither an argument nor defined")
        definition = self.where[symbol]
        is_column = getattr(definition, "is_Matrix", False)
        if is_column and definition.shape[1] != 1:
            text = self.matrix(definition)
        else:
            text = self.column(definition) if is_column else self.scalar(self.stable(definition), 0)
        name = self.fresh(symbol.name)
        self.lines.append(f"{name} = {text}")
        self.names[symbol] = name
        return name

    def stable(self, expression: Any) -> Any:
        """The expression without the differences that lose digits."""
        return stable(expression, self.where, self.inputs)

    def column(self, e: Any) -> str:
        """Text of a column, shape (..., n)."""
        if isinstance(e, sp.MatrixSymbol):
            return self.value(e)
        if (before := self.again(e)) is not None:
            return before
        if isinstance(e, Entrywise):
            if not e.columns:
                return self.scalar(e.body, 1)
            return self.named(e, self.scalar(self.stable(body(e)), 1), "v")
        if isinstance(e, sp.MatMul):
            coefficient, factors = _split(e)
            text = self.column(factors[-1])
            for f in reversed(factors[:-1]):
                text = self._apply(f, text)
            if coefficient != 1:
                text = f"{self._scalar(coefficient, 1, 3)} * {bracketed_text(text)}"
            return self.named(e, text, "a")
        if isinstance(e, sp.MatrixBase):
            return self._table(e, 0)
        if isinstance(e, sp.ZeroMatrix | sp.OneMatrix):
            raise NoClosedForm("a constant column of unknown size")
        raise NoClosedForm(f"no array code for {type(e).__name__}: {e}")

    def _apply(self, matrix: Any, text: str) -> str:
        if isinstance(matrix, Diagonal):
            return f"{bracketed_text(self.column(matrix.arg))} * {bracketed_text(text)}"
        if isinstance(matrix, sp.Transpose) and matrix.shape[0] == 1:
            keep = "keepdim" if self.modules == "torch" else "keepdims"
            return f"({bracketed_text(self.column(matrix.arg))} * {bracketed_text(text)}).sum(-1, {keep}=True)"
        return f"{self.helper('_linear')}({self.matrix(matrix)}, {text})"

    def matrix(self, e: Any) -> str:
        """Text of a matrix, shape (..., rows, columns)."""
        if e.shape[1] == 1 and not isinstance(e, sp.MatrixBase | sp.Identity | sp.BlockMatrix):
            return f"{bracketed_text(self.column(e))}[..., :, None]"  # its name, if it has one, is that of the column
        if (before := self.again(e)) is not None:
            return before
        if isinstance(e, sp.MatrixSymbol):
            return self.value(e)
        return self.named(e, self._matrix(e), "M")

    def _matrix(self, e: Any) -> str:
        if isinstance(e, sp.MatMul):
            return self._matrix_product(e)
        if isinstance(e, sp.MatAdd):
            return self._matrix_sum(e)
        if isinstance(e, Diagonal):
            return f"{self.helper('_diagonal')}({self.column(e.arg)})"
        if isinstance(e, sp.Transpose):
            inner = e.arg
            if inner.shape[1] == 1:
                return f"{bracketed_text(self.column(inner))}[..., None, :]"
            return f"{self.matrix(inner)}.swapaxes(-1, -2)"
        if isinstance(e, sp.BlockMatrix):
            rows = [[self.matrix(b) for b in e.blocks[i, :]] for i in range(e.blocks.rows)]
            text = ", ".join("[" + ", ".join(row) + "]" for row in rows)
            return f"{self.helper('_blocks')}([{text}])"
        if isinstance(e, sp.KroneckerProduct):
            first, *rest = [self.matrix(a) for a in e.args]
            for part in rest:
                first = f"{self.helper('_kronecker')}({first}, {part})"
            return first
        if isinstance(e, sp.MatrixBase):
            return self._table(e, None)
        if isinstance(e, sp.Identity):
            return f"{'np' if self.modules == 'mpmath' else self.xp}.eye({self.size(e.shape[0])})"
        if isinstance(e, sp.ZeroMatrix):
            return f"{'np' if self.modules == 'mpmath' else self.xp}.zeros(({self.size(e.shape[0])}, {self.size(e.shape[1])}))"
        raise NoClosedForm(f"no array code for {type(e).__name__}: {e}")

    def size(self, size: Any) -> str:
        if size.is_Integer:
            return str(size)
        if size.is_Symbol:
            return f"_size_{check_name(size.name, 'size')}"
        if not all(
            isinstance(part, sp.Add | sp.Mul | sp.Pow | sp.Symbol | sp.Rational) for part in sp.preorder_traversal(size)
        ):
            raise NoClosedForm(f"no array code for the size {size}")
        named = {s: sp.Symbol(f"_size_{check_name(s.name, 'size')}") for s in size.free_symbols}
        return "(" + str(size.xreplace(named)) + ")"

    def _matrix_product(self, e: Any) -> str:
        coefficient, factors = _split(e)
        text = ""
        pending = list(factors)
        right = pending.pop()
        if isinstance(right, Diagonal) and pending:
            text, dense = self.matrix(pending.pop()), True
            text = f"{text} * {bracketed_text(self.column(right.arg))}[..., None, :]"
        else:
            text, dense = self.matrix(right), isinstance(right, sp.MatrixSymbol | sp.Transpose)
        for f in reversed(pending):
            if isinstance(f, Diagonal) and self.modules == "numpy" and isinstance(right, sp.MatrixSymbol) and dense:
                text = f"{self.helper('_scaled')}({self.column(f.arg)}, {text})"
            elif isinstance(f, Diagonal):
                text = f"{bracketed_text(self.column(f.arg))}[..., :, None] * {text if dense else bracketed_text(text)}"
            elif f.shape[1] == 1 and isinstance(right, sp.Transpose):
                text = f"{bracketed_text(self.column(f))}[..., :, None] * {bracketed_text(text)}"
            else:
                text = f"{bracketed_text(self.matrix(f))} @ {bracketed_text(text)}"
            dense = False
        return (
            text
            if coefficient == 1
            else f"{matrix_scalar(self._scalar(coefficient, 0, 3), coefficient)} * {bracketed_text(text)}"
        )

    def _matrix_sum(self, e: Any) -> str:
        diagonals = [t for t in e.args if isinstance(t, Diagonal)]
        identities = [t for t in e.args if _scaled_identity(t) is not None]
        others = [t for t in e.args if t not in diagonals and t not in identities]
        if not others:
            parts = [self.matrix(t) for t in e.args]
            return " + ".join(map(bracketed_text, parts))
        text = " + ".join(self._matrix_or_name(t) for t in others)
        fresh = len(others) > 1 or isinstance(others[0], sp.MatMul)
        for t in diagonals:
            text, fresh = f"{self.helper('_plus_diagonal')}({text}, {self.column(t.arg)}, {fresh})", True
        for t in identities:
            c = self._scalar(_scaled_identity(t), 1, 0)
            array = {"numpy": "np.asarray", "jax": "jnp.asarray", "torch": "torch.as_tensor", "mpmath": "np.asarray"}
            kind = ", dtype=object" if self.modules == "mpmath" else ""
            # at rank 1 what depends on symbols has its trailing axis already
            wide = c if _scaled_identity(t).free_symbols else f"{array[self.modules]}({c}{kind})[..., None]"
            text, fresh = f"{self.helper('_plus_diagonal')}({text}, {wide}, {fresh})", True
        return text

    def _matrix_or_name(self, e: Any) -> str:
        text = self.matrix(e)
        return text if is_simple(text) or isinstance(e, sp.MatMul) else f"({text})"

    def _table(self, e: Any, axis: int | None) -> str:
        if 0 in e.shape:
            shape = e.shape if axis is None else e.shape[:1]
            return f"{'np' if self.modules == 'mpmath' else self.xp}.zeros({tuple(map(int, shape))})"
        rows = ", ".join("[" + ", ".join(self.scalar(self.stable(v), 0) for v in e[i, :]) + "]" for i in range(e.rows))
        text = f"{self.helper('_table')}([{rows}])"
        return text if axis is None else f"{text}[..., {axis}]"


def _split(product: Any) -> tuple[Any, list[Any]]:
    scalars = [f for f in product.args if not f.is_Matrix]
    return sp.Mul(*scalars), [f for f in product.args if f.is_Matrix]


def _scaled_identity(term: Any) -> Any:
    if isinstance(term, sp.Identity):
        return sp.S.One
    if isinstance(term, sp.MatMul):
        coefficient, factors = _split(term)
        if len(factors) == 1 and isinstance(factors[0], sp.Identity):
            return coefficient
    return None
