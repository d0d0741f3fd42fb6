"""Results as text for a terminal: one line for each equation, matrices as lists of rows, words for logic.

May import: SymPy and result. A definition that has a usual sign gets a `_print_<Class>` here.
"""

from __future__ import annotations

import re
from typing import Any

import sympy as sp
from sympy.printing.str import StrPrinter

from rnnsym.result import Result

# of a definition that prints itself with `str`
_MATRIX = re.compile(r"Matrix\((\[(?:[^M]|M(?!atrix\())*?\])\)")


class TextPrinter(StrPrinter):
    """SymPy's text, but matrices stay on one line and norms have bars."""

    def _print_MatrixBase(self, expr: Any) -> str:
        if expr.shape == (1, 1):
            entry = self._print(expr[0, 0])
            return entry if expr[0, 0].is_Symbol or expr[0, 0].is_Integer else f"[{entry}]"
        rows = (", ".join(self._print(e) for e in expr.row(k)) for k in range(expr.rows))
        return "[" + ", ".join(f"[{row}]" for row in rows) + "]"

    _print_DenseMatrix = _print_ImmutableDenseMatrix = _print_ImmutableMatrix = _print_Matrix = _print_MatrixBase
    _print_MutableDenseMatrix = _print_SparseMatrix = _print_ImmutableSparseMatrix = _print_MatrixBase

    def _print_BlockMatrix(self, expr: Any) -> str:
        blocks = expr.blocks
        rows = (", ".join(self._print(blocks[i, j]) for j in range(blocks.shape[1])) for i in range(blocks.shape[0]))
        return "[" + ", ".join(f"[{row}]" for row in rows) + "]"

    def _print_SpectralNorm(self, expr: Any) -> str:
        return f"||{self._print(expr.args[0])}||"

    def _print_AbsoluteNorm(self, expr: Any) -> str:
        return f"||{self._print(expr.args[0])}||_{self._print(expr.args[1])}"

    def _print_SpectralRadius(self, expr: Any) -> str:
        return f"rho({self._print(expr.args[0])})"

    def _print_And(self, expr: Any) -> str:
        return " and ".join(self._inside(a) for a in sorted(expr.args, key=sp.default_sort_key))

    def _print_Or(self, expr: Any) -> str:
        return " or ".join(self._inside(a) for a in sorted(expr.args, key=sp.default_sort_key))

    def _print_Not(self, expr: Any) -> str:
        return f"not ({self._print(expr.args[0])})"

    def _inside(self, expr: Any) -> str:
        return f"({self._print(expr)})" if isinstance(expr, sp.And | sp.Or) else self._print(expr)

    def _print_Relational(self, expr: Any) -> str:
        sign = {"==": "=", "!=": "!="}.get(expr.rel_op, expr.rel_op)
        return f"{self._print(expr.lhs)} {sign} {self._print(expr.rhs)}"

    def _print_Piecewise(self, expr: Any) -> str:
        cases = [
            f"{self._print(v)} if {self._print(c)}" if c != sp.true else f"{self._print(v)} otherwise"
            for v, c in expr.args
        ]
        return "{" + "; ".join(cases) + "}"


def text(expression: Any) -> str:
    """An expression as text on one line.

    >>> text(sp.Matrix([[1, 2], [3, 4]]))
    '[[1, 2], [3, 4]]'
    """
    line = " ".join(str(TextPrinter().doprint(expression)).split())
    return _MATRIX.sub(r"\1", line).replace("[ [", "[[")


def readable(result: Result) -> str:
    """A result as text: the claim, what its names mean, and its hypotheses, a line each.

    >>> p = sp.Symbol("p", real=True)
    >>> print(readable(Result("geometric", sp.Symbol("S"), "=", 1 / (1 - p), given=abs(p) < 1)))
    S = 1/(1 - p)
      given Abs(p) < 1
    """
    lines = [f"{text(result.lhs)} {result.relation} {text(result.rhs)}"]
    lines += [f"  where {text(symbol)} = {text(value)}" for symbol, value in result.where]
    if result.given != sp.true:
        lines.append(f"  given {text(result.given)}")
    return "\n".join(lines)
