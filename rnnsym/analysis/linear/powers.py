"""Powers of A and their sums in closed form, and sampling of continuous time.

May import: everything to the left of `analysis`, and analysis.jacobian.
"""

from __future__ import annotations

from typing import Any

import sympy as sp

from rnnsym.cells.record import as_table
from rnnsym.defined import Exponential as ExponentialOf
from rnnsym.defined import HeldInput, PowerSum
from rnnsym.result import Result, ShapeError, Source, SpecError
from rnnsym.systems import LinearSystem, Time
from rnnsym.systems.functions import Power, function_of
from rnnsym.systems.record import positive
from rnnsym.systems.sampling import METHODS, sampled

t = sp.Symbol("t", integer=True, nonnegative=True)

HIGHAM = Source("higham2008", "Higham, N. J.", "Functions of Matrices: Theory and Computation", 2008, doi="10.1137/1.9780898717778")  # fmt: skip
GU = Source("gu2022", "Gu, A. and Goel, K. and Re, C.", "Efficiently modeling long sequences with structured state spaces", 2022, arxiv="2111.00396")  # fmt: skip


def matrix_power(A: Any, exponent: Any = t) -> Result:
    """A^t for a whole number t >= 0 in closed form: right at repeated eigenvalues, at 0, and at t = 0.

    Entries of triangular matrices as sums of divided differences; otherwise by named coefficients (Newton's form of
    Hermite interpolation on the eigenvalues; for real 2 x 2 matrices r^t cos t theta and sin where a pair is complex).
    Raises: NoClosedForm if an eigenvalue has no closed form.
    Source: higham2008, section 1.2.

    >>> a, b = sp.symbols("a b", real=True)
    >>> matrix_power([[a, 1], [0, b]]).rhs[0, 1]
    Piecewise(((a**t - b**t)/(a - b), Ne(a - b, 0)), (Piecewise((0, t < 1), (a**(t - 1)*t, True)), True))
    """
    A, k = _square(A), _count(exponent)
    power, where = function_of(A, Power(k))
    return Result("matrix power", sp.MatPow(A, k, evaluate=False), "=", power, where=where, source=(HIGHAM,))


def power_sum(A: Any, exponent: Any = t) -> Result:
    """I + A + ... + A^(t-1) in closed form, right where 1 is an eigenvalue (there it is no (A - I)^-1 (A^t - I)).

    Source: higham2008, section 1.2.

    >>> w = sp.Symbol("w", real=True)
    >>> power_sum(w).rhs[0, 0]
    Piecewise(((w**t - 1)/(w - 1), Ne(w, 1)), (t, True))
    """
    A, k = _square(A), _count(exponent)
    total, where = function_of(A, Power(k), summed=True)
    return Result("sum of matrix powers", PowerSum(A, k), "=", total, where=where, source=(HIGHAM,))


def _square(A: Any) -> Any:
    A = A.A if isinstance(A, LinearSystem) else as_table(A, None, "A")
    if A.rows != A.cols:
        raise ShapeError(f"A is {A.rows} x {A.cols}; the matrix of a recurrence must be square")
    return A


def _count(exponent: Any) -> Any:
    k = sp.sympify(exponent, strict=True)
    if not (k.is_integer and k.is_nonnegative):
        raise SpecError(f"the exponent must be a whole number >= 0, or a symbol of such, got {exponent}")
    return k


# Discretization


def discretization(system: LinearSystem, method: str, dt: Any) -> Result:
    """[A', B'] of the sampled system h_t = A' h_{t-1} + B' x_t; the left side is the flow of h' = A h + B x itself (zoh).

    Given:  dt > 0; for bilinear 2/dt is no eigenvalue of A.
    Raises: as discretize.
    Source: gu2022.
    """
    if method not in METHODS or not isinstance(system, LinearSystem) or system.time.is_discrete:
        raise SpecError(f"a LinearSystem in continuous time and one of {', '.join(METHODS)} are needed, got {method!r}")
    step = positive(dt, "dt")
    A, B, where, given = sampled(system, method, step)
    one = sp.ImmutableMatrix(sp.eye(system.n))
    if method in ("zoh", "zoh-euler"):
        left = [
            ExponentialOf(system.A, step),
            HeldInput(system.A, system.B, step) if method == "zoh" else step * system.B,
        ]
    elif method == "euler":
        left = [sp.ImmutableMatrix(one + step * system.A), sp.ImmutableMatrix(step * system.B)]
    else:
        back = sp.Inverse(sp.ImmutableMatrix(one - step * system.A / 2))
        left = [
            sp.MatMul(back, sp.ImmutableMatrix(one + step * system.A / 2)),
            sp.MatMul(back, sp.ImmutableMatrix(step * system.B)),
        ]
    rhs = sp.ImmutableMatrix(sp.Matrix.hstack(sp.Matrix(A), sp.Matrix(B)))
    given = sp.And(system.given, given, Time("discrete", step).given)
    return Result(
        f"discretization ({method}) of the {system.name}", sp.BlockMatrix([left]), "=", rhs, given, where, source=(GU,)
    )


def eigenvalue_map(method: str, dt: Any = None) -> Result:
    """Which eigenvalues sigma + i omega of h' = A h the method maps into the unit disk.

    zoh e^(dt lambda) and bilinear (1 + dt lambda/2)/(1 - dt lambda/2): exactly those with sigma < 0, for every dt > 0;
    euler 1 + dt lambda: those with dt |lambda|^2 < -2 sigma.
    Source: B-SSM-2.

    >>> eigenvalue_map("euler", sp.Symbol("Delta", positive=True)).rhs
    Delta*(omega**2 + sigma**2) + 2*sigma < 0
    """
    sigma, omega = sp.symbols("sigma omega", real=True)
    step = sp.Symbol("Delta", positive=True) if dt is None else positive(dt, "dt")
    value = sigma + sp.I * omega
    maps = {
        "zoh": sp.exp(step * value), "zoh-euler": sp.exp(step * value), "euler": 1 + step * value,
        "bilinear": (1 + step * value / 2) / (1 - step * value / 2), "tustin": (1 + step * value / 2) / (1 - step * value / 2),
    }  # fmt: skip
    if method not in maps:
        raise SpecError(f"unknown method {method!r}; known: {', '.join(METHODS)}")
    stable = sp.Lt(step * (sigma**2 + omega**2) + 2 * sigma, 0) if method == "euler" else sp.Lt(sigma, 0)
    pole = sp.true
    if method in ("bilinear", "tustin"):
        pole = sp.Or(sp.Ne(omega, 0), sp.Ne(step * sigma, 2))
    return Result(
        f"stability of the {method} map", sp.Lt(sp.Abs(maps[method], evaluate=False), 1, evaluate=False), "<=>", stable,
        sp.And(pole, Time("discrete", step).given), source=(GU,),
    )  # fmt: skip
