"""A call that comes again gives what the first call gave: whole or in pieces, with zeros left out, with other values."""

from __future__ import annotations

import numpy as np
import pytest

import rnnsym as rs
from rnnsym.code import plans
from rnnsym.result import KinkError


def arrays(cell, n: int, m: int, batch: tuple[int, ...], seed: int, leave_out: tuple[str, ...] = ()):
    random = np.random.default_rng(seed)
    values = {}
    for a in cell.arrays:
        shape = tuple({"n": n, "m": m}.get(str(d), 1) for d in a.value.shape)
        if a.name in leave_out or a.role not in ("parameter", "state", "input"):
            continue
        core = shape[:1] if a.value.shape[1] == 1 else shape
        values[a.name] = random.normal(size=(*(batch if a.role in ("state", "input") else ()), *core))
    return values


def first_call(result, values):
    """The same through a function that has no plan yet."""
    return result.lambdify()(**values)


@pytest.mark.parametrize("name", ["elman", "gru", "lstm", "mgu"])
@pytest.mark.parametrize("batch", [(), (1,), (7,), (3, 5)])
def test_the_second_call_is_the_first_with_other_values(name, batch):
    cell = rs.catalogue()[name]()
    result = rs.jacobian(cell)
    function = result.lambdify()
    for seed in range(3):
        values = arrays(cell, 3, 2, batch, seed)
        found = function(**values)
        assert found.shape[: len(batch)] == batch
        np.testing.assert_allclose(found, first_call(result, values), rtol=1e-13, atol=1e-14)
    assert len(function._plans) <= 1


@pytest.mark.parametrize("name", ["gru", "lstm"])
@pytest.mark.parametrize("batch", [(11,), (4, 3), (9, 1)])
def test_pieces_of_a_batch_give_the_whole(name, batch, monkeypatch):
    monkeypatch.setattr(plans, "WHOLE", 0)
    cell = rs.catalogue()[name]()
    result = rs.jacobian(cell)
    values = arrays(cell, 4, 2, batch, 5)
    monkeypatch.setattr(plans, "PIECE", 2 * first_call(result, values).nbytes // batch[0])
    monkeypatch.setattr(plans, "FEWEST", 1)
    function = result.lambdify()
    whole = function(**values)
    (plan,) = function._plans.values()
    assert plan.rows == 2
    np.testing.assert_allclose(function(**values), whole, rtol=1e-12, atol=1e-14)


def test_pieces_are_right_where_only_the_weights_or_one_array_has_the_batch(monkeypatch):
    monkeypatch.setattr(plans, "WHOLE", 0)
    monkeypatch.setattr(plans, "PIECE", 300)
    monkeypatch.setattr(plans, "FEWEST", 1)
    cell = rs.gru()
    result = rs.jacobian(cell)
    random = np.random.default_rng(2)
    values = arrays(cell, 3, 2, (), 6)
    values["W_hg"] = random.normal(size=(10, 3, 3))
    values["h"] = random.normal(size=(6, 1, 3))
    function = result.lambdify()
    whole = function(**values)
    assert whole.shape == (6, 10, 3, 3)
    np.testing.assert_allclose(function(**values), whole, rtol=1e-12, atol=1e-14)


def test_what_is_left_out_is_zero_in_every_call():
    cell = rs.elman()
    result = rs.jacobian(cell)
    function = result.lambdify()
    for seed in range(3):
        values = arrays(cell, 3, 2, (4,), seed, leave_out=("x", "W_x", "b"))
        zeros = {"x": np.zeros(2), "W_x": np.zeros((3, 2)), "b": np.zeros(3)}
        np.testing.assert_allclose(function(**values), first_call(result, {**values, **zeros}), rtol=1e-14)


def test_numbers_of_another_type_or_shape_make_a_call_of_their_own():
    cell = rs.elman()
    function = rs.jacobian(cell).lambdify()
    values = arrays(cell, 3, 2, (4,), 1)
    double = function(**values)
    single = function(**{k: v.astype(np.float32) for k, v in values.items()})
    assert double.dtype == np.float64 and single.dtype == np.float32
    np.testing.assert_allclose(single, double, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(function(**{k: v.tolist() for k, v in values.items()}), double, rtol=1e-14)
    imaginary = function(**{**values, "b": values["b"] + 0j})
    np.testing.assert_allclose(imaginary, double, rtol=1e-12)


def test_one_array_under_two_names_is_not_mixed_up():
    cell = rs.elman()
    function = rs.jacobian(cell).lambdify()
    W = np.random.default_rng(0).normal(size=(2, 2))
    values = {"W_h": W, "W_x": W, "h": np.ones(2), "x": np.ones(2), "b": np.zeros(2)}
    first = function(**values)
    other = {**values, "W_x": 2 * W}
    np.testing.assert_allclose(function(**values), first)
    np.testing.assert_allclose(function(**other), first_call(rs.jacobian(cell), other))


def test_a_kink_is_refused_in_a_call_that_comes_again():
    function = rs.jacobian(rs.elman("relu")).lambdify()
    good = {"W_h": np.eye(2), "h": np.ones(2), "W_x": np.ones((2, 1)), "x": np.zeros(1), "b": np.zeros(2)}
    np.testing.assert_array_equal(function(**good), function(**good))
    with pytest.raises(KinkError, match="unit 2"):
        function(**{**good, "h": np.array([1.0, 0.0])})


@pytest.mark.parametrize("batch", [(), (4,)])
@pytest.mark.parametrize("name", ["elman", "gru"])
def test_cells_of_a_given_size_have_plans_for_arrays_that_are_taken_apart(name, batch):
    cell = rs.catalogue()[name](n=2, m=2)
    result = rs.jacobian(cell)
    function = result.lambdify()
    for seed in range(2):
        values = arrays(cell.general, 2, 2, batch, seed)
        found = function(**values)
        np.testing.assert_allclose(found, first_call(result, values), rtol=1e-13, atol=1e-14)
    assert len(function._plans) == 1
    general = rs.jacobian(cell.general).lambdify()(**values)
    np.testing.assert_allclose(found, general, rtol=1e-12, atol=1e-13)


def test_a_run_looks_at_its_arrays_once_and_follows_the_cell(monkeypatch):
    seen = []
    signature = plans.signature
    monkeypatch.setattr("rnnsym.code.function.signature", lambda arrays: seen.append(1) or signature(arrays))
    rng = np.random.default_rng(0)
    W, U, b, x = rng.normal(size=(3, 3)), rng.normal(size=(3, 2)), rng.normal(size=3), rng.normal(size=(50, 2))
    for cell in (rs.elman(), rs.elman(n=3, m=2)):
        seen.clear()
        states = rs.trajectory(cell, {"W_h": W, "W_x": U, "b": b}, x=x)
        h = np.zeros(3)
        for t, row in enumerate(x):
            h = np.tanh(W @ h + U @ row + b)
            np.testing.assert_allclose(states[t], h, rtol=1e-10, atol=1e-12)
        assert len(seen) <= 2
    lists = rs.trajectory(rs.elman(), {"W_h": W.tolist(), "W_x": U.tolist(), "b": b.tolist()}, x=x)
    whole = rs.trajectory(rs.elman(), {"W_h": np.eye(3, dtype=int), "W_x": np.ones((3, 2), int)}, x=x[:4])
    np.testing.assert_allclose(lists, states, rtol=1e-12)
    assert np.isfinite(whole).all() and whole.shape == (4, 3)


def test_a_run_from_real_states_may_become_complex():
    A = np.array([[0.5j, 0.1], [0, 0.5]])
    states = rs.trajectory(rs.linear(), {"W_h": A}, h0=[1.0, 1.0], steps=3)
    h = np.ones(2)
    for t in range(3):
        h = A @ h
        np.testing.assert_allclose(states[t], h)
