"""The transfer function of a linear system, its gain at rest and its delay, with every condition.

H(z) = C (I - A z^-1)^-1 B + D (readout "current") or C (zI - A)^-1 B + D ("previous", and continuous time). What cancels
is found exactly and said: in the hypothesis (z is no eigenvalue, the hidden ones included), in the derivation, in the
name; an unstable hidden mode is refused unless `minimal=False` keeps it.

May import: everything to the left of `analysis.transfer`.
"""

from __future__ import annotations

from typing import Any

import sympy as sp

from rnnsym import exact
from rnnsym.analysis import straight_line
from rnnsym.analysis.filters import (
    arguments,
    channel,
    discrete,
    fractions_in,
    gain_at,
    horner,
    is_outside,
    linear_system,
    named,
    nonzero,
    readable,
)
from rnnsym.analysis.poles import KAILATH, hidden_modes
from rnnsym.defined import RelativeDegree, TransferFunction
from rnnsym.exact import normal
from rnnsym.result import LimitReached, Result, RnnsymError, Step


def transfer_function(model: Any, z: Any = None, *, minimal: bool = True) -> Result:
    """The transfer function, H(z) = C (I - A z^-1)^-1 B + D (readout "current"), C (zI - A)^-1 B + D ("previous").

    Shapes: H (p, m).
    Units:  z is dimensionless; H carries output units per input unit.
    Given:  z is no eigenvalue of A (hidden ones, which cancel, included).
    Raises: SpecError if a parameter is called z, or for a nonlinear cell; RnnsymError if an unstable mode cancels
            (minimal=False keeps every pole, over the denominator det(zI - A)).
    Beyond SWELL terms it is not expanded: a straight-line form, whose matrices M_k and coefficients c_k of det(zI - A) are
    named step by step in `where` (Faddeev and LeVerrier); its name says so, and nothing is cancelled.

    >>> from rnnsym.systems import LinearSystem
    >>> a, b = sp.symbols("a b")
    >>> transfer_function(LinearSystem([[a]], [[b]], [[1]], [[0]])).rhs
    Matrix([[b*z/(-a + z)]])
    """
    system = linear_system(model)
    variable = system.variable(z)
    s = variable if isinstance(variable, sp.Symbol) else sp.Dummy("z")
    if straight_line.swells(system):
        return straight_line.transfer_function(system, variable)
    try:
        whole = fractions_in(system)
    except LimitReached:
        return straight_line.transfer_function(system, variable)
    shape = (system.p, system.m)
    hidden = hidden_modes(system, whole, s)
    steps: tuple[Step, ...] = ()
    note = ""
    full: Any = None
    if hidden or not minimal:
        full = sp.ImmutableMatrix(*shape, lambda i, j: whole.polynomial(s, i, j) / whole.characteristic(s))
    if hidden:
        names = ", ".join(named(f, k, s) for f, k in hidden)
        note = f" (hidden modes: {names})"
        steps = (Step(full.subs(s, variable), f"C adj(zI - A) B over det(zI - A); the factor of {names} cancels"),)
        unstable = [(f, k) for f, k in hidden if is_outside(f, s, system.time.is_discrete)]
        if unstable and minimal:
            raise RnnsymError(
                f"{named(*unstable[0], s)} cancels a zero: a hidden unstable mode, of which H(z) does not speak; "
                "use minimal=False to keep it"
            )
    rhs = sp.ImmutableMatrix(*shape, lambda i, j: readable(*channel(system, whole, i, j, s))) if minimal else full
    below = whole.characteristic(variable)
    return Result(
        name=f"transfer function of the {system.name}{note}",
        lhs=TransferFunction(*arguments(system), variable),
        relation="=",
        rhs=rhs.subs(s, variable) if s != variable else rhs,
        given=sp.And(system.given, nonzero(below)),
        steps=steps,
        source=(KAILATH,),
    )


def dc_gain(model: Any) -> Result:
    """The gain at rest, H(1) = C (I - A)^-1 B + D (H(0) in continuous time); a Matrix for several channels.

    Given:  1 is no eigenvalue of A (0 in continuous time).
    Raises: RnnsymError if it is one for all parameters.

    >>> from rnnsym.systems import LinearSystem
    >>> a, b = sp.symbols("a b")
    >>> dc_gain(LinearSystem([[a]], [[b]])).rhs
    b/(1 - a)
    """
    system = linear_system(model, "a gain")
    point = sp.S.One if system.time.is_discrete else sp.S.Zero
    condition = nonzero(horner(exact.characteristic_polynomial(system.A), point) if system.n else sp.S.One)
    if condition == sp.false:
        raise RnnsymError(
            f"{point} is an eigenvalue of A: there is no gain at rest (the output drifts); fix another input"
        )
    value = gain_at(system, point)
    rhs = value[0, 0] if value.shape == (1, 1) else value
    return Result(
        f"gain at rest of the {system.name}", TransferFunction(*arguments(system), point), "=", rhs,
        sp.And(system.given, condition),
    )  # fmt: skip


def relative_degree(model: Any) -> Result:
    """The steps after which an input first shows in the output, channel by channel: the first k with h_k not 0.

    A Matrix for several channels; infinite for a channel that never responds.

    >>> from rnnsym.systems import LinearSystem
    >>> a, b = sp.symbols("a b")
    >>> relative_degree(LinearSystem([[a]], [[b]])).rhs
    Piecewise((0, Ne(b, 0)), (oo, True))
    """
    system = discrete(model, "a relative degree")
    A, B, C, D = system.with_readout("previous").matrices
    parameters = [D]
    state = B
    for _ in range(system.n):
        parameters.append((C * state).applyfunc(normal))
        state = (A * state).applyfunc(sp.expand)

    def first(i: int, j: int) -> Any:
        cases: list[Any] = []
        for k, h in enumerate(parameters):
            condition = nonzero(h[i, j]) if h[i, j] != 0 else sp.false
            if condition == sp.true:
                return sp.Piecewise(*cases, (sp.Integer(k), True)) if cases else sp.Integer(k)
            if condition != sp.false:
                cases.append((sp.Integer(k), condition))
        return sp.Piecewise(*cases, (sp.oo, True)) if cases else sp.oo

    rhs = sp.ImmutableMatrix(system.p, system.m, first)
    return Result(
        f"relative degree of the {system.name}", RelativeDegree(*arguments(system)), "=",
        rhs[0, 0] if rhs.shape == (1, 1) else rhs, system.given,
    )  # fmt: skip
