"""Without an extra: what needs it says which to install, and everything else works. Imports are blocked in a child process."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

BLOCK = """
import shutil
from importlib.machinery import PathFinder

finder = PathFinder.find_spec
PathFinder.find_spec = lambda name, *where: None if name.split(".")[0] in BLOCKED else finder(name, *where)
shutil.which = lambda *a, **k: None
import sympy as sp, numpy as np, rnnsym as rs

def refused(what, ask, *words):
    try:
        ask()
    except rs.RnnsymError as error:
        text = str(error)
        assert "\\n" not in text and all(word.lower() in text.lower() for word in words), (what, text)
        print("refused:", what)
    else:
        raise SystemExit(f"{what} needs no extra")
"""
EXTRAS = (
    "matplotlib",
    "scipy",
    "safetensors",
    "math_core",
    "typst",
    "control",
    "torch",
    "jax",
    "symengine",
    "onnx",
    "onnxruntime",
    "keras",
    "hypothesis",
)

NEEDS = """
half = sp.Rational(1, 2)
system = rs.LinearSystem([[half]], [1], [[1]], [[0]])
found = rs.report(rs.elman(), questions=["equations"], figures=False)
network = rs.load_weights({"W_h": np.eye(1), "W_x": np.eye(1)}, cell=rs.elman())
from rnnsym.questions import PICTURES
from rnnsym.cli.models import with_values
for picture in PICTURES:
    model, values = picture.example()
    model = model if model is None else with_values(model, values)
    refused(picture.name, lambda: picture.draw(model), "matplotlib", "pip install 'rnnsym[plot]'")
refused("html", found.to_html, "math-core", "pip install 'rnnsym[html]'")
refused("html file", lambda: found.write("a.html"), "pip install 'rnnsym[html]'")
refused("card as html", lambda: rs.card(rs.elman()).write("a.html"), "pip install 'rnnsym[html]'")
refused("pdf", found.to_pdf, "typst", "pip install 'rnnsym[pdf]'")
refused("pdf file", lambda: rs.report(rs.elman(), "a.pdf"), "pip install 'rnnsym[pdf]'")
refused("pictures of a page", lambda: rs.inspection(network, plot=True), "pip install 'rnnsym[plot]'")
refused("to_control", lambda: rs.to_control(system), "control", "pip install 'rnnsym[control]'")
refused("from_control", lambda: rs.from_control(system), "pip install 'rnnsym[control]'")
refused("to_scipy", lambda: rs.to_scipy(system), "scipy", "pip install 'rnnsym[numeric]'")
p = sp.Symbol("p", real=True)
refused("erfinv", lambda: rs.claim(sp.Symbol("q"), sp.erfinv(p))(p=0.5), "scipy", "pip install 'rnnsym[numeric]'")
for module in ("torch", "jax"):
    refused(module, lambda: rs.jacobian(rs.elman()).lambdify(module)(W_h=[[1.0]], h=[0.0], W_x=[[0.0]], x=[0.0], b=[0.0]), module)
"""

CORE = """
import os, tempfile
w, b = sp.symbols("w b", real=True)
assert rs.verify(rs.jacobian(rs.elman()), trials=4)
assert rs.verify(rs.fold(rs.elman(W_h=w, W_x=1, b=b)), trials=4)
assert rs.verify(rs.controllability(rs.LinearSystem([[w, 0], [0, b]], [1, 1])), trials=4)
assert rs.verify(rs.transfer_function(rs.LinearSystem([[w]], [1], [[1]], [[0]])), trials=4)
assert len(rs.fixed_points(rs.elman(W_h=2, W_x=0, b=0)).points) == 3
erf = rs.jacobian(rs.elman("erf"))
assert abs(erf(W_h=[[1.0]], h=[0.0], W_x=[[0.0]], x=[0.0], b=[0.5])[0, 0] - 2 / np.pi**0.5 * np.exp(-0.25)) < 1e-12
gelu = rs.elman("gelu", n=1)
assert rs.trajectory(gelu, {"W_h": [[0.5]]}, h0=[1.0], steps=3).shape == (3, 1)
assert "equation" in rs.jacobian(rs.gru()).latex() and rs.bibtex([rs.bptt(rs.elman())])
os.chdir(tempfile.mkdtemp())
network = rs.load_weights({"W_h": np.eye(2), "W_x": np.eye(2)}, cell=rs.elman())
for name in ("m.npz", "m.safetensors"):
    rs.save_weights(network, name)
    assert all(np.array_equal(v, network.values[k]) for k, v in rs.load_weights(name, cell=rs.elman()).values.items())
from rnnsym.questions import default_model
assert "plots need matplotlib: pip install 'rnnsym[plot]'" in rs.report(default_model(), questions=["equations"]).to_tex()
found = rs.report(rs.elman(), "a", questions=["equations", "jacobian"], trials=2)
assert sorted(os.listdir(".")) == ["a.md", "a.tex", "m.npz", "m.safetensors"], os.listdir(".")
assert found.to_json() and str(rs.card(rs.elman()))
assert rs.limited(rs.jacobian, rs.elman(), deadline=60)
from rnnsym.cli import main
assert main(["derive", "jacobian", "elman", "--wrt", "state", "--quiet"]) == 0
assert main(["plot", "bode", "-o", "a.png"]) == 2 and main(["report", "-o", "a.pdf"]) == 2 and main(["report", "-o", "b.html"]) == 2
assert sorted(os.listdir(".")) == ["a.md", "a.tex", "m.npz", "m.safetensors"]
print("core works")
"""


def run(blocked: tuple[str, ...], text: str, folder: Path) -> str:
    code = f"BLOCKED = {blocked!r}\n{BLOCK}{text}"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, cwd=folder)
    assert done.returncode == 0, done.stderr[-3000:]
    assert not list(folder.iterdir())
    return done.stdout


@pytest.mark.slow
def test_without_any_extra_what_needs_one_says_which(tmp_path: Path) -> None:
    assert run(EXTRAS, NEEDS, tmp_path).count("refused:") >= 12 + 12


@pytest.mark.slow
def test_without_any_extra_the_rest_works(tmp_path: Path) -> None:
    assert "core works" in run(EXTRAS, CORE, tmp_path)
