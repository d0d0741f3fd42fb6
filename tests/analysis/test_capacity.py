"""Total capacity: against regressions, over all targets."""

import math
import pickle
from dataclasses import replace

import pytest
import sympy as sp

from rnnsym.analysis.capacity import capacity_bound, capacity_sum, capacity_window
from rnnsym.cells import elman, gru, leaky
from rnnsym.defined import Numbers
from rnnsym.defined.responses import OrthonormalRows, TotalCapacity, WindowCapacity
from rnnsym.result import NoClosedForm, SpecError
from rnnsym.verify import verify

w = sp.Symbol("w", real=True)
THIRD = sp.Rational(1, 3)


def cell(phi="tanh", weight=w):
    return elman(phi, W_h=weight, W_x=1, b=0)


def test_capacity_is_the_trace_of_a_projection():
    X = sp.Matrix([[1, 2, 0, -1], [0, 1, 1, 3]])
    Z = sp.Matrix([[1, 1, -1, -1], [1, -1, 1, -1], [1, 1, 1, 1]]) / 2
    P = X.T * (X * X.T).inv() * X
    assert Numbers({}).float(TotalCapacity(X, Z)) == float((Z * P * Z.T).trace())
    assert Numbers({}).float(TotalCapacity(X, sp.eye(4))) == 2
    assert Numbers({}).float(TotalCapacity(sp.zeros(2, 4), Z)) == 0
    assert OrthonormalRows(Z).holds(Numbers({})) and not OrthonormalRows(2 * Z).holds(Numbers({}))


def test_wrong_claims_are_refused():
    total, bound = capacity_sum(), capacity_bound()
    parts = total.given.args
    assert verify(total, trials=20) and verify(bound, trials=20)
    assert not verify(replace(total, rhs=total.rhs - 1), trials=20)
    for lost in parts:
        assert not verify(replace(total, given=next(p for p in parts if p != lost)), trials=40)
    assert not verify(replace(bound, given=sp.true), trials=60)
    assert not verify(replace(bound, rhs=bound.rhs / 2), trials=20)
    for result in (total, bound):
        assert pickle.loads(pickle.dumps(result)) == result and result.latex()


def test_the_window_of_a_linear_unit_is_the_bound():
    result = capacity_window(cell("identity", THIRD), 2)
    left, right = (Numbers({}).float(e) for e in (result.lhs.subs(sp.Symbol("u"), 1), result.rhs))
    assert abs(left - right) < 1e-9 and verify(result, trials=1)
    assert not verify(replace(result, rhs=result.rhs * sp.Rational(9, 10)), trials=1)


def test_a_nonlinear_unit_forgets_too():
    result = capacity_window(cell(), 2)
    assert result.rhs == w**4 and verify(result, trials=6)
    assert not verify(replace(result, rhs=w**8 / 10), trials=12)
    steep = capacity_window(cell("erf"), 1)
    assert steep.rhs == 4 * w**2 / sp.pi


def test_the_window_has_linear_and_nonlinear_parts():
    """tanh(w h + x) and the products of signs: more than the linear capacities alone."""
    h, x = sp.symbols("h x", real=True)
    whole = Numbers({}).float(WindowCapacity(sp.tanh(h / 2 + 2 * x), h, x, 0, 3))
    X = [0.0]
    for _ in range(10):
        X = [math.tanh(v / 2 + 2 * s) for v in X for s in (1, -1)]
    power = sum(v * v for v in X) / len(X)
    linear = sum((sum(v * (1 - 2 * ((j >> k) & 1)) for j, v in enumerate(X)) / len(X)) ** 2 / power for k in range(3))
    assert linear < whole <= 1


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda: capacity_window(cell(), 0), SpecError),
        (lambda: capacity_window(cell(), 9), SpecError),
        (lambda: capacity_window(cell("tanh", 2)), SpecError),
        (lambda: capacity_window(cell("sigmoid")), NoClosedForm),
        (lambda: capacity_window(leaky(a=THIRD, W_h=w, W_x=1, b=0)), NoClosedForm),
        (lambda: capacity_window(gru(n=1, m=1)), NoClosedForm),
        (lambda: capacity_window(elman(W_h=w, W_x=1, b=1)), NoClosedForm),
    ],
)
def test_what_has_no_bound_is_refused(call, error):
    with pytest.raises(error):
        call()


@pytest.mark.slow
@pytest.mark.parametrize("phi", ["tanh", "identity", "hard_tanh", "erf", "arctan", "relu", "softsign"])
@pytest.mark.parametrize("window", [1, 3, 5])
def test_windows_of_many_activations_agree(phi, window):
    assert verify(capacity_window(cell(phi), window), trials=16)


@pytest.mark.slow
@pytest.mark.draws
def test_totals_agree_in_many_draws():
    assert verify(capacity_sum(), trials=10) and verify(capacity_bound(), trials=10)
