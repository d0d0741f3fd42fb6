"""The parts of a report: sections, tables of what a search found, and pictures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from rnnsym.analysis.search import FixedPointSet
from rnnsym.questions import Question
from rnnsym.result import Check, Result

ROWS = 60  # of a table; the rest is counted


@dataclass(frozen=True)
class Table:
    """What a search found, as plain text: a sentence, and rows under headings; `data` is the same for JSON."""

    text: str
    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    data: Mapping[str, Any] = field(default_factory=dict, compare=False)


@dataclass(frozen=True)
class Figure:
    """A picture: the question in whose section it stands, its name, its caption, the file it is in, and its bytes."""

    question: str
    name: str
    caption: str
    file: str
    content: bytes = field(default=b"", repr=False)


@dataclass(frozen=True)
class Section:
    """A question and its answer: results with their checks (None for a definition), or why there are none.

    skipped: why there is no answer, or what of it is missing; limited: whether a limit is the reason.
    """

    question: Question
    results: tuple[Result, ...] = ()
    checks: tuple[Check | None, ...] = ()
    skipped: str = ""
    limited: bool = False
    tables: tuple[Table, ...] = ()


# Fixed points


def fixed_point_table(found: FixedPointSet) -> Table:
    """The points of a search, each with its enclosure, stability, largest multiplier and index."""
    rows = [
        (_point(p), _within(p), _stability(p), f"{abs(p.multipliers[0]):.6g}" if p.multipliers else "-",
         "-" if p.index is None else str(p.index))
        for p in found.points[:ROWS]
    ]  # fmt: skip
    lines = [_sentence(found)]
    if len(found.points) > ROWS:
        lines.append(f"The first {ROWS} are listed.")
    lines += [f"A whole face of fixed points: {face}." for face in found.faces[:6]]
    return Table(
        " ".join(lines), ("point", "within", "stability", "largest multiplier", "index"), tuple(rows), data(found)
    )


def _sentence(found: FixedPointSet) -> str:
    count = len(found.points)
    verdict = (
        "complete"
        if found.complete
        else f"not complete, {len(found.undecided)} boxes undecided, {found.open} not looked at"
    )
    index = "" if found.index_sum is None else f", index sum {found.index_sum}"
    return f"At zero input: {count} fixed point{'' if count == 1 else 's'}, {found.status}, {verdict}{index}."


def _point(point: Any) -> str:
    values = [str(v) if point.is_exact and len(str(v)) <= 12 else f"{float(v):.10g}" for v in point.midpoint]
    return "(" + ", ".join(values if len(values) <= 8 else [*values[:6], "...", values[-1]]) + ")"


def _within(point: Any) -> str:
    return "exact" if point.is_exact else f"{float(max(point.radius)):.1g}"


def _stability(point: Any) -> str:
    if point.kinks:
        return f"on a kink of unit {', '.join(str(k + 1) for k in point.kinks)}"
    if point.stable is None:
        return "marginal" if point.is_exact else "undecided"
    return "stable" if point.stable else "unstable"


def data(found: FixedPointSet) -> dict[str, Any]:
    """A FixedPointSet for JSON; the ends of enclosures are exact rationals in text."""
    points = [
        {
            "point": [float(v) for v in p.midpoint],
            "enclosure": [[str(low), str(high)] for low, high in p.enclosure],
            "exact": p.is_exact, "status": p.status, "stable": p.stable, "index": p.index,
            "multipliers": [[v.real, v.imag] for v in p.multipliers],
        }
        for p in found.points
    ]  # fmt: skip
    return {
        "cell": found.cell, "status": found.status, "complete": found.complete, "index_sum": found.index_sum, "points": points,
        "faces": [str(face) for face in found.faces],
        "undecided": [[[str(low), str(high)] for low, high in box] for box in found.undecided], "open": found.open,
    }  # fmt: skip
