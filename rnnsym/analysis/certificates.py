"""Conditions of contraction on given numbers: which hold, by how much, and what is proved.

Norms and spectral radii are decided in 60-digit balls, quadratic certificates by Sylvester's minors in exact rationals.
May import: everything to the left of `analysis.certificates`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import sympy as sp

from rnnsym.analysis.contraction import Recurrence, general_form, recurrence
from rnnsym.cells.record import Cell, as_table
from rnnsym.defined import Numbers, SpectralNorm, SpectralRadius
from rnnsym.defined.certificates import diagonal_certificate, leading_minors, sector_certificate, sector_matrix
from rnnsym.defined.contractions import BestDiagonalNorm, subsets
from rnnsym.defined.stability import AbsoluteNorm, PerronRoot
from rnnsym.result import ShapeError, SpecError


@dataclass(frozen=True)
class Certificate:
    """A condition on numbers: it holds where value < limit; slack = limit - value. None: the search decided nothing.

    proved:   decided in exact or ball arithmetic. witness: the metric of a quadratic certificate.
    concerns: what it gives: "every input" (contraction), or "fixed point" (uniqueness), or "origin" (linearization).
    """

    name: str
    holds: bool | None
    value: float
    limit: float
    slack: float
    proved: bool
    concerns: str = "every input"
    witness: Any = None


def certificates(cell: Cell, values: Mapping[str, Any]) -> tuple[Certificate, ...]:
    """Which conditions of the hierarchy hold for given weights, and by how much, from the narrowest to the widest.

    values: W_h as numbers, and the leak rate of a leaky cell. Floats are taken as the decimals they print as.
    Raises: NoClosedForm for another kind of cell; SpecError without numbers for the weights.

    >>> from rnnsym.cells import elman
    >>> [c.name for c in certificates(elman(), {"W_h": [[0.5, 3], [-0.1, 0.5]]}) if c.holds]
    ['best diagonal metric', 'sector inequality', 'P-matrix', 'rho of the linearization at the origin']
    """
    parts = recurrence(general_form(cell))
    W, L, a = _weights(cell, parts, values)
    numbers = Numbers({})
    scaled = sp.ImmutableMatrix(L * W) if L.is_Rational else None
    found = []
    for name, quantity in (
        ("norm 1", AbsoluteNorm(W, 1)), ("norm oo", AbsoluteNorm(W, sp.oo)), ("norm 2", SpectralNorm(W)),
        ("rho(|W|)", PerronRoot(W)),
    ):  # fmt: skip
        rate = (1 - a) + a * L * quantity
        found.append(Certificate(name, numbers.truth(rate < 1), *_slack(numbers.float(rate)), True))
    metric = numbers.float((1 - a) + a * L * BestDiagonalNorm(W))
    witness = None if scaled is None else diagonal_certificate(scaled)
    holds = True if witness is not None else numbers.truth(L * BestDiagonalNorm(W) < 1) if W.rows <= 2 else None
    found.append(Certificate("best diagonal metric", holds, *_slack(metric), holds is not None, witness=witness))
    if parts.activation.slope_restricted is True and a == 1:
        widest = W * L  # slopes in [0, L] of W are slopes in [0, 1] of L W
        sector = sector_certificate(np.array([[_fraction(e) for e in row] for row in widest.tolist()], dtype=object))
        least = float("nan") if sector is None else sector_margin(widest, *sector)
        found.append(
            Certificate(
                "sector inequality",
                None if sector is None else True,
                least,
                0.0,
                -least,
                sector is not None,
                witness=sector,
            )
        )
        smallest = min(_minors(widest))
        found.append(
            Certificate("P-matrix", bool(smallest > 0), -float(smallest), 0.0, float(smallest), True, "fixed point")
        )
    slope = parts.activation.derivative(0) if 0 not in parts.activation.kinks else sp.nan
    if slope.is_number and slope.is_finite and slope != 0:
        rho = SpectralRadius(sp.ImmutableMatrix((1 - a) * sp.eye(W.rows) + a * slope * W))
        name = "rho of the linearization at the origin"
        found.append(Certificate(name, numbers.truth(rho < 1), *_slack(numbers.float(rho)), True, "origin"))
    return tuple(found)


def _slack(value: float) -> tuple[float, float, float]:
    return value, 1.0, 1.0 - value


def _fraction(e: Any) -> Fraction:
    return Fraction(int(e.p), int(e.q))


def _minors(W: Any) -> list[Any]:
    table = sp.eye(W.rows) - W  # W times the largest slope: det(I - D W) > 0 for all slopes D is that at their corners
    return [table.extract(list(s), list(s)).det() for s in subsets(W.rows)]


def _weights(cell: Cell, parts: Recurrence, values: Mapping[str, Any]) -> tuple[Any, Any, Any]:
    """W, L and the leak rate as numbers."""
    known = {
        key: value for key, value in values.items() if key in {s.name for s in general_form(cell)._parameter_symbols()}
    }
    unknown = sorted(set(values) - set(known) - {s.name for s in cell.input} - {"h0"})
    if unknown:
        raise SpecError(
            f"{cell.name} has no {unknown[0]!r}; it has: {', '.join(s.name for s in general_form(cell)._parameter_symbols())}"
        )
    table = dict(cell.binding)
    W = next((table[s] for s in table if s.name == getattr(parts.W, "name", None)), None)
    if getattr(parts.W, "name", None) in known:
        W = as_table(known[parts.W.name], None, parts.W.name)
    if W is None or W.free_symbols or W.rows != W.cols:
        raise SpecError(f"certificates need numbers for {parts.W}, a square matrix; pass values={{'{parts.W}': ...}}")
    if not all(e.is_Rational for e in W):
        W = sp.ImmutableMatrix(W.applyfunc(lambda e: sp.Rational(str(sp.N(e, 30)))))
    leak = sp.sympify(parts.leak, strict=True)
    for s in leak.free_symbols:
        if s.name not in known:
            raise SpecError(f"certificates of {cell.name} need a number for {s}")
        leak = leak.subs(s, as_table(known[s.name], (1, 1), s.name)[0, 0])
    return W, parts.L, leak


def verify_certificate(W: Any, P: Any, weights: Any, rate: Any = 1) -> Certificate:
    """Whether P and l satisfy the sector inequality at rate r, in exact arithmetic; `value` is the largest eigenvalue.

    Shapes: W, P (n, n) rational; l a column of n numbers (or the diagonal matrix of them). P = L gives the diagonal metric.

    >>> W = [["1/2", 3], ["-1/10", "1/2"]]
    >>> verify_certificate(W, [["0.0441572", 0], [0, 1]], ["0.0441572", 1]).holds
    True
    """
    table, form = as_table(W, None, "W"), as_table(P, None, "P")
    column = as_table(weights, None, "l")
    entries = list(column.diagonal()) if column.rows == column.cols != 1 else list(column)
    number = as_table(rate, (1, 1), "rate")[0, 0]
    n = table.rows
    if table.shape != (n, n) or form.shape != (n, n) or len(entries) != n:
        raise ShapeError(
            f"W is {table.shape}, P is {form.shape}, l has {len(entries)} entries; they must be (n, n), (n, n), n"
        )
    if not all(e.is_Rational for e in (*table, *form, *entries, number)):
        raise SpecError("a certificate is verified in rational numbers; give fractions or decimals")
    whole = -sector_matrix(table, form, entries, number)
    proved = form == form.T and all(e >= 0 for e in entries)
    holds = bool(proved and all(m > 0 for m in (*leading_minors(form), *leading_minors(whole))))
    largest = float(-np.linalg.eigvalsh(np.array(whole.tolist(), dtype=float))[0])
    return Certificate("sector inequality", holds, largest, 0.0, -largest, True, witness=(form, tuple(entries)))


def sector_margin(W: Any, P: Any, weights: Sequence[Any]) -> float:
    """The largest eigenvalue of the sector matrix, in floats."""
    form = sp.Matrix([[sp.Rational(v.numerator, v.denominator) for v in row] for row in P])
    whole = sector_matrix(W, form, [sp.Rational(v.numerator, v.denominator) for v in weights], 1)
    return float(np.linalg.eigvalsh(np.array(whole.tolist(), dtype=float))[-1])
