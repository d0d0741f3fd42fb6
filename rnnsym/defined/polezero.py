"""Poles, zeros and degrees of a linear system, kept unevaluated: from a Kalman decomposition in rational numbers.

The value of a set of roots is its monic polynomial, which needs no order among them. Never computed from H.
May import: what `signals` may, and it.
"""

from __future__ import annotations

from itertools import combinations
from typing import Any

import flint
import numpy as np
import sympy as sp

from rnnsym.defined.numbers import Defined, Numbers, Undefined
from rnnsym.defined.signals import SystemMatrix, SystemNumber, infinite
from rnnsym.exact import balls
from rnnsym.exact.fields import Ring


class Pairs(Defined, sp.Tuple):
    """A Tuple of (value, multiplicity), or (factor, multiplicity) with a Poly for roots that have no closed form.

    A multiplicity may be a Piecewise of whole numbers; an entry of multiplicity 0 is left out. Its value is the monic
    polynomial with these roots.
    """

    def __new__(cls, *entries: Any) -> Any:
        return sp.Tuple.__new__(cls, *(e for e in entries if e[1] != 0))

    @property
    def free_symbols(self) -> set[Any]:
        found: set[Any] = set()
        for value, count in self.args:
            bound = set(value.gens) if isinstance(value, sp.Poly) else set()
            found |= (value.free_symbols - bound) | count.free_symbols
        return found

    def numerical(self, numbers: Numbers) -> Any:
        result = [flint.arb(1)]
        for value, multiplicity in self.args:
            count = int(multiplicity) if multiplicity.is_Integer else round(numbers.float(multiplicity))
            if count == 0:
                continue  # there it may have no value
            if isinstance(value, sp.Poly):
                parts = [numbers._value(c) for c in value.all_coeffs()]
                parts = [c / parts[0] for c in parts]
            else:
                parts = [flint.arb(1), -numbers._value(value)]
            for _ in range(count):
                result = _product(result, parts)
        real = [v.real if isinstance(v, flint.acb) and float(abs(v.imag)) < 1e-40 else v for v in result]
        return np.array([real], dtype=object)

    def _latex(self, printer: Any, exp: Any = None) -> str:
        def shown(value: Any, count: Any) -> str:
            text = rf"{printer._print(value.as_expr())} = 0" if isinstance(value, sp.Poly) else printer._print(value)
            return text if count == 1 else rf"{text} \;(\times {printer._print(count)})"

        return r"\left\{" + r",\; ".join(shown(*entry) for entry in self.args) + r"\right\}"

    def _sympystr(self, printer: Any) -> str:
        def shown(value: Any, count: Any) -> str:
            text = (
                f"roots of {printer._print(value.as_expr())}" if isinstance(value, sp.Poly) else printer._print(value)
            )
            return f"({text}, {printer._print(count)})"

        return "(" + ", ".join(shown(*entry) for entry in self.args) + ("," if len(self.args) == 1 else "") + ")"


def _product(a: list[Any], b: list[Any]) -> list[Any]:
    result: list[Any] = [flint.arb(0)] * (len(a) + len(b) - 1)
    for i, x in enumerate(a):
        for j, y in enumerate(b):
            result[i + j] = result[i + j] + x * y
    return result


def coefficients(polynomial: Any, z: Any) -> list[Any]:
    """The coefficients of a polynomial in z, highest first; the others may be any expressions without z."""
    ring = Ring.over(sp.sympify(polynomial), z)
    n, d = ring.fraction(sp.sympify(polynomial))
    index = ring.generators.index(z)
    parts = ring.coefficients(n, index)
    return [ring.quotient(parts.get(k, ring.context.constant(0)), d) for k in range(max(parts, default=0), -1, -1)]


class McMillanDegree(SystemNumber):
    """The number of poles of H with multiplicity: the rank of the Hankel matrix of Markov parameters."""

    is_integer = True
    is_nonnegative = True
    sign = r"\delta_H"

    def numerical(self, numbers: Numbers) -> Any:
        return balls.ball(realization(self, numbers)[0].nrows())


class Poles(SystemMatrix):
    """The monic pole polynomial of H, highest power first: of the reachable and observable part, in rationals."""

    sign = r"\operatorname{poles}"

    @property
    def shape(self) -> tuple[Any, Any]:
        return sp.S.One, self.more[0] + 1  # the degree for all but special parameters

    def numerical(self, numbers: Numbers) -> Any:
        return _row(realization(self, numbers)[0].charpoly().coeffs())

    def _latex(self, printer: Any, exp: Any = None) -> str:
        return self.sign + " H"


class Eigenvalues(Poles):
    """The monic characteristic polynomial of A, highest power first: hidden modes too."""

    sign = r"\operatorname{eig}"

    def numerical(self, numbers: Numbers) -> Any:
        return _row(_rational(self.matrices[0], numbers).charpoly().coeffs())

    def _latex(self, printer: Any, exp: Any = None) -> str:
        return self.sign + " A"


class Zeros(Poles):
    """The monic zero polynomial of H: the common divisor of the largest minors of the Rosenbrock matrix
    [zI - A, -B; C, D] of a minimal realization, in rationals."""

    sign = r"\operatorname{zeros}"

    def _system(self, numbers: Numbers) -> tuple[Any, ...]:
        return realization(self, numbers)

    def _chosen(self, n: int, others: int, size: int) -> Any:
        """Rows of the minors that keep all states: enough for a minimal realization (MacFarlane & Karcanias 1976)."""
        return ((*range(n), *(n + i for i in chosen)) for chosen in combinations(range(others), size))

    def numerical(self, numbers: Numbers) -> Any:
        A, B, C, D = self._system(numbers)
        n, p, m = A.nrows(), D.nrows(), D.ncols()
        polynomial = flint.fmpq_poly
        rows = [[polynomial([-A[i, j], int(i == j)]) for j in range(n)] + [polynomial([-B[i, j]]) for j in range(m)] for i in range(n)]  # fmt: skip
        rows += [
            [polynomial([C[i, j]]) for j in range(n)] + [polynomial([D[i, j]]) for j in range(m)] for i in range(p)
        ]
        common = polynomial([0])
        for size in range(min(p, m), -1, -1):
            for high in self._chosen(n, p, size):
                for wide in self._chosen(n, m, size):
                    common = common.gcd(_determinant([[rows[i][j] for j in wide] for i in high]))
            if not _is_zero(common):
                break
        return _row((common / common.leading_coefficient()).coeffs())

    def _latex(self, printer: Any, exp: Any = None) -> str:
        return self.sign + " H"


class InvariantZeros(Zeros):
    """The same of the system as it stands, hidden modes (decoupling zeros of square systems) included."""

    sign = r"\operatorname{zeros}"

    def _system(self, numbers: Numbers) -> tuple[Any, ...]:
        return _textbook(self, numbers)

    def _chosen(self, n: int, others: int, size: int) -> Any:
        return combinations(range(n + others), n + size)

    def _latex(self, printer: Any, exp: Any = None) -> str:
        return self.sign + r" \begin{pmatrix} zI - A & -B \\ C & D \end{pmatrix}"


class ZeroCount(SystemNumber):
    """The number of zeros with multiplicity. more: whether of H (true) or of the system as it stands (false)."""

    is_integer = True
    is_nonnegative = True
    sign = r"\#\operatorname{zeros}"

    def numerical(self, numbers: Numbers) -> Any:
        node = Zeros if self.more[0] == sp.true else InvariantZeros
        return balls.ball(node(*self.args[:5], 0).numerical(numbers).shape[1] - 1)

    def _latex(self, printer: Any, exp: Any = None) -> str:
        return self.sign


class RelativeDegree(SystemMatrix):
    """For each channel the first k with h_k other than 0; undefined where a channel never responds."""

    sign = r"\min \left\{ k : h_k \neq 0 \right\}"

    def numerical(self, numbers: Numbers) -> Any:
        A, B, C, D = _textbook(self, numbers)
        found = infinite(D.nrows(), D.ncols())
        value, state = D, B
        for k in range(A.nrows() + 1):
            for i in range(D.nrows()):
                for j in range(D.ncols()):
                    if value[i, j] != 0 and found[i, j] == balls.INFINITY:
                        found[i, j] = flint.arb(k)
            value, state = C * state, A * state
        if any(not v.is_finite() for v in found.flat):
            raise Undefined("a channel never responds")
        return found

    def _latex(self, printer: Any, exp: Any = None) -> str:
        return self.sign


def rational_polynomial(values: Any) -> Any:
    """A FLINT polynomial from rational coefficients, highest first."""
    return flint.fmpq_poly([flint.fmpq(int(v.p), int(v.q)) for v in reversed(list(values))])


def polynomial_roots(values: Any) -> list[Any]:
    """The roots, with multiplicity, of a polynomial with rational coefficients, highest first, as complex balls."""
    polynomial = rational_polynomial(values)
    whole = flint.fmpz_poly([int(c * polynomial.denom()) for c in polynomial.coeffs()])
    return [flint.acb(root) for root, count in whole.complex_roots() for _ in range(count)]


def has_root_between(values: Any, low: int, high: int) -> bool:
    """Whether a polynomial with rational coefficients, highest first, has a real root in [low, high]: proved if not."""
    polynomial = rational_polynomial(values)
    whole = flint.fmpz_poly([int(c * polynomial.denom()) for c in polynomial.coeffs()])
    with balls.precision(40):
        roots = [flint.acb(root) for root, _ in whole.complex_roots()]
    return any(r.imag.contains(0) and not (r.real < low or r.real > high) for r in roots)


def _rational(matrix: Any, numbers: Numbers) -> Any:
    exact = numbers.exactly(matrix)
    if exact is None:
        raise Undefined("not a rational draw")
    return flint.fmpq_mat(exact.rows, exact.cols, [flint.fmpq(int(e.p), int(e.q)) for e in exact])


def _textbook(node: Any, numbers: Numbers) -> tuple[Any, ...]:
    """A, B, C, D of the readout previous, in rational numbers."""
    A, B, C, D = (_rational(M, numbers) for M in node.matrices)
    return (A, B, C * A, C * B + D) if node.is_current else (A, B, C, D)


def realization(node: Any, numbers: Numbers) -> tuple[Any, ...]:
    """The reachable and observable part of the system, in rational numbers and the readout previous."""
    A, B, C, D = _textbook(node, numbers)
    A, B, C = _reachable(A, B, C)
    A, C, B = (M.transpose() for M in _reachable(A.transpose(), C.transpose(), B.transpose()))
    return A, B, C, D


def _reachable(A: Any, B: Any, C: Any) -> tuple[Any, Any, Any]:
    """The restriction of A, B, C to the span of B, AB, A^2 B, ..."""
    columns: list[list[Any]] = []
    block = B
    for _ in range(A.nrows()):
        columns += [[block[i, j] for i in range(A.nrows())] for j in range(block.ncols())]
        block = A * block
    basis: list[list[Any]] = []
    for column in columns:
        if _rank([*basis, column]) > len(basis):
            basis.append(column)
    r, n = len(basis), A.nrows()
    V = flint.fmpq_mat(n, r, [basis[j][i] for i in range(n) for j in range(r)])
    rows: list[int] = []
    for i in range(n):
        if _rank([[V[k, j] for j in range(r)] for k in (*rows, i)]) > len(rows):
            rows.append(i)

    def cut(M: Any) -> Any:
        return flint.fmpq_mat(r, M.ncols(), [M[i, j] for i in rows for j in range(M.ncols())])

    if r == 0:
        return flint.fmpq_mat(0, 0), flint.fmpq_mat(0, B.ncols()), flint.fmpq_mat(C.nrows(), 0)
    back = cut(V).inv()
    return back * cut(A * V), back * cut(B), C * V


def _rank(rows: list[list[Any]]) -> int:
    if not rows or not rows[0]:
        return 0
    return int(flint.fmpq_mat(len(rows), len(rows[0]), [v for row in rows for v in row]).rref()[1])


def _is_zero(polynomial: Any) -> bool:
    return bool(polynomial.degree() < 0)


def _determinant(rows: list[list[Any]]) -> Any:
    """The determinant of a table of polynomials (Bareiss: each division is exact)."""
    table, sign, last = [list(row) for row in rows], 1, flint.fmpq_poly([1])
    size = len(table)
    if size == 0:
        return last
    for k in range(size - 1):
        pivot = next((i for i in range(k, size) if not _is_zero(table[i][k])), None)
        if pivot is None:
            return flint.fmpq_poly([0])
        if pivot != k:
            table[k], table[pivot], sign = table[pivot], table[k], -sign
        for i in range(k + 1, size):
            for j in range(k + 1, size):
                table[i][j] = (table[k][k] * table[i][j] - table[i][k] * table[k][j]) // last
        last = table[k][k]
    return sign * table[-1][-1]


def _row(coefficients: Any) -> Any:
    return np.array([[flint.arb(c) for c in reversed(coefficients)]], dtype=object)
