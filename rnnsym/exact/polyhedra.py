"""Polyhedra G t <= k in rational numbers: emptiness, dimension, a point inside, bounds of a linear form.

A simplex method with Bland's rule over FLINT's rationals: small (a few dozen inequalities), exact, never cycling. It is
asked only where a region of a piecewise linear map holds a whole face of fixed points.

May import: result, python-flint. Plain values in and out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import flint

Row = Sequence[Any]


@dataclass(frozen=True)
class Optimum:
    """Status "optimal", "unbounded" or "empty"; the value and a point where it is taken."""

    status: str
    value: Any = None
    point: tuple[Any, ...] = ()


def maximize(G: Sequence[Row], k: Row, objective: Row) -> Optimum:
    """max objective . t subject to G t <= k, t free."""
    m, d = len(G), len(objective)
    zero, one = flint.fmpq(0), flint.fmpq(1)
    # t = u - v with u, v >= 0; slacks; one artificial column makes the start feasible
    width = 2 * d + m + 1
    rows = [
        [*g, *(-v for v in g), *(one if i == j else zero for j in range(m)), -one, right]
        for i, (g, right) in enumerate(zip(G, k, strict=True))
    ]
    basis = [2 * d + i for i in range(m)]
    start = min(range(m), key=lambda i: rows[i][-1], default=None)
    if start is not None and rows[start][-1] < 0:
        _pivot(rows, basis, start, width - 1)
        cost = [zero] * (width - 1) + [-one]
        _simplex(rows, basis, cost)
        total = sum((rows[i][-1] for i in range(m) if basis[i] == width - 1), zero)
        if total != 0:
            return Optimum("empty")
        for i in range(m):
            if basis[i] == width - 1:
                column = next((j for j in range(width - 1) if rows[i][j] != 0), None)
                if column is not None:
                    _pivot(rows, basis, i, column)
    for row in rows:
        row[width - 1] = zero
    cost = [*objective, *(-v for v in objective), *([zero] * (m + 1))]
    cost[-1] = flint.fmpq(-1)
    bounded = _simplex(rows, basis, cost, banned=width - 1)
    values = [zero] * width
    for i, j in enumerate(basis):
        values[j] = rows[i][-1]
    point = tuple(values[j] - values[d + j] for j in range(d))
    if not bounded:
        return Optimum("unbounded", None, point)
    return Optimum("optimal", sum((c * t for c, t in zip(objective, point, strict=True)), zero), point)


def _simplex(rows: list[list[Any]], basis: list[int], cost: Row, banned: int | None = None) -> bool:
    """Pivots by Bland's rule until no reduced cost is positive; False if the objective is unbounded."""
    width = len(cost)
    while True:
        entering = None
        for j in range(width):
            if j == banned or j in basis:
                continue
            reduced = cost[j]
            for i, b in enumerate(basis):
                if cost[b] != 0 and rows[i][j] != 0:
                    reduced = reduced - cost[b] * rows[i][j]
            if reduced > 0:
                entering = j
                break
        if entering is None:
            return True
        leaving, best = None, None
        for i, row in enumerate(rows):
            if row[entering] > 0:
                ratio = row[-1] / row[entering]
                if best is None or ratio < best or (ratio == best and basis[i] < basis[leaving]):  # type: ignore[index]
                    leaving, best = i, ratio
        if leaving is None:
            return False
        _pivot(rows, basis, leaving, entering)


def _pivot(rows: list[list[Any]], basis: list[int], i: int, j: int) -> None:
    scale = rows[i][j]
    rows[i] = [v / scale for v in rows[i]]
    for r, row in enumerate(rows):
        if r != i and row[j] != 0:
            factor = row[j]
            rows[r] = [v - factor * w if w != 0 else v for v, w in zip(row, rows[i], strict=True)]
    basis[i] = j


def implicit(G: Sequence[Row], k: Row) -> tuple[tuple[Any, ...], list[int]] | None:
    """(a relative inner point, the inequalities that are equalities throughout) of G t <= k; None if it is empty."""
    m, d = len(G), len(G[0]) if G else 0
    zero, one = flint.fmpq(0), flint.fmpq(1)
    if not m:
        return (), []
    # the widest slack that all inequalities can have at once, at most 1
    lifted = [[*g, one] for g in G] + [[zero] * d + [one]]
    best = maximize(lifted, [*k, one], [zero] * d + [one])
    if best.status == "empty" or best.value < 0:
        return None
    if best.value > 0:
        return best.point[:d], []
    tight, points = [], []
    for i, g in enumerate(G):
        bound = [*k, k[i] + 0]
        capped = [*G, [-v for v in g]]
        bound[-1] = one - k[i]  # -g t <= 1 - k_i keeps the slack at most 1
        found = maximize(capped, bound, [-v for v in g])
        if found.value + k[i] == 0:
            tight.append(i)
        else:
            points.append(found.point)
    points = points or [best.point[:d]]
    inner = tuple(sum((p[j] for p in points), zero) / len(points) for j in range(d))
    return inner, tight


def bounds(G: Sequence[Row], k: Row, objective: Row) -> tuple[Any, Any]:
    """The least and the greatest value of a linear form, None where unbounded."""
    low = maximize(G, k, [-v for v in objective])
    high = maximize(G, k, objective)
    return (
        None if low.status != "optimal" else -low.value,
        None if high.status != "optimal" else high.value,
    )
