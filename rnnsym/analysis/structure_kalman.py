"""Kalman's decomposition and minimal realizations, symbolic, with the parameters for which they hold.

A basis in four groups (reachable and silent; reachable; silent; the rest) makes A block triangular; what an input moves
and an output shows is the second group alone, and H(z) is that of its block. The groups are reduced echelon bases, so
they are defined uniquely; the pivots that were divided by are in `given`. Where one of them vanishes a rank drops and the
decomposition is another: substitute into the model and ask again.

What H(z) hides depends on the readout. H = C (zI - A)^-1 B + D of the readout "previous" hides the groups 1, 3 and 4, and no
more. H = z C (zI - A)^-1 B + D of "current" is (C A) (zI - A)^-1 B + C B + D, so a state counts as silent if C A, C A^2, ...
do not show it: one that A sends to 0 (or to a silent one) is shown by C in its own step, and there D could show its input.
With (A, B, C) the block of group 2, these states are the kernel of A: the order of H is rank A, modes at 0 only are lost.
Source: Kalman, R. E., Mathematical description of linear dynamical systems (SIAM J. Control 1, 1963).

May import: everything to the left, and analysis.structure.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import sympy as sp

from rnnsym import exact
from rnnsym.analysis.linear import as_system
from rnnsym.analysis.structure import krylov
from rnnsym.cells.record import Cell
from rnnsym.defined import KalmanBasis
from rnnsym.exact import factored, is_zero, normal
from rnnsym.result import Result, RnnsymError, Source
from rnnsym.systems import LinearSystem
from rnnsym.systems.functions import X, characteristic_factors, fresh, never_zero

KALMAN63 = Source("kalman1963", "Kalman, R. E.", "Mathematical description of linear dynamical systems", 1963, doi="10.1137/0301010")  # fmt: skip
GROUPS = ("reachable and silent", "reachable and seen", "silent and unreachable", "seen and unreachable")


@dataclass(frozen=True)
class Realization(Result):
    """A Result whose right side is a change of basis h = T g, with the system it leads to and the sizes of its groups."""

    system: Any = None
    sizes: tuple[int, int, int, int] = (0, 0, 0, 0)

    def subs(self, values: Any, new: Any = None) -> Realization:
        """The result for special values of the parameters; the system follows."""
        found = super().subs(values, new)
        mapping = dict(values) if hasattr(values, "items") else {values: new}
        known = {s.name for s in self.system.free_symbols | self.system.given.free_symbols}
        kept = {k: v for k, v in mapping.items() if str(k) in known}
        assert isinstance(found, Realization)
        return replace(found, system=self.system.subs(kept) if kept else self.system)


def kalman_decomposition(model: Cell | LinearSystem) -> Realization:
    """T^-1 A T block triangular in the groups reachable and silent, reachable, silent, the rest; `.system`, `.sizes`.

    The transform T is `.rhs`; the system in its coordinates is `.system`, T^-1 B is 0 in groups 3 and 4, C T in 1 and 3.
    Given:  the pivots of the four echelon bases are not 0.
    Source: kalman1963.
    """
    system = as_system(model, "kalman_decomposition")
    groups, condition = _groups(system)
    T = sp.ImmutableMatrix(sp.Matrix.hstack(*(v for group in groups for v in group)))
    given = sp.And(system.given, condition)
    turned = system.similar(T)
    turned = LinearSystem(*turned.matrices, readout=system.readout, time=system.time, given=given)
    one, two, three, four = map(len, groups)
    return Realization(
        "Kalman decomposition", KalmanBasis(system.A, system.B, system.C), "=", T, given, source=(KALMAN63,),
        system=turned, sizes=(one, two, three, four),
    )  # fmt: skip


def minimal(model: Cell | LinearSystem) -> Realization:
    """The smallest system with the same H(z), of as many states as H has poles: the reachable and seen states; `.system`.

    Minimal for the parameters in `given`; elsewhere it may be smaller still. The input-output map from h_0 = 0 is the same.
    In the readout "current" a mode at 0 may cancel the factor z of H = z C (zI - A)^-1 B + D: what it shows moves into D.
    The readout stays, but for an H that has itself a pole at 0: with so few states it is one of the readout "previous".
    Source: kalman1963.

    >>> a, b = sp.symbols("a b", real=True)
    >>> minimal(LinearSystem(sp.diag(a, b), [1, 0], [[1, 1]])).system.A
    Matrix([[a]])
    >>> minimal(LinearSystem(sp.diag(0, a), [1, 1], [[1, 1]])).system.matrices
    (Matrix([[a]]), Matrix([[1]]), Matrix([[1]]), Matrix([[1]]))
    """
    system = as_system(model, "minimal")
    whole = _seen_part(kalman_decomposition(system))
    if system.readout == "previous":
        return whole
    determinant = exact.determinant(whole.system.A)
    if is_zero(determinant) is not True:  # then C A shows what C shows
        return _with_given(whole, sp.And(*_factors(determinant)))
    whole = _seen_part(kalman_decomposition(system.with_readout("previous")))
    if is_zero(exact.determinant(whole.system.A)) is True:
        return whole
    turned = whole.system.with_readout("current")
    return _with_given(replace(whole, system=turned), turned.given)


def _seen_part(whole: Realization) -> Realization:
    """A Kalman decomposition with the system of group 2 alone."""
    first, size = whole.sizes[0], whole.sizes[1]
    part = slice(first, first + size)
    system = whole.system
    A, B, C = system.A[part, part], system.B[part, :], system.C[:, part]
    smaller = LinearSystem(
        sp.Matrix(size, size, list(A)), sp.Matrix(size, system.m, list(B)), sp.Matrix(system.p, size, list(C)), system.D,
        readout=system.readout, time=system.time, given=whole.given,
    )  # fmt: skip
    return replace(whole, name="minimal realization", system=smaller)


def _with_given(whole: Realization, condition: Any) -> Realization:
    """The same with one more hypothesis, of the system too."""
    given = sp.And(whole.given, condition)
    system = whole.system
    system = LinearSystem(*system.matrices, readout=system.readout, time=system.time, given=given)
    return replace(whole, given=given, system=system)


def hidden_modes(model: Cell | LinearSystem) -> tuple[tuple[Any, int, str], ...]:
    """(factor of det(z I - A), multiplicity, group) of every mode that cancels in H(z), with why; for generic parameters.

    A hidden mode with |lambda| >= 1 is an instability that no output shows or no input can move. In the readout "current"
    silent is what C A, C A^2, ... do not show: a mode at 0 that C shows in its own step alone is hidden too.

    >>> hidden_modes(LinearSystem([[0]], [[1]]))
    ((z, 1, 'reachable and silent'),)
    """
    system = as_system(model, "hidden_modes")
    whole = kalman_decomposition(system.with_readout("previous"))
    found, start = [], 0
    variable = fresh("z", whole.system)
    for k, size in enumerate(whole.sizes):
        part = slice(start, start + size)
        start += size
        if size and k != 1:
            block = sp.ImmutableMatrix(sp.Matrix(size, size, list(whole.system.A[part, part])))
            found += [(f.xreplace({X: variable}), count, GROUPS[k]) for f, count in characteristic_factors(block)]
    return tuple(found)


def _groups(system: LinearSystem) -> tuple[list[list[Any]], Any]:
    """The four groups of basis vectors, and the conditions under which they are bases."""
    n = system.n
    conditions: list[Any] = []
    R, pivots_R = _echelon(krylov(system.A, system.B, n).T, conditions)
    equations, pivots_E = _echelon(krylov(system.A.T, system.C.T, n).T, conditions)
    N, pivots_N = _echelon(_kernel(equations, pivots_E, n), conditions)
    both: list[Any] = []
    pivots: list[int] = []
    if R:
        basis = sp.Matrix.vstack(*R)
        mixed = (sp.Matrix.vstack(*equations) * basis.T).applyfunc(normal) if equations else sp.zeros(0, len(R))
        reduced, at = _echelon(mixed, conditions)
        shares = _kernel(reduced, at, len(R))
        both, pivots = _echelon((shares * basis).applyfunc(normal), conditions)
    second = [r for r, j in zip(R, pivots_R, strict=True) if j not in pivots]
    third = [r for r, j in zip(N, pivots_N, strict=True) if j not in pivots]
    rows = [*both, *second, *third]
    taken = _echelon(sp.Matrix.vstack(*rows), conditions)[1] if rows else []
    rest = [sp.Matrix(1, n, [int(k == j) for k in range(n)]) for j in range(n) if j not in taken]
    return [[r.T for r in group] for group in (both, second, third, rest)], sp.And(*dict.fromkeys(conditions))


def _echelon(rows: Any, conditions: list[Any]) -> tuple[list[Any], list[int]]:
    """The reduced echelon basis and its pivots; the condition added says that the minor of the pivots is not 0."""
    if 0 in rows.shape:
        return [], []
    rows = sp.ImmutableMatrix(rows)
    chosen, pivots = _generic(rows)
    if not pivots:
        return [], []
    block = sp.ImmutableMatrix(rows.extract(chosen, pivots))
    conditions += _factors(
        exact.determinant(block)
    )  # then the columns before a pivot depend on earlier ones, as always
    top, bottom = exact.inverse(block)
    reduced = (top * rows.extract(chosen, list(range(rows.cols))) / bottom).applyfunc(normal)
    return [reduced[i, :] for i in range(reduced.rows)], pivots


def _generic(rows: Any) -> tuple[list[int], list[int]]:
    """Rows and columns of the pivots of the reduced echelon form for generic parameters."""
    pivots: list[int] = []
    for j in range(rows.cols):
        trial = sp.ImmutableMatrix(rows.extract(list(range(rows.rows)), [*pivots, j]))
        if exact.generic_rank(trial) > len(pivots):
            pivots.append(j)
    chosen: list[int] = []
    for i in range(rows.rows):
        trial = sp.ImmutableMatrix(rows.extract([*chosen, i], pivots)) if pivots else None
        if trial is not None and exact.generic_rank(trial) > len(chosen):
            chosen.append(i)
    return chosen, pivots


def _kernel(basis: list[Any], pivots: list[int], width: int) -> Any:
    """The vectors, as rows, that the rows of a reduced echelon basis send to 0."""
    found = []
    for j in (j for j in range(width) if j not in pivots):
        vector = [sp.Integer(int(k == j)) for k in range(width)]
        for row, pivot in zip(basis, pivots, strict=True):
            vector[pivot] = -row[j]
        found.append(vector)
    return sp.Matrix(found) if found else sp.zeros(0, width)


def _factors(expression: Any) -> list[Any]:
    parts = []
    for part in sp.Mul.make_args(factored(expression)):
        base = part.base if isinstance(part, sp.Pow) and part.exp.is_Integer and part.exp.is_positive else part
        if base.free_symbols and not never_zero(base):
            parts.append(sp.Ne(base, 0))
    if is_zero(expression):
        raise RnnsymError("a pivot is 0 for all parameters")
    return parts
