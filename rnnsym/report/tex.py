"""A report as a LaTeX document."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rnnsym.latex import CONVENTION, Notation, citation_key, cite, escape, page
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
    symbols,
    trouble,
)  # fmt: skip
from rnnsym.report.parts import Figure, Table

if TYPE_CHECKING:
    from rnnsym.report.record import Report


def to_tex(found: Report, figures: Sequence[Figure] = ()) -> str:
    """The report as a LaTeX document; it compiles with pdflatex, amsmath, longtable, hyperref, and graphicx for figures."""
    inside, others = placed(found, figures)
    lines = [
        r"\documentclass{article}",
        r"\usepackage[utf8]{inputenc}",
        r"\usepackage{amsmath,amssymb,longtable}",
        *([r"\usepackage{graphicx}"] if figures else []),
        r"\usepackage[hidelinks]{hyperref}",
        *found.notation.preamble.splitlines(),
        r"\allowdisplaybreaks",
        rf"\title{{{escape(found.title)}}}",
        r"\author{}",
        r"\date{}",
        r"\begin{document}",
        r"\maketitle",
        "",
    ]
    if known := symbols(found):
        lines += [r"\begin{center}", r"\begin{tabular}{lll}", r"symbol & what it is & size \\ \hline"]
        lines += [rf"${tex}$ & {role} & ${size}$ \\" for tex, role, size in known]
        lines += [r"\end{tabular}", r"\end{center}", ""]
    lines += [CONVENTION, ""]
    labels: dict[int, str] = {}
    for section, equations in numbered(found):
        lines += [rf"\section{{{escape(section.question.title)}}}", escape(section.question.intro), ""]
        keys = {s.key: s for e in equations for s in e.result.source}
        if keys and section is found.sections[0]:
            lines += ["Source: " + ", ".join(cite(s) for s in keys.values()) + ".", ""]
        for e in equations:
            labels[e.number] = e.label
            if e.check is not None:
                lines += [rf"\paragraph{{{_titled(heading(e.result), found.notation)}}}"]
            tex = page(
                e.result,
                env="align",
                label=e.label,
                steps=True,
                where=e.where,
                notation=found.notation,
                comment=e.check,
            )
            lines += [tex, ""]
        for table in section.tables:
            lines += _table(table)
        for figure in inside.get(section.question.name, ()):
            lines += _figure(figure)
    if others:
        lines += [r"\section{Pictures}"]
        for figure in others:
            lines += _figure(figure)
    rows = [(e, e.check) for _, equations in numbered(found) for e in equations if e.check is not None]
    if rows:
        lines += [r"\section{Verification}", METHOD, "", r"{\small", r"\begin{longtable}{@{}p{0.26\textwidth}rrrrl@{}}"]
        lines += [" & ".join(HEADINGS) + r" \\ \hline \noalign{\vskip 3pt} \endhead"]
        for e, check in rows:
            cells = [rf"\eqref{{{e.label}}} {_titled(e.result.name, found.notation)}", *map(escape, row(check))]
            lines += [" & ".join(cells) + r" \\"]
        lines += [r"\end{longtable}}", ""]
    for e, check in rows:
        if not check and (text := trouble(check)):
            lines += [rf"\paragraph{{{escape(check.verdict)}:}} \eqref{{{e.label}}} {escape(text)}", ""]
    if missing := left_out(found):
        lines += [r"\section{Left out}", r"\begin{itemize}"]
        lines += [rf"\item {escape(text)}." for text in missing]
        lines += [r"\end{itemize}", ""]
    if cited := sources(found):
        lines += [r"\begin{thebibliography}{99}", r"\raggedright"]
        for s in cited:
            lines += [rf"\bibitem{{{citation_key(s)}}} {'. '.join(escape(p, unicode=True) for p in reference(s))}."]
        lines += [r"\end{thebibliography}", ""]
    return "\n".join([*lines, r"\end{document}", ""])


def _titled(words: str, notation: Notation) -> str:
    """Text with the names in it as formulas."""
    return "".join(f"${notation.symbol(p)}$" if name else escape(p) for name, p in pieces(words))


def _figure(figure: Figure) -> list[str]:
    return [
        r"\begin{figure}[htbp]", r"\centering", rf"\includegraphics[width=0.62\textwidth]{{{figure.file}}}",
        rf"\caption{{{escape(figure.caption)}.}}", rf"\label{{fig:{figure.name}}}", r"\end{figure}", "",
    ]  # fmt: skip


def _table(table: Table) -> list[str]:
    lines = [escape(table.text), ""]
    if table.rows:
        lines += [
            r"{\small",
            r"\begin{longtable}{@{}p{0.4\textwidth}lllr@{}}",
            " & ".join(table.headings) + r" \\ \hline \noalign{\vskip 3pt} \endhead",
        ]
        lines += [" & ".join(map(escape, cells)) + r" \\" for cells in table.rows]
        lines += [r"\end{longtable}}", ""]
    return lines
