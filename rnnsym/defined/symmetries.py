"""Matrices that commute with an activation: the hypotheses on T, the test by values, and the count of sign matrices.

May import: result, exact, vectors, the rest of `defined`.
"""

from __future__ import annotations

from fractions import Fraction
from itertools import product
from random import Random
from typing import Any

import flint
import sympy as sp

from rnnsym.defined.numbers import Defined, Numbers, Undefined
from rnnsym.defined.predicates import CLOSE, Predicate, _OfMatrix
from rnnsym.defined.stability import StateAfter
from rnnsym.exact import balls

POINTS = 24  # at which a row is tried
UNITS = 3  # for which all sign matrices are gone through


class _Monomial(_OfMatrix):
    """One entry that is not 0 in each row and each column."""

    def entry(self, chance: Any) -> Fraction:
        raise NotImplementedError

    def fits(self, value: Any) -> bool:
        raise NotImplementedError

    def holds(self, numbers: Numbers) -> bool | None:
        table = self.table(numbers)
        filled = [[j for j, v in enumerate(row) if not (v == 0)] for row in table]
        if any(len(row) != 1 for row in filled) or len({row[0] for row in filled}) != len(table):
            return False
        return all(self.fits(table[i, row[0]]) for i, row in enumerate(filled))

    def instance(self, chance: Any, size: int) -> list[list[Fraction]]:
        order = list(range(size))
        chance.random.shuffle(order)
        return [[self.entry(chance) if j == order[i] else Fraction(0) for j in range(size)] for i in range(size)]


class SignedPermutation(_Monomial):
    """A permutation matrix with a sign on each entry."""

    words = "a signed permutation"

    def entry(self, chance: Any) -> Fraction:
        return Fraction(1 - 2 * chance.index(2))

    def fits(self, value: Any) -> bool:
        return bool(abs(value) == 1)


class Permutation(_Monomial):
    """A permutation matrix."""

    words = "a permutation"

    def entry(self, chance: Any) -> Fraction:
        return Fraction(1)

    def fits(self, value: Any) -> bool:
        return bool(value == 1)


class ScaledPermutation(_Monomial):
    """A permutation matrix with a positive number for each 1."""

    words = "a permutation with positive factors"

    def entry(self, chance: Any) -> Fraction:
        return abs(chance.rational()) or Fraction(1)

    def fits(self, value: Any) -> bool:
        return bool(value > 0)


class StateOfMoved(StateAfter):
    """The state after steps of a cell whose parameters were changed: the first three of `binding` say to what."""

    def _latex(self, printer: Any) -> str:
        inside = super()._latex(printer).removesuffix(r"\right)")
        changes = [f"{printer._print(e)}" for _, e in self.args[6][:3]]
        return rf"{inside};\, {', '.join(changes)}\right)"

    def _sympystr(self, printer: Any) -> str:
        changes = ", ".join(f"{s} = {printer._print(e)}" for s, e in self.args[6][:3])
        return f"{super()._sympystr(printer)[:-1]}; {changes})"


class RowCommutes(Predicate):
    """phi(t^T a) = t^T phi(a) for all columns a, of a row t: tried at ordinary, large and small columns a.

    args: phi (a Lambda), t (a row).
    """

    @property
    def free_symbols(self) -> set[Any]:
        return set(self.args[1].free_symbols)

    def holds(self, numbers: Numbers) -> bool | None:
        return commutes(self.args[0], numbers._value(self.args[1])[0])

    def _latex(self, printer: Any) -> str:
        row, body = printer._print(self.args[1]), printer._print(self.args[0].expr)
        return rf"\phi\left({row}\, a\right) = {row}\, \phi(a) \text{{ for all }} a \text{{ with }} \phi(x) = {body}"

    def _sympystr(self, printer: Any) -> str:
        return f"RowCommutes({printer._print(self.args[0].expr)}, {printer._print(self.args[1])})"


def commutes(phi: Any, row: Any) -> bool:
    """Whether phi(t a) = t phi(a) at all points tried."""
    random = Random(5)
    x = phi.variables[0]

    def at(value: Any) -> Any:
        return balls.scalar(phi.expr, lambda _: value, None, {x: value})

    for _ in range(POINTS):
        size = random.choice((1, 1, 4, 12))
        point = [balls.ball(Fraction(random.randint(-60, 60) * size, 37)) for _ in row]
        inside = sum((t * a for t, a in zip(row, point, strict=True)), balls.ball(0))
        outside = sum((t * at(a) for t, a in zip(row, point, strict=True)), balls.ball(0))
        if not float(abs(at(inside) - outside)) < CLOSE * (1 + float(abs(outside))):
            return False
    return True


class SymmetryCount(Defined, sp.Expr):
    """The number of invertible n by n matrices T with entries -1, 0, 1 and phi(T a) = T phi(a), by going through them."""

    is_commutative = True
    is_extended_real = True
    is_integer = True
    is_nonnegative = True

    def __new__(cls, phi: Any, n: Any) -> Any:
        return sp.Expr.__new__(cls, phi, sp.sympify(n))

    @property
    def free_symbols(self) -> set[Any]:
        return set(self.args[1].free_symbols)

    def numerical(self, numbers: Numbers) -> Any:
        n = numbers.size(self.args[1])
        if n > UNITS:
            raise Undefined(f"3^({n}^2) matrices are too many to go through")
        candidates = [list(map(balls.ball, row)) for row in product((-1, 0, 1), repeat=n)]
        rows = [[int(float(v)) for v in row] for row in candidates if commutes(self.args[0], row)]
        count = sum(1 for table in product(rows, repeat=n) if flint.fmpz_mat([list(r) for r in table]).det() != 0)
        return balls.ball(count)

    def _sympystr(self, printer: Any) -> str:
        return f"SymmetryCount({printer._print(self.args[0].expr)}, {printer._print(self.args[1])})"

    def _latex(self, printer: Any, exp: Any = None) -> str:
        phi, n = printer._print(self.args[0].expr), printer._print(self.args[1])
        text = rf"\#\left\{{ T \in \{{-1, 0, 1\}}^{{{n} \times {n}}} : \phi\left(T a\right) = T \phi(a) \text{{ with }} \phi(x) = {phi},\; \det T \neq 0 \right\}}"
        return text if exp is None else rf"\left({text}\right)^{{{exp}}}"


__all__ = ["Permutation", "RowCommutes", "ScaledPermutation", "SignedPermutation", "SymmetryCount", "commutes"]
