"""Array code: what it computes, what it refuses, and how it is written."""

import numpy as np
import pytest
import sympy as sp

from rnnsym.activations import relu, sigmoid
from rnnsym.analysis.jacobian import jacobian
from rnnsym.cells import catalogue, elman, gru, lstm
from rnnsym.result import KinkError, Result, ShapeError, SpecError
from rnnsym.verify import claim

a, p, x = sp.symbols("a p x", real=True)


def run(expression, **values):
    return Result("value", sp.Symbol("f"), "=", expression).lambdify()(**values)


def test_sech_squared_keeps_its_digits_at_saturation():
    assert run(1 - sp.tanh(x) ** 2, x=20.0) == pytest.approx(1.6993417021166355e-17, rel=1e-12)
    assert run(1 - sp.tanh(x) ** 2, x=1000.0) == 0.0


def test_the_logistic_function_never_overflows():
    values = run(sigmoid(x), x=np.array([-1000.0, 0.0, 1000.0]))
    assert values.tolist() == [0.0, 0.5, 1.0]
    slopes = run(sigmoid(x).diff(x), x=np.array([-1000.0, 0.0, 1000.0]))
    assert slopes.tolist() == [0.0, 0.25, 0.0]


def test_a_constant_has_the_shape_of_its_input():
    result = claim(sp.Symbol("s"), sp.Derivative(3 * x + 1, x).doit() + 0 * x)
    assert result.lambdify()().shape == ()
    J = jacobian(elman("identity", W_h=a))
    assert J(a=np.full(4, 2.0)).shape == (4,)


def test_whole_numbers_do_not_wrap_round():
    assert run(x**70, x=np.int64(2)) == 2.0**70


def test_batch_axes_broadcast():
    J = jacobian(gru())
    random = np.random.default_rng(0)
    weights = {s.name: random.normal(size=[3 if str(d) == "n" else 2 for d in s.shape]) for s in gru().parameters if s.shape[1] != 1}  # fmt: skip
    many = random.normal(size=(4, 5, 3))
    found = J(h=many, x=random.normal(size=(5, 2)), **weights)
    assert found.shape == (4, 5, 3, 3)
    batched = {k: np.broadcast_to(v, (5, *v.shape)) for k, v in weights.items()}
    inputs = random.normal(size=(5, 2))
    assert np.allclose(J(h=many, x=inputs, **batched), J(h=many, x=inputs, **weights), atol=1e-15)


def test_float32_stays_float32():
    J = jacobian(elman())
    assert J(W_h=np.eye(2, dtype=np.float32), h=np.ones(2, dtype=np.float32)).dtype == np.float32
    assert J(W_h=np.eye(2), h=np.ones(2)).dtype == np.float64


def test_inputs_and_biases_left_out_are_zero():
    J = jacobian(elman())
    h = np.array([0.3, -0.1])
    W = np.array([[0.5, 1.0], [0.0, 0.2]])
    want = (1 - np.tanh(W @ h) ** 2)[:, None] * W
    assert np.allclose(J(W_h=W, h=h), want, atol=1e-16)
    assert np.allclose(J(W_h=W, h=h, W_x=np.ones((2, 3)), x=np.zeros(3), b=np.zeros(2)), want, atol=1e-16)


def test_a_named_quantity_may_be_given_instead_of_computed():
    J = jacobian(elman())
    assert np.allclose(J(W_h=np.eye(2), h_t=np.array([0.5, 0.0])), np.diag([0.75, 1.0]))


def test_unknown_missing_and_ill_shaped_arrays_are_named():
    J = jacobian(elman())
    with pytest.raises(SpecError, match="unknown name 'W'"):
        J(W=np.eye(2), h=np.zeros(2))
    with pytest.raises(SpecError, match="needs values for W_h"):
        J(h=np.zeros(2))
    with pytest.raises(ShapeError, match=r"h has shape \(2,\), but n is 3"):
        J(W_h=np.eye(3), h=np.zeros(2))
    with pytest.raises(SpecError, match="needs values for W_x"):
        J(W_h=np.eye(2), h=np.zeros(2), x=np.ones(1))


def test_arrays_of_an_explicit_cell_are_taken_whole():
    J, free = jacobian(elman(n=2, m=1)), jacobian(elman())
    random = np.random.default_rng(2)
    values = {"W_h": random.normal(size=(2, 2)), "W_x": random.normal(size=(2, 1)), "b": random.normal(size=2)}
    states = {"h": random.normal(size=(6, 2)), "x": random.normal(size=(6, 1))}
    assert np.allclose(J(**values, **states), free(**values, **states), atol=1e-15)


def test_the_source_is_as_written_by_hand():
    source = jacobian(elman()).lambdify().source
    assert "return _scaled(_sech2(_linear(W_h, h) + _linear(W_x, x) + b), W_h)" in source
    assert jacobian(gru()).lambdify().source.count("_linear(W_hz, h)") == 1


@pytest.mark.parametrize("name", catalogue())
@pytest.mark.parametrize("module", ["jax", "torch", "mpmath"])
def test_every_module_gives_the_same_numbers(name, module):
    if module != "mpmath":
        pytest.importorskip(module)
    cell = catalogue()[name]()
    J = jacobian(cell)
    random = np.random.default_rng(3)
    sizes = {"n": 3, "m": 2}
    values = {}
    for array in cell.arrays:
        if array.role in ("parameter", "state", "input"):
            shape = [sizes.get(str(d), 1) for d in array.value.shape]
            values[array.name] = random.normal(size=shape[:1] if array.value.shape[1] == 1 else shape)
    values |= {s.name: 0.25 for s in cell.parameters if not s.is_Matrix}
    want = J(**values)
    if module == "torch":
        import torch

        given = {k: torch.tensor(v, dtype=torch.float64) for k, v in values.items()}
    else:
        given = values
    got = np.asarray(J.lambdify(module)(**given).tolist(), dtype=float)
    assert np.allclose(got, want, atol=1e-5 if module == "jax" else 1e-13)


def test_the_lstm_blocks_stand_in_the_order_of_the_state():
    J = jacobian(lstm())
    weights = {
        s.name: np.zeros([2 if str(d) == "n" else 1 for d in s.shape]) for s in lstm().parameters if s.shape[1] != 1
    }
    found = J(c=np.ones(2), h=np.zeros(2), **weights)
    assert np.allclose(found[:2, :2], 0.5 * np.eye(2)) and np.allclose(found[:, 2:], 0)


def test_relu_has_no_slope_at_its_kink():
    result = Result("value", sp.Symbol("f"), "=", relu(x).diff(x))
    assert np.isnan(result.lambdify(kink="nan")(x=0.0))
    with pytest.raises(KinkError, match="ReLU is not differentiable at a=0"):
        result(x=0.0)
    assert run(relu(x).diff(x), x=np.array([-1.0, 2.0])).tolist() == [0.0, 1.0]
