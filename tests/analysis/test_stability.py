"""Stability conditions: the reduced inequalities against roots, boundaries, verdicts, refusals."""

from dataclasses import replace

import numpy as np
import pytest
import sympy as sp

from rnnsym.analysis.stability import (
    critical_conditions,
    euler_conditions,
    stability_boundary,
    stability_conditions,
    stability_region,
    stability_verdict,
)
from rnnsym.cells import elman
from rnnsym.defined import FixedPointOf, Numbers
from rnnsym.exact.schur import named_inners
from rnnsym.result import LimitReached, ShapeError, SpecError
from rnnsym.systems import CONTINUOUS, LinearSystem
from rnnsym.verify import verify

# The default suite draws a part of what the slow one draws; the claims are the same.
effort = pytest.mark.parametrize("part", [3, pytest.param(1, id="full", marks=pytest.mark.slow)])


def generic(n):
    return sp.Matrix(n, n, lambda i, j: sp.Symbol(f"a_{i + 1}{j + 1}", real=True))


def companion(n):
    a = sp.symbols(f"a_1:{n + 1}", real=True)
    return sp.Matrix(n, n, lambda i, j: int(j == i + 1) if i < n - 1 else -a[n - 1 - j])


@effort
def test_the_triangle_of_two_states(part):
    result = stability_conditions(generic(2))
    tau, delta = sp.symbols("tau delta", real=True)
    assert result.rhs == sp.And(tau - delta < 1, -tau - delta < 1, delta < 1)
    assert [s.name for s, _ in result.where] == ["tau", "delta"]
    assert verify(result, trials=60 // part).verdict == "agrees"
    for lost in result.rhs.args:
        assert not verify(replace(result, rhs=sp.And(*(g for g in result.rhs.args if g != lost))), trials=100)


def test_three_states_have_the_four_textbook_inequalities():
    result = stability_conditions(generic(3))
    assert len(result.rhs.args) == 4 and verify(result, trials=30)


@pytest.mark.parametrize("n", [1, 2, 3, 4, 5, 6])
@effort
def test_the_inequalities_agree_with_roots(n, part):
    result = stability_conditions(companion(n))
    assert verify(result, trials=30 // part)
    random, sides = np.random.default_rng(n), set()
    symbols = sp.symbols(f"a_1:{n + 1}", real=True)
    inside = stability_region(result)
    for _ in range(150):
        roots = [
            r
            for _ in range(n // 2)
            for r in (lambda z: (z, z.conjugate()))(random.uniform(0.5, 1.1) * np.exp(1j * random.uniform(0, np.pi)))
        ]
        roots += [random.uniform(-1.05, 1.05)] * (n % 2)
        values = dict(zip([s.name for s in symbols], np.poly(roots).real[1:], strict=True))
        want = bool(max(map(abs, roots)) < 1)
        assert bool(inside(**values)) is want
        sides.add(want)
    assert len(sides) == 2


def test_the_critical_conditions_are_not_sufficient_for_a_companion_of_four_states():
    bad = {s: v for s, v in zip(sp.symbols("a_1:5", real=True), (0, 0, 0, 4), strict=True)}  # z^4 + 4
    result = critical_conditions(companion(4))
    assert Numbers({s: v for s, v in bad.items()}).truth(result.rhs) is True
    assert Numbers({s: v for s, v in bad.items()}).truth(result.lhs) is False
    assert Numbers({s: v for s, v in bad.items()}).truth(stability_conditions(companion(4)).rhs) is False


@pytest.mark.parametrize(("n", "sufficient"), [(1, True), (2, True), (3, False), (4, False)])
def test_critical_conditions_taken_for_sufficient_are_refused_beyond_two_states(n, sufficient):
    """Of three states diag(5, 11/10, 1/2) meets them; entries drawn one by one never came near such a matrix."""
    result = replace(critical_conditions(generic(n)), relation="<=>")
    for seed in (0, 1):
        assert bool(verify(result, trials=60, seed=seed)) is sufficient
    if n == 3:
        values = dict(zip(generic(3), sp.diag(5, sp.Rational(11, 10), sp.Rational(1, 2)), strict=True))
        assert result.explicit.subs(values) == sp.true


@pytest.mark.parametrize("n", [1, 2, 3, 4])
def test_the_boundary_functions_are_products_over_eigenvalues(n):
    for result in stability_boundary(generic(n)):
        assert verify(result, trials=10)
        assert not verify(replace(result, rhs=-result.rhs), trials=10)


def test_boundaries_are_named():
    assert stability_verdict([[1, 0], [0, "1/2"]]).on == ("fold",)
    assert stability_verdict([[-1, 0], [0, "1/2"]]).on == ("flip",)
    found = stability_verdict([["3/5", "-4/5"], ["4/5", "3/5"]])
    assert found.on == ("neimark-sacker",) and found.stable is None and found.slack == pytest.approx(0)
    assert stability_verdict([[1, 1], [0, 1]]).stable is None  # rho = 1 decides nothing
    assert stability_verdict([["1/2", 100], [0, "1/2"]]).stable is True
    assert stability_verdict([["3/2", 0], [0, 0]]).stable is False
    assert named_inners((1, sp.Rational(1, 2))) == {"fold": sp.Rational(3, 2), "flip": sp.Rational(1, 2)}


def test_a_cell_is_asked_at_its_fixed_point():
    for n in (1, 2):
        result = stability_conditions(elman(n=n, m=1))
        assert any(isinstance(g, FixedPointOf) for g in sp.And.make_args(result.given))
        assert verify(result, trials=20)
        assert not verify(replace(result, rhs=result.rhs.args[0]), trials=300)


@effort
def test_continuous_time_asks_for_negative_real_parts(part):
    for n in (1, 2, 3, 4):
        A = companion(n)
        system = LinearSystem(A, sp.zeros(n, 1), sp.zeros(1, n), sp.zeros(1, 1), time=CONTINUOUS, readout="previous")
        result = stability_conditions(system)
        assert verify(result, trials=40 // part)
        assert n not in (2, 3) or not verify(replace(result, rhs=sp.And(*list(result.rhs.args)[1:])), trials=400)


def test_undeclared_symbols_become_a_hypothesis_and_complex_entries_are_refused():
    a = sp.Symbol("a")
    assert stability_conditions([[a]]).given == sp.Eq(sp.im(a), 0)
    with pytest.raises(SpecError, match="not real"):
        stability_conditions([[sp.I]])


def test_sizes_are_refused_with_what_would_do():
    with pytest.raises(ShapeError, match="square"):
        stability_conditions(sp.ones(2, 3))
    with pytest.raises(ShapeError, match=r"at\(n=2\)"):
        stability_conditions(elman())
    with pytest.raises(LimitReached, match="limit is 6"):
        stability_conditions(generic(7))
    with pytest.raises(SpecError, match="numbers are needed"):
        stability_verdict([[sp.Symbol("w")]])
    assert stability_conditions(sp.eye(7) / 2).rhs == sp.true


def test_matrices_in_other_forms():
    W = sp.MatrixSymbol("W", 2, 2)
    assert (
        stability_conditions(W).rhs
        == stability_conditions(W.as_explicit()).rhs
        == euler_conditions(W).subs({"a": 1}).rhs
    )
    assert stability_verdict([[sp.I / 2]]).stable is True and not stability_verdict([[sp.I / 2]]).margins
    with pytest.raises(ShapeError, match="square"):
        euler_conditions([[1, 2]])
    with pytest.raises(TypeError, match="Result"):
        stability_region(W)
