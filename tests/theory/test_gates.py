"""B-GAT-1..6, B-GRD-3, B-GRD-4: gated cells."""

from dataclasses import replace

import numpy as np
import pytest
import sympy as sp

from rnnsym.analysis import gates
from rnnsym.analysis.gradient import error_carousel
from rnnsym.analysis.jacobian import jacobian
from rnnsym.cells import gru, lstm, trajectory
from rnnsym.verify import verify

sigma = lambda v: 1 / (1 + np.exp(-v))  # noqa: E731


@pytest.mark.theory("derived")
def test_B_GAT_1_miller_hardt_lies_inside_incremental_stability():
    result = gates.miller_hardt()
    assert verify(result, trials=60)
    assert result.status == "derived"
    # at the corner tr - det - 1 = -f (1 - f)/4
    f = gates.f
    corner = {gates.w_i: 1 - f, gates.w_o: 1 - f, gates.w_z: (1 - f) / 4, gates.w_f: (1 - f) ** 2}
    A = result.rhs.lhs.matrix.subs(corner)
    assert sp.expand(sp.cancel(A.trace() - A.det() - 1) + f * (1 - f) / 4) == 0
    # without the factor 1/4 of the candidate the conclusion fails
    wider = sp.And(gates.w_i < 1 - f, gates.w_o < 1 - f, gates.w_z <= 1 - f, gates.w_f < (1 - f) ** 2)
    assert not verify(replace(result, lhs=wider, given=sp.And(f < 1, wider)), trials=200)
    random = np.random.default_rng(0)
    k = random.uniform(size=(20000, 5))
    F = k[:, 0]
    w_i, w_o, w_z, w_f = (k[:, j] * s for j, s in ((1, 1 - F), (2, 1 - F), (3, (1 - F) / 4), (4, (1 - F) ** 2)))
    alpha = w_f / (4 * (1 - F)) + w_z + w_i / 4
    tables = np.stack([np.stack([F, alpha], -1), np.stack([F, alpha + w_o / 4], -1)], -2)
    assert np.abs(np.linalg.eigvals(tables)).max() < 1


@pytest.mark.theory("derived")
def test_B_GAT_2_lstm_input_to_state_stability_is_one_scalar_condition():
    result = gates.lstm_iss()
    assert verify(result, trials=200)
    f, i, o, w = gates.f, gates.i, gates.o, gates.w_c
    assert result.rhs == sp.Lt(f + i * o * w, 1)
    assert not verify(replace(result, rhs=sp.Lt(f + i * w, 1)), trials=200)
    gate = sigma(0.2 + 0.2 + 0.1)  # all weights .2, biases .1
    assert gate + gate * gate * 0.2 == pytest.approx(0.699950, abs=5e-7)
    A = np.array([[gate, gate * 0.2], [gate * gate, gate * gate * 0.2]])
    assert np.abs(np.linalg.eigvals(A)).max() == pytest.approx(0.699950, abs=5e-7)
    for part in gates.lstm_comparison("iss"):
        assert verify(part, trials=40)
        assert not verify(replace(part, rhs=part.rhs / 8), trials=200)


@pytest.mark.theory("derived")
def test_B_GAT_3_lstm_incremental_stability():
    result = gates.lstm_delta_iss()
    assert verify(result, trials=200)
    first, second = sorted(result.rhs.args, key=sp.count_ops)
    assert not verify(replace(result, rhs=first), trials=300)
    for part in gates.lstm_comparison("delta"):
        assert verify(part, trials=40)
    cell_gap, hidden_gap = gates.lstm_comparison("delta")
    for part in (cell_gap, hidden_gap):
        assert not verify(replace(part, rhs=part.rhs / 16), trials=300, dims=(1,))
    # two runs under one input come together where the condition holds
    random = np.random.default_rng(3)
    values = {f"W_h{g}": 0.1 * random.normal(size=(3, 3)) for g in "ifog"} | {
        f"W_x{g}": 0.1 * random.normal(size=(3, 1)) for g in "ifog"
    }
    x = random.uniform(-1, 1, size=(200, 1))
    one, two = (trajectory(lstm(), values, h0={"h": h, "c": h}, x=x)["h"] for h in (np.full(3, 0.5), np.full(3, -0.5)))
    assert np.abs(one[-1] - two[-1]).max() < 1e-12


@pytest.mark.theory("derived")
def test_B_GAT_4_gru_conditions():
    assert verify(gates.gru_iss(), trials=200)
    assert verify(gates.gru_delta_iss(), trials=200)
    result = gates.gru_delta_iss()
    z = [s for s in result.given.free_symbols if s.name == "z"][0]
    assert not verify(replace(result, rhs=result.rhs.subs(z, 0)), trials=300)
    for kind in ("iss", "delta"):
        part = gates.gru_comparison(kind)
        assert verify(part, trials=40)
        assert not verify(replace(part, rhs=part.rhs / 8), trials=200)


@pytest.mark.theory("derived")
def test_B_GAT_5_the_update_gate_creates_no_fold():
    result = gates.update_gate_and_folds()
    assert verify(result, trials=24, dims=(1, 2))
    assert verify(result, trials=3, dims=(4,))
    assert not verify(replace(result, given=sp.true, steps=()), trials=40, dims=(1, 2))
    product, rest = sorted(result.rhs.args, key=lambda e: type(e).__name__ != "EntryProduct")
    assert not verify(replace(result, rhs=rest, steps=()), trials=40, dims=(1, 2))
    # the fixed points do not depend on the update gate
    random = np.random.default_rng(1)
    values = {f"W_h{g}": random.normal(size=(4, 4)) / 4 for g in "zrg"} | {"b_g": random.normal(size=4)}
    ends = [
        trajectory(gru(), {**values, "b_z": np.full(4, bias)}, h0=np.zeros(4), steps=5000)[-1] for bias in (-1.0, 1.0)
    ]
    assert np.allclose(*ends, atol=1e-12)
    J = jacobian(gru())(**values, h=ends[0])
    r = sigma(values["W_hr"] @ ends[0])
    z = sigma(values["W_hz"] @ ends[0])
    K = (1 - ends[0] ** 2)[:, None] * values["W_hg"] @ (np.diag(r) + (ends[0] * r * (1 - r))[:, None] * values["W_hr"])
    left, right = np.linalg.det(np.eye(4) - J), np.prod(1 - z) * np.linalg.det(np.eye(4) - K)
    assert left == pytest.approx(right, rel=1e-10)


@pytest.mark.theory("derived")
def test_B_GAT_6_critical_gains():
    for name in ("gru", "lstm", "elman", "leaky"):
        result = gates.critical_gain(name)
        assert verify(result, trials=20)
        assert not verify(replace(result, rhs=result.rhs * 2), trials=20)
    biases = {s: 0 for s in gates.critical_gain("lstm").rhs.free_symbols}
    assert gates.critical_gain("lstm").rhs.subs(biases) == 2
    assert gates.critical_gain("gru").rhs.subs({s: 0 for s in gates.critical_gain("gru").rhs.free_symbols}) == 2
    # the Jacobians of the cells at the origin are what the gains were computed from
    random = np.random.default_rng(5)
    U, n = random.normal(size=(4, 4)), 4
    J = jacobian(gru())(
        W_hg=U,
        W_hz=random.normal(size=(n, n)),
        W_hr=random.normal(size=(n, n)),
        b_z=np.full(n, 0.7),
        b_r=np.full(n, -0.3),
        h=np.zeros(n),
    )
    assert np.allclose(J, sigma(0.7) * np.eye(n) + (1 - sigma(0.7)) * sigma(-0.3) * U)
    parts = {f"W_h{g}": random.normal(size=(n, n)) for g in "ifo"} | {"W_hg": U}
    J = jacobian(lstm())(
        **parts, b_i=np.full(n, 0.2), b_f=np.full(n, 0.4), b_o=np.full(n, -0.6), h=np.zeros(n), c=np.zeros(n)
    )
    want = sorted(np.abs(sigma(0.4) + sigma(0.2) * sigma(-0.6) * np.linalg.eigvals(U)))
    assert np.allclose(sorted(np.abs(np.linalg.eigvals(J)))[n:], want, atol=1e-8)
    assert np.allclose(sorted(np.abs(np.linalg.eigvals(J)))[:n], 0, atol=1e-6)


@pytest.mark.theory("derived")
def test_B_GRD_3_half_life_of_a_gate():
    result = gates.gate_half_life()
    assert verify(result, trials=100)
    b = sp.Symbol("b", real=True)
    assert float(result.rhs.subs(b, 1)) == pytest.approx(2.21267779680087, abs=1e-13)
    assert float(result.rhs.subs(b, 2)) == pytest.approx(5.46094731071832, abs=1e-13)
    assert not verify(replace(result, rhs=result.rhs.subs(b, -b)), trials=40)
    # without recurrent weights the direct path is the product of the forget gates
    zero = {f"W_h{g}": np.zeros((2, 2)) for g in "ifog"}
    J = jacobian(lstm())(**zero, b_f=np.array([1.0, 2.0]), h=np.array([0.3, -0.2]), c=np.array([0.5, 0.1]))
    assert np.allclose(J[:2], np.hstack([np.diag(sigma(np.array([1.0, 2.0]))), np.zeros((2, 2))]))
    carousel = error_carousel(2)  # and over several steps, where the forget gate does not see the state
    assert verify(carousel, trials=4, dims=(1,)) and not verify(replace(carousel, given=sp.true), trials=30, dims=(1,))


@pytest.mark.theory("derived")
def test_B_GRD_4_chrono_initialization():
    gate, half = gates.chrono_bias()
    assert verify(gate, trials=100) and verify(half, trials=100)
    T = sp.Symbol("T", positive=True)
    assert float(half.rhs.subs(T, 100)) == pytest.approx(68.9676, abs=5e-5)
    assert not verify(replace(gate, rhs=1 - 1 / (T + 1)), trials=40)
