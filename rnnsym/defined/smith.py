"""The Smith-McMillan form of H kept unevaluated: from the state matrices of a minimal realization, never from H.

Its zero polynomials are the invariant polynomials of the system matrix [zI - A, -B; C, D], its pole polynomials those of
zI - A (Rosenbrock 1970, Theorem 3.1): found by elementary operations in Q[z], no minor and no divisor of minors enters.
May import: what `polezero` may, and it.
"""

from __future__ import annotations

from typing import Any

import flint
import numpy as np

from rnnsym.defined.numbers import Numbers, Undefined
from rnnsym.defined.polezero import realization
from rnnsym.defined.signals import SystemMatrix, SystemNumber
from rnnsym.exact import balls


class McMillanForm(SystemMatrix):
    """The (p, m) matrix with the fractions zero polynomial over pole polynomial on its diagonal, at a point; more: z."""

    sign = r"\operatorname{McMillan}"

    def numerical(self, numbers: Numbers) -> Any:
        z = numbers._exact(self.more[0])
        if z is None:
            raise Undefined("a point that is not rational")
        point = flint.fmpq(z.numerator, z.denominator)
        table = np.full(self.args[3].shape, flint.arb(0), dtype=object)
        for k, (above, below) in enumerate(structure(self, numbers)):
            if below(point) == 0:
                raise Undefined("a pole")
            table[k, k] = flint.arb(above(point) / below(point))
        return table

    def _latex(self, printer: Any, exp: Any = None) -> str:
        return rf"{self.sign} H\left({printer._print(self.more[0])}\right)"


class RelativeCount(SystemNumber):
    """Zeros less poles of the k-th fraction of the Smith-McMillan form, infinite beyond the rank of H; more: k."""

    is_integer = True
    sign = r"\deg \varepsilon_{%s} - \deg \psi_{%s}"

    def numerical(self, numbers: Numbers) -> Any:
        found = structure(self, numbers)
        k = int(self.more[0])
        if k > len(found):
            return balls.INFINITY
        above, below = found[k - 1]
        return balls.ball(above.degree() - below.degree())

    def _latex(self, printer: Any, exp: Any = None) -> str:
        k = printer._print(self.more[0])
        return self.sign % (k, k)


def structure(node: Any, numbers: Numbers) -> list[tuple[Any, Any]]:
    """(zero polynomial, pole polynomial) of each fraction, monic; as many as the rank of H."""
    A, B, C, D = realization(node, numbers)
    n, p, m = A.nrows(), D.nrows(), D.ncols()
    polynomial = flint.fmpq_poly
    pencil = [[polynomial([-A[i, j], int(i == j)]) for j in range(n)] for i in range(n)]
    whole = [row + [polynomial([-B[i, j]]) for j in range(m)] for i, row in enumerate(pencil)]
    whole += [[polynomial([C[i, j]]) for j in range(n)] + [polynomial([D[i, j]]) for j in range(m)] for i in range(p)]
    above = invariant_polynomials(whole)[n:]
    below = invariant_polynomials(pencil)[::-1]
    one = polynomial([1])
    return [(zero, below[k] if k < len(below) else one) for k, zero in enumerate(above)]


def invariant_polynomials(rows: list[list[Any]]) -> list[Any]:
    """The monic diagonal of the Smith form over Q[z], each dividing the next, by elementary operations."""
    table = [list(row) for row in rows]
    found: list[Any] = []
    while table and table[0]:
        places = [(e.degree(), i, j) for i, row in enumerate(table) for j, e in enumerate(row) if e.degree() >= 0]
        if not places:
            break
        _, i, j = min(places)
        pivot = table[i][j]
        if not _swept(table, i, j, pivot):
            continue
        rest = [[e for b, e in enumerate(row) if b != j] for a, row in enumerate(table) if a != i]
        stray = next((a for a, row in enumerate(rest) for e in row if (e % pivot).degree() >= 0), None)
        if stray is not None:  # add its row to that of the pivot: a remainder of lower degree appears
            k = stray if stray < i else stray + 1
            table[i] = [e + f for e, f in zip(table[i], table[k], strict=True)]
            continue
        found.append(pivot / pivot.leading_coefficient())
        table = rest
    return found


def _swept(table: list[list[Any]], i: int, j: int, pivot: Any) -> bool:
    """Subtracts multiples of the pivot's row and column; whether nothing but the pivot is left in them."""
    clean = True
    for a, row in enumerate(table):
        if a != i and row[j].degree() >= 0:
            quotient = row[j] // pivot
            table[a] = [e - quotient * f for e, f in zip(row, table[i], strict=True)]
            clean = clean and table[a][j].degree() < 0
    for b in range(len(table[0])):
        if b != j and table[i][b].degree() >= 0:
            quotient = table[i][b] // pivot
            for row in table:
                row[b] = row[b] - quotient * row[j]
            clean = clean and table[i][b].degree() < 0
    return clean


__all__ = ["McMillanForm", "RelativeCount", "invariant_polynomials", "structure"]
