"""Random systems against other programs and other arithmetic: SciPy, python-control, mpmath at 50 digits, and themselves.

Sizes 1 to 6, one to three channels, rational or with up to four parameters; dense, defective, singular, nilpotent,
unstable. A few in the default run, 500 in the slow one where RNNSYM_TEST_MULTIPLIER is 20, as in .ci/run.
"""

from functools import cache
from random import Random

import mpmath
import numpy as np
import pytest
import sympy as sp

from rnnsym.analysis.cancellation import pole_strata, zero_strata
from rnnsym.analysis.mcmillan import mcmillan_form
from rnnsym.analysis.poles import poles
from rnnsym.analysis.response import markov_parameters
from rnnsym.analysis.transfer import transfer_function
from rnnsym.defined import Numbers
from rnnsym.exact import is_zero
from rnnsym.result import RnnsymError
from rnnsym.systems import LinearSystem
from rnnsym.verify import verify
from tests.multiplier import times

from .filters import KINDS, arrays, matrix, random_matrix, rational

FEW, MANY = range(4), range(times(25))
SYMBOLS = sp.symbols("a b c d", real=True)
POINTS = ((3, 7), (-19, 2), (23, -11))  # over 10, as complex numbers
z = sp.Symbol("z")


@cache
def system_and_values(seed):
    """A system, rational for even seeds, else with up to four parameters; and values of these, biased to corners."""
    random = Random(7919 * seed + 1)
    n, m, p = random.randint(1, 6), random.randint(1, 3), random.randint(1, 3)
    A, B, C = random_matrix(random, n, KINDS[seed // 2 % len(KINDS)]), matrix(random, n, m), matrix(random, p, n)
    D = matrix(random, p, m) if random.random() < 0.4 else sp.zeros(p, m)
    readout = random.choice(("current", "previous"))
    values = {}
    if seed % 2:
        tables = [sp.Matrix(M) for M in (A, B, C, D)]
        for s in SYMBOLS[: random.randint(1, 4)]:
            for _ in range(random.randint(1, 2)):
                table = tables[random.choice((0, 0, 1, 2, 3))]
                table[random.randrange(table.rows), random.randrange(table.cols)] = s
            values[s] = random.choice((0, 1, -1, sp.Rational(1, 2), rational(random, 3), rational(random, 3)))
        A, B, C, D = tables
    system = LinearSystem(A, B, C, D, readout=readout)
    return system, {s: v for s, v in values.items() if s in system.free_symbols}


def special(seed):
    system, values = system_and_values(seed)
    return system.subs(values) if values else system


@cache
def transfer(seed):
    return transfer_function(system_and_values(seed)[0], minimal=False)


@cache
def values_of(seed):
    """H at the points for the values of the parameters, to 50 digits."""
    system, values = system_and_values(seed)
    function = sp.lambdify((z, *values), transfer(seed).rhs.tolist(), "mpmath")
    with mpmath.workdps(60):
        numbers = [mpmath.mpf(sp.Rational(v).p) / sp.Rational(v).q for v in values.values()]
        return [mpmath.matrix(function(mpmath.mpc(x, y) / 10, *numbers)) for x, y in POINTS]


def agrees_with_mpmath(seed):
    A, B, C, D = special(seed).with_readout("previous").matrices
    for point, found in zip(POINTS, values_of(seed), strict=True):
        with mpmath.workdps(60):
            tables = [
                mpmath.matrix([[mpmath.mpf(e.p) / e.q for e in M.row(i)] for i in range(M.rows)]) for M in (A, B, C, D)
            ]
            w = mpmath.mpc(*point) / 10
            want = tables[2] * mpmath.inverse(w * mpmath.eye(A.rows) - tables[0]) * tables[1]
            gap = mpmath.mnorm(found - want - tables[3], mpmath.inf)
            assert gap < mpmath.mpf(10) ** -45 * (1 + mpmath.mnorm(found, mpmath.inf)), (seed, point, gap)


def agrees_with_others(seed):
    """SciPy's and python-control's state-space arithmetic in floats."""
    signal = pytest.importorskip("scipy.signal")
    control = pytest.importorskip("control")
    X, B, C, D = arrays(special(seed))
    other = control.ss(X, B, C, D, True)
    for point, value in zip(POINTS, values_of(seed), strict=True):
        found = np.array(value.tolist(), dtype=complex)
        w = complex(point[0] / 10, point[1] / 10)
        np.testing.assert_allclose(
            found, np.asarray(other(w)).reshape(found.shape), rtol=1e-7, atol=1e-8, err_msg=str(seed)
        )
        for j in range(B.shape[1]):
            top, bottom = signal.ss2tf(X, B, C, D, input=j)
            want = [np.polyval(t, w) / np.polyval(bottom, w) for t in top]
            np.testing.assert_allclose(found[:, j], want, rtol=1e-6, atol=1e-7, err_msg=str(seed))


def series_of_transfer(seed):
    """The Markov parameters are the coefficients of z^-k: D(z) times their sum is N(z) up to what is left out."""
    system, _ = system_and_values(seed)
    count = system.n + 2
    h = markov_parameters(system, count).rhs
    for i in range(system.p):
        for j in range(system.m):
            above, below = sp.fraction(sp.together(transfer(seed).rhs[i, j]))
            below, above = sp.Poly(below, z), sp.Poly(above, z)
            total = sum((h[i, k * system.m + j] * z ** (count - 1 - k) for k in range(count)), sp.S.Zero)
            gap = sp.Poly(sp.expand(total * below.as_expr() - above.as_expr() * z ** (count - 1)), z)
            assert all(is_zero(c) for (k,), c in gap.terms() if k >= below.degree()), seed


def invariants(seed):
    """Similarity and a permutation of units leave H; the dual system has its transpose; values before or after."""
    system, values = system_and_values(seed)
    random = Random(seed)
    H = transfer(seed).rhs
    T = sp.eye(system.n)
    if system.n > 1:
        T[0, -1] = rational(random, 3)
    order = random.sample(range(system.n), system.n)
    P = sp.ImmutableMatrix(system.n, system.n, lambda i, j: int(order[i] == j))
    for other in (system.similar(T * 2), system.similar(P)):
        gap = transfer_function(other, minimal=False).rhs - H
        assert all(is_zero(e) for e in gap), seed
    gap = transfer_function(system.with_readout("previous").dual, minimal=False).rhs.T - H
    assert all(is_zero(e) for e in gap), seed
    if values:
        gap = transfer_function(system.subs(values), minimal=False).rhs - H.subs(values)
        assert all(is_zero(e) for e in gap), seed


def structure(seed):
    """Poles, their strata and the Smith-McMillan form: by their definitions, and before or after values are put in."""
    system, values = system_and_values(seed)
    if system.n > 4:
        return
    plain = special(seed)
    for function in (poles, mcmillan_form):
        assert verify(function(plain), trials=4), (seed, function)
    if (system.m, system.p) == (1, 1) and system.n <= 3:
        for function in (pole_strata, zero_strata):
            try:
                general, direct = function(system), function(plain)
            except RnnsymError:  # H is 0
                continue
            numbers = Numbers({s: v for s, v in values.items()})
            for symbol, definition in general.where:
                numbers.know(symbol, numbers.value(definition))
            ours, theirs = numbers.float(general.rhs), Numbers({}).float(direct.rhs)
            assert ours.shape == theirs.shape, seed
            np.testing.assert_allclose(ours, theirs, atol=1e-12, err_msg=str(seed))


CHECKS = (agrees_with_mpmath, agrees_with_others, series_of_transfer, invariants, structure)


@pytest.mark.parametrize("check", CHECKS, ids=lambda f: f.__name__)
def test_a_sample_of_random_systems_agrees(check):
    for seed in FEW:
        check(seed)


@pytest.mark.slow
@pytest.mark.parametrize("part", range(10))
@pytest.mark.parametrize("check", CHECKS, ids=lambda f: f.__name__)
def test_all_random_systems_agree(check, part):
    share = 1 if check in (agrees_with_mpmath, agrees_with_others) else 5  # the others are exact, and take longer
    for seed in MANY[part :: 10 * share]:
        check(seed)


def test_the_comparison_refuses_a_wrong_transfer_function(monkeypatch):
    right = transfer(0)
    wrong = type(right)(right.name, right.lhs, "=", right.rhs * sp.Rational(10**9 + 1, 10**9), given=right.given)
    monkeypatch.setitem(globals(), "transfer", lambda seed: wrong)
    monkeypatch.setitem(globals(), "values_of", values_of.__wrapped__)
    with pytest.raises(AssertionError):
        agrees_with_mpmath(0)
