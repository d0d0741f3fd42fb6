"""Quantities of modes and of long runs, kept unevaluated: mixed derivatives, coupling tensors, mean logarithms.

Numerical definitions: differences in 60 digits, sums over units with the basis inverted, transition matrices, quadrature.
May import: result, exact, vectors, defined.numbers, defined.predicates.
"""

from __future__ import annotations

from itertools import product
from typing import Any

import flint
import mpmath
import numpy as np
import sympy as sp

from rnnsym.defined.numbers import Defined, Numbers, Undefined
from rnnsym.defined.predicates import Predicate
from rnnsym.exact import balls

STEP = sp.Rational(1, 10**9)  # of a central difference at 60 digits: third derivatives to 17 digits and more


class MixedDerivatives(Defined, sp.MatrixExpr):
    """d^k F_i / dy_j dy_k ... at y = 0, a row for each entry of F, a column for each (j, k, ...) in lexicographic order.

    args: F (an explicit column), variables, order. Numerical definition: nested central differences, one step halved.
    """

    def __new__(cls, column: Any, variables: Any, order: Any) -> Any:
        return sp.MatrixExpr.__new__(cls, sp.ImmutableMatrix(column), sp.Tuple(*variables), sp.Integer(int(order)))

    @property
    def shape(self) -> tuple[Any, Any]:
        return sp.Integer(self.args[0].rows), sp.Integer(len(self.args[1]) ** int(self.args[2]))

    @property
    def free_symbols(self) -> set[Any]:
        return self.args[0].free_symbols - set(self.args[1])

    def _entry(self, i: Any, j: Any, **_: Any) -> Any:
        return sp.matrices.expressions.matexpr.MatrixElement(self, i, j)

    def numerical(self, numbers: Numbers) -> Any:
        column, variables, order = self.args
        coarse, fine = (self._differences(numbers, STEP / k) for k in (1, 2))
        del column, variables, order
        return (4 * fine - coarse) / 3  # Richardson: the error of order STEP^2 drops out

    def _differences(self, numbers: Numbers, step: Any) -> Any:
        column, variables, order = self.args
        count, memo = len(variables), {}

        def at(place: tuple[int, ...]) -> Any:
            if place not in memo:
                point = {v: balls.ball(step * k) for v, k in zip(variables, place, strict=True)}
                memo[place] = numbers.copy(point, without=set(variables)).copy(point)._value(column)[:, 0]
            return memo[place]

        columns = []
        for indices in product(range(count), repeat=int(order)):
            total: Any = 0
            for signs in product((1, -1), repeat=int(order)):
                place = [0] * count
                for i, s in zip(indices, signs, strict=True):
                    place[i] += s
                total = total + int(np.prod(signs)) * at(tuple(place))
            columns.append(total / balls.ball((2 * step) ** int(order)))
        return np.stack(columns, axis=1)

    def _latex(self, printer: Any) -> str:
        order = int(self.args[2])
        inside = " ".join(rf"\partial y_{{{k}}}" for k in "jklmnp"[:order])
        return rf"\left. \frac{{\partial^{{{order}}} y_i'}}{{{inside}}} \right|_{{y = 0}}"


class CouplingTensor(Defined, sp.MatrixExpr):
    """C_ijkl = sum_m (Q^-1)_im Q_mj Q_mk Q_ml as a matrix (n, n^3), (j, k, l) in lexicographic order."""

    def __new__(cls, basis: Any) -> Any:
        return sp.MatrixExpr.__new__(cls, sp.ImmutableMatrix(basis))

    @property
    def shape(self) -> tuple[Any, Any]:
        n = self.args[0].rows
        return sp.Integer(n), sp.Integer(n**3)

    def _entry(self, i: Any, j: Any, **_: Any) -> Any:
        return sp.matrices.expressions.matexpr.MatrixElement(self, i, j)

    def numerical(self, numbers: Numbers) -> Any:
        return coupling(numbers._value(self.args[0]))

    def _latex(self, printer: Any) -> str:
        return r"\sum_m (Q^{-1})_{im} Q_{mj} Q_{mk} Q_{ml}"


def coupling(basis: Any) -> Any:
    """The coupling tensor of a table of balls, in rows i and columns (j, k, l)."""
    n, inverse = len(basis), balls.inverse(basis)
    if any(map(balls.is_nan, inverse.flat)):
        raise Undefined("the modes are no basis")
    cubes = [[basis[m, j] * basis[m, k] * basis[m, s] for j, k, s in product(range(n), repeat=3)] for m in range(n)]
    return inverse @ np.array(cubes, dtype=object).reshape(n, n**3)


class ModesDecouple(Predicate):
    """Every mode maps to itself alone to third order: C_ijkl = 0 unless i = j = k = l."""

    def holds(self, numbers: Numbers) -> bool | None:
        table = coupling(numbers._value(self.args[0]))
        n = len(table)
        for i, (place, (j, k, s)) in product(range(n), enumerate(product(range(n), repeat=3))):
            if not (i == j == k == s) and float(abs(table[i, place])) > 1e-30:
                return False
        return True

    def _latex(self, printer: Any) -> str:
        return rf"C_{{ijkl}}\left({printer._print(self.args[0])}\right) = 0 \text{{ unless }} i = j = k = l"

    def _sympystr(self, printer: Any) -> str:
        return f"the modes {printer._print(self.args[0])} decouple"


class TentExponent(Defined, sp.Expr):
    """The Lyapunov exponent of z' = a z + w max(z, 0) + c where 0, F(0), F(F(0)) cut its interval into full branches.

    Numerical definition: the interval by running the map, the transition probabilities of its two parts from their
    lengths, the stationary distribution by iteration, and the mean of log |slope| under it. args: a, w, c.
    """

    is_commutative = True
    is_extended_real = True

    def __new__(cls, *parts: Any) -> Any:
        return sp.Expr.__new__(cls, *map(sp.sympify, parts))

    def numerical(self, numbers: Numbers) -> Any:
        a, w, c = (numbers._value(e) for e in self.args)

        def step(z: Any) -> Any:
            return a * z + w * z.max(flint.arb(0)) + c

        top = step(flint.arb(0))
        bottom = step(top)
        if not (bottom < 0 < top):
            return balls.INFINITY  # the orbit of 0 leaves: no bounded chaos
        if float(abs(step(bottom) - bottom)) > 1e-30:
            raise Undefined("the branches are not full")
        lengths = [-bottom, top]
        images = [(step(bottom), top), (bottom, step(flint.arb(0)))]
        rows = []
        for low, high in images:
            cut = [flint.arb(0) - low, high]
            rows.append([v / (high - low) for v in cut])
        share = [v / (top - bottom) for v in lengths]
        for _ in range(200):
            share = [share[0] * rows[0][k] + share[1] * rows[1][k] for k in range(2)]
        slopes = [(step(bottom / 2) - step(bottom)) / (-bottom / 2), (step(top) - step(top / 2)) / (top / 2)]
        return sum((p * abs(s).log() for p, s in zip(share, slopes, strict=True)), flint.arb(0))

    def _latex(self, printer: Any, exp: Any = None) -> str:
        text = rf"\lambda\left({', '.join(map(printer._print, self.args))}\right)"
        return text if exp is None else f"{text}^{{{exp}}}"


class MeanLogVolume(Defined, sp.Expr):
    """E ln|det W| / N for independent normal entries of variance g^2/N; args: N, g.

    Numerical definition: |det W| is a product of lengths of independent normal columns after projection, the j-th a
    chi variable with j degrees of freedom; E ln of each by quadrature of its density.
    """

    is_commutative = True
    is_extended_real = True

    def __new__(cls, size: Any, gain: Any) -> Any:
        return sp.Expr.__new__(cls, sp.sympify(size), sp.sympify(gain))

    def numerical(self, numbers: Numbers) -> Any:
        count, gain = numbers.size(self.args[0]), numbers._value(self.args[1])
        with mpmath.workdps(25):
            total = mpmath.mpf(0)
            for j in range(1, count + 1):
                scale = 2 ** (1 - mpmath.mpf(j) / 2) / mpmath.gamma(mpmath.mpf(j) / 2)

                def weight(r: Any, j: int = j, scale: Any = scale) -> Any:
                    return scale * r ** (j - 1) * mpmath.exp(-r * r / 2) * mpmath.log(r)

                total += mpmath.quad(weight, [0, 0.5, 1, 2, 4, 8, 16])
            mean = mpmath.nstr(total / count, 22)
        return flint.arb(mean) + (gain / flint.arb(count).sqrt()).log()

    def _latex(self, printer: Any, exp: Any = None) -> str:
        text = r"\tfrac{1}{N} \mathbb{E} \ln \left|\det W\right|"
        return text if exp is None else rf"\left({text}\right)^{{{exp}}}"


__all__ = ["CouplingTensor", "MeanLogVolume", "MixedDerivatives", "ModesDecouple", "TentExponent"]
