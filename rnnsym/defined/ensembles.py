"""Gaussian averages, and how near states of a random network part, kept unevaluated.

Numerical definitions: certified quadrature in balls (`exact.quadrature`); derivatives by differences inside the average;
pairs of normal variables by a lattice sum, or by Gauss-Legendre rules between corners.
Own functions stand as Lambdas of one real symbol. May import: result, exact, vectors, defined.numbers, defined.predicates.
"""

from __future__ import annotations

import bisect
import functools
import math
from typing import Any

import flint
import sympy as sp

from rnnsym.defined.numbers import Defined, Numbers, Undefined
from rnnsym.exact import balls
from rnnsym.exact.quadrature import branches, gaussian_mean

Z = sp.Symbol("z", real=True)
DIGITS = 32
TINY = sp.Rational(1, 10**15)  # of a difference inside an average: its error is of order TINY^2, or TINY at a corner


class _Number(Defined, sp.Expr):
    """A real number; args as given, functions as Lambdas."""

    is_commutative = True
    is_extended_real = True
    is_finite: Any = True
    sign = ""

    def __new__(cls, *args: Any) -> Any:
        return sp.Expr.__new__(cls, *map(sp.sympify, args))

    @property
    def phi(self) -> Any:
        return self.args[0]

    def _latex(self, printer: Any, exp: Any = None) -> str:
        return self.sign if exp is None else rf"\left({self.sign}\right)^{{{exp}}}"

    def _sympystr(self, printer: Any) -> str:
        shown = (printer.doprint(a.expr if isinstance(a, sp.Lambda) else a) for a in self.args)
        return f"{type(self).__name__}({', '.join(shown)})"


def number_key(number: Any) -> tuple[int, int]:
    """Mantissa and exponent of the middle of a ball."""
    mantissa, exponent = number.mid().man_exp()
    return int(mantissa), int(exponent)


_known: dict[Any, Any] = {}


def average(body: Any, values: dict[Any, Any], digits: int = DIGITS) -> Any:
    """E body(Z) with balls for the other symbols; remembered, because draws and their neighbors come again."""
    key = (body, digits, tuple((s, *number_key(v), *number_key(v.rad())) for s, v in values.items()))
    if key not in _known:
        if len(_known) > 4096:
            _known.clear()
        _known[key] = gaussian_mean(body, Z, lambda e: balls.scalar(e, lambda s: values[s]), digits)
    return _known[key]


def scaled(phi: Any, q: Any) -> Any:
    """phi(sqrt(q) Z)."""
    return phi(sp.sqrt(q) * Z)


class GaussianMean(_Number):
    """E f(z), z standard normal. args: Lambda(z, f)."""

    @staticmethod
    def of(body: Any) -> Any:
        """E of a body in Z."""
        return GaussianMean(sp.Lambda(Z, body))

    def numerical(self, numbers: Numbers) -> Any:
        body = self.args[0](Z)
        values = {s: numbers._value(s) for s in sorted(body.free_symbols - {Z}, key=str)}
        return average(body, values)

    def _latex(self, printer: Any, exp: Any = None) -> str:
        text = rf"\mathbb{{E}}_z\left[{printer._print(self.args[0](Z))}\right]"
        return text if exp is None else f"{text}^{{{exp}}}"

    def _sympystr(self, printer: Any) -> str:
        return f"E[{printer._print(self.args[0](Z))}]"


class Decimal(_Number):
    """whole * 10^-places, printed as a decimal. args: whole, places."""

    def elementary(self) -> Any:
        return sp.Rational(self.args[0], 10 ** int(self.args[1]))

    def numerical(self, numbers: Numbers) -> Any:
        return balls.ball(self.elementary())

    def _eval_evalf(self, prec: int) -> Any:
        return self.elementary()._eval_evalf(prec)

    def _digits(self) -> str:
        whole, places = int(self.args[0]), int(self.args[1])
        text = str(abs(whole)).rjust(places + 1, "0")
        cut = len(text) - places
        return ("-" if whole < 0 else "") + text[:cut] + ("." + text[cut:] if places else "")

    @property
    def is_short(self) -> bool:
        return abs(int(self.args[0])) < 10 and int(self.args[1]) > 3

    def _latex(self, printer: Any, exp: Any = None) -> str:
        text = rf"{self.args[0]} \cdot 10^{{-{self.args[1]}}}" if self.is_short else self._digits()
        return text if exp is None else rf"\left({text}\right)^{{{exp}}}"

    def _sympystr(self, printer: Any) -> str:
        return f"{self.args[0]}e-{self.args[1]}" if self.is_short else self._digits()


Q = sp.Dummy("q", nonnegative=True)
STEP = sp.Dummy("d", positive=True)


@functools.cache
def _square(phi: Any) -> Any:
    return scaled(phi, Q) ** 2


@functools.cache
def _difference(phi: Any) -> Any:
    """((phi(x + d) - phi(x - d))/(2 d))^2 at x = sqrt(q) z."""
    x = sp.sqrt(Q) * Z
    return ((phi(x + STEP) - phi(x - STEP)) / (2 * STEP)) ** 2


@functools.cache
def _slope_square(phi: Any) -> Any:
    x = sp.Symbol("x", real=True)
    return phi(x).diff(x).xreplace({x: sp.sqrt(Q) * Z}) ** 2


def power_of(phi: Any, q: Any, digits: int = DIGITS) -> Any:
    """E phi(sqrt(q) z)^2 for a ball q."""
    return average(_square(phi), {Q: q}, digits)


def slope_power(phi: Any, q: Any, digits: int = DIGITS) -> Any:
    """E phi'(sqrt(q) z)^2 for a ball q."""
    return average(_slope_square(phi), {Q: q}, digits)


def near_growth(phi: Any, q: Any) -> Any:
    """E (phi(x + d) - phi(x - d))^2/(2 d)^2: how the mean square distance of two near states grows."""
    return average(_difference(phi), {Q: q, STEP: balls.ball(TINY)}, DIGITS + 15).mid()


def kernel(phi: Any, q1: Any, q2: Any, c: Any, digits: int = 17) -> Any:
    """E phi(u) phi(v), u and v normal with variances q1, q2 and correlation c, to about this many digits (not enclosed)."""
    if not (q1 >= 0 and q2 >= 0 and abs(c) <= 1):
        raise Undefined("no such pair of normal variables")
    a, b = (balls.ball(sp.Integer(1)) * v.sqrt() if v > 0 else flint.arb(0) for v in (q1, q2))
    s2 = 1 - c * c
    if not s2 > 1e-30:
        r1, r2 = sp.Dummy("r1", real=True), sp.Dummy("r2", real=True)
        return average(phi(r1 * Z) * phi(r2 * Z), {r1: a, r2: b * c})
    with balls.precision(digits + 8):
        s = s2.sqrt()
        return (_between_corners if has_corners(phi) else _lattice)(_by_branch(phi, digits), a, b, c, s, digits)


def has_corners(phi: Any) -> bool:
    x = sp.Symbol("x", real=True)
    plain = phi(x)
    return any(
        getattr(f, "kinks", ()) or getattr(f, "undefined_at", ()) for f in plain.atoms(sp.Function)
    ) or plain.has(sp.Abs, sp.Max, sp.Min, sp.Piecewise)


@functools.lru_cache(maxsize=64)
def _by_branch(phi: Any, digits: int) -> tuple[list[Any], list[Any]]:
    """The corners of phi, and phi between them as a function of balls; its constants have the digits of the context."""
    x = sp.Symbol("x", real=True)
    return branches(phi(x), x)


def _at(parts: tuple[list[Any], list[Any]], v: Any) -> Any:
    corners, functions = parts
    return functions[bisect.bisect_right(corners, float(v))](flint.acb(v), False).real


def _lattice(parts: Any, a: Any, b: Any, c: Any, s: Any, digits: int) -> Any:
    """The lattice sum of phi(a x) phi(b y) and the normal density of (x, y); for analytic phi its error is like exp(-1/h)."""
    reach, last, h = _reach(digits), None, flint.arb(min(0.25, float(s) / 3))
    for _ in range(6):
        count = int(reach / float(h)) + 1
        grid = range(-count, count + 1)
        left, right = [_at(parts, a * h * i) for i in grid], [_at(parts, b * h * j) for j in grid]
        scale = h * h / (s * s)
        fade = [(-scale * i * i / 2).exp() for i in grid]
        left = [(v * w).mid() for v, w in zip(left, fade, strict=True)]
        right = [(v * w).mid() for v, w in zip(right, fade, strict=True)]
        total = flint.arb(0)
        for i, v in zip(grid, left, strict=True):
            turn = (scale * c * i).exp().mid()
            power, back, row = flint.arb(1), flint.arb(1), right[count]
            inverse = (1 / turn).mid()
            for j in range(1, count + 1):
                power, back = (power * turn).mid(), (back * inverse).mid()
                row = (row + right[count + j] * power + right[count - j] * back).mid()
            total = (total + v * row).mid()
        total = total * h * h / (2 * flint.arb.pi() * s)
        if last is not None and abs(total - last) < flint.arb(10) ** -digits:
            return total.mid()
        last, h = total, h / 2
    raise Undefined("the lattice sum has not settled")


@functools.cache
def _legendre(order: int) -> list[tuple[Any, Any]]:
    with balls.precision(order + 10):
        return [flint.arb.legendre_p_root(order, k, weight=True) for k in range(order)]


def _between_corners(parts: Any, a: Any, b: Any, c: Any, s: Any, digits: int) -> Any:
    """The pair average with x outside and y = c x + s t inside, both cut where phi has a corner."""
    kinks = list(map(balls.ball, parts[0]))
    total = flint.arb(0)
    for x0, w0 in _rule([k / a for k in kinks] if a > 0 else [], digits):
        cuts = [(k / b - c * x0) / s for k in kinks] if b > 0 else []
        inner = sum((w1 * _at(parts, b * (c * x0 + s * t)) for t, w1 in _rule(cuts, digits)), flint.arb(0))
        total = (total + w0 * _at(parts, a * x0) * inner).mid()
    return total


def _reach(digits: int) -> int:
    return 3 * math.ceil(math.sqrt(2 * math.log(10) * digits) / 3)


def _rule(cuts: list[Any], digits: int) -> list[tuple[Any, Any]]:
    """Nodes and weights for the normal density on pieces at most 3 long, cut at the given points."""
    reach = _reach(digits)
    marks = sorted(
        [flint.arb(k) for k in range(-reach, reach + 1, 3)] + [v.mid() for v in cuts if abs(v) < reach], key=float
    )
    root = (2 * flint.arb.pi()).sqrt()
    found = []
    for low, high in zip(marks, marks[1:], strict=False):
        half, middle = (high - low) / 2, (high + low) / 2
        for node, weight in _legendre(digits + 5):
            t = (middle + half * node).mid()
            found.append((t, (half * weight * (-t * t / 2).exp() / root).mid()))
    return found


class GaussianPair(_Number):
    """E phi(u) phi(v), (u, v) normal with mean 0, variances q_1, q_2 and correlation c. args: phi, q_1, q_2, c."""

    def numerical(self, numbers: Numbers) -> Any:
        return kernel(self.phi, *(numbers._value(e) for e in self.args[1:]))

    def _latex(self, printer: Any, exp: Any = None) -> str:
        u, v = sp.Symbol("u", real=True), sp.Symbol("v", real=True)
        text = rf"\mathbb{{E}}_{{u, v}}\left[{printer._print(self.phi(u))} \cdot {printer._print(self.phi(v))}\right]"
        return text if exp is None else f"{text}^{{{exp}}}"


class CorrelationSlope(_Number):
    """dc_{t+1}/dc_t at c = 1: how the mean square distance of two near states grows in a step.

    args: phi, q, sigma_w. Numerical definition: sigma_w^2 E (phi(x + d) - phi(x - d))^2/(2 d)^2, x normal of variance q.
    """

    is_nonnegative = True
    sign = r"\left.\frac{\partial c_{t+1}}{\partial c_t}\right|_{c_t = 1}"

    def numerical(self, numbers: Numbers) -> Any:
        q, strength = (numbers._value(e) for e in self.args[1:])
        return strength * strength * near_growth(self.phi, q)


class VarianceSlope(_Number):
    """dq_{t+1}/dq_t of the variance map, by central differences of sigma_w^2 E phi(sqrt(q) z)^2. args: phi, q, sigma_w."""

    sign = r"\frac{\partial q_{t+1}}{\partial q_t}"

    def numerical(self, numbers: Numbers) -> Any:
        q, strength = (numbers._value(e) for e in self.args[1:])
        if not q > 0:
            raise Undefined("a derivative inside q > 0")
        step = (q * balls.ball(sp.Rational(1, 10**7))).mid()
        coarse, fine = (
            (power_of(self.phi, q + h, 50) - power_of(self.phi, q - h, 50)) / (2 * h) for h in (step, step / 2)
        )
        return (strength * strength * (4 * fine - coarse) / 3).mid()


class ReplicaExponent(_Number):
    """lambda_max of the mean field: half the logarithm of the growth of the mean square distance of two near states.

    args: phi, q, sigma_w; -oo where the distance vanishes in a step.
    """

    is_finite: Any = None
    sign = r"\lambda_{\max}"

    def numerical(self, numbers: Numbers) -> Any:
        growth = CorrelationSlope(*self.args).numerical(numbers)
        return growth.log() / 2 if growth > 0 else -balls.INFINITY


class DecayLength(_Number):
    """xi with exp(-1/xi) = a given factor per step, of a perturbation of the kind named. args: factor node, kind."""

    def numerical(self, numbers: Numbers) -> Any:
        factor = numbers._value(self.args[0])
        if not 0 < factor < 1:
            raise Undefined("no decay without oscillation")
        return -1 / factor.log()

    def _latex(self, printer: Any, exp: Any = None) -> str:
        text = rf"\xi_{{{self.args[1]}}}"
        return text if exp is None else f"{text}^{{{exp}}}"


__all__ = [
    "CorrelationSlope", "Decimal", "DecayLength", "GaussianMean", "GaussianPair", "ReplicaExponent", "VarianceSlope", "Z", "average", "has_corners", "kernel", "number_key", "power_of", "scaled", "slope_power",
]  # fmt: skip
