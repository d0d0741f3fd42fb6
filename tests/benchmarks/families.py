"""The systems that are measured, drawn from a seed that was not used while tuning, and the peers' ways to H(z)."""

from __future__ import annotations

import random
from functools import partial
from typing import Any

import sympy as sp
from sympy.polys.matrices import DomainMatrix

from rnnsym import exact
from rnnsym.exact import algebra, matrices

SEED = 20261
z = sp.Symbol("z")
alpha, rho = sp.symbols("alpha rho", real=True)
System = tuple[sp.ImmutableDenseMatrix, sp.ImmutableDenseMatrix, sp.ImmutableDenseMatrix]


def family(name: str, n: int) -> System:
    """A SISO system (A, B, C) of a family."""
    rng = random.Random(f"{SEED} {name} {n}")
    numbers = partial(sp.ImmutableDenseMatrix, n, n)
    B = sp.ImmutableDenseMatrix(n, 1, lambda i, j: rng.randint(-3, 3))
    C = sp.ImmutableDenseMatrix(1, n, lambda i, j: rng.randint(-3, 3))
    if name == "all symbols":
        return (
            numbers(lambda i, j: sp.Symbol(f"a{i}{j}", real=True)),
            sp.ImmutableDenseMatrix(n, 1, lambda i, j: sp.Symbol(f"b{i}", real=True)),
            sp.ImmutableDenseMatrix(1, n, lambda i, j: sp.Symbol(f"c{j}", real=True)),
        )
    if name == "leaky":
        W = numbers(lambda i, j: sp.Rational(rng.randint(-9, 9), 10))
        return sp.ImmutableDenseMatrix((1 - alpha) * sp.eye(n) + alpha * rho * W), alpha * B, C
    if name == "two parameters":
        return numbers(lambda i, j: rng.randint(-3, 3) * alpha + rng.randint(-3, 3) * rho + rng.randint(-3, 3)), B, C
    if name == "one parameter":
        return numbers(lambda i, j: rng.randint(-3, 3) * alpha + rng.randint(-3, 3)), B, C
    if name == "tridiagonal":
        return numbers(lambda i, j: sp.Symbol(f"a{i}{j}", real=True) if abs(i - j) <= 1 else 0), B, C
    if name == "ring":
        return numbers(lambda i, j: sp.Symbol(f"r{i}", real=True) if j == (i - 1) % n else alpha if i == j else 0), B, C
    if name == "companion":
        return numbers(lambda i, j: int(j == i + 1) if i < n - 1 else sp.Symbol(f"a{j}", real=True)), B, C
    if name == "rational":
        return numbers(lambda i, j: sp.Rational(rng.randint(-99, 99), rng.randint(1, 20))), B, C
    raise ValueError(name)


# ---------------------------------------------------------------------- ways to H(z)


def ours(system: System) -> sp.Expr:
    return exact.resolvent(*system).matrix(z)[0]


def polynomials(system: System) -> Any:
    """Ours without the way back to SymPy: all coefficients as polynomials."""
    found = algebra._resolvent(*system)
    return found.whole or found.coefficients


def by_inverse(system: System) -> sp.Expr:
    A, B, C = system
    return (C * (z * sp.eye(A.rows) - A).inv() * B)[0]


def by_control(system: System) -> sp.Expr:
    from sympy.physics.control import StateSpace, TransferFunction

    A, B, C = (sp.Matrix(M) for M in system)
    found = StateSpace(A, B, C, sp.zeros(1, 1)).rewrite(TransferFunction)[0][0]
    return found.num / found.den if found.var == z else (found.num / found.den).subs(found.var, z)


def domain_matrices(system: System) -> tuple[list[Any], list[Any], Any]:
    """The same algorithm over DomainMatrix, not converted back."""
    A, B, C = (DomainMatrix.from_Matrix(sp.Matrix(M)) for M in system)
    A, B, C = DomainMatrix.unify(A, B, C)
    coefficients = A.charpoly()
    w, above = B, [C * B]
    for k in range(1, A.shape[0]):
        w = A * w + B * coefficients[k]
        above.append(C * w)
    return above, coefficients, A.domain


def domain_matrix_result(found: tuple[list[Any], list[Any], Any]) -> sp.Expr:
    above, coefficients, field = found
    n = len(above)
    below = sum(field.to_sympy(c) * z ** (n - k) for k, c in enumerate(coefficients))
    return sum(c.to_Matrix()[0] * z ** (n - 1 - k) for k, c in enumerate(above)) / below


def by_domain_matrix(system: System) -> sp.Expr:
    return domain_matrix_result(domain_matrices(system))


def symengine_polynomials(system: System) -> tuple[Any, Any]:
    """The same algorithm over symengine, expanded, not converted back."""
    import symengine as se

    A, B, C = (se.DenseMatrix(M.rows, M.cols, [se.sympify(e) for e in M]) for M in system)
    n = A.rows
    x = se.Symbol("z")
    below, above = x**n, se.Integer(0)
    w, coefficients = B, _traces(A)
    for k in range(n):
        if k:
            w = _expanded(A * w + coefficients[k] * B)
            below += coefficients[k] * x ** (n - k)
        above += (C * w)[0, 0] * x ** (n - 1 - k)
    below += coefficients[n]
    return se.expand(above), se.expand(below)


def _traces(A: Any) -> list[Any]:
    """The characteristic polynomial by Faddeev's recursion."""
    import symengine as se

    n = A.rows
    M, found = se.eye(n), [se.Integer(1)]
    for k in range(1, n + 1):
        AM = _expanded(A * M)
        found.append(se.expand(-sum(AM[i, i] for i in range(n)) / k))
        M = _expanded(AM + found[-1] * se.eye(n))
    return found


def symengine_result(found: tuple[Any, Any]) -> sp.Expr:
    return sp.sympify(found[0]) / sp.sympify(found[1])


def by_symengine(system: System) -> sp.Expr:
    return symengine_result(symengine_polynomials(system))


def _expanded(M: Any) -> Any:
    import symengine as se

    return se.DenseMatrix(M.rows, M.cols, [se.expand(M[i, j]) for i in range(M.rows) for j in range(M.cols)])


class Rows:
    """A system in its ring already: what is left is FLINT's work alone."""

    def __init__(self, system: System) -> None:
        self.ring = exact.Ring.over(*system, z)
        self.place = self.ring.generators.index(z)
        (self.A, common), (self.B, _), (self.C, _) = (self.ring.matrix(M) for M in system)
        self.plain = common.is_one()

    def ours(self) -> Any:
        whole = matrices.bordered(self.ring, self.A, self.B, self.C, self.place) if self.plain else None
        return whole or matrices.resolvent(self.ring, self.A, self.B, self.C, self.place)

    def raw(self) -> Any:
        """Berkowitz and the Krylov recursion as one writes them over fmpz_mpoly."""
        zero = self.ring.context.constant(0)

        def times(M: Any, v: Any) -> Any:
            return [sum((a * b for a, b in zip(row, v, strict=True)), zero) for row in M]

        below = raw_berkowitz(self.A, zero)
        w = [row[0] for row in self.B]
        above = times(self.C, w)
        for k in range(1, len(self.A)):
            w = [a + below[k] * row[0] for a, row in zip(times(self.A, w), self.B, strict=True)]
            above += times(self.C, w)
        return above, below


def raw_berkowitz(rows: Any, zero: Any) -> list[Any]:
    found = [zero + 1]
    for k in range(len(rows)):
        left, column, toeplitz = rows[k][:k], [rows[i][k] for i in range(k)], [zero + 1, -rows[k][k]]
        for _ in range(k):
            toeplitz.append(-sum((a * b for a, b in zip(left, column, strict=True)), zero))
            column = [sum((a * b for a, b in zip(rows[i][:k], column, strict=True)), zero) for i in range(k)]
        found = [
            sum((toeplitz[i - j] * found[j] for j in range(max(0, i - k - 1), min(i, k) + 1)), zero)
            for i in range(k + 2)
        ]
    return found


# ---------------------------------------------------------------------- answers compared


def agree(a: Any, b: Any) -> bool:
    """Equal at a random rational point."""
    a, b = sp.sympify(a), sp.sympify(b)
    rng = random.Random(7)
    names = sorted({s.name for s in a.free_symbols | b.free_symbols})
    values = {name: sp.Rational(rng.randint(-40, 40), rng.randint(1, 9)) for name in names}
    return at(a, values) == at(b, values)


def at(e: Any, values: dict[str, sp.Rational]) -> sp.Expr:
    return e.xreplace({s: values[s.name] for s in e.free_symbols})
