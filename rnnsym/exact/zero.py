"""Is it zero? And the reduced, factored form for reading.

An expression is zero identically or it is not, and for functions like tanh, sqrt and Abs no algorithm tells
in every case. So `is_zero` answers True or False only with a proof in hand, and None otherwise. The proofs,
in the order tried:

1. *Normal form.* All functions are rewritten to exponentials, logarithms and roots (`rewriting`), powers
   are put on a common lattice (`fields`), and the numerator is reduced by all known relations. If it is 0:
   True. If it is not, and the generators are certified to be independent: False.
2. *A witness.* At a rational point that has the symbols' assumptions and satisfies `given`, the value is
   enclosed in a ball (arb) that keeps away from 0: False. The precision grows; random points come from a
   fixed seed, so the answer never changes.
3. *Separation of roots.* A polynomial in algebraic numbers (nested radicals) satisfies an integer equation,
   found by resultants; its nonzero roots keep a known distance from 0 (Cauchy's bound). A ball closer than
   that is 0: True.
4. *Cases.* A Piecewise is zero if all its branches are, each under its own condition.

With hypotheses `given`, False comes from a witness alone: on h = 0 the polynomial h is zero. Signs stated
there (w > 0) become assumptions of the symbols, and equations that give a symbol are put in.

`normal` keeps the user's functions: tanh(x) stays tanh(x), a generator without relations, and the rewriting
serves only to notice that the whole is zero. May be imported: `fields`, `witness`, `balls`, `rnnsym.result`. A new
function: one line in `_IN_EXPONENTIALS`, which is an identity that holds wherever both sides are defined;
or the method `elementary()` of its class.
"""

from __future__ import annotations

import copyreg
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import lru_cache, partial
from typing import Any

import sympy as sp
from flint import fmpz_mpoly, fmpz_mpoly_ctx, fmpz_poly
from sympy.core.facts import InconsistentAssumptions
from sympy.core.relational import Relational
from sympy.logic.boolalg import Boolean

from rnnsym.exact import balls
from rnnsym.exact.fields import Relation, Ring
from rnnsym.exact.generators import Rewrite, UndefinedExpression
from rnnsym.exact.witness import enclosed, refuted
from rnnsym.result import LimitReached

CASES = 64
"""Branches of Piecewise functions looked at before cases are given up."""

_IN_EXPONENTIALS: Mapping[Any, Any] = {
    sp.sinh: lambda u: (sp.exp(u) - sp.exp(-u)) / 2,
    sp.cosh: lambda u: (sp.exp(u) + sp.exp(-u)) / 2,
    sp.tanh: lambda u: (sp.exp(2 * u) - 1) / (sp.exp(2 * u) + 1),
    sp.coth: lambda u: (sp.exp(2 * u) + 1) / (sp.exp(2 * u) - 1),
    sp.sech: lambda u: 2 * sp.exp(u) / (sp.exp(2 * u) + 1),
    sp.csch: lambda u: 2 * sp.exp(u) / (sp.exp(2 * u) - 1),
    sp.sin: lambda u: (sp.exp(sp.I * u) - sp.exp(-sp.I * u)) / (2 * sp.I),
    sp.cos: lambda u: (sp.exp(sp.I * u) + sp.exp(-sp.I * u)) / 2,
    sp.tan: lambda u: -sp.I * (sp.exp(2 * sp.I * u) - 1) / (sp.exp(2 * sp.I * u) + 1),
    sp.cot: lambda u: sp.I * (sp.exp(2 * sp.I * u) + 1) / (sp.exp(2 * sp.I * u) - 1),
    sp.sec: lambda u: 2 * sp.exp(sp.I * u) / (sp.exp(2 * sp.I * u) + 1),
    sp.csc: lambda u: 2 * sp.I * sp.exp(sp.I * u) / (sp.exp(2 * sp.I * u) - 1),
    sp.asinh: lambda u: sp.log(u + sp.sqrt(u**2 + 1)),
    sp.acosh: lambda u: sp.log(u + sp.sqrt(u + 1) * sp.sqrt(u - 1)),
    sp.atanh: lambda u: (sp.log(1 + u) - sp.log(1 - u)) / 2,
    sp.re: lambda u: (u + sp.conjugate(u)) / 2,
    sp.im: lambda u: (u - sp.conjugate(u)) / (2 * sp.I),
    sp.Max: lambda *us: _fold(us, 1),
    sp.Min: lambda *us: _fold(us, -1),
}


def _fold(us: tuple[sp.Expr, ...], way: int) -> sp.Expr:
    """max(a, b) = (a + b + |a - b|)/2, for the real numbers between which alone there is a maximum."""
    result = us[0]
    for u in us[1:]:
        gap = result - u
        result = (result + u + way * sp.Pow(gap**2, sp.S.Half, evaluate=False)) / 2
    return result


def rewriting() -> Rewrite:
    """A fresh rewriting of functions to exponentials, logarithms and roots, for `Ring.over`; identities only."""
    done: set[sp.Expr] = set()

    def rule(e: sp.Expr) -> sp.Expr | None:
        if e in done:
            return None
        if hasattr(e, "elementary"):
            return sp.sympify(e.elementary())
        if type(e) in _IN_EXPONENTIALS:
            return _IN_EXPONENTIALS[type(e)](*e.args)
        if not e.args or not all(isinstance(arg, sp.Expr) and not getattr(arg, "is_Matrix", False) for arg in e.args):
            return None
        if not isinstance(e, (sp.Abs, sp.log)):
            same = e.func(*[_canonical(arg, rule) for arg in e.args])
            done.add(same)
            return same
        ring = Ring.over(e.args[0], rewrite=rule)
        n, d = ring.fraction(e.args[0])
        if n.is_zero():
            return sp.S.Zero if isinstance(e, sp.Abs) else None
        parts = []
        for p, way in ((n, 1), (d, -1)):
            content, found = ring.factors(p)
            parts += [(sp.Integer(prime), way * k) for prime, k in sp.factorint(content, limit=2**15).items()]
            parts += [(ring.expression(f), way * k) for f, k in found]
        if isinstance(e, sp.Abs):  # |u| = sqrt(u conj(u)), factor by factor
            return sp.Mul(*[sp.Pow(_modulus(f), k) for f, k in parts])
        logs, rest = [], sp.S.One  # log(u v) = log(u) + log(v) if u > 0
        for f, k in parts:
            f, rest = (-f, rest * (-1) ** k) if f.is_negative else (f, rest)
            if f.is_positive:
                logs.append((f, k))
            else:
                rest *= f**k
        result = sp.Add(*[k * sp.log(f) for f, k in logs], sp.log(rest))
        done.update(sp.log(f) for f, _ in (*logs, (rest, 1)))
        return result

    return rule


def _modulus(u: sp.Expr) -> sp.Expr:
    if u.is_nonnegative:
        return u
    square = u**2 if u.is_real else u * sp.conjugate(u)
    return sp.Pow(square, sp.S.Half, evaluate=False)


def _canonical(e: sp.Expr, rule: Rewrite) -> sp.Expr:
    ring = Ring.over(e, rewrite=rule)
    return ring.factored(*ring.fraction(e))


def elementary_ring(*expressions: Any) -> Ring:
    """The ring over these expressions in which all known dependencies between their functions are resolved.

    >>> from sympy import sinh, tanh
    >>> from sympy.abc import x
    >>> elementary_ring(tanh(x), sinh(x)).generators
    (exp(x),)
    """
    return Ring.over(*expressions, rewrite=rewriting())


def is_zero(expression: Any, given: Any = True) -> bool | None:
    """True: identically zero, proved. False: not identically zero, proved. None: undecided. All where `given` holds.

    >>> from sympy import cos, exp, sin, sqrt
    >>> from sympy.abc import x, y
    >>> is_zero(sin(x)**2 + cos(x)**2 - 1), is_zero(exp(x + y) - exp(x)*exp(y)), is_zero(sqrt(x**2) - x)
    (True, True, False)
    >>> is_zero(sqrt(x**2) - x, given=x > 0)
    True
    """
    return _is_zero(sp.sympify(expression, strict=True), sp.sympify(given, strict=True))


@lru_cache(maxsize=4096)
def _is_zero(expression: sp.Expr, given: Boolean, cases: int = CASES) -> bool | None:
    if given is sp.S.false:
        return True  # there is no point to refute it
    simpler, hypotheses = under(expression, given)
    branches = _branches(simpler, hypotheses)
    if branches is not None:
        if len(branches) <= cases:
            if all(_is_zero_or_nowhere(branch, condition, cases // len(branches)) for branch, condition in branches):
                return True
        return False if refuted(expression, given) else None
    try:
        ring = elementary_ring(simpler)
        numerator, _ = ring.fraction(simpler)
    except (LimitReached, RecursionError):
        return False if refuted(expression, given) else None
    if numerator.is_zero():
        return True
    if ring.independent and given is sp.S.true:
        return False
    if refuted(expression, given):
        return False
    return True if _vanishes(ring, numerator) else None


def _is_zero_or_nowhere(branch: sp.Expr, condition: Boolean, cases: int) -> bool | None:
    try:
        return _is_zero(branch, condition, cases)
    except UndefinedExpression:  # a case in which the whole is not defined
        return True


def is_zero_in(ring: Ring, p: fmpz_mpoly) -> bool | None:
    """The same question for a polynomial of a ring, answered there if the ring can tell.

    >>> ring = Ring.over(sp.tanh(sp.Symbol("x")))
    >>> is_zero_in(ring, ring.context.gen(0))
    False
    """
    p, _ = ring.reduce(p)
    if p.is_zero():
        return True
    return False if ring.independent else is_zero(ring.expression(p))


@lru_cache(maxsize=4096)
def _normal(e: sp.Expr) -> sp.Expr:
    ring = Ring.over(e)
    n, d = ring.fraction(e)
    if n.is_zero() or (not ring.independent and is_zero(e)):
        return sp.S.Zero
    if not ring.independent and is_zero(ring.expression(d)):
        raise UndefinedExpression(f"{e} divides by zero everywhere")
    forms = [ring.factored(n, d)]
    forms += _with_pythagoras(e, ring)
    return min(forms, key=lambda form: form.count_ops())


def normal(expression: Any) -> sp.Expr:
    """The reduced and factored form for reading, in the user's own functions; equal wherever both are defined.

    >>> from sympy import sin, tanh
    >>> from sympy.abc import x, y
    >>> normal((1 - tanh(x)**2)/(1 + tanh(x))), normal(x/(x - y) + y/(y - x)), normal(1 - sin(x)**2)
    (1 - tanh(x), 1, cos(x)**2)
    """
    return _normal(sp.sympify(expression, strict=True))


def fraction(expression: Any) -> tuple[sp.Expr, sp.Expr]:
    """Numerator and denominator, expanded, without common factor and with integer coefficients.

    >>> from sympy.abc import x
    >>> fraction(1/x + 1/(2*x**2))
    (2*x + 1, 2*x**2)
    """
    e = sp.sympify(expression, strict=True)
    ring = Ring.over(e)
    n, d = ring.fraction(e)
    if not ring.independent and is_zero(e):
        return sp.S.Zero, sp.S.One
    return ring.expression(n), ring.expression(d)


def factored(expression: Any) -> sp.Expr:
    """The product of irreducible factors over the rational numbers, functions taken as indeterminates.

    >>> from sympy.abc import x, y
    >>> factored(2*x**2 - 2*y**2)
    2*(x - y)*(x + y)
    """
    e = sp.sympify(expression, strict=True)
    ring = Ring.over(e)
    return ring.factored(*ring.fraction(e))


def _as_it_stands(product: sp.Mul) -> tuple[Any, ...]:
    """How a product pickles and copies: with the number before its sum, where SymPy would multiply 2*(x + 1) out."""
    if len(product.args) == 2 and product.args[0].is_Number and product.args[1].is_Add:
        return partial(sp.Mul, evaluate=False), product.args
    return product.__reduce_ex__(2)


copyreg.pickle(sp.Mul, _as_it_stands)  # type: ignore[arg-type]  # what is read back needs SymPy alone


def _with_pythagoras(e: sp.Expr, ring: Ring) -> Iterator[sp.Expr]:
    """Forms by sin(u)**2 + cos(u)**2 = 1, and cosh(u)**2 - sinh(u)**2 = 1, solved for the one and for the other."""
    for odd, even, way in ((sp.sin, sp.cos, -1), (sp.sinh, sp.cosh, 1)):
        arguments = sorted({g.args[0] for g in ring.generators if isinstance(g, (odd, even))}, key=sp.default_sort_key)
        pairs = [(odd(u), even(u)) for u in arguments]
        if not pairs:
            continue
        wide = Ring.over(e, *pairs)
        index = {g: i for i, g in enumerate(wide.generators)}
        one = wide.context.constant(1)
        for solved in (0, 1):
            extra = []
            for pair in pairs:
                if pair[0] in index and pair[1] in index:  # not so if one of them stands under a root
                    other = wide.context.gen(index[pair[1 - solved]])
                    extra.append(
                        Relation(index[pair[solved]], 2, way * other**2 + (one if way < 0 or solved else -one), one)
                    )
            both = replace(wide, relations=(*wide.relations, *extra))
            n, d = both.fraction(e)
            yield both.factored(n, d)


# ---------------------------------------------------------------------- hypotheses


def under(e: sp.Expr, given: Boolean) -> tuple[sp.Expr, Boolean]:
    """The expression with what `given` says of single symbols put in: x = ..., x > 0. The rest of `given`, likewise."""
    for part in sp.And.make_args(given):
        if isinstance(part, sp.Eq):
            for symbol, value in (part.args, part.args[::-1]):
                if isinstance(symbol, sp.Symbol) and symbol not in value.free_symbols:
                    rest = sp.And(*(other for other in sp.And.make_args(given) if other != part))
                    return under(e.xreplace({symbol: value}), sp.sympify(rest.subs(symbol, value)))
    signs: dict[sp.Symbol, dict[str, bool]] = {}
    for part in sp.And.make_args(given):
        if isinstance(part, Relational) and part.rel_op in ("<", "<=", ">", ">="):
            strict = part.rel_op in ("<", ">")
            low, high = part.lts, part.gts
            if isinstance(high, sp.Symbol) and low.is_nonnegative:
                signs.setdefault(high, {})["positive" if strict or low.is_positive else "nonnegative"] = True
            if isinstance(low, sp.Symbol) and high.is_nonpositive:
                signs.setdefault(low, {})["negative" if strict or high.is_negative else "nonpositive"] = True
    known: dict[sp.Expr, sp.Expr] = {}
    for symbol, facts in signs.items():
        if facts.keys() == {"nonnegative", "nonpositive"}:
            known[symbol] = sp.S.Zero
            continue
        try:
            known[symbol] = sp.Symbol(symbol.name, **{**symbol.assumptions0, **facts})
        except InconsistentAssumptions:
            return e, given
    return e.xreplace(known), given.xreplace(known)


def _branches(e: sp.Expr, given: Boolean) -> list[tuple[sp.Expr, Boolean]] | None:
    """The cases of the first function defined by cases, or None if there is none."""
    found = sorted(e.atoms(sp.Piecewise, sp.sign, sp.Heaviside), key=sp.default_sort_key)
    for f in found:
        if isinstance(f, sp.Piecewise):
            pieces = f.args
        elif f.args[0].is_extended_real:
            u = f.args[0]
            at_zero = sp.S.Zero if isinstance(f, sp.sign) else f.args[1]
            pieces = (
                (sp.S.One, u > 0),
                (sp.S.Zero if isinstance(f, sp.Heaviside) else sp.S.NegativeOne, u < 0),
                (at_zero, sp.S.true),
            )
        else:
            continue
        result, before = [], given
        for value, condition in pieces:
            case = _decided(sp.And(before, condition), given)
            if case is not sp.S.false:
                result.append((e.xreplace({f: value}), case))
            before = sp.And(before, sp.Not(condition))
        return result
    return None


def _decided(case: Boolean, given: Boolean) -> Boolean:
    """False if the case contradicts what is given word for word; And itself notices x > 0 beside x <= 0."""
    parts = set(sp.And.make_args(case))
    return sp.S.false if any(sp.Not(part) in parts for part in parts) else case


# ---------------------------------------------------------------------- algebraic numbers


def _vanishes(ring: Ring, p: fmpz_mpoly) -> bool:
    """Whether p is 0 by separation of roots: its coefficients with respect to the symbols are algebraic numbers."""
    numbers = _algebraic_numbers(ring)
    constants: dict[tuple[int, ...], dict[tuple[int, ...], int]] = {}
    for monomial, c in p.terms():
        inside = tuple(e if i in numbers else 0 for i, e in enumerate(monomial))
        outside = tuple(0 if i in numbers else e for i, e in enumerate(monomial))
        constants.setdefault(outside, {})[inside] = c
    return all(_is_number_zero(ring, ring.context.from_dict(terms), numbers) for terms in constants.values())


def _algebraic_numbers(ring: Ring) -> set[int]:
    """Generators that are algebraic numbers: roots of numbers, and roots of expressions in such."""
    found = set(ring.algebraic)
    for relation in reversed(ring.relations):
        degrees = zip(relation.numerator.degrees(), relation.denominator.degrees(), strict=True)
        if all(max(pair) == 0 or i in found or i == relation.generator for i, pair in enumerate(degrees)):
            found.add(relation.generator)
    return found


def _is_number_zero(ring: Ring, p: fmpz_mpoly, numbers: set[int], most: int = 64) -> bool:
    relations = [r for r in ring.relations if r.generator in numbers]
    total = 1
    for r in relations:
        total *= r.degree
    if total > most:
        return False
    n = len(ring.generators)
    context = fmpz_mpoly_ctx.get(tuple(f"x{i}" for i in range(n + 1)), "lex")
    gens = context.gens()
    annihilator = gens[n] - p.compose(*gens[:n], ctx=context)
    for r in relations:  # from the top of the tower down: what is eliminated does not come back
        equation = r.denominator.compose(*gens[:n], ctx=context) * gens[r.generator] ** r.degree
        equation -= r.numerator.compose(*gens[:n], ctx=context)
        annihilator = annihilator.resultant(equation, f"x{r.generator}")
    coefficients = [0] * (int(annihilator.degrees()[n]) + 1)
    for monomial, c in annihilator.terms():
        if any(monomial[:n]):
            return False
        coefficients[int(monomial[n])] = int(c)
    while coefficients and coefficients[0] == 0:
        coefficients.pop(0)
    if not coefficients:
        return False
    squarefree = [int(c) for c in fmpz_poly(coefficients)]
    low, high = abs(squarefree[0]), max(abs(c) for c in squarefree)
    # Cauchy: every root of c_0 + ... + c_n t^n has |t| >= |c_0| / (|c_0| + max |c_i|)
    bits = (low + high).bit_length() - low.bit_length() + 1
    with balls.precision(30 + int(bits * 0.31) + 20):
        value = enclosed(ring.expression(p), {})
        if value is None:
            return False
        return bool(value.abs_upper() * (low + high) < low)
