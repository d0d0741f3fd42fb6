"""Trajectories: the numbers of one, and the cell of T steps as equations.

May import: everything to the left of `cells`, and the record.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import sympy as sp

from rnnsym.cells.record import Cell, entries, whole
from rnnsym.code import array_function
from rnnsym.result import LimitReached, Result, ShapeError, SpecError
from rnnsym.vectors import stack

EQUATIONS = 5_000
"""Of steps written out."""


def step_result(cell: Cell) -> Result:
    """One step of a cell as a Result: the new states stacked, in terms of the old ones, the input and the parameters."""
    matrix = cell.write(stack([[new] for new in cell.next]))
    where = replace(cell, output=None).where
    return Result(
        f"step of {cell.name}", matrix, "=", matrix, cell.given, where, arrays=cell.arrays, source=cell.source
    )


def trajectory(cell: Cell, values: Mapping[str, Any], h0: Any = None, x: Any = None, steps: int | None = None) -> Any:
    """The states h_1 ... h_T of a cell, as an array (T, n); with several state blocks a dict of arrays by name.

    values: parameter name -> number or array; a bias left out is zero.
    h0:     the first state (n,), or a dict of states; zero if left out.
    x:      inputs, shape (T, m), or (T,) for one input; zero if left out, then `steps` says how many steps.

    >>> from rnnsym.cells.plain import linear
    >>> trajectory(linear(), {"W_h": [[0.5]]}, h0=[1.0], steps=3)[:, 0].tolist()
    [0.5, 0.25, 0.125]
    """
    names = [s.name for s in cell.state]
    inputs = [s.name for s in cell.input]
    count, sequences = _sequences(cell, inputs, x, steps)
    states = _start(cell, values, h0)
    function = array_function(step_result(cell))
    found = []
    widths = {k: states[k].shape[-1] for k in names}
    ends = dict(zip(names, np.cumsum(list(widths.values())).tolist(), strict=True))
    places = {k: slice(ends[k] - widths[k], ends[k]) for k in names}
    arrays: dict[str, Any] = {k: np.asarray(v) for k, v in values.items()}
    step: Any = None
    for t in range(count):
        arrays.update(states)
        for k, v in sequences.items():
            arrays[k] = v[t]
        if step is None:
            step = function.repeated(**arrays)
        stacked = np.asarray(step(arrays))
        flat = stacked.reshape(-1) if cell.is_scalar else stacked[..., 0]
        states = {k: flat[..., place] for k, place in places.items()}
        found.append(states)
    table = {k: np.array([s[k] for s in found]).reshape(count, widths[k]) for k in names}
    return table[names[0]] if len(names) == 1 else table


def _sequences(cell: Cell, inputs: list[str], x: Any, steps: int | None) -> tuple[int, dict[str, Any]]:
    if x is None:
        if steps is None:
            raise SpecError("a trajectory needs inputs x of shape (T, m), or steps=T for zero input")
        return whole(steps, "steps", least=0), {}
    given = {k: np.asarray(v, dtype=float) for k, v in (x.items() if isinstance(x, Mapping) else [(inputs[0], x)])}
    given = {k: v[:, None] if v.ndim == 1 else v for k, v in given.items()}
    for k, v in given.items():
        if k not in inputs or v.ndim != 2:
            raise ShapeError(f"x is {v.shape} for {k!r}; (T, m) for one of {inputs} is needed")
    lengths = {len(v) for v in given.values()}
    if len(lengths) != 1 or (steps is not None and steps not in lengths):
        raise ShapeError(f"the inputs have lengths {sorted(lengths)}, steps is {steps}; they must agree")
    if cell.is_scalar:
        given = {k: v[:, 0] for k, v in given.items()}
    return lengths.pop(), given


def _start(cell: Cell, values: Mapping[str, Any], h0: Any) -> dict[str, Any]:
    names = [s.name for s in cell.state]
    given = dict(h0) if isinstance(h0, Mapping) else {} if h0 is None else {names[0]: h0}
    if h0 is not None and not isinstance(h0, Mapping) and len(names) > 1:
        raise SpecError(f"{cell.name} has the states {names}; give h0 as a dict")
    size = next((np.atleast_1d(np.asarray(v)).shape[-1] for v in given.values()), None)
    for s in cell.state:
        if s.name not in given:
            n = size if size is not None else int(s.shape[0]) if s.shape[0].is_Integer else _size(cell, values)
            given[s.name] = np.zeros(n)
    return {k: np.atleast_1d(np.asarray(v, dtype=float)) for k, v in given.items()}


def _size(cell: Cell, values: Mapping[str, Any]) -> int:
    for array in cell.arrays:
        if array.role == "parameter" and array.name in values and array.value.shape[0] == cell.state[0].shape[0]:
            return int(np.asarray(values[array.name]).shape[0])
    raise SpecError(f"the size of {cell.name} cannot be seen from {sorted(values)}; give h0")


def unroll(cell: Cell, T: int) -> Cell:
    """The cell of T steps at once: inputs x_1 ... x_T, equations h_1, ..., h_T in order; T = 0 is the identity.

    Its Jacobian is the ordered product of the Jacobians of one step (A-GRD-1).

    >>> from rnnsym.cells.plain import elman
    >>> print(unroll(elman(), 2))
    elman, 2 steps: h_1 = tanh(W_h*h + W_x*x_1 + b); h_2 = tanh(W_h*h_1 + W_x*x_2 + b)
    """
    count = whole(T, "horizon T (T = 0 is the empty product)", least=0)
    if count * len(cell.equations) > EQUATIONS:
        raise LimitReached(
            f"{count} steps of {cell.name} are {count * len(cell.equations)} equations; limit {EQUATIONS}. Take fewer steps, "
            "or ask for a symbolic number of them: bptt(cell)"
        )
    gap = "" if cell.binding and not cell.is_scalar else "_"  # h_1 is an entry of an explicit h
    equations: list[tuple[Any, Any]] = []
    current = list(cell.state)
    inputs: list[Any] = []
    for t in range(1, count + 1):
        names = {name: sp.MatrixSymbol(f"{_stem(name)}{gap}{t}", *name.shape) for name, _ in cell.equations}
        fresh = {s: sp.MatrixSymbol(f"{s.name}{gap}{t}", *s.shape) for s in cell.input}
        table = {**dict(zip(cell.state, current, strict=True)), **fresh, **names}
        equations += [(names[name], expression.xreplace(table)) for name, expression in cell.equations]
        current = [names[new] for new in cell.next]
        inputs += fresh.values()
    names_now = [name for name, _ in equations] + inputs
    kept = [(s, t) for s, t in cell.binding if s in cell.state or s in cell._parameter_symbols()]
    tables = [(s, entries(s.name, int(s.shape[0]), 1, cell.field == "real")) for s in names_now] if kept else []
    return replace(
        cell, name=f"{cell.name}, {count} step{'s' * (count != 1)}", input=tuple(inputs), equations=tuple(equations),
        next=tuple(current), output=None, binding=(*kept, *tables),
        general=cell.general and unroll(cell.general, count),
    )  # fmt: skip


def _stem(name: Any) -> str:
    return name.name[:-2] if name.name.endswith("_t") else name.name
