"""The parts of a model file: sections, texts, numbers and tables, each checked and named in its message."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Any

import sympy as sp

from rnnsym.reader import BITS, free_names, read
from rnnsym.result import LimitReached, SpecError

LARGEST = 10_000  # a size


def known_keys(table: Mapping[str, Any], where: str, known: Iterable[str]) -> None:
    for key in table:
        if key not in known:
            what = (
                f"key {where}.{key}" if where else f"section [{key}]" if isinstance(table[key], dict) else f"key {key}"
            )
            raise SpecError(f"unknown {what};{hint(key, known)} known: {', '.join(known)}")


def hint(name: str, known: Iterable[str]) -> str:
    close = get_close_matches(name, list(known), 1)
    return f" did you mean {close[0]!r}?" if close else ""


def section(table: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = table.get(name, {})
    if not isinstance(found, dict):
        raise SpecError(f"{name} must be a section [{name}], got {type(found).__name__}")
    return found


def several(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list) else [value]


def text(value: Any, what: str) -> str:
    if not isinstance(value, str):
        raise SpecError(f"{what} must be text in quotes, got {value!r:.60}")
    return value


def names(value: Any, what: str) -> list[str]:
    return [name for part in several(value) for name in text(part, what).replace(",", " ").split()]


def whole(value: Any, what: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise SpecError(f"{what} must be a whole number >= 1, got {value!r:.40}")
    if value > LARGEST:
        raise LimitReached(f"{what} is {value!r:.40}; limit {LARGEST}")
    return value


def shape(value: Any, key: str) -> Any:
    parts = several(value)
    for part in parts:
        if not isinstance(part, str | int) or isinstance(part, bool):
            raise SpecError(f"shapes.{key} must be a list of sizes such as ['n', 'k'] or [], got {value!r:.60}")
    return tuple(parts)


def value(given: Any, what: str) -> Any:
    """A number, a formula in real symbols, or a table of them."""
    if isinstance(given, list):
        return [value(v, what) for v in given]
    if isinstance(given, str):
        return read(given, {s: sp.Symbol(s, real=True) for s in free_names(given, what=what).variables}, what=what)
    if isinstance(given, bool) or not isinstance(given, int | sp.Rational):
        raise SpecError(f"{what} must be a number, a formula in quotes or a table of them, got {given!r:.60}")
    if isinstance(given, int) and given.bit_length() > BITS:
        raise SpecError(f"{what} has {given.bit_length()} bits; limit {BITS}")
    return sp.Integer(given) if isinstance(given, int) else given


def decimal(text: str) -> Any:
    """A decimal of the file as the exact rational it is written as."""
    plain = text.replace("_", "")
    if plain.lstrip("+-") in ("inf", "nan"):
        raise SpecError(f"the number {text} is refused; numbers must be finite")
    return read(plain, {}, what="number")


def line(error: Exception) -> str:
    line = " ".join(str(error).split())
    return line if len(line) <= 120 else line[:120] + "..."
