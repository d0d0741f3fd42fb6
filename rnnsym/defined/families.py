"""Quantities of families near their bifurcations, kept unevaluated: amplitudes, multipliers, sensitivities, speeds, limits.

Numerical definitions: the map run in machine numbers, Newton's method, bisection, difference quotients, repeated squaring.
May import: result, exact, vectors, defined.numbers, defined.bifurcations.
"""

from __future__ import annotations

import cmath
import math
from typing import Any

import flint
import numpy as np
import sympy as sp

from rnnsym.defined.bifurcations import (
    SMALL,
    STEP,
    ConditionOfMap,
    MatrixElement,
    NumberOfMap,
    OfMap,
    _fixed,
    slopes,
)
from rnnsym.defined.numbers import Defined, Numbers, Undefined
from rnnsym.exact import balls

SECOND = sp.Rational(
    1, 10**17
)  # of second differences: where a slope has a kink their error is of the size of the step


class InvariantCircle(NumberOfMap):
    """The invariant circle around a fixed point of two units: root mean square radius ("radius") or mean turn ("turn").

    Numerical definition: the map run in machine numbers until it settled, then averaged. Undefined near strong resonances.
    """

    def numerical(self, numbers: Numbers) -> Any:
        F, state, _, what = self.args
        values = {s: sp.Float(numbers.float(s), 17) for s in F.free_symbols - set(state)}
        step = sp.lambdify(list(state), list(F.xreplace(values)), modules="math")
        center = [float(v) for v in self.point(numbers)]
        table = np.array([[float(v) for v in row] for row in slopes(self.map(numbers), self.point(numbers))])
        pair = [v for v in np.linalg.eigvals(table) if v.imag > 1e-9]
        if not pair or abs(pair[0]) <= 1 or any(abs((pair[0] / abs(pair[0])) ** k - 1) < 0.3 for k in range(1, 5)):
            raise Undefined("no pair of multipliers outside the circle away from strong resonances")
        gain = abs(pair[0]) - 1
        x, y = center[0] + math.sqrt(gain), center[1]
        for _ in range(int(8 / gain)):
            x, y = step(x, y)
        total, turn, count = 0.0, 0.0, 10000
        old = complex(x - center[0], y - center[1])
        for _ in range(count):
            x, y = step(x, y)
            new = complex(x - center[0], y - center[1])
            total += abs(new) ** 2
            turn += cmath.phase(new / old)
            old = new
        return balls.ball(math.sqrt(total / count) if str(what) == "radius" else turn / count)

    def _latex(self, printer: Any, exp: Any = None) -> str:
        text = "r" if str(self.args[3]) == "radius" else r"\rho"
        return text if exp is None else f"{text}^{{{exp}}}"


class MultipliersAt(OfMap, sp.MatrixExpr):
    """The multipliers of a fixed point, all real, in increasing order; undefined where the point is not fixed."""

    def __new__(cls, *args: Any) -> Any:
        return sp.MatrixExpr.__new__(cls, *map(_fixed, args))

    @property
    def shape(self) -> tuple[Any, Any]:
        return sp.Integer(len(self.args[1])), sp.S.One

    def _entry(self, i: Any, j: Any, **_: Any) -> Any:
        return MatrixElement(self, i, j)

    def numerical(self, numbers: Numbers) -> Any:
        f, base = self.map(numbers), self.point(numbers)
        if not max(float(abs(v)) for v in f(base) - base) < 1e-25:
            return np.array([[balls.INFINITY]] * len(base), dtype=object)
        values = [flint.acb(v) for v in balls.eigenvalues(slopes(f, base))]
        return np.array([[v] for v in sorted((v.real for v in values), key=float)], dtype=object)

    def _latex(self, printer: Any) -> str:
        return r"\operatorname{spec} F'(h^\star)"


class Attracts(ConditionOfMap):
    """The point is fixed, is not the origin, and all its multipliers are inside the unit circle."""

    def holds(self, numbers: Numbers) -> bool | None:
        with balls.precision(numbers.digits):
            f, base = self.map(numbers), self.point(numbers)
            if not max(float(abs(v)) for v in f(base) - base) < 1e-25 or max(float(abs(v)) for v in base) < 1e-12:
                return False
            largest = max(float(abs(flint.acb(v))) for v in balls.eigenvalues(slopes(f, base)))
            return None if abs(largest - 1) < 1e-12 else largest < 1

    def _latex(self, printer: Any) -> str:
        return r"h^\star \neq 0 \text{ attracts}"


class NewtonPoint(NumberOfMap):
    """weights^T h* of the fixed point that Newton's method reaches from `point`; more: weights.

    Undefined where it reaches the origin.
    """

    def numerical(self, numbers: Numbers) -> Any:
        f, h = self.map(numbers), self.point(numbers)
        size = len(h)
        for _ in range(200):
            h = np.array([v.mid() for v in h], dtype=object)
            J = slopes(f, h)
            gap = f(h) - h
            eye = np.array([[flint.arb(int(i == k)) for k in range(size)] for i in range(size)], dtype=object)
            move = balls.inverse(eye - J) @ gap
            if any(not float(abs(v)) < 1e3 for v in move):
                raise Undefined("Newton's method left")
            h = h + move
            if max(float(abs(v)) for v in move) < 1e-40:
                break
        else:
            raise Undefined("Newton's method did not settle")
        if max(float(abs(v)) for v in h) < 1e-25:
            raise Undefined("Newton's method reached the origin")
        return sum((numbers._value(w) * v for w, v in zip(self.args[3], h, strict=True)), flint.arb(0))

    def _latex(self, printer: Any, exp: Any = None) -> str:
        text = r"v^{\mathsf T} h^\star"
        return text if exp is None else rf"\left({text}\right)^{{{exp}}}"


class LargestState(Defined, sp.Expr):
    """The largest solution of s = tanh(gain s): 0 for gain <= 1; by bisection."""

    is_commutative = True
    is_extended_real = True

    def __new__(cls, gain: Any) -> Any:
        return sp.Expr.__new__(cls, sp.sympify(gain))

    def numerical(self, numbers: Numbers) -> Any:
        gain = numbers._value(self.args[0])
        if not gain > 1:
            return balls.ball(0)
        low, high = balls.ball(SMALL), flint.arb(1)
        if not (gain * low).tanh() > low:
            raise Undefined("too near the pitchfork")
        for _ in range(190):
            middle = ((low + high) / 2).mid()
            low, high = (middle, high) if (gain * middle).tanh() > middle else (low, middle)
        return low

    def _latex(self, printer: Any, exp: Any = None) -> str:
        text = rf"\max\{{s : s = \tanh\left({printer._print(self.args[0])} s\right)\}}"
        return text if exp is None else rf"\left({text}\right)^{{{exp}}}"


class Sensitivity(NumberOfMap):
    """dh*/d theta of the fixed point that is reached from `point` (one unit); more: theta (a symbol), its value."""

    @property
    def free_symbols(self) -> set[Any]:
        found: set[Any] = super().free_symbols - {self.args[3]} | self.args[4].free_symbols
        return found

    def numerical(self, numbers: Numbers) -> Any:
        F, state, point, theta, value = self.args
        level = numbers._value(value)
        step = balls.ball(STEP)
        sides = []
        for change in (step, -step):
            moved = numbers.copy({theta: level + change}, without={theta})
            sides.append(NewtonPoint(F, state, point, (1,)).numerical(moved))
        return (sides[0] - sides[1]) / (2 * step)

    def _latex(self, printer: Any, exp: Any = None) -> str:
        text = rf"\frac{{\mathrm{{d}} h^\star}}{{\mathrm{{d}} {printer._print(self.args[3])}}}"
        return text if exp is None else rf"\left({text}\right)^{{{exp}}}"


class PowerLimit(Defined, sp.MatrixExpr):
    """The limit of A^t as t grows, by repeated squaring; undefined where it does not settle."""

    def __new__(cls, matrix: Any) -> Any:
        return sp.MatrixExpr.__new__(cls, _fixed(matrix))

    @property
    def shape(self) -> tuple[Any, Any]:
        return self.args[0].shape

    def _entry(self, i: Any, j: Any, **_: Any) -> Any:
        return MatrixElement(self, i, j)

    def numerical(self, numbers: Numbers) -> Any:
        exact = numbers.exactly(self.args[0])
        table = (
            numbers._value(self.args[0])
            if exact is None
            else np.array([balls.ball(e) for e in exact], dtype=object).reshape(self.shape)
        )
        mid = np.frompyfunc(lambda v: v.mid(), 1, 1)
        for _ in range(24):
            new = mid(table @ table)
            if not max(float(abs(v)) for v in new.flat) < 1e6:
                return np.full(table.shape, balls.INFINITY, dtype=object)
            gap = max(float(abs(v)) for v in (new - table).flat)
            table = new
            if gap < 1e-25:
                return table
        raise Undefined("the powers do not settle")

    def _latex(self, printer: Any) -> str:
        return rf"\lim_{{t \to \infty}} \left({printer._print(self.args[0])}\right)^t"


class SquaredSpeed(Defined, sp.MatrixExpr):
    """The gradient (order 1) or Hessian (order 2) of q(h) = ||F(h) - h||^2/2 by differences.

    args: order, state (one block), new, equations, binding.
    """

    def __new__(cls, order: Any, state: Any, new: Any, equations: Any, binding: Any = ()) -> Any:
        pairs = [sp.Tuple(*(sp.Tuple(*pair) for pair in part)) for part in (equations, binding)]
        return sp.MatrixExpr.__new__(cls, sp.Integer(order), state, new, *pairs)

    @property
    def shape(self) -> tuple[Any, Any]:
        rows = self.args[1].shape[0]
        return rows, rows if self.args[0] == 2 else sp.S.One

    @property
    def free_symbols(self) -> set[Any]:
        _, state, _, equations, binding = self.args
        named, bound = {name for name, _ in equations}, {s for s, _ in binding}
        tables = [t for s, t in binding if s not in named]
        found = set().union(
            *(e.free_symbols for _, e in equations), *(t.free_symbols for t in tables), state.free_symbols
        )
        return found - named - bound

    def _entry(self, i: Any, j: Any, **_: Any) -> Any:
        return MatrixElement(self, i, j)

    def numerical(self, numbers: Numbers) -> Any:
        order, state, new, equations, binding = self.args
        named = {name for name, _ in equations}
        base = numbers.copy({s: numbers._value(t) for s, t in binding if s not in named})
        center = base._value(state)
        size = len(center)

        def speed(*shifts: tuple[int, Any]) -> Any:
            table = center.copy()
            for place, change in shifts:
                table[place, 0] = table[place, 0] + change
            moved = base.copy({state: table}, without={state, *named})
            moved.know(state, table)
            for name, expression in equations:
                moved.know(name, moved._value(expression))
            gap = (moved._value(new) - table)[:, 0]
            return sum((v * v for v in gap), flint.arb(0)) / 2

        step = balls.ball(STEP if order == 1 else SECOND)
        if order == 1:
            return np.array([[(speed((k, step)) - speed((k, -step))) / (2 * step)] for k in range(size)], dtype=object)
        rows = [
            [
                sum(a * b * speed((i, a * step), (k, b * step)) for a in (1, -1) for b in (1, -1)) / (4 * step * step)
                for k in range(size)
            ]
            for i in range(size)
        ]
        return np.array(rows, dtype=object)

    def _latex(self, printer: Any) -> str:
        text = rf"\tfrac12 \left\lVert {printer._print(self.args[2])} - {printer._print(self.args[1])} \right\rVert^2"
        return (r"\nabla " if self.args[0] == 1 else r"\nabla^2 ") + text
