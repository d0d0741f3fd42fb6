"""Gramians and covariances: sums of A^k Q A*^k, infinite ones as solutions of P = A P A* + Q, exactly.

Every infinite sum has stability as its hypothesis: outside the unit circle the equation has a solution still, which is no
sum (Kailath, Linear Systems, 1980). May import: everything to the left of `analysis.gramians`.
"""

from __future__ import annotations

from typing import Any

import sympy as sp

from rnnsym import exact
from rnnsym.analysis.filters import discrete, nonzero, reals, stability
from rnnsym.analysis.poles import KAILATH
from rnnsym.defined import Covariance, Gramian, StationaryCovariance
from rnnsym.exact import factored, is_zero, normal
from rnnsym.result import NoClosedForm, Result, ShapeError, SpecError, Step
from rnnsym.systems import LinearSystem
from rnnsym.systems.functions import Power, divided_difference, function_of

DIVERGES = "the infinite sum diverges"


STEIN_LIMIT = 30  # unknowns of a Stein equation with symbols


def adjoint(M: Any) -> Any:
    """The conjugate transpose; the transpose where all entries are real."""
    return sp.ImmutableMatrix(M).applyfunc(sp.conjugate).T


def stein(A: Any, Q: Any) -> Any:
    """The solution P of P = A P A* + Q for Q = Q*, each entry factored; unique where no l_i conj(l_j) is 1."""
    return stein_solution(A, Q)[0]


def stein_solution(A: Any, Q: Any) -> tuple[Any, Any]:
    """(P, what must not be 0): the solution of P = A P A* + Q for Q = Q*.

    A diagonal A gives P_ij = Q_ij / (1 - l_i conj(l_j)); otherwise P is solved for, half of it if A and Q are real.
    """
    A, Q = sp.ImmutableMatrix(A), sp.ImmutableMatrix(Q)
    n = A.rows
    if n == 0:
        return A, sp.S.One
    star = adjoint(A)
    if A.is_diagonal():
        below = factored(sp.Mul(*(1 - A[i, i] * star[j, j] for i in range(n) for j in range(n))))
        return sp.ImmutableMatrix(n, n, lambda i, j: factored(Q[i, j] / (1 - A[i, i] * star[j, j]))), below
    is_real = all(e.is_real or e.free_symbols and not e.has(sp.I) and all(s.is_real is not False for s in e.free_symbols) for e in (*A, *Q))  # fmt: skip
    if is_real:
        star = A.T
        places = [(i, j) for i in range(n) for j in range(i, n)]
    else:
        places = [(i, j) for i in range(n) for j in range(n)]
    if len(places) > STEIN_LIMIT and (A.free_symbols or Q.free_symbols):
        raise NoClosedForm(f"the Stein equation of {n} states has {len(places)} symbolic unknowns; give numbers")
    index = {place: k for k, place in enumerate(places)}
    if is_real:
        index |= {(j, i): k for (i, j), k in list(index.items())}
    rows = []
    for i, j in places:
        row = [sp.S.Zero] * len(places)
        row[index[i, j]] += sp.S.One
        for a in range(n):
            for b in range(n):
                row[index[a, b]] -= A[i, a] * star[b, j]
        rows.append(row)
    solved: Any
    solved, below = exact.solve_linear(sp.ImmutableMatrix(rows), sp.ImmutableMatrix([Q[p] for p in places]))
    return sp.ImmutableMatrix(n, n, lambda i, j: solved[index[i, j], 0]), below


def transposes(system: LinearSystem) -> Any:
    """The hypothesis under which A* is the transpose that `stein` took."""
    entries = [e for M in system.matrices for e in M]
    return (
        sp.true if any(e.has(sp.I) or e.is_real is False for e in entries) or system.A.is_diagonal() else reals(system)
    )


def gramian(model: Any, kind: str, *, horizon: Any = sp.oo) -> Result:
    """A Gramian, sum_{k < N} A^k B B* A*^k ("controllability") or sum_{k < N} A*^k C* C A^k ("observability").

    Shapes: (n, n). horizon: a whole number N >= 0, valid for every A; a symbol if A is diagonal; infinite by default.
    Given:  for the infinite sum, every eigenvalue of A is inside the unit circle; parameters real.
    Raises: SpecError for another kind; RnnsymError for the infinite sum of an unstable A.

    >>> gramian(LinearSystem([[sp.Rational(1, 2)]], [[1]]), "controllability").rhs
    Matrix([[4/3]])
    """
    if kind not in ("controllability", "observability"):
        raise SpecError(f"unknown kind of Gramian {kind!r}; known: controllability, observability")
    system = discrete(model, "a Gramian")
    A, B = (system.A, system.B) if kind == "controllability" else (adjoint(system.A), adjoint(system.C))
    Q = (B * adjoint(B)).applyfunc(sp.expand)
    count = horizon_of(horizon)
    given = sp.And(system.given, transposes(system))
    steps: tuple[Step, ...] = ()
    where: tuple[Any, ...] = ()
    if count is sp.oo:
        given = sp.And(given, stability(system, DIVERGES))
        rhs = stein(A, Q)
        steps = (
            (Step((A * rhs * adjoint(A) + Q).applyfunc(normal), "the Stein equation W = A W A* + Q"),)
            if system.n < 3
            else ()
        )
    else:
        rhs, more, where = partial_sum(A, Q, count)
        given = sp.And(given, more)
    node = Gramian(system.A, system.B if kind == "controllability" else system.C, kind, count)
    return Result(f"{kind} Gramian of the {system.name}", node, "=", rhs, given, where, steps=steps, source=(KAILATH,))


def horizon_of(horizon: Any) -> Any:
    if horizon in (sp.oo, None, float("inf")):
        return sp.oo
    if isinstance(horizon, bool | float):
        raise SpecError(f"a horizon must be a whole number >= 0, a symbol of one, or oo; got {horizon!r}")
    count = sp.sympify(horizon, strict=True)
    if count.is_integer is not True or count.is_negative:
        raise SpecError(f"a horizon must be a whole number >= 0, a symbol of one, or oo; got {horizon!r}")
    return count


def partial_sum(A: Any, Q: Any, count: Any) -> tuple[Any, Any, tuple[Any, ...]]:
    """(sum_{k < count} A^k Q A*^k, hypothesis, where).

    Term by term for a whole number. For a symbol: geometric sums if A is diagonal; otherwise P - A^N P A*^N with the
    solution P of P = A P A* + Q, where that is unique (no product l_i conj(l_j) is 1), for an unstable A too.
    """
    A, Q = sp.ImmutableMatrix(A), sp.ImmutableMatrix(Q)
    star = adjoint(A)
    if count.is_Integer:
        exact.refuse_powers(f"the sum of {count} terms A^k Q A*^k", A, Q, int(count), both_sides=True)
        total, term = sp.zeros(A.rows, A.rows), Q
        for _ in range(int(count)):
            total, term = total + term, (A * term * star).applyfunc(sp.expand)
        return sp.ImmutableMatrix(total).applyfunc(factored), sp.true, ()
    if A.is_diagonal():
        return (
            sp.ImmutableMatrix(A.rows, A.rows, lambda i, j: Q[i, j] * geometric(A[i, i] * star[j, j], count)),
            sp.true,
            (),
        )
    P, below = stein_solution(A, Q)
    power, where = function_of(A, Power(count))
    return sp.ImmutableMatrix(P - power * P * adjoint(power)), nonzero(below), where


def geometric(x: Any, count: Any) -> Any:
    """1 + x + ... + x^(count - 1), right at x = 1."""
    return count if is_zero(x - 1) else divided_difference(Power(count), [factored(x), sp.S.One])


def covariance(model: Any, *, noise: Any = 1, steps: Any = sp.oo, start: Any = None) -> Result:
    """The covariance of the state under white input noise: P = A P A* + B S B*, or P_t after `steps` steps.

    Shapes: (n, n). noise: the covariance S of the input, a number for S = s I; start: P_0, zero by default.
    Given:  for the stationary one, every eigenvalue of A is inside the unit circle.
    Raises: SpecError if S is no covariance; RnnsymError for the stationary covariance of an unstable A.

    >>> a = sp.Symbol("a", real=True)
    >>> covariance(LinearSystem([[a]], [[1]])).rhs
    Matrix([[1/((1 - a)*(a + 1))]])
    """
    system = discrete(model, "a covariance")
    A, B = system.A, system.B
    S, hypothesis = noise_matrix(noise, system.m)
    Q = (B * S * adjoint(B)).applyfunc(factored)
    given = sp.And(system.given, hypothesis, transposes(system))
    count = horizon_of(steps)
    if count is sp.oo:
        if start is not None:
            raise SpecError("the stationary covariance does not depend on the start; leave start out, or give steps")
        given = sp.And(given, stability(system, DIVERGES))
        return Result(f"stationary covariance of the {system.name}", StationaryCovariance(A, Q), "=", stein(A, Q), given, source=(KAILATH,))  # fmt: skip
    first, more = noise_matrix(0 if start is None else start, system.n)
    power, where = function_of(A, Power(count)) if not count.is_Integer else (A ** int(count), ())
    moved = power * first * adjoint(power) if not all(e == 0 for e in first) else sp.zeros(system.n, system.n)
    total, condition, named = partial_sum(A, Q, count)
    rhs = (total + moved).applyfunc(factored) if count.is_Integer else total + moved
    where = where if where and any(e != 0 for e in first) else named
    return Result(
        f"covariance of the {system.name} after {count} steps", Covariance(A, Q, count, first), "=", rhs,
        sp.And(given, more, condition), where, source=(KAILATH,),
    )  # fmt: skip


def noise_matrix(noise: Any, size: int) -> tuple[Any, Any]:
    """The covariance matrix of a noise, and the hypothesis that it is one.

    Raises: SpecError for a negative variance or a matrix that is not positive semidefinite; ShapeError for its size.
    """
    is_table = hasattr(noise, "shape") or isinstance(noise, list | tuple)
    S = sp.ImmutableMatrix(noise) if is_table else sp.sympify(noise, strict=True) * sp.ImmutableMatrix(sp.eye(size))
    if S.shape != (size, size):
        raise ShapeError(f"the covariance of the noise is {S.rows} x {S.cols}; {size} x {size} is needed")
    if not is_table:
        variance = sp.sympify(noise, strict=True)
        if variance.is_negative:
            raise SpecError(f"a variance must be >= 0, got {variance}")
        return S, sp.true if variance.is_nonnegative else sp.Ge(variance, 0)
    if any(not is_zero(e) for e in S - adjoint(S)) and not S.free_symbols:
        raise SpecError("a covariance must be symmetric; this matrix is not")
    if S.free_symbols:
        minors = [exact.determinant(S.extract(list(rows), list(rows))) for rows in _subsets(size)]
        symmetric = [sp.Eq(S[i, j], sp.conjugate(S[j, i])) for i in range(size) for j in range(i)]
        return S, sp.And(*symmetric, *(sp.Ge(m, 0) for m in minors))
    least = min(sp.N(v, 30).as_real_imag()[0] for v in _eigenvalues(S))
    if least < -sp.Float("1e-20"):
        raise SpecError(
            f"covariance not positive semidefinite (eigenvalue {float(least):.6g}); a variance must be >= 0"
        )
    return S, sp.true


def _subsets(size: int) -> list[tuple[int, ...]]:
    return [tuple(i for i in range(size) if mask >> i & 1) for mask in range(1, 1 << size)]


def _eigenvalues(S: Any) -> list[Any]:
    x = sp.Dummy("x")
    parts = exact.characteristic_polynomial(S)
    polynomial = sp.Poly(sum(c * x ** (S.rows - k) for k, c in enumerate(parts)), x)
    if polynomial.domain.is_QQ or polynomial.domain.is_ZZ:
        polynomial = polynomial.sqf_part()  # the search for a multiple root does not converge
    return polynomial.nroots(n=30, maxsteps=500)
