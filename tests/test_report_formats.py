"""Reports as .html, .pdf and .json: valid, the same content, and no name can carry markup into them."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import sympy as sp

from rnnsym import LinearSystem, elman
from rnnsym.cli import main
from rnnsym.latex import Notation
from rnnsym.latex.mathml import mathml
from rnnsym.latex.typst import typst
from rnnsym.questions import Question
from rnnsym.reader import read
from rnnsym.report import Report, report, to_pdf
from rnnsym.report import record as formats
from rnnsym.report.data import report_data, result_data
from rnnsym.report.layout import numbered
from rnnsym.report.typst import to_typst
from rnnsym.result import Result, Source, SpecError

HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=y>',
    "#panic() $x$ ]",
    r"\input{/etc/passwd}",
    "&lt;&#60;<!--",
    'a"b`c',
]


@pytest.fixture(scope="module")
def found() -> Report:
    return report(elman(), questions=["equations", "jacobian", "collapse"], trials=2)


@pytest.fixture(scope="module")
def drawn() -> Report:
    pytest.importorskip("matplotlib")
    made = report(LinearSystem([[0.5, 0], [0, 0.25]], [1, 1], [1, 1]), questions=["equations", "poles"], trials=2)
    return replace(made, pictures=("pole-zero",))


@pytest.fixture(scope="module")
def evil() -> Report:
    """Every text of a report is hostile."""

    def results(model: Any) -> list[Result]:
        return [
            Result(
                f"{name} {k}",
                sp.Symbol(name) + k,
                "=",
                sp.Symbol(name) + k,
                source=(Source(name, name, name, 2020, at=name),),
            )
            for k, name in enumerate(HOSTILE)
        ]

    asked = Question("evil", HOSTILE[0], results, intro=HOSTILE[1])
    made = report(elman(), questions=["equations", asked], trials=2)
    return replace(made, title=HOSTILE[0], left_out=tuple(HOSTILE))


def parsed(html: str) -> Any:
    """The document read by a strict parser: an error of HTML is an error here."""
    html5lib = pytest.importorskip("html5lib")
    return html5lib.HTMLParser(strict=True, namespaceHTMLElements=False).parse(html)


# HTML


def test_html_is_valid_whole_and_takes_nothing_from_elsewhere(found: Report) -> None:
    pytest.importorskip("math_core")
    html = found.to_html()
    tree = parsed(html)
    names = {element.tag for element in tree.iter() if isinstance(element.tag, str)}
    assert not names & {"script", "link", "iframe", "object"} and "default-src 'none'" in html
    assert "url(" not in html and not re.findall(r'\bsrc="(?!data:)', html)
    assert tree.find(".//title").text == "The elman network" and html.startswith("<!DOCTYPE html>")


def test_html_has_the_numbers_labels_checks_and_latex_of_the_other_formats(found: Report) -> None:
    pytest.importorskip("math_core")
    html, tex = found.to_html(), found.to_tex()
    equations = [e for _, group in numbered(found) for e in group]
    labels = [e.label for e in equations]
    assert re.findall(r'<article id="([^"]*)">', html) == labels == re.findall(r"\\label\{(eq:[^}]*)\}", tex)
    assert [int(k) for k in re.findall(r'aria-label="equation (\d+)"', html)] == [e.number for e in equations]
    assert html.count("<summary>LaTeX</summary>") == len(equations)
    assert html.count("<summary>Derivation</summary>") == sum(bool(e.result.steps) for e in equations) > 0
    assert html.count('<span class="verdict agrees">') == 2 * len(found.checks)  # at the claim, and in the table
    assert "[elman1990]" in html and "Left out" in html and "https://doi.org/10.1207/s15516709cog1402_1" in html


def test_the_latex_in_html_is_the_latex_of_the_result(found: Report) -> None:
    pytest.importorskip("math_core")
    tree = parsed(found.to_html())
    copied = [code.text for code in tree.iter("code")]
    equations = [e for _, group in numbered(found) for e in group]
    assert copied == [e.result.latex(env="align", label=e.label, steps=True, where=e.where) for e in equations]


def test_every_reference_in_html_has_its_target(found: Report, drawn: Report) -> None:
    pytest.importorskip("math_core")
    for made in (found, drawn):
        html = made.to_html()
        assert set(re.findall(r'href="#([^"]*)"', html)) <= set(re.findall(r'\bid="([^"]*)"', html))


def test_pictures_stand_in_html_with_alternative_texts(tmp_path: Path, drawn: Report) -> None:
    pytest.importorskip("math_core")
    assert drawn.write(tmp_path / "r.html") == (tmp_path / "r.html",)
    images = list(parsed((tmp_path / "r.html").read_text()).iter("img"))
    assert len(images) == 1 and images[0].get("src", "").startswith("data:image/png;base64,")
    assert len(images[0].get("alt", "")) > 10


def test_no_name_escapes_into_html(evil: Report) -> None:
    pytest.importorskip("math_core")
    tree = parsed(evil.to_html())
    names = {element.tag for element in tree.iter() if isinstance(element.tag, str)}
    assert not names & {"script", "img"}
    attributes = {key for element in tree.iter() for key in element.attrib}
    assert not {key for key in attributes if str(key).startswith("on")}
    assert tree.find(".//h1").text == HOSTILE[0]


def test_html_without_its_extra_names_it_before_any_work(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(formats, "has_mathml", lambda: False)
    with pytest.raises(SpecError, match=r"pip install 'rnnsym\[html\]'"):
        report(None, tmp_path / "r.html")
    assert main(["report", "elman", "-o", str(tmp_path / "r.html")]) == 2
    out, err = capsys.readouterr()
    assert not out and err.count("\n") == 1 and "rnnsym[html]" in err and not list(tmp_path.iterdir())


# MathML and Typst of formulas


@pytest.mark.parametrize(
    ("tex", "part"),
    [
        (r"\text{for $h_t$ \textless{} 1}", "<mtext>for\xa0</mtext><msub>"),
        (r"$\displaystyle \begin{aligned} a &= b \\[4pt] c &= d \end{aligned}$", "<mtable"),
        (r"\left(\begin{smallmatrix} a \\ b \end{smallmatrix}\right)", "<mtable"),
        (r"\nosuchcommand", r"\nosuchcommand"),
        (r"a^", '<code class="tex">a^</code>'),
    ],
)
def test_mathml_of_what_the_library_does_not_know(tex: str, part: str) -> None:
    pytest.importorskip("math_core")
    assert part in mathml(tex, display=True)


def test_own_commands_are_defined_in_every_format() -> None:
    notation = Notation(names={"W_h": r"\mathbf{W}"}).commands(["W_h", "h"])
    made = report(elman(), questions=["equations", "jacobian"], trials=2, notation=notation)
    assert r"\newcommand{\rnnWh}{\mathbf{W}}" in made.to_tex() and r"\rnnWh" in made.to_tex()
    assert "rnn" not in to_typst(made).replace("rnnsym", "")
    pytest.importorskip("math_core")
    assert "math-core-unknown" not in made.to_html()


@pytest.mark.parametrize(
    ("tex", "markup"),
    [
        (r"\lVert W_h \rVert_{2} \le 1.5", 'class("opening", ‖) W _(h) class("closing", ‖) _(2) ≤ 1.5'),
        (r"\bigl( a, b \bigr)", "lr(\\(, size: #120%) a \\, b lr(\\), size: #120%)"),
        (r"\begin{bmatrix} a & 0 \\ 0 & b \end{bmatrix}^{\top}", 'mat(delim: "[", a, 0; 0, b) ^(⊤)'),
        (r"\operatorname*{arg max}_{x} f", "op(a r g m a x, limits: #true) _(x) f"),
        (r"\text{a # $x_t$}", r'"a # " x _(t)'),
    ],
)
def test_typst_of_formulas(tex: str, markup: str) -> None:
    assert typst(tex) == markup


# PDF


def pdf_text(content: bytes, folder: Path) -> str:
    if shutil.which("pdftotext") is None:
        pytest.skip("pdftotext is not installed")
    import subprocess

    (folder / "r.pdf").write_bytes(content)
    return subprocess.run(["pdftotext", str(folder / "r.pdf"), "-"], capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize("engine", ["pdflatex", "typst"])
def test_pdf_of_either_engine_has_the_same_content(engine: str, tmp_path: Path, found: Report) -> None:
    if engine == "typst":
        pytest.importorskip("typst")
    elif shutil.which("pdflatex") is None:
        pytest.skip("pdflatex is not installed")
    content = to_pdf(found, engine=engine)
    assert content.startswith(b"%PDF-") and content == to_pdf(found, engine=engine)
    text = " ".join(pdf_text(content, tmp_path).split())
    for part in (
        "The elman network",
        "Jacobians",
        "(6)",
        "Verification",
        "agrees",
        "Left out",
        "structure in time",
        "tanh",
    ):
        assert part in text, part


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["pdflatex", "typst"])
def test_a_hostile_report_becomes_a_pdf(engine: str, tmp_path: Path, evil: Report) -> None:
    if engine == "typst":
        pytest.importorskip("typst")
    elif shutil.which("pdflatex") is None:
        pytest.skip("pdflatex is not installed")
    text = pdf_text(to_pdf(evil, engine=engine), tmp_path)
    assert "root:" not in text and "input" in text


def test_pictures_are_in_the_pdf(drawn: Report) -> None:
    pytest.importorskip("typst")
    figures = [replace(f, content=c) for f, c in pictures(drawn)]
    assert len(to_pdf(drawn, figures, engine="typst")) > len(to_pdf(drawn, (), engine="typst")) + 2000


def pictures(made: Report) -> list[Any]:
    from rnnsym.report.figures import drawn as painted
    from rnnsym.report.figures import planned

    return [(f, painted(f.name, made.model, "pdf")[0]) for f, _ in planned(made.pictures, Path("r.pdf"), "pdf")]


def test_a_tex_that_stops_is_one_sentence(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, found: Report) -> None:
    fake = tmp_path / "pdflatex"
    fake.write_text("#!/bin/sh\necho '! LaTeX Error: File `amsmath.sty'\"'\"' not found.'\nexit 1\n")
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    with pytest.raises(Exception, match=r"pdflatex stopped: LaTeX Error: File `amsmath.sty' not found"):
        to_pdf(found, engine="pdflatex")


def test_pdf_without_an_engine_names_the_extra_before_any_work(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(formats, "pdf_engine", lambda: None)
    with pytest.raises(SpecError, match=r"pip install 'rnnsym\[pdf\]'"):
        report(None, tmp_path / "r.pdf")


# JSON


def test_json_follows_its_schema(tmp_path: Path, found: Report) -> None:
    found.write(tmp_path / "r.json")
    data = json.loads((tmp_path / "r.json").read_text())
    assert data == report_data(found)
    assert (data["schema"], data["version"], data["verdict"]) == ("rnnsym-report", 1, "verified")
    assert [s["question"] for s in data["sections"]] == ["equations", "jacobian", "collapse"]
    keys = {
        "name",
        "status",
        "relation",
        "lhs",
        "rhs",
        "given",
        "where",
        "readable",
        "symbols",
        "arrays",
        "steps",
        "source",
    }
    keys |= {"number", "label", "latex", "check"}
    results = [r for s in data["sections"] for r in s["results"]]
    assert all(set(r) == keys for r in results)
    assert [r["number"] for r in results] == list(range(1, len(results) + 1))
    cited = {key for r in results for key in r["source"]}
    assert cited == {s["key"] for s in data["sources"]}
    assert [r["check"] is None for r in results] == [True] + [False] * (len(results) - 1)


def test_what_json_calls_readable_is_read_back() -> None:
    w, b = sp.symbols("w b", real=True)
    made = Result("r", sp.Symbol("q"), "=", sp.tanh(w * b) / 3 + sp.sqrt(b), given=b > 0)
    data = result_data(made)
    assert data["readable"] and data["symbols"] == {"b": "real", "q": "complex", "w": "real"}
    assert read(data["rhs"], {"w": w, "b": b}) == made.rhs and data["given"] == "b > 0"
    assert read(data["given"], {"b": b}, condition=True) == made.given
    assert not result_data(replace(made, rhs=sp.Matrix([[w]]), lhs=sp.MatrixSymbol("Q", 1, 1)))["readable"]


def test_hostile_names_are_data_in_json(evil: Report) -> None:
    data = json.loads(evil.to_json())
    assert [r["name"] for r in data["sections"][1]["results"]] == [f"{name} {k}" for k, name in enumerate(HOSTILE)]


# The command line


def test_the_command_writes_one_self_contained_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("math_core")
    path = tmp_path / "r.json"
    assert main(["report", "min_gru", "-o", str(path), "--trials", "1", "--quiet", "--no-figures"]) == 0
    out, err = capsys.readouterr()
    assert f"written: {path}" in out and not err
    assert [p.name for p in tmp_path.iterdir()] == ["r.json"] and json.loads(path.read_text())[
        "title"
    ] == "The min_gru network"
