"""Norms and half power of two poles, diagonalizability of any size, steering in named form, H(z) as a straight line."""

import pickle
from dataclasses import replace

import numpy as np
import pytest
import sympy as sp

from rnnsym.analysis import straight_line
from rnnsym.analysis.frequency import half_power_frequency
from rnnsym.analysis.modes import diagonalizable
from rnnsym.analysis.norms import hinf_norm
from rnnsym.analysis.structure_steering import steer
from rnnsym.analysis.transfer import transfer_function
from rnnsym.exact import cofactor
from rnnsym.result import NoClosedForm
from rnnsym.systems import LinearSystem
from rnnsym.verify import verify

from .filters import halved

a, b, c, d, e, f = sp.symbols("a b c d e f", real=True)
z = sp.Symbol("z")
h, t = sp.Rational(1, 2), sp.Rational(1, 3)
TWO = {
    "companion": LinearSystem([[0, 1], [b, a]], [0, 1], [[c, 1]]),
    "rotation": LinearSystem([[a, b], [-b, a]], [1, 0], [[1, c]]),
    "defective": LinearSystem([[a, 1], [0, a]], [1, 1], [[1, c]], readout="previous"),
}


def test_the_largest_gain_of_two_poles():
    result = hinf_norm(TWO["companion"])
    assert verify(result, trials=4)
    assert not verify(halved(result), trials=2)


@pytest.mark.slow
def test_the_closed_form_lies_between_the_proved_bounds():
    system = TWO["companion"]
    for values in ({a: h, b: -t, c: -2}, {a: 0, b: -h, c: t}):
        bound = hinf_norm(system.subs(values))
        value = hinf_norm(system).subs(values)
        assert bound.where[0][1] <= sp.N(value.explicit, 40) <= bound.rhs


@pytest.mark.slow
@pytest.mark.parametrize("name", TWO)
def test_the_largest_gain_of_two_poles_with_zeros(name):
    result = hinf_norm(TWO[name])
    check = verify(result, trials=25)
    assert check and check.trials >= 20, check
    lost = replace(result, where=tuple((s, sp.S.One) for s, _ in result.where))  # the ends alone
    assert not verify(lost, trials=200)


def test_three_poles_have_no_closed_form_and_the_message_says_what_has():
    with pytest.raises(NoClosedForm, match="proved enclosure"):
        hinf_norm(LinearSystem(sp.diag(a, b, c), [1, 1, 1], [[1, -1, 1]]))
    with pytest.raises(NoClosedForm, match="degree 3"):
        half_power_frequency(LinearSystem(sp.diag(a, b, c), [1, 1, 1], [[1, -1, 1]]))


@pytest.mark.parametrize(
    "system",
    [
        LinearSystem([[a, 1], [0, a]], [0, 1], [[1, 0]], readout="previous"),
        LinearSystem([[h, -h], [h, h]], [0, 1], [[1, 0]]),
        LinearSystem([[h, 1], [0, t]], [0, 1], [[1, 0]]),
    ],
)
def test_the_half_power_frequency_of_two_poles(system):
    result = half_power_frequency(system)
    assert verify(result, trials=6)
    assert not verify(halved(result), trials=3)


@pytest.mark.slow
def test_a_half_power_frequency_without_its_hypothesis_is_refused():
    result = half_power_frequency(LinearSystem([[a, 1], [0, a]], [0, 1], [[1, 0]], readout="previous"))
    assert not verify(replace(result, given=sp.Abs(a) < 1), trials=60)


MATRICES = {
    "companion": sp.Matrix([[0, 1, 0], [0, 0, 1], [a, b, c]]), "companion of four": sp.Matrix([[0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1], [a, b, c, d]]),
    "triangular": sp.Matrix([[a, d, 0], [0, b, e], [0, 0, c]]), "repeated": sp.Matrix([[a, b, 0], [0, a, c], [0, 0, d]]),
    "Hessenberg": sp.Matrix([[a, 1, 0], [b, c, 2], [d, e, f]]), "cyclic": sp.Matrix([[0, 0, a], [1, 0, 0], [0, 1, 0]]),
    "two blocks": sp.Matrix([[a, b, 0, 0], [0, a, 0, 0], [0, 0, c, d], [0, 0, 0, c]]),
}  # fmt: skip


@pytest.mark.parametrize(
    "name",
    [pytest.param(n, marks=() if n in ("companion", "repeated", "Hessenberg") else pytest.mark.slow) for n in MATRICES],
)
def test_diagonalizable_on_every_stratum(name):
    result = diagonalizable(MATRICES[name])
    assert verify(result, trials=25)
    assert not verify(replace(result, rhs=sp.Not(result.rhs)), trials=5)


@pytest.mark.slow
def test_a_lost_stratum_of_diagonalizability_is_refused():
    result = diagonalizable(MATRICES["repeated"])
    assert isinstance(result.rhs, sp.Or)
    for k in range(len(result.rhs.args)):
        rest = sp.Or(*(x for i, x in enumerate(result.rhs.args) if i != k))
        assert not verify(replace(result, rhs=rest), trials=300)


def test_a_companion_matrix_is_diagonalizable_iff_its_discriminant_is_not_zero():
    (gap,) = diagonalizable(MATRICES["companion"]).rhs.args[:1]
    assert sp.expand(gap + sp.discriminant(z**3 - c * z**2 - b * z - a, z)) == 0
    assert diagonalizable(sp.Matrix([[a, b, c], [b, a, c], [c, c, d]])).rhs == sp.true


def test_cofactors_are_the_polynomials_over_their_common_divisor():
    p, q = sp.Poly(2 * (z - a) * (z - b) * (z - c), z), sp.Poly((z - a) * (z - b) * (z - d), z)
    u, v = (sp.Poly(list(x), z).as_expr() for x in cofactor(p.all_coeffs(), q.all_coeffs(), 2))
    lead = sp.Poly(u, z).LC()
    assert sp.expand(u - lead * (z - d)) == 0 and sp.expand(v + lead * 2 * (z - c)) == 0
    assert cofactor(p.all_coeffs(), q.all_coeffs(), 1)[0][0].equals(0)


def test_long_inputs_are_written_in_the_adjugate_of_the_gramian():
    result = steer(LinearSystem([[a, b], [c, d]], [1, e]), None, None, 3)
    assert [s.name for s, _ in result.where] == ["d_1", "d_2", "Delta", "v_1", "v_2", "E"]
    assert all(entry.count_ops() < 60 for entry in result.rhs)
    assert verify(result, trials=6)
    broken = [(s, -x if s.name == "v_1" else x) for s, x in result.where]
    assert not verify(replace(result, where=tuple(broken)), trials=6)


def test_short_inputs_stay_as_they_are():
    assert steer(LinearSystem([[0, 1], [0, a]], [0, 1]), 0, [1, 0], 2).rhs.tolist() == [[1], [-a]]


@pytest.mark.parametrize("readout", ["current", "previous"])
def test_the_straight_line_form_is_the_transfer_function(readout):
    system = LinearSystem([[a, b], [c, d]], sp.eye(2), [[1, e]], [[1, 0]], readout=readout)
    result = straight_line.transfer_function(system, z)
    assert verify(result, trials=8)
    assert not verify(halved(result), trials=4)
    broken = [(s, -x if s.name == "c_2" else x) for s, x in result.where]
    assert not verify(replace(result, where=tuple(broken)), trials=8)
    values = {"a": 0.1, "b": 0.2, "c": 0.3, "d": np.array([0.4, 0.5]), "e": 2.0, "z": 2.0}
    np.testing.assert_allclose(result(**values), transfer_function(system)(**values), rtol=1e-13)


@pytest.mark.slow
def test_what_would_swell_is_a_straight_line_and_says_so():
    n = 9
    A = sp.Matrix(n, n, lambda i, j: sp.Symbol(f"a{i}{j}"))
    system = LinearSystem(A, [1] * n, [[1] * n])
    result = transfer_function(system)
    assert "straight-line" in result.name and len(result.where) == 3 * n + 2
    assert pickle.loads(pickle.dumps(result)) == result
    draws = {
        s.name: v for s, v in zip(sorted(result.free_symbols, key=str), np.linspace(-1, 1, n * n + 1) ** 3, strict=True)
    }
    X = np.array([[draws[f"a{i}{j}"] for j in range(n)] for i in range(n)])
    w = draws["z"] = 2.5
    want = w * np.ones(n) @ np.linalg.solve(w * np.eye(n) - X, np.ones(n))
    np.testing.assert_allclose(result(**draws)[0, 0], want, rtol=1e-10)


@pytest.mark.parametrize(
    "A", [sp.eye(30), sp.Matrix(16, 16, lambda i, j: a * (i + j) + b * i * j), MATRICES["companion"]]
)
def test_few_parameters_do_not_swell(A):
    assert not straight_line.swells(LinearSystem(A, [1] * A.rows, [[1] * A.rows]))
