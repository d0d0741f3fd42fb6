"""Gradients through time: every cell and parameter against differences and torch; the page; what is refused."""

import pickle
from dataclasses import replace

import numpy as np
import pytest
import sympy as sp

from rnnsym.analysis.gradient import (
    adjoint_recursion,
    bptt,
    certified_threshold,
    error_carousel,
    forced,
    forced_bptt,
    forcing_strength,
    gradient_bound,
    nilpotent_powers,
    norms_above_one,
    parameter_gradient,
    relu_growth,
    rtrl,
    rtrl_identity,
    truncated_gradient,
    truncation_error,
    words,
)
from rnnsym.cells import catalogue, cell, elman, gru, leaky, lstm, stack, step_result, trajectory
from rnnsym.result import NoClosedForm, ShapeError, SpecError
from rnnsym.verify import verify

CELLS = {name: make() for name, make in catalogue().items()}
w = sp.Symbol("w", real=True)


def parameters(cell):
    """The names of the parameters that the new state depends on."""
    used = set().union(*(e.free_symbols for _, e in cell.equations))
    return [s.name for s in cell._parameter_symbols() if s in used]


# Every cell


@pytest.mark.parametrize("name", CELLS)
def test_products_through_time_agree_with_differences_of_the_run(name):
    check = verify(bptt(CELLS[name], 2), trials=1, dims=(2,))
    assert check and check.max_error < 1e-12


@pytest.mark.parametrize("name", CELLS)
def test_the_last_parameter_of_every_cell_has_its_gradient(name):
    cell = CELLS[name]
    check = verify(parameter_gradient(cell, parameters(cell)[-1], 2), trials=1, dims=(2,))
    assert check and check.max_error < 1e-12


@pytest.mark.slow
@pytest.mark.parametrize("name", CELLS)
def test_every_parameter_of_every_cell_has_its_gradient(name):
    cell = CELLS[name]
    assert verify(bptt(cell), trials=10, dims=(1, 2)) and verify(bptt(cell, 3), trials=6, dims=(1, 3))
    assert verify(adjoint_recursion(cell), trials=4, dims=(1, 2))
    for parameter in parameters(cell):
        for make, trials in ((parameter_gradient, 2), (rtrl, 1)):
            assert verify(make(cell, parameter), trials=trials, dims=(1, 2)), (make, parameter)
        assert verify(parameter_gradient(cell, parameter, 2), trials=2, dims=(1, 2)), parameter
        both = rtrl_identity(cell, parameter, 3)
        assert words(both.steps[0].expression) == words(both.steps[1].expression) == words(both.rhs)


def test_real_time_and_adjoint_are_the_same_words_for_a_cell_with_two_states():
    both = rtrl_identity(lstm(), "W_hf", 3)
    assert words(both.steps[0].expression) == words(both.steps[1].expression) == words(both.rhs)
    assert verify(rtrl_identity(lstm(), "b_o", 2), trials=2, dims=(2,))


@pytest.mark.slow
@pytest.mark.parametrize(("name", "size"), [("elman", 3), ("lstm", 2), ("gru", 2), ("plrnn", 3), ("leaky", 2)])
def test_gradients_of_a_loss_agree_with_torch(name, size):
    """Any loss: e_t = d l_t/d h_t of l_t = log cosh(h_t - y_t), put in at the trajectory."""
    torch = pytest.importorskip("torch")
    cell, T = CELLS[name], 3
    random = np.random.default_rng(size)
    step = step_result(cell).lambdify("torch")
    table = {a.name: a.value for a in cell.arrays if a.role == "parameter" and a.name in parameters(cell)}

    def shape(symbol):
        rows, columns = (size if str(d) == "n" else 2 for d in symbol.shape)
        return (rows,) if symbol.shape[1] == 1 else (rows, columns)

    values = {k: random.normal(size=shape(s)) for k, s in table.items()}
    values |= {k: float(random.uniform()) for k in parameters(cell) if k not in table}
    tensors = {k: torch.tensor(v, dtype=torch.float64, requires_grad=True) for k, v in values.items()}
    x, y = random.normal(size=(T, 2)), random.normal(size=(T, len(cell.state), size))
    start = {s.name: random.normal(size=size) for s in cell.state}
    states, loss, errors = {k: torch.tensor(v) for k, v in start.items()}, 0, {}
    for t in range(T):
        flat = step(**tensors, **states, x=torch.tensor(x[t])).reshape(-1)
        states = {s.name: part for s, part in zip(cell.state, torch.chunk(flat, len(cell.state)), strict=True)}
        for k, s in enumerate(cell.state):
            gap = states[s.name] - torch.tensor(y[t, k])
            loss = loss + torch.log(torch.cosh(gap)).sum()
            letter = "e" if len(cell.state) == 1 else f"e_{s.name}"
            errors[f"{letter}_{t + 1}"] = torch.tanh(gap).detach().numpy()
    loss.backward()
    given = {**values, **errors, **{f"{k}_0": v for k, v in start.items()}, **{f"x_{t + 1}": x[t] for t in range(T)}}
    for parameter in parameters(cell) if name in ("elman", "leaky") else parameters(cell)[::3]:
        found = parameter_gradient(cell, parameter, T)(**given)
        want = tensors[parameter].grad.numpy()
        np.testing.assert_allclose(np.squeeze(found), np.squeeze(want), atol=1e-12)


# Forms


def test_an_explicit_cell_keeps_its_factors_and_a_scalar_one_multiplies_numbers():
    product = bptt(elman(n=2, m=1), 2)
    assert len(product.rhs.args) == 2 and product.rhs.doit().shape == (2, 2)
    assert verify(product, trials=3)
    scalar = bptt(elman(W_h=w), 2)
    h1, h2 = (sp.Symbol(f"h_{k}", real=True) for k in (1, 2))
    assert scalar.rhs == w**2 * (1 - h1**2) * (1 - h2**2)
    assert verify(scalar, trials=3) and verify(bptt(elman(W_h=w)), trials=3)
    assert verify(parameter_gradient(elman(n=2, m=1), "W_h", 2), trials=2)
    assert verify(parameter_gradient(elman(n=2, m=1), "b"), trials=2)


def test_scalars_and_stacks_have_gradients_too():
    assert parameter_gradient(leaky(), "a", 2).rhs.shape == (1, 1)
    assert verify(parameter_gradient(leaky(), "a"), trials=3, dims=(2,))
    deep = stack(elman(), gru())
    assert verify(bptt(deep, 2), trials=1, dims=(2,))
    assert verify(parameter_gradient(deep, "W_h_1", 2), trials=1, dims=(2,))


def test_results_pickle_substitute_and_run():
    result = bptt(elman())
    assert pickle.loads(pickle.dumps(result)) == result
    special = result.subs({"W_h": sp.Matrix([[0, 1], [sp.Rational(1, 2), 0]])})
    assert special.rhs.shape == (2, 2) and verify(special, trials=4)
    gradient = parameter_gradient(elman(), "b", 1)
    found = gradient(W_h=[[0.5]], W_x=[[0.0]], b=[0.25], h_0=[1.0], x_1=[0.0], e_1=[2.0])
    assert found.reshape(-1) == pytest.approx([2 * (1 - np.tanh(0.75) ** 2)])


def test_the_page_reads_like_a_paper():
    text = bptt(elman()).latex()
    assert r"\overleftarrow{\prod_{s=k + 1}^{t}}" in text and "h_s = \\tanh(W_h h_{s-1} + W_x x_s + b)" in text
    text = parameter_gradient(elman(), "W_h").latex()
    assert r"\nabla_{W_h} \mathcal{L} = \sum_{t=1}^{T}" in text and r"\delta_T = e_T" in text
    assert r"\delta_{t-1} = W_h^{\top}" in text
    text = rtrl(elman(), "W_h").latex()
    assert r"\frac{\partial h_{t-1}}{\partial \operatorname{vec} W_h}" in text and r"\otimes I_n" in text
    assert r"\nabla^{(2)}_{W_h}" in truncated_gradient(elman()).latex()
    assert r"\delta_{c,t}" in parameter_gradient(lstm(), "W_hf").latex()


# Kinks, carousel, gates


def test_a_run_through_a_kink_is_outside_the_hypotheses():
    result = bptt(elman("relu"))
    assert verify(result, trials=6, dims=(1, 2))
    assert any(type(c).__name__ == "SmoothAlong" for c in result.given.args)
    assert verify(bptt(elman("relu"), 2), trials=4, dims=(1, 2))


def test_a_size_named_like_an_index_of_time_is_kept_apart():
    assert verify(parameter_gradient(CELLS["low_rank"], "N"), trials=2, dims=(2,))  # its rank is r
    assert verify(bptt(CELLS["jordan"]), trials=2, dims=(2,))  # its hidden size is k


def test_the_carousel_is_the_product_of_forget_gates_only_without_their_recurrence():
    result = error_carousel(2)
    assert verify(result, trials=4, dims=(1, 2))
    assert not verify(replace(result, given=sp.true), trials=30, dims=(1,))


@pytest.mark.parametrize("make", [gru, lstm])
def test_gates_bound_gradients(make):
    (result,) = gradient_bound(make(), "gates")
    assert verify(result, trials=4, dims=(1, 2))
    wrong = replace(result, rhs=result.rhs / 8)
    assert not verify(wrong, trials=40, dims=(1,))


@pytest.mark.slow
def test_bounds_hold_for_every_kind_of_cell():
    cells = (elman(), elman("relu"), leaky("sigmoid"), gru(update="replace"), lstm(), CELLS["plrnn"])
    for unit in cells:
        for result in gradient_bound(unit):
            assert verify(result, trials=10 if unit.name != "lstm" else 4, dims=(1, 2)), result.name
    for unit in (elman("relu"), gru(), lstm()):
        assert verify(forced_bptt(unit), trials=10, dims=(1, 2))
    for k in range(4):
        assert verify(truncation_error(elman("relu"), 3, k), trials=10, dims=(1, 2, 3))
        assert verify(truncated_gradient(elman(), "W_x", 3, k), trials=6, dims=(1, 2))


# Refusals


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: bptt(elman(), -1), SpecError, "number of steps T"),
        (lambda: bptt(elman(), 1.5), SpecError, "number of steps T"),
        (lambda: parameter_gradient(elman(), "W_z"), SpecError, "it has"),
        (lambda: parameter_gradient(elman(), "h", 2), SpecError, "is no parameter"),
        (lambda: rtrl(elman(), "W_h", 0), SpecError, "number of steps T"),
        (lambda: gradient_bound(elman(), "3"), SpecError, "norm must be one of"),
        (lambda: gradient_bound(gru(), "2"), NoClosedForm, "not of the form"),
        (lambda: gradient_bound(elman(), "gates"), NoClosedForm, "norm='steps'"),
        (lambda: truncation_error(elman(), 2, 3), SpecError, "longer than the run"),
        (lambda: truncation_error(elman("sigmoid")), NoClosedForm, "is not 0"),
        (lambda: truncated_gradient(leaky()), NoClosedForm, "is leaky"),
        (lambda: forcing_strength(leaky()), NoClosedForm, "is leaky"),
        (lambda: forced(forced(elman())), NoClosedForm, "already"),
        (lambda: norms_above_one(0), SpecError, "number of steps T"),
        (lambda: nilpotent_powers(0), SpecError, "power"),
        (lambda: relu_growth([[1, 2, 3]]), ShapeError, "square"),
        (lambda: relu_growth([[1, 2], [3, 4]]), SpecError, "w_ji <= 0"),
        (lambda: relu_growth(None, 3), SpecError, "units 1"),
        (lambda: certified_threshold(0), SpecError, "digits"),
    ],
)
def test_what_cannot_be_answered_is_refused_with_a_reason(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_a_trajectory_of_the_forced_cell_is_that_of_the_blend():
    cell = forced(elman())
    h, y, x, a = np.array([0.3]), np.array([0.9]), np.array([0.5]), 0.25
    found = trajectory(cell, {"W_h": [[2.0]], "W_x": [[1.0]], "alpha": a}, h, {"x": x[None], "y": y[None]})
    assert found[0] == pytest.approx(np.tanh(2 * ((1 - a) * h + a * y) + x))


def test_a_parameter_with_the_name_of_a_time_index_is_refused():
    own = cell("h_t = tanh(W_h @ h) * s + x", state="h", input="x", shapes={"s": ()})
    with pytest.raises(SpecError, match="parameter named s, which counts time steps"):
        bptt(own)
