"""Determinants, characteristic polynomials and resolvents of matrices whose entries are polynomials.

Rows of `fmpz_mpoly` of one ring in, `fmpz_mpoly` out; nothing is divided, so nothing is assumed to be different from 0.
No algorithm is best for all families, so the matrix decides:

- *Kronecker substitution* for few parameters (`packing`), and FLINT's integer matrices for numbers.
- *Laplace expansion over column subsets* for distinct symbols and for sparse matrices. Row by row, one polynomial for
  each set of columns used so far: with distinct symbols no term ever cancels, and sets that a zero pattern cannot
  reach never appear (a tridiagonal matrix has O(n) of them). The same recursion on numbers of terms says beforehand
  how many terms there can be.
- *Berkowitz*, division-free, for what remains (Berkowitz 1984; the form of Rote 2001).
- *Structure first*: if A = s I + t W (leaky units, gains), then det(zI - A) = t**n q((z - s)/t) with q that of W.

The resolvent needs no inverse: adj(zI - A) = sum_k z**(n-1-k) M_k with M_0 = I, M_k = A M_{k-1} + c_k I, c_k the
coefficients of det(zI - A) (Faddeev 1949), so C adj(zI - A) B costs n products of a matrix with a column.

May be imported: `fields`, `packing`, `rnnsym.result`, python-flint. A new family of matrices: one function that gives the coefficients
of det(zI - A), and its line in `charpoly`.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import comb, prod
from typing import Any

from flint import fmpz_mat, fmpz_mpoly

from rnnsym.exact.fields import Ring
from rnnsym.exact.packing import KRONECKER_BITS, Rows, degrees_of, integers, packing
from rnnsym.result import LimitReached

SUBSETS = 20_000
"""Column subsets a Laplace expansion may meet."""

BORDERED = 300
"""Column subsets of one size for which a transfer function is expanded as one determinant."""

DIRECT = 400
"""Terms up to which a small or sparse matrix is expanded over column subsets without looking further."""


# ---------------------------------------------------------------------- Laplace over column subsets


def predicted_terms(rows: Rows, shifted: bool = False, subsets: int = SUBSETS) -> int | None:
    """A bound on the number of terms of det(rows), or of det(zI - rows) in all; None where there are too many subsets."""
    states = {0: 1}
    for i, row in enumerate(rows):
        sizes = [(1 << j, len(p) + (shifted and i == j)) for j, p in enumerate(row) if len(p) or (shifted and i == j)]
        after: dict[int, int] = {}
        for used, count in states.items():
            for bit, size in sizes:
                if not used & bit:
                    after[used | bit] = after.get(used | bit, 0) + count * size
        if len(after) > subsets:
            return None
        states = after
    return sum(states.values())


def laplace(ring: Ring, rows: Rows) -> fmpz_mpoly:
    """det(rows) by expansion over column subsets."""
    return _expanded(rows, {0: ring.one}).get((1 << len(rows)) - 1, ring.zero)


def _expanded(rows: Rows, states: dict[int, fmpz_mpoly]) -> dict[int, fmpz_mpoly]:
    """For each set of columns the minor of these columns and all rows so far, from those of the rows before."""
    for row in rows:
        entries = [(j, 1 << j, p) for j, p in enumerate(row) if len(p)]
        after: dict[int, fmpz_mpoly] = {}
        for used, value in states.items():
            for j, bit, p in entries:
                if used & bit:
                    continue
                to = used | bit
                if to not in after:
                    after[to] = -(value * p) if (used >> j).bit_count() & 1 else value * p
                elif (used >> j).bit_count() & 1:
                    after[to] -= value * p
                else:
                    after[to] += value * p
        states = after
    return states


def laplace_charpoly(ring: Ring, rows: Rows) -> list[fmpz_mpoly]:
    """The coefficients of det(zI - rows), highest first, by expansion over column subsets."""
    n, zero = len(rows), ring.context.constant(0)
    states: dict[int, dict[int, fmpz_mpoly]] = {0: {0: ring.context.constant(1)}}
    for i, row in enumerate(rows):
        entries = [(j, p) for j, p in enumerate(row) if len(p) or i == j]
        after: dict[int, dict[int, fmpz_mpoly]] = {}
        for used, values in states.items():
            for j, p in entries:
                bit = 1 << j
                if used & bit:
                    continue
                now = after.setdefault(used | bit, {})
                odd = (used >> j).bit_count() & 1
                for power, value in values.items():
                    if len(p):
                        term = value * p
                        old = now.get(power)
                        if odd:  # the entry is -p
                            now[power] = term if old is None else old + term
                        else:
                            now[power] = -term if old is None else old - term
                    if i == j:
                        old = now.get(power + 1)
                        if odd:
                            now[power + 1] = -value if old is None else old - value
                        else:
                            now[power + 1] = value if old is None else old + value
        states = after
    found = states.get((1 << n) - 1, {})
    return [found.get(n - k, zero) for k in range(n + 1)]


# ---------------------------------------------------------------------- Berkowitz


def berkowitz(ring: Ring, rows: Rows) -> list[fmpz_mpoly]:
    """The coefficients of det(zI - rows), highest first, without division."""
    times, one, zero = ring.product, ring.context.constant(1), ring.context.constant(0)
    found = [one]
    for k, row in enumerate(rows):
        left = row[:k]
        column = [rows[i][k] for i in range(k)]
        toeplitz = [one, -row[k]]
        for step in range(k):
            total = zero
            for a, b in zip(left, column, strict=True):
                total += times(a, b)
            toeplitz.append(-total)
            if step + 1 < k:
                column = [sum((times(a, b) for a, b in zip(rows[i][:k], column, strict=True)), zero) for i in range(k)]
        found = [
            sum((times(toeplitz[i - j], found[j]) for j in range(max(0, i - k - 1), min(i, k) + 1)), zero)
            for i in range(k + 2)
        ]
    return found


# ---------------------------------------------------------------------- structure


def shift_and_scale(ring: Ring, rows: Rows) -> tuple[fmpz_mpoly, fmpz_mpoly, list[list[fmpz_mpoly]]] | None:
    """(s, t, W) with rows = s I + t W and t not constant, or None."""
    n = len(rows)
    parts = [p for i, row in enumerate(rows) for j, p in enumerate(row) if i != j and len(p)]
    t = _common(parts)
    if t is not None and t.is_constant():
        return None
    steps = [d for d in (b[i + 1] - a[i] for i, (a, b) in enumerate(pairwise(rows))) if len(d)]
    t = _common(steps if t is None else [t, *steps])
    if n < 2 or t is None:
        return None
    t = t.primitive()[1]
    if t.is_constant():
        return None
    s = divmod(rows[0][0], t)[1]
    W = [[(p - s if i == j else p) / t for j, p in enumerate(row)] for i, row in enumerate(rows)]
    return s, t, W


def _common(parts: Sequence[fmpz_mpoly]) -> fmpz_mpoly | None:
    """The greatest common divisor, or some constant; None of nothing."""
    if not parts:
        return None
    found = min(parts, key=len)
    for p in parts:
        if len(found) == 1 and found.is_constant():
            break
        found = found.gcd(p)
    return found


def shifted(ring: Ring, coefficients: Sequence[fmpz_mpoly], s: fmpz_mpoly, t: fmpz_mpoly) -> list[fmpz_mpoly]:
    """The coefficients of t**m q((z - s)/t) from those of q, of degree m, highest first."""
    scaled, power = [], ring.context.constant(1)
    for q in coefficients:
        scaled.append(ring.product(q, power))
        power = ring.product(power, t)
    if not s.is_zero():  # Taylor's shift by Horner's scheme
        for last in range(len(scaled) - 1, 0, -1):
            for k in range(1, last + 1):
                scaled[k] = scaled[k] - ring.product(s, scaled[k - 1])
    return scaled


# ---------------------------------------------------------------------- the questions


def determinant(ring: Ring, rows: Rows) -> fmpz_mpoly:
    """det(rows)."""
    n = len(rows)
    if n == 0:
        return ring.context.constant(1)
    if n == 1:
        return rows[0][0]
    if n == 2:
        (a, b), (c, d) = rows
        return ring.product(a, d) - ring.product(b, c)
    numbers = integers(rows)
    if numbers is not None:
        return ring.context.constant(int(fmpz_mat(numbers).det()))
    if n == 3 or is_sparse(rows):
        most = predicted_terms(rows, subsets=DIRECT)
        if most is not None and most <= DIRECT:
            return laplace(ring, rows)
    packed = packing(ring, rows, KRONECKER_BITS) if n > 3 else None
    if packed is not None:
        return packed.unpack(packed.table(rows).det())
    most = predicted_terms(rows)
    if most is not None and n <= 12:
        refuse(ring, rows, most, "a determinant")
        return laplace(ring, rows)
    value = charpoly(ring, rows)[-1]
    return -value if n % 2 else value


def is_sparse(rows: Rows) -> bool:
    """Whether there are at most three entries in a row on the average."""
    return sum([len(p) > 0 for row in rows for p in row]) <= 3 * len(rows)


def refuse(ring: Ring, rows: Rows, most: int, what: str) -> None:
    """LimitReached if the expansion may have too many terms, by the count of products and by that of monomials."""
    if most > ring.term_limit:
        degrees = degrees_of(ring, rows)
        total = sum(max((int(p.total_degree()) for p in row if len(p)), default=0) for row in rows)
        active = sum(d > 0 for d in degrees)
        most = min(most, prod(d + 1 for d in degrees), comb(total + active, active))
        ring._refuse_over_limit(most, f"{what} of size {len(rows)}")


def charpoly(ring: Ring, rows: Rows, place: int | None = None) -> list[fmpz_mpoly]:
    """The coefficients of det(zI - rows), highest first. place: a generator that the rows do not use, if there is one."""
    numbers = integers(rows)
    if numbers is not None and rows:
        return [ring.context.constant(int(c)) for c in fmpz_mat(numbers).charpoly().coeffs()[::-1]]
    structure = shift_and_scale(ring, rows) if len(rows) > 2 else None
    if structure is not None:
        s, t, W = structure
        return shifted(ring, charpoly(ring, W, place), s, t)
    if len(rows) > 3:
        if is_sparse(rows):
            most = predicted_terms(rows, shifted=True, subsets=DIRECT)
            if most is not None and most <= DIRECT:
                return _by_subsets(ring, rows, place)
        packed = packing(ring, rows, KRONECKER_BITS)
        if packed is not None:
            return [packed.unpack(c) for c in packed.table(rows).charpoly().coeffs()[::-1]]
    return _charpoly(ring, rows, place)


def _charpoly(ring: Ring, rows: Rows, place: int | None) -> list[fmpz_mpoly]:
    most = predicted_terms(rows, shifted=True)
    if most is not None and len(rows) <= 12:
        refuse(ring, rows, most, "the characteristic polynomial of a matrix")
        return _by_subsets(ring, rows, place)
    return berkowitz(ring, rows)


def _by_subsets(ring: Ring, rows: Rows, place: int | None) -> list[fmpz_mpoly]:
    if place is None:
        return laplace_charpoly(ring, rows)
    return split(ring, laplace(ring, shifted_rows(rows, ring.gens[place])), place, len(rows))


def shifted_rows(rows: Rows, x: fmpz_mpoly) -> list[list[fmpz_mpoly]]:
    """x I - rows."""
    return [[x - p if i == j else -p for j, p in enumerate(row)] for i, row in enumerate(rows)]


def split(ring: Ring, p: fmpz_mpoly, place: int, degree: int) -> list[fmpz_mpoly]:
    """The coefficients of a polynomial in one generator, from that of the power `degree` down."""
    found = ring.coefficients(p, place)
    return [found.get(k, ring.zero) for k in range(degree, -1, -1)]


def product(ring: Ring, A: Rows, B: Rows) -> list[list[fmpz_mpoly]]:
    """A B."""
    zero, columns = ring.context.constant(0), list(zip(*B, strict=True))
    result = []
    for row in A:
        line = []
        for column in columns:
            total = zero
            for a, b in zip(row, column, strict=True):
                if len(a) and len(b):
                    total += ring.product(a, b)
            line.append(total)
        result.append(line)
    return result


def resolvent(
    ring: Ring, A: Rows, B: Rows, C: Rows, place: int | None = None
) -> tuple[list[list[list[fmpz_mpoly]]], list[fmpz_mpoly]]:
    """([C M_k B for k = 0..n-1], coefficients of det(zI - A)): C adj(zI - A) B = sum_k z**(n-1-k) C M_k B.

    place: a generator that none of them uses, if there is one.
    """
    n, constant = len(A), ring.context.constant
    sure = len(ring.generators) == (place is not None)
    numbers = [integers(rows, sure) for rows in (A, B, C)]
    if n and B[0] and C and all(rows is not None for rows in numbers):
        layers, below = _integer_resolvent(*map(fmpz_mat, numbers))
        found = [[[constant(int(e)) for e in row] for row in layer.tolist()] for layer in layers]
        return found, [constant(int(e)) for e in below]
    structure = shift_and_scale(ring, A) if n > 2 else None
    if structure is not None:
        s, t, W = structure
        inner, below = resolvent(ring, W, B, C, place)
        p, m = len(C), len(B[0]) if B else 0
        entries = [[shifted(ring, [layer[i][j] for layer in inner], s, t) for j in range(m)] for i in range(p)]
        return [[[entries[i][j][k] for j in range(m)] for i in range(p)] for k in range(n)], shifted(ring, below, s, t)
    if n > 3 and not is_sparse(A):
        packed = packing(ring, [[*a, *b] for a, b in zip(A, B, strict=True)] + [list(c) for c in C], KRONECKER_BITS)
        if packed is not None:
            layers, below = _integer_resolvent(*(packed.table(rows) for rows in (A, B, C)))
            found = [[[packed.unpack(e) for e in row] for row in layer.tolist()] for layer in layers]
            return found, [packed.unpack(e) for e in below]
    below = charpoly(ring, A, place) if is_sparse(A) else _charpoly(ring, A, place)
    w, found = [list(row) for row in B], [product(ring, C, B)]
    for k in range(1, n):
        w = product(ring, A, w)
        if len(below[k]):
            w = [
                [e + ring.product(below[k], b) if len(b) else e for e, b in zip(row, of_B, strict=True)]
                for row, of_B in zip(w, B, strict=True)
            ]
        found.append(product(ring, C, w))
    return found, below


def bordered(ring: Ring, A: Rows, B: Rows, C: Rows, place: int) -> tuple[fmpz_mpoly, fmpz_mpoly] | None:
    """(C adj(xI - A) B, det(xI - A)) as polynomials in generator x, where expansion is the shortest way; else None.

    The first is det [[xI - A, B], [-C, 0]], for one input and one output. With distinct symbols no term cancels, while
    the products of a matrix with a column pass through many that do; a sparse matrix has few column subsets.
    """
    n = len(A)
    if not n or len(C) != 1 or len(B[0]) != 1:
        return None
    dense = n > 3 and not is_sparse(A)
    if dense and any(len(p) > 1 for rows in (A, B, C) for row in rows for p in row):
        return None
    above = [[*a, b[0]] for a, b in zip(A, B, strict=True)] + [[*C[0], ring.zero]]
    if not _short(above, ring.term_limit):
        return None
    # with more than 14 generators no packing is short enough
    if dense and len(ring.generators) <= 14 and packing(ring, above, KRONECKER_BITS) is not None:
        return None
    if n > 3 and shift_and_scale(ring, A) is not None:
        return None
    rows = [[*row, *b] for row, b in zip(shifted_rows(A, ring.gens[place]), B, strict=True)]
    states = _expanded(rows, {0: ring.one})  # the last row of the border meets every minor but det(xI - A)
    last = _expanded([[-c for c in C[0]]], states)
    full = (1 << n) - 1
    return last.get(2 * full + 1, ring.zero), states.get(full, ring.zero)


def _short(rows: Rows, limit: int) -> bool:
    """Whether det(rows), with z on the diagonal, is expanded over BORDERED column subsets of a size at most, into so few terms."""
    if 2 ** len(rows) <= BORDERED and prod(1 + sum(map(len, row)) for row in rows) <= limit:
        return True  # even without a look at which columns are left
    most = predicted_terms(rows, shifted=True, subsets=BORDERED)
    return most is not None and most <= limit


def _integer_resolvent(a: fmpz_mat, b: fmpz_mat, c: fmpz_mat) -> tuple[list[fmpz_mat], list[Any]]:
    below = a.charpoly().coeffs()[::-1]
    w, layers = b, [c * b]
    for k in range(1, a.nrows()):
        w = a * w + b * below[k]
        layers.append(c * w)
    return layers, below


def adjugate(ring: Ring, rows: Rows) -> list[list[fmpz_mpoly]]:
    """adj(rows), with rows adj(rows) = det(rows) I."""
    n = len(rows)
    one, zero = ring.context.constant(1), ring.context.constant(0)
    identity = [[one if i == j else zero for j in range(n)] for i in range(n)]
    if n <= 1:
        return identity
    packed = packing(ring, rows, KRONECKER_BITS)
    if packed is None and n <= 8:
        return [
            [
                (1 if (i + j) % 2 == 0 else -1)
                * determinant(ring, [[p for k, p in enumerate(row) if k != i] for m, row in enumerate(rows) if m != j])
                for j in range(n)
            ]
            for i in range(n)
        ]
    if packed is not None:
        a = packed.table(rows)
        unit = fmpz_mat([[int(i == j) for j in range(n)] for i in range(n)])
        w = unit
        for c in a.charpoly().coeffs()[-2:0:-1]:
            w = a * w + unit * c
        return [[packed.unpack(e if n % 2 else -e) for e in row] for row in w.tolist()]
    last = resolvent(ring, rows, identity, identity)[0][-1]
    return last if n % 2 else [[-e for e in row] for row in last]


def solve(ring: Ring, rows: Rows, b: Rows) -> tuple[list[list[fmpz_mpoly]], fmpz_mpoly]:
    """(adj(rows) b, det(rows)): Cramer's rule."""
    n = len(rows)
    one, zero = ring.context.constant(1), ring.context.constant(0)
    identity = [[one if i == j else zero for j in range(n)] for i in range(n)]
    found, below = resolvent(ring, rows, b, identity)
    return (found[-1], -below[-1]) if n % 2 else ([[-e for e in row] for row in found[-1]], below[-1])


def limit_reached(most: int, limit: int, what: str) -> LimitReached:
    """The error that says the number."""
    return LimitReached(
        f"{what} {most if most < 10**30 else 'over 10**30'}, the limit is {limit}; "
        "give numbers for some parameters, or ask for a smaller matrix"
    )
