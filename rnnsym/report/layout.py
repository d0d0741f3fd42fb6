"""What every format of a report has in common: numbers and labels, symbols, the verification table, sources.

The formats walk over a report in the same order, so that equation (3) is the same in all of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import sympy as sp

from rnnsym.latex import expression
from rnnsym.questions import is_definition
from rnnsym.report.parts import Figure, Section
from rnnsym.result import Check, Result, Source

if TYPE_CHECKING:
    from rnnsym.report.record import Report


@dataclass(frozen=True)
class Equation:
    """A numbered claim of the document."""

    number: int
    label: str
    result: Result
    check: Check | None
    where: bool


def numbered(found: Report) -> Iterator[tuple[Section, list[Equation]]]:
    """The sections that have results, their equations numbered and labelled, definitions that stand above left out."""
    number = 0
    labels: set[str] = set()
    defined: set[tuple[Any, Any]] = set()
    for section in found.sections:
        equations = []
        for result, check in zip(section.results, section.checks, strict=True):
            number += 1
            short = result.name.replace(f" of {getattr(found.model, 'name', '')}", "").replace(" with respect to", "")
            slug = re.sub(r"[^a-z0-9]+", "-", f"{section.question.name} {short}".lower()).strip("-")
            slug = re.sub(rf"^({re.escape(section.question.name)})-\1\b", r"\1", slug)
            label = f"eq:{slug}" if f"eq:{slug}" not in labels else f"eq:{slug}-{number}"
            labels.add(label)
            if is_definition(result):
                table = isinstance(result.lhs, sp.MatrixBase)
                defined.update(zip(result.lhs, result.rhs, strict=True) if table else [(result.lhs, result.rhs)])
            needed = not set(result.where) <= defined
            equations.append(Equation(number, label, result, check, needed))
        if equations or section.tables:
            yield section, equations


def placed(found: Report, figures: Sequence[Figure]) -> tuple[dict[str, list[Figure]], list[Figure]]:
    """The figures of each section that has results, by its question, and those whose section is not there."""
    there = {s.question.name for s in found.sections if s.results}
    inside: dict[str, list[Figure]] = {}
    for figure in figures:
        if figure.question in there:
            inside.setdefault(figure.question, []).append(figure)
    return inside, [f for f in figures if f.question not in there]


def left_out(found: Report) -> list[str]:
    """What is missing, in sentences without their point; questions with the same reason together."""
    reasons: dict[str, list[str]] = {}
    for section in found.sections:
        if section.skipped:
            reasons.setdefault(section.skipped, []).append(section.question.title)
    return [f"{', '.join(titles)}: {reason}" for reason, titles in reasons.items()] + list(found.left_out)


def symbols(found: Report) -> list[tuple[str, str, str]]:
    """(symbol in LaTeX, role, size in LaTeX) of every array of the model and of its general form."""
    arrays = getattr(found.model, "arrays", ())
    roles = {"state": "previous state", "next": "new state", "intermediate": "named quantity"}
    rows = []
    for array in arrays:
        shape = array.value.shape
        symbol = sp.MatrixSymbol(array.name, *shape)
        size = rf"{expression(shape[0])} \times {expression(shape[1])}" if shape[1] != 1 else expression(shape[0])
        tex = expression(symbol, arrays=[replace(array, value=symbol)], notation=found.notation)
        rows.append((tex, roles.get(array.role, array.role), size))
    return rows


def sources(found: Report) -> list[Source]:
    every = {s.key: s for section in found.sections for r in section.results for s in r.source}
    return [every[key] for key in sorted(every)]


def row(check: Check) -> tuple[str, str, str, str, str]:
    """Draws, sizes, worst error, seed and verdict of a check, as text."""
    draws = f"{check.trials}" + (f" ({check.skipped} skipped)" if check.skipped else "")
    sizes = ", ".join(map(str, check.dims)) if check.dims else "as given"
    error = f"{check.max_error:.1g}" if check.trials else "none"
    return draws, sizes, error, str(check.seed), check.verdict


HEADINGS = ("claim", "draws", "sizes n", "worst error", "seed", "verdict")
METHOD = (
    "Both sides of every claim, and every step of its derivation, are evaluated at random draws that meet its "
    "hypotheses, and compared. The left side is evaluated by its definition, which does not use the closed form."
)


def reference(source: Source) -> list[str]:
    """The parts of a bibliography entry: authors, title, year, place to find it."""
    found = f"doi:{source.doi}" if source.doi else f"arXiv:{source.arxiv}" if source.arxiv else ""
    authors = source.authors.replace(" and ", "; ").rstrip(".")
    return [part for part in (authors, source.title.rstrip("."), str(source.year or ""), found) if part]


def heading(result: Result) -> str:
    status = "" if result.status in ("derived", "proved") else f" ({result.status})"
    return result.name[:1].upper() + result.name[1:] + status + "."


def trouble(check: Check) -> str:
    """What a check that is not true has to say."""
    return " ".join(str(check).split("\n", 1)[-1].split()) if check.verdict == "refuted" else check.part
