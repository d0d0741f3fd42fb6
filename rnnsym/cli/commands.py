"""The commands: each reads its options, asks `questions`, `report` or `plots`, and prints.

May import: inside functions only, but for the files of this package.
"""

from __future__ import annotations

import os

from rnnsym.cli.child import Progress, is_kept, keep, stage_reached
from rnnsym.cli.models import asked_model, setting, settings_of, with_assumptions, with_values
from rnnsym.cli.printed import (
    as_json,
    cell_data,
    cell_text,
    result_text,
    system_data,
    system_text,
    table,
)  # fmt: skip
from rnnsym.cli.status import LIMIT, STATUS, VERIFIED, fault, has_color

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from typing import Any

    from rnnsym.cli.child import Heard
    from rnnsym.questions import Picture, Question
    from rnnsym.report import Report

REPORT_FILE = "rnnsym-report"
DRAWS = 40  # that of rnnsym.report, which the help must not import
PICTURES = ("png", "svg", "pdf")
SYSTEM = "system"  # the name under which `rnnsym cells` shows linear systems
LARGEST = 100_000  # a whole number given to a picture


def report(args: argparse.Namespace) -> int:
    """Derives, verifies and writes everything about a model."""
    path = args.file if args.file is not None else REPORT_FILE
    found, written = _asked(args, path, figures=not args.no_figures)
    return _reported(args, found, written)


def verify(args: argparse.Namespace) -> int:
    """Verifies the answer to every question that applies."""
    found, _ = _asked(args, None, figures=False)
    return _verified(args, found)


def _asked(args: argparse.Namespace, path: str | None, *, figures: bool) -> tuple[Report, list[str]]:
    from rnnsym.report import report as made
    from rnnsym.report.record import all_targets
    from rnnsym.result import SpecError

    model, notation = asked_model(args)
    if args.trials is not None and args.trials > LARGEST:
        raise SpecError(f"--trials is {args.trials}; limit {LARGEST}")
    with Progress(args) as say:
        found = made(
            model, path, seed=args.seed, trials=args.trials, digits=args.digits, max_ops=args.max_ops, figures=figures,
            progress=say, keep=_handed_over if is_kept() else None, force=args.force, notation=notation,
        )  # fmt: skip
    return found, [] if path is None else [str(p) for p in all_targets(path, ("tex", "md"), found.pictures)]


def _reported(args: argparse.Namespace, found: Report, written: list[str]) -> int:
    if args.json:
        print(as_json({**_report_data(found), "files": written}))
    else:
        print(table(found, has_color(args)))
        print(f"written: {', '.join(written)}")
    return STATUS[found.verdict]


def _verified(args: argparse.Namespace, found: Report) -> int:
    color = args.file is None and has_color(args)
    _put(args, as_json(_report_data(found)) if args.json else table(found, color))
    return STATUS[found.verdict]


def derive(args: argparse.Namespace) -> int:
    """Prints the answer to one question, and what a search finds if the model has numbers."""
    from rnnsym.questions import answers, question

    asked, (model, notation) = question(args.question), asked_model(args)
    style = {} if notation is None else {"notation": notation}
    options = {} if args.wrt is None else {"wrt": args.wrt}
    with Progress(args) as say:
        say(f"{asked.name}: deriving")
        results = answers(asked, model, max_ops=args.max_ops, **options)
        found = _searched(args, asked, model, say)
    if args.json:
        from rnnsym.report.data import result_data

        data: dict[str, Any] = {"question": asked.name, "results": [result_data(r, True, **style) for r in results]}
        if found is not None:
            from rnnsym.report.parts import data as found_data

            data["found"] = found_data(found)
        text = as_json(data)
    elif args.latex:
        text = "\n\n".join(r.latex(steps=args.steps, **style) for r in results)
    else:
        text = "\n\n".join(result_text(r, args.steps) for r in results)
        if found is not None:
            from rnnsym.cli.printed import found_text

            text += "\n\n" + found_text(found)
    _put(args, text)
    return VERIFIED


def _searched(args: argparse.Namespace, asked: Question, model: Any, say: Any) -> Any:
    """What the question's search finds; None, and a word on standard error, while the model has symbols."""
    from rnnsym.result import NoClosedForm, SpecError

    if asked.search is None:
        return None
    say(f"{asked.name}: searching")
    try:
        return asked.search(model, deadline=None if args.deadline is None else 0.8 * args.deadline)
    except (SpecError, NoClosedForm) as error:
        say(f"{asked.name}: without a search, {error}")
        return None


def plot(args: argparse.Namespace) -> int:
    """Draws a picture."""
    from pathlib import Path

    from rnnsym.questions import picture
    from rnnsym.report.figures import saved
    from rnnsym.report.files import refuse_existing, write_files
    from rnnsym.result import SpecError

    entry = picture(args.kind)
    if args.file is None:
        raise SpecError(f"a picture needs a file: -o {entry.name}.png (or .svg, .pdf)")
    path = Path(args.file)
    kind = path.suffix[1:].lower()
    if kind not in PICTURES:
        raise SpecError(f"a picture cannot be written as {kind!r}; known: {', '.join('.' + k for k in PICTURES)}")
    options = _options(entry, args.options)
    refuse_existing([path], args.force)
    model, _ = (None, None) if args.model is None and entry.example()[0] is None else _pictured(args, entry)
    if model is None and (args.settings or args.assume):
        raise SpecError(f"{entry.name} without a MODEL has no parameters to set; its options (--with): {_known(entry)}")
    os.environ.setdefault("MPLBACKEND", "Agg")
    from rnnsym.plots.style import painted

    with Progress(args) as say:
        say(f"{entry.name}: drawing")
        with painted():
            content = saved(entry.draw(model, **options), kind)
    write_files({path: content}, force=args.force)
    if args.json:
        print(as_json({"picture": entry.name, "files": [str(path)]}))
    else:
        print(f"written: {path}")
    return VERIFIED


def _pictured(args: argparse.Namespace, entry: Picture) -> tuple[Any, Any]:
    """The model of the command line; without one the picture's example, its numbers replaced by --set."""
    if args.model is not None:
        return asked_model(args)
    model, values = entry.example()
    settings = {**values, **settings_of(args)}
    if (against := _chosen(args.options).get("against")) is not None:
        settings.pop(against, None)
    return with_assumptions(with_values(model, settings), args.assume), None


def _chosen(options: list[str]) -> dict[str, str]:
    return dict(setting(text, "--with", "steps=40") for text in options)


def _known(entry: Picture) -> str:
    return ", ".join(f"{name}={kind}" for name, kind in entry.options) or "none"


def _options(entry: Picture, given: list[str]) -> dict[str, Any]:
    """The options of --with, each as its kind."""
    from rnnsym.result import SpecError

    kinds = dict(entry.options)
    found = {}
    for name, text in _chosen(given).items():
        if name not in kinds:
            raise SpecError(f"{entry.name} has no option {name!r}; it has: {_known(entry)}")
        found[name] = _option(name, text.strip(), kinds[name])
    return found


def _option(name: str, text: str, kind: str) -> Any:
    from rnnsym.reader import check_name, read
    from rnnsym.result import SpecError

    if kind == "name":
        return check_name(text, what=f"--with {name}")
    parts = [read(part, {}, what=f"--with {name}") for part in text.split(":")] if text.count(":") < 2 else []
    if kind == "low:high" and len(parts) == 2 and parts[0] < parts[1]:
        return float(parts[0]), float(parts[1])
    if kind == "number" and len(parts) == 1:
        return float(parts[0])
    if kind == "whole" and len(parts) == 1 and parts[0].is_Integer and 1 <= parts[0] <= LARGEST:
        return int(parts[0])
    what = {"low:high": "two numbers low:high", "number": "a number", "whole": f"a whole number from 1 to {LARGEST}"}[
        kind
    ]
    raise SpecError(f"--with {name} must be {what}, got {text!r}")


def card(args: argparse.Namespace) -> int:
    """Prints or writes one screen about a model."""
    from rnnsym.card import card as made

    model, _ = asked_model(args)
    with Progress(args) as say:
        say("card: deriving")
        found = made(model)
    if args.file is not None:
        found.write(args.file, force=args.force)
        print(as_json({"files": [args.file]}) if args.json else f"written: {args.file}")
    else:
        print(as_json(found.data()) if args.json else str(found))
    return VERIFIED


def catalogue(args: argparse.Namespace) -> int:
    """Lists the catalogue of results, or shows what belongs to an ID."""
    from rnnsym.cli.results import entries_data, entries_text, entry_text, matching

    entries = matching(args.id)
    if args.json:
        text = as_json({"results": entries_data(entries)})
    elif args.id is not None and len(entries) == 1:
        text = entry_text(entries[0])
    else:
        text = entries_text(entries)
    _put(args, text)
    return VERIFIED


def cells(args: argparse.Namespace) -> int:
    """Lists the cells, or shows one in full with a model file to start from."""
    from rnnsym.cells import catalogue
    from rnnsym.result import SpecError
    from rnnsym.spec import model_file, named_cell, system_file

    if args.toml and args.name is None:
        raise SpecError("--toml needs the NAME of a cell; `rnnsym cells` lists them")
    is_system = args.name == SYSTEM
    if is_system:
        shown = []
    else:
        shown = [named_cell(args.name)] if args.name is not None else [make() for make in catalogue().values()]
    start = "" if args.name is None else system_file() if is_system else model_file(args.name)
    if args.toml:
        text = start.rstrip("\n")
    elif args.json:
        systems = [system_data()] if is_system or args.name is None else []
        text = as_json({"cells": [cell_data(cell) for cell in shown], "systems": systems})
    else:
        texts = [cell_text(cell, in_full=args.name is not None) for cell in shown]
        texts += [system_text()] if is_system or args.name is None else []
        if start:
            texts += [f"A model file to start from (rnnsym cells {args.name} --toml):", start.rstrip("\n")]
        text = "\n\n".join(texts)
    _put(args, text)
    return VERIFIED


def _report_data(found: Report) -> dict[str, Any]:
    from rnnsym.report.data import report_data

    return report_data(found)


def inspect(args: argparse.Namespace) -> int:
    """One page on a trained network."""
    from pathlib import Path

    from rnnsym.inspection import inspection
    from rnnsym.report.files import refuse_existing, write_files
    from rnnsym.result import SpecError
    from rnnsym.weights import load_weights

    path = None if args.file is None else Path(args.file)
    if path is not None and path.suffix not in (".md", ".html", ".json", ".txt"):
        raise SpecError(f"a page cannot be written as {path.suffix!r}; known: .md, .html, .json, .txt")
    if args.plot and (path is None or path.suffix not in (".md", ".html")):
        raise SpecError("--plot needs a page that can show pictures: -o page.html or -o page.md")
    if args.settings or args.assume:
        raise SpecError("a trained network has all its numbers; --set and --assume have no meaning here")
    if path is not None:
        refuse_existing([path], args.force)
    cell = None
    if args.cell is not None:
        from rnnsym.spec import named_cell

        cell = named_cell(args.cell)
    network = load_weights(
        args.weights, layout=args.layout, cell=cell, layer=args.layer, direction=args.direction, prefix=args.prefix,
        bias=not args.no_bias, phi=args.phi, reset=args.reset, readout=args.readout,
    )  # fmt: skip
    if args.plot:
        os.environ.setdefault("MPLBACKEND", "Agg")
    with Progress(args) as say:
        page = inspection(
            network, x=None if args.input is None else _numbers(args.input), steps=args.steps, starts=args.starts,
            seed=args.seed, plot=args.plot, progress=say,
        )  # fmt: skip
    if path is None:
        print(page.json() if args.json else page.text())
        return VERIFIED
    contents: dict[Path, str | bytes] = {path: page.written(path.suffix)}
    if path.suffix == ".md":
        contents[path] = page.markdown(f"{path.stem}-")
        contents |= {path.with_name(f"{path.stem}-{name}.png"): data for name, _, data in page.pictures}
    write_files(contents, force=args.force)
    print(as_json({"files": [str(p) for p in contents]}) if args.json else f"written: {', '.join(map(str, contents))}")
    return VERIFIED


def _numbers(text: str) -> list[float]:
    from rnnsym.reader import read
    from rnnsym.result import SpecError

    try:
        return [float(read(part, {}, what="--input")) for part in text.split(",")]
    except (TypeError, ValueError) as error:
        raise SpecError(f"--input needs numbers with commas between, got {text!r}") from error


def _put(args: argparse.Namespace, text: str) -> None:
    """The answer, to the file of -o or to standard output."""
    if args.file is None:
        print(text)
        return
    from pathlib import Path

    from rnnsym.report import write_files

    write_files({Path(args.file): text + "\n"}, force=args.force)


# What is kept when the time of --deadline is up


def _handed_over(found: Report) -> None:
    keep(packed(found))


def packed(found: Report) -> bytes:
    """What the parent needs to rebuild a report: questions by name, as their functions do not pickle."""
    import pickle

    sections = [(s.question.name, s.results, s.checks, s.skipped, s.limited, s.tables) for s in found.sections]
    return pickle.dumps(
        (found.title, found.model, sections, found.seed, found.notation, found.pictures, found.left_out)
    )


def _rebuilt(data: bytes) -> Report:
    import pickle

    from rnnsym.questions import question
    from rnnsym.report import Report, Section

    title, model, sections, *rest = pickle.loads(data)  # made by our own child, on a pipe that no one else writes to
    return Report(title, model, tuple(Section(question(name), *parts) for name, *parts in sections), *rest)


def stopped(args: argparse.Namespace, heard: Heard) -> int:
    """At a limit: a report or a table of what was finished; of the other commands nothing."""
    what = stage_reached(heard.reason, heard.stages)
    advice = (
        f"try --set, a smaller question or a {'larger --memory' if 'memory' in heard.reason else 'longer --deadline'}"
    )
    found = _rebuilt(heard.finished[-1]) if heard.finished and args.command in ("report", "verify") else None
    if found is None or not found.checks:
        return fault(f"{what}; nothing was written; {advice}", LIMIT)
    if args.command == "verify":
        _verified(args, found)
    else:
        path = args.file if args.file is not None else REPORT_FILE
        _reported(args, found, [str(p) for p in found.write(path, force=args.force)])
    return fault(f"{what}; {len(found.checks)} claims are kept; {advice}", LIMIT)
