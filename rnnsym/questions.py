"""The one place where questions are registered: what `rnnsym derive` answers and what a report has as sections.

To add a question: one line of QUESTIONS, in the order of the report. Its function takes the model and the options it
names, and returns one Result or a list. A function of an analysis is named by `ask_module("rnnsym.analysis.<file>",
"<function>")`, so that nothing is imported before the question is asked; `applies` gives None, or why it does not.

May import: inside functions only (the command line's help reads this table), everything to the left of `report`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from rnnsym.cells import Cell
    from rnnsym.result import Result


def _always(model: Any) -> str | None:
    return None


@dataclass(frozen=True)
class Question:
    """A question to a model: its name on the command line, its section title, its function, and when it applies.

    options: the keyword options of the function that the command line can give, such as wrt.
    intro:   one sentence under the section's title, plain text.
    """

    name: str
    title: str
    function: Callable[..., Any]
    applies: Callable[[Any], str | None] = _always
    options: tuple[str, ...] = ()
    intro: str = ""


def ask_module(module: str, name: str) -> Callable[..., Any]:
    """The function `name` of `module`, imported when it is called."""

    def function(model: Any, **options: Any) -> Any:
        from importlib import import_module

        return getattr(import_module(module), name)(model, **options)

    return function


def answers(question: Question, model: Any, *, max_ops: int | None = None, **options: Any) -> list[Result]:
    """The results of a question.

    Raises: SpecError if it does not apply or has no such option; LimitReached if a result has more than `max_ops`
            operations; and what the question itself raises.
    """
    from rnnsym.result import LimitReached, Result, SpecError

    reason = question.applies(model)
    if reason is not None:
        raise SpecError(f"{question.name} does not apply to {model.name}: {reason}")
    for option in options:
        if option not in question.options:
            known = ", ".join(question.options) or "none"
            raise SpecError(f"{question.name} has no option {option!r}; it has: {known}")
    found = question.function(model, **options)
    results = [found] if isinstance(found, Result) else list(found)
    for result in results:
        size = operations(result)
        if max_ops is not None and size > max_ops:
            raise LimitReached(
                f"{result.name} has {size} operations; limit {max_ops}. "
                "Give numbers for some weights (--set), stay dimension-free, or raise --max-ops"
            )
    return results


def operations(result: Result) -> int:
    """The number of different operations in a result, each shared part counted once."""
    seen: set[Any] = set()
    stack: list[Any] = [result.rhs, *(value for _, value in result.where)]
    while stack:
        node = stack.pop()
        if node not in seen and node.args:
            seen.add(node)
            stack.extend(node.args)
    return len(seen)


def is_definition(result: Result) -> bool:
    """Whether the left side is a bare symbol or a table of them: it says what they mean, nothing to check."""
    import sympy as sp

    left = result.lhs
    entries = list(left) if isinstance(left, sp.MatrixBase) else [left]
    return result.relation == "=" and all(e.is_Symbol or isinstance(e, sp.MatrixSymbol) for e in entries)


# The models


def default_model() -> Cell:
    """Two tanh units, one input, one output, every weight a symbol: what the command line works on without a model."""
    from sympy import MatrixSymbol

    from rnnsym.cells.catalogue import elman, n, p

    return elman(output=MatrixSymbol("C", p, n)).at(n=2, m=1, p=1)


def general(cell: Cell) -> Cell | None:
    """The same cell with symbols for its sizes; None if it is neither kept with the cell nor found in the catalogue."""
    from inspect import signature

    from rnnsym.activations import TABLE
    from rnnsym.cells import catalogue

    kept: Cell | None = getattr(cell, "general", None)
    if kept is not None or not cell.is_explicit:
        return kept or cell
    function = catalogue().get(cell.name)
    if function is None:
        return None
    has_phi = "phi" in signature(function).parameters
    sizes = {"n": int(cell.state[0].shape[0]), "m": int(cell.input[0].shape[0]) if cell.input else 1}
    for candidate in (function(phi=phi) for phi in TABLE) if has_phi else (function(),):
        if candidate.at(limit=10**9, **sizes).equations == cell.equations:
            return candidate
    return None


# The questions


def _equations(cell: Cell) -> list[Result]:
    """The cell's own equations, each as a definition."""
    from rnnsym.result import Result

    table = dict(cell.binding)
    return [
        Result(str(name), cell.write(name) if name in table else name, "=", cell.write(expression), cell.given,
               source=cell.source, arrays=cell.arrays)
        for name, expression in cell.all_equations
    ]  # fmt: skip


def _parameters(cell: Cell) -> Iterable[str]:
    """The names of the parameters that the new state depends on."""
    symbols = {s for _, expression in cell.equations for s in expression.free_symbols}
    return [s.name for s in cell._parameter_symbols() if s in symbols]


def _jacobians(cell: Cell, wrt: str | None = None) -> list[Result]:
    from rnnsym.analysis.jacobian import jacobian

    if wrt is not None:
        return [jacobian(cell, wrt)]
    inputs = ["input"] if cell.input else []
    return [jacobian(cell, name) for name in ("state", *inputs, *_parameters(cell))]


def _gradients(cell: Cell, wrt: str | None = None) -> list[Result]:
    from rnnsym.analysis.jacobian import parameter_gradient

    return [parameter_gradient(cell, name) for name in ([wrt] if wrt is not None else _parameters(cell))]


def _dimension_free(cell: Cell, wrt: str | None = None) -> list[Result]:
    whole = general(cell)
    assert whole is not None, "asked only where it applies"
    gradients = _gradients(whole, wrt) if wrt not in ("state", "input") else []
    return [*_equations(whole), *_jacobians(whole, wrt), *gradients]


def _sized(cell: Cell) -> str | None:
    """None for a cell with numbers for its sizes whose general form is known."""
    if not cell.is_explicit:
        return "its formulas are for every size already"
    return None if general(cell) is not None else "its form for every size is not known"


QUESTIONS: tuple[Question, ...] = (
    Question("equations", "Model", _equations),
    Question("jacobian", "Jacobians", _jacobians, options=("wrt",),
             intro="Row i, column j holds the derivative of the new state i with respect to variable j."),
    Question("parameter-gradient", "Gradients of the parameters", _gradients, options=("wrt",),
             intro="The gradient of a loss through one step, from its gradient with respect to the new state."),
    Question("dimension-free", "Dimension-free forms", _dimension_free, _sized, options=("wrt",),
             intro="The same formulas between matrices, true for every number of units and inputs."),
)  # fmt: skip


def question(name: str, table: Sequence[Question] = QUESTIONS) -> Question:
    """The question of a name.

    >>> question("jacobian").title
    'Jacobians'
    """
    from difflib import get_close_matches

    from rnnsym.result import SpecError

    for entry in table:
        if entry.name == name:
            return entry
    names = [entry.name for entry in table]
    close = get_close_matches(name, names, 1)
    hint = f" did you mean {close[0]!r}?" if close else ""
    raise SpecError(f"unknown question {name!r};{hint} known: {', '.join(names)}")
