"""Bifurcations of networks: every Result verifies, every wrong variant is refused."""

from dataclasses import replace

import numpy as np
import pytest
import sympy as sp

from rnnsym.analysis.bifurcation import (
    ctrnn_bifurcation,
    flip,
    fold,
    input_of_slopes,
    neimark_sacker,
    pair_product,
    rotation_angle,
    slope_condition,
)
from rnnsym.analysis.families import (
    decay_locus,
    fold_sensitivity,
    integrator_noise,
    line_attractor,
    slow_point_gradient,
    slow_point_hessian,
    so2_amplitude,
    so2_frequency,
    symmetric_amplitude,
    toggle_memory,
    two_unit_multipliers,
)
from rnnsym.analysis.normalforms import KINDS, flip_criticality, normal_form, so2_coefficient
from rnnsym.cells import elman, gru, leaky
from rnnsym.result import NoClosedForm, ShapeError, SpecError
from rnnsym.verify import verify

w = sp.Symbol("w", real=True)
TWO = elman().at(n=2, m=1)


def moved(result, name, value):
    """The result with the definition of one named quantity replaced."""
    assert name in {str(s) for s, _ in result.where}
    return replace(result, where=tuple((s, value(v) if str(s) == name else v) for s, v in result.where))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "cell", [TWO, elman("sigmoid").at(n=2, m=1), elman("arctan").at(n=2, m=1), leaky().at(n=2, m=1)]
)
def test_normal_forms_of_two_units_agree_with_the_reduced_map(kind, cell):
    assert verify(normal_form(cell, kind), trials=12)
    assert verify(normal_form(cell, kind, column=2), trials=6)


@pytest.mark.parametrize("kind", ["fold", "flip"])
@pytest.mark.parametrize("act", ["tanh", "sigmoid", "erf", "softplus"])
def test_normal_forms_of_one_unit_agree_with_the_reduced_map(kind, act):
    assert verify(normal_form(elman(act, W_h=w), kind), trials=12)


@pytest.mark.parametrize("kind", KINDS)
def test_wrong_normal_forms_are_refused(kind):
    right = normal_form(TWO, kind)
    assert not verify(replace(right, rhs=-right.rhs), trials=12)
    assert not verify(replace(right, rhs=2 * right.rhs), trials=12)
    assert not verify(moved(right, "phi2_1", lambda v: 2 * v), trials=24)
    if kind != "fold":
        assert not verify(moved(right, "f_1", lambda v: sp.S.Zero), trials=12)
        assert not verify(moved(right, "phi3_2", lambda v: v / 3), trials=12)
    if kind == "neimark_sacker":
        assert not verify(moved(right, "k_2", lambda v: -v), trials=12)


def test_a_normal_form_at_a_fixed_point_that_is_not_critical_is_refused():
    right = normal_form(TWO, "flip")
    assert not verify(replace(right, given=sp.true), trials=40)


def test_wrong_scalar_flip_coefficients_are_refused():
    right = normal_form(elman(W_h=w), "flip")
    assert right.rhs == w**2 / 3
    for wrong in (-(w**2) / 3, w**2 / 6, sp.Rational(1, 3)):
        assert not verify(replace(right, rhs=wrong, steps=()), trials=12)


def test_the_flip_coefficient_decides_what_attracts():
    assert verify(flip_criticality(elman(W_h=w)), trials=8)
    assert verify(flip_criticality(leaky(W_h=w)), trials=8)
    right = flip_criticality(TWO)
    assert verify(right, trials=20)
    assert not verify(replace(right, rhs=sp.Not(right.rhs)), trials=20)
    assert not verify(replace(right, rhs=sp.true), trials=80)


def test_the_so2_coefficient_needs_the_strong_resonances_excluded():
    right = so2_coefficient()
    assert right.rhs == -sp.S.Half and verify(right, trials=20)
    assert not verify(replace(right, rhs=-sp.Rational(1, 4)), trials=20)
    angle, t = sp.Symbol("varphi", real=True), sp.Symbol("t", real=True)
    turned = replace(right, lhs=right.lhs.xreplace({angle: sp.pi / 2 * t}), given=sp.And(t > 0, t < 2))
    assert not verify(turned, trials=60)  # t = 1 is the 1:4 resonance


@pytest.mark.slow
@pytest.mark.parametrize("make", [fold, flip, neimark_sacker])
def test_manifolds_of_two_units(make):
    for cell in (TWO, leaky().at(n=2, m=1), *(elman(a).at(n=2, m=1) for a in ("sigmoid", "arctan", "algebraic"))):
        check = verify(make(cell, sides=(1, -1)), trials=40)
        assert check and check.verdict == "agrees"
    right = make(TWO)
    (equation,) = right.rhs.atoms(sp.Eq)
    assert not verify(replace(right, rhs=right.rhs.xreplace({equation: sp.Eq(equation.lhs, -equation.rhs)})), trials=40)
    assert not verify(moved(right, "u_1", lambda v: v + sp.Rational(1, 10)), trials=40)
    assert not verify(moved(right, "h_star_2", lambda v: -v), trials=40)
    if make is neimark_sacker:
        assert not verify(replace(right, rhs=equation), trials=100)


@pytest.mark.slow
@pytest.mark.parametrize("n", [2, 3])
@pytest.mark.parametrize("kind", KINDS)
def test_conditions_in_the_slopes(kind, n):
    right = slope_condition(elman().at(n=n, m=1), kind)
    assert verify(right, trials=25)
    if right.rhs.is_Relational and isinstance(right.rhs, sp.Eq):
        symbol = sorted(right.rhs.free_symbols, key=str)[0]
        assert not verify(replace(right, rhs=sp.Eq(right.rhs.lhs.subs(symbol, -symbol), 0)), trials=60)
    else:
        assert not verify(replace(right, rhs=sp.Not(right.rhs)), trials=25)


def test_the_pair_product_of_two_and_three_units():
    for n in (2, 3):
        right = pair_product(elman().at(n=n, m=1))
        assert verify(right, trials=15)
        assert not verify(replace(right, rhs=right.rhs + 1), trials=15)
    with pytest.raises(ShapeError):
        pair_product(elman().at(n=4, m=1))


def test_the_input_of_given_slopes_and_the_rotation_angle():
    for cell in (TWO, elman("erf").at(n=2, m=1), elman("softsign").at(n=2, m=1)):
        right = input_of_slopes(cell, sides=(-1, 1))
        assert verify(right, trials=10)
        assert not verify(replace(right, rhs=-right.rhs), trials=10)
    right = rotation_angle(TWO)
    assert verify(right, trials=10)
    assert not verify(replace(right, rhs=right.rhs / 2), trials=10)


@pytest.mark.parametrize("kind", ["fold", "hopf"])
def test_two_neurons_in_continuous_time(kind):
    right = ctrnn_bifurcation(kind)
    assert verify(right, trials=30)
    assert not verify(replace(right, rhs=sp.Not(right.rhs)), trials=30)


FAMILIES = [
    (so2_amplitude, 16), (so2_frequency, 16), (symmetric_amplitude, 6), (two_unit_multipliers, 20), (toggle_memory, 60), (decay_locus, 10),
    (fold_sensitivity, 6), (line_attractor, 15), (integrator_noise, 10), (lambda: slow_point_gradient(TWO), 6),
    (lambda: slow_point_hessian(TWO), 6), (lambda: slow_point_gradient(elman()), 8), (lambda: slow_point_hessian(gru()), 4),
]  # fmt: skip


@pytest.mark.parametrize(("make", "trials"), FAMILIES)
def test_families_verify_and_wrong_ones_are_refused(make, trials):
    right = make()
    assert verify(right, trials=trials)
    wrong = sp.Not(right.rhs) if right.relation == "<=>" else 2 * right.rhs
    assert not verify(replace(right, rhs=wrong, steps=()), trials=trials)


def test_a_toggle_needs_both_conditions():
    right = toggle_memory()
    for part in right.rhs.args:
        assert not verify(replace(right, rhs=part), trials=100)


def test_the_hessian_is_gauss_newton_only_at_fixed_points():
    right = slow_point_hessian(elman(W_h=w))
    free = replace(right, given=sp.true)
    assert verify(right, trials=10) and not verify(free, trials=30)


def test_what_has_no_answer_is_refused():
    with pytest.raises(ShapeError):
        neimark_sacker(elman(W_h=w))
    with pytest.raises(ShapeError):
        normal_form(elman(W_h=w), "neimark_sacker")
    with pytest.raises(ShapeError):
        normal_form(elman().at(n=3, m=1), "fold")
    with pytest.raises(NoClosedForm):
        normal_form(elman("relu").at(n=2, m=1), "fold")
    with pytest.raises(NoClosedForm):
        normal_form(gru().at(n=2, m=1), "fold")
    with pytest.raises(NoClosedForm):
        fold(elman("silu").at(n=2, m=1))
    with pytest.raises(SpecError):
        normal_form(TWO, "hopf")
    with pytest.raises(SpecError):
        fold(TWO, sides=(1, 2))


def test_the_neimark_sacker_coefficient_predicts_the_radius_of_the_circle():
    """h' = tanh(alpha R h) has |mu| - 1 = alpha - 1 and the radius sqrt((alpha - 1)/-a) in units of sqrt 2 |q|."""
    a, alpha, angle = float(so2_coefficient().rhs), 1.002, 0.9
    R = alpha * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    h = np.array([0.05, 0.0])
    for _ in range(6000):
        h = np.tanh(R @ h)
    radii = []
    for _ in range(2000):
        h = np.tanh(R @ h)
        radii.append(h @ h)
    assert np.sqrt(np.mean(radii)) == pytest.approx(np.sqrt(2 * (alpha - 1) / -a), rel=5e-3)
