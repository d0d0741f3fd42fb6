"""Hypotheses that are no inequality: each says whether it holds at a draw and makes draws where it does.

Rejection never meets a set of measure zero, so a predicate brings its own sampler: `sample(chance, numbers)` returns
values for the symbols of `targets` such that it holds, or None when it cannot. `chance` gives small rationals biased to
corners (verify.Chance). May import: result, exact, vectors, defined.numbers.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import sympy as sp
from sympy.logic.boolalg import Boolean

from rnnsym.defined.numbers import Defined, Numbers
from rnnsym.defined.quantities import follow
from rnnsym.exact import balls

CLOSE = 1e-25  # two values agree at 50 digits


class Predicate(Defined, Boolean):
    """A hypothesis with `holds` and `sample`; in the page it prints by `_latex`."""

    is_Boolean = True

    def __new__(cls, *args: Any) -> Any:
        return Boolean.__new__(
            cls, *(a.as_immutable() if isinstance(a, sp.MatrixBase) else sp.sympify(a) for a in args)
        )

    @property
    def targets(self) -> tuple[Any, ...]:
        """The symbols that `sample` chooses; all other symbols are drawn before."""
        return tuple(sorted(self.free_matrices, key=str)) or tuple(sorted(self.free_symbols, key=str))

    @property
    def free_matrices(self) -> set[Any]:
        return {s for s in self.free_symbols if isinstance(s, sp.MatrixSymbol)}

    def holds(self, numbers: Numbers) -> bool | None:
        raise NotImplementedError

    def numerical(self, numbers: Numbers) -> bool | None:
        return self.holds(numbers)

    def sample(self, chance: Any, numbers: Numbers) -> dict[Any, Any] | None:
        return None

    def _sympyrepr(self, printer: Any) -> str:
        # SymPy prints by class name: its own Predicate is `Q.name`, which the name of this class would reach.
        return f"{type(self).__name__}({', '.join(map(printer._print, self.args))})"

    def to_nnf(self, simplify: bool = True, form: Any = None) -> Any:
        return self

    def as_set(self) -> Any:
        return sp.S.UniversalSet


class _OfMatrix(Predicate):
    """A property of one square matrix; sampled where the matrix is a symbol or a table of distinct symbols."""

    words = ""

    @property
    def matrix(self) -> Any:
        return self.args[0]

    def table(self, numbers: Numbers) -> Any:
        return numbers._value(self.matrix)

    def sample(self, chance: Any, numbers: Numbers) -> dict[Any, Any] | None:
        matrix = self.matrix
        size = numbers.size(matrix.shape[0])
        made = self.instance(chance, size)
        if isinstance(matrix, sp.MatrixSymbol):
            return {matrix: made}
        entries = list(matrix) if isinstance(matrix, sp.MatrixBase) else []
        if entries and all(e.is_Symbol for e in entries) and len(set(entries)) == len(entries):
            return {e: made[k // size][k % size] for k, e in enumerate(entries)}
        return None

    def instance(self, chance: Any, size: int) -> list[list[Fraction]]:
        """A size by size table of rationals with the property."""
        raise NotImplementedError

    def _latex(self, printer: Any) -> str:
        return rf"{printer._print(self.matrix)} \text{{ {self.words}}}"

    def _sympystr(self, printer: Any) -> str:
        return f"{printer._print(self.matrix)} {self.words}"


def _identity(size: int) -> list[list[Fraction]]:
    return [[Fraction(int(i == j)) for j in range(size)] for i in range(size)]


def _times(left: Any, right: Any) -> list[list[Fraction]]:
    columns = list(zip(*right, strict=True))
    return [[sum((a * b for a, b in zip(row, c, strict=True)), Fraction(0)) for c in columns] for row in left]


def _near_zero(table: Any) -> bool | None:
    size = max((float(abs(v)) for v in np.asarray(table, dtype=object).flat), default=0.0)
    return size < CLOSE


def _unimodular(chance: Any, size: int) -> tuple[Any, Any]:
    """A random integer matrix and its exact inverse, from elementary row operations."""
    forward, backward = _identity(size), _identity(size)
    for _ in range(2 * size):
        i, j = chance.index(size), chance.index(size)
        if i != j:
            c = Fraction(chance.index(3) - 1)
            forward[i] = [a + c * b for a, b in zip(forward[i], forward[j], strict=True)]
            for row in backward:
                row[j] -= c * row[i]
    return forward, backward


class Symmetric(_OfMatrix):
    """A = A^T."""

    words = "symmetric"

    def holds(self, numbers: Numbers) -> bool | None:
        table = self.table(numbers)
        return _near_zero(table - table.T)

    def instance(self, chance: Any, size: int) -> list[list[Fraction]]:
        rows = [[chance.rational() for _ in range(size)] for _ in range(size)]
        return [[rows[min(i, j)][max(i, j)] for j in range(size)] for i in range(size)]


class PositiveDefinite(_OfMatrix):
    """A = A^T and x^T A x > 0 for every x other than 0 (Sylvester's minors)."""

    words = "positive definite"

    def holds(self, numbers: Numbers) -> bool | None:
        table = self.table(numbers)
        if not _near_zero(table - table.T):
            return False
        import flint

        minors = [flint.arb_mat([list(row[:k]) for row in table[:k]]).det() for k in range(1, len(table) + 1)]
        return all(m > 0 for m in minors)

    def instance(self, chance: Any, size: int) -> list[list[Fraction]]:
        factor = [[chance.rational() for _ in range(size)] for _ in range(size)]
        gram = _times(factor, list(zip(*factor, strict=True)))
        return [
            [v + Fraction(int(i == j), 1 + chance.index(4)) * 1 if i == j else v for j, v in enumerate(row)]
            for i, row in enumerate(gram)
        ]


class Orthogonal(_OfMatrix):
    """A^T A = I; drawn as a rational Cayley transform times signs and a permutation."""

    words = "orthogonal"

    def holds(self, numbers: Numbers) -> bool | None:
        table = self.table(numbers)
        return _near_zero(table.T @ table - numbers._value(sp.Identity(len(table))))

    def instance(self, chance: Any, size: int) -> list[list[Fraction]]:
        result = _identity(size)
        for _ in range(size):  # Givens rotations with rational sine and cosine
            i, j = chance.index(size), chance.index(size)
            if i != j:
                t = chance.rational()
                c, s = (1 - t * t) / (1 + t * t), 2 * t / (1 + t * t)
                first, second = result[i], result[j]
                result[i] = [c * a - s * b for a, b in zip(first, second, strict=True)]
                result[j] = [s * a + c * b for a, b in zip(first, second, strict=True)]
        return [[-v for v in row] if chance.index(2) else row for row in result]


class Nilpotent(_OfMatrix):
    """A^n = 0; drawn as a strictly triangular matrix in another basis."""

    words = "nilpotent"

    def holds(self, numbers: Numbers) -> bool | None:
        table = self.table(numbers)
        power = table
        for _ in range(len(table) - 1):
            power = power @ table
        return _near_zero(power)

    def instance(self, chance: Any, size: int) -> list[list[Fraction]]:
        upper = [[chance.rational() if j > i else Fraction(0) for j in range(size)] for i in range(size)]
        forward, backward = _unimodular(chance, size)
        return _times(_times(forward, upper), backward)


class Diagonalizable(_OfMatrix):
    """A has a basis of eigenvectors; drawn with real eigenvalues, repeated ones included."""

    words = "diagonalizable"

    def holds(self, numbers: Numbers) -> bool | None:
        table = self.table(numbers)
        values = balls.eigenvalues(table)
        product = numbers._value(sp.Identity(len(table)))
        distinct: list[Any] = []
        for v in values:
            if not any(float(abs(v - w)) < 1e-12 for w in distinct):
                distinct.append(v)
        for v in distinct:  # the minimal polynomial has simple roots
            product = product @ (table - v * numbers._value(sp.Identity(len(table))))
        return all(float(abs(p)) < 1e-10 for p in product.flat)

    def instance(self, chance: Any, size: int) -> list[list[Fraction]]:
        diagonal = [[chance.rational() if i == j else Fraction(0) for j in range(size)] for i in range(size)]
        forward, backward = _unimodular(chance, size)
        return _times(_times(forward, diagonal), backward)


class Invertible(_OfMatrix):
    """det A is not 0."""

    words = "invertible"

    def holds(self, numbers: Numbers) -> bool | None:
        return not any(map(balls.is_nan, balls.inverse(self.table(numbers)).flat))

    def instance(self, chance: Any, size: int) -> list[list[Fraction]]:
        forward, _ = _unimodular(chance, size)
        return [[v * (chance.rational() or 1) for v in row] for row in forward]


class Avoids(Predicate):
    """No entry of a column equals the number `point`: where an activation with a kink there is differentiable."""

    @property
    def targets(self) -> tuple[Any, ...]:
        return ()

    def holds(self, numbers: Numbers) -> bool | None:
        table, point = numbers._value(self.args[0]), numbers._value(self.args[1])
        return all(not (v - point).contains(0) for v in table.flat)

    def _latex(self, printer: Any) -> str:
        return rf"\left({printer._print(self.args[0])}\right)_i \neq {printer._print(self.args[1])}"

    def _sympystr(self, printer: Any) -> str:
        return f"no entry of {printer._print(self.args[0])} is {printer._print(self.args[1])}"


class FixedPointOf(Predicate):
    """state = F(state) for the map of named equations; args: state symbols, new-state symbols, equations, binding.

    Sampled by Newton's method on F(h) - h at 50 digits from the middle of a drawn state.
    """

    def __new__(cls, state: Any, new: Any, equations: Any, binding: Any = ()) -> Any:
        pairs = [sp.Tuple(*(sp.Tuple(*pair) for pair in part)) for part in (equations, binding)]
        return Boolean.__new__(cls, sp.Tuple(*state), sp.Tuple(*new), *pairs)

    @property
    def free_symbols(self) -> set[Any]:
        state, _, equations, binding = self.args
        named, bound = {name for name, _ in equations}, {s for s, _ in binding}
        found = set().union(*(e.free_symbols for _, e in (*equations, *binding)), state.free_symbols)
        return found - named - bound

    @property
    def targets(self) -> tuple[Any, ...]:
        return tuple(self.args[0])

    def _gap(self, numbers: Numbers, values: dict[Any, Any]) -> Any:
        state, new, equations, _ = self.args
        found = follow(equations, list(new), {**numbers.given, **values}, numbers.digits)
        return np.concatenate(found) - np.concatenate([values[s] for s in state])

    def _bound(self, numbers: Numbers) -> dict[Any, Any]:
        named = {name for name, _ in self.args[2]}
        return {s: numbers._value(t) for s, t in self.args[3] if s not in named}

    def _values(self, numbers: Numbers) -> dict[Any, Any]:
        return {**self._bound(numbers), **{s: numbers._value(s) for s in self.args[0] if s not in dict(self.args[3])}}

    def holds(self, numbers: Numbers) -> bool | None:
        return _near_zero(self._gap(numbers, self._values(numbers)))

    def named(self, numbers: Numbers) -> dict[Any, Any]:
        """What the named equations give, and their entries: a claim that names the same must mean the same."""
        names, tables = [name for name, _ in self.args[2]], dict(self.args[3])
        found = follow(self.args[2], names, {**numbers.given, **self._values(numbers)}, numbers.digits)
        values = dict(zip(names, found, strict=True))
        entries = {e: v for s, column in values.items() for e, v in zip(tables.get(s, ()), column[:, 0], strict=False)}
        return {**values, **entries}

    def sample(self, chance: Any, numbers: Numbers) -> dict[Any, Any] | None:
        state, tables = self.args[0], dict(self.args[3])
        sizes = [numbers.size(s.shape[0]) for s in state]
        point = [balls.ball(chance.rational()) / 2 for _ in range(sum(sizes))]
        with balls.precision(numbers.digits):
            for _ in range(60):
                values = _cut(state, sizes, point)
                others = {s: numbers._value(t) for s, t in tables.items() if s not in state and _known(t, numbers)}
                gap = self._gap(numbers, {**others, **values})[:, 0]
                if max(float(abs(v)) for v in gap) < 1e-45:
                    point = [_snapped(p) for p in point]
                    break
                slope = self._slope(numbers, {**others, **values}, sizes, gap)
                move = balls.inverse(slope) @ gap
                if any(not float(abs(v)) < 1e6 for v in move):
                    return None
                point = [_point(p - d) for p, d in zip(point, move, strict=True)]
            else:
                return None
        found = _cut(state, sizes, point)
        if not tables:
            return found
        return {e: v for s in state for e, v in zip(tables[s], found[s][:, 0], strict=True) if e.is_Symbol}

    def _slope(self, numbers: Numbers, values: dict[Any, Any], sizes: list[int], gap: Any) -> Any:
        step = balls.ball(sp.Rational(1, 10**25))
        columns = []
        for s in self.args[0]:
            for i in range(len(values[s])):
                table = values[s].copy()
                table[i, 0] = table[i, 0] + step
                columns.append((self._gap(numbers, {**values, s: table})[:, 0] - gap) / step)
        return np.stack(columns, axis=1)

    def _latex(self, printer: Any) -> str:
        pairs = zip(self.args[1], self.args[0], strict=True)
        return r",\; ".join(f"{printer._print(new)} = {printer._print(old)}" for new, old in pairs)

    def _sympystr(self, printer: Any) -> str:
        pairs = zip(self.args[1], self.args[0], strict=True)
        return ", ".join(f"{printer._print(new)} = {printer._print(old)}" for new, old in pairs)


def _cut(state: Any, sizes: list[int], point: list[Any]) -> dict[Any, Any]:
    values, start = {}, 0
    for s, size in zip(state, sizes, strict=True):
        values[s] = np.array([[v] for v in point[start : start + size]], dtype=object)
        start += size
    return values


def _known(table: Any, numbers: Numbers) -> bool:
    return all(s in numbers.given for s in table.free_symbols)


def _snapped(number: Any) -> Any:
    """A ball around a small rational that the number agrees with to 40 digits: Newton's method stops just beside it.

    At 10^-50 from a kink a difference quotient is across it, though the hypothesis "not at the kink" holds.
    """
    near = Fraction(balls.to_float(number)).limit_denominator(240)
    ball = balls.ball(near)
    return ball if float(abs(number - ball)) < 1e-40 else number


def _point(number: Any) -> Any:
    """The middle of a ball, as a ball of radius 0: Newton's method keeps its own digits."""
    return number.mid()


class Approaches(Predicate):
    """symbol -> point, from above (side 1) or below (side -1): the limit in which an asymptotic claim holds."""

    def __new__(cls, symbol: Any, point: Any, side: int = 1) -> Any:
        return Boolean.__new__(cls, symbol, sp.sympify(point), sp.Integer(side))

    @property
    def symbol(self) -> Any:
        return self.args[0]

    def near(self, digits: int) -> Fraction:
        """A value of the symbol that is 10^-digits from the point, or 10^digits on the way to infinity."""
        point, side = self.args[1], int(self.args[2])
        if point.is_infinite:
            return Fraction(10**digits) * (1 if point.is_extended_positive else -1)
        return Fraction(int(point.p), int(point.q)) + side * Fraction(1, 10**digits)

    def holds(self, numbers: Numbers) -> bool | None:
        return True

    def _latex(self, printer: Any) -> str:
        return rf"{printer._print(self.symbol)} \to {printer._print(self.args[1])}"

    def _sympystr(self, printer: Any) -> str:
        return f"{self.symbol} -> {self.args[1]}"
