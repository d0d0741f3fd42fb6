"""Memory of linear networks: capacity, Fisher memory, cycles, delay lines, mutual information.

A network h_t = W h_{t-1} + v x_t under white input; noise of variance epsilon may enter every unit. Memory is a property of
the state, so the output map plays no part. May import: everything to the left of `analysis.memory`.
"""

from __future__ import annotations

from typing import Any

import sympy as sp

from rnnsym import exact
from rnnsym.analysis.filters import discrete, nonzero, reals, stability
from rnnsym.analysis.gramians import stein
from rnnsym.defined import FisherMemory, MemoryCapacity, MemoryCurve, MutualInformation
from rnnsym.exact import factored, is_zero, rank_strata
from rnnsym.result import NoClosedForm, Result, Source, SpecError, Step
from rnnsym.systems import LinearSystem
from rnnsym.systems.functions import Power, function_of

JAEGER = Source("jaeger2001b", "Jaeger, H.", "Short term memory in echo state networks", 2001)
RODAN = Source("rodan2011", "Rodan, A. and Tino, P.", "Minimum complexity echo state network", 2011, doi="10.1109/TNN.2010.2089641")  # fmt: skip
GANGULI = Source("ganguli2008", "Ganguli, S. and Huh, D. and Sompolinsky, H.", "Memory traces in dynamical systems", 2008, doi="10.1073/pnas.0804451105")  # fmt: skip
WHITE = Source("white2004", "White, O. L. and Lee, D. D. and Sompolinsky, H.", "Short-term memory in orthogonal neural networks", 2004, doi="10.1103/PhysRevLett.92.148102")  # fmt: skip

DIVERGES = "the state has no stationary covariance"
DELAY = sp.Symbol("k", integer=True, nonnegative=True)
GAIN = sp.Symbol("alpha", positive=True)
NOISE = sp.Symbol("epsilon", positive=True)
RADIUS = sp.Symbol("r", real=True)


def _network(model: Any, what: str) -> tuple[LinearSystem, Any, Any]:
    system = discrete(model, what)
    if system.m != 1:
        raise SpecError(f"{what} is of one input; this system has {system.m}: choose a column of B")
    if system.n == 0:
        raise SpecError(f"{what} is of a state, and this system has none")
    return system, system.A, system.B


def _delay(delay: Any) -> Any:
    """A whole number >= 0 or a symbol of one."""
    k = sp.sympify(delay, strict=True)
    if k.is_integer is not True or k.is_negative:
        raise SpecError(f"a delay is a whole number >= 0 or a symbol of one (integer=True), got {delay!r}")
    return k


def _arrived(W: Any, v: Any, k: Any) -> tuple[Any, Any]:
    """(W^k v, where): what is left of the input k steps ago."""
    if k.is_Integer:
        state = sp.Matrix(v)
        for _ in range(int(k)):
            state = (W * state).applyfunc(sp.expand)
        return state, ()
    power, where = function_of(W, Power(k))
    return power * v, where


def memory_capacity(model: Any, *, delay: Any = None, noise: Any = 0) -> Result:
    """The linear memory capacity, sum_{k >= 0} MC_k = dim span(v, W v, W^2 v, ...): N iff (W, v) is reachable.

    With a delay k: MC_k = (W^k v)^T C^-1 W^k v, with C = W C W^T + v v^T + epsilon I: the squared correlation of the input
    k steps ago with its best linear reconstruction; noise is epsilon.
    Given:  every eigenvalue of W is inside the unit circle; real parameters; for MC_k without noise (W, v) is reachable.
    Source: Jaeger 2001.

    >>> a, b = sp.symbols("a b", real=True)
    >>> memory_capacity(LinearSystem(sp.diag(a, b), [1, 1])).rhs
    Piecewise((2, Ne(a - b, 0)), (1, True))
    """
    system, W, v = _network(model, "a memory capacity")
    epsilon = sp.sympify(noise, strict=True)
    if epsilon.is_negative:
        raise SpecError(f"the variance of noise must be >= 0, got {epsilon}")
    given = sp.And(system.given, stability(system, DIVERGES), reals(system))
    columns = [v]
    for _ in range(system.n - 1):
        columns.append((W * columns[-1]).applyfunc(sp.expand))
    reach = sp.ImmutableMatrix(sp.Matrix.hstack(*columns))
    if delay is None:
        if epsilon != 0:
            raise NoClosedForm(
                "the total capacity with noise has no closed form in general; give a delay, or use fisher_memory"
            )
        cases = [(sp.Integer(rank), condition) for rank, condition in rank_strata(reach)]
        rhs = cases[0][0] if cases[0][1] == sp.true else sp.Piecewise(*cases)
        return Result(
            f"memory capacity of the {system.name}", MemoryCapacity(W, v, 0), "=", rhs, given, source=(JAEGER,)
        )
    k = _delay(delay)
    if epsilon == 0:
        condition = nonzero(exact.determinant(reach))
        if condition == sp.false:
            raise NoClosedForm(
                "(W, v) is not reachable: the covariance is singular; restrict W to the reachable subspace (minimal)"
            )
        given = sp.And(given, condition)
    elif not epsilon.is_positive:
        given = sp.And(given, sp.Gt(epsilon, 0))
    C = stein(W, (v * v.T + epsilon * sp.eye(system.n)).applyfunc(sp.expand))
    state, where = _arrived(W, v, k)
    rhs = _quadratic(C, state, k.is_Integer)
    return Result(
        f"memory of delay {k} of the {system.name}",
        MemoryCurve(W, v, epsilon, k),
        "=",
        rhs,
        given,
        where,
        source=(JAEGER,),
    )


def _quadratic(C: Any, u: Any, is_rational: bool) -> Any:
    """u^T C^-1 u."""
    adjugate, determinant = exact.inverse(sp.ImmutableMatrix(C))
    if is_rational:
        return factored((u.T * adjugate * u)[0, 0] / determinant)
    inverse = (adjugate / determinant).applyfunc(factored)
    return (u.T * inverse * u)[0, 0]


def cycle_reservoir(size: int, radius: Any = None, *, delay: Any = None) -> Result:
    """Memory of the cycle W = r (cyclic shift) with one input: MC_k = (1 - r^2N) r^(2N floor(k/N)).

    Without a delay: sum_{k >= 1} MC_k = N - 1 + r^2N.
    Given:  0 < |r| < 1.
    Source: Rodan & Tino 2011.

    >>> cycle_reservoir(5, sp.Rational(4, 5)).rhs.evalf(11)
    4.1073741824
    """
    N = _size(size)
    r = RADIUS if radius is None else sp.sympify(radius, strict=True)
    W = sp.ImmutableMatrix(N, N, lambda i, j: r if i == (j + 1) % N else 0)
    v = sp.ImmutableMatrix(N, 1, lambda i, _: int(i == 0))
    given = sp.And(sp.Lt(sp.Abs(r), 1), sp.Ne(r, 0), sp.true if r.is_real else sp.Eq(sp.im(r), 0))
    if given == sp.false:
        raise SpecError(f"the cycle has memory for 0 < |r| < 1, got r = {r}")
    name = f"memory of the cycle of {N} units"
    if delay is None:
        return Result(name, MemoryCapacity(W, v, 1), "=", N - 1 + r ** (2 * N), given, source=(RODAN,))
    k = _delay(delay)
    rhs = (1 - r ** (2 * N)) * r ** (2 * N * sp.floor(k / N))
    return Result(f"{name}, delay {k}", MemoryCurve(W, v, 0, k), "=", rhs, given, source=(RODAN,))


def _size(size: Any) -> int:
    if isinstance(size, bool) or not isinstance(size, int | sp.Integer) or size < 1:
        raise SpecError(f"the number of units must be a whole number >= 1, got {size!r}")
    return int(size)


def fisher_memory(model: Any, *, noise: Any = None, delay: Any = None) -> Result:
    """The Fisher memory curve, J(k) = (W^k v)^T C^-1 W^k v, C = epsilon sum_k W^k W^kT; without a delay, its total.

    Normal W: J(k) = (W^k v)^T (I - W W^T) W^k v / epsilon, the sum of |v_i|^2 |l_i|^2k (1 - |l_i|^2) over modes, with the
    total |v|^2/epsilon; for any W it is at most N |v|^2/epsilon.
    Given:  every eigenvalue of W is inside the unit circle; epsilon > 0; real parameters.
    Source: Ganguli, Huh & Sompolinsky 2008.

    >>> a = sp.Symbol("a", real=True)
    >>> fisher_memory(LinearSystem([[a]], [[1]]), delay=DELAY).rhs
    a**(2*k)*(1 - a)*(a + 1)/epsilon
    """
    system, W, v = _network(model, "a Fisher memory")
    epsilon = NOISE if noise is None else sp.sympify(noise, strict=True)
    if epsilon.is_nonpositive:
        raise SpecError(f"the variance of noise must be > 0, got {epsilon}")
    given = sp.And(
        system.given, stability(system, DIVERGES), reals(system), sp.true if epsilon.is_positive else sp.Gt(epsilon, 0)
    )
    is_normal = all(is_zero(e) for e in W * W.T - W.T * W)
    k = sp.oo if delay is None else _delay(delay)
    node, name = FisherMemory(W, v, epsilon, k), f"Fisher memory of the {system.name}"
    if k is sp.oo:
        if is_normal:
            return Result(f"total {name}", node, "=", factored((v.T * v)[0, 0] / epsilon), given, source=(GANGULI,))
        precision = _precision(W)
        rhs = factored((precision * stein(W, v * v.T)).trace() / epsilon)
        return Result(f"total {name}", node, "=", rhs, given, source=(GANGULI,))
    state, where = _arrived(W, v, k)
    steps: tuple[Step, ...] = ()
    if is_normal:
        precision = (sp.eye(system.n) - W * W.T).applyfunc(factored)
    else:
        precision = _precision(W)
    rhs = (state.T * precision * state)[0, 0] / epsilon
    rhs = factored(rhs) if k.is_Integer else sp.powsimp(rhs) if system.n == 1 else rhs
    return Result(f"{name}, delay {k}", node, "=", rhs, given, where, steps, source=(GANGULI,))


def _precision(W: Any) -> Any:
    """(sum_k W^k W^kT)^-1."""
    adjugate, determinant = exact.inverse(sp.ImmutableMatrix(stein(W, sp.eye(W.rows))))
    return (adjugate / determinant).applyfunc(factored)


def delay_line(
    size: int, gain: Any = None, *, noise: Any = None, delay: Any = None, reconstruct: bool = False
) -> Result:
    """Memory of the delay line W = sqrt(alpha) (shift) with noise epsilon in every unit.

    J(k) = alpha^k / (epsilon (1 + alpha + ... + alpha^k)) = alpha^k (alpha - 1)/(epsilon (alpha^(k+1) - 1)) for k < N, else
    0; without a delay the total, H_N/epsilon at alpha = 1. With reconstruct=True the squared correlation
    m(k) = J(k)/(1 + J(k)) = alpha^k/(alpha^k + epsilon (1 - alpha^(k+1))/(1 - alpha)).
    Given:  alpha > 0, epsilon > 0; every alpha, for the line forgets by its length.
    Source: Ganguli, Huh & Sompolinsky 2008; White, Lee & Sompolinsky 2004.

    >>> delay_line(3, 1, noise=1).rhs
    11/6
    """
    N = _size(size)
    alpha = GAIN if gain is None else sp.sympify(gain, strict=True)
    epsilon = NOISE if noise is None else sp.sympify(noise, strict=True)
    for what, value in (("gain", alpha), ("variance of noise", epsilon)):
        if value.is_nonpositive:
            raise SpecError(f"the {what} must be > 0, got {value}")
    W = sp.ImmutableMatrix(N, N, lambda i, j: sp.sqrt(alpha) if i == j + 1 else 0)
    v = sp.ImmutableMatrix(N, 1, lambda i, _: int(i == 0))
    given = sp.And(*(sp.true if e.is_positive else sp.Gt(e, 0) for e in (alpha, epsilon)))
    name = f"memory of the delay line of {N} units"

    def curve(k: Any) -> Any:
        return alpha**k / (epsilon * sum(alpha**j for j in range(int(k) + 1)))

    if delay is None:
        if reconstruct:
            raise SpecError("the total is given of the Fisher memory; give a delay for the reconstruction")
        return Result(f"total {name}", FisherMemory(W, v, epsilon, sp.oo), "=", sp.Add(*map(curve, range(N))), given, source=(GANGULI,))  # fmt: skip
    k = _delay(delay)
    if k.is_Integer:
        inside = curve(k) if k < N else sp.S.Zero
        rhs = factored(inside / (1 + inside)) if reconstruct else factored(inside)
    else:
        total = sp.Piecewise(((alpha ** (k + 1) - 1) / (alpha - 1), sp.Ne(alpha, 1)), (k + 1, True))
        value = alpha**k / (alpha**k + epsilon * total) if reconstruct else alpha**k / (epsilon * total)
        rhs = sp.Piecewise((value, sp.Lt(k, N)), (0, True))
    node = MemoryCurve(W, v, epsilon, k) if reconstruct else FisherMemory(W, v, epsilon, k)
    return Result(f"{name}, delay {k}", node, "=", rhs, given, source=(WHITE if reconstruct else GANGULI,))


def mutual_information(pole: Any = None, delay: Any = None) -> Result:
    """The information that a Gaussian mode keeps of its past, I(h_t; h_{t-k}) = -ln(1 - p^2k)/2, in nats.

    Given:  |p| < 1, and k >= 1.

    >>> mutual_information().rhs
    -log(1 - p**(2*k))/2
    """
    p = sp.Symbol("p", real=True) if pole is None else sp.sympify(pole, strict=True)
    k = sp.Symbol("k", integer=True, positive=True) if delay is None else _delay(delay)
    if k.is_zero:
        raise NoClosedForm("a state holds infinite information of itself: the delay must be >= 1")
    given = sp.And(
        sp.Lt(sp.Abs(p), 1), sp.true if k.is_positive else sp.Ge(k, 1), sp.true if p.is_real else sp.Eq(sp.im(p), 0)
    )
    if given == sp.false:
        raise SpecError(f"a mode is stationary for |p| < 1, got p = {p}")
    return Result(
        "information of a mode about its past", MutualInformation(p, k), "=", -sp.log(1 - p ** (2 * k)) / 2, given
    )
