"""Regions of piecewise linear maps: none is excluded that holds a fixed point; faces, polyhedra and bases are exact."""

from __future__ import annotations

import itertools
from fractions import Fraction
from typing import Any

import flint
import numpy as np
import pytest

from rnnsym.exact.faces import decide, on_face
from rnnsym.exact.polyhedra import bounds, implicit, maximize
from rnnsym.exact.programs import Affine, Apply, Program
from rnnsym.exact.regions import PiecewiseLinear, from_program
from rnnsym.exact.tableaus import screen
from rnnsym.result import LimitReached

q = flint.fmpq


def relu(W: Any, b: Any, phi: str = "relu", *parameters: Any) -> PiecewiseLinear:
    table = tuple(tuple(Fraction(v) for v in row) for row in W)
    affine = Affine(((0, table),), tuple(Fraction(v) for v in b))
    system = from_program(Program(len(W), (affine, Apply(phi, 1, parameters)), (2,)))
    assert system is not None
    return system


def all_regions(system: PiecewiseLinear) -> list[tuple[int, ...]]:
    return list(itertools.product(*(range(len(p)) for p in system.pieces)))


@pytest.mark.parametrize("seed", range(40))
def test_screening_loses_nothing(seed: int) -> None:
    random = np.random.default_rng(seed)
    n = int(random.integers(1, 6))
    phi = ("relu", "hard_tanh", "absolute")[seed % 3]
    if seed % 2:
        W, b = random.integers(-2, 3, size=(n, n)).tolist(), random.integers(-2, 3, size=n).tolist()
    else:
        W, b = (2 * random.normal(size=(n, n))).tolist(), random.normal(size=n).tolist()
    system = relu(W, b, phi)
    n = min(n, 4 if phi == "hard_tanh" else 5)
    screened = screen(system, limit=10**7)
    kept, faces = decide(system, screened.regions)
    every, every_face = decide(system, all_regions(system))
    assert {tuple(map(str, p.h)) for p in kept} == {tuple(map(str, p.h)) for p in every}
    assert len(faces) == len(every_face) and not screened.open


def test_a_zero_pivot_is_no_obstacle() -> None:
    # W_ii = 1: the first pivot of every unit vanishes, the regions behind it do not
    W = [[1, -2, 0], [1, 1, -1], [0, 2, 1]]
    total = 0
    for b in itertools.product((-2, -1, 1, 2), repeat=3):
        system = relu(W, b)
        kept = {tuple(map(str, p.h)) for p in decide(system, screen(system, limit=10**6).regions)[0]}
        assert kept == {tuple(map(str, p.h)) for p in decide(system, all_regions(system))[0]}
        total += len(kept)
    assert total > 10


def test_rebasing_changes_nothing() -> None:
    random = np.random.default_rng(0)
    system = relu(random.integers(-3, 4, size=(3, 3)).tolist(), [1, -1, 2], "hard_tanh")
    moved = system.rebased([0, 2, 1])
    for region in all_regions(system):
        assert [M.entries() for M in system.affine(region)] == [M.entries() for M in moved.affine(region)]


def test_a_map_that_is_the_identity_somewhere_is_limited() -> None:
    # h' = h + 0: singular in every region
    n = 15
    zero = tuple((Fraction(0),) * n for _ in range(n))
    program = Program(
        n,
        (
            Affine(((0, None),), (Fraction(0),) * n),
            Apply("relu", 0),
            Affine(((0, None), (2, zero)), (Fraction(0),) * n),
        ),
        (3,),
    )
    system = from_program(program)
    assert system is not None
    with pytest.raises(LimitReached, match="32768"):
        screen(system, limit=10**6)


def test_a_smooth_program_has_no_regions() -> None:
    table = ((Fraction(1),),)
    assert from_program(Program(1, (Affine(((0, table),), (Fraction(0),)), Apply("tanh", 1)), (2,))) is None


def test_linear_programs_are_solved_exactly() -> None:
    G = [[q(1), q(0)], [q(0), q(1)], [q(-1), q(-1)]]
    k = [q(2), q(3), q(-1)]
    best = maximize(G, k, [q(1), q(1)])
    assert best.status == "optimal" and best.value == 5 and best.point == (2, 3)
    assert bounds(G, k, [q(1), q(0)]) == (-2, 2)
    assert maximize(G[:2], k[:2], [q(-1), q(0)]).status == "unbounded"
    assert maximize([[q(1)], [q(-1)]], [q(0), q(-1)], [q(1)]).status == "empty"
    assert implicit([[q(1)], [q(-1)]], [q(0), q(-1)]) is None
    found = implicit([[q(1), q(0)], [q(-1), q(0)], [q(0), q(1)]], [q(1), q(-1), q(4)])
    assert found is not None and found[1] == [0, 1] and found[0][0] == 1 and found[0][1] < 4


def test_random_polyhedra_agree_with_floats() -> None:
    optimize = pytest.importorskip("scipy.optimize")
    random = np.random.default_rng(1)
    for _ in range(60):
        d, m = int(random.integers(1, 4)), int(random.integers(1, 8))
        G, k, c = random.integers(-3, 4, size=(m, d)), random.integers(-3, 4, size=m), random.integers(-3, 4, size=d)
        own = maximize([[q(int(v)) for v in row] for row in G], [q(int(v)) for v in k], [q(int(v)) for v in c])
        peer = optimize.linprog(-c, A_ub=G, b_ub=k, bounds=[(None, None)] * d)
        assert {0: "optimal", 2: "empty", 3: "unbounded"}.get(peer.status, own.status) == own.status or peer.status == 4
        if peer.status == 0:
            assert abs(float(Fraction(int(own.value.p), int(own.value.q))) + peer.fun) < 1e-7


def test_faces_hold_fixed_points_and_nothing_else() -> None:
    system = relu([[1, 0], [0, 1]], [0, 0])
    points, faces = decide(system, all_regions(system))
    assert not points and [f.dimension for f in faces] == [2]
    assert on_face(faces[0], [q(0), q(5)]) and not on_face(faces[0], [q(-1), q(5)])
