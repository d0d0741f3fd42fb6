"""Gated cells: gru and its relatives, lstm and its relatives, and the chaos-free network.

May import: everything to the left of `cells`, and the parts that cells are built from.
"""

from __future__ import annotations

from typing import Any

import sympy as sp

from rnnsym.activations import sigmoid
from rnnsym.cells.building import affine, applied, cell_function, choice, columns, finish, h, h_t, weights, x
from rnnsym.cells.record import Cell
from rnnsym.result import Source
from rnnsym.vectors import entrywise

CHO = Source(
    "cho2014", "Cho, K. and van Merrienboer, B. and Gulcehre, C. and Bahdanau, D. and Bougares, F. and Schwenk, H. and Bengio, Y.",
    "Learning phrase representations using RNN encoder-decoder for statistical machine translation", 2014, arxiv="1406.1078",
)  # fmt: skip
LSTM = Source(
    "hochreiter1997",
    "Hochreiter, S. and Schmidhuber, J.",
    "Long short-term memory",
    1997,
    doi="10.1162/neco.1997.9.8.1735",
)
GERS = Source(
    "gers2000", "Gers, F. A. and Schmidhuber, J. and Cummins, F.", "Learning to forget: continual prediction with LSTM", 2000,
    doi="10.1162/089976600300015015",
)  # fmt: skip
PEEPHOLE = Source(
    "gers2002", "Gers, F. A. and Schraudolph, N. N. and Schmidhuber, J.",
    "Learning precise timing with LSTM recurrent networks", 2002, at="Journal of Machine Learning Research 3, 115-143",
)  # fmt: skip
ZHOU = Source(
    "zhou2016", "Zhou, G.-B. and Wu, J. and Zhang, C.-L. and Zhou, Z.-H.",
    "Minimal gated unit for recurrent neural networks", 2016, arxiv="1603.09420",
)  # fmt: skip
FENG = Source(
    "feng2024", "Feng, L. and Tung, F. and Ahmed, M. O. and Bengio, Y. and Hajimirsadeghi, H.", "Were RNNs all we needed?", 2024,
    arxiv="2410.01201",
)  # fmt: skip
LAURENT = Source(
    "laurent2017",
    "Laurent, T. and von Brecht, J.",
    "A recurrent neural network without chaos",
    2017,
    arxiv="1612.06212",
)


def _mixed(update: str, gate: Any, candidate: Any, old: Any) -> Any:
    """The gate keeps the old state, (1 - z) g + z h, or replaces it, z g + (1 - z) h."""
    if choice("update", update, ("keep", "replace")) == "keep":
        return entrywise(lambda z, g, s: (1 - z) * g + z * s, gate, candidate, old)
    return entrywise(lambda z, g, s: z * g + (1 - z) * s, gate, candidate, old)


def _gru(name: str, reset: str, update: str, values: Any, n: Any, m: Any, output: Any) -> Cell:
    z_t, r_t, g_t, hidden_bias = columns("z_t r_t g_t b_hg")
    recurrent, forward, bias = weights("g")
    if choice("reset", reset, ("before", "after")) == "before":
        candidate = applied(sp.tanh, recurrent * entrywise(lambda r, s: r * s, r_t, h), forward * x, bias)
    else:
        candidate = entrywise(
            lambda u, v, c, r, d: sp.tanh(u + c + r * (v + d)), forward * x, recurrent * h, bias, r_t, hidden_bias
        )
    equations = (
        (z_t, applied(sigmoid, *affine("z"))),
        (r_t, applied(sigmoid, *affine("r"))),
        (g_t, candidate),
        (h_t, _mixed(update, z_t, g_t, h)),
    )
    return finish(Cell(name, (h,), (x,), equations, (h_t,), source=(CHO,)), values, n, m, output)


@cell_function
def gru(
    *, reset: str = "before", update: str = "keep", n: Any = None, m: Any = None, output: Any = None, **values: Any
) -> Cell:
    """Gated recurrent unit, h_t = (1 - z_t) g_t + z_t h_{t-1}.

    z_t = sigmoid(W_hz h + W_xz x + b_z), r_t likewise.
    reset:  "before" the linear map, g_t = tanh(W_hg (r_t h_{t-1}) + W_xg x_t + b_g), as in the paper, or "after" it,
            g_t = tanh(W_xg x_t + b_g + r_t (W_hg h_{t-1} + b_hg)), as in PyTorch and Flax.
    update: "keep", z_t weighs the old state (as in the frameworks), or "replace", h_t = z_t g_t + (1 - z_t) h_{t-1}.
    Shapes: W_h* (n, n), W_x* (n, m), b_* (n).
    Source: cho2014.

    >>> print(gru().equations[-1][1])
    g_t*(1 - z_t) + h*z_t
    >>> print(gru(update="replace").equations[-1][1])
    g_t*z_t + h*(1 - z_t)
    """
    return _gru("gru", reset, update, values, n, m, output)


@cell_function
def gru_reset_after(*, update: str = "keep", n: Any = None, m: Any = None, output: Any = None, **values: Any) -> Cell:
    """The GRU of PyTorch, Keras and Flax: g_t = tanh(W_xg x_t + b_g + r_t (W_hg h_{t-1} + b_hg)); is gru(reset="after").

    Shapes: W_h* (n, n), W_x* (n, m), b_* (n), with the hidden bias b_hg.
    Source: cho2014.

    >>> print(gru_reset_after().equations[2][1])
    tanh(W_xg*x + b_g + r_t*(W_hg*h + b_hg))
    """
    return _gru("gru_reset_after", "after", update, values, n, m, output)


@cell_function
def mgu(*, update: str = "replace", n: Any = None, m: Any = None, output: Any = None, **values: Any) -> Cell:
    """Minimal gated unit: one gate f_t resets and updates, g_t = tanh(W_hg (f_t h_{t-1}) + W_xg x_t + b_g),
    h_t = f_t g_t + (1 - f_t) h_{t-1}.

    Shapes: W_h* (n, n), W_x* (n, m), b_* (n). update: as of `gru`; the paper's is "replace".
    Source: zhou2016.

    >>> print(mgu().equations[-1][1])
    f_t*g_t + h*(1 - f_t)
    """
    f_t, g_t = columns("f_t g_t")
    recurrent, forward, bias = weights("g")
    equations = (
        (f_t, applied(sigmoid, *affine("f"))),
        (g_t, applied(sp.tanh, recurrent * entrywise(lambda f, s: f * s, f_t, h), forward * x, bias)),
        (h_t, _mixed(update, f_t, g_t, h)),
    )
    return finish(Cell("mgu", (h,), (x,), equations, (h_t,), source=(ZHOU,)), values, n, m, output)


@cell_function
def min_gru(*, update: str = "replace", n: Any = None, m: Any = None, output: Any = None, **values: Any) -> Cell:
    """The GRU without recurrent weights: z_t = sigmoid(W_xz x_t + b_z), g_t = W_xg x_t + b_g, h_t = z_t g_t + (1 - z_t) h_{t-1}.

    It is linear in the state with a diagonal Jacobian. Shapes: W_x* (n, m), b_* (n). update: as of `gru`.
    Source: feng2024.

    >>> from rnnsym.analysis.jacobian import jacobian
    >>> jacobian(min_gru()).rhs
    diag(1 - z_t)
    """
    z_t, g_t = columns("z_t g_t")
    equations = (
        (z_t, applied(sigmoid, *affine("z")[1:])),
        (g_t, applied(lambda a: a, *affine("g")[1:])),
        (h_t, _mixed(update, z_t, g_t, h)),
    )
    return finish(Cell("min_gru", (h,), (x,), equations, (h_t,), source=(FENG,)), values, n, m, output)


@cell_function
def lstm(*, n: Any = None, m: Any = None, output: Any = None, **values: Any) -> Cell:
    """Long short-term memory with forget gate: c_t = f_t c_{t-1} + i_t g_t, h_t = o_t tanh(c_t); the state is (c, h).

    i_t, f_t, o_t = sigmoid(W_h* h + W_x* x + b_*), g_t = tanh(W_hg h + W_xg x + b_g).
    Shapes: W_h* (n, n), W_x* (n, m), b_* (n); Jacobians of the state are (2n, 2n), c first.
    Source: hochreiter1997, gers2000.

    >>> lstm().next
    (c_t, h_t)
    """
    i_t, f_t, o_t, g_t, c, c_t = columns("i_t f_t o_t g_t c c_t")
    equations = (
        *((gate, applied(sigmoid, *affine(gate.name[0]))) for gate in (i_t, f_t, o_t)),
        (g_t, applied(sp.tanh, *affine("g"))),
        (c_t, entrywise(lambda f, old, i, g: f * old + i * g, f_t, c, i_t, g_t)),
        (h_t, entrywise(lambda o, new: o * sp.tanh(new), o_t, c_t)),
    )
    return finish(Cell("lstm", (c, h), (x,), equations, (c_t, h_t), source=(LSTM, GERS)), values, n, m, output)


@cell_function
def peephole_lstm(*, n: Any = None, m: Any = None, output: Any = None, **values: Any) -> Cell:
    """LSTM whose gates see the cell: i_t, f_t = sigmoid(... + p_* c_{t-1}), o_t = sigmoid(... + p_o c_t); the state is (c, h).

    Shapes: as of `lstm`, and the peephole weights p_i, p_f, p_o (n), entrywise.
    Source: gers2002.

    >>> print(peephole_lstm().equations[4][1])
    sigmoid(W_ho*h + W_xo*x + b_o + c_t*p_o)
    """
    i_t, f_t, o_t, g_t, c, c_t = columns("i_t f_t o_t g_t c c_t")
    p_i, p_f, p_o = columns("p_i p_f p_o")

    def gate(name: str, peephole: Any, seen: Any) -> Any:
        return entrywise(lambda u, v, b, p, s: sigmoid(u + v + b + p * s), *affine(name), peephole, seen)

    equations = (
        (i_t, gate("i", p_i, c)),
        (f_t, gate("f", p_f, c)),
        (g_t, applied(sp.tanh, *affine("g"))),
        (c_t, entrywise(lambda f, old, i, g: f * old + i * g, f_t, c, i_t, g_t)),
        (o_t, gate("o", p_o, c_t)),
        (h_t, entrywise(lambda o, new: o * sp.tanh(new), o_t, c_t)),
    )
    return finish(Cell("peephole_lstm", (c, h), (x,), equations, (c_t, h_t), source=(PEEPHOLE,)), values, n, m, output)


@cell_function
def chaos_free(*, n: Any = None, m: Any = None, output: Any = None, **values: Any) -> Cell:
    """Chaos-free network: h_t = f_t tanh(h_{t-1}) + i_t tanh(W_x x_t); without input every trajectory tends to 0.

    f_t, i_t = sigmoid(W_h* h + W_x* x + b_*), theta_t and eta_t of the paper.
    Shapes: W_hf, W_hi (n, n), W_xf, W_xi, W_x (n, m), b_f, b_i (n).
    Source: laurent2017.

    >>> print(chaos_free().equations[-1][1])
    f_t*tanh(h) + i_t*tanh(W_x*x)
    """
    f_t, i_t = columns("f_t i_t")
    forward = weights("")[1]
    equations = (
        (f_t, applied(sigmoid, *affine("f"))),
        (i_t, applied(sigmoid, *affine("i"))),
        (h_t, entrywise(lambda f, s, i, u: f * sp.tanh(s) + i * sp.tanh(u), f_t, h, i_t, forward * x)),
    )
    return finish(Cell("chaos_free", (h,), (x,), equations, (h_t,), source=(LAURENT,)), values, n, m, output)
