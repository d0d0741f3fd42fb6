"""Reports: what stands in them, their bytes, and that nothing is lost when they are written."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
import sympy as sp

from rnnsym.cells import elman, gru, lstm
from rnnsym.questions import QUESTIONS, Question, answers, default_model, general, is_definition, question
from rnnsym.report import Report, math, plain, report, targets, write_files
from rnnsym.result import LimitReached, NoClosedForm, Result, SpecError
from rnnsym.spec import read_model
from rnnsym.systems import LinearSystem, Time


@pytest.fixture(scope="module")
def found() -> Report:
    """The report of the main job, with few draws."""
    return report(default_model(), trials=4, seed=3)


@pytest.fixture(scope="module")
def tex(found: Report) -> str:
    return found.to_tex()


@pytest.fixture(scope="module")
def markdown(found: Report) -> str:
    return found.to_markdown()


@pytest.fixture(scope="module")
def numeric() -> Report:
    """The report of two units with numbers, of a few questions."""
    values = {"W_h": [[2, 0], [0, Fraction(1, 2)]], "b": [0, 0], "W_x": [1, 0], "C": [[1, 1]]}
    return report(default_model().subs(values), trials=2, questions=["stability", "fixed-points", "collapse"])


def _wrong_jacobian(model: Any) -> Result:
    (right,) = answers(question("jacobian"), model, wrt="state")
    return replace(right, rhs=-right.rhs, steps=())


def _no_form(model: Any) -> Result:
    raise NoClosedForm("there is no formula; use numbers")


WRONG = Question("wrong", "A wrong claim", _wrong_jacobian)
NONE = Question("none", "No formula", _no_form)


# What stands in it


def test_default_model_is_two_tanh_units_with_one_input_and_one_output() -> None:
    model = default_model()
    assert [s.shape for s in (*model.state, *model.input, model.output[0])] == [(2, 1), (1, 1), (1, 1)]
    assert model.name == "elman" and len(model.parameters) == 10
    assert all(s.is_Symbol for s in model.parameters)


def test_main_job_is_verified(found: Report) -> None:
    assert found.verdict == "verified"
    assert len(found.checks) >= 13 and all(check for _, check in found.checks)


def test_report_has_equations_jacobians_parameters_and_general_forms(found: Report) -> None:
    names = [s.question.name for s in found.sections]
    assert names[:2] == ["equations", "jacobian"] and "dimension-free" in names
    jacobians = [r.name for r in found.sections[1].results]
    assert [n.rsplit(" ", 1)[1] for n in jacobians] == ["state", "input", "W_h", "W_x", "b"]


def test_definitions_are_not_checked_against_themselves(found: Report) -> None:
    for section in found.sections:
        for result, check in zip(section.results, section.checks, strict=True):
            assert (check is None) == is_definition(result)


def test_general_form_of_a_sized_cell_is_the_cell_of_the_catalogue() -> None:
    assert general(elman(phi="relu", n=2, m=3)).equations == elman(phi="relu").equations  # type: ignore[union-attr]
    assert general(gru().at(n=2, m=1)).equations == gru().equations  # type: ignore[union-attr]


def test_what_does_not_apply_is_left_out_and_says_why() -> None:
    short = report(elman(), questions=["equations", "dimension-free"], trials=4)
    assert "every size already" in short.sections[1].skipped
    for text in (short.to_tex(), short.to_markdown()):
        assert "Left out" in text and "every size already" in text


def test_equation_numbers_and_labels_are_unique_and_agree(tex: str, markdown: str) -> None:
    tags = [int(k) for k in re.findall(r"\\tag\{(\d+)\}", markdown)]
    labels = re.findall(r"\\label\{([^}]*)\}", tex)
    assert tags == list(range(1, len(labels) + 1))
    assert len(set(labels)) == len(labels)
    assert set(re.findall(r"\\eqref\{([^}]*)\}", tex)) <= set(labels)


def test_verification_table_has_every_claim(found: Report, markdown: str) -> None:
    rows = [line for line in markdown.splitlines() if re.match(r"\| \(\d+\)", line)]
    assert len(rows) == len(found.checks)
    assert all(row.endswith(("| agrees |", "| not refuted |")) for row in rows)


def test_check_stands_above_each_claim_in_tex(found: Report, tex: str) -> None:
    agreeing = [check for _, check in found.checks if check.verdict == "agrees"]
    assert len(re.findall(r"^% verified: \d+ draws", tex, re.M)) == len(agreeing) > 10


def test_sources_are_in_the_bibliography(tex: str, markdown: str) -> None:
    assert r"\bibitem{elman1990}" in tex and "[elman1990]" in markdown


def test_a_wrong_claim_is_refuted_and_shown() -> None:
    bad = report(elman(), questions=["equations", WRONG])
    assert bad.verdict == "refuted"
    assert "refuted" in bad.to_markdown() and "refuted" in bad.to_tex()
    assert "left side" in bad.to_markdown()


def test_no_closed_form_is_left_out_with_its_reason() -> None:
    short = report(elman(), questions=[NONE, "jacobian"], trials=4)
    assert short.sections[0].skipped.startswith("there is no formula") and short.verdict == "verified"


def test_a_report_that_checked_nothing_is_not_verified() -> None:
    assert report(elman(), questions=["equations"]).verdict == "undecided"


def test_a_limit_is_a_verdict_of_its_own() -> None:
    assert report(elman(), questions=["jacobian"], max_ops=3).verdict == "limit"
    with pytest.raises(LimitReached, match="operations; limit 3"):
        answers(question("jacobian"), elman(), max_ops=3)


def test_unknown_question_is_refused_with_the_nearest() -> None:
    with pytest.raises(SpecError, match="did you mean 'jacobian'"):
        report(elman(), questions=["jacobain"])


def test_question_names_are_unique_and_kebab_case() -> None:
    names = [q.name for q in QUESTIONS]
    assert len(set(names)) == len(names) and all(re.fullmatch(r"[a-z]+(-[a-z]+)*", n) for n in names)


def test_progress_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    stages: list[str] = []
    report(elman(), questions=["jacobian"], trials=4, progress=stages.append)
    assert stages[0] == "jacobian: deriving" and any("verifying 1 of 5" in s for s in stages)
    assert capsys.readouterr() == ("", "")


# The bytes


QUICK = ("equations", "stability", "fixed-points")


@pytest.mark.parametrize("questions", [QUICK, pytest.param(None, marks=pytest.mark.slow)], ids=["quick", "all"])
def test_bytes_are_the_same_in_another_process_and_hash_seed(tmp_path: Path, questions: Any) -> None:
    code = (
        "from rnnsym.report import report; from rnnsym.questions import default_model\n"
        f"report(default_model(), 'r', trials=1, seed=3, questions={questions})"
    )
    seed = "1" if os.environ.get("PYTHONHASHSEED") != "1" else "2"
    environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=environment, check=True)
    (tmp_path / "here").mkdir()
    written = report(default_model(), trials=1, seed=3, questions=questions).write(tmp_path / "here" / "r")
    assert len(written) in (2, 4)
    for path in written:
        assert path.read_bytes() == (tmp_path / path.name).read_bytes()


def test_markdown_has_no_bare_angle_bracket_in_math_and_no_operatorname() -> None:
    assert math(r"a < b, \operatorname{diag}(v)") == r"a \lt  b, \mathop{\mathrm{diag}}(v)"
    assert plain("W_h | <b>") == r"W\_h \| &lt;b&gt;"


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="pdflatex is not installed")
@pytest.mark.parametrize("name", ["default", "numbers", "gru", "lstm", "refuted"])
def test_tex_compiles_as_it_stands(tmp_path: Path, name: str, found: Report, numeric: Report) -> None:
    models = {"gru": gru, "lstm": lstm}
    if name in models:
        found = report(models[name](), questions=["equations", "jacobian", "dimension-free"], trials=2)
    elif name == "numbers":
        found = replace(numeric, pictures=numeric.pictures[:1])
    elif name == "refuted":
        found = report(elman(), questions=["equations", WRONG, NONE])
    found.write(tmp_path / "r.tex")
    command = ["pdflatex", "-no-shell-escape", "-interaction=nonstopmode", "-halt-on-error", "r.tex"]
    for _ in range(2):
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, check=False)
        assert done.returncode == 0, done.stdout.decode(errors="replace")[-2000:]
    log = (tmp_path / "r.log").read_text(errors="replace")
    assert "undefined references" not in log and "multiply defined" not in log
    widths = [float(w) for w in re.findall(r"Overfull \\hbox \(([\d.]+)pt", log)]
    assert max(widths, default=0) < 30, widths


# Fixed points and pictures


def test_fixed_points_of_numbers_are_a_table(numeric: Report) -> None:
    (table,) = numeric.sections[1].tables
    assert "3 fixed points, proved, complete, index sum 1" in table.text
    assert [row[2] for row in table.rows] == ["stable", "unstable", "stable"]
    assert re.search(r"\| \(0, 0\) \| \S+ \| unstable \| 2 \| -1 \|", plainly(numeric.to_markdown()))
    assert re.search(r"\(0, 0\) & \S+ & unstable & 2 & -1 \\\\", numeric.to_tex())


def plainly(text: str) -> str:
    return text.replace("\\", "")


def test_a_model_with_symbols_has_no_table(found: Report) -> None:
    assert not any(section.tables for section in found.sections)


def test_a_search_that_needs_a_box_says_so() -> None:
    model = read_model(
        '[model]\ncell = "elman"\n[options]\nphi = "softplus"\n[sizes]\nn = 1\nm = 1\n[parameters]\nW_h = 1\nb = 0'
    ).model
    short = report(model, questions=["fixed-points"], trials=2)
    assert "box" in short.sections[0].skipped and "box" in short.to_markdown()


def test_pictures_are_those_that_the_model_gives_a_meaning(found: Report, numeric: Report) -> None:
    pytest.importorskip("matplotlib")
    assert found.pictures == ("stability-triangle",)
    assert numeric.pictures == ("stability-triangle", "phase-portrait", "gradient-norms")
    system = LinearSystem([[0.5, 0], [0, 0.25]], [1, 1], [1, 1])
    shown = report(system, questions=["poles"], trials=2)
    assert shown.pictures == ("pole-zero", "bode", "impulse-response", "snr-gain", "stability-triangle")
    assert report(system, questions=["poles"], trials=2, figures=False).pictures == ()


def test_figures_stand_in_their_section_or_under_pictures(tmp_path: Path, numeric: Report) -> None:
    pytest.importorskip("matplotlib")
    short = replace(numeric, pictures=("stability-triangle", "gradient-norms"))
    written = short.write(tmp_path / "a b.tex")
    assert [p.name for p in written] == ["a b.tex", "a-b-stability-triangle.pdf", "a-b-gradient-norms.pdf"]
    text = (tmp_path / "a b.tex").read_text()
    stability, fixed, pictures = (text.index(rf"\section{{{t}}}") for t in ("Stability", "Fixed points", "Pictures"))
    assert stability < text.index("{a-b-stability-triangle.pdf}") < fixed
    assert pictures < text.index("{a-b-gradient-norms.pdf}")
    replace(short, pictures=("gradient-norms",)).write(tmp_path / "c.md")
    assert "(c-gradient-norms.png)" in (tmp_path / "c.md").read_text()
    assert (tmp_path / "c-gradient-norms.png").read_bytes()[1:4] == b"PNG"


def test_a_picture_that_exists_is_not_overwritten(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    (tmp_path / "r-stability-triangle.pdf").write_text("mine")
    with pytest.raises(SpecError, match="r-stability-triangle.pdf exists"):
        report(default_model(), tmp_path / "r.tex", questions=["equations"])
    assert [p.name for p in tmp_path.iterdir()] == ["r-stability-triangle.pdf"]


def test_without_matplotlib_the_report_says_that_pictures_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    short = report(default_model(), questions=["equations"])
    assert not short.pictures
    for text in (short.to_tex(), plainly(short.to_markdown())):
        assert "plots need matplotlib: pip install 'rnnsym[plot]'" in text


# Deadlines


def test_no_claim_is_begun_after_the_deadline() -> None:
    short = report(elman(), questions=["equations", "jacobian", "contraction"], trials=2, deadline=1e-9)
    assert short.verdict == "limit" and not short.checks
    assert short.to_markdown().count("the time was up") == 1  # one reason, its questions together


def test_what_is_finished_is_kept_after_each_claim() -> None:
    kept: list[Report] = []
    whole = report(elman(), questions=["jacobian"], trials=2, keep=kept.append)
    assert [len(k.checks) for k in kept] == [1, 2, 3, 4, 5, 5]
    assert kept[1].sections[0].skipped == "3 of 5 answers, the time was up" and kept[1].verdict == "limit"
    assert kept[-1].sections == whole.sections


# Linear systems


def test_a_linear_system_is_reported(tmp_path: Path) -> None:
    short = report(LinearSystem([[0.5, 1], [0, 0.25]], [0, 1], [1, 0]), questions=["equations", "jacobian", "poles"])
    assert short.title == "The linear system with 2 states, 1 input and 1 output" and short.verdict == "verified"
    text = short.to_markdown()
    assert "h_t = A h_{t-1} + B x_t" in text and "Jacobians: it is a linear system" in text
    continuous = report(LinearSystem(-1, 1, time=Time("continuous")), questions=["equations"])
    assert len(continuous.sections[0].results) == 5


# The files


def test_path_without_ending_writes_every_format(tmp_path: Path) -> None:
    report(elman(), tmp_path / "paper", questions=["equations"])
    assert sorted(p.name for p in tmp_path.iterdir()) == ["paper.md", "paper.tex"]


def test_unknown_format_is_refused_before_any_work(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match=r"known: \.tex, \.md"):
        report(None, tmp_path / "paper.docx")


def test_existing_file_is_kept_unless_forced(tmp_path: Path) -> None:
    (tmp_path / "paper.md").write_text("mine")
    with pytest.raises(SpecError, match="paper.md exists; use --force"):
        report(elman(), tmp_path / "paper", questions=["equations"])
    assert [p.name for p in tmp_path.iterdir()] == ["paper.md"]
    assert (tmp_path / "paper.md").read_text() == "mine"
    report(elman(), tmp_path / "paper", questions=["equations"], force=True)
    assert (tmp_path / "paper.md").read_text().startswith("# The elman network")


def test_all_files_or_none_are_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = tmp_path / "a.tex", tmp_path / "b.md"
    link, calls = os.link, []

    def full_disk(source: Any, target: Any) -> None:
        calls.append(target)
        if len(calls) == 2:
            raise FileExistsError(17, "File exists", str(source), None, str(target))
        link(source, target)

    monkeypatch.setattr(os, "link", full_disk)
    with pytest.raises(SpecError, match="nothing was written"):
        write_files({first: "a", second: "b"})
    assert len(calls) == 2 and not list(tmp_path.iterdir())


def test_a_failed_write_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "a.tex"
    path.write_text("old")
    with pytest.raises(UnicodeEncodeError):
        write_files({path: "half \ud800"}, force=True)
    assert path.read_text() == "old" and len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize(
    ("name", "message"), [("folder", "is a folder"), ("none/a.tex", "no folder"), ("null", "regular")]
)
def test_a_target_that_cannot_be_written_is_refused(tmp_path: Path, name: str, message: str) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "null").symlink_to("/dev/null")
    with pytest.raises(SpecError, match=message):
        write_files({tmp_path / name: "x"}, force=True)


def test_targets_of_a_stem_and_of_a_file() -> None:
    assert [str(p) for p in targets("a/b")] == ["a/b.tex", "a/b.md"]
    assert [str(p) for p in targets("a/b.tex")] == ["a/b.tex"]


def test_symbol_named_like_tex_or_html_is_escaped() -> None:
    evil = sp.Symbol(r"\input{x}<b>")
    bad = Question("evil", "Evil <b> \\title", lambda model: Result("evil & <b> \\x", evil + 1, "=", evil + 1))
    text = report(elman(), questions=[bad], trials=2)
    assert r"\input{x}" not in text.to_tex() and r"\title}" not in text.to_tex()
    assert "<b>" not in text.to_markdown()
