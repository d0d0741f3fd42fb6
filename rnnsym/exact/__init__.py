"""The exact room: polynomial algebra over FLINT, proofs that something is zero, balls. Plain values out, no Results.

    fields  the ring of a set of expressions; SymPy -> fractions of polynomials -> SymPy
    zero    is_zero with proofs; normal, fraction, factored: the forms for reading
    balls   enclosures of numbers to any precision

May be imported: `rnnsym.result`, SymPy, NumPy, python-flint. Names are loaded when first used, so the room costs
nothing until then. To add a file: write it, and give its public names a line here.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rnnsym.exact.fields import TERM_LIMIT, Fraction, Relation, Ring, UndefinedExpression
    from rnnsym.exact.zero import elementary_ring, factored, fraction, is_zero, is_zero_in, normal

_HOME = {
    "fields": ("TERM_LIMIT", "Fraction", "Relation", "Ring", "UndefinedExpression"),
    "zero": ("elementary_ring", "factored", "fraction", "is_zero", "is_zero_in", "normal"),
    "balls": (),
}

__all__ = [
    "TERM_LIMIT", "Fraction", "Relation", "Ring", "UndefinedExpression",
    "elementary_ring", "factored", "fraction", "is_zero", "is_zero_in", "normal",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    for home, names in _HOME.items():
        if name in names:
            return getattr(import_module(f"rnnsym.exact.{home}"), name)
    raise AttributeError(f"rnnsym.exact has no {name}")
