"""Units whose orbit has a closed form, what ReLU forgets, and the identity of sigmoid and tanh networks.

May import: everything to the left of `analysis`, and the files of this folder to its left (unit, loci).
"""

from __future__ import annotations

from typing import Any

import sympy as sp

from rnnsym.analysis.scalar.loci import branches
from rnnsym.analysis.scalar.unit import possible, unit
from rnnsym.cells.paths import unroll
from rnnsym.cells.plain import elman
from rnnsym.cells.record import Cell, whole
from rnnsym.defined.dynamics import ExtremeFixedPoint, Iterate
from rnnsym.defined.orbits import Driven, Least
from rnnsym.defined.resting import After
from rnnsym.defined.stability import AbsoluteNorm
from rnnsym.result import NoClosedForm, Result, Source, Step
from rnnsym.vectors import column, entrywise

LINDLEY = Source(
    "lindley1952", "Lindley, D. V.", "The theory of queues with a single server", 1952, doi="10.1017/S0305004100027638"
)
t = sp.Symbol("t", integer=True, nonnegative=True)


def lindley(steps: int | None = None) -> Result:
    """The state of h_t = ReLU(h_{t-1} + x_t + b) after T steps, h_T = S_T + max(h_0, -min_k S_k), S_k = sum_{j<=k} (x_j + b).

    Shapes: one unit with weights 1; T a whole number and the inputs symbols x_1 ... x_T, or, left out, a symbol T and the
            inputs a column x (T, 1), x[k - 1] at step k. All that came before the last running minimum of S is erased.
    Given:  T >= 1.
    Source: lindley1952.

    >>> lindley(1).explicit
    b + x_1 + Max(h, -b - x_1)
    """
    if steps is None:
        lhs, start, least, last = _horizon()
        return Result("state of a ReLU integrator", lhs, "=", last + sp.Max(start, -least), source=(LINDLEY,))
    count = whole(steps, "number of steps")
    cell, h, b, sums, where = _summed(count)
    right = sums[-1] + sp.Max(h, *(-s for s in sums))
    return Result(
        f"state of a ReLU integrator after {count} steps", _through(cell), "=", right, where=where, source=(LINDLEY,)
    )


def lindley_from_rest(steps: int | None = None) -> Result:
    """From h_0 = 0: h_T = S_T - min(0, min_k S_k), the height above the running minimum. Arguments as `lindley`."""
    if steps is None:
        lhs, start, least, last = _horizon()
        given = sp.Eq(start, 0)
        return Result(
            "state of a ReLU integrator from rest", lhs, "=", last - sp.Min(0, least), given, source=(LINDLEY,)
        )
    count = whole(steps, "number of steps")
    cell, h, _, sums, where = _summed(count)
    right = sums[-1] - sp.Min(0, *sums)
    return Result(
        f"state of a ReLU integrator after {count} steps from rest", _through(cell), "=", right, where=where,
        given=sp.Eq(h, 0), source=(LINDLEY,),
    )  # fmt: skip


def erased(steps: int | None = None) -> Result:
    """The state after T steps is independent of h_0 iff h_0 <= -min_k S_k; then h_T = S_T - min_k S_k.

    One step: a negative pulse x_1 erases h_0 iff h_0 + x_1 + b <= 0; with h_0 > |x_1| nothing is lost. Arguments as `lindley`.
    """
    if steps is None:
        lhs, start, least, last = _horizon()
        given = sp.Le(start + least, 0)
        return Result(
            "state of a ReLU integrator that erases its past", lhs, "=", last - least, given, source=(LINDLEY,)
        )
    count = whole(steps, "number of steps")
    cell, h, b, sums, where = _summed(count)
    right = sums[-1] - sp.Min(*sums)
    reset = sp.Le(_put_in(h + sp.Min(*sums), where), 0)
    return Result(
        f"state of a ReLU integrator after {count} steps that erase its past", _through(cell), "=", right, where=where,
        given=reset, source=(LINDLEY,),
    )  # fmt: skip


def _horizon() -> tuple[Any, Any, Any, Any]:
    """(h_T by running the unit, h_0, the least S_k of k = 1 .. T, S_T) for a symbolic T."""
    T, k, j = (sp.Symbol(name, integer=True, positive=name == "T" or None) for name in "Tkj")
    h, u, start, b = (sp.Symbol(name, real=True) for name in ("h", "u", "h_0", "b"))
    x = sp.MatrixSymbol("x", T, 1)
    lhs = Driven(elman("relu", W_h=1, W_x=1).equations[0][1].body.func(h + u + b), h, u, start, x)
    S = sp.Sum(x[j, 0] + b, (j, 0, k - 1))
    return lhs, start, Least(S, k, 1, T), S.xreplace({k: T})


def _put_in(expression: Any, where: Any) -> Any:
    for symbol, value in reversed(where):
        expression = expression.xreplace({symbol: value})
    return expression


def _summed(count: int) -> tuple[Cell, Any, Any, list[Any], tuple[Any, ...]]:
    cell = unroll(elman("relu", W_h=1, W_x=1), count)
    table = dict(cell.binding)
    h, b = (table[s][0, 0] for s in (cell.state[0], cell.symbol("b")))
    inputs = [table[s][0, 0] for s in cell.input]
    sums = [sp.Symbol(f"S_{k}", real=True) for k in range(1, count + 1)]
    where = tuple((s, inputs[k] + b + (sums[k - 1] if k else 0)) for k, s in enumerate(sums))
    return cell, h, b, sums, where


def _through(cell: Cell) -> Any:
    """The first entry of the state that the cell's own equations give."""
    return After(cell.next, cell.equations, cell.binding)[0, 0]


def sign_in_two_units(steps: int) -> Result:
    """Two ReLU units with W = I, U = (1, -1)^T, b = 0 keep the sign of a pulse for ever: h_1 - h_2 = x_1 after T steps.

    So that a ReLU network cannot store a negative pulse is true of one unit with a positive weight only.
    Given:  h_0 = 0, zero input after x_1.
    """
    count = whole(steps, "number of steps")
    x = sp.Symbol("x_1", real=True)
    cell = elman("relu", W_h=[[1, 0], [0, 1]], W_x=[[1], [-1]], b=[0, 0])
    later = unroll(cell, count)
    zero = dict(later.binding)
    values = {s: sp.ImmutableMatrix([[x if k == 0 else 0]]) for k, s in enumerate(later.input)}
    binding = tuple(
        (s, values.get(s, sp.ImmutableMatrix([[0], [0]]) if s in later.state else t_)) for s, t_ in zero.items()
    )
    state = After(later.next, later.equations, binding)
    return Result(f"sign of a pulse in two ReLU units after {count} steps", state[0, 0] - state[1, 0], "=", x)


def relu_dip(cell: Cell) -> Result:
    """A bias lets ReLU with 0 < w < 1 hold a negative pulse as a dip below its rest point: h_t = b/(1 - w) + d w^t.

    d is the distance of h_0 from the rest point b/(1 - w); true while the unit stays active (w h + b >= 0 at the lowest).
    """
    one = unit(cell)
    if one.activation.name != "relu" or one.rate != 1:
        raise NoClosedForm(f"{one.name} with {one.activation.name}: this formula is one of ReLU")
    d, w, b = sp.Symbol("d", real=True), one.w, one.beta
    possible(sp.And(one.conditions, w > 0, w < 1, b >= 0), f"dip of {one.name}")
    rest = b / (1 - w)
    return Result(
        f"dip of {one.name}", Iterate(*one.of_map, rest + d, t), "=", rest + d * w**t,
        given=sp.And(one.conditions, w > 0, w < 1, w * (rest + d) + b >= 0, b >= 0),
    )  # fmt: skip


def relu_drift(cell: Cell) -> Result:
    """At w = 1 a bias is no cure: h_t = h_0 + b t for b >= 0 and h_0 >= 0, the memory drifts."""
    one = unit(cell)
    if one.activation.name != "relu" or one.rate != 1:
        raise NoClosedForm(f"{one.name} with {one.activation.name}: this formula is one of ReLU")
    start = sp.Symbol("h_0", real=True)
    F = one.F.xreplace({one.w: sp.S.One}) if one.w.is_Symbol else one.F
    if not one.w.is_Symbol and one.w != 1:
        raise NoClosedForm(f"w is {one.w}; the drift is one of w = 1")
    return Result(
        f"drift of {one.name}", Iterate(F, one.h, *one.interval, start, t), "=", start + one.beta * t,
        given=sp.And(one.conditions.xreplace({one.w: sp.S.One}), one.beta >= 0, start >= 0),
    )  # fmt: skip


def solvable_orbit(cell: Cell) -> Result:
    """The whole orbit of a unit without bias: 1/|h_t| = w^-t/|h_0| + (1 - w^-t)/(1 - 1/w) for softsign.

    For phi(a) = a/sqrt(1 + a^2) the same with squares: 1/h_t^2 = w^-2t/h_0^2 + (1 - w^-2t)/(1 - w^-2).
    The sum sum_{k<t} w^-k is written out, so that w = 1 is no exception. Given: w > 0, h_0 != 0.
    """
    one = unit(cell)
    power = {"softsign": 1, "algebraic": 2}.get(one.activation.name)
    if power is None or one.rate != 1:
        raise NoClosedForm(f"{one.activation.name}: only softsign and x/sqrt(1 + x^2) are solved by 1/|h|^p")
    start, w = sp.Symbol("h_0", real=True), one.w
    r = w ** (-power)
    series = sp.Piecewise((t, sp.Eq(w, 1)), ((1 - r**t) / (1 - r), True))
    right = sp.sign(start) * (r**t / abs(start) ** power + series) ** sp.Rational(-1, power)
    return Result(
        f"orbit of {one.name} with {one.activation.name}", Iterate(one.map(sp.S.Zero), one.h, *one.interval, start, t),
        "=", right, given=sp.And(one.conditions, w > 0, sp.Ne(start, 0)),
    )  # fmt: skip


def solvable_fixed_point(cell: Cell) -> Result:
    """What such a unit stores: h_star = 1 - 1/w (softsign), sqrt(1 - 1/w^2) (x/sqrt(1 + x^2)), w > 1, b = 0."""
    one = unit(cell)
    value = {"softsign": 1 - 1 / one.w, "algebraic": sp.sqrt(1 - one.w**-2)}.get(one.activation.name)
    if value is None or one.rate != 1:
        raise NoClosedForm(f"{one.activation.name}: its fixed point has no closed form")
    return Result(
        f"stored state of {one.name} with {one.activation.name}",
        ExtremeFixedPoint(one.map(sp.S.Zero), one.h, *one.interval, 1), "=", value,
        given=sp.And(one.conditions, one.w > 1),
    )  # fmt: skip


def latching(cell: Cell, steps: int | None = 4) -> Result:
    """A stored sign survives every input below b_SN in size: h_up <= h_T for h_0 >= h_up, |x_k| <= u < b_SN(w), tanh, w > 1.

    h_up is the largest fixed point under the constant opposing input u: the map increases in state and input, so the
    constant one is the worst case. steps: their number T, or None for a symbol T and inputs u r, r (T, 1).
    """
    one = unit(cell)
    if one.activation.name != "tanh" or one.rate != 1:
        raise NoClosedForm(f"{one.name} with {one.activation.name}: this bound is one of tanh")
    u, d = sp.Symbol("u", positive=True), sp.Symbol("d", nonnegative=True)
    possible(one.w > 1, f"latching of {one.name}")
    if steps is None:
        v, r = sp.Symbol("v", real=True), sp.MatrixSymbol("r", sp.Symbol("T", integer=True, positive=True), 1)
        low = ExtremeFixedPoint(one.map(-u), one.h, -1, 1, 1)
        state = Driven(sp.tanh(one.w * one.h + u * v), one.h, v, low + d, r)
        given = sp.And(one.w > 1, u < branches(one, sp.S.One)[0], AbsoluteNorm(r, sp.oo) <= 1)
        return Result(f"latching of {one.name}", low, "<=", state, given=given)
    count = whole(steps, "number of steps")
    shares = [sp.Symbol(f"r_{k}", real=True) for k in range(1, count + 1)]
    low = ExtremeFixedPoint(one.map(-u), one.h, -1, 1, 1)
    state = low + d
    for r in shares:
        state = sp.tanh(one.w * state + u * r)
    return Result(
        f"latching of {one.name}", low, "<=", state,
        given=sp.And(one.w > 1, u < branches(one, sp.S.One)[0], *(sp.And(r >= -1, r <= 1) for r in shares)),
        steps=(), status="derived",
    )  # fmt: skip


def sigmoid_as_tanh() -> Result:
    """sigmoid(W, b) is tanh(W/4, b/2 + W 1/4) in s = 2 h - 1, exactly, for any n (the input weights are halved).

    Shapes: W_h (n, n), W_x (n, m), b (n), s (n).

    >>> print(sigmoid_as_tanh().rhs)
    tanh((W_h*1)/4 + (W_h*s)/4 + (W_x*x)/2 + b/2)
    """
    cell = elman("sigmoid")
    h, x = cell.state[0], cell.input[0]
    W, U, b = (cell.symbol(name) for name in ("W_h", "W_x", "b"))
    s = sp.MatrixSymbol("s", *h.shape)
    ones = sp.OneMatrix(h.shape[0], 1)
    new = column(cell.equations[0][1].xreplace({h: entrywise(lambda v: (1 + v) / 2, s)}))
    quarter = sp.Rational(1, 4)
    right = entrywise(lambda a, c, i, d: sp.tanh(quarter * a + quarter * c + i / 2 + d / 2), W * s, W * ones, U * x, b)
    return Result(
        "sigmoid networks are tanh networks", entrywise(lambda v: 2 * v - 1, new), "=", right,
        steps=(Step(right, "2 sigmoid(a) - 1 = tanh(a/2)"),),
    )  # fmt: skip
