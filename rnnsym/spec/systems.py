"""Linear systems of model files: the section [system]."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import sympy as sp

from rnnsym.cells.hypotheses import contradiction
from rnnsym.reader import read
from rnnsym.result import LimitReached, SpecError
from rnnsym.spec import parts
from rnnsym.systems import LinearSystem, Time

KEYS = ("A", "B", "C", "D", "readout", "time", "step", "assumptions")
ENTRIES = 2_500  # of one matrix


def system_of(table: Mapping[str, Any], values: Mapping[str, Any]) -> LinearSystem:
    """The system of a section [system], with values for its symbols.

    Raises: SpecError for an unknown key, a missing A or B, or a name that is not in it; ShapeError if B, C or D do not
            fit A.
    """
    parts.known_keys(table, "system", KEYS)
    for key in ("A", "B"):
        if key not in table:
            raise SpecError(f'system.{key} is missing; write A = [["a", 0], [1, 0.5]] and B = [1, 0]')
    matrices = {key: _matrix(table[key], f"system.{key}") for key in KEYS[:4] if key in table}
    kind = parts.text(table.get("time", "discrete"), "system.time")
    step = parts.value(table["step"], "system.step") if "step" in table else None
    readout = parts.text(table.get("readout", "current"), "system.readout")
    if kind == "continuous" and readout != "previous" and "readout" in table:
        raise SpecError('system.readout goes with discrete time; in continuous time y = C h + D x ("previous")')
    system = LinearSystem(**matrices, readout=readout, time=Time(kind, step))
    system = assumed(system, [parts.text(t, "system.assumptions") for t in parts.several(table.get("assumptions", []))])
    found = {key: parts.value(v, f"parameters.{key}") for key, v in values.items()}
    return system.subs(found) if found else system


def _matrix(given: Any, what: str) -> Any:
    rows = given if isinstance(given, list) else [given]
    count = sum(len(row) if isinstance(row, list) else 1 for row in rows)
    if count > ENTRIES:
        raise LimitReached(f"{what} has {count} entries; limit {ENTRIES}")
    return parts.value(given, what)


def assumed(system: LinearSystem, conditions: Iterable[str]) -> LinearSystem:
    """The system with more hypotheses on its symbols, in text such as "abs(a) < 1".

    Raises: SpecError if they cannot hold together.

    >>> a = sp.Symbol("a", real=True)
    >>> assumed(LinearSystem(a, 1), ["0 < a"]).given
    a > 0
    """
    names = {s.name: s for s in system.parameters}
    for text in conditions:
        both = sp.And(system.given, read(text, names, condition=True, what="assumption"))
        if (name := contradiction(both)) is not None:
            others = f" together with {system.given}" if system.given != sp.true else ""
            where = f" of {name}" if name else ""
            raise SpecError(f"{text} cannot hold{others}: no value{where} meets all of it; leave one out")
        system = LinearSystem(*system.matrices, readout=system.readout, time=system.time, given=both)
    return system
