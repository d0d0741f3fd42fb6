"""The fifty rows of bad-inputs.md over the Python API and the command line, and what is near a bad input and allowed.

One table, ROWS: how a row is provoked, what the message must say (the fact, what was given, what would do), and the same on
the command line wherever the input can be given there: its exit status, one line on standard error, nothing written.
Exit status 2 is all that is refused; 4 is work that a deadline or a memory limit stopped. Row 50 is no error: the answer says
which tolerance it took. Deeper tests of single rows stand with their subject: test_reader, test_weights, test_recorded.
"""

from __future__ import annotations

import json
import math
import os
import pickle
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sympy as sp

import rnnsym as rs
from rnnsym.cells import bidirectional, cell, elman, gru, leaky, lstm, stack, trajectory, unroll
from rnnsym.cells.hypotheses import assume, contradiction
from rnnsym.cli import main
from rnnsym.limits import FORKS, LINUX
from rnnsym.result import KinkError, LimitReached, NoClosedForm, RnnsymError, ShapeError, SpecError

pytestmark = pytest.mark.usefixtures("no_hang")

w, v = sp.symbols("w v", real=True)
HALF = sp.Rational(1, 2)
ELMAN = "h_t = tanh(W @ h + U @ x + b)"
UNSTABLE = "[system]\nA = [[1.03]]\nB = [1]\n"
HIDDEN = "[system]\nA = [[2, 0], [0, 0.5]]\nB = [0, 1]\nC = [[1, 1]]\n"
COMPANION = [[0, 1, 0, 0, 0], [0, 0, 1, 0, 0], [0, 0, 0, 1, 0], [0, 0, 0, 0, 1], [*sp.symbols("p:5", real=True)]]


@dataclass(frozen=True)
class Bad:
    """A row: `call` provokes it (given an empty folder), `says` are patterns of its message, `argv` is the same on the
    command line, whose message must match `line` (or `says`)."""

    row: int
    says: tuple[str, ...]
    call: Callable[[Path], Any] | None = None
    kind: type[Exception] = SpecError
    argv: Callable[[Path], list[str]] | tuple[str, ...] | None = None
    status: int = 2
    line: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.row}: {self.says[0][:40]}"


def torch_arrays(
    kind: str = "lstm", n: int = 3, m: int = 2, dtype: Any = np.float64, suffix: str = "_l0"
) -> dict[str, Any]:
    g = {"rnn": 1, "gru": 3, "lstm": 4}[kind]
    shapes = {"weight_ih": (g * n, m), "weight_hh": (g * n, n), "bias_ih": (g * n,), "bias_hh": (g * n,)}
    return {f"{k}{suffix}": np.full(s, 0.25).astype(dtype) for k, s in shapes.items()}


def changed(arrays: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """The arrays with some replaced; None takes one away."""
    return {k: a for k, a in {**arrays, **changes}.items() if a is not None}


def weights(
    row: int, arrays: Callable[[], dict[str, Any]], *says: str, kind: type[Exception] = SpecError, **options: Any
) -> Bad:
    """A row about weights: the mapping in Python, a .npz file of it on the command line."""

    def file(folder: Path) -> list[str]:
        np.savez(folder / "m.npz", **arrays())
        return ["inspect", "m.npz", *(part for k, v in options.items() for part in (f"--{k}", str(v)))]

    return Bad(row, says, lambda folder: rs.load_weights(arrays(), **options), kind, file)


def on_file(row: int, name: str, content: Callable[[], bytes], *says: str, kind: type[Exception] = SpecError, status: int = 2,
            **options: Any) -> Bad:  # fmt: skip
    """A row about a weight file."""

    def path(folder: Path) -> Path:
        (folder / name).write_bytes(content())
        return folder / name

    argv = None if options else (lambda folder: ["inspect", path(folder).name])
    return Bad(row, says, lambda folder: rs.load_weights(path(folder), **options), kind, argv, status)


def model(row: int, text: str, question: str, *says: str, **rest: Any) -> Bad:
    """A row about a question to a model file."""

    def argv(folder: Path) -> list[str]:
        (folder / "m.toml").write_text(text)
        return ["derive", question, "m.toml"]

    return Bad(row, says, argv=argv, **rest)


def formula(row: int, text: str, *says: str) -> Bad:
    """A row about a formula: as a parameter of a scalar unit."""
    return Bad(
        row, says, lambda folder: elman(W_h=text), argv=("verify", "elman", "--set", "n=1", "--set", f"W_h={text}")
    )


class Trap:
    def __reduce__(self) -> Any:
        return (os.mkdir, ("ran",))


def npz(**arrays: Any) -> bytes:
    import io

    made = io.BytesIO()
    np.savez(made, **arrays)
    return made.getvalue()


def half_file() -> bytes:
    header = json.dumps({"weight_hh_l0": {"dtype": "BF16", "shape": [3, 3], "data_offsets": [0, 18]}}).encode()
    return len(header).to_bytes(8, "little") + header + bytes(18)


def transfer(A: Any, B: Any, C: Any = None) -> Any:
    return rs.transfer_function(rs.LinearSystem(A, B, C))


def recorded(T: int = 4, n: int = 3, dtype: Any = np.float64) -> dict[str, Any]:
    """A run of the plain network, and its weights."""
    random = np.random.default_rng(0)
    W, U, b, x = (0.5 * random.normal(size=s).astype(dtype) for s in ((n, n), (n, 2), (n,), (T, 2)))
    h = [np.zeros(n, dtype)]
    for t in range(T):
        h.append(np.tanh(W @ h[-1] + U @ x[t] + b).astype(dtype))
    return dict(W_h=W, W_x=U, b=b, x=x, h=np.array(h))


def no_engine(folder: Path) -> Any:
    """A PDF where there is neither TeX nor Typst."""
    found = rs.report(elman(), questions=["equations"], figures=False)
    return found.write(folder / "a.pdf")


def unknown_macro(folder: Path) -> Any:
    from rnnsym.report.pdf import to_pdf

    notation = rs.Notation(names={"W_h": r"\foo"}, macros=("foo",))
    return to_pdf(rs.report(elman(), questions=["equations"], figures=False, notation=notation), engine="pdflatex")


def existing(folder: Path) -> Path:
    (folder / "report.tex").write_text("mine")
    return folder / "report.tex"


def written_over(folder: Path) -> list[str]:
    return ["report", "elman", "-o", existing(folder).name]


STEP = "a horizon|number of steps|steps|horizon T"
DEEP = "(" * 500 + "w" + ")" * 500
LONG = "w+" * 50_000 + "w"
SYSTEM = rs.LinearSystem([[w]], [1])
SIZE = "hidden size n must be a whole number >= 1, got "

ROWS = (
    Bad(1, ("unknown cell 'gruu'; did you mean 'gru'. known: elman, ",), lambda f: rs.load_model(toml(f, '[model]\ncell = "gruu"')),
        argv=("verify", "gruu")),
    *(Bad(2, (SIZE + re.escape(text),), lambda f, n=n: elman(n=n), argv=("verify", "elman", "--set", f"n={text}") if text != "True" else None)
      for n, text in ((0, "0"), (-1, "-1"), (True, "True"))),
    Bad(2, (SIZE + "2.5",), lambda f: elman().at(n=2.5), argv=("verify", "elman", "--set", "n=2.5"), line=(SIZE + "5/2",)),
    Bad(3, (r"n=12, m=1: a symbolic lstm has \d+ symbols; limit 200", "Give numbers for some weights, stay dimension-free, or raise the limit",
            r"\.at\(n=12, m=1, limit=\d+\)"), lambda f: lstm(n=12, m=1), LimitReached, ("verify", "lstm", "--set", "n=12")),
    *(Bad(4, (f"({STEP}).* must be a whole number >= [01].*, got {re.escape(repr(T))}",), ask)
      for T in (-1, 2.5, True)
      for ask in (lambda f, T=T: rs.bptt(elman(), T), lambda f, T=T: rs.steer(SYSTEM, [0], [1], T), lambda f, T=T: trajectory(elman(), {}, steps=T))),
    Bad(4, (r"a horizon must be a whole number >= 0, a symbol of one, or oo; got -1",), lambda f: rs.gramian(SYSTEM, "controllability", horizon=-1)),
    Bad(4, (r"T = 0 is the empty product\) must be a whole number >= 0, got -1",), lambda f: unroll(elman(), -1),
        argv=lambda f: inspect_steps(f, "-1"), line=("steps",)),
    Bad(5, ("W_h is 3 x 4; a recurrent matrix must be square",), lambda f: elman(W_h=np.ones((3, 4))), ShapeError),
    Bad(5, ("A is 1 x 3; the matrix of a recurrence must be square",), lambda f: rs.LinearSystem([[1, 2, 3]], [1]), ShapeError,
        lambda f: ask(f, "[system]\nA = [[1, 2, 3]]\nB = [1]", "modes")),
    Bad(6, ("W_x is 4 x 1, hidden size is 3",), lambda f: elman(W_h=np.eye(3), W_x=np.ones((4, 1))), ShapeError,
        lambda f: ask(f, '[model]\ncell = "elman"\n[parameters]\nW_h = [[1, 0], [0, 1]]\nW_x = [[1], [1], [1]]', "jacobian"),
        line=("W_x is 3 x 1, hidden size is 2",)),
    weights(7, lambda: changed(torch_arrays(), weight_ih_l0=np.zeros((2, 12))),
            r"weight_ih_l0 is \(2, 12\); layout 'torch-lstm' needs \(12, 2\)", r"Keras\? use layout 'keras-lstm'", kind=ShapeError),
    weights(8, lambda: changed(torch_arrays("gru"), weight_ih_l0=np.zeros((10, 2))), r"weight_ih_l0 has 10 rows, not 3.hidden \(GRU\)", kind=ShapeError),
    weights(9, lambda: {"a": np.zeros((12, 2)), "c": np.zeros((12, 3))}, "gate order cannot be seen from shapes; pass layout="),
    weights(10, lambda: changed(torch_arrays(), bias_hh_l0=None), "missing 'bias_hh_l0'", r"\(found: bias_ih_l0", "for bias=False pass bias=False"),
    weights(11, lambda: changed(torch_arrays(), weight_hr_l0=np.zeros((2, 3))), r"weight_hr_l0: projection LSTM \(proj_size\) not supported"),
    weights(12, lambda: {**torch_arrays(), **torch_arrays(suffix="_l0_reverse"), **torch_arrays(m=6, suffix="_l1"),
                         **torch_arrays(m=6, suffix="_l1_reverse")}, "2 layers, bidirectional: choose layer=0, direction='forward'"),
    *(weights(13, lambda bad=bad: changed(torch_arrays(), weight_ih_l0=np.where(np.arange(24).reshape(12, 2) == 4, bad, 1.0)),
              rf"weight_ih_l0\[2, 0\] is {bad}; refusing") for bad in (math.nan, math.inf)),
    Bad(13, ("refusing",), lambda f: leaky(a=math.nan)),
    weights(14, lambda: torch_arrays(dtype=np.int64), "dtype int64 would overflow silently; cast to float64"),
    weights(15, lambda: torch_arrays(dtype=np.float16), "dtype float16 not readable with NumPy; export as float32"),
    on_file(15, "m.safetensors", half_file, "dtype bfloat16 not readable with NumPy; export as float32"),
    weights(16, lambda: torch_arrays(dtype=np.complex128), "complex weights: this cell's field is real", "give real and imaginary parts as arrays"),
    Bad(16, ("complex numbers; the field of elman is real",), lambda f: elman(W_h=1j)),
    on_file(17, "m.npz", lambda: npz(weight_hh_l0=np.array([Trap()], dtype=object)),
            "holds Python objects; loading would run code. Re-save with np.savez or safetensors"),
    *(on_file(18, f"m{suffix}", lambda: pickle.dumps(Trap()), "not read on purpose", r"run: .*save_file\(model.state_dict\(\), 'm.safetensors'\)")
      for suffix in (".pt", ".pth", ".pkl")),
    on_file(19, "m.safetensors", lambda: b"\xff" * 64, "is not a safetensors file: header"),
    on_file(19, "m.npz", lambda: npz(a=np.zeros(3))[:-30], "m.npz"),
    Bad(20, ("no such file: .*none.npz",), lambda f: rs.load_weights(f / "none.npz"), argv=("inspect", "none.npz")),
    Bad(20, ("is a folder; give a file",), lambda f: rs.load_weights(f), argv=("inspect", ".")),
    Bad(20, ("no such file",), lambda f: rs.load_model(f / "none.toml"), argv=("verify", "none.toml"), line=("none.toml: no such file",)),
    on_file(20, "m.npz", lambda: npz(a=np.zeros(1000)), "kB exceeds 1 kB; raise it with max_bytes=", kind=LimitReached, max_bytes=1024),
    Bad(21, ("unknown activation 'gelu2'; did you mean 'gelu'. known: tanh, .* or pass a formula of x",), lambda f: elman("gelu2"),
        argv=lambda f: ask(f, '[model]\ncell = "elman"\n[options]\nphi = "gelu2"', "jacobian")),
    Bad(22, ("activation uses 'y'; only x is allowed",), lambda f: elman("x*y"),
        argv=lambda f: ask(f, '[model]\ncell = "elman"\n[options]\nphi = "x*y"', "jacobian")),
    Bad(23, (r"ReLU is not differentiable at a=0 \(unit 2\); name a side or a region",),
        lambda f: rs.jacobian(elman("relu"))(W_h=np.eye(2), h=np.array([1.0, 0.0]), W_x=np.zeros((2, 1)), x=np.zeros(1), b=np.zeros(2)), KinkError),
    Bad(23, ("elman is not differentiable at the given h", "name a side"),
        lambda f: rs.linearize(elman("relu", W_h=[[1, 0], [0, 1]], W_x=[[1], [0]], b=0), at=0, input=0)),
    formula(24, "os.system", r"Attribute is not allowed \(column 3\)"),
    formula(24, "f('x')", "text in quotes is not allowed"),
    formula(24, "lambda: 0", "'lambda' is a Python keyword"),
    formula(24, "__import__('os')", "name '__import__' must match|text in quotes is not allowed"),
    formula(25, "tanh(w*h", r"unexpected end.*column 9.*: tanh\(w\*h"),
    Bad(26, ("unknown name 'wh'; known: ",), lambda f: assume(elman(), "wh > 0"), argv=("verify", "--assume", "wh > 0")),
    Bad(26, ("unknown name 'wh'; known: ",), argv=("verify", "elman", "--set", "n=1", "--set", "W_h=wh")),
    formula(27, "2w", r"write 2\*w"),
    formula(28, "w == 1", "one expression expected.*use Eq or two arguments"),
    formula(28, "w = 1", "one expression expected.*use Eq or two arguments"),
    formula(29, "9**9**9", "exponent 387420489 is over the limit 64"),
    formula(29, DEEP, "nesting depth 500 is over the limit 60"),
    formula(29, LONG, "100001 characters; the limit on length is 2000"),
    formula(30, "1/0", "division by zero.*column 2"),
    Bad(31, (r"name '\\\\input\{x\}' must match .*it would be inserted in code and LaTeX",), lambda f: elman(W_h=sp.Symbol("\\input{x}", real=True)),
        argv=("verify", "--set", "\\input{x}=1"), line=("must match .*it would be inserted in code and LaTeX",)),
    Bad(31, ("must match",), lambda f: cell("h = W @ h", state="<b>"),
        argv=lambda f: ask(f, '[model]\nequations = ["h_t = W @ h"]\nstate = "<b>"', "jacobian")),
    Bad(32, (r"two symbols print as 'w' \((real and complex|complex and real)\); use the model's own",),
        lambda f: elman(W_h=[[w, sp.Symbol("w")], [0, 1]])),
    Bad(32, ("W_h_11 in a value given to elman is the name of its own W_h; rename yours|name of its own b; rename yours",),
        lambda f: elman(W_h=sp.Symbol("b", real=True)),
        argv=lambda f: ask(f, '[model]\ncell = "elman"\n[parameters]\nW_h = "b"', "jacobian")),
    Bad(33, (r"'w_h' is not in this result; free symbols: W_h, .*\(nothing would change\)",), lambda f: rs.jacobian(elman()).subs({"w_h": 1})),
    Bad(33, ("elman has no parameter 'w_h'; it has: W_h",), lambda f: elman().subs({"w_h": 1}), argv=("verify", "elman", "--set", "w_h=1")),
    Bad(34, ("cannot hold together with w > 1: no value of w meets all of it; leave one out",), lambda f: assume(elman(W_h=w), ["w > 1", "abs(w) < 1"]),
        argv=("derive", "jacobian", "elman", "--set", "n=1", "--assume", "W_h > 1", "--assume", "abs(W_h) < 1"), line=("cannot hold together",)),
    Bad(35, ("w = 1 contradicts a hypothesis of gain at rest.*Ne.1 - w, 0.; this formula does not hold there",),
        lambda f: rs.dc_gain(rs.LinearSystem(w, 1, 1, 0)).subs({"w": 1}), RnnsymError),
    Bad(35, ("w = 1/2 contradicts a hypothesis of fold of elman: w > 1",), lambda f: rs.fold(elman(W_h=w, W_x=1, b=v)).subs({w: HALF}), RnnsymError),
    Bad(36, (r"residual 0\.76 at the given h\*; linearization there is not a fixed-point analysis. Use fixed_points",),
        lambda f: rs.linearize(elman(W_h=2, W_x=1, b=1), at=0, input=0)),
    Bad(37, (r"elman is nonlinear.*give an operating point h\*, x\*: linearize\(cell, at=...\)",), lambda f: rs.transfer_function(elman(n=2, m=1)),
        argv=("derive", "transfer-function", "elman", "--set", "n=2"), line=("transfer-function does not apply to elman.*operating point",)),
    Bad(38, ("pole 2 cancels a zero: a hidden unstable mode.*use minimal=False",),
        lambda f: transfer([[2, 0], [0, HALF]], [0, 1], [[1, 1]]), RnnsymError, lambda f: ask(f, HIDDEN, "transfer-function")),
    *(Bad(39, (r"rho\(A\) = 1.03 >= 1: the infinite sum diverges.*use a finite horizon",), lambda f, g=g: g(rs.LinearSystem(sp.Rational(103, 100), 1, 1, 0)),
          RnnsymError, lambda f, q=q: ask(f, UNSTABLE, q))
      for g, q in ((rs.covariance, "noise"), (rs.snr, "snr"), (lambda s: rs.gramian(s, "controllability"), "gramians"))),
    Bad(40, (r"an eigenvalue of A has no closed form \(a root of lambda\*\*5 .*\); give numbers for some entries.*stability_conditions.*Schur-Cohn conditions",),
        lambda f: rs.matrix_power(COMPANION), NoClosedForm, lambda f: ask(f, five(), "timescales"), 2, ("no closed form.*give numbers.*Schur-Cohn",)),
    Bad(41, ("the rank is as computed unless .* = 0 everywhere; this could not be decided",),
        lambda f: rs.controllability(rs.LinearSystem([[sp.zeta(3) * w, 0], [0, 1]], [1, sp.besselj(0, w)])), RnnsymError),
    Bad(42, (r"covariance not positive semidefinite \(eigenvalue -1\)",),
        lambda f: rs.covariance(rs.LinearSystem([[HALF, 0], [0, 0]], [[1, 0], [0, 1]]), noise=[[1, 2], [2, 1]])),
    Bad(42, ("a variance must be >= 0, got -1",), lambda f: rs.covariance(rs.LinearSystem(HALF, 1), noise=-1)),
    Bad(42, ("a variance must be positive, got -1",), lambda f: rs.snr(rs.LinearSystem(HALF, 1), variance=-1)),
    Bad(43, ("dt must be > 0, got 0",), lambda f: rs.discretize(rs.LinearSystem(-1, 1, time=rs.Time("continuous")), "zoh", 0)),
    Bad(43, ("dt must be > 0, got -1",), lambda f: rs.one_step([[-1]], "euler", -1)),
    Bad(43, ("must be > 0, got 0",), lambda f: rs.Time("discrete", 0), argv=lambda f: ask(f, UNSTABLE + "step = 0\n", "modes")),
    Bad(44, (r"stopped after 0.05 s at 'endless'; nothing was kept; give numbers for some parameters, ask a smaller question, or raise the limit",),
        lambda f: rs.limited(endless, deadline=0.05), LimitReached, ("report", "lstm", "--deadline", "0.3"), 4,
        ("stopped after 0.3 s at '.*'.*nothing was written; try --set, a smaller question or a longer --deadline",)),
    Bad(44, ("the memory limit of 30 MB was reached at 'hungry'; nothing was kept",), lambda f: rs.limited(hungry, memory=30), LimitReached),
    Bad(45, (r"plots need matplotlib: pip install 'rnnsym\[plot\]'",), lambda f: rs.plot.stability_triangle(), RnnsymError,
        ("plot", "bode", "-o", "a.png")),
    Bad(46, (r"a PDF needs pdflatex, or typst: pip install 'rnnsym\[pdf\]'; or write .tex, .md or .html",), no_engine,
        argv=("report", "elman", "-o", "a.pdf")),
    Bad(47, (r"the LaTeX '\\\\foo' of W_h uses \\foo; known math commands only, or declare your own macro",), lambda f: rs.Notation(names={"W_h": r"\foo"}),
        argv=lambda f: ask(f, '[model]\ncell = "elman"\n[notation]\nW_h = "\\\\foo"', "jacobian")),
    Bad(48, ("report.tex exists; use --force",), lambda f: rs.report(elman(), existing(f)), argv=written_over),
    Bad(48, ("no folder .*none to write a.tex in; make it first",), lambda f: rs.report(elman(), f / "none" / "a.tex"),
        argv=("report", "-o", "none/a.tex")),
    Bad(49, (r"x has shape \(0, 5\); .*T >= 1, is needed",),
        lambda f: rs.verify(rs.jacobian(elman()), data=dict(x=np.zeros((0, 5)), h=np.zeros((1, 5)), W_h=np.eye(5), W_x=np.eye(5), b=np.zeros(5))), ShapeError),
    Bad(49, (r"x is \(2, 2, 2\) .*\(T, m\)",), lambda f: trajectory(elman(), {"W_h": [[1.0]]}, x=np.zeros((2, 2, 2))), ShapeError),
)  # fmt: skip


def toml(folder: Path, text: str) -> Path:
    (folder / "m.toml").write_text(text)
    return folder / "m.toml"


def ask(folder: Path, text: str, question: str) -> list[str]:
    toml(folder, text)
    return ["derive", question, "m.toml"]


def five() -> str:
    rows = [[str(e) if not e.is_number else int(e) for e in map(sp.sympify, row)] for row in COMPANION]
    return f"[system]\nA = {json.dumps(rows)}\nB = [0, 0, 0, 0, 1]\n"


def inspect_steps(folder: Path, steps: str) -> list[str]:
    (folder / "m.npz").write_bytes(npz(**torch_arrays("rnn")))
    return ["inspect", "m.npz", "--steps", steps]


def endless() -> None:
    while True:
        pass


def hungry() -> None:
    held = []
    while True:
        held.append(bytearray(2**20))


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.chdir(tmp_path)
    yield tmp_path


def content(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() if p.is_file() else b"" for p in folder.rglob("*")}


def surroundings(row: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is missing for row 45 and 46."""
    if row == 45:
        for name in ("matplotlib", "matplotlib.pyplot"):
            monkeypatch.setitem(sys.modules, name, None)
    if row == 46:
        pdf = import_module("rnnsym.report.pdf")
        monkeypatch.setattr(pdf.shutil, "which", lambda name: None)
        monkeypatch.setattr(pdf, "find_spec", lambda name: None)


def needed(bad: Bad) -> None:
    if bad.row == 44 and not (FORKS and LINUX):
        pytest.skip("limits of memory need Linux")


@pytest.mark.parametrize("bad", [b for b in ROWS if b.call], ids=str)
def test_the_api_says_what_is_wrong(bad: Bad, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    needed(bad)
    surroundings(bad.row, monkeypatch)
    assert bad.call is not None
    with pytest.raises(bad.kind) as caught:
        bad.call(folder)
    assert isinstance(caught.value, RnnsymError)
    text = " ".join(str(caught.value).split())
    for pattern in bad.says:
        assert re.search(pattern, text), f"{pattern!r} is not in {text!r}"
    assert len(text) < 1000 and "Traceback" not in text
    after = content(folder)
    assert after.pop("report.tex", b"mine") == b"mine"
    assert all(re.fullmatch(r"m\.\w+", name) for name in after), "something besides the input was written"


@pytest.mark.parametrize("bad", [b for b in ROWS if b.argv], ids=str)
def test_the_command_line_says_it_in_one_line(
    bad: Bad, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    needed(bad)
    surroundings(bad.row, monkeypatch)
    assert bad.argv is not None
    argv = list(bad.argv) if isinstance(bad.argv, tuple) else bad.argv(folder)
    before = content(folder)
    assert main([*argv, "--quiet"]) == bad.status
    out, err = capsys.readouterr()
    assert out == "" and err.count("\n") == 1 and err.startswith("rnnsym: ") and "Traceback" not in err
    for pattern in bad.line or bad.says:
        assert re.search(pattern, err), f"{pattern!r} is not in {err!r}"
    assert content(folder) == before


def test_every_row_is_there() -> None:
    assert {b.row for b in ROWS} == set(range(1, 50))


def test_row_50_data_of_single_precision() -> None:
    J = rs.jacobian(elman())
    check = rs.verify(J, data=recorded(dtype=np.float32))
    assert check and "data are float32: tolerance raised to 2e-05" in str(check)
    assert "data are float64: tolerance 1e-10" in str(rs.verify(J, data=recorded()))


@pytest.mark.slow
def test_row_47_tex_names_the_command_and_the_line(folder: Path) -> None:
    import shutil

    if shutil.which("pdflatex") is None:
        pytest.skip("needs pdflatex")
    with pytest.raises(RnnsymError, match=r"pdflatex stopped: Undefined control sequence \\foo \(line \d+\)"):
        unknown_macro(folder)
    assert not content(folder)


@pytest.mark.slow
@pytest.mark.parametrize("bad", [b for b in ROWS if b.argv and b.row in (1, 17, 29, 31, 39, 48)], ids=str)
def test_a_real_process_does_the_same(bad: Bad, folder: Path) -> None:
    assert bad.argv is not None
    argv = list(bad.argv) if isinstance(bad.argv, tuple) else bad.argv(folder)
    before = content(folder)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    done = subprocess.run(
        [sys.executable, "-P", "-m", "rnnsym", *argv, "--quiet"], env=environment, capture_output=True, text=True
    )
    assert done.returncode == bad.status and done.stdout == "" and done.stderr.count("\n") == 1, done.stderr
    assert content(folder) == before


# Near a row: other ways to the same fault, and what is allowed


def refused(match, function, kind=RnnsymError):
    with pytest.raises(kind, match=match):
        function()


@pytest.mark.parametrize("size", [0, -1, 2.5, True, "2", None.__class__, float("nan")])
def test_row_2_sizes(size):
    refused("hidden size n must be a whole number >= 1, got", lambda: elman(n=size), SpecError)
    refused("hidden size n must be a whole number >= 1, got", lambda: elman().at(n=size), SpecError)


def test_row_2_a_size_symbol_must_be_a_whole_number():
    refused("may be no whole number", lambda: elman(n=sp.Symbol("k")), SpecError)
    assert elman(n=sp.Symbol("k", integer=True, positive=True)).sizes[0].name == "k"


def test_row_3_too_many_symbols(capsys):
    refused(
        r"n=12, m=1: a symbolic lstm has \d+ symbols; limit 200. Give numbers", lambda: lstm(n=12, m=1), LimitReached
    )
    refused("limit 200", lambda: cell(ELMAN, state="h", input="x", shapes={"h": 15}), LimitReached)
    assert lstm().at(n=12, m=1, limit=1000).is_explicit
    assert main(["verify", "lstm", "--set", "n=12"]) == 2
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
