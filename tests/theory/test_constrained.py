"""B-PAR-1 to B-PAR-5: recurrent weights under a constraint."""

from functools import cache

import numpy as np
import pytest
import sympy as sp

from rnnsym.analysis.constrained import (
    antisymmetric_stability,
    bounded_spectrum,
    cornn_stability,
    dilated_network,
    halmos_dilation,
    identity_network,
    lipschitz_network,
    orthogonal_gradients,
    orthogonal_weights,
)
from rnnsym.analysis.jacobian import jacobian
from rnnsym.cells import antisymmetric, cornn
from rnnsym.defined import Numbers
from rnnsym.defined.dilation import HalmosDilation
from rnnsym.verify import verify

Q = sp.Rational


@cache
def conditions():
    return antisymmetric_stability()


@pytest.mark.theory("derived")
def test_B_PAR_1_orthogonal_weights():
    for kind in ("cayley", "exponential", "householder"):
        for result in orthogonal_weights(kind):
            assert verify(result, trials=5), result.name
    assert orthogonal_weights("cayley")[1].rhs == 1  # det Q; det(I + Q) = 2^n/det(I + S) is never 0
    # e^S reaches the rotation by pi, which Cayley's cannot
    turn = sp.exp(sp.Matrix([[0, -sp.pi], [sp.pi, 0]]))
    assert turn == -sp.eye(2)
    for phi in ("tanh", "relu"):
        for result in orthogonal_gradients(phi, steps=2):
            assert verify(result, trials=5), result.name


@pytest.mark.theory("derived")
def test_B_PAR_2_a_contraction_inside_an_orthogonal_network():
    assert verify(halmos_dilation(), trials=12) and verify(dilated_network(), trials=3)
    rng = np.random.default_rng(0)
    n = 4
    W = rng.normal(size=(n, n))
    W *= 0.9 / np.linalg.norm(W, 2)
    w = sp.MatrixSymbol("W", n, n)
    large = Numbers({w: W.tolist()}).float(HalmosDilation(w))
    assert np.abs(large @ large.T - np.eye(2 * n)).max() < 1e-14
    x = rng.uniform(-1, 1, size=(300, n))
    beta = np.linalg.norm(x, axis=1).max() / (1 - 0.9)  # |h_t| <= r/(1 - |W|)
    small, both = np.zeros(n), np.zeros(2 * n)
    worst = 0.0
    for push in x:
        small = np.maximum(W @ small + push, 0)
        both = np.maximum(large @ both + np.concatenate([push, -beta * np.ones(n)]), 0)
        worst = max(worst, np.abs(both - np.concatenate([small, np.zeros(n)])).max())
    assert small.any() and worst < 1e-14


@pytest.mark.theory("derived")
def test_B_PAR_3_antisymmetric_cell():
    square, step, free, everywhere = conditions()
    for result, trials in ((square, 8), (step, 20), (free, 6), (everywhere, 3)):
        assert verify(result, trials=trials), result.name
    # two units: multipliers 1 + epsilon (-gamma +- i beta)
    cell = antisymmetric(n=2, m=1)
    J = sp.ImmutableMatrix(jacobian(cell).explicit)
    table = {s: 0 for s in J.free_symbols if s.name.startswith(("h", "x", "b", "W"))}
    J = J.subs(table)
    eps, gamma = (next(s for s in J.free_symbols if s.name == name) for name in ("epsilon", "gamma"))
    beta = sp.Symbol("beta", real=True)
    others = sorted((s for s in J.free_symbols if s.name.startswith("M")), key=str)
    J = J.subs({s: (beta if s.name.endswith("12") else 0) for s in others})
    lam = sp.Symbol("lambda_")
    want = (lam - 1 + eps * gamma) ** 2 + eps**2 * beta**2
    assert sp.expand(J.charpoly(lam).as_expr() - want) == 0
    limit = 2 * gamma / (gamma**2 + beta**2)
    modulus = sp.expand((1 - eps * gamma) ** 2 + eps**2 * beta**2)
    assert sp.cancel(modulus.subs(eps, limit) - 1) == 0
    assert sp.expand(modulus.subs(gamma, 0) - 1 - eps**2 * beta**2) == 0  # always unstable without damping


@pytest.mark.theory("derived")
def test_B_PAR_4_cornn_propagator():
    for damping in ("implicit", "explicit"):
        for result in cornn_stability(damping):
            assert verify(result, trials=6), result.name
    determinant, trace, stable, modulus = cornn_stability()
    dt, gamma, eps = sp.symbols("dt gamma epsilon", real=True)
    assert sp.cancel(determinant.rhs - 1 / (1 + dt * eps)) == 0
    assert sp.cancel(trace.rhs - (2 + dt * eps - dt**2 * gamma) / (1 + dt * eps)) == 0
    assert sp.cancel(modulus.rhs**2 - 1 / (1 + dt * eps)) == 0
    assert stable.rhs == sp.And(eps > 0, dt**2 * gamma > 0, dt**2 * gamma < 4 + 2 * dt * eps)
    # symplectic without damping: J^T Omega J = Omega
    whole = sp.Matrix(jacobian(cornn(n=1, m=1, W_h=0, W_v=0)).rhs)
    J = whole.subs(eps, 0)
    omega = sp.Matrix([[0, 1], [-1, 0]])
    assert (J.T * omega * J - omega).applyfunc(sp.cancel) == sp.zeros(2, 2)
    # with 1 + dt epsilon < 0, outside the catalogue's statement, there is a second stable region
    strange = whole.subs({dt: 1, eps: -5, gamma: -3})
    assert max(abs(v) for v in np.linalg.eigvals(np.array(strange.tolist(), float))) < 1


@pytest.mark.theory("derived")
def test_B_PAR_5_identity_lipschitz_and_bounded_spectrum():
    for result in (*identity_network(steps=2), *lipschitz_network()):
        assert verify(result, trials=6), result.name
    for result in bounded_spectrum():
        assert verify(result, trials=4, dims=(1, 2, 3)), result.name
