"""Sources: one key is one work throughout the package, and each can be printed beside all others."""

from __future__ import annotations

import importlib
import pkgutil

import pytest

import rnnsym
from rnnsym.latex import bibtex
from rnnsym.result import RnnsymError, Source


def sources() -> list[Source]:
    found = []
    for module in pkgutil.walk_packages(rnnsym.__path__, "rnnsym."):
        if not module.name.endswith("__main__"):
            room = importlib.import_module(module.name)
            found += [value for value in vars(room).values() if isinstance(value, Source)]
    return found


def test_all_sources_of_the_package_make_one_bibliography() -> None:
    text = bibtex(sources())
    keys = {source.key for source in sources()}
    assert len(keys) > 80 and all(f"{{{key}," in text for key in keys)


def test_two_works_under_one_key_are_refused() -> None:
    with pytest.raises(RnnsymError, match="share the key"):
        bibtex([Source("k", "A, B.", "One", 2000), Source("k", "A, B.", "Another", 2000)])
