"""Where the fixed points of one unit change: fold, flip, cusp and pitchfork, in closed form.

A fixed point h = phi(alpha) has the bias beta = alpha - w h and the multiplier m iff w phi'(alpha) = mu, where mu is m
for a unit without leak and (m - 1 + a)/a with leak a. Where phi' = 1/v has the solution alpha(v) (`unit.steep`), the
locus of the multiplier m is therefore beta = +-alpha - mu v phi(+-alpha) with v = w/mu, for every sigmoidal activation.

May import: everything to the left of `analysis`, and the files of this folder to its left (unit).
"""

from __future__ import annotations

from typing import Any

import sympy as sp

from rnnsym.analysis.scalar.unit import Steep, Unit, possible, ratio, steep, unit
from rnnsym.cells.record import Cell
from rnnsym.defined import Approaches
from rnnsym.defined.dynamics import BiasForMultiplier, ExtremeFixedPoint, FixedPointCount
from rnnsym.defined.loci import AtKink, Locus, LocusAt
from rnnsym.result import NoClosedForm, Result, Source

BEER = Source(
    "beer1995", "Beer, R. D.", "On the dynamics of small continuous-time recurrent neural networks", 1995,
    doi="10.1177/105971239500300405",
)  # fmt: skip
h_star, alpha = sp.Symbol("h_star", real=True), sp.Symbol("alpha", real=True)


def fold(cell: Cell, *, x: Any = 0) -> Result:
    """The saddle-node locus of one unit: b = +-(sqrt(w(w - 1)) - acosh(sqrt(w))) for tanh, under the constant input x.

    Shapes: one unit. x is the constant input (0 if it is not given); the locus is one of the whole bias b + W_x x.
    Given:  w above the threshold 1/max phi' (tanh: 1), below which there is no fold. The double fixed point is h_star.
            ReLU: a border collision, at b = 0. An activation outside the table: in the pre-activation alpha.
    Raises: ShapeError for more than one unit.
    Source: beer1995 (sigmoid).

    >>> w, b = sp.symbols("w b", real=True)
    >>> from rnnsym.cells import elman
    >>> e = sp.sqrt(w * (w - 1)) - sp.acosh(sp.sqrt(w))
    >>> fold(elman(W_h=w, W_x=1, b=b)).rhs == sp.Or(sp.Eq(b, e), sp.Eq(b, -e))
    True
    """
    one = unit(cell, x)
    if one.activation.name == "relu":
        return Result(
            f"border-collision fold of {one.name}", AtKink(*one.of_map), "<=>", sp.Eq(one.beta, 0),
            given=sp.And(one.conditions, one.w > 1), where=((h_star, sp.S.Zero),),
        )  # fmt: skip
    return _locus(one, sp.S.One, f"fold of {one.name}")


def flip(cell: Cell, *, x: Any = 0) -> Result:
    """The period-doubling locus of one unit: b = +-(sqrt(v(v - 1)) + acosh(sqrt(v))), v = -w, for tanh; x as in `fold`.

    Given:  w below -1/max phi' (of a leaky unit with rate a, times 2/a - 1). A 2-cycle exists between the two branches.
            ReLU: b > 0 and w = -1, where every pair h, b - h is a 2-cycle; at b = 0 for w < -1 it is a border collision.
    Raises: ShapeError for more than one unit.

    >>> w, b = sp.symbols("w b", real=True)
    >>> from rnnsym.cells import elman
    >>> flip(elman(W_h=w, W_x=1, b=b)).given
    w < -1
    """
    one = unit(cell, x)
    if one.activation.name == "relu" and one.rate == 1:
        return Result(
            f"border-collision flip of {one.name}", AtKink(*one.of_map), "<=>", sp.Eq(one.beta, 0),
            given=sp.And(one.conditions, one.w < -1), where=((h_star, sp.S.Zero),),
        )  # fmt: skip
    return _locus(one, sp.S.NegativeOne, f"flip of {one.name}")


def _locus(one: Unit, multiplier: Any, name: str) -> Result:
    slope = one.inner(multiplier)
    found = steep(one, slope)
    if found is None:
        return _parametric(one, multiplier, slope, name)
    v = ratio(one, slope)
    above = v >= found.threshold if one.activation.name == "sigmoid" and multiplier == 1 else v > found.threshold
    negative = sp.S.true if slope.is_number or multiplier == 1 else slope < 0
    if multiplier == -1:
        above = one.w < slope * found.threshold
    if slope == 0:  # rate 2: a flip would need phi' = 0
        return Result(name, Locus(*one.of_map, multiplier, 1), "<=>", sp.false, given=one.conditions)
    biases = branches(one, slope)
    where: tuple[tuple[Any, Any], ...] = ()
    if sp.S(above) == sp.false:
        right, given = sp.false, one.conditions
    else:
        right = sp.Or(*(sp.Eq(one.beta, e) for e in dict.fromkeys(biases)))
        given = sp.And(one.conditions, above, negative)
        where = ((h_star, state_on(one, slope, found)),)
    return Result(
        name, Locus(*one.of_map, multiplier, 1), "<=>", right, given=given, where=where,
        source=(BEER,) if one.activation.name == "sigmoid" else (),
    )  # fmt: skip


def branches(one: Unit, slope: Any) -> tuple[Any, Any]:
    """The biases alpha - w phi(alpha) of the two fixed points with w phi' = slope; of tanh, the positive one first."""
    found = steep(one, slope)
    if found is None:
        raise NoClosedForm(f"phi' = 1/v has no closed solution for {one.activation.name}")
    upper, lower = (a - slope * g for a, g in zip(found.alpha, found.scaled, strict=True))
    return (lower, upper) if slope == 1 else (upper, lower)


def state_on(one: Unit, slope: Any, found: Steep | None = None) -> Any:
    """The fixed point with w phi' = slope that a bias on the locus has, by the side of the symmetric bias it is on."""
    found = found or steep(one, slope)
    assert found is not None, "asked only of sigmoidal activations"
    middle = one.activation.phi(sp.S.Zero)
    side = sp.sign(sp.expand(one.beta + one.w * middle)) * (-1 if slope == 1 else 1)
    return middle + side * sp.expand(found.state[0] - middle)


def _parametric(one: Unit, multiplier: Any, slope: Any, name: str) -> Result:
    """The locus in the pre-activation alpha: w = mu/phi'(alpha), b = alpha - mu phi(alpha)/phi'(alpha)."""
    act = one.activation
    steepness = act.derivative(alpha)
    if steepness.free_symbols == set() or not sp.S(steepness).has(alpha) and steepness.is_number:
        raise NoClosedForm(
            f"{one.name} with {act.name}: the multiplier does not depend on the bias; no fold, no flip by it"
        )
    state = act.phi(alpha)
    right = sp.And(sp.Eq(one.w, slope / steepness), sp.Eq(one.beta, alpha - slope * state / steepness))
    return Result(
        name + " in the pre-activation", LocusAt(*one.of_map, multiplier, state), "<=>", right,
        given=sp.And(one.conditions, sp.Ne(steepness, 0), sp.Eq(one.w * state + one.beta, alpha)),
        where=((h_star, state),),
    )  # fmt: skip


def fold_bias(cell: Cell, *, x: Any = 0) -> Result:
    """The bias at which the upper fixed point of one unit merges, as a value: alpha - w h_star (tanh: -e).

    It checks the locus of `fold` as a number: the left side is found by searching for the bias and the point.

    >>> w, b = sp.symbols("w b", real=True)
    >>> from rnnsym.cells import elman
    >>> fold_bias(elman(W_h=w, W_x=1, b=b)).rhs
    -sqrt(w*(w - 1)) + acosh(sqrt(w))
    """
    return bias_for(unit(cell, x), sp.S.One, f"fold bias of {cell.name}")


def flip_bias(cell: Cell, *, x: Any = 0) -> Result:
    """The larger bias at which one unit flips, as a value (tanh: sqrt(v(v - 1)) + acosh(sqrt(v)), v = -w)."""
    return bias_for(unit(cell, x), sp.S.NegativeOne, f"flip bias of {cell.name}")


def bias_for(one: Unit, multiplier: Any, name: str, given: Any = sp.true) -> Result:
    """The bias at which the fixed point above phi(0) has a multiplier."""
    slope = one.inner(multiplier)
    found = steep(one, slope)
    if found is None:
        raise NoClosedForm(
            f"phi' = 1/v has no closed solution for {one.activation.name}; use fold in the pre-activation"
        )
    b = one.beta if one.beta.is_Symbol else sp.Symbol("b", real=True)
    middle = one.activation.phi(sp.S.Zero)
    F = one.map(b)
    v = ratio(one, slope)
    above = v > found.threshold if one.rate == 1 or multiplier == 1 else one.w < slope * found.threshold
    if multiplier == -1 and one.rate != 1:
        given = sp.And(given, slope < 0)
    possible(sp.And(one.conditions, above, given), name)
    right = found.alpha[0] - slope * found.scaled[0]
    if multiplier not in (1, -1):
        # the designer's form, phi^-1(s) - w s with s the state at which the slope is the wanted one
        state, inverse = found.state[0], one.activation.inverse
        named = one.activation.name in ("tanh", "sigmoid")
        right = (inverse(state) if named and inverse is not None else found.alpha[0]) - one.w * state
        if one.rate != 1:
            above, given = v >= found.threshold, sp.And(given, slope > 0)
        if one.rate == 1:
            least = found.threshold * slope
            above = one.w >= least if named else one.w > least
    return Result(
        name, BiasForMultiplier(F, one.h, *one.interval, b, multiplier, middle), "=", right,
        given=sp.And(one.conditions, above, given),
    )  # fmt: skip


def cusp(cell: Cell, *, x: Any = 0) -> Result:
    """The cusp, where the two fold branches meet: w = 1, b = 0 for tanh; w = 4, b = -2 for sigmoid.

    At a cusp F(h) = h, F' = 1 and F'' = 0: w = 1/phi'(0), b = -phi(0)/phi'(0).
    Raises: NoClosedForm where phi'' does not exist at 0 (softsign, piecewise linear activations).

    >>> w, b = sp.symbols("w b", real=True)
    >>> from rnnsym.cells import elman
    >>> cusp(elman("sigmoid", W_h=w, W_x=1, b=b)).rhs
    Eq(b, -2) & Eq(w, 4)
    """
    one = unit(cell, x)
    _smooth(one)
    act = one.activation
    slope, middle = act.derivative(sp.S.Zero), act.phi(sp.S.Zero)
    right = sp.And(sp.Eq(one.w, 1 / slope), sp.Eq(one.beta, -middle / slope))
    return Result(
        f"cusp of {one.name}", Locus(*one.of_map, 1, 2), "<=>", right, given=one.conditions, where=((h_star, middle),)
    )


def pitchfork(cell: Cell) -> Result:
    """The pitchfork of an odd unit without bias: one fixed point for w <= 1, three beyond (tanh).

    It is the cusp met along the line b = 0. Its amplitude is `pitchfork_amplitude`.

    >>> from rnnsym.cells import elman
    >>> pitchfork(elman(W_h=sp.Symbol("w", real=True))).rhs
    Piecewise((1, w <= 1), (3, True))
    """
    one = _odd(unit(cell))
    slope = one.activation.derivative(sp.S.Zero)
    return Result(
        f"pitchfork of {one.name}", FixedPointCount(one.map(sp.S.Zero), one.h, *one.interval), "=",
        sp.Piecewise((1, one.w <= 1 / slope), (3, True)), given=one.conditions,
    )  # fmt: skip


def pitchfork_amplitude(cell: Cell) -> Result:
    """The stored state just beyond the pitchfork: h_star ~ sqrt(3(w - 1)/w^3) for tanh, as w -> 1 from above.

    For any smooth odd phi: h_star^2 ~ 6(phi'(0) w - 1)/(-phi'''(0) w^3).
    """
    one = _odd(unit(cell))
    _smooth(one)
    if not one.w.is_Symbol:
        raise NoClosedForm(f"w is {one.w}; the amplitude is asymptotic in a symbol w")
    X = one.activation.phi.variables[0]
    slope = one.activation.derivative(sp.S.Zero)
    third = one.activation.phi(X).diff(X, 3).subs(X, 0)
    right = sp.sqrt(sp.cancel(6 * (slope * one.w - 1) / (-third * one.w**3)))
    if not (1 / slope).is_Rational:
        raise NoClosedForm(f"{one.activation.name}: the pitchfork is at the irrational w = {1 / slope}")
    return Result(
        f"amplitude beyond the pitchfork of {one.name}",
        ExtremeFixedPoint(one.map(sp.S.Zero), one.h, *one.interval, 1), "~", right,
        given=sp.And(one.conditions, Approaches(one.w, 1 / slope)), status="asymptotic",
    )  # fmt: skip


def _smooth(one: Unit) -> None:
    act = one.activation
    if steep(one, sp.S.One) is None or act.name == "softsign":
        raise NoClosedForm(f"{act.name} has no second derivative at its steepest point; a cusp needs one")


def _odd(one: Unit) -> Unit:
    if not one.activation.odd or steep(one, sp.S.One) is None:
        raise NoClosedForm(
            f"{one.activation.name} is not odd and sigmoidal; a pitchfork needs the symmetry h -> -h, use cusp"
        )
    return one
