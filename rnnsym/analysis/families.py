"""Families in closed form near and at their bifurcations, and what integrators and trained networks show there.

The SO(2) oscillator, the pitchfork of a symmetric network, two units that toggle, the neuron with decay, the sensitivity of a
fixed point near a fold, slow points, and line attractors. May import: everything to the left of `analysis.families`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import sympy as sp

from rnnsym.activations import sigmoid
from rnnsym.analysis.jacobian import differentiable, jacobian
from rnnsym.analysis.normalforms import rotation
from rnnsym.cells.record import Cell, as_cell
from rnnsym.defined import Approaches, FixedPointOf
from rnnsym.defined.bifurcations import SlopePoint
from rnnsym.defined.families import (
    Attracts,
    InvariantCircle,
    LargestState,
    MultipliersAt,
    NewtonPoint,
    PowerLimit,
    Sensitivity,
    SquaredSpeed,
)
from rnnsym.defined.loci import Nears
from rnnsym.result import NoClosedForm, Result, Source
from rnnsym.vectors import linear, total, transposed

PASEMANN = Source(
    "pasemann2003", "Pasemann, F., Hild, M. and Zahedi, K.", "SO(2)-networks as neural oscillators", 2003,
    doi="10.1007/3-540-44868-3_19",
)  # fmt: skip
CHAOTIC = Source("pasemann1997", "Pasemann, F.", "A simple chaotic neuron", 1997, doi="10.1016/S0167-2789(96)00239-4")
SUSSILLO = Source(
    "sussillo2013", "Sussillo, D. and Barak, O.", "Opening the black box: low-dimensional dynamics in recurrent networks", 2013,
    doi="10.1162/NECO_a_00409",
)  # fmt: skip
SEUNG = Source("seung1996", "Seung, H. S.", "How the brain keeps the eyes still", 1996, doi="10.1073/pnas.93.23.13339")
alpha, angle, lam = (sp.Symbol(s, real=True) for s in ("alpha", "varphi", "lambda_1"))
a, c, gamma, w, d = (sp.Symbol(s, real=True) for s in ("a", "c", "gamma", "w", "delta"))
h, v = sp.Symbol("h", real=True), sp.Symbol("v", real=True)


def so2_amplitude() -> Result:
    """SO(2) oscillator, W = alpha R(varphi), tanh, b = 0: radius r ~ 2 sqrt((alpha - 1)/alpha^3) as alpha -> 1 from above.

    r is the root mean square of |h| on the invariant circle. The relative error is of order alpha - 1.
    Given:  varphi away from the strong resonances e^(ik varphi) = 1, k = 1, 2, 3, 4 (pi/2 is the 1:4 resonance).
    Source: pasemann2003.
    """
    F, state = rotation(alpha, angle)
    return Result(
        "amplitude of the SO(2) oscillator", InvariantCircle(F, state, (0, 0), sp.Symbol("radius")), "~",
        2 * sp.sqrt((alpha - 1) / alpha**3), given=sp.And(*_off_resonance(), Nears(alpha, 1)), status="asymptotic", source=(PASEMANN,),
    )  # fmt: skip


def _off_resonance() -> tuple[Any, ...]:
    return (angle > 0, angle < sp.pi, sp.Ne(sp.cos(angle), 0), sp.Ne(sp.cos(angle), -sp.S.Half))


def so2_frequency() -> Result:
    """SO(2) oscillator: the mean turn in a step is ~ varphi as alpha -> 1; the shift is zero at first order in alpha - 1."""
    F, state = rotation(alpha, angle)
    return Result(
        "frequency of the SO(2) oscillator", InvariantCircle(F, state, (0, 0), sp.Symbol("turn")), "~", angle,
        given=sp.And(*_off_resonance(), Nears(alpha, 1)), status="asymptotic", source=(PASEMANN,),
    )  # fmt: skip


def symmetric_amplitude() -> Result:
    """Symmetric W, tanh, b = 0, largest eigenvalue lambda_1: v^T h* ~ sqrt(3 (lambda_1 - 1)/(lambda_1^3 sum_m v_m^4)), lambda_1 -> 1+.

    Stated for two units, v = (1 - t^2, 2 t)/(1 + t^2), W = lambda_1 v v^T + mu u u^T with u orthogonal to v.
    Given:  |mu| < 1.
    """
    t, mu = sp.Symbol("t", real=True), sp.Symbol("mu", real=True)
    v1, v2 = sp.symbols("v_1 v_2", real=True)
    first, second = (1 - t**2) / (1 + t**2), 2 * t / (1 + t**2)
    x, y = sp.symbols("h_1 h_2", real=True)
    along, across = first * x + second * y, -second * x + first * y
    F = sp.ImmutableMatrix(
        [sp.tanh(lam * along * first - mu * across * second), sp.tanh(lam * along * second + mu * across * first)]
    )
    size = sp.sqrt(3 * (lam - 1) / (lam**3 * (v1**4 + v2**4)))
    start = sp.sqrt(3 * (lam - 1))
    # Newton's method starts from twice the size that a fixed point of equal entries has at least: v_1^4 + v_2^4 <= 1
    lhs = NewtonPoint(F, (x, y), (2 * start * first, 2 * start * second), (first, second))
    return Result(
        "amplitude of the pitchfork of a symmetric network", lhs, "~", size, given=sp.And(mu < 1, mu > -1, Approaches(lam, 1)),
        where=((v1, first), (v2, second)), status="asymptotic",
    )  # fmt: skip


def _pair() -> tuple[Any, tuple[Any, ...]]:
    x, y = sp.symbols("h_1 h_2", real=True)
    return sp.ImmutableMatrix([sp.tanh(a * x + c * y), sp.tanh(c * x + a * y)]), (x, y)


def two_unit_multipliers(phase: str = "anti") -> Result:
    """W = [[a, c], [c, a]], tanh, b = 0: the states (h, -h) with h = tanh((a - c) h), or (h, h) with h = tanh((a + c) h), have
    the multipliers (a + c)(1 - h^2) and (a - c)(1 - h^2).

    phase: "anti" (toggle) or "in".
    """
    sign = _phase(phase)
    F, state = _pair()
    h_star = sp.Symbol("h_star", real=True)
    both = (a + c) * (1 - h_star**2), (a - c) * (1 - h_star**2)
    return Result(
        f"multipliers of the {phase}-phase state of two units", MultipliersAt(F, state, (h_star, sign * h_star)), "=",
        sp.ImmutableMatrix([sp.Min(*both), sp.Max(*both)]), where=((h_star, LargestState(a + sign * c)),),
    )  # fmt: skip


def _phase(phase: str) -> int:
    if phase not in ("in", "anti"):
        raise NoClosedForm(f"the states in closed form are 'in' and 'anti' phase, got {phase!r}")
    return 1 if phase == "in" else -1


def toggle_memory() -> Result:
    """Two units remember which is on, (h, -h) attracts with h != 0, iff a - c > 1 and |a + c|(1 - h^2) < 1."""
    F, state = _pair()
    h_star = sp.Symbol("h_star", real=True)
    return Result(
        "toggle memory", Attracts(F, state, (h_star, -h_star)), "<=>", sp.And(a - c > 1, abs(a + c) * (1 - h_star**2) < 1),
        where=((h_star, LargestState(a - c)),),
    )  # fmt: skip


def decay_locus(multiplier: int = -1, *, side: int = 1) -> Result:
    """Neuron with decay, v' = gamma v + theta + w sigma(v): theta where a fixed point has the multiplier 1 (fold) or -1 (flip).

    sigma(1 - sigma) = s with s = (multiplier - gamma)/w, so sigma = (1 + side sqrt(1 - 4 s))/2, v = logit sigma and
    theta = (1 - gamma) v - w sigma. Given: 0 < s < 1/4. Source: pasemann1997.
    """
    if multiplier not in (1, -1) or side not in (1, -1):
        raise NoClosedForm(f"multiplier and side are 1 or -1, got {multiplier!r} and {side!r}")
    s, value = sp.Symbol("s", real=True), sp.Symbol("sigma", real=True)
    x = sp.Symbol("x", real=True)
    point = SlopePoint(sigmoid(x), x, (multiplier - gamma) / w, side)
    lhs = (1 - gamma) * point - w * sigmoid(point)
    rhs = (1 - gamma) * sp.log(value / (1 - value)) - w * value
    slope = (multiplier - gamma) / w
    given = sp.And(slope > 0, slope < sp.Rational(1, 4), sp.Ne(w, 0))
    where = ((s, slope), (value, (1 + side * sp.sqrt(1 - 4 * s)) / 2))
    return Result(
        f"{'flip' if multiplier == -1 else 'fold'} of the neuron with decay",
        lhs,
        "=",
        rhs,
        given,
        where,
        source=(CHAOTIC,),
    )


def fold_sensitivity() -> Result:
    """Near a fold the fixed point diverges in its slope: tanh, dh*/d delta ~ 1/(2 sqrt(w delta) (w (w - 1))^(1/4)), exponent -1/2.

    delta is the distance of the bias from the fold, b = artanh(h_f) - w h_f + delta with h_f = sqrt(1 - 1/w), on the upper branch.
    The gradient of a loss of the fixed point diverges with it.
    Given:  w > 1.
    """
    h_f = sp.sqrt(1 - 1 / w)
    F = sp.ImmutableMatrix([sp.tanh(w * h + sp.atanh(h_f) - w * h_f + v)])
    lhs = Sensitivity(F, (h,), (1,), v, d)
    rhs = 1 / (2 * sp.sqrt(w * d) * (w * (w - 1)) ** sp.Rational(1, 4))
    return Result("sensitivity near a fold", lhs, "~", rhs, given=sp.And(w > 1, Approaches(d, 0)), status="asymptotic")


def slow_point_gradient(cell: Cell) -> Result:
    """Slow points: q(h) = ||F(h) - h||^2/2 has the gradient (J - I)^T (F(h) - h), for every cell of one state block.

    Given:  no unit at a kink. Source: sussillo2013.

    >>> from rnnsym.cells import elman
    >>> print(slow_point_gradient(elman(W_h=sp.Symbol("w", real=True))).rhs)
    (-h + h_t)*(w*(1 - h_t**2) - 1)
    """
    return _speed(cell, 1)


def slow_point_hessian(cell: Cell) -> Result:
    """At a fixed point the Hessian of q is the Gauss-Newton matrix (J - I)^T (J - I); elsewhere terms in F(h) - h are added.

    Given:  F(h) = h, no unit at a kink. Source: sussillo2013.
    """
    return _speed(cell, 2)


def _speed(cell: Cell, order: int) -> Result:
    if len(as_cell(cell).state) != 1:
        raise NoClosedForm(f"{cell.name} has {len(cell.state)} state blocks; slow points are stated for one")
    J = jacobian(cell)
    old, new = cell.state[0], cell.next[0]
    n = old.shape[0]
    names = {name for name, _ in cell.equations}
    used = {s for _, e in cell.equations for s in e.free_symbols} | {old}
    binding = tuple((s, t) for s, t in cell.binding if s in used and s not in names)
    lhs = SquaredSpeed(order, old, new, cell.equations, binding)
    if cell.is_explicit:
        table = dict(cell.binding)
        shown = J.rhs if getattr(J.rhs, "is_Matrix", False) else sp.ImmutableMatrix([[J.rhs]])
        gap = sp.ImmutableMatrix(shown - sp.eye(int(n)))
        rhs: Any = gap.T * (gap if order == 2 else sp.Matrix(table[new]) - sp.Matrix(table[old]))
        rhs = rhs[0, 0] if rhs.shape == (1, 1) else rhs.as_immutable()
    else:
        gap = total(J.rhs, -sp.Identity(n))
        rhs = sp.MatMul(transposed(gap), gap if order == 2 else total(new, linear(sp.MatMul(-1, old, evaluate=False))))
    given = sp.And(cell.given, differentiable(cell))
    if order == 2:
        given = sp.And(given, FixedPointOf(cell.state, cell.next, cell.equations, binding))
    where = replace(cell, output=None).where
    kind = "gradient" if order == 1 else "Gauss-Newton Hessian"
    return Result(
        f"{kind} of the speed of {cell.name}", lhs, "=", rhs, given, where, source=(SUSSILLO,), arrays=cell.arrays
    )


def line_attractor() -> Result:
    """Line attractor of two units: with the eigenvalue 1, J^t -> r l^T = (J - mu I)/(1 - mu), l^T r = 1, mu = trace J - 1.

    A pulse B u is kept as r (l^T B u): l, the left eigenvector, is the selection vector. J = [[1 - k x, y k], ...] is any
    matrix with the eigenvalue 1, written J = mu I + (1 - mu) r l^T with r = (1, r_2), l = (1 - r_2 l_2, l_2).
    Given:  |mu| < 1. With 1 - epsilon in place of 1 the pulse decays in 1/epsilon steps. Source: seung1996.
    """
    mu, r2, l2 = sp.symbols("mu r_2 l_2", real=True)
    r, left = sp.Matrix([1, r2]), sp.Matrix([[1 - r2 * l2, l2]])
    J = (mu * sp.eye(2) + (1 - mu) * r * left).applyfunc(sp.expand).as_immutable()
    rhs = (r * left).as_immutable()
    return Result(
        "line attractor of two units", PowerLimit(J), "=", rhs, given=sp.And(mu < 1, mu > -1), source=(SEUNG,)
    )


def integrator_noise(steps: int = 3) -> Result:
    """White noise of variance sigma^2 diffuses along a line attractor: Var(l^T h_t) = sigma^2 ||l||^2 t, l^T J = l^T.

    The left side sums l^T J^k (J^k)^T l over k < t. Parameters as in `line_attractor`.
    """
    mu, r2, l2 = sp.symbols("mu r_2 l_2", real=True)
    variance = sp.Symbol("sigma", real=True) ** 2
    r, left = sp.Matrix([1, r2]), sp.ImmutableMatrix([[1 - r2 * l2, l2]])
    J = (mu * sp.eye(2) + (1 - mu) * r * left).applyfunc(sp.expand).as_immutable()
    terms = [
        sp.MatMul(left, sp.MatPow(J, k), sp.Transpose(sp.MatPow(J, k)), left.T, evaluate=False) for k in range(1, steps)
    ]
    lhs = sp.MatMul(
        variance, sp.MatAdd(sp.MatMul(left, left.T, evaluate=False), *terms, evaluate=False), evaluate=False
    )
    rhs = sp.ImmutableMatrix([[variance * steps * ((1 - r2 * l2) ** 2 + l2**2)]])
    return Result(f"noise of an integrator after {steps} steps", lhs, "=", rhs, source=(SEUNG,))
