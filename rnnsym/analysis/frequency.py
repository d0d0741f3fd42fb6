"""The response to sinusoids: H on the unit circle, its squared magnitude, phase, group delay, half-power and resonance.

All are trigonometric polynomials of the coefficients of numerator N and denominator D: with real coefficients
|N(e^{i w})|^2 = sum_ij n_i n_j cos((i - j) w). A stable network answers a sinusoid in this way after its transient.
May import: everything to the left of `analysis.frequency`.
"""

from __future__ import annotations

from typing import Any

import sympy as sp

from rnnsym import exact
from rnnsym.analysis.filters import (
    arguments,
    channel,
    discrete,
    fractions_in,
    nonzero,
    reals,
    single,
    stability,
    unused,
)
from rnnsym.defined import GroupDelay, HalfPowerFrequency, Phase, ResonanceFrequency, SquaredMagnitude, TransferFunction
from rnnsym.defined.polezero import coefficients
from rnnsym.exact import factored, is_zero, normal
from rnnsym.result import NoClosedForm, Result, RnnsymError, SpecError, Step
from rnnsym.systems import LinearSystem

OMEGA = sp.Symbol("omega", real=True)


def frequency_symbol(system: LinearSystem, omega: Any) -> Any:
    """The frequency in radians per step; a real number or symbol that is no parameter."""
    symbol = OMEGA if omega is None else sp.sympify(omega, strict=True)
    if isinstance(symbol, sp.Symbol) and any(s.name == symbol.name for s in system.free_symbols):
        raise SpecError(
            f"the parameter {symbol.name!r} of the system has the name of the frequency {symbol.name!r}; "
            "pass another symbol (omega=Symbol('nu', real=True)) or rename the parameter"
        )
    if symbol.is_real is False:
        raise SpecError(f"a frequency is real, got {symbol}")
    return symbol


def polynomials(system: LinearSystem) -> tuple[list[Any], list[Any]]:
    """The coefficients of the numerator and denominator of a single channel in lowest terms, highest first."""
    z = sp.Dummy("z")
    whole = fractions_in(system)
    above, below = channel(system, whole, 0, 0, z)
    return [coefficients(p, z) if z in p.free_symbols else [p] for p in (above, below)]  # type: ignore[return-value]


def cosines(a: list[Any], b: list[Any], omega: Any) -> Any:
    """Re a(e^{i w}) conj(b(e^{i w})) for real coefficients, highest first, as a polynomial in cos w."""
    parts = exact.in_cosine(a, b)
    if parts is not None and len(parts) > 1:
        return sp.Add(*(p * sp.cos(omega) ** (len(parts) - 1 - k) for k, p in enumerate(parts)))
    a, b = _aligned(a, b)
    weights: dict[int, Any] = {}
    for i, x in enumerate(a):
        for j, y in enumerate(b):
            weights[abs(i - j)] = weights.get(abs(i - j), sp.S.Zero) + x * y
    return _in_cosine(weights, sp.cos(omega))


def _in_cosine(weights: dict[int, Any], c: Any) -> Any:
    dummy = sp.Dummy("c")
    total = sp.Add(*(sp.expand(w) * sp.chebyshevt(n, dummy) for n, w in weights.items()))
    if dummy not in total.free_symbols:
        return normal(total)
    parts = coefficients(sp.expand(total), dummy)
    top = len(parts) - 1
    return sp.Add(*(sp.expand(p) * c ** (top - i) for i, p in enumerate(parts)))


def _sines(a: list[Any], b: list[Any], omega: Any) -> Any:
    """Im a(e^{i w}) conj(b(e^{i w})), as sin w times a polynomial in cos w."""
    a, b = _aligned(a, b)
    weights: dict[int, Any] = {}
    for i, x in enumerate(a):
        for j, y in enumerate(b):
            if i != j:  # powers fall with the index
                weights[abs(i - j)] = weights.get(abs(i - j), sp.S.Zero) + sp.sign(j - i) * x * y
    dummy = sp.Dummy("c")
    total = sp.Add(*(sp.expand(w) * sp.chebyshevu(n - 1, dummy) for n, w in weights.items()))
    parts = coefficients(sp.expand(total), dummy) if dummy in total.free_symbols else [sp.expand(total)]
    top = len(parts) - 1
    return sp.sin(omega) * sp.Add(*(p * sp.cos(omega) ** (top - i) for i, p in enumerate(parts)))


def _aligned(a: list[Any], b: list[Any]) -> tuple[list[Any], list[Any]]:
    size = max(len(a), len(b))
    return [sp.S.Zero] * (size - len(a)) + list(a), [sp.S.Zero] * (size - len(b)) + list(b)


def gain_parts(system: LinearSystem, omega: Any) -> tuple[Any, Any]:
    """(|N|^2, |D|^2) on the unit circle."""
    above, below = polynomials(system)
    return cosines(above, above, omega), cosines(below, below, omega)


def frequency_response(model: Any, omega: Any = None) -> Result:
    """The frequency response, H(e^{i omega}): the gain and phase of each channel for a sinusoid.

    Shapes: (p, m), complex. Its square, argument and delay: squared_magnitude, phase, group_delay.
    Units:  omega is in radians per step.
    Given:  e^{i omega} is no eigenvalue of A.

    >>> a = sp.Symbol("a", real=True)
    >>> frequency_response(LinearSystem([[a]], [[1]], readout="previous")).rhs
    Matrix([[1/(-a + exp(I*omega))]])
    """
    system = discrete(model, "a frequency response")
    w = frequency_symbol(system, omega)
    z = sp.Dummy("z")
    whole = fractions_in(system)
    point = sp.exp(sp.I * w)

    def entry(i: int, j: int) -> Any:
        above, below = channel(system, whole, i, j, z)
        return factored(above / below).subs(z, point)

    rhs = sp.ImmutableMatrix(system.p, system.m, entry)
    return Result(
        f"frequency response of the {system.name}", TransferFunction(*arguments(system), point), "=", rhs,
        sp.And(system.given, sp.Ne(whole.characteristic(z).subs(z, point), 0)) if system.n else system.given,
    )  # fmt: skip


def squared_magnitude(model: Any, omega: Any = None) -> Result:
    """The squared magnitude, |H(e^{i omega})|^2, a rational function of cos omega with real coefficients.

    Given:  e^{i omega} is no pole; the parameters are real.

    >>> a = sp.Symbol("a", real=True)
    >>> squared_magnitude(LinearSystem([[a]], [[1]])).rhs
    1/(a**2 - 2*a*cos(omega) + 1)
    """
    system = single(model, "a squared magnitude")
    w = frequency_symbol(system, omega)
    above, below = gain_parts(system, w)
    return Result(
        f"squared magnitude of the {system.name}", SquaredMagnitude(*arguments(system), w), "=", ratio(above, below),
        sp.And(system.given, regular(system, w), reals(system)),
        steps=(Step(above / below, "|N|^2 over |D|^2 on the unit circle"),),
    )  # fmt: skip


def ratio(above: Any, below: Any) -> Any:
    """The quotient in lowest terms, both sides multiplied out."""
    top, bottom = exact.fraction(above / below)
    is_turned = (
        top.is_negative if top.is_number else top.could_extract_minus_sign() and bottom.could_extract_minus_sign()
    )
    return -top / -bottom if is_turned else top / bottom


def regular(system: LinearSystem, w: Any) -> Any:
    """e^{i w} is no eigenvalue of A."""
    if not system.n:
        return sp.true
    parts = list(fractions_in(system).denominator)
    below = cosines(parts, parts, w)
    return nonzero(below) if below.free_symbols else sp.true if is_zero(below) is False else sp.false


def phase(model: Any, omega: Any = None) -> Result:
    """The phase, arg H(e^{i omega}) = atan2(Im N D*, Re N D*), between -pi and pi.

    Given:  H(e^{i omega}) is neither 0 nor infinite; the parameters are real.

    >>> a = sp.Symbol("a", real=True)
    >>> phase(LinearSystem([[a]], [[1]])).rhs
    atan2(-a*sin(omega), -a*cos(omega) + 1)
    """
    system = single(model, "a phase")
    w = frequency_symbol(system, omega)
    above, below = polynomials(system)
    rhs = sp.atan2(_sines(above, below, w), cosines(above, below, w))
    return Result(
        f"phase of the {system.name}", Phase(*arguments(system), w), "=", rhs,
        sp.And(system.given, regular(system, w), _no_zero(above, w), reals(system)),
    )  # fmt: skip


def _no_zero(above: list[Any], w: Any) -> Any:
    """The hypothesis that H(e^{i omega}) is not 0.

    Raises: RnnsymError if it is 0 for all parameters.
    """
    condition = nonzero(cosines(above, above, w))
    if condition == sp.false:
        raise RnnsymError(
            f"H is 0 at the frequency {w}, for all parameters: 0 has no phase and no delay; ask at another"
        )
    return condition


def group_delay(model: Any, omega: Any = None) -> Result:
    """The group delay, -d arg H / d omega = Re(z D'/D) - Re(z N'/N) at z = e^{i omega}, in steps.

    Given:  H(e^{i omega}) is neither 0 nor infinite; the parameters are real.

    >>> a = sp.Symbol("a", real=True)
    >>> group_delay(LinearSystem([[a]], [[1]])).rhs
    (-a**2 + a*cos(omega))/(a**2 - 2*a*cos(omega) + 1)
    """
    system = single(model, "a group delay")
    w = frequency_symbol(system, omega)
    above, below = polynomials(system)
    nonzero_there = _no_zero(above, w)

    def slope(parts: list[Any]) -> Any:
        top = len(parts) - 1
        moved = [c * (top - i) for i, c in enumerate(parts)]
        return cosines(moved, parts, w) / cosines(parts, parts, w)

    whole = slope(below) - slope(above)
    return Result(
        f"group delay of the {system.name}", GroupDelay(*arguments(system), w), "=", ratio(whole, sp.S.One),
        sp.And(system.given, regular(system, w), nonzero_there, reals(system)),
        steps=(Step(whole, "logarithmic derivative of N/D along the circle"),),
    )  # fmt: skip


def half_power_frequency(model: Any) -> Result:
    """The frequency omega_c at which |H|^2 is half of |H(1)|^2: for one pole p, cos omega_c = (4p - 1 - p^2)/(2p).

    Two poles: with c = cos omega, 2 |N|^2 |D(1)|^2 - |D|^2 |N(1)|^2 = a c^2 + b c + d, positive at c = 1, has its first root
    below 1 at cos omega_c = (-b + sqrt(b^2 - 4 a d))/(2 a).
    Given:  it exists: for one pole p >= 3 - 2 sqrt(2); else -1 <= cos omega_c < 1, for two poles a is not 0 and a - b + d <= 0,
            or b^2 >= 4 a d and |b| < 2 a; the system is stable and H(1) not 0.
    Raises: NoClosedForm if that polynomial is of another degree in cos omega; RnnsymError if unstable.

    >>> p = sp.Symbol("p", real=True)
    >>> half_power_frequency(LinearSystem([[p]], [[1]])).rhs
    acos((-p**2 + 4*p - 1)/(2*p))
    """
    system = single(model, "a half-power frequency")
    condition = stability(system, "there is no frequency response")
    c = sp.Dummy("c")
    w = sp.acos(c)
    above, below = gain_parts(system, w)
    at = [e.subs(c, 1) for e in (above, below)]
    gap = sp.expand(2 * above * at[1] - below * at[0])
    parts = coefficients(gap, c) if c in gap.free_symbols else [gap]
    if len(parts) not in (2, 3):
        raise NoClosedForm(
            f"the half-power frequency solves an equation of degree {len(parts) - 1} in cos omega; give numbers and "
            "search squared_magnitude for half of its value at 0 (hinf_norm has a proved enclosure of the largest gain)"
        )
    if len(parts) == 3:
        return _two_pole_half_power(system, condition, [factored(e) for e in parts], at[0])
    cosine = ratio(-parts[1], parts[0])
    is_pole = len(polynomials(system)[1]) == 2 and c not in above.free_symbols
    if is_pole:
        p = normal(-polynomials(system)[1][1])
        exists: Any = sp.Ge(p, 3 - 2 * sp.sqrt(2))
    else:
        exists = sp.And(sp.Ge(cosine, -1), sp.Lt(cosine, 1))
    if exists == sp.false:
        raise NoClosedForm(
            "|H|^2 never falls to half of its value at 0 (for one pole p it does iff p >= 3 - 2 sqrt(2))"
        )
    return Result(
        f"half-power frequency of the {system.name}", HalfPowerFrequency(*arguments(system)), "=", sp.acos(cosine),
        sp.And(system.given, condition, exists, nonzero(factored(at[0])) if at[0].free_symbols else sp.true, reals(system)),
    )  # fmt: skip


def _two_pole_half_power(system: LinearSystem, condition: Any, parts: list[Any], at_rest: Any) -> Result:
    """cos omega_c from a c^2 + b c + d, positive at c = 1: the root that is the first below 1 whatever the sign of a."""
    names = [unused(sp.Symbol(letter, real=True), *system.matrices) for letter in ("q_2", "q_1", "q_0")]
    known = [e if not e.free_symbols else name for e, name in zip(parts, names, strict=True)]
    a, b, d = known
    a_, b_, d_ = parts
    exists = sp.Or(sp.Le(a_ - b_ + d_, 0), sp.And(sp.Gt(a_, 0), sp.Ge(b_**2, 4 * a_ * d_), sp.Lt(sp.Abs(b_), 2 * a_)))
    if exists == sp.false:
        raise NoClosedForm("|H|^2 never falls to half of its value at 0: there is no half-power frequency")
    return Result(
        f"half-power frequency of the {system.name}", HalfPowerFrequency(*arguments(system)), "=",
        sp.acos((-b + sp.sqrt(b**2 - 4 * a * d)) / (2 * a)),
        sp.And(system.given, condition, nonzero(a_) if a_.free_symbols else sp.true, exists, nonzero(factored(at_rest)) if at_rest.free_symbols else sp.true, reals(system)),
        tuple((name, e) for name, e in zip(names, parts, strict=True) if e.free_symbols),
    )  # fmt: skip


def resonance(model: Any) -> Result:
    """The frequency of the largest gain inside (0, pi); for H = b/(z^2 - t z + d), cos omega_r = t (1 + d)/(4 d).

    With poles r e^{+-i theta} that is (1 + r^2)/(2r) cos theta. A one-pole system has none.
    Given:  |cos omega_r| < 1 and d > 0 (a maximum); the system is stable.
    Raises: NoClosedForm for other numerators or orders.

    >>> t, d = sp.symbols("t d", real=True)
    >>> resonance(LinearSystem([[0, 1], [-d, t]], [0, 1], [[1, 0]])).rhs
    acos(t*(d + 1)/(4*d))
    """
    system = single(model, "a resonance")
    condition = stability(system, "there is no frequency response")
    above, below = polynomials(system)
    if len(below) == 2:
        raise NoClosedForm("|H| of one pole is monotone in cos omega: it has no resonance; a complex pair needs n >= 2")
    if len(below) != 3 or sum(c != 0 for c in above) != 1:
        raise NoClosedForm(
            "the resonance has a closed form for two poles and a numerator b z^j; give numbers, and see hinf_norm for the peak"
        )
    _, minus_t, d = below
    if is_zero(d):
        raise NoClosedForm(
            "|H| has its largest value at 0 or pi: a pole at 0 leaves no pair, and there is no resonance"
        )
    cosine = factored(-minus_t * (1 + d) / (4 * d))
    gain = next(c for c in above if c != 0)
    given = sp.And(sp.Lt(sp.Abs(cosine), 1), sp.Gt(d, 0), nonzero(gain))
    if given == sp.false:
        raise NoClosedForm(
            "|H| has its largest value at 0 or pi: there is no resonance between (d > 0, |t (1 + d)| < 4 d)"
        )
    return Result(
        f"resonance of the {system.name}", ResonanceFrequency(*arguments(system)), "=", sp.acos(cosine),
        sp.And(system.given, condition, given, reals(system)),
    )  # fmt: skip
