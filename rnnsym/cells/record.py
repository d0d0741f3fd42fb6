"""The record of a cell: named equations between columns, and the entries of its arrays where sizes are numbers.

A cell is written once for every size. `at(n=2, m=1)`, a scalar or a matrix for a parameter binds each symbol to a table
of entries; the equations stay as they are, so that every derivation is made for all n and then written in entries.

May import: everything to the left of `cells`. A cell carries no analysis.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import sympy as sp
from sympy.logic.boolalg import Boolean

from rnnsym.defined import Jacobian
from rnnsym.reader import check_name, free_names, read
from rnnsym.result import Array, LimitReached, ShapeError, Source, SpecError
from rnnsym.vectors import column, explicit, substitute

SYMBOL_LIMIT = 200


@dataclass(frozen=True)
class Cell:
    """A recurrent cell: state and input columns, equations in order (gates first), the new state, an output map.

    binding: pairs (symbol, table of entries), empty while the sizes are symbols.
    field:   "real" or "complex", what the states and parameters are.
    general: the same cell with symbols for its sizes, kept when they become numbers.
    """

    name: str
    state: tuple[Any, ...]
    input: tuple[Any, ...]
    equations: tuple[tuple[Any, Any], ...]
    next: tuple[Any, ...]
    output: tuple[Any, Any] | None = None
    given: Boolean = sp.true
    source: tuple[Source, ...] = ()
    binding: tuple[tuple[Any, Any], ...] = ()
    field: str = "real"
    general: Cell | None = dataclasses.field(default=None, compare=False, repr=False)

    def __post_init__(self) -> None:
        if len(self.state) != len(self.next):
            raise ShapeError(f"{self.name}: {len(self.state)} states, {len(self.next)} new states")
        for old, new in zip(self.state, self.next, strict=True):
            if old.shape != new.shape:
                raise ShapeError(f"{self.name}: {old} is {old.shape}, its new value {new} is {new.shape}")
        for name, expression in self.all_equations:
            if name.shape != expression.shape:
                raise ShapeError(f"{self.name}: {name} is {name.shape}, its equation gives {expression.shape}")

    @property
    def all_equations(self) -> tuple[tuple[Any, Any], ...]:
        """The equations, the output's included."""
        return self.equations + ((self.output,) if self.output is not None else ())

    @property
    def parameters(self) -> tuple[Any, ...]:
        """The parameter symbols: matrices and columns while sizes are symbols, else the symbols among the entries."""
        found = self._parameter_symbols()
        if self.binding:
            table = dict(self.binding)
            entries = [e for s in found for e in table.get(s, (s,))]
            return tuple(dict.fromkeys(s for e in entries for s in sorted(e.free_symbols, key=str)))
        return found

    def _parameter_symbols(self) -> tuple[Any, ...]:
        taken = {*self.state, *self.input, *(name for name, _ in self.all_equations)}
        found: dict[Any, None] = {}
        for _, expression in self.all_equations:
            for s in _in_order(expression):
                if s not in taken:
                    found[s] = None
        sizes = {
            size for s in (*found, *self.state, *self.input) for size in getattr(s, "shape", ()) if not size.is_Integer
        }
        names = {s for size in sizes for s in size.free_symbols}
        return tuple(s for s in found if s not in names)

    @property
    def sizes(self) -> tuple[Any, ...]:
        """The symbolic sizes, n first; empty when they are numbers."""
        found: dict[Any, None] = {}
        for s in (*self.state, *self.input, *(n for n, _ in self.all_equations), *self._parameter_symbols()):
            for size in getattr(s, "shape", ()):
                found.update(dict.fromkeys(sorted(size.free_symbols, key=str)))
        return tuple(found)

    @property
    def is_explicit(self) -> bool:
        return bool(self.binding)

    @property
    def is_scalar(self) -> bool:
        """One state and at most one input, written without matrices."""
        return self.is_explicit and all(s.shape == (1, 1) for s, _ in self.binding)

    @property
    def arrays(self) -> tuple[Array, ...]:
        """Every named array of the cell with its role."""
        table = dict(self.binding)
        outputs = (self.output[0],) if self.output is not None else ()
        roles = [
            *((s, "state") for s in self.state),
            *((s, "input") for s in self.input),
            *((s, "parameter") for s in self._parameter_symbols() if isinstance(s, sp.MatrixSymbol)),
            *((s, "next" if s in self.next else "intermediate") for s, _ in self.equations),
            *((s, "output") for s in outputs),
        ]
        return tuple(Array(s.name, role, table.get(s, s)) for s, role in roles)

    def symbol(self, name: str) -> Any:
        """The symbol of a state, input, equation or parameter by name."""
        symbols = (*self.state, *self.input, *(n for n, _ in self.all_equations), *self._parameter_symbols())
        for s in symbols:
            if s.name == name:
                return s
        known = ", ".join(s.name for s in symbols)
        raise SpecError(f"{self.name} has no {name!r}; it has: {known}")

    def write(self, expression: Any) -> Any:
        """An expression of this cell in its entries, if it has any: a plain scalar for a scalar network's 1 x 1."""
        if not self.binding:
            return expression
        table = explicit(expression, dict(self.binding))
        return table[0, 0] if self.is_scalar and table.shape == (1, 1) else table

    @property
    def where(self) -> tuple[tuple[Any, Any], ...]:
        """The named quantities and their definitions, in entries if there are any."""
        if not self.binding:
            return self.all_equations
        table = dict(self.binding)
        pairs = []
        for name, expression in self.all_equations:
            pairs += list(zip(table[name], explicit(expression, table), strict=True))
        return tuple(pairs)

    def derivative(self, outputs: Any, variables: Any) -> Jacobian:
        """The definition d outputs / d variables through the equations of this cell, unevaluated."""
        return Jacobian(outputs, variables, self.all_equations, self.binding)

    def subs(self, values: Mapping[Any, Any]) -> Cell:
        """The cell for special values of parameters, by name or symbol; a matrix or number fixes the sizes."""
        named = {key if isinstance(key, str) else getattr(key, "name", str(key)): v for key, v in values.items()}
        arrays = {s.name: s for s in self._parameter_symbols()}
        if not self.binding:
            unknown = [k for k in named if k not in arrays]
            if unknown:
                raise SpecError(f"{self.name} has no parameter {unknown[0]!r}; it has: {', '.join(arrays)}")
            scalars = {arrays[k]: exact(v, k) for k, v in named.items() if not arrays[k].is_Matrix}
            cell = self._replaced(lambda e: substitute(e, scalars, {})) if scalars else self
            made = bind(cell, {k: v for k, v in named.items() if arrays[k].is_Matrix})
            if not made.is_explicit:
                refuse_clashes(made)
            return made
        symbols = {s.name: s for s in self.parameters}
        table = dict(self.binding)
        scalars = {}
        for key, value in named.items():
            if key in symbols and not (key in arrays and _is_table(value)):
                scalars[symbols[key]] = exact(value, key)
            elif key in arrays and arrays[key] in table:
                target = table[arrays[key]]
                new = as_table(value, target.shape, key)
                scalars.update({a: b for a, b in zip(target, new, strict=True) if a.is_Symbol})
            else:
                raise SpecError(f"{self.name} has no parameter {key!r}; it has: {', '.join((*symbols, *arrays))}")
        made = replace(
            self._replaced(lambda e: substitute(e, {s: v for s, v in scalars.items() if s in e.free_symbols}, {})),
            binding=tuple((s, t.subs(scalars, simultaneous=True)) for s, t in self.binding),
        )
        refuse_clashes(made)
        return made

    def _replaced(self, change: Callable[[Any], Any]) -> Cell:
        return replace(
            self,
            state=tuple(map(change, self.state)),
            input=tuple(map(change, self.input)),
            equations=tuple((change(n), change(e)) for n, e in self.equations),
            next=tuple(map(change, self.next)),
            output=None if self.output is None else (change(self.output[0]), change(self.output[1])),
            given=change(self.given),
        )

    def at(self, *, limit: int = SYMBOL_LIMIT, **sizes: int) -> Cell:
        """The cell with whole numbers for its sizes and a symbol for every entry: at(n=2, m=1)."""
        return bind(self, {}, sizes=sizes, limit=limit)

    def __str__(self) -> str:
        return f"{self.name}: " + "; ".join(f"{name} = {expression}" for name, expression in self.all_equations)


def _in_order(expression: Any) -> list[Any]:
    """Free symbols in the order in which a reader meets them."""
    if isinstance(expression, sp.MatrixSymbol):
        return [expression]
    if isinstance(expression, sp.Symbol):
        return [] if getattr(expression, "is_slot", False) else [expression]
    found: dict[Any, None] = {}
    columns = getattr(expression, "columns", None)
    parts = (*columns, expression.body) if columns is not None else expression.args
    for part in parts:
        found.update(dict.fromkeys(_in_order(part)))
    return list(found)


def as_cell(model: Any) -> Cell:
    """What is asked about, where only a Cell will do.

    Raises: SpecError for anything else.
    """
    if isinstance(model, Cell):
        return model
    raise SpecError(
        f"a Cell is needed, got {type(model).__name__}; rs.elman() is one, rs.cell(...) makes one of your own equations"
    )


def whole(value: Any, what: str, least: int = 1) -> int:
    """A whole number of at least `least`, or a SpecError that names what was asked for."""
    is_whole = (
        isinstance(value, int | sp.Integer) and not isinstance(value, bool) or type(value).__name__.startswith("int")
    )
    if not is_whole or int(value) < least:
        raise SpecError(f"{what} must be a whole number >= {least}, got {value!r}")
    return int(value)


def exact(value: Any, name: str) -> Any:
    """A number, SymPy expression or formula as an exact SymPy expression; floats become the decimals they print as.

    >>> exact("w/2 + 0.1", "b")
    w/2 + 1/10
    """
    if isinstance(value, bool) or type(value).__name__ == "bool_":
        raise SpecError(f"{name} is {value}; a number, symbol or formula is needed")
    if isinstance(value, str):  # never sympify: it runs what the text says
        return read(value, {s: sp.Symbol(s, real=True) for s in free_names(value).variables}, what=name)
    if hasattr(value, "item") and not isinstance(value, sp.Basic):
        value = value.item()
    if isinstance(value, float):
        value = sp.Rational(str(value)) if math.isfinite(value) else sp.nan
    if not isinstance(value, sp.Basic | int | float | complex | Fraction):
        raise SpecError(f"{name} holds {type(value).__name__} {value!r:.40}; a number, symbol or formula is needed")
    found = sp.Rational(value) if isinstance(value, Fraction) else sp.S(value)
    if found.has(sp.Float):
        found = found.xreplace({f: sp.Rational(str(f)) for f in found.atoms(sp.Float)})
    if found.has(sp.nan, sp.oo, sp.zoo, -sp.oo):
        raise SpecError(f"{name} holds {found}; refusing")
    for s in found.free_symbols:
        check_name(s.name)
    return found


def _is_table(value: Any) -> bool:
    return isinstance(value, sp.MatrixBase | list | tuple) or hasattr(value, "tolist")


def as_table(value: Any, shape: tuple[Any, Any] | None, name: str) -> Any:
    """Any scalar, list, array or matrix as a table of exact entries; floats become the rationals they are written as."""
    if isinstance(value, sp.MatrixExpr) and not isinstance(value, sp.MatrixBase):
        if not all(d.is_Integer for d in value.shape):
            raise ShapeError(f"{name} is {value.shape[0]} x {value.shape[1]}; a table needs numbers for its size")
        value = value.as_explicit()
    if hasattr(value, "tolist"):
        value = value.tolist()
    if not isinstance(value, list | tuple):
        value = [[value]]
    rows = [list(row) if isinstance(row, list | tuple) else [row] for row in value]
    lengths = sorted({len(row) for row in rows})
    if len(lengths) != 1 or lengths == [0]:
        raise ShapeError(f"{name} has rows of lengths {', '.join(map(str, lengths)) or 'none'}; a table is needed")
    table = sp.ImmutableMatrix([[exact(e, name) for e in row] for row in rows])
    if shape is not None and table.shape != tuple(shape):
        raise ShapeError(f"{name} is {table.shape[0]} x {table.shape[1]}; {shape[0]} x {shape[1]} is needed")
    return table


def entries(name: str, rows: int, columns: int, real: bool = True) -> Any:
    """A table of symbols: b for one entry, b_1 ... for a column, W_h_12 ... for a matrix (W_h_1_12 beyond nine)."""
    gap = "" if max(rows, columns) <= 9 else "_"
    assumptions = {"real": True} if real else {}
    if (rows, columns) == (1, 1):
        return sp.ImmutableMatrix([[sp.Symbol(name, **assumptions)]])
    if columns == 1 and not name.startswith(("W", "U", "A", "B", "C", "M", "N", "V")):
        return sp.ImmutableMatrix([[sp.Symbol(f"{name}_{i + 1}", **assumptions)] for i in range(rows)])
    return sp.ImmutableMatrix(rows, columns, lambda i, j: sp.Symbol(f"{name}_{i + 1}{gap}{j + 1}", **assumptions))


def bind(
    cell: Cell, values: Mapping[str, Any], sizes: Mapping[str, int] | None = None, limit: int = SYMBOL_LIMIT
) -> Cell:
    """The cell with tables for every symbol: the values given, symbols for the rest; MatrixExpr values stay symbolic."""
    symbols = {s.name: s for s in cell._parameter_symbols() if isinstance(s, sp.MatrixSymbol)}
    abstract = {
        symbols[k]: v for k, v in values.items() if isinstance(v, sp.MatrixExpr) and not isinstance(v, sp.MatrixBase)
    }
    if abstract:
        cell = _with_expressions(cell, abstract)
        values = {k: v for k, v in values.items() if symbols[k] not in abstract}
    known: dict[Any, int] = {}
    tables: dict[str, Any] = {}
    names = {s.name: s for s in cell.sizes}
    for key, number in (sizes or {}).items():
        if key not in names:
            raise SpecError(
                f"{cell.name} has no size {key!r}; it has: {', '.join(names) or 'none (all sizes are numbers)'}"
            )
        what = {"n": "hidden size n", "m": "input size m", "p": "output size p"}.get(key, f"size {key}")
        known[names[key]] = whole(number, what)
    zeros = [key for key, value in values.items() if not _is_table(value) and exact(value, key) == 0]
    for key in sorted(values, key=lambda key: key in zeros):
        value = values[key]
        shape = [known.get(size, size) for size in symbols[key].shape]
        if key in zeros and all(isinstance(size, int) or size.is_Integer for size in shape):
            value = [[0] * int(shape[1]) for _ in range(int(shape[0]))]  # b = 0 for any size that is known
        tables[key] = as_table(value, None, key)
        if cell.field == "real" and any(e.has(sp.I) for e in tables[key]):
            raise SpecError(f"{key} holds complex numbers; the field of {cell.name} is real")
        for size, number in zip(symbols[key].shape, tables[key].shape, strict=True):
            if size.is_Integer and int(size) != number or known.setdefault(size, number) != number:
                _refuse(cell, key, tables[key], size, known)
    if not known and not values and (cell.sizes or cell.binding):
        return cell
    for size in cell.sizes:
        known.setdefault(size, 1)
    wanted = (*cell.state, *cell.input, *symbols.values(), *(n for n, _ in cell.all_equations))
    shapes = {s: tuple(int(d.subs(known)) for d in s.shape) for s in wanted if s.name not in tables}
    inputs = len(cell.state) + len(cell.input)
    count = sum(r * c for s, (r, c) in shapes.items() if s in symbols.values() or s in wanted[:inputs])
    if count > limit:
        given = ", ".join(f"{size}={number}" for size, number in known.items() if not sp.sympify(size).is_number)
        asked = given or "n=..."
        fixed = [f"{s.name} of {s.shape[0]}" for s in cell.state if s.shape[0].is_Integer and s.shape[0] != 1]
        given = ", ".join([*fixed, given] if given else fixed)
        raise LimitReached(
            f"{given}: a symbolic {cell.name} has {count} symbols; limit {limit}. "
            f"Give numbers for some weights, stay dimension-free, or raise the limit: .at({asked}, limit={count}) of the cell"
            " without sizes"
        )
    sized = cell._replaced(lambda e: substitute(e, known, {}))
    real = cell.field == "real"
    binding = []
    for s in wanted:
        table = tables.get(s.name)
        if table is None:
            table = entries(s.name, shapes[s][0], shapes[s][1], real=real)
        binding.append((sp.MatrixSymbol(s.name, *table.shape), table))
    made = replace(sized, binding=tuple(binding), general=cell)
    given_names = {s for t in tables.values() for s in t.free_symbols}
    own = {e: name.name for name, table in binding if name.name not in tables for e in table}
    for s in sorted(given_names & set(own), key=str):
        tie = f", or give {own[s]} too" if own[s] in symbols else ""
        raise SpecError(f"{s.name} in a value given to {cell.name} is the name of its own {own[s]}; rename yours{tie}")
    refuse_clashes(made)
    return made


def refuse_clashes(cell: Cell) -> None:
    """Two symbols with one name, or a parameter named like a state, would be mixed up on the page and in code."""
    table = dict(cell.binding)
    moving = (*cell.state, *cell.input, *(name for name, _ in cell.all_equations))
    found: dict[str, Any] = {}
    inside = [s for _, e in cell.all_equations for s in _in_order(e)]
    sizes = cell.sizes
    for s in dict.fromkeys((*moving, *inside, *sizes, *sorted(cell.given.free_symbols, key=str))):
        for symbol in sorted(set().union(*(e.free_symbols for e in table[s])), key=str) if s in table else (s,):
            check_name(symbol.name)
            if found.setdefault(symbol.name, symbol) != symbol:
                raise SpecError(
                    f"{cell.name}: two symbols print as {symbol.name!r} ({_kind(found[symbol.name])} and "
                    f"{_kind(symbol)}); use the model's own, or rename yours"
                )
    if not table:
        return
    variables = {e: s.name for s in moving for e in table[s]}
    for s in dict.fromkeys(inside):
        if s not in moving:
            for symbol in set().union(*(e.free_symbols for e in table[s])) if s in table else {s}:
                if symbol in variables:
                    raise SpecError(
                        f"{symbol.name} in {s.name} is the name of {cell.name}'s own {variables[symbol]}; rename yours"
                    )


def _kind(symbol: Any) -> str:
    if isinstance(symbol, sp.MatrixSymbol):
        return f"a {symbol.shape[0]} x {symbol.shape[1]} array"
    if symbol.is_integer and symbol.is_positive:
        return "a whole number > 0"
    facts = [word for word in ("integer", "positive", "negative", "nonzero") if getattr(symbol, f"is_{word}")]
    return " ".join(["real" if symbol.is_real else "complex", *facts])


def _refuse(cell: Cell, key: str, table: Any, size: Any, known: Mapping[Any, int]) -> None:
    rows, columns = table.shape
    if key.startswith("W_h") and rows != columns:
        raise ShapeError(f"{key} is {rows} x {columns}; a recurrent matrix must be square")
    have = known.get(size, size)
    word = {"n": "hidden size", "m": "input size"}.get(str(size), f"size {size}")
    raise ShapeError(f"{key} is {rows} x {columns}, {word} is {have} in {cell.name}")


def _with_expressions(cell: Cell, values: Mapping[Any, Any]) -> Cell:
    """Matrix expressions put in for parameters; their sizes replace the cell's."""
    sizes: dict[Any, Any] = {}
    for symbol, value in values.items():
        for size, new in zip(symbol.shape, value.shape, strict=True):
            if sizes.setdefault(size, new) != new or (size != new and not size.is_Symbol):
                _refuse(cell, symbol.name, value, size, sizes)
    sizes = {size: new for size, new in sizes.items() if size != new}
    resized = cell._replaced(lambda e: e.subs(sizes, simultaneous=True)) if sizes else cell
    table = {sp.MatrixSymbol(s.name, *v.shape): v for s, v in values.items()}
    equations = tuple((n, column(e.xreplace(table))) for n, e in resized.equations)
    output = resized.output
    if output is not None:
        output = (output[0], column(output[1].xreplace(table)))
    return replace(resized, equations=equations, output=output)
