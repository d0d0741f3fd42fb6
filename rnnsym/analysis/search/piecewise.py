"""All fixed points and cycles of a piecewise linear map in rational numbers, and the certificates that stop the search early."""

from __future__ import annotations

import time
from fractions import Fraction
from typing import Any

import flint
import numpy as np

from rnnsym.analysis.search.model import Model
from rnnsym.analysis.search.records import AffineFace, FixedPoint, FixedPointSet, exact
from rnnsym.analysis.search.smooth import box_of, cyclic, fractions, rotations
from rnnsym.exact import balls, krawczyk
from rnnsym.exact.faces import Face, Point, decide
from rnnsym.exact.regions import PiecewiseLinear, fraction, from_program, identity
from rnnsym.exact.tableaus import screen

BRANCHES = 4_000_000
"""Branches of the tree of regions after which a search hands back what it has."""


def exactly(
    model: Model,
    system: PiecewiseLinear,
    *,
    box: Any = None,
    deadline: float | None = None,
    period: int = 1,
    limit: int = BRANCHES,
) -> FixedPointSet:
    """Every fixed point, or every cycle of least period `period`; with a box, the points in it, and all faces."""
    if period > 1:
        found = from_program(cyclic(model.map, period))
        assert found is not None
        system = found
    until = None if deadline is None else time.monotonic() + deadline
    only, no_faces = unique(system), list[Face]()
    if only is not None:
        points, faces, treated, open_ = [only], no_faces, 1, 0
    else:
        screened = screen(system, limit=limit, until=until)
        points, faces = decide(system, screened.regions)
        treated, open_ = screened.branches, screened.open
    if period > 1:
        points = _cycles(points, model.n, period)
    records = [
        FixedPoint(exact(p.h), (Fraction(0),) * len(p.h), "derived", p.region, p.kinks, period, _system=system)
        for p in points
    ]
    records.sort(key=lambda p: [v.numerator / v.denominator for v in p.midpoint])
    asked = None if box is None else fractions(box_of(box, model.n))
    if asked is not None:
        records = [
            p for p in records if all(lo <= v <= hi for v, (lo, hi) in zip(p.midpoint, asked * period, strict=True))
        ]
    whole = tuple(AffineFace(f.region, f.kinks, period, f, system) for f in faces)
    return FixedPointSet(
        tuple(records),
        whole,
        complete=not open_,
        open=open_,
        box=asked,
        period=period,
        cell=model.name,
        treated=treated,
    )


def _cycles(points: list[Point], n: int, period: int) -> list[Point]:
    """One point of each cycle of least period `period`."""
    kept: dict[Any, Point] = {}
    for p in sorted(points, key=lambda p: exact(p.h)):
        turns = [tuple((int(p.h[j].p), int(p.h[j].q)) for j in turn) for turn in rotations(period, n)]
        own = tuple((int(v.p), int(v.q)) for v in p.h)
        if own not in turns and not any(t in kept for t in turns):
            kept[own] = p
    return list(kept.values())


def unique(system: PiecewiseLinear) -> Point | None:
    """The only fixed point, where a certificate says that there is just one and Newton's method finds it.

    Certificates, in rational numbers, for a = K phi(a) + e: |K| L v < v for some v > 0, with L the largest slopes (a
    contraction); or all slopes in [0, 1] and I - (K + K^T)/2 positive definite (phi is monotone and 1-Lipschitz).
    """
    if system.units < 3:
        return None
    try:
        H = identity(system.n) - system.R
        K = system.P * H.solve(system.S) + system.Q
        e = system.P * H.solve(system.d) + system.c
    except ZeroDivisionError:
        return None
    if not (_contracts(K, system) or _monotone(K, system)):
        return None
    region = _guess(K, e, system)
    for _ in range(3):
        J, r, A, t = system.affine(region)
        try:
            h = (identity(system.n) - J).solve(r)
        except ZeroDivisionError:
            return None
        a = (A * h + t).entries()
        new = [_piece(system, i, k, v) for i, (k, v) in enumerate(zip(region, a, strict=True))]
        if new == region:
            kinks = tuple(i for i, (k, v) in enumerate(zip(region, a, strict=True)) if v in system.pieces[i][k][2:])
            return Point(tuple(h.entries()), tuple(region), kinks)
        region = new
    return None


def _guess(K: Any, e: Any, system: PiecewiseLinear) -> list[int]:
    """The region of the fixed point in floats: damped iteration, then Newton's method."""
    table = np.array([[float(fraction(v)) for v in row] for row in K.tolist()])
    right = np.array([float(fraction(v)) for v in e.entries()])
    units = [
        [tuple(None if v is None else float(fraction(v)) for v in piece) for piece in unit] for unit in system.pieces
    ]

    def pieces(a: Any) -> list[int]:
        return [
            next((k for k, p in enumerate(unit) if p[3] is None or v <= p[3]), len(unit) - 1)
            for v, unit in zip(a, units, strict=True)
        ]

    def outputs(region: list[int]) -> tuple[Any, Any]:
        chosen = [unit[k] for unit, k in zip(units, region, strict=True)]
        return np.array([p[0] for p in chosen]), np.array([p[1] for p in chosen])

    a = right.copy()
    for _ in range(100):
        s, o = outputs(pieces(a))
        a = 0.7 * a + 0.3 * (table @ (s * a + o) + right)
    region = pieces(a)
    for _ in range(50):
        s, o = outputs(region)
        try:
            a = np.linalg.solve(np.eye(len(right)) - table * s, table @ o + right)
        except np.linalg.LinAlgError:
            break
        if (new := pieces(a)) == region:
            break
        region = new
    return region


def _piece(system: PiecewiseLinear, unit: int, now: int, value: Any) -> int:
    """The piece that holds a value; the present one if that does."""

    def holds(piece: Any) -> bool:
        _, _, low, high = piece
        return (low is None or value >= low) and (high is None or value <= high)

    pieces = system.pieces[unit]
    return now if holds(pieces[now]) else next(k for k, piece in enumerate(pieces) if holds(piece))


def _contracts(K: Any, system: PiecewiseLinear) -> bool:
    steepest = [max(abs(s) for s, *_ in unit) for unit in system.pieces]
    size = [[abs(v) * s for v, s in zip(row, steepest, strict=True)] for row in K.tolist()]
    floats = np.array([[float(fraction(v)) for v in row] for row in size])
    v = np.ones(len(size))
    for _ in range(20):
        v = floats @ v + 0.05 * v.max()
        v = v / v.max()
    weights = [flint.fmpq(*float(w).as_integer_ratio()) for w in v]
    return all(
        sum((a * w for a, w in zip(row, weights, strict=True)), flint.fmpq(0)) < w
        for row, w in zip(size, weights, strict=True)
    )


def _monotone(K: Any, system: PiecewiseLinear) -> bool:
    if any(s < 0 or s > 1 for unit in system.pieces for s, *_ in unit):
        return False
    n = system.units
    floats = np.array([[float(fraction(v)) for v in row] for row in K.tolist()])
    if np.linalg.eigvalsh(np.eye(n) - (floats + floats.T) / 2).min(initial=1.0) <= 1e-12:
        return False
    with balls.precision(krawczyk.working_digits(n)):
        exact = [[flint.arb(v) for v in row] for row in K.tolist()]
        return krawczyk.positive_definite(
            [[int(i == j) - (exact[i][j] + exact[j][i]) / 2 for j in range(n)] for i in range(n)]
        )
