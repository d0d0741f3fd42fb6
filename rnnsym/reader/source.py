"""The first two gates: text to tokens by our own scan, tokens in order, a tree of whitelisted nodes. May import: `result`, reader.sizes."""

from __future__ import annotations

import ast
import keyword
import re
from typing import NamedTuple

from rnnsym.reader.sizes import DEPTH, LENGTH, NAME_LENGTH
from rnnsym.result import SpecError

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9]*(?:_[A-Za-z0-9]+)*")
_TOKEN = re.compile(
    r"(?P<number>(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)|(?P<name>[A-Za-z_][A-Za-z0-9_]*)"
    r"|(?P<operator>\*\*|<=|>=|==|!=|//|<<|>>|:=|->|[-+*/@<>(),=])"
)
WORDS = ("and", "or", "not")
_BINARY = ("+", "-", "*", "/", "@", "**", "<", "<=", ">", ">=", "==", "!=", "and", "or")
_HINTS = {
    "^": "write ** for powers",
    ".": "Attribute is not allowed",
    "[": "Subscript and List are not allowed",
    "{": "Dict and Set are not allowed",
    "'": "text in quotes is not allowed",
    '"': "text in quotes is not allowed",
    ":=": "NamedExpr is not allowed",
}
_NODES = (
    (ast.BinOp, ast.UnaryOp, ast.BoolOp, ast.Compare, ast.Call, ast.Name, ast.Constant, ast.Load)
    + (
        ast.Add,
        ast.Sub,
        ast.Mult,
        ast.Div,
        ast.Pow,
        ast.MatMult,
        ast.UAdd,
        ast.USub,
        ast.Not,
        ast.And,
        ast.Or,
    )
    + (ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.Eq, ast.NotEq)
)


def check_name(name: str, what: str = "symbol") -> str:
    """The name itself, if it may stand in code and in LaTeX; SpecError otherwise.

    >>> check_name("W_h")
    'W_h'
    >>> check_name("lambda")
    Traceback (most recent call last):
    rnnsym.result.SpecError: symbol name 'lambda' is a Python keyword; choose another, such as 'lambda1'
    """
    if not isinstance(name, str):
        raise TypeError(f"{what} name must be text, got {type(name).__name__}")
    shown = ascii(name if len(name) <= NAME_LENGTH else name[:20] + "...")
    if len(name) > NAME_LENGTH:
        raise SpecError(f"{what} name {shown} has {len(name)} characters; limit {NAME_LENGTH}")
    if keyword.iskeyword(name):
        raise SpecError(f"{what} name {shown} is a Python keyword; choose another, such as '{name}1'")
    if not _NAME.fullmatch(name):
        raise SpecError(
            f"{what} name {shown} must match [A-Za-z][A-Za-z0-9]*(_[A-Za-z0-9]+)*;"
            " it would be inserted in code and LaTeX"
        )
    return name


class Token(NamedTuple):
    kind: str  # number, name, operator
    text: str
    column: int  # 1-based


class Source:
    """A text that passed the first two gates: its tokens and its tree."""

    def __init__(self, text: str, what: str) -> None:
        if not isinstance(text, str):
            raise TypeError(f"the {what} must be text, got {type(text).__name__}")
        if len(text) > LENGTH:
            raise SpecError(f"the {what} has {len(text)} characters; the limit on length is {LENGTH}")
        self.what = what
        self.text = re.sub(r"[\t\r\n]", " ", text)
        if not self.text.strip():
            raise SpecError(f"the {what} is empty; give an expression such as tanh(w*h + b)")
        self.tokens = self._scan()
        self._check_order()
        self.tree = self._parse()

    def error(self, fact: str, column: int) -> SpecError:
        return SpecError(self.located(fact, column))

    def located(self, fact: str, column: int) -> str:
        start = max(0, min(column - 30, len(self.text) - 60))
        shown = "".join(c if c.isascii() and c.isprintable() else "?" for c in self.text[start : start + 60])
        shown = ("..." if start else "") + shown.strip() + ("..." if start + 60 < len(self.text) else "")
        return ("" if self.what == "formula" else f"{self.what}: ") + f"{fact} (column {column}): {shown}"

    def _scan(self) -> list[Token]:
        tokens: list[Token] = []
        position = 0
        while position < len(self.text):
            column = position + 1
            if self.text[position] == " ":
                position += 1
                continue
            match = _TOKEN.match(self.text, position)
            if match is None:
                char = self.text[position]
                if char in _HINTS:
                    raise self.error(_HINTS[char], column)
                code = f"character {char!a} (U+{ord(char):04X}) is not allowed"
                raise self.error(f"{code}; write names, numbers and + - * / ** @ ( ) in plain ASCII", column)
            token = Token(str(match.lastgroup), match.group(), column)
            position = match.end()
            if token.kind == "number":
                self._check_number(token, self.text[position : position + 40])
            elif token.kind == "name" and token.text not in WORDS:
                try:
                    check_name(token.text)
                except SpecError as error:
                    raise self.error(str(error), column) from None
            elif token.text in _HINTS:
                raise self.error(_HINTS[token.text], column)
            elif token.kind == "operator" and token.text not in (*_BINARY, "(", ")", ",", "="):
                raise self.error(f"{token.text!r} is not allowed; the operators are + - * / ** @", column)
            tokens.append(token)
        return tokens

    def _check_number(self, token: Token, rest: str) -> None:
        """What stands right behind a number, and leading zeros."""
        word = re.match(r"[A-Za-z0-9_]*", rest).group()  # type: ignore[union-attr]
        if word.startswith("_"):
            raise self.error("digit separators are not allowed; write the digits without _", token.column)
        if token.text == "0" and re.match(r"[xXoObB]", word):
            raise self.error("hexadecimal, octal and binary numbers are not allowed; write decimals", token.column)
        if word in ("j", "J"):
            raise self.error("complex literals are not allowed; use a name for the imaginary unit", token.column)
        if word in WORDS:
            raise self.error(f"put a space between {cut(token.text)} and '{word}'", token.column)
        if word and not keyword.iskeyword(word):
            raise self.error(f"a product needs its sign; write {cut(token.text)}*{cut(word)}", token.column)
        if re.match(r"0[0-9]", token.text):
            raise self.error("leading zeros are not allowed; write the number without them", token.column)

    def _check_order(self) -> None:
        """Operands and operators in turn, brackets matched, nesting bounded: nothing is left to Python's parser.

        `frames` holds the column of every open bracket and whether it is a call; `runs`, for every level, the
        number of prefix signs and ** that are open in it (each nests to the right).
        """
        frames: list[tuple[int, bool]] = []
        runs = [0]
        before: Token | None = None  # the token that ended an operand; None where an operand is expected
        previous: Token | None = None
        for token in self.tokens:
            sign = token.text
            if sign == "=":
                hint = "keyword arguments are not allowed" if frames and frames[-1][1] else "use Eq or two arguments"
                raise self.error(f"one expression expected, found '='; {hint} (in a condition write ==)", token.column)
            if before is None:
                call_closes = sign == ")" and previous is not None and previous.text == "(" and frames[-1][1]
                if token.kind == "number" or (token.kind == "name" and sign not in WORDS) or call_closes:
                    before = token
                    if call_closes:
                        frames.pop()
                        runs.pop()
                elif sign == "(":
                    frames.append((token.column, False))
                    runs.append(0)
                elif sign in ("+", "-", "not"):
                    runs[-1] += 1
                else:
                    raise self.error(f"unexpected '{sign}'; a name, a number or ( is expected", token.column)
            elif sign == "(" and before.kind == "name":
                frames.append((token.column, True))
                runs.append(0)
                before = None
            elif sign == ")" and frames:
                frames.pop()
                runs.pop()
                before = token
            elif sign == "," and frames and frames[-1][1]:
                runs[-1], before = 0, None
            elif sign in _BINARY:
                runs[-1] = runs[-1] + 1 if sign == "**" else 0
                before = None
            elif sign in (")", ","):
                missing = "no bracket is open" if sign == ")" else "a comma stands between arguments only"
                raise self.error(f"unexpected '{sign}'; {missing}", token.column)
            elif token.kind == "operator" or token.kind == "number" or sign not in WORDS:
                left = "(...)" if before.text == ")" else cut(before.text)
                right = "(...)" if sign == "(" else cut(sign)
                raise self.error(f"a product needs its sign; write {left}*{right}", token.column)
            else:
                raise self.error(f"unexpected '{sign}'; an operator is expected", token.column)
            previous = token
            if len(frames) + sum(runs) > DEPTH:
                depth = max(self._bracket_depth(), len(frames) + sum(runs))
                raise self.error(f"nesting depth {depth} is over the limit {DEPTH}; name the inner parts", token.column)
        if before is None or frames:
            hint = f"the ( of column {frames[-1][0]} is not closed" if frames else "an operand is missing"
            raise self.error(f"unexpected end; {hint}", len(self.text.rstrip()) + 1)

    def _bracket_depth(self) -> int:
        depth = deepest = 0
        for token in self.tokens:
            depth += (token.text == "(") - (token.text == ")")
            deepest = max(deepest, depth)
        return deepest

    def _parse(self) -> ast.expr:
        try:
            # In brackets, so that leading blanks are harmless; and then col_offset is the 1-based column.
            tree = ast.parse(f"({self.text})", mode="eval").body
        except SyntaxError as error:
            raise self.error(f"not a formula: {error.msg}", max(1, (error.offset or 2) - 1)) from None
        except (RecursionError, MemoryError, ValueError) as error:
            raise self.error("too long or too deep for Python's parser; name the inner parts", 1) from error
        stack: list[tuple[ast.AST, int]] = [(tree, 0)]
        while stack:
            node, depth = stack.pop()
            if not isinstance(node, _NODES) or getattr(node, "keywords", None):
                raise self.error(f"{type(node).__name__} is not allowed", getattr(node, "col_offset", 1))
            if depth > DEPTH and isinstance(node, ast.expr):
                fact = f"nesting depth {depth} is over the limit {DEPTH}; name the inner parts"
                raise self.error(fact, node.col_offset)
            for child in ast.iter_child_nodes(node):
                # a - b - c - ... leans to the left and is read in a loop: it does not count as nesting.
                chained = isinstance(node, ast.BinOp) and child is node.left and isinstance(child, ast.BinOp)
                stack.append((child, depth + (not chained)))
        return tree

    def operator_column(self, node: ast.BinOp) -> int:
        end = node.left.end_col_offset or 0
        return next(t.column for t in self.tokens if t.column >= end and t.text != ")")


def cut(text: str) -> str:
    return text if len(text) <= 20 else text[:20] + "..."
