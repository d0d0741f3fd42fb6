"""The interpreter agrees with NumPy, and hypotheses hold where their samplers say so."""

from fractions import Fraction

import numpy as np
import pytest
import sympy as sp

from rnnsym.chance import Chance, Sampler
from rnnsym.defined import (
    Diagonalizable,
    Invertible,
    Nilpotent,
    Numbers,
    Orthogonal,
    PositiveDefinite,
    Rank,
    SpectralNorm,
    SpectralRadius,
    Symmetric,
)
from rnnsym.result import NoClosedForm
from rnnsym.vectors import Diagonal, entrywise

n = sp.Symbol("n", integer=True, positive=True)
A, B = sp.MatrixSymbol("A", n, n), sp.MatrixSymbol("B", n, n)
v = sp.MatrixSymbol("v", n, 1)
a = sp.Symbol("a", real=True)


def draw(size, seed):
    chance = Chance(seed)
    return {n: size, A: chance.matrix(size, size), B: chance.matrix(size, size), v: chance.matrix(size, 1)}


@pytest.mark.parametrize("seed", range(8))
def test_matrix_expressions_have_the_values_numpy_gives(seed):
    values = draw(3, seed)
    numbers = Numbers(values)
    x, y, z = (np.array(values[s], dtype=float) for s in (A, B, v))
    pairs = {
        A * B + 2 * A.T: x @ y + 2 * x.T,
        Diagonal(v) * A: np.diag(z[:, 0]) @ x,
        sp.KroneckerProduct(v.T, sp.Identity(n)): np.kron(z.T, np.eye(3)),
        sp.BlockMatrix([[A, B], [B, A]]): np.block([[x, y], [y, x]]),
        entrywise(lambda s: sp.Piecewise((s, s > 0), (0, True)), A * v): np.maximum(x @ z, 0),
        sp.MatPow(A, 3): x @ x @ x,
    }
    for expression, want in pairs.items():
        assert np.allclose(numbers.float(expression), want, rtol=1e-13, atol=1e-13)
    assert numbers.float(SpectralNorm(A)) == pytest.approx(np.linalg.norm(x, 2), abs=1e-12)
    assert numbers.float(SpectralRadius(A)) == pytest.approx(np.abs(np.linalg.eigvals(x)).max(), abs=1e-5)
    assert numbers.float(Rank(A)) == np.linalg.matrix_rank(x)


def test_comparisons_of_rationals_are_exact():
    numbers = Numbers({a: Fraction(1, 3)})
    assert numbers.truth(sp.Eq(3 * a, 1)) is True
    assert numbers.truth(3 * a < 1) is False
    assert numbers.truth(sp.And(a > 0, sp.Ne(a, 1))) is True


def test_the_floor_of_a_whole_quotient_is_decided():
    numbers = Numbers({a: Fraction(6)})
    assert [numbers.float(f(a / 3)) for f in (sp.floor, sp.ceiling)] == [2.0, 2.0]
    assert numbers.float(sp.floor(a / 4)) == 1.0


def test_what_balls_cannot_decide_is_none():
    numbers = Numbers({a: Fraction(1, 3)})
    assert numbers.truth(sp.Eq(sp.sin(a) ** 2 + sp.cos(a) ** 2, 1)) is True  # the exact test decides it
    assert numbers.truth(sp.Eq(sp.gamma(a + 1), a * sp.gamma(a))) is None


def test_a_symbol_without_a_value_is_named():
    with pytest.raises(NoClosedForm, match="a has no value"):
        Numbers({}).value(a + 1)


@pytest.mark.parametrize("kind", [Symmetric, PositiveDefinite, Orthogonal, Nilpotent, Diagonalizable, Invertible])
@pytest.mark.parametrize("size", [1, 2, 3, 5])
def test_samples_have_the_property_they_are_drawn_for(kind, size):
    chance = Chance(size)
    for _ in range(6):
        found = kind(A).sample(chance, Numbers({n: size}))
        assert Numbers({n: size, **found}).truth(kind(A)) is True


@pytest.mark.parametrize(
    "kind, not_so",
    [
        (Symmetric, [[0, 1], [2, 0]]),
        (PositiveDefinite, [[1, 2], [2, 1]]),
        (Orthogonal, [[1, 1], [0, 1]]),
        (Nilpotent, [[1, 0], [0, 0]]),
        (Diagonalizable, [[1, 1], [0, 1]]),
        (Invertible, [[1, 2], [2, 4]]),
    ],
)
def test_a_matrix_without_the_property_is_refused(kind, not_so):
    assert Numbers({n: 2, A: not_so}).truth(kind(A)) is not True


def test_draws_meet_their_hypotheses_and_reach_the_walls():
    given = sp.And(a > 1, a < 2)
    sampler = Sampler({a}, given, [sp.Eq(3 * a, 4)], seed=1)
    draws = [sampler.draw(None) for _ in range(60)]
    found = [d[a] for d in draws if d is not None]
    assert len(found) > 40 and all(1 < x < 2 for x in found) and Fraction(4, 3) in found
