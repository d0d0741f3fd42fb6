"""How many directions of the state the inputs reach, and how many the outputs show: ranks of Jacobians of the run itself.

The network is run forward at fixed, ordinary inputs with 700 digits; a Jacobian is made of difference quotients with the
step 10^-300, so that its error lies far below any pivot that is not 0. A rank is told by pivots: above 10^-60 they count,
below 10^-150 they are 0, and between the two the draw is undefined (units so saturated that nothing can be told). Double
precision would not do: singular values of 10^-8 are genuine already for four units.

May import: result, exact, vectors, the rest of `defined`.
"""

from __future__ import annotations

from fractions import Fraction
from random import Random
from typing import Any

import numpy as np
import sympy as sp

from rnnsym.defined.numbers import Defined, Numbers, Undefined
from rnnsym.defined.quantities import follow
from rnnsym.exact import balls

DIGITS = 700
STEP = Fraction(1, 10**300)
COUNTS, VANISHES = 1e-60, 1e-150
Table = Any


class _OfRun(Defined, sp.Expr):
    """A whole number defined from runs of a cell.

    args: state, new state, equations, binding of state and parameters, names of the inputs, the columns whose sum is the
    pre-activation and how large it may get, reading C (or nothing).
    """

    is_commutative = True
    is_extended_real = True
    is_integer = True
    is_nonnegative = True

    def __new__(
        cls, state: Any, new: Any, equations: Any, binding: Any, names: Any, inside: Any, limit: Any, *reading: Any
    ) -> Any:
        pairs = [sp.Tuple(*(sp.Tuple(*pair) for pair in part)) for part in (equations, binding)]
        return sp.Expr.__new__(
            cls,
            sp.Tuple(*state),
            sp.Tuple(*new),
            *pairs,
            sp.Tuple(*names),
            sp.Tuple(*inside),
            sp.sympify(limit),
            *reading,
        )

    @classmethod
    def of(cls, cell: Any, *reading: Any) -> _OfRun:
        """For an explicit cell; `reading` is the matrix C of the output y = C h."""
        names = {name for name, _ in cell.all_equations}
        binding = [(s, t) for s, t in cell.binding if s not in names and s not in cell.input]
        fixed = [C.as_immutable() if isinstance(C, sp.MatrixBase) else C for C in reading]
        first = cell.equations[0][1]
        limit = 14 if first.body.has(sp.erf) else 120  # slopes of 10^-85 and 10^-104
        return cls(cell.state, cell.next, cell.equations, binding, cell.input, first.columns, limit, *fixed)

    @property
    def free_symbols(self) -> set[Any]:
        state, _, equations, binding, names, _, _, *reading = self.args
        own = {*state, *names, *(name for name, _ in equations), *(s for s, _ in binding)}
        inner = set().union(*(e.free_symbols for _, e in equations)) - own
        return inner.union(*(t.free_symbols for _, t in binding), *(C.free_symbols for C in reading))

    def _setting(self, numbers: Numbers) -> tuple[dict[Any, Any], Table, float, list[Table]]:
        """(values of parameters, the state, the largest parameter, the reading) at many digits."""
        symbols = self.free_symbols
        fine = Numbers({s: v for s, v in numbers.given.items() if s in symbols}, DIGITS)
        with balls.precision(DIGITS):
            tables = {s: fine._value(t) for s, t in self.args[3]}
            reading = [fine._value(C) for C in self.args[7:]]
        state = np.concatenate([tables.pop(s) for s in self.args[0]])
        largest = max((float(abs(v)) for t in tables.values() for v in t.flat), default=1.0)
        return {**fine.given, **tables}, state, max(1.0, largest), reading

    def _step(self, values: dict[Any, Any], state: Table, inputs: Table) -> Table:
        """The states one step later; each column is a run of its own."""
        names, blocks, start = self.args[4], {}, 0
        for s in self.args[0]:
            blocks[s] = state[start : start + int(s.shape[0])]
            start += int(s.shape[0])
        given, start = {}, 0
        for s in names:
            given[s] = inputs[start : start + int(s.shape[0])]
            start += int(s.shape[0])
        known = {**values, **blocks, **given}
        fine = Numbers({s: v for s, v in known.items() if isinstance(s, sp.MatrixSymbol)}, DIGITS)
        inside = sum((fine._value(column) for column in self.args[5]), balls.ball(0))
        if max(float(abs(v)) for v in inside[:, 0]) > float(self.args[6]):
            raise Undefined("the units are too saturated for a rank to be told")
        return np.concatenate(follow(self.args[2], list(self.args[1]), known, DIGITS))

    def _inputs(self, random: Random, scale: float) -> Table:
        """A column of ordinary inputs, of the size at which no unit saturates."""
        width = sum(int(s.shape[0]) for s in self.args[4])
        top = max(1, round(scale))
        numbers = [Fraction(random.randint(-97, 97), 97 * top) for _ in range(width)]
        return np.array([[balls.ball(v)] for v in numbers], dtype=object).reshape(width, 1)

    def _latex(self, printer: Any, exp: Any = None) -> str:
        text = self.sign(printer)
        return text if exp is None else rf"\left({text}\right)^{{{exp}}}"

    def sign(self, printer: Any) -> str:
        raise NotImplementedError


class ReachableDimension(_OfRun):
    """max_k rank d h_k / d (x_1, ..., x_k) at ordinary inputs from the state h: n where the reachable set has inner points."""

    def numerical(self, numbers: Numbers) -> Any:
        values, runs, scale, _ = self._setting(numbers)  # column 0 is the run, in each other one input was changed
        n, best, random = len(runs), 0, Random(7)
        with balls.precision(DIGITS):
            small = balls.ball(STEP)
            for _ in range(1 + n * (n + 1) // 2):
                x = self._inputs(random, scale)
                changed = [x + small * unit for unit in _units(len(x))]
                inputs = np.concatenate([x] * runs.shape[1] + changed, axis=1)
                runs = self._step(values, np.concatenate([runs] + [runs[:, :1]] * len(x), axis=1), inputs)
                best = max(best, rank((runs[:, 1:] - runs[:, :1]) / small))
                if best == n:
                    break
        return balls.ball(best)

    def sign(self, printer: Any) -> str:
        new, x = (printer._print(sp.Symbol(s.name.removesuffix("_t"))) for s in (self.args[1][0], self.args[4][0]))
        return rf"\max_k \operatorname{{rank}} \frac{{\partial {new}_k}}{{\partial ({x}_1, \dots, {x}_k)}}"

    def _sympystr(self, printer: Any) -> str:
        return "ReachableDimension"


class ObservableDimension(_OfRun):
    """rank d (y_0, ..., y_n) / d h over several input sequences, y = C h: n where outputs tell neighboring states apart."""

    def numerical(self, numbers: Numbers) -> Any:
        values, state, scale, (C,) = self._setting(numbers)
        n, random = len(state), Random(11)
        with balls.precision(DIGITS):
            small = balls.ball(STEP)
            rows, best = C, rank(C)
            starts = np.concatenate([state, *(state + small * unit for unit in _units(n))], axis=1)
            for _ in range(n):
                if best == n:
                    break
                runs = starts  # column 0 is the run, in each other one entry of the state was changed
                for _ in range(n):
                    x = self._inputs(random, scale)
                    runs = self._step(values, runs, np.concatenate([x] * (n + 1), axis=1))
                    rows = np.concatenate([rows, C @ ((runs[:, 1:] - runs[:, :1]) / small)])
                best = rank(rows)
        return balls.ball(best)

    def sign(self, printer: Any) -> str:
        h = printer._print(sp.Symbol(f"{self.args[0][0].name}_0"))
        return rf"\operatorname{{rank}} \frac{{\partial (y_0, y_1, \dots)}}{{\partial {h}}}"

    def _sympystr(self, printer: Any) -> str:
        return "ObservableDimension"


def _units(n: int) -> list[Table]:
    """The unit columns."""
    return [np.array([[balls.ball(int(i == j))] for i in range(n)], dtype=object) for j in range(n)]


def rank(table: Table) -> int:
    """The number of pivots of a table of balls, each row first scaled to size 1.

    Raises: Undefined where a pivot is neither clearly 0 nor clearly not.
    """
    scaled = []
    for row in table:
        size = max((float(abs(v)) for v in row), default=0.0)
        if size > VANISHES:
            top = max(row, key=lambda v: float(abs(v))).mid()
            scaled.append(row / top)
    table = np.array(scaled, dtype=object).reshape(len(scaled), table.shape[1])
    count = 0
    while table.size:
        sizes = np.frompyfunc(lambda v: float(abs(v)), 1, 1)(table)
        i, j = np.unravel_index(int(np.argmax(sizes.astype(float))), table.shape)
        if not sizes[i, j] > VANISHES:
            break
        if sizes[i, j] < COUNTS:
            raise Undefined("the units are too saturated for a rank to be told")
        table = table - np.outer(table[:, j], table[i, :] / table[i, j])
        table = np.delete(np.delete(table, i, axis=0), j, axis=1)
        count += 1
    return count
