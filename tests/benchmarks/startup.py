"""Start-up beside bare Python: `import rnnsym` and `rnnsym --help`, in processor time of a child process.

The children read compiled files, as an installed package has them: the first call of each kind writes them, uncounted.
"""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator

from tests.benchmarks.timing import Row

TARGETS = {"import rnnsym": 0.005, "rnnsym --help": 0.05}  # seconds over bare Python


def child(*arguments: str, repeats: int = 9, cache: str) -> float:
    """Median processor seconds of `python ...`, its start included."""
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    environment |= {"PYTHONPYCACHEPREFIX": cache, "PYTHONPATH": os.pathsep.join(filter(None, (os.getcwd(), os.environ.get("PYTHONPATH"))))}  # fmt: skip
    spent = []
    for _ in range(repeats + 1):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, *arguments], check=True, capture_output=True, env=environment)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        spent.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return statistics.median(spent[1:])


def rows(quick: bool) -> Iterator[Row]:
    """Ours less bare Python, beside its target and the import of SymPy less bare Python."""
    repeats = 5 if quick else 15
    with tempfile.TemporaryDirectory() as cache:
        bare = child("-c", "pass", repeats=repeats, cache=cache)
        peer = child("-c", "import sympy", repeats=repeats, cache=cache) - bare
        for name, arguments in (
            ("import rnnsym", ("-c", "import rnnsym")),
            ("rnnsym --help", ("-m", "rnnsym", "--help")),
        ):
            ours = max(
                child(*arguments, repeats=repeats, cache=cache) - bare, 1e-3
            )  # less cannot be told from the spread of the two starts
            yield Row(f"{name}, over bare Python", ours, TARGETS[name], "target", 1)
            yield Row(f"{name}, over bare Python", ours, peer, "import sympy", shown=name == "import rnnsym")
