"""The record of an activation: the function, its derivative and inverse, and its constants.

May import: SymPy, vectors. What is unknown is None, never guessed; what a user declared and nobody proved is in `unproved`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sympy as sp

from rnnsym.vectors import entrywise

X = sp.Symbol("x", real=True)
Y = sp.Symbol("y", real=True)


@dataclass(frozen=True)
class Activation:
    """An entrywise nonlinearity phi with its constants.

    derivative:           phi'(x), as a function of x.
    derivative_of_output: phi' as a function of y = phi(x), where there is one (tanh: 1 - y^2).
    range:                the set of values; lipschitz: sup |phi'|, exact; monotone: never decreasing.
    pieces:               of a piecewise linear phi, (slope, offset, interval) from left to right.
    inverse:              x as a function of y = phi(x), where it has a closed form.
    odd:                  phi(-x) = -phi(x).
    sector:               0 <= phi(x)/x <= 1 for all x != 0 and phi(0) = 0.
    slope_restricted:     0 <= (phi(x) - phi(y))/(x - y) <= 1 for all x != y.
    lipschitz_derivative: sup |phi''|, exact; oo where phi' jumps.
    unproved:             the fields that were declared and not refuted, but not proved either.
    """

    name: str
    phi: sp.Lambda
    derivative: sp.Lambda
    derivative_of_output: sp.Lambda | None
    range: sp.Set | None
    lipschitz: Any
    monotone: bool | None
    pieces: tuple[tuple[Any, Any, sp.Interval], ...] = ()
    inverse: sp.Lambda | None = None
    odd: bool | None = None
    sector: bool | None = None
    slope_restricted: bool | None = None
    lipschitz_derivative: Any = None
    unproved: tuple[str, ...] = ()

    def __call__(self, x: Any) -> Any:
        """The value on a scalar, or entrywise on a column."""
        if getattr(x, "is_Matrix", False):
            return entrywise(self.phi, x)
        return self.phi(x)

    @property
    def kinks(self) -> tuple[Any, ...]:
        """The points where phi has no derivative, from left to right."""
        return kinks_of(self.phi(X), X)


def kinks_of(expression: Any, x: Any) -> tuple[Any, ...]:
    """The x at which the argument of a function in the expression meets one of the function's kinks.

    Of arguments that are affine in x; others are not looked at.
    """
    found: set[Any] = set()
    for f in expression.atoms(sp.Function):
        slope = f.args[0].diff(x) if getattr(f, "kinks", ()) else sp.S.Zero
        if slope != 0 and not slope.free_symbols & {x}:
            found |= {(kink - f.args[0].subs(x, 0)) / slope for kink in f.kinks}
    return tuple(sorted(found))
