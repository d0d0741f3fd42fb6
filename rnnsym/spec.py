"""Model files: a cell, its sizes, parameters, assumptions and notation in TOML, read without running anything.

    [model]
    cell = "gru"                       # a name of the catalogue, with its options in [options]; or equations:
    # equations = ["h_t = tanh(W @ h + U @ x + b)"], state = "h", input = "x"
    output = "C @ h"                   # h is the new state here
    assumptions = ["w > 0"]
    [sizes]                            # n = 2; left out, the sizes stay symbols
    [shapes]                           # of names in equations that cannot be seen: V = ["n", "k"], a = []
    [parameters]                       # numbers, symbols, small formulas; a table is a list of rows
    [notation]                         # LaTeX of names

Every text goes through `reader`; sizes of files and numbers are limited; an unknown key is an error.
May import: everything to the left of `spec`. To add a key: a line in _KEYS and its use in `read_model`.
"""

from __future__ import annotations

import inspect
import stat
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import sympy as sp

from rnnsym.cells import Cell, assume, catalogue
from rnnsym.cells import cell as own_cell
from rnnsym.cells.record import bind
from rnnsym.reader import BITS, check_name, free_names, read
from rnnsym.result import LimitReached, RnnsymError, SpecError
from rnnsym.vectors import Diagonal, Entrywise, factors_of, slot

BYTES = 256 * 1024  # of a model file
LARGEST = 10_000  # a size

_KEYS = {
    "": ("model", "options", "sizes", "shapes", "parameters", "notation"),
    "model": ("cell", "name", "equations", "state", "input", "output", "assumptions"),
}


@dataclass(frozen=True)
class Model:
    """What a model file says: the cell, and LaTeX for names, for `latex.Notation(names=...)`."""

    cell: Cell
    names: Mapping[str, str]


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
        table = tomllib.loads(text, parse_float=_decimal)
    except tomllib.TOMLDecodeError as error:
        raise SpecError(f"not a TOML file: {_line(error)}") from None
    except RecursionError:
        raise SpecError("not a TOML file: nested too deeply") from None
    except ValueError as error:  # a whole number of more digits than Python reads
        raise SpecError(f"not a TOML file: {_line(error)}") from None
    _known_keys(table, "", _KEYS[""])
    model = _section(table, "model")
    _known_keys(model, "model", _KEYS["model"])
    if "model" not in table:
        raise SpecError('a model file has a section [model] with cell = "gru" or equations = [...]')
    cell = _cell(table, model)
    cell = assume(cell, [_text(t, "model.assumptions") for t in _several(model.get("assumptions", []))])
    return Model(cell, _notation(_section(table, "notation"), cell))


def _cell(table: Mapping[str, Any], model: Mapping[str, Any]) -> Cell:
    """The cell with its output, sizes and parameters."""
    if ("cell" in model) == ("equations" in model):
        raise SpecError('[model] needs one of cell = "gru" and equations = [...], not both')
    output = _text(model["output"], "model.output") if "output" in model else None
    parameters = {key: _value(v, f"parameters.{key}") for key, v in _section(table, "parameters").items()}
    sizes = {key: _whole(v, f"sizes.{key}") for key, v in _section(table, "sizes").items()}
    if "cell" in model:
        for key in ("state", "input", "name"):
            if key in model:
                raise SpecError(f"model.{key} goes with equations; {model['cell']!r} has its own")
        if _section(table, "shapes"):
            raise SpecError("[shapes] goes with equations; a cell of the catalogue knows its shapes")
        return named_cell(_text(model["cell"], "model.cell"), sizes, parameters, _options(table, model), output)
    if _section(table, "options"):
        raise SpecError("[options] goes with cell; equations have none")
    if "state" not in model:
        raise SpecError('model.state is missing; write state = "h"')
    shapes = {key: _shape(v, key) for key, v in _section(table, "shapes").items()}
    equations = model["equations"]
    if not isinstance(equations, str | list | dict):
        raise SpecError('model.equations must be a list of lines "h_t = ...", got ' + type(equations).__name__)
    if not isinstance(equations, str):
        items = equations.items() if isinstance(equations, dict) else ((None, line) for line in equations)
        texts = [(key, _text(line, "model.equations")) for key, line in items]
        equations = [line if key is None else (key, line) for key, line in texts]
    made = own_cell(
        equations,
        state=_names(model["state"], "model.state"),
        input=_names(model.get("input", []), "model.input"),
        output=output,
        shapes=shapes,
        name=check_name(_text(model.get("name", "cell"), "model.name"), "model.name"),
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
        raise SpecError(f"unknown cell {name!r};{_hint(name, cells)} known: {', '.join(cells)}")
    made = cells[name](output=output, **(options or {}))
    return with_values(made, sizes or {}, parameters or {})


def with_values(cell: Cell, sizes: Mapping[str, int], values: Mapping[str, Any]) -> Cell:
    """Values for parameters, and sizes; with any size given the others are 1, as of `at`."""
    known = [s.name for s in cell._parameter_symbols()]
    for key in values:
        if key not in known and not (cell.is_explicit and key in {s.name for s in cell.parameters}):
            raise SpecError(f"{cell.name} has no parameter {key!r};{_hint(key, known)} it has: {', '.join(known)}")
    symbols = {s.name: s for s in cell._parameter_symbols()}
    if cell.is_explicit:
        made = cell.subs(values) if values else cell
        return made.at(**sizes) if sizes else made
    numbers = {key: v for key, v in values.items() if not symbols[key].is_Matrix}
    made = cell.subs(numbers) if numbers else cell
    tables = {key: v for key, v in values.items() if key not in numbers}
    return bind(made, tables, sizes) if tables or sizes else made


# The parts of a file


def _known_keys(table: Mapping[str, Any], where: str, known: Iterable[str]) -> None:
    for key in table:
        if key not in known:
            what = (
                f"key {where}.{key}" if where else f"section [{key}]" if isinstance(table[key], dict) else f"key {key}"
            )
            raise SpecError(f"unknown {what};{_hint(key, known)} known: {', '.join(known)}")


def _hint(name: str, known: Iterable[str]) -> str:
    close = get_close_matches(name, list(known), 1)
    return f" did you mean {close[0]!r}?" if close else ""


def _section(table: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = table.get(name, {})
    if not isinstance(found, dict):
        raise SpecError(f"{name} must be a section [{name}], got {type(found).__name__}")
    return found


def _options(table: Mapping[str, Any], model: Mapping[str, Any]) -> dict[str, Any]:
    """The named options of a cell function: phi, reset, update, ..."""
    name = _text(model["cell"], "model.cell")
    function = catalogue().get(name)
    given = _section(table, "options")
    if function is None or not given:
        return {}
    known = options_of(function)
    _known_keys(given, "options", known)
    for key, value in given.items():
        if not isinstance(value, type(known[key])):
            raise SpecError(f"options.{key} must be like {known[key]!r}, got {value!r:.60}")
    return dict(given)


def options_of(function: Any) -> dict[str, Any]:
    """The options of a cell function with their defaults: its arguments whose default is a word or a truth value."""
    parameters = inspect.signature(function).parameters.values()
    return {p.name: p.default for p in parameters if isinstance(p.default, str | bool)}


def _several(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list) else [value]


def _text(value: Any, what: str) -> str:
    if not isinstance(value, str):
        raise SpecError(f"{what} must be text in quotes, got {value!r:.60}")
    return value


def _names(value: Any, what: str) -> list[str]:
    return [name for part in _several(value) for name in _text(part, what).replace(",", " ").split()]


def _whole(value: Any, what: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise SpecError(f"{what} must be a whole number >= 1, got {value!r:.40}")
    if value > LARGEST:
        raise LimitReached(f"{what} is {value!r:.40}; limit {LARGEST}")
    return value


def _shape(value: Any, key: str) -> Any:
    parts = _several(value)
    for part in parts:
        if not isinstance(part, str | int) or isinstance(part, bool):
            raise SpecError(f"shapes.{key} must be a list of sizes such as ['n', 'k'] or [], got {value!r:.60}")
    return tuple(parts)


def _value(value: Any, what: str) -> Any:
    """A number, a formula in real symbols, or a table of them."""
    if isinstance(value, list):
        return [_value(v, what) for v in value]
    if isinstance(value, str):
        return read(value, {s: sp.Symbol(s, real=True) for s in free_names(value, what=what).variables}, what=what)
    if isinstance(value, bool) or not isinstance(value, int | sp.Rational):
        raise SpecError(f"{what} must be a number, a formula in quotes or a table of them, got {value!r:.60}")
    if isinstance(value, int) and value.bit_length() > BITS:
        raise SpecError(f"{what} has {value.bit_length()} bits; limit {BITS}")
    return sp.Integer(value) if isinstance(value, int) else value


def _decimal(text: str) -> Any:
    """A decimal of the file as the exact rational it is written as."""
    plain = text.replace("_", "")
    if plain.lstrip("+-") in ("inf", "nan"):
        raise SpecError(f"the number {text} is refused; numbers must be finite")
    return read(plain, {}, what="number")


def _notation(table: Mapping[str, Any], cell: Cell) -> dict[str, str]:
    symbols = {s.name for s in (*cell.parameters, *cell.sizes)} | {a.name for a in cell.arrays}
    known = symbols | {name.removesuffix("_t") for name in symbols}
    for key in table:
        if key not in known:
            raise SpecError(
                f"notation.{key}: {cell.name} has no such name;{_hint(key, known)} known: {', '.join(sorted(known))}"
            )
    return {key: _text(v, f"notation.{key}") for key, v in table.items()}


def _line(error: Exception) -> str:
    line = " ".join(str(error).split())
    return line if len(line) <= 120 else line[:120] + "..."


# A file to start from


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


def text_of(expression: Any) -> str:
    """A column or matrix expression as text that `cell` reads back.

    >>> from rnnsym.cells import elman
    >>> text_of(elman().equations[0][1])
    'tanh(W_h @ h + W_x @ x + b)'
    """
    if isinstance(expression, Entrywise):
        texts = {slot(k): _bracketed(c) for k, c in enumerate(expression.columns, 1)}
        stand_in = {s: sp.Symbol(f"column{k}", real=True) for k, s in enumerate(texts, 1)}
        text = str(expression.body.xreplace(stand_in))
        for k, part in sorted(enumerate(texts.values(), 1), reverse=True):
            text = _replaced(text, f"column{k}", part)
        return text
    if isinstance(expression, sp.MatMul):
        coefficient, factors = factors_of(expression)
        if any(isinstance(f, sp.Identity) for f in factors):
            raise SpecError(f"{expression} has no text; write the identity out")
        text = " @ ".join(_bracketed(f, product=False) for f in factors)
        sign = "-" if coefficient == -1 else f"({coefficient})*"
        return text if coefficient == 1 else f"{sign}({text})" if len(factors) > 1 else f"{sign}{text}"
    if isinstance(expression, sp.MatAdd):
        return " + ".join(text_of(t) for t in expression.args).replace(" + -", " - ")
    if isinstance(expression, sp.Transpose):
        return f"transpose({text_of(expression.arg)})"
    if isinstance(expression, Diagonal):
        raise SpecError(f"{expression} has no text")
    return str(expression)


def _bracketed(part: Any, product: bool = True) -> str:
    """The text of a part; in brackets unless it binds as tightly as a name (a lone product of two in a sum needs none)."""
    text = text_of(part)
    simple = isinstance(part, sp.MatrixSymbol | sp.Transpose) or (isinstance(part, sp.MatMul) and product)
    return text if simple else f"({text})"


def _replaced(text: str, word: str, part: str) -> str:
    """`word` in a formula by `part`, in brackets where a product or power touches it."""
    found = ""
    at = 0
    while (start := text.find(word, at)) >= 0:
        end = start + len(word)
        before, after = text[:start].rstrip()[-1:], text[end:].lstrip()[:1]
        tight = (before in ("*", "/") or after in ("*", "/")) and "@" in part
        found += text[at:start] + (f"({part})" if tight else part)
        at = end
    return found + text[at:]
