"""Modes of a linear recurrence: eigenvalues, spectral decomposition, complex pairs as rotations, time scales.

    modes                   eigenvalues with multiplicity (an irreducible factor where a root has no closed form)
    spectral_decomposition  A = Q Lambda Q^-1: y = Q^-1 h obeys y_t = Lambda y_(t-1) + Q^-1 (U x_t + b)
    rotation_form           a real 2 x 2 matrix with a complex pair as r R(theta) in another basis
    diagonalizable          for which parameters a matrix has a basis of eigenvectors
    timescales              decay time, half-life and period of every mode
May import: everything to the left of `analysis`, and analysis.linear.
"""

from __future__ import annotations

from itertools import combinations
from typing import Any

import sympy as sp

from rnnsym import exact
from rnnsym.analysis.linear import as_system
from rnnsym.cells.record import Cell, as_table
from rnnsym.defined import DecayTime, Diagonalizable, Modes, Pairs, Period
from rnnsym.exact import factored, is_zero, normal
from rnnsym.result import LimitReached, NoClosedForm, Result, ShapeError, Step
from rnnsym.systems import LinearSystem
from rnnsym.systems.functions import X, differ, fresh, never_zero, spectrum

READABLE = 60  # operations up to which a discriminant is written out


def modes(A: Any) -> Result:
    """The modes of h_t = A h_{t-1}: the eigenvalues of A with multiplicity, det(lambda I - A) = prod (lambda - lambda_i)^m_i.

    `.rhs` is a Tuple of (eigenvalue, multiplicity), or (Poly, multiplicity) for an irreducible factor without roots
    in closed form (degree 3 and more, but for z^k = c). Eigenvalues that coincide only for special parameters
    stand apart; their multiplicities then add up.
    Shapes: A (n, n), or a LinearSystem.

    >>> a, c = sp.symbols("a c", real=True)
    >>> modes([[a, c], [c, a]]).rhs
    ((a - c, 1), (a + c, 1))
    """
    A, given = matrix_of(A)
    variable = fresh("z", A)
    entries = [
        (sp.Poly(v.xreplace({X: variable}), variable) if X in v.free_symbols else v, count) for v, count in spectrum(A)
    ]
    return Result("modes", Modes(A), "=", Pairs(*(sp.Tuple(*e) for e in entries)), given)


def spectral_decomposition(A: Any) -> Result:
    """A = Q Lambda Q^-1 with the eigenvectors in the columns of Q: in y = Q^-1 h the modes decouple, y_i(t) = lambda_i^t y_i(0).

    Q is not orthogonal unless A is normal: |h_t| <= kappa(Q) rho^t |h_0| only.
    Given:  det Q is not 0: the eigenvalues are distinct and the eigenvectors shown are not 0.
    Raises: NoClosedForm if an eigenvalue has no closed form, or if A is defective for all parameters (see matrix_power).
    Source: A-LIN-1.

    >>> a, b = sp.symbols("a b", real=True)
    >>> spectral_decomposition([[a, 1], [0, b]]).given
    Ne(a - b, 0)
    """
    A, given = matrix_of(A)
    columns, values = [], []
    for value, count in spectrum(A):
        if X in value.free_symbols:
            raise NoClosedForm(
                "an eigenvalue of A has no closed form; give numbers for some entries, use modes(A) for its factors, or "
                "stability_conditions(A), the Schur-Cohn conditions"
            )
        found = _eigenvectors(A, value, count)
        if len(found) < count:
            raise NoClosedForm(
                f"A is not diagonalizable: the eigenvalue {value} has multiplicity {count} and {len(found)} eigenvectors; "
                "matrix_power(A) is right for it"
            )
        columns += found
        values += [value] * count
    Q = sp.ImmutableMatrix(sp.Matrix.hstack(*columns))
    top, bottom = exact.inverse(Q)
    if is_zero(bottom):
        raise NoClosedForm("the eigenvectors of A are dependent for all parameters; matrix_power(A) is right for it")
    condition = _nonzero(bottom)
    inverse = (top / bottom).applyfunc(normal)
    rhs = sp.MatMul(Q, sp.ImmutableMatrix(sp.diag(*values)), inverse, evaluate=False)
    return Result("spectral decomposition", A, "=", rhs, sp.And(given, condition))


def _nonzero(expression: Any) -> Any:
    """The condition that a product is not 0, without exponents, numbers and square roots round it."""
    parts = []
    for part in sp.Mul.make_args(factored(expression)):
        base = part.base if isinstance(part, sp.Pow) and part.exp.is_number else part
        base = factored(base) if base is not part else base
        if not (base.is_number and never_zero(base)):
            parts.append(base)
    signed = [-p if p.could_extract_minus_sign() else p for p in parts if not never_zero(p)]
    return sp.And(*(sp.Ne(p, 0) for p in dict.fromkeys(signed)))


def _opposite(condition: Any) -> Any:
    """One of the factors is 0: the opposite of what `_nonzero` says."""
    return sp.Or(*(sp.Eq(*c.args) for c in sp.And.make_args(condition)))


def _eigenvectors(A: Any, value: Any, count: int) -> list[Any]:
    """As many eigenvectors of an eigenvalue as there are: a column of adj(lambda I - A) for a simple one, else a nullspace."""
    shifted = sp.ImmutableMatrix((value * sp.eye(A.rows) - A).applyfunc(normal))
    if count == 1:
        table: Any = exact.adjugate(shifted)
        columns = [table[:, j] for j in range(A.rows) if not all(is_zero(e) for e in table[:, j])]
        if columns:
            best = min(columns, key=lambda v: (sum(not is_zero(e) for e in v), sum(e.count_ops() for e in v)))
            return [_primitive(best)]
    basis, _ = exact.nullspace(shifted)
    return [sp.ImmutableMatrix(v) for v in basis]


def _primitive(vector: Any) -> Any:
    """The vector without what all its entries share."""
    table = [factored(e) for e in vector]
    nonzero = [e for e in table if e != 0]
    if len(nonzero) == 1:
        return sp.ImmutableMatrix([[sp.S.Zero if e == 0 else sp.S.One] for e in table])
    shared = set.intersection(*({f for f in sp.Mul.make_args(e)} for e in nonzero))
    common = sp.Mul(*(f for f in shared if f != -1))
    return sp.ImmutableMatrix([[normal(e / common)] for e in table])


def rotation_form(A: Any) -> Result:
    """T^-1 A T = r R(theta) for a real 2 x 2 matrix with a complex pair of eigenvalues r e^(+-i theta).

    T has the columns e_1 and (A - sigma I) e_1 / omega, sigma +- i omega being the pair; r and theta are in `where`.
    The mode decays by r and turns by theta each step: half-life ln 2 / (-ln r), period 2 pi / theta.
    Given:  4 det A > (tr A)^2.
    Raises: ShapeError if A is not 2 x 2; NoClosedForm if its eigenvalues are real for all parameters.
    Source: A-LIN-1 (iii).
    """
    A, given = matrix_of(A)
    if A.shape != (2, 2):
        raise ShapeError(f"A is {A.rows} x {A.cols}; the rotation of one pair is that of a 2 x 2 matrix (see modes)")
    trace, determinant = normal(A[0, 0] + A[1, 1]), factored(A[0, 0] * A[1, 1] - A[0, 1] * A[1, 0])
    spread = factored(4 * determinant - trace**2)
    if is_zero(spread) or spread.is_nonpositive or is_zero(A[1, 0]):
        raise NoClosedForm("the eigenvalues of A are real, there is no rotation; use spectral_decomposition or modes")
    omega = sp.sqrt(spread) / 2
    basis = sp.ImmutableMatrix([[1, normal(A[0, 0] - trace / 2) / omega], [0, A[1, 0] / omega]])
    r, theta = fresh("r", A), fresh("theta", A)
    modulus = sp.sqrt(determinant)
    where = ((r, modulus), (theta, 2 * sp.atan(2 * omega / (trace + 2 * modulus))))
    turned = sp.ImmutableMatrix([[r * sp.cos(theta), -r * sp.sin(theta)], [r * sp.sin(theta), r * sp.cos(theta)]])
    lhs = sp.MatMul(sp.Inverse(basis), A, basis, evaluate=False)
    plain = sp.ImmutableMatrix([[trace / 2, -omega], [omega, trace / 2]])
    condition = sp.true if spread.is_positive else sp.Gt(spread, 0)
    steps = (Step(plain, "A e_1 = sigma e_1 + omega T e_2, A T e_2 = sigma T e_2 - omega e_1"),)
    return Result("rotation form", lhs, "=", turned, sp.And(given, condition), where, steps)


def diagonalizable(A: Any) -> Result:
    """Whether A has a basis of eigenvectors: where its squarefree characteristic polynomial p / gcd(p, p') is 0 at A.

    With k eigenvalues lost to repetition, the cofactor u_k of the subresultant of p and p' is p / gcd(p, p') up to a factor
    that is not 0: A is diagonalizable iff u_k(A) = 0. k = 0 is a discriminant that is not 0; for 2 x 2 matrices, k = 1 a
    multiple of I. A companion matrix, or any with no zero next to its diagonal and nothing beyond, is so only for k = 0;
    a symmetric real one always. Coefficients c_k of p are named in `where` if the discriminant would be long.
    Raises: NoClosedForm if the conditions are too many to write out.

    >>> a, b = sp.symbols("a b", real=True)
    >>> diagonalizable([[a, 1], [0, b]]).rhs
    Ne(a - b, 0)
    """
    A, given = matrix_of(A)
    where: tuple[tuple[Any, Any], ...] = ()
    if A.rows == 1 or A.is_diagonal() or (A.T == A and all(e.is_real for e in A)):
        condition: Any = sp.true
    elif A.rows == 2:
        gap = normal((A[0, 0] - A[1, 1]) ** 2 + 4 * A[0, 1] * A[1, 0])
        parts = [factored(e) for e in (A[0, 1], A[1, 0], A[0, 0] - A[1, 1])]
        scalar = sp.And(*(sp.true if is_zero(e) else sp.false if never_zero(e) else sp.Eq(e, 0) for e in parts))
        apart = sp.false if is_zero(gap) else _nonzero(gap)
        condition = sp.Or(apart, scalar)
    elif not A.free_symbols:
        condition = sp.S(all(len(_eigenvectors(A, v, c)) >= c for v, c in spectrum(A) if X not in v.free_symbols))
    elif _has_one_vector(A) or _has_one_vector(A.T):
        condition, where = _distinct_roots(A)
    else:
        try:
            condition = _squarefree_at(A)
        except LimitReached as error:
            raise NoClosedForm(
                f"the condition is too long ({error}); a discriminant of det(lambda I - A) that is not 0 is sufficient, "
                "as is spectral_decomposition(A).given"
            ) from error
    return Result("diagonalizability", Diagonalizable(A), "<=>", condition, given, where)


def _has_one_vector(A: Any) -> bool:
    """Whether each eigenvalue has one eigenvector: nothing above the first superdiagonal, on which no entry is 0."""
    n = A.rows
    return all(never_zero(A[i, i + 1]) for i in range(n - 1)) and all(
        is_zero(A[i, j]) for i in range(n) for j in range(i + 2, n)
    )


def _distinct_roots(A: Any) -> tuple[Any, Any]:
    """The discriminant of det(lambda I - A) is not 0, in its coefficients if that is shorter; (condition, where)."""
    coefficients = exact.characteristic_polynomial(A)
    named = [fresh(f"c_{k}", A) for k in range(1, A.rows + 1)]
    used = [c if not c.free_symbols or c.is_Symbol else name for c, name in zip(coefficients[1:], named, strict=True)]
    short = exact.discriminant(sp.Add(*(c * X ** (A.rows - k) for k, c in enumerate([sp.S.One, *used]))), X)
    where = tuple((n, normal(c)) for n, c in zip(named, coefficients[1:], strict=True) if n in short.free_symbols)
    put_in = short.xreplace(dict(where))
    try:
        whole = factored(put_in)
    except LimitReached:
        return sp.Ne(short, 0), where
    if not whole.free_symbols:
        return sp.S(is_zero(whole) is False), ()
    return (_nonzero(whole), ()) if whole.count_ops() <= max(READABLE, short.count_ops()) else (sp.Ne(short, 0), where)


def _squarefree_at(A: Any) -> Any:
    """u_k(A) = 0 for the k for which the first subresultant coefficient of p and p' is not 0."""
    n = A.rows
    p = exact.characteristic_polynomial(A)
    slope = [sp.S.Zero, *(c * (n - k) for k, c in enumerate(p[:-1]))]
    cases: list[Any] = []
    before: list[Any] = []
    for k in range(n):
        if k == 0:
            polynomial = sp.Add(*(c * X ** (n - i) for i, c in enumerate(p)))
            first, u = factored(exact.discriminant(polynomial, X)), None
        else:
            u, _ = exact.cofactor(slope, p, k)
            first = factored(u[0])
        if is_zero(first):
            continue
        apart = sp.true if never_zero(first) else _nonzero(first)
        cases.append(sp.And(*before, apart, sp.true if u is None else _vanishes_at(A, u, first)))
        if apart == sp.true:
            break
        before.append(_opposite(apart))
    return sp.Or(*cases)


def _vanishes_at(A: Any, u: Any, first: Any) -> Any:
    """u(A) = 0 entry by entry, where the first coefficient of u is not 0."""
    value = sp.zeros(A.rows, A.rows)
    for c in u:
        value = (value * A + c * sp.eye(A.rows)).applyfunc(sp.expand)
    conditions = []
    for e in value:
        ratio = factored(e / first)
        top = sp.fraction(ratio)[0]
        if is_zero(top):
            continue
        apart = sp.true if never_zero(top) else _nonzero(top)
        if apart == sp.true:
            return sp.false
        conditions.append(_opposite(apart))
    return sp.And(*dict.fromkeys(conditions))


def timescales(A: Any) -> Result:
    """Decay time tau = -1 / ln|lambda|, half-life ln 2 / (-ln|lambda|) and period 2 pi / |arg lambda|: one row for each mode.

    In the order of modes(A). lambda = 0 is forgotten at once (0). |lambda| = 1 never decays (oo): a simple eigenvalue
    persists, a defective one grows like a power of t. |lambda| > 1 grows: the time is negative, by which it was 1/e.
    lambda > 0 does not turn: the period is oo; lambda < 0 has period 2.
    Raises: NoClosedForm if an eigenvalue has no closed form.
    Source: A-LIN-2.

    >>> timescales(sp.Rational(1, 2)).rhs
    Matrix([[1/log(2), 1, oo]])
    """
    A, given = matrix_of(A)
    left, right = [], []
    for value, _ in spectrum(A):
        if X in value.free_symbols:
            raise NoClosedForm(
                "an eigenvalue of A has no closed form, nor have its time scales; give numbers for some entries, or use "
                "stability_conditions(A), the Schur-Cohn conditions"
            )
        left.append([DecayTime(value, sp.exp(-1)), DecayTime(value, sp.S.Half), Period(value)])
        right.append([_decay(value, sp.S.One), _decay(value, sp.log(2)), _period(value)])
    return Result("time scales", sp.ImmutableMatrix(left), "=", sp.ImmutableMatrix(right), given)


def _decay(value: Any, level: Any) -> Any:
    """level / (-ln |lambda|) with its cases."""
    modulus = sp.Abs(value)
    if not value.free_symbols:
        if is_zero(value):
            return sp.S.Zero
        square = sp.expand(value * sp.conjugate(value))
        if is_zero(square - 1):
            return sp.oo
        return sp.simplify(-level / sp.log(modulus)) if value.is_rational else -level / sp.log(modulus)
    cases = [] if never_zero(value) else [(sp.S.Zero, sp.Eq(value, 0))]
    return sp.Piecewise(*cases, (sp.oo, sp.Eq(modulus, 1)), (-level / sp.log(modulus), True))


def _period(value: Any) -> Any:
    """2 pi / |arg lambda| with its cases."""
    if value.is_nonnegative:
        return sp.oo
    if value.is_negative:
        return sp.Integer(2)
    if value.is_real:
        return sp.Piecewise((sp.Integer(2), sp.Lt(value, 0)), (sp.oo, True))
    angle = sp.arg(value)
    if not value.free_symbols:
        return 2 * sp.pi / sp.Abs(angle)
    return sp.Piecewise((sp.oo, sp.Eq(angle, 0)), (2 * sp.pi / sp.Abs(angle), True))


def matrix_of(A: Any) -> tuple[Any, Any]:
    """The square matrix of a model and its hypotheses."""
    if isinstance(A, LinearSystem | Cell):
        system = as_system(A, "modes")
        return system.A, system.given
    table = as_table(A, None, "A")
    if table.rows != table.cols:
        raise ShapeError(f"A is {table.rows} x {table.cols}; the matrix of a recurrence must be square")
    return table, sp.true


def distinct(A: Any) -> Any:
    """The condition that all eigenvalues differ."""
    values = [v for v, c in spectrum(matrix_of(A)[0]) for _ in range(c)]
    return sp.And(*(differ(x, y) for x, y in combinations(values, 2)))
