"""One unit: the map h -> (1 - a) h + a phi(w h + beta) read off a scalar cell, and where phi has a given slope.

The input is constant; beta = b + W_x x is the whole bias, with x = 0 unless it is given. `steep` holds, for each
sigmoidal activation, the pre-activation at which phi' = 1/v in closed form; every locus and design formula of one unit
follows from it, because a fixed point h = phi(alpha) has the bias beta = alpha - w h.

May import: everything to the left of `analysis`. A new sigmoidal activation: a line of `_STEEP`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import sympy as sp

from rnnsym.activations import TABLE, Activation
from rnnsym.cells.record import Cell, as_cell
from rnnsym.result import NoClosedForm, ShapeError

X = sp.Symbol("x", real=True)


@dataclass(frozen=True)
class Unit:
    """The map of one unit under constant input: F(h) = (1 - rate) h + rate phi(w h + beta)."""

    name: str
    h: Any
    w: Any
    beta: Any
    rate: Any
    activation: Activation
    given: Any

    @property
    def F(self) -> Any:
        return self.map(self.beta)

    def map(self, beta: Any) -> Any:
        """The map with another bias."""
        inner = self.activation.phi(self.w * self.h + beta)
        return inner if self.rate == 1 else (1 - self.rate) * self.h + self.rate * inner

    @property
    def interval(self) -> tuple[Any, Any]:
        """The interval that holds every fixed point: the range of phi."""
        values = self.activation.range
        return (-sp.oo, sp.oo) if values is None else (values.inf, values.sup)

    @property
    def of_map(self) -> tuple[Any, Any, Any, Any]:
        """The first four arguments of the quantities of `defined.dynamics`."""
        return (self.F, self.h, *self.interval)

    def inner(self, multiplier: Any) -> Any:
        """The slope w phi' that gives F the multiplier m: (m - 1 + rate)/rate, m itself without leak."""
        if self.rate == 1 or multiplier == 1:
            return sp.S(multiplier)
        return sp.cancel((multiplier - 1 + self.rate) / self.rate)

    def slope_at(self, h_star: Any) -> Any:
        """F' at a fixed point, in terms of the fixed point where phi' is a function of phi."""
        act = self.activation
        inside = self.w * h_star + self.beta
        steepness = act.derivative(inside) if act.derivative_of_output is None else act.derivative_of_output(h_star)
        return self.w * steepness if self.rate == 1 else 1 - self.rate + self.rate * self.w * steepness

    @property
    def conditions(self) -> Any:
        """The hypotheses of the cell that speak of the map's symbols, and a rate above 0."""
        known = self.F.free_symbols
        parts = self.given.args if isinstance(self.given, sp.And) else (self.given,)
        kept = [c for c in parts if c != sp.true and c.free_symbols <= known]
        return sp.And(*kept, sp.S(self.rate) > 0 if self.rate != 1 else sp.true)


def possible(given: Any, name: str) -> Any:
    """The hypotheses of a claim, refused where the numbers of the cell contradict them.

    Raises: NoClosedForm.
    """
    if given == sp.false:
        raise NoClosedForm(
            f"{name}: the numbers given contradict its hypotheses; see `given` of the claim with symbols"
        )
    return given


def unit(cell: Cell, x: Any = 0) -> Unit:
    """The unit of a scalar cell under the constant input x.

    Raises: ShapeError if the cell has more than one unit; NoClosedForm if it is not of the form of `Unit`.
    """
    if not as_cell(cell).is_explicit and len(cell.state) == 1:
        try:
            cell = cell.at(n=1, m=1)
        except Exception as error:
            raise ShapeError(f"{cell.name} has symbolic sizes; give a scalar for W_h") from error
    if not cell.is_scalar or len(cell.state) != 1:
        size = (
            cell.state[0].shape[0]
            if len(cell.state) == 1
            else f"{len(cell.state)} state blocks of {cell.state[0].shape[0]}"
        )
        raise ShapeError(f"{cell.name} has n = {size}; this question is about one unit, give a scalar for W_h")
    table = dict(cell.binding)
    h = table[cell.state[0]][0, 0]
    values = {table[s][0, 0]: sp.S(x) for s in cell.input}
    names: dict[Any, Any] = {}
    for name, expression in cell.where if cell.output is None else cell.where[:-1]:
        names[name] = expression.xreplace(values).xreplace(names)
    F = names[table[cell.next[0]][0, 0]]
    found = _read(F, h)
    if found is None:
        raise NoClosedForm(
            f"{cell.name} is no map (1 - a) h + a phi(w h + b) of one state with phi of the table of activations; "
            "use fixed_points and cycles with values"
        )
    w, beta, rate, act = found
    return Unit(cell.name, h, w, beta, rate, act, cell.given)


def _read(F: Any, h: Any) -> tuple[Any, Any, Any, Activation] | None:
    functions = [f for f in F.atoms(sp.Function) if f.has(h)]
    outer = [f for f in functions if not any(f != g and g.has(f) for g in functions)]
    if not outer:
        w, b = sp.expand(F).coeff(h, 1), sp.expand(F).coeff(h, 0)
        return (w, b, sp.S.One, TABLE["identity"]) if sp.expand(F - w * h - b) == 0 else None
    if len(outer) != 1:
        return None
    f = outer[0]
    argument = sp.expand(f.args[0])
    w, beta = argument.coeff(h, 1), argument.coeff(h, 0)
    if h in w.free_symbols or sp.expand(argument - w * h - beta) != 0:
        return None
    place = sp.Dummy()
    gain = sp.expand(F.xreplace({f: place})).coeff(place, 1)
    for act in sorted(TABLE.values(), key=lambda a: a.name != "erf_scaled"):
        inner = [g for g in act.phi(X).atoms(sp.Function) if isinstance(g, type(f))]
        if len(inner) != 1 or inner[0].args[1:] != f.args[1:]:
            continue
        k = inner[0].args[0].diff(X)
        written = sp.expand(act.phi(X).xreplace({inner[0]: place}))
        scale = written.coeff(place, 1)
        if scale == 0 or k.free_symbols or (written - scale * place).free_symbols:
            continue
        if act.name == "erf_scaled" and not w.has(sp.pi):  # erf(w h) is read as erf
            continue
        rate = gain / scale
        if _is(act, F, h, w / k, beta / k, rate):
            return sp.expand(w / k), sp.expand(beta / k), rate, act
    phi = sp.Lambda(X, f.func(X, *f.args[1:]))
    unknown = Activation(type(f).__name__, phi, sp.Lambda(X, phi(X).diff(X)), None, None, None, None)
    return (w, beta, gain, unknown) if _is(unknown, F, h, w, beta, gain) else None


def _is(act: Activation, F: Any, h: Any, w: Any, beta: Any, rate: Any) -> bool:
    rebuilt = (1 - rate) * h + rate * act.phi(sp.expand(w * h + beta))
    return h not in sp.S(rate).free_symbols and bool(sp.expand(rebuilt - F) == 0)


# The pre-activation alpha >= 0 with phi'(alpha) = 1/v, and v phi(alpha), for v above 1/max phi'


@dataclass(frozen=True)
class Steep:
    """Where phi' = 1/v: v > threshold; the two pre-activations, the states there, and v times these states."""

    threshold: Any
    alpha: tuple[Any, Any]
    state: tuple[Any, Any]
    scaled: tuple[Any, Any]


def _odd(threshold: Any, alpha: Any, state: Any, scaled: Any) -> Steep:
    return Steep(sp.S(threshold), (alpha, -alpha), (state, -state), (scaled, -scaled))


def _product(v: Any, k: int) -> Any:
    """v (v - k), written without signs where v is -w."""
    return -v * (k - v) if v.could_extract_minus_sign() else v * (v - k)


def _third(v: Any, k: int) -> Any:
    return sp.Pow(v, sp.Rational(k, 3))


_STEEP: dict[str, Callable[[Any], Steep]] = {
    "tanh": lambda v: _odd(1, sp.acosh(sp.sqrt(v)), sp.sqrt(1 - 1 / v), sp.sqrt(_product(v, 1))),
    "sigmoid": lambda v: Steep(
        sp.Integer(4), (2 * sp.acosh(sp.sqrt(v) / 2), -2 * sp.acosh(sp.sqrt(v) / 2)),
        ((1 + sp.sqrt(1 - 4 / v)) / 2, (1 - sp.sqrt(1 - 4 / v)) / 2),
        ((v + sp.sqrt(_product(v, 4))) / 2, (v - sp.sqrt(_product(v, 4))) / 2),
    ),
    "softsign": lambda v: _odd(1, sp.sqrt(v) - 1, 1 - 1 / sp.sqrt(v), v - sp.sqrt(v)),
    "algebraic": lambda v: _odd(
        1, sp.sqrt(_third(v, 2) - 1), sp.sqrt(1 - _third(v, -2)), _third(v, 2) * sp.sqrt(_third(v, 2) - 1)
    ),
    "arctan": lambda v: _odd(1, sp.sqrt(v - 1), sp.atan(sp.sqrt(v - 1)), v * sp.atan(sp.sqrt(v - 1))),
    "erf": lambda v: _odd(
        sp.sqrt(sp.pi) / 2, sp.sqrt(sp.log(2 * v / sp.sqrt(sp.pi))), sp.erf(sp.sqrt(sp.log(2 * v / sp.sqrt(sp.pi)))),
        v * sp.erf(sp.sqrt(sp.log(2 * v / sp.sqrt(sp.pi)))),
    ),
    "erf_scaled": lambda v: _odd(
        1, 2 * sp.sqrt(sp.log(v) / sp.pi), sp.erf(sp.sqrt(sp.log(v))), v * sp.erf(sp.sqrt(sp.log(v)))
    ),
}  # fmt: skip


def steep(one: Unit, slope: Any) -> Steep | None:
    """Where w phi' = slope, as functions of v = w/slope; None if the activation is not sigmoidal."""
    made = _STEEP.get(one.activation.name)
    return None if made is None else made(one.w if slope == 1 else -one.w if slope == -1 else one.w / slope)


def ratio(one: Unit, slope: Any) -> Any:
    """v = w/slope."""
    return one.w if slope == 1 else -one.w if slope == -1 else one.w / slope
