"""Responses in time and the z-transform: against iteration and SciPy, and right at repeated, complex and unit poles."""

import numpy as np
import pytest
import sympy as sp

from rnnsym.analysis.response import (
    final_value,
    impulse_response,
    inverse_z_transform,
    markov_parameters,
    step_response,
    z_transform,
)
from rnnsym.result import NoClosedForm, RnnsymError, SpecError
from rnnsym.systems import LinearSystem
from rnnsym.verify import verify

from .filters import arrays, random_system, unconditional, wrong

a, b, c, p, theta, z = sp.symbols("a b c p theta z", real=True)
A, alpha = sp.symbols("A alpha", real=True)
k = sp.Symbol("k", integer=True, nonnegative=True)
h = sp.Rational(1, 2)

SYSTEMS = {
    "one pole": LinearSystem(alpha * A, alpha, 1, 0),
    "one pole, previous": LinearSystem(alpha * A, alpha, 1, 1, readout="previous"),
    "two poles": LinearSystem([[a, 1], [0, b]], [0, 1], [[c, 1]]),
    "two poles, previous": LinearSystem([[a, 1], [0, b]], [0, 1], [[c, 1]], readout="previous"),
    "complex pair": LinearSystem([[h, -h], [h, h]], [0, 1], [[1, 0]]),
    "nilpotent": LinearSystem([[0, 1], [0, 0]], [0, 1], [[1, 0]], readout="previous"),
    "pole at one": LinearSystem([[1, 1], [0, 1]], [0, 1], [[1, 0]]),
    "defective": LinearSystem([[h, 1, 0], [0, h, 1], [0, 0, h]], [0, 0, 1], [[1, 0, 0]]),
    "two channels": LinearSystem(sp.diag(a, h), sp.eye(2), [[1, 1], [b, 0]], readout="previous"),
}
FUNCTIONS = {"impulse": impulse_response, "step": step_response, "markov": lambda s: markov_parameters(s, 4)}
SEQUENCES = [
    p**k, k * p**k, k**2 * p**k + 3, sp.sin(theta * k), p**k * sp.cos(theta * k + a), k * sp.sin(theta * k),
    sp.KroneckerDelta(k, 2), p ** (k - 3) * sp.Heaviside(k - 3, 1), [1, 2, a], sp.Piecewise((0, k < 2), (p**k, True)),
    sp.exp(-a * k), 2**k * p ** (2 * k + 1), sp.sin(theta * k) ** 2, k * sp.Heaviside(k - 2), (-1) ** k, sp.cos(sp.pi * k / 2),
    sp.sin(theta * k) * sp.cos(a * k) * p**k, sp.Integer(2), sp.Integer(0),
]  # fmt: skip
RATIONALS = [
    z / (z - p), 1 / (z - p), 1 / (z - p) ** 2, z / ((z - p) * (z - a)), z**-3, 1 + 2 / z, z / (z - 1) ** 2, 1 / (z**2 + 1),
    1 / (z**2 - 2 * p * z * sp.cos(theta) + p**2), 1 / ((z - h) * (z**2 + h) * z), (a * z + 1) / (b * z - 1), sp.Integer(3),
    1 / ((z - a) * (z**2 + h)), 1 / ((z - a) * (z - b) * (z - c)),
]  # fmt: skip


@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize("name", SYSTEMS)
def test_every_response_agrees_with_iteration(name, function):
    result = FUNCTIONS[function](SYSTEMS[name])
    check = verify(result, trials=60)
    assert check and check.trials >= 30, check
    assert not verify(wrong(result), trials=60)


@pytest.mark.parametrize("seed", range(32))
def test_responses_of_random_systems_agree_with_iteration(seed):
    system = random_system(seed, most=4, channels=2)
    X, B, C, D = arrays(system)
    want, state = [D], B
    for _ in range(5):
        want.append(C @ state)
        state = X @ state
    found = np.array(markov_parameters(system, 6).rhs.tolist(), dtype=float)
    np.testing.assert_allclose(found, np.concatenate(want, axis=1), rtol=1e-10, atol=1e-12)
    try:
        result = impulse_response(system)
    except NoClosedForm:
        return
    assert verify(result, trials=6), result


@pytest.mark.parametrize("seed", range(12))
def test_impulse_responses_agree_with_scipy(seed):
    signal = pytest.importorskip("scipy.signal")
    system = random_system(seed, stable=True, most=3, channels=1)
    _, (found,) = signal.dimpulse((*arrays(system), 1), n=8)
    try:
        response = impulse_response(system)
    except NoClosedForm:
        return
    values = [complex(sp.N(response.explicit.subs(k, j), 20)) for j in range(8)]
    np.testing.assert_allclose(values, found[:, 0], atol=1e-10)


@pytest.mark.parametrize("name", ["one pole", "two poles", "two poles, previous"])
def test_markov_parameters_are_the_series_of_the_transfer_function(name):
    from rnnsym.analysis.transfer import transfer_function

    system, w = SYSTEMS[name], sp.Symbol("w")
    H = sp.cancel(transfer_function(system, 1 / w).rhs[0, 0])
    series = sp.series(H, w, 0, 4).removeO()
    for j, value in enumerate(markov_parameters(system, 4).rhs):
        assert sp.simplify(series.coeff(w, j) - value) == 0


@pytest.mark.parametrize(
    ("system", "values"),
    [
        (LinearSystem(a, 1, readout="previous").subs({a: 0}), [0, 1, 0, 0]),
        (LinearSystem([[a, 1], [0, b]], [0, 1], [[1, 0]]).subs({a: h, b: h}), [0, 1, 1, sp.Rational(3, 4)]),
        (LinearSystem([[a, 1], [0, b]], [0, 1], [[1, 0]]).subs({a: 0, b: 0}), [0, 1, 0, 0]),
    ],
)
def test_the_impulse_response_at_zero_and_repeated_poles(system, values):
    """1/(z - a) as a^n/a - delta/a fails at a = 0; a generic A^n fails at b = a (sympy)."""
    result = impulse_response(system)
    assert [result.explicit.subs(k, j) for j in range(4)] == values


def test_general_responses_are_right_on_their_exceptional_sets():
    whole = impulse_response(LinearSystem([[a, 1], [0, b]], [0, 1], [[1, 0]]))
    assert [whole.rhs.subs({a: h, b: h}).subs(k, j) for j in range(4)] == [0, 1, 1, sp.Rational(3, 4)]
    first = impulse_response(LinearSystem(a, 1, readout="previous")).rhs
    assert [first.subs(a, 0).subs(k, j) for j in range(4)] == [0, 1, 0, 0]
    step = step_response(LinearSystem(a, 1)).rhs
    assert [step.subs(a, 1).subs(k, j) for j in range(4)] == [1, 2, 3, 4]


def test_a_final_value_needs_poles_inside_the_circle():
    result = final_value(LinearSystem(a, b))
    assert result.rhs == b / (1 - a) and result.given == (abs(a) < 1)
    assert verify(result, trials=60) and not verify(wrong(result), trials=60)
    assert not verify(unconditional(result), trials=200)
    for value in (1, -1, 2):
        with pytest.raises(RnnsymError, match="no final value"):
            final_value(LinearSystem(value, 1))
    with pytest.raises(RnnsymError, match="no final value"):
        final_value(LinearSystem([[0, 1], [-1, 0]], [0, 1], [[1, 0]]))


def test_a_parameter_with_the_name_of_the_step_is_refused():
    system = LinearSystem(sp.Symbol("k"), 1)
    with pytest.raises(SpecError, match="'k' of the system has the name of the step 'k'"):
        impulse_response(system)
    assert verify(impulse_response(system, sp.Symbol("t", integer=True, nonnegative=True)), trials=20)
    with pytest.raises(SpecError, match="whole number"):
        impulse_response(LinearSystem(a, 1), sp.Symbol("t"))
    for count in (0, -1, 1.5, True):
        with pytest.raises(SpecError, match="whole number >= 1"):
            markov_parameters(system, count)


# the z-transform


@pytest.mark.parametrize("f", SEQUENCES, ids=str)
def test_every_transform_agrees_with_its_sum(f):
    result = z_transform(f, k, z)
    check = verify(result, trials=10)
    assert check, check
    assert not verify(wrong(result), trials=10)


@pytest.mark.parametrize("f", [p**k, k * p**k, sp.sin(theta * k)], ids=str)
def test_a_transform_outside_its_region_is_refused(f):
    assert not verify(unconditional(z_transform(f, k, z)), trials=40)


@pytest.mark.parametrize("H", RATIONALS, ids=str)
def test_every_inverse_transform_agrees_with_long_division(H):
    result = inverse_z_transform(H, z, k)
    check = verify(result, trials=40)
    assert check and check.trials >= 20, check
    assert not verify(wrong(result), trials=40)


@pytest.mark.parametrize("f", SEQUENCES[:4] + SEQUENCES[6:7] + SEQUENCES[9:10] + SEQUENCES[14:16], ids=str)
def test_the_inverse_transform_takes_a_sequence_back(f):
    back = inverse_z_transform(z_transform(f, k, z).rhs, z, k).explicit
    for j in range(5):
        gap = sp.lambdify((p, theta, a), (back - sp.sympify(f)).subs(k, j))
        assert abs(complex(gap(0.7, 0.4, 0.3))) < 1e-12


def test_what_has_no_rational_transform_is_refused():
    for f in (1 / (k + 1), sp.factorial(k), p ** (k**2), sp.log(k + 1)):
        with pytest.raises(NoClosedForm):
            z_transform(f, k, z)
    with pytest.raises(NoClosedForm, match="no causal sequence"):
        inverse_z_transform(z**2 / (z - 1), z, k)
    with pytest.raises(NoClosedForm, match="no closed form"):
        inverse_z_transform(1 / (z**3 - z - 1), z, k)
    with pytest.raises(SpecError, match="transform variable z"):
        z_transform(z**k, k, z)


STEPS = (
    None, sp.Symbol("t", integer=True, nonnegative=True), sp.Symbol("t", integer=True), sp.Symbol("q", integer=True, positive=True),
)  # fmt: skip


@pytest.mark.parametrize("readout", ["current", "previous"])
@pytest.mark.parametrize("step", STEPS, ids=str)
def test_a_pole_at_zero_is_kept_for_every_symbol_of_the_step(step, readout):
    """A response in the caller's own symbol, with and without assumptions, at a pole that becomes 0: by the powers of A."""
    plain = sp.Symbol("w")
    symbol = k if step is None else step
    for X in ([[a]], [[plain]], [[a, 1], [0, b]], [[0, 1], [-b, a]]):
        n = len(X)
        system = LinearSystem(X, [0] * (n - 1) + [1], [[1] * n], [[3]], readout=readout)
        found = [impulse_response(system, step).explicit, step_response(system, step).explicit]
        for values in ({a: 0, b: 0, plain: 0}, {a: 0, b: h, plain: h}, {a: 1, b: 0, plain: 1}):
            F, B, C, D = (M.subs(values) for M in system.with_readout("previous").matrices)
            markov = [D[0, 0], *((C * F**i * B)[0, 0] for i in range(3))]
            for i in range(1 if symbol.is_positive else 0, 4):
                for expression, want in zip(found, (markov[i], sum(markov[: i + 1])), strict=True):
                    assert expression.subs(symbol, i).subs(values) == want, (X, expression, values, i)


def test_a_step_may_be_a_number_or_an_expression_and_no_parameter():
    t = sp.Symbol("t", integer=True, nonnegative=True)
    delayed = LinearSystem([[a]], [[1]], readout="previous")
    assert [impulse_response(delayed, i).rhs.subs(a, 0) for i in range(3)] == [0, 1, 0]
    assert verify(impulse_response(delayed, t + 1), trials=20)
    for clash in (sp.Symbol("a", integer=True), sp.Symbol("a", integer=True) + 1):
        with pytest.raises(SpecError, match="has the name of the step"):
            impulse_response(delayed, clash)
    with pytest.raises(SpecError, match="k >= 0"):
        step_response(delayed, -1)
