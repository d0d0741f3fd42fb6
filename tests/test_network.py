"""Networks of numbers: proved bounds, fixed points, gradients, ranks, certificates, on numbers whose answers are known."""

from functools import cache

import flint
import numpy as np
import pytest

import rnnsym as rs
from rnnsym.cells import elman, gru, gru_reset_after, leaky, lstm
from rnnsym.network import enclosures
from rnnsym.network.running import run
from rnnsym.result import KinkError, LimitReached, NoClosedForm, ShapeError, SpecError
from rnnsym.weights import Network

SHAPES = {"n": 4, "m": 2}


@cache
def network(kind="elman", n=4, gain=1.0, seed=0, dtype="float64", zero_bias=False):
    cell = {"elman": elman, "gru": gru, "after": gru_reset_after, "lstm": lstm, "leaky": leaky}[kind]()
    random, sizes = np.random.default_rng(seed), {"n": n, "m": 2}
    values = {}
    for s in cell.parameters:
        shape = [sizes[str(d)] for d in s.shape if str(d) != "1"] if s.is_Matrix else []
        values[s.name] = (gain * random.normal(size=shape) / n**0.5).astype(dtype) if shape else 0.25
        if zero_bias and s.name.startswith("b"):
            values[s.name] = values[s.name] * 0
    return Network(cell, values)


def exact_singular_values(A):
    """By FLINT, from the characteristic polynomial of A^T A in exact numbers."""
    top = [[flint.fmpq(*v.as_integer_ratio()) for v in row] for row in A.tolist()]
    M = flint.fmpq_mat(top)
    p = (M.transpose() * M).charpoly()
    whole = flint.fmpz_poly([int(c * p.denom()) for c in p.coeffs()])
    return sorted([float(abs(r.real)) ** 0.5 for r, k in whole.complex_roots() for _ in range(k)], reverse=True)


# bounds


@pytest.mark.parametrize("shape", [(1, 1), (3, 3), (5, 2), (2, 5), (6, 6)])
def test_singular_values_lie_in_their_bounds(shape):
    for seed in range(3):
        A = np.random.default_rng(seed).normal(size=shape)
        A = A if seed < 2 else np.outer(A[:, 0], A[0])
        found = rs.network.singular_values(A)
        want = exact_singular_values(A if shape[0] >= shape[1] else A.T)
        for low, high, value in zip(found.lower, found.upper, want, strict=True):
            assert low - 1e-12 * want[0] <= value <= high + 1e-12 * want[0] and high - low < 1e-9 * (1 + want[0])


def test_bounds_hold_for_every_matrix_within_a_radius():
    random = np.random.default_rng(1)
    A, R = random.normal(size=(4, 4)), np.full((4, 4), 0.01)
    sizes, values = rs.network.singular_values(A, R), rs.network.spectrum(A, R)
    for _ in range(50):
        B = A + R * random.choice([-1, 1], size=(4, 4))
        s = np.linalg.svd(B, compute_uv=False)
        assert (sizes.lower <= s).all() and (s <= sizes.upper).all()
        assert all(np.abs(values.values - v).min() <= values.radius for v in np.linalg.eigvals(B))
        assert values.modulus[0] <= np.abs(np.linalg.eigvals(B)).max() <= values.modulus[1]


@pytest.mark.parametrize(
    ("A", "modulus", "stable"),
    [
        ([[0.5, 0.0], [0.0, -0.25]], 0.5, True),
        ([[0.0, 5.0], [0.0, 0.0]], 0.0, True),  # defective: only the absolute bound reaches it
        ([[0.0, -1.2], [1.2, 0.0]], 1.2, False),
        ([[1.0, 0.0], [0.0, 1.0]], 1.0, None),
        ([[0.9, 1e3], [0.0, 0.9 + 1e-9]], 0.9 + 1e-9, True),  # nearly defective
    ],
)
def test_the_spectral_radius_is_bounded(A, modulus, stable):
    found = rs.network.spectrum(A)
    assert found.modulus[0] <= modulus * (1 + 1e-12) and modulus * (1 - 1e-12) <= found.modulus[1]
    assert found.stable is stable or found.stable is None


def test_perron_bounds_meet_at_a_periodic_and_a_reducible_matrix():
    for M, value in (
        ([[0.0, 2.0], [2.0, 0.0]], 2.0),
        ([[0.5, 1.0], [0.0, 0.25]], 0.5),
        ([[-1.0, 1.0], [1.0, -1.0]], 2.0),
    ):
        low, high, v = rs.network.perron_bounds(M)
        assert low <= value * (1 + 1e-9) and value <= high <= value + 1e-3 and (v > 0).all()


# runs


def test_states_and_jacobians_broadcast_over_a_batch():
    nw, x = network("lstm"), np.random.default_rng(2).normal(size=(5, 3, 2))
    whole, one = rs.network.jacobians(nw, x), rs.network.jacobians(nw, x[:, 1])
    assert whole.shape == (5, 3, 8, 8) and np.abs(whole[:, 1] - one).max() < 1e-14
    found = rs.network.states(nw, x, h0={"h": np.ones(4)})
    assert set(found) == {"c", "h"} and found["h"].shape == (5, 3, 4)


def test_jacobians_are_difference_quotients():
    nw, e = network("after"), 1e-6
    course = run(nw, np.ones((1, 2)), h0=np.array([0.1, -0.2, 0.3, 0.0]))
    J = rs.network.jacobians(nw, np.ones((1, 2)), h0=course.before[0])[0]
    for k in range(4):
        step = e * np.eye(4)[k]
        up, down = (rs.network.states(nw, np.ones((1, 2)), h0=course.before[0] + s)[0] for s in (step, -step))
        assert np.abs((up - down) / (2 * e) - J[:, k]).max() < 1e-8


def test_what_does_not_fit_a_run_is_named():
    nw = network()
    for make, match in (
        (lambda: rs.network.states(nw, np.ones((5, 3))), r"x has shape \(5, 3\); \(T, ..., 2\) is needed"),
        (lambda: rs.network.states(nw, np.ones((5, 2)), h0=np.ones(3)), r"h0 has shape \(3,\); \(..., 4\) is needed"),
        (lambda: rs.network.states(nw, np.ones((5, 2)), steps=4), "x has 5 steps, steps is 4"),
    ):
        with pytest.raises(ShapeError, match=match):
            make()
    with pytest.raises(SpecError, match="needs inputs x"):
        rs.network.states(nw)
    with pytest.raises(SpecError, match="no state 'c'; it has: h"):
        rs.network.states(nw, steps=1, h0={"c": np.ones(4)})
    with pytest.raises(LimitReached, match="GB; limit 1 GB. Ask fewer steps, or gradient_norms"):
        rs.network.jacobians(network(n=64), steps=40_000)
    wild = Network(elman("relu"), {"W_h": [[1e200]], "W_x": [[1.0]]})
    with pytest.raises(SpecError, match="left the finite numbers at step 2"):
        rs.network.states(wild, np.full((3, 1), 1e200))


def test_a_relu_exactly_at_its_kink_is_named():
    nw = Network(elman("relu"), {"W_h": np.eye(2) / 2, "W_x": np.ones((2, 1))})
    with pytest.raises(KinkError, match="ReLU is not differentiable at a=0"):
        rs.network.jacobians(nw, steps=1)
    assert not rs.network.jacobians(nw, steps=1, kink="left").any()
    assert (rs.network.jacobians(nw, steps=1, kink="right")[0] == np.eye(2) / 2).all()
    assert "is not differentiable" in rs.inspection(nw, steps=2).section("Time scales").lines[0]


# gradients


@pytest.mark.parametrize("kind", ["elman", "leaky", "gru", "lstm"])
def test_gradient_norms_obey_their_bounds(kind):
    found = rs.network.gradient_norms(network(kind, gain=1.5), np.random.default_rng(0).normal(size=(25, 2)))
    assert found.holds and found.steps == 25
    assert (found.rate is None) == (kind in ("gru", "lstm"))
    J = rs.network.jacobians(network(kind, gain=1.5), np.random.default_rng(0).normal(size=(25, 2)))
    assert found.norm[2] == pytest.approx(np.linalg.norm(J[24] @ J[23] @ J[22], 2), rel=1e-12)


def test_a_bound_that_is_too_small_is_seen():
    from dataclasses import replace

    found = rs.network.gradient_norms(network(gain=1.5), steps=10)
    assert not replace(found, rate=found.rate / 4).holds
    assert not replace(found, largest=found.norm * 0.9).holds
    assert not replace(found, least=found.smallest * 1.5 + 1e-3).holds


def test_leading_lyapunov_exponents_are_those_of_the_small_cell():
    nw = network("elman", gain=1.2, zero_bias=True)
    ours = rs.network.lyapunov_exponents(nw, steps=300, transient=50)
    theirs = rs.lyapunov_exponents(nw.cell, nw.values, steps=300, transient=50)
    assert ours.exponents == pytest.approx(theirs.exponents, abs=1e-3)
    assert sum(ours.exponents) == pytest.approx(ours.mean_log_det, abs=1e-9)
    two = rs.network.lyapunov_exponents(nw, count=2, steps=300, transient=50)
    assert two.exponents == pytest.approx(ours.exponents[:2], abs=1e-2) and np.isnan(two.mean_log_det)


# fixed points


def test_newton_finds_what_the_search_proves():
    nw = Network(elman(), {"W_h": 2 * np.eye(3), "W_x": np.ones((3, 2))})
    whole = rs.network.fixed_points(nw)
    assert whole.complete and len(whole) == 27 and len(whole.stable) == 8
    some = rs.network.fixed_points(nw, deadline=0)
    assert not some.complete and 8 <= len(some) <= 27
    for p in some:
        assert min(np.abs(p.array - q.array).max() for q in whole) < 1e-12
        assert p.stable is next(q.stable for q in whole if np.abs(p.array - q.array).max() < 1e-9)


@pytest.mark.parametrize(("kind", "n"), [("elman", 24), ("gru", 8), ("after", 8), ("lstm", 8)])
def test_points_beyond_the_search_are_proved_one_by_one(kind, n):
    nw = network(kind, n=n, gain=1.4, zero_bias=True)
    found = rs.network.fixed_points(nw, deadline=0, starts=20)
    assert len(found) and not found.complete and found.status == "proved"
    for p in found:
        after = rs.network.states(nw, steps=1, h0=p.array)
        after = after[0] if kind != "lstm" else np.concatenate([after["c"], after["h"]], axis=-1)[0]
        assert np.abs(after - p.array).max() < 1e-12 and float(max(p.radius)) < 1e-8
        largest = np.abs(np.linalg.eigvals(rs.network.linearization(nw, p).A)).max()
        assert p.stable is bool(largest < 1)


def test_a_fixed_point_under_an_input_and_from_a_guess():
    nw = network(gain=0.5)
    found = rs.network.fixed_points(nw, x=[0.3, -0.2])
    assert found.complete and len(found) == 1
    again = rs.network.fixed_points(nw, x=[0.3, -0.2], starts=0, guesses=found[0].array, deadline=0)
    assert np.abs(again[0].array - found[0].array).max() < 1e-14
    near = rs.network.linearization(nw, found[0], x=[0.3, -0.2])
    assert near.residual < 1e-15
    with pytest.raises(ShapeError, match="x has 3 entries; the network has 2 inputs"):
        rs.network.fixed_points(nw, x=[1, 2, 3])


def test_a_network_too_large_for_exact_equations_says_so():
    with pytest.raises(LimitReached, match="rnnsym.network.newton finds fixed points without proving"):
        rs.network.fixed_points(network("lstm", n=300, dtype="float32"))


# linear


def test_linearization_is_that_of_the_symbolic_room():
    nw = network("elman", n=2, gain=0.5)
    point = rs.network.fixed_points(nw)[0]
    near = rs.network.linearization(nw, point)
    exact = rs.linearize(elman(**nw.values), at=point.array)
    assert np.abs(np.array(exact.A.evalf(), dtype=float) - near.A).max() < 1e-12
    assert np.abs(np.array(exact.B.evalf(), dtype=float) - near.B).max() < 1e-12
    H = rs.transfer_function(near.system).rhs
    (z,) = H.free_symbols
    want = np.array(H.subs(z, 2).evalf(), dtype=complex)
    assert np.abs(near.transfer(2.0) - want).max() < 1e-10
    with pytest.raises(LimitReached, match="a LinearSystem of exact numbers is made up to 32"):
        _ = rs.network.linearization(network(n=40)).system


def test_the_output_map_gives_C_and_D():
    cell = elman(output="C @ h + D @ x")
    values = {"W_h": np.eye(2) / 2, "W_x": np.ones((2, 1)), "C": [[1.0, 2.0]], "D": [[3.0]]}
    near = rs.network.linearization(Network(cell, values))
    assert near.C.tolist() == [[1.0, 2.0]] and near.D.tolist() == [[3.0]]
    curved = Network(elman(output="tanh(C @ h)"), {k: v for k, v in values.items() if k != "D"} | {"b": [1.0, 0.0]})
    near = rs.network.linearization(curved)
    h = np.tanh([1.0, 0.0])
    assert near.C == pytest.approx(np.array([[1.0, 2.0]]) * (1 - np.tanh(h[0]) ** 2), rel=1e-12) and not near.D.any()


def test_time_scales():
    found = rs.network.timescales(
        [[0.0, -1.0, 0.0, 0.0], [1.0, 0.0, 0.0, 0.0], [0.0, 0.0, 0.5, 0.0], [0.0, 0.0, 0.0, 0.0]]
    )
    assert found.period[:2].tolist() == [4.0, 4.0] and np.isinf(found.decay[:2]).all()
    assert found.half_life[2] == pytest.approx(1.0) and found.decay[3] == 0.0


def test_ranks_are_certain_or_bounded():
    rank = rs.network.numerical_rank
    assert rank(np.eye(3)).rank == 3 and rank([[1.0, 2.0], [2.0, 4.0]]).rank == 1
    third = np.array(
        [[1.0, 1 / 3], [3.0, 1.0]]
    )  # the float nearest to 1/3: of rank 2 itself, within rounding of rank 1
    assert rank(third, radius=0.0).rank == 2 and rank(third).least == 1
    assert rank(third.astype(np.float32)).least == 1
    noisy = np.outer([1.0, 2.0, 3.0], [1.0, 1.0, 1.0]) + 1e-9 * np.eye(3)
    assert rank(noisy, radius=1e-6).rank == 1 and rank(noisy).rank == 3
    assert "rank 1 within 1e-06, proved" in str(rank(noisy, radius=1e-6))
    wide = np.random.default_rng(0).normal(size=(120, 3)) @ np.random.default_rng(1).normal(size=(3, 120))
    assert rank(wide, radius=1e-6).rank == 3
    with pytest.raises(ShapeError):
        rank([1.0, 2.0])
    with pytest.raises(SpecError, match="radius"):
        rank(np.eye(2), radius=-1.0)


def test_reachable_dimensions_are_exact():
    A = np.diag([0.5, 0.25, 0.25])
    assert rs.network.reachable_dimension(A, np.ones((3, 1))) == 2
    assert rs.network.reachable_dimension(A, np.eye(3)[:, :2]) == 2
    assert rs.network.reachable_dimension(np.diag([0.1, 0.2, 0.3]), np.ones((3, 1))) == 3
    assert rs.network.reachable_dimension(A, np.zeros((3, 1))) == 0
    big = network(n=40)
    assert rs.network.reachable_dimension(big.values["W_h"], big.values["W_x"]) == 40  # floats alone say less


# certificates


def holding(nw):
    return {c.name: c for c in rs.network.certificates(nw)}


def test_certificates_agree_with_those_of_the_exact_room():
    for gain in (0.4, 1.0):
        nw = network("elman", n=2, gain=gain)
        ours = holding(nw)
        for c in rs.certificates(nw.cell, {"W_h": nw.values["W_h"]}):
            if c.name in ours and c.name != "best diagonal metric":
                assert ours[c.name].holds is c.holds and ours[c.name].value == pytest.approx(c.value, rel=1e-9)
    assert holding(network("leaky", gain=0.4))["norm 2"].value == pytest.approx(
        0.75 + 0.25 * np.linalg.norm(network("leaky", gain=0.4).values["W_h"], 2), rel=1e-9
    )


def test_a_diagonal_metric_is_a_witness():
    W = np.array([[0.5, 3.0], [-0.1, 0.5]])
    found = holding(Network(elman(), {"W_h": W, "W_x": np.ones((2, 1))}))
    assert found["norm 2"].holds is False and found["diagonal metric"].holds is True
    q = found["diagonal metric"].witness
    assert np.linalg.norm(W * (q[:, None] / q[None, :]), 2) <= found["diagonal metric"].value < 1
    assert holding(Network(elman(), {"W_h": 2 * W, "W_x": np.ones((2, 1))}))["diagonal metric"].holds is None


@pytest.mark.parametrize("kind", ["gru", "after", "lstm"])
def test_certified_gated_networks_forget_their_states(kind):
    nw = network(kind, gain=0.15)
    found = rs.network.certificates(nw)
    (incremental,) = (c for c in found if "incremental" in c.name)
    assert incremental.holds is True
    random = np.random.default_rng(3)
    x = random.uniform(-1, 1, size=(20, 1, 2))
    start = random.uniform(-1, 1, size=(30, nw.n)) * (0.1 if kind == "lstm" else 1.0)
    course = run(nw, np.broadcast_to(x, (20, 30, 2)), h0=start)
    gaps = np.abs(course.before[:, :, None] - course.before[:, None, :]).max(axis=-1)
    if kind != "lstm":  # of the LSTM the pair of norms contracts, not their maximum
        assert (gaps[1:] <= incremental.value * gaps[:-1] + 1e-12).all()
    assert gaps[-1].max() < 0.05 * gaps[0].max()
    assert all(c.holds is None for c in rs.network.certificates(network(kind, gain=3.0)))


def test_other_cells_have_no_certificates_here():
    with pytest.raises(NoClosedForm):
        rs.network.certificates(Network(rs.min_gru(), {"W_xz": [[1.0]], "W_xg": [[1.0]]}))


# at size


@pytest.mark.slow
def test_everything_runs_with_512_units():
    nw = network(n=512, gain=0.9, dtype="float32")
    found = rs.network.fixed_points(nw, starts=2)
    assert len(found) == 1 and found[0].stable is True
    near = rs.network.linearization(nw, found[0])
    assert near.poles.stable is True and rs.network.gradient_norms(nw, steps=4).holds
    assert rs.network.singular_values(nw.values["W_h"]).smallest[0] > 0
    assert any(c.holds is False for c in rs.network.certificates(nw))


@pytest.mark.slow
def test_bounds_hold_on_many_matrices():
    random = np.random.default_rng(9)
    for k in range(300):
        n = int(random.integers(1, 9))
        A = random.normal(size=(n, n)) * 10.0 ** random.integers(-3, 4, size=(n, 1))
        A = np.triu(A) if k % 3 == 0 else np.round(A) if k % 3 == 1 else A
        found, want = rs.network.singular_values(A), exact_singular_values(A)
        assert all(
            low <= v * (1 + 1e-9) + 1e-300 and v <= high * (1 + 1e-9)
            for low, high, v in zip(found.lower, found.upper, want, strict=True)
        )
        p = flint.fmpq_mat([[flint.fmpq(*v.as_integer_ratio()) for v in row] for row in A.tolist()]).charpoly()
        largest = max(
            (float(abs(r)) for r, _ in flint.fmpz_poly([int(c * p.denom()) for c in p.coeffs()]).complex_roots()),
            default=0.0,
        )
        low, high = enclosures.spectrum(A).modulus
        assert low <= largest * (1 + 1e-12) + 1e-300 and largest <= high * (1 + 1e-12)
