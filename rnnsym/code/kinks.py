"""Where slopes are undefined: which units of a result may sit at a corner, and the same result with one-sided slopes.

A function with corners says so itself: `kinks` of an activation; `undefined_at`, `on_side` and `words` of a slope. A
Piecewise that ends in nan is a slope too. May import: result, vectors.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import sympy as sp

from rnnsym.result import Result
from rnnsym.vectors import Entrywise

KINKS = ("error", "left", "right", "nan")


@dataclass(frozen=True)
class Corner:
    """A quantity, a column or a scalar of one unit, and the number at which its function has no derivative."""

    argument: Any
    point: Any
    words: str
    unit: int | None = None

    @property
    def is_column(self) -> bool:
        return bool(getattr(self.argument, "is_Matrix", False))

    def value(self, modules: str) -> Any:
        if modules == "mpmath":
            import mpmath

            return mpmath.mpmathify(self.point.evalf(mpmath.mp.dps + 5))
        return float(self.point)


def corners(result: Result) -> Iterator[Corner]:
    """The quantities that a right side may have a corner in: first those of the activations, then those of the slopes."""
    for symbol, definition in result.where:
        yield from _in(definition, "kinks", _unit(result, symbol))
    if isinstance(result.rhs, sp.MatrixBase):
        for i in range(result.rhs.rows):
            for entry in result.rhs[i, :]:
                yield from _in(entry, "undefined_at", i + 1)
    yield from _in(result.rhs, "undefined_at", None)


def _unit(result: Result, symbol: Any) -> int | None:
    for array in result.arrays:
        if array.entries is not None and array.entries.shape[0] > 1 and symbol in array.entries:
            return list(array.entries).index(symbol) // array.entries.shape[1] + 1
    return None


def _in(expression: Any, attribute: str, unit: int | None) -> Iterator[Corner]:
    columns = [e for e in sp.preorder_traversal(expression) if isinstance(e, Entrywise)]
    bodies: list[tuple[Any, Any]] = [(e.body, e) for e in columns] or (
        [] if getattr(expression, "is_Matrix", False) else [(expression, None)]
    )
    for body, column in bodies:
        for f in sorted(body.atoms(sp.Function), key=str):
            for point in getattr(f, attribute, ()):
                argument = f.args[0] if column is None else Entrywise(f.args[0], column.shape[0], *column.columns)
                yield Corner(argument, sp.S(point), getattr(f, "words", str(f.func)), unit)


def one_sided(result: Result, side: int) -> Result:
    """The result with the slopes from the left (-1) or from the right (1) where there is no derivative."""

    def turned(expression: Any) -> Any:
        table = {f: f.on_side(side) for f in expression.atoms(sp.Function) if hasattr(f, "on_side")}
        for p in expression.atoms(sp.Piecewise):
            if p.args[-1][0] is sp.nan:
                table[p] = _closed(p, side)
        return expression.xreplace(table)

    return replace(
        result, rhs=turned(result.rhs), where=tuple((s, turned(e)) for s, e in result.where), steps=(),
    )  # fmt: skip


def _closed(piecewise: Any, side: int) -> Any:
    """The cases with the boundary taken in: x < p becomes x <= p from the left, x > p becomes x >= p from the right."""
    strict, closed = (sp.StrictLessThan, sp.LessThan) if side < 0 else (sp.StrictGreaterThan, sp.GreaterThan)
    rows = [(e, c.replace(lambda r: isinstance(r, strict), lambda r: closed(*r.args))) for e, c in piecewise.args]
    return sp.Piecewise(*rows)
