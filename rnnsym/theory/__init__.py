"""The catalogue of results: what the package derives, by ID, with the functions, the status and the source of each.

    catalogue_of_results()    every entry, in the order of the theory
`table` has the entries; to add a result, add its line there and its test in tests/theory. May import: nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

from rnnsym.theory.table import ROWS

STATUSES = ("derived", "proved", "asymptotic", "numeric", "missing")


@dataclass(frozen=True)
class Entry:
    """One result of the catalogue.

    key "A-FIX-6"; rank "must", "should" or "nice"; status as in Result, or "missing"; functions: names in `rnnsym`;
    source: the literature, "" for what is derived here; note: the reason where the status is not "derived".
    """

    key: str
    rank: str
    status: str
    title: str
    functions: tuple[str, ...]
    source: str
    note: str


def catalogue_of_results(status: str | None = None) -> tuple[Entry, ...]:
    """Every result of the catalogue, or those of one status.

    Raises: ValueError for a status that is none of derived, proved, asymptotic, numeric, missing.

    >>> [entry.functions for entry in catalogue_of_results() if entry.key == "A-FIX-8"][0][:2]
    ('half_life', 'half_life_bias')
    """
    if status is not None and status not in STATUSES:
        raise ValueError(f"status is {status!r}; it must be one of {', '.join(STATUSES)}")
    entries = (Entry(k, r, s, t, tuple(f.split()), source, note) for k, r, s, t, f, source, note in ROWS)
    return tuple(entry for entry in entries if status in (None, entry.status))
