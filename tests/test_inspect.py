"""The page on a trained network, the command that prints it, and the flip-flop network of the examples."""

import json
import re
from functools import cache
from html.parser import HTMLParser

import numpy as np
import pytest

import rnnsym as rs
from rnnsym.cells import elman, gru
from rnnsym.cli import main
from rnnsym.inspection.page import Page, Section
from rnnsym.result import ShapeError, SpecError
from rnnsym.weights import Network, load_weights, save_weights

TITLES = [
    "Network",
    "Weights",
    "Certificates",
    "Fixed points",
    "Time scales",
    "Transfer function",
    "Gradients",
    "Lyapunov exponents",
]


@cache
def network():
    return Network(elman(), {"W_h": [[2.0, 0.0], [0.0, 0.5]], "W_x": [[1.0], [1.0]]})


@cache
def page():
    return rs.inspection(network(), steps=10)


def torch_file(path, n=2):
    random = np.random.default_rng(0)
    arrays = {"rnn.weight_ih_l0": random.normal(size=(n, 1)), "rnn.weight_hh_l0": random.normal(size=(n, n)) / 2,
              "rnn.bias_ih_l0": np.zeros(n), "rnn.bias_hh_l0": np.zeros(n), "fc.weight": random.normal(size=(1, n))}  # fmt: skip
    np.savez(path, **arrays)
    return str(path)


def test_the_page_says_what_theory_says():
    found = page().data()
    assert [s.title for s in page().sections] == TITLES
    assert found["Fixed points"]["count"] == 3 and found["Fixed points"]["complete"] is True
    assert [p["stable"] for p in found["Fixed points"]["points"]] == [True, False, True]
    assert found["Weights"]["W_h"]["norm"] == pytest.approx([2.0, 2.0]) and found["Weights"]["W_h"]["rank_least"] == 2
    assert found["Certificates"]["norm 2"]["holds"] is False and found["Certificates"]["norm 2"][
        "slack"
    ] == pytest.approx(-1.0)
    w = 0.9575040240772687  # tanh(2 w) = w
    leading = found["Time scales"]["eigenvalues"][0]["re"]
    assert leading == pytest.approx(max(0.5, 2 * (1 - w**2)), rel=1e-9)
    assert found["Gradients"]["holds"] is True and found["Gradients"]["rate"] == pytest.approx(2.0)
    assert found["Transfer function"]["reachable"] == 2


def test_the_dc_gain_of_the_page_is_that_of_the_linearization():
    found = page().data()["Transfer function"]
    (point,) = (
        (p for p in page().found.stable if p.array[0] > 0)
        if "fixed point 3" in found["at"]
        else (page().found.stable[0],)
    )
    near = rs.network.linearization(network(), point)
    assert np.array(found["dc_gain"]) == pytest.approx(np.linalg.solve(np.eye(2) - near.A, near.B), rel=1e-9)


def test_text_markdown_html_and_json_say_the_same():
    made = page()
    text, markdown, html, data = made.text(), made.markdown(), made.html(), json.loads(made.json())
    for title in TITLES:
        assert f"\n{title}\n" in text and f"## {title}" in markdown and f"<h2>{title}</h2>" in html and title in data
    assert "3 fixed points under zero input, proved, complete." in text
    assert made.written(".html") == html
    with pytest.raises(SpecError, match="cannot be written as '.pdf'; known: .md, .html, .json, .txt"):
        made.written(".pdf")


def test_names_from_a_file_never_become_markup():
    evil = Page(
        "<script>",
        (
            Section(
                "a|b", ("<img src=x onerror=alert(1)>", "`code` $x$"), ("h",), (("<b>|</b>",),), {"v": float("nan")}
            ),
        ),
    )

    class Tags(HTMLParser):
        seen: set = set()

        def handle_starttag(self, tag, attributes):
            self.seen.add(tag)

    parser = Tags()
    parser.feed(evil.html())
    assert not parser.seen & {"script", "img", "b"}
    assert "<" not in evil.markdown().replace("&lt;", "") and r"\|" in evil.markdown()
    assert json.loads(evil.json())["a|b"]["v"] is None


def test_gated_networks_have_their_own_certificates():
    random = np.random.default_rng(1)
    values = {
        s.name: 0.1 * random.normal(size=[{"n": 3, "m": 1}[str(d)] for d in s.shape if str(d) != "1"])
        for s in gru().parameters
    }
    made = rs.inspection(Network(gru(), values), steps=3)
    assert "GRU, incremental stability" in str(made) and made.data()["Gradients"]["rate"] is None
    assert made.data()["Fixed points"]["count"] == 1


def test_a_network_without_certificates_or_input_still_has_a_page():
    made = rs.inspection(Network(rs.min_gru(), {"W_xz": [[1.0]], "W_xg": [[1.0]]}), steps=2)
    assert "is not of the form" in made.section("Certificates").lines[0]
    with pytest.raises(ShapeError, match="x has 2 entries; the network has 1 inputs"):
        rs.inspection(network(), x=[1.0, 2.0])
    with pytest.raises(SpecError, match="a Network is needed, got dict"):
        rs.inspection({"W_h": 1})
    with pytest.raises(SpecError, match="no section 'x'"):
        made.section("x")


# the command


def test_the_command_prints_a_page(tmp_path, capsys):
    path = torch_file(tmp_path / "m.npz")
    assert main(["inspect", path, "--readout", "fc", "--steps", "5", "--quiet"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("elman, 2 states, 1 input\n") and "y_t = C*h_t" in out
    assert main(["inspect", path, "--json", "--steps", "5", "--quiet", "--input", "1/2"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["Network"]["notes"][0].startswith("activation tanh") and found["Fixed points"]["count"] >= 1


def test_the_command_writes_pages_and_pictures(tmp_path, capsys):
    pytest.importorskip("matplotlib")
    path = torch_file(tmp_path / "m.npz")
    assert main(["inspect", path, "--plot", "-o", str(tmp_path / "page.md"), "--steps", "4", "--quiet"]) == 0
    text = (tmp_path / "page.md").read_text()
    for name in ("eigenvalues", "gradients", "gain"):
        assert f"(page-{name}.png)" in text and (tmp_path / f"page-{name}.png").read_bytes().startswith(b"\x89PNG")
    assert main(["inspect", path, "--plot", "-o", str(tmp_path / "page.html"), "--steps", "4", "--quiet"]) == 0
    assert (tmp_path / "page.html").read_text().count("data:image/png;base64,") == 3
    assert main(["inspect", path, "-o", str(tmp_path / "page.html"), "--quiet"]) == 2
    assert "exists; use --force" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["m.pt"], "not read on purpose"),
        (["none.npz"], "no such file"),
        (["{file}", "--plot"], "--plot needs a page that can show pictures"),
        (["{file}", "-o", "page.pdf"], "a page cannot be written as '.pdf'"),
        (["{file}", "--layout", "torch-lsmt"], "unknown layout 'torch-lsmt'"),
        (["{file}", "--set", "w=1"], "--set and --assume have no meaning here"),
        (["{file}", "--phi", "gelu2"], "gelu2"),
        (["{file}", "--input", "a,b"], "a"),
        (["{file}", "--layer", "3"], "layer=3"),
    ],
)
def test_bad_calls_end_in_one_line_and_status_2(arguments, message, tmp_path, capsys):
    file = torch_file(tmp_path / "m.npz")
    assert main(["inspect", *(a.replace("{file}", file) for a in arguments), "--quiet"]) == 2
    err = capsys.readouterr().err
    assert message in err and len(err.strip().splitlines()) == 1


# the trained network of the examples


@cache
def flipflop():
    from pathlib import Path

    path = Path(__file__).resolve().parents[1] / "examples" / "flipflop" / "flipflop.safetensors"
    return load_weights(path, readout="readout", phi="tanh")


def test_the_trained_flip_flop_has_nine_fixed_points_and_no_more():
    found = rs.network.fixed_points(flipflop())
    assert found.complete and len(found) == 9 and found.index_sum == 1
    assert [sum(abs(v) > 1 for v in p.multipliers) for p in found].count(0) == 4
    outputs = [flipflop().values["C"] @ p.array + flipflop().values["d"] for p in found.stable]
    assert {tuple(np.sign(y)) for y in outputs} == {(1, 1), (1, -1), (-1, 1), (-1, -1)}
    assert np.abs(np.abs(outputs) - 1).max() < 0.05


def test_the_trained_flip_flop_remembers():
    random = np.random.default_rng(3)
    x = np.sign(random.uniform(-1, 1, (100, 20, 2))) * (random.uniform(0, 1, (100, 20, 2)) < 0.1)
    x[0] = np.sign(random.uniform(-1, 1, (20, 2)))
    y, last = rs.network.outputs(flipflop(), x), np.zeros((20, 2))
    for t in range(100):
        last = np.where(x[t] != 0, x[t], last)
        assert (np.sign(y[t]) == last).all()


@pytest.mark.slow
def test_gradient_descent_finds_only_proved_points(root):
    import runpy

    example = runpy.run_path(str(root / "examples" / "flipflop.py"))
    found = rs.network.fixed_points(flipflop())
    random = np.random.default_rng(8)
    ends = example["descent"](flipflop(), random.uniform(-1, 1, (150, 8)))
    gaps = np.array([[np.abs(h - p.array).max() for p in found] for h in ends])
    slow = np.linalg.norm(example["step"](flipflop(), ends) - ends, axis=1) < 1e-6
    assert slow.sum() > 100 and gaps[slow].min(axis=1).max() < 1e-6
    assert len(set(gaps[slow].argmin(axis=1))) <= 9


@pytest.mark.slow
def test_the_example_runs(root, capsys):
    import runpy

    runpy.run_path(str(root / "examples" / "flipflop.py"), run_name="__main__")
    assert re.search(r"it found \d of the 9", capsys.readouterr().out)


def test_weights_saved_from_a_page_load_again(tmp_path):
    path = save_weights(flipflop(), tmp_path / "m.safetensors")
    assert load_weights(path, cell=flipflop().cell) == flipflop()
