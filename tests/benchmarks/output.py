"""What is made of the rows: verdicts, slopes and memory in words, JSON, a picture of the ratios, the table of the README."""

from __future__ import annotations

import json
import os
import platform
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from tests.benchmarks.timing import Row, slope

MARKERS = "<!-- benchmarks:begin -->", "<!-- benchmarks:end -->"
PACKAGES = ("sympy", "python-flint", "numpy", "symengine", "torch", "jax")


def machine() -> str:
    """The machine in words, and the versions."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    words = {1: "one core", 2: "two cores", 4: "four cores", 8: "eight cores"}.get(cores, f"{cores} cores")
    maker, memory = "a processor", ""
    try:
        found = re.search(r"model name\s*:\s*(.+)", Path("/proc/cpuinfo").read_text())
        maker = (
            f"an {found[1].strip()}" if found and found[1][0] in "AEI" else f"a {found[1].strip()}" if found else maker
        )
        total = int(re.findall(r"MemTotal:\s*(\d+)", Path("/proc/meminfo").read_text())[0]) / 2**20
        memory = f", {total:.0f} GB of memory"
    except (OSError, IndexError):
        pass
    return f"{words.capitalize()} of {maker} ({platform.machine()}){memory}; {platform.system()}, Python {platform.python_version()}, {versions()}"  # fmt: skip


def versions() -> str:
    found = []
    for name in PACKAGES:
        try:
            found.append(f"{name} {version(name).split('+')[0]}")
        except PackageNotFoundError:
            found.append(f"no {name}")
    return ", ".join(found)


def load() -> str:
    return f"load average {', '.join(f'{x:.1f}' for x in os.getloadavg())}" if hasattr(os, "getloadavg") else ""


def slopes(rows: Sequence[Row]) -> dict[str, float]:
    points: dict[str, list[tuple[int, float]]] = defaultdict(list)
    for row in rows:
        if row.group and row.n:
            points[row.group].append((row.n, row.ours))
    found = {group: slope(_medians(of)) for group, of in points.items()}
    return {group: k for group, k in found.items() if k is not None}


def _medians(points: Sequence[tuple[int, float]]) -> list[tuple[int, float]]:
    by_n: dict[int, list[float]] = defaultdict(list)
    for n, t in points:
        by_n[n].append(t)
    return [(n, sorted(ts)[len(ts) // 2]) for n, ts in by_n.items()]


def summary(rows: Sequence[Row]) -> Iterator[str]:
    yield "\ntime ~ n**k:"
    for group, k in slopes(rows).items():
        yield f"  {group:<48} k = {k:.1f}"
    heavy = [row for row in rows if row.memory is not None]
    if heavy:
        yield "\nmemory that a call adds to its process:"
        for row in heavy:
            yield f"  {row.kernel:<48} {row.memory:8.1f} MB"
    judged = [row for row in rows if row.holds is not None]
    missed = [row for row in judged if not row.holds]
    yield f"\n{len(judged) - len(missed)} of {len(judged)} targets hold"
    for row in missed:
        yield f"  {row}"


def as_json(rows: Sequence[Row]) -> str:
    whole: dict[str, Any] = {"machine": machine(), "load": load(), "slopes": slopes(rows)}
    return json.dumps({**whole, "rows": [row.record() for row in rows]}, indent=1)


def plot(rows: Sequence[Row], path: Path) -> None:
    """Ratios over n, one panel for each peer, one line for each kernel; an arrow where the peer was stopped."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot, ticker

    lines: dict[str, dict[str, list[Row]]] = defaultdict(lambda: defaultdict(list))
    for row in rows:
        if row.group and row.n and row.ratio and row.peer_name != "target":
            lines[row.peer_name][row.group].append(row)
    peers = [peer for peer, groups in lines.items() if any(len(of) > 1 for of in groups.values())]
    if not peers:
        return
    columns = min(3, len(peers))
    figure, axes = pyplot.subplots(-(-len(peers) // columns), columns, figsize=(5 * columns, 4 * -(-len(peers) // columns)),
                                   squeeze=False, layout="constrained")  # fmt: skip
    for ax in axes.flat[len(peers) :]:
        ax.set_visible(False)
    for ax, peer in zip(axes.flat, peers, strict=False):
        ax.set_prop_cycle(color=pyplot.get_cmap("tab20").colors)
        ax.set_yscale("log")
        ax.xaxis.get_major_locator().set_params(integer=True)
        for group, of in lines[peer].items():
            of = sorted(of, key=lambda r: r.n or 0)
            (line,) = ax.plot([r.n for r in of], [r.ratio for r in of], "o-", ms=4, label=group)
            stopped = [r for r in of if r.stopped]
            ax.plot([r.n for r in stopped], [r.ratio for r in stopped], "^", ms=8, color=line.get_color())
        ax.axhline(1, color="0.6", lw=0.8)
        ratios = [r.ratio for of in lines[peer].values() for r in of if r.ratio]
        ax.yaxis.set_minor_formatter(ticker.NullFormatter())
        ax.set_ylim(min(0.3, min(ratios) / 2), max(3, 2 * max(ratios)))
        ax.set(xlabel="n", ylabel=f"time of {peer} / ours", title=peer)
        ax.legend(fontsize=6, framealpha=0.5)
    figure.savefig(path)
    pyplot.close(figure)


def table(rows: Sequence[Row]) -> str:
    lines = ["| question | rnnsym | instead | takes | ratio |", "|---|---|---|---|---|"]
    for row in rows:
        if row.shown and row.peer is not None and row.ratio is not None:
            more = "more than " if row.stopped else ""
            lines.append(
                f"| {row.kernel} | {_time(row.ours)} | {row.peer_name} | {more}{_time(row.peer)} | {more}{_round(row.ratio)} |"
            )
    return "\n".join(lines)


def _time(seconds: float) -> str:
    return (
        f"{seconds:.2g} s"
        if seconds >= 0.95
        else f"{seconds * 1e3:.2g} ms"
        if seconds < 0.0995
        else f"{seconds * 1e3:.0f} ms"
    )


def _round(ratio: float) -> str:
    return f"{ratio:.1f}" if ratio < 10 else f"{float(f'{ratio:.2g}'):.0f}"


def renew(rows: Sequence[Row], path: Path) -> None:
    """The text between the markers, which must be there."""
    text = path.read_text()
    begin, end = MARKERS
    if begin not in text or end not in text:
        raise SystemExit(f"{path} has no {begin} ... {end}")
    head, rest = text.split(begin, 1)
    _, tail = rest.split(end, 1)
    path.write_text(f"{head}{begin}\n{machine()}.\n\n{table(rows)}\n{end}{tail}")
