"""What the tests of signal processing share: systems of all kinds, and the wrong variants of a result."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from random import Random

import numpy as np
import sympy as sp

from rnnsym.defined import Pairs, RelativeDegree
from rnnsym.systems import LinearSystem

KINDS = ("dense", "integer", "triangular", "defective", "singular", "diagonal", "nilpotent", "rotation")


def wrong(result):
    """The claim with one sign, factor or multiplicity changed."""
    if result.relation == "<=>":
        return replace(result, rhs=sp.Not(result.rhs), steps=())
    if result.relation == "<=":
        return replace(result, rhs=result.rhs * (1 - sp.Rational(1, 10**6)), steps=())
    if isinstance(result.rhs, Pairs):
        changed = [sp.Tuple(entry[0], entry[1] + 1) for entry in result.rhs[:1]]
        return replace(result, rhs=Pairs(*changed, *result.rhs[1:]), steps=())
    if isinstance(result.lhs, RelativeDegree):
        return replace(result, rhs=result.rhs + (sp.ones(*result.rhs.shape) if result.rhs.is_Matrix else 1), steps=())
    if result.rhs == 0 or getattr(result.rhs, "is_zero_matrix", False):
        return replace(result, rhs=result.rhs + (sp.ones(*result.rhs.shape) if result.rhs.is_Matrix else 1), steps=())
    return replace(result, rhs=-result.rhs, steps=())


def halved(result):
    """The claim with a factor 2 lost."""
    return replace(result, rhs=result.rhs / 2, steps=())


def unconditional(result):
    """The claim without its hypotheses."""
    return replace(result, given=sp.true)


def rational(random, size=8):
    return sp.Rational(random.randint(-size, size), random.choice((1, 2, 3, 4, 5)))


def matrix(random, rows, columns):
    return sp.ImmutableMatrix(rows, columns, lambda i, j: rational(random, 4))


def random_matrix(random, n, kind, stable=False):
    """A rational matrix of a kind; stable ones are scaled by a row sum."""
    A = {
        "dense": lambda: matrix(random, n, n),
        "integer": lambda: sp.ImmutableMatrix(n, n, lambda i, j: random.randint(-2, 2)),
        "triangular": lambda: sp.ImmutableMatrix(n, n, lambda i, j: rational(random, 4) if j >= i else 0),
        "defective": lambda: sp.ImmutableMatrix(n, n, lambda i, j: sp.Rational(1, 2) if i == j else int(j == i + 1)),
        "singular": lambda: matrix(random, n, 1) * matrix(random, 1, n),
        "diagonal": lambda: sp.ImmutableMatrix(
            sp.diag(*(random.choice((0, 1, -1, sp.Rational(1, 2))) for _ in range(n)))
        ),
        "nilpotent": lambda: sp.ImmutableMatrix(n, n, lambda i, j: rational(random, 3) if j > i else 0),
        "rotation": lambda: sp.ImmutableMatrix(n, n, lambda i, j: _turn(n, i, j)),
    }[kind]()
    if stable:
        size = max([sum(abs(e) for e in A.row(i)) for i in range(n)] + [sp.S.One])
        A = (A * sp.Rational(9, 10) / size).as_immutable() if size >= 1 else A
    return sp.ImmutableMatrix(A)


def _turn(n, i, j):
    if i // 2 != j // 2 or (n % 2 and max(i, j) == n - 1):
        return sp.Rational(1, 3) if i == j else 0
    c, s = sp.Rational(3, 5), sp.Rational(4, 5)
    return [[c, -s], [s, c]][i % 2][j % 2]


def random_system(seed, stable=False, most=5, channels=3):
    """A rational system: sizes 1 to 5, one to three channels, of every kind and both readouts."""
    random = Random(seed)
    n, m, p = random.randint(1, most), random.randint(1, channels), random.randint(1, channels)
    A = random_matrix(random, n, KINDS[seed % len(KINDS)], stable)
    B, C = matrix(random, n, m), matrix(random, p, n)
    D = matrix(random, p, m) if seed % 3 == 0 else sp.zeros(p, m)
    return LinearSystem(A, B, C, D, readout=("current", "previous")[seed % 2])


def arrays(system):
    """A, B, C, D of the readout previous as float arrays."""
    return [np.array(M.tolist(), dtype=float).reshape(M.shape) for M in system.with_readout("previous").matrices]


def fraction_of(value):
    return Fraction(int(value.p), int(value.q))


def symbolic(seed):
    """A system with symbols, and rational values for them."""
    random = Random(1000 + seed)
    a, b, c, d = sp.symbols("a b c d", real=True)
    h = sp.Rational(1, 2)
    systems = [
        LinearSystem(a, b), LinearSystem([[a, 1], [0, b]], [0, 1], [[c, 1]]), LinearSystem([[0, 1], [b, a]], [0, 1], [[1, c]], d),
        LinearSystem([[a, b], [b, a]], [1, c], [[1, d]]), LinearSystem(sp.diag(a, b), sp.eye(2), [[1, c], [d, 1]]),
        LinearSystem([[a, b], [c, h]], [[1, 0], [0, 1]], [[1, 1]]), LinearSystem(sp.diag(a, a, b), [1, c, 1], [[1, 1, d]]),
        LinearSystem([[a, b], [0, a]], [1, c], [[d, 1]]), LinearSystem([[h, a, 0], [0, h, b], [0, 0, c]], [0, 0, 1], [[1, 0, 0]]),
    ]  # fmt: skip
    system = systems[seed % len(systems)]
    if seed % 2:
        system = system.with_readout("previous")
    values = {s: random.choice((0, 1, -1, h, rational(random, 3), rational(random, 3))) for s in (a, b, c, d)}
    return system, {s: v for s, v in values.items() if s in system.free_symbols}
