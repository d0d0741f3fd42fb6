"""The table of questions, in the order of a report, and what the first of them answer.

May import: inside functions only, but for the files of this package.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rnnsym.questions import applies
from rnnsym.questions.families import by_name
from rnnsym.questions.models import general
from rnnsym.questions.numeric import fixed_points
from rnnsym.questions.record import Question, ask_module, asked, several

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from rnnsym.cells import Cell
    from rnnsym.result import Result
    from rnnsym.systems import LinearSystem


def _equations(model: Any) -> list[Result]:
    """The model's own equations, each as a definition."""
    return _cell_equations(model) if hasattr(model, "equations") else _system_equations(model)


def _cell_equations(cell: Cell) -> list[Result]:
    from rnnsym.result import Result

    table = dict(cell.binding)
    return [
        Result(str(name), cell.write(name) if name in table else name, "=", cell.write(expression), cell.given,
               source=cell.source, arrays=cell.arrays)
        for name, expression in cell.all_equations
    ]  # fmt: skip


def _system_equations(system: LinearSystem) -> list[Result]:
    """h_t = A h + B x and y_t = C h_t + D x of a linear system, and what its matrices are."""
    import sympy as sp

    from rnnsym.result import Array, Result

    n, m, p = system.n, system.m, system.p
    h, x, h_t, y_t = (sp.MatrixSymbol(s, k, 1) for s, k in (("h", n), ("x", m), ("h_t", n), ("y_t", p)))
    tables = dict(zip("ABCD", system.matrices, strict=True))
    A, B, C, D = (sp.MatrixSymbol(s, *t.shape) for s, t in tables.items())
    roles = [(h, "state"), (x, "input"), (h_t, "next"), (y_t, "output")]
    arrays = tuple(Array(s.name, role, s) for s, role in roles if 0 not in s.shape)
    arrays += tuple(Array(s, "parameter", sp.MatrixSymbol(s, *t.shape)) for s, t in tables.items())
    known = [(s, t) for s, t in tables.items() if 0 not in t.shape and not (s == "D" and t.is_zero_matrix)]
    seen = h_t if system.readout == "current" else h
    new = A * h + B * x if n and m else A * h if n else None
    out = (
        (C * seen + D * x if n and m and not tables["D"].is_zero_matrix else C * seen if n else D * x)
        if p and (n or m)
        else None
    )
    lines = [(h_t, new), (y_t, out), *((sp.MatrixSymbol(s, *t.shape), t) for s, t in known)]
    if not system.time.is_discrete:
        slope = sp.MatrixSymbol("h_dot", n, 1)
        lines[0] = (slope, new)
        lines[1] = (sp.MatrixSymbol("y", p, 1), out)
    return [
        Result(left.name, left, "=", right, system.given, arrays=arrays) for left, right in lines if right is not None
    ]


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
    from rnnsym.analysis.gradient import parameter_gradient

    return [parameter_gradient(cell, name) for name in ([wrt] if wrt is not None else _parameters(cell))]


def _dimension_free(cell: Cell, wrt: str | None = None) -> list[Result]:
    whole = general(cell)
    assert whole is not None, "asked only where it applies"
    gradients = _gradients(whole, wrt) if wrt not in ("state", "input") else []
    return [*_cell_equations(whole), *_jacobians(whole, wrt), *gradients]


def _transients(model: Any) -> list[Result]:
    from rnnsym.analysis.linear import as_system
    from rnnsym.analysis.transients import transient_growth

    return transient_growth(as_system(model, "transient growth").A)


def _gradient_bounds(cell: Cell, norm: str | None = None) -> list[Result]:
    from rnnsym.analysis.gradient import gradient_bound

    return [result for result in gradient_bound(cell, norm) if not _is_vacuous(result)]


def _linearization(cell: Cell) -> list[Result]:
    """Linearization, stability by it, and instability unless the numbers of the cell make it a contraction."""
    from rnnsym.analysis.gradient import gradient_bound

    results = several(*asked("rnnsym.analysis.linearization", "linearization", "local_stability"))(cell)
    premise = next(r.lhs for r in gradient_bound(cell, "2") if r.relation == "=>")
    return results[:-1] if premise.free_symbols == set() and _holds(premise) else results


def _holds(condition: Any) -> bool | None:
    from rnnsym.defined import Numbers

    return Numbers({}).truth(condition)


def _is_vacuous(result: Result) -> bool:
    """Whether the premise of an implication is without symbols and false: a theorem that says nothing of these numbers."""
    return result.relation == "=>" and not result.lhs.free_symbols and _holds(result.lhs) is False


def _errors(cell: Cell) -> list[Result]:
    from rnnsym.analysis.onestep import error_propagation, gradient_propagation

    whole = general(cell)
    assert whole is not None, "asked only where it applies"
    return [error_propagation(whole), gradient_propagation(whole)]


def _random_weights(cell: Cell) -> list[Result]:
    from rnnsym.analysis.contraction import recurrence

    phi = recurrence(cell).activation  # the question is about the law of the weights, not about these
    return several(*asked("rnnsym.analysis.meanfield", "mean_field", "critical_line"))(phi)


def _harmonics(cell: Cell) -> list[Result]:
    from rnnsym.analysis.volterra import harmonic_response, linear_response

    return [linear_response(cell), *(harmonic_response(cell, k) for k in (1, 3))]


def _normal_form(model: Cell, kind: str) -> Result:
    from rnnsym.analysis.normalforms import net, normal_form
    from rnnsym.result import NoClosedForm

    reason = _never(net(model, None), kind)
    if reason:
        raise NoClosedForm(f"the {kind} coefficient: {reason}")
    return normal_form(model, kind=kind)


def _never(units: Any, kind: str) -> str:
    """Why two units with numbers for W cannot have a bifurcation at any input; "" where they may.

    With J = diag(s_1, s_2) W, det(I -+ J) = 1 -+ (s_1 w_11 + s_2 w_22) + s_1 s_2 det W is bilinear in the slopes, so its
    least value over 0 <= s_i <= L is at a corner; Neimark-Sacker needs s_1 s_2 det W = 1.
    """
    top = units.activation.lipschitz
    if units.W.free_symbols or units.rate != 1 or top is None or not units.activation.monotone:
        return ""
    (a, _), (_, d) = units.W.tolist()
    determinant = units.W.det()
    if kind == "neimark_sacker":
        return "det W is too small for s_1 s_2 det W = 1" if top**2 * determinant < 1 else ""
    sign = -1 if kind == "fold" else 1
    corners = [1 + sign * (s * a + t * d) + s * t * determinant for s in (0, top) for t in (0, top)]
    return "no slopes of the activation make it singular" if all(c > 0 for c in corners) else ""


def _one_unit(model: Cell) -> list[Result]:
    from rnnsym.analysis.scalar.unit import unit

    memory = asked("rnnsym.analysis.scalar", "half_life", "half_life_bias")
    if not unit(model).w.free_symbols:  # with a number for the weight no region is left to draw
        return several(*memory)(model)
    names = ("fixed_point_count", "fold", "flip", "cusp", "two_cycle_count", "longest_cycle")
    return several(
        *asked("rnnsym.analysis.scalar", *names), *memory, *asked("rnnsym.analysis.scalar", "solvable_orbit")
    )(model)


QUESTIONS: tuple[Question, ...] = (
    Question("equations", "Model", _equations),
    Question("jacobian", "Jacobians", _jacobians, applies.a_cell, options=("wrt",),
             intro="Row i, column j holds the derivative of the new state i with respect to variable j."),
    Question("parameter-gradient", "Gradients of the parameters", _gradients, applies.a_cell, options=("wrt",),
             intro="The gradient of a loss through time, from its gradients with respect to the states."),
    Question("gradients-through-time", "Gradients through time", ask_module("rnnsym.analysis.gradient", "bptt"), applies.a_cell,
             intro="The product of Jacobians, the latest factor on the left."),
    Question("gradient-bounds", "Vanishing and exploding gradients", _gradient_bounds, applies.a_cell, options=("norm",),
             intro="A small rate is sufficient for vanishing, a large one necessary for explosion, never sufficient."),
    Question("dimension-free", "Dimension-free forms", _dimension_free, applies.sized, options=("wrt",),
             intro="The same formulas between matrices, true for every number of units and inputs."),
    Question("stability", "Stability", ask_module("rnnsym.analysis.stability", "stability_conditions"), applies.small,
             intro="The spectral radius is below one exactly where these inequalities hold; a cell is asked at a fixed point."),
    Question("linearization", "Stability by linearization",
             _linearization, applies.recurrent,
             intro="What the Jacobian at a fixed point tells of the network, and where it is silent."),
    Question("contraction", "Contraction",
             several(*asked("rnnsym.analysis.contraction", "contraction_condition", "gap_bound", "incremental_gain")), applies.recurrent,
             intro="Conditions under which trajectories under the same input come together."),
    Question("theorems", "What is known of this cell", by_name, applies.with_theorems,
             intro="Theorems about the cell by name, for every size."),
    Question("fixed-points", "Fixed points",
             several(*asked("rnnsym.analysis.fixedpoint", "fixed_point_equations", "bias_of_fixed_point")), applies.a_cell,
             intro="At rest under constant input; the bias is an explicit function of the fixed point.", search=fixed_points),
    Question("one-unit", "One unit", _one_unit, applies.one_unit,
             intro="Every region of weight and bias, and how long a perturbation lasts."),
    Question("harmonics", "Response to a sinusoid of small amplitude", _harmonics, applies.one_unit,
             intro="The linear response and what the curvature of the activation adds, to third order in the amplitude."),
    Question("bifurcations", "Bifurcations of two units",
             several(*asked("rnnsym.analysis.bifurcation", "fold", "flip", "neimark_sacker", "rotation_angle", "input_of_slopes"),
                      *((_normal_form, {"kind": kind}) for kind in ("fold", "flip", "neimark_sacker"))),
             applies.two_units,
             intro="Manifolds in the space of constant inputs, with the slopes of the activation as parameters, and normal-form coefficients."),
    Question("random-weights", "Many units with random weights", _random_weights, applies.many_units,
             intro="The mean field of weights drawn from a normal law, in the limit of many units."),
    Question("accessibility", "Reachable and observable states of the network",
             several(*asked("rnnsym.analysis.accessibility", "accessibility", "reachable_dimension", "nonlinear_observability")), applies.driven,
             intro="Conditions of the nonlinear network itself; they are not Kalman's."),
    Question("symmetries", "Symmetries of the parameters", ask_module("rnnsym.analysis.symmetries", "parameter_symmetries"), applies.recurrent,
             intro="Changes of the parameters that no input and output can tell."),
    Question("error-propagation", "Propagation of perturbations",
             _errors, applies.one_block,
             intro="The recursion of a one-step method's error, solved; gradients run backward through its transpose."),
    Question("collapse", "Collapse to one affine map", ask_module("rnnsym.analysis.linear", "collapse"), applies.affine,
             intro="Without activation the network is one affine map of its first state and its inputs."),
    Question("modes", "Modes", several(*asked("rnnsym.analysis.modes", "modes", "spectral_decomposition", "rotation_form")), applies.linear),
    Question("timescales", "Time scales", ask_module("rnnsym.analysis.modes", "timescales"), applies.linear,
             intro="Decay time, half-life and period, one row for each mode."),
    Question("transients", "Transient growth", _transients, applies.linear,
             intro="How far powers of A may grow before they decay: what eigenvalues do not tell."),
    Question("controllability", "Controllability",
             several(*asked("rnnsym.analysis.structure", "controllability", "null_controllability")), applies.linear,
             intro="The dimension of the states that inputs can reach, for all parameters; inputs are unbounded."),
    Question("observability", "Observability",
             several(*asked("rnnsym.analysis.structure", "observability", "constructibility")), applies.linear,
             intro="How much of the state a record of outputs determines, for all parameters."),
    Question("kalman", "Kalman decomposition", ask_module("rnnsym.analysis.structure_kalman", "kalman_decomposition"), applies.linear,
             intro="A basis of reachable and silent, reachable, silent, and other states."),
    Question("transfer-function", "Transfer function", ask_module("rnnsym.analysis.transfer", "transfer_function"), applies.linear,
             intro="The map from inputs to outputs in the transform variable; what cancels is named."),
    Question("poles", "Poles", ask_module("rnnsym.analysis.poles", "poles"), applies.linear),
    Question("zeros", "Transmission zeros", ask_module("rnnsym.analysis.poles", "zeros"), applies.linear),
    Question("strata", "Where poles and zeros cancel",
             several(*asked("rnnsym.analysis.cancellation", "pole_strata", "zero_strata")), applies.symbolic_channel,
             intro="The multiplicities of poles and zeros, case by case in the parameters."),
    Question("mcmillan", "McMillan form", ask_module("rnnsym.analysis.mcmillan", "mcmillan_form"), applies.linear),
    Question("gains", "Gain at rest and relative degree",
             several(*asked("rnnsym.analysis.transfer", "dc_gain", "relative_degree"), *asked("rnnsym.analysis.response", "final_value")), applies.linear),
    Question("impulse-response", "Impulse response", ask_module("rnnsym.analysis.response", "impulse_response"), applies.linear),
    Question("step-response", "Step response", ask_module("rnnsym.analysis.response", "step_response"), applies.linear),
    Question("frequency-response", "Frequency response",
             several(*asked("rnnsym.analysis.frequency", "frequency_response", "squared_magnitude", "phase", "group_delay", "half_power_frequency", "resonance")), applies.channel),
    Question("gramians", "Gramians", several(*((ask_module("rnnsym.analysis.gramians", "gramian"), {"kind": kind}) for kind in ("controllability", "observability"))), applies.linear),
    Question("noise", "Noise", several(*asked("rnnsym.analysis.gramians", "covariance"), *asked("rnnsym.analysis.noise", "noise_gain")), applies.linear,
             intro="The covariance of the state and the power of the output under white input noise of variance one."),
    Question("snr", "Signal-to-noise ratio", ask_module("rnnsym.analysis.snr", "snr"), applies.channel,
             intro="A sinusoid against white noise: the ratio at the output."),
    Question("norms", "Norms", several(*asked("rnnsym.analysis.norms", "h2_norm", "hinf_norm", "l1_norm")), applies.linear),
    Question("memory", "Memory", several(*asked("rnnsym.analysis.memory", "memory_capacity", "fisher_memory")), applies.one_input,
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
