"""B-INF: filters are recurrences, against Bayes' theorem over all paths and all observations."""

from dataclasses import replace
from fractions import Fraction
from itertools import product
from math import prod

import numpy as np
import pytest
import sympy as sp

from rnnsym.analysis import inference
from rnnsym.analysis.inference import (
    birkhoff_bound,
    hmm_filter,
    hmm_forgetting,
    hmm_log_odds,
    kalman_filter,
    kalman_stability,
    kalman_step,
    kalman_weight,
)
from rnnsym.defined import Numbers, Undefined
from rnnsym.defined.inference import SteadyFilter
from rnnsym.exact import balls
from rnnsym.verify import verify

a, b, eps, ell, x = inference.a, inference.b, inference.epsilon, inference.ell, inference.x
LLR = sp.Symbol("LLR", real=True)


@pytest.mark.theory("derived")
def test_B_INF_1_the_forward_filter_is_a_recurrence_and_forgets_at_birkhoffs_rate():
    two = hmm_filter(2, 2)
    assert verify(two, trials=20).verdict == "agrees"
    assert not verify(replace(two, rhs=two.rhs.xreplace({sp.Symbol("Z_2", nonnegative=True): 1})), trials=20)
    assert verify(hmm_filter(3, 1), trials=10)
    # in exact rationals, three states and two observations, by the sum over 27 paths written out here
    P = [["1/2", "1/3", "1/6"], ["0", "3/4", "1/4"], ["1/5", "1/5", "3/5"]]
    rows = [[Fraction(v) for v in row] for row in P]
    seen = [[Fraction(1, 7), Fraction(2, 5)], [Fraction(3, 4), Fraction(1, 9)], [Fraction(1), Fraction(5, 6)]]
    prior = [Fraction(1, 4), Fraction(1, 4), Fraction(1, 2)]
    joint = [Fraction(0)] * 3
    for path in product(range(3), repeat=3):
        joint[path[2]] += prior[path[0]] * prod(rows[path[t]][path[t + 1]] * seen[path[t + 1]][t] for t in range(2))
    exact = hmm_filter(3, 2, transition=P).subs({"l": seen, "alpha": prior}).explicit
    assert list(exact) == [sp.Rational(*(v / sum(joint)).as_integer_ratio()) for v in joint]
    # log-odds
    general, symmetric = hmm_log_odds(), hmm_log_odds(symmetric=True)
    assert verify(general, trials=30) and verify(symmetric, trials=30)
    assert not verify(replace(general, rhs=inference.odds_map().subs({a: b, b: a}, simultaneous=True) + LLR), trials=20)
    assert not verify(replace(symmetric, steps=(), rhs=symmetric.rhs - LLR / 4), trials=20)
    assert symmetric.subs({eps: sp.Rational(1, 2)}).rhs == LLR / 2
    # the limits epsilon -> 0, 1: evidence adds up; the state alternates
    for value, sign in ((0, 1), (1, -1)):
        limit = sp.lambdify((x, LLR), symmetric.rhs.subs(eps, value))(0.3, 0.8)
        assert limit == pytest.approx(sign * 0.3 + 0.4, abs=1e-12)
    # the largest slope
    slope = hmm_forgetting()
    assert verify(slope, trials=8).verdict == "agrees"
    r = slope.where[0][0]
    assert not verify(replace(slope, steps=(), rhs=(sp.sqrt(r) - 1) / (sp.sqrt(r) + 1)), trials=40)  # a + b > 1
    assert not verify(replace(slope, steps=(), rhs=sp.Abs(r - 1) / (r + 1)), trials=20)
    at = lambda p, q: slope.subs({a: sp.Rational(p), b: sp.Rational(q)}).explicit  # noqa: E731
    assert at("1/10", "1/5") == sp.Rational(5, 7) and at("3/10", "7/10") == 0 and at("9/10", "4/5") == sp.Rational(5, 7)
    # symmetric chains: 1 - 2 epsilon, the slope at 0 of artanh((1 - 2 epsilon) tanh x)
    assert sp.simplify(slope.explicit.subs({a: sp.Rational(1, 8), b: sp.Rational(1, 8)}) - sp.Rational(3, 4)) == 0
    assert sp.diff(symmetric.rhs, x).subs(x, 0) == 1 - 2 * eps
    # more states
    for K in (2, 3):
        assert verify(birkhoff_bound(K), trials=20)
        assert not verify(replace(birkhoff_bound(K), rhs=birkhoff_bound(K).rhs / 8), trials=60)


def steady(A, C, Q, R):
    parts = [sp.Matrix([[sp.Rational(v)]]) for v in (A, C, Q, R)]
    return balls.floats(Numbers({}).value(SteadyFilter(*parts)))[0]


@pytest.mark.theory("derived")
def test_B_INF_2_the_kalman_filter_is_a_linear_recurrence():
    result = kalman_filter()
    assert verify(result, trials=40).verdict == "agrees"
    P, beta, (A, C, Q, R) = inference.P, inference.beta, (inference.A, inference.C, inference.Q, inference.R)
    other = ((beta, result.where[0][1]), (P, (-sp.sqrt(beta**2 + 4 * C**2 * Q * R) - beta) / (2 * C**2)))
    assert not verify(replace(result, where=other), trials=20)
    assert not verify(replace(result, steps=(), rhs=sp.Matrix([[A, result.rhs[1]]])), trials=20)
    # P solves the quadratic equation, exactly
    root = result.where[1][1].xreplace(dict(result.where[:1]))
    assert sp.expand(C**2 * root**2 + (R * (1 - A**2) - C**2 * Q) * root - Q * R) == 0
    # local level: the golden ratio
    local = kalman_filter(A=1, C=1, Q=3, R=3).explicit
    golden = (sp.sqrt(5) - 1) / 2
    assert [sp.expand(sp.radsimp(v)) for v in local] == [sp.expand(1 - golden), sp.expand(golden)]
    # |w| < 1 for every A
    weight = kalman_weight()
    assert verify(weight, trials=30) and not verify(replace(weight, rhs=sp.Rational(1, 4)), trials=100)
    # the corners, by the definition itself
    assert steady("1/2", 1, 0, 1) == pytest.approx([0.5, 0]) and steady(2, 1, 0, 1) == pytest.approx([0.5, 0.75])
    assert steady("1/2", 0, 1, 1) == pytest.approx([0.5, 0]) and not np.isfinite(steady(2, 0, 1, 1)).any()
    assert steady(3, 2, 1, 0) == pytest.approx([0, 0.5])
    with pytest.raises(Undefined):
        steady(1, 1, 0, 1)  # P_t = 1/t: no rate
    with pytest.raises(Undefined):
        steady(1, 1, 0, 0)
    # n dimensions: conditioning on everything at once, and the Riccati equation
    step = kalman_step(2, 1, 2)
    assert verify(step, trials=15).verdict == "agrees"
    gain = dict(step.where)
    K = next(s for s in gain if s.name == "K_2")
    wrong = tuple((s, e * 2 if s == K else e) for s, e in step.where)
    assert not verify(replace(step, where=wrong), trials=20)
    stable = kalman_stability(2, 1)
    assert verify(stable, trials=20) and not verify(replace(stable, rhs=sp.Rational(1, 4)), trials=100)
