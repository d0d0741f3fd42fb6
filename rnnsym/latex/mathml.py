r"""MathML of LaTeX source, through the library math-core (extra `html`), for pages that are read without TeX.

The library writes MathML Core, which browsers set by themselves; what it does not know of LaTeX is rewritten here on the
tree of the source: formulas inside \text, row gaps. May import: `tree`, `notation`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from html import escape
from typing import Any

from rnnsym.latex.tree import Env, Fence, Group, Leaf, Node, Nodes, read, write
from rnnsym.result import SpecError

MISSING = "MathML needs math-core: pip install 'rnnsym[html]'"
_DOLLARS = re.compile(r"\A\s*\$(?:\\displaystyle\b)?(.*)\$\s*\Z", re.S)


_ENVIRONMENTS = {"smallmatrix": "matrix"}


def has_mathml() -> bool:
    """Whether the library is there."""
    from importlib.util import find_spec

    return find_spec("math_core") is not None


def mathml(tex: str, *, display: bool = False, macros: Mapping[str, str] | None = None) -> str:
    r"""LaTeX in or without dollars as a <math> element; a command that is not known stands there by name.

    macros: meanings of commands of your own, without backslash.
    Raises: SpecError without the extra.
    """
    source = stripped(tex)
    library = _library()
    converter = _converter(tuple(sorted((macros or {}).items())))
    try:
        return str(converter.convert_with_local_state(write(_known(read(source))), displaystyle=display))
    except library.LatexError:
        return f'<code class="tex">{escape(source)}</code>'


def stripped(tex: str) -> str:
    r"""The formula without comments, dollars and \displaystyle.

    >>> stripped("% a comment\n$\\displaystyle x$")
    'x'
    """
    tex = "\n".join(line for line in tex.split("\n") if not line.startswith("%"))
    inside = _DOLLARS.match(tex)
    return (inside[1] if inside else tex).strip()


def _library() -> Any:
    try:
        import math_core
    except ImportError as error:
        raise SpecError(MISSING) from error
    return math_core


@cache
def _converter(macros: tuple[tuple[str, str], ...]) -> Any:
    return _library().LatexToMathML(macros=dict(macros), ignore_unknown_commands=True)


def _known(nodes: Nodes) -> Nodes:
    """The same formula in the LaTeX that the library reads."""
    found: list[Node] = []
    waiting = list(nodes)
    while waiting:
        node = waiting.pop(0)
        if node == Leaf(r"\text") and waiting and isinstance(waiting[0], Group):
            found += _words(write(waiting.pop(0).items))  # type: ignore[union-attr]
        elif isinstance(node, Group):
            found.append(Group(_known(node.items)))
        elif isinstance(node, Fence):
            found.append(replace(node, items=_known(node.items)))
        elif isinstance(node, Env):
            rows = tuple(tuple(_known(cell) for cell in row) for row in node.rows)
            found.append(replace(node, name=_ENVIRONMENTS.get(node.name, node.name), rows=rows, gap=r" \\ "))
        else:
            found.append(node)
    return tuple(found)


def _words(text: str) -> Nodes:
    r"""\text with formulas in it: words and formulas in turn."""
    found: list[Node] = []
    for k, part in enumerate(text.split("$")):
        if k % 2:
            found += read(f"{{{part}}}")
        elif part:
            found += [Leaf(r"\text"), Group((Leaf(part),))]
    return tuple(found)
