"""RNNSYM_TEST_MULTIPLIER scales random testing: draws of slow tests, examples of hypothesis, mutants. It is read here only.

1 is the default; .ci/run states the one of the slow suite. `times(count)` is how often a test should try.
"""

from __future__ import annotations

import os


def multiplier() -> float:
    """The factor, at least 1/100; a text that is no number is an error of whoever set it."""
    return max(float(os.environ.get("RNNSYM_TEST_MULTIPLIER", "1")), 0.01)


def times(count: int, *, at_most: int | None = None) -> int:
    """count times the multiplier, at least 1."""
    scaled = max(1, round(count * multiplier()))
    return scaled if at_most is None else min(scaled, at_most)
