"""The safe reader: text of strangers -> SymPy (or another algebra), nothing executed.

Lives here: `read` (a formula or a condition), `free_names`, `check_name`, FUNCTIONS and SCALARS.
May import: SymPy and `result`. To add a function, add a line to FUNCTIONS; to give the operators another
meaning, pass an object with the methods of `Algebra`.

Three gates stand between text and value. (1) Our own scan into tokens: ASCII only, listed signs only, operands and
operators in turn, nesting bounded; Python's parser then meets short and flat text only. (2) A whitelist of `ast`
nodes. (3) Numbers: SymPy computes while it builds (2**(x + 10**9)*2**-x becomes 2**(10**9), exp(10**9*log(2)) too),
so sizes are predicted before an operation (`_power_fits`) and every new node is examined after it
(`_Builder._examine`): what one more operation could make of admitted parts stays small. Where SymPy would expand or
prove (Abs, Max, re, relations), large arguments are kept as written.
"""

from __future__ import annotations

import ast
import inspect
import keyword
import re
from collections.abc import Callable, Iterable, Mapping
from difflib import get_close_matches
from typing import Any, NamedTuple, NoReturn, Protocol

import sympy as sp
from sympy.functions.elementary.hyperbolic import HyperbolicFunction
from sympy.logic.boolalg import Boolean

from rnnsym.result import RnnsymError, SpecError

LENGTH = 2000  # characters of a text
DEPTH = 60  # nesting
EXPONENT = 64  # of one power
DEGREE = 4096  # of powers of powers, which SymPy multiplies together
DECIMAL_EXPONENT = 308
BITS = 4096  # of a numerator or a denominator
# An irrational constant stays small: SymPy evaluates it again and again to decide signs, in exponential time.
CONSTANT_NODES = 24
CONSTANT_DEPTH = 6
CONSTANT_POWER = 16
CONSTANT_BITS = 256  # of its binary exponent, and of the numbers in it
ROOTS = 128  # product of the indices of the distinct roots of numbers: bounds the degree of a constant
SPLIT = 4  # the power of what may be complex that SymPy is let split into real and imaginary parts
EVALUATED = 40  # nodes up to which Abs, Max, re, relations are evaluated by SymPy
NAME_LENGTH = 64

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9]*(?:_[A-Za-z0-9]+)*")
_TOKEN = re.compile(
    r"(?P<number>(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)|(?P<name>[A-Za-z_][A-Za-z0-9_]*)"
    r"|(?P<operator>\*\*|<=|>=|==|!=|//|<<|>>|:=|->|[-+*/@<>(),=])"
)
_WORDS = ("and", "or", "not")
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
_METHODS: dict[type[ast.operator], str] = {
    ast.Add: "add",
    ast.Sub: "subtract",
    ast.Mult: "multiply",
    ast.Div: "divide",
    ast.Pow: "power",
    ast.MatMult: "matmul",
}
_RELATIONS: dict[type[ast.cmpop], Any] = {
    ast.Lt: sp.StrictLessThan,
    ast.LtE: sp.LessThan,
    ast.Gt: sp.StrictGreaterThan,
    ast.GtE: sp.GreaterThan,
    ast.Eq: sp.Equality,
    ast.NotEq: sp.Unequality,
}


class FreeNames(NamedTuple):
    """The names of a text in order of appearance: those used as variables, those called as functions."""

    variables: tuple[str, ...]
    functions: tuple[str, ...]


class Algebra(Protocol):
    """What the operators mean. Exact numbers meet each other in the reader and come here through `number`."""

    def number(self, value: sp.Rational, /) -> Any: ...
    def add(self, a: Any, b: Any, /) -> Any: ...
    def subtract(self, a: Any, b: Any, /) -> Any: ...
    def multiply(self, a: Any, b: Any, /) -> Any: ...
    def divide(self, a: Any, b: Any, /) -> Any: ...
    def power(self, a: Any, b: Any, /) -> Any: ...
    def matmul(self, a: Any, b: Any, /) -> Any: ...
    def negate(self, a: Any, /) -> Any: ...


class Scalars:
    """The operators on SymPy scalars; `@` is refused."""

    def number(self, value: sp.Rational) -> Any:
        return value

    def add(self, a: Any, b: Any) -> Any:
        return a + b

    def subtract(self, a: Any, b: Any) -> Any:
        return a - b

    def multiply(self, a: Any, b: Any) -> Any:
        return a * b

    def divide(self, a: Any, b: Any) -> Any:
        return a / b

    def power(self, a: Any, b: Any) -> Any:
        return a**b

    def matmul(self, a: Any, b: Any) -> NoReturn:
        raise SpecError("@ is the linear map; these are scalars, write *")

    def negate(self, a: Any) -> Any:
        return -a


SCALARS = Scalars()


def read(
    text: str,
    names: Mapping[str, Any],
    *,
    functions: Mapping[str, Callable[..., Any]] | None = None,
    algebra: Algebra | None = None,
    condition: bool = False,
    what: str = "formula",
) -> Any:
    """The object that `text` denotes: an expression, or with `condition=True` a SymPy Boolean.

    `names` maps every allowed name to its object; `functions` (default FUNCTIONS) maps function names to
    callables of built objects; `algebra` (default SCALARS) says what the operators mean; `what` names the text in
    messages.

    Raises: SpecError for every fault of the text; an RnnsymError of `algebra` or a function gets the column added.

    >>> w, h = sp.symbols("w h", real=True)
    >>> read("tanh(w*h) + 0.1", {"w": w, "h": h})
    tanh(h*w) + 1/10
    >>> read("0 < w < 1 and h != 0", {"w": w, "h": h}, condition=True)
    (w > 0) & (w < 1) & Ne(h, 0)
    >>> read("1/(2 - 2)", {})
    Traceback (most recent call last):
    rnnsym.result.SpecError: division by zero; the divisor must not vanish (column 2): 1/(2 - 2)
    """
    source = _Source(text, what)
    builder = _Builder(source, names, FUNCTIONS if functions is None else functions, algebra or SCALARS)
    try:
        return builder.condition(source.tree) if condition else builder.lifted(builder.value(source.tree))
    except RecursionError as error:
        raise source.error(f"nested too deeply to build (limit {DEPTH}); name the inner parts", 1) from error


def free_names(text: str, *, what: str = "formula") -> FreeNames:
    """The names in a formula or condition, in order of appearance, for callers that make symbols for them.

    >>> free_names("tanh(w*h) + b*h")
    FreeNames(variables=('w', 'h', 'b'), functions=('tanh',))
    """
    source = _Source(text, what)
    variables: list[str] = []
    called: list[str] = []
    following = [token.text for token in source.tokens[1:]] + [""]
    for token, after in zip(source.tokens, following, strict=True):
        if token.kind == "name" and token.text not in _WORDS:
            (called if after == "(" else variables).append(token.text)
    return FreeNames(tuple(dict.fromkeys(variables)), tuple(dict.fromkeys(called)))


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


# The functions. Where SymPy would expand a large argument or prove things about it, they are kept as written.


def _nodes(values: Iterable[Any]) -> int:
    """The number of tree nodes, counted no further than EVALUATED."""
    count, stack = 0, list(values)
    while stack and count <= EVALUATED:
        count += 1
        stack.extend(getattr(stack.pop(), "args", ()))
    return count


def _careful(function: Any) -> Callable[[Any], Any]:
    # On what is not known to be real, Abs, re and im multiply out: abs(prod(x_i + 1) + i) has 4**n terms.
    def kept(x: Any) -> Any:
        size = _nodes([x])
        small = size <= 3 or (size <= 12 and getattr(x, "is_number", False))
        return function(x, evaluate=small or (size <= EVALUATED and x.is_extended_real is True))

    return kept


def _hyperbolic(function: Any) -> Callable[[Any], Any]:
    # SymPy asks whether tanh(tanh(...)) is real by splitting it into real and imaginary parts: with symbols not
    # declared real, eight levels take seconds, ten take minutes.
    def kept(x: Any) -> Any:
        nested = isinstance(x, sp.Basic) and x.has(HyperbolicFunction)
        value = function(x, evaluate=not nested or all(symbol.is_real for symbol in x.free_symbols))
        for node in value.atoms(HyperbolicFunction) if isinstance(value, sp.Basic) else ():
            _undecided(node)
        return value

    return kept


def _undecided(node: Any) -> None:
    """Tells SymPy that it does not know whether tanh(a) is real, finite ..., where a is large and not known to be.

    It would split a into real and imaginary parts to find out, whichever function meets tanh(a) next: log(tanh((x**8)**45))
    takes minutes, tanh of tanh of ... eight times too.
    """
    a = node.args[0]
    if a.is_extended_real or a.is_number:
        return
    powers = any(p.exp.is_Integer and abs(p.exp) > SPLIT for p in a.atoms(sp.Pow))
    if powers or a.has(HyperbolicFunction) or _nodes([a]) > 3 * SPLIT:
        known = node._assumptions
        if known is node.default_assumptions:
            known = node._assumptions = node.default_assumptions.copy()
        for fact in node._prop_handler:  # every question for which the class has a method of its own
            if fact not in known and fact != "commutative":
                known._tell(fact, None)


def _extremum(function: Any) -> Callable[..., Any]:
    # A nested Max is flattened, and k arguments are compared pairwise: kept as written once it is large.
    return lambda first, *others: function(first, *others, evaluate=_nodes([first, *others]) <= EVALUATED)


FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "exp": lambda x: sp.exp(x),
    "log": lambda x: sp.log(x),
    "ln": lambda x: sp.log(x),
    "sqrt": lambda x: sp.sqrt(x),
    "sin": sp.sin,
    "cos": sp.cos,
    "tan": sp.tan,
    "asin": sp.asin,
    "arcsin": sp.asin,
    "acos": sp.acos,
    "arccos": sp.acos,
    "atan": sp.atan,
    "arctan": sp.atan,
    "sinh": _hyperbolic(sp.sinh),
    "cosh": _hyperbolic(sp.cosh),
    "tanh": _hyperbolic(sp.tanh),
    "asinh": sp.asinh,
    "arsinh": sp.asinh,
    "acosh": sp.acosh,
    "arcosh": sp.acosh,
    "atanh": sp.atanh,
    "artanh": sp.atanh,
    "sech": _hyperbolic(sp.sech),
    "erf": lambda x: sp.erf(x),
    "abs": _careful(sp.Abs),
    "sign": _careful(sp.sign),
    "re": _careful(sp.re),
    "im": _careful(sp.im),
    "conjugate": _careful(sp.conjugate),
    "min": _extremum(sp.Min),
    "max": _extremum(sp.Max),
}


class _Token(NamedTuple):
    kind: str  # number, name, operator
    text: str
    column: int  # 1-based


class _Source:
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

    def _scan(self) -> list[_Token]:
        tokens: list[_Token] = []
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
            token = _Token(str(match.lastgroup), match.group(), column)
            position = match.end()
            if token.kind == "number":
                self._check_number(token, self.text[position : position + 40])
            elif token.kind == "name" and token.text not in _WORDS:
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

    def _check_number(self, token: _Token, rest: str) -> None:
        """What stands right behind a number, and leading zeros."""
        word = re.match(r"[A-Za-z0-9_]*", rest).group()  # type: ignore[union-attr]
        if word.startswith("_"):
            raise self.error("digit separators are not allowed; write the digits without _", token.column)
        if token.text == "0" and re.match(r"[xXoObB]", word):
            raise self.error("hexadecimal, octal and binary numbers are not allowed; write decimals", token.column)
        if word in ("j", "J"):
            raise self.error("complex literals are not allowed; use a name for the imaginary unit", token.column)
        if word in _WORDS:
            raise self.error(f"put a space between {_cut(token.text)} and '{word}'", token.column)
        if word and not keyword.iskeyword(word):
            raise self.error(f"a product needs its sign; write {_cut(token.text)}*{_cut(word)}", token.column)
        if re.match(r"0[0-9]", token.text):
            raise self.error("leading zeros are not allowed; write the number without them", token.column)

    def _check_order(self) -> None:
        """Operands and operators in turn, brackets matched, nesting bounded: nothing is left to Python's parser.

        `frames` holds the column of every open bracket and whether it is a call; `runs`, for every level, the
        number of prefix signs and ** that are open in it (each nests to the right).
        """
        frames: list[tuple[int, bool]] = []
        runs = [0]
        before: _Token | None = None  # the token that ended an operand; None where an operand is expected
        previous: _Token | None = None
        for token in self.tokens:
            sign = token.text
            if sign == "=":
                hint = "keyword arguments are not allowed" if frames and frames[-1][1] else "use Eq or two arguments"
                raise self.error(f"one expression expected, found '='; {hint} (in a condition write ==)", token.column)
            if before is None:
                call_closes = sign == ")" and previous is not None and previous.text == "(" and frames[-1][1]
                if token.kind == "number" or (token.kind == "name" and sign not in _WORDS) or call_closes:
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
            elif token.kind == "operator" or token.kind == "number" or sign not in _WORDS:
                left = "(...)" if before.text == ")" else _cut(before.text)
                right = "(...)" if sign == "(" else _cut(sign)
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


def _cut(text: str) -> str:
    return text if len(text) <= 20 else text[:20] + "..."


def _bits(value: sp.Rational) -> int:
    return max(abs(int(value.p)).bit_length(), int(value.q).bit_length())


def _largest(value: sp.Basic) -> int:
    """The largest numerator or denominator in a value, at least 1."""
    return max((max(abs(int(r.p)), int(r.q)) for r in value.atoms(sp.Rational)), default=1)


def _power_fits(base: sp.Basic, exponent: sp.Basic) -> str:
    """Why base**exponent is too large a number to build, now or after one more operation; '' if it is not."""
    if isinstance(exponent, sp.Rational):
        if abs(exponent) > EXPONENT:
            return f"exponent {_number(exponent)} is over the limit {EXPONENT}"
        if isinstance(exponent, sp.Integer):
            bits = _bits(base) * abs(int(exponent)) if isinstance(base, sp.Rational) and abs(base) != 1 else 0
            return f"the power has about {bits} bits; limit {BITS}" if bits > BITS else ""
    # SymPy may fold numbers of the exponent into the base: 2**(x + k), (2**x)**(k/x), exp(k*x)**(log(2)/x).
    factor = _largest(exponent) * (_largest(base) if exponent.has(sp.log) else 1)
    bits = factor * max((_bits(r) for r in base.atoms(sp.Rational)), default=1)
    if bits > BITS:
        return f"numbers in base and exponent make about {_number(sp.Integer(bits))} bits; limit {BITS}"
    return ""


def _number(value: sp.Rational) -> str:
    return str(value) if _bits(value) <= 64 else f"(a number of {_bits(value)} bits)"


class _Builder:
    """From the tree to the object: the third gate."""

    def __init__(
        self,
        source: _Source,
        names: Mapping[str, Any],
        functions: Mapping[str, Callable[..., Any]],
        algebra: Algebra,
    ) -> None:
        self.source, self.names, self.functions, self.algebra = source, names, functions, algebra
        self.texts = {token.column: token.text for token in source.tokens}
        # Of every node examined so far: its depth as a constant (0 for a Rational, -1 if it has symbols), and
        # the distinct roots of numbers in it.
        self.constant: dict[Any, int] = {}
        self.roots: dict[Any, frozenset[Any]] = {}

    def lifted(self, value: Any) -> Any:
        return self.algebra.number(value) if isinstance(value, sp.Rational) else value

    def value(self, node: ast.expr) -> Any:
        """The object of an expression; exact numbers stay SymPy Rationals until they meet something else."""
        column = node.col_offset
        if isinstance(node, ast.Constant):
            return self._literal(self.texts[column], column)
        if isinstance(node, ast.Name):
            return self._name(node)
        if isinstance(node, ast.Call):
            return self._call(node)
        if isinstance(node, ast.UnaryOp) and not isinstance(node.op, ast.Not):
            operand = self.value(node.operand)
            if isinstance(node.op, ast.UAdd):
                return operand
            if isinstance(operand, sp.Rational):
                return -operand
            return self._applied(self.algebra.negate, (operand,), column)
        if isinstance(node, ast.BinOp):
            chain: list[ast.BinOp] = []
            left: ast.expr = node
            while isinstance(left, ast.BinOp):
                chain.append(left)
                left = left.left
            result = self.value(left)
            for link in reversed(chain):
                right = self.value(link.right)
                result = self._operation(type(link.op), result, right, self.source.operator_column(link))
            return result
        found = "a comparison" if isinstance(node, ast.Compare) else "and, or, not"
        raise self.source.error(f"one expression expected, found {found}; use Eq or two arguments", column)

    def condition(self, node: ast.expr) -> Boolean:
        if isinstance(node, ast.BoolOp):
            parts = [self.condition(part) for part in node.values]
            return self._applied(sp.And if isinstance(node.op, ast.And) else sp.Or, parts, node.col_offset)
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            return self._applied(sp.Not, [self.condition(node.operand)], node.col_offset)
        if isinstance(node, ast.Compare):
            sides = [node.left, *node.comparators]
            values = [self.lifted(self.value(side)) for side in sides]
            for side, value in zip(sides, values, strict=True):
                if not isinstance(value, sp.Expr) or getattr(value, "is_Matrix", False):
                    raise self.source.error("a comparison is between scalars", side.col_offset)
            links: list[Any] = []
            for op, a, b, side in zip(node.ops, values[:-1], values[1:], sides[1:], strict=True):
                relation = _RELATIONS[type(op)]

                def related(x: Any, y: Any, relation: Any = relation) -> Any:
                    built = relation(x, y, evaluate=_nodes([x, y]) <= EVALUATED)
                    # 0 < w is w > 0, as SymPy itself writes it
                    return built.reversed if built.is_Relational and built.lhs.is_Rational else built

                links.append(self._applied(related, (a, b), side.col_offset))
            return links[0] if len(links) == 1 else self._applied(sp.And, links, node.col_offset)
        raise self.source.error("a condition is expected, such as w > 0; this is an expression", node.col_offset)

    def _literal(self, text: str, column: int) -> sp.Rational:
        mantissa, _, exponent = text.lower().partition("e")
        # Compared as text first: int() of many digits is refused by Python itself beyond 4300.
        if len(exponent.lstrip("+-0")) > 4 or abs(int(exponent or 0)) > DECIMAL_EXPONENT:
            raise self.source.error(f"decimal exponent {_cut(exponent)} is over the limit {DECIMAL_EXPONENT}", column)
        whole, _, decimals = mantissa.partition(".")
        value = sp.Rational(int(whole + decimals or 0)) * sp.Integer(10) ** (int(exponent or 0) - len(decimals))
        return self._fitting(value, column)

    def _fitting(self, value: Any, column: int) -> Any:
        if isinstance(value, sp.Rational) and _bits(value) > BITS:
            raise self.source.error(f"a number has {_bits(value)} bits; limit {BITS}", column)
        return value

    def _name(self, node: ast.Name) -> Any:
        if node.id in self.names:
            found = self.names[node.id]
            return sp.Integer(found) if type(found) is int else found
        if node.id in self.functions:
            raise self.source.error(f"{node.id} is a function; write {node.id}(...)", node.col_offset)
        raise self.source.error(_unknown("name", node.id, self.names), node.col_offset)

    def _call(self, node: ast.Call) -> Any:
        column = node.col_offset
        if not isinstance(node.func, ast.Name):
            raise self.source.error("only a named function can be called; write (...)*(...)", column)
        name = node.func.id
        if name not in self.functions:
            if name in self.names:
                raise self.source.error(f"{name} is a name, not a function; write {name}*(...)", column)
            raise self.source.error(_unknown("function", name, self.functions), column)
        least, most = _arity(self.functions[name])
        given = len(node.args)
        if given < least or (most is not None and given > most):
            wanted = f"{least}" if most == least else f"{least} or more" if most is None else f"{least} to {most}"
            plural = "" if wanted == "1" else "s"
            raise self.source.error(f"{name} takes {wanted} argument{plural}, {given} given", column)
        return self._applied(self.functions[name], [self.lifted(self.value(a)) for a in node.args], column)

    def _operation(self, op: type[ast.operator], a: Any, b: Any, column: int) -> Any:
        zero = isinstance(b, sp.Rational) and b == 0
        if op is ast.Div and zero:
            raise self.source.error("division by zero; the divisor must not vanish", column)
        if op is ast.Pow:
            if isinstance(a, sp.Rational) and a == 0 and isinstance(b, sp.Rational) and b < 0:
                raise self.source.error("division by zero; 0 has no negative power", column)
            sized = isinstance(b, sp.Rational) or (isinstance(a, sp.Basic) and isinstance(b, sp.Basic))
            if sized and (fault := _power_fits(a if isinstance(a, sp.Basic) else sp.S.One, b)):
                raise self.source.error(fault, column)
        if isinstance(a, sp.Rational) and isinstance(b, sp.Rational) and op is not ast.MatMult:
            # 2**(1/2) is not a Rational: the algebra's own
            exact = op is not ast.Pow or isinstance(b, sp.Integer)
            if exact:
                return self._fitting(getattr(SCALARS, _METHODS[op])(a, b), column)
        return self._applied(getattr(self.algebra, _METHODS[op]), (self.lifted(a), self.lifted(b)), column)

    def _applied(self, function: Callable[..., Any], arguments: Iterable[Any], column: int) -> Any:
        """function(*arguments), its errors located, its value examined."""
        try:
            value = function(*arguments)
            fault = self._examine(value) if isinstance(value, sp.Basic) else ""
        except RnnsymError as error:
            error.args = (self.source.located(str(error), column), *error.args[1:])
            raise
        except (TypeError, ValueError, ArithmeticError, NotImplementedError) as error:
            raise self.source.error(f"not defined here: {_cut_line(error)}", column) from error
        if fault:
            raise self.source.error(fault, column)
        return value

    def _examine(self, node: Any) -> str:
        """Why a value just built is not admitted; '' if it is. Nodes seen before are not visited again."""
        if node in self.constant:
            return ""
        for arg in node.args:
            if isinstance(arg, sp.Basic) and (fault := self._examine(arg)):
                return fault
        depths = [self.constant.get(arg, -1) for arg in node.args]
        depth = 1 + max(depths) if depths and min(depths) >= 0 else -1
        if isinstance(node, sp.Rational):
            depth = 0
            if _bits(node) > BITS:
                return f"a number has {_bits(node)} bits; limit {BITS}"
        elif node.is_Atom and isinstance(node, sp.Expr):
            depth = 0 if node.is_number else -1
            if node in (sp.zoo, sp.nan, sp.oo, -sp.oo):
                return "division by zero or an infinite value; the formula must be finite"
        roots = frozenset().union(*(self.roots.get(arg, frozenset()) for arg in node.args))
        if isinstance(node, sp.Pow) and node.base is not sp.E:
            if isinstance(node.exp, sp.Integer):
                if abs(node.exp) > DEGREE:
                    return f"exponent {_number(node.exp)} is over the limit {DEGREE}"
            elif node.exp is not sp.S.NegativeOne and (fault := _power_fits(node.base, node.exp)):
                return fault
            if isinstance(node.exp, sp.Rational) and node.exp.q > 1 and self.constant[node.base] >= 0:
                roots |= {node}
        elif isinstance(node, sp.Mul) and any(isinstance(f, sp.log) and self.constant[f] >= 0 for f in node.args):
            # exp(k*log(2)) becomes the number 2**k
            bits = max(_largest(f) for f in node.args if isinstance(f, sp.log)).bit_length()
            if (bits := bits * _largest(node.as_coeff_Mul()[0])) > BITS:
                return f"a multiple of a logarithm makes about {_number(sp.Integer(bits))} bits; limit {BITS}"
        if depth > 0 and isinstance(node, sp.Expr) and (fault := _constant_fits(node, depth)):
            return fault
        index = 1
        for root in roots:
            index *= int(root.exp.q)
        if index > ROOTS:
            return f"roots of numbers with indices of product {index}; limit {ROOTS}; name some of them"
        self.constant[node], self.roots[node] = depth, roots
        return ""


def _constant_fits(constant: sp.Expr, depth: int) -> str:
    """Why an irrational constant is too large to be computed with; '' if it is not."""
    if depth > CONSTANT_DEPTH or _nodes([constant]) > CONSTANT_NODES:
        size = f"(depth {depth}, limit {CONSTANT_DEPTH}; nodes limit {CONSTANT_NODES})"
        return f"an irrational constant is too large {size}; give it a name"
    if constant.is_Pow and isinstance(constant.exp, sp.Rational) and abs(constant.exp) > CONSTANT_POWER:
        return f"exponent {_number(constant.exp)} of an irrational constant is over the limit {CONSTANT_POWER}"
    if (bits := max((_bits(r) for r in constant.atoms(sp.Rational)), default=0)) > CONSTANT_BITS:
        return f"a number in an irrational constant has {bits} bits; limit {CONSTANT_BITS}"
    value = constant.evalf(5)
    if depth > CONSTANT_DEPTH // 2 and value.has(sp.I):
        return f"a complex constant is nested deeper than {CONSTANT_DEPTH // 2}; give it a name"
    parts = value.atoms(sp.Float)
    # _mpf_ is (sign, mantissa, exponent, bits of the mantissa)
    exponent = max((abs(int(p._mpf_[2]) + int(p._mpf_[3])) for p in parts if p != 0), default=0)
    if exponent > CONSTANT_BITS:
        shown = _number(sp.Integer(exponent))
        return f"the binary exponent of a constant, {shown}, is over the limit {CONSTANT_BITS}"
    return ""


def _cut_line(error: Exception) -> str:
    line = " ".join(str(error).split())
    return line if len(line) <= 100 else line[:100] + "..."


def _unknown(kind: str, name: str, known: Iterable[str]) -> str:
    table = sorted(known)
    listed = ", ".join(table[:40]) + (", ..." if len(table) > 40 else "")
    close = get_close_matches(name, table, 1)
    return f"unknown {kind} '{name}'; known: {listed or 'none'}" + (f"; did you mean '{close[0]}'?" if close else "")


def _arity(function: Callable[..., Any]) -> tuple[int, int | None]:
    """The least and the largest number of positional arguments; None: any number."""
    nargs = getattr(function, "nargs", None)
    if isinstance(nargs, sp.FiniteSet):
        return int(min(nargs)), int(max(nargs))
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return 1, 1
    positional = [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    least = sum(p.default is p.empty for p in positional)
    return least, None if any(p.kind is p.VAR_POSITIONAL for p in parameters) else len(positional)
