"""Activation functions: what each is, its derivative, range, Lipschitz constant and flags.

Functions that SymPy lacks are classes here, each with `fdiff`, `elementary()` (its value in SymPy's elementary functions,
which exact arithmetic uses), a sign for the page, and `array_helper`, overflow-safe array code with `xp` for the module.
A kink has no derivative: the slope functions are undefined there, never 1/2.

May import: result, vectors, SymPy. To add an activation: a line of the table at the end and, if SymPy has no such function, a class.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import Any

import sympy as sp

from rnnsym.result import SpecError
from rnnsym.vectors import entrywise

_x = sp.Symbol("x", real=True)
_y = sp.Symbol("y", real=True)


class sigmoid(sp.Function):  # noqa: N801 (SymPy's functions are lower case)
    """1 / (1 + exp(-x)).

    >>> sigmoid(_x).diff(_x)
    (1 - sigmoid(x))*sigmoid(x)
    """

    array_helper = ("sigmoid", "def sigmoid(x):\n    return 1 / (1 + xp.exp(-x))")  # exp = inf gives 0, as it should

    @classmethod
    def eval(cls, x: Any) -> Any:
        if x.is_zero:
            return sp.Rational(1, 2)
        if x is sp.oo or x is -sp.oo:
            return sp.Integer(1 if x is sp.oo else 0)
        return None

    def fdiff(self, argindex: int = 1) -> Any:
        return self * (1 - self)

    def elementary(self) -> Any:
        return 1 / (1 + sp.exp(-self.args[0]))

    def without_cancellation(self, y: Any) -> dict[Any, Any]:
        """1 - sigmoid(a) from a, which keeps its digits for large a."""
        return {1 - y: sigmoid_complement(self.args[0])}

    def _eval_is_real(self) -> Any:
        return self.args[0].is_real

    def _eval_is_positive(self) -> Any:
        return True if self.args[0].is_real else None

    def _eval_evalf(self, prec: int) -> Any:
        return self.elementary()._eval_evalf(prec)

    def _latex(self, printer: Any, exp: Any = None) -> str:
        power = "" if exp is None else f"^{{{exp}}}"
        return rf"\sigma{power}\left({printer._print(self.args[0])}\right)"


class sigmoid_complement(sp.Function):  # noqa: N801
    """1 - sigmoid(x) = sigmoid(-x) in array code."""

    array_helper = ("sigmoid_complement", "def sigmoid_complement(x):\n    return 1 / (1 + xp.exp(x))")

    def elementary(self) -> Any:
        return 1 / (1 + sp.exp(self.args[0]))


class relu(sp.Function):  # noqa: N801
    """max(0, x); not differentiable at 0."""

    kinks = (sp.Integer(0),)
    array_helper = ("relu", "def relu(x):\n    return xp.where(x > 0, x, 0 * x)")

    @classmethod
    def eval(cls, x: Any) -> Any:
        if x.is_positive:
            return x
        return sp.S.Zero if x.is_nonpositive else None

    def fdiff(self, argindex: int = 1) -> Any:
        return step(self.args[0])

    def elementary(self) -> Any:
        return sp.Max(0, self.args[0])

    def _eval_is_real(self) -> Any:
        return self.args[0].is_real

    def _eval_is_nonnegative(self) -> Any:
        return True if self.args[0].is_real else None

    def _eval_evalf(self, prec: int) -> Any:
        return self.elementary()._eval_evalf(prec)

    def _latex(self, printer: Any, exp: Any = None) -> str:
        power = "" if exp is None else f"^{{{exp}}}"
        return rf"\operatorname{{ReLU}}{power}\left({printer._print(self.args[0])}\right)"


class step(sp.Function):  # noqa: N801
    """The slope of relu: 1 for x > 0, 0 for x < 0, undefined at 0."""

    array_helper = (
        "step",
        "def step(x):\n    return xp.where(x > 0, 1.0, xp.where(x < 0, 0.0, float('nan')))",
    )

    @classmethod
    def eval(cls, x: Any) -> Any:
        if x.is_positive:
            return sp.S.One
        if x.is_negative:
            return sp.S.Zero
        return sp.nan if x.is_zero else None

    def fdiff(self, argindex: int = 1) -> Any:
        return (
            0 * self.args[0] if self.args[0].is_nonzero else sp.Piecewise((0, sp.Ne(self.args[0], 0)), (sp.nan, True))
        )

    def elementary(self) -> Any:
        x = self.args[0]
        return sp.Piecewise((1, x > 0), (0, x < 0), (sp.nan, True))

    def _eval_is_real(self) -> Any:
        return self.args[0].is_real

    def _latex(self, printer: Any, exp: Any = None) -> str:
        power = "" if exp is None else f"^{{{exp}}}"
        return rf"\operatorname{{ReLU}}'{power}\left({printer._print(self.args[0])}\right)"


@dataclass(frozen=True)
class Activation:
    """An entrywise nonlinearity phi with its constants.

    derivative:           phi'(x), as a function of x.
    derivative_of_output: phi' as a function of y = phi(x), where there is one (tanh: 1 - y^2).
    range:                the set of values; lipschitz: sup |phi'|, exact; monotone: never decreasing.
    pieces:               of a piecewise linear phi, (slope, offset, interval) from left to right.
    """

    name: str
    phi: sp.Lambda
    derivative: sp.Lambda
    derivative_of_output: sp.Lambda | None
    range: sp.Set
    lipschitz: Any
    monotone: bool
    pieces: tuple[tuple[Any, Any, sp.Interval], ...] = ()

    def __call__(self, x: Any) -> Any:
        """The value on a scalar, or entrywise on a column."""
        if getattr(x, "is_Matrix", False):
            return entrywise(self.phi, x)
        return self.phi(x)

    @property
    def kinks(self) -> tuple[Any, ...]:
        """The points where phi has no derivative."""
        return tuple(
            left[2].sup for left, right in zip(self.pieces, self.pieces[1:], strict=False) if left[0] != right[0]
        )


def _lambda(expression: Any) -> sp.Lambda:
    return sp.Lambda(_x, expression)


tanh = Activation(
    "tanh", _lambda(sp.tanh(_x)), _lambda(1 - sp.tanh(_x) ** 2), sp.Lambda(_y, 1 - _y**2),
    sp.Interval.open(-1, 1), sp.Integer(1), True,
)  # fmt: skip
logistic = Activation(
    "sigmoid", _lambda(sigmoid(_x)), _lambda(sigmoid(_x) * (1 - sigmoid(_x))), sp.Lambda(_y, _y * (1 - _y)),
    sp.Interval.open(0, 1), sp.Rational(1, 4), True,
)  # fmt: skip
rectifier = Activation(
    "relu", _lambda(relu(_x)), _lambda(step(_x)), None, sp.Interval(0, sp.oo), sp.Integer(1), True,
    ((sp.Integer(0), sp.Integer(0), sp.Interval(-sp.oo, 0)), (sp.Integer(1), sp.Integer(0), sp.Interval(0, sp.oo))),
)  # fmt: skip
identity = Activation(
    "identity", _lambda(_x), _lambda(sp.Integer(1)), sp.Lambda(_y, sp.Integer(1)),
    sp.Interval(-sp.oo, sp.oo), sp.Integer(1), True, ((sp.Integer(1), sp.Integer(0), sp.Interval(-sp.oo, sp.oo)),),
)  # fmt: skip

TABLE: dict[str, Activation] = {a.name: a for a in (tanh, logistic, rectifier, identity)}


def activation(name: str | Activation) -> Activation:
    """The activation of a name; an Activation stays what it is.

    >>> activation("tanh").lipschitz
    1
    """
    if isinstance(name, Activation):
        return name
    if name not in TABLE:
        close = difflib.get_close_matches(str(name), TABLE, n=1)
        hint = f" did you mean {close[0]!r}?" if close else ""
        raise SpecError(f"unknown activation {name!r};{hint} known: {', '.join(TABLE)}, or pass a formula of x")
    return TABLE[name]
