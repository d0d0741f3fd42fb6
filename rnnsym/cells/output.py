"""Output maps: y_t from a formula as text, a column expression, or a matrix C for y_t = C h_t.

In an output the state's letter is the NEW state: the readout is "current", y_t = C h_t + D x_t.
May import: everything to the left of `cells`, the record, and the reading of text.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import sympy as sp

from rnnsym.cells.record import Cell, as_table
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
)
from rnnsym.result import ShapeError
from rnnsym.vectors import column

p = sp.Symbol("p", integer=True, positive=True)


def with_output(cell: Cell, output: Any, shapes: dict[str, Any] | None = None) -> tuple[Cell, dict[str, Any]]:
    """The cell with y_t = `output`, and the values of a matrix of numbers among its parameters.

    output: "C @ h + D @ x" (unknown names become parameters, their shapes seen from the formula), a SymPy column
            expression in the cell's own symbols, a MatrixSymbol C (p, n), or a table of numbers C.
    shapes: of new names in a text, where they cannot be seen; those used are taken out.
    """
    if isinstance(output, str):
        return _with(cell, text_output(cell, output, {} if shapes is None else shapes)), {}
    if is_array(output) and not isinstance(output, sp.MatrixBase):
        new = cell.next[-1]
        if output.shape[1] == 1 and new.shape[0] != 1:
            expression = output.xreplace(dict(zip(cell.state, cell.next, strict=True)))
        elif output.shape[1] == new.shape[0]:
            expression = output * new
        else:
            raise ShapeError(f"the output {output} is {output.shape}; {new} has {new.shape[0]} rows")
        return _with(cell, expression), {}
    taken = {s.name for s in cell._parameter_symbols()}
    name = "C" if "C" not in taken else "C_y"
    table = as_table(output, None, "output")
    return _with(cell, sp.MatrixSymbol(name, p, cell.next[-1].shape[0]) * cell.next[-1]), {name: table}


def _with(cell: Cell, expression: Any) -> Cell:
    taken = {s.name for s, _ in cell.equations}
    name = next(k for k in ("y_t", "out_t", "readout_t") if k not in taken)
    return replace(cell, output=(sp.MatrixSymbol(name, expression.shape[0], 1), column(expression)))


def text_output(cell: Cell, text: str, given: dict[str, Any]) -> Any:
    """The column that an output formula denotes in the symbols of the cell."""
    known: dict[str, Any] = {s.name: s for s in (*cell._parameter_symbols(), *cell.input)}
    for name, _ in cell.equations:
        known[name.name] = known[name.name.removesuffix("_t")] = name
    known |= {f"{s.name}_t": s for s in cell.input}
    known |= {old.name: new for old, new in zip(cell.state, cell.next, strict=True)}
    shapes, sizes = Shapes(), Sizes()
    for name in variables(text, "output"):
        shape = sizes.shape(given.pop(name), name) if name in given and name not in known else Shape()
        shapes.names[name] = Node("name", (), _shape(known[name]) if name in known else shape, name)
    root = nodes_of(shapes, text, "output")
    shapes.solve()
    if not root.shape.kind:
        root.shape.become("array")
    if root.shape.kind != "array":
        raise ShapeError(f"the output {text!r} is a number; a column such as C @ h is needed")
    root.shape.columns.join(array(Size()).columns)
    if root.shape.rows.root().value is None:
        root.shape.rows.join(Size(p))
    shapes.solve()
    shapes.settle(only_numbers=False)
    names = {k: known.get(k) if k in known else symbol_of(k, node.shape) for k, node in shapes.names.items()}
    return expression_of(text, names, "output")


def _shape(symbol: Any) -> Shape:
    if not is_array(symbol):
        return Shape("number")
    return array(*(Size(size, fixed=True) for size in symbol.shape))
