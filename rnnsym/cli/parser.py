"""The options and their help. A new command: its lines in `parser`, and a function of `commands`."""

from __future__ import annotations

import argparse
from collections.abc import Callable

from rnnsym.cli import commands as run
from rnnsym.cli.status import BAD_INPUT
from rnnsym.questions import PICTURES, QUESTIONS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class Parser(argparse.ArgumentParser):
    """argparse whose faults are one line, and whose options are written in full."""

    def __init__(self, **options: Any) -> None:
        super().__init__(allow_abbrev=False, **options)

    def error(self, message: str) -> Any:
        self.exit(BAD_INPUT, f"rnnsym: {message}; see {self.prog} --help\n")


def parser(version: str) -> argparse.ArgumentParser:
    """The parser of the whole command line; `run` of what it reads is the function of the command."""
    common = Parser(add_help=False)
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
    add("--memory", type=float, metavar="MB", help="stop when the work takes so many megabytes (Linux)")
    add("--max-ops", type=int, metavar="N", help="refuse formulas of more than N operations")
    add("--quiet", action="store_true", help="no progress on standard error")
    add("--no-color", action="store_true", help="no colors (also with NO_COLOR set)")
    whole = Parser(
        prog="rnnsym",
        description="Derives, prints and verifies the mathematics of recurrent networks.",
        epilog="exit status: 0 verified, 1 theory and numerics disagree, 2 bad input, 3 undecided, 4 a limit reached",
    )
    whole.add_argument("--version", action="version", version=f"rnnsym {version}")
    subparsers = whole.add_subparsers(dest="command", metavar="COMMAND", parser_class=Parser, required=True)
    model = Parser(add_help=False)
    model.add_argument(
        "model",
        nargs="?",
        metavar="MODEL",
        help="a cell (rnnsym cells) or MODEL.toml; else two tanh units, input, output",
    )
    names = ", ".join(q.name for q in QUESTIONS)
    files = (
        "FILE of -o ends in .tex, .md, .html (one file, extra html), .pdf (pdflatex, or extra pdf) or .json; without -o "
        f"{run.REPORT_FILE}.tex and {run.REPORT_FILE}.md are written"
    )

    def command(
        name: str, function: Callable[[argparse.Namespace], int], text: str, *parents: Any, epilog: str = ""
    ) -> Any:
        made = subparsers.add_parser(name, parents=[*parents, common], help=text, description=text, epilog=epilog)
        made.set_defaults(run=function)
        return made

    report = command("report", run.report, "derive, verify and write everything about a model", model, epilog=files)
    report.add_argument("--no-figures", action="store_true", help="leave the pictures out")
    derive = command("derive", run.derive, "print the answer to one question", epilog=f"questions: {names}")
    derive.add_argument("question", metavar="QUESTION", help=f"one of: {names}")
    derive.add_argument("model", nargs="?", metavar="MODEL", help="as of report")
    derive.add_argument("--wrt", metavar="NAME", help="with respect to state, input, or a parameter such as W_h (all)")
    derive.add_argument("--latex", action="store_true", help="print LaTeX")
    derive.add_argument("--steps", action="store_true", help="with the steps of the derivation")
    verify = command("verify", run.verify, "verify the answer to every question that applies", model)
    for made in (report, verify):
        made.add_argument("--trials", type=int, metavar="N", help=f"random draws for each claim ({run.DRAWS})")
    kinds = "".join(f"\n  {p.name:<20}{p.text}{_options_of(p)}" for p in PICTURES)
    plot = command(
        "plot", run.plot, "draw a picture of a model", epilog=f"pictures, what they show, and their options (--with):{kinds}"
    )  # fmt: skip
    plot.formatter_class = argparse.RawDescriptionHelpFormatter
    plot.add_argument("kind", metavar="KIND", help="the picture; those there are stand below")
    plot.add_argument("model", nargs="?", metavar="MODEL", help="as of report; without it an example for the picture")
    plot.add_argument(
        "--with", action="append", default=[], metavar="OPTION=VALUE", dest="options", help="an option of the picture; repeatable"
    )  # fmt: skip
    inspect = command(
        "inspect", run.inspect, "one page on a trained network: norms, certificates, fixed points, H(z), gradients",
        epilog="FILE of -o ends in .md, .html, .json or .txt",
    )  # fmt: skip
    inspect.add_argument("weights", metavar="WEIGHTS", help="a .npz, .safetensors or .onnx file; pickles are refused")
    for name, metavar, text in (
        ("layout", "LAYOUT", "torch-, keras-, onnx-, flax- or nnx-, then rnn, gru or lstm; PyTorch's names say it themselves"),
        ("cell", "NAME", "instead of a layout: the cell whose parameter names the arrays have"),
        ("direction", "WHICH", "forward or reverse, of a bidirectional layer"),
        ("prefix", "MODULE", "the module that holds the layer, such as encoder.rnn"),
        ("phi", "NAME", "the activation of an RNN (tanh), which no array shows"),
        ("reset", "WHERE", "before or after the linear map, of a GRU without biases"),
        ("readout", "MODULE", "the module of a linear map that reads the state out"),
    ):  # fmt: skip
        inspect.add_argument(f"--{name}", metavar=metavar, help=text)
    inspect.add_argument("--layer", type=int, metavar="K", help="the layer, from 0")
    inspect.add_argument("--no-bias", action="store_true", help="the layer was made without biases")
    inspect.add_argument("--input", metavar="X", help="the constant input, numbers with commas between (zero)")
    inspect.add_argument("--steps", type=int, default=50, metavar="T", help="T of the gradients (50)")
    inspect.add_argument("--starts", type=int, metavar="N", help="starts of the search of fixed points")
    inspect.add_argument("--plot", action="store_true", help="with pictures: needs -o page.html or page.md")
    command("card", run.card, "one screen about a cell; FILE of -o ends in .html, .md or .txt", model)
    results = command(
        "catalogue", run.catalogue, "list what can be derived, by ID; with an ID its functions and source"
    )
    results.add_argument("id", nargs="?", metavar="ID", help="such as A-FIX-6, in full or its beginning: A-FIX")
    cells = command("cells", run.cells, "list the cells with their equations, and files to start from")
    cells.add_argument(
        "name", nargs="?", metavar="NAME", help="one cell, or system, in full, and a model file to start from"
    )
    cells.add_argument("--toml", action="store_true", help="print the model file only")
    return whole


def _options_of(picture: Any) -> str:
    return "".join(f"\n{'':22}{name}={kind}" for name, kind in picture.options)
