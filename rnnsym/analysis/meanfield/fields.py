"""The mean field of a random network a_t = W phi(a_(t-1)) + b + input: variance, susceptibility, exponent, lengths, edge.

W has independent normal entries of variance sigma_w^2/N, N -> infinity; b has variance sigma_b^2, the input sigma_u^2 in
every step. With symbols the averages that have no closed form stay unevaluated and q is tied to its equation by a
hypothesis; with numbers everything is enclosed with proof. May import: everything to the left of `analysis.meanfield`.
"""

from __future__ import annotations

from typing import Any

import sympy as sp
from sympy.core.symbol import Str

from rnnsym.activations.record import X
from rnnsym.analysis.meanfield.enclosures import critical_ball, derivative_ball, enclosed, stationary_ball
from rnnsym.analysis.meanfield.words import (
    CHEN,
    GAIN,
    MOLGEDEY,
    POOLE,
    SCHOENHOLZ,
    SIGMA_B,
    SIGMA_W,
    VARIANCE,
    Z,
    activation_of,
    body_of,
    closed_moment,
    deviation,
    erf_steepness,
    leak,
    moment,
    no_moment,
    slope_of,
)
from rnnsym.defined.edges import CriticalNoise, CriticalStrength, CriticalVariance, IsStationary, StationaryVariance
from rnnsym.defined.ensembles import (
    CorrelationSlope,
    DecayLength,
    GaussianMean,
    ReplicaExponent,
    VarianceSlope,
    has_corners,
    power_of,
    scaled,
    slope_power,
)
from rnnsym.defined.randomness import IidWeights
from rnnsym.exact import balls
from rnnsym.result import NoClosedForm, Result, SpecError, Step

QUESTIONS = ("map", "variance", "susceptibility", "exponent", "correlation length", "variance length")


def mean_field(
    phi: Any = "tanh", *, sigma_w: Any = None, sigma_b: Any = None, sigma_u: Any = 0, what: str = "exponent"
) -> Result:
    """lambda_max = ln(chi)/2, chi = sigma_w^2 E phi'(sqrt(q) z)^2, q = sigma_w^2 E phi(sqrt(q) z)^2 + sigma_b^2 + sigma_u^2.

    what:   "map": the variance map in closed form; "variance": its largest fixed point q*; "susceptibility": chi, the slope
            of the correlation map at c = 1; "exponent": the largest Lyapunov exponent; "correlation length": -1/ln chi;
            "variance length": -1/ln(sigma_w^2 E(phi'^2 + phi phi'')).
    sigma_w, sigma_b, sigma_u: symbols where left out (sigma_u: 0). All numbers: the answer is |quantity - m| <= radius
            with the decimal m in `where`, proved; otherwise a formula in q with the equation of q among the hypotheses.
    Given:  independent normal weights, N -> infinity (self-averaging), and q stationary.
    Raises: NoClosedForm for "map" or "variance" of symbols where there is no closed form, or where q has no bound.
    Source: poole2016, schoenholz2017, molgedey1992, chen2018.

    >>> mean_field("erf_scaled").rhs
    log(sigma_w**2/sqrt(pi*q + 1))/2
    """
    if what not in QUESTIONS:
        raise SpecError(f"unknown question {what!r}; known: {', '.join(QUESTIONS)}")
    record = activation_of(phi)
    strength = deviation(sigma_w, "sigma_w", SIGMA_W)
    others = deviation(sigma_b, "sigma_b", SIGMA_B) ** 2 + deviation(sigma_u, "sigma_u", sp.S.Zero) ** 2
    if what == "map":
        return _variance_map(record, strength, others)
    numbers = strength.is_number and others.is_number
    if numbers and leak(record) is None:
        return _numeric(record, strength, others, what)
    if what == "variance":
        return _closed_variance(record, strength, others)
    return _symbolic(record, strength, others, what)


def _variance_map(record: Any, strength: Any, others: Any) -> Result:
    q = VARIANCE
    square = closed_moment(record, "square", q)
    if square is None:
        raise no_moment(record, "ask mean_field(..., what='variance') with numbers for sigma_w and sigma_b")
    lhs = strength**2 * body_of(record, "square", q) + others
    given = sp.And(sp.Gt(q, 0), IidWeights(strength))
    return Result(f"variance map of {record.name}", lhs, "=", strength**2 * square + others, given, source=(POOLE,))


def _closed_variance(record: Any, strength: Any, others: Any) -> Result:
    a = leak(record)
    if a is None:
        raise NoClosedForm(
            f"the stationary variance of {record.name} solves a transcendental equation; give numbers for sigma_w, sigma_b and "
            "sigma_u, or keep q: what='exponent', critical_line"
        )
    rate = strength**2 * (1 + a**2) / 2
    condition = sp.Lt(rate, 1)
    if condition == sp.false:
        raise NoClosedForm(
            f"sigma_w = {strength}: the variance of {record.name} grows without bound for sigma_w^2 (1 + a^2)/2 >= 1"
        )
    node = StationaryVariance(record.phi, strength, others)
    given = sp.And(condition, IidWeights(strength))
    return Result(f"stationary variance of {record.name}", node, "=", others / (1 - rate), given, source=(POOLE,))


def _symbolic(record: Any, strength: Any, others: Any, what: str) -> Result:
    q = VARIANCE
    name = f"{what} of the mean field of {record.name}"
    chi = strength**2 * moment(record, "slope square", q)
    given = sp.And(IsStationary(q, record.phi, strength, others), IidWeights(strength))
    plain = strength**2 * body_of(record, "slope square", q)
    if what == "susceptibility":
        steps = () if chi == plain else (Step(plain, "the mean square slope"),)
        return Result(name, CorrelationSlope(record.phi, q, strength), "=", chi, given, steps=steps, source=(POOLE,))
    if what == "exponent":
        steps = () if chi == plain else (Step(sp.log(plain) / 2, "near states part by the mean square slope"),)
        return Result(name, ReplicaExponent(record.phi, q, strength), "=", sp.log(chi) / 2, sp.And(given, sp.Gt(chi, 0)),
                      steps=steps, source=(MOLGEDEY, CHEN))  # fmt: skip
    if what == "correlation length":
        node = DecayLength(CorrelationSlope(record.phi, q, strength), Str("c"))
        given = sp.And(given, sp.Gt(chi, 0), sp.Lt(chi, 1))
        return Result(name, node, "=", -1 / sp.log(chi), given, source=(SCHOENHOLZ,))
    rate = strength**2 * _power_slope(record, q)
    node = DecayLength(VarianceSlope(record.phi, q, strength), Str("q"))
    given = sp.And(given, sp.Gt(rate, 0), sp.Lt(rate, 1))
    return Result(name, node, "=", -1 / sp.log(rate), given, source=(SCHOENHOLZ,))


def _power_slope(record: Any, q: Any) -> Any:
    """dE phi(sqrt(q) z)^2/dq, closed where E phi^2 is."""
    square = closed_moment(record, "square", q)
    if square is not None:
        return sp.diff(square, q)
    slope = slope_of(record)
    if has_corners(record.phi) or record.name == "softsign":  # phi'' has a point mass there: by Stein's identity once
        return GaussianMean.of(Z * scaled(record.phi, q) * scaled(slope, q)) / sp.sqrt(q)
    bend = sp.Lambda(X, slope(X).diff(X))
    return GaussianMean.of(scaled(slope, q) ** 2) + GaussianMean.of(scaled(record.phi, q) * scaled(bend, q))


def _numeric(record: Any, strength: Any, others: Any, what: str) -> Result:
    ball = stationary_ball(record, strength, others)
    given = IidWeights(strength)
    star = StationaryVariance(record.phi, strength, others)
    name = f"{what} of the mean field of {record.name}"
    if what == "variance":
        return enclosed(name, star, ball, given, (POOLE,))
    with balls.precision(40):
        s = balls.ball(strength)
        if what == "variance length":
            rate = s * s * derivative_ball(record, ball)
            node: Any = DecayLength(VarianceSlope(record.phi, star, strength), Str("q"))
        else:
            rate = s * s * slope_power(record.phi, ball, 32)
            node = CorrelationSlope(record.phi, star, strength)
        if what == "susceptibility":
            return enclosed(name, node, rate, given, (POOLE,))
        if what == "exponent":
            return enclosed(name, ReplicaExponent(record.phi, star, strength), rate.log() / 2, given, (MOLGEDEY, CHEN))
        if not (rate > 0 and rate < 1):
            raise NoClosedForm(
                f"there is no {what}: the perturbation is multiplied by {float(rate):.6g} in a step, not by less than 1"
            )
        node = node if what == "variance length" else DecayLength(node, Str("c"))
        return enclosed(name, node, -1 / rate.log(), given, (SCHOENHOLZ,))


# the edge of chaos


def critical_line(phi: Any = "erf_scaled") -> list[Result]:
    """sigma_w^2 = 1/E phi'(sqrt(q) z)^2, sigma_b^2 = q - E phi(sqrt(q) z)^2/E phi'(sqrt(q) z)^2: the edge of chaos, by its q.

    erf(sqrt(pi) x/2): sqrt(1 + pi q) and q - (2/pi) sqrt(1 + pi q) arcsin((pi q/2)/(1 + pi q/2)). ReLU: 2 and 0: a point.
    sigma_b^2 stands for the sum of the bias and input variances.
    Given:  q > 0, and for the second sigma_b^2 >= 0.
    Raises: NoClosedForm where the averages have no closed form.

    >>> critical_line("relu")[0].rhs
    2
    """
    record, q = activation_of(phi), VARIANCE
    square, slope = closed_moment(record, "square", q), closed_moment(record, "slope square", q)
    if square is None or slope is None:
        raise no_moment(record, "edge_of_chaos(phi, sigma_w=number) encloses the edge")
    noise = q - square / slope
    positive = sp.true if erf_steepness(record) is not None or leak(record) is not None else sp.Ge(noise, 0)
    if leak(record) is not None:
        noise = sp.S.Zero
    name = f"edge of chaos of {record.name}"
    return [
        Result(f"{name}: gain", CriticalStrength(record.phi, q), "=", 1 / slope, sp.And(sp.Gt(q, 0), IidWeights(SIGMA_W)),
               steps=(Step(1 / body_of(record, "slope square", q), "near states neither part nor meet"),), source=(POOLE,)),
        Result(f"{name}: noise", CriticalNoise(record.phi, q), "=", noise, sp.And(sp.Gt(q, 0), positive, IidWeights(SIGMA_W)),
               steps=(Step(q - body_of(record, "square", q) / body_of(record, "slope square", q), "q is stationary"),),
               source=(POOLE,)),
    ]  # fmt: skip


def edge_of_chaos(phi: Any = "erf_scaled", *, sigma_w: Any = None) -> Result:
    """sigma_c^2(g) = (g^4 - 1 - 4 g^2 arctan(g^2) + pi g^2)/pi: the bias and input variance that stops chaos at sigma_w = g.

    Of erf(sqrt(pi) x/2), whose slope at 0 is 1; of erf(x) the same in g^2 4/pi and sigma^2 4/pi. More variance than this
    makes lambda_max < 0. Other activations: for a number sigma_w, enclosed with proof as |sigma_c^2 - m| <= radius.
    ReLU, leaky ReLU: the point sigma_w^2 = 2/(1 + a^2), sigma_b = 0.
    Given:  g phi'(0) >= 1: below it there is no chaos at all.
    Raises: NoClosedForm for a symbol sigma_w of other activations, and for a gain below the edge.

    >>> edge_of_chaos().rhs
    (g**4 - 4*g**2*atan(g**2) + pi*g**2 - 1)/pi
    """
    record = activation_of(phi)
    gain = deviation(sigma_w, "sigma_w", GAIN)
    if leak(record) is not None:
        return critical_line(record)[0]
    steep = erf_steepness(record)
    name = f"edge of chaos of {record.name}"
    node = CriticalVariance(record.phi, gain)
    if steep is None:
        if not gain.is_number:
            raise no_moment(
                record, "give a number: edge_of_chaos(phi, sigma_w=3/2), or use critical_line where it is closed"
            )
        ball = critical_ball(record, gain)
        with balls.precision(40):
            g = balls.ball(gain)
            noise = ball - g * g * power_of(record.phi, ball, 32)
            if noise < 0:
                raise NoClosedForm(
                    f"at sigma_w = {gain} the edge of {record.name} would need a negative variance: it has none"
                )
        return enclosed(name, node, noise, IidWeights(gain), (MOLGEDEY,))
    scale = 4 * steep / sp.pi
    square = scale * gain**2
    rhs = (square**2 - 1 - 4 * square * sp.atan(square) + sp.pi * square) / (sp.pi * scale)
    condition = sp.Ge(square, 1)
    if condition == sp.false:
        raise NoClosedForm(f"sigma_w = {gain} is below the edge: there is no chaos to suppress")
    steps = (
        Step(((square**2 - 1) / sp.pi - 2 * square * sp.asin((square**2 - 1) / (square**2 + 1)) / sp.pi) / scale,
             "g^2 E phi'^2 = 1 gives q, and sigma^2 = q - g^2 E phi^2"),
    )  # fmt: skip
    return Result(name, node, "=", rhs, sp.And(condition, IidWeights(gain)), steps=steps, source=(MOLGEDEY, POOLE))


__all__ = ["QUESTIONS", "critical_line", "edge_of_chaos", "mean_field"]
