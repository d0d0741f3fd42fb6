"""Piecewise linear maps as exact matrices and pieces.

    a = P h + Q g + c,   g_i = piece of unit i at a_i: slope * a_i + offset on [low, high],   h' = R h + S g + d

In each region (one piece for each unit) the fixed points solve one linear system. `tableaus` finds the regions that may
hold one, `faces` decides these in rational numbers.

May import: result, NumPy, python-flint, programs. Plain values in and out.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property, lru_cache
from typing import Any

import flint
import numpy as np

from rnnsym.exact.programs import Affine, Apply, Program

Piece = tuple[Any, Any, Any, Any]
"""(slope, offset, low, high): fmpq, ends None where infinite."""


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


_ZERO = Fraction(0)


def fraction(value: Any) -> Fraction:
    if not value:
        return _ZERO
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

    @cached_property
    def nested(self) -> bool:
        """Whether some unit feeds another within one step."""
        return any(v != 0 for v in self.Q.entries())

    @cached_property
    def plain(self) -> bool:
        """Whether the map is phi(P h + c), one unit for each state."""
        n = self.n
        return (
            not self.nested and self.units == n and self.S == identity(n) and not any(v != 0 for v in self.R.entries())
            and not any(v != 0 for v in self.d.entries())
        )  # fmt: skip

    @property
    def regions(self) -> int:
        return math.prod(len(p) for p in self.pieces)

    def affine(self, region: Sequence[int]) -> tuple[Any, Any, Any, Any]:
        """(J, r, A, t): in a region h' = J h + r and a = A h + t."""
        slopes = [self.pieces[i][k][0] for i, k in enumerate(region)]
        offsets = flint.fmpq_mat(self.units, 1, [self.pieces[i][k][1] for i, k in enumerate(region)])
        A, t = self.P, self.Q * offsets + self.c
        if self.nested:
            L = identity(self.units) - self.Q * diagonal(slopes)
            A, t = L.solve(A), L.solve(t)
        SD = self.S * diagonal(slopes)
        return self.R + SD * A, SD * t + self.S * offsets + self.d, A, t

    def rebased(self, base: Sequence[int]) -> PiecewiseLinear:
        """The same map with each unit's output counted from its piece `base`: g = s a + o + g', and g' is what is left."""
        slopes = [self.pieces[i][k][0] for i, k in enumerate(base)]
        offsets = flint.fmpq_mat(self.units, 1, [self.pieces[i][k][1] for i, k in enumerate(base)])
        L = identity(self.units) - self.Q * diagonal(slopes)
        P, Q, c = L.solve(self.P), L.solve(self.Q), L.solve(self.Q * offsets + self.c)
        SD = self.S * diagonal(slopes)
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
                H = (identity(self.n) - moved.R).solve(joined(moved.S, moved.d))
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


@lru_cache(maxsize=64)
def identity(n: int) -> Any:
    """The identity; shared, so never to be changed."""
    return diagonal([flint.fmpq(1)] * n)


def diagonal(entries: Sequence[Any]) -> Any:
    """diag(entries)."""
    D = flint.fmpq_mat(len(entries), len(entries))
    for i, v in enumerate(entries):
        if v != 0:
            D[i, i] = v
    return D


def joined(A: Any, B: Any) -> Any:
    return flint.fmpq_mat(
        A.nrows(), A.ncols() + B.ncols(), [v for a, b in zip(A.tolist(), B.tolist(), strict=True) for v in (*a, *b)]
    )
