"""Linearization, collapse, powers, modes: right at repeated, zero and complex eigenvalues, and at eigenvalue 1."""

import random
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
import sympy as sp

from rnnsym.analysis.linear import collapse, discretization, eigenvalue_map, linearize, matrix_power, power_sum
from rnnsym.analysis.modes import diagonalizable, modes, rotation_form, spectral_decomposition, timescales
from rnnsym.cells import elman, gru, leaky, linear, lstm
from rnnsym.defined import Numbers
from rnnsym.result import NoClosedForm, ShapeError, SpecError
from rnnsym.systems import CONTINUOUS, LinearSystem
from rnnsym.verify import verify

a, b, c, d, e, w, u = sp.symbols("a b c d e w u", real=True)
t = sp.Symbol("t", integer=True, nonnegative=True)
Q = sp.Rational
MATRICES = [
    [[a]], [[a, b], [c, d]], [[a, 1], [0, b]], [[a, 0], [c, a]], [[0, 1], [0, 0]], [[0, 1], [-1, 0]], [[1, 1], [0, 1]],
    [[a, b], [-b, a]], [[a, b, c], [0, b, d], [0, 0, e]], [[a, b, 0], [b, a, 0], [1, 1, a]], [[2, 1, 0], [0, 2, 1], [0, 0, 2]],
]  # fmt: skip


@pytest.mark.parametrize("A", MATRICES, ids=str)
def test_powers_and_their_sums_are_right_in_every_case(A):
    for result in (matrix_power(A), power_sum(A)):
        check = verify(result, trials=60)
        assert check, check


def test_a_power_without_its_degenerate_case_is_refuted():
    result = matrix_power([[a, 1], [0, b]])
    entry = result.rhs[0, 1]
    generic = sp.ImmutableMatrix([[a**t, entry.args[0][0]], [0, b**t]])
    assert not verify(replace(result, rhs=generic))
    assert not verify(replace(result, rhs=-result.rhs))
    assert result.rhs[0, 1].subs(b, a).subs(t, 3) == 3 * a**2  # SymPy's own Matrix**n says zoo
    assert result.rhs.subs({a: 0, b: 0}).subs(t, 1) == sp.Matrix([[0, 1], [0, 0]])
    assert result.rhs.subs({a: 0, b: 0}).subs(t, 0) == sp.eye(2)


def test_the_power_of_a_general_matrix_where_sympy_is_wrong():
    result = matrix_power([[a, b], [c, d]])
    for n in range(4):
        got = sp.Matrix(result.explicit.subs({a: 3, b: 1, c: 0, d: 2}).subs(t, n))
        assert sp.simplify(got - sp.Matrix([[3, 1], [0, 2]]) ** n) == sp.zeros(2, 2)


def test_geometric_sums_are_right_at_one():
    result = power_sum(w)
    assert result.rhs.subs(w, 1).subs(t, 5)[0] == 5
    assert result.rhs.subs(w, 3).subs(t, 3)[0] == 13
    assert not verify(replace(result, rhs=sp.ImmutableMatrix([[(w**t - 1) / (w - 1)]])))


def test_numeric_powers_agree_with_numpy():
    rng = random.Random(0)
    for n in (1, 2, 3, 4):
        for kind in range(4):
            diagonal = [Q(rng.randint(-2, 2), 2) for _ in range(n)] if kind else [Q(1, 2)] * n
            A = sp.Matrix(n, n, lambda i, j, g=diagonal: g[i] if i == j else rng.randint(-1, 1) if j > i else 0)
            forward = sp.eye(n)
            for i in range(1, n):
                forward[i, 0] = rng.randint(-1, 1)
            A = forward * A * forward.inv()
            result = matrix_power(A)
            for k in (0, 1, 2, 7):
                got = np.array(sp.Matrix(result.explicit).subs(t, k).evalf().tolist(), complex)
                want = np.linalg.matrix_power(np.array(A.tolist(), float), k)
                np.testing.assert_allclose(got, want, atol=1e-9)


def test_collapse_of_every_size():
    for steps in (None, 0, 1, 3):
        check = verify(collapse(linear(), steps), trials=30)
        assert check, check
    forgotten = collapse(linear())
    assert not verify(replace(forgotten, given=sp.true), trials=60)  # I - W singular
    assert not verify(replace(collapse(linear(), 3), rhs=collapse(linear(), 2).rhs), trials=30)


def test_collapse_with_entries_is_right_where_one_is_an_eigenvalue():
    scalar = collapse(linear(W_h=w, W_x=u, b=b))
    assert verify(scalar)
    integrator = collapse(linear(W_h=1, W_x=u, b=b))
    T = sp.Symbol("T", integer=True, nonnegative=True)
    h, x = sp.symbols("h x", real=True)
    assert sp.expand(integrator.rhs[0] - (h + T * (u * x + b))) == 0
    assert verify(collapse(linear(n=2, m=1)), trials=40)
    assert verify(collapse(LinearSystem([[1, a], [0, b]], [1, u])), trials=40)


def test_a_nonlinear_cell_does_not_collapse():
    with pytest.raises(SpecError, match="nonlinear"):
        collapse(elman())


def test_linearize_at_a_symbolic_fixed_point():
    h = sp.Symbol("h_star", real=True)
    system = linearize(elman(W_h=w, W_x=u, b=b))
    assert system.A == sp.Matrix([[w * (1 - h**2)]]) and system.B == sp.Matrix([[u * (1 - h**2)]])
    assert system.given != sp.true and system.readout == "current"
    for cell in (gru(n=2, m=1), lstm(n=1, m=1), leaky(n=2, m=2)):
        system = linearize(cell)
        assert not system.free_symbols & {s for s, _ in cell.where}
        assert system.n == sum(s.shape[0] for s in cell.state)


def test_linearize_at_a_point_checks_the_residual():
    cell = elman(n=2, m=1)
    system = linearize(cell, at=0)
    assert system.A == dict(cell.binding)[cell.symbol("W_h")]
    assert system.given == sp.And(*(sp.Eq(s, 0) for s in dict(cell.binding)[cell.symbol("b")]))
    assert linearize(cell.subs({"b": [0, 0]}), at=0).given == sp.true
    with pytest.raises(SpecError, match=r"residual 0\.12 at the given h\*; linearization there is not a fixed-point"):
        linearize(elman(W_h=2, W_x=1, b=0), at=[0.8])
    point = 0.9575040240772687
    system = linearize(elman(W_h=2, W_x=1, b=0), at=[point])
    assert abs(float(system.A[0]) - 2 * (1 - point**2)) < 1e-9
    with pytest.raises(SpecError, match="residual 1 at"):
        linearize(elman(W_h=w, W_x=u, b=0).subs({"W_h": 0}), at=1)
    with pytest.raises(ShapeError, match="at has 3 entries"):
        linearize(cell, at=[0, 0, 0])
    with pytest.raises(SpecError, match="symbolic sizes"):
        linearize(elman())


def test_the_linearization_is_the_derivative_of_the_map():
    cell = elman(W_h=2, W_x=Q(1, 2), b=0)
    point = 0.9575040240772687
    system = linearize(cell, at=[point])
    step = 1e-6
    slope = (np.tanh(2 * (point + step)) - np.tanh(2 * (point - step))) / (2 * step)
    assert abs(float(system.A[0]) - slope) < 1e-8


def test_linearize_with_an_output_map():
    cell = elman(n=2, m=1)
    assert linearize(cell, at=0, output=[1, 2]).C == sp.Matrix([[1, 2]])
    with pytest.raises(ShapeError, match="output has 3 columns"):
        linearize(cell, at=0, output=[[1, 2, 3]])
    y = elman(output=sp.MatrixSymbol("C", 1, sp.Symbol("n", integer=True, positive=True))).at(n=2, m=1)
    system = linearize(y, at=0)
    assert system.C == dict(y.binding)[y.symbol("C")] and system.D == sp.zeros(1, 1) and system.readout == "current"


def test_modes_of_every_kind():
    for A in MATRICES:
        result = modes(A)
        assert verify(result, trials=40)
        if len(A) > 1:
            shifted = type(result.rhs)(*(sp.Tuple(v + 1, m) for v, m in result.rhs))
            assert not verify(replace(result, rhs=shifted), trials=40)
    cubic = modes([[0, 1, 0], [0, 0, 1], [a, b, c]])
    assert isinstance(cubic.rhs[0][0], sp.Poly) and verify(cubic, trials=30)
    assert tuple(modes(sp.diag(a, a, b)).rhs) == (sp.Tuple(a, 2), sp.Tuple(b, 1))
    cycle = modes([[0, 0, w], [w, 0, 0], [0, w, 0]])
    assert verify(cycle, trials=30)


def test_spectral_decomposition_and_its_hypothesis():
    for A in ([[a, b], [c, d]], [[a, 1], [0, b]], [[a, b, c], [0, b, d], [0, 0, e]], [[a, c], [c, a]]):
        result = spectral_decomposition(A)
        assert verify(result, trials=30), A
    result = spectral_decomposition([[a, 1], [0, b]])
    assert result.given == sp.Ne(a - b, 0)
    assert not verify(replace(result, given=sp.true), trials=200)
    for A in ([[a, 1], [0, a]], [[0, 1], [0, 0]]):
        with pytest.raises(NoClosedForm, match="not diagonalizable"):
            spectral_decomposition(A)


def test_rotation_and_diagonalizability():
    general = rotation_form([[a, b], [c, d]])
    assert verify(general, trials=40)
    assert not verify(replace(general, rhs=general.rhs.T), trials=40)
    with pytest.raises(NoClosedForm, match="real"):
        rotation_form([[a, 1], [0, b]])
    for A in ([[a, b], [c, d]], [[a, 1], [0, b]], [[a, 0], [0, b]], [[a, b], [-b, a]]):
        assert verify(diagonalizable(A), trials=60)
    assert not verify(replace(diagonalizable([[a, b], [c, d]]), rhs=sp.Ne((a - d) ** 2 + 4 * b * c, 0)), trials=400)


def test_time_scales_at_the_unit_circle_and_at_zero():
    result = timescales(sp.diag(a, b))
    check = verify(result, trials=80)
    assert check, check
    assert result.rhs.subs({a: 1, b: 0}) == sp.Matrix([[sp.oo, sp.oo, sp.oo], [0, 0, sp.oo]])
    assert result.rhs.subs({a: -1, b: Q(1, 2)}).row(0) == sp.Matrix([[sp.oo, sp.oo, 2]])
    plain = sp.ImmutableMatrix(result.rhs).applyfunc(lambda x: x.args[-1][0])
    assert not verify(replace(result, rhs=plain), trials=80)


def test_sampled_systems_are_the_flow():
    for system in (
        LinearSystem([[a, b], [c, d]], [1, u], time=CONTINUOUS),
        LinearSystem([[0, 1], [0, -a]], [0, 1], time=CONTINUOUS),
        LinearSystem(a, b, time=CONTINUOUS),
    ):
        for method in ("zoh", "bilinear", "euler", "zoh-euler"):
            check = verify(discretization(system, method, sp.Symbol("Delta")), trials=30)
            assert check, (method, check)
    result = discretization(LinearSystem(a, b, time=CONTINUOUS), "zoh", sp.Symbol("Delta"))
    generic = sp.ImmutableMatrix([[result.rhs[0], result.rhs[1].subs(a, 1)]])
    assert not verify(replace(result, rhs=generic), trials=60)


def test_stability_maps():
    for method in ("zoh", "bilinear", "euler"):
        assert verify(eigenvalue_map(method))
    assert not verify(replace(eigenvalue_map("euler"), rhs=eigenvalue_map("zoh").rhs))


def test_substitution_and_derivation_commute():
    rng = random.Random(3)
    result = matrix_power([[a, b], [c, d]])
    for _ in range(12):
        values = {s: Q(rng.randint(-2, 2), rng.choice((1, 2))) for s in (a, b, c, d)}
        first = sp.Matrix(result.subs(values).explicit)
        second = sp.Matrix(matrix_power(sp.Matrix([[a, b], [c, d]]).subs(values)).explicit)
        for n in (0, 1, 3):
            assert all(abs(v) < 1e-12 for v in (first - second).subs(t, n).evalf())


@pytest.mark.parametrize("seed", [0, 1])
def test_a_gated_network_of_floats_with_all_digits_is_linearized(seed):
    """exp of numbers of 17 digits: their common root has powers of 10^17, which no polynomial arithmetic bears."""
    rng = np.random.default_rng(seed)
    cell = gru(n=2, m=1)
    W = {s.name: float(rng.normal()) for s in cell.parameters}

    def gate(letter, squash, h):
        rows = [sum(W[f"W_h{letter}_{i}{j}"] * h[j - 1] for j in (1, 2)) + W[f"b_{letter}_{i}"] for i in (1, 2)]
        return squash(np.array(rows))

    def sigmoid(u):
        return 1 / (1 + np.exp(-u))

    def following(h):
        z, r = gate("z", sigmoid, h), gate("r", sigmoid, h)
        return z * h + (1 - z) * gate("g", np.tanh, r * h)

    h = np.zeros(2)
    for _ in range(4000):
        h = following(h)
    exactly = cell.subs({s: sp.Rational(repr(W[s.name])) for s in cell.parameters})
    system = linearize(exactly, at=[sp.Rational(repr(float(v))) for v in h], input=0)
    step = 1e-6
    slopes = np.array([(following(h + step * e) - following(h - step * e)) / (2 * step) for e in np.eye(2)]).T
    np.testing.assert_allclose(np.array(system.A.evalf(20).tolist(), float), slopes, atol=1e-8)


def test_powers_of_companion_matrices_are_right_where_roots_come_together():
    """At a = 0 the cases are conditions of roots, b - sqrt(b^2) = 0, and 0^(t/3 - 1/3): told exactly, never guessed."""
    x, y = sp.symbols("x y", real=True)
    for table in ([[0, 1, 0], [0, 0, 1], [x, 0, 0]], [[0, 1, 0], [0, 0, 1], [0, x, y]]):
        result = matrix_power(table)
        assert verify(result, trials=6), result
        numbers = Numbers({x: Fraction(0), y: Fraction(19, 3), result.lhs.exp: 1})
        for symbol, value in result.where:
            numbers.know(symbol, numbers.value(value))
        want = np.array(sp.Matrix(table).subs({x: 0, y: sp.Rational(19, 3)}).tolist(), float)
        np.testing.assert_allclose(numbers.float(result.rhs), want, atol=1e-30)
        assert not verify(replace(result, rhs=result.rhs + sp.eye(3)), trials=3)
