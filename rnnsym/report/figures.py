"""The pictures of a report: which a model gives a meaning, where their files stand, and their bytes."""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from rnnsym.plots.style import MISSING, has_matplotlib, painted
from rnnsym.questions import PICTURES, picture
from rnnsym.report.parts import Figure
from rnnsym.result import RnnsymError


def pictures_of(model: Any) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The names of the pictures that belong in the report of a model; and what is left out, if they cannot be drawn."""
    names = tuple(p.name for p in PICTURES if p.report and p.applies(model) is None)
    return (names, ()) if not names or has_matplotlib() else ((), (f"Pictures: {MISSING}",))


def planned(names: Iterable[str], document: Path, kind: str) -> Iterator[tuple[Figure, Path]]:
    """Each picture of a document with the path of its file: paper.tex has paper-bode.pdf."""
    stem = re.sub(r"[^A-Za-z0-9._-]+", "-", document.stem)
    for name in names:
        entry = picture(name)
        place = document.with_name(f"{stem}-{name}.{kind}")
        yield Figure(entry.question, name, entry.text, place.name), place


def drawn(name: str, model: Any, kind: str) -> tuple[bytes | None, str]:
    """The bytes of a picture, or None and why there is none. The same model gives the same bytes."""
    entry = picture(name)
    try:
        with painted():
            figure = entry.draw(model)
            return saved(figure, kind), ""
    except RnnsymError as error:
        return None, f"{entry.text}: {error}"


def saved(figure: Any, kind: str) -> bytes:
    """A figure as a PNG, SVG or PDF file, without a date."""
    stream = io.BytesIO()
    dates = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}.get(kind)
    figure.savefig(stream, format=kind, dpi=160, bbox_inches="tight", pad_inches=0.06, metadata=dates)
    return stream.getvalue()
