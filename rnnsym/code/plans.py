"""Calls that come again with arrays of the same shapes: what was found out at the first call is not found out again.

A `Plan` belongs to one signature (names, shapes and number types of the arrays). It holds the compiled function, which
array goes to which argument, the zeros of what was left out, the sizes, and the batch shape. Where the result is a large
batch of matrices and the code makes more than one of them on the way, it is computed in pieces of the batch that stay in
the processor's cache; items of a batch do not depend on one another.

May import: NumPy.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

PIECE = 2**20  # bytes of one matrix-valued step for a piece of the batch
LARGE = 2**18  # bytes of an item that is taken by itself
FEWEST = 16  # smaller items that are taken together
WHOLE = 2**22  # bytes of the result up to which it is computed at once
PLANS = 32  # signatures that one function remembers

Signature = tuple[tuple[str, tuple[int, ...], Any], ...]


def signature(arrays: Mapping[str, Any]) -> Signature | None:
    """Names, shapes and number types, if all are NumPy arrays of floating point numbers."""
    found = []
    for name, array in arrays.items():
        if type(array) is not np.ndarray or array.dtype.kind not in "fc":
            return None
        found.append((name, array.shape, array.dtype))
    return tuple(found)


@dataclass(frozen=True)
class Plan:
    """How to call a compiled function with arrays of one signature."""

    function: Callable[..., Any]
    arguments: tuple[tuple[str, str, Any], ...]  # (its argument, the name of the array given, an entry of it or None)
    constants: Mapping[str, Any]
    batched: frozenset[str]  # arguments that have the first axis of the batch
    batch: tuple[int, ...]
    core: int  # axes of one item of the result
    rows: int  # of the first axis of the batch that are computed at once; 0 is all

    def __call__(self, arrays: Mapping[str, Any]) -> Any:
        given = {a: arrays[name] if index is None else arrays[name][index] for a, name, index in self.arguments}
        with np.errstate(over="ignore"):
            result = self._in_pieces(given) if self.rows else np.asarray(self.function(**given, **self.constants))
        if result.shape[: result.ndim - self.core] != self.batch:
            result = np.broadcast_to(result, self.batch + result.shape[result.ndim - self.core :]).copy()
        return result if result.ndim else result[()]

    def _in_pieces(self, given: Mapping[str, Any]) -> Any:
        count, whole = self.batch[0], None
        for start in range(0, count, self.rows):
            stop = min(start + self.rows, count)
            piece = {k: v[start:stop] if k in self.batched else v for k, v in given.items()}
            found = np.asarray(self.function(**piece, **self.constants))
            if whole is None:
                whole = np.empty((count, *found.shape[1:]), found.dtype)
            if found.dtype != whole.dtype or found.shape != (stop - start, *whole.shape[1:]):
                return np.asarray(self.function(**given, **self.constants))
            whole[start:stop] = found
        return whole


def rows_at_once(result: Any, batch: tuple[int, ...], core: int, steps: int) -> int:
    """How much of the first axis of the batch to compute at once; steps: how often the code makes matrices of that size."""
    if core != 2 or steps < 2 or not batch or result.nbytes <= WHOLE:
        return 0
    rows = PIECE * batch[0] // result.nbytes
    if rows >= PIECE // LARGE:
        rows = max(rows, FEWEST)  # for fewer, the calls cost more than the cache saves
    return int(rows) if 1 < rows < batch[0] else 0  # one item alone is larger than the cache, or all fit
