r"""The tree of LaTeX source: groups in braces, fences, environments; its printed width.

Widths are in units of 5 points at a font size of 10 points: the text of `article` is 69 wide, an IEEE column 50.
May import: standard library. A new command's width is a line in `_WIDTHS`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import singledispatch

_TOKEN = re.compile(r"\\[A-Za-z]+|\\.|[{}^_&()\[\]]|\s+|.", re.S)
CLOSERS = {"(": ")", "[": "]", r"\{": r"\}", r"\lvert": r"\rvert", r"\lVert": r"\rVert"}

RELATIONS = {
    "=",
    "<",
    ">",
    r"\le",
    r"\ge",
    r"\neq",
    r"\iff",
    r"\implies",
    r"\sim",
    r"\leq",
    r"\geq",
    r"\in",
    r"\to",
}
SUMS = {"+", "-", r"\pm"}
PRODUCTS = {r"\odot", r"\otimes", r"\cdot", r"\times"}
_WORD = {r"\text", r"\operatorname", r"\mathrm", r"\mathbf", r"\mathit", r"\mathsf", r"\mathcal", r"\mathbb"}
_SPACES = {r"\quad": 2.0, r"\qquad": 4.0, r"\,": 0.35, r"\;": 0.6, r"\:": 0.45, r"\!": -0.35, r"\ ": 0.7}
_INVISIBLE = {
    r"\tilde",
    r"\hat",
    r"\bar",
    r"\dot",
    r"\vec",
    r"\overline",
    r"\boldsymbol",
    r"\displaystyle",
    r"\bm",
}
_NAMED = {
    r"\tanh",
    r"\sinh",
    r"\cosh",
    r"\coth",
    r"\sin",
    r"\cos",
    r"\tan",
    r"\log",
    r"\exp",
    r"\max",
    r"\min",
    r"\det",
}
_NAMED |= {r"\arg", r"\arcsin", r"\arccos", r"\arctan", r"\lim", r"\sup", r"\inf"}
_WIDTHS = {
    ",": 0.9,
    ".": 0.55,
    "(": 0.78,
    ")": 0.78,
    "[": 0.56,
    "]": 0.56,
    r"\{": 1.0,
    r"\}": 1.0,
    r"\sum": 3.2,
}
_WIDTHS |= {
    r"\lvert": 0.56,
    r"\rvert": 0.56,
    r"\lVert": 1.0,
    r"\rVert": 1.0,
    r"\top": 1.55,
    r"\iff": 5.5,
    r"\implies": 5.1,
}
_WIDTHS |= {
    r"\prod": 2.9,
    r"\partial": 1.1,
    r"\infty": 2.0,
    r"\_": 1.0,
    r"\%": 1.65,
    "|": 0.56,
    r"\prime": 0.6,
}


@dataclass(frozen=True)
class Leaf:
    tex: str


@dataclass(frozen=True)
class Group:
    items: tuple[Node, ...]


@dataclass(frozen=True)
class Fence:
    left: str
    items: tuple[Node, ...]
    right: str
    stretched: bool = False


@dataclass(frozen=True)
class Env:
    name: str
    head: str
    rows: tuple[tuple[tuple[Node, ...], ...], ...]
    gap: str = r" \\ "


Node = Leaf | Group | Fence | Env
Nodes = tuple[Node, ...]


# The tree


def read(tex: str) -> Nodes:
    """The tree of LaTeX source."""
    return _items(_TOKEN.findall(tex), 0, ())[0]


def _items(tokens: list[str], at: int, stop: tuple[str, ...]) -> tuple[Nodes, int]:
    """Nodes up to one of the tokens `stop`; the place after the last node is that of the stop, or the end."""
    found: list[Node] = []
    while at < len(tokens) and tokens[at] not in stop:
        token = tokens[at]
        if token == "{":
            inside, at = _items(tokens, at + 1, ("}",))
            found.append(Group(inside))
            at += 1
        elif token == r"\begin":
            node, at = _environment(tokens, at)
            found.append(node)
        elif token == r"\left":
            inside, end = _items(tokens, at + 2, (r"\right",))
            found.append(Fence(tokens[at + 1], inside, tokens[end + 1] if end + 1 < len(tokens) else ".", True))
            at = end + 2
        elif token in CLOSERS:
            closer = CLOSERS[token]
            inside, end = _items(tokens, at + 1, (closer, *stop, ")", "]", "}", "&", r"\\", r"\end", r"\right"))
            if end < len(tokens) and tokens[end] == closer:
                found.append(Fence(token, inside, closer))
                at = end + 1
            else:
                found.append(Leaf(token))
                at += 1
        else:
            found.append(Leaf(token))
            at += 1
    return tuple(found), at


def _environment(tokens: list[str], at: int) -> tuple[Env, int]:
    name, at = _braced(tokens, at + 1)
    head = ""
    if name == "array":
        spec, at = _braced(tokens, at)
        head = f"{{{spec}}}"
    rows: list[tuple[Nodes, ...]] = []
    cells: list[Nodes] = []
    gap = r" \\ "
    while at < len(tokens):
        items, at = _items(tokens, at, ("&", r"\\", r"\end"))
        cells.append(trim(items))
        if at >= len(tokens) or tokens[at] != "&":
            rows.append(tuple(cells))
            cells = []
        if at < len(tokens) and tokens[at] == r"\end":
            _, at = _braced(tokens, at + 1)
            break
        at += 1
        if tokens[at : at + 1] == ["["]:
            close = tokens.index("]", at)
            gap = r" \\" + "".join(tokens[at : close + 1]) + " "
            at = close + 1
    return Env(name, head, tuple(rows), gap), at


def _braced(tokens: list[str], at: int) -> tuple[str, int]:
    end = tokens.index("}", at)
    return "".join(tokens[at + 1 : end]), end + 1


def trim(items: Nodes) -> Nodes:
    start, end = 0, len(items)
    while start < end and blank(items[start]):
        start += 1
    while end > start and blank(items[end - 1]):
        end -= 1
    return items[start:end]


def blank(node: Node) -> bool:
    return isinstance(node, Leaf) and node.tex.isspace()


def write(nodes: Sequence[Node]) -> str:
    """LaTeX source of a tree."""
    return "".join(_write(node) for node in nodes)


@singledispatch
def _write(node: Node) -> str:
    raise TypeError(node)


@_write.register
def _(node: Leaf) -> str:
    return node.tex


@_write.register
def _(node: Group) -> str:
    return f"{{{write(node.items)}}}"


@_write.register
def _(node: Fence) -> str:
    left, right = (r"\left", r"\right") if node.stretched else ("", "")
    return f"{left}{node.left}{write(node.items)}{right}{node.right}"


@_write.register
def _(node: Env) -> str:
    body = node.gap.join(" & ".join(write(cell) for cell in row) for row in node.rows)
    return rf"\begin{{{node.name}}}{node.head} {body} \end{{{node.name}}}"


# Widths


def width(tex: str | Sequence[Node]) -> float:
    r"""Estimated printed width, in units of 5 points.

    >>> round(width(r"\tanh(W_h h_{t-1} + b)"))
    17
    """
    return _width(read(tex) if isinstance(tex, str) else tex)


def _width(nodes: Sequence[Node]) -> float:
    total, k = 0.0, 0
    visible = [node for node in nodes if not blank(node)]
    while k < len(visible):
        node = visible[k]
        k += 1
        if not isinstance(node, Leaf):
            total += box(node)
        elif node.tex in ("_", "^"):
            sizes = [0.7 * _width(visible[k : k + 1])]
            k += 1
            if k < len(visible) and visible[k] in (Leaf("_"), Leaf("^")):
                sizes.append(0.7 * _width(visible[k + 1 : k + 2]))
                k += 2
            under = any(visible[j : j + 1] in ([Leaf(r"\sum")], [Leaf(r"\prod")]) for j in (k - 3, k - 5) if j >= 0)
            total += max(0.0, max(sizes) - 2.9) if under else max(sizes) + 0.1
        elif node.tex == r"\frac":
            total += max(_width(visible[k : k + 1]), _width(visible[k + 1 : k + 2])) + 0.5
            k += 2
        elif node.tex == r"\sqrt":
            total += 1.7
        elif node.tex in _WORD and k < len(visible):
            letters = len(re.sub(r"\\[A-Za-z]+(\{\})?|\\", "x", write(visible[k : k + 1])[1:-1]))
            narrow = {r"\text": 0.86, r"\operatorname": 1.0, r"\mathrm": 1.0}
            total += letters * narrow.get(node.tex, 1.4)
            k += 1
        else:
            first = k == 1 or visible[k - 2] in OPERATORS
            total += _leaf(node.tex) * (0.65 if first and node.tex in SUMS else 1)
    return total


OPERATORS = {Leaf(t) for t in (*RELATIONS, *SUMS, *PRODUCTS, ",")}


def _leaf(tex: str) -> float:
    if tex in _SPACES:
        return _SPACES[tex]
    if tex in _WIDTHS:
        return _WIDTHS[tex]
    if tex in _INVISIBLE:
        return 0.0
    if tex in _NAMED:
        return 1.05 * (len(tex) - 1) + 0.3
    if tex in RELATIONS:
        return 2.7
    if tex in SUMS or tex in PRODUCTS:
        return 2.45 if tex != r"\cdot" else 1.45
    if tex.isdigit():
        return 1.0
    if tex.startswith(r"\rnn") and len(tex) > 4:  # of Notation.commands: a letter and its subscripts
        return 1.6 + 0.85 * (len(tex) - 5)
    return 1.15 if tex.islower() or tex.startswith("\\") else 1.6


def box(node: Node) -> float:
    if isinstance(node, Group):
        return _width(node.items)
    if isinstance(node, Fence):
        tall = 1.4 if node.stretched else _WIDTHS.get(node.left, 0.78)
        return _width(node.items) + 2 * tall
    assert isinstance(node, Env)
    columns = max(len(row) for row in node.rows)
    sizes = [max((_width(row[c]) for row in node.rows if c < len(row)), default=0.0) for c in range(columns)]
    if node.name == "cases":
        return sum(sizes) + 2 * (columns - 1) + 2.2
    if node.name in ("aligned", "split"):
        return sum(sizes)
    return sum(sizes) + 2 * (columns - 1) + 2.6


def relaxed(tex: str) -> str:
    r"""The source with \left and \right only around what is taller than a line.

    >>> print(relaxed(r"\sigma\left(x\right) + \left(\frac{a}{b}\right)"))
    \sigma(x) + \left(\frac{a}{b}\right)
    """
    return write(_relaxed(read(tex))) if r"\left" in tex else tex


_TALL = {Leaf(t) for t in (r"\frac", r"\dfrac", r"\sum", r"\prod", r"\int")}


def _relaxed(nodes: Nodes) -> Nodes:
    found: list[Node] = []
    for node in nodes:
        if isinstance(node, Group):
            node = Group(_relaxed(node.items))
        elif isinstance(node, Env):
            node = replace(node, rows=tuple(tuple(_relaxed(cell) for cell in row) for row in node.rows))
        elif isinstance(node, Fence):
            inside = _relaxed(node.items)
            tall = not node.stretched or node.left == "." or node.right == "." or _is_tall(inside)
            node = replace(node, items=inside) if tall else replace(node, items=trim(inside), stretched=False)
            if not node.stretched and node.left.isalpha() is False and node.left.startswith("\\"):
                node = replace(node, items=(Leaf(" "), *trim(node.items), Leaf(" ")))
        found.append(node)
    return tuple(found)


def _is_tall(nodes: Nodes) -> bool:
    return any(
        node in _TALL or isinstance(node, Env) or (isinstance(node, Group | Fence) and _is_tall(node.items))
        for node in nodes
    )
