"""The fixed points of a small piecewise linear cell with symbols: one per region, with the conditions under which it is one.

In a region every unit has one piece, so the fixed point solves (I - J) h = r in closed form; it is a fixed point of the
cell exactly where det(I - J) is not 0 and each unit's argument lies in its piece. Where det(I - J) = 0 there is none or a
whole face of them: give numbers, and `fixed_points` decides.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import sympy as sp

from rnnsym.activations.functions import hard_tanh, leaky_relu, relu
from rnnsym.activations.slopes import absolute
from rnnsym.analysis.search.records import FixedPointSet
from rnnsym.cells.record import Cell
from rnnsym.exact import solve_linear
from rnnsym.result import LimitReached, NoClosedForm, Result, Source, Step
from rnnsym.vectors import explicit

STATES = 3
REGIONS = 27

DURSTEWITZ = Source(
    "durstewitz2017", "Durstewitz, D.",
    "A state space approach for piecewise-linear recurrent neural networks for identifying computational dynamics from neural measurements",
    2017, doi="10.1371/journal.pcbi.1005542", at="eqs. 7-9",
)  # fmt: skip


def regions_with_conditions(cell: Cell, period: int = 1) -> FixedPointSet:
    """For each region the Result F(h*) = h*, with h* in `where` and the region's conditions in `given`."""
    states = [e for s in cell.state for e in dict(cell.binding)[s]]
    if period != 1:
        raise NoClosedForm(f"cycles of {cell.name} are found for numbers; give values=")
    if len(states) > STATES:
        raise LimitReached(f"{cell.name} with symbols has {len(states)} states; the limit is {STATES}; give values=")
    F = sp.Matrix([e for new in cell.next for e in _composed(cell, new)])
    units = _units(F)
    if units is None:
        raise NoClosedForm(
            f"{cell.name} with symbols is not piecewise linear: its fixed points have no closed form; "
            "give values= for numbers, or see fixed_point_equations and the bias as a function of the fixed point"
        )
    star = [sp.Symbol(f"{s.name}_star", real=True) for s in states]
    at_star = dict(zip(states, star, strict=True))
    choices = [_pieces(u) for u in units]
    count = sp.prod([len(c) for c in choices])
    if count > REGIONS:
        raise LimitReached(f"{cell.name} with symbols has {count} regions; the limit is {REGIONS}; give values=")
    results = []
    for region in itertools.product(*choices):
        found = _in_region(cell, F, units, region, states, star, at_star)
        if found is not None:
            results.append(found)
    return FixedPointSet((), complete=True, cell=cell.name, results=tuple(results))


def _composed(cell: Cell, new: Any) -> list[Any]:
    """The entries of a new state in states, inputs and parameters."""
    table = dict(cell.binding)
    known: dict[Any, Any] = {}
    for name, expression in cell.equations:
        entries = [e.xreplace(known) for e in explicit(expression, table)]
        known.update(zip(table[name], entries, strict=True))
    return [e.xreplace(known) for e in table[new]]


def _units(F: Any) -> list[Any] | None:
    """The piecewise linear functions of the map, inner ones first; None if there is a function of another kind."""
    found = sorted(F.atoms(sp.Function), key=lambda f: (f.count(sp.Function), sp.default_sort_key(f)))
    return found if all(isinstance(f, relu | leaky_relu | hard_tanh | absolute) for f in found) else None


def _pieces(unit: Any) -> list[tuple[Any, Any, Any, Any]]:
    """(slope, offset, low, high) of each piece."""
    if isinstance(unit, hard_tanh):
        return [(0, -1, -sp.oo, -1), (1, 0, -1, 1), (0, 1, 1, sp.oo)]
    left = {relu: 0, absolute: -1}.get(type(unit), unit.args[-1])
    return [(left, 0, -sp.oo, 0), (1, 0, 0, sp.oo)]


def _in_region(
    cell: Cell, F: Any, units: Sequence[Any], region: Sequence[Any], states: Sequence[Any], star: Sequence[Any], at_star: dict[Any, Any]
) -> Result | None:  # fmt: skip
    linear: dict[Any, Any] = {}
    arguments = []
    for unit, (slope, offset, _, _) in zip(units, region, strict=True):
        argument = sp.expand(unit.args[0].xreplace(linear))
        arguments.append(argument)
        linear[unit] = slope * argument + offset
    G = [sp.expand(e.xreplace(dict(reversed(linear.items())))) for e in F]
    zero = dict.fromkeys(states, sp.S.Zero)
    J = sp.ImmutableMatrix([[e.coeff(s, 1) for s in states] for e in G])
    r = sp.ImmutableMatrix([[e.xreplace(zero)] for e in G])
    try:
        point, determinant = solve_linear(sp.eye(len(states)) - J, r)
    except NoClosedForm:
        return None
    put = dict(zip(states, point, strict=True))
    conditions = [sp.Ne(determinant, 0)]
    words = []
    for unit, argument, (_, _, low, high) in zip(units, arguments, region, strict=True):
        value = sp.factor(sp.together(argument.xreplace(put)))
        if low != -sp.oo:
            conditions.append(sp.Ge(value, low))
        if high != sp.oo:
            conditions.append(sp.Le(value, high))
        words.append(f"{unit.args[0]} in [{low}, {high}]")
    given = sp.And(cell.given, *conditions)
    if given == sp.false:
        return None
    column = sp.ImmutableMatrix([[s] for s in star])
    affine = sp.ImmutableMatrix([[e.xreplace(at_star)] for e in G])
    return Result(
        name=f"fixed point of {cell.name} where {', '.join(words)}",
        lhs=sp.ImmutableMatrix([[e.xreplace(at_star)] for e in F]),
        relation="=",
        rhs=column,
        given=given,
        where=tuple(zip(star, point, strict=True)),
        steps=(Step(affine, "the pieces of this region"),),
        source=(DURSTEWITZ,),
        arrays=tuple(a for a in cell.arrays if a.role in ("parameter", "input")),
    )
