"""The value of an expression by its definition: an interpreter of the expression tree in balls of any precision.

This is the independent side of every check. It knows what the symbols, sums, products and functions of an expression
mean, and it asks a defined quantity for its numerical definition; it never uses a closed form, and shares no line with
the array code that users run (`code`).

May import: result, exact, vectors. A new kind of matrix node is one line in `_MATRICES`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from functools import lru_cache, partial
from typing import Any

import numpy as np
import sympy as sp

from rnnsym.exact import balls, is_zero
from rnnsym.result import KinkError, NoClosedForm, RnnsymError, ShapeError
from rnnsym.vectors import Diagonal, Entrywise, explicit, slot, substitute


class Undefined(RnnsymError):
    """The quantity does not exist at this draw (a kink, a divergent sum, a singular matrix): the draw is skipped."""


class Numbers:
    """Values for symbols, and the value of any expression in them.

    values: Symbol -> number, MatrixSymbol -> two-dimensional table; numbers may be int, Fraction, Rational, float, ball.
    A size symbol (n, m) is an ordinary symbol with a whole number.

    >>> h = sp.MatrixSymbol("h", 2, 1)
    >>> balls.floats(Numbers({h: [[1], [2]]}).value(2 * h)).tolist()
    [[2.0], [4.0]]
    """

    def __init__(self, values: Mapping[Any, Any], digits: int = 60) -> None:
        self.given = dict(values)
        self.digits = digits
        self._memo: dict[Any, Any] = {}
        with balls.precision(digits):
            for symbol, value in self.given.items():
                if isinstance(symbol, sp.MatrixSymbol):
                    self._memo[symbol] = as_table(value)
                else:
                    self._memo[symbol] = balls.ball(value)
        self._sizes = {s: sp.Integer(int(v)) for s, v in self.given.items() if getattr(s, "is_integer", False)}

    def value(self, expression: Any) -> Any:
        """The value as a ball, or as an object array of balls of shape (rows, columns)."""
        with balls.precision(self.digits):
            return self._value(expression)

    def float(self, expression: Any) -> Any:
        """The value as a float or complex number, or a NumPy array of them."""
        with balls.precision(self.digits):
            found = self._value(expression)
            return balls.floats(found) if isinstance(found, np.ndarray) else balls.to_float(found)

    def truth(self, condition: Any) -> bool | None:
        """The truth value of a condition; None when the balls are too wide to tell."""
        with balls.precision(self.digits):
            return balls.condition(condition, self._value, self._exact)

    def size(self, expression: Any) -> int:
        """A symbolic size as a whole number."""
        number = sp.S(expression).xreplace(self._sizes)
        if not number.is_Integer:
            raise ShapeError(f"the size {expression} has no value")
        return int(number)

    def know(self, symbol: Any, value: Any) -> None:
        """Sets the value of a named quantity."""
        self._memo[symbol] = value

    def copy(self, values: Mapping[Any, Any], without: set[Any] | None = None) -> Numbers:
        """The same draw with the balls of some symbols replaced, and nothing known that depends on those `without`."""
        new = object.__new__(Numbers)
        new.given, new.digits, new._sizes = self.given, self.digits, self._sizes
        if without:
            new.given = {s: v for s, v in self.given.items() if s not in without}
            new._memo = {e: v for e, v in self._memo.items() if not (e.free_symbols & without)}
        else:
            new._memo = dict(self._memo)
        new._memo.update(values)
        return new

    def with_values(self, values: Mapping[Any, Any]) -> Numbers:
        """The same draw with some values replaced or added."""
        return Numbers({**self.given, **values}, self.digits)

    def exactly(self, expression: Any) -> sp.ImmutableDenseMatrix | None:
        """A matrix expression as rational numbers, if its entries are rational at this draw; otherwise None."""
        table = self._exact_table(expression)
        if table is None:
            return None
        numbers = [sp.Rational(v.numerator, v.denominator) for v in table.flat]
        return sp.ImmutableMatrix(*table.shape, numbers)

    def _exact_table(self, e: Any) -> Any:
        """The same as an object array of Fractions."""
        if isinstance(e, sp.MatrixBase):
            entries = [self._exact(entry) for entry in e]
            return None if any(v is None for v in entries) else np.array(entries, dtype=object).reshape(e.shape)
        if isinstance(e, sp.MatrixSymbol):
            return _fractions(self.given.get(e))
        if isinstance(e, sp.Identity | sp.ZeroMatrix | sp.OneMatrix):
            rows, columns = (self.size(s) for s in e.shape)
            units = np.ones((rows, columns)) if isinstance(e, sp.OneMatrix) else np.eye(rows, columns)
            units = units * (not isinstance(e, sp.ZeroMatrix))
            return np.array([Fraction(int(v)) for v in units.flat], dtype=object).reshape(rows, columns)
        if isinstance(e, sp.Transpose):
            inner = self._exact_table(e.arg)
            return None if inner is None else inner.T
        if isinstance(e, sp.MatPow) and e.exp.is_Integer and not e.exp.is_negative:
            inner = self._exact_table(e.base)
            return None if inner is None else _power(inner, int(e.exp))
        if isinstance(e, sp.MatAdd | sp.MatMul):
            parts: list[Any] = [
                self._exact_table(a) if getattr(a, "is_Matrix", False) else self._exact(a) for a in e.args
            ]
            if any(p is None for p in parts):
                return None
            total = parts[0]
            for part in parts[1:]:
                if isinstance(e, sp.MatAdd):
                    total = total + part
                else:
                    tables = isinstance(total, np.ndarray) and isinstance(part, np.ndarray)
                    total = total @ part if tables else total * part
            return total
        if isinstance(e, Diagonal):
            column = self._exact_table(e.arg)
            return None if column is None else np.diag(column[:, 0]) + Fraction(0)
        if isinstance(e, Entrywise):
            return self._exact_rows(e)
        if isinstance(e, sp.BlockMatrix):
            blocks = [[self._exact_table(b) for b in e.blocks[i, :]] for i in range(e.blocks.rows)]
            return None if any(b is None for row in blocks for b in row) else np.block(blocks)
        if isinstance(e, Defined):
            return self._exact_table(e.definition()) if hasattr(e, "definition") else None
        return self._substituted(e)

    def _exact_rows(self, e: Entrywise) -> Any:
        """An entrywise column as Fractions: its body is rational in each row, or there is no answer."""
        columns = [self._exact_table(c) for c in e.columns]
        if any(c is None for c in columns):
            return None
        rows = []
        for i in range(self.size(e.shape[0])):
            known = {slot(k): column[i, 0] for k, column in enumerate(columns, 1)}
            rows.append(balls.rational(e.body, partial(self._exact_slot, known)))
        return None if any(v is None for v in rows) else np.array(rows, dtype=object).reshape(len(rows), 1)

    def _exact_slot(self, known: Mapping[Any, Fraction], symbol: Any) -> Fraction | None:
        return known[symbol] if symbol in known else self._exact_leaf(symbol)

    def _substituted(self, expression: Any) -> Any:
        """The same for any other expression, by putting the values in."""
        table = {}
        for symbol, value in self.given.items():
            rational = _rational_table(value) if isinstance(symbol, sp.MatrixSymbol) else _rational(value)
            if rational is None:
                if symbol in expression.free_symbols:
                    return None
                continue
            table[symbol] = rational
        scalars = {s: v for s, v in table.items() if not isinstance(s, sp.MatrixSymbol)}
        resized = {sp.MatrixSymbol(s.name, *v.shape): v for s, v in table.items() if isinstance(s, sp.MatrixSymbol)}
        try:
            found = explicit(substitute(expression, scalars, {}), resized)
        except ShapeError:
            return None
        if not all(entry.is_Rational for entry in found):
            return None
        return np.array([Fraction(int(v.p), int(v.q)) for v in found], dtype=object).reshape(found.shape)

    def _value(self, expression: Any) -> Any:
        if expression in self._memo:
            return self._memo[expression]
        if isinstance(expression, Defined):
            found = expression.numerical(self)
        elif getattr(expression, "is_Matrix", False):
            found = self._matrix(expression)
        elif isinstance(expression, sp.matrices.expressions.matexpr.MatrixElement):
            table = self._value(expression.parent)
            found = table[self._place(expression, *table.shape)]
        elif isinstance(expression, sp.Symbol):
            raise NoClosedForm(f"{expression} has no value")
        else:
            found = balls.scalar(expression, self._leaf, self._exact)
        self._memo[expression] = found
        return found

    def _leaf(self, expression: Any) -> Any:
        if expression in self._memo or isinstance(expression, Defined | sp.Symbol):
            return self._value(expression)
        if isinstance(expression, sp.matrices.expressions.matexpr.MatrixElement):
            return self._value(expression)
        if isinstance(expression, sp.Sum):
            return self._sum(expression)
        raise NoClosedForm(f"no numerical definition of {type(expression).__name__}: {expression}")

    def _exact(self, expression: Any, of_zero: bool = False) -> Fraction | None:
        """The rational value of an expression in the given symbols, or None; of_zero: also 0 for roots that cancel."""
        found = balls.rational(expression, self._exact_leaf)
        return self._proved_zero(expression) if found is None and of_zero else found

    def _proved_zero(self, expression: Any) -> Fraction | None:
        """0 if an expression in rational values is 0 by proof, as sqrt(b^2) - b is for b > 0; balls tell only what is not."""
        if expression.has(Defined, sp.matrices.expressions.matexpr.MatrixElement, sp.Piecewise):
            return None
        values = {s: self._exact_leaf(s) for s in expression.free_symbols}
        if any(v is None for v in values.values()):
            return None
        number = expression.xreplace(
            {s: sp.Rational(v.numerator, v.denominator) for s, v in values.items() if v is not None}
        )
        try:
            return Fraction(0) if number.is_finite is not False and is_zero(number) is True else None
        except RnnsymError:  # it divides by 0 there
            return None

    def _exact_leaf(self, e: Any) -> Fraction | None:
        element = sp.matrices.expressions.matexpr.MatrixElement
        if isinstance(e, element) and isinstance(self.given.get(e.parent), list):
            table = self.given[e.parent]
            i, j = self._place(e, len(table), len(table[0]) if table else 0)
            value = table[i][j]
        else:
            value = self.given.get(e)
        found = _rational(value)
        return None if found is None else Fraction(int(found.p), int(found.q))

    def _place(self, element: Any, rows: int, columns: int) -> tuple[int, int]:
        """The row and the column of an entry, counted from 0: a negative one is not counted from the end."""
        i, j = self.size(element.i), self.size(element.j)
        if not (0 <= i < rows and 0 <= j < columns):
            raise ShapeError(
                f"{element} is entry ({i}, {j}) of a {rows} x {columns} table; rows and columns count from 0"
            )
        return i, j

    def _sum(self, expression: Any) -> Any:
        (index, low, high), *others = expression.limits
        if others or not (self.size(high) - self.size(low) < 10**5):
            raise NoClosedForm(f"{expression} is not a finite sum over one index")
        total = balls.ball(0)
        for k in range(self.size(low), self.size(high) + 1):
            try:
                term = at_index(expression.function, index, k).doit()
            except IndexError:  # SymPy's own, where the shape is known
                raise ShapeError(f"{expression} has no term at {index} = {k}: an entry outside of its matrix") from None
            total = total + self._value(term)
        return total

    def _matrix(self, expression: Any) -> Any:
        if isinstance(expression, sp.MatrixBase):
            entries = [self._value(e) for e in expression]
            return np.array(entries, dtype=object).reshape(expression.shape)
        for kind, evaluate in _MATRICES:
            if isinstance(expression, kind):
                return evaluate(self, expression)
        raise NoClosedForm(f"no numerical definition of {type(expression).__name__}: {expression}")

    def _entrywise(self, expression: Entrywise) -> Any:
        columns = {slot(k): self._value(c) for k, c in enumerate(expression.columns, 1)}
        found = balls.scalar(expression.body, lambda s: columns[s] if s in columns else self._leaf(s))
        if not isinstance(found, np.ndarray):
            return np.full((self.size(expression.shape[0]), 1), found, dtype=object)
        return found

    def _product(self, expression: Any) -> Any:
        result = None
        for factor in reversed(expression.args):
            value = self._value(factor)
            is_scalar = not isinstance(value, np.ndarray) or not isinstance(result, np.ndarray)
            result = value if result is None else value * result if is_scalar else value @ result
        return result

    def _blocks(self, expression: Any) -> Any:
        blocks = expression.blocks
        rows = [np.concatenate([self._value(b) for b in blocks[i, :]], axis=1) for i in range(blocks.rows)]
        return np.concatenate(rows, axis=0)

    def _constant(self, expression: Any) -> Any:
        rows, columns = (self.size(s) for s in expression.shape)
        one, zero = balls.ball(1), balls.ball(0)
        table = np.full((rows, columns), one if isinstance(expression, sp.OneMatrix) else zero, dtype=object)
        if isinstance(expression, sp.Identity):
            for i in range(rows):
                table[i, i] = one
        return table

    def _kronecker(self, expression: Any) -> Any:
        result = self._value(expression.args[0])
        for factor in expression.args[1:]:
            result = np.kron(result, self._value(factor))
        return result

    def _matrix_power(self, expression: Any) -> Any:
        base, exponent = self._value(expression.base), self.size(expression.exp)
        if exponent < 0:
            base, exponent = balls.inverse(base), -exponent
        result = self._constant(sp.Identity(len(base)))
        for _ in range(exponent):
            result = result @ base
        return result

    def _diagonal(self, expression: Any) -> Any:
        column = self._value(expression.args[0])
        table = np.full((len(column), len(column)), balls.ball(0), dtype=object)
        for i, v in enumerate(column[:, 0]):
            table[i, i] = v
        return table


_MATRICES: tuple[tuple[Any, Callable[[Numbers, Any], Any]], ...] = (
    (Entrywise, Numbers._entrywise),
    (sp.MatMul, Numbers._product),
    (sp.MatAdd, lambda numbers, e: sum((numbers._value(t) for t in e.args[1:]), numbers._value(e.args[0]))),
    ((Diagonal, sp.DiagMatrix), Numbers._diagonal),
    (sp.Transpose, lambda numbers, e: numbers._value(e.arg).T),
    (sp.BlockMatrix, Numbers._blocks),
    ((sp.Identity, sp.ZeroMatrix, sp.OneMatrix), Numbers._constant),
    (sp.KroneckerProduct, Numbers._kronecker),
    (sp.Inverse, lambda numbers, e: balls.inverse(numbers._value(e.arg))),
    (sp.MatPow, Numbers._matrix_power),
)


@lru_cache(maxsize=4096)
def at_index(term: Any, index: Any, k: int) -> Any:
    """A term of a sum or product at an index: kept, for every draw asks for the same ones."""
    return term.xreplace({index: sp.Integer(k)})


class Defined:
    """Mixin of SymPy nodes that stay unevaluated: `numerical(numbers)` is the definition, `_latex` the sign."""

    def numerical(self, numbers: Numbers) -> Any:
        raise NoClosedForm(f"{type(self).__name__} has no numerical definition")


def as_table(value: Any) -> Any:
    """A two-dimensional object array of balls from any table of numbers; a flat list is a column."""
    if isinstance(value, np.ndarray) and value.ndim == 2 and value.dtype == object:
        return np.frompyfunc(balls.ball, 1, 1)(value)
    if isinstance(value, sp.MatrixBase):
        rows = value.tolist()
    elif isinstance(value, np.ndarray) and value.ndim == 1 or isinstance(value, list | tuple) and not _nested(value):
        rows = [[v] for v in value]
    else:
        rows = [list(row) for row in value]
    table = np.empty((len(rows), len(rows[0]) if rows else 0), dtype=object)
    for i, row in enumerate(rows):
        for j, entry in enumerate(row):
            table[i, j] = balls.ball(entry)
    return table


def _nested(value: Any) -> bool:
    return len(value) > 0 and (isinstance(value[0], list | tuple) or getattr(value[0], "ndim", 0) > 0)


def _rational(value: Any) -> Any:
    if isinstance(value, Fraction):
        return sp.Rational(value.numerator, value.denominator)
    if isinstance(value, bool | int | sp.Rational | np.integer):
        return sp.Rational(value)
    return None


def _fractions(value: Any) -> Any:
    table = None if value is None else _rational_table(value)
    if table is None:
        return None
    return np.array([Fraction(int(v.p), int(v.q)) for v in table], dtype=object).reshape(table.shape)


def _power(table: Any, count: int) -> Any:
    result = np.array([Fraction(int(v)) for v in np.eye(len(table)).flat], dtype=object).reshape(table.shape)
    for _ in range(count):
        result = result @ table
    return result


def _rational_table(value: Any) -> Any:
    rows = value.tolist() if hasattr(value, "tolist") else value
    rows = rows if _nested(rows) else [[v] for v in rows]
    table = [[_rational(v) for v in row] for row in rows]
    return None if any(v is None for row in table for v in row) else sp.ImmutableMatrix(table)


__all__ = ["Defined", "KinkError", "Numbers", "Undefined", "as_table"]
