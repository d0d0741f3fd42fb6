"""Cards: one screen about a cell, in the terminal, a notebook and a page; and the catalogue on the command line."""

from __future__ import annotations

import inspect
import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import sympy as sp

import rnnsym as rs
from rnnsym import card as card_module
from rnnsym.cli import main
from rnnsym.latex.readable import readable, text
from rnnsym.questions import default_model
from rnnsym.result import SpecError
from rnnsym.theory import catalogue_of_results


@cache
def cards() -> dict[str, Any]:
    numbers = default_model().subs({"W_h": [[sp.Rational(1, 2), 0], [sp.Rational(1, 4), sp.Rational(1, 3)]]})
    models = {"elman": rs.elman(), "gru": rs.gru(), "numbers": numbers, "system": rs.LinearSystem([[0.5]], [1], [1])}
    return {name: rs.card(model) for name, model in models.items()}


# What stands on it


def test_a_card_has_the_equations_the_jacobian_the_bounds_and_the_sources() -> None:
    made = cards()["elman"]
    assert [heading for heading, _ in made.entries] == [
        "Equations", "Jacobian", "Trajectories come together", "Gradients", "Fixed points",
    ]  # fmt: skip
    shown = str(made)
    assert "d(h_t)/d(h) = diag(1 - h_t**2)*W_h" in shown and "||W_h|| < 1 =>" in shown
    assert "h_star = tanh(W_h*h_star + W_x*x_star + b)" in shown and "[elman1990]" in shown


def test_what_the_equations_define_is_not_said_again() -> None:
    made = str(cards()["gru"])
    assert made.count("z_t = sigmoid(W_hz*h + W_xz*x + b_z)") == 1


def test_numbers_have_certificates() -> None:
    made = cards()["numbers"]
    held = {c.name: c.holds for c in made.certified}
    assert held["norm 1"] is True and "Certificates for these numbers" in str(made)
    assert not cards()["elman"].certified


def test_what_does_not_apply_says_why() -> None:
    made = cards()["system"]
    assert [heading for heading, _ in made.entries] == ["Equations"]
    assert "it is a linear system" in str(made)


@pytest.mark.slow
def test_every_cell_of_the_catalogue_has_a_card_that_fits_the_screen() -> None:
    for make in rs.catalogue().values():
        lines = str(rs.card(make())).splitlines()
        assert len(lines) <= 70, make
        assert max(map(len, lines)) <= 110, (make, max(lines, key=len))


# Its formats


def test_a_notebook_takes_html_where_there_is_mathml(monkeypatch: pytest.MonkeyPatch) -> None:
    made = cards()["elman"]
    assert "$$" in made._repr_markdown_() and r"\frac{\partial h_t}{\partial h_{t-1}}" in made._repr_markdown_()
    monkeypatch.setattr(inspect.getmodule(type(made)), "has_mathml", lambda: False)
    assert made._repr_html_() is None


def test_the_page_of_a_card_is_valid_html(tmp_path: Path) -> None:
    pytest.importorskip("math_core")
    html5lib = pytest.importorskip("html5lib")
    cards()["numbers"].write(tmp_path / "c.html")
    tree = html5lib.HTMLParser(strict=True, namespaceHTMLElements=False).parse((tmp_path / "c.html").read_text())
    assert tree.find(".//h1").text == "The elman network with 2 units, 1 input and 1 output"
    assert sum(str(e.tag).endswith("}math") for e in tree.iter()) > 5 and not list(tree.iter("script"))
    assert cards()["numbers"]._repr_html_().startswith("<div>\n<h3>")


def test_a_card_is_not_written_over_a_file_or_as_something_else(tmp_path: Path) -> None:
    (tmp_path / "c.md").write_text("mine")
    with pytest.raises(SpecError, match="exists"):
        cards()["elman"].write(tmp_path / "c.md")
    with pytest.raises(SpecError, match=r"known: \.html, \.md, \.txt"):
        cards()["elman"].write(tmp_path / "c.docx")


def test_the_public_name_is_the_function() -> None:
    assert inspect.isfunction(rs.card) and card_module is rs.card


# Text for the terminal


def test_text_keeps_matrices_on_a_line_and_writes_norms_with_bars() -> None:
    a = sp.Symbol("a", real=True)
    matrix = sp.Matrix([[a, 1], [0, a]])
    assert text(matrix) == "[[a, 1], [0, a]]"
    assert text(sp.Piecewise((1, a > 0), (0, True))) == "{1 if a > 0; 0 otherwise}"
    assert text(sp.And(a > 0, sp.Or(a < 1, a > 2))) in (
        "a > 0 and (a > 2 or a < 1)",
        "a > 0 and (a < 1 or a > 2)",
        "(a > 2 or a < 1) and a > 0",
    )
    assert text(rs.Result("r", sp.Symbol("q"), "=", a).rhs) == "a"


@pytest.mark.parametrize(
    "make", [lambda: rs.contraction_condition(rs.elman()), lambda: rs.bptt(rs.elman().at(n=2, m=1))]
)
def test_a_result_reads_without_python_names(make: Any) -> None:
    shown = str(make())
    assert shown == readable(make())
    assert "Matrix(" not in shown and "SpectralNorm" not in shown and "\n\n" not in shown


# The command line


def test_card_goes_to_standard_output_and_progress_to_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["card", "elman"]) == 0
    out, err = capsys.readouterr()
    assert out.rstrip("\n") == str(cards()["elman"]) and err.startswith("rnnsym: card")
    assert main(["card", "elman", "--quiet", "--json"]) == 0
    out, err = capsys.readouterr()
    data = json.loads(out)
    assert not err and data["schema"] == "rnnsym-card" and data["entries"][1]["heading"] == "Jacobian"


def test_a_certificate_without_a_value_is_null_in_json(capsys: pytest.CaptureFixture[str]) -> None:
    made = rs.card(default_model().subs({"W_h": [[sp.Rational(1, 2), -1], [1, sp.Rational(1, 3)]]}))
    values = {c["name"]: c["value"] for c in json.loads(json.dumps(made.data(), allow_nan=False))["certificates"]}
    assert values["sector inequality"] is None and values["norm 1"] == 1.5 and "nan" not in str(made)


def test_card_is_written_to_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "c.txt"
    assert main(["card", "elman", "-o", str(path), "--quiet"]) == 0
    assert capsys.readouterr().out == f"written: {path}\n" and path.read_text().startswith("The elman network")


def test_catalogue_lists_every_result(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    entries = catalogue_of_results()
    assert main(["catalogue"]) == 0
    out, err = capsys.readouterr()
    lines = out.splitlines()
    assert not err and lines[0].split() == ["ID", "rank", "status", "title", "functions"]
    assert [line.split()[0] for line in lines[1:-1]] == [e.key for e in entries]
    assert lines[-1].startswith(f"{len(entries)} results: ") and max(map(len, lines)) <= 200


def test_catalogue_of_an_id_says_what_its_functions_are(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["catalogue", "a-fix-8"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("A-FIX-8  Bias tunes the half-life\n") and "rs.half_life_bias " in out and "source: " in out
    assert main(["catalogue", "A-FIX"]) == 0
    assert {line.split("-")[1] for line in capsys.readouterr().out.splitlines()[1:-1]} == {"FIX"}


def test_catalogue_as_json_has_every_function_with_its_first_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["catalogue", "A-FIX-8", "--json"]) == 0
    (entry,) = json.loads(capsys.readouterr().out)["results"]
    assert entry["id"] == "A-FIX-8" and {f["name"] for f in entry["functions"]} >= {"rs.half_life", "rs.half_life_bias"}
    assert all(f["doc"] for f in entry["functions"])


def test_unknown_id_is_one_line_and_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["catalogue", "A-FIX-88"]) == 2
    out, err = capsys.readouterr()
    assert not out and err.count("\n") == 1 and "A-FIX-88" in err and "did you mean A-FIX-8?" in err
