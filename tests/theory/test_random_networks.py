"""B-RMT, B-LRK-2: random networks, their mean field, products of random matrices."""

import math
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
import sympy as sp

from rnnsym.analysis.meanfield import (
    circular_law,
    continuous_network,
    critical_line,
    dynamical_isometry,
    edge_of_chaos,
    gaussian_kernel,
    gaussian_moment,
    ground_state,
    large_network,
    mean_field,
    near_critical,
    product_exponents,
    rank_one_pitchfork,
    spectral_outlier,
)
from rnnsym.defined import Numbers
from rnnsym.defined.criticality import AutonomousExponent, ContinuousExponent, ContinuousVariance
from rnnsym.defined.edges import CriticalVariance, StationaryVariance
from rnnsym.defined.ensembles import GaussianPair, kernel
from rnnsym.defined.randomness import NetworkNorm, NetworkRadius, spread_of_product
from rnnsym.exact import balls
from rnnsym.verify import verify

R = sp.Rational
g, q, T = sp.Symbol("g", positive=True), sp.Symbol("q", positive=True), sp.Symbol("T", integer=True, nonnegative=True)


def number(result):
    """The middle of an enclosure."""
    return float(result.where[0][1])


def moved(result, by):
    """An enclosure around another number."""
    ((m, value),) = result.where
    return replace(result, where=((m, value.elementary() + by),))


@cache
def enclosure(what, phi="tanh", **numbers):
    return mean_field(phi, what=what, **numbers)


CHECKED = {"sigma_w": sp.sqrt(R(6, 5)), "sigma_b": sp.sqrt(R(1, 10))}


@pytest.mark.theory("asymptotic")
def test_B_RMT_1_circular_law():
    radius, norm = circular_law(size=200)
    assert str(radius.rhs) == "rho(W) -> g as N grows" and str(norm.rhs) == "||W|| -> 2*g as N grows"
    for result in (radius, norm):
        check = verify(result, trials=12)
        assert check and check.verdict == "not refuted" and result.status == "asymptotic"
    # a norm like the radius, or a radius like the norm, is refused: the gap is a factor 2
    observable, limit = radius.rhs.args
    assert not verify(replace(radius, rhs=radius.rhs.func(observable, 2 * limit)), trials=12)
    observable, limit = norm.rhs.args
    assert not verify(replace(norm, rhs=norm.rhs.func(observable, limit / 2)), trials=12)
    assert limit == 2 * radius.rhs.args[1]


@pytest.mark.theory("asymptotic")
def test_B_RMT_2_outliers():
    result = spectral_outlier(size=300)
    check = verify(result, trials=12)
    assert check and check.verdict == "not refuted"
    observable, theta = result.rhs.args
    gain = observable.args[0]
    wrong = replace(result, rhs=result.rhs.func(observable, theta + gain))
    assert not verify(wrong, trials=12)


@pytest.mark.theory("asymptotic")
def test_B_RMT_3_mean_field_and_edge_of_chaos():
    printed = {
        "variance": 0.374504,
        "susceptibility": 0.775186,
        "correlation length": 3.92693,
        "variance length": 1.34164,
    }
    for what, value in printed.items():
        result = enclosure(what, **CHECKED)
        assert result.status == "proved" and verify(result, trials=1)
        assert number(result) == pytest.approx(value, rel=3e-6)
        assert not verify(moved(result, R(1, 10**9)), trials=1)
    for numbers, value in (
        ({"sigma_w": R(3, 2), "sigma_b": 0, "sigma_u": R(1, 2)}, -0.016728),
        ({"sigma_w": R(6, 5), "sigma_b": 0, "sigma_u": 1}, -0.309526),
        ({"sigma_w": R(3, 2), "sigma_b": 0}, 0.065217),
    ):
        assert number(enclosure("exponent", **numbers)) == pytest.approx(value, abs=1e-6)
    # the formula for every activation: near states part by the mean square slope
    for phi in ("tanh", "hard_tanh"):
        result = mean_field(phi)
        assert verify(result, trials=6)
        assert not verify(replace(result, rhs=2 * result.rhs, steps=()), trials=6)
    # the simulated network: 300 units, six networks, with confidence bounds
    network = large_network("tanh", sigma_w=R(3, 2), sigma_u=R(1, 2))
    check = verify(network, trials=1)
    assert check and check.verdict == "not refuted" and network.status == "asymptotic"
    observable, limit = network.rhs.args
    assert not verify(replace(network, rhs=network.rhs.func(observable, limit + R(1, 20))), trials=1)


@pytest.mark.theory("derived")
def test_B_RMT_4_erf_network_in_closed_form():
    kernel_result = gaussian_kernel()
    moments = [gaussian_moment("erf_scaled", what) for what in ("square", "slope square", "slope")]
    gain, noise = critical_line()
    boxed = edge_of_chaos()
    square, slope, mean = (m.rhs for m in moments)
    assert mean == 1 / sp.sqrt(1 + sp.pi * q / 2) and slope == 1 / sp.sqrt(1 + sp.pi * q)
    assert sp.simplify(square - 2 * sp.asin(sp.pi * q / 2 / (1 + sp.pi * q / 2)) / sp.pi) == 0
    assert sp.expand(boxed.rhs - (g**4 - 1 - 4 * g**2 * sp.atan(g**2) + sp.pi * g**2) / sp.pi) == 0
    for result in (*moments, gain, noise, mean_field("erf_scaled", what="exponent")):
        assert result.status == "derived" and verify(result, trials=8)
    assert verify(kernel_result, trials=6) and verify(boxed, trials=5)
    # the eliminated formula on the parametric line, exactly where arctan and arcsin are known, and in 30 digits
    for value in (R(1, 3), 1, 7):
        on_line = {q: sp.sympify(value)}
        level = sp.sqrt(gain.rhs.subs(on_line))
        assert abs(sp.N(boxed.rhs.subs(g, level) - noise.rhs.subs(on_line), 30)) < 1e-28
    assert boxed.rhs.subs(g, 1) == 0
    # pi^2 q^3/12
    assert sp.series(noise.rhs, q, 0, 4).removeO() == sp.pi**2 * q**3 / 12
    # wrong ones
    for wrong in (boxed.rhs + g**2 - 1, -boxed.rhs):
        assert not verify(replace(boxed, rhs=wrong, steps=()), trials=4)
    assert not verify(replace(boxed, given=sp.Gt(g, 0)), trials=8)  # no edge below g = 1
    assert not verify(replace(gain, rhs=gain.rhs**2, steps=()), trials=8)
    assert not verify(replace(noise, rhs=-noise.rhs, steps=()), trials=8)
    c = sp.Symbol("c", real=True)
    assert not verify(replace(kernel_result, rhs=kernel_result.rhs.subs(c, -c)), trials=8)


@pytest.mark.theory("derived")
def test_B_RMT_5_relu_networks():
    sigma_w, sigma_b = sp.Symbol("sigma_w", positive=True), sp.Symbol("sigma_b", nonnegative=True)
    assert sp.expand(mean_field("relu", what="map").rhs - (q * sigma_w**2 / 2 + sigma_b**2)) == 0
    assert mean_field("relu", what="susceptibility").rhs == sigma_w**2 / 2
    gain, noise = critical_line("relu")
    assert gain.rhs == 2 and noise.rhs == 0
    star = mean_field("relu", what="variance")
    for result in (mean_field("relu", what="map"), mean_field("relu", what="susceptibility"), gain, noise, star):
        assert verify(result, trials=8)
    assert not verify(replace(star, given=sp.true), trials=12)  # beyond sigma_w^2 = 2 the variance grows without bound
    assert not verify(replace(star, rhs=star.rhs / 2), trials=8)
    result = gaussian_kernel("relu")
    unit = {sp.Symbol("q_1", positive=True): 1, sp.Symbol("q_2", positive=True): 1}
    c = sp.Symbol("c", real=True)
    assert float(result.rhs.subs(unit).subs(c, R(3, 10))) == pytest.approx(0.241372, abs=5e-7)
    assert result.rhs.subs(unit).subs(c, 1) == R(1, 2) and result.rhs.subs(unit).subs(c, -1) == 0
    assert verify(result, trials=4)
    assert not verify(replace(result, rhs=result.rhs * 2), trials=4)
    # its derivative by c is the kernel of the slopes (Price)
    slopes = gaussian_kernel("relu", slopes=True)
    assert sp.simplify(sp.diff(result.rhs.subs(unit), c) - slopes.rhs) == 0


@pytest.mark.theory("asymptotic")
def test_B_RMT_6_near_critical_exponents():
    results = near_critical("tanh")
    epsilon = sp.Symbol("epsilon", positive=True)
    assert [r.rhs for r in results] == [4 * q**2 / 3, epsilon, 2 * epsilon**2 / 3, 4 * q**3 / 3, 4 * epsilon**3 / 3]
    for k, result in enumerate(results):
        assert result.status == "asymptotic" and verify(result, trials=1)
        if k in (0, 2, 3):
            assert not verify(replace(result, rhs=result.rhs * R(3, 4)), trials=1)
    exponent = float(Numbers({}).value(AutonomousExponent(results[2].lhs.phi, R(51, 50))))
    assert exponent == pytest.approx(2.503e-4, abs=1e-7)
    # the continuous-time network
    first, second, growth = continuous_network()
    assert second.rhs == R(7, 6) * epsilon**2 and growth.rhs == epsilon**2 / 2
    assert verify(second, trials=1) and not verify(replace(second, rhs=epsilon**2), trials=1)
    for gain, value in ((R(21, 20), 0.052832), (R(11, 10), 0.111063)):
        assert float(Numbers({}).value(ContinuousVariance(gain))) == pytest.approx(value, abs=6e-7)
    # sech(x)^2 is the ground state of -d^2 + 1 - 6 sech^2 at -3, exactly: it has no zero
    x = sp.Symbol("x", real=True)
    t = sp.tanh(x)
    psi = 1 - t**2  # sech^2
    assert sp.expand(-sp.diff(psi, x, 2) + psi - 6 * (1 - t**2) * psi + 3 * psi) == 0
    assert ground_state(2).rhs == -3 and verify(ground_state(2), trials=1) and verify(ground_state(), trials=8)
    assert not verify(replace(ground_state(), rhs=1 - ground_state(sp.Symbol("ell", positive=True)).rhs), trials=8)
    # epsilon sech(epsilon tau/sqrt 3) solves D'' = (epsilon^2/3) D - (2/3) D^3
    D = epsilon / sp.cosh(epsilon * x / sp.sqrt(3))
    gap = sp.diff(D, x, 2) - epsilon**2 / 3 * D + R(2, 3) * D**3
    assert gap.rewrite(sp.exp).simplify() == 0


@pytest.mark.theory("derived")
def test_B_RMT_7_dynamical_isometry():
    for weights in ("normal", "orthogonal"):
        mean, spread = dynamical_isometry("tanh", weights=weights)
        assert verify(mean, trials=5) and verify(spread, trials=5)
        assert not verify(replace(spread, rhs=spread.rhs + T), trials=5)
        assert not verify(replace(mean, rhs=mean.rhs**2), trials=5)
    assert dynamical_isometry("relu")[1].rhs == 2 * T
    # the recursion over factors at finite N, which the left side uses, against simulated products
    random, size, steps = np.random.default_rng(3), 6, 3
    slopes = np.array([0.5, 1.5])
    moments = (balls.ball(R(5, 4)), balls.ball((R(1, 16) + R(81, 16)) / 2))
    for kind in ("normal", "orthogonal"):
        J = np.broadcast_to(np.eye(size), (40_000, size, size))
        for _ in range(steps):
            W = random.normal(size=(40_000, size, size)) / math.sqrt(size)
            if kind == "orthogonal":
                W, upper = np.linalg.qr(W)
                W = W * np.sign(np.diagonal(upper, axis1=1, axis2=2))[:, None, :]
            J = random.choice(slopes, size=(40_000, size, 1)) * (W @ J)
        M = J @ J.transpose(0, 2, 1)
        for seen, exact in zip(
            (np.trace(M, axis1=1, axis2=2) / size, (M**2).sum(axis=(1, 2)) / size),
            spread_of_product(moments, balls.ball(1), steps, kind, balls.ball(size)),
            strict=True,
        ):
            assert abs(seen.mean() - float(exact)) < 5 * seen.std() / 200


@pytest.mark.theory("derived")
def test_B_RMT_8_products_of_gaussian_matrices():
    result = product_exponents()
    assert verify(result, trials=30)
    N, i, sigma = (next(s for s in result.free_symbols if s.name == name) for name in ("N", "i", "sigma"))
    exact = [Numbers({N: 4, i: k, sigma: 1}).float(result.rhs) for k in range(1, 5)]
    assert exact == pytest.approx([0.5580, 0.3648, 0.0580, -0.6352], abs=5e-5)
    # a fresh matrix each step: 300 chains of 4 x 4 by QR, five standard errors
    random, frame, logs = np.random.default_rng(0), np.broadcast_to(np.eye(4), (300, 4, 4)), []
    for _ in range(60):
        frame, upper = np.linalg.qr(random.normal(size=(300, 4, 4)) @ frame)
        logs.append(np.log(np.abs(np.diagonal(upper, axis1=1, axis2=2))))
    runs = np.mean(logs[10:], axis=0)
    error = runs.std(axis=0) / math.sqrt(300)
    assert np.all(np.abs(runs.mean(axis=0) - exact) < 5 * error) and np.all(error < 0.01)
    # one unit: E ln|z|; wrong: the order reversed, or psi without the 1/2
    assert Numbers({N: 1, i: 1, sigma: 1}).float(result.rhs) == pytest.approx(-0.635181422730739, abs=1e-14)
    assert not verify(replace(result, rhs=result.rhs.subs(i, N - i + 1)), trials=30)
    assert not verify(replace(result, rhs=result.rhs + sp.log(sigma)), trials=30)
    assert not verify(replace(result, rhs=result.rhs - sp.log(2) / 2), trials=30)


@pytest.mark.theory("derived")
def test_B_LRK_2_gaussian_rank_one_pitchfork():
    result = rank_one_pitchfork()
    joint, spread = sp.Symbol("sigma_mn", real=True), sp.Symbol("sigma_m", positive=True)
    (above, condition), (below, _) = result.rhs.args
    assert sp.expand(above - 2 * (joint**2 - 1) / (sp.pi * spread**2)) == 0 and below == 0 and condition == (joint > 1)
    assert verify(result, trials=8)
    for wrong in (above, 2 * above, sp.S.Zero):
        assert not verify(replace(result, rhs=wrong), trials=12)


# slow: more draws, larger networks, the order of errors


@pytest.mark.slow
def test_errors_near_the_edge_are_of_the_next_order():
    """The relative error of each leading term falls like its variable: slope 1 on a log-log fit."""
    for phi in ("tanh", "erf_scaled", "algebraic"):
        for result in near_critical(phi):
            limit = result.given
            sizes, errors = [R(1, 2**k) for k in range(8, 13)], []
            for size in sizes:
                numbers = Numbers({limit.symbol: size})
                errors.append(abs(float(numbers.value(result.lhs) / numbers.value(result.rhs) - 1)))
            slope = np.polyfit(np.log([float(s) for s in sizes]), np.log(errors), 1)[0]
            order = 2 if phi == "tanh" and result.name.endswith("noise by gain") else 1
            assert slope == pytest.approx(order, abs=0.1), result.name
    second = continuous_network()[1]
    sizes = [R(1, 2**k) for k in range(4, 9)]
    errors = [
        abs(
            float(
                Numbers({second.given.symbol: s}).value(second.lhs)
                / Numbers({second.given.symbol: s}).value(second.rhs)
            )
            - 1
        )
        for s in sizes
    ]
    assert np.polyfit(np.log([float(s) for s in sizes]), np.log(errors), 1)[0] == pytest.approx(1, abs=0.1)


@pytest.mark.slow
def test_continuous_exponent_tends_to_half_epsilon_squared():
    sizes = [R(1, 2**k) for k in range(4, 8)]
    errors = [abs(float(Numbers({}).value(ContinuousExponent(1 + s))) / float(s) ** 2 - 0.5) for s in sizes]
    assert np.polyfit(np.log([float(s) for s in sizes]), np.log(errors), 1)[0] == pytest.approx(1, abs=0.15)
    assert verify(continuous_network()[2], trials=1)


@pytest.mark.slow
def test_large_networks_come_closer_to_the_mean_field():
    """N = 2000: within five standard errors and 4/N; N = 1000 reproduces the values of theory.md."""
    for what in ("exponent", "variance"):
        assert verify(large_network("tanh", what=what, size=2000, sigma_w=R(3, 2), sigma_u=R(1, 2)), trials=1)
    printed = {(R(3, 2), R(1, 2)): -0.017255, (R(6, 5), 1): -0.308707, (R(3, 2), 0): 0.066405}
    for (gain, drive), value in printed.items():
        result = large_network("tanh", sigma_w=gain, sigma_u=drive, size=1000)
        mean, error, finite = result.rhs.args[0].seen(Numbers({}))
        assert abs(mean - value) < 5 * error + finite and verify(result, trials=1)


@pytest.mark.slow
def test_the_norm_and_the_radius_come_closer_to_their_limits():
    """N = 600, g = 2: theory.md has 2.0555 and 3.9351; the norm's error falls like N^(-2/3)."""
    radius, _, spread = NetworkRadius(2, 600).seen(Numbers({}))
    norm, error, _ = NetworkNorm(2, 600).seen(Numbers({}))
    assert abs(radius - 2.0555) < spread and abs(norm - 3.9351) < 0.03 and error < 0.02
    sizes = (40, 80, 160, 320)
    rng = np.random.default_rng(1)
    gaps = []
    for size in sizes:
        draws = rng.normal(size=(3200 // size, size, size)) / math.sqrt(size)
        gaps.append(2 - np.mean(np.sqrt([np.linalg.eigvalsh(J @ J.T)[-1] for J in draws])))
    assert np.polyfit(np.log(sizes), np.log(gaps), 1)[0] == pytest.approx(-2 / 3, abs=0.15)
    assert verify(circular_law(size=1000)[1], trials=4)


@pytest.mark.slow
def test_mean_field_results_with_many_draws():
    for phi in ("erf_scaled", "erf", "relu", "hard_tanh", "gelu", "elu", "selu", "hard_sigmoid", "leaky_relu"):
        for what in ("square", "slope square", "slope"):
            assert verify(gaussian_moment(phi, what), trials=20)
    for phi in ("tanh", "erf_scaled"):
        for what in ("susceptibility", "exponent", "correlation length", "variance length"):
            assert verify(mean_field(phi, what=what), trials=8)
    for phi in ("erf_scaled", "leaky_relu"):
        assert verify(gaussian_kernel(phi), trials=12) and verify(gaussian_kernel(phi, slopes=True), trials=6)
    assert verify(edge_of_chaos(), trials=30) and verify(edge_of_chaos("erf"), trials=10)
    for result in critical_line("gelu"):
        assert verify(result, trials=10)
    assert verify(rank_one_pitchfork("erf"), trials=20)


@pytest.mark.slow
def test_the_slope_of_the_correlation_map_at_one_is_chi():
    """(1 - c')/(1 - c) by the two-point kernel of tanh, with an error of order 1 - c."""
    numbers = Numbers({})
    phi = mean_field("tanh").lhs.phi
    star = numbers.value(StationaryVariance(phi, CHECKED["sigma_w"], R(1, 10)))
    chi, errors, gaps = number(enclosure("susceptibility", **CHECKED)), [], [0.04, 0.02, 0.01]
    with balls.precision(40):
        for gap in gaps:
            c = balls.ball(1 - R(str(gap)))
            ahead = (balls.ball(R(6, 5)) * kernel(phi, star, star, c) + balls.ball(R(1, 10))) / star
            errors.append(abs(float((1 - ahead) / (1 - c)) - chi))
    assert np.polyfit(np.log(gaps), np.log(errors), 1)[0] == pytest.approx(1, abs=0.05)


@pytest.mark.slow
def test_kernels_to_thirty_digits():
    with balls.precision(60):
        for phi, closed in (("erf_scaled", gaussian_kernel()), ("relu", gaussian_kernel("relu"))):
            values = {s: v for s, v in zip(sorted(closed.free_symbols, key=str), (R(3, 5), 2, R(1, 3)), strict=True)}
            exact = Numbers(values).value(closed.rhs)
            found = kernel(
                closed.lhs.phi,
                *(balls.ball(values[s]) for s in sorted(values, key=lambda s: (s.name == "c", s.name))),
                digits=31,
            )
            assert abs(found - exact) < 1e-30, phi
    assert isinstance(gaussian_kernel().lhs, GaussianPair) and CriticalVariance(closed.lhs.phi, 2).free_symbols == set()
