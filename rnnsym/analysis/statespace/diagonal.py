"""Diagonal state spaces: the eigenvalues at which S4D starts, and the convolution kernel in closed form.

N states in N/2 conjugate pairs lambda_n = -1/2 + i omega_n:
    S4D-Lin    omega_n = pi n
    S4D-Inv    omega_n = (N/pi) (N/(2n+1) - 1)
These are choices, not theorems: S4D-Inv follows the eigenvalues of the normal part of HiPPO-LegS, whose real parts are
exactly -1/2 (`hippo_normal`), S4D-Lin those of a Fourier basis. What is derived here is the kernel.
May import: everything to the left of `analysis.statespace`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import sympy as sp

from rnnsym.defined import Modes, Pairs
from rnnsym.defined.statespaces import SampledKernel
from rnnsym.result import Result, ShapeError, Source, SpecError, Step
from rnnsym.systems import LinearSystem, Time

GU = Source(
    "gu2022s4d", "Gu, A. and Gupta, A. and Goel, K. and Re, C.",
    "On the parameterization and initialization of diagonal state space models", 2022, arxiv="2206.11893",
)  # fmt: skip
INITIALIZATIONS: dict[str, Callable[[int, int], Any]] = {
    "lin": lambda n, N: sp.pi * n,
    "inv": lambda n, N: sp.Rational(N) / sp.pi * (sp.Rational(N, 2 * n + 1) - 1),
}
METHODS = ("zoh", "bilinear", "euler", "zoh-euler")
STEP = sp.Symbol("k", integer=True, nonnegative=True)
DT = sp.Symbol("Delta", positive=True)


def _half(N: Any, kind: str) -> list[Any]:
    """lambda_n for n < N/2."""
    if isinstance(N, bool) or not isinstance(N, int | sp.Integer) or N < 2 or N % 2:
        raise SpecError(f"S4D has N/2 pairs of eigenvalues: N must be an even whole number >= 2, got {N!r}")
    if kind not in INITIALIZATIONS:
        raise SpecError(f"unknown initialization {kind!r}; known: {', '.join(INITIALIZATIONS)}")
    return [-sp.S.Half + sp.I * INITIALIZATIONS[kind](n, int(N)) for n in range(int(N) // 2)]


def _weights(given: Sequence[Any] | None, name: str, pairs: int) -> list[Any]:
    """The weights of the pairs: given, or complex symbols by their real and imaginary parts."""
    if given is None:
        parts = [(sp.Symbol(f"{name}_re_{n}", real=True), sp.Symbol(f"{name}_im_{n}", real=True)) for n in range(pairs)]
        return [re + sp.I * im for re, im in parts]
    found = [sp.sympify(c, strict=True) for c in given]
    if len(found) != pairs:
        raise ShapeError(f"{name} has {len(found)} weights; there are {pairs} pairs of eigenvalues")
    return found


def s4d(N: int, kind: str = "inv", *, B: Sequence[Any] | None = None, C: Sequence[Any] | None = None) -> LinearSystem:
    """S4D with N states in conjugate pairs, A = diag(lambda_0, lambda_0*, lambda_1, ...), lambda_n = -1/2 + i pi n ("lin") or -1/2 + i (N/pi)(N/(2n+1) - 1) ("inv").

    B, C: a weight for each pair, its conjugate goes to the conjugate mode; B is 1, C are symbols if left out.
    Raises: SpecError for an odd N or an unknown kind; ShapeError for a wrong number of weights.
    Source: gu2022s4d.

    >>> s4d(2, "lin", C=[1]).A
    Matrix([
    [-1/2,    0],
    [   0, -1/2]])
    """
    half = _half(N, kind)
    pairs = len(half)
    forward = [sp.S.One] * pairs if B is None else _weights(B, "B", pairs)
    read = _weights(C, "C", pairs)

    def both(values: list[Any]) -> list[Any]:
        return [e for v in values for e in (v, sp.conjugate(v))]

    return LinearSystem(sp.diag(*both(half)), both(forward), [both(read)], time=Time("continuous"))


def s4d_eigenvalues(N: int, kind: str = "inv") -> Result:
    """The eigenvalues of S4D, -1/2 +- i pi n ("lin") or -1/2 +- i (N/pi)(N/(2n+1) - 1) ("inv"), n < N/2.

    At n = 0 S4D-Lin has the double eigenvalue -1/2. S4D-Inv goes up to omega_0 = N (N - 1)/pi and down to
    N/(pi (N - 1)).
    Raises: SpecError for an odd N or an unknown kind.
    Source: gu2022s4d.

    >>> s4d_eigenvalues(2, "inv").rhs
    ((-1/2 + 2*I/pi, 1), (-1/2 - 2*I/pi, 1))
    """
    half = _half(N, kind)
    pairs = [sp.Tuple(v, 2) if v.is_real else None for v in half]
    found = [
        e
        for v, double in zip(half, pairs, strict=True)
        for e in ([double] if double else [sp.Tuple(v, 1), sp.Tuple(sp.conjugate(v), 1)])
    ]
    A = s4d(N, kind, C=[1] * len(half)).A
    return Result(f"eigenvalues of S4D-{kind.capitalize()}", Modes(A), "=", Pairs(*found), source=(GU,))


def s4d_kernel(
    N: int, kind: str = "inv", method: str = "zoh", *, dt: Any = None, k: Any = None, B: Sequence[Any] | None = None,
    C: Sequence[Any] | None = None,
) -> Result:  # fmt: skip
    """The kernel of S4D, K_k = 2 Re sum_n C_n B_n g(lambda_n) a(lambda_n)^k over the N/2 pairs, with the factor of the discretization exact.

    zoh:       a = e^(dt lambda), g = (e^(dt lambda) - 1)/lambda
    bilinear:  a = (1 + dt lambda/2)/(1 - dt lambda/2), g = dt/(1 - dt lambda/2)
    euler:     a = 1 + dt lambda, g = dt
    zoh-euler: a = e^(dt lambda), g = dt           (Mamba's)
    y_t = sum_k K_k x_{t-k}, readout "current". B is 1 and C are complex symbols if left out; dt is Delta > 0.
    Given:  dt > 0; Re lambda = -1/2, so lambda is not 0 and no denominator vanishes.
    Raises: SpecError for an odd N, an unknown kind or method; ShapeError for a wrong number of weights.
    Source: gu2022s4d.

    >>> s4d_kernel(2, "lin", C=[1], dt=1).rhs
    2*re(kappa)
    """
    half = _half(N, kind)
    pairs = len(half)
    if method not in METHODS:
        raise SpecError(f"unknown method {method!r}; known: {', '.join(METHODS)}")
    step = DT if dt is None else sp.sympify(dt, strict=True)
    if step.is_positive is False:
        raise SpecError(f"dt must be > 0, got {step}")
    count = STEP if k is None else sp.sympify(k, strict=True)
    if count.is_integer is not True or count.is_negative:
        raise SpecError(f"a step is a whole number >= 0 or a symbol of one (integer=True), got {k!r}")
    forward = [sp.S.One] * pairs if B is None else _weights(B, "B", pairs)
    read = _weights(C, "C", pairs)
    values = [sp.Symbol(f"lambda_{n}") for n in range(pairs)]
    weights = [sp.Symbol(f"C_{n}") for n in range(pairs)]
    where = [
        *zip(values, half, strict=True),
        *zip(weights, (c * b for c, b in zip(read, forward, strict=True)), strict=True),
    ]

    def term(value: Any) -> Any:
        if method == "bilinear":
            return step / (1 - step * value / 2) * ((1 + step * value / 2) / (1 - step * value / 2)) ** count
        if method == "euler":
            return step * (1 + step * value) ** count
        factor = step if method == "zoh-euler" else (sp.exp(step * value) - 1) / value
        return factor * sp.exp(step * value * count)

    one = [c * term(v) for c, v in zip(weights, values, strict=True)]
    other = [sp.conjugate(c) * term(sp.conjugate(v)) for c, v in zip(weights, values, strict=True)]
    half_sum = sp.Symbol("kappa")  # a name, because SymPy takes Re of a sum of products apart
    rhs = 2 * sp.re(half_sum)

    def both(parts: list[Any]) -> list[Any]:
        return [e for v in parts for e in (v, sp.conjugate(v))]

    given = sp.true if step.is_positive else sp.Gt(step, 0)
    lhs = SampledKernel(both(half), both(forward), both(read), step, count, method)
    steps = (Step(sp.Add(*one, *other), "over all modes, the conjugate ones after"),)
    return Result(
        f"kernel of S4D-{kind.capitalize()} ({method})", lhs, "=", rhs, given=given, where=(*where, (half_sum, sp.Add(*one))), steps=steps, source=(GU,)
    )  # fmt: skip
