"""The Smith-McMillan form of a transfer function: its poles and zeros with their structure.

With delta_k the greatest common divisor of the minors of order k of H (of their numerators, over the least common
denominator), the fractions on the diagonal are epsilon_k / psi_k = delta_k / delta_(k-1), each epsilon dividing the next
and each psi dividing the one before. May import: everything to the left of `analysis.mcmillan`.
"""

from __future__ import annotations

from typing import Any

import sympy as sp

from rnnsym.analysis.filters import (
    Fractions,
    arguments,
    channel,
    fractions_in,
    linear_system,
    nonzero,
    normal_in,
    unused,
)
from rnnsym.analysis.poles import KAILATH, common_divisor, common_multiple, minors, resultant_of
from rnnsym.defined import McMillanForm, RelativeCount
from rnnsym.defined.polezero import coefficients
from rnnsym.exact import factored
from rnnsym.result import Result, Source
from rnnsym.systems import LinearSystem

ROSENBROCK = Source("rosenbrock1970", "Rosenbrock, H. H.", "State-Space and Multivariable Theory", 1970)


def mcmillan_form(model: Any, z: Any = None) -> Result:
    """The Smith-McMillan form, U(z) H(z) V(z) = diag(epsilon_1/psi_1, ..., epsilon_r/psi_r, 0), U and V unimodular.

    The poles of H are the roots of psi_1 ... psi_r, its transmission zeros those of epsilon_1 ... epsilon_r. In `where`: the
    determinantal divisors delta_1, ..., delta_r, and the polynomials epsilon and psi of zeros and poles.
    Shapes: (p, m).
    Given:  z is no pole; the structure is that for almost all parameters: for one channel nothing cancels and no zero
            moves to infinity, else deg epsilon_k - deg psi_k is what it is in general, for every k.
    Raises: SpecError if a parameter is called z, or for a nonlinear cell.
    Source: kailath1980; rosenbrock1970.

    >>> a, b = sp.symbols("a b")
    >>> mcmillan_form(LinearSystem(sp.diag(a, b), sp.eye(2), readout="previous")).rhs.tolist()
    [[1/((a - z)*(b - z)), 0], [0, 1]]
    """
    system = linear_system(model, "a Smith-McMillan form")
    variable = system.variable(z)
    s = variable if isinstance(variable, sp.Symbol) else sp.Dummy("z")
    whole = fractions_in(system)
    divisors = determinantal_divisors(system, whole, s)
    fractions, last = [], (sp.S.One, sp.S.One)
    for above, below in divisors:
        fractions.append(factored(above * last[1] / (below * last[0])))
        last = (above, below)
    parts = [_monic_parts(f, s) for f in fractions]

    def put(e: Any) -> Any:
        return e.subs(s, variable) if s != variable else e

    def diagonal(entries: list[Any]) -> Any:
        return sp.ImmutableMatrix(system.p, system.m, lambda i, j: entries[i] if i == j < len(entries) else 0)

    names = [unused(sp.Symbol(f"delta_{k}"), *system.matrices, variable) for k in range(1, len(divisors) + 1)]
    where = [(name, put(above / below)) for name, (above, below) in zip(names, divisors, strict=True)]
    for letter, place in (("epsilon", 0), ("psi", 1)):
        polynomial = factored(sp.Mul(*(pair[place] for pair in parts)))
        where.append((unused(sp.Symbol(letter), *system.matrices, variable), put(polynomial)))
    return Result(
        f"Smith-McMillan form of the {system.name}", McMillanForm(*arguments(system), variable), "=",
        put(diagonal(fractions)), sp.And(system.given, put(_generic(system, whole, parts, divisors, s)), _no_pole(parts, put)),
        tuple(where), source=(KAILATH, ROSENBROCK),
    )  # fmt: skip


def determinantal_divisors(system: LinearSystem, whole: Fractions, z: Any) -> list[tuple[Any, Any]]:
    """(numerator, denominator) of delta_1, ..., delta_r, monic in z; r is the rank of H for almost all parameters."""
    if system.m == system.p == 1:
        above, below = channel(system, whole, 0, 0, z)
        return [] if above == 0 else [_monic_parts(factored(above / below), z)]
    found: list[tuple[Any, Any]] = []
    for order in range(1, min(system.m, system.p) + 1):
        chosen = [minor for _, minor in minors(system, whole, z, order)]
        if not chosen:
            break
        below = sp.S.One
        for minor in chosen:
            below = common_multiple(below, sp.fraction(minor)[1], z)
        above = common_divisor([factored(minor * below) for minor in chosen], z)
        found.append(_monic_parts(factored(above / below), z))
    return found


def _monic_parts(fraction: Any, z: Any) -> tuple[Any, Any]:
    """Numerator and denominator, monic in z and factored."""
    return tuple(_monic(part, z) for part in sp.fraction(sp.together(fraction)))  # type: ignore[return-value]


def _monic(polynomial: Any, z: Any) -> Any:
    if z not in polynomial.free_symbols:
        return sp.S.One
    return factored(normal_in(polynomial / coefficients(polynomial, z)[0], z))


def _degree(polynomial: Any, z: Any) -> int:
    return len(coefficients(polynomial, z)) - 1 if z in polynomial.free_symbols else 0


def _generic(system: LinearSystem, whole: Fractions, parts: Any, divisors: Any, z: Any) -> Any:
    """The condition that the structure is what it is for almost all parameters."""
    if not system.free_symbols:
        return sp.true
    if system.m == system.p == 1:
        above, below = channel(system, whole, 0, 0, z)
        if above == 0:
            return sp.true
        first = coefficients(above, z)[0] if z in above.free_symbols else above
        return sp.And(nonzero(first), nonzero(resultant_of(above, below, z)))
    conditions = []
    for k, (above, below) in enumerate(parts, 1):
        count = RelativeCount(*arguments(system), k)
        degree = _degree(above, z) - _degree(below, z)
        conditions += [sp.Ge(count, degree), sp.Le(count, degree)]
    for above, below in (*divisors, *parts):  # what the monic forms divide by
        under = sp.Mul(*(sp.fraction(sp.together(e))[1] for e in (above, below)))
        conditions.append(nonzero(under) if under.free_symbols else sp.true)
    return sp.And(*conditions)


def _no_pole(parts: Any, put: Any) -> Any:
    below = [put(pole) for _, pole in parts if pole != 1]
    return sp.And(*(nonzero(e) for e in below))
