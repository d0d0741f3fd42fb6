"""Proofs about the variance map V(q) = sigma_w^2 E phi(sqrt(q) z)^2 + sigma^2 for numbers: q* and what depends on it.

The largest fixed point lies in [low, high] if V - q is positive at low, negative at high, and negative from there on: up to
a bound by enclosures over cells (values, or a falling gap to the right of a negative one), beyond it because |phi| is
bounded by c_0 + c_+ x_+ + c_- x_-. May import: everything to the left of `analysis.meanfield`.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import flint
import sympy as sp

from rnnsym.activations import Activation
from rnnsym.activations.record import X
from rnnsym.defined.edges import critical_variance, next_variance, stationary
from rnnsym.defined.ensembles import Decimal, Q, Z, average, has_corners, slope_power
from rnnsym.exact import balls
from rnnsym.exact.quadrature import growth
from rnnsym.result import LimitReached, NoClosedForm, Result

DIGITS = 32
CELLS = 4000
# |phi(x)| <= c_0 + c_+ max(x, 0), where the Lipschitz constant alone says less: (c_0, c_+)
_ONE_SIDED = {
    "relu": ("0", "1"), "gelu": ("0.171", "1"), "silu": ("0.279", "1"), "mish": ("0.309", "1"), "softplus": ("0.694", "1"),
    "elu": ("1", "1"), "selu": ("1.7582", "1.0508"),
}  # fmt: skip
# phi'(x)^2 is even and falls with |x|: E phi'(sqrt(q) z)^2 falls with q
FALLING_SLOPE = {"tanh", "sigmoid", "erf", "erf_scaled", "softsign", "arctan", "algebraic", "hard_tanh", "hard_sigmoid"}


def _ball(e: Any) -> Any:
    return balls.ball(e)


@lru_cache(maxsize=256)
def stationary_ball(record: Activation, strength: Any, others: Any) -> Any:
    """A ball around the largest q = sigma_w^2 E phi(sqrt(q) z)^2 + others, with proof; exact numbers in.

    Raises: NoClosedForm if there is none, or its bound is not proved; LimitReached if the cells run out.
    """
    with balls.precision(DIGITS + 8):
        s, rest = _ball(strength), _ball(others)
        if others == 0 and record.phi(sp.S.Zero) == 0 and _shrinks(record, strength):
            return flint.arb(0)  # V(q) < q for every q > 0: |phi(x)| <= L |x|, somewhere strictly
        root = stationary(record.phi, s, rest, DIGITS)
        if not root.is_finite():
            raise NoClosedForm(
                f"the variance of {record.name} with sigma_w = {strength} grows without bound: no stationary state"
            )
        for width in (22, 16, 11):
            low, high = (root * (1 - flint.arb(10) ** -width)).mid(), (root * (1 + flint.arb(10) ** -width)).mid()
            if root > 0 and _gap(record, low, s, rest) > 0 and _gap(record, high, s, rest) < 0:
                _prove_negative(record, high, s, rest)
                return low.union(high)
    raise NoClosedForm(
        f"no certified stationary variance of {record.name} at sigma_w = {strength}: the map is too close to tangent, "
        "or the fixed point is 0"
    )


def _shrinks(record: Activation, strength: Any) -> bool:
    """Whether sigma_w |phi(x)| <= |x|, strictly somewhere."""
    return record.lipschitz is not None and bool(strength * record.lipschitz <= 1) and record.name != "identity"


def _gap(record: Activation, q: Any, s: Any, rest: Any, digits: int = DIGITS) -> Any:
    return next_variance(record.phi, q, s, rest, digits) - q


def _bound(record: Activation, s: Any, rest: Any) -> Any:
    """A q beyond which V(q) < q: sqrt(V) <= s (c_0 + sqrt(q) k) + ..., k^2 = (c_+^2 + c_-^2)/2."""
    if record.range is not None and record.range.inf.is_finite and record.range.sup.is_finite:
        top = max(abs(_ball(record.range.inf)), abs(_ball(record.range.sup)), key=float)
        return (s * s * top * top + rest + 1).upper()
    if record.name in _ONE_SIDED:
        c0, slope = map(flint.arb, _ONE_SIDED[record.name])
        slope = slope / flint.arb(2).sqrt()
    elif record.lipschitz is not None:
        c0, slope = abs(_ball(record.phi(sp.S.Zero))), _ball(record.lipschitz)
    else:
        bounds = growth(record.phi(X), X, balls.ball)
        if len(bounds) > 2:
            raise NoClosedForm(
                f"no linear bound of {record.name} is known; declare lipschitz= for a proof about its fixed points"
            )
        c0, slope = bounds[0], bounds[1] if len(bounds) > 1 else flint.arb(0)
    rate = s * slope
    if not rate < 1:
        raise NoClosedForm(
            f"sigma_w = {float(s):.4g} is too large for a proof that the variance of {record.name} stays bounded"
        )
    # (s c0 + rate r)^2 + rest < r^2 for r >= the larger root of (1 - rate^2) r^2 - 2 s c0 rate r - s^2 c0^2 - rest
    a, b = 1 - rate * rate, s * c0 * rate
    root = (b + (b * b + a * (s * s * c0 * c0 + rest)).sqrt()) / a
    return (root * root + 1).upper()


def _prove_negative(record: Activation, start: Any, s: Any, rest: Any) -> None:
    """That V(q) < q for every q >= start, given that it is so at start."""
    end = _bound(record, s, rest)
    body, here, ratio, count = _derivative_body(record), start, flint.arb("1.2"), 0
    while here < end:
        count += 1
        if count > CELLS or ratio < 1 + flint.arb(10) ** -10:
            raise LimitReached(
                f"{count} cells do not prove that the variance of {record.name} has no larger fixed point"
            )
        there = (here * ratio).upper()
        cell = here.union(there)
        with balls.precision(14):
            slope = s * s * average(body, {Q: cell}, 14) - 1
            falls = slope < 0
            below = falls or _gap(record, cell, s, rest, 14) < 0
        # at the left end the gap is negative by the cell before
        if below:
            here, ratio = there, min(ratio * flint.arb("1.3"), flint.arb(2), key=float)
        else:
            ratio = 1 + (ratio - 1) / 3


@lru_cache(maxsize=64)
def _derivative_body(record: Activation) -> Any:
    """z phi(x) phi'(x)/sqrt(q): its mean is dE phi^2/dq; phi'^2 + phi phi'' for smooth phi (Stein)."""
    x = sp.sqrt(Q) * Z
    slope = record.phi(X).diff(X)
    if has_corners(record.phi) or record.name in ("softsign", "elu"):
        return Z * record.phi(x) * slope.xreplace({X: x}) / sp.sqrt(Q)
    return (slope**2 + record.phi(X) * slope.diff(X)).xreplace({X: x})


def derivative_ball(record: Activation, q: Any) -> Any:
    """A ball around dE phi(sqrt(q) z)^2/dq."""
    return average(_derivative_body(record), {Q: q}, DIGITS)


@lru_cache(maxsize=256)
def critical_ball(record: Activation, gain: Any) -> Any:
    """A ball around the q with g^2 E phi'(sqrt(q) z)^2 = 1, unique because that average falls with q."""
    if record.name not in FALLING_SLOPE:
        raise NoClosedForm(f"it is not known that the mean square slope of {record.name} falls with the variance")
    with balls.precision(DIGITS + 8):
        g = _ball(gain)
        start = _ball(gain * record.phi(X).diff(X).subs(X, 0))
        if gain * record.phi(X).diff(X).subs(X, 0) == 1:
            return flint.arb(0)
        if not start > 1:
            raise NoClosedForm(
                f"sigma_w = {gain} times the slope {record.name}'(0) is below 1: no edge of chaos at this gain"
            )
        root = critical_variance(record.phi, g)
        for width in (22, 16, 11):
            low = (root * (1 - flint.arb(10) ** -width)).mid()
            high = (root * (1 + flint.arb(10) ** -width)).mid()
            signs = [g * g * slope_power(record.phi, q, DIGITS + 5) - 1 for q in (low, high)]
            if signs[0] > 0 and signs[1] < 0:
                return low.union(high)
    raise NoClosedForm(f"the edge of chaos of {record.name} at sigma_w = {gain} was not enclosed")


def enclosed(name: str, node: Any, ball: Any, given: Any = sp.true, source: Any = ()) -> Result:
    """|node - m| <= radius, with m the middle of a ball rounded to a decimal, in `where`."""
    if not ball.is_finite():
        raise NoClosedForm(f"{name}: the enclosure is unbounded")
    with balls.precision(60):
        radius = ball.rad()
        places = max(0, min(30, int(-float((radius + flint.arb(10) ** -40).log() / flint.arb(10).log())) - 1))
        whole = int((ball.mid() * flint.arb(10) ** places + flint.arb("0.5")).floor().unique_fmpz())
        for digit in (2, 5):
            error = Decimal(digit, places)
            if abs(ball - _ball(Decimal(whole, places).elementary())) <= _ball(error.elementary()):
                break
        else:
            raise NoClosedForm(f"{name}: the enclosure {ball} is too wide to be rounded")
    middle = sp.Symbol("m", real=True)
    return Result(name, sp.Abs(node - middle), "<=", error, given, where=((middle, Decimal(whole, places)),), status="proved",
                  source=source)  # fmt: skip


__all__ = ["critical_ball", "derivative_ball", "enclosed", "stationary_ball"]
