"""A report as one HTML file: mathematics as MathML, LaTeX beside each formula, pictures inside, nothing from the network.

The page has no script and forbids itself any (Content-Security-Policy); all text goes through `html.escape`.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Sequence
from html import escape
from typing import TYPE_CHECKING, Any

from rnnsym.latex import CONVENTION, page
from rnnsym.latex.mathml import mathml
from rnnsym.latex.notation import Notation
from rnnsym.report.layout import (
    HEADINGS,
    METHOD,
    Equation,
    address,
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
from rnnsym.result import Source

if TYPE_CHECKING:
    from rnnsym.report.record import Report

POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"

STYLE = """
:root { color-scheme: light dark; --ink: #1c1e21; --page: #ffffff; --faint: #5d6570; --line: #d9dde2; --panel: #f5f6f8;
  --link: #1a4f9c; --good: #1f6f43; --bad: #a61b1b; --open: #80560b; }
@media (prefers-color-scheme: dark) { :root { --ink: #e4e6e9; --page: #16181b; --faint: #a0a8b2; --line: #363b42;
  --panel: #1f2226; --link: #8db7f5; --good: #7fd3a4; --bad: #ff9b93; --open: #e8c069; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 54rem; padding: 2rem 1.25rem 4rem; background: var(--page); color: var(--ink);
  font: 1.0625rem/1.55 Charter, "Bitstream Charter", "Sitka Text", Cambria, Georgia, serif; }
h1 { font-size: 1.75rem; line-height: 1.2; margin: 0 0 .5rem; text-wrap: balance; }
h2 { font-size: 1.3rem; margin: 2.75rem 0 .5rem; padding-top: .6rem; border-top: 1px solid var(--line); }
h3 { font-size: 1.0625rem; margin: 1.75rem 0 .25rem; }
p { margin: .5rem 0; } a { color: var(--link); } ul { padding-left: 1.25rem; }
nav ul { columns: 2; list-style: none; padding: 0; font-size: .95rem; } nav li { break-inside: avoid; }
math { font-family: "Latin Modern Math", "STIX Two Math", "Cambria Math", math; font-size: 1.06em; }
.equation { display: flex; align-items: center; gap: .75rem; margin: .35rem 0; }
.display { flex: 1 1 auto; min-width: 0; overflow-x: auto; overflow-y: hidden; padding: .3rem 0; }
.display mtd { padding: .22em .4em; }
.number { flex: none; color: var(--faint); text-decoration: none; font-variant-numeric: tabular-nums; }
.verdict { font-weight: 600; } .agrees, .not-refuted, .verified { color: var(--good); }
.refuted { color: var(--bad); } .nothing-tried, .undecided, .limit { color: var(--open); }
.check, .caption, .intro { color: var(--faint); font-size: .95rem; }
.check .verdict { font-size: inherit; }
.more { display: flex; flex-wrap: wrap; column-gap: 1.25rem; } .more details[open] { flex: 1 0 100%; min-width: 0; }
details { margin: .25rem 0; font-size: .95rem; } summary { cursor: pointer; color: var(--link); width: fit-content; }
pre { margin: .35rem 0; padding: .7rem .85rem; overflow-x: auto; background: var(--panel); border: 1px solid var(--line);
  border-radius: 4px; font: .82rem/1.45 ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace; user-select: all; }
code { font-family: ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace; font-size: .9em; }
.table { overflow-x: auto; } table.plain { border-collapse: collapse; font-size: .93rem; width: 100%; }
table.plain caption { text-align: left; color: var(--faint); padding-bottom: .35rem; }
table.plain th, table.plain td { text-align: left; vertical-align: baseline; padding: .3rem .9rem .3rem 0;
  border-bottom: 1px solid var(--line); }
table.plain .num { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
figure { margin: 1.25rem 0; } figure img { display: block; max-width: 100%; width: 34rem; height: auto; padding: .5rem;
  background: #ffffff; border: 1px solid var(--line); border-radius: 4px; }
figcaption { color: var(--faint); font-size: .95rem; margin-top: .4rem; }
@media (max-width: 40rem) { nav ul { columns: 1; } body { padding: 1.25rem .9rem 3rem; } }
@media print { body { max-width: none; font-size: 10pt; } nav { display: none; } .display { overflow: visible; } }
"""


def to_html(found: Report, figures: Sequence[Figure] = ()) -> str:
    """The report as one HTML file; equation numbers and labels are those of `to_tex`.

    Raises: SpecError without the extra `html`.
    """
    inside, others = placed(found, figures)
    sections = list(numbered(found))
    body = [
        f"<h1>{text(found.title)}</h1>",
        f"<p>{_verdict(found.verdict)}: {text(summary(found))}.</p>",
        _contents(found, sections, bool(others)),
    ]
    if known := symbols(found):
        cells = [(inline(tex, found.notation), text(role), inline(size, found.notation)) for tex, role, size in known]
        body.append(table(("symbol", "what it is", "size"), cells))
    body.append(f'<p class="intro">{_with_formulas(CONVENTION, found.notation)}</p>')
    for section, equations in sections:
        name = section.question.name
        body += [f'<section id="{attribute(name)}">', f"<h2>{text(section.question.title)}</h2>"]
        if section.question.intro:
            body.append(f'<p class="intro">{text(section.question.intro)}</p>')
        keys = {s.key: s for e in equations for s in e.result.source}
        if keys and section is found.sections[0]:
            body.append(f'<p class="intro">Source: {", ".join(cited(s) for s in keys.values())}.</p>')
        for e in equations:
            body += claim(e, found.notation, cite=section is not found.sections[0])
        body += [_found(made) for made in section.tables]
        body += [_figure(f) for f in inside.get(name, ())]
        body.append("</section>")
    if others:
        body += ['<section id="pictures">', "<h2>Pictures</h2>", *map(_figure, others), "</section>"]
    body += _verification(sections, found.notation)
    if missing := left_out(found):
        body += [
            '<section id="left-out">',
            "<h2>Left out</h2>",
            listed(f"{text(line)}." for line in missing),
            "</section>",
        ]
    if known_sources := sources(found):
        body += ['<section id="references">', "<h2>References</h2>", bibliography(known_sources), "</section>"]
    return document(found.title, body)


def document(title: str, body: Iterable[str]) -> str:
    """A whole page: head with the style, and the parts of the body."""
    return "\n".join([
        "<!DOCTYPE html>", '<html lang="en">', "<head>", '<meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        '<meta name="color-scheme" content="light dark">', '<meta name="generator" content="rnnsym">',
        f"<title>{text(title)}</title>", f"<style>{STYLE}</style>", "</head>", "<body>", "<main>", *body, "</main>", "</body>", "</html>", "",
    ])  # fmt: skip


# Pieces, which cards use too


def text(value: Any) -> str:
    """Text between tags, in one line; control characters, which HTML forbids, are marked.

    >>> text("a < b & <script>")
    'a &lt; b &amp; &lt;script&gt;'
    """
    line = " ".join(str(value).split())
    return escape("".join(c if c.isprintable() else "\ufffd" for c in line), quote=False)


def attribute(value: Any) -> str:
    """Text in the double quotes of an attribute."""
    return text(value).replace('"', "&quot;")


def inline(tex: str, notation: Notation = Notation.default) -> str:
    """A formula in a line."""
    return mathml(tex, macros=notation.definitions)


def display(tex: str, notation: Notation = Notation.default, *, number: int | None = None, label: str = "") -> str:
    """A formula by itself, which scrolls where the window is too narrow, with its number at its right."""
    mark = (
        ""
        if number is None
        else f'<a class="number" href="#{attribute(label)}" aria-label="equation {number}">({number})</a>'
    )
    formula = mathml(tex, display=True, macros=notation.definitions)
    return f'<div class="equation"><div class="display" tabindex="0" role="group" aria-label="formula">{formula}</div>{mark}</div>'


def source(tex: str, what: str = "LaTeX") -> str:
    """LaTeX to copy: a click selects all of it."""
    code = escape(tex, quote=False)
    return f"<details><summary>{text(what)}</summary><pre><code>{code}</code></pre></details>"


def titled(words: str, notation: Notation = Notation.default) -> str:
    """Text with the names in it as formulas."""
    return "".join(inline(notation.symbol(p), notation) if name else _loose(p) for name, p in pieces(words))


def _loose(piece: str) -> str:
    """A piece of a text, its outer spaces kept."""
    ends = (" " * piece[:1].isspace(), " " * piece[-1:].isspace())
    return f"{ends[0]}{text(piece)}{ends[1]}"


def claim(e: Equation, notation: Notation, *, cite: bool = True) -> list[str]:
    """A numbered claim: heading, formula, derivation, check, sources, and its LaTeX."""
    lines = [f'<article id="{attribute(e.label)}">']
    if e.check is not None:
        lines.append(f"<h3>{titled(heading(e.result), notation)}</h3>")
    tex = page(e.result, env="display", where=e.where, notation=notation)
    lines.append(display(tex, notation, number=e.number, label=e.label))
    lines.append('<div class="more">')
    if e.result.steps:
        derivation = page(e.result, env="display", steps=True, where=False, given=False, notation=notation)
        lines.append(f"<details><summary>Derivation</summary>{display(derivation, notation)}</details>")
    lines.append(source(page(e.result, env="align", label=e.label, steps=True, where=e.where, notation=notation)))
    lines.append("</div>")
    note = (
        []
        if e.check is None
        else [f"{_verdict(e.check.verdict)}{text(str(e.check).splitlines()[0].removeprefix(e.check.verdict))}."]
    )
    if cite and e.result.source:
        note.append(f"Source: {', '.join(cited(s) for s in e.result.source)}.")
    if note:
        lines.append(f'<p class="check">{" ".join(note)}</p>')
    return [*lines, "</article>"]


def table(
    headings: Sequence[str], rows: Iterable[Sequence[str]], *, numbers: Sequence[int] = (), caption: str = ""
) -> str:
    """A table whose cells are HTML already; `numbers`: the columns set to the right."""

    def cell(tag: str, k: int, content: str, more: str = "") -> str:
        number = ' class="num"' if k in numbers else ""
        return f"<{tag}{more}{number}>{content}</{tag}>"

    head = "".join(cell("th", k, text(h), ' scope="col"') for k, h in enumerate(headings))
    lines = "".join("<tr>" + "".join(cell("td", k, c) for k, c in enumerate(cells)) + "</tr>\n" for cells in rows)
    title = f"<caption>{text(caption)}</caption>" if caption else ""
    return f'<div class="table"><table class="plain">{title}<thead><tr>{head}</tr></thead>\n<tbody>\n{lines}</tbody></table></div>'


def listed(items: Iterable[str]) -> str:
    return "<ul>" + "".join(f"<li>{item}</li>" for item in items) + "</ul>"


def cited(s: Source) -> str:
    """The key of a source, which leads to its entry."""
    place = f", {text(s.at)}" if s.at else ""
    return f'<a href="#source-{_slug(s.key)}">{text(s.key)}</a>{place}'


def bibliography(known: Iterable[Source]) -> str:
    lines = []
    for s in known:
        where = address(s)
        entry = text(". ".join(part for part in reference(s) if not (where and part.startswith(("doi:", "arXiv:")))))
        found = f' <a href="{attribute(where)}">{text(where)}</a>' if where else ""
        lines.append(f'<li id="source-{_slug(s.key)}">[{text(s.key)}] {entry}.{found}</li>')
    return "<ul>" + "".join(lines) + "</ul>"


def _slug(key: str) -> str:
    return "".join(c if c.isascii() and (c.isalnum() or c in "-_.") else "-" for c in key) or "x"


def _verdict(verdict: str) -> str:
    return f'<span class="verdict {verdict.replace(" ", "-")}">{text(verdict)}</span>'


def _with_formulas(words: str, notation: Notation) -> str:
    """Text of our own with formulas between dollars."""
    return "".join(inline(p, notation) if k % 2 else text_as_it_is(p) for k, p in enumerate(words.split("$")))


def text_as_it_is(value: str) -> str:
    return escape(value, quote=False)


def _contents(found: Report, sections: Sequence[tuple[Any, Any]], pictures: bool) -> str:
    names = [(s.question.name, s.question.title) for s, _ in sections]
    names += [("pictures", "Pictures")] * pictures + [("verification", "Verification")] * bool(found.checks)
    names += [("left-out", "Left out")] * bool(left_out(found)) + [("references", "References")] * bool(sources(found))
    links = listed(f'<a href="#{attribute(name)}">{text(title)}</a>' for name, title in names)
    return f'<nav aria-label="contents">{links}</nav>'


def _found(made: Table) -> str:
    words = f"<p>{text(made.text)}</p>"
    return words + table(made.headings, ([text(c) for c in cells] for cells in made.rows)) if made.rows else words


def _figure(figure: Figure) -> str:
    data = b64encode(figure.content).decode("ascii")
    words = attribute(figure.caption)
    return (
        f'<figure id="fig:{attribute(figure.name)}"><img alt="{words}" src="data:image/png;base64,{data}">'
        f"<figcaption>{text(figure.caption)}.</figcaption></figure>"
    )


def _verification(sections: Sequence[tuple[Any, Sequence[Equation]]], notation: Notation) -> list[str]:
    checks = [(e, e.check) for _, equations in sections for e in equations if e.check is not None]
    if not checks:
        return []
    rows = []
    for e, check in checks:
        *cells, verdict = row(check)
        name = f'<a href="#{attribute(e.label)}">({e.number})</a> {titled(e.result.name, notation)}'
        rows.append((name, *map(text, cells), _verdict(verdict)))
    lines = ['<section id="verification">', "<h2>Verification</h2>", f'<p class="intro">{text(METHOD)}</p>']
    lines.append(table(HEADINGS, rows, numbers=range(1, 5)))
    for e, check in checks:
        if not check and (words := trouble(check)):
            lines.append(f"<p>{_verdict(check.verdict)}: ({e.number}) {text(words)}</p>")
    return [*lines, "</section>"]
