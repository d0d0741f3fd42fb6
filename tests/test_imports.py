"""What importing costs: nothing but the standard library before a public name is used."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import rnnsym


def python(*arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *arguments], capture_output=True, text=True, check=True, cwd=cwd)


def imported(*arguments: str) -> set[str]:
    """The modules that a Python process imports, by -X importtime."""
    lines = python("-X", "importtime", *arguments).stderr.splitlines()
    return {line.rsplit("|", 1)[1].strip() for line in lines if line.startswith("import time:")}


@pytest.mark.parametrize(
    "arguments",
    [("-c", "import rnnsym"), ("-m", "rnnsym", "--help"), ("-m", "rnnsym", "derive", "--help")],
    ids=["import", "help", "help of a command"],
)
def test_nothing_heavy_is_imported(arguments: tuple[str, ...]) -> None:
    heavy = {"sympy", "numpy", "flint", "mpmath", "scipy", "matplotlib", "multiprocessing"}
    assert not heavy & {name.split(".")[0] for name in imported(*arguments)}


def test_importing_loads_one_file_of_ours() -> None:
    # what it costs in milliseconds is measured in tests/benchmarks/startup.py
    ours = {name for name in imported("-c", "import rnnsym") if name.split(".")[0] == "rnnsym"}
    assert ours == {"rnnsym"}
    assert len(imported("-c", "import rnnsym") - imported("-c", "pass")) <= 4


def test_every_public_name_exists_and_is_listed() -> None:
    for name in rnnsym.__all__:
        assert getattr(rnnsym, name) is not None
    assert set(rnnsym.__all__) <= set(dir(rnnsym))
    assert rnnsym.rnn is rnnsym.elman


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'jacobean'"):
        rnnsym.jacobean  # noqa: B018


@pytest.mark.parametrize("first", ["rs.verify", "import rnnsym.verify", "import rnnsym.report", "rs.report"])
def test_verify_and_report_are_functions_whatever_is_imported_first(first: str) -> None:
    code = f"import rnnsym as rs\n{first}\nimport rnnsym.verify, rnnsym.report\nfrom rnnsym.verify import claim\n"
    code += (
        "import types\nassert isinstance(rs.verify, types.FunctionType) and isinstance(rs.report, types.FunctionType)"
    )
    python("-c", code)


def test_type_checkers_see_every_public_name(root: Path) -> None:
    text = (root / "rnnsym" / "__init__.py").read_text()
    checked = text[text.index("if TYPE_CHECKING:") : text.index("__version__ =")]
    missing = [
        n for n in rnnsym.__all__ if n != "__version__" and f" {n}\n" not in checked.replace("  # noqa: F401", "")
    ]
    assert not missing
