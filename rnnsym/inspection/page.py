"""A page of sections with text and tables, as plain text, Markdown, HTML and JSON.

May import: result. Every name and number that comes from a file is escaped.
"""

from __future__ import annotations

import base64
import html
import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from rnnsym.result import SpecError

STYLE = (
    "body{font:16px/1.45 system-ui,sans-serif;max-width:62em;margin:2em auto;padding:0 1em;color:#222}"
    "table{border-collapse:collapse;margin:.6em 0}td,th{padding:.15em .8em .15em 0;text-align:left;vertical-align:top;"
    "font-variant-numeric:tabular-nums}th{border-bottom:1px solid #999;font-weight:600}h1{font-size:1.5em}h2{font-size:1.15em;"
    "margin:1.4em 0 .3em}p{margin:.3em 0}img{max-width:100%}"
)


@dataclass(frozen=True)
class Section:
    """A heading, lines of text, and a table of `rows` under `headings`; `data` is what JSON has of it."""

    title: str
    lines: tuple[str, ...] = ()
    headings: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Page:
    """Sections in order, and pictures (name, caption, PNG bytes)."""

    title: str
    sections: tuple[Section, ...]
    pictures: tuple[tuple[str, str, bytes], ...] = ()

    def section(self, title: str) -> Section:
        for s in self.sections:
            if s.title == title:
                return s
        raise SpecError(f"no section {title!r}; there are: {', '.join(s.title for s in self.sections)}")

    def text(self) -> str:
        """For the terminal."""
        parts = [self.title, "=" * len(self.title)]
        for s in self.sections:
            parts += ["", s.title, "-" * len(s.title), *s.lines]
            if s.rows:
                table = [s.headings, *s.rows]
                widths = [max(len(row[k]) for row in table) for k in range(len(s.headings))]
                parts += ["  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)).rstrip() for row in table]
        return "\n".join(parts)

    def markdown(self, folder: str = "") -> str:
        """For GitHub; pictures are files in `folder`, named as in `files`."""
        parts = [f"# {_plain(self.title)}", ""]
        for s in self.sections:
            parts += [f"## {_plain(s.title)}", ""]
            parts += [f"{_plain(line)}  " for line in s.lines] + ([""] if s.lines else [])
            if s.rows:
                parts += [f"| {' | '.join(map(_plain, s.headings))} |", "|" + "---|" * len(s.headings)]
                parts += [f"| {' | '.join(map(_plain, row))} |" for row in s.rows] + [""]
        for name, caption, _ in self.pictures:
            parts += [f"![{_plain(caption)}]({folder}{name}.png)", ""]
        return "\n".join(parts).rstrip() + "\n"

    def html(self) -> str:
        """One file, pictures inside."""
        safe = html.escape
        parts = [
            f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{safe(self.title)}</title>',
            f"<style>{STYLE}</style></head>",
        ]
        parts += [f"<body><h1>{safe(self.title)}</h1>"]
        for s in self.sections:
            parts.append(f"<h2>{safe(s.title)}</h2>")
            parts += [f"<p>{safe(line)}</p>" for line in s.lines]
            if s.rows:
                head = "".join(f"<th>{safe(h)}</th>" for h in s.headings)
                body = "".join("<tr>" + "".join(f"<td>{safe(c)}</td>" for c in row) + "</tr>" for row in s.rows)
                parts.append(f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>")
        for _, caption, data in self.pictures:
            source = base64.b64encode(data).decode()
            parts.append(
                f'<figure><img alt="{safe(caption)}" src="data:image/png;base64,{source}"><figcaption>{safe(caption)}</figcaption></figure>'
            )
        return "\n".join([*parts, "</body></html>"]) + "\n"

    def data(self) -> dict[str, Any]:
        """What JSON has: numbers as numbers, infinite ones as null."""
        return {"title": self.title, **{s.title: _numbers(s.data) for s in self.sections if s.data}}

    def json(self) -> str:
        return json.dumps(self.data(), indent=2, ensure_ascii=False, allow_nan=False)

    def written(self, suffix: str) -> str:
        """The page in the format of a file's ending: .md, .html, .json, .txt."""
        formats = {".md": self.markdown, ".html": self.html, ".json": self.json, ".txt": self.text}
        if suffix not in formats:
            raise SpecError(f"a page cannot be written as {suffix!r}; known: {', '.join(formats)}")
        return formats[suffix]()

    def __str__(self) -> str:
        return self.text()


def _plain(text: str) -> str:
    text = " ".join(text.split()).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return re.sub(r"([\\`*_\[\]|$~#])", r"\\\1", text)


def _numbers(value: Any) -> Any:
    """Plain JSON values."""
    if isinstance(value, Mapping):
        return {str(k): _numbers(v) for k, v in value.items()}
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, complex):
        return {"re": _numbers(value.real), "im": _numbers(value.imag)}
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_numbers(v) for v in value]
    return value if value is None or isinstance(value, bool | int | str) else str(value)


def number(value: Any, digits: int = 5) -> str:
    """A number for a table.

    >>> number(0.25), number(1e-12), number(0.5 + 0.5j), number(float("inf"))
    ('0.25', '1e-12', '0.5+0.5i', 'inf')
    """
    if isinstance(value, complex):
        if abs(value.imag) <= 1e-14 * max(abs(value.real), 1e-300):
            return number(value.real, digits)
        return f"{value.real:.{digits}g}{value.imag:+.{digits}g}i"
    return f"{float(value):.{digits}g}"
