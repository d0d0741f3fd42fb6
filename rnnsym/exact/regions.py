"""Piecewise linear maps: every fixed point in rational numbers, region by region, with nothing left out.

    a = P h + Q g + c,   g_i = piece of unit i at a_i: slope * a_i + offset on [low, high],   h' = R h + S g + d

In each region (one piece for each unit) the fixed points solve one linear system. Enumerating them is a binary tree: with
all g written as parameters, a = K g + e; deciding a unit's piece substitutes g_i = s a_i + o, one pivot 1 - s K_ii in a
tableau; after all units the last column is the solution. So 2^N regions cost about 2 N 2^N additions in all, in NumPy, with a
bound of the rounding error carried beside every number. A branch dies as soon as some a_i certainly misses its piece for every
g still possible (ReLU: g >= 0; hard tanh: |g| <= 1), which prunes whole subtrees. What floats cannot exclude is
decided in FLINT's rationals: a regular region gives a point or nothing, a singular one a polyhedron of fixed points.

May import: result, NumPy, python-flint, circle, polyhedra, programs. Plain values in and out.
"""

from __future__ import annotations

import itertools
import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import flint
import numpy as np

from rnnsym.exact.polyhedra import implicit, maximize
from rnnsym.exact.programs import Affine, Apply, Program
from rnnsym.result import LimitReached

Array = Any
Piece = tuple[Any, Any, Any, Any]
"""(slope, offset, low, high): fmpq, ends None where infinite."""

NUMBERS = 10_000_000
"""Numbers in the tableaus treated at a time."""

EXACT_REGIONS = 1 << 14
"""Regions that may be solved exactly where the tableau does not help (a direction in which the map is the identity)."""


def _pieces(operation: Apply) -> tuple[Piece, ...] | None:
    q = flint.fmpq
    zero, one = q(0), q(1)
    if operation.name == "relu":
        return ((zero, zero, None, zero), (one, zero, zero, None))
    if operation.name == "absolute":
        return ((-one, zero, None, zero), (one, zero, zero, None))
    if operation.name == "hard_tanh":
        return ((zero, -one, None, -one), (one, zero, -one, one), (zero, one, one, None))
    if operation.name == "leaky_relu" and isinstance(operation.parameters[0], Fraction):
        return ((rational(operation.parameters[0]), zero, None, zero), (one, zero, zero, None))
    return None


def rational(value: Fraction) -> Any:
    return flint.fmpq(value.numerator, value.denominator)


def fraction(value: Any) -> Fraction:
    return Fraction(int(value.p), int(value.q))


@dataclass(frozen=True)
class PiecewiseLinear:
    """The exact matrices of a piecewise linear map, as fmpq_mat, and the pieces of its units."""

    P: Any
    Q: Any
    c: Any
    R: Any
    S: Any
    d: Any
    pieces: tuple[tuple[Piece, ...], ...]

    def __getstate__(self) -> Any:
        return (
            [(M.nrows(), M.ncols(), M.entries()) for M in (self.P, self.Q, self.c, self.R, self.S, self.d)],
            self.pieces,
        )

    def __setstate__(self, state: Any) -> None:
        for name, (rows, columns, entries) in zip("PQcRSd", state[0], strict=True):
            object.__setattr__(self, name, flint.fmpq_mat(rows, columns, entries))
        object.__setattr__(self, "pieces", state[1])

    @property
    def n(self) -> int:
        return int(self.R.nrows())

    @property
    def units(self) -> int:
        return len(self.pieces)

    @property
    def regions(self) -> int:
        return math.prod(len(p) for p in self.pieces)

    def affine(self, region: Sequence[int]) -> tuple[Any, Any, Any, Any]:
        """(J, r, A, t): in a region h' = J h + r and a = A h + t."""
        slopes = [self.pieces[i][k][0] for i, k in enumerate(region)]
        offsets = flint.fmpq_mat(self.units, 1, [self.pieces[i][k][1] for i, k in enumerate(region)])
        A, t = self.P, self.Q * offsets + self.c
        if any(self.Q.entries()):
            L = _identity(self.units) - _columns(self.Q, slopes)
            A, t = L.solve(A), L.solve(t)
        SD = _columns(self.S, slopes)
        return self.R + SD * A, SD * t + self.S * offsets + self.d, A, t

    def rebased(self, base: Sequence[int]) -> PiecewiseLinear:
        """The same map with each unit's output counted from its piece `base`: g = s a + o + g', and g' is what is left."""
        slopes = [self.pieces[i][k][0] for i, k in enumerate(base)]
        offsets = flint.fmpq_mat(self.units, 1, [self.pieces[i][k][1] for i, k in enumerate(base)])
        L = _identity(self.units) - _columns(self.Q, slopes)
        P, Q, c = L.solve(self.P), L.solve(self.Q), L.solve(self.Q * offsets + self.c)
        SD = _columns(self.S, slopes)
        moved = tuple(
            tuple((s - slopes[i], o - offsets[i, 0], low, high) for s, o, low, high in unit)
            for i, unit in enumerate(self.pieces)
        )
        return PiecewiseLinear(P, Q, c, self.R + SD * P, self.S + SD * Q, SD * c + self.S * offsets + self.d, moved)

    def standard(self) -> tuple[Any, Any, tuple[tuple[Piece, ...], ...]] | None:
        """(K, e, pieces) with a = K g + e at every fixed point, the outputs counted from a base; None if there is no such."""
        bases = [[k] * self.units for k in range(max((len(p) for p in self.pieces), default=1))]
        random = np.random.default_rng(0)
        bases += [[int(random.integers(len(p))) for p in self.pieces] for _ in range(8)]
        for base in bases:
            base = [min(k, len(p) - 1) for k, p in zip(base, self.pieces, strict=True)]
            moved = self.rebased(base)
            try:
                H = (_identity(self.n) - moved.R).solve(_joined(moved.S, moved.d))
            except ZeroDivisionError:
                continue
            a = moved.P * H
            N = self.units
            K = flint.fmpq_mat(N, N, [a[i, j] + moved.Q[i, j] for i in range(N) for j in range(N)])
            e = flint.fmpq_mat(N, 1, [a[i, N] + moved.c[i, 0] for i in range(N)])
            return K, e, moved.pieces
        return None


def from_program(program: Program) -> PiecewiseLinear | None:
    """The exact matrices of a program of affine maps and piecewise linear functions; None if it holds anything else."""
    units: list[tuple[Piece, ...]] = []
    starts: dict[int, int] = {}
    sizes = [program.n]
    for k, operation in enumerate(program.operations):
        if isinstance(operation, Affine):
            entries = (v for _, t in operation.terms for row in t or () for v in row)
            if not all(isinstance(v, Fraction) for v in (*operation.constant, *entries)):
                return None
            sizes.append(len(operation.constant))
        elif isinstance(operation, Apply) and (pieces := _pieces(operation)) is not None:
            sizes.append(sizes[operation.of])
            starts[k] = len(units)
            units += [pieces] * sizes[operation.of]
        else:
            return None
    n, N = program.n, len(units)
    width = n + N + 1
    rows: list[list[list[Any]]] = [[_unit(width, i) for i in range(n)]]
    arguments: list[list[Any]] = []
    for k, operation in enumerate(program.operations):
        if isinstance(operation, Affine):
            total = [[*([flint.fmpq(0)] * (width - 1)), rational(v)] for v in operation.constant]
            for i, matrix in operation.terms:
                part = rows[i]
                if matrix is not None:
                    M = flint.fmpq_mat([[rational(v) for v in row] for row in matrix])
                    part = (M * flint.fmpq_mat(rows[i])).tolist()
                total = [[u + v for u, v in zip(r, s, strict=True)] for r, s in zip(total, part, strict=True)]
            rows.append(total)
        else:
            arguments += rows[operation.of]
            rows.append([_unit(width, n + starts[k] + i) for i in range(sizes[k + 1])])
    outputs = [row for i in program.outputs for row in rows[i]]

    def block(table: list[list[Any]], start: int, stop: int) -> Any:
        return flint.fmpq_mat(len(table), stop - start, [v for row in table for v in row[start:stop]])

    return PiecewiseLinear(
        block(arguments, 0, n), block(arguments, n, n + N), block(arguments, n + N, width),
        block(outputs, 0, n), block(outputs, n, n + N), block(outputs, n + N, width), tuple(units),
    )  # fmt: skip


def _unit(width: int, i: int) -> list[Any]:
    return [flint.fmpq(int(j == i)) for j in range(width)]


def _identity(n: int) -> Any:
    return flint.fmpq_mat(n, n, [flint.fmpq(int(i == j)) for i in range(n) for j in range(n)])


def _columns(M: Any, factors: Sequence[Any]) -> Any:
    """M diag(factors)."""
    return flint.fmpq_mat(
        M.nrows(), M.ncols(), [v * f for row in M.tolist() for v, f in zip(row, factors, strict=True)]
    )


def _joined(A: Any, B: Any) -> Any:
    return flint.fmpq_mat(
        A.nrows(), A.ncols() + B.ncols(), [v for a, b in zip(A.tolist(), B.tolist(), strict=True) for v in (*a, *b)]
    )


# ---------------------------------------------------------------------- which regions cannot be excluded in floats


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
    middle, radius = _floats(_joined(K, e))
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
    middle, radius = _floats(_joined(K, e))
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


# ---------------------------------------------------------------------- the exact answers


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
    points: dict[tuple[Any, ...], Point] = {}
    faces: list[Face] = []
    singular = 0
    for region in regions:
        J, r, A, t = system.affine(region)
        M = _identity(system.n) - J
        try:
            h = M.solve(r)
        except ZeroDivisionError:
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
        kinks = _admissible(system, region, (A * h + t).entries())
        if kinks is not None:
            entries = tuple(h.entries())
            old = points.get(_key(entries))
            if old is None or not old.isolated:
                points[_key(entries)] = Point(entries, tuple(region), kinks)
    faces = _largest(faces)
    alone = [p for p in points.values() if not any(on_face(f, p.h) for f in faces)]
    return alone, faces


def _key(h: Sequence[Any]) -> tuple[Any, ...]:
    return tuple((int(v.p), int(v.q)) for v in h)


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
    reduced, rank = _joined(M, r).rref()
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
