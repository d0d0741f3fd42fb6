"""B-GAT-7, B-GAT-8: the chaos-free network, and gates that are a sampled decay."""

from dataclasses import replace

import numpy as np
import pytest
import sympy as sp

from rnnsym.activations import sigmoid
from rnnsym.analysis.recurrences_gated import chaos_free_decay, chaos_free_step, gated_linear_recurrence
from rnnsym.cells import chaos_free, trajectory
from rnnsym.defined.stability import AbsoluteNorm, AbsoluteValues, StateAfter
from rnnsym.verify import verify


@pytest.mark.theory("derived")
def test_B_GAT_7_the_chaos_free_network_shrinks_every_entry_without_input():
    step, decay = chaos_free_step(), chaos_free_decay(3)
    assert verify(step, trials=40) and verify(decay, trials=30)
    assert not verify(replace(step, rhs=step.rhs / 2), trials=100)
    start = AbsoluteNorm(chaos_free().state[0], sp.oo)
    assert not verify(replace(decay, rhs=start / sp.sqrt(1 + 6 * start**2)), trials=300)
    # with an input it is false
    cell = chaos_free()
    driven = AbsoluteValues(StateAfter.of(cell, [cell.state[0]], [(cell.input[0],)]))
    assert not verify(replace(step, lhs=driven), trials=60)
    # a run of a network with large weights: every entry falls at every step, and the largest as the bound says
    random = np.random.default_rng(4)
    values = {f"W_h{g}": 3 * random.normal(size=(6, 6)) for g in "fi"} | {"b_f": np.full(6, 3.0)}
    values |= {f"W_x{g}": np.zeros((6, 1)) for g in ("f", "i", "")}
    h0 = random.uniform(-1, 1, size=6)
    run = np.abs(np.vstack([h0, trajectory(chaos_free(), values, h0=h0, steps=400)]))
    assert np.all(run[1:] < run[:-1])
    top = run.max(axis=1)
    assert np.all(top <= top[0] / np.sqrt(1 + 2 * np.arange(401) * top[0] ** 2 / 3))
    # open gates: the rate sqrt(3/(2 T)) itself, so the bound cannot be improved by a factor
    h = 1.0
    for _ in range(20_000):
        h = np.tanh(h)
    assert h == pytest.approx(np.sqrt(3 / 40_000), rel=1e-3)


@pytest.mark.theory("derived")
def test_B_GAT_8_a_sampled_decay_is_a_gate():
    s = sp.Symbol("s", real=True)
    result = gated_linear_recurrence()
    assert result.rhs == sp.Matrix([[1 - sigmoid(s), sigmoid(s)], [0, 1]])
    assert verify(result, trials=40)
    # exactly: e^(-ln(1 + e^s)) = 1 - 1/(1 + e^(-s))
    E = sp.Symbol("E", positive=True)
    assert sp.cancel(1 / (1 + E) - (1 - 1 / (1 + 1 / E))) == 0
    # the two gates exchanged, or the input by Euler
    assert not verify(replace(result, steps=(), rhs=sp.Matrix([[sigmoid(s), 1 - sigmoid(s)], [0, 1]])), trials=20)
    assert not verify(replace(result, steps=(), rhs=sp.Matrix([[1 - sigmoid(s), sp.log(1 + sp.exp(s))], [0, 1]])), trials=20)  # fmt: skip
    general = gated_linear_recurrence(sp.Symbol("k", positive=True), sp.Symbol("b", real=True))
    assert verify(general, trials=30)
    assert gated_linear_recurrence(sp.Rational(5, 2)).rhs[0, 0] == (1 - sigmoid(s)) ** sp.Rational(5, 2)
