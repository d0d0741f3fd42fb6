"""Noise through a linear system: the power of its output, and the normalizations that keep it at one.

The rational function of the stationary power has values outside the unit circle too; they belong to an anticausal filter,
the network's own power diverges there, and an unstable A is refused. May import: everything to the left of `analysis.noise`.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import sympy as sp

from rnnsym.analysis.filters import arguments, discrete, stability
from rnnsym.analysis.gramians import (
    DIVERGES,
    adjoint,
    geometric,
    horizon_of,
    noise_matrix,
    partial_sum,
    stein,
    transposes,
)
from rnnsym.defined import OutputVariance, RingVariance
from rnnsym.exact import factored
from rnnsym.result import NoClosedForm, Result, Source, SpecError
from rnnsym.systems import LinearSystem

ORVIETO = Source(
    "orvieto2023", "Orvieto, A. and Smith, S. L. and Gu, A. and Fernando, A. and Gulcehre, C. and Pascanu, R. and De, S.",
    "Resurrecting recurrent neural networks for long sequences", 2023, arxiv="2303.06349",
)  # fmt: skip


LAMBDA = sp.Symbol("lamda", real=True)  # SymPy's spelling: the other is a word of Python


RHO = sp.Symbol("rho", real=True)


def output_energy(system: LinearSystem) -> Any:
    """sum_k |h_k|^2 over all channels, in closed form, given stability."""
    return _energy(*map(sp.ImmutableMatrix, system.with_readout("previous").matrices))


@lru_cache(maxsize=64)
def _energy(A: Any, B: Any, C: Any, D: Any) -> Any:
    """The energy of a system: asked by the H2 norm, the noise gain and the signal-to-noise ratio, found once."""
    total = sum((e * sp.conjugate(e) for e in D), sp.S.Zero)
    if A.rows:
        P = stein(A, (B * adjoint(B)).applyfunc(sp.expand))
        total += (C * P * adjoint(C)).trace()
    return factored(total)


def noise_gain(model: Any, *, variance: Any = 1, correlation: Any = 0, steps: Any = sp.oo) -> Result:
    """The output power under noise: sigma^2 sum_k |h_k|^2 for white noise, summed over outputs.

    variance: sigma^2 of the input; correlation: r of AR(1) noise, E x_t x_(t-k) = sigma^2 r^|k|; steps: after rest, for
    white noise (a symbol if there is one state), stationary by default.
    Given:  stationary: every eigenvalue of A is inside the unit circle, and |r| < 1. The formula has values beyond it,
            which belong to an anticausal filter. After `steps` steps: every A.
    Raises: RnnsymError for the stationary power of an unstable A; SpecError for a negative variance.

    >>> a = sp.Symbol("a", real=True)
    >>> noise_gain(LinearSystem([[a]], [[1]])).rhs
    1/((1 - a)*(a + 1))
    """
    system = discrete(model, "a noise gain")
    sigma2, r, count = sp.sympify(variance, strict=True), sp.sympify(correlation, strict=True), horizon_of(steps)
    _, hypothesis = noise_matrix(sigma2, 1)
    given = sp.And(system.given, hypothesis, transposes(system), sp.true if r.is_real else sp.Eq(sp.im(r), 0))
    node = OutputVariance(*arguments(system), sigma2, r, count)
    if count is not sp.oo:
        if r != 0:
            raise NoClosedForm(
                "the power after a number of steps is given for white noise; leave correlation or steps out"
            )
        total, condition, where = _transient(system, count)
        return Result(f"output power of the {system.name} after {count} steps", node, "=", sigma2 * total, sp.And(given, condition), where)  # fmt: skip
    given = sp.And(given, stability(system, DIVERGES))
    if r == 0:
        rhs = factored(sigma2 * output_energy(system))
    else:
        if r.is_number and not bool(sp.Abs(r) < 1):
            raise SpecError(f"AR(1) noise is stationary for |r| < 1, got r = {r}")
        given = sp.And(given, sp.Lt(sp.Abs(r), 1))
        rhs = factored(sigma2 * (1 - r**2) * output_energy(colored(system, r)))
    return Result(f"output power of the {system.name}", node, "=", rhs, given)


def colored(system: LinearSystem, r: Any) -> LinearSystem:
    """The system with its input replaced by v_t = r v_(t-1) + e_t: a state more for each input."""
    A, B, C, D = system.matrices
    n, m = system.n, system.m
    whole = sp.Matrix(sp.BlockMatrix([[A, r * B], [sp.zeros(m, n), r * sp.eye(m)]]))
    inputs = sp.Matrix.vstack(sp.Matrix(B), sp.eye(m))
    if system.readout == "current":
        return LinearSystem(whole, inputs, sp.Matrix.hstack(sp.Matrix(C), sp.Matrix(D)))
    return LinearSystem(whole, inputs, sp.Matrix.hstack(sp.Matrix(C), sp.Matrix(r * D)), D, readout="previous")


def _transient(system: LinearSystem, count: Any) -> tuple[Any, Any, Any]:
    """(sum_{k < count} |h_k|^2, hypothesis, where)."""
    A, B, C, D = system.with_readout("previous").matrices
    direct = sum((e * sp.conjugate(e) for e in D), sp.S.Zero)
    if system.n == 1 and system.readout == "current" and all(e == 0 for e in system.D):
        first = sum((e * sp.conjugate(e) for e in system.C * system.B), sp.S.Zero)
        return factored(first) * geometric(A[0, 0] * sp.conjugate(A[0, 0]), count), sp.true, ()
    if count == 0:
        return sp.S.Zero, sp.true, ()
    total, condition, where = partial_sum(A, (B * adjoint(B)).applyfunc(sp.expand), count - 1)
    inner = direct + (C * total * adjoint(C)).trace()
    if count.is_Integer:
        return factored(inner), condition, where
    return sp.Piecewise((0, sp.Eq(count, 0)), (inner, True)), condition, where


def lru_normalization(eigenvalue: Any = None, correlation: Any = 0) -> Result:
    """The input gain gamma that makes E|h|^2 = 1 for unit input: sqrt(1 - |l|^2) for white input.

    For a real l and input correlation r^|k| it is sqrt((1 - l^2)(1 - r l)/(1 + r l)). The left side is 1/sqrt of the
    variance that the mode has without it.
    Given:  |l| < 1, and |r| < 1.
    Source: Orvieto et al. 2023.

    >>> lru_normalization().rhs
    sqrt(1 - lamda**2)
    """
    mode, r = (
        LAMBDA if eigenvalue is None else sp.sympify(eigenvalue, strict=True),
        sp.sympify(correlation, strict=True),
    )
    system = LinearSystem(mode, 1)
    given = stability(system, DIVERGES)
    modulus = sp.expand(sp.Abs(mode) ** 2) if not mode.is_real else mode**2
    rhs = sp.sqrt(1 - modulus)
    if r != 0:
        if mode.is_real is not True:
            raise NoClosedForm("with correlated input the normalization is given for a real eigenvalue")
        given = sp.And(given, sp.Lt(sp.Abs(r), 1))
        rhs = sp.sqrt((1 - mode**2) * (1 - r * mode) / (1 + r * mode))
    return Result("normalization of a linear mode", 1 / sp.sqrt(OutputVariance(*arguments(system), 1, r, sp.oo)), "=", rhs, given, source=(ORVIETO,))  # fmt: skip


def ring_variance(smallest: Any = None, largest: Any = None) -> Result:
    """E|h|^2 without normalization, |l|^2 uniform between r_min^2 and r_max^2:
    ln((1 - r_min^2)/(1 - r_max^2)) / (r_max^2 - r_min^2).

    Such an |l| is sqrt(u (r_max^2 - r_min^2) + r_min^2) with u uniform in (0, 1).
    Given:  0 <= r_min < r_max < 1.
    Source: Orvieto et al. 2023.

    >>> sp.N(ring_variance(sp.Rational(2, 5), sp.Rational(99, 100)).rhs, 6)
    4.56369
    """
    low = sp.Symbol("r_min", nonnegative=True) if smallest is None else sp.sympify(smallest, strict=True)
    high = sp.Symbol("r_max", positive=True) if largest is None else sp.sympify(largest, strict=True)
    given = sp.And(sp.Ge(low, 0), sp.Lt(low, high), sp.Lt(high, 1))
    if given == sp.false:
        raise SpecError(f"a ring of stable modes has 0 <= r_min < r_max < 1, got {low} and {high}")
    rhs = sp.log((1 - low**2) / (1 - high**2)) / (high**2 - low**2)
    return Result("variance of modes on a ring", RingVariance(low, high), "=", rhs, given, source=(ORVIETO,))


def mode_sensitivity(eigenvalue: Any = None, correlation: Any = None) -> Result:
    """E(dh/dl)^2 of the mode h_t = l h_(t-1) + x_t, x of unit variance and correlation r^|k|: the curse of memory.

    (1 + 2 r l + l^2 (1 - r^2) - 2 r l^3 - r^2 l^4) / ((1 - l^2)^3 (1 - r l)^2). The derivative is a mode of its own,
    g_t = l g_(t-1) + h_(t-1), of which the left side is the power.
    Given:  |l| < 1 and |r| < 1, both real.

    >>> mode_sensitivity(correlation=0).rhs
    (lamda**2 + 1)/((1 - lamda)**3*(lamda + 1)**3)
    """
    mode = LAMBDA if eigenvalue is None else sp.sympify(eigenvalue, strict=True)
    r = RHO if correlation is None else sp.sympify(correlation, strict=True)
    system = LinearSystem([[mode, 0], [1, mode]], [1, 0], [[0, 1]])
    result = noise_gain(system, correlation=r)
    return Result("sensitivity of a mode to its eigenvalue", result.lhs, "=", result.rhs, result.given)
