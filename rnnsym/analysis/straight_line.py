"""H(z) as a straight-line program, for systems whose characteristic polynomial would swell when expanded.

With M_1 = I, c_k = -tr(A M_k)/k and M_(k+1) = A M_k + c_k I (Faddeev and LeVerrier),
    det(zI - A) = z^n + c_1 z^(n-1) + ... + c_n  and  adj(zI - A) = M_1 z^(n-1) + ... + M_n,
so n steps of named matrices say what n! terms would. May import: everything to the left of `analysis.straight_line`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import sympy as sp

from rnnsym.analysis.filters import arguments
from rnnsym.defined import TransferFunction
from rnnsym.defined.systems import DeterminantOf
from rnnsym.exact.matrices import predicted_terms, refuse
from rnnsym.exact.tables import Matrix, table
from rnnsym.result import LimitReached, Result, Source
from rnnsym.systems import LinearSystem
from rnnsym.systems.functions import fresh

SWELL = 30_000  # terms of det(zI - A) beyond which it is not expanded
FADDEEV = Source("faddeev1963", "Faddeev, D. K. and Faddeeva, V. N.", "Computational Methods of Linear Algebra", 1963)


def swells(system: LinearSystem) -> bool:
    """Whether det(zI - A), expanded, may have more than SWELL terms."""
    if not system.A.free_symbols:
        return False
    try:
        ring, rows, _ = table(Matrix(system.A))
        most = predicted_terms(rows, shifted=True)
        refuse(replace(ring, term_limit=SWELL), rows, 10**30 if most is None else most, "det(zI - A)")
    except LimitReached:
        return True
    return False


def transfer_function(system: LinearSystem, z: Any) -> Result:
    """H(z) = D + z^r (N_1 z^(n-1) + ... + N_n)/(z^n + c_1 z^(n-1) + ... + c_n), N_k = C M_k B, r = 1 (readout "current") or 0.

    The matrices M_k, N_k and the coefficients c_k are in `where`, each computed from those before it.
    Given:  z is no eigenvalue of A.
    """
    n, m, p = system.n, system.m, system.p

    def matrix(name: str, rows: int, columns: int) -> Any:
        return sp.MatrixSymbol(fresh(name, *system.matrices, z).name, rows, columns)

    A, B, C = matrix("A", n, n), matrix("B", n, m), matrix("C", p, n)
    where: list[tuple[Any, Any]] = [(A, system.A), (B, system.B), (C, system.C)]
    last: Any = sp.Identity(n)
    coefficients, numerators = [sp.S.One], []
    for k in range(1, n + 1):
        if k > 1:
            following = matrix(f"M_{k}", n, n)
            where.append((following, sp.MatAdd(sp.MatMul(A, last) if k > 2 else A, coefficients[-1] * sp.Identity(n))))
            last = following
        above = matrix(f"N_{k}", p, m)
        where.append((above, sp.MatMul(C, last, B) if k > 1 else sp.MatMul(C, B)))
        numerators.append(above)
        c = fresh(f"c_{k}", *system.matrices, z)
        trace = sp.Add(*(A[i, j] * last[j, i] for i in range(n) for j in range(n)))
        where.append((c, -trace / k))
        coefficients.append(c)
    below = sp.Add(*(c * z ** (n - k) for k, c in enumerate(coefficients)))
    shift = z if system.readout == "current" else sp.S.One

    def entry(i: int, j: int) -> Any:
        above = sp.Add(*(N[i, j] * z ** (n - k) for k, N in enumerate(numerators, 1)))
        return system.D[i, j] + shift * above / below

    resolved = sp.ImmutableMatrix(z * sp.eye(n) - system.A)
    return Result(
        f"transfer function of the {system.name} (straight-line form: expanded, det(zI - A) may have over {SWELL} terms)",
        TransferFunction(*arguments(system), z), "=", sp.ImmutableMatrix(p, m, entry),
        sp.And(system.given, sp.Ne(DeterminantOf(resolved), 0)), tuple(where), source=(FADDEEV,),
    )  # fmt: skip
