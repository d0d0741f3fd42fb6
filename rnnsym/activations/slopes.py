"""The base classes of own functions, and the slopes that jump: undefined at the jump, with a side if one is named.

May import: SymPy. What a class may bring is said in `functions`.
"""

from __future__ import annotations

from typing import Any

import sympy as sp
from mpmath.libmp import prec_to_dps


class Scalar(sp.Function):
    """A real function of a real number and perhaps of parameters; printed as an operator with the parameters below."""

    tex = ""
    words = ""

    def elementary(self) -> Any:
        raise NotImplementedError

    def _eval_is_real(self) -> Any:
        return True if all(a.is_real for a in self.args) else None

    def _eval_evalf(self, prec: int) -> Any:
        value = self.elementary()
        return value.evalf(prec_to_dps(prec) + 1) if value.is_number else value._eval_evalf(prec)

    def _shown_parameters(self) -> tuple[Any, ...]:
        return self.args[1:]

    def _latex(self, printer: Any, exp: Any = None) -> str:
        power = "" if exp is None else f"^{{{exp}}}"
        below = ", ".join(printer._print(a) for a in self._shown_parameters())
        return rf"{self.tex}{f'_{{{below}}}' if below else ''}{power}\left({printer._print(self.args[0])}\right)"


class Sided(Scalar):
    """A slope with jumps; a last argument -1 or 1, if there, says from which side it takes its value at a jump."""

    undefined_at: tuple[Any, ...] = (sp.S.Zero,)
    parameters = 0
    _NAN = "(float('nan'), 1.0, 0.0)[side]"

    @property
    def side(self) -> int:
        return int(self.args[-1]) if len(self.args) > 1 + self.parameters else 0

    def on_side(self, side: int) -> Any:
        """The same slope with its one-sided value where it jumps."""
        if not self.undefined_at:
            return self
        return self.func(*self.args[: 1 + self.parameters], sp.Integer(side))

    def _shown_parameters(self) -> tuple[Any, ...]:
        return self.args[1 : 1 + self.parameters]

    def _constant_away(self) -> Any:
        """0, and undefined at the jumps: the derivative of a piecewise constant slope."""
        x = self.args[0]
        if self.side or all((x - p).is_nonzero for p in self.undefined_at):
            return sp.S.Zero
        return sp.Piecewise((0, sp.And(*(sp.Ne(x, p) for p in self.undefined_at))), (sp.nan, True))


class absolute(Scalar):  # noqa: N801
    """|x| with a slope that is undefined at 0 (SymPy's Abs has the slope sign(x), which is 0 there)."""

    words = "the absolute value"
    kinks = (sp.S.Zero,)
    array_helper = ("absolute", "def absolute(x):\n    return xp.abs(x)")

    @classmethod
    def eval(cls, x: Any) -> Any:
        if x.is_nonnegative:
            return x
        return -x if x.is_nonpositive else None

    def fdiff(self, argindex: int = 1) -> Any:
        return 2 * step(self.args[0]) - 1

    def elementary(self) -> Any:
        return sp.Abs(self.args[0])

    def slope_of_output(self, y: Any) -> Any:
        return None

    def _eval_is_nonnegative(self) -> Any:
        return True if self.args[0].is_real else None

    def _sympystr(self, printer: Any) -> str:
        return f"Abs({printer._print(self.args[0])})"

    def _latex(self, printer: Any, exp: Any = None) -> str:
        text = rf"\left|{printer._print(self.args[0])}\right|"
        return text if exp is None else f"{text}^{{{exp}}}"


class step(Sided):  # noqa: N801
    """The slope of relu: 1 for x > 0, 0 for x < 0, undefined at 0 (step(x, -1) is 0 and step(x, 1) is 1 there)."""

    tex, words = r"\operatorname{ReLU}'", "ReLU"
    nargs = (1, 2)
    array_helper = (
        "step",
        "def step(x, side=0):\n    one = xp.ones_like(x)\n"
        f"    return xp.where(x > 0, one, xp.where(x < 0, 0 * one, {Sided._NAN} * one))",
    )

    @classmethod
    def eval(cls, x: Any, side: Any = sp.S.Zero) -> Any:
        if x.is_positive:
            return sp.S.One
        if x.is_negative:
            return sp.S.Zero
        return (sp.nan, sp.S.One, sp.S.Zero)[int(side)] if x.is_zero else None

    def fdiff(self, argindex: int = 1) -> Any:
        return self._constant_away()

    def elementary(self) -> Any:
        x = self.args[0]
        return sp.Piecewise((1, x > 0), (0, x < 0), ((sp.nan, 1, 0)[self.side], True))


class leaky_slope(Sided):  # noqa: N801
    """1 for x > 0, slope for x < 0, undefined at 0."""

    tex, words = r"\operatorname{LeakyReLU}'", "leaky ReLU"
    nargs = (2, 3)
    parameters = 1
    array_helper = (
        "leaky_slope",
        "def leaky_slope(x, slope, side=0):\n    one = xp.ones_like(x)\n"
        "    at = (float('nan') * one, one, slope * one)[side]\n"
        "    return xp.where(x > 0, one, xp.where(x < 0, slope * one, at))",
    )

    @classmethod
    def eval(cls, x: Any, slope: Any, side: Any = sp.S.Zero) -> Any:
        if x.is_positive or slope == 1:
            return sp.S.One
        if x.is_negative:
            return slope
        return (sp.nan, sp.S.One, slope)[int(side)] if x.is_zero else None

    def fdiff(self, argindex: int = 1) -> Any:
        return self._constant_away() if argindex == 1 else 1 - step(self.args[0], *self.args[2:])

    def elementary(self) -> Any:
        x, slope = self.args[:2]
        return sp.Piecewise((1, x > 0), (slope, x < 0), ((sp.nan, 1, slope)[self.side], True))


class inside(Sided):  # noqa: N801
    """The slope of hard_tanh: 1 for |x| < 1, 0 for |x| > 1, undefined at -1 and 1."""

    words = "hard tanh"
    nargs = (1, 2)
    undefined_at = (sp.S.NegativeOne, sp.S.One)
    array_helper = (
        "inside",
        "def inside(x, side=0):\n    one, size = xp.ones_like(x), xp.abs(x)\n"
        "    at = float('nan') * one if side == 0 else xp.where(x * side < 0, one, 0 * one)\n"
        "    return xp.where(size < 1, one, xp.where(size > 1, 0 * one, at))",
    )

    @classmethod
    def eval(cls, x: Any, side: Any = sp.S.Zero) -> Any:
        if (x - 1).is_positive or (x + 1).is_negative:
            return sp.S.Zero
        if (x - 1).is_zero or (x + 1).is_zero:
            return sp.nan if side == 0 else sp.Integer(int(x * side < 0))
        return sp.S.One if (x - 1).is_negative and (x + 1).is_positive else None

    def fdiff(self, argindex: int = 1) -> Any:
        return self._constant_away()

    def elementary(self) -> Any:
        x, side = self.args[0], self.side
        at = [(sp.S.One if p * side < 0 else sp.S.Zero) if side else sp.nan for p in self.undefined_at]
        return sp.Piecewise(
            (1, sp.And(x > -1, x < 1)), (0, sp.Or(x < -1, x > 1)), (at[0], sp.Eq(x, -1)), (at[1], True)
        )  # fmt: skip

    def _latex(self, printer: Any, exp: Any = None) -> str:
        power = "" if exp is None else f"^{{{exp}}}"
        return rf"\mathbf{{1}}{power}\left[\left|{printer._print(self.args[0])}\right| < 1\right]"


class elu_slope(Sided):  # noqa: N801
    """1 for x > 0 and alpha exp(x) for x < 0; at 0 it is 1 if alpha = 1, and undefined otherwise."""

    tex, words = r"\operatorname{ELU}'", "ELU"
    nargs = (2, 3)
    parameters = 1
    array_helper = (
        "elu_slope",
        "def elu_slope(x, alpha, side=0):\n"
        "    one, low = xp.ones_like(x), alpha * xp.exp(xp.where(x > 0, 0 * x, x))\n"
        "    at = xp.where(low == 1, one, (float('nan') * one, one, low)[side])\n"
        "    return xp.where(x > 0, one, xp.where(x < 0, low, at))",
    )

    @property
    def undefined_at(self) -> tuple[Any, ...]:  # type: ignore[override]
        return () if self.args[1] == 1 else (sp.S.Zero,)

    @classmethod
    def eval(cls, x: Any, alpha: Any, side: Any = sp.S.Zero) -> Any:
        if x.is_positive:
            return sp.S.One
        if x.is_zero:
            return sp.S.One if alpha == 1 else (sp.nan, sp.S.One, alpha)[int(side)]
        return None

    def fdiff(self, argindex: int = 1) -> Any:
        x, alpha = self.args[:2]
        below = 1 - step(x, *self.args[2:])  # the second derivative jumps at 0 for every alpha
        return below * self if argindex == 1 else below * elu_slope(x, sp.S.One)

    def elementary(self) -> Any:
        x, alpha = self.args[:2]
        if alpha == 1:
            return sp.exp(sp.Min(0, x))
        return sp.Piecewise((1, x > 0), (alpha * sp.exp(x), x < 0), ((sp.nan, 1, alpha)[self.side], True))

    def _shown_parameters(self) -> tuple[Any, ...]:
        return () if self.args[1] == 1 else self.args[1:2]
