"""A report in Typst's markup, from which `pdf` makes a file where there is no TeX: the same content as `to_tex`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from rnnsym.latex import CONVENTION, Notation, page
from rnnsym.latex.typst import string, typst
from rnnsym.report.layout import (
    HEADINGS,
    METHOD,
    heading,
    left_out,
    numbered,
    pieces,
    placed,
    reference,
    row,
    sources,
    summary,
    symbols,
    trouble,
)  # fmt: skip
from rnnsym.report.parts import Figure, Table

if TYPE_CHECKING:
    from rnnsym.report.record import Report

HEAD = """
#set page(paper: "a4", margin: (x: 2.6cm, y: 2.6cm), numbering: "1")
#set text(font: "New Computer Modern", size: 10pt, lang: "en")
#set par(justify: true)
#set heading(numbering: "1")
#show heading.where(level: 2): set heading(numbering: none)
#show heading.where(level: 2): set text(size: 10pt)
#show math.equation.where(block: true): set block(breakable: true)
#set table(stroke: none, inset: (x: 5pt, y: 3pt))
#show table.cell.where(y: 0): strong
#show table: set par(justify: false)
"""


def to_typst(found: Report, figures: Sequence[Figure] = ()) -> str:
    """The report as a Typst document; equation numbers and labels are those of `to_tex`."""
    inside, others = placed(found, figures)
    sections = list(numbered(found))
    lines = [f"#set document(title: {string(found.title)}, date: none)", HEAD]
    lines += [f"#align(center, text(size: 17pt, {string(found.title)}))", ""]
    lines += [f"#align(center, {string(f'{found.verdict}: {summary(found)}')})", ""]
    macros = found.notation.definitions
    if known := symbols(found):
        cells = [(f"${typst(tex, macros=macros)}$", words(role), f"${typst(size)}$") for tex, role, size in known]
        lines += [f"#align(center)[{table(('symbol', 'what it is', 'size'), cells)}]", ""]
    lines += [_with_formulas(CONVENTION), ""]
    for section, equations in sections:
        lines += [f"= #{string(section.question.title)}", f"#block(sticky: true)[{words(section.question.intro)}]", ""]
        keys = {s.key: s for e in equations for s in e.result.source}
        if keys and section is found.sections[0]:
            lines += [words(f"Source: {', '.join(f'[{key}]' for key in keys)}."), ""]
        for e in equations:
            if e.check is not None:
                lines += [f"== {_titled(heading(e.result), found.notation)}", ""]
            formula = typst(
                page(e.result, env="display", steps=True, where=e.where, notation=found.notation), macros=macros
            )
            lines += [f'#math.equation(block: true, numbering: _ => "({e.number})", $ {formula} $) <{e.label}>', ""]
        for made in section.tables:
            lines += _table(made)
        for figure in inside.get(section.question.name, ()):
            lines += _figure(figure)
    if others:
        lines += ["= Pictures", ""]
        for figure in others:
            lines += _figure(figure)
    rows = [(e, e.check) for _, equations in sections for e in equations if e.check is not None]
    if rows:
        claims = [
            (f"#link(<{e.label}>)[({e.number})] {_titled(e.result.name, found.notation)}", *map(words, row(check)))
            for e, check in rows
        ]
        lines += ["= Verification", words(METHOD), ""]
        lines += [table(HEADINGS, claims, columns="(1fr, auto, auto, auto, auto, auto)", right=range(1, 5)), ""]
    for e, check in rows:
        if not check and (text := trouble(check)):
            lines += [f"*{words(check.verdict)}:* ({e.number}) {words(text)}", ""]
    if missing := left_out(found):
        lines += ["= Left out", *(f"- {words(text)}." for text in missing), ""]
    if cited := sources(found):
        lines += ["= References", *(f"- [{words(s.key)}] {words('. '.join(reference(s)))}." for s in cited), ""]
    return "\n".join(lines)


def words(text: str) -> str:
    """Text as it stands: a string, in which nothing is markup."""
    return f"#{string(text)}" if text else ""


def _titled(text: str, notation: Notation) -> str:
    """Text with the names in it as formulas."""
    found = [
        f"${typst(notation.symbol(p), macros=notation.definitions)}$" if name else words(p) for name, p in pieces(text)
    ]
    return "".join(found)


def table(
    headings: Sequence[str], rows: Iterable[Sequence[str]], *, columns: str = "", right: Sequence[int] = ()
) -> str:
    """A table that may go over a page; its cells are markup."""
    aligned = ", ".join("right" if k in right else "left" for k in range(len(headings)))
    head = ", ".join(f"[{words(h)}]" for h in headings)
    lines = [
        f"#table(columns: {columns or len(headings)}, align: ({aligned},), table.header({head}), table.hline(stroke: 0.5pt),"
    ]
    lines += ["  " + ", ".join(f"[{cell}]" for cell in cells) + "," for cells in rows]
    return "\n".join([*lines, ")"])


def _with_formulas(text: str) -> str:
    parts = enumerate(text.split("$"))
    return "".join(f"${typst(part)}$" if k % 2 else words(part) for k, part in parts if part)


def _table(made: Table) -> list[str]:
    lines = [words(made.text), ""]
    return [*lines, table(made.headings, [list(map(words, cells)) for cells in made.rows]), ""] if made.rows else lines


def _figure(figure: Figure) -> list[str]:
    caption = words(f"{figure.caption}.")
    picture = f"image({string(figure.file)}, width: 62%, alt: {string(figure.caption)})"
    return [f"#figure({picture}, caption: [{caption}]) <fig:{figure.name}>", ""]
