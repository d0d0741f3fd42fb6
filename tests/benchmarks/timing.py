"""Interleaved timing of two ways to one answer: medians and their ratio, after the answers were found equal."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Row:
    """One comparison: our time and the peer's, in seconds, and the ratio peer / ours to reach."""

    kernel: str
    ours: float
    peer: float | None
    peer_name: str
    target: float | None = None

    @property
    def ratio(self) -> float | None:
        return None if self.peer is None else self.peer / self.ours

    def __str__(self) -> str:
        if self.ratio is None:
            return f"{self.kernel:<52} {self.ours * 1e3:>10.3f} ms   {self.peer_name}: -"
        verdict = (
            ""
            if self.target is None
            else f"  target {self.target:g}: {'holds' if self.ratio >= self.target else 'MISSED'}"
        )
        return (
            f"{self.kernel:<52} {self.ours * 1e3:>10.3f} ms  {self.peer_name} {self.peer * 1e3:>10.3f} ms"
            f"  ratio {self.ratio:8.2f}{verdict}"
        )


def interleaved(ours: Callable[[], Any], peer: Callable[[], Any], repeats: int = 15) -> tuple[float, float]:
    """Median seconds of both, called in turn so that both meet the same noise."""
    ours(), peer()
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(repeats):
        for function, store in zip((ours, peer), times, strict=True):
            start = time.perf_counter()
            function()
            store.append(time.perf_counter() - start)
    return statistics.median(times[0]), statistics.median(times[1])


def median(function: Callable[[], Any], repeats: int = 5) -> float:
    """Median seconds of one function."""
    spent = []
    for _ in range(repeats):
        start = time.perf_counter()
        function()
        spent.append(time.perf_counter() - start)
    return statistics.median(spent)
