r"""Typst markup of LaTeX source, for PDF files where there is no TeX: the formulas of `page`, node by node.

Every sign is written so that Typst reads it as a sign: brackets and commas escaped, names as strings, and functions with
their parentheses; so no name can carry markup. May import: `tree`, `mathml`. A new command is a line in a table below.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from rnnsym.latex.mathml import stripped
from rnnsym.latex.tree import Env, Fence, Group, Leaf, Node, Nodes, read, trim, write

_GREEK = dict(
    zip(
        "alpha beta gamma delta epsilon varepsilon zeta eta theta vartheta iota kappa lambda mu nu xi pi varpi rho varrho "
        "sigma varsigma tau upsilon phi varphi chi psi omega Gamma Delta Theta Lambda Xi Pi Sigma Upsilon Phi Psi Omega".split(),
        "αβγδϵεζηθϑικλμνξπϖρϱσςτυϕφχψωΓΔΘΛΞΠΣΥΦΨΩ",
        strict=True,
    )
)
_SIGNS = {
    "partial": "∂", "nabla": "∇", "infty": "∞", "ell": "ℓ", "hbar": "ℏ", "top": "⊤", "intercal": "⊺", "star": "⋆", "ast": "∗",
    "dagger": "†", "prime": "′", "odot": "⊙", "otimes": "⊗", "cdot": "⋅", "times": "×", "circ": "∘", "pm": "±", "mp": "∓", "le": "≤",
    "leq": "≤", "ge": "≥", "geq": "≥", "neq": "≠", "ne": "≠", "sim": "∼", "approx": "≈", "in": "∈", "ni": "∋", "notin": "∉", "to": "→",
    "mapsto": "↦", "iff": "⟺", "implies": "⟹", "prec": "≺", "succ": "≻", "preceq": "⪯", "succeq": "⪰", "subseteq": "⊆", "exists": "∃",
    "forall": "∀", "mid": "∣", "dots": "…", "ldots": "…", "cdots": "⋯", "vdots": "⋮", "ddots": "⋱", "sum": "∑", "prod": "∏", "int": "∫",
    "lfloor": "⌊", "rfloor": "⌋", "lceil": "⌈", "rceil": "⌉", "langle": "⟨", "rangle": "⟩", "cup": "∪", "cap": "∩", "emptyset": "∅",
    "land": "∧", "lor": "∨", "lnot": "¬", "setminus": "∖", "propto": "∝", "equiv": "≡", "ll": "≪", "gg": "≫", "succcurlyeq": "≽",
}  # fmt: skip
_FENCES = {r"\lvert": "|", r"\rvert": "|", r"\lVert": "‖", r"\rVert": "‖", "|": "|", r"\|": "‖", "/": "\\/"}
_FENCES |= {r"\{": "\\{", r"\}": "\\}", "(": "\\(", ")": "\\)", "[": "\\[", "]": "\\]", ".": ""}
_FENCES |= {rf"\{name}": _SIGNS[name] for name in ("lfloor", "rfloor", "lceil", "rceil", "langle", "rangle")}
_LIMITS = {"max", "min", "sup", "inf", "lim", "limsup", "liminf", "det", "argmax", "argmin"}
_OPERATORS = {
    "tanh",
    "sinh",
    "cosh",
    "coth",
    "sin",
    "cos",
    "tan",
    "log",
    "ln",
    "exp",
    "arg",
    "arcsin",
    "arccos",
    "arctan",
    "dim",
    "ker",
}
_SPACES = {
    r"\quad": "quad",
    r"\qquad": "quad quad",
    r"\,": "thin",
    r"\;": "thick",
    r"\:": "med",
    r"\ ": "space",
    "~": "space",
}
_SPACES |= {r"\!": "#h(-0.16em)", r"\displaystyle": "", r"\notag": "", r"\limits": ""}
_STYLES = {
    "mathbf": "bold(upright({}))", "mathrm": "upright({})", "mathit": "italic({})", "mathsf": "sans({})", "mathcal": "cal({})",
    "mathbb": "bb({})", "mathfrak": "frak({})", "boldsymbol": "bold({})", "bm": "bold({})", "tilde": "tilde({})", "hat": "hat({})",
    "bar": "macron({})", "dot": "dot({})", "ddot": "dot.double({})", "vec": "arrow({})", "overline": "overline({})",
    "underline": "underline({})", "widehat": "hat({})", "widetilde": "tilde({})", "overleftarrow": "accent({}, <-)",
    "overrightarrow": "accent({}, ->)", "xrightarrow": "limits(arrow.r.long)^({})", "mathop": "limits({})",
}  # fmt: skip
_BIG = {r"\big": "120%", r"\Big": "150%", r"\bigg": "200%", r"\Bigg": "250%"}
_MATRICES = {
    "bmatrix": "\\[",
    "pmatrix": "\\(",
    "vmatrix": "|",
    "Vmatrix": "‖",
    "matrix": "",
    "smallmatrix": "",
    "array": "",
}
_TEXT_SIGNS = {
    "textbackslash": "\\", "textbraceleft": "{", "textbraceright": "}", "textdollar": "$", "textasciitilde": "~",
    "textasciicircum": "^", "textless": "<", "textgreater": ">", "textbar": "|",
}  # fmt: skip


def typst(tex: str, *, macros: Mapping[str, str] | None = None) -> str:
    r"""LaTeX of a formula as Typst's mathematics, without its dollars; lines and columns of `aligned` stay.

    >>> print(typst(r"\frac{\partial h_t}{\partial x} = \operatorname{diag}(1 - h_t^{2})"))
    frac(∂ h _(t), ∂ x) = op("diag") \( 1 - h _(t) ^(2) \)
    """
    for macro, meaning in (macros or {}).items():
        tex = re.sub(rf"\\{macro}(?![A-Za-z])", lambda _, meaning=meaning: f"{{{meaning}}}", tex)  # type: ignore[misc]
    nodes = trim(read(stripped(tex)))
    if len(nodes) == 1 and isinstance(nodes[0], Env) and nodes[0].name in ("aligned", "split"):
        return " \\\n".join(" & ".join(_formula(cell) for cell in row) for row in nodes[0].rows)
    return _formula(nodes)


def string(text: str) -> str:
    r"""A text as a string of Typst.

    >>> print(string('a "b" \\'))
    "a \"b\" \\"
    """
    line = "".join(c if c.isprintable() else " " for c in text)
    return '"' + line.replace("\\", "\\\\").replace('"', '\\"') + '"'


def plain(tex: str) -> str:
    r"""The text that escaped LaTeX stands for.

    >>> print(plain(r"a\_b \textless{}i\textgreater{} 5\%"))
    a_b <i> 5%
    """
    tex = re.sub(r"\\([A-Za-z]+)(\{\})?", lambda m: _TEXT_SIGNS.get(m[1], m[1]), tex)
    tex = re.sub(r"\\(.)", r"\1", tex)
    return tex.replace("---", "—").replace("--", "–").replace("``", "“").replace("''", "”").replace("`", "‘")


def _formula(nodes: Nodes) -> str:
    """Nodes one after another, numbers as one piece, scripts with their content in parentheses."""
    found: list[str] = []
    waiting = list(trim(nodes))
    while waiting:
        node = waiting.pop(0)
        if isinstance(node, Leaf) and node.tex in ("_", "^"):
            script = _argument(waiting)
            found.append(f"{node.tex}({script})" if found else f'""{node.tex}({script})')
        elif isinstance(node, Leaf) and node.tex.isdigit():
            digits = node.tex
            while waiting and isinstance(waiting[0], Leaf) and re.fullmatch(r"[\d.]", waiting[0].tex):
                digits += waiting.pop(0).tex  # type: ignore[union-attr]
            found.append(digits)
        else:
            found.append(_node(node, waiting))
    return " ".join(part for part in found if part)


def _argument(waiting: list[Node]) -> str:
    """The next group or sign, as an argument of a function."""
    while waiting and isinstance(waiting[0], Leaf) and waiting[0].tex.isspace():
        waiting.pop(0)
    if not waiting:
        return '""'
    node = waiting.pop(0)
    inside = _formula(node.items) if isinstance(node, Group) else _node(node, waiting)
    return inside or '""'


def _node(node: Node, waiting: list[Node]) -> str:
    if isinstance(node, Group):
        return f'class("normal", {_formula(node.items)})' if trim(node.items) else ""
    if isinstance(node, Fence):
        return _fenced(node)
    if isinstance(node, Env):
        return _environment(node)
    return _command(node.tex, waiting) if node.tex.startswith("\\") else _sign(node.tex)


def _sign(tex: str) -> str:
    if tex.isspace():
        return ""
    if tex.isascii() and (tex.isalpha() or tex in "+-=<>!*|."):
        return tex
    return tex if tex == "'" or tex.isalpha() else f"\\{tex}"


def _command(tex: str, waiting: list[Node]) -> str:
    name = tex[1:]
    big = re.fullmatch(r"(\\[bB]igg?)[lrm]?", tex)
    if tex in _SPACES:
        return _SPACES[tex]
    if name in _GREEK:
        return _GREEK[name]
    if name in _SIGNS:
        return _SIGNS[name]
    if tex in _FENCES:
        return _delimiter(tex)
    if name in _LIMITS or name in _OPERATORS:
        return f'op("{name}", limits: #true)' if name in _LIMITS else f'op("{name}")'
    if name in ("frac", "tfrac", "dfrac", "binom"):
        over, under = _argument(waiting), _argument(waiting)
        made = f"{'binom' if name == 'binom' else 'frac'}({over}, {under})"
        return {"tfrac": f"inline({made})", "dfrac": f"display({made})"}.get(name, made)
    if name == "sqrt":
        if waiting and isinstance(waiting[0], Fence) and waiting[0].left == "[":
            index = _formula(waiting.pop(0).items)  # type: ignore[union-attr]
            return f"root({index}, {_argument(waiting)})"
        return f"sqrt({_argument(waiting)})"
    if name == "operatorname" and waiting[:1] == [Leaf("*")]:
        waiting.pop(0)
        return f"op({_argument(waiting)}, limits: #true)"
    if name in ("text", "operatorname") and waiting and isinstance(waiting[0], Group):
        words = write(waiting.pop(0).items)  # type: ignore[union-attr]
        return f"op({string(plain(words))})" if name == "operatorname" else _words(words)
    if name in _STYLES:
        return _STYLES[name].format(_argument(waiting))
    if big and waiting:
        return _big(waiting.pop(0), _BIG[big[1]])
    return string(plain(tex))


def _big(node: Node, size: str) -> str:
    r"""A fence of given size; the reader of the tree takes \bigl( ... \bigr) as a fence that ends in \bigr."""
    if not isinstance(node, Fence):
        return f"lr({_delimiter(write([node]))}, size: #{size})"
    inside = trim(node.items)
    closes = bool(inside) and isinstance(inside[-1], Leaf) and bool(re.fullmatch(r"\\[bB]igg?r?", inside[-1].tex))
    right = _delimiter(node.right)
    right = f"lr({right}, size: #{size})" if closes else right
    return f"lr({_delimiter(node.left)}, size: #{size}) {_formula(inside[:-1] if closes else inside)} {right}"


def _words(text: str) -> str:
    """Text with formulas between dollars."""
    parts = [_formula(read(p)) if k % 2 else string(plain(p)) for k, p in enumerate(text.split("$")) if p]
    return " ".join(parts)


def _delimiter(tex: str) -> str:
    sign = _FENCES.get(tex, _SIGNS.get(tex[1:], "")) if tex in _FENCES or tex.startswith("\\") else f"\\{tex}"
    kind = {r"\lvert": "opening", r"\lVert": "opening", r"\rvert": "closing", r"\rVert": "closing"}.get(tex)
    return f'class("{kind}", {sign})' if kind else sign


def _fenced(fence: Fence) -> str:
    inside = _formula(fence.items)
    if not fence.stretched:
        return f"{_delimiter(fence.left)} {inside} {_delimiter(fence.right)}"
    left, right = (_FENCES.get(side, string(plain(side))) for side in (fence.left, fence.right))
    return f"lr({' '.join(part for part in (left, inside, right) if part)})"


def _environment(env: Env) -> str:
    rows = [[_formula(cell) or '""' for cell in row] for row in env.rows]
    if env.name == "cases":
        return "cases(" + ", ".join(" & quad ".join(row) for row in rows) + ")"
    if env.name in ("aligned", "split"):
        return "mat(delim: #none, " + "; ".join(" ".join(row) for row in rows) + ")"
    delimiter = _MATRICES.get(env.name, "")
    body = "; ".join(", ".join(row) for row in rows)
    quoted = {"\\[": '"["', "\\(": '"("', "|": '"|"', "‖": '"‖"'}.get(delimiter, "#none")
    return f"mat(delim: {quoted}, {body})"
