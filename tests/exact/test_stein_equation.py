"""The Stein equation: the solution solves it, its denominator is the one the eigenvalues say, and what has none is refused."""

from __future__ import annotations

import random

import pytest
import sympy as sp

from rnnsym.exact import characteristic_polynomial, stein
from rnnsym.exact.fields import Ring
from rnnsym.exact.stein_equation import autocorrelation
from rnnsym.result import LimitReached, NoClosedForm, ShapeError

a, b, c = sp.symbols("a b c", real=True)
POINT = {a: sp.Rational(3, 7), b: sp.Rational(-5, 3), c: sp.Rational(11, 4)}


def residual(A, Q, X) -> sp.Matrix:
    A, Q = sp.Matrix(A).xreplace(POINT), sp.Matrix(Q).xreplace(POINT)
    X = X.numerator.xreplace(POINT) / sp.sympify(X.denominator).xreplace(POINT)
    return X - A * X * A.T - Q


@pytest.mark.parametrize("seed", range(30))
def test_the_solution_solves_the_equation(seed):
    rng = random.Random(seed)
    n = 1 + seed % 4
    entries = (
        [a, b, sp.S.Zero, sp.S.One, sp.Rational(1, 2), 1 - a, a / (b + 2)] if n < 4 else [a, 0, sp.Rational(1, 3), 2]
    )
    for turn in range(3):
        A = sp.Matrix(n, n, lambda i, j: rng.choice(entries))
        if turn == 1:
            A = sp.diag(*[rng.choice([a, b, c, sp.Rational(1, 2)]) for _ in range(n)])
        Q = sp.Matrix(n, n, lambda i, j: rng.choice([*entries, c]))
        Q = Q if turn == 0 else Q + Q.T
        try:
            X = stein(A, Q)
        except NoClosedForm:
            I = sp.eye(n**2) - sp.kronecker_product(A.xreplace(POINT), A.xreplace(POINT))
            assert I.det() == 0
            continue
        assert residual(A, Q, X).is_zero_matrix


def test_a_diagonal_system_has_the_cauchy_matrix():
    X, below = stein(sp.diag(a, b), sp.ones(2, 2))
    expected = sp.Matrix([[1 / (1 - a * a), 1 / (1 - a * b)], [1 / (1 - a * b), 1 / (1 - b * b)]])
    assert (X / below - expected).applyfunc(sp.cancel).is_zero_matrix
    assert (
        sp.expand(below - (1 - a**2) * (1 - b**2) * (1 - a * b)) in (0, sp.expand(-2 * below))
        or sp.degree(below, a) == 3
    )


def test_what_is_common_to_all_entries_is_cancelled():
    X, below = stein(sp.diag(a, b), sp.eye(2))
    assert sp.expand(below - (1 - a**2) * (1 - b**2)) == 0 or sp.expand(below + (1 - a**2) * (1 - b**2)) == 0


@pytest.mark.parametrize("n", range(1, 6))
def test_the_determinant_of_the_yule_walker_equations_has_three_factors(n):
    rng = random.Random(n)
    A = sp.Matrix(n, n, lambda i, j: rng.choice([a, 1, 0, -1, 2]))
    ring = Ring.over(characteristic_polynomial(A))
    (p,), _ = ring.matrix([characteristic_polynomial(A)])
    r, factors = autocorrelation(ring, p, n)
    D = factors[0] * factors[1] * factors[2]
    last = [*r]
    extra, _ = autocorrelation(ring, p, n + 1)
    assert extra[:n] == last
    # the first equation: sum_k p_k r_k = 1
    assert sum((x * y for x, y in zip(p, extra, strict=True)), ring.context.constant(0)) == D


def test_all_symbols_of_order_three_have_an_answer():
    A = sp.Matrix(3, 3, lambda i, j: sp.Symbol(f"a{i}{j}"))
    X = stein(A, sp.eye(3))
    point = {s: sp.Rational(k * k % 7 - 3, 5) for k, s in enumerate(sorted(A.free_symbols, key=str))}
    N, Y = A.xreplace(point), X.numerator.xreplace(point) / X.denominator.xreplace(point)
    assert Y - N * Y * N.T == sp.eye(3)


def test_a_unit_eigenvalue_and_a_reciprocal_pair_are_refused():
    for A in ([[1]], [[a, 0], [0, 1 / a]], [[0, 1], [-1, 0]]):
        with pytest.raises(NoClosedForm, match="eigenvalues"):
            stein(A, sp.eye(len(A)))


def test_shapes_and_size_are_checked():
    with pytest.raises(ShapeError):
        stein([[a]], sp.eye(2))
    with pytest.raises(LimitReached, match=r"terms.*\d"):
        stein(sp.Matrix(4, 4, lambda i, j: sp.Symbol(f"a{i}{j}")), sp.eye(4))
