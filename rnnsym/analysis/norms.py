"""Norms of a transfer function: H2 (noise power), H-infinity (the largest gain), l1 (the largest output).

Closed forms where they exist: one pole, two poles without zeros, networks without negative weights. Otherwise, for
numbers, an enclosure that is proved: for H-infinity by bisection on g = gain^2, each step decided by counting, in exact
arithmetic, the real roots c = cos omega in [-1, 1] of g |D|^2 - |N|^2 (Boyd, Balakrishnan & Kabamba 1989, on the circle);
and a start at one frequency; for l1 by a partial sum and a bound of its tail. May import: everything to the left of `analysis.norms`.
"""

from __future__ import annotations

from typing import Any

import sympy as sp

from rnnsym import exact
from rnnsym.analysis.filters import arguments, discrete, fractions_in, gain_at, reals, stability, unused
from rnnsym.analysis.frequency import cosines, polynomials
from rnnsym.analysis.gramians import DIVERGES, transposes
from rnnsym.analysis.noise import output_energy
from rnnsym.defined import H2Norm, HInfinityNorm, L1Norm
from rnnsym.defined.polezero import coefficients, has_root_between
from rnnsym.defined.variances import absolute_sum
from rnnsym.exact import factored, normal
from rnnsym.result import NoClosedForm, Result, Source
from rnnsym.systems import LinearSystem

BOYD = Source("boyd1989", "Boyd, S. and Balakrishnan, V. and Kabamba, P.", "A bisection method for computing the H-infinity norm of a transfer matrix", 1989, doi="10.1007/BF02551385")  # fmt: skip
PRECISE = sp.Rational(1, 10**20)  # relative width of an enclosure
C = sp.Dummy("c")


def h2_norm(model: Any) -> Result:
    """The H2 norm, ||H||_2 = (tr(D D* + C P C*))^(1/2) in the readout "previous", with P = A P A* + B B*.

    Given:  every eigenvalue of A is inside the unit circle.
    Raises: RnnsymError for an unstable A.

    >>> p, alpha = sp.symbols("p alpha", real=True)
    >>> h2_norm(LinearSystem([[p]], [[alpha]])).rhs
    Abs(alpha)/sqrt(1 - p**2)
    """
    system = discrete(model, "a norm")
    condition = stability(system, DIVERGES)
    top, bottom = sp.fraction(output_energy(system))
    bottom = sp.expand(bottom) if system.n == 1 else bottom
    rhs = _root(top) / sp.sqrt(bottom)
    return Result(
        f"H2 norm of the {system.name}", H2Norm(*arguments(system)), "=", rhs, sp.And(system.given, condition, transposes(system)),
    )  # fmt: skip


def _root(square: Any) -> Any:
    """The root of a number >= 0, squares of reals taken out as absolute values."""
    outside, inside = sp.S.One, sp.S.One
    for f in sp.Mul.make_args(square):
        base, power = f.as_base_exp()
        if base.is_real and power.is_Integer and power % 2 == 0:
            outside *= sp.Abs(base) ** (power / 2)
        else:
            inside *= f
    return outside * sp.sqrt(inside)


def hinf_norm(model: Any) -> Result:
    """The H-infinity norm, the largest singular value of H(e^{i omega}).

    One pole: the larger of |H(1)| and |H(-1)|, |alpha|/(1 - |p|) for alpha/(1 - p z^-1). H = b z^j/(z^2 - t z + d): the
    value at the resonance if there is one. Two poles with zeros: with c = cos omega, |H|^2 = P(c)/Q(c) of degree 2, whose
    stationary points c_1, c_2, moved into [-1, 1], are in `where`: the largest of the values there and at 0 and pi. No negative number in A, B, C, D: the norm of H(1), for one channel. Otherwise, for
    numbers, a proved upper bound, with a lower bound in `where`, 10^-20 apart.
    Given:  every eigenvalue of A is inside the unit circle; the parameters are real.
    Raises: NoClosedForm for other symbolic systems; RnnsymError for an unstable A.

    >>> p, alpha = sp.symbols("p alpha", real=True)
    >>> hinf_norm(LinearSystem([[p]], [[alpha]])).rhs
    Abs(alpha)/(1 - Abs(p))
    """
    system = discrete(model, "a norm")
    condition = stability(system, "the gain is not that of a stable filter")
    given = sp.And(system.given, condition, reals(system))
    closed = _closed_peak(system)
    node, name = HInfinityNorm(*arguments(system)), f"H-infinity norm of the {system.name}"
    if closed is not None:
        return Result(name, node, "=", closed, given)
    if (system.m, system.p, system.n) == (1, 1, 2) and system.free_symbols:
        rhs, where = _two_pole_peak(system)
        return Result(name, node, "=", rhs, given, where)
    if any(not e.is_Rational for M in system.matrices for e in M):
        raise NoClosedForm(
            "the H-infinity norm has a closed form for one channel of one or two poles: beyond, the largest gain is a root "
            "of a polynomial of degree 4 and more in the parameters; give numbers for a proved enclosure (hinf_norm of "
            "rational matrices), or squared_magnitude for the function to maximize"
        )
    low, high = _peak_enclosure(system)
    return Result(
        f"{name} (between the bounds)", node, "<=", high, given, ((unused(sp.Symbol("lower"), *system.matrices), low),), status="proved", source=(BOYD,),
    )  # fmt: skip


def _closed_peak(system: LinearSystem) -> Any:
    """The largest gain in closed form, or None."""
    if all(c == 0 for row in fractions_in(system).numerator for entry in row for c in entry):
        return sp.S.Zero
    if system.m == system.p == 1:
        above, below = polynomials(system)
        filled = [c for c in above if c != 0]
        if not filled:
            return sp.S.Zero
        if len(below) == 1:
            return sp.Abs(above[0])
        if len(below) == 2:
            if len(filled) == 1:
                return sp.Abs(filled[0]) / (1 - sp.Abs(normal(-below[1])))
            return sp.Max(*(sp.Abs(factored(_at(above, z) / _at(below, z))) for z in (1, -1)))
        if len(below) == 3 and len(filled) == 1:
            t, d, b = normal(-below[1]), below[2], filled[0]
            ends = sp.Abs(b) / sp.Min(sp.Abs(1 - t + d), sp.Abs(1 + t + d))
            inside = sp.Abs(b) / ((1 - d) * sp.sqrt(1 - t**2 / (4 * d))) if d != 0 else ends
            test = sp.And(sp.Gt(d, 0), sp.Lt(sp.Abs(t * (1 + d)), 4 * d))
            return sp.Piecewise((inside, test), (ends, True))
        if not any(e.is_nonnegative is not True for M in system.matrices for e in M):
            return gain_at(system, sp.S.One)[0, 0]
    return None


def _two_pole_peak(system: LinearSystem) -> tuple[Any, Any]:
    """The largest value of |H| = sqrt(P/Q), P and Q of degree 2 in c = cos omega, as (rhs, where).

    |H|^2 is stationary where P' Q - P Q' = k c^2 + 2 j c + m is 0, at c = (-j +- sqrt(j^2 - k m))/k. Each c moved into [-1, 1] gives a value
    of |H|^2, and a peak inside is at one of them: the largest value needs no condition on where c was. A double root of
    the derivative is no peak.
    """
    above, below = polynomials(system)
    omega = sp.acos(C)
    P, Q = ([*[sp.S.Zero] * (3 - len(p)), *p] for p in (_in_c(cosines(e, e, omega)) for e in (above, below)))
    k, j, m = (factored(P[p] * Q[q] - P[q] * Q[p]) for p, q in ((0, 1), (0, 2), (1, 2)))
    spread = factored(j**2 - k * m)
    values, where = [_at(P, c) / _at(Q, c) for c in (1, -1)], []
    for number, sign in enumerate((1, -1), 1):
        c = unused(sp.Symbol(f"c_{number}", real=True), *system.matrices)
        rows = [] if k == 0 else [(_between((-j + sign * sp.sqrt(spread)) / k), sp.And(sp.Ne(k, 0), sp.Gt(spread, 0)))]
        if sign == 1 and j != 0:
            rows.append((_between(-m / (2 * j)), sp.And(sp.Eq(k, 0), sp.Ne(j, 0))))
        where.append((c, sp.Piecewise(*rows, (1, True))))
        values.append(_at(P, c) / _at(Q, c))
    return sp.sqrt(sp.Max(*map(factored, values))), tuple(where)


def _between(c: Any) -> Any:
    return sp.Max(-1, sp.Min(1, c))


def _at(parts: list[Any], z: Any) -> Any:
    top = len(parts) - 1
    return sp.Add(*(c * z ** (top - k) for k, c in enumerate(parts)))


def _peak_enclosure(system: LinearSystem) -> tuple[Any, Any]:
    """Rational numbers with low <= ||H||_inf <= high, PRECISE apart in relative terms.

    g is larger than every singular value squared if it is so at one frequency, z = 1, and is that of none at all: they
    are continuous in omega. That g is larger at z = 1 is the definiteness of g I - H(1)^T H(1).
    """
    g = sp.Dummy("g")
    test = [coefficients(c, g) if g in c.free_symbols else [c] for c in _margin(system, g)]
    gain = gain_at(system, sp.S.One)
    gram = gain.T * gain if system.m <= system.p else gain * gain.T
    low = max(gram[i, i] for i in range(gram.rows))
    trace = sum(gram[i, i] for i in range(gram.rows))

    def is_above(value: Any) -> bool:
        above_at_1 = value > trace or _is_definite(value * sp.eye(gram.rows) - gram)
        return above_at_1 and _is_none([_horner(c, value) for c in test])

    high = max(2 * trace, sp.S.One)
    while not is_above(high):
        low, high = high, 4 * high
    while high - low > 2 * PRECISE * high:
        middle = _short((low + high) / 2)
        if not low < middle < high:
            break
        low, high = (low, middle) if is_above(middle) else (middle, high)
    return _root_bound(low, False), _root_bound(high, True)


def _short(value: Any) -> Any:
    """A dyadic number near a positive one, so that fractions do not grow."""
    bits = 80 + int(value.q).bit_length() - int(value.p).bit_length()
    unit = sp.Integer(2) ** bits
    return sp.Integer(int(value * unit)) / unit


def _horner(parts: list[Any], value: Any) -> Any:
    result = parts[0]
    for c in parts[1:]:
        result = result * value + c
    return result


def _root_bound(value: Any, upper: bool) -> Any:
    digits = 10**40
    root = sp.integer_nthroot(int(value * digits**2), 2)[0]
    return sp.Rational(root + 1 if upper else root, digits)


def _margin(system: LinearSystem, g: Any) -> list[Any]:
    """The coefficients, in g, of a polynomial in c = cos omega that is 0 where g is the square of a singular value of H(e^{i omega}).

    det(g |D|^2 I - N* N) as a polynomial in z, divided by the power of z in its middle, is even in omega.
    """
    if system.m == system.p == 1:
        above, below = polynomials(system)
        omega = sp.acos(C)
        return _in_c(g * cosines(below, below, omega) - cosines(above, above, omega))
    whole = fractions_in(system)
    z, n = sp.Dummy("z"), len(whole.denominator) - 1
    numerators = sp.Matrix(
        system.p, system.m, lambda i, j: sp.Add(*(c * z ** (n - k) for k, c in enumerate(whole.numerator[i][j])))
    )
    turned = sp.Matrix(
        system.p, system.m, lambda i, j: sp.Add(*(c * z**k for k, c in enumerate(whole.numerator[i][j])))
    )
    below = sp.Add(*(c * z ** (n - k) for k, c in enumerate(whole.denominator)))
    back = sp.Add(*(c * z**k for k, c in enumerate(whole.denominator)))
    gram = turned.T * numerators if system.m <= system.p else numerators * turned.T
    table = sp.ImmutableMatrix(g * below * back * sp.eye(gram.rows) - gram).applyfunc(sp.expand)
    parts = coefficients(exact.determinant(table), z)[::-1]  # lowest first; the power n times the size is the middle
    middle = n * gram.rows
    return _in_c(parts[middle] + sum(2 * p * sp.chebyshevt(k - middle, C) for k, p in enumerate(parts) if k > middle))


def _in_c(polynomial: Any) -> list[Any]:
    polynomial = sp.expand(polynomial)
    return coefficients(polynomial, C) if C in polynomial.free_symbols else [polynomial]


def _is_definite(table: Any) -> bool:
    """Whether a symmetric matrix of rational numbers is positive definite (Sylvester: its leading minors are)."""
    return all(exact.determinant(sp.ImmutableMatrix(table[:k, :k])) > 0 for k in range(1, table.rows + 1))


def _is_none(values: list[Any]) -> bool:
    """Whether a polynomial in c, from `_margin`, is 0 at no frequency, -1 <= c <= 1."""
    while values and values[0] == 0:
        values = values[1:]
    return bool(values) and (len(values) == 1 or not has_root_between(values, -1, 1))


def l1_norm(model: Any) -> Result:
    """The l1 norm, max_i sum_j sum_k |h_k[i, j]|: the largest output for inputs between -1 and 1 (the BIBO gain).

    One state: |C B + D| + |C B| |p|/(1 - |p|) (readout "current"), |D| + |C B|/(1 - |p|) ("previous"). No negative number
    in A, B, C, D: that of H(1). Otherwise, for numbers, a proved upper bound, with a lower bound in `where`.
    Given:  every eigenvalue of A is inside the unit circle.
    Raises: NoClosedForm for other symbolic systems; RnnsymError for an unstable A.

    >>> p, alpha = sp.symbols("p alpha", real=True)
    >>> l1_norm(LinearSystem([[p]], [[alpha]])).rhs
    Abs(alpha)/(1 - Abs(p))
    """
    system = discrete(model, "a norm")
    condition = stability(system, DIVERGES)
    given = sp.And(system.given, condition)
    A, B, C, D = system.matrices
    node, name = L1Norm(*arguments(system)), f"l1 norm of the {system.name}"
    if system.n <= 1:
        first = system.with_readout("previous").D
        later = (C * B).applyfunc(sp.Abs) if system.n else sp.zeros(*D.shape)
        if system.n:
            factor = (sp.Abs(A[0, 0]) if system.readout == "current" else sp.S.One) / (1 - sp.Abs(A[0, 0]))
            later = later * factor
        total = sp.Matrix(first).applyfunc(lambda e: sp.Abs(normal(e))) + later
        if system.n and system.readout == "current" and all(e == 0 for e in D):
            total = (C * B).applyfunc(lambda e: sp.Abs(e) / (1 - sp.Abs(A[0, 0])))
        return Result(name, node, "=", _largest_row(total), given)
    if all(e.is_nonnegative for M in system.matrices for e in M):
        return Result(name, node, "=", _largest_row(gain_at(system, sp.S.One)), given)
    if any(not e.is_Rational for M in system.matrices for e in M):
        raise NoClosedForm(
            "the l1 norm has a closed form for one state and for systems without negative entries; give numbers for a proved enclosure"
        )
    low, high = _sum_enclosure(system)
    return Result(
        f"{name} (between the bounds)", node, "<=", high, given, ((unused(sp.Symbol("lower"), *system.matrices), low),), status="proved",
    )  # fmt: skip


def _largest_row(table: Any) -> Any:
    rows = [sp.Add(*table.row(i)) for i in range(table.rows)]
    return rows[0] if len(rows) == 1 else sp.Max(*rows)


def _sum_enclosure(system: LinearSystem) -> tuple[Any, Any]:
    """Rational bounds of the l1 norm."""
    found = absolute_sum(system.with_readout("previous").matrices)
    if found is None:
        raise NoClosedForm("the spectral radius is too close to 1 to sum the response in reasonable time")
    scale = sp.Integer(10) ** 25
    return sp.floor(found[0] * scale) / scale, sp.ceiling(found[1] * scale) / scale
