"""A report in GitHub's Markdown."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from rnnsym.latex import CONVENTION, page
from rnnsym.report.layout import (
    HEADINGS,
    METHOD,
    Equation,
    heading,
    left_out,
    numbered,
    placed,
    reference,
    row,
    sources,
    symbols,
    trouble,
)  # fmt: skip
from rnnsym.report.parts import Figure, Table
from rnnsym.result import Check

if TYPE_CHECKING:
    from rnnsym.report.record import Report


def to_markdown(found: Report, figures: Sequence[Figure] = ()) -> str:
    """The report in GitHub's Markdown; equation numbers are those of `to_tex`."""
    inside, others = placed(found, figures)
    lines = [f"# {plain(found.title)}", ""]
    if known := symbols(found):
        lines += ["| symbol | what it is | size |", "|---|---|---|"]
        lines += [f"| ${math(tex)}$ | {role} | ${math(size)}$ |" for tex, role, size in known] + [""]
    lines += [CONVENTION, ""]
    numbers: list[tuple[Equation, Check]] = []
    for section, equations in numbered(found):
        lines += [f"## {plain(section.question.title)}", ""] + (
            [section.question.intro, ""] if section.question.intro else []
        )
        keys = {s.key: s for e in equations for s in e.result.source}
        if keys and section is found.sections[0]:
            lines += ["Source: " + ", ".join(f"[{plain(key)}]" for key in keys) + ".", ""]
        for e in equations:
            if e.check is not None:
                numbers.append((e, e.check))
                lines += [f"**{plain(heading(e.result))}**", ""]
            tex = page(e.result, env="display", steps=True, where=e.where, notation=found.notation)
            lines += ["$$", rf"{math(_undollared(tex))} \tag{{{e.number}}}", "$$", ""]
            if e.check is not None:
                lines += [f"Check: {plain(str(e.check).splitlines()[0])}.", ""]
        for table in section.tables:
            lines += _table(table)
        for figure in inside.get(section.question.name, ()):
            lines += _figure(figure)
    if others:
        lines += ["## Pictures", ""]
        for figure in others:
            lines += _figure(figure)
    if numbers:
        lines += ["## Verification", "", METHOD, "", f"| {' | '.join(HEADINGS)} |", "|---|---:|---:|---:|---:|---|"]
        lines += [f"| ({e.number}) {plain(e.result.name)} | {' | '.join(map(plain, row(c)))} |" for e, c in numbers] + [
            ""
        ]
    for e, check in numbers:
        if not check and (text := trouble(check)):
            lines += [f"**{check.verdict}:** ({e.number}) {plain(text)}", ""]
    if missing := left_out(found):
        lines += ["## Left out", "", *(f"- {plain(text)}." for text in missing), ""]
    if cited := sources(found):
        lines += ["## References", "", *(f"- [{plain(s.key)}] {plain('. '.join(reference(s)))}." for s in cited), ""]
    return "\n".join(lines)


def _figure(figure: Figure) -> list[str]:
    return [f"![{plain(figure.caption)}]({figure.file})", "", f"*{plain(figure.caption)}.*", ""]


def _table(table: Table) -> list[str]:
    lines = [plain(table.text), ""]
    if table.rows:
        lines += [f"| {' | '.join(table.headings)} |", "|---" * len(table.headings) + "|"]
        lines += [f"| {' | '.join(map(plain, cells))} |" for cells in table.rows] + [""]
    return lines


def plain(text: str) -> str:
    r"""Text that Markdown shows as it is.

    >>> print(plain("W_h <b> | 2*3"))
    W\_h &lt;b&gt; \| 2\*3
    """
    text = " ".join(text.split()).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return re.sub(r"([\\`*_\[\]|$~#])", r"\\\1", text)


def math(tex: str) -> str:
    """LaTeX between dollars in Markdown: one line, no bare < that could open a tag, no macro that GitHub refuses."""
    tex = " ".join(line for line in tex.split("\n") if not line.startswith("%"))
    tex = re.sub(r"\\operatorname\{([^{}]*)\}", r"\\mathop{\\mathrm{\1}}", tex)
    return tex.replace("<", r"\lt ").replace(">", r"\gt ")


def _undollared(tex: str) -> str:
    return tex.strip().removeprefix("$").removesuffix("$").removeprefix(r"\displaystyle ").strip()
