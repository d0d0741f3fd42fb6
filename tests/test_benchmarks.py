"""The measuring itself: a wrong answer is refused, a peer is stopped or absent, slopes and the README's table are right."""

from __future__ import annotations

import json
import time

import pytest

from tests.benchmarks import output
from tests.benchmarks.timing import Row, against, alone, nothing, slope, trial


def missing():
    raise ImportError("no such peer")


def test_a_peer_with_another_answer_is_refused():
    with pytest.raises(AssertionError, match="another answer"):
        against("sum", lambda: 3, lambda: 4, "peer", check=lambda found: found == 3, before=nothing)


def test_a_peer_that_is_absent_is_a_blank_and_one_that_hangs_is_stopped():
    absent = against("sum", lambda: 3, missing, "peer", before=nothing)
    assert absent.peer is None and absent.ratio is None and str(absent).endswith("peer: -")
    stopped = trial(lambda: time.sleep(30), limit=0.2)
    assert stopped.stopped and stopped.seconds == 0.2
    row = against("sum", lambda: sum(range(1000)), lambda: time.sleep(30), "peer", 10, limit=0.2, before=nothing)
    assert row.stopped and row.holds and ">" in str(row)


def test_a_peer_with_the_right_answer_is_timed_and_memory_is_counted():
    row = against(
        "sum", lambda: sum(range(1000)), lambda: sum(range(1000)), "peer", check=lambda s: s == 499500, before=nothing
    )
    assert row.peer is not None and row.ours > 0 and row.peer > 0
    heavy = alone("list", lambda: bytearray(50_000_000), None, memory=True, before=nothing)
    assert heavy.memory is not None and heavy.memory > 30


def test_the_slope_is_the_exponent():
    assert slope([(n, 3e-4 * n**2) for n in (2, 4, 8, 16)]) == pytest.approx(2)
    assert slope([(2, 1.0), (4, 2.0)]) is None


def test_the_readme_is_renewed_between_its_markers_alone(tmp_path):
    begin, end = output.MARKERS
    path = tmp_path / "README.md"
    path.write_text(f"before\n{begin}\nold\n{end}\nafter\n")
    rows = [Row("H(z), n = 4", 2e-3, 0.2, "Matrix.inv", 80, shown=True), Row("hidden", 1, 1, "peer")]
    output.renew(rows, path)
    text = path.read_text()
    assert text.startswith(f"before\n{begin}\n") and text.endswith(f"{end}\nafter\n") and "old" not in text
    assert "| H(z), n = 4 | 2 ms | Matrix.inv | 200 ms | 100 |" in text and "hidden" not in text
    found = json.loads(output.as_json(rows))
    assert found["rows"][0]["holds"] is True and found["rows"][0]["ratio"] == pytest.approx(100)
    path.write_text("no markers")
    with pytest.raises(SystemExit):
        output.renew(rows, path)
