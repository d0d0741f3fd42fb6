"""How large numbers and constants may be, predicted before SymPy computes them. May import: SymPy."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import sympy as sp

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


def count_nodes(values: Iterable[Any]) -> int:
    """The number of tree nodes, counted no further than EVALUATED."""
    count, stack = 0, list(values)
    while stack and count <= EVALUATED:
        count += 1
        stack.extend(getattr(stack.pop(), "args", ()))
    return count


def bits_of(value: sp.Rational) -> int:
    return max(abs(int(value.p)).bit_length(), int(value.q).bit_length())


def largest(value: sp.Basic) -> int:
    """The largest numerator or denominator in a value, at least 1."""
    return max((max(abs(int(r.p)), int(r.q)) for r in value.atoms(sp.Rational)), default=1)


def power_fits(base: sp.Basic, exponent: sp.Basic) -> str:
    """Why base**exponent is too large a number to build, now or after one more operation; '' if it is not."""
    if isinstance(exponent, sp.Rational):
        if abs(exponent) > EXPONENT:
            return f"exponent {in_short(exponent)} is over the limit {EXPONENT}"
        if isinstance(exponent, sp.Integer):
            bits = bits_of(base) * abs(int(exponent)) if isinstance(base, sp.Rational) and abs(base) != 1 else 0
            return f"the power has about {bits} bits; limit {BITS}" if bits > BITS else ""
    # SymPy may fold numbers of the exponent into the base: 2**(x + k), (2**x)**(k/x), exp(k*x)**(log(2)/x).
    factor = largest(exponent) * (largest(base) if exponent.has(sp.log) else 1)
    bits = factor * max((bits_of(r) for r in base.atoms(sp.Rational)), default=1)
    if bits > BITS:
        return f"numbers in base and exponent make about {in_short(sp.Integer(bits))} bits; limit {BITS}"
    return ""


def in_short(value: sp.Rational) -> str:
    return str(value) if bits_of(value) <= 64 else f"(a number of {bits_of(value)} bits)"


def constant_fits(constant: sp.Expr, depth: int) -> str:
    """Why an irrational constant is too large to be computed with; '' if it is not."""
    if depth > CONSTANT_DEPTH or count_nodes([constant]) > CONSTANT_NODES:
        size = f"(depth {depth}, limit {CONSTANT_DEPTH}; nodes limit {CONSTANT_NODES})"
        return f"an irrational constant is too large {size}; give it a name"
    if constant.is_Pow and isinstance(constant.exp, sp.Rational) and abs(constant.exp) > CONSTANT_POWER:
        return f"exponent {in_short(constant.exp)} of an irrational constant is over the limit {CONSTANT_POWER}"
    if (bits := max((bits_of(r) for r in constant.atoms(sp.Rational)), default=0)) > CONSTANT_BITS:
        return f"a number in an irrational constant has {bits} bits; limit {CONSTANT_BITS}"
    value = constant.evalf(5)
    if depth > CONSTANT_DEPTH // 2 and value.has(sp.I):
        return f"a complex constant is nested deeper than {CONSTANT_DEPTH // 2}; give it a name"
    parts = value.atoms(sp.Float)
    # _mpf_ is (sign, mantissa, exponent, bits of the mantissa)
    exponent = max((abs(int(p._mpf_[2]) + int(p._mpf_[3])) for p in parts if p != 0), default=0)
    if exponent > CONSTANT_BITS:
        shown = in_short(sp.Integer(exponent))
        return f"the binary exponent of a constant, {shown}, is over the limit {CONSTANT_BITS}"
    return ""
