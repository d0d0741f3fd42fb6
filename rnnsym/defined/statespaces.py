"""Structured state spaces kept unevaluated: projections on a growing window, sampled modes, series of H at 0.

Numerical definitions: exact integrals of Legendre polynomials, exponentials of matrices followed by the recurrence,
repeated solving. May import: result, exact, vectors, the rest of `defined`.
"""

from __future__ import annotations

from fractions import Fraction
from functools import cache
from typing import Any

import flint
import numpy as np
import sympy as sp
from sympy.core.symbol import Str

from rnnsym.defined.numbers import Defined, Numbers, Undefined
from rnnsym.defined.signals import LONG, SystemNumber
from rnnsym.defined.systems import OfSystem, exponential
from rnnsym.exact import balls

_LARGEST = 64  # degree of a Legendre polynomial


@cache
def _shifted(n: int) -> Any:
    """The Legendre polynomial P_n(2 r - 1) of r in [0, 1]."""
    return flint.fmpq_poly.legendre_p(n)(flint.fmpq_poly([-1, 2]))


@cache
def _change(n: int, k: int) -> Fraction:
    """d/dt at t = 1 of integral_0^1 P_k(2 t r - 1) P_n(2 r - 1) dr, minus P_n(1) P_k(1): the window grows, what is in it stays."""
    p, q = _shifted(n), _shifted(k)
    moved = (q.derivative() * flint.fmpq_poly([0, 1]) * p).integral()(flint.fmpq(1))
    found = moved - p(flint.fmpq(1)) * q(flint.fmpq(1))
    return Fraction(int(found.p), int(found.q))


def _scale(n: int, k: int) -> Any:
    return flint.arb((2 * n + 1) * (2 * k + 1)).sqrt()


class LegendreChange(Defined, sp.Expr):
    """A_nk of t c'(t) = A c + B f(t), where c_n(t) = (1/t) integral_0^t f p_n(s/t) ds, p_n(r) = sqrt(2n+1) P_n(2r - 1).

    args: n, k. Numerical definition: c is differentiated for the f with c_k = 1 alone, by exact integrals of polynomials.
    """

    is_commutative = True
    is_extended_real = True

    def __new__(cls, n: Any, k: Any) -> Any:
        return sp.Expr.__new__(cls, sp.sympify(n), sp.sympify(k))

    def numerical(self, numbers: Numbers) -> Any:
        n, k = (numbers.size(a) for a in self.args)
        if not (0 <= n <= _LARGEST and 0 <= k <= _LARGEST):
            raise Undefined(f"there is no entry {n}, {k}")
        return balls.ball(_change(n, k)) * _scale(n, k)

    def _latex(self, printer: Any, exp: Any = None) -> str:
        n, k = map(printer._print, self.args)
        text = rf"A_{{{n}{k}}}" if len(n + k) == 2 else rf"A_{{{n},{k}}}"
        return text if exp is None else f"{text}^{{{exp}}}"


class LegendreOperator(OfSystem):
    """The matrix A of t c' = A c + B f with the entries of LegendreChange; args: N."""

    @property
    def shape(self) -> tuple[Any, Any]:
        return self.args[0], self.args[0]

    def numerical(self, numbers: Numbers) -> Any:
        size = range(numbers.size(self.args[0]))
        return np.array([[balls.ball(_change(n, k)) * _scale(n, k) for k in size] for n in size], dtype=object)

    def _latex(self, printer: Any) -> str:
        return "A"


class LegendreState(OfSystem):
    """c_T of c_k = (I + A/k) c_{k-1} + B x_k/k, Euler's step in t = k of t c' = A c + B f, by stepping from c_0 = 0.

    args: N, x (T, 1).
    """

    @property
    def shape(self) -> tuple[Any, Any]:
        return self.args[0], sp.S.One

    def numerical(self, numbers: Numbers) -> Any:
        size = numbers.size(self.args[0])
        A = numbers._value(LegendreOperator(sp.Integer(size)))
        B = np.array([[flint.arb(2 * n + 1).sqrt()] for n in range(size)], dtype=object)
        state = B * 0
        for k, value in enumerate(numbers._value(self.args[1])[:, 0], 1):
            state = state + (A @ state + B * value) / k
        return state

    def _latex(self, printer: Any) -> str:
        return "c_T"


class SampledKernel(Defined, sp.Expr):
    """K_k = C A'^k B' where (A', B') samples h' = A h + B x every dt: A diagonal with the values given.

    args: eigenvalues, B, C (tuples of the same length), dt, k, method. Numerical definition: "zoh" the exponential of
    [[A, B], [0, 0]] dt, "zoh-euler" e^(A dt) and dt B, "bilinear" solving (I - dt A/2) X = [I + dt A/2, dt B], "euler"
    I + dt A and dt B; then the recurrence.
    """

    is_commutative = True
    is_extended_real = True

    def __new__(cls, values: Any, B: Any, C: Any, dt: Any, k: Any, method: Any) -> Any:
        kind = method if isinstance(method, Str) else Str(str(method))
        return sp.Expr.__new__(cls, sp.Tuple(*values), sp.Tuple(*B), sp.Tuple(*C), sp.sympify(dt), sp.sympify(k), kind)

    def numerical(self, numbers: Numbers) -> Any:
        *parts, dt, steps, method = self.args
        values, B, C = ([flint.acb(numbers._value(e)) for e in part] for part in parts)
        count, step, n = numbers.size(steps), numbers._value(dt), len(values)
        if not 0 <= count < LONG:
            raise Undefined(f"there is no step {count}")
        zero, one = flint.acb(0), flint.acb(1)
        if str(method) in ("zoh", "zoh-euler"):
            whole = np.full((n + 1, n + 1), zero, dtype=object)
            for i in range(n):
                whole[i, i], whole[i, n] = values[i] * step, B[i] * step
            found = exponential(whole)
            stepped = [found[i, i] for i in range(n)]
            pushed = [found[i, n] for i in range(n)] if str(method) == "zoh" else [b * step for b in B]
        elif str(method) == "euler":
            stepped, pushed = [one + step * v for v in values], [b * step for b in B]
        else:
            A = flint.acb_mat(n, n, [values[i] * step / 2 if i == j else zero for i in range(n) for j in range(n)])
            identity = flint.acb_mat(n, n, [one if i == j else zero for i in range(n) for j in range(n)])
            try:
                both = (identity - A).solve(flint.acb_mat(n, 1, [b * step for b in B]))
                moved = (identity - A).solve(identity + A)
            except ZeroDivisionError as error:
                raise Undefined("2/dt is an eigenvalue") from error
            stepped, pushed = [moved[i, i] for i in range(n)], [both[i, 0] for i in range(n)]
        for _ in range(count):
            pushed = [a * h for a, h in zip(stepped, pushed, strict=True)]
        total = sum((c * h for c, h in zip(C, pushed, strict=True)), zero)
        return total.real if float(abs(total.imag)) < 1e-40 * max(1.0, float(abs(total))) else total

    def _latex(self, printer: Any, exp: Any = None) -> str:
        text = rf"K_{{{printer._print(self.args[4])}}}"
        return text if exp is None else f"{text}^{{{exp}}}"


class SeriesCoefficient(SystemNumber):
    """The coefficient of s^k in H(s) = C (sI - A)^-1 B + D around s = 0, by solving A X = ... k + 1 times; more: k."""

    def numerical(self, numbers: Numbers) -> Any:
        A, B, C, D = self.tables(numbers)
        order = numbers.size(self.more[0])
        if not 0 <= order < LONG:
            raise Undefined(f"there is no coefficient {order}")
        state = -B
        try:
            for _ in range(order + 1):
                state = A.solve(state)
        except ZeroDivisionError:
            return balls.INFINITY  # a pole at 0: there is no series
        found = (C * state)[0, 0]
        return found + D[0, 0] if order == 0 else found

    def _latex(self, printer: Any, exp: Any = None) -> str:
        text = rf"[s^{{{printer._print(self.more[0])}}}] H(s)"
        return text if exp is None else rf"\left({text}\right)^{{{exp}}}"
