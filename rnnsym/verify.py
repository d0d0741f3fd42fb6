"""verify(result): both sides of a claim evaluated where its hypotheses hold, and compared.

The left side by its numerical definition, in balls of 60 digits; the right side, and every step of the derivation, by
the same interpreter of the formula as it is printed; and the array code that users run, in float64. The formula decides
the verdict (agreement to 1e-12 at 60 digits is not luck), the array code gives the error reported, and is a
disagreement of its own when it is far off where the formula is right.
- "=" compares values; "<=>" compares truth values on both sides of the boundary and near it; "=>", "<=" and "<" can
  only be refuted, and half of the draws climb to where they are tightest; "~" asks that the ratio tends to 1, and is
  still on its way there at the last of the points by which its variable approaches its point.
- A refutation is shrunk to small numbers: the smallest sizes, then entries to 0, 1 and small whole numbers.

May import: everything to the left of `verify`, with its own rooms comparison, bounds and shrinking.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import sympy as sp

from rnnsym.bounds import Climb, gap_of_ratio, margin, parts, related, tends_to_1, tightness, touch
from rnnsym.chance import Draw, Sampler, walls
from rnnsym.comparison import SAME, ArrayCode, Outcome, distance, is_nan, shown, undecided
from rnnsym.defined import Approaches, Jacobian, Numbers, Undefined
from rnnsym.defined.dynamics import Count
from rnnsym.defined.loci import Locus, nearly, on_branch, settled
from rnnsym.exact import balls
from rnnsym.recorded import on_network
from rnnsym.result import Check, NoClosedForm, Result, RnnsymError, SpecError
from rnnsym.shrinking import mean, readable, shrunk
from rnnsym.vectors import Slot
from rnnsym.weights import Network

SIZES = (1, 2, 3, 7)
TRIALS = 200
# Digits by which a variable is near its limit; fewer where high powers of it would drown.
APPROACHES = ((2, 4, 6, 8), (1, 2, 3, 4, 5))
HOPELESS = 24  # draws in a row without one that meets the hypotheses, before giving up
BOUNDARY = 1e-18  # closer than this to equality, a point known to fewer digits decides nothing
CODE = 1e-6  # of the array code in float64, relative to the largest entry
MORE = 160  # digits of a second look where both sides agree to a few digits: units saturate, differences cancel


def verify(
    result: Result,
    *,
    trials: int | None = None,
    seed: int = 0,
    dims: Sequence[int] | None = None,
    digits: int | None = None,
    network: Network | None = None,
    data: Mapping[str, Any] | None = None,
    tolerance: float | None = None,
) -> Check:
    """Evaluates both sides of a claim on corner-biased random draws that meet its hypotheses, and compares.

    Numbers are real, whatever a plain Symbol says, and mostly below 10 in size: what differs only beyond is not met.

    trials: draws in all (default 200), spread over the sizes `dims` of a symbolic n (default 1, 2, 3, 7).
    digits: evaluate the array code in mpmath with this many digits instead of float64.
    network, data: instead of draws, the values of a trained network and recorded steps, time first: x (T, m), the run h
            (T + 1, n), gates, a measured left side "lhs"; `tolerance` of the residual: that of float32 if some data are.
    Raises: SpecError if it is no Result, or a number of trials or a size is not a whole number >= 1.

    >>> from rnnsym.cells import elman
    >>> from rnnsym.analysis.jacobian import jacobian
    >>> bool(verify(jacobian(elman()), trials=8))
    True
    """
    if not isinstance(result, Result):
        raise SpecError(
            f"a Result is needed, got {type(result).__name__}; rs.claim(lhs, rhs) makes one of your formula"
        )
    for what, number in (("trials", trials), *(("dims", d) for d in dims or ())):
        if number is not None and (isinstance(number, bool) or not isinstance(number, int) or number < 1):
            raise SpecError(f"{what} must be whole numbers >= 1, got {number!r}")
    if network is not None or data is not None:
        return on_network(result, network, data, tolerance=tolerance, trials=trials)
    return _Verification(result, trials or TRIALS, seed, tuple(dims or SIZES), digits).check()


class _Verification:
    """The state of one call: the sampler, what was seen, the worst error."""

    def __init__(self, result: Result, trials: int, seed: int, dims: tuple[int, ...], digits: int | None) -> None:
        self.result, self.trials, self.seed, self.digits = result, trials, seed, digits
        self.limits = [c for c in parts(result.given) if isinstance(c, Approaches)]
        symbols = {s for s in result.free_symbols if not isinstance(s, Slot)} - {c.symbol for c in self.limits}
        for s in list(symbols):
            symbols |= {d for size in getattr(s, "shape", ()) for d in sp.S(size).free_symbols}
        self.bounds = bounds = walls(result.rhs, result.given, *(e for _, e in result.where))
        given = sp.And(*(c for c in parts(result.given) if not isinstance(c, Approaches)))
        if result.relation == "=>":  # only where the premise holds can an implication fail
            given = sp.And(given, result._put_in(result.lhs))
        self.sampler = Sampler(symbols, given, bounds, seed)
        if result.relation in ("=>", "<=", "<"):
            self.sampler.tighten()
        self.dims = dims if self.sampler.sizes else ()
        self.makers = _makers(result)
        self.named = [c for c in self.sampler.predicates if result.where and hasattr(c, "named")]
        self.code = ArrayCode(result, self.sampler.sizes, digits)
        self.worst_error = 0.0
        self.sees_names: bool | None = None  # whether the left side needs the quantities of `where`

    def check(self) -> Check:
        done = skipped = 0
        sides: set[bool] = set()
        last: dict[bool, Draw] = {}
        climb = Climb(self.sampler)
        for k in range(self.trials):
            size = _size(self.dims, k)
            draw = self._between(last) if self.result.relation == "<=>" and k % 3 == 2 and len(last) == 2 else None
            draw = climb.next(k) or draw or self._on_locus(k, size) or self.sampler.draw(size)
            outcome = None if draw is None else self.compare(draw)
            if draw is None or outcome is None:
                skipped += 1
                if done == 0 and skipped == HOPELESS:
                    break
                continue
            done += 1
            self.worst_error = max(self.worst_error, outcome.error)
            climb.saw(k, outcome.slack, draw)
            if outcome.side is not None:
                sides.add(outcome.side)
                last[outcome.side] = draw
            if not outcome.agrees:
                return self._refuted(draw, outcome, done, skipped)
        verdict = "agrees"
        if done == 0:
            verdict = "nothing tried"
        elif self.result.relation in ("=>", "<=", "<") or (self.result.relation == "<=>" and len(sides) < 2):
            verdict = "not refuted"
        return self._record(verdict, done, skipped)

    def _record(self, verdict: str, done: int, skipped: int, **more: Any) -> Check:
        return Check(
            verdict=verdict, trials=done, skipped=skipped, max_error=more.pop("max_error", self.worst_error),
            worst=more.pop("worst", None), seed=self.seed, dims=self.dims, tolerance=SAME, digits=self.digits, **more,
        )  # fmt: skip

    # one draw
    def compare(self, draw: Draw) -> Outcome | None:
        """The outcome at a draw; None where a side is undefined or undecided."""
        try:
            if self.result.relation == "~":
                return self._compare_limit(draw)
            numbers = self._numbers(draw)
            misnamed = self._misnamed(numbers) if self.named else None
            if misnamed is not None:
                return misnamed
            if self.result.relation in ("<=>", "=>"):
                return self._compare_truth(numbers)
            return self._compare_values(draw, numbers)
        except (Undefined, ZeroDivisionError):
            return None

    def _numbers(self, draw: Draw, digits: int = 60) -> Numbers:
        """The draw with every named quantity of `where` computed by its definition."""
        numbers = Numbers(draw, digits)
        for symbol, expression in self.result.where:
            numbers._memo[symbol] = numbers.value(expression)
        return numbers

    def _misnamed(self, numbers: Numbers) -> Outcome | None:
        """The named quantity of `where` that is not what a hypothesis calls by its name."""
        for predicate in self.named:
            for symbol, value in predicate.named(Numbers(numbers.given, numbers.digits)).items():
                if symbol in numbers._memo and any(symbol == s for s, _ in self.result.where):
                    gap = distance(numbers._memo[symbol], value)
                    if gap > SAME:
                        left, right = shown(value), shown(numbers._memo[symbol])
                        return Outcome(False, gap, left, right, f"where {symbol}")
        return None

    def _definition(self, draw: Draw, numbers: Numbers) -> Numbers:
        """Where the left side is evaluated: it must not see the named quantities of the right side, unless it speaks of them.

        A definition may name its own intermediate quantities alike (the gates of a cell): a wrong formula of one would reach both sides.
        """
        if self.result.where and self.sees_names is None:
            named = {symbol for symbol, _ in self.result.where}
            self.sees_names = bool(named & self.result.lhs.free_symbols) or not self._stands_alone(draw)
        return numbers if self.sees_names is not False else Numbers(draw, numbers.digits)

    def _stands_alone(self, draw: Draw) -> bool:
        """Whether the left side has a value without the named quantities."""
        try:
            Numbers(draw).value(self.result.lhs)
        except NoClosedForm:
            return False
        except (Undefined, ZeroDivisionError, RnnsymError, TypeError):
            return True
        return True

    def _compare_truth(self, numbers: Numbers) -> Outcome | None:
        truth = nearly if isinstance(self.result.lhs, Locus) else Numbers.truth
        left = truth(self._definition(numbers.given, numbers), self.result.lhs)
        right = truth(numbers, self.result.rhs)
        if self.result.relation == "=>" and left is False:
            return None
        if left is None or right is None:
            return None
        agrees = bool(right) if self.result.relation == "=>" else left == right
        if not agrees and self._on_boundary(numbers):
            return None
        slack = margin(self.result.rhs, numbers) if self.result.relation == "=>" and agrees else None
        return Outcome(agrees, 0.0, left, right, "the claim", left, slack)

    def _on_boundary(self, numbers: Numbers) -> bool:
        """Whether values that are not exact (a fixed point found numerically, differences) sit on a boundary."""
        exact = all(isinstance(v, Fraction | int | list) for v in numbers.given.values())
        if exact and not self.result.lhs.atoms(Jacobian):
            return False
        for relation in walls(self.result.lhs, self.result.rhs):
            try:
                if abs(numbers.float(relation.lhs - relation.rhs)) < BOUNDARY:
                    return True
            except (Undefined, ZeroDivisionError, TypeError, NoClosedForm):
                continue
        return False

    def _compare_limit(self, draw: Draw) -> Outcome | None:
        for approaches in APPROACHES:
            seen = [self._ratio_at(draw, digits) for digits in approaches]
            found = [outcome for outcome in seen if outcome is not None]
            gaps = [outcome.error for outcome in found]
            if len(gaps) >= 3 and all(g == g for g in gaps):
                agrees = tends_to_1(gaps)
                return None if agrees is None else replace(found[-1], agrees=agrees)
        return None

    def _ratio_at(self, draw: Draw, digits: int) -> Outcome | None:
        point = {c.symbol: c.near(digits) for c in self.limits}
        numbers = self._numbers({**draw, **point})
        left, right = (np.asarray(numbers.float(side)) for side in (self.result.lhs, self.result.rhs))
        gap = gap_of_ratio(left, right)
        return None if gap is None else Outcome(False, gap, left.tolist(), right.tolist(), "the limit")

    def _compare_values(self, draw: Draw, numbers: Numbers) -> Outcome | None:
        left = self._definition(draw, numbers).value(self.result.lhs)
        if is_nan(left):
            return None
        relation = self.result.relation
        parts = [(self.result.rhs, "the claim")]
        parts += [(step.expression, f"step {k}: {step.reason}") for k, step in enumerate(self.result.steps, 1)]
        right = None
        for expression, part in parts:
            value = self._side(numbers, expression, left)
            if is_nan(value) and any(undecided(e, numbers) for e in (expression, *(e for _, e in self.result.where))):
                return None
            right = value if right is None else right
            gap = distance(left, value)
            kind = relation if part == "the claim" else "="
            if kind == "<" and touch(left, value):
                return None
            if SAME < gap < 1e-2 and not related(kind, left, value, gap):
                again = self._looked_at_again(draw, expression)
                if again is not None and related(kind, *again, distance(*again)):
                    continue
            if not related(kind, left, value, gap):
                return Outcome(False, gap, shown(left), shown(value), part)
        if relation != "=":
            return Outcome(True, 0.0, None, None, "the claim", slack=tightness(left, right))
        on_edge = isinstance(self.result.lhs, Count) and not all(isinstance(v, Fraction | int) for v in draw.values())
        error = None if on_edge else self.code.error(draw, left)
        if error is None:
            return Outcome(True, 0.0, None, None, "the claim")
        if error > CODE:
            retry = self.code.error(draw, left, exact=True)
            if (retry is None or retry > SAME) and not self._between_floats(draw, numbers):
                return Outcome(False, error, shown(left), "array code", "the array code")
            error = 0.0
        return Outcome(True, error, None, None, "the claim")

    def _looked_at_again(self, draw: Draw, expression: Any) -> tuple[Any, Any] | None:
        """Both sides at so many digits that differences and saturated units leave enough of them."""
        try:
            numbers = self._numbers(draw, MORE)
            left = self._definition(draw, numbers).value(self.result.lhs)
            return None if is_nan(left) else (left, self._side(numbers, expression, left))
        except (Undefined, ZeroDivisionError):
            return None

    def _between_floats(self, draw: Draw, numbers: Numbers) -> bool:
        """Whether a draw lies exactly where two cases meet, and rounding takes the code off it: the draw is no float, or
        what is compared there is not rational."""
        rounded = any(
            v.denominator & (v.denominator - 1)
            for value in draw.values()
            for v in ([e for row in value for e in row] if isinstance(value, list) else [value])
            if isinstance(v, Fraction)
        )
        gaps = [w.lhs - w.rhs for w in self.bounds if isinstance(w.lhs, sp.Expr) and isinstance(w.rhs, sp.Expr)]
        values = [(gap, numbers._exact(gap)) for gap in gaps]
        return any(
            (rounded and value == 0) or (value is None and numbers._exact(gap, True) == 0) for gap, value in values
        )

    def _side(self, numbers: Numbers, expression: Any, left: Any) -> Any:
        """The value of a right side in the shape of the left."""
        try:
            if isinstance(self.result.lhs, Count):
                expression = settled(numbers, expression)
            value = numbers.value(expression)
        except (Undefined, ZeroDivisionError):
            return np.full(np.shape(left), balls.NAN, dtype=object) if np.shape(left) else balls.NAN
        if isinstance(left, np.ndarray) and not isinstance(value, np.ndarray):
            value = np.full(left.shape, value, dtype=object)
        if isinstance(value, np.ndarray) and not isinstance(left, np.ndarray) and value.size == 1:
            value = value.flat[0]
        return value

    def _on_locus(self, k: int, size: int | None) -> Draw | None:
        """A draw where the left side changes its value (on a locus, eigenvalues near the circle), or where the right side
        claims that it does; each third draw is anywhere."""
        branches = isinstance(self.result.lhs, Locus | Count)
        if not self.makers or (k % 3 == 0 if branches else k % 6 in (2, 4, 5)):
            return None
        maker, chance = self.makers[k // 3 % len(self.makers)], self.sampler.chance
        for _ in range(1 if branches else 8):
            draw = self.sampler.draw(size) if branches else self.sampler._fresh(size)
            if draw is None:
                return None
            on_right = branches and k % 3 == 2
            found = self._on_branch(draw) if on_right else maker.corners(chance, self._numbers(draw))
            draw = {**draw, **(found or {})}
            if found and all(self.sampler._holds(c, draw) for c in self.sampler.given):
                return draw
        return None

    def _on_branch(self, draw: Draw) -> Draw | None:
        """Values on an edge that the right side claims; None where the edge is written in quantities of `where`."""
        try:
            return on_branch(self.result.rhs, self.sampler.chance, self._numbers(draw))
        except NoClosedForm:
            return None

    # near the boundary of a condition
    def _between(self, last: Mapping[bool, Draw]) -> Draw | None:
        """A draw close to where the left side of an equivalence changes its truth value."""
        inside, outside = last[True], last[False]
        if any(inside[s] != outside[s] for s in self.sampler.sizes):
            return None
        for _ in range(8):
            middle = {s: mean(inside[s], outside[s]) for s in inside}
            if any(v is None for v in middle.values()) or not all(
                self.sampler._holds(c, middle) for c in self.sampler.given
            ):
                return None
            outcome = self.compare(middle)
            if outcome is None or not outcome.agrees:
                return middle
            inside, outside = (middle, outside) if outcome.side else (inside, middle)
        return inside

    # a counterexample
    def _refuted(self, draw: Draw, outcome: Outcome, done: int, skipped: int) -> Check:
        draw, outcome = shrunk(draw, outcome, self.dims, self.sampler, self._fails)
        worst = {s.name: readable(v) for s, v in sorted(draw.items(), key=lambda item: str(item[0]))}
        return self._record(
            "refuted", done, skipped, max_error=outcome.error, worst=worst, part=outcome.part,
            lhs_value=outcome.lhs, rhs_value=outcome.rhs,
        )  # fmt: skip

    def _fails(self, draw: Draw) -> Outcome | None:
        """The outcome of a draw that meets the hypotheses and refutes the claim."""
        if not all(self.sampler._holds(c, draw) for c in self.sampler.given):
            return None
        outcome = self.compare(draw)
        return outcome if outcome is not None and not outcome.agrees else None


def _size(dims: tuple[int, ...], k: int) -> int | None:
    """The size of draw k: the sizes in turn, those beyond 4 every eighth time (a draw costs their cube)."""
    if not dims:
        return None
    small, large = [d for d in dims if d <= 4], [d for d in dims if d > 4]
    if not small or not large:
        return dims[k % len(dims)]
    return large[(k // 8) % len(large)] if k % 8 == 3 else small[k % len(small)]


def _makers(result: Result) -> list[Any]:
    """The quantities of the left side that say where to draw: of conditions, and counts."""
    if result.relation not in ("<=>", "=>") and not isinstance(result.lhs, Count):
        return []
    return [e for e in sp.preorder_traversal(result.lhs) if hasattr(e, "corners")]


def claim(
    lhs: Any, rhs: Any, *, relation: str = "=", given: Any = True, where: Any = (), name: str = "claim"
) -> Result:
    """A formula of the user's own as a Result, to verify, print and run.

    >>> from rnnsym.defined import Rank
    >>> a = sp.Symbol("a", real=True)
    >>> verify(claim(Rank(sp.Matrix([[a, 1], [1, a]])), 2)).worst
    {'a': 1}
    """
    pairs = tuple(where.items()) if isinstance(where, Mapping) else tuple(where)
    return Result(name, lhs, relation, rhs, given=given, where=pairs, status="claimed")
