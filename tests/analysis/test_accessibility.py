"""rnnsym.analysis.accessibility: the forms it refuses, what it says, and the exact test on larger networks."""

import pickle

import numpy as np
import pytest
import sympy as sp

from rnnsym.analysis.accessibility import (
    accessibility,
    distinguishable_dimension,
    nonlinear_observability,
    reachable_dimension,
    reachable_tangents,
)
from rnnsym.cells import elman, gru, leaky, linear, trajectory
from rnnsym.defined import Numbers, Undefined
from rnnsym.defined.accessibility import ReachableDimension
from rnnsym.exact import balls
from rnnsym.result import LimitReached, NoClosedForm, SpecError
from rnnsym.systems import LinearSystem
from rnnsym.verify import verify

p, q, r = sp.symbols("p q r", real=True)


@pytest.mark.parametrize(
    ("model", "error", "message"),
    [
        (elman(), SpecError, "symbolic sizes"),
        (gru(n=2, m=1), NoClosedForm, "not of the form"),
        (linear(n=2, m=1), NoClosedForm, "linearize it"),
        (elman("relu", n=2, m=1), NoClosedForm, "relu"),
        (elman("arctan", n=2, m=1), NoClosedForm, "arctan"),
        (LinearSystem([[1]], [[1]]), SpecError, "LinearSystem"),
        (elman(W_h=[[1, 0], [0, 1]], W_x=[[1], [0]]), NoClosedForm, "row 2 of W_x is 0"),
        (elman(W_h=[[1, 0], [0, 1]], W_x=[[1], [-1]]), NoClosedForm, "agree up to sign"),
    ],
)
def test_what_the_theory_does_not_cover_is_refused(model, error, message):
    for question in (accessibility, nonlinear_observability, distinguishable_dimension):
        with pytest.raises(error, match=message):
            question(model)


def test_the_bound_holds_where_rows_agree_and_for_other_smooth_units():
    cell = elman("softplus", W_h=[[p, 0], [0, q]], W_x=[[1], [-1]], b=0)
    assert verify(reachable_dimension(cell), trials=15)
    with pytest.raises(NoClosedForm, match="keeps a part"):
        reachable_dimension(leaky(n=2, m=1))


def test_equal_units_reach_a_line_only_and_rank_says_so():
    cell = elman(W_h=sp.eye(2) / 2, W_x=[[1], [1]], b=0)
    lhs = ReachableDimension.of(cell)
    rest = {s: 0 for s in lhs.free_symbols}
    assert float(Numbers(rest).value(lhs)) == 1
    assert reachable_dimension(cell).rhs == 2


def test_a_saturated_draw_decides_nothing():
    cell = elman(W_h=[[900, 0], [0, 1]], W_x=[[1], [2]], b=0)
    lhs = ReachableDimension.of(cell)
    with pytest.raises(Undefined, match="saturated"):
        Numbers({s: 1 for s in lhs.free_symbols}).value(lhs)


def test_zero_patterns_are_decided_for_many_units():
    n = 14
    chain = sp.Matrix(n, n, lambda i, j: 1 if j == i + 1 else 0)  # unit j is seen through unit j - 1
    rows = [[k] for k in range(1, n + 1)]
    seen = nonlinear_observability(elman(W_h=chain, W_x=rows, output=[[1] + [0] * (n - 1)]))
    assert seen.rhs == sp.true
    assert nonlinear_observability(elman(W_h=chain, W_x=rows, output=[[0, 1] + [0] * (n - 2)])).rhs == sp.false
    with pytest.raises(LimitReached, match="open whether"):
        nonlinear_observability(elman(W_h=p * sp.ones(n), W_x=rows, output=[[q] + [0] * (n - 1)]))


def test_indistinguishable_states_differ_by_the_kernel_and_others_do_not():
    W, C = [[0.5, 1.0, 0.0], [0.25, 0.5, 0.0], [1.0, 0.0, 2.0]], [[1.0, 2.0, 0.0]]
    cell = elman(W_h=W, W_x=[[1], [2], [3]], output=C)
    result = distinguishable_dimension(cell)  # unit 3 is not seen, and rows (1/2, 1), (1/4, 1/2), (1, 2) are one
    assert result.rhs == 1 and verify(result, trials=5)
    values = {"W_h": W, "W_x": [[1], [2], [3]]}
    outputs = [
        trajectory(elman(), values, h0=h, x=[0.2, -0.5, 0.9]) @ C[0]
        for h in ([0.2, 0.3, 0.9], [0.4, 0.2, -0.5], [0.4, 0.3, 0.9])
    ]
    assert np.abs(outputs[0] - outputs[1]).max() < 1e-15 and np.abs(outputs[0] - outputs[2]).max() > 1e-2


def test_results_pickle_substitute_and_print():
    result = accessibility(elman(n=2, m=1))
    assert pickle.loads(pickle.dumps(result)) == result
    special = result.subs({"W_h": [[p, 0], [0, p]], "W_x": [[1], [3]]})
    assert [special.rhs.subs(p, v) for v in (0, 2)] == [sp.false, sp.true]
    assert verify(special, trials=15)
    assert r"\operatorname{rank}" in result.latex() and "h_t" not in result.latex()
    tangents = reachable_tangents(elman(n=1, m=1), 3)
    assert verify(tangents, trials=8) and pickle.loads(pickle.dumps(tangents)) == tangents


@pytest.mark.slow
def test_ranks_agree_for_four_units_two_inputs_and_all_activations():
    W = [[p, 0, 0, 1], [0, q, 0, 1], [0, 0, r, 1], [0, 0, 0, 1]]
    B = [[1, 0], [0, 1], [1, 1], [1, 2]]
    for phi in ("tanh", "sigmoid", "erf", "erf_scaled"):
        assert verify(accessibility(elman(phi, W_h=W, W_x=B)), trials=60)
        two = elman(phi, W_h=[[p, q], [r, 0]], W_x=[[1], [3]], output=[[1, r]])
        assert verify(nonlinear_observability(two), trials=60).verdict == "agrees"
        low = elman(phi, W_h=[[p, 0, 0], [0, q, 0], [0, 0, 0]], W_x=[[1], [2], [4]])
        assert verify(accessibility(low), trials=100).verdict == "agrees"
        slow = leaky(phi, W_h=[[p, 0, 0], [0, q, 0], [0, 0, 0]], W_x=[[1], [2], [4]])
        assert verify(accessibility(slow), trials=60).verdict == "agrees"
    for _ in range(2):
        assert verify(accessibility(elman(n=3, m=2)), trials=100)


def test_double_precision_would_not_do():
    """The trap of the catalogue: singular values of 1e-8 and less are genuine for four units."""
    cell = elman(W_h=sp.diag(1, 1, 1, 1) / 2, W_x=[[1], [2], [3], [4]], b=0)
    result = accessibility(cell)
    assert result.rhs == sp.true and verify(result, trials=3)
    start = Numbers({s: 0 for s in result.lhs.free_symbols})
    assert balls.to_float(start.value(result.lhs.lhs)) == 4
    random = np.random.default_rng(0)
    W, b = np.eye(4) / 2, np.arange(1.0, 5)
    h, J = np.zeros(4), np.zeros((4, 0))
    for _ in range(4):
        h = np.tanh(W @ h + b * random.uniform(-0.25, 0.25))
        D = (1 - h**2)[:, None]
        J = np.hstack([D * (W @ J), D * b[:, None]])
    assert np.linalg.svd(J, compute_uv=False)[-1] < 1e-4
