"""Names of strangers: whatever a symbol, function, claim or source is called, it cannot escape into code, TeX or HTML."""

from __future__ import annotations

import ast
import random
import re
import unicodedata
from html.parser import HTMLParser
from typing import Any

import pytest
import sympy as sp
from hypothesis import example, given, settings
from hypothesis import strategies as st

import rnnsym as rs
from rnnsym.cells import elman
from rnnsym.latex.mathml import has_mathml
from rnnsym.questions import Question
from rnnsym.report.data import as_json
from rnnsym.result import NoClosedForm, Result, Source, SpecError, Step
from tests.multiplier import times

x, y = sp.symbols("x y", real=True)
HOSTILE = (
    "\\input{/etc/passwd}", "\\write18{id}", "\\immediate\\openout1=a", "^^5cinput{a}", "}\\input{a}{", "$\\input{a}$", "a%b", "a\nb", "\\", "\\\\", "{", "}",
    "#1", "&", "~", "\\catcode`\\@=0", "\\end{equation}\\input{a}", "<script>alert(1)</script>", "</math><img src=x onerror=alert(1)>", "\"onload=\"alert(1)",
    "]]>", "<!--", "&lt;script&gt;", "javascript:alert(1)", "x;import os", "__import__('os').system('id')", "lambda", "x=1", "'''", '"""', "#", "x\\",
    "\x00", "\u202eevil", "\u2028", "a b", "exec", "W_h_", "__class__", "\x1b[31m", "`id`", "${x}", "%s", "{0}", "\ud7ff", "\u03c3", "a" * 500,
)  # fmt: skip
ESCAPES = {"text", "textbackslash", "textbraceleft", "textbraceright", "textless", "textgreater", "textdollar", "textasciicircum", "textasciitilde",
           "textbar", "textquotedbl", "mathrm", "operatorname", "%", "_", "&", "#", "begin", "end", "quad", "qquad", "\\"}  # fmt: skip

LETTERS = {unicodedata.name(chr(k)).split()[-1].lower() for k in range(0x3B1, 0x3CA)} | {"lambda"}
LETTERS |= {letter.capitalize() for letter in LETTERS}


def claims(name: str) -> list[Result]:
    """The name in every place that a user's claim has for names."""
    s = sp.Symbol(name, real=True)
    f, M = sp.Function(name.replace("\x00", "")), sp.MatrixSymbol(name, 2, 2)
    source = Source(name, name, name, 2020, name, name, name)
    return [
        Result(name, s, "=", s + 1, sp.Gt(s, 0), ((s, x),), (Step(s, name),), source=(source,)),
        rs.claim(f(x), f(y) + s**2, name=name),
        rs.claim(M, sp.MatMul(M, M, evaluate=False)),
    ]


def commands(tex: str) -> set[str]:
    """The commands of a text as TeX reads them."""
    return set(re.findall(r"\\([A-Za-z]+|.)", tex, re.S))


def is_harmless_tex(tex: str, name: str, harmless: set[str]) -> None:
    used = commands(tex) - harmless - ESCAPES - LETTERS
    assert not used, (name, used, tex)
    assert "^^" not in tex and "\x00" not in tex and "%" not in re.sub(r"\\%", "", tex)
    depth = 0
    for brace in re.findall(r"(?<!\\)[{}]", tex):
        depth += 1 if brace == "{" else -1
        assert depth >= 0, (name, tex)
    assert depth == 0 and tex.count(r"\begin") == tex.count(r"\end"), (name, tex)


PLAIN = {command for claim in claims("q") for command in commands(claim.latex(steps=True) + rs.bibtex([claim]))}


def in_tex(name: str) -> None:
    for claim in claims(name):
        is_harmless_tex(claim.latex(steps=True), name, PLAIN)


def in_code(name: str) -> None:
    """Code is refused, or is a function of names and numbers only."""
    for claim in claims(name):
        try:
            text = claim.lambdify().source
        except (SpecError, NoClosedForm):
            continue
        nodes = list(ast.walk(ast.parse(text)))
        own = {n.arg for n in nodes if isinstance(n, ast.arg)} | {
            n.id for n in nodes if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)
        }
        for node in nodes:
            if isinstance(node, ast.Import | ast.ImportFrom):
                assert ast.unparse(node).startswith(("import numpy as np", "from scipy.special import")), text
            if isinstance(node, ast.Attribute):
                assert isinstance(node.value, ast.Name | ast.Attribute | ast.Call | ast.Subscript), text
            foreign = isinstance(node, ast.Name) and node.id not in own
            assert not (foreign and node.id in ("os", "exec", "eval", "__import__", "open")), text


class Tags(HTMLParser):
    """Every tag, and every attribute, of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.found: set[str] = set()
        self.values: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.found |= {tag, *(f"{tag} {key}" for key, _ in attributes)}
        self.values += [value or "" for key, value in attributes if key in ("href", "src", "style", "action")]

    def handle_comment(self, data: str) -> None:
        self.found.add("comment")


def page(name: str) -> str:
    question = Question(name, name, lambda model: claims(name), intro=name)
    found = rs.report(elman(), questions=[question], trials=1, figures=False)
    is_harmless_tex_of_report(found.to_tex(), name)
    as_json(found.to_json())
    return found.to_html()


def is_harmless_tex_of_report(tex: str, name: str) -> None:
    for command in ("input", "write", "immediate", "openout", "catcode", "include", "read", "csname", "def", "let"):
        assert command not in commands(tex.split(r"\begin{document}", 1)[1]), (name, command)


def tags(text: str) -> Tags:
    made = Tags()
    made.feed(text)
    return made


@pytest.mark.parametrize("name", HOSTILE, ids=lambda name: ascii(name)[:20])
def test_a_hostile_name_stays_text_in_tex_and_code(name: str) -> None:
    in_tex(name)
    in_code(name)


@settings(max_examples=25)
@given(
    st.text(
        alphabet=st.one_of(st.characters(codec="utf-8"), st.sampled_from("\\{}$%^_&#~<>\"'`;=()[]|@!-\n\x00")),
        min_size=1,
        max_size=12,
    )
)
@example("\\text{}")
def test_a_random_name_stays_text_in_tex_and_code(name: str) -> None:
    in_tex(name)
    in_code(name)


# What a name may become in a formula; the attributes are those that only move signs.
MATHML = set("code mtext mi mo mn mrow mspace msub msup msubsup mover mstyle mpadded".split()) | {
    f"{tag} {key}" for tag in ("mi", "mo", "mspace", "mover", "mpadded", "code") for key in ("mathvariant", "stretchy", "form", "separator", "width", "class", "accent", "lspace", "rspace")
}  # fmt: skip


def html_of(names: tuple[str, ...]) -> None:
    if not has_mathml():
        pytest.skip("needs math-core")
    plain = tags(page("q")).found | MATHML
    for name in names:
        made = tags(page(name))
        assert made.found <= plain, (name, made.found - plain)
        assert all(value.startswith(("#", "https://")) or "alert" not in value for value in made.values), name


def test_a_hostile_name_stays_text_in_html() -> None:
    html_of(("<script>alert(1)</script>", '"onload="alert(1)', "</math><img src=x onerror=alert(1)>"))


@pytest.mark.slow
def test_every_hostile_name_stays_text_in_html() -> None:
    html_of(HOSTILE)


@pytest.mark.slow
def test_many_random_names_stay_text() -> None:
    draw = random.Random(0)
    for _ in range(times(75)):
        parts = [
            draw.choice((*HOSTILE, chr(draw.randrange(1, 0xD7FF)), chr(draw.randrange(32, 127))))
            for _ in range(draw.randint(1, 3))
        ]
        name = "".join(parts)[:200]
        in_tex(name)
        in_code(name)


def test_the_tests_would_see_an_escape() -> None:
    with pytest.raises(AssertionError):
        is_harmless_tex(r"\input{a} = 1", "\\input{a}", PLAIN)
    with pytest.raises(AssertionError):
        is_harmless_tex("a} = 1", "a}", PLAIN)
    assert tags("<p><script>1</script>").found - tags("<p>").found == {"script"}


def test_models_refuse_such_names(no_hang: Any) -> None:
    for name in HOSTILE:
        if name in ("exec", "a" * 500):
            continue
        with pytest.raises(SpecError, match="name"):
            rs.LinearSystem([[sp.Symbol(name)]], [1])
        with pytest.raises(SpecError, match="name"):
            elman(W_h=sp.Symbol(name, real=True))


@pytest.mark.parametrize("name", ['y=__import__("os").mkdir("ran");z', 'a=__import__("os").mkdir("ran"), b'])
def test_names_of_named_quantities_and_sizes_are_not_run(
    name: str, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    s, size = sp.Symbol(name, real=True), sp.Symbol(name, integer=True, positive=True)
    A, f = sp.MatrixSymbol("A", size, size), sp.Function(name)(sp.Symbol("n", integer=True))
    for claim in (
        Result("named", x, "=", s + 1, where=((s, y),)),
        rs.claim(A, A + sp.Identity(size)),
        rs.claim(sp.MatrixSymbol("B", 2, 2), sp.MatrixSymbol("B", 2, 2) + sp.MatrixSymbol("C", 2, f) * sp.MatrixSymbol("D", f, 2)),
        rs.claim(sp.MatrixSymbol("B", 2, 2), sp.ZeroMatrix(2, f) * sp.MatrixSymbol("D", f, 2)),
    ):  # fmt: skip
        try:
            claim.lambdify()(y=1.0, A=[[1.0]], B=[[1.0, 0.0], [0.0, 1.0]], C=[[1.0]], D=[[1.0]])
        except Exception as error:
            assert not isinstance(error, SyntaxError), claim
    assert not list(tmp_path.iterdir())
