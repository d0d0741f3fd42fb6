"""B-BIF: bifurcation manifolds, normal forms, oscillators and integrators, with the numbers of the catalogue and others."""

import math

import numpy as np
import pytest
import sympy as sp

from rnnsym.analysis.bifurcation import (
    ctrnn_bifurcation,
    flip,
    fold,
    input_of_slopes,
    neimark_sacker,
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
from rnnsym.analysis.normalforms import flip_criticality, normal_form, so2_coefficient
from rnnsym.cells import elman
from rnnsym.verify import verify
from tests.bifurcations import LEAKY, TWO, circle, form, names, w

Q = sp.Rational
# The default suite draws a part of what the slow one draws; the claims are the same.
effort = pytest.mark.parametrize("part", [4, pytest.param(1, id="full", marks=pytest.mark.slow)])


@pytest.mark.theory("derived")
@effort
def test_B_BIF_1_input_space_manifolds(part):
    w11, w12, w21, w22, d1 = sp.symbols("W_h_11 W_h_12 W_h_21 W_h_22 d_1", real=True)
    det = w11 * w22 - w12 * w21
    expected = {
        fold: (1 - d1 * w11) / (w22 - d1 * det), flip: (-1 - d1 * w11) / (w22 + d1 * det), neimark_sacker: 1 / (d1 * det),
    }  # fmt: skip
    for make, formula in expected.items():
        result = make(TWO)
        (equation,) = result.rhs.atoms(sp.Eq)
        assert sp.cancel(equation.rhs - formula) == 0
        assert verify(result, trials=30 // part).verdict == "agrees"
    assert verify(rotation_angle(TWO), trials=10 // part) and verify(input_of_slopes(TWO), trials=10 // part)
    assert verify(slope_condition(elman().at(n=3, m=1), "fold"), trials=20 // part)
    # a point of the fold of W = diag(3, 1/2): the first unit alone, d_1 = 1/3, b = -+1.30327390800259 (A-FIX-6)
    inputs = input_of_slopes(elman(W_h=[[3, 0], [0, Q(1, 2)]]))
    value = inputs.explicit.subs({sp.Symbol("d_1", real=True): Q(1, 3), sp.Symbol("d_2", real=True): Q(1, 2)})
    assert float(value[0]) == pytest.approx(-1.30327390800259, abs=1e-13)
    # on the Neimark-Sacker manifold the multipliers are e^(+-i theta)
    cell = elman(W_h=[[1, -2], [2, 1]])
    d = 0.3, 1 / (0.3 * 5)
    h = np.sqrt(1 - np.array(d))
    W = np.array([[1.0, -2.0], [2.0, 1.0]])
    u = np.arctanh(h) - W @ h
    assert np.allclose(np.tanh(W @ h + u), h)
    theta = float(rotation_angle(cell).rhs.subs(sp.Symbol("d_1", real=True), Q(3, 10)))
    values = np.linalg.eigvals(np.diag(d) @ W)
    assert np.allclose(sorted(np.angle(values)), [-theta, theta]) and np.allclose(np.abs(values), 1)


@pytest.mark.theory("derived")
@effort
def test_B_BIF_2_normal_form_coefficients(part):
    so2 = so2_coefficient()
    assert so2.rhs == -Q(1, 2) and verify(so2, trials=20 // part)
    # one tanh unit: c = w^2/3 on the whole flip locus, one sigmoid unit w^2/12
    for act, expected in (("tanh", w**2 / 3), ("sigmoid", w**2 / 12)):
        result = normal_form(elman(act, W_h=w), "flip")
        assert result.rhs == expected and verify(result, trials=12 // part)
    # the scalar coefficient is -1/12 of the third derivative of the second iterate at the fixed point
    x = sp.Symbol("x")
    h, gain = Q(1, 2), -Q(4, 3)
    F = lambda v: sp.tanh(sp.atanh(h) + gain * (v - h))  # noqa: E731
    third = F(F(x)).diff(x, 3).subs(x, h)
    assert abs(float(-third / 12) - float(gain**2 / 3)) < 1e-12
    assert verify(flip_criticality(elman(W_h=w)), trials=6)
    for kind in ("fold", "flip", "neimark_sacker"):
        assert verify(form(TWO, kind), trials=12 // part)
        assert verify(form(LEAKY, kind), trials=8)
    # uncoupled units: the flip coefficient of two units is that of one
    pair = form(TWO, "flip", column=2)
    at = names(pair, W_h_11=Q(1, 2), W_h_12=0, W_h_21=0, W_h_22=-Q(4, 3), h_star_1=0, h_star_2=Q(1, 2))
    assert pair.explicit.subs(at) == Q(16, 27)


@effort
def test_the_two_neuron_part_of_b_bif_4(part):
    for kind in ("fold", "hopf"):
        assert verify(ctrnn_bifurcation(kind), trials=40 // part)
    # Beer's one-neuron curve is the fold of the sigmoid unit: w = 5
    one = fold(elman("sigmoid", W_h=5, W_x=1, b=sp.Symbol("b", real=True)))
    biases = sorted(float(e.rhs) for e in one.rhs.args)
    assert biases == pytest.approx([-2.65561034, -2.34438966], abs=1e-8)


@pytest.mark.theory("asymptotic")
def test_B_BIF_5_so2_oscillator():
    amplitude = so2_amplitude()
    assert verify(amplitude, trials=10) and verify(so2_frequency(), trials=10)
    errors = []
    for alpha, measured, predicted in ((1.02, 0.27776, 0.27456), (1.05, 0.42775, 0.41566)):
        radius, turn = circle(alpha, 0.7)
        formula = float(amplitude.rhs.subs(sp.Symbol("alpha", real=True), alpha))
        assert radius == pytest.approx(measured, abs=1e-5) and formula == pytest.approx(predicted, abs=1e-5)
        assert turn == pytest.approx(0.7, abs=2e-4)
        errors.append((radius / formula - 1) / (alpha - 1))
    assert errors[0] == pytest.approx(errors[1], rel=0.05)  # the relative error is of first order in alpha - 1
    assert circle(1.02, 0.7)[1] == pytest.approx(0.699989, abs=1e-5)


@pytest.mark.theory("asymptotic")
def test_B_BIF_6_pitchfork_of_a_symmetric_network():
    result = symmetric_amplitude()
    assert verify(result, trials=8)
    # one direction v = (1, 0): the scalar pitchfork sqrt(3 (w - 1)/w^3); equal entries: sqrt 2 times as large
    lam, t = sp.Symbol("lambda_1", real=True), sp.Symbol("t", real=True)
    assert result.explicit.subs({t: 0}) == sp.sqrt(3 * (lam - 1) / lam**3)
    equal = result.explicit.subs({t: sp.sqrt(2) - 1, lam: Q(21, 20)})
    assert float(equal) == pytest.approx(math.sqrt(6 * 0.05 / 1.05**3))
    h = 0.5
    for _ in range(3000):
        h = math.tanh(1.05 * h)
    assert h * math.sqrt(2) == pytest.approx(0.52426, abs=2e-5) and float(equal) == pytest.approx(0.50907, abs=2e-5)


@pytest.mark.theory("derived")
def test_B_BIF_7_two_unit_states():
    for phase in ("anti", "in"):
        assert verify(two_unit_multipliers(phase), trials=20)
    assert verify(toggle_memory(), trials=40)


@pytest.mark.theory("numeric")
def test_B_BIF_8_neuron_with_decay():
    for multiplier in (1, -1):
        for side in (1, -1):
            assert verify(decay_locus(multiplier, side=side), trials=8)
    # chaos at gamma = 0.8, w = -29.5, theta = 5: the Lyapunov exponent is 0.488
    gamma, gain, theta, v = 0.8, -29.5, 5.0, 0.1
    total, steps = 0.0, 199_000
    for k in range(steps + 1000):
        s = 1 / (1 + math.exp(-v))
        if k >= 1000:
            total += math.log(abs(gamma + gain * s * (1 - s)))
        v = gamma * v + theta + gain * s
    assert total / steps == pytest.approx(0.488, abs=0.01)
    # on the flip locus sigma (1 - sigma) = -(1 + gamma)/w
    result = decay_locus(-1)
    value = float(
        dict(result.where)[sp.Symbol("sigma", real=True)]
        .subs(dict(result.where[:1]))
        .subs(names(result, gamma="4/5", w="-59/2"))
    )
    assert value * (1 - value) == pytest.approx(1.8 / 29.5)


@pytest.mark.theory("asymptotic")
def test_B_BIF_9_sensitivity_near_a_fold():
    result = fold_sensitivity()
    assert verify(result, trials=6)
    delta = sp.Symbol("delta", real=True)
    at = names(result, w=2)
    ratio = (result.rhs.subs(at).subs(delta, Q(1, 400)) / result.rhs.subs(at).subs(delta, Q(1, 100))).evalf()
    assert float(ratio) == pytest.approx(2)  # the exponent -1/2


@pytest.mark.theory("derived")
def test_B_BIF_10_slow_points():
    for cell in (elman(), TWO, elman(W_h=w)):
        assert verify(slow_point_gradient(cell), trials=8) and verify(slow_point_hessian(cell), trials=8)


@pytest.mark.theory("derived")
def test_B_BIF_11_line_attractor():
    assert verify(line_attractor(), trials=15)
    for steps in (1, 3, 5):
        assert verify(integrator_noise(steps), trials=8)
    J = line_attractor().lhs.args[0].subs({s: Q(1, 3) for s in line_attractor().free_symbols})
    table = np.array(J.tolist(), dtype=float)
    left, right = np.array([1 - 1 / 9, 1 / 3]), np.array([1, 1 / 3])
    assert np.allclose(np.linalg.matrix_power(table, 60), np.outer(right, left)) and left @ right == pytest.approx(1)
