"""Quantities and hypotheses of bifurcations, kept unevaluated: critical multipliers and the slopes at which they are met.

Numerical definitions: eigenvalues of difference quotients, bisection, the secant method. A map is a column F of
expressions in state symbols (bound), with a point in which the state symbols do not occur.
May import: result, exact, vectors, defined.numbers, defined.predicates, defined.stability.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import flint
import numpy as np
import sympy as sp

from rnnsym.defined.numbers import Defined, Numbers, Undefined
from rnnsym.defined.predicates import Predicate
from rnnsym.defined.stability import PairProduct
from rnnsym.exact import balls, straightline

STEP = sp.Rational(1, 10**20)
SMALL = sp.Rational(1, 10**10)  # the radius of the circles on which F is sampled: errors near 10^-20
NEAR = 1e-12  # a multiplier this near the critical value is critical (difference quotients know 38 digits)
MatrixElement = sp.matrices.expressions.matexpr.MatrixElement


def _fixed(part: Any) -> Any:
    if isinstance(part, sp.MatrixBase):
        return part.as_immutable()
    return sp.Tuple(*part) if isinstance(part, list | tuple) else sp.sympify(part)


class OfMap(Defined):
    """args: F (a column), state (its symbols), point (the fixed point), then what the quantity needs."""

    args: Any

    @property
    def free_symbols(self) -> set[Any]:
        F, state = self.args[:2]
        found: set[Any] = (F.free_symbols - set(state)).union(*(a.free_symbols for a in self.args[2:]))
        return found

    def map(self, numbers: Numbers) -> Callable[[Any], Any]:
        F, state = self.args[:2]
        at = straightline.function(tuple(F), tuple(state), numbers._leaf)
        return lambda point: np.array(at(*point), dtype=object)

    def point(self, numbers: Numbers) -> Any:
        return np.array([numbers._value(e) for e in self.args[2]], dtype=object)

    def text(self, printer: Any) -> str:
        F, state = self.args[:2]
        inside = ", ".join(printer._print(s) for s in state)
        return rf"F({inside}) = {printer._print(F)}"

    def _sympystr(self, printer: Any) -> str:
        return f"{type(self).__name__}({', '.join(printer._print(a) for a in self.args)})"


class NumberOfMap(OfMap, sp.Expr):
    is_commutative = True
    is_extended_real = True
    sign = ""

    def __new__(cls, *args: Any) -> Any:
        return sp.Expr.__new__(cls, *map(_fixed, args))

    def _latex(self, printer: Any, exp: Any = None) -> str:
        return self.sign if exp is None else f"{self.sign}^{{{exp}}}"


class ConditionOfMap(OfMap, Predicate):
    def __new__(cls, *args: Any) -> Any:
        return sp.logic.boolalg.Boolean.__new__(cls, *map(_fixed, args))

    @property
    def targets(self) -> tuple[Any, ...]:
        return ()


def slopes(f: Callable[[Any], Any], point: Any) -> Any:
    """The Jacobian by central differences."""
    step = balls.ball(STEP)
    columns = []
    for k in range(len(point)):
        ahead, behind = point.copy(), point.copy()
        ahead[k], behind[k] = ahead[k] + step, behind[k] - step
        columns.append((f(ahead) - f(behind)) / (2 * step))
    table = np.stack(columns, axis=1)
    if any(map(balls.is_nan, table.flat)):
        raise Undefined("the map has no derivative there")
    return np.frompyfunc(lambda v: v.mid(), 1, 1)(table)


def critical(values: Any, kind: int) -> Any | None:
    """The value that is +1 or -1 (kind 1, -1), nonreal of modulus 1 in the upper half plane (kind 0), i omega (2), 0 (3)."""
    for v in values:
        v = flint.acb(v)
        if kind == 2 and float(v.imag) > NEAR and abs(float(v.real)) < NEAR:
            return v
        if kind == 3 and float(abs(v)) < NEAR:
            return v
        if abs(kind) == 1 and float(abs(v - kind)) < NEAR:
            return v
        if not kind and float(v.imag) > NEAR and abs(float(abs(v)) - 1) < NEAR:
            return v
    return None


def secant(gap: Callable[[Any], Any], old: Any) -> Any | None:
    """A root of gap to 50 digits, or None."""
    new = old + balls.ball(sp.Rational(1, 7))
    at_old = gap(old)
    for _ in range(60):
        at_new = gap(new)
        if float(abs(at_new)) < 1e-52:
            return new
        if not float(abs(at_new - at_old)) > 1e-58:
            return None
        old, new, at_old = new, (new - at_new * (new - old) / (at_new - at_old)).mid(), at_new
        if not float(abs(new)) < 1e4:
            return None
    return None


class CriticalAt(ConditionOfMap):
    """F(h*) = h* and the Jacobian there has the multiplier 1 or -1 (kind 1, -1) or a nonreal one of modulus 1 (kind 0)."""

    def holds(self, numbers: Numbers) -> bool | None:
        with balls.precision(numbers.digits):
            f, base = self.map(numbers), self.point(numbers)
            if not max(float(abs(v)) for v in f(base) - base) < 1e-25:
                return False
            return critical(balls.eigenvalues(slopes(f, base)), int(self.args[3])) is not None

    def _latex(self, printer: Any) -> str:
        kind = int(self.args[3])
        tail = (
            rf"{kind} \in \operatorname{{spec}} F'(h^\star)"
            if kind
            else r"\operatorname{spec} F'(h^\star) \ni e^{\pm i\theta}"
        )
        return rf"F(h^\star) = h^\star,\; {tail}"


class HasMultiplier(Predicate):
    """A has the eigenvalue 1 or -1 (kind 1, -1), a nonreal one on the unit circle (0), an imaginary pair (2), or 0 (3)."""

    WORDS = {1: "1", -1: "-1", 0: "a nonreal number of modulus 1", 2: "a pair i omega, omega > 0,", 3: "0"}
    SIGNS = {1: "1", -1: "-1", 0: r"e^{\pm i\theta},\ 0 < \theta < \pi,", 2: r"\pm i\omega,\ \omega > 0,", 3: "0"}

    @property
    def targets(self) -> tuple[Any, ...]:
        return ()

    def holds(self, numbers: Numbers) -> bool | None:
        exact = numbers.exactly(self.args[0])
        values = balls.eigenvalues(numbers._value(self.args[0])) if exact is None else balls.rational_eigenvalues(exact)
        return critical(values, int(self.args[1])) is not None

    def _latex(self, printer: Any) -> str:
        return rf"{self.SIGNS[int(self.args[1])]} \in \operatorname{{spec}} {printer._print(self.args[0])}"

    def _sympystr(self, printer: Any) -> str:
        return f"{self.WORDS[int(self.args[1])]} is an eigenvalue of {printer._print(self.args[0])}"


class PairOnCircle(Predicate):
    """The product of 1 - lambda_i lambda_j over i < j is 0: a pair on the unit circle, or two reals with product 1.

    args: A, the symbols that the sampler may move. Sampled by the secant method in one of them.
    """

    def _gap(self, numbers: Numbers) -> Any:
        return PairProduct(self.args[0]).numerical(numbers)

    def holds(self, numbers: Numbers) -> bool | None:
        return float(abs(self._gap(numbers))) < 1e-30

    def sample(self, chance: Any, numbers: Numbers) -> dict[Any, Any] | None:
        names = list(self.args[1])
        for _ in range(30):
            moved = {s: chance.scalar(s) for s in names if chance.index(2)}
            base = numbers.with_values(moved)
            s = names[chance.index(len(names))]
            old = balls.ball(chance.scalar(s))
            with balls.precision(numbers.digits):
                found = secant(lambda v: self._gap(base.with_values({s: v})), old)  # noqa: B023
                if found is not None:
                    return {**moved, s: found}
        return None

    def _sympystr(self, printer: Any) -> str:
        return f"a pair of eigenvalues of {printer._print(self.args[0])} has the product 1"

    def _latex(self, printer: Any) -> str:
        return rf"\lambda_i \lambda_j = 1 \text{{ for some }} i < j,\ \lambda \in \operatorname{{spec}} {printer._print(self.args[0])}"


class PairLeaves(Predicate):
    """A has one nonreal pair of eigenvalues on the unit circle and all others inside: stability is lost in an oscillation."""

    @property
    def targets(self) -> tuple[Any, ...]:
        return ()

    def holds(self, numbers: Numbers) -> bool | None:
        exact = numbers.exactly(self.args[0])
        values = balls.eigenvalues(numbers._value(self.args[0])) if exact is None else balls.rational_eigenvalues(exact)
        found = critical(values, 0)
        if found is None:
            return False
        sizes = sorted(abs(float(abs(flint.acb(v) - found))) for v in values)
        others = sorted((float(abs(flint.acb(v))) for v in values), key=lambda r: abs(r - 1))[2:]
        if any(abs(r - 1) < 1e-9 for r in others) or (len(sizes) > 1 and sizes[1] < 1e-9):
            return None  # a second pair, or a double one: on the boundary of the claim
        return all(r < 1 for r in others)

    def _latex(self, printer: Any) -> str:
        A = printer._print(self.args[0])
        return rf"e^{{\pm i\theta}} \in \operatorname{{spec}} {A},\ 0 < \theta < \pi,\ \text{{all others inside the unit circle}}"

    def _sympystr(self, printer: Any) -> str:
        return (
            f"a nonreal pair of eigenvalues of {printer._print(self.args[0])} is on the unit circle, all others inside"
        )


class SlopesWithin(Predicate):
    """0 < d_i <= bound for slopes d; args: d, bound, a polynomial, symbols. Half of the draws are roots of the polynomial.

    The polynomial is of first degree in each symbol; the hypothesis is the range alone.
    """

    @property
    def targets(self) -> tuple[Any, ...]:
        return ()

    def holds(self, numbers: Numbers) -> bool | None:
        return numbers.truth(sp.And(*(c for v in self.args[0] for c in (v > 0, v <= self.args[1]))))

    def sample(self, chance: Any, numbers: Numbers) -> dict[Any, Any] | None:
        d, bound, polynomial, names = self.args
        top = sp.Rational(bound) if bound.is_Rational else sp.Rational(int(1000 * bound), 1000)
        drawn = {v: top * sp.Rational(1 + chance.index(16), 16) for v in d}
        found = {v: Fraction(int(e.p), int(e.q)) for v, e in drawn.items()}
        if not names or chance.index(4) == 0:
            return found
        s = names[chance.index(len(names))]
        others = {
            k: sp.Rational(v) for k, v in numbers.given.items() if isinstance(v, Fraction | int) and k != s
        } | drawn
        slope, rest = polynomial.diff(s).xreplace(others), polynomial.xreplace({s: sp.S.Zero}).xreplace(others)
        if slope.is_Rational and rest.is_Rational and slope != 0:
            root = -rest / slope
            found[s] = Fraction(int(root.p), int(root.q))
        return found

    def _latex(self, printer: Any) -> str:
        return rf"0 < {', '.join(printer._print(v) for v in self.args[0])} \leq {printer._print(self.args[1])}"

    def _sympystr(self, printer: Any) -> str:
        return f"0 < {', '.join(printer._print(v) for v in self.args[0])} <= {printer._print(self.args[1])}"


class RotationAngle(Defined, sp.Expr):
    """The angle theta in (0, pi) of the pair of eigenvalues e^(+-i theta) of A on the unit circle."""

    is_commutative = True
    is_extended_real = True

    def __new__(cls, matrix: Any) -> Any:
        return sp.Expr.__new__(cls, _fixed(matrix))

    def numerical(self, numbers: Numbers) -> Any:
        exact = numbers.exactly(self.args[0])
        values = balls.eigenvalues(numbers._value(self.args[0])) if exact is None else balls.rational_eigenvalues(exact)
        found = critical(values, 0)
        if found is None:
            raise Undefined("no pair of eigenvalues lies on the unit circle")
        return found.arg()

    def _latex(self, printer: Any, exp: Any = None) -> str:
        return r"\theta" if exp is None else rf"\theta^{{{exp}}}"


class SlopePoint(Defined, sp.Expr):
    """The x on one side of 0 with phi'(x) = d; args: phi (an expression in x), x, d, side (1 or -1).

    For phi' that falls from its largest value, at 0, on both sides. Numerical definition: difference quotients and bisection.
    """

    is_commutative = True
    is_extended_real = True

    def __new__(cls, *args: Any) -> Any:
        return sp.Expr.__new__(cls, *map(sp.sympify, args))

    @property
    def free_symbols(self) -> set[Any]:
        phi, x, d, side = self.args
        found: set[Any] = (phi.free_symbols - {x}) | d.free_symbols | side.free_symbols
        return found

    def numerical(self, numbers: Numbers) -> Any:
        phi, x, _, side = self.args
        step, d, sign = balls.ball(STEP), numbers._value(self.args[2]), int(side)
        at: Callable[[Any], Any] = lambda v: balls.scalar(phi, lambda s: v if s == x else numbers._leaf(s))  # noqa: E731
        excess: Callable[[Any], Any] = lambda v: (at(sign * v + step) - at(sign * v - step)) / (2 * step) - d  # noqa: E731
        low, high = flint.arb(STEP.p) / STEP.q, flint.arb(1)
        if not excess(low) > 0:
            raise Undefined("the slope is not reached")
        while excess(high) > 0:
            high = 2 * high
            if high > 10**4:
                raise Undefined("the slope is not reached")
        for _ in range(110):
            middle = ((low + high) / 2).mid()
            low, high = (middle, high) if excess(middle) > 0 else (low, middle)
        return sign * low

    def _sympystr(self, printer: Any) -> str:
        phi, x, d, side = (printer._print(a) for a in self.args)
        return f"SlopePoint({phi}, {x}, {d}, {side})"

    def _latex(self, printer: Any, exp: Any = None) -> str:
        side = "+" if self.args[3] == 1 else "-"
        text = rf"(\varphi')^{{-1}}_{{{side}}}\left({printer._print(self.args[2])}\right)"
        return text if exp is None else rf"\left[{text}\right]^{{{exp}}}"
