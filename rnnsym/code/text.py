"""Small pieces of the text of array code: numbers, brackets where an operation needs them, the order of terms.

May import: SymPy only.
"""

from __future__ import annotations

from typing import Any

import sympy as sp

MPMATH_DIGITS = 120  # of a constant that mpmath has no name for


def reading_order(term: Any) -> tuple[int, str]:
    """Columns first as they were made, then the rest; numbers in front."""
    return (0 if term.is_Number else 1, sp.default_sort_key(term).__repr__())


def number(e: Any, modules: str) -> str:
    if e.is_Integer:
        return str(e)
    if e.is_Rational:
        return f"mp.mpf({e.p}) / {e.q}" if modules == "mpmath" else f"{e.p} / {e.q}"
    if e is sp.I:
        return "1j"
    if e is sp.oo or e is -sp.oo:
        return "float('inf')" if e is sp.oo else "-float('inf')"
    if e in (sp.nan, sp.zoo):
        return "float('nan')"
    if modules == "mpmath" and e in (sp.pi, sp.E):
        return f"+mp.{'pi' if e is sp.pi else 'e'}"
    if modules == "mpmath" and e.is_NumberSymbol:
        return f"mp.mpf('{e.evalf(MPMATH_DIGITS)}')"
    return repr(float(e))


def matrix_scalar(text: str, coefficient: Any) -> str:
    return text if not coefficient.free_symbols else f"({text})[..., None, None]"


def bracketed(text: str, strength: int, level: int) -> str:
    return f"({text})" if strength < level else text


def is_simple(text: str) -> bool:
    return text.isidentifier() or (text.endswith(")") and text.split("(")[0].isidentifier() and _closes_last(text))


def _closes_last(text: str) -> bool:
    depth = 0
    for k, c in enumerate(text):
        depth += (c in "([") - (c in ")]")
        if depth == 0 and c == ")" and k < len(text) - 1:
            return False
    return True


def bracketed_text(text: str) -> str:
    return text if is_simple(text) else f"({text})"
