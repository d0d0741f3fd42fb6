"""The function classes that SymPy lacks: activations and what these are made of (their slopes are in `slopes`).

A class may bring, each found by name where it is needed:
- `fdiff`, `eval`: SymPy's own; `elementary()`: its value in SymPy's elementary functions, for exact arithmetic and balls;
- `words`, `tex`: its name in messages and on the page;
- `kinks`: the arguments at which it has no derivative; of a slope, `undefined_at` (there it is nan, never 1/2) and
  `on_side(side)`, the slope that takes the value from the left (-1) or from the right (1) there;
- `slope_of_output(y)`: the derivative by the first argument as a function of the value y (`vectors.slopes` asks);
- `array_helper` (name, text with `xp` for the module; `array_needs`, the texts of `code.helpers` it calls; and
  `mpmath_helper` where `elementary` loses digits), and `without_cancellation(y)`: subexpressions of y = f(a) that lose
  digits at saturation -> what to compute from a instead.

May import: SymPy, `constants`, `slopes`. To add an activation whose function SymPy lacks: a class here, then a record in `table`.
"""

from __future__ import annotations

from typing import Any

import sympy as sp

from rnnsym.activations.constants import SELU_ALPHA, SELU_SCALE
from rnnsym.activations.slopes import Scalar, absolute, elu_slope, inside, leaky_slope, step


class sigmoid(Scalar):  # noqa: N801 (SymPy's functions are lower case)
    """1 / (1 + exp(-x)).

    >>> sigmoid(sp.Symbol("x", real=True)).diff()
    (1 - sigmoid(x))*sigmoid(x)
    """

    tex, words = r"\sigma", "sigmoid"
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

    def _eval_is_positive(self) -> Any:
        return True if self.args[0].is_real else None


class sigmoid_complement(Scalar):  # noqa: N801
    """1 - sigmoid(x) = sigmoid(-x) in array code."""

    array_helper = ("sigmoid_complement", "def sigmoid_complement(x):\n    return 1 / (1 + xp.exp(x))")

    def elementary(self) -> Any:
        return 1 / (1 + sp.exp(self.args[0]))


class relu(Scalar):  # noqa: N801
    """max(0, x); not differentiable at 0."""

    tex, words = r"\operatorname{ReLU}", "ReLU"
    kinks = (sp.S.Zero,)
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

    def _eval_is_nonnegative(self) -> Any:
        return True if self.args[0].is_real else None


class leaky_relu(Scalar):  # noqa: N801
    """max(0, x) + slope min(0, x), slope != 1; not differentiable at 0."""

    tex, words = r"\operatorname{LeakyReLU}", "leaky ReLU"
    nargs = 2
    kinks = (sp.S.Zero,)
    array_helper = ("leaky_relu", "def leaky_relu(x, slope):\n    return xp.where(x > 0, x, slope * x)")

    @classmethod
    def eval(cls, x: Any, slope: Any) -> Any:
        if x.is_nonnegative or slope == 1:
            return x
        return slope * x if x.is_nonpositive else relu(x) if slope == 0 else None

    def fdiff(self, argindex: int = 1) -> Any:
        x, slope = self.args
        return leaky_slope(x, slope) if argindex == 1 else x - relu(x)

    def elementary(self) -> Any:
        return sp.Max(0, self.args[0]) + self.args[1] * sp.Min(0, self.args[0])

    def slope_of_output(self, y: Any) -> Any:
        """The slope by the sign of y, which is the sign of x if the slope is positive."""
        return leaky_slope(y, self.args[1]) if self.args[1].is_positive else None


class hard_tanh(Scalar):  # noqa: N801
    """max(-1, min(1, x)); not differentiable at -1 and 1."""

    tex, words = r"\operatorname{hardtanh}", "hard tanh"
    kinks = (sp.S.NegativeOne, sp.S.One)
    array_helper = (
        "hard_tanh",
        "def hard_tanh(x):\n    one = xp.ones_like(x)\n    return xp.where(x > 1, one, xp.where(x < -1, -one, x))",
    )

    @classmethod
    def eval(cls, x: Any) -> Any:
        if (x - 1).is_nonnegative:
            return sp.S.One
        if (x + 1).is_nonpositive:
            return sp.S.NegativeOne
        return x if (x - 1).is_negative and (x + 1).is_positive else None

    def fdiff(self, argindex: int = 1) -> Any:
        return inside(self.args[0])

    def elementary(self) -> Any:
        return sp.Max(-1, sp.Min(1, self.args[0]))


class elu(Scalar):  # noqa: N801
    """x for x > 0 and alpha (exp(x) - 1) for x <= 0; not differentiable at 0 unless alpha = 1."""

    tex, words = r"\operatorname{ELU}", "ELU"
    nargs = 2
    array_helper = (
        "elu",
        "def elu(x, alpha):\n    return xp.where(x > 0, x, alpha * xp.expm1(xp.where(x > 0, 0 * x, x)))",
    )
    mpmath_helper = "lambda x, alpha: x if x > 0 else alpha * mp.expm1(x)"

    @classmethod
    def eval(cls, x: Any, alpha: Any) -> Any:
        if x.is_nonnegative:
            return x
        return relu(x) if alpha == 0 else None

    @property
    def kinks(self) -> tuple[Any, ...]:
        return () if self.args[1] == 1 else (sp.S.Zero,)

    def fdiff(self, argindex: int = 1) -> Any:
        x, alpha = self.args
        return elu_slope(x, alpha) if argindex == 1 else elu(x, sp.S.One) - relu(x)

    def elementary(self) -> Any:
        x, alpha = self.args
        return sp.Max(0, x) + alpha * (sp.exp(sp.Min(0, x)) - 1)

    def slope_of_output(self, y: Any) -> Any:
        """1 for y > 0 and y + alpha for y < 0, if alpha > 0; of alpha = 1 it is 1 + min(0, y)."""
        alpha = self.args[1]
        if alpha == 1:
            return 1 + y - relu(y)
        return _elu_slope_of_output(y, 1, alpha) if alpha.is_positive else None

    def without_cancellation(self, y: Any) -> dict[Any, Any]:
        slope = self.slope_of_output(y)
        return {} if slope is None else {slope: elu_slope(*self.args)}

    def _shown_parameters(self) -> tuple[Any, ...]:
        return () if self.args[1] == 1 else self.args[1:]


def _elu_slope_of_output(y: Any, above: Any, below: Any) -> Any:
    return above * step(y) + (1 - step(y)) * (y + below)


class selu(Scalar):  # noqa: N801
    """scale * elu(x, alpha) with the two constants that keep mean 0 and variance 1 (Klambauer et al. 2017)."""

    tex, words = r"\operatorname{SELU}", "SELU"
    kinks = (sp.S.Zero,)
    array_helper = (
        "selu",
        "def selu(x):\n"
        f"    return {float(SELU_SCALE)!r} * xp.where(x > 0, x, {float(SELU_ALPHA)!r} * "
        "xp.expm1(xp.where(x > 0, 0 * x, x)))",
    )

    @classmethod
    def eval(cls, x: Any) -> Any:
        return SELU_SCALE * x if x.is_nonnegative else None

    def fdiff(self, argindex: int = 1) -> Any:
        return SELU_SCALE * elu_slope(self.args[0], SELU_ALPHA)

    def elementary(self) -> Any:
        return SELU_SCALE * elu(self.args[0], SELU_ALPHA).elementary()

    def slope_of_output(self, y: Any) -> Any:
        return _elu_slope_of_output(y, SELU_SCALE, SELU_SCALE * SELU_ALPHA)

    def without_cancellation(self, y: Any) -> dict[Any, Any]:
        return {self.slope_of_output(y): self.fdiff()}


class softplus(Scalar):  # noqa: N801
    """log(1 + exp(x))."""

    tex, words = r"\operatorname{softplus}", "softplus"
    array_helper = (
        "softplus",
        "def softplus(x):\n    return xp.where(x > 0, x, 0 * x) + xp.log1p(xp.exp(-xp.abs(x)))",
    )
    mpmath_helper = "lambda x: mp.log1p(mp.exp(x))"

    @classmethod
    def eval(cls, x: Any) -> Any:
        return sp.log(2) if x.is_zero else None

    def fdiff(self, argindex: int = 1) -> Any:
        return sigmoid(self.args[0])

    def elementary(self) -> Any:
        return sp.log(1 + sp.exp(self.args[0]))

    def slope_of_output(self, y: Any) -> Any:
        return 1 - sp.exp(-y)

    def without_cancellation(self, y: Any) -> dict[Any, Any]:
        return {1 - sp.exp(-y): sigmoid(self.args[0])}

    def _eval_is_positive(self) -> Any:
        return True if self.args[0].is_real else None


class softsign(Scalar):  # noqa: N801
    """x / (1 + |x|); its second derivative jumps at 0."""

    tex, words = r"\operatorname{softsign}", "softsign"
    array_helper = ("softsign", "def softsign(x):\n    return x / (1 + xp.abs(x))")

    @classmethod
    def eval(cls, x: Any) -> Any:
        if x.is_number and x.is_real:
            return x / (1 + abs(x))
        return -cls(-x) if x.could_extract_minus_sign() else None

    def fdiff(self, argindex: int = 1) -> Any:
        return 1 / (1 + absolute(self.args[0])) ** 2

    def elementary(self) -> Any:
        return self.args[0] / (1 + sp.Abs(self.args[0]))

    def slope_of_output(self, y: Any) -> Any:
        return (1 - absolute(y)) ** 2

    def without_cancellation(self, y: Any) -> dict[Any, Any]:
        return {1 - absolute(y): 1 / (1 + absolute(self.args[0]))}


class algebraic(Scalar):  # noqa: N801
    """x / sqrt(1 + x^2)."""

    words = "x/sqrt(1 + x^2)"
    array_helper = ("algebraic", "def algebraic(x):\n    return x / xp.hypot(x, xp.ones_like(x))")
    mpmath_helper = "lambda x: x / mp.hypot(x, 1)"

    @classmethod
    def eval(cls, x: Any) -> Any:
        if x.is_number and x.is_real:
            return x / sp.sqrt(1 + x**2)
        return -cls(-x) if x.could_extract_minus_sign() else None

    def fdiff(self, argindex: int = 1) -> Any:
        return (1 + self.args[0] ** 2) ** sp.Rational(-3, 2)

    def elementary(self) -> Any:
        return self.args[0] / sp.sqrt(1 + self.args[0] ** 2)

    def slope_of_output(self, y: Any) -> Any:
        return (1 - y**2) ** sp.Rational(3, 2)

    def without_cancellation(self, y: Any) -> dict[Any, Any]:
        return {1 - y**2: 1 / (1 + self.args[0] ** 2)}

    def _latex(self, printer: Any, exp: Any = None) -> str:
        text = printer._print(self.elementary())
        return text if exp is None else rf"\left({text}\right)^{{{exp}}}"


class normal_cdf(Scalar):  # noqa: N801
    """Phi(x) = (1 + erf(x / sqrt(2))) / 2."""

    tex, words = r"\Phi", "the normal distribution function"
    array_needs = ("_erfc",)
    array_helper = ("normal_cdf", "def normal_cdf(x):\n    return _erfc(x * -0.7071067811865476) / 2")
    mpmath_helper = "lambda x: mp.ncdf(x) if abs(x) < 1e8 else mp.mpf(int(x > 0))"

    @classmethod
    def eval(cls, x: Any) -> Any:
        return sp.S.Half if x.is_zero else None

    def fdiff(self, argindex: int = 1) -> Any:
        return _normal_density(self.args[0])

    def elementary(self) -> Any:
        return (1 + sp.erf(self.args[0] / sp.sqrt(2))) / 2


def _normal_density(x: Any) -> Any:
    return sp.exp(-(x**2) / 2) / sp.sqrt(2 * sp.pi)


class gelu(Scalar):  # noqa: N801
    """x Phi(x) with the normal distribution function Phi (the exact form, not its tanh approximation)."""

    tex, words = r"\operatorname{GELU}", "GELU"
    array_needs = ("_erfc",)
    array_helper = ("gelu", "def gelu(x):\n    return x * (_erfc(x * -0.7071067811865476) / 2)")
    mpmath_helper = "lambda x: x * mp.ncdf(x) if abs(x) < 1e8 else x * int(x > 0)"

    @classmethod
    def eval(cls, x: Any) -> Any:
        return sp.S.Zero if x.is_zero else None

    def fdiff(self, argindex: int = 1) -> Any:
        x = self.args[0]
        return normal_cdf(x) + x * _normal_density(x)

    def elementary(self) -> Any:
        return self.args[0] * normal_cdf(self.args[0]).elementary()


class silu(Scalar):  # noqa: N801
    """x sigmoid(x), also called swish."""

    tex, words = r"\operatorname{SiLU}", "SiLU"
    array_helper = ("silu", "def silu(x):\n    return x / (1 + xp.exp(-x))")

    @classmethod
    def eval(cls, x: Any) -> Any:
        return sp.S.Zero if x.is_zero else None

    def fdiff(self, argindex: int = 1) -> Any:
        x = self.args[0]
        return sigmoid(x) * (1 + x * (1 - sigmoid(x)))

    def elementary(self) -> Any:
        return self.args[0] / (1 + sp.exp(-self.args[0]))


class mish(Scalar):  # noqa: N801
    """x tanh(softplus(x))."""

    tex, words = r"\operatorname{Mish}", "Mish"
    array_helper = (
        "mish",
        "def mish(x):\n    return x * xp.tanh(xp.where(x > 0, x, 0 * x) + xp.log1p(xp.exp(-xp.abs(x))))",
    )
    mpmath_helper = "lambda x: x * mp.tanh(mp.log1p(mp.exp(x)))"

    @classmethod
    def eval(cls, x: Any) -> Any:
        return sp.S.Zero if x.is_zero else None

    def fdiff(self, argindex: int = 1) -> Any:
        x = self.args[0]
        t = sp.tanh(softplus(x))
        return t + x * sigmoid(x) * (1 - t**2)

    def elementary(self) -> Any:
        return self.args[0] * sp.tanh(sp.log(1 + sp.exp(self.args[0])))


class pointwise(Scalar):  # noqa: N801
    """A user's function with corners: args x, phi (Lambda), its slope (Lambda) and its kinks (Tuple).

    The two Lambdas are written in Abs, Max and Min, so that what looks for functions with kinks does not find theirs.
    """

    words = "the activation"
    nargs = 4

    @property
    def kinks(self) -> tuple[Any, ...]:
        return tuple(self.args[3])

    def fdiff(self, argindex: int = 1) -> Any:
        return self.args[2](self.args[0]).replace(sp.Abs, absolute)

    def _eval_derivative(self, s: Any) -> Any:
        return self.fdiff() * self.args[0].diff(s)

    def elementary(self) -> Any:
        return self.args[1](self.args[0])

    def _eval_is_real(self) -> Any:
        return self.elementary().is_real

    def _sympystr(self, printer: Any) -> str:
        return printer._print(self.elementary())

    def _latex(self, printer: Any, exp: Any = None) -> str:
        text = printer._print(self.elementary())
        return text if exp is None else rf"\left({text}\right)^{{{exp}}}"
