"""Exact algebra beside SymPy and symengine: H(z), Jury, rank, Stein, on the families of the design, answers compared first.

Ours is timed from SymPy matrices to a SymPy result, with empty memos. Peers: what a user writes (`Matrix.inv`, `Matrix.rank`,
the factored Jury table), and the same algorithm (characteristic polynomial and Krylov recursion) by hand over SymPy's
`DomainMatrix` and over symengine. The matrices are drawn anew from a seed that was not used while tuning.
"""

from __future__ import annotations

import random
import statistics
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import sympy as sp
from sympy.core.cache import clear_cache
from sympy.polys.matrices import DomainMatrix

from rnnsym import exact
from rnnsym.exact import algebra, rank, schur, stein_equation, strata, tables
from tests.benchmarks.timing import Row

SEED = 20261
z = sp.Symbol("z")
alpha, rho = sp.symbols("alpha rho", real=True)
System = tuple[sp.ImmutableDenseMatrix, sp.ImmutableDenseMatrix, sp.ImmutableDenseMatrix]


def forget() -> None:
    """Empty memos: every call does its whole work."""
    for room in (algebra, rank, schur, stein_equation, strata, tables):
        for function in vars(room).values():
            if hasattr(function, "cache_clear"):
                function.cache_clear()


def in_turn(mine: Callable[[], Any], peer: Callable[[], Any], repeats: int) -> tuple[float, float]:
    """Median seconds of both, called in turn, each with empty memos and an empty cache of SymPy's."""
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(repeats):
        for function, store in zip((mine, peer), times, strict=True):
            forget()
            clear_cache()
            start = time.perf_counter()
            function()
            store.append(time.perf_counter() - start)
    return statistics.median(times[0]), statistics.median(times[1])


# ---------------------------------------------------------------------- families


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
    if name == "companion":
        return numbers(lambda i, j: int(j == i + 1) if i < n - 1 else sp.Symbol(f"a{j}", real=True)), B, C
    return numbers(lambda i, j: sp.Rational(rng.randint(-99, 99), rng.randint(1, 20))), B, C  # rational


# ---------------------------------------------------------------------- ways to H(z)


def ours(system: System) -> sp.Expr:
    return exact.resolvent(*system).matrix(z)[0]


def by_inverse(system: System) -> sp.Expr:
    A, B, C = system
    return (C * (z * sp.eye(A.rows) - A).inv() * B)[0]


def polynomials(system: System) -> Any:
    """Ours without the way back to SymPy: all coefficients as polynomials."""
    return algebra._resolvent(*system)


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


def by_domain_matrix(system: System) -> sp.Expr:
    above, coefficients, field = domain_matrices(system)
    n = len(above)
    below = sum(field.to_sympy(c) * z ** (n - k) for k, c in enumerate(coefficients))
    return sum(c.to_Matrix()[0] * z ** (n - 1 - k) for k, c in enumerate(above)) / below


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


def by_symengine(system: System) -> sp.Expr:
    above, below = symengine_polynomials(system)
    return sp.sympify(above) / sp.sympify(below)


def _expanded(M: Any) -> Any:
    import symengine as se

    return se.DenseMatrix(M.rows, M.cols, [se.expand(M[i, j]) for i in range(M.rows) for j in range(M.cols)])


def agree(a: Any, b: Any) -> bool:
    """Equal at a random rational point."""
    a, b = sp.sympify(a), sp.sympify(b)
    rng = random.Random(7)
    symbols = sorted({s.name for s in a.free_symbols | b.free_symbols})
    values = {name: sp.Rational(rng.randint(-40, 40), rng.randint(1, 9)) for name in symbols}

    def at(e: sp.Expr) -> sp.Expr:
        return sp.nsimplify(e.xreplace({s: values[s.name] for s in e.free_symbols}))

    return sp.cancel(at(a) - at(b)) == 0


def beside(
    kernel: str, mine: Callable[[], Any], peer: Callable[[], Any], name: str, target: float | None, repeats: int
) -> Row:
    assert agree(mine(), peer()), f"{kernel}: {name} has another answer"
    seconds = in_turn(mine, peer, repeats)
    return Row(kernel, *seconds, name, target)


def alone(kernel: str, mine: Callable[[], Any], target: float) -> Row:
    """Against a target in seconds; the ratio to reach is 1."""
    times = []
    for _ in range(5):
        forget()
        clear_cache()
        start = time.perf_counter()
        mine()
        times.append(time.perf_counter() - start)
    return Row(kernel, sorted(times)[2], target, "target", 1)


# ---------------------------------------------------------------------- Jury and rank, as a user writes them


def jury_table(coefficients: list[sp.Expr]) -> list[sp.Expr]:
    """The first column of the Jury table, factored."""
    row, found = list(coefficients), []
    while len(row) > 1:
        row = [row[0] * u - row[-1] * v for u, v in zip(row[:-1], reversed(row[1:]), strict=True)]
        found.append(sp.factor(row[0]))
    return found


def krylov(A: sp.MatrixBase, B: sp.MatrixBase) -> sp.ImmutableDenseMatrix:
    columns = [sp.Matrix(B)]
    for _ in range(A.rows - 1):
        columns.append((A * columns[-1]).applyfunc(sp.expand))
    return sp.ImmutableDenseMatrix(sp.Matrix.hstack(*columns))


def rows(quick: bool) -> Iterator[Row]:
    inverses = [("all symbols", 2, 1, 9), ("all symbols", 3, None, 5), ("all symbols", 4, 80, 3), ("leaky", 6, None, 3)]
    inverses += [] if quick else [("all symbols", 5, 120, 1), ("two parameters", 8, 500, 1), ("leaky", 10, 500, 1)]
    for name, n, target, repeats in inverses:
        system = family(name, n)
        yield beside(
            f"H(z), {name}, n = {n}",
            lambda s=system: ours(s),
            lambda s=system: by_inverse(s),
            "Matrix.inv",
            target,
            repeats,
        )
    same = [("all symbols", 2), ("all symbols", 3), ("all symbols", 4), ("leaky", 10), ("two parameters", 8), ("tridiagonal", 8),
            ("companion", 8), ("rational", 16)]  # fmt: skip
    same += (
        []
        if quick
        else [("all symbols", 5), ("all symbols", 6), ("leaky", 16), ("two parameters", 10), ("rational", 32)]
    )
    for name, n in same:
        system = family(name, n)
        assert agree(ours(system), by_domain_matrix(system))
        both = in_turn(partial(ours, system), partial(by_domain_matrix, system), 3)
        yield Row(f"H(z), {name}, n = {n}", *both, "DomainMatrix", 1)
        both = in_turn(partial(polynomials, system), partial(domain_matrices, system), 3)
        yield Row(f"H(z), {name}, n = {n}, polynomials", *both, "DomainMatrix", 10 if n >= 6 else 1 / 1.5)
        if name != "rational" and n <= 8:
            assert agree(ours(system), by_symengine(system))
            both = in_turn(partial(ours, system), partial(by_symengine, system), 3)
            yield Row(f"H(z), {name}, n = {n}", *both, "symengine", 1)
            both = in_turn(partial(polynomials, system), partial(symengine_polynomials, system), 3)
            yield Row(f"H(z), {name}, n = {n}, polynomials", *both, "symengine", 5 if n >= 6 else 1 / 1.5)
    yield alone("H(z), all symbols, n = 5", partial(ours, family("all symbols", 5)), 0.1)
    yield alone("H(z), rational, n = 32", partial(ours, family("rational", 32)), 0.1)

    for n in (4, 8):
        generic = (sp.S.One, *sp.symbols(f"a1:{n + 1}", real=True))
        yield alone(f"Jury, all inners, generic, n = {n}", lambda g=generic: exact.schur_cohn(g), 0.05)
        if n == 4:
            seconds = in_turn(lambda g=generic: exact.schur_cohn(g), lambda g=generic: jury_table(list(g)), 5)
            yield Row("Jury, all inners, generic, n = 4", *seconds, "factored table", 200)

    A, B, _ = family("all symbols", 3)
    K = krylov(A, B)
    seconds = in_turn(lambda: exact.rank_strata(K), lambda: K.rank(), 1 if quick else 3)
    yield Row("rank strata, all symbols, n = 3", *seconds, "Matrix.rank", 200)
    rng = random.Random(SEED)
    numbers = sp.ImmutableDenseMatrix(200, 200, lambda i, j: sp.Rational(rng.randint(-99, 99), rng.randint(1, 30)))
    yield alone("rank, rational, n = 200", lambda: exact.rank_strata(numbers), 1)

    X, below = exact.stein(A, sp.eye(3))
    point = {s: sp.Rational(k * k % 11 - 5, 7) for k, s in enumerate(sorted(A.free_symbols, key=str))}
    N, Y = A.xreplace(point), X.xreplace(point) / below.xreplace(point)
    assert Y - N * Y * N.T == sp.eye(3)
    yield alone("Stein, all symbols, n = 3, Q = I", lambda: exact.stein(A, sp.eye(3)), 0.2)
    yield alone("Stein, all symbols, n = 3, Q = B B^T", lambda: exact.stein(A, B * B.T), 0.2)
