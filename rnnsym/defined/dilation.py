"""Matrix square roots and the orthogonal dilation of a contraction, kept unevaluated.

Numerical definition of the root: the eigenvectors of the symmetric matrix, at 90 digits. May import: result, exact,
vectors, the numbers, systems and nonnormality of `defined`.
"""

from __future__ import annotations

from typing import Any

import mpmath
import numpy as np
import sympy as sp

from rnnsym.defined.nonnormality import precise
from rnnsym.defined.numbers import Numbers
from rnnsym.defined.systems import OfSystem
from rnnsym.exact import balls

DIGITS = 90
NOTHING = 1e-35  # eigenvalues of a root's square above the negative of this are rounding


def square_root(table: Any) -> Any:
    """The positive semidefinite root of a symmetric table of balls; infinite where an eigenvalue is negative."""
    with mpmath.workdps(DIGITS):
        values, vectors = mpmath.eigsy(precise(table))
        if min(values) < -NOTHING:
            return np.full(table.shape, balls.INFINITY, dtype=object)
        root = vectors * mpmath.diag([mpmath.sqrt(max(v, mpmath.mpf(0))) for v in values]) * vectors.T
        n = len(table)
        return np.array([[_ball(root[i, j]) for j in range(n)] for i in range(n)], dtype=object)


def _ball(value: Any) -> Any:
    return balls.ball(sp.Float(mpmath.nstr(value, 65), 65))


def _complements(table: Any) -> tuple[Any, Any]:
    """(I - W W^T)^(1/2) and (I - W^T W)^(1/2)."""
    one = np.where(np.eye(len(table), dtype=bool), balls.ball(1), balls.ball(0))
    return square_root(one - table @ table.T), square_root(one - table.T @ table)


class SquareRoot(OfSystem):
    """M^(1/2), the positive semidefinite square root of a symmetric matrix; infinite where there is none."""

    @property
    def shape(self) -> tuple[Any, Any]:
        return self.args[0].shape

    def numerical(self, numbers: Numbers) -> Any:
        return square_root(numbers._value(self.args[0]))

    def _sympystr(self, printer: Any) -> str:
        return f"sqrt({printer._print(self.args[0])})"

    def _latex(self, printer: Any) -> str:
        return rf"\left({printer._print(self.args[0])}\right)^{{1/2}}"


class HalmosDilation(OfSystem):
    """[[W, (I - W W^T)^(1/2)], [(I - W^T W)^(1/2), -W^T]]; infinite for ||W|| > 1."""

    @property
    def shape(self) -> tuple[Any, Any]:
        return 2 * self.args[0].shape[0], 2 * self.args[0].shape[0]

    def numerical(self, numbers: Numbers) -> Any:
        table = numbers._value(self.args[0])
        left, right = _complements(table)
        return np.block([[table, left], [right, -table.T]])

    def _sympystr(self, printer: Any) -> str:
        W = printer._print(self.args[0])
        return f"[[{W}, sqrt(I - {W}*{W}.T)], [sqrt(I - {W}.T*{W}), -{W}.T]]"

    def _latex(self, printer: Any) -> str:
        W = printer._print(self.args[0])
        turned = rf"{W}^{{\mathsf T}}"
        return rf"\begin{{pmatrix}} {W} & (I - {W} {turned})^{{1/2}} \\ (I - {turned} {W})^{{1/2}} & -{turned} \end{{pmatrix}}"


__all__ = ["HalmosDilation", "SquareRoot"]
