"""The layers of DESIGN section 2: the left may be imported by the right, never the reverse."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

# Rooms of one inner tuple do not see each other, but for what is allowed in WITHIN.
LAYERS = (
    ("result", "theory"), ("reader", "limits"), ("exact",), ("vectors",), ("defined",), ("code",), ("activations",), ("cells", "systems"),
    ("analysis.jacobian",), ("analysis.fixedpoint", "analysis.linear", "analysis.search"), ("analysis.scalar",), ("analysis.modes", "analysis.stability"),
    ("analysis.contraction",), ("analysis.certificates", "analysis.linearization"), ("analysis.gates", "analysis.coupling", "analysis.lyapunov"),
    ("analysis.normalforms", "analysis.structure_conditions"), ("analysis.gradient", "analysis.bifurcation", "analysis.families", "analysis.structure"),
    ("analysis.nonnormality", "analysis.onestep"), ("analysis.transients", "analysis.integrators", "analysis.constrained"),
    ("analysis.structure_steering", "analysis.structure_kalman", "analysis.accessibility", "analysis.symmetries", "analysis.recurrences_gated", "analysis.inference",
     "analysis.computation"), ("analysis.filters",), ("analysis.poles", "analysis.straight_line"), ("analysis.transfer", "analysis.mcmillan", "analysis.cancellation"),
    ("analysis.response", "analysis.frequency"), ("analysis.gramians",), ("analysis.noise", "analysis.memory", "analysis.meanfield"),
    ("analysis.snr", "analysis.norms"),
    ("analysis.statespace", "analysis.attention", "analysis.parity", "analysis.volterra"), ("analysis.capacity",),
    ("solving",), ("chance",), ("weights",), ("network", "recorded"), ("comparison",), ("bounds", "shrinking"), ("verify", "latex", "plots", "spec", "testing", "interop"), ("inspection",),
    ("questions",), ("report",), ("card",), ("cli",), ("__main__",),
)  # fmt: skip
RANK = {room: rank for rank, rooms in enumerate(LAYERS) for room in rooms}
# Of one layer: testing asserts with verify; model files may name weights.
WITHIN = {("testing", "verify"), ("testing", "weights"), ("spec", "weights"), ("systems", "cells")}
# Imports inside functions that point to the right: a Result's methods reach the printers when called (file -> rooms).
LATE = {"result": {"reader", "vectors", "code", "latex"}}
# Files whose imports inside functions are free, because they must load nothing before it is needed.
LAZY = {"__init__", "cli"}


def room_of(module: str) -> str:
    """rnnsym.exact.balls -> exact, rnnsym.analysis.jacobian -> analysis.jacobian."""
    parts = module.split(".")[1:]
    return ".".join(parts[:2]) if parts[:1] == ["analysis"] else (parts[0] if parts else "__init__")


def imports(path: Path, module: str) -> Iterator[tuple[str, bool, int]]:
    """(imported rnnsym module, whether inside a function, line), TYPE_CHECKING blocks left out."""
    tree = ast.parse(path.read_text())
    inside: dict[ast.AST, bool] = {tree: False}
    stack: list[ast.AST] = [tree]
    while stack:
        node = stack.pop()
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            children: list[ast.AST] = list(node.orelse)
        else:
            children = list(ast.iter_child_nodes(node))
        late = inside[node] or isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        for child in children:
            inside[child] = late
        stack += children
        if isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name.split(".")[0] == "rnnsym":
                    yield alias.name, inside[node], node.lineno
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                package = module.split(".") if path.name == "__init__.py" else module.split(".")[:-1]
                base = ".".join(package[: len(package) - node.level + 1] + ([base] if base else []))
            if base in ("rnnsym", "rnnsym.analysis"):
                for alias in node.names:
                    yield f"{base}.{alias.name}", inside[node], node.lineno
            elif base.split(".")[0] == "rnnsym":
                yield base, inside[node], node.lineno
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith("import_module") and node.args:
            # import_module("rnnsym.x"), or f"rnnsym.x.{name}" of a lazy package
            first = node.args[0]
            text = first.values[0] if isinstance(first, ast.JoinedStr) and first.values else first
            if isinstance(text, ast.Constant) and str(text.value).startswith("rnnsym."):
                yield str(text.value).rstrip("."), inside[node], node.lineno


def faults(path: Path, package: Path) -> Iterator[str]:
    """What the imports of one file do wrong."""
    parts = path.relative_to(package).with_suffix("").parts
    module = ".".join(["rnnsym", *(p for p in parts if p != "__init__")])
    here = room_of(module)
    if here == "__init__" or module == "rnnsym.analysis":
        return
    if here not in RANK:
        yield f"{module} is in no layer; add it to LAYERS"
        return
    for target, late, line in imports(path, module):
        there = room_of(target)
        if there in (here, "__version__"):
            continue
        if there == "__init__" or there not in RANK:
            where = f"{module}, line {line}: imports {target}"
            yield (
                f"{where}; name the module, not the package"
                if there == "__init__"
                else f"{where}, which is in no layer"
            )
        elif RANK[there] < RANK[here] or (here, there) in WITHIN:
            if late and here not in LAZY and (here, there) != ("questions", there):
                yield f"{module}, line {line}: imports {target} inside a function; imports stand at the top"
        elif not (late and there in LATE.get(here, ())):
            yield f"{module}, line {line}: imports {target}, which is not to its left"


def test_imports_point_to_the_left(root: Path) -> None:
    package = root / "rnnsym"
    found = [fault for path in sorted(package.rglob("*.py")) for fault in faults(path, package)]
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    ("file", "text", "message"),
    [
        ("vectors.py", "from rnnsym.cells import gru", "not to its left"),
        ("vectors.py", "def f():\n    from rnnsym.cells import gru", "not to its left"),
        ("vectors.py", "def f():\n    from rnnsym.result import Result", "at the top"),
        ("analysis/gradient.py", "from rnnsym.analysis import structure", "not to its left"),
        ("analysis/jacobian.py", "from . import stability", "not to its left"),
        ("analysis/jacobian.py", "from ..latex import page", "not to its left"),
        ("cells/record.py", "import rnnsym", "name the module"),
        ("kitchen.py", "", "in no layer"),
        ("result.py", "from rnnsym.vectors import column", "not to its left"),
        ("code.py", "from importlib import import_module\nx = import_module('rnnsym.verify')", "not to its left"),
    ],
)
def test_a_wrong_import_is_refused(tmp_path: Path, file: str, text: str, message: str) -> None:
    path = tmp_path / file
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    assert any(message in fault for fault in faults(path, tmp_path))


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("result.py", "class Result:\n    def latex(self):\n        from rnnsym.latex import page"),
        ("analysis/gradient.py", "from rnnsym.analysis.jacobian import jacobian"),
        ("cli.py", "def main():\n    from rnnsym.report import report"),
        (
            "cells/record.py",
            "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from rnnsym.verify import verify",
        ),
    ],
)
def test_a_right_import_is_accepted(tmp_path: Path, file: str, text: str) -> None:
    path = tmp_path / file
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    assert not list(faults(path, tmp_path))
