"""Results of every public function: those that can be asked without arguments, about a default model, or as ASKED says.

`collected` gives them, and the names of the functions that gave none (those that return no Result among them).
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import sympy as sp

import rnnsym as rs
from rnnsym.result import Result

LEFT_OUT = {"report", "card", "inspection", "load_model", "load_weights", "save_weights", "verify", "claim"}
a, w, b, z = sp.symbols("a w b z", real=True)
k = sp.Symbol("k", integer=True, nonnegative=True)


@cache
def models() -> tuple[Any, ...]:
    """What an only needed argument may be, in the order in which they are tried."""
    A = sp.Matrix([[a, 1], [0, sp.Rational(1, 2)]])
    cells = (rs.elman(), rs.elman(W_h=w, W_x=1, b=b), rs.elman().at(n=2, m=1), rs.lstm(), rs.gru(), rs.linear())
    relu = (rs.elman(phi="relu", W_h=w, W_x=1, b=b), rs.elman(phi="relu").at(n=2, m=1))
    return (*cells, rs.LinearSystem(A, [0, 1], [[1, 0]]), rs.LinearSystem(a, 1, 1), A, *relu, 2, "euler", "zoh")


ASKED: dict[str, Callable[[], Any]] = {
    "cycle_reservoir": lambda: rs.cycle_reservoir(3),
    "delay_line": lambda: rs.delay_line(3),
    "diagonal_controllability": lambda: rs.diagonal_controllability([a, w], [b, 1]),
    "diagonal_gramian": lambda: rs.diagonal_gramian([a, w], [b, 1]),
    "discretization": lambda: rs.discretization(rs.LinearSystem(a, b, 1, time=rs.Time("continuous")), "zoh", sp.Symbol("tau", positive=True)),
    "eigenvalue_map": lambda: rs.eigenvalue_map("zoh"),
    "gramian": lambda: rs.gramian(models()[6], "controllability"),
    "inverse_z_transform": lambda: rs.inverse_z_transform(z / (z - sp.Rational(1, 2)), z, k),
    "markov_parameters": lambda: rs.markov_parameters(models()[6], 3),
    "orthogonal_weights": lambda: rs.orthogonal_weights("cayley"),
    "parameter_gradient": lambda: rs.parameter_gradient(rs.lstm(), "W_hi"),
    "rotation_form": lambda: rs.rotation_form(sp.Matrix([[a, -w], [w, a]])),
    "rtrl": lambda: rs.rtrl(rs.elman(), "W_h"),
    "rtrl_identity": lambda: rs.rtrl_identity(rs.elman(), "W_h"),
    "steer": lambda: rs.steer(models()[6], [0, 0], [1, 0], 2),
    "steering_energy": lambda: rs.steering_energy(models()[6], [0, 0], [1, 0], 2),
    "step_gradient": lambda: rs.step_gradient(rs.gru(), "W_hz"),
    "step_matrix": lambda: rs.step_matrix(sp.Matrix([[a, 1], [0, w]]), "euler"),
    "jacobian": lambda: [rs.jacobian(cell) for cell in (rs.elman(), rs.lstm(), rs.gru(), rs.elman().at(n=3, m=1), rs.lstm().at(n=1, m=1))],
    "z_transform": lambda: rs.z_transform(sp.Rational(1, 2) ** k, k, z),
}  # fmt: skip


@cache
def collected() -> tuple[tuple[tuple[str, int, Result], ...], tuple[str, ...]]:
    """(function, number, Result) of everything, and the names of the functions that gave none."""
    found: list[tuple[str, int, Result]] = []
    silent: list[str] = []
    for name in sorted(set(rs.__all__) - LEFT_OUT):
        function = getattr(rs, name)
        if not inspect.isfunction(function):
            continue
        results = list(_results(ASKED[name]())) if name in ASKED else _answers(function)
        found += [(name, number, r) for number, r in enumerate(results, 1)]
        if not results:
            silent.append(name)
    return tuple(found), tuple(silent)


def gives_results(function: Any) -> bool:
    """Whether the annotation says that a function returns a Result or a list of them."""
    return "Result" in str(inspect.signature(function).return_annotation)


def _answers(function: Any) -> list[Result]:
    parameters = list(inspect.signature(function).parameters.values())
    needed = [p for p in parameters if p.default is p.empty and p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    if len(needed) > 1 or any(p.default is p.empty and p.kind is p.KEYWORD_ONLY for p in parameters):
        return []
    for arguments in ((m,) for m in models()) if needed else [()]:
        try:
            results = list(_results(function(*arguments)))
        except Exception:  # the next model
            continue
        if results:
            return results
    return []


def _results(answer: Any) -> Iterator[Result]:
    if isinstance(answer, Result):
        yield answer
    elif isinstance(answer, list | tuple):
        for part in answer:
            yield from _results(part)
