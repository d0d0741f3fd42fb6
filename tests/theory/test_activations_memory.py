"""A-ACT-2..4, B-STB-6: what ReLU forgets, what tanh keeps, and units solved exactly."""

import mpmath as mp
import numpy as np
import pytest
import sympy as sp

import rnnsym.analysis.scalar as scalar
from rnnsym.cells import elman, trajectory
from rnnsym.verify import verify

w, b = sp.symbols("w b", real=True)
h_0 = sp.Symbol("h_0", real=True)
t = sp.Symbol("t", integer=True, nonnegative=True)


def unit(phi="tanh"):
    return elman(phi, W_h=w, W_x=1, b=b)


@pytest.mark.theory("derived")
def test_A_ACT_2_relu_is_a_reflected_walk():
    for steps in (1, 2, 5):
        for question in (scalar.lindley, scalar.lindley_from_rest, scalar.erased):
            assert verify(question(steps), trials=60)
    one = scalar.lindley(1)
    h, x_1, bias = sp.symbols("h x_1 b", real=True)
    assert one.explicit.subs({h: 0, bias: 0, x_1: -sp.Rational(3, 5)}) == 0
    assert one.explicit.subs({h: 2, bias: 0, x_1: -1}) == 1  # h_0 > |x_1|: nothing is lost
    rng = np.random.default_rng(1)
    pulses = rng.normal(size=200)
    sums = np.cumsum(pulses)
    for start in (0.0, 1.3):
        found = trajectory(elman("relu", W_h=1, W_x=1, b=0), {}, h0=[start], x=pulses)[:, 0]
        np.testing.assert_allclose(found, sums + np.maximum(start, -np.minimum.accumulate(sums)), atol=1e-12)
    pair = elman("relu", W_h=[[1, 0], [0, 1]], W_x=[[1], [-1]], b=[0, 0])
    kept = trajectory(pair, {}, h0=[0.0, 0.0], x=[-0.6, 0, 0, 0])[-1]
    assert kept[0] - kept[1] == -0.6
    assert verify(scalar.sign_in_two_units(4), trials=20)
    drift, dip = scalar.relu_drift(unit("relu")), scalar.relu_dip(unit("relu"))
    assert verify(drift, trials=40) and verify(dip, trials=40)
    silent = trajectory(elman("relu", W_h=1, W_x=1, b=1), {}, h0=[0.0], x=[-0.6, 0, 0, 0, 0, 0])
    assert abs(silent[-1, 0] - 5.4) < 1e-14
    active = trajectory(elman("relu", W_h="9/10", W_x=1, b=1), {}, h0=[10.0], x=[-0.6, 0, 0, 0])
    assert abs(active[-1, 0] - 10 + 0.4374) < 1e-14


@pytest.mark.theory("asymptotic")
def test_A_ACT_3_tanh_keeps_a_sign():
    for question, trials in ((scalar.power_law, 6), (scalar.power_law_logarithm, 3), (scalar.critical_halving, 3),
                             (scalar.pitchfork_amplitude, 2), (scalar.sign_memory, 20), (scalar.sign_kept, 20)):  # fmt: skip
        assert verify(question(unit()), trials=trials), question
    y = sp.Symbol("y", positive=True)
    coth = sp.series(sp.coth(y) ** 2 - 1 / y**2, y, 0, 6).removeO()
    assert sp.expand(coth - (sp.Rational(2, 3) + y**2 / 15 - 2 * y**4 / 189)) == 0
    state, constants = 1.0, []
    for step in range(1, 10**6 + 1):
        state = float(np.tanh(state))
        if step in (10**4, 10**5, 10**6):
            constants.append(state**-2 - 2 * step / 3 - np.log(step) / 10)
    assert abs(constants[2] - constants[1]) < abs(constants[1] - constants[0]) < 1e-3  # 1/h^2 - 2t/3 - ln(t)/10 -> C
    mp.mp.dps = 30
    for weight in (mp.mpf("0.5"), mp.mpf("0.9")):  # exponential below 1: the ratio of steps tends to w
        value = mp.mpf(1)
        for _ in range(400):
            old, value = value, mp.tanh(weight * value)
        assert abs(value / old - weight) < 1e-15


@pytest.mark.theory("derived")
def test_A_ACT_4_units_solved_exactly():
    for phi, printed in (("softsign", "0.4115015773928642"), ("algebraic", "0.8086823641635154")):
        orbit = scalar.solvable_orbit(unit(phi))
        assert verify(orbit, trials=40) and verify(scalar.solvable_fixed_point(unit(phi)), trials=20)
        value = orbit.rhs.subs({w: sp.Rational(17, 10), h_0: sp.Rational(3, 10), t: 12})
        assert abs(sp.N(value, 30) - sp.Float(printed, 30)) < 1e-15
        cell = elman(phi, W_h="17/10", W_x=1, b=0)
        assert abs(trajectory(cell, {}, h0=[0.3], steps=12)[-1, 0] - float(printed)) < 1e-14


@pytest.mark.theory("asymptotic")
def test_B_STB_6_at_the_critical_gain_the_decay_is_a_power_law():
    result = scalar.power_law(unit())
    assert result.rhs == sp.sqrt(3 / (2 * t))
    assert verify(result, trials=10)
    state = 1.0
    for _ in range(10**5):
        state = float(np.tanh(state))
    assert abs(state / np.sqrt(1.5e-5) - 1) < 1e-3
