"""Transient growth of h_t = A h_{t-1}: how far the powers of a matrix that is not normal rise before they decay.

    spectral_gap            rho(W) <= ||W||, equal for normal W and for some others
    power_norm              ||A^t|| in closed form for two units
    transient_peak          its peak for [[a, k], [0, a]]; block_covariance: noise through that block
    transient_growth        all of this, and of `analysis.nonnormality`, that there is for a matrix
Norms are spectral norms. Growth of this kind is bounded and dies out; that of a nonlinear network with rho(W) < 1 need not
(A-GRD-4). May import: everything to the left of `analysis.transients`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sympy as sp

from rnnsym import exact
from rnnsym.analysis.nonnormality import (
    HORN,
    TREFETHEN,
    W,
    a,
    berger_bound,
    entries_of_two,
    henrici_bound,
    henrici_departure,
    hypotenuse,
    is_stable,
    k,
    kreiss_constant,
    kreiss_enclosure,
    kreiss_theorem,
    n,
    numerical_radius,
    operator_of,
    power_of,
    reals_of,
    t,
    table_of,
)
from rnnsym.defined import Approaches, SpectralNorm, SpectralRadius, StationaryCovariance
from rnnsym.defined.nonnormality import FlowPeak, Normal, PowerSupremum
from rnnsym.exact import factored
from rnnsym.result import LimitReached, NoClosedForm, Result, RnnsymError, SpecError, Step
from rnnsym.systems.functions import Power, function_of

BLOCK = sp.ImmutableMatrix([[a, k], [0, a]])
ENCLOSED = 8  # units up to which transient_growth encloses the Kreiss constant by itself


def spectral_gap() -> list[Result]:
    """rho(W) <= ||W|| for every W; rho(N) = ||N|| for normal N; and diag(r, [[a, k], [0, a]]), not normal, with equality.

    The last is radial where r >= (|k| + sqrt(k^2 + 4 a^2))/2. Of two units only the normal matrices are.
    Source: horn1991.

    >>> print(spectral_gap()[0])
    rho(W) <= ||W||
    """
    N = sp.MatrixSymbol("N", n, n)
    r = sp.Symbol("r", real=True)
    radial = sp.ImmutableMatrix([[r, 0, 0], [0, a, k], [0, 0, a]])
    both = sp.ImmutableMatrix([[SpectralRadius(radial), SpectralNorm(radial)]])
    return [
        Result("spectral radius and norm", SpectralRadius(W), "<=", SpectralNorm(W), source=(HORN,)),
        Result("normal matrices are radial", SpectralRadius(N), "=", SpectralNorm(N), Normal(N), source=(HORN,)),
        Result(
            "a radial matrix that is not normal", both, "=", sp.ImmutableMatrix([[r, r]]),
            sp.Ge(2 * r, sp.Abs(k) + sp.sqrt(k**2 + 4 * a**2)), source=(HORN,),
        ),
    ]  # fmt: skip


def power_norm(A: Any = None, exponent: Any = t) -> Result:
    """||A^t|| = (|(M_11 + M_22, M_12 - M_21)| + |(M_11 - M_22, M_12 + M_21)|)/2 with M = A^t in closed form; two units.

    For [[a, k], [0, a]] (the default, with a > 0) it is a^t (q + sqrt(q^2 + 4))/2, q = k t/a, for k >= 0.
    Given:  real entries; for the default a > 0.
    Raises: NoClosedForm for another size.
    Source: A-GRD-3.

    >>> power_norm().rhs
    a**t*(q + sqrt(q**2 + 4))/2
    """
    if A is None:
        q = sp.Symbol("q", real=True)
        return Result(
            "norm of powers of [[a, k], [0, a]]", SpectralNorm(power_of(BLOCK, exponent)), "=",
            a**exponent * (q + sp.sqrt(q**2 + 4)) / 2, sp.And(sp.Gt(a, 0)), ((q, sp.Abs(k) * exponent / a),),
            source=(TREFETHEN,),
        )  # fmt: skip
    A = table_of(A)
    if A.rows == 1:
        return Result(
            "norm of powers", SpectralNorm(power_of(A, exponent)), "=", sp.Abs(A[0, 0]) ** exponent, reals_of(A)
        )
    entries_of_two(A, "the norm of the powers")
    count = sp.sympify(exponent)
    power, where = function_of(A, Power(count))
    m = list(power)
    pairs = [(m[0] + m[3], m[1] - m[2]), (m[0] - m[3], m[1] + m[2])]
    if not any(e.has(sp.Piecewise) for e in m):
        pairs = [(factored(x), factored(y)) for x, y in pairs]
    rhs = sp.Add(*(hypotenuse(x, y) for x, y in pairs)) / 2
    return Result("norm of powers", SpectralNorm(power_of(A, count)), "=", rhs, reals_of(A), where)


def transient_peak() -> list[Result]:
    """The peak of ||M^t|| for M = [[a, k], [0, a]]: at t* = sqrt(1/L^2 - 4 a^2/k^2), L = -ln a, and only if k > 2 a L.

    Four results: t* and the peak over real t; sup over whole t, at floor t* or at the next; and the peak ~ k/(e a L) as
    k grows, over real t. (Over whole t the ratio stays below 1 for a fixed a, 0.942 at a = 1/2, and tends to 1 with a.)
    M^t = a^t [[1, k t/a], [0, 1]]; ln ||M^t|| = -L t + arsinh(q/2), q = k t/a, is concave in t.
    Given:  0 < a < 1, k > 0. Source: A-GRD-3.

    >>> transient_peak()[0].rhs
    Piecewise((sqrt(-4*a**2/k**2 + L**(-2)), k > 2*L*a), (0, True))
    """
    L, star = sp.symbols("L t_star", real=True)
    s = sp.Symbol("t", nonnegative=True)
    flow = sp.ImmutableMatrix([[a**s, k * s * a ** (s - 1)], [0, a**s]])
    given = sp.And(sp.Gt(a, 0), sp.Lt(a, 1), sp.Gt(k, 0))
    rate = ((L, -sp.log(a)),)
    rises = sp.Gt(k, 2 * L * a)
    place = sp.Piecewise((sp.sqrt(1 / L**2 - 4 * a**2 / k**2), rises), (0, True))
    height = sp.Piecewise((a**star * (sp.sqrt(k**2 / (a * L) ** 2 - 4) + k / (a * L)) / 2, rises), (1, True))

    def level(time: Any) -> Any:
        return a**time * (k * time / a + sp.sqrt((k * time / a) ** 2 + 4)) / 2

    whole = sp.Max(level(sp.floor(star)), level(sp.floor(star) + 1), evaluate=False)
    limit = sp.And(sp.Gt(a, 0), sp.Lt(a, 1), Approaches(k, sp.oo))
    common = {"given": given, "source": (TREFETHEN,)}
    return [
        Result("time of the peak", FlowPeak(flow, s, "time"), "=", place, where=rate, **common),
        Result("height of the peak", FlowPeak(flow, s, "value"), "=", height, where=(*rate, (star, place)), **common),
        Result("largest power", PowerSupremum(BLOCK), "=", whole, where=(*rate, (star, place)), **common),
        Result(
            "height of the peak for large k", FlowPeak(flow, s, "value"), "~", k / (sp.E * a * L), limit, rate,
            status="asymptotic", source=(TREFETHEN,),
        ),
    ]  # fmt: skip


def block_covariance() -> Result:
    """Stationary covariance of h_t = [[a, k], [0, a]] h_{t-1} + white noise: P_11 = 1/(1 - a^2) + k^2 (1 + a^2)/(1 - a^2)^3.

    P_12 = k a/(1 - a^2)^2, P_22 = 1/(1 - a^2): transient growth amplifies noise by k^2/(1 - a^2)^3 in all.
    Given:  |a| < 1. Source: B-NRM-3.

    >>> block_covariance().rhs[0, 1]
    a*k/((a - 1)**2*(a + 1)**2)
    """
    one = sp.ImmutableMatrix(sp.eye(2))
    solved, below = exact.stein(BLOCK, one)
    rhs = sp.ImmutableMatrix(solved.applyfunc(lambda e: factored(e / below)))
    again = sp.ImmutableMatrix((BLOCK * rhs * BLOCK.T + one).applyfunc(factored))
    steps = (Step(again, "P = A P A^T + I"),)
    return Result(
        "stationary covariance of [[a, k], [0, a]]", StationaryCovariance(BLOCK, one), "=", rhs, sp.Lt(sp.Abs(a), 1),
        steps=steps,
    )  # fmt: skip


def transient_growth(A: Any = None) -> list[Result]:
    """All bounds on ||A^t||, with what they are made of in closed form or enclosed: A of entries, of symbolic size, or W.

    Two units: departure, Kreiss constant and numerical radius exactly, ||A^t|| itself. More units, in numbers: the Kreiss
    constant enclosed (up to 8; beyond, ask kreiss_enclosure). Symbolic size: the bounds.
    Shapes: A (n, n), a table, a matrix expression, or a LinearSystem.

    >>> [r.relation for r in transient_growth([[a, k], [0, a]])][:3]
    ['=', '=', '<=']
    """
    operator = operator_of(A)
    found: list[Result] = []
    if isinstance(operator, sp.MatrixBase):
        for question in (power_norm, henrici_departure):
            _add(found, question, operator)
    found.append(henrici_bound(operator))
    if isinstance(operator, sp.MatrixBase):
        _add(found, kreiss_constant, operator)
        if 2 < operator.rows <= ENCLOSED and not operator.free_symbols:
            _add(found, kreiss_enclosure, operator)
        _add(found, numerical_radius, operator)
    if not isinstance(operator, sp.MatrixBase) or operator.free_symbols or is_stable(operator):
        found += kreiss_theorem(operator)
    found.append(berger_bound(operator))
    return found


def _add(found: list[Result], question: Callable[..., Any], A: Any) -> None:
    """The answers of a question where it has any."""
    try:
        answer = question(A)
    except (NoClosedForm, LimitReached, SpecError):
        return
    except RnnsymError:  # rho(A) >= 1
        return
    found += [answer] if isinstance(answer, Result) else answer
