"""Questions asked one after the other share their work: counted in calls of the algebra, not in time."""

from __future__ import annotations

from collections import Counter

import pytest
import sympy as sp

import rnnsym as rs
from rnnsym.exact import matrices
from tests.benchmarks.timing import forget

QUESTIONS = (
    "transfer_function",
    "poles",
    "zeros",
    "stability_conditions",
    "h2_norm",
    "noise_gain",
    "covariance",
    "snr",
)
KERNELS = ("bordered", "resolvent", "charpoly", "solve")


def system():
    entries = (sp.Matrix(r, c, lambda i, j, s=s: sp.Symbol(f"{s}{i + 1}{j + 1}", real=True)) for s, r, c in (("a", 2, 2), ("b", 2, 1), ("c", 1, 2)))  # fmt: skip
    return rs.LinearSystem(*entries)


@pytest.fixture
def calls(monkeypatch):
    """How often each kernel was called, by the matrix it was given."""
    found = Counter()
    for name in KERNELS:
        kernel = getattr(matrices, name)

        def counted(ring, rows, *more, name=name, kernel=kernel, **options):
            found[name, str(rows)] += 1
            return kernel(ring, rows, *more, **options)

        monkeypatch.setattr(matrices, name, counted)
    forget()
    return found


def test_chained_questions_find_characteristic_polynomial_resolvent_and_gramian_once(calls):
    model = system()
    for name in QUESTIONS:
        getattr(rs, name)(model)
    assert calls and set(calls.values()) == {1}
    assert {name for name, _ in calls} >= {"bordered", "charpoly", "solve"}


def test_a_question_asked_again_of_an_equal_system_calls_nothing(calls):
    for name in QUESTIONS:
        getattr(rs, name)(system())
    calls.clear()
    for name in QUESTIONS:
        getattr(rs, name)(system())
    assert not calls


def test_without_memos_the_same_work_is_counted_for_each_question(calls):
    model = system()
    for name in QUESTIONS:
        forget()
        getattr(rs, name)(model)
    assert max(calls.values()) >= 4
