"""verify(result, network=..., data=...): a claim held to a network's numbers and to recorded runs."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
import sympy as sp

import rnnsym as rs
from rnnsym.cells import elman, gru, lstm
from rnnsym.network.running import run
from rnnsym.result import ShapeError, SpecError
from rnnsym.verify import verify
from rnnsym.weights import Network


@cache
def recorded(kind="elman", n=3, dtype="float64", steps=8):
    cell = {"elman": elman, "gru": gru, "lstm": lstm}[kind]()
    random, sizes = np.random.default_rng(0), {"n": n, "m": 2}
    values = {
        s.name: random.normal(size=[sizes[str(d)] for d in s.shape if str(d) != "1"]).astype(dtype)
        for s in cell.parameters
    }
    nw = Network(cell, values)
    x = random.normal(size=(steps, 2)).astype(dtype)
    course = run(nw, x)
    return nw, {"x": x, **course.blocks(np.concatenate([course.before, course.after[-1:]]))}


def jacobian(kind):
    return rs.jacobian({"elman": elman, "gru": gru, "lstm": lstm}[kind]())


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("kind", ["elman", "gru", "lstm"])
def test_a_formula_agrees_on_a_recorded_run_and_a_wrong_one_does_not(kind, dtype):
    nw, data = recorded(kind, dtype=dtype)
    check = verify(jacobian(kind), network=nw, data=data)
    assert check and check.verdict == "agrees" and check.trials == check.steps == 8
    assert check.tolerance == (1e-10 if dtype == "float64" else 2e-5) and f"data are {dtype}" in str(check)
    wrong = replace(jacobian(kind), rhs=-jacobian(kind).rhs, steps=())
    refuted = verify(wrong, network=nw, data=data)
    assert not refuted and refuted.verdict == "refuted" and refuted.step in range(8)


def test_the_worst_step_is_named_where_the_record_departs():
    nw, data = recorded()
    h = data["h"].copy()
    h[5, 1] += 1e-4
    check = verify(jacobian("elman"), network=nw, data={**data, "h": h})
    assert check.verdict == "refuted" and check.step == 4 and check.part == "the recorded h_t"
    assert "worst at step 4 in the recorded h_t" in str(check)
    assert verify(jacobian("elman"), network=nw, data={**data, "h": h}, tolerance=1e-3)


def test_a_measured_left_side_is_compared_at_every_step():
    nw, data = recorded("gru")
    J = rs.network.jacobians(nw, data["x"])
    assert verify(jacobian("gru"), network=nw, data={**data, "lhs": J})
    J[6, 0, 0] += 1e-3
    check = verify(jacobian("gru"), network=nw, data={**data, "lhs": J})
    assert check.verdict == "refuted" and check.step == 6 and check.lhs_value[0, 0] == pytest.approx(J[6, 0, 0])


def test_float32_data_get_the_tolerance_of_float32():
    nw, data = recorded(dtype="float32")
    rough = {k: v + np.float32(3e-6) * (k == "h") for k, v in data.items()}
    assert verify(jacobian("elman"), network=nw, data=rough)
    assert not verify(jacobian("elman"), network=nw, data=rough, tolerance=1e-8)


def test_gates_may_be_recorded_too():
    nw, data = recorded("gru")
    v = nw.values
    z = 1 / (1 + np.exp(-(data["h"][:-1] @ v["W_hz"].T + data["x"] @ v["W_xz"].T + v["b_z"])))
    assert verify(jacobian("gru"), network=nw, data={**data, "z_t": z})
    check = verify(jacobian("gru"), network=nw, data={**data, "z_t": 1 - z})
    assert check.verdict == "refuted" and check.part == "the recorded z_t"


def test_a_claim_on_weights_alone_is_evaluated_once():
    W = sp.MatrixSymbol("W_h", 3, 3)
    from rnnsym.defined import SpectralNorm, SpectralRadius
    from rnnsym.result import Array

    nw, _ = recorded()
    claim = replace(rs.claim(SpectralRadius(W), SpectralNorm(W), relation="<="), arrays=(Array("W_h", "parameter", W),))
    check = verify(claim, network=nw)
    assert check and check.verdict == "not refuted" and check.trials == 1
    backwards = replace(rs.claim(SpectralNorm(W), SpectralRadius(W), relation="<="), arrays=claim.arrays)
    assert verify(backwards, network=nw).verdict == "refuted"


def test_where_a_hypothesis_fails_nothing_is_tried():
    nw, data = recorded()
    J = jacobian("elman")
    from rnnsym.defined import SpectralNorm

    never = replace(J, given=sp.Lt(SpectralNorm(elman().symbol("W_h")), 0))
    check = verify(never, network=nw, data=data)
    assert not check and check.verdict == "nothing tried" and check.skipped == 8


def test_a_large_network_is_compared_at_some_steps():
    nw, data = recorded(n=40)
    check = verify(jacobian("elman"), network=nw, data=data, trials=2)
    assert check and check.trials == 2 and "2 of 8 steps" in str(check)


@pytest.mark.parametrize(
    ("change", "error", "match"),
    [
        (
            {"h": "short"},
            ShapeError,
            r"h has 8 rows, the other data 8: give the run h_0 ... h_T \(9 rows\), or h and h_t",
        ),
        ({"u": "x"}, SpecError, "has no array 'u'; data may have: "),
        ({"W_h": "x"}, SpecError, "W_h is in the network and in data; give it once"),
        ({"h": None}, SpecError, "needs values for h; give them in data"),
        ({"x": "bad"}, SpecError, r"x\[2, 0\] is nan; refusing"),
        ({"x": "wide"}, ShapeError, r"m"),
        ({"h_t": "h"}, ShapeError, "they must agree"),
        ({"x": "whole"}, SpecError, "would overflow silently"),
        ({"x": "none"}, ShapeError, r"x has shape \(0, 2\)"),
    ],
)
def test_data_that_do_not_fit_are_named(change, error, match):
    nw, data = recorded()
    given = dict(data)
    (name, what), = change.items()  # fmt: skip
    x = data["x"].copy()
    x[2, 0] = np.nan
    made = {"short": data["h"][:-1], "x": data["x"], "bad": x, "wide": np.ones((8, 3)), "h": data["h"], "whole": np.ones((8, 2), int),
            "none": np.ones((0, 2))}  # fmt: skip
    given[name] = None if what is None else made[what]
    given = {k: v for k, v in given.items() if v is not None}
    with pytest.raises(error, match=match):
        verify(jacobian("elman"), network=nw, data=given)


def test_no_network_and_other_kinds():
    _, data = recorded()
    nw, _ = recorded()
    values = {k: np.array(v) for k, v in nw.values.items()}
    assert verify(jacobian("elman"), data={**data, **values})
    with pytest.raises(SpecError, match="a Network is needed"):
        verify(jacobian("elman"), network=values)
    with pytest.raises(SpecError, match="tolerance must be > 0"):
        verify(jacobian("elman"), network=nw, data=data, tolerance=0.0)


def test_an_explicit_formula_takes_the_same_arrays():
    nw, data = recorded(n=2)
    J = rs.jacobian(elman(n=2, m=2))
    assert verify(J, network=nw, data=data)
    assert not verify(replace(J, rhs=2 * J.rhs, steps=()), network=nw, data=data)
