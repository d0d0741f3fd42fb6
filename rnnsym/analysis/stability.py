"""Stability of a linear map and of a fixed point: rho(A) < 1 as inequalities, its boundary, and verdicts on numbers.

p(z) = det(zI - A) = z^n + a_1 z^(n-1) + ... + a_n has all roots in |z| < 1 exactly if (Jury 1964; the inners form)
    p(1) > 0,  (-1)^n p(-1) > 0,  and the inners of X + Y and X - Y, of order n - 1, n - 3, ..., have positive determinants,
X = [[1, a_1, ..., a_(n-2)], ..., [0, ..., 1]] and Y = [[0, ..., 0, a_n], [0, ..., a_n, a_(n-1)], ..., [a_n, ..., a_2]].
Stability is lost where one of three critical ones turns to an equality, on any path that starts stable:
    p(1) = 0, a fold (z = 1);  p(-1) = 0, a flip (z = -1);  det(X - Y) = prod_(i<j) (1 - z_i z_j) = 0, Neimark-Sacker.
The critical ones alone are sufficient for n <= 2 only: diag(5, 11/10, 1/2) meets all three. May import: everything to the left of `analysis.stability`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sympy as sp

from rnnsym import exact
from rnnsym.analysis.jacobian import jacobian
from rnnsym.cells.record import Cell, as_table
from rnnsym.code import array_function
from rnnsym.defined import DeterminantOf, FixedPointOf, Numbers, SpectralRadius
from rnnsym.defined.stability import PairProduct, SpectralAbscissa
from rnnsym.exact import balls, factored, is_zero
from rnnsym.exact.schur import critical_constraints, named_inners, schur_cohn
from rnnsym.result import LimitReached, NoClosedForm, Result, ShapeError, Source, SpecError
from rnnsym.systems import LinearSystem

LIMIT = 6  # states with symbols; numbers have no limit
DENSE = 16  # operations in the coefficients, for each state, from which on the inequalities are printed in invariants

JURY = Source("jury1964", "Jury, E. I.", "Theory and Application of the z-Transform Method", 1964)
GANTMACHER = Source("gantmacher1959", "Gantmacher, F. R.", "The Theory of Matrices, vol. 2", 1959, at="ch. XV")


def stability_conditions(model: Any) -> Result:
    """rho(A) < 1 <=> the reduced Schur-Cohn (Jury) inequalities; of a cell, at a fixed point, with A its Jacobian there.

    Two states: |tr A| < 1 + det A < 2. More: in the sums c_k of the principal k by k minors (c_1 = tr A, c_n = det A),
    which stand in `where`, or in the entries where that is shorter. rho(A) > 1 makes the fixed point unstable,
    rho(A) = 1 decides nothing by itself. A system in continuous time gets Re < 0 (Lienard & Chipart).
    Shapes: A (n, n), n <= 6 with symbols.
    Given:  real entries; for a cell: h* = F(h*), and differentiable activations there.
    Raises: ShapeError for a matrix that is not square or a cell without sizes; LimitReached beyond six states.
    Source: jury1964.

    >>> a, b, c, d = sp.symbols("a b c d", real=True)
    >>> stability_conditions(sp.Matrix([[a, b], [c, d]])).rhs
    (delta < 1) & (-delta + tau < 1) & (-delta - tau < 1)
    """
    subject = _subject(model)
    if subject.is_continuous:
        return _continuous(subject)
    return _claim(subject, SpectralRadius(subject.operator) < 1, "<=>", schur_cohn, "stability")


def critical_conditions(model: Any) -> Result:
    """rho(A) < 1 => p(1) > 0, (-1)^n p(-1) > 0, det(X - Y) > 0: the ones in which stability is lost first.

    They are equivalent to rho(A) < 1 for n <= 2 only; with det(X + Y) > 0 for n = 3. For more states they say where a
    path that starts stable leaves stability, and nothing about other regions.

    >>> a, b, c, d = sp.symbols("a b c d", real=True)
    >>> critical_conditions(sp.Matrix([[a, b], [c, d]])).relation
    '=>'
    """
    subject = _subject(model)
    if subject.is_continuous:
        raise SpecError("critical_conditions is for discrete time; use stability_conditions")

    return _claim(subject, SpectralRadius(subject.operator) < 1, "=>", critical_constraints, "critical conditions")


def stability_boundary(model: Any) -> list[Result]:
    """The three functions whose zeros bound stability: det(I - A) (fold), det(I + A) (flip), prod (1 - z_i z_j).

    The third vanishes on Neimark-Sacker points, and also where a real pair z, 1/z is met, which is no boundary: on the
    boundary of stability the pair is complex of modulus 1, or already counted in the first two.

    >>> a, b, c, d = sp.symbols("a b c d", real=True)
    >>> [r.rhs for r in stability_boundary(sp.Matrix([[a, b], [c, d]]))][2]
    1 - delta
    """
    subject = _subject(model)
    n, A = subject.matrix.rows, subject.operator
    coefficients, where = _coefficients(subject.matrix, critical_constraints)
    named = named_inners(coefficients)
    identity = sp.Identity(n) if not isinstance(A, sp.MatrixBase) else sp.eye(n)
    sides = {
        "fold": DeterminantOf(identity - A),
        "flip": DeterminantOf(identity + A),
        "neimark-sacker": PairProduct(A),
    }
    return [
        Result(f"{name} of {subject.name}", lhs, "=", factored(named[name]) if name in named else sp.S.One, subject.given,
               (*subject.where, *where), source=(JURY,), arrays=subject.arrays)
        for name, lhs in sides.items()
    ]  # fmt: skip


# the subject of a question


@dataclass(frozen=True)
class _Subject:
    """A square matrix with what is known about it; `operator` is its definition, `matrix` its entries."""

    name: str
    matrix: Any
    operator: Any
    given: Any = sp.true
    where: tuple[tuple[Any, Any], ...] = ()
    arrays: tuple[Any, ...] = ()
    is_continuous: bool = False


def _subject(model: Any) -> _Subject:
    if isinstance(model, Cell):
        return _cell(model)
    if isinstance(model, LinearSystem):
        return _Subject(
            "the system", model.A, model.A, sp.And(model.given, _real(model.A)), (), (), not model.time.is_discrete
        )
    if isinstance(model, sp.MatrixExpr) and not isinstance(model, sp.MatrixBase):
        if not all(d.is_Integer for d in model.shape):
            raise ShapeError(
                f"{model} is {model.shape[0]} x {model.shape[1]}; the inequalities need a number for its size"
            )
        model = model.as_explicit()
    A = as_table(model, None, "A")
    if A.rows != A.cols:
        raise ShapeError(f"A is {A.rows} x {A.cols}; a square matrix is needed")
    _refuse_large(A)
    return _Subject("A", A, A, _real(A))


def _cell(cell: Cell) -> _Subject:
    if not cell.is_explicit:
        raise ShapeError(f"{cell.name} has no sizes; the inequalities need them: {cell.name}.at(n=2)")
    if cell.field != "real":
        raise SpecError(f"the states of {cell.name} are complex; the inequalities need real Jacobians")
    J = jacobian(cell)
    A = sp.ImmutableMatrix([[J.rhs]]) if not isinstance(J.rhs, sp.MatrixBase) else J.rhs
    _refuse_large(A)
    fixed = FixedPointOf(cell.state, cell.next, cell.equations, cell.binding)
    operator = J.lhs if not cell.is_scalar else A
    return _Subject(f"a fixed point of {cell.name}", A, operator, sp.And(J.given, fixed), J.where, J.arrays)


def _refuse_large(A: Any) -> None:
    if A.free_symbols and A.rows > LIMIT:
        raise LimitReached(
            f"A has {A.rows} states and symbols; the limit is {LIMIT}. Give numbers for all entries, or ask for the blocks"
        )


def _real(A: Any) -> Any:
    """The hypothesis that the entries are real, where the assumptions do not say so."""
    if any(e.is_extended_real is False for e in A):
        raise SpecError("A has entries that are not real; the inequalities are for real matrices")
    return sp.And(*(sp.Eq(sp.im(s), 0) for s in sorted(A.free_symbols, key=str) if s.is_extended_real is None))


def _claim(subject: _Subject, lhs: Any, relation: str, inequalities: Callable[[Any], Any], name: str) -> Result:
    coefficients, where = _coefficients(subject.matrix, inequalities)
    if where and subject.matrix.rows == 2:
        rhs = _triangle(*(symbol for symbol, _ in where))
    else:
        rhs = sp.And(*(sp.Gt(e, 0) for e in inequalities(coefficients)))
    return Result(f"{name} of {subject.name}", lhs, relation, rhs, subject.given, (*subject.where, *where),
                  source=(JURY,), arrays=subject.arrays)  # fmt: skip


def _coefficients(A: Any, inequalities: Callable[[Any], Any]) -> tuple[Sequence[Any], tuple[tuple[Any, Any], ...]]:
    """The coefficients of det(zI - A), and the definitions of the invariants they are written in, where that is shorter."""
    a = exact.characteristic_polynomial(A)
    n = A.rows
    if n < 2 or not A.free_symbols:
        return a, ()
    invariants = _invariants(A)
    signed = [sp.S.One] + [(-1) ** k * c for k, c in enumerate(invariants, 1)]
    values = [(-1) ** k * e for k, e in enumerate(a) if k]
    cost = sum(sp.count_ops(v) for v in values)
    if cost <= DENSE * n:  # beyond, the inequalities in the entries are not even made
        values = [factored(v) for v in values]
        long, short = (sum(sp.count_ops(e) for e in inequalities(c)) for c in (a, signed))
        if long <= short + sum(sp.count_ops(v) for v in values):
            return a, ()
    values = [sp.Add(*A.diagonal()), *(factored(v) if sp.count_ops(v) < 400 else v for v in values[1:])]
    return signed, tuple(zip(invariants, values, strict=True))


def _invariants(A: Any) -> list[Any]:
    """Symbols for the sums of principal minors: tau, delta of two states, c_1 ... c_n of more."""
    names = ["tau", "delta"] if A.rows == 2 else [f"c_{k}" for k in range(1, A.rows + 1)]
    taken = {s.name for s in A.free_symbols}
    return [sp.Symbol(name + "_A" * (name in taken), real=True) for name in names]


def _triangle(trace: Any, determinant: Any) -> Any:
    return sp.And(trace - determinant < 1, -trace - determinant < 1, determinant < 1)


def _continuous(subject: _Subject) -> Result:
    """All eigenvalues have Re < 0: a_n, a_(n-2), ... and the Hurwitz determinants of order n - 1, n - 3, ... positive (Lienard & Chipart)."""

    def inequalities(a: Sequence[Any]) -> dict[str, Any]:
        n = len(a) - 1
        whole = sp.Matrix(n, n, lambda i, j: a[2 * j + 1 - i] if 0 <= 2 * j + 1 - i <= n else 0)
        minors = {f"Hurwitz {k}": exact.determinant(whole[:k, :k]) for k in range(n - 1, 0, -2)}
        return {**{f"a_{k}": a[k] for k in range(n, 0, -2)}, **minors}

    A, a = subject.matrix, exact.characteristic_polynomial(subject.matrix)
    rhs = sp.And(*(sp.Gt(factored(e), 0) for e in inequalities(a).values()))
    lhs = SpectralAbscissa(A) < 0
    return Result(f"stability of {subject.name}", lhs, "<=>", rhs, subject.given, source=(GANTMACHER,))


# Euler's method


def euler_disk() -> Result:
    """|1 - a + a lambda| < 1 <=> a |1 - lambda|^2 < 2 (1 - Re lambda): a mode lambda of D W under Euler steps a = dt/tau.

    In continuous time the mode is stable for Re lambda < 1; the disk has center -(1 - a)/a and radius 1/a, inside that
    half plane. A real mode is lost at lambda = 1 - 2/a (a flip), a complex pair where a = 2 (1 - Re lambda)/|1 - lambda|^2.
    Given:  a > 0.

    >>> euler_disk().rhs
    a*(beta**2 + (1 - alpha)**2) < 2 - 2*alpha
    """
    a = sp.Symbol("a", positive=True)
    alpha, beta = sp.symbols("alpha beta", real=True)
    lhs = SpectralRadius(sp.ImmutableMatrix([[1 - a + a * alpha, a * beta], [-a * beta, 1 - a + a * alpha]])) < 1
    rhs = sp.Lt(a * ((1 - alpha) ** 2 + beta**2), 2 * (1 - alpha))
    return Result("stability disk of Euler's method", lhs, "<=>", rhs, sp.Gt(a, 0))


def euler_conditions(model: Any) -> Result:
    """rho((1 - a) I + a M) < 1 in the entries of M, the slope matrix D W of tau h' = -h + f(W h + b), a = dt/tau."""
    M = as_table(model, None, "M")
    if M.rows != M.cols:
        raise ShapeError(f"M is {M.rows} x {M.cols}; a square matrix is needed")
    a = sp.Symbol("a", positive=True)
    if a in M.free_symbols or any(s.name == "a" for s in M.free_symbols):
        raise SpecError("M uses the name 'a', which is the step dt/tau here; rename yours")
    return stability_conditions((1 - a) * sp.eye(M.rows) + a * M)


# on numbers


@dataclass(frozen=True)
class Verdict:
    """stable: True, False (rho > 1), or None (rho = 1, or not decided); slack: 1 - rho; margins: each inequality's value.

    on: the names of the boundaries that the matrix lies on exactly (fold, flip, neimark-sacker). The margins and `on` are
    those of a real matrix; of a complex one there are none.
    """

    stable: bool | None
    spectral_radius: float
    slack: float
    margins: Mapping[str, float]
    on: tuple[str, ...] = ()


def stability_verdict(A: Any) -> Verdict:
    """Whether rho(A) < 1 for numbers, decided exactly for rationals, with the slack and the margin of every inequality.

    Raises: SpecError for a matrix with symbols.

    >>> stability_verdict([[0, 1], [-1, 0]]).on
    ('neimark-sacker',)
    """
    table = as_table(A, None, "A")
    if table.rows != table.cols:
        raise ShapeError(f"A is {table.rows} x {table.cols}; a square matrix is needed")
    if table.free_symbols:
        raise SpecError(f"A has the symbols {', '.join(sorted(map(str, table.free_symbols)))}; numbers are needed")
    rational, real = all(e.is_Rational for e in table), all(e.is_extended_real for e in table)
    numbers = Numbers({})
    radius = numbers.value(SpectralRadius(table))
    margins = named_inners(exact.characteristic_polynomial(table)) if real and table.rows <= 2 * LIMIT else {}
    signs = [is_zero(m) for m in margins.values()] if rational else []
    on = tuple(k for k, zero in zip(margins, signs, strict=False) if zero and k in ("fold", "flip", "neimark-sacker"))
    with balls.precision(60):
        stable = True if radius < 1 else False if radius > 1 else None
    values = {k: float(v) for k, v in margins.items()}
    return Verdict(stable, float(radius), 1 - float(radius), values, on)


def stability_region(result: Result) -> Callable[..., Any]:
    """The inequalities of a result as a NumPy predicate of its arrays and symbols, for plots: True inside.

    >>> a, b = sp.symbols("a b", real=True)
    >>> inside = stability_region(stability_conditions(sp.Matrix([[0, 1], [-b, -a]])))
    >>> bool(inside(a=0.5, b=0.2)), bool(inside(a=1.5, b=0.2))
    (True, False)
    """
    if not isinstance(result, Result):
        raise TypeError(f"a Result of stability_conditions is needed, got {type(result).__name__}")
    if not isinstance(result.rhs, sp.logic.boolalg.Boolean):
        raise NoClosedForm(f"{result.name} is no condition")
    picture = Result(
        result.name, sp.Symbol("inside"), "=", sp.Piecewise((1, result.explicit), (0, True)), arrays=result.arrays
    )
    function = array_function(picture)

    def inside(**values: Any) -> Any:
        return function(**values) > 0.5

    return inside
