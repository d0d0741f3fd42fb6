"""Derivatives through time, kept unevaluated: d h_t/d h_k, influences of parameters, gradients of losses, adjoints.

Derivatives are central differences of the run itself at 60 digits (`runs.Path`); `AdjointAt` is the formula's side: it
evaluates the adjoint recursion as it is written. May import: result, exact, vectors, defined.numbers,
defined.predicates, defined.quantities, defined.runs.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import sympy as sp
from sympy.logic.boolalg import Boolean

from rnnsym.defined.numbers import Numbers, Undefined, at_index
from rnnsym.defined.predicates import Predicate
from rnnsym.defined.quantities import STEP_DIGITS, Gradient, _slope
from rnnsym.defined.runs import ColumnOf, OnPath, timed
from rnnsym.exact import balls


class Propagator(OnPath):
    """d h_t / d h_k along a path, all state blocks stacked; zero for k > t: a state does not act on the past.

    args: path, k, t. Numerical definition: central differences in 60-digit arithmetic.
    """

    def __new__(cls, path: Any, k: Any, t: Any) -> Any:
        return sp.MatrixExpr.__new__(cls, path, sp.S(k), sp.S(t))

    @property
    def shape(self) -> tuple[Any, Any]:
        return self.width, self.width

    @property
    def free_symbols(self) -> set[Any]:
        return self.path.free_symbols.union(*(a.free_symbols for a in self.args[1:]))

    def numerical(self, numbers: Numbers) -> Any:
        path = self.path
        k, t = (numbers.size(a) for a in self.args[1:])
        if t < k:
            return numbers._value(sp.ZeroMatrix(*self.shape))
        before = path.values(numbers, k)
        start = path.stacked(before)
        center = path.stacked(path.values(numbers, t))

        def end(point: Any) -> Any:
            return path.stacked(path.run(numbers, path.cut(before, point), k + 1, t)[-1]) if t > k else point

        return _by_entries(end, start, center)

    def _latex(self, printer: Any) -> str:
        _, k, t = self.args
        return rf"\frac{{\partial {self._states(printer, t)}}}{{\partial {self._states(printer, k)}}}"

    def _sympystr(self, printer: Any) -> str:
        k, t = (printer._print(a) for a in self.args[1:])
        return f"d h[{t}]/d h[{k}]"


class Influence(OnPath):
    """M_t = d h_t / d vec(theta) along a path, every use of the parameter theta up to time t counted; M_0 = 0.

    args: path, parameter, t. Numerical definition: central differences of the run in the parameter.
    """

    def __new__(cls, path: Any, parameter: Any, t: Any) -> Any:
        return sp.MatrixExpr.__new__(cls, path, parameter, sp.S(t))

    @property
    def shape(self) -> tuple[Any, Any]:
        return self.width, _count(self.args[1])

    @property
    def free_symbols(self) -> set[Any]:
        return self.path.free_symbols | self.args[2].free_symbols

    def numerical(self, numbers: Numbers) -> Any:
        path, parameter = self.path, self.args[1]
        t = numbers.size(self.args[2])
        start = path.values(numbers, 0)
        center = path.stacked(path.values(numbers, t))

        def end(changed: Any) -> Any:
            return path.stacked(path.run(numbers, start, 1, t, {parameter: changed})[-1]) if t else center

        return _by_entries(end, numbers._value(parameter), center)

    def _latex(self, printer: Any) -> str:
        return rf"\frac{{\partial {self._states(printer, self.args[2])}}}{{\partial {_vec(printer, self.args[1])}}}"

    def _sympystr(self, printer: Any) -> str:
        return f"d h[{printer._print(self.args[2])}]/d {self.args[1]}"


class LossGradient(OnPath):
    """The gradient of L = sum_(s=1)^T e_s^T h_s, in the shape of the variable: a parameter, or the state at time t.

    Any loss sum_s l_s(h_s) has this gradient with e_s = d l_s/d h_s. args: path, variable (a parameter, or the time t as
    an expression), errors (a sequence for each state block), block (of a state, or -1 for all stacked).
    Numerical definition: central differences of the run.
    """

    def __new__(cls, path: Any, variable: Any, errors: Any, block: Any = -1) -> Any:
        return sp.MatrixExpr.__new__(cls, path, variable, sp.Tuple(*errors), sp.S(block))

    @property
    def of_parameter(self) -> bool:
        variable = self.args[1]
        return getattr(variable, "is_Matrix", False) or not variable.is_integer

    @property
    def shape(self) -> tuple[Any, Any]:
        variable, block = self.args[1], int(self.args[3])
        if self.of_parameter:
            return variable.shape if variable.is_Matrix else (sp.S.One, sp.S.One)
        return (self.width if block < 0 else self.path.args[0][block].shape[0]), sp.S.One

    @property
    def free_symbols(self) -> set[Any]:
        return self.path.free_symbols.union(self.args[1].free_symbols, *(e.free_symbols for e in self.args[2]))

    def numerical(self, numbers: Numbers) -> Any:
        path, variable = self.path, self.args[1]
        horizon = numbers.size(path.horizon)
        errors = np.concatenate([numbers._value(e) for e in self.args[2]])

        def loss(states: list[Any]) -> Any:
            first = horizon - len(states)  # the states are the last ones
            total = sum(((errors[:, first + k] * h[:, 0]).sum() for k, h in enumerate(states)), balls.ball(0))
            return np.array([[total]], dtype=object)

        if self.of_parameter:
            start = path.values(numbers, 0)
            center = loss([path.stacked(path.values(numbers, s)) for s in range(1, horizon + 1)])
            value = numbers._value(variable)

            def end(changed: Any) -> Any:
                return loss([path.stacked(v) for v in path.run(numbers, start, 1, horizon, {variable: changed})])

            flat = _by_entries(end, value, center)
            rows = np.shape(value)[0] if np.ndim(value) else 1
            return flat.reshape(-1, rows).T  # vec stacks the columns
        time, block = numbers.size(variable), int(self.args[3])
        if not 0 <= time <= horizon:
            raise Undefined(f"there is no state at time {time}")
        before = path.values(numbers, time)
        start = path.stacked(before)

        def later(point: Any) -> Any:
            states = [point] if time else []
            return loss(
                states + [path.stacked(v) for v in path.run(numbers, path.cut(before, point), time + 1, horizon)]
            )

        found = _by_entries(later, start, later(start)).T
        if block < 0:
            return found
        sizes = [len(before[s]) for s in path.args[1]]
        return found[sum(sizes[:block]) : sum(sizes[: block + 1])]

    def _latex(self, printer: Any) -> str:
        variable, block = self.args[1], int(self.args[3])
        if self.of_parameter:
            return rf"\nabla_{{{printer._print(variable)}}} \mathcal{{L}}"
        below = self._states(printer, variable) if block < 0 else timed(printer, self.path.args[1][block], variable)
        return rf"\frac{{\partial \mathcal{{L}}}}{{\partial {below}}}"

    def _sympystr(self, printer: Any) -> str:
        return f"grad_{self.args[1] if self.of_parameter else f'h[{self.args[1]}]'}(L)"


def _by_entries(function: Any, value: Any, center: Any) -> Any:
    """The derivative of a column by vec(value), central differences."""
    step = balls.ball(sp.Rational(1, 10**STEP_DIGITS))
    table = np.asarray(value, dtype=object)
    rows, width = table.shape if table.ndim else (1, 1)
    found = []
    for index in range(rows * width):
        place = (index % rows, index // rows) if table.ndim else ()
        sides = []
        for change in (step, -step):
            moved = table.copy()
            moved[place] = moved[place] + change
            sides.append(function(moved if table.ndim else moved[()]))
        found.append(_slope(sides[0], sides[1], center, step))
    return np.concatenate(found, axis=1)


def _count(parameter: Any) -> Any:
    return sp.prod(parameter.shape) if getattr(parameter, "is_Matrix", False) else sp.S.One


def _vec(printer: Any, parameter: Any) -> str:
    text = printer._print(parameter)
    plain = not getattr(parameter, "is_Matrix", False) or parameter.shape[1] == 1
    return text if plain else rf"\operatorname{{vec}} {text}"


class WindowGradient(Gradient):
    """The gradient through the last k steps alone: the state before them is held fixed, though it uses the parameter too.

    args: those of Gradient with the equations of the last k steps, and k.
    """

    def __new__(cls, outputs: Any, variable: Any, adjoints: Any, equations: Any, binding: Any, window: Any) -> Any:
        pairs = [sp.Tuple(*(sp.Tuple(*pair) for pair in part)) for part in (equations, binding)]
        return sp.MatrixExpr.__new__(cls, sp.Tuple(*outputs), variable, sp.Tuple(*adjoints), *pairs, sp.S(window))

    def _latex(self, printer: Any) -> str:
        return super()._latex(printer).replace(r"\nabla", rf"\nabla^{{({printer._print(self.args[5])})}}", 1)


# The formula's side


class AdjointAt(OnPath):
    """delta_t = d L / d h_t by its recursion: delta_T = e_T, delta_(t-1) = J_t^T delta_t + e_(t-1).

    args: path, deltas (a symbol for each state block), backs (J_t^T delta_t block by block, at step `index`), index (a
    symbol used nowhere else), errors (a sequence for each block), t, block.
    """

    def __new__(cls, path: Any, deltas: Any, backs: Any, index: Any, errors: Any, t: Any, block: Any = 0) -> Any:
        tuples = (sp.Tuple(*deltas), sp.Tuple(*backs))
        return sp.MatrixExpr.__new__(cls, path, *tuples, index, sp.Tuple(*errors), sp.S(t), sp.S(block))

    @property
    def shape(self) -> tuple[Any, Any]:
        return self.path.args[0][int(self.args[6])].shape

    @property
    def free_symbols(self) -> set[Any]:
        return self.path.free_symbols.union(self.args[5].free_symbols, *(e.free_symbols for e in self.args[4]))

    def numerical(self, numbers: Numbers) -> Any:
        path, deltas, backs, index, errors, time, block = self.args
        horizon, t = numbers.size(path.horizon), numbers.size(time)
        if not 1 <= t <= horizon:
            raise Undefined(f"there is no adjoint at time {t}")
        tables = [numbers._value(e) for e in errors]
        now = [table[:, horizon - 1 : horizon] for table in tables]
        for s in range(horizon, t, -1):
            inner = numbers.copy(dict(zip(deltas, now, strict=True)))
            pulled = [inner._value(at_index(back, index, s)) for back in backs]
            now = [p + table[:, s - 2 : s - 1] for p, table in zip(pulled, tables, strict=True)]
        return now[int(block)]

    def _latex(self, printer: Any) -> str:
        return timed(printer, self.args[1][int(self.args[6])], self.args[5])

    def _sympystr(self, printer: Any) -> str:
        return f"{self.args[1][int(self.args[6])]}[{printer._print(self.args[5])}]"


class AdjointFollows(Predicate):
    """The recursion of an `AdjointAt` node at a step; always true, it prints delta_(t-1) = J_t^T delta_t + e_(t-1)."""

    def __new__(cls, adjoint: Any, step: Any) -> Any:
        return Boolean.__new__(cls, adjoint, step)

    @property
    def free_symbols(self) -> set[Any]:
        return self.args[0].path.free_symbols

    @property
    def targets(self) -> tuple[Any, ...]:
        return ()

    def holds(self, numbers: Numbers) -> bool | None:
        return True

    def _latex(self, printer: Any) -> str:
        path, deltas, backs, index, errors, _, _ = self.args[0].args
        step, horizon = self.args[1], path.horizon

        def named(k: int, time: Any) -> Any:
            return AdjointAt(path, deltas, backs, index, errors, time, k)

        lines = []
        for k, (back, error) in enumerate(zip(backs, errors, strict=True)):
            later = back.xreplace({index: step, **{d: named(j, step) for j, d in enumerate(deltas)}})
            end, source = (printer._print(ColumnOf(error, time, error_letter(error))) for time in (horizon, step - 1))
            lines.append(f"{printer._print(named(k, horizon))} = {end}")
            lines.append(f"{printer._print(named(k, step - 1))} = {printer._print(later)} + {source}")
        return r",\; ".join(lines)

    def _sympystr(self, printer: Any) -> str:
        return "adjoint recursion"


def error_letter(sequence: Any) -> str:
    """e of the sequence E, e_c of E_c."""
    return "e" + sequence.name[1:]
