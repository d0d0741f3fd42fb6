"""Cells: the record, the catalogue, the user's own, compositions, and trajectories."""

from rnnsym.cells.catalogue import (
    antisymmetric,
    catalogue,
    chaos_free,
    cornn,
    ctrnn,
    elman,
    gru,
    gru_reset_after,
    jordan,
    leaky,
    linear,
    low_rank,
    lru,
    lstm,
    mgu,
    min_gru,
    peephole_lstm,
    plrnn,
    residual,
    ssm,
)  # fmt: skip
from rnnsym.cells.composed import bidirectional, stack
from rnnsym.cells.hypotheses import assume
from rnnsym.cells.own import cell
from rnnsym.cells.paths import step_result, trajectory, unroll
from rnnsym.cells.record import Cell

__all__ = [
    "Cell", "antisymmetric", "assume", "bidirectional", "catalogue", "cell", "chaos_free", "cornn", "ctrnn", "elman", "gru",
    "gru_reset_after", "jordan", "leaky", "linear", "low_rank", "lru", "lstm", "mgu", "min_gru", "peephole_lstm", "plrnn",
    "residual", "ssm", "stack", "step_result", "trajectory", "unroll",
]  # fmt: skip
