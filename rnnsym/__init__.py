"""rnnsym: the mathematics of recurrent networks, derived, printed and verified. The public names, grouped by question.

Nothing is imported until a name is used. To add a public name: a line in the table of its question below, and the same
line under TYPE_CHECKING for type checkers and editors.
"""

from __future__ import annotations

import sys
from types import ModuleType

TYPE_CHECKING = False  # the name type checkers know; `typing` itself costs more than this whole file
if TYPE_CHECKING:
    from typing import Any

    from rnnsym import activations as activations
    from rnnsym.analysis.jacobian import jacobian as jacobian
    from rnnsym.analysis.jacobian import parameter_gradient as parameter_gradient
    from rnnsym.cells import Cell as Cell
    from rnnsym.cells import catalogue as catalogue
    from rnnsym.cells import elman as elman
    from rnnsym.cells import elman as rnn  # noqa: F401
    from rnnsym.cells import gru as gru
    from rnnsym.cells import leaky as leaky
    from rnnsym.cells import linear as linear
    from rnnsym.cells import lstm as lstm
    from rnnsym.cells import trajectory as trajectory
    from rnnsym.cells import unroll as unroll
    from rnnsym.latex import Notation as Notation
    from rnnsym.latex import bibtex as bibtex
    from rnnsym.report import Report as Report
    from rnnsym.report import report as report
    from rnnsym.result import Array as Array
    from rnnsym.result import Check as Check
    from rnnsym.result import KinkError as KinkError
    from rnnsym.result import LimitReached as LimitReached
    from rnnsym.result import NoClosedForm as NoClosedForm
    from rnnsym.result import Result as Result
    from rnnsym.result import RnnsymError as RnnsymError
    from rnnsym.result import ShapeError as ShapeError
    from rnnsym.result import Source as Source
    from rnnsym.result import SpecError as SpecError
    from rnnsym.result import Step as Step
    from rnnsym.verify import claim as claim
    from rnnsym.verify import verify as verify

__version__ = "0.1.0"

# Module -> the public names it gives; "name=other" gives `other` of the module under `name`, "" the module itself.
_HOMES = {
    # the models
    "cells": "elman rnn=elman leaky gru lstm linear catalogue Cell trajectory unroll",
    "activations": "",
    # derivatives and gradients
    "analysis.jacobian": "jacobian parameter_gradient",
    # for every result
    "verify": "claim verify",
    "report": "report Report",
    "latex": "Notation bibtex",
    "result": "Result Check Step Source Array RnnsymError ShapeError NoClosedForm SpecError LimitReached KinkError",
}


def _table() -> dict[str, tuple[str, str]]:
    """Public name -> (module, name in it)."""
    table = {}
    for home, names in _HOMES.items():
        for entry in names.split() or [home]:
            public, _, private = entry.partition("=")
            table[public] = (home, private or public if names else "")
    return table


_PUBLIC = _table()
__all__ = ["__version__", *_PUBLIC]


class _Package(ModuleType):
    """The package; importing its file verify.py must not hide the function `verify` (so report, and others to come)."""

    def __setattr__(self, name: str, value: Any) -> None:
        if name in _PUBLIC and _PUBLIC[name] == (name, name) and isinstance(value, ModuleType):
            value = getattr(value, name, value)
        super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"module 'rnnsym' has no attribute {name!r}")
    from importlib import import_module

    home, attribute = _PUBLIC[name]
    module = import_module(f"rnnsym.{home}")
    value = getattr(module, attribute) if attribute else module
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*_PUBLIC, *(name for name in globals() if name.startswith("__"))})
