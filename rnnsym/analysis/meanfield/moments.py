"""Gaussian averages of activations in closed form: E phi^2, E phi'^2, E phi', and the kernels E phi(u) phi(v).

May import: everything to the left of `analysis.meanfield`.
"""

from __future__ import annotations

from typing import Any

import sympy as sp

from rnnsym.analysis.meanfield.words import (
    CHO,
    CORRELATION,
    VARIANCE,
    WILLIAMS,
    activation_of,
    body_of,
    closed_moment,
    erf_steepness,
    leak,
    no_moment,
    slope_of,
)
from rnnsym.defined.ensembles import GaussianPair
from rnnsym.result import Result, SpecError

MOMENTS = ("square", "slope square", "slope", "slope fourth")


def gaussian_moment(phi: Any = "erf_scaled", what: str = "square") -> Result:
    """E phi(x)^2, E phi'(x)^2, E phi'(x) or E phi'(x)^4 in closed form, x normal with mean 0 and variance q.

    erf(sqrt(pi) x/2): (2/pi) arcsin((pi q/2)/(1 + pi q/2)), (1 + pi q)^(-1/2), (1 + pi q/2)^(-1/2), (1 + 2 pi q)^(-1/2).
    ReLU: q/2, 1/2, 1/2, 1/2. Also erf, leaky ReLU, hard tanh, hard sigmoid, GELU, ELU and SELU.
    what:   "square", "slope square", "slope" or "slope fourth".
    Given:  q > 0.
    Raises: NoClosedForm for tanh and the others without one; SpecError for an unknown moment.
    Source: williams1997 (erf).

    >>> gaussian_moment("erf_scaled", "slope square").rhs
    1/sqrt(pi*q + 1)
    """
    if what not in MOMENTS:
        raise SpecError(f"unknown moment {what!r}; known: {', '.join(MOMENTS)}")
    record, q = activation_of(phi), VARIANCE
    rhs = closed_moment(record, what, q)
    if rhs is None:
        raise no_moment(record, "defined.ensembles.GaussianMean encloses them for numbers, by quadrature with proof")
    source = (WILLIAMS,) if erf_steepness(record) is not None else ()
    return Result(f"Gaussian {what} of {record.name}", body_of(record, what, q), "=", rhs, sp.Gt(q, 0), source=source)


def gaussian_kernel(phi: Any = "erf_scaled", *, slopes: bool = False) -> Result:
    """E phi(u) phi(v), (u, v) normal with variances q_1, q_2 and correlation c: the arcsine and the arc-cosine kernel.

    erf(sqrt(pi) x/2): (2/pi) arcsin((pi c sqrt(q_1 q_2)/2)/sqrt((1 + pi q_1/2)(1 + pi q_2/2))).
    ReLU: sqrt(q_1 q_2) (sqrt(1 - c^2) + c (pi - arccos c))/(2 pi); leaky ReLU is a mixture of it with c sqrt(q_1 q_2).
    slopes: E phi'(u) phi'(v) instead: 1/sqrt((1 + pi q_1/2)(1 + pi q_2/2) - (pi/2)^2 c^2 q_1 q_2); ReLU (pi - arccos c)/(2 pi).
    Given:  q_1, q_2 > 0 and |c| <= 1.
    Raises: NoClosedForm for other activations.
    Source: williams1997 (erf), cho2009 (ReLU).

    >>> gaussian_kernel("relu").subs({"c": 0}).rhs
    sqrt(q_1)*sqrt(q_2)/(2*pi)
    """
    record, c = activation_of(phi), CORRELATION
    q1, q2 = sp.symbols("q_1 q_2", positive=True)
    steep, low = erf_steepness(record), leak(record)
    root = sp.sqrt(q1) * sp.sqrt(q2)
    if steep is not None:
        first, second = 1 + 2 * steep * q1, 1 + 2 * steep * q2
        rhs = 2 * sp.asin(2 * steep * c * root / sp.sqrt(first * second)) / sp.pi
        if slopes:
            rhs = 4 * steep / sp.pi / sp.sqrt(first * second - (2 * steep * c) ** 2 * q1 * q2)
    elif low is not None:
        angle = sp.pi - sp.acos(c)
        # phi = a x + (1 - a) relu(x): a^2 c + a (1 - a) c + (1 - a)^2 times the kernel of ReLU
        rhs = root * (low * c + (1 - low) ** 2 * (sp.sqrt(1 - c**2) + c * angle) / (2 * sp.pi))
        if slopes:
            rhs = low + (1 - low) ** 2 * angle / (2 * sp.pi)
    else:
        raise no_moment(record, "defined.ensembles.GaussianPair gives the kernel for numbers")
    given = sp.And(sp.Gt(q1, 0), sp.Gt(q2, 0), sp.Ge(c, -1), sp.Le(c, 1))
    if slopes and low is not None:  # of a slope with a jump the average is taken off the jump
        given = sp.And(given, sp.Gt(c, -1), sp.Lt(c, 1))
    node = GaussianPair(slope_of(record) if slopes else record.phi, q1, q2, c)
    name = f"Gaussian kernel of {record.name}" + (", slopes" if slopes else "")
    return Result(name, node, "=", rhs, given, source=(WILLIAMS,) if steep is not None else (CHO,))


__all__ = ["MOMENTS", "gaussian_kernel", "gaussian_moment"]
