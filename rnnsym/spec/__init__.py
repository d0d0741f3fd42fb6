"""Model files in TOML, read without running anything: a cell, or a linear system.

    [model]
    cell = "gru"                       # a name of the catalogue, with its options in [options]; or equations:
    # equations = ["h_t = tanh(W @ h + U @ x + b)"], state = "h", input = "x"
    output = "C @ h"                   # h is the new state here
    assumptions = ["w > 0"]
    [sizes]                            # n = 2; left out, the sizes stay symbols
    [shapes]                           # of names in equations that cannot be seen: V = ["n", "k"], a = []
    [parameters]                       # numbers, symbols, small formulas; a table is a list of rows
    [notation]                         # LaTeX of names

or, instead of [model], [options], [sizes] and [shapes],

    [system]
    A = [["a", 1], [0, 0.5]]           # h_t = A h_{t-1} + B x_t, y_t = C h_t + D x_t; C and D may be left out
    B = [0, 1]
    readout = "current"                # or "previous": y_t = C h_{t-1} + D x_t
    time = "discrete"                  # or "continuous": h' = A h + B x;  step = "dt" is the sampling time
    assumptions = ["abs(a) < 1"]
    [parameters]                       # values of its symbols: a = 0.9

Every text goes through `reader`; sizes of files and numbers are limited; an unknown key is an error.
Files: `parts` (sections, numbers, tables), `cells`, `systems`, `start` (files to start from), `text` (expressions as text).
May import: everything to the left of `spec`. To add a key: a line in _KEYS (or systems.KEYS) and its use.
"""

from __future__ import annotations

import stat
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rnnsym.cells import Cell, assume
from rnnsym.result import RnnsymError, SpecError
from rnnsym.spec import parts
from rnnsym.spec.cells import cell_of, named_cell, with_values
from rnnsym.spec.start import model_file, system_file
from rnnsym.spec.systems import KEYS, assumed, system_of
from rnnsym.spec.text import text_of
from rnnsym.systems import LinearSystem

BYTES = 256 * 1024  # of a model file

_KEYS = {
    "": ("model", "system", "options", "sizes", "shapes", "parameters", "notation"),
    "model": ("cell", "name", "equations", "state", "input", "output", "assumptions"),
}


@dataclass(frozen=True)
class Model:
    """What a model file says: a cell or a linear system, and LaTeX for names, for `latex.Notation(names=...)`."""

    model: Cell | LinearSystem
    names: Mapping[str, str]

    @property
    def cell(self) -> Cell:
        """The cell.

        Raises: SpecError if the file describes a linear system.
        """
        if not isinstance(self.model, Cell):
            raise SpecError("the file describes a linear system, not a cell; ask for its .model")
        return self.model


def load(path: str | Path) -> Model:
    """The model of a TOML file.

    Raises: SpecError or another RnnsymError, naming the file and the key.
    """
    path = Path(path)
    try:
        status = path.stat()
        if stat.S_ISDIR(status.st_mode):
            raise SpecError(f"{path} is a folder; a model file such as model.toml is needed")
        if not stat.S_ISREG(status.st_mode):
            raise SpecError(f"{path} is no ordinary file")
        if status.st_size > BYTES:
            raise SpecError(f"{path} has {status.st_size} bytes; limit {BYTES}")
        with path.open("rb") as file:
            data = file.read(BYTES + 1)
    except (OSError, ValueError) as error:
        fact = (
            "no such file" if isinstance(error, FileNotFoundError) else getattr(error, "strerror", None) or str(error)
        )
        raise SpecError(f"{path}: {fact}; `rnnsym cells NAME --toml` prints a model file to start from") from None
    if len(data) > BYTES:
        raise SpecError(f"{path} has more than {BYTES} bytes")
    try:
        return read_model(data.decode("utf-8"))
    except UnicodeDecodeError:
        raise SpecError(f"{path} is not text in UTF-8") from None
    except RnnsymError as error:
        error.args = (f"{path}: {error}", *error.args[1:])
        raise


def read_model(text: str) -> Model:
    """The model that a TOML text describes.

    >>> print(read_model('[model]\\ncell = "elman"\\n[parameters]\\nW_h = "w"\\nb = 0.1').cell.parameters)
    (w, W_x)
    """
    if len(text) > BYTES:
        raise SpecError(f"the model has {len(text)} characters; limit {BYTES}")
    try:
        table = tomllib.loads(text, parse_float=parts.decimal)
    except tomllib.TOMLDecodeError as error:
        raise SpecError(f"not a TOML file: {parts.line(error)}") from None
    except RecursionError:
        raise SpecError("not a TOML file: nested too deeply") from None
    except ValueError as error:  # a whole number of more digits than Python reads
        raise SpecError(f"not a TOML file: {parts.line(error)}") from None
    parts.known_keys(table, "", _KEYS[""])
    if "system" in table:
        for name in ("model", "options", "sizes", "shapes"):
            if name in table:
                raise SpecError(f"[{name}] describes a cell and [system] a linear system; a file has one of the two")
        values = parts.section(table, "parameters")
        system = system_of(parts.section(table, "system"), values)
        return Model(system, _notation(parts.section(table, "notation"), system, values))
    model = parts.section(table, "model")
    parts.known_keys(model, "model", _KEYS["model"])
    if "model" not in table:
        raise SpecError(
            'a model file has a section [model] with cell = "gru" or equations = [...], or [system] with A and B'
        )
    cell = cell_of(table, model)
    cell = assume(cell, [parts.text(t, "model.assumptions") for t in parts.several(model.get("assumptions", []))])
    return Model(cell, _notation(parts.section(table, "notation"), cell, {}))


def _notation(table: Mapping[str, Any], model: Cell | LinearSystem, values: Mapping[str, Any]) -> dict[str, str]:
    if isinstance(model, LinearSystem):
        symbols = {s.name for s in model.parameters} | {*KEYS[:4], "h", "x", "y", *values}
    else:
        symbols = {s.name for s in (*model.parameters, *model.sizes)} | {a.name for a in model.arrays}
    known = symbols | {name.removesuffix("_t") for name in symbols}
    for key in table:
        if key not in known:
            raise SpecError(
                f"notation.{key}: {model.name} has no such name;{parts.hint(key, known)} known: {', '.join(sorted(known))}"
            )
    return {key: parts.text(v, f"notation.{key}") for key, v in table.items()}


__all__ = [
    "BYTES", "Model", "assumed", "load", "model_file", "named_cell", "read_model", "system_file", "text_of", "with_values",
]  # fmt: skip
