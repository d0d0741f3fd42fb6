"""The answers of a search: FixedPoint, AffineFace, FixedPointSet. Frozen, exact, printable; they hold no SymPy until asked."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from typing import Any

import flint
import numpy as np
import sympy as sp

from rnnsym.exact.circle import schur_rational
from rnnsym.exact.faces import Face, on_face
from rnnsym.exact.regions import PiecewiseLinear, fraction, rational
from rnnsym.result import Result

DIGITS = 30
SIDES = 256  # regions that are looked at where they meet in one point
Box = tuple[tuple[Fraction, Fraction], ...]


@dataclass(frozen=True)
class FixedPoint:
    """A fixed point, exact or enclosed; of a map applied `period` times, one point of a cycle.

    midpoint, radius: the point lies within radius of midpoint, coordinate by coordinate; radius 0 is exact.
    stable:           True: every multiplier certainly is inside the unit circle; False: one certainly is outside;
                      None: one has modulus 1, or the point sits on a kink and has no Jacobian, or it is not decided.
    index:            the sign of det(I - J); 0 if it vanishes, None if undecided.
    region:           of a piecewise linear cell: the number of its piece for each unit; kinks: units at an end of theirs.
    status:           "derived" where the point is exact, "proved" where it is enclosed.
    """

    midpoint: tuple[Fraction, ...]
    radius: tuple[Fraction, ...]
    status: str
    region: tuple[int, ...] | None = None
    kinks: tuple[int, ...] = ()
    period: int = 1
    _verdict: tuple[bool | None, int | None, tuple[complex, ...]] | None = field(default=None, repr=False)
    _system: PiecewiseLinear | None = field(default=None, repr=False, compare=False)

    @property
    def is_exact(self) -> bool:
        return not any(self.radius)

    @cached_property
    def point(self) -> Any:
        """The point, or the middle of its enclosure, as a column: rationals if it is exact, else DIGITS digits."""
        return self.orbit[0]

    @cached_property
    def orbit(self) -> tuple[Any, ...]:
        """The points of the cycle in order; of a fixed point, itself."""
        n = len(self.midpoint) // self.period
        entries = [sp.Rational(v.numerator, v.denominator) for v in self.midpoint]
        if not self.is_exact:
            entries = [sp.Float(v, DIGITS) for v in entries]
        return tuple(sp.ImmutableMatrix(n, 1, entries[k * n : (k + 1) * n]) for k in range(self.period))

    @property
    def enclosure(self) -> Box:
        """The ends of an interval for each coordinate, rational."""
        return tuple((m - r, m + r) for m, r in zip(self.midpoint, self.radius, strict=True))

    @property
    def array(self) -> Any:
        """The point in floats: (n,), of a cycle (period, n)."""
        found = np.array([float(v) for v in self.midpoint])
        return found if self.period == 1 else found.reshape(self.period, -1)

    @cached_property
    def _facts(self) -> tuple[bool | None, int | None, tuple[complex, ...]]:
        if self._verdict is not None:
            return self._verdict
        system, region = self._system, self.region
        if system is None or region is None:
            return None, None, ()
        if self.kinks and not differentiable(system, region, [rational(v) for v in self.midpoint], self.period):
            return None, None, ()
        J = jacobian(system, region, self.period)
        p = J.charpoly()
        at_one = p(1)
        return schur_rational(p), (at_one > 0) - (at_one < 0), _multipliers(J)

    @property
    def stable(self) -> bool | None:
        return self._facts[0]

    @property
    def index(self) -> int | None:
        return self._facts[1]

    @property
    def multipliers(self) -> tuple[complex, ...]:
        """The eigenvalues of the Jacobian there in floats, largest first; what is proved of them is `stable`.

        None at a kink where the map has no Jacobian; `one_sided` has those of the regions that meet there.
        """
        return self._facts[2]

    @property
    def one_sided(self) -> tuple[tuple[tuple[int, ...], tuple[complex, ...]], ...]:
        """At a kink of a piecewise linear cell: (region, eigenvalues of its Jacobian) of every region that meets there."""
        if self._system is None or self.region is None or not self.kinks:
            return ()
        system, period, h = self._system, self.period, [rational(v) for v in self.midpoint]
        return tuple((r, _multipliers(jacobian(system, r, period))) for r in meeting(system, self.region, h))

    def __str__(self) -> str:
        verdict = {True: "stable", False: "unstable", None: "undecided"}[self.stable]
        if self.kinks and not self.multipliers:
            verdict = f"on a kink of unit {', '.join(str(i + 1) for i in self.kinks)}, no Jacobian"
            sides = sorted({f"{abs(m[0]):.6g}" for _, m in self.one_sided[:8]}, key=float)
            verdict += f", one-sided |multiplier| {', '.join(sides)}" if sides else ""
        elif self.stable is None and self.is_exact:
            verdict = "marginal"
        leading = f", |multiplier| {abs(self.multipliers[0]):.6g}" if self.multipliers else ""
        points = " -> ".join(_entries(column, self.is_exact) for column in self.orbit)
        return f"{points}  {verdict}{leading}"


def jacobian(system: PiecewiseLinear, region: tuple[int, ...], period: int) -> Any:
    """The exact Jacobian of a region; of a cycle the product along it, the latest step on the left."""
    J, _, _, _ = system.affine(region)
    if period == 1:
        return J
    # the map of the cycle is block cyclic: block (k, k - 1) is the Jacobian of one step
    n = system.n // period
    rows = J.tolist()
    result = None
    for k in range(period):
        before = (k - 1) % period
        step = flint.fmpq_mat([row[before * n : (before + 1) * n] for row in rows[k * n : (k + 1) * n]])
        result = step if result is None else step * result
    return result


def meeting(system: PiecewiseLinear, region: tuple[int, ...], h: Sequence[Any]) -> list[tuple[int, ...]]:
    """The regions that meet at a point h (rationals of FLINT) of a region; at most SIDES."""
    _, _, A, t = system.affine(region)
    arguments = (A * flint.fmpq_mat(len(h), 1, list(h)) + t).entries()
    choices = []
    for pieces, k, a in zip(system.pieces, region, arguments, strict=True):
        beside = [j for j in (k - 1, k + 1) if 0 <= j < len(pieces) and a in (pieces[j][2], pieces[j][3])]
        choices.append([k, *beside])
    return list(itertools.islice(itertools.product(*choices), SIDES))


def differentiable(system: PiecewiseLinear, region: tuple[int, ...], h: Sequence[Any], period: int = 1) -> bool:
    """Whether the regions that meet at a point have one Jacobian: a unit at its kink may have no weights."""
    first = jacobian(system, region, period)
    return all(jacobian(system, other, period) == first for other in meeting(system, region, h))


def _multipliers(J: Any) -> tuple[complex, ...]:
    return eigenvalues([[float(fraction(v)) for v in row] for row in J.tolist()])


def eigenvalues(table: Any) -> tuple[complex, ...]:
    values = np.linalg.eigvals(np.array(table, dtype=float))
    return tuple(sorted((complex(v) for v in values), key=lambda v: (-round(abs(v), 12), -v.real, -v.imag)))


def _entries(column: Any, exact: bool) -> str:
    shown = [str(v) if exact and len(str(v)) <= 12 else f"{float(v):.10g}" for v in column]
    if len(shown) > 8:
        shown = [*shown[:6], "...", shown[-1]]
    return "(" + ", ".join(shown) + ")"


@dataclass(frozen=True)
class AffineFace:
    """A whole polyhedron of fixed points in a singular region: point + directions lambda, under `conditions`.

    A line attractor is a face of dimension 1 with `attracting` True: every multiplier but the 1 along the face is inside
    the unit circle.
    """

    region: tuple[int, ...]
    kinks: tuple[int, ...]
    period: int = 1
    _face: Face | None = field(default=None, repr=False)
    _system: PiecewiseLinear | None = field(default=None, repr=False, compare=False)

    @property
    def dimension(self) -> int:
        assert self._face is not None
        return self._face.dimension

    @cached_property
    def point(self) -> Any:
        """A point inside the face."""
        assert self._face is not None
        return sp.ImmutableMatrix([[_rational(v)] for v in self._face.base])

    @cached_property
    def directions(self) -> Any:
        """The directions as columns."""
        assert self._face is not None
        return sp.ImmutableMatrix([[_rational(v) for v in column] for column in self._face.directions]).T

    @cached_property
    def conditions(self) -> Any:
        """What lambda_1, ... must satisfy, as a SymPy Boolean."""
        assert self._face is not None
        symbols = sp.symbols(f"lambda_1:{self.dimension + 1}", real=True)
        parts = []
        for row, right in self._face.inequalities:
            parts.append(sp.Le(sum(_rational(g) * s for g, s in zip(row, symbols, strict=True)), _rational(right)))
        return sp.And(*parts)

    def contains(self, point: Any) -> bool:
        """Whether an exact point lies on the face."""
        assert self._face is not None
        return on_face(self._face, [flint.fmpq(int(v.p), int(v.q)) for v in sp.Matrix(point)])

    @cached_property
    def attracting(self) -> bool | None:
        """Whether every multiplier across the face is inside the unit circle; None if one more has modulus 1."""
        if self._system is None or self._face is None:
            return None
        if self.kinks and not differentiable(self._system, self.region, self._face.base, self.period):
            return None
        p = jacobian(self._system, self.region, self.period).charpoly()
        for _ in range(self.dimension):
            p, rest = divmod(p, flint.fmpq_poly([-1, 1]))
            if rest != 0:
                return None
        return schur_rational(p)

    def __str__(self) -> str:
        kind = {1: "line", 2: "plane"}.get(self.dimension, f"{self.dimension}-dimensional face")
        verdict = {True: ", attracting", False: ", unstable across", None: ""}[self.attracting]
        return (
            f"{kind} {_entries(self.point, True)} + {self.directions.T.tolist()} * lambda, {self.conditions}{verdict}"
        )


def _rational(value: Any) -> Any:
    return sp.Rational(int(value.p), int(value.q))


@dataclass(frozen=True)
class FixedPointSet:
    """What a search found: isolated points, faces of fixed points, boxes left undecided, and whether that is all.

    complete:  no fixed point (in `box`, if one was given) is missing from points and faces; proved.
    undecided: boxes of states that may hold fixed points: clusters at a fold or pitchfork, and what a stopped search had
               still to look at.
    open:      how many boxes or branches were not looked at.
    status:    "derived" where the answers are exact, "proved" where they are enclosed.
    results:   of a cell with symbols: for each region the point where I - J is invertible, and for each stratum where it is
               singular the states that are fixed there (`continua`), each with its conditions; the union is all.
    """

    points: tuple[FixedPoint, ...]
    faces: tuple[AffineFace, ...] = ()
    undecided: tuple[Box, ...] = ()
    complete: bool = True
    open: int = 0
    box: Box | None = None
    period: int = 1
    cell: str = ""
    treated: int = 0
    results: tuple[Result, ...] = ()
    status: str = "derived"

    @cached_property
    def index_sum(self) -> int | None:
        """The sum of sgn det(I - J) over the points; 1 where a bounded map has only regular fixed points. None if unknown."""
        if self.faces or self.undecided or not self.complete or self.results or self.period != 1:
            return None
        indices = [p.index for p in self.points]
        return None if any(i is None for i in indices) else sum(i for i in indices if i is not None)

    @property
    def continua(self) -> tuple[Result, ...]:
        """Of a cell with symbols: the results with entries of h_star that are free, whole faces of fixed points."""
        return tuple(r for r in self.results if len(r.where) < r.rhs.rows)

    @property
    def stable(self) -> tuple[FixedPoint, ...]:
        """The points that certainly are stable."""
        return tuple(p for p in self.points if p.stable)

    def __iter__(self) -> Iterator[FixedPoint]:
        return iter(self.points)

    def __len__(self) -> int:
        return len(self.points)

    def __getitem__(self, k: Any) -> Any:
        return self.points[k]

    def __str__(self) -> str:
        what = "fixed point" if self.period == 1 else "cycle"
        count = f"{len(self.points)} {what}{'' if len(self.points) == 1 else 's'}"
        count += "" if self.period == 1 else f" of period {self.period}"
        if self.results:
            lines = [f"{len(self.results)} branches of {self.cell}"]
            for r in self.results:
                put = dict(r.where)
                column = [put.get(s, s) for s in r.rhs]
                lines.append(f"  {r.given}: {column}{', a continuum' if r in self.continua else ''}")
            return "\n".join(lines)
        if self.complete:
            whole = "complete" + ("" if self.box is None else " in the box")
        else:
            whole = f"not complete: {len(self.undecided)} boxes undecided, {self.open} not looked at"
        lines = [f"{count} of {self.cell}, {self.status}, {whole}"]
        lines += [f"  {p}" for p in self.points[:12]]
        if len(self.points) > 12:
            lines.append(f"  ... and {len(self.points) - 12} more")
        lines += [f"  {f}" for f in self.faces[:6]]
        if len(self.faces) > 6:
            lines.append(f"  ... and {len(self.faces) - 6} more faces")
        for box in self.undecided[:6]:
            sides = [f"[{float(a):.6g}, {float(b):.6g}]" for a, b in box]
            lines.append("  undecided in " + " x ".join(sides if len(sides) <= 4 else [*sides[:3], "..."]))
        return "\n".join(lines)

    def __repr__(self) -> str:
        return f"<FixedPointSet: {str(self).splitlines()[0]}>"

    def _repr_markdown_(self) -> str:
        """In a notebook: the branches as formulas; points as they are printed."""
        head, _, rest = str(self).partition("\n")
        if self.results:
            return "\n\n".join([head, *(r._repr_latex_() for r in self.results)])
        return f"{head}\n\n```text\n{rest}\n```" if rest else head


def exact(values: tuple[Any, ...]) -> tuple[Fraction, ...]:
    """fmpq as Fractions."""
    return tuple(fraction(v) for v in values)
