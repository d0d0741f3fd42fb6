"""The generators of a ring: found in one walk over the expressions, with the lattice on which their powers lie.

What they are and why stands in `fields`, whose `Ring` is built from a `Collector`. May be imported: SymPy, `rnnsym.result`.
To teach the ring another theorem of independence: `certified`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import gcd, lcm
from typing import Any, NamedTuple, TypeAlias

import sympy as sp
from sympy.core.function import Function

from rnnsym.result import RnnsymError

Rewrite: TypeAlias = Callable[[sp.Expr], sp.Expr | None]
Entry: TypeAlias = sp.Expr | tuple[tuple[int | sp.Expr, int], ...]
Kind: TypeAlias = tuple[sp.Expr, sp.Expr] | None


EXPONENT_LIMIT = 10_000
"""Exponentials are powers of one generator up to this power; exp of numbers of 17 digits would be powers of 10**17."""


class UndefinedExpression(RnnsymError, ZeroDivisionError):
    """An expression divides by something that is identically zero."""


class Generators(NamedTuple):
    """ordered: the generators; kinds: (base, m) of each that is a power base**(step m); eliminated: symbols that are powers."""

    ordered: tuple[sp.Expr, ...]
    kinds: Mapping[sp.Expr, Kind]
    steps: Mapping[tuple[sp.Expr, sp.Expr], sp.Rational]
    eliminated: set[sp.Expr]
    simple: bool


class Collector:
    """Finds the generators of a ring: one walk over the expressions, then the lattice of the powers."""

    def __init__(self, over: Callable[..., Any], rewrite: Rewrite | None) -> None:
        self.over, self.rewrite = over, rewrite  # over: the ring of other expressions, with the same rewriting
        self.atoms: set[sp.Expr] = set()
        self.seen: set[sp.Expr] = set()
        self.table: dict[sp.Expr, Entry] = {}
        self.powers: dict[sp.Expr, list[tuple[sp.Expr, sp.Expr]]] = {}

    def visit(self, e: sp.Expr) -> None:
        if isinstance(e, sp.Rational) or e in self.seen:
            return
        if type(e) is sp.Symbol and e.is_commutative:
            self.seen.add(e)
            self.atoms.add(e)
            return
        if not isinstance(e, sp.Expr) or getattr(e, "is_Matrix", False):
            raise TypeError(f"{e} is no scalar expression; the exact room takes SymPy expressions of scalars")
        if e.is_Float:
            raise RnnsymError(f"{e} is a floating point number, and the algebra is exact; pass Rational('{e}') instead")
        if e in (sp.S.Infinity, sp.S.NegativeInfinity, sp.S.ComplexInfinity, sp.S.NaN):
            raise UndefinedExpression(f"{e} is no number; the exact room takes finite expressions")
        if e.is_commutative is False:
            raise RnnsymError(f"{e} does not commute; the exact room takes commutative expressions")
        self.seen.add(e)
        if isinstance(e, sp.Symbol):
            self.atoms.add(e)
        elif isinstance(e, (sp.Add, sp.Mul)):
            for arg in e.args:
                self.visit(arg)
        elif isinstance(e, sp.Pow) and isinstance(e.exp, sp.Integer):
            self.visit(e.base)
        elif e is sp.I or e is sp.E or isinstance(e, (sp.Pow, sp.exp)):
            self.powers[e] = self.split(sp.S.NegativeOne, sp.S.Half) if e is sp.I else self.split(*e.as_base_exp())
        else:
            for number in e.atoms(sp.Float):
                self.visit(number)
            simpler = self.rewrite(e) if self.rewrite else None
            if simpler is None or simpler.has(
                e
            ):  # re(u) = (u + conjugate(u))/2 is no rule where SymPy writes re(u) - I*im(u)
                self.atoms.add(e)
            else:
                self.table[e] = simpler
                self.visit(simpler)

    def split(self, base: sp.Expr, exponent: sp.Expr) -> list[tuple[sp.Expr, sp.Expr]]:
        """base**exponent as a product of powers, by identities that hold for principal values everywhere."""
        if base is sp.E:
            result, rest = [], []
            if self.rewrite:
                inverse = {f: self.rewrite(f) for f in exponent.atoms(sp.acosh, sp.asinh, sp.atanh)}
                exponent = exponent.xreplace({f: logs for f, logs in inverse.items() if logs is not None})
            special = exponent.has(sp.log) or (exponent.has(sp.pi) and exponent.has(sp.I))
            for term in sp.Add.make_args(sp.expand(exponent)) if special else ():
                turns = term / (sp.I * sp.pi)
                logs = [arg for arg in sp.Mul.make_args(term) if isinstance(arg, sp.log)]
                if isinstance(turns, sp.Rational):
                    result.append((sp.S.NegativeOne, turns))
                elif len(logs) == 1 and not (term / logs[0]).has(sp.log):
                    result += self.split(logs[0].args[0], term / logs[0])
                else:
                    rest.append(term)
            return result + [(sp.E, sp.Add(*rest) if special else exponent)]
        if isinstance(base, sp.Rational):  # (u v)**e = u**e v**e if u > 0
            result = [(sp.S.NegativeOne, exponent)] if base < 0 else []
            for number, sign in ((abs(base.p), 1), (base.q, -1)):
                result += [(sp.Integer(q), sign * k * exponent) for q, k in sp.factorint(number, limit=2**15).items()]
            return result
        if isinstance(base, sp.Symbol):
            self.visit(base)
            return [(base, exponent)]
        inner = self.over(base)
        n, d = inner.fraction(base)
        if n.is_zero():
            raise UndefinedExpression(f"{base} is 0 and is raised to the power {exponent}")
        number = sp.S.One
        result, rest = [], sp.S.One
        for p, way in ((n, 1), (d, -1)):
            content, found = inner.factors(p)
            number *= sp.Integer(content) ** way
            for f, k in found:
                factor = inner.expression(f)
                if factor.is_nonpositive:
                    factor, number = -factor, number * (-1) ** k
                if factor.is_nonnegative:
                    b, e = factor.as_base_exp()
                    if b.is_nonnegative and e.is_real and e != 1:
                        result += self.split(b, e * way * k * exponent)
                    else:
                        result.append((factor, way * k * exponent))
                elif factor.is_real and k % 2 == 0:
                    result.append((factor**2, sp.Integer(way * k // 2) * exponent))
                else:
                    rest *= factor ** (way * k)
        result += self.split(abs(number), exponent)
        if rest is sp.S.One:
            result += [(sp.S.NegativeOne, exponent)] if number < 0 else []
        else:
            result.append((-rest if number < 0 else rest, exponent))
        for factor, _ in result:
            if not isinstance(factor, sp.Rational):
                self.visit(factor)
        return result

    def lattice(self) -> tuple[dict[sp.Expr, list[tuple[sp.Expr, sp.Expr, sp.Rational]]], bool]:
        """For each power its factors (base, m, c), meaning base**(c m); and whether the exponents are of Ax's kind."""
        result: dict[sp.Expr, list[tuple[sp.Expr, sp.Expr, sp.Rational]]] = {node: [] for node in self.powers}
        simple = True
        for base in {base for parts in self.powers.values() for base, _ in parts}:
            uses = [(node, e) for node, parts in self.powers.items() for b, e in parts if b == base and e != 0]
            symbolic = [(node, e) for node, e in uses if not isinstance(e, sp.Rational)]
            if base is sp.E and symbolic:
                symbolic = uses
            if symbolic:
                ring = self.over([e for _, e in symbolic])
                (rows,), common = ring.matrix([[e for _, e in symbolic]])
                content = int(common.content()) or 1
                below = ring.expression(common / content)
                for (node, _), p in zip(symbolic, rows, strict=True):
                    for monomial, c in p.terms():
                        m = ring.expression(ring.context.from_dict({monomial: 1})) / below
                        result[node].append((base, m, sp.Rational(int(c), content)))
                simple &= (
                    base is sp.E
                    and ring.independent
                    and all(isinstance(g, sp.Symbol) or i in ring.algebraic for i, g in enumerate(ring.generators))
                    and below == 1
                )
            result_of_numbers = [(node, e) for node, e in uses if (node, e) not in symbolic]
            for node, e in result_of_numbers:
                result[node].append((base, sp.S.One, e))
        return result, simple

    def generators(self) -> Generators:
        """The generators in their order, with what `fields` needs to build the ring; fills `table`."""
        factors, simple = self.lattice()
        multiples = _multiples(factors)
        far = {key for key, found in multiples.items() if key[0] is sp.E and _spread(found) > EXPONENT_LIMIT}
        if far:
            factors = {
                node: [_apart(part) if part[:2] in far else part for part in parts] for node, parts in factors.items()
            }
            multiples, simple = _multiples(factors), False
        steps: dict[tuple[sp.Expr, sp.Expr], sp.Rational] = {}
        generators: dict[sp.Expr, tuple[sp.Expr, sp.Expr] | None] = {}
        eliminated: dict[sp.Expr, tuple[sp.Expr, int]] = {}
        for (base, m), found in multiples.items():
            root = m is sp.S.One and base is not sp.E
            step = sp.Rational(gcd(*(c.p for c in found)), lcm(*(c.q for c in found)))
            step = sp.Rational(gcd(step.p, step.q), step.q) if root else step
            if root and step.q == 1:
                continue
            steps[base, m] = -step if max(found) < 0 and not root else step
            generator = sp.Pow(base, steps[base, m] * m)
            generators[generator] = (base, m)
            if root and base in self.atoms:
                eliminated[base] = (generator, step.q)
        for atom in self.atoms - set(eliminated):
            generators[atom] = None
        ordered = sorted(generators, key=lambda g: (not isinstance(g, sp.Symbol), sort_key(g)))
        index = {g: i for i, g in enumerate(ordered)}
        for atom in self.atoms:
            g, q = eliminated.get(atom, (atom, 1))
            self.table[atom] = ((index[g], q),)
        for node, parts in factors.items():
            entry: list[tuple[int | sp.Expr, int]] = []
            for base, m, c in parts:
                if (base, m) in steps:
                    step = steps[base, m]
                    entry.append((index[sp.Pow(base, step * m)], int(c / step)))
                else:
                    entry.append((base, int(c)))
            self.table[node] = tuple(entry)
        return Generators(tuple(ordered), generators, steps, set(eliminated), simple)


Factor = tuple[sp.Expr, sp.Expr, sp.Rational]  # (base, m, c): base**(c m)


def _multiples(factors: Mapping[sp.Expr, list[Factor]]) -> dict[tuple[sp.Expr, sp.Expr], list[sp.Rational]]:
    found: dict[tuple[sp.Expr, sp.Expr], list[sp.Rational]] = {}
    for parts in factors.values():
        for base, m, c in parts:
            found.setdefault((base, m), []).append(c)
    return found


def _spread(multiples: list[sp.Rational]) -> int:
    """The largest power of the generator of which all of them are powers."""
    below = lcm(*(c.q for c in multiples))
    return max(abs(c.p) * (below // c.q) for c in multiples) // gcd(*(c.p for c in multiples))


def _apart(factor: Factor) -> Factor:
    """The same power of a generator of its own."""
    base, m, c = factor
    return base, m * abs(c), sp.Rational(1 if c > 0 else -1)


def sort_key(e: sp.Basic) -> Any:
    """SymPy's default_sort_key, that of a symbol without its detours."""
    if type(e) is sp.Symbol:
        return ((2, 0, "Symbol"), (1, (e.name,)), _ONE, sp.S.One)
    if type(e) is sp.Dummy:
        return ((2, 0, "Dummy"), (2, (e.name, e.dummy_index)), _ONE, sp.S.One)
    return sp.default_sort_key(e)


_ONE = sp.S.One.sort_key()


def depth(e: sp.Basic) -> int:
    return 1 + max((depth(arg) for arg in e.args), default=0)


def stride(kind: tuple[sp.Expr, sp.Expr] | None, steps: Mapping[tuple[sp.Expr, sp.Expr], sp.Rational]) -> int:
    return 1 if kind is None or isinstance(kind[0], sp.Rational) else abs(steps[kind]).q


def is_plain(generators: Sequence[sp.Expr]) -> bool:
    """Whether SymPy leaves every product of powers of these as it is: bases differ, and no base is a number."""
    if all(isinstance(g, sp.Symbol) for g in generators):
        return True
    bases = [g.as_base_exp()[0] for g in generators]
    untouched = (
        getattr(sp.Expr, "_eval_power", None),
        getattr(Function, "_eval_power", None),
        getattr(sp.Pow, "_eval_power", None),
    )
    return (
        len(set(bases)) == len(bases)
        and not any(isinstance(b, sp.Rational) for b in bases)
        and all(
            isinstance(g, (sp.Symbol, sp.exp)) or getattr(type(g), "_eval_power", None) in untouched for g in generators
        )
    )


def certified(
    generators: Mapping[sp.Expr, tuple[sp.Expr, sp.Expr] | None],
    steps: Mapping[tuple[sp.Expr, sp.Expr], sp.Rational],
    eliminated: set[sp.Expr],
) -> bool:
    """Whether a polynomial reduced by the relations is 0 only if it is the polynomial 0.

    True for symbols, roots of one symbol, roots of primes together with I (Besicovitch 1940), and exponentials:
    e**u_i with algebraic functions u_i of the symbols, linearly independent over Q modulo constants, are
    algebraically independent over the rational functions (Ax 1971); with algebraic numbers u_i, over the algebraic
    numbers (Lindemann-Weierstrass). All else: unknown.
    """
    transcendental = 0
    exponentials = False
    symbols: set[sp.Expr] = set(eliminated)
    for g, kind in generators.items():
        if kind is None:
            if isinstance(g, sp.Symbol):
                symbols.add(g)
            elif g is sp.pi:
                transcendental += 1
            else:
                return False
        elif kind[0] is sp.E:
            exponentials = True
            transcendental += not kind[1].free_symbols
        elif kind[0] == -1:
            if kind[1] is not sp.S.One or steps[kind].q > 2:
                return False
        elif isinstance(kind[0], sp.Rational):
            if (
                kind[1] is not sp.S.One or kind[0] > 2**30
            ):  # beyond the trial division of factorint a base need not be prime
                return False
        elif not (isinstance(kind[0], sp.Symbol) and kind[0] in eliminated):
            return False
    if any(not isinstance(s, sp.Symbol) or s.is_zero is not None and s.is_zero for s in symbols):
        return False
    if sp.pi in generators and transcendental > 1 or exponentials and any(s.is_integer for s in symbols):
        return False
    return all(s.is_finite is not False for s in symbols)
