"""The catalogue of the package, the tests of this folder and the README's table say the same."""

from __future__ import annotations

import ast

import pytest

import rnnsym as rs
from rnnsym.theory import STATUSES
from tests.theory.coverage import HERE, README, covered, written

ENTRIES = {entry.key: entry for entry in rs.catalogue_of_results()}


def test_the_catalogue_has_120_results_each_once():
    assert len(ENTRIES) == len(rs.catalogue_of_results()) == 120
    assert {entry.rank for entry in ENTRIES.values()} == {"must", "should", "nice"}


def test_the_status_of_each_result_is_that_of_its_test():
    tested = covered()
    assert {key: entry.status for key, entry in ENTRIES.items() if entry.status != "missing"} == tested


def test_what_is_not_derived_says_why():
    assert not [k for k, e in ENTRIES.items() if e.status in ("numeric", "asymptotic", "missing") and not e.note]


def test_the_functions_of_each_result_are_public_and_in_the_file_of_its_test():
    words = {}
    for file in HERE.glob("test_*.py"):
        tree = ast.parse(file.read_text())
        used = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name)}
        used |= {n.attr for n in ast.walk(tree) if isinstance(n, ast.Attribute)}
        used |= {a.asname or a.name for n in ast.walk(tree) if isinstance(n, ast.ImportFrom) for a in n.names}
        for node in tree.body:
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                words["-".join(node.name.split("_")[1:4])] = used
    for key, entry in ENTRIES.items():
        assert all(getattr(rs, name) is not None for name in entry.functions), key
        if entry.status != "missing":
            assert entry.functions and set(entry.functions) <= words[key], (key, set(entry.functions) - words[key])


def test_the_entries_of_one_status_are_given():
    assert sum(len(rs.catalogue_of_results(status)) for status in STATUSES) == 120
    with pytest.raises(ValueError, match="must be one of derived"):
        rs.catalogue_of_results("certain")


def test_the_readme_has_the_coverage_of_the_tests():
    text = README.read_text()
    assert text == written(text), "run: python -m tests.theory.coverage --write"
