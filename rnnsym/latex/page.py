r"""The page: a whole claim in its environment, with named quantities, hypotheses, derivation and label.

A claim becomes rows (left, relation, right, remark), the rows become lines that fit the page, the environment wraps
them. May import: result, and the files of this package. A new environment is a branch in `page`.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import sympy as sp

from rnnsym.latex.layout import Namer, fit
from rnnsym.latex.notation import Notation, escape
from rnnsym.latex.printer import PagePrinter
from rnnsym.latex.terms import parens
from rnnsym.latex.tree import Leaf, read, relaxed, trim, write
from rnnsym.latex.tree import width as width_of
from rnnsym.result import Array, Check, Result, SpecError

ENVIRONMENTS = ("inline", "display", "equation", "equation*", "align", "align*", "split")
RELATION_TEX = {"=": "=", "<=>": r"\iff", "=>": r"\implies", "<=": r"\le", "<": "<", "~": r"\sim"}
_NUMBER = 6.0  # the room that an equation number takes of a line
_PAGE = 25  # lines that a page surely holds
_ENTRY = {"Jacobian": "J", "TransferFunction": "H", "Gramian": "W", "StationaryCovariance": "P"}


@dataclass(frozen=True)
class Row:
    """One equation of a display: left, relation, right, and a remark at its right."""

    left: str
    relation: str
    right: str
    remark: str = ""


def expression(expr: Any, *, arrays: Iterable[Array] = (), notation: Notation = Notation.default) -> str:
    r"""LaTeX of one expression, in math mode.

    >>> w = sp.Symbol("w")
    >>> print(expression(sp.sqrt(w * (w - 1)) - sp.acosh(sp.sqrt(w))))
    \sqrt{w (w - 1)} - \operatorname{arcosh}(\sqrt{w})
    """
    return PagePrinter(notation, arrays).doprint(expr if isinstance(expr, sp.Basic) else sp.sympify(expr, strict=True))


def page(
    result: Result,
    *,
    env: str = "equation",
    label: str | None = None,
    steps: bool = False,
    given: bool = True,
    where: bool = True,
    notation: Notation = Notation.default,
    comment: Check | None = None,
    width: float = 66,
) -> str:
    r"""A claim as LaTeX for a paper; it compiles with amsmath (amssymb for \mathbb).

    env:     "inline" in dollars, "display" for notebooks, or an environment of amsmath. In equation and equation* the
             named quantities follow the display as text; in the others they are lines of it.
    label:   \label of a numbered environment: letters, digits, and : _ - . only.
    steps:   the derivation, one line for each step, with its reason.
    given:   the hypotheses, if there are any.
    where:   the definitions of named quantities.
    comment: a Check, written as a TeX comment above the equation.
    width:   of a line, in units of 5 points at font size 10 (`article` has 69, one column of IEEE 50).

    >>> p = sp.Symbol("p", real=True)
    >>> print(page(Result("geometric", sp.Symbol("S"), "=", 1 / (1 - p), given=abs(p) < 1), label="eq:S"))
    \begin{equation}
      \label{eq:S}
      S = \frac{1}{1 - p} \qquad \text{for } \lvert p \rvert < 1
    \end{equation}
    """
    if env not in ENVIRONMENTS:
        raise SpecError(f"env={env!r} is no environment; known: {', '.join(ENVIRONMENTS)}")
    if label is not None:
        if not re.fullmatch(r"[A-Za-z0-9:_.-]+", label):
            raise SpecError(f"label {label!r} may have letters, digits and : _ - . only")
        if env in ("inline", "display", "equation*", "align*"):
            raise SpecError(
                f"env={env!r} has no number, so label {label!r} would point nowhere; use 'equation' or 'align'"
            )
    printer = PagePrinter(notation, result.arrays)
    claim = _claim_rows(result, printer, steps)
    named = [Row(printer.doprint(s), "=", printer.doprint(e)) for s, e in result.where] if where else []
    hypotheses = printer.conjuncts(result.given) if given and result.given != sp.true else []
    note = _comment(comment) if comment is not None and env != "display" else ""
    if env == "inline":
        return note + _inline(claim, named, hypotheses)
    entry = _ENTRY.get(type(result.lhs).__name__, "M")
    namer = Namer(" ".join(r.left + " " + r.right for r in (*claim, *named)), entry)
    if env in ("equation", "equation*"):
        return note + _equation(env, claim, named, hypotheses, label, width, namer, notation)
    rows = _with_comma(claim) if named else claim
    if named:
        rows = [*rows, Row(r"\text{where}\quad " + named[0].left, "=", named[0].right), *named[1:]]
    room = width - _NUMBER if env in ("align", "split") else width
    lines = _lines(rows, room, namer, notation)
    if hypotheses:
        lines = _with_hypotheses(lines, hypotheses, room, namer, notation)
    return note + _wrapped(env, lines, label)


def _claim_rows(result: Result, printer: PagePrinter, steps: bool) -> list[Row]:
    def side(value: Any) -> str:
        if isinstance(value, sp.MatrixBase) and value.shape == (1, 1):
            value = value[0, 0]
        tex = printer.doprint(value)
        # words in a side of <=> would make it ambiguous
        compound = isinstance(value, sp.And | sp.Or | sp.Implies | sp.Equivalent)
        return parens(tex) if compound and result.relation == "=" else tex

    relation = RELATION_TEX[result.relation]
    left, right = side(result.lhs), side(result.rhs)
    if not steps or not result.steps:
        return [Row(left, relation, right)]
    chain = [(side(step.expression), step.reason) for step in result.steps]
    if chain[0][0] == left and len(chain) > 1:
        chain = chain[1:]
    if chain[-1][0] != right:
        chain.append((right, ""))
    rows = [Row(left if k == 0 else "", "=", tex, reason) for k, (tex, reason) in enumerate(chain)]
    last = rows[-1]
    rows[-1] = Row(last.left, relation, last.right, last.remark)
    return rows


def _comment(check: Check) -> str:
    if check.verdict == "agrees":
        verdict = "verified" if check else "not verified"
    else:
        verdict = check.verdict if check.trials else "not verified"
    parts = [f"{check.trials} draws" if check.trials else "nothing tried"]
    if check.skipped:
        parts.append(f"{check.skipped} skipped")
    if check.dims:
        parts.append(f"n = {', '.join(str(n) for n in check.dims)}")
    if check.trials:
        parts.append(f"max error {check.max_error:.1g}")
    if check.digits:
        parts.append(f"{check.digits} digits")
    parts.append(f"seed {check.seed}")
    return "% " + " ".join(f"{verdict}: {', '.join(parts)}".split()) + "\n"


def _inline(claim: Sequence[Row], named: Sequence[Row], hypotheses: Sequence[str]) -> str:
    chain = claim[0].left + "".join(f" {r.relation} {r.right}" for r in claim)
    text = f"${chain}$"
    if named:
        text += ", where " + _listed([f"${r.left} = {r.right}$" for r in named])
    if hypotheses:
        text += (", for " if named else " for ") + _listed([f"${h}$" for h in hypotheses])
    return text


def _listed(items: Sequence[str]) -> str:
    """a, b and c."""
    return items[0] if len(items) == 1 else ", ".join(items[:-1]) + " and " + items[-1]


def _with_comma(rows: list[Row]) -> list[Row]:
    last = rows[-1]
    return [*rows[:-1], Row(last.left, last.relation, last.right + ",", last.remark)]


# Rows to lines


@dataclass(frozen=True)
class Line:
    """One line of an aligned display; `right` begins with the relation."""

    left: str
    right: str
    remark: str = ""

    def aligned(self) -> str:
        return f"{self.left} &{self.right}".strip() + (f" && {self.remark}" if self.remark else "")

    @property
    def width(self) -> float:
        return width_of(self.left) + width_of(self.right) + width_of(self.remark)


def _lines(rows: Sequence[Row], width: float, namer: Namer, notation: Notation) -> list[Line]:
    """Lines of an aligned display; what a line cannot hold is named, and the definitions are further rows."""
    waiting = list(rows)
    lines: list[Line] = []
    limit = 0.45 * width
    left = max((width_of(r.left) for r in waiting if width_of(r.left) <= limit), default=4.0)
    remarks = max(width_of(_reason(r.remark, notation)) for r in waiting) + 4
    beside = all(width_of(r.left) <= limit and left + width_of(r.right) + 3 + remarks <= width for r in waiting)
    while waiting:
        row = waiting.pop(0)
        if width_of(row.left) > limit:
            pieces, definitions = fit(read(f"{row.left} {row.relation} {row.right}"), width, width - 4, namer)
            lines.append(Line("", " " + pieces[0]))
        else:
            pieces, definitions = fit(read(row.right), width - left - 3, width - left - 5, namer)
            lines.append(Line(row.left, f"{row.relation} {pieces[0]}"))
        lines += [Line("", rf"\quad {piece}") for piece in pieces[1:]]
        if row.remark and beside:
            last = lines.pop()
            lines.append(Line(last.left, last.right, _reason(row.remark, notation)))
        elif row.remark:
            parts = textwrap.wrap(f"({row.remark})", max(20, int(width - left - 8)))
            lines += [Line("", rf"\qquad {_reason(part, notation)}") for part in parts]
        # a chain a = b = c is not interrupted by definitions
        spot = next((k for k, r in enumerate(waiting) if r.left), len(waiting))
        waiting[spot:spot] = [Row(name, "=", tex) for name, tex in definitions]
    return lines


def _reason(text: str, notation: Notation) -> str:
    """A reason as text; names such as h_t and powers such as tanh^2 in it as math."""
    if not text:
        return ""
    found = []
    for part in re.split(r"(\b[A-Za-z][A-Za-z0-9]*(?:_[A-Za-z0-9]+)+\b|\^\w+)", text):
        if part.startswith("^") and len(part) > 1 and part.isascii() and part[1:].isalnum():
            found.append(f"$^{{{part[1:]}}}$")
        elif re.fullmatch(r"[A-Za-z][A-Za-z0-9]*(_[A-Za-z0-9]+)+", part):
            found.append(f"${notation.symbol(part)}$")
        else:
            found.append(escape(part).replace(" - ", " $-$ "))
    return rf"\text{{{''.join(found)}}}"


def _condition(hypotheses: Sequence[str]) -> str:
    listed = [", ".join(hypotheses[:-1])] if len(hypotheses) > 1 else []
    return r"\text{for } " + r" \text{ and } ".join([*listed, hypotheses[-1]])


def _beside(lines: list[Line], words: str, width: float) -> list[Line] | None:
    """The only line with the hypotheses at its right, if there is room."""
    if len(lines) == 1 and not lines[0].remark and lines[0].width + width_of(words) + 4 <= width:
        return [Line(lines[0].left, rf"{lines[0].right} \qquad {words}")]
    return None


def _with_hypotheses(
    lines: list[Line], hypotheses: Sequence[str], width: float, namer: Namer, notation: Notation
) -> list[Line]:
    """The hypotheses at the right of an only line, or below; one too long for a line begins its own."""
    beside = _beside(lines, _condition(hypotheses), width)
    if beside:
        return beside
    found = list(lines)
    definitions: list[tuple[str, str]] = []
    room = max(0.7 * width, width - 8 - max(width_of(line.left) for line in lines))
    for first, words in enumerate(_in_lines(_clauses(hypotheses), room)):
        pieces, more = fit(read(words), room, room - 2, namer)
        definitions += more
        start = r"\qquad\quad " if first else r"\qquad "
        found += [Line("", (start if k == 0 else start + r"\quad ") + piece) for k, piece in enumerate(pieces)]
    named = [Row(name, "=", tex) for name, tex in definitions]
    return found + (_lines(named, width, namer, notation) if named else [])


def _clauses(hypotheses: Sequence[str]) -> list[str]:
    r"""Each hypothesis in its parts: a recursion says several equations, with ,\; between them."""
    found = []
    for words in hypotheses:
        nodes = read(words)
        marks = [k for k in range(len(nodes) - 1) if nodes[k : k + 2] == (Leaf(","), Leaf(r"\;"))]
        spots = [0, *(k + 2 for k in marks), len(nodes) + 2]
        found += [relaxed(write(trim(nodes[a : b - 2]))) for a, b in pairwise(spots)]
    return found


def _in_lines(hypotheses: Sequence[str], width: float) -> list[str]:
    """`for a, b and c` in lines: as many hypotheses on each as fit."""
    last = len(hypotheses) - 1
    lines: list[str] = []
    for k, words in enumerate(hypotheses):
        joined = r"\text{for } " + words if k == 0 else r"\text{and } " + words if k == last else words
        joined += "," if k < last - 1 else ""
        if lines and width_of(lines[-1] + " " + joined) <= width:
            lines[-1] += (r" \text{ and } " + words) if k == last else " " + joined
        else:
            lines.append(joined)
    return lines


# Lines to environments


def _wrapped(env: str, lines: Sequence[Line], label: str | None) -> str:
    if env == "display":
        if _is_single(lines):
            return rf"$\displaystyle {_single(lines)}$"
        body = r" \\ ".join(line.aligned() for line in lines)
        return rf"$\displaystyle \begin{{aligned}} {body} \end{{aligned}}$"
    if env == "split":
        return _numbered("equation", lines, label)
    return _align(env, lines, label)


def _align(env: str, lines: Sequence[Line], label: str | None = None) -> str:
    """Aligned lines, one number for all of them; many lines may go over a page."""
    texts = [line.aligned() for line in lines]
    if env == "align":
        mark = rf" \label{{{label}}}" if label else ""
        texts = [texts[0] + mark, *(rf"{text} \notag" for text in texts[1:])]
    tex = _block(env, texts)
    return f"{{\\allowdisplaybreaks\n{tex}\n}}" if len(lines) > _PAGE else tex


def _is_single(lines: Sequence[Line]) -> bool:
    return len(lines) == 1 and not lines[0].remark


def _single(lines: Sequence[Line]) -> str:
    return f"{lines[0].left} {lines[0].right}".strip()


def _block(env: str, lines: Sequence[str], head: Sequence[str] = ()) -> str:
    body = "\n".join([*(f"  {h}" for h in head), *(f"  {line} \\\\" for line in lines[:-1]), f"  {lines[-1]}"])
    return f"\\begin{{{env}}}\n{body}\n\\end{{{env}}}"


def _numbered(env: str, lines: Sequence[Line], label: str | None) -> str:
    """One number for all lines; split has one column only, aligned takes remarks as well."""
    head = [rf"\label{{{label}}}"] if label else []
    if _is_single(lines):
        return _block(env, [_single(lines)], head)
    if len(lines) > _PAGE:
        return _align("align*" if env.endswith("*") else "align", lines, label)
    inner = "aligned" if any(line.remark for line in lines) else "split"
    body = textwrap.indent(_block(inner, [line.aligned() for line in lines]), "  ")
    return "\n".join([rf"\begin{{{env}}}", *(f"  {h}" for h in head), body, rf"\end{{{env}}}"])


def _equation(
    env: str,
    claim: list[Row],
    named: list[Row],
    hypotheses: list[str],
    label: str | None,
    width: float,
    namer: Namer,
    notation: Notation,
) -> str:
    """The claim alone in its display; named quantities and hypotheses follow as text."""
    room = width - _NUMBER if env == "equation" else width
    lines = _lines(_with_comma(claim) if named else claim, room, namer, notation)
    beside = _beside(lines, _condition(hypotheses), room) if hypotheses and not named else None
    text = _numbered(env, beside or lines, label)
    if len(named) == 1 and width_of(named[0].left + "=" + named[0].right) < 0.7 * width:
        text += f"\nwhere ${named[0].left} = {named[0].right}$"
    elif named:
        text += "\nwhere\n" + _align("align*", _lines(named, width, namer, notation))
    if hypotheses and not beside:
        text += ("," if text.endswith("$") else "") + "\nfor " + _listed([f"${h}$" for h in hypotheses])
    return text
