"""Quantities near the edge of chaos, kept unevaluated: small variances to many digits, and the continuous-time network.

The continuous-time network x' = -x + g J tanh(x) (Sompolinsky, Crisanti and Sommers 1988): its autocorrelation D(tau) is a
particle at energy 0 in a potential, D'' = D - g^2 E tanh(u) tanh(v), (u, v) normal of variance D(0), covariance D; with
Phi = ln cosh, energy 0 means D(0)^2/2 = g^2 Var Phi(sqrt(D(0)) z). May import: what `ensembles` may, and it.
"""

from __future__ import annotations

import functools
import math
from typing import Any

import flint
import numpy as np
import sympy as sp

from rnnsym.defined.ensembles import Q, Z, _Number, average, power_of, slope_power
from rnnsym.defined.numbers import Numbers, Undefined
from rnnsym.exact import balls

MANY = 60  # digits of a quantity that is a small difference


def small_variance(phi: Any, gain: Any) -> Any:
    """The q > 0 with g^2 E phi(sqrt(q) z)^2 = q, relative to its size, for g a little above 1; 0 at or below 1/phi'(0)."""
    with balls.precision(MANY):

        def ratio(q: Any, digits: int) -> Any:
            return gain * gain * power_of(phi, q, digits) / q - 1

        return falling_root(ratio)


def falling_root(ratio: Any, digits: int = MANY - 15) -> Any:
    """The zero of a falling function on (0, 1), to many digits relative to its size, by secants; 0 if it starts below."""
    high = flint.arb(1)
    if ratio(high, MANY) > 0:
        raise Undefined("not near the edge")
    low = high
    while True:
        low = low / 16
        if ratio(low, MANY) > 0:
            break
        high = low
        if low < flint.arb(10) ** -24:
            return flint.arb(0)
    a, b = low.mid(), high.mid()
    fa, fb = ratio(a, MANY), ratio(b, MANY)
    for _ in range(100):
        new = (b - fb.mid() * (b - a) / (fb - fa).mid()).mid()
        if abs(new - b) < flint.arb(10) ** -digits * b:
            return new
        if not low < new < high:
            new = ((low + high) / 2).mid()
        value = ratio(new, MANY)
        low, high = (new, high) if value > 0 else (low, new)
        a, fa, b, fb = b, fb, new, value
        if (fb - fa).mid() == 0:
            return b
    raise Undefined("the root was not found")


class _OfGain(_Number):
    """args: phi, g."""

    letter = ""

    def _gain(self, numbers: Numbers) -> Any:
        return numbers._value(self.args[-1])

    def _latex(self, printer: Any, exp: Any = None) -> str:
        text = rf"{self.letter}\left({printer._print(self.args[-1])}\right)"
        return text if exp is None else rf"{self.letter}^{{{exp}}}\left({printer._print(self.args[-1])}\right)"


class AutonomousVariance(_OfGain):
    """q*(g), the positive q = g^2 E phi(sqrt(q) z)^2 of a network without bias and input."""

    letter = "q^*"

    def numerical(self, numbers: Numbers) -> Any:
        return small_variance(self.phi, self._gain(numbers))


class AutonomousExponent(_OfGain):
    """lambda_max(g) = ln(g^2 E phi'(sqrt(q*) z)^2)/2 of a network without bias and input."""

    letter = r"\lambda_{\max}"

    def numerical(self, numbers: Numbers) -> Any:
        gain = self._gain(numbers)
        q = small_variance(self.phi, gain)
        with balls.precision(MANY):
            return (gain * gain * slope_power(self.phi, q, MANY)).log() / 2


class AutonomousSlope(_Number):
    """chi(q) = q E phi'(sqrt(q) z)^2/E phi(sqrt(q) z)^2: the slope of the correlation map where q is stationary without noise.
    args: phi, q."""

    sign = r"\chi"

    def numerical(self, numbers: Numbers) -> Any:
        q = numbers._value(self.args[1])
        if not q > 0:
            raise Undefined("no variance")
        with balls.precision(MANY):
            return q * slope_power(self.phi, q, MANY) / power_of(self.phi, q, MANY)


class EdgeNoise(_Number):
    """q - E phi(sqrt(q) z)^2/E phi'(sqrt(q) z)^2 to many digits: the noise on the edge of chaos for a small q. args: phi, q."""

    sign = r"\sigma_{b, c}^2"

    def numerical(self, numbers: Numbers) -> Any:
        q = numbers._value(self.args[1])
        if not q > 0:
            raise Undefined("no variance")
        with balls.precision(MANY):
            return q - power_of(self.phi, q, MANY) / slope_power(self.phi, q, MANY)


class EdgeNoiseOfGain(_OfGain):
    """sigma_c^2(g) to many digits for g near 1: EdgeNoise at the q with g^2 E phi'(sqrt(q) z)^2 = 1."""

    letter = r"\sigma_c^2"

    def numerical(self, numbers: Numbers) -> Any:
        gain = self._gain(numbers)
        with balls.precision(MANY):
            q = falling_root(lambda q, digits: gain * gain * slope_power(self.phi, q, digits) - 1)
            return q - gain * gain * power_of(self.phi, q, MANY)


# the continuous-time network

_LOG_COSH = sp.log(sp.cosh(sp.sqrt(Q) * Z))


class ContinuousVariance(_OfGain):
    """Delta_0(g) > 0 of x' = -x + g J tanh(x): Delta_0^2/2 = g^2 Var ln cosh(sqrt(Delta_0) z). args: g."""

    letter = r"\Delta_0"

    def numerical(self, numbers: Numbers) -> Any:
        return continuous_variance(self._gain(numbers))


def continuous_variance(gain: Any) -> Any:
    """Delta_0 at a ball g, to many digits relative to its size."""
    with balls.precision(MANY):

        def ratio(q: Any, digits: int) -> Any:
            mean = average(_LOG_COSH, {Q: q}, digits)
            return 2 * gain * gain * (average(_LOG_COSH**2, {Q: q}, digits) - mean * mean) / (q * q) - 1

        return falling_root(ratio)


class ContinuousExponent(_OfGain):
    """lambda_max(g) of x' = -x + g J tanh(x), from the ground state of its stability operator. args: g.

    Numerical definition: with k^2 = 1 - g^2 a_1^2, x = k tau and y = D/Delta_0, y'^2 = y^2 - 2 sum_j c_j y^(j + 1)/(j + 1) is
    integrated from y = 1 down, c_j = g^2 a_j^2 Delta_0^(j - 1)/(j! k^2), a_j = E tanh^(j)(sqrt(Delta_0) z), j = 3, 5, ...; e is the
    lowest eigenvalue of -d^2/dx^2 + 1 - sum_j j c_j y^(j - 1) on a lattice, and (1 + lambda)^2 = 1 - k^2 e. Delta_0, a_1 and k in
    balls, the rest in floats.
    """

    letter = r"\lambda_{\max}"

    def numerical(self, numbers: Numbers) -> Any:
        gain = self._gain(numbers)
        with balls.precision(MANY):
            start = continuous_variance(gain)
            slope = average(1 - sp.tanh(sp.sqrt(Q) * Z) ** 2, {Q: start}, MANY)
            squared = 1 - gain * gain * slope * slope
            if not squared > 0:
                raise Undefined("not near the edge")
            drop = flint.arb(_well(float(gain), float(start), float(squared)))
            return (1 + squared * drop).sqrt() - 1


@functools.lru_cache(maxsize=64)
def _well(gain: float, start: float, squared: float, points: int = 181, reach: float = 16.0) -> float:
    """-e, the depth of the lowest state of the stability operator in units of k^2."""
    odd, values = _derivatives_of_tanh(start)
    weights = [
        gain**2 * a * a * start ** (j - 1) / (math.factorial(j) * squared) for j, a in zip(odd, values, strict=True)
    ]
    # the turning point at y = 1 exactly: the energy law with the terms kept
    weights[0] = 2 - 4 * sum(c / (j + 1) for j, c in list(zip(odd, weights, strict=True))[1:])

    def fall(y: float) -> float:
        energy = y * y - 2 * sum(c * y ** (j + 1) / (j + 1) for j, c in zip(odd, weights, strict=True))
        return -math.sqrt(max(energy, 0.0))

    step, sub = reach / (points - 1), 10
    h = step / sub
    y, line = 1 + (1 - sum(weights)) * h * h / 2, [1.0]  # off the turning point by Taylor's formula
    for k in range(1, (points - 1) * sub):
        k1 = fall(y)
        k2 = fall(y + h * k1 / 2)
        k3 = fall(y + h * k2 / 2)
        y = max(y + h * (k1 + 2 * k2 + 2 * k3 + fall(y + h * k3)) / 6, 0.0)
        if (k + 1) % sub == 0:
            line.append(y)
    y_line = np.array(line)
    potential = 1 - sum(j * c * y_line ** (j - 1) for j, c in zip(odd, weights, strict=True))
    return -_lowest(potential, step)


def _derivatives_of_tanh(start: float, highest: int = 11) -> tuple[list[int], list[float]]:
    """E tanh^(j)(sqrt(Delta_0) z) for j = 3, 5, ..., as polynomials in tanh."""
    x = sp.Symbol("x", real=True)
    nodes, weights = np.polynomial.hermite_e.hermegauss(80)
    t = np.tanh(math.sqrt(start) * nodes)
    polynomial, odd, found = sp.Poly(x, x), [], []
    for j in range(1, highest + 1):
        polynomial = polynomial.diff(x) * sp.Poly(1 - x**2, x)
        if j % 2 and j > 1:
            odd.append(j)
            found.append(float(weights @ np.polyval([float(c) for c in polynomial.all_coeffs()], t) / weights.sum()))
    return odd, found


def _lowest(potential: Any, step: float) -> float:
    """The lowest eigenvalue of -d^2 + an even potential given at 0, step, ..., for an even state, in the sinc basis."""
    size = len(potential)
    near = _sinc_kinetic(2 * size - 1, step)[size - 1 :]
    even = near[:, size - 1 :].copy()
    even[:, 1:] += near[:, size - 2 :: -1]
    scale = np.where(np.arange(size) == 0, 1.0, 2.0)  # symmetric in the basis of even pairs
    matrix = np.sqrt(scale)[:, None] * even / np.sqrt(scale)[None, :]
    return float(np.linalg.eigvalsh((matrix + matrix.T) / 2 + np.diag(potential))[0])


def _sinc_kinetic(size: int, step: float) -> Any:
    """-d^2/dx^2 in the basis of sinc functions on a lattice (Colbert and Miller 1992)."""
    gap = np.subtract.outer(np.arange(size), np.arange(size))
    with np.errstate(divide="ignore"):
        table = np.where(gap == 0, math.pi**2 / 3, 2.0 * (-1.0) ** gap / np.where(gap == 0, 1, gap) ** 2)
    return table / step**2


class GroundState(_Number):
    """The lowest eigenvalue of -d^2/dx^2 + 1 - l (l + 1) sech(x)^2. args: l > 0.

    Numerical definition: the lattice of sinc functions, whose error falls like exp(-c/step), in floats.
    """

    sign = r"\min \sigma\left(-\partial_x^2 + 1 - \ell (\ell + 1) \operatorname{sech}^2 x\right)"

    def numerical(self, numbers: Numbers) -> Any:
        level = float(numbers._value(self.args[0]))
        if not 0.5 <= level <= 8:
            raise Undefined("the lattice does not hold this state")
        step = 0.28 / math.sqrt(1 + level / 2)
        x = step * np.arange(int((18 / level + 3) / step))
        return flint.arb(_lowest(1 - level * (level + 1) / np.cosh(x) ** 2, step))

    def _latex(self, printer: Any, exp: Any = None) -> str:
        level = self.args[0]
        strength = printer._print(sp.expand(level * (level + 1))) if level.is_number else r"\ell (\ell + 1)"
        return rf"\min \sigma\left(-\partial_x^2 + 1 - {strength} \operatorname{{sech}}^2 x\right)"


class Overlap(_Number):
    """kappa^2 > 0 of a network W = m n^T/N, (m, n) normal with mean 0: kappa = E n phi(m kappa). args: phi, sigma_mn, sigma_m.

    Numerical definition: E n phi(m kappa) = (sigma_mn/sigma_m^2) E m phi(m kappa) by quadrature, solved for kappa by
    bisection; 0 where there is no solution but 0.
    """

    is_nonnegative = True
    sign = r"\kappa^2"

    def numerical(self, numbers: Numbers) -> Any:
        joint, spread = (numbers._value(e) for e in self.args[1:])
        if not spread > 0:
            raise Undefined("m is 0")
        body = _overlap_body(self.phi)

        def gap(y: Any) -> Any:
            """(E n phi(m kappa))/kappa - 1 at y = sigma_m kappa."""
            return joint * average(body, {Q: y * y}) / y - 1

        low, high = flint.arb(10) ** -16, flint.arb(10) ** -16
        if not gap(low) > 1e-12:
            return flint.arb(0)
        high = flint.arb(1)
        while gap(high) > 0:
            low, high = high, 2 * high
            if high > 1e9:
                return balls.INFINITY
        for _ in range(64):
            middle = ((low + high) / 2).mid()
            low, high = (middle, high) if gap(middle) > 0 else (low, middle)
        return (low / spread) ** 2


@functools.cache
def _overlap_body(phi: Any) -> Any:
    return Z * phi(sp.sqrt(Q) * Z)


__all__ = [
    "AutonomousExponent", "AutonomousSlope", "AutonomousVariance", "ContinuousExponent", "ContinuousVariance", "EdgeNoise",
    "EdgeNoiseOfGain", "GroundState", "Overlap", "continuous_variance", "small_variance",
]  # fmt: skip
