"""The kept notebooks, their gallery, and the audited chapter. The notebooks themselves are run by .ci/run with nbmake."""

import base64
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
EXAMPLES = ROOT / "examples"
NOTEBOOKS = sorted(EXAMPLES.glob("*.ipynb"))
LARGEST = 60_000  # bytes of a picture
MACHINE = re.compile(r"0x[0-9a-f]{6,}|/(work|opt|home|root|tmp|usr|Users|var)/|[A-Z]:\\\\|site-packages|ipykernel_\d")


def cells(path: Path) -> list[dict]:
    return json.loads(path.read_text(encoding="utf-8"))["cells"]


def text_of(output: dict) -> str:
    parts = [output.get("text", []), *(v for k, v in output.get("data", {}).items() if k.startswith("text/"))]
    return "\n".join("".join(part) for part in parts)


def pictures(path: Path) -> list[bytes]:
    outputs = [o for cell in cells(path) for o in cell.get("outputs", [])]
    found = ["".join(o["data"]["image/png"]) for o in outputs if "image/png" in o.get("data", {})]
    return [base64.b64decode(picture) for picture in found]


def test_there_are_twelve_notebooks():
    assert [path.name[:2] for path in NOTEBOOKS] == [f"{k:02}" for k in range(1, 13)]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_a_notebook_keeps_clean_outputs_of_a_whole_run(path):
    code = [cell for cell in cells(path) if cell["cell_type"] == "code"]
    assert [cell["execution_count"] for cell in code] == list(range(1, len(code) + 1))
    outputs = [output for cell in code for output in cell["outputs"]]
    assert outputs and not any(o["output_type"] == "error" or o.get("name") == "stderr" for o in outputs)
    found = [match for o in outputs if (match := MACHINE.search(text_of(o)))]
    assert not found
    printed = "\n".join(text_of(o) for o in outputs)
    assert re.search(r"\b(agrees|not refuted): \d+ draws", printed) or "proved complete: True" in printed
    assert pictures(path) and all(len(picture) < LARGEST for picture in pictures(path))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_a_notebook_asks_a_question_and_names_its_paper(path):
    opening = "".join(cells(path)[0]["source"])
    assert opening.startswith(f"# {int(path.name[:2])}. ") and "**Question.**" in opening
    paper = re.search(r"\*\*(Papers?|Source)\.\*\*(.*)", opening, re.DOTALL)
    assert paper and re.search(r"\b(19|20)\d\d\b", paper.group(2))


def test_the_gallery_shows_a_picture_of_every_notebook():
    readme = (EXAMPLES / "README.md").read_text(encoding="utf-8")
    for path in NOTEBOOKS:
        picture = EXAMPLES / "gallery" / f"{path.stem}.png"
        assert picture.read_bytes() == pictures(path)[0], f"{picture.name} is not the first picture of {path.name}"
        assert f"gallery/{picture.name})]({path.name})" in readme
    assert len(list((EXAMPLES / "gallery").iterdir())) == len(NOTEBOOKS)


def test_every_link_of_the_examples_page_exists():
    readme = (EXAMPLES / "README.md").read_text(encoding="utf-8")
    links = re.findall(r"\]\(([^)#]+)\)", readme)
    assert links and all((EXAMPLES / link).exists() for link in links if "://" not in link)


def test_both_languages_of_the_audit_speak_of_the_same_claims():
    english, chinese = (
        (EXAMPLES / "audit" / f"audit.{language}.md").read_text(encoding="utf-8") for language in ("en", "zh")
    )
    keys = re.findall(r"^## (A-[A-Z]+-\d+[a-z]?) ", english, re.MULTILINE)
    assert len(keys) > 50 and keys == re.findall(r"^## (A-[A-Z]+-\d+[a-z]?) ", chinese, re.MULTILINE)
    words = {"true": "成立", "true given this": "在此条件下成立", "false": "不成立"}
    row = re.compile(r"^\| (A-\S+(?: \*)?) \| .* \| ([^|]+) \|$", re.MULTILINE)
    assert [(key, words[verdict]) for key, verdict in row.findall(english)] == row.findall(chinese)
    assert len(row.findall(english)) == len(keys)


@pytest.mark.slow
def test_the_audit_is_what_the_package_derives(tmp_path):
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8"}
    script = EXAMPLES / "audit" / "audit.py"
    subprocess.run([sys.executable, str(script), str(tmp_path)], check=True, env=environment, timeout=600)
    for name in ("audit.en.md", "audit.zh.md"):
        kept = (EXAMPLES / "audit" / name).read_text(encoding="utf-8")
        assert (tmp_path / name).read_text(encoding="utf-8") == kept, (
            f"run examples/audit/audit.py: {name} is not up to date"
        )


@pytest.mark.slow
def test_the_audit_takes_its_verdicts_from_the_checks(monkeypatch):
    import sympy as sp

    import rnnsym as rs

    monkeypatch.syspath_prepend(str(EXAMPLES / "audit"))
    import audit

    x = sp.Symbol("x", real=True)
    right, wrong = (
        rs.claim(abs(sp.tanh(x)), 1, relation="<"),
        rs.claim(abs(sp.tanh(x)), sp.Rational(1, 2), relation="<"),
    )
    repaired = rs.claim(abs(sp.tanh(x)), sp.Rational(1, 2), relation="<", given=abs(x) < sp.Rational(1, 2))
    words = {"key": "A-X-1", "title": ("", ""), "says": ("", "")}
    verdict = lambda **parts: audit.audit(audit.Claim(**words, **parts)).verdict  # noqa: E731
    assert verdict(stated=right) == "true" and verdict(stated=wrong) == "false"
    assert verdict(stated=wrong, repaired=(repaired,)) == "given"
    assert verdict(stated=wrong, denies=True) == "true" and verdict(stated=right, denies=True) == "false"
    for parts in ({"repaired": (wrong,)}, {"instead": (wrong,)}):
        with pytest.raises(RuntimeError, match="printed as true"):
            verdict(stated=wrong, **parts)
    with pytest.raises(RuntimeError, match="nothing was tried"):
        verdict(stated=rs.claim(x, x, given=sp.And(x > 1, x < 0)))
