r"""Exact constants that have no name in SymPy: each the root of an equation, right to any precision.

kappa = coth(kappa) = 1.19967864... gives SiLU's steepest slope (1 + kappa)/2, because SiLU'' = 0 where
x tanh(x/2) = 2, x = 2 kappa, and there SiLU' = 1/2 + x/4. Mish is steepest at a root of (Mish)'', lowest at a root of
its derivative's numerator 4(1 + x) + 4 e^{2x} + e^{3x} + e^x (4x + 6); GELU is lowest where Phi(x) + x phi(x) = 0.
The two SELU constants have closed forms (Klambauer et al. 2017, eq. 14).

May import: SymPy and mpmath.
"""

from __future__ import annotations

from typing import Any

import mpmath
import sympy as sp
from sympy.core.singleton import Singleton


class _Solved(sp.NumberSymbol, metaclass=Singleton):
    """A real number given by mpmath code that is right to the working precision."""

    is_real = True
    is_number = True
    is_zero = False
    __slots__ = ()
    sign = 1
    tex = ""
    between: tuple[str, str] = ("0", "0")

    @staticmethod
    def value() -> Any:
        raise NotImplementedError

    def _as_mpf_val(self, prec: int) -> Any:
        with mpmath.workprec(prec + 40):
            found = type(self).value()
        with mpmath.workprec(prec):
            return (+found)._mpf_

    def _eval_is_positive(self) -> bool:
        return self.sign > 0

    def _eval_is_negative(self) -> bool:
        return self.sign < 0

    def approximation_interval(self, number_cls: Any) -> Any:
        return tuple(sp.Rational(v) for v in self.between) if issubclass(number_cls, sp.Rational) else None

    def __int__(self) -> int:
        return int(self.evalf(20))

    def __reduce__(self) -> Any:
        return type(self), ()

    def _latex(self, printer: Any) -> str:
        return self.tex

    def _sympystr(self, printer: Any) -> str:
        return type(self).__name__


def _root(function: Any, start: Any) -> Any:
    """Newton's method by secants from a start that is right to some digits, with twice the digits."""
    working = mpmath.mp.prec
    with mpmath.workprec(2 * working + 40):
        return mpmath.findroot(function, mpmath.mpf(start), tol=mpmath.mpf(2) ** (-2 * working))


class SiluKappa(_Solved):
    """The positive fixed point of coth: kappa tanh(kappa) = 1; SiLU is steepest at 2 kappa."""

    tex, between = r"\kappa", ("1.19", "1.2")

    @staticmethod
    def value() -> Any:
        return _root(lambda t: t * mpmath.tanh(t) - 1, "1.19967864025773383")


class GeluDip(_Solved):
    """Where GELU is lowest: Phi(x) + x phi(x) = 0."""

    tex, between, sign = r"x_{\mathrm{GELU}}", ("-0.76", "-0.75"), -1

    @staticmethod
    def value() -> Any:
        return _root(lambda x: mpmath.ncdf(x) + x * mpmath.npdf(x), "-0.75179152")


class MishDip(_Solved):
    """Where Mish is lowest."""

    tex, between, sign = r"x_{\mathrm{Mish}}", ("-1.2", "-1.19"), -1

    @staticmethod
    def value() -> Any:
        return _root(_mish_numerator, "-1.19243")


class MishPeak(_Solved):
    """Where Mish is steepest."""

    tex, between = r"x^{\star}_{\mathrm{Mish}}", ("1.4", "1.6")

    @staticmethod
    def value() -> Any:
        # with E = e^x, Mish' = E w / d^2, d = 2 E + E^2 + 2: the derivative of the logarithm vanishes
        def steepness(x: Any) -> Any:
            e = mpmath.exp(x)
            w = _mish_numerator(x)
            w1 = 4 + 8 * e**2 + 3 * e**3 + e * (4 * x + 10)
            return (w + w1) * (2 * e + e**2 + 2) - 2 * w * (2 * e + 2 * e**2)

        return _root(steepness, "1.4906")


def _mish_numerator(x: Any) -> Any:
    e = mpmath.exp(x)
    return 4 * (1 + x) + 4 * e**2 + e**3 + e * (4 * x + 6)


class SeluAlpha(_Solved):
    """alpha of SELU, 1.6732632423543772848..."""

    tex, between = r"\alpha_{\mathrm{SELU}}", ("1.67", "1.68")

    @staticmethod
    def value() -> Any:
        half = mpmath.sqrt(mpmath.mpf(1) / 2)
        return -mpmath.sqrt(2 / mpmath.pi) / (mpmath.erfc(half) * mpmath.exp(mpmath.mpf(1) / 2) - 1)


class SeluScale(_Solved):
    """lambda of SELU, 1.0507009873554804934..."""

    tex, between = r"\lambda_{\mathrm{SELU}}", ("1.05", "1.06")

    @staticmethod
    def value() -> Any:
        e, pi = mpmath.e, mpmath.pi
        half, two = mpmath.erfc(mpmath.sqrt(mpmath.mpf(1) / 2)), mpmath.erfc(mpmath.sqrt(2))
        root = 2 * two * e**2 + pi * half**2 * e - 2 * (2 + pi) * half * mpmath.sqrt(e) + pi + 2
        return (1 - half * mpmath.sqrt(e)) * mpmath.sqrt(2 * pi) / mpmath.sqrt(root)


SILU_KAPPA, GELU_DIP, MISH_DIP, MISH_PEAK = SiluKappa(), GeluDip(), MishDip(), MishPeak()
SELU_ALPHA, SELU_SCALE = SeluAlpha(), SeluScale()
