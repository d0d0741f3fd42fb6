"""The irreducible factors of a polynomial with integer coefficients.

FLINT factors; what is said to be irreducible by a gcd is not handed to it. May be imported: SymPy, python-flint.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

import sympy as sp
from flint import fmpz_mpoly, fmpz_mpoly_ctx
from sympy.polys.rings import PolyRing

DEGREE_LIMIT = 20_000
"""Beyond this degree of one generator a polynomial is not factored, and only monomials are cancelled."""


def factors(
    p: fmpz_mpoly, context: fmpz_mpoly_ctx, gens: Sequence[fmpz_mpoly], strides_known: Sequence[int]
) -> tuple[int, list[tuple[fmpz_mpoly, int]]]:
    """Integer content and the irreducible factors with their multiplicities, for p other than 0.

    strides: a generator that is a root for the sake of arithmetic makes no factors: x - 1 stays whole when x = g**2.
    """
    gaps, shift = p.deflation_index()
    strides = [q if gap % q == 0 else 1 for q, gap in zip(strides_known, gaps, strict=True)]
    monomial = [(gens[i], int(k)) for i, k in enumerate(shift) if k]
    rest = p / prod((g**k for g, k in monomial), start=context.constant(1)) if monomial else p
    deflated = any(q > 1 for q in strides)
    if deflated:
        rest = rest.deflate(strides)
    degrees = rest.degrees()
    if _is_prime(rest, degrees, gens):
        content = int(rest.content())
        content = -content if rest.leading_coefficient() < 0 else content
        rest = rest if content == 1 else rest / content
        return content, [*monomial, (rest.inflate(strides) if deflated else rest, 1)]
    if max(degrees, default=0) > DEGREE_LIMIT:
        content, rest = rest.primitive()
        return int(content), [*monomial, (rest.inflate(strides), 1)]
    try:
        content, found = rest.factor()
    except OverflowError:
        content, found = _factors_by_sympy(rest, context)
    return int(content), monomial + [(f.inflate(strides) if deflated else f, int(k)) for f, k in found]


def _factors_by_sympy(p: fmpz_mpoly, context: fmpz_mpoly_ctx) -> tuple[int, list[tuple[fmpz_mpoly, int]]]:
    """python-flint 0.9 refuses three factors when a coefficient of one has more than 64 bits."""
    ring = PolyRing([f"x{i}" for i in range(context.nvars())], sp.ZZ, "lex")
    whole = {tuple(map(int, monomial)): sp.ZZ(int(c)) for monomial, c in p.terms()}
    content, found = ring.from_dict(whole).factor_list()
    return int(content), [(context.from_dict({tuple(map(int, m)): int(c) for m, c in f.terms()}), k) for f, k in found]


def _is_prime(p: fmpz_mpoly, degrees: Sequence[Any], gens: Sequence[fmpz_mpoly]) -> bool:
    """Whether p is surely irreducible: a x + b is if a and b have no common factor. It costs a gcd, not a factorization."""
    if len(p) < 2 or 1 not in degrees:
        return False
    i = min((i for i, d in enumerate(degrees) if d == 1), key=lambda i: len(p.derivative(i)))
    slope = p.derivative(i)
    return bool(slope.is_constant() or slope.gcd(p - gens[i] * slope).is_constant())
