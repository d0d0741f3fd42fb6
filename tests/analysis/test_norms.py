"""The H-infinity norm of several channels: a proved bound, against a sweep of the circle with NumPy."""

import random
from dataclasses import replace

import numpy as np
import pytest
import sympy as sp

from rnnsym.analysis.norms import hinf_norm
from rnnsym.systems import LinearSystem
from rnnsym.verify import verify
from tests.multiplier import times

Q = sp.Rational
FINE = 4001


def channels(rng, most):
    """A stable system of several channels: with and without states, feedthrough, poles at 0 and hidden modes."""
    n, m, p = rng.randint(0, most), rng.randint(1, most), rng.randint(1, most)

    def table(rows, columns, filled):
        def entry(*_):
            return Q(rng.randint(-6, 6), rng.choice([1, 2, 3, 5])) if rng.random() < filled else sp.S.Zero

        return sp.Matrix(rows, columns, entry)

    while True:
        A = sp.Matrix(n, n, lambda i, j: Q(rng.randint(-4, 4), 6))
        if rng.random() < 0.3:
            A = sp.Matrix(sp.diag(*(Q(rng.choice([0, 0, 1]), 2) for _ in range(n)))) + A.upper_triangular(1)
        if n == 0 or max(abs(np.linalg.eigvals(np.array(A.tolist(), float)))) < 0.95:
            break
    D = table(p, m, 0.7) if rng.random() < 0.7 else sp.zeros(p, m)
    return LinearSystem(A, table(n, m, 0.8), table(p, n, 0.8), D, readout=rng.choice(["current", "previous"]))


def swept(system, count=FINE):
    """The largest singular value of H on a grid of the circle."""
    A, B, C, D = (np.array(M.tolist(), float).reshape(M.shape) for M in system.matrices)
    z = np.exp(1j * np.linspace(0, np.pi, count))[:, None, None]
    H = np.broadcast_to(D.astype(complex), (count, *D.shape))
    if len(A):
        states = np.linalg.solve(z * np.eye(len(A)) - A, np.broadcast_to(B.astype(complex), (count, *B.shape)))
        H = H + (z if system.readout == "current" else 1) * (C @ states)
    return float(np.linalg.norm(H, 2, axis=(1, 2)).max())


def agrees(system):
    result, peak = hinf_norm(system), swept(system)
    high = float(result.rhs)
    low = float(result.where[0][1]) if result.relation == "<=" else high
    assert peak <= high * (1 + 1e-9) + 1e-12, (system, peak, high)  # a bound
    assert low <= high and peak >= high * (1 - 2e-3) - 1e-12, (system, peak, low, high)  # and a near one
    return result


def test_the_bound_is_above_the_largest_singular_value_and_not_the_largest_entry():
    """All of these had a false bound, below the gain at z = 1, because no singular value of H crosses it."""
    one = LinearSystem([[Q(1, 2)]], [[Q(1, 10), 0]], [[1]], [[2, 2]], readout="previous")
    result = agrees(one)
    assert abs(float(result.rhs) - (2.2**2 + 2**2) ** 0.5) < 1e-12 and result.status == "proved"
    assert verify(result, trials=1) and not verify(replace(result, rhs=Q(22, 10)), trials=1)
    agrees(LinearSystem([[Q(1, 2)]], [[Q(1, 10), 0]], [[1], [0]], [[2, 2], [2, 2]], readout="previous"))
    square = agrees(LinearSystem([[Q(1, 10)]], [[1, 1]], [[1], [1]], [[3, 3], [3, 3]], readout="previous"))
    assert abs(float(square.rhs) - 2 * (3 + 1 / 0.9)) < 1e-12


def test_static_and_silent_systems_and_poles_at_zero():
    empty = LinearSystem(sp.zeros(0, 0), sp.zeros(0, 2), sp.zeros(2, 0), [[1, 2], [2, 4]])
    assert abs(float(agrees(empty).rhs) - 5) < 1e-12
    assert agrees(LinearSystem(sp.diag(0, Q(1, 2)), sp.zeros(2, 2), [[1, 1]])).rhs == 0
    agrees(LinearSystem([[0, 1], [0, 0]], [[0, 1], [1, 0]], sp.eye(2), sp.eye(2), readout="previous"))


def test_bounds_of_random_systems_hold_over_the_circle():
    rng = random.Random(5)
    for _ in range(20):
        agrees(channels(rng, 2))


@pytest.mark.slow
def test_bounds_of_many_random_systems_hold_over_the_circle():
    rng = random.Random(11)
    for _ in range(times(10)):
        agrees(channels(rng, 3))
