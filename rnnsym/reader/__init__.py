"""The safe reader: text of strangers -> SymPy (or another algebra), nothing executed.

Lives here: `read` (a formula or a condition) and `free_names`. The parts: `sizes` (what is too large), `source` (text to
tree, `check_name`), `functions` (FUNCTIONS), `algebra` (what operators mean), `building` (tree to object).
May import: SymPy and `result`.

Three gates stand between text and value. (1) Our own scan into tokens: ASCII only, listed signs only, operands and
operators in turn, nesting bounded; Python's parser then meets short and flat text only. (2) A whitelist of `ast`
nodes. (3) Numbers: SymPy computes while it builds (2**(x + 10**9)*2**-x becomes 2**(10**9), exp(10**9*log(2)) too),
so sizes are predicted before an operation (`power_fits`) and every new node is examined after it
(`Builder._examine`): what one more operation could make of admitted parts stays small. Where SymPy would expand or
prove (Abs, Max, re, relations), large arguments are kept as written.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from rnnsym.reader.algebra import SCALARS, Algebra
from rnnsym.reader.building import Builder
from rnnsym.reader.functions import FUNCTIONS
from rnnsym.reader.sizes import BITS, DEPTH, LENGTH
from rnnsym.reader.source import WORDS, Source, check_name

__all__ = [
    "BITS",
    "DEPTH",
    "FUNCTIONS",
    "LENGTH",
    "SCALARS",
    "Algebra",
    "FreeNames",
    "check_name",
    "free_names",
    "read",
]


class FreeNames(NamedTuple):
    """The names of a text in order of appearance: those used as variables, those called as functions."""

    variables: tuple[str, ...]
    functions: tuple[str, ...]


def read(
    text: str,
    names: Mapping[str, Any],
    *,
    functions: Mapping[str, Callable[..., Any]] | None = None,
    algebra: Algebra | None = None,
    condition: bool = False,
    what: str = "formula",
) -> Any:
    """The object that `text` denotes: an expression, or with `condition=True` a SymPy Boolean.

    `names` maps every allowed name to its object; `functions` (default FUNCTIONS) maps function names to
    callables of built objects; `algebra` (default SCALARS) says what the operators mean; `what` names the text in
    messages.

    Raises: SpecError for every fault of the text; an RnnsymError of `algebra` or a function gets the column added.

    >>> import sympy as sp
    >>> w, h = sp.symbols("w h", real=True)
    >>> read("tanh(w*h) + 0.1", {"w": w, "h": h})
    tanh(h*w) + 1/10
    >>> read("0 < w < 1 and h != 0", {"w": w, "h": h}, condition=True)
    (w > 0) & (w < 1) & Ne(h, 0)
    >>> read("1/(2 - 2)", {})
    Traceback (most recent call last):
    rnnsym.result.SpecError: division by zero; the divisor must not vanish (column 2): 1/(2 - 2)
    """
    source = Source(text, what)
    builder = Builder(source, names, FUNCTIONS if functions is None else functions, algebra or SCALARS)
    try:
        return builder.condition(source.tree) if condition else builder.lifted(builder.value(source.tree))
    except RecursionError as error:
        raise source.error(f"nested too deeply to build (limit {DEPTH}); name the inner parts", 1) from error


def free_names(text: str, *, what: str = "formula") -> FreeNames:
    """The names in a formula or condition, in order of appearance, for callers that make symbols for them.

    >>> free_names("tanh(w*h) + b*h")
    FreeNames(variables=('w', 'h', 'b'), functions=('tanh',))
    """
    source = Source(text, what)
    variables: list[str] = []
    called: list[str] = []
    following = [token.text for token in source.tokens[1:]] + [""]
    for token, after in zip(source.tokens, following, strict=True):
        if token.kind == "name" and token.text not in WORDS:
            (called if after == "(" else variables).append(token.text)
    return FreeNames(tuple(dict.fromkeys(variables)), tuple(dict.fromkeys(called)))
