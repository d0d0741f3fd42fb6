"""Normal forms at critical fixed points, kept unevaluated: their coefficients, their hypotheses, what attracts.

Numerical definitions: the map F itself on small circles around the fixed point (its Taylor coefficients by sampling, never
by formulas in derivatives of the activation), eigenvalues of difference quotients, and iteration of the map.
May import: result, exact, vectors, defined.numbers, defined.predicates, defined.bifurcations.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from itertools import combinations
from typing import Any

import flint
import numpy as np
import sympy as sp

from rnnsym.defined.bifurcations import STEP, ConditionOfMap, NumberOfMap, critical, secant, slopes
from rnnsym.defined.numbers import Numbers, Undefined
from rnnsym.defined.predicates import Predicate
from rnnsym.exact import balls

SMALL = sp.Rational(1, 10**10)  # the radius of the circles on which F is sampled: errors near 10^-20


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


class NormalFormCoefficient(NumberOfMap):
    """The coefficient of the map reduced to its center manifold, h = h* + u q + O(u^2), at a critical fixed point.

    more: kind, and the eigenvector q for kind 1.  kind 1 (fold): u' = u + a u^2, h = h* + u q;  kind -1 (flip): u' = -u +
    c u^3, |q| = 1;  kind 0 (Neimark-Sacker): |z'| = |z| + a |z|^3, h = h* + z q + conj(z q), |q| = 1.
    Numerical definition: the homological equation order by order, Taylor coefficients from samples of F on circles of
    radius 10^-10 and less. Infinite at a strong resonance e^(ik theta) = 1, k = 1, 2, 3, 4, where it does not decide.
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
        eps = balls.ball(SMALL) / self._scale(numbers)
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

    def _scale(self, numbers: Numbers) -> int:
        """A power of ten above the parameters: steps in h are steps times the weights in the pre-activation."""
        largest = max((abs(numbers.float(s)) for s in self.free_symbols if s.is_Symbol), default=1.0)
        return 10 ** min(4, len(str(int(largest))) - 1)

    def _latex(self, printer: Any, exp: Any = None) -> str:
        letter = {1: r"a_{\mathrm{fold}}", -1: r"c_{\mathrm{flip}}", 0: r"a_{\mathrm{NS}}"}[self.kind]
        return letter if exp is None else f"{letter}^{{{exp}}}"


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


class Critical(ConditionOfMap):
    """The fixed point has the multiplier 1 or -1 (kind 1, -1), or a nonreal pair on the unit circle (kind 0).

    more: kind, the symbols that the sampler may move, and conditions that the draw must meet as well (in `given` too).
    Sampled by the secant method in one of the movable symbols.
    """

    def _gap(self, numbers: Numbers) -> Any:
        J = _symbolic_jacobian(*self.args[:3])
        kind = int(self.args[3])
        table = np.array([numbers._value(e) for e in J], dtype=object).reshape(J.shape)
        shifted = [[table[i, k] - (kind if i == k else 0) for k in range(len(table))] for i in range(len(table))]
        if kind or len(table) == 2:
            det = flint.arb_mat(shifted).det()
            return (det if kind else det - 1), table
        product = flint.acb(1)
        for a, b in combinations(balls.eigenvalues(table), 2):
            product = product * (1 - a * b)
        return product.real, table

    def holds(self, numbers: Numbers) -> bool | None:
        with balls.precision(numbers.digits):
            if len(self.args) > 5 and numbers.truth(self.args[5]) is not True:
                return False
            gap, table = self._gap(numbers)
            if not float(abs(gap)) < 1e-30:
                return False
            if int(self.args[3]):
                return True
            if len(table) == 2:
                return float(abs(table[0, 0] + table[1, 1])) < 2 - 1e-6
            return critical(balls.eigenvalues(table), 0) is not None

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


class Nondegenerate(ConditionOfMap):
    """The critical multiplier is simple and the only one of its kind, and unit k takes part in its eigenvectors, p_k q_k != 0.

    more: kind, k (from 1). Of a flip, 1 is no multiplier; of a Neimark-Sacker point neither 1 nor e^(2 i theta) is one,
    and e^(i m theta) != 1 for m = 1, 2, 3, 4 (the strong resonances).
    """

    def holds(self, numbers: Numbers) -> bool | None:
        kind, unit = int(self.args[3]), int(self.args[4]) - 1
        table = np.array([numbers._value(e) for e in _symbolic_jacobian(*self.args[:3])], dtype=object)
        table = table.reshape(len(self.args[1]), -1)
        values = [flint.acb(v) for v in balls.eigenvalues(table)]
        mu = critical(values, kind)
        if mu is None:
            return False
        others = [v for v in values if not float(abs(v - mu)) < 1e-12]
        taken = {1: [], -1: [flint.acb(1)], 0: [flint.acb(1), mu * mu]}[kind]
        far = all(float(abs(v - t)) > 1e-8 for v in others for t in (mu, *taken))
        if len(others) != len(values) - 1 or not far:
            return False
        if not kind and any(float(abs(mu**m - 1)) < 1e-8 for m in range(1, 5)):
            return False
        if not kind and sum(abs(float(abs(v)) - 1) < 1e-9 for v in values) > 2:
            return False
        q, p = _null(table, mu), _null(table.T, mu)
        pairing = sum(a * b for a, b in zip(p, q, strict=True))
        return float(abs(p[unit] * q[unit])) > 1e-6 and float(abs(pairing)) > 1e-6

    def _latex(self, printer: Any) -> str:
        kind, unit = int(self.args[3]), printer._print(self.args[4])
        more = {
            1: "",
            -1: r",\; 1 \notin \operatorname{spec} J",
            0: r",\; 1, \mu^2 \notin \operatorname{spec} J,\; \mu^3 \neq 1,\; \mu^4 \neq 1",
        }[kind]
        return rf"\mu \text{{ is simple}},\; p_{{{unit}}} q_{{{unit}}} \neq 0{more}"

    def _sympystr(self, printer: Any) -> str:
        more = {1: "", -1: ", 1 is no multiplier", 0: ", no strong resonance"}[int(self.args[3])]
        return f"the critical multiplier is simple, unit {self.args[4]} takes part in its eigenvectors{more}"


class AttractsAtFlip(ConditionOfMap):
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
