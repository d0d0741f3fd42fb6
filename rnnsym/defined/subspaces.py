"""Bases and dimensions of the subspaces of a linear system, kept unevaluated; by elimination in exact fractions.

The reachable space is spanned by A^k b, the silent one is what no output ever shows. Every subspace has one reduced
echelon basis; a Kalman basis is made of those, so it is a definition and not a choice. May import: result, exact,
vectors, the rest of `defined`.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import sympy as sp

from rnnsym.defined.numbers import Numbers, Undefined
from rnnsym.defined.systems import OfSystem

Rows = list[list[Fraction]]


class ControllabilityIndices(OfSystem):
    """For each input j the number of columns b_j, A b_j, ... kept when B, A B, ... is searched from left to right."""

    @property
    def shape(self) -> tuple[Any, Any]:
        return sp.S.One, self.args[1].shape[1]

    def numerical(self, numbers: Numbers) -> Any:
        A, B = (rational(a, numbers) for a in self.args)
        columns = transposed(B)
        counts, kept = [0] * len(columns), list[list[Fraction]]()
        for _ in range(len(A)):
            for j, column in enumerate(columns):
                if len(echelon([*kept, column])[0]) > len(kept):
                    kept.append(column)
                    counts[j] += 1
            columns = [times(A, c) for c in columns]
        return numbers._value(sp.ImmutableMatrix([counts]))

    def _sympystr(self, printer: Any) -> str:
        return f"ControllabilityIndices({', '.join(map(printer._print, self.args))})"

    def _latex(self, printer: Any) -> str:
        return rf"\kappa\left({', '.join(map(printer._print, self.args))}\right)"


class KalmanBasis(OfSystem):
    """The columns of a basis in four groups: reachable and silent; reachable; silent; the rest. args: A, B, C.

    Group 1 is the echelon basis of (reachable and silent), group 2 and 3 complete it to the reachable and to the silent
    space by the echelon vectors whose pivots are new, group 4 completes it by unit vectors.
    """

    @property
    def shape(self) -> tuple[Any, Any]:
        return self.args[0].shape

    def numerical(self, numbers: Numbers) -> Any:
        A, B, C = (rational(a, numbers) for a in self.args)
        groups = kalman_groups(A, B, C)
        columns = [v for group in groups for v in group]
        return numbers._value(sp.ImmutableMatrix([[sp.Rational(v) for v in row] for row in transposed(columns)]))

    def _sympystr(self, printer: Any) -> str:
        return f"KalmanBasis({', '.join(map(printer._print, self.args))})"

    def _latex(self, printer: Any) -> str:
        return rf"T_{{\mathrm{{K}}}}\left({', '.join(map(printer._print, self.args))}\right)"


def rational(matrix: Any, numbers: Numbers) -> Rows:
    """The entries as fractions; undefined where they are irrational: a rank cannot be told."""
    if 0 in matrix.shape:
        return [[] for _ in range(int(matrix.shape[0]))]
    exact = numbers.exactly(matrix)
    if exact is None:
        raise Undefined("subspaces are told from rational entries only")
    return [[Fraction(int(e.p), int(e.q)) for e in exact[i, :]] for i in range(exact.rows)]


def transposed(rows: Rows) -> Rows:
    return [list(column) for column in zip(*rows, strict=True)]


def times(A: Rows, vector: list[Fraction]) -> list[Fraction]:
    return [sum((a * v for a, v in zip(row, vector, strict=True)), Fraction(0)) for row in A]


def echelon(vectors: Rows) -> tuple[Rows, list[int]]:
    """The reduced echelon basis of the span of vectors, and its pivots."""
    rows, pivots, top = [list(v) for v in vectors], [], 0
    for j in range(len(rows[0]) if rows else 0):
        found = next((i for i in range(top, len(rows)) if rows[i][j]), None)
        if found is None:
            continue
        rows[top], rows[found] = rows[found], rows[top]
        rows[top] = [v / rows[top][j] for v in rows[top]]
        for i, row in enumerate(rows):
            if i != top and row[j]:
                rows[i] = [v - row[j] * w for v, w in zip(row, rows[top], strict=True)]
        pivots.append(j)
        top += 1
    return rows[:top], pivots


def kernel(rows: Rows, width: int) -> Rows:
    """A basis of the vectors that all rows send to 0."""
    basis, pivots = echelon(rows)
    found = []
    for j in (j for j in range(width) if j not in pivots):
        vector = [Fraction(int(k == j)) for k in range(width)]
        for row, pivot in zip(basis, pivots, strict=True):
            vector[pivot] = -row[j]
        found.append(vector)
    return found


def kalman_groups(A: Rows, B: Rows, C: Rows) -> tuple[Rows, Rows, Rows, Rows]:
    """The four groups of vectors of a Kalman basis."""
    n = len(A)
    reachable, columns = [], transposed(B)
    shown, rows, turned = [], [list(r) for r in C], transposed(A)
    for _ in range(n):
        reachable += columns
        columns = [times(A, c) for c in columns]
        shown += rows
        rows = [times(turned, r) for r in rows]
    R, pivots_R = echelon(reachable)
    N, pivots_N = echelon(kernel(shown, n))
    # the vectors of R on which N's equations vanish: R^T a with (equations of N) R^T a = 0
    equations = echelon(shown)[0]
    mixed = [[sum((e * v for e, v in zip(eq, r, strict=True)), Fraction(0)) for r in R] for eq in equations]
    both = [times(transposed(R), a) for a in kernel(mixed, len(R))] if R else []
    first, pivots = echelon(both)
    second = [r for r, j in zip(R, pivots_R, strict=True) if j not in pivots]
    third = [r for r, j in zip(N, pivots_N, strict=True) if j not in pivots]
    _, taken = echelon([*first, *second, *third])
    rest = [[Fraction(int(k == j)) for k in range(n)] for j in range(n) if j not in taken]
    return first, second, third, rest
