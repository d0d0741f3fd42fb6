"""A-ACT-1 and A-ACT-4: the table of activations, and the recurrences that are solved exactly."""

import pytest
import sympy as sp

from rnnsym.activations import TABLE, activation
from rnnsym.activations.constants import SILU_KAPPA
from rnnsym.activations.record import X
from rnnsym.analysis.jacobian import jacobian
from rnnsym.cells import elman
from rnnsym.exact import balls
from rnnsym.verify import claim, verify


@pytest.mark.theory("derived")
def test_A_ACT_1_ranges_parity_and_slopes():
    printed = {
        "tanh": 1, "relu": 1, "sigmoid": "0.25", "softplus": 1, "erf": "1.12837916709551", "softsign": 1, "arctan": 1,
        "hard_tanh": 1, "elu": 1, "selu": "1.75809934", "gelu": "1.12890414518516", "silu": "1.09983932012887", "mish": "1.08849816",
    }  # fmt: skip
    for name, value in printed.items():
        digits = len(str(value).partition(".")[2])
        assert abs(sp.N(TABLE[name].lipschitz, 30) - sp.Float(str(value), 30)) <= sp.Rational(6, 10 ** (digits + 1))
    assert activation("elu", alpha=3).lipschitz == 3 and activation("elu", alpha="1/3").lipschitz == 1
    gelu = TABLE["gelu"]
    assert sp.expand(gelu.derivative(sp.sqrt(2)).replace(lambda f: type(f).__name__ == "normal_cdf", lambda f: f.elementary()) - gelu.lipschitz) == 0  # fmt: skip
    x = 2 * SILU_KAPPA  # x tanh(x/2) = 2
    assert (
        abs((x * sp.tanh(x / 2)).evalf(50) - 2) < 1e-48 and sp.expand(TABLE["silu"].lipschitz - sp.S.Half - x / 4) == 0
    )
    assert TABLE["tanh"].range == sp.Interval.open(-1, 1) and TABLE["relu"].range == sp.Interval(0, sp.oo)
    assert {n for n, a in TABLE.items() if a.odd} == {
        "tanh", "identity", "erf", "erf_scaled", "softsign", "arctan", "hard_tanh", "algebraic"
    }  # fmt: skip
    for name in ("tanh", "relu", "hard_tanh", "softsign"):
        assert TABLE[name].sector and TABLE[name].slope_restricted
    for name in ("gelu", "silu", "mish"):  # x times a number in (0, 1): in the sector, though not slope-restricted
        assert TABLE[name].sector and not TABLE[name].slope_restricted and not TABLE[name].monotone
    for name in printed:
        assert verify(jacobian(elman(name)), trials=16)


def test_an_odd_activation_makes_an_odd_recurrence():
    for name, known in TABLE.items():
        h, x, b = sp.symbols("h x_t b", real=True)
        step = known.phi(h / 2 + x + b)
        mirrored = claim(step.subs({h: -h, x: -x, b: -b}, simultaneous=True), -step)
        assert bool(verify(mirrored, trials=24)) == known.odd, name


def test_exactly_solvable_recurrences():
    w, h0, t = sp.Rational(17, 10), sp.Rational(3, 10), 12
    growth = (1 - w**-t) / (1 - 1 / w)
    softsign = 1 / (w**-t / h0 + growth)
    growth2 = (1 - w ** (-2 * t)) / (1 - w**-2)
    algebraic = 1 / sp.sqrt(w ** (-2 * t) / h0**2 + growth2)
    for name, closed, value in (
        ("softsign", softsign, "0.4115015773928642"), ("algebraic", algebraic, "0.8086823641635154"),
    ):  # fmt: skip
        h = h0
        with balls.precision(60):
            state = balls.ball(h)
            for _ in range(t):
                inner = balls.ball(w) * state
                state = balls.scalar(TABLE[name].phi(X), lambda s, inner=inner: inner)
            assert abs(state - balls.ball(closed)) < 1e-50
            assert abs(float(state) - float(value)) < 2e-16
    for name, rest in (("softsign", 1 - 1 / w), ("algebraic", sp.sqrt(1 - w**-2))):
        assert sp.expand(TABLE[name].phi(w * rest) - rest).equals(0)
