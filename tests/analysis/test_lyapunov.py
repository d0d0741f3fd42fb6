"""Lyapunov exponents of runs: cells, inputs, refusals."""

import numpy as np
import pytest

from rnnsym.analysis.lyapunov import lyapunov_exponents, sum_rule, symmetric_lyapunov
from rnnsym.cells import elman, gru, leaky, lstm
from rnnsym.result import NoClosedForm, ShapeError, SpecError


def test_a_linear_run_gives_the_logarithms_of_its_eigenvalues():
    found = lyapunov_exponents(elman("identity"), {"W_h": [[0.5, 1], [0, -0.25]]}, steps=400)
    assert np.allclose(found.exponents, np.log([0.5, 0.25]), atol=1e-2)
    assert found.entropy == 0 and found.kaplan_yorke == 0


def test_gated_cells_and_sizes():
    random = np.random.default_rng(0)
    g = {f"W_h{k}": random.normal(size=(2, 2)) for k in "zrg"}
    assert len(lyapunov_exponents(gru(), g, steps=50).exponents) == 2
    p = {f"W_h{k}": random.normal(size=(2, 2)) for k in "ifog"}
    at_rest = lyapunov_exponents(lstm(), p, steps=50)  # tanh(c) = 0: the output gate is not felt, J has rank 2
    assert at_rest.exponents[2:] == (-np.inf, -np.inf) and at_rest.mean_log_det == -np.inf
    found = lyapunov_exponents(lstm(), {**p, "b_g": np.ones(2)}, steps=50)
    assert len(found.exponents) == 4 and sum(found.exponents) == pytest.approx(found.mean_log_det, abs=1e-8)


def test_inputs_drive_the_run():
    values = {"W_h": 0.9 * np.eye(2), "W_x": np.ones((2, 1))}
    quiet = lyapunov_exponents(elman(), values, steps=200)
    constant = lyapunov_exponents(elman(), {**values, "x": [2.0]}, steps=200)
    sequence = lyapunov_exponents(elman(), values, steps=200, x=np.full((400, 1), 2.0))
    assert constant.exponents[0] < quiet.exponents[0] - 1
    assert np.allclose(constant.exponents, sequence.exponents)
    with pytest.raises(ShapeError, match="are needed"):
        lyapunov_exponents(elman(), values, steps=200, x=np.zeros((10, 1)))


def test_refusals():
    with pytest.raises(SpecError, match="cannot be seen"):
        lyapunov_exponents(elman(), {})
    with pytest.raises(SpecError, match="whole number"):
        lyapunov_exponents(elman(), {"W_h": [[1.0]]}, steps=0)
    with pytest.raises(ShapeError, match="h0 has 3"):
        lyapunov_exponents(elman(), {"W_h": [[1.0]]}, h0=[0, 0, 0])
    with pytest.raises(SpecError, match="left the finite"):
        lyapunov_exponents(elman("relu"), {"W_h": [[4.0]]}, h0=[1.0], steps=2000)
    with pytest.raises(NoClosedForm, match="leaks"):
        sum_rule(leaky())
    with pytest.raises(NoClosedForm, match="kink|slope"):
        sum_rule(elman("relu"))
    with pytest.raises(NoClosedForm, match="integral of the inverse"):
        symmetric_lyapunov("relu")
