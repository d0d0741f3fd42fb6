"""The response of a map to a periodic drive, and what a state can tell of its past: by running and by regression.

May import: result, exact, vectors, the rest of `defined`.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import flint
import numpy as np
import sympy as sp

from rnnsym.defined.numbers import Defined, Numbers, Undefined
from rnnsym.defined.predicates import Orthogonal, Predicate
from rnnsym.defined.systems import fixed
from rnnsym.exact import balls

PHASES = 12  # of the drive: harmonic k is seen together with k +- 12, which is of order a^9 and more
SETTLED = 1e-36  # runs from different starts are in the steady state when they are this close
PATIENCE = 900  # steps to come so close: |w| up to 0.9 in a contraction
WINDOW = 10  # binary inputs that are enumerated


class Harmonic(Defined, sp.Expr):
    """C_k of the steady state h_t = C_0 + sum_{k >= 1} Re(C_k e^(i k (omega t + psi))) of a map driven by a cos(omega t + psi).

    args: F (an expression in h and x), h, x, start, a, omega, k, scale. The coefficient is taken over the phase psi, so it
    exists for every omega, also where harmonics coincide in time (0, pi, and rational multiples of it). Numerical
    definition: the map is run from `start` in 12 phases, until a run from `start` + `scale` agrees to 36 digits.
    """

    is_commutative = True

    def __new__(cls, *parts: Any) -> Any:
        return sp.Expr.__new__(cls, *map(sp.sympify, parts))

    @property
    def free_symbols(self) -> set[Any]:
        F, h, x, *others = self.args
        return (F.free_symbols - {h, x}).union(*(e.free_symbols for e in others))

    def numerical(self, numbers: Numbers) -> Any:
        F, h, x, start, a, omega, k, scale = self.args
        order = numbers.size(k)
        if not 0 <= order <= 3:
            raise Undefined(f"harmonic {order} is not told apart well in {PHASES} phases")
        rest, amplitude, turn = numbers._value(start), numbers._value(a), numbers._value(omega)
        known = {s: numbers._value(s) for s in F.free_symbols - {h, x}}
        phases = [2 * flint.arb.pi() * j / PHASES for j in range(PHASES)]
        state = np.array([rest] * PHASES + [rest + numbers._value(scale)], dtype=object)
        found = None
        for t in range(1, PATIENCE + 1):
            drive = [amplitude * (turn * t + psi).cos() for psi in phases]
            known[h], known[x] = state, np.array([*drive, drive[0]], dtype=object)
            state = balls.scalar(F, known.__getitem__)
            state = np.frompyfunc(lambda v: v.mid(), 1, 1)(state)
            if t % 8 == 0:
                gap = float(abs(state[0] - state[PHASES]))
                if not gap < 1e6:
                    return balls.INFINITY  # it forgets nothing: there is no steady state
                if gap < SETTLED:
                    found = t
                    break
        if found is None:
            raise Undefined("the start is forgotten too slowly")
        total = flint.acb(0)
        for j, psi in enumerate(phases):
            angle = order * (turn * found + psi)
            total = total + state[j] * flint.acb(angle.cos(), -angle.sin())
        return total.real / PHASES if order == 0 else 2 * total / PHASES

    def _latex(self, printer: Any, exp: Any = None) -> str:
        text = rf"C_{{{printer._print(self.args[6])}}}"
        return text if exp is None else f"{text}^{{{exp}}}"


class OrthonormalRows(Predicate):
    """Z Z^T = I; drawn as rows of a rational orthogonal matrix. args: Z (L, T)."""

    def holds(self, numbers: Numbers) -> bool | None:
        table = numbers._value(self.args[0])
        gap = table @ table.T - numbers._value(sp.Identity(len(table)))
        return max((float(abs(v)) for v in gap.flat), default=0.0) < 1e-25

    def sample(self, chance: Any, numbers: Numbers) -> dict[Any, Any] | None:
        Z = self.args[0]
        if not isinstance(Z, sp.MatrixSymbol):
            return None
        rows, columns = (numbers.size(s) for s in Z.shape)
        if rows > columns:
            return None
        return {Z: Orthogonal.instance(Orthogonal(Z), chance, columns)[:rows]}

    def _latex(self, printer: Any) -> str:
        Z = printer._print(self.args[0])
        return rf"{Z} {Z}^{{\top}} = I"

    def _sympystr(self, printer: Any) -> str:
        return f"{printer._print(self.args[0])} has orthonormal rows"


def _explained(rows: list[list[Fraction]], target: list[Fraction]) -> Fraction:
    """1 - min_w |target - w^T X|^2/|target|^2, in rational numbers: target is freed of one row after another."""
    basis: list[list[Fraction]] = []

    def freed(v: list[Fraction]) -> list[Fraction]:
        for b in basis:
            c = sum((x * y for x, y in zip(v, b, strict=True)), Fraction(0)) / sum(x * x for x in b)
            v = [x - c * y for x, y in zip(v, b, strict=True)]
        return v

    for row in rows:
        rest = freed(row)
        if any(rest):
            basis.append(rest)
    left = freed(target)
    return 1 - sum((v * v for v in left), Fraction(0)) / sum((v * v for v in target), Fraction(0))


class TotalCapacity(Defined, sp.Expr):
    """sum_l C[z_l], C[z] = 1 - min_w |z - X^T w|^2/|z|^2: how well a linear readout of the states X (N, T) makes each row z_l of Z.

    args: X, Z (L, T). Numerical definition: the regression of every row, in rational numbers.
    """

    is_commutative = True
    is_extended_real = True
    is_nonnegative = True

    def __new__(cls, X: Any, Z: Any) -> Any:
        return sp.Expr.__new__(cls, fixed(X), fixed(Z))

    def numerical(self, numbers: Numbers) -> Any:
        tables = [numbers.exactly(M) for M in self.args]
        if any(t is None for t in tables):
            raise Undefined("regressions are done in rational numbers")
        X, Z = ([[Fraction(int(e.p), int(e.q)) for e in t.row(i)] for i in range(t.rows)] for t in tables)  # type: ignore[union-attr]
        if any(not any(row) for row in Z):
            raise Undefined("a target that is 0")
        return balls.ball(sum((_explained(X, row) for row in Z), Fraction(0)))

    def _latex(self, printer: Any, exp: Any = None) -> str:
        text = r"\sum_{\ell} C[z_\ell]"
        return text if exp is None else rf"\left({text}\right)^{{{exp}}}"


class WindowCapacity(Defined, sp.Expr):
    """sum_S C[prod_{j in S} x_{t-j}] over the subsets S of the last K inputs: all functions of K fair signs x = +-1, by regression on h_t alone.

    args: F (an expression in h and x), h, x, start, K. Numerical definition: the map is run from `start` over every
    sequence of 10 signs, and each of the 2^K products is regressed on the state, without a constant.
    """

    is_commutative = True
    is_extended_real = True
    is_nonnegative = True

    def __new__(cls, *parts: Any) -> Any:
        return sp.Expr.__new__(cls, *map(sp.sympify, parts))

    @property
    def free_symbols(self) -> set[Any]:
        F, h, x, *others = self.args
        return (F.free_symbols - {h, x}).union(*(e.free_symbols for e in others))

    def numerical(self, numbers: Numbers) -> Any:
        F, h, x, start, K = self.args
        window = numbers.size(K)
        if not 1 <= window <= WINDOW // 2:
            raise Undefined(f"a window of {window} inputs is not enumerated")
        known = {s: numbers._value(s) for s in F.free_symbols - {h, x}}
        state = np.array([numbers._value(start)], dtype=object)
        for _ in range(WINDOW):  # the newest input is the fastest index
            known[h] = np.repeat(state, 2)
            known[x] = np.array([flint.arb(1), flint.arb(-1)] * len(state), dtype=object)
            state = balls.scalar(F, known.__getitem__)
            if not isinstance(state, np.ndarray):
                state = np.array([state] * len(known[h]), dtype=object)
        size, count = len(state), 2**window
        power = sum(v * v for v in state) / size
        if not power > 1e-30:
            raise Undefined("the state is always 0")
        means = [sum(state[j::count]) for j in range(count)]  # over everything before the window
        total = flint.arb(0)
        for chosen in range(count):
            projection = sum(m * (-1) ** (j & chosen).bit_count() for j, m in enumerate(means)) / size
            total = total + projection * projection / power
        return total

    def _latex(self, printer: Any, exp: Any = None) -> str:
        K = printer._print(self.args[4] - 1)
        return rf"\sum_{{S \subseteq \{{0, \dots, {K}\}}}} C\bigl[\textstyle\prod_{{j \in S}} x_{{t-j}}\bigr]"
