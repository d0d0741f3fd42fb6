"""Bifurcations of networks in closed parametric form: the slopes d_i = phi'(a_i) are the parameters (Haschke & Steil 2005).

With J = (1 - r) I + r D W, D = diag(d): fold det(I - J) = 0, flip det(I + J) = 0, Neimark-Sacker a nonreal pair on the unit
circle. These are polynomials in the slopes, of first degree in each (fold, flip), so for two units d_2 is a function of d_1;
and the slopes give the state, h_i = phi(alpha_i) with phi'(alpha_i) = d_i, and the input u = alpha - W h that makes it a
fixed point. One unit: `scalar.loci`. May import: everything to the left of `analysis.bifurcation`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sympy as sp

from rnnsym import exact
from rnnsym.activations import Activation
from rnnsym.activations.record import X
from rnnsym.analysis import scalar
from rnnsym.analysis.normalforms import KINDS, Net, jacobian_entries, net
from rnnsym.analysis.scalar.unit import Unit, steep
from rnnsym.cells.record import Cell, as_cell, entries
from rnnsym.defined.bifurcations import (
    CriticalAt,
    HasMultiplier,
    PairLeaves,
    PairOnCircle,
    RotationAngle,
    SlopePoint,
    SlopesWithin,
)
from rnnsym.defined.stability import PairProduct
from rnnsym.exact import is_zero, normal
from rnnsym.exact.schur import named_inners
from rnnsym.result import NoClosedForm, Result, ShapeError, Source, SpecError

HASCHKE = Source(
    "haschke2005", "Haschke, R. and Steil, J. J.", "Input space bifurcation manifolds of recurrent neural networks", 2005,
    doi="10.1016/j.neucom.2004.11.030",
)  # fmt: skip
BEER = Source(
    "beer1995", "Beer, R. D.", "On the dynamics of small continuous-time recurrent neural networks", 1995,
    doi="10.1177/105971239500300405",
)  # fmt: skip
WEN = Source(
    "wen2005", "Wen, G.", "Criterion to identify Hopf bifurcations in maps of arbitrary dimension", 2005,
    doi="10.1103/PhysRevE.72.026201",
)  # fmt: skip
LIMIT = 6  # units of a symbolic determinant


def fold(cell: Cell, *, sides: Sequence[int] = (1, 1), x: Any = 0) -> Result:
    """Where two fixed points merge: one unit in closed form, two units d_2 = (1 - d_1 w_11)/(w_22 - d_1 det W), n: det(I - J) = 0.

    sides: two units: the signs of the two states (above or below the steepest point); 2^2 branches of the manifold.
    x:     one unit: the constant input.
    Shapes: two units: h_star and the input u = W_x x + b are in `where`, functions of the slopes d_1, d_2.
    Source: haschke2005.

    >>> from rnnsym.cells import elman
    >>> fold(elman(W_h=[[2, 1], [-1, 3]])).rhs
    Eq(d_2, (1 - 2*d_1)/(3 - 7*d_1))
    """
    return scalar.fold(cell, x=x) if as_cell(cell).is_scalar or not cell.is_explicit else _for_size(cell, "fold", sides)


def flip(cell: Cell, *, sides: Sequence[int] = (1, 1), x: Any = 0) -> Result:
    """Where a 2-cycle appears: one unit in closed form, two units d_2 = (-1 - d_1 w_11)/(w_22 + d_1 det W), n: det(I + J) = 0.

    Arguments and shapes as `fold`; the criticality is that of `normal_form(cell, "flip")`.
    """
    return scalar.flip(cell, x=x) if as_cell(cell).is_scalar or not cell.is_explicit else _for_size(cell, "flip", sides)


def neimark_sacker(cell: Cell, *, sides: Sequence[int] = (1, 1)) -> Result:
    """Where an invariant circle appears: two units d_2 = 1/(d_1 det W) with |trace J| < 2; three to six units in the invariants of J.

    Arguments and shapes as `fold`; the angle is that of `rotation_angle`, the criticality of `normal_form`.
    Raises: ShapeError for one unit, and for more than six.

    >>> from rnnsym.cells import elman
    >>> neimark_sacker(elman(W_h=[[1, -1], [1, 1]])).rhs
    (Abs(d_1 + d_2) < 2) & Eq(d_2, 1/(2*d_1))
    """
    if as_cell(cell).is_scalar:
        raise ShapeError(f"{cell.name} has one unit; a nonreal pair of multipliers needs two")
    return _for_size(cell, "neimark_sacker", sides)


def _for_size(cell: Cell, kind: str, sides: Sequence[int]) -> Result:
    model = net(cell, None)
    return _manifold(model, kind, sides) if model.n == 2 else slope_condition(cell, kind)


def _slopes(n: int) -> tuple[Any, ...]:
    return tuple(entries("d", n, 1))


def slope_condition(cell: Cell, kind: str = "fold") -> Result:
    """The bifurcation in the slopes of n units: fold det(I - J) = 0, flip det(I + J) = 0, J = (1 - r) I + r diag(d) W.

    Neimark-Sacker: two units det J = 1 and |tr J| < 2; three units, given that a pair of multipliers has the product 1:
    |c_1 - c_3| < 2, with c_1, c_2, c_3 the elementary symmetric functions of the multipliers. Four to six units: stability
    is lost in an oscillation (one nonreal pair on the circle, all others inside) where the product of the pairs, the inner
    det(X - Y) of order n - 1, vanishes (see `pair_product`) and p(1), (-1)^n p(-1) and all other inners are positive.
    The strong resonances e^(ik theta) = 1, k = 3, 4, are points on it, excluded where `normal_form` needs it.
    Raises: ShapeError for Neimark-Sacker with one unit, or more than six units.
    Source: haschke2005; wen2005 (the inners).

    >>> from rnnsym.cells import elman
    >>> slope_condition(elman(W_h=[[2, 0], [0, 3]]), "fold").rhs
    Eq(6*d_1*d_2 - 2*d_1 - 3*d_2 + 1, 0)
    """
    model = net(cell, LIMIT)
    d = _slopes(model.n)
    J = jacobian_entries(model, d)
    given, name = model.given, f"{kind.replace('_', '-')} of {model.name} in the slopes"
    lhs = HasMultiplier(J, _kind(kind))
    eye = sp.eye(model.n)
    if kind != "neimark_sacker":
        polynomial = exact.determinant(eye - J if kind == "fold" else eye + J)
        if kind == "fold":
            polynomial = normal(polynomial / model.rate**model.n)
        return Result(name, lhs, "<=>", _equation(polynomial), given, source=(HASCHKE,))
    if model.n == 2:
        right = sp.And(_equation(normal(exact.determinant(J) - 1)), abs(J.trace()) < 2)
        return Result(name, lhs, "<=>", right, given, source=(HASCHKE,))
    if model.n == 1:
        raise ShapeError(f"{cell.name} has one unit; a nonreal pair of multipliers needs two")
    free = sorted(model.W.free_symbols, key=str) or list(d)
    given = sp.And(given, PairOnCircle(J, sp.Tuple(*free)))
    if model.n == 3:
        c1, c3 = J.trace(), exact.determinant(J)
        return Result(name, lhs, "<=>", abs(normal(c1 - c3)) < 2, given, source=(HASCHKE,))
    where, named = _inners(J)
    others = [e for key, e in named.items() if key != "neimark-sacker"]
    return Result(name, PairLeaves(J), "<=>", sp.And(*(e > 0 for e in others)), given, where, source=(WEN,))


def _inners(J: Any) -> tuple[tuple[tuple[Any, Any], ...], dict[str, Any]]:
    """(the sums c_k of principal minors of J, the inners of det(zI - J) in them, by name)."""
    names = [sp.Symbol(f"c_{k}", real=True) for k in range(1, J.rows + 1)]
    sums = [(-1) ** k * a for k, a in enumerate(exact.characteristic_polynomial(J)) if k]
    named = named_inners([sp.S.One, *((-1) ** k * c for k, c in enumerate(names, 1))])
    return tuple(zip(names, [J.trace(), *sums[1:]], strict=True)), {k: sp.expand(e) for k, e in named.items()}


def _kind(kind: str) -> int:
    if kind not in KINDS:
        raise SpecError(f"unknown kind {kind!r}; known: {', '.join(KINDS)}")
    return KINDS[kind]


def _equation(polynomial: Any) -> Any:
    return sp.false if is_zero(polynomial) is False and not polynomial.free_symbols else sp.Eq(sp.expand(polynomial), 0)


def pair_product(cell: Cell) -> Result:
    """The product of 1 - lambda_i lambda_j over pairs of multipliers, 0 at Neimark-Sacker points: 1 - c_2 + c_1 c_3 - c_3^2.

    Shapes: two (1 - det J), three (the formula above) to six units: the inner det(X - Y) of order n - 1 in the sums c_k
    of principal minors of J. It is det(I - J (.) J) for the bialternate product of J with itself. It vanishes at neutral
    saddles (real lambda, 1/lambda) too; `slope_condition(cell, "neimark_sacker")` tells them apart.
    Source: wen2005.
    """
    model = net(cell, LIMIT)
    if model.n == 1:
        raise ShapeError(f"{model.name} has one unit; pairs of multipliers need two")
    J = jacobian_entries(model, _slopes(model.n))
    name = f"pair product of {model.name}"
    if model.n == 2:
        return Result(name, PairProduct(J), "=", normal(1 - exact.determinant(J)), model.given)
    where, named = _inners(J)
    return Result(name, PairProduct(J), "=", named["neimark-sacker"], model.given, where, source=(WEN,))


# Two units: manifolds in the space of inputs


def _branch(act: Activation, d: Any, side: int) -> tuple[Any, Any]:
    """(state, pre-activation) with phi' = d on one side of the steepest point."""
    if act.name == "tanh":
        h = side * sp.sqrt(1 - d)
        return h, sp.atanh(h)
    if act.name == "sigmoid":
        h = (1 + side * sp.sqrt(1 - 4 * d)) / 2
        return h, sp.log(h / (1 - h))
    found = steep(Unit("", X, 1 / d, sp.S.Zero, sp.S.One, act, sp.true), sp.S.One)
    if found is None:
        raise NoClosedForm(
            f"phi' = d has no closed solution for {act.name}; use slope_condition, with d_i = phi'(alpha_i) put in"
        )
    place = 0 if side == 1 else 1
    return found.state[place], found.alpha[place]


def _sides(sides: Sequence[int], n: int) -> tuple[int, ...]:
    if len(sides) != n or any(s not in (1, -1) for s in sides):
        raise SpecError(f"sides are {n} signs, 1 or -1, got {sides!r}")
    return tuple(int(s) for s in sides)


def _solved(model: Net, kind: str, d: Any) -> tuple[Any, Any]:
    """d_2 = top/bottom."""
    (w11, _), (_, w22) = model.W.tolist()
    det, r = exact.determinant(model.W), model.rate
    if kind == "fold":
        return 1 - d * w11, w22 - d * det
    if kind == "flip":
        return (r - 2) - r * d * w11, r * w22 + r**2 * d * det / (2 - r)
    k = 1 - r
    return 1 - k**2 - k * r * d * w11, k * r * w22 + r**2 * d * det


def _manifold(model: Net, kind: str, sides: Sequence[int]) -> Result:
    d, act = _slopes(2), model.activation
    h_star, u = tuple(entries("h_star", 2, 1)), tuple(entries("u", 2, 1))
    pairs = [_branch(act, v, s) for v, s in zip(d, _sides(sides, 2), strict=True)]
    top, bottom = _solved(model, kind, d[0])
    if is_zero(bottom):
        raise NoClosedForm(f"{model.name}: the condition does not depend on d_2; use slope_condition(cell, {kind!r})")
    where = [(s, h) for s, (h, _) in zip(h_star, pairs, strict=True)]
    inputs = [a - sum(w * s for w, s in zip(model.W.row(i), h_star, strict=True)) for i, (_, a) in enumerate(pairs)]
    where += zip(u, inputs, strict=True)
    column = [sum(w * s for w, s in zip(model.W.row(i), model.state, strict=True)) + u[i] for i in range(2)]
    lhs = CriticalAt(model.map(column), model.state, h_star, KINDS[kind])
    rhs: Any = sp.Eq(d[1], normal(top) / normal(bottom))
    if kind == "neimark_sacker":
        rhs = sp.And(rhs, abs(jacobian_entries(model, d).trace()) < 2)
    top, bottom = normal(top), normal(bottom)
    weights = sp.Tuple(*sorted(model.W.free_symbols, key=str))
    within = SlopesWithin(sp.Tuple(*d), act.lipschitz, sp.expand(d[1] * bottom - top), weights)
    given = sp.And(model.given, within, sp.Ne(bottom, 0))
    name = f"{kind.replace('_', '-')} manifold of {model.name}"
    return Result(name, lhs, "<=>", rhs, given=given, where=tuple(where), source=(HASCHKE,))


def input_of_slopes(cell: Cell, *, sides: Sequence[int] | None = None) -> Result:
    """The constant input at which a fixed point has given slopes: u = alpha - W h; tanh: artanh(h) - W h, h_i = +-sqrt(1 - d_i).

    Shapes: u, d (n, 1), n <= 6; sides: n signs. Given: 0 < d_i < max phi'.
    Raises: NoClosedForm where phi' = d has no closed solution.
    """
    model = net(cell, LIMIT)
    d, act = _slopes(model.n), model.activation
    signs = _sides((1,) * model.n if sides is None else sides, model.n)
    pairs = [_branch(act, v, s) for v, s in zip(d, signs, strict=True)]
    middle = [SlopePoint(act.phi(X), X, v, s) for v, s in zip(d, signs, strict=True)]

    def entry(alpha: Any, states: Any, i: int) -> Any:
        return alpha[i] - sum(w * s for w, s in zip(model.W.row(i), states, strict=True))

    lhs = sp.ImmutableMatrix([entry(middle, [act.phi(a) for a in middle], i) for i in range(model.n)])
    h = tuple(entries("h_star", model.n, 1))
    rhs = sp.ImmutableMatrix([entry([a for _, a in pairs], h, i) for i in range(model.n)])
    where = tuple((s, v) for s, (v, _) in zip(h, pairs, strict=True))
    given = sp.And(model.given, *(c for v in d for c in (v > 0, v < act.lipschitz)))
    return Result(f"input of given slopes of {model.name}", lhs, "=", rhs, given, where, source=(HASCHKE,))


def rotation_angle(cell: Cell) -> Result:
    """The angle of the multipliers e^(+-i theta) on the Neimark-Sacker manifold of two units: theta = arccos(trace J/2).

    Given:  d_2 on the manifold, |trace J| < 2. theta/(2 pi) is the rotation number of the circle that is born.
    """
    model = net(cell)
    if model.n != 2:
        raise ShapeError(f"{model.name} has one unit; a nonreal pair of multipliers needs two")
    d = _slopes(2)
    top, bottom = _solved(model, "neimark_sacker", d[0])
    J = jacobian_entries(model, d).xreplace({d[1]: normal(top) / normal(bottom)})
    half = J.trace() / 2
    given = sp.And(model.given, sp.Ne(normal(bottom), 0), half < 1, half > -1)
    return Result(f"rotation angle of {model.name}", RotationAngle(J), "=", sp.acos(half), given, source=(HASCHKE,))


# Two neurons in continuous time: tau y' = -y + W sigma(y + theta) + I


def ctrnn_bifurcation(kind: str = "hopf") -> Result:
    """Two-neuron CTRNN, J = diag(1/tau)(D W - I): fold det(I - D W) = 0; Hopf trace J = 0 and det J > 0, in the slopes d.

    Given:  time constants are positive. Source: beer1995.
    """
    if kind not in ("fold", "hopf"):
        raise SpecError(f"unknown kind {kind!r}; known: fold, hopf")
    d = _slopes(2)
    w11, w12, w21, w22 = (sp.Symbol(f"w_{k}", real=True) for k in ("11", "12", "21", "22"))
    t1, t2 = sp.Symbol("tau_1", positive=True), sp.Symbol("tau_2", positive=True)
    J = sp.ImmutableMatrix([[(d[0] * w11 - 1) / t1, d[0] * w12 / t1], [d[1] * w21 / t2, (d[1] * w22 - 1) / t2]])
    gap = (1 - d[0] * w11) * (1 - d[1] * w22) - d[0] * d[1] * w12 * w21
    if kind == "fold":
        return Result(
            "fold of the two-neuron CTRNN", HasMultiplier(J, 3), "<=>", sp.Eq(sp.expand(gap), 0), source=(BEER,)
        )
    trace = sp.Eq(t2 * (d[0] * w11 - 1) + t1 * (d[1] * w22 - 1), 0)
    return Result(
        "Hopf bifurcation of the two-neuron CTRNN", HasMultiplier(J, 2), "<=>", sp.And(trace, gap > 0), source=(BEER,)
    )
