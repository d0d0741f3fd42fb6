"""One-step methods on y' = A y as linear recurrences, with their local and global errors in closed form, and their quality.

    one_step, step_matrix, stability_function          methods as recurrences h_t = R(dt A) h_(t-1): their cells
    local_error, global_error, convergence_order, euler_bound    of y' = lambda y, exactly, to leading order, bounded
    integrator_quality                                  methods on the oscillator x'' = -omega^2 x
An error is the exact value minus the computed one. May import: everything to the left of `analysis.integrators`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sympy as sp

from rnnsym import exact
from rnnsym.analysis.onestep import HAIRER, N
from rnnsym.cells.record import as_table
from rnnsym.defined import Approaches, DeterminantOf, SpectralRadius
from rnnsym.defined.nonnormality import PowerBounded
from rnnsym.defined.onestep import AfterStep, GlobalError, MethodStep, PartitionedStep, TraceOf, TurnAngle
from rnnsym.exact import factored, normal
from rnnsym.result import Result, ShapeError, Source, SpecError, Step
from rnnsym.systems import LinearSystem
from rnnsym.systems.record import positive

GEOMETRIC = Source(
    "hairer2006", "Hairer, E. and Lubich, C. and Wanner, G.", "Geometric Numerical Integration", 2006, doi="10.1007/3-540-30666-8",
)  # fmt: skip

rate, h, y0 = sp.symbols("lamda h y_0", real=True)
omega, dt = sp.symbols("omega Delta", positive=True)
z = sp.Symbol("z")


@dataclass(frozen=True)
class Method:
    """A Runge-Kutta method: coefficients C, weights b, order p, and c in R(z) = e^z - c z^(p+1) + ..."""

    C: Any
    b: Any
    order: int
    constant: Any


_Q = sp.Rational
METHODS: dict[str, Method] = {
    "euler": Method([[0]], [[1]], 1, _Q(1, 2)),
    "implicit_euler": Method([[1]], [[1]], 1, _Q(-1, 2)),
    "trapezoid": Method([[0, 0], [_Q(1, 2), _Q(1, 2)]], [[_Q(1, 2), _Q(1, 2)]], 2, _Q(-1, 12)),
    "heun": Method([[0, 0], [1, 0]], [[_Q(1, 2), _Q(1, 2)]], 2, _Q(1, 6)),
    "rk4": Method(
        [[0, 0, 0, 0], [_Q(1, 2), 0, 0, 0], [0, _Q(1, 2), 0, 0], [0, 0, 1, 0]],
        [[_Q(1, 6), _Q(1, 3), _Q(1, 3), _Q(1, 6)]], 4, _Q(1, 120),
    ),
}  # fmt: skip
PARTITIONED = "symplectic_euler"


def _method(name: str) -> Method:
    if name not in METHODS:
        also = f" ({PARTITIONED} needs positions and velocities)" if name == PARTITIONED else ""
        raise SpecError(f"unknown method {name!r}; known: {', '.join(METHODS)}{also}")
    return METHODS[name]


def _stability(name: str) -> Any:
    """R(z) = 1 + z b^T (I - z C)^-1 1, as (numerator, denominator)."""
    method = _method(name)
    size = len(method.C)
    top, bottom = exact.inverse(sp.ImmutableMatrix(sp.eye(size) - z * sp.Matrix(method.C)))
    value = normal(1 + z * (sp.Matrix(method.b) * top * sp.ones(size, 1))[0, 0] / bottom)
    return sp.fraction(sp.together(value))


def step_of(A: Any, name: str, step: Any) -> Any:
    if name == PARTITIONED:
        return PartitionedStep(A, step)
    method = _method(name)
    return MethodStep(A, step, sp.ImmutableMatrix(method.C), sp.ImmutableMatrix(method.b), name)


def stability_function(method: str) -> Result:
    """y_(k+1) = R(lambda h) y_k on y' = lambda y: R(z) = 1 + z b^T (I - z C)^-1 1 of a Runge-Kutta method.

    euler 1 + z, implicit_euler 1/(1 - z), trapezoid (2 + z)/(2 - z), heun 1 + z + z^2/2, rk4 1 + z + z^2/2 + z^3/6 + z^4/24.
    Given:  z is not a pole of R. Raises: SpecError for an unknown method. Source: hairer1993.

    >>> stability_function("trapezoid").rhs[0, 0]
    (h*lamda + 2)/(-h*lamda + 2)
    """
    top, bottom = (e.subs(z, rate * h) for e in _stability(method))
    given = sp.true if bottom.is_number else sp.Ne(factored(bottom), 0)
    lhs = step_of(sp.ImmutableMatrix([[rate]]), method, h)
    return Result(f"stability function of {method}", lhs, "=", sp.ImmutableMatrix([[normal(top / bottom)]]), given, source=(HAIRER,))  # fmt: skip


def step_matrix(A: Any, method: str, dt: Any = dt) -> Result:
    """y_(k+1) = R(dt A) y_k on y' = A y; "symplectic_euler": positions first, then velocities with the new positions.

    Shapes: A (n, n), n even for symplectic_euler, y = (x, v).
    Given:  for implicit methods det of the denominator of R is not 0. Raises: SpecError for an unknown method.
    Source: hairer1993.

    >>> step_matrix([[0, 1], [-1, 0]], "symplectic_euler", sp.Symbol("h")).rhs
    Matrix([
    [ 1,        h],
    [-h, 1 - h**2]])
    """
    system, dt = one_step(A, method, dt), positive(dt, "dt")
    table = as_table(A.A if isinstance(A, LinearSystem) else A, None, "A")
    return Result(f"step of {method}", step_of(table, method, dt), "=", system.A, system.given, source=(HAIRER,))


def one_step(A: Any, method: str, dt: Any = dt) -> LinearSystem:
    """The one-step method as a linear recurrence h_t = R(dt A) h_(t-1): a LinearSystem without input.

    Its cell is rnnsym.linear(W_h=system.A). A system with an input is for `discretize`.

    >>> one_step([[sp.Symbol("a")]], "euler", sp.Symbol("h")).A
    Matrix([[a*h + 1]])
    """
    A = as_table(A.A if isinstance(A, LinearSystem) else A, None, "A")
    if A.rows != A.cols:
        raise ShapeError(f"A is {A.rows} x {A.cols}; a square matrix is needed")
    dt = positive(dt, "dt")
    size = A.rows
    one = sp.ImmutableMatrix(sp.eye(size))
    given: Any = sp.true
    if method == PARTITIONED:
        if size % 2:
            raise ShapeError(f"A is {size} x {size}; symplectic Euler needs as many positions as velocities")
        m = size // 2
        x, v = sp.eye(size)[:m, :], sp.eye(size)[m:, :]
        moved = x + dt * (A[:m, :m] * x + A[:m, m:] * v)
        step = sp.Matrix.vstack(moved, v + dt * (A[m:, :m] * moved + A[m:, m:] * v)).applyfunc(sp.expand)
    else:
        top, bottom = (sp.Poly(e, z).all_coeffs() for e in _stability(method))
        above, below = (_horner(c, (dt * A).applyfunc(sp.expand), one) for c in (top, bottom))
        if len(bottom) > 1:
            inverse, singular = exact.inverse(sp.ImmutableMatrix(below))
            given = sp.Ne(factored(singular), 0)
            above = inverse * above / singular
        else:
            above = above / bottom[0]
        step = above.applyfunc(normal)
    return LinearSystem(sp.ImmutableMatrix(step), sp.zeros(size, 0), given=given)


def _horner(coefficients: list[Any], M: Any, one: Any) -> Any:
    value = sp.zeros(*M.shape)
    for c in coefficients:
        value = (value * M + c * one).applyfunc(sp.expand)
    return value


# errors on the test equation


def local_error(method: str) -> list[Result]:
    """tau = (e^(lambda h) - R(lambda h)) y_0 after one step, and tau ~ c (lambda h)^(p+1) y_0 as h -> 0, p the order.

    c: euler 1/2, implicit_euler -1/2, trapezoid -1/12, heun 1/6, rk4 1/120. Source: hairer1993.

    >>> local_error("rk4")[1].rhs
    h**5*lamda**5*y_0/120
    """
    m = _method(method)
    top, bottom = (e.subs(z, rate * h) for e in _stability(method))
    given = sp.true if bottom.is_number else sp.Ne(factored(bottom), 0)
    lhs = GlobalError(step_of(sp.ImmutableMatrix([[rate]]), method, h), rate, h, 1, y0)
    leading = m.constant * (rate * h) ** (m.order + 1) * y0
    nonzero = sp.And(sp.Ne(rate, 0), sp.Ne(y0, 0), Approaches(h, 0))
    return [
        Result(f"local error of {method}", lhs, "=", (sp.exp(rate * h) - normal(top / bottom)) * y0, given, source=(HAIRER,)),
        Result(f"local error of {method} for small h", lhs, "~", leading, nonzero, status="asymptotic", source=(HAIRER,)),
    ]  # fmt: skip


def global_error(method: str) -> Result:
    """e_N = (e^(lambda N h) - R^N) y_0 = sum_k R^(N-1-k) tau_k, tau_k = (e^(lambda h) - R) e^(lambda h k) y_0, R = R(lambda h).

    For Euler R = 1 + lambda h. Given: lambda h is no pole of R. Source: hairer1993.

    >>> global_error("euler").rhs
    y_0*(-R**N + exp(N*h*lamda))
    """
    top, bottom = (e.subs(z, rate * h) for e in _stability(method))
    given = sp.true if bottom.is_number else sp.Ne(factored(bottom), 0)
    R, k = sp.Symbol("R", real=True), sp.Symbol("k", integer=True, nonnegative=True)
    lhs = GlobalError(step_of(sp.ImmutableMatrix([[rate]]), method, h), rate, h, N, y0)
    terms = R ** (N - 1 - k) * (sp.exp(rate * h) - R) * sp.exp(rate * h * k) * y0
    steps = (Step(sp.Sum(terms, (k, 0, N - 1)), "the recursion e_(k+1) = R e_k + tau_k from e_0 = 0"),)
    rhs = (sp.exp(rate * N * h) - R**N) * y0
    return Result(f"global error of {method}", lhs, "=", rhs, given, ((R, normal(top / bottom)),), steps, source=(HAIRER,))  # fmt: skip


def convergence_order(method: str) -> Result:
    """e_N ~ c lambda^(p+1) T h^p e^(lambda T) y_0 at a fixed time T = N h as N -> oo: a method of order p.

    The ratio of both sides tends to 1; so log |e_N| falls with slope p in log h. Source: hairer1993.

    >>> convergence_order("euler").rhs
    T**2*lamda**2*y_0*exp(T*lamda)/(2*N)
    """
    m = _method(method)
    T = sp.Symbol("T", positive=True)
    count = sp.Symbol("N", integer=True, positive=True)
    lhs = GlobalError(step_of(sp.ImmutableMatrix([[rate]]), method, T / count), rate, T / count, count, y0)
    rhs = m.constant * rate ** (m.order + 1) * T * (T / count) ** m.order * sp.exp(rate * T) * y0
    given = sp.And(sp.Ne(rate, 0), sp.Ne(y0, 0), Approaches(count, sp.oo))
    return Result(f"order of {method}", lhs, "~", rhs, given, status="asymptotic", source=(HAIRER,))


def euler_bound() -> Result:
    """|e_N| <= (h M_2/(2 L)) (e^(L T) - 1) for Euler's method on y' = lambda y: T = N h, L = |lambda|, M_2 = max |y''|.

    M_2 = lambda^2 |y_0| max(1, e^(lambda T)). The step is capped: |1 + lambda h| <= 1 + h L, so (1 + h L)^N <= e^(L T).
    Given:  h > 0, lambda not 0. Source: hairer1993.

    >>> print(euler_bound().rhs)
    M_2*h*(exp(L*T) - 1)/(2*L)
    """
    T, L, most = sp.symbols("T L M_2", real=True)
    where = ((T, N * h), (L, sp.Abs(rate)), (most, rate**2 * sp.Abs(y0) * sp.Max(1, sp.exp(rate * T), evaluate=False)))
    lhs = sp.Abs(GlobalError(step_of(sp.ImmutableMatrix([[rate]]), "euler", h), rate, h, N, y0))
    rhs = h * most / (2 * L) * (sp.exp(L * T) - 1)
    given = sp.And(sp.Gt(h, 0), sp.Ne(rate, 0))
    return Result("bound on Euler's error", lhs, "<=", rhs, given, where, source=(HAIRER,))


# the oscillator


def integrator_quality(method: str) -> list[Result]:
    """Methods on x'' = -omega^2 x with step Delta, z = omega Delta: the modulus of the multipliers, and what is conserved.

        euler           |mu|^2 = 1 + z^2           energy grows by 1 + z^2 a step, for every step
        implicit_euler  |mu|^2 = 1/(1 + z^2)       energy decays
        trapezoid       |mu| = 1                   energy omega^2 x^2 + v^2 exactly; frequency (2/Delta) arctan(z/2)
        heun, rk4       |mu|^2 = 1 + z^4/4;  1 - z^6/72 + z^8/576, stable for z < 2 sqrt 2
        symplectic_euler  det 1, trace 2 - z^2, powers bounded iff z < 2, cos(angle) = 1 - z^2/2,
                          omega^2 x^2 + omega^2 Delta x v + v^2 exactly
    Symplectic Euler moves x first: x' = x + Delta v, v' = v - omega^2 Delta x'. At z = 2 it is defective at -1.
    Given:  omega, Delta > 0. Source: hairer2006.

    >>> integrator_quality("euler")[0].rhs
    Delta**2*omega**2 + 1
    """
    A = sp.ImmutableMatrix([[0, 1], [-(omega**2), 0]])
    matrix, step = one_step(A, method, dt).A, step_of(A, method, dt)
    x, v = sp.symbols("x v", real=True)
    energy = omega**2 * x**2 + v**2
    if method == PARTITIONED:
        return _symplectic(matrix, step, x, v)
    modulus = factored(exact.determinant(matrix))
    modulus = modulus if method == "implicit_euler" else sp.expand(modulus)
    found = [
        Result(
            f"multipliers of {method} on the oscillator", SpectralRadius(step) ** 2, "=", modulus, source=(GEOMETRIC,)
        )
    ]
    after = AfterStep(energy, (x, v), step)
    found.append(Result(f"energy after a step of {method}", after, "=", modulus * energy, source=(GEOMETRIC,)))
    angle = {
        "trapezoid": 2 * sp.atan(omega * dt / 2),
        "euler": sp.atan(omega * dt),
        "implicit_euler": sp.atan(omega * dt),
    }
    if method in angle:
        found.append(Result(f"angle of a step of {method}", TurnAngle(step), "=", angle[method], source=(GEOMETRIC,)))
    if method == "rk4":
        lhs = SpectralRadius(step) < 1
        found.append(Result("stability of rk4 on the oscillator", lhs, "<=>", sp.Lt(omega**2 * dt**2, 8), source=(GEOMETRIC,)))  # fmt: skip
    return found


def _symplectic(matrix: Any, step: Any, x: Any, v: Any) -> list[Result]:
    name, square = "symplectic Euler", omega**2 * dt**2
    invariant = omega**2 * x**2 + omega**2 * dt * x * v + v**2
    turning = sp.Lt(omega * dt, 2)
    small = sp.And(Approaches(dt, 0))
    return [
        Result(f"volume of {name}", DeterminantOf(step), "=", sp.S.One, source=(GEOMETRIC,)),
        Result(f"trace of {name}", TraceOf(step), "=", 2 - square, source=(GEOMETRIC,)),
        Result(f"stability of {name}", PowerBounded(matrix), "<=>", turning, source=(GEOMETRIC,)),
        Result(f"frequency of {name}", TurnAngle(step) / dt, "=", sp.acos(1 - square / 2) / dt, turning, source=(GEOMETRIC,)),
        Result(
            f"frequency of {name} for small steps", TurnAngle(step) / dt - omega, "~", omega**3 * dt**2 / 24, small,
            status="asymptotic", source=(GEOMETRIC,),
        ),
        Result(f"invariant of {name}", AfterStep(invariant, (x, v), step), "=", invariant, source=(GEOMETRIC,)),
    ]  # fmt: skip
