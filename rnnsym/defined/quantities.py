"""The quantities kept unevaluated: each has its sign on the page and a numerical definition without any formula.

May import: result, exact, vectors, defined.numbers. To add one: a SymPy node with Defined mixed in, `shape` if it is a
matrix, `numerical(numbers)` and `_latex(printer)`; `verify` and the page need nothing more.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numpy as np
import sympy as sp

from rnnsym.defined.numbers import Defined, Numbers, Undefined
from rnnsym.exact import balls
from rnnsym.vectors import Diagonal

STEP_DIGITS = 20  # differences are taken with a step of 10^-20 at 60 digits: an error near 10^-40
KINK = 1e-8  # one-sided slopes further apart than this are a kink


class Jacobian(Defined, sp.MatrixExpr):
    """d outputs / d variables through named equations, numerator layout; a matrix variable stands for its vec.

    args: outputs, variables, equations as pairs (symbol, expression) in order, binding as pairs (symbol, entries).
    Numerical definition: central differences in 60-digit arithmetic; undefined where one-sided slopes differ.
    """

    def __new__(cls, outputs: Any, variables: Any, equations: Any, binding: Any = ()) -> Any:
        def group(part: Any) -> Any:
            return sp.Tuple(*part) if isinstance(part, list | tuple | sp.Tuple) else sp.Tuple(part)

        pairs = [sp.Tuple(*(sp.Tuple(*pair) for pair in part)) for part in (equations, binding)]
        return sp.MatrixExpr.__new__(cls, group(outputs), group(variables), *pairs)

    @property
    def outputs(self) -> Any:
        return self.args[0]

    @property
    def variables(self) -> Any:
        return self.args[1]

    @property
    def shape(self) -> tuple[Any, Any]:
        rows = sp.Add(*(y.shape[0] for y in self.outputs))
        return rows, sp.Add(*(sp.prod(v.shape) if v.is_Matrix else sp.S.One for v in self.variables))

    @property
    def free_symbols(self) -> set[Any]:
        named = {name for name, _ in self.args[2]}
        bound = {s for s, _ in self.args[3]}
        found = set().union(
            *(e.free_symbols for _, e in (*self.args[2], *self.args[3])), *(v.free_symbols for v in self.variables)
        )
        return (
            found
            - named
            - bound
            - {entry for name, table in self.args[3] if name in named for entry in table.free_symbols}
        )

    def _entry(self, i: Any, j: Any, **_: Any) -> Any:
        return sp.matrices.expressions.matexpr.MatrixElement(self, i, j)

    def numerical(self, numbers: Numbers) -> Any:
        step = balls.ball(sp.Rational(1, 10**STEP_DIGITS))
        names = [name for name, _ in self.args[2]]
        base = numbers.copy({s: numbers._value(t) for s, t in self.args[3] if s not in names})
        center = self._outputs(base, names)
        columns = []
        for variable in self.variables:
            moved = _reached(self.args[2], variable)
            rest = base.copy({}, without={variable, *moved})
            table = np.asarray(base._value(variable), dtype=object)
            rows, width = table.shape if table.ndim else (1, 1)
            for index in range(rows * width):
                place = (index % rows, index // rows) if table.ndim else ()  # vec stacks the columns
                sides = []
                for change in (step, -step):
                    shifted = table.copy()
                    shifted[place] = shifted[place] + change
                    sides.append(self._outputs(rest.copy({variable: shifted}), moved))
                columns.append(_slope(sides[0], sides[1], center, step))
        return np.concatenate(columns, axis=1)

    def _outputs(self, numbers: Numbers, names: Any) -> Any:
        """The stacked outputs when the equations of `names` are evaluated in order, the others being known."""
        for name, expression in self.args[2]:
            if name in names:
                numbers.know(name, numbers._value(expression))
        return np.concatenate([numbers._value(y) for y in self.outputs], axis=0)

    def _sympystr(self, printer: Any) -> str:
        return f"d({', '.join(map(printer._print, self.outputs))})/d({', '.join(map(printer._print, self.variables))})"

    def _latex(self, printer: Any) -> str:
        def part(symbols: Any) -> str:
            names = [
                printer._print(s)
                if not s.is_Matrix or s.shape[1] == 1
                else rf"\operatorname{{vec}} {printer._print(s)}"
                for s in symbols
            ]
            return names[0] if len(names) == 1 else "(" + ", ".join(names) + ")"

        return rf"\frac{{\partial {part(self.outputs)}}}{{\partial {part(self.variables)}}}"


class Gradient(Defined, sp.MatrixExpr):
    """The gradient of sum_y lambda_y^T y with respect to a matrix or column v, in the shape of v.

    args: outputs y, variable v, adjoints lambda_y, equations, binding. Numerical definition: the differences of
    Jacobian, times the adjoints.
    """

    def __new__(cls, outputs: Any, variable: Any, adjoints: Any, equations: Any, binding: Any = ()) -> Any:
        pairs = [sp.Tuple(*(sp.Tuple(*pair) for pair in part)) for part in (equations, binding)]
        return sp.MatrixExpr.__new__(cls, sp.Tuple(*outputs), variable, sp.Tuple(*adjoints), *pairs)

    @property
    def shape(self) -> tuple[Any, Any]:
        variable = self.args[1]
        return variable.shape if variable.is_Matrix else (sp.S.One, sp.S.One)

    @property
    def _jacobian(self) -> Jacobian:
        return Jacobian(self.args[0], self.args[1], self.args[3], self.args[4])

    @property
    def free_symbols(self) -> set[Any]:
        bound = dict(self.args[4])
        adjoints = set().union(*((bound[s].free_symbols if s in bound else {s}) for s in self.args[2]))
        return self._jacobian.free_symbols | adjoints

    def _entry(self, i: Any, j: Any, **_: Any) -> Any:
        return sp.matrices.expressions.matexpr.MatrixElement(self, i, j)

    def numerical(self, numbers: Numbers) -> Any:
        bound = dict(self.args[4])
        weights = np.concatenate([numbers._value(bound.get(s, s)) for s in self.args[2]], axis=0)
        rows = numbers.size(self.shape[0])
        flat = numbers._value(self._jacobian).T @ weights
        return flat.reshape(-1, rows).T  # vec stacks the columns

    def _sympystr(self, printer: Any) -> str:
        inner = " + ".join(
            f"{printer._print(w)}.T*{printer._print(y)}" for w, y in zip(self.args[2], self.args[0], strict=True)
        )
        return f"grad_{printer._print(self.args[1])}({inner})"

    def _latex(self, printer: Any) -> str:
        pairs = zip(self.args[2], self.args[0], strict=True)
        inner = " + ".join(rf"{printer._print(sp.Transpose(w))} {printer._print(y)}" for w, y in pairs)
        return rf"\nabla_{{{printer._print(self.args[1])}}} \left({inner}\right)"


def _slope(ahead: Any, behind: Any, center: Any, step: Any) -> Any:
    right, left = (ahead - center) / step, (center - behind) / step
    for a, b in zip(right.flat, left.flat, strict=True):
        gap = abs(a - b)
        if not (gap < KINK * (1 + abs(a))):
            raise Undefined("the one-sided derivatives differ: a kink")
    return (ahead - behind) / (2 * step)


def _reached(equations: Any, variable: Any) -> list[Any]:
    """The named quantities that depend on a variable, in order."""
    moved = [variable]
    for name, expression in equations:
        if any(s in expression.free_symbols for s in moved):
            moved.append(name)
    return moved[1:]


def follow(equations: Any, outputs: Sequence[Any], values: dict[Any, Any], digits: int = 60) -> list[Any]:
    """The values of the outputs when the equations are evaluated in order."""
    numbers = Numbers(values, digits)
    for name, expression in equations:
        numbers.know(name, numbers._value(expression))
    return [numbers._value(y) for y in outputs]


class _Scalar(Defined, sp.Expr):
    """A real number defined from one matrix."""

    is_commutative = True
    is_extended_real = True
    sign = ""

    def __new__(cls, matrix: Any) -> Any:
        matrix = matrix.as_immutable() if isinstance(matrix, sp.MatrixBase) else matrix
        return sp.Expr.__new__(cls, matrix)

    @property
    def matrix(self) -> Any:
        return self.args[0]

    def _latex(self, printer: Any, exp: Any = None) -> str:
        text = self.sign % printer._print(self.matrix)
        return text if exp is None else f"{text}^{{{exp}}}"


MODULI = tuple(
    Fraction(v) for v in "1/6 1/5 1/3 1/2 2/3 9/10 11/10 3/2 2 3 5 6 0 1 1".split()
)  # the last three: degenerate


def spectrum(chance: Any, size: int) -> list[list[Fraction]]:
    """A rational matrix with eigenvalues of the moduli MODULI, real ones and complex pairs, in a random whole-number basis.

    Two times in three all are positive, beyond and within 1: there wrong conditions hide in products of pairs.
    """
    table = [[Fraction(0)] * size for _ in range(size)]
    i, alike = 0, chance.index(3)
    while i < size:
        modulus = MODULI[chance.index(len(MODULI) - 3 * bool(alike))]
        if i + 1 < size and not alike and chance.index(2):
            t = chance.rational()
            c, s = modulus * (1 - t * t) / (1 + t * t), modulus * 2 * t / (1 + t * t)
            table[i][i], table[i][i + 1], table[i + 1][i], table[i + 1][i + 1] = c, -s, s, c
            i += 2
        else:
            table[i][i] = modulus * (1 if alike else 1 - 2 * chance.index(2))
            i += 1
    for _ in range(size):  # a similarity by elementary operations: row i + c row j, column j - c column i
        i, j, c = chance.index(size), chance.index(size), Fraction(chance.index(3) - 1)
        if i != j:
            table[i] = [a + c * b for a, b in zip(table[i], table[j], strict=True)]
            for row in table:
                row[j] -= c * row[i]
    return table


class SpectralRadius(_Scalar):
    """rho(A), the largest modulus of an eigenvalue; from the characteristic polynomial in balls."""

    sign = r"\rho\left(%s\right)"
    is_nonnegative = True

    def numerical(self, numbers: Numbers) -> Any:
        exact = numbers.exactly(self.matrix)
        values = balls.eigenvalues(numbers._value(self.matrix)) if exact is None else balls.rational_eigenvalues(exact)
        return _largest([abs(v) for v in values])

    def corners(self, chance: Any, numbers: Numbers) -> dict[Any, Any] | None:
        """A matrix with drawn eigenvalues, in and near the unit circle too, in a random basis, for a matrix of free symbols.

        Entries drawn one by one hardly ever have all eigenvalues near the circle, or all beyond it.
        """
        matrix = self.matrix
        if numbers.size(matrix.shape[0]) > 4:  # dense rationals of more units are slow, and say no more
            return None
        if isinstance(matrix, sp.MatrixSymbol):
            return {matrix: spectrum(chance, numbers.size(matrix.shape[0]))}
        entries = list(matrix) if isinstance(matrix, sp.MatrixBase) else []
        if (
            not entries
            or not all(e.is_Symbol and e.is_commutative for e in entries)
            or len(set(entries)) < len(entries)
        ):
            return None
        if any(e.assumptions0.get(fact) is not None for e in entries for fact in ("positive", "negative", "integer")):
            return None
        table = spectrum(chance, matrix.rows)
        return {e: table[k // matrix.rows][k % matrix.rows] for k, e in enumerate(entries)}


class SpectralNorm(_Scalar):
    """||A||, the largest singular value: the root of the largest eigenvalue of A^* A."""

    sign = r"\left\lVert %s \right\rVert"
    is_nonnegative = True

    def numerical(self, numbers: Numbers) -> Any:
        exact = numbers.exactly(self.matrix)
        if exact is not None:
            squares = balls.rational_eigenvalues(exact.T * exact)
            return _largest([v.real for v in squares]).nonnegative_part().sqrt()
        table = numbers._value(self.matrix)
        gram = balls.conjugate(table).T @ table
        return _largest(balls.symmetric_eigenvalues(gram)).nonnegative_part().sqrt()


def _largest(values: list[Any]) -> Any:
    result = values[0]
    for v in values[1:]:
        result = result.max(v)
    return result


class Rank(_Scalar):
    """rank A: by elimination over the rationals when the entries are rational at the draw, otherwise by singular
    values at 50 digits."""

    sign = r"\operatorname{rank} %s"
    is_integer = True
    is_nonnegative = True

    def numerical(self, numbers: Numbers) -> Any:
        matrix = self.matrix.definition() if hasattr(self.matrix, "definition") else self.matrix
        exact = numbers.exactly(matrix)
        if exact is not None:
            return balls.ball(balls.rational_rank(exact))
        table = numbers._value(self.matrix)
        adjoint = balls.each(lambda v: v.conjugate() if hasattr(v, "imag") and hasattr(v, "conjugate") else v, table.T)
        gram = adjoint @ table if table.shape[0] >= table.shape[1] else table @ adjoint
        squares = [abs(v) for v in balls.symmetric_eigenvalues(gram)]
        top = max((float(s) for s in squares), default=0.0)
        return balls.ball(sum(1 for s in squares if float(s) > 1e-30 * top)) if top > 0 else balls.ball(0)


class Resolvent(Defined, sp.MatrixExpr):
    """(zI - A)^-1, by solving with the numbers put in."""

    def __new__(cls, matrix: Any, z: Any) -> Any:
        matrix = matrix.as_immutable() if isinstance(matrix, sp.MatrixBase) else matrix
        return sp.MatrixExpr.__new__(cls, matrix, sp.S(z))

    @property
    def shape(self) -> tuple[Any, Any]:
        return self.args[0].shape

    def numerical(self, numbers: Numbers) -> Any:
        table, z = numbers._value(self.args[0]), numbers._value(self.args[1])
        shifted = -table
        for i in range(len(table)):
            shifted[i, i] = shifted[i, i] + z
        found = balls.inverse(shifted)
        if any(map(balls.is_nan, found.flat)):
            raise Undefined("z is an eigenvalue")
        return found

    def _latex(self, printer: Any) -> str:
        z, matrix = printer._print(self.args[1]), printer._print(self.args[0])
        return rf"\left({z} I - {matrix}\right)^{{-1}}"


class OrderedProduct(Defined, sp.MatrixExpr):
    """factor(high) ... factor(low + 1) factor(low): the ordered product over an index, latest factor on the left.

    args: factor (a square matrix expression in the index), index, low, high. The empty product is the identity.
    """

    def __new__(cls, factor: Any, index: Any, low: Any, high: Any) -> Any:
        factor = factor.as_immutable() if isinstance(factor, sp.MatrixBase) else factor
        return sp.MatrixExpr.__new__(cls, factor, index, sp.S(low), sp.S(high))

    @property
    def shape(self) -> tuple[Any, Any]:
        return self.args[0].shape

    @property
    def free_symbols(self) -> set[Any]:
        factor, index, low, high = self.args
        return (factor.free_symbols - {index}) | low.free_symbols | high.free_symbols

    def numerical(self, numbers: Numbers) -> Any:
        factor, index, low, high = self.args
        result = numbers._value(sp.Identity(numbers.size(self.shape[0])))
        for k in range(numbers.size(low), numbers.size(high) + 1):
            result = numbers._value(factor.subs(index, k)) @ result
        return result

    def _latex(self, printer: Any) -> str:
        factor, index, low, high = (printer._print(a) for a in self.args)
        body = factor if isinstance(self.args[0], sp.MatrixSymbol | Diagonal | Defined) else rf"\left({factor}\right)"
        return rf"\overleftarrow{{\prod_{{{index}={low}}}^{{{high}}}}} {body}"
