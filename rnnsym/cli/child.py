"""Progress on standard error, and the child in which a command with --deadline runs.

The child says what it does on standard error, in lines that begin with STAGE, and what it has finished on a pipe of its
own, as pickles: when its time is up it is ended, and what it had finished is kept.
May import: inside functions only.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass, field

from rnnsym.cli.status import CHILD, INTERRUPTED, LIMIT, MEMORY, clear_line, fault, flushed, has_color, show_line

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from typing import Any

KEEP = "RNNSYM_KEEP"  # the number of the pipe's end on which the child hands over what it has finished
PARENT = "RNNSYM_PARENT"  # the parent's process number
STAGE = "\x1e"  # begins the lines in which the child says what it does


class Progress:
    """Says what is being done: to the terminal, or in the child to the parent."""

    def __init__(self, args: argparse.Namespace) -> None:
        self.quiet = args.quiet

    def __enter__(self) -> Callable[[str], None]:
        return self.say

    def __exit__(self, *error: object) -> None:
        clear_line()

    def say(self, stage: str) -> None:
        if CHILD in os.environ:
            print(f"{STAGE}{stage}", file=sys.stderr, flush=True)
        elif not self.quiet:
            show_line(stage)


def keep(data: bytes) -> None:
    """In the child: hands over what is finished, for the parent to keep when the time is up."""
    with os.fdopen(os.dup(int(os.environ[KEEP])), "wb") as pipe:
        pipe.write(len(data).to_bytes(8, "big") + data)


def is_kept() -> bool:
    """Whether a parent listens for what is finished."""
    return KEEP in os.environ


@dataclass
class Heard:
    """What the child wrote: its stages, the lines of its faults, and what it had finished; and why it was ended."""

    stages: list[str] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    finished: list[bytes] = field(default_factory=list)
    reason: str = "stopped"


def supervised(
    arguments: list[str], args: argparse.Namespace, stopped: Callable[[argparse.Namespace, Heard], int]
) -> int:
    """The same command in a child of its own session, which is ended at the deadline and on every way out of here.

    stopped: called with what was heard if the time was up; its value is the exit status.
    """
    import subprocess
    import threading

    environment = {
        **os.environ,
        CHILD: "color" if has_color(args) else "plain",
        "PYTHONUNBUFFERED": "1",
        PARENT: str(os.getpid()),
    }
    ends = os.pipe() if os.name == "posix" else ()
    if ends:
        environment[KEEP] = str(ends[1])
    # The same sys.path: `-m` would put the current folder on it, whatever files are there.
    start = f"import sys; sys.path[:] = {sys.path!r}; from rnnsym.cli import main; sys.exit(main(sys.argv[1:]))"
    child = subprocess.Popen(
        [sys.executable, "-c", start, *arguments],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment, start_new_session=True,
        pass_fds=ends[1:],
    )  # fmt: skip
    if ends:
        os.close(ends[1])
    heard, output = Heard(), bytearray()

    def listen() -> None:
        assert child.stderr is not None
        for raw in child.stderr:
            line = raw.decode(errors="replace").rstrip("\n")
            if line.startswith(STAGE):
                heard.stages.append(line[1:])
                if not args.quiet:
                    show_line(line[1:])
            else:
                heard.lines.append(line)

    def collect() -> None:
        assert child.stdout is not None
        output.extend(child.stdout.read())

    def receive() -> None:
        if ends:
            with os.fdopen(ends[0], "rb") as pipe:
                while len(size := pipe.read(8)) == 8:
                    data = pipe.read(int.from_bytes(size, "big"))
                    if len(data) == int.from_bytes(size, "big"):
                        heard.finished.append(data)

    threads = [threading.Thread(target=target, daemon=True) for target in (listen, collect, receive)]
    try:
        for thread in threads:
            thread.start()
        status = child.wait(args.deadline)
    except subprocess.TimeoutExpired:
        status, heard.reason = None, f"stopped after {args.deadline:g} s"
    finally:
        _end(child)
        for thread in threads:
            if thread.is_alive():  # an interrupt may come before all have started
                thread.join(2)
        clear_line()
    if args.memory is not None and status is not None and _memory_ended(status, heard.lines):
        status, heard.reason = None, f"the memory limit of {args.memory:g} MB was reached"
    if status is None:
        return stopped(args, heard)
    for line in heard.lines:
        print(line, file=sys.stderr)
    sys.stdout.write(output.decode(errors="replace"))
    return flushed(status if status >= 0 else fault(f"the work was ended by signal {-status}", LIMIT))


def _memory_ended(status: int, lines: list[str]) -> bool:
    """Whether a child ended at its memory limit: FLINT and GMP abort there, OpenBLAS and the loader of libraries say so."""
    import signal

    said = any(
        text in line for line in lines for text in ("emory allocation", "failed to map segment", "allocate memory")
    )
    return said or status in (MEMORY, -signal.SIGABRT, -signal.SIGSEGV, -signal.SIGBUS)


def stage_reached(reason: str, stages: list[str]) -> str:
    """At what a command was stopped, and what it had done before."""
    now = repr(stages[-1]) if stages else "'starting'"
    done = f"; {len(stages) - 1} stages were finished, the last {stages[-2]!r}" if stages[1:] else ""
    return f"{reason} at {now}{done}"


def _end(child: Any) -> None:
    """Asks the child to end, so that it removes its temporary files; then ends it."""
    import subprocess

    if child.poll() is None:
        child.terminate()
        try:
            child.wait(0.5)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
    child.stdin.close()


def end_with_parent() -> None:
    """In the child: a request to end leaves through `finally`; the end of standard input is the parent's end.

    Where the system can, it ends the child itself: a thread that watches has to wait for a call of FLINT.
    """
    import signal
    import threading

    from rnnsym.limits import end_with

    def leave(*_: object) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, leave)
    parent = os.environ.get(PARENT, "")
    if parent.isdigit():
        end_with(int(parent))

    def watch() -> None:
        while os.read(0, 1024):
            pass
        os._exit(INTERRUPTED)

    threading.Thread(target=watch, daemon=True).start()
