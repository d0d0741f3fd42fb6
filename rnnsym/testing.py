"""For an author's own test suite: assert_matches holds code to a derived formula, assert_verified a formula to its definition.

    from rnnsym.testing import assert_matches
    def test_my_jacobian():
        assert_matches(rs.jacobian(rs.gru()), my_jacobian)

The formula is evaluated in balls of 60 digits, at corner-biased random draws of several sizes that meet its hypotheses; where
the code disagrees, the draw is shrunk to small numbers and shown. May import: everything to the left of `testing`, and verify.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import sympy as sp

from rnnsym.chance import Draw, walls
from rnnsym.comparison import Outcome, argument
from rnnsym.defined import Numbers, Undefined
from rnnsym.exact import balls
from rnnsym.result import Check, Result, RnnsymError, SpecError
from rnnsym.verify import SIZES, _Verification, verify

__all__ = ["assert_matches", "assert_verified"]

TOLERANCE = {8: 1e-9, 4: 2e-5, 2: 2e-2}
"""Of the relative error, by the bytes of a number that the function returns."""
MODULES = ("numpy", "torch", "jax")
MATRICES = ("W", "U", "A", "B", "C", "M", "N", "V")
"""First letters of names whose table stays a matrix if it has one column, as in a cell's entries."""


def assert_matches(
    result: Result, function: Callable[..., Any], *, names: Mapping[str, str] | None = None, module: str = "numpy",
    trials: int = 60, seed: int = 0, dims: Sequence[int] | None = None, tolerance: float | None = None,
) -> Check:  # fmt: skip
    """Asserts that function(**arrays) gives the right side of a result: arrays by name, vectors (n,), matrices (n, n).

    function:  gets those arrays of the result that it has parameters for (all, if it takes **arrays): h, x, W_h, ...
    names:     what the function calls an array, if not by the result's name: {"W_h": "recurrent", "b": "bias"}.
    module:    "numpy", or "torch" or "jax" to be called with their arrays (in float64 where jax has it switched on).
    tolerance: of the largest error relative to the largest entry: 1e-9 where the function returns float64, 2e-5 for float32.
    The Check says how many draws were tried; of a condition the truth value is compared.
    Raises:    AssertionError with the smallest counterexample found, or if no draw met the hypotheses; SpecError if the function
               cannot be called with the arrays of the result.

    >>> import rnnsym as rs
    >>> def mine(h, x, W_h, W_x, b):
    ...     new = np.tanh(W_h @ h + W_x @ x + b)
    ...     return (1 - new**2)[:, None] * W_h
    >>> bool(assert_matches(rs.jacobian(rs.elman()), mine, trials=10))
    True
    """
    if module not in MODULES:
        raise SpecError(f"unknown module {module!r}; known: {', '.join(MODULES)}")
    made = _Matching(result, function, dict(names or {}), module, trials, seed, tuple(dims or SIZES), tolerance)
    check = made.check()
    if check.verdict == "nothing tried":
        raise AssertionError(f"{result.name}: no draw met the hypotheses {result.given}; nothing was compared")
    if not check:
        raise AssertionError(made.told(check))
    return check


def assert_verified(result: Result, **options: Any) -> Check:
    """Asserts verify(result, **options); the message is the Check with its counterexample.

    >>> import rnnsym as rs
    >>> assert_verified(rs.jacobian(rs.elman()), trials=4).verdict
    'agrees'
    """
    check = verify(result, **options)
    if not check:
        raise AssertionError(f"{result.name}: {check}")
    return check


class _Matching(_Verification):
    """Draws, sizes and shrinking of `verify`; what is compared is the function and the right side."""

    def __init__(
        self, result: Result, function: Callable[..., Any], names: dict[str, str], module: str, trials: int, seed: int,
        dims: tuple[int, ...], tolerance: float | None,
    ) -> None:  # fmt: skip
        super().__init__(result, trials, seed, dims, None)
        self.author, self.module, self.tolerance = function, module, tolerance
        self.tables = {
            a.name: a.value for a in result.arrays if a.role in ("state", "input", "parameter", "intermediate", "next")
        }
        self.names = _parameters(result, function, names, self._known())

    def _known(self) -> dict[str, Any]:
        """What a function may be given: the arrays that the draw fixes, and scalars, by name."""
        drawn = {s for s in self.result.free_symbols if s not in self.sampler.sizes}
        known = {s.name: s for s in drawn}
        for name, table in self.tables.items():
            entries = getattr(table, "is_Matrix", False) and isinstance(table, sp.MatrixBase)
            if entries and all(not e.free_symbols - drawn for e in table):
                known[name] = table
            elif isinstance(table, sp.MatrixSymbol) and table in drawn:
                known[name] = table
        return known

    def compare(self, draw: Draw) -> Outcome | None:
        want: Any
        try:
            numbers = self._numbers(draw)
            if self.result.relation in ("<=>", "=>"):
                want = numbers.truth(self.result.rhs)
            else:
                value = numbers.value(self.result.rhs)
                want = (
                    balls.floats(value)
                    if isinstance(value, np.ndarray)
                    else np.asarray(balls.to_float(balls.ball(value)))
                )
        except (Undefined, ZeroDivisionError):
            return None
        got = self._called_with(draw, numbers)
        if isinstance(want, bool) or want is None:
            if want is None or (bool(got) != want and self._near_boundary(numbers)):
                return None  # the function's own rounding decides there
            return Outcome(bool(got) == want, 0.0, bool(got), want, "your function")
        if not np.isfinite(want).all():
            return None
        table = np.asarray(got.tolist() if self.module != "numpy" and hasattr(got, "tolist") else got)
        size = _bytes(got)
        if table.size == want.size and table.ndim != want.ndim:
            table = table.reshape(want.shape)
        if table.shape != want.shape:
            return Outcome(
                False, float("inf"), table, want, f"your function: shape {table.shape}, the formula has {want.shape}"
            )
        scale = max(1.0, float(np.abs(want).max(initial=0.0)))
        with np.errstate(invalid="ignore"):
            error = float(np.abs(table - want).max(initial=0.0)) / scale
        error = error if np.isfinite(error) else float("inf")
        tolerance = TOLERANCE.get(size, 1e-9) if self.tolerance is None else self.tolerance
        return Outcome(error <= tolerance, error, table, want, "your function")

    def _near_boundary(self, numbers: Numbers) -> bool:
        """Whether two sides of an inequality of the condition are closer than floats can tell."""
        for wall in walls(self.result.rhs):
            try:
                if abs(numbers.float(wall.lhs - wall.rhs)) < TOLERANCE[8]:
                    return True
            except (Undefined, ZeroDivisionError, TypeError):
                continue
        return False

    def _called_with(self, draw: Draw, numbers: Numbers) -> Any:
        arguments = {}
        for name, (symbol, called) in self.names.items():
            if isinstance(symbol, sp.MatrixBase):
                table = np.array(
                    [[balls.to_float(numbers.value(e)) for e in row] for row in symbol.tolist()], dtype=float
                )
                value = table[:, 0] if symbol.shape[1] == 1 and not name.startswith(MATRICES) else table
            else:
                value = argument(draw[symbol], symbol, False)
            arguments[called] = self._native(value)
        with np.errstate(all="ignore"):
            return self.author(**arguments)

    def _native(self, value: Any) -> Any:
        if self.module == "torch":
            import torch

            return torch.as_tensor(np.array(value))
        if self.module == "jax":
            import jax.numpy as jnp

            return jnp.asarray(value)
        return np.asarray(value) if np.ndim(value) else value

    def told(self, check: Check) -> str:
        """The counterexample for a reader."""
        given = "\n".join(f"    {name} = {value}" for name, value in (check.worst or {}).items())
        left, right = (
            np.array2string(np.asarray(v), precision=8, separator=", ") for v in (check.lhs_value, check.rhs_value)
        )
        return (
            f"{getattr(self.author, '__name__', 'the function')} disagrees with {self.result.name} after {check.trials} draws (seed "
            f"{check.seed}), error {check.max_error:.2g}, {check.part}\n  at\n{given}\n  your function gives\n    {_indented(left)}\n"
            f"  the formula {self.result.rhs}\n    {_indented(right)}"
        )


def _indented(text: str) -> str:
    return text.replace("\n", "\n    ")


def _bytes(value: Any) -> int:
    """The bytes of a real number of what a function returned."""
    kind = str(getattr(value, "dtype", "float64")).rsplit(".", 1)[-1]
    return {"float32": 4, "complex64": 4, "float16": 2, "bfloat16": 2}.get(kind, 8)


def _parameters(
    result: Result, function: Callable[..., Any], names: Mapping[str, str], known: Mapping[str, Any]
) -> dict[str, tuple[Any, str]]:
    """Array name -> (symbol, what the function calls it)."""
    unknown = [k for k in names if k not in known]
    if unknown:
        raise SpecError(f"names: {result.name} has no array {unknown[0]!r}; it has: {', '.join(sorted(known))}")
    called = {k: names.get(k, k) for k in known}
    try:
        parameters = inspect.signature(function).parameters
    except (TypeError, ValueError) as error:
        raise SpecError(
            f"the parameters of {function!r} cannot be seen; wrap it in a function that has them"
        ) from error
    if any(p.kind is p.VAR_KEYWORD for p in parameters.values()):
        whole = {s for t in known.values() if isinstance(t, sp.MatrixBase) for e in t for s in e.free_symbols}
        return {k: (s, called[k]) for k, s in known.items() if s not in whole}
    takes = {k: (s, called[k]) for k, s in known.items() if called[k] in parameters}
    given = {c for _, c in takes.values()}
    lacking = [
        p.name
        for p in parameters.values()
        if p.default is p.empty and p.kind is not p.VAR_POSITIONAL and p.name not in given
    ]
    if lacking:
        raise SpecError(
            f"the function needs {', '.join(lacking)}; {result.name} has: {', '.join(sorted(known))}. Say with names= what is what"
        )
    if not takes:
        raise RnnsymError(f"the function takes none of the arrays of {result.name}: {', '.join(sorted(known))}")
    return takes
