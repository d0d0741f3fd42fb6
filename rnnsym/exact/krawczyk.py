"""A root of x = F(x) proved again in balls, enclosed to any number of digits, with what can be proved about its Jacobian.

The search in floats only proposes: here Krawczyk's operator, in ball arithmetic of the working precision, must map the
proposed box into its own interior, which proves that the box holds exactly one root; then it shrinks quadratically.

May import: result, NumPy, python-flint, balls, circle, programs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import flint
import numpy as np

from rnnsym.exact import balls
from rnnsym.exact.circle import schur_balls
from rnnsym.exact.intervals import FUNCTIONS
from rnnsym.exact.programs import Affine, Apply, Program

DIGITS = 24


SMALLEST = 1e-13
"""The radius at which a box that balls could not discharge is given up."""


def working_digits(n: int) -> int:
    """Digits that leave DIGITS of them after elimination in n unknowns."""
    return DIGITS + 15 + n


def enclosed(program: Program, box: Any) -> list[Any] | None:
    """The root in a box (2, n) of floats as balls, or None if it was not proved."""
    n = program.n
    with balls.precision(working_digits(n)):
        T = [flint.arb(float(lo)).union(flint.arb(float(hi))) for lo, hi in zip(box[0], box[1], strict=True)]
        goal = flint.arb(10) ** (-DIGITS)
        for attempt in range(8):
            K = _operator(program, T)
            if K is None:
                return None if attempt == 0 else T
            if attempt == 0 and not all(t.contains_interior(k) for t, k in zip(T, K, strict=True)):
                return None
            before = max(t.rad() for t in T)
            T = [t.intersection(k) for t, k in zip(T, K, strict=True)]
            after = max(t.rad() for t in T)
            if after < goal or not after < before / 2:
                break
        return T


def _operator(program: Program, T: Sequence[Any]) -> list[Any] | None:
    """Krawczyk's operator over the box T."""
    n = len(T)
    c = [t.mid() for t in T]
    value, _ = program.balls(c, jacobian=False)
    _, J = program.balls(T)
    identity = flint.arb_mat(n, n, [int(i == j) for i in range(n) for j in range(n)])
    C = identity - J
    try:
        Y = C.mid().inv().mid()
    except ZeroDivisionError:
        return None
    gap = flint.arb_mat(n, 1, [a - v for a, v in zip(c, value, strict=True)])
    away = flint.arb_mat(n, 1, [t - a for t, a in zip(T, c, strict=True)])
    moved = (identity - Y * C) * away - Y * gap
    return [a + moved[i, 0] for i, a in enumerate(c)]


@dataclass
class Resolved:
    """Roots as (enclosure, box in which it is the only root), and boxes of balls that stay undecided."""

    roots: list[tuple[list[Any], list[Any]]] = field(default_factory=list)
    undecided: list[list[Any]] = field(default_factory=list)


def resolve(program: Program, box: Any, *, budget: int = 600, smallest: float = SMALLEST) -> Resolved:
    """The roots in a box (2, n) that floats could not decide, by the same bisection in balls; `budget` boxes at most."""
    found = Resolved()
    n = program.n
    with balls.precision(2 * working_digits(n)):
        stack = [[flint.arb(float(lo)).union(flint.arb(float(hi))) for lo, hi in zip(box[0], box[1], strict=True)]]
        while stack:
            X = stack.pop()
            budget -= 1
            if budget < 0:
                found.undecided.append(X)
                continue
            met = _met(X, program.balls(X, jacobian=False)[0])
            if met is None:
                continue
            X = met
            wider = [x + flint.arb(0, x.rad() / 8 + flint.arb(2) ** -150) for x in X]
            K = _operator(program, wider)
            if K is not None:
                if all(t.contains_interior(k) for t, k in zip(wider, K, strict=True)):
                    _keep(program, K, wider, found)
                    continue
                met = _met(X, K)
                if met is None:
                    continue
                if max(x.rad() for x in met) < 0.6 * max(x.rad() for x in X):
                    stack.append(met)
                    continue
                X = met
            if max(x.rad() for x in X) < smallest:
                found.undecided.append(X)
                continue
            k = max(range(n), key=lambda i: X[i].rad())
            cut = X[k].lower() + (X[k].upper() - X[k].lower()) * 0.4871
            for low, high in ((X[k].lower(), cut), (cut, X[k].upper())):
                stack.append([low.union(high) if i == k else x for i, x in enumerate(X)])
    return found


def _met(X: Sequence[Any], Y: Sequence[Any]) -> list[Any] | None:
    """The common part of two boxes, or None."""
    try:
        return [x.intersection(y) if y.is_finite() else x for x, y in zip(X, Y, strict=True)]
    except ValueError:
        return None


def _keep(program: Program, K: list[Any], box: list[Any], found: Resolved) -> None:
    """Adds a root unless it is there already: each is the only one in its box."""
    for _ in range(6):
        better = _operator(program, K)
        met = None if better is None else _met(K, better)
        if met is None or not max(k.rad() for k in met) < max(k.rad() for k in K) / 2:
            break
        K = met
    for other, around in found.roots:
        if all(b.contains(k) for b, k in zip(around, K, strict=True)) or all(
            b.contains(k) for b, k in zip(box, other, strict=True)
        ):
            return
    found.roots.append((K, box))


def positive_definite(rows: Sequence[Sequence[Any]]) -> bool:
    """Whether a symmetric matrix of balls certainly is positive definite: all pivots of its elimination are positive."""
    M = [list(row) for row in rows]
    for k in range(len(M)):
        if not M[k][k] > 0:
            return False
        for i in range(k + 1, len(M)):
            factor = M[i][k] / M[k][k]
            row = M[k]
            M[i][k + 1 :] = [v - factor * w for v, w in zip(M[i][k + 1 :], row[k + 1 :], strict=True)]
    return True


def monotone(program: Program) -> bool:
    """Whether h = phi(W h + b) has at most one solution because I/s - (W + W^T)/2 is positive definite, s the largest slope.

    With 0 <= slopes <= s the difference of two solutions would satisfy d^T (I/s - W) d <= 0.
    """
    if len(program.operations) != 2 or program.outputs != (2,):
        return False
    first, second = program.operations
    if not (isinstance(first, Affine) and isinstance(second, Apply) and len(first.terms) == 1):
        return False
    steepest = FUNCTIONS[second.name].steepest
    matrix = first.terms[0][1]
    if FUNCTIONS[second.name].touching is None or matrix is None:
        return False
    W = [[float(v) for v in row] for row in matrix]
    n = len(W)
    if any(W[i][i] > 1.001 / steepest for i in range(n)):
        return False
    with balls.precision(working_digits(n)):
        exact = [[balls.ball(v) for v in row] for row in matrix]
        top = 1 / flint.arb(steepest)
        top = top - top * flint.arb(2) ** -50  # the largest slope is a float
        return positive_definite(
            [[top * int(i == j) - (exact[i][j] + exact[j][i]) / 2 for j in range(n)] for i in range(n)]
        )


def stable(J: Any) -> bool | None:
    """Whether every eigenvalue of a matrix of balls is inside the unit circle; False: one is outside; None: open."""
    if not J.nrows():
        return True
    verdict = schur_balls(J.charpoly().coeffs()) if J.nrows() <= 40 else None
    return _by_disks(J) if verdict is None else verdict


def _by_disks(J: Any) -> bool | None:
    """The same from Gershgorin's disks of V^-1 J V, with V near the eigenvectors.

    A union of k disks that is apart from the others holds k eigenvalues.
    """
    n = J.nrows()
    _, vectors = np.linalg.eig(np.array([[float(v) for v in row] for row in J.tolist()]))
    V = flint.acb_mat([[flint.acb(float(v.real), float(v.imag)) for v in row] for row in vectors])
    try:
        table = V.solve(flint.acb_mat(J) * V).tolist()
    except ZeroDivisionError:
        return None
    zero = flint.arb(0)
    disks = [(row[i], sum((abs(v) for j, v in enumerate(row) if j != i), zero)) for i, row in enumerate(table)]
    if all(abs(c) + r < 1 for c, r in disks):
        return True
    out = [i for i, (c, r) in enumerate(disks) if abs(c) - r > 1]
    rest = [i for i in range(n) if i not in out]
    apart = all(abs(disks[i][0] - disks[j][0]) > disks[i][1] + disks[j][1] for i in out for j in rest)
    return False if out and apart else None


def index(J: Any) -> int | None:
    """The sign of det(I - J), the index of a fixed point; None if the balls hold 0."""
    n = J.nrows()
    d = (flint.arb_mat(n, n, [int(i == j) for i in range(n) for j in range(n)]) - J).det()
    return 1 if d > 0 else -1 if d < 0 else None
