"""How long one unit remembers: half-life, the bias for a wanted half-life, critical slowing, and signs kept or lost.

May import: everything to the left of `analysis`, and the files of this folder to its left (unit, loci).
"""

from __future__ import annotations

from typing import Any

import sympy as sp

from rnnsym.analysis.scalar.loci import bias_for, branches
from rnnsym.analysis.scalar.unit import Unit, possible, steep, unit
from rnnsym.cells.record import Cell
from rnnsym.defined import Approaches
from rnnsym.defined.dynamics import (
    ErasingInput,
    ExtremeFixedPoint,
    HalfLife,
    HalvingTime,
    Iterate,
    Multiplier,
    PassageTime,
)
from rnnsym.defined.loci import FixedAt, Nears, Nonzero, StableAt
from rnnsym.result import NoClosedForm, Result

h_star, J, tau = sp.symbols("h_star J tau", real=True)
T, delta = sp.Symbol("T", positive=True), sp.Symbol("delta", positive=True)
t, h0 = sp.Symbol("t", integer=True, nonnegative=True), sp.Symbol("h_0", real=True)


def half_life(cell: Cell, *, x: Any = 0) -> Result:
    """The half-life of a small perturbation at a fixed point of one unit, ln 2/(-ln|J|), J = w(1 - h_star^2) for tanh.

    Shapes: one unit; x as in `fold`. tau = -1/ln|J| is its time constant. A real number: the step at which a
            perturbation has halved is its ceiling. For J < 0 the perturbation changes its sign at each step.
    Given:  h_star is a fixed point with 0 < |J| < 1 (J = 0: gone after one step; |J| >= 1: it does not decay), not at a
            kink of the activation: there the half-life depends on the side.

    >>> w, b = sp.symbols("w b", real=True)
    >>> from rnnsym.cells import elman
    >>> half_life(elman(W_h=w, W_x=1, b=b)).where[0]
    (J, w*(1 - h_star**2))
    """
    one = unit(cell, x)
    slope = one.slope_at(h_star)
    smooth = [Nonzero(one.w * h_star + one.beta - kink) for kink in one.activation.kinks]
    return Result(
        f"half-life of {one.name}", HalfLife(*one.of_map, h_star), "=", tau * sp.log(2),
        given=sp.And(one.conditions, StableAt(*one.of_map, h_star), *smooth),
        where=((J, slope), (tau, -1 / sp.log(abs(J)))),
    )  # fmt: skip


def half_life_bias(cell: Cell, half: Any = None) -> Result:
    """The bias that gives a half-life T: b(T) = artanh(s) - w s, s = sqrt(1 - 2^(-1/T)/w), for tanh with w > 0.

    The fixed point is s > 0; by symmetry the bias -b(T) has it at -s. For 0 < w < 1 half-lives up to ln 2/(-ln w) can be
    had, for w > 1 all; the bias is then negative for the slow ones, on the upper branch.
    half:   the half-life, a positive symbol T if it is not given.
    Given:  w > 0 and 2^(-1/T) < w (max phi' w for other activations).

    >>> w = sp.Symbol("w", real=True)
    >>> from rnnsym.cells import elman
    >>> half_life_bias(elman(W_h=w)).rhs.subs({w: sp.Rational(9, 10), T: 3}).n(15)
    0.0489456181290696
    """
    one = unit(cell)
    goal = T if half is None else sp.S(half)
    return bias_for(one, 2 ** (-1 / goal), f"bias for a half-life of {one.name}", sp.And(one.w > 0, sp.S(goal) > 0))


def half_life_bound(cell: Cell, *, x: Any = 0) -> Result:
    """A bias can only shorten the memory of a unit with 0 < w < 1: the half-life is at most ln 2/(-ln w), its value at b = 0.

    For tanh and every phi with phi' <= phi'(0) = 1.
    """
    one = unit(cell, x)
    found = steep(one, sp.S.One)
    if found is None or found.threshold != 1 or one.rate != 1:
        raise NoClosedForm(f"{one.activation.name}: the bound needs phi' <= phi'(0) = 1 and no leak")
    possible(sp.And(one.w > 0, one.w < 1), f"longest half-life of {one.name}")
    return Result(
        f"longest half-life of {one.name}", HalfLife(*one.of_map, h_star), "<=", sp.log(2) / (-sp.log(one.w)),
        given=sp.And(one.conditions, one.w > 0, one.w < 1, FixedAt(*one.of_map, h_star)),
    )  # fmt: skip


def half_life_expansion(cell: Cell) -> Result:
    """How a small bias b shortens memory: w - J ~ w b^2/(1 - w)^2 for tanh with |w| < 1, as b -> 0."""
    one = _tanh(unit(cell))
    possible(sp.And(one.w > -1, one.w < 1, sp.Ne(one.w, 0)), f"half-life of {one.name} at a small bias")
    b = one.beta if one.beta.is_Symbol else sp.Symbol("b", real=True)
    F = one.map(b)
    point = ExtremeFixedPoint(F, one.h, -1, 1, 1)
    return Result(
        f"multiplier of {one.name} at a small bias", one.w - Multiplier(F, one.h, -1, 1, point), "~",
        one.w * b**2 / (1 - one.w) ** 2, status="asymptotic",
        given=sp.And(one.conditions, one.w > -1, one.w < 1, sp.Ne(one.w, 0), Approaches(b, 0)),
    )  # fmt: skip


def alternation(cell: Cell, *, x: Any = 0) -> Result:
    """For w < 0 a perturbation changes its sign at each step: J < 0 at every fixed point."""
    one = unit(cell, x)
    if steep(one, sp.S.One) is None or one.rate != 1:
        raise NoClosedForm(f"{one.activation.name}: needs phi' > 0 and no leak")
    return Result(
        f"sign of the multiplier of {one.name}", Multiplier(*one.of_map, h_star), "<", sp.S.Zero,
        given=sp.And(one.conditions, one.w < 0, FixedAt(*one.of_map, h_star)),
    )  # fmt: skip


def critical_slowing(cell: Cell) -> Result:
    """Steps to pass where a fold was: T ~ pi sqrt(w) (w(w - 1))^(-1/4) delta^(-1/2) at b = b_SN(w) + delta, for tanh.

    From h = -1 to h = 0; a = |F''|/2 = sqrt(w(w - 1)) at the fold and dF/db = 1/w give pi/sqrt(a delta/w).
    """
    one = _tanh(unit(cell))
    w = one.w
    possible(w > 1, f"critical slowing of {one.name}")
    edge = branches(one, sp.S.One)[0]
    return Result(
        f"critical slowing of {one.name}", PassageTime(one.map(edge + delta), one.h, -1, 1, -1, 0), "~",
        sp.pi * sp.sqrt(w) * (w * (w - 1)) ** sp.Rational(-1, 4) / sp.sqrt(delta), status="asymptotic",
        given=sp.And(one.conditions, w > 1, Nears(delta, 0, 1, 1)),
    )  # fmt: skip


def power_law(cell: Cell) -> Result:
    """At w = 1, b = 0 tanh forgets its amplitude by a power law, h_t ~ sqrt(3/(2t)) for every h_0 > 0, as t -> oo.

    1/h^2 obeys u' = u + 2/3 + 1/(15 u) - ..., so 1/h_t^2 = 2t/3 + ln(t)/10 + C(h_0) + o(1).
    """
    one = _tanh(unit(cell))
    critical = sp.tanh(one.h)
    return Result(
        "decay at w = 1", Iterate(critical, one.h, -1, 1, h0, t), "~", sp.sqrt(3 / (2 * t)), status="asymptotic",
        given=sp.And(h0 > sp.Rational(1, 10), Nears(t, sp.oo)),
    )  # fmt: skip


def power_law_logarithm(cell: Cell) -> Result:
    """The second term of the power law: 1/h_{100 t}^2 - 1/h_t^2 - 66 t -> ln(100)/10 as t -> oo, whatever C(h_0) is.

    From 1/h_t^2 = 2t/3 + ln(t)/10 + C(h_0) + o(1) (see `power_law`) at t and at 100 t: C drops out.
    Given:  1/5 < h_0 < 20, for the check; the limit holds for every h_0 != 0.
    """
    one = _tanh(unit(cell))
    critical = sp.tanh(one.h)
    late, early = (Iterate(critical, one.h, -1, 1, h0, k) for k in (100 * t, t))
    right = sp.log(100) / 10
    return Result(
        "second term of the decay at w = 1", 1 / late**2 - 1 / early**2 - sp.Rational(2, 3) * 99 * t, "~", right,
        status="asymptotic", given=sp.And(h0 > sp.Rational(1, 5), h0 < 20, Nears(t, sp.oo)),
    )  # fmt: skip


def critical_halving(cell: Cell) -> Result:
    """At w = 1, b = 0 a small state takes 9/(2 h^2) steps to halve, as h -> 0."""
    one = _tanh(unit(cell))
    return Result(
        "halving at w = 1", HalvingTime(sp.tanh(one.h), one.h, -1, 1, h0), "~", sp.Rational(9, 2) / h0**2,
        status="asymptotic", given=Nears(h0, 0, 1, sp.Rational(1, 4)),
    )  # fmt: skip


def sign_memory(cell: Cell) -> Result:
    """The amplitude at which tanh keeps a sign for ever without bias: 0 for 0 <= w <= 1, h_star > 0 for w > 1.

    The largest fixed point is positive iff w > 1; below, the sign stays but the amplitude decays, as w^t for w < 1 and as
    sqrt(3/(2t)) at w = 1. ReLU keeps no negative value at all (`lindley`).
    """
    one = _tanh(unit(cell))
    stored = ExtremeFixedPoint(one.map(sp.S.Zero), one.h, -1, 1, 1)
    return Result("where a sign is stored", stored > 0, "<=>", one.w > 1, given=sp.And(one.conditions, one.w >= 0))


def sign_kept(cell: Cell) -> Result:
    """tanh with w > 0 and no bias keeps the sign of the state for ever: 0 < h_t for h_0 > 0 at every t."""
    one = _tanh(unit(cell))
    step = sp.Symbol("t", integer=True, nonnegative=True)
    later = Iterate(one.map(sp.S.Zero), one.h, -1, 1, h0, step)
    return Result("the sign is kept", h0 * later, "=", abs(h0 * later), given=sp.And(one.conditions, one.w > 0))


def erasing_input(cell: Cell) -> Result:
    """The constant input against a stored sign that erases it: b_SN(w) = sqrt(w(w - 1)) - acosh(sqrt(w)), w > 1 (tanh).

    Up to it the upper fixed point stays; the map is increasing in state and input, so no sequence of inputs below it in
    size erases a state above that fixed point (`latching`).
    """
    one = _tanh(unit(cell))
    u = sp.Symbol("u", real=True)
    return Result(
        f"erasing input of {one.name}", ErasingInput(one.map(-u), one.h, -1, 1, u, 1), "=", branches(one, sp.S.One)[0],
        given=sp.And(one.conditions, one.w > 1),
    )  # fmt: skip


def cusp_expansion(cell: Cell) -> Result:
    """The fold near the cusp: b_SN ~ (2/3) (w - 1)^(3/2) as w -> 1 from above; the next term is -(1/5) (w - 1)^(5/2)."""
    one = _tanh(unit(cell))
    if not one.w.is_Symbol:
        raise NoClosedForm(f"w is {one.w}; the expansion is in a symbol w")
    u = sp.Symbol("u", real=True)
    return Result(
        f"fold of {one.name} near the cusp", ErasingInput(one.map(-u), one.h, -1, 1, u, 1), "~",
        sp.Rational(2, 3) * (one.w - 1) ** sp.Rational(3, 2), status="asymptotic",
        given=sp.And(one.conditions, Nears(one.w, 1)),
    )  # fmt: skip


def _tanh(one: Unit) -> Unit:
    if one.activation.name != "tanh" or one.rate != 1:
        raise NoClosedForm(f"{one.name} with {one.activation.name}: this formula is one of tanh without leak")
    return one
