"""Hypotheses and conclusions about small disturbances of a fixed point, kept unevaluated.

Numerical definitions: the map itself run from states near the fixed point, at 60 digits; what takes too many steps to tell
is None. May import: result, exact, vectors, defined.numbers, defined.predicates, defined.quantities.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import sympy as sp
from sympy.logic.boolalg import Boolean

from rnnsym.defined.numbers import Numbers
from rnnsym.defined.predicates import FixedPointOf, Predicate
from rnnsym.defined.quantities import follow
from rnnsym.exact import balls

STEPS = 240
SIZE = Fraction(
    1, 10**20
)  # of the disturbance: the map is its linearization to 20 digits until it has grown a thousandfold
FACTOR = 1000.0


class DiesOut(Predicate):
    """Every small disturbance of the fixed point dies out. args: the fixed point (a FixedPointOf).

    Numerical definition: n + 1 disturbances of size 10^-20 followed for 240 steps; they die out if all end a thousand
    times smaller, and do not if one gets a thousand times larger; otherwise undecided.
    """

    def __new__(cls, fixed: FixedPointOf) -> Any:
        return Boolean.__new__(cls, fixed)

    @property
    def free_symbols(self) -> set[Any]:
        found: set[Any] = self.args[0].free_symbols
        return found

    @property
    def targets(self) -> tuple[Any, ...]:
        return ()

    def holds(self, numbers: Numbers) -> bool | None:
        state, new, equations, binding = self.args[0].args
        tables = dict(binding)
        named = {name for name, _ in equations}
        values = {s: numbers._value(t) for s, t in tables.items() if s not in named}
        values |= {s: numbers._value(s) for s in state if s not in tables}
        point = np.concatenate([values[s][:, 0] for s in state])
        cuts = np.cumsum([len(values[s]) for s in state])[:-1]
        known = {**{s: v for s, v in numbers.given.items() if s not in state}, **values}

        def step(now: Any) -> Any:
            parts = dict(zip(state, np.split(now[:, None], cuts), strict=True))
            return np.concatenate(follow(equations, list(new), {**known, **parts}, numbers.digits))[:, 0]

        size = balls.ball(SIZE)
        n = len(point)
        sides = [[int(i == k) for i in range(n)] for k in range(n)] + [[1 + i for i in range(n)]]
        ends = []
        for side in sides:
            now = np.array([(p + size * v).mid() for p, v in zip(point, side, strict=True)], dtype=object)
            for k in range(STEPS):
                now = np.array([v.mid() for v in step(now)], dtype=object)
                if k % 20 == 19:
                    ratio = max(float(abs(v - p)) for v, p in zip(now, point, strict=True)) / float(size)
                    if ratio > FACTOR * max(side):
                        return False
                    if ratio < 1 / FACTOR:
                        break
            ends.append(ratio)
        return True if max(ends) < 1 / FACTOR else None

    def _latex(self, printer: Any) -> str:
        (state, *_), letter = self.args[0].args, r"\text{ is asymptotically stable}"
        return ", ".join(printer._print(s) for s in state) + letter

    def _sympystr(self, printer: Any) -> str:
        return f"{', '.join(printer._print(s) for s in self.args[0].args[0])} is asymptotically stable"


class CrossesNoKink(Predicate):
    """No unit is carried over a kink: |e_i| <= |a_i - c| for every kink c with c != a_i. args: a, e, kinks, delta.

    Sampled by making delta smaller, of which e is a linear function.
    """

    def __new__(cls, inside: Any, move: Any, kinks: Any, delta: Any) -> Any:
        return Boolean.__new__(cls, inside, move, sp.Tuple(*kinks), delta)

    @property
    def targets(self) -> tuple[Any, ...]:
        return (self.args[3],)

    def holds(self, numbers: Numbers) -> bool | None:
        inside, move, kinks, _ = self.args
        with balls.precision(numbers.digits):
            places, moves = numbers._value(inside)[:, 0], numbers._value(move)[:, 0]
            for c in kinks:
                level = balls.ball(c)
                for a, e in zip(places, moves, strict=True):
                    if not ((a - level) == 0 or (float(abs(a - level)) > 1e-30 and abs(e) <= abs(a - level))):
                        return False
        return True

    def sample(self, chance: Any, numbers: Numbers) -> dict[Any, Any] | None:
        delta = self.args[3]
        entries = list(delta) if isinstance(delta, sp.MatrixBase) else [delta]
        for shrink in (1, 2, 10, 100, 10**4):
            moved = {s: _smaller(numbers.given[s], shrink) for s in entries}
            if self.holds(numbers.with_values(moved)):
                return moved
        return None

    def _latex(self, printer: Any) -> str:
        return r"\delta \text{ carries no unit over a kink}"

    def _sympystr(self, printer: Any) -> str:
        return f"{printer._print(self.args[3])} carries no unit over a kink"


def _smaller(value: Any, factor: int) -> Any:
    if isinstance(value, list):
        return [[v / factor for v in row] for row in value]
    return value / factor
