"""assert_matches and assert_verified: what they accept, and the counterexample they show."""

from dataclasses import replace

import numpy as np
import pytest
import sympy as sp

import rnnsym as rs
from rnnsym.result import SpecError
from rnnsym.testing import assert_matches, assert_verified


def elman_jacobian(h, x, W_h, W_x, b):
    return (1 - np.tanh(W_h @ h + W_x @ x + b) ** 2)[:, None] * W_h


def gru_jacobian(h, x, W_hz, W_xz, b_z, W_hr, W_xr, b_r, W_hg, W_xg, b_g):
    z, r = (1 / (1 + np.exp(-(W @ h + V @ x + b))) for W, V, b in ((W_hz, W_xz, b_z), (W_hr, W_xr, b_r)))
    g = np.tanh(W_hg @ (r * h) + W_xg @ x + b_g)
    K = (1 - g**2)[:, None] * (W_hg @ (np.diag(r) + (h * r * (1 - r))[:, None] * W_hr))
    return np.diag(z) + ((h - g) * z * (1 - z))[:, None] * W_hz + (1 - z)[:, None] * K


def test_right_code_passes():
    check = assert_matches(rs.jacobian(rs.elman()), elman_jacobian, trials=20)
    assert check.trials == 20 and check.max_error < 1e-12
    assert assert_matches(rs.jacobian(rs.gru()), gru_jacobian, trials=15)


def test_code_that_forgets_the_bias_is_shown_the_smallest_counterexample():
    with pytest.raises(AssertionError) as error:
        assert_matches(rs.jacobian(rs.elman()), lambda h, W_h: (1 - np.tanh(W_h @ h) ** 2)[:, None] * W_h)
    text = str(error.value)
    assert "disagrees with jacobian of elman" in text and "seed 0" in text and "W_h = [1]" in text and "n = 1" in text
    assert "your function gives" in text and "diag(1 - h_t**2)*W_h" in text


def test_a_transposed_jacobian_is_found_where_n_is_two():
    with pytest.raises(AssertionError, match="n = 2"):
        assert_matches(rs.jacobian(rs.elman()), lambda **v: elman_jacobian(**v).T)


def test_a_wrong_shape_and_nan_are_disagreements():
    with pytest.raises(AssertionError, match=r"shape \(1,\), the formula has \(1, 1\)|shape"):
        assert_matches(rs.jacobian(rs.elman()), lambda h, W_h: np.ones((len(h), len(h) + 1)))
    with pytest.raises(AssertionError, match="error inf"):
        assert_matches(rs.jacobian(rs.elman()), lambda h: np.full((len(h), len(h)), np.nan))


def test_arrays_may_have_other_names():
    def mine(state, recurrent, **rest):
        return elman_jacobian(state, rest["x"], recurrent, rest["W_x"], rest["b"])

    assert assert_matches(rs.jacobian(rs.elman()), mine, names={"h": "state", "W_h": "recurrent"}, trials=8)
    with pytest.raises(SpecError, match="has no array 'W'"):
        assert_matches(rs.jacobian(rs.elman()), mine, names={"W": "recurrent"})
    with pytest.raises(SpecError, match="the function needs hidden; .* Say with names="):
        assert_matches(rs.jacobian(rs.elman()), lambda hidden: hidden)


def test_tolerance_is_that_of_the_numbers_returned():
    J = rs.jacobian(rs.elman())

    def rough(**v):
        return elman_jacobian(**v).astype(np.float32)

    assert assert_matches(J, rough, trials=12)
    with pytest.raises(AssertionError):
        assert_matches(J, lambda **v: rough(**v).astype(float), trials=12)
    assert assert_matches(J, lambda **v: rough(**v).astype(float), trials=12, tolerance=1e-5)


def test_explicit_and_scalar_results():
    assert assert_matches(rs.jacobian(rs.elman(n=2, m=1)), elman_jacobian, trials=8)
    w = sp.Symbol("w", real=True)
    J = rs.jacobian(rs.elman(W_h=w, b=0))
    assert assert_matches(J, lambda w, h, x, W_x: w * (1 - np.tanh(w * h + W_x * x) ** 2), trials=8)


def test_conditions_are_compared_as_truth_values():
    a, b = sp.symbols("a b", real=True)
    condition = rs.stability_conditions(sp.Matrix([[a, b], [1, 0]]))

    def mine(a, b):
        return bool(np.abs(np.linalg.eigvals(np.array([[a, b], [1.0, 0.0]]))).max() < 1)

    assert assert_matches(condition, mine, trials=30)
    with pytest.raises(AssertionError):
        assert_matches(condition, lambda a, b: abs(a) + abs(b) < 1, trials=300)


def test_torch_code():
    torch = pytest.importorskip("torch")

    def mine(h, x, W_h, W_x, b):
        return torch.func.jacrev(lambda s: torch.tanh(W_h @ s + W_x @ x + b))(h)

    assert assert_matches(rs.jacobian(rs.elman()), mine, module="torch", trials=10)
    with pytest.raises(AssertionError):
        assert_matches(rs.jacobian(rs.elman()), lambda **v: mine(**v).T, module="torch", trials=20)


def test_jax_code():
    jax = pytest.importorskip("jax")

    def mine(h, x, W_h, W_x, b):
        return jax.jacfwd(lambda s: jax.numpy.tanh(W_h @ s + W_x @ x + b))(h)

    assert assert_matches(rs.jacobian(rs.elman()), mine, module="jax", trials=10, tolerance=2e-5)
    with pytest.raises(SpecError, match="unknown module 'cupy'"):
        assert_matches(rs.jacobian(rs.elman()), mine, module="cupy")


def test_nothing_tried_is_a_failure():
    J = replace(rs.jacobian(rs.elman()), given=sp.false)
    with pytest.raises(AssertionError, match="nothing was compared"):
        assert_matches(J, elman_jacobian)


def test_assert_verified():
    J = rs.jacobian(rs.elman())
    assert assert_verified(J, trials=8)
    with pytest.raises(AssertionError, match="refuted"):
        assert_verified(replace(J, rhs=-J.rhs, steps=()), trials=20)


@pytest.mark.parametrize("module", ["numpy", "torch", "jax"])
@pytest.mark.parametrize("name", ["elman", "gru", "lstm"])
def test_generated_code_runs_alone(name, module):
    framework = pytest.importorskip(module)
    cell = rs.catalogue()[name]()
    function = rs.jacobian(cell).lambdify(module)
    scope: dict = {}
    exec(compile(function.source, "pasted.py", "exec"), scope)  # what somebody pastes: no name of rnnsym in it
    assert "rnnsym" not in function.source
    random, sizes = np.random.default_rng(0), {"n": 3, "m": 2}
    arrays = {a.name: a.value for a in cell.arrays}
    values = {k: random.normal(size=[sizes[str(d)] for d in arrays[k].shape if str(d) != "1"]) for k in function.names}
    want = rs.jacobian(cell)(**values)
    array = framework.tensor if module == "torch" else framework.numpy.asarray if module == "jax" else np.asarray
    got = scope["f"](**{k: array(v) for k, v in values.items()})
    assert np.abs(np.asarray(got.tolist()) - want).max() < (1e-5 if module == "jax" else 1e-13)
