"""Poles and zeros of a linear system, those of the Smith-McMillan form of H; what H hides.

Source: Kailath, Linear Systems (1980), section 6.5; MacFarlane & Karcanias (1976).
May import: everything to the left of `analysis.poles`.
"""

from __future__ import annotations

from itertools import combinations
from typing import Any

import sympy as sp

from rnnsym import exact
from rnnsym.analysis.filters import (
    Fractions,
    arguments,
    channel,
    degree_at_point,
    factors_in,
    fractions_in,
    linear_system,
    named,
    nonzero,
    normal_in,
    roots_of,
)
from rnnsym.defined import Eigenvalues, InvariantZeros, McMillanDegree, Pairs, Poles, ZeroCount, Zeros
from rnnsym.defined.polezero import coefficients
from rnnsym.exact import factored, is_zero, polynomial_gcd, resultant
from rnnsym.result import Result, RnnsymError, Source
from rnnsym.systems import LinearSystem

KAILATH = Source("kailath1980", "T. Kailath", "Linear Systems", 1980, at="section 6.5")


def hidden_modes(system: LinearSystem, whole: Fractions, z: Any) -> list[tuple[Any, int]]:
    """The factors of det(zI - A) that are no poles of H, with multiplicity."""
    if mcmillan_degree(system) == system.n:
        return []
    poles = dict(factors_in(pole_polynomial(system, whole, z), z))
    found = []
    for factor, count in factors_in(whole.characteristic(z), z):
        rest = count - next((k for f, k in poles.items() if is_zero(f - factor)), 0)
        if rest:
            found.append((factor, rest))
    return found


def mcmillan_degree(system: LinearSystem) -> int:
    """The number of poles of H for almost all parameters: the rank of the product of observability and controllability."""
    if degree_at_point(system) == system.n:
        return system.n
    A, B, C = system.A, system.B, (system.C * system.A if system.readout == "current" else system.C)
    forward, back, right, left = B, C, [], []
    for _ in range(system.n):
        right.append(forward)
        left.append(back)
        forward, back = A * forward, back * A
    if not right:
        return 0
    return exact.generic_rank((sp.Matrix.vstack(*left) * sp.Matrix.hstack(*right)).applyfunc(sp.expand))


def pairs(polynomial: Any, z: Any) -> Pairs:
    """The roots as (value, multiplicity), or (factor, multiplicity) where a root has no closed form."""
    found = []
    for factor, count in factors_in(polynomial, z) if z in polynomial.free_symbols else ():
        roots = roots_of(factor, z)
        found += [(sp.Poly(factor, z), count)] if roots is None else [(r, count) for r in roots]
    return Pairs(*(sp.Tuple(v, sp.Integer(k)) for v, k in found))


def pole_polynomial(system: LinearSystem, whole: Fractions, z: Any) -> Any:
    """The least common denominator of all minors of H, monic in z."""
    if mcmillan_degree(system) == system.n:
        return whole.characteristic(z)
    result = sp.S.One
    for _, minor in minors(system, whole, z):
        result = common_multiple(result, sp.fraction(minor)[1], z)
    return normal_in(result, z)


def minors(system: LinearSystem, whole: Fractions, z: Any, size: int | None = None) -> list[tuple[int, Any]]:
    """(order, minor) for all minors of H that are not 0, in lowest terms; only those of one order if it is given."""
    below = whole.characteristic(z)
    table = sp.ImmutableMatrix(system.p, system.m, lambda i, j: whole.polynomial(z, i, j) / below)
    table = table.applyfunc(factored)
    found = []
    for order in range(1, min(table.shape) + 1) if size is None else (size,):
        for rows in combinations(range(system.p), order):
            for columns in combinations(range(system.m), order):
                minor = factored(table.extract(list(rows), list(columns)).det(method="berkowitz"))
                if not is_zero(minor):
                    found.append((order, minor))
    return found


def common_multiple(p: Any, q: Any, z: Any) -> Any:
    """The least common multiple as polynomials in z, monic."""
    if z not in q.free_symbols:
        return p
    if z not in p.free_symbols:
        return _monic(q, z)
    common = polynomial_gcd(sp.fraction(sp.together(p))[0], sp.fraction(sp.together(q))[0], z)
    return _monic(factored(p * q / common), z)


def _monic(p: Any, z: Any) -> Any:
    first = coefficients(p, z)[0] if z in p.free_symbols else p
    return factored(p / first)


def poles(model: Any, *, minimal: bool = True) -> Result:
    """The poles of H with multiplicity: the roots of the least common denominator of all its minors.

    Given:  nothing more cancels than for almost all parameters.
    With minimal=False: the eigenvalues of A, the hidden modes included.

    >>> a, b = sp.symbols("a b")
    >>> poles(LinearSystem([[a]], [[b]])).rhs
    ((a, 1),)
    """
    system = linear_system(model, "a pole")
    z = _free_variable(system)
    whole = fractions_in(system)
    given, note = system.given, ""
    if minimal:
        polynomial = pole_polynomial(system, whole, z)
        degree = mcmillan_degree(system)
        lhs: Any = Poles(*arguments(system), degree)
        given = sp.And(given, _generic(system, whole, degree, z))
        hidden = hidden_modes(system, whole, z)
        note = f" (hidden modes: {', '.join(named(f, k, z) for f, k in hidden)})" if hidden else ""
    else:
        polynomial, lhs = whole.characteristic(z), Eigenvalues(*arguments(system), system.n)
    what = "poles" if minimal else "eigenvalues"
    return Result(f"{what} of the {system.name}{note}", lhs, "=", pairs(polynomial, z), given, source=(KAILATH,))


def _free_variable(system: LinearSystem) -> Any:
    """z, or s, or a symbol that is no parameter: the letter does not matter for roots."""
    names = {s.name for s in system.free_symbols}
    variable = system.time.variable
    return variable if variable.name not in names else sp.Dummy("z")


def _generic(system: LinearSystem, whole: Fractions, degree: int, z: Any) -> Any:
    """The condition that the number of poles is what it is for almost all parameters."""
    if not system.free_symbols:
        return sp.true
    if system.m == system.p == 1 and degree == system.n and system.n <= 3:
        return nonzero(resultant_of(whole.polynomial(z, 0, 0), whole.characteristic(z), z))
    return sp.Ge(McMillanDegree(*arguments(system)), degree)


def resultant_of(p: Any, q: Any, z: Any) -> Any:
    """0 where two polynomials have a common root, up to a factor that is not 0 (q is monic)."""
    top, bottom = exact.fraction(p)[0], exact.fraction(q)[0]
    return resultant(top, bottom, z) if z in top.free_symbols else top


def zeros(model: Any, *, minimal: bool = True) -> Result:
    """The transmission zeros of H with multiplicity: the roots of the common numerator of its largest minors, written
    over the pole polynomial.

    Given:  nothing more cancels and no more zeros appear than for almost all parameters.
    With minimal=False: the invariant zeros of the Rosenbrock matrix [zI - A, -B; C, D], hidden modes included.

    >>> a, b = sp.symbols("a b")
    >>> zeros(LinearSystem([[a]], [[b]])).rhs
    ((0, 1),)
    """
    system = linear_system(model, "a zero")
    z = _free_variable(system)
    whole = fractions_in(system)
    polynomial = zero_polynomial(system, whole, z) if minimal else invariant_polynomial(system, z)
    if polynomial is None:
        raise RnnsymError("H is 0 for all parameters: it has no zeros (each z is one)")
    degree = len(coefficients(polynomial, z)) - 1 if z in polynomial.free_symbols else 0
    node: Any = Zeros if minimal else InvariantZeros
    given = system.given
    if system.free_symbols:
        if not (minimal and system.m == system.p == 1):
            count = ZeroCount(*arguments(system), sp.true if minimal else sp.false)
            given = sp.And(given, sp.Ge(count, degree), sp.Le(count, degree))
        if minimal:
            given = sp.And(given, _generic(system, whole, mcmillan_degree(system), z))
        lead = coefficients(polynomial, z)[0] if degree else polynomial
        given = sp.And(given, nonzero(lead)) if lead.free_symbols else given
    rhs = pairs(polynomial, z) if degree else Pairs()
    what = "zeros" if minimal else "invariant zeros"
    return Result(f"{what} of the {system.name}", node(*arguments(system), degree), "=", rhs, given, source=(KAILATH,))


def zero_polynomial(system: LinearSystem, whole: Fractions, z: Any) -> Any:
    """The common divisor of the numerators of the largest minors over the pole polynomial; None if H is 0."""
    if system.m == system.p == 1:
        above = channel(system, whole, 0, 0, z)[0]
        return None if above == 0 else above
    below = pole_polynomial(system, whole, z)
    for order in range(min(system.m, system.p), 0, -1):
        found = minors(system, whole, z, order)
        if found:
            return common_divisor([factored(minor * below) for _, minor in found], z)
    return None


def common_divisor(polynomials: list[Any], z: Any) -> Any:
    """The greatest common divisor as polynomials in z, their denominators left out."""
    result = sp.S.Zero
    for p in polynomials:
        top = exact.fraction(p)[0]
        result = (
            top if result == 0 else polynomial_gcd(result, top, z) if z in (result * top).free_symbols else sp.S.One
        )
        if z not in result.free_symbols:
            return result if len(polynomials) == 1 else sp.S.One
    return result


def invariant_polynomial(system: LinearSystem, z: Any) -> Any:
    """The common divisor of the largest minors of the Rosenbrock matrix that are not 0 everywhere."""
    textbook = system.with_readout("previous") if system.time.is_discrete else system
    A, B, C, D = textbook.matrices
    n = system.n
    pencil = sp.ImmutableMatrix(sp.Matrix(sp.BlockMatrix([[z * sp.eye(n) - A, -B], [C, D]]))) if n else D
    rank = exact.generic_rank(pencil)
    return common_divisor([m for m in exact.minors(pencil, rank) if not is_zero(m)], z)
