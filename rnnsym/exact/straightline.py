"""Expressions as functions of a few symbols in balls: compiled once to straight-line code, for searches and iterations.

`balls.scalar` walks the tree at every call; a search for roots calls one map some thousand times. Here the tree is walked
once: parts without the variables become constants (by `balls.scalar`, at the precision of the moment), the rest lines of
Python, one operation each, shared parts once. The values are those of `balls.scalar`, operation by operation.

May import: `balls`, SymPy, python-flint.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import sympy as sp

from rnnsym.exact import balls


def function(expressions: Any, variables: tuple[Any, ...], value: Callable[[Any], Any]) -> Callable[..., Any]:
    """The function (variables) -> list of values of the expressions; `value` gives balls for the other symbols.

    >>> x, a = sp.symbols("x a")
    >>> f = function((sp.exp(x) - a, x**2), (x,), lambda s: balls.ball(1))
    >>> [balls.to_float(v) for v in f(balls.ball(0))]
    [0.0, 0.0]
    """
    make, constants, others = _program(tuple(expressions), tuple(variables))
    known = [balls.scalar(e, value) for e in constants]
    later = [_interpreted(e, variables, value) for e in others]
    made: Callable[..., Any] = make(known, later)
    return made


def _interpreted(e: Any, variables: tuple[Any, ...], value: Callable[[Any], Any]) -> Callable[..., Any]:
    """A node that has no straight-line form (cases, signs): walked at every call."""

    def at(*point: Any) -> Any:
        table = dict(zip(variables, point, strict=True))
        return balls.scalar(e, lambda s: table[s] if s in table else value(s))

    return at


@lru_cache(maxsize=2048)
def _program(expressions: tuple[Any, ...], variables: tuple[Any, ...]) -> tuple[Any, tuple[Any, ...], tuple[Any, ...]]:
    """(maker of the function, the expressions of its constants, the nodes that are interpreted)."""
    moving = set(variables)
    arguments = ", ".join(f"x{k}" for k in range(len(variables)))
    names: dict[Any, str] = {v: f"x{k}" for k, v in enumerate(variables)}
    constants: dict[Any, str] = {}
    others: list[Any] = []
    lines: list[str] = []

    def line(e: Any, text: str) -> str:
        names[e] = f"t{len(lines)}"
        lines.append(f"{names[e]} = {text}")
        return names[e]

    def power(base: str, count: int) -> str:
        """base**count by squaring: arb's own 0**2 is nan for the ball [-r, r] in python-flint 0.9."""
        result = ""
        while count:
            if count & 1:
                result = f"{result} * {base}" if result else base
            count >>= 1
            if count:
                lines.append(f"s{len(lines)} = {base} * {base}")
                base = f"s{len(lines) - 1}"
        return result

    def visit(e: Any) -> str:
        if e in names:
            return names[e]
        if not e.free_symbols & moving:
            return constants.setdefault(e, f"c{len(constants)}")
        if e.is_Add or e.is_Mul:
            fixed = [a for a in e.args if not a.free_symbols & moving]
            parts = [visit(a) for a in e.args if a.free_symbols & moving]
            if fixed:
                parts.append(visit(e.func(*fixed) if len(fixed) > 1 else fixed[0]))
            return line(e, (" + " if e.is_Add else " * ").join(parts))
        if e.is_Pow:
            if e.exp.is_Integer:
                text = power(visit(e.base), abs(int(e.exp)))
                return line(e, text if e.exp.is_positive else f"1 / ({text})")
            others.append(e)  # roots take care of zeros with rounding, and of negative numbers
            return line(e, f"other{len(others) - 1}({arguments})")
        name = type(e).__name__
        if name in balls.FUNCTIONS and len(e.args) == 1:
            return line(e, f"{visit(e.args[0])}.{balls.FUNCTIONS[name]}()")
        if name == "Abs":
            return line(e, f"abs({visit(e.args[0])})")
        if name in ("Max", "Min"):
            first, *rest = map(visit, e.args)
            return line(e, first + "".join(f".{name.lower()}({r})" for r in rest))
        if hasattr(e, "elementary") and not isinstance(e, sp.Piecewise):
            names[e] = visit(e.elementary())
            return names[e]
        others.append(e)
        return line(e, f"other{len(others) - 1}({arguments})")

    results = [visit(sp.S(e)) for e in expressions]
    unpack = "".join(f"    {n} = known[{k}]\n" for k, n in enumerate(constants.values()))
    unpack += "".join(f"    other{k} = later[{k}]\n" for k in range(len(others)))
    body = "".join(f"        {text}\n" for text in lines)
    source = (
        f"def make(known, later):\n{unpack}"
        f"    def at({arguments}):\n{body}        return [{', '.join(results)}]\n    return at\n"
    )
    scope: dict[str, Any] = {}
    exec(source, scope)  # the text is made of names and operators of our own only
    return scope["make"], tuple(constants), tuple(others)
