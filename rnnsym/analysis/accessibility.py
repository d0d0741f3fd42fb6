"""Which states a nonlinear network reaches, and which it tells apart: h_t = alpha h_{t-1} + beta phi(A h_{t-1} + B x_t + b).

    accessibility               the reachable set has inner points, from every state
    reachable_dimension         the bound rank [A, B] on its dimension, for every B
    reachable_tangents          the recursion of the reachable directions, T_k = D_k (A T_{k-1} + Im B)
    nonlinear_observability     inputs and outputs determine the state
    distinguishable_dimension   what they determine of it: C h and the rows A_i h that the output sees
Here phi is tanh, sigmoid or erf and inputs are unbounded; elman has alpha = 0, beta = 1, leaky alpha = 1 - a, beta = a.
Kalman's ranks speak of the linearization only. They imply these conditions, and are not implied by them.

Accessibility. Let S_k = A T_{k-1} + Im B, T_k = D_k S_k the image of d h_k / d (x_1, ..., x_k), D_k = diag(phi'(A h_{k-1}
+ B x_k + b)) > 0, and N_k the vectors orthogonal to S_k. Take alpha = 0.
  Necessary: S_k lies in Im [A, B].
  Sufficient: let rank [A, B] = n, so A^T is one-to-one on ker B^T; M = A^T ker B^T, psi: M -> ker B^T its inverse. Then
  N_{k+1} = psi(M and D_k^-1 N_k), so dim N_k never grows. Suppose it has its least value for all inputs and is not 0. Then
  D_k^-1 N_k lies in M for every x_k. If no two rows of B agree up to sign the functions 1/phi'(c_i + B_i x) are linearly
  independent, so M holds e_i for each i in the support J of N_k. Now N_{k+1} lies in ker B^T and its vectors have
  their own supports, and so on: the sum E of all these coordinate spaces lies in M, psi(E) lies in E, so psi(E) = E, and E
  lies in ker B^T: the rows B_i, i in J, are 0. If no row of B is 0 this cannot be: dim N_k falls to 0.
Let alpha != 0, beta != 0, P_k orthogonal to T_k. Then P_k = D_k^-1 (ker B^T and L_k^-1 P_{k-1}) with L = alpha D^-1 +
beta A^T. If its dimension does not fall, B^T L(x)^-1 p = 0 for p in P_{k-1} and all x. Along x = s w, s -> oo, L^-1 = D/alpha -
..., and the slowest slope D_i with p_i != 0 alone gives B_i p_i D_i / alpha: so p = 0. Hence dim T_k grows by at least 1
until it is n, whatever A is.

Observability. Two states h, g are told apart by no output iff C h = C g and A_i h = A_i g for each unit i that the output
sees, i in I: the least set with i in I if C_ri != 0 for some r, or A_ji != 0 for some j in I. (C phi(A h + b + B x) = C phi(A g
+ b + B x) for all x; the functions phi(c + B_i x) of different c or i and the constants are independent.) The units
outside I span the largest A-invariant coordinate subspace of ker C.

The conditions are those of Albertini & Dai Pra 1995 and Albertini & Sontag 1994, whose papers treat more general phi; the
arguments above are our own and complete for the phi named. May import: everything to the left of `analysis`, and
analysis.contraction, analysis.structure.
"""

from __future__ import annotations

from itertools import combinations
from typing import Any

import sympy as sp

from rnnsym.analysis.contraction import Recurrence, recurrence
from rnnsym.analysis.structure import at_least, strata
from rnnsym.cells.paths import unroll
from rnnsym.cells.record import Cell, whole
from rnnsym.defined import Jacobian
from rnnsym.defined.accessibility import ObservableDimension, ReachableDimension
from rnnsym.exact import normal
from rnnsym.result import LimitReached, NoClosedForm, Result, ShapeError, Source, SpecError
from rnnsym.vectors import differential, explicit, stack

ALBERTINI_DAI_PRA = Source("albertini1995", "Albertini, F. and Dai Pra, P.", "Forward accessibility for recurrent neural networks", 1995, at="IEEE Transactions on Automatic Control 40, 1962-1968")  # fmt: skip
ALBERTINI_SONTAG = Source("albertini1994", "Albertini, F. and Sontag, E. D.", "State observability in recurrent neural networks", 1994, at="Systems & Control Letters 22, 235-244")  # fmt: skip

EVEN = ("tanh", "sigmoid", "erf", "erf_scaled")  # of slope phi' > 0 that is even and falls faster than any power
UNITS = 10  # of which it is open whether the output sees them


def accessibility(cell: Cell) -> Result:
    """Reachable sets have inner points <=> rank [W_h, W_x] = n, for h_t = phi(W_h h_{t-1} + W_x x_t + b).

    The left side is max_k rank d h_k / d (x_1, ..., x_k) = n, from any state h. For leaky units, h_t = (1 - a) h_{t-1} +
    a phi(...), it holds for every W_h if a is neither 0 nor 1. It is not Kalman's condition: below, W_h = I/2 is
    uncontrollable for the linearization, and every state of the network has a neighborhood of reachable ones nearby.
    Given:  no row of W_x is 0, no two rows agree up to sign; phi is tanh, sigmoid or erf. Inputs are unbounded.
    Raises: SpecError for a cell of symbolic size or without input; NoClosedForm for another cell or phi, or if two rows
            of W_x agree up to sign (the bound reachable_dimension(cell) still holds).
    Source: albertini1995; derived above for the phi named.

    >>> from rnnsym.cells import elman
    >>> accessibility(elman(W_h=sp.eye(2) / 2, W_x=[[1], [2]])).rhs
    True
    """
    cell, form, A, B = _parts(cell, "accessibility")
    given = _rows_apart(B, "accessibility")
    n, a = A.rows, form.leak
    full = at_least(_beside(A, B), n, given)
    rhs = full if a == 1 else sp.And(sp.Ne(a, 0), sp.Or(sp.Ne(a, 1), full))
    lhs = sp.Eq(ReachableDimension.of(cell), n, evaluate=False)
    return Result(
        "accessibility", lhs, "<=>", rhs, sp.And(cell.given, given), source=(ALBERTINI_DAI_PRA,), arrays=cell.arrays
    )


def reachable_dimension(cell: Cell) -> Result:
    """max_k rank d h_k / d (x_1, ..., x_k) <= rank [W_h, W_x], every stratum of it, for every W_x and any smooth phi.

    Because T_k = D_k (W_h T_{k-1} + Im W_x). For tanh and rows of W_x that differ up to sign, n is reached together.
    Given:  the cell has no leak: h_t = phi(W_h h_{t-1} + W_x x_t + b).
    Raises: as accessibility; NoClosedForm for leaky units, which have no such bound.

    >>> from rnnsym.cells import elman
    >>> reachable_dimension(elman(W_h=sp.zeros(2), W_x=[[1], [2]])).rhs
    1
    """
    cell, form, A, B = _parts(cell, "reachable_dimension", smooth=True)
    if form.leak != 1:
        raise NoClosedForm(
            f"{cell.name} keeps a part of its state: the rank of [W_h, W_x] does not bound what it reaches"
        )
    value = strata(_beside(A, B), cell.given)
    lhs = ReachableDimension.of(cell)
    return Result("reachable dimension", lhs, "<=", value, cell.given, source=(ALBERTINI_DAI_PRA,), arrays=cell.arrays)


def reachable_tangents(cell: Cell, steps: int = 2) -> Result:
    """d h_k / d (x_1, ..., x_k) = [J_k d h_{k-1} / d (...), d F / d x_k]: the recursion T_k = D_k (A T_{k-1} + Im B).

    Shapes: (n, m k); for the leaky cell J_k = (1 - a) I + a D_k A. For every n, for all activations with a slope.
    Raises: NoClosedForm for a gated cell.

    >>> from rnnsym.cells import elman
    >>> reachable_tangents(elman(), 1).rhs
    diag(1 - h_1**2)*W_x
    """
    form = recurrence(cell)
    if form.U is None or not cell.input:
        raise SpecError(f"{cell.name} has no input; nothing is reached")
    count = whole(steps, "steps")
    run = unroll(cell, count)
    symbols = [name for name, _ in run.equations]
    new = [s for s in symbols if s.name.startswith(f"{_stem(cell.next[0])}")]
    before = [cell.state[0], *new[:-1]]
    blocks: list[Any] = []
    for old, now, x in zip(before, new, run.input, strict=True):
        inner = [(s, e) for s, e in run.equations if s == now or x in e.free_symbols]
        J, along = (_slope(inner, now, v) for v in (old, x))
        blocks = [J * b for b in blocks] + [along]
    lhs = Jacobian(new[-1:], run.input, run.equations, _binding(run))
    where = run.where
    return Result(
        f"reachable directions after {count} steps", lhs, "=", run.write(stack([blocks])), cell.given, where,
        source=(ALBERTINI_DAI_PRA,), arrays=run.arrays,
    )  # fmt: skip


def _stem(name: Any) -> str:
    return name.name.removesuffix("_t")


def _slope(equations: Any, new: Any, variable: Any) -> Any:
    tangents: dict[Any, Any] = {}
    for name, expression in equations:
        tangents[name] = differential(expression, variable, tangents, name)
    return tangents[new]


def _binding(run: Cell) -> tuple[Any, ...]:
    names = {name for name, _ in run.equations}
    return tuple((s, t) for s, t in run.binding if s not in names)


def nonlinear_observability(cell: Cell) -> Result:
    """Outputs y_t = C h_t determine the state <=> ker W_h and ker C share only 0, and the output sees every unit.

    Seen is a unit i with C_ri != 0 for some r, or W_h,ji != 0 for some seen j: otherwise those that are not seen span a
    coordinate subspace of ker C that W_h maps into itself. The test is finite and exact; for symbols it is the condition
    on zeros. Left side: the rank of d (y_0, y_1, ...) / d h over several input sequences is n; by the proof above this is
    the same as telling any two states apart. It is weaker than Kalman's condition for the linearization: below the
    eigenvalues agree, so C and C A show one direction only.
    Given:  no row of W_x is 0, no two agree up to sign; phi is tanh, sigmoid or erf; y = C h_t + D x_t; a != 0 if leaky.
    Raises: as accessibility; LimitReached if it is open of more than 10 units whether they are seen.
    Source: albertini1994; derived above for the phi named.

    >>> from rnnsym.cells import elman
    >>> nonlinear_observability(elman(W_h=sp.eye(2) / 2, W_x=[[1], [2]], output=[[1, 1]])).rhs
    True
    >>> nonlinear_observability(elman(W_h=sp.eye(2) / 2, W_x=[[1], [2]], output=[[1, 0]])).rhs
    False
    """
    cell, form, A, B = _parts(cell, "nonlinear_observability")
    given = sp.And(_rows_apart(B, "nonlinear_observability"), sp.Ne(form.leak, 0))
    C = _reading(cell)
    rhs = _absorbed(sp.And(at_least(sp.ImmutableMatrix(sp.Matrix.vstack(C, A)), A.rows, given), _all_seen(A, C)))
    lhs = sp.Eq(ObservableDimension.of(cell, C), A.rows, evaluate=False)
    return Result(
        "nonlinear observability", lhs, "<=>", rhs, sp.And(cell.given, given), source=(ALBERTINI_SONTAG,),
        arrays=cell.arrays,
    )  # fmt: skip


def distinguishable_dimension(cell: Cell) -> Result:
    """rank d (y_0, y_1, ...) / d h = rank [C; A_I], I the units that the output sees: h and g look alike iff h - g in ker [C; A_I].

    The states that look like h are h + ker [C; A_I], a plane, the same for all h: it is ker C and ker A if all are seen.
    Given:  as nonlinear_observability; and entries that are symbols and make a unit seen are not 0.
    """
    cell, form, A, B = _parts(cell, "distinguishable_dimension")
    given = sp.And(_rows_apart(B, "distinguishable_dimension"), sp.Ne(form.leak, 0))
    C = _reading(cell)
    seen, links = _seen(A, C, generic=True)
    given = sp.And(given, *links)
    rows = sp.ImmutableMatrix(sp.Matrix.vstack(C, *(A[i, :] for i in sorted(seen))))
    return Result(
        "distinguishable dimension", ObservableDimension.of(cell, C), "=", strata(rows, given),
        sp.And(cell.given, given), source=(ALBERTINI_SONTAG,), arrays=cell.arrays,
    )  # fmt: skip


# The cell as alpha h + beta phi(A h + B x + b)


def _parts(cell: Cell, asker: str, smooth: bool = False) -> tuple[Cell, Recurrence, Any, Any]:
    """The cell, its form, and A, B in entries."""
    if not isinstance(cell, Cell):
        raise SpecError(f"{asker} speaks of a nonlinear cell, got {type(cell).__name__}; for a LinearSystem use controllability, observability")  # fmt: skip
    if not cell.is_explicit:
        raise SpecError(f"{cell.name} has symbolic sizes; {asker} looks at entries: use {cell.name}.at(n=2, m=1)")
    form = recurrence(cell)
    if form.U is None or not cell.input:
        raise SpecError(f"{cell.name} has no input; {asker} needs one")
    name = form.activation.name
    if name == "identity":
        raise NoClosedForm(f"{cell.name} is linear; linearize it and ask controllability or observability")
    if name not in EVEN and not (smooth and not form.activation.kinks):
        raise NoClosedForm(
            f"{asker} is known for phi = {', '.join(EVEN)}; of {name} the slopes 1/phi'(c_i + B_i x) need not be "
            "independent. reachable_tangents(cell) holds for every phi"
        )
    table = dict(cell.binding)
    return cell, form, explicit(form.W, table), explicit(form.U, table)


def _beside(A: Any, B: Any) -> Any:
    return sp.ImmutableMatrix(sp.Matrix.hstack(A, B))


def _rows_apart(B: Any, asker: str) -> Any:
    """No row is 0 and no two rows agree up to sign."""
    rows = [B[i, :] for i in range(B.rows)]
    conditions = []
    for i, row in enumerate(rows):
        found = sp.Or(*(sp.Ne(normal(e), 0) for e in row))
        if found == sp.false:
            raise NoClosedForm(f"row {i + 1} of W_x is 0; {asker} is known only where no row is{ELSE}")
        conditions.append(found)
    for (i, first), (j, second) in combinations(enumerate(rows), 2):
        for sign in (1, -1):
            found = sp.Or(*(sp.Ne(normal(p - sign * q), 0) for p, q in zip(first, second, strict=True)))
            if found == sp.false:
                raise NoClosedForm(
                    f"rows {i + 1} and {j + 1} of W_x agree up to sign; {asker} is known only where none do{ELSE}"
                )
            conditions.append(found)
    return sp.And(*conditions)


ELSE = " (reachable_dimension(cell) bounds what is reached for every W_x)"


def _reading(cell: Cell) -> Any:
    """C of the output y = C h_t + D x_t + c; the whole state if there is none."""
    n = int(cell.state[0].shape[0])
    if cell.output is None:
        return sp.ImmutableMatrix(sp.eye(n))
    name, expression = cell.output
    moving = {*cell.state, *cell.next, *(s for s, _ in cell.equations)}
    if (expression.free_symbols & moving) - set(cell.next):
        raise NoClosedForm(f"the output {expression} reads more than the new state; y_t = C h_t + D x_t is needed")
    C = explicit(stack([[differential(expression, new, {}, name) for new in cell.next]]), dict(cell.binding))
    entries = {e for s in moving for e in dict(cell.binding).get(s, ())}
    if C.free_symbols & entries:
        raise NoClosedForm(f"the output {expression} is not linear in the state; y_t = C h_t + D x_t is needed")
    if C.cols != n:
        raise ShapeError(f"the output has {C.cols} columns, the state {n} entries")
    return sp.ImmutableMatrix(C)


def _seen(A: Any, C: Any, generic: bool) -> tuple[set[int], list[Any]]:
    """The units seen through entries that are surely not 0 (or generically not 0), and the conditions on those entries."""

    def linked(e: Any) -> Any:
        condition = sp.Ne(normal(e), 0)
        return condition if condition == sp.true or (generic and condition != sp.false) else None

    found: set[int] = set()
    links: list[Any] = []
    n = A.rows
    columns = {j: [C[r, j] for r in range(C.rows)] for j in range(n)}
    growing = True
    while growing:
        growing = False
        for j in (j for j in range(n) if j not in found):
            entries = columns[j] + [A[i, j] for i in sorted(found)]
            conditions = [c for e in entries if (c := linked(e)) is not None]
            if conditions:
                found.add(j)
                links.append(sp.true if sp.true in conditions else sp.Or(*conditions))
                growing = True
    return found, links


def _all_seen(A: Any, C: Any) -> Any:
    """Every unit is seen: of each set of units one is read, or acts on a unit outside; sets of open units suffice."""
    sure, _ = _seen(A, C, generic=False)
    open_units = [j for j in range(A.rows) if j not in sure]
    if len(open_units) > UNITS:
        raise LimitReached(
            f"of {len(open_units)} units it is open whether the output sees them; limit {UNITS}. "
            "Give numbers for some entries of W_h or C"
        )
    clauses: list[frozenset[Any]] = []
    for size in range(1, len(open_units) + 1):
        for units in combinations(open_units, size):
            outside = [i for i in range(A.rows) if i not in units]
            entries = [M[i, j] for j in units for M, down in ((C, range(C.rows)), (A, outside)) for i in down]
            literals = [sp.Ne(normal(e), 0) for e in entries]
            if sp.true in literals:
                continue
            clause = frozenset(c for c in literals if c != sp.false)
            if not clause:
                return sp.false
            if not any(other <= clause for other in clauses):
                clauses = [c for c in clauses if not clause <= c] + [clause]
    return sp.And(*(sp.Or(*sorted(c, key=str)) for c in clauses))


def _absorbed(condition: Any) -> Any:
    """The same conjunction without the clauses that follow from a shorter one."""
    clauses = {c: frozenset(sp.Or.make_args(c)) for c in sp.And.make_args(condition)}
    return sp.And(*(c for c, literals in clauses.items() if not any(other < literals for other in clauses.values())))
