"""A-FIX-2, A-FIX-3: what the linearization leaves out, and what its spectral radius decides."""

from dataclasses import replace
from functools import cache

import mpmath as mp
import numpy as np
import pytest
import sympy as sp

from rnnsym.analysis.linearization import (
    certificate_condition,
    linearization,
    local_stability,
    lyapunov_certificate,
    neutral_examples,
)
from rnnsym.analysis.stability import stability_conditions, stability_verdict
from rnnsym.cells import elman, gru, leaky
from rnnsym.defined import Numbers
from rnnsym.defined.certificates import is_positive_definite
from rnnsym.result import NoClosedForm, ShapeError, SpecError
from rnnsym.verify import verify

Q = sp.Rational
a, b, c, d = sp.symbols("a b c d", real=True)
linear_part = cache(linearization)
decided = cache(local_stability)


@pytest.mark.theory("derived")
def test_A_FIX_2_the_linearization_leaves_a_remainder_of_second_order():
    for cell in (elman(), elman("softplus"), leaky("sigmoid")):
        result = linear_part(cell)
        assert verify(result, trials=10, dims=(1, 2))
        assert not verify(replace(result, rhs=result.rhs / 100), trials=60, dims=(1, 2))
    # the order in delta is 2 where h* is not 0, and 3 at 0, where tanh is odd
    mp.mp.dps = 40
    for h_star, order in ((mp.mpf("0.4"), 2), (mp.mpf(0), 3)):
        weight, slope = mp.mpf("1.3"), 1 - h_star**2
        rest = [
            abs(mp.tanh(mp.atanh(h_star) + weight * e) - h_star - slope * weight * e)
            for e in (mp.mpf("1e-3"), mp.mpf("1e-6"))
        ]
        assert abs(mp.log(rest[0] / rest[1]) / mp.log(1000) - order) < 1e-2
    with pytest.raises(NoClosedForm):
        linearization(elman("selu"))
    with pytest.raises(NoClosedForm):
        linearization(gru())


def test_piecewise_linear_units_are_exact_off_their_kinks_and_one_sided_at_them():
    for cell in (elman("relu"), leaky("hard_tanh")):
        result = linear_part(cell)
        assert result.relation == "=" and verify(result, trials=16, dims=(1, 2))
        assert not verify(replace(result, rhs=2 * result.rhs), trials=40, dims=(1, 2))
        far = [g for g in result.given.args if type(g).__name__ != "CrossesNoKink"]
        assert not verify(replace(result, given=sp.And(*far)), trials=200, dims=(1,))
    # at the kink of max(0, w h): slope w to the right for w > 0, 0 to the left
    result = linear_part(elman("relu"))
    names = {s.name: s for s in result.free_symbols}
    for weight, delta, moved in ((3, 2, 6), (3, -2, 0), (-3, 2, 0), (-3, -2, 6)):
        values = {"W_h": [[weight]], "delta": [[delta]], "h_star": [[0]], "b": [[0]], "W_x": [[1]], "x_star": [[0]]}
        sizes = {size: 1 for s in names.values() for size in getattr(s, "shape", ()) if size.is_Symbol}
        numbers = Numbers({**{names[k]: v for k, v in values.items()}, **sizes})
        assert numbers.float(result.lhs)[0, 0] == numbers.float(result.rhs)[0, 0] == moved
        assert numbers.truth(result.given) is True


@pytest.mark.theory("derived")
@pytest.mark.parametrize("trials", [6, pytest.param(20, marks=pytest.mark.slow)])
def test_A_FIX_3_the_spectral_radius_of_the_linearization(trials):
    for cell in (elman(), *((gru(), leaky("sigmoid")) if trials > 6 else ())):
        stable, unstable = decided(cell)
        assert verify(stable, trials=trials, dims=(1, 2)) and verify(unstable, trials=24, dims=(1, 2))
    stable, unstable = decided(elman())
    radius = stable.lhs.args[0]
    assert not verify(replace(stable, lhs=radius < 3), trials=200, dims=(1, 2))
    assert not verify(replace(unstable, lhs=radius > Q(1, 10)), trials=200, dims=(1, 2))
    # it decays at every rate above rho, after it has grown first: J = [[1/2, 100], [0, 1/2]]
    J = np.array([[0.5, 100.0], [0, 0.5]])
    sizes = [np.linalg.norm(np.linalg.matrix_power(J, t), 2) for t in range(80)]
    assert max(sizes) > 50 and sizes[-1] < 1e-18 and stability_verdict(J).stable
    assert stability_conditions([[a, b], [c, d]]).rhs.args.__len__() == 3  # |tr J| < 1 + det J < 2


def test_a_spectral_radius_of_one_decides_nothing():
    attraction, repulsion = neutral_examples()
    for result in (attraction, repulsion):
        assert verify(result, trials=20)
        assert not verify(replace(result, given=sp.true), trials=40)  # at 0 nothing moves
    assert not verify(replace(attraction, rhs=attraction.rhs / 2), trials=40)
    assert not verify(replace(repulsion, rhs=2 * repulsion.rhs), trials=40)
    assert stability_verdict([[1]]).stable is None
    inside, outside = 0.5, 0.1
    for _ in range(4000):
        inside, outside = np.tanh(inside), min(outside + outside**3, 2.0)
    assert abs(inside) < 0.02 and outside == 2.0


def test_a_quadratic_certificate():
    general = sp.Matrix([[a, b], [c, d]])
    result = lyapunov_certificate(general)
    assert verify(result, trials=10) and not verify(replace(result, rhs=2 * result.rhs), trials=10)
    J = sp.Matrix([[Q(1, 2), 3], [-Q(1, 10), Q(1, 2)]])
    form = sp.Matrix([[2, 1], [1, 1]])
    P = lyapunov_certificate(J, form).rhs
    assert (J.T * P * J - P + form).expand() == sp.zeros(2) and is_positive_definite(sp.ImmutableMatrix(P))
    condition = certificate_condition(general)
    assert verify(condition, trials=30)
    for lost in condition.rhs.args:
        assert not verify(replace(condition, rhs=sp.And(*(g for g in condition.rhs.args if g != lost))), trials=300)
    with pytest.raises(SpecError, match="symmetric"):
        lyapunov_certificate(J, [[1, 2], [0, 1]])
    with pytest.raises(ShapeError):
        lyapunov_certificate(sp.ones(2, 3))
