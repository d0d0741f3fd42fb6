"""Every stratum of the poles and zeros of one channel: which of them are there for which parameters.

With H = N/D over D = det(zI - A), the number of common roots of N and D is n less the rank of N at the companion matrix
of D, and the number of the first subresultant coefficient that is not 0. Where there are k, the subresultant of order k - 1
vanishes, and its cofactors are D and N over their greatest common divisor: polynomials in the parameters, of which no
division by that divisor is needed. `poles` and `zeros` are the first row of these tables, under its condition.

Source: the subresultant theorem (Collins 1967). May import: everything to the left of `analysis.cancellation`.
"""

from __future__ import annotations

from typing import Any

import sympy as sp

from rnnsym import exact
from rnnsym.analysis.filters import (
    Fractions,
    arguments,
    factors_in,
    fractions_in,
    horner,
    linear_system,
    nonzero,
    unused,
)
from rnnsym.analysis.poles import KAILATH, pairs, resultant_of
from rnnsym.defined import Pairs, Poles, Zeros
from rnnsym.exact import factored, is_zero, normal, rank_strata
from rnnsym.result import NoClosedForm, Result, RnnsymError, Source, SpecError
from rnnsym.systems import LinearSystem

COLLINS = Source("collins1967", "Collins, G. E.", "Subresultants and reduced polynomial remainder sequences", 1967, doi="10.1145/321371.321381")  # fmt: skip
ROWS = 40  # cases of one table

Row = tuple[Pairs, Any]
Z = sp.Dummy("z")


def pole_strata(model: Any) -> Result:
    """The poles of H for all parameters, (value, multiplicity) with multiplicities by cases: 0 where a zero cancels it.

    More than two cases are numbered by s, in `where`. One input and one output. An entry of multiplicity 0 may have no value there.
    Raises: SpecError for several channels; NoClosedForm if there are too many cases (see poles: its hypothesis).
    Source: kailath1980; collins1967.

    >>> a, b, c = sp.symbols("a b c")
    >>> pole_strata(LinearSystem([[a]], [[b]], readout="previous")).rhs
    ((a, Piecewise((1, Ne(b, 0)), (0, True))),)
    """
    system, whole = _channel(model)
    above, below = whole.numerator[0][0], whole.denominator
    rows: list[Row] = []
    for common, condition in _common_roots(above, below, system.given):
        if common == 0:
            rows.append((pairs(horner(below, Z), Z), condition))
        elif common == system.n:
            rows.append((Pairs(), condition))
        elif common == 1 and (roots := _linear(below)) is not None:
            rows += _without_one(roots, above, condition)
        else:
            rows.append((_roots(exact.cofactor(above, below, common)[0]), condition))
    return _result(f"poles of the {system.name}", Poles(*arguments(system), system.n), rows, system.given)


def zero_strata(model: Any) -> Result:
    """The zeros of H for all parameters, (value, multiplicity) with multiplicities by cases: 0 where a pole cancels it,
    and where it moves to infinity because the numerator loses its first coefficient.

    One input and one output. An entry of multiplicity 0 may have no value there.
    Given:  H is not 0.
    Raises: SpecError for several channels; RnnsymError if H is 0 for all parameters; NoClosedForm for too many cases.
    Source: kailath1980; collins1967.

    >>> a = sp.Symbol("a")
    >>> zero_strata(LinearSystem([[a]], [[1]])).rhs
    ((0, Piecewise((1, Ne(a, 0)), (0, True))),)
    """
    system, whole = _channel(model)
    above, below = whole.numerator[0][0], whole.denominator
    if all(is_zero(c) for c in above):
        raise RnnsymError("H is 0 for all parameters: it has no zeros (each z is one)")
    n = system.n
    first = next(i for i, c in enumerate(above) if not is_zero(c))
    rows: list[Row] = []
    for common, condition in _common_roots(above, below, system.given):
        parts = above if common == 0 else exact.cofactor(above, below, common)[1] if common <= n else ()
        start, full = first, True
        while start <= n - common:
            lead = nonzero(above[start])
            if lead != sp.false:
                case = sp.And(condition, lead)
                roots = _linear(above[start:]) if common == 1 and full else None
                rows += _without_one(roots, below, case) if roots is not None else [(_roots(parts[start:]), case)]
                full = False
            if lead == sp.true:
                break
            start += 1
    given = sp.true if any(nonzero(c) == sp.true for c in above) else sp.Or(*(nonzero(c) for c in above if c != 0))
    return _result(f"zeros of the {system.name}", Zeros(*arguments(system), n), rows, sp.And(system.given, given))


def _channel(model: Any) -> tuple[LinearSystem, Fractions]:
    system = linear_system(model, "a pole or zero")
    if (system.m, system.p) != (1, 1):
        raise SpecError(
            f"strata of poles and zeros are of one input and one output; this system has {system.m} inputs and "
            f"{system.p} outputs: choose a column of B and a row of C, or see poles, zeros and mcmillan_form"
        )
    return system, fractions_in(system)


def _common_roots(above: Any, below: Any, given: Any) -> list[tuple[int, Any]]:
    """(number of common roots, condition), of which the first that holds is right."""
    n = len(below) - 1
    if n == 0:
        return [(0, sp.true)]
    if n <= 2:
        companion = sp.ImmutableMatrix(n, n, lambda i, j: -below[n - j] if i == n - 1 else int(j == i + 1))
        value = sp.zeros(n, n)
        for c in above:
            value = (companion * value + c * sp.eye(n)).applyfunc(normal)
        return [(n - rank, condition) for rank, condition in rank_strata(sp.ImmutableMatrix(value), given)]
    found: list[tuple[int, Any]] = []
    for k in range(n):  # the first subresultant coefficient that is not 0
        condition = nonzero(exact.cofactor(above, below, k)[0][0] if k else _resultant(above, below))
        if condition != sp.false:
            found.append((k, condition))
        if condition == sp.true:
            return found
    return [*found, (n, sp.true)]


def _resultant(above: Any, below: Any) -> Any:
    top = horner(above, Z)
    return resultant_of(top, horner(below, Z), Z)


def _linear(coefficients: Any) -> list[Any] | None:
    """The roots of a polynomial that is a product of linear factors for all parameters, else None."""
    polynomial = horner(coefficients, Z)
    if Z not in polynomial.free_symbols:
        return None
    found = []
    for factor, count in factors_in(polynomial, Z):
        if sp.degree(factor, Z) != 1:
            return None
        found += [normal(-factor.subs(Z, 0))] * count
    return found


def _without_one(roots: list[Any], other: Any, condition: Any) -> list[Row]:
    """The rows in which one of the roots is a root of the other polynomial."""
    rows: list[Row] = []
    distinct = list(dict.fromkeys(roots))
    for k, root in enumerate(distinct):
        rest = list(roots)
        rest.remove(root)
        value = factored(horner(other, Z).subs(Z, root))
        meets = sp.And(*[]) if k == len(distinct) - 1 else _zero(value)
        if meets != sp.false:
            rows.append((_counted(rest), sp.And(condition, meets)))
    return rows


def _zero(value: Any) -> Any:
    if is_zero(value):
        return sp.true
    top = sp.fraction(sp.together(value))[0]
    condition = nonzero(top)
    return (
        sp.Not(condition)
        if condition in (sp.true, sp.false)
        else sp.Or(*(sp.Eq(*c.args) for c in sp.And.make_args(condition)))
    )


def _counted(roots: list[Any]) -> Pairs:
    return Pairs(*(sp.Tuple(r, sp.Integer(roots.count(r))) for r in dict.fromkeys(roots)))


def _roots(coefficients: Any) -> Pairs:
    """The roots of a polynomial whose first coefficient is not 0 where they are asked for."""
    if len(coefficients) == 1:
        return Pairs()
    if len(coefficients) == 3 and (_linear(coefficients) is None):
        first, second, third = map(factored, coefficients)
        root = sp.sqrt(factored(second**2 - 4 * first * third))
        middle, half = normal(-second / (2 * first)), root / (2 * first)
        return Pairs(*(sp.Tuple(middle + sign * half, sp.S.One) for sign in (-1, 1)))
    return pairs(horner([sp.S.One, *(normal(c / coefficients[0]) for c in coefficients[1:])], Z), Z)


def _result(name: str, node: Any, rows: list[Row], given: Any) -> Result:
    """One entry for each value of any row, its multiplicity by cases: those of the rows, numbered if they are many."""
    if len(rows) > ROWS:
        raise NoClosedForm(
            f"the {name} have {len(rows)} cases; give numbers for some parameters, or see poles and zeros"
        )
    values = list(dict.fromkeys(value for found, _ in rows for value, _ in found))
    letter = next((sp.Symbol(s) for s in ("z", "w", "zeta") if sp.Symbol(s) not in node.free_symbols), Z)
    where: tuple[tuple[Any, Any], ...] = ()
    if len(rows) > 2:  # SymPy would join the cases of one number, and multiply their conditions out
        case = unused(sp.Symbol("s", integer=True, nonnegative=True), node)
        where = ((case, _cases([(sp.Integer(i), condition) for i, (_, condition) in enumerate(rows)])),)
        rows = [(found, sp.Eq(case, i)) for i, (found, _) in enumerate(rows)]
    entries = []
    for value in values:
        counts = [next((count for v, count in found if v == value), sp.S.Zero) for found, _ in rows]
        if where:
            kinds = [k for k in dict.fromkeys(counts) if k != 0]
            chosen = [(k, sp.Or(*(c for (_, c), n in zip(rows, counts, strict=True) if n == k))) for k in kinds]
            count = sp.Piecewise(*chosen, (0, True)) if 0 in counts or len(kinds) > 1 else kinds[0]
        else:
            count = _cases([(n, c) for n, (_, c) in zip(counts, rows, strict=True)])
        shown = sp.Poly(value.as_expr().subs(value.gen, letter), letter) if isinstance(value, sp.Poly) else value
        entries.append(sp.Tuple(shown, count))
    return Result(f"strata of the {name}", node, "=", Pairs(*entries), given, where, source=(KAILATH, COLLINS))


def _cases(cases: list[Any]) -> Any:
    return sp.Piecewise(*cases[:-1], (cases[-1][0], True))
