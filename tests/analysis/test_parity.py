"""Parity by one negative eigenvalue, and what eigenvalues >= 0 cannot do: against the recurrence, run."""

import pickle
from dataclasses import replace

import pytest
import sympy as sp

from rnnsym.analysis.parity import constant_drive, parity, readout_changes, rounding_settles
from rnnsym.defined import Numbers
from rnnsym.defined.recurrences import Binary, ParityState, SettlingTime, SignChanges
from rnnsym.result import SpecError
from rnnsym.verify import verify

RESULTS = {
    "parity": parity,
    "drive": constant_drive,
    "one unit": lambda: readout_changes(1),
    "three units": lambda: readout_changes(3),
    "fixed eigenvalues": lambda: readout_changes(2, [0, sp.Rational(1, 2)]),
    "rounding": rounding_settles,
}


@pytest.mark.parametrize("name", RESULTS)
def test_every_claim_agrees_with_its_definition(name):
    result = RESULTS[name]()
    assert verify(result, trials=30), name
    assert pickle.loads(pickle.dumps(result)) == result and result.latex()


def test_wrong_claims_are_refused():
    assert not verify(replace(parity(), rhs=-parity().rhs), trials=12)
    assert not verify(replace(parity(), given=sp.true), trials=40)  # inputs that are no bits
    assert not verify(replace(constant_drive(), rhs=-constant_drive().rhs), trials=12)
    for result in (readout_changes(1), readout_changes(2)):
        assert not verify(replace(result, rhs=result.rhs - 1), trials=2000)
        assert not verify(replace(result, given=sp.true), trials=2000)
    for result, given in ((rounding_settles(), sp.true), (rounding_settles(), None)):
        changed = replace(result, given=given) if given is not None else replace(result, rhs=sp.Integer(1))
        assert not verify(changed, trials=200)


def test_the_parity_of_the_empty_sequence_and_of_ones():
    for length in range(6):
        ones = sp.ones(length, 1)
        assert Numbers({}).float(ParityState(ones)) == (-1) ** length
    assert Binary(sp.Matrix([0, 1, 1])).holds(Numbers({})) and not Binary(sp.Matrix([0, 2])).holds(Numbers({}))


@pytest.mark.parametrize("units", [1, 2, 3, 4])
def test_n_units_reach_n_sign_changes_and_so_the_parity_of_n_ones(units):
    """c and d that follow the parity of 1^t for t = 0, ..., n: the bound is sharp."""
    a = [sp.Rational(j, units + 1) for j in range(1, units + 1)]
    table = sp.Matrix(units + 1, units + 1, lambda t, j: a[j] ** t if j < units else 1)
    weights = table.LUsolve(sp.Matrix([(-1) ** t for t in range(units + 1)]))
    zero, one = [0] * units, [1] * units
    for T, changes in ((units, units), (units + 12, units)):
        node = SignChanges(a, zero, one, list(weights[:-1]), weights[-1], T)
        assert Numbers({}).float(node) == changes
    assert Numbers({}).float(SignChanges([-1], [0], [1], [1], 0, 20)) == 20


def test_an_eigenvalue_of_minus_one_never_settles_and_zero_settles_at_once():
    half = sp.Rational(1, 2)
    assert Numbers({}).float(SettlingTime(-1, 0, 1, 4, 1)) == float("inf")
    assert Numbers({}).float(SettlingTime(0, half, 1, 2, 1)) == 1
    assert Numbers({}).float(SettlingTime(1, 1, -3, 1, 3)) == 6  # all the way: 2 M Q steps


@pytest.mark.parametrize(
    "call", [lambda: readout_changes(0), lambda: readout_changes(1, [-1]), lambda: readout_changes(2, [0])]
)
def test_what_makes_no_sense_is_refused(call):
    with pytest.raises(SpecError):
        call()


@pytest.mark.slow
@pytest.mark.draws
@pytest.mark.parametrize("name", RESULTS)
def test_every_claim_agrees_in_many_draws(name):
    assert verify(RESULTS[name](), trials=30)
