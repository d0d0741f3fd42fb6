"""Quantities and hypotheses of contraction, kept unevaluated: the best diagonal metric, diagonal and sector stability, P-matrices.

Numerical definitions: minimization, principal minors, the search of `certificates`, which also brings the samplers; what a
search cannot decide is None. May import: result, exact, vectors, defined.numbers, defined.quantities, defined.certificates.
"""

from __future__ import annotations

from itertools import combinations
from typing import Any

import flint
import numpy as np

from rnnsym.defined.certificates import best_metric, diagonal_certificate, sector_certificate
from rnnsym.defined.numbers import Numbers
from rnnsym.defined.predicates import Predicate
from rnnsym.defined.quantities import _Scalar
from rnnsym.defined.stability import EDGE, _flint
from rnnsym.exact import balls


class BestDiagonalNorm(_Scalar):
    """c*(W), the infimum of ||P^(1/2) W P^(-1/2)|| over positive diagonal P.

    Two units: golden sections of the convex function of log(p_1/p_2), to 25 digits. More units: an upper bound, the
    norm at the metric that the search of `certificates` finds.
    """

    sign = r"c^{\star}\left(%s\right)"
    is_nonnegative = True

    def numerical(self, numbers: Numbers) -> Any:
        table = numbers._value(self.matrix)
        if len(table) == 1:
            return abs(table[0, 0])
        if len(table) == 2:
            return _best_of_two(table)
        return balls.ball(best_metric(balls.floats(table))[0])


def _best_of_two(table: Any) -> Any:
    (a, b), (c, d) = table

    def norm(t: Any) -> Any:
        scale = t.exp()
        right, left = b * scale, c / scale
        outer, inner = (
            (a + d) * (a + d) + (left - right) * (left - right),
            (a - d) * (a - d) + (left + right) * (left + right),
        )
        return ((outer.nonnegative_part().sqrt() + inner.nonnegative_part().sqrt()) / 2).mid()

    low, high = flint.arb(-130), flint.arb(130)
    ratio = (flint.arb(5).sqrt() - 1) / 2
    first, second = (high - ratio * (high - low)).mid(), (low + ratio * (high - low)).mid()
    at_first, at_second = norm(first), norm(second)
    for _ in range(150):
        if at_first < at_second:
            high, second, at_second = second, first, at_first
            first = (high - ratio * (high - low)).mid()
            at_first = norm(first)
        else:
            low, first, at_first = first, second, at_second
            second = (low + ratio * (high - low)).mid()
            at_second = norm(second)
    return at_first.min(at_second)


class IsPMatrix(Predicate):
    """Every principal minor of A is positive (2^n - 1 of them)."""

    def holds(self, numbers: Numbers) -> bool | None:
        exact = numbers.exactly(self.args[0])
        if exact is not None:
            n = exact.rows
            table = flint.fmpq_mat(n, n, [flint.fmpq(int(e.p), int(e.q)) for e in exact])
            return all(_minor(table, rows) > 0 for rows in subsets(n))
        whole = _flint(numbers._value(self.args[0]))
        values = [_minor(whole, rows) for rows in subsets(whole.nrows())]
        return False if any(v <= 0 for v in values) else True if all(v > 0 for v in values) else None

    def _latex(self, printer: Any) -> str:
        return rf"{printer._print(self.args[0])} \text{{ is a P-matrix}}"

    def _sympystr(self, printer: Any) -> str:
        return f"{printer._print(self.args[0])} is a P-matrix"


def subsets(n: int) -> list[tuple[int, ...]]:
    """The non-empty subsets of range(n), small ones first."""
    return [rows for k in range(1, n + 1) for rows in combinations(range(n), k)]


def _minor(table: Any, rows: tuple[int, ...]) -> Any:
    k = len(rows)
    return type(table)(k, k, [table[i, j] for i in rows for j in rows]).det()


class DiagonallyStable(Predicate):
    """There is a positive diagonal P with P - W^T P W positive definite."""

    def holds(self, numbers: Numbers) -> bool | None:
        exact = numbers.exactly(self.args[0])
        table = numbers._value(self.args[0])
        if len(table) <= 2:
            gap = BestDiagonalNorm(self.args[0]).numerical(numbers) - 1
            return None if abs(float(gap)) < EDGE else bool(gap < 0)
        if exact is not None and diagonal_certificate(exact) is not None:
            return True
        if max(float(abs(v)) for v in balls.eigenvalues(table)) >= 1:
            return False
        return None if best_metric(balls.floats(table))[0] < 1.001 else False

    def _latex(self, printer: Any) -> str:
        return rf"{printer._print(self.args[0])} \text{{ diagonally (Schur) stable}}"

    def _sympystr(self, printer: Any) -> str:
        return f"{printer._print(self.args[0])} diagonally stable"


class SectorInequality(Predicate):
    """[[-r^2 P, W^T L], [L W, P - 2 L]] is negative definite, P positive definite, L = diag(l) with l >= 0.

    args: W, P, l (a column), r. Sampled by the search for P and l at the W and r drawn before.
    """

    @property
    def targets(self) -> tuple[Any, ...]:
        return self.args[1], self.args[2]

    def matrix(self, numbers: Numbers) -> Any:
        W, P, weights, rate = (numbers._value(a) for a in self.args)
        L = np.diag(weights[:, 0]) * balls.ball(1)
        L = np.where(np.eye(len(W), dtype=bool), L, balls.ball(0))
        return np.block([[-(rate * rate) * P, W.T @ L], [L @ W, P - 2 * L]])

    def holds(self, numbers: Numbers) -> bool | None:
        P, weights = numbers._value(self.args[1]), numbers._value(self.args[2])
        if not all(w >= 0 for w in weights.flat):
            return False
        if any(float(abs(v)) > 1e-40 for v in (P - P.T).flat):
            return False
        return _is_definite(P) and _is_definite(-self.matrix(numbers))

    def sample(self, chance: Any, numbers: Numbers) -> dict[Any, Any] | None:
        table, rate = numbers.float(self.args[0]), numbers.float(self.args[3])
        found = sector_certificate(table, rate)
        if found is None:
            return None
        P, weights = found
        return {self.args[1]: P, self.args[2]: [[w] for w in weights]}

    def _latex(self, printer: Any) -> str:
        W, P, weights, rate = (printer._print(a) for a in self.args)
        L, factor = rf"\operatorname{{diag}}({weights})", "" if self.args[3] == 1 else rf"{rate}^{{2}} "
        return (
            rf"\begin{{pmatrix}} -{factor}{P} & {W}^{{\mathsf T}} {L} \\ {L} {W} & {P} - 2 {L} \end{{pmatrix}} \prec 0,\; "
            rf"{P} \succ 0,\; {weights} \geq 0"
        )

    def _sympystr(self, printer: Any) -> str:
        W, P, weights, rate = (printer._print(a) for a in self.args)
        return f"[[-{rate}**2*{P}, {W}.T*diag({weights})], [diag({weights})*{W}, {P} - 2*diag({weights})]] < 0"


def _is_definite(table: Any) -> bool:
    return all(_flint(table[:k, :k]).det() > 0 for k in range(1, len(table) + 1))


class MetricContracts(Predicate):
    """P - L^2 W^T P W is positive definite for the positive diagonal P = diag(p); args: W, p (a column), L.

    Sampled by the search for p at the W drawn before.
    """

    @property
    def targets(self) -> tuple[Any, ...]:
        return (self.args[1],)

    def holds(self, numbers: Numbers) -> bool | None:
        W, weights, slope = (numbers._value(a) for a in self.args)
        if not all(w > 0 for w in weights.flat):
            return False
        P = np.full((len(W), len(W)), balls.ball(0), dtype=object)
        for i, w in enumerate(weights[:, 0]):
            P[i, i] = w
        return _is_definite(P - slope * slope * (W.T @ P @ W))

    def sample(self, chance: Any, numbers: Numbers) -> dict[Any, Any] | None:
        exact = numbers.exactly(self.args[0] * self.args[2])
        found = None if exact is None else diagonal_certificate(exact)
        return None if found is None else {self.args[1]: [[v] for v in found]}

    def _latex(self, printer: Any) -> str:
        W, p, slope = (printer._print(a) for a in self.args)
        P, factor = rf"\operatorname{{diag}}({p})", "" if self.args[2] == 1 else rf"{slope}^{{2}} "
        return rf"{P} - {factor}{W}^{{\mathsf T}} {P} {W} \succ 0,\; {p} > 0"

    def _sympystr(self, printer: Any) -> str:
        W, p, slope = (printer._print(a) for a in self.args)
        return f"diag({p}) - {slope}**2*{W}.T*diag({p})*{W} > 0"
