"""What all tests share: fixed seeds, no screen, and the repository's root. The tests mirror rnnsym/, one claim each."""

from __future__ import annotations

import os
import random
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from tests.multiplier import multiplier, times

os.environ.setdefault("MPLBACKEND", "Agg")
os.environ["NO_COLOR"] = "1"

# The same examples in every run: a red test must be red again. RNNSYM_TEST_MULTIPLIER scales how many.
settings.register_profile(
    "fixed",
    derandomize=True,
    deadline=None,
    database=None,
    max_examples=times(100),
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("fixed")


@pytest.fixture(autouse=True)
def fixed_seed() -> Iterator[None]:
    """Python's own generator starts the same in each test; NumPy's are made with a seed where they are used."""
    random.seed(0)
    yield


@pytest.fixture(autouse=True)
def more_draws(request: pytest.FixtureRequest) -> None:
    """Tests marked `draws` verify with as many more draws as RNNSYM_TEST_MULTIPLIER says."""
    if multiplier() == 1 or request.node.get_closest_marker("draws") is None:
        return
    from rnnsym.verify import _Verification

    plain = _Verification.__init__

    def scaled(self: Any, result: Any, trials: int, *others: Any) -> None:
        plain(self, result, times(trials), *others)

    request.getfixturevalue("monkeypatch").setattr(_Verification, "__init__", scaled)


@pytest.fixture
def no_hang() -> Iterator[None]:
    """A test that ends, however slow the machine: a hang becomes a failure after two minutes."""

    def stop(*_: object) -> None:
        raise TimeoutError("no end within two minutes")

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(120)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@pytest.fixture(scope="session")
def root() -> Path:
    """The root of the repository."""
    return Path(__file__).resolve().parents[1]
