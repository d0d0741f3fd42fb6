"""The examples of the design, as they are written there."""

import numpy as np
import sympy as sp
from sympy import Eq, Matrix, MatrixExpr, Or, acosh, cos, diag, sqrt, symbols

import rnnsym as rs


def test_the_elman_jacobian_is_a_matrix_expression_for_every_n():
    J = rs.jacobian(rs.elman())
    assert isinstance(J.rhs, MatrixExpr) and str(J.rhs) == "diag(1 - h_t**2)*W_h"
    assert rs.verify(J)
    from dataclasses import replace

    assert not rs.verify(replace(J, rhs=-J.rhs))


def test_the_fold_of_one_tanh_unit_is_two_clean_roots():
    w, b = symbols("w b", real=True)
    fold = rs.fold(rs.elman(W_h=w, W_x=1, b=b))
    e = sqrt(w * (w - 1)) - acosh(sqrt(w))
    assert fold.rhs == Or(Eq(b, e), Eq(b, -e))
    for at, value in ((1.5, 0.207546455322030), (2, 0.532839975353552), (3, 1.30327390800259)):
        assert abs(float(e.subs(w, at)) - value) < 1e-13
    assert rs.verify(fold)


def test_controllability_says_every_stratum():
    a1, a2, b1, b2 = symbols("a1 a2 b1 b2")
    result = rs.controllability(rs.LinearSystem(diag(a1, a2), Matrix([b1, b2])))
    rhs = result.rhs
    assert rhs.subs({a1: 1, a2: 2, b1: 1, b2: 1}) == 2
    assert rhs.subs({a1: 1, a2: 1, b1: 1, b2: 1}) == 1
    assert rhs.subs({a1: 1, a2: 2, b1: 0, b2: 1}) == 1
    assert rhs.subs({a1: 1, a2: 2, b1: 0, b2: 0}) == 0
    assert rs.verify(result)
    line = result.subs({a2: a1}).rhs
    assert line.subs({a1: 3, b1: 1, b2: 5}) == 1 and line.subs({a1: 3, b1: 0, b2: 0}) == 0


def test_the_transfer_function_of_the_text():
    A, alpha, z = symbols("A alpha", real=True) + (sp.Symbol("z"),)
    H = rs.transfer_function(rs.LinearSystem(alpha * A, alpha, 1, 0)).rhs
    assert H.shape == (1, 1)
    (own,) = H.free_symbols - {A, alpha}
    assert sp.cancel(H[0, 0].subs(own, z) - alpha / (1 - alpha * A / z)) == 0


def test_the_snr_does_not_depend_on_the_slope():
    A, alpha = symbols("A alpha", real=True)
    result = rs.snr(rs.LinearSystem(alpha * A, alpha, 1, 0))
    G = result.explicit
    values = {"A": 0.5, "alpha": 1.0, "omega": 0.3}
    free = {s.name: s for s in G.free_symbols}
    assert "sigma" in free and "P" in free
    table = {free["A"]: 0.5, free["alpha"]: 1, free["omega"]: 0.3, free["P"]: 1, free["sigma"]: 1}
    p = values["A"]
    want = (1 - p**2) / (1 - 2 * p * cos(0.3) + p**2)
    assert abs(float(G.subs(table)) - float(want)) < 1e-12
    assert rs.verify(result)


def test_all_27_fixed_points_are_proved():
    found = rs.fixed_points(rs.elman(n=3, m=1), values={"W_h": 2 * np.eye(3), "b": 0})
    assert len(found.points) == 27 and found.complete


def test_rank_drops_where_two_entries_meet():
    a = symbols("a", real=True)
    result = rs.rank(Matrix([[a, 1], [1, a]]))
    assert [result.rhs.subs(a, v) for v in (0, 1, -1, 2)] == [2, 1, 1, 2]
    assert rs.verify(result)
