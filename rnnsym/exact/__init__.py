"""The exact room: polynomial algebra over FLINT, proofs that something is zero, balls. Plain values out, no Results.

    generators, fields, factoring, writing  the ring of a set of expressions; SymPy -> fractions of polynomials -> SymPy
    zero, witness   is_zero with proofs; normal, fraction, factored: the forms for reading
    balls   enclosures of numbers to any precision
    packing, matrices, tables, algebra   determinants, characteristic polynomials, resolvents, equations
    elimination     resultants, discriminants, greatest common divisors
    correlation     polynomials on the unit circle, in cos w
    rank    the generic rank, proved; nullspaces, minors
    strata, loci, components, signs   every stratum of the rank, over the real numbers
    sizes   how large an answer becomes, predicted
    schur   roots inside the unit circle, as inequalities      stein_equation  X = A X A^T + Q
    programs, intervals, enclosure, krawczyk, circle   all solutions of x = F(x) in a box, proved; their stability
    regions, tableaus, faces, polyhedra   all fixed points of piecewise linear maps, in rational numbers

May be imported: `rnnsym.result`, SymPy, NumPy, python-flint. Names are loaded when first used, so the room costs
nothing until then. To add a file: write it, and give its public names a line here.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rnnsym.exact.algebra import (
        Inverse,
        LinearSolution,
        Resolvent,
        adjugate,
        characteristic_polynomial,
        determinant,
        inverse,
        resolvent,
        solve_linear,
    )
    from rnnsym.exact.correlation import in_cosine
    from rnnsym.exact.elimination import cofactor, discriminant, polynomial_gcd, resultant
    from rnnsym.exact.fields import TERM_LIMIT, Fraction, Relation, Ring
    from rnnsym.exact.generators import UndefinedExpression
    from rnnsym.exact.rank import Nullspace, generic_rank, minors, nullspace
    from rnnsym.exact.schur import critical_constraints, schur_cohn
    from rnnsym.exact.sizes import refuse_powers
    from rnnsym.exact.stein_equation import SteinSolution, stein
    from rnnsym.exact.strata import defined_where, rank_strata
    from rnnsym.exact.zero import elementary_ring, factored, fraction, is_zero, is_zero_in, normal

_HOME = {
    "fields": ("TERM_LIMIT", "Fraction", "Relation", "Ring"),
    "generators": ("UndefinedExpression",),
    "zero": ("elementary_ring", "factored", "fraction", "is_zero", "is_zero_in", "normal"),
    "algebra": (
        "Inverse",
        "LinearSolution",
        "Resolvent",
        "adjugate",
        "characteristic_polynomial",
        "determinant",
        "inverse",
        "resolvent",
        "solve_linear",
    ),
    "correlation": ("in_cosine",),
    "elimination": ("cofactor", "discriminant", "polynomial_gcd", "resultant"),
    "rank": ("Nullspace", "generic_rank", "minors", "nullspace"),
    "sizes": ("refuse_powers",),
    "schur": ("critical_constraints", "schur_cohn"),
    "stein_equation": ("SteinSolution", "stein"),
    "strata": ("defined_where", "rank_strata"),
    "balls": (),
}

__all__ = [
    "TERM_LIMIT", "Fraction", "Relation", "Ring", "UndefinedExpression",
    "elementary_ring", "factored", "fraction", "is_zero", "is_zero_in", "normal",
    "Inverse", "LinearSolution", "Nullspace", "Resolvent", "adjugate", "characteristic_polynomial", "determinant",
    "cofactor", "discriminant", "generic_rank", "in_cosine", "inverse", "minors", "nullspace", "polynomial_gcd", "refuse_powers", "resolvent", "resultant",
    "solve_linear",
    "SteinSolution", "critical_constraints", "defined_where", "rank_strata", "schur_cohn", "stein",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    for home, names in _HOME.items():
        if name in names:
            return getattr(import_module(f"rnnsym.exact.{home}"), name)
    raise AttributeError(f"rnnsym.exact has no {name}")
