"""The total information processing capacity of a reservoir: how much of its past N states can tell, linear or not.

The capacity for a target z is C[z] = 1 - min_w E(z - w^T h)^2/E z^2 = |P z|^2/|z|^2, with P the projection on the span of the N
states in the space of functions of the past inputs (of the T samples, if they are counted). Over an orthonormal family
    sum_l C[z_l] = sum_l <z_l, P z_l> = trace(P restricted to the family) <= rank P <= N,
with equality for a complete family and linearly independent states: sum_l |P z_l|^2 = sum_i sum_l <e_i, z_l>^2 = sum_i |e_i|^2 for an
orthonormal basis e_i of the span, by Parseval. On T samples this is algebra, and proved here for all sizes. For a stationary
reservoir a family of functions of finitely many inputs is complete only in the limit; that is where the fading memory
hypothesis enters: states that are limits of functions of the last K inputs (`capacity_window` has the rate for a
contracting unit). Not claimed: equality for reservoirs without fading memory, where it fails.
Centered states and targets without their means: N. With a constant among states and targets both: one more.
Linear memory (`memory_capacity`) is the part of the sum over z = x_{t-k}.
Source: Dambre, Verstraeten, Schrauwen & Massar 2012. May import: everything to the left of `analysis.capacity`.
"""

from __future__ import annotations

import sympy as sp

from rnnsym.analysis.contraction import recurrence
from rnnsym.analysis.normalforms import net
from rnnsym.analysis.volterra import bias_of
from rnnsym.cells.record import Cell
from rnnsym.defined import Invertible, Orthogonal
from rnnsym.defined.responses import OrthonormalRows, TotalCapacity, WindowCapacity
from rnnsym.exact import is_zero
from rnnsym.result import NoClosedForm, Result, Source, SpecError
from rnnsym.vectors import explicit

DAMBRE = Source(
    "dambre2012", "Dambre, J. and Verstraeten, D. and Schrauwen, B. and Massar, S.",
    "Information processing capacity of dynamical systems", 2012, doi="10.1038/srep00514",
)  # fmt: skip
N = sp.Symbol("n", integer=True, positive=True)
L = sp.Symbol("L", integer=True, positive=True)
T = sp.Symbol("T", integer=True, positive=True)


def capacity_sum() -> Result:
    """Total capacity of N linearly independent states over a complete orthonormal family: sum_l C[z_l] = trace P = N.

    On T samples, for all sizes: X (N, T) has the states in its rows, Z (T, T) the targets.
    Given:  Z is orthogonal; X X^T is invertible.
    Source: dambre2012.

    >>> capacity_sum().rhs
    n
    """
    X, Z = sp.MatrixSymbol("X", N, T), sp.MatrixSymbol("Z", T, T)
    given = sp.And(Orthogonal(Z), Invertible(sp.MatMul(X, sp.Transpose(X))))
    return Result("total capacity", TotalCapacity(X, Z), "=", N, given=given, source=(DAMBRE,))


def capacity_bound() -> Result:
    """Total capacity of N states over any orthonormal family: sum_l C[z_l] <= N, and <= L for L targets.

    On T samples, for all sizes: X (N, T), Z (L, T). States may be dependent.
    Given:  Z Z^T = I.
    Source: dambre2012.

    >>> capacity_bound().rhs
    Min(L, n)
    """
    X, Z = sp.MatrixSymbol("X", N, T), sp.MatrixSymbol("Z", L, T)
    return Result(
        "bound on the total capacity",
        TotalCapacity(X, Z),
        "<=",
        sp.Min(N, L),
        given=OrthonormalRows(Z),
        source=(DAMBRE,),
    )


def capacity_window(cell: Cell, window: int = 3) -> Result:
    """Capacity of one contracting unit over all functions of the last K inputs, x = +-1 fair: sum_S C[prod_{j in S} x_{t-j}] >= 1 - (l |w|)^(2K), l = sup |phi'|.

    So it goes to N = 1, linear and nonlinear memory together. h_t differs from the state g that starts at 0 before the window
    by at most (l |w|)^K |h_{t-K}|, and g is a function of the window: 1 - sum C <= E(h - g)^2/E h^2 <= (l |w|)^(2K).
    Equality for the linear unit.
    Given:  l |w| < 1; phi(0) = 0 and no bias, so that 0 is at rest.
    Raises: NoClosedForm for other cells than plain ones of one unit, or with phi(0) not 0; SpecError if K is no whole number from 1 to 5.
    Source: dambre2012 (the limit, under fading memory).

    >>> from rnnsym.cells import elman
    >>> w = sp.Symbol("w", real=True)
    >>> capacity_window(elman(W_h=w, W_x=1, b=0), 2).rhs
    w**4
    """
    if isinstance(window, bool) or not isinstance(window, int | sp.Integer) or not 1 <= window <= 5:
        raise SpecError(f"the window must be a whole number of inputs from 1 to 5, got {window!r}")
    model, parts = net(cell, 1), recurrence(cell)
    act, slope = model.activation, model.activation.lipschitz
    silent = act.phi(sp.S.Zero) == 0 and is_zero(bias_of(cell)) is True
    if model.rate != 1 or not silent or parts.U is None or slope == sp.oo:
        raise NoClosedForm(
            f"{cell.name}: the bound is for h_t = phi(w h + u x) with phi(0) = 0, a finite slope and no bias (b=0)"
        )
    w, u = model.W[0, 0], explicit(parts.U, dict(cell.binding))[0, 0]
    h, x = sp.Symbol("h", real=True), sp.Symbol("x", real=True)
    K = sp.Integer(window)
    lhs = 1 - WindowCapacity(act.phi(w * h + u * x), h, x, 0, K)
    bound = slope * sp.Abs(w)
    rhs = (slope * w) ** (2 * K) if w.is_real else bound ** (2 * K)
    given = sp.And(sp.Lt(bound, 1), sp.Ne(u, 0))
    if given == sp.false:
        raise SpecError(f"a unit forgets for l |w| < 1, and hears for u other than 0; got l |w| = {bound}, u = {u}")
    return Result(f"capacity of a window of {window} inputs", lhs, "<=", rhs, given=given, source=(DAMBRE,))
