"""`cell`: the user's own equations, from text or SymPy expressions.

May import: everything to the left of `cells`, the record, and the reading of text.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import sympy as sp

from rnnsym.cells.hypotheses import assume
from rnnsym.cells.output import with_output
from rnnsym.cells.record import Cell, bind, refuse_clashes
from rnnsym.cells.text import (
    Node,
    Shape,
    Shapes,
    Size,
    Sizes,
    array,
    expression_of,
    is_array,
    nodes_of,
    symbol_of,
    variables,
)  # fmt: skip
from rnnsym.reader import check_name
from rnnsym.result import LimitReached, ShapeError, SpecError
from rnnsym.vectors import column, entrywise

EQUATIONS = 100  # of one cell


def cell(
    equations: str | Mapping[Any, Any] | Iterable[Any],
    *,
    state: Any,
    input: Any = None,
    output: Any = None,
    shapes: Mapping[str, Any] | None = None,
    given: Any = True,
    name: str = "cell",
) -> Cell:
    """A cell from the user's own equations, in order: named quantities first, then the new states.

    equations: lines of text "z_t = sigmoid(W_z @ x + b_z)", or a mapping or pairs from names to texts or SymPy
               expressions. `@` is the linear map, `*` the entrywise product. On the right a state's letter h is its
               previous value; h_t (or h) on the left is the new one. Activations, the usual functions and `transpose`.
    state:     the letter of the state, or several; each column has n entries unless `shapes` says otherwise.
    input:     the letter of the input (m entries), several, or None. output: as of every cell; h there is h_t.
    shapes:    where they cannot be seen: {"V": ("n", "k"), "a": ()} for a matrix and a number; 1, 2, ... fix a size.
    given:     hypotheses, as text or SymPy conditions.
    Raises: SpecError or ShapeError naming the equation.

    >>> print(cell("h_t = tanh(W @ h + U @ x + b)", state="h", input="x"))
    cell: h_t = tanh(U*x + W*h + b)
    """
    pairs = _pairs(equations)
    left_over = dict(shapes or {})
    read_out = set(variables(output, "output")) if isinstance(output, str) else set()
    if any(not isinstance(right, str) for _, right in pairs):
        if shapes:
            raise SpecError("shapes= is for equations given as text; SymPy symbols have theirs")
        made = _from_expressions(name, pairs, state, input)
    else:
        made = _from_text(name, pairs, _letters(state, "state"), _letters(input, "input"), left_over, read_out)
    values: dict[str, Any] = {}
    if output is not None:
        made, values = with_output(made, output, left_over)
    if left_over:
        known = ", ".join(s.name for s in (*made.state, *made.input, *made._parameter_symbols()))
        raise SpecError(f"shapes has {next(iter(left_over))!r}, which is in no equation; names: {known}")
    refuse_clashes(made)
    columns = (*made.state, *made.input, *(s for s in made._parameter_symbols() if s.is_Matrix))
    if values or (not made.is_explicit and any(size.is_Integer for s in columns for size in s.shape[:1])):
        made = bind(made, values, {} if values else {s.name: 1 for s in made.sizes})
    return assume(made, given)


def _pairs(equations: Any) -> list[tuple[Any, Any]]:
    """(left, right) of each equation; a line of text is split at its first =."""
    if isinstance(equations, str):
        equations = [line for line in equations.replace(";", "\n").split("\n") if line.split("#")[0].strip()]
        if not equations:
            raise SpecError("no equations; give lines such as h_t = tanh(W @ h + b)")
    found: list[tuple[Any, Any]] = []
    for item in equations.items() if isinstance(equations, Mapping) else equations:
        if isinstance(item, str):
            left, sign, right = item.split("#")[0].partition("=")
            if not sign:
                raise SpecError(f"{item.strip()!r} is no equation; write name = formula")
            item = (left.strip(), right.strip())
        if not isinstance(item, Sequence) or len(item) != 2:
            raise SpecError(f"{item!r} is no equation; write (name, formula)")
        found.append((item[0].strip() if isinstance(item[0], str) else item[0], item[1]))
    if not found:
        raise SpecError("no equations; give lines such as h_t = tanh(W @ h + b)")
    if len(found) > EQUATIONS:
        raise LimitReached(f"{len(found)} equations; limit {EQUATIONS}")
    return found


def _letters(given: Any, what: str) -> tuple[str, ...]:
    """The names of states or inputs: "h", "c h", ["c", "h"] or symbols."""
    if given is None:
        return ()
    parts = given.replace(",", " ").split() if isinstance(given, str) else given
    parts = parts if isinstance(parts, list | tuple) else [parts]
    names = tuple(s if isinstance(s, str) else s.name for s in parts)
    for k, name in enumerate(names):
        check_name(name, what)
        if name.endswith("_t"):
            raise SpecError(f"give the {what} as {name[:-2]!r}; {name!r} is its value at time t")
        if name in names[:k]:
            raise SpecError(f"the {what} {name!r} is given twice")
    return names


class _Left:
    """The names on the left, in order: which define a state, and what may be used where."""

    def __init__(self, pairs: Sequence[tuple[Any, Any]], states: Sequence[str], inputs: Sequence[str]) -> None:
        self.states, self.inputs = tuple(states), tuple(inputs)
        self.keys: list[str] = []  # the name at time t of each equation
        self.bare: set[str] = set()  # states whose new value was written without _t
        for left, _ in pairs:
            text = left if isinstance(left, str) else getattr(left, "name", str(left))
            check_name(text, "left side")
            stem = text.removesuffix("_t")
            if stem in self.inputs:
                raise SpecError(f"{text} is the input; it cannot be computed")
            if f"{stem}_t" in self.keys:
                raise SpecError(f"{text!r} is defined twice")
            if stem in self.states and text == stem:
                self.bare.add(stem)
            self.keys.append(f"{stem}_t")
        for s in self.states:
            if f"{s}_t" not in self.keys:
                raise SpecError(f"no equation defines the new state {s}_t; left sides: {', '.join(self.keys)}")

    def meaning(self, name: str, k: int) -> str | None:
        """The symbol that a name on the right of equation k stands for; None for a parameter."""
        stem = name.removesuffix("_t")
        done = f"{stem}_t" in self.keys[:k]
        if stem in self.inputs:
            return stem
        if stem in self.states and name == stem:
            if done and stem in self.bare:
                raise SpecError(
                    f"{name!r} after its own equation may mean the old or the new value; write {name}_t on its left "
                    f"side: then {name} is the old value and {name}_t the new one"
                )
            return stem
        if done:
            return f"{stem}_t"
        if f"{stem}_t" in self.keys:
            raise SpecError(f"{name!r} is used before its equation; put the equation of {name!r} first")
        if name.endswith("_t"):
            raise SpecError(
                f"{name!r} has no equation; defined before this one: {', '.join(self.keys[:k]) or 'nothing'}"
            )
        return None


def _from_text(
    name: str,
    pairs: list[tuple[Any, str]],
    states: tuple[str, ...],
    inputs: tuple[str, ...],
    given: dict[str, Any],
    read_out: set[str],
) -> Cell:
    """The cell of texts; shapes that are used are taken out of `given`; `read_out` are the names in the output."""
    if not states:
        raise SpecError("a cell needs a state; pass state='h'")
    left = _Left(pairs, states, inputs)
    shapes, sizes = Shapes(), Sizes()
    units = Size(sp.Symbol("n", integer=True, positive=True), rank=0)
    for s in states:
        shapes.names[s] = Node("name", (), _own_shape(sizes, given, s) or array(units), s)
        shapes.names[f"{s}_t"] = Node("name", (), shapes.names[s].shape, f"{s}_t")
    for k, s in enumerate(inputs):
        symbol = sp.Symbol("m" if k == 0 else f"m_{s}", integer=True, positive=True)
        shapes.names[s] = Node("name", (), _own_shape(sizes, given, s) or array(Size(symbol, rank=1 + k)), s)
    for key in left.keys:
        shapes.names.setdefault(key, Node("name", (), Shape(), key))
    used = {f"{s.removesuffix('_t')}_t" for s in read_out} | {s.removesuffix("_t") for s in read_out}
    roots = []
    for k, (_, text) in enumerate(pairs):
        what = f"equation of {left.keys[k]}"
        table = {}
        for word in variables(text, what):
            meaning = left.meaning(word, k)
            used.add(meaning or word)
            if meaning is None and word not in shapes.names:
                shape = sizes.shape(given.pop(word), word) if word in given else Shape()
                shapes.names[word] = Node("name", (), shape, word)
            table[word] = shapes.names[meaning or word]
        inner = _scope(shapes, table)
        roots.append((left.keys[k], nodes_of(inner, text, what)))
        shapes.nodes = inner.nodes
    idle = [s for s in (*left.keys, *inputs) if s not in used and s.removesuffix("_t") not in states]
    if idle:
        hint = "leave it out" if idle[0] in inputs else "leave it out, or pass it as output="
        raise SpecError(f"{idle[0]!r} is used by no equation; {hint}")
    shapes.solve(roots)
    alone = all(str(shapes.names[s].shape.rows) == "1" for s in (*states, *inputs))
    shapes.settle(only_numbers=alone)
    symbols = {key: symbol_of(key, node.shape) for key, node in shapes.names.items()}
    equations: list[tuple[Any, Any]] = []
    for key, (_, text) in zip(left.keys, pairs, strict=True):
        what, k = f"equation of {key}", left.keys.index(key)
        words = {word: symbols[left.meaning(word, k) or word] for word in variables(text, what)}
        value = expression_of(text, words, what)
        if is_array(symbols[key]):
            if not is_array(value):
                value = column(value * sp.OneMatrix(*symbols[key].shape))
            equations.append((symbols[key], value))
        else:
            symbols[key] = value  # a number by name is put in where it is used
    return Cell(
        name, tuple(symbols[s] for s in states), tuple(symbols[s] for s in inputs), tuple(equations),
        tuple(symbols[f"{s}_t"] for s in states),
    )  # fmt: skip


def _own_shape(sizes: Sizes, given: dict[str, Any], name: str) -> Shape | None:
    if name not in given:
        return None
    shape = sizes.shape(given.pop(name), name)
    if shape.kind == "number":
        return sizes.shape(1, name)
    if str(shape.columns) != "1":
        raise ShapeError(f"shapes[{name!r}]: a state or input is a column")
    return shape


def _scope(shapes: Shapes, table: dict[str, Node]) -> Shapes:
    """The same nodes under the names of one equation."""
    inner = Shapes()
    inner.nodes, inner.names = shapes.nodes, table
    return inner


def _from_expressions(name: str, pairs: list[tuple[Any, Any]], state: Any, input_: Any) -> Cell:
    """Equations as SymPy expressions: between columns (MatrixSymbols), or between scalars (one unit)."""
    states, inputs = _letters(state, "state"), _letters(input_, "input")
    if not states:
        raise SpecError("a cell needs a state; pass state=...")
    left = _Left(pairs, states, inputs)
    read_in = []
    for k, (_, right) in enumerate(pairs):
        if isinstance(right, str):
            raise SpecError(f"the equation of {left.keys[k]} is text, others are SymPy expressions; use one kind")
        if not isinstance(right, sp.Basic) or isinstance(right, sp.MatrixBase):
            raise SpecError(f"the equation of {left.keys[k]} is {type(right).__name__}; a SymPy expression is needed")
        read_in.append(right)
    if all(is_array(e) for e in read_in):
        return _of_columns(name, left, read_in)
    if any(is_array(e) for e in read_in):
        raise SpecError("some equations are columns, others scalars; use one kind")
    return _of_scalars(name, left, read_in)


def _of_columns(name: str, left: _Left, expressions: list[Any]) -> Cell:
    found = {s.name: s for e in expressions for s in e.free_symbols if is_array(s)}
    symbols: dict[str, Any] = {s: found[s] for s in (*left.states, *left.inputs) if s in found}
    equations = []
    for k, (key, e) in enumerate(zip(left.keys, expressions, strict=True)):
        table = {s: symbols.get(left.meaning(s.name, k) or s.name, s) for s in e.free_symbols if is_array(s)}
        value = column(e.xreplace({s: t for s, t in table.items() if s != t}))
        symbols[key] = sp.MatrixSymbol(key, *e.shape)
        symbols.setdefault(key[:-2], sp.MatrixSymbol(key[:-2], *e.shape))
        equations.append((symbols[key], value))
    missing = [s for s in left.inputs if s not in symbols]
    if missing:
        raise SpecError(f"the input {missing[0]!r} is in no equation; leave it out")
    return Cell(
        name, tuple(symbols[s] for s in left.states), tuple(symbols[s] for s in left.inputs), tuple(equations),
        tuple(symbols[f"{s}_t"] for s in left.states),
    )  # fmt: skip


def _of_scalars(name: str, left: _Left, expressions: list[Any]) -> Cell:
    """Every symbol as a column of size 1 whose entry is that symbol."""
    columns: dict[str, Any] = {}
    entries: dict[str, Any] = {}
    equations = []
    for k, (key, e) in enumerate(zip(left.keys, expressions, strict=True)):
        symbols = sorted(e.free_symbols, key=str)
        parts = []
        for s in symbols:
            meaning = left.meaning(s.name, k) or s.name
            columns.setdefault(meaning, sp.MatrixSymbol(meaning, 1, 1))
            if entries.setdefault(meaning, s) != s:
                raise SpecError(f"two symbols print as {s.name!r}; use one")
            parts.append(columns[meaning])
        body = sp.Lambda(tuple(symbols), e)
        value = entrywise(body, *parts) if parts else column(e * sp.OneMatrix(1, 1))
        columns[key] = sp.MatrixSymbol(key, 1, 1)
        entries.setdefault(key, sp.Symbol(key, real=True))
        equations.append((columns[key], value))
    for s in (*left.states, *left.inputs):
        columns.setdefault(s, sp.MatrixSymbol(s, 1, 1))
        entries.setdefault(s, sp.Symbol(s, real=True))
    made = Cell(
        name, tuple(columns[s] for s in left.states), tuple(columns[s] for s in left.inputs), tuple(equations),
        tuple(columns[f"{s}_t"] for s in left.states),
    )  # fmt: skip
    binding = tuple((columns[k], sp.ImmutableMatrix([[entries[k]]])) for k in columns)
    return replace(made, binding=binding)
