"""Fixed points of every cell: their equations, the bias that makes them, and their derivatives."""

from dataclasses import replace

import numpy as np
import pytest
import sympy as sp

from rnnsym.analysis.families import slow_point_hessian
from rnnsym.analysis.fixedpoint import (
    at_rest,
    bias_of_fixed_point,
    fixed_point_equations,
    implicit_derivative,
    implicit_gradient,
)
from rnnsym.cells import catalogue, elman, gru, leaky, linear, lstm
from rnnsym.result import NoClosedForm, SpecError
from rnnsym.verify import verify

w, b = sp.symbols("w b", real=True)
h_star = sp.Symbol("h_star", real=True)
CELLS = catalogue()
REAL = [name for name, make in CELLS.items() if make().field == "real"]


@pytest.mark.parametrize("name", REAL)
def test_every_cell_has_its_equations(name):
    result = fixed_point_equations(CELLS[name]())
    check = verify(result, trials=10, dims=(1, 2))
    assert check.verdict in ("agrees", "nothing tried"), check


@pytest.mark.parametrize("make", [elman, leaky, gru, linear, lstm])
def test_wrong_equations_are_refused(make):
    result = fixed_point_equations(make())
    assert verify(result, trials=12, dims=(1, 2))
    assert not verify(replace(result, rhs=-result.rhs), trials=12, dims=(1, 2))


def test_the_equations_speak_of_the_gates_by_name():
    result = fixed_point_equations(gru())
    assert str(result.rhs) == "g_star*(1 - z_star) + h_star*z_star"
    assert [str(s) for s, _ in result.where] == ["z_star", "r_star", "g_star"]
    assert (
        str(fixed_point_equations(elman(n=2, m=1)).rhs[0])
        == "tanh(W_h_11*h_star_1 + W_h_12*h_star_2 + W_x_11*x_star + b_1)"
    )


@pytest.mark.parametrize("make", [elman, leaky, linear, gru])
@pytest.mark.parametrize("sizes", [{}, {"n": 2, "m": 1}])
def test_the_bias_is_the_inverse_of_the_activation(make, sizes):
    result = bias_of_fixed_point(make(**sizes))
    assert verify(result, trials=20), make
    assert not verify(replace(result, rhs=-result.rhs), trials=20)


@pytest.mark.parametrize("phi", ["sigmoid", "softsign", "arctan", "algebraic", "erf"])
def test_the_bias_for_every_invertible_activation(phi):
    result = bias_of_fixed_point(elman(phi, W_h=w, W_x=0, b=b))
    assert verify(result, trials=20)
    assert not verify(replace(result, rhs=result.rhs + h_star), trials=20)


def test_the_bias_of_gated_cells_is_the_candidates():
    assert str(bias_of_fixed_point(gru()).rhs) == "-W_hg*(h_star*r_star) - W_xg*x_star + atanh(h_star)"
    assert bias_of_fixed_point(leaky(W_h=w, W_x=0)).rhs == sp.atanh(h_star) - w * h_star


def test_without_an_inverse_it_is_refused():
    with pytest.raises(NoClosedForm, match="known inverse"):
        bias_of_fixed_point(elman("relu"))
    with pytest.raises(SpecError):
        bias_of_fixed_point(elman(), "c")


@pytest.mark.parametrize("wrt", ["b", "W_h", "W_x", "input"])
def test_implicit_derivatives_of_the_plain_cell(wrt):
    result = implicit_derivative(elman(), wrt)
    assert verify(result, trials=20, dims=(1, 2, 3))
    assert not verify(replace(result, rhs=-result.rhs), trials=20, dims=(1, 2, 3))


@pytest.mark.parametrize(
    "make, wrt", [(leaky, "b"), (leaky, "a"), (gru, "b_g"), (gru, "W_hz"), (linear, "W_h"), (lstm, "b_f")]
)
def test_implicit_derivatives_of_other_cells(make, wrt):
    assert verify(implicit_derivative(make(), wrt), trials=8, dims=(1, 2))


@pytest.mark.slow
@pytest.mark.parametrize("sizes", [{}, {"n": 2, "m": 1}], ids=["any size", "two units"])
@pytest.mark.parametrize("name", REAL)
def test_implicit_derivatives_of_every_cell_by_every_parameter(name, sizes):
    cell = CELLS[name](**sizes)
    acting = [s.name for s in at_rest(cell)._parameter_symbols()]
    for wrt in (*acting, *(("input",) if len(cell.input) == 1 else ())):
        result = implicit_derivative(cell, wrt)
        check = verify(result, trials=4, dims=(1, 2))
        if check.verdict == "nothing tried":  # few draws of some cells have a fixed point nearby
            check = verify(result, trials=24, dims=(1, 2))
        assert check.verdict == "agrees", (wrt, check)


def test_implicit_derivatives_of_a_piecewise_linear_cell():
    for wrt in ("W_h", "b", "a", "input"):
        result = implicit_derivative(CELLS["plrnn"](n=2, m=1), wrt)
        assert verify(result, trials=12) and not verify(replace(result, rhs=-result.rhs), trials=12)


@pytest.mark.parametrize(
    "phi", ["leaky_relu", *(pytest.param(p, marks=pytest.mark.slow) for p in ("selu", "hard_tanh"))]
)
def test_a_fixed_point_at_a_kink_is_no_false_alarm(phi):
    """Newton's method stops 10^-90 beside the kink, where a difference quotient is across it."""
    w, u = sp.symbols("w u", real=True)
    cell = elman(phi, W_h=w, W_x=u, b=0)
    for result in (implicit_derivative(cell), slow_point_hessian(cell)):
        for seed in (11, 0, 1):
            assert verify(result, trials=14, seed=seed)
    assert not verify(replace(slow_point_hessian(cell), rhs=2 * slow_point_hessian(cell).rhs), trials=14)


def test_the_hessian_of_the_speed_is_defined_where_the_slope_of_elu_has_a_kink():
    w, u = sp.symbols("w u", real=True)
    result = slow_point_hessian(elman("elu", W_h=w, W_x=u, b=0))
    for seed in (11, 0, 1):
        assert verify(result, trials=24, seed=seed)


@pytest.mark.parametrize("make, wrt", [(elman, "W_h"), (leaky, "b"), (gru, "b_g")])
def test_implicit_derivatives_in_entries(make, wrt):
    result = implicit_derivative(make(n=2, m=1), wrt)
    assert verify(result, trials=8)
    assert not verify(replace(result, rhs=2 * result.rhs), trials=8)


def test_the_scalar_derivative_diverges_at_the_fold():
    result = implicit_derivative(elman(W_h=w, W_x=1, b=b), "b")
    top, bottom = sp.fraction(sp.cancel(result.rhs))
    assert sp.simplify(bottom.subs(h_star, sp.sqrt(1 - 1 / w))) == 0 and verify(result, trials=40)


@pytest.mark.parametrize("name", ["W_h", "W_x", "b"])
def test_the_adjoint_gives_the_gradient(name):
    for cell in (elman(), elman(n=2, m=1)):
        result = implicit_gradient(cell, name)
        assert verify(result, trials=16, dims=(1, 2, 3))
        assert not verify(replace(result, rhs=-result.rhs), trials=16, dims=(1, 2, 3))


def test_the_derivative_runs_on_arrays():
    result = implicit_derivative(elman(n=2, m=1), "b")
    W, bias = np.array([[0.3, -0.8], [0.5, 0.2]]), np.array([0.1, -0.4])

    def rest(bias):
        state = np.zeros(2)
        for _ in range(500):
            state = np.tanh(W @ state + bias)
        return state

    step = 1e-6
    want = np.stack([(rest(bias + step * e) - rest(bias - step * e)) / (2 * step) for e in np.eye(2)], axis=1)
    np.testing.assert_allclose(result(W_h=W, W_x=np.zeros((2, 1)), b=bias, h_star=rest(bias)), want, atol=1e-9)


def test_names_the_cell_does_not_have_are_refused():
    with pytest.raises(SpecError, match="'q'; it has"):
        implicit_derivative(elman(), "q")
    with pytest.raises(SpecError, match="is computed by"):
        implicit_derivative(gru(), "z_star")
    with pytest.raises(SpecError, match="acts on the output only"):
        implicit_derivative(CELLS["ssm"](), "C")
    with pytest.raises(SpecError, match="is a number"):
        implicit_gradient(leaky(), "a")


def test_a_continuum_of_fixed_points_has_no_derivative():
    for cell in (linear(W_h=1), leaky("tanh", a=0, W_h=sp.Symbol("w", real=True))):
        with pytest.raises(NoClosedForm, match="singular"):
            implicit_derivative(cell)
