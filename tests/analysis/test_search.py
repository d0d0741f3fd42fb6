"""Fixed points and cycles: complete, proved, exact where the cell is piecewise linear; no false proof on random networks."""

from __future__ import annotations

import itertools
import pickle
from concurrent.futures import Executor, ProcessPoolExecutor
from fractions import Fraction
from typing import Any

import mpmath
import numpy as np
import pytest
import sympy as sp

import rnnsym as rs
from rnnsym.analysis.search import FixedPointSet, cycles, fixed_points
from rnnsym.result import LimitReached, NoClosedForm, RnnsymError, ShapeError, SpecError
from tests.multiplier import times

# ---------------------------------------------------------------------- an independent search: Newton's method, many starts

# in floats: value, slope; in mpmath: value, slope
PHI: dict[str, Any] = {
    "tanh": (
        np.tanh, lambda a: 1 / np.cosh(np.clip(a, -300, 300)) ** 2,
        mpmath.tanh, lambda a: 1 - mpmath.tanh(a) ** 2,
    ),
    "sigmoid": (
        lambda a: 1 / (1 + np.exp(-a)), lambda a: np.exp(-abs(a)) / (1 + np.exp(-abs(a))) ** 2,
        lambda a: 1 / (1 + mpmath.exp(-a)), lambda a: mpmath.exp(-abs(a)) / (1 + mpmath.exp(-abs(a))) ** 2,
    ),
    "arctan": (np.arctan, lambda a: 1 / (1 + a * a), mpmath.atan, lambda a: 1 / (1 + a * a)),
    "softsign": (
        lambda a: a / (1 + abs(a)), lambda a: 1 / (1 + abs(a)) ** 2,
        lambda a: a / (1 + abs(a)), lambda a: 1 / (1 + abs(a)) ** 2,
    ),
}  # fmt: skip


def dense(W: Any, b: Any, phi: str, starts: int = 300, seed: int = 0) -> list[Any]:
    """Roots of h = phi(W h + b) by Newton from many starts, polished at 50 digits, regular ones only."""
    f, slope, precise, precise_slope = PHI[phi]
    n = len(W)
    random = np.random.default_rng(seed)
    h = random.uniform(-1.6, 1.6, size=(starts, n))
    h[: starts // 2] = np.sign(h[: starts // 2]) * 0.97
    for _ in range(40):
        a = h @ W.T + b
        J = slope(a)[:, :, None] * W
        with np.errstate(all="ignore"):
            step = np.linalg.solve(np.eye(n) - J + 1e-14 * np.eye(n), (h - f(a))[..., None])[..., 0]
        size = np.abs(step).max(axis=1, keepdims=True)
        h = np.nan_to_num(h - step * np.minimum(1, 1 / np.maximum(size, 1e-300)), nan=0.1)
    residual = np.abs(h - f(h @ W.T + b)).max(axis=1)
    found: list[Any] = []
    for x in h[residual < 1e-12]:
        if not any(np.abs(x - y).max() < 1e-7 for y in found):
            found.append(x)
    polished: list[Any] = []
    with mpmath.workdps(50):
        Wm, bm = mpmath.matrix(W.tolist()), mpmath.matrix(list(map(float, b)))
        for x in found:
            z = mpmath.matrix(x.tolist())
            for _ in range(3):
                a = Wm * z + bm
                gap = z - mpmath.matrix([precise(v) for v in a])
                D = mpmath.diag([precise_slope(v) for v in a])
                try:
                    z = z - mpmath.lu_solve(mpmath.eye(n) - D * Wm, gap)
                except ZeroDivisionError:
                    break
            gap = z - mpmath.matrix([precise(v) for v in Wm * z + bm])
            if mpmath.norm(gap) < mpmath.mpf(10) ** -35 and not any(mpmath.norm(z - y) < 1e-12 for y in polished):
                polished.append(z)
    return polished


def network(random: Any) -> tuple[Any, Any, str]:
    """A random network, biased to what is hard: symmetric, singular, repeated, zero, at a bifurcation."""
    n = int(random.integers(1, 5))
    gain = float(np.exp(random.uniform(np.log(0.2), np.log(5))))
    W = gain * random.normal(size=(n, n)) / np.sqrt(n)
    b = random.choice([0.0, 0.3, 1.0]) * random.normal(size=n)
    kind = random.integers(0, 12)
    if kind == 0:
        W = gain * np.eye(n)
    elif kind == 1:
        W = np.outer(random.normal(size=n), random.normal(size=n))
    elif kind == 2:
        W = (W + W.T) / 2
    elif kind == 3:
        W[0] = 0.0
    elif kind == 4:
        W = np.roll(gain * np.eye(n), 1, axis=0)
    elif kind == 5:
        W, b = np.diag(random.choice([0.5, 1.0, 2.0], size=n)), np.zeros(n)
    phi = str(random.choice(["tanh", "tanh", "tanh", "sigmoid", "arctan", "softsign"]))
    return W, b, phi


def contradictions(seed: int) -> tuple[str, bool]:
    """What is wrong with the set found for one random network ("" if nothing), and whether it was complete."""
    W, b, phi = network(np.random.default_rng(seed))
    found = fixed_points(rs.elman(phi), {"W_h": W, "b": b}, deadline=20)
    roots = dense(W, b, phi, starts=150, seed=seed)
    for z in roots:
        with mpmath.workdps(50):
            slack = mpmath.mpf(10) ** -25
            inside = [
                k
                for k, p in enumerate(found)
                if all(abs(v - _mp(m)) <= _mp(r) + slack for v, m, r in zip(z, p.midpoint, p.radius, strict=True))
            ]
        unsure = any(
            all(lo - 1e-9 <= v <= hi + 1e-9 for v, (lo, hi) in zip(z, box, strict=True)) for box in found.undecided
        )
        if len(inside) > 1:
            return f"seed {seed}: one root in {len(inside)} enclosures", found.complete
        if not inside and not unsure and found.complete:
            return f"seed {seed}: a root is missing from a complete set", found.complete
        if not inside and not unsure and not found.open:
            return f"seed {seed}: a root is missing outside the undecided boxes", found.complete
    for p in found:
        with mpmath.workdps(40):
            x = [_mp(v) for v in p.midpoint]
            a = [
                mpmath.fsum(mpmath.mpf(float(w)) * v for w, v in zip(row, x, strict=True)) + float(c)
                for row, c in zip(W, b, strict=True)
            ]
            if max(abs(PHI[phi][2](u) - v) for u, v in zip(a, x, strict=True)) > mpmath.mpf(10) ** -18:
                return f"seed {seed}: an invented root", found.complete
        J = PHI[phi][1](W @ p.array + b)[:, None] * W
        radius = np.abs(np.linalg.eigvals(J)).max()
        if p.stable is True and radius > 1 + 1e-6 or p.stable is False and radius < 1 - 1e-6:
            return f"seed {seed}: stability {p.stable}, spectral radius {radius}", found.complete
    if found.complete and found.index_sum not in (1, None):
        return f"seed {seed}: index sum {found.index_sum}", found.complete
    return "", found.complete


def _mp(v: Fraction) -> Any:
    return mpmath.mpf(v.numerator) / v.denominator


@pytest.mark.parametrize("count", [40, pytest.param(300, marks=pytest.mark.slow)])
def test_no_false_proof_on_random_networks(count: int) -> None:
    answers = [contradictions(seed) for seed in range(count)]
    assert not [text for text, _ in answers if text]
    assert sum(complete for _, complete in answers) > 0.93 * count


@pytest.mark.slow
@pytest.mark.parametrize("part", range(4))
def test_no_false_proof_on_many_random_networks(part: int) -> None:
    """2,000 networks where RNNSYM_TEST_MULTIPLIER is 20, as in .ci/run."""
    answers = [contradictions(seed) for seed in range(1000 + part, 1000 + times(100), 4)]
    assert not [text for text, _ in answers if text]
    assert sum(complete for _, complete in answers) > 0.9 * len(answers)


# ---------------------------------------------------------------------- smooth cells


@pytest.mark.parametrize("n", range(1, 6))
def test_all_3_to_the_n_fixed_points_of_the_separable_network_are_proved(n: int) -> None:
    found = fixed_points(rs.elman(n=n, m=1), values=dict(W_h=2 * np.eye(n), b=0))
    assert len(found) == 3**n and found.complete and found.index_sum == 1 and found.status == "proved"
    assert len(found.stable) == 2**n
    side = sp.nsolve(sp.tanh(2 * sp.Symbol("x")) - sp.Symbol("x"), 0.95, prec=30)
    for p in found:
        assert all(min(abs(v), abs(abs(v) - side)) < sp.Float(10) ** -24 for v in p.point)


def test_the_public_example_holds() -> None:
    found = rs.fixed_points(rs.elman(n=3, m=1), values=dict(W_h=2 * np.eye(3), b=0))
    assert len(found.points) == 27 and found.complete


def test_a_float_fold_is_decided_and_an_exact_pitchfork_is_reported_undecided() -> None:
    fold = float(np.sqrt(2) - np.log(1 + np.sqrt(2)))
    near = [fixed_points(rs.elman(), {"W_h": [[2]], "b": [np.nextafter(fold, to)]}) for to in (0, 1)]
    assert all(s.complete for s in near) and {len(s) for s in near} <= {1, 3}
    below = fixed_points(rs.elman(), {"W_h": [[2]], "b": [fold * (1 - 1e-13)]})
    assert below.complete and len(below) == 3
    exact = fixed_points(rs.elman(), {"W_h": [[1]]})
    assert not exact.complete and len(exact) == 0 and exact.index_sum is None
    assert any(lo <= 0 <= hi and hi - lo < Fraction(1, 10**9) for ((lo, hi),) in exact.undecided)


def test_a_leaky_cell_has_the_fixed_points_of_the_plain_one() -> None:
    W = [[1.5, -1.0], [1.0, 2.0]]
    plain, leaky = fixed_points(rs.elman(), {"W_h": W}), fixed_points(rs.leaky(), {"W_h": W, "a": 0.001})
    assert leaky.complete and [p.point for p in plain] == [p.point for p in leaky]
    assert abs(leaky[0].multipliers[0]) > 0.99


@pytest.mark.parametrize("name", ["gru", "gru_reset_after", "mgu", "lstm", "low_rank", "jordan", "chaos_free", "ctrnn"])
def test_gated_and_other_cells_are_complete_and_right(name: str) -> None:
    random = np.random.default_rng(3)
    cell = rs.catalogue()[name]()
    sizes = {"n": 2, "m": 1, "p": 2, "r": 1}
    values: dict[str, Any] = {"x": [0.3], "dt": 0.1, "tau": 1.0}
    for a in cell.arrays:
        if a.role == "parameter":
            shape = [int(d) if d.is_Integer else sizes.get(str(d), 2) for d in a.value.shape]
            values[a.name] = 2 * random.normal(size=shape[:1] if a.value.shape[1] == 1 else shape)
    known = {a.name for a in cell.arrays} | {s.name for s in cell._parameter_symbols()}
    values = {k: v for k, v in values.items() if k in known}
    found = fixed_points(cell, values)
    assert found.complete and found.index_sum == 1
    for p in found:
        start = (
            p.array
            if len(cell.state) == 1
            else dict(zip((s.name for s in cell.state), np.split(p.array, 2), strict=True))
        )
        weights = {k: v for k, v in values.items() if k != "x"}
        path = rs.trajectory(cell, weights, start, np.array([[0.3]]))
        last = path[cell.state[0].name] if isinstance(path, dict) else path
        assert np.allclose(np.asarray(last)[-1], p.array[: len(np.asarray(last)[-1])], atol=1e-9)


def test_an_unbounded_cell_needs_a_box_and_is_complete_in_it() -> None:
    silu = rs.elman("silu")
    with pytest.raises(NoClosedForm, match="box="):
        fixed_points(silu, {"W_h": [[2.0]], "b": [-0.5]})
    found = fixed_points(silu, {"W_h": [[2.0]], "b": [-0.5]}, box=(-10, 10))
    x = sp.Symbol("x")
    f = sp.lambdify(x, (2 * x - 0.5) / (1 + sp.exp(-(2 * x - 0.5))) - x)
    grid = f(np.linspace(-10, 10, 100_001))
    assert (
        found.complete and found.box is not None and len(found) == int((np.sign(grid[1:]) != np.sign(grid[:-1])).sum())
    )
    antisymmetric = fixed_points(
        rs.antisymmetric(), {"M": [[0, 1.0], [-1, 0]], "gamma": 0.5, "epsilon": 0.1, "b": [1, 2]}, box=(-9, 9)
    )
    assert antisymmetric.complete and len(antisymmetric) == 1 and antisymmetric[0].stable


def test_a_box_leaves_out_what_is_outside() -> None:
    found = fixed_points(rs.elman(), {"W_h": [[2]]}, box=(0.5, 3))
    assert found.complete and len(found) == 1 and found.index_sum == 1


@pytest.mark.parametrize("n", [40, pytest.param(100, marks=pytest.mark.slow)])
def test_a_contraction_of_many_units_is_proved_at_once(n: int) -> None:
    random = np.random.default_rng(0)
    W = 0.4 * random.normal(size=(n, n)) / n**0.5
    found = fixed_points(rs.elman(), {"W_h": W, "b": random.normal(size=n)})
    assert found.complete and len(found) == 1 and found[0].stable


def test_cycles_of_smooth_cells() -> None:
    assert len(cycles(rs.elman(), 2, {"W_h": [[2.0]]})) == 0
    (two,) = cycles(rs.elman(), 2, {"W_h": [[-2.0]]})
    h = sp.nsolve(sp.tanh(2 * sp.Symbol("x")) - sp.Symbol("x"), 0.95, prec=25)
    assert abs(two.orbit[0][0] + h) < 1e-20 and abs(two.orbit[1][0] - h) < 1e-20 and two.stable
    assert abs(two.multipliers[0] - float(4 * (1 - h**2) ** 2)) < 1e-12
    turning = fixed_points(rs.elman(), {"W_h": np.array([[0, -1.5], [1.5, 0]])})
    assert len(turning) == 1
    fours = cycles(rs.elman(), 4, {"W_h": np.array([[0, -1.5], [1.5, 0]])})
    assert fours.complete and len(fours) == 2 and sorted(bool(c.stable) for c in fours) == [False, True]


# ---------------------------------------------------------------------- stopping, sharing


def test_a_stopped_search_says_what_is_open() -> None:
    W = 3 * np.random.default_rng(0).normal(size=(14, 14)) / 14**0.5
    calls: list[Any] = []
    found = fixed_points(rs.elman(), {"W_h": W}, deadline=0.3, progress=lambda *numbers: calls.append(numbers))
    assert not found.complete and found.open > 0 and found.undecided and calls and calls[-1][1] > 0
    lazy = fixed_points(rs.elman("relu"), {"W_h": np.abs(W), "b": -np.ones(14)}, deadline=0)
    assert not lazy.complete and lazy.open > 0


@pytest.mark.parametrize("kind", ["processes", "dask"])
def test_the_work_may_be_shared_out(kind: str) -> None:
    W = 2.2 * np.random.default_rng(0).normal(size=(7, 7)) / 7**0.5
    alone = fixed_points(rs.elman(), {"W_h": W})

    def with_executor(executor: Executor) -> FixedPointSet:
        return fixed_points(rs.elman(), {"W_h": W}, executor=executor)

    if kind == "processes":
        with ProcessPoolExecutor(2) as pool:
            shared = with_executor(pool)
    else:
        distributed = pytest.importorskip("distributed")
        with distributed.Client(n_workers=1, threads_per_worker=2, processes=False, dashboard_address=None) as client:
            shared = with_executor(client.get_executor())
    assert alone.complete and shared.complete and len(alone) == len(shared) > 1
    assert all(
        abs(a - b) < Fraction(1, 10**22)
        for p, q in zip(alone, shared, strict=True)
        for a, b in zip(p.midpoint, q.midpoint, strict=True)
    )


def test_the_answers_pickle_and_print() -> None:
    found = fixed_points(rs.elman(), {"W_h": 2 * np.eye(2)})
    again = pickle.loads(pickle.dumps(found))
    assert again == found and str(again) == str(found) and "9 fixed points of elman, proved, complete" in str(found)
    exact = fixed_points(rs.elman("relu"), {"W_h": [[1]]})
    assert pickle.loads(pickle.dumps(exact)).faces[0].conditions == exact.faces[0].conditions and "line" in str(exact)


# ---------------------------------------------------------------------- piecewise linear cells


def brute(W: Any, b: Any, pieces: Any) -> set[tuple[Any, ...]]:
    """Every admissible solution of every regular region, in SymPy's rationals."""
    import itertools

    n = len(b)
    W, b = sp.Matrix(W), sp.Matrix(b)
    found = set()
    for region in itertools.product(pieces, repeat=n):
        D, o = sp.diag(*(p[0] for p in region)), sp.Matrix([p[1] for p in region])
        M = sp.eye(n) - D * W
        if M.det() == 0:
            continue
        h = M.LUsolve(D * b + o)
        a = W * h + b
        if all(p[2] <= v <= p[3] for v, p in zip(a, region, strict=True)):
            found.add(tuple(h))
    return found


KINDS = {
    "relu": [(0, 0, -sp.oo, 0), (1, 0, 0, sp.oo)],
    "hard_tanh": [(0, -1, -sp.oo, -1), (1, 0, -1, 1), (0, 1, 1, sp.oo)],
    "leaky_relu": [(sp.Rational(1, 100), 0, -sp.oo, 0), (1, 0, 0, sp.oo)],
}


@pytest.mark.parametrize("phi", sorted(KINDS))
@pytest.mark.parametrize("seed", range(12))
def test_piecewise_linear_sets_equal_brute_force_in_rationals(phi: str, seed: int) -> None:
    random = np.random.default_rng(seed)
    n = int(random.integers(1, 4))
    W = [[sp.Rational(int(v), 2) for v in row] for row in random.integers(-5, 6, size=(n, n))]
    b = [sp.Rational(int(v), 2) for v in random.integers(-3, 4, size=n)]
    found = fixed_points(rs.elman(phi), {"W_h": W, "b": b})
    expected = brute(W, b, KINDS[phi])
    own = {tuple(p.point) for p in found}
    assert found.complete and own <= expected
    assert all(any(f.contains(sp.Matrix(p)) for f in found.faces) for p in expected - own)


def test_relu_faces_are_found_and_not_skipped() -> None:
    line = fixed_points(rs.elman("relu"), {"W_h": [[sp.Rational(1, 2)] * 2] * 2})
    assert line.complete and len(line) == 0 and len(line.faces) == 1
    face = line.faces[0]
    assert face.dimension == 1 and face.attracting and face.contains([3, 3]) and not face.contains([-1, -1])
    whole = fixed_points(rs.elman("hard_tanh"), {"W_h": sp.eye(2)})
    assert [f.dimension for f in whole.faces] == [2] and whole.faces[0].contains([1, -1])
    none = fixed_points(rs.elman("relu"), {"W_h": [[1]], "b": [1]})
    assert none.complete and not none.points and not none.faces
    one = fixed_points(rs.elman("relu"), {"W_h": [[1]], "b": [-1]})
    assert one.complete and [tuple(p.point) for p in one] == [(0,)] and not one.faces


def test_kinks_and_marginal_points_are_named_not_judged() -> None:
    (kink,) = fixed_points(rs.elman("relu"), {"W_h": [[sp.Rational(1, 2)]]})
    assert kink.kinks == (0,) and kink.stable is None and "kink" in str(kink)
    (flip,) = fixed_points(rs.elman("relu"), {"W_h": [[-1]], "b": [1]})
    assert flip.stable is None and flip.is_exact and "marginal" in str(flip)
    turning = fixed_points(rs.linear(), {"W_h": [[0, -1], [1, 0]], "b": [1, 0]})
    assert turning[0].stable is None and turning.complete


def test_floats_are_the_dyadic_rationals_they_are() -> None:
    (p,) = fixed_points(rs.linear(), {"W_h": [[0.5]], "b": [0.1]})
    assert p.point[0] == 2 * sp.Rational(0.1) != sp.Rational(1, 5)


def test_cycles_of_relu_networks() -> None:
    (two,) = cycles(rs.elman("relu"), 2, {"W_h": [[-2]], "b": [1]})
    assert [tuple(c) for c in two.orbit] == [(0,), (1,)] and two.stable and two.multipliers[0] == 0
    family = cycles(rs.elman("relu"), 2, {"W_h": [[-1]], "b": [1]})
    assert not family.points and family.faces[0].contains([sp.Rational(1, 4), sp.Rational(3, 4)])
    three = cycles(rs.elman("relu"), 3, {"W_h": [[0, 0, 1], [1, 0, 0], [0, 1, 0]]})
    assert three.faces and not three.points


def test_a_large_contraction_is_exact_and_complete() -> None:
    random = np.random.default_rng(1)
    W = 0.3 * random.normal(size=(40, 40)) / 40**0.5
    found = fixed_points(rs.elman("relu"), {"W_h": W, "b": random.normal(size=40)})
    assert found.complete and len(found) == 1 and found.treated == 1 and found[0].stable


def test_relu_with_symbols_gives_each_region_with_its_conditions() -> None:
    w, b = sp.symbols("w b", real=True)
    found = fixed_points(rs.elman("relu", W_h=w, b=b, W_x=0))
    assert len(found.results) == 3 and len(found.continua) == 1 and found.complete
    _refuse_wrong_branches(found.results)
    with pytest.raises(NoClosedForm, match="values="):
        fixed_points(rs.elman(n=2, m=1))
    with pytest.raises(LimitReached, match="4 states"):
        fixed_points(rs.elman("relu", n=4, m=1))


@pytest.mark.parametrize("every", [5, pytest.param(1, marks=pytest.mark.slow)])
def test_a_network_with_symbols_gives_each_region_and_stratum(every: int) -> None:
    found = fixed_points(rs.plrnn(n=2, m=1))
    assert len(found.results) == 11 and len(found.continua) == 7
    _refuse_wrong_branches(found.results[::every])


def _refuse_wrong_branches(results: Any) -> None:
    for result in results:
        assert rs.verify(result, trials=10)
        for given, where in ((result.given, tuple((s, e + 1) for s, e in result.where)), (sp.true, result.where)):
            wrong = rs.Result("x", result.lhs, "=", result.rhs, given, where, arrays=result.arrays)
            assert (given, where) == (result.given, result.where) or not rs.verify(wrong, trials=20)


CORNERS = (-1, 0, sp.Rational(1, 2), 1, 2)


def table_of(phi: str, n: int) -> tuple[Any, Any, Any]:
    """(cell with symbols, the symbols, values of W_h and b at numbers for them)."""
    w, b = sp.symbols("w b", real=True)
    if n == 1:
        cell = rs.elman(phi, W_h=w, W_x=0, b=b)
        return cell, (w, b), lambda v, c: {"W_h": [[v]], "b": [c]}
    cell = rs.elman(phi, W_h=[[w, 1], [1, w]], W_x=[[0], [0]], b=[b, -b])
    return cell, (w, b), lambda v, c: {"W_h": [[v, 1], [1, v]], "b": [c, -c]}


@pytest.mark.parametrize(("phi", "n"), [("relu", 1), ("hard_tanh", 1), ("leaky_relu", 1), ("relu", 2)])
def test_what_is_said_with_symbols_is_what_is_found_with_numbers(phi: str, n: int) -> None:
    cell, symbols, numbers = table_of(phi, n)
    found = fixed_points(cell)
    assert found.complete
    met = 0
    for corner in itertools.product((*CORNERS, 100) if phi == "leaky_relu" else CORNERS, CORNERS[1:4]):
        values = dict(zip(symbols, corner, strict=True))
        told = fixed_points(rs.elman(phi), numbers(*corner))
        at = [
            (r.given.subs(values), {s: e.subs(values) for s, e in r.where}, r)
            for r in found.results
            if r.given.subs(values) != sp.false
        ]
        for point in (*(p.point for p in told), *(f.point for f in told.faces)):
            star = dict(zip(found.results[0].rhs, point, strict=True))
            assert any(
                g.subs(star) == sp.true and all(e.subs(star) == star[s] for s, e in where.items()) for g, where, _ in at
            ), (corner, point)
        for given, where, result in at:  # and nothing is invented
            if len(where) == n and given == sp.true:
                point = sp.Matrix([where[s] for s in result.rhs])
                assert any(point == sp.Matrix(p.point) for p in told) or any(f.contains(point) for f in told.faces)
        met += len(told.faces)
    assert met > 0, "no continuum was met"


def test_line_attractors_are_named_with_symbols() -> None:
    """A referee's examples: the ray of W_h = 1, b = 0, and the diagonal of w = 0, were lost."""
    w, b = sp.symbols("w b", real=True)
    ray = fixed_points(rs.elman("relu", W_h=1, W_x=0, b=b))
    (line,) = ray.continua
    assert line.given == sp.And(sp.Eq(b, 0), line.rhs[0] >= 0) and "a continuum" in str(ray)
    both = fixed_points(rs.elman("relu", W_h=[[w, 1], [1, w]], W_x=[[0], [0]], b=[0, 0]))
    (diagonal,) = both.continua
    free = diagonal.rhs[1]
    assert diagonal.where == ((diagonal.rhs[0], free),) and diagonal.given == sp.And(sp.Eq(w, 0), free >= 0)
    assert rs.verify(diagonal, trials=10)
    wrong = rs.Result("x", diagonal.lhs, "=", diagonal.rhs, free >= 0, diagonal.where)
    assert not rs.verify(wrong, trials=20)
    rotation = fixed_points(rs.elman("relu", W_h=[[0, 1], [-1, 0]], W_x=[[0], [0]], b=[b, b]))
    assert rotation.complete and not rotation.continua  # I - J is never singular


def test_at_a_kink_there_are_no_multipliers_but_one_sided_ones() -> None:
    (kink,) = fixed_points(rs.elman("relu"), {"W_h": [[2]]})
    assert kink.multipliers == () and kink.index is None and kink.stable is None
    assert [values for _, values in kink.one_sided] == [(0j,), (2 + 0j,)]
    assert "no Jacobian, one-sided |multiplier| 0, 2" in str(kink)
    (end,) = fixed_points(rs.elman("hard_tanh"), {"W_h": [[sp.Rational(1, 2)]], "b": [sp.Rational(1, 2)]})
    assert [region for region, _ in end.one_sided] == [(1,), (2,)]
    # a unit at its kink that has no weights: there is a Jacobian
    (smooth,) = fixed_points(rs.elman("relu"), {"W_h": [[0, 0], [1, sp.Rational(1, 2)]], "b": [0, 1]})
    assert smooth.kinks == (0,) and smooth.stable is True and smooth.multipliers[0] == 0.5
    (selu,) = fixed_points(rs.elman("selu"), {"W_h": [[sp.Rational(1, 2)]]}, box=(-5, 5))
    assert selu.multipliers == () and selu.stable is None
    (elu,) = fixed_points(rs.elman("elu"), {"W_h": [[sp.Rational(1, 2)]]}, box=(-5, 5))
    assert elu.multipliers == (0.5 + 0j,) and elu.stable is True  # once differentiable


# ---------------------------------------------------------------------- bad input


@pytest.mark.parametrize(
    ("values", "error", "text"),
    [
        ({"W_h": [[np.nan]]}, SpecError, "W_h holds nan"),
        ({"W_h": [[np.inf]]}, SpecError, "inf"),
        ({"W_h": [[1j]]}, SpecError, "complex"),
        ({"W_h": [[True]]}, SpecError, "real number"),
        ({"W_h": [[2]], "w_h": 1}, SpecError, "no parameter 'w_h'"),
        ({"W_h": [[1, 2]]}, ShapeError, "1 x 2"),
        ({"W_h": [[1]], "b": [1, 2]}, ShapeError, "b is 2 x 1"),
        ({"b": [1]}, SpecError, "W_h"),
        ({"W_h": [[1]], "x": [1]}, SpecError, "W_x"),
        ({"W_h": np.eye(300)}, LimitReached, "300"),
    ],
)  # fmt: skip
def test_bad_values_are_refused(values: Any, error: type[RnnsymError], text: str) -> None:
    with pytest.raises(error, match=text):
        fixed_points(rs.elman(), values)


def test_a_continuum_of_a_smooth_map_ends_the_search_without_a_claim(no_hang: None) -> None:
    found = fixed_points(rs.elman("elu"), {"W_h": [[1]], "b": [0]}, box=(-2, 2))  # all h >= 0 are fixed
    assert not found.complete and found.undecided and found.open
