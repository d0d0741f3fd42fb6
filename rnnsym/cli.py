"""The command line: report, derive, verify, cells. Thin: it reads options, asks `questions` and `report`, and prints.

Answers go to standard output, progress and faults to standard error, one line each. Exit status: 0 verified, 1 theory
and numerics disagree, 2 bad input, 3 undecided, 4 a limit was reached. With --deadline the same command runs in a child
that is ended when its time is up, when this process is interrupted, or when this process is gone.

May import: everything, inside functions, so that `rnnsym --help` answers at once. A new command: a function here and
its lines in `_parser`.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rnnsym.questions import QUESTIONS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from rnnsym.cells import Cell
    from rnnsym.latex import Notation
    from rnnsym.report import Report
    from rnnsym.result import Check, Result

VERIFIED, REFUTED, BAD_INPUT, UNDECIDED, LIMIT, INTERRUPTED, BUG = 0, 1, 2, 3, 4, 130, 70
STATUS = {"verified": VERIFIED, "refuted": REFUTED, "undecided": UNDECIDED, "limit": LIMIT}
REPORT_FILE = "rnnsym-report"
# Set in the child of --deadline: "plain", or "color" if the parent prints to a terminal.
CHILD = "RNNSYM_CHILD"
STAGE = "\x1e"  # begins the lines in which the child says what it does


class _Parser(argparse.ArgumentParser):
    """argparse whose faults are one line, and whose options are written in full."""

    def __init__(self, **options: Any) -> None:
        super().__init__(allow_abbrev=False, **options)

    def error(self, message: str) -> Any:
        self.exit(BAD_INPUT, f"rnnsym: {message}; see {self.prog} --help\n")


def _parser() -> argparse.ArgumentParser:
    from rnnsym import __version__

    common = _Parser(add_help=False)
    add = common.add_argument_group("options of every command").add_argument
    add("-o", metavar="FILE", dest="file", help="write to FILE instead of standard output")
    add("--force", action="store_true", help="overwrite existing files")
    add("--json", action="store_true", help="print JSON")
    values = "the exact value of a parameter (w=1/2) or a size (n=2); repeatable"
    add("--set", action="append", default=[], metavar="NAME=VALUE", dest="settings", help=values)
    add("--assume", action="append", default=[], metavar="CONDITION", help="a hypothesis, such as 'w > 0'; repeatable")
    add("--seed", type=int, default=0, metavar="N", help="seed of the random draws (0)")
    add("--digits", type=int, metavar="N", help="verify with N digits instead of double precision")
    add("--deadline", type=float, metavar="SECONDS", help="stop after so many seconds")
    add("--max-ops", type=int, metavar="N", help="refuse formulas of more than N operations")
    add("--quiet", action="store_true", help="no progress on standard error")
    add("--no-color", action="store_true", help="no colors (also with NO_COLOR set)")
    parser = _Parser(
        prog="rnnsym",
        description="Derives, prints and verifies the mathematics of recurrent networks.",
        epilog="exit status: 0 verified, 1 theory and numerics disagree, 2 bad input, 3 undecided, 4 a limit reached",
    )
    parser.add_argument("--version", action="version", version=f"rnnsym {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", parser_class=_Parser, required=True)
    model = _Parser(add_help=False)
    model.add_argument(
        "model",
        nargs="?",
        metavar="MODEL",
        help="a cell (rnnsym cells) or MODEL.toml; else two tanh units, input, output",
    )
    names = ", ".join(q.name for q in QUESTIONS)
    files = f"FILE of -o ends in .tex or .md; without -o both {REPORT_FILE}.tex and {REPORT_FILE}.md are written"

    def command(name: str, run: Callable[[argparse.Namespace], int], text: str, *parents: Any, epilog: str = "") -> Any:
        made = commands.add_parser(name, parents=[*parents, common], help=text, description=text, epilog=epilog)
        made.set_defaults(run=run)
        return made

    command("report", _report, "derive, verify and write everything about a model", model, epilog=files)
    derive = command("derive", _derive, "print the answer to one question", epilog=f"questions: {names}")
    derive.add_argument("question", metavar="QUESTION", help=f"one of: {names}")
    derive.add_argument("model", nargs="?", metavar="MODEL", help="as of report")
    derive.add_argument("--wrt", metavar="NAME", help="with respect to state, input, or a parameter such as W_h (all)")
    derive.add_argument("--latex", action="store_true", help="print LaTeX")
    derive.add_argument("--steps", action="store_true", help="with the steps of the derivation")
    command("verify", _verify, "verify the answer to every question that applies", model)
    cells = command("cells", _cells, "list the cells with their equations")
    cells.add_argument("name", nargs="?", metavar="NAME", help="one cell, in full, and a model file to start from")
    cells.add_argument("--toml", action="store_true", help="print the model file only")
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command; the value is the exit status."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    try:
        args = _parser().parse_args(arguments)
    except SystemExit as done:
        return _flushed(done.code if isinstance(done.code, int) else BAD_INPUT)
    try:
        _check_options(args)
        if args.deadline is not None and CHILD not in os.environ:
            return _supervised(arguments, args)
        if CHILD in os.environ:
            _end_with_parent()
        return _flushed(args.run(args))
    except KeyboardInterrupt:
        return _fault("interrupted", INTERRUPTED)
    except BrokenPipeError:
        return _silenced()
    except (MemoryError, RecursionError) as error:
        what = "memory" if isinstance(error, MemoryError) else "nesting"
        return _fault(f"the limit of {what} was reached; try --set, or a smaller question", LIMIT)
    except Exception as error:
        return _failed(error)


def _failed(error: Exception) -> int:
    """The exit status of an error, after its one line; a traceback only for what is our own fault."""
    from rnnsym.result import LimitReached, NoClosedForm, RnnsymError

    if isinstance(error, RnnsymError):
        status = (
            LIMIT if isinstance(error, LimitReached) else UNDECIDED if isinstance(error, NoClosedForm) else BAD_INPUT
        )
        return _fault(str(error), status)
    import traceback

    traceback.print_exc()
    return _fault("this is a fault of rnnsym, not of your input; please report it with the lines above", BUG)


def _fault(message: str, status: int) -> int:
    _Progress.clear()
    line = " ".join(message.split())
    print(f"rnnsym: {''.join(c if c.isprintable() else '?' for c in line)}", file=sys.stderr)
    return status


def _flushed(status: int) -> int:
    """The status, once all output is out: a reader that went away shows here, not at the interpreter's exit."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        return _silenced()
    return status


def _silenced() -> int:
    """As programs do whose reader went away (`| head`): quiet, with the status of SIGPIPE."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 141


def _check_options(args: argparse.Namespace) -> None:
    from rnnsym.result import SpecError

    for name, value in (("--deadline", args.deadline), ("--max-ops", args.max_ops), ("--digits", args.digits)):
        if value is not None and not (value > 0 and math.isfinite(value)):
            raise SpecError(f"{name} must be a number > 0, got {value}")


# The model


def _model(args: argparse.Namespace) -> tuple[Cell, Notation | None]:
    """The cell of a name or model file with --set and --assume applied, and the file's notation."""
    from rnnsym.cells import assume
    from rnnsym.questions import default_model

    cell, notation = (default_model(), None) if args.model is None else _loaded(args.model)
    cell = _with_values(cell, dict(_setting(s) for s in args.settings))
    return assume(cell, args.assume), notation


def _loaded(name: str) -> tuple[Cell, Notation | None]:
    from rnnsym.latex import Notation
    from rnnsym.spec import load, named_cell

    if name.endswith(".toml") or os.sep in name:
        found = load(name)
        return found.cell, Notation(names=found.names)
    return named_cell(name), None


def _setting(text: str) -> tuple[str, str]:
    from rnnsym.reader import check_name
    from rnnsym.result import SpecError

    name, equals, value = text.partition("=")
    if not equals or not value.strip():
        raise SpecError(f"--set needs NAME=VALUE, got {text!r}; for example --set w=1/2")
    return check_name(name.strip(), what="--set"), value


def _with_values(cell: Cell, settings: dict[str, str]) -> Cell:
    """Sizes first and all at once, then all parameters: a value may speak of the symbols that are left."""
    from rnnsym.reader import read

    sizes = {str(size): settings[str(size)] for size in cell.sizes if str(size) in settings}
    if sizes:
        cell = cell.at(**{name: read(text, {}, what=f"value of {name}") for name, text in sizes.items()})
    scalars = {s.name: s for s in cell.parameters if s.is_Symbol}
    values = {
        name: read(text, scalars, what=f"value of {name}") for name, text in settings.items() if name not in sizes
    }
    return cell.subs(values) if values else cell


# The commands


def _report(args: argparse.Namespace) -> int:
    from rnnsym.report import report, targets

    (model, notation), path = _model(args), args.file if args.file is not None else REPORT_FILE
    with _Progress(args) as say:
        found = report(
            model, path, seed=args.seed, digits=args.digits, max_ops=args.max_ops, progress=say, force=args.force,
            notation=notation,
        )  # fmt: skip
    paths = [str(p) for p in targets(path)]
    if args.json:
        print(_json({**_report_data(found), "files": paths}))
    else:
        print(_table(found, _has_color(args)))
        print(f"written: {', '.join(paths)}")
    return STATUS[found.verdict]


def _verify(args: argparse.Namespace) -> int:
    from rnnsym.report import report

    model, notation = _model(args)
    with _Progress(args) as say:
        found = report(model, seed=args.seed, digits=args.digits, max_ops=args.max_ops, progress=say, notation=notation)
    color = args.file is None and _has_color(args)
    _put(args, _json(_report_data(found)) if args.json else _table(found, color))
    return STATUS[found.verdict]


def _derive(args: argparse.Namespace) -> int:
    from rnnsym.questions import answers, question

    asked, (model, notation) = question(args.question), _model(args)
    style = {} if notation is None else {"notation": notation}
    options = {} if args.wrt is None else {"wrt": args.wrt}
    with _Progress(args) as say:
        say(f"{asked.name}: deriving")
        results = answers(asked, model, max_ops=args.max_ops, **options)
    if args.json:
        text = _json({"question": asked.name, "results": [_result_data(r, True, **style) for r in results]})
    elif args.latex:
        text = "\n\n".join(r.latex(steps=args.steps, **style) for r in results)
    else:
        text = "\n\n".join(_result_text(r, args.steps) for r in results)
    _put(args, text)
    return VERIFIED


def _cells(args: argparse.Namespace) -> int:
    from rnnsym.cells import catalogue
    from rnnsym.result import SpecError
    from rnnsym.spec import model_file, named_cell

    if args.toml and args.name is None:
        raise SpecError("--toml needs the NAME of a cell; `rnnsym cells` lists them")
    cells = [named_cell(args.name)] if args.name is not None else [function() for function in catalogue().values()]
    if args.toml:
        text = model_file(args.name).rstrip("\n")
    elif args.json:
        text = _json({"cells": [_cell_data(cell) for cell in cells]})
    else:
        text = "\n\n".join(_cell_text(cell, in_full=args.name is not None) for cell in cells)
        if args.name is not None:
            text += (
                f"\n\nA model file to start from (rnnsym cells {args.name} --toml):\n\n{model_file(args.name)}".rstrip(
                    "\n"
                )
            )
    _put(args, text)
    return VERIFIED


def _put(args: argparse.Namespace, text: str) -> None:
    """The answer, to the file of -o or to standard output."""
    if args.file is None:
        print(text)
        return
    from pathlib import Path

    from rnnsym.report import write_files

    write_files({Path(args.file): text + "\n"}, force=args.force)


# What is printed


def _result_text(result: Result, steps: bool) -> str:
    lines = [f"{result.name}:", *("  " + line for line in str(result).splitlines())]
    if steps:
        lines += [f"  step: {step.expression}   ({step.reason})" for step in result.steps]
    return "\n".join(lines)


def _cell_text(cell: Cell, *, in_full: bool) -> str:
    lines = [cell.name, *(f"  {name} = {expression}" for name, expression in cell.all_equations)]
    if in_full:
        lines += [f"  {a.name}: {a.role}, {a.value.shape[0]} x {a.value.shape[1]}" for a in cell.arrays]
        lines += [f"  {s.name}: parameter, scalar" for s in cell.parameters if s.is_Symbol]
        lines += [f"  source: {s.authors} {s.title}, {s.year}" for s in cell.source]
    return "\n".join(lines)


def _rows(found: Report) -> list[tuple[str, str, str, str, str]]:
    """Claim, draws, sizes, worst error, verdict of every claim; of what was left out, the reason."""
    rows = []
    for section in found.sections:
        for result, check in zip(section.results, section.checks, strict=True):
            if check is not None:
                sizes = ",".join(map(str, check.dims)) or "-"
                error = f"{check.max_error:.1g}" if check.trials else "-"
                rows.append((f"{section.question.name}: {result.name}", str(check.trials), sizes, error, check.verdict))
        if section.skipped:
            rows.append((f"{section.question.name}", "-", "-", "-", f"left out: {section.skipped}"))
    return rows


def _table(found: Report, color: bool) -> str:
    head = ("claim", "draws", "sizes n", "worst error", "verdict")
    rows = [head, *_rows(found)]
    widths = [max(len(row[k]) for row in rows) for k in range(4)]
    tints = {"agrees": "32", "not refuted": "32", "refuted": "31;1", "nothing tried": "33"}
    lines = []
    for row in rows:
        cells = [row[0].ljust(widths[0]), *(row[k].rjust(widths[k]) for k in range(1, 4)), row[4]]
        if color and row[4] in tints:
            cells[4] = f"\x1b[{tints[row[4]]}m{row[4]}\x1b[0m"
        lines.append("  ".join(cells).rstrip())
    for result, check in found.checks:
        if not check:
            lines += [f"{result.name}: {line}" for line in (str(check).splitlines()[1:] or [check.part]) if line]
    counts = f"{sum(bool(c) for _, c in found.checks)} of {len(found.checks)} claims agree, seed {found.seed}"
    return "\n".join([*lines, f"{found.verdict}: {counts}"])


def _result_data(result: Result, steps: bool = False, **style: Any) -> dict[str, Any]:
    data: dict[str, Any] = {
        "name": result.name, "lhs": str(result.lhs), "relation": result.relation, "rhs": str(result.rhs),
        "given": str(result.given), "where": [[str(s), str(e)] for s, e in result.where], "status": result.status,
        "source": [s.key for s in result.source], "latex": result.latex(**style),
    }  # fmt: skip
    if steps:
        data["steps"] = [{"expression": str(s.expression), "reason": s.reason} for s in result.steps]
    return data


def _check_data(check: Check) -> dict[str, Any]:
    worst = None if check.worst is None else {name: str(value) for name, value in check.worst.items()}
    return {
        "verdict": check.verdict, "agrees": bool(check), "trials": check.trials, "skipped": check.skipped,
        "max_error": check.max_error if math.isfinite(check.max_error) else None, "dims": list(check.dims),
        "seed": check.seed, "digits": check.digits, "part": check.part, "worst": worst,
    }  # fmt: skip


def _report_data(found: Report) -> dict[str, Any]:
    sections = []
    for s in found.sections:
        results = [
            {**_result_data(r, notation=found.notation), "check": None if c is None else _check_data(c)}
            for r, c in zip(s.results, s.checks, strict=True)
        ]
        sections.append({"question": s.question.name, "skipped": s.skipped or None, "results": results})
    return {
        "title": found.title,
        "model": str(found.model),
        "verdict": found.verdict,
        "seed": found.seed,
        "sections": sections,
    }


def _cell_data(cell: Cell) -> dict[str, Any]:
    return {
        "name": cell.name, "equations": [[str(name), str(expression)] for name, expression in cell.all_equations],
        "arrays": [{"name": a.name, "role": a.role, "shape": [str(d) for d in a.value.shape]} for a in cell.arrays],
        "scalars": [s.name for s in cell.parameters if s.is_Symbol], "source": [s.key for s in cell.source],
    }  # fmt: skip


def _json(data: Any) -> str:
    return json.dumps(data, indent=2, ensure_ascii=False, allow_nan=False)


def _has_color(args: argparse.Namespace) -> bool:
    if args.no_color or os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return False
    return os.environ[CHILD] == "color" if CHILD in os.environ else sys.stdout.isatty()


# Progress, and the child of --deadline


class _Progress:
    """Says on standard error what is being done: one line that is overwritten on a terminal, else a line each."""

    on_terminal = False

    def __init__(self, args: argparse.Namespace) -> None:
        self.quiet = args.quiet

    def __enter__(self) -> Callable[[str], None]:
        return self.say

    def __exit__(self, *error: object) -> None:
        self.clear()

    def say(self, stage: str) -> None:
        if CHILD in os.environ:
            print(f"{STAGE}{stage}", file=sys.stderr, flush=True)
        elif not self.quiet:
            self.show(stage)

    @classmethod
    def show(cls, stage: str) -> None:
        if sys.stderr.isatty():
            import shutil

            width = shutil.get_terminal_size().columns - 1
            print(f"\r\x1b[K{f'rnnsym: {stage}'[:width]}", end="", file=sys.stderr, flush=True)
            cls.on_terminal = True
        else:
            print(f"rnnsym: {stage}", file=sys.stderr, flush=True)

    @classmethod
    def clear(cls) -> None:
        if cls.on_terminal:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)
            cls.on_terminal = False


@dataclass
class _Heard:
    """What the child wrote: its stages, and the lines of its faults."""

    stages: list[str]
    lines: list[str]


def _supervised(arguments: list[str], args: argparse.Namespace) -> int:
    """The same command in a child of its own session, which is ended at the deadline and on every way out of here."""
    import subprocess
    import threading

    environment = {**os.environ, CHILD: "color" if _has_color(args) else "plain", "PYTHONUNBUFFERED": "1"}
    # The same sys.path: `-m` would put the current folder on it, whatever files are there.
    start = f"import sys; sys.path[:] = {sys.path!r}; from rnnsym.cli import main; sys.exit(main(sys.argv[1:]))"
    child = subprocess.Popen(
        [sys.executable, "-c", start, *arguments],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment, start_new_session=True,
    )  # fmt: skip
    heard, output = _Heard([], []), bytearray()

    def listen() -> None:
        assert child.stderr is not None
        for raw in child.stderr:
            line = raw.decode(errors="replace").rstrip("\n")
            if line.startswith(STAGE):
                heard.stages.append(line[1:])
                if not args.quiet:
                    _Progress.show(line[1:])
            else:
                heard.lines.append(line)

    def collect() -> None:
        assert child.stdout is not None
        output.extend(child.stdout.read())

    threads = [threading.Thread(target=target, daemon=True) for target in (listen, collect)]
    try:
        for thread in threads:
            thread.start()
        status = child.wait(args.deadline)
    except subprocess.TimeoutExpired:
        status = None
    finally:
        _end(child)
        for thread in threads:
            thread.join(2)
        _Progress.clear()
    if status is None:
        return _fault(_stopped(args.deadline, heard.stages), LIMIT)
    for line in heard.lines:
        print(line, file=sys.stderr)
    sys.stdout.write(output.decode(errors="replace"))
    return _flushed(status if status >= 0 else _fault(f"the work was ended by signal {-status}", LIMIT))


def _stopped(deadline: float, stages: list[str]) -> str:
    now = repr(stages[-1]) if stages else "'starting'"
    done = f"; {len(stages) - 1} stages were finished, the last {stages[-2]!r}" if stages[1:] else ""
    advice = "nothing was written; try --set, a smaller question or a longer --deadline"
    return f"stopped after {deadline:g} s at {now}{done}; {advice}"


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


def _end_with_parent() -> None:
    """In the child: a request to end leaves through `finally`; the end of standard input is the parent's end."""
    import signal
    import threading

    def leave(*_: object) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, leave)

    def watch() -> None:
        while os.read(0, 1024):
            pass
        os._exit(INTERRUPTED)

    threading.Thread(target=watch, daemon=True).start()


if __name__ == "__main__":
    sys.exit(main())
