"""B-SSM-4 to B-SSM-9: structured state spaces, attention as a recurrence, parity, the weakly nonlinear response."""

from dataclasses import replace
from fractions import Fraction
from itertools import product

import flint
import numpy as np
import pytest
import sympy as sp

from rnnsym.analysis.attention import (
    GATES,
    delta_eigenvalues,
    delta_eigenvector,
    delta_nonexpansive,
    delta_reflection,
    forgetting_rate,
    gate_product,
    gated_state,
    linear_attention,
    scan_associativity,
    scan_composition,
    scan_operator,
    slow_gates,
)
from rnnsym.analysis.parity import constant_drive, parity, readout_changes, rounding_settles
from rnnsym.analysis.statespace import (
    hippo,
    hippo_eigenvalues,
    hippo_matrix,
    hippo_normal,
    lmu,
    lmu_delay,
    lmu_error,
    lmu_series,
    running_mean,
    s4d,
    s4d_eigenvalues,
    s4d_kernel,
)
from rnnsym.analysis.transfer import transfer_function
from rnnsym.analysis.volterra import harmonic_response
from rnnsym.cells import elman
from rnnsym.defined import MarkovParameters, Numbers
from rnnsym.defined.recurrences import ParityState
from rnnsym.exact import is_zero
from rnnsym.systems import discretize
from rnnsym.verify import verify

w, u = sp.symbols("w u", real=True)


@pytest.mark.theory("derived")
def test_B_SSM_4_hippo_legs():
    system = hippo(5)
    for n, k in product(range(5), repeat=2):
        expected = -sp.sqrt((2 * n + 1) * (2 * k + 1)) if n > k else -(n + 1) if n == k else 0
        assert is_zero(system.A[n, k] - expected)
    assert list(system.B) == [sp.sqrt(2 * n + 1) for n in range(5)]
    for result in (hippo_matrix(), hippo_eigenvalues(5), hippo_normal(), hippo_normal(5), running_mean()):
        assert verify(result, trials=30), result.name
    assert [value for value, _ in hippo_eigenvalues(5).rhs] == [-1, -2, -3, -4, -5]
    p = sp.Matrix([sp.sqrt(n + sp.S.Half) for n in range(5)])
    S = system.A + p * p.T + sp.eye(5) / 2
    assert all(is_zero(e) for e in S + S.T)
    assert verify(hippo_eigenvalues(1), trials=1) and verify(hippo_normal(1), trials=1)


@pytest.mark.theory("derived")
def test_B_SSM_5_s4d_initializations():
    for kind in ("lin", "inv"):
        N = 6
        values = [v for v, _ in s4d_eigenvalues(N, kind).rhs]
        for n in range(N // 2):
            omega = sp.pi * n if kind == "lin" else N / sp.pi * (sp.Rational(N, 2 * n + 1) - 1)
            assert sp.expand(-sp.S.Half + sp.I * omega) in map(sp.expand, values)
        assert verify(s4d_eigenvalues(N, kind), trials=1)
        C = [sp.Rational(2, 3) + sp.I, -sp.I / 2]
        N = 4
        for method in ("zoh", "bilinear"):
            assert verify(s4d_kernel(N, kind, method), trials=10), method
            step = sp.Rational(1, 10)
            sampled = discretize(s4d(N, kind, C=C), method, step)
            found = Numbers({}).float(MarkovParameters(*sampled.matrices, sampled.readout, 5))[0]
            kernel = s4d_kernel(N, kind, method, dt=step, C=C)
            k = next(s for s in kernel.free_symbols if s.name == "k")
            ours = [Numbers({k: j}).float(kernel.explicit) for j in range(5)]
            assert np.allclose(found, ours, rtol=0, atol=1e-13)


@pytest.mark.theory("derived")
def test_B_SSM_6_the_lmu_is_the_pade_approximant_of_a_delay():
    theta, s = sp.Symbol("theta", positive=True), sp.Symbol("s")
    for d in range(1, 9):
        claim = lmu_delay(d)
        assert is_zero(transfer_function(lmu(d)).rhs[0, 0] - claim.rhs[0, 0])
        top, bottom = sp.fraction(claim.rhs[0, 0])
        assert (sp.degree(top, s), sp.degree(bottom, s)) == (d - 1, d)
        # top - bottom e^(-theta s) starts at s^(2d): this and the degrees are what a Pade approximant is
        delay = sp.Add(*((-theta * s) ** k / sp.factorial(k) for k in range(2 * d + 1)))
        gap = sp.Poly(sp.expand(top - bottom * delay), s)
        assert all(gap.coeff_monomial(s**k) == 0 for k in range(2 * d)) and gap.coeff_monomial(s ** (2 * d)) != 0
        assert verify(lmu_series(d), trials=8) and verify(lmu_error(d), trials=2)
    assert verify(lmu_delay(3), trials=20)
    assert not verify(replace(lmu_series(3), given=sp.true), trials=40)


@pytest.mark.theory("derived")
def test_B_SSM_7_attention_and_delta_rule_as_varying_linear_systems():
    for gate in GATES:
        assert verify(linear_attention(3, gate, start=True), trials=10), gate
    assert verify(linear_attention(7, "delta"), trials=4)
    for result in (delta_eigenvector(), delta_eigenvalues(3), delta_nonexpansive(2), delta_reflection()):
        assert verify(result, trials=24), result.name
    spectrum = dict(delta_eigenvalues(2).subs({"k_1": 1, "k_2": 0, "beta": sp.Rational(13, 10)}).rhs.args)
    assert spectrum == {sp.Rational(-3, 10): 1, sp.S.One: 1}
    for result in (scan_composition(), scan_associativity(), gated_state(), gate_product(), slow_gates()):
        assert verify(result, trials=16), result.name
    assert verify(forgetting_rate(), trials=12)
    maps = [tuple(sp.symbols(f"a{t} b{t}", commutative=False)) for t in (1, 2, 3)]
    for side in ("left", "right"):
        one = scan_operator(maps[0], scan_operator(maps[1], maps[2], side=side), side=side)
        two = scan_operator(scan_operator(maps[0], maps[1], side=side), maps[2], side=side)
        assert [sp.expand(x - y) for x, y in zip(one, two, strict=True)] == [0, 0]


@pytest.mark.theory("derived")
def test_B_SSM_8_parity_needs_a_negative_eigenvalue():
    result = parity()
    assert verify(result, trials=24)
    for length in range(1, 7):
        for bits in product((0, 1), repeat=length):
            state = Numbers({}).float(ParityState(sp.Matrix(bits)))
            assert state == (-1) ** sum(bits)
    for claim in (constant_drive(), readout_changes(1), readout_changes(3), rounding_settles()):
        assert verify(claim, trials=30), claim.name
    for lost in (readout_changes(1), rounding_settles()):  # a negative eigenvalue can
        assert not verify(replace(lost, given=sp.true), trials=200)


def response_in_time(weight, amplitude, numerator, period):
    """C_0 ... C_3 of tanh(w h + a cos(omega t)) over one period of its steady state, at 60 digits."""
    with flint.ctx.workdps(60):
        drive = [amplitude * (2 * flint.arb.pi() * numerator * t / period).cos() for t in range(period)]
        h = flint.arb(0)
        for t in range(period * 12):
            h = (weight * h + drive[t % period]).tanh().mid()
        states = []
        for t in range(period):
            h = (weight * h + drive[t]).tanh().mid()
            states.append(h)
        found = []
        for k in range(4):
            total = flint.acb(0)
            for t, v in enumerate(states):
                angle = 2 * flint.arb.pi() * numerator * k * t / period
                total += v * flint.acb(angle.cos(), -angle.sin())
            total = total * (1 if k == 0 else 2) / period
            found.append(complex(float(total.real), float(total.imag)))
        return found


@pytest.mark.theory("asymptotic")
def test_B_SSM_9_weakly_nonlinear_response_of_a_tanh_unit():
    cell = elman(W_h=w, W_x=1, b=0)
    for harmonic in (1, 3):
        result = harmonic_response(cell.subs({w: sp.Rational(-2, 5)}), harmonic)
        assert verify(result, trials=6), result.name
    a, omega = (next(s for s in harmonic_response(cell).free_symbols if s.name == n) for n in ("a", "omega"))
    A = a / (1 - w * sp.exp(-sp.I * omega))
    fundamental, third = harmonic_response(cell, 1), harmonic_response(cell, 3)
    assert is_zero(fundamental.explicit + sp.Abs(A) ** 2 * A / (1 - w * sp.exp(-sp.I * omega)) / 4)
    assert is_zero(third.explicit + A**3 / (1 - w * sp.exp(-3 * sp.I * omega)) / 12)
    # the network in time, period 16: the error is of order a^5
    gaps = {1: [], 3: []}
    sizes = (Fraction(1, 10), Fraction(1, 20), Fraction(1, 40))
    for size in sizes:
        found = response_in_time(flint.arb("0.5"), flint.arb(flint.fmpq(1, size.denominator)), 3, 16)
        point = {w: sp.S.Half, a: sp.Rational(1, size.denominator), omega: 3 * sp.pi / 8}
        assert abs(found[0]) < 1e-30 and abs(found[2]) < 1e-30
        first = complex(sp.N((A + fundamental.explicit).subs(point), 30))
        gaps[1].append(abs(found[1] - first))
        gaps[3].append(abs(found[3] - complex(sp.N(third.explicit.subs(point), 30))))
    for errors in gaps.values():
        slope = np.polyfit(np.log([float(s) for s in sizes]), np.log(errors), 1)[0]
        assert abs(slope - 5) < 0.05
