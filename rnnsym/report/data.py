"""The JSON of a report and of results: its schema, and the functions that make it.

A report is an object with

    schema      "rnnsym-report"
    version     1; it grows when a key changes its meaning or goes, not when one is added
    generator   "rnnsym 0.1.0"
    title, model          text; the model as SymPy prints it
    verdict     "verified", "refuted", "undecided" or "limit"
    seed        of the random draws
    sections    a list of {question, title, skipped, results, found}
                  skipped: null, or why there is no answer, or what of it is missing
                  found:   only where a search was made: fixed points with exact enclosures
    left_out    sentences: what is missing besides
    sources     a list of {key, authors, title, year, doi, arxiv, at}; results name their keys

and a result is

    name, status          status: derived, proved, asymptotic, numeric, heuristic, claimed
    relation              =, <=>, =>, <=, <, ~
    lhs, rhs, given       text as SymPy prints it; where: a list of [symbol, text]
    readable              whether `rnnsym.reader.read(rhs, symbols)` gives rhs back, and `read(given, symbols, condition=True)`
                          the hypotheses
    symbols               names of the symbols it depends on, each with its assumption: {"w": "real"}
    arrays                a list of {name, role, shape}, shape as text
    steps                 a list of {expression, reason}
    source                keys
    number, label         of the equation in the documents (in a report)
    latex                 the claim in an environment for display
    check                 null for a definition, or {verdict, agrees, trials, skipped, max_error, dims, seed, digits, part, worst}

Numbers that are exact are text ("1/3"); max_error is a number or null.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import sympy as sp

from rnnsym.latex import Notation
from rnnsym.latex.readable import TextPrinter
from rnnsym.reader import LENGTH, read
from rnnsym.report.layout import numbered, sources
from rnnsym.report.parts import Figure
from rnnsym.result import Array, Check, Result, RnnsymError, Source, is_condition

if TYPE_CHECKING:
    from rnnsym.report.record import Report

SCHEMA, VERSION = "rnnsym-report", 1


def to_json(found: Report, figures: Sequence[Figure] = ()) -> str:
    """The report as JSON of the schema above; pictures are not in it."""
    return as_json(report_data(found)) + "\n"


def as_json(data: Any) -> str:
    return json.dumps(data, indent=2, ensure_ascii=False, allow_nan=False)


def report_data(found: Report) -> dict[str, Any]:
    """A report as plain values."""
    from rnnsym import __version__

    places = {id(e.result): (e.number, e.label) for _, equations in numbered(found) for e in equations}
    sections = []
    for s in found.sections:
        results = []
        for r, c in zip(s.results, s.checks, strict=True):
            number, label = places[id(r)]
            check = None if c is None else check_data(c)
            results.append({**result_data(r, True, found.notation), "number": number, "label": label, "check": check})
        entry = {
            "question": s.question.name,
            "title": s.question.title,
            "skipped": s.skipped or None,
            "results": results,
        }
        sections.append({**entry, "found": [dict(t.data) for t in s.tables]} if s.tables else entry)
    return {
        "schema": SCHEMA, "version": VERSION, "generator": f"rnnsym {__version__}", "title": found.title,
        "model": str(found.model), "verdict": found.verdict, "seed": found.seed, "sections": sections,
        "left_out": list(found.left_out), "sources": [source_data(s) for s in sources(found)],
    }  # fmt: skip


def result_data(result: Result, steps: bool = False, notation: Notation = Notation.default) -> dict[str, Any]:
    """A result as plain values; its derivation too if `steps`."""
    symbols = sorted(result.free_symbols, key=str)
    (rhs, rhs_reads), (given, given_reads) = written(result.rhs), written(result.given)
    data: dict[str, Any] = {
        "name": result.name, "lhs": str(result.lhs), "relation": result.relation, "rhs": rhs,
        "given": given, "where": [[str(s), str(e)] for s, e in result.where], "status": result.status,
        "readable": rhs_reads and given_reads,
        "symbols": {str(s): _assumption(s) for s in symbols}, "arrays": [array_data(a) for a in result.arrays],
        "source": [s.key for s in result.source], "latex": result.latex(notation=notation),
    }  # fmt: skip
    if steps:
        data["steps"] = [{"expression": str(s.expression), "reason": s.reason} for s in result.steps]
    return data


def check_data(check: Check) -> dict[str, Any]:
    """A check as plain values."""
    worst = None if check.worst is None else {name: str(value) for name, value in check.worst.items()}
    return {
        "verdict": check.verdict, "agrees": bool(check), "trials": check.trials, "skipped": check.skipped,
        "max_error": check.max_error if math.isfinite(check.max_error) else None, "dims": list(check.dims),
        "seed": check.seed, "digits": check.digits, "part": check.part, "worst": worst,
    }  # fmt: skip


def array_data(array: Array) -> dict[str, Any]:
    return {"name": array.name, "role": array.role, "shape": [str(d) for d in array.value.shape]}


def source_data(source: Source) -> dict[str, Any]:
    keys = ("key", "authors", "title", "year", "doi", "arxiv", "at")
    return {name: getattr(source, name) for name in keys}


class _Written(TextPrinter):
    """Conditions as the reader has them."""

    def _print_Relational(self, expr: Any) -> str:
        return f"{self._print(expr.lhs)} {expr.rel_op} {self._print(expr.rhs)}"


def written(expression: Any) -> tuple[str, bool]:
    """An expression or condition as text, and whether the safe reader reads it back as it is; else SymPy's text.

    >>> w = sp.Symbol("w", real=True)
    >>> written(sp.tanh(w) / 3), written((w > 0) & (w < 1)), written(sp.Matrix([[w]]))
    (('tanh(w)/3', True), ('w > 0 and w < 1', True), ('Matrix([[w]])', False))
    """
    plain = " ".join(str(expression).split())
    if expression in (sp.true, sp.false):
        return plain, True
    condition = is_condition(expression)
    text = str(_Written().doprint(expression)) if condition else plain
    if getattr(expression, "is_Matrix", False) or len(text) > LENGTH:
        return plain, False
    symbols = {str(s): s for s in expression.free_symbols if s.is_Symbol}
    try:
        same = bool(read(text, symbols, condition=condition) == expression)
    except RnnsymError:
        same = False
    return (text, True) if same else (plain, False)


def _assumption(symbol: Any) -> str:
    """The strongest of what is assumed of a symbol, in a word."""
    if not symbol.is_Symbol:
        return "matrix"
    names = ("positive", "nonnegative", "negative", "nonpositive", "real")
    word = next((name for name in names if getattr(symbol, f"is_{name}")), "complex")
    return f"{word} integer" if symbol.is_integer else word
