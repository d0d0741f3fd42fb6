"""Quantities of matrices that are not normal, kept unevaluated: Henrici's departure, Kreiss constant, numerical radius.

Numerical definitions: the Schur form, the supremum over the complex plane or over all directions by search in machine
numbers with the value at the point found taken at 60 digits, the powers one after the other. None uses a closed form.
The hypotheses Normal and PowerBounded are here too. May import: result, exact, vectors, the numbers, quantities and
predicates of `defined`.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import flint
import mpmath
import numpy as np
import sympy as sp

from rnnsym.defined.numbers import Defined, Numbers, Undefined
from rnnsym.defined.predicates import Orthogonal, _near_zero, _OfMatrix, _times
from rnnsym.defined.quantities import _Scalar
from rnnsym.exact import balls
from rnnsym.exact.circle import schur_rational

DIGITS = 40  # of values taken in mpmath
STEPS = 20_000  # of powers that are followed
SHRINK, GROW = np.array([0.45, 0.75]), 1.5  # of the grid of a search: slowly along the second axis, for ridges
ONE = 1e-12  # a spectral radius nearer to 1 than this is 1 to machine numbers


def precise(table: Any) -> Any:
    """An object array of balls as a matrix of mpmath."""
    return mpmath.matrix([[_number(v) for v in row] for row in table])


def _number(value: Any) -> Any:
    if isinstance(value, flint.acb):
        return mpmath.mpc(_number(value.real), _number(value.imag))
    mantissa, exponent = value.mid().man_exp()
    return mpmath.ldexp(mpmath.mpf(int(mantissa)), int(exponent))


def _ball(value: Any) -> Any:
    return balls.ball(sp.Float(mpmath.nstr(value, DIGITS), DIGITS))


def largest_singular_value(matrix: Any) -> Any:
    """The norm of a matrix of mpmath, from its Gram matrix."""
    return mpmath.sqrt(max(mpmath.mpf(0), max(mpmath.eighe(matrix.H * matrix, eigvals_only=True))))


class HenriciDeparture(_Scalar):
    """dep(A), the Frobenius norm of the strictly upper triangle of a Schur form of A (the same for each of them)."""

    sign = r"\operatorname{dep}\left(%s\right)"
    is_nonnegative = True

    def numerical(self, numbers: Numbers) -> Any:
        table = numbers._value(self.matrix)
        with mpmath.workdps(DIGITS):
            try:
                _, form = mpmath.schur(precise(table).apply(mpmath.mpc))
            except RuntimeError as error:
                raise Undefined("the Schur form was not found") from error
            n = form.rows
            return _ball(mpmath.sqrt(sum(abs(form[i, j]) ** 2 for i in range(n) for j in range(i + 1, n))))

    def _sympystr(self, printer: Any) -> str:
        return f"dep({printer._print(self.matrix)})"


class NumericalRadius(_Scalar):
    """w(A) = max |x* A x| over unit vectors: the largest of the largest eigenvalues of Re(e^(i theta) A) over theta."""

    sign = r"w\left(%s\right)"
    is_nonnegative = True

    def numerical(self, numbers: Numbers) -> Any:
        table = numbers._value(self.matrix)
        machine = balls.floats(table).astype(complex)

        def extent(points: Any) -> Any:
            turned = np.exp(1j * points[..., 0])[..., None, None] * machine
            return np.linalg.eigvalsh((turned + turned.conj().swapaxes(-1, -2)) / 2)[..., -1]

        angles = np.linspace(0, 2 * np.pi, 97)[:-1, None]
        (angle,) = search(extent, angles, np.array([2 * np.pi / 96]), starts=2)
        with mpmath.workdps(DIGITS):
            turned = mpmath.expj(mpmath.mpf(angle)) * precise(table)
            return _ball(max(mpmath.eighe((turned + turned.H) / 2, eigvals_only=True)))


class KreissConstant(_Scalar):
    """K(A) = sup (|z| - 1) ||(zI - A)^-1|| over |z| > 1; infinite where an eigenvalue is outside the unit circle.

    Numerical definition: with w = 1/z the supremum over |w| < 1 of (1 - |w|)/s, s the smallest singular value of
    I - wA, on a grid that is refined around its largest values. At |w| = 0 it is 1.
    """

    sign = r"\mathcal{K}\left(%s\right)"
    is_positive = True
    is_nonnegative = True

    def numerical(self, numbers: Numbers) -> Any:
        table = numbers._value(self.matrix)
        machine = balls.floats(table)
        values = np.linalg.eigvals(machine)
        radius = float(np.max(np.abs(values)))
        if radius > 1 + ONE:
            return balls.INFINITY
        if radius > 1 - ONE:
            raise Undefined("an eigenvalue is on the unit circle")
        one = np.eye(len(machine))

        def level(points: Any) -> Any:
            u, angle = np.clip(points[..., 0], 0, 1), points[..., 1]
            w = u * np.exp(-1j * angle)
            least = np.linalg.svd(one - w[..., None, None] * machine, compute_uv=False)[..., -1]
            return (1 - u) / np.maximum(least, 1e-300)

        moduli = np.concatenate([np.geomspace(1e-6, 0.3, 14), 1 - np.geomspace(0.7, (1 - radius) / 30, 18)])
        turns = [np.linspace(0, np.pi, 25)]
        turns += [abs(np.angle(v)) + (1 - abs(v)) * np.array([-3, -1, 0, 1, 3]) for v in values if v.imag != 0]
        if np.iscomplexobj(machine):
            turns += [-t for t in turns]
        grid = np.stack(np.meshgrid(moduli, np.concatenate(turns), indexing="ij"), axis=-1).reshape(-1, 2)
        best = search(level, grid, lambda point: np.array([0.3 * min(point[0], 1 - point[0]), 0.13]), starts=2)
        if not 0 < best[0] < 1:
            return balls.ball(1)
        with mpmath.workdps(DIGITS):
            u, angle = mpmath.mpf(best[0]), mpmath.mpf(best[1])
            shifted = mpmath.eye(len(machine)) - u * mpmath.expj(-angle) * precise(table)
            least = min(mpmath.eighe(shifted.H * shifted, eigvals_only=True))
            return _ball(max(mpmath.mpf(1), (1 - u) / mpmath.sqrt(least)))


def search(function: Callable[[Any], Any], grid: Any, width: Any, starts: int = 1) -> Any:
    """The point of the largest value of a function of (points, dimensions): a grid, and finer ones round its best points."""
    values = function(grid)
    order = np.argsort(values)[::-1]
    firsts: list[Any] = []
    for k in order[values[order] >= 0.6 * values[order[0]]]:
        span = width(grid[k]) if callable(width) else width
        if all(np.any(np.abs(grid[k] - p) > 2.5 * s) for p, s in firsts):
            firsts.append((grid[k], span))
        if len(firsts) == starts:
            break
    found = []
    dimensions = grid.shape[-1]
    steps = np.stack(np.meshgrid(*[np.linspace(-1, 1, 5)] * dimensions, indexing="ij"), axis=-1).reshape(-1, dimensions)
    for point, span in firsts:
        top = -np.inf
        for _ in range(150):
            points = point + steps * span
            levels = function(points)
            k = int(np.argmax(levels))
            point, top = points[k], max(top, float(levels[k]))
            span = span * np.where(np.abs(steps[k]) > 0.99, GROW, SHRINK[-dimensions:])
            if np.max(span) < 1e-8:
                break
        found.append((top, tuple(point)))
    return max(found)[1]


class PowerSupremum(_Scalar):
    """sup ||A^t|| over t = 0, 1, 2, ...: the largest of the powers before the first with ||A^s|| <= 1."""

    sign = r"\sup_{t \geq 0} \left\lVert %s^t \right\rVert"
    is_positive = True
    is_nonnegative = True

    def numerical(self, numbers: Numbers) -> Any:
        table = numbers._value(self.matrix)
        machine = balls.floats(table)
        if float(np.max(np.abs(np.linalg.eigvals(machine)))) > 1 + 1e-7:
            return balls.INFINITY
        power, best, place = machine, 1.0, 0
        for t in range(1, STEPS):
            norm = float(np.linalg.norm(power, 2))
            if norm > best * (1 + 1e-14):
                best, place = norm, t
            if norm <= 1 + 1e-13:
                break
            power = power @ machine
        else:
            raise Undefined(f"no power of norm <= 1 in {STEPS} steps")
        if place == 0:
            return balls.ball(1)
        with mpmath.workdps(DIGITS):
            return _ball(largest_singular_value(precise(table) ** place))

    def _sympystr(self, printer: Any) -> str:
        return f"sup_t ||{printer._print(self.matrix)}**t||"


class FlowPeak(Defined, sp.Expr):
    """Where ("time") or how large ("value") the norm of a matrix M(t) is largest over real t >= 0; args: M, t, what.

    Numerical definition: golden sections, for a norm that rises at most once.
    """

    is_commutative = True
    is_extended_real = True

    def __new__(cls, matrix: Any, time: Any, what: Any) -> Any:
        fixed = matrix.as_immutable() if isinstance(matrix, sp.MatrixBase) else matrix
        return sp.Expr.__new__(cls, fixed, time, sp.Symbol(str(what)))

    @property
    def free_symbols(self) -> set[Any]:
        found: set[Any] = self.args[0].free_symbols - {self.args[1]}
        return found

    def numerical(self, numbers: Numbers) -> Any:
        matrix, time, what = self.args

        def norm(t: Any) -> Any:
            table = numbers.copy({time: t}, without={time})._value(matrix)
            (p, q), (r, s) = table
            square, area = p * p + q * q + r * r + s * s, abs(p * s - q * r)
            return ((square + 2 * area).sqrt() + (square - 2 * area).nonnegative_part().sqrt()) / 2

        if matrix.shape != (2, 2):
            raise Undefined("the peak is defined for two units")
        high = flint.arb(1)
        while not norm(high) < norm(high / 2):
            high = high * 2
            if high > 10**6:
                return balls.INFINITY
        low, ratio = flint.arb(0), (flint.arb(5).sqrt() - 1) / 2
        first, second = (high - ratio * (high - low)).mid(), (low + ratio * (high - low)).mid()
        at_first, at_second = norm(first), norm(second)
        for _ in range(150):
            if at_first > at_second:
                high, second, at_second = second, first, at_first
                first = (high - ratio * (high - low)).mid()
                at_first = norm(first)
            else:
                low, first, at_first = first, second, at_second
                second = (low + ratio * (high - low)).mid()
                at_second = norm(second)
        place = flint.arb(0) if norm(flint.arb(0)) >= at_first and low == 0 else first
        return place if str(what) == "time" else norm(place)

    def _sympystr(self, printer: Any) -> str:
        matrix, time, what = map(printer._print, self.args)
        return f"{'argmax' if what == 'time' else 'max'}_{time} ||{matrix}||"

    def _latex(self, printer: Any, exp: Any = None) -> str:
        matrix, time, what = self.args
        name = r"\operatorname*{arg\,max}" if str(what) == "time" else r"\max"
        text = rf"{name}_{{{printer._print(time)} \geq 0}} \left\lVert {printer._print(matrix)} \right\rVert"
        return text if exp is None else rf"\left({text}\right)^{{{exp}}}"


class RangeMaximum(Defined, sp.Expr):
    """max |p(z)| over the numerical range W(A), on 180 points of its boundary; args: A, p, z."""

    is_commutative = True
    is_extended_real = True
    is_nonnegative = True

    def __new__(cls, matrix: Any, polynomial: Any, variable: Any) -> Any:
        fixed = matrix.as_immutable() if isinstance(matrix, sp.MatrixBase) else matrix
        return sp.Expr.__new__(cls, fixed, sp.sympify(polynomial), variable)

    @property
    def free_symbols(self) -> set[Any]:
        found: set[Any] = self.args[0].free_symbols | (self.args[1].free_symbols - {self.args[2]})
        return found

    def numerical(self, numbers: Numbers) -> Any:
        matrix, polynomial, variable = self.args
        machine = balls.floats(numbers._value(matrix)).astype(complex)
        turned = np.exp(1j * np.linspace(0, 2 * np.pi, 181))[:, None, None] * machine
        _, vectors = np.linalg.eigh((turned + turned.conj().swapaxes(-1, -2)) / 2)
        tops = vectors[:, :, -1]
        points = np.einsum("ti,ij,tj->t", tops.conj(), machine, tops)
        coefficients = [complex(numbers.float(c)) for c in sp.Poly(polynomial, variable).all_coeffs()]
        return balls.ball(float(np.max(np.abs(np.polyval(coefficients, points)))))

    def _latex(self, printer: Any, exp: Any = None) -> str:
        matrix, polynomial, variable = map(printer._print, self.args)
        text = rf"\max_{{{variable} \in W({matrix})}} \left|{polynomial}\right|"
        return text if exp is None else rf"\left({text}\right)^{{{exp}}}"


# Hypotheses


class Normal(_OfMatrix):
    """A^T A = A A^T; drawn as numbers and scaled rotations on the diagonal, in a rational orthogonal basis."""

    words = "normal"

    def holds(self, numbers: Numbers) -> bool | None:
        table = self.table(numbers)
        return _near_zero(table.T @ table - table @ table.T)

    def instance(self, chance: Any, size: int) -> list[list[Fraction]]:
        rows = [[Fraction(0)] * size for _ in range(size)]
        i = 0
        while i < size:
            p, q = chance.rational() / 2, chance.rational() / 2
            rows[i][i] = p
            if i + 1 < size and chance.index(2):
                rows[i][i + 1], rows[i + 1][i], rows[i + 1][i + 1] = -q, q, p
                i += 1
            i += 1
        turn = Orthogonal.instance(self, chance, size)
        return _times(_times(turn, rows), [list(c) for c in zip(*turn, strict=True)])


class PowerBounded(_OfMatrix):
    """sup ||A^t|| is finite: no eigenvalue outside the unit circle, and those on it are semisimple; decided for rationals."""

    words = "power bounded"

    @property
    def targets(self) -> tuple[Any, ...]:
        return ()

    def sample(self, chance: Any, numbers: Numbers) -> dict[Any, Any] | None:
        return None

    def holds(self, numbers: Numbers) -> bool | None:
        exact = numbers.exactly(self.matrix)
        if exact is None:
            raise Undefined("whether powers stay bounded is decided for rational entries only")
        n = exact.rows
        table = flint.fmpq_mat(n, n, [flint.fmpq(int(e.p), int(e.q)) for e in exact])
        polynomial = table.charpoly()
        verdict = schur_rational(polynomial)
        if verdict is not None:
            return verdict
        whole = flint.fmpz_poly([int(c * polynomial.denom()) for c in polynomial.coeffs()])
        for factor, count in whole.factor()[1]:
            coefficients = factor.coeffs()
            if coefficients[::-1] in (coefficients, [-c for c in coefficients]):  # its roots are on the circle
                value = flint.fmpq_mat(n, n)
                for c in reversed(coefficients):
                    value = value * table + flint.fmpq(int(c)) * _identity(n)
                if value.rref()[1] != n - factor.degree() * count:
                    return False
        return True


def _identity(n: int) -> Any:
    return flint.fmpq_mat(n, n, [flint.fmpq(int(i == j)) for i in range(n) for j in range(n)])


__all__ = [
    "FlowPeak", "HenriciDeparture", "KreissConstant", "Normal", "NumericalRadius", "PowerBounded", "PowerSupremum", "RangeMaximum",
]  # fmt: skip
