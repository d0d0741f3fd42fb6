"""The README: its Python blocks run, what they print is what it says, its commands and its options exist."""

from __future__ import annotations

import contextlib
import io
import re
import sys
from pathlib import Path
from typing import Any

import pytest


def blocks(text: str) -> list[tuple[str, str]]:
    """(language, content) of the fenced blocks, in order."""
    return re.findall(r"^```(\w*)\n(.*?)^```$", text, re.M | re.S)


def run(code: str, names: dict[str, Any]) -> str:
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(code, "README.md", "exec"), names)
    return printed.getvalue()


def test_python_blocks_run_and_print_what_follows_them(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from rnnsym.cells import catalogue

    module = sys.modules[catalogue.__module__]
    monkeypatch.setattr(module, "_FUNCTIONS", catalogue())  # the cell that is added stays in this test
    names: dict[str, Any] = {}
    found = blocks((root / "README.md").read_text())
    tried = 0
    for (language, content), (after, expected) in zip(found, [*found[1:], ("", "")], strict=True):
        if language == "python":
            printed = run(content, names)
            tried += 1
            assert printed == expected or after != "text"
    assert tried >= 4


def test_the_first_page_gives_latex_and_a_check(root: Path) -> None:
    first = next(content for language, content in blocks((root / "README.md").read_text()) if language == "python")
    printed = run(first, {})
    assert r"\begin{equation}" in printed
    assert "agrees: " in printed
    assert len([line for line in first.splitlines() if line]) <= 5


@pytest.mark.parametrize(("name", "end"), [("report", "rnnsym report --force"), ("test", "python -m pytest")])
def test_a_command_is_one_line_in_its_own_block(root: Path, name: str, end: str) -> None:
    found = re.findall(rf"<!-- command: {name} -->\n```sh\n(.*)\n```\n", (root / "README.md").read_text())
    assert len(found) == 1
    assert found[0].startswith("python3 -m venv .venv && ") and found[0].endswith(end)


def test_the_options_and_commands_it_names_exist(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from rnnsym.cli import main

    text = (root / "README.md").read_text()
    section = text[text.index("## Command line") : text.index("## Adding a cell")]
    helps = ""
    for command in ("report", "derive", "verify", "plot", "inspect", "card", "catalogue", "cells"):
        assert f"rnnsym {command}" in section
        assert main([command, "--help"]) == 0
        helps += capsys.readouterr().out
    named = set(re.findall(r"--[a-z-]+", section))
    assert named <= set(re.findall(r"--[a-z-]+", helps))
    assert {"--set", "--assume", "--deadline", "--max-ops", "--seed", "--digits", "--json", "--no-color"} <= named
