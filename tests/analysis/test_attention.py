"""Linear attention, the delta rule, scans and gates: against the recurrence, run."""

import pickle
import random
from dataclasses import replace

import numpy as np
import pytest
import sympy as sp

from rnnsym.analysis.attention import (
    GATES,
    delta_eigenvalues,
    delta_eigenvector,
    delta_nonexpansive,
    delta_reflection,
    forgetting_rate,
    gate_product,
    gated_state,
    linear_attention,
    scan_associativity,
    scan_composition,
    scan_operator,
    slow_gates,
)
from rnnsym.defined import Numbers, Pairs, Undefined
from rnnsym.defined.recurrences import AttentionOutput, NonExpansive
from rnnsym.result import RnnsymError, SpecError
from rnnsym.verify import verify

RESULTS = {
    **{gate: (lambda gate=gate: linear_attention(3, gate, start=True)) for gate in GATES},
    "one step": lambda: linear_attention(1),
    "eigenvector": delta_eigenvector,
    "eigenvalues": lambda: delta_eigenvalues(2),
    "eigenvalue of one": lambda: delta_eigenvalues(1),
    "non-expansive": lambda: delta_nonexpansive(2),
    "non-expansive, one": lambda: delta_nonexpansive(1),
    "reflection": delta_reflection,
    "composition": scan_composition,
    "associativity": scan_associativity,
    "gated": gated_state,
    "kept": gate_product,
    "slow": slow_gates,
}


def wrong(result):
    """The claim with one sign, condition or root changed."""
    if result.relation == "<=>":
        return replace(result, rhs=sp.Not(result.rhs))
    if isinstance(result.rhs, Pairs):
        return replace(result, rhs=Pairs(sp.Tuple(result.rhs[0][0] + 1, 1), *result.rhs[1:]))
    return replace(result, rhs=sp.S(-1) * result.rhs, steps=())


@pytest.mark.parametrize("name", RESULTS)
def test_every_claim_agrees_with_its_definition_and_a_wrong_one_is_refused(name):
    result = RESULTS[name]()
    assert verify(result, trials=12), name
    assert not verify(wrong(result), trials=12)
    assert pickle.loads(pickle.dumps(result)) == result
    assert result.latex(steps=True)


def reversed_gates(result):
    """The gates of every term in the opposite order."""

    def turned(term):
        gates = [f for f in term.args if isinstance(f, sp.MatrixSymbol) and f.name.startswith("G_")]
        head = [f for f in term.args if f not in gates]
        return sp.MatMul(*head[:-1], *reversed(gates), head[-1])

    return replace(result, rhs=sp.MatAdd(*map(turned, result.rhs.columns)), steps=())


def test_gates_in_the_wrong_order_are_refused():
    result = linear_attention(3, "matrix")
    assert not verify(reversed_gates(result), trials=24)
    assert not verify(reversed_gates(linear_attention(4, "matrix", start=True)), trials=24)


def test_a_gate_too_many_is_refused():
    result = linear_attention(3, "scalar")
    g = [sp.Symbol(f"g_{t}", real=True) for t in (1, 2, 3)]
    early = replace(result, rhs=result.rhs.xreplace({g[1]: g[0], g[2]: g[1]}), steps=())
    assert not verify(early, trials=16)
    delta = linear_attention(2, "delta")
    undriven = replace(delta, rhs=delta.rhs.subs(sp.Symbol("beta_2", real=True), 1), steps=())
    assert not verify(undriven, trials=16)


def test_linear_attention_is_a_sum_over_the_past_of_values_by_scores():
    generator = np.random.default_rng(0)
    values, keys, queries = (generator.integers(-3, 4, (4, 2)) for _ in range(3))
    point = {
        f"{letter}_{t + 1}": sp.Matrix(table[t]) for letter, table in (("v", values), ("k", keys)) for t in range(4)
    }
    result = linear_attention(4).subs({**point, "q_4": sp.Matrix(queries[3])})
    scores = keys @ queries[3]
    assert np.array_equal(Numbers({}).float(result.lhs)[:, 0], values.T @ scores)
    assert np.array_equal(Numbers({}).float(result.rhs)[:, 0], values.T @ scores)


def test_attention_runs_as_array_code():
    generator = np.random.default_rng(1)
    result = linear_attention(2, "scalar", start=True)
    arrays = {"S_0": generator.normal(size=(3, 2)), "q_2": generator.normal(size=2), "g_1": 0.5, "g_2": -0.25}
    arrays |= {f"v_{t}": generator.normal(size=3) for t in (1, 2)} | {
        f"k_{t}": generator.normal(size=2) for t in (1, 2)
    }
    S = arrays["S_0"]
    for t in (1, 2):
        S = arrays[f"g_{t}"] * S + np.outer(arrays[f"v_{t}"], arrays[f"k_{t}"])
    assert np.allclose(result(**arrays)[:, 0], S @ arrays["q_2"])


def test_the_delta_rule_moves_what_is_read_at_a_key_to_the_value():
    """S_t k_t - v_t = (1 - beta |k|^2)(S_{t-1} k_t - v_t): all of it at beta |k|^2 = 1."""
    key, value, state = sp.Matrix([3, 4]), sp.Matrix([1, -2]), sp.Matrix([[1, 2], [3, 5]])
    for rate, left in ((sp.Rational(1, 25), 0), (sp.Rational(1, 50), sp.S.Half), (sp.Rational(2, 25), -1)):
        new = state * (sp.eye(2) - rate * key * key.T) + rate * value * key.T
        node = AttentionOutput(state, [sp.eye(2) - rate * key * key.T], [rate * value], [key], key)
        assert new * key - value == left * (state * key - value)
        assert np.allclose(Numbers({}).float(node)[:, 0], np.array((new * key).tolist(), dtype=float)[:, 0])


@pytest.mark.parametrize(
    ("beta", "holds"), [("0", True), ("2", True), ("1", True), ("2001/1000", False), ("-1/1000", False)]
)
def test_the_boundary_of_the_delta_rule(beta, holds):
    key = sp.Matrix([sp.Rational(3, 5), sp.Rational(4, 5)])
    G = sp.eye(2) - sp.Rational(beta) * key * key.T
    assert NonExpansive(G).holds(Numbers({})) is holds
    values = {"k_1": key[0], "k_2": key[1], "beta": sp.Rational(beta)}
    assert bool(delta_nonexpansive(2).subs(values).rhs) is holds


def test_a_narrower_range_of_the_delta_rule_is_refused():
    result = delta_nonexpansive(2)
    square = next(c for c in result.rhs.args if 2 in c.args).lhs
    for changed in (sp.And(square > 0, square <= 2), sp.And(square >= 0, square < 2), sp.And(square >= 0, square <= 1)):
        assert not verify(replace(result, rhs=changed), trials=200)
    assert not verify(replace(delta_reflection(), lhs=delta_reflection().lhs.subs(2, 1)), trials=16)


def test_every_bracket_of_a_scan_is_the_same():
    maps = [tuple(sp.symbols(f"a_{t} b_{t}", commutative=False)) for t in range(5)]

    def brackets(parts, side):
        if len(parts) == 1:
            return [parts[0]]
        found = []
        for cut in range(1, len(parts)):
            for left in brackets(parts[:cut], side):
                found += [scan_operator(left, right, side=side) for right in brackets(parts[cut:], side)]
        return found

    for side in ("left", "right"):
        found = {tuple(map(sp.expand, e)) for e in brackets(maps, side)}
        assert len(brackets(maps, side)) == 14 and len(found) == 1


def test_the_wrong_scan_operators_are_refused():
    result = scan_composition()
    (A1, b1), (A2, b2) = result.lhs.args
    for pair in ((A1 * A2, A2 * b1 + b2), (A2 * A1, A1 * b2 + b1), (A2 * A1, A2 * b1)):
        assert not verify(replace(result, rhs=sp.BlockMatrix([list(pair)])), trials=24)


def test_the_scan_of_states_multiplied_from_the_right():
    random.seed(3)
    tables = [sp.Matrix(2, 2, lambda *_: random.randint(-3, 3)) for _ in range(6)]
    maps = list(zip(tables[:3], tables[3:], strict=True))
    G, U = scan_operator(scan_operator(maps[0], maps[1], side="right"), maps[2], side="right")
    S = sp.Matrix([[1, 2], [-1, 3]])
    run = S
    for gate, push in maps:
        run = run * gate + push
    assert S * G + U == run
    assert S * maps[2][0] * maps[1][0] * maps[0][0] != S * G


def test_a_gated_unit_that_sees_too_little_is_refused():
    result = gated_state()
    kept = result.rhs.args[0]
    assert not verify(replace(result, rhs=kept), trials=24)
    assert not verify(replace(result, rhs=result.rhs - kept), trials=24)


def test_the_state_of_given_gates_is_multiplied_out():
    given = gated_state().subs({"a": sp.Matrix([2, 3, 5]), "b": sp.Matrix([1, 0, 1])})
    h_0 = sp.Symbol("h_0", real=True)
    assert sp.expand(given.rhs.doit() - (30 * h_0 + 16)) == 0 and verify(given, trials=3)


def test_a_closed_gate_needs_its_hypothesis():
    assert not verify(replace(gate_product(), given=sp.true), trials=60)


@pytest.mark.parametrize(
    "aside, forgets", [("-1/100", True), ("0", True), ("1/4096", None), ("1/1000", None), ("1/50", False)]
)
def test_gates_that_open_just_too_fast_are_told_from_those_that_do_not_or_not_at_all(aside, forgets):
    result = forgetting_rate()
    c, r = sorted(result.free_symbols, key=str)
    numbers = Numbers({c: sp.Rational(1, 2), r: 1 + sp.Rational(aside)})
    if forgets is None:
        with pytest.raises(Undefined, match="too close"):
            numbers.truth(result.lhs)
    else:
        assert numbers.truth(result.lhs) is forgets


def test_what_slow_gates_keep():
    T = slow_gates().rhs.free_symbols.pop()
    assert sp.limit(slow_gates().rhs, T, sp.oo) == sp.S.Half
    result = forgetting_rate()
    r = next(s for s in result.rhs.free_symbols)
    assert verify(result, trials=16)
    for changed in (r < 1, r <= sp.Rational(3, 2)):
        assert not verify(replace(result, rhs=changed), trials=60)


@pytest.mark.parametrize(
    "call",
    [
        lambda: linear_attention(0),
        lambda: linear_attention(2, "soft"),
        lambda: delta_eigenvalues(0),
        lambda: delta_nonexpansive(True),
        lambda: scan_operator((1, 0), (1, 0), side="up"),
    ],
)
def test_what_makes_no_sense_is_refused(call):
    with pytest.raises(SpecError):
        call()
    with pytest.raises(RnnsymError):
        delta_reflection().subs({"k": sp.Matrix([0, 0])})


@pytest.mark.slow
@pytest.mark.draws
@pytest.mark.parametrize("name", [*RESULTS, "rate"])
def test_every_claim_agrees_in_many_draws(name):
    assert verify({**RESULTS, "rate": forgetting_rate}[name](), trials=10)


@pytest.mark.slow
@pytest.mark.parametrize("gate", GATES)
def test_long_sequences_agree(gate):
    assert verify(linear_attention(12, gate), trials=24)
