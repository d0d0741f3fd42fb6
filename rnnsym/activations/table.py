"""The activations that rnnsym knows, each with its constants (A-ACT-1, A-ACT-4).

The Lipschitz constants of the smooth ones are slopes at an inflection point: GELU'' = 0 at sqrt(2), SiLU'' = 0 where
x tanh(x/2) = 2, Mish'' = 0 at `MishPeak`; all others are slopes at 0 or at infinity. GELU, SiLU and Mish are x times a
function with values in (0, 1): in the sector [0, 1], though not monotone and so not slope-restricted.

May import: SymPy, `functions`, `constants`, `record`. A new activation is one record in `TABLE`, or in `FAMILIES` if it
has a parameter; the tests then cover it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sympy as sp

from rnnsym.activations.constants import GELU_DIP, MISH_DIP, MISH_PEAK, SELU_ALPHA, SELU_SCALE, SILU_KAPPA
from rnnsym.activations.functions import (
    algebraic,
    elu,
    gelu,
    hard_tanh,
    leaky_relu,
    mish,
    relu,
    selu,
    sigmoid,
    silu,
    softplus,
    softsign,
)
from rnnsym.activations.record import Activation, X, Y
from rnnsym.activations.slopes import absolute
from rnnsym.result import SpecError

_REALS = sp.Interval(-sp.oo, sp.oo)
_ROOT_PI = sp.sqrt(sp.pi)


def _record(
    name: str, phi: Any, values: sp.Set, lipschitz: Any, *, slope: Any = None, of_output: Any = None, inverse: Any = None,
    monotone: bool = True, odd: bool = False, sector: bool | None = False, bend: Any = None, pieces: Any = (),
) -> Activation:  # fmt: skip
    """A record from expressions in X (phi, its slope) and Y; `bend` is the Lipschitz constant of the derivative."""
    phi, lipschitz = sp.S(phi), sp.S(lipschitz)
    given = (of_output, inverse)
    output, back = (None if e is None else sp.Lambda(Y, sp.S(e)) for e in given)
    return Activation(
        name, sp.Lambda(X, phi), sp.Lambda(X, sp.S(phi.diff(X) if slope is None else slope)), output, values, lipschitz,
        monotone, tuple((sp.S(s), sp.S(c), i) for s, c, i in pieces), back, odd, sector, _decided(monotone, lipschitz <= 1),
        None if bend is None else sp.S(bend),
    )  # fmt: skip


def _decided(*conditions: Any) -> bool | None:
    """Whether all hold; None where a parameter leaves it open."""
    whole = sp.And(*conditions)
    return bool(whole) if whole in (sp.true, sp.false) else None


def leaky_relu_activation(slope: Any = "1/100") -> Activation:
    """max(0, x) + slope min(0, x), for a number or for a symbol declared positive."""
    a = _parameter(slope, "slope", positive=False)
    if a == 0:
        return TABLE["relu"]
    if a == 1:
        return TABLE["identity"]
    low = a.is_positive
    return _record(
        "leaky_relu", leaky_relu(X, a), _REALS if low else sp.Interval(0, sp.oo), sp.Max(1, abs(a)),
        of_output=leaky_relu(X, a).slope_of_output(Y) if low else None, inverse=leaky_relu(Y, 1 / a) if low else None,
        monotone=bool(low), odd=False, sector=_decided(bool(low), a <= 1), bend=sp.oo,
        pieces=((a, 0, sp.Interval(-sp.oo, 0)), (1, 0, sp.Interval(0, sp.oo))),
    )  # fmt: skip


def elu_activation(alpha: Any = sp.S.One) -> Activation:
    """x for x > 0, alpha (exp(x) - 1) otherwise, for a positive number or a symbol declared positive."""
    a = _parameter(alpha, "alpha", positive=True)
    return _record(
        "elu", elu(X, a), sp.Interval.open(-a, sp.oo), sp.Max(1, a), of_output=elu(X, a).slope_of_output(Y),
        inverse=sp.Piecewise((Y, Y >= 0), (sp.log(1 + Y / a), True)), sector=_decided(a <= 1),
        bend=1 if a == 1 else sp.oo,
    )  # fmt: skip


def _parameter(value: Any, name: str, positive: bool) -> Any:
    a = sp.nsimplify(value, rational=True) if isinstance(value, float) else sp.S(value)
    known = a.is_positive or (not positive and a.is_number and a.is_real)
    if not known:
        raise SpecError(
            f"{name}={value} is not known to be positive; "
            f"give a positive number or declare it, Symbol({str(value)!r}, positive=True)"
        )
    return a


def _steepest(of: Any, at: Any) -> Any:
    """The slope at a point, written out at that number."""
    return of(X).diff(X).subs(X, at)


TABLE: dict[str, Activation] = {}
for _activation in (
    _record(
        "tanh", sp.tanh(X), sp.Interval.open(-1, 1), 1, of_output=1 - Y**2, inverse=sp.atanh(Y), odd=True, sector=True,
        bend=4 * sp.sqrt(3) / 9,
    ),
    _record(
        "sigmoid", sigmoid(X), sp.Interval.open(0, 1), sp.Rational(1, 4), of_output=Y * (1 - Y),
        inverse=sp.log(Y / (1 - Y)), bend=sp.sqrt(3) / 18,
    ),
    _record(
        "relu", relu(X), sp.Interval(0, sp.oo), 1, sector=True, bend=sp.oo,
        pieces=((0, 0, sp.Interval(-sp.oo, 0)), (1, 0, sp.Interval(0, sp.oo))),
    ),
    _record(
        "identity", X, _REALS, 1, of_output=1, inverse=Y, odd=True, sector=True, bend=0, pieces=((1, 0, _REALS),)
    ),
    _record(
        "softplus", softplus(X), sp.Interval.open(0, sp.oo), 1, of_output=1 - sp.exp(-Y), inverse=sp.log(sp.exp(Y) - 1),
        bend=sp.Rational(1, 4),
    ),
    _record(
        "erf", sp.erf(X), sp.Interval.open(-1, 1), 2 / _ROOT_PI, inverse=sp.erfinv(Y), odd=True,
        bend=2 * sp.sqrt(2) * sp.exp(-sp.S.Half) / _ROOT_PI,
    ),
    _record(
        "erf_scaled", sp.erf(_ROOT_PI * X / 2), sp.Interval.open(-1, 1), 1, inverse=2 * sp.erfinv(Y) / _ROOT_PI, odd=True,
        sector=True, bend=sp.sqrt(sp.pi / 2) * sp.exp(-sp.S.Half),
    ),
    _record(
        "softsign", softsign(X), sp.Interval.open(-1, 1), 1, of_output=(1 - absolute(Y)) ** 2,
        inverse=Y / (1 - absolute(Y)), odd=True, sector=True, bend=2,
    ),
    _record(
        "arctan", sp.atan(X), sp.Interval.open(-sp.pi / 2, sp.pi / 2), 1, of_output=sp.cos(Y) ** 2, inverse=sp.tan(Y),
        odd=True, sector=True, bend=3 * sp.sqrt(3) / 8,
    ),
    _record(
        "hard_tanh", hard_tanh(X), sp.Interval(-1, 1), 1, odd=True, sector=True, bend=sp.oo,
        pieces=((0, -1, sp.Interval(-sp.oo, -1)), (1, 0, sp.Interval(-1, 1)), (0, 1, sp.Interval(1, sp.oo))),
    ),
    _record(
        "hard_sigmoid", (1 + hard_tanh(X / 3)) / 2, sp.Interval(0, 1), sp.Rational(1, 6), bend=sp.oo,
        pieces=(
            (0, 0, sp.Interval(-sp.oo, -3)), (sp.Rational(1, 6), sp.S.Half, sp.Interval(-3, 3)),
            (0, 1, sp.Interval(3, sp.oo)),
        ),
    ),
    leaky_relu_activation(),
    elu_activation(),
    _record(
        "selu", selu(X), sp.Interval.open(-SELU_SCALE * SELU_ALPHA, sp.oo), SELU_SCALE * SELU_ALPHA,
        of_output=selu(X).slope_of_output(Y), bend=sp.oo,
        inverse=sp.Piecewise(
            (Y / SELU_SCALE, Y >= 0), (sp.log(1 + Y / (SELU_SCALE * SELU_ALPHA)), True)
        ),
    ),
    _record(
        "gelu", gelu(X), sp.Interval(-(GELU_DIP**2) * sp.exp(-(GELU_DIP**2) / 2) / sp.sqrt(2 * sp.pi), sp.oo),
        (1 + sp.erf(1)) / 2 + sp.exp(-1) / _ROOT_PI, monotone=False, sector=True, bend=sp.sqrt(2 / sp.pi),
    ),
    _record(
        "silu", silu(X), sp.Interval(-sp.LambertW(sp.exp(-1)), sp.oo), (1 + SILU_KAPPA) / 2, monotone=False, sector=True,
        bend=sp.S.Half,
    ),
    _record("mish", mish(X), sp.Interval(mish(MISH_DIP), sp.oo), _steepest(mish, MISH_PEAK), monotone=False, sector=True),
    _record(
        "algebraic", algebraic(X), sp.Interval.open(-1, 1), 1, of_output=(1 - Y**2) ** sp.Rational(3, 2),
        inverse=Y / sp.sqrt(1 - Y**2), odd=True, sector=True, bend=48 * sp.sqrt(5) / 125,
    ),
):  # fmt: skip
    TABLE[_activation.name] = _activation

# name -> (function of the parameter, the parameter's name)
FAMILIES: dict[str, tuple[Callable[..., Activation], str]] = {
    "leaky_relu": (leaky_relu_activation, "slope"),
    "elu": (elu_activation, "alpha"),
}
