"""The weakly nonlinear response of one unit to x_t = a cos(omega t): harmonics to the third order in a.

h_t = (1 - r) h_{t-1} + r phi(w h_{t-1} + u x_t + b) at rest in h* = phi(alpha*), phi_k = phi^(k)(alpha*), z = e^(-i omega). With
h - h* = sum_k Re(C_k e^(i k omega t)) and g_k = 1 - (1 - r + r phi_1 w) z^k, order by order in a:
    first   A_1 = r phi_1 u a/g_1;  the argument of phi swings by E = u a + w z A_1 = u a (1 - (1 - r) z)/g_1
    second  mean   C_0 = r phi_2 |E|^2/(4 g_0),   second harmonic  C_2 = r phi_2 E^2/(4 g_2)
    third   C_1 - A_1 = r [phi_2 w (C_0 E + z^2 C_2 conj(E)/2) + phi_3 |E|^2 E/8]/g_1
            C_3       = r [phi_2 w z^2 C_2 E/2 + phi_3 E^3/24]/g_3
from cos^2 = (1 + cos 2)/2 and cos^3 = (3 cos + cos 3)/4; the next terms are two orders higher, a^4 and a^5. For an odd phi at rest
in 0 (tanh: phi_1 = 1, phi_2 = 0, phi_3 = -2) even harmonics vanish exactly, because -h answers -x.
C_k is the coefficient over the phase of the drive (`defined.responses.Harmonic`), so nothing is excluded: at omega = 0 the state
follows phi(w h + u a cos psi), at omega = pi the drive alternates. In time, harmonics coincide there, and add.
Source: Boyd, Chua & Desoer 1984. May import: everything to the left of `analysis.volterra`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sympy as sp

from rnnsym.activations.record import X
from rnnsym.analysis.contraction import recurrence
from rnnsym.analysis.normalforms import Net, center, net
from rnnsym.cells.record import Cell
from rnnsym.defined import Approaches
from rnnsym.defined.responses import Harmonic
from rnnsym.exact import factored, is_zero
from rnnsym.result import NoClosedForm, Result, Source, SpecError
from rnnsym.vectors import explicit

BOYD = Source("boyd1984", "Boyd, S. and Chua, L. O. and Desoer, C. A.", "Analytical foundations of Volterra series", 1984, doi="10.1093/imamci/1.3.243")  # fmt: skip
AMPLITUDE = sp.Symbol("a", positive=True)
OMEGA = sp.Symbol("omega", real=True)
# Responses of the first and second order for the amplitude 1: of the state, and of the argument of phi
H_1, E_1, H_2 = sp.Symbol("H_1"), sp.Symbol("E_1"), sp.Symbol("H_2")
H_0 = sp.Symbol("H_0", real=True)


@dataclass(frozen=True)
class Rest:
    """A unit at rest: weights, rate, derivatives of phi, and its map around the rest state."""

    model: Net
    w: Any
    u: Any
    state: Any
    slopes: tuple[Any, Any, Any]
    given: Any
    is_odd: bool

    @property
    def pole(self) -> Any:
        """The eigenvalue 1 - r + r phi_1 w."""
        return factored(1 - self.model.rate + self.model.rate * self.slopes[0] * self.w)

    def gap(self, k: int, omega: Any) -> Any:
        """g_k."""
        return 1 - self.pole * sp.exp(-k * sp.I * omega)


def bias_of(cell: Cell) -> Any:
    """The part of the argument of phi that is neither state nor input: an expression, 0 if there is none."""
    columns = cell.equations[0][1].columns
    table = dict(cell.binding)
    moving = {s for s, t in cell.binding if s in (*cell.state, *cell.input)} | {*cell.state, *cell.input}
    total = sp.S.Zero
    for c in columns:
        if not c.free_symbols & moving:
            total += explicit(c, table)[0, 0]
    return total


def _at_rest(cell: Cell) -> tuple[Rest, Any]:
    """The rest state, and the map in the symbols h and x.

    Raises: NoClosedForm where the rest state has none, or phi no third derivative.
    """
    model, parts = net(cell, 1), recurrence(cell)
    act, w = model.activation, model.W[0, 0]
    if parts.U is None:
        raise NoClosedForm(f"{cell.name} has no input to drive")
    u = explicit(parts.U, dict(cell.binding))
    if u.shape != (1, 1):
        raise SpecError(f"{cell.name} has {u.shape[1]} inputs; the response is to one")
    bias = bias_of(cell)
    at = center(model)
    h, x = sp.Symbol("h", real=True), sp.Symbol("x", real=True)
    if is_zero(bias) and act.phi(sp.S.Zero) == 0:
        slopes = _at_zero(act)
        state = inside = sp.S.Zero
        given = model.given
    elif isinstance(bias, sp.Symbol):
        slopes = tuple(s[0] for s in at.slopes)
        state, inside, given = at.state[0], at.inside[0], sp.And(model.given, at.given)
    else:
        raise NoClosedForm(
            f"{cell.name} with the bias {bias}: its rest state solves h = phi(w h + b) and has no closed form; leave b a symbol, "
            "and h_star is the parameter, b = phi^-1(h_star) - w h_star"
        )
    r = model.rate
    F = (1 - r) * h + r * act.phi(inside + w * (h - state) + u[0, 0] * x)
    return Rest(model, w, u[0, 0], state, slopes, given, bool(act.odd) and state == 0), (F, h, x)


def _at_zero(act: Any) -> tuple[Any, Any, Any]:
    """phi', phi'' and phi''' at 0.

    Raises: NoClosedForm where they do not exist.
    """
    if act.name == "softsign":
        raise NoClosedForm("softsign has no second derivative at 0; its response to a small drive is not cubic")
    first = act.derivative(X)
    found = tuple(sp.S(sp.diff(first, X, k).subs(X, 0)) for k in range(3))
    if any(e.has(sp.Derivative, sp.Subs, sp.nan, sp.zoo) for e in found):
        raise NoClosedForm(f"{act.name} is not three times differentiable at 0")
    return found  # type: ignore[return-value]


def linear_response(cell: Cell, *, omega: Any = None) -> Result:
    """The fundamental to first order, C_1 ~ A_1 = r phi'(alpha*) u a/(1 - (1 - r + r phi'(alpha*) w) e^(-i omega)) as a -> 0.

    Given:  the rest state attracts, |1 - r + r phi' w| < 1; u and phi' are not 0.
    Raises: NoClosedForm and SpecError as `harmonic_response`.
    Source: boyd1984.

    >>> from rnnsym.cells import elman
    >>> w = sp.Symbol("w", real=True)
    >>> linear_response(elman(W_h=w, W_x=1, b=0)).rhs
    a/(-w*exp(-I*omega) + 1)
    """
    rest, map_ = _at_rest(cell)
    turn = OMEGA if omega is None else sp.sympify(omega, strict=True)
    given = sp.And(_given(rest, turn), sp.Ne(factored(rest.model.rate * rest.slopes[0] * rest.u), 0))
    return Result(
        f"linear response of {cell.name}", _harmonic(rest, map_, turn, 1), "~", AMPLITUDE * _first(rest, turn), given=given,
        status="asymptotic", source=(BOYD,),
    )  # fmt: skip


def _first(rest: Rest, omega: Any) -> Any:
    """A_1/a."""
    return rest.model.rate * rest.slopes[0] * rest.u / rest.gap(1, omega)


def _swing(rest: Rest, omega: Any) -> Any:
    """E/a."""
    r = rest.model.rate
    return rest.u * (1 - (1 - r) * sp.exp(-sp.I * omega)) / rest.gap(1, omega)


def _given(rest: Rest, omega: Any) -> Any:
    real = sp.true if omega.is_real else sp.Eq(sp.im(omega), 0)
    found = sp.And(rest.given, sp.Lt(sp.Abs(rest.pole), 1), Approaches(AMPLITUDE, 0), real)
    if found == sp.false or any(s.name == AMPLITUDE.name for s in rest.pole.free_symbols | rest.u.free_symbols):
        raise NoClosedForm(
            f"the rest state must attract, |{rest.pole}| < 1, and no parameter may be called a, the amplitude"
        )
    return found


def _harmonic(rest: Rest, map_: Any, omega: Any, k: int) -> Any:
    F, h, x = map_
    return Harmonic(F, h, x, rest.state, AMPLITUDE, omega, k, sp.Rational(1, 1000))


def harmonic_response(cell: Cell, harmonic: int = 3, *, omega: Any = None) -> Result:
    """The harmonics of one unit driven by a cos(omega t), to leading order beyond the linear response, as a -> 0.

    tanh without bias, A_1 = a H_1, H_1 = u/(1 - w e^(-i omega)):  C_1 - A_1 ~ -|A_1|^2 A_1/(4 (1 - w e^(-i omega))),
    C_3 ~ -A_1^3/(12 (1 - w e^(-3 i omega))); C_0 and C_2 are 0. In general see the head of this file, here for the amplitude 1;
    the relative error is of order a^2.
    harmonic: 0 (the shift of the mean), 1 (the change of the fundamental), 2 or 3.
    With a bias that is a symbol the rest state h_star (tanh, sigmoid) or its argument alpha is the parameter.
    Given:  the rest state attracts; the right side is not 0.
    Raises: NoClosedForm for gated cells, activations with kinks, a bias that is a number; SpecError for another harmonic.
    Source: boyd1984.

    >>> from rnnsym.cells import elman
    >>> w = sp.Symbol("w", real=True)
    >>> harmonic_response(elman(W_h=w, W_x=1, b=0), 3).rhs
    -H_1**3*a**3/(12*(-w*exp(-3*I*omega) + 1))
    """
    if isinstance(harmonic, bool) or harmonic not in (0, 1, 2, 3):
        raise SpecError(f"the harmonic must be 0, 1, 2 or 3, got {harmonic!r}")
    rest, map_ = _at_rest(cell)
    turn = OMEGA if omega is None else sp.sympify(omega, strict=True)
    (first, second, third), r, w = rest.slopes, rest.model.rate, rest.w
    given = _given(rest, turn)
    name = f"harmonic {harmonic} of {cell.name}"
    node = _harmonic(rest, map_, turn, harmonic)
    if rest.is_odd and harmonic in (0, 2):
        exact = sp.And(*(c for c in sp.And.make_args(given) if not isinstance(c, Approaches)))
        bound = sp.Lt(_steepest(rest), 1)  # so that the steady state is unique for every amplitude
        return Result(name, node, "=", sp.S.Zero, given=sp.And(exact, bound), source=(BOYD,))
    z = sp.exp(-sp.I * turn)
    direct = r == 1 and first == 1  # the argument of phi swings as the state does
    swing = H_1 if direct else E_1
    size = sp.Abs(swing) ** 2
    where: list[tuple[Any, Any]] = [(H_1, _first(rest, turn))] if direct or harmonic == 1 else []
    where += [] if direct else [(E_1, _swing(rest, turn))]
    mean = r * second * size / (4 * (1 - rest.pole))
    double = r * second * swing**2 / (4 * rest.gap(2, turn))
    if harmonic == 0:
        lhs, rhs = node - rest.state, AMPLITUDE**2 * mean
    elif harmonic == 2:
        lhs, rhs = node, AMPLITUDE**2 * double
    else:
        if second != 0:
            where += [(H_0, mean), (H_2, double)] if harmonic == 1 else [(H_2, double)]
        mixed = H_0 * swing + z**2 * H_2 * sp.conjugate(swing) / 2 if harmonic == 1 else z**2 * H_2 * swing / 2
        cubic = third * (size * swing / 8 if harmonic == 1 else swing**3 / 24)
        whole = cubic if second == 0 else second * w * mixed + cubic
        lhs = node - AMPLITUDE * H_1 if harmonic == 1 else node
        rhs = AMPLITUDE**3 * r * whole / rest.gap(harmonic, turn)
    weight = second if harmonic in (0, 2) else sp.S.One
    conditions = [sp.Ne(factored(e), 0) for e in (rest.u, r, weight)]
    if harmonic in (1, 3) and second == 0:
        conditions.append(sp.Ne(third, 0))
    given = sp.And(given, *conditions)
    if given == sp.false:
        raise NoClosedForm(f"{cell.name}: harmonic {harmonic} has no term of this order; phi'' or phi''' is 0 at rest")
    return Result(name, lhs, "~", rhs, given=given, where=tuple(where), status="asymptotic", source=(BOYD,))


def _steepest(rest: Rest) -> Any:
    """A Lipschitz constant of the map in h."""
    r = rest.model.rate
    return sp.Abs(1 - r) + sp.Abs(r * rest.w) * rest.model.activation.lipschitz
