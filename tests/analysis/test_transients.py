"""Transient growth: what is refused, degenerate cases, certified enclosures, and wrong claims that are found out."""

import math
import pickle
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
import sympy as sp

from rnnsym.analysis import nonnormality as nn
from rnnsym.analysis import transients as tr
from rnnsym.defined import Numbers, SpectralRadius
from rnnsym.defined.nonnormality import HenriciDeparture, KreissConstant, NumericalRadius, PowerBounded, PowerSupremum
from rnnsym.exact.pseudospectra import kreiss_enclosure
from rnnsym.result import NoClosedForm, RnnsymError, ShapeError, SpecError
from rnnsym.systems import LinearSystem
from rnnsym.verify import verify

Q = sp.Rational
a, b, c, d, k, r = sp.symbols("a b c d k r", real=True)
BLOCK, GENERAL = [[a, k], [0, a]], [[a, b], [c, d]]
peak = cache(tr.transient_peak)


def at(result, values):
    return result.subs(values)


def without(result):
    return replace(result, given=sp.true)


POINT = {a: Q(3, 4), k: Q(5, 3)}
WRONG = {
    "norm below radius": lambda: replace(tr.spectral_gap()[0], rhs=tr.spectral_gap()[0].rhs / 2),
    "not normal": lambda: without(tr.spectral_gap()[1]),
    "not radial": lambda: without(tr.spectral_gap()[2]),
    "power norm": lambda: replace(tr.power_norm(), rhs=tr.power_norm().rhs.replace(sp.Integer(4), sp.Integer(2))),
    "power norm of negative a": lambda: without(tr.power_norm()),
    "general power norm": lambda: at(
        replace(tr.power_norm(GENERAL, 3), rhs=tr.power_norm(GENERAL, 3).rhs.subs(b, -b)), {a: 1, b: 2, c: 1, d: 0}
    ),
    "time of the peak, doubled": lambda: at(replace(peak()[0], rhs=2 * peak()[0].rhs), POINT),
    "time of the peak, stratum lost": lambda: at(
        replace(peak()[0], rhs=peak()[0].rhs.args[0][0]), {a: Q(1, 2), k: Q(1, 2)}
    ),
    "height of the peak": lambda: at(replace(peak()[1], rhs=peak()[1].rhs + Q(1, 100)), POINT),
    "largest power, one candidate": lambda: at(
        replace(peak()[2], rhs=min(peak()[2].rhs.args, key=sp.count_ops)), {a: Q(3, 4)}
    ),
    "limit of the peak": lambda: replace(peak()[3], rhs=2 * peak()[3].rhs),
    "departure, cases swapped": lambda: replace(
        nn.henrici_departure(GENERAL), rhs=nn.henrici_departure(GENERAL).rhs.args[0][0]
    ),
    "bound without departure": lambda: at(
        replace(nn.henrici_bound(BLOCK), rhs=sp.Symbol("rho", real=True) ** nn.t), {a: Q(1, 2), k: 3}
    ),
    "Kreiss constant, large k only": lambda: at(
        replace(nn.kreiss_constant(BLOCK), rhs=k / (4 * (1 - a))), {a: Q(1, 2), k: 2}
    ),
    "Kreiss constant without the threshold": lambda: at(
        replace(nn.kreiss_constant(BLOCK), rhs=nn.kreiss_constant(BLOCK).rhs.args[0][0]), {a: Q(1, 2), k: Q(1, 2)}
    ),
    "Kreiss constant of an unstable matrix": lambda: at(without(nn.kreiss_constant(BLOCK)), {a: 2, k: 5}),
    "Kreiss constant, real branch for a pair": lambda: at(
        replace(
            nn.kreiss_constant(GENERAL),
            where=tuple((s, e.replace(sp.Piecewise, lambda *p: p[0][0])) for s, e in nn.kreiss_constant(GENERAL).where),
        ),
        {a: Q(1, 2), b: 3, c: Q(-1, 4), d: 0},
    ),
    "enclosure too high": lambda: replace(_enclosure()[0], lhs=_enclosure()[0].lhs * Q(1001, 1000)),
    "enclosure too low": lambda: replace(_enclosure()[1], rhs=_enclosure()[1].rhs * Q(999, 1000)),
    "Kreiss theorem reversed": lambda: at(
        replace(nn.kreiss_theorem(BLOCK)[0], lhs=nn.kreiss_theorem(BLOCK)[0].rhs, rhs=nn.kreiss_theorem(BLOCK)[0].lhs),
        {a: Q(1, 2), k: 5},
    ),
    "numerical radius": lambda: replace(nn.numerical_radius(BLOCK), rhs=a + k / 2),
    "numerical radius, case lost": lambda: replace(
        nn.numerical_radius(GENERAL), rhs=nn.numerical_radius(GENERAL).rhs.args[0][0]
    ),
    "numerical radius of three": lambda: replace(
        nn.numerical_radius([[a, k, 0], [0, a, k], [0, 0, a]]), rhs=sp.Abs(a) + sp.Abs(k) / 2
    ),
    "Berger without 2": lambda: at(replace(nn.berger_bound(BLOCK), rhs=nn.berger_bound(BLOCK).rhs / 2), {a: Q(1, 3), k: 2}),
    "range with 4/5": lambda: replace(nn.range_bound(), rhs=nn.range_bound().rhs / 3),
    "basis without its condition": lambda: replace(nn.basis_bound(), rhs=SpectralRadius(sp.MatrixSymbol("N", nn.n, nn.n)) ** nn.t),
    "covariance": lambda: replace(
        tr.block_covariance(), rhs=tr.block_covariance().rhs.subs(k, 0), steps=()
    ),
    "covariance of an unstable block": lambda: at(without(tr.block_covariance()), {a: 2, k: 1}),
}  # fmt: skip


@cache
def _enclosure():
    return nn.kreiss_enclosure([[Q(1, 2), 2], [0, Q(1, 3)]], width=1e-4)


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_claim_is_refused(name):
    check = verify(WRONG[name](), trials=40, dims=(2, 1))
    assert check.verdict == "refuted", str(check)


@pytest.mark.parametrize(("p", "q"), [(0, 0), (0, 3), (Q(1, 2), 0), (Q(-1, 2), -4), (Q(1, 2), 1), (Q(99, 100), 20)])
def test_degenerate_blocks(p, q):
    """a = 0 (nilpotent), k = 0 (scalar), negative a and k, k on the threshold 2 (1 - a), a near 1."""
    A = sp.ImmutableMatrix([[p, q], [0, p]])
    for result in (nn.kreiss_constant(A), nn.numerical_radius(A), nn.henrici_departure(A), tr.power_norm(A, 3)):
        assert verify(result, trials=1), result
    K = nn.kreiss_constant(A).rhs
    assert K >= 1 and (K == 1) == (nn.numerical_radius(A).rhs <= 1)  # Spijker: K = 1 exactly for w <= 1


def test_kreiss_constant_of_other_blocks():
    """Eigenvalues of opposite sign, a complex pair on either side of tau = 2 delta, and on it; a scalar."""
    for A in (
        [[Q(1, 2), 3], [0, Q(-1, 2)]], [[0, 2], [Q(-1, 4), 0]], [[Q(9, 10), 2], [Q(-1, 10), Q(1, 2)]],
        [[Q(9, 8), Q(71, 128)], [-2, Q(-7, 8)]], [[Q(1, 4), Q(1, 4)], [Q(1, 4), Q(1, 4)]], [[0, 0], [4, 0]],
    ):  # fmt: skip
        assert verify(nn.kreiss_constant(A), trials=1), A
    assert nn.kreiss_constant([[Q(1, 3)]]).rhs == 1
    assert nn.kreiss_constant([[0, 4], [0, 0]]).rhs == Q(5, 4)


def test_enclosure_of_a_nilpotent_block_and_of_normal_matrices():
    """The maximum is a whole circle for a nilpotent block; K = 1 at w = 0 for a normal matrix."""
    low, high = kreiss_enclosure(sp.Matrix([[0, 0], [-4, 0]]), 1e-2)
    assert low <= Q(5, 4) <= high
    for A in (sp.zeros(2, 2), sp.eye(3) / 2, sp.Matrix([[0, Q(-1, 2)], [Q(1, 2), 0]])):
        low, high = kreiss_enclosure(A, 1e-2)
        assert low == 1 and high < Q(102, 100)


def test_what_has_no_kreiss_constant_says_so():
    with pytest.raises(NoClosedForm, match="two units"):
        nn.kreiss_constant(sp.eye(3) / 2)
    for A in ([[1, 1], [0, 1]], [[2]], [[0, 1], [-1, 0]]):
        with pytest.raises(RnnsymError, match="rho"):
            nn.kreiss_constant(A)
    with pytest.raises(RnnsymError, match="rho"):
        nn.kreiss_enclosure(sp.eye(3))
    with pytest.raises(SpecError, match="rational"):
        nn.kreiss_enclosure([[a, 0], [0, a]])
    with pytest.raises(ShapeError, match="square"):
        nn.henrici_bound(sp.ones(2, 3))
    with pytest.raises(NoClosedForm, match="not real"):
        nn.numerical_radius([[sp.I, 0], [0, 1]])
    with pytest.raises(NoClosedForm, match="more than two units|two units"):
        nn.numerical_radius([[a, b, c], [0, a, b], [0, 0, d]])


def test_definitions_at_known_matrices():
    numbers = Numbers({})
    shift = sp.ImmutableMatrix([[0, 1, 0], [0, 0, 1], [0, 0, 0]])
    assert numbers.float(NumericalRadius(shift)) == pytest.approx(math.cos(math.pi / 4), rel=1e-14)
    assert numbers.float(HenriciDeparture(shift)) == pytest.approx(math.sqrt(2), rel=1e-14)
    rotation = sp.ImmutableMatrix([[0, -1], [1, 0]])
    assert numbers.float(HenriciDeparture(rotation)) < 1e-30 and numbers.float(PowerSupremum(rotation)) == 1
    assert numbers.float(KreissConstant(sp.ImmutableMatrix([[2]]))) == math.inf
    bounded = {
        ((1, 0), (0, 1)): True, ((1, 1), (0, 1)): False, ((0, 1), (-1, 0)): True, ((-1, 1), (0, -1)): False,
        ((2, 0), (0, 0)): False, ((Q(1, 2), 9), (0, Q(1, 2))): True,
    }  # fmt: skip
    for rows, verdict in bounded.items():
        assert PowerBounded(sp.ImmutableMatrix(rows)).holds(numbers) is verdict
    double = sp.ImmutableMatrix(sp.Matrix(sp.BlockMatrix([[rotation, sp.eye(2)], [sp.zeros(2), rotation]])))
    assert PowerBounded(double).holds(numbers) is False  # a defective pair on the circle


def test_transient_growth_collects_what_there_is():
    symbolic = tr.transient_growth()
    assert len(symbolic) == 5 and all(r.relation == "<=" for r in symbolic)
    names = [r.name for r in tr.transient_growth(LinearSystem(GENERAL, [0, 1]))]
    assert {"norm of powers", "Kreiss constant", "numerical radius", "departure from normality"} <= set(names)
    unstable = [r.name for r in tr.transient_growth([[2, 1], [0, 2]])]
    assert not any("Kreiss" in name for name in unstable)
    three = tr.transient_growth([[Q(1, 2), 3, 1], [0, Q(1, 3), 1], [0, 0, 0]])
    assert [r.status for r in three].count("proved") >= 2
    for result in three:
        assert verify(result, trials=1), result.name
    again = pickle.loads(pickle.dumps(symbolic[0]))
    assert again == symbolic[0] and "\\sum" in again.latex()


def test_array_code_of_the_kreiss_constant():
    K = nn.kreiss_constant(GENERAL).lambdify()
    assert float(K(a=0.5, b=2.0, c=0.0, d=0.5)) == pytest.approx(1.25, rel=1e-14)


@pytest.mark.slow
def test_enclosures_contain_the_closed_form():
    rng = np.random.default_rng(5)
    for _ in range(40):
        A = rng.integers(-9, 10, size=(2, 2))
        scale = int(math.ceil(max(abs(np.linalg.eigvals(A))) * rng.uniform(1.05, 2))) or 1
        exact = sp.Matrix(2, 2, [Q(int(v), scale) for v in A.flat])
        low, high = kreiss_enclosure(exact, 1e-4)
        K = sp.N(nn.kreiss_constant(exact).rhs, 30)
        assert low - sp.Float("1e-25") <= K <= high + sp.Float("1e-25"), exact


@pytest.mark.slow
def test_enclosures_contain_the_definition_of_larger_matrices():
    rng = np.random.default_rng(6)
    for size in (3, 4, 5, 6):
        A = rng.integers(-9, 10, size=(size, size))
        scale = int(math.ceil(max(abs(np.linalg.eigvals(A))) * 1.2))
        exact = sp.ImmutableMatrix(size, size, [Q(int(v), scale) for v in A.flat])
        for result in nn.kreiss_enclosure(exact, width=1e-3):
            assert verify(result, trials=1)


@pytest.mark.slow
@pytest.mark.draws
@pytest.mark.parametrize("A", [BLOCK, [[a, k], [0, d]], GENERAL])
def test_closed_forms_on_many_draws(A):
    for result in (nn.kreiss_constant(A), nn.numerical_radius(A), nn.henrici_departure(A), tr.power_norm(A)):
        assert verify(result, trials=10, seed=3), result.name
