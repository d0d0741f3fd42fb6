"""Exact computation by recurrent units: a stack in one number, counters of one and two units.

    stack_push, stack_pop, stack_top, stack_nonempty    a stack of bits as a number of the Cantor-4 set, by saturated-linear units
    stack_depth        how deep it is in numbers of p binary digits
    relu_counter       one ReLU unit counts down to 0, two count over all whole numbers
    lstm_counter       how far a memory cell with gates that are not quite 0 or 1 is from a counter
A stack (b_1, b_2, ...), top first, is q = sum (2 b_i + 1)/4^i: the digits 1 and 3 in base 4, so that no code has the digit 0
or 2 and sat(4 q - 2), sat(4 q), sat(v) = min(1, max(0, v)), read the top and whether there is one without error. Two stacks are
a tape. The formulas hold on the codes only, not between them. Parity is a recurrence with a negative eigenvalue,
h_t = (1 - 2 x_t) h_{t-1} (B-SSM-8). May import: everything to the left of `analysis`.
"""

from __future__ import annotations

from typing import Any

import sympy as sp

from rnnsym.activations.functions import relu
from rnnsym.cells.record import whole
from rnnsym.defined.computation import Bits, CantorCode, CellSum, Count, HasBits, StackDepth, TopBit
from rnnsym.result import Result, Source

SIEGELMANN = Source("siegelmann1995", "Siegelmann, H. T. and Sontag, E. D.", "On the computational power of neural nets", 1995, doi="10.1006/jcss.1995.1013")  # fmt: skip
WEISS = Source("weiss2018", "Weiss, G. and Goldberg, Y. and Yahav, E.", "On the practical computational power of finite precision RNNs for language recognition", 2018, arxiv="1805.04908")  # fmt: skip

q = sp.Symbol("q", real=True)
new = sp.Symbol("b", real=True)


def saturated(value: Any) -> Any:
    """min(1, max(0, v))."""
    return sp.Min(1, sp.Max(0, value))


def _stack(depth: int) -> tuple[tuple[Any, ...], Any]:
    """Bits of a stack, top first, and its code as a sum."""
    bits = tuple(sp.Symbol(f"b_{k + 1}", real=True) for k in range(depth))
    return bits, sp.Add(*((2 * v + 1) / sp.Integer(4) ** (k + 1) for k, v in enumerate(bits)))


def stack_push(depth: int = 3) -> Result:
    """code(b, b_1, ..., b_k) = q/4 + (2 b + 1)/4 with q = code(b_1, ..., b_k), k >= 0.

    Given:  b and all b_i are 0 or 1.
    Source: siegelmann1995.

    >>> stack_push(2).rhs
    b/2 + q/4 + 1/4
    """
    bits, code = _stack(whole(depth, "depth", least=0))
    lhs = CantorCode(new, *bits)
    return Result(f"push onto {depth} bits", lhs, "=", q / 4 + (2 * new + 1) / 4, Bits(new, *bits), ((q, code),), source=(SIEGELMANN,))  # fmt: skip


def stack_top(depth: int = 3) -> Result:
    """top(b_1, ..., b_k) = sat(4 q - 2) with q = code(b_1, ..., b_k), k >= 1: 4 q - 2 < 0 if b_1 = 0, >= 1 if b_1 = 1.

    Given:  all b_i are 0 or 1. Of an empty stack the formula gives 0.

    >>> stack_top(2).rhs
    Min(1, Max(0, 4*q - 2))
    """
    bits, code = _stack(whole(depth, "depth"))
    return Result(f"top of {depth} bits", TopBit(*bits), "=", saturated(4 * q - 2), Bits(*bits), ((q, code),), source=(SIEGELMANN,))  # fmt: skip


def stack_pop(depth: int = 3) -> Result:
    """code(b_2, ..., b_k) = 4 q - 2 sat(4 q - 2) - 1 with q = code(b_1, ..., b_k), k >= 1.

    Given:  all b_i are 0 or 1. Of an empty stack, q = 0, the formula gives -1, which is no code: ask stack_nonempty first.
    """
    bits, code = _stack(whole(depth, "depth"))
    rhs = 4 * q - 2 * saturated(4 * q - 2) - 1
    return Result(f"pop of {depth} bits", CantorCode(*bits[1:]), "=", rhs, Bits(*bits), ((q, code),), source=(SIEGELMANN,))  # fmt: skip


def stack_nonempty(depth: int = 3) -> Result:
    """nonempty(b_1, ..., b_k) = sat(4 q): codes that are not 0 are at least 1/4.

    Given:  all b_i are 0 or 1; k >= 0.
    """
    bits, code = _stack(whole(depth, "depth", least=0))
    given = Bits(*bits) if bits else sp.true
    return Result(f"whether {depth} bits are any", HasBits(*bits), "=", saturated(4 * q), given, ((q, code),), source=(SIEGELMANN,))  # fmt: skip


def stack_depth() -> Result:
    """depth(p) = floor(p/2): in numbers of p binary digits a stack holds that many bits, whatever they are.

    A code of k bits ends with the digit 1 at place 2 k, and starts at place 1 (top 1) or 2. So 26 bits in double precision: an
    unbounded stack needs unbounded precision, and Turing completeness with it.

    >>> stack_depth().rhs.subs(sp.Symbol("p", integer=True, positive=True), 53)
    26
    """
    p = sp.Symbol("p", integer=True, positive=True)
    return Result("depth of a stack in p binary digits", StackDepth(p), "=", sp.floor(p / 2), source=(SIEGELMANN,))


# Counters


def relu_counter(steps: int = 3, *, units: int = 1) -> Result:
    """h_t = ReLU(h_{t-1} + x_t) counts while the count stays >= 0; two units, ReLU(+-(u - v + x_t)), count all numbers as u - v.

    units:  1 or 2. One unit stops at 0 (Lindley's recursion, see lindley) and forgets how far below it would be.
    Given:  for one unit all partial counts h + x_1 + ... + x_t are >= 0.
    Source: weiss2018.

    >>> relu_counter(1, units=2).rhs
    u_1 - v_1
    """
    T, width = whole(steps, "steps"), whole(units, "units")
    inputs = [sp.Symbol(f"x_{t}", real=True) for t in range(1, T + 1)]
    where: list[tuple[Any, Any]] = []
    if width == 1:
        start = state = sp.Symbol("h", real=True)
        partial = [start + sum(inputs[:t]) for t in range(1, T + 1)]
        for t, x in enumerate(inputs, 1):
            where.append((sp.Symbol(f"h_{t}", real=True), relu(state + x)))
            state = where[-1][0]
        given = sp.And(*(sp.Ge(c, 0) for c in partial))
        return Result("counter of one ReLU unit", Count(start, *inputs), "=", state, given, tuple(where), source=(WEISS,))  # fmt: skip
    up, down = sp.symbols("u v", real=True)
    lhs = Count(up - down, *inputs)
    for t, x in enumerate(inputs, 1):
        pair = sp.symbols(f"u_{t} v_{t}", real=True)
        where += [(pair[0], relu(up - down + x)), (pair[1], relu(down - up - x))]
        up, down = pair
    return Result("counter of two ReLU units", lhs, "=", up - down, sp.true, tuple(where), source=(WEISS,))


def lstm_counter(steps: int = 3) -> Result:
    """|c_T - n_T| <= T (1 - i g) + (1 - f) T (T - 1)/2, n_T = x_1 + ... + x_T: a memory cell c -> f c + i g x_t, x_t = +-1, from 0.

    It counts exactly only with gates f = i = 1 and candidate g = 1: out of reach of sigmoid and tanh at finite weights, though
    double precision rounds sigmoid(37) to 1. A GRU cannot: its state stays in [-1, 1].
    Given:  0 <= f <= 1, 0 <= i g <= 1, |x_t| <= 1. In `i` stands the product i g.
    Source: weiss2018; the bound is ours.
    """
    T = whole(steps, "steps")
    f, i = sp.symbols("f i", nonnegative=True)
    inputs = [sp.Symbol(f"x_{t}", real=True) for t in range(1, T + 1)]
    given = sp.And(sp.Le(f, 1), sp.Le(i, 1), *(sp.Le(sp.Abs(x), 1) for x in inputs))
    gap = sp.Abs(CellSum(f, i, sp.S.Zero, *inputs) - Count(sp.S.Zero, *inputs))
    rhs = T * (1 - i) + (1 - f) * sp.Rational(T * (T - 1), 2)
    return Result("counter of a memory cell", gap, "<=", rhs, given, source=(WEISS,))
