"""Draws biased to corners: small rationals, structured matrices, and values that meet hypotheses.

Wrong formulas are found where things degenerate: zeros, ones, equal values, singular, triangular and nilpotent matrices,
saturated units, size 1. A draw is a mapping from symbols to exact values; hypotheses are met by a predicate's own
sampler, by solving an equation for a symbol in which it is linear, or by drawing again what a failed condition speaks of.

May import: everything to the left of `verify`.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from fractions import Fraction
from typing import Any

import sympy as sp
from sympy.core.relational import Relational

from rnnsym.defined import Numbers, Predicate, Undefined
from rnnsym.result import RnnsymError
from rnnsym.solving import allowed, is_root, on_curve

CORNERS = tuple(Fraction(v) for v in ("0", "1", "-1", "1/2", "-1/2", "2", "-2"))
DISTANT = tuple(Fraction(v) for v in ("1/32", "1/8", "1", "3"))  # what scalars are multiplied by, at times
FACTORS = tuple(Fraction(v) for v in ("-1", "0", "1/8", "1/2", "9/10", "11/10", "2", "8"))  # of a climb
Draw = dict[Any, Any]


class Chance:
    """A seeded source of corner-biased exact values."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.seen: list[Fraction] = []
        self.values: tuple[Fraction, ...] = ()  # what all numbers are drawn from at the moment
        self.quiet = 0.0  # the share of symbols that are 0 at the moment
        self.rest = False  # whether columns are 0 at the moment, and only square matrices are not
        self.wide = False  # whether scalars are of different orders at the moment
        self.echo: dict[Any, Any] | None = None  # the first table of each shape, which the others repeat or oppose

    def index(self, count: int) -> int:
        return self.random.randrange(count)

    @contextmanager
    def mood(self) -> Iterator[None]:
        """What the values of one draw have in common: at times all are -1, 0 or 1, or equal (but for signs), or tiny, or most 0,
        or a network at rest, or tables of one shape that are equal or opposite: runs that differ in one thing; or scalars
        are of different orders. Not beyond: at 30 a unit is saturated to more digits than a definition has.

        Strata where several things degenerate at once, and the draws at which bounds are sharp, are met like this.
        """
        kind, value = self.random.random(), self.random.choice(CORNERS[1:])
        if kind < 0.12:
            self.values = CORNERS[:3]
        elif kind < 0.15:
            self.values = (value, -value)[: 1 + self.index(2)]
        elif kind < 0.18:
            self.values = tuple(v / 64 for v in CORNERS)
        elif kind < 0.26:  # a network that is silent, but for a few
            self.quiet = 0.8
        elif kind < 0.28:
            self.quiet = 1.0
        elif kind < 0.34:
            self.rest = True
        elif kind < 0.42:
            self.echo = {}
        elif kind < 0.48:
            self.wide = True
        try:
            yield
        finally:
            self.values, self.quiet, self.rest, self.wide, self.echo = (), 0.0, False, False, None

    def silent(self, symbol: Any) -> bool:
        if self.rest:
            return isinstance(symbol, sp.MatrixSymbol) and symbol.shape[0] != symbol.shape[1]
        return self.quiet > 0 and self.random.random() < self.quiet

    def echoed(self, table: list[list[Fraction]]) -> list[list[Fraction]]:
        """The table, or the first one of its shape, or its opposite."""
        if self.echo is None:
            return table
        first = self.echo.setdefault((len(table), len(table[0]) if table else 0), table)
        return _scaled(first, Fraction(self.random.choice((1, 1, 1, 1, 1, -1))))

    def rational(self) -> Fraction:
        """A corner, a value drawn before, a small rational, or rarely one that saturates a unit."""
        if self.values:
            return self.random.choice(self.values)
        kind = self.random.random()
        if kind < 0.3:
            value = self.random.choice(CORNERS)
        elif kind < 0.4 and self.seen:
            value = self.random.choice(self.seen)
        elif kind < 0.95:
            value = Fraction(self.random.randint(-24, 24), self.random.choice((3, 4, 5, 7, 8, 16)))
        else:
            value = Fraction(self.random.choice((-20, 20, -7, 7)))
        self.seen = [*self.seen[-7:], value]
        return value

    def scalar(self, symbol: Any) -> Any:
        """A value that meets the assumptions of a symbol."""
        if symbol.is_integer:
            low = 1 if symbol.is_positive else 0 if symbol.is_nonnegative else -3
            return Fraction(self.random.randint(low, 6))
        value = self.rational()
        if self.wide and abs(value) <= 8:
            value *= self.random.choice(DISTANT)
        if symbol.is_positive or symbol.is_nonnegative:
            value = abs(value)
        if symbol.is_negative or symbol.is_nonpositive:
            value = -abs(value)
        if value == 0 and (symbol.is_nonzero or symbol.is_positive or symbol.is_negative):
            value = Fraction(-1 if symbol.is_negative else 1)
        return value

    def matrix(self, rows: int, columns: int) -> list[list[Fraction]]:
        """A table of rationals; square ones are at times zero, scalar, singular, triangular, nilpotent or a rotation."""
        dense = [[self.rational() for _ in range(columns)] for _ in range(rows)]
        if columns == 1:
            kind = self.random.random()
            if kind < 0.1:
                return [[Fraction(0)] for _ in range(rows)]
            return [[dense[0][0]] for _ in range(rows)] if kind < 0.2 else dense
        scale = Fraction(1, self.random.choice((1, 1, 2, 4, rows)))
        dense = [[v * scale for v in row] for row in dense]
        kind = self.random.random()
        if kind < 0.4 or rows != columns:
            return dense
        size = range(rows)
        if kind < 0.47:
            return [[Fraction(0)] * columns for _ in size]
        if kind < 0.57:
            value = self.rational()
            return [[value * int(i == j) for j in size] for i in size]
        if kind < 0.67:  # rank one
            return [[dense[i][0] * dense[0][j] for j in size] for i in size]
        if kind < 0.77:  # triangular with one eigenvalue: defective
            return [[dense[0][0] if i == j else dense[i][j] * int(j > i) for j in size] for i in size]
        if kind < 0.84:
            return [[dense[i][j] * int(j > i) for j in size] for i in size]
        if kind < 0.92:
            return [[dense[min(i, j)][max(i, j)] for j in size] for i in size]
        angle = self.rational()
        c, s = (1 - angle**2) / (1 + angle**2), 2 * angle / (1 + angle**2)
        turned = [[Fraction(int(i == j)) for j in size] for i in size]
        for i in range(0, rows - 1, 2):
            turned[i][i], turned[i][i + 1], turned[i + 1][i], turned[i + 1][i + 1] = c, -s, s, c
        return turned


def conjuncts(given: Any) -> list[Any]:
    """The hypotheses that a conjunction is made of."""
    parts = given.args if isinstance(given, sp.And) else (given,)
    return sorted((c for c in parts if c != sp.true), key=str)  # SymPy's own order may change with the hash seed


def sizes_of(symbols: Iterable[Any]) -> list[Any]:
    """The symbols that are sizes: whole, positive, and part of a shape or named like one."""
    shapes = {s for m in symbols for d in getattr(m, "shape", ()) for s in sp.S(d).free_symbols}
    return sorted(shapes, key=str)


class Sampler:
    """Draws for the symbols of a claim where its hypotheses hold."""

    def __init__(self, symbols: Iterable[Any], given: Any, walls: Sequence[Any] = (), seed: int = 0) -> None:
        self.symbols = sorted(symbols, key=lambda s: (str(s), str(type(s))))
        self.given = conjuncts(given)
        self.predicates = [c for c in self.given if isinstance(c, Predicate)]
        self.conditions = [c for c in self.given if not isinstance(c, Predicate)]
        self.walls = list(walls)
        self.sizes = sizes_of(self.symbols)
        self.limited: dict[Any, list[tuple[Any, bool]]] = {}  # what bounds are sharp in: see `tighten`
        self.chance = Chance(seed)

    def tighten(self) -> None:
        """From now on some draws hold the inequalities of single symbols as barely as they can.

        Kept in `limited`: what stands on the other side, and whether the symbol is the greater one.
        """
        for c in self.conditions:
            if isinstance(c, sp.Lt | sp.Le | sp.Gt | sp.Ge):
                for s, other, is_least in ((c.lts, c.gts, False), (c.gts, c.lts, True)):
                    if s in self.symbols and s.is_Symbol and not s.is_integer and s not in other.free_symbols:
                        self.limited.setdefault(s, []).append((other, is_least))

    def draw(self, size: int | None, tries: int = 12) -> Draw | None:
        """A draw with the first size symbol at `size`, or None if the hypotheses were not met."""
        for _ in range(tries):
            draw = self._fresh(size)
            if self.walls and self.chance.random.random() < 0.5:
                draw = self._onto(self.chance.random.choice(self.walls), draw) or draw
            found = self.meet(draw)
            if found is not None:
                return self._tightened(found) if self.limited and self.chance.index(2) else found
        return None

    def _tightened(self, draw: Draw) -> Draw:
        """The draw with the inequalities of single symbols held as barely as they can: there a bound is sharp.

        A symbol that must be at least (or most) several quantities goes to the largest (the smallest) of them.
        """
        for s, limits in self.limited.items():
            low: list[Fraction] = []
            high: list[Fraction] = []
            for other, is_least in limits:
                try:
                    value = Numbers(draw).float(other)
                except (Undefined, ZeroDivisionError, TypeError):
                    return draw
                if not isinstance(value, float | int) or not abs(value) < 1e6:
                    continue
                (low if is_least else high).append(Fraction(value))
            edges = ([max(low)] if low else []) + ([min(high)] if high else [])
            if not edges:
                continue
            wall = self.chance.random.choice(edges)
            for part in (0, Fraction(1, 2**24), Fraction(1, 16)):
                moved = {**draw, s: wall + (draw[s] - wall) * part}
                if allowed(s, moved[s]) and all(self._holds(c, moved) for c in self.given):
                    draw = moved
                    break
        return draw

    def _fresh(self, size: int | None) -> Draw:
        draw: Draw = {}
        for k, s in enumerate(self.sizes):
            draw[s] = Fraction(size if size is not None and (k == 0 or s.name == "n") else 1 + self.chance.index(3))
        if size is not None and any(s.name == "n" for s in self.sizes):
            for s in self.sizes:
                if s.name != "n":
                    draw[s] = Fraction(1 + self.chance.index(3))
        with self.chance.mood():
            for s in self.symbols:
                if s not in draw:
                    draw[s] = self._zero(s, draw) if self.chance.silent(s) else self._value(s, draw)
        return draw

    def _zero(self, symbol: Any, draw: Draw) -> Any:
        """Zero in the shape of a symbol, where its assumptions allow it."""
        if isinstance(symbol, sp.MatrixSymbol):
            return [[v * 0 for v in row] for row in self._value(symbol, draw)]
        return Fraction(0) if symbol.is_zero is not False and not symbol.is_integer else self.chance.scalar(symbol)

    def _value(self, symbol: Any, draw: Draw) -> Any:
        if isinstance(symbol, sp.MatrixSymbol):
            rows, columns = (
                int(sp.S(d).subs({k: v for k, v in draw.items() if k in self.sizes})) for d in symbol.shape
            )
            return self.chance.echoed(self.chance.matrix(rows, columns))
        return self.chance.scalar(symbol)

    def meet(self, draw: Draw, repairs: int = 30) -> Draw | None:
        """The draw changed as little as needed for the hypotheses to hold; None if that failed."""
        draw = dict(draw)
        for predicate in self.predicates:
            if predicate.holds is not None and not self._holds(predicate, draw):
                try:
                    found = predicate.sample(self.chance, Numbers(draw))
                except (Undefined, RnnsymError, ZeroDivisionError):
                    return None
                if found is None:
                    return None
                draw.update(found)
        for _ in range(repairs):
            failed = [c for c in self.conditions if not self._holds(c, draw)]
            if not failed:
                return draw if all(self._holds(p, draw) for p in self.predicates) else None
            condition = self.chance.random.choice(failed)
            moved = self._solved(condition, draw) if isinstance(condition, sp.Eq) else self._again(condition, draw)
            if moved is None:
                return None
            draw = moved
            if self.predicates and not all(self._holds(p, draw) for p in self.predicates):
                return None
        return None

    def nudged(self, draw: Draw) -> Draw | None:
        """The draw with one or two things changed a little, where the hypotheses still hold: a step of a climb."""
        names = [s for s in self.symbols if s not in self.sizes and isinstance(draw.get(s), Fraction | list)]
        if not names:
            return None
        moved = dict(draw)
        if self.limited and not self.chance.index(4):
            return self._tightened(draw)
        if not self.chance.index(8):  # all columns smaller: bounds by slopes are sharp at small signals
            names = [s for s in names if isinstance(s, sp.MatrixSymbol) and s.shape[1] == 1] or names
            moved.update({s: _scaled(moved[s], Fraction(1, 8)) for s in names if not s.is_integer})
        else:
            for _ in range(1 + self.chance.index(2)):
                s = self.chance.random.choice(names)
                moved[s] = self._step(s, moved)
        return self.meet(moved, repairs=2)

    def _step(self, symbol: Any, draw: Draw) -> Any:
        """A value near the old one: scaled, turned, or with one entry drawn anew; whole numbers by one."""
        old, chance = draw[symbol], self.chance
        if not isinstance(symbol, sp.MatrixSymbol):
            if symbol.is_integer:
                value = old + chance.random.choice((-1, 1))
            else:
                value = old * chance.random.choice(FACTORS) if chance.index(4) else chance.scalar(symbol)
            return value if allowed(symbol, value) else old
        rows, columns = len(old), len(old[0])
        if rows == 0 or columns == 0:
            return old
        kind, factor = chance.index(8), chance.random.choice(FACTORS)
        if kind == 0:
            return _scaled(old, factor)
        if kind == 1:
            return _scaled(old, Fraction(0))
        if kind == 2:
            return self._value(symbol, draw)
        if kind == 3:  # what another symbol of this shape has, or its opposite
            like = [v for s, v in draw.items() if s is not symbol and _shape(v) == (rows, columns)]
            turn = Fraction(chance.random.choice((1, -1)))
            return _scaled(chance.random.choice(like), turn) if like else old
        i, j = chance.index(rows), chance.index(columns)
        new = [list(row) for row in old]
        other = old[chance.index(rows)][chance.index(columns)]
        new[i][j] = (old[i][j] * factor if kind < 6 else other if kind == 6 else old[i][j] / 8) or chance.rational()
        return new

    def _holds(self, condition: Any, draw: Draw) -> bool:
        numbers = Numbers(draw)
        try:
            truth = numbers.truth(condition)
            if truth is None and isinstance(condition, sp.Eq):
                return is_root(condition, numbers)
            return truth is True
        except (Undefined, ZeroDivisionError):
            return False

    def _again(self, condition: Any, draw: Draw) -> Draw | None:
        """One of the condition's symbols drawn anew, matrices at times only made smaller."""
        free = [s for s in self.symbols if s in condition.free_symbols and s not in self.sizes]
        if not free:
            return None
        symbol = self.chance.random.choice(free)
        old = draw[symbol]
        if isinstance(symbol, sp.MatrixSymbol):
            if self.chance.random.random() < 0.6 and isinstance(old, list):
                factor = Fraction(1, self.chance.random.choice((2, 3, 4, 8)))
                return {**draw, symbol: [[v * factor for v in row] for row in old]}
            return {**draw, symbol: self._value(symbol, draw)}
        if self.chance.random.random() < 0.4 and not symbol.is_integer and isinstance(old, Fraction):
            factor = self.chance.random.choice(
                (Fraction(1, 2), Fraction(1, 5), Fraction(3, 2), Fraction(3), Fraction(10))
            )
            return {**draw, symbol: old * factor}
        return {**draw, symbol: self.chance.scalar(symbol)}

    def _solved(self, equation: Any, draw: Draw) -> Draw | None:
        """The draw moved onto an equation: exactly where it is linear in a symbol, else to a root of it in one."""
        found = self._onto(equation, draw)
        if found is not None or not isinstance(equation.lhs - equation.rhs, sp.Expr):
            return found
        names = [s for s in self.symbols if s in equation.free_symbols and s.is_Symbol and not s.is_integer]
        self.chance.random.shuffle(names)
        for s in names:
            root = on_curve(equation.lhs - equation.rhs, s, draw, self.chance.random)
            if root is not None:
                return {**draw, s: root}
        return None

    def _onto(self, wall: Any, draw: Draw) -> Draw | None:
        """The draw moved onto the equation lhs = rhs of a wall by solving for a symbol in which it is linear."""
        if not isinstance(wall, Relational):
            return None
        gap = wall.lhs - wall.rhs
        if not isinstance(gap, sp.Expr):
            return None
        factors = [f for f in sp.Mul.make_args(gap) if f.free_symbols]
        self.chance.random.shuffle(factors)
        for factor in factors:
            base = factor.base if isinstance(factor, sp.Pow) and factor.exp.is_positive else factor
            names = [
                s for s in self.symbols if s in base.free_symbols and isinstance(s, sp.Symbol) and not s.is_integer
            ]
            self.chance.random.shuffle(names)
            for s in names:
                slope = base.diff(s)
                if s in slope.free_symbols or slope == 0:
                    continue
                values = {k: sp.Rational(v) for k, v in draw.items() if isinstance(v, Fraction | int)}
                others = {k: v for k, v in values.items() if k != s}
                top, bottom = -base.subs(s, 0).subs(others), slope.subs(others)
                if bottom == 0 or not (top / bottom).is_Rational:
                    continue
                value = top / bottom
                if allowed(s, value):
                    return {**draw, s: Fraction(int(value.p), int(value.q))}
        return None


def _scaled(value: Any, factor: Fraction) -> Any:
    return [[v * factor for v in row] for row in value] if isinstance(value, list) else value * factor


def _shape(value: Any) -> tuple[int, int] | None:
    return (len(value), len(value[0])) if isinstance(value, list) and value else None


def walls(*expressions: Any) -> list[Any]:
    """The equalities that bound the cases of expressions: every relational of every Piecewise and condition in them."""
    found: dict[Any, None] = {}
    for e in expressions:
        for r in sorted(e.atoms(Relational), key=str):
            found[r] = None
    return list(found)
