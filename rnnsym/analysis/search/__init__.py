"""All fixed points and cycles of a cell, proved: `fixed_points(cell, values)`, `cycles(cell, period, values)`.

    values     numbers for the parameters, exact            model      the cell as straight-line programs
    piecewise  piecewise linear cells: exact rationals      smooth     all others: enclosures from interval arithmetic
    symbolic   piecewise linear cells with symbols: each region's point with its conditions
    records    FixedPoint, AffineFace, FixedPointSet

May import: everything to the left of `analysis`, and `analysis.jacobian`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from typing import Any

from rnnsym.analysis.search.model import model
from rnnsym.analysis.search.piecewise import exactly
from rnnsym.analysis.search.records import AffineFace, FixedPoint, FixedPointSet
from rnnsym.analysis.search.smooth import enclosures
from rnnsym.analysis.search.symbolic import regions_with_conditions
from rnnsym.analysis.search.values import Values
from rnnsym.cells.record import Cell, as_cell, whole
from rnnsym.exact.regions import from_program
from rnnsym.result import LimitReached

STATES = 256
"""States of a cell up to which fixed points are searched for."""


def fixed_points(
    cell: Cell, values: Mapping[str, Any] | None = None, *, box: Any = None, deadline: float | None = None,
    executor: Executor | None = None, progress: Callable[[int, int, int], Any] | None = None,
) -> FixedPointSet:  # fmt: skip
    """All fixed points h = F(h) of a cell with numbers, proved: none missing, none invented.

    values:   numbers or arrays for the parameters by name, and x=... for the constant input; an input or a bias left out is
              zero, and floats are taken as the exact rationals they are. None for a cell with symbols, if it is
              piecewise linear with n <= 3: then each region's point comes with its conditions, in `.results`.
    box:      (low, high), each a number or one number per state: search there only. Needed where nothing bounds the
              fixed points (ReLU-like smooth activations; a residual connection).
    deadline: seconds after which the search hands back what is proved, with `complete=False` and the open boxes.
    executor: a concurrent.futures.Executor (a process pool, a Dask client's) that shares the work of the interval search.
    progress: called between batches with (boxes treated, boxes waiting, points found).
    Shapes:   points are (n, 1); several state blocks are stacked, LSTM (c, h).
    Raises:   SpecError for unknown names and for nan or inf; LimitReached for sizes beyond reach; NoClosedForm where a
              box is needed.

    >>> from rnnsym.cells import elman
    >>> print(fixed_points(elman(), {"W_h": [[2]]}))
    3 fixed points of elman, proved, complete
      (-0.9575040241)  stable, |multiplier| 0.166372
      (0)  unstable, |multiplier| 2
      (0.9575040241)  stable, |multiplier| 0.166372
    """
    return _search(cell, values, 1, box, deadline, executor, progress)


def cycles(
    cell: Cell, period: int, values: Mapping[str, Any] | None = None, *, box: Any = None, deadline: float | None = None,
    executor: Executor | None = None, progress: Callable[[int, int, int], Any] | None = None,
) -> FixedPointSet:  # fmt: skip
    """All cycles of least period k, h_1 -> h_2 -> ... -> h_k -> h_1, proved; each once, its states in `.orbit`.

    They are the fixed points of the map (h_1, ..., h_k) -> (F(h_k), F(h_1), ...); multipliers are those of the product of the
    k Jacobians. Arguments as of `fixed_points`.

    >>> from rnnsym.cells import elman
    >>> print(cycles(elman("relu"), 2, {"W_h": [[-2]], "b": [1]}))
    1 cycle of period 2 of elman, derived, complete
      (0) -> (1)  stable, |multiplier| 0
    """
    return _search(cell, values, whole(period, "the period"), box, deadline, executor, progress)


def _search(
    cell: Cell, values: Mapping[str, Any] | None, period: int, box: Any, deadline: float | None,
    executor: Executor | None, progress: Callable[[int, int, int], Any] | None,
) -> FixedPointSet:  # fmt: skip
    if values is None and as_cell(cell).binding and cell.parameters:
        return regions_with_conditions(cell, period)
    numbers = Values(cell, values)
    n = sum(int(s.shape[0]) for s in numbers.cell.state)
    if n * period > STATES:
        raise LimitReached(f"{n} states times period {period} make {n * period} unknowns; the limit is {STATES}")
    made = model(numbers)
    system = from_program(made.map)
    if system is not None:
        return exactly(made, system, box=box, deadline=deadline, period=period)
    return enclosures(made, box=box, deadline=deadline, executor=executor, progress=progress, period=period)


__all__ = ["AffineFace", "FixedPoint", "FixedPointSet", "cycles", "fixed_points"]
