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


def address(source: Source) -> str:
    """Where a source is on the web, if it says so."""
    if source.doi:
        return f"https://doi.org/{source.doi}"
    return f"https://arxiv.org/abs/{source.arxiv}" if source.arxiv else ""


def summary(found: Report) -> str:
    """How many claims agree, in words after the verdict."""
    return f"{sum(bool(c) for _, c in found.checks)} of {len(found.checks)} claims agree, seed {found.seed}"


def heading(result: Result) -> str:
    status = "" if result.status in ("derived", "proved") else f" ({result.status})"
    return result.name[:1].upper() + result.name[1:] + status + "."


def pieces(text: str) -> Iterator[tuple[bool, str]]:
    """Words in which names such as W_h stand: (whether it is a name, the piece) in turn.

    >>> list(pieces("Jacobian with respect to W_h."))
    [(False, 'Jacobian with respect to '), (True, 'W_h'), (False, '.')]
    """
    for k, piece in enumerate(re.split(r"(?<![\w\\])([A-Za-z]+(?:_[A-Za-z0-9]+)+)(?![\w(])", text)):
        if piece:
            yield bool(k % 2), piece


def trouble(check: Check) -> str:
    """What a check that is not true has to say."""
    return " ".join(str(check).split("\n", 1)[-1].split()) if check.verdict == "refuted" else check.part


def title(model: Any) -> str:
    """What a document about a model is called."""
    name = str(model.name)
    if not hasattr(model, "equations"):
        sizes = [(model.n, "state"), (model.m, "input"), (model.p, "output")]
        return f"The linear system with {_counted(sizes)}"
    if not model.is_explicit:
        return f"The {name} network"
    outputs = [model.output[0]] if model.output is not None else []
    groups = ((model.state[-1:], "unit"), (model.input, "input"), (outputs, "output"))
    sizes = [(sum(int(s.shape[0]) for s in symbols), word) for symbols, word in groups]
    return f"The {name} network with {_counted(sizes)}"


def _counted(sizes: Sequence[tuple[int, str]]) -> str:
    parts = [f"{number} {word}{'' if number == 1 else 's'}" for number, word in sizes if number]
    return f"{', '.join(parts[:-1])}{' and ' if parts[1:] else ''}{parts[-1]}" if parts else "nothing in it"
