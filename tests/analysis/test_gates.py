"""Gated cells: what is refused, and what the comparison speaks of."""

import pytest

from rnnsym.analysis.gates import bounds, critical_gain, gru_comparison, lstm_comparison, update_gate_and_folds
from rnnsym.cells import gru, lstm
from rnnsym.result import SpecError


def test_every_gate_has_a_bound():
    assert set(bounds(lstm())) == set("ifog") and set(bounds(gru())) == set("zrg")


def test_unknown_kinds_are_refused():
    for ask in (lstm_comparison, gru_comparison):
        with pytest.raises(SpecError, match="'iss' or 'delta'"):
            ask("beta")
    with pytest.raises(SpecError, match="known: gru"):
        critical_gain("mgu")


def test_the_identity_of_folds_has_its_derivation():
    result = update_gate_and_folds()
    assert len(result.steps) == 2 and "prod" in result.latex()
