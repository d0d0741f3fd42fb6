"""A-CTL: controllability and observability, with the horizons, origins and singular matrices that the text leaves out."""

import numpy as np
import pytest
import sympy as sp

from rnnsym.analysis.structure import (
    constructibility,
    controllability,
    diagonal_controllability,
    diagonal_gramian,
    hautus,
    null_controllability,
    observability,
)
from rnnsym.analysis.structure_steering import reconstruct_state, steer, steering_energy
from rnnsym.systems import LinearSystem
from rnnsym.verify import verify

Q = sp.Rational
a, b, c, d = sp.symbols("a b c d", real=True)


@pytest.mark.theory("derived")
def test_A_CTL_1_controllability():
    general = LinearSystem([[a, b], [c, d]], [1, 0])
    for result in (controllability(general), controllability(general, steps=1), hautus(general)):
        assert verify(result, trials=40)
    # Kalman's rank needs T >= n
    chain = LinearSystem([[0, 0, 0], [1, 0, 0], [0, 1, 0]], [1, 0, 0])
    assert [controllability(chain, steps=T).rhs for T in (1, 2, 3, 4)] == [1, 2, 3, 3]
    # steering to the origin is weaker for singular A
    nilpotent = LinearSystem([[0, 1, 0], [0, 0, 1], [0, 0, 0]], [0, 1, 0])
    assert controllability(nilpotent).rhs == 2 and null_controllability(nilpotent).rhs == sp.true
    assert verify(null_controllability(LinearSystem(a, b)), trials=60)
    # minimum energy: the target is hit, and the energy is that of least squares
    system = LinearSystem([[Q(1, 2), 1, 0], [0, Q(1, 3), 1], [0, 0, Q(-1, 4)]], [0, 0, 1])
    result = steer(system, [1, 0, -1], [0, 2, 1], 5)
    state = sp.Matrix([1, 0, -1])
    for k in range(5):
        state = system.A * state + system.B * result.rhs[k, :]
    assert state == sp.Matrix([0, 2, 1])
    A, B = (np.array(M.tolist(), float) for M in (system.A, system.B))
    C = np.hstack([np.linalg.matrix_power(A, 4 - k) @ B for k in range(5)])
    missed = np.array([0, 2, 1.0]) - np.linalg.matrix_power(A, 5) @ np.array([1, 0, -1.0])
    least = np.linalg.lstsq(C, missed, rcond=None)[0]
    energy = float(steering_energy(system, [1, 0, -1], [0, 2, 1], 5).rhs)
    assert abs(energy - least @ least) < 1e-9 * energy
    assert verify(steering_energy(LinearSystem([[a, 1], [0, b]], [0, 1]), None, None, 2), trials=30)
    # Vandermonde and Cauchy
    assert diagonal_controllability([a, b], [c, d]).rhs == c * d * (b - a)
    assert verify(diagonal_controllability([a, b, c], [1, d, 2]), trials=40)
    assert verify(diagonal_gramian([a, b], [c, d]), trials=30)
    three = diagonal_gramian([Q(1, 2), Q(1, 3), Q(-1, 4)], [1, 2, 3])
    gram = sp.Matrix(3, 3, lambda i, j: [1, 2, 3][i] * [1, 2, 3][j] / (1 - [Q(1, 2), Q(1, 3), Q(-1, 4)][i] * [Q(1, 2), Q(1, 3), Q(-1, 4)][j]))  # fmt: skip
    assert gram.det() == three.rhs


@pytest.mark.theory("derived")
def test_A_CTL_2_observability():
    system = LinearSystem([[a, b], [c, d]], [1, 0], [[1, 0]])
    assert verify(observability(system), trials=40)
    assert observability(system).rhs == controllability(LinearSystem(system.A.T, system.C.T)).rhs
    # h_0 = (1, 0, -1) from three outputs
    A = sp.Matrix([[Q(1, 2), 1, 0], [0, Q(1, 3), 1], [Q(1, 5), 0, Q(-1, 4)]])
    C, start = sp.Matrix([[1, 0, 0]]), sp.Matrix([1, 0, -1])
    result = reconstruct_state(LinearSystem(A, sp.zeros(3, 0), C))
    outputs = {sp.Symbol(f"y_{k}", real=True): (C * A**k * start)[0] for k in range(3)}
    assert result.rhs.subs(outputs) == start
    assert verify(result, trials=20)
    # the current state needs constructibility only
    forgetful = LinearSystem([[1, 0], [0, 0]], [1, 1], [[1, 0]])
    assert observability(forgetful).rhs == 1 and constructibility(forgetful).rhs == sp.true
    assert verify(constructibility(LinearSystem([[a, 0], [0, b]], [1, 1], [[c, 0]])), trials=60)
