"""Search for quadratic certificates of contraction, and their exact verification.

The search is a barrier method in float64 on F(x) > 0 for symmetric matrices F(x) = sum_k x_k F_k: maximize the smallest
eigenvalue t over |x_k| < 1 by Newton's method on -s t - log det(F(x) - t I) - sum log(1 - x_k^2) (Boyd & Vandenberghe,
Convex Optimization, section 11). What it finds is rounded to rationals and proved by Sylvester's minors in exact
arithmetic; what it does not find may still exist.

May import: SymPy, NumPy, python-flint.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import flint
import numpy as np
import sympy as sp

Array = Any


def feasible_point(families: Sequence[Array], rounds: int = 22) -> tuple[Array, float]:
    """x with |x_k| < 1 that makes every sum_k x_k F_k as positive definite as it can be, and the smallest eigenvalue.

    families: one array (variables, size, size) of symmetric matrices for each inequality.
    """
    count = len(families[0])
    x, t, weight = np.zeros(count), -1.0, 1.0
    size = sum(F.shape[1] for F in families)
    for _ in range(rounds):
        for _ in range(40):
            gradient = np.zeros(count + 1)
            hessian = np.zeros((count + 1, count + 1))
            gradient[-1] = -weight
            for F in families:
                inverse = np.linalg.inv(np.tensordot(x, F, 1) - t * np.eye(F.shape[1]))
                parts = np.concatenate([inverse @ F, -inverse[None]])
                gradient -= np.trace(parts, axis1=1, axis2=2)
                flat, turned = parts.reshape(count + 1, -1), parts.transpose(0, 2, 1).reshape(count + 1, -1)
                hessian += flat @ turned.T
            gradient[:-1] += 2 * x / (1 - x**2)
            hessian[np.arange(count), np.arange(count)] += 2 * (1 + x**2) / (1 - x**2) ** 2
            try:
                step = np.linalg.solve(hessian, -gradient)
            except np.linalg.LinAlgError:
                return x, _least(families, x)
            decrease = -gradient @ step
            length = 1.0
            while length > 1e-10 and not _inside(families, x + length * step[:-1], t + length * step[-1]):
                length /= 2
            length *= 0.9 if length < 1 else 1 / (1 + np.sqrt(max(float(decrease), 0.0)))
            if length < 1e-10 or not np.isfinite(step).all():
                return x, _least(families, x)
            x, t = x + length * step[:-1], t + length * step[-1]
            if decrease < 1e-4:
                break
        if (size + 2 * count) / weight < 0.02 * max(t, 1e-9):
            break
        weight *= 4
    return x, _least(families, x)


def _inside(families: Sequence[Array], x: Array, t: float) -> bool:
    if np.any(np.abs(x) >= 1) or not np.isfinite(t):
        return False
    for F in families:
        try:
            np.linalg.cholesky(np.tensordot(x, F, 1) - t * np.eye(F.shape[1]))
        except np.linalg.LinAlgError:
            return False
    return True


def _least(families: Sequence[Array], x: Array) -> float:
    return min(float(np.linalg.eigvalsh(np.tensordot(x, F, 1))[0]) for F in families)


def is_positive_definite(table: sp.MatrixBase) -> bool:
    """Whether a symmetric matrix of rational numbers is positive definite, exactly: Sylvester's minors.

    >>> is_positive_definite(sp.Matrix([[2, 1], [1, 1]])), is_positive_definite(sp.Matrix([[1, 1], [1, 1]]))
    (True, False)
    """
    if table != table.T:
        return False
    return all(minor > 0 for minor in leading_minors(table))


def leading_minors(table: sp.MatrixBase) -> list[Any]:
    """The leading principal minors of a matrix of rational numbers."""
    entries = [[flint.fmpq(int(e.p), int(e.q)) for e in row] for row in table.tolist()]
    return [flint.fmpq_mat([row[:k] for row in entries[:k]]).det() for k in range(1, table.rows + 1)]


# diagonal metrics


def diagonal_certificate(W: sp.MatrixBase) -> list[Fraction] | None:
    """Positive rational p with diag(p) - W^T diag(p) W positive definite, proved; None if none was found.

    Tried in turn: p = 1; where rho(|W|) < 1 the ratio of (I - |W|^T)^-1 1 and (I - |W|)^-1 1 (Schur's test); the search.
    """
    n = W.rows
    for p in _candidates(W):
        P = sp.diag(*(sp.Rational(v.numerator, v.denominator) for v in p))
        if is_positive_definite(sp.ImmutableMatrix(P - W.T * P * W)):
            return p
    _, p = best_metric(np.array(W.tolist(), dtype=float))
    rounded = [Fraction(float(v)).limit_denominator(10**9) for v in p / p.max()]
    if len(rounded) != n or any(v <= 0 for v in rounded):
        return None
    P = sp.diag(*(sp.Rational(v.numerator, v.denominator) for v in rounded))
    return rounded if is_positive_definite(sp.ImmutableMatrix(P - W.T * P * W)) else None


def _candidates(W: sp.MatrixBase) -> list[list[Fraction]]:
    n = W.rows
    found = [[Fraction(1)] * n]
    size = flint.fmpq_mat(n, n, [abs(flint.fmpq(int(e.p), int(e.q))) for e in W])
    one = flint.fmpq_mat(n, n, [int(i == j) for i in range(n) for j in range(n)])
    try:
        inverse = (one - size).inv()
    except ZeroDivisionError:
        return found
    right = [sum((inverse[i, j] for j in range(n)), flint.fmpq(0)) for i in range(n)]
    left = [sum((inverse[i, j] for i in range(n)), flint.fmpq(0)) for j in range(n)]
    if all(v > 0 for v in (*left, *right)):
        ratios = [a / b for a, b in zip(left, right, strict=True)]
        found.append([Fraction(int(v.p), int(v.q)) for v in ratios])
    return found


def best_metric(W: Array) -> tuple[float, Array]:
    """(||P^(1/2) W P^(-1/2)||, p) at nearly the best positive diagonal P = diag(p): an upper bound of c*(W)."""
    n = len(W)

    def norm(p: Array) -> float:
        root = np.sqrt(p)
        return float(np.linalg.norm(root[:, None] * W / root, 2))

    p = _balanced(W)
    best, gamma = min(((norm(np.ones(n)), np.ones(n)), (norm(p), p)), key=lambda pair: pair[0]), 0.0
    if n == 1 or best[0] == 0:
        return best
    spectral = float(np.max(np.abs(np.linalg.eigvals(W))))
    low = spectral
    for _ in range(24):
        if best[0] - low < 1e-7 * best[0]:
            break
        gamma = 0.5 * (low + best[0])
        start = best[1]  # coordinates in which the metric known so far is the identity
        root = np.sqrt(start)
        V = root[:, None] * W / root / gamma
        F = np.array(
            [np.outer(row == 1, row == 1).astype(float) - np.outer(V[k], V[k]) for k, row in enumerate(np.eye(n))]
        )
        x, least = feasible_point([F, np.array([np.outer(e, e) for e in np.eye(n)])], rounds=16)
        if least > 0 and np.all(x > 0):
            p = start * x
            value = norm(p / p.max())
            best = min(best, (value, p / p.max()), key=lambda pair: pair[0])
        else:
            low = gamma
    return best


def _balanced(W: Array, sweeps: int = 30) -> Array:
    """The metric that makes row and column sums of squares equal (Osborne 1960): a good start."""
    n = len(W)
    scale, squares = np.ones(n), np.abs(W) ** 2 + 1e-14
    for _ in range(sweeps):
        for i in range(n):
            row = sum(squares[i, j] * scale[i] / scale[j] for j in range(n) if j != i)
            column = sum(squares[j, i] * scale[j] / scale[i] for j in range(n) if j != i)
            if row > 0 and column > 0:
                scale[i] *= np.sqrt(column / row)
    return scale / scale.max()


# sector inequality


def sector_matrix(W: sp.MatrixBase, P: sp.MatrixBase, weights: Sequence[Any], rate: Any) -> sp.ImmutableMatrix:
    """[[-r^2 P, W^T L], [L W, P - 2 L]] with L = diag(weights)."""
    L = sp.diag(*weights)
    top, bottom = sp.Matrix.hstack(-(rate**2) * P, W.T * L), sp.Matrix.hstack(L * W, P - 2 * L)
    return sp.ImmutableMatrix(sp.Matrix.vstack(top, bottom))


def sector_certificate(W: Array, rate: float = 1.0) -> tuple[list[list[Fraction]], list[Fraction]] | None:
    """Rational P and l with which the sector inequality at this rate holds, proved; None if none was found."""
    table = np.asarray(W, dtype=float)
    n = len(table)
    families, pairs = [], []
    for i in range(n):
        for j in range(i, n):
            E = np.zeros((n, n))
            E[i, j] = E[j, i] = 1.0
            pairs.append((i, j))
            whole = np.zeros((2 * n, 2 * n))
            whole[:n, :n], whole[n:, n:] = rate**2 * E, -E
            families.append((whole, E, np.zeros((n, n))))
    for i in range(n):
        L = np.zeros((n, n))
        L[i, i] = 1.0
        whole = np.block([[np.zeros((n, n)), -table.T @ L], [-L @ table, 2 * L]])
        families.append((whole, np.zeros((n, n)), L))
    x, least = feasible_point([np.array([f[k] for f in families]) for k in range(3)])
    if least <= 0:
        return None
    exact = [Fraction(float(v)).limit_denominator(10**8) for v in x]
    P = [[Fraction(0)] * n for _ in range(n)]
    for (i, j), v in zip(pairs, exact, strict=False):
        P[i][j] = P[j][i] = v
    weights = exact[len(pairs) :]
    numbers = sp.Matrix([[_rational(v) for v in row] for row in np.asarray(W, dtype=object).tolist()])
    form = sp.Matrix([[_rational(v) for v in row] for row in P])
    whole = sector_matrix(numbers, form, [_rational(w) for w in weights], _rational(rate))
    proved = all(w >= 0 for w in weights) and is_positive_definite(form) and is_positive_definite(-whole)
    return (P, weights) if proved else None


def _rational(value: Any) -> Any:
    """A number as the rational it is; a float as its dyadic."""
    if isinstance(value, sp.Rational):
        return value
    number = Fraction(value) if isinstance(value, int | Fraction) else Fraction(float(value))
    return sp.Rational(number.numerator, number.denominator)
