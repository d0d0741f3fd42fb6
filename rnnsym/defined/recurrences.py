"""Linear recurrences that vary in time, kept unevaluated: attention states, affine maps in a row, gates, parity.

Every numerical definition runs the recurrence. May import: result, exact, vectors, the rest of `defined`.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import flint
import numpy as np
import sympy as sp

from rnnsym.defined.numbers import Defined, Numbers, Undefined
from rnnsym.defined.predicates import Predicate
from rnnsym.defined.systems import OfSystem, fixed
from rnnsym.exact import balls

LONGEST = 4000  # steps of a recurrence on a grid, before it counts as never settling
BLOCKS = 15  # doublings of the time, for the limit of a product of gates


def _group(parts: Any) -> Any:
    return sp.Tuple(*map(fixed, parts))


class AttentionOutput(Defined, sp.MatrixExpr):
    """o_T = S_T q of S_t = S_{t-1} G_t + v_t k_t^T, by running it; args: S_0, G_1..G_T, v_1..v_T, k_1..k_T, q (p, 1)."""

    def __new__(cls, start: Any, gates: Any, values: Any, keys: Any, query: Any) -> Any:
        return sp.MatrixExpr.__new__(cls, fixed(start), _group(gates), _group(values), _group(keys), fixed(query))

    @property
    def shape(self) -> tuple[Any, Any]:
        return self.args[0].shape[0], sp.S.One

    def _entry(self, i: Any, j: Any, **_: Any) -> Any:
        return sp.matrices.expressions.matexpr.MatrixElement(self, i, j)

    def numerical(self, numbers: Numbers) -> Any:
        start, gates, values, keys, query = self.args
        state = numbers._value(start)
        for gate, value, key in zip(gates, values, keys, strict=True):
            G = numbers._value(gate)
            state = state @ G if isinstance(G, np.ndarray) else state * G
            state = state + numbers._value(value) @ numbers._value(key).T
        return state @ numbers._value(query)

    def _latex(self, printer: Any) -> str:
        return rf"o_{{{len(self.args[1])}}}"


class AffineMaps(OfSystem):
    """The table [A, b] of the affine map h -> A h + b that affine maps make one after another, the first argument first.

    args: the maps as pairs (A, b). Numerical definition: 0 and every unit state are sent through the maps in turn.
    """

    def __new__(cls, *maps: Any) -> Any:
        return sp.MatrixExpr.__new__(cls, *(_group(pair) for pair in maps))

    @property
    def shape(self) -> tuple[Any, Any]:
        rows = self.args[0][1].shape[0]
        return rows, rows + 1

    def numerical(self, numbers: Numbers) -> Any:
        size = numbers.size(self.shape[0])
        zero, one = flint.arb(0), flint.arb(1)

        def sent(state: Any) -> Any:
            for A, b in self.args:
                state = numbers._value(A) @ state + numbers._value(b)
            return state

        shift = sent(np.array([[zero]] * size, dtype=object))
        units = [np.array([[one if i == j else zero] for i in range(size)], dtype=object) for j in range(size)]
        return np.concatenate([*(sent(e) - shift for e in units), shift], axis=1)

    def _latex(self, printer: Any) -> str:
        names = r" \circ ".join(rf"({', '.join(map(printer._print, pair))})" for pair in reversed(self.args))
        return names


class GatedState(Defined, sp.Expr):
    """h_T of h_t = a_t h_{t-1} + b_t, by running it; args: a (T, 1), b (T, 1), h_0."""

    is_commutative = True
    is_extended_real = True

    def __new__(cls, *parts: Any) -> Any:
        return sp.Expr.__new__(cls, *map(fixed, parts))

    def numerical(self, numbers: Numbers) -> Any:
        gates, pushes, state = (numbers._value(a) for a in self.args)
        for a, b in zip(gates[:, 0], pushes[:, 0], strict=True):
            state = a * state + b
        return state

    def _latex(self, printer: Any, exp: Any = None) -> str:
        text = rf"h_{{{printer._print(sp.sympify(self.args[0].shape[0]))}}}"
        return text if exp is None else f"{text}^{{{exp}}}"


class ParityState(Defined, sp.Expr):
    """h_T of h_t = (1 - 2 x_t) h_{t-1} from h_0 = 1, by running it; args: x (T, 1)."""

    is_commutative = True
    is_extended_real = True

    def __new__(cls, x: Any) -> Any:
        return sp.Expr.__new__(cls, fixed(x))

    def numerical(self, numbers: Numbers) -> Any:
        state = flint.arb(1)
        for value in numbers._value(self.args[0])[:, 0]:
            state = (1 - 2 * value) * state
        return state

    def _latex(self, printer: Any, exp: Any = None) -> str:
        text = rf"h_{{{printer._print(sp.sympify(self.args[0].shape[0]))}}}"
        return text if exp is None else f"{text}^{{{exp}}}"


class FiniteProduct(Defined, sp.Product):
    """SymPy's finite product over an index, multiplied out where the entries have values; the empty product is 1."""

    def doit(self, **_: Any) -> Any:
        (index, low, high), *others = self.limits
        if others or not (low.is_Integer and high.is_Integer):
            return self
        return sp.Mul(*(self.function.xreplace({index: sp.Integer(k)}).doit() for k in range(int(low), int(high) + 1)))

    def _sympystr(self, printer: Any) -> str:
        return str(printer._print(sp.Product(self.function, *self.limits)))

    def numerical(self, numbers: Numbers) -> Any:
        (index, low, high), *others = self.limits
        if others:
            raise Undefined("a product over one index has a value")
        total = flint.arb(1)
        for k in range(numbers.size(low), numbers.size(high) + 1):
            total = total * numbers._value(self.function.xreplace({index: sp.Integer(k)}))
        return total

    def _latex(self, printer: Any, exp: Any = None) -> str:
        (index, low, high), *_ = self.limits
        body = printer.parenthesize(self.function, 50)
        text = (
            rf"\left(\prod_{{{printer._print(index)}={printer._print(low)}}}^{{{printer._print(high)}}} {body}\right)"
        )
        return text if exp is None else f"{text}^{{{exp}}}"


class Binary(Predicate):
    """Every entry is 0 or 1; args: a column, or symbols."""

    def holds(self, numbers: Numbers) -> bool | None:
        values = [v for a in self.args for v in np.asarray(numbers._value(a), dtype=object).flat]
        return all(bool(v == 0) or bool(v == 1) for v in values)

    def sample(self, chance: Any, numbers: Numbers) -> dict[Any, Any] | None:
        found: dict[Any, Any] = {}
        for part in self.args:
            if isinstance(part, sp.MatrixSymbol):
                rows, columns = (numbers.size(s) for s in part.shape)
                found[part] = [[Fraction(chance.index(2)) for _ in range(columns)] for _ in range(rows)]
            else:
                found.update({s: Fraction(chance.index(2)) for s in sorted(part.free_symbols, key=str)})
        return found

    def _latex(self, printer: Any) -> str:
        parts = ", ".join(map(printer._print, self.args))
        return rf"{parts} \in \{{0, 1\}}" if not self.args[0].is_Matrix else rf"\left({parts}\right)_t \in \{{0, 1\}}"

    def _sympystr(self, printer: Any) -> str:
        return f"{', '.join(map(printer._print, self.args))} in {{0, 1}}"


class NonExpansive(Predicate):
    """|M x| <= |x| for every x: no eigenvalue of I - M^T M is negative, by the signs of its characteristic polynomial."""

    @property
    def targets(self) -> tuple[Any, ...]:
        return ()

    def holds(self, numbers: Numbers) -> bool | None:
        exact = numbers.exactly(self.args[0])
        if exact is not None:
            gap = sp.eye(exact.rows) - exact.T * exact
            table = flint.fmpq_mat(exact.rows, exact.cols, [flint.fmpq(int(e.p), int(e.q)) for e in gap])
            # all roots are real: none is negative iff the coefficients alternate in sign, zeros allowed
            return all(c * (-1) ** (exact.rows - k) >= 0 for k, c in enumerate(table.charpoly().coeffs()))
        table = numbers._value(self.args[0])
        largest = max((abs(v) for v in balls.symmetric_eigenvalues(table.T @ table)), key=float)
        return True if largest < 1 else False if largest > 1 else None

    def _latex(self, printer: Any) -> str:
        return rf"\left\lVert {printer._print(self.args[0])} \right\rVert \le 1"

    def _sympystr(self, printer: Any) -> str:
        return f"||{printer._print(self.args[0])}|| <= 1"


class GatesForget(Predicate):
    """prod_{t <= T} |g_t| -> 0 as T grows, for a g_t that is regular in t; args: g, t, first t.

    Numerical definition: the factors are multiplied over blocks of time that double; the product goes to 0 iff the blocks
    do not come closer and closer to 1 by a constant ratio.
    """

    @property
    def targets(self) -> tuple[Any, ...]:
        return ()

    @property
    def free_symbols(self) -> set[Any]:
        return self.args[0].free_symbols - {self.args[1]}

    def holds(self, numbers: Numbers) -> bool | None:
        g, t, first = self.args
        values = {s: numbers.float(s) for s in self.free_symbols}
        gate = sp.lambdify([t, *values], g, modules="numpy")
        logs, start = [], max(numbers.size(first), 2)
        for _ in range(BLOCKS):
            times = np.arange(start, 2 * start, dtype=float)
            with np.errstate(all="ignore"):
                size = np.abs(np.asarray(gate(times, *values.values()), dtype=float) * np.ones_like(times))
            if np.any(size == 0):
                return True
            logs.append(float(-np.sum(np.log(size))))
            start *= 2
        if logs[-1] <= 1e-9 * max(map(abs, logs)):
            return False  # every gate is open, at last
        last, before = 1 - logs[-1] / logs[-2], 1 - logs[-2] / logs[-3]
        shrinks = 2 * last - before  # of gates 1 - c/t the ratio is 1 - O(1/t): what remains of it in the limit
        if 1e-6 < shrinks < 0.007:
            raise Undefined("too close to the boundary to tell")
        return shrinks <= 1e-6

    def _latex(self, printer: Any) -> str:
        g, t, first = map(printer._print, self.args)
        return rf"\prod_{{{t} \ge {first}}} \left|{g}\right| = 0"

    def _sympystr(self, printer: Any) -> str:
        g, t, first = map(printer._print, self.args)
        return f"prod_{{{t} >= {first}}} |{g}| = 0"


class SignChanges(Defined, sp.Expr):
    """How often y_t = c^T h_t + d changes its sign over t = 0, ..., T, zeros left out, for h_t = a * h_{t-1} + b.

    args: a, b, h_0, c (tuples of the same length), d, T. By running it, in rational numbers where the draw is rational.
    """

    is_commutative = True
    is_integer = True
    is_nonnegative = True

    def __new__(cls, a: Any, b: Any, start: Any, c: Any, d: Any, T: Any) -> Any:
        return sp.Expr.__new__(cls, *(_group(part) for part in (a, b, start, c)), sp.sympify(d), sp.sympify(T))

    def numerical(self, numbers: Numbers) -> Any:
        def value(e: Any) -> Any:
            found = numbers._exact(e)
            return numbers._value(e) if found is None else flint.fmpq(found.numerator, found.denominator)

        a, b, state, c = ([value(e) for e in part] for part in self.args[:4])
        d, steps = value(self.args[4]), numbers.size(self.args[5])
        signs: list[int] = []
        for t in range(steps + 1):
            if t:
                state = [x * h + y for x, h, y in zip(a, state, b, strict=True)]
            y = sum((w * h for w, h in zip(c, state, strict=True)), d)
            if y > 0 or y < 0:
                signs.append(1 if y > 0 else -1)
            elif not y == 0:
                raise Undefined("a sign cannot be told")
        return balls.ball(sum(1 for s, r in zip(signs, signs[1:], strict=False) if s != r))

    def _latex(self, printer: Any, exp: Any = None) -> str:
        T = printer._print(self.args[5])
        return rf"\#\{{\text{{sign changes of }} c^{{\mathsf T}} h_t + d,\; t \le {T}\}}"


class SettlingTime(Defined, sp.Expr):
    """The first t with h_{t+1} = h_t for h_t = r(a h_{t-1} + b), r rounding to multiples of 1/Q within [-M, M], halves up.

    args: a, b, h_0 (rounded first), Q, M. Infinite where it cycles without settling. In rational numbers.
    """

    is_commutative = True
    is_extended_real = True
    is_nonnegative = True

    def __new__(cls, *parts: Any) -> Any:
        return sp.Expr.__new__(cls, *map(sp.sympify, parts))

    def numerical(self, numbers: Numbers) -> Any:
        values = [numbers._exact(e) for e in self.args]
        if any(v is None for v in values):
            raise Undefined("rounding is followed in rational numbers")
        a, b, start, Q, M = (v for v in values if v is not None)

        def rounded(x: Fraction) -> Fraction:
            return max(-M, min(M, Fraction((2 * x * Q + 1) // 2) / Q))

        state, seen = rounded(start), set()
        for t in range(LONGEST):
            new = rounded(a * state + b)
            if new == state:
                return balls.ball(t)
            if new in seen:
                return balls.INFINITY
            seen.add(state)
            state = new
        raise Undefined("it settles too slowly")

    def _latex(self, printer: Any, exp: Any = None) -> str:
        return r"\min\{t : h_{t+1} = h_t\}"
