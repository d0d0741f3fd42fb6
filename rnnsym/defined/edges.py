"""The stationary variance of a random network and its edge of chaos, kept unevaluated.

Numerical definitions: fixed points and edges by signs, bisection and secants of Gaussian averages. May import: what `ensembles`
may, and it.
"""

from __future__ import annotations

import functools
from typing import Any

import flint
import sympy as sp
from sympy.logic.boolalg import Boolean

from rnnsym.defined.ensembles import DIGITS, GaussianMean, _Number, number_key, power_of, scaled, slope_power
from rnnsym.defined.numbers import Numbers, Undefined
from rnnsym.defined.predicates import Predicate
from rnnsym.exact import balls


def next_variance(phi: Any, q: Any, strength: Any, others: Any, digits: int = DIGITS) -> Any:
    """sigma_w^2 E phi(sqrt(q) z)^2 + the other variances."""
    return strength * strength * power_of(phi, q, digits) + others


def stationary(phi: Any, strength: Any, others: Any, digits: int = DIGITS) -> Any:
    """The largest q = sigma_w^2 E phi(sqrt(q) z)^2 + others: the sign of the gap on a grid from above, then secants.

    Infinite where the map is above q at 10^6 times the other variances and one.
    """
    return _stationary(phi, number_key(strength), number_key(others), digits)


def _from_key(key: tuple[int, int]) -> Any:
    mantissa, exponent = key
    power = flint.fmpq(2) ** abs(exponent)
    return flint.arb(mantissa * power if exponent >= 0 else mantissa / power)


@functools.lru_cache(maxsize=512)
def _stationary(phi: Any, strength: Any, others: Any, digits: int) -> Any:
    with balls.precision(digits + 10):
        s, rest = _from_key(strength), _from_key(others)

    def gap(q: Any, digits: int) -> Any:
        return next_variance(phi, q, s, rest, digits) - q

    for power in (20, 12, 6, 2):
        high = flint.arb(2) ** power * (1 + rest)
        value = gap(high, 15)
        if value > 0:
            return balls.INFINITY
        if value < 0:
            break
    else:
        raise Undefined("the variance map is not enclosed")
    low = high
    while True:  # downward by thirds to the first sign change
        low = high / 3
        value = gap(low, 15)
        if value > 0 or low <= rest:
            break
        if low < 1e-12:
            return flint.arb(0)
        high = low
    with balls.precision(digits + 10):
        return _root(lambda q, d: gap(q, d), low.mid(), high.mid(), digits)


def _root(gap: Any, low: Any, high: Any, digits: int) -> Any:
    """The sign change of a falling gap in [low, high], by bisection to 10 digits and secants from there."""
    for _ in range(6):
        middle = ((low + high) / 2).mid()
        low, high = (middle, high) if gap(middle, 20) >= 0 else (low, middle)
    a, b = low, high
    fa, fb = gap(a, digits), gap(b, digits)
    for _ in range(40):
        bottom = (fb - fa).mid()
        if bottom == 0:
            break
        new = (b - fb.mid() * (b - a) / bottom).mid()
        if abs(new - b) <= flint.arb(10) ** (4 - digits) * abs(b):
            return new
        if not low <= new <= high:
            new = ((low + high) / 2).mid()
        a, fa, b, fb = b, fb, new, gap(new, digits)
        low, high = (b, high) if fb >= 0 else (low, b)
    return b


class StationaryVariance(_Number):
    """q*, the largest q = sigma_w^2 E phi(sqrt(q) z)^2 + sigma^2; infinite where there is none. args: phi, sigma_w, sigma^2."""

    is_nonnegative = True
    is_finite: Any = None
    sign = "q^*"

    def numerical(self, numbers: Numbers) -> Any:
        strength, others = (numbers._value(e) for e in self.args[1:])
        if others < 0:
            raise Undefined("a negative variance")
        return stationary(self.phi, strength, others)


class IsStationary(Predicate):
    """q = sigma_w^2 E phi(sqrt(q) z)^2 + sigma^2. args: q, phi, sigma_w, sigma^2; drawn by solving for q."""

    def __new__(cls, q: Any, phi: Any, strength: Any, others: Any) -> Any:
        return Boolean.__new__(cls, *map(sp.sympify, (q, phi, strength, others)))

    @property
    def targets(self) -> tuple[Any, ...]:
        return (self.args[0],)

    def holds(self, numbers: Numbers) -> bool | None:
        q, strength, others = (numbers._value(self.args[i]) for i in (0, 2, 3))
        if self.args[0].is_positive and not q > 0:
            return False
        gap = next_variance(self.args[1], q, strength, others) - q
        return bool(abs(gap) < flint.arb(10) ** -30 * (1 + q))

    def sample(self, chance: Any, numbers: Numbers) -> dict[Any, Any] | None:
        found = stationary(self.args[1], numbers._value(self.args[2]), numbers._value(self.args[3]))
        usable = found.is_finite() and self.args[0].is_Symbol and (found > 0 or not self.args[0].is_positive)
        return {self.args[0]: found} if usable else None

    def _latex(self, printer: Any) -> str:
        q, phi, strength, others = self.args
        rest = "" if others == 0 else f" + {printer._print(others)}"
        return f"{printer._print(q)} = {printer._print(strength**2 * GaussianMean.of(scaled(phi, q) ** 2))}{rest}"

    def _sympystr(self, printer: Any) -> str:
        q, phi, strength, others = self.args
        return f"{q} = {strength**2 * GaussianMean.of(scaled(phi, q) ** 2) + others}"


# the edge of chaos


class CriticalStrength(_Number):
    """The sigma_w^2 at which two near states neither part nor meet, where the variance is q. args: phi, q."""

    is_nonnegative = True
    sign = r"\sigma_{w, c}^2"

    def numerical(self, numbers: Numbers) -> Any:
        slope = slope_power(self.phi, numbers._value(self.args[1]))
        if not slope > 0:
            raise Undefined("no slope")
        return 1 / slope


class CriticalNoise(_Number):
    """The bias and input variance on the edge of chaos where the variance is q: q - E phi^2/E phi'^2. args: phi, q."""

    sign = r"\sigma_{b, c}^2"

    def numerical(self, numbers: Numbers) -> Any:
        q = numbers._value(self.args[1])
        slope = slope_power(self.phi, q)
        if not slope > 0:
            raise Undefined("no slope")
        return q - power_of(self.phi, q) / slope


class CriticalVariance(_Number):
    """sigma_c^2(g): the bias and input variance on the edge of chaos at sigma_w = g; infinite where there is none. args: phi, g.

    Numerical definition: g^2 E phi'(sqrt(q) z)^2 = 1 solved for q by bisection, then q - g^2 E phi(sqrt(q) z)^2.
    """

    is_finite: Any = None
    sign = r"\sigma_c^2"

    def numerical(self, numbers: Numbers) -> Any:
        gain = numbers._value(self.args[1])
        q = critical_variance(self.phi, gain)
        if q is None:
            return balls.INFINITY
        return q - gain * gain * power_of(self.phi, q)

    def _latex(self, printer: Any, exp: Any = None) -> str:
        text = rf"\sigma_c^2\left({printer._print(self.args[1])}\right)"
        return text if exp is None else rf"\left({text}\right)^{{{exp}}}"


def critical_variance(phi: Any, gain: Any) -> Any:
    """The q with g^2 E phi'(sqrt(q) z)^2 = 1, where that average falls with q; None below the edge at every q."""

    def gap(q: Any, digits: int) -> Any:
        return gain * gain * slope_power(phi, q, digits) - 1

    start = gap(flint.arb(0), 30)
    if not start > -1e-25:
        return None
    if start < 1e-25:
        return flint.arb(0)
    low, high = flint.arb(0), flint.arb(1)
    while gap(high, 20) > 0:
        low, high = high, high * 4
        if high > 1e12:
            raise Undefined("above the edge at every variance")
    while low == 0 and high > 1e-20:
        low, high = (high / 8, high) if gap(high / 8, 30) > 0 else (low, high / 8)
    return _root(gap, low, high, DIGITS)


__all__ = [
    "CriticalNoise", "CriticalStrength", "CriticalVariance", "IsStationary", "StationaryVariance", "critical_variance", "next_variance", "stationary",
]  # fmt: skip
