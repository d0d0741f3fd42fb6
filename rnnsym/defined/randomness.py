"""Random networks of finite size, simulated, and what they tend to; products of random matrices, exactly.

A statement about N -> infinity is never proved by a simulation: `Tends` says whether the mean over several networks of
size N lies within five standard errors, and the finite-size error expected in theory, of the limit. Seeds are fixed.
May import: what `ensembles` may, and it.
"""

from __future__ import annotations

import functools
import math
from typing import Any

import flint
import numpy as np
import sympy as sp
from sympy.logic.boolalg import Boolean

from rnnsym.defined.ensembles import Q, _Number, average, near_growth
from rnnsym.defined.numbers import Numbers, Undefined
from rnnsym.defined.predicates import Predicate
from rnnsym.exact import balls

NETWORKS = 6  # runs of a simulated mean
DEVIATIONS = 5  # standard errors of a mean that are allowed


class IidWeights(Predicate):
    """Independent normal entries W_ij of mean 0 and variance sigma_w^2/N, N -> infinity. args: sigma_w."""

    @property
    def targets(self) -> tuple[Any, ...]:
        return ()

    def holds(self, numbers: Numbers) -> bool | None:
        return True

    def _latex(self, printer: Any) -> str:
        variance = printer._print(self.args[0] ** 2 / sp.Symbol("N", positive=True))
        return rf"W_{{ij}} \sim \mathcal{{N}}\left(0, {variance}\right) \text{{ independent}}"

    def _sympystr(self, printer: Any) -> str:
        return f"W_ij independent normal with variance {printer._print(self.args[0] ** 2)}/N"


class FreshWeights(IidWeights):
    """New weights in every step, with slopes that do not depend on them; N -> infinity. args: sigma_w, kind."""

    def _latex(self, printer: Any) -> str:
        kind = "orthogonal " if str(self.args[1]) == "orthogonal" else ""
        return rf"\text{{fresh {kind}weights of scale }} {printer._print(self.args[0])} \text{{ in every step}}"

    def _sympystr(self, printer: Any) -> str:
        return f"fresh {self.args[1]} weights of scale {self.args[0]} in every step"


class Observable(_Number):
    """What is seen in a random network of size N. args: parameters ..., N (the size that is simulated)."""

    @property
    def size(self) -> int:
        return int(self.args[-1])

    words = ""

    def _sympystr(self, printer: Any) -> str:
        return self.words

    def seen(self, numbers: Numbers) -> tuple[float, float, float]:
        """(mean over networks, its standard error, the finite-size error expected)."""
        raise NotImplementedError

    def numerical(self, numbers: Numbers) -> Any:
        return flint.arb(self.seen(numbers)[0])


class Tends(Predicate):
    """An observable of a network of size N tends to a number as N grows. args: observable, limit."""

    def __new__(cls, observable: Any, limit: Any) -> Any:
        return Boolean.__new__(cls, observable, sp.sympify(limit))

    @property
    def targets(self) -> tuple[Any, ...]:
        return ()

    def holds(self, numbers: Numbers) -> bool | None:
        mean, error, finite = self.args[0].seen(numbers)
        limit = numbers._value(self.args[1])
        if not limit.is_finite():
            return None
        return abs(mean - float(limit)) <= DEVIATIONS * error + finite

    def _latex(self, printer: Any) -> str:
        return rf"{printer._print(self.args[0])} \xrightarrow[N \to \infty]{{}} {printer._print(self.args[1])}"

    def _sympystr(self, printer: Any) -> str:
        return f"{printer._print(self.args[0])} -> {printer._print(self.args[1])} as N grows"


def _mean(values: Any) -> tuple[float, float]:
    table = np.asarray(values, dtype=float)
    return float(table.mean()), float(table.std(ddof=1) / math.sqrt(len(table)))


# matrices


@functools.lru_cache(maxsize=8)
def _matrices(size: int) -> tuple[Any, ...]:
    """(J with entries of variance 1/N, a unit vector) of each network."""
    found = []
    for seed in range(4 if size <= 600 else 3):
        random = np.random.default_rng([size, seed])
        u = random.normal(size=size)
        found.append((random.normal(size=(size, size)) / math.sqrt(size), u / np.linalg.norm(u)))
    return tuple(found)


@functools.lru_cache(maxsize=8)
def _radii(size: int) -> list[float]:
    return [float(np.abs(np.linalg.eigvals(J)).max()) for J, _ in _matrices(size)]


@functools.lru_cache(maxsize=8)
def _norms(size: int) -> list[float]:
    return [math.sqrt(float(np.linalg.eigvalsh(J @ J.T)[-1])) for J, _ in _matrices(size)]


class NetworkRadius(Observable):
    """rho(W), independent entries of variance g^2/N. args: g, N. Its excess is of order sqrt(ln N/N) (Rider and Sinclair 2014)."""

    sign = r"\rho(W)"
    words = "rho(W)"

    def seen(self, numbers: Numbers) -> tuple[float, float, float]:
        gain = float(numbers._value(self.args[0]))
        mean, error = _mean(_radii(self.size))
        return gain * mean, gain * error, gain * math.sqrt(math.log(self.size) / (4 * self.size))


class NetworkNorm(Observable):
    """||W||, independent entries of variance g^2/N. args: g, N. Its error is of order N^(-2/3) (Johnstone 2001)."""

    sign = r"\lVert W \rVert"
    words = "||W||"

    def seen(self, numbers: Numbers) -> tuple[float, float, float]:
        gain = float(numbers._value(self.args[0]))
        mean, error = _mean(_norms(self.size))
        return gain * mean, gain * error, gain * 2 * self.size ** (-2 / 3)


class NetworkOutlier(Observable):
    """The real eigenvalue outside the disk of W = g J + u v^T with v^T u = theta, |theta| > g. args: g, theta, N.

    By the power method, for u = v/theta a unit vector; its spread is of order N^(-1/2) (Tao 2013).
    """

    sign = r"\mu_{\mathrm{out}}(W)"
    words = "outlier of W"

    def seen(self, numbers: Numbers) -> tuple[float, float, float]:
        gain, theta = (float(numbers._value(e)) for e in self.args[:2])
        if not abs(theta) > gain >= 0:
            raise Undefined("no eigenvalue outside the disk")
        spread = gain / math.sqrt(self.size * (1 - (gain / theta) ** 2))
        if spread > (abs(theta) - gain) / 6:
            raise Undefined("at this size the eigenvalue is not told from the disk")
        found = []
        for J, u in _matrices(self.size):
            state, mu = u, theta
            for _ in range(400):  # the power method: the eigenvalue is the largest
                new = gain * (J @ state) + theta * (u @ state) * u
                before, mu = mu, float(state @ new)
                state = new / np.linalg.norm(new)
                if abs(mu - before) < 1e-9 * abs(mu):
                    break
            found.append(mu)
        mean, error = _mean(found)
        return mean, error, spread


# networks that run


@functools.lru_cache(maxsize=64)
def _array_function(phi: Any, slope: bool) -> Any:
    x = sp.Symbol("x", real=True)
    body = phi(x).diff(x) if slope else phi(x)
    while any(hasattr(f, "elementary") for f in body.atoms(sp.Function)):
        body = body.replace(lambda e: hasattr(e, "elementary"), lambda e: e.elementary())
    table = {"erf": np.vectorize(math.erf, otypes=[float]), "erfc": np.vectorize(math.erfc, otypes=[float])}
    function = sp.lambdify(x, body, modules=[table, "numpy"])
    return lambda v: np.broadcast_to(function(v), np.shape(v))


@functools.lru_cache(maxsize=64)
def _runs(phi: Any, strength: float, bias: float, drive: float, size: int, steps: int) -> tuple[Any, Any]:
    """The largest exponent and the variance of a = W phi(a) + b + input, of several networks over a run."""
    f, slope = _array_function(phi, False), _array_function(phi, True)
    exponents, variances = [], []
    for seed in range(NETWORKS if size <= 1000 else 3):
        random = np.random.default_rng([seed, size])
        W = random.normal(size=(size, size)) * (strength / math.sqrt(size))
        b = bias * random.normal(size=size)
        a, v = random.normal(size=size), random.normal(size=size)
        logs, power, skip = [], [], steps // 3
        for t in range(steps + skip):
            both = W @ np.stack([f(a), slope(a) * v], axis=1)
            a, v = both[:, 0] + b + drive * random.normal(size=size), both[:, 1]
            length = np.linalg.norm(v)
            v = v / length if length else v
            if t >= skip:
                logs.append(math.log(length) if length else -math.inf)
                power.append(a @ a / size)
        exponents.append(np.mean(logs))
        variances.append(np.mean(power))
    return np.array(exponents), np.array(variances)


class _Run(Observable):
    """args: phi, sigma_w, sigma_b, sigma_u, N."""

    steps = 300

    def _seen(self, numbers: Numbers) -> tuple[Any, Any]:
        parameters = [float(numbers._value(e)) for e in self.args[1:4]]
        return _runs(self.phi, *parameters, self.size, self.steps)


class NetworkExponent(_Run):
    """The largest Lyapunov exponent of a network, from a run. Its finite-size error is taken as 4/N."""

    sign = r"\lambda_{\max}(W)"
    words = "lambda_max(W)"

    def seen(self, numbers: Numbers) -> tuple[float, float, float]:
        return (*_mean(self._seen(numbers)[0]), 4 / self.size)


class NetworkVariance(_Run):
    """The mean square of the arguments of phi in a network, from a run. Its finite-size error is taken as 4/N of it."""

    sign = r"\tfrac{1}{N} \lVert a_t \rVert^2"
    words = "||a_t||^2/N"

    def seen(self, numbers: Numbers) -> tuple[float, float, float]:
        mean, error = _mean(self._seen(numbers)[1])
        return mean, error, 4 * mean / self.size


# products of independent matrices


class digamma(sp.Function):  # noqa: N801 (SymPy's own turns into polygamma(0, x))
    """psi(x), the derivative of ln Gamma(x)."""

    nargs = 1

    def doit(self, **hints: Any) -> Any:
        return sp.digamma(self.args[0].doit(**hints))

    def _eval_is_real(self) -> Any:
        return True if self.args[0].is_positive else None

    def _eval_evalf(self, prec: int) -> Any:
        return sp.digamma(self.args[0])._eval_evalf(prec)

    def _latex(self, printer: Any, exp: Any = None) -> str:
        text = r"\psi" if exp is None else rf"\psi^{{{exp}}}"
        return rf"{text}\left({printer._print(self.args[0])}\right)"


class ProductExponent(_Number):
    """The i-th Lyapunov exponent of a product of independent normal N x N matrices of variance sigma^2: E ln(sigma chi_k),
    k = N - i + 1: the length of a normal column after projection off i - 1 others. args: N, i, sigma.

    Numerical definition: the density of ln chi_k, integrated with proof; for k = 1 this is E ln|sigma z|.
    """

    sign = r"\lambda_i"

    def numerical(self, numbers: Numbers) -> Any:
        count, index = numbers.size(self.args[0]), numbers.size(self.args[1])
        strength = numbers._value(self.args[2])
        if not 1 <= index <= count:
            raise Undefined(f"there is no exponent {index} of {count}")
        if not strength > 0:
            return -balls.INFINITY
        return strength.log() + _log_chi(count - index + 1)

    def _latex(self, printer: Any, exp: Any = None) -> str:
        text = rf"\lambda_{{{printer._print(self.args[1])}}}"
        return text if exp is None else f"{text}^{{{exp}}}"


@functools.lru_cache(maxsize=128)
def _log_chi(k: int) -> Any:
    """E ln chi_k: the integral of t exp(k t - exp(2 t)/2) 2^(1 - k/2)/Gamma(k/2)."""
    with balls.precision(45):
        left, right = flint.arb(-110) / k, ((4 * k * (1 + flint.arb(k + 1).log()) + 300).log() / 2).upper()
        body = flint.acb.integral(lambda t, _: t * (k * t - (2 * t).exp() / 2).exp(), left, right)
        far = flint.arb(-left)
        tail = (-k * far).exp() * (
            far / k + flint.arb(1) / (k * k)
        )  # to the left; to the right the exponent falls at a rate > 1
        scale = flint.arb(2) ** (1 - flint.arb(k) / 2) / (flint.arb(k) / 2).gamma()
        beyond = right * (k * right - (2 * right).exp() / 2).exp()
        return scale * (body.real + flint.arb(0, (tail + beyond).upper()))


# singular values of Jacobians


def spread_of_product(moments: tuple[Any, Any], strength: Any, steps: int, kind: str, size: Any) -> tuple[Any, Any]:
    """(E tr M/N, E tr M^2/N) of M = J J^T, J a product of `steps` factors D W, D of moments E d^2, E d^4.

    Exact for every size N: with S = E tr M^2/N and P = E (tr M)^2/N^2, one more factor gives for W normal
    S' = s^4 (m2 (2 S/N + P) + (1 - 1/N) m1^2 S), P' = s^4 (m2 (2 S/N + P)/N + (1 - 1/N) m1^2 P), by Wick; for W = s O,
    O uniform on the orthogonal matrices, with V = N (2 S/N + P)/(N + 2) = E sum_i (O M O^T)_ii^2/N:
    S' = s^4 (m2 V + m1^2 (S - V)), P' = s^4 (m2 V/N + m1^2 (P - V/N)).
    """
    m1, m2 = moments
    fourth = strength**4
    mean, S, P = flint.arb(1), flint.arb(1), flint.arb(1)
    for _ in range(steps):
        mean = mean * strength**2 * m1
        wick = 2 * S / size + P
        if kind == "normal":
            rest = 1 - flint.arb(1) / size
            S, P = fourth * (m2 * wick + rest * m1 * m1 * S), fourth * (m2 * wick / size + rest * m1 * m1 * P)
        else:
            V = size * wick / (size + 2)
            S, P = fourth * (m2 * V + m1 * m1 * (S - V)), fourth * (m2 * V / size + m1 * m1 * (P - V / size))
    return mean, S


class SingularSpread(_Number):
    """The variance over the squared mean of the squared singular values of J = product of T factors D_t W_t.

    Fresh W_t and independent slopes; kind "normal" or "orthogonal"; N infinite. args: phi, q, T, kind.
    Numerical definition: the recursion over factors of `spread_of_product` at N = 10^30, with E phi'^2, E phi'^4 by quadrature.
    """

    is_nonnegative = True
    sign = r"\frac{\operatorname{Var} s^2}{(\mathbb{E} s^2)^2}"

    def numerical(self, numbers: Numbers) -> Any:
        q, steps = numbers._value(self.args[1]), numbers.size(self.args[2])
        if steps < 0:
            raise Undefined("no such number of steps")
        x = sp.Symbol("x", real=True)
        slope = self.phi(x).diff(x).xreplace({x: sp.sqrt(Q) * sp.Symbol("z", real=True)})
        moments = (average(slope**2, {Q: q}), average(slope**4, {Q: q}))
        if not moments[0] > 0:
            raise Undefined("no slope")
        mean, second = spread_of_product(moments, flint.arb(1), steps, str(self.args[3]), flint.arb(10) ** 30)
        return second / mean**2 - 1


class MeanSquaredSingular(_Number):
    """E of the squared singular values of the product of T factors D_t W_t: the mean square growth of a small step in T.

    args: phi, q, sigma_w, T. Numerical definition: T times the growth of the distance of two near states.
    """

    is_nonnegative = True
    sign = r"\mathbb{E}\, s^2"

    def numerical(self, numbers: Numbers) -> Any:
        q, strength = numbers._value(self.args[1]), numbers._value(self.args[2])
        steps = numbers.size(self.args[3])
        if steps < 0:
            raise Undefined("no such number of steps")
        growth, total = strength * strength * near_growth(self.phi, q), flint.arb(1)
        for _ in range(steps):
            total = total * growth
        return total


__all__ = [
    "FreshWeights", "IidWeights", "MeanSquaredSingular", "NetworkExponent", "NetworkNorm", "NetworkOutlier", "NetworkRadius",
    "NetworkVariance", "Observable", "ProductExponent", "SingularSpread", "Tends", "digamma", "spread_of_product",
]  # fmt: skip
