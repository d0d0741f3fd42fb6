"""Quantities of linear systems kept unevaluated: Krylov matrices, states after T steps, modes, time scales.

Each numerical definition follows the recurrence itself: it uses no Gramian, no eigenvector and no power of A in closed
form. Least energy and least squares are in `leastsquares`, bases of subspaces in `subspaces`. May import: result,
exact, vectors, the rest of `defined`.
"""

from __future__ import annotations

from typing import Any

import flint
import numpy as np
import sympy as sp

from rnnsym.defined.numbers import Defined, Numbers, Undefined
from rnnsym.defined.predicates import Predicate
from rnnsym.exact import balls

STEPS = 10_000  # of a simulation that serves as a definition
SMALL = 1e-25  # a pivot below this at 60 digits is 0


def fixed(part: Any) -> Any:
    return part.as_immutable() if isinstance(part, sp.MatrixBase) else sp.sympify(part)


class OfSystem(Defined, sp.MatrixExpr):
    """A matrix defined from the matrices of a system."""

    def __new__(cls, *parts: Any) -> Any:
        return sp.MatrixExpr.__new__(cls, *map(fixed, parts))

    def _entry(self, i: Any, j: Any, **_: Any) -> Any:
        return sp.matrices.expressions.matexpr.MatrixElement(self, i, j)


class ControllabilityMatrix(OfSystem):
    """[B, A B, ..., A^(T-1) B]: block k holds the states k steps after a unit impulse on each input, by simulation."""

    @property
    def shape(self) -> tuple[Any, Any]:
        A, B, T = self.args
        return A.shape[0], B.shape[1] * T

    def definition(self) -> Any:
        """The blocks as a matrix expression, to be evaluated in exact numbers."""
        A, B, T = self.args
        if 0 in self.shape:
            return sp.ZeroMatrix(*self.shape)
        return sp.BlockMatrix([[_power_times(A, B, k) for k in range(int(T))]])

    def numerical(self, numbers: Numbers) -> Any:
        A, B, T = self.args
        if 0 in self.shape:
            return numbers._value(sp.ZeroMatrix(*self.shape))
        state, step = numbers._value(B), numbers._value(A)
        blocks = []
        for _ in range(numbers.size(T)):
            blocks.append(state)
            state = step @ state
        return np.concatenate(blocks, axis=1)

    def _sympystr(self, printer: Any) -> str:
        return f"ControllabilityMatrix({', '.join(map(printer._print, self.args))})"

    def _latex(self, printer: Any) -> str:
        A, B, T = (_bracketed(printer, a) for a in self.args)
        parts = [B, f"{A} {B}", rf"{A}^{{2}} {B}", rf"{A}^{{3}} {B}"]
        if self.args[2].is_Integer and int(self.args[2]) <= len(parts) and not isinstance(self.args[0], sp.MatrixBase):
            return rf"\left[{',; '.join(parts[: int(self.args[2])])}\right]"
        return rf"\mathcal{{C}}_{{{T}}}\left({A}, {B}\right)"


class ObservabilityMatrix(OfSystem):
    """[C; C A; ...; C A^(T-1)]: column j holds the free outputs y_0 ... y_(T-1) from the unit state j, by simulation."""

    @property
    def shape(self) -> tuple[Any, Any]:
        A, C, T = self.args
        return C.shape[0] * T, A.shape[0]

    def definition(self) -> Any:
        A, C, T = self.args
        if 0 in self.shape:
            return sp.ZeroMatrix(*self.shape)
        return sp.BlockMatrix([[_power_times(A, C, k, left=True)] for k in range(int(T))])

    def numerical(self, numbers: Numbers) -> Any:
        A, C, T = self.args
        if 0 in self.shape:
            return numbers._value(sp.ZeroMatrix(*self.shape))
        step, seen = numbers._value(A), numbers._value(C)
        state = numbers._value(sp.Identity(len(step)))
        blocks = []
        for _ in range(numbers.size(T)):
            blocks.append(seen @ state)
            state = step @ state
        return np.concatenate(blocks, axis=0)

    def _sympystr(self, printer: Any) -> str:
        return f"ObservabilityMatrix({', '.join(map(printer._print, self.args))})"

    def _latex(self, printer: Any) -> str:
        A, C, T = (_bracketed(printer, a) for a in self.args)
        return rf"\mathcal{{O}}_{{{T}}}\left({A}, {C}\right)"


def _power_times(A: Any, M: Any, k: int, left: bool = False) -> Any:
    """A^k M (M A^k) unevaluated."""
    if k == 0:
        return M
    power = A if k == 1 else sp.MatPow(A, sp.Integer(k))
    return sp.MatMul(M, power) if left else sp.MatMul(power, M)


def _bracketed(printer: Any, part: Any) -> str:
    return str(printer._print(part))


class DeterminantOf(Defined, sp.Expr):
    """det M, by elimination with the numbers put in."""

    is_commutative = True

    def __new__(cls, matrix: Any) -> Any:
        return sp.Expr.__new__(cls, fixed(matrix))

    def numerical(self, numbers: Numbers) -> Any:
        table = numbers._value(self.args[0])
        kind = flint.acb_mat if any(isinstance(v, flint.acb) for v in table.flat) else flint.arb_mat
        return kind([list(row) for row in table]).det()

    def _sympystr(self, printer: Any) -> str:
        return f"det({printer._print(self.args[0])})"

    def _latex(self, printer: Any, exp: Any = None) -> str:
        inside = printer._print(self.args[0])
        is_sum = isinstance(self.args[0], sp.MatAdd | sp.MatMul)
        text = rf"\det\left({inside}\right)" if is_sum else rf"\det {inside}"
        return text if exp is None else rf"\left({text}\right)^{{{exp}}}"


class ModeRank(Defined, sp.Expr):
    """rank [lambda I - A, B] for a number lambda that may be complex: by elimination at 60 digits; args: A, B, lambda."""

    is_commutative = True
    is_extended_real = True

    def __new__(cls, *parts: Any) -> Any:
        return sp.Expr.__new__(cls, *map(fixed, parts))

    def numerical(self, numbers: Numbers) -> Any:
        A, B, value = self.args
        shifted = -numbers._value(A)
        number = numbers._value(value)
        for i in range(len(shifted)):
            shifted[i, i] = shifted[i, i] + number
        table = np.concatenate([shifted, numbers._value(B)], axis=1)
        scale, count = max(float(abs(v)) for v in table.flat), 0
        while table.size:
            size, i, j = max((float(abs(v)), i, j) for (i, j), v in np.ndenumerate(table))
            if size <= SMALL * max(scale, 1.0):
                break
            row = table[i, :] / table[i, j]
            table = table - np.outer(table[:, j], row)
            table = np.delete(np.delete(table, i, axis=0), j, axis=1)
            count += 1
        return balls.ball(count)

    def _sympystr(self, printer: Any) -> str:
        A, B, value = map(printer._print, self.args)
        return f"Rank([{value}*I - {A}, {B}])"

    def _latex(self, printer: Any, exp: Any = None) -> str:
        A, B, value = map(printer._print, self.args)
        return rf"\operatorname{{rank}} \left[{value} I - {A},\; {B}\right]"


class StateAt(OfSystem):
    """h_T of h_t = A h_(t-1) + f_t from h_0, by stepping; args: A, h_0, T, and the forcing f_1, ..., f_T or one constant f."""

    def __new__(cls, A: Any, start: Any, T: Any, *forcing: Any) -> Any:
        return sp.MatrixExpr.__new__(cls, *map(fixed, (A, start, T, *forcing)))

    @property
    def shape(self) -> tuple[Any, Any]:
        return self.args[1].shape

    def numerical(self, numbers: Numbers) -> Any:
        A, start, T, *forcing = self.args
        step, state = numbers._value(A), numbers._value(start)
        pushes = [numbers._value(f) for f in forcing]
        count = numbers.size(T)
        if count > STEPS:
            raise Undefined(f"{count} steps are too many to follow")
        for t in range(count):
            state = step @ state
            if pushes:
                state = state + (pushes[t] if len(pushes) == count else pushes[0])
        return state

    def _sympystr(self, printer: Any) -> str:
        return f"h_{printer._print(self.args[2])}"

    def _latex(self, printer: Any) -> str:
        return rf"h_{{{printer._print(self.args[2])}}}"


class PowerSum(OfSystem):
    """I + A + ... + A^(t-1), added up."""

    @property
    def shape(self) -> tuple[Any, Any]:
        return self.args[0].shape

    def numerical(self, numbers: Numbers) -> Any:
        step = numbers._value(self.args[0])
        total = numbers._value(sp.ZeroMatrix(len(step), len(step)))
        one = numbers._value(sp.Identity(len(step)))
        for _ in range(numbers.size(self.args[1])):
            total = step @ total + one
        return total

    def _sympystr(self, printer: Any) -> str:
        A, t = map(printer._print, self.args)
        return f"Sum({A}**k, k < {t})"

    def _latex(self, printer: Any) -> str:
        A, t = (_bracketed(printer, a) for a in self.args)
        return rf"\sum_{{k=0}}^{{{t}-1}} {A}^{{k}}"


class Exponential(OfSystem):
    """e^(A s), the exponential of a matrix in balls (scaling and squaring of its Taylor series)."""

    @property
    def shape(self) -> tuple[Any, Any]:
        return self.args[0].shape

    def numerical(self, numbers: Numbers) -> Any:
        A, s = self.args
        return exponential(numbers._value(A) * numbers._value(s))

    def _sympystr(self, printer: Any) -> str:
        A, s = map(printer._print, self.args)
        return f"exp({s}*{A})"

    def _latex(self, printer: Any) -> str:
        A, s = (_bracketed(printer, a) for a in self.args)
        return rf"e^{{{s} {A}}}"


class HeldInput(OfSystem):
    """integral_0^dt e^(A s) ds B: the state at dt from 0 under a constant unit input, from the exponential of [[A, B], [0, 0]]."""

    @property
    def shape(self) -> tuple[Any, Any]:
        return self.args[1].shape

    def numerical(self, numbers: Numbers) -> Any:
        A, B, dt = (numbers._value(a) for a in self.args)
        n, m = B.shape
        zero = np.full((m, n + m), balls.ball(0), dtype=object)
        whole = np.concatenate([np.concatenate([A, B], axis=1), zero], axis=0)
        return exponential(whole * dt)[:n, n:]

    def _sympystr(self, printer: Any) -> str:
        A, B, dt = map(printer._print, self.args)
        return f"Integral(exp(s*{A}), (s, 0, {dt}))*{B}"

    def _latex(self, printer: Any) -> str:
        A, B, dt = (_bracketed(printer, a) for a in self.args)
        return rf"\int_0^{{{dt}}} e^{{s {A}}}\,\mathrm{{d}}s\; {B}"


def exponential(table: Any) -> Any:
    """The exponential of a table of balls."""
    n = len(table)
    is_complex = any(isinstance(v, flint.acb) for v in table.flat)
    found = (flint.acb_mat if is_complex else flint.arb_mat)([list(row) for row in table]).exp()
    return np.array([[found[i, j] for j in range(n)] for i in range(n)], dtype=object)


# Modes and time scales


class Modes(OfSystem):
    """The eigenvalues of A with multiplicity, as the coefficients of det(lambda I - A), highest first (see Pairs)."""

    @property
    def shape(self) -> tuple[Any, Any]:
        return sp.S.One, self.args[0].shape[0] + 1

    def numerical(self, numbers: Numbers) -> Any:
        exact = numbers.exactly(self.args[0])
        if exact is not None:
            entries = [flint.fmpq(int(e.p), int(e.q)) for e in exact]
            polynomial = flint.fmpq_mat(exact.rows, exact.cols, entries).charpoly()
            coefficients = [flint.arb(c) for c in polynomial.coeffs()]
        else:
            table = numbers._value(self.args[0])
            kind = flint.acb_mat if any(isinstance(v, flint.acb) for v in table.flat) else flint.arb_mat
            coefficients = list(kind([list(row) for row in table]).charpoly().coeffs())
        found = np.empty((1, len(coefficients)), dtype=object)
        found[0, :] = coefficients[::-1]
        return found

    def _sympystr(self, printer: Any) -> str:
        return f"Modes({printer._print(self.args[0])})"

    def _latex(self, printer: Any) -> str:
        return rf"\sigma\left({printer._print(self.args[0])}\right)"


class _OfNumber(Defined, sp.Expr):
    """A real number defined from one complex number."""

    is_commutative = True
    is_extended_real = True
    sign = ""

    def __new__(cls, *parts: Any) -> Any:
        return sp.Expr.__new__(cls, *map(sp.sympify, parts))

    def modulus(self, numbers: Numbers) -> tuple[Any, Any]:
        """|x|, and its square as a fraction where it is rational."""
        x = self.args[0]
        exact = numbers._exact(x)
        if exact is not None:
            return balls.ball(abs(exact)), exact * exact
        value = numbers._value(x)
        square = numbers._exact(sp.expand(x * sp.conjugate(x))) if not x.is_real else None
        return abs(value), square

    def _latex(self, printer: Any) -> str:
        return self.sign % printer._print(self.args[0])


class DecayTime(_OfNumber):
    """The time after which |x|^t has fallen to `level` (1/e, 1/2): the t with |x|^t = level, by halving the interval.

    Infinite for |x| = 1, 0 for x = 0; for |x| > 1 it lies in the past, negative: the mode grows by 1/level in -t.
    """

    def numerical(self, numbers: Numbers) -> Any:
        modulus, square = self.modulus(numbers)
        level = numbers._value(self.args[1])
        if square == 0:
            return balls.ball(0)
        if square == 1:
            return balls.INFINITY
        if modulus.contains(1) or modulus.contains(0):
            raise Undefined("whether |x| is 0 or 1 cannot be told")
        sign = 1 if modulus < 1 else -1
        low, high = flint.fmpq(0), flint.fmpq(1)
        while modulus ** flint.arb(sign * high) > level:
            high = high * 2
        for _ in range(190):
            middle = (low + high) / 2
            if modulus ** flint.arb(sign * middle) > level:
                low = middle
            else:
                high = middle
        return flint.arb(sign * (low + high) / 2)

    def _sympystr(self, printer: Any) -> str:
        return f"DecayTime({', '.join(map(printer._print, self.args))})"

    def _latex(self, printer: Any) -> str:
        value, level = map(printer._print, self.args)
        return rf"t_{{1/2}}\left({value}\right)" if self.args[1] == sp.S.Half else rf"\tau\left({value}\right)"


class Period(_OfNumber):
    """The number of steps in which x^t turns once round 0: t times the angle is 2 pi. Infinite for x >= 0."""

    sign = r"T\left(%s\right)"

    def numerical(self, numbers: Numbers) -> Any:
        value = numbers._value(self.args[0])
        if isinstance(value, flint.arb) or value.imag == 0:
            real = value if isinstance(value, flint.arb) else value.real
            if real >= 0:
                return balls.INFINITY
            if real < 0:
                return balls.ball(2)
            raise Undefined("the sign of x cannot be told")
        if value.imag.contains(0):
            raise Undefined("whether x is real cannot be told")
        return 2 * flint.arb.pi() / abs(value.log().imag)

    def _sympystr(self, printer: Any) -> str:
        return f"Period({printer._print(self.args[0])})"


class NullControllable(Predicate):
    """Every state can be steered to 0: the image of A^n lies in that of [B, ..., A^(n-1) B]; args: A, B."""

    @property
    def targets(self) -> tuple[Any, ...]:
        return ()

    def holds(self, numbers: Numbers) -> bool | None:
        A, B = self.args
        n = int(A.shape[0])
        reach = numbers.exactly(ControllabilityMatrix(A, B, n).definition())
        final = numbers.exactly(sp.MatPow(A, sp.Integer(n)))
        if reach is None or final is None:
            raise Undefined("ranks are told from rational entries only")
        together = sp.ImmutableMatrix(sp.Matrix.hstack(sp.Matrix(reach), sp.Matrix(final)))
        return balls.rational_rank(reach) == balls.rational_rank(together)

    def _latex(self, printer: Any) -> str:
        A, B = (printer._print(a) for a in self.args)
        return rf"\operatorname{{im}} {A}^n \subseteq \operatorname{{im}} \mathcal{{C}}\left({A}, {B}\right)"

    def _sympystr(self, printer: Any) -> str:
        return f"NullControllable({', '.join(map(printer._print, self.args))})"
