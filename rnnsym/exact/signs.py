"""Where a polynomial has one sign: over the real numbers a**2 + 1 = 0 is empty, and a**2 + b**2 = 0 is a = b = 0.

`Signs` knows of one ring which generators are real, nonnegative, positive or not 0 (SymPy's assumptions), and what is
given of polynomials (1 - a > 0). `one_sided` proves that a polynomial never changes sign, and says where it vanishes:

- all coefficients have one sign and all monomials are nonnegative: it is 0 where every monomial is;
- A x**2 + B x + C with A > 0 everywhere is (2 A x + B)**2 + (4 A C - B**2) over 4 A, by recursion on the last bracket;
- with one real generator: it has no real root (in the domain), by isolation of the roots.

Functions with relations (1 - tanh(b)) are looked at in exponentials, which are positive. None means unknown, never no.
May be imported: `fields`, `zero`, SymPy, python-flint.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any

import sympy as sp
from flint import fmpz_mpoly, fmpz_poly
from sympy.core.relational import Relational

from rnnsym.exact.fields import Ring
from rnnsym.exact.zero import elementary_ring
from rnnsym.result import RnnsymError

TERMS = 200
"""Polynomials with more terms are not examined, but for those with one sign in all terms."""


class Signs:
    """What is known of the signs of the polynomials of one ring."""

    def __init__(self, ring: Ring, given: Any = sp.true, nonzero: Iterable[fmpz_mpoly] = ()) -> None:
        self.ring = ring
        self.real = [g.is_extended_real is True for g in ring.generators]
        self.positive = [g.is_positive is True for g in ring.generators]
        self.nonnegative = [g.is_nonnegative is True for g in ring.generators]
        self.nonzero = [g.is_zero is False for g in ring.generators]
        self.functions = any(not isinstance(g, sp.Symbol) for g in ring.generators) and not ring.relations
        self.known: dict[str, int] = {}  # 1, -1, or 0 for "not 0" of primitive polynomials with positive leading term
        for p in nonzero:
            self.known[self.key(p)[0]] = 0
        for part in sp.And.make_args(sp.sympify(given)):
            for p, sign in self._facts(part):
                key, turn = self.key(p)
                self.known[key] = sign * turn

    def _facts(self, part: Any) -> Iterator[tuple[fmpz_mpoly, int]]:
        if not isinstance(part, Relational) or part.rel_op not in ("!=", "<", ">"):
            return
        try:
            high, low = (part.lhs, part.rhs) if part.rel_op == "!=" else (part.gts, part.lts)
            numerator, denominator = self.ring.fraction(high - low)
        except (RnnsymError, TypeError):
            return  # it speaks of something else
        if numerator.is_zero() or len(numerator) > TERMS:
            return
        if part.rel_op == "!=":
            for f, _ in self.ring.factors(numerator)[1]:
                yield f, 0
        else:
            below = self.sign(denominator)
            if below:
                yield below * numerator, 1

    @staticmethod
    def key(p: fmpz_mpoly) -> tuple[str, int]:
        """A name of the polynomial up to a rational factor, and the sign of that factor."""
        p = p.primitive()[1]
        turn = -1 if p.leading_coefficient() < 0 else 1
        return str(turn * p), turn

    def sign(self, p: fmpz_mpoly) -> int | None:
        """1 or -1 if p is positive or negative wherever it is defined; None if it is not known to be."""
        found = self.one_sided(p)
        if found is not None and any(q.is_constant() and not q.is_zero() for q in found[1]):
            return found[0]
        return None

    def never_zero(self, p: fmpz_mpoly) -> bool:
        """Whether p is proved to vanish nowhere."""
        if p.is_zero():
            return False
        if p.is_constant() or (self.known and self.known.get(self.key(p)[0]) is not None):
            return True
        if len(p) == 1:
            return all(self.nonzero[i] for i, e in enumerate(p.degrees()) if e)
        return self.sign(p) is not None

    def one_sided(self, p: fmpz_mpoly, depth: int = 3) -> tuple[int, list[fmpz_mpoly]] | None:
        """(sign, system): sign p >= 0 everywhere, and p = 0 exactly where the whole system is 0; or None."""
        if p.is_zero():
            return 1, []
        if p.is_constant():
            return (1 if p.leading_coefficient() > 0 else -1), [p]
        one = self.ring.context.constant(1)
        if self.known:
            key, turn = self.key(p)
            if self.known.get(key):
                return self.known[key] * turn, [one]
        degrees = [int(e) for e in p.degrees()]
        if not all(self.real[i] for i, e in enumerate(degrees) if e):
            return None
        found = self._by_monomials(p)
        if found is not None or len(p) > TERMS:
            return found
        bounded = self.functions or any(self.nonnegative[i] for i, e in enumerate(degrees) if e)
        if not bounded and any(e % 2 for e in degrees):
            return None  # of odd degree in a real symbol, it changes sign
        used = [i for i, e in enumerate(degrees) if e]
        if len(used) == 1:
            found = self._by_roots(p, used[0])
        if found is None and depth:
            found = self._by_squares(p, degrees, depth)
        if found is None and self.functions:
            sign = self._by_exponentials(p)
            found = None if sign is None else (sign, [one])
        return found

    def _by_monomials(self, p: fmpz_mpoly) -> tuple[int, list[fmpz_mpoly]] | None:
        coefficients = p.coeffs()
        sign = 1 if coefficients[0] > 0 else -1
        if any((c > 0) != (sign > 0) for c in coefficients):
            return None
        system = []
        for monomial in p.monoms():
            radical = self.ring.context.constant(1)
            for i, e in enumerate(monomial):
                if int(e) % 2 and not self.nonnegative[i]:
                    return None
                if e and not self.nonzero[i]:
                    radical *= self.ring.context.gen(i)
            system.append(radical)
        return sign, system

    def _by_roots(self, p: fmpz_mpoly, place: int) -> tuple[int, list[fmpz_mpoly]] | None:
        dense = [0] * (int(p.degrees()[place]) + 1)
        for monomial, c in p.terms():
            dense[int(monomial[place])] = int(c)
        if len(dense) > 60:
            return None
        for root, _ in fmpz_poly(dense).complex_roots():
            if root.imag.contains(0):  # isolated: real exactly if the ball of the imaginary part meets 0
                if self.positive[place] and root.real < 0 or self.nonnegative[place] and root.real < 0:
                    continue
                if self.positive[place] and dense[0] == 0 and root.real == 0:
                    continue
                return None
        return (1 if dense[-1] > 0 else -1), [self.ring.context.constant(1)]

    def _by_squares(self, p: fmpz_mpoly, degrees: list[int], depth: int) -> tuple[int, list[fmpz_mpoly]] | None:
        for i, degree in enumerate(degrees):
            if degree != 2:
                continue
            parts, zero = self.ring.coefficients(p, i), self.ring.context.constant(0)
            A, B, C = parts[2], parts.get(1, zero), parts.get(0, zero)
            lead = self.sign(A) if not A.is_constant() else (1 if A.leading_coefficient() > 0 else -1)
            if lead is None:
                continue
            rest = self.one_sided(4 * A * C - B * B, depth - 1)
            if rest is not None and (rest[0] > 0 or not rest[1]):
                return lead, [2 * A * self.ring.context.gen(i) + B, *rest[1]]
        return None

    def _by_exponentials(self, p: fmpz_mpoly) -> int | None:
        return _elementary_sign(self.ring.expression(p))


@lru_cache(maxsize=1024)
def _elementary_sign(e: sp.Expr) -> int | None:
    try:
        ring = elementary_ring(e)
        numerator, denominator = ring.fraction(e)
    except (RnnsymError, RecursionError):
        return None
    if numerator.is_zero() or ring.relations:
        return None
    signs, result = Signs(ring), 1
    signs.functions = False
    for p in (numerator, denominator):
        content, found = ring.factors(p)
        result *= 1 if content > 0 else -1
        for f, k in found:
            sign = signs.sign(f)
            if sign is None:
                return None
            result *= sign**k
    return result
