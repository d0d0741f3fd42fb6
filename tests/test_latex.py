"""The page: golden files of the claims that papers print, line breaks, names that must not carry TeX, bibliography."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from rnnsym.activations import sigmoid
from rnnsym.defined.stability import QuadraticForm
from rnnsym.latex import Notation, PagePrinter, bibtex, cite, escape, expression, page
from rnnsym.latex.tree import read, width, write
from rnnsym.result import Array, Check, Result, RnnsymError, Source, SpecError, Step
from rnnsym.vectors import chain, column, entrywise

GOLDEN = Path(__file__).parent / "golden" / "latex"
CHECK = Check("agrees", 200, 0, 3e-16, None, 0, (1, 2, 3, 7))

n, m = sp.symbols("n m", integer=True, positive=True)
h, h_t, c, c_t, z_t, r_t, g_t, i_t, f_t, o_t = (
    sp.MatrixSymbol(name, n, 1) for name in "h h_t c c_t z_t r_t h_tilde_t i_t f_t o_t".split()
)
x = sp.MatrixSymbol("x", m, 1)
alpha = sp.Symbol("alpha", real=True)
w, u, b = sp.symbols("w u b", real=True)


class Partial(sp.MatrixExpr):
    """The left side of a Jacobian, with a sign of its own."""

    @property
    def shape(self) -> tuple[Any, Any]:
        return sp.Add(*(y.shape[0] for y in self.args[0])), sp.Add(*(v.shape[0] for v in self.args[1]))

    def _latex(self, printer: Any) -> str:
        parts = ("(" * (len(p) > 1) + ", ".join(map(printer._print, p)) + ")" * (len(p) > 1) for p in self.args)
        return r"\frac{{\partial {}}}{{\partial {}}}".format(*parts)


class Derivative(sp.Expr):
    def _latex(self, printer: Any, exp: Any = None) -> str:
        return r"\frac{{\partial {}}}{{\partial {}}}".format(*map(printer._print, self.args))


class RankOf(sp.Expr):
    def _latex(self, printer: Any, exp: Any = None) -> str:
        return rf"\operatorname{{rank}} {printer._print(self.args[0])}"


class HasFold(sp.logic.boolalg.BooleanFunction):
    def _latex(self, printer: Any) -> str:
        return r"h^{\star} \text{ is a fold}"


def affine(gate: str, state: Any = h) -> Any:
    matrices = sp.MatrixSymbol(f"W_h{gate}", n, n), sp.MatrixSymbol(f"W_x{gate}", n, m)
    bias = sp.MatrixSymbol(f"b_{gate}" if gate else "b", n, 1)
    return matrices[0] * state + matrices[1] * x + bias


def plain(state: Any = h) -> Any:
    return sp.MatrixSymbol("W_h", n, n) * state + sp.MatrixSymbol("W_x", n, m) * x + sp.MatrixSymbol("b", n, 1)


def arrays(*expressions: Any) -> tuple[Array, ...]:
    roles = {"h": "state", "c": "state", "x": "input", "h_t": "next", "c_t": "next"}
    symbols = sorted({s for e in expressions for s in e.atoms(sp.MatrixSymbol)}, key=lambda s: s.name)
    kind = {s.name: "intermediate" if s.name.endswith("_t") else "parameter" for s in symbols}
    return tuple(Array(s.name, roles.get(s.name, kind[s.name]), s) for s in symbols)


def jacobian(
    name: str, equations: list[tuple[Any, Any]], outputs: list[Any], states: list[Any], **fields: Any
) -> Result:
    blocks = [[chain(equations, y, v) for v in states] for y in outputs]
    rhs = blocks[0][0] if len(states) == 1 else sp.BlockMatrix(blocks)
    where = tuple((s, e) for s, e in equations if rhs.has(s) and s != outputs[-1])
    known = arrays(*(part for pair in equations for part in pair))
    left = Partial(sp.Tuple(*outputs), sp.Tuple(*states))
    return Result(name, left, "=", rhs, where=where, arrays=known, **fields)


def times(*columns: Any) -> Any:
    return entrywise(lambda *v: sp.Mul(*v), *columns)


def elman() -> Result:
    return jacobian("elman", [(h_t, entrywise(sp.tanh, plain()))], [h_t], [h])


def leaky() -> Result:
    mix = entrywise(lambda old, new: (1 - alpha) * old + alpha * new, h, g_t)
    hypotheses = sp.And(alpha > 0, alpha <= 1)
    return jacobian("leaky", [(g_t, entrywise(sp.tanh, plain())), (h_t, mix)], [h_t], [h], given=hypotheses)


def gru() -> Result:
    equations = [
        (z_t, entrywise(sigmoid, affine("z"))),
        (r_t, entrywise(sigmoid, affine("r"))),
        (g_t, entrywise(sp.tanh, column(plain(times(r_t, h))))),
        (h_t, entrywise(lambda z, old, new: z * old + (1 - z) * new, z_t, h, g_t)),
    ]
    return jacobian("gru", equations, [h_t], [h])


def lstm() -> Result:
    new = sp.MatrixSymbol("c_tilde_t", n, 1)
    equations = [
        *((gate, entrywise(sigmoid, affine(name))) for gate, name in ((i_t, "i"), (f_t, "f"), (o_t, "o"))),
        (new, entrywise(sp.tanh, affine("c"))),
        (c_t, entrywise(lambda f, old, i, g: f * old + i * g, f_t, c, i_t, new)),
        (h_t, entrywise(lambda o, cell: o * sp.tanh(cell), o_t, c_t)),
    ]
    return jacobian("lstm", equations, [c_t, h_t], [c, h])


def scalar() -> Result:
    old, new, drive = sp.symbols("h h_t x", real=True)
    slope = w * (1 - sp.tanh(w * old + u * drive + b) ** 2)
    roles = {old: "state", new: "next", drive: "input", w: "parameter", u: "parameter", b: "parameter"}
    known = tuple(Array(s.name, role, sp.ImmutableMatrix([[s]])) for s, role in roles.items())
    steps = (
        Step(w * (1 - new**2), "chain rule and tanh' = 1 - tanh^2"),
        Step(slope, "h_t put in"),
    )
    return Result("scalar", Derivative(new, old), "=", slope, arrays=known, steps=steps)


def two_units() -> Result:
    W = sp.ImmutableMatrix(2, 2, sp.symbols("W_h_11 W_h_12 W_h_21 W_h_22", real=True))
    old, new, bias, drive = (
        sp.ImmutableMatrix(sp.symbols(names, real=True)) for names in ("h_1 h_2", "h_t_1 h_t_2", "b_1 b_2", "x_1 x_2")
    )
    known = (Array("W_h", "parameter", W), Array("h", "state", old), Array("h_t", "next", new))
    known += (Array("b", "parameter", bias), Array("x", "input", drive))
    where = tuple((new[k], sp.tanh((W * old + drive + bias)[k])) for k in range(2))
    return Result("two", sp.Symbol("J"), "=", sp.diag(*(1 - y**2 for y in new)) * W, where=where, arrays=known)


def rank() -> Result:
    a1, a2, b1, b2 = sp.symbols("a1 a2 b1 b2")
    strata = sp.Piecewise((2, sp.Ne(b1 * b2 * (a1 - a2), 0)), (0, sp.And(sp.Eq(b1, 0), sp.Eq(b2, 0))), (1, True))
    return Result("rank", RankOf(sp.Matrix([[b1, a1 * b1], [b2, a2 * b2]])), "=", strata)


def fold() -> Result:
    e = sp.Symbol("e", real=True)
    where = ((e, sp.sqrt(w * (w - 1)) - sp.acosh(sp.sqrt(w))),)
    return Result("fold", HasFold(w), "<=>", sp.Or(sp.Eq(b, e), sp.Eq(b, -e)), given=w > 1, where=where)


def generic(size: int) -> sp.ImmutableMatrix:
    return sp.ImmutableMatrix(size, size, lambda i, j: sp.Symbol(f"a_{i + 1}{j + 1}"))


def transfer() -> Result:
    z, b1, b2 = sp.symbols("z b1 b2")
    A = generic(3)
    below = (z * sp.eye(3) - A).det().expand()
    above = z**2 * b2 + z * b1 * A[0, 0] + A[0, 1] * A[1, 2] * b1 + sum(A) * b2
    return Result("H", sp.Function("H")(z), "=", sp.Matrix([[above / below]]))


def wide_rank() -> Result:
    A = generic(3)
    d, e = A.det(), (A**2).trace().expand() - w**2
    strata = sp.Piecewise((3, sp.And(sp.Ne(d, 0), sp.Ne(e, 0))), (2, sp.Ne(d, 0)), (1, sp.true))
    return Result("wide_rank", RankOf(sp.Symbol("C")), "=", strata)


def determinant() -> Result:
    return Result("det", sp.Symbol("d"), "=", generic(4).det().expand())


def entries() -> Result:
    return Result("entries", sp.Symbol("P"), "=", generic(4) ** 2)


def many() -> Result:
    return Result("many", sp.Symbol("D"), "=", sp.diag(*(sp.Symbol(f"m{k}") for k in range(1, 13))))


PAGES: dict[str, tuple[Any, dict[str, Any]]] = {
    "elman": (elman, {"label": "eq:elman", "comment": CHECK}),
    "elman_bold": (elman, {"notation": Notation(bold=True, time="parenthesis"), "env": "equation*"}),
    "leaky": (leaky, {"label": "eq:leaky"}),
    "leaky_align": (leaky, {"env": "align", "label": "eq:leaky2"}),
    "gru": (gru, {}),
    "gru_inline": (gru, {"env": "inline"}),
    "gru_split_narrow": (gru, {"env": "split", "width": 50}),
    "lstm": (lstm, {"label": "eq:lstm"}),
    "scalar_steps": (scalar, {"steps": True, "env": "align"}),
    "scalar_display": (scalar, {"steps": True, "env": "display"}),
    "two_units": (two_units, {}),
    "rank": (rank, {}),
    "fold": (fold, {}),
    "fold_align": (fold, {"env": "align*"}),
    "transfer_wide": (transfer, {}),
    "rank_wide": (wide_rank, {}),
    "determinant_wide": (determinant, {}),
    "entries_wide": (entries, {}),
    "many_columns": (many, {"env": "align*"}),
}


@pytest.mark.parametrize("name", PAGES)
def test_the_page_is_as_in_its_golden_file(name: str) -> None:
    """Set RNNSYM_GOLDEN=1 to write the files anew, then read what changed."""
    make, options = PAGES[name]
    tex = page(make(), **options) + "\n"
    path = GOLDEN / f"{name}.tex"
    if os.environ.get("RNNSYM_GOLDEN"):
        path.write_text(tex, encoding="utf-8")
    assert tex == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", PAGES)
def test_braces_fences_and_environments_balance(name: str) -> None:
    make, options = PAGES[name]
    tex = page(make(), **options)
    assert_balanced(tex)
    assert len(re.findall(r"\\left\b", tex)) == len(re.findall(r"\\right\b", tex))
    assert sorted(re.findall(r"\\begin{(.*?)}", tex)) == sorted(re.findall(r"\\end{(.*?)}", tex))


def assert_balanced(tex: str) -> None:
    depth = 0
    for brace in re.findall(r"(?<!\\)[{}]", tex):
        depth += 1 if brace == "{" else -1
        assert depth >= 0, tex
    assert depth == 0, tex


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="pdflatex is not installed")
def test_every_page_compiles_with_amsmath_alone_and_none_runs_off_the_page(tmp_path: Path) -> None:
    body = "\n\n".join(page(make(), **options) for make, options in PAGES.values() if options.get("width") is None)
    hostile = "\n\n".join(f"${expression(sp.Symbol(name))}$" for name in HOSTILE)
    head = r"\documentclass{article}\usepackage{amsmath}\begin{document}"
    (tmp_path / "page.tex").write_text(f"{head}\n{body}\n\n{hostile}\n\\end{{document}}\n", encoding="utf-8")
    command = ["pdflatex", "-no-shell-escape", "-interaction=nonstopmode", "page.tex"]
    log = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, errors="replace", timeout=120).stdout
    assert not re.findall(r"^!.*", log, re.MULTILINE)
    assert not [line for line in re.findall(r"Overfull \\hbox.*", log) if "too wide) detected" in line]
    assert (tmp_path / "page.pdf").exists()


# Symbols


@pytest.mark.parametrize(
    ("name", "tex"),
    [
        ("W_h", "W_h"),
        ("W_hz", "W_{hz}"),
        ("W_xi", "W_{xi}"),
        ("W_in", r"W_{\mathrm{in}}"),
        ("lambda", r"\lambda"),
        ("lamda", r"\lambda"),
        ("sigma_x", r"\sigma_x"),
        ("h_star", r"h^{\star}"),
        ("h_t", "h_t"),
        ("h_t_1", "h_{1,t}"),
        ("h_tilde_t", r"\tilde{h}_t"),
        ("a1", "a_{1}"),
        ("a_12", "a_{12}"),
        ("leak", r"\mathrm{leak}"),
        ("λ", r"\lambda"),
        ("Ω", r"\Omega"),
    ],
)
def test_a_name_becomes_latex(name: str, tex: str) -> None:
    assert Notation.default.symbol(name) == tex


def test_roles_decide_the_time_index() -> None:
    known = [Array("h", "state", h), Array("x", "input", x), Array("y", "output", sp.MatrixSymbol("y", n, 1))]
    printer = PagePrinter(arrays=known)
    assert [printer.doprint(s) for s in (h, x, known[2].value, h_t)] == ["h_{t-1}", "x_t", "y_t", "h_t"]


def test_a_renamed_array_keeps_its_time_and_its_entries() -> None:
    notation = Notation(names={"h": r"\mathbf{s}", "W_h": "W_{hh}"})
    known = (Array("h", "state", h), Array("W_h", "parameter", sp.Matrix(2, 2, sp.symbols("W_h_1:3_1:3"))))
    printer = PagePrinter(notation, known)
    assert printer.doprint(h) == r"\mathbf{s}_{t-1}"
    assert printer.doprint(h_t) == r"\mathbf{s}_t"
    assert notation.symbol("W_h", index="12") == "W_{hh,12}"


@pytest.mark.parametrize(
    "tex", [r"\input{x}", r"\def\x{}", "a}", "{a", "a % b", "$a$", r"\\", "", r"\begin{x}", "^^5c"]
)
def test_a_renaming_that_is_no_symbol_is_refused(tex: str) -> None:
    with pytest.raises(SpecError):
        Notation(names={"W": tex})


def test_a_renaming_may_use_the_macros_declared() -> None:
    assert Notation(names={"h": r"\vh"}, macros=("vh",)).symbol("h", time="t-1") == r"\vh_{t-1}"


HOSTILE = [
    r"\input{/etc/passwd}",
    r"\write18{rm -rf x}",
    "a}b",
    "{a",
    "}{",
    "a$b$",
    "a%b",
    "a&b",
    "a#1",
    "a^^5cinput",
    "x\\",
    "a\nb",
    "W_",
    "_",
    " ",
    "<script>",
    r"\end{equation}",
    "\u202ea",
    "漢",
]


def carriers(name: str) -> list[Any]:
    known = sp.Symbol(name)
    return [
        known,
        known**2 + 1,
        sp.MatrixSymbol(name, n, 1),
        sp.MatrixSymbol(name, 2, 2)[0, 1],
        sp.Function(name)(w),
        sp.IndexedBase(name)[w],
        sp.core.symbol.Str(name),
        sp.Dummy(name),
        sp.Sum(known, (known, 0, 3)),
    ]


def commands(tex: str) -> set[str]:
    return set(re.findall(r"\\([A-Za-z]+|.)", tex, re.DOTALL))


TEXT_COMMANDS = {
    "text",
    "mathrm",
    "operatorname",
    "sum",
    "textbackslash",
    "textbraceleft",
    "textbraceright",
    "textdollar",
}
TEXT_COMMANDS |= {"textasciitilde", "textasciicircum", "textless", "textgreater", "textbar", *"&#%_", "left", "right"}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_becomes_text(name: str) -> None:
    for carrier in carriers(name):
        tex = expression(carrier)
        assert commands(tex) <= TEXT_COMMANDS, tex
        assert not re.search(r"(?<!\\)[$%#&~]|\^\^|[\n<]", tex), tex
        assert_balanced(tex)


@given(st.text(min_size=1, max_size=12))
@settings(max_examples=200, deadline=None)
def test_no_name_at_all_leaves_its_braces_or_starts_math(name: str) -> None:
    tex = Notation.default.symbol(name)
    assert_balanced(tex)
    assert not re.search(r"(?<!\\)[$%#&~]|\^\^|[\n\r\0]", tex)
    assert not commands(tex) & {"input", "write", "def", "begin", "end", "\\"}


@pytest.mark.parametrize("label", ["a}b", "a b", r"\x", "", "a%"])
def test_a_label_that_could_carry_tex_is_refused(label: str) -> None:
    with pytest.raises(SpecError):
        page(elman(), label=label)


def test_hostile_text_in_reasons_and_checks_stays_text() -> None:
    steps = (Step(sp.Integer(2), r"by \input{x} & 100% $"),)
    result = Result("two", sp.Symbol("a"), "=", sp.Integer(2), steps=steps)
    check = Check("agrees\n\\input{x}", 1, 0, 0.0, None, 0)
    tex = page(result, steps=True, comment=check)
    assert r"\input" not in tex.split("\n", 1)[1]
    assert tex.split("\n")[0].startswith("% ")
    assert_balanced(tex.split("\n", 1)[1])


# Terms and factors


def words(expr: Any, *known: Array) -> str:
    return expression(expr, arrays=known)


def test_a_sum_has_recurrent_term_input_term_bias() -> None:
    assert words(column(plain()), *arrays(plain())) == "W_h h_{t-1} + W_x x_t + b"


def test_a_scalar_sum_has_the_same_order() -> None:
    old, drive = sp.symbols("h x")
    known = (Array("h", "state", sp.Matrix([[old]])), Array("x", "input", sp.Matrix([[drive]])))
    assert words(b + u * drive + w * old, *known) == "w h_{t-1} + u x_t + b"


@pytest.mark.parametrize(
    ("expr", "tex"),
    [
        (1 - w, "1 - w"),
        (sp.Symbol("z") - w, "z - w"),
        (1 / (1 - w / sp.Symbol("z")), r"\frac{1}{1 - w z^{-1}}"),
        (sp.acosh(w), r"\operatorname{arcosh}(w)"),
        (sp.atanh(w) ** 2, r"\operatorname{artanh}^{2}(w)"),
        (sp.sqrt(w * (w - 1)), r"\sqrt{w (w - 1)}"),
        (sp.Rational(3, 4) * w * (b - 1), r"\frac{3 w (b - 1)}{4}"),
        (-(w + b) * u, "- u (b + w)"),
        (sp.I * w, r"\mathrm{i} w"),
        (sp.exp(-w / 2), r"\exp\left( - \frac{w}{2} \right)"),
        (sp.Abs(sp.Symbol("a")) ** 2, r"\lvert a \rvert^{2}"),
        (sp.Abs(w), r"\lvert w \rvert"),
        (sp.Mul(2, sp.Pow(3, w)), r"2 \cdot 3^{w}"),
        (sp.Max(0, w), r"\max(0, w)"),
        (sp.And(w > 0, w < 1, b >= 2), r"b \ge 2 \text{ and } 0 < w < 1"),
        (sp.Or(sp.Eq(w, 0), sp.And(sp.Eq(b, 0), sp.Eq(u, 0))), r"w = 0 \text{, or } b = 0 \text{ and } u = 0"),
        (sp.Contains(w, sp.S.Integers), r"w \in \mathbf{Z}"),
        (sp.Tuple(sp.Tuple(w, 1), sp.Tuple(b, 2)), r"\{ w,\; b \text{ (multiplicity 2)} \}"),
        (sp.Matrix([[w, 1], [0, -w]]), r"\begin{bmatrix} w & 1 \\ 0 & - w \end{bmatrix}"),
        (sp.nan, r"\text{NaN}"),
        (sp.oo, r"\infty"),
    ],
)
def test_an_expression_is_written_as_in_a_paper(expr: Any, tex: str) -> None:
    assert expression(expr) == tex


W, V = sp.MatrixSymbol("W", n, n), sp.MatrixSymbol("V", n, n)


@pytest.mark.parametrize(
    ("expr", "tex"),
    [
        (entrywise(lambda y: 1 - y**2, h), r"1 - h^{\odot 2}"),
        (entrywise(lambda y: y**2, W * h), r"(W h)^{\odot 2}"),
        (entrywise(lambda a, y: a * y, W * h, h), r"(W h) \odot h"),
        (entrywise(lambda a: alpha * a, W * h), r"\alpha W h"),
        (entrywise(lambda a: alpha * (1 - a), h), r"\alpha (1 - h)"),
        (entrywise(lambda a, y: alpha * (a - y) / 2, h, c), r"\frac{\alpha}{2} (h - c)"),
        (entrywise(lambda a, y: -a / (1 + y), h, c), r"- \frac{h}{1 + c}"),
        (entrywise(lambda a: sp.tanh(a) ** 2, W * h), r"\tanh^{2}(W h)"),
        (entrywise(sigmoid, W * h), r"\sigma(W h)"),
        (W * entrywise(lambda a: 1 - a, h), "W (1 - h)"),
        (sp.Identity(n) - W, "I_n - W"),
        ((sp.Identity(n) - W).inv() * V, "(I_n - W)^{-1} V"),
        (sp.Transpose(sp.MatMul(W, V)), r"(W V)^{\top}"),
        (sp.KroneckerProduct(sp.Transpose(h), sp.Identity(n)), r"h^{\top} \otimes I_n"),
        (sp.MatMul(W, sp.KroneckerProduct(W, V).args[0] + V), "W (V + W)"),
        (sp.BlockMatrix([[W, V]]), r"\begin{bmatrix} W & V \end{bmatrix}"),
        (sp.OneMatrix(n, 1), r"\mathbf{1}"),
        (h[0, 0] * W[0, 1], "W_{12} h_{1}"),
        (sp.Trace(W), r"\operatorname{tr}(W)"),
    ],
)
def test_columns_and_matrices_are_written_as_in_a_paper(expr: Any, tex: str) -> None:
    assert expression(expr) == tex


# The page


def test_hypotheses_stand_beside_the_claim_and_true_is_not_said() -> None:
    p = sp.Symbol("p", real=True)
    assert r"\qquad \text{for } \lvert p \rvert < 1" in page(Result("s", p, "=", 1 / (1 - p), given=abs(p) < 1))
    assert "for" not in page(Result("s", p, "=", 1 / (1 - p)))


def test_a_one_by_one_matrix_is_printed_as_its_entry() -> None:
    assert "bmatrix" not in page(Result("H", sp.Symbol("H"), "=", sp.Matrix([[w]])))


def test_a_failed_check_is_not_called_verified() -> None:
    for verdict, trials in (("refuted", 7), ("nothing tried", 0), ("agrees", 0), ("not refuted", 3)):
        line = page(elman(), comment=Check(verdict, trials, 0, 0.1, None, 0)).split("\n")[0]
        assert not line.startswith("% verified")


def test_a_label_needs_a_number() -> None:
    with pytest.raises(SpecError, match="number"):
        page(elman(), env="align*", label="eq:a")


def test_unknown_environments_are_named() -> None:
    with pytest.raises(SpecError, match="known: inline"):
        page(elman(), env="figure")


def test_the_names_of_wide_pieces_do_not_clash_with_symbols_in_use() -> None:
    claim = Result("entries", sp.Symbol("J"), "=", generic(4) ** 2)
    tex = page(claim)
    assert "J_{11}" not in tex and "M_{11} &=" in tex


def test_definitions_do_not_interrupt_a_chain_of_equalities() -> None:
    big = generic(4) ** 2
    claim = Result(
        "chain", sp.Symbol("P"), "=", big.applyfunc(sp.expand), steps=(Step(big, "squared"), Step(big, "so"))
    )
    lines = page(claim, steps=True, env="align*").split("\n")
    first = next(k for k, line in enumerate(lines) if "_{11} &=" in line)
    assert not any(line.strip().startswith("&=") for line in lines[first:])


@pytest.mark.parametrize("name", PAGES)
def test_reading_and_writing_the_tree_gives_the_source_back(name: str) -> None:
    make, _ = PAGES[name]
    result = make()
    tex = expression(result.rhs, arrays=result.arrays)
    assert "".join(write(read(tex)).split()) == "".join(tex.split())


def test_the_estimated_width_is_near_what_pdflatex_measures() -> None:
    # widths of \settowidth in article at 10 points, divided by 5
    measured = {
        r"\tanh(W_h h_{t-1} + W_x x_t + b)": 22.9,
        r"\operatorname{diag}(1 - h_t^{\odot 2})\, W_h": 15.3,
        r"\frac{2 z - z^{2} + a}{1 - a z^{-1}}": 10.4,
        r"a_{11} a_{22} - a_{12} a_{21}": 13.5,
        r"\sqrt{w (w - 1)} - \operatorname{arcosh}(\sqrt{w})": 22.7,
        r"\begin{bmatrix} W_{h,11} & a + b \\ c & d \end{bmatrix}": 13.5,
        r"\lVert W_h \rVert_{2} \le 1 \implies \rho(J) < 1": 22.5,
        r"\sum_{k=0}^{\infty} a^{k} b \iff c": 12.9,
    }
    for tex, true in measured.items():
        assert width(tex) == pytest.approx(true, rel=0.12), tex


def test_more_lines_than_a_page_holds_may_break_over_pages() -> None:
    tex = page(Result("entries", sp.Symbol("P"), "=", generic(6) ** 2), label="eq:P")
    assert tex.startswith("{\\allowdisplaybreaks\n\\begin{align}") and tex.count("label") == 1
    assert r"\begin{split}" not in tex


# The bibliography

PASCANU = Source(
    "pascanu2013", "R. Pascanu, T. Mikolov, Y. Bengio", "On the difficulty & more", 2013, arxiv="1211.5063"
)


def test_authors_are_joined_by_and() -> None:
    def authors(text: str) -> str:
        found = re.search(r"author += {(.*)},", bibtex(Source("k", text)))
        return found[1] if found else ""

    assert authors("R. Pascanu, T. Mikolov, Y. Bengio") == "R. Pascanu and T. Mikolov and Y. Bengio"
    assert authors("Pascanu, R., Mikolov, T.") == "Pascanu, R. and Mikolov, T."
    assert authors("Pascanu, R.; Mikolov, T.") == "Pascanu, R. and Mikolov, T."
    assert authors("Albertini and Sontag") == "Albertini and Sontag"
    assert authors("Cho, K. et al.") == "Cho, K. and others"
    assert authors("Hochreiter & Schmidhuber") == "Hochreiter and Schmidhuber"


def test_a_work_is_listed_once_whatever_the_place_cited() -> None:
    result = Result("r", w, "=", w, source=(PASCANU, Source("pascanu2013", at="eq. 8")))
    text = bibtex([result, PASCANU])
    assert text.count("@") == 1 and r"\&" in text and "1211.5063" in text


def test_two_works_under_one_key_are_an_error() -> None:
    with pytest.raises(RnnsymError, match="pascanu2013"):
        bibtex([PASCANU, Source("pascanu2013", title="Another")])


def test_a_hostile_source_cannot_leave_its_field() -> None:
    evil = Source("k}\\input{x", "A}B", r"\input{x}", 2000, doi=r"10.1/a}\input{x}%", at=r"eq. 8]\input{x}")
    text = bibtex(evil) + cite(evil)
    assert "\\input" not in text and not re.search(r"(?<!\\)%", text)
    assert_balanced(text)


def test_accents_in_authors_stay() -> None:
    assert "Schäfer" in bibtex(Source("k", "A. Schäfer"))
    assert escape("é漢") == "éU+6F22"


def test_several_matrices_beside_each_other_are_not_named_without_end() -> None:
    w, D, x, v = sp.symbols("omega Delta x v", real=True)
    step = sp.ImmutableMatrix([[1, D], [-D * w**2, 1 - D**2 * w**2]])
    metric = sp.ImmutableMatrix([[w**2, w**2 * D / 2], [w**2 * D / 2, 1]])
    end = sp.MatMul(step, step, sp.ImmutableMatrix([x, v]), evaluate=False)
    text = Result("invariant", QuadraticForm(metric, end), "=", x).latex()
    assert len(text) < 2000 and "_{ij}" not in text
