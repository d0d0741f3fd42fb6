"""A-GRD-3, B-NRM-1, B-NRM-2, B-NRM-3: transient growth of linear recurrences."""

import math
from functools import cache

import numpy as np
import pytest
import sympy as sp

from rnnsym.analysis.nonnormality import (
    basis_bound,
    berger_bound,
    henrici_bound,
    henrici_departure,
    kreiss_constant,
    kreiss_enclosure,
    kreiss_theorem,
    numerical_radius,
    range_bound,
)
from rnnsym.analysis.transients import block_covariance, power_norm, spectral_gap, transient_peak
from rnnsym.defined import Numbers
from rnnsym.defined.nonnormality import HenriciDeparture, NumericalRadius, PowerSupremum
from rnnsym.verify import verify

Q = sp.Rational
a, b, c, d, k = sp.symbols("a b c d k", real=True)
BLOCK = [[a, k], [0, a]]
# the 3 x 3 example of B-NRM, dep = sqrt(34)
EXAMPLE = sp.ImmutableMatrix([[Q(9, 10), 5, 0], [0, Q(1, 2), 3], [0, 0, Q(1, 5)]])


@cache
def bounds_of_example():
    return kreiss_enclosure(EXAMPLE)


@pytest.mark.theory("derived")
def test_A_GRD_3_spectral_radius_and_norm():
    for result in spectral_gap():
        assert verify(result, trials=8)
    family = power_norm()
    t = next(s for s in family.free_symbols if s.name == "t")
    q = sp.Symbol("q", real=True)
    assert family.rhs == a**t * (q + sp.sqrt(q**2 + 4)) / 2 and dict(family.where)[q] == sp.Abs(k) * t / a
    assert verify(family, trials=6)
    first = family.explicit.subs(t, 1)
    assert sp.nsimplify((first - (k + sp.sqrt(k**2 + 4 * a**2)) / 2).subs({a: Q(3, 7), k: Q(5, 3)})) == 0
    # a = 0 and negative a belong to the general block
    assert verify(power_norm(BLOCK), trials=6)
    assert power_norm(BLOCK).rhs.subs({a: 0, k: 3}).subs(t, 1) == 3
    time, height, whole, limit = transient_peak()
    for result in (time, height, whole):
        assert verify(result, trials=3)
    values = {a: Q(9, 10), k: 5}
    start = -1 / math.log(0.9)
    assert float(time.explicit.subs(values)) == pytest.approx(start, rel=0.01)
    assert float(height.explicit.subs(values)) == pytest.approx(5 / (0.9 * math.e * -math.log(0.9)), rel=0.01)
    powers = [np.linalg.norm(np.linalg.matrix_power([[0.9, 5], [0, 0.9]], s), 2) for s in range(40)]
    assert float(whole.explicit.subs(values)) == pytest.approx(max(powers), rel=1e-12)
    # the peak exists only for k > 2 a |ln a|: below, the norm falls from the start
    assert time.explicit.subs({a: Q(1, 2), k: Q(69, 100)}) == 0 and time.explicit.subs({a: Q(1, 2), k: Q(70, 100)}) > 0
    assert limit.status == "asymptotic" and verify(limit, trials=1)


@pytest.mark.theory("derived")
def test_B_NRM_1_henrici_departure_and_bound():
    assert henrici_departure(BLOCK).rhs == sp.Abs(k)
    for A in (BLOCK, [[a, b], [c, d]], [[a, b, c], [0, d, k], [0, 0, a]]):
        assert verify(henrici_departure(A), trials=8)
    departure = henrici_departure(EXAMPLE)
    assert departure.rhs == sp.sqrt(34) and round(float(departure.rhs), 6) == 5.830952
    numbers = Numbers({})
    assert round(numbers.float(HenriciDeparture(EXAMPLE)), 6) == 5.830952
    table = np.array(EXAMPLE.tolist(), float)
    for t in range(61):
        bound = sum(math.comb(t, j) * 0.9 ** (t - j) * 34 ** (j / 2) for j in range(min(t, 2) + 1))
        assert np.linalg.norm(np.linalg.matrix_power(table, t), 2) <= bound * (1 + 1e-12)
    assert verify(henrici_bound(), trials=5) and verify(henrici_bound([[a, b], [c, d]]), trials=5)


@pytest.mark.theory("derived")
def test_B_NRM_2_kreiss_constant():
    # exactly for two units: k/(4 e) + e/k with e = 1 - |a|, not only for k much larger than e
    block = kreiss_constant(BLOCK)
    e = 1 - sp.Abs(a)
    assert sp.cancel(block.rhs.args[0][0] - sp.Abs(k) / (4 * e) - e / sp.Abs(k)) == 0
    assert verify(block, trials=4) and verify(kreiss_constant([[a, k], [0, d]]), trials=3)
    assert verify(kreiss_constant([[a, b], [c, d]]), trials=5)
    # the asymptotic form k/(4 (1 - a)) has the error (1 - a)/k, and K = 1 exactly up to k = 2 (1 - a)
    exact = block.rhs.subs(a, Q(1, 2))
    errors = [float(exact.subs(k, x) / (x / 2) - 1) for x in (10, 100, 1000)]
    slopes = np.diff(np.log(errors)) / math.log(10)
    assert np.allclose(slopes, -2, atol=1e-6)
    assert exact.subs(k, 1) == 1 and exact.subs(k, Q(1, 3)) == 1 and exact.subs(k, Q(11, 10)) > 1
    low, high = bounds_of_example()
    assert low.status == high.status == "proved"
    assert verify(low, trials=1) and verify(high, trials=1)
    top = Numbers({}).float(PowerSupremum(EXAMPLE))
    K = float(low.lhs)
    assert [round(v, 2) for v in (K, top, math.e * 3 * K)] == [15.33, 28.62, 125.02]
    for result in (*kreiss_theorem()[:2], *kreiss_theorem(BLOCK)[2:]):
        assert verify(result, trials=3)


@pytest.mark.theory("derived")
def test_B_NRM_3_other_exact_bounds():
    radius = numerical_radius(BLOCK)
    assert radius.rhs == sp.Abs(a) + sp.Abs(k) / 2
    values = {a: Q(4, 5), k: Q(1, 2)}
    assert float(radius.rhs.subs(values)) == 1.05
    assert round(Numbers(values).float(NumericalRadius(sp.ImmutableMatrix(BLOCK))), 12) == 1.05
    for result in (radius, numerical_radius([[a, b], [c, d]]), numerical_radius([[a, k, 0], [0, a, k], [0, 0, a]])):
        assert verify(result, trials=8)
    for result in (berger_bound(), basis_bound(), range_bound()):
        assert verify(result, trials=5)
    covariance = block_covariance()
    assert verify(covariance, trials=10)
    found = covariance.rhs.subs(values)
    assert round(float(found[0, 0]), 12) == 11.565500685871 and round(float(found[0, 1]), 14) == 3.08641975308642
    closed = 1 / (1 - a**2) + k**2 * (1 + a**2) / (1 - a**2) ** 3
    assert sp.cancel(covariance.rhs[0, 0] - closed) == 0
