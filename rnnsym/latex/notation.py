r"""Notation: the one table that decides every symbol on the page, and the escape of what is not a symbol.

A name is a base and parts split at `_`: W_hz is W_{hz}, lambda is \lambda, h_tilde_t is \tilde{h}_t, h_star is
h^{\star}, a1 is a_{1}. The role of an array decides its time index. A name that is not of this form becomes escaped
text, so that no name can carry TeX. May import: result. A new accent or superscript is a line in a table below.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import ClassVar

from rnnsym.result import SpecError

TIMES = ("subscript", "parenthesis", "bracket")
ROLE_TIME = {"state": "t-1", "next": "t", "input": "t", "output": "t"}

SAFE_NAME = re.compile(r"[A-Za-z][A-Za-z0-9]*(_[A-Za-z0-9]+)*\Z")

_LOWER = "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi pi rho sigma tau upsilon"
_UPPER = "Gamma Delta Theta Lambda Xi Pi Sigma Upsilon Phi Psi Omega"
_VARIANTS = "phi chi psi omega varepsilon varphi varrho varsigma vartheta varpi ell hbar infty"
GREEK = {name: "\\" + name for name in f"{_LOWER} {_UPPER} {_VARIANTS}".split()}
GREEK |= {"lamda": r"\lambda", "Lamda": r"\Lambda", "inf": r"\infty", "oo": r"\infty", "eps": r"\epsilon"}
GREEK |= {"Alpha": r"\mathrm{A}", "Beta": r"\mathrm{B}"}
ACCENTS = {"tilde": r"\tilde", "hat": r"\hat", "bar": r"\bar", "dot": r"\dot", "vec": r"\vec"}
SUPERSCRIPTS = {"star": r"\star", "prime": r"\prime", "plus": "+", "minus": "-"}
_WORDS = {"in", "out", "ss"}

_SAFE_COMMANDS = {
    *[
        "mathbf",
        "mathrm",
        "mathit",
        "mathsf",
        "mathcal",
        "mathbb",
        "mathfrak",
        "boldsymbol",
        "bm",
        "operatorname",
        "text",
    ],
    *[
        "tilde",
        "hat",
        "bar",
        "dot",
        "ddot",
        "vec",
        "overline",
        "underline",
        "widehat",
        "widetilde",
        "prime",
        "star",
        "ast",
        "top",
        "dagger",
    ],
    *["mathsf", "intercal", "odot", "circ", "times", "cdot", "pm", "mp", "partial", "nabla"],
    *(command[1:] for command in GREEK.values() if "{" not in command),
}

_SPOKEN = dict(
    zip("0123456789", "Zero One Two Three Four Five Six Seven Eight Nine".split(), strict=True)
)  # in commands

_TEXT = {
    "\\": r"\textbackslash{}",
    "{": r"\textbraceleft{}",
    "}": r"\textbraceright{}",
    "$": r"\textdollar{}",
    "&": r"\&",
    "#": r"\#",
    "%": r"\%",
    "_": r"\_",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    "\u2013": "--",
    "\u2014": "---",
    "\u2018": "`",
    "\u2019": "'",
    "\u201c": "``",
    "\u201d": "''",
}


def escape(text: str, *, unicode: bool = False) -> str:
    r"""Text that LaTeX sets as it stands; unknown characters as their code points unless `unicode`.

    >>> print(escape(r"\input{x} 5%"))
    \textbackslash{}input\textbraceleft{}x\textbraceright{} 5\%
    """
    found = []
    for character in unicodedata.normalize("NFC", str(text)):
        if character in _TEXT:
            found.append(_TEXT[character])
        elif unicodedata.category(character)[0] in "ZC" or character.isspace():
            found.append(" ")
        elif character.isascii() or unicode or ("LATIN" in unicodedata.name(character, "") and ord(character) < 0x180):
            found.append(character)
        else:
            found.append(f"U+{ord(character):04X}")
    return "".join(found)


@dataclass(frozen=True)
class Notation:
    r"""How symbols look: renamed symbols, bold vectors and matrices, the time index, the transpose.

    names:     name of a symbol or array -> LaTeX; h renames h_{t-1} and h_t alike, W_h also its entries.
    bold:      vectors and matrices of symbolic size in bold.
    time:      "subscript" h_{t-1}, "parenthesis" h(t-1), "bracket" h[t-1].
    transpose: what stands in the exponent.
    imaginary: the imaginary unit.
    macros:    commands of your own preamble that `names` may use, without backslash.
    definitions: commands without backslash -> meaning; `names` may use them, `preamble` defines them.
    variables: names of transform variables: sums are in falling powers of them, and 1/z is written z^{-1}.

    >>> Notation(names={"W_h": r"\mathbf{W}"}).symbol("W_h")
    '\\mathbf{W}'
    >>> Notation().symbol("h", time="t-1")
    'h_{t-1}'
    """

    names: Mapping[str, str] = field(default_factory=dict, hash=False)
    bold: bool = False
    time: str = "subscript"
    transpose: str = r"\top"
    imaginary: str = r"\mathrm{i}"
    macros: tuple[str, ...] = ()
    variables: tuple[str, ...] = ("z", "lambda")
    definitions: Mapping[str, str] = field(default_factory=dict, hash=False)

    default: ClassVar[Notation]

    def __post_init__(self) -> None:
        if self.time not in TIMES:
            raise SpecError(f"time={self.time!r} is no style of the time index; known: {', '.join(TIMES)}")
        if not isinstance(self.names, Mapping):
            raise SpecError(
                f"names is {self.names!r}; it must map a symbol to its LaTeX, as in {{'W_h': r'\\mathbf{{W}}'}}"
            )
        object.__setattr__(self, "names", {str(key): tex for key, tex in self.names.items()})
        object.__setattr__(self, "definitions", dict(self.definitions))
        for macro in (*self.macros, *self.definitions):
            if not re.fullmatch(r"[A-Za-z]+", macro):
                raise SpecError(f"{macro!r} is no macro name; give letters only, without the backslash")
        own = (("transpose", self.transpose), ("imaginary", self.imaginary))
        for key, tex in (*self.names.items(), *self.definitions.items(), *own):
            self._check(key, tex)

    def _check(self, key: str, tex: str) -> None:
        """Refuses what could run, comment out or unbalance the page."""
        allowed = _SAFE_COMMANDS | set(self.macros) | set(self.definitions)
        unknown = [
            c for c in re.findall(r"\\([A-Za-z]+|.?)", tex, re.S) if c not in allowed and c not in (",", "!", ";")
        ]
        if unknown:
            raise SpecError(
                f"the LaTeX {tex!r} of {key} uses \\{unknown[0]}; known math commands only, "
                f"or declare your own macro: Notation(macros=({unknown[0]!r},))"
            )
        if re.search(r"[%&#$~\n\r]|\^\^", tex) or not tex.strip():
            raise SpecError(
                f"the LaTeX {tex!r} of {key} must be one math symbol; it may not hold % & # $ ~ or be empty"
            )
        depth = 0
        for brace in re.findall(r"[{}]", tex):
            depth += 1 if brace == "{" else -1
            if depth < 0:
                break
        if depth:
            raise SpecError(f"the LaTeX {tex!r} of {key} has braces that do not balance")

    @property
    def preamble(self) -> str:
        r"""The \newcommand lines of `definitions`, for the preamble of a paper."""
        return "\n".join(rf"\newcommand{{\{macro}}}{{{tex}}}" for macro, tex in self.definitions.items())

    def commands(self, names: Iterable[str], *, prefix: str = "rnn") -> Notation:
        r"""This notation with a command for each name, so that a paper changes a symbol in one place, its `preamble`.

        names: of symbols and arrays, as [array.name for array in result.arrays].

        >>> own = Notation().commands(["W_h"])
        >>> print(own.preamble, own.symbol("W_h"))
        \newcommand{\rnnWh}{W_h} {\rnnWh}
        """
        if not re.fullmatch(r"[A-Za-z]+", prefix):
            raise SpecError(f"prefix {prefix!r} must have letters only, as the name of a command")
        known, meanings = dict(self.names), dict(self.definitions)
        for name in names:
            base = name.removesuffix("_t")
            if any(rf"\{macro}" in known.get(base, "") for macro in self.definitions):
                continue  # it has its command
            macro = prefix + "".join(_SPOKEN.get(c, c) for c in base if c.isascii() and c.isalnum())
            tex = self.symbol(base, bold=True)
            if meanings.get(macro, tex) != tex:
                raise SpecError(f"{base!r} and another name would both be \\{macro}; rename one with names=")
            meanings[macro] = tex
            # braces: an index or exponent may follow one that the meaning has already
            known[base] = rf"{{\{macro}}}" if re.search(r"[_^(\[]", tex) else rf"\{macro}"
        return replace(self, names=known, definitions=meanings)

    def symbol(self, name: str, *, time: str = "", index: str = "", bold: bool = False) -> str:
        r"""LaTeX of a name, with an index of an entry and a time.

        >>> Notation().symbol("W_h", index="12"), Notation().symbol("h", time="t-1", index="1")
        ('W_{h,12}', 'h_{1,t-1}')
        >>> Notation().symbol("h_tilde_t"), Notation(time="parenthesis").symbol("h_t")
        ('\\tilde{h}_t', 'h(t)')
        """
        if name in self.names and name.endswith("_t"):
            return _attach(self.names[name], [index] if index else [])
        late = re.fullmatch(r"(.+)_t((?:_\d+)*)", name)
        if late and SAFE_NAME.match(name):
            name, time = late[1], time or "t"
            index = ",".join(filter(None, [index, *late[2].split("_")]))
        head, subscripts = (self.names[name], []) if name in self.names else _spell(name, bold and self.bold)
        if index:
            subscripts.append(index)
        if time and self.time == "subscript":
            subscripts.append(time)
        tex = _attach(head, subscripts)
        if time and self.time != "subscript":
            tex += f"({time})" if self.time == "parenthesis" else f"[{time}]"
        return tex


Notation.default = Notation()


def _spell(name: str, bold: bool) -> tuple[str, list[str]]:
    """Base with accents and superscripts, and the subscripts of a name."""
    letter = _unicode_greek(name)
    if letter:
        return letter, []
    trimmed = name.strip("_")
    if not SAFE_NAME.match(trimmed):
        return rf"\text{{{escape(name) or '?'}}}", []
    base, *parts = trimmed.split("_")
    numbered = re.fullmatch(r"([A-Za-z]+)(\d+)", base)
    subscripts: list[str] = []
    if numbered:
        base, subscripts = numbered[1], [numbered[2]]
    if base in GREEK:
        head = rf"\boldsymbol{{{GREEK[base]}}}" if bold else GREEK[base]
    elif len(base) == 1:
        head = rf"\mathbf{{{base}}}" if bold else base
    else:
        head = rf"\mathbf{{{base}}}" if bold else rf"\mathrm{{{base}}}"
    superscript = ""
    for part in parts:
        if part in ACCENTS:
            head = f"{ACCENTS[part]}{{{head}}}"
        elif part in SUPERSCRIPTS:
            superscript += SUPERSCRIPTS[part]
        else:
            subscripts.append(_subscript(part))
    return (f"{head}^{{{superscript}}}" if superscript else head), subscripts


def _subscript(part: str) -> str:
    # W_xi and W_pi are the maps of gate i, from x and from the peephole
    if part in GREEK and part not in ("xi", "pi"):
        return GREEK[part]
    if part.isdigit() or (len(part) <= 2 and part not in _WORDS) or not part.isalpha():
        return part
    return rf"\mathrm{{{part}}}"


def _unicode_greek(name: str) -> str:
    """A single Greek letter typed as itself."""
    if len(name) != 1 or name.isascii():
        return ""
    found = re.fullmatch(r"GREEK (SMALL|CAPITAL) LETTER (\w+)", unicodedata.name(name, ""))
    if not found:
        return ""
    word = found[2].lower()
    return GREEK.get(word if found[1] == "SMALL" else word.capitalize(), "")


def _attach(head: str, subscripts: list[str]) -> str:
    """Subscripts joined to those that the head has already."""
    if not subscripts:
        return head
    own = re.fullmatch(r"(.*)_(?:\{([^{}]*)\}|([A-Za-z0-9]))", head, re.S)
    if own and own[1]:
        head, subscripts = own[1], [own[2] or own[3], *subscripts]
    elif "_" in head:
        head = f"{{{head}}}"
    inside = ",".join(subscripts)
    return f"{head}_{inside}" if len(inside) == 1 and inside.isalpha() else f"{head}_{{{inside}}}"
