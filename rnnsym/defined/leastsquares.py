"""Inputs of least energy and states of least squared error, kept unevaluated; solved by projection in exact fractions.

May import: result, exact, vectors, the rest of `defined`.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import flint
import numpy as np
import sympy as sp

from rnnsym.defined.numbers import Defined, Numbers, Undefined
from rnnsym.defined.systems import OfSystem, fixed
from rnnsym.exact import balls


class LeastInput(OfSystem):
    """The input x_1, ..., x_T (its rows) of least energy with A^T h_0 + sum A^(T-t) B x_t = goal; args: A, B, h_0, goal, T.

    By projection: the forced states are made orthogonal one after the other, in fractions. No input at all, if the goal
    is out of reach: infinite.
    """

    @property
    def shape(self) -> tuple[Any, Any]:
        _, B, _, _, T = self.args
        return T, B.shape[1]

    def solution(self, numbers: Numbers) -> tuple[Any, Any]:
        A, B, start, goal, T = self.args
        steps = numbers.size(T)
        step, push = _values(A, numbers), _values(B, numbers)
        free = _values(start, numbers)
        columns = [push]
        for _ in range(steps):
            free = step @ free
            columns.append(step @ columns[-1])
        rows = np.concatenate(columns[:steps][::-1], axis=1) if steps else np.empty((len(step), 0), dtype=object)
        return least_norm(rows, (_values(goal, numbers) - free)[:, 0])

    def numerical(self, numbers: Numbers) -> Any:
        found, _ = self.solution(numbers)
        return found.reshape(numbers.size(self.args[4]), -1)

    def _sympystr(self, printer: Any) -> str:
        return "LeastInput"

    def _latex(self, printer: Any) -> str:
        _, _, start, goal, T = (printer._print(a) for a in self.args)
        return rf"\operatorname*{{arg\,min}}_{{x:\, {start} \to {goal}}} \sum_{{t=1}}^{{{T}}} \lVert x_t \rVert^2"


class LeastEnergy(Defined, sp.Expr):
    """The energy sum_t |x_t|^2 of the least input; infinite where the goal is out of reach."""

    is_commutative = True
    is_extended_real = True

    def __new__(cls, *parts: Any) -> Any:
        return sp.Expr.__new__(cls, *map(fixed, parts))

    def numerical(self, numbers: Numbers) -> Any:
        return LeastInput(*self.args).solution(numbers)[1]

    def _sympystr(self, printer: Any) -> str:
        return "LeastEnergy"

    def _latex(self, printer: Any) -> str:
        _, _, start, goal, T = (printer._print(a) for a in self.args)
        return rf"\min_{{x:\, {start} \to {goal}}} \sum_{{t=1}}^{{{T}}} \lVert x_t \rVert^2"


class InitialState(OfSystem):
    """The state h_0 that explains outputs y under inputs x best, in the sense of least squares; their rows are the times.

    args: A, B, C, D, y, x, readout. "current": y_0 = C h_0 + D x_0, then h_t = A h_(t-1) + B x_t and y_t = C h_t + D x_t;
    "previous": y_t = C h_(t-1) + D x_t, then the step. Where several states explain them equally well there is none.
    """

    @property
    def shape(self) -> tuple[Any, Any]:
        return self.args[0].shape[0], sp.S.One

    def numerical(self, numbers: Numbers) -> Any:
        A, B, C, D, outputs, inputs = (_values(a, numbers) for a in self.args[:6])
        current, n = str(self.args[6]) == "current", len(A)
        free = np.array([[Fraction(int(i == j)) for j in range(n)] for i in range(n)], dtype=object)
        forced = np.array([[Fraction(0)] for _ in range(n)], dtype=object)
        rows, targets = [], []
        for k, y in enumerate(outputs):
            x = inputs[k].reshape(-1, 1) if B.shape[1] else None
            push = 0 * forced if x is None else B @ x
            if current and k > 0:
                free, forced = A @ free, A @ forced + push
            direct = 0 if x is None else D @ x
            rows.append(C @ free)
            targets.append(y.reshape(-1, 1) - C @ forced - direct)
            if not current:
                free, forced = A @ free, A @ forced + push
        return least_squares(np.concatenate(rows), np.concatenate(targets)[:, 0]).reshape(-1, 1)

    def _sympystr(self, printer: Any) -> str:
        return "InitialState"

    def _latex(self, printer: Any) -> str:
        return r"\operatorname*{arg\,min}_{h_0} \sum_t \lVert y_t - \hat y_t(h_0, x) \rVert^2"


def _values(part: Any, numbers: Numbers) -> Any:
    """Fractions where the entries are rational at the draw, otherwise balls."""
    if 0 in part.shape:
        return np.empty(tuple(int(s) for s in part.shape), dtype=object)
    exact = numbers.exactly(part)
    if exact is None:
        return numbers._value(part)
    entries = [Fraction(int(e.p), int(e.q)) for e in exact]
    return np.array(entries, dtype=object).reshape(exact.shape)


def _balls(values: Any) -> Any:
    table = np.empty(np.shape(values), dtype=object)
    for index, v in np.ndenumerate(values):
        table[index] = balls.ball(v)
    return table


def _vanishes(number: Any) -> bool:
    if isinstance(number, Fraction | int):
        return number == 0
    if number.contains(0) if isinstance(number, flint.arb) else abs(number).contains(0):
        raise Undefined("a pivot may be zero: the balls cannot tell")
    return False


def least_norm(rows: Any, target: Any) -> tuple[Any, Any]:
    """The shortest u with rows u = target, and |u|^2; infinite entries where there is none."""
    if any(not isinstance(v, Fraction) for v in (*rows.flat, *target.flat)):
        rows, target = _balls(rows), _balls(target)
    kept: list[tuple[Any, Any, Any]] = []
    for row, wanted in zip(rows, target, strict=True):
        row = row.copy()
        for other, square, value in kept:
            share = _dot(row, other) / square
            row, wanted = row - share * other, wanted - share * value
        square = _dot(row, row)
        if _vanishes(square):
            if not _vanishes(wanted):
                return np.full(rows.shape[1], balls.INFINITY, dtype=object), balls.INFINITY
            continue
        kept.append((row, square, wanted))
    found = np.array([Fraction(0)] * rows.shape[1], dtype=object)
    energy: Any = Fraction(0)
    for row, square, value in kept:
        found = found + (value / square) * row
        energy = energy + value * value / square
    return _balls(found), balls.ball(energy)


def least_squares(rows: Any, target: Any) -> Any:
    """The u that makes |rows u - target| least; infinite entries where it is not unique."""
    if any(not isinstance(v, Fraction) for v in (*rows.flat, *target.flat)):
        rows, target = _balls(rows), _balls(target)
    columns: list[Any] = []
    residual, shares = target.copy(), []
    for j in range(rows.shape[1]):
        column, mixed = rows[:, j].copy(), {j: Fraction(1)}
        for other, square, combination in columns:
            share = _dot(column, other) / square
            column = column - share * other
            for k, c in combination.items():
                mixed[k] = mixed.get(k, 0) - share * c
        square = _dot(column, column)
        if _vanishes(square):
            return np.full(rows.shape[1], balls.INFINITY, dtype=object)
        columns.append((column, square, mixed))
        amount = _dot(residual, column) / square
        residual = residual - amount * column
        shares.append((amount, mixed))
    found = [Fraction(0)] * rows.shape[1]
    for amount, mixed in shares:
        for k, c in mixed.items():
            found[k] = found[k] + amount * c
    return _balls(np.array(found, dtype=object))


def _dot(a: Any, b: Any) -> Any:
    total: Any = Fraction(0)
    for x, y in zip(a, b, strict=True):
        total = total + x * y
    return total
