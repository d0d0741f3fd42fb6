"""The ring: into FLINT and back without changing a value, generators that know their relations, limits that hold."""

from __future__ import annotations

import random

import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from rnnsym.exact.fields import Ring
from rnnsym.exact.generators import UndefinedExpression
from rnnsym.result import LimitReached, RnnsymError

x, y, z = sp.symbols("x y z")
p = sp.Symbol("p", positive=True)
r = sp.Symbol("r", real=True)
n = sp.Symbol("n", integer=True)
f = sp.Function("f")

POOLS = {
    "symbols": [x, y, z],
    "functions": [x, sp.tanh(x), sp.cos(y), f(x)],
    "roots": [x, sp.sqrt(x), sp.sqrt(x + 1), y],
    "exponentials": [x, sp.exp(x / 2), sp.exp(-x / 3), sp.exp(y)],
    "numbers": [x, sp.sqrt(6), sp.cbrt(2), sp.I],
    "powers": [x, x**n, 2**n, (-1) ** n],
    "constants": [sp.pi, sp.E, sp.log(x)],
    "moduli": [r, sp.Abs(r), r ** sp.Rational(2, 3)],
}
POINT = {x: sp.Rational(37, 11), y: sp.Rational(-13, 7), z: sp.Rational(5, 3), r: sp.Rational(-8, 5), n: sp.Integer(3)}


def random_expression(rng: random.Random, pool: list[sp.Expr], depth: int) -> sp.Expr:
    if depth == 0:
        return rng.choice([*pool, sp.Integer(rng.randint(-3, 3)), sp.Rational(rng.randint(-5, 5), rng.randint(1, 4))])
    kind = rng.random()
    parts = [random_expression(rng, pool, depth - 1) for _ in range(rng.randint(1, 4))]
    if kind < 0.45:
        return sp.Add(*parts)
    return sp.Mul(*parts[:3]) if kind < 0.85 else parts[0] ** rng.choice([2, 3, -1, -2])


def number(e: sp.Expr) -> complex:
    return complex(e.subs(f, sp.sin).subs(POINT).evalf(30))


def by_constructors(ring: Ring, q) -> sp.Expr:
    return sp.Add(*[
        sp.Mul(sp.Integer(int(c)), *[g ** sp.Integer(int(k)) for g, k in zip(ring.generators, m, strict=True)])
        for m, c in q.terms()
    ])  # fmt: skip


@pytest.mark.parametrize("pool", POOLS)
def test_the_way_to_polynomials_and_back_keeps_the_value_and_equals_sympys_constructors(pool):
    rng, tried = random.Random(pool), 0
    while tried < 30:
        e = random_expression(rng, POOLS[pool], 3)
        if e.has(sp.zoo, sp.nan):
            continue
        ring = Ring.over(e)
        try:
            fraction = ring.fraction(e)
        except UndefinedExpression:
            continue
        tried += 1
        assert sp.srepr(ring.expression(fraction.numerator)) == sp.srepr(by_constructors(ring, fraction.numerator))
        value = number(e)
        for form in (ring.quotient(*fraction), ring.factored(*fraction)):
            assert abs(number(form) - value) <= 1e-10 * (1 + abs(value)), (e, form)


@pytest.mark.parametrize("seed", range(8))
def test_a_fraction_is_reduced_as_sympys_cancel_reduces_it(seed):
    rng, tried = random.Random(seed), 0
    while tried < 5:
        e = random_expression(rng, POOLS["symbols"], 3)
        if e.has(sp.zoo, sp.nan):
            continue
        try:
            ring = Ring.over(e)
            numerator, denominator = ring.fraction(e)
        except UndefinedExpression:
            continue
        tried += 1
        a, b = ring.expression(numerator), ring.expression(denominator)
        theirs, below = sp.fraction(sp.cancel(e))
        assert sp.expand(a * below - b * theirs) == 0
        assert sp.Poly(b, x, y, z).total_degree() == sp.Poly(below, x, y, z).total_degree()


@given(st.dictionaries(st.tuples(*[st.integers(0, 9)] * 4), st.integers(-(10**20), 10**20), max_size=30))
@settings(max_examples=60, deadline=None)
def test_an_expression_equals_as_expr_whatever_the_terms(terms):
    symbols = sp.symbols("h W_h b alpha")
    ring = Ring.over(*symbols)
    order = [symbols.index(g) for g in ring.generators]
    q = ring.context.from_dict({tuple(m[i] for i in order): c for m, c in terms.items()})
    assert sp.srepr(ring.expression(q)) == sp.srepr(sp.Poly.from_dict(terms or {(0,) * 4: 0}, *symbols).as_expr())


@given(st.dictionaries(st.tuples(st.integers(0, 6), st.integers(0, 6)), st.integers(-50, 50), min_size=1, max_size=8))
@settings(max_examples=60, deadline=None)
def test_factors_multiply_to_the_polynomial_with_sympys_multiplicities(terms):
    e = sp.Add(*[c * x**i * y**j for (i, j), c in terms.items()])
    ring = Ring.over(e, x, y)
    form = ring.factored(*ring.fraction(e))
    assert sp.expand(form - e) == 0
    if e != 0:
        ours = sorted(k for _, k in ring.factors(ring.fraction(e).numerator)[1])
        assert ours == sorted(k for _, k in sp.factor_list(e, x, y)[1])


@pytest.mark.parametrize(
    ("given_form", "read"),
    [
        (sp.S(0), "0"),
        (sp.Rational(-3, 4), "-3/4"),
        (x, "x"),
        (-x, "-x"),
        (-x - 1, "-(x + 1)"),
        (2 * x + 2, "2*(x + 1)"),
        ((x + 1) / 2, "(x + 1)/2"),
        (1 - x**2, "(1 - x)*(x + 1)"),
        ((1 - p**2) / (1 - 2 * p * x + p**2), "(1 - p)*(p + 1)/(p**2 - 2*p*x + 1)"),
        (x / (2 * (y + 1)), "x/(2*(y + 1))"),
        ((x - y) / (y - x), "-1"),
        (1 / (1 - x), "1/(1 - x)"),
        (1 / (1 + sp.exp(-x)), "1/(1 + exp(-x))"),
        (sp.sqrt(x) * x - sp.sqrt(x), "sqrt(x)*(x - 1)"),
        ((x - 1) / (sp.sqrt(x) - 1), "sqrt(x) + 1"),
        (1 / sp.sqrt(2) + x / sp.I, "(-2*I*x + sqrt(2))/2"),
        (x**20 / x**18 * (x + 1) ** 40, "x**2*(x + 1)**40"),
    ],
)
def test_a_factored_form_has_the_signs_that_read_best(given_form, read):
    ring = Ring.over(given_form)
    assert str(ring.factored(*ring.fraction(given_form))) == read


@pytest.mark.parametrize(
    "zero",
    [
        sp.sqrt(6) - sp.sqrt(2) * sp.sqrt(3),
        sp.sqrt(x) ** 3 - x * sp.sqrt(x),
        sp.exp(x + y) - sp.exp(x) * sp.exp(y),
        sp.exp(2 * x) * sp.exp(-x) - sp.exp(x),
        sp.exp(x / (1 + x)) * sp.exp(1 / (1 + x)) - sp.E,
        x ** (2 * n) - (x**n) ** 2,
        2 ** (n + 1) - 2 * 2**n,
        sp.sqrt(4 * p**2 * x + 8 * p**2) - 2 * p * sp.sqrt(x + 2),
        (sp.sqrt(x + 1) + 1) * (sp.sqrt(x + 1) - 1) - x,
        (x + sp.I) * (x - sp.I) - x**2 - 1,
        sp.cbrt(-1) ** 2 - sp.cbrt(-1) + 1,
        sp.exp(sp.I * sp.pi / 7 + x) ** 7 + sp.exp(7 * x),
    ],
)
def test_generators_know_their_relations(zero):
    assert Ring.over(zero).fraction(zero).numerator.is_zero()


@pytest.mark.parametrize(
    ("expressions", "independent"),
    [
        ([x, y, z], True),
        ([sp.sqrt(x), x, sp.exp(y), sp.sqrt(2), sp.I], True),
        ([sp.exp(x), sp.exp(x * y), sp.E], True),
        ([sp.pi], True),
        ([sp.pi, sp.E], False),
        ([sp.tanh(x)], False),
        ([sp.exp(sp.exp(x))], False),
        ([sp.sqrt(x + 1)], False),
        ([sp.sqrt(2), (-1) ** sp.Rational(1, 4)], False),
        ([sp.exp(n), n], False),
    ],
)
def test_independence_is_certified_only_where_a_theorem_says_so(expressions, independent):
    assert Ring.over(expressions).independent is independent


def test_the_ring_does_not_depend_on_the_order_of_the_expressions():
    parts = [sp.tanh(y), x, sp.exp(x), z, sp.sqrt(2)]
    assert Ring.over(*parts).generators == Ring.over(*reversed(parts)).generators


def test_a_matrix_comes_over_one_common_denominator():
    A = sp.Matrix([[1 / x, y / (x * (x + 1))], [sp.Rational(1, 2), 0]])
    ring = Ring.over(A)
    rows, common = ring.matrix(A)
    back = sp.Matrix([[ring.expression(q) / ring.expression(common) for q in row] for row in rows])
    assert (back - A).applyfunc(sp.cancel) == sp.zeros(2, 2)
    assert ring.factored(common) == 2 * x * (x + 1)
    assert rows == ring.matrix(A.tolist())[0]


def test_hundred_symbols_with_awkward_names_do_not_confuse_the_ring():
    symbols = sp.symbols("x0:90") + (sp.Symbol("x 1"), sp.Symbol("\\lambda"), sp.Symbol("lambda"), sp.Symbol(""))
    e = sp.Add(*[s * t for s, t in zip(symbols, symbols[1:], strict=False)])
    ring = Ring.over(e)
    assert ring.expression(ring.fraction(e).numerator) == e


def test_symbols_of_one_name_and_different_assumptions_stay_apart():
    e = sp.Symbol("a") - sp.Symbol("a", real=True)
    assert not Ring.over(e).fraction(e).numerator.is_zero()


def test_huge_exponents_of_monomials_are_kept():
    e = x ** (10**25) * y
    ring = Ring.over(e)
    assert ring.quotient(*ring.fraction(e)) == e
    assert ring.factored(*ring.fraction(e)) == e


@pytest.mark.parametrize("e", [(x + 1) ** (10**9), (x + y + z + 1) ** 1000, (x + 3) ** (10**25), (x + y + 1) ** -5000])
def test_a_power_too_large_is_refused_before_it_is_expanded(e):
    with pytest.raises(LimitReached, match="the limit is 5000000"):
        Ring.over(e).fraction(e)


def test_the_limit_of_terms_can_be_chosen():
    e = (x + y + z + 1) ** 30
    with pytest.raises(LimitReached, match="the limit is 1000"):
        Ring.over(e, term_limit=1000).fraction(e)
    assert len(Ring.over(e).fraction(e).numerator) == 5456


def test_floats_are_refused_and_the_message_says_what_to_pass():
    for e in (0.5 * x, sp.exp(0.5 * x), f(sp.Float("0.5")), x**0.5):
        with pytest.raises(RnnsymError, match="Rational"):
            Ring.over(e)


@pytest.mark.parametrize("e", [sp.oo, sp.nan, sp.zoo, x + sp.oo])
def test_what_is_no_finite_number_is_refused(e):
    with pytest.raises(UndefinedExpression):
        Ring.over(e)


def test_a_denominator_that_is_zero_by_a_relation_is_refused():
    e = 1 / ((sp.sqrt(x + 1) + 1) * (sp.sqrt(x + 1) - 1) - x)
    with pytest.raises(UndefinedExpression):
        Ring.over(e).fraction(e)


@pytest.mark.parametrize("wrong", [sp.MatrixSymbol("A", 2, 2), [sp.eye(2)], [x > 0]])
def test_what_is_no_scalar_is_refused(wrong):
    with pytest.raises(TypeError):
        Ring.over(wrong)


def test_what_does_not_commute_is_refused():
    with pytest.raises(RnnsymError, match="commute"):
        Ring.over(sp.Symbol("k", commutative=False))


def test_an_expression_foreign_to_the_ring_is_refused():
    with pytest.raises(RnnsymError, match="not in the ring"):
        Ring.over(x).fraction(y)
