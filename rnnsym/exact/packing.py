"""Kronecker substitution: polynomials in few generators as integers, so that FLINT's integer matrices do the work.

Each generator is replaced by a power of two so large that all coefficients of the answer stand apart in one integer; the
digits are the coefficients. The bounds are those of the Leibniz sum: the degree is at most the sum over the rows of the
largest degree, a coefficient at most the product over the rows of the sums of |coefficients|.

May be imported: `fields`, python-flint.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from operator import add
from typing import Any, NamedTuple, TypeAlias

from flint import fmpz_mat, fmpz_mpoly

from rnnsym.exact.fields import Ring

Rows: TypeAlias = Sequence[Sequence[fmpz_mpoly]]

KRONECKER_BITS = 40_000
"""Length of the integers up to which a matrix of polynomials is packed into a matrix of integers."""


class Packing(NamedTuple):
    """Polynomials as integers: generator i is 2**(digit * strides[i]), coefficients are digits of that many bits."""

    ring: Ring
    digit: int
    degrees: tuple[int, ...]
    strides: tuple[int, ...]

    @property
    def bits(self) -> int:
        return self.digit * prod(d + 1 for d in self.degrees)

    def pack(self, p: fmpz_mpoly) -> int:
        total = 0
        for monomial, c in p.terms():
            place = 0
            for e, stride in zip(monomial, self.strides, strict=True):
                if e:
                    place += int(e) * stride
            total += int(c) << (self.digit * place)
        return total

    def unpack(self, number: Any) -> fmpz_mpoly:
        value, width = int(number), self.digit // 8
        if not self.ring.generators or self.bits == self.digit:
            return self.ring.context.constant(value)
        count = prod(d + 1 for d in self.degrees)
        half = 1 << (self.digit - 1)
        base = half * (((1 << (self.digit * count)) - 1) // ((1 << self.digit) - 1))
        data = (value + base).to_bytes(width * count + 1, "little")
        terms = {}
        zero = half.to_bytes(width, "little")
        for place in range(count):
            piece = data[place * width : (place + 1) * width]
            if piece != zero:
                exponents, rest = [], place
                for d, stride in zip(self.degrees, self.strides, strict=True):
                    exponents.append(rest // stride % (d + 1) if d else 0)
                terms[tuple(exponents)] = int.from_bytes(piece, "little") - half
        return self.ring.context.from_dict(terms)

    def table(self, rows: Rows) -> fmpz_mat:
        return fmpz_mat([[self.pack(p) for p in row] for row in rows])


def packing(ring: Ring, rows: Rows, limit: int | None = None) -> Packing | None:
    """The packing in which every minor of these rows, and of these rows with ones added to them, has its place.

    None if the integers would be longer than the limit.
    """
    degrees = degrees_of(ring, rows)
    places = prod([d + 1 for d in degrees])
    if limit is not None and 8 * places > limit:
        return None
    size = 1
    for row in rows:
        norm = 1
        for p in row:
            if len(p):
                norm += sum([abs(int(c)) for c in p.coeffs()])
        size *= norm
    digit = (size.bit_length() + 2 + 7) // 8 * 8
    if limit is not None and digit * places > limit:
        return None
    strides, stride = [], 1
    for d in degrees:
        strides.append(stride)
        stride *= d + 1
    return Packing(ring, digit, tuple(degrees), tuple(strides))


def degrees_of(ring: Ring, rows: Rows) -> list[int]:
    """For each generator the sum over the rows of its largest degree: that of the determinant is at most this."""
    degrees = [0] * len(ring.generators)
    for row in rows:
        most: list[int] = []
        for p in row:
            if len(p) > 1 or (len(p) and not p.is_constant()):
                found = [int(d) for d in p.degrees()]
                most = list(map(max, most, found)) if most else found
        if most:
            degrees = list(map(add, degrees, most))
    return degrees


def integers(rows: Rows, sure: bool = False) -> list[list[Any]] | None:
    """The entries as integers if all are constants; sure: it is known that they are."""
    if sure:
        return [[p.leading_coefficient() if len(p) else 0 for p in row] for row in rows]
    found = []
    for row in rows:
        line = []
        for p in row:
            if len(p) == 0:
                line.append(0)
            elif len(p) == 1 and p.is_constant():
                line.append(p.leading_coefficient())
            else:
                return None
        found.append(line)
    return found
