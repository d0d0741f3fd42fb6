"""Which states can be reached and seen: ranks with every stratum, and what stands behind a drop.

    rank                    rank of any matrix of expressions: a Piecewise of all strata
    controllability, observability    rank of [B, A B, ...] and [C; C A; ...], also over T steps
    hautus                  the same condition eigenvalue by eigenvalue (Popov, Belevitch, Hautus)
    uncontrollable_modes, unobservable_modes    which mode is lost where, with the vector that shows it
    controllability_indices, null_controllability, constructibility
    diagonal_controllability, diagonal_gramian   Vandermonde and Cauchy determinants
Inputs are unbounded here, and the answers speak of the linear system only: a tanh network near a fixed point, through
linearize; for the network itself see accessibility. Steering is in `structure_steering`, normal forms in
`structure_kalman`. May import: everything to the left of analysis.structure.
"""

from __future__ import annotations

from typing import Any

import sympy as sp

from rnnsym import exact
from rnnsym.analysis.linear import as_system
from rnnsym.analysis.structure_conditions import alternatives
from rnnsym.cells.record import Cell, as_table, whole
from rnnsym.defined import (
    ControllabilityIndices,
    ControllabilityMatrix,
    DeterminantOf,
    Gramian,
    ModeRank,
    NullControllable,
    ObservabilityMatrix,
    Rank,
    SpectralRadius,
)
from rnnsym.exact import factored, is_zero, normal
from rnnsym.result import NoClosedForm, Result, ShapeError, Source, SpecError, Step
from rnnsym.systems import LinearSystem
from rnnsym.systems.functions import X, differ, never_zero, spectrum

KALMAN = Source("kalman1960b", "Kalman, R. E.", "On the general theory of control systems", 1960, doi="10.1016/S1474-6670(17)70094-8")  # fmt: skip
HAUTUS = Source("hautus1969", "Hautus, M. L. J.", "Controllability and observability conditions of linear autonomous systems", 1969)  # fmt: skip

TERMS = 400  # of the polynomials in a condition that is made shorter for reading


def rank(matrix: Any) -> Result:
    """The rank of a matrix of expressions: a Piecewise of every stratum, from the generic rank down.

    Raises: RnnsymError if a zero test cannot be decided, LimitReached if there are too many minors.

    >>> a = sp.Symbol("a", real=True)
    >>> rank([[a, 1], [1, a]]).rhs
    Piecewise((2, Ne((a - 1)*(a + 1), 0)), (1, True))
    """
    table = as_table(matrix, None, "the matrix")
    return Result("rank", Rank(table), "=", strata(table))


def strata(matrix: Any, given: Any = True) -> Any:
    """The rank as a Piecewise of whole numbers, or a whole number where it never changes."""
    if 0 in matrix.shape:
        return sp.S.Zero
    cases: list[tuple[Any, Any]] = []
    for value, condition in exact.rank_strata(sp.ImmutableMatrix(matrix), given):
        if condition != sp.false:
            cases.append((sp.Integer(value), tidy(condition)))
        if condition == sp.true:
            break
    if len(cases) == 1:
        return cases[0][0]
    return sp.Piecewise(*cases[:-1], (cases[-1][0], True), evaluate=False)


def at_least(matrix: Any, r: int, given: Any = True) -> Any:
    """The condition rank >= r."""
    if r <= 0:
        return sp.true
    if 0 in matrix.shape:
        return sp.false
    found: list[Any] = []
    before: list[Any] = []
    for value, condition in exact.rank_strata(sp.ImmutableMatrix(matrix), given):
        if value >= r:
            found.append(sp.And(condition, *(sp.Not(c) for c in before)))
        else:
            before.append(condition)
    return tidy(sp.Or(*found))


def krylov(A: Any, B: Any, steps: int) -> Any:
    """[B, A B, ..., A^(T-1) B] in normal form."""
    exact.refuse_powers("the powers A^k B", A, B, steps)
    blocks, block = [], sp.Matrix(B)
    for _ in range(steps):
        blocks.append(block)
        block = (A * block).applyfunc(normal)
    return sp.ImmutableMatrix(sp.Matrix.hstack(*blocks)) if blocks else sp.ImmutableMatrix(sp.zeros(A.rows, 0))


def _horizon(steps: Any, n: int) -> int:
    return n if steps is None else whole(steps, "steps")


def controllability_matrix(model: Cell | LinearSystem, steps: int | None = None) -> Result:
    """[B, A B, ..., A^(T-1) B], T = n if left out: its image holds the states reached from 0 in T steps.

    Shapes: (n, m T).
    """
    system = as_system(model, "controllability_matrix")
    T = _horizon(steps, system.n)
    lhs = ControllabilityMatrix(system.A, system.B, T)
    return Result("controllability matrix", lhs, "=", krylov(system.A, system.B, T), system.given)


def observability_matrix(model: Cell | LinearSystem, steps: int | None = None) -> Result:
    """[C; C A; ...; C A^(T-1)], T = n if left out: its kernel holds the states whose free outputs are 0 for T readings.

    Shapes: (p T, n). The first reading is that of the state itself; in the readout "current" it is y_t = C h_t.
    """
    system = as_system(model, "observability_matrix")
    T = _horizon(steps, system.n)
    lhs = ObservabilityMatrix(system.A, system.C, T)
    return Result("observability matrix", lhs, "=", krylov(system.A.T, system.C.T, T).T, system.given)


def controllability(model: Cell | LinearSystem, *, steps: int | None = None) -> Result:
    """rank [B, A B, ..., A^(T-1) B] in every stratum: n where every state can be reached from every state in T steps.

    steps: T; by default n, beyond which the rank never grows (Cayley-Hamilton). Inputs are unbounded.
    Raises: SpecError for a nonlinear cell: linearize it, or ask accessibility.
    Source: kalman1960b.

    >>> a1, a2, b1, b2 = sp.symbols("a1 a2 b1 b2")
    >>> system = LinearSystem(sp.diag(a1, a2), sp.Matrix([b1, b2]))
    >>> controllability(system).subs({a2: a1, b1: 0}).rhs
    Piecewise((0, Eq(b2, 0)), (1, True))
    """
    system = as_system(model, "controllability")
    T = _horizon(steps, system.n)
    value = strata(krylov(system.A, system.B, T), system.given)
    lhs = Rank(ControllabilityMatrix(system.A, system.B, T))
    return Result("controllability", lhs, "=", value, system.given, source=(KALMAN,))


def observability(model: Cell | LinearSystem, *, steps: int | None = None) -> Result:
    """rank [C; C A; ...; C A^(T-1)] in every stratum: n where T readings determine the state.

    steps: T; by default n. Dual to controllability: (A, C) here is (A^T, C^T) there. Known inputs are subtracted.
    Raises: SpecError for a nonlinear cell: linearize it, or ask nonlinear_observability.
    Source: kalman1960b.
    """
    system = as_system(model, "observability")
    T = _horizon(steps, system.n)
    value = strata(krylov(system.A.T, system.C.T, T), system.given)
    lhs = Rank(ObservabilityMatrix(system.A, system.C, T))
    return Result("observability", lhs, "=", value, system.given, source=(KALMAN,))


# Eigenvalue by eigenvalue


def hautus(model: Cell | LinearSystem, kind: str = "controllability") -> Result:
    """Controllable exactly where rank [lambda I - A, B] = n for every eigenvalue lambda (observability: [lambda I - A; C]).

    Raises: NoClosedForm if an eigenvalue has no closed form.
    Source: hautus1969.
    """
    system = _kind(model, kind)
    values = _eigenvalues(system.A)
    lhs = sp.Eq(Rank(ControllabilityMatrix(system.A, system.B, system.n)), system.n, evaluate=False)
    if kind == "observability":
        lhs = sp.Eq(Rank(ObservabilityMatrix(system.A.T, system.B.T, system.n)), system.n, evaluate=False)
    rhs = sp.And(*(at_least(_pencil(system.A, system.B, v), system.n, system.given) for v, _ in values))
    return Result(f"{kind} by eigenvalues", lhs, "<=>", rhs, system.given, source=(HAUTUS,))


def _kind(model: Any, kind: str) -> LinearSystem:
    if kind not in ("controllability", "observability"):
        raise SpecError(f"unknown kind {kind!r}; known: controllability, observability")
    system = as_system(model, kind)
    return system if kind == "controllability" else system.dual


def _pencil(A: Any, B: Any, value: Any) -> Any:
    shifted = (value * sp.eye(A.rows) - A).applyfunc(normal)
    return sp.ImmutableMatrix(sp.Matrix.hstack(sp.Matrix(shifted), sp.Matrix(B)))


def _eigenvalues(A: Any) -> list[tuple[Any, int]]:
    values = spectrum(A)
    for v, _ in values:
        if X in v.free_symbols:
            raise NoClosedForm(
                "an eigenvalue of A has no closed form; controllability(model) needs none, or give numbers for some entries"
            )
    return values


def uncontrollable_modes(model: Cell | LinearSystem) -> list[Result]:
    """For each simple eigenvalue lambda: its mode cannot be moved exactly where q^T B = 0, q the left eigenvector.

    One Result for each: rank [lambda I - A, B] < n if and only if q^T B = 0, q in `where`.
    Given:  lambda is a simple eigenvalue and q is not 0.
    Raises: NoClosedForm if an eigenvalue has no closed form, or is multiple for all parameters (see hautus).
    """
    system = as_system(model, "uncontrollable_modes")
    return _lost(system, system, "uncontrollable", "q")


def unobservable_modes(model: Cell | LinearSystem) -> list[Result]:
    """For each simple eigenvalue lambda: its mode is never seen exactly where C v = 0, v the eigenvector (dual)."""
    system = as_system(model, "unobservable_modes")
    return _lost(system, system.dual, "unobservable", "v")


def _lost(system: LinearSystem, turned: LinearSystem, word: str, letter: str) -> list[Result]:
    values = _eigenvalues(turned.A)
    results = []
    for k, (value, count) in enumerate(values):
        if count > 1:
            raise NoClosedForm(
                f"the eigenvalue {value} is multiple for all parameters, its vectors are a choice; hautus(model) decides"
            )
        table: Any = exact.adjugate(sp.ImmutableMatrix((value * sp.eye(turned.n) - turned.A).applyfunc(normal)))
        rows = [table[i, :] for i in range(turned.n) if not all(is_zero(e) for e in table[i, :])]
        shortest: Any = min(rows, key=lambda r: sum(e.count_ops() for e in r))  # q^T (lambda I - A) = 0
        row = shortest.applyfunc(factored)
        symbols = [sp.Symbol(f"{letter}_{i + 1}") for i in range(turned.n)]
        products = [normal(sum(e * b for e, b in zip(row, turned.B[:, j], strict=True))) for j in range(turned.m)]
        others = sp.And(*(differ(value, v) for i, (v, _) in enumerate(values) if i != k))
        rhs = sp.And(*(_vanishes(p, others) for p in products))
        nonzero = sp.true if any(never_zero(e) for e in row) else sp.Or(*(sp.Ne(e, 0) for e in row if not is_zero(e)))
        lhs = sp.Lt(ModeRank(turned.A, turned.B, value), turned.n, evaluate=False)
        results.append(
            Result(
                f"{word} mode {value}",
                lhs,
                "<=>",
                rhs,
                sp.And(system.given, others, nonzero),
                where=tuple(zip(symbols, row, strict=True)),
                source=(HAUTUS,),
            )  # fmt: skip
        )
    return results


def _vanishes(product: Any, given: Any) -> Any:
    """product = 0, without the factors that `given` says are not 0."""
    if is_zero(product):
        return sp.true
    apart = {c.lhs for c in sp.And.make_args(given) if isinstance(c, sp.Ne)}
    parts = [f for f in sp.Mul.make_args(factored(product)) if not {f, -f, sp.expand(-f)} & apart and not never_zero(f)]
    return sp.Eq(sp.Mul(*parts), 0) if parts else sp.false


# Conditions for reading


def tidy(condition: Any) -> Any:
    """The same condition without what follows from the rest: p q != 0 beside p != 0; not (p != 0 or ...) as equations."""
    if sum(len(e.args) for e in condition.atoms(sp.Add)) > TERMS:
        return condition  # SymPy sorts every polynomial of a Boolean anew
    if isinstance(condition, sp.Or):
        parts = [tidy(c) for c in condition.args]
        factors = {c: _factors(c) for c in parts if isinstance(c, sp.Ne)}
        kept = [
            c for c in parts
            if c not in factors or not any(f < factors[c] or (f == factors[c] and str(d) < str(c)) for d, f in factors.items())
        ]  # fmt: skip
        return sp.Or(*kept)
    if isinstance(condition, sp.And):
        return sp.And(*map(tidy, condition.args))
    if isinstance(condition, sp.Not):
        inner = tidy(condition.args[0])
        parts = sp.Or.make_args(inner)
        if all(isinstance(c, sp.Ne) for c in parts):
            return sp.And(*(sp.Eq(c.lhs, c.rhs) for c in parts))
        return sp.Not(inner)
    return condition


def _factors(condition: Any) -> frozenset[Any]:
    """The factors of p in p != 0, without numbers and exponents."""
    if condition.rhs != 0:
        return frozenset([condition.lhs - condition.rhs])
    parts = sp.Mul.make_args(condition.lhs)
    return frozenset(f.base if isinstance(f, sp.Pow) and f.exp.is_positive else f for f in parts if f.free_symbols)


# Indices, and reaching the origin only


def controllability_indices(model: Cell | LinearSystem) -> Result:
    """kappa_j, the number of columns b_j, A b_j, ... that are new when B, A B, ... is searched from left to right.

    Their sum is the reachable dimension; the largest is the number of steps in which every reachable state is reached.
    Given:  the generic choice: a minor of the chosen columns is not 0.
    """
    system = as_system(model, "controllability_indices")
    n, m = system.n, system.m
    if m == 0:
        raise SpecError("the system has no input; its reachable space is 0")
    blocks = krylov(system.A, system.B, n)
    kept: list[Any] = []
    counts = [0] * m
    for k in range(n * m):
        trial = sp.ImmutableMatrix(sp.Matrix.hstack(*kept, blocks[:, k]))
        if exact.generic_rank(trial) > len(kept):
            kept.append(blocks[:, k])
            counts[k % m] += 1
    chosen = sp.ImmutableMatrix(sp.Matrix.hstack(*kept)) if kept else sp.ImmutableMatrix(sp.zeros(n, 0))
    condition = at_least(chosen, len(kept), system.given)
    lhs = ControllabilityIndices(system.A, system.B)
    rhs = sp.ImmutableMatrix([counts])
    return Result("controllability indices", lhs, "=", rhs, sp.And(system.given, condition), source=(KALMAN,))


def null_controllability(model: Cell | LinearSystem) -> Result:
    """Every state can be steered to 0: Im A^n lies in Im [B, ..., A^(n-1) B], weaker than controllability for singular A.

    The condition holds at a rank r where the controllability matrix has rank >= r and with A^n beside it rank <= r.
    Source: A-CTL-1.

    >>> null_controllability(LinearSystem([[0, 1, 0], [0, 0, 1], [0, 0, 0]], [0, 1, 0])).rhs
    True
    """
    system = as_system(model, "null_controllability")
    return Result(
        "null-controllability",
        NullControllable(system.A, system.B),
        "<=>",
        _to_zero(system),
        system.given,
        source=(KALMAN,),
    )


def constructibility(model: Cell | LinearSystem) -> Result:
    """Past outputs and inputs determine the current state: (A^T, C^T) is null-controllable; weaker than observability."""
    system = as_system(model, "constructibility")
    turned = system.dual
    return Result(
        "constructibility",
        NullControllable(turned.A, turned.B),
        "<=>",
        _to_zero(turned),
        system.given,
        source=(KALMAN,),
    )


def _to_zero(system: LinearSystem) -> Any:
    n = system.n
    reach = krylov(system.A, system.B, n)
    power = sp.Matrix(sp.eye(n))
    for _ in range(n):
        power = (system.A * power).applyfunc(normal)
    both = sp.ImmutableMatrix(sp.Matrix.hstack(sp.Matrix(reach), power))
    cases = [sp.And(at_least(reach, r), sp.Not(at_least(both, r + 1))) for r in range(n, -1, -1)]
    return alternatives(sp.Or(*cases))


# Diagonal A


def diagonal_controllability(eigenvalues: Any, b: Any) -> Result:
    """det [b, A b, ...] = prod b_i prod_{i<j} (lambda_j - lambda_i) for A = diag(lambda): Vandermonde.

    Controllable exactly where all b_i are not 0 and all lambda_i differ.
    Source: A-CTL-1.

    >>> from sympy.abc import p, q, u, v
    >>> diagonal_controllability([p, q], [u, v]).rhs
    u*v*(-p + q)
    """
    values, b = _diagonal(eigenvalues, b)
    n = len(values)
    A = sp.ImmutableMatrix(sp.diag(*values))
    rhs = sp.prod(b) * sp.prod([values[j] - values[i] for i in range(n) for j in range(i + 1, n)])
    plain = sp.ImmutableMatrix(n, n, lambda i, j: values[i] ** j)
    steps = (
        Step(sp.prod(b) * DeterminantOf(plain), "b_i is in every entry of row i; a Vandermonde determinant is left"),
    )
    lhs = DeterminantOf(ControllabilityMatrix(A, sp.ImmutableMatrix(n, 1, b), n))
    return Result("controllability of a diagonal system", lhs, "=", rhs, steps=steps, source=(KALMAN,))


def diagonal_gramian(eigenvalues: Any, b: Any) -> Result:
    """det W = prod b_i^2 prod_{i<j} (l_i - l_j)^2 / prod_{i,j} (1 - l_i l_j), W_ij = b_i b_j / (1 - l_i l_j): Cauchy.

    Given:  |lambda_i| < 1, real.
    Source: A-CTL-1.
    """
    values, b = _diagonal(eigenvalues, b)
    n = len(values)
    A = sp.ImmutableMatrix(sp.diag(*values))
    column = sp.ImmutableMatrix(n, 1, b)
    pairs = [(i, j) for i in range(n) for j in range(i + 1, n)]
    top = sp.prod([e**2 for e in b]) * sp.prod([(values[i] - values[j]) ** 2 for i, j in pairs])
    rhs = top / sp.prod([1 - x * y for x in values for y in values])
    gram = sp.ImmutableMatrix(n, n, lambda i, j: b[i] * b[j] / (1 - values[i] * values[j]))
    steps = (Step(DeterminantOf(gram), "W_ij = b_i b_j (1 + l_i l_j + (l_i l_j)^2 + ...)"),)
    lhs = DeterminantOf(Gramian(A, column, "controllability", sp.oo))
    given = sp.And(sp.Lt(SpectralRadius(A), 1), real_parameters(A, column))
    return Result("Gramian of a diagonal system", lhs, "=", rhs, given, steps=steps, source=(KALMAN,))


def _diagonal(eigenvalues: Any, b: Any) -> tuple[list[Any], list[Any]]:
    values, entries = list(as_table(eigenvalues, None, "the eigenvalues")), list(as_table(b, None, "b"))
    if len(values) != len(entries):
        raise ShapeError(
            f"b has {len(entries)} entries, there are {len(values)} eigenvalues; they must be equal in number"
        )
    return values, entries


def real_parameters(*matrices: Any) -> Any:
    """The hypothesis that the symbols of matrices are real, where they do not say so themselves."""
    symbols = sorted({s for M in matrices for s in M.free_symbols if s.is_real is not True}, key=str)
    return sp.And(*(sp.Eq(sp.im(s), 0) for s in symbols))
