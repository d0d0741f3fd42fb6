"""A question to a model as a record, how it is asked, and the functions that ask several at once.

May import: inside functions only, so that the command line's help costs nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from rnnsym.questions.applies import always

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from rnnsym.result import Result


@dataclass(frozen=True)
class Question:
    """A question to a model: its name on the command line, its section title, its function, and when it applies.

    options: the keyword options of the function that the command line can give, such as wrt.
    intro:   one sentence under the section's title, plain text.
    search:  what is found besides if the model has numbers: search(model, deadline=None) -> a FixedPointSet; SpecError while
             symbols are left.
    """

    name: str
    title: str
    function: Callable[..., Any]
    applies: Callable[[Any], str | None] = always
    options: tuple[str, ...] = ()
    intro: str = ""
    search: Callable[..., Any] | None = None


def ask_module(module: str, name: str) -> Callable[..., Any]:
    """The function `name` of `module`, imported when it is called."""

    def function(model: Any, **options: Any) -> Any:
        from importlib import import_module

        return getattr(import_module(module), name)(model, **options)

    return function


def as_model(model: Any) -> Any:
    """What a report or a card is about: a Cell or a LinearSystem.

    Raises: SpecError for anything else.
    """
    from rnnsym.cells.record import Cell
    from rnnsym.result import SpecError
    from rnnsym.systems import LinearSystem

    if isinstance(model, Cell | LinearSystem):
        return model
    raise SpecError(
        f"a Cell or a LinearSystem is needed, got {type(model).__name__}; rs.elman() is a Cell, rs.inspection(network) "
        "is the page of a trained network"
    )


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
            error = LimitReached(
                f"{result.name} has {size} operations; limit {max_ops}. "
                "Give numbers for some weights (--set), stay dimension-free, or raise --max-ops"
            )
            error.stage = question.name
            raise error
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


def several(*functions: tuple[Callable[..., Any], dict[str, Any]]) -> Callable[..., Any]:
    """All answers that exist: what has no closed form, or no finite value, is left out; the first error if none is left."""

    def function(model: Any) -> list[Result]:
        from rnnsym.result import RnnsymError

        found: list[Result] = []
        errors: list[Exception] = []
        for ask, options in functions:
            try:
                answer = ask(model, **options)
            except RnnsymError as error:
                errors.append(error)
            else:
                found += answer if isinstance(answer, list | tuple) else [answer]
        if not found:
            raise errors[0]
        return found

    return function


def asked(module: str, *names: str) -> tuple[tuple[Callable[..., Any], dict[str, Any]], ...]:
    return tuple((ask_module(module, name), {}) for name in names)
