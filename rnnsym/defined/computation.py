"""Stacks and counters by what they are: a list of bits and its code, a count, and the depth at which rounding destroys a stack.

May import: result, exact, vectors, the rest of `defined`.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import sympy as sp

from rnnsym.defined.numbers import Defined, Numbers, Undefined
from rnnsym.defined.predicates import Predicate
from rnnsym.exact import balls

DEPTH = 400  # of a stack that is simulated


class _OfNumbers(Defined, sp.Expr):
    """A number defined from numbers."""

    is_commutative = True
    is_extended_real = True
    sign = ""

    def _sympystr(self, printer: Any) -> str:
        return f"{type(self).__name__}({', '.join(map(printer._print, self.args))})"

    def _latex(self, printer: Any, exp: Any = None) -> str:
        text = rf"{self.sign}\left({', '.join(map(printer._print, self.args))}\right)"
        return text if exp is None else rf"{text}^{{{exp}}}"


class Bits(Predicate):
    """Each of the symbols is 0 or 1."""

    @property
    def targets(self) -> tuple[Any, ...]:
        return self.args

    def holds(self, numbers: Numbers) -> bool | None:
        return all(bool(v == 0) or bool(v == 1) for v in (numbers._value(a) for a in self.args))

    def sample(self, chance: Any, numbers: Numbers) -> dict[Any, Any] | None:
        return {a: Fraction(chance.index(2)) for a in self.args if a.is_Symbol}

    def _latex(self, printer: Any) -> str:
        return rf"{', '.join(map(printer._print, self.args))} \in \{{0, 1\}}"

    def _sympystr(self, printer: Any) -> str:
        return f"{', '.join(map(printer._print, self.args))} in {{0, 1}}"


class CantorCode(_OfNumbers):
    """The code of a stack of bits, top first: the number 0.d_1 d_2 ... in base 4 with digits d = 2 b + 1; 0 if empty."""

    sign = r"\operatorname{code}"

    def numerical(self, numbers: Numbers) -> Any:
        digits = [2 * self._bit(numbers, a) + 1 for a in self.args]
        text = "".join(map(str, digits))
        return balls.ball(Fraction(int(text, 4), 4 ** len(text)) if text else Fraction(0))

    @staticmethod
    def _bit(numbers: Numbers, symbol: Any) -> int:
        value = numbers._value(symbol)
        if not (value == 0 or value == 1):
            raise Undefined(f"{symbol} is no bit")
        return 1 if value == 1 else 0


class TopBit(CantorCode):
    """The first bit of a stack, top first."""

    sign = r"\operatorname{top}"

    def numerical(self, numbers: Numbers) -> Any:
        if not self.args:
            raise Undefined("an empty stack has no top")
        return balls.ball(self._bit(numbers, self.args[0]))


class HasBits(CantorCode):
    """1 if the stack holds a bit, 0 if it is empty."""

    sign = r"\operatorname{nonempty}"

    def numerical(self, numbers: Numbers) -> Any:
        return balls.ball(1 if self.args else 0)


class StackDepth(_OfNumbers):
    """How many ones a stack in numbers of p binary digits gives back: pushed with rounding to p digits, then popped."""

    is_integer = True
    is_nonnegative = True
    sign = r"\operatorname{depth}"

    def numerical(self, numbers: Numbers) -> Any:
        digits = numbers.size(self.args[0])
        q, exact = Fraction(0), Fraction(0)
        for depth in range(1, DEPTH):
            exact = exact / 4 + Fraction(3, 4)
            q = rounded(q / 4 + Fraction(3, 4), digits)
            if q != exact:
                return balls.ball(depth - 1)
        raise Undefined("the stack is too deep to be simulated")


def rounded(value: Fraction, digits: int) -> Fraction:
    """The nearest number of so many binary digits, ties to even."""
    if value == 0:
        return value
    exponent = 0
    while value >= 1:
        value, exponent = value / 2, exponent + 1
    while value < Fraction(1, 2):
        value, exponent = value * 2, exponent - 1
    return Fraction(round(value * 2**digits), 2**digits) * Fraction(2) ** exponent


class Count(_OfNumbers):
    """A start and what was added to it; args: start, then the increments in order."""

    sign = r"\operatorname{count}"

    def numerical(self, numbers: Numbers) -> Any:
        total = numbers._value(self.args[0])
        for a in self.args[1:]:
            total = total + numbers._value(a)
        return total


class CellSum(_OfNumbers):
    """c_T of the memory cell c -> f c + i g_t, step by step; args: f, i, start, g_1, ..., g_T."""

    sign = r"c_T"

    def numerical(self, numbers: Numbers) -> Any:
        f, i, state, *inputs = (numbers._value(a) for a in self.args)
        for g in inputs:
            state = f * state + i * g
        return state
