"""The rank is the one its stratum says, at points on every stratum and off it, found and ranked by other routines."""

from __future__ import annotations

import random
from collections.abc import Iterator

import mpmath
import pytest
import sympy as sp

from rnnsym.exact import balls, generic_rank, rank_strata
from rnnsym.exact.strata import defined_where
from rnnsym.result import LimitReached, RnnsymError

a, b, c, d, x = sp.symbols("a b c d x", real=True)
p = sp.Symbol("p", positive=True)
a1, a2, b1, b2 = sp.symbols("a1 a2 b1 b2")
Ne, Eq, And, Or = sp.Ne, sp.Eq, sp.And, sp.Or
DIGITS = 60


def krylov(A, B):
    columns = [sp.Matrix(B)]
    for _ in range(A.rows - 1):
        columns.append((A * columns[-1]).applyfunc(sp.expand))
    return sp.Matrix.hstack(*columns)


# ---------------------------------------------------------------------- the checker


def holds(condition, point) -> bool:
    """The condition at a point, of rational numbers or of mpmath numbers that solve an equation to 60 digits."""
    if condition in (sp.true, sp.false):
        return bool(condition)
    if isinstance(condition, And | Or):
        return (all if isinstance(condition, And) else any)(holds(part, point) for part in condition.args)
    gap = (condition.lhs - condition.rhs).xreplace(point)
    gap = sp.expand(gap)
    zero = gap == 0 if gap.is_Rational else abs(sp.N(gap, DIGITS)) < sp.Float(10) ** (-DIGITS // 2)
    return bool(zero) == isinstance(condition, Eq)


def rank_at(M, point) -> int:
    """The rank by elimination: exact for rational points (FLINT), with a threshold for algebraic ones (mpmath)."""
    N = M.xreplace(point)
    if all(e.is_Rational for e in N):
        return balls.rational_rank(sp.Matrix(N))
    with mpmath.workdps(DIGITS):
        rows = [[mpmath.mpmathify(sp.N(e, DIGITS)) for e in N.row(i)] for i in range(N.rows)]
        rank = 0
        while True:
            size, i, j = max(
                ((abs(rows[i][j]), i, j) for i in range(rank, N.rows) for j in range(rank, N.cols)), default=(0, 0, 0)
            )
            if size < mpmath.mpf(10) ** (-DIGITS // 2):
                return rank
            rows[rank], rows[i] = rows[i], rows[rank]
            for row in rows:
                row[rank], row[j] = row[j], row[rank]
            for k in range(rank + 1, N.rows):
                factor = rows[k][rank] / rows[rank][rank]
                rows[k] = [u - factor * v for u, v in zip(rows[k], rows[rank], strict=True)]
            rank += 1


def defined(M, point) -> bool:
    return not any(sp.denom(sp.together(e)).xreplace(point) == 0 for e in M)


def groups(condition) -> Iterator[list]:
    """The equations (or their negations) that stand together in a condition."""
    if isinstance(condition, Eq | Ne):
        yield [condition]
    elif isinstance(condition, And | Or):
        together = [part for part in condition.args if isinstance(part, Eq | Ne)]
        if together:
            yield together
        for part in condition.args:
            if part not in together:
                yield from groups(part)


def points(M, strata, rng: random.Random, count: int) -> Iterator[dict[sp.Expr, sp.Expr]]:
    """Corners, generic points, and points made to lie on the equations of each condition, one or two at a time."""
    symbols = sorted(M.free_symbols, key=str)
    corners = [sp.Integer(k) for k in (-1, 0, 0, 1, 1, 2)]
    for turn in range(count):
        yield {
            s: rng.choice(corners) if turn % 3 else sp.Rational(rng.randint(-9, 9), rng.randint(1, 5)) for s in symbols
        }
    for group in [group for _, condition in strata for group in groups(condition)]:
        for turn in range(min(len(group) + 1, 5)):
            chosen = list(group) if turn == 0 else rng.sample(group, 1 + turn % len(group))
            chosen.sort(key=lambda e: isinstance(e.lhs, sp.Symbol))  # b = 2a comes when a has its value
            point = {s: sp.Rational(rng.randint(-6, 6), rng.randint(1, 3)) for s in symbols}
            free = [s for s in rng.sample(symbols, len(symbols)) if all(s != e.lhs for e in chosen)]
            for e in chosen:
                for s in [e.lhs] if isinstance(e.lhs, sp.Symbol) else list(free):
                    root = solved(e.lhs - e.rhs, s, point, rng)
                    if root is not None:
                        point[s] = root
                        free = [t for t in free if t != s]
                        break
            yield point


def solved(e, s, point, rng):
    """A real root s of e = 0 at the point, exact or to 80 digits; None if there is none."""
    rest = {t: v for t, v in point.items() if t != s}
    if isinstance(s, sp.Symbol) and any(v.is_Float for v in rest.values()):
        one = sp.numer(sp.together(e)).xreplace(rest)
        slope = sp.diff(one, s)
        return sp.Float(-one.xreplace({s: 0}) / slope, DIGITS + 20) if slope.is_number and slope != 0 else None
    numerator = sp.numer(sp.together(e.xreplace(rest)))
    if s not in numerator.free_symbols:
        return None
    roots = sp.Poly(numerator, s).real_roots()
    if not roots:
        return None
    root = rng.choice(roots)
    return root if root.is_Rational else sp.Float(str(root.evalf(DIGITS + 20)), DIGITS + 20)


def disagreements(M, strata, seed: int, count: int = 8, around=None) -> list[tuple]:
    rng = random.Random(seed)
    found, tried = [], 0
    for point in points(M, around or strata, rng, count):
        if not defined(M, point):
            continue
        tried += 1
        said = next((rank for rank, condition in strata if holds(condition, point)), None)
        is_ = rank_at(M, point)
        if said != is_:
            found.append((point, said, is_))
    assert tried
    return found


# ---------------------------------------------------------------------- random matrices


def random_matrix(rng: random.Random) -> sp.Matrix:
    n, m = rng.randint(1, 4), rng.randint(1, 4)
    symbols = [a, b, c, d][: rng.randint(1, 4)]
    entries = [*symbols, *symbols, sp.S.Zero, sp.S.One, symbols[0] + 1, symbols[-1] * symbols[0], sp.Integer(2)]
    kind = rng.randint(0, 9)
    if kind == 0:
        entries += [1 / symbols[0], symbols[-1] / (symbols[0] + 1)]
    if kind == 1:
        entries = [*symbols, sp.S.Zero]
    if kind == 2:
        entries += [symbols[0] ** 2 + 1, symbols[0] ** 2 - symbols[-1], symbols[0] ** 2 - 2]
    M = sp.Matrix(n, m, lambda i, j: rng.choice(entries))
    if kind == 3 and n > 1:  # a planted dependency
        M[n - 1, :] = M[0, :] * rng.choice(entries)
    if kind == 4:
        M = sp.diag(*[rng.choice(entries) for _ in range(n)])
    if kind == 5:
        A = sp.Matrix(n, n, lambda i, j: rng.choice(entries) if i <= j else 0)
        M = krylov(A, sp.Matrix(n, 1, lambda i, j: rng.choice(entries)))
    if kind == 6:
        M = sp.Matrix(n, 1, lambda i, j: rng.choice(entries)) * sp.Matrix(1, m, lambda i, j: rng.choice(entries))
    return M


@pytest.mark.parametrize("seed", range(24))
def test_the_rank_at_a_point_is_that_of_its_stratum(seed):
    rng = random.Random(seed)
    for k in range(10):
        M = random_matrix(rng)
        strata = rank_strata(M)
        assert strata[-1][1] == sp.true
        assert len({rank for rank, _ in strata}) == len(strata)
        assert strata[0][0] == max(rank for rank, _ in strata) == generic_rank(M)
        assert not disagreements(M, strata, 100 * seed + k), (M, strata)


def test_a_wrong_stratification_is_refused_by_the_check_above():
    caught = tried = 0
    rng = random.Random(5)
    while tried < 40:
        M = random_matrix(rng)
        strata = rank_strata(M)
        if len(strata) < 2:
            continue
        tried += 1
        lost = strata[:-2] + ((strata[-2][0], sp.true),)  # the last stratum is missing
        caught += bool(disagreements(M, lost, tried, 25, strata))
        caught += bool(disagreements(M, tuple((rank + 1, condition) for rank, condition in strata), tried, 25, strata))
    assert caught >= 76


# ---------------------------------------------------------------------- what must be said exactly


@pytest.mark.parametrize(
    ("M", "strata"),
    [
        ([[b1, a1 * b1], [b2, a2 * b2]], ((2, Ne(b1 * b2 * (a1 - a2), 0)), (0, Eq(b1, 0) & Eq(b2, 0)), (1, True))),
        ([[a, 1], [1, a]], ((2, Ne((a - 1) * (a + 1), 0)), (1, True))),
        ([[1, a], [c, b - a - c]], ((2, Ne(a * c + a - b + c, 0)), (1, True))),
        ([[1 / (1 + sp.exp(-x)), (1 + sp.tanh(x / 2)) / 2], [1, 1]], ((1, True),)),
        ([[a**2 + 1, 0], [0, b]], ((2, Ne(b, 0)), (1, True))),
        ([[a1**2 + 1, 0], [0, 1]], ((2, Ne(a1**2 + 1, 0)), (1, True))),
        ([[a, b], [-b, a]], ((2, Ne(a, 0) | Ne(b, 0)), (0, True))),
        ([[a**2 + a * b + b**2 + 1]], ((1, True),)),
        ([[a, 0], [0, a]], ((2, Ne(a, 0)), (0, True))),
        ([[p, 0], [0, p + 1]], ((2, True),)),
        ([[p**2 - 3 * p + 3]], ((1, True),)),
        ([[1 - sp.tanh(a) ** 2]], ((1, True),)),
        ([[sp.exp(a), b]], ((1, True),)),
        ([[sp.sqrt(2) * a, 2], [1, sp.sqrt(2) * a]], ((2, Ne((a - 1) * (a + 1), 0)), (1, True))),
        ([[sp.sqrt(2), 2], [1, sp.sqrt(2)]], ((1, True),)),
        ([[0, 0], [0, 0]], ((0, True),)),
        ([[a]], ((1, Ne(a, 0)), (0, True))),
        ([[1 / a, b], [b, 1]], ((2, Ne(a * b**2 - 1, 0)), (1, True))),
    ],
)
def test_the_strata_read_as_a_paper_says_them(M, strata):
    assert rank_strata(M) == tuple((rank, sp.sympify(condition)) for rank, condition in strata)


@pytest.mark.parametrize(
    ("M", "hypothesis", "strata"),
    [
        ([[b, a * b], [d, c * d]], Eq(a, c), ((1, Ne(b, 0) | Ne(d, 0)), (0, True))),
        ([[b, a * b], [d, c * d]], (b > 0) & Ne(d, 0), ((2, Ne(a - c, 0)), (1, True))),
        ([[1 - a, 0], [0, b]], (a > 0) & (a < 1), ((2, Ne(b, 0)), (1, True))),
        ([[a, 0], [0, b]], Ne(a * b, 0), ((2, True),)),
        ([[a, 1], [1, a]], Eq(a, 1), ((1, True),)),
    ],
)
def test_hypotheses_are_used(M, hypothesis, strata):
    assert rank_strata(M, hypothesis) == tuple((rank, sp.sympify(condition)) for rank, condition in strata)


def test_the_entries_are_defined_where_no_denominator_vanishes():
    assert defined_where([[1 / a, b], [b, 1 / (a - 1)]]) == Ne(a, 0) & Ne(a - 1, 0)
    assert defined_where([[1 / p, 1 / (a**2 + 1)]]) == sp.true


def test_an_undecided_entry_is_refused_and_the_message_names_it():
    f = sp.Function("f")
    with pytest.raises(RnnsymError, match="could not be decided"):
        rank_strata([[sp.GoldenRatio - (1 + sp.sqrt(5)) / 2, 0], [0, f(a)]])


def test_distinct_symbols_of_order_three_are_stratified_down_to_zero():
    A = sp.Matrix(3, 3, lambda i, j: sp.Symbol(f"a{i}{j}", real=True))
    B = sp.Matrix(3, 1, lambda i, j: sp.Symbol(f"b{i}", real=True))
    K = krylov(A, B)
    strata = rank_strata(K)
    assert [rank for rank, _ in strata] == [3, 0, 1, 2]
    e = {s: sp.Integer(v) for s, v in zip([*A, *B], [1, 0, 0, 0, 2, 0, 0, 0, 2, 1, 1, 1], strict=True)}
    for change, rank in (({}, 2), ({A[2, 2]: 3}, 3), ({A[1, 1]: 1, A[2, 2]: 1}, 1), (dict.fromkeys(B, 0), 0)):
        point = e | {s: sp.Integer(v) for s, v in change.items()}
        assert next(r for r, condition in strata if holds(condition, point)) == rank == rank_at(K, point)


def test_a_leaky_reservoir_with_two_inputs_loses_rank_only_without_leak_or_gain():
    alpha, rho = sp.symbols("alpha rho", real=True)
    rng = random.Random(4)
    W = sp.Matrix(6, 6, lambda i, j: rng.randint(-2, 2))
    K = krylov((1 - alpha) * sp.eye(6) + alpha * rho * W, alpha * sp.Matrix(6, 2, lambda i, j: rng.randint(-2, 2)))
    assert rank_strata(K) == ((6, Ne(alpha * rho, 0)), (0, Eq(alpha, 0)), (2, sp.true))


def test_what_swells_is_refused_with_its_number():
    n = 5
    A = sp.Matrix(n, n, lambda i, j: sp.Symbol(f"a{i}{j}", real=True))
    K = krylov(A, sp.Matrix(n, 1, lambda i, j: sp.Symbol(f"b{i}", real=True)))
    with pytest.raises(LimitReached, match=r"\d terms|terms.*\d"):
        rank_strata(K)
    assert generic_rank(K) == n


def test_a_large_matrix_of_numbers_is_ranked_exactly():
    rng = random.Random(0)
    rows = [[sp.Rational(rng.randint(-9, 9), rng.randint(1, 7)) for _ in range(60)] for _ in range(60)]
    assert rank_strata(rows) == ((60, sp.true),)
    rows[7] = [u - 2 * v for u, v in zip(rows[1], rows[2], strict=True)]
    assert rank_strata(rows) == ((59, sp.true),)
