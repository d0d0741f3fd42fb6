"""Fixed points of a trained network: all of them where the search is within reach, else those that are found, each proved.

The search of `rnnsym.fixed_points` proves that nothing is missing, and its work grows fast with the units. Beyond it Newton's
method runs from many starts; round each point that it finds Krawczyk's operator in intervals proves that a small box holds
exactly one fixed point, and the spectrum of the interval Jacobian over that box proves its stability; complete=False.
May import: everything to the left of `network`, and `enclosures`, `running`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np

from rnnsym.analysis.search import FixedPoint, FixedPointSet
from rnnsym.analysis.search import fixed_points as search
from rnnsym.analysis.search.model import Model, model
from rnnsym.analysis.search.records import eigenvalues
from rnnsym.analysis.search.values import Values
from rnnsym.exact.enclosure import distinct, prove
from rnnsym.exact.intervals import Interval
from rnnsym.exact.regions import from_program
from rnnsym.network.enclosures import spectrum
from rnnsym.network.running import at_states, run, step
from rnnsym.result import LimitReached, NoClosedForm, ShapeError
from rnnsym.weights import Network

UNKNOWNS = 12
"""Unknowns up to which all fixed points are searched for."""
STARTS = 200
WORK = 1.5e8
"""Multiplications of exact numbers in building the equations of a search."""
PATIENCE = 10
"""Newton steps in which a residual must fall by half."""
FAR = 1e100
"""Stands for residuals beyond it, and for what is no number."""
SAME = 1e-6
"""Newton's points closer than this are one candidate."""


def fixed_points(
    network: Network, *, x: Any = None, starts: int | None = None, guesses: Any = None, deadline: float = 20.0, seed: int = 0,
    progress: Callable[[str], Any] | None = None,
) -> FixedPointSet:  # fmt: skip
    """The fixed points h = F(h, x) of a network under a constant input x (zero): each proved, and all of them if `complete`.

    starts:   how many random starts Newton's method gets (200, fewer of a large network), beside states of runs from them and
              `guesses` (k, n).
    deadline: seconds for the search of all fixed points, which is tried up to 12 unknowns.
    Shapes:   points are (n, 1), blocks stacked; x (m,).
    Raises:   LimitReached for gated networks whose exact equations are too large to build; `newton` finds points without proof.
    The numbers are the network's own, taken exactly: what is proved is proved of the network that runs, in exact arithmetic.

    >>> from rnnsym.cells import elman
    >>> found = fixed_points(Network(elman(), {"W_h": [[2.0, 0.0], [0.0, 0.5]], "W_x": [[1.0], [0.0]]}))
    >>> len(found), found.complete, len(found.stable)
    (3, True, 2)
    """
    drive = np.zeros(network.m) if x is None else np.asarray(x, dtype=float).reshape(-1)
    if drive.shape != (network.m,):
        raise ShapeError(f"x has {drive.size} entries; the network has {network.m} inputs")
    cell, values = replace(network.cell, output=None), _values(network, drive)
    say = progress or (lambda _: None)
    work = sum(v.shape[0] * v.shape[1] for v in network.values.values() if v.ndim == 2) * network.n
    if work > WORK:
        raise LimitReached(
            f"the exact equations of {network.cell.name} with {network.n} states take {work:.0e} operations; limit {WORK:.0e}. "
            "rnnsym.network.newton finds fixed points without proving them"
        )
    made = model(Values(cell, values))
    first = None
    if made.reduced.n <= UNKNOWNS and deadline > 0:
        say("searching all fixed points")
        try:
            first = search(cell, values, deadline=deadline)
        except (NoClosedForm, LimitReached):
            first = None
    if first is not None and first.complete:
        return first
    say("Newton's method from many starts")
    count = max(8, min(STARTS, int(5e8 / network.n**3))) if starts is None else starts
    candidates = _candidates(network, drive, count, guesses, seed)
    say(f"proving {len(candidates)} points")
    points = list(first.points) if first is not None else []
    boxes = _proved(made, candidates)
    for box in boxes:
        if not any(_holds(box, p) for p in points):
            points.append(_record(made, box, network))
    points.sort(key=lambda p: tuple(round(float(v), 9) for v in p.midpoint))
    faces = first.faces if first is not None else ()
    undecided = first.undecided if first is not None else ()
    return FixedPointSet(
        tuple(points), faces=faces, undecided=undecided, complete=False, open=first.open if first is not None else 0,
        cell=network.cell.name, status="proved",
    )  # fmt: skip


def _values(network: Network, drive: Any) -> dict[str, Any]:
    """The arrays of the equations in float64, which holds float32 exactly, and the constant input."""
    names = {s.name for s in replace(network.cell, output=None)._parameter_symbols()}
    found = {k: v.astype(float) if v.ndim else float(v) for k, v in network.values.items() if k in names}
    return {**found, **{s.name: drive for s in network.cell.input}}


def newton(network: Network, starts: Any, x: Any = None, rounds: int = 60) -> Any:
    """Where damped Newton steps for F(h) = h lead from states (k, n): the converged ones, (j, n) in float64.

    A step is halved until the residual falls; a start that stops falling is given up.
    """
    exact = Network(network.cell, {k: v.astype(float) for k, v in network.values.items()})
    h = np.array(starts, dtype=float).reshape(-1, network.n)
    drive = np.zeros(network.m) if x is None else np.asarray(x, dtype=float)
    eye, done = np.eye(network.n), []
    gap = _gap(exact, h, drive)
    before = np.full(len(h), np.inf)
    chunk = max(1, int(2e7 / network.n**2))
    for k in range(rounds):
        size = np.linalg.norm(gap, axis=-1)
        finished = size <= 1e-13 * (1 + np.linalg.norm(h, axis=-1))
        done.append(h[finished].copy())
        if k % PATIENCE == PATIENCE - 1:  # wandering, not falling
            finished |= size > 0.5 * before
            before = size
        h, gap, size, before = h[~finished], gap[~finished], size[~finished], before[~finished]
        if not len(h):
            break
        move = np.zeros_like(h)
        for at in range(0, len(h), chunk):
            part = slice(at, at + chunk)
            C = eye - at_states(exact, h[part], drive, kink="right").reshape(-1, network.n, network.n)
            try:
                move[part] = np.linalg.solve(C, gap[part][..., None])[..., 0]
            except np.linalg.LinAlgError:
                move[part] = gap[part]  # one step of the network instead
        open_, scale = np.ones(len(h), dtype=bool), 1.0
        for _ in range(12):
            trial = h + scale * move
            new = _gap(exact, trial, drive)
            better = open_ & (np.linalg.norm(new, axis=-1) < (1 - 0.25 * scale) * size + 1e-15)
            h[better], gap[better] = trial[better], new[better]
            open_ &= ~better
            scale /= 2
        h, gap, before = h[~open_], gap[~open_], before[~open_]
    size = np.linalg.norm(gap, axis=-1)
    done.append(h[size <= 1e-9 * (1 + np.linalg.norm(h, axis=-1))])
    return np.concatenate([np.empty((0, network.n)), *done])


def _gap(network: Network, h: Any, drive: Any) -> Any:
    with np.errstate(over="ignore", invalid="ignore"):
        gap = step(network, h, drive) - h
    return np.where(np.abs(gap) < FAR, gap, FAR)


def _candidates(network: Network, drive: Any, starts: int, guesses: Any, seed: int) -> Any:
    """Newton's points from random states of several sizes, and from states on the way of runs; each once."""
    random = np.random.default_rng(seed)
    n = network.n
    sizes = random.choice([0.05, 0.3, 1.0, 1.0], size=(starts, 1))
    first = random.uniform(-1, 1, size=(starts, n)) * sizes
    ways = []
    if starts:
        few = first[: max(1, starts // 8)]
        try:
            course = run(network, np.broadcast_to(drive, (60, len(few), network.m)), h0=few).before
            ways = [course[k] for k in (3, 10, 59)]
        except Exception as error:  # a run that leaves the numbers is no start
            if not isinstance(error, ArithmeticError | ValueError | RuntimeError) and "finite numbers" not in str(
                error
            ):
                raise
    given = [] if guesses is None else [np.asarray(guesses, dtype=float).reshape(-1, n)]
    found = newton(network, np.concatenate([np.zeros((1, n)), first, *ways, *given]), drive)
    kept: list[Any] = []
    for point in found:
        if not any(np.abs(point - other).max() <= SAME * (1 + np.abs(point).max()) for other in kept):
            kept.append(point)
    return np.array(kept).reshape(-1, n)


def _proved(made: Model, candidates: Any) -> Any:
    """Boxes (k, 2, n) that hold exactly one fixed point each, and no two the same."""
    boxes: list[Any] = []
    chunk = max(1, int(4e6 / made.n**2))
    for k in range(0, len(candidates), chunk):
        with np.errstate(all="ignore"):
            good, T = prove(made.map, np.array(candidates[k : k + chunk]))
        boxes += [np.stack([T.lo[i], T.hi[i]]) for i in np.flatnonzero(good)]
    if not boxes:
        return np.empty((0, 2, made.n))
    with np.errstate(all="ignore"):
        kept, _ = distinct(made.map, np.array(boxes))
    return kept


def _holds(box: Any, point: FixedPoint) -> bool:
    """Whether a box in which one fixed point is alone holds the enclosure of a proved one: then they are the same."""
    ends = zip(box[0], box[1], point.midpoint, point.radius, strict=True)
    return all(float(lo) <= m - r and m + r <= float(hi) for lo, hi, m, r in ends)


def _record(made: Model, box: Any, network: Network) -> FixedPoint:
    lo, hi = (tuple(Fraction(float(v)) for v in end) for end in box)
    middle = tuple((a + b) / 2 for a, b in zip(lo, hi, strict=True))
    radius = tuple((b - a) / 2 for a, b in zip(lo, hi, strict=True))
    with np.errstate(all="ignore"):
        _, J = made.map.intervals(Interval(box[0][None], box[1][None]))
    assert J is not None
    low, high = J.lo[0], J.hi[0]
    around = np.maximum(high - (low + high) / 2, (low + high) / 2 - low) * (1 + 1e-15) + 1e-300
    found = spectrum((low + high) / 2, around)
    return FixedPoint(middle, radius, "proved", _verdict=(found.stable, None, eigenvalues((low + high) / 2)))


def is_piecewise_linear(network: Network) -> bool:
    """Whether the network's map has flat pieces, so that its fixed points are exact."""
    cell = replace(network.cell, output=None)
    return from_program(model(Values(cell, _values(network, np.zeros(network.m)))).map) is not None
