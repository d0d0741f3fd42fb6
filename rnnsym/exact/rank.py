"""The generic rank, proved, the nullspace that goes with it, and minors.

A minor that is not 0 at a random point modulo a prime proves the rank to be at least its order; that it is no more is
proved by the minors that border it (Kronecker). Where it drops: `strata`. May be imported: `tables`, `matrices`, `fields`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from itertools import combinations
from math import comb, lcm
from random import Random
from typing import Any, NamedTuple

import sympy as sp
from flint import fmpz_mat, fmpz_mpoly, nmod_mat

from rnnsym.exact import matrices
from rnnsym.exact.fields import Ring
from rnnsym.exact.packing import Rows
from rnnsym.exact.tables import Matrix, as_matrix, settled, shown, table

MINOR_LIMIT = 20_000
"""Minors of one size that are computed."""

PRIME = 4611686018427387847  # the largest below 2**62


def minors(M: Any, k: int) -> tuple[sp.Expr, ...]:
    """All determinants of k rows and k columns, expanded; rows and then columns in lexicographic order.

    >>> from sympy.abc import a, b
    >>> minors([[a, 1, 0], [0, 1, b]], 2)
    (a, a*b, b)
    """
    M = as_matrix(M)
    ring, rows, common = table(M)
    below = ring.power(common, k)
    return tuple(shown(ring, p, below) for _, _, p in polynomial_minors(ring, rows, k))


def polynomial_minors(ring: Ring, rows: Rows, k: int) -> Iterable[tuple[tuple[int, ...], tuple[int, ...], fmpz_mpoly]]:
    """(rows, columns, minor) for all choices, refused beforehand if there are too many."""
    p, q = len(rows), len(rows[0]) if rows else 0
    count = comb(p, k) * comb(q, k)
    if count > MINOR_LIMIT:
        raise matrices.limit_reached(count, MINOR_LIMIT, f"minors of order {k} of a {p} by {q} matrix:")
    for down in combinations(range(p), k):
        chosen = [rows[i] for i in down]
        for right in combinations(range(q), k):
            yield down, right, matrices.determinant(ring, [[row[j] for j in right] for row in chosen])


def _pivots_modulo(ring: Ring, rows: Rows, seed: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Rows and columns of a minor that is not 0, as large as one random point modulo a prime shows.

    A relation g**q = N/D is not respected by a random point, so it may show too much: `generic_pivots` confirms.
    """
    random = Random(seed)  # not a linear congruential one: its consecutive values are related, and the rank shows it
    point = [random.randrange(PRIME) for _ in ring.generators]
    values = [[_value_modulo(p, point) for p in row] for row in rows]
    reduced, rank = nmod_mat(values, PRIME).rref()
    right = tuple(next(j for j in range(reduced.ncols()) if int(reduced[i, j])) for i in range(rank))
    turned = nmod_mat([[row[j] for row in values] for j in right], PRIME) if right else None
    if turned is None:
        return (), ()
    reduced, _ = turned.rref()
    return tuple(next(j for j in range(reduced.ncols()) if int(reduced[i, j])) for i in range(rank)), right


def _value_modulo(p: fmpz_mpoly, point: Sequence[int]) -> int:
    total = 0
    for monomial, c in p.terms():
        value = int(c) % PRIME
        for e, x in zip(monomial, point, strict=True):
            if e:
                value = value * pow(x, int(e), PRIME) % PRIME
        total += value
    return total % PRIME


@lru_cache(maxsize=256)
def generic_pivots(M: Matrix) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Rows and columns of a largest minor that is not 0 everywhere: proved, not only probable."""
    ring, rows, _ = table(M)

    def vanishes(p: fmpz_mpoly, rank: int) -> bool:
        return settled(ring, p, f"the rank is more than {rank}").is_zero()

    return pivots(ring, rows, vanishes, ring.independent and not ring.relations)


def pivots(
    ring: Ring, rows: Rows, vanishes: Callable[[fmpz_mpoly, int], bool], free: bool
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Rows and columns of a largest minor that does not vanish, over a domain in which `vanishes` is the test for 0.

    free: the generators are independent, so a minor that is not 0 at one point modulo a prime is not 0. That no
    larger one exists holds if all minors that border it vanish (Kronecker), over any field.
    """
    if not rows or not rows[0]:
        return (), ()
    if free and all(p.is_constant() for row in rows for p in row):
        whole = fmpz_mat([[int(p.leading_coefficient()) if len(p) else 0 for p in row] for row in rows])
        rank = whole.rank()
        for seed in range(20):
            down, right = _pivots_modulo(ring, rows, seed)
            if len(down) == rank:
                return down, right
    down, right = _pivots_modulo(ring, rows, 0) if free else ((), ())
    growing = True
    while growing and len(down) < min(len(rows), len(rows[0])):
        growing = False
        for i in (i for i in range(len(rows)) if i not in down):
            for j in (j for j in range(len(rows[0])) if j not in right):
                minor = matrices.determinant(ring, [[rows[a][b] for b in (*right, j)] for a in (*down, i)])
                if not vanishes(minor, len(down)):
                    down, right, growing = (*down, i), (*right, j), True
                    break
            if growing:
                break
    return tuple(sorted(down)), tuple(sorted(right))


def generic_rank(M: Any) -> int:
    """The rank of M for almost all values of its symbols, exactly.

    >>> from sympy.abc import a
    >>> generic_rank([[a, 1], [a**2, a]])
    1
    """
    M = as_matrix(M)
    entries = M.flat()
    if all(isinstance(e, sp.Rational) for e in entries):
        return rational_rank(M.rows, M.cols, entries)
    return len(generic_pivots(M)[0])


def rational_rank(p: int, q: int, entries: Sequence[sp.Rational]) -> int:
    """The rank of a p by q matrix of numbers: modulo a prime it is at most that, so a full one proves it; else in integers."""
    if not (p and q):
        return 0
    pairs = [(int(e.p), int(e.q)) for e in entries]
    inverses = {d: pow(d, -1, PRIME) for d in {d for _, d in pairs} if d % PRIME}
    if all(d in inverses for _, d in pairs):
        bound = nmod_mat(p, q, [n * inverses[d] % PRIME for n, d in pairs], PRIME).rank()
        if bound == min(p, q):
            return int(bound)
    whole: list[int] = []
    for i in range(p):
        row = pairs[i * q : (i + 1) * q]
        scale = lcm(*(d for _, d in row))
        whole += [n * (scale // d) for n, d in row]
    return int(fmpz_mat(p, q, whole).rank())


class Nullspace(NamedTuple):
    """A basis of the generic nullspace; it is one where the condition holds."""

    basis: tuple[Matrix, ...]
    condition: Any


@lru_cache(maxsize=256)
def _nullspace(M: Matrix) -> Nullspace:
    ring, rows, _ = table(M)
    down, right = generic_pivots(M)
    block = [[rows[i][j] for j in right] for i in down]
    free = [j for j in range(M.cols) if j not in right]
    if not free:
        return Nullspace((), sp.S.true if not down else _not_zero(ring, matrices.determinant(ring, block)))
    zero = ring.context.constant(0)
    if down:
        above, det = matrices.solve(ring, block, [[rows[i][j] for j in free] for i in down])
    else:
        above, det = [], ring.context.constant(1)
    basis = []
    for place, j in enumerate(free):
        vector = [zero] * M.cols
        vector[j] = det
        for k, pivot in enumerate(right):
            vector[pivot] = settled(ring, -above[k][place])
        common = det
        for p in vector:
            common = common.gcd(p)
        below = det / common
        vector = [p / common for p in vector]
        below = below if below.is_constant() else ring.context.constant(1)
        if vector[j].leading_coefficient() < 0:
            vector = [-p for p in vector]
        basis.append(Matrix(M.cols, 1, [sp.S.Zero if p.is_zero() else ring.factored(p) for p in vector]))
    return Nullspace(tuple(basis), _not_zero(ring, det))


def nullspace(M: Any) -> Nullspace:
    """Vectors v with M v = 0 everywhere, polynomial and without common factor, and where they are a basis.

    They are a basis where the minor of the pivots is not 0; elsewhere the rank may drop and the basis may miss vectors.

    >>> from sympy.abc import a, b
    >>> (v,), condition = nullspace([[a, b], [a**2, a*b]])
    >>> list(v), condition
    ([-b, a], Ne(a, 0))
    """
    return _nullspace(as_matrix(M))


def _not_zero(ring: Ring, p: fmpz_mpoly) -> Any:
    if p.is_constant():
        return sp.S.true
    _, found = ring.factors(p)
    radical = ring.context.constant(1)
    for f, _ in found:
        radical *= f
    return sp.Ne(ring.factored(radical.primitive()[1]), 0)
