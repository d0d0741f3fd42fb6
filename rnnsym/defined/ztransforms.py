"""The z-transform and its inverse, kept unevaluated: the sum itself, and long division.

May import: result, exact, vectors, defined.numbers.
"""

from __future__ import annotations

from typing import Any

import flint
import sympy as sp

from rnnsym.defined.numbers import Defined, Numbers, Undefined
from rnnsym.defined.signals import LONG
from rnnsym.exact import balls
from rnnsym.exact.fields import Ring


class ZTransform(Defined, sp.Expr):
    """sum_{k >= 0} f_k z^-k, summed until the terms are gone; infinite where they do not go to 0. args: f, k, z."""

    is_commutative = True

    @property
    def free_symbols(self) -> set[Any]:
        f, k, z = self.args
        return (f.free_symbols - {k}) | z.free_symbols

    def numerical(self, numbers: Numbers) -> Any:
        f, k, z = self.args
        point = numbers._value(z)
        total, power, small = flint.arb(0), flint.arb(1), 0
        with balls.precision(numbers.digits):
            inverse = 1 / point
            for step in range(LONG):
                term = numbers.value(f.subs(k, step)) * power
                total, power = total + term, power * inverse
                size = float(abs(term).mid())
                if not size < 1e60:
                    return balls.INFINITY
                small = small + 1 if size < 1e-30 else 0
                if small > 12 + _span(f):
                    return total
        if size > 1e-6:
            return balls.INFINITY
        raise Undefined("the series converges too slowly")

    def _latex(self, printer: Any, exp: Any = None) -> str:
        f, k, z = map(printer._print, self.args)
        return rf"\sum_{{{k}=0}}^{{\infty}} {f}\, {z}^{{-{k}}}"


def _span(f: Any) -> int:
    """How far a delay or the end of a finite sequence may lie: the largest whole number in it."""
    return max((abs(int(number)) for number in f.atoms(sp.Integer) if abs(int(number)) < 1000), default=0)


class InverseZTransform(Defined, sp.Expr):
    """The coefficient of z^-k in the expansion of a rational H(z) at infinity, by long division. args: H, z, k."""

    is_commutative = True

    @property
    def free_symbols(self) -> set[Any]:
        H, z, k = self.args
        return (H.free_symbols - {z}) | k.free_symbols

    def numerical(self, numbers: Numbers) -> Any:
        H, z, k = self.args
        last = numbers.size(k)
        if last < 0:
            raise Undefined(f"there is no step {last}")
        ring = Ring.over(H, z)
        n, d = ring.fraction(H)
        index = ring.generators.index(z)
        top, bottom = (
            {e: numbers._value(ring.expression(c)) for e, c in ring.coefficients(p, index).items()} for p in (n, d)
        )
        degree = max(bottom)
        if bottom[degree].contains(0) or max(top, default=0) > degree:
            return balls.INFINITY
        series: list[Any] = []
        for step in range(last + 1):
            value = top.get(degree - step, flint.arb(0))
            for back, earlier in enumerate(reversed(series), 1):
                value = value - bottom.get(degree - back, flint.arb(0)) * earlier
            series.append(value / bottom[degree])
        return series[-1]

    def _latex(self, printer: Any, exp: Any = None) -> str:
        H, z, k = map(printer._print, self.args)
        return rf"\left[{z}^{{-{k}}}\right] {H}"
