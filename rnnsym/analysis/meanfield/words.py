"""What the files of this room share: symbols, sources, the reading of arguments, the closed Gaussian moments.

May import: everything to the left of `analysis.meanfield`. A closed moment of an activation is a line of `_CLOSED`.
"""

from __future__ import annotations

from typing import Any

import sympy as sp

from rnnsym.activations import Activation, activation
from rnnsym.activations.constants import SELU_ALPHA, SELU_SCALE
from rnnsym.activations.record import X
from rnnsym.defined.ensembles import GaussianMean, Z, scaled
from rnnsym.result import NoClosedForm, Source, SpecError

SIGMA_W, SIGMA_B = sp.Symbol("sigma_w", positive=True), sp.Symbol("sigma_b", nonnegative=True)
VARIANCE = sp.Symbol("q", positive=True)
CORRELATION = sp.Symbol("c", real=True)
GAIN = sp.Symbol("g", positive=True)
STEPS = sp.Symbol("T", integer=True, nonnegative=True)

POOLE = Source("poole2016", "Poole, B. and Lahiri, S. and Raghu, M. and Sohl-Dickstein, J. and Ganguli, S.",
               "Exponential expressivity in deep neural networks through transient chaos", 2016, arxiv="1606.05340")  # fmt: skip
SCHOENHOLZ = Source("schoenholz2017", "Schoenholz, S. S. and Gilmer, J. and Ganguli, S. and Sohl-Dickstein, J.",
                    "Deep information propagation", 2017, arxiv="1611.01232")  # fmt: skip
MOLGEDEY = Source("molgedey1992", "Molgedey, L. and Schuchhardt, J. and Schuster, H. G.",
                  "Suppressing chaos in neural networks by noise", 1992, doi="10.1103/PhysRevLett.69.3717")  # fmt: skip
CHEN = Source("chen2018", "Chen, M. and Pennington, J. and Schoenholz, S. S.",
              "Dynamical isometry and a mean field theory of RNNs: gating enables signal propagation in recurrent neural networks",
              2018, arxiv="1806.05394")  # fmt: skip
WILLIAMS = Source("williams1997", "Williams, C. K. I.", "Computing with infinite networks", 1997)
CHO = Source("cho2009", "Cho, Y. and Saul, L. K.", "Kernel methods for deep learning", 2009)


def activation_of(phi: Any) -> Activation:
    """The activation, with numbers only in it."""
    found = activation(phi)
    if found.phi.free_symbols:
        raise SpecError(
            f"the mean field of {found.name} needs numbers for {', '.join(map(str, found.phi.free_symbols))}"
        )
    return found


def deviation(value: Any, name: str, default: Any) -> Any:
    """A standard deviation: a symbol, or an exact number >= 0."""
    if value is None:
        return default
    if isinstance(value, bool | str):
        raise TypeError(f"{name} is a number or a SymPy expression, got {value!r}")
    found = sp.nsimplify(value, rational=True) if isinstance(value, float) else sp.sympify(value, strict=True)
    if found.is_real is False or found.is_negative or found.is_finite is False or found is sp.nan:
        raise SpecError(f"{name} is a standard deviation, got {value}; give a number >= 0")
    return found


def slope_of(phi: Activation) -> sp.Lambda:
    return sp.Lambda(X, phi.phi(X).diff(X))


# closed Gaussian moments: of x normal with variance q


def erf_steepness(phi: Activation) -> Any:
    """alpha^2 of erf(alpha x), or None."""
    return {"erf": sp.S.One, "erf_scaled": sp.pi / 4}.get(phi.name)


def leak(phi: Activation) -> Any:
    """a of x for x > 0 and a x for x < 0, or None; ReLU has 0, the identity 1."""
    if phi.name == "identity":
        return sp.S.One
    if phi.name in ("relu", "leaky_relu") and len(phi.pieces) == 2:
        return phi.pieces[0][0]
    return None


def _normal_below(x: Any) -> Any:
    """Phi(-x)."""
    return sp.erfc(x / sp.sqrt(2)) / 2


def _elu(q: Any, alpha: Any, scale: Any, what: str) -> Any:
    """From E exp(k x) over x < 0 = exp(k^2 q/2) Phi(-k sqrt(q))."""

    def below(k: int) -> Any:
        return sp.exp(k**2 * q / 2) * _normal_below(k * sp.sqrt(q))

    if what == "square":
        return scale**2 * (q / 2 + alpha**2 * (below(2) - 2 * below(1) + sp.S.Half))
    k = {"slope": 1, "slope square": 2, "slope fourth": 4}[what]
    return scale**k * (sp.S.Half + alpha**k * below(k))


def _clipped_square(q: Any) -> Any:
    """E of hard tanh squared."""
    inside = sp.erf(1 / sp.sqrt(2 * q))
    return q * inside - sp.sqrt(2 * q / sp.pi) * sp.exp(-1 / (2 * q)) + 1 - inside


def _gelu(q: Any, what: str) -> Any:
    angle, root = sp.asin(q / (1 + q)), sp.sqrt(1 + 2 * q)
    if what == "square":
        return q / 4 + q * angle / (2 * sp.pi) + q**2 / (sp.pi * (1 + q) * root)
    return sp.Rational(1, 4) + angle / (2 * sp.pi) + q / (sp.pi * (1 + q) * root) + q / (2 * sp.pi * root**3)


def closed_moment(phi: Activation, what: str, q: Any) -> Any:
    """E phi^2 ("square"), E phi'^2 ("slope square"), E phi' ("slope") or E phi'^4 ("slope fourth") in closed form, or None."""
    power = 2 if what == "slope fourth" else 1
    steep, low = erf_steepness(phi), leak(phi)
    if steep is not None:
        if what == "square":
            return 2 * sp.asin(2 * steep * q / (1 + 2 * steep * q)) / sp.pi
        if what == "slope":
            return 2 * sp.sqrt(steep / sp.pi) / sp.sqrt(1 + 2 * steep * q)
        return (4 * steep / sp.pi) ** power / sp.sqrt(1 + 4 * power * steep * q)
    if low is not None:
        if what == "slope":
            return (1 + low) / 2
        return q * (1 + low**2) / 2 if what == "square" else (1 + low ** (2 * power)) / 2
    if phi.name == "hard_tanh":
        return _clipped_square(q) if what == "square" else sp.erf(1 / sp.sqrt(2 * q))
    if phi.name == "hard_sigmoid":
        inside = sp.erf(3 / sp.sqrt(2 * q))
        if what == "square":
            return (1 + _clipped_square(q / 9)) / 4
        return inside / 6 if what == "slope" else inside / 36**power
    if phi.name == "gelu":
        return sp.S.Half if what == "slope" else None if what == "slope fourth" else _gelu(q, what)
    if phi.name == "selu":
        return _elu(q, SELU_ALPHA, SELU_SCALE, what)
    if phi.name == "elu":
        return _elu(q, phi.lipschitz if phi.lipschitz != 1 else sp.S.One, sp.S.One, what) if phi.kinks == () else None
    return None


def body_of(phi: Activation, what: str, q: Any) -> Any:
    """The unevaluated average of the moment named."""
    of, power = {
        "square": (phi.phi, 2), "slope square": (slope_of(phi), 2), "slope": (slope_of(phi), 1), "slope fourth": (slope_of(phi), 4),
    }[what]  # fmt: skip
    return GaussianMean.of(scaled(of, q) ** power)


def moment(phi: Activation, what: str, q: Any) -> Any:
    """The moment in closed form where there is one, otherwise unevaluated."""
    found = closed_moment(phi, what, q)
    return body_of(phi, what, q) if found is None else found


def no_moment(phi: Activation, instead: str) -> NoClosedForm:
    return NoClosedForm(f"the Gaussian averages of {phi.name} have no closed form; {instead}")


__all__ = ["Z", "activation_of", "closed_moment", "deviation", "moment", "slope_of"]
