"""Quantities and hypotheses of bifurcations, kept unevaluated: critical multipliers, normal-form coefficients, amplitudes.

Numerical definitions: the map F itself on small circles around the fixed point (its Taylor coefficients by sampling, never
by formulas in f'' and f'''), eigenvalues of difference quotients, bisection, Newton's method and iteration. A map is a
column F of expressions in state symbols (bound), with a point in which the state symbols do not occur.
May import: result, exact, vectors, defined.numbers, defined.predicates, defined.stability.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from functools import lru_cache
from typing import Any

import flint
import numpy as np
import sympy as sp

from rnnsym.defined.numbers import Defined, Numbers, Undefined
from rnnsym.defined.predicates import Predicate
from rnnsym.defined.stability import PairProduct
from rnnsym.exact import balls

STEP = sp.Rational(1, 10**20)
SMALL = sp.Rational(1, 10**10)  # the radius of the circles on which F is sampled: errors near 10^-20
NEAR = 1e-12  # a multiplier this near the critical value is critical (difference quotients know 38 digits)
MatrixElement = sp.matrices.expressions.matexpr.MatrixElement


def _fixed(part: Any) -> Any:
    if isinstance(part, sp.MatrixBase):
        return part.as_immutable()
    return sp.Tuple(*part) if isinstance(part, list | tuple) else sp.sympify(part)


class _OfMap(Defined):
    """args: F (a column), state (its symbols), point (the fixed point), then what the quantity needs."""

    args: Any

    @property
    def free_symbols(self) -> set[Any]:
        F, state = self.args[:2]
        found: set[Any] = (F.free_symbols - set(state)).union(*(a.free_symbols for a in self.args[2:]))
        return found

    def map(self, numbers: Numbers) -> Callable[[Any], Any]:
        F, state = self.args[:2]

        def at(point: Any) -> Any:
            values = dict(zip(state, point, strict=True))
            memo: dict[Any, Any] = {}
            leaf = lambda s: values[s] if s in values else numbers._leaf(s)  # noqa: E731
            return np.array([balls.scalar(e, leaf, None, memo) for e in F], dtype=object)

        return at

    def point(self, numbers: Numbers) -> Any:
        return np.array([numbers._value(e) for e in self.args[2]], dtype=object)

    def text(self, printer: Any) -> str:
        F, state = self.args[:2]
        inside = ", ".join(printer._print(s) for s in state)
        return rf"F({inside}) = {printer._print(F)}"

    def _sympystr(self, printer: Any) -> str:
        return f"{type(self).__name__}({', '.join(printer._print(a) for a in self.args)})"


class _NumberOfMap(_OfMap, sp.Expr):
    is_commutative = True
    is_extended_real = True
    sign = ""

    def __new__(cls, *args: Any) -> Any:
        return sp.Expr.__new__(cls, *map(_fixed, args))

    def _latex(self, printer: Any, exp: Any = None) -> str:
        return self.sign if exp is None else f"{self.sign}^{{{exp}}}"


class _ConditionOfMap(_OfMap, Predicate):
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


def _null(table: Any, value: Any) -> Any:
    """The right eigenvector, by inverse iteration; not normalized."""
    size = len(table)
    shift = flint.acb(value) + flint.acb(balls.ball(STEP))
    shifted = np.array(
        [[flint.acb(table[i, k]) - (shift if i == k else 0) for k in range(size)] for i in range(size)], dtype=object
    )
    back = balls.inverse(shifted)
    if any(map(balls.is_nan, back.flat)):
        raise Undefined("no eigenvector was found")
    vector = np.array([flint.acb(1, k) / (k + 2) for k in range(size)], dtype=object)
    for _ in range(4):
        vector = back @ vector
        largest = max(vector, key=lambda v: float(abs(v)))
        vector = np.array([(v / largest).mid() for v in vector], dtype=object)
    return vector


def _solve(table: Any, value: Any, right: Any) -> Any:
    """(value I - J)^-1 right."""
    size = len(table)
    shifted = np.array(
        [[(value if i == k else 0) - flint.acb(table[i, k]) for k in range(size)] for i in range(size)], dtype=object
    )
    back = balls.inverse(shifted)
    if any(map(balls.is_nan, back.flat)) or max(float(abs(v)) for v in back.flat) > 1e12:
        raise Undefined("the second-order part of the center manifold does not exist")
    return back @ right


class NormalFormCoefficient(_NumberOfMap):
    """The coefficient of the map reduced to its center manifold, h = h* + u q + O(u^2), at a critical fixed point.

    more: kind, and the eigenvector q for kind 1.  kind 1 (fold): u' = u + a u^2, h = h* + u q;  kind -1 (flip): u' = -u +
    c u^3, |q| = 1;  kind 0 (Neimark-Sacker): |z'| = |z| + a |z|^3, h = h* + z q + conj(z q), |q| = 1.
    Numerical definition: the homological equation order by order, Taylor coefficients from samples of F on circles of
    radius 10^-10. Infinite at a strong resonance e^(ik theta) = 1, k = 1, 2, 3, 4, where it does not decide.
    """

    @property
    def kind(self) -> int:
        return int(self.args[3])

    def numerical(self, numbers: Numbers) -> Any:
        f, base, kind = self.map(numbers), self.point(numbers), self.kind
        base = np.array([b.mid() for b in base], dtype=object)
        if max(float(abs(v)) for v in f(base) - base) > 1e-40:
            raise Undefined("not a fixed point")
        base = f(base)
        base = np.array([b.mid() for b in base], dtype=object)
        J = slopes(f, base)
        values = balls.eigenvalues(J)
        mu = critical(values, kind)
        if mu is None or sum(float(abs(flint.acb(v) - mu)) < 1e-8 for v in values) > 1:
            raise Undefined("the multiplier is not critical, or not simple")
        if kind:
            mu = flint.acb(kind)
        q, p = _null(J, mu), _null(J.T, mu)  # p is the conjugate of the left eigenvector: p^T q = 1
        if kind == 1:
            given = np.array([flint.acb(numbers._value(e)) for e in self.args[4]], dtype=object)
            if max(float(abs(v)) for v in J @ given - given) > 1e-20 * max(float(abs(v)) for v in given):
                raise Undefined("q is no eigenvector")
            q = given
        else:
            length = sum((abs(v) * abs(v) for v in q), flint.arb(0)).sqrt()
            q = q / length
        pairing = sum(a * b for a, b in zip(p, q, strict=True))
        if float(abs(pairing)) < 1e-12:
            raise Undefined("p is orthogonal to q")
        p = p / pairing
        eps = balls.ball(SMALL)
        if kind:
            direction = np.array([v.real for v in q], dtype=object)
            along: Callable[..., Any] = lambda u, bend=0: f(base + u * direction + u * u * bend) - base  # noqa: E731
            second = (along(eps) + along(-eps)) / (2 * eps * eps)
            if kind == 1:
                return (p @ second).real
            bend = np.array([v.real for v in _solve(J, flint.acb(1), second)], dtype=object)
            odd: Callable[[Any], Any] = lambda u: (p @ (along(u, bend) - along(-u, bend))) / (2 * u)  # noqa: E731
            return ((odd(2 * eps) - odd(eps)) / (3 * eps * eps)).real
        for k in range(1, 5):
            if float(abs(mu**k - 1)) < 1e-12:
                return balls.INFINITY
        turns = [flint.acb(flint.arb(k) / 4).exp_pi_i() for k in range(8)]

        def harmonics(radius: Any, h20: Any, h11: Any) -> list[Any]:
            """The harmonics 0, 1, 2 of F on the image of the circle |z| = radius under the second-order manifold."""
            samples = []
            for t in turns:
                z = radius * t
                shift = [
                    2 * (z * a + z * z * b).real + radius * radius * c.real for a, b, c in zip(q, h20, h11, strict=True)
                ]
                samples.append(f(base + np.array(shift, dtype=object)) - base)
            return [
                sum((s / t**m for s, t in zip(samples, turns, strict=True)), samples[0] * flint.acb(0)) / 8
                for m in range(3)
            ]

        zero = q * 0
        f11, _, f20 = (part / (eps * eps) for part in harmonics(eps, zero, zero))
        h20, h11 = _solve(J, mu * mu, f20), _solve(J, flint.acb(1), f11)
        inner, outer = ((p @ harmonics(r, h20, h11)[1]) / r for r in (eps, 2 * eps))
        return ((outer - inner) / (3 * eps * eps) / mu).real

    def _latex(self, printer: Any, exp: Any = None) -> str:
        letter = {1: r"a_{\mathrm{fold}}", -1: r"c_{\mathrm{flip}}", 0: r"a_{\mathrm{NS}}"}[self.kind]
        return letter if exp is None else f"{letter}^{{{exp}}}"


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


@lru_cache(maxsize=256)
def _symbolic_jacobian(F: Any, state: Any, point: Any) -> Any:
    return F.jacobian(list(state)).xreplace(dict(zip(state, point, strict=True)))


class Differs(Predicate):
    """An expression is not 0: at a draw, it is larger than 10^-15 (critical values are known to 50 digits only)."""

    @property
    def targets(self) -> tuple[Any, ...]:
        return ()

    def holds(self, numbers: Numbers) -> bool | None:
        value = numbers._value(self.args[0])
        return not balls.is_nan(value) and float(abs(value)) > 1e-15

    def _latex(self, printer: Any) -> str:
        return rf"{printer._print(self.args[0])} \neq 0"

    def _sympystr(self, printer: Any) -> str:
        return f"{printer._print(self.args[0])} != 0"


class Critical(_ConditionOfMap):
    """The fixed point has the multiplier 1 or -1 (kind 1, -1), or a nonreal pair on the unit circle (kind 0; two units).

    more: kind, the symbols that the sampler may move, and conditions that the draw must meet as well (in `given` too).
    Sampled by the secant method in one of the movable symbols.
    """

    def _gap(self, numbers: Numbers) -> Any:
        J = _symbolic_jacobian(*self.args[:3])
        kind = int(self.args[3])
        table = np.array([numbers._value(e) for e in J], dtype=object).reshape(J.shape)
        shifted = [[table[i, k] - (kind if i == k else 0) for k in range(len(table))] for i in range(len(table))]
        det = flint.arb_mat(shifted).det()
        return (det if kind else det - 1), table

    def holds(self, numbers: Numbers) -> bool | None:
        with balls.precision(numbers.digits):
            if len(self.args) > 5 and numbers.truth(self.args[5]) is not True:
                return False
            gap, table = self._gap(numbers)
            if not float(abs(gap)) < 1e-30:
                return False
            if int(self.args[3]):
                return True
            trace = sum((table[k, k] for k in range(len(table))), flint.arb(0))
            return len(table) == 2 and float(abs(trace)) < 2 - 1e-6

    def sample(self, chance: Any, numbers: Numbers) -> dict[Any, Any] | None:
        names = sorted(self.args[4], key=str)
        first = self._within(chance, numbers)
        if first is None:
            return None
        for _ in range(60):
            moved = {**first, **{s: chance.scalar(s) for s in names if chance.index(2) and s not in first}}
            base = numbers.with_values(moved)
            s = names[chance.index(len(names))]
            with balls.precision(numbers.digits):
                found = self._secant(base, s, balls.ball(chance.scalar(s)))
                if found is None or (s.is_positive and not found > 0):
                    continue
                if self.holds(base.with_values({s: found})):
                    return {**moved, s: found}
        return None

    def _within(self, chance: Any, numbers: Numbers) -> dict[Any, Any] | None:
        """New values for the symbols of conditions that are not met."""
        if len(self.args) <= 5:
            return {}
        moved: dict[Any, Any] = {}
        fixed = [c for c in sp.And.make_args(self.args[5]) if not c.free_symbols & set(self.args[4])]
        for condition in sorted(fixed, key=str):  # SymPy's order of a conjunction may change with the hash seed
            for _ in range(40):
                if numbers.with_values(moved).truth(condition) is True:
                    break
                moved.update({s: chance.scalar(s) for s in sorted(condition.free_symbols, key=str)})
        return moved if numbers.with_values(moved).truth(sp.And(*fixed)) is True else None

    def _secant(self, base: Numbers, s: Any, old: Any) -> Any | None:
        return secant(lambda v: self._gap(base.copy({s: v}, without={s}))[0], old)

    def _latex(self, printer: Any) -> str:
        kind = int(self.args[3])
        what = rf"{kind} \text{{ is a multiplier of the fixed point}}"
        return what if kind else r"\text{the fixed point has a nonreal pair of multipliers on the unit circle}"

    def _sympystr(self, printer: Any) -> str:
        kind = int(self.args[3])
        return f"{kind} is a multiplier" if kind else "a nonreal pair of multipliers lies on the unit circle"


class CriticalAt(_ConditionOfMap):
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


class AttractsAtFlip(_ConditionOfMap):
    """At a multiplier -1 the fixed point attracts: after transients |p^T(h - h*)| decreases over two steps.

    Numerical definition: the map run from h* + 10^-10 q, at 60 digits; undecided where other multipliers are slow.
    """

    def holds(self, numbers: Numbers) -> bool | None:
        with balls.precision(numbers.digits):
            f, base = self.map(numbers), self.point(numbers)
            base = np.array([b.mid() for b in base], dtype=object)
            J = slopes(f, base)
            values = [flint.acb(v) for v in balls.eigenvalues(J)]
            if critical(values, -1) is None:
                return None
            others = sorted(float(abs(v)) for v in values)[:-1]
            if others and others[-1] > 0.8:
                return None
            mu = flint.acb(-1)
            q, p = _null(J, mu), _null(J.T, mu)
            h = base + np.array([(v * balls.ball(SMALL)).real for v in q], dtype=object)
            sizes = []
            for k in range(604):
                if k >= 600 and k % 2 == 0:
                    sizes.append(abs((p @ (h - base)).real))
                h = np.array([v.mid() for v in f(h)], dtype=object)
            change = float((sizes[1] - sizes[0]) / sizes[0])
            return None if abs(change) < 1e-26 else change < 0

    def _latex(self, printer: Any) -> str:
        return r"h^\star \text{ attracts at the multiplier } -1"
