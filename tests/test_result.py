"""The words: a Result survives what users do to it, and says no to what would change nothing."""

import copy
import pickle

import numpy as np
import pytest
import sympy as sp

from rnnsym.analysis.jacobian import jacobian
from rnnsym.cells import catalogue, elman, gru
from rnnsym.result import Array, Check, Result, RnnsymError, ShapeError, SpecError
from rnnsym.verify import claim, verify

a, w = sp.symbols("a w", real=True)


@pytest.mark.parametrize("name", catalogue())
def test_a_result_survives_pickle_and_copy(name):
    result = jacobian(catalogue()[name]())
    again = pickle.loads(pickle.dumps(result))
    assert again == result and hash(again) == hash(result)
    assert copy.deepcopy(result) == result
    assert verify(again, trials=4, dims=(1, 2))


def test_explicit_puts_the_named_quantities_in():
    result = jacobian(gru())
    assert not {s for s, _ in result.where} & result.explicit.free_symbols
    assert verify(claim(result.lhs, result.explicit), trials=12)


def test_text_says_the_claim_its_names_and_its_hypotheses():
    text = str(claim(sp.Symbol("s"), 1 / (1 - a), given=abs(a) < 1))
    assert text == "s = 1/(1 - a)\n  given Abs(a) < 1"


def test_substitution_takes_symbols_and_names():
    result = claim(sp.Function("f")(a), a + w)
    assert result.subs({a: 1}) == result.subs({"a": 1}) == result.subs("a", 1)


def test_substitution_of_an_absent_name_is_refused():
    with pytest.raises(SpecError, match="'w_h' is not in this result; free symbols: .*W_h.*nothing would change"):
        jacobian(elman()).subs({"w_h": 1})


def test_substitution_against_a_hypothesis_is_refused():
    with pytest.raises(RnnsymError, match="contradicts a hypothesis"):
        claim(sp.Symbol("s"), 1 / (1 - a), given=abs(a) < 1).subs({a: 2})


def test_look_alike_symbols_must_be_told_apart():
    other = sp.Symbol("a")
    with pytest.raises(SpecError, match="two symbols print as 'a'"):
        claim(sp.Symbol("s"), a + other).subs({"a": 1})


def test_sides_of_different_shape_are_refused():
    with pytest.raises(ShapeError, match="shapes must agree"):
        Result("x", sp.eye(2), "=", sp.eye(3))
    with pytest.raises(RnnsymError, match="unknown relation"):
        Result("x", a, "==", a)
    with pytest.raises(RnnsymError, match="unknown status"):
        Result("x", a, "=", a, status="certain")
    with pytest.raises(RnnsymError, match="unknown role"):
        Array("x", "friend", a)


def test_a_check_is_true_only_if_something_was_tried():
    assert not Check("agrees", 0, 5, 0.0, None, 0)
    assert Check("agrees", 1, 0, 0.0, None, 0)
    assert not Check("refuted", 9, 0, 1.0, {"a": 1}, 0)


def test_calling_a_result_evaluates_it():
    assert claim(sp.Symbol("s"), a**2)(a=3) == 9.0
    assert np.allclose(jacobian(elman())(W_h=[[2.0]], h=[0.0]), [[2.0]])


def test_sizes_fixed_by_a_matrix_reach_every_part():
    result = jacobian(gru()).subs({"W_hz": sp.eye(3)})
    shapes = {s.shape[0] for s in result.free_symbols if isinstance(s, sp.MatrixSymbol)}
    assert shapes == {3, sp.Symbol("m", integer=True, positive=True)} and result.rhs.shape == (3, 3)


def test_text_in_a_substitution_is_read_and_never_run(tmp_path):
    mark = tmp_path / "run"
    with pytest.raises(SpecError):
        jacobian(elman()).subs({"W_h": f"__import__('pathlib').Path({str(mark)!r}).touch()"})
    with pytest.raises(SpecError):
        jacobian(elman(n=2, m=1)).subs({"W_h": [["__import__('os')", 0], [0, 1]]})
    for part in ({"rhs": "__import__('os')"}, {"rhs": a, "given": "__import__('os')"}, {"lhs": "a", "rhs": a}):
        with pytest.raises(SpecError, match="is text"):
            claim(**{"lhs": a, **part})
    assert not mark.exists()
    assert claim(sp.Symbol("s"), a + w).subs({"a": "1/2 + w"}).rhs == 2 * w + sp.Rational(1, 2)
