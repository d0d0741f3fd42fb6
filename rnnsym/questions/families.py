"""Theorems about cells that have a name: what is known of a gru or a cornn, whatever the sizes.

May import: inside functions only, but for the files of this package.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from rnnsym.result import Result

GATES = "rnnsym.analysis.gates"
# name of the cell in the catalogue -> (module, its functions without arguments)
THEOREMS = {
    "lstm": (GATES, ("lstm_iss", "lstm_delta_iss", "miller_hardt", "gate_half_life", "chrono_bias")),
    "gru": (GATES, ("gru_iss", "gru_delta_iss", "update_gate_and_folds")),
    "chaos_free": ("rnnsym.analysis.recurrences_gated", ("chaos_free_step", "chaos_free_decay")),
    "antisymmetric": ("rnnsym.analysis.constrained", ("antisymmetric_stability",)),
    "cornn": ("rnnsym.analysis.constrained", ("cornn_stability",)),
}  # fmt: skip


def theorems(model: Any) -> tuple[str, tuple[str, ...]] | None:
    """Module and functions of the theorems about a cell: its equations must be those of the catalogue."""
    from rnnsym import cells
    from rnnsym.questions.models import general

    whole = general(model)
    name = getattr(whole, "name", "")
    if whole is None or name not in THEOREMS or getattr(cells, name)().equations != whole.equations:
        return None
    return THEOREMS[name]


def by_name(model: Any) -> list[Result]:
    """The theorems about the cell, for every size."""
    from importlib import import_module

    found = theorems(model)
    assert found is not None, "asked only where it applies"
    module = import_module(found[0])
    answers = [getattr(module, function)() for function in found[1]]
    return [result for answer in answers for result in (answer if isinstance(answer, list | tuple) else [answer])]
