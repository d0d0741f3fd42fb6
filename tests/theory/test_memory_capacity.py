"""B-MEM: memory of linear networks."""

import pytest
import sympy as sp

from rnnsym.analysis.memory import (
    DELAY,
    cycle_reservoir,
    delay_line,
    fisher_memory,
    memory_capacity,
    mutual_information,
)
from rnnsym.systems import LinearSystem
from rnnsym.verify import claim, verify

a, b, c = sp.symbols("a b c", real=True)
epsilon, alpha = sp.symbols("epsilon alpha", positive=True)
h = sp.Rational(1, 2)


def same(left, right):
    return sp.simplify(left - right) == 0


@pytest.mark.theory("derived")
def test_B_MEM_1_linear_memory_adds_up_to_the_reachable_dimension():
    network = LinearSystem(sp.diag(a, b), [1, 1])
    total = memory_capacity(network)
    assert total.rhs == sp.Piecewise((2, sp.Ne(a - b, 0)), (1, True)) and verify(total, trials=40)
    curve = memory_capacity(network, delay=3)
    assert verify(curve, trials=30)
    for size in (1, 2, 3):
        W = sp.ImmutableMatrix(size, size, lambda i, j: h if j == i else sp.Rational(1, 3) if j == i + 1 else 0)
        v = sp.ImmutableMatrix(size, 1, lambda i, _, n=size: int(i == n - 1))
        assert memory_capacity(LinearSystem(W, v)).rhs == size
        assert verify(memory_capacity(LinearSystem(W, v)), trials=1)


@pytest.mark.theory("derived")
def test_B_MEM_2_the_cycle_reservoir():
    r = sp.Symbol("r", real=True)
    for size in (1, 2, 3, 5):
        total = cycle_reservoir(size, r)
        assert same(total.rhs, size - 1 + r ** (2 * size)) and verify(total, trials=12)
        for delay in (0, 1, size - 1, size, 2 * size + 1):
            curve = cycle_reservoir(size, r, delay=delay)
            assert same(curve.rhs, (1 - r ** (2 * size)) * r ** (2 * size * (delay // size))) and verify(
                curve, trials=8
            )
    assert float(cycle_reservoir(5, sp.Rational(4, 5)).rhs) == pytest.approx(4.1073741824, abs=1e-12)


@pytest.mark.theory("derived")
def test_B_MEM_3_the_fisher_memory_curve():
    normal = LinearSystem(sp.diag(a, b), [c, 1])
    curve = fisher_memory(normal, noise=epsilon, delay=DELAY)
    modes = (c**2 * a ** (2 * DELAY) * (1 - a**2) + b ** (2 * DELAY) * (1 - b**2)) / epsilon
    assert same(curve.rhs.subs({a: 0.3, b: -0.7}), modes.subs({a: 0.3, b: -0.7})) or verify(
        claim(curve.lhs, modes, given=curve.given), trials=30
    )
    assert verify(curve, trials=30)
    total = fisher_memory(normal, noise=epsilon)
    assert same(total.rhs, (c**2 + 1) / epsilon) and verify(total, trials=30)
    rotation = LinearSystem([[h, -h], [h, h]], [sp.Rational(3, 5), sp.Rational(4, 5)])
    assert fisher_memory(rotation, noise=epsilon).rhs == 1 / epsilon
    block = LinearSystem([[a, c], [0, b]], [0, 1])
    whole = fisher_memory(block, noise=epsilon)
    assert verify(whole, trials=30)
    bound = claim(whole.lhs, 2 / epsilon, relation="<=", given=whole.given)
    assert verify(bound, trials=40) and not verify(
        claim(whole.lhs, 1 / epsilon, relation="<=", given=whole.given), trials=60
    )
    for size in (1, 2, 4):
        line = delay_line(size, alpha, noise=epsilon, delay=DELAY)
        assert verify(line, trials=40)
        k = min(2, size - 1)
        formula = alpha**k * (alpha - 1) / (epsilon * (alpha ** (k + 1) - 1))
        assert same(delay_line(size, alpha, noise=epsilon, delay=k).rhs, formula)
        assert same(delay_line(size, 1, noise=epsilon).rhs, sp.harmonic(size) / epsilon)
        whole = delay_line(size, alpha, noise=epsilon)
        assert verify(whole, trials=20)
        assert sp.limit(whole.rhs / (size * (alpha - 1) / (alpha * epsilon)), alpha, sp.oo) == 1
        assert sp.limit(whole.rhs, alpha, sp.oo) == size / epsilon


@pytest.mark.theory("derived")
def test_B_MEM_4_memory_of_a_noisy_delay_line():
    for k in range(3):
        result = delay_line(3, alpha, noise=epsilon, delay=k, reconstruct=True)
        J = delay_line(3, alpha, noise=epsilon, delay=k).rhs
        formula = alpha**k / (alpha**k + epsilon * (1 - alpha ** (k + 1)) / (1 - alpha))
        assert same(result.rhs, J / (1 + J)) and same(result.rhs, formula) and verify(result, trials=30)
    values = [
        delay_line(3, sp.Rational(9, 10), noise=sp.Rational(3, 10), delay=k, reconstruct=True).rhs for k in range(3)
    ]
    assert [round(float(v), 6) for v in values] == [0.769231, 0.612245, 0.499076]


@pytest.mark.theory("derived")
def test_B_MEM_5_information_of_a_mode_about_its_past():
    result = mutual_information()
    p, k = result.lhs.args
    assert result.rhs == -sp.log(1 - p ** (2 * k)) / 2 and verify(result, trials=60)
    assert float(mutual_information(sp.Rational(4, 5), 3).rhs) == pytest.approx(0.152003, abs=1e-6)
