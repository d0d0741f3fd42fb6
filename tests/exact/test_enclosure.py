"""Interval evaluations hold the values of balls, roots are proved or left undecided, stability is decided on the circle."""

from __future__ import annotations

import pickle
from fractions import Fraction
from typing import Any

import flint
import numpy as np
import pytest

from rnnsym.exact import balls, krawczyk
from rnnsym.exact.circle import schur_balls, schur_rational
from rnnsym.exact.enclosure import clusters, distinct, search_all
from rnnsym.exact.intervals import FUNCTIONS, Interval, chord, multiply, power, reciprocal
from rnnsym.exact.programs import Affine, Apply, Product, Program, Reciprocal

PARAMETERS = {"leaky_relu": (0.25,), "elu": (0.75,), "power": (3.0,)}


def network(W: Any, b: Any, phi: str = "tanh") -> Program:
    """h -> phi(W h + b)."""
    table = tuple(tuple(Fraction(float(v)) for v in row) for row in W)
    return Program(len(W), (Affine(((0, table),), tuple(Fraction(float(v)) for v in b)), Apply(phi, 1)), (2,))


def gated() -> Program:
    """(1 / (1 + h^2)) * sigmoid(W h + 1/3), with a number that no float holds."""
    table = ((Fraction(1, 3), Fraction(-2)), (Fraction(5, 7), Fraction(1, 2)))
    return Program(
        2,
        (
            Affine(((0, table),), (Fraction(1, 3), Fraction(0))),
            Apply("sigmoid", 1),
            Product(0, 0),
            Affine(((3, None),), (Fraction(1), Fraction(1))),
            Reciprocal(4),
            Product(2, 5),
        ),
        (6,),
    )


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_ends_slopes_and_chords_hold_the_function(name: str) -> None:
    f, random = FUNCTIONS[name], np.random.default_rng(1)
    parameters = PARAMETERS.get(name, ())
    scale = np.exp(random.uniform(np.log(1e-9), np.log(40), size=300))
    middle = random.normal(size=300) * random.choice([0, 0.1, 1, 8], size=300)
    x = Interval(middle - scale, middle + scale)
    value, slope = f.value(x, *parameters), f.slope(x, *parameters)
    s, rest = chord(f, x, value, parameters)
    with balls.precision(50):
        exact = [flint.arb(p) for p in parameters]
        for i in range(300):
            for t in (0, 1, 0.5, *random.uniform(size=8)):
                at = float(np.clip(x.lo[i] + t * (x.hi[i] - x.lo[i]), x.lo[i], x.hi[i]))
                y, d = f.ball(flint.arb(at), *exact), f.ball_slope(flint.arb(at), *exact)
                assert not y < float(value.lo[i]) and not y > float(value.hi[i])
                assert not d < float(slope.lo[i]) and not d > float(slope.hi[i])
                left = y - flint.arb(float(s[i])) * flint.arb(at)
                assert not left < float(rest.lo[i]) and not left > float(rest.hi[i])


def test_arithmetic_of_intervals_is_outward() -> None:
    random = np.random.default_rng(2)
    a, b = (
        Interval(m - r, m + r)
        for m, r in zip(random.normal(size=(2, 50)), abs(random.normal(size=(2, 50))), strict=True)
    )
    for i in range(50):
        for u in (a.lo[i], a.hi[i], (a.lo[i] + a.hi[i]) / 2):
            for v in (b.lo[i], b.hi[i]):
                p = Fraction(u) * Fraction(v)
                found = multiply(a, b)
                assert Fraction(found.lo[i]) <= p <= Fraction(found.hi[i])
            assert Fraction(power(a, 2).lo[i]) <= Fraction(u) ** 2 <= Fraction(power(a, 2).hi[i])
    assert np.isinf(reciprocal(Interval(np.array([-1.0]), np.array([1.0]))).lo[0])


@pytest.mark.parametrize(
    "program", [network([[1.5, -2], [0.7, 0.3]], [0.1, -1]), network([[3, 1], [0, 2]], [0, 1], "erf"), gated()]
)
def test_programs_hold_values_jacobians_and_linear_forms(program: Program) -> None:
    random = np.random.default_rng(3)
    middle, scale = random.normal(size=(40, 2)), np.exp(random.uniform(np.log(1e-8), 1, size=(40, 1)))
    x = Interval(middle - scale, middle + scale)
    value, J = program.intervals(x)
    A, r = program.linear(x)
    assert J is not None
    with balls.precision(50):
        for i in range(40):
            for _ in range(6):
                at = [float(v) for v in random.uniform(x.lo[i], x.hi[i])]
                y, D = program.balls([flint.arb(v) for v in at])
                for k in range(2):
                    assert not y[k] < float(value.lo[i, k]) and not y[k] > float(value.hi[i, k])
                    left = y[k] - sum(flint.arb(float(A[i, k, j])) * flint.arb(at[j]) for j in range(2))
                    assert not left < float(r.lo[i, k]) and not left > float(r.hi[i, k])
                    for j in range(2):
                        assert not D[k, j] < float(J.lo[i, k, j]) and not D[k, j] > float(J.hi[i, k, j])


def test_a_program_pickles() -> None:
    assert pickle.loads(pickle.dumps(gated())) == gated()


def box(n: int) -> Any:
    return np.array([-np.ones(n), np.ones(n)])


def test_the_search_finds_each_root_once() -> None:
    program = network(2 * np.eye(3), np.zeros(3))
    found = search_all(program, box(3), limit=10_000)
    roots, unclear = distinct(program, np.concatenate(found.roots))
    assert len(roots) == 27 and not len(unclear) and not found.undecided and not found.open
    enclosures = [krawczyk.enclosed(program, root) for root in roots]
    assert all(e is not None and max(float(v.rad()) for v in e) < 1e-23 for e in enclosures)


def test_a_box_without_a_root_is_not_proved() -> None:
    program = network(2 * np.eye(1), np.zeros(1))
    assert krawczyk.enclosed(program, np.array([[0.5], [0.5 + 1e-9]])) is None
    assert krawczyk.enclosed(program, np.array([[-1e-9], [1e-9]])) is not None
    pitchfork = network(np.eye(1), np.zeros(1))
    assert krawczyk.enclosed(pitchfork, np.array([[-1e-9], [1e-9]])) is None


def test_balls_decide_what_floats_cannot() -> None:
    # h = tanh(w h) with w = 1 + 2^-44: three roots within 1e-6 of one another
    w = 1 + 2.0**-44
    answer = krawczyk.resolve(network([[w]], [0.0]), np.array([[-1e-5], [1e-5]]))
    assert len(answer.roots) == 3 and not answer.undecided
    degenerate = krawczyk.resolve(network([[1.0]], [0.0]), np.array([[-1e-5], [1e-5]]))
    assert not degenerate.roots and degenerate.undecided


def test_clusters_join_what_touches() -> None:
    boxes = np.array([[[0.0], [1.0]], [[1.0], [2.0]], [[5.0], [6.0]]])
    assert sorted(map(tuple, clusters(boxes)[:, :, 0].tolist())) == [(0.0, 2.0), (5.0, 6.0)]


@pytest.mark.parametrize(
    ("coefficients", "verdict"),
    [
        ([1, 0, 1], None),  # i and -i
        ([1, -1], None),
        ([2, -5, 2], False),  # 2 and 1/2: a reciprocal pair off the circle
        ([1, 0, 4], True),
        ([-1, -1, 0, 0, 0, 1, 1], None),  # (z + 1)(z^5 - 1)
        ([0, 0, 1], True),
        ([0, -1, 1], None),  # 0 and 1
        ([1, 2, 3, 2, 1], None),  # (z^2 + z + 1)^2: double on the circle
        ([2, -5, 4, -5, 2], False),  # (z^2 + 1)(z - 2)(2z - 1)
        ([-1, 0, 0, 2], True),
    ],
)  # fmt: skip
def test_stability_of_rational_polynomials_is_decided(coefficients: list[int], verdict: bool | None) -> None:
    assert schur_rational(flint.fmpq_poly(coefficients)) is verdict


def test_schur_in_balls_agrees_with_roots() -> None:
    random = np.random.default_rng(5)
    for _ in range(400):
        roots = random.normal(size=4) * 0.7 + 0j
        roots[:2] = roots[0].real + 1j * roots[1].real, roots[0].real - 1j * roots[1].real
        p = np.poly(roots).real[::-1]
        with balls.precision(50):
            verdict = schur_balls([flint.arb(float(v)) for v in p])
        size = np.abs(np.roots(p[::-1])).max()
        assert verdict is bool(size < 1) or abs(size - 1) < 1e-9


def test_gershgorin_decides_large_matrices() -> None:
    random = np.random.default_rng(6)
    A = random.normal(size=(50, 50)) / 50**0.5
    for scale, verdict in ((0.5, True), (3.0, False)):
        with balls.precision(40):
            size = scale / np.abs(np.linalg.eigvals(A)).max() * (2 if scale > 1 else 1)
            J = flint.arb_mat([[flint.arb(float(v)) for v in row] for row in A * size])
            assert krawczyk.stable(J) is verdict
