"""A-NLC-1: how the nonlinearity couples modes."""

from dataclasses import replace

import pytest
import sympy as sp

from rnnsym.analysis.coupling import decoupling, mode_coupling, selection_rule, two_mode_map
from rnnsym.cells import elman
from rnnsym.verify import verify

a, c = sp.symbols("a c", real=True)


@pytest.mark.theory("derived")
def test_A_NLC_1_nonlinearity_couples_modes():
    (third,) = mode_coupling("tanh")
    assert verify(third, trials=20)
    assert not verify(replace(third, rhs=-third.rhs), trials=20)
    biased = mode_coupling("tanh", at=sp.symbols("b_1 b_2", real=True))
    assert [r.name.split()[-2] for r in biased] == ["second", "third"]
    for result in biased:
        assert verify(result, trials=12)
    # the cubic term of the symmetric pair: y_1' = l1 y1 - (l1^3 y1^3 + 3 l1 l2^2 y1 y2^2)/6 in the unit basis
    Q = sp.Matrix([[1, 1], [1, -1]]) / sp.sqrt(2)
    (pair,) = mode_coupling(elman(W_h=[[a, c], [c, a]]), Q)
    l1, l2 = a + c, a - c
    y = sp.symbols("y_1 y_2", real=True)
    cubic = (
        sum(pair.rhs[0, 4 * i + 2 * j + k] * y[i] * y[j] * y[k] for i in range(2) for j in range(2) for k in range(2))
        / 6
    )
    assert sp.expand(cubic + (l1**3 * y[0] ** 3 + 3 * l1 * l2**2 * y[0] * y[1] ** 2) / 6) == 0
    exact = two_mode_map()
    assert verify(exact, trials=100)
    assert not verify(replace(exact, rhs=sp.ImmutableMatrix(list(exact.rhs)[::-1])), trials=40)
    series = sp.series(
        exact.explicit[0].subs({sp.Symbol("y_1", real=True): sp.Symbol("e"), sp.Symbol("y_2", real=True): 0}),
        sp.Symbol("e"),
        0,
        4,
    )
    assert sp.expand(series.removeO() - (l1 * sp.Symbol("e") - l1**3 * sp.Symbol("e") ** 3 / 6)) == 0


def test_selection_rule_of_rings():
    for n in (1, 2, 3, 4, 5):
        assert verify(selection_rule(n), trials=2)
    rule = selection_rule(3)
    assert rule.rhs[1, 9 * 1 + 3 * 0 + 0] == sp.Rational(1, 3) and rule.rhs[1, 9 * 1 + 3 * 1 + 1] == 0
    assert not verify(replace(rule, rhs=sp.ImmutableMatrix(rule.rhs[::-1, :])), trials=2)


def test_modes_decouple_exactly_for_a_monomial_basis():
    for n in (2, 3):
        assert verify(decoupling(n), trials=200)
    result = decoupling(2)
    diagonal_only = [case for case in result.rhs.args if sp.Symbol("q_12", real=True) in case.free_symbols][0]
    assert not verify(replace(result, rhs=diagonal_only), trials=400)
    # W = a I in a Hadamard basis couples, C_1122 = 1/2
    Q = sp.Matrix([[1, 1], [1, -1]]) / sp.sqrt(2)
    (third,) = mode_coupling(elman(W_h=[[a, 0], [0, a]]), Q)
    assert sp.simplify(third.rhs[0, 3] / (-2 * a**3)) == sp.Rational(1, 2)
    (diagonal,) = mode_coupling(elman(W_h=[[a, 0], [0, c]]), sp.eye(2))
    assert [e for k, e in enumerate(diagonal.rhs[0, :]) if k] == [0] * 7
