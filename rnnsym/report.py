"""Documents: every question that applies to a model, derived, verified and written as .tex and .md.

`report` asks and checks; a Report holds what came out; `to_tex` and `to_markdown` walk over it in the same order, so
that equation (3) is the same in both. The bytes depend on the model, the seed and the options only. Files are written
all or none, never over an existing one unless forced. May import: everything but cli. A new section is a line in
`questions`; a new format is a function of a Report and a line in FORMATS.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import sympy as sp

from rnnsym.latex import CONVENTION, Notation, cite, escape, expression, page
from rnnsym.questions import QUESTIONS, Question, answers, is_definition
from rnnsym.questions import question as question_named
from rnnsym.result import Check, LimitReached, Result, RnnsymError, Source, SpecError
from rnnsym.verify import verify

VERDICTS = ("verified", "refuted", "undecided", "limit")


@dataclass(frozen=True)
class Section:
    """A question and its answer: results with their checks (None for a definition), or why there are none."""

    question: Question
    results: tuple[Result, ...] = ()
    checks: tuple[Check | None, ...] = ()
    skipped: str = ""
    limited: bool = False


@dataclass(frozen=True)
class Report:
    """What a model answered: title, model, sections; written by `to_tex`, `to_markdown` and `write`."""

    title: str
    model: Any
    sections: tuple[Section, ...]
    seed: int = 0
    notation: Notation = Notation.default

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

    def to_tex(self) -> str:
        """The report as a LaTeX document that pdflatex compiles as it stands."""
        return to_tex(self)

    def to_markdown(self) -> str:
        """The report in GitHub's Markdown, displays between double dollars."""
        return to_markdown(self)

    def write(self, path: str | Path, force: bool = False, formats: Sequence[str] = ("tex", "md")) -> tuple[Path, ...]:
        """Writes one file for a path that ends in .tex or .md, else one for each format; all or none."""
        paths = targets(path, formats)
        write_files({p: FORMATS[p.suffix[1:]](self) for p in paths}, force=force)
        return paths


def report(
    model: Any,
    path: str | Path | None = None,
    *,
    questions: Iterable[str | Question] | None = None,
    notation: Notation | None = None,
    seed: int = 0,
    trials: int | None = None,
    digits: int | None = None,
    max_ops: int | None = None,
    progress: Callable[[str], None] | None = None,
    force: bool = False,
    formats: Sequence[str] = ("tex", "md"),
) -> Report:
    """Asks a model every question that applies, verifies each answer, and writes the report if a path is given.

    path:      ends in .tex or .md, or neither: then one file for each of `formats`.
    questions: names or Questions; all by default.
    progress:  called with a line of text at each stage.
    Raises: SpecError for an unknown question or format, or a file that exists (unless force), before any work is done.
    """
    say = progress or (lambda stage: None)
    if path is not None:
        refuse_existing(targets(path, formats), force)
    asked = [question_named(q) if isinstance(q, str) else q for q in (QUESTIONS if questions is None else questions)]
    sections = tuple(_section(q, model, say, max_ops, dict(seed=seed, trials=trials, digits=digits)) for q in asked)
    found = Report(_title(model), model, sections, seed, notation or Notation.default)
    if path is not None:
        say("writing")
        found.write(path, force, formats)
    return found


def _section(
    question: Question, model: Any, say: Callable[[str], None], max_ops: int | None, options: Mapping[str, Any]
) -> Section:
    reason = question.applies(model)
    if reason is not None:
        return Section(question, skipped=reason)
    say(f"{question.name}: deriving")
    try:
        results = answers(question, model, max_ops=max_ops)
    except RnnsymError as error:
        return Section(question, skipped=str(error), limited=isinstance(error, LimitReached))
    checks: list[Check | None] = []
    for k, result in enumerate(results, 1):
        if is_definition(result):
            checks.append(None)
        else:
            say(f"{question.name}: verifying {k} of {len(results)}, {result.name}")
            checks.append(checked(result, **options))
    return Section(question, tuple(results), tuple(checks))


def checked(result: Result, **options: Any) -> Check:
    """The check of a result; what cannot be evaluated at all is a check that tried nothing."""
    try:
        return verify(result, **options)
    except RnnsymError as error:
        return Check("nothing tried", 0, 0, float("nan"), None, options.get("seed", 0), part=str(error))


def _title(model: Any) -> str:
    if not getattr(model, "is_explicit", False):
        return f"The {model.name} network"
    outputs = [model.output[0]] if model.output is not None else []
    parts = []
    for symbols, word in ((model.state[-1:], "unit"), (model.input, "input"), (outputs, "output")):
        number = sum(int(s.shape[0]) for s in symbols)
        parts.append(f"{number} {word}{'' if number == 1 else 's'}") if number else None
    return f"The {model.name} network with {', '.join(parts[:-1])}{' and ' if parts[1:] else ''}{parts[-1]}"


# Files


def targets(path: str | Path, formats: Sequence[str] = ("tex", "md")) -> tuple[Path, ...]:
    """The files that a report path stands for.

    >>> [str(p) for p in targets("paper")]
    ['paper.tex', 'paper.md']
    """
    path = Path(path)
    for kind in (path.suffix[1:],) if path.suffix else formats:
        if kind not in FORMATS:
            raise SpecError(f"a report cannot be written as {kind!r}; known: {', '.join('.' + f for f in FORMATS)}")
    return (path,) if path.suffix else tuple(path.with_name(f"{path.name}.{kind}") for kind in formats)


def refuse_existing(paths: Iterable[Path], force: bool) -> None:
    """SpecError for a path that cannot be written: it exists (unless forced), or its folder does not."""
    for path in paths:
        if path.is_dir():
            raise SpecError(f"{path} is a folder; give a file name")
        if not path.parent.is_dir():
            raise SpecError(f"no folder {path.parent} to write {path.name} in; make it first")
        if os.path.lexists(path) and not force:
            raise SpecError(f"{path} exists; use --force (force=True) to overwrite it")
        if path.exists() and not path.is_file():
            raise SpecError(f"{path} is no regular file; give another name")


def write_files(texts: Mapping[Path, str], *, force: bool = False) -> None:
    """Writes every text whole or none at all: to temporary files beside the targets first, then renamed."""
    refuse_existing(texts, force)
    waiting: list[tuple[Path, Path]] = []
    made: list[Path] = []
    try:
        for path, text in texts.items():
            final = Path(os.path.realpath(path)) if force else path
            temporary = final.with_name(f".{final.name}.{os.getpid()}.tmp")
            with open(temporary, "x", encoding="utf-8", newline="\n") as file:
                waiting.append((temporary, final))
                file.write(text)
        for temporary, final in waiting:
            if force:
                os.replace(temporary, final)
            else:
                _take_name(temporary, final)
                made.append(final)
        made.clear()
    except OSError as error:
        raise SpecError(
            f"cannot write {error.filename2 or error.filename}: {error.strerror}; nothing was written"
        ) from error
    finally:
        for leftover in (*(t for t, _ in waiting), *made):
            leftover.unlink(missing_ok=True)


def _take_name(temporary: Path, final: Path) -> None:
    """A rename that fails if the target came into being meanwhile."""
    try:
        os.link(temporary, final)
    except FileExistsError:
        raise
    except OSError:  # a file system without hard links
        refuse_existing([final], force=False)
        os.replace(temporary, final)


# The document, in the order of both formats


@dataclass(frozen=True)
class _Equation:
    """A numbered claim of the document."""

    number: int
    label: str
    result: Result
    check: Check | None
    where: bool


def _numbered(found: Report) -> Iterator[tuple[Section, list[_Equation]]]:
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
            equations.append(_Equation(number, label, result, check, needed))
        if equations:
            yield section, equations


def _symbols(found: Report) -> list[tuple[str, str, str]]:
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


def _sources(found: Report) -> list[Source]:
    every = {s.key: s for section in found.sections for r in section.results for s in r.source}
    return [every[key] for key in sorted(every)]


def _row(check: Check) -> tuple[str, str, str, str, str]:
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


def _reference(source: Source) -> list[str]:
    """The parts of a bibliography entry: authors, title, year, place to find it."""
    found = f"doi:{source.doi}" if source.doi else f"arXiv:{source.arxiv}" if source.arxiv else ""
    authors = source.authors.replace(" and ", "; ").rstrip(".")
    return [part for part in (authors, source.title.rstrip("."), str(source.year or ""), found) if part]


# LaTeX


def to_tex(found: Report) -> str:
    """The report as a LaTeX document; it compiles with pdflatex, amsmath, longtable and hyperref."""
    lines = [
        r"\documentclass{article}",
        r"\usepackage[utf8]{inputenc}",
        r"\usepackage{amsmath,amssymb,longtable}",
        r"\usepackage[hidelinks]{hyperref}",
        r"\allowdisplaybreaks",
        rf"\title{{{escape(found.title)}}}",
        r"\author{}",
        r"\date{}",
        r"\begin{document}",
        r"\maketitle",
        "",
    ]
    if symbols := _symbols(found):
        lines += [r"\begin{center}", r"\begin{tabular}{lll}", r"symbol & what it is & size \\ \hline"]
        lines += [rf"${tex}$ & {role} & ${size}$ \\" for tex, role, size in symbols]
        lines += [r"\end{tabular}", r"\end{center}", ""]
    lines += [CONVENTION, ""]
    labels: dict[int, str] = {}
    for section, equations in _numbered(found):
        lines += [rf"\section{{{escape(section.question.title)}}}", escape(section.question.intro), ""]
        keys = {s.key: s for e in equations for s in e.result.source}
        if keys and section is found.sections[0]:
            lines += ["Source: " + ", ".join(cite(s) for s in keys.values()) + ".", ""]
        for e in equations:
            labels[e.number] = e.label
            if e.check is not None:
                lines += [rf"\paragraph{{{escape(_heading(e.result))}}}"]
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
    rows = [(e, e.check) for _, equations in _numbered(found) for e in equations if e.check is not None]
    if rows:
        lines += [r"\section{Verification}", METHOD, "", r"{\small", r"\begin{longtable}{p{0.27\textwidth}rrrrl}"]
        lines += [" & ".join(HEADINGS) + r" \\ \hline \endhead"]
        for e, check in rows:
            cells = [rf"\eqref{{{e.label}}} {escape(e.result.name)}", *map(escape, _row(check))]
            lines += [" & ".join(cells) + r" \\"]
        lines += [r"\end{longtable}}", ""]
    for e, check in rows:
        if not check and (text := _trouble(check)):
            lines += [rf"\paragraph{{{escape(check.verdict)}:}} \eqref{{{e.label}}} {escape(text)}", ""]
    if skipped := [s for s in found.sections if s.skipped]:
        lines += [r"\section{Left out}", r"\begin{itemize}"]
        lines += [rf"\item {escape(s.question.title)}: {escape(s.skipped)}." for s in skipped]
        lines += [r"\end{itemize}", ""]
    if sources := _sources(found):
        lines += [r"\begin{thebibliography}{99}"]
        for s in sources:
            lines += [rf"\bibitem{{{s.key}}} {'. '.join(escape(p, unicode=True) for p in _reference(s))}."]
        lines += [r"\end{thebibliography}", ""]
    return "\n".join([*lines, r"\end{document}", ""])


def _heading(result: Result) -> str:
    status = "" if result.status in ("derived", "proved") else f" ({result.status})"
    return result.name[:1].upper() + result.name[1:] + status + "."


def _trouble(check: Check) -> str:
    """What a check that is not true has to say."""
    return " ".join(str(check).split("\n", 1)[-1].split()) if check.verdict == "refuted" else check.part


# Markdown


def to_markdown(found: Report) -> str:
    """The report in GitHub's Markdown; equation numbers are those of `to_tex`."""
    lines = [f"# {plain(found.title)}", ""]
    if symbols := _symbols(found):
        lines += ["| symbol | what it is | size |", "|---|---|---|"]
        lines += [f"| ${math(tex)}$ | {role} | ${math(size)}$ |" for tex, role, size in symbols] + [""]
    lines += [CONVENTION, ""]
    numbers: list[tuple[_Equation, Check]] = []
    for section, equations in _numbered(found):
        lines += [f"## {plain(section.question.title)}", ""] + (
            [section.question.intro, ""] if section.question.intro else []
        )
        keys = {s.key: s for e in equations for s in e.result.source}
        if keys and section is found.sections[0]:
            lines += ["Source: " + ", ".join(f"[{plain(key)}]" for key in keys) + ".", ""]
        for e in equations:
            if e.check is not None:
                numbers.append((e, e.check))
                lines += [f"**{plain(_heading(e.result))}**", ""]
            tex = page(e.result, env="display", steps=True, where=e.where, notation=found.notation)
            lines += ["$$", rf"{math(_undollared(tex))} \tag{{{e.number}}}", "$$", ""]
            if e.check is not None:
                lines += [f"Check: {plain(str(e.check).splitlines()[0])}.", ""]
    if numbers:
        lines += ["## Verification", "", METHOD, "", f"| {' | '.join(HEADINGS)} |", "|---|---:|---:|---:|---:|---|"]
        lines += [
            f"| ({e.number}) {plain(e.result.name)} | {' | '.join(map(plain, _row(c)))} |" for e, c in numbers
        ] + [""]
    for e, check in numbers:
        if not check and (text := _trouble(check)):
            lines += [f"**{check.verdict}:** ({e.number}) {plain(text)}", ""]
    if skipped := [s for s in found.sections if s.skipped]:
        lines += ["## Left out", "", *(f"- {plain(s.question.title)}: {plain(s.skipped)}." for s in skipped), ""]
    if sources := _sources(found):
        lines += ["## References", "", *(f"- [{plain(s.key)}] {plain('. '.join(_reference(s)))}." for s in sources), ""]
    return "\n".join(lines)


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


FORMATS: dict[str, Callable[[Report], str]] = {"tex": to_tex, "md": to_markdown}
