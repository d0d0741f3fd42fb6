"""Random matrices and large networks: the circular law, outliers, products, singular values of Jacobians, simulations.

A claim about N -> infinity is an implication, "independent normal weights => the observable tends to the limit"; its check is
a simulation with confidence bounds, which can refute it and never proves it: status asymptotic, verdict "not refuted".
May import: everything to the left of `analysis.meanfield`.
"""

from __future__ import annotations

from typing import Any

import sympy as sp
from sympy.core.symbol import Str

from rnnsym.analysis.meanfield.fields import mean_field
from rnnsym.analysis.meanfield.words import (
    CHEN,
    GAIN,
    MOLGEDEY,
    POOLE,
    SIGMA_W,
    STEPS,
    VARIANCE,
    activation_of,
    deviation,
    moment,
)
from rnnsym.cells.record import whole
from rnnsym.defined.randomness import (
    FreshWeights,
    IidWeights,
    MeanSquaredSingular,
    NetworkExponent,
    NetworkNorm,
    NetworkOutlier,
    NetworkRadius,
    NetworkVariance,
    ProductExponent,
    SingularSpread,
    Tends,
    digamma,
)
from rnnsym.result import Result, Source, SpecError

SIZE = 300
GINIBRE = Source("ginibre1965", "Ginibre, J.", "Statistical ensembles of complex, quaternion, and real matrices", 1965,
                 doi="10.1063/1.1704292")  # fmt: skip
RAJAN = Source("rajan2006", "Rajan, K. and Abbott, L. F.", "Eigenvalue spectra of random matrices for neural networks", 2006,
               doi="10.1103/PhysRevLett.97.188104")  # fmt: skip
TAO = Source("tao2013", "Tao, T.", "Outliers in the spectrum of iid matrices with bounded rank perturbations", 2013,
             arxiv="1012.4818")  # fmt: skip
NEWMAN = Source("newman1986", "Newman, C. M.", "The distribution of Lyapunov exponents: exact results for random matrices", 1986,
                doi="10.1007/BF01210956")  # fmt: skip
PENNINGTON = Source("pennington2017", "Pennington, J. and Schoenholz, S. S. and Ganguli, S.",
                    "Resurrecting the sigmoid in deep learning through dynamical isometry: theory and practice", 2017,
                    arxiv="1711.04735")  # fmt: skip


def circular_law(*, gain: Any = None, size: int = SIZE) -> list[Result]:
    """rho(W) -> g and ||W|| -> 2 g for independent entries of variance g^2/N: two numbers a factor 2 apart.

    So ||W|| < 1, which certifies stability for 1-Lipschitz phi, needs g < 1/2, and the linear network is stable up to g = 1.
    size:   N of the simulated networks that check it.
    Source: ginibre1965, rajan2006.

    >>> [str(result.rhs) for result in circular_law()]
    ['rho(W) -> g as N grows', '||W|| -> 2*g as N grows']
    """
    N = whole(size, "size")
    g = deviation(gain, "gain", GAIN)
    weights = IidWeights(g)
    return [
        Result("spectral radius of a random matrix", weights, "=>", Tends(NetworkRadius(g, N), g), status="asymptotic", source=(GINIBRE, RAJAN)),
        Result("spectral norm of a random matrix", weights, "=>", Tends(NetworkNorm(g, N), 2 * g), status="asymptotic", source=(RAJAN,)),
    ]  # fmt: skip


def spectral_outlier(*, size: int = SIZE) -> Result:
    """W = g J + u v^T has an eigenvalue outside the disk |z| <= g that tends to v^T u, if |v^T u| > g; theta = v^T u.

    u and v fixed vectors with bounded norms, J with independent entries of variance 1/N. Source: tao2013.
    """
    theta, N = sp.Symbol("theta", real=True), whole(size, "size")
    given = sp.Gt(sp.Abs(theta), GAIN)
    return Result("outlier of a random matrix", IidWeights(GAIN), "=>", Tends(NetworkOutlier(GAIN, theta, N), theta), given,
                  status="asymptotic", source=(TAO,))  # fmt: skip


def large_network(
    phi: Any = "tanh", *, sigma_w: Any, sigma_b: Any = 0, sigma_u: Any = 0, what: str = "exponent", size: int = SIZE
) -> Result:
    """lambda_max(W) -> ln(chi)/2, or ||a_t||^2/N -> q*: what a network of N units does, as N grows; numbers only.

    what:   "exponent" or "variance". size: N of the simulated networks that check it.
    Raises: SpecError for symbols; what `mean_field` raises.
    Source: molgedey1992, poole2016.
    """
    record, N = activation_of(phi), whole(size, "size")
    parts = [deviation(v, n, sp.S.Zero) for v, n in ((sigma_w, "sigma_w"), (sigma_b, "sigma_b"), (sigma_u, "sigma_u"))]
    if not all(p.is_number for p in parts):
        raise SpecError(
            "a network is simulated for numbers; give sigma_w, sigma_b and sigma_u, or ask mean_field for the formula"
        )
    nodes = {"exponent": NetworkExponent, "variance": NetworkVariance}
    if what not in nodes:
        raise SpecError(f"unknown observable {what!r}; known: {', '.join(nodes)}")
    field = mean_field(record, sigma_w=parts[0], sigma_b=parts[1], sigma_u=parts[2], what=what)
    limit = field.where[0][1] if field.where else field.rhs
    return Result(f"{what} of a large network of {record.name}", IidWeights(parts[0]), "=>", Tends(nodes[what](record.phi, *parts, N), limit),
                  status="asymptotic", source=(MOLGEDEY, POOLE))  # fmt: skip


def product_exponents() -> Result:
    """lambda_i = ln sigma + (ln 2 + psi((N - i + 1)/2))/2: the Lyapunov exponents of a product of fresh normal matrices.

    Independent W_t in every step, entries of variance sigma^2; for one fixed W they are ln |lambda_i(W)| instead.
    Given:  1 <= i <= N. Source: newman1986.

    >>> product_exponents().rhs
    log(sigma) + digamma(N/2 - i/2 + 1/2)/2 + log(2)/2
    """
    N, i = sp.Symbol("N", integer=True, positive=True), sp.Symbol("i", integer=True, positive=True)
    sigma = sp.Symbol("sigma", positive=True)
    rhs = sp.log(sigma) + (sp.log(2) + digamma((N - i + 1) / sp.S(2))) / 2
    return Result("Lyapunov exponents of a product of random matrices", ProductExponent(N, i, sigma), "=", rhs, sp.Le(i, N), source=(NEWMAN,))  # fmt: skip


def dynamical_isometry(phi: Any = "erf_scaled", *, weights: str = "normal") -> list[Result]:
    """E s^2 = chi^T, and Var s^2/(E s^2)^2 = T m_2/m_1^2 (normal W) or T (m_2/m_1^2 - 1) (orthogonal W), m_k = E phi'^(2k).

    s are the singular values of the Jacobian over T steps. Each step has fresh weights and slopes that do not depend on them:
    an assumption for an RNN, whose weights are tied.
    Given:  q > 0, N -> infinity. Source: pennington2017, chen2018.

    >>> dynamical_isometry("relu", weights="orthogonal")[1].rhs
    T
    """
    if weights not in ("normal", "orthogonal"):
        raise SpecError(f"unknown weights {weights!r}; known: normal, orthogonal")
    record, q, T = activation_of(phi), VARIANCE, STEPS
    first, second = moment(record, "slope square", q), moment(record, "slope fourth", q)
    ratio = second / first**2
    given = sp.And(sp.Gt(q, 0), FreshWeights(SIGMA_W, Str(weights)))
    mean = Result(f"mean squared singular value over T steps of {record.name}", MeanSquaredSingular(record.phi, q, SIGMA_W, T), "=",
                  (SIGMA_W**2 * first) ** T, given, source=(PENNINGTON, CHEN))  # fmt: skip
    rhs = T * (ratio if weights == "normal" else ratio - 1)
    spread = Result(f"spread of the singular values over T steps of {record.name}, {weights} weights",
                    SingularSpread(record.phi, q, T, Str(weights)), "=", rhs, given, source=(PENNINGTON, CHEN))  # fmt: skip
    return [mean, spread]


__all__ = ["circular_law", "dynamical_isometry", "large_network", "product_exponents", "spectral_outlier"]
