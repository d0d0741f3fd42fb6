"""A network run: states and Jacobians along a trajectory, through the array code of the formula for every size.

Time is the first axis, as in `trajectory`: inputs x (T, ..., m), states (T, ..., n), Jacobians (T, ..., n, n); the axes in
between are batch. Several state blocks (c and h of an LSTM) are stacked in Jacobians, and come by name as states.
May import: everything to the left of `network`, and `weights`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np
import sympy as sp

from rnnsym.analysis.jacobian import jacobian
from rnnsym.cells.paths import step_result
from rnnsym.cells.record import Cell, whole
from rnnsym.code import ArrayFunction, array_function
from rnnsym.result import LimitReached, Result, ShapeError, SpecError
from rnnsym.weights import Network

BYTES = 2**30
"""Jacobians kept at once."""


@lru_cache(maxsize=64)
def step_function(cell: Cell) -> ArrayFunction:
    """One step as array code: the new states stacked."""
    return array_function(step_result(replace(cell, output=None)))


@lru_cache(maxsize=64)
def jacobian_function(cell: Cell, wrt: str, kink: str = "error") -> ArrayFunction:
    """The Jacobian of one step as array code."""
    return array_function(jacobian(replace(cell, output=None), wrt), kink=kink)


@lru_cache(maxsize=64)
def output_function(cell: Cell) -> ArrayFunction:
    """The output map as array code of the new states and the input."""
    assert cell.output is not None
    name, expression = cell.output
    result = Result(f"output of {cell.name}", sp.Symbol("y"), "=", expression, where=cell.equations, arrays=cell.arrays)
    return array_function(result)


@dataclass(frozen=True)
class Run:
    """before: stacked states h_0 ... h_(T-1); after: h_1 ... h_T; inputs (T, ..., m). What a Jacobian is taken at."""

    network: Network
    before: Any
    after: Any
    inputs: Any

    @property
    def steps(self) -> int:
        return len(self.after)

    def blocks(self, stacked: Any) -> dict[str, Any]:
        """Stacked states by the names of the blocks."""
        sizes = self.network.blocks
        return dict(zip(sizes, np.split(stacked, np.cumsum(list(sizes.values()))[:-1], axis=-1), strict=True))


def run(network: Network, x: Any = None, *, h0: Any = None, steps: int | None = None) -> Run:
    """The states of a network under inputs x (T, ..., m), or (T,) for one input; zero input for `steps` steps without x.

    h0: the first state: (..., n) stacked, or by name; zero if left out.
    Raises: ShapeError if x or h0 do not fit; SpecError if a state leaves the finite numbers.
    """
    inputs = _inputs(network, x, steps)
    count, batch = len(inputs), inputs.shape[1:-1]
    state = stacked_state(network, h0)
    state = np.broadcast_to(state, (*np.broadcast_shapes(state.shape[:-1], batch), network.n))
    before = np.empty((count + 1, *state.shape), dtype=np.result_type(state, inputs))
    before[0] = state
    for t in range(count):
        with np.errstate(over="ignore", invalid="ignore"):
            before[t + 1] = step(network, before[t], inputs[t])
        if not np.isfinite(before[t + 1]).all():
            raise SpecError(
                f"the run of {network.cell.name} left the finite numbers at step {t + 1}; start closer, or run shorter"
            )
    return Run(network, before[:-1], before[1:], inputs)


def _inputs(network: Network, x: Any, steps: int | None) -> Any:
    if len(network.cell.input) > 1:
        raise SpecError(f"{network.cell.name} has {len(network.cell.input)} inputs; networks of one input are run")
    m = network.m
    if x is None:
        if steps is None:
            raise SpecError("a run needs inputs x of shape (T, m), or steps=T for zero input")
        return np.zeros((whole(steps, "steps", least=0), m), dtype=network.dtype)
    table = np.asarray(x)
    if table.dtype.kind in "iub":
        table = table.astype(float)
    table = table[:, None] if table.ndim == 1 and m == 1 else table
    if table.dtype.kind not in "fc" or table.ndim < 2 or table.shape[-1] != m:
        raise ShapeError(f"x has shape {table.shape}; (T, ..., {m}) is needed, T steps of {m} inputs")
    if steps is not None and steps != len(table):
        raise ShapeError(f"x has {len(table)} steps, steps is {steps}; they must agree")
    return table.astype(np.result_type(network.dtype, np.float32 if table.dtype.itemsize < 8 else network.dtype))


def stacked_state(network: Network, h0: Any) -> Any:
    """A state given stacked or by name as one array (..., n) in the network's numbers."""
    blocks = network.blocks
    if h0 is None:
        return np.zeros(network.n, dtype=network.dtype)
    if isinstance(h0, Mapping):
        unknown = [k for k in h0 if k not in blocks]
        if unknown:
            raise SpecError(f"{network.cell.name} has no state {unknown[0]!r}; it has: {', '.join(blocks)}")
        parts = [np.asarray(h0.get(k, np.zeros(size)), dtype=network.dtype) for k, size in blocks.items()]
        for (k, size), part in zip(blocks.items(), parts, strict=True):
            if part.shape[-1:] != (size,):
                raise ShapeError(f"{k} has shape {part.shape}; (..., {size}) is needed")
        shape = np.broadcast_shapes(*(p.shape[:-1] for p in parts))
        return np.concatenate([np.broadcast_to(p, (*shape, p.shape[-1])) for p in parts], axis=-1)
    state = np.asarray(h0, dtype=network.dtype)
    if state.shape[-1:] != (network.n,):
        raise ShapeError(f"h0 has shape {state.shape}; (..., {network.n}) is needed: {', '.join(blocks)} stacked")
    return state


def states(network: Network, x: Any = None, *, h0: Any = None, steps: int | None = None) -> Any:
    """The states h_1 ... h_T (T, ..., n); of several blocks a dict by name: {"c": ..., "h": ...} of an LSTM.

    >>> from rnnsym.cells import elman
    >>> states(Network(elman("identity"), {"W_h": [[0.5]], "W_x": [[1.0]]}), x=[1.0, 0.0])[:, 0].tolist()
    [1.0, 0.5]
    """
    found = run(network, x, h0=h0, steps=steps)
    return found.after if len(network.blocks) == 1 else found.blocks(found.after)


def outputs(network: Network, x: Any = None, *, h0: Any = None, steps: int | None = None) -> Any:
    """The outputs y_1 ... y_T (T, ..., p) of a network whose cell has an output map."""
    if network.cell.output is None:
        raise SpecError(f"{network.cell.name} has no output map; load with readout=, or give the cell output='C @ h'")
    found = run(network, x, h0=h0, steps=steps)
    given = {s.name: found.inputs for s in network.cell.input}
    return np.asarray(output_function(network.cell)(**network.values, **found.blocks(found.before), **given))[..., 0]


def jacobians(
    network: Network,
    x: Any = None,
    *,
    h0: Any = None,
    steps: int | None = None,
    wrt: str = "state",
    kink: str = "error",
) -> Any:
    """d h_t/d h_(t-1), or with wrt="input" d h_t/d x_t, at every step of a run: (T, ..., n, n or m), blocks stacked.

    kink:   where a ReLU stands exactly at 0, "error" raises KinkError, "left" and "right" take the slope of that side ("left"
            is torch's 0), "nan" marks it.
    Raises: LimitReached if they do not fit in memory: ask for fewer steps, or gradient_norms, which keeps two at a time.
    """
    inputs = _inputs(network, x, steps)
    columns = network.m if wrt == "input" else network.n
    batch = np.broadcast_shapes(stacked_state(network, h0).shape[:-1], inputs.shape[1:-1])
    count = len(inputs) * int(np.prod(batch))
    size = count * network.n * columns * network.dtype.itemsize
    if size > BYTES:
        raise LimitReached(
            f"{count} Jacobians of {network.n} x {columns} are {size / 2**30:.1f} GB; limit 1 GB. Ask fewer steps, or "
            "gradient_norms, which keeps two at a time"
        )
    found = run(network, inputs, h0=h0)
    return at_states(network, found.before, found.inputs, wrt, kink)


def at_states(network: Network, before: Any, inputs: Any = None, wrt: str = "state", kink: str = "error") -> Any:
    """Jacobians at stacked states (..., n) under inputs (..., m)."""
    if wrt not in ("state", "input"):
        raise SpecError(f"wrt must be 'state' or 'input', got {wrt!r}")
    sizes = network.blocks
    parts = dict(zip(sizes, np.split(before, np.cumsum(list(sizes.values()))[:-1], axis=-1), strict=True))
    if inputs is None:
        inputs = np.zeros(network.m, dtype=network.dtype)
    given = {s.name: inputs for s in network.cell.input}
    function = jacobian_function(network.cell, wrt, kink)
    values = {k: v for k, v in network.values.items() if k in function_names(network.cell)}
    return np.asarray(function(**values, **parts, **given))


@lru_cache(maxsize=64)
def function_names(cell: Cell) -> frozenset[str]:
    """The parameters of the equations, those of the output left out."""
    return frozenset(s.name for s in replace(cell, output=None)._parameter_symbols())


def step(network: Network, before: Any, inputs: Any = None) -> Any:
    """The stacked states one step after states (..., n) under inputs (..., m)."""
    sizes = network.blocks
    parts = dict(zip(sizes, np.split(before, np.cumsum(list(sizes.values()))[:-1], axis=-1), strict=True))
    if inputs is None:
        inputs = np.zeros(network.m, dtype=network.dtype)
    given = {s.name: inputs for s in network.cell.input}
    values = {k: v for k, v in network.values.items() if k in function_names(network.cell)}
    return np.asarray(step_function(network.cell)(**values, **parts, **given))[..., 0]
