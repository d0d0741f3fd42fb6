"""Memory of linear networks: against regression on summed covariances."""

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
from rnnsym.result import NoClosedForm, RnnsymError, SpecError
from rnnsym.systems import LinearSystem
from rnnsym.verify import verify

from .filters import halved, unconditional, wrong

a, b, c = sp.symbols("a b c", real=True)
h = sp.Rational(1, 2)
PAIR = LinearSystem(sp.diag(a, b), [1, 1])
BLOCK = LinearSystem([[a, c], [0, b]], [0, 1])
ROTATION = LinearSystem([[h, -h], [h, h]], [0, 1])

RESULTS = {
    "one": lambda: memory_capacity(LinearSystem(a, b)),
    "pair": lambda: memory_capacity(PAIR),
    "block": lambda: memory_capacity(BLOCK),
    "rotation": lambda: memory_capacity(ROTATION),
    "pair, delay": lambda: memory_capacity(PAIR, delay=1),
    "block, delay": lambda: memory_capacity(BLOCK, delay=DELAY),
    "noise": lambda: memory_capacity(PAIR, delay=2, noise=sp.Symbol("epsilon", positive=True)),
    "cycle": lambda: cycle_reservoir(3),
    "cycle of one": lambda: cycle_reservoir(1, delay=DELAY),
    "cycle, delay": lambda: cycle_reservoir(4, delay=DELAY),
    "fisher": lambda: fisher_memory(BLOCK),
    "fisher, delay": lambda: fisher_memory(BLOCK, delay=DELAY),
    "fisher, normal": lambda: fisher_memory(ROTATION),
    "fisher, normal, delay": lambda: fisher_memory(PAIR, delay=DELAY),
    "delay line": lambda: delay_line(3),
    "delay line, delay": lambda: delay_line(3, delay=DELAY),
    "delay line, short": lambda: delay_line(2, delay=1),
    "reconstruction": lambda: delay_line(3, delay=DELAY, reconstruct=True),
    "reconstruction, short": lambda: delay_line(3, delay=2, reconstruct=True),
    "information": mutual_information,
}


@pytest.mark.parametrize("name", RESULTS)
def test_every_answer_agrees_with_its_definition(name):
    result = RESULTS[name]()
    check = verify(result, trials=24)
    assert check and check.trials >= 8, check
    assert not verify(wrong(result), trials=24)
    assert not verify(halved(result), trials=24)


@pytest.mark.parametrize("name", ["pair, delay", "block, delay", "cycle", "cycle, delay", "fisher", "information"])
def test_a_lost_hypothesis_is_refused(name):
    assert not verify(unconditional(RESULTS[name]()), trials=200)


def test_capacity_is_the_dimension_that_the_input_reaches():
    assert memory_capacity(PAIR).rhs == sp.Piecewise((2, sp.Ne(a - b, 0)), (1, True))
    assert memory_capacity(LinearSystem(sp.diag(h, h), [1, 1])).rhs == 1
    with pytest.raises(NoClosedForm, match="not reachable"):
        memory_capacity(LinearSystem(sp.diag(h, h), [1, 1]), delay=1)


def test_the_curve_adds_up_to_the_capacity():
    system = LinearSystem([[h, 1], [0, sp.Rational(1, 3)]], [1, 1])
    total = sum(memory_capacity(system, delay=k).rhs for k in range(40))
    assert abs(float(total) - 2) < 1e-9


@pytest.mark.parametrize("size", [2, 3, 5])
def test_cycles_of_every_size_hold_at_each_delay(size):
    for delay in range(2 * size + 1):
        assert verify(cycle_reservoir(size, sp.Rational(4, 5), delay=delay), trials=1)


def test_wrong_questions_are_refused():
    with pytest.raises(SpecError, match="one input"):
        memory_capacity(LinearSystem(sp.eye(2) / 2, sp.eye(2)))
    with pytest.raises(RnnsymError, match="rho"):
        memory_capacity(LinearSystem(2, 1))
    with pytest.raises(SpecError, match=">= 1"):
        cycle_reservoir(0)
    with pytest.raises(SpecError, match="0 < |r| < 1"):
        cycle_reservoir(3, 1)
    with pytest.raises(SpecError, match="> 0"):
        fisher_memory(PAIR, noise=0)
    with pytest.raises(SpecError, match="delay"):
        memory_capacity(PAIR, delay=-1)
    with pytest.raises(SpecError, match="> 0"):
        delay_line(3, -1)
    with pytest.raises(SpecError, match="stationary"):
        mutual_information(2, 1)
