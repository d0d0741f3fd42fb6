"""Polynomials back to SymPy: the expanded sum, term by term, equal to what SymPy's own constructors give.

The way back costs more than the algebra from five symbolic states on, so nothing is evaluated twice and nothing is read
that is 0: FLINT's text of a polynomial (3*x0^2*x5 - x1) lists the exponents that are there, where its table holds one
number for each generator of each term. Every atom (a number, a power of a generator) gets one character, in the order of
SymPy's `Basic.compare`; a term is then a short string, terms are sorted as strings, and `Add` and `Mul` are made of
arguments that are in order already.

May be imported: SymPy, python-flint.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import cmp_to_key
from typing import Any

import sympy as sp
from flint import fmpz_mpoly

Places = Callable[[], Sequence[int]]


def expanded(
    p: fmpz_mpoly, generators: Sequence[sp.Expr], denominator: int, places: Places, plain: bool = True
) -> sp.Expr:
    """The polynomial in the generators, called x0, x1, ..., over an integer.

    places: the ranks of the generators in SymPy's order, asked for when needed. plain: SymPy leaves products of powers of
    the generators as they are.
    """
    if p.is_zero():
        return sp.S.Zero
    if p.is_constant():
        return sp.Rational(int(p.leading_coefficient()), denominator)
    rows = [piece.split("*") for piece in str(p).replace(" - ", " + -").split(" + ")]
    numbers: dict[str, sp.Rational] = {}
    heads = []
    for row in rows:
        head = row[0]
        if head[0] == "x":
            head = "1"
        elif head[:2] == "-x":
            row[0], head = head[1:], "-1"
        else:
            del row[0]
        heads.append(head)
    for head in set(heads):
        numbers[head] = sp.Rational(int(head), denominator)
    powers: dict[str, tuple[int, int]] = {}
    for token in set().union(*rows):
        name, _, exponent = token.partition("^")
        powers[token] = int(name[1:]), int(exponent or 1)
    found = {t: generators[i] if e == 1 else sp.Pow(generators[i], sp.Integer(e)) for t, (i, e) in powers.items()}
    if not plain:
        terms = zip(heads, rows, strict=True)
        return sp.Add(*[sp.Mul(numbers[head], *[found[t] for t in row]) for head, row in terms])
    if len(rows) == 1:
        return sp.Mul(numbers[heads[0]], *[found[t] for t in rows[0]])
    return _sum(heads, rows, numbers, found, powers, places)


def _sum(
    heads: list[str],
    rows: list[list[str]],
    numbers: dict[str, sp.Rational],
    found: dict[str, sp.Expr],
    powers: dict[str, tuple[int, int]],
    places: Places,
) -> sp.Expr:
    # Basic.compare: class, then number of arguments, then argument by argument
    order = _kinds([*numbers.values(), *found.values()])
    place = places()
    if all(type(g) is sp.Symbol or (type(g) is sp.Pow and type(g.base) is sp.Symbol) for g in found.values()):
        ranked = sorted(found, key=lambda t: (order[type(found[t])], place[powers[t][0]], powers[t][1]))
    else:
        by_value = cmp_to_key(sp.Basic.compare)
        ranked = sorted(found, key=lambda t: (order[type(found[t])], by_value(found[t])))
    counted = sorted(numbers, key=lambda h: (order[type(numbers[h])], numbers[h].p, numbers[h].q))
    merged = sorted(
        [(order[type(numbers[h])], 0, k, h, True) for k, h in enumerate(counted)]
        + [(order[type(found[t])], 1, k, t, False) for k, t in enumerate(ranked)]
    )
    letter: dict[str, str] = {}
    number_letter: dict[str, str] = {}
    atoms: dict[str, sp.Expr] = {}
    for k, (_, _, _, key, is_number) in enumerate(merged):
        (number_letter if is_number else letter)[key] = chr(k)
        atoms[chr(k)] = numbers[key] if is_number else found[key]
    ones = {head for head, number in numbers.items() if number is sp.S.One}
    for head in ones:
        number_letter[head] = ""
    get, atom = letter.__getitem__, atoms.__getitem__
    constant = [numbers[heads.pop()]] if not rows[-1] else []  # in lex order it comes last
    texts = [number_letter[head] + "".join(sorted(map(get, row))) for head, row in zip(heads, rows, strict=False)]
    product = [chr(order[sp.Mul]) + chr(k) for k in range(max(map(len, texts), default=0) + 1)]
    keys = [
        product[len(text)] + text if len(text) > 1 else chr(order[type(atoms[text])]) + "\0" + text for text in texts
    ]
    keys.sort()
    terms = [_product(map(atom, key[2:])) if len(key) > 3 else atoms[key[2]] for key in keys]
    return sp.Add._from_args(constant + terms, True)


def _product(factors: Iterable[sp.Expr]) -> sp.Mul:
    """Two factors or more that commute and are in order: what Mul._from_args makes of them, without looking at them."""
    made = sp.Basic.__new__(sp.Mul, *factors)
    made.is_commutative = True
    return made


def over(above: sp.Add, below: sp.Add) -> sp.Expr:
    """above/below for two different sums, as SymPy makes it."""
    return sp.Mul._from_args([sp.Pow(below, sp.S.NegativeOne, evaluate=False), above], True)  # powers before sums


def _kinds(atoms: list[sp.Expr]) -> dict[type, int]:
    """The ranks of the classes of these atoms, and of a product, in SymPy's order."""
    samples: dict[Any, Any] = {type(atom): atom for atom in atoms}
    samples[sp.Mul] = _PRODUCT
    kinds = sorted(samples, key=cmp_to_key(lambda a, b: samples[a].compare(samples[b])))
    return {kind: k for k, kind in enumerate(kinds)}


_PRODUCT = sp.Symbol("x") * sp.Symbol("y")


def ranks(generators: Sequence[sp.Expr]) -> tuple[int, ...]:
    """The place of each generator in SymPy's order of arguments."""
    indices = range(len(generators))
    if all(type(g) is sp.Symbol for g in generators):
        content = [g._hashable_content() for g in generators]
        ordered = sorted(indices, key=lambda i: (len(content[i]), content[i]))
    else:
        by_value = cmp_to_key(sp.Basic.compare)
        ordered = sorted(indices, key=lambda i: by_value(generators[i]))
    places = [0] * len(generators)
    for place, i in enumerate(ordered):
        places[i] = place
    return tuple(places)
