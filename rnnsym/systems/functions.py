"""Functions of a matrix in closed form, f(A) for f(x) = x^t and e^(x dt), right at repeated and at zero eigenvalues.

Newton's form of Hermite interpolation on the eigenvalues x_1, ..., x_n, repeated ones included, is true for every A:
    f(A) = sum_k f[x_1, ..., x_k] (A - x_1 I) ... (A - x_(k-1) I).
The divided differences f[...] carry the cases: f[a, b] = (f(a) - f(b)) / (a - b) where a is not b, and f'(a) where it is.
The two sums that occur with them are divided differences with one more node:
    I + A + ... + A^(t-1)           has  g(x) = f[x, 1],  f(x) = x^t       (right where 1 is an eigenvalue)
    integral_0^dt e^(A s) ds        has  g(x) = f[x, 0],  f(x) = e^(x dt)  (right for singular A)
A triangular matrix needs no interpolation: its entries are sums over paths of divided differences of its diagonal. For
2 x 2 matrices of real entries a complex pair is written by modulus and angle, so that everything stays real.
Source: Higham, N. J., Functions of Matrices (SIAM, 2008), sections 1.2 and 4.6.

May import: everything to the left of `systems`. A new function is a subclass of `Function`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import sympy as sp

from rnnsym import exact
from rnnsym.exact import factored, is_zero, normal
from rnnsym.result import LimitReached, NoClosedForm

PARTITIONS = 60  # cases of coinciding eigenvalues in one divided difference


class Function:
    """A scalar function by its Taylor coefficients f^(k)(x) / k!; `node` is the additional node of its sum."""

    node: Any = sp.S.Zero

    def coefficient(self, k: int, x: Any) -> Any:
        raise NotImplementedError

    def pair(self, trace: Any, determinant: Any, spread: Any) -> tuple[Any, Any]:
        """(f(x) + f(y)) / 2 and (f(x) - f(y)) / (x - y) of a complex pair, spread = 4 determinant - trace^2 > 0."""
        raise NotImplementedError


@dataclass(frozen=True)
class Power(Function):
    """x^t for a whole number t >= 0; its sum is 1 + x + ... + x^(t-1)."""

    t: Any
    node: Any = sp.S.One

    def coefficient(self, k: int, x: Any) -> Any:
        t = self.t
        if t.is_Integer:
            return sp.binomial(t, k) * x ** (t - k) if t >= k else sp.S.Zero
        if is_zero(x):
            return sp.Piecewise((1, sp.Eq(t, k)), (0, True))
        front = sp.prod([t - j for j in range(k)]) / sp.factorial(k)
        value = front * x ** (t - k)
        if k == 0 or never_zero(x):
            return value
        return sp.Piecewise((0, sp.Lt(t, k)), (value, True))

    def pair(self, trace: Any, determinant: Any, spread: Any) -> tuple[Any, Any]:
        modulus, width = sp.sqrt(determinant), sp.sqrt(spread)
        angle = 2 * sp.atan(width / (trace + 2 * modulus))
        return modulus**self.t * sp.cos(self.t * angle), 2 * modulus**self.t * sp.sin(self.t * angle) / width


@dataclass(frozen=True)
class Exponential(Function):
    """e^(x dt); its sum is the integral of e^(x s) over 0 <= s <= dt."""

    dt: Any
    node: Any = sp.S.Zero

    def coefficient(self, k: int, x: Any) -> Any:
        return self.dt**k * sp.exp(x * self.dt) / sp.factorial(k)

    def pair(self, trace: Any, determinant: Any, spread: Any) -> tuple[Any, Any]:
        width = sp.sqrt(spread)
        decay, angle = sp.exp(trace * self.dt / 2), self.dt * width / 2
        return decay * sp.cos(angle), 2 * decay * sp.sin(angle) / width


def never_zero(expression: Any) -> bool:
    """Whether an expression is 0 for no values of its symbols (as far as their assumptions tell)."""
    if not expression.free_symbols:
        return is_zero(expression) is False
    return expression.is_zero is False


def differ(x: Any, y: Any) -> Any:
    """The condition x != y in normal form; true or false where it is decided."""
    gap = factored(x - y)
    if is_zero(gap):
        return sp.false
    gap = gap.as_coeff_Mul()[1] if gap.free_symbols else gap
    while isinstance(gap, sp.Pow) and gap.exp.is_positive:
        gap = gap.base
    gap = -gap if gap.could_extract_minus_sign() else gap
    return sp.true if never_zero(gap) else sp.Ne(gap, 0)


def divided_difference(f: Function, nodes: Sequence[Any]) -> Any:
    """f[x_1, ..., x_k]: a Piecewise over every way in which the nodes can coincide.

    >>> a, b = sp.symbols("a b")
    >>> divided_difference(Exponential(sp.S.One), [a, b])
    Piecewise(((exp(a) - exp(b))/(a - b), Ne(a - b, 0)), (exp(a), True))
    """
    cases = []
    for groups in sorted(_partitions(list(nodes)), key=len, reverse=True):
        apart = [differ(g[0], h[0]) for g, h in combinations(groups, 2)]
        together = [sp.Not(differ(g[0], x)) for g in groups for x in g[1:]]
        condition = sp.And(*apart, *together)
        if condition != sp.false:
            cases.append((_confluent(f, groups), condition))
        if len(cases) > PARTITIONS:
            raise LimitReached(
                f"{len(nodes)} eigenvalues can coincide in more than {PARTITIONS} ways; give numbers for some entries"
            )
    if len(cases) == 1:
        return cases[0][0]
    return sp.Piecewise(*cases[:-1], (cases[-1][0], True))


def _partitions(nodes: list[Any]) -> Iterator[list[list[Any]]]:
    """The ways to group nodes into coinciding ones, those that certainly coincide always together."""
    if not nodes:
        yield []
        return
    first, rest = nodes[0], nodes[1:]
    for groups in _partitions(rest):
        same = [g for g in groups if any(is_zero(first - x) for x in g)]
        if len(same) == 1:
            yield [[first, *g] if g is same[0] else g for g in groups]
        elif not same:
            yield [[first], *groups]
            for k, g in enumerate(groups):
                if not any(never_zero(normal(first - x)) for x in g):
                    yield [*groups[:k], [first, *g], *groups[k + 1 :]]


def _confluent(f: Function, groups: list[list[Any]]) -> Any:
    """The divided difference where exactly the nodes of a group coincide."""
    nodes = [next((x for x in g if not x.free_symbols), g[0]) for g in groups for _ in g]
    labels = [k for k, g in enumerate(groups) for _ in g]
    table = {(i, i): f.coefficient(0, x) for i, x in enumerate(nodes)}
    for width in range(1, len(nodes)):
        for i in range(len(nodes) - width):
            j = i + width
            if labels[i] == labels[j]:
                table[i, j] = f.coefficient(width, nodes[i])
            else:
                table[i, j] = (table[i, j - 1] - table[i + 1, j]) / normal(nodes[i] - nodes[j])
    return table[0, len(nodes) - 1]


# The eigenvalues


def spectrum(A: Any) -> list[tuple[Any, int]]:
    """Eigenvalues with multiplicity, in closed form; (factor of the characteristic polynomial in `x`, multiplicity)
    where a root has none. Values that coincide only for special parameters stand apart.

    >>> a, b = sp.symbols("a b")
    >>> spectrum(sp.Matrix([[a, b], [b, a]]))
    [(a - b, 1), (a + b, 1)]
    """
    if A.is_upper or A.is_lower:
        return _counted([A[i, i] for i in range(A.rows)])
    found: list[tuple[Any, int]] = []
    for factor, count in characteristic_factors(A):
        roots = _roots(factor)
        found += [(factor, count)] if roots is None else [(r, count) for r in roots]
    return found


X = sp.Dummy("lambda")


def characteristic_factors(A: Any) -> list[tuple[Any, int]]:
    """The irreducible factors of det(lambda I - A) over the rationals and the parameters, with multiplicity."""
    coefficients = exact.characteristic_polynomial(A)
    polynomial = factored(sp.Add(*(c * X**k for k, c in enumerate(reversed(coefficients)))))
    found: list[tuple[Any, int]] = []
    for part in sp.Mul.make_args(polynomial):
        base, power = (part.base, int(part.exp)) if isinstance(part, sp.Pow) and part.exp.is_Integer else (part, 1)
        if X in base.free_symbols:
            leading = sp.Poly(base, X).LC()
            found.append((sp.expand(-base) if leading == -1 else base, power))
    return sorted(found, key=lambda pair: (sp.Poly(pair[0], X).degree(), str(pair[0])))


def _roots(factor: Any) -> list[Any] | None:
    """The roots of a factor of degree 1 or 2, or of x^k - c."""
    leading, *rest = sp.Poly(factor, X).all_coeffs()
    coefficients = [normal(c / leading) for c in rest]
    degree = len(coefficients)
    if degree == 1:
        return [-coefficients[0]]
    if degree == 2:
        p, q = coefficients
        root = sp.sqrt(factored(p**2 - 4 * q))
        return [(-p - root) / 2, (-p + root) / 2] if p.free_symbols | q.free_symbols else [
            sp.expand((-p - root) / 2), sp.expand((-p + root) / 2)]  # fmt: skip
    if all(is_zero(c) for c in coefficients[:-1]) and degree <= 12:
        radius = sp.root(-coefficients[-1], degree)
        return [radius * sp.exp(2 * sp.pi * sp.I * k / degree) for k in range(degree)]
    return None


def _counted(values: Sequence[Any]) -> list[tuple[Any, int]]:
    found: list[tuple[Any, int]] = []
    for v in values:
        for k, (w, count) in enumerate(found):
            if is_zero(v - w):
                found[k] = (w, count + 1)
                break
        else:
            found.append((v, 1))
    return found


# Functions of the matrix


def function_of(A: Any, f: Function, summed: bool = False, names: tuple[str, ...] = ("c",)) -> tuple[Any, Any]:
    """f(A), or the sum that belongs to f, as (matrix, where): named coefficients where they keep it short.

    Raises: NoClosedForm if an eigenvalue has no closed form.
    """
    A = sp.ImmutableMatrix(A)
    n = A.rows
    if n == 0:
        return A, ()
    if A.is_upper:
        return _triangular(A, f, summed), ()
    if A.is_lower:
        return _triangular(A.T, f, summed).T, ()
    if n == 2:
        return _two(A, f, summed, names[0])
    nodes: list[Any] = []
    for value, count in spectrum(A):
        if X in value.free_symbols:
            text = str(value.subs(X, sp.Symbol("lambda")))
            shown = text if len(text) <= 100 else f"{text[:60]} ... of {len(sp.Add.make_args(value))} terms"
            raise NoClosedForm(
                f"an eigenvalue of A has no closed form (a root of {shown}); give numbers for some entries, or a whole number of "
                "steps; stability_conditions(A) has the Schur-Cohn conditions on such roots"
            )
        nodes += [value] * count
    extra = [f.node] if summed else []
    where, total, product = [], sp.zeros(n, n), sp.eye(n)
    for k, node in enumerate(nodes):
        symbol = fresh(f"{names[0]}_{k}", A, f)
        where.append((symbol, divided_difference(f, [*nodes[: k + 1], *extra])))
        total = total + symbol * product
        product = ((A - node * sp.eye(n)) * product).applyfunc(normal)
    return sp.ImmutableMatrix(total), tuple(where)


def _triangular(A: Any, f: Function, summed: bool) -> Any:
    """Entry (i, j): the sum over paths i < k < ... < j of the products of entries times f[a_ii, a_kk, ..., a_jj]."""
    n, extra = A.rows, [f.node] if summed else []
    differences: dict[tuple[Any, ...], Any] = {}

    def entry(i: int, j: int) -> Any:
        total = sp.S.Zero
        for size in range(j - i):
            for inner in combinations(range(i + 1, j), size):
                path = (i, *inner, j)
                weight = sp.prod([A[a, b] for a, b in zip(path, path[1:], strict=False)])
                if is_zero(weight):
                    continue
                nodes = tuple(A[k, k] for k in path)
                if nodes not in differences:
                    differences[nodes] = divided_difference(f, [*nodes, *extra])
                total += weight * differences[nodes]
        return total

    diagonal = [divided_difference(f, [A[i, i], *extra]) for i in range(n)]
    return sp.ImmutableMatrix(n, n, lambda i, j: diagonal[i] if i == j else entry(i, j) if i < j else 0)


def _two(A: Any, f: Function, summed: bool, name: str) -> tuple[Any, Any]:
    """f(A) = s I + d (A - tr/2 I), with s the mean of f on the eigenvalues and d its divided difference."""
    trace = normal(A[0, 0] + A[1, 1])
    determinant = factored(A[0, 0] * A[1, 1] - A[0, 1] * A[1, 0])
    gap = factored(trace**2 - 4 * determinant)
    s, d = fresh(f"{name}_0", A, f), fresh(f"{name}_1", A, f)
    mean, slope = _mean_and_slope(f, trace, determinant, gap)
    where = [(s, mean), (d, slope)]
    centered = (A - trace / 2 * sp.eye(2)).applyfunc(normal)
    if not summed:
        return sp.ImmutableMatrix(s * sp.eye(2) + d * centered), tuple(where)
    # With N = A - c I for the node c, f(A) = p I + d N and adj N = tr N I - N: where N is invertible
    # N^-1 (f(A) - f(c) I) = u I + v N, u = (p - f(c)) tr N / det N + d, v = -(p - f(c)) / det N.
    c = f.node
    u, v = fresh(f"{name}_2", A, f), fresh(f"{name}_3", A, f)
    trace_N, determinant_N = normal(trace - 2 * c), factored(determinant - c * trace + c**2)
    step = s + d * (c - trace / 2) - f.coefficient(0, c)
    other = normal(trace - c)
    singular = (f.coefficient(1, c), divided_difference(f, [c, c, other]))
    if is_zero(determinant_N):
        first, second = singular
        where = []
    else:
        regular = (step * trace_N / determinant_N + d, -step / determinant_N)
        invertible = sp.true if never_zero(determinant_N) else sp.Ne(determinant_N, 0)
        first, second = (
            r if invertible == sp.true else sp.Piecewise((r, invertible), (o, True))
            for r, o in zip(regular, singular, strict=True)
        )
    where += [(u, first), (v, second)]
    return sp.ImmutableMatrix(u * sp.eye(2) + v * (A - c * sp.eye(2))), tuple(where)


def _mean_and_slope(f: Function, trace: Any, determinant: Any, gap: Any) -> tuple[Any, Any]:
    root = sp.sqrt(gap)
    x, y = (trace + root) / 2, (trace - root) / 2
    apart = ((f.coefficient(0, x) + f.coefficient(0, y)) / 2, (f.coefficient(0, x) - f.coefficient(0, y)) / root)
    double = (f.coefficient(0, trace / 2), f.coefficient(1, trace / 2))
    if is_zero(gap):
        return double
    real = bool(trace.is_real and determinant.is_real)
    if real and gap.is_negative:
        return f.pair(trace, determinant, factored(-gap))
    if (real and gap.is_positive) or (not real and never_zero(gap)):
        return apart
    if not real:
        mean, slope = (sp.Piecewise((a, sp.Ne(gap, 0)), (b, True)) for a, b in zip(apart, double, strict=True))
        return mean, slope
    turning = f.pair(trace, determinant, factored(-gap))
    mean, slope = (
        sp.Piecewise((a, sp.Gt(gap, 0)), (b, sp.Lt(gap, 0)), (e, True))
        for a, b, e in zip(apart, turning, double, strict=True)
    )
    return mean, slope


def fresh(name: str, *avoid: Any) -> Any:
    """A symbol whose name is not among those of the expressions (or functions) given."""
    taken: set[str] = set()
    for e in avoid:
        parts = vars(e).values() if isinstance(e, Function) else (e,)
        taken |= {getattr(s, "name", str(s)) for part in parts for s in getattr(part, "free_symbols", set())}
    while name in taken:
        name = name.replace("_", "c_", 1) if "_" in name else f"{name}_0"
    return sp.Symbol(name)
