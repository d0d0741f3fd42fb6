"""The fixed points of a small piecewise linear cell with symbols: region by region, with the conditions of each.

In a region every unit has one piece, and the fixed points solve (I - J) h = r with each unit's argument in its piece.
Where det(I - J) is not 0 that is one point in closed form. Each factor of the determinant that may vanish is a stratum of
its own, with a Result of its own: there the solutions are a whole face, or none, and the Result says which states they are,
by the entries that are bound (in `where`), the equations that must hold, and the inequalities of the region (in `given`).
Every region and every stratum is listed, so nothing is missing; a state on a kink is met in each region it touches.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import sympy as sp

from rnnsym.activations.functions import hard_tanh, leaky_relu, relu
from rnnsym.activations.slopes import absolute
from rnnsym.analysis.search.records import FixedPointSet
from rnnsym.cells.record import Cell
from rnnsym.exact import determinant, factored, is_zero, solve_linear
from rnnsym.exact.polyhedra import maximize
from rnnsym.exact.regions import rational
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
    regions = [_region(F, units, choice, states) for choice in itertools.product(*choices)]
    points = [found for region in regions for found in _regular(cell, F, region, star, at_star)]
    strata = [found for region in regions for found in _singular(cell, F, region, star, at_star)]
    kept: list[Result] = []
    for found in strata:
        if not any(_says_as_much(other, found) for other in (*points, *kept)):
            kept.append(found)
    return FixedPointSet((), complete=True, cell=cell.name, results=(*points, *kept))


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


@dataclass(frozen=True)
class _Region:
    """h' = J h + r, with each unit's argument and the piece that it must lie in; words say so."""

    J: Any
    r: Any
    arguments: tuple[tuple[Any, Any, Any], ...]
    words: str
    states: tuple[Any, ...]

    @property
    def gap(self) -> Any:
        return sp.eye(len(self.states)) - self.J

    def at(self, values: dict[Any, Any]) -> _Region:
        put = [(sp.expand(a.xreplace(values)), low, high) for a, low, high in self.arguments]
        J, r = (M.applyfunc(lambda e: sp.expand(e.xreplace(values))) for M in (self.J, self.r))
        return _Region(J, r, tuple(put), self.words, self.states)

    def conditions(self, point: dict[Any, Any]) -> list[Any]:
        """What puts each argument into its piece."""
        found = []
        for argument, low, high in self.arguments:
            value = sp.factor(sp.together(argument.xreplace(point)))
            found += [sp.Ge(value, low)] * (low != -sp.oo) + [sp.Le(value, high)] * (high != sp.oo)
        return found


def _region(F: Any, units: Sequence[Any], choice: Sequence[Any], states: Sequence[Any]) -> _Region:
    linear: dict[Any, Any] = {}
    arguments = []
    for unit, (slope, offset, low, high) in zip(units, choice, strict=True):
        argument = sp.expand(unit.args[0].xreplace(linear))
        arguments.append((argument, low, high))
        linear[unit] = slope * argument + offset
    G = [sp.expand(e.xreplace(dict(reversed(linear.items())))) for e in F]
    zero = dict.fromkeys(states, sp.S.Zero)
    J = sp.ImmutableMatrix([[e.coeff(s, 1) for s in states] for e in G])
    r = sp.ImmutableMatrix([[e.xreplace(zero)] for e in G])
    words = ", ".join(f"{u.args[0]} in [{low}, {high}]" for u, (_, _, low, high) in zip(units, choice, strict=True))
    return _Region(J, r, tuple(arguments), words, tuple(states))


def _result(
    cell: Cell, F: Any, region: _Region, star: Sequence[Any], at_star: dict[Any, Any], name: str, given: Any, where: Any
) -> Result:  # fmt: skip
    h = sp.Matrix(region.states)
    affine = (region.J * h + region.r).applyfunc(sp.expand).xreplace(at_star).as_immutable()
    return Result(
        name=f"{name} of {cell.name} where {region.words}",
        lhs=sp.ImmutableMatrix([[e.xreplace(at_star)] for e in F]),
        relation="=",
        rhs=sp.ImmutableMatrix([[s] for s in star]),
        given=given,
        where=tuple(where),
        steps=(Step(affine, "the pieces of this region"),),
        source=(DURSTEWITZ,),
        arrays=tuple(a for a in cell.arrays if a.role in ("parameter", "input")),
    )


def _regular(cell: Cell, F: Any, region: _Region, star: Sequence[Any], at_star: dict[Any, Any]) -> list[Result]:
    """The point of a region, where I - J is invertible."""
    try:
        point, below = solve_linear(region.gap, region.r)
    except NoClosedForm:
        return []
    put = dict(zip(region.states, point, strict=True))
    given = sp.And(cell.given, sp.Ne(below, 0), *region.conditions(put))
    if given == sp.false:
        return []
    return [_result(cell, F, region, star, at_star, "fixed point", given, zip(star, point, strict=True))]


# where I - J is singular


def _singular(cell: Cell, F: Any, region: _Region, star: Sequence[Any], at_star: dict[Any, Any]) -> list[Result]:
    """For each factor of det(I - J) that may vanish: the states that solve (I - J) h = r there, if there are any."""
    found = []
    for values, equations in _strata(determinant(region.gap)):
        there = region.at(values)
        given = sp.And(cell.given.xreplace(values), *(sp.Eq(s, v) for s, v in values.items()), *equations)
        solved = _eliminated(there)
        if given == sp.false or solved is None:
            continue
        bound, rest = solved
        conditions = there.conditions(bound)
        pinned = _pinned([s for s in region.states if s not in bound], conditions)
        if pinned is None:
            continue
        if pinned:
            bound = {**{s: e.xreplace(pinned) for s, e in bound.items()}, **pinned}
            rest = [e.xreplace(pinned) for e in rest]
            conditions = there.conditions(bound)
        zeros = [_primitive(e) for e in rest if is_zero(e) is not True]
        silent = {e: sp.S.Zero for e in zeros if e.is_Symbol and e not in region.states}
        given = sp.And(given, *(sp.Eq(e, 0) for e in zeros), *(c.xreplace(silent) for c in conditions)).xreplace(
            at_star
        )
        if given == sp.false:
            continue
        name = "fixed points" if len(bound) < len(star) else "fixed point"
        where = [(at_star[s], bound[s].xreplace(at_star)) for s in region.states if s in bound]
        found.append(_result(cell, F, region, star, at_star, name, given, where))
    return found


def _strata(below: Any) -> list[tuple[dict[Any, Any], list[Any]]]:
    """(values of parameters, equations that are left) for each factor of a determinant that may be 0."""
    if is_zero(below) is True:
        return [({}, [])]
    found: list[tuple[dict[Any, Any], list[Any]]] = []
    for power in sp.Mul.make_args(factored(below)):
        base, exponent = power.as_base_exp()
        if exponent.is_negative or base.is_nonzero or not base.free_symbols:
            continue
        solvable = [s for s in sorted(base.free_symbols, key=str) if base.diff(s).is_number]
        if solvable:
            s = solvable[0]
            found.append(({s: sp.expand(s - base / base.diff(s))}, []))
        else:
            found.append(({}, [sp.Eq(base, 0)]))
    return found


def _eliminated(region: _Region) -> tuple[dict[Any, Any], list[Any]] | None:
    """(states bound by (I - J) h = r, expressions that must be 0); None if it has no solution. Pivots are numbers."""
    h = sp.Matrix(region.states)
    rows = [sp.expand(e) for e in region.gap * h - region.r]
    bound: dict[Any, Any] = {}
    for _ in range(len(rows)):
        pivot = next(
            ((e, s) for e in rows for s in region.states if (c := e.coeff(s, 1)).is_number and c.is_nonzero), None
        )
        if pivot is None:
            break
        row, s = pivot
        value = sp.expand(s - row / row.coeff(s, 1))
        rows.remove(row)
        rows = [sp.expand(e.xreplace({s: value})) for e in rows]
        bound = {**{k: sp.expand(e.xreplace({s: value})) for k, e in bound.items()}, s: value}
    rest = [e for e in rows if e != 0]
    return None if any(e.is_nonzero for e in rest) else (bound, rest)


def _pinned(free: Sequence[Any], conditions: Sequence[Any]) -> dict[Any, Any] | None:
    """The free states that the inequalities with rational coefficients leave one value for; None if they leave nothing."""
    rows, right = [], []
    for c in conditions:
        if c == sp.false:
            return None
        if c == sp.true:
            continue
        gap = sp.expand(c.lts - c.gts)  # <= 0
        rest = gap.xreplace(dict.fromkeys(free, sp.S.Zero))
        if rest.is_Rational and all(gap.coeff(s, 1).is_Rational for s in free):
            rows.append([rational(_fraction(gap.coeff(s, 1))) for s in free])
            right.append(rational(_fraction(-rest)))
    if not free or not rows:
        return {}
    found = {}
    for k, s in enumerate(free):
        ends = [
            maximize(rows, right, [rational(Fraction(side * (i == k))) for i in range(len(free))]) for side in (1, -1)
        ]
        if ends[0].status == "empty":
            return None
        if all(e.status == "optimal" for e in ends) and ends[0].value == -ends[1].value:
            found[s] = sp.Rational(int(ends[0].value.p), int(ends[0].value.q))
    return found


def _primitive(expression: Any) -> Any:
    """The expression factored, without a number in front."""
    whole = sp.factor(sp.together(expression)).as_coeff_Mul()[1]
    return -whole if whole.could_extract_minus_sign() else whole


def _fraction(number: Any) -> Fraction:
    return Fraction(int(number.p), int(number.q))


def _says_as_much(other: Result, found: Result) -> bool:
    """Whether a point is already named, under no more conditions, where the stratum of `found` is."""
    if len(found.where) < found.rhs.rows or len(other.where) < other.rhs.rows:
        return False
    values = {c.lhs: c.rhs for c in sp.And.make_args(found.given) if isinstance(c, sp.Eq) and c.lhs.is_Symbol}
    same = all(a == sp.expand(b.xreplace(values)) for (_, a), (_, b) in zip(found.where, other.where, strict=True))
    needed = {c for c in sp.And.make_args(other.given.xreplace(values)) if c != sp.true}
    return same and needed <= set(sp.And.make_args(found.given))
