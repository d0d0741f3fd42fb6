"""A-FIX, B-GRD-2, B-GRD-8, B-BIF-4: fixed points, their loci, half-lives and derivatives."""

import mpmath as mp
import numpy as np
import pytest
import sympy as sp

import rnnsym.analysis.scalar as scalar
from rnnsym.analysis.fixedpoint import (
    bias_of_fixed_point,
    fixed_point_equations,
    implicit_derivative,
    implicit_gradient,
)
from rnnsym.analysis.jacobian import jacobian
from rnnsym.cells import elman, trajectory
from rnnsym.verify import verify

w, b = sp.symbols("w b", real=True)
T = sp.Symbol("T", positive=True)
S = sp.Rational

# The default suite draws a part of what the slow one draws; the claims are the same.
effort = pytest.mark.parametrize("part", [5, pytest.param(1, id="full", marks=pytest.mark.slow)])


def unit(phi="tanh", **values):
    return elman(phi, **{"W_h": w, "W_x": 1, "b": b, **values})


def near(value, printed, digits=None):
    """The value agrees with a printed number to all its digits."""
    text = str(printed)
    places = len(text.split(".")[1]) if "." in text else 0
    return abs(mp.mpf(str(sp.N(value, 30))) - mp.mpf(text)) <= mp.mpf(10) ** (-(digits or places)) * mp.mpf("1.01")


def points(weight, bias):
    """The fixed points of a tanh unit: sign changes on a grid, then mpmath."""
    grid = np.linspace(-1, 1, 20001)
    gap = np.tanh(float(weight) * grid + float(bias)) - grid
    places = np.flatnonzero(gap[:-1] * gap[1:] < 0)
    return [
        mp.findroot(lambda v: mp.tanh(weight * v + bias) - v, (grid[k], grid[k + 1]), solver="anderson") for k in places
    ]


@pytest.mark.theory("derived")
@effort
def test_A_FIX_1_fixed_point_equation(part):
    result = fixed_point_equations(elman())
    assert str(result.rhs) == "tanh(W_h*h_star + W_x*x_star + b)"
    assert verify(result, trials=40 // part)
    for phi in ("sigmoid", "relu"):
        assert verify(fixed_point_equations(elman(phi)), trials=20 // part)


@pytest.mark.theory("derived")
def test_A_FIX_4_jacobian_and_stability_of_one_unit():
    J = jacobian(unit())
    h_t, h, x = (sp.Symbol(name, real=True) for name in ("h_t", "h", "x"))
    assert J.rhs == w * (1 - h_t**2)
    assert sp.simplify(J.explicit - w * (1 - sp.tanh(w * h + x + b) ** 2)) == 0
    assert verify(J, trials=40)
    h_star = sp.Symbol("h_star", real=True)
    assert dict(scalar.half_life(unit()).where)[sp.Symbol("J", real=True)] == w * (1 - h_star**2)


@pytest.mark.theory("derived")
@effort
def test_A_FIX_5_the_bias_is_an_explicit_function_of_the_fixed_point(part):
    h_star, x_star = sp.symbols("h_star x_star", real=True)
    result = bias_of_fixed_point(unit())
    assert sp.expand(result.rhs - (sp.atanh(h_star) - w * h_star - x_star)) == 0
    assert verify(result, trials=60 // part) and verify(bias_of_fixed_point(elman()), trials=40 // part)
    slope = implicit_derivative(unit(), "b")
    assert sp.simplify(slope.rhs - (1 - h_star**2) / (1 - w * (1 - h_star**2))) == 0
    assert verify(slope, trials=60 // part) and verify(implicit_derivative(elman(), "b"), trials=40 // part)


@pytest.mark.theory("derived")
@effort
def test_A_FIX_6_saddle_node_of_tanh(part):
    result = scalar.fold(unit())
    e = max(result.rhs.args, key=lambda q: q.rhs.subs(w, 2)).rhs
    for at, printed in ((S(3, 2), "0.207546455322030"), (2, "0.532839975353552"), (3, "1.30327390800259")):
        assert near(e.subs(w, at), printed)
        edge = mp.mpf(str(sp.N(e.subs(w, at), 30)))
        assert len(points(mp.mpf(str(sp.N(at))), edge * mp.mpf("0.99"))) == 3
        assert len(points(mp.mpf(str(sp.N(at))), edge * mp.mpf("1.01"))) == 1
    assert verify(result, trials=20 // part) and verify(scalar.fold_bias(unit()), trials=40 // part)
    assert verify(scalar.fixed_point_count(unit()), trials=60 // part)
    series = sp.series(e.subs(w, 1 + sp.Symbol("q", positive=True) ** 2), sp.Symbol("q", positive=True), 0, 6).removeO()
    q = sp.Symbol("q", positive=True)
    assert sp.expand(series - (S(2, 3) * q**3 - S(1, 5) * q**5)) == 0
    assert verify(scalar.cusp_expansion(unit()), trials=1) and verify(scalar.cusp(unit()), trials=20 // part)
    exact = [mp.mpf(str(sp.N(e.subs(w, 1 + S(1, 10**k)), 40))) for k in (2, 4)]
    gaps = [abs(v - mp.mpf(2) / 3 * mp.mpf(10) ** (-1.5 * k)) for v, k in zip(exact, (2, 4), strict=True)]
    assert abs(mp.log(gaps[0] / gaps[1]) / mp.log(100) - 2.5) < 0.02  # the order of the next term


@pytest.mark.theory("derived")
@effort
def test_A_FIX_7_flip_and_classification(part):
    result = scalar.flip(unit())
    upper = max((q.rhs for q in result.rhs.args), key=lambda e: e.subs(w, -2))
    v = -w
    assert abs(sp.N((upper - sp.sqrt(v * (v - 1)) - sp.log(sp.sqrt(v) + sp.sqrt(v - 1))).subs(w, -S(7, 3)), 30)) < 1e-25
    assert verify(result, trials=20 // part) and verify(scalar.flip_bias(unit()), trials=40 // part)
    assert scalar.schwarzian(unit()).rhs == -2 * w**2 and verify(scalar.schwarzian(unit()), trials=40 // part)
    for question in (scalar.two_cycle_count, scalar.longest_cycle, scalar.two_cycle_multiplier):
        assert verify(question(unit()), trials=40 // part)
    mp.mp.dps = 30
    for at in (mp.mpf("1.001"), mp.mpf("1.00001")):
        amplitude = mp.findroot(lambda u, at=at: mp.tanh(at * u) - u, mp.sqrt(3 * (at - 1)))
        assert abs(amplitude / mp.sqrt(3 * (at - 1) / at**3) - 1) < 2 * (at - 1)
    assert verify(scalar.pitchfork_amplitude(unit()), trials=2)


@pytest.mark.theory("derived")
@effort
def test_A_FIX_8_bias_tunes_the_half_life(part):
    mp.mp.dps = 30
    (h_star,) = points(mp.mpf("0.9"), mp.mpf("0.1"))
    J = mp.mpf("0.9") * (1 - h_star**2)
    assert near(h_star, "0.501595967536112") and near(J, "0.673561336816360")
    result = scalar.half_life(unit())
    half = result.explicit.subs({w: S(9, 10), sp.Symbol("h_star", real=True): sp.Float(str(h_star), 30)})
    assert near(half, "1.75402049339946")  # theory.md prints 1.75402049939946: ln 2/-ln 0.673561336816360 has a 3 there
    assert near(result.explicit.subs({w: S(9, 10), sp.Symbol("h_star", real=True): 0}), "6.57881347896058")
    assert verify(result, trials=40 // part)
    design = scalar.half_life_bias(unit())
    assert near(design.rhs.subs({w: S(9, 10), T: 3}), "0.0489456181290696")
    assert near(design.rhs.subs({w: S(3, 2), T: 5}), "-0.20020347187848586", 15)
    for weight, time in (("0.9", 3), ("1.5", 5), ("0.97", 11)):
        bias = mp.mpf(str(sp.N(design.rhs.subs({w: S(weight), T: time}), 30)))
        top = max(points(mp.mpf(weight), bias))
        assert abs(mp.log(2) / -mp.log(mp.mpf(weight) * (1 - top**2)) - time) < 1e-20
    assert verify(design, trials=40 // part) and verify(scalar.half_life_bound(unit()), trials=20 // part)
    assert verify(scalar.half_life_expansion(unit()), trials=8) and verify(
        scalar.alternation(unit()), trials=20 // part
    )
    small = [
        mp.mpf("0.3") - mp.mpf("0.3") * (1 - points(mp.mpf("0.3"), e)[0] ** 2) for e in (mp.mpf("1e-2"), mp.mpf("1e-3"))
    ]
    rest = [
        abs(v - mp.mpf("0.3") * e**2 / mp.mpf("0.7") ** 2)
        for v, e in zip(small, (mp.mpf("1e-2"), mp.mpf("1e-3")), strict=True)
    ]
    assert abs(mp.log(rest[0] / rest[1]) / mp.log(10) - 4) < 0.05  # O(b^4)


@pytest.mark.theory("asymptotic")
def test_A_FIX_9_critical_slowing():
    result = scalar.critical_slowing(unit())
    assert verify(result, trials=6)
    edge = np.sqrt(2.0) - np.arccosh(np.sqrt(2.0))
    times = []
    for gap in (1e-3, 1e-5):
        state, count = -1.0, 0
        while state < 0:
            state, count = float(np.tanh(2 * state + edge + gap)), count + 1
        times.append(count)
    want = [np.pi * np.sqrt(2) * 2 ** (-0.25) / np.sqrt(g) for g in (1e-3, 1e-5)]
    assert abs(times[1] / want[1] - 1) < 0.01
    assert abs(np.log10(times[1] / times[0]) / 2 - 0.5) < 0.02  # the order


@pytest.mark.theory("derived")
@effort
def test_A_FIX_10_sigmoid_and_relu(part):
    result = scalar.fold(unit("sigmoid"))
    values = sorted(sp.N(q.rhs.subs(w, 8), 20) for q in result.rhs.args)
    assert near(values[0], "-5.0656799507") and near(values[1], "-2.9343200493")
    e = sp.sqrt(w * (w - 1)) - sp.acosh(sp.sqrt(w))
    by_tanh = sorted(sp.N(2 * (s * e.subs(w, 2) - 2), 20) for s in (1, -1))  # b = 2 (b' - W/4) with W' = W/4
    assert all(abs(p - q) < 1e-15 for p, q in zip(values, by_tanh, strict=True))
    assert scalar.cusp(unit("sigmoid")).rhs == sp.And(sp.Eq(w, 4), sp.Eq(b, -2))
    assert scalar.schwarzian(unit("sigmoid")).rhs == -(w**2) / 2
    for question in (scalar.fold, scalar.cusp, scalar.schwarzian, scalar.fixed_point_count, scalar.fold_bias):
        assert verify(question(unit("sigmoid")), trials=30 // part)
    assert verify(scalar.sigmoid_as_tanh(), trials=40 // part)
    for question in (
        scalar.fixed_point_count,
        scalar.two_cycle_count,
        scalar.relu_fixed_point,
        scalar.fold,
        scalar.flip,
    ):
        assert verify(question(unit("relu")), trials=60 // part)


@pytest.mark.theory("derived")
def test_B_BIF_4_the_ctrnn_neuron_has_the_fold_of_the_sigmoid_unit():
    result = scalar.fold(unit("sigmoid"))
    values = sorted(sp.N(q.rhs.subs(w, 5), 20) for q in result.rhs.args)
    assert near(values[0], "-2.65561034") and near(values[1], "-2.34438966")
    for bias in values:  # an equilibrium of -y + w sigma(y + theta) + I, beta = theta + I, double there
        value = mp.mpf(str(bias))
        y = lambda a: -a + 5 / (1 + mp.exp(-a)) + value  # noqa: E731, B023
        places = [a for a in np.linspace(-6, 6, 4001) if abs(float(5 / (1 + np.exp(-a)) - a) + float(bias)) < 1e-2]
        assert [a for a in places if abs(y(a)) < 1e-2 and abs(mp.diff(y, a)) < 1e-2]
    assert verify(scalar.fold_bias(unit("sigmoid")), trials=20)


@pytest.mark.theory("derived")
def test_B_GRD_2_a_stored_sign_survives_inputs_below_the_fold():
    result = scalar.erasing_input(unit())
    assert result.rhs == sp.sqrt(w * (w - 1)) - sp.acosh(sp.sqrt(w))
    assert verify(result, trials=6) and verify(scalar.latching(unit()), trials=20)
    edge = 0.532839975353552
    cell = elman(W_h=2, W_x=1, b=0)
    below, beyond = (trajectory(cell, {}, h0=[0.99], x=np.full(600, -k * edge))[-1] for k in (0.999, 1.001))
    assert below[0] > 0 > beyond[0]
    rng = np.random.default_rng(0)
    noisy = trajectory(cell, {}, h0=below, x=rng.uniform(-0.999 * edge, 0.999 * edge, size=600))
    assert noisy.min() >= below[0] - 1e-12


@pytest.mark.theory("derived")
@effort
def test_B_GRD_8_implicit_gradients(part):
    for wrt in ("b", "W_h", "W_x", "input"):
        result = implicit_derivative(elman(), wrt)
        assert verify(result, trials=25 // part, dims=(1, 2, 3)), wrt
    for name in ("b", "W_h", "W_x"):
        assert verify(implicit_gradient(elman(), name), trials=25 // part, dims=(1, 2, 3)), name
    rng = np.random.default_rng(3)
    W, bias = rng.normal(size=(3, 3)) / 2, rng.normal(size=3)

    def rest(bias):
        state = np.zeros(3)
        for _ in range(2000):
            state = np.tanh(W @ state + bias)
        return state

    D = np.diag(1 - rest(bias) ** 2)
    want = np.linalg.solve(np.eye(3) - D @ W, D)
    step = 1e-6
    differences = np.stack([(rest(bias + step * e) - rest(bias - step * e)) / (2 * step) for e in np.eye(3)], axis=1)
    assert np.abs(want - differences).max() < 1e-8
    # near the fold the derivative grows like delta^(-1/2)
    mp.mp.dps = 40
    edge = mp.sqrt(2) - mp.acosh(mp.sqrt(2))
    sizes = []
    for gap in (mp.mpf("1e-6"), mp.mpf("1e-10")):
        low = mp.findroot(lambda u, gap=gap: mp.tanh(2 * u + edge - gap) - u, -mp.sqrt(0.5) - mp.sqrt(gap))
        sizes.append((1 - low**2) / (1 - 2 * (1 - low**2)))
    assert abs(mp.log(abs(sizes[1] / sizes[0])) / mp.log(mp.mpf(10) ** 4) - 0.5) < 0.01
