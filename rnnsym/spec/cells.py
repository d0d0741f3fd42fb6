"""Cells of model files: one of the catalogue by name, or equations."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

from rnnsym.cells import Cell, catalogue
from rnnsym.cells import cell as own_cell
from rnnsym.cells.record import bind
from rnnsym.reader import check_name
from rnnsym.result import SpecError
from rnnsym.spec import parts


def cell_of(table: Mapping[str, Any], model: Mapping[str, Any]) -> Cell:
    """The cell with its output, sizes and parameters."""
    if ("cell" in model) == ("equations" in model):
        raise SpecError('[model] needs one of cell = "gru" and equations = [...], not both')
    output = parts.text(model["output"], "model.output") if "output" in model else None
    parameters = {key: parts.value(v, f"parameters.{key}") for key, v in parts.section(table, "parameters").items()}
    sizes = {key: parts.whole(v, f"sizes.{key}") for key, v in parts.section(table, "sizes").items()}
    if "cell" in model:
        for key in ("state", "input", "name"):
            if key in model:
                raise SpecError(f"model.{key} goes with equations; {model['cell']!r} has its own")
        if parts.section(table, "shapes"):
            raise SpecError("[shapes] goes with equations; a cell of the catalogue knows its shapes")
        return named_cell(parts.text(model["cell"], "model.cell"), sizes, parameters, _options(table, model), output)
    if parts.section(table, "options"):
        raise SpecError("[options] goes with cell; equations have none")
    if "state" not in model:
        raise SpecError('model.state is missing; write state = "h"')
    shapes = {key: parts.shape(v, key) for key, v in parts.section(table, "shapes").items()}
    equations = model["equations"]
    if not isinstance(equations, str | list | dict):
        raise SpecError('model.equations must be a list of lines "h_t = ...", got ' + type(equations).__name__)
    if not isinstance(equations, str):
        items = equations.items() if isinstance(equations, dict) else ((None, line) for line in equations)
        texts = [(key, parts.text(line, "model.equations")) for key, line in items]
        equations = [line if key is None else (key, line) for key, line in texts]
    made = own_cell(
        equations,
        state=parts.names(model["state"], "model.state"),
        input=parts.names(model.get("input", []), "model.input"),
        output=output,
        shapes=shapes,
        name=check_name(parts.text(model.get("name", "cell"), "model.name"), "model.name"),
    )
    return with_values(made, sizes, parameters)


def named_cell(
    name: str,
    sizes: Mapping[str, int] | None = None,
    parameters: Mapping[str, Any] | None = None,
    options: Mapping[str, Any] | None = None,
    output: str | None = None,
) -> Cell:
    """The cell of the catalogue by name, with a hint for a name that is not there.

    >>> named_cell("gruu")
    Traceback (most recent call last):
    rnnsym.result.SpecError: unknown cell 'gruu'; did you mean 'gru'? known: elman, linear, ...
    """
    cells = catalogue()
    if name not in cells:
        raise SpecError(f"unknown cell {name!r};{parts.hint(name, cells)} known: {', '.join(cells)}")
    made = cells[name](output=output, **(options or {}))
    return with_values(made, sizes or {}, parameters or {})


def with_values(cell: Cell, sizes: Mapping[str, int], values: Mapping[str, Any]) -> Cell:
    """Values for parameters, and sizes; with any size given the others are 1, as of `at`."""
    known = [s.name for s in cell._parameter_symbols()]
    for key in values:
        if key not in known and not (cell.is_explicit and key in {s.name for s in cell.parameters}):
            raise SpecError(f"{cell.name} has no parameter {key!r};{parts.hint(key, known)} it has: {', '.join(known)}")
    symbols = {s.name: s for s in cell._parameter_symbols()}
    if cell.is_explicit:
        made = cell.subs(values) if values else cell
        return made.at(**sizes) if sizes else made
    numbers = {key: v for key, v in values.items() if not symbols[key].is_Matrix}
    made = cell.subs(numbers) if numbers else cell
    tables = {key: v for key, v in values.items() if key not in numbers}
    return bind(made, tables, sizes) if tables or sizes else made


def _options(table: Mapping[str, Any], model: Mapping[str, Any]) -> dict[str, Any]:
    """The named options of a cell function: phi, reset, update, ..."""
    name = parts.text(model["cell"], "model.cell")
    function = catalogue().get(name)
    given = parts.section(table, "options")
    if function is None or not given:
        return {}
    known = options_of(function)
    parts.known_keys(given, "options", known)
    for key, value in given.items():
        if not isinstance(value, type(known[key])):
            raise SpecError(f"options.{key} must be like {known[key]!r}, got {value!r:.60}")
    return dict(given)


def options_of(function: Any) -> dict[str, Any]:
    """The options of a cell function with their defaults: its arguments whose default is a word or a truth value."""
    parameters = inspect.signature(function).parameters.values()
    return {p.name: p.default for p in parameters if isinstance(p.default, str | bool)}
