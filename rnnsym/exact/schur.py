"""When all roots of a real polynomial lie inside the unit circle: inequalities in its coefficients.

Jury's theorem (Jury 1974, Inners and Stability of Dynamic Systems): p(z) = a_0 z**n + ... + a_n with a_0 > 0 has all roots
in |z| < 1 if and only if p(1) > 0, (-1)**n p(-1) > 0, and all inners of order n-1, n-3, ... of X - Y and of X + Y are
positive, where X is the upper triangular Toeplitz matrix of a_0, a_1, ... and Y the Hankel matrix that ends in a_n:

    X[i, j] = a_(j-i),   Y[i, j] = a_(n-k+1+i+j),   i, j = 0..k-1, of order k; taking off the border gives order k-2.

On a path that starts inside, a first root reaches the circle at 1, at -1, or as a pair, and the pair makes
det(X - Y) of order n-1 vanish: these three are the critical constraints. They say where stability is lost and are
*not* sufficient from n = 4 on (z**4 + 4 meets them). Checked for n = 1..9 against isolated roots, with no exception.

May be imported: `fields`, `matrices`, `signs`, `rnnsym.result`, SymPy.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

import sympy as sp
from flint import fmpz_mpoly

from rnnsym.exact import matrices
from rnnsym.exact.fields import Ring
from rnnsym.exact.signs import Signs
from rnnsym.result import RnnsymError

Factors = list[tuple[fmpz_mpoly, int]]


def schur_cohn(coefficients: Iterable[Any]) -> tuple[sp.Expr, ...]:
    """Expressions which are all positive exactly if all roots lie in |z| < 1; coefficients real, highest first.

    Factors that cannot change a sign are left out, and so is what follows from the others. A leading coefficient of
    unknown sign is taken care of by a condition that it is not 0.

    >>> from sympy.abc import a, b
    >>> schur_cohn((1, a, b))
    (a + b + 1, -a + b + 1, 1 - b)
    """
    return _conditions(tuple(map(sp.sympify, coefficients)), False)


def critical_constraints(coefficients: Iterable[Any]) -> tuple[sp.Expr, ...]:
    """The expressions p(1), (-1)**n p(-1) and det(X - Y), one of which vanishes where stability is first lost.

    From n = 4 on their being positive is necessary for stability and not sufficient.

    >>> from sympy.abc import a, b, c
    >>> critical_constraints((1, a, b, c))
    (a + b + c + 1, -a + b - c + 1, a*c - b - c**2 + 1)
    """
    return _conditions(tuple(map(sp.sympify, coefficients)), True)


def named_inners(coefficients: Iterable[Any]) -> dict[str, sp.Expr]:
    """The values that must all be positive for a_0 = 1, by name, nothing left out: p(1), (-1)**n p(-1), the inners.

    "fold" and "flip" vanish at a root 1 and -1, "neimark-sacker" (the inner X - Y of order n-1, the product of 1 - z_i z_j
    over i < j) at a pair with the product 1.

    >>> from sympy.abc import a, b
    >>> named_inners((1, a, b))
    {'fold': a + b + 1, 'flip': -a + b + 1, 'neimark-sacker': 1 - b}
    """
    symbols = tuple(map(sp.sympify, coefficients))
    if not symbols or symbols[0] != 1:
        raise RnnsymError(f"the polynomial starts with {symbols[:1]}; divide by its first coefficient")
    ring = Ring.over(symbols)
    (a,), common = ring.matrix([symbols])
    n, zero = len(a) - 1, ring.context.constant(0)
    found = {"fold": (sum(a, zero), 1), "flip": (sum((-c if k % 2 else c for k, c in enumerate(a)), zero), 1)}
    for k in range(n - 1, 0, -2):
        found["neimark-sacker" if k == n - 1 else f"inner {k} minus"] = inner(ring, a, k, -1), k
        if n > 2:  # for n = 2 it is half the sum of the first two
            found[f"inner {k} plus"] = inner(ring, a, k, 1), k
    below = ring.expression(common)
    return {name: ring.expression(p) / below**degree for name, (p, degree) in found.items()} if n else {}


def inner(ring: Ring, a: Sequence[fmpz_mpoly], k: int, sign: int) -> fmpz_mpoly:
    """det(X + sign Y) of order k, for the coefficients a, highest first."""
    n, zero = len(a) - 1, ring.context.constant(0)
    rows = []
    for i in range(k):
        row = []
        for j in range(k):
            entry = a[j - i] if j >= i else zero
            if i + j < k:
                entry = entry + sign * a[n - k + 1 + i + j]
            row.append(entry)
        rows.append(row)
    return matrices.determinant(ring, rows)


@lru_cache(maxsize=256)
def _conditions(coefficients: tuple[sp.Expr, ...], critical: bool) -> tuple[sp.Expr, ...]:
    if any(c.is_extended_real is False for c in coefficients):
        raise RnnsymError("a coefficient is not real; the Schur-Cohn conditions in this form are for real polynomials")
    ring = Ring.over(coefficients)
    (a,), common = ring.matrix([coefficients])
    if not a or a[0].is_zero():
        raise RnnsymError("the leading coefficient is 0; leave it out")
    n, zero = len(a) - 1, ring.context.constant(0)
    # every condition is homogeneous: (value, its degree in the coefficients)
    found = [(sum(a, zero), 1), (sum((-c if k % 2 else c for k, c in enumerate(a)), zero), 1)] if n else []
    found += [(inner(ring, a, n - 1, -1), n - 1)] if critical and n > 1 else []
    if not critical:
        for k in range(n - 1, 0, -2):
            found.append((inner(ring, a, k, -1), k))
            if n > 2:  # for n = 2 it is half the sum of the first two
                found.append((inner(ring, a, k, 1), k))
    if coefficients[0].is_negative:
        found = [(-p if degree % 2 else p, degree) for p, degree in found]
    elif not coefficients[0].is_positive:  # p becomes a_0 p
        found = [(p * a[0] if degree % 2 else p, degree + degree % 2) for p, degree in found] + [(a[0] ** 2, 2)]
    # the value is p/d**degree over the common denominator d: for an odd degree its sign is that of p d
    signs = Signs(ring)
    signed = [_factors(signs, ring.product(p, common) if degree % 2 else p) for p, degree in found]
    return tuple(_expression(ring, *part) for part in _reduced(signed))


def _factors(signs: Signs, p: fmpz_mpoly) -> tuple[int, Factors]:
    """The sign of the content, and the factors that can vanish or change sign, with exponent 1 or 2; sign 0 for p = 0."""
    if p.is_zero():
        return 0, []
    content, found = signs.ring.factors(p)
    sign, kept = 1 if content > 0 else -1, []
    for f, k in found:
        of_f = signs.sign(f)
        if of_f is None:
            kept.append((f, 2 - k % 2))
        else:
            sign *= of_f**k
    return sign, kept


def _reduced(found: list[tuple[int, Factors]]) -> list[tuple[int, Factors]]:
    """The same conjunction without what follows from conditions on one factor: from f > 0 and f g > 0 to g > 0."""
    while any(len(fs) > 1 for _, fs in found):
        known = {
            _key(f): (sign, place) for place, (sign, fs) in enumerate(found) if len(fs) == 1 for f, k in fs if k == 1
        }
        changed = False
        for place, (sign, fs) in enumerate(found):
            for f, k in fs:
                if _key(f) in known and known[_key(f)][1] != place:
                    rest = [(g, m) for g, m in fs if _key(g) != _key(f)]
                    found[place] = (sign * known[_key(f)][0] ** k, rest)
                    changed = True
                    break
            if changed:
                break
        if not changed:
            break
    return [(sign, fs) for sign, fs in found if fs or sign != 1]


def _key(f: fmpz_mpoly) -> str:
    return str(f)


def _expression(ring: Ring, sign: int, factors: Factors) -> sp.Expr:
    if len(factors) == 1 and factors[0][1] == 1:
        return ring.expression(sign * factors[0][0])
    return ring._oriented(sign, 1, factors) if sign else sp.S.Zero
