"""Start-up beside bare Python: `import rnnsym` and `rnnsym --help`, in processor time of a child process."""

from __future__ import annotations

import resource
import statistics
import subprocess
import sys
from collections.abc import Iterator

from tests.benchmarks.timing import Row


def child(*arguments: str, repeats: int = 9) -> float:
    """Median processor seconds of `python ...`, its start included."""
    spent = []
    for _ in range(repeats):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, *arguments], check=True, capture_output=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        spent.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return statistics.median(spent)


def rows(quick: bool) -> Iterator[Row]:
    """Ours less bare Python, beside the import of SymPy less bare Python."""
    repeats = 5 if quick else 15
    bare = child("-c", "pass", repeats=repeats)
    peer = child("-c", "import sympy", repeats=repeats) - bare
    for kernel, arguments, target in (
        ("import rnnsym, over bare Python", ("-c", "import rnnsym"), 50.0),
        ("rnnsym --help, over bare Python", ("-m", "rnnsym", "--help"), None),
    ):
        yield Row(kernel, max(child(*arguments, repeats=repeats) - bare, 1e-4), peer, "import sympy", target)
