"""Plain recurrences: elman, linear, leaky, jordan, residual.

May import: everything to the left of `cells`, and the parts that cells are built from.
"""

from __future__ import annotations

from typing import Any

import sympy as sp

from rnnsym.activations import Activation, activation
from rnnsym.cells.building import affine, applied, cell_function, columns, finish, h, h_t, x
from rnnsym.cells.record import Cell
from rnnsym.result import Source
from rnnsym.vectors import entrywise

ELMAN = Source("elman1990", "Elman, J. L.", "Finding structure in time", 1990, doi="10.1207/s15516709cog1402_1")
JORDAN = Source(
    "jordan1986", "Jordan, M. I.", "Serial order: a parallel distributed processing approach",
    1986, at="ICS Report 8604, University of California, San Diego",
)  # fmt: skip
JAEGER = Source(
    "jaeger2007", "Jaeger, H. and Lukosevicius, M. and Popovici, D. and Siewert, U.",
    "Optimization and applications of echo state networks with leaky-integrator neurons", 2007, doi="10.1016/j.neunet.2007.04.016",
)  # fmt: skip
RESIDUAL = Source(
    "e2017", "E, W.", "A proposal on machine learning via dynamical systems", 2017, doi="10.1007/s40304-017-0103-z"
)


@cell_function
def elman(
    phi: str | Activation = "tanh", *, W_h: Any = None, W_x: Any = None, b: Any = None, n: Any = None, m: Any = None,
    output: Any = None, **values: Any,
) -> Cell:  # fmt: skip
    """The recurrence h_t = phi(W_h h_{t-1} + W_x x_t + b).

    Shapes: W_h (n, n), W_x (n, m), b (n). A scalar for W_h makes n = m = 1; without values the sizes stay symbols.
    Source: elman1990.

    >>> print(elman())
    elman: h_t = tanh(W_h*h + W_x*x + b)
    """
    act = activation(phi)
    cell = Cell("elman", (h,), (x,), ((h_t, applied(act.phi, *affine())),), (h_t,), source=(ELMAN,))
    return finish(cell, {"W_h": W_h, "W_x": W_x, "b": b, **values}, n, m, output)


@cell_function
def linear(
    *, W_h: Any = None, W_x: Any = None, b: Any = None, n: Any = None, m: Any = None, output: Any = None, **values: Any
) -> Cell:
    """The affine recurrence h_t = W_h h_{t-1} + W_x x_t + b.

    Shapes: W_h (n, n), W_x (n, m), b (n).

    >>> print(linear())
    linear: h_t = W_h*h + W_x*x + b
    """
    cell = Cell("linear", (h,), (x,), ((h_t, applied(lambda a: a, *affine())),), (h_t,))
    return finish(cell, {"W_h": W_h, "W_x": W_x, "b": b, **values}, n, m, output)


@cell_function
def leaky(
    phi: str | Activation = "tanh", *, a: Any = None, W_h: Any = None, W_x: Any = None, b: Any = None, n: Any = None,
    m: Any = None, output: Any = None, **values: Any,
) -> Cell:  # fmt: skip
    """Leaky integrator units, h_t = (1 - a) h_{t-1} + a phi(W_h h_{t-1} + W_x x_t + b), with leak rate a.

    Shapes: a scalar, W_h (n, n), W_x (n, m), b (n).
    Source: jaeger2007.

    >>> print(leaky())
    leaky: g_t = tanh(W_h*h + W_x*x + b); h_t = a*g_t + h*(1 - a)
    """
    act, rate = activation(phi), sp.Symbol("a", real=True)
    (g_t,) = columns("g_t")
    equations = (
        (g_t, applied(act.phi, *affine())),
        (h_t, entrywise(lambda old, new: (1 - rate) * old + rate * new, h, g_t)),
    )
    cell = Cell("leaky", (h,), (x,), equations, (h_t,), source=(JAEGER,))
    return finish(cell, {"a": a, "W_h": W_h, "W_x": W_x, "b": b, **values}, n, m, output)


@cell_function
def jordan(
    phi: str | Activation = "tanh", psi: str | Activation = "identity", *, W_y: Any = None, W_x: Any = None,
    b: Any = None, W_o: Any = None, b_o: Any = None, n: Any = None, m: Any = None, k: Any = None, output: Any = None,
    **values: Any,
) -> Cell:  # fmt: skip
    """Feedback of the output: h_t = phi(W_y y_{t-1} + W_x x_t + b), y_t = psi(W_o h_t + b_o); the state is y.

    Shapes: y (n), h (k); W_y (k, n), W_x (k, m), b (k), W_o (n, k), b_o (n).
    Source: jordan1986.

    >>> jordan().next
    (y_t,)
    """
    hidden = sp.Symbol("k", integer=True, positive=True)
    units, inputs = h.shape[0], x.shape[0]
    y, y_t = columns("y y_t")
    new, bias = columns("h_t b", hidden)
    back, forward = sp.MatrixSymbol("W_y", hidden, units), sp.MatrixSymbol("W_x", hidden, inputs)
    out, bias_o = sp.MatrixSymbol("W_o", units, hidden), sp.MatrixSymbol("b_o", units, 1)
    equations = (
        (new, applied(activation(phi).phi, back * y, forward * x, bias)),
        (y_t, applied(activation(psi).phi, out * new, bias_o)),
    )
    given = {"W_y": W_y, "W_x": W_x, "b": b, "W_o": W_o, "b_o": b_o, "k": n if k is None else k, **values}
    return finish(Cell("jordan", (y,), (x,), equations, (y_t,), source=(JORDAN,)), given, n, m, output)


@cell_function
def residual(
    phi: str | Activation = "tanh", *, epsilon: Any = None, W_h: Any = None, W_x: Any = None, b: Any = None,
    n: Any = None, m: Any = None, output: Any = None, **values: Any,
) -> Cell:  # fmt: skip
    """Residual step h_t = h_{t-1} + epsilon phi(W_h h_{t-1} + W_x x_t + b).

    Shapes: epsilon scalar, W_h (n, n), W_x (n, m), b (n).
    Source: e2017.

    >>> print(residual())
    residual: g_t = tanh(W_h*h + W_x*x + b); h_t = epsilon*g_t + h
    """
    step = sp.Symbol("epsilon", real=True)
    (g_t,) = columns("g_t")
    equations = (
        (g_t, applied(activation(phi).phi, *affine())),
        (h_t, entrywise(lambda old, new: old + step * new, h, g_t)),
    )
    cell = Cell("residual", (h,), (x,), equations, (h_t,), source=(RESIDUAL,))
    return finish(cell, {"epsilon": epsilon, "W_h": W_h, "W_x": W_x, "b": b, **values}, n, m, output)
