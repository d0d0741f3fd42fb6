"""Array code of closed forms by cases: what is not chosen is not computed, and no digits are lost where cases meet."""

import pickle
import warnings
from dataclasses import replace

import mpmath
import numpy as np
import pytest
import sympy as sp

from rnnsym.analysis.jacobian import jacobian
from rnnsym.analysis.linear import matrix_power
from rnnsym.analysis.memory import fisher_memory
from rnnsym.analysis.response import impulse_response, step_response
from rnnsym.cells import leaky
from rnnsym.code.precision import loss
from rnnsym.exact import factored
from rnnsym.result import Result, ShapeError
from rnnsym.systems import LinearSystem
from rnnsym.verify import verify

a, b, c = sp.symbols("a b c", real=True)
h = sp.Rational(1, 2)
G, p = sp.symbols("G p", real=True)
STEP = step_response(LinearSystem([[a, b], [c, h]], [1, 0], [[1, 1]]))
CHAIN = impulse_response(LinearSystem([[a, 1, 0], [0, b, 1], [0, 0, c]], [0, 0, 1], [[1, 0, 0]]))
GUARDED = Result("guarded", sp.Symbol("y"), "=", sp.Piecewise((5, sp.Eq(p, 1)), (G + sp.log(p), True)), where=((G, 1 / (1 - p)),))  # fmt: skip


@pytest.mark.parametrize("modules", ["numpy", "mpmath"])
def test_a_case_that_is_not_chosen_is_not_computed(modules):
    f = GUARDED.lambdify(modules)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert f(p=1) == 5
        np.testing.assert_allclose(np.array(f(p=[1, 0.5]), dtype=float), [5, 2 + np.log(0.5)])


def test_a_complex_number_in_a_comparison_is_no_error_in_mpmath():
    rhs = sp.Piecewise((1, sp.And(sp.Gt(p, 0), sp.Lt(sp.sqrt(p), 1))), (0, True))
    f = Result("root", sp.Symbol("y"), "=", rhs).lambdify("mpmath")
    assert [int(v) for v in f(p=[-1, 0.25, 4])] == [0, 1, 0]


def test_the_root_of_a_negative_value_of_a_complex_symbol_is_complex():
    w = sp.Symbol("w")
    f = Result("root", sp.Symbol("y"), "=", sp.sqrt(w)).lambdify()
    assert f(w=-4.0) == 2j and f(w=4.0) == 2 and f(w=np.array([4.0, 9.0])).dtype == float


def outputs(A, steps):
    state = np.zeros(2)
    for _ in range(steps + 1):
        state = A @ state + [1, 0]
    return state.sum()


@pytest.mark.parametrize("gap", [0, 1e-15, 1e-9, 1e-3])
def test_no_digits_are_lost_at_nearly_equal_eigenvalues(gap):
    f, g = STEP.lambdify(), CHAIN.lambdify()
    for A in ([[0.5 + gap, 0.0], [0.3, 0.5]], [[0.5, gap], [0.3, 0.5]], [[0.5, -gap], [0.3, 0.5]]):
        assert abs(f(a=A[0][0], b=A[0][1], c=0.3, k=7) - outputs(np.array(A), 7)) < 1e-14
    A = np.array([[0.5, 1, 0], [0, 0.5 + gap, 1], [0, 0, 0.5 - 2 * gap]])
    found = g(a=0.5, b=0.5 + gap, c=0.5 - 2 * gap, k=9)
    assert abs(found - np.linalg.matrix_power(A, 9)[0, 2]) < 1e-14


def test_a_batch_is_recomputed_where_it_must_be():
    gaps = np.array([1e-12, 0.25])
    found = CHAIN.lambdify()(a=0.5, b=0.5 + gaps, c=0.5 - 2 * gaps, k=9)
    want = [np.linalg.matrix_power([[0.5, 1, 0], [0, 0.5 + e, 1], [0, 0, 0.5 - 2 * e]], 9)[0, 2] for e in gaps]
    np.testing.assert_allclose(found, want, rtol=1e-13)


def test_mpmath_keeps_its_digits_where_cases_meet():
    with mpmath.workdps(30):
        e = mpmath.mpf(10) ** -20
        found = CHAIN.lambdify("mpmath")(a=mpmath.mpf("0.5"), b=0.5 + e, c=0.5 - 2 * e, k=2)
        assert abs(found - 1) < mpmath.mpf(10) ** -28


def test_the_loss_is_the_terms_over_their_sum():
    result = Result("gap", sp.Symbol("y"), "=", sp.Piecewise(((a**2 - b**2) / (a - b), sp.Ne(a, b)), (2 * a, True)))
    factor = loss(result).lambdify()
    assert factor(a=1.0, b=0.5) == 3 and factor(a=1.0, b=1.0) == 1 and factor(a=1.0, b=1.0 + 1e-9) > 1e9


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_what_was_falsely_refuted_is_not(seed):
    p, q, r, s = sp.symbols("p q r s")
    results = [
        STEP, fisher_memory(LinearSystem([[0, 1], [b, a]], [0, 1])),
        impulse_response(LinearSystem([[p, q], [r, s]], [1, 0], [[1, 1]])), matrix_power([[a, b], [c, h]]),
    ]  # fmt: skip
    for result in results:
        check = verify(result, seed=seed + 3, trials=40)
        assert check and check.max_error < 1e-11, (result.name, check)


def test_verification_meets_the_cases_and_loses_no_digits():
    check = verify(CHAIN, seed=3, trials=15)
    assert check and check.max_error < 1e-12, check


def test_wrong_code_is_still_refused():
    assert not verify(replace(CHAIN, rhs=CHAIN.rhs + sp.Rational(1, 10**5)), trials=3)


@pytest.mark.parametrize(
    "e", [-a - b, 2 * a + 2 * b, -(a + b) * h, (-a - b) / c, c + factored(-a - b), -((a + b) ** 2)]
)
def test_a_factored_form_is_equal_to_itself_after_pickling(e):
    form = factored(e) if not e.has(c) else e
    for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1):
        assert pickle.loads(pickle.dumps(form, protocol)) == form
        assert pickle.loads(pickle.dumps(sp.Ne(form, 0), protocol)) == sp.Ne(form, 0)


def test_batches_that_do_not_fit_are_named():
    J = jacobian(leaky())
    arrays = {"W_h": np.eye(3), "h": np.zeros((5, 3)), "W_x": np.ones((3, 1)), "x": np.zeros(1), "b": np.zeros(3)}
    with pytest.raises(ShapeError, match=r"do not fit one another: .*h \(5,\)"):
        J(a=np.array([0.1, 0.2]), **arrays)
    assert J(a=np.full(5, 0.1), **arrays).shape == (5, 3, 3)
