"""rnnsym.analysis.symmetries: T by numbers, what is refused, and the page."""

import pickle

import pytest
import sympy as sp

from rnnsym.analysis.symmetries import commuting_rows, parameter_symmetries, symmetry_count
from rnnsym.cells import antisymmetric, elman, gru, linear
from rnnsym.result import NoClosedForm, ShapeError, SpecError
from rnnsym.verify import verify


def test_a_given_matrix_is_checked_and_put_in():
    result = parameter_symmetries(elman(n=2, m=1), [[0, -1], [1, 0]])
    assert list(result.rhs) == [-sp.Symbol("h_t_2", real=True), sp.Symbol("h_t_1", real=True)]
    assert verify(result, trials=10).verdict == "agrees"
    assert verify(parameter_symmetries(elman("sigmoid", n=2, m=1), [[0, -1], [1, 0]]), trials=10)
    assert verify(parameter_symmetries(elman("relu", n=2, m=1), [[0, 3], ["1/2", 0]]), trials=10)
    assert verify(parameter_symmetries(linear(n=2, m=1), [[1, 2], [3, 4]]), trials=10)
    assert verify(parameter_symmetries(elman(n=2, m=1, output=[[1, 2]])), trials=10)


@pytest.mark.parametrize(
    ("cell", "T", "error", "message"),
    [
        (elman(n=2, m=1), [[0, 2], [1, 0]], SpecError, "signed permutation"),
        (elman(n=2, m=1), [[1, 1], [0, 1]], SpecError, "signed permutation"),
        (elman("relu", n=2, m=1), [[-1, 0], [0, 1]], SpecError, "positive factors"),
        (elman("gelu", n=2, m=1), [[-1, 0], [0, 1]], SpecError, "permutation"),
        (linear(n=2, m=1), [[1, 1], [1, 1]], SpecError, "invertible"),
        (elman(n=2, m=1), [[1]], ShapeError, "2 x 2"),
        (elman(), [[0, 1], [1, 0]], SpecError, "symbolic sizes"),
        (gru(), None, NoClosedForm, "not of the form"),
    ],
)
def test_a_wrong_matrix_or_cell_is_refused(cell, T, error, message):
    with pytest.raises(error, match=message):
        parameter_symmetries(cell, T)


def test_weights_that_are_not_free_are_refused():
    with pytest.raises(NoClosedForm):
        parameter_symmetries(antisymmetric())


def test_linear_units_have_no_table_of_rows():
    for question in (commuting_rows, symmetry_count):
        with pytest.raises(NoClosedForm, match="linear"):
            question("identity")
    with pytest.raises(NoClosedForm, match="table"):
        commuting_rows("gelu")


def test_the_page_names_what_is_changed():
    result = parameter_symmetries(elman())
    assert "T W_h T^" in result.latex() and r"\text{ a signed permutation}" in result.latex()
    assert pickle.loads(pickle.dumps(result)) == result


@pytest.mark.slow
@pytest.mark.draws
def test_three_columns_and_other_activations():
    for phi in ("tanh", "erf", "softsign", "hard_tanh", "relu", "leaky_relu", "sigmoid"):
        assert verify(commuting_rows(phi, 3), trials=10), phi
    for phi in ("tanh", "hard_tanh", "relu", "gelu"):
        assert verify(symmetry_count(phi), trials=1), phi
    for phi in ("tanh", "sigmoid", "hard_sigmoid", "relu", "gelu", "arctan"):
        assert verify(parameter_symmetries(elman(phi)), trials=10), phi
