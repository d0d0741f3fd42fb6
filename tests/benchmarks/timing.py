"""One comparison: two ways to one answer, called in turn, in processor time; long peers in a child process with a limit.

A peer is run once in a child first: it must give our answer before its time counts, it may be stopped, and an import that
fails is a blank. If it is short, both ways are then called in turn in this process, so that both meet the same noise, and
medians are reported. Processor time is used because the machine may have other work; torch and BLAS run on one thread.
"""

from __future__ import annotations

import gc
import math
import multiprocessing
import os
import resource
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(variable, "1")  # read when NumPy is imported, after this file: idle threads spin, and count

PATIENCE = 4
"""How much longer than its limit a child may take by the clock, where other work has the processor."""

SHORT = 1.0
"""Seconds up to which a peer is called again and again."""


@dataclass(frozen=True)
class Row:
    """One comparison: our time and the peer's, in seconds, and the ratio peer / ours to reach."""

    kernel: str
    ours: float
    peer: float | None
    peer_name: str
    target: float | None = None
    group: str = ""  # the kernel without its size, for slopes and pictures
    n: int | None = None
    stopped: bool = False  # the peer was stopped at its limit, so the ratio is a lower bound
    spread: float = 0.0  # of our time: (third quartile - first) / median
    memory: float | None = None  # megabytes that our way adds to a process
    shown: bool = False  # in the table of the README

    @property
    def ratio(self) -> float | None:
        return None if self.peer is None else self.peer / self.ours

    @property
    def holds(self) -> bool | None:
        return None if self.target is None or self.ratio is None else self.ratio >= self.target

    def __str__(self) -> str:
        start = f"{self.kernel:<58} {self.ours * 1e3:>10.3f} ms"
        if self.peer is None or self.ratio is None:
            return f"{start}  {self.peer_name}: -"
        stopped = ">" if self.stopped else " "
        verdict = "" if self.target is None else f"  target {self.target:.3g}: {'holds' if self.holds else 'MISSED'}"
        return (
            f"{start}  {self.peer_name} {stopped}{self.peer * 1e3:>10.3f} ms  ratio {stopped}{self.ratio:8.2f}{verdict}"
        )

    def record(self) -> dict[str, Any]:
        return {**asdict(self), "ratio": self.ratio, "holds": self.holds}


def nothing() -> None:
    """What is emptied before a call, by default."""


def forget() -> None:
    """Empties every memo of ours and of SymPy's: each call does its whole work."""
    from sympy.core.cache import clear_cache

    for name, room in list(sys.modules.items()):
        if name.startswith("rnnsym."):
            for function in list(vars(room).values()):
                if hasattr(function, "cache_clear"):
                    function.cache_clear()
    clear_cache()


def once(function: Callable[[], Any], before: Callable[[], None] = nothing) -> float:
    before()
    start = time.process_time()
    function()
    return time.process_time() - start


def _child(
    pipe: Any, function: Callable[[], Any], check: Callable[[Any], bool] | None, before: Callable[[], None]
) -> None:
    before()
    gc.collect()
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start = time.process_time()
    try:
        found = function()
    except ImportError:
        pipe.send(None)
        return
    spent = time.process_time() - start
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - memory
    pipe.send((spent, check is None or check(found), memory / 1024))


@dataclass(frozen=True)
class Trial:
    """What a child found: seconds, whether its answer is right, megabytes; stopped at its limit; or absent."""

    seconds: float
    right: bool = True
    memory: float = 0.0
    stopped: bool = False
    absent: bool = False


def _spent(pid: int | None, wall: float) -> float:
    """Processor seconds of a child; where the system does not tell them, the seconds that went by."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    except (OSError, IndexError, ValueError):
        return wall


def trial(
    function: Callable[[], Any],
    limit: float = 60,
    check: Callable[[Any], bool] | None = None,
    before: Callable[[], None] = nothing,
) -> Trial:
    """One call in a child process, ended after `limit` seconds of processor time."""
    context = multiprocessing.get_context("fork")
    receive, send = context.Pipe(duplex=False)
    process = context.Process(target=_child, args=(send, function, check, before))
    process.start()
    send.close()
    try:
        begun = time.monotonic()
        while not receive.poll(min(limit, 0.1)):
            wall = time.monotonic() - begun
            if _spent(process.pid, wall) >= limit or wall >= PATIENCE * limit:
                process.kill()
                return Trial(limit, stopped=True)
        found = receive.recv()
    except EOFError:
        raise RuntimeError("the child ended without an answer") from None
    finally:
        process.join()
    return Trial(0, absent=True) if found is None else Trial(*found)


def against(
    kernel: str,
    ours: Callable[[], Any],
    peer: Callable[[], Any],
    name: str,
    target: float | None = None,
    *,
    check: Callable[[Any], bool] | None = None,
    repeats: int = 7,
    limit: float = 30,
    before: Callable[[], None] = forget,
    **labels: Any,
) -> Row:
    """Ours beside a peer whose answer must pass the check; a peer that is stopped gives a lower bound."""
    first = trial(peer, limit, check, before)
    assert first.right, f"{kernel}: {name} has another answer"
    if first.absent or first.stopped or first.seconds > SHORT:
        times = [once(ours, before) for _ in range(repeats)]
        peers = [] if first.absent else [first.seconds]
    else:
        times, peers = [], []
        for _ in range(repeats if first.seconds > 0.02 else 2 * repeats + 1):
            times.append(once(ours, before))
            peers.append(once(peer, before))
    row = Row(kernel, statistics.median(times), statistics.median(peers) if peers else None, name, target, **labels)
    return replace(row, stopped=first.stopped, spread=spread(times))


def alone(
    kernel: str,
    ours: Callable[[], Any],
    target: float | None,
    *,
    repeats: int = 5,
    before: Callable[[], None] = forget,
    memory: bool = False,
    **labels: Any,
) -> Row:
    """Against a target in seconds, as a ratio to reach of 1; without a target only the time."""
    times = [once(ours, before) for _ in range(repeats)]
    row = Row(kernel, statistics.median(times), target, "target", None if target is None else 1, **labels)
    return replace(row, spread=spread(times), memory=trial(ours, before=before).memory if memory else None)


def spread(times: Sequence[float]) -> float:
    if len(times) < 4:
        return max(times) / min(times) - 1 if min(times) else 0.0
    first, middle, third = statistics.quantiles(times, n=4)
    return (third - first) / middle


def slope(points: Sequence[tuple[int, float]]) -> float | None:
    """The exponent k of time = c n**k by least squares in the logarithms; None for fewer than three sizes."""
    points = sorted(set(points))
    if len({n for n, _ in points}) < 3:
        return None
    x, y = [math.log(n) for n, _ in points], [math.log(t) for _, t in points]
    return statistics.linear_regression(x, y).slope


def interleaved(ours: Callable[[], Any], peer: Callable[[], Any], repeats: int = 15) -> tuple[float, float]:
    """Median seconds of both, called in turn so that both meet the same noise."""
    ours(), peer()
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(repeats):
        for function, store in zip((ours, peer), times, strict=True):
            store.append(once(function))
    return statistics.median(times[0]), statistics.median(times[1])


def median(function: Callable[[], Any], repeats: int = 5) -> float:
    """Median seconds of one function."""
    return statistics.median([once(function) for _ in range(repeats)])
