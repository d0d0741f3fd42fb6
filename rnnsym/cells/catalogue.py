"""The catalogue of cells, one function each: equations between columns, true for every size.

Every function takes its parameters by name (symbols, scalars, tables or matrix expressions), sizes n and m, and an output
map; without them the sizes stay symbols. Conventions: the state on the page is h_t, its previous value h_{t-1} is `h`;
gates come first; a gate g has W_hg, W_xg, b_g. A new cell is one function here that ends in `finish`, registered by
`@cell_function`; the catalogue tests then cover it.

May import: everything to the left of `cells`, and the record.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import sympy as sp

from rnnsym.activations import Activation, activation, sigmoid
from rnnsym.cells.record import Cell, as_table, bind
from rnnsym.result import ShapeError, Source, SpecError
from rnnsym.vectors import column, entrywise

n = sp.Symbol("n", integer=True, positive=True)
m = sp.Symbol("m", integer=True, positive=True)
p = sp.Symbol("p", integer=True, positive=True)
h, x = sp.MatrixSymbol("h", n, 1), sp.MatrixSymbol("x", m, 1)
h_t, y_t = sp.MatrixSymbol("h_t", n, 1), sp.MatrixSymbol("y_t", p, 1)

_FUNCTIONS: dict[str, Callable[..., Cell]] = {}


def cell_function(function: Callable[..., Cell]) -> Callable[..., Cell]:
    """Registers a function of the catalogue under its own name."""
    _FUNCTIONS[function.__name__] = function
    return function


def catalogue() -> dict[str, Callable[..., Cell]]:
    """Every cell of the catalogue by name.

    >>> sorted(catalogue())[:2]
    ['elman', 'gru']
    """
    return dict(_FUNCTIONS)


def weights(suffix: str, rows: Any = n, state: Any = h, input_: Any = x) -> tuple[Any, Any, Any]:
    """The parameters W_h<suffix> (rows, n), W_x<suffix> (rows, m) and b_<suffix> (rows) of one affine map."""
    bias = f"b_{suffix}" if suffix else "b"
    return (
        sp.MatrixSymbol(f"W_h{suffix}" if suffix else "W_h", rows, state.shape[0]),
        sp.MatrixSymbol(f"W_x{suffix}" if suffix else "W_x", rows, input_.shape[0]),
        sp.MatrixSymbol(bias, rows, 1),
    )


def affine(suffix: str = "", state: Any = h, input_: Any = x) -> tuple[Any, ...]:
    """The three columns W_h<g> state, W_x<g> input, b_<g>, to be summed inside an activation."""
    recurrent, forward, bias = weights(suffix, state=state, input_=input_)
    return recurrent * state, forward * input_, bias


def applied(phi: Any, *columns: Any) -> Any:
    """phi of the sum of columns, entrywise."""
    return entrywise(lambda *parts: phi(sp.Add(*parts)), *columns)


def finish(
    cell: Cell, values: Mapping[str, Any], n: Any = None, m: Any = None, output: Any = None, limit: int | None = None
) -> Cell:
    """The cell with its output map, sizes and parameter values."""
    if output is not None:
        cell = _with_output(cell, output)
    given = {key: value for key, value in values.items() if value is not None}
    arrays = {s.name: s for s in cell._parameter_symbols()}
    for key in given:
        if key not in arrays:
            raise SpecError(f"{cell.name} has no parameter {key!r}; it has: {', '.join(arrays)}")
    scalars = {arrays[k]: sp.S(v) for k, v in given.items() if not getattr(arrays[k], "is_Matrix", False)}
    if scalars:
        cell = cell._replaced(lambda e: e.subs(scalars, simultaneous=True))
    tables = {k: v for k, v in given.items() if getattr(arrays[k], "is_Matrix", False)}
    sizes = {key: size for key, size in (("n", n), ("m", m)) if size is not None}
    renamed = {sp.Symbol(k, integer=True, positive=True): v for k, v in sizes.items() if isinstance(v, sp.Symbol)}
    if renamed:
        cell = cell._replaced(lambda e: e.subs(renamed, simultaneous=True))
    numbers = {k: v for k, v in sizes.items() if not isinstance(v, sp.Symbol)}
    return bind(cell, tables, numbers) if limit is None else bind(cell, tables, numbers, limit)


def _with_output(cell: Cell, output: Any) -> Cell:
    """y_t = C h_t for a matrix C, or the column expression given, in the cell's own symbols."""
    new = cell.next[-1]
    expression = output
    if not getattr(output, "is_Matrix", False) or isinstance(output, sp.MatrixBase):
        table = as_table(output, None, "output")
        expression = table
    if expression.shape[1] == new.shape[0] or (isinstance(expression, sp.MatrixBase) and expression.shape[1] != 1):
        if isinstance(expression, sp.MatrixBase):
            raise ShapeError(
                "a numeric output matrix needs a sized cell: output=MatrixSymbol('C', p, n) and C=... values"
            )
        expression = expression * new
    name = sp.MatrixSymbol("y_t", expression.shape[0], 1)
    return replace(cell, output=(name, column(expression)))


ELMAN = Source("elman1990", "Elman, J. L.", "Finding structure in time", 1990, doi="10.1207/s15516709cog1402_1")
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
JAEGER = Source(
    "jaeger2007", "Jaeger, H. and Lukosevicius, M. and Popovici, D. and Siewert, U.",
    "Optimization and applications of echo state networks with leaky-integrator neurons", 2007, doi="10.1016/j.neunet.2007.04.016",
)  # fmt: skip


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
    g_t = sp.MatrixSymbol("g_t", h.shape[0], 1)
    equations = (
        (g_t, applied(act.phi, *affine())),
        (h_t, entrywise(lambda old, new: (1 - rate) * old + rate * new, h, g_t)),
    )
    cell = Cell("leaky", (h,), (x,), equations, (h_t,), source=(JAEGER,))
    return finish(cell, {"a": a, "W_h": W_h, "W_x": W_x, "b": b, **values}, n, m, output)


@cell_function
def gru(*, n: Any = None, m: Any = None, output: Any = None, **values: Any) -> Cell:
    """Gated recurrent unit, h_t = (1 - z_t) g_t + z_t h_{t-1}, the reset gate inside the candidate's linear map.

    z_t = sigmoid(W_hz h + W_xz x + b_z), r_t likewise, g_t = tanh(W_hg (r_t h_{t-1}) + W_xg x_t + b_g).
    Shapes: W_h* (n, n), W_x* (n, m), b_* (n).
    Source: cho2014.

    >>> print(gru().equations[-1][1])
    g_t*(1 - z_t) + h*z_t
    """
    z_t, r_t, g_t = (sp.MatrixSymbol(name, h.shape[0], 1) for name in ("z_t", "r_t", "g_t"))
    recurrent, forward, bias = weights("g")
    equations = (
        (z_t, applied(sigmoid, *affine("z"))),
        (r_t, applied(sigmoid, *affine("r"))),
        (g_t, applied(sp.tanh, recurrent * entrywise(lambda r, s: r * s, r_t, h), forward * x, bias)),
        (h_t, entrywise(lambda z, g, s: (1 - z) * g + z * s, z_t, g_t, h)),
    )
    return finish(Cell("gru", (h,), (x,), equations, (h_t,), source=(CHO,)), values, n, m, output)


@cell_function
def lstm(*, n: Any = None, m: Any = None, output: Any = None, **values: Any) -> Cell:
    """Long short-term memory with forget gate: c_t = f_t c_{t-1} + i_t g_t, h_t = o_t tanh(c_t); the state is (c, h).

    i_t, f_t, o_t = sigmoid(W_h* h + W_x* x + b_*), g_t = tanh(W_hg h + W_xg x + b_g).
    Shapes: W_h* (n, n), W_x* (n, m), b_* (n); Jacobians of the state are (2n, 2n), c first.
    Source: hochreiter1997, gers2000.

    >>> lstm().next
    (c_t, h_t)
    """
    size = h.shape[0]
    i_t, f_t, o_t, g_t, c, c_t = (sp.MatrixSymbol(name, size, 1) for name in ("i_t", "f_t", "o_t", "g_t", "c", "c_t"))
    equations = (
        *((gate, applied(sigmoid, *affine(gate.name[0]))) for gate in (i_t, f_t, o_t)),
        (g_t, applied(sp.tanh, *affine("g"))),
        (c_t, entrywise(lambda f, old, i, g: f * old + i * g, f_t, c, i_t, g_t)),
        (h_t, entrywise(lambda o, new: o * sp.tanh(new), o_t, c_t)),
    )
    return finish(Cell("lstm", (c, h), (x,), equations, (c_t, h_t), source=(LSTM, GERS)), values, n, m, output)
