"""The third gate: from the tree to the object, every new node examined. May import: SymPy, `result`, and the rest of this room."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable, Iterable, Mapping
from difflib import get_close_matches
from typing import Any

import sympy as sp
from sympy.logic.boolalg import Boolean

from rnnsym.reader.algebra import SCALARS, Algebra
from rnnsym.reader.sizes import (
    BITS,
    DECIMAL_EXPONENT,
    DEGREE,
    EVALUATED,
    ROOTS,
    bits_of,
    constant_fits,
    count_nodes,
    in_short,
    largest,
    power_fits,
)
from rnnsym.reader.source import Source, cut
from rnnsym.result import RnnsymError

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


class Builder:
    """From the tree to the object: the third gate."""

    def __init__(
        self,
        source: Source,
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
                    built = relation(x, y, evaluate=count_nodes([x, y]) <= EVALUATED)
                    # 0 < w is w > 0, as SymPy itself writes it
                    return built.reversed if built.is_Relational and built.lhs.is_Rational else built

                links.append(self._applied(related, (a, b), side.col_offset))
            return links[0] if len(links) == 1 else self._applied(sp.And, links, node.col_offset)
        raise self.source.error("a condition is expected, such as w > 0; this is an expression", node.col_offset)

    def _literal(self, text: str, column: int) -> sp.Rational:
        mantissa, _, exponent = text.lower().partition("e")
        # Compared as text first: int() of many digits is refused by Python itself beyond 4300.
        if len(exponent.lstrip("+-0")) > 4 or abs(int(exponent or 0)) > DECIMAL_EXPONENT:
            raise self.source.error(f"decimal exponent {cut(exponent)} is over the limit {DECIMAL_EXPONENT}", column)
        whole, _, decimals = mantissa.partition(".")
        value = sp.Rational(int(whole + decimals or 0)) * sp.Integer(10) ** (int(exponent or 0) - len(decimals))
        return self._fitting(value, column)

    def _fitting(self, value: Any, column: int) -> Any:
        if isinstance(value, sp.Rational) and bits_of(value) > BITS:
            raise self.source.error(f"a number has {bits_of(value)} bits; limit {BITS}", column)
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
            if sized and (fault := power_fits(a if isinstance(a, sp.Basic) else sp.S.One, b)):
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
            if bits_of(node) > BITS:
                return f"a number has {bits_of(node)} bits; limit {BITS}"
        elif node.is_Atom and isinstance(node, sp.Expr):
            depth = 0 if node.is_number else -1
            if node in (sp.zoo, sp.nan, sp.oo, -sp.oo):
                return "division by zero or an infinite value; the formula must be finite"
        roots = frozenset().union(*(self.roots.get(arg, frozenset()) for arg in node.args))
        if isinstance(node, sp.Pow) and node.base is not sp.E:
            if isinstance(node.exp, sp.Integer):
                if abs(node.exp) > DEGREE:
                    return f"exponent {in_short(node.exp)} is over the limit {DEGREE}"
            elif node.exp is not sp.S.NegativeOne and (fault := power_fits(node.base, node.exp)):
                return fault
            if isinstance(node.exp, sp.Rational) and node.exp.q > 1 and self.constant[node.base] >= 0:
                roots |= {node}
        elif isinstance(node, sp.Mul) and any(isinstance(f, sp.log) and self.constant[f] >= 0 for f in node.args):
            # exp(k*log(2)) becomes the number 2**k
            bits = max(largest(f) for f in node.args if isinstance(f, sp.log)).bit_length()
            if (bits := bits * largest(node.as_coeff_Mul()[0])) > BITS:
                return f"a multiple of a logarithm makes about {in_short(sp.Integer(bits))} bits; limit {BITS}"
        if depth > 0 and isinstance(node, sp.Expr) and (fault := constant_fits(node, depth)):
            return fault
        index = 1
        for root in roots:
            index *= int(root.exp.q)
        if index > ROOTS:
            return f"roots of numbers with indices of product {index}; limit {ROOTS}; name some of them"
        self.constant[node], self.roots[node] = depth, roots
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
