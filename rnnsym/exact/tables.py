"""Matrices on their way into a ring and answers on their way back: what `algebra`, `rank` and `stein_equation` share.

May be imported: `fields`, `zero`, `rnnsym.result`, SymPy.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple, TypeAlias

import sympy as sp
from flint import fmpz_mpoly

from rnnsym.exact.fields import Ring
from rnnsym.exact.zero import is_zero_in
from rnnsym.result import LimitReached, RnnsymError, ShapeError

TERMS_SHOWN = 400_000
"""Terms of one answer that are turned into SymPy (10 to 16 microseconds each)."""

Matrix: TypeAlias = sp.ImmutableDenseMatrix


def as_matrix(M: Any) -> Matrix:
    """The explicit immutable matrix of a SymPy matrix or of rows of expressions."""
    if isinstance(M, sp.ImmutableDenseMatrix):
        return M
    if isinstance(M, sp.MatrixExpr):
        if not all(isinstance(d, (int, sp.Integer)) for d in M.shape):
            raise ShapeError(f"{M} is {M.shape[0]} by {M.shape[1]}; entries are needed, so give whole numbers")
        return Matrix(M.as_explicit())
    return Matrix(M)


def square(M: Any) -> Matrix:
    """The same, refused unless it is square."""
    found = as_matrix(M)
    if found.rows != found.cols:
        raise ShapeError(f"the matrix is {found.rows} by {found.cols}; it must be square")
    return found


class Table(NamedTuple):
    """A matrix in its ring: numerators over one common denominator."""

    ring: Ring
    rows: list[list[fmpz_mpoly]]
    common: fmpz_mpoly


@lru_cache(maxsize=256)
def table(M: Matrix) -> Table:
    """The matrix in the ring of its own entries."""
    ring = Ring.over(M)
    return Table(ring, *ring.matrix(M))


def settled(ring: Ring, p: fmpz_mpoly, undecided: str = "") -> fmpz_mpoly:
    """p, reduced by the relations up to a factor that is not 0; the polynomial 0 if it is proved to vanish everywhere.

    undecided: what to say where neither can be proved; if empty p is left as it is.
    """
    if ring.independent or p.is_constant():
        return ring.reduce(p)[0] if ring.relations else p
    answer = is_zero_in(ring, p)
    if answer is None and undecided:
        raise RnnsymError(f"{undecided} unless {ring.factored(p)} = 0 everywhere; this could not be decided")
    return ring.context.constant(0) if answer else p


def shown(ring: Ring, n: fmpz_mpoly, d: fmpz_mpoly | None = None) -> sp.Expr:
    """n/d, expanded above and below, in lowest terms."""
    if len(n) > TERMS_SHOWN:
        raise LimitReached(
            f"the answer has {len(n)} terms, the limit is {TERMS_SHOWN}; give numbers for some parameters"
        )
    if n.is_zero() or (not ring.independent and not n.is_constant() and is_zero_in(ring, n)):
        return sp.S.Zero
    if ring.relations or not (d is None or d.is_constant()):
        n, d = ring.reduced(n, ring.context.constant(1) if d is None else d)
    return ring.expression(n) if d is None else ring.quotient(n, d)
