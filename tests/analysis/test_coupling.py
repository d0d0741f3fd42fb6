"""Coupling of modes: bases, refusals."""

import pytest
import sympy as sp

from rnnsym.analysis.coupling import decoupling, mode_coupling, selection_rule
from rnnsym.cells import elman, gru, leaky
from rnnsym.result import LimitReached, NoClosedForm, ShapeError, SpecError
from rnnsym.verify import verify


def test_a_basis_that_is_none_of_eigenvectors_is_refused():
    cell = elman(W_h=[[1, 1], [0, 2]])
    with pytest.raises(SpecError, match="no eigenvector"):
        mode_coupling(cell, sp.eye(2))
    with pytest.raises(SpecError, match="singular"):
        mode_coupling(cell, [[1, 1], [1, 1]])
    (third,) = mode_coupling(cell, [[1, 1], [0, 1]])
    assert verify(third, trials=4)
    assert third.rhs[0, -1] == 0 or third.rhs[0, 1] != 0


def test_what_has_no_tensor_is_refused():
    with pytest.raises(NoClosedForm, match="kink"):
        mode_coupling("relu")
    with pytest.raises(NoClosedForm, match="leaks"):
        mode_coupling(leaky(n=2, m=1))
    with pytest.raises(NoClosedForm):
        mode_coupling(gru(n=2, m=1))
    with pytest.raises(ShapeError, match="at"):
        mode_coupling(elman())
    with pytest.raises(LimitReached, match="limit is 4"):
        mode_coupling("tanh", n=5)
    for wrong in (0, 9, True, "3"):
        with pytest.raises(SpecError):
            selection_rule(wrong)
    with pytest.raises(NoClosedForm):
        decoupling(4)


def test_a_cell_with_sizes_and_no_basis_speaks_of_a_symbolic_one():
    (third,) = mode_coupling(elman(n=2, m=1))
    assert {s.name for s in third.rhs.free_symbols} >= {"q_11", "lambda_1"}
