"""Singular values, norms and eigenvalues of float matrices with proved bounds, fast enough for n = 512.

A float product obeys |fl(A B) - A B| <= gamma |A| |B|, gamma = k u/(1 - k u), in any order of summation (Higham 2002, eq. 3.13).
With it the residuals of NumPy's own factorizations are bounded, and they bound the answer:
    singular values  A V = U S + E:  sigma_i(A) lies within sigma_i(U S + E)/sigma(V), and sigma(U), sigma(V) are near 1
    eigenvalues      A V = V L + E:  they lie in the disks of radius ||X E||_oo/(1 - ||I - X V||_oo) round L, X near V^-1
All norms of errors are bounded by sqrt(||.||_1 ||.||_oo). May import: NumPy. Plain values in and out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

U = 2.0**-53
UP = 1 + 2.0**-40
"""Every bound is multiplied by this: it covers the rounding of the few operations that make the bound itself."""
TINY = 1e-290


def gamma(k: int) -> float:
    """The relative error of a sum of k products, complex ones included."""
    return (4 * k + 8) * U / (1 - (4 * k + 8) * U)


def norm_bound(size: Any) -> float:
    """An upper bound of the spectral norm of every matrix with |M| <= size, entry by entry."""
    size = np.abs(size)
    if not size.size:
        return 0.0
    return float(np.sqrt(size.sum(axis=0).max() * size.sum(axis=1).max()) * UP) + TINY


def product_error(A: Any, B: Any) -> Any:
    """A bound of |fl(A @ B) - A B|, entry by entry."""
    return (np.abs(A) @ np.abs(B)) * (gamma(A.shape[-1]) * UP) + TINY


@dataclass(frozen=True)
class SingularValues:
    """lower <= sigma_i <= upper for each, largest first; proved."""

    lower: Any
    upper: Any

    @property
    def norm(self) -> tuple[float, float]:
        """Bounds of the spectral norm."""
        return (float(self.lower[0]), float(self.upper[0])) if len(self.lower) else (0.0, 0.0)

    @property
    def smallest(self) -> tuple[float, float]:
        return (float(self.lower[-1]), float(self.upper[-1])) if len(self.lower) else (0.0, 0.0)


def singular_values(matrix: Any, radius: Any = 0.0) -> SingularValues:
    """Proved bounds of all singular values of a real matrix, or of every matrix within `radius` of it entry by entry."""
    A = np.asarray(matrix, dtype=float)
    A = A if A.shape[0] >= A.shape[1] else A.T
    wide = norm_bound(np.broadcast_to(radius if np.ndim(radius) == 0 or np.shape(radius) == A.shape else np.transpose(radius), A.shape)) if np.any(radius) else 0.0  # fmt: skip
    if not A.size:
        return SingularValues(np.zeros(0), np.zeros(0))
    left, S, right = np.linalg.svd(A, full_matrices=False)
    V = right.T
    eye = np.eye(len(S))
    F = norm_bound(np.abs(left.T @ left - eye) + product_error(left.T, left) + 2 * U)
    G = norm_bound(np.abs(V.T @ V - eye) + product_error(V.T, V) + 2 * U)
    E = norm_bound(np.abs(A @ V - left * S) + product_error(A, V) + 2 * U * np.abs(left * S))
    if not (F < 0.5 and G < 0.5):
        top = norm_bound(A) + wide
        return SingularValues(np.zeros(len(S)), np.full(len(S), top))
    small, large = np.sqrt(1 - F) / UP, np.sqrt(1 + F) * UP
    lower = (S * small / UP - E) / (np.sqrt(1 + G) * UP) - wide
    upper = (S * large * UP + E) / (np.sqrt(1 - G) / UP) * UP + wide
    # sorted, each i-th smallest bound still bounds the i-th value
    return SingularValues(np.maximum(lower, 0.0) / UP, upper * UP)


def spectral_norm(matrix: Any) -> float:
    """A proved upper bound of the spectral norm."""
    return singular_values(matrix).norm[1]


@dataclass(frozen=True)
class Spectrum:
    """Every eigenvalue lies in a disk of `radius` round one of `values`, and each connected group of disks holds as many as it has.

    modulus: proved bounds of the spectral radius. radius is inf where the eigenvectors are too near to dependent.
    """

    values: Any
    radius: float
    modulus: tuple[float, float]

    @property
    def stable(self) -> bool | None:
        """Whether all are inside the unit circle: True and False are proved."""
        low, high = self.modulus
        return True if high < 1 else False if low > 1 else None


def spectrum(matrix: Any, radius: Any = 0.0) -> Spectrum:
    """The eigenvalues of a real matrix with a proved radius, or of every matrix within `radius` of it entry by entry."""
    A = np.asarray(matrix, dtype=float)
    n = len(A)
    around = np.broadcast_to(np.asarray(radius, dtype=float), A.shape)
    top = min(singular_values(A, around if np.any(around) else 0.0).norm[1], perron_bounds(np.abs(A) + around)[1] * UP)
    values, V = np.linalg.eig(A)
    order = np.argsort(-np.abs(values), kind="stable")
    values, V = values[order].astype(complex), V[:, order]
    try:
        X = np.linalg.inv(V)
    except np.linalg.LinAlgError:
        return Spectrum(values, np.inf, (0.0, top))
    defect = float((np.abs(np.eye(n) - X @ V) + product_error(X, V) + 2 * U).sum(axis=1).max()) * UP
    if not defect < 0.9:
        return Spectrum(values, np.inf, (0.0, top))
    E = A @ V - V * values
    error = product_error(A, V) + 8 * U * np.abs(V * values) + around @ np.abs(V) * UP
    moved = np.abs(X @ E) + product_error(X, E) + np.abs(X) @ error * UP
    rho = float(moved.sum(axis=1).max() * UP / (1 - defect)) * UP
    sizes = np.abs(values)
    high = min(top, float(sizes[0] + rho) * UP)
    return Spectrum(values, rho, (_least(values, rho), high))


def _least(values: Any, rho: float) -> float:
    """A modulus that some eigenvalue certainly reaches: the least of the group of disks that holds the largest value."""
    group, added = np.zeros(len(values), dtype=bool), np.array([0])
    group[0] = True
    while len(added):  # disks that overlap hang together
        near = (np.abs(values[:, None] - values[added][None, :]) <= 2.01 * rho).any(axis=1) & ~group
        added = np.flatnonzero(near)
        group[added] = True
    return max(0.0, float((np.abs(values[group]) - rho).min()) / UP)


def perron_bounds(matrix: Any, rounds: int = 200) -> tuple[float, float, Any]:
    """(low, high, v): bounds of the spectral radius of |M| by Collatz and Wielandt, min and max of (|M| v)_i/v_i for v > 0."""
    M = np.abs(np.asarray(matrix, dtype=float))
    n = len(M)
    v = np.ones(n)
    low, high, best = 0.0, np.inf, v
    floor = max(float(M.max(initial=0.0)), TINY) * 1e-13
    for _ in range(rounds):
        w = M @ v
        ratio = w / v
        error = 1 + gamma(n) * UP
        if ratio.max() * error < high:
            high, best = float(ratio.max() * error) * UP, v
        low = max(low, float(ratio.min() / error) / UP)
        if high - low < 1e-10 * high:
            break
        v = w + floor + 0.05 * high * v  # shifted: periodic matrices converge too
        v = v / v.max()
    return low, high, best
