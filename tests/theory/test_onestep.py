"""A-GRD-6, B-OSC-2: error propagation of one-step methods and recurrent networks; integrators of the oscillator."""

import math

import numpy as np
import pytest
import sympy as sp

from rnnsym.analysis.integrators import (
    METHODS,
    convergence_order,
    euler_bound,
    global_error,
    integrator_quality,
    local_error,
    one_step,
    stability_function,
)
from rnnsym.analysis.onestep import (
    constant_forcing,
    error_bound,
    error_propagation,
    gradient_propagation,
    growth_cap,
    residual_error,
)
from rnnsym.cells import elman
from rnnsym.defined import Numbers
from rnnsym.verify import verify

Q = sp.Rational


def symbol(result, name):
    return next(s for s in result.free_symbols if s.name == name)


@pytest.mark.theory("derived")
def test_A_GRD_6_the_analogy_with_global_truncation_error():
    forward, backward = error_propagation(elman(), steps=3), gradient_propagation(elman(), steps=3)
    assert verify(error_propagation(), trials=5) and verify(forward, trials=5) and verify(backward, trials=5)
    euler = global_error("euler")
    lam, h, N, y0 = (symbol(euler, name) for name in ("lamda", "h", "N", "y_0"))
    assert sp.expand(euler.explicit - (sp.exp(lam * N * h) - (1 + lam * h) ** N) * y0) == 0
    assert sp.expand(local_error("euler")[0].rhs - (sp.exp(lam * h) - 1 - lam * h) * y0) == 0
    for method, m in METHODS.items():
        assert verify(global_error(method), trials=4)
        exact, leading = local_error(method)
        order = convergence_order(method)
        assert exact.relation == "=" and verify(leading, trials=4) and verify(order, trials=4)
        assert leading.status == order.status == "asymptotic"
        # the slope of the error in a log-log fit is the order
        values = {lam: -2, h: None, y0: 1}
        steps = [40, 80, 160, 320]
        errors = [abs(Numbers({**values, h: Q(1, n), N: n}).float(global_error(method).lhs)) for n in steps]
        slope = np.polyfit(np.log(steps), np.log(errors), 1)[0]
        assert slope == pytest.approx(-m.order, abs=0.05)
    assert verify(stability_function("rk4"), trials=4) and verify(local_error("trapezoid")[0], trials=4)
    forced = constant_forcing()
    assert verify(forced, trials=12)
    G, tau, start = (symbol(forced, name) for name in ("G", "tau", "e_0"))
    assert forced.rhs[0, 0].subs({G: 1, start: 0}) == N * tau  # kappa = 1
    closed = forced.rhs[0, 0].subs({start: 0, G: Q(1, 3)})
    assert sp.expand(closed - (1 - Q(1, 3) ** N) / (1 - Q(1, 3)) * tau) == 0
    assert verify(error_bound(steps=2), trials=3)
    bound = euler_bound()
    assert verify(bound, trials=20)
    values = {lam: 2, h: Q(1, 100), N: 100, y0: 1}
    assert round(Numbers(values).float(euler.lhs), 15) == 0.144409980678315
    assert round(float(bound.explicit.subs(values)), 15) == 0.472090939342136
    for result in (residual_error(), *growth_cap()):
        assert verify(result, trials=5)
    # nothing caps kappa^N of a network without a step size
    free = growth_cap()[2].rhs
    assert free.subs({symbol(growth_cap()[2], "kappa"): 2, symbol(growth_cap()[2], "N"): 60}) == 2**60


@pytest.mark.theory("derived")
def test_B_OSC_2_integrator_quality():
    for method in (*METHODS, "symplectic_euler"):
        for result in integrator_quality(method):
            assert verify(result, trials=3), result.name
    w, dt = sp.symbols("omega Delta", positive=True)
    z = w * dt
    modulus = {m: integrator_quality(m)[0].rhs for m in METHODS}
    assert sp.expand(modulus["euler"] - (1 + z**2)) == 0 and sp.cancel(modulus["implicit_euler"] - 1 / (1 + z**2)) == 0
    assert modulus["trapezoid"] == 1 and sp.expand(modulus["rk4"] - (1 - z**6 / 72 + z**8 / 576)) == 0
    determinant, trace, stable, frequency, _, invariant = integrator_quality("symplectic_euler")
    assert determinant.rhs == 1 and sp.expand(trace.rhs - (2 - z**2)) == 0 and stable.rhs == (z < 2)
    assert sp.cos(dt * frequency.rhs) == 1 - z**2 / 2
    x, v = sp.symbols("x v", real=True)
    form = w**2 * x**2 + w**2 * dt * x * v + v**2
    assert sp.expand(invariant.rhs - form) == 0
    moved = x + dt * v
    after = form.subs({x: moved, v: v - w**2 * dt * moved}, simultaneous=True)
    assert sp.expand(after - form) == 0
    # at omega Delta = 2 the powers grow without bound: a defective eigenvalue -1
    at_edge = np.array(one_step([[0, 1], [-4, 0]], "symplectic_euler", 1).A.tolist(), float)
    assert np.linalg.norm(np.linalg.matrix_power(at_edge, 1000)) > 1000
    assert math.isclose(abs(np.linalg.eigvals(at_edge)).max(), 1, abs_tol=1e-7)
