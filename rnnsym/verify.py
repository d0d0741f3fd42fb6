"""verify(result): both sides of a claim evaluated where its hypotheses hold, and compared.

The left side by its numerical definition, in balls of 60 digits; the right side, and every step of the derivation, by
the same interpreter of the formula as it is printed; and the array code that users run, in float64. The formula decides
the verdict (agreement to 1e-12 at 60 digits is not luck), the array code gives the error reported, and is a
disagreement of its own when it is far off where the formula is right.
- "=" compares values; "<=>" compares truth values on both sides of the boundary and near it; "=>", "<=" and "<" can
  only be refuted, and half of the draws climb to where they are tightest; "~" asks that the ratio tends to 1, and is
  still on its way there at the last of the points by which its variable approaches its point.
- A refutation is shrunk to small numbers: the smallest sizes, then entries to 0, 1 and small whole numbers.

May import: everything to the left of `verify`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import mpmath
import numpy as np
import sympy as sp

from rnnsym.chance import Draw, Sampler, walls
from rnnsym.code import array_function
from rnnsym.defined import Approaches, Jacobian, Numbers, Undefined
from rnnsym.defined.dynamics import Count
from rnnsym.defined.loci import Locus, nearly, on_branch, settled
from rnnsym.exact import balls
from rnnsym.recorded import on_network
from rnnsym.result import Check, NoClosedForm, Result, RnnsymError, SpecError
from rnnsym.vectors import Slot
from rnnsym.weights import Network

SIZES = (1, 2, 3, 7)
TRIALS = 200
HOPELESS = 24  # draws in a row without one that meets the hypotheses, before giving up
BOUNDARY = 1e-18  # closer than this to equality, a point known to fewer digits decides nothing
SAME = 1e-12  # of the formula, at 60 digits
CODE = 1e-6  # of the array code in float64, relative to the largest entry
MORE = 160  # digits of a second look where both sides agree to a few digits: units saturate, differences cancel
NOISE = 1e-30  # of numbers with 60 digits that were found by running: no ratio is taken of smaller ones
LEVEL = 1e-4  # a ratio this close to 1 need not come closer: its definition may have no more digits


@dataclass(frozen=True)
class Outcome:
    """One draw: whether both sides agree, the error of the array code, and the two values."""

    agrees: bool
    error: float
    lhs: Any
    rhs: Any
    part: str
    side: bool | None = None
    slack: float | None = None  # of a bound or an implication: 0 where it is sharp, relative to its sides


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

    trials: draws in all (default 200), spread over the sizes `dims` of a symbolic n (default 1, 2, 3, 7).
    digits: evaluate the array code in mpmath with this many digits instead of float64.
    network, data: instead of draws, the values of a trained network and recorded steps, time first: x (T, m), the run h
            (T + 1, n), gates, a measured left side "lhs"; `tolerance` of the residual: that of float32 if some data are.
    Raises: SpecError if a number of trials or a size is not a whole number >= 1.

    >>> from rnnsym.cells import elman
    >>> from rnnsym.analysis.jacobian import jacobian
    >>> bool(verify(jacobian(elman()), trials=8))
    True
    """
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
        self.limits = [c for c in _parts(result.given) if isinstance(c, Approaches)]
        symbols = {s for s in result.free_symbols if not isinstance(s, Slot)} - {c.symbol for c in self.limits}
        for s in list(symbols):
            symbols |= {d for size in getattr(s, "shape", ()) for d in sp.S(size).free_symbols}
        self.bounds = bounds = walls(result.rhs, result.given, *(e for _, e in result.where))
        given = sp.And(*(c for c in _parts(result.given) if not isinstance(c, Approaches)))
        if result.relation == "=>":  # only where the premise holds can an implication fail
            given = sp.And(given, result.lhs)
        self.sampler = Sampler(symbols, given, bounds, seed)
        self.dims = dims if self.sampler.sizes else ()
        self.makers = _makers(result)
        self.function = self._array_code()
        self.worst_error = 0.0
        self.sees_names: bool | None = None  # whether the left side needs the quantities of `where`

    def _array_code(self) -> Any:
        try:
            function = array_function(self.result, "mpmath" if self.digits else "numpy")
            _ = function.source
        except NoClosedForm:
            return None
        return function

    def check(self) -> Check:
        done = skipped = 0
        sides: set[bool] = set()
        last: dict[bool, Draw] = {}
        tight: list[tuple[float, Draw]] = []  # the tightest draw of all, and that of the present climb
        for k in range(self.trials):
            size = _size(self.dims, k)
            draw = self._between(last) if self.result.relation == "<=>" and k % 3 == 2 and len(last) == 2 else None
            if k % 2 and tight:
                draw = self.sampler.nudged(tight[k % 4 == 3][1])
            draw = draw or self._on_locus(k, size) or self.sampler.draw(size)
            outcome = None if draw is None else self.compare(draw)
            if draw is None or outcome is None:
                skipped += 1
                if done == 0 and skipped == HOPELESS:
                    break
                continue
            done += 1
            self.worst_error = max(self.worst_error, outcome.error)
            if outcome.slack is not None and outcome.slack > SAME:  # where it is sharp there is nothing left to climb
                here = (outcome.slack, draw)
                again = not tight or k % 32 == 0
                tight = [min([here, *tight[:1]], key=_slack), here if again else min(here, tight[1], key=_slack)]
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
        slack = _margin(self.result.rhs, numbers) if self.result.relation == "=>" and agrees else None
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
        gaps = []
        for approach in range(2, 9, 2):
            point = {c.symbol: c.near(approach) for c in self.limits}
            numbers = self._numbers({**draw, **point})
            left, right = (np.asarray(numbers.float(side)) for side in (self.result.lhs, self.result.rhs))
            seen = np.maximum(np.abs(left), np.abs(right)) > NOISE
            if np.any(seen):
                with np.errstate(divide="ignore", invalid="ignore"):
                    gaps.append(float(np.max(np.abs(left / right - 1), initial=0.0, where=seen)))
        if len(gaps) < 3 or any(g != g for g in gaps):
            return None
        # A wrong factor leaves a gap that no longer shrinks: each of the last must be half of the one before.
        shrinks = all(b < 0.5 * a or b < LEVEL for a, b in zip(gaps[-3:], gaps[-2:], strict=False))
        agrees = gaps[-1] < 1e-2 and shrinks
        return Outcome(agrees, gaps[-1], left.tolist(), right.tolist(), "the limit")

    def _compare_values(self, draw: Draw, numbers: Numbers) -> Outcome | None:
        left = self._definition(draw, numbers).value(self.result.lhs)
        if _is_nan(left):
            return None
        relation = self.result.relation
        parts = [(self.result.rhs, "the claim")]
        parts += [(step.expression, f"step {k}: {step.reason}") for k, step in enumerate(self.result.steps, 1)]
        right = None
        for expression, part in parts:
            value = self._side(numbers, expression, left)
            right = value if right is None else right
            gap = _distance(left, value)
            kind = relation if part == "the claim" else "="
            if kind == "=" and SAME < gap < 1e-2 and numbers.digits < MORE:
                gap = min(gap, self._looked_at_again(draw, expression))
            if not _related(kind, left, value, gap):
                return Outcome(False, gap, _shown(left), _shown(value), part)
        if relation != "=":
            return Outcome(True, 0.0, None, None, "the claim", slack=_tightness(left, right))
        on_edge = isinstance(self.result.lhs, Count) and not all(isinstance(v, Fraction | int) for v in draw.values())
        error = None if on_edge else self._code_error(draw, left)
        if error is None:
            return Outcome(True, 0.0, None, None, "the claim")
        if error > CODE:
            retry = self._code_error(draw, left, exact=True)
            if (retry is None or retry > SAME) and not self._between_floats(draw, numbers):
                return Outcome(False, error, _shown(left), "array code", "the array code")
            error = 0.0
        return Outcome(True, error, None, None, "the claim")

    def _looked_at_again(self, draw: Draw, expression: Any) -> float:
        """The gap at so many digits that differences and saturated units leave enough of them."""
        try:
            numbers = self._numbers(draw, MORE)
            left = self._definition(draw, numbers).value(self.result.lhs)
            return float("inf") if _is_nan(left) else _distance(left, self._side(numbers, expression, left))
        except (Undefined, ZeroDivisionError):
            return float("inf")

    def _between_floats(self, draw: Draw, numbers: Numbers) -> bool:
        """Whether a draw that floats cannot hold lies exactly where two cases meet: rounding takes the code off it."""
        rounded = any(
            v.denominator & (v.denominator - 1)
            for value in draw.values()
            for v in ([e for row in value for e in row] if isinstance(value, list) else [value])
            if isinstance(v, Fraction)
        )
        walls = [w for w in self.bounds if isinstance(w.lhs, sp.Expr) and isinstance(w.rhs, sp.Expr)]
        return rounded and any(numbers._exact(w.lhs - w.rhs) == 0 for w in walls)

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

    def _code_error(self, draw: Draw, left: Any, exact: bool = False) -> float | None:
        """Relative error of the array code against the definition; None if there is no code or a value is missing."""
        if self.function is None:
            return None
        function = array_function(self.result, "mpmath") if exact and not self.digits else self.function
        high = exact or bool(self.digits)
        called = {s: v for s, v in draw.items() if s in self._called}
        try:
            if high:
                with mpmath.workdps((self.digits or 30) + 5):
                    return _exact_distance(left, function(**{s.name: _argument(v, s, True) for s, v in called.items()}))
            names = {s.name: _argument(v, s, False) for s, v in called.items()}
            with np.errstate(all="ignore"):
                value = np.asarray(function(**names))
        except (ZeroDivisionError, OverflowError):
            return None
        expected = balls.floats(left) if isinstance(left, np.ndarray) else np.asarray(balls.to_float(left))
        value = value.reshape(np.shape(expected)) if value.size == expected.size else value
        finite = np.isfinite(expected)
        scale = max(1.0, float(np.max(np.abs(expected), initial=0.0, where=finite)))
        with np.errstate(invalid="ignore"):  # infinity is infinity
            error = float(np.max(np.where(value == expected, 0.0, np.abs(value - expected)), initial=0.0)) / scale
        return error if np.isfinite(error) else float("inf")

    @property
    def _called(self) -> set[Any]:
        return {s for s in self.result.free_symbols if s not in self.sampler.sizes}

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
            found = self._on_branch(draw) if on_right else maker.corners(chance, Numbers(draw))
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
            middle = {s: _mean(inside[s], outside[s]) for s in inside}
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
        draw, outcome = self._shrunk(draw, outcome)
        worst = {s.name: _readable(v) for s, v in sorted(draw.items(), key=lambda item: str(item[0]))}
        return self._record(
            "refuted", done, skipped, max_error=outcome.error, worst=worst, part=outcome.part,
            lhs_value=outcome.lhs, rhs_value=outcome.rhs,
        )  # fmt: skip

    def _shrunk(self, draw: Draw, outcome: Outcome, budget: int = 300) -> tuple[Draw, Outcome]:
        for size in sorted(d for d in self.dims if d < max(self.dims, default=0)):
            for _ in range(10):
                small = self.sampler.draw(size, tries=4)
                found = None if small is None else self.compare(small)
                if small is not None and found is not None and not found.agrees:
                    return self._simpler(small, found, budget)
        return self._simpler(draw, outcome, budget)

    def _simpler(self, draw: Draw, outcome: Outcome, budget: int) -> tuple[Draw, Outcome]:
        """Greedy: each number to the simplest value at which the claim still fails."""
        changed = True
        while changed and budget > 0:
            changed = False
            for place, value in _places(draw):
                for simple in _simpler_than(value):
                    budget -= 1
                    trial = _with(draw, place, simple)
                    if budget <= 0 or not _allowed(place[0], simple):
                        continue
                    if not all(self.sampler._holds(c, trial) for c in self.sampler.given):
                        continue
                    found = self.compare(trial)
                    if found is not None and not found.agrees:
                        draw, outcome, changed = trial, found, True
                        break
        return draw, outcome


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


def _parts(given: Any) -> tuple[Any, ...]:
    return given.args if isinstance(given, sp.And) else (given,)


def _is_nan(value: Any) -> bool:
    return any(map(balls.is_nan, value.flat if isinstance(value, np.ndarray) else (value,)))


def _distance(left: Any, right: Any) -> float:
    """The largest difference relative to the largest entry (at least 1)."""
    if np.shape(left) != np.shape(right):
        return float("inf")
    pairs = list(zip(np.asarray(left, dtype=object).flat, np.asarray(right, dtype=object).flat, strict=True))
    scale = max([1.0, *(float(abs(a)) for a, _ in pairs if float(abs(a)) < float("inf"))])
    gaps = [0.0 if a == b else float(abs(a - b)) for a, b in pairs]
    return max((g if g == g else float("inf") for g in gaps), default=0.0) / scale


def _related(relation: str, left: Any, right: Any, gap: float) -> bool:
    if relation == "=":
        return gap <= SAME
    if _is_nan(right):
        return False
    pairs = zip(np.asarray(left, dtype=object).flat, np.asarray(right, dtype=object).flat, strict=True)
    slack = [float(b - a) for a, b in pairs]
    return all(s > 0 for s in slack) if relation == "<" else all(s >= -SAME for s in slack)


def _slack(found: tuple[float, Draw]) -> float:
    return found[0]


def _tightness(left: Any, right: Any) -> float | None:
    """How far a bound is from being sharp, relative to its sides, in its tightest entry; None where both are 0."""
    pairs = zip(np.asarray(left, dtype=object).flat, np.asarray(right, dtype=object).flat, strict=True)
    found = [
        (float(b) - float(a)) / scale
        for a, b in pairs
        if (scale := max(abs(float(a)), abs(float(b)))) > NOISE and scale < float("inf")
    ]
    return min(found, default=None)


def _margin(condition: Any, numbers: Numbers) -> float | None:
    """How far a condition is from failing: the least tightness of its inequalities; None if it is made of other things."""
    parts = _parts(condition)
    if not all(isinstance(c, sp.Lt | sp.Le | sp.Gt | sp.Ge) for c in parts):
        return None
    margins = [_tightness(numbers.value(c.lts), numbers.value(c.gts)) for c in parts]
    return min((m for m in margins if m is not None), default=None)


def _exact_distance(left: Any, value: Any) -> float:
    with balls.precision(60):
        flat = np.asarray(value, dtype=object).reshape(-1)
        values = map(mpmath.mpmathify, flat)
        right = [_ball_of(v) if mpmath.isfinite(v) else balls.NAN for v in values]
        table = np.array(right, dtype=object).reshape(np.shape(left)) if isinstance(left, np.ndarray) else right[0]
        return _distance(left, table)


def _ball_of(number: Any) -> Any:
    """The ball of a number of mpmath."""
    if isinstance(number, mpmath.mpc):
        return _ball_of(number.real) + _ball_of(number.imag) * balls.ball(1j)
    return balls.ball(sp.Float(mpmath.nstr(number, 55), 55))


def _shown(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return balls.floats(value)
    return balls.to_float(value)


def _argument(value: Any, symbol: Any, high: bool) -> Any:
    """A drawn value as what the array code takes."""
    convert = _to_mpf if high else _to_float
    if not isinstance(symbol, sp.MatrixSymbol):
        return convert(value)
    rows = [[convert(v) for v in row] for row in value]
    table = np.array(rows, dtype=object if high else None)
    return table[:, 0] if symbol.shape[1] == 1 else table


def _to_float(value: Any) -> Any:
    return float(value) if isinstance(value, Fraction | int) else balls.to_float(balls.ball(value))


def _to_mpf(value: Any) -> Any:
    if isinstance(value, Fraction | int):
        return mpmath.mpf(Fraction(value).numerator) / Fraction(value).denominator
    return mpmath.mpmathify(balls.ball(value).mid().str(60, radius=False))


def _mean(a: Any, b: Any) -> Any:
    if isinstance(a, list) and isinstance(b, list):
        return [[(x + y) / 2 for x, y in zip(r, s, strict=True)] for r, s in zip(a, b, strict=True)]
    if isinstance(a, Fraction) and isinstance(b, Fraction):
        return (a + b) / 2
    return None


def _readable(value: Any) -> Any:
    if isinstance(value, Fraction):
        return int(value) if value.denominator == 1 else value
    if isinstance(value, list | np.ndarray):
        rows = [[_readable(v) for v in row] for row in value]
        return [row[0] for row in rows] if rows and len(rows[0]) == 1 else rows
    return balls.to_float(balls.ball(value))


def _places(draw: Draw) -> list[tuple[Any, Fraction]]:
    found: list[tuple[Any, Fraction]] = []
    for s, value in draw.items():
        if isinstance(value, list):
            found += [
                ((s, i, j), v) for i, row in enumerate(value) for j, v in enumerate(row) if isinstance(v, Fraction)
            ]
        elif isinstance(value, Fraction) and not (s.is_integer and s.is_positive):
            found.append(((s,), value))
    return found


def _simpler_than(value: Fraction) -> list[Fraction]:
    order = [Fraction(v) for v in (0, 1, -1, 2, -2)] + [Fraction(1, 2), Fraction(-1, 2), Fraction(round(value))]
    cost = _cost(value)
    return [v for v in dict.fromkeys(order) if _cost(v) < cost]


def _cost(value: Fraction) -> tuple[int, int, bool]:
    return value.denominator, abs(value.numerator), value < 0


def _with(draw: Draw, place: tuple[Any, ...], value: Fraction) -> Draw:
    symbol, *index = place
    if not index:
        return {**draw, symbol: value}
    table = [list(row) for row in draw[symbol]]
    table[index[0]][index[1]] = value
    return {**draw, symbol: table}


def _allowed(symbol: Any, value: Fraction) -> bool:
    if isinstance(symbol, sp.MatrixSymbol):
        return True
    wrong = (symbol.is_positive and value <= 0) or (symbol.is_negative and value >= 0)
    return not (wrong or (symbol.is_nonnegative and value < 0) or (symbol.is_nonzero and value == 0))


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
