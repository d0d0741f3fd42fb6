"""B-LYA, B-LRK-1: Lyapunov exponents and low rank."""

from dataclasses import replace

import numpy as np
import pytest
import sympy as sp

from rnnsym.analysis.lyapunov import (
    entropy,
    kaplan_yorke,
    low_rank_reduction,
    lyapunov_exponents,
    random_volume,
    skew_tent_exponent,
    sum_rule,
)
from rnnsym.cells import elman
from rnnsym.defined import Numbers
from rnnsym.verify import verify

# The default suite draws a part of what the slow one draws; the claims are the same.
effort = pytest.mark.parametrize("part", [5, pytest.param(1, id="full", marks=pytest.mark.slow)])


@pytest.mark.theory("derived")
@effort
def test_B_LYA_1_sum_rule_and_volume(part):
    result = sum_rule()
    assert verify(result, trials=40 // part)
    assert verify(sum_rule(elman("sigmoid")), trials=20 // part)
    volume = [t for t in result.rhs.args if t.has(sp.log) and t.has(sp.Abs)][0]
    assert not verify(replace(result, rhs=result.rhs - volume), trials=40)
    random = np.random.default_rng(0)
    W = random.normal(size=(8, 8)) * 1.5 / np.sqrt(8)
    run = lyapunov_exponents(elman(), {"W_h": W}, steps=500)
    assert sum(run.exponents) == pytest.approx(run.mean_log_det, abs=1e-10)
    mean = random_volume()
    assert verify(mean, trials=12 // part)
    N, g = sp.Symbol("N", integer=True, positive=True), sp.Symbol("g", positive=True)
    if part == 1:
        assert Numbers({N: 600, g: 2}).float(mean.rhs) == pytest.approx(0.190369, abs=5e-7)
    assert not verify(replace(mean, rhs=mean.rhs + 1 / N), trials=12)
    draw = np.random.default_rng(1).normal(size=(600, 600)) * 2 / np.sqrt(600)
    assert np.linalg.slogdet(draw)[1] / 600 == pytest.approx(0.1904, abs=0.01)


@pytest.mark.theory("numeric")
def test_B_LYA_2_definitions():
    assert kaplan_yorke([0.5, -1.0]) == 1.5 and entropy([0.5, 0.25, -2.0]) == 0.75
    assert kaplan_yorke([-1.0, -2.0]) == 0 and kaplan_yorke([1.0, 2.0]) == 2
    assert kaplan_yorke([0.0, -1.0]) == 1
    # at a fixed point: ln |eig J|
    W = np.array([[0.5, 0.3], [-0.3, 0.5]])
    run = lyapunov_exponents(elman(), {"W_h": W}, steps=500)
    assert np.allclose(run.exponents, np.log(np.abs(np.linalg.eigvals(W))), atol=1e-9)
    # on the 2-cycle of w = -2: half the logarithm of the product of slopes
    run = lyapunov_exponents(elman(), {"W_h": [[-2.0]]}, steps=200, h0=[0.3])
    assert run.exponents[0] == pytest.approx(np.log(2 * (1 - 0.957504**2)), abs=1e-4)
    assert run.status == "numeric"
    assert verify(sum_rule(), trials=6)  # the exponents add up to the mean logarithm of the volume


@pytest.mark.theory("derived")
def test_B_LYA_3_the_skew_tent():
    result = skew_tent_exponent()
    assert verify(result, trials=100)
    a = sp.Symbol("a", real=True)
    assert not verify(replace(result, given=a > 1), trials=60)  # for c < 0 every orbit leaves
    s = [symbol for symbol, _ in result.where if symbol.name == "s"][0]
    assert not verify(replace(result, rhs=sp.log(a) / s + sp.log(s) / a), trials=60)
    assert float(result.explicit.subs(a, 2)) == pytest.approx(np.log(2), abs=1e-14)
    # an orbit of the map itself, slopes 3 and -3/2
    left, right, z, total = 3.0, -1.5, 0.1, 0.0
    for _ in range(200_000):
        total += np.log(left if z < 0 else -right)
        z = (left if z < 0 else right) * z + 1
    assert total / 200_000 == pytest.approx(float(result.explicit.subs(a, 3)), abs=3e-3)


@pytest.mark.theory("derived")
def test_B_LRK_1_exact_reduction():
    reduction, spectrum = low_rank_reduction()
    assert verify(reduction, trials=40) and verify(spectrum, trials=40)
    assert verify(low_rank_reduction("relu")[0], trials=20)
    mu = sp.Symbol("mu", real=True)
    assert not verify(replace(spectrum, rhs=spectrum.rhs / mu), trials=40)
    kappa, value = reduction.where[0]
    assert not verify(replace(reduction, where=((kappa, 2 * value),)), trials=40)
    random = np.random.default_rng(2)
    M, N, d = random.normal(size=(6, 2)), random.normal(size=(6, 2)), random.uniform(size=6)
    long = sorted(np.abs(np.linalg.eigvals(d[:, None] * (M @ N.T))))[-2:]
    assert np.allclose(long, sorted(np.abs(np.linalg.eigvals(N.T @ (d[:, None] * M)))))
