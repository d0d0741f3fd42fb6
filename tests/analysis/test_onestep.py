"""Error propagation and integrators: what is refused, degenerate cases, and wrong claims that are found out."""

import pickle
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
import sympy as sp

from rnnsym.analysis import integrators as it
from rnnsym.analysis import onestep as one
from rnnsym.cells import cell, chaos_free, cornn, elman, gru, leaky, linear
from rnnsym.result import NoClosedForm, ShapeError, SpecError
from rnnsym.systems import LinearSystem
from rnnsym.verify import verify

Q = sp.Rational
a, b, c, d = sp.symbols("a b c d", real=True)
propagation = cache(one.error_propagation)
adjoint = cache(one.gradient_propagation)
quality = cache(it.integrator_quality)
tanh = elman()


def lost(result):
    """The right side without its last term, and without the steps that would be refused first."""
    return replace(result, rhs=sp.MatAdd(*result.rhs.args[:-1]), steps=())


def turned(result):
    """The factors of every product in the opposite order, but for the column."""
    terms = []
    for term in result.rhs.args:
        factors = list(term.args) if isinstance(term, sp.MatMul) else [term]
        terms.append(sp.MatMul(*factors[-2::-1], factors[-1], evaluate=False) if len(factors) > 2 else term)
    return replace(result, rhs=sp.MatAdd(*terms, evaluate=False), steps=())


def scaled(result, factor):
    return replace(result, rhs=result.rhs * factor, steps=())


def named(result, name):
    return next(s for s in result.free_symbols if s.name == name)


G = named(one.constant_forcing(), "G")
WRONG = {
    "order of factors": lambda: turned(propagation(steps=3)),
    "a source lost": lambda: lost(propagation(steps=2)),
    "perturbation, a kick lost": lambda: lost(propagation(tanh, steps=2)),
    "perturbation, order of factors": lambda: turned(propagation(tanh, steps=2)),
    "gradient, a term lost": lambda: lost(adjoint(tanh, steps=2)),
    "gradient, no transpose": lambda: replace(
        adjoint(linear(), steps=2), steps=(),
        rhs=adjoint(linear(), steps=2).rhs.replace(sp.Transpose, lambda m: m),
    ),
    "kappa = 1 forgotten": lambda: replace(
        one.constant_forcing(), rhs=one.constant_forcing().rhs.replace(sp.Piecewise, lambda *p: p[0][0])
    ).subs({G: 1}),
    "error bound, no start": lambda: replace(
        one.error_bound(steps=1), rhs=one.error_bound(steps=1).rhs.args[0]
    ),
    "stability function": lambda: scaled(it.stability_function("heun"), 2),
    "stability function of another": lambda: replace(
        it.stability_function("rk4"), rhs=it.stability_function("heun").rhs
    ),
    "step matrix": lambda: replace(
        it.step_matrix([[a, b], [c, d]], "trapezoid"), rhs=it.step_matrix([[a, b], [c, d]], "implicit_euler").rhs
    ),
    "velocities first": lambda: replace(
        it.step_matrix([[a, b], [c, d]], "symplectic_euler"), rhs=it.step_matrix([[d, c], [b, a]], "symplectic_euler").rhs
    ),
    "local error, sign": lambda: scaled(it.local_error("euler")[0], -1),
    "leading error, constant": lambda: scaled(it.local_error("rk4")[1], Q(1, 2)),
    "leading error, power": lambda: replace(it.local_error("heun")[1], rhs=it.local_error("euler")[1].rhs),
    "global error, sign": lambda: scaled(it.global_error("euler"), -1),
    "order, constant": lambda: scaled(it.convergence_order("trapezoid"), -1),
    "order, one less": lambda: scaled(
        it.convergence_order("heun"), named(it.convergence_order("heun"), "N")
    ),
    "Euler's bound, a tenth": lambda: scaled(it.euler_bound(), Q(1, 10)),
    "residual error, a hundredth": lambda: scaled(one.residual_error(), Q(1, 100)),
    "growth capped at a half": lambda: scaled(one.growth_cap()[0], Q(1, 2)),
    "gradients capped without e": lambda: replace(one.growth_cap()[1], rhs=sp.S.Half),
    "growth without orthogonality": lambda: replace(one.growth_cap()[2], given=sp.true),
    "Euler conserves": lambda: replace(quality("euler")[0], rhs=sp.S.One),
    "energy": lambda: replace(quality("rk4")[1], rhs=quality("trapezoid")[1].rhs),
    "angle": lambda: replace(quality("trapezoid")[2], rhs=quality("euler")[2].rhs),
    "trace": lambda: scaled(quality("symplectic_euler")[1], -1),
    "stability up to 3": lambda: replace(
        quality("symplectic_euler")[2], rhs=sp.Lt(quality("symplectic_euler")[2].rhs.lhs, 3)
    ),
    "stability at 2": lambda: replace(
        quality("symplectic_euler")[2], rhs=sp.Le(quality("symplectic_euler")[2].rhs.lhs, 2)
    ).subs({"omega": 2, "Delta": 1}),
    "frequency": lambda: replace(quality("symplectic_euler")[3], rhs=quality("symplectic_euler")[3].rhs / 2),
    "frequency error": lambda: scaled(quality("symplectic_euler")[4], 2),
    "invariant without the cross term": lambda: replace(
        quality("symplectic_euler")[5], rhs=quality("trapezoid")[1].rhs
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_claim_is_refused(name):
    check = verify(WRONG[name](), trials=60, dims=(2, 1))
    assert check.verdict == "refuted", str(check)


def test_propagation_through_cells():
    assert verify(one.error_propagation(gru(), steps=1), trials=3, dims=(1, 2))
    for question in (one.error_propagation, one.gradient_propagation):
        assert verify(question(elman("relu"), steps=2), trials=3, dims=(1, 2))
    with pytest.raises(NoClosedForm, match="2 state blocks"):
        one.error_propagation(cornn())
    with pytest.raises(ShapeError, match="every size"):
        one.error_propagation(elman(n=2, m=1))
    with pytest.raises(SpecError, match="steps"):
        one.error_propagation(steps=0)


def test_one_step_of_propagation_is_the_recursion():
    assert str(one.error_propagation(steps=1).rhs) == "G_0*e_0 + tau_0"
    assert str(one.gradient_propagation(linear(), steps=1).rhs) == "W_h.T*g_1"


def test_constant_forcing_of_matrices():
    assert verify(one.constant_forcing([[a, b], [0, a]]), trials=8)  # a defective block, a = 1 included
    assert verify(one.error_propagation(LinearSystem([[a, 1], [0, b]], [0, 1])), trials=8)
    with pytest.raises(ShapeError, match="square"):
        one.constant_forcing(sp.ones(2, 3))


def test_one_step_methods_are_linear_recurrences():
    h = sp.Symbol("h", real=True)
    A = sp.Matrix([[a, b], [c, d]])
    euler = it.one_step(A, "euler", h)
    assert isinstance(euler, LinearSystem) and (sp.Matrix(euler.A) - sp.eye(2) - h * A).expand() == sp.zeros(2, 2)
    implicit = it.one_step(A, "implicit_euler", h)
    assert ((sp.eye(2) - h * A) * sp.Matrix(implicit.A) - sp.eye(2)).applyfunc(sp.cancel) == sp.zeros(2, 2)
    assert implicit.given != sp.true  # 1/h is no eigenvalue of A
    rk4 = it.one_step(A, "rk4", h).A
    series = sum((((h * A) ** j / sp.factorial(j)) for j in range(1, 5)), sp.eye(2))
    assert (sp.Matrix(rk4) - series).expand() == sp.zeros(2, 2)
    for method in (*it.METHODS, "symplectic_euler"):
        assert verify(it.step_matrix(A, method, h), trials=2), method
        assert it.one_step(sp.zeros(2, 2), method, h).A == sp.eye(2)
    # symplectic for more than one oscillator: U^T Omega U = Omega
    stiff = sp.Matrix([[2, -1], [-1, 3]])
    whole = sp.Matrix(sp.BlockMatrix([[sp.zeros(2), sp.eye(2)], [-stiff, sp.zeros(2)]]))
    U = sp.Matrix(it.one_step(whole, "symplectic_euler", h).A)
    omega = sp.Matrix(sp.BlockMatrix([[sp.zeros(2), sp.eye(2)], [-sp.eye(2), sp.zeros(2)]]))
    assert (U.T * omega * U - omega).expand() == sp.zeros(4, 4)


def test_unknown_methods_and_wrong_sizes():
    with pytest.raises(SpecError, match="known: euler"):
        it.stability_function("leapfrog")
    with pytest.raises(SpecError, match="positions and velocities"):
        it.global_error("symplectic_euler")
    with pytest.raises(ShapeError, match="positions"):
        it.one_step(sp.eye(3), "symplectic_euler")
    with pytest.raises(ShapeError, match="square"):
        it.one_step(sp.ones(2, 3), "euler")


def test_the_bound_holds_for_stiff_and_large_steps():
    bound = it.euler_bound()
    values = {named(bound, s): v for s, v in (("lamda", -50), ("h", 1), ("N", 5), ("y_0", 1))}
    assert verify(bound.subs(values), trials=1)
    zero = {named(bound, s): v for s, v in (("N", 0), ("h", Q(1, 3)))}
    assert verify(bound.subs(zero), trials=6)


def test_results_pickle_print_and_run():
    result = it.global_error("implicit_euler")
    assert pickle.loads(pickle.dumps(result)) == result
    value = result.lambdify()(lamda=-1.0, h=0.1, N=10, y_0=1.0)
    assert float(value) == pytest.approx(np.exp(-1) - 1.1**-10, rel=1e-12)
    for r in (*quality("symplectic_euler"), propagation(tanh, steps=2), one.error_bound(), *it.local_error("rk4")):
        assert r.latex().startswith("\\begin{equation}"), r.name


@pytest.mark.slow
@pytest.mark.draws
def test_every_result_on_many_draws():
    A = [[a, b], [c, d]]
    results = [
        *(one.error_propagation(cell, steps=3) for cell in (None, elman(), leaky(), gru())), one.error_bound(),
        one.constant_forcing(A), it.euler_bound(), one.residual_error(), *one.growth_cap(),
    ]  # fmt: skip
    for method in (*it.METHODS, "symplectic_euler"):
        results += [it.step_matrix(A, method), *it.integrator_quality(method)]
        if method in it.METHODS:
            results += [it.global_error(method), *it.local_error(method), it.convergence_order(method)]
    for result in results:
        assert verify(result, trials=6, seed=2), result.name


def test_names_of_the_cell_are_not_taken_for_those_of_the_recursion():
    pytest.importorskip("rnnsym.cells")
    assert verify(one.error_propagation(chaos_free()), trials=12)  # its forget gate is called f
    own = cell("h_t = tanh(W_h @ h) * s + epsilon * x", state="h", input="x", shapes={"s": (), "epsilon": ()})
    assert verify(one.error_propagation(own), trials=12)
