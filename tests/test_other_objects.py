"""What is no Cell, no LinearSystem, no Result where one is needed: refused with its type and what would do, never by Python."""

from __future__ import annotations

import inspect
from typing import Any

import pytest
import sympy as sp

import rnnsym as rs
from rnnsym.result import RnnsymError, SpecError

ABOUT = ("cell", "model", "system", "result")
OTHERS = {"matrix": sp.Matrix([[1]]), "nothing": None, "number": 3, "text": "elman", "list": [1, 2]}
ELSE = (
    TypeError,
    ValueError,
)  # of functions that take an activation, a method or numbers besides, with a message of ours


def about_a_model() -> list[str]:
    """Public functions whose first argument is a model, and the only one that they need."""
    found = []
    for name in rs.__all__:
        if inspect.isfunction(function := getattr(rs, name)):
            first, *rest = list(inspect.signature(function).parameters.values()) or [None]
            if first is not None and first.name in ABOUT and all(p.default is not p.empty for p in rest if p.kind < 3):
                found.append(name)
    return sorted(found)


NAMES = about_a_model()


def test_most_functions_are_about_a_model() -> None:
    assert len(NAMES) > 90


@pytest.mark.parametrize("name", NAMES)
def test_another_object_is_refused_in_our_words(name: str) -> None:
    for other in OTHERS.values():
        try:
            getattr(rs, name)(other)
        except RnnsymError as error:
            assert str(error)
        except ELSE as error:
            assert "needed" in str(error) or "is a" in str(error) or "missing" in str(error), error


@pytest.mark.parametrize(
    "name", ["jacobian", "fold", "half_life", "gradient_bound", "fixed_points", "contraction_condition"]
)
def test_the_message_has_the_type_and_what_would_do(name: str) -> None:
    with pytest.raises(SpecError, match=r"a Cell is needed, got \w*Matrix; rs.elman\(\) is one"):
        getattr(rs, name)(sp.Matrix([[1]]))


def test_pages_results_and_notation() -> None:
    wrong: list[tuple[Any, str]] = [
        (lambda: rs.report("elman"), "a Cell or a LinearSystem is needed, got str"), (lambda: rs.card(None), "got NoneType"),
        (lambda: rs.verify(3), "a Result is needed, got int"), (lambda: rs.bibtex("key"), "a Source or a Result is needed, got str"),
        (lambda: rs.Notation("W"), "names is 'W'; it must map"), (lambda: rs.critical_gain(rs.gru()), "known: gru"),
    ]  # fmt: skip
    for ask, message in wrong:
        with pytest.raises(SpecError, match=message):
            ask()
