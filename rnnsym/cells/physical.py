"""Cells from differential equations by a step of integration: ctrnn, antisymmetric, cornn.

May import: everything to the left of `cells`, and the parts that cells are built from.
"""

from __future__ import annotations

from typing import Any

import sympy as sp

from rnnsym.activations import Activation, activation
from rnnsym.cells.building import affine, applied, cell_function, choice, columns, finish, h, h_t, weights, x
from rnnsym.cells.record import Cell
from rnnsym.result import Source
from rnnsym.vectors import entrywise

FUNAHASHI = Source(
    "funahashi1993", "Funahashi, K. and Nakamura, Y.",
    "Approximation of dynamical systems by continuous time recurrent neural networks", 1993, doi="10.1016/S0893-6080(05)80125-X",
)  # fmt: skip
CHANG = Source(
    "chang2019", "Chang, B. and Chen, M. and Haber, E. and Chi, E. H.",
    "AntisymmetricRNN: a dynamical system view on recurrent neural networks", 2019, arxiv="1902.09689",
)  # fmt: skip
RUSCH = Source(
    "rusch2021", "Rusch, T. K. and Mishra, S.",
    "Coupled oscillatory recurrent neural network (coRNN): an accurate and (gradient) stable architecture for learning long time dependencies",
    2021, arxiv="2010.00951",
)  # fmt: skip

dt, tau = sp.Symbol("dt", real=True), sp.Symbol("tau", real=True)
gamma, epsilon = sp.Symbol("gamma", real=True), sp.Symbol("epsilon", real=True)


@cell_function
def ctrnn(
    phi: str | Activation = "tanh",
    *,
    form: str = "rate",
    n: Any = None,
    m: Any = None,
    output: Any = None,
    **values: Any,
) -> Cell:
    """Continuous-time network by an Euler step, h_t = h_{t-1} + (dt/tau) (-h_{t-1} + phi(W_h h_{t-1} + W_x x_t + b)).

    It is `leaky` with a = dt/tau. form: "rate" as above, or "current": h_t = h + (dt/tau) (-h + W_h phi(h) + W_x x_t + b).
    Shapes: dt, tau scalars, W_h (n, n), W_x (n, m), b (n). Given: tau is not 0.
    Source: funahashi1993.

    >>> print(ctrnn().equations[-1][1])
    dt*(g_t - h)/tau + h
    """
    act = activation(phi)
    (g_t,) = columns("g_t")
    recurrent, forward, bias = weights("")
    if choice("form", form, ("rate", "current")) == "rate":
        drive = applied(act.phi, *affine())
    else:
        drive = applied(lambda a: a, recurrent * act(h), forward * x, bias)
    equations = ((g_t, drive), (h_t, entrywise(lambda g, s: s + dt / tau * (g - s), g_t, h)))
    cell = Cell("ctrnn", (h,), (x,), equations, (h_t,), given=sp.Ne(tau, 0), source=(FUNAHASHI,))
    return finish(cell, values, n, m, output)


@cell_function
def antisymmetric(
    phi: str | Activation = "tanh", *, n: Any = None, m: Any = None, output: Any = None, **values: Any
) -> Cell:
    """h_t = h_{t-1} + epsilon phi((M - M^T - gamma I) h_{t-1} + W_x x_t + b), an Euler step of size epsilon.

    Shapes: M (n, n), W_x (n, m), b (n), epsilon and gamma scalars.
    Source: chang2019.

    >>> print(antisymmetric().equations[0][1])
    tanh(-gamma*h + (M - M.T)*h + W_x*x + b)
    """
    size = h.shape[0]
    matrix = sp.MatrixSymbol("M", size, size)
    skew = sp.MatAdd(matrix, sp.MatMul(-1, sp.Transpose(matrix), evaluate=False), evaluate=False)
    _, forward, bias = weights("")
    act = activation(phi).phi
    (g_t,) = columns("g_t")
    turned = sp.MatMul(skew, h, evaluate=False)
    equations = (
        (g_t, entrywise(lambda u, s, v, b: act(u - gamma * s + v + b), turned, h, forward * x, bias)),
        (h_t, entrywise(lambda s, g: s + epsilon * g, h, g_t)),
    )
    cell = Cell("antisymmetric", (h,), (x,), equations, (h_t,), source=(CHANG,))
    return finish(cell, values, n, m, output)


@cell_function
def cornn(
    phi: str | Activation = "tanh", *, damping: str = "implicit", n: Any = None, m: Any = None, output: Any = None,
    **values: Any,
) -> Cell:  # fmt: skip
    """Coupled oscillators, v_t = v_{t-1} + dt (phi(W_h h_{t-1} + W_v v_{t-1} + W_x x_t + b) - gamma h_{t-1} - epsilon v),
    h_t = h_{t-1} + dt v_t; the state is (v, h), z and y of the paper.

    damping: "implicit", v is v_t (solved for it, the step divides by 1 + dt epsilon), or "explicit", v is v_{t-1}.
    Shapes:  W_h, W_v (n, n), W_x (n, m), b (n), dt, gamma, epsilon scalars. Given: 1 + dt epsilon is not 0 (implicit).
    Source:  rusch2021.

    >>> print(cornn().equations[1][1])
    (-dt*gamma*h + dt*g_t + v)/(dt*epsilon + 1)
    """
    v, v_t, g_t = columns("v v_t g_t")
    recurrent, forward, bias = weights("")
    coupling = sp.MatrixSymbol("W_v", *recurrent.shape)
    given = sp.true
    if choice("damping", damping, ("implicit", "explicit")) == "implicit":
        speed = entrywise(lambda s, w, g: (w + dt * g - dt * gamma * s) / (1 + dt * epsilon), h, v, g_t)
        given = sp.Ne(1 + dt * epsilon, 0)
    else:
        speed = entrywise(lambda s, w, g: w + dt * (g - gamma * s - epsilon * w), h, v, g_t)
    equations = (
        (g_t, applied(activation(phi).phi, recurrent * h, coupling * v, forward * x, bias)),
        (v_t, speed),
        (h_t, entrywise(lambda s, w: s + dt * w, h, v_t)),
    )
    cell = Cell("cornn", (v, h), (x,), equations, (v_t, h_t), given=given, source=(RUSCH,))
    return finish(cell, values, n, m, output)
