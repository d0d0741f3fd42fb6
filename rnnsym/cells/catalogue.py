"""The catalogue of cells, one function each: equations between columns, true for every size.

Every function takes its parameters by name (symbols, scalars, tables or matrix expressions), sizes n and m, and an output
map; without them the sizes stay symbols. The cells stand in files by family; a new cell is one function there that ends
in `finish`, registered by `@cell_function`; the catalogue tests then cover it.

May import: the families of cells. This file gathers the names.
"""

from rnnsym.cells.building import (
    affine,
    applied,
    catalogue,
    cell_function,
    choice,
    columns,
    finish,
    h,
    h_t,
    m,
    n,
    p,
    weights,
    x,
    y_t,
)  # fmt: skip
from rnnsym.cells.gated import chaos_free, gru, gru_reset_after, lstm, mgu, min_gru, peephole_lstm
from rnnsym.cells.physical import antisymmetric, cornn, ctrnn
from rnnsym.cells.plain import elman, jordan, leaky, linear, residual
from rnnsym.cells.statespace import low_rank, lru, plrnn, ssm

__all__ = [
    "affine", "antisymmetric", "applied", "catalogue", "cell_function", "chaos_free", "choice", "columns", "cornn", "ctrnn",
    "elman", "finish", "gru", "gru_reset_after", "h", "h_t", "jordan", "leaky", "linear", "low_rank", "lru", "lstm", "m",
    "mgu", "min_gru", "n", "p", "peephole_lstm", "plrnn", "residual", "ssm", "weights", "x", "y_t",
]  # fmt: skip
