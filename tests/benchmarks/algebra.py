"""Exact algebra beside SymPy, symengine and raw FLINT: H(z), Jury, rank, Stein; answers compared before their time counts.

Ours is timed from SymPy matrices to a SymPy result, with empty memos. Peers: what a user writes (`Matrix.inv`, `Matrix.rank`,
physics.control, the factored Jury table), and the same algorithm by hand (characteristic polynomial and Krylov recursion)
over SymPy's `DomainMatrix`, over symengine, and over python-flint; "algebra" rows leave out the way back to SymPy on both
sides. Targets are those of the design.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import sympy as sp

import rnnsym as rs
from rnnsym import exact
from rnnsym.exact import matrices
from tests.benchmarks import families
from tests.benchmarks.families import SEED, Rows, agree, family, ours, polynomials, z
from tests.benchmarks.timing import Row, against, alone, forget, once

SIZES = {
    "all symbols": (2, 3, 4, 5, 6),
    "two parameters": (2, 4, 6, 8, 10),
    "leaky": (2, 6, 10, 16),
    "companion": (4, 8, 12, 16),
    "tridiagonal": (4, 6, 8, 10),
    "ring": (4, 8, 12),
    "rational": (8, 16, 32, 64),
}
QUICK = {
    "all symbols": (2, 3, 4, 5),
    "two parameters": (4, 8),
    "leaky": (6, 10),
    "companion": (4, 8),
    "tridiagonal": (4, 6),
    "ring": (4, 8),
    "rational": (8, 32),
}
INVERSE = {  # what the design asks of H(z) against Matrix.inv
    ("all symbols", 2): 1, ("all symbols", 3): 1, ("all symbols", 4): 80, ("all symbols", 5): 120, ("two parameters", 8): 500,
    ("two parameters", 10): 500, ("leaky", 10): 500,
}  # fmt: skip


def transfer(quick: bool) -> Iterator[Row]:
    limit = 6 if quick else 30
    for name, sizes in (QUICK if quick else SIZES).items():
        slow: set[str] = set()  # a peer that was stopped is not asked for a larger n
        for n in sizes:
            system = family(name, n)
            labels = {"group": f"H(z), {name}", "n": n}
            kernel = f"H(z), {name}, n = {n}"
            answer = ours(system)
            check = partial(agree, answer)
            yield alone(kernel, partial(ours, system), _seconds(name, n), memory=not quick, **labels)
            peers: list[tuple[str, Callable[[], Any], float | None]] = []
            if not quick or (name, n) in INVERSE:
                peers.append(("Matrix.inv", partial(families.by_inverse, system), INVERSE.get((name, n))))
            if not quick and n <= 3:
                peers.append(("physics.control", partial(families.by_control, system), 1 if n <= 2 else None))
            peers.append(("DomainMatrix", partial(families.by_domain_matrix, system), 1))
            if name != "rational" and n <= 10:
                peers.append(("symengine", partial(families.by_symengine, system), 1))
            for peer, function, target in peers:
                if peer not in slow:
                    shown = peer == "Matrix.inv" or (name, n) in (("rational", 32), ("companion", 8))
                    row = against(kernel, partial(ours, system), function, peer, target, check=check, limit=limit, shown=shown, **labels)  # fmt: skip
                    slow |= {peer} if row.stopped else set()
                    yield row
            yield from _algebra(name, n, system, answer, slow)


def _seconds(name: str, n: int) -> float | None:
    return 0.1 if (name, n) in (("all symbols", 5), ("rational", 32)) else None


def _algebra(name: str, n: int, system: families.System, answer: sp.Expr, slow: set[str]) -> Iterator[Row]:
    """The same algorithm on both sides, without the way back to SymPy."""
    kernel, labels = f"H(z), {name}, n = {n}, algebra", {"group": f"H(z), {name}, algebra", "n": n}
    mine = partial(polynomials, system)
    if "DomainMatrix" not in slow:
        target = 100 if name == "all symbols" and n >= 6 else 10
        check = lambda found: agree(answer, families.domain_matrix_result(found))  # noqa: E731
        yield against(
            kernel, mine, partial(families.domain_matrices, system), "DomainMatrix", target, check=check, **labels
        )
    if name != "rational" and n <= 10 and "symengine" not in slow:
        target = 5 if n >= 6 else 1 / 1.5
        check = lambda found: agree(answer, families.symengine_result(found))  # noqa: E731
        yield against(kernel, mine, partial(families.symengine_polynomials, system), "symengine", target, check=check, **labels)  # fmt: skip
    rows = Rows(system)
    if len(rows.A) <= (6 if name == "all symbols" else 16):
        rows_labels = {"group": f"{labels['group']} (raw)", "n": n}
        yield against(
            kernel, rows.ours, rows.raw, "raw FLINT", 1 / 1.5, check=partial(_same_polynomials, rows), **rows_labels
        )


def _same_polynomials(rows: Rows, found: Any) -> bool:
    n = len(rows.A)
    above, below = found
    mine = rows.ours()
    if isinstance(mine[1], list):
        return bool(mine[1] == below and [layer[0][0] for layer in mine[0]] == above)
    x = rows.ring.context.gen(rows.place)
    zero = rows.ring.context.constant(0)
    whole = [sum((c * x ** (d - k) for k, c in enumerate(cs)), zero) for cs, d in ((above, n - 1), (below, n))]
    return bool(list(mine) == whole)


# ---------------------------------------------------------------------- the way back to SymPy


def conversion(quick: bool) -> Iterator[Row]:
    for n in (3, 4, 5) if quick else (3, 4, 5, 6):
        A = family("all symbols", n)[0]
        ring = exact.Ring.over(A, z)
        rows, _ = ring.matrix(A)
        p = matrices.laplace(ring, matrices.shifted_rows(rows, ring.gens[ring.generators.index(z)]))
        poly = sp.Poly({tuple(map(int, m)): int(c) for m, c in p.terms()}, *ring.generators)
        yield against(
            f"{len(p)} terms to SymPy", partial(ring.expression, p), poly.as_expr, "as_expr", 5 if len(p) > 50 else 1,
            check=ring.expression(p).__eq__, group="polynomial to SymPy", n=len(p), shown=n == 5,
        )  # fmt: skip


# ---------------------------------------------------------------------- Jury, rank and Stein, as a user writes them


def jury_table(coefficients: list[sp.Expr]) -> list[sp.Expr]:
    """The first column of the Jury table, factored."""
    row, found = list(coefficients), []
    while len(row) > 1:
        row = [row[0] * u - row[-1] * v for u, v in zip(row[:-1], reversed(row[1:]), strict=True)]
        found.append(sp.factor(row[0]))
    return found


def _same_region(symbols: tuple[sp.Symbol, ...], ours: tuple[sp.Expr, ...], table: list[sp.Expr]) -> bool:
    """Both sets of inequalities hold at the same points, of both kinds."""
    rng, seen = random.Random(SEED), set()
    for _ in range(400):
        point = {s: sp.Rational(rng.randint(-30, 30), 31) for s in symbols}
        verdicts = {all(bool(e.xreplace(point) > 0) for e in side) for side in (ours, table)}
        if len(verdicts) > 1:
            return False
        seen |= verdicts
    return seen == {True, False}


def jury(quick: bool) -> Iterator[Row]:
    for n in (2, 3, 4, 6, 8):
        symbols = sp.symbols(f"a1:{n + 1}", real=True)
        generic = (sp.S.One, *symbols)
        mine = partial(exact.schur_cohn, generic)
        labels = {"group": "Jury, all inners", "n": n}
        yield alone(f"Jury, all inners, n = {n}", mine, 0.05 if n == 8 else None, repeats=9, **labels)
        if n <= 4:
            check = partial(_same_region, symbols, mine())
            yield against(f"Jury, all inners, n = {n}", mine, lambda g=generic: jury_table(list(g)), "factored table",
                          200 if n == 4 else None, check=check, shown=n == 4, **labels)  # fmt: skip


def krylov(A: sp.MatrixBase, B: sp.MatrixBase) -> sp.ImmutableDenseMatrix:
    columns = [sp.Matrix(B)]
    for _ in range(A.rows - 1):
        columns.append((A * columns[-1]).applyfunc(sp.expand))
    return sp.ImmutableDenseMatrix(sp.Matrix.hstack(*columns))


def rank(quick: bool) -> Iterator[Row]:
    for n in (2, 3):
        A, B, _ = family("all symbols", n)
        K = krylov(A, B)
        mine = partial(exact.rank_strata, K)
        check = mine()[0][0].__eq__
        yield against(f"rank strata, all symbols, n = {n}", mine, K.rank, "Matrix.rank", 200 if n == 3 else None,
                      check=check, repeats=9, group="rank strata", n=n, shown=n == 3)  # fmt: skip
    for n in (50, 100, 200):
        rng = random.Random(SEED)
        numbers = sp.ImmutableDenseMatrix(n, n, lambda i, j, r=rng: sp.Rational(r.randint(-99, 99), r.randint(1, 30)))
        assert exact.rank_strata(numbers) == ((n, sp.true),)
        target = 1 if n == 200 else None
        yield alone(
            f"rank, rational, n = {n}", partial(exact.rank_strata, numbers), target, group="rank, rational", n=n
        )


def by_kronecker(A: sp.MatrixBase, Q: sp.MatrixBase) -> sp.MatrixBase:
    n = A.rows
    M = sp.eye(n * n) - sp.kronecker_product(sp.Matrix(A), sp.Matrix(A))
    return (M.inv() * sp.Matrix(Q).reshape(n * n, 1)).reshape(n, n)


def stein(quick: bool) -> Iterator[Row]:
    for n in (1, 2, 3):
        A, B, _ = family("all symbols", n)
        values = {
            s.name: sp.Rational(k * k % 11 - 5, 7)
            for k, s in enumerate(sorted(A.free_symbols | B.free_symbols, key=str))
        }
        for what, Q in (("I", sp.eye(n)), ("B B^T", B * B.T)):
            X, below = exact.stein(A, Q)
            N, Y, R = (families.at(M, values) for M in (A, X, sp.Matrix(Q)))
            Y = Y / families.at(below, values)
            assert sp.Matrix(Y - N * Y * N.T) == sp.Matrix(R)
            mine = partial(exact.stein, A, Q)
            labels = {"group": f"Stein, Q = {what}", "n": n}
            yield alone(
                f"Stein, all symbols, n = {n}, Q = {what}", mine, 0.2 if n == 3 else None, memory=not quick, **labels
            )
            if n == 2 or (n == 3 and not quick and what == "I"):
                check = lambda found, Y=Y, v=values: families.at(sp.Matrix(found), v) == sp.Matrix(Y)  # noqa: E731
                yield against(f"Stein, all symbols, n = {n}, Q = {what}", mine, partial(by_kronecker, A, Q),
                              "Kronecker and inv", 1, check=check, shown=what == "I", **labels)  # fmt: skip


# ---------------------------------------------------------------------- questions asked one after the other


CHAIN = ("transfer_function", "poles", "zeros", "h2_norm", "snr", "stability_conditions")


def chain(quick: bool) -> Iterator[Row]:
    """All questions on one system, beside the sum of each asked with empty memos: work done once."""
    for n in (1, 2) if quick else (1, 2, 3):
        system = rs.LinearSystem(*(sp.Matrix(M) for M in family("all symbols", n)))
        single = sum(once(partial(getattr(rs, name), system), forget) for name in CHAIN)
        whole = alone(f"{len(CHAIN)} questions on one system, n = {n}", lambda s=system: [getattr(rs, q)(s) for q in CHAIN], None,
                      repeats=3, group="chained questions", n=n)  # fmt: skip
        yield Row(whole.kernel, whole.ours, single, "one by one", 1, "chained questions", n, spread=whole.spread)


def rows(quick: bool) -> Iterator[Row]:
    for part in (transfer, conversion, jury, rank, stein, chain):
        yield from part(quick)
