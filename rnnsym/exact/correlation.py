"""Polynomials on the unit circle: Re a(e^{i w}) conj(b(e^{i w})) as a polynomial in cos w, multiplied out in FLINT.

May import: result, SymPy, python-flint, fields.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sympy as sp

from rnnsym.exact.fields import Ring


def chebyshev(n: int) -> list[int]:
    """The coefficients of T_n, lowest first.

    >>> chebyshev(4)
    [1, 0, -8, 0, 8]
    """
    before, now = [1], [0, 1]
    for _ in range(n):
        twice = [0, *(2 * c for c in now)]
        before, now = now, [c - (before[k] if k < len(before) else 0) for k, c in enumerate(twice)]
    return before


def in_cosine(a: Sequence[sp.Expr], b: Sequence[sp.Expr]) -> list[sp.Expr] | None:
    """The coefficients in cos w of Re a(e^{i w}) conj(b(e^{i w})), highest first, for real coefficients highest first.

    None unless the coefficients are polynomials over the rational numbers in symbols or free functions.

    >>> from sympy.abc import x, y
    >>> in_cosine([x, y], [x, y])
    [2*x*y, x**2 + y**2]
    """
    size = max(len(a), len(b))
    a, b = ([sp.S.Zero] * (size - len(p)) + list(p) for p in (a, b))
    ring = Ring.over(a, b)
    if ring.relations or not ring.plain:
        return None
    (first, second), common = ring.matrix([a, b])
    if not common.is_constant():
        return None
    weights: list[Any] = [ring.zero] * size
    for i, p in enumerate(first):
        for j, q in enumerate(second):
            weights[abs(i - j)] += ring.product(p, q)
    parts: list[Any] = [ring.zero] * size
    for n, weight in enumerate(weights):
        for k, c in enumerate(chebyshev(n)):
            if c:
                parts[k] += c * weight
    while len(parts) > 1 and parts[-1].is_zero():
        parts.pop()
    below = int(common.leading_coefficient()) ** 2
    return [ring.expression(p, below) for p in reversed(parts)]
