"""A model file to start from, for every cell of the catalogue and for a linear system."""

from __future__ import annotations

import inspect
from typing import Any

from rnnsym.cells import Cell, catalogue
from rnnsym.spec.cells import named_cell, options_of
from rnnsym.spec.text import text_of


def model_file(name: str) -> str:
    """A model file of a cell of the catalogue: what is needed, and all else as comments to uncomment.

    >>> print(model_file("elman").splitlines()[3])
    cell = "elman"
    """
    cell = named_cell(name)
    function = catalogue()[name]
    title = (inspect.getdoc(function) or name).split("\n\n")[0].replace("\n", " ")
    lines = [f"# {title}", f"# Use it: rnnsym report {name}.toml", "[model]", f'cell = "{name}"']
    equations = [f"{symbol} = {text_of(e)}" for symbol, e in cell.equations]
    lines += [
        "# or its equations, to change them (then state and input too, and no cell and options):",
        "# equations = [",
        *(f'#   "{line}",' for line in equations),
        "# ]",
        f"# state = [{', '.join(_quoted(s.name) for s in cell.state)}]",
        f"# input = [{', '.join(_quoted(s.name) for s in cell.input)}]",
    ]
    readout = "C @ h" if cell.output is None else text_of(_readout(cell))
    lines += [f'# output = "{readout}"' + ("" if cell.output is None else "  # this is its own")]
    scalar = next((s.name for s in cell.parameters if not s.is_Matrix), None)
    lines += [f'# assumptions = ["{scalar} > 0"]'] if scalar else []
    if options := options_of(function):
        words = {True: "true", False: "false"}
        lines += ["", "# [options]"]
        lines += [f"# {key} = {words[v] if isinstance(v, bool) else _quoted(v)}" for key, v in options.items()]
    lines += ["", "# [shapes]  # with equations"]
    lines += [f"# {s.name} = {_shape_text(s)}" for s in cell._parameter_symbols()]
    lines += ["", "# [sizes]", *(f"# {size} = {2 if str(size) == 'n' else 1}" for size in cell.sizes)]
    lines += ["", "# [parameters]  # numbers, symbols, formulas in quotes; a table is a list of rows"]
    for s in cell._parameter_symbols():
        if not s.is_Matrix:
            lines += [f"# {s.name} = 0.5"]
    first = next((s for s in cell._parameter_symbols() if s.is_Matrix), None)
    if first is not None:
        square = first.shape[0] == first.shape[1]
        lines += [f"# {first.name} = {'[[0.5, -1], [' + _quoted('w') + ', 0]]' if square else _quoted('w')}"]
    lines += ["", "# [notation]  # LaTeX of names"]
    if first is not None:
        lines += [f"# {first.name} = '\\mathbf{{{first.name[0]}}}'"]
    return "\n".join(lines) + "\n"


def system_file() -> str:
    """A model file of a linear system: two states with a symbol, and all else as comments to uncomment.

    >>> print(system_file().splitlines()[2])
    [system]
    """
    return """# A linear system, h_t = A h_{t-1} + B x_t, y_t = C h_t + D x_t, H(z) = C (I - A z^-1)^-1 B + D.
# Use it: rnnsym report system.toml
[system]
A = [["a", 1], [0, 0.5]]  # numbers, symbols, formulas in quotes; a table is a list of rows
B = [0, 1]  # a flat list is a column of B and a row of C
C = [1, 0]  # left out: the whole state
# D = 0  # left out: zero
# readout = "previous"  # y_t = C h_{t-1} + D x_t; the default is "current"
# time = "continuous"  # h' = A h + B x; the default is "discrete"
# step = "dt"  # the sampling time of a discrete system
# assumptions = ["abs(a) < 1"]

# [parameters]  # values of symbols
# a = 0.9

# [notation]  # LaTeX of names
# a = '\\alpha'
"""


def _readout(cell: Cell) -> Any:
    """The output in the letters of a text, where the state's letter is the new state."""
    assert cell.output is not None
    return cell.output[1].xreplace(dict(zip(cell.next, cell.state, strict=True)))


def _shape_text(symbol: Any) -> str:
    sizes = list(getattr(symbol, "shape", ()))
    sizes = sizes[:1] if sizes[1:] == [1] else sizes
    return "[" + ", ".join(_quoted(str(s)) for s in sizes) + "]"


def _quoted(text: str) -> str:
    return f'"{text}"'
