"""Where the rank of a matrix of polynomials is below r, inside a set that is already in pieces.

All minors of order r would tell, and there are too many: a 6 by 12 matrix has 924 of order 6 and 7,425 of order 4. So each
piece is asked for its own rank. On a piece whose remaining symbols are free, or tied by one irreducible equation f = 0, the
polynomials form a domain (p = 0 there if f divides p), and the rank over it is proved by the minors that border one
block. If it is below r the piece belongs to the set as a whole, and so do all its minors; if not, there is a minor that does
not vanish on the piece, and what is left of the piece is cut by it, which lowers the dimension. On a piece with
several equations all minors are gone through.

May be imported: `rank`, `components`, `matrices`, `signs`, `rnnsym.result`, python-flint.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
from math import comb

from flint import fmpz_mpoly

from rnnsym.exact import matrices
from rnnsym.exact.components import LIMIT, Piece, maximal, pieces, substituted
from rnnsym.exact.fields import Ring
from rnnsym.exact.rank import pivots, polynomial_minors
from rnnsym.exact.signs import Signs
from rnnsym.result import LimitReached

Rows = list[list[fmpz_mpoly]]

ALL = 100
"""Minors of one order up to which all of them are taken at once."""

TAKEN_APART = 30_000
"""Terms of a system up to which it is taken apart."""

CUTS = 6
"""Minors by which a piece is cut at once: several together leave fewer false pieces to be cut again."""

EQUATION_TERMS = 100_000
"""Terms of all equations that describe one set."""


def lower(
    signs: Signs, rows: Rows, within: list[Piece], r: int, zero: Callable[[fmpz_mpoly, int], bool], free: bool
) -> list[Piece]:
    """The pieces of the set, inside these pieces, on which all minors of order r vanish."""
    ring = signs.ring
    found: list[Piece] | None
    if comb(len(rows), r) * comb(len(rows[0]), r) <= ALL:
        minors = _all(ring, rows, r, zero)
        found = None if sum(map(len, minors)) > TAKEN_APART else pieces(signs, minors)
        return [Piece([], minors)] if found is None else found
    found = []
    stack = list(within)
    steps = 0
    while stack:
        steps += 1
        if steps > 10 * LIMIT or len(stack) + len(found) > 2 * LIMIT:
            raise LimitReached(
                f"the points where the rank is below {r} lie in more than {2 * LIMIT} pieces; "
                "give numbers for some parameters, or ask for generic_rank"
            )
        piece = stack.pop()
        here = restricted(ring, rows, piece)
        cuts = list(islice(_nonzero_minors(ring, here, piece, r, zero, free), CUTS))
        if not cuts:
            found.append(piece)
            continue
        terms = sum(map(len, cuts))
        if terms > EQUATION_TERMS:
            raise matrices.limit_reached(terms, EQUATION_TERMS, f"terms of the conditions for a rank below {r}:")
        after = pieces(signs, [*piece.equations(ring), *cuts])
        stack += [Piece([], [*piece.equations(ring), *cuts])] if after is None else after
    return maximal(ring, found)


def _all(ring: Ring, rows: Rows, r: int, zero: Callable[[fmpz_mpoly, int], bool]) -> list[fmpz_mpoly]:
    """The minors of order r that are not 0 everywhere, without repetition, the shortest first."""
    kept: dict[str, fmpz_mpoly] = {}
    terms = 0
    for _, _, minor in polynomial_minors(ring, rows, r):
        if not minor.is_zero():
            minor = minor.primitive()[1]
            name = str(minor if minor.leading_coefficient() > 0 else -minor)
            if name not in kept and not zero(minor, r - 1):
                kept[name] = minor
                terms += len(minor)
                if terms > EQUATION_TERMS:
                    raise matrices.limit_reached(terms, EQUATION_TERMS, f"terms of the minors of order {r}:")
    return sorted(kept.values(), key=len)


def restricted(ring: Ring, rows: Rows, piece: Piece) -> Rows:
    """The rows on the piece, each up to a factor that is never 0."""
    rows = [list(row) for row in rows]
    for i, n, d in piece.solved:
        for row in rows:
            degrees = [int(p.degrees()[i]) if len(p) else 0 for p in row]
            most = max(degrees, default=0)
            if most:
                for j, p in enumerate(row):
                    if len(p):
                        row[j] = ring.product(substituted(ring, p, i, n, d), ring.power(d, most - degrees[j]))
    for row in rows:
        content = ring.context.constant(0)
        for p in row:
            content = content.gcd(p)
        if not content.is_zero() and content.is_constant():
            row[:] = [p / content for p in row]
    return rows


def _nonzero_minors(
    ring: Ring, rows: Rows, piece: Piece, r: int, zero: Callable[[fmpz_mpoly, int], bool], free: bool
) -> Iterator[fmpz_mpoly]:
    """Minors of order r that do not vanish everywhere on the piece; none only if there are none."""
    p, q = len(rows), len(rows[0])
    if len(piece.rest) > 1:
        for _, _, minor in polynomial_minors(ring, rows, r):
            if not (piece.vanishes(ring, minor) or zero(minor, r - 1)):
                yield minor
        return
    f = piece.rest[0] if piece.rest else None

    def vanishes(minor: fmpz_mpoly, rank: int) -> bool:
        if f is not None and (minor.is_zero() or divides(f, minor)):
            return True
        return zero(minor, rank)

    seen: set[str] = set()
    for turn in range(2 * CUTS):  # the pivots come first by their place, so other orders give other minors
        over = [(3 * turn + k) % p if turn % 2 else k for k in range(p)]
        across = [(turn * (1 + q // 5) + k) % q for k in range(q)]
        turned = [[rows[i][j] for j in across] for i in over]
        down, right = pivots(ring, turned, vanishes, free and f is None)
        if len(down) < r:
            return
        if len(down) > r:
            down, right = _inner(ring, turned, down, right, r, vanishes)
        minor = matrices.determinant(ring, [[turned[i][j] for j in right] for i in down])
        if str(minor) not in seen and str(-minor) not in seen:
            seen.add(str(minor))
            yield minor
        if p == q == r:
            return


def _inner(
    ring: Ring,
    rows: Rows,
    down: tuple[int, ...],
    right: tuple[int, ...],
    r: int,
    vanishes: Callable[[fmpz_mpoly, int], bool],
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Rows and columns of a minor of order r that does not vanish, inside a larger one."""
    down = down[:r]
    chosen = [[rows[i][j] for j in right] for i in down]
    _, columns = pivots(ring, chosen, vanishes, False)
    return down, tuple(right[c] for c in columns)


def divides(f: fmpz_mpoly, p: fmpz_mpoly) -> bool:
    """Whether f divides p over the rational numbers."""
    return divmod(p, f)[1].is_zero() if f.leading_coefficient() in (1, -1) else p.gcd(f).primitive()[1] in (f, -f)
