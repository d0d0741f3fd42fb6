"""Exit statuses, faults in one line, the line of progress, and whether output has color.

May import: inside functions only.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse

VERIFIED, REFUTED, BAD_INPUT, UNDECIDED, LIMIT, INTERRUPTED, BUG = 0, 1, 2, 3, 4, 130, 70
MEMORY = 71  # of a child: its memory limit was reached, and its parent says so
STATUS = {"verified": VERIFIED, "refuted": REFUTED, "undecided": UNDECIDED, "limit": LIMIT}
CHILD = "RNNSYM_CHILD"  # set in the child of --deadline: "plain", or "color" if the parent prints to a terminal

_shown = False  # whether a line of progress stands on the terminal


def show_line(stage: str) -> None:
    """Progress: on a terminal one line that is overwritten, else a line each."""
    global _shown
    if sys.stderr.isatty():
        import shutil

        width = shutil.get_terminal_size().columns - 1
        print(f"\r\x1b[K{f'rnnsym: {stage}'[:width]}", end="", file=sys.stderr, flush=True)
        _shown = True
    else:
        print(f"rnnsym: {stage}", file=sys.stderr, flush=True)


def clear_line() -> None:
    """The line of progress is wiped before anything else is said."""
    global _shown
    if _shown:
        print("\r\x1b[K", end="", file=sys.stderr, flush=True)
        _shown = False


def failed(error: Exception) -> int:
    """The exit status of an error, after its one line: 4 for work that was stopped, 2 for what is refused.

    A traceback only for what is our own fault.
    """
    from rnnsym.result import LimitReached, RnnsymError

    if isinstance(error, RnnsymError):
        stopped = isinstance(error, LimitReached) and bool(error.stage)  # at work, not refused beforehand
        return fault(str(error), LIMIT if stopped else BAD_INPUT)
    import traceback

    traceback.print_exc()
    return fault("this is a fault of rnnsym, not of your input; please report it with the lines above", BUG)


def fault(message: str, status: int) -> int:
    clear_line()
    line = " ".join(message.split())
    print(f"rnnsym: {''.join(c if c.isprintable() else '?' for c in line)}", file=sys.stderr)
    return status


def flushed(status: int) -> int:
    """The status, once all output is out: a reader that went away shows here, not at the interpreter's exit."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        return silenced()
    return status


def silenced() -> int:
    """As programs do whose reader went away (`| head`): quiet, with the status of SIGPIPE."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 141


def has_color(args: argparse.Namespace) -> bool:
    if args.no_color or os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return False
    return os.environ[CHILD] == "color" if CHILD in os.environ else sys.stdout.isatty()
