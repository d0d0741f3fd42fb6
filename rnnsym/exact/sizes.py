"""How large an answer becomes, predicted before any of it is computed, and the refusal that says the number.

`refuse_powers` is for sequences B, A B, A^2 B, ...: Krylov matrices, Markov parameters, sums of finite horizon.
May import: result.
"""

from __future__ import annotations

import math
from typing import Any

import sympy as sp

from rnnsym.result import LimitReached

STEPS = 2_000
"""Of a sequence of numbers."""
TERMS = 50_000
"""Of all entries of a sequence with symbols, multiplied out."""


def refuse_powers(what: str, A: Any, B: Any, steps: int, *, both_sides: bool = False) -> None:
    """Refuses A^k B for k < steps, or with `both_sides` A^k B A*^k, if that is too long or has too many terms.

    The number of terms of an entry of A^k B is at most the number of paths of length k through A, and at most the number
    of monomials of its degree.
    Raises: LimitReached with the number.
    """
    if steps > STEPS:
        raise LimitReached(
            f"{what}: {steps} steps; limit {STEPS}. Take fewer, or a symbol for the horizon where it may be one"
        )
    symbols = len(A.free_symbols | B.free_symbols)
    if not symbols or not A.rows:
        return
    entries = [e for M in (A, B) for e in M if not e.is_number]
    degree = max(_degree(e) for e in entries)
    paths, table = _counts(B), _counts(A)
    total = 0
    for k in range(steps):
        most = _monomials(degree * ((2 * k if both_sides else k) + 1), symbols)
        total += sum(min(count, most) for row in paths for count in row)
        if total > TERMS:
            raise LimitReached(
                f"{what}: {k + 1} of {steps} steps may have {total} terms; limit {TERMS}. "
                "Take fewer steps, or give numbers for some parameters"
            )
        paths = [[sum(a * row[j] for a, row in zip(line, paths, strict=True)) for j in range(B.cols)] for line in table]
        if both_sides:
            paths = [
                [sum(p * a for p, a in zip(row, line, strict=True)) for line in table] for row in paths
            ]  # A is square


def _counts(M: Any) -> list[list[int]]:
    return [[0 if e == 0 else len(sp.Add.make_args(e)) for e in M.row(i)] for i in range(M.rows)]


def _degree(e: Any) -> int:
    """At least the degree of a polynomial; of other functions, each counts as a symbol."""
    found = 0
    for term in sp.Add.make_args(e):
        powers = (f.as_base_exp() for f in sp.Mul.make_args(term) if not f.is_number)
        found = max(found, sum(abs(int(p)) if p.is_Integer else 1 for _, p in powers))
    return found


def _monomials(degree: int, symbols: int) -> int:
    return math.comb(degree + symbols, symbols)
