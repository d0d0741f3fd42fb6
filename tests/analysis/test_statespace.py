"""HiPPO, S4D and the Legendre memory unit: against projections, matrix exponentials and series."""

import pickle
from dataclasses import replace

import numpy as np
import pytest
import sympy as sp

from rnnsym.analysis.modes import modes
from rnnsym.analysis.statespace import (
    hippo,
    hippo_eigenvalues,
    hippo_matrix,
    hippo_normal,
    lmu,
    lmu_delay,
    lmu_error,
    lmu_series,
    running_mean,
    s4d,
    s4d_eigenvalues,
    s4d_kernel,
)
from rnnsym.defined import Numbers, Pairs
from rnnsym.defined.statespaces import LegendreOperator, SampledKernel
from rnnsym.result import ShapeError, SpecError
from rnnsym.systems import discretize
from rnnsym.verify import verify

RESULTS = {
    "entries": hippo_matrix,
    "eigenvalues": lambda: hippo_eigenvalues(4),
    "normal": hippo_normal,
    "normal, matrices": lambda: hippo_normal(3),
    "running mean": running_mean,
    "S4D-Lin": lambda: s4d_eigenvalues(4, "lin"),
    "S4D-Inv": lambda: s4d_eigenvalues(4, "inv"),
    "zoh": lambda: s4d_kernel(4, "inv"),
    "bilinear": lambda: s4d_kernel(2, "lin", "bilinear"),
    "euler": lambda: s4d_kernel(2, "lin", "euler"),
    "zoh-euler": lambda: s4d_kernel(2, "inv", "zoh-euler"),
    "B and C": lambda: s4d_kernel(2, "lin", B=[sp.I], C=[sp.Rational(1, 2) - sp.I]),
    "delay": lambda: lmu_delay(2),
    "series": lambda: lmu_series(2),
    "error": lambda: lmu_error(3),
}


def wrong(result):
    """The claim with one sign or root changed."""
    if isinstance(result.rhs, Pairs):
        return replace(result, rhs=Pairs(sp.Tuple(result.rhs[0][0] + 1, 1), *result.rhs[1:]))
    return replace(result, rhs=-result.rhs, steps=())


@pytest.mark.parametrize("name", RESULTS)
def test_every_claim_agrees_with_its_definition_and_a_wrong_one_is_refused(name):
    result = RESULTS[name]()
    assert verify(result, trials=16), name
    assert not verify(wrong(result), trials=16)
    assert pickle.loads(pickle.dumps(result)) == result
    assert result.latex(steps=True)


def test_a_missing_factor_of_hippo_is_refused():
    n, k = hippo_matrix().lhs.args
    no_root = sp.Piecewise((-(2 * n + 1), n > k), (-(n + 1), sp.Eq(n, k)), (0, True))
    half = sp.Piecewise((-sp.sqrt((2 * n + 1) * (2 * k + 1)), n > k), (-n - sp.S.Half, sp.Eq(n, k)), (0, True))
    upper = hippo_matrix().rhs.subs({n: k, k: n}, simultaneous=True)
    for changed in (no_root, half, upper):
        assert not verify(replace(hippo_matrix(), rhs=changed, steps=()), trials=40)


def test_the_normal_part_is_skew_up_to_a_half_for_all_entries():
    n, k = hippo_matrix().lhs.args
    S = hippo_normal().rhs + sp.KroneckerDelta(n, k) / 2
    for i in range(6):
        for j in range(6):
            assert sp.simplify(S.subs({n: i, k: j}) + S.subs({n: j, k: i})) == 0


def test_the_maker_is_the_projection():
    A = Numbers({}).float(LegendreOperator(sp.Integer(6)))
    assert np.allclose(A, np.array(hippo(6).A.tolist(), dtype=float), rtol=0, atol=1e-14)
    assert hippo(3).time.kind == "continuous" and dict(modes(hippo(3).A).rhs.args) == {-1: 1, -2: 1, -3: 1}


def test_the_running_mean_of_numbers():
    T, x = sp.Symbol("T", integer=True, positive=True), [3, -1, 4, 2]
    result = running_mean().subs({"x": sp.Matrix(x)})
    assert Numbers({}).float(result.lhs)[0, 0] == Numbers({}).float(result.rhs)[0, 0] == 2.0
    mean = running_mean()
    off = replace(mean, rhs=mean.rhs * T / (T + 1))
    assert not verify(off, trials=16)


def test_the_largest_frequency_of_hippo_grows_as_s4d_inv_says():
    """Numerically: omega_max pi/N^2 - 1 is of order N^-2."""
    sizes, gaps = (8, 16, 32, 64), []
    for N in sizes:
        i = np.arange(N)
        S = np.sqrt(np.outer(2 * i + 1, 2 * i + 1)) / 2 * np.sign(i[None] - i[:, None])
        gaps.append(abs(max(np.linalg.eigvals(S).imag) * np.pi / N**2 - 1))
    assert abs(np.polyfit(np.log(sizes), np.log(gaps), 1)[0] + 2) < 0.05


def test_a_real_double_eigenvalue_of_s4d_lin():
    assert s4d_eigenvalues(2, "lin").rhs == Pairs(sp.Tuple(-sp.S.Half, 2))
    system = discretize(s4d(2, "lin", C=[1]), "zoh", 1)
    assert sp.expand(system.A[0, 0] - sp.exp(-sp.S.Half)) == 0


def test_the_kernel_without_its_discretization_factor_is_refused():
    result = s4d_kernel(2, "inv")
    C, value = (next(s for s, _ in result.where if s.name == name) for name in ("C_0", "lambda_0"))
    _, _, _, step, k, _ = result.lhs.args
    bare = C * sp.exp(step * value * k)
    twice = C * sp.exp(step * value * (k + 1)) * (sp.exp(step * value) - 1) / value
    for changed in (bare, twice):
        where = (*result.where[:-1], (result.where[-1][0], changed))
        assert not verify(replace(result, where=where, steps=()), trials=16)
    assert not verify(replace(result, rhs=result.rhs / 2, steps=()), trials=16)
    other = SampledKernel(*result.lhs.args[:5], "bilinear")
    assert not verify(replace(result, lhs=other), trials=16)


def test_the_kernel_as_array_code():
    result = s4d_kernel(2, "inv", C=[1 + sp.I], dt=sp.Rational(1, 2))
    k = result.lhs.args[4]
    expected = [Numbers({k: j}).float(result.lhs) for j in range(4)]
    assert np.allclose([result(k=j) for j in range(4)], expected)


def test_the_delay_has_unit_gain_at_rest_and_its_order_in_the_series():
    s = sp.Symbol("s")
    for d in (1, 2, 4):
        assert lmu_delay(d, 1).rhs[0, 0].subs(s, 0) == 1
        assert verify(lmu_series(d, 2), trials=12)
    assert lmu_series(2, 3, 3).rhs == -sp.Rational(9, 2)
    assert lmu(1, 2).A[0, 0] == -sp.S.Half
    wide = replace(lmu_series(2), given=sp.Le(lmu_series(2).lhs.args[-1], 4))
    assert not verify(wide, trials=60)  # s^(2d) differs


def test_a_wrong_sign_in_the_delay_is_refused():
    s, theta = sp.Symbol("s"), sp.Symbol("theta", positive=True)
    ahead = lmu_delay(3).rhs.subs(s, -s)
    assert not verify(replace(lmu_delay(3), rhs=ahead), trials=16)
    assert not verify(replace(lmu_error(2), rhs=-lmu_error(2).rhs), trials=8)
    assert not verify(replace(lmu_error(2), rhs=lmu_error(2).rhs * theta), trials=8)


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: hippo(0), SpecError, "whole number >= 1"),
        (lambda: hippo(True), SpecError, "whole number >= 1"),
        (lambda: hippo_normal(-1), SpecError, "whole number >= 1"),
        (lambda: s4d(3), SpecError, "even"),
        (lambda: s4d(4, "random"), SpecError, "lin, inv"),
        (lambda: s4d(4, C=[1]), ShapeError, "2 pairs"),
        (lambda: s4d_kernel(2, method="tustin"), SpecError, "zoh"),
        (lambda: s4d_kernel(2, dt=-1), SpecError, "> 0"),
        (lambda: s4d_kernel(2, k=-1), SpecError, "whole number"),
        (lambda: lmu(0), SpecError, "whole number >= 1"),
        (lambda: lmu(2, 0), SpecError, "> 0"),
        (lambda: lmu_series(2, k=4), SpecError, "2d - 1 = 3"),
    ],
)
def test_what_makes_no_sense_is_refused(call, error, words):
    with pytest.raises(error, match=words):
        call()


@pytest.mark.slow
@pytest.mark.draws
@pytest.mark.parametrize("name", RESULTS)
def test_every_claim_agrees_in_many_draws(name):
    assert verify(RESULTS[name](), trials=10)


@pytest.mark.slow
@pytest.mark.draws
@pytest.mark.parametrize("kind", ["lin", "inv"])
@pytest.mark.parametrize("method", ["zoh", "bilinear", "euler", "zoh-euler"])
def test_large_kernels_agree(kind, method):
    assert verify(s4d_kernel(16, kind, method), trials=6)
