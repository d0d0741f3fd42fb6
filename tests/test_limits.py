"""Limits: sizes are predicted before work, a deadline or a memory limit stops anything, and nothing is left behind."""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import flint
import pytest
import sympy as sp

import rnnsym as rs
from rnnsym.cells import elman, lstm, unroll
from rnnsym.cli import main
from rnnsym.exact import characteristic_polynomial
from rnnsym.limits import FORKS, LINUX, limited
from rnnsym.result import LimitReached, RnnsymError, ShapeError, SpecError
from tests.processes import children, ended

pytestmark = [
    pytest.mark.usefixtures("no_hang"),
    pytest.mark.skipif(not (FORKS and LINUX), reason="children are forked, and memory is limited, on Linux"),
]


def table(rows: int, columns: int, letter: str = "a") -> sp.ImmutableMatrix:
    return sp.ImmutableMatrix(rows, columns, lambda i, j: sp.Symbol(f"{letter}{i}_{j}", real=True))


def system(n: int, m: int = 1, p: int = 1) -> rs.LinearSystem:
    return rs.LinearSystem(table(n, n), table(n, m, "b"), table(p, n, "c"))


@pytest.fixture(autouse=True)
def no_child_is_left() -> Iterator[None]:
    before = set(children(os.getpid()))
    yield
    assert set(children(os.getpid())) <= before


# Sizes that are predicted

RATIONAL = rs.LinearSystem([[sp.Rational(1, 2)]], [1])
NETWORK = elman("relu", n=8, m=1)
REFUSED: dict[str, tuple[Callable[[], Any], str]] = {
    "symbols of a cell": (lambda: lstm(n=12, m=12), r"n=12, m=12: a symbolic lstm has 1236 symbols; limit 200"),
    "symbols of one's own cell": (
        lambda: rs.cell("h_t = tanh(W @ h)", state="h", shapes={"h": 15}), r"h of 15: a symbolic cell has \d+ symbols; limit 200",
    ),
    "terms of a characteristic polynomial": (lambda: characteristic_polynomial(table(12, 12)), r"1302061345 terms, the limit is 5000000"),
    "states of stability conditions": (lambda: rs.stability_conditions(table(9, 9)), "A has 9 states and symbols; the limit is 6"),
    "unknowns of a Stein equation": (lambda: rs.gramian(system(4), "controllability"), r"may have \d+ terms, the limit is"),
    "minors of the strata of a rank": (lambda: rs.rank(table(8, 12)), "161280, the limit is 100000"),
    "terms of a Krylov matrix": (lambda: rs.controllability(system(10)), r"the powers A\^k B: \d of 10 steps may have \d+ terms; limit 50000"),
    "terms of Markov parameters": (lambda: rs.markov_parameters(system(3), 30), r"30 Markov parameters: \d+ of 30 steps may have \d+ terms"),
    "terms of a finite Gramian": (lambda: rs.gramian(system(2), "controllability", horizon=500), r"of 500 steps may have \d+ terms"),
    "steps of numbers": (lambda: rs.gramian(RATIONAL, "controllability", horizon=10**6), "1000000 steps; limit 2000"),
    "steps to steer": (lambda: rs.steer(RATIONAL, [0], [1], 10**6), "steering: 1000000 steps; limit 2000"),
    "readings of a state": (lambda: rs.reconstruct_state(RATIONAL, 10**6), "the state from outputs: 1000000 steps; limit 2000"),
    "steps unrolled": (lambda: unroll(elman(), 10**6), r"1000000 steps of elman are 1000000 equations; limit 5000.*bptt\(cell\)"),
    "steps of a gradient": (lambda: rs.bptt(lstm(), 10**6), "1000000 steps of lstm are 6000000 equations; limit 5000"),
    "regions of a piecewise linear network": (lambda: rs.fixed_points(NETWORK), "8 states; the limit is 3; give values="),
    "unknowns of a box search": (
        lambda: rs.cycles(elman(W_h=[[3, 0], [0, 3]], W_x=[[0], [0]], b=0), 200), "2 states times period 200 make 400 unknowns; the limit is 256",
    ),
    "hidden paths": (lambda: rs.hmm_filter(6, 12), "13060694016 hidden paths; limit 5000"),
    "units of a normal form": (lambda: rs.neimark_sacker(elman(n=9, m=1)), "9 units; this closed form is for 6 at most"),
    "coefficients of a memory": (lambda: rs.hippo(1000), "N is 1000, which makes 1000000 exact entries; limit 128"),
    "modes": (lambda: rs.mode_coupling(elman(n=9, m=1)), "9 .*limit is"),
}  # fmt: skip


SLOW = ("minors of the strata of a rank",)


@pytest.mark.parametrize("what", [pytest.param(k, marks=pytest.mark.slow) if k in SLOW else k for k in REFUSED])
def test_a_size_is_predicted_and_refused_with_the_number(what: str) -> None:
    ask, message = REFUSED[what]
    with pytest.raises((LimitReached, ShapeError), match=message):
        ask()


def test_what_is_below_the_limits_is_answered() -> None:
    a = sp.Symbol("a", real=True)
    assert rs.markov_parameters(rs.LinearSystem([[a]], [1]), 100).rhs.shape == (1, 100)
    assert rs.gramian(RATIONAL, "controllability", horizon=300).rhs.shape == (1, 1)
    assert rs.trajectory(elman(), {"W_h": [[0.5]]}, steps=0).shape == (0, 1)
    assert unroll(elman(), 50).name == "elman, 50 steps"


# Deadlines and memory


def flint_power() -> int:
    """One call of FLINT that takes minutes."""
    return int(flint.fmpz(3) ** (10**9) % 7)


def flint_product() -> int:
    """Many gigabytes, asked for by FLINT."""
    context = flint.fmpz_mpoly_ctx.get([f"x{i}" for i in range(12)], flint.Ordering.lex)
    p = sum(context.gens(), context.constant(1)) ** 14
    return len(p * (p + 1))


def test_a_deadline_ends_a_call_of_flint_and_names_the_stage() -> None:
    with pytest.raises(
        LimitReached, match=r"stopped after 0.2 s at 'flint_power'; nothing was kept; .*raise the limit"
    ) as caught:
        limited(flint_power, deadline=0.2)
    assert caught.value.stage == "flint_power"


def test_the_stage_is_the_function_in_which_the_time_was_up() -> None:
    def working() -> Any:
        while True:
            rs.jacobian(elman())

    with pytest.raises(LimitReached, match=r"at 'working: \w+ \((\w+/)*\w+\.py, line \d+\)'"):
        limited(working, deadline=0.4)


def test_within_the_limits_the_answer_is_the_same() -> None:
    J = rs.jacobian(elman())
    assert limited(rs.jacobian, elman(), wrt="state", deadline=60, memory=2000) == J
    with pytest.raises(SpecError, match="elman has no 'W_q'"):
        limited(rs.jacobian, elman(), "W_q", deadline=60)


def test_an_error_that_does_not_pickle_is_its_text() -> None:
    class Own(Exception):
        def __init__(self, one: int, two: int) -> None:
            super().__init__("lost")

    def work() -> None:
        raise Own(1, 2)

    with pytest.raises(RnnsymError, match="Own: lost"):
        limited(work, deadline=60)


def test_memory_is_limited_in_python() -> None:
    with pytest.raises(LimitReached, match=r"the memory limit of 50 MB was reached at '<lambda>'; nothing was kept"):
        limited(lambda: len(bytearray(10**9)), memory=50)


def test_memory_is_limited_in_flint(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(LimitReached, match="the memory limit of 30 MB was reached at 'flint_product'"):
        limited(flint_product, memory=30, deadline=60)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("value", [0, -1, True, "5", float("nan"), float("inf")])
def test_a_limit_is_a_number_above_zero(value: Any) -> None:
    with pytest.raises(SpecError, match="deadline must be a number of seconds > 0, got"):
        limited(flint_power, deadline=value)
    with pytest.raises(SpecError, match="memory must be a number of megabytes > 0, got"):
        limited(flint_power, memory=value)


@pytest.mark.slow
def test_a_report_is_ended_in_the_middle_of_a_claim_and_keeps_the_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    from rnnsym.questions import Question, question

    endless = Question("endless", "Endless", lambda model: flint_power())
    heard: list[str] = []
    found = rs.report(elman(), questions=[question("equations"), Question("state", "State", rs.jacobian), endless, question("contraction")],
                      trials=2, deadline=2, figures=False, progress=heard.append)  # fmt: skip
    assert found.verdict == "limit" and len(found.checks) == 1 and len(found.sections) == 4
    assert heard[-1] == "endless: deriving" and "the time was up" in found.sections[3].skipped
    assert found.sections[1].question.function is rs.jacobian


def test_a_report_says_where_its_memory_ended() -> None:
    from rnnsym.questions import Question, question

    found = rs.report(elman(), questions=[question("equations"), Question("hungry", "Hungry", lambda model: flint_product())],
                      trials=2, memory=30, figures=False)  # fmt: skip
    assert found.verdict == "limit" and "the memory limit of 30 MB was reached" in found.sections[-1].skipped


@pytest.mark.slow
def test_the_command_line_limits_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    rows = [[f"a{i}{j}" for j in range(5)] for i in range(5)]
    (tmp_path / "m.toml").write_text(f"[system]\nA = {rows}\nB = [1, 0, 0, 0, 0]\n".replace("'", '"'))
    assert main(["derive", "gramians", "m.toml", "--memory", "20", "-o", "a.txt", "--quiet"]) == 4
    err = capsys.readouterr().err
    assert "the memory limit of 20 MB was reached at 'gramians: deriving'" in err and "nothing was written" in err
    assert err.count("\n") == 1 and [p.name for p in tmp_path.iterdir()] == ["m.toml"]
    assert main(["verify", "--memory", "-1"]) == 2
    assert "--memory must be a number > 0, got -1" in capsys.readouterr().err


# Interrupts

WORK = """
import flint, rnnsym as rs
print("at work", flush=True)
rs.limited(lambda: int(flint.fmpz(3) ** (10**9) % 7), deadline=300)
"""


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM, pytest.param(signal.SIGKILL, marks=pytest.mark.slow)])
def test_a_signal_ends_the_child_too_even_in_a_call_of_flint(sign: int, tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    process = subprocess.Popen(
        [sys.executable, "-c", WORK], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment, cwd=tmp_path
    )
    assert process.stdout is not None and process.stdout.readline() == b"at work\n"
    offspring: list[int] = []
    while not offspring and process.poll() is None:
        offspring = children(process.pid)
        time.sleep(0.02)
    time.sleep(0.1)  # it is in FLINT now
    assert offspring
    process.send_signal(sign)
    process.wait(20)
    assert ended(offspring) and not list(tmp_path.iterdir())
    process.stdout.close()


@pytest.mark.parametrize("before", [1, 2, 3])
def test_an_interrupt_while_the_listeners_start_is_an_interrupt(
    before: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from rnnsym.cli import main

    started: list[threading.Thread] = []
    start = threading.Thread.start

    def interrupted(thread: threading.Thread) -> None:
        started.append(thread)
        if len(started) == before:
            raise KeyboardInterrupt
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", interrupted)
    monkeypatch.chdir(tmp_path)
    assert main(["report", "lstm", "-o", "a.tex", "--deadline", "60"]) == 130
    assert capsys.readouterr().err == "rnnsym: interrupted\n" and not list(tmp_path.iterdir())


@pytest.mark.slow
@pytest.mark.parametrize("delay", [0.3, 2.0, 4.0, 6.0])
@pytest.mark.parametrize("deadline", [(), ("--deadline", "300"), ("--memory", "4000")])
def test_an_interrupted_report_leaves_no_file(deadline: tuple[str, ...], delay: float, tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "rnnsym", "report", "lstm", "-o", "a.tex", *deadline], stderr=subprocess.PIPE,
        stdout=subprocess.PIPE, env=environment, cwd=tmp_path, text=True,
    )  # fmt: skip
    time.sleep(delay)
    offspring = children(process.pid)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert process.returncode in (130, -signal.SIGINT)
    assert "Traceback" not in err or delay < 1  # before our own code runs, Python itself says where it was
    assert ended(offspring) and not list(tmp_path.iterdir())


def test_a_limit_pickles_with_its_stage() -> None:
    error = LimitReached("stopped")
    error.stage = "here"
    assert pickle.loads(pickle.dumps(error)).stage == "here"
