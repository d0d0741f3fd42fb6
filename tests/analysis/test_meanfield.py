"""The mean-field room: quadrature with proof, enclosures, refusals, limits."""

import pickle
from dataclasses import replace

import flint
import mpmath
import numpy as np
import pytest
import sympy as sp

from rnnsym.activations import TABLE
from rnnsym.activations.record import X
from rnnsym.analysis.meanfield import (
    critical_line,
    dynamical_isometry,
    edge_of_chaos,
    gaussian_kernel,
    gaussian_moment,
    large_network,
    mean_field,
    near_critical,
    rank_one_pitchfork,
)
from rnnsym.analysis.meanfield.enclosures import FALLING_SLOPE, stationary_ball
from rnnsym.defined import Numbers
from rnnsym.defined.ensembles import Decimal, GaussianMean, Z, kernel, scaled
from rnnsym.defined.randomness import Tends, _log_chi
from rnnsym.exact import balls
from rnnsym.exact.quadrature import gaussian_mean, growth
from rnnsym.result import NoClosedForm, SpecError
from rnnsym.verify import verify

R = sp.Rational


def middle(result):
    return float(result.where[0][1])


# quadrature


def test_moments_of_the_normal_distribution_are_enclosed():
    for k, moment in ((0, 1), (1, 0), (2, 1), (4, 3), (9, 0), (10, 945)):
        found = gaussian_mean(Z**k, Z, balls.ball, 30)
        assert found.contains(moment) and found.rad() < 1e-24, k


def test_an_average_is_independent_of_mpmath_and_agrees_with_it():
    for body in (sp.tanh(3 * Z) ** 2, TABLE["gelu"].phi(2 * Z), TABLE["softplus"].phi(Z / 2) ** 2, sp.Abs(Z - R(1, 3))):
        f = sp.lambdify(Z, GaussianMean.of(body).args[0](Z).replace(lambda e: hasattr(e, "elementary"), lambda e: e.elementary()), "mpmath")  # fmt: skip
        with mpmath.workdps(20):
            expected = mpmath.quad(lambda t, f=f: f(t) * mpmath.npdf(t), [-14, -3, -1, 0, mpmath.mpf(1) / 3, 1, 3, 14])
        found = gaussian_mean(body, Z, balls.ball, 30)
        assert float(abs(found - flint.arb(str(expected)))) < 1e-15 and found.rad() < 1e-25


@pytest.mark.parametrize("name", sorted(TABLE))
def test_the_growth_of_every_activation_is_bounded(name):
    phi = TABLE[name].phi(X)
    for body in (phi, phi.diff(X)):
        bound = growth(body, X, balls.ball)
        for point in (R(-40), R(-3, 2), R(1, 3), R(25)):
            value = abs(balls.scalar(body, lambda s, point=point: balls.ball(point)))
            top = sum((c * balls.ball(abs(point)) ** k for k, c in enumerate(bound)), flint.arb(0))
            assert float(value) <= float(top) * (1 + 1e-12), point


def test_an_integrand_without_a_polynomial_bound_is_refused():
    for body in (sp.exp(Z**2), sp.exp(Z), 1 / Z, sp.log(Z**2)):
        with pytest.raises(NoClosedForm, match="not enclosed"):
            gaussian_mean(body, Z, balls.ball)


def test_a_corner_at_an_uncertain_place_widens_the_enclosure_and_keeps_it_right():
    q = sp.Symbol("q", positive=True)
    body = TABLE["hard_tanh"].phi(sp.sqrt(q) * Z) ** 2
    wide, narrow = flint.arb(1, 1e-6), flint.arb(1)
    found = [gaussian_mean(body, Z, lambda e, b=b: balls.scalar(e, lambda s: b), 20) for b in (wide, narrow)]
    assert found[0].contains(found[1]) and 1e-8 < float(found[0].rad()) < 1e-4


def test_pairs_of_normal_variables_reduce_to_one_at_the_ends():
    phi = TABLE["tanh"].phi
    with balls.precision(40):
        q = balls.ball(R(7, 10))
        alone = gaussian_mean(scaled(phi, R(7, 10)) ** 2, Z, balls.ball, 30)
        assert abs(kernel(phi, q, q, balls.ball(1)) - alone) < 1e-25
        assert abs(kernel(phi, q, q, balls.ball(-1)) + alone) < 1e-25
        assert abs(kernel(phi, q, q, balls.ball(0))) < 1e-16
        assert abs(kernel(phi, q, q, balls.ball(R(9, 10))) - 0.294168250501504082) < 1e-15  # acb.integral, nested
        assert kernel(phi, flint.arb(0), q, balls.ball(R(1, 2))) == 0


def test_the_mean_logarithm_of_chi_has_no_gap_for_large_k():
    for k in (1, 2, 100, 600):
        with balls.precision(30):
            assert abs(_log_chi(k) - balls.ball(sp.log(2) / 2 + sp.digamma(R(k, 2)) / 2)) < 1e-20


# the mean field


def test_without_bias_the_variance_is_zero_up_to_gain_one_and_positive_above():
    for gain in (0, R(1, 2), 1):
        assert middle(mean_field(sigma_w=gain, sigma_b=0, what="variance")) == 0
    assert middle(mean_field(sigma_w=R(1, 2), sigma_b=0)) == pytest.approx(np.log(0.5))
    assert middle(mean_field(sigma_w=R(1001, 1000), sigma_b=0, what="variance")) == pytest.approx(0.00100133, abs=1e-8)


def test_the_enclosed_variance_is_a_fixed_point_and_the_largest():
    record = TABLE["tanh"]
    ball = stationary_ball(record, sp.S(2), sp.S.Zero)
    with balls.precision(60):
        ends = (ball.lower(), ball.upper())
    for point in ends:
        value = gaussian_mean(record.phi(sp.sqrt(X) * Z) ** 2, Z, lambda e, p=point: balls.scalar(e, lambda s: p), 40)
        with balls.precision(60):
            gap = 4 * value - point
        assert gap > 0 if point is ends[0] else gap < 0
    assert ball.rad() < 1e-20


def test_the_numbers_of_the_erf_network_meet_its_closed_forms():
    q = middle(mean_field("erf_scaled", sigma_w=R(3, 2), sigma_b=R(1, 2), what="variance"))
    x = np.pi * q / 2
    assert q == pytest.approx(2.25 * 2 / np.pi * np.arcsin(x / (1 + x)) + 0.25, abs=1e-14)
    exponent = middle(mean_field("erf_scaled", sigma_w=R(3, 2), sigma_b=R(1, 2)))
    assert exponent == pytest.approx(0.5 * np.log(2.25 / np.sqrt(1 + np.pi * q)), abs=1e-14)


def test_on_the_edge_the_exponent_is_zero_and_changes_sign_across_it():
    result = edge_of_chaos("tanh", sigma_w=R(3, 2))
    assert result.status == "proved" and verify(result, trials=1)
    noise = result.where[0][1].elementary()
    less, more = (middle(mean_field(sigma_w=R(3, 2), sigma_b=sp.sqrt(noise * f))) for f in (R(9, 10), R(11, 10)))
    assert less > 0 > more
    assert edge_of_chaos("tanh", sigma_w=1).where[0][1].elementary() == 0


def test_a_wrong_enclosure_is_refused():
    result = edge_of_chaos("arctan", sigma_w=2)
    ((m, value),) = result.where
    assert verify(result, trials=1)
    assert not verify(replace(result, where=((m, Decimal(value.args[0] + 10**10, value.args[1])),)), trials=1)


def test_falling_slopes_fall():
    """The claim behind a unique edge: phi'^2 is even and falls with |x|; tried on a grid."""
    grid = [R(k, 8) for k in range(1, 60)]
    for name in FALLING_SLOPE:
        slope = TABLE[name].phi(X).diff(X)
        values = [float(balls.scalar(slope, lambda s, p=p: balls.ball(p + R(1, 100)))) for p in grid]
        mirrored = [float(balls.scalar(slope, lambda s, p=p: balls.ball(-p - R(1, 100)))) for p in grid]
        assert np.allclose(values, mirrored) and np.all(np.diff(values) <= 1e-15) and values[-1] < values[0], name


def test_relu_stays_exact_for_numbers_and_diverges_where_it_does():
    assert mean_field("relu", sigma_w=1, sigma_b=1, what="variance").rhs == 2
    assert mean_field("relu", sigma_w=1, sigma_b=1).rhs == -sp.log(2) / 2
    with pytest.raises(NoClosedForm, match="without bound"):
        mean_field("relu", sigma_w=sp.sqrt(2), sigma_b=1, what="variance")


@pytest.mark.parametrize(
    ("arguments", "error", "says"),
    [
        ({"sigma_w": -1}, SpecError, "standard deviation"),
        ({"sigma_w": sp.I}, SpecError, "standard deviation"),
        ({"sigma_w": float("nan")}, SpecError, "standard deviation"),
        ({"sigma_w": True}, TypeError, "number"),
        ({"sigma_w": "2"}, TypeError, "number"),
        ({"what": "chi"}, SpecError, "known: map"),
        ({"phi": "tan"}, SpecError, "unknown activation"),
        ({"what": "map"}, NoClosedForm, "no closed form"),
        ({"what": "variance"}, NoClosedForm, "give numbers"),
        ({"sigma_w": 2, "sigma_b": 0, "what": "correlation length"}, NoClosedForm, "not by less than 1"),
        ({"phi": "x**3", "sigma_w": 1, "sigma_b": 1}, NoClosedForm, "without bound"),
        ({"phi": "softplus", "sigma_w": 2, "sigma_b": 1}, NoClosedForm, "bound"),
    ],
)
def test_what_cannot_be_answered_is_refused_with_the_reason(arguments, error, says):
    with pytest.raises(error, match=says):
        mean_field(**arguments)


def test_the_other_functions_refuse_too():
    for call, says in (
        (lambda: edge_of_chaos("tanh"), "give a number"),
        (lambda: edge_of_chaos("tanh", sigma_w=R(1, 2)), "below 1"),
        (lambda: edge_of_chaos("erf_scaled", sigma_w=R(1, 2)), "below the edge"),
        (lambda: edge_of_chaos("gelu", sigma_w=2), "not known"),
        (lambda: critical_line("tanh"), "no closed form"),
        (lambda: gaussian_kernel("tanh"), "no closed form"),
        (lambda: gaussian_moment("mish"), "no closed form"),
        (lambda: near_critical("relu"), "odd and smooth"),
        (lambda: rank_one_pitchfork("tanh"), "no closed form"),
    ):
        with pytest.raises(NoClosedForm, match=says):
            call()
    for call in (
        lambda: large_network(sigma_w=sp.Symbol("s", positive=True)),
        lambda: large_network(sigma_w=1, size=0),
        lambda: large_network(sigma_w=1, sigma_u=1, what="chi"),
        lambda: dynamical_isometry(weights="sparse"),
        lambda: gaussian_moment("erf", "cube"),
    ):
        with pytest.raises(SpecError):
            call()


def test_a_formula_of_the_users_own_has_a_mean_field():
    for phi in ("x/(2 + abs(x))", "sin(x)", "max(-1, min(x, 2))"):
        result = mean_field(phi, sigma_w=1, sigma_b=1, what="variance")
        assert result.status == "proved" and verify(result, trials=1), phi


def test_results_pickle_substitute_and_print():
    proved = mean_field("tanh", sigma_w=R(3, 2), sigma_b=0, sigma_u=R(1, 2))
    for result in (proved, mean_field("erf_scaled"), large_network("relu", sigma_w=1, sigma_u=1), critical_line()[1]):
        assert pickle.loads(pickle.dumps(result)) == result
    assert "-0.0167283428700537532" in proved.latex() and r"\cdot 10^{-21}" in proved.latex()
    assert mean_field("erf_scaled").subs({"sigma_w": 2}).rhs.subs({"q": 0}).free_symbols <= {
        sp.Symbol("q", positive=True)
    }
    assert r"\mathbb{E}_z" in mean_field("tanh").latex()
    assert edge_of_chaos()(g=1.0) == pytest.approx(0, abs=1e-15)


def test_a_limit_that_a_simulation_contradicts_is_refuted_and_never_proved():
    result = large_network("relu", sigma_w=1, sigma_u=1, what="variance", size=100)
    assert verify(result, trials=1).verdict == "not refuted"
    observable, limit = result.rhs.args
    assert verify(replace(result, rhs=Tends(observable, 2 * limit)), trials=1).verdict == "refuted"


def test_closed_moments_are_refused_with_a_term_lost():
    for phi in ("gelu", "elu", "hard_tanh"):
        result = gaussian_moment(phi)
        assert verify(result, trials=5)
        assert not verify(replace(result, rhs=result.rhs - result.rhs.args[-1]), trials=5)


def test_a_wrong_hypothesis_lets_the_stationary_formula_fail():
    """Without q = V(q) the noise on the edge is not what keeps q: the map's value refutes it."""
    result = mean_field("erf_scaled", what="map")
    assert verify(result, trials=5) and not verify(replace(result, rhs=sp.Symbol("q", positive=True)), trials=5)
    numbers = Numbers(
        {
            sp.Symbol("q", positive=True): 2,
            sp.Symbol("sigma_w", positive=True): 1,
            sp.Symbol("sigma_b", nonnegative=True): 0,
        }
    )
    assert numbers.float(result.rhs) == pytest.approx(2 / np.pi * np.arcsin(np.pi / (1 + np.pi)))
