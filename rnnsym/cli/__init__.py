"""The command line: report, derive, verify, plot, card, catalogue, cells. Thin: it reads options, asks `questions`, `report` and `plots`,
and prints.

Answers go to standard output, progress and faults to standard error, one line each. Exit status: 0 verified, 1 theory
and numerics disagree, 2 bad input, 3 undecided, 4 a limit was reached. With --deadline or --memory the same command runs in
a child that is ended when its time is up, when this process is interrupted, or when this process is gone.

Files: `parser` (options), `models`, `commands`, `printed` (text and JSON), `results` (the catalogue), `child` (progress, deadline), `status`.
May import: everything, inside functions, so that `rnnsym --help` answers at once.
"""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Sequence

from rnnsym.cli.status import BAD_INPUT, CHILD, INTERRUPTED, LIMIT, MEMORY, failed, fault, flushed, silenced

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command; the value is the exit status."""
    from rnnsym.cli.child import end_with_parent, supervised
    from rnnsym.cli.commands import stopped
    from rnnsym.cli.parser import parser

    arguments = list(sys.argv[1:] if argv is None else argv)
    try:
        args = parser(_version()).parse_args(arguments)
    except SystemExit as done:
        return flushed(done.code if isinstance(done.code, int) else BAD_INPUT)
    try:
        _check_options(args)
        if (args.deadline is not None or args.memory is not None) and CHILD not in os.environ:
            return supervised(arguments, args, stopped)
        if CHILD in os.environ:
            end_with_parent()
            if args.memory is not None:
                _limit_memory(args.memory)
        return flushed(args.run(args))
    except KeyboardInterrupt:
        return fault("interrupted", INTERRUPTED)
    except BrokenPipeError:
        return silenced()
    except (MemoryError, RecursionError) as error:
        if isinstance(error, MemoryError) and CHILD in os.environ:
            return MEMORY
        what = "memory" if isinstance(error, MemoryError) else "nesting"
        return fault(f"the limit of {what} was reached; try --set, or a smaller question", LIMIT)
    except Exception as error:
        return failed(error)


def _limit_memory(megabytes: float) -> None:
    """For the work: what has to be loaded for it is loaded before."""
    import rnnsym.report  # noqa: F401
    from rnnsym.limits import limit_memory

    limit_memory(megabytes)


def _version() -> str:
    from rnnsym import __version__

    return __version__


def _check_options(args: argparse.Namespace) -> None:
    from rnnsym.result import SpecError

    for name in ("deadline", "memory", "max_ops", "digits", "trials"):
        value = getattr(args, name, None)
        if value is not None and not (value > 0 and math.isfinite(value)):
            raise SpecError(f"--{name.replace('_', '-')} must be a number > 0, got {value}")
    if args.memory is not None:
        from rnnsym.limits import check_memory

        check_memory(args.memory)


__all__ = ["main"]
