"""Every test of a catalogue result verifies something: it asks a Check that tried, and that no draw refused."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from rnnsym.result import Check


@pytest.fixture(autouse=True)
def verifies(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    held: list[Check] = []
    plain = Check.__bool__

    def counted(check: Check) -> bool:
        truth = plain(check)
        if truth and check.trials > 0:
            held.append(check)
        return truth

    monkeypatch.setattr(Check, "__bool__", counted)
    yield
    if request.node.get_closest_marker("theory") and not request.node.stash.get(FAILED, False):
        assert held, "a test of a catalogue result must verify a Result of the package"


FAILED = pytest.StashKey[bool]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):  # type: ignore[no-untyped-def]
    report = yield
    if call.when == "call" and not report.passed:
        item.stash[FAILED] = True
    return report
