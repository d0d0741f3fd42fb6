"""The LaTeX of the package's own results: golden files of twelve, options of `Result.latex`, and everything in one document."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import sympy as sp

import rnnsym as rs
from rnnsym.latex import Notation
from rnnsym.latex.mathml import mathml
from rnnsym.latex.typst import typst
from rnnsym.result import Result, SpecError
from tests.every_result import collected, gives_results

GOLDEN = Path(__file__).parent / "golden" / "results"
w, b, alpha, A = sp.symbols("w b alpha A", real=True)
a1, a2, b1, b2 = sp.symbols("a1 a2 b1 b2")
HEAD = [
    r"\documentclass{article}",
    r"\usepackage[utf8]{inputenc}",
    r"\usepackage{amsmath,amssymb}",
    r"\allowdisplaybreaks",
]


def unit() -> Any:
    return rs.elman(W_h=w, W_x=1, b=b)


def first(answer: Any) -> Result:
    return answer if isinstance(answer, Result) else answer[0]


RESULTS: dict[str, tuple[Callable[[], Any], dict[str, Any]]] = {
    "elman": (lambda: rs.jacobian(rs.elman()), {"label": "eq:elman"}),
    "elman_steps": (lambda: rs.jacobian(rs.elman()), {"env": "align", "steps": True, "label": "eq:steps"}),
    "gru": (lambda: rs.jacobian(rs.gru()), {"env": "align"}),
    "lstm": (lambda: rs.jacobian(rs.lstm()), {"env": "split"}),
    "two_units": (lambda: rs.jacobian(rs.elman().at(n=2, m=1)), {"env": "equation*"}),
    "lstm_gradient": (lambda: rs.parameter_gradient(rs.lstm(), "W_hi"), {"env": "align"}),
    "fold": (lambda: rs.fold(unit()), {"env": "align"}),
    "half_life": (lambda: first(rs.half_life(unit())), {}),
    "contraction": (lambda: first(rs.contraction_condition(rs.elman())), {"env": "align*"}),
    "transfer": (lambda: rs.transfer_function(rs.LinearSystem(alpha * A, alpha, 1, 0)), {}),
    "snr": (lambda: rs.snr(rs.LinearSystem(alpha * A, alpha, 1, 0)), {"env": "align"}),
    "controllability": (lambda: rs.controllability(rs.LinearSystem(sp.diag(a1, a2), sp.Matrix([b1, b2]))), {}),
}  # fmt: skip


@pytest.mark.parametrize("name", RESULTS)
def test_the_latex_of_a_result_is_as_in_its_golden_file(name: str) -> None:
    """Set RNNSYM_GOLDEN=1 to write the files anew, then read what changed."""
    make, options = RESULTS[name]
    tex = make().latex(**options) + "\n"
    path = GOLDEN / f"{name}.tex"
    if os.environ.get("RNNSYM_GOLDEN"):
        path.write_text(tex, encoding="utf-8")
    assert tex == path.read_text(encoding="utf-8")


# The options


@cache
def jacobian() -> Result:
    return rs.jacobian(rs.gru())


def test_env_label_steps_and_notation_are_options_of_a_result() -> None:
    r = jacobian()
    assert r.latex(env="align", label="eq:J").startswith("\\begin{align}\n") and r"\label{eq:J}" in r.latex(
        label="eq:J"
    )
    assert r"\text{(chain rule)}" in r.latex(env="align", steps=True) and "chain rule" not in r.latex(env="align")
    assert "where" in r.latex() and "where" not in r.latex(where=False)
    with pytest.raises(SpecError, match="has no number"):
        r.latex(env="align*", label="eq:J")
    with pytest.raises(SpecError, match="known: inline, display, equation"):
        r.latex(env="gather")


@pytest.mark.parametrize(
    ("notation", "parts"),
    [
        (Notation(names={"W_hz": r"\mathbf{U}"}), [r"\mathbf{U}"]),
        (Notation(bold=True), [r"\mathbf{W}_{hz}", r"\mathbf{h}_{t-1}"]),
        (Notation(time="parenthesis"), ["h(t-1)", "z(t)"]),
        (Notation(time="bracket"), ["h[t-1]"]),
    ],
)
def test_notation_renames_makes_bold_and_places_the_time(notation: Notation, parts: list[str]) -> None:
    tex = jacobian().latex(notation=notation)
    assert all(part in tex for part in parts)


def test_the_transpose_mark_is_a_choice() -> None:
    r = rs.parameter_gradient(rs.elman(), "W_h")
    assert r"^{\top}" in r.latex() and r"^{\mathsf{T}}" not in r.latex()
    tex = r.latex(notation=Notation(transpose=r"\mathsf{T}"))
    assert r"^{\mathsf{T}}" in tex and r"\top" not in tex


def test_commands_define_every_symbol_once() -> None:
    r = jacobian()
    own = Notation(names={"W_hz": r"\mathbf{U}"}).commands([array.name for array in r.arrays])
    assert r"\newcommand{\rnnWhz}{\mathbf{U}}" in own.preamble.splitlines()
    used = set(re.findall(r"\\(rnn[A-Za-z]+)", r.latex(notation=own)))
    assert used and used <= set(own.definitions)
    assert own.commands(["W_hz"]).definitions == own.definitions


def test_commands_refuse_a_clash_and_a_prefix_that_is_no_command() -> None:
    with pytest.raises(SpecError, match="both be"):
        Notation().commands(["W_h", "Wh"])
    with pytest.raises(SpecError, match="letters only"):
        Notation().commands(["h"], prefix="x1")
    with pytest.raises(SpecError, match=r"uses \\input"):
        Notation(definitions={"x": r"\input{y}"})


def test_the_parts_of_a_long_hypothesis_begin_their_own_lines() -> None:
    lines = rs.parameter_gradient(rs.lstm(), "W_hi").latex(env="align").splitlines()
    starts = [line for line in lines if re.match(r"\s*&\\qquad", line)]
    assert any(r"i_t = \sigma(" in line for line in starts) and any(" c_t = f_t" in line for line in starts)
    assert not [line for line in lines if re.search(r",\\; \S+ \\notag", line)]


# Everything


def document(results: list[tuple[str, int, Result]], notation: Notation = Notation.default) -> str:
    lines = [*HEAD, notation.preamble, r"\begin{document}"]
    for name, number, r in results:
        lines += [
            rf"\typeout{{RESULT {name} {number}}}",
            r.latex(env="align", steps=True, label=f"eq:{name}-{number}".replace("_", "-"), notation=notation),
            "",
        ]
    return "\n".join([*lines, r"\end{document}", ""])


def compiled(tex: str, folder: Path) -> str:
    """The log of pdflatex, which must not stop."""
    (folder / "all.tex").write_text(tex, encoding="utf-8")
    command = ["pdflatex", "-no-shell-escape", "-interaction=nonstopmode", "all.tex"]
    log = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, errors="replace", timeout=300, check=False
    ).stdout
    assert not re.findall(r"^!.*(?:\n.*){3}", log, re.MULTILINE)
    return log


def overfull(log: str) -> list[tuple[str, float]]:
    """(result, points too wide) of every overfull line."""
    found = []
    name = ""
    for line in log.splitlines():
        if line.startswith("RESULT"):
            name = line
        elif match := re.match(r"Overfull \\hbox \(([\d.]+)pt too wide\)", line):
            found.append((name, float(match[1])))
    return found


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="pdflatex is not installed")
def test_twelve_results_compile_with_commands_of_their_own_and_fit_the_page(tmp_path: Path) -> None:
    results = [(name, 1, make()) for name, (make, _) in RESULTS.items()]
    names = {array.name for _, _, r in results for array in r.arrays}
    log = compiled(document(results, Notation(bold=True).commands(sorted(names))), tmp_path)
    assert not [(name, points) for name, points in overfull(log) if points > 5]


@pytest.mark.slow
def test_nearly_every_function_of_results_is_collected() -> None:
    found, silent = collected()
    missing = [name for name in silent if gives_results(getattr(rs, name))]
    assert len(found) > 350 and len(missing) <= 8, missing


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="pdflatex is not installed")
def test_the_whole_catalogue_compiles_in_one_document_and_no_line_runs_off_the_page(tmp_path: Path) -> None:
    log = compiled(document(list(collected()[0])), tmp_path)
    assert not [(name, points) for name, points in overfull(log) if points > 5]


@pytest.mark.slow
def test_the_whole_catalogue_has_mathml_and_typst() -> None:
    pytest.importorskip("math_core")
    engine = pytest.importorskip("typst")
    lines = []
    for name, number, r in collected()[0]:
        tex = r.latex(env="display", steps=True)
        shown = mathml(tex, display=True)
        assert not re.search("<code|math-core-unknown|merror", shown), (name, number)
        lines.append(f"$ {typst(tex)} $\n")
    assert bytes(engine.compile("\n".join(lines).encode())).startswith(b"%PDF-")
