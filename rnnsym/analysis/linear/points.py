"""A cell at a fixed point as a linear system, and any linear model as one.

May import: everything to the left of `analysis`, and analysis.jacobian.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sympy as sp

from rnnsym.activations import sigmoid
from rnnsym.analysis.jacobian import jacobian
from rnnsym.cells.record import Cell, as_table, entries
from rnnsym.defined import FixedPointOf
from rnnsym.exact import balls, is_zero
from rnnsym.result import ShapeError, SpecError
from rnnsym.systems import LinearSystem
from rnnsym.vectors import differential, stack

TOLERANCE = 1e-9  # of the residual of a fixed point given in floats

# f(u) = 0 only at u = 0
_ODD = (sp.tanh, sp.sinh, sp.atan, sp.asinh, sp.erf)


def linearize(cell: Cell, *, at: Any = None, input: Any = None, output: Any = None) -> LinearSystem:
    """The system A = dF/dh, B = dF/dx, C = dy/dh_t, D = dy/dx of small deviations from a fixed point h* = F(h*, x*).

    at:     None for a symbolic fixed point h_star, x_star (`given` says h* = F(h*, x*)); 0, a table or a dict of states
            for a point, whose residual is checked. Where it vanishes only for some parameters, `given` says for which.
    input:  the constant input x*; zero if left out with a point, a symbol otherwise.
    output: a matrix C; by default the cell's own output map, or the whole state.
    The readout is "current" (y_t = C h_t + D x_t), or "previous" if the cell's output map reads more than h_t and x_t.
    Raises: SpecError for a cell of symbolic size, or if the point is no fixed point; ShapeError if it does not fit.
    Source: A-FIX-2.

    >>> from rnnsym.cells import elman
    >>> w = sp.Symbol("w", real=True)
    >>> linearize(elman(W_h=w, W_x=1, b=0)).A
    Matrix([[w*(1 - h_star**2)]])
    """
    if not isinstance(cell, Cell):
        raise SpecError(f"a Cell is needed, got {type(cell).__name__}")
    if not cell.is_explicit:
        raise SpecError(
            f"{cell.name} has symbolic sizes; a LinearSystem has entries: use {cell.name}.at(n=2, m=1), or jacobian(cell) "
            "for the formula of every size"
        )
    stars = _stars(cell, at, input)
    given = _fixed_point(cell, at, stars)
    A = _at_point(cell, jacobian(cell, "state").rhs, stars)
    B = _at_point(cell, jacobian(cell, "input").rhs, stars) if cell.input else sp.zeros(A.rows, 0)
    C, D, readout = _readout(cell, output, stars)
    kinks = jacobian(cell, "state").given
    kinks = kinks if kinks == sp.true else sp.And(*(_put(c, cell, stars) for c in sp.And.make_args(kinks)))
    if kinks == sp.false:
        raise SpecError(_kink(cell, stars))
    zeros = {
        c.lhs: sp.S.Zero for c in sp.And.make_args(given) if isinstance(c, sp.Eq) and c.lhs.is_Symbol and c.rhs == 0
    }
    A, B, C, D = (None if M is None else M.xreplace(zeros) for M in (A, B, C, D))
    return LinearSystem(A, B, C, D, readout=readout, given=sp.And(cell.given, given, kinks))


def _kink(cell: Cell, stars: dict[Any, Any]) -> str:
    """Which slope is missing at the given point."""
    parts = sp.And.make_args(jacobian(cell, "state").given)
    where = next((p for p in parts if _put(p, cell, stars) == sp.false), sp.true)
    place = f", where {sp.Not(where)}" if where != sp.true else ""
    return (
        f"{cell.name} is not differentiable at the given h*{place}: it has a kink there and no linearization; name a side "
        "(lambdify(kink='left') of the Jacobian) or a point inside a region"
    )


def _stars(cell: Cell, at: Any, input: Any) -> dict[Any, Any]:
    """State and input symbol -> the table of entries at the point."""
    sizes = {s: int(s.shape[0]) for s in (*cell.state, *cell.input)}
    real = cell.field == "real"
    points = _split(cell, at, cell.state, "at")
    inputs = _split(cell, 0 if input is None and at is not None else input, cell.input, "input")
    found = {}
    for s in (*cell.state, *cell.input):
        value = {**points, **inputs}.get(s)
        found[s] = entries(f"{s.name}_star", sizes[s], 1, real) if value is None else value
    return found


def _split(cell: Cell, value: Any, symbols: tuple[Any, ...], what: str) -> dict[Any, Any]:
    if value is None:
        return {}
    sizes = [int(s.shape[0]) for s in symbols]
    if isinstance(value, Mapping):
        names = {s.name: s for s in symbols}
        for key in value:
            if key not in names:
                raise SpecError(f"{what}: {cell.name} has no {key!r}; it has: {', '.join(names)}")
        return {names[k]: as_table(v, names[k].shape, k) for k, v in value.items()}
    if not hasattr(value, "__len__") and not isinstance(value, sp.MatrixBase) and sp.sympify(value, strict=True) == 0:
        return {s: sp.ImmutableMatrix(sp.zeros(size, 1)) for s, size in zip(symbols, sizes, strict=True)}
    table = as_table(value, None, what)
    table = table.T if table.rows == 1 and table.cols == sum(sizes) else table
    if table.shape != (sum(sizes), 1):
        raise ShapeError(
            f"{what} has {table.rows} entries, {cell.name} has {sum(sizes)} ({', '.join(map(str, symbols))})"
        )
    found, start = {}, 0
    for s, size in zip(symbols, sizes, strict=True):
        found[s] = sp.ImmutableMatrix(table[start : start + size, :])
        start += size
    return found


def _fixed_point(cell: Cell, at: Any, stars: dict[Any, Any]) -> Any:
    """The hypothesis under which the point is a fixed point."""
    binding = tuple((s, stars.get(s, table)) for s, table in cell.binding)
    if at is None:
        return FixedPointOf(cell.state, cell.next, cell.equations, binding)
    table = dict(cell.binding)
    followed = _followed(cell, stars)
    conditions = []
    for old, new in zip(cell.state, cell.next, strict=True):
        for star, entry in zip(stars[old], table[new], strict=True):
            residual = followed[entry] - star
            zero = is_zero(residual)
            if zero:
                continue
            if not residual.free_symbols:
                size = abs(balls.to_float(balls.ball(residual)))
                if size > TOLERANCE:
                    raise SpecError(
                        f"residual {size:.2g} at the given h*; linearization there is not a fixed-point analysis. "
                        "Use fixed_points(cell, values), or at=None for a symbolic fixed point"
                    )
                continue
            conditions.append(_vanishing(residual))
    if sp.false in conditions:
        raise SpecError("the given h* is a fixed point for no parameters of this cell; use at=None, or another point")
    return sp.And(*conditions)


def _vanishing(residual: Any) -> Any:
    """residual = 0 without factors that never vanish, and without functions that vanish only at 0 round the rest."""
    parts = []
    for part in sp.Mul.make_args(residual):
        while isinstance(part, _ODD):
            part = part.args[0]
        inner = 1 - part
        if part.is_nonzero or isinstance(part, sigmoid) or isinstance(inner, sigmoid):
            continue
        parts.append(_vanishing(part).lhs if part.is_Mul and part != residual else part)
    return sp.Eq(sp.Mul(*parts), 0)


def _followed(cell: Cell, stars: dict[Any, Any]) -> dict[Any, Any]:
    """Entry of every named quantity -> its expression at the point."""
    table = dict(cell.binding)
    values = {e: v for s, star in stars.items() for e, v in zip(table[s], star, strict=True)}
    for symbol, expression in cell.where:
        values[symbol] = expression.xreplace(values)
    return values


def _put(expression: Any, cell: Cell, stars: dict[Any, Any]) -> Any:
    return expression.xreplace(_followed(cell, stars))


def _at_point(cell: Cell, matrix: Any, stars: dict[Any, Any]) -> Any:
    """A matrix of the cell's entries at the point: new states are the old ones there, gates are written out."""
    table = dict(cell.binding)
    values = _followed(cell, stars)
    for old, new in zip(cell.state, cell.next, strict=True):
        values |= dict(zip(table[new], stars[old], strict=True))
    for symbol, expression in cell.where:
        if not any(symbol in table[new] for new in cell.next):
            values[symbol] = expression.xreplace(values)
    matrix = matrix if getattr(matrix, "is_Matrix", False) else sp.ImmutableMatrix([[matrix]])
    return sp.ImmutableMatrix(matrix.applyfunc(lambda e: e.xreplace(values)))


def _readout(cell: Cell, output: Any, stars: dict[Any, Any]) -> tuple[Any, Any, str]:
    n = sum(int(s.shape[0]) for s in cell.state)
    if output is not None:
        C = as_table([list(output)] if _flat(output) and n > 1 else output, None, "output")
        if C.cols != n:
            raise ShapeError(f"output has {C.cols} columns, the state {n} entries; C must have a column for each state")
        return C, None, "current"
    if cell.output is None:
        return None, None, "current"
    name, expression = cell.output
    allowed = {*cell.next, *cell.input, *cell._parameter_symbols()}
    moving = {*cell.state, *(s for s, _ in cell.equations)}
    if not (expression.free_symbols & moving) - allowed:
        C = stack([[differential(expression, new, {}, name) for new in cell.next]])
        D = stack([[differential(expression, x, {}, name) for x in cell.input]]) if cell.input else None
        readout = "current"
    else:
        from_state = jacobian_of_output(cell, cell.state)
        return (
            _at_point(cell, from_state, stars),
            _at_point(cell, jacobian_of_output(cell, cell.input), stars) if cell.input else None,
            "previous",
        )
    C, D = (None if M is None else _at_point(cell, cell.write(M), stars) for M in (C, D))
    return C, D, readout


def jacobian_of_output(cell: Cell, variables: Any) -> Any:
    """d y_t / d variables through all equations of the cell, in entries."""
    tangents: list[dict[Any, Any]] = []
    for v in variables:
        known: dict[Any, Any] = {}
        for name, expression in cell.all_equations:
            known[name] = differential(expression, v, known, name)
        tangents.append(known)
    assert cell.output is not None
    return cell.write(stack([[known[cell.output[0]] for known in tangents]]))


def _flat(value: Any) -> bool:
    value = value.tolist() if hasattr(value, "tolist") and not isinstance(value, sp.MatrixBase) else value
    return isinstance(value, list | tuple) and not any(isinstance(r, list | tuple) for r in value)


def as_system(model: Any, question: str) -> LinearSystem:
    """The model as a LinearSystem, a linear cell included; a nonlinear one is refused with what to do.

    Raises: SpecError for a nonlinear cell.
    """
    if isinstance(model, LinearSystem):
        return model
    if not isinstance(model, Cell):
        raise SpecError(f"{question} needs a LinearSystem or a linear Cell, got {type(model).__name__}")
    if is_affine(model):
        return linearize(model) if not model.is_explicit else _linear_part(model)
    raise SpecError(
        f"{model.name} is nonlinear; {question} of its linearization: {question}(linearize(cell)) (true near a fixed point); "
        "of the network itself: accessibility(cell), nonlinear_observability(cell)"
    )


def is_affine(cell: Cell) -> bool:
    """Whether the new state depends on state and input by matrices that are free of both."""
    moving = {*cell.state, *cell.input, *(s for s, _ in cell.all_equations)}
    moving |= {e for s, table in cell.binding if s in moving for e in table.free_symbols}
    for wrt in ("state", *(("input",) if cell.input else ())):
        matrix = jacobian(cell, wrt).explicit
        if matrix.free_symbols & moving:
            return False
    return True


def _linear_part(cell: Cell) -> LinearSystem:
    """The system of an affine cell: its matrices, which no point enters."""
    A = as_matrix(jacobian(cell, "state").explicit)
    B = as_matrix(jacobian(cell, "input").explicit) if cell.input else sp.zeros(A.rows, 0)
    stars = _stars(cell, None, None)
    C, D, readout = _readout(cell, None, stars)
    return LinearSystem(A, B, C, D, readout=readout, given=cell.given)


def as_matrix(value: Any) -> Any:
    return value if getattr(value, "is_Matrix", False) else sp.ImmutableMatrix([[value]])
