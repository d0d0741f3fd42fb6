"""The record of a report: what a model answered, and the files it is written to."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rnnsym.latex import Notation
from rnnsym.report.figures import drawn, planned
from rnnsym.report.files import write_files
from rnnsym.report.markdown import to_markdown
from rnnsym.report.parts import Figure, Section
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

    def write(self, path: str | Path, force: bool = False, formats: Sequence[str] = ("tex", "md")) -> tuple[Path, ...]:
        """Writes one file for a path that ends in .tex or .md, else one for each format, and the pictures beside; all
        or none. The value is every path written, documents first."""
        documents: dict[Path, str | bytes] = {}
        pictures: dict[Path, bytes] = {}
        for target in targets(path, formats):
            kind = FORMATS[target.suffix[1:]]
            found, figures = self, []
            for figure, place in planned(self.pictures, target, kind.picture):
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

    A format that holds its pictures inside, as HTML in base64, takes them from `Figure.content`.
    """

    write: Callable[[Report, Sequence[Figure]], str]
    picture: str
    beside: bool = True


FORMATS: Mapping[str, Format] = {"tex": Format(to_tex, "pdf"), "md": Format(to_markdown, "png")}


def targets(path: str | Path, formats: Sequence[str] = ("tex", "md")) -> tuple[Path, ...]:
    """The documents that a report path stands for.

    >>> [str(p) for p in targets("paper")]
    ['paper.tex', 'paper.md']
    """
    path = Path(path)
    for kind in (path.suffix[1:],) if path.suffix else formats:
        if kind not in FORMATS:
            raise SpecError(f"a report cannot be written as {kind!r}; known: {', '.join('.' + f for f in FORMATS)}")
    return (path,) if path.suffix else tuple(path.with_name(f"{path.name}.{kind}") for kind in formats)


def all_targets(path: str | Path, formats: Sequence[str], pictures: Sequence[str]) -> tuple[Path, ...]:
    """The documents and their pictures."""
    documents = targets(path, formats)
    found = list(documents)
    for document in documents:
        kind = FORMATS[document.suffix[1:]]
        found += [place for _, place in planned(pictures, document, kind.picture)] if kind.beside else []
    return tuple(found)
