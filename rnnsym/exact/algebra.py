"""Linear algebra and elimination with symbols: SymPy in, SymPy out, polynomials over the integers inside.

    determinant(M)  characteristic_polynomial(A)  adjugate(M)  inverse(M)  resolvent(A, B, C)
    solve_linear(M, b)  nullspace(M)  minors(M, k)  generic_rank(M)
    resultant(p, q, x)  discriminant(p, x)  polynomial_gcd(p, q)

Every answer is an identity of rational functions: where a division is made, its condition stands in the answer
(`LinearSolution.determinant`, `Nullspace.condition`). Functions that are no polynomials (tanh(b), exp(a)) are
indeterminates with the relations they have (`fields`), and what may be zero on their account is decided by `zero.is_zero`
or refused. Answers are remembered, keyed on the immutable matrices, so that a chain of questions about one system
(poles, zeros, gains) computes and converts its characteristic polynomial once.

How the algorithms are chosen stands in `matrices`. The size of an answer is predicted before it is expanded; over the
limit `LimitReached` says the number of terms. May be imported: `fields`, `zero`, `matrices`, `rnnsym.result`, SymPy.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import combinations
from math import comb, lcm
from random import Random
from typing import Any, NamedTuple

import sympy as sp
from flint import fmpz_mat, fmpz_mpoly, nmod_mat

from rnnsym.exact import matrices
from rnnsym.exact.fields import Ring
from rnnsym.exact.zero import is_zero_in
from rnnsym.result import LimitReached, NoClosedForm, RnnsymError, ShapeError

MINOR_LIMIT = 20_000
"""Minors of one size that are computed."""

TERMS_SHOWN = 400_000
"""Terms of one answer that are turned into SymPy (10 to 16 microseconds each)."""

PRIME = 4611686018427387847  # the largest below 2**62

Matrix = sp.ImmutableDenseMatrix


# ---------------------------------------------------------------------- in and out


def as_matrix(M: Any) -> Matrix:
    """The explicit immutable matrix of a SymPy matrix or of rows of expressions."""
    if isinstance(M, Matrix):
        return M
    if isinstance(M, sp.MatrixExpr):
        if not all(isinstance(d, (int, sp.Integer)) for d in M.shape):
            raise ShapeError(f"{M} is {M.shape[0]} by {M.shape[1]}; entries are needed, so give whole numbers")
        return Matrix(M.as_explicit())
    return Matrix(M)


def square(M: Any) -> Matrix:
    """The same, refused unless it is square."""
    found = as_matrix(M)
    if found.rows != found.cols:
        raise ShapeError(f"the matrix is {found.rows} by {found.cols}; it must be square")
    return found


class Table(NamedTuple):
    """A matrix in its ring: numerators over one common denominator."""

    ring: Ring
    rows: list[list[fmpz_mpoly]]
    common: fmpz_mpoly


@lru_cache(maxsize=256)
def table(M: Matrix) -> Table:
    """The matrix in the ring of its own entries."""
    ring = Ring.over(M)
    return Table(ring, *ring.matrix(M))


def settled(ring: Ring, p: fmpz_mpoly, undecided: str = "") -> fmpz_mpoly:
    """p, reduced by the relations up to a factor that is not 0; the polynomial 0 if it is proved to vanish everywhere.

    undecided: what to say where neither can be proved; if empty p is left as it is.
    """
    if ring.independent or p.is_constant():
        return ring.reduce(p)[0] if ring.relations else p
    answer = is_zero_in(ring, p)
    if answer is None and undecided:
        raise RnnsymError(f"{undecided} unless {ring.factored(p)} = 0 everywhere; this could not be decided")
    return ring.context.constant(0) if answer else p


def _show(ring: Ring, n: fmpz_mpoly, d: fmpz_mpoly | None = None) -> sp.Expr:
    """n/d, expanded above and below, in lowest terms."""
    if len(n) > TERMS_SHOWN:
        raise LimitReached(
            f"the answer has {len(n)} terms, the limit is {TERMS_SHOWN}; give numbers for some parameters"
        )
    if n.is_zero() or (not ring.independent and not n.is_constant() and is_zero_in(ring, n)):
        return sp.S.Zero
    if ring.relations or not (d is None or d.is_constant()):
        n, d = ring.reduced(n, ring.context.constant(1) if d is None else d)
    return ring.expression(n) if d is None else ring.quotient(n, d)


# ---------------------------------------------------------------------- matrices


@lru_cache(maxsize=256)
def _determinant(M: Matrix) -> sp.Expr:
    ring, rows, common = table(M)
    return _show(ring, matrices.determinant(ring, rows), ring.power(common, M.rows))


def determinant(M: Any) -> sp.Expr:
    """det M, expanded, numerator over denominator in lowest terms.

    >>> from sympy.abc import a, b
    >>> determinant([[a, 1], [b, a]])
    a**2 - b
    """
    return _determinant(square(M))


@lru_cache(maxsize=256)
def _characteristic(A: Matrix) -> tuple[sp.Expr, ...]:
    ring, rows, common = table(A)
    found = matrices.charpoly(ring, rows)
    return tuple(_show(ring, c, ring.power(common, k)) for k, c in enumerate(found))


def characteristic_polynomial(A: Any) -> tuple[sp.Expr, ...]:
    """The coefficients of det(zI - A), highest first: (1, -tr A, ..., (-1)**n det A).

    >>> from sympy.abc import a, b
    >>> characteristic_polynomial([[a, b], [b, a]])
    (1, -2*a, a**2 - b**2)
    """
    return _characteristic(square(A))


@lru_cache(maxsize=256)
def _adjugate(M: Matrix) -> Matrix:
    ring, rows, common = table(M)
    below = ring.power(common, max(M.rows - 1, 0))
    return Matrix(M.rows, M.cols, [_show(ring, e, below) for row in matrices.adjugate(ring, rows) for e in row])


def adjugate(M: Any) -> Matrix:
    """adj M, with M adj M = det(M) I.

    >>> from sympy.abc import a, b
    >>> adjugate([[a, 1], [b, a]]).tolist()
    [[a, -1], [-b, a]]
    """
    return _adjugate(square(M))


class Inverse(NamedTuple):
    """M**-1 = adjugate/determinant where the determinant is not 0."""

    adjugate: Matrix
    determinant: sp.Expr


def inverse(M: Any) -> Inverse:
    """(adj M, det M): the inverse is their quotient where det M is not 0.

    >>> from sympy.abc import a
    >>> adj, det = inverse([[a, 1], [1, a]])
    >>> adj.tolist(), det
    ([[a, -1], [-1, a]], a**2 - 1)
    """
    M = square(M)
    return Inverse(_adjugate(M), _determinant(M))


class LinearSolution(NamedTuple):
    """The solution of M x = b, valid where the determinant is not 0."""

    solution: Matrix
    determinant: sp.Expr


def solve_linear(M: Any, b: Any) -> LinearSolution:
    """x = adj(M) b / det M, each entry factored in lowest terms, and det M, factored: the solution where it is not 0.

    Raises: NoClosedForm if det M is 0 everywhere.

    >>> from sympy.abc import a
    >>> x, det = solve_linear([[a, 1], [1, a]], [1, 1])
    >>> list(x), det
    ([1/(a + 1), 1/(a + 1)], (a - 1)*(a + 1))
    """
    M, b = square(M), as_matrix(b)
    if b.rows != M.rows:
        raise ShapeError(f"the right side has {b.rows} rows and the matrix {M.rows}; they must be equal")
    return _solve(M, b)


@lru_cache(maxsize=256)
def _solve(M: Matrix, b: Matrix) -> LinearSolution:
    ring = Ring.over(M, b)
    rows, common = ring.matrix(M)
    right, below = ring.matrix(b)
    above, det = matrices.solve(ring, rows, right)
    det = settled(ring, det)
    if det.is_zero():
        raise NoClosedForm(
            "the determinant of the equations is 0 everywhere; ask nullspace for the directions left free"
        )
    # N x / common = right / below, so x = adj(N) right common / (det N below)
    down = ring.product(det, below)
    entries = []
    for row in above:
        for e in row:
            top = settled(ring, ring.product(e, common))
            entries.append(sp.S.Zero if top.is_zero() else ring.factored(*ring.reduced(top, down)))
    return LinearSolution(
        Matrix(b.rows, b.cols, entries), ring.factored(*ring.reduced(det, ring.power(common, M.rows)))
    )


class Nullspace(NamedTuple):
    """A basis of the generic nullspace; it is one where the condition holds."""

    basis: tuple[Matrix, ...]
    condition: Any


@lru_cache(maxsize=256)
def _nullspace(M: Matrix) -> Nullspace:
    ring, rows, _ = table(M)
    I, J = generic_pivots(M)
    block = [[rows[i][j] for j in J] for i in I]
    free = [j for j in range(M.cols) if j not in J]
    if not free:
        return Nullspace((), sp.S.true if not I else _not_zero(ring, matrices.determinant(ring, block)))
    zero = ring.context.constant(0)
    if I:
        above, det = matrices.solve(ring, block, [[rows[i][j] for j in free] for i in I])
    else:
        above, det = [], ring.context.constant(1)
    basis = []
    for place, j in enumerate(free):
        vector = [zero] * M.cols
        vector[j] = det
        for k, pivot in enumerate(J):
            vector[pivot] = settled(ring, -above[k][place])
        common = det
        for p in vector:
            common = common.gcd(p)
        below = det / common
        vector = [p / common for p in vector]
        below = below if below.is_constant() else ring.context.constant(1)
        if vector[j].leading_coefficient() < 0:
            vector = [-p for p in vector]
        basis.append(Matrix(M.cols, 1, [sp.S.Zero if p.is_zero() else ring.factored(p) for p in vector]))
    return Nullspace(tuple(basis), _not_zero(ring, det))


def nullspace(M: Any) -> Nullspace:
    """Vectors v with M v = 0 everywhere, polynomial and without common factor, and where they are a basis.

    They are a basis where the minor of the pivots is not 0; elsewhere the rank may drop and the basis may miss vectors.

    >>> from sympy.abc import a, b
    >>> (v,), condition = nullspace([[a, b], [a**2, a*b]])
    >>> list(v), condition
    ([-b, a], Ne(a, 0))
    """
    return _nullspace(as_matrix(M))


def _not_zero(ring: Ring, p: fmpz_mpoly) -> Any:
    if p.is_constant():
        return sp.S.true
    _, found = ring.factors(p)
    radical = ring.context.constant(1)
    for f, _ in found:
        radical *= f
    return sp.Ne(ring.factored(radical.primitive()[1]), 0)


def minors(M: Any, k: int) -> tuple[sp.Expr, ...]:
    """All determinants of k rows and k columns, expanded; rows and then columns in lexicographic order.

    >>> from sympy.abc import a, b
    >>> minors([[a, 1, 0], [0, 1, b]], 2)
    (a, a*b, b)
    """
    M = as_matrix(M)
    ring, rows, common = table(M)
    below = ring.power(common, k)
    return tuple(_show(ring, p, below) for _, _, p in polynomial_minors(ring, rows, k))


def polynomial_minors(
    ring: Ring, rows: matrices.Rows, k: int
) -> Iterable[tuple[tuple[int, ...], tuple[int, ...], fmpz_mpoly]]:
    """(rows, columns, minor) for all choices, refused beforehand if there are too many."""
    p, q = len(rows), len(rows[0]) if rows else 0
    count = comb(p, k) * comb(q, k)
    if count > MINOR_LIMIT:
        raise matrices.limit_reached(count, MINOR_LIMIT, f"minors of order {k} of a {p} by {q} matrix:")
    for I in combinations(range(p), k):
        chosen = [rows[i] for i in I]
        for J in combinations(range(q), k):
            yield I, J, matrices.determinant(ring, [[row[j] for j in J] for row in chosen])


# ---------------------------------------------------------------------- rank


def _pivots_modulo(ring: Ring, rows: matrices.Rows, seed: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Rows and columns of a minor that is not 0, as large as one random point modulo a prime shows.

    A relation g**q = N/D is not respected by a random point, so it may show too much: `generic_pivots` confirms.
    """
    random = Random(seed)  # not a linear congruential one: its consecutive values are related, and the rank shows it
    point = [random.randrange(PRIME) for _ in ring.generators]
    values = [[_value_modulo(p, point) for p in row] for row in rows]
    reduced, rank = nmod_mat(values, PRIME).rref()
    J = tuple(next(j for j in range(reduced.ncols()) if int(reduced[i, j])) for i in range(rank))
    turned = nmod_mat([[row[j] for row in values] for j in J], PRIME) if J else None
    if turned is None:
        return (), ()
    reduced, _ = turned.rref()
    return tuple(next(j for j in range(reduced.ncols()) if int(reduced[i, j])) for i in range(rank)), J


def _value_modulo(p: fmpz_mpoly, point: Sequence[int]) -> int:
    total = 0
    for monomial, c in p.terms():
        value = int(c) % PRIME
        for e, x in zip(monomial, point, strict=True):
            if e:
                value = value * pow(x, int(e), PRIME) % PRIME
        total += value
    return total % PRIME


@lru_cache(maxsize=256)
def generic_pivots(M: Matrix) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Rows and columns of a largest minor that is not 0 everywhere: proved, not only probable."""
    ring, rows, _ = table(M)

    def vanishes(p: fmpz_mpoly, rank: int) -> bool:
        return settled(ring, p, f"the rank is more than {rank}").is_zero()

    return pivots(ring, rows, vanishes, ring.independent and not ring.relations)


def pivots(
    ring: Ring, rows: matrices.Rows, vanishes: Callable[[fmpz_mpoly, int], bool], free: bool
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Rows and columns of a largest minor that does not vanish, over a domain in which `vanishes` is the test for 0.

    free: the generators are independent, so a minor that is not 0 at one point modulo a prime is not 0. That no
    larger one exists holds if all minors that border it vanish (Kronecker), over any field.
    """
    if not rows or not rows[0]:
        return (), ()
    if free and all(p.is_constant() for row in rows for p in row):
        whole = fmpz_mat([[int(p.leading_coefficient()) if len(p) else 0 for p in row] for row in rows])
        rank = whole.rank()
        for seed in range(20):
            I, J = _pivots_modulo(ring, rows, seed)
            if len(I) == rank:
                return I, J
    I, J = _pivots_modulo(ring, rows, 0) if free else ((), ())
    growing = True
    while growing and len(I) < min(len(rows), len(rows[0])):
        growing = False
        for i in (i for i in range(len(rows)) if i not in I):
            for j in (j for j in range(len(rows[0])) if j not in J):
                minor = matrices.determinant(ring, [[rows[a][b] for b in (*J, j)] for a in (*I, i)])
                if not vanishes(minor, len(I)):
                    I, J, growing = (*I, i), (*J, j), True
                    break
            if growing:
                break
    return tuple(sorted(I)), tuple(sorted(J))


def generic_rank(M: Any) -> int:
    """The rank of M for almost all values of its symbols, exactly.

    >>> from sympy.abc import a
    >>> generic_rank([[a, 1], [a**2, a]])
    1
    """
    M = as_matrix(M)
    entries = M.flat()
    if all(isinstance(e, sp.Rational) for e in entries):
        return rational_rank(M.rows, M.cols, entries)
    return len(generic_pivots(M)[0])


def rational_rank(p: int, q: int, entries: Sequence[sp.Rational]) -> int:
    """The rank of a p by q matrix of numbers: modulo a prime it is at most that, so a full one proves it; else in integers."""
    if not (p and q):
        return 0
    pairs = [(int(e.p), int(e.q)) for e in entries]
    inverses = {d: pow(d, -1, PRIME) for d in {d for _, d in pairs} if d % PRIME}
    if all(d in inverses for _, d in pairs):
        bound = nmod_mat(p, q, [n * inverses[d] % PRIME for n, d in pairs], PRIME).rank()
        if bound == min(p, q):
            return int(bound)
    whole: list[int] = []
    for i in range(p):
        row = pairs[i * q : (i + 1) * q]
        scale = lcm(*(d for _, d in row))
        whole += [n * (scale // d) for n, d in row]
    return int(fmpz_mat(p, q, whole).rank())


# ---------------------------------------------------------------------- the resolvent


class _ResolventTable(NamedTuple):
    ring: Ring
    above: list[list[list[fmpz_mpoly]]]  # C M_k B times common**k times scale
    below: list[fmpz_mpoly]
    common: fmpz_mpoly
    scale: fmpz_mpoly


_Z = sp.Dummy("z")


@lru_cache(maxsize=256)
def _resolvent(A: Matrix, B: Matrix, C: Matrix) -> _ResolventTable:
    ring = Ring.over(A, B, C, _Z)
    a, common = ring.matrix(A)
    b, of_b = ring.matrix(B)
    c, of_c = ring.matrix(C)
    above, below = matrices.resolvent(ring, a, b, c)
    return _ResolventTable(ring, above, below, common, of_b * of_c)


@dataclass(frozen=True)
class Resolvent:
    """C adj(zI - A) B over det(zI - A), as coefficients of the powers of z; nothing is cancelled.

    Shapes: A (n, n), B (n, m), C (p, n).
    """

    A: Matrix
    B: Matrix
    C: Matrix

    @property
    def numerator(self) -> tuple[tuple[tuple[sp.Expr, ...], ...], ...]:
        """numerator[i][j]: the n coefficients of (C adj(zI - A) B)[i, j], that of z**(n-1) first."""
        return _numerator(self.A, self.B, self.C)

    @property
    def denominator(self) -> tuple[sp.Expr, ...]:
        """The n + 1 coefficients of det(zI - A), that of z**n first."""
        return _characteristic(self.A)

    def matrix(self, z: sp.Symbol, form: str = "expanded") -> Matrix:
        """C (zI - A)**-1 B in z: "expanded" cancels nothing in z, "reduced" is in lowest terms, "factored" too.

        Raises: RnnsymError if z is a symbol of the system.
        """
        return _in_z(self.A, self.B, self.C, z, form)


def resolvent(A: Any, B: Any, C: Any) -> Resolvent:
    """C (zI - A)**-1 B by numerators and the characteristic polynomial.

    Raises: ShapeError if B or C do not fit A.

    >>> from sympy.abc import a, b, z
    >>> R = resolvent([[0, 1], [b, a]], [0, 1], [[1, 0]])
    >>> R.numerator, R.denominator
    ((((0, 1),),), (1, -a, -b))
    >>> R.matrix(z)
    Matrix([[1/(-a*z - b + z**2)]])
    """
    A, B, C = square(A), as_matrix(B), as_matrix(C)
    if B.rows != A.rows:
        raise ShapeError(f"B has {B.rows} rows, A has {A.rows}; B must have as many rows as A")
    if C.cols != A.rows:
        raise ShapeError(f"C has {C.cols} columns, A has {A.rows}; C must have as many columns as A")
    return Resolvent(A, B, C)


@lru_cache(maxsize=256)
def _numerator(A: Matrix, B: Matrix, C: Matrix) -> tuple[tuple[tuple[sp.Expr, ...], ...], ...]:
    ring, above, _, common, scale = _resolvent(A, B, C)
    down = [scale * ring.power(common, k) for k in range(A.rows)]
    return tuple(
        tuple(tuple(_show(ring, above[k][i][j], down[k]) for k in range(A.rows)) for j in range(B.cols))
        for i in range(C.rows)
    )


@lru_cache(maxsize=256)
def _in_z(A: Matrix, B: Matrix, C: Matrix, z: sp.Symbol, form: str) -> Matrix:
    if form not in ("expanded", "reduced", "factored"):
        raise ValueError(f"form is {form!r}; it must be 'expanded', 'reduced' or 'factored'")
    used = A.free_symbols | B.free_symbols | C.free_symbols
    if any(str(z) == str(s) for s in used):
        raise RnnsymError(
            f"the transform variable {z} is also a parameter of the system; give another name to one of them"
        )
    ring, above, below, common, scale = _resolvent(A, B, C)
    place = ring.generators.index(_Z)
    x = ring.context.gen(place)
    ring = replace(ring, generators=tuple(z if g == _Z else g for g in ring.generators))
    n = A.rows
    powers = [ring.context.constant(1)]
    for _ in range(n):
        powers.append(powers[-1] * common)
    # sum_k N_k z**(n-1-k) / (common**k scale), and the denominator, both times common**n scale
    zero = ring.context.constant(0)
    down = sum((c * powers[n - k] * scale * x ** (n - k) for k, c in enumerate(below)), zero)
    entries = []
    for i in range(C.rows):
        for j in range(B.cols):
            up = sum((above[k][i][j] * powers[n - k] * x ** (n - 1 - k) for k in range(n)), zero)
            if len(up) + len(down) > TERMS_SHOWN:
                raise LimitReached(
                    f"an entry has {len(up) + len(down)} terms, the limit is {TERMS_SHOWN}; use numerator and "
                    "denominator of the resolvent, or give numbers for some parameters"
                )
            up = settled(ring, up)
            if up.is_zero():
                entries.append(sp.S.Zero)
            elif form == "expanded" and not ring.relations:
                entries.append(_expanded(ring, up, down, place))
            else:
                f = ring.reduced(up, down)
                entries.append(ring.factored(*f) if form == "factored" else ring.quotient(*f))
    return Matrix(C.rows, B.cols, entries)


def _expanded(ring: Ring, up: fmpz_mpoly, down: fmpz_mpoly, place: int) -> sp.Expr:
    """up/down without a common factor free of z; factors in z stay."""
    parts = [*ring.coefficients(down, place).values(), *ring.coefficients(up, place).values()]
    common = min(parts, key=len)
    for p in parts:
        if common.is_constant() and abs(int(common.leading_coefficient())) == 1:
            break
        common = common.gcd(p)
    if down.leading_coefficient() < 0:
        common = -common
    return ring.quotient(up / common, down / common)


# ---------------------------------------------------------------------- elimination


def _in_one(x: Any, *polynomials: Any) -> tuple[Ring, int, list[tuple[fmpz_mpoly, fmpz_mpoly]]]:
    """A ring of all, the number of x in it, and the numerators with denominators, which must not contain x."""
    ring = Ring.over(x, *polynomials)
    if x not in ring.generators:
        raise RnnsymError(f"the expressions are no polynomials in {x}")
    place = ring.generators.index(x)
    if any(x in g.free_symbols for g in ring.generators if g != x):
        raise RnnsymError(f"the expressions are no polynomials in {x}: it occurs inside a function")
    found = []
    for p in polynomials:
        n, d = ring.fraction(sp.sympify(p))
        if d.degrees()[place]:
            raise RnnsymError(f"{p} has {x} in its denominator; give its numerator")
        found.append((n, d))
    return ring, place, found


def resultant(p: Any, q: Any, x: sp.Symbol) -> sp.Expr:
    """Res_x(p, q), expanded: 0 where p and q have a common root x, or both leading coefficients vanish.

    >>> from sympy.abc import a, b, x
    >>> resultant(x**2 + a*x + b, x - 1, x)
    a + b + 1
    """
    ring, place, ((n, d), (m, e)) = _in_one(x, p, q)
    k, l = int(n.degrees()[place]) if len(n) else 0, int(m.degrees()[place]) if len(m) else 0
    if n.is_zero() or m.is_zero():
        return sp.S.Zero
    return _show(ring, n.resultant(m, f"x{place}"), ring.product(ring.power(d, l), ring.power(e, k)))


def discriminant(p: Any, x: sp.Symbol) -> sp.Expr:
    """disc_x(p), expanded: 0 where p has a multiple root x.

    >>> from sympy.abc import a, b, x
    >>> discriminant(x**2 + a*x + b, x)
    a**2 - 4*b
    """
    ring, place, ((n, d),) = _in_one(x, p)
    degree = int(n.degrees()[place]) if len(n) else 0
    if degree < 1:
        raise RnnsymError(f"{p} has no {x}; its discriminant is not defined")
    return _show(ring, n.discriminant(f"x{place}"), ring.power(d, 2 * degree - 2))


def polynomial_gcd(p: Any, q: Any, x: sp.Symbol | None = None) -> sp.Expr:
    """The greatest common divisor, expanded and primitive; with x, that of polynomials in x alone (its content left out).

    >>> from sympy.abc import a, x
    >>> polynomial_gcd((x - a)*(x + 1), (x - a)*x, x)
    -a + x
    """
    ring = Ring.over(p, q) if x is None else _in_one(x, p, q)[0]
    n, m = (ring.fraction(sp.sympify(e)).numerator for e in (p, q))
    g = n.gcd(m)
    if g.is_zero():
        return sp.S.Zero
    if x is not None:
        place = ring.generators.index(x)
        content = ring.context.constant(0)
        for c in ring.coefficients(g, place).values():
            content = content.gcd(c)
        g = g / content
        lead = ring.coefficients(g, place)[int(g.degrees()[place])]
        g = -g if lead.leading_coefficient() < 0 else g
    return ring.expression(g.primitive()[1])
