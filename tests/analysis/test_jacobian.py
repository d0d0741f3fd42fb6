"""Jacobians of every cell: against differences at 50 digits, against torch, and as they are printed in papers."""

import numpy as np
import pytest
import sympy as sp

from rnnsym.analysis.jacobian import jacobian, parameter_gradient
from rnnsym.cells import catalogue, elman, gru, lstm, unroll
from rnnsym.result import KinkError, SpecError
from rnnsym.verify import verify

CELLS = catalogue()
PAIRS = [(name, array.name) for name, make in CELLS.items() for array in make().arrays if array.role == "parameter"]
w, b = sp.symbols("w b", real=True)
MORE = pytest.mark.parametrize("trials", [8, pytest.param(40, marks=pytest.mark.slow)])


@pytest.mark.parametrize("wrt", ["state", "input"])
@pytest.mark.parametrize("name", CELLS)
def test_state_and_input_jacobians_agree_with_differences(name, wrt):
    check = verify(jacobian(CELLS[name](), wrt), trials=80)
    assert check, check
    assert check.trials >= 70 and check.max_error < 1e-12


@MORE
@pytest.mark.parametrize("name, parameter", PAIRS)
def test_parameter_jacobians_agree_with_differences(name, parameter, trials):
    check = verify(jacobian(CELLS[name](), parameter), trials=trials, dims=(1, 2, 3))
    assert check, check


@MORE
@pytest.mark.parametrize("name, parameter", PAIRS)
def test_parameter_gradients_agree_with_differences(name, parameter, trials):
    check = verify(parameter_gradient(CELLS[name](), parameter), trials=trials, dims=(1, 2, 3))
    assert check, check


@pytest.mark.parametrize("name", CELLS)
def test_explicit_and_scalar_cells_agree_with_differences(name):
    for sizes in ({"n": 2, "m": 1}, {"n": 1, "m": 1}, {"n": 2, "m": 2}):
        assert verify(jacobian(CELLS[name](**sizes)), trials=12)


@pytest.mark.parametrize("name", CELLS)
@pytest.mark.parametrize("size", [2, *(pytest.param(n, marks=pytest.mark.slow) for n in (1, 3, 7))])
def test_jacobians_agree_with_torch(name, size):
    torch = pytest.importorskip("torch")
    cell = CELLS[name]()
    J = jacobian(cell)
    step = torch_step(torch, cell)
    random = np.random.default_rng(size)
    for trial in range(5):
        scale = (0.0, 0.5, 1.0, 2.0, 5.0)[trial]
        values = {a.name: scale * random.normal(size=core(a, size)) for a in cell.arrays if a.role == "parameter"}
        values |= {s.name: float(random.uniform()) for s in cell.parameters if not s.is_Matrix}
        states = {s.name: random.normal(size=size) for s in cell.state}
        x = {s.name: random.normal(size=2) for s in cell.input}
        tensors = {k: torch.tensor(v, dtype=torch.float64) for k, v in {**values, **x}.items()}
        flat = torch.tensor(np.concatenate(list(states.values())))
        want = torch.func.jacrev(lambda s, t=tensors: step(s, t))(flat).numpy()
        np.testing.assert_allclose(J(**values, **states, **x), want, rtol=0, atol=1e-11 * max(1, np.abs(want).max()))


def core(array, size):
    shape = [size if str(d) == "n" else 2 for d in array.value.shape]
    return shape[:1] if array.value.shape[1] == 1 else shape


def torch_step(torch, cell):
    """The cell's map in torch, made by our own array code of the step, so that torch differentiates it."""
    from rnnsym.cells import step_result

    function = step_result(cell).lambdify("torch")

    def step(flat, tensors):
        parts = torch.chunk(flat, len(cell.state))
        states = {s.name: part for s, part in zip(cell.state, parts, strict=True)}
        return function(**tensors, **states).reshape(-1)

    return step


@pytest.mark.parametrize("kind", ["RNN", "GRU", "LSTM"])
def test_the_maps_are_those_of_torch(kind):
    torch = pytest.importorskip("torch")
    if kind == "GRU":
        pytest.skip("torch's GRU resets after the linear map: see gru_reset_after")
    cell = {"RNN": elman(), "LSTM": lstm()}[kind]
    size, inputs = 3, 2
    torch.manual_seed(0)
    module = getattr(torch.nn, f"{kind}Cell")(inputs, size).double()
    weights = {k: v.detach().numpy() for k, v in module.named_parameters()}
    gates = {"RNN": [""], "LSTM": list("ifgo")}[kind]
    values = {}
    for k, gate in enumerate(gates):
        rows = slice(k * size, (k + 1) * size)
        values[f"W_h{gate}"], values[f"W_x{gate}"] = weights["weight_hh"][rows], weights["weight_ih"][rows]
        values[f"b_{gate}" if gate else "b"] = (weights["bias_ih"] + weights["bias_hh"])[rows]
    from rnnsym.cells import trajectory

    x, h0 = np.random.default_rng(1).normal(size=(4, inputs)), np.array([0.1, -0.2, 0.3])
    state = torch.tensor(h0)[None], torch.tensor(h0)[None]
    found = trajectory(cell, values, h0 if kind == "RNN" else {"h": h0, "c": h0}, x)
    for t in range(4):
        state = module(torch.tensor(x[t])[None], state if kind == "LSTM" else state[0])
        state = state if kind == "LSTM" else (state, state)
        got = found[t] if kind == "RNN" else found["h"][t]
        np.testing.assert_allclose(got, state[0].detach().numpy()[0], atol=1e-15)


def test_the_elman_jacobian_is_the_diagonal_of_slopes_times_the_weights():
    assert str(jacobian(elman()).rhs) == "diag(1 - h_t**2)*W_h"


def test_the_scalar_jacobian_is_a_plain_expression():
    result = jacobian(elman(W_h=w, b=b))
    assert result.rhs == w * (1 - sp.Symbol("h_t", real=True) ** 2)
    assert result.explicit == w * (1 - sp.tanh(w * sp.Symbol("h", real=True) + sp.Symbol("W_x", real=True) * sp.Symbol("x", real=True) + b) ** 2)  # fmt: skip


def test_the_gru_jacobian_speaks_of_gates_by_name():
    result = jacobian(gru())
    names = {s.name for s in result.rhs.free_symbols}
    assert {"z_t", "r_t", "g_t", "h"} <= names and not {"W_xz", "b_z", "x"} & names


def test_substitute_then_derive_is_derive_then_substitute():
    c = elman(n=2, m=1)
    values = {"W_h": [[1, sp.Rational(1, 2)], [0, -1]], "b": [0, 1]}
    assert jacobian(c.subs(values)).rhs == jacobian(c).subs(values).rhs


def test_matrices_of_numbers_fix_the_size_of_a_dimension_free_result():
    result = jacobian(elman()).subs({"W_h": sp.Matrix([[1, 2], [0, 1]])})
    assert result.rhs.shape == (2, 2)
    assert np.allclose(result(h=np.zeros((3, 2))), [[1, 2], [0, 1]])
    assert verify(result, trials=20)


def test_relu_is_given_away_from_its_kink():
    assert jacobian(elman("relu")).given != sp.true
    with pytest.raises(KinkError, match="unit 1"):
        jacobian(elman("relu"))(W_h=np.eye(2), h=np.array([0.0, 1.0]))
    assert np.isnan(jacobian(elman("relu")).lambdify(kink="nan")(W_h=np.eye(2), h=np.array([0.0, 1.0]))[0, 0])


def test_the_jacobian_of_an_unrolled_cell_is_the_ordered_product():
    result = jacobian(unroll(elman(), 3))
    assert str(result.rhs) == "diag(1 - h_3**2)*W_h*diag(1 - h_2**2)*W_h*diag(1 - h_1**2)*W_h"
    assert verify(result, trials=20)
    assert jacobian(unroll(elman(), 0)).rhs == sp.Identity(elman().state[0].shape[0])


def test_names_the_cell_does_not_have_are_refused():
    with pytest.raises(SpecError, match="'W_z'; it has"):
        jacobian(elman(), "W_z")
    with pytest.raises(SpecError, match="is computed by"):
        jacobian(gru(), "z_t")
    with pytest.raises(SpecError, match="is no parameter"):
        parameter_gradient(elman(), "state")
