"""The set where polynomials vanish, taken apart into pieces that read well.

A `Piece` is a conjunction: symbols that are given by others (b = 2a), and irreducible polynomials that are 0. `pieces` of a
system is a list of pieces whose union is exactly its set of zeros, over the real numbers where symbols are real. Only
steps that keep the set are made: a product is 0 where a factor is; a factor that vanishes nowhere is left out; a polynomial
that never changes sign is replaced by where it vanishes (`signs`); an equation with a constant coefficient of a symbol is
solved for it and put into the others; equations that follow from others (Groebner, with limits) are left out; and a piece
inside another one is left out. If that grows beyond `LIMIT` pieces, None is returned and the system stays as it was.

May be imported: `fields`, `signs`, SymPy, python-flint.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import sympy as sp
from flint import fmpz_mpoly, fmpz_mpoly_vec

from rnnsym.exact.fields import Ring
from rnnsym.exact.signs import Signs

LIMIT = 48
"""Pieces of one set."""

TERMS = 3_000
"""Terms of all equations of a piece together, beyond which it is not taken apart any further."""

EVALUATED = 3
"""Terms of a polynomial up to which SymPy may look at a condition on it."""

_GROEBNER = (24, 120, 2_000)  # polynomials, terms of one, bits of a coefficient


@dataclass
class Piece:
    """solved: (generator, numerator, denominator that is never 0), each of the remaining generators; rest = 0."""

    solved: list[tuple[int, fmpz_mpoly, fmpz_mpoly]]
    rest: list[fmpz_mpoly]

    def equations(self, ring: Ring) -> list[fmpz_mpoly]:
        return [d * ring.context.gen(i) - n for i, n, d in self.solved] + self.rest

    def put_in(self, ring: Ring, p: fmpz_mpoly) -> fmpz_mpoly:
        """p on the piece, up to factors that are never 0: the solved symbols replaced."""
        for i, n, d in self.solved:
            p = substituted(ring, p, i, n, d)
        return p

    def vanishes(self, ring: Ring, p: fmpz_mpoly) -> bool:
        """Whether p is proved to be 0 everywhere on the piece."""
        p = self.put_in(ring, p)
        if p.is_zero():
            return True
        if not self.rest or p.is_constant():
            return False
        for f in self.rest:
            if not p.gcd(f).is_constant() and p.gcd(f).primitive()[1] == f.primitive()[1]:
                return True
        if len(self.rest) > 1 and len(p) * sum(map(len, self.rest)) < TERMS:
            basis = groebner(ring, self.rest)
            return basis is not None and p.reduction_primitive_part(basis).is_zero()
        return False

    def conditions(self, ring: Ring) -> list[Any]:
        """What holds on the piece, as SymPy equations."""
        solved = [
            related(sp.Eq, ring.generators[i], sp.S.Zero if n.is_zero() else ring.factored(*ring.reduced(n, d)), len(n))
            for i, n, d in self.solved
        ]
        return solved + [related(sp.Eq, ring.expression(p), sp.S.Zero, len(p)) for p in self.rest]


def related(kind: Any, left: sp.Expr, right: sp.Expr, terms: int) -> Any:
    """Eq or Ne; SymPy spends seconds on the assumptions of long polynomials, so there it is kept from trying."""
    return kind(left, right) if terms <= EVALUATED else kind(left, right, evaluate=False)


def joined(kind: Any, parts: Iterable[Any]) -> Any:
    """And or Or, evaluated if all is short."""
    parts = list(dict.fromkeys(parts))
    if len(parts) == 1:
        return parts[0]
    if not any(map(_long, parts)):
        return kind(*parts)
    whole = sp.Basic.__new__(kind, *parts)  # And(...) compares each polynomial with its negative, term by term, sorted
    whole._argset = frozenset(parts)
    return whole


def _long(part: Any) -> bool:
    if isinstance(part, (sp.And, sp.Or)):
        return any(map(_long, part.args))
    left = part.args[0]
    return any(isinstance(e, sp.Add) and len(e.args) > EVALUATED for e in (left, *left.args))


def substituted(ring: Ring, p: fmpz_mpoly, place: int, n: fmpz_mpoly, d: fmpz_mpoly) -> fmpz_mpoly:
    """d**k p with generator `place` replaced by n/d, k the degree of p in it."""
    degree = int(p.degrees()[place]) if len(p) else 0
    if not degree:
        return p
    parts, total = ring.coefficients(p, place), ring.context.constant(0)
    for e, part in parts.items():
        total += ring.product(ring.product(part, ring.power(n, e)), ring.power(d, degree - e))
    return total


def groebner(ring: Ring, system: list[fmpz_mpoly]) -> Any:
    """A Groebner basis, or None if it grows beyond the limits."""
    basis, complete = fmpz_mpoly_vec(system, ring.context).buchberger_naive(limits=_GROEBNER)
    return basis if complete else None


def factors(signs: Signs, p: fmpz_mpoly) -> list[fmpz_mpoly]:
    """The different irreducible factors that can vanish."""
    return [f for f, _ in signs.ring.factors(p)[1] if not signs.never_zero(f)]


def pieces(signs: Signs, system: list[fmpz_mpoly], limit: int = LIMIT) -> list[Piece] | None:
    """Pieces whose union is the set of zeros of the system; [] if it has none, None if there are too many."""
    ring = signs.ring
    inside = {s for g in ring.generators if not isinstance(g, sp.Symbol) for s in g.free_symbols}
    solvable = [isinstance(g, sp.Symbol) and g not in inside for g in ring.generators]
    done: list[Piece] = []
    stack: list[tuple[list[tuple[int, fmpz_mpoly, fmpz_mpoly]], list[list[fmpz_mpoly]]]] = []
    start = _reduced_products(signs, system)
    if start is None:
        return []
    stack.append(([], start))
    steps = 0
    while stack:
        steps += 1
        if len(stack) + len(done) > limit or steps > 3 * limit:
            return None
        solved, todo = stack.pop()
        todo.sort(key=lambda fs: (len(fs), sum(map(len, fs))))
        step = _linear(signs, todo, solvable)
        if step is not None:
            i, n, d = step
            after = _reduced_products(
                signs, [_product(ring, [substituted(ring, f, i, n, d) for f in fs]) for fs in todo]
            )
            if after is not None:
                now = [
                    (j, substituted(ring, m, i, n, d), e * d ** int(m.degrees()[i]) if len(m) else e)
                    for j, m, e in solved
                ]
                stack.append(([*now, (i, n, d)], after))
            continue
        branching = next((fs for fs in todo if len(fs) > 1), None)
        if branching is not None:
            others = [fs for fs in todo if fs is not branching]
            for f in reversed(branching):
                after = _reduced_products(signs, [f, *(_product(ring, fs) for fs in others if f not in fs)])
                if after is not None:
                    stack.append((list(solved), after))
            continue
        rest = [fs[0] for fs in todo]
        smaller = _without_consequences(ring, rest)
        if smaller is None:
            continue
        if smaller != rest:
            after = _reduced_products(signs, smaller)
            if after is not None:
                stack.append((solved, after))
            continue
        done.append(Piece(solved, rest))
    return maximal(ring, done)


def _product(ring: Ring, fs: list[fmpz_mpoly]) -> fmpz_mpoly:
    result = ring.context.constant(1)
    for f in fs:
        result = ring.product(result, f)
    return result


def _reduced_products(signs: Signs, system: list[fmpz_mpoly]) -> list[list[fmpz_mpoly]] | None:
    """Each equation as its factors; None if one of them has no zero. One-sided factors are taken apart."""
    ring = signs.ring
    result: dict[tuple[str, ...], list[fmpz_mpoly]] = {}
    queue = [p for p in system if not p.is_zero()]
    while queue:
        p = queue.pop()
        fs = factors(signs, p)
        if not fs:
            return None
        if len(fs) == 1:
            found = signs.one_sided(fs[0])
            if found is not None and found[1] != fs and len(found[1]) != 1:
                queue += [q for q in found[1] if not q.is_zero()]
                continue
        result[tuple(sorted(signs.key(f)[0] for f in fs))] = fs
    names = [set(key) for key in result]
    kept = []
    for key, fs in result.items():
        if not any(other < set(key) for other in names):  # f = 0 makes f g = 0
            kept.append(fs)
    del ring
    return kept


def _linear(
    signs: Signs, todo: list[list[fmpz_mpoly]], solvable: list[bool]
) -> tuple[int, fmpz_mpoly, fmpz_mpoly] | None:
    """A symbol that one equation gives: (generator, numerator, denominator)."""
    ring = signs.ring
    for fs in todo:
        if len(fs) > 1 or len(fs[0]) > 60:
            continue
        f = fs[0]
        for i, degree in enumerate(f.degrees()):
            if degree == 1 and solvable[i]:
                parts = ring.coefficients(f, i)
                if signs.never_zero(parts[1]):
                    return i, -parts.get(0, ring.context.constant(0)), parts[1]
    return None


def _without_consequences(ring: Ring, rest: list[fmpz_mpoly]) -> list[fmpz_mpoly] | None:
    """The equations that do not follow from simpler ones; None if together they have no common zero at all."""
    if len(rest) < 2 or sum(map(len, rest)) > TERMS:
        return rest
    rest = sorted(rest, key=lambda p: (p.total_degree(), len(p)))
    kept, basis = [rest[0]], fmpz_mpoly_vec([rest[0]], ring.context)
    for p in rest[1:]:
        if len(p) * len(basis) < TERMS and p.reduction_primitive_part(basis).is_zero():
            continue
        kept.append(p)
        found = groebner(ring, kept)
        if found is not None:
            basis = found
            if any(q.is_constant() and not q.is_zero() for q in found):
                return None
    return kept if len(kept) < len(rest) else rest


def maximal(ring: Ring, found: list[Piece]) -> list[Piece]:
    """Without those that lie inside another one."""
    kept: list[Piece] = []
    for piece in sorted(found, key=lambda x: len(x.solved) + len(x.rest)):
        if not any(all(piece.vanishes(ring, p) for p in other.equations(ring)) for other in kept):
            kept.append(piece)
    return kept
