"""Numbers to any precision: FLINT's real and complex balls, in NumPy object arrays.

A numerical definition must be right to many more digits than what is checked against it, and be fast enough for
hundreds of draws: a 7 by 7 matrix times a column costs 12 microseconds in balls at 50 digits, 167 in mpmath.
Every ball encloses its true value, so a comparison is certain or it is undecided; undecided values are `nan` balls.

May import: result, SymPy, NumPy, python-flint. Scalar expressions are evaluated in `interpreter`, whose names are these too.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from fractions import Fraction
from typing import Any

import flint
import numpy as np
import sympy as sp

from rnnsym.exact.interpreter import FUNCTIONS, INFINITY, NAN, SPECIAL, compare, condition, each, rational, scalar
from rnnsym.result import NoClosedForm

__all__ = [
    "FUNCTIONS", "INFINITY", "NAN", "SPECIAL", "ball", "compare", "condition", "conjugate", "each", "eigenvalues", "floats", "inverse", "is_nan",
    "precision", "rational", "rational_eigenvalues", "rational_rank", "scalar", "symmetric_eigenvalues", "to_float",
]  # fmt: skip


def precision(digits: int) -> AbstractContextManager[Any]:
    """A context in which balls carry this many decimal digits.

    >>> with precision(30):
    ...     to_float(ball(sp.sqrt(2)) ** 2)
    2.0
    """
    return flint.ctx.workdps(digits)


def ball(number: Any) -> Any:
    """The ball of an exact number: int, Fraction, SymPy number without symbols, float (taken as the dyadic it is)."""
    if isinstance(number, flint.arb | flint.acb):
        return number
    if isinstance(number, bool | int | np.integer):
        return flint.arb(int(number))
    if isinstance(number, Fraction):
        return flint.arb(flint.fmpq(number.numerator, number.denominator))
    if isinstance(number, complex | np.complexfloating):
        return flint.acb(float(number.real), float(number.imag))
    if isinstance(number, float | np.floating):
        return flint.arb(float(number))
    if isinstance(number, sp.Rational):
        return flint.arb(flint.fmpq(int(number.p), int(number.q)))
    return scalar(sp.S(number), lambda symbol: _unknown(symbol))


def _unknown(symbol: Any) -> Any:
    raise NoClosedForm(f"{symbol} has no value")


def is_nan(number: Any) -> bool:
    """Whether a real or complex ball is no number."""
    if isinstance(number, flint.acb):
        return bool(number.real.is_nan() or number.imag.is_nan())
    return bool(number.is_nan())


def to_float(number: Any) -> Any:
    """The nearest float or complex to the middle of a ball; nan where the ball is no number."""
    if isinstance(number, flint.acb):
        if number.imag == 0:
            return float(number.real)
        return complex(float(number.real), float(number.imag))
    return float(number)


def floats(values: Any) -> Any:
    """An array of floats (or complex numbers) from balls or an object array of them."""
    numbers = np.frompyfunc(to_float, 1, 1)(np.asarray(values, dtype=object))
    numbers = np.asarray(numbers)
    kind = complex if any(isinstance(v, complex) for v in numbers.flat) else float
    return numbers.astype(kind)


def _middle(number: Any) -> Any:
    """The middle of a real ball as an exact rational."""
    mantissa, exponent = number.mid().man_exp()
    power = int(exponent)
    return flint.fmpq(int(mantissa) << power) if power >= 0 else flint.fmpq(int(mantissa), 1 << -power)


def eigenvalues(matrix: Any) -> list[Any]:
    """All eigenvalues, with multiplicity, of an object array of real balls: roots of its characteristic polynomial.

    The middles are taken as exact rationals, so that a multiple eigenvalue of a rational matrix costs no digits
    when its entries are dyadic; the answer is as good as the middles are.
    """
    table = np.asarray(matrix, dtype=object)
    if any(isinstance(v, flint.acb) for v in table.flat):
        rows = flint.acb_mat([[flint.acb(v) for v in row] for row in table])
        return list(rows.charpoly().roots())
    return _roots(flint.fmpq_mat(len(table), len(table), [_middle(v) for v in table.flat]))


def symmetric_eigenvalues(matrix: Any) -> list[Any]:
    """All eigenvalues, with multiplicity, of a Hermitian object array of balls (a Gram matrix), as real balls.

    By FLINT's enclosures of eigenvalues and clusters (Rump 2010), each to half the digits of its own or to nearly all
    of the largest; at twice the precision if need be. Roots of a characteristic polynomial whose roots come together (a
    product of Jacobians near the identity) cost up to 10^4 times as much: `eigenvalues` is asked last. Middles are
    taken, as there.

    >>> [to_float(v) for v in symmetric_eigenvalues([[ball(1), ball(0)], [ball(0), ball(1)]])]
    [1.0, 1.0]
    """
    table = np.asarray(matrix, dtype=object)
    rows = flint.acb_mat([[flint.acb(v).mid() for v in row] for row in table])
    bits = flint.ctx.prec
    for times in (1, 2):
        with flint.ctx.workprec(times * bits):
            try:
                found = [v.real for v in rows.eig(multiple=True)]
            except (ValueError, ZeroDivisionError):
                continue
        if _narrow(found, bits):
            return [+v for v in found]
    return [flint.acb(v).real for v in eigenvalues(table)]


def _narrow(values: list[Any], bits: int) -> bool:
    two, sizes = flint.arb(2), [abs(v) for v in values]
    floor = max(sizes, key=float) * two ** (-7 * bits // 8)
    return all(v.is_finite() and v.rad() <= floor.max(size * two ** (-bits // 2)) for v, size in zip(values, sizes, strict=True))  # fmt: skip


def rational_eigenvalues(matrix: sp.MatrixBase) -> list[Any]:
    """All eigenvalues, with multiplicity, of a matrix of rational numbers: exact multiplicities, enclosed values."""
    return _roots(flint.fmpq_mat(matrix.rows, matrix.cols, [flint.fmpq(int(e.p), int(e.q)) for e in matrix]))


def _roots(rows: Any) -> list[Any]:
    """The roots of the characteristic polynomial of a rational matrix."""
    polynomial = rows.charpoly()
    integer = flint.fmpz_poly([int(c * polynomial.denom()) for c in polynomial.coeffs()])
    return [flint.acb(root) for root, count in integer.complex_roots() for _ in range(count)]


def conjugate(matrix: Any) -> Any:
    """The complex conjugate of an object array of balls."""
    return np.frompyfunc(lambda v: v.conjugate() if isinstance(v, flint.acb) else v, 1, 1)(matrix)


def inverse(matrix: Any) -> Any:
    """The inverse of an object array of balls; nan balls where it is not certainly invertible."""
    table = np.asarray(matrix, dtype=object)
    size = len(table)
    kind = flint.acb_mat if any(isinstance(v, flint.acb) for v in table.flat) else flint.arb_mat
    try:
        found = kind([list(row) for row in table]).inv()
    except ZeroDivisionError:
        return np.full((size, size), NAN, dtype=object)
    return np.array([[found[i, j] for j in range(size)] for i in range(size)], dtype=object)


def rational_rank(matrix: sp.MatrixBase) -> int:
    """The rank of a matrix of rational numbers, exactly (Gaussian elimination in FLINT)."""
    entries = [flint.fmpq(int(e.p), int(e.q)) for e in matrix]
    return int(flint.fmpq_mat(matrix.rows, matrix.cols, entries).rref()[1])
