"""Conditions with one wrong variant each, which verify must refuse: a bound moved, a sign flipped, a case lost."""

from dataclasses import replace
from itertools import product

import pytest
import sympy as sp

from rnnsym.analysis import gates
from rnnsym.analysis.contraction import contraction_condition
from rnnsym.analysis.stability import critical_conditions, euler_conditions
from rnnsym.analysis.structure import constructibility, hautus, observability
from rnnsym.cells import elman
from rnnsym.defined.contractions import MetricContracts
from rnnsym.systems import LinearSystem
from rnnsym.verify import verify

a, b, c, d = sp.symbols("a b c d", real=True)
SQUARE = sp.Matrix([[a, b], [c, d]])
FORCED = LinearSystem([[a, b], [0, d]], [1, c], [[c, 1]])
PAIR = LinearSystem([[a, 0], [0, d]], [b, c], [[b, c]])


def without(condition, lost):
    """A conjunction without one part."""
    return sp.And(*(g for g in condition.args if g != lost))


def test_critical_conditions():
    right = critical_conditions(SQUARE)
    assert verify(right, trials=40)
    delta = dict((s.name, s) for s, _ in right.where)["delta"]
    assert not verify(replace(right, rhs=sp.And(right.rhs, delta < sp.Rational(1, 2))), trials=100)
    assert not verify(replace(right, rhs=sp.Not(right.rhs)), trials=40)


def test_the_diagonal_metric():
    right = contraction_condition(elman(), "diagonal")
    assert verify(right, trials=8, dims=(1, 2))
    loose = sp.And(*(g for g in right.given.args if not isinstance(g, MetricContracts)))
    assert not verify(replace(right, lhs=loose, given=loose), trials=100, dims=(1, 2))  # any metric
    assert not verify(replace(right, rhs=sp.Lt(right.rhs.lhs, right.rhs.rhs / 100)), trials=60, dims=(1, 2))


def test_input_to_state_stability_of_the_gru():
    right = gates.gru_iss()
    assert verify(right, trials=60)
    assert not verify(replace(right, given=sp.true), trials=200)
    assert not verify(replace(right, rhs=sp.Lt(right.rhs.lhs, 2)), trials=100)


def test_eulers_method():
    right = euler_conditions(sp.Matrix([[b, c], [1, 0]]))
    assert verify(right, trials=30)
    for lost in right.rhs.args:
        assert not verify(replace(right, rhs=without(right.rhs, lost)), trials=300), lost


def test_chrono_initialization():
    for right in gates.chrono_bias():
        assert verify(right, trials=20)
        assert not verify(replace(right, rhs=right.rhs / 2), trials=20)
    _, half = gates.chrono_bias()
    assert not verify(replace(half, rhs=-half.rhs), trials=20)


@pytest.mark.parametrize("question", [hautus, constructibility])
def test_conditions_of_structure(question):
    right = question(PAIR)
    assert verify(right, trials=60)
    assert not verify(replace(right, rhs=sp.Not(right.rhs)), trials=60)
    for part in sorted(right.rhs.atoms(sp.Ne, sp.Eq), key=str):
        turned = right.rhs.xreplace({part: sp.true})
        symbols = sorted(right.rhs.free_symbols, key=str)
        points = (dict(zip(symbols, values, strict=True)) for values in product((0, 1, 2), repeat=len(symbols)))
        if any(turned.subs(point) != right.rhs.subs(point) for point in points):
            assert not verify(replace(right, rhs=turned), trials=400), part


def test_the_rank_of_observability():
    right = observability(FORCED)
    assert verify(right, trials=60)
    (generic, condition), *_ = right.rhs.args
    turned = condition.subs(b, -b)
    for wrong in (sp.Integer(2), sp.Piecewise((generic, turned), (1, True)), right.rhs - 1):
        assert not verify(replace(right, rhs=wrong), trials=200)
