"""Constrained weights: what is refused, degenerate cases, and wrong claims that are found out."""

import pickle
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
import sympy as sp

from rnnsym.analysis import constrained as co
from rnnsym.defined import Numbers
from rnnsym.defined.dilation import HalmosDilation, SquareRoot
from rnnsym.result import SpecError
from rnnsym.verify import verify

antisymmetric = cache(co.antisymmetric_stability)
cornn = cache(co.cornn_stability)
weights = cache(co.orthogonal_weights)
gradients = cache(co.orthogonal_gradients)


def without(result, *words):
    """The claim without the hypotheses that contain a word."""
    kept = [c for c in sp.And.make_args(result.given) if not any(w in str(c) for w in words)]
    return replace(result, given=sp.And(*kept))


M = co.M
LEFT = sp.MatMul(sp.Inverse(sp.MatAdd(co.ONE, M)), sp.MatAdd(co.ONE, sp.MatMul(-1, M)), evaluate=False)
WRONG = {
    "Cayley of a matrix that is not skew": lambda: replace(
        weights("cayley")[0], lhs=sp.MatMul(sp.Transpose(LEFT), LEFT, evaluate=False)
    ),
    "Cayley with determinant -1": lambda: replace(weights("cayley")[1], rhs=-1),
    "Cayley reaches -1": lambda: replace(weights("cayley")[2], rhs=0),
    "determinant of e^S": lambda: replace(weights("exponential")[1], rhs=-1),
    "one reflection is a rotation": lambda: replace(weights("householder")[2], rhs=1),
    "gradients of any network": lambda: without(gradients("relu", steps=1)[0], "orthogonal"),
    "half of the upper bound": lambda: replace(gradients(steps=1)[1], rhs=gradients(steps=1)[1].rhs / 2),
    "twice the lower bound": lambda: replace(gradients(steps=1)[2], lhs=2 * gradients(steps=1)[2].lhs),
    "any matrix is an isometry": lambda: replace(gradients()[3], given=sp.true),
    "dilation of every matrix": lambda: replace(co.halmos_dilation(), rhs=sp.Le(co.halmos_dilation().rhs.lhs, 2)),
    "dilation of strict contractions alone": lambda: replace(
        co.halmos_dilation(), rhs=sp.Lt(co.halmos_dilation().rhs.lhs, sp.Rational(1, 2))
    ),
    "no bias condition": lambda: without(co.dilated_network(steps=1), "beta"),
    "multipliers without the skew part": lambda: replace(
        antisymmetric()[0], rhs=next(t for t in antisymmetric()[0].rhs.args if not t.has(co.SpectralNorm))
    ),
    "half the step": lambda: replace(
        antisymmetric()[1], rhs=sp.Lt(2 * antisymmetric()[1].rhs.lhs, antisymmetric()[1].rhs.rhs)
    ),
    "stable without damping": lambda: replace(antisymmetric()[2], rhs=sp.S.One),
    "any step": lambda: replace(antisymmetric()[3], lhs=sp.true),
    "determinant of coRNN": lambda: replace(cornn()[0], rhs=cornn("explicit")[0].rhs),
    "trace of coRNN": lambda: replace(cornn()[1], rhs=cornn("explicit")[1].rhs),
    "stability of coRNN": lambda: replace(cornn()[2], rhs=sp.And(*list(cornn()[2].rhs.args)[:2])),
    "stability of coRNN, explicit limit": lambda: replace(cornn()[2], rhs=cornn("explicit")[2].rhs),
    "coRNN with a large negative damping": lambda: replace(cornn()[2], given=sp.true).subs(
        {"dt": 1, "epsilon": -5, "gamma": -3}
    ),
    "modulus of real multipliers": lambda: replace(cornn()[3], given=cornn()[2].given),
    "identity network with kinks forgotten": lambda: replace(
        co.identity_network(steps=2)[0], rhs=co.ONE
    ),
    "Lipschitz network without gamma": lambda: replace(co.lipschitz_network()[1], rhs=sp.S.Zero),
    "Lipschitz network, beta > 1": lambda: without(co.lipschitz_network()[0], "beta"),
    "spectrum bounded by 1": lambda: replace(co.bounded_spectrum()[1], rhs=sp.S.One),
    "singular values of any factors": lambda: without(co.bounded_spectrum()[0], "orthogonal"),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_claim_is_refused(name):
    check = verify(WRONG[name](), trials=60, dims=(2, 1))
    assert check.verdict == "refuted", str(check)


def test_square_root_and_dilation_at_the_edge():
    numbers = Numbers({})
    root = numbers.float(SquareRoot(sp.ImmutableMatrix([[5, 4], [4, 5]])))
    assert np.allclose(root, [[2, 1], [1, 2]], atol=1e-15)
    assert np.isinf(numbers.float(SquareRoot(sp.ImmutableMatrix([[1, 0], [0, -1]])))).all()
    rotation = sp.ImmutableMatrix([[sp.Rational(3, 5), sp.Rational(-4, 5)], [sp.Rational(4, 5), sp.Rational(3, 5)]])
    table = numbers.float(HalmosDilation(rotation))  # ||W|| = 1: the complements vanish
    assert np.abs(table[:2, 2:]).max() < 1e-15 and np.allclose(table @ table.T, np.eye(4), atol=1e-15)
    silent = numbers.float(HalmosDilation(sp.ImmutableMatrix([[0]])))
    assert np.allclose(silent, [[0, 1], [1, 0]])


def test_the_antisymmetric_condition_at_special_values():
    step = antisymmetric()[1]
    gamma = next(s for s in step.free_symbols if s.name == "gamma")
    assert step.rhs.subs(gamma, 0) != sp.true  # undamped: never, since 0 < 0 is false for M = M^T too
    for value in (0, -1):
        assert verify(step.subs({gamma: value}), trials=10)
    assert verify(step, trials=10, dims=(1,))  # one unit: S = 0, 0 < epsilon gamma < 2


def test_what_is_not_known_is_refused():
    with pytest.raises(SpecError, match="known: cayley"):
        co.orthogonal_weights("givens")
    with pytest.raises(SpecError, match="damping"):
        co.cornn_stability("none")
    with pytest.raises(SpecError, match="steps"):
        co.orthogonal_gradients(steps=0)


def test_results_pickle_and_print():
    results = [
        *weights("cayley"), *weights("householder"), *gradients(steps=2), co.halmos_dilation(), co.dilated_network(steps=1),
        *antisymmetric(), *cornn(), *co.identity_network(steps=2), *co.lipschitz_network(), *co.bounded_spectrum(),
    ]  # fmt: skip
    for result in results:
        assert result.latex().startswith("\\begin{equation}"), result.name
        assert pickle.loads(pickle.dumps(result)) == result, result.name


@pytest.mark.slow
@pytest.mark.draws
def test_every_result_on_many_draws():
    results = [*co.antisymmetric_stability(), *co.identity_network(), *co.lipschitz_network(), co.halmos_dilation()]
    for kind in ("cayley", "exponential", "householder"):
        results += co.orthogonal_weights(kind)
    for phi in ("tanh", "sigmoid", "relu"):
        results += co.orthogonal_gradients(phi)
    for damping in ("implicit", "explicit"):
        results += co.cornn_stability(damping)
    for result in results:
        assert verify(result, trials=6, seed=4), result.name
    for result in (co.dilated_network(steps=3), *co.bounded_spectrum()):
        assert verify(result, trials=3, seed=4, dims=(1, 2, 3)), result.name
