"""Quantities of one-step methods and of error recursions, kept unevaluated: each is run as it is defined.

Numerical definitions: the recursion step after step, the stage equations of a Runge-Kutta method solved with the numbers
put in, the exact flow. May import: result, exact, vectors, the numbers and systems of `defined`.
"""

from __future__ import annotations

from typing import Any

import flint
import numpy as np
import sympy as sp

from rnnsym.defined.numbers import Defined, Numbers, Undefined
from rnnsym.defined.quantities import _Scalar
from rnnsym.defined.systems import OfSystem, exponential, fixed
from rnnsym.exact import balls


class Propagated(Defined, sp.MatrixExpr):
    """e_N of e_(k+1) = G_k e_k + tau_k from e_0, run step after step; args: e_0, (G_0, ...), (tau_0, ...)."""

    def __new__(cls, start: Any, factors: Any, sources: Any) -> Any:
        return sp.MatrixExpr.__new__(
            cls, fixed(start), *(sp.Tuple(*(fixed(p) for p in part)) for part in (factors, sources))
        )

    @property
    def shape(self) -> tuple[Any, Any]:
        return self.args[0].shape

    def numerical(self, numbers: Numbers) -> Any:
        start, factors, sources = self.args
        error = numbers._value(start)
        for factor, source in zip(factors, sources, strict=True):
            error = numbers._value(factor) @ error + numbers._value(source)
        return error

    def _sympystr(self, printer: Any) -> str:
        return f"e_{len(self.args[1])}"

    def _latex(self, printer: Any) -> str:
        return f"e_{{{len(self.args[1])}}}"


class MethodStep(OfSystem):
    """The matrix of one step of a Runge-Kutta method on y' = A y: y + h sum_i b_i k_i, k_i = A (y + h sum_j c_ij k_j).

    args: A, h, C (s, s), b (1, s), name. Numerical definition: the stage equations solved for the unit vectors.
    """

    def __new__(cls, A: Any, h: Any, C: Any, b: Any, name: Any = "R") -> Any:
        return sp.MatrixExpr.__new__(cls, *map(fixed, (A, h, C, b)), sp.Symbol(str(name)))

    @property
    def shape(self) -> tuple[Any, Any]:
        return self.args[0].shape

    @property
    def free_symbols(self) -> set[Any]:
        found: set[Any] = self.args[0].free_symbols | self.args[1].free_symbols
        return found

    def numerical(self, numbers: Numbers) -> Any:
        A, h, C, b = (numbers._value(part) for part in self.args[:4])
        n, s = len(A), len(C)
        one = numbers._value(sp.Identity(n))
        stages = numbers._value(sp.Identity(n * s)) - np.kron(C, A) * h
        inverse = balls.inverse(stages)
        if any(map(balls.is_nan, inverse.flat)):
            raise Undefined("the stage equations have no solution")
        slopes = inverse @ np.concatenate([A] * s, axis=0)
        return one + h * sum((b[0, i] * slopes[i * n : (i + 1) * n] for i in range(1, s)), b[0, 0] * slopes[:n])

    def _sympystr(self, printer: Any) -> str:
        A, h, _, _, name = map(printer._print, self.args)
        return f"{name}({h}*{A})"

    def _latex(self, printer: Any) -> str:
        A, h, _, _, name = self.args
        return rf"R_{{\text{{{str(name).replace('_', ' ')}}}}}\left({printer._print(h)} {printer._print(A)}\right)"


class PartitionedStep(OfSystem):
    """The matrix of one step of symplectic Euler on y' = A y, y = (x, v) in halves; args: A, h.

    x' = x + h (A_11 x + A_12 v), then v' = v + h (A_21 x' + A_22 v): run for the unit vectors.
    """

    @property
    def shape(self) -> tuple[Any, Any]:
        return self.args[0].shape

    def numerical(self, numbers: Numbers) -> Any:
        A, h = (numbers._value(part) for part in self.args)
        n = len(A) // 2
        state = numbers._value(sp.Identity(2 * n))
        x, v = state[:n], state[n:]
        moved = x + h * (A[:n, :n] @ x + A[:n, n:] @ v)
        return np.concatenate([moved, v + h * (A[n:, :n] @ moved + A[n:, n:] @ v)], axis=0)

    def _latex(self, printer: Any) -> str:
        A, h = map(printer._print, self.args)
        return rf"R_{{\text{{symplectic Euler}}}}\left({h} {A}\right)"


class GlobalError(Defined, sp.Expr):
    """e_N = y(N h) - y_N of a one-step method on y' = lambda y; args: step (a MethodStep of [[lambda]]), lambda, h, N, y_0.

    The method is run N times (by squaring its step), the flow is the exponential.
    """

    is_commutative = True
    is_extended_real = True

    def __new__(cls, step: Any, rate: Any, h: Any, count: Any, start: Any) -> Any:
        return sp.Expr.__new__(cls, step, *map(sp.sympify, (rate, h, count, start)))

    def numerical(self, numbers: Numbers) -> Any:
        step, rate, h, count, start = self.args
        times = numbers.size(count)
        if times > 10**9:
            raise Undefined(f"{times} steps are too many")
        factor, product = numbers._value(step)[0, 0], balls.ball(1)
        left = times
        while left:
            product = product * factor if left & 1 else product
            factor, left = factor * factor, left >> 1
        flow = exponential(np.array([[numbers._value(rate) * numbers._value(h) * times]], dtype=object))[0, 0]
        return (flow - product) * numbers._value(start)

    def _sympystr(self, printer: Any) -> str:
        return f"e_{printer._print(self.args[3])}"

    def _latex(self, printer: Any, exp: Any = None) -> str:
        text = rf"y({printer._print(self.args[3] * self.args[2])}) - y_{{{printer._print(self.args[3])}}}"
        return rf"\left[{text}\right]" + ("" if exp is None else f"^{{{exp}}}")


class ResidualGap(Defined, sp.Expr):
    """y(N h) - y_N for y' = tanh(w y) and y_(k+1) = y_k + h tanh(w y_k), y_0 = y; args: w, h, N, y_0.

    The flow keeps e^(-w t) sinh(w y) constant.
    """

    is_commutative = True
    is_extended_real = True

    def __new__(cls, *parts: Any) -> Any:
        return sp.Expr.__new__(cls, *map(sp.sympify, parts))

    def numerical(self, numbers: Numbers) -> Any:
        w, h, count, start = self.args
        weight, step, state = (numbers._value(e) for e in (w, h, start))
        times = numbers.size(count)
        if times > 2000:
            raise Undefined(f"{times} steps are too many to follow")
        if weight == 0:
            return balls.ball(0)
        flow = ((weight * step * times).exp() * (weight * state).sinh()).asinh() / weight
        for _ in range(times):
            state = (state + step * (weight * state).tanh()).mid()
        return flow - state

    def _latex(self, printer: Any, exp: Any = None) -> str:
        text = rf"y({printer._print(self.args[2] * self.args[1])}) - y_{{{printer._print(self.args[2])}}}"
        return rf"\left[{text}\right]" + ("" if exp is None else f"^{{{exp}}}")


class AfterStep(Defined, sp.Expr):
    """The value of an expression in some variables after one step of a linear map; args: expression, variables, step."""

    is_commutative = True

    def __new__(cls, expression: Any, variables: Any, step: Any) -> Any:
        return sp.Expr.__new__(cls, sp.sympify(expression), sp.Tuple(*variables), fixed(step))

    def numerical(self, numbers: Numbers) -> Any:
        expression, variables, step = self.args
        state = np.array([[numbers._value(v)] for v in variables], dtype=object)
        moved = numbers._value(step) @ state
        values = {v: moved[i, 0] for i, v in enumerate(variables)}
        return numbers.copy(values, without=set(variables)).copy(values)._value(expression)

    def _sympystr(self, printer: Any) -> str:
        expression, variables, _ = map(printer._print, self.args)
        return f"({expression}) after a step of {variables}"

    def _latex(self, printer: Any, exp: Any = None) -> str:
        expression, variables, step = self.args
        old = r" \\ ".join(map(printer._print, variables))
        column = rf"\left(\begin{{smallmatrix}} {old} \end{{smallmatrix}}\right)"
        text = rf"\left. \left({printer._print(expression)}\right) \right|_{{{column} \mapsto R {column}}}"
        return text if exp is None else rf"\left({text}\right)^{{{exp}}}"


class TraceOf(_Scalar):
    """tr M, the sum of the diagonal of the matrix with the numbers put in."""

    sign = r"\operatorname{tr}\left(%s\right)"

    def numerical(self, numbers: Numbers) -> Any:
        table = numbers._value(self.matrix)
        return sum((table[i, i] for i in range(1, len(table))), table[0, 0])


class TurnAngle(_Scalar):
    """The angle in (0, pi) of the complex pair of eigenvalues of a matrix; undefined where they are real."""

    sign = r"\arg \lambda\left(%s\right)"
    is_positive = True

    def numerical(self, numbers: Numbers) -> Any:
        values = [flint.acb(v) for v in balls.eigenvalues(numbers._value(self.matrix))]
        pairs = [v for v in values if v.imag > 0 and float(v.imag) > 1e-25]
        if len(pairs) != 1:
            raise Undefined("there is not one complex pair")
        return pairs[0].arg()


__all__ = [
    "AfterStep", "GlobalError", "MethodStep", "PartitionedStep", "Propagated", "ResidualGap", "TraceOf", "TurnAngle",
]  # fmt: skip
