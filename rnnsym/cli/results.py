"""The catalogue of results as text and as JSON.

May import: inside functions only.
"""

from __future__ import annotations

from collections.abc import Sequence

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from rnnsym.theory import Entry


def matching(key: str | None) -> tuple[Entry, ...]:
    """The entry of an ID, those whose ID begins with it, or all.

    Raises: SpecError for an ID that is not there, with the nearest.
    """
    from rnnsym.result import SpecError
    from rnnsym.theory import catalogue_of_results

    entries = catalogue_of_results()
    if key is None:
        return entries
    asked = key.upper().rstrip("-")
    found = tuple(e for e in entries if e.key == asked) or tuple(e for e in entries if e.key.startswith(asked + "-"))
    if not found:
        from difflib import get_close_matches

        close = get_close_matches(asked, [e.key for e in entries], 1)
        hint = f"did you mean {close[0]}? " if close else ""
        raise SpecError(f"no result {key!r} in the catalogue; {hint}`rnnsym catalogue` lists them")
    return found


def entries_text(entries: Sequence[Entry]) -> str:
    """A table: ID, rank, status, title, functions; as wide as the screen, the functions shortened to it."""
    import shutil

    head = ("ID", "rank", "status", "title", "functions")
    rows = [head, *((e.key, e.rank, e.status, e.title, ", ".join(e.functions) or "-") for e in entries)]
    widths = [min(max(len(row[k]) for row in rows), 60) for k in range(4)]
    room = max(shutil.get_terminal_size((160, 24)).columns - sum(widths) - 8, 24)
    lines = []
    for row in rows:
        cells = [_cut(row[k], widths[k]).ljust(widths[k]) for k in range(4)]
        lines.append("  ".join([*cells, _cut(row[4], room)]).rstrip())
    counts: dict[str, int] = {}
    for e in entries:
        counts[e.status] = counts.get(e.status, 0) + 1
    summary = ", ".join(f"{number} {status}" for status, number in counts.items())
    return "\n".join([*lines, f"{len(entries)} results: {summary}"])


def entry_text(entry: Entry) -> str:
    """One result: title, rank, status, note, source, and its functions, each with its first line."""
    import textwrap

    lines = [f"{entry.key}  {entry.title}", f"  rank {entry.rank}, {entry.status}"]
    lines += [f"  note: {entry.note}"] if entry.note else []
    lines += textwrap.wrap(
        f"source: {entry.source or 'derived here'}", 110, initial_indent="  ", subsequent_indent="    "
    )
    functions = _functions(entry)
    width = max((len(name) for name in functions), default=0)
    for name, what in functions.items():
        lines += textwrap.wrap(
            f"{name.ljust(width)}  {what}",
            110,
            initial_indent="  ",
            subsequent_indent=" " * (width + 4),
            drop_whitespace=True,
        )
    return "\n".join(lines)


def entries_data(entries: Sequence[Entry]) -> list[dict[str, Any]]:
    """The same for JSON."""
    return [
        {
            "id": e.key, "rank": e.rank, "status": e.status, "title": e.title, "source": e.source, "note": e.note,
            "functions": [{"name": name, "doc": what} for name, what in _functions(e).items()],
        }
        for e in entries
    ]  # fmt: skip


def _functions(entry: Entry) -> dict[str, str]:
    """Public function -> the first line of its docstring, as `rs.name`."""
    import inspect
    import sys

    found = {}
    for name in entry.functions:
        value: Any = sys.modules["rnnsym"]
        for part in name.split("."):
            value = getattr(value, part, None)
        found[f"rs.{name}"] = (inspect.getdoc(value) or "").split("\n", 1)[0]
    return found


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 3] + "..."
