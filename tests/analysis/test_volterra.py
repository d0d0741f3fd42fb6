"""Harmonics of one weakly driven unit: against the network, run to its steady state."""

import pickle
from dataclasses import replace

import flint
import numpy as np
import pytest
import sympy as sp

from rnnsym.analysis.volterra import AMPLITUDE, OMEGA, harmonic_response, linear_response
from rnnsym.cells import elman, gru, leaky
from rnnsym.defined import Numbers, responses
from rnnsym.exact import is_zero
from rnnsym.result import NoClosedForm, SpecError
from rnnsym.verify import verify

w, b = sp.symbols("w b", real=True)
THIRD = sp.Rational(1, 3)


def plain(weight=THIRD, phi="tanh", gain=1):
    return elman(phi, W_h=weight, W_x=gain, b=0)


def biased(phi="tanh", weight=THIRD):
    return elman(phi, W_h=weight, W_x=2, b=b)


def at_a_point(result):
    """The claim with everything but the amplitude fixed: nothing to shrink when it is refused."""
    values = {"omega": sp.Rational(7, 5), "h_star": THIRD, "alpha": THIRD, "u": sp.Rational(3, 2)}
    return result.subs({s: values[s.name] for s in result.free_symbols if s.name in values})


CELLS = {
    "tanh": lambda: plain(gain=sp.Symbol("u", real=True)),
    "negative": lambda: plain(-THIRD),
    "arctan": lambda: plain(phi="arctan"),
    "biased tanh": biased,
    "biased sigmoid": lambda: biased("sigmoid"),
    "softplus": lambda: biased("softplus", sp.Rational(1, 4)),
    "leaky": lambda: leaky(a=sp.Rational(3, 4), W_h=THIRD, W_x=1, b=b),
}
EVEN = {"biased tanh", "biased sigmoid", "softplus", "leaky"}


@pytest.mark.parametrize("name", CELLS)
def test_the_third_order_agrees_with_the_network_and_a_wrong_one_is_refused(name):
    for harmonic in (1, 3):
        result = harmonic_response(CELLS[name](), harmonic)
        assert verify(result, trials=2), result.name
        fixed = at_a_point(result)
        for factor in (-1, sp.Rational(3, 4)):
            assert not verify(replace(fixed, rhs=fixed.rhs * factor), trials=1)
    assert pickle.loads(pickle.dumps(result)) == result and result.latex()


@pytest.mark.parametrize("name", sorted(EVEN))
def test_the_second_order_agrees_with_the_network(name):
    for harmonic in (0, 2):
        result = harmonic_response(CELLS[name](), harmonic)
        assert verify(result, trials=2), result.name
        fixed = at_a_point(result)
        assert not verify(replace(fixed, rhs=fixed.rhs * 2), trials=1)


def test_an_odd_unit_has_no_even_harmonics_at_any_amplitude():
    for harmonic in (0, 2):
        result = harmonic_response(plain(), harmonic)
        assert result.relation == "=" and result.rhs == 0 and verify(result, trials=5)
    shifted = replace(at_a_point(harmonic_response(biased(), 2)), rhs=sp.S.Zero, relation="=", given=AMPLITUDE < 1)
    assert not verify(shifted, trials=1)


def test_the_linear_response_agrees():
    for cell in (plain(), biased()):
        result = linear_response(cell)
        assert verify(result, trials=2)
        fixed = at_a_point(result)
        assert not verify(replace(fixed, rhs=sp.conjugate(fixed.rhs)), trials=1)


def test_the_quadratic_part_of_the_third_order_is_needed():
    """The cubic term alone is not the third order where phi'' is not 0."""
    for harmonic in (1, 3):
        result = at_a_point(harmonic_response(biased(), harmonic))
        names = {s.name: s for s, _ in result.where}
        for name in {"H_0", "H_2"} & set(names):
            assert not verify(replace(result, rhs=result.rhs.xreplace({names[name]: sp.S.Zero})), trials=1)


def test_at_rest_in_zero_the_bias_makes_no_difference():
    shifted, still = (harmonic_response(elman(W_h=w, W_x=1, b=value), 3).explicit for value in (b, 0))
    h_star = next(s for s in shifted.free_symbols if s.name == "h_star")
    assert is_zero(shifted.subs(h_star, 0) - still)


@pytest.mark.parametrize("weight", [THIRD, -sp.Rational(2, 5)])
def test_a_constant_drive_and_an_alternating_one_have_the_series_of_their_fixed_points(weight):
    """omega = 0: h = tanh(w h + y); omega = pi: h_t = (-1)^t g with g = tanh(y - w g); with g = c y + d y^3, y = a cos psi,
    the harmonics over psi are c a + 3 d a^3/4 and d a^3/4."""
    for omega, sign in ((0, 1), (sp.pi, -1)):
        c = 1 / (1 - sign * weight)
        d = -(c**4) / 3
        first, third = (harmonic_response(plain(weight), k, omega=omega) for k in (1, 3))
        assert is_zero(first.explicit - 3 * d * AMPLITUDE**3 / 4)
        assert is_zero(third.explicit - d * AMPLITUDE**3 / 4)
        assert verify(first, trials=1) and verify(third, trials=1)


def test_the_error_is_two_orders_higher():
    for cell, harmonic, order in ((plain(), 1, 5), (plain(), 3, 5), (biased(), 2, 4)):
        result = harmonic_response(cell, harmonic)
        fixed = {OMEGA: sp.Rational(7, 5), **{s: THIRD for s in result.free_symbols if s.name == "h_star"}}
        gaps, sizes = [], (0.1, 0.05, 0.025)
        for size in sizes:
            numbers = Numbers({**fixed, AMPLITUDE: sp.Rational(str(size))})
            for symbol, value in result.where:
                numbers.know(symbol, numbers.value(value))
            gaps.append(abs(numbers.float(result.lhs) - numbers.float(result.rhs)))
        assert abs(np.polyfit(np.log(sizes), np.log(gaps), 1)[0] - order) < 0.1


def test_the_harmonics_are_those_in_time_at_an_irrational_frequency():
    """tanh(-2/5 h + a cos t): 19 states of the steady state are fitted by nine harmonics, at 60 digits."""
    with flint.ctx.workdps(60):
        h, rows, states = flint.arb(0), [], []
        for t in range(150):
            h = (-flint.arb(2) / 5 * h + flint.arb(t).cos() / 20).tanh().mid()
            if t >= 131:
                waves = [f for k in range(1, 10) for f in (flint.arb(k * t).cos(), flint.arb(k * t).sin())]
                rows.append([flint.arb(1), *waves])
                states.append([h])
        fitted = flint.arb_mat(rows).solve(flint.arb_mat(states))
        found = complex(float(fitted[5, 0]), -float(fitted[6, 0]))
    third = harmonic_response(plain(-sp.Rational(2, 5)), 3)
    node = complex(Numbers({OMEGA: 1, AMPLITUDE: sp.Rational(1, 20)}).float(third.lhs))
    assert abs(found - node) < 1e-9 * abs(node)
    rough = complex(sp.N(third.explicit.subs({OMEGA: 1, AMPLITUDE: sp.Rational(1, 20)})))
    assert abs(rough - node) < 0.01 * abs(node)


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda: harmonic_response(plain(), 4), SpecError),
        (lambda: harmonic_response(plain(1)), NoClosedForm),
        (lambda: harmonic_response(plain(-1)), NoClosedForm),
        (lambda: harmonic_response(plain(2)), NoClosedForm),
        (lambda: harmonic_response(plain(phi="relu")), NoClosedForm),
        (lambda: harmonic_response(plain(phi="softsign")), NoClosedForm),
        (lambda: harmonic_response(plain(phi="identity")), NoClosedForm),
        (lambda: harmonic_response(elman(W_h=w, W_x=1, b=1)), NoClosedForm),
        (lambda: harmonic_response(elman(W_h=sp.Symbol("a", real=True), W_x=1, b=0)), NoClosedForm),
        (lambda: harmonic_response(gru(n=1, m=1)), NoClosedForm),
    ],
)
def test_what_has_no_weakly_nonlinear_response_is_refused(call, error):
    with pytest.raises(error):
        call()


@pytest.mark.slow
@pytest.mark.parametrize("harmonic", [0, 1, 2, 3])
def test_every_weight_agrees(harmonic):
    for cell in (elman(W_h=w, W_x=1, b=0), elman(W_h=w, W_x=1, b=b)):
        assert verify(harmonic_response(cell, harmonic), trials=10)


@pytest.mark.slow
@pytest.mark.parametrize(("weight", "omega"), [("49/50", 0), ("-49/50", sp.pi), ("99/100", 1)])
def test_a_unit_close_to_the_edge(weight, omega, monkeypatch):
    monkeypatch.setattr(responses, "PATIENCE", 12000)
    assert verify(harmonic_response(plain(sp.Rational(weight)), 3, omega=omega), trials=1)
