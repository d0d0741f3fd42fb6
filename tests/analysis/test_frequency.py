"""The response to sinusoids: against its definition and numbers."""

import numpy as np
import pytest
import sympy as sp

from rnnsym.analysis.frequency import (
    OMEGA,
    frequency_response,
    group_delay,
    half_power_frequency,
    phase,
    resonance,
    squared_magnitude,
)
from rnnsym.result import NoClosedForm, RnnsymError, SpecError
from rnnsym.systems import LinearSystem
from rnnsym.verify import verify

from .filters import arrays, random_system, unconditional, wrong

a, b, c, d, t = sp.symbols("a b c d t", real=True)
A, alpha = sp.symbols("A alpha", real=True)
h = sp.Rational(1, 2)
SYSTEMS = {
    "one pole": LinearSystem(alpha * A, alpha, 1, 0),
    "one pole and zero": LinearSystem(a, b, 1, 1, readout="previous"),
    "two poles": LinearSystem([[a, 1], [0, b]], [0, 1], [[c, 1]]),
    "companion": LinearSystem([[0, 1], [-d, t]], [0, 1], [[1, 0]], readout="previous"),
    "numbers": LinearSystem([[h, -h], [h, h]], [0, 1], [[1, 0]]),
    "complex symbols": LinearSystem(sp.Symbol("q"), 1),
}
FUNCTIONS = (frequency_response, squared_magnitude, phase, group_delay)


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda f: f.__name__)
@pytest.mark.parametrize("name", SYSTEMS)
def test_every_response_agrees_with_its_definition(name, function):
    result = function(SYSTEMS[name])
    check = verify(result, trials=40)
    assert check and check.trials >= 10, check
    assert not verify(wrong(result), trials=40)


@pytest.mark.parametrize("seed", range(24))
def test_random_systems_agree_with_numbers(seed):
    system = random_system(seed, most=3, channels=1, stable=True)
    X, B, C, D = arrays(system)
    if all(e == 0 for e in system.B) or all(e == 0 for e in system.C):
        return
    square = sp.lambdify(OMEGA, squared_magnitude(system).rhs)
    for w in (0.0, 0.4, 1.9, np.pi):
        want = abs((C @ np.linalg.solve(np.exp(1j * w) * np.eye(len(X)) - X, B) + D)[0, 0]) ** 2
        np.testing.assert_allclose(square(w), want, rtol=1e-8, atol=1e-10)


def test_the_half_power_frequency_exists_from_three_minus_two_roots_of_two_on():
    result = half_power_frequency(SYSTEMS["one pole"])
    assert verify(result, trials=20) and not verify(unconditional(result), trials=60)
    assert result.given.subs({alpha: 1, A: sp.Rational(17, 100)}) == sp.false
    with pytest.raises(NoClosedForm, match="p >= 3 - 2 sqrt"):
        half_power_frequency(LinearSystem(sp.Rational(17, 100), 1))
    assert half_power_frequency(LinearSystem(sp.Rational(18, 100), 1)).given == sp.true
    with pytest.raises(RnnsymError, match="rho"):
        half_power_frequency(LinearSystem(2, 1))
    assert verify(half_power_frequency(SYSTEMS["one pole and zero"]), trials=20)
    assert verify(half_power_frequency(SYSTEMS["two poles"]), trials=5)


def test_a_resonance_needs_two_poles():
    result = resonance(SYSTEMS["companion"])
    assert verify(result, trials=10) and not verify(wrong(result), trials=10)
    with pytest.raises(NoClosedForm, match="monotone"):
        resonance(SYSTEMS["one pole"])
    with pytest.raises(NoClosedForm, match="no resonance"):
        resonance(LinearSystem([[0, 1], [0, h]], [0, 1], [[1, 0]], readout="previous"))


def test_parameters_that_are_not_real_are_a_hypothesis():
    q = sp.Symbol("q")
    assert sp.Eq(sp.im(q), 0) in squared_magnitude(LinearSystem(q, 1)).given.args


def test_a_name_clash_with_the_frequency_is_refused():
    with pytest.raises(SpecError, match="'omega'"):
        squared_magnitude(LinearSystem(sp.Symbol("omega", real=True), 1))
    with pytest.raises(SpecError, match="one input and one output"):
        squared_magnitude(LinearSystem(sp.eye(2), sp.eye(2)))


def test_a_gain_of_zero_has_no_phase_and_no_delay():
    silent, difference = LinearSystem(a, 0), LinearSystem(0, 1, -1, 1, readout="previous")  # H = 0; H = 1 - 1/z
    for function in (phase, group_delay):
        for system, omega in ((silent, None), (difference, 0)):
            with pytest.raises(RnnsymError, match="H is 0 at the frequency"):
                function(system, omega)
        assert verify(function(difference), trials=20)
