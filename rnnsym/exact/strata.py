"""Every stratum of the rank of a matrix with symbols.

rank M >= r exactly where some minor of order r is not 0, so with V_r = {all minors of order r are 0} the rank is r on
V_(r+1) without V_r: the strata are complete and disjoint whatever is done to make them readable. The generic rank R comes
first, with the condition "not in V_R"; then 0, 1, ... with "in V_(r+1)"; and last, what is left. The first that holds is right.

The sets are found one inside the other (`loci`). Made readable: entries that are never 0 are eliminated first (rank M = 1 + rank of the Schur complement), so that few
minors remain; the sets are taken apart into pieces (`components`), over the real numbers where symbols are real; strata
that are empty are left out. A minor of which it cannot be decided whether it is 0 everywhere is refused, never guessed.

The entries must be defined: `defined_where` says where they are, and the strata are to be read there.
May be imported: `tables`, `rank`, `loci`, `components`, `signs`, `zero`, `rnnsym.result`, SymPy.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import sympy as sp
from flint import fmpz_mpoly

from rnnsym.exact.components import Piece, joined, related
from rnnsym.exact.fields import Ring
from rnnsym.exact.loci import lower
from rnnsym.exact.rank import pivots, rational_rank
from rnnsym.exact.signs import Signs
from rnnsym.exact.tables import Matrix, as_matrix, settled, table
from rnnsym.exact.zero import under

Strata = tuple[tuple[int, Any], ...]


def rank_strata(M: Any, given: Any = True) -> Strata:
    """((rank, condition), ...), of which the first that holds is right: the generic rank first, the last one is True.

    Given:  hypotheses; what they exclude is left out.
    Raises: LimitReached if there are too many minors; RnnsymError if it is undecided whether a minor is 0 everywhere.

    >>> a1, a2, b1, b2 = sp.symbols("a1 a2 b1 b2")
    >>> rank_strata([[b1, a1*b1], [b2, a2*b2]])
    ((2, Ne(b1*b2*(a1 - a2), 0)), (0, Eq(b1, 0) & Eq(b2, 0)), (1, True))
    """
    return _strata(as_matrix(M), sp.sympify(given))


def defined_where(M: Any) -> Any:
    """The condition that no entry divides by zero, as they are written in lowest terms.

    >>> from sympy.abc import a, b
    >>> defined_where([[1/a, b/(a - b)]])
    Ne(a, 0) & Ne(a - b, 0)
    """
    M = as_matrix(M)
    ring, _, common = table(M)
    signs = Signs(ring)
    return sp.And(*(sp.Ne(ring.factored(f), 0) for f, _ in ring.factors(common)[1] if not signs.never_zero(f)))


@lru_cache(maxsize=256)
def _strata(M: Matrix, given: Any) -> Strata:
    entries = M.flat()
    if all(isinstance(e, sp.Rational) for e in entries):
        return ((rational_rank(M.rows, M.cols, entries), sp.true),)
    back: dict[Any, Any] = {}
    if given is not sp.true:
        M, given, back = _with(M, given)
        if all(isinstance(e, sp.Rational) for e in M):
            return ((rational_rank(M.rows, M.cols, M.flat()), sp.true),)
    ring, rows, common = table(M)
    signs = Signs(ring, given, [f for f, _ in ring.factors(common)[1]])
    sure, rest = _pivoted(signs, rows)
    found = _by_sets(signs, rest, sure)
    return tuple((rank, condition.xreplace(back) if back else condition) for rank, condition in found)


def _with(M: Matrix, given: Any) -> tuple[Matrix, Any, dict[Any, Any]]:
    """The matrix with what is given of single symbols put in, what is left of it, and the way back to the user's symbols."""
    entries: list[Any] = list(M)
    hypotheses = given
    while True:
        token = sp.Function("rnnsym_entries")(*entries)
        changed, after = under(token, hypotheses)
        if changed == token and after == hypotheses:
            break
        entries, hypotheses = list(changed.args), after
    by_name = {s.name: s for s in M.free_symbols | given.free_symbols}
    new = sp.Matrix(M.rows, M.cols, entries).free_symbols | hypotheses.free_symbols
    return (
        Matrix(M.rows, M.cols, entries),
        hypotheses,
        {s: by_name[s.name] for s in new if s.name in by_name and by_name[s.name] != s},
    )


def _pivoted(signs: Signs, rows: list[list[fmpz_mpoly]]) -> tuple[int, list[list[fmpz_mpoly]]]:
    """(k, rest): the rank is k plus that of the rest, by elimination with k entries that are never 0."""
    ring, rank = signs.ring, 0
    rows = [list(row) for row in rows]
    while True:
        rows = [[settled(ring, p, "the rank is as computed") for p in row] for row in rows]
        rows = [row for row in rows if any(len(p) for p in row)]
        if rows:
            columns = [j for j in range(len(rows[0])) if any(len(row[j]) for row in rows)]
            rows = [[row[j] for j in columns] for row in rows]
        rows = [_primitive(signs, row) for row in rows]
        candidates = [
            (
                len(p) if not p.is_constant() else 0,
                sum(len(q) > 0 for q in row) * sum(len(r[j]) > 0 for r in rows),
                i,
                j,
            )
            for i, row in enumerate(rows)
            for j, p in enumerate(row)
            if len(p) and len(p) <= 20 and signs.never_zero(p)
        ]
        if not candidates:
            return rank, rows
        _, _, i, j = min(candidates)
        pivot, top = rows[i][j], rows[i]
        rank += 1
        rows = [
            [
                ring.product(pivot, q) - ring.product(row[j], top[c]) if len(row[j]) else q
                for c, q in enumerate(row)
                if c != j
            ]
            for r, row in enumerate(rows)
            if r != i
        ]


def _primitive(signs: Signs, row: list[fmpz_mpoly]) -> list[fmpz_mpoly]:
    common = signs.ring.context.constant(0)
    for p in row:
        common = common.gcd(p)
        if common.is_one():
            return row
    if signs.never_zero(common):
        return [p / common for p in row]
    return [p / common.content() for p in row]


def _by_sets(signs: Signs, rows: list[list[fmpz_mpoly]], sure: int) -> Strata:
    """The strata of sure + rank(rows), from the sets V_r = {rank(rows) < r}, each found inside the one before."""
    ring = signs.ring
    known = f"the rank is {sure} and that of a remainder, which is"
    entries = [p for row in rows for p in row]
    free = ring.independent and not ring.relations

    def zero(p: fmpz_mpoly, rank: int) -> bool:
        return p.is_zero() or settled(ring, p, f"{known} {rank}").is_zero()

    top = len(pivots(ring, rows, zero, free)[0]) if entries else 0
    sets: dict[int, list[Piece]] = {top + 1: [Piece([], [])]}
    for r in range(top, 0, -1):
        sets[r] = lower(signs, rows, sets[r + 1], r, zero, free)
        if not sets[r]:
            break
    lowest = min(sets) if not sets[min(sets)] else 0
    if lowest == top:
        return ((sure + top, sp.true),)
    strata: list[tuple[int, Any]] = [(sure + top, _outside(ring, sets[top]))]
    inhabited = [r for r in range(lowest, top) if r == lowest or not _same(ring, sets[r + 1], sets[r])]
    for r in inhabited[:-1]:
        strata.append((sure + r, _inside(ring, sets[r + 1])))
    return (*strata, (sure + inhabited[-1], sp.true))


def _same(ring: Ring, above: list[Piece], below: list[Piece]) -> bool:
    """Whether every piece of the larger set lies in a piece of the smaller: then the stratum between is empty."""
    return all(any(all(x.vanishes(ring, p) for p in y.equations(ring)) for y in below) for x in above)


def _inside(ring: Ring, found: list[Piece]) -> Any:
    return joined(sp.Or, (joined(sp.And, piece.conditions(ring)) for piece in found))


def _outside(ring: Ring, found: list[Piece]) -> Any:
    factors, parts = [], []
    for piece in found:
        conditions = piece.conditions(ring)
        if len(conditions) == 1:
            factors.append(piece.equations(ring)[0])
        else:
            parts.append(joined(sp.Or, (sp.Ne(*e.args, evaluate=False) for e in conditions)))
    if factors:
        parts.insert(0, related(sp.Ne, ring.product_of(factors), sp.S.Zero, max(map(len, factors))))
    return joined(sp.And, parts)
