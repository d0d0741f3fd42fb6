"""Formulas between columns as text: `@` is the linear map, `*` the entrywise product, as in NumPy.

A text is read twice by the safe reader: once for the shapes of its names (`shapes`), once to build columns in the normal
form of `vectors`. Functions are those of the reader, the activations by name, and `transpose`.

May import: everything to the left of `cells`, and `shapes`.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

import sympy as sp

from rnnsym.activations import TABLE, activation, relu
from rnnsym.cells.shapes import ONE, Node, Shape, Shapes, Size, array
from rnnsym.reader import FUNCTIONS, check_name, free_names, read
from rnnsym.result import ShapeError, SpecError
from rnnsym.vectors import column, entrywise, linear, total, transposed


class Columns:
    """The reader's algebra of the second pass: numbers, columns and matrices as SymPy expressions."""

    def number(self, value: Any) -> Any:
        return value

    def add(self, a: Any, b: Any) -> Any:
        if is_matrix(a) or is_matrix(b):
            if not (is_matrix(a) and is_matrix(b)):
                raise ShapeError(f"{_said(a)} + {_said(b)}: a matrix is added to a matrix only")
            return total(a, b)
        return spread(lambda u, v: u + v, a, b)

    def subtract(self, a: Any, b: Any) -> Any:
        return self.add(a, self.negate(b)) if is_matrix(b) else spread(lambda u, v: u - v, a, b)

    def multiply(self, a: Any, b: Any) -> Any:
        if is_matrix(a) and not is_array(b):
            a, b = b, a
        if is_matrix(b) and not is_array(a):
            return linear(sp.MatMul(a, b, evaluate=False))
        if is_matrix(a) or is_matrix(b):
            raise ShapeError(
                f"{_said(a)} * {_said(b)}: * is the entrywise product of columns; write @ for the linear map"
            )
        return spread(lambda u, v: u * v, a, b)

    def divide(self, a: Any, b: Any) -> Any:
        if is_matrix(a) and not is_array(b):
            return self.multiply(1 / b, a)
        return spread(lambda u, v: u / v, a, b)

    def power(self, a: Any, b: Any) -> Any:
        return spread(lambda u, v: u**v, a, b)

    def matmul(self, a: Any, b: Any) -> Any:
        for part in (a, b):
            if not is_array(part):
                raise ShapeError(f"{_said(part)}, and @ is the linear map; write *")
        return linear(a, b)

    def negate(self, a: Any) -> Any:
        return self.multiply(sp.S.NegativeOne, a)


def is_array(value: Any) -> bool:
    return bool(getattr(value, "is_Matrix", False))


def is_matrix(value: Any) -> bool:
    return is_array(value) and value.shape[1] != 1


def _said(value: Any) -> str:
    return f"{value} is {value.shape[0]} x {value.shape[1]}" if is_array(value) else f"{value} is a number"


def spread(function: Callable[..., Any], *values: Any) -> Any:
    """A function of scalars on scalars and columns: entrywise where there is a column."""
    for v in values:
        if is_matrix(v):
            raise ShapeError(f"{_said(v)}: entrywise operations are between columns and numbers")
    arrays = [v for v in values if is_array(v)]
    if not arrays:
        return function(*values)

    def at(*slots: Any) -> Any:
        left = iter(slots)
        return function(*(next(left) if is_array(v) else v for v in values))

    return entrywise(at, *arrays)


def functions() -> dict[str, Callable[..., Any]]:
    """The functions of one number by name: those of the reader, and the activations."""
    kinked = {"max": _largest, "min": _smallest, "abs": lambda x: relu(x) + relu(-x)}
    return {**{name: _one(activation(name).phi) for name in TABLE}, **FUNCTIONS, **kinked}


# SymPy's derivative of Max at its kink is 1/2, and of Abs 0; relu has none there, and says so in `given`.
def _largest(first: Any, *others: Any) -> Any:
    for b in others:
        first = relu(first) if b == 0 else relu(b) if first == 0 else first + relu(b - first)
    return first


def _smallest(first: Any, *others: Any) -> Any:
    for b in others:
        first = first - relu(first - b)
    return first


def _one(phi: Any) -> Callable[[Any], Any]:
    return lambda x: phi(x)


def _wrapped(function: Callable[..., Any], wrapper: Callable[..., Any]) -> Callable[..., Any]:
    """The wrapper with the number of arguments of the function."""
    nargs = getattr(function, "nargs", None)
    if isinstance(nargs, sp.FiniteSet):
        wrapper.nargs = nargs  # type: ignore[attr-defined]
    else:
        wrapper.__signature__ = inspect.signature(function)  # type: ignore[attr-defined]
    return wrapper


def nodes_of(shapes: Shapes, text: str, what: str) -> Node:
    """A text as a tree whose names are those of `shapes`."""
    table: dict[str, Callable[..., Any]] = {
        name: _wrapped(f, lambda *args, name=name: shapes.made(name, *args)) for name, f in functions().items()
    }
    table["transpose"] = lambda matrix: shapes.made("transpose", matrix)
    return read(text, shapes.names, functions=table, algebra=shapes, what=what)


def expression_of(text: str, names: Mapping[str, Any], what: str) -> Any:
    """A text as a number, column or matrix."""
    table: dict[str, Callable[..., Any]] = {
        name: _wrapped(f, lambda *args, f=f: spread(f, *args)) for name, f in functions().items()
    }
    table["transpose"] = transposed
    value = read(text, names, functions=table, algebra=Columns(), what=what)
    return column(value) if is_array(value) and value.shape[1] == 1 else value


def variables(text: str, what: str) -> tuple[str, ...]:
    return free_names(text, what=what).variables


class Sizes:
    """Size symbols by name; whole numbers get a symbol too, and are put in at the end."""

    def __init__(self) -> None:
        self.named: dict[str, Size] = {}
        self.numbers: dict[int, Size] = {}

    def size(self, given: Any, what: str) -> Size:
        """The size that a user wrote: a name or a whole number."""
        if isinstance(given, str):
            check_name(given, "size")
            symbol = sp.Symbol(given, integer=True, positive=True)
            return self.named.setdefault(given, Size(symbol, fixed=True))
        if isinstance(given, sp.Symbol):
            return self.named.setdefault(given.name, Size(given, fixed=True))
        if isinstance(given, int | sp.Integer) and not isinstance(given, bool) and given >= 1:
            return self.numbers.setdefault(int(given), Size(sp.Integer(int(given)), fixed=True))
        raise SpecError(f"{what} has the size {given!r}; a name such as 'n' or a whole number >= 1 is needed")

    def shape(self, given: Any, name: str) -> Shape:
        """The shape that a user wrote: () for a number, n or (n,) for a column, (n, m) for a matrix."""
        parts = tuple(given) if isinstance(given, tuple | list) else (given,)
        if len(parts) > 2:
            raise SpecError(f"shapes[{name!r}] is {given!r}; (), (n,) or (n, m) is needed")
        if not parts:
            return Shape("number")
        rows = self.size(parts[0], f"shapes[{name!r}]")
        if len(parts) == 1 or parts[1] in (1, "1"):
            return array(rows)
        return array(rows, self.size(parts[1], f"shapes[{name!r}]"))


def symbol_of(name: str, shape: Shape) -> Any:
    """The symbol of a name of known shape: a number is real."""
    if shape.kind == "number":
        return sp.Symbol(name, real=True)
    return sp.MatrixSymbol(name, shape.rows.root().value, shape.columns.root().value)


__all__ = [
    "ONE", "Columns", "Node", "Shape", "Shapes", "Size", "Sizes", "array", "expression_of", "functions", "is_array",
    "is_matrix", "nodes_of", "spread", "symbol_of", "variables",
]  # fmt: skip
