"""Linear algebra with symbols: SymPy in, SymPy out, polynomials over the integers inside.

    determinant(M)  characteristic_polynomial(A)  adjugate(M)  inverse(M)  resolvent(A, B, C)  solve_linear(M, b)

Every answer is an identity of rational functions: where a division is made, its condition stands in the answer
(`LinearSolution.determinant`). Functions that are no polynomials (tanh(b), exp(a)) are indeterminates with the relations
they have (`fields`), and what is zero on their account is decided by `zero.is_zero`. Answers are remembered, keyed on
the immutable matrices, so that a chain of questions about one system (poles, zeros, gains) computes and converts its
characteristic polynomial once.

How the algorithms are chosen stands in `matrices`. The size of an answer is predicted before it is expanded; over the
limit `LimitReached` says the number of terms. May be imported: `tables`, `fields`, `matrices`, `rnnsym.result`, SymPy.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from math import gcd
from typing import Any, NamedTuple

import sympy as sp
from flint import fmpz_mpoly

from rnnsym.exact import matrices
from rnnsym.exact.fields import Ring
from rnnsym.exact.tables import TERMS_SHOWN, Matrix, as_matrix, settled, shown, square, table
from rnnsym.result import LimitReached, NoClosedForm, RnnsymError, ShapeError

# ---------------------------------------------------------------------- matrices


@lru_cache(maxsize=256)
def _determinant(M: Matrix) -> sp.Expr:
    ring, rows, common = table(M)
    return shown(ring, matrices.determinant(ring, rows), ring.power(common, M.rows))


def determinant(M: Any) -> sp.Expr:
    """det M, expanded, numerator over denominator in lowest terms.

    >>> from sympy.abc import a, b
    >>> determinant([[a, 1], [b, a]])
    a**2 - b
    """
    return _determinant(square(M))


@lru_cache(maxsize=256)
def _characteristic(A: Matrix) -> tuple[sp.Expr, ...]:
    ring = Ring.over(A, _Z)  # the expansion over column subsets uses the place of z
    rows, common = ring.matrix(A)
    found = matrices.charpoly(ring, rows, ring.generators.index(_Z))
    return tuple(shown(ring, c, ring.power(common, k)) for k, c in enumerate(found))


def characteristic_polynomial(A: Any) -> tuple[sp.Expr, ...]:
    """The coefficients of det(zI - A), highest first: (1, -tr A, ..., (-1)**n det A).

    >>> from sympy.abc import a, b
    >>> characteristic_polynomial([[a, b], [b, a]])
    (1, -2*a, a**2 - b**2)
    """
    return _characteristic(square(A))


@lru_cache(maxsize=256)
def _adjugate(M: Matrix) -> Matrix:
    ring, rows, common = table(M)
    below = ring.power(common, max(M.rows - 1, 0))
    return Matrix(M.rows, M.cols, [shown(ring, e, below) for row in matrices.adjugate(ring, rows) for e in row])


def adjugate(M: Any) -> Matrix:
    """adj M, with M adj M = det(M) I.

    >>> from sympy.abc import a, b
    >>> adjugate([[a, 1], [b, a]]).tolist()
    [[a, -1], [-b, a]]
    """
    return _adjugate(square(M))


class Inverse(NamedTuple):
    """M**-1 = adjugate/determinant where the determinant is not 0."""

    adjugate: Matrix
    determinant: sp.Expr


def inverse(M: Any) -> Inverse:
    """(adj M, det M): the inverse is their quotient where det M is not 0.

    >>> from sympy.abc import a
    >>> adj, det = inverse([[a, 1], [1, a]])
    >>> adj.tolist(), det
    ([[a, -1], [-1, a]], a**2 - 1)
    """
    M = square(M)
    return Inverse(_adjugate(M), _determinant(M))


class LinearSolution(NamedTuple):
    """The solution of M x = b, valid where the determinant is not 0."""

    solution: Matrix
    determinant: sp.Expr


def solve_linear(M: Any, b: Any) -> LinearSolution:
    """x = adj(M) b / det M, each entry factored in lowest terms, and det M, factored: the solution where it is not 0.

    Raises: NoClosedForm if det M is 0 everywhere.

    >>> from sympy.abc import a
    >>> x, det = solve_linear([[a, 1], [1, a]], [1, 1])
    >>> list(x), det
    ([1/(a + 1), 1/(a + 1)], (a - 1)*(a + 1))
    """
    M, b = square(M), as_matrix(b)
    if b.rows != M.rows:
        raise ShapeError(f"the right side has {b.rows} rows and the matrix {M.rows}; they must be equal")
    return _solve(M, b)


@lru_cache(maxsize=256)
def _solve(M: Matrix, b: Matrix) -> LinearSolution:
    ring = Ring.over(M, b)
    rows, common = ring.matrix(M)
    right, below = ring.matrix(b)
    above, det = matrices.solve(ring, rows, right)
    det = settled(ring, det)
    if det.is_zero():
        raise NoClosedForm(
            "the determinant of the equations is 0 everywhere; ask nullspace for the directions left free"
        )
    # N x / common = right / below, so x = adj(N) right common / (det N below)
    down = ring.product(det, below)
    entries = []
    for row in above:
        for e in row:
            top = settled(ring, ring.product(e, common))
            entries.append(sp.S.Zero if top.is_zero() else ring.factored(*ring.reduced(top, down)))
    return LinearSolution(
        Matrix(b.rows, b.cols, entries), ring.factored(*ring.reduced(det, ring.power(common, M.rows)))
    )


# ---------------------------------------------------------------------- the resolvent


@dataclass
class _ResolventTable:
    """The resolvent of a system in its ring, in which z has a place; each part is computed once, when asked for."""

    ring: Ring
    place: int
    A: list[list[fmpz_mpoly]]
    B: list[list[fmpz_mpoly]]
    C: list[list[fmpz_mpoly]]
    common: fmpz_mpoly  # the denominator of A
    scale: fmpz_mpoly  # and that of B times that of C

    @cached_property
    def whole(self) -> tuple[fmpz_mpoly, fmpz_mpoly] | None:
        """C adj(zI - A) B and det(zI - A) as polynomials in z, where that is the shortest way."""
        return matrices.bordered(self.ring, self.A, self.B, self.C, self.place) if self.common.is_one() else None

    @cached_property
    def coefficients(self) -> tuple[list[list[list[fmpz_mpoly]]], list[fmpz_mpoly]]:
        """([C M_k B], coefficients of det(zI - A)), the k-th times common**k scale and common**k."""
        if self.whole is None:
            return matrices.resolvent(self.ring, self.A, self.B, self.C, self.place)
        n = len(self.A)
        above, below = (
            matrices.split(self.ring, p, self.place, d) for p, d in zip(self.whole, (n - 1, n), strict=True)
        )
        return [[[c]] for c in above], below


_Z = sp.Dummy("z")


@lru_cache(maxsize=256)
def _resolvent(A: Matrix, B: Matrix, C: Matrix) -> _ResolventTable:
    ring = Ring.over(A, B, C, _Z)
    a, common = ring.matrix(A)
    b, of_b = ring.matrix(B)
    c, of_c = ring.matrix(C)
    return _ResolventTable(ring, ring.generators.index(_Z), a, b, c, common, of_b * of_c)


@dataclass(frozen=True)
class Resolvent:
    """C adj(zI - A) B over det(zI - A), as coefficients of the powers of z; nothing is cancelled.

    Shapes: A (n, n), B (n, m), C (p, n).
    """

    A: Matrix
    B: Matrix
    C: Matrix

    @property
    def numerator(self) -> tuple[tuple[tuple[sp.Expr, ...], ...], ...]:
        """numerator[i][j]: the n coefficients of (C adj(zI - A) B)[i, j], that of z**(n-1) first."""
        return _numerator(self.A, self.B, self.C)

    @property
    def denominator(self) -> tuple[sp.Expr, ...]:
        """The n + 1 coefficients of det(zI - A), that of z**n first."""
        return _characteristic(self.A)

    def matrix(self, z: sp.Symbol, form: str = "expanded") -> Matrix:
        """C (zI - A)**-1 B in z: "expanded" cancels nothing in z, "reduced" is in lowest terms, "factored" too.

        Raises: RnnsymError if z is a symbol of the system.
        """
        return _in_z(self.A, self.B, self.C, z, form)


def resolvent(A: Any, B: Any, C: Any) -> Resolvent:
    """C (zI - A)**-1 B by numerators and the characteristic polynomial.

    Raises: ShapeError if B or C do not fit A.

    >>> from sympy.abc import a, b, z
    >>> R = resolvent([[0, 1], [b, a]], [0, 1], [[1, 0]])
    >>> R.numerator, R.denominator
    ((((0, 1),),), (1, -a, -b))
    >>> R.matrix(z)
    Matrix([[1/(-a*z - b + z**2)]])
    """
    A, B, C = square(A), as_matrix(B), as_matrix(C)
    if B.rows != A.rows:
        raise ShapeError(f"B has {B.rows} rows, A has {A.rows}; B must have as many rows as A")
    if C.cols != A.rows:
        raise ShapeError(f"C has {C.cols} columns, A has {A.rows}; C must have as many columns as A")
    return Resolvent(A, B, C)


@lru_cache(maxsize=256)
def _numerator(A: Matrix, B: Matrix, C: Matrix) -> tuple[tuple[tuple[sp.Expr, ...], ...], ...]:
    found = _resolvent(A, B, C)
    ring, above = found.ring, found.coefficients[0]
    down = [found.scale * ring.power(found.common, k) for k in range(A.rows)]
    return tuple(
        tuple(tuple(shown(ring, above[k][i][j], down[k]) for k in range(A.rows)) for j in range(B.cols))
        for i in range(C.rows)
    )


@lru_cache(maxsize=256)
def _in_z(A: Matrix, B: Matrix, C: Matrix, z: sp.Symbol, form: str) -> Matrix:
    if form not in ("expanded", "reduced", "factored"):
        raise ValueError(f"form is {form!r}; it must be 'expanded', 'reduced' or 'factored'")
    found = _resolvent(A, B, C)
    place, scale = found.place, found.scale
    names = {s.name for g in found.ring.generators if g is not _Z for s in _symbols(g)}
    if str(z) in names:
        raise RnnsymError(
            f"the transform variable {z} is also a parameter of the system; give another name to one of them"
        )
    ring = replace(found.ring, generators=tuple(z if g is _Z else g for g in found.ring.generators))
    table, down = _polynomials_in_z(found, ring, A.rows)
    if not scale.is_one():
        down *= scale
    entries = []
    for i in range(C.rows):
        for j in range(B.cols):
            up = table[i][j]
            if len(up) + len(down) > TERMS_SHOWN:
                raise LimitReached(
                    f"an entry has {len(up) + len(down)} terms, the limit is {TERMS_SHOWN}; use numerator and "
                    "denominator of the resolvent, or give numbers for some parameters"
                )
            up = settled(ring, up)
            if up.is_zero():
                entries.append(sp.S.Zero)
            elif form == "expanded" and not ring.relations:
                entries.append(_expanded(ring, up, down, place))
            else:
                f = ring.reduced(up, down)
                entries.append(ring.factored(*f) if form == "factored" else ring.quotient(*f))
    return Matrix(C.rows, B.cols, entries)


def _symbols(generator: sp.Expr) -> set[sp.Symbol]:
    return {generator} if isinstance(generator, sp.Symbol) else generator.free_symbols


def _polynomials_in_z(found: _ResolventTable, ring: Ring, n: int) -> tuple[list[list[fmpz_mpoly]], fmpz_mpoly]:
    """The numerators sum_k N_k z**(n-1-k)/common**k and the denominator, both times common**n."""
    if found.whole is not None:
        return [[found.whole[0]]], found.whole[1]
    above, below = found.coefficients
    step = ring.gens[found.place] * found.common
    powers = [ring.one]
    for _ in range(n):
        powers.append(powers[-1] * step)
    shape = range(len(found.C)), range(len(found.B[0]) if n else 0)
    table = [[_assembled([layer[i][j] for layer in above], powers) for j in shape[1]] for i in shape[0]]
    if not found.common.is_one():
        table = [[up * found.common for up in row] for row in table]
    return table, _assembled(below, powers)


def _assembled(coefficients: list[fmpz_mpoly], powers: list[fmpz_mpoly]) -> fmpz_mpoly:
    """c_0 x**m + ... + c_m from the powers of x."""
    total = coefficients[-1]
    for k, c in enumerate(coefficients[:-1]):
        if len(c):
            total = total + c * powers[len(coefficients) - 1 - k]
    return total


def _expanded(ring: Ring, up: fmpz_mpoly, down: fmpz_mpoly, place: int) -> sp.Expr:
    """up/down without a common factor free of z; factors in z stay."""
    if place == 0 and not any(down.monomial(0)[1:]):  # in lex order z**n comes first, here with a number as coefficient
        common = ring.context.constant(gcd(int(up.content()), int(down.content())))
    else:
        parts = [*ring.coefficients(down, place).values(), *ring.coefficients(up, place).values()]
        common = min(parts, key=len)
        for p in parts:
            if common.is_one():
                break
            common = common.gcd(p)
    if down.leading_coefficient() < 0:
        common = -common
    return ring.quotient(up, down) if common.is_one() else ring.quotient(up / common, down / common)
