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
    """The same cell with symbols for its sizes; None if it is not kept with the cell."""
    return cell.general if cell.is_explicit else cell


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


def _linear(model: Any) -> str | None:
    """None for a linear system, or a linear cell with numbers for its sizes."""
    from rnnsym.analysis.linear import is_affine
    from rnnsym.systems import LinearSystem

    if isinstance(model, LinearSystem):
        return None
    if not model.is_explicit:
        return "it needs numbers for the sizes: .at(n=2, m=1)"
    return None if is_affine(model) else "it is nonlinear; linearize it at an operating point h*, x*"


def _affine(model: Any) -> str | None:
    """None for a linear system or a linear cell of any size."""
    from rnnsym.analysis.linear import is_affine
    from rnnsym.systems import LinearSystem

    if isinstance(model, LinearSystem) or (is_affine(model) and len(model.state) == 1):
        return None
    return "it is nonlinear, or has several state blocks; linearize it at an operating point h*, x*"


def _channel(model: Any) -> str | None:
    """None for a linear model with one input and one output."""
    from rnnsym.analysis.linear import as_system

    reason = _linear(model)
    if reason is not None:
        return reason
    system = as_system(model, "a filter")
    return (
        None if (system.m, system.p) == (1, 1) else f"it has {system.m} inputs and {system.p} outputs, not one of each"
    )


def _one_input(model: Any) -> str | None:
    """None for a linear model with one input."""
    from rnnsym.analysis.linear import as_system

    reason = _linear(model)
    count = 1 if reason is not None else as_system(model, "a memory").m
    return reason if count == 1 else f"it has {count} inputs, not one"


def _several(*functions: tuple[Callable[..., Any], dict[str, Any]]) -> Callable[..., Any]:
    """All answers that exist: what has no closed form, or no finite value, is left out; the first error if none is left."""

    def function(model: Any) -> list[Result]:
        from rnnsym.result import RnnsymError

        found, errors = [], []
        for ask, options in functions:
            try:
                found.append(ask(model, **options))
            except RnnsymError as error:
                errors.append(error)
        if not found:
            raise errors[0]
        return found

    return function


def _asked(module: str, *names: str) -> tuple[tuple[Callable[..., Any], dict[str, Any]], ...]:
    return tuple((ask_module(module, name), {}) for name in names)


def _small(model: Any) -> str | None:
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


def _recurrent(model: Any) -> str | None:
    """None for a plain or leaky cell."""
    from rnnsym.analysis.contraction import recurrence
    from rnnsym.result import RnnsymError

    try:
        recurrence(model.general if model.is_explicit and model.general is not None else model)
    except (AttributeError, RnnsymError):
        return "it is not of the form h_t = (1 - a) h + a phi(W h + U x + b)"
    return None


def _a_cell(model: Any) -> str | None:
    """None for a cell."""
    return None if hasattr(model, "equations") else "it is a linear system; its fixed point is its gain at rest"


def _two_units(model: Any) -> str | None:
    """None for a plain or leaky cell of two units with a smooth activation."""
    reason = _recurrent(model)
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


def _one_unit(model: Any) -> str | None:
    """None for a cell of one unit whose map is read as a unit with one activation."""
    if (
        not hasattr(model, "equations")
        or len(model.state) != 1
        or model.state[0].shape[0] not in (1,)
        and not model.is_scalar
    ):
        return "it has more than one unit"
    if not model.is_scalar:
        return "it has more than one unit, or several inputs"
    from rnnsym.analysis.scalar.unit import unit
    from rnnsym.result import NoClosedForm

    try:
        unit(model)
    except NoClosedForm as error:
        return str(error)
    return None


QUESTIONS: tuple[Question, ...] = (
    Question("equations", "Model", _equations),
    Question("jacobian", "Jacobians", _jacobians, options=("wrt",),
             intro="Row i, column j holds the derivative of the new state i with respect to variable j."),
    Question("parameter-gradient", "Gradients of the parameters", _gradients, options=("wrt",),
             intro="The gradient of a loss through one step, from its gradient with respect to the new state."),
    Question("dimension-free", "Dimension-free forms", _dimension_free, _sized, options=("wrt",),
             intro="The same formulas between matrices, true for every number of units and inputs."),
    Question("stability", "Stability", ask_module("rnnsym.analysis.stability", "stability_conditions"), _small,
             intro="The spectral radius is below one exactly where these inequalities hold; a cell is asked at a fixed point."),
    Question("contraction", "Contraction",
             _several(*_asked("rnnsym.analysis.contraction", "contraction_condition", "gap_bound", "incremental_gain")), _recurrent,
             intro="Conditions under which trajectories under the same input come together."),
    Question("fixed-points", "Fixed points",
             _several(*_asked("rnnsym.analysis.fixedpoint", "fixed_point_equations", "bias_of_fixed_point")), _a_cell,
             intro="At rest under constant input; the bias is an explicit function of the fixed point."),
    Question("one-unit", "One unit",
             _several(*_asked("rnnsym.analysis.scalar", "fixed_point_count", "fold", "flip", "cusp", "two_cycle_count",
                              "longest_cycle", "half_life", "half_life_bias", "solvable_orbit")), _one_unit,
             intro="Every region of weight and bias, and how long a perturbation lasts."),
    Question("bifurcations", "Bifurcations of two units",
             _several(*_asked("rnnsym.analysis.bifurcation", "fold", "flip", "neimark_sacker", "rotation_angle", "input_of_slopes"),
                      *((ask_module("rnnsym.analysis.normalforms", "normal_form"), {"kind": kind}) for kind in ("fold", "flip", "neimark_sacker"))),
             _two_units,
             intro="Manifolds in the space of constant inputs, with the slopes of the activation as parameters, and normal-form coefficients."),
    Question("collapse", "Collapse to one affine map", ask_module("rnnsym.analysis.linear", "collapse"), _affine,
             intro="Without activation the network is one affine map of its first state and its inputs."),
    Question("modes", "Modes", _several(*_asked("rnnsym.analysis.modes", "modes", "spectral_decomposition", "rotation_form")), _linear),
    Question("timescales", "Time scales", ask_module("rnnsym.analysis.modes", "timescales"), _linear,
             intro="Decay time, half-life and period, one row for each mode."),
    Question("controllability", "Controllability",
             _several(*_asked("rnnsym.analysis.structure", "controllability", "null_controllability")), _linear,
             intro="The dimension of the states that inputs can reach, for all parameters; inputs are unbounded."),
    Question("observability", "Observability",
             _several(*_asked("rnnsym.analysis.structure", "observability", "constructibility")), _linear,
             intro="How much of the state a record of outputs determines, for all parameters."),
    Question("kalman", "Kalman decomposition", ask_module("rnnsym.analysis.structure_kalman", "kalman_decomposition"), _linear,
             intro="A basis of reachable and silent, reachable, silent, and other states."),
    Question("transfer-function", "Transfer function", ask_module("rnnsym.analysis.transfer", "transfer_function"), _linear,
             intro="The map from inputs to outputs in the transform variable; what cancels is named."),
    Question("poles", "Poles", ask_module("rnnsym.analysis.poles", "poles"), _linear),
    Question("zeros", "Transmission zeros", ask_module("rnnsym.analysis.poles", "zeros"), _linear),
    Question("gains", "Gain at rest and relative degree",
             _several(*_asked("rnnsym.analysis.transfer", "dc_gain", "relative_degree"), *_asked("rnnsym.analysis.response", "final_value")), _linear),
    Question("impulse-response", "Impulse response", ask_module("rnnsym.analysis.response", "impulse_response"), _linear),
    Question("step-response", "Step response", ask_module("rnnsym.analysis.response", "step_response"), _linear),
    Question("frequency-response", "Frequency response",
             _several(*_asked("rnnsym.analysis.frequency", "frequency_response", "squared_magnitude", "phase", "group_delay", "half_power_frequency", "resonance")), _channel),
    Question("gramians", "Gramians", _several(*((ask_module("rnnsym.analysis.gramians", "gramian"), {"kind": kind}) for kind in ("controllability", "observability"))), _linear),
    Question("noise", "Noise", _several(*_asked("rnnsym.analysis.gramians", "covariance"), *_asked("rnnsym.analysis.noise", "noise_gain")), _linear,
             intro="The covariance of the state and the power of the output under white input noise of variance one."),
    Question("snr", "Signal-to-noise ratio", ask_module("rnnsym.analysis.snr", "snr"), _channel,
             intro="A sinusoid against white noise: the ratio at the output."),
    Question("norms", "Norms", _several(*_asked("rnnsym.analysis.norms", "h2_norm", "hinf_norm", "l1_norm")), _linear),
    Question("memory", "Memory", _several(*_asked("rnnsym.analysis.memory", "memory_capacity", "fisher_memory")), _one_input,
             intro="How much of past inputs the state holds."),
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
