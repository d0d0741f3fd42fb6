r"""Layout: where a formula breaks into lines, and what gets a name if it cannot.

A line that is too wide breaks before a relation, a plus or a minus, then between factors, then inside the parentheses
that are too wide; a fraction, root or matrix entry that still does not fit is named, and its definition is returned
beside the lines. May import: `tree`. Another kind of box to make narrower is a branch of `_ease`.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator
from dataclasses import replace

from rnnsym.latex.tree import (
    CLOSERS,
    OPERATORS,
    PRODUCTS,
    RELATIONS,
    SUMS,
    Env,
    Fence,
    Group,
    Leaf,
    Node,
    Nodes,
    blank,
    box,
    read,
    trim,
    width,
    write,
)

Definition = tuple[str, str]


# Names for what is too wide


class Namer:
    r"""Fresh names for pieces of a formula: \mathcal{N}, \mathcal{D}, ..., and J_{ij} for entries."""

    def __init__(self, taken: str, entry: str = "J") -> None:
        self._taken = taken
        self._names: dict[str, str] = {}
        self._entries: dict[str, str] = {}
        self._letters = [entry, "J", "M", "K", "Q"]

    def name(self, tex: str, letter: str, out: list[Definition]) -> str:
        """The name of a piece; where it is new, its definition goes to `out`."""
        if tex not in self._names:
            self._names[tex] = self._fresh(letter)
            out.append((self._names[tex], tex))
        return self._names[tex]

    def _fresh(self, letter: str) -> str:
        used = self._names.values()
        candidates = (rf"\mathcal{{{letter}}}" + (f"_{{{k}}}" if k > 1 else "") for k in itertools.count(1))
        return next(c for c in candidates if c not in used and c not in self._taken)

    def entry(self, tex: str, name: str, out: list[Definition]) -> str:
        """The name that an entry of a matrix has already, or the one given."""
        if tex not in self._entries:
            self._entries[tex] = name
            out.append((name, tex))
        return self._entries[tex]

    def entries(self) -> Callable[[object, object], str]:
        """Names of the entries of one more matrix, by row and column."""
        free = (c for c in self._letters if not re.search(rf"(?<![A-Za-z\\]){c}(?![A-Za-z])", self._taken))
        letter = next(free, "") or self._fresh("J")
        self._taken += f" {letter} "
        self._names[letter] = letter
        head, _, own = letter.rstrip("}").partition("_{") if "_{" in letter else (letter, "", "")
        first = f"{own}," if own else ""
        return lambda i, j: f"{head}_{{{first}{i}{'' if len(f'{i}{j}') == 2 else ','}{j}}}"


# Lines


def fit(nodes: Nodes, first: float, rest: float, namer: Namer) -> tuple[list[str], list[Definition]]:
    """The lines of a formula, the first and the others no wider than given, and the definitions of what was named."""
    definitions: list[Definition] = []
    nodes = trim(nodes)
    lines, wide = _fill(nodes, first, rest)
    for _ in range(500):
        eased = (_ease(nodes, at, min(first, rest), namer, definitions) for at in wide)
        changed = next((new for new in eased if new != nodes), None)
        if changed is None:
            break
        nodes = changed
        lines, wide = _fill(nodes, first, rest)
    return [write(trim(line)) for line in lines], definitions


def _breaks(nodes: Nodes, level: int) -> Iterator[int]:
    """Where a line may start: words (level 0), relations and sums too (level 1), products too (level 2)."""
    before: Node | None = None
    for k, node in enumerate(nodes):
        if blank(node):
            continue
        if isinstance(node, Leaf) and before is not None:
            operator = before in OPERATORS or (
                isinstance(before, Leaf) and (before.tex in CLOSERS or before.tex[:4] == r"\big")
            )
            if (
                (level > 0 and node.tex in RELATIONS)
                or (level > 0 and node.tex in SUMS and not operator)
                or (
                    level == 2 and (node.tex in PRODUCTS or _juxtaposes(nodes, k, before) or _opens_after(node, before))
                )
                or (node.tex == r"\text" and write(nodes[k + 1 : k + 2]) in ("{ and }", "{ or }", "{, or }"))
            ):
                yield k
        if before == Leaf(",") and level > 0:
            yield k
        before = node


def _juxtaposes(nodes: Nodes, k: int, before: Node) -> bool:
    r"""A thin space at a fence, as the printer puts it between factors: diag(v)\, W."""
    after = next((node for node in nodes[k + 1 :] if not blank(node)), None)
    return nodes[k] == Leaf(r"\,") and (isinstance(before, Fence) or isinstance(after, Fence))


def _opens_after(node: Leaf, before: Node) -> bool:
    r"""An opened parenthesis after a closed one: ... \bigr) \bigl( ..."""
    return node.tex in (r"\bigl", r"\biggl") and isinstance(before, Leaf) and before.tex in (")", "]")


def _pieces(nodes: Nodes, level: int) -> list[Nodes]:
    spots = [0, *_breaks(nodes, level), len(nodes)]
    return [nodes[a:b] for a, b in itertools.pairwise(spots) if a < b]


def _clauses(nodes: Nodes, rest: float) -> list[Nodes]:
    """The pieces of level 1, but `and ...` and `or ...` that fit on a line stay whole."""
    found: list[Nodes] = []
    for clause in _pieces(nodes, 0):
        whole = clause[:1] == (Leaf(r"\text"),) and width(clause) <= rest
        found += [clause] if whole else _pieces(clause, 1)
    return found


def _fill(nodes: Nodes, first: float, rest: float) -> tuple[list[Nodes], list[int]]:
    """Lines filled from the left; and the places in `nodes` of pieces that no line can hold."""
    lines: list[Nodes] = []
    line: Nodes = ()
    at = 0
    wide = []
    for piece in _clauses(nodes, rest):
        parts = [piece]
        if width(piece) > rest:
            smaller = _pieces(piece, 2)
            if all(width(s) <= rest for s in smaller):
                parts = smaller
            else:
                wide.append(at)
        for part in parts:
            if line and width(line + part) > (rest if lines else first):
                lines.append(line)
                # a line that begins with a factor says so
                if part[0] in (Leaf(r"\bigl"), Leaf(r"\biggl")) and line and trim(line)[-1] == Leaf(")"):
                    part = (Leaf(r"\,"), Leaf(" "), *part)
                line = (Leaf(r"\cdot"), *part[1:]) if part[0] == Leaf(r"\,") else part
            else:
                line += part
        at += len(piece)
    return [*lines, line], wide


def _ease(nodes: Nodes, at: int, limit: float, namer: Namer, out: list[Definition]) -> Nodes:
    """The piece at a place made narrower: a fence in it opened to breaks, or what is in it named."""
    piece = next(p for start, p in _starts(_pieces(nodes, 1)) if start == at)
    boxes = [k for k, node in enumerate(piece) if not isinstance(node, Leaf)]
    # from the left those too wide by themselves, so that a numerator is named before its denominator; then by width
    sizes = {k: box(piece[k]) for k in boxes}
    for k in sorted(boxes, key=lambda k: (sizes[k] <= limit - 4, k if sizes[k] > limit - 4 else -sizes[k])):
        node, spot = piece[k], at + k
        new: Nodes = (node,)
        if isinstance(node, Fence):
            if any(True for _ in _breaks(node.items, 2)):
                new = _opened(node)
            else:
                room = max(limit - 6 - (width(piece) - sizes[k]), 12.0)
                new = (replace(node, items=_named(node.items, room, namer, out)),)
        elif isinstance(node, Env):
            new = (_narrow(node, limit - (width(piece) - sizes[k]), limit, namer, out),)
        elif isinstance(node, Group):
            new = (_renamed(node, nodes[:spot], namer, out),)
        if new != (node,):
            return nodes[:spot] + new + nodes[spot + 1 :]
    return nodes


def _starts(pieces: list[Nodes]) -> Iterator[tuple[int, Nodes]]:
    at = 0
    for piece in pieces:
        yield at, piece
        at += len(piece)


def _opened(fence: Fence) -> Nodes:
    r"""A fence whose inside may break: \left and \right cannot stand on two lines, \bigl and \bigr can."""
    nested = any(isinstance(node, Fence) for node in fence.items)
    size = r"\bigg" if fence.stretched else r"\big" if nested else ""
    left, right = ((Leaf(size + "l"),), (Leaf(size + "r"),)) if size else ((), ())
    return (*left, Leaf(fence.left), *fence.items, *right, Leaf(fence.right))


def _named(items: Nodes, limit: float, namer: Namer, out: list[Definition]) -> Nodes:
    _, wide = _fill(items, limit, limit)
    return _ease(items, wide[0], limit, namer, out) if wide else items


def _renamed(group: Group, before: Nodes, namer: Namer, out: list[Definition]) -> Node:
    r"""A numerator, denominator, root or long exponent replaced by a name; other groups are left alone."""
    visible = [node for node in before if not blank(node)]
    last = visible[-1] if visible else None
    if last == Leaf(r"\frac"):
        letter, least = "N", 4.0
    elif visible[-2:-1] == [Leaf(r"\frac")]:
        letter, least = "D", 4.0
    elif last == Leaf(r"\sqrt"):
        letter, least = "R", 4.0
    elif last == Leaf("^"):
        letter, least = "E", 12.0
    else:
        return group
    return Group(read(namer.name(write(group.items), letter, out))) if width(group.items) > least else group


def _narrow(env: Env, limit: float, line: float, namer: Namer, out: list[Definition]) -> Node:
    """A matrix whose wide entries are named, or cases; beside what else is on its line it may have `limit`."""
    if env.name == "cases":
        return _narrow_cases(env, limit, namer, out)
    columns = max(len(row) for row in env.rows)
    most = max(limit / columns - 2, 4.5)  # no narrower than the name of an entry
    too_many = columns * 4 > line
    if not too_many and all(width(cell) <= most for row in env.rows for cell in row):
        return env
    entry = namer.entries()
    if too_many:
        return _general_entry(env, entry, out)
    rows = []
    for i, row in enumerate(env.rows, 1):
        rows.append(tuple(
            read(namer.entry(write(cell), entry(i, j), out)) if width(cell) > most else cell for j, cell in enumerate(row, 1)
        ))  # fmt: skip
    return replace(env, rows=tuple(rows), gap=r" \\ ")


def _general_entry(env: Env, entry: Callable[[object, object], str], out: list[Definition]) -> Node:
    """A matrix of too many columns: its general entry, and the entries that are not zero."""
    cells = [(i, j, write(cell)) for i, row in enumerate(env.rows, 1) for j, cell in enumerate(row, 1)]
    out += [(entry(i, j), tex) for i, j, tex in cells if tex != "0"]
    if any(tex == "0" for _, _, tex in cells):
        out.append((entry("i", "j"), r"0 \text{ for all other } i, j"))
    general = read(entry("i", "j"))
    return Group(general) if env.name == "array" else Env("bmatrix", "", ((general,),))


def _narrow_cases(env: Env, limit: float, namer: Namer, out: list[Definition]) -> Env:
    """Cases whose wide values, and wide sides of conditions, are named; long conditions go on in a second row."""
    values = [row[0] for row in env.rows]
    values = [read(namer.name(write(v), "V", out)) if width(v) > limit / 2 else v for v in values]
    most = limit - max(width(v) for v in values) - 6
    rows: list[tuple[Nodes, ...]] = []
    for value, row in zip(values, env.rows, strict=True):
        condition = row[1] if len(row) > 1 else ()
        if width(condition) > most:
            condition = _named_sides(condition, min(most / 2, 12), namer, out)
        lines, more = fit(condition, most, most, namer)
        out += more
        rows.append((value, read(lines[0])))
        rows += [((), read(r"\quad {}" + line)) for line in lines[1:]]
    return replace(env, rows=tuple(rows))


def _named_sides(condition: Nodes, most: float, namer: Namer, out: list[Definition]) -> Nodes:
    """A condition in which each side of a relation that is wider than `most` has a name."""
    found: list[Node] = []
    side: list[Node] = []
    nodes = list(condition)
    while nodes or side:
        ends = not nodes or (
            isinstance(nodes[0], Leaf) and (nodes[0].tex in RELATIONS or nodes[0].tex in (r"\text", ","))
        )
        if ends and side:
            kept = trim(tuple(side))
            if width(kept) > most:
                kept = (Leaf(" "), *read(namer.name(write(kept), "P", out)), Leaf(" "))
                found += kept
            else:
                found += side
            side = []
        elif ends:
            words = nodes[0] == Leaf(r"\text")
            found += nodes[: 2 if words else 1]
            del nodes[: 2 if words else 1]
        else:
            side.append(nodes.pop(0))
    return tuple(found)
