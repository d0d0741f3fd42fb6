"""A card: one screen about a cell, for the terminal, a notebook, or a page of its own.

Its equations, its Jacobian, the bounds under which trajectories come together, its fixed points, what is proved for its
numbers (if it has them), theorems about it by name, and the sources. `card` asks; a Card holds Results and prints them in
three ways: `str`, `_repr_html_` (MathML with the extra `html`), `_repr_markdown_` (dollars).
May import: everything to the left of `cli`. To add a line to the card: an entry of ENTRIES.
"""

from __future__ import annotations

import math
import textwrap
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from html import escape
from pathlib import Path
from typing import Any

import sympy as sp

from rnnsym.analysis.certificates import Certificate, certificates
from rnnsym.latex import page
from rnnsym.latex.mathml import has_mathml
from rnnsym.latex.readable import readable
from rnnsym.questions import answers, as_model, is_definition, question
from rnnsym.report.data import array_data, result_data, source_data
from rnnsym.report.files import refuse_existing, write_files
from rnnsym.report.html import bibliography, display, document, source, table, text
from rnnsym.report.layout import reference, title
from rnnsym.report.markdown import math as mathematics
from rnnsym.report.markdown import plain
from rnnsym.result import Result, RnnsymError, Source, SpecError

WIDTH = 100  # columns of the terminal
LINES = 9  # of one result in the terminal
# heading, question, its options, and how many of its results a card has room for
ENTRIES: tuple[tuple[str, str, dict[str, Any], int], ...] = (
    ("Equations", "equations", {}, 12),
    ("Jacobian", "jacobian", {"wrt": "state"}, 1),
    ("Trajectories come together", "contraction", {}, 2),
    ("Gradients", "gradient-bounds", {}, 1),
    ("Fixed points", "fixed-points", {}, 1),
    ("Theorems", "theorems", {}, 3),
)


@dataclass(frozen=True)
class Card:
    """What a card says: the results under each heading, certificates for numbers, and why a heading is empty."""

    title: str
    model: Any
    entries: tuple[tuple[str, tuple[Result, ...]], ...]
    certified: tuple[Certificate, ...] = ()
    left_out: tuple[str, ...] = ()

    def shown(self) -> Iterator[tuple[str, tuple[Result, ...]]]:
        """The entries; named quantities that the equations of the card define are not said again."""
        defined: set[tuple[Any, Any]] = set()
        for heading, results in self.entries:
            yield heading, tuple(replace(r, where=()) if set(r.where) <= defined else r for r in results)
            for r in results:
                if is_definition(r):
                    whole = isinstance(r.lhs, sp.MatrixBase)
                    defined.update(zip(r.lhs, r.rhs, strict=True) if whole else [(r.lhs, r.rhs)])

    @property
    def sources(self) -> tuple[Source, ...]:
        every = {s.key: s for _, results in self.entries for r in results for s in r.source}
        return tuple(every.values())

    def __str__(self) -> str:
        lines = [self.title]
        for heading, results in self.shown():
            lines += ["", heading]
            for result in results:
                made = _wrapped(result)
                more = f"  {result.name}: {len(made)} lines; see card(...).entries, or rnnsym derive"
                lines += made if len(made) <= LINES else [more]
        if self.certified:
            lines += ["", "Certificates for these numbers"]
            lines += [
                f"  {' '.join(cells)}"
                for cells in _columns([("condition", "holds", "value", "limit", "proved"), *_rows(self.certified)])
            ]
        if self.sources:
            lines += ["", "Sources"]
            lines += [
                line for s in self.sources
                for line in textwrap.wrap(f"[{s.key}] {'. '.join(reference(s))}.", WIDTH, initial_indent="  ", subsequent_indent="    ")
            ]  # fmt: skip
        if self.left_out:
            lines += ["", "Left out"]
            lines += [
                line
                for t in self.left_out
                for line in textwrap.wrap(t, WIDTH, initial_indent="  ", subsequent_indent="    ")
            ]
        return "\n".join(lines)

    def __repr__(self) -> str:
        return f"<Card of {self.title}>"

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text(str(self))

    def to_markdown(self) -> str:
        """The card in Markdown, formulas between double dollars."""
        lines = [f"## {plain(self.title)}", ""]
        for heading, results in self.shown():
            lines += [f"**{plain(heading)}**", ""]
            for result in results:
                lines += [f"$${mathematics(_display(result)).strip('$')}$$", ""]
        if self.certified:
            lines += ["| condition | holds | value | limit | proved |", "|---|---|---:|---:|---|"]
            lines += [f"| {' | '.join(map(plain, cells))} |" for cells in _rows(self.certified)] + [""]
        lines += [f"- [{plain(s.key)}] {plain('. '.join(reference(s)))}." for s in self.sources]
        return "\n".join([*lines, *(f"- {plain(words)}" for words in self.left_out), ""])

    def _repr_markdown_(self) -> str:
        return self.to_markdown()

    def _repr_html_(self) -> str | None:
        """The card for a notebook; None without the extra `html`, so that the notebook takes the Markdown."""
        return "\n".join(["<div>", *self._body(3), "</div>"]) if has_mathml() else None

    def to_html(self) -> str:
        """The card as one HTML file.

        Raises: SpecError without the extra `html`.
        """
        return document(self.title, self._body(1))

    def _body(self, level: int) -> Iterator[str]:
        yield f"<h{level}>{text(self.title)}</h{level}>"
        for heading, results in self.shown():
            yield f"<h{level + 1}>{text(heading)}</h{level + 1}>"
            for result in results:
                yield display(_display(result))
            yield source("\n\n".join(page(r, env="align*") for r in results))
        if self.certified:
            yield f"<h{level + 1}>Certificates for these numbers</h{level + 1}>"
            cells = [[text(c) for c in row] for row in _rows(self.certified)]
            yield table(("condition", "holds", "value", "limit", "proved"), cells, numbers=(2, 3))
        if self.sources:
            yield f"<h{level + 1}>Sources</h{level + 1}>"
            yield bibliography(self.sources)
        for words in self.left_out:
            yield f'<p class="intro">{escape(words, quote=False)}</p>'

    def data(self) -> dict[str, Any]:
        """The card as plain values: results as in `rnnsym.report.data`."""
        names = ("name", "holds", "value", "limit", "slack", "proved", "concerns")
        return {
            "schema": "rnnsym-card", "version": 1, "title": self.title,
            "arrays": [array_data(a) for a in getattr(self.model, "arrays", ())],
            "entries": [{"heading": h, "results": [result_data(r) for r in results]} for h, results in self.entries],
            "certificates": [{name: _finite(getattr(c, name)) for name in names} for c in self.certified],
            "sources": [source_data(s) for s in self.sources], "left_out": list(self.left_out),
        }  # fmt: skip

    def write(self, path: str | Path, force: bool = False) -> None:
        """Writes an .html, .md or .txt file, never over an existing one unless forced."""
        path = Path(path)
        writers: dict[str, Callable[[], str]] = {
            ".html": self.to_html,
            ".md": self.to_markdown,
            ".txt": lambda: f"{self}\n",
        }
        if path.suffix not in writers:
            raise SpecError(f"a card cannot be written as {path.suffix!r}; known: {', '.join(writers)}")
        refuse_existing([path], force)
        write_files({path: writers[path.suffix]()}, force=force)


def card(cell: Any) -> Card:
    """One screen about a cell or linear system: equations, Jacobian, bounds, fixed points, theorems, sources.

    Shapes: any; a cell of symbolic size has formulas for every size.

    >>> from rnnsym import elman
    >>> print(str(card(elman())).split("Gradients")[0].rstrip())
    The elman network
    <BLANKLINE>
    Equations
      h_t = tanh(W_h*h + W_x*x + b)
    <BLANKLINE>
    Jacobian
      ...
    """
    cell = as_model(cell)
    entries = []
    reasons: dict[str, list[str]] = {}
    for heading, name, options, room in ENTRIES:
        asked = question(name)
        reason = asked.applies(cell)
        if reason is None:
            try:
                results = answers(asked, cell, **options)
            except RnnsymError as error:
                reason = str(error)
        if reason is not None:
            reasons.setdefault(reason, []).append(heading)
            continue
        entries.append((heading, tuple(results[:room])))
    left_out = [f"{', '.join(headings)}: {reason}" for reason, headings in reasons.items()]
    return Card(title(cell), cell, tuple(entries), _certified(cell), tuple(left_out))


def _certified(cell: Any) -> tuple[Certificate, ...]:
    """The certificates of a plain or leaky cell whose weights are numbers; nothing for others."""
    if not getattr(cell, "is_explicit", False):
        return ()
    values = {a.name: a.value for a in cell.arrays if a.role == "parameter"}
    W = values.get("W_h")
    if W is None or W.free_symbols:
        return ()
    try:
        return certificates(cell, {"W_h": W.tolist()})
    except RnnsymError:
        return ()


def _rows(certified: Sequence[Certificate]) -> list[tuple[str, ...]]:
    words = {True: "yes", False: "no", None: "not decided"}
    return [
        (f"{c.name} ({c.concerns})", words[c.holds], _number(c.value), _number(c.limit), words[c.proved])
        for c in certified
    ]


def _finite(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _number(value: float) -> str:
    return f"{value:.6g}" if math.isfinite(value) else "-"


def _columns(rows: Sequence[Sequence[str]]) -> list[list[str]]:
    widths = [max(len(row[k]) for row in rows) for k in range(len(rows[0]))]
    return [[cell.ljust(width) for cell, width in zip(row, widths, strict=True)] for row in rows]


def _display(result: Result) -> str:
    return page(result, env="display")


def _wrapped(result: Result) -> list[str]:
    """A result as text, its lines no wider than the screen."""
    lines = []
    for line in readable(result).splitlines():
        indent = " " * (2 + len(line) - len(line.lstrip()))
        lines += textwrap.wrap(
            line.strip(), WIDTH, initial_indent=indent, subsequent_indent=indent + "    ", break_long_words=False
        )
    return lines
