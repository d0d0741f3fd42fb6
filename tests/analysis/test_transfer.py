"""H(z), its poles and zeros: against numbers, SciPy and python-control, and on the traps in which peers are wrong."""

import numpy as np
import pytest
import sympy as sp

from rnnsym.analysis.poles import poles, zeros
from rnnsym.analysis.transfer import dc_gain, relative_degree, transfer_function
from rnnsym.cells import elman, linear
from rnnsym.result import RnnsymError, ShapeError, SpecError
from rnnsym.systems import LinearSystem, Time
from rnnsym.verify import verify

from .filters import arrays, halved, random_system, symbolic, unconditional, wrong

a, b, c, d = sp.symbols("a b c d", real=True)
A, alpha = sp.symbols("A alpha", real=True)
z = sp.Symbol("z")
h = sp.Rational(1, 2)
POINTS = (0.3 + 0.7j, -1.9 + 0.2j, 2.3 - 1.1j)

ONE = LinearSystem(alpha * A, alpha, 1, 0)
SYSTEMS = {
    "one pole": ONE,
    "one pole, previous": LinearSystem(alpha * A, alpha, 1, 1, readout="previous"),
    "two poles": LinearSystem([[a, 1], [0, b]], [0, 1], [[c, 1]]),
    "companion": LinearSystem([[0, 1], [b, a]], [0, 1], [[1, 0]], readout="previous"),
    "feedthrough": LinearSystem(sp.diag(a, b), [1, 1], [[1, 1]], [[2]]),
    "hidden": LinearSystem(sp.diag(h, b), [1, 0], [[1, 1]]),
    "mimo": LinearSystem(sp.diag(a, b, c), [[1, 0], [1, 1], [0, 1]], [[1, 0, 1], [1, 1, 0]], readout="previous"),
    "numbers": LinearSystem(sp.diag(h, sp.Rational(1, 3)), [1, 1], [[1, 1]]),
    "no state": LinearSystem(sp.zeros(0, 0), sp.zeros(0, 1), sp.zeros(1, 0), [[3]]),
}
FUNCTIONS = {"H": transfer_function, "poles": poles, "zeros": zeros, "dc": dc_gain, "degree": relative_degree}


@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize("name", SYSTEMS)
def test_every_answer_agrees_with_its_definition(name, function):
    check = verify(FUNCTIONS[function](SYSTEMS[name]), trials=30)
    assert check and check.trials >= 5, check


@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize("name", ["one pole", "two poles", "mimo", "numbers"])
def test_a_wrong_answer_is_refused(name, function):
    result = FUNCTIONS[function](SYSTEMS[name])
    if result.rhs != 0:
        assert not verify(wrong(result), trials=30)
    if function in ("H", "dc"):
        assert not verify(halved(result), trials=30)


@pytest.mark.parametrize("function", ["H", "poles", "zeros", "dc"])
def test_a_lost_hypothesis_is_refused(function):
    name = {"H": "hidden", "poles": "two poles", "zeros": "two poles", "dc": "hidden"}[function]
    assert not verify(unconditional(FUNCTIONS[function](SYSTEMS[name])), trials=400)


def test_the_examples_of_the_design_hold_as_written():
    result = transfer_function(ONE)
    assert sp.cancel(result.rhs[0, 0] - alpha / (1 - alpha * A / z)) == 0
    assert transfer_function(LinearSystem([[a]], [[b]], [[1]], [[0]])).rhs == sp.Matrix([[b * z / (z - a)]])


@pytest.mark.parametrize("seed", range(64))
def test_random_systems_agree_with_numbers(seed):
    system = random_system(seed)
    X, B, C, D = arrays(system)
    H = sp.lambdify(z, transfer_function(system, minimal=False).rhs.tolist())
    for point in POINTS:
        want = C @ np.linalg.solve(point * np.eye(len(X)) - X, B) + D
        np.testing.assert_allclose(np.array(H(point), dtype=complex), want, rtol=1e-9, atol=1e-10)


@pytest.mark.parametrize("seed", range(24))
def test_random_systems_agree_with_python_control(seed):
    control = pytest.importorskip("control")
    system = random_system(seed)
    other = control.ss(*arrays(system), True)
    H = sp.lambdify(z, transfer_function(system, minimal=False).rhs.tolist())
    for point in POINTS:
        want = np.asarray(other(point)).reshape(system.p, system.m)
        np.testing.assert_allclose(np.array(H(point), dtype=complex), want, rtol=1e-8, atol=1e-9)


@pytest.mark.parametrize("seed", range(24))
def test_random_systems_agree_with_scipy(seed):
    signal = pytest.importorskip("scipy.signal")
    system = random_system(seed, channels=1)
    top, bottom = signal.ss2tf(*arrays(system))
    H = sp.lambdify(z, transfer_function(system, minimal=False).rhs[0, 0])
    for point in POINTS:
        np.testing.assert_allclose(
            complex(H(point)), np.polyval(top[0], point) / np.polyval(bottom, point), rtol=1e-7, atol=1e-8
        )


@pytest.mark.parametrize("seed", range(64))
def test_poles_and_zeros_of_random_systems_agree_with_their_definition(seed):
    system = random_system(seed, most=4, channels=1 + seed % 2)
    for result in (poles(system), poles(system, minimal=False)):
        assert verify(result, trials=1), result
    if any(e != 0 for e in transfer_function(system, minimal=False).rhs):
        for result in (zeros(system), zeros(system, minimal=False)):
            assert verify(result, trials=1), result


@pytest.mark.parametrize("seed", range(27))
def test_substitute_then_derive_is_derive_then_substitute(seed):
    system, values = symbolic(seed)
    special = system.subs(values)
    for function in (lambda s: transfer_function(s, minimal=False), lambda s: dc_gain(s)):
        try:
            general = function(system).subs(values)
        except RnnsymError:  # a hypothesis is not met there
            continue
        gap = sp.Matrix([general.rhs]) - sp.Matrix([function(special).rhs])
        assert all(sp.cancel(e) == 0 for e in gap)


@pytest.mark.parametrize("seed", range(12))
def test_similar_systems_have_one_transfer_function(seed):
    system, _ = symbolic(seed)
    T = sp.eye(system.n)
    T[0, -1] = 2 if system.n > 1 else 3
    gap = transfer_function(system).rhs - transfer_function(system.similar(T)).rhs
    assert all(sp.cancel(e) == 0 for e in gap)


@pytest.mark.parametrize("seed", range(9))
def test_the_dual_system_has_the_transpose(seed):
    system, _ = symbolic(seed)
    system = system.with_readout("previous")
    gap = transfer_function(system).rhs.T - transfer_function(system.dual).rhs
    assert all(sp.cancel(e) == 0 for e in gap)


def test_series_and_parallel_multiply_and_add():
    first, second = SYSTEMS["two poles"], LinearSystem(d, 1, 1, 2)
    H, G = transfer_function(first).rhs, transfer_function(second).rhs
    assert sp.cancel(transfer_function(first.series(second)).rhs[0, 0] - (G * H)[0, 0]) == 0
    assert sp.cancel(transfer_function(first.parallel(second)).rhs[0, 0] - (G + H)[0, 0]) == 0


# the traps


def test_a_parameter_named_z_is_never_mixed_with_the_transform_variable():
    gate = sp.Symbol("z", real=True)
    system = LinearSystem([[1 - gate]], [[gate]])
    with pytest.raises(SpecError, match="'z'.*transform variable|transform variable.*'z'"):
        transfer_function(system)
    other = sp.Symbol("q")
    assert sp.cancel(transfer_function(system, other).rhs[0, 0] - gate * other / (other - 1 + gate)) == 0
    assert [tuple(p) for p in poles(system).rhs] == [(1 - gate, 1)]


def test_the_letter_s_is_a_letter_like_others():
    s, p = sp.symbols("s p")
    H = transfer_function(LinearSystem([[0, 1], [s, p]], [0, 1], [[1, 0]], readout="previous")).rhs[0, 0]
    assert sp.cancel(H - 1 / (z**2 - p * z - s)) == 0


def test_a_hidden_unstable_mode_does_not_vanish():
    system = LinearSystem(sp.diag(2, h), [0, 1], [[1, 1]], readout="previous")
    with pytest.raises(RnnsymError, match="pole 2 cancels a zero: a hidden unstable mode.*minimal=False"):
        transfer_function(system)
    kept = transfer_function(system, minimal=False)
    top, bottom = sp.fraction(kept.rhs[0, 0])
    assert sp.Poly(bottom, z).degree() == 2 and bottom.subs(z, 2) == 0 and "pole 2" in kept.name
    assert [tuple(p) for p in poles(system).rhs] == [(h, 1)] and "pole 2" in poles(system).name
    assert sorted(tuple(p) for p in poles(system, minimal=False).rhs) == [(h, 1), (2, 1)]
    assert (2, 1) in [tuple(p) for p in zeros(system, minimal=False).rhs]


def test_a_hidden_stable_mode_is_reported():
    result = transfer_function(LinearSystem(sp.diag(h, sp.Rational(1, 3)), [1, 0], [[1, 1]], readout="previous"))
    assert result.rhs[0, 0] == 2 / (2 * z - 1)
    assert (
        "hidden modes: pole 1/3" in result.name and result.steps and result.given.subs(z, sp.Rational(1, 3)) == sp.false
    )


def test_the_two_readouts_differ_by_a_delay():
    current, previous = LinearSystem(a, b), LinearSystem(a, b, readout="previous")
    assert sp.cancel(transfer_function(current).rhs[0, 0] - z * transfer_function(previous).rhs[0, 0]) == 0
    assert (relative_degree(LinearSystem(a, 1)).rhs, relative_degree(LinearSystem(a, 1, readout="previous")).rhs) == (
        0,
        1,
    )


def test_transmission_zeros_are_not_those_of_the_entries():
    system = LinearSystem(sp.diag(h, h), sp.eye(2), [[1, 1], [1, 1]], sp.eye(2), readout="previous")
    assert verify(zeros(system), trials=1) and verify(poles(system), trials=1)
    H = transfer_function(system).rhs
    for root, _ in zeros(system).rhs:
        assert sp.cancel(H.det()).subs(z, root) == 0
    square = LinearSystem(sp.diag(a, b), sp.eye(2), sp.eye(2), readout="previous")
    assert len(zeros(square).rhs) == 0 and [tuple(p) for p in poles(square).rhs] == [(a, 1), (b, 1)]


def test_poles_of_degree_three_are_given_as_factors():
    system = LinearSystem([[0, 1, 0], [0, 0, 1], [1, 1, 0]], [0, 0, 1], [[1, 0, 0]], readout="previous")
    ((factor, count),) = poles(system).rhs
    assert factor == sp.Poly(z**3 - z - 1, z) and count == 1
    assert verify(poles(system), trials=1)


def test_a_gain_at_rest_needs_that_one_is_no_eigenvalue():
    assert dc_gain(LinearSystem(a, b)).given == sp.Ne(a, 1) or dc_gain(LinearSystem(a, b)).given.subs(a, 1) == sp.false
    with pytest.raises(RnnsymError, match="1 is an eigenvalue of A: there is no gain at rest"):
        dc_gain(LinearSystem(1, 1))


def test_continuous_time_speaks_of_s():
    s = sp.Symbol("s")
    system = LinearSystem(-a, 1, time=Time("continuous"))
    assert sp.cancel(transfer_function(system).rhs[0, 0] - 1 / (s + a)) == 0
    assert dc_gain(system).rhs == 1 / a
    with pytest.raises(SpecError, match="continuous; discretize it first"):
        relative_degree(system)


def test_cells_are_taken_when_they_are_linear():
    assert transfer_function(linear(W_h=a, W_x=c)).rhs[0, 0] == c * z / (z - a)
    with pytest.raises(SpecError, match="nonlinear.*operating point h\\*, x\\*"):
        transfer_function(elman(n=2, m=1))
    with pytest.raises(SpecError):
        transfer_function("elman")


def test_shapes_that_do_not_fit_are_refused():
    with pytest.raises(ShapeError):
        transfer_function(LinearSystem(sp.eye(2), [1, 2, 3]))


@pytest.mark.usefixtures("no_hang")
def test_a_full_symbolic_system_of_five_states_is_answered():
    X = sp.ImmutableMatrix(5, 5, sp.symbols("a:25"))
    B, C = sp.ImmutableMatrix(5, 1, sp.symbols("b:5")), sp.ImmutableMatrix(1, 5, sp.symbols("c:5"))
    result = transfer_function(LinearSystem(X, B, C, readout="previous"))  # its time: tests/benchmarks
    assert verify(result, trials=2)
