"""The table of pictures: what `rnnsym plot` draws, of what, and which belong in the report of a model.

To add a picture: its function in `rnnsym.plots`, and a line of PICTURES here. A picture of kind "system" is drawn of a
linear system, "cell" of a cell whose map at zero input has numbers, "none" of no model. `applies` gives None for a model
that gives it a meaning, or why it has none; `example` is what is drawn without a model: a symbolic model, and numbers for
its symbols, which --set replaces.

May import: inside functions only, but for the files of this package.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from rnnsym.questions import applies
from rnnsym.questions.models import default_model
from rnnsym.questions.numeric import settled, unset

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

NUMBERS = {"W_h_11": "11/10", "W_h_12": "-2/5", "W_h_21": "3/5", "W_h_22": "11/10"}  # of two tanh units that go round


@dataclass(frozen=True)
class Picture:
    """A picture: its name on the command line, what it shows, what it is drawn of, and when.

    name:    with dashes; with underscores it is the function of `rnnsym.plots`.
    text:    one line of plain text: the caption of a report.
    kind:    "system", "cell" or "none".
    applies: None for a model of which a report shows it.
    example: model and numbers that are drawn without a MODEL.
    options: option -> what it takes: "whole" (a whole number >= 1), "number", "low:high", or "name".
    question: in whose section of a report it stands.
    report:  whether a report shows it (a picture that repeats another is drawn on demand only).
    """

    name: str
    text: str
    kind: str
    question: str
    applies: Callable[[Any], str | None]
    example: Callable[[], tuple[Any, Mapping[str, str]]]
    options: tuple[tuple[str, str], ...] = ()
    report: bool = True

    @property
    def function(self) -> Callable[..., Any]:
        """The function of `rnnsym.plots`."""
        from rnnsym import plots

        return getattr(plots, self.name.replace("-", "_"))

    def draw(self, model: Any, **options: Any) -> Any:
        """The figure of the picture of a model.

        Raises: SpecError if the model does not give it a meaning, or an option is unknown.
        """
        from rnnsym.result import SpecError

        known = dict(self.options)
        for option in options:
            if option not in known:
                raise SpecError(f"{self.name} has no option {option!r}; it has: {', '.join(known) or 'none'}")
        drawn = _DRAWN[self.kind](self, model, options)
        axes = drawn[0] if isinstance(drawn, tuple) else drawn
        return axes.figure


# How each kind is drawn


def _system(entry: Picture, model: Any, options: dict[str, Any]) -> Any:
    from rnnsym.analysis.linear import as_system
    from rnnsym.result import SpecError

    reason = applies.linear(model)
    if reason is not None:
        raise SpecError(f"{entry.name} does not apply to {model.name}: {reason}")
    return entry.function(as_system(model, entry.name), **_channel(options))


def _channel(options: dict[str, Any]) -> dict[str, Any]:
    """Output and input counted from 1, as on the page, become the channel counted from 0."""
    options = dict(options)
    if "output" in options or "input" in options:
        options["channel"] = (options.pop("output", 1) - 1, options.pop("input", 1) - 1)
    return options


def _cell(entry: Picture, model: Any, options: dict[str, Any]) -> Any:
    from rnnsym.result import SpecError

    reason = applies.a_cell(model)
    if reason is not None:
        raise SpecError(f"{entry.name} does not apply to {model.name}: {reason}")
    return entry.function(settled(model), {}, **options)


def _diagram(entry: Picture, model: Any, options: dict[str, Any]) -> Any:
    """Against one parameter, the only one that is left if none is named."""
    from rnnsym.result import SpecError

    reason = applies.a_cell(model)
    if reason is None and not model.is_explicit:
        reason = "it needs numbers for the sizes: --set n=1 --set m=1"
    if reason is not None:
        raise SpecError(f"{entry.name} does not apply to {model.name}: {reason}")
    left = unset(model)
    name = options.pop("against", None) or (left[0] if len(left) == 1 else None)
    if name is None or name not in left:
        what = (
            f"{name!r} is none of" if name else "one parameter must be left, or named with --with against=NAME; it has"
        )
        raise SpecError(f"{entry.name} of {model.name}: {what} the symbols {', '.join(left) or 'none'}")
    low, high = options.pop("span", (-3.0, 3.0))
    grid = [low + (high - low) * k / 700 for k in range(701)]
    return entry.function(settled(model, but=(name,)), name, grid, **options)


def _triangle(entry: Picture, model: Any, options: dict[str, Any]) -> Any:
    matrices, names = _matrices(model)
    return entry.function(matrices, names=names, **options)


def _matrices(model: Any) -> tuple[list[Any], list[str]]:
    """A of a linear model, or the Jacobians at the fixed points of a cell, with names; none while symbols are left."""
    from rnnsym.analysis.linear import as_system
    from rnnsym.analysis.search import fixed_points
    from rnnsym.result import RnnsymError

    if model is None:
        return [], []
    if applies.linear(model) is None:
        A = as_system(model, "the triangle").A
        return ([], []) if A.free_symbols else ([A.tolist()], ["A"])
    try:
        cell = settled(model)
        points = list(fixed_points(cell, {}, deadline=10))[:9]
    except RnnsymError:
        return [], []
    from rnnsym.plots import jacobians

    return jacobians(cell, points), [f"J at ({', '.join(f'{v:.3g}' for v in p.array)})" for p in points]


def _set(entry: Picture, model: Any, options: dict[str, Any]) -> Any:
    points = []
    if model is not None and model.is_explicit:
        points = _weight_and_bias(model)
    return entry.function(points=points, **options)


def _weight_and_bias(model: Any) -> list[tuple[float, float]]:
    """(w, b) of one tanh unit with numbers."""
    from rnnsym.analysis.scalar.unit import unit

    found = unit(settled(model)) if not unset(model) else unit(model)
    numeric = not (found.w.free_symbols | found.beta.free_symbols)
    return [(float(found.w), float(found.beta))] if numeric else []


def _gain(entry: Picture, model: Any, options: dict[str, Any]) -> Any:
    from rnnsym.analysis.linear import as_system
    from rnnsym.result import SpecError

    if model is None:
        return entry.function(**options)
    reason = applies.channel(model)
    if reason is not None:
        raise SpecError(f"{entry.name} does not apply to {model.name}: {reason}")
    system = as_system(model, entry.name)
    return entry.function(**options) if system.free_symbols else entry.function(system, **options)


_DRAWN: dict[str, Callable[[Picture, Any, dict[str, Any]], Any]] = {
    "system": _system, "cell": _cell, "diagram": _diagram, "triangle": _triangle, "set": _set, "gain": _gain,
}  # fmt: skip


# When a report shows one


def _numeric_system(model: Any) -> str | None:
    from rnnsym.analysis.linear import as_system

    reason = applies.linear(model)
    if reason is not None:
        return reason
    system = as_system(model, "a picture")
    if system.free_symbols:
        return "it has symbols; a picture needs numbers (--set)"
    return "its time is continuous; discretize it first" if not system.time.is_discrete else None


def _numeric_channel(model: Any) -> str | None:
    return applies.channel(model) or _numeric_system(model)


def _numeric_cell(units: int | None, model: Any) -> str | None:
    reason = applies.a_cell(model)
    if reason is not None:
        return reason
    if not model.is_explicit:
        return "it needs numbers for its sizes"
    if len(model.state) != 1 or model.field != "real":
        return "it has several state blocks, or complex states"
    if units is not None and int(model.state[0].shape[0]) != units:
        return f"it has {model.state[0].shape[0]} units, not {units}"
    return "it has symbols; a picture needs numbers (--set)" if unset(model) else None


def _one(model: Any) -> str | None:
    return _numeric_cell(1, model)


def _two(model: Any) -> str | None:
    return _numeric_cell(2, model)


def _any(model: Any) -> str | None:
    return _numeric_cell(None, model)


def _two_states(model: Any) -> str | None:
    size = getattr(model, "n", None)
    if size is None:
        if not model.is_explicit or model.field != "real":
            return "it needs numbers for its sizes, and real states"
        size = sum(int(s.shape[0]) for s in model.state)
    return None if size == 2 else f"it has {size} states, not two"


def _one_tanh(model: Any) -> str | None:
    reason = applies.one_unit(model)
    if reason is not None:
        return reason
    from rnnsym.analysis.scalar.unit import unit

    found = unit(model)
    is_plain = found.activation.name == "tanh" and found.rate == 1
    return None if is_plain else "its map is not h_t = tanh(w h + b)"


def _one_free(model: Any) -> str | None:
    reason = applies.a_cell(model)
    if reason is not None:
        return reason
    if not model.is_explicit or len(model.state) != 1 or int(model.state[0].shape[0]) != 1:
        return "it has more than one unit"
    left = unset(model)
    return None if len(left) == 1 else f"it has {len(left)} symbols, not one"


def _one_pole(model: Any) -> str | None:
    reason = applies.channel(model)
    if reason is not None:
        return reason
    from rnnsym.analysis.linear import as_system

    system = as_system(model, "a filter")
    return None if system.n == 1 or not system.free_symbols else "it has symbols and more than one pole"


# What is drawn without a model


def _unit() -> tuple[Any, Mapping[str, str]]:
    import sympy as sp

    from rnnsym.cells import elman

    return elman(W_h=sp.Symbol("w", real=True), b=sp.Symbol("b", real=True)), {"w": "-2", "b": "1/4"}


def _unit_against_weight() -> tuple[Any, Mapping[str, str]]:
    model, values = _unit()
    return model, {"b": values["b"]}


def _units() -> tuple[Any, Mapping[str, str]]:
    return default_model(), {**NUMBERS, "b_1": "0", "b_2": "0"}


def _filter() -> tuple[Any, Mapping[str, str]]:
    """The built-in network near its fixed point 0."""
    from rnnsym.analysis.linear import linearize

    system = linearize(default_model().subs({"b": [0, 0]}), at=0)
    scaled = {"W_h_11": "4/5", "W_h_12": "-2/5", "W_h_21": "2/5", "W_h_22": "4/5"}
    return system, {**scaled, "W_x_11": "1", "W_x_21": "1/2", "C_11": "1", "C_12": "1/2"}


def _nothing() -> tuple[Any, Mapping[str, str]]:
    return None, {}


_CHANNEL = (("output", "whole"), ("input", "whole"))

PICTURES: tuple[Picture, ...] = (
    Picture("pole-zero", "Poles, zeros and cancelled pairs, with the unit circle", "system", "poles", _numeric_system, _filter, _CHANNEL),
    Picture("magnitude", "Magnitude of the frequency response", "system", "frequency-response", _numeric_system, _filter, _CHANNEL, False),
    Picture("phase", "Phase of the frequency response", "system", "frequency-response", _numeric_system, _filter, _CHANNEL, False),
    Picture("bode", "Magnitude and phase of the frequency response", "system", "frequency-response", _numeric_system, _filter, _CHANNEL),
    Picture("impulse-response", "Response to a unit pulse", "system", "impulse-response", _numeric_system, _filter, (("steps", "whole"), *_CHANNEL)),
    Picture("snr-gain", "Gain of the signal-to-noise ratio against frequency", "gain", "snr", _one_pole, _nothing),
    Picture("stability-triangle", "Trace and determinant: stable inside the triangle", "triangle", "stability", _two_states, _units),
    Picture("bifurcation-set", "One tanh unit in the plane of weight and bias: folds, flips, and what each region holds", "set", "one-unit", _one_tanh, _nothing, (("w", "low:high"),)),
    Picture("bifurcation-diagram", "Long-run states against a parameter", "diagram", "one-unit", _one_free, _unit_against_weight,
            (("against", "name"), ("span", "low:high"))),
    Picture("cobweb", "The map of one unit and a trajectory on it", "cell", "one-unit", _one, _unit, (("h0", "number"), ("steps", "whole"), ("span", "low:high"))),
    Picture("phase-portrait", "Where each unit rests, trajectories, and fixed points by stability", "cell", "fixed-points", _two, _units,
            (("span", "low:high"), ("starts", "whole"))),
    Picture("gradient-norms", "Norm of the product of Jacobians against its bounds", "cell", "jacobian", _any, _units, (("steps", "whole"),)),
)  # fmt: skip


def picture(name: str) -> Picture:
    """The picture of a name.

    >>> picture("pole-zero").kind
    'system'
    """
    from difflib import get_close_matches

    from rnnsym.result import SpecError

    for entry in PICTURES:
        if entry.name == name.replace("_", "-"):
            return entry
    names = [entry.name for entry in PICTURES]
    close = get_close_matches(name, names, 1)
    hint = f" did you mean {close[0]!r}?" if close else ""
    raise SpecError(f"unknown picture {name!r};{hint} known: {', '.join(names)}")
