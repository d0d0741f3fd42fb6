"""Which regions of a piecewise linear map may hold a fixed point: all others are excluded in floats, rigorously.

With all outputs g written as parameters, a = K g + e; deciding a unit's piece substitutes g_i = s a_i + o, one pivot
1 - s K_ii in a tableau; after all units the last column is the solution. So 2^N regions cost about 2 N 2^N additions in
all, in NumPy, with a bound of the rounding error carried beside every number. A branch dies as soon as some a_i
certainly misses its piece for every g still possible (ReLU: g >= 0; hard tanh: |g| <= 1), which prunes whole subtrees.

May import: result, NumPy, python-flint, regions. Plain values in and out.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import numpy as np

from rnnsym.exact.regions import Piece, PiecewiseLinear, fraction, joined
from rnnsym.result import LimitReached

Array = Any

NUMBERS = 10_000_000
"""Numbers in the tableaus treated at a time."""

EXACT_REGIONS = 1 << 14
"""Regions that may be solved exactly where the tableau does not help (a direction in which the map is the identity)."""


@dataclass
class Screened:
    """Regions that floats could not exclude, prefixes of regions not looked at, and how many branches were treated."""

    regions: list[tuple[int, ...]] = field(default_factory=list)
    open: int = 0
    branches: int = 0


def screen(system: PiecewiseLinear, *, limit: int, until: float | None = None) -> Screened:
    """The regions that may hold a fixed point."""
    found = Screened()
    standard = system.standard()
    if standard is None:
        if system.regions > EXACT_REGIONS:
            raise LimitReached(
                f"the map is the identity along some direction in every region, and there are {system.regions} regions; "
                f"the limit for exact elimination is {EXACT_REGIONS}"
            )
        found.regions = list(itertools.product(*(range(len(p)) for p in system.pieces)))
        return found
    K, e, pieces = standard
    N = system.units
    middle, radius = _floats(joined(K, e))
    order = _order(middle, pieces)
    bounds = _Bounds(pieces)
    # rows: a_i; columns: the undecided g in the order of decision, then the constant
    columns = [*order, N]
    batch = max(64, NUMBERS // max(1, N * N))
    stack: list[tuple[Array, Array, Array]] = [
        (np.zeros((1, 0), dtype=np.int8), middle[:, columns][None], radius[:, columns][None])
    ]
    hard: list[Array] = []
    while stack:
        if found.branches >= limit or (until is not None and time.monotonic() > until):
            found.open = sum(len(prefix) for prefix, _, _ in stack)
            break
        prefix, T, E = stack.pop()
        level = prefix.shape[1]
        if level == N:
            for row in prefix:
                region = [0] * N
                for unit, k in zip(order, row, strict=True):
                    region[unit] = int(k)
                found.regions.append(tuple(region))
            continue
        if len(T) > batch:
            half = len(T) // 2
            stack += [(prefix[:half], T[:half], E[:half]), (prefix[half:], T[half:], E[half:])]
            continue
        found.branches += len(T)
        unit = order[level]
        children = []
        for k in range(len(pieces[unit])):
            decided = np.concatenate([prefix, np.full((len(prefix), 1), k, dtype=np.int8)], axis=1)
            good, new, error = _decide(T, E, unit, *bounds.piece(unit, k))
            if not good.all():
                hard.append(decided[~good])
                decided, new, error = decided[good], new[good], error[good]
            alive = bounds.possible(decided, order, new, error)
            if alive.any():
                children.append((decided[alive], new[alive], error[alive]))
        if children:
            stack.append(tuple(np.concatenate(part) for part in zip(*children, strict=True)))  # type: ignore[arg-type]
    if hard:
        _screen_one_by_one(system, hard, order, K, e, pieces, bounds, found, limit, until)
    return found


def _floats(M: Any) -> tuple[Array, Array]:
    """A rational matrix in floats, with a bound of the error."""
    exact = [[fraction(v) for v in row] for row in M.tolist()]
    middle = np.array([[float(v) for v in row] for row in exact], dtype=float).reshape(M.nrows(), M.ncols())
    radius = np.array(
        [[0.0 if Fraction(float(v)) == v else abs(float(v)) * 2.3e-16 + 1e-300 for v in row] for row in exact]
    )
    return middle, radius.reshape(middle.shape)


def _order(table: Array, pieces: Sequence[Sequence[Piece]]) -> list[int]:
    """Units in the order of decision: those first whose constant outweighs what the others can add."""
    N = len(pieces)
    weight = np.abs(table[:, :N]).sum(axis=1) + 1e-12
    return [int(i) for i in np.argsort(-np.abs(table[:, N]) / weight, kind="stable")]


class _Bounds:
    """The pieces in floats, and the ranges of the units' outputs."""

    def __init__(self, pieces: Sequence[Sequence[Piece]]) -> None:
        self.pieces = pieces
        size = max((len(p) for p in pieces), default=1)
        self.low = np.full((len(pieces), size), -np.inf)
        self.high = np.full((len(pieces), size), np.inf)
        self.range = np.empty((len(pieces), 2))
        for i, unit in enumerate(pieces):
            ends = []
            for k, (s, o, low, high) in enumerate(unit):
                if low is not None:
                    self.low[i, k] = np.nextafter(_float(low), -np.inf)
                if high is not None:
                    self.high[i, k] = np.nextafter(_float(high), np.inf)
                for end, infinite in ((low, -np.inf), (high, np.inf)):
                    value = (
                        _float(s * end + o)
                        if end is not None
                        else _float(o)
                        if s == 0
                        else infinite * np.sign(_float(s))
                    )
                    ends.append(value)
            self.range[i] = np.nextafter(min(ends), -np.inf), np.nextafter(max(ends), np.inf)
            if min(ends) == 0:
                self.range[i, 0] = 0.0
            if max(ends) == 0:
                self.range[i, 1] = 0.0

    def piece(self, unit: int, k: int) -> tuple[float, float, float, float]:
        """Slope and offset in floats, and bounds of their errors."""
        s, o, _, _ = self.pieces[unit][k]
        found = []
        for v in (s, o):
            f = _float(v)
            found += [f, 0.0 if Fraction(f) == fraction(v) else abs(f) * 2.3e-16]
        return found[0], found[2], found[1], found[3]

    def possible(self, decided: Array, order: Sequence[int], T: Array, E: Array) -> Array:
        """Which branches are possible: each decided a_i can be in its piece for some g still open."""
        level = decided.shape[1]
        rows = np.array(order[:level])
        center, error = T[:, rows, -1], E[:, rows, -1]
        low, high = center - error, center + error
        slack = 1e-14 * np.abs(center)  # the sums are rounded too
        below = high + slack < self.low[rows, decided]
        above = low - slack > self.high[rows, decided]
        if T.shape[2] == 1:
            return ~(below | above).any(axis=1)
        # only rows whose constant misses the piece can be excluded: look what the open columns can add to these
        ends = self.range[np.array(order[level:])]
        alive = np.ones(len(decided), dtype=bool)
        for missing, way in ((below, 1), (above, -1)):
            branch, row = np.nonzero(missing & alive[:, None])
            if not len(branch):
                continue
            C, D = T[branch, rows[row], :-1], E[branch, rows[row], :-1]
            # the most that way * (C g) can be: way C > 0 meets the upper end of g, way C < 0 the lower
            up, down = np.maximum(way * C + D, 0.0), np.minimum(way * C - D, 0.0)
            with np.errstate(invalid="ignore"):
                if np.isinf(ends).any():
                    most = np.where(up > 0, up * ends[:, 1], 0.0), np.where(down < 0, down * ends[:, 0], 0.0)
                    both = np.where((way * C - D < 0) & (way * C + D > 0), np.maximum(*most), most[0] + most[1])
                else:
                    both = np.maximum(
                        np.maximum((way * C + D) * ends[:, 1], (way * C - D) * ends[:, 1]),
                        np.maximum((way * C + D) * ends[:, 0], (way * C - D) * ends[:, 0]),
                    )
                total = (both + np.abs(both) * 1e-14).sum(axis=1)
            if way > 0:
                dead = high[branch, row] + slack[branch, row] + total < self.low[rows[row], decided[branch, row]]
            else:
                dead = low[branch, row] - slack[branch, row] - total > self.high[rows[row], decided[branch, row]]
            alive[branch[dead]] = False
        return alive


def _float(v: Any) -> float:
    return float(fraction(v))


def _decide(T: Array, E: Array, unit: int, s: float, o: float, ds: float, do: float) -> tuple[Array, Array, Array]:
    """The tableaus with g = s a + o put in for the first open column; False where the pivot may be 0."""
    eps = 4e-16
    factor, spread = T[:, :, :1], E[:, :, :1]
    new, error = T[:, :, 1:].copy(), E[:, :, 1:].copy()
    good = np.ones(len(T), dtype=bool)
    if s == 0 and ds == 0:
        if o != 0 or do != 0:
            add = factor[:, :, 0] * o
            new[:, :, -1] += add
            error[:, :, -1] += spread[:, :, 0] * (abs(o) + do) + np.abs(factor[:, :, 0]) * do
            error[:, :, -1] += (np.abs(add) + np.abs(new[:, :, -1])) * eps
        return good, new, error
    kappa, dk = T[:, unit, 0], E[:, unit, 0]
    pivot = 1 - s * kappa
    dp = abs(s) * dk + ds * (np.abs(kappa) + dk) + (np.abs(s * kappa) + 1) * eps
    good = np.abs(pivot) > 2 * dp
    pivot = np.where(good, pivot, 1.0)
    row, drow = T[:, unit, 1:].copy(), E[:, unit, 1:].copy()
    row[:, -1] += kappa * o
    drow[:, -1] += dk * (abs(o) + do) + np.abs(kappa) * do + (np.abs(kappa * o) + np.abs(row[:, -1])) * eps
    least = (np.abs(pivot) - dp)[:, None]
    a = row / pivot[:, None]
    da = (drow + np.abs(a) * dp[:, None]) / least * (1 + 1e-14) + np.abs(a) * eps
    g = s * a
    dg = abs(s) * da + ds * (np.abs(a) + da) + np.abs(g) * eps
    g[:, -1] += o
    dg[:, -1] += do + np.abs(g[:, -1]) * eps
    change = factor * g[:, None, :]
    new += change
    error += np.abs(factor) * dg[:, None, :] + spread * (np.abs(g) + dg)[:, None, :]
    error += (np.abs(change) + np.abs(new)) * eps
    new[:, unit] = a
    error[:, unit] = da
    good &= np.isfinite(new).all(axis=(1, 2)) & np.isfinite(error).all(axis=(1, 2))
    return good, new, error * (1 + 1e-14)


def _screen_one_by_one(
    system: PiecewiseLinear, hard: list[Array], order: Sequence[int], K: Any, e: Any, pieces: Any, bounds: _Bounds,
    found: Screened, limit: int, until: float | None,
) -> None:  # fmt: skip
    """Regions behind a pivot that may be 0: each linear system by itself, with a bound of the residual's effect."""
    N = system.units
    middle, radius = _floats(joined(K, e))
    slopes = np.array([[_float(unit[min(k, len(unit) - 1)][0]) for k in range(bounds.low.shape[1])] for unit in pieces])
    offsets = np.array(
        [[_float(unit[min(k, len(unit) - 1)][1]) for k in range(bounds.low.shape[1])] for unit in pieces]
    )
    generator = _completions(hard, order, [len(p) for p in pieces])
    for chunk in _chunks(generator, 4096):
        if found.branches >= limit or (until is not None and time.monotonic() > until):
            found.open += len(chunk)
            continue
        found.branches += len(chunk)
        index = np.arange(N)
        s, o = slopes[index, chunk], offsets[index, chunk]
        A = np.eye(N) - middle[:, :N] * s[:, None, :]
        dA = (radius[:, :N] + 4e-16 * np.abs(middle[:, :N])) * np.abs(s)[:, None, :] * (1 + 1e-14) + 4e-16 * np.eye(N)
        right = o @ middle[:, :N].T + middle[:, N]
        dright = (
            np.abs(o) @ (radius[:, :N] + (N + 4) * 4e-16 * np.abs(middle[:, :N])).T
            + radius[:, N]
            + 4e-16 * np.abs(middle[:, N])
        )
        Y = _inverses(A)
        x = (Y @ right[..., None])[..., 0]
        size = np.abs(Y)
        gap = right - (A @ x[..., None])[..., 0]
        dgap = dright + ((dA + (N + 4) * 4e-16 * np.abs(A)) @ np.abs(x)[..., None])[..., 0] + 4e-16 * np.abs(right)
        defect = np.abs(np.eye(N) - Y @ A) + size @ (dA + (N + 4) * 4e-16 * np.abs(A)) + 1e-15
        beta = defect.sum(axis=2).max(axis=1)
        miss = (size @ (np.abs(gap) + dgap)[..., None])[..., 0].max(axis=1) * (1 + 1e-13)
        with np.errstate(divide="ignore", invalid="ignore"):
            error = np.where(beta < 0.9, miss / (1 - np.minimum(beta, 0.9)) * 1.001, np.inf)[:, None]
        low, high = bounds.low[index, chunk], bounds.high[index, chunk]
        alive = ~((x + error < low) | (x - error > high)).any(axis=1)
        found.regions += [tuple(int(k) for k in row) for row in chunk[alive]]


def _completions(hard: list[Array], order: Sequence[int], counts: Sequence[int]) -> Iterator[tuple[int, ...]]:
    for prefixes in hard:
        for prefix in prefixes:
            rest = order[len(prefix) :]
            region = [0] * len(order)
            for unit, k in zip(order, prefix, strict=False):
                region[unit] = int(k)
            for choice in itertools.product(*(range(counts[u]) for u in rest)):
                for unit, k in zip(rest, choice, strict=True):
                    region[unit] = k
                yield tuple(region)


def _chunks(items: Iterator[tuple[int, ...]], size: int) -> Iterator[Array]:
    while chunk := list(itertools.islice(items, size)):
        yield np.array(chunk, dtype=np.int64)


def _inverses(A: Array) -> Array:
    try:
        Y = np.linalg.inv(A)
    except np.linalg.LinAlgError:
        Y = np.zeros_like(A)
        for i, a in enumerate(A):
            try:
                Y[i] = np.linalg.inv(a)
            except np.linalg.LinAlgError:
                continue
    Y[~np.isfinite(Y).all(axis=(1, 2))] = 0.0
    return Y
