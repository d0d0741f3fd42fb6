"""Fixed points of networks of any size: their derivatives and gradients by solving again, the bias at which they are.

May import: result, exact, vectors, the rest of defined.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import sympy as sp

from rnnsym.defined.maps import STEP
from rnnsym.defined.numbers import Defined, Numbers, Undefined
from rnnsym.defined.predicates import FixedPointOf
from rnnsym.defined.quantities import follow
from rnnsym.exact import balls


class ImplicitDerivative(Defined, sp.MatrixExpr):
    """d h* / d theta of the fixed point h* = F(h*; theta), vec of a matrix theta; the point followed by Newton's method.

    args: fixed (a FixedPointOf), theta. Numerical definition: theta moved by +-10^-20, the fixed point solved again.
    """

    def __new__(cls, fixed: FixedPointOf, theta: Any) -> Any:
        return sp.MatrixExpr.__new__(cls, fixed, theta)

    @property
    def shape(self) -> tuple[Any, Any]:
        theta = self.args[1]
        rows = sp.Add(*(s.shape[0] for s in self.args[0].args[0]))
        return rows, sp.prod(getattr(theta, "shape", (1, 1)))

    @property
    def free_symbols(self) -> set[Any]:
        fixed: set[Any] = self.args[0].free_symbols
        return fixed | (self.args[1].free_symbols - set(dict(self.args[0].args[3])))

    def _entry(self, i: Any, j: Any, **_: Any) -> Any:
        return sp.matrices.expressions.matexpr.MatrixElement(self, i, j)

    def numerical(self, numbers: Numbers) -> Any:
        fixed, theta = self.args
        state, tables = fixed.args[0], dict(fixed.args[3])
        named = {name for name, _ in fixed.args[2]}
        values = {s: numbers._value(t) for s, t in tables.items() if s not in named}
        values |= {s: numbers._value(s) for s in (*state, theta) if s not in tables}
        table = values[theta]
        is_matrix = isinstance(table, np.ndarray)
        places = [(i, j) for j in range(table.shape[1]) for i in range(table.shape[0])] if is_matrix else [()]
        step = balls.ball(STEP)
        columns = []
        for place in places:
            sides = []
            for change in (step, -step):
                moved = table.copy() if is_matrix else table + change
                if is_matrix:
                    moved[place] = moved[place] + change
                sides.append(self._solved(numbers, {**values, theta: moved}))
            columns.append((sides[0] - sides[1]) / (2 * step))
        return np.stack(columns, axis=1)

    def _solved(self, numbers: Numbers, values: dict[Any, Any]) -> Any:
        """The fixed point near the one of the draw, stacked."""
        state, new, equations, _ = self.args[0].args
        start = np.concatenate([values[s][:, 0] for s in state])
        sizes = [len(values[s]) for s in state]
        known = {s: v for s, v in numbers.given.items() if s not in state}

        def gap(point: Any) -> Any:
            cut = dict(zip(state, np.split(point[:, None], np.cumsum(sizes)[:-1]), strict=True))
            found = follow(equations, list(new), {**known, **values, **cut}, numbers.digits)
            return np.concatenate(found)[:, 0] - point

        step = balls.ball(STEP)
        point = start
        slopes = None
        for _ in range(40):
            here = gap(point)
            if slopes is None:
                steps = [
                    np.array([step * int(i == k) for i in range(len(point))], dtype=object) for k in range(len(point))
                ]
                slopes = balls.inverse(np.stack([(gap(point + s) - here) / step for s in steps], axis=1))
                if any(map(balls.is_nan, slopes.flat)):
                    raise Undefined("the fixed point is not isolated")
            move = slopes @ here
            point = np.array([(p - d).mid() for p, d in zip(point, move, strict=True)], dtype=object)
            if max(float(abs(d)) for d in move) < 1e-50:
                return point
        if max(float(abs(v)) for v in gap(point)) < 1e-45:
            return point
        raise Undefined("the fixed point could not be followed")

    def _sympystr(self, printer: Any) -> str:
        return f"d({', '.join(map(printer._print, self.args[0].args[0]))})/d({printer._print(self.args[1])})"

    def _latex(self, printer: Any) -> str:
        state = [printer._print(s) for s in self.args[0].args[0]]
        top = state[0] if len(state) == 1 else "(" + ", ".join(state) + ")"
        theta = self.args[1]
        bottom = printer._print(theta)
        if getattr(theta, "shape", (1, 1))[1] != 1:
            bottom = rf"\operatorname{{vec}} {bottom}"
        return rf"\frac{{\partial {top}}}{{\partial {bottom}}}"


class After(Defined, sp.MatrixExpr):
    """The outputs of named equations evaluated in order, stacked: the state through the cell itself.

    args: outputs, equations, binding.
    """

    def __new__(cls, outputs: Any, equations: Any, binding: Any = ()) -> Any:
        pairs = [sp.Tuple(*(sp.Tuple(*pair) for pair in part)) for part in (equations, binding)]
        return sp.MatrixExpr.__new__(cls, sp.Tuple(*outputs), *pairs)

    @property
    def shape(self) -> tuple[Any, Any]:
        return sp.Add(*(y.shape[0] for y in self.args[0])), sp.S.One

    @property
    def free_symbols(self) -> set[Any]:
        named, bound = {name for name, _ in self.args[1]}, {s for s, _ in self.args[2]}
        used = set().union(*(e.free_symbols for _, e in self.args[1]))
        tables = set().union(*(t.free_symbols for s, t in self.args[2] if s in used and s not in named))
        return (used | tables) - named - bound

    def _entry(self, i: Any, j: Any, **_: Any) -> Any:
        return sp.matrices.expressions.matexpr.MatrixElement(self, i, j)

    def numerical(self, numbers: Numbers) -> Any:
        names = {name for name, _ in self.args[1]}
        used = set().union(*(e.free_symbols for _, e in self.args[1]))
        values = {s: numbers._value(t) for s, t in self.args[2] if s not in names and s in used}
        return np.concatenate(follow(self.args[1], list(self.args[0]), {**numbers.given, **values}, numbers.digits))

    def _sympystr(self, printer: Any) -> str:
        return f"({', '.join(map(printer._print, self.args[0]))} through the cell)"

    def _latex(self, printer: Any) -> str:
        names = [printer._print(s) for s in self.args[0]]
        return names[0] if len(names) == 1 else r"\begin{bmatrix} " + r" \\ ".join(names) + r" \end{bmatrix}"


class BiasAt(Defined, sp.MatrixExpr):
    """The bias at which h* is a fixed point: the drawn one, where the map tells biases apart to 15 digits.

    args: fixed (a FixedPointOf), the bias. Undefined where a unit is so saturated that its bias cannot be seen.
    """

    def __new__(cls, fixed: FixedPointOf, bias: Any) -> Any:
        return sp.MatrixExpr.__new__(cls, fixed, bias)

    @property
    def shape(self) -> tuple[Any, Any]:
        shape: tuple[Any, Any] = self.args[1].shape
        return shape

    @property
    def free_symbols(self) -> set[Any]:
        fixed: set[Any] = self.args[0].free_symbols
        return fixed | (self.args[1].free_symbols - set(dict(self.args[0].args[3])))

    def _entry(self, i: Any, j: Any, **_: Any) -> Any:
        return sp.matrices.expressions.matexpr.MatrixElement(self, i, j)

    def numerical(self, numbers: Numbers) -> Any:
        fixed, bias = self.args
        tables = dict(fixed.args[3])
        named = {name for name, _ in fixed.args[2]}
        values = {s: numbers._value(t) for s, t in tables.items() if s not in named}
        values |= {s: numbers._value(s) for s in (*fixed.args[0], bias) if s not in tables}
        table = values[bias]

        def out(change: Any) -> Any:
            return np.concatenate(
                follow(fixed.args[2], list(fixed.args[1]), {**numbers.given, **values, bias: change}, numbers.digits)
            )

        step = balls.ball(STEP)
        for i in range(len(table)):
            moved = table.copy()
            moved[i, 0] = moved[i, 0] + step
            if not max(float(abs(v)) for v in (out(moved) - out(table)).flat) > 1e-15 * 1e-20:
                raise Undefined("a unit is saturated: its bias leaves no trace")
        return table

    def _sympystr(self, printer: Any) -> str:
        return str(printer._print(self.args[1]))

    def _latex(self, printer: Any) -> str:
        return str(printer._print(self.args[1]))


class ImplicitGradient(Defined, sp.MatrixExpr):
    """The gradient of sum lambda^T h* over the fixed point with respect to theta, in the shape of theta.

    args: fixed (a FixedPointOf), theta, adjoints lambda, binding of the adjoints. From ImplicitDerivative.
    """

    def __new__(cls, fixed: FixedPointOf, theta: Any, adjoints: Any, binding: Any = ()) -> Any:
        return sp.MatrixExpr.__new__(cls, fixed, theta, sp.Tuple(*adjoints), sp.Tuple(*(sp.Tuple(*p) for p in binding)))

    @property
    def shape(self) -> tuple[Any, Any]:
        shape: tuple[Any, Any] = getattr(self.args[1], "shape", (sp.S.One, sp.S.One))
        return shape

    @property
    def free_symbols(self) -> set[Any]:
        bound = dict(self.args[3])
        adjoints = set().union(*((bound[s].free_symbols if s in bound else {s}) for s in self.args[2]))
        return ImplicitDerivative(*self.args[:2]).free_symbols | adjoints

    def _entry(self, i: Any, j: Any, **_: Any) -> Any:
        return sp.matrices.expressions.matexpr.MatrixElement(self, i, j)

    def numerical(self, numbers: Numbers) -> Any:
        bound = dict(self.args[3])
        weights = np.concatenate([numbers._value(bound.get(s, s)) for s in self.args[2]], axis=0)
        flat = ImplicitDerivative(*self.args[:2]).numerical(numbers).T @ weights
        return flat.reshape(-1, numbers.size(self.shape[0])).T  # vec stacks the columns

    def _latex(self, printer: Any) -> str:
        pairs = zip(self.args[2], self.args[0].args[0], strict=True)
        inner = " + ".join(rf"{printer._print(sp.Transpose(w))} {printer._print(s)}" for w, s in pairs)
        return rf"\nabla_{{{printer._print(self.args[1])}}} \left({inner}\right)"
