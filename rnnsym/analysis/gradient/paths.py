"""What the gradient room shares: a cell as a run of symbolic length, and as T named steps; its one-step derivatives.

Time on the page: h_0 is the start, step t computes its gates and h_t from h_{t-1} and x_t. The horizon is T, the inputs
are the columns of X. May import: everything to the left of `analysis.gradient`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import sympy as sp

from rnnsym.analysis.jacobian import differentiable
from rnnsym.cells import unroll
from rnnsym.cells.record import Cell, as_cell, entries, whole
from rnnsym.defined.runs import Follows, Path, SmoothAlong
from rnnsym.result import Array, SpecError
from rnnsym.vectors import Entrywise, chain, column, cotangents, linear, stack

t = sp.Symbol("t", integer=True, positive=True)
k = sp.Symbol("k", integer=True, nonnegative=True)
i = sp.Symbol("s", integer=True, positive=True)  # of a product: i is a gate
horizon = sp.Symbol("T", integer=True, positive=True)
MOVING = sp.Symbol("_moving", integer=True, positive=True)  # the bound index of an adjoint recursion: never on the page


def abstract(cell: Cell) -> Cell:
    """The cell between columns: of an explicit one the tables of its parameters stand in the equations."""
    if not as_cell(cell).binding:
        return replace(cell, output=None)
    tables = {s: table for s, table in cell.binding if s in cell._parameter_symbols()}
    put = tuple((name, column(_with_tables(e, tables))) for name, e in cell.equations)
    return replace(cell, equations=put, output=None, binding=(), general=None)


def _with_tables(expression: Any, tables: dict[Any, Any]) -> Any:
    return expression.xreplace(tables) if tables else expression


def path_of(cell: Cell, length: Any = horizon, indices: Sequence[Any] = (t, k, i, horizon)) -> Path:
    """The run of a cell from h_0 over the columns of X, one matrix for each input; indices: those the result prints."""
    sizes = {d for s in as_cell(cell)._parameter_symbols() for d in getattr(s, "shape", ())} | {
        d for s in cell.next for d in s.shape
    }
    cell = abstract(cell)
    free = {s for _, e in cell.equations for s in e.free_symbols}
    taken = {s.name for s in free} - {s.name for s in (*cell.state, *cell.input)}
    if clash := sorted({s.name for s in free - sizes} & taken & {s.name for s in indices}):
        raise SpecError(
            f"{cell.name} has a parameter named {clash[0]}, which counts time steps here; rename the parameter"
        )
    start = [_fresh(f"{_stem(s)}_0", s.shape, taken) for s in cell.state]
    single = len(cell.input) == 1
    sequences = [
        _fresh("X" if single else f"X_{s.name}", (s.shape[0], length), taken) for s in cell.input
    ]  # fmt: skip
    return Path(cell.state, cell.next, cell.equations, start, cell.input, sequences, length)


def errors_of(path: Path) -> list[Any]:
    """E, or E_c and E_h: the matrices whose columns are e_t = d l_t/d h_t, one for each state block."""
    state, _, equations, _, _, _, length = path.args
    taken = {s.name for _, e in equations for s in e.free_symbols}
    single = len(state) == 1
    return [_fresh("E" if single else f"E_{_stem(s)}", (s.shape[0], length), taken) for s in state]


def _fresh(name: str, shape: Any, taken: set[str]) -> Any:
    while name in taken:
        name += "_all"
    return sp.MatrixSymbol(name, *shape)


def _stem(symbol: Any) -> str:
    return symbol.name[:-2] if symbol.name.endswith("_t") else symbol.name


def path_arrays(cell: Cell, path: Path, *more: Any) -> tuple[Array, ...]:
    """The arrays that a claim about a path is a function of."""
    parameters = [s for s in abstract(cell)._parameter_symbols() if isinstance(s, sp.MatrixSymbol)]
    symbols = [*(s for s in path.args[3] if isinstance(s, sp.MatrixSymbol)), *path.args[5], *parameters, *more]
    return tuple(Array(s.name, "parameter", s) for s in symbols)


def on_path(cell: Cell, path: Path, index: Any = t) -> Any:
    """The hypotheses of a claim about a path: what its quantities are, and no unit at a kink."""
    pairs = [(path.written(argument, index), kink) for argument, kink in kinks(abstract(cell))]
    smooth = SmoothAlong(path, index, pairs) if pairs else sp.true
    return sp.And(cell.given, Follows(path, index), smooth)


def kinks(cell: Cell) -> list[tuple[Any, Any]]:
    """(argument, kink) for every function of the equations that has one, in the named quantities."""
    found: dict[Any, None] = {}
    for _, expression in cell.equations:
        for part in _entrywise(column(expression)):
            for f in sorted(part.body.atoms(sp.Function), key=str):
                for kink in getattr(f, "kinks", ()):
                    found[Entrywise(f.args[0], part.shape[0], *part.columns), sp.S(kink)] = None
    return list(found)


def _entrywise(expression: Any) -> list[Any]:
    found = [expression] if isinstance(expression, Entrywise) else []
    for part in expression.columns if isinstance(expression, Entrywise) else expression.args:
        if getattr(part, "is_Matrix", False):
            found += _entrywise(part)
    return found


# One step


def step_jacobian(cell: Cell) -> Any:
    """J = d h_t/d h_{t-1} of one step in its named quantities, all state blocks stacked."""
    return stack([[chain(cell.equations, new, old) for old in cell.state] for new in cell.next])


def step_influence(cell: Cell, parameter: Any) -> Any:
    """P = d h_t/d vec(theta) of one step, the old state held fixed."""
    return stack([[chain(cell.equations, new, parameter)] for new in cell.next])


def step_pullback(cell: Cell, deltas: dict[Any, Any]) -> list[Any]:
    """J^T delta, block by block; `deltas` from the new states to columns."""
    found = cotangents(cell.equations, deltas, cell.state)
    return [found[s] for s in cell.state]


def step_gradient(cell: Cell, parameter: Any, deltas: dict[Any, Any]) -> Any:
    """P^T delta in the shape of the parameter: for W_h of the plain cell (D_t delta) h_{t-1}^T."""
    if getattr(parameter, "is_Matrix", False):
        return cotangents(cell.equations, deltas, [parameter])[parameter]
    terms = [linear(sp.Transpose(d), chain(cell.equations, new, parameter)) for new, d in deltas.items()]
    found = [term for term in terms if not isinstance(term, sp.ZeroMatrix)]
    return sp.MatAdd(*found, evaluate=False) if len(found) > 1 else (found or [sp.ZeroMatrix(1, 1)])[0]


def parameter_symbol(cell: Cell, name: str) -> Any:
    """A parameter by name, other than one of the readout alone."""
    symbol = cell.symbol(name)
    known = [s.name for s in cell._parameter_symbols()]
    if name not in known:
        raise SpecError(f"{name} is no parameter of {cell.name}; it has: {', '.join(known)}")
    return symbol


# T named steps


@dataclass(frozen=True)
class Steps:
    """A cell run for T steps with a name for each quantity of each step; step s has the symbols of `tables[s - 1]`."""

    cell: Cell
    whole: Cell
    tables: tuple[dict[Any, Any], ...]

    @property
    def count(self) -> int:
        return len(self.tables)

    def at(self, expression: Any, step: int) -> Any:
        """An expression of one step, in the names of step `step`."""
        return expression.xreplace(self.tables[step - 1])

    def states(self, step: int) -> tuple[Any, ...]:
        """The state after a step; the start at step 0."""
        if step == 0:
            return self.whole.state
        return tuple(self.tables[step - 1][new] for new in self.cell.next)

    def equations(self, low: int, high: int) -> tuple[Any, ...]:
        """The equations of the steps low ... high."""
        size = len(self.cell.equations)
        return self.whole.equations[(low - 1) * size : high * size]

    def column(self, name: str, step: int, like: Any) -> Any:
        """A new column for a step, such as delta_3; `table` gives its entries."""
        gap = "" if self.cell.binding and not self.cell.is_scalar else "_"
        return sp.MatrixSymbol(f"{name}{gap}{step}", *like.shape)

    def bound(self, *columns: Any) -> Cell:
        """The whole with tables of entries for more columns, where the cell has entries."""
        if not self.whole.binding:
            return self.whole
        real = self.cell.field == "real"
        tables = [(s, entries(s.name, int(s.shape[0]), 1, real)) for s in columns]
        return replace(self.whole, binding=(*self.whole.binding, *tables))

    def binding(self, cell: Cell, equations: Any = None) -> tuple[Any, ...]:
        """The tables of what the equations (all of them if left out) use and do not compute, for a definition."""
        chosen = self.whole.equations if equations is None else equations
        names = {name for name, _ in chosen}
        used = set() if equations is None else set().union(*(e.free_symbols for _, e in equations))
        return tuple((s, table) for s, table in cell.binding if s not in names and (equations is None or s in used))

    @property
    def where(self) -> tuple[tuple[Any, Any], ...]:
        return self.whole.where

    def arrays(self, *more: Any) -> tuple[Array, ...]:
        """Named arrays: without a time index of their own, as their names say the time."""
        table = dict(self.whole.binding)
        computed = {name for name, _ in self.whole.equations}
        symbols = (*self.whole.state, *self.whole.input, *self.whole._parameter_symbols(), *computed, *more)
        matrices = [s for s in dict.fromkeys(symbols) if isinstance(s, sp.MatrixSymbol)]
        return tuple(Array(s.name, "intermediate" if s in computed else "parameter", table.get(s, s)) for s in matrices)


def steps_of(cell: Cell, count: int) -> Steps:
    """T steps of a cell from the start h_0 with inputs x_1 ... x_T."""
    count = whole(count, "number of steps T", least=0)
    cell = replace(cell, output=None)
    gap = "" if cell.binding and not cell.is_scalar else "_"
    started = {s: sp.MatrixSymbol(f"{_stem(s)}{gap}0", *s.shape) for s in cell.state}
    run = unroll(cell, count)
    made = run._replaced(lambda e: e.xreplace(started))
    if cell.binding:
        real = cell.field == "real"
        kept = [(s, table) for s, table in made.binding if s not in started]
        fresh = [(new, entries(new.name, int(new.shape[0]), 1, real)) for new in started.values()]
        made = replace(made, binding=(*kept, *fresh))
    size, tables = len(cell.equations), []
    before = tuple(started.values())
    for step in range(1, count + 1):
        names = [name for name, _ in made.equations[(step - 1) * size : step * size]]
        table = dict(zip((name for name, _ in cell.equations), names, strict=True))
        width = len(cell.input)
        inputs = made.input[(step - 1) * width : step * width]
        table |= dict(zip(cell.input, inputs, strict=True)) | dict(zip(cell.state, before, strict=True))
        tables.append(table)
        before = tuple(table[new] for new in cell.next)
    return Steps(cell, replace(made, next=before), tuple(tables))


def differentiable_steps(run: Steps) -> Any:
    """The hypothesis that no unit meets a kink at any of the steps; true where there are none."""
    return differentiable(run.whole) if kinks(abstract(run.cell)) else sp.true
