"""The short ways of the exact room give what the long ways give: reading, writing, splitting, factoring, expanding."""

from __future__ import annotations

import random

import pytest
import sympy as sp

from rnnsym.exact import matrices
from rnnsym.exact.fields import Ring, rational_entries
from rnnsym.exact.generators import sort_key

u, v, w, x10, x2 = sp.symbols("u v w x10 x2")
POOLS = {
    "symbols": [u, v, w, x2, x10, sp.Symbol("u", real=True), sp.Symbol("b", positive=True)],
    "dummies": [u, sp.Dummy("u"), sp.Dummy("a"), v],
    "functions": [u, sp.tanh(u), sp.exp(v), sp.Function("f")(u, v), sp.Abs(w)],
    "roots": [sp.sqrt(u), v, sp.sqrt(2), sp.I],
    "many": list(sp.symbols("s:140")),
}


def random_polynomial(rng: random.Random, ring: Ring, terms: int, degree: int):
    total = ring.context.constant(0)
    for _ in range(terms):
        term = ring.context.constant(rng.choice([1, -1, 2, -3, 6, 10**20]))
        for g in rng.sample(range(len(ring.generators)), rng.randint(0, min(3, len(ring.generators)))):
            term *= ring.gens[g] ** rng.randint(0, degree)
        total += term
    return total


def by_constructors(ring: Ring, p, denominator: int = 1) -> sp.Expr:
    return sp.Add(*[
        sp.Mul(sp.Rational(int(c), denominator), *[g ** sp.Integer(int(k)) for g, k in zip(ring.generators, m, strict=True)])
        for m, c in p.terms()
    ])  # fmt: skip


@pytest.mark.parametrize("pool", POOLS)
def test_a_polynomial_is_written_as_sympys_constructors_write_it(pool):
    rng, ring = random.Random(pool), Ring.over(POOLS[pool])
    for _ in range(40):
        p = random_polynomial(rng, ring, rng.choice([0, 1, 2, 3, 8, 30]), rng.choice([1, 2, 12]))
        below = rng.choice([1, 1, 2, 6])
        found = ring.expression(p, below)
        assert found == by_constructors(ring, p, below)
        assert sp.srepr(found) == sp.srepr(by_constructors(ring, p, below))


def test_a_quotient_of_sums_is_what_sympy_makes_of_it():
    rng, ring = random.Random(3), Ring.over(POOLS["symbols"])
    for _ in range(60):
        p, q = (random_polynomial(rng, ring, rng.choice([1, 2, 3, 8]), 2) for _ in range(2))
        if q.is_zero():
            continue
        if rng.random() < 0.2:
            p = q * rng.choice([1, 2, -1])
        found = ring.quotient(p, q)
        numbers = q.is_constant()
        expected = (
            ring.expression(p, int(q.leading_coefficient())) if numbers else ring.expression(p) / ring.expression(q)
        )
        assert found == expected and found.args == expected.args


def test_the_coefficients_of_one_generator_are_those_read_from_the_terms():
    rng, ring = random.Random(4), Ring.over(POOLS["symbols"])
    for _ in range(60):
        p = random_polynomial(rng, ring, rng.choice([0, 1, 2, 5, 20]), rng.choice([1, 2, 5, 40]))
        for place in range(len(ring.generators)):
            expected = {}
            for monomial, c in p.terms():
                rest = [int(e) for e in monomial]
                e, rest[place] = rest[place], 0
                expected.setdefault(e, {})[tuple(rest)] = c
            found = ring.coefficients(p, place)
            assert found == {e: ring.context.from_dict(part) for e, part in expected.items()}
            assert list(found) == sorted(found, reverse=True)


@pytest.mark.parametrize("pool", ["symbols", "functions"])
def test_factors_are_those_of_flint_whether_a_short_proof_of_irreducibility_is_found_or_not(pool):
    rng, ring = random.Random(pool), Ring.over(POOLS[pool])
    for _ in range(60):
        p = random_polynomial(rng, ring, rng.choice([1, 2, 3, 6]), rng.choice([1, 2]))
        if rng.random() < 0.6:
            p *= random_polynomial(rng, ring, rng.choice([1, 2, 3]), 1)
        if p.is_zero():
            continue
        content, found = ring.factors(p)
        try:
            expected_content, expected = p.factor()
        except OverflowError:  # see the next test
            continue
        assert content == int(expected_content)
        assert sorted((str(f), k) for f, k in found) == sorted((str(f), int(k)) for f, k in expected)


def test_three_factors_with_coefficients_beyond_a_machine_word_are_found():
    ring = Ring.over([u, v])
    x, y = ring.gens
    wanted = [10**20 * y - 3, y + 1, x - y]
    content, found = ring.factors(-2 * wanted[0] * wanted[1] * wanted[2] ** 2 * x)
    assert content == -2 and sorted(map(str, found)) == sorted(
        map(str, [(x, 1), (wanted[0], 1), (wanted[1], 1), (wanted[2], 2)])
    )


def test_the_sort_key_is_that_of_sympy():
    for pool in POOLS.values():
        assert [sort_key(g) for g in pool] == [sp.default_sort_key(g) for g in pool]


def system(rng: random.Random, kind: str, n: int):
    symbol = {
        "symbols": lambda i, j: sp.Symbol(f"a{i}{j}"),
        "few symbols": lambda i, j: rng.choice([u, v, w, 0, 1, -2]),
        "tridiagonal": lambda i, j: sp.Symbol(f"a{i}{j}") if abs(i - j) < 2 else 0,
        "companion": lambda i, j: int(j == i + 1) if i < n - 1 else sp.Symbol(f"a{j}"),
        "nilpotent": lambda i, j: sp.Symbol(f"a{i}{j}") if j > i else 0,
        "leaky": lambda i, j: (1 - u) * int(i == j) + u * v * rng.randint(-2, 2),
        "numbers": lambda i, j: sp.Rational(rng.randint(-9, 9), rng.randint(1, 4)),
        "sums": lambda i, j: rng.randint(-2, 2) * u + rng.randint(-2, 2),
        "zero": lambda i, j: 0,
    }[kind]
    port = rng.choice([lambda i: sp.Symbol(f"b{i}"), lambda i: rng.randint(-1, 1), lambda i: 0, lambda i: u + i])
    A = sp.ImmutableDenseMatrix(n, n, symbol)
    return A, sp.ImmutableDenseMatrix(n, 1, lambda i, j: port(i)), sp.ImmutableDenseMatrix(1, n, lambda i, j: port(j))


@pytest.mark.parametrize(
    "kind", ["symbols", "few symbols", "tridiagonal", "companion", "nilpotent", "leaky", "numbers", "sums", "zero"]
)
def test_the_bordered_determinant_and_the_recursion_give_one_resolvent(kind):
    rng = random.Random(kind)
    z = sp.Dummy("z")
    for n in (1, 2, 3, 4, 5):
        A, B, C = system(rng, kind, n)
        ring = Ring.over(A, B, C, z)
        place = ring.generators.index(z)
        (a, _), (b, _), (c, _) = (ring.matrix(M) for M in (A, B, C))
        below = matrices.berkowitz(ring, a)
        w, above = b, [matrices.product(ring, c, b)]
        for k in range(1, n):
            w = matrices.product(ring, a, w)
            w = [[e + below[k] * q for e, q in zip(row, of_b, strict=True)] for row, of_b in zip(w, b, strict=True)]
            above.append(matrices.product(ring, c, w))
        assert matrices.resolvent(ring, a, b, c, place) == (above, below)
        assert matrices.resolvent(ring, a, b, c) == (above, below)
        assert matrices.charpoly(ring, a, place) == below == matrices.charpoly(ring, a)
        assert matrices.determinant(ring, a) == (-1) ** n * below[-1]
        whole = matrices.bordered(ring, a, b, c, place)
        if whole is not None:
            assert matrices.split(ring, whole[1], place, n) == below
            assert matrices.split(ring, whole[0], place, n - 1) == [layer[0][0] for layer in above]


def test_a_matrix_of_numbers_is_read_without_its_way_through_sympy():
    M = sp.ImmutableDenseMatrix([[1, sp.Rational(1, 2)], [0, -3]])
    assert rational_entries(M) == [(1, 1), (1, 2), (0, 1), (-3, 1)]
    assert rational_entries(sp.ImmutableDenseMatrix([[u]])) is None
    ring = Ring.over(M, u)
    rows, common = ring.matrix(M)
    assert (rows, common) == ring.matrix(M.tolist())
    assert ring.matrix(sp.zeros(2, 0)) == ([], 1) and ring.matrix(sp.zeros(0, 2)) == ([], 1)
