"""The record of a report: what a model answered, and the files it is written to."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rnnsym.latex import Notation
from rnnsym.latex.mathml import MISSING as NO_MATHML
from rnnsym.latex.mathml import has_mathml
from rnnsym.report.data import to_json
from rnnsym.report.figures import drawn, planned
from rnnsym.report.files import write_files
from rnnsym.report.html import to_html
from rnnsym.report.markdown import to_markdown
from rnnsym.report.parts import Figure, Section
from rnnsym.report.pdf import MISSING as NO_PDF
from rnnsym.report.pdf import pdf_engine, to_pdf
from rnnsym.report.tex import to_tex
from rnnsym.result import Check, Result, SpecError

VERDICTS = ("verified", "refuted", "undecided", "limit")


@dataclass(frozen=True)
class Report:
    """What a model answered: title, model, sections; written by `to_tex`, `to_markdown` and `write`.

    pictures: the names of its pictures; they are drawn when it is written.
    left_out: what is missing besides what the sections say, in sentences without their point.
    """

    title: str
    model: Any
    sections: tuple[Section, ...]
    seed: int = 0
    notation: Notation = Notation.default
    pictures: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()

    @property
    def checks(self) -> tuple[tuple[Result, Check], ...]:
        """Every claim with its check, in order."""
        pairs = [(r, c) for s in self.sections for r, c in zip(s.results, s.checks, strict=True)]
        return tuple((r, c) for r, c in pairs if c is not None)

    @property
    def verdict(self) -> str:
        """refuted if any claim is; else limit, undecided (a claim on which nothing could be tried), or verified."""
        if any(c.verdict == "refuted" for _, c in self.checks):
            return "refuted"
        if any(s.limited for s in self.sections):
            return "limit"
        return "verified" if self.checks and all(c for _, c in self.checks) else "undecided"

    def to_tex(self, figures: Sequence[Figure] = ()) -> str:
        """The report as a LaTeX document that pdflatex compiles as it stands, beside the files of its figures."""
        return to_tex(self, figures)

    def to_markdown(self, figures: Sequence[Figure] = ()) -> str:
        """The report in GitHub's Markdown, displays between double dollars."""
        return to_markdown(self, figures)

    def to_html(self, figures: Sequence[Figure] = ()) -> str:
        """The report as one HTML file, mathematics as MathML, pictures inside (extra `html`)."""
        return to_html(self, figures)

    def to_pdf(self, figures: Sequence[Figure] = ()) -> bytes:
        """The report as a PDF file, by pdflatex, or by Typst (extra `pdf`) where there is no TeX."""
        return to_pdf(self, figures)

    def to_json(self) -> str:
        """The report as JSON; `rnnsym.report.data` has the schema."""
        return to_json(self)

    def write(self, path: str | Path, force: bool = False, formats: Sequence[str] = ("tex", "md")) -> tuple[Path, ...]:
        """Writes one file for a path with an ending (one of FORMATS), else one for each format, and the pictures beside; all
        or none. The value is every path written, documents first."""
        documents: dict[Path, str | bytes] = {}
        pictures: dict[Path, bytes] = {}
        for target in targets(path, formats):
            kind = FORMATS[target.suffix[1:]]
            found, figures = self, []
            for figure, place in planned(self.pictures if kind.picture else (), target, kind.picture):
                content, reason = drawn(figure.name, self.model, kind.picture)
                if content is None:
                    found = replace(found, left_out=(*found.left_out, reason))
                else:
                    figures.append(replace(figure, content=content))
                    if kind.beside:
                        pictures[place] = content
            documents[target] = kind.write(found, figures)
        write_files({**documents, **pictures}, force=force)
        return (*documents, *pictures)


@dataclass(frozen=True)
class Format:
    """A format of a report: how it is written, the format of its pictures, and whether they are files beside it.

    A format that holds its pictures inside, as HTML in base64, takes them from `Figure.content`. picture "": it has none.
    missing: what is needed to write it and is not there, or "".
    """

    write: Callable[[Report, Sequence[Figure]], str | bytes]
    picture: str
    beside: bool = True
    missing: Callable[[], str] = str


def _no_mathml() -> str:
    return "" if has_mathml() else NO_MATHML


def _no_pdf() -> str:
    return "" if pdf_engine() is not None else NO_PDF


FORMATS: Mapping[str, Format] = {
    "tex": Format(to_tex, "pdf"), "md": Format(to_markdown, "png"), "html": Format(to_html, "png", False, _no_mathml),
    "pdf": Format(to_pdf, "pdf", False, _no_pdf), "json": Format(to_json, "", False),
}  # fmt: skip


def targets(path: str | Path, formats: Sequence[str] = ("tex", "md")) -> tuple[Path, ...]:
    """The documents that a report path stands for.

    >>> [str(p) for p in targets("paper")]
    ['paper.tex', 'paper.md']
    """
    path = Path(path)
    for kind in (path.suffix[1:],) if path.suffix else formats:
        if kind not in FORMATS:
            raise SpecError(f"a report cannot be written as {kind!r}; known: {', '.join('.' + f for f in FORMATS)}")
        if missing := FORMATS[kind].missing():
            raise SpecError(missing)
    return (path,) if path.suffix else tuple(path.with_name(f"{path.name}.{kind}") for kind in formats)


def all_targets(path: str | Path, formats: Sequence[str], pictures: Sequence[str]) -> tuple[Path, ...]:
    """The documents and their pictures."""
    documents = targets(path, formats)
    found = list(documents)
    for document in documents:
        kind = FORMATS[document.suffix[1:]]
        found += [place for _, place in planned(pictures, document, kind.picture)] if kind.beside else []
    return tuple(found)
