"""A report as a PDF file: pdflatex where there is one, otherwise Typst (extra `pdf`); the same content.

TeX runs in an empty temporary folder, without shell escape and without files from elsewhere; its date is that of no day, so
that the same report has the same bytes.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from rnnsym.report.parts import Figure
from rnnsym.report.tex import to_tex
from rnnsym.report.typst import to_typst
from rnnsym.result import LimitReached, RnnsymError, SpecError

if TYPE_CHECKING:
    from rnnsym.report.record import Report

MISSING = "a PDF needs pdflatex, or typst: pip install 'rnnsym[pdf]'; or write .tex, .md or .html"
SECONDS = 120
"""Of one run of pdflatex."""


class TexError(RnnsymError):
    """pdflatex stopped; the message has its first complaint."""


def pdf_engine() -> str | None:
    """ "pdflatex", "typst", or None: what a PDF can be made with."""
    if shutil.which("pdflatex") is not None:
        return "pdflatex"
    return "typst" if find_spec("typst") is not None else None


def to_pdf(found: Report, figures: Sequence[Figure] = (), *, engine: str | None = None) -> bytes:
    """The report as a PDF file. A TeX without the packages that are needed gives way to Typst.

    Raises: SpecError without an engine; LimitReached if TeX takes too long; TexError if it stops and there is no Typst.
    """
    chosen = engine or pdf_engine()
    if chosen is None:
        raise SpecError(MISSING)
    with tempfile.TemporaryDirectory(prefix="rnnsym-") as name:
        folder = Path(name)
        for figure in figures:
            (folder / figure.file).write_bytes(figure.content)
        if chosen == "typst":
            return _with_typst(found, figures, folder)
        try:
            return _with_tex(to_tex(found, figures), folder)
        except TexError:
            if engine is not None or find_spec("typst") is None:
                raise
            return _with_typst(found, figures, folder)


def _with_tex(text: str, folder: Path) -> bytes:
    (folder / "report.tex").write_text(text, encoding="utf-8")
    kept = {
        k: v for k, v in os.environ.items() if k in ("PATH", "HOME", "TEXMFHOME", "TEXMFVAR", "SystemRoot", "TMPDIR")
    }
    environment = {**kept, "openin_any": "p", "openout_any": "p", "SOURCE_DATE_EPOCH": "0", "FORCE_SOURCE_DATE": "1"}
    command = ["pdflatex", "-no-shell-escape", "-interaction=nonstopmode", "-halt-on-error", "report.tex"]
    for _ in range(3):  # numbers, then what they move
        try:
            done = subprocess.run(
                command,
                cwd=folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise LimitReached(f"pdflatex took more than {SECONDS} s; write .tex and run it yourself") from error
        log = done.stdout.decode(errors="replace")
        if done.returncode:
            raise TexError(f"pdflatex stopped: {_complaint(log)}; write .tex, or pip install 'rnnsym[pdf]'")
        if "Rerun to get" not in log and "No file report.aux" not in log and "Rerun LaTeX" not in log:
            break
    return (folder / "report.pdf").read_bytes()


def _complaint(log: str) -> str:
    found = re.search(r"^! (.*)$", log, re.M)
    if found is None:
        return "it gave no reason"
    # l.12 ... \foo: the last word before the break is what TeX stumbled over
    place = re.search(r"^l\.(\d+) (.*)$", log[found.end() :], re.M)
    if place is None:
        return found[1].strip()
    command = re.search(r"\\[A-Za-z]+$", place[2].rstrip())
    what = f" {command[0]}" if command and "Undefined" in found[1] else ""
    return f"{found[1].strip().rstrip('.')}{what} (line {place[1]})"


def _with_typst(found: Report, figures: Sequence[Figure], folder: Path) -> bytes:
    import typst

    path = folder / "report.typ"
    path.write_text(to_typst(found, figures), encoding="utf-8")
    return bytes(typst.compile(str(path), root=str(folder), ignore_system_fonts=True, timestamp=0))
