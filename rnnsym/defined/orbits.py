"""Orbits of one unit under inputs over a symbolic number of steps, kept unevaluated, and the least of a sequence.

The inputs are a column x of T rows, x[k - 1] at step k. Numerical definitions: the map run, and the values compared.
May import: result, exact, vectors, defined.numbers.
"""

from __future__ import annotations

from functools import reduce
from typing import Any

import sympy as sp

from rnnsym.defined.numbers import Defined, Numbers, Undefined
from rnnsym.exact import straightline


class Driven(Defined, sp.Expr):
    """h_T of h_k = F(h_{k-1}, x_k). args: F, h, x (symbols bound in F), h_0, the column of inputs."""

    is_commutative = True
    is_extended_real = True

    def __new__(cls, F: Any, h: Any, x: Any, start: Any, inputs: Any) -> Any:
        return sp.Expr.__new__(cls, *map(sp.sympify, (F, h, x, start)), inputs)

    @property
    def free_symbols(self) -> set[Any]:
        F, h, x, start, inputs = self.args
        return (F.free_symbols - {h, x}) | start.free_symbols | inputs.free_symbols

    def numerical(self, numbers: Numbers) -> Any:
        F, h, x, start, inputs = self.args
        step = straightline.function((F,), (h, x), numbers._leaf)
        now = numbers._value(start)
        for row in numbers._value(inputs):
            (now,) = step(now, row[0])
        return now

    def _sympystr(self, printer: Any) -> str:
        F, h, x, start, inputs = map(printer._print, self.args)
        return f"Driven({F}, {h}, {x}, {start}, {inputs})"

    def _latex(self, printer: Any, exp: Any = None) -> str:
        text = rf"h_{{{printer._print(self.args[4].shape[0])}}}"
        return text if exp is None else f"{text}^{{{exp}}}"


class Least(Defined, sp.Expr):
    """The least value of an expression for k = low, ..., high. args: expression, k (bound), low, high."""

    is_commutative = True
    is_extended_real = True

    def __new__(cls, expression: Any, k: Any, low: Any, high: Any) -> Any:
        return sp.Expr.__new__(cls, *map(sp.sympify, (expression, k, low, high)))

    @property
    def free_symbols(self) -> set[Any]:
        e, k, low, high = self.args
        return (e.free_symbols - {k}) | low.free_symbols | high.free_symbols

    def numerical(self, numbers: Numbers) -> Any:
        e, k, low, high = self.args
        places = range(numbers.size(low), numbers.size(high) + 1)
        if not places:
            raise Undefined("the least of nothing")
        return reduce(lambda a, b: a.min(b), (numbers._value(e.xreplace({k: sp.Integer(v)})) for v in places))

    def _sympystr(self, printer: Any) -> str:
        e, k, low, high = map(printer._print, self.args)
        return f"min({e}, {k}={low}..{high})"

    def _latex(self, printer: Any, exp: Any = None) -> str:
        e, k, low, high = map(printer._print, self.args)
        text = rf"\min_{{{low} \leq {k} \leq {high}}} {e}"
        return text if exp is None else rf"\left({text}\right)^{{{exp}}}"
