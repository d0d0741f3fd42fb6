"""A-GRD-1, A-GRD-2, A-GRD-4, B-GRD-1, B-GRD-7, B-GRD-9, B-GRD-10: gradients through time."""

from dataclasses import replace
from fractions import Fraction

import mpmath
import numpy as np
import pytest
import sympy as sp

from rnnsym.analysis.gradient import (
    adjoint_recursion,
    bptt,
    certified_threshold,
    cycle_count,
    cycle_reduction,
    cycle_stability,
    cycle_threshold,
    forced_bptt,
    forcing_strength,
    gradient_bound,
    nilpotent_bias,
    nilpotent_cycle,
    nilpotent_fixed_point,
    nilpotent_powers,
    nilpotent_radius,
    nilpotent_relu,
    nilpotent_weights,
    norms_above_one,
    parameter_gradient,
    predictability_time,
    product_bounds,
    relu_growth,
    rtrl,
    rtrl_identity,
    truncated_gradient,
    truncation_error,
    volume_bound,
    window_length,
    words,
)
from rnnsym.cells import elman, linear, trajectory
from rnnsym.defined import Numbers, OrderedProduct, SpectralNorm, SpectralRadius
from rnnsym.verify import verify

THREE = [["1.202", "1.561", "-.610"], ["-1.037", "-1.567", "1.132"], ["-.119", "-.613", "-.089"]]
SMALL = (1, 2)


def without(given, *parts):
    """The hypotheses but for some of them."""
    return sp.And(*(c for c in given.args if c not in parts))


@pytest.mark.theory("derived")
def test_A_GRD_1_the_product_of_jacobians_has_one_order_and_needs_t_after_k():
    cell = elman()
    three = bptt(cell, 3)
    assert str(three.rhs) == "diag(1 - h_3**2)*W_h*diag(1 - h_2**2)*W_h*diag(1 - h_1**2)*W_h"
    assert verify(three, trials=12) and verify(bptt(cell, 0), trials=2)
    result = bptt(cell)
    assert verify(result, trials=20)
    # the reversed order is refused, with named steps and with a symbolic horizon
    factors = three.rhs.args
    turned = sp.MatMul(*factors[4:], *factors[2:4], *factors[:2], evaluate=False)
    assert not verify(replace(three, rhs=turned, steps=()), trials=40, dims=(2,))
    factor, index, low, high = result.rhs.args
    later = factor.xreplace({index: low + high - index})
    assert not verify(replace(result, rhs=OrderedProduct(later, index, low, high)), trials=40, dims=(2,))
    # for k > t the derivative is 0, the empty product is not: the text's "k > t" is refused
    k, t = result.lhs.args[1:]
    assert not verify(replace(result, given=without(result.given, sp.Le(k, t))), trials=40, dims=SMALL)
    # the adjoint, and the gradient of the loss
    back = adjoint_recursion(cell)
    assert verify(back, trials=10, dims=SMALL)
    assert not verify(replace(back, rhs=back.rhs.args[0]), trials=20, dims=SMALL)
    gradient = parameter_gradient(cell, "W_h", 2)
    assert str(gradient.rhs) == "(delta_1*(1 - h_1**2))*h_0.T + (delta_2*(1 - h_2**2))*h_1.T"
    assert verify(gradient, trials=10) and verify(parameter_gradient(cell, "W_h"), trials=8, dims=SMALL)
    late = replace(gradient, rhs=gradient.rhs.args[1])
    assert not verify(late, trials=20, dims=SMALL)
    # numbers: the product against differences of the trajectory, and the reversed product
    random = np.random.default_rng(3)
    values = {"W_h": random.normal(size=(4, 4)) / 2, "W_x": random.normal(size=(4, 2)), "b": random.normal(size=4)}
    x, h0 = random.normal(size=(3, 2)), random.normal(size=4)
    J = three(**values, h_0=h0, **{f"x_{s + 1}": x[s] for s in range(3)})

    def end(h):
        return trajectory(cell, values, h, x)[-1]

    differences = np.stack([(end(h0 + 1e-6 * e) - end(h0 - 1e-6 * e)) / 2e-6 for e in np.eye(4)], axis=1)
    assert np.abs(J - differences).max() < 1e-9
    path = trajectory(cell, values, h0, x)
    factors = [np.diag(1 - h**2) @ values["W_h"] for h in path]
    assert np.abs(factors[0] @ factors[1] @ factors[2] - differences).max() > 1e-3


@pytest.mark.theory("derived")
def test_A_GRD_2_norms_below_one_vanish_and_norms_above_one_need_not_explode():
    for result in product_bounds(2):
        assert verify(result, trials=10, dims=SMALL)
    upper, lower = product_bounds(2)
    assert not verify(
        replace(upper, lhs=upper.rhs, rhs=upper.lhs), trials=60, dims=(2,)
    )  # prod of norms is no lower bound
    assert not verify(replace(lower, lhs=lower.rhs, rhs=lower.lhs), trials=60, dims=(2,))
    # the converse sentence is refuted, by a nilpotent pair
    check = verify(norms_above_one(), trials=60, dims=(2,))
    assert check.verdict == "refuted"
    found = [sp.Matrix(2, 2, [sp.sympify(v) for row in check.worst[f"J_{s}"] for v in row]) for s in (1, 2)]
    assert all((f.T * f).norm() > 1 for f in found) and (found[1] * found[0]).norm() <= 1
    N = [[0, 5], [0, 0]]
    J_1, J_2 = (next(m for m in norms_above_one().free_symbols if m.name == f"J_{s}") for s in (1, 2))
    draw = Numbers({J_1.shape[0]: 2, J_1: N, J_2: N})
    assert draw.float(SpectralNorm(J_1)) == 5 and draw.float(SpectralNorm(J_2 * J_1)) == 0
    assert draw.truth(norms_above_one().lhs) is True and draw.truth(norms_above_one().rhs) is False
    assert verify(norms_above_one(), trials=8, dims=(1,))  # it is true of one unit
    # along a run of any cell
    for result in gradient_bound(elman(), "steps"):
        assert verify(result, trials=6, dims=SMALL)


@pytest.mark.theory("derived")
def test_A_GRD_4_a_spectral_radius_of_zero_does_not_prevent_exploding_gradients():
    assert nilpotent_weights() ** 2 == sp.zeros(2, 2)
    results = [nilpotent_radius(), nilpotent_powers(1), nilpotent_powers(4), *nilpotent_fixed_point(), nilpotent_relu()]
    for result in results:
        assert verify(result, trials=8), result.name
    radius = nilpotent_radius()
    assert not verify(replace(radius, rhs=radius.rhs / 2), trials=20)
    assert not verify(replace(radius, lhs=SpectralRadius(nilpotent_weights())), trials=20)  # rho(W) itself is 0
    power = nilpotent_powers(3)
    assert not verify(replace(power, rhs=power.rhs * 2 * abs(sp.Symbol("k", real=True)), steps=()), trials=20)
    # the printed values
    assert nilpotent_bias(1, 3) == sp.Matrix([4 * sp.tanh(3), 3 + 2 * sp.tanh(3)])
    assert sp.N(nilpotent_fixed_point(1, 3)[1].rhs, 15) == pytest.approx(1.98026792566912, abs=1e-14)
    slopes = {"k": 1, "d_1": 1, "d_2": 1 - sp.tanh(3) ** 2}
    printed = {1: (4.47, 1e-2), 5: (68.8, 0.1), 10: (2094, 1), 20: (1.94e6, 1e4)}
    for p, (value, digits) in printed.items():
        assert float(nilpotent_powers(p).subs(slopes).rhs) == pytest.approx(value, abs=digits)
    assert nilpotent_relu(1).rhs.subs({"t": 10}) != 0
    path = trajectory(elman("relu"), {"W_h": [[2.0, -4], [1, -2]], "b": [0.0, -600.0]}, h0=[1.0, 0.0], steps=10)
    assert path[-1].tolist() == [1024.0, 0.0]
    # too small a beta: the second unit wakes, and the formula is refused
    short = nilpotent_relu()
    assert not verify(replace(short, given=short.given.args[0]), trials=40)
    # ReLU without bias: the printed network of three units, and two units with rho(W) = 0
    for result in (relu_growth(), relu_growth(THREE)):
        assert verify(result, trials=10)
    two = relu_growth([[3, 3], [-3, -3]])
    assert two.rhs[0] == sp.Integer(3) ** next(iter(two.rhs.free_symbols))
    table = np.array(THREE, dtype=float)
    assert np.abs(np.linalg.eigvals(table)).max() == pytest.approx(0.9, abs=5e-4)
    end = trajectory(elman("relu"), {"W_h": table}, h0=[1.0, 0, 0], steps=60)[-1]
    assert end == pytest.approx([1.202**60, 0, 0]) and np.linalg.norm(end) > 6e4
    wrong = replace(relu_growth(), rhs=2 * relu_growth().rhs)
    assert not verify(wrong, trials=10)


@pytest.mark.theory("proved")
def test_the_two_cycle_of_the_nilpotent_network_and_its_certified_threshold():
    for result in (cycle_reduction(), nilpotent_cycle(), cycle_threshold(), cycle_stability()[0]):
        assert verify(result, trials=8), result.name
    cycle = nilpotent_cycle()
    assert not verify(replace(cycle, rhs=-cycle.rhs), trials=8)
    threshold = cycle_threshold()
    assert not verify(replace(threshold, rhs=threshold.rhs + sp.Rational(1, 10**9), steps=()), trials=2)
    found = certified_threshold(30)
    assert found.k_low < found.k_high < found.k_low + sp.Rational(1, 10**30)
    assert found.q_low < found.q_high < found.q_low + sp.Rational(1, 10**30)
    assert str(found).startswith("k_c = 1.75429720864584") and "q_c = 0.82354262616979" in str(found)
    with mpmath.workdps(50):  # independently: the minimum by mpmath

        def kappa(q):
            return (1 + q**2) * mpmath.atanh(q) / (2 * q**3)

        place = mpmath.findroot(lambda q: mpmath.diff(kappa, q).real, (0.7, 0.9), solver="bisect", verify=False)
        low, high = (mpmath.mpf(v.p) / v.q for v in (found.k_low, found.k_high))
        assert low - mpmath.mpf(10) ** -30 < kappa(place) < high + mpmath.mpf(10) ** -30
    # k = 1.7 fades, k = 1.8 does not; and other gains on both sides
    for k, alive in ((1.7, False), (1.75, False), (1.8, True), (2.5, True)):
        W, path = k * np.array([[2.0, -4], [1, -2]]), [np.array([0.99, 0.85])]
        for _ in range(3000):
            path.append(np.tanh(W @ path[-1]))
        assert bool(np.abs(path[-1]).max() > 0.5) is alive, k
        if k == 1.8:
            assert np.abs(path[-1]) == pytest.approx([0.99268765, 0.88576565], abs=1e-8)
            assert path[-1] == pytest.approx(-path[-2])


@pytest.mark.slow
def test_two_cycles_are_counted_and_the_outer_one_attracts():
    result = cycle_count()
    assert verify(result, trials=60)
    (none, _), *rest = result.rhs.args
    moved = sp.Piecewise((none, sp.Lt(sp.Symbol("k", positive=True), 1)), (2, True))
    assert not verify(replace(result, rhs=moved), trials=100)
    radius, stable = cycle_stability()
    assert verify(radius, trials=60) and verify(stable, trials=40)
    assert not verify(replace(stable, rhs=sp.Gt(sp.Symbol("q", positive=True), sp.Rational(9, 10))), trials=60)


@pytest.mark.theory("derived")
def test_B_GRD_1_small_norms_are_sufficient_to_vanish_and_large_ones_necessary_to_explode():
    bound, vanishing, exploding = gradient_bound(elman(), "2")
    W = elman().symbol("W_h")
    assert vanishing.lhs == sp.Lt(SpectralNorm(W), 1)
    assert gradient_bound(elman("sigmoid"), "2")[1].lhs == sp.Lt(SpectralNorm(W) / 4, 1)
    for result in (bound, vanishing, exploding):
        assert verify(result, trials=6, dims=SMALL), result.name
    sharp = gradient_bound(elman("relu"), "2")[0]
    assert verify(sharp, trials=6, dims=(1,))
    assert not verify(replace(sharp, rhs=sharp.rhs * sp.Rational(9, 10)), trials=40, dims=(1,))  # it is attained
    # the spectral radius in place of the norm is no theorem
    wrong = replace(sharp, rhs=sharp.rhs.xreplace({SpectralNorm(W): SpectralRadius(W)}))
    assert not verify(wrong, trials=40, dims=(2,))
    # neither implication can be turned around
    large = replace(exploding, lhs=exploding.rhs, rhs=exploding.lhs)
    assert not verify(large, trials=60, dims=(1,))
    # the best diagonal metric: of two units c* in place of the norm
    table = sp.symbols("a b c d", real=True)
    best = gradient_bound(elman(W_h=[table[:2], table[2:]]), "diagonal")[0]
    assert verify(best, trials=5)
    assert verify(gradient_bound(elman(), "diagonal")[0], trials=4, dims=(2,))
    at = best.subs({"a": sp.Rational(1, 2), "b": 3, "c": -sp.Rational(1, 10), "d": sp.Rational(1, 2)})
    t, k = (next(s for s in at.rhs.free_symbols if s.name == name) for name in "tk")
    rate = sp.N((at.rhs.subs({t: 9, k: 0}) / at.rhs.subs({t: 8, k: 0})), 12)
    assert rate == pytest.approx(0.741619848709566, abs=1e-10)  # though the norm of W is above 3


@pytest.mark.theory("derived")
def test_B_GRD_7_what_a_finite_window_loses():
    for result in (
        truncation_error(elman(), 4, 2),
        truncated_gradient(elman(), "W_h", 3, 2),
        truncated_gradient(elman(), "b", 3, 1),
    ):
        assert verify(result, trials=6, dims=SMALL), result.name
    assert verify(truncation_error(elman("relu"), 3, 1), trials=4, dims=SMALL)
    assert truncation_error(elman(), 3, 3).rhs == truncation_error(elman(), 3, 3).rhs.func(
        *truncation_error(elman(), 3, 3).rhs.args
    )
    assert truncated_gradient(elman(), "W_h", 3, 3).rhs == 0
    # sharp: the linear unit with w >= 0 and equal inputs attains both
    W, x = linear().symbol("W_h"), linear()
    state = truncation_error(linear(), 4, 2)
    values = {s: [[1]] for s in state.free_symbols if s.name.startswith(("x_", "W_x", "h_0"))}
    sizes = {s: 1 for s in (*W.shape, *x.input[0].shape) if s.is_Symbol}
    draw = Numbers({**sizes, **values, W: [[Fraction(4, 5)]], linear().symbol("b"): [[0]]})
    assert draw.float(state.lhs) == pytest.approx(draw.float(state.rhs), abs=1e-12)
    gradient = truncated_gradient(linear(), "b", 4, 2)
    inputs = {s: [[1]] for s in gradient.free_symbols if s.name.startswith(("x_", "W_x", "h_0", "e"))}
    draw = Numbers({**sizes, **inputs, W: [[Fraction(4, 5)]], linear().symbol("b"): [[0]]})
    for symbol, expression in gradient.where:
        draw.know(symbol, draw.value(expression))
    assert draw.float(gradient.lhs) == pytest.approx(draw.float(gradient.rhs), abs=1e-12)
    wrong = truncation_error(elman("relu"), 1, 0)
    assert not verify(replace(wrong, rhs=wrong.rhs / 2), trials=60, dims=(1,))
    # the printed bounds are 0.8^3 C and 0.8^8 C of one C = sup ||U x + b||/(1 - 0.8)
    assert 7.894 / 2.587 == pytest.approx(0.8**-5, abs=2e-3)
    assert verify(window_length(), trials=10)
    r, C, epsilon = (next(s for s in window_length().rhs.free_symbols if s.name == n) for n in ("r", "C", "epsilon"))
    at = window_length().rhs.subs({r: sp.Rational(4, 5), C: 15, epsilon: sp.Rational(1, 100)})
    assert float(at) == pytest.approx(np.log(1500) / np.log(1.25))
    # and a network of five units: the error is below the bound for every window
    random = np.random.default_rng(0)
    M = random.normal(size=(5, 5))
    values = {"W_h": 0.8 * M / np.linalg.norm(M, 2), "W_x": random.normal(size=(5, 2)), "b": random.normal(size=5)}
    xs = random.normal(size=(30, 2))
    full = trajectory(elman(), values, np.zeros(5), xs)[-1]
    drive = max(np.linalg.norm(values["W_x"] @ x + values["b"]) for x in xs)
    for k in (1, 3, 8, 20):
        short = trajectory(elman(), values, np.zeros(5), xs[-k:])[-1]
        assert 0 < np.linalg.norm(full - short) <= 0.8**k * drive / 0.2


@pytest.mark.theory("derived")
def test_B_GRD_9_the_influence_recursion_is_the_same_sum_as_the_adjoint():
    result = rtrl(elman(), "W_h")
    assert "KroneckerProduct(h[t - 1].T, I)" in str(result.rhs)
    assert verify(result, trials=8, dims=SMALL)
    assert not verify(replace(result, rhs=result.rhs.args[0]), trials=20, dims=SMALL)
    assert verify(rtrl(elman(), "W_h", 3), trials=6, dims=SMALL)
    for steps in (1, 2, 4):
        both = rtrl_identity(elman(), "W_h", steps)
        real_time, adjoint = (words(s.expression) for s in both.steps)
        assert real_time == adjoint == words(both.rhs) and len(adjoint) == steps * (steps + 1) // 2
    assert verify(rtrl_identity(elman(), "W_h", 2), trials=6, dims=SMALL)
    three = rtrl_identity(elman(), "W_h", 3)
    assert words(three.steps[0].expression) != words(sp.MatAdd(*three.rhs.args[1:]))
    assert not verify(
        replace(three, rhs=sp.MatAdd(*three.rhs.args[1:], evaluate=False), steps=()), trials=20, dims=SMALL
    )


# Forcing and the bounds are derived; the rate of chaos along a run is Oseledets's theorem, checked on one network below.
@pytest.mark.theory("numeric")
def test_B_GRD_10_chaos_explodes_and_teacher_forcing_scales_gradients():
    result = forced_bptt(elman())
    assert verify(result, trials=12, dims=SMALL)
    assert not verify(replace(result, rhs=result.rhs.args[1]), trials=20, dims=SMALL)
    bound = forcing_strength(elman())
    assert verify(bound, trials=5, dims=SMALL)
    assert 1 - 1 / 1.65823 == pytest.approx(0.396946, abs=2e-6)
    assert (1 - (1 - 1 / 1.65823)) * 1.65823 == pytest.approx(1)
    assert verify(predictability_time(), trials=10)
    volume = volume_bound(elman())
    assert verify(volume, trials=10, dims=SMALL)
    assert not verify(replace(volume, lhs=volume.lhs.args[0] * 2), trials=40, dims=(1,))


@pytest.mark.slow
def test_a_weaker_forcing_is_refused():
    bound = forcing_strength(elman("relu"))
    assert verify(bound, trials=12, dims=SMALL)
    alpha = sp.Symbol("alpha", real=True)
    weak = without(bound.given, *(c for c in bound.given.args if c.has(alpha) and c.has(SpectralNorm)))
    assert not verify(replace(bound, given=weak), trials=60, dims=(1,))


@pytest.mark.slow
def test_gradients_of_a_chaotic_network_grow_at_one_rate_and_forcing_stops_them():
    """||d h_T/d h_0|| grows at the largest exponent; forcing with alpha = 1 - 1/||W|| keeps it below 1."""
    random = np.random.default_rng(1)
    n, T = 40, 400
    W = random.normal(size=(n, n)) * 3 / np.sqrt(n)
    h, P, scale = random.normal(size=n), np.eye(n), 0.0
    logs, g, Q = [], random.normal(size=n), np.eye(n)
    alpha_star = 1 - 1 / np.linalg.norm(W, 2)
    for _ in range(T):
        teacher = h
        h = np.tanh(W @ h)
        P = (1 - h**2)[:, None] * W @ P
        size = np.linalg.norm(P, 2)
        scale, P = scale + np.log(size), P / size
        logs.append(scale)
        mixed = (1 - alpha_star) * g + alpha_star * teacher
        g = np.tanh(W @ mixed)
        Q = (1 - alpha_star) * (1 - g**2)[:, None] * W @ Q
        assert np.linalg.norm(Q, 2) <= 1
    rates = [(logs[-1] - logs[T // 2]) / (T - T // 2 - 1), (logs[T // 2] - logs[T // 4]) / (T // 4)]
    assert rates[0] > 0.1 and rates[0] == pytest.approx(rates[1], rel=0.35)
