"""Network: a cell of any size and the numbers of its parameters, checked against it.

May import: everything to the left of `weights`, and `arrays`. It carries no analysis; `network` does that.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import numpy as np

from rnnsym.cells.record import Cell
from rnnsym.result import ShapeError, SpecError
from rnnsym.weights.arrays import number_array
from rnnsym.weights.layouts import Origin, written


@dataclass(frozen=True, eq=False)
class Network:
    """A cell with numbers: `cell` of symbolic sizes, `values` parameter name -> array, read-only, of one dtype.

    A bias (a column whose name starts with b) left out is zero. Two networks are equal if cells and values are.
    Shapes: those of the cell's parameters: matrices (n, m), columns (n,), numbers ().
    Raises: ShapeError if an array does not fit the others; SpecError for a name that is missing or unknown, and for what is
            no array of finite float32 or float64 numbers.

    >>> from rnnsym.cells import elman
    >>> print(Network(elman(), {"W_h": [[0.5, 0.0], [0.0, 0.5]], "W_x": [[1.0], [0.0]]}))
    elman with 2 states, 1 input, float64: W_h (2, 2), W_x (2, 1), b (2,)
    """

    cell: Cell
    values: Mapping[str, Any]
    notes: tuple[str, ...] = ()
    origin: Origin | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        cell = self.cell
        if not isinstance(cell, Cell):
            raise SpecError(f"a Cell is needed, got {type(cell).__name__}; for example rnnsym.elman()")
        if cell.is_explicit:
            raise SpecError(
                f"{cell.name} has its sizes already; give the cell without numbers, and the numbers as values"
            )
        symbols = {s.name: s for s in cell._parameter_symbols()}
        unknown = [name for name in self.values if name not in symbols]
        if unknown:
            raise SpecError(f"{cell.name} has no parameter {unknown[0]!r}; it has: {', '.join(symbols)}")
        arrays = {name: number_array(value, name, cell.field) for name, value in self.values.items()}
        kind = np.result_type(*(a.dtype for a in arrays.values())) if arrays else np.dtype(float)
        sizes: dict[Any, int] = {}
        for name, array in arrays.items():
            _fit(cell, symbols[name], array, sizes)
        for name, symbol in symbols.items():
            if name in arrays:
                continue
            shape = _shape(symbol)
            known = all(s.is_Integer or s in sizes for s in shape)
            if not (len(shape) == 1 and name.startswith("b") and known):
                raise SpecError(f"{cell.name} needs {name}; given: {', '.join(arrays) or 'nothing'}")
            arrays[name] = np.zeros([int(s) if s.is_Integer else sizes[s] for s in shape])
        ordered = {name: arrays[name].astype(kind, copy=False) for name in symbols}
        for array in ordered.values():
            array.flags.writeable = False
        object.__setattr__(self, "values", MappingProxyType(ordered))
        object.__setattr__(self, "_sizes", sizes)
        object.__setattr__(self, "_blocks", {s.name: self._count(s.shape[0]) for s in cell.state})
        object.__setattr__(self, "_inputs", sum(self._count(s.shape[0]) for s in cell.input))

    @property
    def sizes(self) -> dict[str, int]:
        """The numbers of the cell's sizes by name: {"n": 8, "m": 3}."""
        return {s.name: v for s, v in self._sizes.items()}  # type: ignore[attr-defined]

    @property
    def blocks(self) -> dict[str, int]:
        """The state's blocks in order, and how many entries each has: {"c": 8, "h": 8} of an LSTM with 8 units."""
        return dict(self._blocks)  # type: ignore[attr-defined]

    @property
    def n(self) -> int:
        """The number of states, all blocks together."""
        return int(sum(self._blocks.values()))  # type: ignore[attr-defined]

    @property
    def m(self) -> int:
        """The number of inputs."""
        return int(self._inputs)  # type: ignore[attr-defined]

    def _count(self, size: Any) -> int:
        return int(size.subs(self._sizes))  # type: ignore[attr-defined]

    @property
    def dtype(self) -> Any:
        return next(iter(self.values.values())).dtype

    def to_arrays(self, layout: str | None = None) -> dict[str, Any]:
        """The arrays in a layout of `load_weights`, or by the cell's own names; what was read is given back as it was.

        Raises: SpecError if the layout has no place for this cell, or for a value.
        """
        if layout is None:
            return {name: array.copy() for name, array in self.values.items()}
        return written(self.cell, self.values, layout, self.origin)

    def __getstate__(self) -> Any:
        origin = (
            None if self.origin is None else (self.origin.layout, dict(self.origin.arrays), dict(self.origin.values))
        )
        return self.cell, dict(self.values), self.notes, origin

    def __setstate__(self, state: Any) -> None:
        cell, values, notes, origin = state
        object.__setattr__(self, "cell", cell)
        object.__setattr__(self, "values", values)
        object.__setattr__(self, "notes", notes)
        object.__setattr__(self, "origin", None if origin is None else Origin(*origin))
        self.__post_init__()

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Network):
            return NotImplemented
        same = self.cell == other.cell and self.values.keys() == other.values.keys()
        return same and all(
            a.dtype == other.values[k].dtype and np.array_equal(a, other.values[k]) for k, a in self.values.items()
        )

    __hash__ = None  # type: ignore[assignment]

    def __str__(self) -> str:
        count = {"state": self.n, "input": self.m}
        sizes = ", ".join(f"{v} {k}{'' if v == 1 else 's'}" for k, v in count.items())
        arrays = ", ".join(f"{k} {tuple(v.shape)}" for k, v in self.values.items())
        return "\n  ".join([f"{self.cell.name} with {sizes}, {self.dtype}: {arrays}", *self.notes])


def _shape(symbol: Any) -> tuple[Any, ...]:
    """The shape that an array of a parameter has: columns are vectors, plain symbols numbers."""
    if not getattr(symbol, "is_Matrix", False):
        return ()
    return symbol.shape[:1] if symbol.shape[1] == 1 else symbol.shape


def _fit(cell: Cell, symbol: Any, array: Any, sizes: dict[Any, int]) -> None:
    shape = _shape(symbol)
    if array.ndim != len(shape):
        need = f"({', '.join(map(str, shape))}{',' if len(shape) == 1 else ''})"
        raise ShapeError(f"{symbol.name} has shape {array.shape}; {need} is needed in {cell.name}")
    for size, got in zip(shape, array.shape, strict=True):
        if got < 1:
            raise ShapeError(f"{symbol.name} has shape {array.shape}; every size must be at least 1")
        have = int(size) if size.is_Integer else sizes.setdefault(size, got)
        if have != got:
            word = {"n": "hidden size", "m": "input size"}.get(str(size), f"size {size}")
            raise ShapeError(f"{symbol.name} has shape {array.shape}, {word} is {have} in {cell.name}")
