"""Sums and products over an index, singular values and block norms, minima and roots of a function, kept unevaluated.

May import: result, exact, vectors, defined.numbers, defined.quantities.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import sympy as sp

from rnnsym.defined.numbers import Defined, Numbers, Undefined, at_index
from rnnsym.defined.quantities import _Scalar
from rnnsym.exact import balls


class MatrixSum(Defined, sp.MatrixExpr):
    """The sum of a matrix expression over an index; args: term, index, low, high. The empty sum is zero."""

    def __new__(cls, term: Any, index: Any, low: Any, high: Any) -> Any:
        return sp.MatrixExpr.__new__(cls, term, index, sp.S(low), sp.S(high))

    @property
    def shape(self) -> tuple[Any, Any]:
        return self.args[0].shape

    @property
    def free_symbols(self) -> set[Any]:
        term, index, low, high = self.args
        return (term.free_symbols - {index}) | low.free_symbols | high.free_symbols

    def _entry(self, i: Any, j: Any, **_: Any) -> Any:
        return sp.matrices.expressions.matexpr.MatrixElement(self, i, j)

    def numerical(self, numbers: Numbers) -> Any:
        term, index, low, high = self.args
        total = numbers._value(sp.ZeroMatrix(*self.shape))
        for k in range(numbers.size(low), numbers.size(high) + 1):
            total = total + numbers._value(at_index(term, index, k))
        return total

    def _latex(self, printer: Any) -> str:
        term, index, low, high = (printer._print(a) for a in self.args)
        body = rf"\left({term}\right)" if isinstance(self.args[0], sp.MatAdd) else term
        return rf"\sum_{{{index}={low}}}^{{{high}}} {body}"


class IndexedProduct(Defined, sp.Expr):
    """The product of a scalar expression over an index; args: factor, index, low, high. The empty product is 1."""

    is_commutative = True
    is_extended_real = True

    def __new__(cls, factor: Any, index: Any, low: Any, high: Any) -> Any:
        return sp.Expr.__new__(cls, sp.S(factor), index, sp.S(low), sp.S(high))

    @property
    def free_symbols(self) -> set[Any]:
        factor, index, low, high = self.args
        return (factor.free_symbols - {index}) | low.free_symbols | high.free_symbols

    def numerical(self, numbers: Numbers) -> Any:
        factor, index, low, high = self.args
        product = balls.ball(1)
        for k in range(numbers.size(low), numbers.size(high) + 1):
            product = product * numbers._value(at_index(factor, index, k))
        return product

    def _latex(self, printer: Any, exp: Any = None) -> str:
        factor, index, low, high = (printer._print(a) for a in self.args)
        text = rf"\prod_{{{index}={low}}}^{{{high}}} {factor}"
        return text if exp is None else rf"\left({text}\right)^{{{exp}}}"


class SmallestSingularValue(_Scalar):
    """sigma_min(A), the root of the smallest eigenvalue of A^T A."""

    sign = r"\sigma_{\min}\left(%s\right)"
    is_nonnegative = True

    def numerical(self, numbers: Numbers) -> Any:
        exact = numbers.exactly(self.matrix)
        if exact is None:
            table = numbers._value(self.matrix)
            values = balls.symmetric_eigenvalues(table.T @ table)
        else:
            values = [v.real for v in balls.rational_eigenvalues(exact.T * exact)]
        found = values[0]
        for v in values[1:]:
            found = found.min(v)
        return found.nonnegative_part().sqrt()


class LargestEntry(_Scalar):
    """max |a_ij|."""

    sign = r"\left\lVert %s \right\rVert_{\max}"
    is_nonnegative = True

    def numerical(self, numbers: Numbers) -> Any:
        found = balls.ball(0)
        for v in numbers._value(self.matrix).flat:
            found = found.max(abs(v))
        return found


class BlockNorms(Defined, sp.MatrixExpr):
    """The maximum-norms of the blocks of a matrix of r by r equal blocks; args: matrix, r."""

    def __new__(cls, matrix: Any, blocks: Any) -> Any:
        return sp.MatrixExpr.__new__(cls, matrix, sp.S(blocks))

    @property
    def shape(self) -> tuple[Any, Any]:
        return self.args[1], self.args[1]

    def _entry(self, i: Any, j: Any, **_: Any) -> Any:
        return sp.matrices.expressions.matexpr.MatrixElement(self, i, j)

    def numerical(self, numbers: Numbers) -> Any:
        table, count = np.frompyfunc(abs, 1, 1)(numbers._value(self.args[0])), int(self.args[1])
        size = len(table) // count
        found = np.empty((count, count), dtype=object)
        for i in range(count):
            for j in range(count):
                largest = balls.ball(0)
                for row in table[i * size : (i + 1) * size, j * size : (j + 1) * size]:
                    largest = largest.max(sum(row, balls.ball(0)))
                found[i, j] = largest
        return found

    def _latex(self, printer: Any) -> str:
        text = printer._print(self.args[0])
        return rf"\left\lVert {text} \right\rVert_{{\infty,\,{self.args[1]} \times {self.args[1]}}}"


class Extremal(Defined, sp.Expr):
    """A number that belongs to a function f of one bound variable on an open interval; args: f, variable, low, high."""

    is_commutative = True
    is_extended_real = True

    def __new__(cls, function: Any, variable: Any, low: Any, high: Any) -> Any:
        return sp.Expr.__new__(cls, sp.S(function), variable, sp.S(low), sp.S(high))

    @property
    def free_symbols(self) -> set[Any]:
        function, variable, low, high = self.args
        return (function.free_symbols - {variable}) | low.free_symbols | high.free_symbols

    def function(self, numbers: Numbers) -> Any:
        expression, variable = self.args[:2]
        return lambda v: balls.scalar(expression, lambda s: v if s == variable else numbers._leaf(s))


class Minimum(Extremal):
    """The minimum of f over an open interval: 256 points, then golden sections between the neighbors of the lowest."""

    def numerical(self, numbers: Numbers) -> Any:
        f = self.function(numbers)
        low, high = (numbers._value(a) for a in self.args[2:])
        points = [low + (high - low) * k / 257 for k in range(258)]
        values = [f(p) for p in points[1:-1]]
        best = min(range(len(values)), key=lambda k: float(values[k])) + 1
        if best in (1, 256):
            raise Undefined("the minimum lies at an end")
        left, right = points[best - 1].mid(), points[best + 1].mid()
        ratio = (balls.ball(5).sqrt() - 1) / 2
        inner = [(right - ratio * (right - left)).mid(), (left + ratio * (right - left)).mid()]
        found = [f(x) for x in inner]
        for _ in range(140):
            if found[0].mid() < found[1].mid():
                right, inner[1], found[1] = inner[1], inner[0], found[0]
                inner[0] = (right - ratio * (right - left)).mid()
                found[0] = f(inner[0])
            else:
                left, inner[0], found[0] = inner[0], inner[1], found[1]
                inner[1] = (left + ratio * (right - left)).mid()
                found[1] = f(inner[1])
        return found[0].min(found[1])

    def _latex(self, printer: Any, exp: Any = None) -> str:
        f, variable, low, high = (printer._print(a) for a in self.args)
        text = rf"\min_{{{low} < {variable} < {high}}} {f}"
        return text if exp is None else rf"\left({text}\right)^{{{exp}}}"


class RootOf(Extremal):
    """The root of f in an interval at whose ends f has opposite signs: an enclosure, by bisections with certain signs."""

    def numerical(self, numbers: Numbers) -> Any:
        f = self.function(numbers)
        low, high = (numbers._value(a).mid() for a in self.args[2:])
        at_low, at_high = f(low), f(high)
        if not ((at_low < 0 and at_high > 0) or (at_low > 0 and at_high < 0)):
            raise Undefined("the function has not certainly opposite signs at the ends")
        up = bool(at_low < 0)
        while True:
            middle = ((low + high) / 2).mid()
            value = f(middle)
            if not (middle > low and middle < high) or not (value < 0 or value > 0):
                return low.union(high)  # opposite certain signs at both ends: the root is between
            low, high = (middle, high) if bool(value < 0) == up else (low, middle)

    def _latex(self, printer: Any, exp: Any = None) -> str:
        f, variable, low, high = (printer._print(a) for a in self.args)
        text = rf"\operatorname{{root}}\left\{{ {low} < {variable} < {high} : {f} = 0 \right\}}"
        return text if exp is None else rf"\left({text}\right)^{{{exp}}}"
