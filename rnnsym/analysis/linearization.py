"""Near a fixed point: what the linearization leaves out, and what its spectral radius decides and does not decide.

With a = W h* + U x* + b and h_t - h* = delta_t, delta_t = J delta_{t-1} + R. Taylor's theorem with the remainder in
Lagrange's form gives, unit by unit, |R_i| <= (M/2) (W delta)_i^2 with M = sup |phi''|: a bound for every delta, not only in
the limit. A piecewise linear unit has no remainder until it is carried over a kink; at a kink the slope depends on
the side to which it is moved, so that F is linear on each cone and not at the point itself (a border collision).

rho(J) < 1 makes the fixed point asymptotically stable, rho(J) > 1 unstable (Lyapunov's first method); rho(J) = 1 decides
nothing: tanh(h) is attracting at 0, h + h^3 repelling, both of slope 1.
May import: everything to the left of `analysis.linearization`.
"""

from __future__ import annotations

from typing import Any

import sympy as sp

from rnnsym import exact
from rnnsym.activations.record import X
from rnnsym.activations.slopes import Sided
from rnnsym.analysis.contraction import general_form, recurrence
from rnnsym.analysis.fixedpoint import at_rest, resting
from rnnsym.analysis.jacobian import differentiable, jacobian
from rnnsym.cells.record import Cell, as_table
from rnnsym.defined import SpectralRadius
from rnnsym.defined.attraction import CrossesNoKink, DiesOut
from rnnsym.defined.dynamics import Iterate
from rnnsym.defined.predicates import PositiveDefinite
from rnnsym.defined.stability import AbsoluteValues, StateAfter
from rnnsym.defined.variances import StationaryCovariance
from rnnsym.result import NoClosedForm, Result, ShapeError, Source, SpecError
from rnnsym.vectors import entrywise, linear, total

LYAPUNOV = Source("lyapunov1892", "Lyapunov, A. M.", "The general problem of the stability of motion", 1892)
BERNARDO = Source(
    "dibernardo2008", "di Bernardo, M. and Budd, C. J. and Champneys, A. R. and Kowalczyk, P.",
    "Piecewise-smooth Dynamical Systems: Theory and Applications", 2008, doi="10.1007/978-1-84628-708-4",
)  # fmt: skip


def linearization(cell: Cell) -> Result:
    """|F(h* + delta) - h* - J delta| <= (a M/2) (W delta)^2, entry by entry: delta_t = J delta_{t-1} + O(|delta|^2).

    Piecewise linear activations: F(h* + delta) - h* = (1 - a) delta + a D W delta exactly while no unit is carried over a
    kink, D the slopes at W h* + ... + W delta/2: those at h* where no unit rests at a kink, and of one that does the slope
    of the side to which (W delta)_i points.
    Shapes: delta (n, 1), h_star (n, 1); M = sup |phi''|, a the leak rate (1 of a plain cell).
    Given:  h* = F(h*); piecewise linear: delta carries no unit over a kink.
    Raises: NoClosedForm for another kind of cell, or an activation whose slope jumps and which is not piecewise linear.
    Source: dibernardo2008 (kinks).

    >>> from rnnsym.cells import elman
    >>> print(linearization(elman("softplus")).rhs)
    (W_h*delta)**2/8
    """
    cell = general_form(cell)
    parts = recurrence(cell)
    act = parts.activation
    rest = at_rest(cell)
    (star,), size = rest.state, cell.state[0].shape[0]
    delta = sp.MatrixSymbol("delta", size, 1)
    moved = StateAfter.of(cell, [star + delta], [rest.input] if cell.input else [()])
    hypotheses = [rest.given, resting(rest)]
    push = linear(parts.W, delta)
    a = sp.S(parts.leak)
    if act.lipschitz_derivative is not None and act.lipschitz_derivative.is_finite and not act.pieces:
        left = AbsoluteValues(
            total(moved, linear(sp.MatMul(-1, star)), linear(-1 * sp.MatMul(jacobian(rest).lhs, delta)))
        )
        bound = a * act.lipschitz_derivative / 2
        right = entrywise(lambda e: bound * e**2, push)
        hypotheses.append(sp.Ge(a, 0) if a.free_symbols else sp.true)
        return Result(f"linearization of {cell.name}", left, "<=", right, sp.And(*hypotheses))
    if not act.pieces:
        raise NoClosedForm(f"{act.name}: its slope jumps, or the bound of its second derivative is not known")
    slope = act.derivative(X).replace(
        lambda e: isinstance(e, Sided), lambda e: e.on_side(1)
    )  # its side does not matter
    inside = rest.equations[0][1]  # phi of the sum of its columns
    columns = inside.columns
    resting_at = total(*columns)

    def unit(d: Any, e: Any, *places: Any) -> Any:
        return (1 - a) * d + a * slope.subs(
            X, sp.Add(*places, e / 2)
        ) * e  # the middle of the move is on its side of a kink

    left = total(moved, linear(sp.MatMul(-1, star)))
    right = entrywise(unit, delta, push, *columns)
    hypotheses.append(CrossesNoKink(resting_at, push, act.kinks, delta))
    return Result(f"linearization of {cell.name}", left, "=", right, sp.And(*hypotheses), source=(BERNARDO,))


def local_stability(cell: Cell) -> tuple[Result, Result]:
    """rho(J) < 1 => the fixed point is asymptotically stable; rho(J) > 1 => it is not. rho(J) = 1: see `neutral_examples`.

    For every r in (rho, 1) there is a C with |delta_t| <= C r^t |delta_0| for small delta_0; C may be large (J not normal),
    and the decay is monotone in the norm of a P with J^T P J - P < 0 only (`lyapunov_certificate`).
    Given:  h* = F(h*), differentiable activations there.
    Source: lyapunov1892.

    >>> from rnnsym.cells import elman
    >>> [r.relation for r in local_stability(elman())]
    ['=>', '=>']
    """
    rest = at_rest(cell)
    radius = SpectralRadius(jacobian(rest).lhs)
    ends = DiesOut(resting(rest))
    given = sp.And(rest.given, resting(rest), differentiable(rest))
    return (
        Result(f"stability by linearization of {cell.name}", radius < 1, "=>", ends, given, source=(LYAPUNOV,)),
        Result(
            f"instability by linearization of {cell.name}", radius > 1, "=>", sp.Not(ends), given, source=(LYAPUNOV,)
        ),
    )


def neutral_examples() -> tuple[Result, Result]:
    """rho = 1 decides nothing: |tanh h| < |h| (0 attracts everything), |h + h^3| > |h| (0 repels), both of slope 1 at 0.

    Shapes: one unit; the state shrinks, or grows, at every step, by less and less near 0.
    Given:  h != 0.

    >>> [r.relation for r in neutral_examples()]
    ['<', '<']
    """
    h, start = sp.Symbol("h", real=True), sp.Symbol("h_0", real=True)
    size = abs(start)
    shrinks = Iterate(sp.tanh(h), h, -sp.oo, sp.oo, start, 1)
    grows = Iterate(h + h**3, h, -sp.oo, sp.oo, start, 1)
    return (
        Result("attraction at slope 1", abs(shrinks), "<", size, sp.Ne(start, 0)),
        Result("repulsion at slope 1", -abs(grows), "<", -size, sp.Ne(start, 0)),
    )


def lyapunov_certificate(A: Any, Q: Any = None) -> Result:
    """The P with A^T P A - P = -Q, P = sum over k of (A^T)^k Q A^k: V = delta^T P delta falls by delta^T Q delta a step.

    Q:      symmetric; the identity if left out. P is positive definite for positive definite Q exactly if rho(A) < 1
            (`certificate_condition`).
    Shapes: A, Q, P (n, n).
    Given:  rho(A) < 1.
    Source: lyapunov1892.

    >>> w = sp.Symbol("w", real=True)
    >>> lyapunov_certificate([[w]]).rhs[0]
    1/((1 - w)*(w + 1))
    """
    table, form = _certified(A, Q)
    lhs = StationaryCovariance(table.T, form)
    given = SpectralRadius(table) < 1
    return Result("Lyapunov certificate", lhs, "=", _solution(table, form), given, source=(LYAPUNOV,))


def certificate_condition(A: Any, Q: Any = None) -> Result:
    """rho(A) < 1 <=> the solution P of A^T P A - P = -Q is positive definite, for a positive definite Q.

    Given:  no two eigenvalues have the product 1 (so that there is one P); Q is positive definite.
    Source: lyapunov1892.

    >>> certificate_condition([[sp.Symbol("w", real=True)]]).relation
    '<=>'
    """
    table, form = _certified(A, Q)
    P = _solution(table, form)
    below = [f for e in P for f in sp.Mul.make_args(sp.fraction(e)[1]) if f.free_symbols]
    given = [sp.Ne(f, 0) for f in dict.fromkeys(below)]
    if form != sp.eye(form.rows):
        given.append(PositiveDefinite(form))
    minors = [exact.factored(exact.determinant(P[:k, :k])) for k in range(1, P.rows + 1)]
    rhs = sp.And(*(sp.Gt(m, 0) for m in minors))
    return Result(
        "condition of a Lyapunov certificate", SpectralRadius(table) < 1, "<=>", rhs, sp.And(*given), source=(LYAPUNOV,)
    )


def _certified(A: Any, Q: Any) -> tuple[Any, Any]:
    table = as_table(A, None, "A")
    if table.rows != table.cols:
        raise ShapeError(f"A is {table.rows} x {table.cols}; a square matrix is needed")
    form = sp.ImmutableMatrix(sp.eye(table.rows)) if Q is None else as_table(Q, None, "Q")
    if form.shape != table.shape or form != form.T:
        raise SpecError(f"Q is {form.rows} x {form.cols}; a symmetric matrix of the size of A, {table.rows}, is needed")
    return table, form


def _solution(table: Any, form: Any) -> Any:
    numerators, below = exact.stein(table.T, form)
    return sp.ImmutableMatrix(table.rows, table.rows, [e / below for e in numerators])
