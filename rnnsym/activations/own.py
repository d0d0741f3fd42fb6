"""The user's own activation, from a formula of x as text, as a SymPy expression or as a Lambda.

If the formula equals a function of the table, it is that function, with all its constants. Otherwise what can be
proved is derived: for functions made of pieces that are rational (corners included), range and Lipschitz constant are
exact, from the roots of polynomials; for others the flags come from enclosures on the whole line. What is neither derived
nor declared is None. Declared constants are tried at many points: one counterexample and they are refused.

May import: result, reader, exact, SymPy, and the rest of this room.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from typing import Any

import sympy as sp

from rnnsym.activations import functions as own
from rnnsym.activations.enclosing import proves
from rnnsym.activations.record import Activation, X
from rnnsym.activations.segments import Segment, bounds, is_odd, segments, slope_of
from rnnsym.activations.slopes import absolute
from rnnsym.activations.table import FAMILIES, TABLE
from rnnsym.exact import balls, is_zero
from rnnsym.reader import FUNCTIONS, free_names, read
from rnnsym.result import SpecError

_OWN = ("sigmoid", "relu", "leaky_relu", "elu", "selu", "softplus", "softsign", "hard_tanh", "gelu", "silu", "mish")
_READ = {
    **FUNCTIONS,
    **{name: getattr(own, name) for name in _OWN},
    "hard_sigmoid": lambda x: (1 + own.hard_tanh(x / 3)) / 2,
    "swish": own.silu,
}
_BOUND = sp.Symbol("xi", real=True)  # of the Lambdas inside a formula: what is put in for x must not reach it
_POINTS = tuple(sorted({Fraction(s * k, 16) for k in range(1, 65) for s in (-1, 1)} | {Fraction(s * 2**k) for k in range(3, 8) for s in (-1, 1)}))  # fmt: skip


def activation(
    what: str | Activation | sp.Basic, *, slope: Any = None, alpha: Any = None, lipschitz: Any = None,
    range: Any = None, monotone: bool | None = None, odd: bool | None = None, sector: bool | None = None,
    slope_restricted: bool | None = None,
) -> Activation:  # fmt: skip
    """The activation of a name, or the user's own from a formula of x; an Activation stays what it is.

    what:   a name of the table ("tanh"), a formula ("x/(2 + abs(x))"), a SymPy Lambda or an expression in one symbol.
    slope:  of "leaky_relu", alpha of "elu": a number or a symbol declared positive.
    Others: declared constants of a formula, see `Activation`; each is tried at many points, and proved where it can be.
    Raises: SpecError for an unknown name, a formula with other symbols, a jump or a pole, or a declaration that is
            refuted.

    >>> activation("tanh").lipschitz
    1
    >>> own = activation("x/(2 + abs(x))")
    >>> own.lipschitz, own.range, own.monotone
    (1/2, Interval.open(-1, 1), True)
    """
    declared = {
        "lipschitz": lipschitz, "range": range, "monotone": monotone, "odd": odd, "sector": sector,
        "slope_restricted": slope_restricted,
    }  # fmt: skip
    declared = {key: value for key, value in declared.items() if value is not None}
    parameters = {key: value for key, value in (("slope", slope), ("alpha", alpha)) if value is not None}
    if isinstance(what, Activation) or (isinstance(what, str) and (what in TABLE or what == "swish")):
        found = what if isinstance(what, Activation) else _known("silu" if what == "swish" else what, parameters)
        return _checked(found, declared) if declared else found
    if parameters:
        raise SpecError(f"{', '.join(parameters)} belongs to {', '.join(FAMILIES)}; write the number into the formula")
    return _checked(_derived(_expression(what)), declared)


def _known(name: str, parameters: Mapping[str, Any]) -> Activation:
    if not parameters:
        return TABLE[name]
    function, parameter = FAMILIES.get(name, (None, ""))
    wrong = [key for key in parameters if key != parameter]
    if function is None or wrong:
        takes = f"it takes {parameter}" if parameter else "it takes none"
        raise SpecError(f"{name} has no parameter {', '.join(wrong)}; {takes}")
    return function(parameters[parameter])


def _expression(what: Any) -> Any:
    """The formula as an expression in X."""
    if isinstance(what, str):
        if re.fullmatch(r"\s*[A-Za-z_]\w*\s*", what) and what.strip() not in ("x", "pi"):
            close = difflib.get_close_matches(what, TABLE, n=1)
            hint = f" did you mean {close[0]!r}?" if close else ""
            raise SpecError(f"unknown activation {what!r};{hint} known: {', '.join(TABLE)}, or pass a formula of x")
        names = [name for name in free_names(what, what="activation").variables if name not in ("x", "pi")]
        _refuse_others(names)
        return read(what, {"x": X, "pi": sp.pi}, functions=_READ, what="activation")
    if isinstance(what, sp.Lambda):
        if len(what.variables) != 1:
            raise SpecError(f"an activation is a function of one number, {what} takes {len(what.variables)}")
        _refuse_others(sorted(s.name for s in what.free_symbols), str(what.variables[0]))
        return what(X)
    if isinstance(what, sp.Expr) and not getattr(what, "is_Matrix", False):
        symbols = sorted(what.free_symbols, key=str)
        if len(symbols) > 1:
            x = next((s for s in symbols if s.name == "x"), symbols[0])
            _refuse_others([s.name for s in symbols if s != x], x.name)
        return what.xreplace({s: X for s in symbols})
    kind = type(what).__name__
    raise TypeError(
        f"an activation is a name, a formula of x, a SymPy expression or Lambda, or an Activation, got {kind}"
    )


def _refuse_others(names: list[str], x: str = "x") -> None:
    if names:
        raise SpecError(f"activation uses {', '.join(map(repr, names))}; only {x} is allowed")


def _smoothed(e: Any) -> Any:
    """Abs, Max and Min in rnnsym's own functions, whose slopes are undefined at a corner."""
    if e.has(sp.sign, sp.Heaviside, sp.floor, sp.ceiling):
        raise SpecError(f"{e} jumps; an activation must be continuous")
    e = e.replace(sp.Abs, absolute)
    e = e.replace(sp.Max, lambda first, *rest: _fold(first, rest, 1))
    return e.replace(sp.Min, lambda first, *rest: _fold(first, rest, -1))


def _written(e: Any) -> Any:
    """The formula in Abs, Max and Min."""
    return e.replace(lambda f: bool(getattr(f, "kinks", ())), lambda f: f.elementary())


def _fold(first: Any, rest: tuple[Any, ...], way: int) -> Any:
    for other in rest:
        first = other + way * own.relu(way * (first - other))
    return first


def _derived(written: Any) -> Activation:
    """The record of a formula with what can be proved about it."""
    if X not in written.free_symbols:
        raise SpecError(f"the activation {written} is constant; write a formula of x")
    phi = _smoothed(written)
    known = _recognized(phi) or _scaled(phi)
    if known is not None:
        return known
    name = str(written)
    pieces = segments(phi)
    if pieces is None:
        return _from_enclosures(Activation(name, sp.Lambda(X, phi), sp.Lambda(X, phi.diff(X)), None, None, None, None))
    values = bounds(pieces)
    slope, kinks = slope_of(pieces)
    whole = phi
    if len(pieces) > 1:
        lambdas = (sp.Lambda(_BOUND, _written(e).xreplace({X: _BOUND})) for e in (written, slope))
        whole = own.pointwise(X, *lambdas, sp.Tuple(*kinks))
    found = Activation(name, sp.Lambda(X, whole), sp.Lambda(X, slope), None, None, None, None)
    slopes = [replace(s, expression=s.expression.diff(X)) for s in pieces]
    steepness = bounds(slopes)
    if steepness is None or values is None:
        return _from_enclosures(found)
    low, high = steepness.inf, steepness.sup
    linear = all(not s.expression.free_symbols for s in slopes)
    straight = tuple((d.expression, s.expression.subs(X, 0), sp.Interval(s.low, s.high)) for d, s in zip(slopes, pieces, strict=True))  # fmt: skip
    lipschitz = sp.Max(abs(low), abs(high))
    monotone = bool(low >= 0)
    return replace(
        found, range=values, lipschitz=lipschitz, monotone=monotone, odd=is_odd(pieces), sector=_sector(pieces),
        slope_restricted=bool(monotone and lipschitz <= 1), pieces=straight if linear else (),
    )  # fmt: skip


def _scaled(phi: Any) -> Activation | None:
    """c f(k x + d) + e with f of the table and numbers c, k, d, e: the constants follow from those of f."""
    inner = [f for f in phi.atoms(sp.Function) if X in f.free_symbols]
    f = max(inner, key=sp.count_ops, default=None)
    base = next((t for t in TABLE.values() if f is not None and t.phi(X) == f.func(X, *f.args[1:])), None)
    if f is None or base is None or base.lipschitz is None or any(getattr(g, "kinks", ()) for g in inner):
        return None
    place = sp.Dummy()
    outer, u = phi.xreplace({f: place}), f.args[0]
    c, k = outer.diff(place), u.diff(X)
    e, d = outer.subs(place, 0), u.subs(X, 0)
    if any(v.free_symbols for v in (c, k, e, d)) or not all(v.is_real for v in (c, k, e, d)) or c * k == 0:
        return None
    assert base.range is not None, "every record of the table has a range"
    low, high = (c * v + e for v in (base.range.inf, base.range.sup))
    ends = (low, high, base.range.left_open, base.range.right_open)
    rising = base.monotone and bool(c * k > 0)
    lipschitz = abs(c * k) * base.lipschitz
    centered = bool(d == 0 and is_zero(e + c * base.phi(0)))
    steep = centered and base.odd and not base.slope_restricted or c * k > 1
    of_output, back = base.derivative_of_output, base.inverse
    return Activation(
        str(phi), sp.Lambda(X, phi), sp.Lambda(X, phi.diff(X)),
        None if of_output is None else of_output.func(of_output.variables[0], c * k * of_output((of_output.variables[0] - e) / c)),
        sp.Interval(*ends) if c > 0 else sp.Interval(high, low, ends[3], ends[2]), lipschitz,
        True if rising else False, (),
        None if back is None else back.func(back.variables[0], (back((back.variables[0] - e) / c) - d) / k),
        bool(base.odd and d == 0 and e == 0), True if centered and base.sector and not steep and c * k > 0 else None,
        bool(rising and lipschitz <= 1),
        None if base.lipschitz_derivative is None else abs(c) * k**2 * base.lipschitz_derivative,
    )  # fmt: skip


def _sector(pieces: list[Segment]) -> bool | None:
    ratio = bounds([replace(s, expression=sp.cancel(s.expression / X)) for s in pieces])
    origin = next(s for s in pieces if s.low <= 0 <= s.high)
    if origin.expression.subs(X, 0) != 0:
        return False
    return None if ratio is None else bool(ratio.inf >= 0 and ratio.sup <= 1)


def _recognized(phi: Any) -> Activation | None:
    """The activation of the table that the formula is, proved equal."""
    if isinstance(phi, own.leaky_relu | own.elu) and phi.args[0] == X:
        family, _ = FAMILIES[type(phi).__name__]
        return family(phi.args[1])
    for known in TABLE.values():
        if phi == known.phi(X):
            return known
    for known in TABLE.values():
        gap = phi - known.phi(X)
        if all(_is_small(gap, p) for p in _POINTS[::13]) and (
            is_zero(_elementary(gap)) is True or _same(phi, known.phi(X))
        ):
            return known
    return None


def _elementary(e: Any) -> Any:
    return e.replace(lambda f: hasattr(f, "elementary"), lambda f: f.elementary())


def _same(phi: Any, psi: Any) -> bool:
    """Whether two functions with corners have the same segments."""
    ours, theirs = segments(phi), segments(psi)
    if ours is None or theirs is None or [s.high for s in ours] != [s.high for s in theirs]:
        return False
    return all(is_zero(a.expression - b.expression) is True for a, b in zip(ours, theirs, strict=True))


def _is_small(gap: Any, point: Fraction) -> bool:
    value = _at(gap, point)
    return value is not None and bool(value.contains(0))


def _at(e: Any, point: Fraction) -> Any:
    """A real ball of the value at a point, or None."""
    with balls.precision(30):
        at = balls.ball(point)
        value = balls.scalar(e, lambda s: at if s == X else balls.NAN)
        return None if not hasattr(value, "lower") or balls.is_nan(value) else value


def _from_enclosures(found: Activation) -> Activation:
    """The flags that enclosures on the whole line prove or points refute."""
    phi, slope = found.phi(X), found.derivative(X)
    for p in (*_POINTS, Fraction(0)):
        if _at(phi, p) is None:
            raise SpecError(f"the activation {phi} has no real value at x = {p}; it must be defined on the whole line")
    cuts = found.kinks
    falling = any((v := _at(slope, p)) is not None and bool(v < 0) for p in _POINTS)
    steep = any((v := _at(slope, p)) is not None and bool(v > 1) for p in _POINTS)
    monotone = False if falling else True if proves(slope, X, lambda v: v[0] >= 0, cuts) else None
    gentle = False if steep or falling else None
    if gentle is None and monotone and proves(slope, X, lambda v: 0 <= v[0] and v[1] <= 1, cuts):
        gentle = True
    centered = is_zero(phi.subs(X, 0))
    sector = False if centered is False else True if gentle and centered else None
    return replace(found, monotone=monotone, odd=is_zero(phi.subs(X, -X) + phi), sector=sector, slope_restricted=gentle)


def _checked(found: Activation, declared: Mapping[str, Any]) -> Activation:
    """The record with declared constants, refused where derived ones or a point say otherwise."""
    unproved = []
    for key, value in declared.items():
        value = sp.sympify(value, strict=True) if key in ("lipschitz", "range") else bool(value)
        known = getattr(found, key)
        if known is not None:
            if key == "lipschitz" and known != value:
                differs = is_zero(known - value) is not True
            else:
                differs = known != value
            if differs:
                raise SpecError(f"{key}={value} was declared for {found.name}, but it is {known}")
            continue
        point = _refuted(found, key, value)
        if point is not None:
            raise SpecError(f"{key}={value} was declared for {found.name}, but it fails at x = {point}")
        if not (key == "lipschitz" and _is_bound(found, value) and _is_reached(found, value)):
            unproved.append(key)
        changes: dict[str, Any] = {key: value}
        found = replace(found, **changes)
    return replace(found, unproved=tuple(unproved))


def _is_bound(found: Activation, value: Any) -> bool:
    if not value.is_Rational:
        return False
    top = Fraction(int(value.p), int(value.q))
    return proves(found.derivative(X), X, lambda v: bool(-top <= v[0] and v[1] <= top), found.kinks)


def _is_reached(found: Activation, value: Any) -> bool:
    return any(is_zero(abs(found.derivative(X).subs(X, p)) - value) is True for p in (0, 1, -1))


def _refuted(found: Activation, key: str, value: Any) -> Any:
    """A point at which a declared constant is certainly wrong, or None."""
    phi, slope = found.phi(X), found.derivative(X)
    for p in _POINTS:
        y, d, mirrored = _at(phi, p), _at(slope, p), _at(phi, -p)
        if y is None or d is None or mirrored is None:
            continue
        if value is not False and _fails(key, value, balls.ball(p), y, d, mirrored):
            return sp.Rational(p.numerator, p.denominator)
    return None


def _fails(key: str, value: Any, x: Any, y: Any, slope: Any, mirrored: Any) -> bool:
    """Whether a declared constant is certainly wrong at x, where y = phi(x)."""
    with balls.precision(30):
        if key == "lipschitz":
            return bool(abs(slope) > balls.ball(value))
        if key == "range":
            return _outside(y, value)
        if key == "odd":
            return not (y + mirrored).contains(0)
        ratio = y / x if key == "sector" else slope
        return bool(ratio < 0 or (key != "monotone" and ratio > 1))


def _outside(y: Any, values: Any) -> bool:
    low, high = values.inf, values.sup
    below = low.is_finite and y < balls.ball(low)
    return bool(below or (high.is_finite and y > balls.ball(high)))
