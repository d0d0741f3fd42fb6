"""Linear recurrences and recurrences of restricted form: ssm, lru, low_rank, plrnn.

May import: everything to the left of `cells`, and the parts that cells are built from.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import sympy as sp

from rnnsym.activations import Activation, activation, relu
from rnnsym.cells.building import applied, cell_function, choice, columns, finish, h, h_t, p, weights, x, y_t
from rnnsym.cells.record import Cell
from rnnsym.result import Source
from rnnsym.vectors import entrywise, transposed

KALMAN = Source(
    "kalman1960",
    "Kalman, R. E.",
    "A new approach to linear filtering and prediction problems",
    1960,
    doi="10.1115/1.3662552",
)
GU = Source(
    "gu2022", "Gu, A. and Goel, K. and Re, C.", "Efficiently modeling long sequences with structured state spaces", 2022,
    arxiv="2111.00396",
)  # fmt: skip
ORVIETO = Source(
    "orvieto2023", "Orvieto, A. and Smith, S. L. and Gu, A. and Fernando, A. and Gulcehre, C. and Pascanu, R. and De, S.",
    "Resurrecting recurrent neural networks for long sequences", 2023, arxiv="2303.06349",
)  # fmt: skip
MASTROGIUSEPPE = Source(
    "mastrogiuseppe2018", "Mastrogiuseppe, F. and Ostojic, S.",
    "Linking connectivity, dynamics, and computations in low-rank recurrent neural networks", 2018,
    doi="10.1016/j.neuron.2018.07.003",
)  # fmt: skip
DURSTEWITZ = Source(
    "durstewitz2017", "Durstewitz, D.",
    "A state space approach for piecewise-linear recurrent neural networks for identifying computational dynamics from neural measurements",
    2017, doi="10.1371/journal.pcbi.1005542",
)  # fmt: skip


@cell_function
def ssm(*, structure: str = "dense", n: Any = None, m: Any = None, output: Any = None, **values: Any) -> Cell:
    """State-space model h_t = A h_{t-1} + B x_t, y_t = C h_t + D x_t.

    structure: "dense", A (n, n), or "diagonal", h_t = a h_{t-1} + B x_t with a (n), entrywise, real. For complex
               eigenvalues see `lru`. Another `output` takes the place of C and D.
    Shapes:    B (n, m), C (p, n), D (p, m).
    Source:    kalman1960, gu2022.

    >>> print(ssm())
    ssm: h_t = A*h + B*x; y_t = C*h_t + D*x
    """
    size, inputs = h.shape[0], x.shape[0]
    forward = sp.MatrixSymbol("B", size, inputs)
    if choice("structure", structure, ("dense", "diagonal")) == "dense":
        new = applied(lambda s: s, sp.MatrixSymbol("A", size, size) * h, forward * x)
    else:
        (a,) = columns("a")
        new = entrywise(lambda a, s, u: a * s + u, a, h, forward * x)
    cell = Cell("ssm", (h,), (x,), ((h_t, new),), (h_t,), source=(KALMAN, GU))
    if output is None:
        read = applied(lambda s: s, sp.MatrixSymbol("C", p, size) * h_t, sp.MatrixSymbol("D", p, inputs) * x)
        cell = replace(cell, output=(y_t, read))
    return finish(cell, values, n, m, output)


@cell_function
def lru(*, n: Any = None, m: Any = None, output: Any = None, **values: Any) -> Cell:
    """Linear recurrent unit in real form: s_t = lambda s_{t-1} + gamma B x_t, y_t = Re(C s_t) + D x_t, for s = u + i v.

    lambda = exp(-exp(nu) + i theta) is inside the unit circle for every real nu. With a = exp(-exp(nu)), a rotation by
    theta and a contraction by a: u_t = a (cos(theta) u - sin(theta) v) + gamma B_re x_t,
    v_t = a (sin(theta) u + cos(theta) v) + gamma B_im x_t, and y_t = C_re u_t - C_im v_t + D x_t. The state is (u, v).
    Shapes: nu, theta, gamma (n), B_re, B_im (n, m), C_re, C_im (p, n), D (p, m). gamma = sqrt(1 - a^2) keeps the scale.
    Source: orvieto2023.

    >>> print(lru().equations[0][1])
    (B_re*x)*gamma + (u*cos(theta) - v*sin(theta))*exp(-exp(nu))
    """
    size, inputs = h.shape[0], x.shape[0]
    u, v, u_t, v_t, nu, theta, gamma = columns("u v u_t v_t nu theta gamma")
    real, imaginary = (sp.MatrixSymbol(f"B_{part}", size, inputs) * x for part in ("re", "im"))

    def size_of(nu: Any) -> Any:
        return sp.exp(-sp.exp(nu))

    equations = (
        (u_t, entrywise(lambda u, v, nu, w, g, b: size_of(nu) * (sp.cos(w) * u - sp.sin(w) * v) + g * b,
                        u, v, nu, theta, gamma, real)),
        (v_t, entrywise(lambda u, v, nu, w, g, b: size_of(nu) * (sp.sin(w) * u + sp.cos(w) * v) + g * b,
                        u, v, nu, theta, gamma, imaginary)),
    )  # fmt: skip
    cell = Cell("lru", (u, v), (x,), equations, (u_t, v_t), source=(ORVIETO,))
    if output is None:
        parts = [sp.MatrixSymbol(f"C_{part}", p, size) for part in ("re", "im")]
        read = entrywise(lambda a, b, d: a - b + d, parts[0] * u_t, parts[1] * v_t, sp.MatrixSymbol("D", p, inputs) * x)
        cell = replace(cell, output=(y_t, read))
    return finish(cell, values, n, m, output)


@cell_function
def low_rank(
    phi: str | Activation = "tanh", *, reduced: bool = False, n: Any = None, m: Any = None, r: Any = None,
    output: Any = None, **values: Any,
) -> Cell:  # fmt: skip
    """Recurrent weights of rank r, W_h = M N^T: kappa_t = N^T h_{t-1}, h_t = phi(M kappa_t + W_x x_t + b).

    reduced: the exact map of the r numbers kappa_t = N^T h_t instead, kappa_t = N^T phi(M kappa_{t-1} + W_x x_t + b),
             with state kappa; the eigenvalues of the full Jacobian are its own and zeros.
    Shapes:  M, N (n, r), W_x (n, m), b (n).
    Source:  mastrogiuseppe2018.

    >>> print(low_rank())
    low_rank: k_t = N.T*h; h_t = tanh(M*k_t + W_x*x + b)
    """
    rank, size = sp.Symbol("r", integer=True, positive=True), h.shape[0]
    left, right = (sp.MatrixSymbol(name, size, rank) for name in "MN")
    _, forward, bias = weights("")
    act = activation(phi).phi
    if reduced:
        kappa, kappa_t = columns("kappa kappa_t", rank)
        hidden = applied(act, left * kappa, forward * x, bias)
        equations: tuple[Any, ...] = ((h_t, hidden), (kappa_t, transposed(right) * h_t))
        cell = Cell("low_rank", (kappa,), (x,), equations, (kappa_t,), source=(MASTROGIUSEPPE,))
    else:
        (k_t,) = columns("k_t", rank)
        equations = ((k_t, transposed(right) * h), (h_t, applied(act, left * k_t, forward * x, bias)))
        cell = Cell("low_rank", (h,), (x,), equations, (h_t,), source=(MASTROGIUSEPPE,))
    return finish(cell, {"r": r, **values}, n, m, output)


@cell_function
def plrnn(*, n: Any = None, m: Any = None, output: Any = None, **values: Any) -> Cell:
    """Piecewise linear network h_t = a h_{t-1} + W_h g_t + W_x x_t + b with g_t = relu(h_{t-1}); z and h of the paper.

    Shapes: a (n), W_h (n, n), W_x (n, m), b (n).
    Given:  derivatives need every h_{t-1} away from 0.
    Source: durstewitz2017.

    >>> print(plrnn())
    plrnn: g_t = relu(h); h_t = W_h*g_t + W_x*x + a*h + b
    """
    a, g_t = columns("a g_t")
    recurrent, forward, bias = weights("")
    new = entrywise(lambda a, s, r, u, b: a * s + r + u + b, a, h, recurrent * g_t, forward * x, bias)
    equations = ((g_t, entrywise(relu, h)), (h_t, new))
    return finish(Cell("plrnn", (h,), (x,), equations, (h_t,), source=(DURSTEWITZ,)), values, n, m, output)
