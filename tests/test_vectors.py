"""Column expressions and their derivatives against differences, entry by entry."""

import numpy as np
import pytest
import sympy as sp

from rnnsym.chance import Chance
from rnnsym.defined import Jacobian, Numbers
from rnnsym.result import NoClosedForm, ShapeError
from rnnsym.vectors import (
    Diagonal,
    Entrywise,
    chain,
    column,
    cotangents,
    differential,
    entrywise,
    explicit,
    linear,
    substitute,
    total,
    transposed,
)

n, m = sp.symbols("n m", integer=True, positive=True)
h, b, g = (sp.MatrixSymbol(name, n, 1) for name in "hbg")
x = sp.MatrixSymbol("x", m, 1)
W, V = sp.MatrixSymbol("W", n, n), sp.MatrixSymbol("V", n, n)
U = sp.MatrixSymbol("U", n, m)
y, z = sp.MatrixSymbol("y", n, 1), sp.MatrixSymbol("z", n, 1)


def numbers(size: int, seed: int, *symbols: sp.MatrixSymbol) -> Numbers:
    chance = Chance(seed)
    sizes = {n: size, m: 2}
    return Numbers({**sizes, **{s: chance.matrix(*(int(d.subs(sizes)) for d in s.shape)) for s in symbols}})


def agrees(expression: sp.MatrixExpr, variable: sp.MatrixSymbol, *symbols: sp.MatrixSymbol) -> None:
    derivative = differential(expression, variable)
    for size in (1, 2, 3):
        for seed in range(3):
            at = numbers(size, seed, *symbols)
            want = at.float(Jacobian(y, variable, [(y, expression)]))
            assert np.allclose(at.float(derivative), want, rtol=0, atol=1e-14), (size, seed)


EXPRESSIONS = {
    "nested layers": entrywise(sp.tanh, V * entrywise(sp.sin, W * h) + b),
    "a vector used twice": entrywise(lambda a, c: a * c + a**2, W * h, h),
    "a gate times a state": entrywise(lambda a, c: sp.exp(a) * c, W * h, h),
    "a linear map of a product": W * entrywise(lambda a, c: a * c, h, b),
    "sums of matrices": entrywise(sp.cos, (W - W.T - 2 * sp.Identity(n)) * h),
    "products of matrices": entrywise(sp.tanh, W * V * h),
    "a transposed map": entrywise(sp.tanh, W.T * h + U * x),
    "a scaled map": entrywise(sp.tanh, 3 * W * h),
}


@pytest.mark.parametrize("name", EXPRESSIONS)
def test_differential_agrees_with_differences_by_the_state(name):
    agrees(EXPRESSIONS[name], h, h, b, x, W, V, U)


@pytest.mark.parametrize("name", EXPRESSIONS)
def test_differential_agrees_with_differences_by_a_matrix(name):
    agrees(EXPRESSIONS[name], W, h, b, x, W, V, U)


@pytest.mark.parametrize("name", EXPRESSIONS)
@pytest.mark.parametrize("variable", [h, W])
def test_the_adjoint_is_the_transposed_jacobian(name, variable):
    expression = EXPRESSIONS[name]
    gradient = cotangents([(y, expression)], {y: g}, [variable])[variable]
    at = numbers(3, 5, h, b, x, W, V, U, g)
    at = at.with_values({y: at.value(expression)})
    jacobian = at.float(differential(expression, variable))
    want = jacobian.T @ at.float(g)
    assert np.allclose(at.float(gradient).T.reshape(-1, 1), want, rtol=0, atol=1e-12)


def test_equal_expressions_have_one_form():
    first = column(sp.hadamard_product(h, b) + 2 * h - h)
    second = entrywise(lambda a, c: a * (1 + c), h, b)
    gap = column(first - second)
    assert isinstance(Entrywise(sp.expand(gap.body), n, *gap.columns), sp.ZeroMatrix)


def test_a_diagonal_times_a_diagonal_is_a_diagonal():
    product = linear(Diagonal(h), Diagonal(b), W)
    assert isinstance(product.args[0], Diagonal) and len(product.args) == 2


def test_zero_terms_vanish():
    assert total(sp.ZeroMatrix(n, n), W) == W
    assert isinstance(Entrywise(0, n, h), sp.ZeroMatrix)
    assert isinstance(linear(W, sp.ZeroMatrix(n, 1)), sp.ZeroMatrix)


def test_named_quantities_stay_named():
    equations = [(z, entrywise(sp.tanh, W * h)), (y, entrywise(lambda a, c: a * c, z, h))]
    assert z in chain(equations, y, h).free_symbols
    assert chain(equations, y, h).atoms(sp.tanh) == set()


def test_transposition_reverses_products():
    assert transposed(linear(W, V)) == linear(sp.Transpose(V), sp.Transpose(W))
    assert transposed(transposed(linear(W, V))) == linear(W, V)


def test_the_explicit_matrix_is_the_same_numbers():
    at = numbers(2, 1, h, W)
    table = {s: sp.ImmutableMatrix(at.given[s]) for s in (h, W)}
    expression = substitute(linear(Diagonal(entrywise(sp.sin, h)), W), {n: 2}, {})
    bound = {sp.MatrixSymbol(s.name, *t.shape): t for s, t in table.items()}
    values = np.array(explicit(expression, bound).evalf(30).tolist(), dtype=float)
    assert np.allclose(values, at.float(linear(Diagonal(entrywise(sp.sin, h)), W)), atol=1e-15)


def test_sizes_that_do_not_fit_are_named():
    with pytest.raises(ShapeError, match="columns must agree"):
        entrywise(lambda a, c: a + c, h, x)
    with pytest.raises(ShapeError, match="inner sizes must agree"):
        linear(W, x)
    with pytest.raises(ShapeError, match="both 2 and 3"):
        substitute(W * h, {}, {W: sp.eye(2), h: sp.Matrix([1, 2, 3])})


def test_an_expression_without_a_rule_is_refused():
    with pytest.raises(NoClosedForm, match="no rule"):
        differential(sp.Inverse(W + Diagonal(h)) * h, h)


def test_a_value_that_makes_a_diagonal_trivial_leaves_no_trace():
    from rnnsym.analysis.jacobian import jacobian
    from rnnsym.cells import leaky

    J = jacobian(leaky())
    n = J.rhs.shape[0]
    assert J.subs({"a": 0}).rhs == sp.Identity(n)
    assert J.subs({"a": 1}).rhs == jacobian(leaky(a=1)).rhs
    zeros = {"h": np.zeros(2), "W_x": np.ones((2, 1)), "x": np.zeros(1), "b": np.zeros(2)}
    np.testing.assert_array_equal(J.subs({"a": 0})(W_h=np.ones((2, 2)), **zeros), np.eye(2))
