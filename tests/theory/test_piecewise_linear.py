"""B-PWL: fixed points and cycles of piecewise linear networks, line attractors by initialization."""

from __future__ import annotations

import numpy as np
import pytest
import sympy as sp

import rnnsym as rs
from rnnsym.analysis.search import cycles, fixed_points

Q = sp.Rational


@pytest.mark.theory("derived")
def test_B_PWL_1_all_fixed_points_and_cycles_of_a_plrnn() -> None:
    # z' = A z + W max(z, 0) + h with A = diag(.5, .3): the numbers of the catalogue
    values = {"a": [Q(1, 2), Q(3, 10)], "W_h": [[0, Q(-7, 5)], [Q(6, 5), 0]], "b": [Q(7, 10), Q(-1, 5)]}
    found = fixed_points(rs.plrnn(), values)
    (point,) = found
    assert found.complete and point.status == "derived" and point.stable is False
    assert tuple(point.point) == (Q(11, 29), Q(74, 203))
    assert np.allclose(point.array, (0.37931034, 0.36453202), atol=1e-8)
    assert abs(abs(point.multipliers[0]) - 1.35277) < 1e-5
    # border collision: det(I - J) of opposite signs on the two sides of a kink, two points or none
    fold = rs.elman("relu")
    counts = [len(fixed_points(fold, {"W_h": [[2]], "b": [b]})) for b in (-1, 1)]
    assert counts == [2, 0]
    # cycles by products: each state of each cycle comes back, exactly, and not before
    random = np.random.default_rng(4)
    total = 0
    for _ in range(40):
        A, W = np.diag(random.normal(size=2)), 2 * random.normal(size=(2, 2))
        b = random.normal(size=2)
        for k in (2, 3):
            for c in cycles(rs.plrnn(), k, {"a": np.diag(A), "W_h": W, "b": b}):
                total += 1
                for now, then in zip(c.orbit, (*c.orbit[1:], c.orbit[0]), strict=True):
                    z = np.array([Q(v) for v in now])
                    step = sp.Matrix(
                        2,
                        1,
                        [
                            Q(A[i, i]) * z[i] + sum(Q(W[i, j]) * max(z[j], 0) for j in range(2)) + Q(b[i])
                            for i in range(2)
                        ],
                    )
                    assert step == sp.Matrix(then)
                assert len({tuple(z) for z in c.orbit}) == k
    assert total >= 5
    for result in fixed_points(rs.plrnn(n=1, m=1)).results:
        assert rs.verify(result)
        wrong = tuple((s, -e) for s, e in result.where)
        given = (
            result.given if wrong else sp.true
        )  # a continuum has no formula to be wrong: its conditions are left out
        assert not rs.verify(rs.Result("wrong", result.lhs, "=", result.rhs, given, wrong, arrays=result.arrays))


@pytest.mark.theory("derived")
def test_B_PWL_2_line_attractor_initialization() -> None:
    # A_ii = 1, W_i. = 0, h_i = 0 for unit 1: its state is an exact memory, in every region of unit 2
    values = {"a": [1, Q(1, 2)], "W_h": [[0, 0], [Q(1, 3), Q(-1, 4)]], "b": [0, 1]}
    found = fixed_points(rs.plrnn(), values)
    assert found.complete and not found.points and found.faces
    assert all(f.dimension == 1 and f.attracting for f in found.faces)
    for z1 in (-3, -1, 2, 7):
        z2 = (1 + Q(1, 3) * max(z1, 0)) / (1 - Q(1, 2) + Q(1, 4))
        assert any(f.contains([z1, z2]) for f in found.faces)
    broken = fixed_points(rs.plrnn(), {**values, "b": [Q(1, 10), 1]})
    assert broken.complete and not broken.points and not broken.faces
    # with a symbol for the other bias: every branch is a line of fixed points
    lines = fixed_points(rs.plrnn(**{**values, "b": [0, sp.Symbol("b_2", real=True)], "W_x": [[0], [0]]}))
    assert len(lines.results) == len(lines.continua) == 4
    assert all(rs.verify(line, trials=12) for line in lines.continua)
