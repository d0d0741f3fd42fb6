"""All solutions of x = F(x) in a box: interval branch and prune in NumPy, thousands of boxes at a time.

Each box is discharged in one of three ways, or bisected:
  empty      forward contraction X <- X & F(X), or the Krawczyk operator, leaves nothing;
  one root   the map is one to one on the hull of the box and of a small box T that certainly holds a root: then every
             root of the box is that root. Equal roots from neighboring boxes are recognized the same way;
  undecided  it has become as small as floats can tell (a fold, a pitchfork, a line of fixed points).
With C an enclosure of I - F'(X) and Y near its middle's inverse, K = c - Y (c - F(c)) + (I - Y C)(X - c) holds every
root of X; if |I - Y C| v < v for some v > 0, then x - F(x) is one to one on X; if also K lies inside X, there is a root
(Krawczyk 1969; Neumaier, Interval methods for systems of equations, 1990, ch. 5). Boxes are cut off center, so that
roots in special places (0, corners of symmetry) do not come to lie on the cuts.

May import: result, NumPy, programs. Plain values in and out; every root found is proved again in balls by `krawczyk`.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from rnnsym.exact.intervals import EPS, TINY, Interval
from rnnsym.exact.programs import Program

BATCH = 1024
"""Boxes treated at a time, fewer for many unknowns."""
CUT = 0.4871
SMALLEST = 1e-7
"""A box this small (relative to the size of its numbers) that cannot be discharged is undecided."""
UNDECIDED = 20_000
"""So many undecided boxes end the search, the rest is left open: a continuum has no end of them."""

Array = Any


@dataclass
class Found:
    """Roots (N, 2, n) as ends of small boxes, undecided boxes, boxes not looked at, and how many boxes were treated."""

    roots: list[Array] = field(default_factory=list)
    undecided: list[Array] = field(default_factory=list)
    open: list[Array] = field(default_factory=list)
    boxes: int = 0

    def join(self, other: Found) -> None:
        self.roots += other.roots
        self.undecided += other.undecided
        self.open += other.open
        self.boxes += other.boxes


# ---------------------------------------------------------------------- one step, for a batch of boxes


def _product(Y: Array, C: Interval) -> tuple[Array, Array]:
    """Y C as middle and radius."""
    middle = 0.5 * (C.lo + C.hi)
    reach = np.maximum(C.hi - middle, middle - C.lo)
    size = np.abs(Y)
    error = (Y.shape[-1] + 4) * 1.2e-16
    return Y @ middle, size @ (reach * (1 + 10 * error) + np.abs(middle) * error) + TINY


def _times(M: Array, R: Array, v: Array) -> Array:
    """An upper bound of |A| v over |A - M| <= R, v >= 0."""
    return ((np.abs(M) + R) @ v[..., None])[..., 0] * (1 + (v.shape[-1] + 4) * 2.3e-16) + TINY


def _inverse(A: Array) -> Array:
    """Approximate inverses; where there is none, zeros."""
    try:
        Y = np.linalg.inv(A)
    except np.linalg.LinAlgError:
        regular = np.linalg.det(A) != 0  # inv raises at a pivot of 0 and nowhere else
        Y = np.zeros_like(A)
        Y[regular] = np.linalg.inv(A[regular])
    bad = ~np.isfinite(Y).all(axis=(-1, -2))
    if bad.any():
        Y[bad] = 0.0
    return Y


def _defect(J: Interval) -> tuple[Array, Array, Array]:
    """(Y, M, R): Y near the inverse of the middle of I - J, and I - Y (I - J) as middle and radius."""
    n = J.lo.shape[-1]
    eye = np.eye(n)
    C = Interval(eye - J.hi, eye - J.lo)
    C = Interval(C.lo - (np.abs(C.lo) * EPS + TINY), C.hi + (np.abs(C.hi) * EPS + TINY))
    Y = _inverse(0.5 * (C.lo + C.hi))
    M, R = _product(Y, C)
    M = eye - M
    return Y, M, R + np.abs(M) * EPS + EPS


def _one_to_one(M: Array, R: Array, v: Array) -> Array:
    """Whether x - F(x) certainly is one to one: |A| v < v for a positive v, tried from the widths of the box on."""
    v = np.maximum(v, 1e-12 * np.maximum(v.max(axis=-1, keepdims=True), TINY))
    done = np.zeros(len(v), dtype=bool)
    for _ in range(4):
        w = _times(M, R, v)
        done |= (w < 0.999999 * v).all(axis=-1)
        if done.all():
            break
        v = 0.5 * v + w
        v = v / np.maximum(v.max(axis=-1, keepdims=True), TINY)
    return done


def _krawczyk(program: Program, c: Array, Y: Array, M: Array, R: Array, reach: Array) -> Interval:
    """K = c - Y (c - F(c)) + (I - Y C)(X - c), for |X - c| <= reach."""
    value, _ = program.intervals(Interval(c, c), jacobian=False)
    middle = 0.5 * (value.lo + value.hi)
    error = np.maximum(value.hi - middle, middle - value.lo)
    gap = c - middle
    error = error + np.abs(gap) * EPS + TINY
    n = c.shape[-1]
    moved = (Y @ gap[..., None])[..., 0]
    slack = (np.abs(Y) @ (error + np.abs(gap) * ((n + 4) * 1.2e-16))[..., None])[..., 0]
    radius = (_times(M, R, reach) + slack) * (1 + 1e-15) + np.abs(moved) * EPS
    center = c - moved
    radius = radius + np.abs(center) * EPS + TINY
    return Interval(center - radius, center + radius)


def _meet(a: Interval, b: Interval) -> Interval:
    with np.errstate(invalid="ignore"):
        return Interval(np.fmax(a.lo, b.lo), np.fmin(a.hi, b.hi))


def _straightened(program: Program, X: Interval) -> Interval:
    """What F(h) in A h + r leaves of a box: h in Y r + (I - Y (I - A)) h, with Y near the inverse of I - A."""
    ordered = X.lo <= X.hi
    if not ordered.all():  # empty boxes come along until they are dropped
        middle = 0.5 * (X.lo + X.hi)
        X = Interval(np.where(ordered, X.lo, middle), np.where(ordered, X.hi, middle))
    A, r = program.linear(X)
    n = A.shape[-1]
    B = np.eye(n) - A
    Y = _inverse(B)
    size = np.abs(Y)
    error = np.abs(np.eye(n) - Y @ B) + (n + 6) * 1.2e-16 * (size @ (np.abs(B) + np.abs(A))) + 4 * EPS
    middle = 0.5 * (r.lo + r.hi)
    reach = np.maximum(r.hi - middle, middle - r.lo) + np.abs(middle) * (n + 6) * 2.3e-16
    center = (Y @ middle[..., None])[..., 0]
    radius = (size @ reach[..., None] + error @ np.maximum(np.abs(X.lo), np.abs(X.hi))[..., None])[..., 0]
    radius = radius * (1 + 1e-14) + np.abs(center) * EPS + TINY
    return Interval(center - radius, center + radius)


def newton(program: Program, c: Array, steps: int = 8) -> Array:
    """Approximate roots from the starts c; nan where the iteration leaves the numbers."""
    eye = np.eye(c.shape[-1])
    for _ in range(steps):
        value, J = program.intervals(Interval(c, c))
        assert J is not None
        gap = c - 0.5 * (value.lo + value.hi)
        step = (_inverse(eye - 0.5 * (J.lo + J.hi)) @ gap[..., None])[..., 0]
        c = c - step
        if not np.isfinite(c).all():
            c = np.where(np.isfinite(c).all(axis=-1, keepdims=True), c, 0.0)
        if (np.abs(step) <= 1e-15 * (1 + np.abs(c))).all():
            break
    return c


def prove(program: Program, c: Array) -> tuple[Array, Interval]:
    """(proved, T): small boxes T around approximate roots c that certainly hold exactly one root each, where proved."""
    proved = np.zeros(len(c), dtype=bool)
    lo, hi = c.copy(), c.copy()
    for size in (1e-13, 1e-11, 1e-9):
        todo = np.flatnonzero(~proved)
        if not len(todo):
            break
        center = c[todo]
        reach = size * (1 + np.abs(center))
        T = Interval(center - reach, center + reach)
        _, J = program.intervals(T)
        assert J is not None
        Y, M, R = _defect(J)
        full = np.maximum(T.hi - center, center - T.lo)
        K = _krawczyk(program, center, Y, M, R, full)
        good = ((K.lo > T.lo) & (K.hi < T.hi)).all(axis=-1) & _one_to_one(M, R, full)
        lo[todo], hi[todo] = T.lo, T.hi
        proved[todo[good]] = True
    return proved, Interval(lo, hi)


def unique_on(program: Program, X: Interval) -> Array:
    """Whether x - F(x) certainly is one to one on each box."""
    _, J = program.intervals(X)
    assert J is not None
    with np.errstate(invalid="ignore", over="ignore"):
        _, M, R = _defect(J)
        return _one_to_one(M, R, np.ones_like(M[..., 0]) if not np.isfinite(X.lo).all() else X.hi - X.lo)


def step(program: Program, X: Interval, found: Found) -> Interval:
    """One round over a batch: what is left of the boxes, cut in two where they did not shrink."""
    found.boxes += len(X.lo)
    before = (X.hi - X.lo).max(axis=-1)
    J: Any = None
    for k in range(3):
        value, J = program.intervals(X, jacobian=k == 2)
        X = _meet(X, value)
        if k < 2:
            X = _meet(X, _straightened(program, X))
        alive = (X.lo <= X.hi).all(axis=-1)
        if not alive.all():
            X = Interval(X.lo[alive], X.hi[alive])
            before = before[alive]
            J = None if J is None else Interval(J.lo[alive], J.hi[alive])
        if not len(X.lo):
            return X
    Y, M, R = _defect(J)
    c = 0.5 * (X.lo + X.hi)
    reach = np.maximum(X.hi - c, c - X.lo)
    single = _one_to_one(M, R, reach)
    K = _krawczyk(program, c, Y, M, R, reach)
    good = np.isfinite(K.lo).all(axis=-1) & np.isfinite(K.hi).all(axis=-1)
    new = _meet(X, K)
    X = Interval(np.where(good[:, None], new.lo, X.lo), np.where(good[:, None], new.hi, X.hi))
    alive = (X.lo <= X.hi).all(axis=-1)
    ready = np.flatnonzero(alive & single)
    if len(ready):
        alive[ready[_discharge(program, Interval(X.lo[ready], X.hi[ready]), found)]] = False
    X, before, c_norm = Interval(X.lo[alive], X.hi[alive]), before[alive], np.abs(c[alive])
    if not len(X.lo):
        return X
    J = Interval(J.lo[alive], J.hi[alive])
    widths = X.hi - X.lo
    small = (widths <= SMALLEST * (1 + c_norm)).all(axis=-1)
    if small.any():
        found.undecided.append(np.stack([X.lo[small], X.hi[small]], axis=1))
        keep = ~small
        X, before, widths, J = (
            Interval(X.lo[keep], X.hi[keep]),
            before[keep],
            widths[keep],
            Interval(J.lo[keep], J.hi[keep]),
        )
    cut = widths.max(axis=-1, initial=0.0) > 0.6 * before
    if not cut.any():
        return X
    halves = _bisected(Interval(X.lo[cut], X.hi[cut]), Interval(J.lo[cut], J.hi[cut]))
    rest = ~cut
    return Interval(np.concatenate([X.lo[rest], halves.lo]), np.concatenate([X.hi[rest], halves.hi]))


def _bisected(X: Interval, J: Interval) -> Interval:
    """Both parts of each box, cut across the coordinate whose width moves the residual's enclosure most."""
    widths = X.hi - X.lo
    spread = np.maximum(np.abs(J.hi), np.abs(J.lo)).sum(axis=1) + 1e-3
    axis = np.argmax(widths * np.minimum(spread, 1e3), axis=-1)
    row = np.arange(len(axis))
    # never a coordinate that is much thinner than the widest one
    thin = widths[row, axis] < 0.05 * widths.max(axis=-1)
    axis = np.where(thin, np.argmax(widths, axis=-1), axis)
    at = X.lo[row, axis] + CUT * widths[row, axis]
    left, right = X.hi.copy(), X.lo.copy()
    left[row, axis] = at
    right[row, axis] = at
    return Interval(np.concatenate([X.lo, right]), np.concatenate([left, X.hi]))


def _discharge(program: Program, X: Interval, found: Found) -> Array:
    """Which of these boxes, each with at most one root, are done: the root proved, or shown to be elsewhere."""
    c = newton(program, 0.5 * (X.lo + X.hi))
    widths = X.hi - X.lo
    near = (np.abs(c - np.clip(c, X.lo, X.hi)) <= 0.1 * widths + 1e-9).all(axis=-1)
    done = np.zeros(len(c), dtype=bool)
    index = np.flatnonzero(near)
    if not len(index):
        return done
    proved, T = prove(program, c[index])
    index, T = index[proved], Interval(T.lo[proved], T.hi[proved])
    if not len(index):
        return done
    hull = Interval(np.minimum(X.lo[index], T.lo), np.maximum(X.hi[index], T.hi))
    outside = ~((X.lo[index] <= T.lo) & (T.hi <= X.hi[index])).all(axis=-1)
    good = np.ones(len(index), dtype=bool)
    if outside.any():
        good[outside] = unique_on(program, Interval(hull.lo[outside], hull.hi[outside]))
    done[index[good]] = True
    found.roots.append(np.stack([T.lo[good], T.hi[good]], axis=1))
    return done


# ---------------------------------------------------------------------- the search


def search(program: Program, boxes: Array, *, limit: int, until: float | None = None) -> Found:
    """All roots in the boxes (N, 2, n); after `limit` boxes or at the clock's `until` the rest is handed back open."""
    found = Found()
    batch = int(np.clip(4e6 / program.n**3, 8, BATCH))
    stack = [np.asarray(boxes, dtype=float)]
    while stack:
        chunk = stack.pop()
        while len(chunk) < batch and stack:
            chunk = np.concatenate([stack.pop(), chunk])
        if len(chunk) > batch:
            stack.append(chunk[:-batch])
            chunk = chunk[-batch:]
        if found.boxes >= limit or (until is not None and time.monotonic() > until):
            found.open = [chunk, *stack]
            return found
        with np.errstate(over="ignore", under="ignore", invalid="ignore", divide="ignore"):
            left = step(program, Interval(chunk[:, 0], chunk[:, 1]), found)
        if len(left.lo):
            stack.append(np.stack([left.lo, left.hi], axis=1))
    return found


Progress = Callable[[int, int, int], Any]


def search_all(
    program: Program,
    box: Array,
    *,
    limit: int,
    deadline: float | None = None,
    executor: Executor | None = None,
    progress: Progress | None = None,
) -> Found:
    """All roots in one box (2, n), with the work shared out to an executor's workers if there is one.

    Ends after `limit` boxes, at the deadline, or with UNDECIDED boxes; what was not looked at is handed back open.

    progress(boxes treated, boxes waiting, roots found so far) is called between batches.
    """
    until = None if deadline is None else time.monotonic() + deadline
    total = Found()
    waiting = [np.asarray(box, dtype=float)[None]]
    portion = 4 * BATCH
    running: set[Future[Found]] = set()
    while waiting or running:
        spent = total.boxes >= limit or (until is not None and time.monotonic() >= until)
        if spent or sum(map(len, total.undecided)) >= UNDECIDED:
            break
        if executor is None or (not running and sum(map(len, waiting)) < 64 and total.boxes < 8 * BATCH):
            piece = np.concatenate(waiting)
            share = min(portion if executor is None else 16 * len(piece), limit - total.boxes)
            part = search(program, piece, limit=share, until=until)
            waiting, part.open = part.open, []
            total.join(part)
        else:
            pieces = np.concatenate(waiting) if waiting else np.empty((0, *np.shape(box)))
            waiting = []
            # a worker gets a few boxes at a time and hands back what it could not finish: nobody waits for the slowest
            for k in range(0, len(pieces), max(1, len(pieces) // 16)):
                part_of = pieces[k : k + max(1, len(pieces) // 16)]
                left = None if until is None else max(0.0, until - time.monotonic())
                running.add(executor.submit(_portion, program, part_of, portion, left))
            timeout = None if until is None else max(0.0, until - time.monotonic()) + 1.0
            done, running = wait(running, timeout=timeout, return_when=FIRST_COMPLETED)
            for future in done:
                part = future.result()
                waiting += part.open
                part.open = []
                total.join(part)
        if progress is not None:
            progress(total.boxes, sum(map(len, waiting)), sum(map(len, total.roots)))
    if running:
        for future in wait(running).done:
            total.join(future.result())
    total.open += waiting
    return total


def _portion(program: Program, boxes: Array, limit: int, seconds: float | None) -> Found:
    """A worker's share."""
    return search(program, boxes, limit=limit, until=None if seconds is None else time.monotonic() + seconds)


def distinct(program: Program, roots: Array) -> tuple[Array, Array]:
    """Small boxes (N, 2, n) with one root each -> those of different roots, and pairs that could not be told apart."""
    if not len(roots):
        return roots, roots
    kept: list[int] = []
    unclear: list[Array] = []
    open_ = np.ones(len(roots), dtype=bool)
    for i in range(len(roots)):
        if not open_[i]:
            continue
        kept.append(i)
        open_[i] = False
        meets = open_ & ((roots[:, 0] <= roots[i, 1]) & (roots[i, 0] <= roots[:, 1])).all(axis=1)
        for j in np.flatnonzero(meets):
            lo, hi = np.minimum(roots[i, 0], roots[j, 0]), np.maximum(roots[i, 1], roots[j, 1])
            open_[j] = False
            if not unique_on(program, Interval(lo[None], hi[None]))[0]:
                unclear.append(np.stack([lo, hi]))
    return roots[kept], np.array(unclear).reshape(-1, *roots.shape[1:])


def clusters(boxes: Array, reach: float = SMALLEST) -> Array:
    """Boxes (N, 2, n) that lie within a few `reach` of one another, as the hulls of what hangs together.

    A sweep along the first coordinate, repeated on the hulls until none meets another.
    """
    groups = boxes
    while len(groups):
        count = len(groups)
        order = np.argsort(groups[:, 0, 0], kind="stable")
        groups = _swept(groups[order], 4 * reach * (1 + np.abs(groups).max(axis=(1, 2)))[order])
        if len(groups) == count:
            break
    return groups


def _swept(boxes: Array, near: Array) -> Array:
    done: list[Array] = []
    active = np.empty((0, *boxes.shape[1:]))
    widest = near.max()
    for box, margin in zip(boxes, near, strict=True):
        passed = active[:, 1, 0] + widest < box[0, 0]
        if passed.any():
            done.append(active[passed])
            active = active[~passed]
        meets = ((active[:, 0] <= box[1] + margin) & (box[0] - margin <= active[:, 1])).all(axis=1)
        met = np.concatenate([box[None], active[meets]])
        active = np.concatenate([active[~meets], np.stack([met[:, 0].min(axis=0), met[:, 1].max(axis=0)])[None]])
    return np.concatenate([*done, active])
