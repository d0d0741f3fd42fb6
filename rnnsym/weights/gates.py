"""What every layout holds: for each gate the recurrent and the input weights and up to two biases; and the cell of them.

All frameworks use h' = (1 - z) g + z h. Two biases of one gate are summed where the cell has one: the sum is what the
network computes with, rounded once. May import: everything to the left of `weights`, and `record`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from rnnsym.cells import elman, gru, gru_reset_after, lstm, peephole_lstm
from rnnsym.cells.output import with_output
from rnnsym.cells.record import Cell
from rnnsym.result import SpecError

GATES = {"rnn": ("",), "gru": ("z", "r", "g"), "lstm": ("i", "f", "o", "g")}
COUNTS = {1: "rnn", 3: "gru", 4: "lstm"}
WORDS = {"rnn": "RNN", "gru": "GRU", "lstm": "LSTM"}
Table = Mapping[str, Any]


@dataclass(frozen=True)
class Gates:
    """kind: rnn, gru or lstm; tables gate -> array: W_x (n, m), W_h (n, n), biases (n,) or None where there is none.

    reset: of a GRU, "before" or "after" the linear map; phi: the activation of an RNN; peepholes: of an LSTM, for i, f, o.
    """

    kind: str
    W_x: Table
    W_h: Table
    b_x: Table | None = None
    b_h: Table | None = None
    reset: str = "after"
    phi: str = "tanh"
    peepholes: Table | None = None


def cell_of(gates: Gates) -> Cell:
    """The cell that computes with these gates."""
    if gates.kind == "rnn":
        return elman(gates.phi)
    if gates.kind == "gru":
        return gru_reset_after() if gates.reset == "after" else gru()
    return lstm() if gates.peepholes is None else peephole_lstm()


def values_of(gates: Gates) -> dict[str, Any]:
    """Parameter name -> array of the cell."""
    found = {}
    for g in GATES[gates.kind]:
        found[f"W_h{g}"], found[f"W_x{g}"] = gates.W_h[g], gates.W_x[g]
        apart = gates.kind == "gru" and gates.reset == "after" and g == "g"
        zero = np.zeros(len(gates.W_h[g]), dtype=gates.W_h[g].dtype)
        biases = [t[g] for t in (gates.b_x, None if apart else gates.b_h) if t is not None]
        found[f"b_{g}" if g else "b"] = biases[0] + biases[1] if len(biases) == 2 else biases[0] if biases else zero
        if apart:
            found["b_hg"] = zero if gates.b_h is None else gates.b_h[g]
    if gates.peepholes is not None:
        found |= {f"p_{g}": gates.peepholes[g] for g in "ifo"}
    return found


def gates_of(cell: Cell, values: Table) -> Gates:
    """The gates of a network's cell; SpecError if it is none that a framework has."""
    kind, options = _kind(cell)
    names = GATES[kind]
    b_h = {g: np.zeros_like(values[f"b_{g}" if g else "b"]) for g in names}
    if "b_hg" in values:
        b_h["g"] = values["b_hg"]
    peepholes = {g: values[f"p_{g}"] for g in "ifo"} if "p_i" in values else None
    return Gates(
        kind, {g: values[f"W_x{g}"] for g in names}, {g: values[f"W_h{g}"] for g in names},
        {g: values[f"b_{g}" if g else "b"] for g in names}, b_h, peepholes=peepholes, **options,
    )  # fmt: skip


def _kind(cell: Cell) -> tuple[str, dict[str, Any]]:
    bare = replace(cell, output=None).equations
    for reset in ("after", "before"):
        if bare == gru(reset=reset).equations:
            return "gru", {"reset": reset}
    if bare in (lstm().equations, peephole_lstm().equations):
        return "lstm", {}
    if cell.name == "elman" and len(bare) == 1:
        return "rnn", {}
    raise SpecError(
        f"{cell.name} is none of the cells that frameworks have (elman, gru with update='keep', lstm); "
        "to_arrays() without a layout gives its arrays by their own names"
    )


def with_readout(cell: Cell, values: dict[str, Any], matrix: Any, bias: Any) -> tuple[Cell, dict[str, Any]]:
    """The cell with y_t = C h_t + d, and its values."""
    made, _ = with_output(cell, "C @ h" if bias is None else "C @ h + d", {"C": ("p", "n"), "d": "p"})
    more = {"C": matrix} if bias is None else {"C": matrix, "d": bias}
    return made, {**values, **more}
