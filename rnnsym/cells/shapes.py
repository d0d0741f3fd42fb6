"""Shapes of the names in formulas between columns, found from the formulas themselves.

A formula is read into a tree whose nodes have unknown shapes: `@` makes its factors matrices whose inner sizes agree,
an entrywise operation makes its columns agree and lets numbers through. The rules are applied until nothing changes;
what is added to a column and is otherwise free is a column (a bias); what then is unknown is asked for, never guessed.

May import: reader, result. Used by `text`; knows nothing of cells.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import sympy as sp

from rnnsym.result import ShapeError, SpecError


class Size:
    """A size that may be unknown; two sizes found equal become one. `fixed` ones are the user's and never merge."""

    def __init__(self, value: Any = None, fixed: bool = False, rank: int = 9) -> None:
        self.value, self.fixed, self.rank = value, fixed, rank
        self.parent: Size | None = None

    def root(self) -> Size:
        found = self
        while found.parent is not None:
            found = found.parent
        return found

    def join(self, other: Size) -> bool:
        """Whether joining the two changed anything; ShapeError if they are different and both given."""
        a, b = self.root(), other.root()
        if a is b or (a.value is not None and a.value == b.value):
            return False
        if (a.fixed and b.fixed) or sp.S.One in (a.value, b.value) and None not in (a.value, b.value):
            raise ShapeError(f"{a.value} and {b.value} are different sizes")
        if (a.value is None, not a.fixed, a.rank) > (b.value is None, not b.fixed, b.rank):
            a, b = b, a
        b.parent = a
        return True

    def __str__(self) -> str:
        return "?" if self.root().value is None else str(self.root().value)


ONE = Size(sp.S.One, fixed=True)


class Shape:
    """The shape of a node: unknown (kind ""), a number, or an array of rows x columns."""

    def __init__(self, kind: str = "", rows: Size | None = None, columns: Size | None = None) -> None:
        self.kind, self.rows, self.columns = kind, rows or Size(), columns or Size()

    def become(self, kind: str) -> bool:
        if self.kind == kind:
            return False
        if self.kind:
            raise ShapeError(f"{self} where {'a number' if kind == 'number' else 'an array'} is needed")
        self.kind = kind
        return True

    def join(self, other: Shape) -> bool:
        """Makes two shapes equal."""
        changed = False
        if other.kind:
            changed |= self.become(other.kind)
        elif self.kind:
            changed |= other.become(self.kind)
        if self.kind == "array":
            changed |= self.rows.join(other.rows)
            changed |= self.columns.join(other.columns)
        return changed

    def __str__(self) -> str:
        if self.kind == "array":
            return f"a column of size {self.rows}" if str(self.columns) == "1" else f"{self.rows} x {self.columns}"
        return "a number" if self.kind else "of unknown shape"


def array(rows: Size, columns: Size = ONE) -> Shape:
    return Shape("array", rows, columns)


class Node:
    """One operation of a formula: "name", "number", "@", "transpose", or an entrywise one ("+", "*", "**", a function)."""

    def __init__(self, op: str, args: Sequence[Node] = (), shape: Shape | None = None, text: str = "") -> None:
        self.op, self.args, self.shape, self.text = op, tuple(args), shape or Shape(), text

    def __str__(self) -> str:
        if not self.args:
            return self.text
        parts = [f"({a})" if a.op in ("+", "*", "@", "**") else str(a) for a in self.args]
        if self.op in ("+", "*", "@", "**"):
            text = f" {self.op} ".join(parts) if self.op != "**" else self.op.join(parts)
        else:
            text = f"{self.op}({', '.join(map(str, self.args))})"
        return text if len(text) <= 60 else text[:57] + "..."


class Shapes:
    """The reader's algebra of the first pass: builds nodes, keeps them, and solves for their shapes."""

    def __init__(self) -> None:
        self.nodes: list[Node] = []
        self.names: dict[str, Node] = {}

    # the algebra
    def number(self, value: Any) -> Node:
        return Node("number", (), Shape("number"), str(value))

    def add(self, a: Node, b: Node) -> Node:
        return self._chain("+", a, b)

    def subtract(self, a: Node, b: Node) -> Node:
        return self._chain("+", a, self.negate(b))

    def multiply(self, a: Node, b: Node) -> Node:
        return self._chain("*", a, b)

    def divide(self, a: Node, b: Node) -> Node:
        return self._chain("*", a, self.made("1/", b))

    def power(self, a: Node, b: Node) -> Node:
        return self.made("**", a, b)

    def matmul(self, a: Node, b: Node) -> Node:
        return self._chain("@", a, b)

    def negate(self, a: Node) -> Node:
        return self.made("-", a)

    def made(self, op: str, *args: Node) -> Node:
        node = Node(op, args)
        self.nodes.append(node)
        return node

    def _chain(self, op: str, a: Node, b: Node) -> Node:
        """a op b as one node of many arguments, so that long sums are not deep."""
        if a.op == op:
            a.args = (*a.args, b)
            return a
        return self.made(op, a, b)

    # the solution
    def solve(self, pairs: Iterable[tuple[str, Node]] = ()) -> None:
        """Applies the rules until nothing changes; `pairs` are equations name = node."""
        equations = list(pairs)
        while True:
            changed = False
            for name, node in equations:
                changed |= self._named(f"{name} = {node}", lambda a=self.names[name].shape, b=node.shape: a.join(b))
            for node in self.nodes:
                changed |= self._named(str(node), lambda node=node: _apply(node))
            if not changed and not self._biases():
                return

    def _named(self, what: str, rule: Any) -> bool:
        try:
            return bool(rule())
        except ShapeError as error:
            raise ShapeError(f"{error}, in {what}") from None

    def _biases(self) -> bool:
        """A free name that is added to a column is a column; True if there was one."""
        found = False
        for node in self.nodes:
            if node.op == "+" and node.shape.kind == "array" and str(node.shape.columns) == "1":
                for a in node.args:
                    inner = a.args[0] if a.op == "-" else a
                    if inner.op == "name" and not inner.shape.kind:
                        inner.shape.join(node.shape)
                        found = True
        return found

    def settle(self, only_numbers: bool) -> None:
        """Refuses what is still unknown; if every state and input has size 1, a free name is of size 1 too."""
        for name, node in self.names.items():
            shape = node.shape
            if not shape.kind and only_numbers:
                shape.join(array(ONE))
            if not shape.kind:
                raise SpecError(
                    f"cannot see the shape of {name!r}, which is only multiplied entrywise; pass shapes={{{name!r}: ()}} "
                    f"for a number or shapes={{{name!r}: 'n'}} for a column"
                )
            if shape.kind == "array" and "?" in (str(shape.rows), str(shape.columns)):
                rows = str(shape.rows).replace("?", "k")
                columns = str(shape.columns).replace("?", "n" if rows == "k" else "k")
                raise SpecError(f"cannot see the shape of {name!r}; pass shapes={{{name!r}: ({rows!r}, {columns!r})}}")


def _apply(node: Node) -> bool:
    """One rule at one node; True if something became known."""
    if node.op == "@":
        for a in node.args:
            if a.shape.kind == "number":
                raise ShapeError(f"{a} is a number and @ is the linear map; write *")
        changed = any([a.shape.become("array") for a in (*node.args, node) if not a.shape.kind])
        for left, right in zip(node.args, node.args[1:], strict=False):
            changed |= _inner(left, right)
        changed |= node.shape.rows.join(node.args[0].shape.rows)
        return node.shape.columns.join(node.args[-1].shape.columns) or changed
    if node.op == "transpose":
        inner = node.args[0].shape
        changed = any([s.become("array") for s in (inner, node.shape) if not s.kind])
        changed |= node.shape.rows.join(inner.columns)
        return node.shape.columns.join(inner.rows) or changed
    changed = False
    arrays = [a for a in node.args if a.shape.kind == "array"]
    for a in arrays:
        if node.shape.kind != "array":
            changed |= node.shape.become("array")
        try:
            changed |= node.shape.join(a.shape)
        except ShapeError:
            raise ShapeError(f"{a} is {a.shape} beside {arrays[0]}, {arrays[0].shape}") from None
    unknown = [a for a in node.args if not a.shape.kind]
    if node.shape.kind == "number":
        for a in unknown:
            changed |= a.shape.become("number")
    elif not unknown and not arrays:
        changed |= node.shape.become("number")
    elif node.shape.kind == "array" and not arrays and len(unknown) == 1:
        changed |= unknown[0].shape.join(node.shape)
    return changed


def _inner(left: Node, right: Node) -> bool:
    try:
        return left.shape.columns.join(right.shape.rows)
    except ShapeError:
        raise ShapeError(f"{left} is {left.shape}, {right} is {right.shape}; the inner sizes of @ must agree") from None
