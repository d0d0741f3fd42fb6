"""RNNSYM_TEST_MULTIPLIER scales random testing: draws of tests marked `draws`, random systems, networks and formulas, mutants.

1 is the default, for a first look; .ci/run takes 20 for the slow suite. `times(count)` is how often a test should try. It
is read here only.
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
