"""B-CMP: a stack in one number, counters."""

import random
from dataclasses import replace

import pytest
import sympy as sp

from rnnsym.analysis.computation import (
    lstm_counter,
    q,
    relu_counter,
    saturated,
    stack_depth,
    stack_nonempty,
    stack_pop,
    stack_push,
    stack_top,
)
from rnnsym.verify import verify


@pytest.mark.theory("derived")
def test_B_CMP_1_a_stack_in_one_saturated_linear_unit():
    for maker, depths in ((stack_push, (0, 3)), (stack_top, (1, 4)), (stack_pop, (1, 4)), (stack_nonempty, (0, 3))):
        for depth in depths:
            assert verify(maker(depth), trials=12).verdict == "agrees", (maker, depth)
    # wrong digits, a wrong threshold, no saturation; and the codes only: a bit of 1/2 is not covered
    b = sp.Symbol("b", real=True)
    assert not verify(replace(stack_push(2), rhs=q / 4 + (b + 1) / 4), trials=20)
    assert not verify(replace(stack_top(3), rhs=saturated(4 * q - 1)), trials=20)
    assert not verify(replace(stack_pop(3), rhs=4 * q - 2 * saturated(2 * q - 1) - 1), trials=20)
    assert not verify(replace(stack_nonempty(3), rhs=saturated(q)), trials=20)
    # 300 random operations in exact rationals against a list
    rules = {"push": stack_push(1), "top": stack_top(1), "pop": stack_pop(1), "any": stack_nonempty(1)}

    def applied(name, code, bit=0):
        return rules[name].rhs.subs({q: code, b: bit})

    chance, bits, code, deepest = random.Random(3), [], sp.S.Zero, 0
    for _ in range(300):
        if bits and chance.random() < 0.45:
            assert applied("top", code) == bits[-1]
            bits.pop()
            code = applied("pop", code)
        else:
            bits.append(chance.randrange(2))
            code = applied("push", code, bits[-1])
        assert applied("any", code) == (1 if bits else 0)
        assert code == sum(sp.Rational(2 * v + 1, 4 ** (k + 1)) for k, v in enumerate(reversed(bits)))
        deepest = max(deepest, len(bits))
    assert deepest > 12
    # precision: 2 binary digits for each bit
    assert verify(stack_depth(), trials=10) and not verify(replace(stack_depth(), rhs=stack_depth().rhs + 1), trials=10)
    p = sp.Symbol("p", integer=True, positive=True)
    depth = int(stack_depth().rhs.subs(p, 53))

    def survives(count):
        code = 0.0
        for _ in range(count):
            code = code / 4 + 0.75
        for _ in range(count):
            code = 4 * code - 2 * min(1.0, max(0.0, 4 * code - 2)) - 1
        return code == 0.0

    assert depth == 26 and survives(depth) and not survives(depth + 1)


@pytest.mark.theory("derived")
def test_B_CMP_2_counters():
    for result in (relu_counter(3), relu_counter(4, units=2)):
        assert verify(result, trials=25).verdict == "agrees"
    # one unit stops at 0: below it, it no longer counts
    assert not verify(replace(relu_counter(3), given=sp.true), trials=30)
    two = relu_counter(2, units=2)
    assert not verify(replace(two, rhs=two.rhs + 1), trials=10)
    # a memory cell whose gates are not quite 1 is off by at most T (1 - i) + (1 - f) T (T - 1)/2, reached by x = 1, ..., 1 to first order
    bound = lstm_counter(4)
    assert verify(bound, trials=40) and not verify(replace(bound, rhs=bound.rhs / 2), trials=200)
    f, i = sp.symbols("f i", nonnegative=True)
    assert bound.rhs.subs({f: 1, i: 1}) == 0
    off = 4 - sum(f**k for k in range(4))
    assert sp.diff(off, f).subs(f, 1) == sp.diff(bound.rhs, f)
