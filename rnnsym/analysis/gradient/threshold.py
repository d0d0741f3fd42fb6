"""Without bias or input, and with rho(W) = 0: the 2-cycle of the nilpotent tanh network, and its threshold, certified.

W = k (2, 1)^T (1, -2), so s = h_1 - 2 h_2 runs by itself: s' = tanh(2 k s) - 2 tanh(k s) = -2 q^3/(1 + q^2), q = tanh(k s),
by tanh(2 x) = 2 q/(1 + q^2). For k > 0 the map is odd and falling, so its 2-cycles are the s with s' = -s:
    k = kappa(q) = (1 + q^2) artanh(q)/(2 q^3),   0 < q < 1.
    kappa'(q) = -(3 + q^2)/(2 q^4) u(q),   u(q) = artanh(q) - q (1 + q^2)/((3 + q^2)(1 - q^2)),
    u'(q) = 2 (3 - 7 q^2 - 3 q^4 - q^6)/((1 - q^2)^2 (3 + q^2)^2).
u(0) = 0 and u -> -oo for q -> 1; u' has one sign change, from + to -; so u has one root q_c, and kappa falls before it and
rises after it. k_c = kappa(q_c) is the minimum: for 0 < k < k_c every trajectory tends to 0, at k_c a 2-cycle appears, for
k > k_c there are two, and the outer one (q > q_c) attracts. May import: everything to the left of `analysis.gradient`, and
`gradient.counterexamples`.
"""

from __future__ import annotations

from dataclasses import dataclass

import sympy as sp

from rnnsym.analysis.contraction import YILDIZ
from rnnsym.analysis.gradient.counterexamples import network, nilpotent_weights
from rnnsym.cells.record import whole
from rnnsym.defined import Jacobian, SpectralRadius, TwoCycleCount
from rnnsym.defined.extremes import Minimum, RootOf
from rnnsym.defined.numbers import Numbers
from rnnsym.defined.stability import StateAfter
from rnnsym.exact import balls
from rnnsym.result import Result, Step

k = sp.Symbol("k", positive=True)
q = sp.Symbol("q", positive=True)
s = sp.Symbol("s", real=True)
q_c, k_c = sp.symbols("q_c k_c", positive=True)

KAPPA = (1 + q**2) * sp.atanh(q) / (2 * q**3)
STATIONARY = (3 + q**2) * (1 - q**2) * sp.atanh(q) - q * (1 + q**2)  # (3 + q^2)(1 - q^2) u(q), without its poles
SLOPE_OF_U = 3 - 7 * q**2 - 3 * q**4 - q**6  # the numerator of u'
PLACE = RootOf(STATIONARY, q, sp.Rational(1, 2), sp.Rational(99, 100))
AT_PLACE = (1 + q_c**2) ** 2 / (2 * q_c**2 * (3 + q_c**2) * (1 - q_c**2))


def cycle_reduction() -> Result:
    """One step from any h: h_1 - 2 h_2 becomes -2 q^3/(1 + q^2), q = tanh(k (h_1 - 2 h_2)), without bias or input.

    It is F(s) = tanh(2 k s) - 2 tanh(k s) of s = h_1 - 2 h_2; the state itself is (tanh(2 k s), tanh(k s)).

    >>> cycle_reduction().rhs
    -2*q**3/(q**2 + 1)
    """
    h1, h2 = sp.symbols("h_1 h_2", real=True)
    after = _after(k, sp.ImmutableMatrix([h1, h2]))
    lhs = sp.MatMul(sp.ImmutableMatrix([[1, -2]]), after, evaluate=False)
    u = k * (h1 - 2 * h2)
    return Result("the line of the nilpotent network", lhs, "=", -2 * q**3 / (1 + q**2), where=((q, sp.tanh(u)),),
                  steps=(Step(sp.tanh(2 * u) - 2 * sp.tanh(u), "the weights are a column times a row"),))  # fmt: skip


def _after(gain: object, point: object) -> StateAfter:
    cell = network("tanh", nilpotent_weights(gain), sp.zeros(2, 1))
    return StateAfter.of(cell, [point], [(sp.ZeroMatrix(1, 1),)])


def _on_cycle() -> sp.ImmutableDenseMatrix:
    return sp.ImmutableMatrix([2 * q / (1 + q**2), q])


def nilpotent_cycle() -> Result:
    """The 2-cycle F(h) = -h at h = (2 q/(1 + q^2), q) for k = kappa(q) = (1 + q^2) artanh(q)/(2 q^3), 0 < q < 1.

    Without bias or input and with rho(W) = 0: a state that never fades, so no echo state property.
    Source: yildiz2012 (that rho(W) < 1 is not sufficient); the family derived here.
    """
    h = _on_cycle()
    return Result("2-cycle of the nilpotent network", _after(KAPPA, h), "=", -h, sp.Lt(q, 1), source=(YILDIZ,))


def cycle_threshold() -> Result:
    """k_c = min over 0 < q < 1 of kappa(q) = (1 + q_c^2)^2/(2 q_c^2 (3 + q_c^2)(1 - q_c^2)) = 1.75429720864583...

    q_c, the only root of (3 + q^2)(1 - q^2) artanh(q) = q (1 + q^2), is 0.82354262616979...; certified digits of both come
    from `certified_threshold`.

    >>> cycle_threshold().rhs
    (q_c**2 + 1)**2/(2*q_c**2*(1 - q_c**2)*(q_c**2 + 3))
    """
    steps = (Step(KAPPA.xreplace({q: q_c}), "the only stationary point of kappa"),)
    return Result("threshold of the 2-cycle", Minimum(KAPPA, q, 0, 1), "=", AT_PLACE, where=((q_c, PLACE),), steps=steps,
                  status="proved", source=(YILDIZ,))  # fmt: skip


def cycle_count() -> Result:
    """The number of 2-cycles of F(s) = tanh(2 k s) - 2 tanh(k s), k > 0: none for k < k_c, one at k_c, two for k > k_c.

    For k < k_c every trajectory of the zero-input network tends to 0: |F(s)| < |s| for all s other than 0.
    Given:  k <= 6, for the search that counts them: the inner cycle is too close to 0 beyond; the count holds for all k.
    """
    F = sp.tanh(2 * k * s) - 2 * sp.tanh(k * s)
    rhs = sp.Piecewise((0, sp.Lt(k, k_c)), (1, sp.Eq(k, k_c)), (2, True))
    return Result("number of 2-cycles of the nilpotent network", TwoCycleCount(F, s, -1, 1), "=", rhs, sp.Le(k, 6),
                  where=((q_c, PLACE), (k_c, AT_PLACE)))  # fmt: skip


def cycle_stability() -> list[Result]:
    """The multiplier of the 2-cycle: rho(J) = artanh(q) (1 - q^2)(3 + q^2)/(q (1 + q^2)) at h and at -h; < 1 exactly if q > q_c.

    J(h) = J(-h), so over two steps it is the square. At q_c it is 1: the two cycles are born in a fold.
    Given:  0 < q < 1, k = kappa(q).
    """
    cell = network("tanh", nilpotent_weights(KAPPA), sp.zeros(2, 1))
    tables = {**dict(cell.binding), cell.state[0]: _on_cycle(), cell.input[0]: sp.ImmutableMatrix([[0]])}
    binding = [(v, tables[v]) for v, _ in cell.binding if v not in cell.next]
    radius = SpectralRadius(Jacobian(cell.next, cell.state, cell.equations, binding))
    rhs = sp.atanh(q) * (1 - q**2) * (3 + q**2) / (q * (1 + q**2))
    return [
        Result("multiplier of the 2-cycle", radius, "=", rhs, sp.Lt(q, 1)),
        Result("stable 2-cycle", sp.Lt(radius, 1), "<=>", sp.Gt(q, q_c), sp.Lt(q, 1), where=((q_c, PLACE),)),
    ]


@dataclass(frozen=True)
class Threshold:
    """Rational ends between which the threshold k_c and its place q_c certainly lie."""

    k_low: sp.Rational
    k_high: sp.Rational
    q_low: sp.Rational
    q_high: sp.Rational

    def __str__(self) -> str:
        return f"k_c = {_common(self.k_low, self.k_high)}, q_c = {_common(self.q_low, self.q_high)}"


def _common(low: sp.Rational, high: sp.Rational) -> str:
    """The decimals that two numbers share."""
    places = 0
    while int(low * 10 ** (places + 1)) == int(high * 10 ** (places + 1)) and places < 1000:
        places += 1
    text = str(int(low * 10**places)).rjust(places + 1, "0")
    return f"{text[:-places]}.{text[-places:]}..." if places else text


def certified_threshold(digits: int = 30) -> Threshold:
    """Proved enclosures of k_c and q_c, narrower than 10^-digits: one root by exact root counting, then balls.

    The numerator of u' has one root in (0, 1), counted exactly (Sturm); u is positive before q_c and negative after it by
    balls at the ends of the enclosure; k_c is the value of an algebraic function on the enclosure of q_c.
    Raises: SpecError if digits is not a whole number >= 1.

    >>> print(certified_threshold(12))
    k_c = 1.7542972086458..., q_c = 0.8235426261697...
    """
    digits = whole(digits, "digits")
    numerator = sp.Poly(SLOPE_OF_U, q)
    assert numerator.count_roots(0, 1) == 1 and numerator.eval(0) > 0 > numerator.eval(1), "u' changes sign once"
    numbers = Numbers({}, digits + 20)
    place = numbers.value(PLACE)
    numbers.know(q_c, place)
    value = numbers.value(AT_PLACE)
    with balls.precision(digits + 20):
        (q_low, q_high), (k_low, k_high) = _ends(place), _ends(value)
    assert max(q_high - q_low, k_high - k_low) < sp.Rational(1, 10**digits), "the enclosure is as narrow as asked for"
    return Threshold(k_low, k_high, q_low, q_high)


def _ends(enclosure: object) -> tuple[sp.Rational, sp.Rational]:
    """The rational ends of a ball."""
    found = []
    for end in (enclosure.lower(), enclosure.upper()):  # type: ignore[attr-defined]
        mantissa, exponent = end.man_exp()
        found.append(sp.Rational(int(mantissa)) * sp.Integer(2) ** int(exponent))
    return found[0], found[1]
