"""The fixed points of a piecewise linear map in given regions, in rational numbers: points, and faces of singular regions.

A regular region gives a point or nothing, a singular one a polyhedron of fixed points, which may be a single point. A
face whose units sit on kinks throughout also lies in its neighbor's region; only the largest is kept.

May import: result, python-flint, polyhedra, regions. Plain values in and out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import flint

from rnnsym.exact.polyhedra import implicit, maximize
from rnnsym.exact.regions import PiecewiseLinear, identity, joined
from rnnsym.result import LimitReached


@dataclass(frozen=True)
class Point:
    """A fixed point h (fmpq), its region (one piece per unit), the units that sit on a kink, whether I - J is regular."""

    h: tuple[Any, ...]
    region: tuple[int, ...]
    kinks: tuple[int, ...]
    isolated: bool = True


@dataclass(frozen=True)
class Face:
    """A polyhedron of fixed points: base + directions t with G t <= k; `base` is inside it relative to its span."""

    base: tuple[Any, ...]
    directions: tuple[tuple[Any, ...], ...]
    inequalities: tuple[tuple[tuple[Any, ...], Any], ...]
    region: tuple[int, ...]
    kinks: tuple[int, ...]

    @property
    def dimension(self) -> int:
        return len(self.directions)


FACES = 2000
"""Singular regions that are looked at."""


def decide(system: PiecewiseLinear, regions: Sequence[Sequence[int]]) -> tuple[list[Point], list[Face]]:
    """The fixed points and faces of fixed points in these regions, each once."""
    points: dict[Any, Point] = {}  # by coordinates where a unit sits on a kink: only such a point is met in two regions
    faces: list[Face] = []
    singular = 0
    small = _Reduced(system) if system.plain else None
    for region in regions:
        try:
            if small is not None:
                entries, inside = small.solve(region)
            else:
                J, r, A, t = system.affine(region)
                h = (identity(system.n) - J).solve(r)
                entries, inside = tuple(h.entries()), (A * h + t).entries()
        except ZeroDivisionError:
            J, r, A, t = system.affine(region)
            M = identity(system.n) - J
            singular += 1
            if singular > FACES:
                raise LimitReached(
                    f"more than {FACES} regions have a singular I - J; give a network in general position"
                ) from None
            face = _face(system, region, M, r, A, t)
            if isinstance(face, Point):
                points.setdefault(_key(face.h), face)
            elif face is not None:
                faces.append(face)
            continue
        kinks = _admissible(system, region, inside)
        if kinks is not None:
            key: Any = _key(entries) if kinks else len(points)
            old = points.get(key)
            if old is None or not old.isolated:
                points[key] = Point(entries, tuple(region), kinks)
    faces = _largest(faces)
    alone = [p for p in points.values() if not any(on_face(f, p.h) for f in faces)]
    return alone, faces


def _key(h: Sequence[Any]) -> tuple[Any, ...]:
    return tuple((int(v.p), int(v.q)) for v in h)


class _Reduced:
    """Regions of h' = phi(P h + c) solved for the units of nonzero slope alone: the others are constants of the region.

    (I - D P_AA) h_A = D (P_AI o_I + c_A) + o_A, with A the units of nonzero slope, I the rest, D and o slopes and offsets.
    """

    def __init__(self, system: PiecewiseLinear) -> None:
        self.system = system
        self.P, self.c = system.P.tolist(), system.c.entries()

    def solve(self, region: Sequence[int]) -> tuple[tuple[Any, ...], list[Any]]:
        """(h, W h + c); raises ZeroDivisionError where I - J is singular."""
        P, c = self.P, self.c
        pieces = [unit[k] for unit, k in zip(self.system.pieces, region, strict=True)]
        moving = [i for i, piece in enumerate(pieces) if piece[0] != 0]
        still = [(i, piece[1]) for i, piece in enumerate(pieces) if piece[0] == 0 and piece[1] != 0]
        push = list(c)
        for j, o in still:
            push = [v + row[j] * o for v, row in zip(push, P, strict=True)]
        h: list[Any] = [piece[1] for piece in pieces]
        if not moving:
            return tuple(h), push
        rows = []
        for i in moving:
            row, s = P[i], pieces[i][0]
            rows += [-row[j] if s == 1 else -s * row[j] for j in moving]
        size = len(moving)
        for k in range(size):
            rows[k * size + k] += 1
        right = flint.fmpq_mat(size, 1, [pieces[i][0] * push[i] + pieces[i][1] for i in moving])
        found = flint.fmpq_mat(size, size, rows).solve(right)
        for i, v in zip(moving, found.entries(), strict=True):
            h[i] = v
        if size < len(pieces):
            inside = flint.fmpq_mat(len(pieces), size, [row[j] for row in P for j in moving]) * found
            return tuple(h), [a + b for a, b in zip(push, inside.entries(), strict=True)]
        return tuple(h), [(v - o) / s for v, (s, o, *_) in zip(h, pieces, strict=True)]


def _admissible(system: PiecewiseLinear, region: Sequence[int], a: Sequence[Any]) -> tuple[int, ...] | None:
    """The units that sit on an end of their piece, or None if one is outside."""
    kinks = []
    for i, (k, value) in enumerate(zip(region, a, strict=True)):
        _, _, low, high = system.pieces[i][k]
        if low is not None and value < low or high is not None and value > high:
            return None
        if value == low or value == high:
            kinks.append(i)
    return tuple(kinks)


def _face(system: PiecewiseLinear, region: Sequence[int], M: Any, r: Any, A: Any, t: Any) -> Face | Point | None:
    """The solutions of M h = r with a = A h + t in the region, for a singular M."""
    n = system.n
    reduced, rank = joined(M, r).rref()
    pivots = []
    for i in range(rank):
        pivots.append(next(j for j in range(n + 1) if reduced[i, j] != 0))
    if n in pivots:
        return None
    free = [j for j in range(n) if j not in pivots]
    base = [flint.fmpq(0)] * n
    for i, j in enumerate(pivots):
        base[j] = reduced[i, n]
    directions = []
    for f in free:
        v = [flint.fmpq(0)] * n
        v[f] = flint.fmpq(1)
        for i, j in enumerate(pivots):
            v[j] = -reduced[i, f]
        directions.append(v)
    V = flint.fmpq_mat(n, len(free), [directions[j][i] for i in range(n) for j in range(len(free))])
    slope, start = (A * V).tolist(), (A * flint.fmpq_mat(n, 1, base) + t).entries()
    G, k, owner = [], [], []
    for i, piece in enumerate(region):
        _, _, low, high = system.pieces[i][piece]
        for end, way in ((low, -1), (high, 1)):
            if end is not None:
                G.append([way * v for v in slope[i]])
                k.append(way * (end - start[i]))
                owner.append(i)
    found = implicit(G, k) if G else ((flint.fmpq(0),) * len(free), [])
    if found is None:
        return None
    inner, tight = found
    inner = inner or (flint.fmpq(0),) * len(free)
    point = flint.fmpq_mat(n, 1, base) + V * flint.fmpq_mat(len(free), 1, list(inner))
    k = [
        right - sum((g * s for g, s in zip(row, inner, strict=True)), flint.fmpq(0))
        for row, right in zip(G, k, strict=True)
    ]
    kinks = tuple(sorted({owner[i] for i in tight}))
    if tight:  # the polyhedron is thinner than the null space: keep the directions along which the tight rows are 0
        T = flint.fmpq_mat(len(tight), len(free), [v for i in tight for v in G[i]])
        inner_free = _null(T)
        if not inner_free:
            on = tuple(i for i, v in enumerate((A * point + t).entries()) if v in system.pieces[i][region[i]][2:])
            return Point(tuple(point.entries()), tuple(region), on, isolated=False)
        B = flint.fmpq_mat(
            len(free), len(inner_free), [inner_free[j][i] for i in range(len(free)) for j in range(len(inner_free))]
        )
        V = V * B
        G = (flint.fmpq_mat(G) * B).tolist()
    kept = [
        (tuple(g), right)
        for i, (g, right) in enumerate(zip(G, k, strict=True))
        if i not in tight and any(v != 0 for v in g)
    ]
    columns = tuple(tuple(row[j] for row in V.tolist()) for j in range(V.ncols()))
    return Face(tuple(point.entries()), columns, tuple(dict.fromkeys(kept)), tuple(region), kinks)


def _null(M: Any) -> list[list[Any]]:
    """A basis of the null space of a rational matrix."""
    reduced, rank = M.rref()
    columns = M.ncols()
    pivots = [next(j for j in range(columns) if reduced[i, j] != 0) for i in range(rank)]
    found = []
    for f in (j for j in range(columns) if j not in pivots):
        v = [flint.fmpq(0)] * columns
        v[f] = flint.fmpq(1)
        for i, j in enumerate(pivots):
            v[j] = -reduced[i, f]
        found.append(v)
    return found


def on_face(face: Face, h: Sequence[Any]) -> bool:
    """Whether a point lies on a face, exactly."""
    t = _coordinates(face, h)
    if t is None:
        return False
    return all(
        sum((g * s for g, s in zip(row, t, strict=True)), flint.fmpq(0)) <= right for row, right in face.inequalities
    )


def _coordinates(face: Face, h: Sequence[Any]) -> list[Any] | None:
    """The t with base + directions t = h, or None."""
    n, d = len(face.base), face.dimension
    rows = [[*(face.directions[j][i] for j in range(d)), h[i] - face.base[i]] for i in range(n)]
    reduced, rank = flint.fmpq_mat(rows).rref()
    if rank > d or (rank and reduced[rank - 1, d] != 0 and all(reduced[rank - 1, j] == 0 for j in range(d))):
        return None
    return [reduced[j, d] for j in range(d)]


def _largest(faces: list[Face]) -> list[Face]:
    """Faces that are not part of another: one with units on kinks throughout lies in its neighbor's face too."""
    kept: list[Face] = []
    for face in sorted(faces, key=lambda f: (-f.dimension, len(f.kinks))):
        if face.kinks and any(_within(face, other) for other in kept):
            continue
        kept.append(face)
    return kept


def _within(face: Face, other: Face) -> bool:
    """Whether a face lies inside another."""
    if face.dimension > other.dimension or not on_face(other, face.base):
        return False
    G, k = [list(g) for g, _ in face.inequalities], [v for _, v in face.inequalities]
    moved = []
    for v in face.directions:
        end = _coordinates(other, [a + b for a, b in zip(face.base, v, strict=True)])
        if end is None:
            return False
        moved.append(end)
    start = _coordinates(other, face.base)
    assert start is not None
    for row, right in other.inequalities:
        at = sum((g * s for g, s in zip(row, start, strict=True)), flint.fmpq(0))
        objective = [
            sum((g * (e - s) for g, e, s in zip(row, end, start, strict=True)), flint.fmpq(0)) for end in moved
        ]
        if all(v == 0 for v in objective):
            continue
        if not G or (top := maximize(G, k, objective)).status != "optimal" or top.value + at > right:
            return False
    return True
