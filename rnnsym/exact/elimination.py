"""Elimination of one variable: resultants, discriminants, greatest common divisors.

May be imported: `algebra`, `tables`, `fields`, `rnnsym.result`, SymPy.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sympy as sp
from flint import fmpz_mpoly

from rnnsym.exact.algebra import determinant
from rnnsym.exact.fields import Ring
from rnnsym.exact.tables import shown
from rnnsym.result import RnnsymError


def _in_one(x: Any, *polynomials: Any) -> tuple[Ring, int, list[tuple[fmpz_mpoly, fmpz_mpoly]]]:
    """A ring of all, the number of x in it, and the numerators with denominators, which must not contain x."""
    ring = Ring.over(x, *polynomials)
    if x not in ring.generators:
        raise RnnsymError(f"the expressions are no polynomials in {x}")
    place = ring.generators.index(x)
    if any(x in g.free_symbols for g in ring.generators if g != x):
        raise RnnsymError(f"the expressions are no polynomials in {x}: it occurs inside a function")
    found = []
    for p in polynomials:
        n, d = ring.fraction(sp.sympify(p))
        if d.degrees()[place]:
            raise RnnsymError(f"{p} has {x} in its denominator; give its numerator")
        found.append((n, d))
    return ring, place, found


def resultant(p: Any, q: Any, x: sp.Symbol) -> sp.Expr:
    """Res_x(p, q), expanded: 0 where p and q have a common root x, or both leading coefficients vanish.

    >>> from sympy.abc import a, b, x
    >>> resultant(x**2 + a*x + b, x - 1, x)
    a + b + 1
    """
    ring, place, ((n, d), (m, e)) = _in_one(x, p, q)
    if n.is_zero() or m.is_zero():
        return sp.S.Zero
    return shown(
        ring,
        n.resultant(m, f"x{place}"),
        ring.product(ring.power(d, _degree(m, place)), ring.power(e, _degree(n, place))),
    )


def discriminant(p: Any, x: sp.Symbol) -> sp.Expr:
    """disc_x(p), expanded: 0 where p has a multiple root x.

    >>> from sympy.abc import a, b, x
    >>> discriminant(x**2 + a*x + b, x)
    a**2 - 4*b
    """
    ring, place, ((n, d),) = _in_one(x, p)
    degree = _degree(n, place)
    if degree < 1:
        raise RnnsymError(f"{p} has no {x}; its discriminant is not defined")
    return shown(ring, n.discriminant(f"x{place}"), ring.power(d, 2 * degree - 2))


def polynomial_gcd(p: Any, q: Any, x: sp.Symbol | None = None) -> sp.Expr:
    """The greatest common divisor, expanded and primitive; with x, that of polynomials in x alone (its content left out).

    >>> from sympy.abc import a, x
    >>> polynomial_gcd((x - a)*(x + 1), (x - a)*x, x)
    -a + x
    """
    ring = Ring.over(p, q) if x is None else _in_one(x, p, q)[0]
    n, m = (ring.fraction(sp.sympify(e)).numerator for e in (p, q))
    g = n.gcd(m)
    if g.is_zero():
        return sp.S.Zero
    if x is not None:
        place = ring.generators.index(x)
        content = ring.context.constant(0)
        for c in ring.coefficients(g, place).values():
            content = content.gcd(c)
        g = g / content
        lead = ring.coefficients(g, place)[int(g.degrees()[place])]
        g = -g if lead.leading_coefficient() < 0 else g
    return ring.expression(g.primitive()[1])


def _degree(p: fmpz_mpoly, place: int) -> int:
    return int(p.degrees()[place]) if len(p) else 0


def cofactor(p: Sequence[Any], q: Sequence[Any], k: int) -> tuple[tuple[sp.Expr, ...], tuple[sp.Expr, ...]]:
    """(u, v), of degree at most deg q - k and deg p - k, with u p + v q = 0 where p and q have a common divisor of degree k.

    p, q: coefficients, highest first, of one formal degree n or more; q is monic. There u is q over that divisor times the
    k-th subresultant coefficient, which is not 0 there and is u's first coefficient up to its sign, and v is -p over the
    divisor times the same. 1 <= k <= n. Source: the subresultant of order k - 1 and its cofactors (Sylvester's matrix).

    >>> from sympy.abc import a, b
    >>> cofactor([1, -a], [1, -a - b, a*b], 1)  # (z - a) and (z - a)(z - b)
    ((-1, b), (1,))
    """
    n, m = len(q) - 1, len(p) - 1
    j = k - 1
    width = n + m - j  # columns z**(width - 1) ... z**0
    rows = [[sp.S.Zero] * i + list(p) + [sp.S.Zero] * (width - m - 1 - i) for i in range(n - j)]
    rows += [[sp.S.Zero] * i + list(q) + [sp.S.Zero] * (width - n - 1 - i) for i in range(m - j)]
    table = [row[: width - j - 1] for row in rows]
    found = []
    for i in range(len(table)):
        minor = [row for r, row in enumerate(table) if r != i]
        found.append((-1) ** i * determinant(minor) if minor else sp.S.One)
    return tuple(found[: n - j]), tuple(found[n - j :])
