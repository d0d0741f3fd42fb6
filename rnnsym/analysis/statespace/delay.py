"""The Legendre memory unit: d states that hold the last theta seconds, and the Pade approximant of a delay that they make.

With p + q = 2d - 1, the [d-1/d] Pade approximant of e^(-x) is
    sum_{j<d} (2d-1-j)! (d-1)!/((2d-1)! j! (d-1-j)!) (-x)^j  /  sum_{j<=d} (2d-1-j)! d!/((2d-1)! j! (d-j)!) x^j,
and it differs from e^(-x) first in x^(2d), by -(-1)^d d! (d-1)!/((2d-1)! (2d)!).
Source: Voelker, Kajic & Eliasmith 2019; Baker & Graves-Morris, Pade Approximants, 1996, section 1.2.
May import: everything to the left of `analysis.statespace`.
"""

from __future__ import annotations

from typing import Any

import sympy as sp

from rnnsym.analysis.statespace.legendre import size
from rnnsym.defined import TransferFunction
from rnnsym.defined.statespaces import SeriesCoefficient
from rnnsym.exact import factored
from rnnsym.result import Result, Source, SpecError
from rnnsym.systems import LinearSystem, Time

VOELKER = Source(
    "voelker2019", "Voelker, A. and Kajic, I. and Eliasmith, C.",
    "Legendre memory units: continuous-time representation in recurrent neural networks", 2019,
)  # fmt: skip
BAKER = Source(
    "baker1996", "Baker, G. A. and Graves-Morris, P.", "Pade Approximants", 1996, doi="10.1017/CBO9780511530074"
)
THETA = sp.Symbol("theta", positive=True)
ORDER = sp.Symbol("k", integer=True, nonnegative=True)


def lmu(d: int, theta: Any = None) -> LinearSystem:
    """The Legendre memory unit, theta A_ij = (2i+1)(-1 if i < j else (-1)^(i-j+1)), theta B_i = (2i+1)(-1)^i, C = (1, ..., 1), h' = A h + B x.

    The output is the input theta ago, as well as d states can tell (`lmu_delay`).
    Shapes: A (d, d), B (d, 1), C (1, d).
    Raises: SpecError if d is no whole number >= 1, or for theta <= 0.
    Source: voelker2019.

    >>> lmu(2, 1).A
    Matrix([
    [-1, -1],
    [ 3, -3]])
    """
    count = size(d, "the number of states d")
    window = THETA if theta is None else sp.sympify(theta, strict=True)
    if window.is_positive is False:
        raise SpecError(f"the window theta must be > 0, got {window}")
    A = sp.ImmutableMatrix(
        count, count, lambda i, j: (2 * i + 1) / window * (-1 if i < j else sp.Integer(-1) ** (i - j + 1))
    )
    B = sp.ImmutableMatrix(count, 1, lambda i, _: (2 * i + 1) * sp.Integer(-1) ** i / window)
    given = sp.true if window.is_positive else sp.Gt(window, 0)
    return LinearSystem(A, B, sp.ones(1, count), time=Time("continuous"), given=given)


def pade(d: int, x: Any) -> tuple[Any, Any]:
    """Numerator and denominator of the [d-1/d] Pade approximant of e^(-x), with whole coefficients without common factor."""
    f = sp.factorial
    above = [f(2 * d - 1 - j) / (f(j) * f(d - 1 - j)) for j in range(d)]
    below = [d * f(2 * d - 1 - j) / (f(j) * f(d - j)) for j in range(d + 1)]
    common = sp.igcd(*above, *below) if d > 1 else sp.S.One
    top = sp.Add(*(c / common * (-x) ** j for j, c in enumerate(above)))
    return top, sp.Add(*(c / common * x**j for j, c in enumerate(below)))


def lmu_delay(d: int, theta: Any = None, s: Any = None) -> Result:
    """The Legendre memory unit is a delay of theta as well as d poles allow: H(s) is the [d-1/d] Pade approximant of e^(-theta s).

    H(s) = sum_{j<d} (2d-1-j)! (d-1)!/(j! (d-1-j)!) (-theta s)^j / sum_{j<=d} (2d-1-j)! d!/(j! (d-j)!) (theta s)^j.
    Given:  s is no pole.
    Raises: SpecError if d is no whole number >= 1, or for theta <= 0.
    Source: voelker2019.

    >>> lmu_delay(2, 1).rhs
    Matrix([[(6 - 2*s)/(s**2 + 4*s + 6)]])
    """
    system = lmu(d, theta)
    variable = system.variable(s)
    window = THETA if theta is None else sp.sympify(theta, strict=True)
    top, bottom = pade(int(d), window * variable)
    lhs = TransferFunction(*system.matrices, system.readout, variable)
    given = sp.And(system.given, sp.Ne(bottom, 0))
    rhs = sp.ImmutableMatrix([[top / bottom]])
    return Result(f"Legendre memory unit of {d} states as a delay", lhs, "=", rhs, given=given, source=(VOELKER, BAKER))


def lmu_series(d: int, theta: Any = None, k: Any = None) -> Result:
    """The Legendre memory unit agrees with e^(-theta s) through s^(2d-1): [s^k] H(s) = (-theta)^k/k! for k <= 2d - 1.

    Not for k = 2d: see `lmu_error`.
    Given:  0 <= k <= 2d - 1.
    Raises: SpecError if d is no whole number >= 1, for theta <= 0, or a k outside the range.
    Source: voelker2019.

    >>> lmu_series(2, 1).given
    k <= 3
    """
    system = lmu(d, theta)
    window = THETA if theta is None else sp.sympify(theta, strict=True)
    order = ORDER if k is None else sp.sympify(k, strict=True)
    if order.is_integer is not True or order.is_negative or sp.Le(order, 2 * d - 1) == sp.false:
        raise SpecError(f"k is a whole number from 0 to 2d - 1 = {2 * d - 1} or a symbol of one, got {k!r}")
    lhs = SeriesCoefficient(*system.matrices, system.readout, order)
    rhs = (-window) ** order / sp.factorial(order)
    given = sp.And(system.given, sp.Le(order, 2 * d - 1))
    return Result(f"series of the Legendre memory unit of {d} states", lhs, "=", rhs, given=given, source=(VOELKER,))


def lmu_error(d: int, theta: Any = None) -> Result:
    """The first coefficient in which the Legendre memory unit and the delay differ: [s^(2d)] (H(s) - e^(-theta s)) = -(-1)^d d! (d-1)! theta^(2d)/((2d-1)! (2d)!).

    Raises: SpecError if d is no whole number >= 1, or for theta <= 0.
    Source: baker1996.

    >>> lmu_error(1).rhs
    theta**2/2
    """
    system = lmu(d, theta)
    window = THETA if theta is None else sp.sympify(theta, strict=True)
    order, f = sp.Integer(2 * d), sp.factorial
    lhs = SeriesCoefficient(*system.matrices, system.readout, order) - window**order / f(order)
    rhs = factored(-(sp.Integer(-1) ** d) * f(d) * f(d - 1) / (f(2 * d - 1) * f(2 * d)) * window**order)
    return Result(
        f"error of the Legendre memory unit of {d} states", lhs, "=", rhs, given=system.given, source=(BAKER,)
    )
