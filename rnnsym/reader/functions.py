"""The functions of formulas, as SymPy objects; to add one, add a line to FUNCTIONS. May import: SymPy, result, reader.sizes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import sympy as sp
from sympy.functions.elementary.hyperbolic import HyperbolicFunction

from rnnsym.reader.sizes import EVALUATED, SPLIT, count_nodes, power_fits
from rnnsym.result import SpecError

# The functions. Where SymPy would expand a large argument or prove things about it, they are kept as written.


def _careful(function: Any) -> Callable[[Any], Any]:
    # On what is not known to be real, Abs, re and im multiply out: abs(prod(x_i + 1) + i) has 4**n terms.
    def kept(x: Any) -> Any:
        size = count_nodes([x])
        small = size <= 3 or (size <= 12 and getattr(x, "is_number", False))
        return function(x, evaluate=small or (size <= EVALUATED and x.is_extended_real is True))

    return kept


def _hyperbolic(function: Any) -> Callable[[Any], Any]:
    # SymPy asks whether tanh(tanh(...)) is real by splitting it into real and imaginary parts: with symbols not
    # declared real, eight levels take seconds, ten take minutes.
    def kept(x: Any) -> Any:
        nested = isinstance(x, sp.Basic) and x.has(HyperbolicFunction)
        value = function(x, evaluate=not nested or all(symbol.is_real for symbol in x.free_symbols))
        for node in value.atoms(HyperbolicFunction) if isinstance(value, sp.Basic) else ():
            _undecided(node)
        return value

    return kept


def _undecided(node: Any) -> None:
    """Tells SymPy that it does not know whether tanh(a) is real, finite ..., where a is large and not known to be.

    It would split a into real and imaginary parts to find out, whichever function meets tanh(a) next: log(tanh((x**8)**45))
    takes minutes, tanh of tanh of ... eight times too.
    """
    a = node.args[0]
    if a.is_extended_real or a.is_number:
        return
    powers = any(p.exp.is_Integer and abs(p.exp) > SPLIT for p in a.atoms(sp.Pow))
    if powers or a.has(HyperbolicFunction) or count_nodes([a]) > 3 * SPLIT:
        known = node._assumptions
        if known is node.default_assumptions:
            known = node._assumptions = node.default_assumptions.copy()
        for fact in node._prop_handler:  # every question for which the class has a method of its own
            if fact not in known and fact != "commutative":
                known._tell(fact, None)


def _root(x: Any) -> Any:
    # SymPy looks for factors of the number: for half a second, where it has over a thousand digits
    if isinstance(x, sp.Rational) and (fault := power_fits(x, sp.S.Half)):
        raise SpecError(fault)
    return sp.sqrt(x)


def _extremum(function: Any) -> Callable[..., Any]:
    # A nested Max is flattened, and k arguments are compared pairwise: kept as written once it is large.
    return lambda first, *others: function(first, *others, evaluate=count_nodes([first, *others]) <= EVALUATED)


FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "exp": lambda x: sp.exp(x),
    "log": lambda x: sp.log(x),
    "ln": lambda x: sp.log(x),
    "sqrt": _root,
    "sin": sp.sin,
    "cos": sp.cos,
    "tan": sp.tan,
    "asin": sp.asin,
    "arcsin": sp.asin,
    "acos": sp.acos,
    "arccos": sp.acos,
    "atan": sp.atan,
    "arctan": sp.atan,
    "sinh": _hyperbolic(sp.sinh),
    "cosh": _hyperbolic(sp.cosh),
    "tanh": _hyperbolic(sp.tanh),
    "asinh": sp.asinh,
    "arsinh": sp.asinh,
    "acosh": sp.acosh,
    "arcosh": sp.acosh,
    "atanh": sp.atanh,
    "artanh": sp.atanh,
    "sech": _hyperbolic(sp.sech),
    "erf": lambda x: sp.erf(x),
    "abs": _careful(sp.Abs),
    "sign": _careful(sp.sign),
    "re": _careful(sp.re),
    "im": _careful(sp.im),
    "conjugate": _careful(sp.conjugate),
    "min": _extremum(sp.Min),
    "max": _extremum(sp.Max),
}
