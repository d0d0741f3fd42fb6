"""The Smith-McMillan form, and every stratum of poles and zeros: against definitions that never look at H."""

from dataclasses import replace

import pytest
import sympy as sp

from rnnsym.analysis.cancellation import pole_strata, zero_strata
from rnnsym.analysis.mcmillan import mcmillan_form
from rnnsym.analysis.poles import poles
from rnnsym.cells import elman
from rnnsym.defined import Pairs
from rnnsym.defined.smith import invariant_polynomials
from rnnsym.result import RnnsymError, SpecError
from rnnsym.systems import LinearSystem
from rnnsym.verify import verify

from .filters import unconditional

flint = pytest.importorskip("flint")
a, b, c, d = sp.symbols("a b c d", real=True)
z = sp.Symbol("z")
h = sp.Rational(1, 2)

FORMS = {
    "diagonal": LinearSystem(sp.diag(a, b), sp.eye(2), readout="previous"),
    "one channel": LinearSystem([[a, 1], [0, b]], [0, 1], [[c, 1]]),
    "three states": LinearSystem(sp.diag(a, b, c), [[1, 0], [1, 1], [0, 1]], [[1, 0, 1], [1, 1, 0]], readout="previous"),
    "feedthrough": LinearSystem(sp.diag(a, b), sp.eye(2), sp.eye(2), sp.diag(1, d), readout="previous"),
    "rank one": LinearSystem(a, [[1, b]], [[1], [c]]),
    "tall": LinearSystem([[a, 1], [0, b]], [0, 1], sp.eye(2)),
    "defective numbers": LinearSystem([[h, 1, 0], [0, h, 0], [0, 0, h / 2]], [[0, 1], [1, 0], [1, 1]], [[1, 0, 1], [0, 1, 0]]),
    "no state": LinearSystem(sp.zeros(0, 0), sp.zeros(0, 1), sp.zeros(1, 0), [[3]]),
}  # fmt: skip


def some(names, quick):
    """All names, of which only the quick ones are in the default run."""
    return [pytest.param(n, marks=() if n in quick else pytest.mark.slow) for n in names]


@pytest.mark.parametrize("name", some(FORMS, ("diagonal", "one channel", "rank one", "defective numbers")))
def test_every_form_agrees_with_the_invariant_polynomials_of_the_system_matrix(name):
    check = verify(mcmillan_form(FORMS[name]), trials=12)
    assert check and check.trials >= 8, check


def test_a_wrong_form_is_refused():
    result = mcmillan_form(FORMS["defective numbers"])
    swapped = sp.diag(result.rhs[0, 0] * result.rhs[1, 1], 1).as_immutable()
    assert not verify(replace(result, rhs=swapped), trials=5)
    assert not verify(replace(result, rhs=-result.rhs), trials=5)


@pytest.mark.slow
def test_without_the_generic_structure_the_form_is_refused():
    result = unconditional(mcmillan_form(FORMS["diagonal"]))
    assert not verify(result, trials=400)  # at a = b it is diag(1/(z - a), 1/(z - a))


def test_two_equal_poles_in_two_channels_are_two_fractions():
    form = mcmillan_form(LinearSystem(sp.diag(a, a), sp.eye(2), readout="previous")).rhs
    assert all(sp.cancel(e) == 0 for e in form - sp.eye(2) / (z - a))


def test_pole_polynomial_and_zero_polynomial_stand_in_where():
    where = {s.name: e for s, e in mcmillan_form(FORMS["three states"]).where}
    assert sp.cancel(where["psi"] / ((z - a) * (z - b) * (z - c))) in (1, -1)
    assert sp.cancel(where["epsilon"] - (z - a - b + c)) == 0
    assert sp.cancel(where["delta_2"] * where["psi"] / where["epsilon"]) in (1, -1)


def test_a_nonlinear_cell_has_no_form():
    with pytest.raises(SpecError, match="operating point"):
        mcmillan_form(elman(n=1, m=1))


def test_invariant_polynomials_divide_each_other():
    p = flint.fmpq_poly
    found = invariant_polynomials([[p([-1, 1]), p([0])], [p([0]), p([-2, 1])]])
    assert found == [p([1]), p([2, -3, 1])]


STRATA = {
    "one pole": LinearSystem(a, b),
    "feedthrough": LinearSystem(a, b, 1, c, readout="previous"),
    "triangular": LinearSystem([[a, 1], [0, b]], [0, 1], [[c, 1]]),
    "diagonal": LinearSystem(sp.diag(a, b), [1, c], [[1, 1]], readout="previous"),
    "companion": LinearSystem([[0, 1], [b, a]], [0, 1], [[c, d]], readout="previous"),
    "full": LinearSystem([[a, b], [c, d]], [1, 0], [[0, 1]]),
    "three poles": LinearSystem(sp.diag(a, b, c), [1, 1, 1], [[1, d, 1]], readout="previous"),
    "three poles, companion": LinearSystem([[0, 1, 0], [0, 0, 1], [a, b, c]], [0, 0, 1], [[d, 1, 0]], readout="previous"),
}  # fmt: skip


@pytest.mark.parametrize("function", [pole_strata, zero_strata])
@pytest.mark.parametrize("name", some(STRATA, ("triangular", "companion")))
def test_every_stratum_agrees_with_a_minimal_realization(name, function):
    check = verify(function(STRATA[name]), trials=30)
    assert check and check.trials >= 20, check


@pytest.mark.parametrize("function", [pole_strata, zero_strata])
@pytest.mark.parametrize("name", some(("one pole", "triangular", "diagonal", "three poles"), ("one pole",)))
def test_the_first_row_alone_is_refused(name, function):
    result = function(STRATA[name])
    whole = Pairs(*(sp.Tuple(v, n.args[0][0] if isinstance(n, sp.Piecewise) else n) for v, n in result.rhs))
    assert not verify(replace(result, rhs=whole), trials=200)


def test_poles_is_the_first_row_under_its_condition():
    system = LinearSystem(a, b, readout="previous")
    (value, count), (expected, one) = pole_strata(system).rhs[0], poles(system).rhs[0]
    assert (value, count) == (expected, sp.Piecewise((one, poles(system).given), (0, True)))


def test_numbers_put_in_leave_the_poles_of_that_stratum():
    system = LinearSystem(sp.diag(h, b), [1, 0], [[1, 1]])
    assert dict(pole_strata(system).subs({b: h}).rhs) == {h: 1}


def test_strata_of_several_channels_point_to_the_form():
    with pytest.raises(SpecError, match="mcmillan_form"):
        pole_strata(FORMS["diagonal"])


def test_no_zeros_of_a_zero_transfer_function():
    with pytest.raises(RnnsymError, match="H is 0"):
        zero_strata(LinearSystem(a, 0))


def test_many_cases_are_numbered_and_printed():
    result = pole_strata(STRATA["companion"])
    assert [s.name for s, _ in result.where] == ["s"]
    assert r"\times" in result.latex()
