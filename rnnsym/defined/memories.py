"""Memory of a linear network, kept unevaluated: regressions on covariances that are summed.

May import: what `variances` may, and it.
"""

from __future__ import annotations

from typing import Any

import flint
import numpy as np
import sympy as sp

from rnnsym.defined.frequencies import square
from rnnsym.defined.numbers import Defined, Numbers, Undefined
from rnnsym.defined.signals import LONG, adjoint, flints, middle
from rnnsym.defined.variances import series
from rnnsym.exact import balls


class _Memory(Defined, sp.Expr):
    """args: W, v (n, 1), and what else."""

    is_commutative = True
    is_extended_real = True
    is_nonnegative = True

    def __new__(cls, W: Any, v: Any, *more: Any) -> Any:
        return sp.Expr.__new__(cls, sp.ImmutableMatrix(W), sp.ImmutableMatrix(v), *map(sp.sympify, more))

    def _numbers(self, numbers: Numbers) -> tuple[Any, ...]:
        W, v = flints(*(numbers._value(M) for M in self.args[:2]))
        return W, v, [numbers._value(a) for a in self.args[2:]]

    @property
    def delay(self) -> Any:
        return self.args[-1]


def _quadratic(C: Any, u: Any) -> Any:
    """u* C^+ u for u in the range of C: by elimination with the largest pivots of the middles."""
    n = C.nrows()
    scale = max((float(abs(C[i, i]).mid()) for i in range(n)), default=0.0)
    table = [[C[i, j].mid() for j in range(n)] + [u[i, 0].mid()] for i in range(n)]
    value, left = flint.arb(0), set(range(n))
    while left:
        k = max(left, key=lambda i: float(abs(table[i][i]).mid()))
        if float(abs(table[k][k]).mid()) < 1e-35 * scale:
            if max(float(abs(table[i][n]).mid()) for i in left) > 1e-20 * scale:
                return None
            break
        left.discard(k)
        pivot = table[k][k]
        value = value + square(abs(table[k][n])) / flint.acb(pivot).real
        for i in left:
            factor = table[i][k] / pivot
            table[i] = [(a - factor * b).mid() for a, b in zip(table[i], table[k], strict=True)]
    return value


def _power_times(W: Any, v: Any, k: int) -> Any:
    for _ in range(k):
        v = middle(W * v)
    return v


class MemoryCurve(_Memory):
    """MC_k, the squared correlation of the input k steps ago with its best linear reconstruction from the state, for
    unit white input through v and state noise of variance epsilon. args: W, v, epsilon, k."""

    def numerical(self, numbers: Numbers) -> Any:
        W, v, (epsilon, _) = self._numbers(numbers)
        n, steps = W.nrows(), numbers.size(self.delay)
        if not 0 <= steps < LONG:
            raise Undefined(f"there is no delay {steps}")
        noise = type(W)(n, n, [epsilon * int(i == j) for i in range(n) for j in range(n)])
        C = series(W, v * adjoint(v) + noise)
        if C is None:
            return balls.INFINITY
        found = _quadratic(C, _power_times(W, v, steps))
        if found is None:
            raise Undefined("the covariance is too close to singular")
        return found

    def _latex(self, printer: Any, exp: Any = None) -> str:
        return rf"\mathrm{{MC}}_{{{printer._print(self.delay)}}}"


class MemoryCapacity(_Memory):
    """sum_{k >= first} MC_k, summed until the terms are gone. args: W, v, first."""

    def numerical(self, numbers: Numbers) -> Any:
        W, v, _ = self._numbers(numbers)
        first = numbers.size(self.args[2])
        C = series(W, v * adjoint(v))
        if C is None:
            return balls.INFINITY
        total, quiet = flint.arb(0), 0
        u = _power_times(W, v, first)
        for _ in range(LONG // 4):
            term = _quadratic(C, u)
            if term is None:
                raise Undefined("the covariance is too close to singular")
            total, u = (total + term).mid(), middle(W * u)
            quiet = quiet + 1 if float(term.mid()) < 1e-20 else 0
            if quiet > W.nrows():
                return total
        raise Undefined("the series converges too slowly")

    def _latex(self, printer: Any, exp: Any = None) -> str:
        return rf"\sum_{{k \ge {printer._print(self.args[2])}}} \mathrm{{MC}}_k"


class FisherMemory(_Memory):
    """J(k) = (W^k v)* C_n^-1 W^k v with C_n = epsilon sum_k W^k W*^k. args: W, v, epsilon, k; k infinite: the total."""

    def numerical(self, numbers: Numbers) -> Any:
        W, v = flints(*(numbers._value(M) for M in self.args[:2]))
        epsilon = numbers._value(self.args[2])
        n = W.nrows()
        if not epsilon > 0:
            raise Undefined("no noise")
        C = series(W, type(W)(n, n, [epsilon * int(i == j) for i in range(n) for j in range(n)]))
        if C is None:
            return balls.INFINITY
        if self.delay is not sp.oo:
            steps = numbers.size(self.delay)
            if not 0 <= steps < LONG:
                raise Undefined(f"there is no delay {steps}")
            return _quadratic(C, _power_times(W, v, steps))
        weights = series(W, v * adjoint(v))  # sum_k tr(C^-1 W^k v v* W*^k)
        try:
            found = C.solve(weights)
        except ZeroDivisionError as error:
            raise Undefined("the covariance is too close to singular") from error
        return flint.acb(sum((found[i, i] for i in range(n)), flint.arb(0))).real

    def _latex(self, printer: Any, exp: Any = None) -> str:
        if self.delay is sp.oo:
            return r"\sum_{k \ge 0} J(k)"
        return rf"J\left({printer._print(self.delay)}\right)"


class MutualInformation(Defined, sp.Expr):
    """I(h_t; h_{t-k}) of the stationary Gaussian mode h_t = p h_{t-1} + x_t, from the determinants of its covariances:
    (ln var + ln var - ln det cov)/2, each covariance a sum over past inputs. args: p, k."""

    is_commutative = True
    is_extended_real = True

    def numerical(self, numbers: Numbers) -> Any:
        p, steps = numbers._value(self.args[0]), numbers.size(self.args[1])
        if steps < 0:
            raise Undefined("there is no negative delay")
        (table,) = flints(np.array([[p]], dtype=object))
        found = series(table, flint.arb_mat([[1]]))
        if found is None or steps == 0:
            return balls.INFINITY
        variance, lagged = found[0, 0], flint.arb(0)
        total, term = flint.arb(0), flint.arb(1)
        for _ in range(steps):
            term = term * p
        lagged = term * variance
        total = variance * variance - lagged * lagged
        return (2 * variance.log() - total.log()) / 2

    def _latex(self, printer: Any, exp: Any = None) -> str:
        k = printer._print(self.args[1])
        return rf"I\left(h_t; h_{{t-{k}}}\right)"
