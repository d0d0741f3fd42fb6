"""The command line: exit statuses, one line for each fault, nothing written on error, and no child left behind."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from rnnsym.cli import main
from rnnsym.questions import PICTURES, QUESTIONS, Question, question
from rnnsym.report import DRAWS
from rnnsym.result import Result
from tests.processes import children, ended

QUICK = ("verify", "linear", "--quiet", "--trials", "8")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def command(*arguments: str, **options: object) -> subprocess.Popen[str]:
    """The command in a process of its own, with Ctrl-C as a terminal gives it (a shell's background jobs ignore it)."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    return subprocess.Popen(
        [sys.executable, "-m", "rnnsym", *arguments], text=True, env=environment,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options,  # type: ignore[call-overload]
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )  # fmt: skip


def _state(model: Any) -> Result:
    from rnnsym.analysis.jacobian import jacobian

    return jacobian(model)


STATE = Question("state", "State", _state)


def only(monkeypatch: pytest.MonkeyPatch, *table: Question) -> None:
    """These questions instead of all."""
    monkeypatch.setattr(sys.modules["rnnsym.report.asking"], "QUESTIONS", table)


# Answers


def test_report_writes_both_files_and_a_table(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    only(monkeypatch, question("equations"), question("jacobian"))
    assert main(["report", "--no-figures", "--trials", "4"]) == 0
    out, err = capsys.readouterr()
    assert sorted(p.name for p in folder.iterdir()) == ["rnnsym-report.md", "rnnsym-report.tex"]
    assert "jacobian of elman with respect to state" in out and "verified: 5 of 5" in out
    assert "written: rnnsym-report.tex, rnnsym-report.md" in out
    assert "rnnsym: jacobian: verifying 1 of 5" in err


def test_report_does_not_overwrite_without_force(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    only(monkeypatch, STATE)
    (folder / "a.md").write_text("mine")
    assert main(["report", "linear", "-o", "a.md"]) == 2
    assert (folder / "a.md").read_text() == "mine"
    assert capsys.readouterr().err == "rnnsym: a.md exists; use --force (force=True) to overwrite it\n"
    assert main(["report", "linear", "-o", "a.md", "--force", "--quiet", "--trials", "4"]) == 0
    assert (folder / "a.md").read_text().startswith("# The linear network")


def test_derive_prints_the_claim(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["derive", "jacobian", "elman", "--wrt", "state", "--quiet"]) == 0
    out, err = capsys.readouterr()
    assert "diag(1 - h_t**2)*W_h" in out and err == ""


def test_derive_prints_latex(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["derive", "jacobian", "gru", "--wrt", "state", "--latex"]) == 0
    assert capsys.readouterr().out.startswith("\\begin{equation}")


def test_derive_prints_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["derive", "jacobian", "gru", "--json"]) == 0
    results = json.loads(capsys.readouterr().out)["results"]
    assert len(results) == 11 and results[0]["steps"] and results[0]["where"][0][0] == "z_t"


def test_verify_prints_a_table_and_json(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    only(monkeypatch, STATE)
    assert main([*QUICK]) == 0
    assert "verified: " in capsys.readouterr().out
    assert main([*QUICK, "--json"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert data["verdict"] == "verified"
    assert all(r["check"]["agrees"] for s in data["sections"] for r in s["results"] if r["check"])


def test_cells_lists_every_cell(capsys: pytest.CaptureFixture[str]) -> None:
    from rnnsym.cells import catalogue

    assert main(["cells"]) == 0
    out = capsys.readouterr().out
    assert all(f"{name}\n" in out for name in catalogue())
    assert main(["cells", "lstm", "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)["cells"][0]["arrays"]) == 21


def test_set_takes_exact_values_and_sizes(capsys: pytest.CaptureFixture[str]) -> None:
    settings = ["--set", "W_h_12=W_h_21/3", "--set", "m=2", "--set", "n=2", "--set", "W_h_11=0.1"]
    assert main(["derive", "jacobian", "elman", "--wrt", "state", *settings]) == 0
    out = capsys.readouterr().out
    assert "W_h_21*(1 - h_t_1**2)/3" in out and "1/10 - h_t_1**2/10" in out and "W_x_12" in out


def test_assume_goes_into_the_hypotheses(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["derive", "jacobian", "--wrt", "state", "--assume", "W_h_11 > 0"]) == 0
    assert "given W_h_11 > 0" in capsys.readouterr().out


def test_output_goes_to_a_file(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["derive", "jacobian", "elman", "--wrt", "b", "-o", "b.txt"]) == 0
    assert "d(h_t)/d(b)" in (folder / "b.txt").read_text()
    assert capsys.readouterr().out == ""
    assert main(["derive", "jacobian", "elman", "-o", "b.txt"]) == 2


def test_no_colors_in_a_pipe_and_colors_on_a_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    only(monkeypatch, STATE)
    monkeypatch.delenv("NO_COLOR")
    monkeypatch.setenv("TERM", "xterm")
    assert main([*QUICK]) == 0
    assert "\x1b" not in capsys.readouterr().out
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    assert main([*QUICK]) == 0
    assert "\x1b[32magrees" in capsys.readouterr().out
    assert main([*QUICK, "--no-color"]) == 0
    assert "\x1b" not in capsys.readouterr().out
    monkeypatch.setenv("NO_COLOR", "1")
    assert main([*QUICK]) == 0
    assert "\x1b" not in capsys.readouterr().out


# Exit statuses


def test_disagreement_is_1(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    from dataclasses import replace

    from rnnsym.analysis.jacobian import jacobian

    def wrong(model: object) -> object:
        right = jacobian(model)  # type: ignore[arg-type]
        return replace(right, rhs=2 * right.rhs, steps=())

    only(monkeypatch, Question("wrong", "Wrong", wrong))
    assert main([*QUICK]) == 1
    out = capsys.readouterr().out
    assert "refuted" in out and "left side" in out
    assert main(["report", "elman", "--quiet", "-o", "w.md"]) == 1


def test_undecided_is_3(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    from rnnsym.result import NoClosedForm

    def none(model: object) -> object:
        raise NoClosedForm("there is no formula; use numbers")

    only(monkeypatch, Question("none", "None", none))
    assert main([*QUICK]) == 3
    assert "left out: there is no formula" in capsys.readouterr().out


def test_fixed_points_of_numbers_are_a_table_and_json(capsys: pytest.CaptureFixture[str]) -> None:
    settings = ["elman", "--set", "n=1", "--set", "m=1", "--set", "W_h=2", "--set", "b=0", "--quiet"]
    assert main(["derive", "fixed-points", *settings]) == 0
    out = capsys.readouterr().out
    assert "At zero input: 3 fixed points, proved, complete, index sum 1." in out
    assert re.search(r"\(0.957504024\d*\)\s+\S+\s+stable\s+0.166372\s+1\n", out)
    assert main(["derive", "fixed-points", *settings, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)["found"]
    assert (
        found["complete"] and found["index_sum"] == 1 and [p["stable"] for p in found["points"]] == [True, False, True]
    )
    low, high = (Fraction(end) for end in found["points"][2]["enclosure"][0])
    assert low <= Fraction(found["points"][2]["point"][0]) <= high or high - low < Fraction(1, 10**15)


def test_fixed_points_with_symbols_say_what_the_search_needs(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["derive", "fixed-points", "--set", "W_h_11=2"]) == 0
    out, err = capsys.readouterr()
    assert "fixed point" in out and "needs numbers for W_h_12, W_h_21, W_h_22, b_1, b_2" in err


@pytest.mark.parametrize("kind", ["png", "svg", "pdf"])
def test_a_picture_is_written_and_not_over_another(kind: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("matplotlib")
    arguments = ["plot", "snr-gain", "-o", f"g.{kind}"]
    assert main(arguments) == 0
    assert capsys.readouterr().out == f"written: g.{kind}\n"
    head = (folder / f"g.{kind}").read_bytes()[:60]
    assert {"png": b"PNG", "svg": b"<?xml", "pdf": b"%PDF"}[kind] in head
    assert main(arguments) == 2
    assert f"g.{kind} exists; use --force" in capsys.readouterr().err
    if kind != "png":
        return
    assert main([*arguments, "--force", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"picture": "snr-gain", "files": [f"g.{kind}"]}


def test_a_picture_takes_set_and_with(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("matplotlib")
    assert main(["plot", "cobweb", "--set", "w=2", "--with", "span=-2:2", "--with", "steps=5", "-o", "c.svg"]) == 0
    assert main(["plot", "bifurcation-diagram", "--with", "against=b", "--set", "w=2", "-o", "d.svg"]) == 0
    assert (folder / "c.svg").stat().st_size > 0 and (folder / "d.svg").stat().st_size > 0


def test_the_help_says_how_many_draws_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", "--help"]) == 0
    assert f"random draws for each claim ({DRAWS})" in capsys.readouterr().out


def test_help_lists_every_picture(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plot", "--help"]) == 0
    out = capsys.readouterr().out
    assert all(f"\n  {p.name}" in out for p in PICTURES)


def test_a_picture_without_matplotlib_names_the_extra(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    assert main(["plot", "bifurcation-set", "-o", "a.png", "--quiet"]) == 2
    assert capsys.readouterr().err == "rnnsym: plots need matplotlib: pip install 'rnnsym[plot]'\n"
    assert not list(folder.iterdir())


def test_a_limit_is_4(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["derive", "jacobian", "gru", "--max-ops", "5"]) == 4
    assert "limit 5" in capsys.readouterr().err
    assert main(["derive", "jacobian", "lstm", "--set", "n=12"]) == 2
    assert "symbols; limit 200" in capsys.readouterr().err


BAD = {
    "unknown picture 'bodee'; did you mean 'bode'? known: pole-zero": ["plot", "bodee", "-o", "a.png"],
    "a picture needs a file: -o bode.png (or .svg, .pdf)": ["plot", "bode"],
    "a picture cannot be written as 'gif'; known: .png, .svg, .pdf": ["plot", "bode", "-o", "a.gif"],
    "no folder none to write a.png in": ["plot", "bode", "-o", "none/a.png"],
    "bode has no option 'steps'; it has: output=whole, input=whole": [
        "plot",
        "bode",
        "-o",
        "a.png",
        "--with",
        "steps=3",
    ],
    "--with steps must be a whole number from 1 to 100000, got '2.5'": [
        "plot",
        "cobweb",
        "-o",
        "a.png",
        "--with",
        "steps=2.5",
    ],
    "--with span must be two numbers low:high, got '3:1'": ["plot", "cobweb", "-o", "a.png", "--with", "span=3:1"],
    "--with needs NAME=VALUE, got 'span'": ["plot", "cobweb", "-o", "a.png", "--with", "span"],
    "elman needs numbers for W_h_11, W_h_12, W_h_21": [
        "plot",
        "phase-portrait",
        "elman",
        "--set",
        "n=2",
        "-o",
        "a.png",
    ],
    "elman needs numbers for its sizes: --set n=2": ["plot", "cobweb", "elman", "-o", "a.png"],
    "pole-zero does not apply to gru: it needs numbers": ["plot", "pole-zero", "gru", "-o", "a.png"],
    "channel (2, 0): the system has 1 outputs": ["plot", "bode", "-o", "a.png", "--with", "output=3"],
    "snr-gain without a MODEL has no parameters to set": ["plot", "snr-gain", "-o", "a.png", "--set", "p=1/2"],
    "--trials must be a number > 0, got 0": ["verify", "--trials", "0"],
    "unknown cell 'gruu'; did you mean 'gru'? known: elman": ["verify", "gruu"],
    "unknown question 'jacobain'; did you mean 'jacobian'?": ["derive", "jacobain"],
    "m.toml: no such file": ["report", "m.toml"],
    "elman has no 'W_q'; it has: h, x": ["derive", "jacobian", "elman", "--wrt", "W_q"],
    "equations has no option 'wrt'; it has: none": ["derive", "equations", "--wrt", "b"],
    "elman has no parameter 'W_q'; it has: W_h_11": ["verify", "--set", "W_q=1"],
    "--set needs NAME=VALUE, got 'W_h_11'": ["verify", "--set", "W_h_11"],
    "Attribute is not allowed (column 3)": ["verify", "--set", "W_h_11=os.system"],
    "exponent 387420489 is over the limit 64": ["verify", "--set", "W_h_11=9**9**9"],
    "hidden size n must be a whole number >= 1, got 0": ["verify", "elman", "--set", "n=0"],
    "--set name 'h__x' must match": ["verify", "--set", "h__x=1"],
    "unknown name 'q'": ["verify", "--assume", "q > 0"],
    "a condition is expected": ["verify", "--assume", "W_h_11"],
    "cannot hold together": ["verify", "--assume", "W_h_11 > 1", "--assume", "abs(W_h_11) < 1"],
    "a report cannot be written as 'docx'; known: .tex, .md": ["report", "-o", "a.docx"],
    "no folder none to write a.tex in": ["report", "-o", "none/a.tex"],
    "--deadline must be a number > 0, got nan": ["verify", "--deadline", "nan"],
    "--max-ops must be a number > 0, got -1": ["verify", "--max-ops", "-1"],
    "argument --seed: invalid int value: 'x'": ["verify", "--seed", "x"],
    "unrecognized arguments: --dead": ["verify", "--dead", "3"],
    "argument COMMAND: invalid choice: 'reprot'": ["reprot"],
    "the following arguments are required: COMMAND": [],
}


@pytest.mark.parametrize("message", BAD)
def test_bad_input_is_2_one_line_and_writes_nothing(
    message: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(BAD[message]) == 2
    out, err = capsys.readouterr()
    lines = [line for line in err.splitlines() if not line.endswith((": deriving", ": drawing"))]
    assert out == "" and len(lines) == 1 and lines[0].startswith("rnnsym: ")
    assert message in lines[0].replace("≥", ">=")
    assert not list(folder.iterdir())


def test_control_characters_of_the_input_do_not_reach_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", "gru\x1b[31m"]) == 2
    assert "\x1b" not in capsys.readouterr().err


def test_a_fault_of_our_own_is_no_exit_status_of_the_user(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(model: object) -> object:
        raise ZeroDivisionError("ours")

    only(monkeypatch, Question("broken", "Broken", broken))
    assert main([*QUICK]) == 70
    err = capsys.readouterr().err
    assert "Traceback" in err and "a fault of rnnsym" in err


# Processes


def test_version_and_help_are_0(capsys: pytest.CaptureFixture[str]) -> None:
    import rnnsym

    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"rnnsym {rnnsym.__version__}\n"
    assert main(["derive", "--help"]) == 0
    assert all(q.name in capsys.readouterr().out.replace("\n", "") for q in QUESTIONS[:1])


def test_a_reader_that_goes_away_is_no_traceback() -> None:
    process = command("cells")
    assert process.stdout is not None and process.stderr is not None
    process.stdout.close()
    assert process.wait(60) == 141 and process.stderr.read() == ""


def test_within_the_deadline_the_answer_is_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["derive", "jacobian", "elman", "--wrt", "state"]
    assert main(arguments) == 0
    plain = capsys.readouterr()
    assert main([*arguments, "--deadline", "60"]) == 0
    assert capsys.readouterr() == plain


@pytest.mark.slow
def test_within_the_deadline_a_fault_is_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", "gruu", "--deadline", "60"]) == 2
    assert "did you mean 'gru'" in capsys.readouterr().err


def test_a_deadline_names_the_stage_and_writes_nothing(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    start = time.monotonic()
    assert main(["report", "lstm", "--deadline", "0.5", "--quiet"]) == 4
    assert time.monotonic() - start < 10
    out, err = capsys.readouterr()
    assert out == "" and err.startswith("rnnsym: stopped after 0.5 s at '") and err.count("\n") == 1
    assert "nothing was written" in err
    assert not list(folder.iterdir()) and ended(children(os.getpid()))


def test_a_report_stopped_at_its_deadline_keeps_what_is_finished(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from rnnsym.cells import elman
    from rnnsym.cli.child import Heard
    from rnnsym.cli.commands import packed, stopped
    from rnnsym.cli.parser import parser
    from rnnsym.report import report

    kept: list[Any] = []
    report(elman(), questions=["equations", "jacobian", "contraction"], trials=2, keep=kept.append)
    stages = ["jacobian: deriving", "jacobian: verifying 2 of 5"]
    heard = Heard(stages=stages, finished=[packed(kept[1])], reason="stopped after 3 s")
    args = parser("0").parse_args(["report", "elman", "--deadline", "3", "-o", "r.md"])
    assert stopped(args, heard) == 4
    out, err = capsys.readouterr()
    assert "stopped after 3 s at 'jacobian: verifying 2 of 5'" in err and "1 claims are kept" in err
    text = (folder / "r.md").read_text()
    assert "4 of 5 answers, the time was up" in text and "Contraction: the time was up before it was asked" in text
    assert "limit: 1 of 1 claims agree" in out


@pytest.mark.slow
def test_a_deadline_of_the_command_keeps_what_the_child_had_finished(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    # the first claim takes a tenth of this, all claims take thrice as long
    assert main(["report", "lstm", "--trials", "200", "--deadline", "25", "--quiet", "-o", "r.md"]) == 4
    out, err = capsys.readouterr()
    assert "claims are kept" in err and "limit: " in out and ended(children(os.getpid()))
    assert "jacobian of lstm with respect to state" in (folder / "r.md").read_text().replace("\\", "")


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="needs /proc")
@pytest.mark.parametrize("sign", [signal.SIGINT, pytest.param(signal.SIGTERM, marks=pytest.mark.slow), signal.SIGKILL])
def test_an_interrupt_leaves_no_child_and_no_file(folder: Path, sign: int) -> None:
    process = command("report", "lstm", "--deadline", "600")
    assert process.stderr is not None
    process.stderr.readline()  # the child is at work
    offspring = children(process.pid)
    assert offspring
    process.send_signal(sign)
    status = process.wait(20)
    assert status == (130 if sign == signal.SIGINT else -sign)
    assert ended(offspring)
    assert not list(folder.iterdir())


def test_an_interrupt_without_deadline_is_one_line(folder: Path) -> None:
    process = command("report", "lstm")
    assert process.stderr is not None
    process.stderr.readline()
    process.send_signal(signal.SIGINT)
    assert process.wait(20) == 130
    assert "Traceback" not in process.stderr.read()
    assert not list(folder.iterdir())


def test_files_of_the_current_folder_are_not_imported_by_the_child(folder: Path) -> None:
    (folder / "sympy.py").write_text("open('stolen', 'w')")
    code = "import sys; from rnnsym.cli import main; sys.exit(main(sys.argv[1:]))"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    arguments = [sys.executable, "-P", "-c", code, "derive", "jacobian", "elman", "--deadline", "60"]
    done = subprocess.run(arguments, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert not (folder / "stolen").exists()
