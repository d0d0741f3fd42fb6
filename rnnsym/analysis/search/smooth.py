"""All fixed points of a smooth map as rigorous enclosures: the box that holds them all, the search, the proof in balls."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from fractions import Fraction
from typing import Any

import flint
import numpy as np

from rnnsym.analysis.search.model import Model
from rnnsym.analysis.search.records import FixedPoint, FixedPointSet, eigenvalues
from rnnsym.exact import balls, krawczyk
from rnnsym.exact.enclosure import clusters, distinct, newton, prove, search_all, unique_on
from rnnsym.exact.intervals import Interval
from rnnsym.exact.programs import Affine, Apply, Product, Program, Reciprocal
from rnnsym.result import NoClosedForm, RnnsymError, ShapeError, SpecError

ZERO, ONE = Fraction(0), Fraction(1)
BOXES = 4_000_000
"""Boxes after which a search hands back what it has."""

STABILITY = 128
"""States up to which multipliers are looked at."""


def enclosures(
    model: Model, *, box: Any = None, deadline: float | None = None, executor: Executor | None = None,
    progress: Callable[[int, int, int], Any] | None = None, period: int = 1, limit: int = BOXES,
) -> FixedPointSet:  # fmt: skip
    """Every fixed point, or every point of period `period`, in the box or everywhere."""
    n = model.n
    asked = None if box is None else box_of(box, n)
    if period > 1:
        program, lift, full = cyclic(model.map, period), None, cyclic(model.map, period)
        start = None if asked is None else Interval(*(np.tile(e, (1, period)) for e in asked))
    else:
        full = model.map
        program, lift = (model.reduced, model.lift) if asked is None or model.slices is not None else (model.map, None)
        start = asked
        if asked is not None and model.slices is not None and lift is not None:
            start = Interval(*(e[:, list(model.slices)] for e in asked))
    domain = _domain(program, start)
    bounded = start is None and domain is not None
    resolved: list[tuple[Any, Any]] = []
    only = _only_one(program, domain) if start is None else None
    if only is not None:
        roots, treated, rest, leftovers = only, 1, 0, np.empty((0, 2, program.n))
    elif domain is None:
        raise NoClosedForm(
            f"nothing bounds the fixed points of {model.name}: give box=(low, high), and all in that box are searched for"
        )
    elif not (domain.lo <= domain.hi).all():
        return FixedPointSet((), box=fractions(asked), cell=model.name, period=period, status="proved")
    else:
        found = search_all(
            program,
            np.stack([domain.lo[0], domain.hi[0]]),
            limit=limit,
            deadline=deadline,
            executor=executor,
            progress=progress,
        )
        empty = np.empty((0, 2, program.n))
        roots, unclear = distinct(program, np.concatenate([empty, *found.roots]))
        hulls = clusters(np.concatenate([empty, *found.undecided, unclear]))
        hulls, resolved = _resolved(program, hulls, roots)
        waiting = np.concatenate([empty, *found.open])
        leftovers = np.concatenate([hulls, clusters(waiting) if 0 < len(waiting) <= 2000 else _hull(waiting)])
        treated, rest = found.boxes, len(waiting)
    points: list[FixedPoint] = []
    kept: list[Any] = []
    for root, known in [*((root, None) for root in roots), *resolved]:
        proved = krawczyk.enclosed(program, root) if known is None else known
        if proved is None:
            leftovers = np.concatenate([leftovers, root[None]])
            continue
        with balls.precision(krawczyk.working_digits(program.n)):
            state = proved if lift is None else lift.balls(proved, jacobian=False)[0]
            if asked is not None and not _inside(state, asked, period):
                continue
            points.append(_record(full, state, period))
            kept.append(root)
    if period > 1:
        order = sorted(range(len(points)), key=lambda i: points[i].midpoint)
        boxes = np.array(kept).reshape(-1, 2, program.n)[order]
        points = _cycles([points[i] for i in order], boxes, n, period)
    points.sort(key=lambda p: tuple(round(float(v), 9) for v in p.midpoint))
    undecided = tuple(_lifted(box, lift) for box in leftovers)
    result = FixedPointSet(
        tuple(points), undecided=undecided, complete=not undecided and not rest, open=rest, box=fractions(asked),
        period=period, cell=model.name, treated=treated, status="proved",
    )  # fmt: skip
    if bounded and period == 1 and result.index_sum not in (None, 1):
        raise RnnsymError(
            f"the indices of the {len(points)} fixed points of {model.name} sum to {result.index_sum}, not to 1: "
            "a fault of the search; please report the network"
        )
    return result


RESOLVED = 16
"""Clusters of small boxes that are looked at again in balls."""


def _resolved(program: Program, hulls: Any, roots: Any) -> tuple[Any, list[tuple[Any, Any]]]:
    """(what stays undecided, roots as (box in which it is alone, enclosure)) of clusters that floats could not decide."""
    left: list[Any] = []
    found: list[tuple[Any, Any]] = []
    for number, hull in enumerate(hulls):
        if number >= RESOLVED or program.n > 12:
            left.append(hull[None])
            continue
        answer = krawczyk.resolve(program, hull)
        if answer.undecided:
            left.append(clusters(np.array([_ends(box) for box in answer.undecided]), 1e-9))
        for enclosure, around in answer.roots:
            inner, outer = _ends(enclosure), _ends(around)
            known = [*roots, *(box for box, _ in found)]
            # a root known already lies in a box where it is alone: equal if either box holds the other's enclosure
            if not any((k[0] <= inner[0]).all() and (inner[1] <= k[1]).all() for k in known) and not any(
                (outer[0] <= k[0]).all() and (k[1] <= outer[1]).all() for k in known
            ):
                found.append((outer, enclosure))
    empty = np.empty((0, 2, program.n))
    return np.concatenate([empty, *left]), found


def _ends(box: Sequence[Any]) -> Any:
    """A box of balls as floats, rounded outward."""
    ends = [(np.nextafter(float(x.lower()), -np.inf), np.nextafter(float(x.upper()), np.inf)) for x in box]
    return np.array(ends).T


def box_of(box: Any, n: int) -> Interval:
    """(low, high), numbers or sequences of n numbers, as one box of floats."""
    try:
        low, high = box
        ends = [np.broadcast_to(np.asarray(e, dtype=float), (n,)).reshape(1, n).copy() for e in (low, high)]
    except (TypeError, ValueError):
        raise ShapeError(f"box must be (low, high), each a number or {n} numbers; got {box!r:.80}") from None
    if not (np.isfinite(ends[0]).all() and np.isfinite(ends[1]).all() and (ends[0] <= ends[1]).all()):
        raise SpecError(f"box must have finite ends, low <= high; got {box!r:.80}")
    return Interval(*ends)


def _domain(program: Program, start: Interval | None) -> Interval | None:
    """A box that holds every fixed point (of `start`): X <- X & F(X) from the whole space; None if it stays unbounded."""
    n = program.n
    X = start if start is not None else Interval(np.full((1, n), -np.inf), np.full((1, n), np.inf))
    with np.errstate(all="ignore"):
        for _ in range(60):
            value, _ = program.intervals(X, jacobian=False)
            lo = np.where(np.isnan(value.lo), -np.inf, value.lo)
            hi = np.where(np.isnan(value.hi), np.inf, value.hi)
            new = Interval(np.maximum(X.lo, lo), np.minimum(X.hi, hi))
            if not (new.lo <= new.hi).all():
                return new
            finite = np.isfinite(X.lo).all() and np.isfinite(X.hi).all()
            gained = (X.lo != new.lo).any() or (X.hi != new.hi).any()
            shrunk = finite and ((new.hi - new.lo) <= 0.9 * (X.hi - X.lo)).any()
            X = new
            if not gained or (finite and not shrunk):
                break
    return X if np.isfinite(X.lo).all() and np.isfinite(X.hi).all() else None


def _only_one(program: Program, domain: Interval | None) -> Any:
    """The root of a map that is one to one everywhere, as one small box; None if that is not seen at once."""
    n = program.n
    everywhere = Interval(np.full((1, n), -np.inf), np.full((1, n), np.inf)) if domain is None else domain
    if not (everywhere.lo <= everywhere.hi).all():
        return None
    with np.errstate(all="ignore"):
        if not (krawczyk.monotone(program) or unique_on(program, everywhere)[0]):
            return None
        h = np.zeros((1, n))
        for _ in range(100):
            value, _ = program.intervals(Interval(h, h), jacobian=False)
            h = np.nan_to_num(0.7 * h + 0.15 * (value.lo + value.hi))
        proved, T = prove(program, newton(program, h, steps=20))
    return np.stack([T.lo, T.hi], axis=1) if proved[0] else None


def _hull(boxes: Any) -> Any:
    return boxes if not len(boxes) else np.stack([boxes[:, 0].min(axis=0), boxes[:, 1].max(axis=0)])[None]


def fractions(box: Interval | None) -> Any:
    return None if box is None else tuple((Fraction(a), Fraction(b)) for a, b in zip(box.lo[0], box.hi[0], strict=True))


def _lifted(box: Any, lift: Program | None) -> Any:
    """An undecided box in the states."""
    ends = Interval(box[0][None], box[1][None])
    if lift is not None:
        ends, _ = lift.intervals(ends, jacobian=False)
    lo, hi = np.nan_to_num(ends.lo[0], neginf=-1e308), np.nan_to_num(ends.hi[0], posinf=1e308)
    return tuple((Fraction(float(a)), Fraction(float(b))) for a, b in zip(lo, hi, strict=True))


def _inside(state: Sequence[Any], box: Interval, period: int) -> bool:
    """Whether an enclosure meets the box that was asked for."""
    ends = zip(np.tile(box.lo[0], period), np.tile(box.hi[0], period), strict=True)
    return all(not (v < float(lo)) and not (v > float(hi)) for v, (lo, hi) in zip(state, ends, strict=True))


def _dyadic(number: Any) -> Fraction:
    mantissa, exponent = number.man_exp()
    e = int(exponent)
    return Fraction(int(mantissa) << e) if e >= 0 else Fraction(int(mantissa), 1 << -e)


def _record(full: Program, state: list[Any], period: int) -> FixedPoint:
    """The record of an enclosed state, with what is proved of its multipliers."""
    middle = tuple(_dyadic(v.mid()) for v in state)
    radius = tuple(_dyadic(v.rad()) for v in state)
    stable = index = None
    multipliers: tuple[complex, ...] = ()
    n = full.n // period
    if n <= STABILITY:
        _, J = full.balls(state)
        if period > 1:
            J = _around(J, n, period)
        stable, index = krawczyk.stable(J), krawczyk.index(J)
        multipliers = eigenvalues([[float(v) for v in row] for row in J.tolist()])
        if _on_kink(state, J):
            stable, multipliers = None, ()
    return FixedPoint(middle, radius, "proved", period=period, _verdict=(stable, index, multipliers))


KINK = 1e-6


def _on_kink(state: list[Any], J: Any) -> bool:
    """Whether the Jacobian over a tiny enclosure is wide: it holds a kink (of selu, elu), where there is no Jacobian."""
    tiny = max(float(v.rad()) for v in state) < KINK**2
    return tiny and any(float(v.rad()) > KINK * (1 + float(abs(v))) for v in J.entries())


def _around(J: Any, n: int, period: int) -> Any:
    """The Jacobian of one round of a cycle, from the block cyclic one."""
    rows, result = J.tolist(), None
    for k in range(period):
        before = (k - 1) % period
        step = flint.arb_mat([row[before * n : (before + 1) * n] for row in rows[k * n : (k + 1) * n]])
        result = step if result is None else step * result
    return result


# ---------------------------------------------------------------------- cycles


def cyclic(program: Program, period: int) -> Program:
    """The map (h_1, ..., h_k) -> (F(h_k), F(h_1), ..., F(h_k-1)), whose fixed points are the points of period k."""
    n = program.n
    operations: list[Any] = []
    outputs: list[int] = []
    for k in range(period):
        before = (k - 1) % period
        matrix = tuple(tuple(ONE if j == before * n + i else ZERO for j in range(period * n)) for i in range(n))
        operations.append(Affine(((0, matrix),), (ZERO,) * n))
        place = {0: len(operations)}
        for number, operation in enumerate(program.operations, 1):
            if isinstance(operation, Affine):
                moved: Any = Affine(tuple((place[i], t) for i, t in operation.terms), operation.constant)
            elif isinstance(operation, Apply):
                moved = Apply(operation.name, place[operation.of], operation.parameters)
            elif isinstance(operation, Product):
                moved = Product(place[operation.left], place[operation.right])
            else:
                moved = Reciprocal(place[operation.of])
            operations.append(moved)
            place[number] = len(operations)
        outputs += [place[i] for i in program.outputs]
    return Program(period * n, tuple(operations), tuple(outputs))


def rotations(period: int, n: int) -> list[list[int]]:
    """The coordinates of a cycle read from its second, third, ... point on."""
    return [[(i + k * n) % (period * n) for i in range(period * n)] for k in range(1, period)]


def _cycles(points: list[FixedPoint], boxes: Any, n: int, period: int) -> list[FixedPoint]:
    """One point of each cycle of least period `period`; each box holds one root only, so that equal ones are recognized."""
    kept: list[FixedPoint] = []
    taken: set[int] = set()
    for i, point in enumerate(points):
        if i in taken:
            continue
        least = True
        for turn in rotations(period, n):
            moved = [point.midpoint[j] for j in turn], [point.radius[j] for j in turn]
            for j in range(len(points)):
                if all(
                    float(lo) <= m - r and m + r <= float(hi)
                    for m, r, lo, hi in zip(*moved, boxes[j][0], boxes[j][1], strict=True)
                ):
                    if j == i:
                        least = False
                    taken.add(j)
        if least:
            kept.append(point)
    return kept
