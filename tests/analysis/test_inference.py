"""rnnsym.analysis.inference and rnnsym.analysis.computation: arguments, corners and code."""

import pickle

import numpy as np
import pytest
import sympy as sp

from rnnsym.analysis.computation import lstm_counter, relu_counter, stack_pop, stack_push
from rnnsym.analysis.inference import (
    birkhoff_bound,
    hmm_filter,
    hmm_forgetting,
    hmm_log_odds,
    kalman_filter,
    kalman_stability,
    kalman_step,
)
from rnnsym.analysis.recurrences_gated import chaos_free_decay, chaos_free_step, gated_linear_recurrence
from rnnsym.defined import Numbers
from rnnsym.result import LimitReached, ShapeError, SpecError
from rnnsym.verify import verify


def test_arguments_that_do_not_fit_are_refused():
    with pytest.raises(LimitReached, match="hidden paths"):
        hmm_filter(4, 8)
    with pytest.raises(ShapeError, match="2 x 2"):
        hmm_filter(2, 1, transition=[[1]])
    with pytest.raises(SpecError, match="whole number"):
        hmm_filter(0)
    with pytest.raises(SpecError, match="has no 'B'"):
        kalman_filter(B=1)
    for corner in ({"Q": 0}, {"R": 0}, {"C": 0}):
        with pytest.raises(SpecError, match="stated for"):
            kalman_filter(**corner)
    with pytest.raises(SpecError, match="whole number"):
        stack_push(-1)
    with pytest.raises(SpecError, match="whole number"):
        relu_counter(0)


def test_a_filter_runs_as_array_code():
    step = hmm_filter(2, 1)
    found = step(l=np.array([[0.5], [0.25]]), alpha=np.array([[0.6], [0.4]]), P=np.array([[0.9, 0.1], [0.2, 0.8]]))
    raw = np.array([0.5, 0.25]) * (np.array([[0.9, 0.1], [0.2, 0.8]]).T @ [0.6, 0.4])
    assert np.asarray(found).ravel() == pytest.approx(raw / raw.sum(), abs=1e-15)
    weights = kalman_filter()(A=2.0, C=1.0, Q=1.0, R=1.0)
    P = 2 + np.sqrt(5)
    assert np.asarray(weights).ravel() == pytest.approx([2 / (P + 1), P / (P + 1)], abs=1e-14)


def test_results_pickle_and_print():
    for result in (
        hmm_filter(2, 2), hmm_log_odds(), hmm_forgetting(), birkhoff_bound(2), kalman_filter(), kalman_step(2, 1, 2),
        kalman_stability(), stack_pop(2), relu_counter(2), lstm_counter(2), chaos_free_step(), chaos_free_decay(2),
        gated_linear_recurrence(),
    ):  # fmt: skip
        assert pickle.loads(pickle.dumps(result)) == result
        assert result.latex().startswith(r"\begin{equation}")


def test_an_impossible_observation_is_no_posterior():
    zero = hmm_filter(2, 1).subs({"l": [0, 0]})
    assert verify(zero, trials=5).verdict == "nothing tried"


@pytest.mark.slow
@pytest.mark.draws
def test_the_full_number_of_draws():
    for result in (
        hmm_filter(2, 3), hmm_filter(3, 2), hmm_log_odds(), hmm_log_odds(symmetric=True), hmm_forgetting(),
        birkhoff_bound(3), kalman_filter(), kalman_step(3, 2, 3), kalman_step(1, 1, 1), kalman_stability(3, 2),
        chaos_free_step(), chaos_free_decay(6), gated_linear_recurrence(), stack_pop(8), relu_counter(6, units=2),
        lstm_counter(6),
    ):  # fmt: skip
        assert verify(result, trials=10), result.name


def test_the_filter_in_log_odds_is_the_filter():
    log_odds = hmm_log_odds().subs({"a": sp.Rational(1, 10), "b": sp.Rational(1, 5)})
    step = sp.lambdify(sp.symbols("ell LLR", real=True), log_odds.rhs)
    P, alpha, ell = np.array([[0.9, 0.1], [0.2, 0.8]]), np.array([0.7, 0.3]), np.log(7 / 3)
    for likelihood in ([0.5, 0.1], [0.2, 0.9], [0.4, 0.3]):
        alpha = likelihood * (P.T @ alpha)
        alpha, ell = alpha / alpha.sum(), step(ell, np.log(likelihood[0] / likelihood[1]))
        assert np.log(alpha[0] / alpha[1]) == pytest.approx(ell, abs=1e-13)


def test_the_filter_needs_a_prior_and_possible_observations():
    result = hmm_filter(2, 1)
    values = {s: 1 for s in result.free_symbols}
    assert Numbers(values).truth(result.given) is True
    for zeros in ("alpha_1 alpha_2", "l_1 l_2", "l_1 P_22 alpha_1"):
        at = {s: 0 if s.name in zeros.split() else v for s, v in values.items()}
        assert Numbers(at).truth(result.given) is False, zeros


def test_log_odds_run_far_out():
    run = hmm_log_odds().lambdify()
    far = np.array([-800.0, -40.0, 0.0, 40.0, 800.0])
    with np.errstate(over="ignore"):
        found = run(ell=far, a=0.1, b=0.2, LLR=0.5)
    expected = np.logaddexp(np.log(0.9) + far, np.log(0.2)) - np.logaddexp(np.log(0.1) + far, np.log(0.8)) + 0.5
    np.testing.assert_allclose(found, expected, rtol=1e-14, atol=1e-14)
