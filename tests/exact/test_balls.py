"""Balls: eigenvalues of Gram matrices against the characteristic polynomial, and special functions against mpmath."""

from __future__ import annotations

import flint
import mpmath
import numpy as np
import pytest
import sympy as sp

from rnnsym.exact import balls


def table(rows):
    return np.array([[balls.ball(v) for v in row] for row in rows], dtype=object)


def sines(rows, columns, seed=0):
    numbers = np.random.default_rng(seed).normal(size=(rows, columns))
    return np.array([[flint.arb(float(v)).sin() for v in row] for row in numbers], dtype=object)


GRAMS = {
    "full rank": lambda: sines(5, 5),
    "rank 2 of 5": lambda: sines(5, 2) @ sines(2, 5, 1),
    "rank 1 of 6": lambda: sines(6, 1) @ sines(1, 6, 1),
    "identity": lambda: table(np.eye(4)),
    "zero": lambda: table(np.zeros((3, 3))),
    "one": lambda: sines(1, 1),
    "a multiple eigenvalue": lambda: np.kron(sines(2, 2), table(np.eye(3))),
    "scales": lambda: sines(4, 4) @ table(np.diag([1.0, 2.0**-30, 2.0**-60, 2.0**-90])),
}


@pytest.mark.parametrize("name", GRAMS)
def test_eigenvalues_of_a_gram_matrix_are_the_roots_of_its_characteristic_polynomial(name):
    with balls.precision(60):
        A = GRAMS[name]()
        gram = A.T @ A
        found = sorted(map(float, balls.symmetric_eigenvalues(gram)))
        roots = sorted(float(flint.acb(v).real) for v in balls.eigenvalues(gram))
        np.testing.assert_allclose(found, roots, rtol=1e-14, atol=1e-50)


def test_eigenvalues_that_come_together_do_not_go_through_the_polynomial(monkeypatch):
    def refuse(matrix):
        raise AssertionError("the roots of this polynomial take minutes")

    monkeypatch.setattr(balls, "_roots", refuse)
    with balls.precision(60):
        near = table(np.eye(14)) + sines(14, 14) * flint.arb(10) ** -40
        found = balls.symmetric_eigenvalues(near.T @ near)
        assert len(found) == 14 and all(abs(v - 1) < 1e-38 for v in found)
        assert sum(found, flint.arb(0)).overlaps(sum((near * near).flat, flint.arb(0)))  # the trace


def test_hermitian_matrices_have_real_eigenvalues():
    with balls.precision(30):
        i = flint.acb(0, 1)
        found = balls.symmetric_eigenvalues(np.array([[flint.acb(2), i], [-i, flint.acb(2)]], dtype=object))
        assert sorted(map(float, found)) == pytest.approx([1, 3])


@pytest.mark.parametrize("order", [0, 1, 3])
@pytest.mark.parametrize("point", ["5/2", "3/10", "-5/4"])
def test_polygamma_is_that_of_mpmath(order, point):
    n, x = sp.symbols("n x")
    with balls.precision(30), mpmath.workdps(30):
        values = {n: flint.arb(order), x: balls.ball(sp.Rational(point))}
        found = balls.scalar(sp.polygamma(n, x), values.__getitem__)
        assert abs(mpmath.mpf(found.mid().str(30, radius=False)) - mpmath.psi(order, mpmath.mpf(sp.Rational(point).p) / sp.Rational(point).q)) < 1e-24  # fmt: skip


def test_polygamma_is_no_number_at_its_poles_and_for_orders_that_are_not_whole():
    n, x = sp.symbols("n x")
    for order, point in ((1, -2), (0, 0), (sp.Rational(1, 2), 3), (-1, 3)):
        values = {n: balls.ball(sp.S(order)), x: balls.ball(sp.S(point))}
        assert balls.is_nan(balls.scalar(sp.polygamma(n, x), values.__getitem__))
