"""Contraction: the forms of cells that are understood, certificates on numbers, refusals."""

from fractions import Fraction

import numpy as np
import pytest
import sympy as sp

from rnnsym.analysis.certificates import certificates, verify_certificate
from rnnsym.analysis.contraction import (
    contraction_condition,
    diagonal_metric,
    fixed_point_determinant,
    incremental_gain,
    recurrence,
    sector_contraction,
    unique_fixed_point,
)
from rnnsym.cells import elman, gru, leaky
from rnnsym.defined.certificates import best_metric, diagonal_certificate, sector_certificate
from rnnsym.result import NoClosedForm, ShapeError, SpecError
from rnnsym.verify import verify


def test_plain_and_leaky_cells_are_understood():
    parts = recurrence(leaky("sigmoid"))
    assert parts.leak == sp.Symbol("a", real=True) and parts.L == sp.Rational(1, 4) and parts.W.name == "W_h"
    assert recurrence(elman("relu")).activation.name == "relu"
    with pytest.raises(NoClosedForm, match="gates"):
        recurrence(gru())


def test_certificates_are_sorted_and_proved():
    found = certificates(elman(), {"W_h": [[0.25, 0], [0, -0.5]]})
    assert all(c.holds and c.slack > 0 for c in found)
    assert [c.value for c in found[:5]] == [0.5] * 5
    assert all(c.slack == c.limit - c.value for c in found)
    leak = certificates(leaky(), {"W_h": [[0.5]], "a": 0.5})
    assert leak[0].value == 0.75  # (1 - a) + a |w|
    sigmoid = certificates(elman("sigmoid"), {"W_h": [[3.5]]})
    assert sigmoid[0].holds and sigmoid[0].value == pytest.approx(0.875)
    cell = elman(W_h=[["1/2", 0], [0, "1/3"]], n=2, m=1)
    assert certificates(cell, {})[0].value == 0.5
    edge = {c.name: c.holds for c in certificates(elman(), {"W_h": [[1.0]]})}
    assert edge["norm 2"] is not True and edge["norm 1"] is False


def test_what_is_missing_is_named():
    with pytest.raises(SpecError, match="numbers for W_h"):
        certificates(elman(), {})
    with pytest.raises(SpecError, match="'W_z'"):
        certificates(elman(), {"W_z": 1})
    with pytest.raises(SpecError, match="norm must be one of"):
        contraction_condition(elman(), "3")
    with pytest.raises(NoClosedForm, match="slope-restricted"):
        contraction_condition(elman("gelu"), "sector")
    with pytest.raises(NoClosedForm, match="2 x 2"):
        diagonal_metric(sp.eye(3))
    with pytest.raises(NoClosedForm, match="n <= 4"):
        unique_fixed_point(sp.eye(5))
    with pytest.raises(ShapeError, match="square"):
        fixed_point_determinant(sp.ones(2, 3))
    with pytest.raises(ShapeError):
        verify_certificate([[0]], [[1, 0], [0, 1]], [1])


def test_searched_certificates_are_proved_and_none_is_invented():
    random = np.random.default_rng(0)
    for n in (1, 2, 3, 4):
        for scale in (0.4, 0.8, 1.5):
            W = np.round(random.normal(size=(n, n)) * scale / np.sqrt(n), 3)
            rational = sp.Matrix([[sp.Rational(str(v)) for v in row] for row in W])
            value, p = best_metric(W)
            assert np.max(np.abs(np.linalg.eigvals(W))) <= value + 1e-9 <= np.linalg.norm(W, 2) + 1e-8
            found = diagonal_certificate(rational)
            assert (found is not None) == (value < 1)
            sector = sector_certificate(
                np.array([[Fraction(int(e.p), int(e.q)) for e in row] for row in rational.tolist()], dtype=object)
            )
            if found is not None:
                assert sector is not None  # the diagonal metric is a special case
            if np.max(np.abs(np.linalg.eigvals(W))) > 1:
                assert found is None


def test_the_search_meets_the_closed_form_of_two_units():
    random = np.random.default_rng(4)
    for _ in range(8):
        W = np.round(random.normal(size=(2, 2)), 2)
        closed = float(diagonal_metric(sp.Matrix([[sp.Rational(str(v)) for v in row] for row in W])).rhs)
        assert best_metric(W)[0] == pytest.approx(closed, rel=1e-5)


def test_a_rate_below_one_is_carried():
    assert verify(sector_contraction(elman(), sp.Rational(9, 10)), trials=8)


def test_the_gain_of_a_leaky_cell_does_not_depend_on_the_leak():
    leaky_gain = [t for t in incremental_gain(leaky()).rhs.args if t.has(sp.Max)][0]
    assert leaky_gain == [t for t in incremental_gain(elman()).rhs.args if t.has(sp.Max)][0]


def test_weights_that_are_not_real_are_refused_in_words():
    with pytest.raises(SpecError, match="not real"):
        unique_fixed_point([[sp.I / 2]])
    with pytest.raises(ShapeError, match="square"):
        unique_fixed_point([[1, 2]])


def test_uniqueness_is_seen_with_the_largest_slope_of_the_activation():
    held = {c.name: c.holds for c in certificates(elman("sigmoid"), {"W_h": [[3]]})}  # slopes up to 1/4: 3/4 < 1
    assert held["norm 2"] and held["sector inequality"] and held["P-matrix"]
    assert not {c.name: c.holds for c in certificates(elman("sigmoid"), {"W_h": [[5]]})}["P-matrix"]
