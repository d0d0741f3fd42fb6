"""Numbers for the parameters of a cell: exact, checked, and asked for one at a time.

Floats are taken as the dyadic rationals they are, so that what is proved is proved of the network that runs. An input or
a bias that is left out is zero, and so is a scalar 0 for an array of any shape; an unknown name is an error.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import sympy as sp

from rnnsym.cells.record import Cell
from rnnsym.exact.programs import Number, Table, exact_number
from rnnsym.result import ShapeError, SpecError
from rnnsym.vectors import explicit


class Values:
    """The numbers of a cell whose sizes are numbers: `scalar(symbol)` and `table(matrix expression)`, exact."""

    def __init__(self, cell: Cell, values: Mapping[str, Any] | None) -> None:
        named = {k if isinstance(k, str) else getattr(k, "name", str(k)): v for k, v in (values or {}).items()}
        self.cell, given = _sized(cell, named)
        self._scalars: dict[Any, Number] = {}
        self._tables: dict[Any, Table] = {}
        self._bound = dict(self.cell.binding)
        arrays = {s.name: s for s in (*self.cell._parameter_symbols(), *self.cell.input)}
        entries = {s.name: s for s in self.cell.parameters} if self.cell.binding else {}
        entries |= {e.name: e for s in self.cell.input for e in self._bound.get(s, ()) if e.is_Symbol}
        self._entries: dict[Any, Number] = {}
        for name, value in given.items():
            own = name in arrays and self._bound.get(arrays[name])
            if name in arrays and not getattr(arrays[name], "is_Matrix", False):
                self._scalars[arrays[name]] = number(value, name)
            elif name in arrays and (not own or all(e.is_Symbol for e in own)):
                self._tables[arrays[name]] = table(value, arrays[name].shape, name)
            elif name in entries:
                self._entries[entries[name]] = number(value, name)
            elif name in arrays:
                raise SpecError(f"{name} already has numbers in this cell; leave it out, or give its symbols by name")
            else:
                known = ", ".join(dict.fromkeys((*arrays, *entries)))
                raise SpecError(f"{self.cell.name} has no parameter {name!r}; it has: {known}")

    def scalar(self, symbol: Any) -> Number:
        if symbol in self._scalars:
            return self._scalars[symbol]
        if symbol in self._entries:
            return self._entries[symbol]
        raise SpecError(f"{symbol} has no value; give {symbol.name}=... in values")

    def table(self, expression: Any) -> Table:
        """The entries of a parameter or input, or of a matrix expression in them."""
        if isinstance(expression, sp.MatrixSymbol):
            if expression not in self._tables:
                self._tables[expression] = self._own(expression)
            return self._tables[expression]
        symbols = expression.atoms(sp.MatrixSymbol)
        binding = {s: _matrix(self.table(s)) for s in symbols}
        scalars = {s: _sympy(self.scalar(s)) for s in expression.free_symbols - symbols if isinstance(s, sp.Symbol)}
        found = explicit(expression.xreplace(scalars) if scalars else expression, binding)
        return tuple(tuple(exact_number(e) for e in row) for row in found.tolist())

    def _own(self, symbol: Any) -> Table:
        rows, columns = (int(s) for s in symbol.shape)
        bound = self._bound.get(symbol)
        absent = symbol in self.cell.input or (columns == 1 and symbol.name.startswith("b"))
        zero = tuple((Fraction(0),) * columns for _ in range(rows))
        if bound is None:
            if absent:
                return zero
            raise SpecError(f"{symbol.name} ({rows} x {columns}) has no value; give {symbol.name}=... in values")
        found = []
        for row in bound.tolist():
            line: list[Number] = []
            for e in row:
                missing = e.free_symbols - set(self._entries)
                if missing and absent and e.is_Symbol:
                    line.append(Fraction(0))
                elif missing:
                    names = ", ".join(sorted(map(str, missing))[:4])
                    raise SpecError(f"{names} in {symbol.name} has no value; give {symbol.name}=... in values")
                else:
                    line.append(exact_number(e.xreplace({s: _sympy(v) for s, v in self._entries.items()})))
            found.append(tuple(line))
        return tuple(found)


def _sized(cell: Cell, named: dict[str, Any]) -> tuple[Cell, dict[str, Any]]:
    """The cell with numbers for its sizes, seen from the values."""
    if cell.field != "real":
        raise SpecError(f"the search works on real cells; the field of {cell.name} is {cell.field}")
    if cell.binding:
        return cell, named
    arrays = {s.name: s for s in (*cell._parameter_symbols(), *cell.input)}
    sizes: dict[Any, int] = {}
    for name, value in named.items():
        symbol = arrays.get(name)
        shape = _shape(value)
        if symbol is None or not getattr(symbol, "is_Matrix", False) or shape is None:
            continue
        for size, found in zip(symbol.shape, shape, strict=True):
            if not size.is_Integer and sizes.setdefault(size, found) != found:
                raise ShapeError(f"{name} is {shape[0]} x {shape[1]}; {size} is {sizes[size]} in {cell.name}")
    missing = [s for state in cell.state for s in state.shape[0].free_symbols if s not in sizes]
    for size in missing:
        raise SpecError(
            f"the size {size} of {cell.name} has no value; give a weight matrix in values, or {cell.name}({size}=...)"
        )
    for size in cell.sizes:
        sizes.setdefault(size, 1)  # inputs that are left out, outputs
    return cell._replaced(lambda e: e.subs(sizes, simultaneous=True)), named


def _shape(value: Any) -> tuple[int, int] | None:
    """Rows and columns of a value; None for a number."""
    shape = getattr(value, "shape", None)
    if shape is None:
        if not isinstance(value, list | tuple):
            return None
        inner = value[0] if value else 0
        return len(value), len(inner) if isinstance(inner, list | tuple) else 1
    if len(shape) == 0:
        return None
    return int(shape[0]), int(shape[1]) if len(shape) > 1 else 1


def number(value: Any, name: str) -> Number:
    """One exact real number."""
    if hasattr(value, "item") and not isinstance(value, sp.Basic):
        value = value.item()
    if isinstance(value, bool) or isinstance(value, str) or value is None:
        raise SpecError(f"{name} holds {value!r}; a real number is needed")
    if isinstance(value, float) and not math.isfinite(value):
        raise SpecError(f"{name} holds {value}; refusing")
    if isinstance(value, complex):
        raise SpecError(f"{name} holds complex numbers; a real number is needed")
    if isinstance(value, Fraction | int | float):
        return Fraction(value)
    found = sp.S(value)
    if found.is_Float:
        found = sp.Rational(found)
    if found.free_symbols or not found.is_real or found.has(sp.Float):
        raise SpecError(f"{name} holds {found}; an exact real number is needed")
    return exact_number(found)


def table(value: Any, shape: tuple[Any, Any], name: str) -> Table:
    """A table of exact numbers of the shape needed; a number stands for an array of one entry, and 0 for any."""
    rows, columns = (int(s) for s in shape)
    found = _shape(value)
    if found is None:
        single = number(value, name)
        if single != 0 and (rows, columns) != (1, 1):
            raise ShapeError(f"{name} is a number; {rows} x {columns} is needed")
        return tuple((single,) * columns for _ in range(rows))
    listed = value.tolist() if hasattr(value, "tolist") else value
    lines = [list(row) if isinstance(row, list | tuple) else [row] for row in listed]
    if len(lines) != rows or any(len(line) != columns for line in lines):
        raise ShapeError(f"{name} is {found[0]} x {found[1]}; {rows} x {columns} is needed")
    return tuple(tuple(number(v, name) for v in line) for line in lines)


def _sympy(value: Number) -> Any:
    return sp.Rational(value.numerator, value.denominator) if isinstance(value, Fraction) else value


def _matrix(entries: Table) -> Any:
    return sp.ImmutableMatrix([[_sympy(v) for v in row] for row in entries])
