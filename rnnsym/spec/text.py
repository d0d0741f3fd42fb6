"""Expressions as text that the reader of models reads back."""

from __future__ import annotations

from typing import Any

import sympy as sp

from rnnsym.result import SpecError
from rnnsym.vectors import Diagonal, Entrywise, factors_of, slot


def text_of(expression: Any) -> str:
    """A column or matrix expression as text that `cell` reads back.

    >>> from rnnsym.cells import elman
    >>> text_of(elman().equations[0][1])
    'tanh(W_h @ h + W_x @ x + b)'
    """
    if isinstance(expression, Entrywise):
        texts = {slot(k): _bracketed(c) for k, c in enumerate(expression.columns, 1)}
        stand_in = {s: sp.Symbol(f"column{k}", real=True) for k, s in enumerate(texts, 1)}
        text = str(expression.body.xreplace(stand_in))
        for k, part in sorted(enumerate(texts.values(), 1), reverse=True):
            text = _replaced(text, f"column{k}", part)
        return text
    if isinstance(expression, sp.MatMul):
        coefficient, factors = factors_of(expression)
        if any(isinstance(f, sp.Identity) for f in factors):
            raise SpecError(f"{expression} has no text; write the identity out")
        text = " @ ".join(_bracketed(f, product=False) for f in factors)
        sign = "-" if coefficient == -1 else f"({coefficient})*"
        return text if coefficient == 1 else f"{sign}({text})" if len(factors) > 1 else f"{sign}{text}"
    if isinstance(expression, sp.MatAdd):
        return " + ".join(text_of(t) for t in expression.args).replace(" + -", " - ")
    if isinstance(expression, sp.Transpose):
        return f"transpose({text_of(expression.arg)})"
    if isinstance(expression, Diagonal):
        raise SpecError(f"{expression} has no text")
    return str(expression)


def _bracketed(part: Any, product: bool = True) -> str:
    """The text of a part; in brackets unless it binds as tightly as a name (a lone product of two in a sum needs none)."""
    text = text_of(part)
    simple = isinstance(part, sp.MatrixSymbol | sp.Transpose) or (isinstance(part, sp.MatMul) and product)
    return text if simple else f"({text})"


def _replaced(text: str, word: str, part: str) -> str:
    """`word` in a formula by `part`, in brackets where a product or power touches it."""
    found = ""
    at = 0
    while (start := text.find(word, at)) >= 0:
        end = start + len(word)
        before, after = text[:start].rstrip()[-1:], text[end:].lstrip()[:1]
        tight = (before in ("*", "/") or after in ("*", "/")) and "@" in part
        found += text[at:start] + (f"({part})" if tight else part)
        at = end
    return found + text[at:]
