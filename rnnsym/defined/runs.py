"""The run of a cell, kept unevaluated: its states, gates and inputs at a symbolic time.

A `Path` is a cell's run over x_1 ... x_T from given start columns; `At(path, name, t)` is a named quantity at time t, by
running the equations. May import: result, exact, vectors, defined.numbers, defined.predicates, defined.quantities.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import sympy as sp
from sympy.logic.boolalg import Boolean

from rnnsym.defined.numbers import Defined, Numbers, Undefined
from rnnsym.defined.predicates import Predicate
from rnnsym.defined.quantities import follow

Values = dict[Any, Any]


class Path(sp.Basic):
    """A run of named equations; args: state, next, equations, start, inputs, sequences, horizon T.

    start has a column for each state, sequences a matrix for each input, whose column t is the input of step t.
    """

    def __new__(
        cls, state: Any, new: Any, equations: Any, start: Any, inputs: Any, sequences: Any, horizon: Any
    ) -> Any:
        pairs = sp.Tuple(*(sp.Tuple(*pair) for pair in equations))
        start = sp.Tuple(*(s.as_immutable() if isinstance(s, sp.MatrixBase) else s for s in start))
        parts = (sp.Tuple(*state), sp.Tuple(*new), pairs, start, sp.Tuple(*inputs), sp.Tuple(*sequences))
        return sp.Basic.__new__(cls, *parts, sp.S(horizon))

    @property
    def horizon(self) -> Any:
        return self.args[6]

    @property
    def free_symbols(self) -> set[Any]:
        state, _, equations, start, inputs, sequences, horizon = self.args
        own = {*state, *inputs, *(name for name, _ in equations)}
        found = set().union(*(e.free_symbols for _, e in equations)) - own
        return found.union(*(e.free_symbols for e in (*start, *sequences, horizon)), *(s.shape[0].free_symbols for s in state))  # fmt: skip

    def at(self, symbol: Any, time: Any) -> At:
        """A state, named quantity or input at a time; the new state of step t is the state at time t."""
        state, new = self.args[:2]
        return At(self, dict(zip(state, new, strict=True)).get(symbol, symbol), time)

    def written(self, expression: Any, time: Any) -> Any:
        """An expression of one step (old states, named quantities, inputs) as it stands at step `time`."""
        state, new, equations, _, inputs, _, _ = self.args
        table = {old: At(self, late, time - 1) for old, late in zip(state, new, strict=True)}
        table |= {s: At(self, s, time) for s in (*(name for name, _ in equations), *inputs)}
        return expression.xreplace(table)

    def values(self, numbers: Numbers, time: int) -> Values:
        """Every named quantity at a time (the new states alone at time 0), by running the equations."""
        known = numbers._memo.setdefault(self, [])
        if not known:
            known.append(dict(zip(self.args[1], (numbers._value(s) for s in self.args[3]), strict=True)))
        while len(known) <= time:
            known.append(self.step(numbers, known[-1], len(known)))
        return known[time]

    def step(self, numbers: Numbers, before: Values, time: int, changed: Values | None = None) -> Values:
        """The named quantities of step `time` when those before it are known; `changed` parameters take new values."""
        state, new, equations, _, inputs, sequences, _ = self.args
        own = {*state, *inputs, *(name for name, _ in equations)}
        fixed = set().union(*(e.free_symbols for _, e in equations)) - own - set(changed or ())
        values = {s: v for s, v in numbers.given.items() if getattr(s, "is_integer", False)}
        values |= {s: numbers._value(s) for s in fixed if s not in values} | (changed or {})
        values |= {old: before[late] for old, late in zip(state, new, strict=True)}
        values |= {s: self.input(numbers, q, time) for s, q in zip(inputs, sequences, strict=True)}
        names = [name for name, _ in equations]
        return dict(zip(names, follow(equations, names, values, numbers.digits), strict=True))

    def input(self, numbers: Numbers, sequence: Any, time: int) -> Any:
        table = numbers._value(sequence)
        if not 1 <= time <= table.shape[1]:
            raise Undefined(f"there is no input at time {time}")
        return table[:, time - 1 : time]

    def stacked(self, values: Values) -> Any:
        return np.concatenate([values[s] for s in self.args[1]])

    def cut(self, like: Values, point: Any) -> Values:
        """A stacked column in the blocks of the states."""
        found, first = {}, 0
        for s in self.args[1]:
            found[s] = point[first : first + len(like[s])]
            first += len(like[s])
        return found

    def _eval_subs(self, old: Any, new: Any) -> Any:
        return None if old in self.free_symbols else self

    def run(self, numbers: Numbers, before: Values, low: int, high: int, changed: Values | None = None) -> list[Values]:
        """The named quantities at the times low ... high when those before `low` are known."""
        found = [before]
        for time in range(low, high + 1):
            found.append(self.step(numbers, found[-1], time, changed))
        return found[1:]


class OnPath(Defined, sp.MatrixExpr):
    """A matrix that belongs to a path: args[0] is the path."""

    @property
    def path(self) -> Path:
        return self.args[0]

    @property
    def width(self) -> Any:
        return sp.Add(*(s.shape[0] for s in self.path.args[0]))

    def _entry(self, i: Any, j: Any, **_: Any) -> Any:
        return sp.matrices.expressions.matexpr.MatrixElement(self, i, j)

    def _states(self, printer: Any, time: Any) -> str:
        names = [timed(printer, s, time) for s in self.path.args[1]]
        return names[0] if len(names) == 1 else "(" + ", ".join(names) + ")"


class At(OnPath):
    """A named quantity, state or input at a time; args: path, symbol, time."""

    def __new__(cls, path: Any, symbol: Any, time: Any) -> Any:
        return sp.MatrixExpr.__new__(cls, path, symbol, sp.S(time))

    @property
    def shape(self) -> tuple[Any, Any]:
        return self.args[1].shape

    @property
    def free_symbols(self) -> set[Any]:
        return self.path.free_symbols | self.args[2].free_symbols

    def numerical(self, numbers: Numbers) -> Any:
        path, symbol, time = self.args
        step = numbers.size(time)
        inputs = dict(zip(path.args[4], path.args[5], strict=True))
        if symbol in inputs:
            return path.input(numbers, inputs[symbol], step)
        if step < 0 or (step == 0 and symbol not in path.args[1]):
            raise Undefined(f"there is no {symbol} at time {step}")
        return path.values(numbers, step)[symbol]

    def _latex(self, printer: Any) -> str:
        return timed(printer, self.args[1], self.args[2])

    def _sympystr(self, printer: Any) -> str:
        return f"{stem(self.args[1])}[{printer._print(self.args[2])}]"


class ColumnOf(OnPath):
    """Column t of a sequence E, printed as e_t; args: sequence, time, letter."""

    def __new__(cls, sequence: Any, time: Any, letter: str | Any = "e") -> Any:
        return sp.MatrixExpr.__new__(cls, sequence, sp.S(time), sp.Symbol(str(letter)))

    @property
    def shape(self) -> tuple[Any, Any]:
        return self.args[0].shape[0], sp.S.One

    @property
    def free_symbols(self) -> set[Any]:
        return self.args[0].free_symbols | self.args[1].free_symbols

    def numerical(self, numbers: Numbers) -> Any:
        table, time = numbers._value(self.args[0]), numbers.size(self.args[1])
        if not 1 <= time <= table.shape[1]:
            raise Undefined(f"there is no column {time}")
        return table[:, time - 1 : time]

    def _latex(self, printer: Any) -> str:
        return timed(printer, self.args[2], self.args[1])

    def _sympystr(self, printer: Any) -> str:
        return f"{self.args[2]}[{printer._print(self.args[1])}]"


def stem(symbol: Any) -> str:
    return symbol.name[:-2] if symbol.name.endswith("_t") else symbol.name


def timed(printer: Any, symbol: Any, time: Any) -> str:
    """A symbol with its time as index, in the printer's notation."""
    text = printer._print(time).replace(" ", "")
    notation = getattr(printer, "notation", None)
    if notation is None:
        return rf"{printer._print(sp.Symbol(stem(symbol)))}_{{{text}}}"
    return notation.symbol(stem(symbol), time=text, bold=True)


# Hypotheses


class Follows(Predicate):
    """What the named quantities of a path are, at a step `index`; always true, it prints the recurrence."""

    def __new__(cls, path: Any, index: Any) -> Any:
        return Boolean.__new__(cls, path, index)

    @property
    def free_symbols(self) -> set[Any]:
        return self.args[0].free_symbols

    @property
    def targets(self) -> tuple[Any, ...]:
        return ()

    def holds(self, numbers: Numbers) -> bool | None:
        return True

    def _latex(self, printer: Any) -> str:
        path, index = self.args
        lines = [
            f"{timed(printer, name, index)} = {printer._print(path.written(expression, index))}"
            for name, expression in path.args[2]
        ]
        return r",\; ".join(lines)

    def _sympystr(self, printer: Any) -> str:
        path, index = self.args
        return ", ".join(f"{stem(name)}[{index}] = {path.written(e, index)}" for name, e in path.args[2])


class SmoothAlong(Predicate):
    """No entry of some columns, written at step `index`, meets a kink at any step 1 ... T; args: path, index, pairs."""

    def __new__(cls, path: Any, index: Any, pairs: Sequence[Any]) -> Any:
        return Boolean.__new__(cls, path, index, sp.Tuple(*(sp.Tuple(*pair) for pair in pairs)))

    @property
    def free_symbols(self) -> set[Any]:
        return self.args[0].free_symbols

    @property
    def targets(self) -> tuple[Any, ...]:
        return ()

    def holds(self, numbers: Numbers) -> bool | None:
        path, index, pairs = self.args
        for step in range(1, numbers.size(path.horizon) + 1):
            for argument, kink in pairs:
                table = numbers._value(argument.xreplace({index: sp.Integer(step)}))
                point = numbers._value(kink)
                if any((v - point).contains(0) for v in table.flat):
                    return False
        return True

    def _latex(self, printer: Any) -> str:
        _, index, pairs = self.args
        return r",\; ".join(rf"\left({printer._print(a)}\right)_j \neq {printer._print(p)}" for a, p in pairs)

    def _sympystr(self, printer: Any) -> str:
        return ", ".join(f"no entry of {a} is {p}" for a, p in self.args[2])
