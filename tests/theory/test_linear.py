"""A-REC-3, A-LIN, B-OSC-1, B-SSM-2: linear networks in closed form."""

import math

import numpy as np
import pytest
import sympy as sp

from rnnsym.analysis.linear import collapse, discretization, eigenvalue_map, matrix_power
from rnnsym.analysis.modes import rotation_form, spectral_decomposition, timescales
from rnnsym.cells import linear
from rnnsym.result import NoClosedForm
from rnnsym.systems import CONTINUOUS, LinearSystem, discretize
from rnnsym.verify import verify

Q = sp.Rational
a, b, c, d = sp.symbols("a b c d", real=True)
t = sp.Symbol("t", integer=True, nonnegative=True)


@pytest.mark.theory("derived")
def test_A_REC_3_a_network_without_activation_collapses():
    whole = collapse(linear())
    cell = linear()
    ((star, fixed_point),) = whole.where
    assert str(fixed_point) == "(I - W_h)**(-1)*(W_x*x + b)"
    assert str(whole.rhs) == "W_h**T*(h - h_star) + h_star" and star.name == "h_star"
    assert verify(whole, trials=60)
    for steps in (1, 2, 4):
        assert verify(collapse(cell, steps), trials=30)
    # affine and with memory: the kernel of x_(T-k) is W^k U
    three = collapse(cell, 3)
    kernels = {str(term) for term in sp.MatAdd.make_args(three.rhs)}
    assert any("W_h**2" in term and "x_1" in term for term in kernels)


@pytest.mark.theory("derived")
def test_A_LIN_1_the_spectral_decomposition_decouples():
    result = spectral_decomposition([[a, b], [c, d]])
    assert verify(result, trials=40)
    with pytest.raises(NoClosedForm, match="not diagonalizable"):
        spectral_decomposition([[a, 1], [0, a]])
    # a Jordan block grows first: t lambda^(t-1), at most -1/(e lambda ln lambda) near t = -1/ln lambda
    lam = sp.Symbol("lambda1", real=True)
    block = matrix_power([[lam, 1, 0], [0, lam, 1], [0, 0, lam]])
    assert verify(block, trials=40)
    for number, top, bound in ((0.9, 3.874, 3.880), (0.99, 36.973, 36.973)):
        entry = sp.lambdify((lam, t), block.rhs[0, 1])
        assert round(max(float(entry(number, k)) for k in range(1, 400)), 3) == top
        assert round(-1 / (math.e * number * math.log(number)), 3) == bound
    for power in (2, 5):
        assert block.rhs[0, 2].subs(lam, 2).subs(t, power) == math.comb(power, 2) * 2 ** (power - 2)
    # complex pair: a rotation by theta and a contraction by r
    turning = rotation_form([[a, b], [c, d]])
    assert verify(turning, trials=40)
    named = {s.name: e for s, e in turning.where}
    values = {a: Q(1, 2), b: -Q(1, 2), c: Q(1, 2), d: Q(1, 2)}
    r, theta = (float(named[k].subs(values)) for k in ("r", "theta"))
    assert abs(r - math.sqrt(0.5)) < 1e-15 and abs(theta - math.pi / 4) < 1e-15
    half, period = (float(v) for v in timescales(sp.Matrix(2, 2, [a, b, c, d]).subs(values)).rhs[0, 1:])
    assert abs(half - math.log(2) / -math.log(r)) < 1e-12 and abs(period - 2 * math.pi / theta) < 1e-12


@pytest.mark.theory("derived")
def test_A_LIN_2_the_modulus_sets_the_time_scale():
    tau, half, period = timescales(Q(9, 10)).rhs
    assert round(float(tau), 4) == 9.4912 and round(float(half), 4) == 6.5788 and period == sp.oo
    result = timescales(a)
    assert verify(result, trials=80)
    assert result.rhs.subs(a, 1)[0] == sp.oo and result.rhs.subs(a, -1)[0] == sp.oo
    # the missing case |lambda| = 1: semisimple persists, defective grows
    power = matrix_power([[a, b], [0, a]]).rhs
    assert power.subs(a, 1).subs(t, 7)[0, 1] == 7 * b
    assert sp.Abs(matrix_power([[0, -1], [1, 0]]).explicit.subs(t, 6)[0, 0]).simplify() == 1


@pytest.mark.theory("derived")
def test_B_OSC_1_two_state_linear_oscillator():
    omega, zeta, dt = Q(2), Q(1, 4), Q(1, 10)
    system = LinearSystem([[0, 1], [-(omega**2), -2 * zeta * omega]], [0, 1], time=CONTINUOUS)
    damped = omega * sp.sqrt(1 - zeta**2)
    co, si = sp.cos(damped * dt), sp.sin(damped * dt)
    want = sp.exp(-zeta * omega * dt) * sp.Matrix(
        [[co + zeta * omega / damped * si, si / damped], [-(omega**2) / damped * si, co - zeta * omega / damped * si]]
    )
    found = discretize(system, "zoh", dt).A
    assert max(abs(v) for v in (found - want).evalf(30)) < 1e-25
    linalg = pytest.importorskip("scipy.linalg")
    np.testing.assert_allclose(
        np.array(want.evalf().tolist(), float), linalg.expm(np.array(system.A.tolist(), float) / 10), atol=1e-14
    )
    # in symbols, every damping at once: under, critical and over
    w0, z = sp.symbols("omega_0 zeta", positive=True)
    step = sp.Symbol("Delta", positive=True)
    general = discretization(LinearSystem([[0, 1], [-(w0**2), -2 * z * w0]], [0, 1], time=CONTINUOUS), "zoh", step)
    assert verify(general, trials=30)
    # AR(2) with r = 1 is Chebyshev's recurrence, cos t theta
    theta = sp.Symbol("theta", real=True)
    ar = matrix_power([[2 * sp.cos(theta), -1], [1, 0]])
    values = sp.Matrix(ar.explicit.subs({theta: Q(3, 10)}).subs(t, 40)).evalf(30)
    start = sp.Matrix([sp.cos(Q(3, 10)), 1]).evalf(30)
    assert abs((values * start)[1] - sp.cos(12).evalf(30)) < 5e-15


@pytest.mark.theory("derived")
def test_B_SSM_2_discretization():
    step = sp.Symbol("Delta", positive=True)
    u, v = sp.symbols("u v", real=True)
    system = LinearSystem([[a, b], [c, d]], [u, v], time=CONTINUOUS)
    for method in ("zoh", "bilinear", "euler", "zoh-euler"):
        assert verify(discretization(system, method, step), trials=30)
    singular = discretize(LinearSystem([[0, 1], [0, 0]], [0, 1], time=CONTINUOUS), "zoh", step)
    assert singular.A == sp.Matrix([[1, step], [0, 1]]) and singular.B.subs(step, 2) == sp.Matrix([2, 2])
    sigma, omega = sp.symbols("sigma omega", real=True)
    assert eigenvalue_map("zoh").rhs == (sigma < 0) and eigenvalue_map("bilinear").rhs == (sigma < 0)
    for method in ("zoh", "bilinear", "euler"):
        assert verify(eigenvalue_map(method))
    # Euler: Delta < 2 |Re lambda| / |lambda|^2
    condition = eigenvalue_map("euler").rhs
    limit = 2 * 3 / Q(3**2 + 4**2)
    point = {sigma: -3, omega: 4}
    name = next(s for s in condition.free_symbols if s.name == "Delta")
    assert condition.subs(point).subs(name, limit - Q(1, 100)) == sp.true
    assert condition.subs(point).subs(name, limit + Q(1, 100)) == sp.false
