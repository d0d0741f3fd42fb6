"""Cells made of cells: stacked in depth, and run over a sequence in both directions.

May import: everything to the left of `cells`, the record, outputs and trajectories.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import sympy as sp

from rnnsym.cells.output import with_output
from rnnsym.cells.paths import unroll
from rnnsym.cells.record import Cell, bind, refuse_clashes, whole
from rnnsym.result import ShapeError, SpecError
from rnnsym.vectors import column


def stack(*cells: Cell, output: Any = None) -> Cell:
    """Cells in depth as one cell: the input of a layer is the new state of the layer below (its output, if it has one).

    Everything of layer k gets the suffix k: states h_1, h_2, parameters W_h_1, W_h_2, sizes n_1, n_2; the input is x. The
    state of the whole is all states, layer by layer; with several blocks in a layer the last goes up (h of an LSTM).
    Raises: SpecError for a cell with numbers for its sizes: give sizes and values to the stack.

    >>> from rnnsym.cells.plain import elman
    >>> print(stack(elman(), elman("relu")))
    elman over elman: h_1_t = tanh(W_h_1*h_1 + W_x_1*x + b_1); h_2_t = relu(W_h_2*h_2 + W_x_2*h_1_t + b_2)
    """
    if not cells:
        raise SpecError("a stack needs at least one cell")
    for c in cells:
        if not isinstance(c, Cell):
            raise TypeError(f"a stack is made of cells, got {type(c).__name__}; call the cell function, as in elman()")
        if c.is_explicit:
            raise SpecError(
                f"{c.name} has numbers for its sizes; stack cells of symbolic size, then use .at(...) or .subs"
            )
    layers: list[Cell] = []
    equations: list[tuple[Any, Any]] = []
    signal: Any = None
    for k, c in enumerate(cells, 1):
        if signal is not None and len(c.input) != 1:
            raise SpecError(f"layer {k}, {c.name}, has {len(c.input)} inputs; one is needed, for the layer below")
        kept = set(c.input) if signal is None else set()
        below = {} if signal is None else {size: signal.shape[0] for size in _sizes(c.input)}
        sizes = {s: below.get(s, s if s in _sizes(kept) else _numbered(s, k)) for s in c.sizes}
        layer = _renamed(c, _suffixed(f"_{k}"), kept, sizes)
        if signal is not None:
            (lower,) = layer.input
            if lower.shape != signal.shape:
                raise ShapeError(f"layer {k} takes {lower.shape[0]} inputs, the layer below gives {signal.shape[0]}")
            layer = replace(
                layer, input=(), equations=tuple((s, column(e.xreplace({lower: signal}))) for s, e in layer.equations),
                output=layer.output and (layer.output[0], column(layer.output[1].xreplace({lower: signal}))),
            )  # fmt: skip
        equations += layer.equations
        signal = layer.next[-1] if layer.output is None else layer.output[0]
        if layer.output is not None and k < len(cells):
            equations.append(layer.output)
        layers.append(layer)
    sources = tuple(dict.fromkeys(s for c in cells for s in c.source))
    made = Cell(
        " over ".join(c.name for c in reversed(cells)), tuple(s for c in layers for s in c.state), layers[0].input,
        tuple(equations), tuple(s for c in layers for s in c.next), layers[-1].output,
        sp.And(*(c.given for c in layers)), sources,
    )  # fmt: skip
    return _finished(made, output)


def bidirectional(cell: Cell, T: int, *, output: Any = None) -> Cell:
    """A cell run over x_1 ... x_T forwards and, with parameters of its own, backwards, as one cell of the whole sequence.

    Forwards h_fw_t = F(h_fw_{t-1}, x_t) for t = 1 ... T from h_fw; backwards h_bw_t = F(h_bw_{t+1}, x_t) for t = T ... 1
    from h_bw. The state is (h_fw, h_bw), the two ends where the passes begin; the new state is (h_fw_T, h_bw_1), where they
    end (the frameworks' last hidden state). The readout of time t sees both h_fw_t and h_bw_t and so the whole sequence:
    output="C @ h_fw_2 + E @ h_bw_2". Parameters have the suffixes _fw and _bw; sizes are shared.

    >>> from rnnsym.cells.plain import linear
    >>> print(bidirectional(linear(), 2).equations[-1])
    (h_bw_1, W_h_bw*h_bw_2 + W_x_bw*x_1 + b_bw)
    """
    if cell.is_explicit:
        raise SpecError(f"{cell.name} has numbers for its sizes; use one of symbolic size, then .at(...) or .subs")
    count = whole(T, "sequence length T", least=0)
    whole_cell = replace(cell, output=None)
    kept = set(cell.input)
    sizes = {s: s for s in cell.sizes}
    ahead = unroll(_renamed(whole_cell, _suffixed("_fw"), kept, sizes), count)
    back = _turned(unroll(_renamed(whole_cell, _suffixed("_bw"), kept, sizes), count), count)
    made = Cell(
        f"bidirectional {cell.name}, {count} step{'s' * (count != 1)}", ahead.state + back.state, ahead.input,
        ahead.equations + back.equations, ahead.next + back.next, None, sp.And(ahead.given, back.given), cell.source,
    )  # fmt: skip
    return _finished(made, output)


def _finished(cell: Cell, output: Any) -> Cell:
    values: dict[str, Any] = {}
    if output is not None:
        cell, values = with_output(cell, output)
    refuse_clashes(cell)
    return bind(cell, values) if values else cell


def _turned(cell: Cell, count: int) -> Cell:
    """An unrolled cell with its times counted from the end: x_k is x_{T+1-k}, h_k is h_{T+1-k}."""

    def turned(symbol: Any) -> Any:
        stem, _, k = symbol.name.rpartition("_")
        return sp.MatrixSymbol(f"{stem}_{count + 1 - int(k)}", *symbol.shape)

    table = {s: turned(s) for s in (*cell.input, *(s for s, _ in cell.equations))}
    return cell._replaced(lambda e: column(e.xreplace(table)) if getattr(e, "is_Matrix", False) else e)


def _suffixed(suffix: str) -> Callable[[str], str]:
    return lambda name: name + suffix


def _sizes(symbols: Any) -> set[Any]:
    return {size for s in symbols for size in s.shape if size.is_Symbol}


def _numbered(size: Any, k: int) -> Any:
    return sp.Symbol(f"{size.name}_{k}", integer=True, positive=True)


def _renamed(cell: Cell, rule: Callable[[str], str], kept: set[Any], sizes: dict[Any, Any]) -> Cell:
    """The cell with new names for all but the symbols of `kept`, and new sizes; h_t becomes h_<suffix>_t."""

    def name_of(name: str) -> str:
        return f"{rule(name.removesuffix('_t'))}_t" if name.endswith("_t") else rule(name)

    changed = {s: t for s, t in sizes.items() if s != t}
    resized = cell._replaced(lambda e: e.subs(changed, simultaneous=True)) if changed else cell
    kept_names = {s.name for s in kept}
    table: dict[Any, Any] = {}
    for s in (*resized.state, *resized.input, *(s for s, _ in resized.all_equations), *resized._parameter_symbols()):
        if s.name not in kept_names:
            if isinstance(s, sp.MatrixSymbol):
                table[s] = sp.MatrixSymbol(name_of(s.name), *s.shape)
            else:
                table[s] = sp.Symbol(name_of(s.name), **s.assumptions0)
    return resized._replaced(
        lambda e: column(e.xreplace(table)) if getattr(e, "is_Matrix", False) and e.shape[1] == 1 else e.xreplace(table)
    )
