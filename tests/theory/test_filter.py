"""A-FIL and the linear recurrences of B-SSM and B-GRD: filters, noise, signal-to-noise ratio, normalization."""

import math

import numpy as np
import pytest
import sympy as sp

from rnnsym.analysis.frequency import group_delay, half_power_frequency, phase, resonance, squared_magnitude
from rnnsym.analysis.gramians import covariance
from rnnsym.analysis.noise import lru_normalization, mode_sensitivity, noise_gain, ring_variance
from rnnsym.analysis.norms import h2_norm, hinf_norm, l1_norm
from rnnsym.analysis.response import impulse_response, z_transform
from rnnsym.analysis.snr import snr, snr_bias, snr_improves, snr_maximum, snr_optimum
from rnnsym.analysis.transfer import dc_gain, transfer_function
from rnnsym.result import RnnsymError
from rnnsym.systems import LinearSystem
from rnnsym.verify import claim, verify

A, alpha, p, r, omega = sp.symbols("A alpha p r omega", real=True)
sigma2 = sp.Symbol("sigma2", positive=True)
t = sp.Symbol("t", integer=True, nonnegative=True)
z = sp.Symbol("z")
ONE = LinearSystem(alpha * A, alpha, 1, 0)
POLE = LinearSystem(p, alpha)


def same(left, right):
    return sp.simplify(left - right) == 0


@pytest.mark.theory("derived")
def test_A_FIL_1_the_linearized_scalar_network_is_a_one_pole_filter():
    H = transfer_function(ONE)
    assert same(H.rhs[0, 0], alpha / (1 - alpha * A / z)) and verify(H, trials=40)
    h = impulse_response(POLE)
    assert same(h.rhs, alpha * p ** h.lhs.more[0]) and verify(h, trials=40)
    series = z_transform(alpha * p**t, t, z)
    assert same(series.rhs, alpha / (1 - p / z)) and series.given == (abs(p) < abs(z))
    square = squared_magnitude(POLE, omega)
    assert same(square.rhs, alpha**2 / (1 - 2 * p * sp.cos(omega) + p**2)) and verify(square, trials=40)
    value = squared_magnitude(LinearSystem(sp.Rational(1, 2), 1), sp.pi / 4).rhs
    assert float(value) == pytest.approx(1.84198285288146, abs=1e-13)
    turned = phase(LinearSystem(p, 1), omega)
    formula = -sp.atan(p * sp.sin(omega) / (1 - p * sp.cos(omega)))
    assert verify(turned, trials=40) and verify(claim(turned.lhs, formula, given=abs(p) < 1), trials=40)
    delay = group_delay(LinearSystem(p, 1), omega)
    assert same(delay.rhs, p * (sp.cos(omega) - p) / (1 - 2 * p * sp.cos(omega) + p**2)) and verify(delay, trials=40)
    assert same(dc_gain(POLE).rhs, alpha / (1 - p))
    for norm in (hinf_norm, l1_norm):
        assert norm(POLE).rhs == abs(alpha) / (1 - abs(p)) and verify(norm(POLE), trials=20)
    assert h2_norm(POLE).rhs == abs(alpha) / sp.sqrt(1 - p**2) and verify(h2_norm(POLE), trials=40)
    # noise bandwidth: the width of a box of height |H(1)|^2 with the same area over 0 <= omega <= pi
    bandwidth = sp.pi * noise_gain(POLE).rhs / dc_gain(POLE).rhs ** 2
    assert same(bandwidth, (1 - p) / (1 + p) * sp.pi)
    half = half_power_frequency(POLE)
    assert same(sp.cos(half.rhs), (4 * p - 1 - p**2) / (2 * p)) and verify(half, trials=20)
    assert float(half_power_frequency(LinearSystem(sp.Rational(4, 5), 1)).rhs) == pytest.approx(
        0.224075285301819, abs=1e-14
    )
    assert sp.Ge(p, 3 - 2 * sp.sqrt(2)) in half.given.args
    first, second = POLE, LinearSystem(A, 1)
    cascade = transfer_function(first.series(second)).rhs[0, 0]
    assert same(cascade, transfer_function(first).rhs[0, 0] * transfer_function(second).rhs[0, 0])


@pytest.mark.theory("derived")
def test_A_FIL_2_the_noise_power_is_finite_only_inside_the_circle():
    white = noise_gain(POLE, variance=sigma2)
    assert same(white.rhs, alpha**2 * sigma2 / (1 - p**2)) and verify(white, trials=40)
    assert white.given == (abs(p) < 1)
    after = noise_gain(POLE, variance=sigma2, steps=t)
    assert verify(after, trials=60)
    assert same(after.rhs.subs(p, 3), alpha**2 * sigma2 * (1 - 3 ** (2 * t)) / (1 - 9))
    assert all(same(after.rhs.subs(p, value), alpha**2 * sigma2 * t) for value in (1, -1))
    colored = noise_gain(POLE, variance=sigma2, correlation=r)
    assert same(colored.rhs, alpha**2 * sigma2 * (1 + r * p) / ((1 - p**2) * (1 - r * p))) and verify(
        colored, trials=40
    )
    with pytest.raises(RnnsymError, match="diverges"):
        noise_gain(LinearSystem(2, 1))
    assert not verify(claim(white.lhs, alpha**2 * sigma2 / (p**2 - 1), given=abs(p) > 1), trials=60)
    two = LinearSystem([[p, 1], [0, r]], [0, 1], [[1, 0]])
    P = covariance(two).rhs
    assert same(noise_gain(two).rhs, (two.C * P * two.C.T)[0, 0]) and verify(covariance(two), trials=20)


@pytest.mark.theory("derived")
def test_A_FIL_3_the_signal_to_noise_ratio_is_a_poisson_kernel():
    result = snr(ONE)
    assert verify(result, trials=40)
    G = result.where[1][1].subs(result.where[0][0], p)
    assert same(G, (1 - p**2) / (1 - 2 * p * sp.cos(omega) + p**2)) and result.where[0][1] == alpha * A
    best, top, bias, better = snr_optimum(), snr_maximum(), snr_bias(), snr_improves()
    for claimed in (best, top, bias, better):
        assert verify(claimed, trials=30)
    assert all(verify(claim(best.lhs, e, given=best.given & sp.Gt(omega, 0) & sp.Lt(omega, sp.pi)), trials=20) for e in (
        (1 - sp.sin(omega)) / sp.cos(omega), sp.tan(sp.pi / 4 - omega / 2)))  # fmt: skip
    assert same(G.subs({p: best.rhs, omega: 1}), 1 / sp.sin(1)) or float(
        G.subs({p: best.rhs.subs(omega, 1), omega: 1})
    ) == pytest.approx(1 / math.sin(1))
    at = sp.Rational(3, 10)
    assert float(snr_optimum(at).rhs) == pytest.approx(0.737415351928462, abs=1e-14)
    assert float(snr_maximum(at).rhs) == pytest.approx(3.38386336182412, abs=1e-13)
    assert float(G.subs({p: sp.Rational(1, 2), omega: at})) == pytest.approx(2.54527612792784, abs=1e-13)
    assert float(snr_bias(sp.Rational(9, 10), at).explicit) == pytest.approx(0.0712878035286645, abs=1e-14)
    assert sp.limit(G.subs(omega, 0), p, 0) == 1 and same(G.subs(omega, 0), (1 + p) / (1 - p))
    assert snr_optimum(sp.pi / 2).rhs == 0


@pytest.mark.theory("derived")
def test_A_FIL_4_one_pole_is_monotone_and_a_pair_resonates():
    square = squared_magnitude(LinearSystem(p, 1), omega).rhs
    c = sp.Symbol("c", real=True)
    slope = sp.factor(sp.diff(square.subs(sp.cos(omega), c), c))
    assert same(slope, 2 * p / (1 - 2 * p * c + p**2) ** 2)  # the sign of p: low-pass, high-pass, all-pass
    radius, theta = sp.symbols("r theta", real=True)
    pair = LinearSystem([[0, 1], [-(radius**2), 2 * radius * sp.cos(theta)]], [0, 1], [[1, 0]], readout="previous")
    result = resonance(pair)
    assert same(sp.cos(result.rhs), (1 + radius**2) / (2 * radius) * sp.cos(theta))
    assert verify(resonance(pair.subs({radius: sp.Rational(9, 10), theta: sp.pi / 3})), trials=1)


@pytest.mark.theory("derived")
def test_B_SSM_1_kernel_transfer_function_and_norms():
    a, b = sp.symbols("a b", real=True)
    system = LinearSystem([[a, 1], [0, b]], [0, 1], [[1, 2]])
    previous = transfer_function(LinearSystem(*system.matrices, readout="previous")).rhs[0, 0]
    assert same(transfer_function(system).rhs[0, 0], z * previous)
    kernel = impulse_response(system)
    assert verify(kernel, trials=40)
    length = 16
    numbers = system.subs({a: sp.Rational(4, 5), b: sp.Rational(-1, 2)})
    X, B, C = (np.array(M.tolist(), dtype=float) for M in numbers.matrices[:3])
    roots = np.exp(2j * np.pi * np.arange(length) / length)
    cut = np.eye(2) - np.linalg.matrix_power(X, length)
    generating = [(C @ cut @ np.linalg.solve(np.eye(2) - X / w, B))[0, 0] for w in roots]
    values = [float(impulse_response(numbers).explicit.subs(kernel.lhs.more[0], k)) for k in range(length)]
    np.testing.assert_allclose(np.fft.fft(values), generating, atol=1e-12)
    example = LinearSystem([[sp.Rational(9, 10), sp.Rational(1, 2)], [0, sp.Rational(7, 10)]], [0, 1], [[1, 0]])
    assert (l1_norm(example).rhs, hinf_norm(example).rhs) == (sp.Rational(50, 3), sp.Rational(50, 3))
    assert float(h2_norm(example).rhs) == pytest.approx(3.37133, abs=1e-5)
    for norm in (l1_norm, hinf_norm, h2_norm):
        assert verify(norm(example), trials=1)


@pytest.mark.theory("derived")
def test_B_SSM_3_normalization_and_ring_of_linear_recurrent_units():
    mode = sp.Symbol("l", real=True)
    result = lru_normalization(mode)
    assert result.rhs == sp.sqrt(1 - mode**2) and verify(result, trials=40)
    nu, theta = sp.symbols("nu theta", real=True)
    turning = lru_normalization(sp.exp(-sp.exp(nu) + sp.I * theta))
    assert same(turning.rhs**2, 1 - sp.exp(-2 * sp.exp(nu))) and verify(turning, trials=30)
    colored = lru_normalization(mode, correlation=r)
    assert same(colored.rhs**2, (1 - mode**2) * (1 - r * mode) / (1 + r * mode)) and verify(colored, trials=40)
    ring = ring_variance()
    low, high = ring.lhs.args
    assert same(ring.rhs, sp.log((1 - low**2) / (1 - high**2)) / (high**2 - low**2)) and verify(ring, trials=40)
    assert float(ring_variance(sp.Rational(2, 5), sp.Rational(99, 100)).rhs) == pytest.approx(4.56369, abs=1e-5)


@pytest.mark.theory("derived")
def test_B_SSM_10_the_leaky_integrator_is_a_filter_of_unit_gain():
    a = sp.Symbol("a", real=True)
    system = LinearSystem(1 - a, a)
    gain = noise_gain(system)
    assert same(gain.rhs, a / (2 - a)) and verify(gain, trials=40)
    assert dc_gain(system).rhs == 1 and same(dc_gain(system).rhs ** 2 / gain.rhs, (2 - a) / a)  # the effective window
    tau, step = sp.symbols("tau Delta", positive=True)
    decay = transfer_function(system.subs({a: 1 - sp.exp(-step / tau)})).rhs[0, 0]
    assert same(decay, (1 - sp.exp(-step / tau)) / (1 - sp.exp(-step / tau) / z))
    assert sp.series(1 - sp.exp(-step / tau), step, 0, 2).removeO() == step / tau


@pytest.mark.theory("derived")
def test_B_GRD_6_the_sensitivity_of_a_mode_to_its_eigenvalue():
    mode, rho, mu = sp.symbols("l rho mu", real=True)
    power = noise_gain(LinearSystem(mode, 1), correlation=rho)
    assert same(power.rhs, (1 + rho * mode) / ((1 - mode**2) * (1 - rho * mode))) and verify(power, trials=40)
    result = mode_sensitivity(mode, rho)
    formula = 1 + 2 * rho * mode + mode**2 * (1 - rho**2) - 2 * rho * mode**3 - rho**2 * mode**4
    assert same(result.rhs, formula / ((1 - mode**2) ** 3 * (1 - rho * mode) ** 2))
    cross = (1 - rho**2 * mode * mu) / ((1 - mode * mu) * (1 - rho * mode) * (1 - rho * mu))
    assert same(sp.diff(cross, mode, mu).subs(mu, mode), result.rhs)
    assert verify(result, trials=40)
    assert same(mode_sensitivity(mode, 0).rhs, (1 + mode**2) / (1 - mode**2) ** 3)
