"""The model that a command is asked about: a cell by name or a model file, with --set and --assume applied.

May import: inside functions only.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from typing import Any

    from rnnsym.cells import Cell
    from rnnsym.latex import Notation
    from rnnsym.systems import LinearSystem


def asked_model(args: argparse.Namespace) -> tuple[Cell | LinearSystem, Notation | None]:
    """The model of a name or model file with --set and --assume applied, and the file's notation."""
    from rnnsym.questions import default_model

    model, notation = (default_model(), None) if args.model is None else _loaded(args.model)
    model = with_values(model, settings_of(args))
    return with_assumptions(model, args.assume), notation


def with_assumptions(model: Any, conditions: list[str]) -> Any:
    from rnnsym.cells import assume
    from rnnsym.spec import assumed

    return assume(model, conditions) if hasattr(model, "equations") else assumed(model, conditions)


def _loaded(name: str) -> tuple[Cell | LinearSystem, Notation | None]:
    from rnnsym.latex import Notation
    from rnnsym.spec import load, named_cell

    if name.endswith(".toml") or os.sep in name:
        found = load(name)
        return found.model, Notation(names=found.names)
    return named_cell(name), None


def settings_of(args: argparse.Namespace) -> dict[str, str]:
    return dict(setting(s) for s in args.settings)


def setting(text: str, option: str = "--set", example: str = "w=1/2") -> tuple[str, str]:
    from rnnsym.reader import check_name
    from rnnsym.result import SpecError

    name, equals, value = text.partition("=")
    if not equals or not value.strip():
        raise SpecError(f"{option} needs NAME=VALUE, got {text!r}; for example {option} {example}")
    return check_name(name.strip(), what=option), value


def with_values(model: Any, settings: dict[str, str]) -> Any:
    """Sizes first and all at once, then all parameters: a value may speak of the symbols that are left."""
    from rnnsym.reader import read

    names = getattr(model, "sizes", ())
    sizes = {str(size): settings[str(size)] for size in names if str(size) in settings}
    if sizes:
        model = model.at(**{name: read(text, {}, what=f"value of {name}") for name, text in sizes.items()})
    scalars = {s.name: s for s in model.parameters if s.is_Symbol}
    values = {
        name: read(text, scalars, what=f"value of {name}") for name, text in settings.items() if name not in sizes
    }
    return model.subs(values) if values else model
