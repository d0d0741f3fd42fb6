"""HiPPO-LegS: the coefficients of the past, all of it equally weighted, in Legendre polynomials.

With p_n(r) = sqrt(2n+1) P_n(2r - 1), orthonormal on [0, 1], and c_n(t) = integral_0^1 f(t r) p_n(r) dr,
    t c_n'(t) = integral_0^1 r d/dr f(t r) p_n(r) dr = sum_k A_nk c_k + B_n f(t),   B_n = p_n(1),
    A_nk = integral_0^1 r p_k'(r) p_n(r) dr - p_n(1) p_k(1).
For k < n the polynomial r p_k' is of degree k, so the integral is 0; for k = n it is n, by the leading coefficient; for
k > n it is p_n(1) p_k(1) by parts, since (r p_n)' is of degree n. Source: Gu, Dao, Ermon, Rudra & Re 2020.
May import: everything to the left of `analysis.statespace`.
"""

from __future__ import annotations

from typing import Any

import sympy as sp

from rnnsym.defined import Modes, Pairs
from rnnsym.defined.statespaces import LegendreChange, LegendreOperator, LegendreState
from rnnsym.exact import is_zero
from rnnsym.result import LimitReached, Result, RnnsymError, Source, SpecError, Step
from rnnsym.systems import LinearSystem, Time

GU = Source(
    "gu2020", "Gu, A. and Dao, T. and Ermon, S. and Rudra, A. and Re, C.",
    "HiPPO: recurrent memory with optimal polynomial projections", 2020, arxiv="2008.07669",
)  # fmt: skip
S4 = Source(
    "gu2022", "Gu, A. and Goel, K. and Re, C.", "Efficiently modeling long sequences with structured state spaces", 2022,
    arxiv="2111.00396",
)  # fmt: skip
LARGEST = 128  # coefficients written out

n, k = (sp.Symbol(s, integer=True, nonnegative=True) for s in "nk")


def size(value: Any, what: str) -> int:
    """A whole number >= 1."""
    if isinstance(value, bool) or not isinstance(value, int | sp.Integer) or value < 1:
        raise SpecError(f"{what} must be a whole number >= 1, got {value!r}")
    if value > LARGEST:
        raise LimitReached(
            f"{what} is {value}, which makes {int(value) ** 2} exact entries; limit {LARGEST}. Take fewer"
        )
    return int(value)


def entry(row: int, column: int) -> Any:
    """A_nk."""
    if row > column:
        return -sp.sqrt((2 * row + 1) * (2 * column + 1))
    return sp.Integer(-(row + 1)) if row == column else sp.S.Zero


def hippo(N: int) -> LinearSystem:
    """HiPPO-LegS of N coefficients as the system h' = A h + B x: A_nk = -sqrt((2n+1)(2k+1)) (n > k), -(n+1) (n = k), 0 (n < k), B_n = sqrt(2n+1).

    The projection of the whole past is t c' = A c + B f (`running_mean`, `hippo_matrix`); S4 takes the same matrices
    without the 1/t, as here.
    Shapes: A (N, N), B (N, 1); the output is the state.
    Raises: SpecError if N is no whole number >= 1.
    Source: gu2020.

    >>> hippo(2).A
    Matrix([
    [       -1,  0],
    [-sqrt(3), -2]])
    """
    count = size(N, "the number of coefficients N")
    B = sp.ImmutableMatrix(count, 1, lambda i, _: sp.sqrt(2 * i + 1))
    return LinearSystem(sp.ImmutableMatrix(count, count, entry), B, time=Time("continuous"))


def hippo_matrix() -> Result:
    """The entries of HiPPO-LegS, A_nk = -sqrt((2n+1)(2k+1)) for n > k, -(n+1) for n = k, 0 for n < k, for all n and k.

    The left side is the projection itself: A_nk = integral_0^1 r p_k'(r) p_n(r) dr - p_n(1) p_k(1), p_n(r) = sqrt(2n+1) P_n(2r - 1).
    Source: gu2020.

    >>> hippo_matrix().rhs.subs({n: 2, k: 1})
    -sqrt(15)
    """
    corner = sp.sqrt((2 * n + 1) * (2 * k + 1))
    cases = ((0, n > k), (n, sp.Eq(n, k)), (corner, True))
    rhs = sp.Piecewise((-corner, n > k), (-(n + 1), sp.Eq(n, k)), (0, True))
    step = Step(
        sp.Piecewise(*cases) - corner,
        "the integral by degree, by leading coefficient, by parts; less the product of the values at 1",
    )
    return Result("entries of HiPPO-LegS", LegendreChange(n, k), "=", rhs, steps=(step,), source=(GU,))


def hippo_eigenvalues(N: int) -> Result:
    """The eigenvalues of HiPPO-LegS are -1, -2, ..., -N: A is lower triangular with the diagonal -(n+1).

    Raises: SpecError if N is no whole number >= 1.
    Source: gu2020.

    >>> hippo_eigenvalues(3).rhs
    ((-1, 1), (-2, 1), (-3, 1))
    """
    count = size(N, "the number of coefficients N")
    pairs = Pairs(*(sp.Tuple(-j, 1) for j in range(1, count + 1)))
    return Result("eigenvalues of HiPPO-LegS", Modes(LegendreOperator(count)), "=", pairs, source=(GU,))


def _low_rank(i: Any) -> Any:
    return sp.sqrt(i + sp.S.Half)


def _skew(row: Any, column: Any) -> Any:
    return sp.sign(column - row) * sp.sqrt((2 * row + 1) * (2 * column + 1)) / 2


def hippo_normal(N: int | None = None) -> Result:
    """HiPPO-LegS is normal plus rank one, A + p p^T = -I/2 + S with S^T = -S, p_n = sqrt(n + 1/2), S_nk = sign(k - n) sqrt((2n+1)(2k+1))/2.

    So the normal part has the eigenvalues -1/2 + i omega, in conjugate pairs. Without N: entry by entry, for all n and
    k; with N: as matrices.
    Raises: SpecError if N is no whole number >= 1.
    Source: gu2022.

    >>> hippo_normal().rhs
    Piecewise((-sqrt(2*k + 1)*sqrt(2*n + 1)/2, k < n), (-1/2, Eq(k, n)), (sqrt(2*k + 1)*sqrt(2*n + 1)/2, True))
    """
    name = "normal plus low rank form of HiPPO-LegS"
    if N is not None:
        count = size(N, "the number of coefficients N")
        p = sp.ImmutableMatrix(count, 1, lambda i, _: _low_rank(i))
        S = sp.ImmutableMatrix(count, count, _skew)
        lhs = sp.MatAdd(LegendreOperator(count), sp.MatMul(p, p.T, evaluate=False), evaluate=False)
        table = sp.ImmutableMatrix(count, count, entry) + p * p.T
        rhs = S - sp.eye(count) / 2
        assert all(is_zero(e) for e in table - rhs) and all(is_zero(e) for e in S + S.T)
        return Result(name, lhs, "=", rhs, source=(S4,))
    corner = sp.sqrt(2 * n + 1) * sp.sqrt(2 * k + 1)
    below, diagonal, above = (-corner, n > k), (-(n + 1), sp.Eq(n, k)), (0, sp.true)
    cases = [(value + _low_rank(n) * _low_rank(k), condition) for value, condition in (below, diagonal, above)]
    parts = [(-corner / 2, n > k), (-sp.S.Half, sp.Eq(n, k)), (corner / 2, sp.true)]
    for (value, condition), (part, _) in zip(cases, parts, strict=True):
        gap = (value - part).subs(k, n) if isinstance(condition, sp.Eq) else value - part
        if not is_zero(gap):
            raise RnnsymError(f"A + p p^T is not -I/2 + S where {condition}")
    steps = (Step(sp.Piecewise(*cases), "the entries of A and of p times its transpose"),)
    lhs = LegendreChange(n, k) + _low_rank(n) * _low_rank(k)
    return Result(name, lhs, "=", sp.Piecewise(*parts), steps=steps, source=(S4,))


def running_mean() -> Result:
    """One coefficient of HiPPO-LegS, stepped by Euler in t = k, is the running mean: c_k = c_{k-1} + (x_k - c_{k-1})/k gives c_T = (x_1 + ... + x_T)/T.

    For every T >= 1. Where the recurrence starts is forgotten in the first step: 1 - 1/k = 0 at k = 1.
    Shapes: x (T, 1).
    Source: gu2020.

    >>> running_mean().rhs.shape
    (1, 1)
    """
    T, j = sp.Symbol("T", integer=True, positive=True), sp.Symbol("j", integer=True)
    x = sp.MatrixSymbol("x", T, 1)
    mean = sp.Sum(x[j, 0], (j, 0, T - 1)) / T
    return Result("running mean", LegendreState(1, x), "=", sp.ImmutableMatrix([[mean]]), source=(GU,))
