"""Whether the roots of a real polynomial lie inside the unit circle: proved in balls, decided for rational numbers.

Schur's recursion: for p = p_0 + ... + p_n z^n, if |p_0| > |p_n| a root lies outside; if |p_0| < |p_n|, then
(p_n p - p_0 p*)/z, with p* the reversed polynomial, has one root less inside and as many outside. In balls a comparison
may stay open. For rational p the roots on the circle are among those of g = gcd(p, p*), whose roots off the circle come
in pairs z, 1/z; with w = z + 1/z those on it are the real w in (-2, 2).

May import: result, python-flint, balls. Plain values out: True inside, False outside, None undecided or "marginal".
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import flint

from rnnsym.exact import balls


def schur_balls(coefficients: Sequence[Any]) -> bool | None:
    """True if all roots are inside the unit circle, False if one is outside, None if the balls cannot tell; low first."""
    p = [flint.arb(c) for c in coefficients]
    while len(p) > 1:
        low, high = abs(p[0]), abs(p[-1])
        if low > high:
            return False
        if not low < high:
            return None
        ratio = p[0] / p[-1]
        p = [a - ratio * b for a, b in zip(p, reversed(p), strict=True)][1:]
    return True


def schur_rational(polynomial: Any) -> bool | None:
    """The same for an fmpq_poly, decided: True, False, or None if the largest root is of modulus 1 (marginal)."""
    for digits in (40, 160):
        with balls.precision(digits):
            verdict = schur_balls([flint.arb(c) for c in polynomial.coeffs()])
        if verdict is not None:
            return verdict
    p = flint.fmpz_poly([int(c * polynomial.denom()) for c in polynomial.coeffs()])
    coefficients = p.coeffs()
    while coefficients and coefficients[0] == 0:
        coefficients = coefficients[1:]
    p = flint.fmpz_poly(coefficients)
    g = p.gcd(flint.fmpz_poly(coefficients[::-1]))
    rest = p
    while rest.degree() > 0 and rest.gcd(g).degree() > 0:
        rest = rest // rest.gcd(g)
    if not _inside(rest):
        return False
    return True if g.degree() <= 0 else False if _off_circle(g) else None


def _inside(p: Any) -> bool:
    """Whether all roots of a polynomial without roots on the circle are inside."""
    digits = 30
    while p.degree() > 0:
        with balls.precision(digits):
            sizes = [abs(root) for root, _ in p.complex_roots()]
        if any(s > 1 for s in sizes):
            return False
        if all(s < 1 for s in sizes):
            return True
        digits *= 2
    return True


def _off_circle(g: Any) -> bool:
    """Whether a self-reciprocal polynomial has a root off the unit circle."""
    squarefree = g // g.gcd(g.derivative())
    for one in (1, -1):
        factor = flint.fmpz_poly([-one, 1])
        if squarefree(one) == 0:
            squarefree = squarefree // factor
    m = int(squarefree.degree()) // 2
    if m <= 0:
        return False
    # g(z) = z^m q(w): z^k + z^-k = T_k(w), T_0 = 2, T_1 = w, T_k+1 = w T_k - T_k-1
    w = flint.fmpz_poly([0, 1])
    powers = [flint.fmpz_poly([2]), w]
    coefficients = squarefree.coeffs()
    q = flint.fmpz_poly([coefficients[m]])
    for k in range(1, m + 1):
        q += powers[1] * coefficients[m + k]
        powers = [powers[1], w * powers[1] - powers[0]]
    digits = 30
    while True:
        with balls.precision(digits):
            roots = [root for root, _ in q.complex_roots()]
        if any(not (r.imag == 0) for r in roots) or any(abs(r.real) > 2 for r in roots):
            return True
        if all(abs(r.real) < 2 for r in roots):
            return False
        digits *= 2
