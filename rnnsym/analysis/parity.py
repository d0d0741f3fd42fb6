"""Parity: one unit with a negative eigenvalue computes it exactly; what nonnegative eigenvalues cannot do.

The parity of bits x_1 ... x_T is h_T of h_t = (1 - 2 x_t) h_{t-1}: a 1 flips the sign, a 0 keeps it. Of diagonal recurrences
h_t = a(x_t) * h_{t-1} + b(x_t) with a >= 0, on the input 1, 1, 1, ..., whose parity alternates:

1. One unit is monotone, h_{t+1} - h_t = a^t (b - (1 - a) h_0), so a threshold on it changes at most once: the parities
   1, 0, 1 of 1, 11, 111 are out of reach.
2. Any weighted sum of n units and a constant is a sum of n + 1 functions 1, t, a_i^t of a Chebyshev system (Polya & Szego,
   part V), so its sign changes at most n times: the parities of 1^t, t = 0, ..., T, need T changes, so T <= n.
   In exact arithmetic, for an affine readout with a threshold; sharp.
3. In finite precision no readout helps: h -> r(a h + b), with a >= 0 and a rounding r that keeps the order, is a map of a finite
   ordered set into itself that keeps the order, so its orbit is monotone and comes to rest. All states are at rest after
   finitely many ones, and the parities of 1^t and 1^(t+1) are read from the same state. Layers stacked on it are then
   driven by a constant input, and come to rest in turn.
The last is the lower bound of Sarrof, Veitsman & Hahn 2024 and Grazzi et al. 2024 in the form proved here: real diagonal
eigenvalues >= 0 that depend on the present input, rounding unit by unit. Their theorems are cited for what goes beyond
it (other number formats, matrices that are not diagonal).
May import: everything to the left of `analysis.parity`.
"""

from __future__ import annotations

from typing import Any

import sympy as sp

from rnnsym.defined import StateAt
from rnnsym.defined.recurrences import Binary, ParityState, SettlingTime, SignChanges
from rnnsym.result import Result, Source, SpecError

SARROF = Source(
    "sarrof2024", "Sarrof, Y. and Veitsman, Y. and Hahn, M.",
    "The expressive capacity of state space models: a formal language perspective", 2024, arxiv="2405.17394",
)  # fmt: skip
GRAZZI = Source(
    "grazzi2024", "Grazzi, R. and Siems, J. and Zela, A. and Franke, J. K. H. and Hutter, F. and Pontil, M.",
    "Unlocking state-tracking in linear RNNs through negative eigenvalues", 2024, arxiv="2411.12537",
)  # fmt: skip
POLYA = Source("polya1976", "Polya, G. and Szego, G.", "Problems and Theorems in Analysis II", 1976, doi="10.1007/978-3-642-61905-2", at="part V")  # fmt: skip
T = sp.Symbol("T", integer=True, positive=True)
STEP = sp.Symbol("t", integer=True, nonnegative=True)


def parity() -> Result:
    """One linear unit computes parity exactly, for every length: h_t = (1 - 2 x_t) h_{t-1}, h_0 = 1, gives h_T = (-1)^(x_1 + ... + x_T).

    The bit itself is (1 - h_T)/2. The gate 1 - 2 x_t is -1 at x_t = 1: a negative eigenvalue.
    Shapes: x (T, 1). Given: every x_t is 0 or 1.
    Source: grazzi2024.

    >>> parity().rhs
    (-1)**Sum(x[j, 0], (j, 0, T - 1))
    """
    x, j = sp.MatrixSymbol("x", T, 1), sp.Symbol("j", integer=True)
    count = sp.Sum(x[j, 0], (j, 0, T - 1))
    return Result("parity", ParityState(x), "=", sp.Integer(-1) ** count, given=Binary(x), source=(GRAZZI,))


def constant_drive() -> Result:
    """Under a constant input a linear unit moves by h_{t+1} - h_t = a^t (b - (1 - a) h_0): for a >= 0 always in the same direction.

    So a threshold on h_t changes at most once, and cannot follow the parity of 1, 11, 111.

    >>> constant_drive().rhs
    Matrix([[a**t*(b + h_0*(a - 1))]])
    """
    a, b, h_0 = sp.symbols("a b h_0", real=True)
    A, start, push = (sp.Matrix([[e]]) for e in (a, h_0, b))
    now, then = (StateAt(A, start, time, push) for time in (STEP, STEP + 1))
    lhs = sp.MatAdd(then, sp.MatMul(-1, now, evaluate=False), evaluate=False)
    return Result("drift under a constant input", lhs, "=", sp.ImmutableMatrix([[a**STEP * (b + h_0 * (a - 1))]]))


def readout_changes(units: int = 2, eigenvalues: Any = None) -> Result:
    """A readout c^T h_t + d of n diagonal units with eigenvalues >= 0 changes its sign at most n times under a constant input.

    Parity of 1^t for t = 0, ..., T changes T times: it takes n >= T units, so none are enough for every length. With an
    eigenvalue -1 one unit is enough (`parity`).
    eigenvalues: numbers or expressions in place of the symbols a_1, ..., a_n.
    Given:  every eigenvalue is >= 0.
    Raises: SpecError if the number of units is no whole number >= 1, or for a negative eigenvalue.
    Source: polya1976.

    >>> readout_changes(1).given
    a_1 >= 0
    """
    if isinstance(units, bool) or not isinstance(units, int | sp.Integer) or units < 1:
        raise SpecError(f"the number of units must be a whole number >= 1, got {units!r}")
    size = int(units)

    def names(letter: str) -> list[Any]:
        return [sp.Symbol(f"{letter}_{i}", real=True) for i in range(1, size + 1)]

    a = names("a") if eigenvalues is None else [sp.sympify(v, strict=True) for v in eigenvalues]
    if len(a) != size:
        raise SpecError(f"{len(a)} eigenvalues for {size} units; give one for each")
    given = sp.And(*(sp.Ge(v, 0) for v in a))
    if given == sp.false:
        raise SpecError(f"the bound is for eigenvalues >= 0, got {', '.join(map(str, a))}")
    lhs = SignChanges(a, names("b"), names("g"), names("c"), sp.Symbol("d", real=True), sp.Symbol("T", integer=True, nonnegative=True))  # fmt: skip
    return Result(
        f"sign changes of a readout of {size} units", lhs, "<=", sp.Integer(size), given=given, source=(POLYA,)
    )


def rounding_settles() -> Result:
    """In finite precision a unit with an eigenvalue >= 0 comes to rest under a constant input: within 2 M Q steps on the multiples of 1/Q in [-M, M].

    After that no readout, linear or not, tells the parity of 1^t from that of 1^(t+1); see the head of this file.
    Given:  a >= 0. For a < 0 it may flip for ever, and that is how parity is computed.
    Source: sarrof2024, grazzi2024 (the theorem for layers of such units).

    >>> rounding_settles().rhs
    2*M*Q
    """
    a, b, g = sp.symbols("a b g", real=True)
    Q, M = (sp.Symbol(s, integer=True, positive=True) for s in "QM")
    return Result(
        "rest in finite precision", SettlingTime(a, b, g, Q, M), "<=", 2 * M * Q, given=a >= 0, source=(SARROF, GRAZZI)
    )
