"""Variances and norms of a linear system, kept unevaluated: all are sums over its responses, taken as sums.

An infinite sum A^k Q A*^k is summed by doubling the number of terms, so that slow modes cost no time; where it diverges
its value is infinite, and a formula without the hypothesis of stability is refuted. May import: what `signals` may, and it.
"""

from __future__ import annotations

from typing import Any

import flint
import sympy as sp
from sympy.core.symbol import Str

from rnnsym.defined.frequencies import SquaredMagnitude, peak, square
from rnnsym.defined.numbers import Defined, Numbers, Undefined
from rnnsym.defined.signals import (
    LONG,
    SystemNumber,
    adjoint,
    balls_of,
    flints,
    infinite,
    middle,
    on_circle,
    pulses,
    response_at,
    size_of,
)
from rnnsym.exact import balls


def series(A: Any, Q: Any) -> Any:
    """sum_{k >= 0} A^k Q A*^k by doubling; None where it diverges."""
    total, power = Q, A
    for _ in range(80):
        new = middle(total + power * total * adjoint(power))
        if size_of(new - total) <= 1e-50 * size_of(new):
            return new
        if not size_of(new) < 1e150:
            return None
        total, power = new, middle(power * power)
    return None


def partial_series(A: Any, Q: Any, count: int) -> Any:
    """sum_{0 <= k < count} A^k Q A*^k, term by term."""
    total = type(Q)(Q.nrows(), Q.ncols())
    term = Q
    for _ in range(count):
        total, term = middle(total + term), middle(A * term * adjoint(A))
    return total


class _Square(Defined, sp.MatrixExpr):
    """An (n, n) matrix defined by matrices of rational expressions, `more` after them."""

    sign = "P"

    def __new__(cls, *args: Any) -> Any:
        def plain(a: Any) -> Any:
            return (
                sp.ImmutableMatrix(a)
                if isinstance(a, sp.MatrixBase | list)
                else Str(a)
                if isinstance(a, str)
                else sp.sympify(a)
            )

        return sp.MatrixExpr.__new__(cls, *map(plain, args))

    @property
    def shape(self) -> tuple[Any, Any]:
        return self.args[0].shape[0], self.args[0].shape[0]

    def _entry(self, i: Any, j: Any, **_: Any) -> Any:
        return sp.matrices.expressions.matexpr.MatrixElement(self, i, j)

    def _latex(self, printer: Any, exp: Any = None) -> str:
        return self.sign if exp is None else f"{self.sign}^{{{exp}}}"


class StationaryCovariance(_Square):
    """P = sum_{k >= 0} A^k Q A*^k, the covariance of the state under white noise of covariance Q. args: A, Q."""

    def numerical(self, numbers: Numbers) -> Any:
        A, Q = flints(*(numbers._value(M) for M in self.args))
        found = series(A, Q)
        return infinite(A.nrows(), A.nrows()) if found is None else balls_of(found)


class Covariance(_Square):
    """P_t = A^t P_0 A*^t + sum_{k < t} A^k Q A*^k, t steps after the covariance P_0. args: A, Q, t, P_0."""

    sign = "P_t"

    def numerical(self, numbers: Numbers) -> Any:
        A, Q, start = flints(*(numbers._value(self.args[i]) for i in (0, 1, 3)))
        steps = numbers.size(self.args[2])
        if not 0 <= steps < LONG:
            raise Undefined(f"there is no step {steps}")
        P = start
        for _ in range(steps):
            P = middle(A * P * adjoint(A) + Q)
        return balls_of(P)


class Gramian(_Square):
    """sum_k A^k B B* A*^k (kind controllability) or sum_k A*^k C* C A^k (observability), N terms or all.
    args: A, B or C, kind, horizon."""

    @property
    def kind(self) -> str:
        return str(self.args[2])

    def numerical(self, numbers: Numbers) -> Any:
        A, B = flints(*(numbers._value(M) for M in self.args[:2]))
        if self.kind == "observability":
            A, B = adjoint(A), adjoint(B)
        Q = B * adjoint(B)
        if self.args[3] is sp.oo:
            found = series(A, Q)
            return infinite(A.nrows(), A.nrows()) if found is None else balls_of(found)
        count = numbers.size(self.args[3])
        if not 0 <= count < LONG:
            raise Undefined(f"there is no horizon {count}")
        return balls_of(partial_series(A, Q, count))

    def _latex(self, printer: Any, exp: Any = None) -> str:
        letter = "o" if self.kind == "observability" else "c"
        text = f"W_{letter}" if self.args[3] is sp.oo else rf"W_{letter}\left({printer._print(self.args[3])}\right)"
        return text if exp is None else f"{text}^{{{exp}}}"


def energy(tables: Any, current: bool) -> Any:
    """sum_k |h_k|^2 over all channels; None where it diverges. The sum over the state is taken by doubling."""
    A, B, C, D = tables
    total = sum((square(abs(v)) for v in _pulse_zero(tables, current).entries()), flint.arb(0))
    if A.nrows() == 0:
        return total
    start = A * B if current else B  # the state that the output of step 1 reads
    P = series(A, start * adjoint(start))
    if P is None:
        return None
    rest = C * P * adjoint(C)
    return total + sum((flint.acb(rest[i, i]).real for i in range(rest.nrows())), flint.arb(0))


def _pulse_zero(tables: Any, current: bool) -> Any:
    return next(pulses(tables, current))


def _or_infinite(value: Any) -> Any:
    return balls.INFINITY if value is None else value


class H2Norm(SystemNumber):
    """||H||_2, the root of sum_k |h_k|^2; infinite where it diverges."""

    is_nonnegative = True
    sign = r"\left\lVert H \right\rVert_2"

    def numerical(self, numbers: Numbers) -> Any:
        found = energy(self.tables(numbers), self.is_current)
        return balls.INFINITY if found is None else found.nonnegative_part().sqrt()


class HInfinityNorm(SystemNumber):
    """||H||_inf, the largest singular value on the unit circle, by search; infinite where the system is unstable."""

    is_nonnegative = True
    sign = r"\left\lVert H \right\rVert_\infty"

    def numerical(self, numbers: Numbers) -> Any:
        tables = self.tables(numbers)
        if energy(tables, self.is_current) is None:
            return balls.INFINITY
        return peak(tables, self.is_current)[1].nonnegative_part().sqrt()


class L1Norm(SystemNumber):
    """||h||_1 = max_i sum_j sum_k |h_k[i, j]|, the largest output for inputs of size 1, by summing."""

    is_nonnegative = True
    sign = r"\left\lVert h \right\rVert_1"

    def numerical(self, numbers: Numbers) -> Any:
        tables = self.tables(numbers)
        if energy(tables, self.is_current) is None:
            return balls.INFINITY
        sums = [flint.arb(0)] * tables[3].nrows()
        quiet = 0
        for t, y in enumerate(pulses(tables, self.is_current)):
            sums = [s + sum((abs(y[i, j]) for j in range(y.ncols())), flint.arb(0)).mid() for i, s in enumerate(sums)]
            quiet = quiet + 1 if size_of(y) < 1e-30 else 0
            if quiet > 2 * tables[0].nrows() + 2:
                return max(sums, key=float)
            if t > LONG:
                raise Undefined("the series converges too slowly")


def absolute_sum(matrices: Any) -> tuple[Any, Any] | None:
    """Rational bounds of the largest row of sum_k |h_k| of a rational system in the readout previous.

    A partial sum in balls, and for its tail: where |A^K| <= 1/2, each K states have at most half the size of the K before.
    None where that takes too many steps.
    """
    with balls.precision(60):
        A, B, C, D = (flint.arb_mat(M.rows, M.cols, [balls.ball(e) for e in M]) for M in matrices)
        block, power = 1, A
        while max(_row_sums(power), default=0.0) > 0.5:
            power, block = power * power, 2 * block
            if block > 2**20:
                return None
        sums, state, weight = _rows(D), B, max(_row_sums(C), default=0.0)
        while True:
            group = 0.0
            for _ in range(block):
                sums = [s + v for s, v in zip(sums, _rows(C * state), strict=True)]
                group += max(_row_sums(state), default=0.0)
                state = A * state
            tail = 2 * weight * group
            if tail <= 1e-24 * max(float(s.mid()) for s in sums) or group < 1e-200:
                break
        low = max((s.lower() for s in sums), key=float)
        high = max((s.upper() for s in sums), key=float) + flint.arb(tail)
        return _dyadic(low.lower()), _dyadic(high.upper())


def _rows(M: Any) -> list[Any]:
    return [sum((abs(M[i, j]) for j in range(M.ncols())), flint.arb(0)) for i in range(M.nrows())]


def _row_sums(M: Any) -> list[float]:
    return [float(v.upper()) for v in _rows(M)]


def _dyadic(number: Any) -> Any:
    mantissa, exponent = number.man_exp()
    return sp.Integer(int(mantissa)) * sp.Integer(2) ** int(exponent)


class OutputVariance(SystemNumber):
    """The power of the output t steps after rest (t may be infinite), summed over outputs and over equal inputs of
    variance sigma2 and autocorrelation r^|k|: sum_j sum_k h_j h_k r^|j-k|. more: sigma2, r, t."""

    is_nonnegative = True
    sign = r"\operatorname{Var} y"

    def numerical(self, numbers: Numbers) -> Any:
        tables = self.tables(numbers)
        sigma2, r = numbers._value(self.more[0]), numbers._value(self.more[1])
        if self.more[2] is not sp.oo:
            steps = numbers.size(self.more[2])
            if not 0 <= steps < LONG:
                raise Undefined(f"there is no step {steps}")
            source = pulses(tables, self.is_current)
            return sigma2 * _correlated([next(source) for _ in range(steps)], r)
        if r == 0:
            return sigma2 * _or_infinite(energy(tables, self.is_current))
        if energy(tables, self.is_current) is None or not abs(r) <= 1:
            return balls.INFINITY
        found, quiet = [], 0
        for y in pulses(tables, self.is_current):
            found.append(y)
            quiet = quiet + 1 if size_of(y) < 1e-25 else 0
            if quiet > tables[0].nrows() + 1:
                return sigma2 * _correlated(found, r)
            if len(found) > LONG:
                raise Undefined("the series converges too slowly")


def _correlated(pulse: list[Any], r: Any) -> Any:
    """sum_j sum_k <h_j, h_k> r^|j - k|, from the last term back."""
    total, later = flint.arb(0), None
    for y in reversed(pulse):
        entries = y.entries()
        later = [flint.arb(0)] * len(entries) if later is None else later
        total = total + sum(
            (_inner(v, v) + 2 * _inner(v, w) for v, w in zip(entries, later, strict=True)), flint.arb(0)
        )
        later = [(r * (v + w)).mid() for v, w in zip(entries, later, strict=True)]
    return total


def _inner(v: Any, w: Any) -> Any:
    product = v * (w.conjugate() if isinstance(w, flint.acb) else w)
    return product.real if isinstance(product, flint.acb) else product


class SignalToNoise(SquaredMagnitude):
    """P |H(e^(i omega))|^2 / (sigma2 sum_k h_k^2): a sinusoid of power P at omega against white noise. more: omega, P, sigma2."""

    sign = r"\mathrm{SNR}_{\mathrm{out}}"

    def numerical(self, numbers: Numbers) -> Any:
        omega, P, sigma2 = (numbers._value(a) for a in self.more)
        tables = self.tables(numbers)
        noise = energy(tables, self.is_current)
        found = response_at(tables, self.is_current, on_circle(omega))
        if noise is None or found is None:
            return balls.INFINITY
        if noise.contains(0):
            raise Undefined("the output is 0")
        return P * square(abs(found[0, 0])) / (sigma2 * noise)

    def _latex(self, printer: Any, exp: Any = None) -> str:
        return self.sign if exp is None else f"{self.sign}^{{{exp}}}"
