"""Quantities of H on the unit circle, kept unevaluated: magnitude, phase, delay, half power and peak, by search.

May import: what `signals` may, and it.
"""

from __future__ import annotations

from typing import Any

import flint

from rnnsym.defined.numbers import Numbers, Undefined
from rnnsym.defined.signals import SystemNumber, adjoint, on_circle, response_at
from rnnsym.exact import balls


class SquaredMagnitude(SystemNumber):
    """|H(e^(i omega))|^2 of one input and one output."""

    is_nonnegative: Any = True
    sign = r"\left|H\left(e^{i %s}\right)\right|^{2}"

    def numerical(self, numbers: Numbers) -> Any:
        return square(abs(self._response(numbers, numbers._value(self.more[0]))))

    def _response(self, numbers: Numbers, omega: Any) -> Any:
        found = response_at(self.tables(numbers), self.is_current, on_circle(omega))
        return balls.INFINITY if found is None else flint.acb(found[0, 0])


def square(x: Any) -> Any:
    return x * x


class Phase(SquaredMagnitude):
    """arg H(e^(i omega)), the principal value."""

    is_nonnegative: Any = None
    sign = r"\arg H\left(e^{i %s}\right)"

    def numerical(self, numbers: Numbers) -> Any:
        value = self._response(numbers, numbers._value(self.more[0]))
        if not isinstance(value, flint.acb):
            return value
        if value.contains(0):
            return balls.INFINITY
        if value.real < 0 and not value.imag.is_zero() and value.imag.contains(0):
            raise Undefined("on the cut of the argument")
        return value.arg()


class GroupDelay(SquaredMagnitude):
    """-d arg H / d omega, by a difference of the argument at 10^-20."""

    is_nonnegative: Any = None
    sign = r"-\frac{d}{d %s} \arg H"

    def numerical(self, numbers: Numbers) -> Any:
        omega, step = numbers._value(self.more[0]), flint.arb(10) ** -20
        ahead, behind = (self._response(numbers, omega + s) for s in (step, -step))
        if (
            not isinstance(ahead, flint.acb)
            or not isinstance(behind, flint.acb)
            or ahead.contains(0)
            or behind.contains(0)
        ):
            return balls.INFINITY
        at = self._response(numbers, omega)
        if not isinstance(at, flint.acb) or at.contains(0):
            return balls.INFINITY
        return -(ahead / behind).log().imag / (2 * step)


class HalfPowerFrequency(SquaredMagnitude):
    """The omega in (0, pi] at which |H|^2 is half of |H(1)|^2 for the first time, by bisection; infinite if never."""

    sign = r"\omega_c"

    def numerical(self, numbers: Numbers) -> Any:
        tables = self.tables(numbers)

        def gap(omega: Any) -> Any:
            found = response_at(tables, self.is_current, on_circle(omega))
            if found is None:
                raise Undefined("an eigenvalue on the unit circle")
            return square(abs(found[0, 0])) - half

        half = flint.arb(0)
        half = gap(flint.arb(0)) / 2
        pi, low = flint.arb.pi(), flint.arb(0)
        for k in range(1, 257):
            high = pi * k / 256
            value = gap(high)
            if value < 0 or (k == 256 and float(abs(value)) < 1e-40):
                break
            low = high
        else:
            return balls.INFINITY
        for _ in range(150):
            center = ((low + high) / 2).mid()
            low, high = (low, center) if gap(center) < 0 else (center, high)
        return (low + high) / 2


class ResonanceFrequency(SquaredMagnitude):
    """The omega in (0, pi) with the largest |H|^2, by search; infinite if the largest is at 0 or pi."""

    sign = r"\omega_r"

    def numerical(self, numbers: Numbers) -> Any:
        omega, _, inside = peak(self.tables(numbers), self.is_current)
        return omega if inside else balls.INFINITY


def peak(tables: tuple[Any, ...], current: bool) -> tuple[Any, Any, bool]:
    """The frequency in [0, pi] of the largest gain, its square, and whether it is inside; Undefined on a pole."""
    pi = flint.arb.pi()

    def gain(omega: Any) -> Any:
        found = response_at(tables, current, on_circle(omega))
        if found is None:
            raise Undefined("an eigenvalue on the unit circle")
        return largest_square(found)

    marks = [pi * k / 96 for k in range(97)]
    marks += [v.arg().mid() for v in _eigenvalues(tables[0]) if float(v.imag.mid()) > 0]
    marks.sort(key=float)  # one mark of two that meet: a bracket of no width hides the peak beside it
    marks = [m for m, before in zip(marks, [None, *marks], strict=False) if before is None or float(m - before) > 1e-12]
    values = [float(gain(m)) for m in marks]
    best = max(range(len(marks)), key=lambda k: values[k])
    low, high = marks[max(best - 1, 0)], marks[min(best + 1, len(marks) - 1)]
    golden = (flint.arb(5).sqrt() - 1) / 2
    inner = [high - golden * (high - low), low + golden * (high - low)]
    found = [gain(x.mid()) for x in inner]
    for _ in range(130):
        if float((found[0] - found[1]).mid()) > 0:
            high, inner[1], found[1] = inner[1], inner[0], found[0]
            inner[0] = (high - golden * (high - low)).mid()
            found[0] = gain(inner[0])
        else:
            low, inner[0], found[0] = inner[0], inner[1], found[1]
            inner[1] = (low + golden * (high - low)).mid()
            found[1] = gain(inner[1])
    center = (low + high) / 2
    top = gain(center.mid())
    for end in (flint.arb(0), pi):
        if float((gain(end) - top).mid()) >= -1e-40 * float(top.mid()):
            return end, gain(end), False
    return center, top, True


def largest_square(matrix: Any) -> Any:
    """The square of the largest singular value."""
    if matrix.nrows() == 1 or matrix.ncols() == 1:
        return sum((square(abs(v)) for v in matrix.entries()), flint.arb(0))
    gram = flint.acb_mat(adjoint(matrix) * matrix)
    return max((v.real for v in gram.mid().charpoly().roots()), key=float)


def _eigenvalues(A: Any) -> list[Any]:
    try:
        return [flint.acb(v) for v in flint.acb_mat(A).mid().eig(algorithm="approx")] if A.nrows() else []
    except (ValueError, ZeroDivisionError):
        return []
