"""B-CTL: what a nonlinear network reaches, what it tells apart, and which changes of coordinates it does not feel."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
import sympy as sp

from rnnsym.analysis.accessibility import (
    accessibility,
    distinguishable_dimension,
    nonlinear_observability,
    reachable_dimension,
    reachable_tangents,
)
from rnnsym.analysis.linear import linearize
from rnnsym.analysis.structure import controllability, observability
from rnnsym.analysis.symmetries import commuting_rows, parameter_symmetries, symmetry_count
from rnnsym.cells import elman, leaky, linear, trajectory
from rnnsym.defined import ControllabilityMatrix, Invertible, ObservabilityMatrix, Rank
from rnnsym.verify import claim, verify

p, q = sp.symbols("p q", real=True)
c1, c2 = sp.symbols("c1 c2", real=True)


@cache
def diagonal():
    """Two units with W_h = diag(p, q) and one input: rank [W_h, W_x] = 2 unless p = q = 0."""
    return accessibility(elman(W_h=[[p, 0], [0, q]], W_x=[[1], [2]]))


@pytest.mark.theory("derived")
def test_B_CTL_1_accessibility_is_a_rank_of_A_and_B_and_not_kalmans():
    result = diagonal()
    assert result.rhs == sp.Or(sp.Ne(p, 0), sp.Ne(q, 0))
    assert verify(result, trials=24).verdict == "agrees"
    # Kalman's condition for the linearization, p != q, is refuted; so is a wrong stratum
    assert not verify(replace(result, rhs=sp.Ne(p, q)), trials=200)
    assert not verify(replace(result, rhs=sp.Ne(p, 0)), trials=200)
    # the example: W_h = I/2
    cell = elman(W_h=sp.eye(2) / 2, W_x=[[1], [2]], b=0)
    assert accessibility(cell).rhs == sp.true and verify(accessibility(cell), trials=3)
    assert controllability(linearize(cell, at=0)).rhs == 1
    # every entry a symbol, and three units where the rank drops on p q = 0
    assert verify(accessibility(elman(n=2, m=1)), trials=80).verdict == "agrees"
    three = accessibility(elman(W_h=[[p, 0, 0], [0, q, 0], [0, 0, 0]], W_x=[[1], [2], [4]]))
    assert three.rhs == sp.Ne(p * q, 0) and verify(three, trials=12).verdict == "agrees"
    # the hypothesis on rows is needed: h = (u, u) stays on a line
    rows = sp.symbols("b1 b2", real=True)
    free = accessibility(elman(W_h=[[p, 0], [0, q]], W_x=[[rows[0]], [rows[1]]], b=0))
    assert verify(free, trials=15)
    assert not verify(replace(free, given=sp.true), trials=200)
    # leaky units that are neither frozen nor without leak are accessible for every W_h
    rate = accessibility(leaky(W_h=[[p, 0], [0, q]], W_x=[[1], [2]]))
    a = sp.Symbol("a", real=True)
    assert rate.rhs == sp.And(sp.Ne(a, 0), sp.Or(sp.Ne(a, 1), sp.Ne(p, 0), sp.Ne(q, 0)))
    assert verify(rate, trials=24).verdict == "agrees"
    assert not verify(replace(rate, rhs=sp.And(sp.Ne(a, 0), sp.Or(sp.Ne(p, 0), sp.Ne(q, 0)))), trials=200)
    # necessity: the bound, in every stratum and for every W_x; and the recursion of the tangent spaces
    bound = reachable_dimension(elman(n=2, m=1))
    assert verify(bound, trials=20) and not verify(replace(bound, rhs=bound.rhs - 1), trials=40)
    for cell in (elman(), leaky("sigmoid")):
        tangents = reachable_tangents(cell, 2)
        assert verify(tangents, trials=16).verdict == "agrees"
        assert not verify(replace(tangents, rhs=-tangents.rhs), trials=16)
    # Kalman's rank implies ours: [B, A B, ...] of full rank has [A, B] of full rank
    A, B = sp.Matrix([[p, 1], [q, 0]]), sp.Matrix([[c1], [c2]])
    full = [sp.Eq(Rank(M), 2) for M in (ControllabilityMatrix(A, B, 2), sp.Matrix.hstack(A, B).as_immutable())]
    assert verify(claim(*full, relation="=>"), trials=20)
    assert not verify(claim(*reversed(full), relation="=>"), trials=200)


@pytest.mark.theory("derived")
def test_B_CTL_2_states_are_told_apart_unless_a_coordinate_subspace_is_hidden():
    # W_h = I/2, C = (1, 1): the linearization sees one direction, the network both
    cell = elman(W_h=sp.eye(2) / 2, W_x=[[1], [2]], b=0, output=[[1, 1]])
    result = nonlinear_observability(cell)
    assert result.rhs == sp.true and verify(result, trials=3)
    assert observability(linearize(cell, at=0)).rhs == 1
    values = {"W_h": np.eye(2) / 2, "W_x": [[1.0], [2.0]], "b": [0.0, 0.0]}
    one, two = (trajectory(elman(), values, h0=h, x=[0.7])[-1].sum() for h in ([0.3, -0.1], [0.1, 0.1]))
    assert one - two == pytest.approx(0.034, abs=5e-4)
    A = np.eye(2) / 2
    assert np.ones(2) @ A @ [0.3, -0.1] == pytest.approx(np.ones(2) @ A @ [0.1, 0.1])
    # symbols: the condition on zeros
    C = sp.Matrix([[c1, c2]])
    general = nonlinear_observability(elman(W_h=[[p, 1], [0, q]], W_x=[[1], [2]], output=C))
    assert verify(general, trials=30).verdict == "agrees"
    assert general.rhs == sp.And(sp.Ne(c1, 0), sp.Or(sp.Ne(q, 0), sp.Ne(c1, c2 * p)))
    assert not verify(replace(general, rhs=general.rhs.args[1]), trials=200)
    # without the coordinate clauses, or without ker W_h and ker C, it is refuted
    chain = nonlinear_observability(elman(W_h=[[p, c2], [1, q]], W_x=[[1], [2]], output=[[1, 0]]))
    assert chain.rhs == sp.Ne(c2, 0) and verify(chain, trials=20).verdict == "agrees"
    assert not verify(replace(chain, rhs=sp.true), trials=40)
    kernel = nonlinear_observability(elman(W_h=[[1, 1], [p, p]], W_x=[[1], [2]], output=[[1, c2]]))
    assert kernel.rhs == sp.Ne(c2 - 1, 0) and verify(kernel, trials=20).verdict == "agrees"
    assert not verify(replace(kernel, rhs=sp.true), trials=40)
    # what is hidden is a plane: units that the output does not see, and ker C with ker W_h
    hidden = distinguishable_dimension(elman(W_h=[[p, 0], [1, q]], W_x=[[1], [2]], output=[[c1, 0]]))
    assert hidden.rhs == 1 and verify(hidden, trials=15).verdict == "agrees"
    assert not verify(replace(hidden, rhs=sp.Integer(2)), trials=15)
    lost = {"W_h": [[0.5, 0.0], [1.0, 0.25]], "W_x": [[1.0], [2.0]]}
    runs = [trajectory(elman(), lost, h0=h, x=[0.3, -0.8, 0.5])[:, 0] for h in ([0.3, 0.9], [0.3, -0.4])]
    assert np.array_equal(*runs)
    # leaky units: the same condition
    assert verify(nonlinear_observability(leaky(W_h=[[p, 1], [0, q]], W_x=[[1], [2]], output=C)), trials=20)
    # observable for the linearization implies observable
    M = sp.Matrix([[p, 1], [q, 0]])
    full = [sp.Eq(Rank(K), 2) for K in (ObservabilityMatrix(M, C, 2), sp.Matrix.vstack(C, M).as_immutable())]
    assert verify(claim(*full, relation="=>"), trials=20)


@pytest.mark.theory("derived")
def test_B_CTL_3_signed_permutations_scalings_and_all_of_GL_n():
    for cell in (elman(), elman("relu"), linear(), elman("sigmoid"), elman("gelu"), leaky()):
        assert verify(parameter_symmetries(cell), trials=16).verdict == "agrees", cell.name
    # a larger group is refuted: T only invertible for tanh, signs for ReLU
    T = sp.MatrixSymbol("T", *elman().state[0].shape[:1] * 2)
    for cell in (elman(), elman("relu")):
        assert not verify(replace(parameter_symmetries(cell), given=Invertible(T)), trials=200)
    signs = parameter_symmetries(elman()).given
    assert not verify(replace(parameter_symmetries(elman("relu")), given=signs), trials=200)
    # which rows commute: this is the whole group
    for phi in ("tanh", "relu", "sigmoid"):
        rows = commuting_rows(phi, 2)
        assert verify(rows, trials=60).verdict == "agrees"
    t = sp.symbols("t_1 t_2", real=True)
    positive = sp.Or(sp.And(sp.Eq(t[0], 0), sp.Ge(t[1], 0)), sp.And(sp.Eq(t[1], 0), sp.Ge(t[0], 0)))
    assert not verify(replace(commuting_rows("tanh", 2), rhs=positive), trials=100)
    assert verify(symmetry_count("tanh"), trials=8) and not verify(replace(symmetry_count("tanh"), rhs=2**sp.Symbol("n", integer=True, positive=True)), trials=12)  # fmt: skip
    assert symmetry_count().rhs.subs(sp.Symbol("n", integer=True, positive=True), 4) == 384
    # exactly, over outputs of several steps: the same numbers up to rounding
    random = np.random.default_rng(1)
    W, U, C, h0, x = (random.normal(size=s) for s in ((3, 3), (3, 2), (1, 3), 3, (12, 2)))
    S = np.array([[0, -1, 0], [0, 0, 1], [-1, 0, 0]], float)
    before = trajectory(elman(), {"W_h": W, "W_x": U}, h0=h0, x=x) @ C.T
    after = trajectory(elman(), {"W_h": S @ W @ S.T, "W_x": S @ U}, h0=S @ h0, x=x) @ (C @ S.T).T
    assert np.abs(before - after).max() < 1e-14
