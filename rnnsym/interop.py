"""Linear systems to and from other packages: python-control, SciPy, SymPy. Optional, except for SymPy.

All of them read y_t = C h_{t-1} + D x_t, so the readout "current" is converted exactly on the way out (C' = CA, D' = CB + D),
and what comes in has the readout "previous". Matrices are handed over as floats; a system with symbols is refused.
May import: everything to the left of `interop`; the other packages inside the functions.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import sympy as sp

from rnnsym.result import RnnsymError, SpecError
from rnnsym.systems import CONTINUOUS, LinearSystem, Time


def _refuse_others(system: Any) -> None:
    if not isinstance(system, LinearSystem):
        raise SpecError(f"a LinearSystem is needed, got {type(system).__name__}; rs.linearize(cell) is that of a Cell")


def _numbers(system: LinearSystem, package: str) -> list[Any]:
    """The matrices in the textbook readout as float arrays."""
    _refuse_others(system)
    if system.free_symbols:
        names = ", ".join(sorted(map(str, system.free_symbols)))
        raise SpecError(f"{package} takes numbers, and the system has the symbols {names}; give them values with .subs")
    textbook = system.with_readout("previous") if system.time.is_discrete else system
    tables = [np.array(M.tolist(), dtype=complex).reshape(M.shape) for M in textbook.matrices]
    return [t.real if np.all(t.imag == 0) else t for t in tables]


def _missing(package: str, extra: str) -> RnnsymError:
    return RnnsymError(f"{package} is not installed; it belongs to an extra: pip install 'rnnsym[{extra}]'")


def _step(system: LinearSystem) -> Any:
    """The sampling time, True where steps are counted, 0 in continuous time."""
    if not system.time.is_discrete:
        return 0
    return True if system.time.step is None else float(system.time.step)


def to_control(system: LinearSystem) -> Any:
    """The control.StateSpace of a system with numbers; dt is True where steps are counted.

    Raises: RnnsymError without python-control (extra "control"); SpecError for a system with symbols.
    """
    try:
        import control
    except ImportError as error:
        raise _missing("python-control", "control") from error
    return control.ss(*_numbers(system, "python-control"), _step(system))


def from_control(other: Any) -> LinearSystem:
    """The LinearSystem of a control.StateSpace or TransferFunction, readout "previous"; floats become the decimal
    fractions they are written as.

    Raises: RnnsymError without python-control (extra "control"); SpecError for something else.
    """
    try:
        import control
    except ImportError as error:
        raise _missing("python-control", "control") from error
    if isinstance(other, control.TransferFunction):
        other = control.tf2ss(other)
    if not isinstance(other, control.StateSpace):
        raise SpecError(f"a control.StateSpace or TransferFunction is needed, got {type(other).__name__}")
    if other.dt is None or other.dt is True:
        time = Time()
    elif other.dt == 0:
        time = CONTINUOUS
    else:
        time = Time("discrete", _exact(other.dt))
    return LinearSystem(*(_table(M) for M in (other.A, other.B, other.C, other.D)), readout="previous", time=time)


def _exact(number: Any) -> Any:
    value = complex(number)
    if value.imag:
        return sp.Rational(repr(value.real)) + sp.I * sp.Rational(repr(value.imag))
    return sp.Rational(repr(value.real))


def _table(M: Any) -> Any:
    array = np.atleast_2d(np.asarray(M))
    return sp.ImmutableMatrix(*array.shape, [_exact(v) for v in array.flat])


def to_scipy(system: LinearSystem) -> Any:
    """The scipy.signal.StateSpace of a system with numbers; dt is True where steps are counted.

    Raises: RnnsymError without SciPy (extra "numeric"); SpecError for a system with symbols.
    """
    try:
        from scipy import signal
    except ImportError as error:
        raise _missing("SciPy", "numeric") from error
    matrices = _numbers(system, "SciPy")
    return (
        signal.StateSpace(*matrices) if not system.time.is_discrete else signal.StateSpace(*matrices, dt=_step(system))
    )


def to_sympy(system: LinearSystem) -> Any:
    """The sympy.physics.control StateSpace, symbols kept: a DiscreteStateSpace in discrete time, where SymPy has it.

    Raises: RnnsymError in discrete time where the installed SymPy has continuous systems only.
    """
    from sympy.physics import control

    _refuse_others(system)
    if not system.time.is_discrete:
        return control.StateSpace(*map(sp.Matrix, system.matrices))
    kind = getattr(control, "DiscreteStateSpace", None)
    if kind is None:
        raise RnnsymError(
            f"SymPy {sp.__version__} has systems in continuous time only, and would take the poles of this one for those of "
            "a differential equation; use transfer_function(system).rhs, or a SymPy with DiscreteStateSpace"
        )
    step = sp.S.One if system.time.step is None else system.time.step
    return kind(*map(sp.Matrix, system.with_readout("previous").matrices), step)
