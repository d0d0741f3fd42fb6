"""Linear systems to and from python-control, SciPy and SymPy."""

import sys

import numpy as np
import pytest
import sympy as sp

from rnnsym.analysis.transfer import transfer_function
from rnnsym.interop import from_control, to_control, to_scipy, to_sympy
from rnnsym.result import RnnsymError, SpecError
from rnnsym.systems import LinearSystem, Time
from tests.analysis.filters import arrays, random_system

z = sp.Symbol("z")


@pytest.mark.parametrize("seed", range(24))
def test_round_trips_through_python_control_agree(seed):
    control = pytest.importorskip("control")
    system = random_system(seed)
    other = to_control(system)
    assert isinstance(other, control.StateSpace) and other.dt is True
    back = from_control(other)
    assert back.readout == "previous"
    for M, want in zip(back.matrices, arrays(system), strict=True):
        np.testing.assert_allclose(np.array(M.tolist(), dtype=float).reshape(M.shape), want, rtol=0, atol=1e-12)
    H = sp.lambdify(z, transfer_function(system, minimal=False).rhs.tolist())
    for point in (0.3 + 0.7j, -1.9 + 0.2j):
        want = np.asarray(other(point)).reshape(system.p, system.m)
        np.testing.assert_allclose(np.array(H(point), dtype=complex), want, rtol=1e-9, atol=1e-10)


def test_the_current_readout_is_converted_exactly():
    pytest.importorskip("control")
    other = to_control(LinearSystem(sp.Rational(1, 2), 3, 5, 7))
    assert [float(M[0, 0]) for M in (other.A, other.B, other.C, other.D)] == [0.5, 3, 2.5, 22]


def test_sampling_times_and_continuous_time_are_kept():
    pytest.importorskip("control")
    system = LinearSystem(-1, 1, time=Time("continuous"))
    assert to_control(system).dt == 0 and not from_control(to_control(system)).time.is_discrete
    system = LinearSystem(sp.Rational(1, 2), 1, time=Time("discrete", sp.Rational(1, 10)))
    assert to_control(system).dt == 0.1 and from_control(to_control(system)).time.step == sp.Rational(1, 10)


def test_transfer_functions_of_python_control_are_read():
    control = pytest.importorskip("control")
    system = from_control(control.tf([1.0], [1.0, -0.5], True))
    assert sp.cancel(transfer_function(system).rhs[0, 0] - 1 / (z - sp.Rational(1, 2))) == 0
    with pytest.raises(SpecError, match="StateSpace"):
        from_control("x")


@pytest.mark.parametrize("seed", range(6))
def test_scipy_gets_the_same_matrices(seed):
    signal = pytest.importorskip("scipy.signal")
    system = random_system(seed)
    other = to_scipy(system)
    assert isinstance(other, signal.StateSpace)
    for M, want in zip((other.A, other.B, other.C, other.D), arrays(system), strict=True):
        np.testing.assert_allclose(M, want, atol=1e-12)


def test_symbols_go_to_sympy_only():
    pytest.importorskip("control")
    a = sp.Symbol("a")
    with pytest.raises(SpecError, match="has the symbols a"):
        to_control(LinearSystem(a, 1))
    other = to_sympy(LinearSystem(-a, 1, time=Time("continuous")))
    assert other.A == sp.Matrix([[-a]])
    if not hasattr(sp.physics.control, "DiscreteStateSpace"):
        with pytest.raises(RnnsymError, match="continuous time only"):
            to_sympy(LinearSystem(a, 1))


def test_an_absent_package_names_its_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "control", None)
    with pytest.raises(RnnsymError, match=r"pip install 'rnnsym\[control\]'"):
        to_control(LinearSystem(0, 1))
    with pytest.raises(RnnsymError, match=r"pip install 'rnnsym\[control\]'"):
        from_control(None)
    monkeypatch.setitem(sys.modules, "scipy", None)
    with pytest.raises(RnnsymError, match=r"pip install 'rnnsym\[numeric\]'"):
        to_scipy(LinearSystem(0, 1))
