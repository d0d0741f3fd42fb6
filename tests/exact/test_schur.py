"""The inners say whether all roots lie in the unit circle: against isolated roots, with no exception, for n = 1..9."""

from __future__ import annotations

import random

import flint
import pytest
import sympy as sp
from flint import fmpz_poly

from rnnsym.exact import critical_constraints, schur_cohn
from rnnsym.result import RnnsymError

a, b, c = sp.symbols("a b c", real=True)
p = sp.Symbol("p", positive=True)


def stable(coefficients: list[int]) -> bool:
    """Whether all roots, isolated to as many digits as it takes, lie strictly inside; on the circle is not inside."""
    precision = flint.ctx.prec
    try:
        for flint.ctx.prec in (64, 256, 1024):
            moduli = [
                root.real * root.real + root.imag * root.imag - 1
                for root, _ in fmpz_poly(coefficients[::-1]).complex_roots()
            ]
            if any(m > 0 for m in moduli):
                return False
            if all(m < 0 for m in moduli):
                return True
        return False
    finally:
        flint.ctx.prec = precision


def random_polynomial(rng: random.Random, n: int, kind: int) -> list[int]:
    """Random coefficients, or products of factors with roots near and on the circle."""
    if kind < 2:
        return [rng.choice([5, 12, -7])] + [rng.randint(-8, 8) // rng.choice([1, 1, 2, 4]) for _ in range(n)]
    found = [1]
    while len(found) <= n:
        f = [60, rng.choice([59, -59, 60, -60, 61, 0, 20, -30])]
        if n - len(found) > 0 and rng.random() < 0.7:
            f = [3600, -120 * rng.randint(-58, 58), rng.choice([3500, 3599, 3600, 3601, 3400, 2000, 100, -300])]
        found = [
            sum(found[i] * f[k - i] for i in range(len(found)) if 0 <= k - i < len(f))
            for k in range(len(found) + len(f) - 1)
        ]
    return found


def signs(conditions, values) -> bool:
    return all(sp.sympify(e).xreplace(values) > 0 for e in conditions)


@pytest.mark.parametrize("n", range(1, 10))
def test_the_conditions_hold_exactly_for_stable_polynomials(n):
    rng, inside = random.Random(n), 0
    for k in range(120 if n < 8 else 60):
        q = random_polynomial(rng, n, k % 4)
        inside += stable(q)
        assert all(e > 0 for e in schur_cohn(q)) == stable(q), q
    assert inside > 2


@pytest.mark.parametrize("n", range(1, 7))
def test_the_symbolic_conditions_are_the_conditions_on_numbers(n):
    rng, symbols = random.Random(n), sp.symbols(f"a1:{n + 1}", real=True)
    conditions = schur_cohn((1, *symbols))
    lead = sp.Symbol("a0", real=True)
    general = schur_cohn((lead, *symbols))
    for k in range(30):
        q = random_polynomial(rng, n, k % 4)
        values = {s: sp.Rational(v, q[0]) for s, v in zip(symbols, q[1:], strict=True)}
        assert signs(conditions, values) == stable(q), q
        whole = dict(zip((lead, *symbols), map(sp.Integer, q), strict=True))
        assert signs(general, whole) == stable(q), q


@pytest.mark.parametrize(
    ("coefficients", "conditions"),
    [
        ((1, a), (a + 1, 1 - a)),
        ((1, a, b), (a + b + 1, -a + b + 1, 1 - b)),
        ((1, a, b, c), (a + b + c + 1, -a + b - c + 1, a * c - b - c**2 + 1, -a * c + b - c**2 + 1)),
        ((-1, -a, -b), (a + b + 1, -a + b + 1, 1 - b)),
        ((1, 0, -(p**2)), (1 - p,)),
        ((1, -a - b, a * b), ((a - 1) * (b - 1), (a + 1) * (b + 1), 1 - a * b)),
    ],
)
def test_the_conditions_read_as_in_the_textbooks(coefficients, conditions):
    found = schur_cohn(coefficients)
    assert {sp.expand(e) for e in found} == {sp.expand(e) for e in conditions}


def test_the_critical_constraints_are_not_the_conditions_from_order_four_on():
    unstable = (1, 0, 0, 0, 4)
    assert not stable(list(unstable))
    lost = [q for q in ([1, 0, 4, 0, 4], [1, 0, 0, 0, 4]) if all(e > 0 for e in critical_constraints(q))]
    rng = random.Random(0)
    for _ in range(4000):
        q = [1, *(rng.randint(-8, 8) for _ in range(4))]
        if all(e > 0 for e in critical_constraints(q)) and not stable(q):
            lost.append(q)
            break
    assert lost
    assert all(not all(e > 0 for e in schur_cohn(q)) for q in lost)


def test_a_lost_condition_is_noticed():
    rng, missed = random.Random(1), set()
    for k in range(600):
        q = random_polynomial(rng, 4, k % 4)
        if not stable(q):
            failing = [i for i, e in enumerate(_all_conditions(q)) if not e > 0]
            if len(failing) == 1:
                missed.add(failing[0])
    assert missed >= {0, 1, 2}


def _all_conditions(q):
    symbols = sp.symbols("q0:5", real=True)
    conditions = schur_cohn((sp.Integer(q[0]), *symbols[1:]))
    return [sp.sympify(e).xreplace(dict(zip(symbols, map(sp.Integer, q), strict=True))) for e in conditions]


def test_complex_coefficients_and_a_vanishing_leading_one_are_refused():
    with pytest.raises(RnnsymError, match="real"):
        schur_cohn((1, sp.I))
    with pytest.raises(RnnsymError, match="leading"):
        schur_cohn((0, a, 1))
