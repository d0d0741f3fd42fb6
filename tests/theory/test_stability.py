"""A-FIX-3 is elsewhere. Here: A-GRD-5, B-STB, B-BIF-3, B-DSC-1: stability, contraction, uniqueness."""

from dataclasses import replace

import numpy as np
import pytest
import sympy as sp

from rnnsym.analysis.certificates import certificates, verify_certificate
from rnnsym.analysis.contraction import (
    NORMS,
    contraction_condition,
    diagonal_metric,
    diagonal_stability,
    echo_state,
    fixed_point_determinant,
    gap_bound,
    hierarchy,
    incremental_gain,
    unique_fixed_point,
)
from rnnsym.analysis.lyapunov import hopfield_energy, symmetric_energy, symmetric_lyapunov
from rnnsym.analysis.stability import euler_conditions, euler_disk, stability_verdict
from rnnsym.cells import elman, leaky, trajectory
from rnnsym.defined import AbsoluteValues, Numbers, PerronRoot, SpectralNorm
from rnnsym.verify import verify

a, b, c, d = sp.symbols("a b c d", real=True)
W = sp.Matrix([[a, b], [c, d]])
NILPOTENT = sp.Matrix([[2, -4], [1, -2]])

# The default suite draws a part of what the slow one draws; the claims are the same.
effort = pytest.mark.parametrize("part", [5, pytest.param(1, id="full", marks=pytest.mark.slow)])


@pytest.mark.theory("derived")
@effort
def test_A_GRD_5_a_small_norm_makes_the_network_a_contraction(part):
    assert contraction_condition(elman()).lhs == sp.Lt(SpectralNorm(elman().symbol("W_h")), 1)
    assert contraction_condition(elman("sigmoid")).lhs == sp.Lt(SpectralNorm(elman().symbol("W_h")) / 4, 1)
    for cell in (elman(), leaky(), elman("sigmoid")):
        assert verify(contraction_condition(cell), trials=32 // part)
        assert verify(gap_bound(cell), trials=16 // part)
    for phi in ("tanh", "relu", "sigmoid"):
        wrong = gap_bound(elman(phi), 1)
        assert not verify(replace(wrong, rhs=wrong.rhs / 2), trials=300, dims=(1,))
    wide = contraction_condition(elman("relu"))
    assert not verify(replace(wide, lhs=sp.Lt(SpectralNorm(elman().symbol("W_h")), 3)), trials=200, dims=(1,))
    # with a bias the fixed point is not the origin
    values = {"W_h": 0.5 * np.eye(2), "b": np.ones(2)}
    ends = [trajectory(elman(), values, h0=h, steps=100)[-1] for h in ([5.0, -5.0], [-1.0, 3.0])]
    assert np.allclose(*ends, atol=1e-14) and np.all(np.array(ends) > 0.8)


@pytest.mark.theory("derived")
@effort
def test_B_STB_1_the_perron_root_contracts_in_a_weighted_maximum_norm(part):
    for cell in (elman(), leaky(), elman("relu")):
        assert verify(contraction_condition(cell, "perron"), trials=24 // part)
    # the plain maximum norm may grow at first: the weights are needed
    path = trajectory(elman(), {"W_h": [[0.5, 5], [0, 0.5]]}, h0=np.array([0.01, 0.01]), steps=60)
    assert np.abs(path[0]).max() > 0.05 and np.abs(path[-1]).max() < 1e-12
    result = contraction_condition(elman(), "perron")
    W_h = elman().symbol("W_h")
    doubled = result.rhs.xreplace({AbsoluteValues(W_h): AbsoluteValues(W_h) / 4})
    wide = replace(result, lhs=sp.Lt(PerronRoot(W_h) / 4, 1), rhs=doubled)
    assert not verify(wide, trials=200, dims=(1, 2))
    # incomparable with the spectral norm: each of the two holds where the other fails
    upper = {k.name: k.holds for k in certificates(elman(), {"W_h": [[0.5, 5], [0, 0.5]]})}
    turned = {k.name: k.holds for k in certificates(elman(), {"W_h": [[0.6, 0.6], [-0.6, 0.6]]})}
    assert upper["rho(|W|)"] and not upper["norm 2"]
    assert turned["norm 2"] and not turned["rho(|W|)"]


@pytest.mark.theory("derived")
@effort
def test_B_STB_2_the_best_diagonal_metric_of_two_units(part):
    result = diagonal_metric(W)
    apart = sp.And(
        sp.Ne((a - d) ** 2 + 4 * b * c, 0), sp.Ne((a + d) ** 2 - 4 * b * c, 0)
    )  # balls have no root of 0 +- eps
    assert verify(replace(result, given=apart), trials=100 // part)
    assert verify(diagonal_stability(W), trials=80 // part)
    same, other = (branch for branch, _ in result.rhs.args)
    assert not verify(replace(result, given=apart, rhs=same), trials=100)
    assert not verify(replace(result, given=apart, rhs=other), trials=100)
    assert not verify(
        replace(diagonal_stability(W), rhs=sp.And(abs(a + d) < 1 + a * d - b * c, a * d - b * c < 1)),
        trials=200 // part,
    )
    assert diagonal_metric([[1, 2], [-2, 1]]).rhs == sp.sqrt(5)  # a rotation times sqrt(5)
    assert sp.N(diagonal_metric([["1/2", 3], ["-1/10", "1/2"]]).rhs, 12) == pytest.approx(0.741619848709566, abs=1e-12)
    # the nilpotent family: c* = 4 k, so the certificate ends at k = 1/4
    k = sp.Symbol("k", positive=True)
    assert sp.simplify(diagonal_metric(k * NILPOTENT).rhs - 4 * k) == 0


@pytest.mark.theory("derived")
@effort
def test_B_STB_3_the_sector_inequality_and_its_exact_certificate(part):
    found = verify_certificate([["1/2", 3], ["-1/10", "1/2"]], [["0.0441572", 0], [0, 1]], ["0.0441572", 1])
    assert found.holds and found.value == pytest.approx(-0.01148, abs=5e-6)
    assert not verify_certificate([["1/2", 3], ["-1/10", "1/2"]], [[1, 0], [0, 1]], [1, 1]).holds
    assert not verify_certificate([["1/2", 3], ["-1/10", "1/2"]], [["0.0441572", 0], [0, 1]], ["-0.0441572", 1]).holds
    result = contraction_condition(elman(), "sector")
    assert verify(result, trials=12 // part)
    assert not verify(replace(result, rhs=sp.Le(result.rhs.lhs, result.rhs.rhs / 100)), trials=40, dims=(1,))
    # P = diag(l): the sector inequality is the diagonal metric, here on its boundary side
    for p in (sp.Rational(1, 30), sp.Rational(1, 20)):
        table = sp.Matrix([[sp.Rational(1, 2), 3], [-sp.Rational(1, 10), sp.Rational(1, 2)]])
        P = sp.diag(p, 1)
        assert verify_certificate(table, P, [p, 1]).holds == (P - table.T * P * table).is_positive_definite


@pytest.mark.theory("derived")
@effort
def test_B_STB_4_the_hierarchy_and_a_counterexample_to_each_converse(part):
    triangular, turn = sp.Matrix([[1, 10], [0, 1]]) / 2, sp.Matrix([[3, 3], [-3, 3]]) / 5
    for result in hierarchy():
        assert verify(result, trials=24 // part, dims=(1, 2, 3))
        n = next(iter(result.lhs.atoms(sp.MatrixSymbol))).shape[0]
        symbol = sp.MatrixSymbol("W", n, n)
        draws = [
            Numbers({n: 2, symbol: table.tolist()}) for table in (triangular, turn, NILPOTENT * sp.Rational(3, 10))
        ]
        assert any(draw.truth(result.rhs) is True and draw.truth(result.lhs) is False for draw in draws), result.name
    # nilpotent family k [[2, -4], [1, -2]]: norm certificate to 1/5, diagonal metric to 1/4
    for k, norm, metric in (("0.19", True, True), ("0.22", False, True), ("0.26", False, False)):
        found = {s.name: s.holds for s in certificates(elman(), {"W_h": sp.Rational(k) * NILPOTENT})}
        assert (found["norm 2"], bool(found["best diagonal metric"])) == (norm, metric)
        assert found["rho of the linearization at the origin"]


@pytest.mark.theory("derived")
@effort
def test_B_STB_5_echo_state_pair(part):
    for cell in (elman(), leaky()):
        for result in echo_state(cell):
            assert verify(result, trials=40 // part)
    necessary = echo_state(leaky())[1]
    rate = sp.Symbol("a", real=True)
    n = leaky().state[0].shape[0]
    assert not verify(replace(necessary, rhs=sp.MatAdd(rate * sp.Identity(n), rate * leaky().symbol("W_h"))), trials=40)
    # rho(W) = 0 does not suffice: the nilpotent network has a 2-cycle from k = 1.7543 on, with zero input
    for k, alive in ((1.7, False), (1.8, True)):
        path = trajectory(elman(), {"W_h": k * np.array([[2.0, -4], [1, -2]])}, h0=np.array([1.0, -0.9]), steps=800)
        assert bool(np.abs(path[-1]).max() > 0.5) is alive
    assert np.allclose(np.abs(path[-1]), [0.99268765, 0.88576565], atol=1e-8)


@pytest.mark.theory("derived")
@effort
def test_B_STB_7_symmetric_networks_have_lyapunov_functions(part):
    for result in (
        symmetric_lyapunov(),
        symmetric_lyapunov("sigmoid"),
        symmetric_energy(),
        symmetric_energy("sigmoid"),
    ):
        assert verify(result, trials=40 // part)
    result = symmetric_lyapunov()
    assert not verify(replace(result, lhs=-result.lhs), trials=40)
    assert not verify(replace(result, given=sp.true), trials=150)
    energy = symmetric_energy()
    only_symmetric = [g for g in energy.given.args if type(g).__name__ == "Symmetric"][0]
    assert not verify(replace(energy, given=only_symmetric), trials=150)
    path = trajectory(elman(), {"W_h": [[-2.0]]}, h0=[0.3], steps=200)[-2:, 0]
    assert np.allclose(np.abs(path), 0.957504, atol=1e-6) and path[0] * path[1] < 0


@pytest.mark.theory("derived")
def test_B_STB_8_the_modern_hopfield_update_decreases_its_energy():
    result = hopfield_energy()
    assert verify(result, trials=60)
    assert not verify(replace(result, lhs=result.rhs, rhs=result.lhs), trials=60)


@pytest.mark.theory("derived")
@effort
def test_B_STB_9_incremental_gain(part):
    for cell in (elman(), leaky(), elman("sigmoid")):
        assert verify(incremental_gain(cell), trials=16 // part)
    result = incremental_gain(elman())
    gain = [t for t in result.rhs.args if t.has(sp.Max)][0]
    assert not verify(replace(result, rhs=result.rhs - gain), trials=100, dims=(1,))


@pytest.mark.theory("derived")
@effort
def test_B_BIF_3_uniqueness_for_every_input_is_a_p_matrix(part):
    for n in (1, 2, 3) if part > 1 else (1, 2, 3, 4):
        table = sp.Matrix(n, n, lambda i, j: sp.Symbol(f"w_{i + 1}{j + 1}", real=True))
        result = fixed_point_determinant(table)
        assert verify(result, trials=12 // part)
        weights = [t.subs({s: 0 for s in table.free_symbols}) for t in result.rhs.args]
        assert n == 1 or sp.expand(sp.Add(*weights)) == 1  # a mean
        if n < 4:
            assert verify(unique_fixed_point(table), trials=30 // part)
    result = unique_fixed_point(W)
    assert not verify(replace(result, rhs=sp.And(*(g for g in result.rhs.args if g.has(b)))), trials=200)

    # tanh, a negative minor: three fixed points for some input; all minors positive: one
    def count(table, bias):
        starts = np.array([[1, 1], [-1, -1], [1, -1], [-1, 1]]) * 0.9
        ends = [trajectory(elman(), {"W_h": table, "b": bias}, h0=h, steps=150)[-1] for h in starts]
        return len({tuple(end) for end in np.round(ends, 6)})

    assert count(np.array([[0.0, 1.5], [1.5, 0.0]]), np.zeros(2)) > 1
    assert bool(unique_fixed_point([[0, "3/2"], ["3/2", 0]]).rhs) is False
    assert count(np.array([[-3.0, 0.2], [0.2, 0.5]]) / 4, np.zeros(2)) == 1
    assert bool(unique_fixed_point([["-3/4", "1/20"], ["1/20", "1/8"]]).rhs) is True


@pytest.mark.theory("derived")
@effort
def test_B_DSC_1_eulers_stability_disk(part):
    result = euler_disk()
    assert verify(result, trials=80 // part)
    alpha, step = sp.Symbol("alpha", real=True), sp.Symbol("a", positive=True)
    assert not verify(replace(result, rhs=alpha < 1), trials=60)  # the half plane of continuous time
    assert not verify(replace(result, rhs=sp.Lt(step * (1 - alpha) ** 2, 2 * (1 - alpha))), trials=60)
    # a real mode is lost too: lambda = -4, a = 1/2 is beyond 1 - 2/a = -3
    beta = sp.Symbol("beta", real=True)
    assert result.rhs.subs({alpha: -4, beta: 0, step: sp.Rational(1, 2)}) == sp.false
    assert result.rhs.subs({alpha: -2, beta: 0, step: sp.Rational(1, 2)}) == sp.true
    assert verify(euler_conditions(sp.Matrix([[b, c], [-c, b]])), trials=30 // part)
    assert stability_verdict(sp.eye(2) / 2 + sp.Matrix([[0, 2], [-2, 0]]) / 2).stable is False


@pytest.mark.theory("derived")
@pytest.mark.parametrize("norm", [k for k in NORMS if k not in ("diagonal", "sector")])
@effort
def test_every_norm_has_a_contraction_condition(norm, part):
    assert verify(contraction_condition(elman(), norm), trials=60 // part)
