"""What must not change, or must change in a known way, when a model is turned, renamed, transposed or delayed; exactly, at rational points."""

from __future__ import annotations

from fractions import Fraction
from random import Random

import pytest
import sympy as sp

import rnnsym as rs
from tests.multiplier import times

z = sp.Symbol("z")
a, b, w = sp.symbols("a b w", real=True)
CELLS = {name: getattr(rs, name) for name in ("elman", "gru", "mgu")}


def table(chance: Random, rows: int, columns: int) -> sp.Matrix:
    """Small rationals, at times with equal rows, zeros and units."""
    values = (0, 0, 1, -1, 2, Fraction(1, 2), Fraction(-1, 3), Fraction(3, 4))
    return sp.Matrix(rows, columns, lambda *_: sp.Rational(chance.choice(values)))


def systems(count: int) -> list[rs.LinearSystem]:
    chance = Random(5)
    return [rs.LinearSystem(table(chance, 3, 3), table(chance, 3, 1), table(chance, 1, 3)) for _ in range(count)]


def basis(chance: Random, size: int) -> sp.Matrix:
    """An invertible matrix of whole numbers with determinant 1."""
    T = sp.eye(size)
    for _ in range(2 * size):
        i, j = chance.randrange(size), chance.randrange(size)
        if i != j:
            T[i, :] = T[i, :] + chance.choice((-1, 1)) * T[j, :]
    return T


def same(left: sp.Basic, right: sp.Basic) -> bool:
    difference = sp.Matrix(sp.Matrix(left) - sp.Matrix(right))
    return all(sp.cancel(entry) == 0 for entry in difference)


COUNT = times(4)


@pytest.mark.parametrize("S", systems(COUNT))
def test_a_change_of_coordinates_keeps_what_is_seen_from_outside(S):
    T = basis(Random(8), 3)
    R = rs.LinearSystem(T * S.A * T.inv(), T * S.B, S.C * T.inv())
    assert same(rs.transfer_function(S, z).rhs, rs.transfer_function(R, z).rhs)
    assert rs.controllability(S).rhs == rs.controllability(R).rhs and rs.observability(S).rhs == rs.observability(R).rhs
    assert all(same(p, q) for p, q in zip(_markov(S), _markov(R), strict=True))


def _markov(S: rs.LinearSystem) -> list[sp.Matrix]:
    return [sp.Matrix(S.C * S.A**k * S.B) for k in range(4)]


@pytest.mark.parametrize("S", systems(COUNT))
def test_a_permutation_of_the_units_permutes_the_gramian(S):
    P = sp.Matrix([[0, 1, 0], [0, 0, 1], [1, 0, 0]])
    R = rs.LinearSystem(P * S.A * P.T, P * S.B, S.C * P.T)
    assert same(
        P * rs.gramian(S, "controllability", horizon=4).rhs * P.T, rs.gramian(R, "controllability", horizon=4).rhs
    )


@pytest.mark.parametrize("S", systems(COUNT))
def test_what_is_controllable_is_observable_in_the_dual(S):
    dual = rs.LinearSystem(S.A.T, S.C.T, S.B.T)
    assert rs.controllability(S).rhs == rs.observability(dual).rhs
    assert same(rs.gramian(S, "controllability", horizon=3).rhs, rs.gramian(dual, "observability", horizon=3).rhs)
    previous = (rs.LinearSystem(*m.matrices, readout="previous") for m in (S, dual))
    left, right = (rs.transfer_function(m, z).rhs for m in previous)
    assert same(sp.Matrix(left).T, right)


@pytest.mark.parametrize("S", systems(COUNT))
def test_an_input_scaled_by_a_number_scales_the_response_and_squares_in_the_noise(S):
    R = rs.LinearSystem(S.A, 3 * S.B, S.C)
    assert same(3 * sp.Matrix(rs.transfer_function(S, z).rhs), rs.transfer_function(R, z).rhs)
    assert same(9 * rs.gramian(S, "controllability", horizon=3).rhs, rs.gramian(R, "controllability", horizon=3).rhs)
    assert rs.controllability(S).rhs == rs.controllability(R).rhs


@pytest.mark.parametrize("S", systems(COUNT))
def test_reading_the_state_a_step_earlier_delays_the_response(S):
    current, previous = (rs.LinearSystem(S.A, S.B, S.C, readout=r) for r in ("current", "previous"))
    assert same(sp.Matrix(rs.transfer_function(current, z).rhs) / z, rs.transfer_function(previous, z).rhs)


@pytest.mark.parametrize("entry", [a, *(pytest.param(s, marks=pytest.mark.slow) for s in (b, w))])
def test_a_number_put_in_before_or_after_gives_the_same(entry):
    A, B, C = sp.Matrix([[a, 1], [b, w]]), sp.Matrix([b, 1]), sp.Matrix([[1, a]])
    for value in (0, 1, sp.Rational(-1, 2)):
        general, special = rs.LinearSystem(A, B, C), rs.LinearSystem(*(M.subs(entry, value) for M in (A, B, C)))
        assert same(rs.transfer_function(general, z).rhs.subs(entry, value), rs.transfer_function(special, z).rhs)
        late, early = rs.controllability(general).subs({entry: value}).rhs, rs.controllability(special).rhs
        for point in ({a: 0, b: 0, w: 0}, {a: 1, b: 1, w: 2}, {a: 1, b: 0, w: 1}, {a: 2, b: -1, w: sp.Rational(1, 2)}):
            assert late.subs(point) == early.subs(point)


@pytest.mark.parametrize("name", sorted(CELLS))
def test_the_jacobian_at_a_size_is_the_general_one_with_the_size_put_in(name):
    for general, special in ((CELLS[name](), CELLS[name](n=1, m=1)),):
        left, right = rs.jacobian(general), rs.jacobian(special)
        names = {s.name for s in left.free_symbols if isinstance(s, sp.MatrixSymbol)}
        chance = Random(name)
        values = {n: [[chance.choice((0.0, 0.5, -1.0, 2.0))]] for n in sorted(names)}
        flat = {n: v[0] if _is_column(left, n) else v for n, v in values.items()}
        one = {s.name: values[s.name][0][0] for s in right.free_symbols if s.name in values}
        if set(one) == names:
            assert abs(float(left(**flat).reshape(-1)[0]) - float(sp.Matrix([right(**one)])[0])) < 1e-14
        else:
            assert right.arrays and {x.name for x in right.arrays} >= names


def _is_column(result: rs.Result, name: str) -> bool:
    (symbol,) = [s for s in result.free_symbols if getattr(s, "name", "") == name]
    return symbol.shape[1] == 1
