"""Determinants, characteristic polynomials, resolvents and equations hold at rational points, by SymPy's own numbers."""

from __future__ import annotations

import random

import pytest
import sympy as sp

from rnnsym import exact
from rnnsym.exact import (
    adjugate,
    algebra,
    characteristic_polynomial,
    determinant,
    discriminant,
    generic_rank,
    inverse,
    matrices,
    minors,
    nullspace,
    polynomial_gcd,
    resolvent,
    resultant,
    solve_linear,
)
from rnnsym.result import LimitReached, NoClosedForm, RnnsymError, ShapeError

a, b, c, d, x = sp.symbols("a b c d x", real=True)
z = sp.Symbol("z")
POINT = {
    a: sp.Rational(3, 7),
    b: sp.Rational(-5, 3),
    c: sp.Rational(11, 4),
    d: sp.Rational(2, 9),
    z: sp.Rational(13, 5),
}
POLYNOMIALS = [a, b, c, sp.S.Zero, sp.S.One, sp.Integer(2), 1 - a, a * b, sp.Rational(1, 2)]


def at(e):
    return e.xreplace(POINT)


def random_matrix(rng: random.Random, n: int, m: int) -> sp.Matrix:
    entries = list(POLYNOMIALS)
    kind = rng.randint(0, 6)
    if kind == 0:
        entries += [1 / a, a / (b + 1)]
    if kind == 1:
        entries = [sp.S.Zero, sp.S.One, sp.Rational(-1, 3), sp.Integer(2)]
    if kind == 2 and n == m:
        return a * sp.Matrix(n, n, lambda i, j: rng.randint(-2, 2)) + (1 - b) * sp.eye(n)
    if kind == 3:
        return sp.Matrix(n, m, lambda i, j: rng.choice(entries) if abs(i - j) < 2 else 0)
    M = sp.Matrix(n, m, lambda i, j: rng.choice(entries))
    if kind == 4 and n > 1:
        M[n - 1, :] = M[0, :] * b
    return M


@pytest.mark.parametrize("seed", range(12))
def test_all_questions_agree_with_numbers_at_a_point(seed):
    rng = random.Random(seed)
    for _ in range(5):
        n, m = rng.randint(1, 6), rng.randint(1, 2)
        A, B, C = random_matrix(rng, n, n), random_matrix(rng, n, m), random_matrix(rng, 1, n)
        N, det = at(A), at(A).det(method="berkowitz")
        assert at(determinant(A)) == det
        p = characteristic_polynomial(A)
        assert [at(e) for e in p] == N.charpoly(z).all_coeffs()
        assert N * at(adjugate(A)) == det * sp.eye(n)
        H = at(C) * (POINT[z] * sp.eye(n) - N).inv() * at(B)
        R = resolvent(A, B, C)
        assert R.denominator == p
        below = sum(at(e) * POINT[z] ** (n - k) for k, e in enumerate(p))
        for j in range(m):
            above = sum(at(e) * POINT[z] ** (n - 1 - k) for k, e in enumerate(R.numerator[0][j]))
            assert above / below == H[j]
        for form in ("expanded", "reduced", "factored"):
            assert at(R.matrix(z, form)) == H
        rank = N.rank()
        assert generic_rank(A) == rank
        if rank == n:
            solution, condition = solve_linear(A, B)
            assert N * at(solution) == at(B) and at(condition) == det
        basis, condition = nullspace(A)
        assert len(basis) == n - rank and bool(at(condition))
        assert all((N * at(v)).is_zero_matrix for v in basis)
        assert not basis or at(sp.Matrix.hstack(*basis)).rank() == len(basis)


@pytest.mark.parametrize("family", ["symbols", "sparse", "two parameters", "numbers", "one parameter"])
@pytest.mark.parametrize("n", [2, 5, 7])
def test_the_algorithms_agree_with_one_another(family, n):
    rng = random.Random(n)
    make = {
        "symbols": lambda i, j: sp.Symbol(f"a{i}{j}") if n < 7 or abs(i - j) < 3 else 0,
        "sparse": lambda i, j: sp.Symbol(f"a{i}{j}") if abs(i - j) < 2 else 0,
        "two parameters": lambda i, j: rng.randint(-3, 3) * a + rng.randint(-3, 3) * b + rng.randint(-3, 3),
        "numbers": lambda i, j: rng.randint(-9, 9),
        "one parameter": lambda i, j: rng.choice([a, 0, 1, -1, a**2 + 1]),
    }[family]
    ring, rows, _ = algebra.table(sp.ImmutableDenseMatrix(n, n, make))
    reference = matrices.berkowitz(ring, rows)
    assert matrices.laplace_charpoly(ring, rows) == reference == matrices.charpoly(ring, rows)
    packed = matrices.packing(ring, rows)
    if packed.bits <= 10 * matrices.KRONECKER_BITS:
        assert [packed.unpack(e) for e in packed.table(rows).charpoly().coeffs()[::-1]] == reference
    assert matrices.laplace(ring, rows) * (-1) ** n == reference[-1]
    assert sum(map(len, reference)) <= matrices.predicted_terms(rows, shifted=True)


def test_the_leak_and_the_gain_are_seen_as_a_shift_and_a_scale():
    W = sp.Matrix(4, 4, lambda i, j: (3 * i + 5 * j * j) % 7 - 3)
    ring, rows, _ = algebra.table(sp.ImmutableDenseMatrix((1 - a) * sp.eye(4) + a * b * W))
    s, t, inner = matrices.shift_and_scale(ring, rows)
    assert ring.expression(t) == a * b and all(p.is_constant() for row in inner for p in row)
    n = len(rows)
    for i in range(n):
        for j in range(n):
            assert rows[i][j] == inner[i][j] * t + (s if i == j else 0)


@pytest.mark.parametrize(
    ("M", "k", "values"),
    [([[a, 1, 0], [0, 1, b]], 2, (a, a * b, b)), ([[a, b]], 1, (a, b)), ([[a, b], [c, d]], 0, (1,))],
)
def test_minors_stand_in_lexicographic_order(M, k, values):
    assert minors(M, k) == values


def test_an_inverse_is_an_adjugate_and_the_condition_under_which_it_is_one():
    adj, det = inverse([[a, 1], [1, a]])
    assert det == a**2 - 1 and adj == sp.Matrix([[a, -1], [-1, a]])


def test_equations_without_a_solution_everywhere_are_refused():
    with pytest.raises(NoClosedForm, match="nullspace"):
        solve_linear([[a, a * b], [1, b]], [1, 0])


def test_the_nullspace_says_where_it_is_one():
    (v,), condition = nullspace([[a, b], [a**2, a * b]])
    assert (v.T.tolist(), condition) == ([[-b, a]], sp.Ne(a, 0))


def test_functions_are_generators_and_their_relations_are_seen():
    sigmoid = 1 / (1 + sp.exp(-x))
    assert determinant([[sigmoid, (1 + sp.tanh(x / 2)) / 2], [1, 1]]) == 0
    assert determinant([[sp.sqrt(2), a], [b, sp.sqrt(2)]]) == 2 - a * b
    assert generic_rank([[sigmoid, (1 + sp.tanh(x / 2)) / 2], [1, 1]]) == 1
    assert characteristic_polynomial([[sp.tanh(a), 1], [0, sp.tanh(a)]]) == (1, -2 * sp.tanh(a), sp.tanh(a) ** 2)


def test_the_rank_of_distinct_symbols_is_full_whatever_the_random_point():
    n = 5
    A = sp.Matrix(n, n, lambda i, j: sp.Symbol(f"a{i}{j}"))
    columns = [sp.Matrix(n, 1, lambda i, j: sp.Symbol(f"b{i}"))]
    for _ in range(n - 1):
        columns.append((A * columns[-1]).applyfunc(sp.expand))
    assert generic_rank(sp.Matrix.hstack(*columns)) == n


def test_resultants_discriminants_and_gcds():
    assert resultant(x**2 + a * x + b, x - c, x) == a * c + b + c**2
    assert resultant(x - a, 2 * x - 2 * a, x) == 0
    assert discriminant(a * x**2 + b * x + c, x) == b**2 - 4 * a * c
    assert resultant(x / a - 1, x - b, x) == sp.cancel((b - a) / a) * -1 * -1 or resultant(x / a - 1, x - b, x).subs(
        {a: 2, b: 3}
    ) == sp.resultant(x / 2 - 1, x - 3, x)
    assert polynomial_gcd((x - a) * (x + 1) * a, (x - a) * x * a, x) == x - a
    assert polynomial_gcd(2 * a * b, 4 * a) == a


def test_a_resultant_of_what_is_no_polynomial_is_refused():
    with pytest.raises(RnnsymError, match="denominator"):
        resultant(1 / x, x - 1, x)
    with pytest.raises(RnnsymError, match="function"):
        resultant(sp.exp(x) + x, x - 1, x)


def test_a_transform_variable_that_is_a_parameter_is_refused():
    s = sp.Symbol("s")
    R = resolvent([[0, 1], [s, a]], [0, 1], [[1, 0]])
    assert R.matrix(z)[0] == 1 / (z**2 - a * z - s)
    with pytest.raises(RnnsymError, match="s is also a parameter"):
        R.matrix(s)


def test_shapes_are_checked_and_the_message_has_the_numbers():
    for wrong in (
        lambda: determinant([[a, b]]),
        lambda: resolvent([[a]], [1, 2], [[1]]),
        lambda: solve_linear([[a]], [1, 2]),
    ):
        with pytest.raises(ShapeError, match=r"\d"):
            wrong()


def test_what_swells_is_refused_before_it_is_expanded():
    with pytest.raises(LimitReached, match=r"\d+ terms"):
        determinant(sp.Matrix(12, 12, lambda i, j: sp.Symbol(f"a{i}_{j}")))


def test_chained_questions_do_the_work_once():
    A = sp.ImmutableDenseMatrix(3, 3, lambda i, j: sp.Symbol(f"k{i}{j}"))
    first = characteristic_polynomial(A)
    assert resolvent(A, [1, 0, 0], [[0, 0, 1]]).denominator is first


def test_every_name_of_the_room_exists():
    assert all(hasattr(exact, name) for name in exact.__all__)
