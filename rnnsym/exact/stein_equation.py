"""The Stein equation X = A X A^T + Q in closed form, without Kronecker products.

Let p(z) = det(zI - A) = sum_k p_k z**(n-k) and adj(zI - A) = sum_k M_k z**(n-1-k). For a stable A the solution is
X = sum_t A**t Q (A^T)**t, and A**t is a combination of the M_k with the impulse response g of 1/p as weights, so

    X = sum over i, j = 0..n-1 of r_|i-j| M_i Q M_j^T,    r_d = sum_t g_t g_(t+d),

where the autocorrelation r of 1/p solves the Yule-Walker equations sum_j p_j r_|i-j| = [i = 0], i = 0..n. Their
determinant is p(1) (-1)**n p(-1) det(X_(n-1) - Y_(n-1)), the last factor the inner of `schur`: it is the product of
1 - l_i l_j over the pairs i <= j of eigenvalues. Both sides are rational, so the result solves the equation wherever this
is not 0, stable or not; it is a covariance or a Gramian only if A is stable (|l_i| < 1).

May be imported: `tables`, `matrices`, `schur`, `rnnsym.result`, SymPy. Source: Yule-Walker; Jury 1974 for the factors.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

import sympy as sp
from flint import fmpz_mpoly

from rnnsym.exact import matrices, schur
from rnnsym.exact.fields import Ring
from rnnsym.exact.tables import TERMS_SHOWN, Matrix, settled, square
from rnnsym.result import LimitReached, NoClosedForm, ShapeError


class SteinSolution(NamedTuple):
    """X = numerator/denominator, where the denominator is not 0."""

    numerator: Matrix
    denominator: sp.Expr


def stein(A: Any, Q: Any) -> SteinSolution:
    """The solution of X = A X A^T + Q: expanded numerators over one factored denominator, nothing common to all.

    Raises: NoClosedForm if 1 is a product of two eigenvalues of A everywhere; LimitReached.

    >>> from sympy.abc import a, q
    >>> X, below = stein([[a]], [[q]])
    >>> X[0]/below
    q/((1 - a)*(a + 1))
    """
    A, Q = square(A), square(Q)
    if A.shape != Q.shape:
        raise ShapeError(f"Q is {Q.rows} by {Q.cols}, A is {A.rows} by {A.cols}; they must be of one size")
    return _stein(A, Q)


def autocorrelation(ring: Ring, p: list[fmpz_mpoly], count: int) -> tuple[list[fmpz_mpoly], tuple[fmpz_mpoly, ...]]:
    """(r_0 .. r_(count-1) times D, the factors p(1), (-1)**n p(-1), det(X - Y) of D) for 1/p."""
    n, zero = len(p) - 1, ring.context.constant(0)
    rows = [
        [(p[i - k] if i >= k else zero) + (p[i + k] if 0 < k <= n - i else zero) for k in range(n + 1)]
        for i in range(1, n + 1)
    ]
    found = []
    for k in range(count):
        minor = matrices.determinant(ring, [row[:k] + row[k + 1 :] for row in rows])
        found.append(-minor if k % 2 else minor)
    alternating = sum((-c if k % 2 else c for k, c in enumerate(p)), zero)
    return found, (sum(p, zero), alternating, schur.inner(ring, p, n - 1, -1))


@lru_cache(maxsize=128)
def _stein(A: Matrix, Q: Matrix) -> SteinSolution:
    n = A.rows
    if n == 0:
        return SteinSolution(Q, sp.S.One)
    ring = Ring.over(A, Q)
    one, zero = ring.context.constant(1), ring.context.constant(0)
    a, d = ring.matrix(A)
    q, below_q = ring.matrix(Q)
    identity = [[one if i == j else zero for j in range(n)] for i in range(n)]
    layers, c = matrices.resolvent(ring, a, identity, identity)
    powers = [one]
    for _ in range(2 * n):
        powers.append(powers[-1] * d)
    p = [ck * powers[n - k] for k, ck in enumerate(c)]  # d**n times the characteristic polynomial
    r, factors = autocorrelation(ring, p, n)
    if any(settled(ring, f, "the equation has one solution").is_zero() for f in factors):
        raise NoClosedForm("1 is a product of two eigenvalues of A, so X = A X A^T + Q has no unique solution")
    # A = a/d: M_k of A is that of a over d**k, and r belongs to d**n p, so it is d**n times what is wanted
    extra = max(n - 2, 0)
    left = [matrices.product(ring, M, q) for M in layers]
    symmetric = Q == Q.T
    above = [[zero] * n for _ in range(n)]
    for i in range(n):
        for j in range(i if symmetric else 0, n):
            total = zero
            for lag in range(n):
                part = zero
                for k in range(n - lag):
                    scale = powers[n + extra - 2 * k - lag]
                    for x, y in {(k, k + lag), (k + lag, k)}:
                        inner = zero
                        for u, v in zip(left[x][i], layers[y][j], strict=True):
                            if len(u) and len(v):
                                inner += ring.product(u, v)
                        part += inner * scale
                if len(part):
                    total += ring.product(r[lag], part)
            if len(total) > TERMS_SHOWN:
                raise matrices.limit_reached(len(total), TERMS_SHOWN, "terms of one entry of the solution alone:")
            above[i][j] = total
            if symmetric:
                above[j][i] = total
    return _over_one(ring, above, [*factors, below_q, *[d] * extra])


def _over_one(ring: Ring, above: list[list[fmpz_mpoly]], factors: list[fmpz_mpoly]) -> SteinSolution:
    """The numerators over the product of the factors, after what is common to all is cancelled."""
    terms = sum(len(e) for row in above for e in row)
    if terms > TERMS_SHOWN:
        raise LimitReached(
            f"the solution has {terms} terms, the limit is {TERMS_SHOWN}; give numbers for some parameters"
        )
    entries = [e for row in above for e in row if len(e)]
    kept = ring.context.constant(1)
    for factor in factors:
        content, found = ring.factors(factor)
        for f, k in [*found, (ring.context.constant(abs(content)), 1)]:
            for _ in range(k):
                common = f
                for e in sorted(entries, key=len):
                    common = common.gcd(e)
                    if common.is_one():
                        break
                if not common.is_one():
                    above = [[e / common for e in row] for row in above]
                    entries = [e / common for e in entries]
                kept = kept * (f / common)
        kept = -kept if content < 0 else kept
    n = len(above)
    shown: dict[tuple[int, int], sp.Expr] = {}
    for i in range(n):
        for j in range(n):
            twin = shown.get((j, i))
            same = twin is not None and above[i][j] == above[j][i]
            shown[i, j] = twin if same else ring.expression(above[i][j])
    return SteinSolution(Matrix(n, n, lambda i, j: shown[i, j]), ring.factored(kept))
