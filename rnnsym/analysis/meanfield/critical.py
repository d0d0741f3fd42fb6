"""Near the edge of chaos: exponents of networks without noise, the continuous-time network, the rank-one pitchfork.

For odd smooth phi = s (x + a x^3 + ...), a < 0: E phi^2 = s^2 (q + 6 a q^2 + 15 (a^2 + 2 b) q^3 + ...) and
E phi'^2 = s^2 (1 + 6 a q + (27 a^2 + 30 b) q^2 + ...), so chi = q E phi'^2/E phi^2 = 1 + 12 a^2 q^2 + O(q^3): the fifth-order
coefficient b drops out. May import: everything to the left of `analysis.meanfield`.
"""

from __future__ import annotations

from typing import Any

import sympy as sp

from rnnsym.activations.record import X
from rnnsym.analysis.meanfield.words import VARIANCE, activation_of, erf_steepness, no_moment
from rnnsym.defined import Approaches
from rnnsym.defined.criticality import (
    AutonomousExponent,
    AutonomousSlope,
    AutonomousVariance,
    ContinuousExponent,
    ContinuousVariance,
    EdgeNoise,
    EdgeNoiseOfGain,
    GroundState,
    Overlap,
)
from rnnsym.defined.ensembles import has_corners
from rnnsym.result import NoClosedForm, Result, Source

EPSILON = sp.Symbol("epsilon", positive=True)
LEVEL = sp.Symbol("ell", positive=True)

SOMPOLINSKY = Source("sompolinsky1988", "Sompolinsky, H. and Crisanti, A. and Sommers, H. J.",
                     "Chaos in random neural networks", 1988, doi="10.1103/PhysRevLett.61.259")  # fmt: skip
MASTROGIUSEPPE = Source(
    "mastrogiuseppe2018", "Mastrogiuseppe, F. and Ostojic, S.",
    "Linking connectivity, dynamics, and computations in low-rank recurrent neural networks", 2018,
    doi="10.1016/j.neuron.2018.07.003",
)  # fmt: skip


def near_critical(phi: Any = "tanh") -> list[Result]:
    """chi - 1 ~ 12 a^2 q^2, q* ~ epsilon/(-3 a), lambda ~ (2/3) epsilon^2, sigma_c^2 ~ 12 a^2 q^3 and (4/9) epsilon^3/(-a).

    phi = s (x + a x^3 + ...) odd and smooth, a < 0; epsilon = s g - 1. tanh has a = -1/3: chi - 1 ~ (4/3) q^2, q* ~ epsilon,
    sigma_c^2 ~ (4/3) epsilon^3. That lambda ~ (2/3) epsilon^2 holds for every such phi. The next order is relative O(epsilon).
    Without bias and input, but for sigma_c^2, the variance of them that stops chaos.
    Raises: NoClosedForm if phi is not odd and smooth at 0, or bends upward there.

    >>> [str(result.rhs) for result in near_critical()][:3]
    ['4*q**2/3', 'epsilon', '2*epsilon**2/3']
    """
    record = activation_of(phi)
    f = record.phi(X)
    if record.odd is not True or has_corners(record.phi) or record.name in ("softsign",):
        raise NoClosedForm(f"{record.name} is not known to be odd and smooth; the expansion at the edge needs both")
    s = f.diff(X).subs(X, 0)
    a = f.diff(X, 3).subs(X, 0) / (6 * s)
    if not (s.is_positive and a.is_negative):
        raise NoClosedForm(f"the expansion needs phi'(0) > 0 > phi'''(0); {record.name} has {s} and {6 * a * s}")
    q, gain, name = VARIANCE, (1 + EPSILON) / s, f"near the edge of chaos, {record.name}"
    small, near = Approaches(q, 0), Approaches(EPSILON, 0)
    rows = (
        ("susceptibility", AutonomousSlope(record.phi, q) - 1, 12 * a**2 * q**2, small),
        ("variance", AutonomousVariance(record.phi, gain), EPSILON / (-3 * a), near),
        ("exponent", AutonomousExponent(record.phi, gain), sp.Rational(2, 3) * EPSILON**2, near),
        ("noise by variance", EdgeNoise(record.phi, q), 12 * a**2 * q**3, small),
        ("noise by gain", EdgeNoiseOfGain(record.phi, gain), 4 * EPSILON**3 / (-9 * a), near),
    )
    return [Result(f"{name}: {what}", lhs, "~", rhs, given, status="asymptotic") for what, lhs, rhs, given in rows]


def continuous_network() -> list[Result]:
    """x' = -x + g J tanh(x): Delta_0 = epsilon + (7/6) epsilon^2 + ..., lambda_max ~ epsilon^2/2, epsilon = g - 1.

    By D'' = (1 - g^2 a_1^2) D - (2/3) g^2 D^3 + ... the autocorrelation is epsilon sech(epsilon tau/sqrt(3)) to leading
    order, and the exponent follows from the ground state of -d^2 + 1 - 6 sech^2, -3: (1 + lambda)^2 = 1 + 3 epsilon^2/3.
    Source: sompolinsky1988.

    >>> continuous_network()[0].rhs
    epsilon
    """
    gain, near = 1 + EPSILON, Approaches(EPSILON, 0)
    node = ContinuousVariance(gain)
    rows = (
        ("variance", node, EPSILON),
        ("variance, second order", node - EPSILON, sp.Rational(7, 6) * EPSILON**2),
        ("exponent", ContinuousExponent(gain), EPSILON**2 / 2),
    )
    return [
        Result(f"continuous-time network near the edge: {what}", lhs, "~", rhs, near, status="asymptotic", source=(SOMPOLINSKY,))
        for what, lhs, rhs in rows
    ]  # fmt: skip


def ground_state(level: Any = None) -> Result:
    """The lowest eigenvalue of -d^2/dx^2 + 1 - l (l + 1) sech(x)^2 is 1 - l^2; with l = 2: -3.

    Of sech(x)^l, which has no zero: -(sech^l)'' = -l^2 sech^l + l (l + 1) sech^(l + 2).
    Given:  l > 0 (Poeschl and Teller 1933); checked numerically for 1/2 <= l <= 8.

    >>> ground_state(2).rhs
    -3
    """
    depth = LEVEL if level is None else sp.sympify(level, strict=True)
    return Result("ground state of the Poeschl-Teller well", GroundState(depth), "=", 1 - depth**2, sp.Gt(depth, 0))


def rank_one_pitchfork(phi: Any = "erf_scaled") -> Result:
    """kappa^2 = (2/pi) (sigma_mn^2 - 1)/sigma_m^2 for sigma_mn > 1, else 0: h = phi(m kappa), kappa = n^T h/N, (m, n) normal.

    W = m n^T/N, N -> infinity; kappa = sigma_mn kappa E phi'(sigma_m kappa z) by Stein's identity. erf(sqrt(pi) x/2); erf(x)
    has kappa^2 = (4 sigma_mn^2/pi - 1)/(2 sigma_m^2).
    Given:  sigma_m > 0. Raises: NoClosedForm for other activations. Source: mastrogiuseppe2018.

    >>> rank_one_pitchfork().rhs.args[0][0]
    2*(sigma_mn**2 - 1)/(pi*sigma_m**2)
    """
    record = activation_of(phi)
    steep = erf_steepness(record)
    if steep is None:
        raise no_moment(record, "defined.criticality.Overlap solves for kappa numerically")
    joint, spread = sp.Symbol("sigma_mn", real=True), sp.Symbol("sigma_m", positive=True)
    scale = 2 * sp.sqrt(steep / sp.pi)  # E phi' = scale/sqrt(1 + 2 steep sigma_m^2 kappa^2) = 1/sigma_mn
    rhs = sp.Piecewise((((scale * joint) ** 2 - 1) / (2 * steep * spread**2), sp.Gt(scale * joint, 1)), (0, True))
    return Result(f"rank-one pitchfork of {record.name}", Overlap(record.phi, joint, spread), "=", rhs, sp.Gt(spread, 0), source=(MASTROGIUSEPPE,))  # fmt: skip


__all__ = ["continuous_network", "ground_state", "near_critical", "rank_one_pitchfork"]
