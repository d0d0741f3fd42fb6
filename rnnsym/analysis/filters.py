"""A model as a filter: the entries of H as fractions of polynomials, their factors and roots, and the hypotheses.

What the questions of signal processing share; it asks none itself. Polynomials are coefficients, highest first, or
expressions collected in z. May import: everything to the left of `analysis.filters`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import sympy as sp

from rnnsym import exact
from rnnsym.analysis.linear import as_system, is_affine
from rnnsym.cells.record import Cell
from rnnsym.defined import McMillanDegree, Numbers, SpectralRadius
from rnnsym.defined.polezero import coefficients, polynomial_roots
from rnnsym.exact import balls, factored, is_zero, normal, polynomial_gcd
from rnnsym.result import RnnsymError, SpecError
from rnnsym.systems import LinearSystem

READABLE = 60  # terms up to which a fraction is factored for reading


Z = sp.Symbol("z")


def linear_system(model: Any, what: str = "a transfer function") -> LinearSystem:
    """The linear system of a model: itself, or the linear part of a cell whose equations are affine.

    Raises: SpecError for a nonlinear cell (an operating point is needed), or one of symbolic size.
    """
    if isinstance(model, Cell) and not is_affine(model):
        raise SpecError(
            f"{model.name} is nonlinear, and {what} belongs to a linear system; give an operating point h*, x*: "
            "linearize(cell, at=...) and ask of the result"
        )
    return as_system(model, what)


def discrete(model: Any, what: str) -> LinearSystem:
    """The linear system of a model in discrete time.

    Raises: SpecError in continuous time.
    """
    system = linear_system(model, what)
    if not system.time.is_discrete:
        raise SpecError(f"{what} is of a system in discrete time, and this one is continuous; discretize it first")
    return system


def single(model: Any, what: str) -> LinearSystem:
    """The discrete linear system of a model with one input and one output.

    Raises: SpecError for others.
    """
    system = discrete(model, what)
    if (system.m, system.p) != (1, 1):
        raise SpecError(
            f"{what} is of one input and one output; this system has {system.m} inputs and {system.p} outputs: "
            "choose a column of B and a row of C"
        )
    return system


def stability(system: LinearSystem, what: str) -> Any:
    """The hypothesis that all eigenvalues of A are inside the unit circle: of the diagonal, if A is triangular; of trace
    and determinant, if A is a real 2 x 2 matrix.

    Raises: RnnsymError if they are not, for all parameters.
    """
    A = system.A
    if system.n == 0:
        return sp.true
    if A.is_upper or A.is_lower:
        found = sp.And(*(sp.Lt(sp.Abs(A[i, i]), 1) for i in range(system.n)))
        if found == sp.false or any(is_unit(A[i, i]) for i in range(system.n)):
            refuse_unstable(system, what)
        return found
    if system.n == 2 and A.free_symbols and all(e.is_real for e in A):  # the triangle of Schur and Cohn
        _, minus_trace, determinant = map(factored, exact.characteristic_polynomial(A))
        return sp.And(sp.Lt(sp.Abs(minus_trace), 1 + determinant), sp.Lt(determinant, 1))
    polynomial = horner(exact.characteristic_polynomial(A), Z) if Z not in A.free_symbols else None
    if polynomial is not None and any(is_outside(f, Z) for f, _ in factors_in(polynomial, Z)):
        refuse_unstable(system, what)
    return sp.true if not A.free_symbols and polynomial is not None else sp.Lt(SpectralRadius(A), 1)


def is_unit(value: Any) -> bool:
    return not value.free_symbols and is_zero(sp.Abs(value) - 1) is True


def refuse_unstable(system: LinearSystem, what: str) -> None:
    """The error that says the spectral radius, if there is a number."""
    A = system.A
    radius = f"rho(A) = {Numbers({}).float(SpectralRadius(A)):.6g} >= 1" if not A.free_symbols else "rho(A) >= 1"
    raise RnnsymError(f"{radius}: {what}; use a finite horizon, or a stable A")


def reals(system: LinearSystem, *others: Any) -> Any:
    """The hypothesis that the parameters are real, for those whose assumptions do not say so."""
    symbols = sorted(system.free_symbols.union(*(sp.S(e).free_symbols for e in others)), key=str)
    return sp.And(*(sp.Eq(sp.im(s), 0) for s in symbols if not s.is_real))


def arguments(system: LinearSystem) -> tuple[Any, ...]:
    """What the defined quantities of a system take first: A, B, C, D, readout."""
    return *system.matrices, system.readout


@dataclass(frozen=True)
class Fractions:
    """H = numerator/denominator, the denominator det(zI - A) for all entries, coefficients highest first."""

    numerator: tuple[tuple[tuple[Any, ...], ...], ...]
    denominator: tuple[Any, ...]

    def polynomial(self, z: Any, i: int, j: int) -> Any:
        return horner(self.numerator[i][j], z)

    def characteristic(self, z: Any) -> Any:
        return horner(self.denominator, z)


def horner(coefficients: Any, z: Any) -> Any:
    """sum of c_k z^k, collected in z."""
    return _collected(tuple(sp.sympify(c, strict=True) for c in coefficients), sp.sympify(z, strict=True))


@lru_cache(maxsize=256)
def _collected(coefficients: tuple[Any, ...], z: Any) -> Any:
    top = len(coefficients) - 1
    return sp.Add(*(c * z ** (top - k) for k, c in enumerate(coefficients)))


def fractions_in(system: LinearSystem) -> Fractions:
    """The entries of H over their common denominator det(zI - A), nothing cancelled."""
    A, B, C, D = system.matrices
    if system.n == 0:
        return Fractions(tuple(tuple((D[i, j],) for j in range(system.m)) for i in range(system.p)), (sp.S.One,))
    if 0 in D.shape:
        return Fractions(((),) * system.p, tuple(exact.characteristic_polynomial(A)))
    resolved = exact.resolvent(A, B, C)
    below, inner = resolved.denominator, resolved.numerator
    shift = (sp.S.Zero,) if system.readout == "current" else ()

    def entry(i: int, j: int) -> tuple[Any, ...]:
        above = (*inner[i][j], *shift)  # times z for the current state
        above = (*(sp.S.Zero,) * (len(below) - len(above)), *above)
        return tuple(a if D[i, j] == 0 else a + D[i, j] * b for a, b in zip(above, below, strict=True))

    return Fractions(tuple(tuple(entry(i, j) for j in range(system.m)) for i in range(system.p)), below)


def reduced(numerator: Any, denominator: Any, z: Any) -> tuple[Any, Any]:
    """Numerator and denominator in lowest terms, from the coefficients of polynomials; the denominator is monic."""
    above, below = horner(numerator, z), horner(denominator, z)
    if all(is_zero(c) for c in numerator):
        return sp.S.Zero, sp.S.One
    common = polynomial_gcd(exact.fraction(above)[0], exact.fraction(below)[0], z)
    if z not in common.free_symbols:
        return above, below
    fraction = factored(above / below)
    top, bottom = sp.fraction(sp.together(fraction)) if fraction.is_Add else fraction.as_numer_denom()
    first = coefficients(bottom, z)[0] if z in bottom.free_symbols else bottom
    return normal_in(top / first, z), normal_in(bottom / first, z)


def normal_in(polynomial: Any, z: Any) -> Any:
    """A polynomial collected in z, its coefficients in lowest terms."""
    return (
        horner([normal(c) for c in coefficients(polynomial, z)], z)
        if z in polynomial.free_symbols
        else normal(polynomial)
    )


def channel(system: LinearSystem, whole: Fractions, i: int, j: int, z: Any) -> tuple[Any, Any]:
    """Numerator and denominator of H[i, j] in lowest terms; the denominator is monic.

    They are coprime for almost all parameters if they are at one point, where they are numbers.
    """
    if degree_at_point(system, i, j) == system.n:
        return whole.polynomial(z, i, j), whole.characteristic(z)
    return reduced(whole.numerator[i][j], whole.denominator, z)


def degree_at_point(system: LinearSystem, i: int | None = None, j: int | None = None) -> int | None:
    """The number of poles of H, or of its entry, at one rational point; None if the matrices are not rational there."""
    A, B, C, D = at_point(system)
    if A is None:
        return None
    if i is not None:
        B, C, D = B[:, j], C[i, :], D[i, j : j + 1] if j is not None else D
    node = McMillanDegree(A, B, C, sp.zeros(C.rows, B.cols) if i is not None else D, system.readout)
    return int(Numbers({}).float(node))


def at_point(system: LinearSystem) -> tuple[Any, Any, Any, Any]:
    """The matrices for some rational values of all symbols; four times None if they are not rational there."""
    symbols = sorted(system.free_symbols, key=str)
    point = {s: sp.Rational(2 * k + 3, k % 5 + 2) for k, s in enumerate(symbols)}
    tables = tuple(
        M.applyfunc(lambda e: point.get(e, e) if e.is_Symbol else e.xreplace(point)) for M in system.matrices
    )
    return tables if all(e.is_Rational for M in tables for e in M) else (None, None, None, None)  # type: ignore[return-value]


def unused(symbol: Any, *expressions: Any) -> Any:
    """The symbol, or one with _o after its name if that name occurs in the expressions."""
    taken = {s.name for e in expressions for s in sp.sympify(e, strict=True).free_symbols}
    name = symbol.name
    while name in taken:
        name += "_o"
    return symbol if name == symbol.name else sp.Symbol(name, **symbol.assumptions0)


def is_short(expression: Any, most: int = 6 * READABLE) -> bool:
    """Whether an expression has at most that many nodes."""
    count, stack = 0, [expression]
    while stack:
        node = stack.pop()
        count += 1
        if count > most:
            return False
        stack.extend(node.args)
    return True


def readable(numerator: Any, denominator: Any) -> Any:
    """numerator/denominator in lowest terms: factored if it is short, else collected in z."""
    return (
        factored(numerator / denominator) if is_short(numerator) and is_short(denominator) else numerator / denominator
    )


def named(factor: Any, count: int, z: Any) -> str:
    roots = roots_of(factor, z)
    text = f"pole {', '.join(map(str, roots))}" if roots is not None else f"the poles with {factor} = 0"
    return text if count == 1 else f"{text} (multiplicity {count})"


def nonzero(expression: Any) -> Any:
    """The condition that an expression is not 0, factor by factor; true or false where it is decided."""
    if not expression.free_symbols:
        return sp.true if is_zero(expression) is False else sp.false
    if not is_short(expression):
        return sp.Ne(expression, 0, evaluate=False)
    parts = [f.base if isinstance(f, sp.Pow) else f for f in sp.Mul.make_args(sp.fraction(factored(expression))[0])]
    return sp.And(*(sp.Ne(p, 0) for p in parts if p.free_symbols))


def factors_in(polynomial: Any, z: Any) -> list[tuple[Any, int]]:
    """The irreducible factors that contain z, made monic, with multiplicity; lowest degree first."""
    found = []
    for part in sp.Mul.make_args(factored(polynomial)):
        base, count = part.as_base_exp() if part.is_Pow and part.exp.is_Integer else (part, sp.S.One)
        if z in base.free_symbols and count > 0:
            first, *rest = coefficients(base, z)
            found.append((horner([sp.S.One, *(normal(c / first) for c in rest)], z), int(count)))
    return sorted(found, key=lambda pair: (len(coefficients(pair[0], z)), sp.default_sort_key(pair[0])))


def roots_of(factor: Any, z: Any) -> list[Any] | None:
    """The roots of an irreducible monic factor of degree 1 or 2, or of z^k - c; None if there is no closed form."""
    _, *rest = coefficients(factor, z)
    if len(rest) == 1:
        return [-rest[0]]
    if len(rest) == 2:
        p, q = rest
        root = sp.sqrt(factored(p**2 - 4 * q))
        return [sp.expand((-p - root) / 2), sp.expand((-p + root) / 2)]
    if all(c == 0 for c in rest[:-1]) and len(rest) <= 12 and not rest[-1].free_symbols:
        radius = sp.root(-rest[-1], len(rest))
        return [radius * sp.exp(2 * sp.pi * sp.I * k / len(rest)) for k in range(len(rest))]
    return None


def is_outside(factor: Any, z: Any, is_discrete: bool = True) -> bool:
    """Whether a factor of numbers has a root on or outside the unit circle (in the closed right half plane)."""
    if factor.free_symbols - {z}:
        return False
    values = [c for c in coefficients(factor, z)]
    if not all(v.is_Rational for v in values):
        found = [sp.N(r, 30) for r in sp.Poly(factor, z).nroots(n=30)]
        return any(
            (abs(r) >= 1 - sp.Float("1e-20")) if is_discrete else (sp.re(r) >= -sp.Float("1e-20")) for r in found
        )
    with balls.precision(60):
        roots = polynomial_roots(values)
        return any(not (abs(r) < 1) if is_discrete else not (r.real < 0) for r in roots)


def gain_at(system: LinearSystem, point: Any) -> Any:
    """H at a point that is no eigenvalue of A, by solving."""
    if system.n == 0:
        return system.D
    states = exact.solve_linear(point * sp.eye(system.n) - system.A, system.B).solution
    factor = point if system.readout == "current" else sp.S.One
    return (factor * system.C * states + system.D).applyfunc(normal)
