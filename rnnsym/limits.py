"""Work that can be stopped: `limited` runs a function in a child process, which is ended at a deadline or a memory limit.

Nothing inside a process is enough: neither an alarm nor a thread interrupts a call of FLINT, and where memory ends FLINT
ends the process it runs in. The child is a copy of this process (fork), so nothing needs to be imported or handed over
again; its answer comes back as a pickle. Where it was when its time was up is read from its stack, which `faulthandler`
writes at a signal even in the middle of a call of C. A child ends with its parent, however that ends (Linux).

May import: result. Used by `report`, by the command line (--memory), and by users.
"""

from __future__ import annotations

import faulthandler
import math
import multiprocessing
import os
import pickle
import re
import signal
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any

from rnnsym.result import LimitReached, RnnsymError, SpecError

MEGABYTE = 2**20
GRACE = 0.5
"""Seconds in which a child that is asked to end may remove its temporary files."""
ADVICE = "give numbers for some parameters, ask a smaller question, or raise the limit"
LINUX = sys.platform.startswith("linux")
FORKS = "fork" in multiprocessing.get_all_start_methods() and sys.platform != "darwin"
_HERE = str(Path(__file__).parent)
_FRAME = re.compile(r'File "([^"]+)", line (\d+) in (\S+)')
_VALUE, _ERROR, _ITEM, _MEMORY = range(4)


def limited(
    function: Callable[..., Any], *args: Any, deadline: float | None = None, memory: float | None = None, **options: Any
) -> Any:
    """function(*args, **options), stopped after `deadline` seconds or when it takes `memory` megabytes more.

    The work is done in a child process: it can be stopped inside a call of FLINT too, and what it changes stays there.
    Raises: LimitReached with the stage that was reached; SpecError for a limit that is none, or (memory) not on Linux; and
            what the function raises.

    >>> limited(math.factorial, 5, deadline=60)
    120
    """
    found = supervised(lambda hand_over: function(*args, **options), deadline=deadline, memory=memory)
    if found.stopped:
        name = getattr(function, "__name__", type(function).__name__)
        raise found.error(name)
    return found.value


@dataclass
class Outcome:
    """How work in a child ended: its value, or why it was stopped ('' if it was not) and where."""

    value: Any = None
    stopped: str = ""
    stage: str = ""

    def error(self, name: str, finished: str = "nothing was kept", advice: str = ADVICE) -> LimitReached:
        stage = f"{name}: {self.stage}" if self.stage else name
        made = LimitReached(f"{self.stopped} at {stage!r}; {finished}; {advice}")
        made.stage = stage
        return made


def supervised(
    work: Callable[[Callable[[Any], None]], Any], *, deadline: float | None = None, memory: float | None = None,
    listen: Callable[[Any], None] | None = None,
) -> Outcome:  # fmt: skip
    """work(hand_over) in a child; what it hands over on its way goes to `listen` here. Errors of the work are raised here.

    Raises: SpecError for a limit that is none.
    """
    check_limit(deadline, "deadline", "seconds")
    check_memory(memory)
    start = time.monotonic()
    until = math.inf if deadline is None else start + deadline
    context: Any = multiprocessing.get_context("fork" if FORKS else "spawn")
    ours, theirs = context.Pipe(duplex=False)
    with tempfile.TemporaryFile() as stack, tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        files = tuple(f.fileno() for f in (stack, out, err)) if FORKS else ()
        child = context.Process(target=_child, args=(theirs, ours if FORKS else None, work, memory, files, os.getpid()))
        try:
            _start(child)
            theirs.close()
            found = _heard(ours, child, until, memory, listen)
            if found.stopped == "deadline":
                found = Outcome(stopped=f"stopped after {deadline:g} s", stage=_stage(child, stack))
            elif found.stopped:
                found.stage = _innermost(stack)
        finally:
            _end(child)
            ours.close()
        if not found.stopped:
            _repeat(out, sys.stdout)
            _repeat(err, sys.stderr)
    return found


def check_limit(value: float | None, name: str, unit: str) -> None:
    """SpecError if a limit is no number > 0."""
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if value is not None and not (number and value > 0 and math.isfinite(value)):
        raise SpecError(f"{name} must be a number of {unit} > 0, got {value!r}")


def check_memory(value: float | None) -> None:
    """SpecError if a memory limit is none, or cannot be set on this system."""
    check_limit(value, "memory", "megabytes")
    if value is not None and not LINUX:
        raise SpecError("a memory limit needs Linux; set one with the tools of your system")


def limit_memory(megabytes: float) -> None:
    """This process may take so much more address space than it has; an allocation beyond raises MemoryError, or ends it."""
    import resource

    pages = int(Path("/proc/self/statm").read_text().split()[0])
    allowed = pages * resource.getpagesize() + int(megabytes * MEGABYTE)
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (allowed if hard < 0 else min(allowed, hard), hard))


def end_with(parent: int) -> None:
    """This process is killed when its parent ends, however that ends. (A thread that watches would wait for FLINT.)"""
    if not LINUX:
        return
    import ctypes

    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG
    if os.getppid() != parent:
        os._exit(1)


def _start(child: Any) -> None:
    with warnings.catch_warnings():
        # Python 3.12 and later: a fork beside threads may deadlock in a lock they hold. The child computes and takes none.
        warnings.simplefilter("ignore", DeprecationWarning)
        try:
            child.start()
        except (pickle.PicklingError, AttributeError, TypeError) as error:
            raise SpecError(f"this system has no fork, and the work cannot be handed to a child: {error}") from error


def _child(
    theirs: Connection, ours: Connection | None, work: Any, memory: float | None, files: tuple[int, ...], parent: int
) -> None:  # fmt: skip
    if ours is not None:
        ours.close()
    if hasattr(os, "setsid"):
        os.setsid()  # Ctrl-C reaches the parent alone, which ends this whole group
        end_with(parent)
        signal.signal(signal.SIGTERM, _leave)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    if files:
        faulthandler.register(signal.SIGUSR1, file=files[0], all_threads=False)
        if memory is not None:
            faulthandler.enable(file=files[0], all_threads=False)  # FLINT and GMP abort where memory ends
            os.dup2(files[1], 1)  # and say so
            os.dup2(files[2], 2)
    try:
        if memory is not None:
            limit_memory(memory)
        message = (_VALUE, work(lambda item: theirs.send_bytes(pickle.dumps((_ITEM, item)))))
        data = pickle.dumps(message)
    except MemoryError as error:
        data = pickle.dumps((_MEMORY, _place(error)))
    except KeyboardInterrupt:
        os._exit(1)
    except Exception as error:
        data = _error_data(error)
    try:
        theirs.send_bytes(data)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)  # done: nothing is left to interrupt
    except (KeyboardInterrupt, BrokenPipeError):
        os._exit(1)


def _leave(*_: object) -> None:
    raise KeyboardInterrupt


def _error_data(error: Exception) -> bytes:
    """An error as a pickle; what does not pickle becomes the text of it."""
    try:
        data = pickle.dumps((_ERROR, error))
        pickle.loads(data)
        return data
    except Exception:
        return pickle.dumps((_ERROR, RnnsymError(f"{type(error).__name__}: {error}")))


def _heard(
    ours: Connection, child: Any, until: float, memory: float | None, listen: Callable[[Any], None] | None
) -> Outcome:
    reached = f"the memory limit of {memory:g} MB was reached" if memory is not None else ""
    while True:
        left = None if until == math.inf else until - time.monotonic()
        if left is not None and left <= 0 or not wait([ours], left):
            return Outcome(stopped="deadline")
        try:
            kind, value = pickle.loads(ours.recv_bytes())
        except EOFError:
            child.join()
            if reached and child.exitcode != 0:  # FLINT and GMP abort where memory ends, OpenBLAS leaves
                return Outcome(stopped=reached)
            raise RnnsymError(f"the work ended without an answer (exit status {child.exitcode})") from None
        if kind == _VALUE:
            return Outcome(value)
        if kind == _ERROR:
            raise value
        if kind == _MEMORY:
            return Outcome(stopped=reached or "the memory of this machine is full", stage=value)
        if listen is not None:
            listen(value)


def _end(child: Any) -> None:
    """Asks the child to end, so that it removes its temporary files; then ends it and what it started."""
    if child.pid is None:
        return
    if child.exitcode is None:
        child.terminate()
        child.join(GRACE)
    if hasattr(os, "killpg"):
        try:
            os.killpg(child.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            pass
    if child.exitcode is None:
        child.kill()
        child.join()
    child.close()


# Where the child was


def _stage(child: Any, stack: Any) -> str:
    """Asks the child for its stack; a signal handler of C answers, whatever it computes."""
    if not hasattr(signal, "SIGUSR1") or not FORKS:
        return ""
    os.kill(child.pid, signal.SIGUSR1)
    for _ in range(20):
        time.sleep(0.01)
        if found := _innermost(stack):
            return found
    return ""


def _innermost(stack: Any) -> str:
    """The function of rnnsym nearest to where the child is, from the text that faulthandler writes (last call first).

    What has no name of its own, a comprehension or a lambda, is told by the function around it.
    """
    stack.seek(0)
    for file, line, name in _FRAME.findall(stack.read().decode(errors="replace")):
        if file.startswith(_HERE) and file != __file__ and not name.startswith("<"):
            return _shown(file, line, name)
    return ""


def _place(error: BaseException) -> str:
    found, frame = "", error.__traceback__
    while frame is not None:
        code = frame.tb_frame.f_code
        named = not code.co_name.startswith("<")
        if named and code.co_filename.startswith(_HERE) and code.co_filename != __file__:
            found = _shown(code.co_filename, frame.tb_lineno, code.co_name)
        frame = frame.tb_next
    return found


def _shown(file: str, line: int | str, name: str) -> str:
    return f"{name} ({Path(file).relative_to(_HERE).as_posix()}, line {line})"


def _repeat(said: Any, stream: Any) -> None:
    """What the child wrote, now."""
    said.seek(0)
    if text := said.read().decode(errors="replace"):
        stream.write(text)
