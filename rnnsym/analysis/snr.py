"""The signal-to-noise ratio of a sinusoid in white noise, its optimum over one pole, and the bias that realizes it.

May import: everything to the left of `analysis.snr`.
"""

from __future__ import annotations

from typing import Any

import sympy as sp

from rnnsym.analysis.filters import arguments, nonzero, reals, single, stability, unused
from rnnsym.analysis.frequency import frequency_symbol, gain_parts, polynomials, ratio, regular
from rnnsym.analysis.gramians import DIVERGES
from rnnsym.analysis.noise import output_energy
from rnnsym.defined import OptimalBias, OptimalPole, SignalToNoise
from rnnsym.exact import is_zero, normal
from rnnsym.result import NoClosedForm, Result, RnnsymError, SpecError
from rnnsym.systems import LinearSystem

POWER = sp.Symbol("P", positive=True)
SHORT = 2000  # operations up to which |H|^2/||H||^2 is multiplied out; beyond it stays the quotient of the two


SIGMA = sp.Symbol("sigma", positive=True)


def snr(model: Any, *, omega: Any = None, power: Any = None, variance: Any = None) -> Result:
    """The output signal-to-noise ratio, (P/sigma^2) G with G = |H(e^{i omega})|^2 / ||H||_2^2, for a sinusoid of power P.

    With one pole p, G = (1 - p^2)/(1 - 2 p cos omega + p^2), the Poisson kernel: the input gain cancels.
    Given:  every eigenvalue of A is inside the unit circle (outside, the noise power diverges); H is not 0.
    Raises: RnnsymError for an unstable A; SpecError for several channels or a negative variance.

    >>> a = sp.Symbol("a", real=True)
    >>> snr(LinearSystem([[a]], [[1]])).where
    ((p, a), (G, (1 - p**2)/(p**2 - 2*p*cos(omega) + 1)))
    """
    system = single(model, "a signal-to-noise ratio")
    w = frequency_symbol(system, omega)
    P = unused(POWER, *system.matrices) if power is None else sp.sympify(power, strict=True)
    sigma2 = unused(SIGMA, *system.matrices) ** 2 if variance is None else sp.sympify(variance, strict=True)
    for what, value in (("power", P), ("variance", sigma2)):
        if value.is_negative or value.is_zero and what == "variance":
            raise SpecError(f"a {what} must be positive, got {value}")
    condition = stability(system, DIVERGES + ", the noise has no finite power")
    above, below = polynomials(system)
    if all(is_zero(c) for c in above):
        raise RnnsymError("H is 0: no signal and no noise come out, and their ratio does not exist")
    G = unused(sp.Symbol("G"), *system.matrices, w, P, sigma2)
    given = sp.And(
        system.given, condition, reals(system), *(sp.true if s.is_positive else sp.Gt(s, 0) for s in (sigma2,))
    )
    if len(below) == 2 and sum(c != 0 for c in above) == 1:
        p = unused(sp.Symbol("p"), *system.matrices, w, P, sigma2)
        where: Any = ((p, normal(-below[1])), (G, (1 - p**2) / (1 - 2 * p * sp.cos(w) + p**2)))
        lead = next(c for c in above if c != 0)
        given = sp.And(given, nonzero(lead))
    else:
        top, bottom = gain_parts(system, w)
        energy = output_energy(system)
        is_short = top.count_ops() + bottom.count_ops() + energy.count_ops() <= SHORT
        where = ((G, ratio(top, bottom * energy) if is_short else ratio(top, bottom) / energy),)
        given = sp.And(given, nonzero(sp.fraction(energy)[0]), regular(system, w))
    return Result(
        f"signal-to-noise ratio of the {system.name}", SignalToNoise(*arguments(system), w, P, sigma2), "=",
        P / sigma2 * G, given, where,
    )  # fmt: skip


def _angle(omega: Any) -> Any:
    w = sp.Symbol("omega", real=True) if omega is None else sp.sympify(omega, strict=True)
    if w.is_real is False:
        raise SpecError(f"a frequency is real, got {w}")
    return w


def snr_optimum(omega: Any = None) -> Result:
    """The pole with the best signal-to-noise ratio at omega, p* = cos omega / (1 + |sin omega|) = (1 - |sin omega|) / cos omega.

    It is tan(pi/4 - omega/2) for 0 < omega < pi, and the root of p^2 cos omega - 2 p + cos omega = 0 inside the circle;
    then G = 1/|sin omega| (snr_maximum), at the input gain A* = p*/alpha.
    Given:  sin omega is not 0; at 0 and pi the ratio has no maximum and grows to infinity as p goes to 1 and -1.

    >>> snr_optimum().rhs
    cos(omega)/(Abs(sin(omega)) + 1)
    """
    w = _angle(omega)
    if is_zero(sp.sin(w)) is True:
        raise NoClosedForm(
            "at omega = 0 the ratio (1 + p)/(1 - p) grows without bound as p goes to 1: there is no optimum"
        )
    given = sp.true if sp.sin(w).is_nonzero else sp.Ne(sp.sin(w), 0)
    return Result(
        "pole with the best signal-to-noise ratio", OptimalPole(w, sp.S.Zero), "=", sp.cos(w) / (1 + sp.Abs(sp.sin(w))),
        sp.And(given, _is_real(w)),
    )  # fmt: skip


def _is_real(w: Any) -> Any:
    return sp.true if w.is_real else sp.Eq(sp.im(w), 0)


def snr_maximum(omega: Any = None) -> Result:
    """The best gain in signal-to-noise ratio that one pole can give, G_max = 1/|sin omega|.

    Given:  sin omega is not 0.

    >>> snr_maximum().rhs
    1/Abs(sin(omega))
    """
    w = _angle(omega)
    if is_zero(sp.sin(w)) is True:
        raise NoClosedForm(
            "at omega = 0 the ratio (1 + p)/(1 - p) grows without bound as p goes to 1: there is no maximum"
        )
    given = sp.true if sp.sin(w).is_nonzero else sp.Ne(sp.sin(w), 0)
    return Result(
        "best signal-to-noise gain", OptimalPole(w, sp.S.One), "=", 1 / sp.Abs(sp.sin(w)), sp.And(given, _is_real(w))
    )


def snr_improves(omega: Any = None, pole: Any = None) -> Result:
    """When recurrence helps: G > 1 iff 0 < p < cos omega or cos omega < p < 0, for |p| < 1.

    >>> snr_improves().rhs
    ((p > 0) & (p < cos(omega))) | ((p < 0) & (p > cos(omega)))
    """
    w = _angle(omega)
    p = sp.Symbol("p", real=True) if pole is None else sp.sympify(pole, strict=True)
    system = LinearSystem(p, 1)
    lhs = sp.Gt(SignalToNoise(*arguments(system), w, 1, 1), 1)
    c = sp.cos(w)
    rhs = sp.Or(sp.And(sp.Gt(p, 0), sp.Lt(p, c)), sp.And(sp.Lt(p, 0), sp.Gt(p, c)))
    return Result(
        "recurrence improves the signal-to-noise ratio",
        lhs,
        "<=>",
        rhs,
        sp.And(stability(system, DIVERGES), _is_real(w)),
    )


def snr_bias(weight: Any = None, omega: Any = None) -> Result:
    """The bias that tunes h_t = tanh(A h_(t-1) + x_t + b) to omega: b = artanh h* - A h*, h* = sqrt(1 - p*/A).

    At its fixed point h* the slope is alpha = 1 - h*^2, so the pole A alpha is p* of `snr_optimum`.
    Given:  0 < p*/A <= 1, sin omega is not 0.

    >>> snr_bias().rhs
    -A*h_star + atanh(h_star)
    """
    w = _angle(omega)
    A = sp.Symbol("A", real=True) if weight is None else sp.sympify(weight, strict=True)
    best = sp.cos(w) / (1 + sp.Abs(sp.sin(w)))
    p, h = unused(sp.Symbol("p_star"), A, w), unused(sp.Symbol("h_star"), A, w)
    part = best / A
    given = sp.And(sp.Gt(part, 0), sp.Le(part, 1), sp.Ne(sp.sin(w), 0), _is_real(w))
    if given == sp.false:
        raise RnnsymError(
            f"no bias gives the pole p* = {best}: A must have its sign and at least its size, got A = {A}"
        )
    return Result(
        "bias of the best filter", OptimalBias(A, w), "=", sp.atanh(h) - A * h, given,
        ((p, best), (h, sp.sqrt(1 - p / A))),
    )  # fmt: skip
