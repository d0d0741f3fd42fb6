"""How many fixed points and cycles one unit has, in every region of (w, b), boundaries included.

For w >= 0 the map increases, so every orbit is monotone and converges (in a bounded range); for w < 0 it decreases, so
F o F increases and only fixed points and 2-cycles are left. A flip is supercritical because the Schwarzian is negative.

May import: everything to the left of `analysis`, and the files of this folder to its left (unit, loci).
"""

from __future__ import annotations

from typing import Any

import sympy as sp

from rnnsym.analysis.scalar.loci import branches
from rnnsym.analysis.scalar.unit import Unit, ratio, steep, unit
from rnnsym.cells.record import Cell
from rnnsym.defined.dynamics import (
    ExtremeFixedPoint,
    FixedPointCount,
    LongestCycle,
    Multiplier,
    Schwarzian,
    TwoCycleCount,
)
from rnnsym.defined.loci import FixedAt
from rnnsym.result import NoClosedForm, Result, Step

h_star = sp.Symbol("h_star", real=True)
SOFTSIGN = "softsign"  # the one activation whose pieces are Moebius maps: no curvature beyond, so a flip without a side


def fixed_point_count(cell: Cell, *, x: Any = 0) -> Result:
    """The number of fixed points of one unit in every region: 1, 2 on the fold, 3 between its branches (tanh).

    ReLU: 2 for w > 1, b < 0; a continuum for w = 1, b = 0; 0 where every orbit diverges; x as in `fold`.

    >>> w, b = sp.symbols("w b", real=True)
    >>> from rnnsym.cells import elman
    >>> fixed_point_count(elman("relu", W_h=w, W_x=1, b=b)).rhs
    Piecewise((oo, Eq(b, 0) & Eq(w, 1)), (1, (w < 1) | (Eq(b, 0) & (w > 1))), (2, (w > 1) & (b < 0)), (1, b < 0), (0, True))
    """
    one = unit(cell, x)
    w, b = one.w, one.beta
    cases: tuple[tuple[Any, Any], ...]
    if one.activation.name == "relu":
        cases = ((sp.oo, sp.And(sp.Eq(w, 1), sp.Eq(b, 0))), (1, sp.Or(w < 1, sp.And(sp.Eq(b, 0), w > 1))),
                 (2, sp.And(w > 1, b < 0)), (1, b < 0), (0, True))  # fmt: skip
    elif one.activation.name == "identity":
        cases = ((1, sp.Ne(w, 1)), (sp.oo, sp.Eq(b, 0)), (0, True))
    else:
        found = _sigmoidal(one)
        high, low = branches(one, sp.S.One)
        middle = -w * one.activation.phi(sp.S.Zero)  # the symmetric bias, named so that draws meet the region

        def inside() -> Any:
            if one.activation.odd:
                return abs(b) < high
            return sp.Or(sp.And(b >= middle, b < high), sp.And(b < middle, b > low))

        def edge() -> Any:
            return sp.Eq(abs(b), high) if one.activation.odd else sp.Or(sp.Eq(b, low), sp.Eq(b, high))

        cases = ((1, w <= found.threshold), (3, inside), (2, edge), (1, True))
    given = one.conditions if one.rate == 1 else sp.And(one.conditions, sp.Ne(one.rate, 0))
    return Result(
        f"number of fixed points of {one.name}", FixedPointCount(*one.of_map), "=", _cases(*cases), given=given
    )


def two_cycle_count(cell: Cell, *, x: Any = 0) -> Result:
    """The number of 2-cycles of one unit: 1 for w < -1 between the branches of the flip (tanh), 0 elsewhere.

    ReLU: 1 ({0, b}) for w < -1, b > 0; a continuum {h, b - h} for w = -1, b > 0. softsign: a continuum on the flip, |b| = -w - 1,
    w < -1, where F(h) = (w h + b)/(1 +- (w h + b)) is its own inverse beside the fixed point. Without leak.

    >>> w, b = sp.symbols("w b", real=True)
    >>> from rnnsym.cells import elman
    >>> two_cycle_count(elman("relu", W_h=w, W_x=1, b=b)).rhs
    Piecewise((1, (b > 0) & (w < -1)), (oo, Eq(w, -1) & (b > 0)), (0, True))
    """
    one = _direct(unit(cell, x))
    w, b = one.w, one.beta
    cases: tuple[tuple[Any, Any], ...]
    if one.activation.name == "relu":
        cases = ((1, sp.And(w < -1, b > 0)), (sp.oo, sp.And(sp.Eq(w, -1), b > 0)), (0, True))
        return Result(f"2-cycles of {one.name}", TwoCycleCount(*one.of_map), "=", _cases(*cases), one.conditions)
    edge = ((sp.oo, lambda: flip_edge(one)),) if one.activation.name == SOFTSIGN else ()
    return Result(
        f"2-cycles of {one.name}", TwoCycleCount(*one.of_map), "=",
        _cases((0, -w <= _sigmoidal(one).threshold), (1, lambda: between(one)), *edge, (0, True)), given=one.conditions,
    )  # fmt: skip


def longest_cycle(cell: Cell, *, x: Any = 0) -> Result:
    """The longest period of a cycle of one unit: 2 where there is a 2-cycle, else 1; a scalar unit is never chaotic.

    For w >= 0 the map increases: h_1 >= h_0 gives h_2 >= h_1 and so on, every orbit is monotone. For w < 0 the map
    decreases, F o F increases, and every orbit has two monotone halves.
    """
    one = _direct(unit(cell, x))
    found = _sigmoidal(one)
    edge = ((2, lambda: flip_edge(one)),) if one.activation.name == SOFTSIGN else ()
    right = _cases((1, -one.w <= found.threshold), (2, lambda: between(one)), *edge, (1, True))
    return Result(f"longest cycle of {one.name}", LongestCycle(*one.of_map), "=", right, given=one.conditions)


def _cases(*pairs: tuple[Any, Any]) -> Any:
    """A Piecewise whose later conditions are made only where the earlier ones are open: roots of a number w are real there."""
    kept: list[tuple[Any, Any]] = []
    for value, condition in pairs:
        holds = sp.sympify(condition() if callable(condition) else condition)
        if holds != sp.false:
            kept.append((value, holds))
        if holds == sp.true:
            break
    return sp.Piecewise(*kept)


def flip_edge(one: Unit) -> Any:
    """The condition that the bias is on the flip, for an odd activation."""
    high, _ = branches(one, sp.S.NegativeOne)
    return sp.Eq(abs(one.beta), high)


def between(one: Unit) -> Any:
    """The condition that the bias is between the two branches of the flip."""
    high, low = branches(one, sp.S.NegativeOne)
    if one.activation.odd:
        return abs(one.beta) < high
    return sp.And(one.beta > low, one.beta < high)


def two_cycle_multiplier(cell: Cell) -> Result:
    """The multiplier of the 2-cycle {h, -h} of an odd unit without bias: w^2 phi'(w h)^2, w^2 (1 - h^2)^2 for tanh.

    Given:  w below the flip; h_star = phi(-w h_star) > 0 is the amplitude.
    """
    one = _direct(unit(cell))
    if not one.activation.odd:
        raise NoClosedForm(f"{one.activation.name} is not odd: its 2-cycles are not symmetric")
    found = _sigmoidal(one)
    act = one.activation
    mirrored = act.phi(-one.w * one.h)
    slope = act.derivative(one.w * h_star) if act.derivative_of_output is None else act.derivative_of_output(h_star)
    interval = one.interval
    return Result(
        f"multiplier of the 2-cycle of {one.name}", Multiplier(one.map(sp.S.Zero), one.h, *interval, h_star, 2), "=",
        one.w**2 * slope**2,
        given=sp.And(one.conditions, one.w < -found.threshold, FixedAt(mirrored, one.h, *interval, h_star)),
    )  # fmt: skip


def schwarzian(cell: Cell, *, x: Any = 0) -> Result:
    """The Schwarzian derivative F'''/F' - (3/2)(F''/F')^2 of one unit: -2 w^2 for tanh, -w^2/2 for sigmoid, everywhere.

    It is w^2 (S phi)(w h + b). Negative: every flip is supercritical, its coefficient -S F/6 is positive.

    >>> w, b = sp.symbols("w b", real=True)
    >>> from rnnsym.cells import elman
    >>> schwarzian(elman(W_h=w, W_x=1, b=b)).rhs
    -2*w**2
    """
    one = _direct(unit(cell, x))
    act, X = one.activation, one.activation.phi.variables[0]
    if act.name == "tanh":
        own = sp.Integer(-2)
    elif act.name == "sigmoid":
        own = sp.Rational(-1, 2)
    elif act.name in ("erf", "erf_scaled", "arctan", "algebraic", "softplus"):
        f1, f2, f3 = (act.derivative(X).diff(X, k) for k in range(3))
        own = sp.cancel(sp.together(sp.expand(f3 / f1 - sp.Rational(3, 2) * (f2 / f1) ** 2)))
    else:
        raise NoClosedForm(f"{act.name} has no third derivative")
    point = sp.Symbol("h", real=True) if one.h.name != "h" else one.h
    right = one.w**2 * own.subs(X, one.w * point + one.beta) if own.free_symbols else one.w**2 * own
    bound = sp.Dummy("u", real=True)
    F = one.F.xreplace({one.h: bound})
    return Result(
        f"Schwarzian derivative of {one.name}", Schwarzian(F, bound, *one.interval, point), "=", right,
        given=sp.And(one.conditions, sp.Ne(one.w, 0)),
        steps=(Step(right, "S(phi o A) = (S phi)(A) A'^2 for an affine map A"),),
    )  # fmt: skip


def relu_fixed_point(cell: Cell, *, x: Any = 0) -> Result:
    """The largest fixed point of a ReLU unit: b/(1 - w) where it is positive, else 0.

    Given:  there is one and it is isolated (w < 1, or b <= 0 and not w = 1, b = 0).
    """
    one = unit(cell, x)
    if one.activation.name != "relu":
        raise NoClosedForm(
            f"{one.activation.name}: no closed form for the fixed point; its bias has one, bias_of_fixed_point"
        )
    w, b = one.w, one.beta
    active = sp.Or(sp.And(w < 1, b > 0), sp.And(w > 1, b < 0))
    there = sp.Or(w < 1, b < 0, sp.And(w > 1, sp.Eq(b, 0)))
    return Result(
        f"largest fixed point of {one.name}", ExtremeFixedPoint(*one.of_map, 1), "=",
        sp.Piecewise((b / (1 - w), active), (0, True)), given=sp.And(one.conditions, there),
    )  # fmt: skip


def _direct(one: Unit) -> Unit:
    if one.rate != 1:
        raise NoClosedForm(f"{one.name} leaks: its map need not be monotone; only units without leak are classified")
    return one


def _sigmoidal(one: Unit) -> Any:
    found = steep(one, sp.S.One)
    if found is None:
        raise NoClosedForm(
            f"no closed form of the regions for {one.activation.name}; fold(cell) gives the locus in the pre-activation, "
            "fixed_points(cell, values) all fixed points"
        )
    return found


__all__ = [
    "fixed_point_count",
    "longest_cycle",
    "ratio",
    "relu_fixed_point",
    "schwarzian",
    "two_cycle_count",
    "two_cycle_multiplier",
]
