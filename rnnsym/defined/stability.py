"""Quantities and hypotheses of stability, kept unevaluated: determinants and norms, trajectories, the best diagonal metric.

Numerical definitions: eigenvalues and determinants of the numbers, the map itself run forward, minimization. The
hypotheses DiagonallyStable and SectorInequality bring their samplers (the search of `certificates`); what a search
cannot decide is None. May import: result, exact, vectors, defined.numbers, defined.quantities, defined.certificates.
"""

from __future__ import annotations

from itertools import combinations
from typing import Any

import flint
import numpy as np
import sympy as sp

from rnnsym.defined.numbers import Defined, Numbers, Undefined
from rnnsym.defined.predicates import Predicate
from rnnsym.defined.quantities import _Scalar, follow
from rnnsym.exact import balls

EDGE = 1e-20  # nearer than this to a boundary a search decides nothing


def _flint(table: Any) -> Any:
    is_complex = any(isinstance(v, flint.acb) for v in table.flat)
    return (flint.acb_mat if is_complex else flint.arb_mat)([list(row) for row in table])


class PairProduct(_Scalar):
    """The product of 1 - lambda_i lambda_j over all pairs i < j of eigenvalues: 0 where a pair lies on the unit circle."""

    sign = r"\prod_{i<j} \left(1 - \lambda_i \lambda_j\right)\left(%s\right)"

    def numerical(self, numbers: Numbers) -> Any:
        exact = numbers.exactly(self.matrix)
        values = balls.eigenvalues(numbers._value(self.matrix)) if exact is None else balls.rational_eigenvalues(exact)
        product = flint.acb(1)
        for a, b in combinations(values, 2):
            product = product * (1 - flint.acb(a) * b)
        return product.real


class SpectralAbscissa(_Scalar):
    """The largest real part of an eigenvalue."""

    sign = r"\max_i \operatorname{Re} \lambda_i\left(%s\right)"

    def numerical(self, numbers: Numbers) -> Any:
        exact = numbers.exactly(self.matrix)
        values = balls.eigenvalues(numbers._value(self.matrix)) if exact is None else balls.rational_eigenvalues(exact)
        return _largest([flint.acb(v).real for v in values])


class EntryProduct(_Scalar):
    """The product of the entries of a column."""

    sign = r"\prod_i \left(%s\right)_i"

    def numerical(self, numbers: Numbers) -> Any:
        product = balls.ball(1)
        for v in numbers._value(self.matrix).flat:
            product = product * v
        return product


class EntrySum(_Scalar):
    """The sum of the entries of a matrix."""

    sign = r"\mathbf{1}^{\mathsf T} \left(%s\right)"

    def numerical(self, numbers: Numbers) -> Any:
        return sum(numbers._value(self.matrix).flat, balls.ball(0))


class PerronRoot(_Scalar):
    """rho(|A|), the spectral radius of the matrix of absolute values."""

    sign = r"\rho\left(\left|%s\right|\right)"
    is_nonnegative = True

    def numerical(self, numbers: Numbers) -> Any:
        exact = numbers.exactly(self.matrix)
        if exact is None:
            values = balls.eigenvalues(np.frompyfunc(abs, 1, 1)(numbers._value(self.matrix)))
        else:
            values = balls.rational_eigenvalues(exact.applyfunc(abs))
        return _largest([abs(v) for v in values])


def _largest(values: list[Any]) -> Any:
    result = values[0]
    for v in values[1:]:
        result = result.max(v)
    return result


class AbsoluteValues(Defined, sp.MatrixExpr):
    """|A|, entry by entry."""

    def __new__(cls, matrix: Any) -> Any:
        return sp.MatrixExpr.__new__(cls, matrix.as_immutable() if isinstance(matrix, sp.MatrixBase) else matrix)

    @property
    def shape(self) -> tuple[Any, Any]:
        return self.args[0].shape

    def numerical(self, numbers: Numbers) -> Any:
        return np.frompyfunc(abs, 1, 1)(numbers._value(self.args[0]))

    def _latex(self, printer: Any) -> str:
        return rf"\left|{printer._print(self.args[0])}\right|"

    def _sympystr(self, printer: Any) -> str:
        return f"|{printer._print(self.args[0])}|"


class AbsoluteNorm(Defined, sp.Expr):
    """||A||_1 (largest column sum), ||A||_oo (largest row sum), of a column the same; weights p: ||diag(p)^-1 v||.

    args: matrix, kind (1 or oo), weights (a positive column, or nothing). Of a matrix with weights it is the norm that
    belongs to the weighted norm of columns, ||diag(p)^-1 A diag(p)||.
    """

    is_commutative = True
    is_extended_real = True
    is_nonnegative = True

    def __new__(cls, matrix: Any, kind: Any = sp.oo, weights: Any = None) -> Any:
        fixed = [m.as_immutable() if isinstance(m, sp.MatrixBase) else m for m in (matrix, weights) if m is not None]
        return sp.Expr.__new__(cls, fixed[0], sp.sympify(kind), *fixed[1:])

    def numerical(self, numbers: Numbers) -> Any:
        table = np.frompyfunc(abs, 1, 1)(numbers._value(self.args[0]))
        if len(self.args) == 3:
            weights = numbers._value(self.args[2])
            table = table / weights if table.shape[1] == 1 else table / weights * weights.T
        lines = table if self.args[1] == sp.oo else table.T
        return _largest([sum(line, balls.ball(0)) for line in lines])

    def _latex(self, printer: Any, exp: Any = None) -> str:
        kind = r"\infty" if self.args[1] == sp.oo else "1"
        weights = rf",\,{printer._print(self.args[2])}" if len(self.args) == 3 else ""
        text = rf"\left\lVert {printer._print(self.args[0])} \right\rVert_{{{kind}{weights}}}"
        return text if exp is None else f"{text}^{{{exp}}}"


class QuadraticForm(Defined, sp.Expr):
    """v^T P v."""

    is_commutative = True
    is_extended_real = True

    def __new__(cls, form: Any, vector: Any) -> Any:
        return sp.Expr.__new__(cls, *(m.as_immutable() if isinstance(m, sp.MatrixBase) else m for m in (form, vector)))

    def numerical(self, numbers: Numbers) -> Any:
        vector = numbers._value(self.args[1])
        return (vector.T @ numbers._value(self.args[0]) @ vector)[0, 0]

    def _latex(self, printer: Any, exp: Any = None) -> str:
        form, vector = (printer._print(a) for a in self.args)
        text = rf"\left({vector}\right)^{{\mathsf T}} {form} \left({vector}\right)"
        return text if exp is None else rf"\left[{text}\right]^{{{exp}}}"


class CriticalGain(Defined, sp.Expr):
    """The g >= 0 from which on some lambda of the unit disk has |offset + g slope lambda| >= 1; args: offset, slope.

    Numerical definition: bisection in g of the maximum over 64 points of the circle, 1 among them; the maximum lies at
    lambda = 1 or -1 for real offset and slope.
    """

    is_commutative = True
    is_extended_real = True

    def __new__(cls, offset: Any, slope: Any) -> Any:
        return sp.Expr.__new__(cls, sp.sympify(offset), sp.sympify(slope))

    def numerical(self, numbers: Numbers) -> Any:
        offset, slope = (numbers._value(a) for a in self.args)
        if abs(offset) >= 1 or slope == 0:
            raise Undefined("the origin is unstable without recurrence, or there is none")
        circle = [_turn(k) for k in range(64)]
        low, high = flint.arb(0), 4 / abs(slope)
        for _ in range(110):
            middle = ((low + high) / 2).mid()
            largest = max(
                (abs(flint.acb(offset + middle * slope * c, middle * slope * s)) for c, s in circle), key=float
            )
            at_ends = abs(offset + middle * slope).max(abs(offset - middle * slope))
            low, high = (low, middle) if largest.max(at_ends) >= 1 else (middle, high)
        return (low + high) / 2

    def _latex(self, printer: Any, exp: Any = None) -> str:
        text = "g_c" if exp is None else f"g_c^{{{exp}}}"
        return text


def _turn(k: int) -> tuple[Any, Any]:
    angle = 2 * flint.arb.pi() * k / 64
    return angle.cos(), angle.sin()


class StateAfter(Defined, sp.MatrixExpr):
    """The state of a cell after T steps: the map run forward.

    args: state, new state, equations, start (a column for each state), inputs (for each step a column for each input),
    block (the number of a state, or -1 for all stacked), binding of the parameters, names of the inputs.
    """

    def __new__(
        cls, state: Any, new: Any, equations: Any, start: Any, inputs: Any, block: Any = -1, binding: Any = (),
        names: Any = (),
    ) -> Any:  # fmt: skip
        pairs = [sp.Tuple(*(sp.Tuple(*pair) for pair in part)) for part in (equations, binding)]
        start = [s.as_immutable() if isinstance(s, sp.MatrixBase) else s for s in start]
        steps = sp.Tuple(*(sp.Tuple(*step) for step in inputs))
        parts = (sp.Tuple(*state), sp.Tuple(*new), pairs[0], sp.Tuple(*start), steps, sp.sympify(block), pairs[1])
        return sp.MatrixExpr.__new__(cls, *parts, sp.Tuple(*names))

    @classmethod
    def of(cls, cell: Any, start: Any, inputs: Any, block: int = -1) -> StateAfter:
        """For a cell: `inputs` has one column (or tuple of columns) for each step."""
        steps = [step if isinstance(step, tuple) else (step,) for step in inputs]
        names = {name for name, _ in cell.all_equations}
        moving = {*names, *cell.state, *cell.input}
        binding = [(s, t) for s, t in cell.binding if s not in moving]
        return cls(cell.state, cell.next, cell.equations, start, steps, block, binding, cell.input)

    @property
    def shape(self) -> tuple[Any, Any]:
        block = int(self.args[5])
        states = self.args[0] if block < 0 else [self.args[0][block]]
        return sp.Add(*(s.shape[0] for s in states)), sp.S.One

    @property
    def free_symbols(self) -> set[Any]:
        state, _, equations, start, inputs, _, binding, names = self.args
        own = {*state, *names, *(name for name, _ in equations), *(s for s, _ in binding)}
        inner = set().union(*(e.free_symbols for _, e in equations)) - own
        outer = (*start, *(column for step in inputs for column in step), *(t for _, t in binding))
        return inner.union(*(e.free_symbols for e in outer), *(s.shape[0].free_symbols for s in state))

    def _entry(self, i: Any, j: Any, **_: Any) -> Any:
        return sp.matrices.expressions.matexpr.MatrixElement(self, i, j)

    def numerical(self, numbers: Numbers) -> Any:
        state, new, equations, start, inputs, block, binding, names = self.args
        fixed = {**numbers.given, **{s: numbers._value(t) for s, t in binding}}
        now = {s: numbers._value(e) for s, e in zip(state, start, strict=True)}
        for step in inputs:
            given = {s: numbers._value(e) for s, e in zip(names, step, strict=True)}
            found = follow(equations, list(new), {**fixed, **now, **given}, numbers.digits)
            now = dict(zip(state, found, strict=True))
        values = [now[s] for s in state]
        return np.concatenate(values) if int(block) < 0 else values[int(block)]

    def _sympystr(self, printer: Any) -> str:
        return f"F^{len(self.args[4])}({', '.join(map(printer._print, self.args[3]))})"

    def _latex(self, printer: Any) -> str:
        state, new, _, start, inputs, block, _, _ = self.args
        steps = len(inputs)
        power = "" if steps == 1 else f"^{{{steps}}}"
        part = "" if int(block) < 0 or len(state) == 1 else f"_{{{printer._print(state[int(block)])}}}"
        inside = ", ".join(printer._print(e) for e in (*start, *(column for step in inputs for column in step)))
        return rf"F{power}{part}\left({inside}\right)"


# Hypotheses


class AllZero(Predicate):
    """Some columns are zero: the silent network."""

    @property
    def targets(self) -> tuple[Any, ...]:
        return self.args

    def holds(self, numbers: Numbers) -> bool | None:
        return all(v == 0 for s in self.args for v in numbers._value(s).flat)

    def sample(self, chance: Any, numbers: Numbers) -> dict[Any, Any] | None:
        return {s: [[0] * numbers.size(s.shape[1]) for _ in range(numbers.size(s.shape[0]))] for s in self.args}

    def _latex(self, printer: Any) -> str:
        return " = ".join(map(printer._print, self.args)) + " = 0"

    def _sympystr(self, printer: Any) -> str:
        return " = ".join(map(printer._print, self.args)) + " = 0"
