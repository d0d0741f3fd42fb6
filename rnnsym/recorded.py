"""A claim held to a trained network and to recorded runs: verify(result, network=..., data=...) is done here.

Every time step gives values to the claim's symbols. What the claim defines and the data record (h_t, gates) is compared with
its definition at every step. The left side, by its numerical definition in balls or as it was measured, is compared with the
right side, at all steps or at some of them where that would take long. Residuals are relative to the largest entry, and are
judged by the arithmetic of the data: float32 carries seven digits. May import: everything to the left of `verify`, `weights`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import sympy as sp

from rnnsym.code import array_function
from rnnsym.defined import Approaches, Numbers, Undefined
from rnnsym.exact import balls
from rnnsym.result import Check, NoClosedForm, Result, ShapeError, SpecError
from rnnsym.vectors import Slot
from rnnsym.weights import Network
from rnnsym.weights.arrays import number_array

TOLERANCE = {"float64": 1e-10, "float32": 2e-5}
MEASURED = "lhs"
WORK = 50 * 16**3
"""Steps times n^3 of the left side's definition, in balls."""


@dataclass(frozen=True)
class RecordedCheck(Check):
    """A Check on recorded steps: `step` is the worst of them (from 0), `arithmetic` the least precise numbers given."""

    step: int | None = None
    arithmetic: str = "float64"
    steps: int = 0

    def __str__(self) -> str:
        place = "" if self.step is None else f", worst at step {self.step}" + (f" in {self.part}" if self.part else "")
        some = f" of {self.steps}" if self.trials < self.steps else ""
        skipped = f", {self.skipped} where the hypotheses fail" if self.skipped else ""
        raised = "raised to " if (self.arithmetic, self.tolerance) == ("float32", TOLERANCE["float32"]) else ""
        text = (
            f"{self.verdict}: {self.trials}{some} steps{skipped}, n = {', '.join(map(str, self.dims))}, max error {self.max_error:.1g}"
            f"{place}; data are {self.arithmetic}: tolerance {raised}{self.tolerance:g}"
        )
        if self.verdict == "refuted" and self.lhs_value is not None:
            text += f"\n  left side {_short(self.lhs_value)}, right side {_short(self.rhs_value)}"
        return text


def _short(value: Any) -> str:
    text = np.array2string(np.asarray(value), precision=6, separator=", ", threshold=20)
    return " ".join(text.split())


def on_network(
    result: Result, network: Network | None = None, data: Mapping[str, Any] | None = None, *,
    tolerance: float | None = None, trials: int | None = None,
) -> RecordedCheck:  # fmt: skip
    """The claim on a network's values and at every step of recorded data.

    data: arrays by the names of the claim's arrays, time first: x (T, m); h (T + 1, n), the run h_0 ... h_T, or h and h_t
          of T rows each; gates (z_t ...), and "lhs", a measured left side. One row less than time is constant.
    tolerance: of the relative residual; by default 1e-10 where all data are float64, 2e-5 where some are float32.
    trials: at how many steps the left side's definition is evaluated; all, or fewer of a large network.
    Raises: SpecError for what has no value or no place; ShapeError for arrays that do not fit.
    """
    if data is not None and not isinstance(data, Mapping):
        raise SpecError(
            f"data is {type(data).__name__}; a mapping of names to arrays is needed, such as {{'x': inputs, 'h': run}}"
        )
    return _Recorded(result, network, dict(data or {}), tolerance, trials).check()


class _Recorded:
    def __init__(
        self, result: Result, network: Network | None, data: dict[str, Any], tolerance: float | None, trials: int | None
    ) -> None:
        if network is not None and not isinstance(network, Network):
            raise SpecError(f"network is {type(network).__name__}; a Network is needed, as load_weights gives it")
        self.result = result
        self.arrays = {a.name: a for a in result.arrays}
        self.where = {s.name: s for s, _ in result.where}
        self.states = [a for a in result.arrays if a.role == "state"]
        self.measured = None if MEASURED not in data else number_array(data.pop(MEASURED), MEASURED)
        values = {} if network is None else {k: v for k, v in network.values.items() if k in self.arrays}
        given = {k: number_array(v, k) for k, v in data.items()}
        for name in given:
            if name not in self.arrays and name not in self.where and name not in {s.name for s in result.free_symbols}:
                known = ", ".join(self.arrays) or ", ".join(sorted(s.name for s in result.free_symbols))
                raise SpecError(f"{result.name} has no array {name!r}; data may have: {known}, {MEASURED}")
            if name in values:
                raise SpecError(f"{name} is in the network and in data; give it once")
        kinds = [
            a.dtype for a in (*values.values(), *given.values(), *([] if self.measured is None else [self.measured]))
        ]
        self.arithmetic = "float32" if any(k == np.float32 for k in kinds) else "float64"
        self.tolerance = TOLERANCE[self.arithmetic] if tolerance is None else float(tolerance)
        if not self.tolerance > 0:
            raise SpecError(f"tolerance must be > 0, got {tolerance}")
        self.fixed, self.moving, self.recorded, self.steps = self._split(values, given)
        self.trials = trials
        self.sizes: dict[Any, int] = {}

    # which array stands for what

    def _split(
        self, values: dict[str, Any], given: dict[str, Any]
    ) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any], int]:
        """Constants, arrays over time, arrays over time that the claim defines, and the number of steps."""
        fixed, moving = {k: v.astype(float) for k, v in values.items()}, {}
        for name, array in given.items():
            core = self._core(name)
            if array.ndim == core:
                fixed[name] = array.astype(float)
            elif array.ndim == core + 1 and len(array):
                moving[name] = array.astype(float)
            else:
                raise ShapeError(
                    f"{name} has shape {array.shape}; (T, ...) with {core} axes beside time, T >= 1, is needed"
                )
        lengths = {k: len(v) for k, v in moving.items()}
        if self.measured is not None:
            lengths[MEASURED] = len(self.measured) if self.measured.ndim else 0
        steps = min(lengths.values(), default=0)
        for state in self.states:
            new = next((a.name for a in self.result.arrays if a.role == "next" and a.name == f"{state.name}_t"), None)
            run = moving.get(state.name)
            if run is None or new is None or new in moving:
                continue
            others = [n for k, n in lengths.items() if k not in {s.name for s in self.states}]
            if others and len(run) != min(others) + 1:
                raise ShapeError(
                    f"{state.name} has {len(run)} rows, the other data {min(others)}: give the run {state.name}_0 ... {state.name}_T "
                    f"({min(others) + 1} rows), or {state.name} and {new}"
                )
            if len(run) < 2:
                raise ShapeError(f"{state.name} has 1 row; a run needs at least one step, 2 rows")
            moving[state.name], moving[new] = run[:-1], run[1:]
            lengths[state.name] = lengths[new] = steps = len(run) - 1
        if len(set(lengths.values())) > 1:
            raise ShapeError(f"data have {', '.join(f'{n} rows of {k}' for k, n in lengths.items())}; they must agree")
        names = {k for k, a in self.arrays.items() if a.role in ("next", "intermediate", "output")} | set(self.where)
        recorded = {k: moving.pop(k) for k in list(moving) if k in names}
        recorded |= {k: fixed.pop(k) for k in list(fixed) if k in names}
        return fixed, moving, recorded, steps

    def _core(self, name: str) -> int:
        """The axes of an array beside time."""
        value = self.arrays[name].value if name in self.arrays else self.where.get(name)
        if value is None or not hasattr(value, "shape"):
            return 0
        if getattr(self.arrays.get(name), "entries", None) is not None and value.shape == (1, 1):
            return 1 if self.arrays[name].role in ("state", "input", "next") else 2
        return 1 if value.shape[1] == 1 else 2

    # the check

    def check(self) -> RecordedCheck:
        self._seen_sizes()
        defined = self._against_definitions()
        compared = skipped = 0
        worst: Any = defined
        relation = self.result.relation
        for t in self._chosen():
            outcome = self._step(t)
            if outcome is None:
                skipped += 1
                continue
            compared += 1
            error, left, right, agrees = outcome
            if worst is None or (not agrees and worst[0] <= self.tolerance) or error > worst[0]:
                worst = (error, t, "", left, right)
        refuted = worst is not None and worst[0] > self.tolerance
        verdict = (
            "refuted"
            if refuted
            else "nothing tried"
            if not compared
            else "agrees"
            if relation == "="
            else "not refuted"
        )
        error, at, part, left, right = (0.0, None, "", None, None) if worst is None else worst
        named = {} if at is None else {"step": at}
        return RecordedCheck(
            verdict=verdict, trials=compared, skipped=skipped, max_error=error, worst=named, seed=0,
            dims=tuple(self.sizes.values())[:1] or (1,), part=part, tolerance=self.tolerance,
            lhs_value=left if refuted else None, rhs_value=right if refuted else None,
            step=at if self.steps else None, arithmetic=self.arithmetic, steps=max(self.steps, 1),
        )  # fmt: skip

    def _seen_sizes(self) -> None:
        for name, array in {**self.fixed, **{k: v[0] for k, v in {**self.moving, **self.recorded}.items()}}.items():
            symbol = self.arrays[name].value if name in self.arrays else None
            if symbol is None or not isinstance(symbol, sp.MatrixSymbol):
                continue
            for size, count in zip(symbol.shape, np.shape(array), strict=False):
                if size.is_Symbol and self.sizes.setdefault(size, count) != count:
                    raise ShapeError(f"{name} has shape {np.shape(array)}, but {size} is {self.sizes[size]}")

    def _chosen(self) -> list[int]:
        """The steps at which the left side is evaluated by its definition: all, or some over the whole run."""
        total = max(self.steps, 1)
        if self.measured is not None:
            return list(range(total))
        n = max((s for s in self.sizes.values()), default=1)
        count = min(total, self.trials or max(2, WORK // n**3))
        return sorted({round(k) for k in np.linspace(0, total - 1, count)})

    def _against_definitions(self) -> Any:
        """Recorded quantities against what the claim's equations make of the step: (error, step, name, recorded, defined)."""
        worst = None
        for name, array in self.recorded.items():
            symbol = self.where.get(name) or (self.arrays[name].value if name in self.arrays else None)
            pairs = dict(self.result.where)
            table = self.arrays[name].entries if name in self.arrays else None
            if table is None and symbol not in pairs:
                continue
            rhs = symbol if table is None else table
            if table is not None and not set(table).issubset(pairs):
                continue
            made = Result(name, sp.Symbol("value"), "=", rhs, where=self.result.where, arrays=self.result.arrays)
            needed = self._named(made, None)
            value = np.asarray(array_function(made)(**needed))
            value = value[..., 0] if value.ndim == array.ndim + 1 else value
            gaps = np.abs(array - value).reshape(len(array), -1).max(axis=1)
            gaps = gaps / max(1.0, float(np.abs(value).max(initial=0.0)))
            t = int(np.argmax(np.where(np.isfinite(gaps), gaps, np.inf)))
            error = float(gaps[t]) if np.isfinite(gaps[t]) else float("inf")
            if worst is None or error > worst[0]:
                worst = (error, t, f"the recorded {name}", array[t], value[t] if value.ndim == array.ndim else value)
        return worst

    def _named(self, made: Result, t: int | None) -> dict[str, Any]:
        """What array code of a result takes, at step t or at all."""
        symbols = {s.name for s in made.free_symbols} | {a.name for a in made.arrays}
        found = {k: v for k, v in self.fixed.items() if k in symbols}
        return found | {k: v if t is None else v[t] for k, v in self.moving.items() if k in symbols}

    def _numbers(self, t: int) -> Numbers:
        draw: dict[Any, Any] = {s: Fraction(v) for s, v in self.sizes.items()}
        values = {**self.fixed, **{k: v[t] for k, v in self.moving.items()}}
        scalars = {s.name: s for s in self.result.free_symbols if not isinstance(s, sp.MatrixSymbol)}
        for name, value in values.items():
            array = self.arrays.get(name)
            table = np.asarray(value, dtype=float)
            if array is not None and array.entries is not None:
                flat = table.reshape(array.entries.shape)
                draw.update(
                    {e: Fraction(float(v)) for e, v in zip(array.entries, flat.flat, strict=True) if e.is_Symbol}
                )
            elif array is not None and isinstance(array.value, sp.MatrixSymbol):
                rows = table[:, None] if table.ndim == 1 else table
                draw[array.value] = [[Fraction(float(v)) for v in row] for row in rows]
            elif name in scalars and not table.ndim:
                draw[scalars[name]] = Fraction(float(table))
        self._zeros(draw)
        numbers = Numbers(draw)
        for symbol, expression in self.result.where:
            numbers._memo[symbol] = numbers.value(expression)
        return numbers

    def _zeros(self, draw: dict[Any, Any]) -> None:
        """Inputs and biases left out are zero, as everywhere; what else is left out is an error."""
        missing = []
        for s in self.result.free_symbols - set(draw):
            if isinstance(s, Slot):
                continue
            array = next(
                (a for a in self.result.arrays if a.value == s or (a.entries is not None and s in a.entries)), None
            )
            silent = array is not None and (
                array.role == "input" or (array.role == "parameter" and array.name.startswith("b"))
            )
            if silent and isinstance(s, sp.MatrixSymbol):
                draw[s] = [
                    [Fraction(0)] * int(s.shape[1].subs(self.sizes)) for _ in range(int(s.shape[0].subs(self.sizes)))
                ]
            elif silent:
                draw[s] = Fraction(0)
            else:
                missing.append(s.name)
        if missing:
            raise SpecError(
                f"{self.result.name} needs values for {', '.join(sorted(missing))}; give them in data, or a network that has them"
            )

    def _step(self, t: int) -> Any:
        """(error, left, right, agrees) of one step; None where the hypotheses fail or a side is undefined."""
        result = self.result
        try:
            numbers = self._numbers(t)
            for condition in sp.And.make_args(result.given):
                if isinstance(condition, Approaches):
                    raise SpecError(f"{result.name} is a limit, {condition}; no recorded step can show it")
                if condition != sp.true and numbers.truth(condition) is not True:
                    return None
            if result.relation in ("<=>", "=>"):
                left, right = numbers.truth(result.lhs), numbers.truth(result.rhs)
                if left is None or right is None or (result.relation == "=>" and not left):
                    return None
                agrees = bool(right) if result.relation == "=>" else left == right
                return (0.0 if agrees else float("inf")), left, right, agrees
            left = self._floats(numbers.value(result.lhs)) if self.measured is None else self.measured[t].astype(float)
            right = self._floats(numbers.value(result.rhs))
        except (Undefined, ZeroDivisionError, NoClosedForm):
            return None
        if np.isnan(left).any() or np.isnan(right).any():
            return None
        if self.measured is not None and left.size == right.size:
            left = left.reshape(right.shape)
        if left.shape != right.shape and right.ndim and left.ndim:
            raise ShapeError(f"{MEASURED} has shape {left.shape} at a step; the claim has {right.shape}")
        gap = np.abs(left - right) if result.relation == "=" else np.maximum(left - right, 0.0)
        scale = max(1.0, float(np.abs(left).max(initial=0.0)))
        error = float(gap.max(initial=0.0)) / scale
        return error, left, right, error <= self.tolerance

    @staticmethod
    def _floats(value: Any) -> Any:
        return balls.floats(value) if isinstance(value, np.ndarray) else np.asarray(balls.to_float(balls.ball(value)))
