"""The Kreiss constant of a matrix of rational numbers, enclosed and proved in balls.

With w = 1/z it is the maximum over the disk |w| < 1 of f(w) = (1 - |w|) ||R(w)||, R(w) = (I - wA)^-1. On a square with
center w0 and half-width r, for h = w - w0, R0 = R(w0), G0 = R0 A R0 and any |d| <= 1, since |w| >= Re(w conj d):
    f(w) <= ||L(w) R(w)||,   L(w) = 1 - Re(w conj d) = L0 - Re(h conj d),
    L(w) R(w) = [L0 R0 + L0 h G0 - Re(h conj d) R0] + E,   |E| <= |h|^2 |G0| + (L0 + |h|) T,
    T = sum_(2 <= k <= m + 1) |h|^k |M^k R0| / (1 - |h|^m |M^m|),   M = R0 A,
the tail of the Neumann series (powers of M are much smaller than |M|^k where A is far from normal). The norm of the
bracket is convex in h, so it is largest at a vertex of the square. With d = w0/|w0| the bound is right to
second order; squares are cut until it is below (1 + width) times the largest value seen. Squares are cut by machine
numbers; the bound of every square that is kept is proved in balls, ||M|| <= g by tr((M* M/g^2)^(2^j)) <= 1 for some j.

May import: result, python-flint, NumPy, balls.
"""

from __future__ import annotations

from typing import Any

import flint
import numpy as np
import sympy as sp

from rnnsym.exact import balls
from rnnsym.result import LimitReached

SQUARES = 200_000  # looked at in all
DIGITS = 40
CORNERS = (1 + 1j, 1 - 1j, -1 + 1j, -1 - 1j)
POWERS = 8  # m
SAFE = 1e-7  # relative: machine numbers must be this much better than what balls have to prove


def kreiss_enclosure(A: sp.MatrixBase, width: float = 1e-6) -> tuple[sp.Rational, sp.Rational]:
    """Rational (low, high) with low <= K(A) <= high <= (1 + width) low, for a real rational A with rho(A) < 1.

    Raises: LimitReached if a spectral radius too near to 1 needs too many squares.

    >>> low, high = kreiss_enclosure(sp.Matrix([[sp.Rational(1, 2), 2], [0, sp.Rational(1, 2)]]))
    >>> bool(low <= sp.Rational(5, 4) <= high)
    True
    """
    machine = np.array([[float(e) for e in row] for row in A.tolist()])
    with balls.precision(DIGITS):
        matrix = flint.acb_mat([[flint.acb(flint.fmpq(int(e.p), int(e.q))) for e in row] for row in A.tolist()])
        best = _largest(machine)
        low = max(_rational(_value(matrix, machine, best)), sp.S.One)
        high = low * (1 + sp.Rational(width))
        kept = _cut(machine, float(high) * (1 - SAFE))
        level = balls.ball(high)
        waiting = list(zip(*kept, strict=True))
        while waiting:
            center, half = waiting.pop()
            if not _proved(matrix, complex(center), float(half), level):
                if half < 1e-9:
                    raise LimitReached("the Kreiss constant was not enclosed; ask for a larger width")
                waiting += [(center + half / 2 * c, half / 2) for c in CORNERS]
        return low, high


def _rational(value: Any) -> sp.Rational:
    """A rational number below a ball."""
    mantissa, exponent = value.lower().man_exp()
    return sp.Integer(int(mantissa)) * sp.Integer(2) ** int(exponent)


def _levels(machine: Any, w: Any) -> Any:
    least = np.linalg.svd(np.eye(len(machine)) - w[..., None, None] * machine, compute_uv=False)[..., -1]
    return (1 - np.abs(w)) / np.maximum(least, 1e-300)


def _largest(machine: Any) -> complex:
    """A point near the maximum of f."""
    radius = float(np.max(np.abs(np.linalg.eigvals(machine)), initial=0.0))
    moduli = np.concatenate([np.linspace(0, 0.5, 12), 1 - np.geomspace(0.5, max(1 - radius, 1e-12) / 30, 40)])
    grid = (moduli[:, None] * np.exp(1j * np.linspace(0, np.pi, 65))).ravel()
    point = grid[np.argmax(_levels(machine, grid))]
    step = 0.2 * (1 - abs(point))
    around = (np.linspace(-1, 1, 9)[:, None] + 1j * np.linspace(-1, 1, 9)).ravel()
    while step > 1e-10:
        points = point + step * around
        points = points[np.abs(points) < 1]
        point, step = points[np.argmax(_levels(machine, points))], step * 0.6
    return complex(point)


def _value(matrix: Any, machine: Any, w: complex) -> Any:
    """A ball whose lower end is at most f(w): |R v|/|v| for one vector v."""
    n = matrix.nrows()
    _, _, right = np.linalg.svd(np.linalg.inv(np.eye(n) - w * machine))
    vector = flint.acb_mat([[flint.acb(complex(v.conjugate()))] for v in right[0]])
    image = _resolvent(matrix, w) * vector
    return (1 - abs(flint.acb(w))) * _frobenius(image) / _frobenius(vector)


def _cut(machine: Any, level: float) -> tuple[Any, Any]:
    """Centers and half-widths of squares over the upper half disk on which machine numbers bound f by `level`."""
    n, seen = len(machine), 0
    centers, half = np.array([-0.5 + 0.5j, 0.5 + 0.5j]), 0.5
    kept: list[Any] = []
    corners = np.array(CORNERS)
    while len(centers):
        seen += len(centers)
        if seen > SQUARES:
            raise LimitReached(f"the Kreiss constant needs more than {SQUARES} squares; ask for a larger width")
        R = np.linalg.inv(np.eye(n) - centers[:, None, None] * machine + 0j)
        RA = R @ machine
        G = RA @ R
        size = np.abs(centers)
        d = np.where(size > 0, centers / np.maximum(size, 1e-300), 1) * (1 - 1e-12)
        front = 1 - np.real(centers * d.conj())
        h = half * corners
        turn = np.real(h * d.conj()[:, None])
        body = front[:, None, None, None] * (R[:, None] + h[:, None, None] * G[:, None]) - turn[..., None, None] * R[:, None]  # fmt: skip
        top = np.linalg.norm(body, 2, axis=(-2, -1)).max(axis=1)
        far = half * np.sqrt(2)
        tail, power, image = 0.0, RA, G
        for k in range(2, POWERS + 2):
            last, power, image = power, power @ RA, RA @ image
            tail = tail + far**k * np.linalg.norm(image, axis=(-2, -1))
        series = far**POWERS * np.linalg.norm(last, axis=(-2, -1))
        safe = series < 0.9
        rest = far**2 * np.linalg.norm(G, axis=(-2, -1)) + (np.abs(front) + far) * tail / np.where(safe, 1 - series, 1)
        good = safe & (top + rest <= level)
        kept += [(c, half) for c in centers[good]]
        bad = centers[~good]
        centers = (bad[:, None] + half / 2 * corners).ravel()
        half /= 2
        low = np.maximum(np.abs(centers.real) - half, 0) + 1j * np.maximum(np.abs(centers.imag) - half, 0)
        centers = centers[np.abs(low) < 1]  # squares outside the disk are not needed
    return tuple(np.array([pair[k] for pair in kept]) for k in range(2))  # type: ignore[return-value]


def _proved(matrix: Any, center: complex, half: float, level: Any) -> bool:
    """Whether balls prove the bound of one square."""
    R = _resolvent(matrix, center)
    if R is None:
        return False
    RA = R * matrix
    G = RA * R
    direction = center / abs(center) * (1 - 1e-12) if center else 1.0
    d, w = flint.acb(direction), flint.acb(center)
    front = 1 - (w * d.conjugate()).real
    far = flint.arb(half) * flint.arb(2).sqrt()
    tail, power, image, scale = flint.arb(0), RA, G, far
    for _ in range(POWERS):
        last, power, image, scale = power, power * RA, RA * image, scale * far
        tail = tail + scale * _frobenius(image)
    series = scale / far * _frobenius(last)
    if not series < 1:
        return False
    rest = far * far * _frobenius(G) + (abs(front) + far) * tail / (1 - series)
    room = level - rest
    if not room > 0:
        return False
    for corner in CORNERS:
        h = flint.acb(half * corner)
        body = (R + G * h) * flint.acb(front) - R * flint.acb((h * d.conjugate()).real)
        if not _norm_below(body, room):
            return False
    return True


def _resolvent(matrix: Any, w: complex) -> Any:
    n = matrix.nrows()
    one = flint.acb_mat([[flint.acb(int(i == j)) for j in range(n)] for i in range(n)])
    try:
        return (one - matrix * flint.acb(w)).inv()
    except ZeroDivisionError:
        return None


def _frobenius(matrix: Any) -> Any:
    squares = sum((v.real * v.real + v.imag * v.imag for v in matrix.entries()), flint.arb(0))
    return squares.nonnegative_part().sqrt()


def _norm_below(matrix: Any, level: Any) -> bool:
    """Whether balls prove ||M|| <= level."""
    scaled = matrix * flint.acb(1 / level)
    power = scaled.conjugate().transpose() * scaled
    for _ in range(40):
        trace = power.trace().real
        if trace <= 1:
            return True
        if trace > 1e6 or not trace.is_finite():
            return False
        power = power * power
    return False


__all__ = ["kreiss_enclosure"]
