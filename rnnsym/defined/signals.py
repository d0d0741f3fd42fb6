"""A linear system as the first arguments of a defined quantity, H(z), and its responses in time by running it.

A node speaks of a system by its matrices A, B, C, D and its readout. Numerical definitions run the recurrence or solve at
a point. On the unit circle: `frequencies`; poles and zeros: `polezero`; sums of squares: `variances`.
May import: result, exact, vectors, defined.numbers.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import flint
import numpy as np
import sympy as sp
from sympy.core.symbol import Str

from rnnsym.defined.numbers import Defined, Numbers, Undefined
from rnnsym.exact import balls

LONG = 6000  # steps of a recurrence before a sum counts as too slow to decide


class OfSystem(Defined):
    """args: A, B, C, D, readout, and what else the quantity depends on."""

    extra = 0  # how many arguments after the readout

    def __new__(cls, A: Any, B: Any, C: Any, D: Any, readout: Any, *more: Any) -> Any:
        matrices = [sp.ImmutableMatrix(M) for M in (A, B, C, D)]
        kind = readout if isinstance(readout, Str) else Str(str(readout))
        return sp.Basic.__new__(cls, *matrices, kind, *map(sp.sympify, more))  # type: ignore[arg-type]

    @property
    def matrices(self) -> tuple[Any, ...]:
        return self.args[:4]  # type: ignore[attr-defined,no-any-return]

    @property
    def is_current(self) -> bool:
        return str(self.args[4]) == "current"  # type: ignore[attr-defined]

    @property
    def more(self) -> tuple[Any, ...]:
        return self.args[5:]  # type: ignore[attr-defined,no-any-return]

    def tables(self, numbers: Numbers) -> tuple[Any, ...]:
        """A, B, C, D as FLINT matrices of balls, complex if one of them is."""
        return flints(*(numbers._value(M) for M in self.matrices))


class SystemMatrix(OfSystem, sp.MatrixExpr):
    """A (p, m) matrix of a system."""

    @property
    def shape(self) -> tuple[Any, Any]:
        return self.args[3].shape

    def _entry(self, i: Any, j: Any, **_: Any) -> Any:
        return sp.matrices.expressions.matexpr.MatrixElement(self, i, j)

    sign = "%s"

    def _latex(self, printer: Any, exp: Any = None) -> str:
        text = self.sign % tuple(printer._print(a) for a in self.more) if "%" in self.sign else self.sign
        return text if exp is None else f"{text}^{{{exp}}}"


class SystemNumber(OfSystem, sp.Expr):
    """A number of a system."""

    is_commutative = True
    is_extended_real = True
    sign = "%s"

    _latex = SystemMatrix._latex


def flints(*tables: Any) -> tuple[Any, ...]:
    """Object arrays of balls as FLINT matrices of one kind."""
    is_complex = any(isinstance(v, flint.acb) for t in tables for v in t.flat)
    kind = flint.acb_mat if is_complex else flint.arb_mat
    return tuple(kind(t.shape[0], t.shape[1], list(t.flat)) for t in tables)


def balls_of(matrix: Any) -> Any:
    """A FLINT matrix as an object array of balls."""
    found = np.empty((matrix.nrows(), matrix.ncols()), dtype=object)
    for i in range(matrix.nrows()):
        for j in range(matrix.ncols()):
            found[i, j] = matrix[i, j]
    return found


def infinite(rows: int, columns: int) -> Any:
    """What a quantity that diverges evaluates to: no formula agrees with it."""
    return np.full((rows, columns), balls.INFINITY, dtype=object)


def middle(matrix: Any) -> Any:
    """The middles of the entries: a long recurrence keeps its digits."""
    return matrix.mid()


def adjoint(matrix: Any) -> Any:
    """The conjugate transpose."""
    if isinstance(matrix, flint.arb_mat):
        return matrix.transpose()
    rows = [[matrix[i, j].conjugate() for i in range(matrix.nrows())] for j in range(matrix.ncols())]
    return flint.acb_mat(matrix.ncols(), matrix.nrows(), [v for row in rows for v in row])


def size_of(matrix: Any) -> float:
    """The largest modulus of an entry."""
    return max((float(abs(v).mid()) for v in matrix.entries()), default=0.0)


def outputs(tables: tuple[Any, ...], current: bool, inputs: Callable[[int], Any]) -> Any:
    """The outputs y_0, y_1, ... of the recurrence from h = 0, without end; inputs(t) is x_t, a matrix or None for 0."""
    A, B, C, D = tables
    kind = type(A)
    state = kind(A.nrows(), B.ncols())
    t = 0
    while True:
        x = inputs(t)
        new = A * state
        if x is not None:
            new = new + B * x
        y = C * (new if current else state)
        yield y if x is None else y + D * x
        state = middle(new)
        t += 1


def one(tables: tuple[Any, ...]) -> Any:
    """The identity of the size of the input."""
    B = tables[1]
    kind, m = type(B), B.ncols()
    return kind(m, m, [int(i == j) for i in range(m) for j in range(m)])


def pulses(tables: tuple[Any, ...], current: bool) -> Any:
    """The impulse response h_0, h_1, ..."""
    unit = one(tables)
    return outputs(tables, current, lambda t: unit if t == 0 else None)


def response_at(tables: tuple[Any, ...], current: bool, z: Any) -> Any:
    """H(z) by solving (z I - A) h = B; None where z is an eigenvalue."""
    A, B, C, D = tables
    if A.nrows() == 0:
        return D
    if isinstance(z, flint.acb) and isinstance(A, flint.arb_mat):
        A, B, C, D = (flint.acb_mat(M) for M in tables)
    n, kind = A.nrows(), type(A)
    shifted = kind(n, n, [z * int(i == j) - A[i, j] for i in range(n) for j in range(n)])
    try:
        state = shifted.solve(B)
    except ZeroDivisionError:
        return None
    return C * state * z + D if current else C * state + D


def on_circle(omega: Any) -> Any:
    """e^(i omega)."""
    return flint.acb(omega.cos(), omega.sin())


class TransferFunction(SystemMatrix):
    """H(z): C (I - A z^-1)^-1 B + D (readout current) or C (zI - A)^-1 B + D (previous); infinite at an eigenvalue."""

    sign = r"H\left(%s\right)"

    def numerical(self, numbers: Numbers) -> Any:
        z = numbers._value(self.more[0])
        found = response_at(self.tables(numbers), self.is_current, z)
        return infinite(*map(int, self.shape)) if found is None else balls_of(found)


class ImpulseResponse(SystemMatrix):
    """h_k, the output k steps after a unit impulse at rest, by iteration; its values are the Markov parameters."""

    sign = r"h_{%s}"

    def numerical(self, numbers: Numbers) -> Any:
        last = numbers.size(self.more[0])
        if not 0 <= last < LONG:
            raise Undefined(f"there is no step {last}")
        tables = self.tables(numbers)
        for t, y in enumerate(self._run(tables)):
            if t == last:
                return balls_of(y)

    def _run(self, tables: Any) -> Any:
        return pulses(tables, self.is_current)


class StepResponse(ImpulseResponse):
    """s_k, the output k steps after a unit step at rest, by iteration."""

    sign = r"s_{%s}"

    def _run(self, tables: Any) -> Any:
        unit = one(tables)
        return outputs(tables, self.is_current, lambda t: unit)


class MarkovParameters(SystemMatrix):
    """[h_0 h_1 ... h_{N-1}], side by side, by iteration."""

    @property
    def shape(self) -> tuple[Any, Any]:
        p, m = self.args[3].shape
        return p, m * self.more[0]

    def numerical(self, numbers: Numbers) -> Any:
        count, steps = numbers.size(self.more[0]), pulses(self.tables(numbers), self.is_current)
        return np.concatenate([balls_of(next(steps)) for _ in range(count)], axis=1)

    def _latex(self, printer: Any, exp: Any = None) -> str:
        return rf"\begin{{pmatrix}} h_0 & \cdots & h_{{{printer._print(self.more[0] - 1)}}} \end{{pmatrix}}"


class FinalValue(SystemMatrix):
    """lim s_k of the step response, by doubling the number of steps; infinite where there is no limit."""

    sign = r"\lim_{k \to \infty} s_k"

    def numerical(self, numbers: Numbers) -> Any:
        A, B, C, D = tables = self.tables(numbers)
        if A.nrows() == 0:
            return balls_of(D)
        n, kind = A.nrows(), type(A)
        total, power = kind(n, n, [int(i == j) for i in range(n) for j in range(n)]), A
        for _ in range(80):  # I + A + ... + A^(2^j - 1)
            new = middle(total + power * total)
            if size_of(new - total) <= 1e-45 * max(1.0, size_of(new)) and size_of(power) < 1e-20:
                state = new * B
                return balls_of(C * state + D)
            if not size_of(new) < 1e200:
                break
            total, power = new, middle(power * power)
        return infinite(D.nrows(), tables[1].ncols())
