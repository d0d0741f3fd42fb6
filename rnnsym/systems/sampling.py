"""From continuous to discrete time: zero-order hold, bilinear, Euler, and their mixtures.

    zoh        A' = e^(A dt),                       B' = integral_0^dt e^(A s) ds B     (singular A too)
    bilinear   A' = (I - dt A/2)^-1 (I + dt A/2),   B' = (I - dt A/2)^-1 dt B
    euler      A' = I + dt A,                       B' = dt B
    zoh-euler  A' = e^(A dt),                       B' = dt B                           (Mamba's code)
The output map C, D stays as it is, read from the new state (readout "current", the state-space layers' convention) or
from the old one ("previous": sampling at the start of each hold). "tustin" is the bilinear A', B' with the output map
that makes H'(z) = H(2/dt (z - 1)/(z + 1)) exactly, readout "previous".
Source: Gu, Goel, Re 2022 (S4); Gu, Dao 2023 (Mamba).

May import: everything to the left of `systems`, the cells, and the rest of this room.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import sympy as sp

from rnnsym import exact
from rnnsym.cells.record import Cell
from rnnsym.exact import factored, is_zero, normal
from rnnsym.result import ShapeError, SpecError
from rnnsym.systems.functions import Exponential, function_of
from rnnsym.systems.record import LinearSystem, Time, positive
from rnnsym.vectors import entrywise

METHODS = ("zoh", "bilinear", "tustin", "euler", "zoh-euler")


def discretize(system: LinearSystem | Cell, method: str, dt: Any, *, readout: str = "current") -> Any:
    """The discrete-time system h_t = A' h_{t-1} + B' x_t that samples h' = A h + B x every dt, by METHODS.

    A cell is read as the right side of h' = F(h, x) and gives the cell h_t = h_{t-1} + dt F(h_{t-1}, x_t) (euler only).
    Given:  dt > 0; for bilinear, det(I - dt A/2) is not 0 (2/dt is no eigenvalue of A).
    Raises: SpecError if the system is discrete already, for dt <= 0 or an unknown method; NoClosedForm if an eigenvalue
            of A has no closed form (zoh).
    Source: gu2022, gu2023.

    >>> a, dt = sp.Symbol("a", positive=True), sp.Symbol("Delta", positive=True)
    >>> discretize(LinearSystem(-a, 1, time=Time("continuous")), "zoh", dt).B
    Matrix([[-(-1 + exp(-Delta*a))/a]])
    """
    if method not in METHODS:
        raise SpecError(f"unknown method {method!r}; known: {', '.join(METHODS)}")
    step = positive(dt, "dt")
    if isinstance(system, Cell):
        return _euler_cell(system, method, step)
    if not isinstance(system, LinearSystem):
        raise SpecError(f"a LinearSystem or a Cell is needed, got {type(system).__name__}")
    if system.time.is_discrete:
        raise SpecError("the system is in discrete time already; say time=Time('continuous') where it is made")
    A, B, where, given = sampled(system, method, step)
    table = dict(where)
    while any(s in e.free_symbols for M in (A, B) for e in M for s in table):
        A, B = (M.applyfunc(lambda e: e.xreplace(table)) for M in (A, B))
    C, D, time = system.C, system.D, Time("discrete", step)
    given = sp.And(system.given, given)
    if method == "tustin":
        # x' = A x + B u sampled so that s = 2/dt (z-1)/(z+1); with G = (I - dt A/2)^-1: C' = C G, D' = D + C G B dt/2
        top, bottom = exact.inverse(sp.ImmutableMatrix(sp.eye(system.n) - step * system.A / 2))
        C = (system.C * top / bottom).applyfunc(normal)
        D = (system.D + C * system.B * step / 2).applyfunc(normal)
        return LinearSystem(A, B, C, D, readout="previous", time=time, given=given)
    return LinearSystem(A, B, C, D, readout=readout, time=time, given=given)


def sampled(system: LinearSystem, method: str, dt: Any) -> tuple[Any, Any, tuple[Any, ...], Any]:
    """(A', B', where, hypothesis) of a method."""
    A, B, n = system.A, system.B, system.n
    one = sp.ImmutableMatrix(sp.eye(n))
    if method == "euler":
        return one + dt * A, dt * B, (), sp.true
    if method in ("bilinear", "tustin"):
        top, bottom = exact.inverse(sp.ImmutableMatrix(one - dt * A / 2))
        if is_zero(bottom):
            raise SpecError("2/dt is an eigenvalue of A, so I - dt A/2 is singular; take another dt")
        inverse = (top / bottom).applyfunc(normal)
        stepped = (inverse * (one + dt * A / 2)).applyfunc(normal)
        condition = sp.Ne(factored(bottom), 0)
        return stepped, (inverse * B * dt).applyfunc(normal), (), condition
    f = Exponential(dt)
    stepped, where = function_of(A, f)
    if method == "zoh-euler":
        return stepped, dt * B, where, sp.true
    held, more = function_of(A, f, summed=True)
    named = dict.fromkeys((*where, *more))
    return stepped, sp.ImmutableMatrix(held * B), tuple(named), sp.true


def _euler_cell(cell: Cell, method: str, dt: Any) -> Cell:
    """h_t = h_{t-1} + dt F: the equations of F keep their names with a dot."""
    if method != "euler":
        raise SpecError(f"a nonlinear cell has no closed {method} step; use method 'euler', or linearize it first")
    if cell.output is not None:
        raise ShapeError(f"{cell.name} has an output map of its new state; discretize the cell without it")
    slopes = {new: sp.MatrixSymbol(f"{new.name.removesuffix('_t')}dot_t", *new.shape) for new in cell.next}
    equations = [(slopes.get(name, name), e.xreplace(slopes)) for name, e in cell.equations]
    equations += [
        (new, entrywise(lambda old, slope: old + dt * slope, old, slopes[new]))
        for old, new in zip(cell.state, cell.next, strict=True)
    ]
    tables = []
    for s, table in cell.binding:
        tables.append((s, table))
        if s in slopes:
            names = [sp.Symbol(f"{e.name}dot" if table.shape == (1, 1) else f"{e.name}dot", real=True) for e in table]
            tables.append((slopes[s], sp.ImmutableMatrix(table.rows, 1, names)))
    given = sp.And(cell.given, sp.true if dt.is_positive else sp.Gt(dt, 0))
    return replace(
        cell, name=f"{cell.name}, Euler step", equations=tuple(equations), binding=tuple(tables), given=given
    )
