"""Measures of a matrix that is not normal, and the bounds on its powers: Henrici, Kreiss, numerical radius, eigenbasis.

    henrici_departure, henrici_bound            the departure from normality, and ||A^t|| <= sum_j C(t, j) rho^(t-j) dep^j
    kreiss_constant, kreiss_enclosure, kreiss_theorem      exactly for two units; enclosed; K <= sup ||A^t|| <= e n K
    numerical_radius, berger_bound, range_bound, basis_bound   w(A); 2 w^t; 1 + sqrt 2 (Crouzeix, Palencia); kappa(Q) rho^t
Norms are spectral norms. May import: everything to the left of `analysis.nonnormality`.
"""

from __future__ import annotations

from typing import Any

import flint
import sympy as sp

from rnnsym.cells.record import as_table
from rnnsym.defined import Invertible, SpectralNorm, SpectralRadius
from rnnsym.defined.nonnormality import (
    HenriciDeparture,
    KreissConstant,
    Normal,
    NumericalRadius,
    PowerSupremum,
    RangeMaximum,
)
from rnnsym.exact import factored, is_zero
from rnnsym.exact import pseudospectra as enclosing
from rnnsym.exact.circle import schur_rational
from rnnsym.result import NoClosedForm, Result, RnnsymError, ShapeError, Source, SpecError
from rnnsym.systems import LinearSystem
from rnnsym.systems.functions import X, spectrum

HENRICI = Source(
    "henrici1962", "Henrici, P.",
    "Bounds for iterates, inverses, spectral variation and fields of values of non-normal matrices", 1962, doi="10.1007/BF01386294",
)  # fmt: skip
KREISS = Source(
    "kreiss1962", "Kreiss, H.-O.",
    "Ueber die Stabilitaetsdefinition fuer Differenzengleichungen die partielle Differentialgleichungen approximieren", 1962,
    doi="10.1007/BF01957330",
)  # fmt: skip
SPIJKER = Source(
    "spijker1991", "Spijker, M. N.", "On a conjecture by LeVeque and Trefethen related to the Kreiss matrix theorem", 1991,
    doi="10.1007/BF01933268",
)  # fmt: skip
TREFETHEN = Source(
    "trefethen2005", "Trefethen, L. N. and Embree, M.", "Spectra and Pseudospectra: The Behavior of Nonnormal Matrices and Operators", 2005,
)  # fmt: skip
BERGER = Source("berger1965", "Berger, C. A.", "A strange dilation theorem", 1965, at="Notices of the AMS 12, p. 590")
HORN = Source("horn1991", "Horn, R. A. and Johnson, C. R.", "Topics in Matrix Analysis", 1991, at="section 1.3")
CROUZEIX = Source(
    "crouzeix2017", "Crouzeix, M. and Palencia, C.", "The numerical range is a (1 + sqrt 2)-spectral set", 2017, doi="10.1137/17M1116672",
)  # fmt: skip

n = sp.Symbol("n", integer=True, positive=True)
t = sp.Symbol("t", integer=True, nonnegative=True)
a, k = sp.symbols("a k", real=True)
W = sp.MatrixSymbol("W", n, n)


# the matrix of a question


def operator_of(A: Any) -> Any:
    """A matrix of symbolic size, W where none is given, or a table of entries."""
    if A is None:
        return W
    if isinstance(A, LinearSystem):
        A = A.A
    if isinstance(A, sp.MatrixExpr) and not isinstance(A, sp.MatrixBase) and A.free_symbols:
        if A.shape[0] != A.shape[1]:
            raise ShapeError(f"A is {A.shape[0]} x {A.shape[1]}; a square matrix is needed")
        return A
    return table_of(A)


def table_of(A: Any) -> Any:
    table = as_table(A.A if isinstance(A, LinearSystem) else A, None, "A")
    if table.rows != table.cols:
        raise ShapeError(f"A is {table.rows} x {table.cols}; a square matrix is needed")
    if any(e.is_extended_real is False for e in table):
        raise NoClosedForm("A has entries that are not real; the closed forms are for real matrices")
    return table


def reals_of(A: Any) -> Any:
    """The hypothesis that the entries are real, where the assumptions do not say so."""
    return sp.And(*(sp.Eq(sp.im(s), 0) for s in sorted(A.free_symbols, key=str) if s.is_extended_real is None))


def entries_of_two(A: Any, what: str) -> tuple[Any, ...]:
    """The entries of a 2 x 2 table."""
    if A.rows != 2:
        raise NoClosedForm(f"{what} has a closed form for two units, A is {A.rows} x {A.cols}")
    return tuple(A)


def named(A: Any, *names: str) -> list[Any]:
    """Symbols that are none of A's."""
    taken = {s.name for s in A.free_symbols}
    return [sp.Symbol(name + "_A" * (name in taken), real=True) for name in names]


def power_of(A: Any, exponent: Any = t) -> Any:
    return sp.MatPow(A, exponent, evaluate=False)


def root_of(square: Any) -> Any:
    """The square root of a sum of squares, without the root where it is one square."""
    found = factored(square)
    return sp.sqrt(found) if found != 0 else sp.S.Zero


def hypotenuse(x: Any, y: Any) -> Any:
    """sqrt(x^2 + y^2), left as a sum but for what both share."""
    if x == 0 or y == 0:
        return sp.Abs(x + y)
    both = [f for f in sp.Mul.make_args(x) if f in sp.Mul.make_args(y)]
    return sp.Abs(sp.Mul(*both)) * sp.sqrt((x / sp.Mul(*both)) ** 2 + (y / sp.Mul(*both)) ** 2)


def is_stable(A: Any) -> bool:
    table = flint.fmpq_mat(A.rows, A.cols, [flint.fmpq(int(e.p), int(e.q)) for e in A])
    return schur_rational(table.charpoly()) is True


# Henrici's departure from normality


def henrici_departure(A: Any) -> Result:
    """dep(A) = sqrt(||A||_F^2 - sum |lambda_i|^2), the norm of the strict triangle of a Schur form; 0 exactly if A is normal.

    Two units: |b - c| for real eigenvalues, sqrt((a - d)^2 + (b + c)^2) for a complex pair. Triangular: its off-diagonal.
    Given:  real entries.
    Raises: NoClosedForm if an eigenvalue has none.
    Source: henrici1962.

    >>> henrici_departure([[a, k], [0, a]]).rhs
    Abs(k)
    """
    A = table_of(A)
    if A.is_upper or A.is_lower:
        rhs: Any = root_of(sum(A[i, j] ** 2 for i in range(A.rows) for j in range(A.rows) if i != j))
    elif A.rows == 2:
        p, q, r, s = A
        spread = factored((p - s) ** 2 + 4 * q * r)
        rhs = sp.Piecewise((sp.Abs(factored(q - r)), sp.Ge(spread, 0)), (hypotenuse(p - s, q + r), True))
    else:
        values = spectrum(A)
        if any(X in value.free_symbols for value, _ in values):
            raise NoClosedForm("an eigenvalue of A has no closed form; the bound henrici_bound(A) needs none")
        rhs = sp.sqrt(sum(e**2 for e in A) - sum(count * sp.Abs(value) ** 2 for value, count in values))
    return Result("departure from normality", HenriciDeparture(A), "=", rhs, reals_of(A), source=(HENRICI,))


def henrici_bound(A: Any = None) -> Result:
    """||A^t|| <= sum_{j <= min(t, n-1)} C(t, j) rho^(t-j) dep^j.

    A = U (Lambda + N) U*: a product of t factors Lambda or N with j >= n factors N is 0, and the others have norm at most
    rho^(t-j) dep^j. Shapes: A (n, n), any n. Source: henrici1962.

    >>> print(henrici_bound([[a, k], [0, a]]).rhs)
    Sum(dep**j*rho**(-j + t)*binomial(t, j), (j, 0, Min(1, t)))
    """
    A = operator_of(A)
    rho, dep = named(A, "rho", "dep")
    j = sp.Symbol("j", integer=True, nonnegative=True)
    size = A.shape[0] - 1
    rhs = sp.Sum(sp.binomial(t, j) * rho ** (t - j) * dep**j, (j, 0, sp.Min(t, size)))
    where = ((rho, SpectralRadius(A)), (dep, HenriciDeparture(A)))
    return Result("bound by the departure from normality", SpectralNorm(power_of(A)), "<=", rhs, where=where, source=(HENRICI,))  # fmt: skip


# Kreiss constant


# K = max 1/v over v with a root m = |z| - 1 > 0 of det((zI - A)(zI - A)* - v^2 m^2) = 0. For 2 x 2 this is
# D - v^2 m^2 T + v^4 m^4 with D = |p(z)|^2, T = ||zI - A||_F^2. At real z = +-r, T - 2 p(z) = l^2 := (a - d)^2 + (b + c)^2, so
# it factors into (p - v^2 m^2 - v m l)(p - v^2 m^2 + v m l), and p(1 + m) = m^2 + S m + P. On |z| = r it is a quadratic
# in x = cos arg z with leading coefficient 4 delta r^2: concave for delta <= 0, then the extremes x = +-1 count; for
# delta > 0 its minimum over all x is (1 - tau^2/(4 delta)) [(r^2 - delta - v^2 m^2)^2 - v^2 m^2 l^2] with the other l,
# again with m^2 + 2 m + 1 - delta = r^2 - delta. The least 1/K = v is where (1 - v^2) m^2 + (S - v l) m + P has a double
# root m > 0, which needs l > S; that of the minimum over x lies at |x| <= 1 exactly if tau <= 2 delta.
def kreiss_constant(A: Any) -> Result:
    """K(A) = sup_{|z| > 1} (|z| - 1) ||(zI - A)^-1|| exactly, for one or two real units with rho(A) < 1.

    With tau = |tr A|, delta = det A, A = [[a, b], [c, d]]:
        tau >= 2 delta:  S = 2 - tau, P = 1 - tau + delta, l = sqrt((a - d)^2 + (b + c)^2)      (the supremum at a real z)
        tau < 2 delta:   S = 2,       P = 1 - delta,       l = |b - c| sqrt(4 delta/(4 delta - tau^2))     (at a complex pair)
    K = (L^2 + 4 P)/(L S + 2 sqrt(P (L^2 + 4 P - S^2))), L = max(l, S); it is 1 for l <= S, exactly where w(A) <= 1.
    For [[a, k], [0, a]], e = 1 - |a|: K = k/(4 e) + e/k if k > 2 e, else 1.
    Given:  rho(A) < 1, as |tr A| < 1 + det A < 2; real entries.
    Raises: NoClosedForm for more units (kreiss_enclosure(A) for numbers); RnnsymError if rho(A) >= 1.
    Source: derived here; the derivation stands above the code.

    >>> kreiss_constant([[sp.Rational(1, 2), 2], [0, sp.Rational(1, 2)]]).rhs
    5/4
    """
    A = table_of(A)
    if A.rows == 1:
        return Result("Kreiss constant", KreissConstant(A), "=", sp.S.One, inside(sp.Lt(sp.Abs(A[0, 0]), 1), A))
    p, q, r, s = entries_of_two(A, "the Kreiss constant")
    given = inside(stable_pair(A), A)
    S, P, ell = named(A, "S", "P", "ell")
    if q == 0 or r == 0:
        trace, product = sp.Abs(factored(p + s)), factored(p * s)
        if is_zero(p - s):
            edge, off = 1 - sp.Abs(p), sp.Abs(q + r)
            rhs: Any = sp.Piecewise((off / (4 * edge) + edge / off, sp.Gt(off, 2 * edge)), (1, True))
            return Result("Kreiss constant", KreissConstant(A), "=", rhs, given, source=(TREFETHEN,))
        parts = (2 - trace, 1 - trace + product, hypotenuse(p - s, q + r))
    else:
        trace, product = sp.Abs(factored(p + s)), factored(p * s - q * r)
        real = sp.Ge(trace, 2 * product)
        turning = sp.Abs(factored(q - r)) * sp.sqrt(4 * product / (4 * product - trace**2))
        pairs = ((2 - trace, sp.Integer(2)), (1 - trace + product, 1 - product), (hypotenuse(p - s, q + r), turning))
        parts = tuple(sp.Piecewise((x, real), (y, True)) for x, y in pairs)
    rhs = (ell**2 + 4 * P) / (ell * S + 2 * sp.sqrt(P * (ell**2 + 4 * P - S**2)))
    first, second, third = parts
    where = ((S, first), (P, second), (ell, sp.Max(S, third, evaluate=False)))
    if A.free_symbols:
        return Result("Kreiss constant", KreissConstant(A), "=", rhs, given, where, source=(TREFETHEN,))
    values = {S: first, P: second, ell: third if bool(third > first) else first}
    return Result("Kreiss constant", KreissConstant(A), "=", rhs.xreplace(values), given, source=(TREFETHEN,))


def stable_pair(A: Any) -> Any:
    """rho(A) < 1 of two real units."""
    p, q, r, s = A
    if q == 0 or r == 0:
        return sp.And(sp.Lt(sp.Abs(p), 1), sp.Lt(sp.Abs(s), 1))
    product = factored(p * s - q * r)
    return sp.And(sp.Lt(sp.Abs(factored(p + s)), 1 + product), sp.Lt(product, 1))


def inside(condition: Any, A: Any) -> Any:
    if condition == sp.false:
        raise RnnsymError(
            "rho(A) >= 1: the Kreiss constant is infinite, or that of a matrix with eigenvalues on the unit circle"
        )
    return sp.And(condition, reals_of(A))


def kreiss_enclosure(A: Any, *, width: float = 1e-6) -> list[Result]:
    """low <= K(A) and K(A) <= high, rational numbers with high = (1 + width) low, proved in balls, for any size.

    Given:  A of rational numbers with rho(A) < 1.
    Raises: SpecError for a matrix with symbols; RnnsymError if rho(A) >= 1; LimitReached if rho(A) is too near to 1.
    Source: the method stands in `rnnsym.exact.pseudospectra`.

    >>> [r.relation for r in kreiss_enclosure([[sp.Rational(1, 2), 2], [0, sp.Rational(1, 2)]], width=1e-2)]
    ['<=', '<=']
    """
    A = table_of(A)
    if not all(e.is_Rational for e in A):
        raise SpecError(
            "an enclosure needs rational numbers for all entries; kreiss_constant has symbols for two units"
        )
    if not is_stable(A):
        raise RnnsymError("rho(A) >= 1: the Kreiss constant is infinite, or that of a matrix with eigenvalues on the unit circle")  # fmt: skip
    low, high = enclosing.kreiss_enclosure(A, width)
    K = KreissConstant(A)
    return [
        Result("Kreiss constant, from below", low, "<=", K, status="proved", source=(TREFETHEN,)),
        Result("Kreiss constant, from above", K, "<=", high, status="proved", source=(TREFETHEN,)),
    ]


def kreiss_theorem(A: Any = None) -> list[Result]:
    """K(A) <= sup_t ||A^t|| <= e n K(A), and K(A) >= 1: the Kreiss matrix theorem with Spijker's constant.

    Both sides are infinite where the powers grow without bound. Shapes: A (n, n), any n.
    Source: kreiss1962, spijker1991.

    >>> print(kreiss_theorem([[a, k], [0, a]])[1].relation)
    <=
    """
    A = operator_of(A)
    K, top, size = KreissConstant(A), PowerSupremum(A), A.shape[0]
    given = sp.Lt(SpectralRadius(A), 1)
    return [
        Result("Kreiss constant and largest power", K, "<=", top, given, status="proved", source=(KREISS,)),
        Result("largest power and Kreiss constant", top, "<=", sp.E * size * K, given, status="proved", source=(KREISS, SPIJKER)),
        Result("Kreiss constant is at least 1", sp.S.One, "<=", K, given, source=(TREFETHEN,)),
    ]  # fmt: skip


# numerical radius, numerical range, eigenbasis


def numerical_radius(A: Any) -> Result:
    """w(A) = max |x* A x| over unit vectors: two real units, and triangular Toeplitz a I + k N of any number of units.

    The numerical range of [[a, b], [c, d]] is an ellipse with center m = (a + d)/2 and half-axes
    p = sqrt((a - d)^2 + (b + c)^2)/2 along the real, r = |b - c|/2 along the imaginary axis (its foci are the eigenvalues):
        w = |m| + p  if |m| p >= r^2 - p^2,   otherwise  w = r sqrt(det A/(r^2 - p^2)).
    a I + k N, N the n by n shift: w = |a| + |k| cos(pi/(n + 1)); for n = 2 this is |a| + |k|/2.
    Given:  real entries.
    Raises: NoClosedForm for other matrices of more than two units.
    Source: horn1991.

    >>> numerical_radius([[a, k], [0, a]]).rhs
    Abs(a) + Abs(k)/2
    """
    A = table_of(A)
    size = A.rows
    diagonal, upper, lower = A[0, 0], sp.S.Zero, sp.S.Zero
    if size > 1:
        upper, lower = A[0, 1], A[1, 0]
    band = {0: diagonal, 1: upper, -1: lower}
    shape = sp.ImmutableMatrix(size, size, lambda i, j: band.get(j - i, 0))
    if A == shape and (upper == 0 or lower == 0):
        rhs: Any = sp.Abs(diagonal) + sp.Abs(upper + lower) * sp.cos(sp.pi / (size + 1))
        return Result("numerical radius", NumericalRadius(A), "=", rhs, reals_of(A), source=(HORN,))
    p, q, r, s = entries_of_two(A, "the numerical radius of such a matrix")
    center, product = sp.Abs(factored(p + s)) / 2, factored(p * s - q * r)
    along, across = hypotenuse(p - s, q + r) / 2, factored(q - r) ** 2 / 4
    gap = factored(product - (p + s) ** 2 / 4)  # across - along^2, the square of the imaginary part of a pair
    rhs = sp.Piecewise(
        (center + along, sp.Ge(center * along, gap)), (sp.sqrt(across * product / gap), True)
    )  # fmt: skip
    if is_zero(q - r):
        rhs = center + along
    return Result("numerical radius", NumericalRadius(A), "=", rhs, reals_of(A), source=(HORN,))


def berger_bound(A: Any = None) -> Result:
    """||A^t|| <= 2 w(A)^t: w(A^t) <= w(A)^t (Berger), and ||M|| <= 2 w(M) for every M.

    Shapes: A (n, n), any n. For t = 0 it is 1 <= 2. Source: berger1965, horn1991.

    >>> print(berger_bound([[a, k], [0, a]]).rhs)
    2*w**t
    """
    A = operator_of(A)
    (w,) = named(A, "w")
    where = ((w, NumericalRadius(A)),)
    return Result("bound by the numerical radius", SpectralNorm(power_of(A)), "<=", 2 * w**t, where=where, status="proved", source=(BERGER, HORN))  # fmt: skip


def range_bound() -> Result:
    """||p(A)|| <= (1 + sqrt 2) max |p| over W(A) (Crouzeix and Palencia), here for p(z) = z^2 + alpha z + beta.

    True for every polynomial; the constant 2 is conjectured (Crouzeix), and needed. For p = z^t Berger's 2 w^t is better.
    The theorem is quoted; the check can refute it only.
    Source: crouzeix2017.

    >>> range_bound().status
    'proved'
    """
    alpha, beta = sp.symbols("alpha beta", real=True)
    z = sp.Symbol("z")
    lhs = SpectralNorm(sp.MatAdd(sp.MatPow(W, 2), alpha * W, beta * sp.Identity(n)))
    rhs = (1 + sp.sqrt(2)) * RangeMaximum(W, z**2 + alpha * z + beta, z)
    return Result("bound by the numerical range", lhs, "<=", rhs, status="proved", source=(CROUZEIX,))


def basis_bound() -> Result:
    """||A^t|| <= kappa(Q) rho^t for A = Q N Q^-1 with normal N (diagonal for real eigenvalues), kappa(Q) = ||Q|| ||Q^-1||.

    Given: Q invertible, N normal. A defective matrix has no such Q, and kappa(Q) is infinite in the limit.

    >>> basis_bound().relation
    '<='
    """
    Q, N = sp.MatrixSymbol("Q", n, n), sp.MatrixSymbol("N", n, n)
    A = sp.MatMul(Q, N, sp.Inverse(Q), evaluate=False)
    kappa = sp.Symbol("kappa", real=True)
    where = ((kappa, SpectralNorm(Q) * SpectralNorm(sp.Inverse(Q))),)
    return Result(
        "bound by the condition of the eigenbasis", SpectralNorm(power_of(A)), "<=", kappa * SpectralRadius(N) ** t,
        sp.And(Invertible(Q), Normal(N)), where, source=(HORN,),
    )  # fmt: skip
