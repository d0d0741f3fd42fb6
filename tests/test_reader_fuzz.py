"""Hostile text by the million: mutated formulas and model files give a value or a refusal of ours, at once, and run nothing.

Seeds are kept, so a red run is red again. The default run takes thousands of inputs; the slow one a million in SHARDS
parts, where RNNSYM_TEST_MULTIPLIER is 20, as in .ci/run.
Two guards stand around every input. An audit hook sees what the interpreter does: code that is executed, files opened for
writing, processes, sockets. A timer of processor time (not of the clock: the machine may be busy) ends an input that hangs.
"""

from __future__ import annotations

import random
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import sympy as sp

from rnnsym.cells import catalogue
from rnnsym.reader import check_name, free_names, read
from rnnsym.result import RnnsymError, SpecError
from rnnsym.spec import model_file, read_model, system_file
from tests.multiplier import times

SHARDS = 4
MANY = times(50_000)
HANG = 1.0
"""Seconds of processor time; the slowest input that was seen takes a fifth of it."""

NAMES = {name: sp.Symbol(name, real=True) for name in ("x", "y", "w", "h", "b", "W_h", "E", "I")}
COMPLEX = {name: sp.Symbol(name) for name in NAMES}

# Guards

_seen: list[str] = []
_watching = False
_DEEDS = ("os.", "subprocess.", "socket.", "shutil.", "pty.", "ctypes.", "urllib.", "webbrowser.", "pickle.")


def _audit(event: str, arguments: tuple[Any, ...]) -> None:
    if not _watching:
        return
    if event == "exec":
        file, parts = arguments[0].co_filename, arguments[0].co_consts
        # modules that SymPy imports late; mpmath writes the loops of hypergeometric sums, from the types of their arguments
        known = file.endswith(".py") or file.startswith("<frozen")
        if not known and not any(getattr(part, "co_name", "").startswith("hypsum_") for part in parts):
            _seen.append(f"exec of {file}")
    elif event == "open" and isinstance(arguments[1], str) and set(arguments[1]) & set("wax+"):
        _seen.append(f"open {arguments[0]}")
    elif event.startswith(_DEEDS) and not event.startswith(("os.listdir", "os.scandir", "os.putenv")):
        _seen.append(event)


class Hang(BaseException):
    """No Exception: nothing on the way may swallow it."""


def _hang(*_: object) -> None:
    raise Hang


sys.addaudithook(_audit)


@contextmanager
def guarded() -> Iterator[Callable[[], None]]:
    """Around many inputs; what it gives is called before each of them."""
    global _watching
    before = signal.signal(signal.SIGPROF, _hang)
    _seen.clear()
    _watching = True
    try:
        yield lambda: signal.setitimer(signal.ITIMER_PROF, HANG)  # type: ignore[func-returns-value]
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        _watching = False
        signal.signal(signal.SIGPROF, before)
    assert not _seen, _seen[:5]


def test_the_guards_see_what_they_are_for(tmp_path: Any) -> None:
    for deed in (
        lambda: eval("1 + 1"), lambda: exec("x = 1"), lambda: open(tmp_path / "a", "w").close(),
        lambda: sp.sympify("x + 1"), lambda: __import__("os").system("true"),
    ):  # fmt: skip
        with pytest.raises(AssertionError), guarded():
            deed()
    with pytest.raises(Hang), guarded():
        signal.setitimer(signal.ITIMER_PROF, 0.01)
        while True:
            pass


# Formulas

SEEDS = (
    "tanh(w*h + b)", "1/(1 + exp(-x))", "0 < x < 1 and y != 0", "(x - y)**2/sqrt(w**2 + 1)", "max(0, x)*0.1", "x*(1 + erf(x/sqrt(2)))/2",
    "not (w > 1 or abs(w - 1) <= 0.5)", "log(1 + exp(x))", "sign(x)*min(1, abs(x))", "2**-x", "1.5e-3*w_h", "exp(-x**2/2)/sqrt(2*pi)",
    "w**3 - 3*w + 2", "atan(y/x)", "conjugate(x)*re(y) - im(w)", "((x+1)**60)**60", "exp(10**9*log(2))", "2**(x + 10**9)*2**(-x)",
    "sinh(cosh(tanh(x)))", "-(-x)**0.5", "W_h @ h + b", "9**9**9", "__import__('os').system('id')", "(1).__class__.__bases__[0]",
    "lambda: 0", "[x for x in y]", "f'{x}'", "x if y else w", "1e308*1e308", "E*I", "sqrt(2)*sqrt(3)*sqrt(5)", "x == y", "h = tanh(w)",
)  # fmt: skip
PIECES = (
    "x y w h b W_h E I 0 1 2 64 65 0.5 1e3 1e308 1e999 9**9 10**9 + - * / ** @ ( ) ( ) , . tanh( exp( log( max( sqrt( abs( re( < <= == != = and "
    "or not lambda if else for in import . ^ [ ] { } ' \" : := _ __ # \\ \u03c3 \u00b2 \uff58 % & | ~ ; // -> True None 2j 0x1F 1_0 exec( eval( "
    "__import__( os.system( **60 **-1 ...)"
).split(" ") + [" ", "\n", "\t", "\x00", "\u2028", "\ud800", "\r"]  # fmt: skip


def mutated(draw: random.Random, seeds: tuple[str, ...], pieces: list[str]) -> str:
    """A seed with one to four changes: a piece put in or in place of something, a part taken out, doubled, moved or spliced."""
    text = draw.choice(seeds)
    for _ in range(draw.randint(1, 4)):
        here = draw.randrange(len(text) + 1)
        there = min(len(text), here + draw.randrange(8))
        kind = draw.randrange(8)
        if kind < 3:
            text = text[:here] + draw.choice(pieces) + text[here if kind < 2 else there :]
        elif kind == 3:
            text = text[:here] + text[there:]
        elif kind == 4:
            text = text[:there] + text[here:there] * draw.randint(1, 3) + text[there:]
        elif kind == 5:
            other = draw.choice(seeds)
            text = text[:here] + other[draw.randrange(len(other) + 1) :]
        elif kind == 6:
            text = draw.choice(("tanh(", "(", "-", "1/(", "not (")) + text + ")"
        else:
            text = text[:here] + chr(draw.choice((draw.randrange(128), draw.randrange(0x3000)))) + text[there:]
    return text


def grown(draw: random.Random, depth: int) -> str:
    """A formula that is well formed, and may be refused for its numbers only."""
    if depth == 0:
        return draw.choice(("x", "y", "w", "h", "0", "1", "2", "64", "0.5", "1e3", "10**9", "x", "E"))
    a, b = grown(draw, depth - draw.randint(1, depth)), grown(draw, depth - draw.randint(1, depth))
    return draw.choice((
        f"({a} + {b})", f"({a} - {b})", f"({a})*({b})", f"({a})/({b})", f"({a})**({b})", f"({a})**{draw.randint(-9, 64)}", f"-({a})", f"tanh({a})",
        f"exp({a})", f"log({a})", f"sqrt({a})", f"abs({a})", f"max({a}, {b})", f"sin({a})", f"erf({a})", f"re({a})", f"acosh({a})", f"sign({a})",
    ))  # fmt: skip


def ours_only(ask: Callable[[], Any], text: str) -> bool:
    """Whether there was a value; a refusal is ours and one printable line."""
    try:
        ask()
    except RnnsymError as error:
        message = str(error)
        assert isinstance(error, SpecError) and message.isprintable() and len(message) < 1200, (text, message)
        return False
    except Exception as error:  # a Hang is none
        raise AssertionError(f"{text!r}: {type(error).__name__}: {error}") from error
    return True


def formulas(seed: int, count: int) -> int:
    """How many of `count` mutated formulas are read."""
    draw, values = random.Random(seed), 0
    with guarded() as next_one:
        for k in range(count):
            text = mutated(draw, SEEDS, PIECES) if k % 32 else grown(draw, draw.randint(1, 6))
            next_one()
            names = NAMES if k % 8 else COMPLEX
            values += ours_only(lambda text=text, names=names, k=k: read(text, names, condition=k % 4 == 3), text)
            if k % 16 == 0:
                ours_only(lambda text=text: free_names(text), text)
                ours_only(lambda text=text: check_name(text), text)
    return values


def test_mutated_formulas_are_read_or_refused() -> None:
    values = formulas(0, 4_000)
    assert 100 < values < 3_500  # both happen


@pytest.mark.slow
@pytest.mark.parametrize("shard", range(SHARDS))
def test_many_mutated_formulas_are_read_or_refused(shard: int) -> None:
    values = formulas(1 + shard, MANY // SHARDS)
    assert values > MANY // SHARDS // 100


# Found by the million: SymPy split what may be complex into real and imaginary parts, for minutes.
SPLIT = ("log(tanh((x**8)**45))", f"log({'tanh(' * 30}x{')' * 30})", f"abs({'cosh(' * 12}x{')' * 12})", "log(1 + tanh((x + y)**40))", "1/sinh((x + y)**30)**y",
         "sqrt(cosh(exp((x + y)**30)))", "log(tanh(sin((x + y)**30)))", f"max({'sinh(' * 12}x{')' * 12}, 1)")  # fmt: skip


def test_a_root_of_a_number_too_large_is_refused_before_sympy_looks_for_factors() -> None:
    with pytest.raises(SpecError, match="make about 8186 bits; limit 4096"):
        read("sqrt(1e308**2**2 + 1)", {})
    assert read("sqrt(1e308)", {}) == 10**154


@pytest.mark.parametrize("text", SPLIT)
def test_functions_of_hyperbolic_functions_do_not_split_them(text: str) -> None:
    with guarded() as next_one:
        for names in (NAMES, COMPLEX):
            next_one()
            ours_only(lambda names=names: read(text, names), text)


# Model files

FILES = (
    *(model_file(name) for name in catalogue()), system_file(),
    '[model]\nequations = ["z_t = sigmoid(U @ x + b)", "h_t = (1 - z_t)*h + z_t*tanh(W @ h)"]\nstate = "h"\ninput = "x"\n'
    'assumptions = ["b > 0"]\n[shapes]\nW = ["n", "n"]\n[parameters]\nb = 0.1\n[notation]\nW = "\\\\mathbf{W}"\n',
)  # fmt: skip
LINES = tuple(
    r"""[model]
[system]
[parameters]
[sizes]
[shapes]
[notation]
[options]
[[model]]
n = 2
n = -1
n = 1e400
m = 99999999999
W_h = [[1, 2], [3]]
W_h = "9**9**9"
W_h = "__import__('os').system('id')"
W_h = "\\write18{id}"
b = nan
b = [[[[[[1]]]]]]
b = 1e-400
cell = "gru"
cell = 3
A = [[1]]
A = "x"
state = ["h", "<b>"]
name = "\\input{x}"
x = 1979-05-27T07:32:00Z
"a b" = 1
phi = "gelu2"
phi = "x.y"
readout = "current"
time = "continuous"
step = 0
output = "C @ h"
assumptions = ["w > 1", "w < 0"]
a.b.c = 1
''' x
\x00""".splitlines()
)


def files(seed: int, count: int) -> int:
    """How many of `count` mutated model files describe a model."""
    draw, values = random.Random(seed), 0
    with guarded() as next_one:
        for _ in range(count):
            rows = draw.choice(FILES).splitlines()
            for _ in range(draw.randint(1, 3)):
                k = draw.randrange(len(rows))
                kind = draw.randrange(4)
                if kind == 0:
                    rows.insert(k, draw.choice(LINES))
                elif kind == 1:
                    rows[k] = draw.choice(LINES)
                elif kind == 2:
                    rows[k] = mutated(draw, (rows[k],), PIECES)
                else:
                    rows[k] = rows[k].removeprefix("# ")  # files to start from hold their options in comments
            text = "\n".join(rows)
            next_one()
            try:
                read_model(text)
                values += 1
            except RnnsymError as error:
                assert len(str(error)) < 3000 and "\n" not in str(error), text
            except Exception as error:
                raise AssertionError(f"{text!r}: {type(error).__name__}: {error}") from error
    return values


def test_mutated_model_files_are_read_or_refused() -> None:
    assert 40 < files(0, 600) < 560


@pytest.mark.slow
@pytest.mark.parametrize("shard", range(2))
def test_many_mutated_model_files_are_read_or_refused(shard: int) -> None:
    assert files(1 + shard, 6_000) > 100
