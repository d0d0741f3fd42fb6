"""Ranks with every stratum, what they mean, steering and reconstruction, Kalman's decomposition."""

import random
from dataclasses import replace

import numpy as np
import pytest
import sympy as sp

import rnnsym as rs
from rnnsym.analysis.linear import linearize
from rnnsym.analysis.structure import (
    constructibility,
    controllability,
    controllability_indices,
    controllability_matrix,
    diagonal_controllability,
    diagonal_gramian,
    hautus,
    null_controllability,
    observability,
    observability_matrix,
    rank,
    uncontrollable_modes,
    unobservable_modes,
)
from rnnsym.analysis.structure_kalman import hidden_modes, kalman_decomposition, minimal
from rnnsym.analysis.structure_steering import reconstruct_state, steer, steering_energy
from rnnsym.cells import elman, linear
from rnnsym.result import NoClosedForm, ShapeError, SpecError
from rnnsym.systems import LinearSystem
from rnnsym.verify import verify
from tests.multiplier import times

a, b, c, d, k = sp.symbols("a b c d k", real=True)
Q = sp.Rational
DIAGONAL = LinearSystem(sp.diag(a, b), [c, d])
COMPANION = LinearSystem([[0, 1], [c, d]], [0, 1], [[1, 0]])
NILPOTENT = LinearSystem([[0, 1, 0], [0, 0, 1], [0, 0, 0]], [0, 1, 0], [[1, 0, 0]])
SYSTEMS = [
    DIAGONAL, COMPANION, NILPOTENT, LinearSystem([[a, 1], [0, b]], [1, k], [[1, 0]]), LinearSystem(a, b, c),
    LinearSystem([[a, b], [c, d]], [1, 0], [[0, 1]], readout="previous"), LinearSystem([[a, 0], [0, 0]], [1, 0], [[1, 1]]),
    LinearSystem([[a, 1, 0], [0, a, 0], [0, 0, b]], [[1, 0], [0, 1], [1, 1]], [[1, 0, 0]]), LinearSystem([[0, 1], [-1, 0]], [1, 0], [[1, 1]]),
]  # fmt: skip


def test_the_examples_of_the_design_hold_as_written():
    a1, a2, b1, b2 = sp.symbols("a1 a2 b1 b2")
    result = rs.controllability(rs.LinearSystem(sp.diag(a1, a2), sp.Matrix([b1, b2])))
    table = {(2, 3, 1, 1): 2, (2, 2, 1, 1): 1, (2, 3, 0, 1): 1, (2, 3, 1, 0): 1, (2, 3, 0, 0): 0, (0, 0, 1, 0): 1}
    for values, want in table.items():
        assert result.rhs.subs(dict(zip((a1, a2, b1, b2), values, strict=True))) == want
    line = result.subs({a2: a1}).rhs
    assert line.subs({b1: 0, b2: 0}) == 0 and line.subs({b1: 0}).subs({b2: 3}) == 1 and line.subs({b1: 1}) == 1
    assert rs.verify(result, trials=60)


@pytest.mark.parametrize("system", SYSTEMS, ids=range(len(SYSTEMS)))
def test_every_question_verifies(system):
    for question in (
        controllability, observability, controllability_matrix, observability_matrix, null_controllability, constructibility,
        controllability_indices, kalman_decomposition, minimal,
    ):  # fmt: skip
        check = verify(question(system), trials=16)
        assert check, (question.__name__, check)
    assert verify(hautus(system), trials=8)
    assert verify(controllability(system, steps=1), trials=20)


def test_lost_strata_and_wrong_ranks_are_refused():
    result = controllability(DIAGONAL)
    assert not verify(replace(result, rhs=sp.Integer(2)))
    (top, *middle, last) = result.rhs.args
    assert not verify(replace(result, rhs=sp.Piecewise(tuple(top), (1, True))))
    wrong = sp.Piecewise((2, sp.Ne(c * d * (a + b), 0)), *map(tuple, middle), tuple(last))
    assert not verify(replace(result, rhs=wrong))
    indices = controllability_indices(DIAGONAL)
    assert not verify(replace(indices, given=sp.true))
    assert not verify(replace(null_controllability(LinearSystem(a, b)), rhs=sp.Ne(b, 0)))
    transposed = controllability_matrix(COMPANION)
    assert not verify(replace(transposed, rhs=-transposed.rhs), trials=20)
    basis = kalman_decomposition(LinearSystem([[a, 0], [0, b]], [1, 1], [[1, 0]]))
    assert verify(basis, trials=60)
    assert not verify(replace(basis, given=sp.true), trials=200)


def test_the_traps_of_other_packages():
    """StateSpace(...).is_controllable() of SymPy says True to both; Matrix.rank says 2 to the last two."""
    assert controllability(LinearSystem(sp.diag(a, b), [1, 1])).rhs.subs(a, b) == 1
    trap = controllability(LinearSystem([[a, 1], [0, b]], [1, k], [[1, 0]])).rhs
    assert trap.subs({b: a + k}) == 1 and trap.subs({k: 0}) == 1 and trap.subs({a: 0, b: 0, k: 1}) == 2
    ring = rank([[a, 1], [1, a]])
    assert [ring.rhs.subs(a, v) for v in (1, -1, 2)] == [1, 1, 2]
    from rnnsym.activations import sigmoid

    x = sp.Symbol("x", real=True)
    assert rank([[sigmoid(x), (1 + sp.tanh(x / 2)) / 2], [1, 1]]).rhs == 1
    assert rank([[x**2 + 1, 0], [0, 1]]).rhs.subs(x, 3) == 2
    assert rank([[0, 0], [0, 0]]).rhs == 0


def test_horizons_shorter_than_n():
    chain = LinearSystem([[0, 0, 0], [1, 0, 0], [0, 1, 0]], [1, 0, 0], [[0, 0, 1]])
    assert [controllability(chain, steps=T).rhs for T in (1, 2, 3, 7)] == [1, 2, 3, 3]
    assert [observability(chain, steps=T).rhs for T in (1, 2, 3)] == [1, 2, 3]
    with pytest.raises(SpecError, match="steps must be a whole number >= 1"):
        controllability(chain, steps=0)


def test_a_nonlinear_cell_is_refused_with_what_to_ask_instead():
    for question in (controllability, observability, steer):
        arguments = (0, [1], 1) if question is steer else ()
        with pytest.raises(SpecError, match="linearize.*accessibility"):
            question(elman(n=2, m=1), *arguments)
    at_zero = linearize(elman(n=2, m=1).subs({"b": [0, 0]}), at=0)
    assert verify(controllability(at_zero), trials=20)
    assert verify(controllability(linear(n=2, m=1)), trials=20)


def test_modes_that_no_input_moves_are_named_with_their_vectors():
    for system in SYSTEMS:
        for question in (uncontrollable_modes, unobservable_modes):
            try:
                results = question(system)
            except NoClosedForm:
                continue
            for result in results:
                check = verify(result, trials=6)
                assert check, check
    first, second = uncontrollable_modes(DIAGONAL)
    assert {str(first.rhs), str(second.rhs)} == {"Eq(c, 0)", "Eq(d, 0)"}
    assert not verify(replace(first, rhs=second.rhs), trials=60)


def test_duality_and_similarity():
    T = sp.Matrix([[1, 2], [1, -1]])
    system = LinearSystem([[a, 1], [0, b]], [1, k], [[1, 0]])
    assert observability(system.dual).rhs == controllability(system).rhs
    turned = controllability(system.similar(T)).rhs
    for values in ({a: 1, b: 2, k: 1}, {a: 1, b: 3, k: 1}, {a: 1, b: 1, k: 0}):
        assert turned.subs(values) == controllability(system).rhs.subs(values)


def test_ranks_agree_with_elimination_and_with_substitution():
    rng = random.Random(5)
    result = controllability(LinearSystem([[a, b], [c, d]], [[1, k], [0, 1]]))
    other = controllability(LinearSystem([[a, b, 0], [0, c, d], [0, 0, a]], [1, 0, k]))
    for _ in range(60):
        values = {s: Q(rng.randint(-1, 2)) for s in (a, b, c, d, k)}
        for answer, A, B in (
            (result, sp.Matrix([[a, b], [c, d]]), sp.Matrix([[1, k], [0, 1]])),
            (other, sp.Matrix([[a, b, 0], [0, c, d], [0, 0, a]]), sp.Matrix([1, 0, k])),
        ):
            system = LinearSystem(A.subs(values), B.subs(values))
            direct = controllability(system).rhs
            blocks = [np.array((system.A**j * system.B).tolist(), float) for j in range(system.n)]
            assert direct == np.linalg.matrix_rank(np.hstack(blocks))
            assert answer.rhs.subs(values) == direct


def test_numeric_systems_of_every_size_agree_with_numpy():
    rng = random.Random(6)
    for n in range(1, 6):
        for m in (1, 2):
            for kind in range(3):
                A = sp.Matrix(n, n, lambda i, j, k=kind: rng.randint(-1, 1) if k < 2 or j > i else 0)
                A = A * sp.diag(*([0] + [1] * (n - 1))) if kind == 1 else A
                B = sp.Matrix(n, m, lambda i, j: rng.randint(-1, 1) * (rng.random() < 0.6))
                system = LinearSystem(A, B, B.T)
                blocks = np.hstack([np.array((A**j * B).tolist(), float) for j in range(n)])
                assert controllability(system).rhs == np.linalg.matrix_rank(blocks)
                whole = np.hstack([blocks, np.array((A**n).tolist(), float)])
                null = np.linalg.matrix_rank(whole) == np.linalg.matrix_rank(blocks)
                assert bool(null_controllability(system).rhs) == null
                if n < 5:
                    assert bool(verify(kalman_decomposition(system), trials=1))


def test_steering_hits_its_goal_with_least_energy():
    system = LinearSystem([[a, 1], [0, b]], [1, k])
    result = steer(system, [1, 0], [0, 2], 2)
    assert verify(result, trials=40)
    assert not verify(replace(result, rhs=sp.ImmutableMatrix(result.rhs[::-1, :])), trials=40)
    assert not verify(replace(result, given=sp.true), trials=200)
    for steps in (2, 3):
        assert verify(steering_energy(COMPANION, 0, None, steps), trials=30)
    energy = steering_energy(COMPANION, 0, None, 3)
    assert not verify(replace(energy, rhs=2 * energy.rhs), trials=20)
    wide = LinearSystem([[Q(1, 2), 1], [0, Q(1, 3)]], [[1, 0], [1, 1]])
    inputs = steer(wide, [1, 1], [0, -1], 3)
    state = sp.Matrix([1, 1])
    for t in range(3):
        state = wide.A * state + wide.B * inputs.rhs[t, :].T
    assert state == sp.Matrix([0, -1])
    assert sum(e**2 for e in inputs.rhs) == inputs.where[-1][1].subs(dict(inputs.where[:-1]))
    assert inputs.where[-1][1] == steering_energy(wide, [1, 1], [0, -1], 3).rhs


def test_goals_out_of_reach_are_refused():
    with pytest.raises(NoClosedForm, match="in 1 steps only 1 of 2 dimensions can be reached; take steps >= 2"):
        steer(COMPANION, 0, [1, 0], 1)
    with pytest.raises(NoClosedForm, match="not controllable"):
        steer(NILPOTENT, 0, [1, 0, 1], 5)
    with pytest.raises(ShapeError, match="h_T"):
        steer(COMPANION, 0, [1, 0, 1], 2)
    with pytest.raises(SpecError, match="steps"):
        steer(COMPANION, 0, [1, 0], 0)


def test_states_are_reconstructed_with_known_inputs_subtracted():
    for readout in ("current", "previous"):
        system = LinearSystem([[a, b], [1, d]], [1, k], [[0, 1]], [[2]], readout=readout)
        for steps in (2, 3):
            result = reconstruct_state(system, steps)
            assert verify(result, trials=20)
        assert not verify(replace(result, rhs=-result.rhs), trials=20)
        start, x = sp.Matrix([1, -2]), [Q(1), Q(3), Q(-1)]
        state, record = start, []
        numbers = system.subs({a: 1, b: 2, d: -1, k: 1})
        for t in range(3):
            if readout == "current":
                state = state if t == 0 else numbers.A * state + numbers.B * x[t]
                record.append((numbers.C * state)[0] + 2 * x[t])
            else:
                record.append((numbers.C * state)[0] + 2 * x[t])
                state = numbers.A * state + numbers.B * x[t]
        first = 0 if readout == "current" else 1
        values = {f"y_{t + first}": v for t, v in enumerate(record)} | {f"x_{t + first}": v for t, v in enumerate(x)}
        names = {s.name: s for s in result.rhs.free_symbols}
        table = {names[n]: v for n, v in values.items() if n in names}
        assert result.rhs.subs(table).subs({a: 1, b: 2, d: -1, k: 1}) == start
    with pytest.raises(NoClosedForm, match="take more readings"):
        reconstruct_state(COMPANION, 1)
    with pytest.raises(NoClosedForm, match="constructibility"):
        reconstruct_state(LinearSystem([[1, 0], [0, 0]], [1, 1], [[1, 0]]))
    assert constructibility(LinearSystem([[1, 0], [0, 0]], [1, 1], [[1, 0]])).rhs == sp.true


def test_the_decomposition_has_its_zeros_and_keeps_H():
    z = Q(7, 3)
    system = LinearSystem([[a, 0, 0, 0], [0, b, 0, 0], [0, 0, c, 0], [0, 0, 0, d]], [1, 1, 0, 0], [[0, 1, 0, 1]])
    turned = kalman_decomposition(system.similar([[1, 1, 0, 2], [0, 1, 1, 0], [1, 0, 1, 1], [0, 1, 0, 1]]))
    assert turned.sizes == (1, 1, 1, 1)
    A, B, C = turned.system.A, turned.system.B, turned.system.C
    assert all(A[i, j] == 0 for i, j in ((1, 0), (2, 0), (2, 1), (3, 0), (3, 1), (3, 2), (1, 2)))
    assert B[2:, :] == sp.zeros(2, 1) and C[0] == 0 and C[2] == 0
    small = minimal(system)
    assert small.system.n == 1 and small.system.A == sp.Matrix([[b]])
    for given in (system, LinearSystem(*system.matrices, readout="previous")):
        part = minimal(given).system
        factor = z if given.readout == "current" else 1
        want = given.C * (z * sp.eye(4) - given.A).inv() * given.B * factor
        assert sp.simplify(want - part.C * (z * sp.eye(1) - part.A).inv() * part.B * factor) == sp.zeros(1, 1)
    names = {str(group) for *_, group in hidden_modes(system)}
    assert names == {"reachable and silent", "silent and unreachable", "seen and unreachable"}
    assert minimal(LinearSystem(a, 0, c)).system.n == 0
    special = kalman_decomposition(DIAGONAL).subs({c: 2})
    assert special.system.B.free_symbols <= {d}


def test_diagonal_closed_forms():
    result = diagonal_controllability([a, b, c], [1, d, k])
    assert verify(result, trials=40)
    assert not verify(replace(result, rhs=-result.rhs), trials=40)
    gram = diagonal_gramian([a, b], [c, d])
    assert verify(gram, trials=20)
    assert not verify(replace(gram, rhs=gram.rhs / c), trials=20)


# Minimal realizations in both readouts


def modal(rng, n, m, p, readout):
    """A system with Jordan blocks, most of them at 0, in random coordinates."""
    J = sp.diag(*(rng.choice([0, 0, 0, Q(1, 2), 1, -1]) for _ in range(n)))
    for i in range(n - 1):
        if J[i, i] == J[i + 1, i + 1] and rng.random() < 0.6:
            J[i, i + 1] = 1
    T = sp.Matrix(n, n, lambda i, j: int(i == j) if i <= j else rng.randint(-1, 1)) * sp.Matrix(
        n, n, lambda i, j: int(i == j) if i >= j else rng.randint(-1, 1)
    )

    def table(rows, columns, entries):
        return sp.Matrix(rows, columns, lambda i, j: rng.choice(entries))

    B, C, D = table(n, m, [0, 0, 1, -1, 2]), table(p, n, [0, 0, 1, -1, 2]), table(p, m, [0, 0, 1, 2])
    return LinearSystem(T * J * T.inv(), B, C, D, readout=readout)


def impulses(system, count):
    """h_0, h_1, ... by iteration of the two readouts."""
    state, found = sp.zeros(system.n, system.m), []
    for k in range(count):
        push = system.B if k == 0 else sp.zeros(system.n, system.m)
        direct = system.D if k == 0 else sp.zeros(system.p, system.m)
        moved = system.A * state + push
        found.append(sp.Matrix(system.C * (moved if system.readout == "current" else state) + direct))
        state = moved
    return found


def polynomial(pairs, z):
    factors = [(v.as_expr().subs(v.gen, z) if isinstance(v, sp.Poly) else z - v) ** k for v, k in pairs]
    return sp.Poly(sp.Mul(*factors), z, domain="QQ").monic()


def check_minimal(system):
    """Against the impulse response: as many states as the Hankel matrix has rank, the same poles, the rest hidden."""
    z, n = sp.Symbol("z"), system.n
    small = minimal(system).system
    response = impulses(system, 2 * n + 2)
    assert impulses(small, 2 * n + 2) == response
    blocks = [[response[1 + i + j] for j in range(n)] for i in range(n)]
    assert small.n == sp.Matrix(sp.BlockMatrix(blocks)).rank()
    poles = polynomial(rs.poles(system).rhs, z)
    own = small.A.charpoly(z).as_expr() if small.n else sp.S.One
    assert poles == sp.Poly(own, z, domain="QQ")
    hidden = polynomial([(sp.Poly(f, z), k) for f, k, _ in hidden_modes(system)], z)
    assert hidden * poles == sp.Poly(system.A.charpoly(z).as_expr(), z, domain="QQ")
    whole, part = (rs.transfer_function(s, minimal=False).rhs for s in (system, small))
    assert (whole - part).applyfunc(sp.cancel) == sp.zeros(*whole.shape)


def test_a_mode_at_zero_cancels_in_the_readout_current():
    one = LinearSystem([[0]], [[1]], [[1]], [[1]])  # y_t = 2 x_t
    assert minimal(one).system.n == 0 and minimal(one).system.D[0, 0] == 2
    assert [(k, group) for _, k, group in hidden_modes(one)] == [(1, "reachable and silent")]
    two = LinearSystem(sp.diag(0, Q(1, 2)), [1, 1], [[1, 1]])
    assert minimal(two).system.n == 1 and minimal(two).system.readout == "current"
    delay = LinearSystem([[0, 0], [1, 0]], [1, 0], [[0, 1]])  # y_t = x_(t-1): one state, which "current" cannot have
    assert minimal(delay).system.n == 1 and minimal(delay).system.readout == "previous"
    for system in (one, two, delay):
        check_minimal(system)
        check_minimal(LinearSystem(*system.matrices, readout="previous"))


def test_minimal_systems_of_parameters_are_minimal_where_they_say():
    generic = minimal(LinearSystem(sp.diag(a, b), [1, 1], [[1, 1]]))
    assert {sp.Ne(a, 0), sp.Ne(b, 0)} <= set(generic.given.args) and generic.system.given == generic.given
    assert verify(generic, trials=20)
    for system in (
        LinearSystem(sp.diag(0, a), [1, 1], [[1, b]]), LinearSystem([[0, 1], [0, a]], [b, 1], [[1, 0]]),
        LinearSystem([[0, a], [0, 0]], [0, 1], [[1, 0]]),
    ):  # fmt: skip
        result = minimal(system)
        assert verify(result, trials=20)
        assert all(
            (x - y).applyfunc(sp.cancel).is_zero_matrix
            for x, y in zip(impulses(system, 5), impulses(result.system, 5), strict=True)
        )
        assert result.system.n == sum(k for _, k in rs.poles(system).rhs)


@pytest.mark.parametrize("readout", ["current", "previous"])
def test_minimal_systems_of_random_jordan_forms(readout):
    rng = random.Random(3)
    for _ in range(4):
        check_minimal(modal(rng, rng.randint(1, 3), rng.randint(1, 2), rng.randint(1, 2), readout))


@pytest.mark.slow
@pytest.mark.parametrize("readout", ["current", "previous"])
def test_minimal_systems_of_many_random_jordan_forms(readout):
    rng = random.Random(7)
    for _ in range(times(4)):
        check_minimal(modal(rng, rng.randint(1, 4), rng.randint(1, 2), rng.randint(1, 2), readout))


# Conditions in their normal form


def test_conditions_of_reaching_zero_are_alternatives_of_factors():
    e, f = sp.symbols("e f", real=True)
    assert null_controllability(LinearSystem(a, b)).rhs == sp.Or(sp.Eq(a, 0), sp.Ne(b, 0))
    found = null_controllability(DIAGONAL).rhs
    assert set(found.args) == {
        sp.Ne(c * d * (a - b), 0), sp.And(sp.Eq(a, 0), sp.Eq(b, 0)),
        sp.And(sp.Eq(a, 0), sp.Eq(c, 0), sp.Ne(d, 0)), sp.And(sp.Eq(b, 0), sp.Eq(d, 0), sp.Ne(c, 0)),
    }  # fmt: skip
    for system in (DIAGONAL, LinearSystem([[a, b], [c, d]], [e, f], [[1, k]]), COMPANION):
        for question in (null_controllability, constructibility):
            assert not question(system).rhs.has(sp.Not)


@pytest.mark.parametrize("question", [null_controllability, constructibility])
def test_conditions_of_reaching_zero_agree_with_ranks(question):
    e, f, g = sp.symbols("e f g", real=True)
    system = LinearSystem([[a, b, 0], [0, c, 0], [0, 0, 0]], [1, e, f], [[1, 0, g]])
    symbols = (a, b, c, e, f, g)
    holds = sp.lambdify(symbols, question(system).rhs, "math")
    X, Y = (system.A, system.B) if question is null_controllability else (system.A.T, system.C.T)
    rng = random.Random(2)
    seen = set()
    for _ in range(60):
        values = [rng.choice([0, 0, 1, -1, 2]) for _ in symbols]
        F, G = (np.array(M.subs(dict(zip(symbols, values, strict=True))).tolist(), float) for M in (X, Y))
        reach = np.hstack([np.linalg.matrix_power(F, i) @ G for i in range(3)])
        both = np.hstack([reach, np.linalg.matrix_power(F, 3)])
        want = np.linalg.matrix_rank(reach) == np.linalg.matrix_rank(both)
        assert bool(holds(*values)) == want, values
        seen.add(bool(want))
    assert seen == {True, False}


def test_the_normal_form_of_conditions():
    from rnnsym.analysis.structure_conditions import alternatives

    assert alternatives(sp.And(sp.Eq(a, 0), sp.Ne(a * b, 0))) == sp.false
    assert alternatives(sp.Or(sp.Eq(a, 0), sp.Ne(a, 0))) == sp.true
    assert alternatives(sp.And(sp.Eq(a, b), sp.Eq(b, 0), sp.Ne(c + a, 0))) == sp.And(
        sp.Eq(a, 0), sp.Eq(b, 0), sp.Ne(c, 0)
    )
    assert alternatives(sp.Not(sp.Or(sp.Ne(a, 0), sp.Eq(b * c, 0)))) == sp.And(sp.Eq(a, 0), sp.Ne(b * c, 0))
    assert alternatives(sp.Lt(a, 0)) == sp.Lt(a, 0)


def test_systems_without_states_or_inputs_have_their_answers():
    """A gain D alone, and a system that nothing moves: 0 x 0 and n x 0 matrices, each claim verified."""
    gain = LinearSystem(sp.zeros(0, 0), sp.zeros(0, 1), sp.zeros(1, 0), [[d]])
    still = LinearSystem([[Q(1, 2)]], sp.zeros(1, 0))
    for question, ranks in ((controllability, [0, 0]), (observability, [0, 1])):
        assert [question(s).rhs for s in (gain, still)] == ranks
    assert [null_controllability(s).rhs for s in (gain, still)] == [sp.true, sp.false]
    for system in (gain, still):
        for question in (controllability, observability, null_controllability, kalman_decomposition, minimal):
            assert verify(question(system), trials=3), question.__name__
    assert rs.transfer_function(still).rhs.shape == (1, 0) and len(rs.poles(still).rhs) == 0
    assert rs.hinf_norm(still).rhs == 0
