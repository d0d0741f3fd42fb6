"""What a user waits for: all derivations of a network, the verification of its claims, a run of its states."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np
import sympy as sp

import rnnsym as rs
from rnnsym.questions import QUESTIONS
from rnnsym.questions.record import answers
from rnnsym.result import RnnsymError
from tests.benchmarks.jacobians import arrays
from tests.benchmarks.timing import Row, alone, interleaved, nothing


def network(n: int) -> Any:
    """n tanh units with one input and one output, every weight a symbol."""
    return rs.elman(output=sp.MatrixSymbol("C", *sp.symbols("p n", integer=True, positive=True))).at(n=n, m=1, p=1)


def derive(model: Any) -> int:
    """All that a report says, without the checks and the printing; how many results."""
    count = 0
    for question in QUESTIONS:
        if question.applies(model) is None:
            try:
                count += len(answers(question, model))
            except RnnsymError:
                continue  # a question without a closed form for this model: the report says so
    return count


def elman_run(v: dict[str, Any], x: Any) -> Any:
    h, found = np.zeros(len(v["W_h"])), []
    for row in x:
        h = np.tanh(v["W_h"] @ h + v["W_x"] @ row + v["b"])
        found.append(h)
    return np.array(found)


def rows(quick: bool) -> Iterator[Row]:
    for n in (1, 2, 3):
        model = network(n)
        assert derive(model) > 20
        yield alone(f"everything a report derives, {n} symbolic units", partial(derive, model), 3.0 if n == 3 else None,
                    repeats=3, group="report", n=n, shown=False)  # fmt: skip
    for name in ("elman", "lstm"):
        claims = rs.gradient_bound(rs.catalogue()[name]())
        run = lambda c=claims: [rs.verify(r, trials=40) for r in c]  # noqa: E731
        assert all(run())
        yield alone(f"verify {len(claims)} gradient bounds of {name}, 40 draws", run, None, repeats=3, before=nothing)
    cell = rs.elman()
    for n in (8, 64):
        v = arrays(cell, n, ())
        x = np.random.default_rng(1).normal(size=(200, v["W_x"].shape[1]))
        values = {k: v[k] for k in ("W_h", "W_x", "b")}
        ours, hand = partial(rs.trajectory, cell, values, x=x), partial(elman_run, values, x)
        assert np.allclose(ours(), hand(), atol=1e-12)
        mine, theirs = interleaved(ours, hand, 7)
        yield Row(
            f"trajectory of elman, n = {n}, one step", mine / 200, theirs / 200, "NumPy loop", None, "trajectory", n
        )
