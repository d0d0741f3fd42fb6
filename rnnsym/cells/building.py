"""What cells are built from: the common symbols, affine maps, the registry, and the last step, `finish`.

Conventions: the state on the page is h_t, its previous value h_{t-1} is `h`; the state has n entries, the input m, the
output p; gates come first; a gate g has W_hg, W_xg, b_g. A cell function ends in `finish` and is registered by
`@cell_function`; the catalogue tests then cover it.

May import: everything to the left of `cells`, the record, and the reading of outputs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import sympy as sp

from rnnsym.cells.output import with_output
from rnnsym.cells.record import Cell, bind, exact, refuse_clashes
from rnnsym.result import SpecError
from rnnsym.vectors import entrywise

n = sp.Symbol("n", integer=True, positive=True)
m = sp.Symbol("m", integer=True, positive=True)
p = sp.Symbol("p", integer=True, positive=True)
h, x = sp.MatrixSymbol("h", n, 1), sp.MatrixSymbol("x", m, 1)
h_t, y_t = sp.MatrixSymbol("h_t", n, 1), sp.MatrixSymbol("y_t", p, 1)

_FUNCTIONS: dict[str, Callable[..., Cell]] = {}
_FAMILIES = tuple(f"rnnsym.cells.{family}" for family in ("plain", "gated", "physical", "statespace"))


def cell_function(function: Callable[..., Cell]) -> Callable[..., Cell]:
    """Registers a function of the catalogue under its own name."""
    _FUNCTIONS[function.__name__] = function
    return function


def catalogue() -> dict[str, Callable[..., Cell]]:
    """Every cell of the catalogue by name, family by family.

    >>> list(catalogue())[:3]
    ['elman', 'linear', 'leaky']
    """
    homes = {home: k for k, home in enumerate(_FAMILIES)}
    return dict(sorted(_FUNCTIONS.items(), key=lambda item: homes.get(item[1].__module__, len(homes))))


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


def columns(names: str, size: Any = n) -> tuple[Any, ...]:
    """Columns of one size by name."""
    return tuple(sp.MatrixSymbol(name, size, 1) for name in names.split())


def choice(what: str, value: Any, known: tuple[str, ...]) -> str:
    """The value of a named option, or a SpecError that lists what there is."""
    if value not in known:
        raise SpecError(f"{what} must be one of {', '.join(map(repr, known))}; got {value!r}")
    return str(value)


def finish(
    cell: Cell, values: Mapping[str, Any], n: Any = None, m: Any = None, output: Any = None, limit: int | None = None
) -> Cell:
    """The cell with its output map, its sizes (n, m, and by name in `values` any other) and parameter values."""
    given = {key: value for key, value in values.items() if value is not None}
    if output is not None:
        cell, more = with_output(cell, output)
        given = {**more, **given}
    arrays = {s.name: s for s in cell._parameter_symbols()}
    known = {s.name for s in cell.sizes}
    sizes = {key: size for key, size in (("n", n), ("m", m)) if size is not None}
    for key in [key for key in given if key not in arrays and key in known]:
        sizes[key] = given.pop(key)
    for key in given:
        if key not in arrays:
            raise SpecError(f"{cell.name} has no parameter {key!r}; it has: {', '.join(arrays)}")
    scalars = {arrays[k]: exact(v, k) for k, v in given.items() if not getattr(arrays[k], "is_Matrix", False)}
    if scalars:
        cell = cell._replaced(lambda e: e.subs(scalars, simultaneous=True))
    tables = {k: v for k, v in given.items() if getattr(arrays[k], "is_Matrix", False)}
    renamed = {sp.Symbol(k, integer=True, positive=True): v for k, v in sizes.items() if isinstance(v, sp.Symbol)}
    for key, size in renamed.items():
        if not (size.is_integer and size.is_positive):
            raise SpecError(
                f"size {key} is the symbol {size}, which may be no whole number; "
                f"make it Symbol({size.name!r}, integer=True, positive=True)"
            )
    if renamed:
        cell = cell._replaced(lambda e: e.subs(renamed, simultaneous=True))
    numbers = {k: v for k, v in sizes.items() if not isinstance(v, sp.Symbol)}
    made = bind(cell, tables, numbers) if limit is None else bind(cell, tables, numbers, limit)
    if not made.is_explicit:
        refuse_clashes(made)
    return made
