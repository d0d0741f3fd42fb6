"""Polynomial rings over SymPy expressions: the road into FLINT and back.

All exact algebra of the package happens on `fmpz_mpoly`, FLINT's sparse polynomials with integer
coefficients, because they are 10 to 1000 times faster than expression trees. A `Ring` is built from the
expressions a question is about: it finds the generators (symbols, and whatever is no polynomial: tanh(b),
exp(a), sqrt(w), x**n), and turns expressions into fractions of two polynomials, matrices into polynomials
over one common denominator, and polynomials back into SymPy.

**Relations.** Generators which depend on one another would make zero look like something else, so powers
are sorted out first. A power b**e is a *lattice point*: e is written as a sum of rational multiples of
monomials m, and for each pair (b, m) there is one generator b**(c m), c the greatest common divisor of all
multiples that occur. So exp(a), exp(-a), exp(2a) are one generator and exp(x + y) is a product; sqrt(x) and
x**(1/3) are powers of x**(1/6), and x itself is eliminated as its sixth power; numbers are split into
primes (sqrt(6) = sqrt(2) sqrt(3)), and I and the other roots of unity are powers of -1. What is algebraic
keeps its equation as a `Relation` g**q = N/D, by which polynomials are reduced. Whether what remains is
algebraically independent is known in the cases of two theorems (see `generators.certified`), else `Ring.independent`
is False and a reduced polynomial that is not 0 proves nothing: `exact.zero` then decides.

**Choices.** The order is lex on generators sorted by SymPy's `default_sort_key`: it packs into one word
less than degrevlex and was the fastest of the three for product, gcd and factorization. FLINT's variables
are called x0, x1, ...: no user text reaches it. FLINT keeps one context for each number of variables, so it
cannot notice polynomials of two rings of equal size being mixed: never do. Before a product or a power is
expanded its number of terms is bounded from above; over the limit `LimitReached` is raised. Coming back,
terms are sorted by integer ranks, in the order of SymPy's own constructors, and nothing is re-evaluated:
the result equals `Poly.as_expr` at a fraction of the time.

May be imported: SymPy, python-flint, `generators`, `rnnsym.result`. To teach the ring a new identity between functions do
not come here: add a line to the table of rewriting rules in `zero.py`, which reaches this file as the
argument `rewrite`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache, partial
from math import comb, gcd, lcm, prod
from typing import Any, NamedTuple

import sympy as sp
from flint import fmpz_mpoly, fmpz_mpoly_ctx

from rnnsym.exact.factoring import DEGREE_LIMIT, factors
from rnnsym.exact.generators import (
    Collector,
    Entry,
    Rewrite,
    UndefinedExpression,
    certified,
    depth,
    is_plain,
    stride,
)
from rnnsym.exact.writing import expanded, over, ranks
from rnnsym.result import LimitReached, RnnsymError

TERM_LIMIT = 5_000_000
"""Terms a product or power may have before `LimitReached` is raised, by default (some seconds, some 100 MB)."""

BIT_LIMIT = 50_000_000
"""Bits a coefficient of a power may have."""


class Fraction(NamedTuple):
    """A fraction of two polynomials of one ring."""

    numerator: fmpz_mpoly
    denominator: fmpz_mpoly


class Relation(NamedTuple):
    """The equation g**degree = numerator/denominator of a generator, given by its number."""

    generator: int
    degree: int
    numerator: fmpz_mpoly
    denominator: fmpz_mpoly


@dataclass(frozen=True, eq=False)
class Ring:
    """A polynomial ring with integer coefficients, and the way between it and SymPy.

    >>> from sympy.abc import x, y
    >>> ring = Ring.over(1/x + 1/y)
    >>> f = ring.fraction(1/x + 1/y)
    >>> ring.expression(f.numerator), ring.expression(f.denominator)
    (x + y, x*y)
    >>> ring.factored(*ring.fraction(x/y - y/x))
    (x - y)*(x + y)/(x*y)
    """

    generators: tuple[sp.Expr, ...]
    context: fmpz_mpoly_ctx
    relations: tuple[Relation, ...]
    independent: bool
    algebraic: tuple[int, ...]  # the generators that are algebraic numbers
    term_limit: int
    strides: tuple[int, ...]  # the generator is a root of this degree, chosen for arithmetic, not by the user
    plain: bool  # products of generators are not evaluated any further by SymPy
    table: Mapping[sp.Expr, Entry]

    @staticmethod
    def over(
        *expressions: sp.Expr | Iterable[sp.Expr], rewrite: Rewrite | None = None, term_limit: int = TERM_LIMIT
    ) -> Ring:
        """The ring in which all these expressions (or collections of them, matrices too) are fractions."""
        found = Collector(partial(Ring.over, rewrite=rewrite, term_limit=term_limit), rewrite)
        for item in expressions:
            if isinstance(item, sp.MatrixBase) and _table_of_numbers(item) is not None:
                continue
            single = isinstance(item, (sp.Expr, int)) and not isinstance(item, sp.MatrixBase)
            for expression in [item] if single else item.flat() if isinstance(item, sp.MatrixBase) else item:
                found.visit(sp.sympify(expression, strict=True))
        return _assembled(found, term_limit)

    # ------------------------------------------------------------------ SymPy to polynomials

    @cached_property
    def gens(self) -> tuple[fmpz_mpoly, ...]:
        """The generators as polynomials."""
        return tuple(self.context.gens())

    @cached_property
    def one(self) -> fmpz_mpoly:
        return self.context.constant(1)

    @cached_property
    def zero(self) -> fmpz_mpoly:
        return self.context.constant(0)

    def fraction(self, expression: sp.Expr) -> Fraction:
        """Numerator and denominator without common factor, reduced by the relations."""
        if isinstance(expression, sp.Rational):
            if expression is sp.S.Zero:
                return Fraction(self.zero, self.one)
            q = int(expression.q)
            return Fraction(self.context.constant(expression.p), self.one if q == 1 else self.context.constant(q))
        if isinstance(expression, sp.Symbol):
            entry = self.table.get(expression)
            if isinstance(entry, tuple) and len(entry) == 1 and isinstance(entry[0][0], int) and entry[0][1] == 1:
                return Fraction(self.gens[entry[0][0]], self.one)
        n, d = self._convert(sp.sympify(expression, strict=True))
        return self.reduced(n, d)

    def matrix(self, rows: sp.MatrixBase | Iterable[Iterable[sp.Expr]]) -> tuple[list[list[fmpz_mpoly]], fmpz_mpoly]:
        """Numerators of all entries, given as rows or as a SymPy matrix, over one common denominator."""
        if isinstance(rows, sp.MatrixBase):
            numbers = rational_entries(rows)
            if numbers is not None:
                return self._of_numbers(numbers, rows.cols)
            rows = rows.tolist()
        entries = [[self.fraction(entry) for entry in row] for row in rows]
        common = one = self.one
        for row in entries:
            for _, d in row:
                if not (d is one or d == one or d == common):
                    common = common * (d / common_divisor(common, d))
        if common is one:
            return [[n for n, _ in row] for row in entries], one
        return [
            [f.numerator if f.denominator == common else f.numerator * (common / f.denominator) for f in row]
            for row in entries
        ], common

    def _of_numbers(self, pairs: Sequence[tuple[int, int]], columns: int) -> tuple[list[list[fmpz_mpoly]], fmpz_mpoly]:
        common, constant = lcm(*{d for _, d in pairs}), self.context.constant
        known = {n: constant(n) for n in {n * (common // d) for n, d in pairs}}
        flat = [known[n * (common // d)] for n, d in pairs]
        rows = [flat[i : i + columns] for i in range(0, len(flat), columns)] if columns else []
        return rows, constant(common)

    def reduced(self, numerator: fmpz_mpoly, denominator: fmpz_mpoly) -> Fraction:
        """The fraction reduced by the relations and by the greatest common divisor."""
        if self.relations:
            numerator, a = self.reduce(numerator)
            denominator, b = self.reduce(denominator)
            numerator, denominator = numerator * b, denominator * a
            for index, degree, top, bottom in self.relations:
                if top.is_constant() and bottom.is_constant():  # 1/sqrt(2) = sqrt(2)/2
                    low = int(denominator.deflation_index()[1][index])
                    if low:
                        unit = self.context.gen(index) ** (degree - low % degree)
                        (numerator, a), (denominator, b) = (
                            self.reduce(numerator * unit),
                            self.reduce(denominator * unit),
                        )
                        numerator, denominator = numerator * b, denominator * a
        elif len(denominator) == 1 and denominator.is_constant():
            common = gcd(int(denominator.leading_coefficient()), int(numerator.content()))
            if denominator.leading_coefficient() < 0:
                common = -common
            if common == 1:
                return Fraction(numerator, denominator)
            return Fraction(numerator / common, denominator / common)
        if denominator.is_zero():
            raise UndefinedExpression("the expression divides by zero everywhere: its denominator reduces to 0")
        small = max((*numerator.degrees(), *denominator.degrees()), default=0) <= DEGREE_LIMIT
        common = common_divisor(
            numerator if small else numerator.term_content(), denominator if small else denominator.term_content()
        )
        if denominator.leading_coefficient() < 0:
            common = -common
        return Fraction(numerator / common, denominator / common)

    def reduce(self, p: fmpz_mpoly) -> tuple[fmpz_mpoly, fmpz_mpoly]:
        """(r, c) such that p c = r by the relations, r of lower degree than each relation in its generator.

        >>> from sympy import sqrt
        >>> ring = Ring.over(sqrt(2))
        >>> ring.reduce(ring.context.gen(0)**5)
        (4*x0, 1)
        """
        cofactor = self.context.constant(1)
        again = bool(self.relations)
        while again:
            again = False
            for index, degree, top, bottom in self.relations:
                while p.degrees()[index] >= degree:
                    again = True
                    parts = self.coefficients(p, index)
                    k = max(parts) // degree
                    g, r = self.context.gen(index), self.context.constant(0)
                    for e, part in parts.items():
                        q = e // degree
                        part = self.product(part * g ** (e % degree), self.power(top, q))
                        r += self.product(part, self.power(bottom, k - q))
                    p, cofactor = r, self.product(cofactor, self.power(bottom, k))
        return p, cofactor

    def coefficients(self, p: fmpz_mpoly, index: int) -> dict[int, fmpz_mpoly]:
        """The coefficients of p as a polynomial in one generator: {exponent: coefficient}, the highest first."""
        degree = p.degrees()[index] if len(p) else 0
        if degree == 0:
            return {0: p} if len(p) else {}
        if degree == 1:
            slope = p.derivative(index)
            rest = p - self.gens[index] * slope
            return {1: slope, 0: rest} if len(rest) else {1: slope}
        if degree <= 4 * len(p):  # FLINT takes out one power after the other faster than Python reads the terms
            g, at_zero, found = self.gens[index], {f"x{index}": 0}, {}
            for e in range(int(degree) + 1):
                low = p.subs(at_zero)
                if len(low):
                    found[e] = low
                    p = p - low
                if not len(p):
                    break
                p = p / g
            return dict(reversed(found.items()))
        parts: dict[int, dict[tuple[int, ...], int]] = {}
        for monomial, c in p.terms():
            rest = list(monomial)
            e, rest[index] = int(rest[index]), 0
            parts.setdefault(e, {})[tuple(rest)] = c
        return {e: self.context.from_dict(parts[e]) for e in sorted(parts, reverse=True)}

    def product(self, p: fmpz_mpoly, q: fmpz_mpoly) -> fmpz_mpoly:
        """p q, if it cannot have more terms than the limit."""
        most = len(p) * len(q)
        if most > self.term_limit:
            most = min(most, _dense_terms([a + b for a, b in zip(p.degrees(), q.degrees(), strict=True)]))
            self._refuse_over_limit(most, f"a product of polynomials with {len(p)} and {len(q)} terms")
        return p * q

    def power(self, p: fmpz_mpoly, k: int) -> fmpz_mpoly:
        """p**k for k >= 0, if it cannot have more terms than the limit, nor coefficients with too many digits."""
        n = len(p)
        if k > 1 and n > 1:
            some = min(n - 1, k)
            most = comb(n + k - 1, some) if some <= 64 and k <= self.term_limit else (k + 1) ** min(some, 20)
            if most > self.term_limit:
                most = min(most, _dense_terms([k * d for d in p.degrees()]))
                self._refuse_over_limit(most, f"a polynomial with {n} terms to the power {k}")
        if k > 1000 and n:
            bits = k * (max(abs(c) for c in p.coeffs()).bit_length() - 1)
            if bits > BIT_LIMIT:
                raise LimitReached(
                    f"a coefficient to the power {k} has about {bits} bits; at most {BIT_LIMIT} are allowed"
                )
        return p**k

    def _refuse_over_limit(self, most: int, what: str) -> None:
        if most > self.term_limit:
            raise LimitReached(
                f"{what} may have {most if most < 10**30 else 'over 10**30'} terms, the limit is {self.term_limit}; "
                "give numbers for some parameters, or raise the limit"
            )

    def _convert(self, e: sp.Expr) -> tuple[fmpz_mpoly, fmpz_mpoly]:
        constant = self.context.constant
        if isinstance(e, sp.Rational):
            return constant(e.p), constant(e.q)
        entry = self.table.get(e)
        if isinstance(entry, sp.Expr):
            return self._convert(entry)
        n, d = self.one, self.one
        if entry is not None:
            for item, k in entry:
                if isinstance(item, int):
                    a, b = self.context.gen(item), constant(1)
                else:
                    a, b = self._convert(item)
                n, d = self._times_power(n, d, a, b, k)
            return n, d
        if isinstance(e, sp.Add):
            return self._convert_sum(e.args)
        if isinstance(e, sp.Mul):
            found = self._monomial(e)
            if found is not None:
                p, q, exponents = found
                return self.context.from_dict({exponents: p}), constant(q)
            for arg in e.args:
                a, b = self._convert(arg)
                n, d = self.product(n, a), self.product(d, b)
            return n, d
        if isinstance(e, sp.Pow) and isinstance(e.exp, sp.Integer):
            a, b = self._convert(e.base)
            return self._times_power(n, d, a, b, int(e.exp))
        raise RnnsymError(
            f"{e} is not in the ring of {list(self.generators)}; build one ring over all expressions together"
        )

    def _times_power(
        self, n: fmpz_mpoly, d: fmpz_mpoly, a: fmpz_mpoly, b: fmpz_mpoly, k: int
    ) -> tuple[fmpz_mpoly, fmpz_mpoly]:
        if k < 0:
            a, b, k = b, a, -k
            if b.is_zero():
                raise UndefinedExpression("the expression divides by zero everywhere")
        return self.product(n, self.power(a, k)), self.product(d, self.power(b, k))

    def _convert_sum(self, args: Sequence[sp.Expr]) -> tuple[fmpz_mpoly, fmpz_mpoly]:
        # Monomials are collected in one dictionary over one integer; the rest is added as a balanced tree.
        monomials, parts = [], []
        for arg in args:
            found = self._monomial(arg)
            if found is None:
                n, d = self._convert(arg)
                parts.append((n, d) if d.is_constant() else tuple(self.reduced(n, d)))
            else:
                monomials.append(found)
        if monomials:
            below = lcm(*(q for _, q, _ in monomials))
            table: dict[tuple[int, ...], int] = {}
            for p, q, exponents in monomials:
                table[exponents] = table.get(exponents, 0) + p * (below // q)
            parts.append((self.context.from_dict(table), self.context.constant(below)))
        while len(parts) > 1:
            pairs = [self._sum(a, b) for a, b in zip(parts[::2], parts[1::2], strict=False)]
            parts = pairs + parts[2 * len(pairs) :]
        return parts[0]

    def _sum(self, a: tuple[fmpz_mpoly, ...], b: tuple[fmpz_mpoly, ...]) -> tuple[fmpz_mpoly, fmpz_mpoly]:
        if a[1] == b[1]:
            return a[0] + b[0], a[1]
        g = common_divisor(a[1], b[1])
        left, right = b[1] / g, a[1] / g
        return self.product(a[0], left) + self.product(b[0], right), self.product(a[1], left)

    def _monomial(self, e: sp.Expr) -> tuple[int, int, tuple[int, ...]] | None:
        p, q, exponents = 1, 1, [0] * len(self.generators)
        for arg in e.args if isinstance(e, sp.Mul) else (e,):
            if isinstance(arg, sp.Rational):
                p, q = p * arg.p, q * arg.q
                continue
            entry, k = self.table.get(arg), 1
            if entry is None and isinstance(arg, sp.Pow) and isinstance(arg.exp, sp.Integer):
                entry, k = self.table.get(arg.base), int(arg.exp)
            if not isinstance(entry, tuple) or k < 0:
                return None
            for item, exponent in entry:
                if not isinstance(item, int) or exponent < 0:
                    return None
                exponents[item] += k * exponent
        return p, q, tuple(exponents)

    # ------------------------------------------------------------------ polynomials to SymPy

    def expression(self, p: fmpz_mpoly, denominator: int = 1) -> sp.Expr:
        """The polynomial, over an integer, as an expanded SymPy expression, equal to what SymPy's constructors give."""
        return expanded(p, self.generators, denominator, self._places, self.plain)

    def _places(self) -> tuple[int, ...]:
        return self._ranks

    @cached_property
    def _ranks(self) -> tuple[int, ...]:
        return ranks(self.generators)

    def quotient(self, numerator: fmpz_mpoly, denominator: fmpz_mpoly) -> sp.Expr:
        """Expanded numerator over expanded denominator."""
        if denominator.is_constant():
            return self.expression(numerator, int(denominator.leading_coefficient()))
        above, below = self.expression(numerator), self.expression(denominator)
        if isinstance(above, sp.Add) and isinstance(below, sp.Add) and numerator != denominator:
            return over(above, below)  # two different sums: SymPy would hash every term, and change nothing
        return above / below

    def factors(self, p: fmpz_mpoly) -> tuple[int, list[tuple[fmpz_mpoly, int]]]:
        """Integer content and the irreducible factors with their multiplicities, for p other than 0.

        A generator that is a root for the sake of arithmetic makes no factors: x - 1 stays whole when x = g**2.
        """
        return factors(p, self.context, self.gens, self.strides)

    def factored(self, numerator: fmpz_mpoly, denominator: fmpz_mpoly | None = None) -> sp.Expr:
        """The fraction as a rational number times powers of irreducible factors, with the signs that read best.

        In a factor the majority of the coefficients is positive, or the leading one if there are as many of either
        sign; a minus that is left is taken in by a factor of the second kind: 1 - p rather than -(p - 1).
        """
        if numerator.is_zero():
            return sp.S.Zero
        content, found = self.factors(numerator)
        below, found_below = (1, []) if denominator is None else self.factors(denominator)
        return self._oriented(content, below, [*found, *((f, -k) for f, k in found_below)])

    def product_of(self, factors: Iterable[fmpz_mpoly]) -> sp.Expr:
        """The product of irreducible factors with the signs that read best, up to a sign."""
        return self._oriented(1, 1, [(f, 1) for f in factors], up_to_sign=True)

    def _oriented(
        self, content: int, below: int, found: Iterable[tuple[fmpz_mpoly, int]], up_to_sign: bool = False
    ) -> sp.Expr:
        sign, oriented = 1, []
        for f, k in found:
            coefficients = f.coeffs()
            balance = 2 * sum(c > 0 for c in coefficients) - len(coefficients)
            if balance < 0 or (balance == 0 and coefficients[0] < 0):
                f, sign = -f, sign * (-1) ** (k % 2)
            oriented.append((f, k, balance == 0))
        number = sp.Rational(sign * content, below)
        if up_to_sign:
            number = abs(number)
        if number < 0:
            for place, (f, k, free) in enumerate(oriented):
                if free and k % 2:
                    oriented[place], number = (-f, k, free), -number
                    break
        powers = [sp.Pow(self.expression(f), sp.Integer(k)) for f, k, _ in oriented]
        if len(powers) == 1 and isinstance(powers[0], sp.Add) and number != 1:
            return sp.Mul(number, powers[0], evaluate=False)  # else SymPy multiplies 2*(x + 1) out
        return sp.Mul(number, *powers)


def _table_of_numbers(M: sp.MatrixBase) -> Any:
    """The table in which SymPy keeps a matrix of rational numbers, or None."""
    table: Any = getattr(M, "_rep", None)
    domain: Any = getattr(table, "domain", None)
    return table if domain is not None and (domain.is_ZZ or domain.is_QQ) else None


def rational_entries(M: sp.MatrixBase) -> list[tuple[int, int]] | None:
    """(numerator, denominator) of all entries, row by row, of a matrix that SymPy keeps as a table of numbers; else None."""
    table = _table_of_numbers(M)
    if table is None:
        return None
    domain = table.domain
    entries = table.to_list_flat()
    if domain.is_ZZ:
        return [(int(e), 1) for e in entries]
    return [(int(e.numerator), int(e.denominator)) for e in entries]


def common_divisor(p: fmpz_mpoly, q: fmpz_mpoly) -> fmpz_mpoly:
    """The greatest common divisor; FLINT's is 0 where it gave up, at exponents beyond a machine word."""
    found = p.gcd(q)
    if found.is_zero() and not (p.is_zero() and q.is_zero()):
        raise LimitReached(
            "the exponents are too large for a greatest common divisor; round the numbers in exponentials and powers"
        )
    return found


def _dense_terms(degrees: Sequence[int]) -> int:
    """The number of monomials of these degrees in the variables: no polynomial has more terms."""
    return prod(int(d) + 1 for d in degrees)


@lru_cache(maxsize=256)
def _context(count: int) -> fmpz_mpoly_ctx:
    return fmpz_mpoly_ctx.get(tuple(f"x{i}" for i in range(count)), "lex")


def _assembled(found: Collector, term_limit: int) -> Ring:
    """The ring of the generators found: its relations are read in the ring without them."""
    ordered, generators, steps, eliminated, simple = found.generators()
    context = _context(len(ordered))
    strides = tuple(stride(generators[g], steps) for g in ordered)
    free = Ring(ordered, context, (), False, (), term_limit, strides, is_plain(ordered), found.table)
    relations, algebraic = [], []
    for i, g in enumerate(ordered):
        kind = generators[g]
        if kind is None or kind[0] is sp.E or kind[0] in eliminated:
            continue
        base, m = kind
        q = steps[kind].q
        if m is sp.S.One:
            if isinstance(base, sp.Rational):
                algebraic.append(i)
            if base == -1:
                x = context.gen(i)
                cyclotomic = sp.cyclotomic_poly(2 * q, polys=True).all_coeffs()[::-1]
                tail = sum((x**k * -int(c) for k, c in enumerate(cyclotomic[:-1])), start=context.constant(0))
                relations.append((0, Relation(i, len(cyclotomic) - 1, tail, context.constant(1))))
            else:
                relations.append((depth(base), Relation(i, q, *free._convert(base))))
        elif base == -1 and (steps[kind] * m).is_integer:
            relations.append((0, Relation(i, 2, context.constant(1), context.constant(1))))
    relations.sort(key=lambda pair: -pair[0])  # a relation mentions only generators of smaller depth
    tower = tuple(relation for _, relation in relations)
    sure = simple and certified(generators, steps, eliminated)
    return replace(free, relations=tower, independent=sure, algebraic=tuple(algebraic))
