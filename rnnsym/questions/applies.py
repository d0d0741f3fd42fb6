"""When a question applies: each function gives None, or in words why it does not.

May import: inside functions only.
"""

from __future__ import annotations

from rnnsym.questions.models import general

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


LINEAR = "it is a linear system: one affine map, whose fixed point is its gain at rest"


def always(model: Any) -> str | None:
    """None for every model."""
    return None


def sized(cell: Any) -> str | None:
    """None for a cell with numbers for its sizes whose general form is known."""
    if a_cell(cell) is not None:
        return "it is a linear system of given size"
    if not cell.is_explicit:
        return "its formulas are for every size already"
    return None if general(cell) is not None else "its form for every size is not known"


def linear(model: Any) -> str | None:
    """None for a linear system, or a linear cell with numbers for its sizes."""
    from rnnsym.analysis.linear import is_affine
    from rnnsym.systems import LinearSystem

    if isinstance(model, LinearSystem):
        return None
    if not model.is_explicit:
        return "it needs numbers for the sizes: .at(n=2, m=1)"
    return None if is_affine(model) else "it is nonlinear; linearize it at an operating point h*, x*"


def affine(model: Any) -> str | None:
    """None for a linear system or a linear cell of any size."""
    from rnnsym.analysis.linear import is_affine
    from rnnsym.systems import LinearSystem

    if isinstance(model, LinearSystem) or (is_affine(model) and len(model.state) == 1):
        return None
    return "it is nonlinear, or has several state blocks; linearize it at an operating point h*, x*"


def channel(model: Any) -> str | None:
    """None for a linear model with one input and one output."""
    from rnnsym.analysis.linear import as_system

    reason = linear(model)
    if reason is not None:
        return reason
    system = as_system(model, "a filter")
    return (
        None if (system.m, system.p) == (1, 1) else f"it has {system.m} inputs and {system.p} outputs, not one of each"
    )


def symbolic_channel(model: Any) -> str | None:
    """None for a linear model with one input and one output, at most three states, and symbols in it."""
    from rnnsym.analysis.linear import as_system

    reason = channel(model)
    if reason is not None:
        return reason
    system = as_system(model, "a filter")
    if not any(M.free_symbols for M in system.matrices):
        return "its numbers leave no cases to tell apart"
    return None if system.n <= 3 else f"it has {system.n} states; the cases are told apart for three"


def one_input(model: Any) -> str | None:
    """None for a linear model with one input."""
    from rnnsym.analysis.linear import as_system

    reason = linear(model)
    count = 1 if reason is not None else as_system(model, "a memory").m
    return reason if count == 1 else f"it has {count} inputs, not one"


def small(model: Any) -> str | None:
    """None for a real model of at most six states with numbers for its sizes."""
    from rnnsym.systems import LinearSystem

    if isinstance(model, LinearSystem):
        return None if model.n <= 6 else f"it has {model.n} states; ask for the stability of numbers"
    if not model.is_explicit:
        return "it needs numbers for the sizes: .at(n=2, m=1)"
    size = sum(int(s.shape[0]) for s in model.state)
    if model.field != "real":
        return "its states are complex"
    return None if size <= 6 else f"it has {size} states; the inequalities are written for 6"


def recurrent(model: Any) -> str | None:
    """None for a plain or leaky cell."""
    from rnnsym.analysis.contraction import recurrence
    from rnnsym.result import RnnsymError

    try:
        recurrence(model.general if model.is_explicit and model.general is not None else model)
    except (AttributeError, RnnsymError):
        return "it is not of the form h_t = (1 - a) h + a phi(W h + U x + b)" if a_cell(model) is None else LINEAR
    return None


def a_cell(model: Any) -> str | None:
    """None for a cell."""
    return None if hasattr(model, "equations") else LINEAR


def two_units(model: Any) -> str | None:
    """None for a plain or leaky cell of two units with a smooth activation."""
    reason = recurrent(model)
    if reason is not None:
        return reason
    from rnnsym.analysis.normalforms import center, net
    from rnnsym.result import RnnsymError

    try:
        units = net(model, None)
        center(units)
    except RnnsymError as error:
        return str(error)
    return None if units.n == 2 else f"it has {units.n} units, not two"


def driven(model: Any) -> str | None:
    """None for a plain or leaky cell with input and numbers for its sizes."""
    reason = recurrent(model)
    if reason is not None:
        return reason
    if not model.input:
        return "it has no input"
    return None if model.is_explicit else "it needs numbers for the sizes: .at(n=2, m=1)"


def many_units(model: Any) -> str | None:
    """None for a plain cell of any size, whose activation the mean field takes."""
    reason = recurrent(model)
    if reason is not None:
        return reason
    if model.is_explicit:
        return "the mean field is of many units; it is asked of the cell without sizes"
    from rnnsym.analysis.contraction import recurrence

    parts = recurrence(model)
    if parts.leak != 1:
        return "it leaks; the mean field is that of a plain cell"
    return "its activation has a parameter" if parts.activation.phi.free_symbols else None


def one_block(model: Any) -> str | None:
    """None for a cell with one state block whose form for every size is known."""
    reason = a_cell(model)
    if reason is None and len(model.state) != 1:
        reason = "its state has several blocks"
    if reason is None and general(model) is None:
        reason = "its form for every size is not known"
    return reason


def one_unit(model: Any) -> str | None:
    """None for a cell of one unit whose map is read as a unit with one activation."""
    if a_cell(model) is not None:
        return LINEAR
    if not model.is_scalar or len(model.state) != 1:
        return "it has more than one unit, or several inputs"
    from rnnsym.analysis.scalar.unit import unit
    from rnnsym.result import NoClosedForm

    try:
        unit(model)
    except NoClosedForm as error:
        return str(error)
    return None


def with_theorems(model: Any) -> str | None:
    """None for a cell that theorems speak of by name."""
    from rnnsym.questions.families import theorems

    reason = a_cell(model)
    return reason if reason is not None or theorems(model) else "no theorem speaks of this cell by name"
