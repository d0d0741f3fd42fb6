"""The best pole and bias of a one-pole filter, and a mean over modes, kept unevaluated: by search and quadrature.

May import: what `variances` may, and it.
"""

from __future__ import annotations

from typing import Any

import flint
import sympy as sp

from rnnsym.defined.frequencies import square
from rnnsym.defined.numbers import Defined, Numbers, Undefined
from rnnsym.defined.signals import on_circle, response_at
from rnnsym.defined.variances import energy
from rnnsym.exact import balls


class _OfNumbers(Defined, sp.Expr):
    """A real number defined from scalars."""

    is_commutative = True
    is_extended_real = True
    sign = ""

    def _latex(self, printer: Any, exp: Any = None) -> str:
        return self.sign if exp is None else f"{self.sign}^{{{exp}}}"


def _best_pole(omega: Any) -> tuple[Any, Any]:
    """The p in (-1, 1) at which z/(z - p) has the best ratio of signal at omega to white noise, by search."""

    def gain(p: Any) -> Any:
        tables = tuple(flint.arb_mat([[v]]) for v in (p, 1, 1, 0))
        noise, found = energy(tables, True), response_at(tables, True, on_circle(omega))
        if noise is None or found is None:
            raise Undefined("the best pole lies on the unit circle")
        return square(abs(found[0, 0])) / noise

    marks = [flint.arb(k) / 64 for k in range(-63, 64)]
    values = [float(gain(m)) for m in marks]
    best = max(range(len(marks)), key=lambda k: values[k])
    if best in (0, len(marks) - 1):
        raise Undefined("the best pole is too close to the unit circle")
    low, high = marks[best - 1], marks[best + 1]
    golden = (flint.arb(5).sqrt() - 1) / 2
    inner = [(high - golden * (high - low)).mid(), (low + golden * (high - low)).mid()]
    found = [gain(x) for x in inner]
    for _ in range(130):
        if float((found[0] - found[1]).mid()) > 0:
            high, inner[1], found[1] = inner[1], inner[0], found[0]
            inner[0] = (high - golden * (high - low)).mid()
            found[0] = gain(inner[0])
        else:
            low, inner[0], found[0] = inner[0], inner[1], found[1]
            inner[1] = (low + golden * (high - low)).mid()
            found[1] = gain(inner[1])
    center = ((low + high) / 2).mid()
    return center, gain(center)


class OptimalPole(_OfNumbers):
    """The pole p in (-1, 1) with the best signal-to-noise ratio at omega (part 0), or that ratio's gain (part 1), by search.
    args: omega, part."""

    def numerical(self, numbers: Numbers) -> Any:
        return _best_pole(numbers._value(self.args[0]))[int(self.args[1])]

    def _latex(self, printer: Any, exp: Any = None) -> str:
        word = r"\arg\max" if self.args[1] == 0 else r"\max"
        return rf"{word}_{{|p| < 1}} G\left(p, {printer._print(self.args[0])}\right)"


class OptimalBias(_OfNumbers):
    """The b >= 0 at which h = tanh(A h + b) has a fixed point h >= 0 of slope A (1 - h^2) = the best pole at omega, by
    bisection. args: A, omega."""

    sign = r"b^\star"

    def numerical(self, numbers: Numbers) -> Any:
        A, omega = (numbers._value(a) for a in self.args)
        pole, _ = _best_pole(omega)
        ratio = pole / A
        if not 0 < ratio or not ratio <= 1:
            return balls.INFINITY
        low, high = flint.arb(0), flint.arb(1)
        for _ in range(170):
            h = ((low + high) / 2).mid()
            low, high = (h, high) if 1 - h * h > ratio else (low, h)
        h = ((low + high) / 2).mid()
        low, high = -abs(A) - 100, abs(A) + 100
        for _ in range(200):
            b = ((low + high) / 2).mid()
            low, high = (b, high) if (A * h + b).tanh() < h else (low, b)
        return ((low + high) / 2).mid()


class RingVariance(_OfNumbers):
    """The mean of sum_k |l|^2k over |l|^2 uniform between squares of two radii, by rigorous quadrature. args: radii."""

    sign = r"\mathbb{E} \left|h\right|^{2}"

    def numerical(self, numbers: Numbers) -> Any:
        low, high = (numbers._value(a) for a in self.args)
        if not (0 <= low and low < high):
            raise Undefined("no ring")
        if not high < 1:
            return balls.INFINITY
        gap = square(high) - square(low)
        found = flint.acb.integral(lambda u, _: 1 / (1 - (u * gap + square(low))), 0, 1)
        return found.real
