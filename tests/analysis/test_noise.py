"""Gramians, covariances, noise power, SNR and norms: against sums, SciPy and simulation; unstable systems refused."""

import numpy as np
import pytest
import sympy as sp

from rnnsym.analysis.gramians import covariance, gramian
from rnnsym.analysis.noise import lru_normalization, mode_sensitivity, noise_gain, ring_variance
from rnnsym.analysis.norms import h2_norm, hinf_norm, l1_norm
from rnnsym.analysis.snr import snr, snr_bias, snr_improves, snr_maximum, snr_optimum
from rnnsym.result import NoClosedForm, RnnsymError, ShapeError, SpecError
from rnnsym.systems import LinearSystem
from rnnsym.verify import verify

from .filters import arrays, halved, random_system, unconditional, wrong

a, b, c, d, t, r = sp.symbols("a b c d t r", real=True)
A, alpha = sp.symbols("A alpha", real=True)
s2 = sp.Symbol("s2", positive=True)
N = sp.Symbol("N", integer=True, nonnegative=True)
h = sp.Rational(1, 2)

ONE = LinearSystem(alpha * A, alpha, 1, 0)
BLOCK = LinearSystem([[a, c], [0, a]], sp.eye(2))
COMPANION = LinearSystem([[0, 1], [-d, t]], [0, 1], [[1, 0]], readout="previous")
TURN = LinearSystem([[h, -h], [h, h]], [0, 1], [[1, 0]])
THROUGH = LinearSystem(a, b, 1, c, readout="previous")
COMPLEX = LinearSystem(a + sp.I * b, 1)

RESULTS = {
    "controllability": lambda: gramian(ONE, "controllability"),
    "observability of a block": lambda: gramian(BLOCK, "observability"),
    "companion": lambda: gramian(COMPANION, "controllability"),
    "turn": lambda: gramian(TURN, "observability"),
    "complex": lambda: gramian(COMPLEX, "controllability"),
    "covariance": lambda: covariance(BLOCK),
    "covariance of two noises": lambda: covariance(BLOCK, noise=[[2, 1], [1, 1]]),
    "noise": lambda: noise_gain(ONE, variance=s2),
    "noise of a feedthrough": lambda: noise_gain(THROUGH),
    "colored noise": lambda: noise_gain(ONE, correlation=r),
    "colored noise through": lambda: noise_gain(THROUGH, correlation=r),
    "colored noise, two poles": lambda: noise_gain(LinearSystem([[a, 1], [0, b]], [0, 1], [[1, 0]]), correlation=r),
    "snr": lambda: snr(ONE),
    "snr of two poles": lambda: snr(COMPANION),
    "snr through": lambda: snr(THROUGH),
    "h2": lambda: h2_norm(ONE),
    "h2 of a block": lambda: h2_norm(BLOCK),
    "h2 through": lambda: h2_norm(THROUGH),
    "hinf": lambda: hinf_norm(ONE),
    "hinf through": lambda: hinf_norm(THROUGH),
    "hinf of two poles": lambda: hinf_norm(COMPANION),
    "l1": lambda: l1_norm(ONE),
    "l1 through": lambda: l1_norm(THROUGH),
    "optimum": snr_optimum,
    "maximum": snr_maximum,
    "bias": snr_bias,
    "normalization": lru_normalization,
    "normalization, colored": lambda: lru_normalization(correlation=r),
    "ring": ring_variance,
    "sensitivity": mode_sensitivity,
}
TRANSIENT = {
    "steps": lambda: gramian(BLOCK, "controllability", horizon=3),
    "symbolic steps": lambda: gramian(ONE, "controllability", horizon=N),
    "symbolic steps, two poles": lambda: gramian(LinearSystem([[a, 1], [0, b]], [0, 1]), "controllability", horizon=N),
    "covariance": lambda: covariance(ONE, steps=N, start=1),
    "covariance of a block": lambda: covariance(BLOCK, steps=2, start=sp.eye(2)),
    "noise": lambda: noise_gain(ONE, variance=s2, steps=N),
    "noise through": lambda: noise_gain(THROUGH, steps=N),
    "noise, 3 steps": lambda: noise_gain(COMPANION, steps=3),
    "no steps": lambda: noise_gain(ONE, steps=0),
}


@pytest.mark.parametrize("name", RESULTS)
def test_every_stationary_answer_agrees_and_needs_its_hypotheses(name):
    result = RESULTS[name]()
    check = verify(result, trials=24)
    assert check and check.trials >= 12, check
    assert not verify(wrong(result), trials=24)
    assert not verify(halved(result), trials=24)
    if result.given != sp.true and name not in ("optimum", "maximum"):
        assert not verify(unconditional(result), trials=200)


@pytest.mark.parametrize("name", TRANSIENT)
def test_every_transient_answer_agrees_for_every_system(name):
    result = TRANSIENT[name]()
    check = verify(result, trials=40)
    assert check and check.trials >= 20, check
    assert not verify(wrong(result), trials=40)


def test_recurrence_improves_the_ratio_only_between_zero_and_the_cosine():
    result = snr_improves()
    check = verify(result, trials=90)
    assert check and check.verdict == "agrees"
    assert not verify(wrong(result), trials=60)
    assert not verify(unconditional(result), trials=200)


@pytest.mark.parametrize("seed", range(40))
def test_gramians_of_random_systems_agree_with_scipy(seed):
    linalg = pytest.importorskip("scipy.linalg")
    system = random_system(seed, stable=True)
    X, B, C, _ = arrays(system)
    want = linalg.solve_discrete_lyapunov(X, B @ B.T)
    np.testing.assert_allclose(
        np.array(gramian(system, "controllability").rhs.tolist(), dtype=float),
        want,
        atol=1e-8 * max(1, abs(want).max()),
    )
    output = np.array(system.C.tolist(), dtype=float)
    want = linalg.solve_discrete_lyapunov(X.T, output.T @ output)
    np.testing.assert_allclose(
        np.array(gramian(system, "observability").rhs.tolist(), dtype=float), want, atol=1e-8 * max(1, abs(want).max())
    )
    power = float(noise_gain(system).rhs)
    pulse, state = [arrays(system)[3]], B
    for _ in range(3000):
        pulse.append(C @ state)
        state = X @ state
    assert power == pytest.approx(sum((v**2).sum() for v in pulse), rel=1e-6)


@pytest.mark.parametrize("seed", range(6))
def test_duality_of_gramians(seed):
    system = random_system(seed, stable=True, most=3)
    assert gramian(system, "observability").rhs == gramian(system.dual, "controllability").rhs


@pytest.mark.parametrize("seed", range(8))
def test_norms_of_random_systems_lie_in_their_enclosures(seed):
    system = random_system(seed, stable=True, most=3, channels=2)
    X, B, C, D = arrays(system)
    angles = np.linspace(0, np.pi, 2001)
    top = max(np.linalg.norm(C @ np.linalg.solve(np.exp(1j * w) * np.eye(len(X)) - X, B) + D, 2) for w in angles)
    result = hinf_norm(system)
    high, low = float(result.rhs), float(result.where[0][1]) if result.where else float(result.rhs)
    assert low <= high <= low + 1e-15 * max(1, low) and top <= high * (1 + 1e-12) and high <= top * (1 + 1e-4)
    result = l1_norm(system)
    high, low = float(result.rhs), float(result.where[0][1]) if result.where else float(result.rhs)
    total, state = abs(D).copy(), B
    for _ in range(2000):
        total += abs(C @ state)
        state = X @ state
    assert max(total.sum(axis=1)) == pytest.approx(high, rel=1e-9) and low <= high * (1 + 1e-12)


def test_a_proved_enclosure_says_so_and_is_refuted_when_too_small():
    system = LinearSystem(
        [[h, -h, 0], [h, sp.Rational(1, 10), 1], [0, 0, sp.Rational(1, 3)]], [1, 0, 1], [[1, 0, -1]], 1
    )
    for function in (hinf_norm, l1_norm):
        result = function(system)
        assert result.status == "proved" and result.relation == "<="
        assert verify(result, trials=2) and not verify(wrong(result), trials=2)


def test_the_example_of_the_design_holds_as_written():
    result = snr(ONE)
    p, omega = sp.Symbol("p"), sp.Symbol("omega", real=True)
    (name, pole), (_, G) = result.where
    assert pole == alpha * A and sp.simplify(G.subs(name, p) - (1 - p**2) / (1 - 2 * p * sp.cos(omega) + p**2)) == 0
    P, sigma = sp.symbols("P sigma", positive=True)
    assert result.rhs == P / sigma**2 * result.where[1][0]
    assert (abs(A * alpha) < 1) in result.given.args
    assert alpha not in result.explicit.subs(A, sp.Symbol("w") / alpha).free_symbols  # alpha cancels


# unstable, indefinite, wrong


@pytest.mark.parametrize("value", [1, -1, sp.Rational(103, 100)])
def test_an_unstable_system_has_no_stationary_noise(value):
    system = LinearSystem(value, 1)
    for ask in (
        lambda: gramian(system, "controllability"), lambda: covariance(system), lambda: noise_gain(system), lambda: snr(system),
        lambda: h2_norm(system), lambda: hinf_norm(system), lambda: l1_norm(system), lambda: noise_gain(system, correlation=h),
    ):  # fmt: skip
        with pytest.raises(RnnsymError, match=r"rho\(A\) = .*>= 1: .*finite horizon"):
            ask()
    assert gramian(system, "controllability", horizon=3).rhs[0, 0] == sum(value ** (2 * j) for j in range(3))


def test_outside_the_circle_the_formula_belongs_to_another_filter():
    """The integral of |H|^2 is 1/(p^2 - 1) for |p| > 1: the variance of an anticausal filter."""
    result = noise_gain(LinearSystem(a, 1))
    assert result.rhs.subs(a, 2) == -sp.Rational(1, 3)
    with pytest.raises(RnnsymError):
        result.subs({a: 2})
    claimed = unconditional(result)
    assert not verify(claimed, trials=60)


def test_the_gramian_of_one_half_is_four_thirds():
    """lcapy has -4/3."""
    assert gramian(LinearSystem(h, 1), "controllability").rhs[0, 0] == sp.Rational(4, 3)


def test_what_is_no_covariance_is_refused():
    with pytest.raises(SpecError, match="variance must be >= 0, got -1"):
        noise_gain(ONE, variance=-1)
    with pytest.raises(SpecError, match=r"not positive semidefinite \(eigenvalue -0\.2"):
        covariance(BLOCK, noise=[[sp.Rational(-1, 5), 0], [0, 1]])
    with pytest.raises(SpecError, match="symmetric"):
        covariance(BLOCK, noise=[[1, 1], [0, 1]])
    with pytest.raises(ShapeError, match="2 x 2 is needed"):
        covariance(BLOCK, noise=[[1]])
    with pytest.raises(SpecError, match="must be positive"):
        snr(ONE, variance=0)
    assert sp.Ge(r, 0) in covariance(LinearSystem(a, 1), noise=r).given.args


@pytest.mark.parametrize("horizon", [-1, 2.5, True])
def test_a_horizon_is_a_whole_number(horizon):
    with pytest.raises(SpecError, match="whole number >= 0"):
        gramian(ONE, "controllability", horizon=horizon)


def test_wrong_questions_are_refused():
    with pytest.raises(SpecError, match="unknown kind of Gramian 'reachability'"):
        gramian(ONE, "reachability")
    with pytest.raises(SpecError, match="one input and one output"):
        snr(BLOCK)
    with pytest.raises(NoClosedForm, match="give numbers"):
        hinf_norm(BLOCK)
    with pytest.raises(SpecError, match="AR\\(1\\)"):
        noise_gain(ONE, correlation=2)
    with pytest.raises(NoClosedForm, match="no optimum"):
        snr_optimum(0)
    with pytest.raises(RnnsymError, match="no bias"):
        snr_bias(sp.Rational(1, 2), sp.Rational(3, 10)).given == sp.false and 1 / 0
    with pytest.raises(RnnsymError, match="H is 0"):
        snr(LinearSystem(a, 0))


def test_a_system_with_the_names_of_the_ratio_is_no_clash():
    system = LinearSystem(sp.Symbol("P", real=True), sp.Symbol("sigma", positive=True))
    result = snr(system)
    assert verify(result, trials=20)


def test_the_covariance_of_a_triangular_block():
    """B-NRM-3: P_11 = 1/(1 - a^2) + k^2 (1 + a^2)/(1 - a^2)^3, P_12 = k a/(1 - a^2)^2."""
    P = covariance(BLOCK).rhs
    assert sp.simplify(P[0, 0] - 1 / (1 - a**2) - c**2 * (1 + a**2) / (1 - a**2) ** 3) == 0
    assert sp.simplify(P[0, 1] - c * a / (1 - a**2) ** 2) == 0
    at = P.subs({a: sp.Rational(4, 5), c: sp.Rational(1, 2)})
    assert float(at[0, 0]) == pytest.approx(11.565500685871, abs=1e-12)
    assert float(at[0, 1]) == pytest.approx(3.08641975308642, abs=1e-13)


@pytest.mark.parametrize("noise", [sp.eye(3), 2 * sp.eye(4), sp.ones(3, 3)])
def test_a_covariance_with_a_multiple_eigenvalue_is_taken(noise):
    system = LinearSystem(sp.Rational(1, 2), sp.ones(1, noise.rows))
    assert covariance(system, noise=noise).rhs[0] == sp.Rational(4, 3) * sum(noise)
