"""Bad inputs of models, row by row of the list: the message says the fact, what was given and what would do."""

import math

import numpy as np
import pytest
import sympy as sp

import rnnsym as rs
from rnnsym.cells import bidirectional, cell, elman, gru, leaky, lstm, stack, trajectory, unroll
from rnnsym.cells.hypotheses import assume, contradiction
from rnnsym.cli import main
from rnnsym.result import LimitReached, RnnsymError, ShapeError, SpecError

w, v = sp.symbols("w v", real=True)
ELMAN = "h_t = tanh(W @ h + U @ x + b)"


def refused(match, function, kind=RnnsymError):
    with pytest.raises(kind, match=match):
        function()


def test_row_1_unknown_cell(capsys):
    assert main(["verify", "gruu"]) == 2
    assert "unknown cell 'gruu'; did you mean 'gru'? known: elman, " in capsys.readouterr().err


@pytest.mark.parametrize("size", [0, -1, 2.5, True, "2", None.__class__, float("nan")])
def test_row_2_sizes(size):
    refused("hidden size n must be a whole number >= 1, got", lambda: elman(n=size), SpecError)
    refused("hidden size n must be a whole number >= 1, got", lambda: elman().at(n=size), SpecError)


def test_row_2_sizes_on_the_command_line(capsys):
    for text in ("0", "-1", "2.5"):
        assert main(["verify", "elman", "--set", f"n={text}"]) == 2
        assert "hidden size n must be a whole number >= 1, got" in capsys.readouterr().err


def test_row_2_a_size_symbol_must_be_a_whole_number():
    refused("may be no whole number", lambda: elman(n=sp.Symbol("k")), SpecError)
    assert elman(n=sp.Symbol("k", integer=True, positive=True)).sizes[0].name == "k"


def test_row_3_too_many_symbols(capsys):
    refused(
        r"n=12, m=1: a symbolic lstm has \d+ symbols; limit 200. Give numbers", lambda: lstm(n=12, m=1), LimitReached
    )
    refused("limit 200", lambda: cell(ELMAN, state="h", input="x", shapes={"h": 15}), LimitReached)
    assert lstm().at(n=12, m=1, limit=1000).is_explicit
    assert main(["verify", "lstm", "--set", "n=12"]) == 4
    assert "symbols; limit 200" in capsys.readouterr().err


@pytest.mark.parametrize("horizon", [-1, 2.0, True, "3"])
def test_row_4_horizons(horizon):
    for make in (lambda: unroll(elman(), horizon), lambda: bidirectional(elman(), horizon)):
        refused("must be a whole number >= 0", make, SpecError)
    refused("must be a whole number >= 0", lambda: trajectory(elman(), {}, steps=horizon), SpecError)


def test_row_5_a_recurrent_matrix_that_is_not_square():
    refused("W_h is 3 x 4; a recurrent matrix must be square", lambda: elman(W_h=np.ones((3, 4))), ShapeError)
    refused("W_hz is 1 x 2; a recurrent matrix must be square", lambda: gru(W_hz=[[1, 2]]), ShapeError)
    refused("W_h is 3 x 4; a rec", lambda: elman(W_h=sp.MatrixSymbol("W", 3, 4)), ShapeError)
    refused("rows of lengths 1, 2", lambda: elman(W_h=[[1, 2], [3]]), ShapeError)
    refused("rows of lengths", lambda: elman(W_h=[]), ShapeError)


def test_row_6_sizes_that_differ():
    refused("W_x is 4 x 1, hidden size is 3", lambda: elman(W_h=np.eye(3), W_x=np.ones((4, 1))), ShapeError)
    refused("b is 2 x 1, hidden size is 3", lambda: elman().subs({"W_h": np.eye(3), "b": [1, 2]}), ShapeError)
    refused("W_h is 2 x 2, hidden size is 3", lambda: elman(W_h=np.eye(2), n=3), ShapeError)


def test_zero_is_zero_of_every_size():
    assert dict(elman(W_h=np.eye(2), b=0).binding)[sp.MatrixSymbol("b", 2, 1)] == sp.zeros(2, 1)


@pytest.mark.parametrize("value", [math.nan, math.inf, sp.oo, sp.nan])
def test_rows_13_and_16_numbers_that_are_none(value):
    refused("refusing", lambda: elman(W_h=value))
    refused("refusing", lambda: leaky(a=value))
    refused("complex numbers; the field of elman is real", lambda: elman(W_h=1j))
    refused("a number, symbol or formula is needed", lambda: elman(W_h=True))
    refused("a number, symbol or formula is needed", lambda: elman(W_h=[[None]]))


# Rows 24 to 30: formulas, in parameters, outputs, equations and assumptions

FORMULAS = {
    "Attribute is not allowed": "os.system",
    "text in quotes is not allowed": "f('x')",
    "unexpected end": "tanh(w*1",
    "unknown function 'wh'": "wh(2)",
    "write 2\\*w": "2w",
    "one expression expected": "w == 1",
    "exponent 387420489 is over the limit 64": "9**9**9",
    "nesting depth": "(" * 500 + "w" + ")" * 500,
    "characters; the limit on length is 2000": "w+" * 50_000 + "w",
    "division by zero": "1/0",
    "Subscript": "w[0]",
    "lambda": "lambda: 0",
    "name '__import__' must match": "__import__",
}


@pytest.mark.parametrize("message", FORMULAS)
def test_rows_24_to_30_formulas(message, capsys):
    text = FORMULAS[message]
    refused(message, lambda: elman(W_h=text), SpecError)
    refused(message, lambda: elman(W_h=[[text]]), SpecError)
    refused(message, lambda: leaky(a=text), SpecError)
    refused(message, lambda: elman().subs({"W_h": text}), SpecError)
    refused(message, lambda: elman(n=2).subs({"W_h_11": text}), SpecError)
    refused(message, lambda: elman(output=text), SpecError)
    refused(message, lambda: cell(f"h = {text}", state="h"), SpecError)
    assert main(["verify", "elman", "--set", "n=1", "--set", f"W_h={text}"]) == 2
    err = capsys.readouterr().err
    assert len(err.splitlines()) == 1 and "Traceback" not in err


def test_a_formula_never_runs(tmp_path):
    mark = tmp_path / "ran"
    text = f"__import__('pathlib').Path('{mark}').touch()"
    for run in (
        lambda: elman(W_h=text), lambda: elman(W_h=[[text]]), lambda: leaky(a=text), lambda: elman(output=text),
        lambda: cell(f"h = {text}", state="h"), lambda: elman().subs({"b": text}), lambda: assume(elman(), text),
        lambda: cell("h = W @ h", state=text), lambda: cell({text: "W @ h"}, state="h"),
        lambda: cell("h = W @ h", state="h", shapes={"W": (text, "n")}),
    ):  # fmt: skip
        with pytest.raises(RnnsymError):
            run()
    assert not mark.exists()


def test_row_26_unknown_names_in_an_assumption(capsys):
    assert main(["verify", "--assume", "wh > 0"]) == 2
    assert "unknown name 'wh'; known: " in capsys.readouterr().err


@pytest.mark.parametrize("name", ["\\input{x}", "<script>", "h__x", "a b", "lambda", "1w", "w'", "x" * 100])
def test_row_31_names(name):
    bad = sp.Symbol(name, real=True)
    refused("name", lambda: elman(W_h=bad), SpecError)
    refused("name", lambda: elman(W_h=[[bad]]), SpecError)
    refused("name", lambda: leaky(a=bad), SpecError)
    refused("name", lambda: elman(n=sp.Symbol(name, integer=True, positive=True)), SpecError)
    refused("name", lambda: cell("h = W @ h", state=[name]), SpecError)
    refused("name", lambda: elman(W_h=sp.MatrixSymbol(name, 2, 2)), SpecError)


def test_row_32_two_symbols_of_one_name():
    complex_w = sp.Symbol("w")
    refused(
        "two symbols print as 'w' .real and complex|two symbols print as 'w' .complex and real",
        lambda: elman(W_h=[[w, complex_w], [0, 1]]),
    )
    refused("two symbols print as 'b'", lambda: leaky(a=sp.Symbol("b", real=True)))
    refused("two symbols print as 'n'", lambda: leaky(a=sp.Symbol("n", real=True)))
    refused("name of its own b", lambda: elman(W_h=sp.Symbol("b", real=True)))
    refused("name of its own h; rename yours", lambda: elman(W_h=sp.Symbol("h", real=True)))
    refused("own h", lambda: elman(n=2).subs({"b": [sp.Symbol("h_1", real=True), 0]}))
    refused("two symbols print as 'w'", lambda: cell({"h_t": sp.Symbol("w") * sp.Symbol("h") + w}, state="h"))


def test_row_32_ties_that_are_meant_are_allowed():
    made = elman(n=2).subs({"W_h_12": sp.Symbol("W_h_21", real=True)})
    assert rs.verify(rs.jacobian(made), trials=8)
    assert rs.verify(rs.jacobian(elman(W_h=w, b=w)), trials=8)


def test_row_33_a_substitution_that_changes_nothing():
    refused(
        "'w_h' is not in this result; free symbols: .*nothing would change",
        lambda: rs.jacobian(elman()).subs({"w_h": 1}),
    )
    refused("elman has no parameter 'w_h'; it has: W_h", lambda: elman().subs({"w_h": 1}))
    refused("elman has no parameter 'W_q'", lambda: elman(W_q=1))


CONTRADICTIONS = [
    ("w > 1", "abs(w) < 1"), ("w > 1", "w < 1"), ("w**2 < 0",), ("w > 0", "w**2 > 4", "w < 2"), ("w == 1", "w**2 == 2"),
    ("abs(w) > 2", "abs(w - 1) < 1"), ("0 < w < 1", "w >= 1"), ("w != w",),
]  # fmt: skip
CONSISTENT = [
    ("w >= 1", "w <= 1"), ("abs(w) < 1", "w > 0"), ("w**2 == 2", "w < 0"), ("w > 1", "v < 1"), ("tanh(w) > 2",),
    ("w > v", "w < v + 1"),
]  # fmt: skip


@pytest.mark.parametrize("texts", CONTRADICTIONS)
def test_row_34_contradictions(texts, capsys):
    refused("cannot hold", lambda: assume(elman(W_h=w, b=v), texts), SpecError)
    refused("cannot hold", lambda: cell("h = w*h + v", state="h", shapes={"h": 1}, given=texts), SpecError)
    options = [part for text in texts for part in ("--assume", text.replace("w", "W_h").replace("v", "b"))]
    assert main(["derive", "jacobian", "elman", "--set", "n=1", *options]) == 2
    assert "cannot hold" in capsys.readouterr().err


@pytest.mark.parametrize("texts", CONSISTENT)
def test_row_34_what_can_hold_is_taken(texts):
    assert assume(elman(W_h=w, b=v), texts).given != sp.true


def test_row_34_assumptions_of_the_symbol_count():
    positive = sp.Symbol("w", positive=True)
    assert contradiction(positive**3 + positive < 0) == "w" or (positive**3 + positive < 0) == sp.false
    refused("cannot hold", lambda: assume(elman(W_h=positive), "w < -1"), SpecError)


def test_wrong_kinds_are_errors_of_their_own():
    refused("a cell needs a state", lambda: cell(ELMAN, state=None, input="x"))
    refused("stack needs at least one", lambda: stack())
    with pytest.raises(TypeError, match="call the cell function"):
        stack(elman)
    refused("reset must be one of", lambda: gru(reset="Before"))
    refused("is no condition", lambda: assume(elman(), sp.Symbol("w")))
