"""Determinants, characteristic polynomials and resolvents of matrices whose entries are polynomials.

Rows of `fmpz_mpoly` of one ring in, `fmpz_mpoly` out; nothing is divided, so nothing is assumed to be different from 0.
No algorithm is best for all families, so the matrix decides:

- *Kronecker substitution* for numbers and for few parameters. Each parameter is replaced by a power of two so large
  that all coefficients of the answer stand apart in one integer; FLINT's integer matrices do the work (multimodular,
  n**3), and the digits are the coefficients. The bounds are those of the Leibniz sum: the degree is at most the sum
  over the rows of the largest degree, a coefficient at most the product over the rows of the sums of |coefficients|.
- *Laplace expansion over column subsets* for distinct symbols and for sparse matrices. Row by row, one polynomial for
  each set of columns used so far: with distinct symbols no term ever cancels, and sets that a zero pattern cannot
  reach never appear (a tridiagonal matrix has O(n) of them). The same recursion on numbers of terms says beforehand
  how many terms there can be.
- *Berkowitz*, division-free, for what remains (Berkowitz 1984; the form of Rote 2001).
- *Structure first*: if A = s I + t W (leaky units, gains), then det(zI - A) = t**n q((z - s)/t) with q that of W.

The resolvent needs no inverse: adj(zI - A) = sum_k z**(n-1-k) M_k with M_0 = I, M_k = A M_{k-1} + c_k I, c_k the
coefficients of det(zI - A) (Faddeev 1949), so C adj(zI - A) B costs n products of a matrix with a column.

May be imported: `fields`, `rnnsym.result`, python-flint. A new family of matrices: one function that gives the coefficients
of det(zI - A), and its line in `charpoly`.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import comb, prod
from typing import Any, NamedTuple, TypeAlias

from flint import fmpz_mat, fmpz_mpoly

from rnnsym.exact.fields import Ring
from rnnsym.result import LimitReached

Rows: TypeAlias = Sequence[Sequence[fmpz_mpoly]]

KRONECKER_BITS = 40_000
"""Length of the integers up to which a matrix of polynomials is packed into a matrix of integers."""

SUBSETS = 20_000
"""Column subsets a Laplace expansion may meet."""


# ---------------------------------------------------------------------- Kronecker substitution


class Packing(NamedTuple):
    """Polynomials as integers: generator i is 2**(digit * strides[i]), coefficients are digits of that many bits."""

    ring: Ring
    digit: int
    degrees: tuple[int, ...]
    strides: tuple[int, ...]

    @property
    def bits(self) -> int:
        return self.digit * prod(d + 1 for d in self.degrees)

    def pack(self, p: fmpz_mpoly) -> int:
        total = 0
        for monomial, c in p.terms():
            place = 0
            for e, stride in zip(monomial, self.strides, strict=True):
                if e:
                    place += int(e) * stride
            total += int(c) << (self.digit * place)
        return total

    def unpack(self, number: Any) -> fmpz_mpoly:
        value, width = int(number), self.digit // 8
        if not self.ring.generators or self.bits == self.digit:
            return self.ring.context.constant(value)
        count = prod(d + 1 for d in self.degrees)
        half = 1 << (self.digit - 1)
        base = half * (((1 << (self.digit * count)) - 1) // ((1 << self.digit) - 1))
        data = (value + base).to_bytes(width * count + 1, "little")
        terms = {}
        zero = half.to_bytes(width, "little")
        for place in range(count):
            piece = data[place * width : (place + 1) * width]
            if piece != zero:
                exponents, rest = [], place
                for d, stride in zip(self.degrees, self.strides, strict=True):
                    exponents.append(rest // stride % (d + 1) if d else 0)
                terms[tuple(exponents)] = int.from_bytes(piece, "little") - half
        return self.ring.context.from_dict(terms)

    def table(self, rows: Rows) -> fmpz_mat:
        return fmpz_mat([[self.pack(p) for p in row] for row in rows])


def packing(ring: Ring, rows: Rows) -> Packing:
    """The packing in which every minor of these rows, and of these rows with ones added to them, has its place."""
    degrees, size = [0] * len(ring.generators), 1
    for row in rows:
        most, norm = [0] * len(degrees), 1
        for p in row:
            if len(p):
                norm += sum(abs(int(c)) for c in p.coeffs())
                for i, d in enumerate(p.degrees()):
                    if d > most[i]:
                        most[i] = int(d)
        size *= norm
        degrees = [a + b for a, b in zip(degrees, most, strict=True)]
    digit = (size.bit_length() + 2 + 7) // 8 * 8
    strides, stride = [], 1
    for d in degrees:
        strides.append(stride)
        stride *= d + 1
    return Packing(ring, digit, tuple(degrees), tuple(strides))


# ---------------------------------------------------------------------- Laplace over column subsets


def predicted_terms(rows: Rows, shifted: bool = False) -> int | None:
    """A bound on the number of terms of det(rows), or of det(zI - rows) in all; None where there are too many subsets."""
    states = {0: 1}
    for i, row in enumerate(rows):
        sizes = [(1 << j, len(p) + (shifted and i == j)) for j, p in enumerate(row) if len(p) or (shifted and i == j)]
        after: dict[int, int] = {}
        for used, count in states.items():
            for bit, size in sizes:
                if not used & bit:
                    after[used | bit] = after.get(used | bit, 0) + count * size
        if len(after) > SUBSETS:
            return None
        states = after
    return sum(states.values())


def laplace(ring: Ring, rows: Rows) -> fmpz_mpoly:
    """det(rows) by expansion over column subsets."""
    states = {0: ring.context.constant(1)}
    for row in rows:
        entries = [(j, p) for j, p in enumerate(row) if len(p)]
        after: dict[int, fmpz_mpoly] = {}
        for used, value in states.items():
            for j, p in entries:
                bit = 1 << j
                if used & bit:
                    continue
                term = value * p
                now = after.get(used | bit)
                if (used >> j).bit_count() & 1:
                    after[used | bit] = -term if now is None else now - term
                else:
                    after[used | bit] = term if now is None else now + term
        states = after
    return states.get((1 << len(rows)) - 1, ring.context.constant(0))


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
    parts += [d for d in (b[i + 1] - a[i] for i, (a, b) in enumerate(pairwise(rows))) if len(d)]
    if n < 2 or not parts:
        return None
    t = min(parts, key=len)
    for p in parts:
        if t.is_constant():
            return None
        t = t.gcd(p)
    t = t.primitive()[1]
    if t.is_constant():
        return None
    s = divmod(rows[0][0], t)[1]
    W = [[(p - s if i == j else p) / t for j, p in enumerate(row)] for i, row in enumerate(rows)]
    return s, t, W


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
    packed = packing(ring, rows)
    if packed.bits <= KRONECKER_BITS and (n > 3 or len(packed.degrees) == 0):
        return packed.unpack(packed.table(rows).det())
    most = predicted_terms(rows)
    if most is not None and n <= 12:
        refuse(ring, rows, most, "a determinant")
        return laplace(ring, rows)
    value = charpoly(ring, rows)[-1]
    return -value if n % 2 else value


def refuse(ring: Ring, rows: Rows, most: int, what: str) -> None:
    """LimitReached if the expansion may have too many terms, by the count of products and by that of monomials."""
    if most > ring.term_limit:
        degrees = packing(ring, rows).degrees
        total = sum(max((int(p.total_degree()) for p in row if len(p)), default=0) for row in rows)
        active = sum(d > 0 for d in degrees)
        most = min(most, prod(d + 1 for d in degrees), comb(total + active, active))
        ring._refuse_over_limit(most, f"{what} of size {len(rows)}")


def charpoly(ring: Ring, rows: Rows) -> list[fmpz_mpoly]:
    """The coefficients of det(zI - rows), highest first."""
    structure = shift_and_scale(ring, rows)
    if structure is not None:
        s, t, W = structure
        return shifted(ring, charpoly(ring, W), s, t)
    return _charpoly(ring, rows, packing(ring, rows))


def _charpoly(ring: Ring, rows: Rows, packed: Packing) -> list[fmpz_mpoly]:
    n = len(rows)
    if n and packed.bits <= KRONECKER_BITS and (n > 3 or not any(packed.degrees)):
        return [packed.unpack(c) for c in packed.table(rows).charpoly().coeffs()[::-1]]
    most = predicted_terms(rows, shifted=True)
    if most is not None and n <= 12:
        refuse(ring, rows, most, "the characteristic polynomial of a matrix")
        return laplace_charpoly(ring, rows)
    return berkowitz(ring, rows)


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


def resolvent(ring: Ring, A: Rows, B: Rows, C: Rows) -> tuple[list[list[list[fmpz_mpoly]]], list[fmpz_mpoly]]:
    """([C M_k B for k = 0..n-1], coefficients of det(zI - A)): C adj(zI - A) B = sum_k z**(n-1-k) C M_k B."""
    n = len(A)
    structure = shift_and_scale(ring, A)
    if structure is not None:
        s, t, W = structure
        inner, below = resolvent(ring, W, B, C)
        p, m = len(C), len(B[0]) if B else 0
        entries = [[shifted(ring, [layer[i][j] for layer in inner], s, t) for j in range(m)] for i in range(p)]
        return [[[entries[i][j][k] for j in range(m)] for i in range(p)] for k in range(n)], shifted(ring, below, s, t)
    bordered = [[*a, *b] for a, b in zip(A, B, strict=True)] + [list(c) for c in C]
    packed = packing(ring, bordered)
    if packed.bits <= KRONECKER_BITS and (n > 3 or not any(packed.degrees)):
        a, b, c = packed.table(A), packed.table(B), packed.table(C)
        coefficients = a.charpoly().coeffs()[::-1]
        w, layers = b, [c * b]
        for k in range(1, n):
            w = a * w + b * coefficients[k]
            layers.append(c * w)
        return (
            [[[packed.unpack(e) for e in row] for row in layer.tolist()] for layer in layers],
            [packed.unpack(e) for e in coefficients],
        )
    below = _charpoly(ring, A, packing(ring, A))
    w, found = [list(row) for row in B], [product(ring, C, B)]
    for k in range(1, n):
        w = product(ring, A, w)
        w = [
            [e + ring.product(below[k], b) for e, b in zip(row, of_B, strict=True)]
            for row, of_B in zip(w, B, strict=True)
        ]
        found.append(product(ring, C, w))
    return found, below


def adjugate(ring: Ring, rows: Rows) -> list[list[fmpz_mpoly]]:
    """adj(rows), with rows adj(rows) = det(rows) I."""
    n = len(rows)
    one, zero = ring.context.constant(1), ring.context.constant(0)
    identity = [[one if i == j else zero for j in range(n)] for i in range(n)]
    if n <= 1:
        return identity
    packed = packing(ring, rows)
    if packed.bits > KRONECKER_BITS and n <= 8:
        return [
            [
                (1 if (i + j) % 2 == 0 else -1)
                * determinant(ring, [[p for k, p in enumerate(row) if k != i] for m, row in enumerate(rows) if m != j])
                for j in range(n)
            ]
            for i in range(n)
        ]
    if packed.bits <= KRONECKER_BITS:
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
