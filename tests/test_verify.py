"""A check is worth something only if it refuses what is wrong: one wrong claim of each kind."""

from dataclasses import replace

import pytest
import sympy as sp

from rnnsym.analysis.jacobian import jacobian
from rnnsym.analysis.stability import critical_conditions, stability_conditions
from rnnsym.cells import elman, gru, leaky, lstm
from rnnsym.defined import (
    Approaches,
    FixedPointOf,
    Nilpotent,
    Numbers,
    OrderedProduct,
    Orthogonal,
    PositiveDefinite,
    Rank,
    Resolvent,
    SpectralNorm,
    SpectralRadius,
    Symmetric,
)
from rnnsym.result import Result, ShapeError, SpecError, Step
from rnnsym.vectors import Diagonal, entrywise, linear
from rnnsym.verify import claim, verify

n = sp.Symbol("n", integer=True, positive=True)
A = sp.MatrixSymbol("A", n, n)
a, b, p, w, y = sp.symbols("a b p w y", real=True)


def test_a_right_jacobian_agrees():
    check = verify(jacobian(elman()))
    assert check and check.verdict == "agrees" and check.trials == 200 and check.max_error < 1e-13


def test_a_wrong_sign_is_refused():
    J = jacobian(elman())
    check = verify(replace(J, rhs=-J.rhs))
    assert not check and check.verdict == "refuted"


def test_a_refutation_is_shrunk_to_small_numbers():
    J = jacobian(elman())
    check = verify(replace(J, rhs=-J.rhs))
    assert check.worst["n"] == 1 and check.worst["W_h"] in ([1], [[1]]) and check.worst["b"] == [0]


@pytest.mark.parametrize("cell", [elman(), leaky(), gru(), lstm(), elman(n=2, m=1)], ids=str)
def test_a_lost_factor_is_refused(cell):
    J = jacobian(cell, "input")
    assert not verify(replace(J, rhs=2 * J.rhs, steps=()), trials=40)


def test_a_transpose_is_refused():
    J = jacobian(elman())
    assert not verify(replace(J, rhs=linear(sp.Transpose(elman().symbol("W_h")), J.rhs.args[0]), steps=()))


def test_a_slope_at_the_old_state_is_refused():
    J = jacobian(elman())
    cell = elman()
    wrong = linear(Diagonal(entrywise(lambda s: 1 - s**2, cell.state[0])), cell.symbol("W_h"))
    assert not verify(replace(J, rhs=wrong, steps=()))


def test_a_missing_hypothesis_is_refused():
    J = jacobian(elman("relu"), "input")
    assert verify(J)
    assert not verify(replace(J, given=sp.true))


def test_a_lost_stratum_is_refused():
    matrix = sp.Matrix([[a, 1], [1, a]])
    assert verify(claim(Rank(matrix), sp.Piecewise((2, sp.Ne(a**2, 1)), (1, True))))
    assert verify(claim(Rank(matrix), 2)).worst["a"] in (1, -1)
    diagonal = sp.Matrix([[b, a * b], [p, p * w]])
    full = sp.Piecewise((2, sp.Ne(b * p * (w - a), 0)), (0, sp.Eq(b, 0) & sp.Eq(p, 0)), (1, True))
    assert verify(claim(Rank(diagonal), full))
    assert not verify(claim(Rank(diagonal), sp.Piecewise((2, sp.Ne(b * p * (w - a), 0)), (1, True))))


def test_a_wrong_step_is_refused_though_both_ends_are_right():
    J = jacobian(elman())
    steps = (Step(-J.rhs, "a slip of the pen"), *J.steps)
    check = verify(replace(J, steps=steps))
    assert not check and "a slip of the pen" in check.part


def test_an_equivalence_is_checked_on_both_sides_of_its_boundary():
    table = sp.MatrixSymbol("A", 2, 2)
    trace, det = table[0, 0] + table[1, 1], table[0, 0] * table[1, 1] - table[0, 1] * table[1, 0]
    inside = SpectralRadius(table) < 1
    assert verify(claim(inside, sp.And(abs(trace) < 1 + det, det < 1), relation="<=>")).verdict == "agrees"
    assert not verify(claim(inside, sp.And(abs(trace) < 1 + det, det < 1.05), relation="<=>"))
    assert not verify(claim(inside, sp.And(trace < 1 + det, det < 1), relation="<=>"))


def test_an_implication_is_never_proved_by_sampling():
    check = verify(claim(SpectralNorm(A) < 1, SpectralRadius(A) < 1, relation="=>"))
    assert check and check.verdict == "not refuted"
    assert not verify(claim(SpectralRadius(A) < 1, SpectralNorm(A) < 1, relation="=>"))


def test_bounds_are_refuted_or_left_standing():
    assert verify(claim(SpectralRadius(A), SpectralNorm(A), relation="<=")).verdict == "not refuted"
    assert not verify(claim(SpectralNorm(A), SpectralRadius(A), relation="<="))
    assert not verify(claim(SpectralRadius(A), SpectralNorm(A), relation="<"))


def test_a_limit_is_approached():
    small = Approaches(p, 0)
    assert verify(claim(sp.sin(p), p, relation="~", given=small), trials=5)
    assert not verify(claim(sp.sin(p), 2 * p, relation="~", given=small), trials=5)
    assert verify(claim(sp.log(1 + p), sp.log(p), relation="~", given=Approaches(p, sp.oo)), trials=5)


def test_a_ratio_that_is_still_on_its_way_is_undecided_and_one_that_stands_still_refused():
    small = Approaches(p, 0)
    slow = claim(
        p + sp.Rational(10) ** 7 * p ** sp.Rational(2), p, relation="~", given=small
    )  # 10% off at the last point
    assert verify(slow, trials=3).verdict == "nothing tried"
    for factor in (sp.Rational(11, 10), sp.Rational(1005, 1000)):
        assert verify(claim(sp.sin(p), factor * p, relation="~", given=small), trials=3).verdict == "refuted"


def test_a_name_that_a_hypothesis_gives_must_mean_the_same_in_the_claim():
    right = stability_conditions(elman().at(n=1, m=1))
    ((name, value), *_) = right.where
    assert verify(right, trials=8)
    for wrong in (-value, value.subs(value.args[0], value.args[0] + 1)):
        check = verify(replace(right, where=((name, wrong), *right.where[1:])), trials=8)
        assert check.verdict == "refuted" and check.part == f"where {name}"


def test_a_premise_may_speak_of_named_quantities():
    result = critical_conditions(elman().at(n=1, m=1))
    assert result.where and all(verify(result, trials=40, seed=seed).verdict == "not refuted" for seed in (3, 5))


@pytest.mark.parametrize("kind", [Symmetric, Orthogonal, Nilpotent, PositiveDefinite])
def test_hypotheses_of_measure_zero_are_met(kind):
    square = SpectralNorm(A)
    true = {
        Symmetric: claim(square, SpectralRadius(A), given=kind(A)),
        Orthogonal: claim(square, 1, given=kind(A)),
        Nilpotent: claim(SpectralRadius(A), 0, given=kind(A)),
        PositiveDefinite: claim(square, SpectralRadius(A), given=kind(A)),
    }[kind]
    check = verify(true, trials=40)
    assert check and check.trials >= 30
    assert not verify(replace(true, given=sp.true), trials=100)


def test_a_fixed_point_is_found_and_its_formula_held_to_it():
    cell = elman()
    (h,), (new,) = cell.state, cell.next
    here = FixedPointOf(cell.state, cell.next, cell.equations)
    J = jacobian(cell)
    at = linear(Diagonal(entrywise(lambda s: 1 - s**2, h)), cell.symbol("W_h"))
    check = verify(replace(J, rhs=at, given=here, steps=()), trials=24)
    assert check and check.trials >= 12
    assert new not in at.free_symbols


def test_an_ordered_product_has_its_latest_factor_on_the_left():
    k = sp.Symbol("k", integer=True, nonnegative=True)
    M, N = sp.MatrixSymbol("M", 2, 2), sp.MatrixSymbol("N", 2, 2)
    factor = M + k * N
    product = OrderedProduct(factor, k, 0, 1)
    assert verify(claim(product, (M + N) * M), trials=40)
    assert not verify(claim(product, M * (M + N)), trials=40)


def test_a_resolvent_is_an_inverse():
    z = sp.Symbol("z", real=True)
    assert verify(claim(Resolvent(sp.Matrix([[a]]), z), sp.Matrix([[1 / (z - a)]])))
    assert not verify(claim(Resolvent(sp.Matrix([[a]]), z), sp.Matrix([[1 / (z + a)]])))


def test_a_check_that_tried_nothing_is_false():
    check = verify(claim(sp.sqrt(a), sp.sqrt(a), given=sp.And(a > 1, a < 0)))
    assert not check and check.verdict == "nothing tried" and check.trials == 0


def test_draws_are_the_same_for_the_same_seed():
    first, second = (verify(jacobian(gru()), trials=16, seed=3) for _ in range(2))
    assert first == second


def test_sizes_can_be_chosen():
    assert verify(jacobian(elman()), trials=6, dims=(4, 5)).dims == (4, 5)
    with pytest.raises(SpecError, match="whole numbers"):
        verify(jacobian(elman()), trials=0)


def test_array_code_is_evaluated_with_many_digits_on_request():
    check = verify(jacobian(lstm(n=1, m=1)), trials=5, digits=50)
    assert check and check.max_error < 1e-36


def test_a_wrong_formula_of_the_user_is_refused_and_a_right_one_runs():
    right = claim(sp.tanh(2 * a), 2 * sp.tanh(a) / (1 + sp.tanh(a) ** 2))
    assert isinstance(right, Result) and verify(right)
    assert abs(right(a=0.3) - 0.5370495669980353) < 1e-15
    assert not verify(claim(sp.tanh(2 * a), 2 * sp.tanh(a) / (1 - sp.tanh(a) ** 2)))


def test_a_case_that_60_digits_cannot_decide_is_skipped_and_one_without_a_value_is_refused():
    level = sp.Eq(sp.gamma(a**2 + 2), (a**2 + 1) * sp.gamma(a**2 + 1))  # true, and undecided unless a^2 is whole
    check = verify(claim(a**2, sp.Piecewise((a**2, level), (a**2 + 1, True))), trials=40)
    assert check.verdict == "agrees" and check.skipped > 0
    off = sp.Piecewise((a, 1 / a > sp.S.Half), (a * sp.cos(a) ** 2 + a * sp.sin(a) ** 2, True))
    assert verify(claim(a, off)).worst == {"a": 0}


def test_array_code_is_not_held_to_an_equality_that_rounding_breaks():
    double = sp.Eq(sp.tanh(2 * a), 2 * sp.tanh(a) / (1 + sp.tanh(a) ** 2))
    assert verify(claim(a**2, sp.Piecewise((a**2, double), (0, True))), trials=60)


def test_a_bound_is_looked_at_with_more_digits_before_it_is_refuted():
    # saturated: 1 - tanh(60)^2 has 8 of 60 digits left; a sharp bound must not fail by what cancels
    exact = sp.log(1 - sp.tanh(20 * a) ** 2) + 2 * sp.log(sp.cosh(20 * a))
    assert verify(claim(exact, 0, relation="<="), trials=100)
    assert not verify(claim(exact, -sp.Rational(1, 10**9), relation="<="), trials=20)


def test_an_entry_outside_of_its_matrix_is_an_error_and_never_counted_from_the_end():
    x, k = sp.MatrixSymbol("x", 3, 1), sp.Symbol("k", integer=True)
    numbers = Numbers({x: [[1], [2], [3]]})
    assert float(numbers.value(sp.Sum(x[k, 0], (k, 0, 2)))) == 6
    for low, high in ((0, 3), (-1, 2)):
        with pytest.raises(ShapeError, match="entry"):
            numbers.value(sp.Sum(x[k, 0], (k, low, high)))


def test_hypotheses_have_a_form_that_sympy_can_write():
    table = sp.MatrixSymbol("A", 2, 2)
    text = sp.srepr(sp.And(Symmetric(table), a > 0))
    assert "Symmetric(MatrixSymbol(Str('A'), Integer(2), Integer(2)))" in text
    names = {**vars(sp), "Symmetric": Symmetric, "Str": sp.core.symbol.Str}
    assert eval(text, names) == sp.And(Symmetric(table), a > 0)


def test_a_bound_that_is_sharp_where_its_hypotheses_barely_hold_is_refuted_when_too_small():
    u, v, c, d = sp.symbols("u v c d", positive=True)
    given = sp.And(u <= c, v <= c, sp.Gt(d, u))
    assert verify(claim(u + v + u, 2 * c + d, relation="<=", given=given), trials=60)
    assert not verify(claim(u + v + u, sp.Rational(99, 100) * (2 * c + d), relation="<=", given=given), trials=200)


@pytest.mark.parametrize(
    "left, right, given",
    [
        (a**4 + y**4, 1 - a**2 * y**2, sp.Eq(a**2 + y**2, 1)),
        (a * y, 0, sp.Eq(a**2 + y**2, 1)),
        (a * y, 0, sp.Eq(y**2, a**3 - a)),
        (y, 0, sp.Eq(y, sp.tanh(2 * y))),
        (y, a, sp.Eq(y, sp.tanh(2 * y + a))),
    ],
)
def test_a_hypothesis_that_is_a_curve_is_met_all_along_it(left, right, given):
    assert not verify(claim(left, right, given=given), trials=20)


def test_a_true_claim_on_a_curve_agrees_there():
    check = verify(claim(a**4 + y**4, 1 - 2 * a**2 * y**2, given=sp.Eq(a**2 + y**2, 1)), trials=20)
    assert check and check.trials >= 18
    assert verify(claim(sp.atanh(y) - 2 * y, a, given=sp.Eq(y, sp.tanh(2 * y + a))), trials=20)
