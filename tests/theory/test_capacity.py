"""B-MEM-6: the total information processing capacity."""

from dataclasses import replace

import pytest
import sympy as sp

from rnnsym.analysis.capacity import N, capacity_bound, capacity_sum, capacity_window
from rnnsym.analysis.memory import memory_capacity
from rnnsym.cells import elman
from rnnsym.defined import Numbers
from rnnsym.defined.responses import TotalCapacity
from rnnsym.systems import LinearSystem
from rnnsym.verify import verify

w = sp.Symbol("w", real=True)


@pytest.mark.theory("derived")
def test_B_MEM_6_total_capacity_is_the_number_of_independent_states():
    total, bound = capacity_sum(), capacity_bound()
    assert total.rhs == N and verify(total, trials=20)
    assert verify(bound, trials=20)
    # fewer targets than states: the bound is the number of targets, which N alone would miss
    assert not verify(replace(bound, rhs=sp.Min(*bound.rhs.args) - 1), trials=20)
    assert not verify(replace(total, given=next(c for c in total.given.args if "orthogonal" in str(c))), trials=40)
    # fading memory: a contracting unit, all functions of the last K inputs
    for window in (1, 3):
        result = capacity_window(elman(W_h=w, W_x=1, b=0), window)
        assert result.rhs == w ** (2 * window) and verify(result, trials=5)
    # B-MEM-1 is the linear part: of a linear network it is all there is
    assert memory_capacity(LinearSystem(sp.Rational(1, 2), 1)).rhs == 1
    X, Z = sp.Matrix([[1, 1, -1, -1], [1, -1, 1, -1], [1, 0, 0, -1]]), sp.eye(4)
    assert Numbers({}).float(TotalCapacity(X, Z)) == 2  # three states, two of them independent
