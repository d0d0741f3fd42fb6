"""Wrong variants of a Result: what a slip of the pen does to a formula. `mutants(result)` lists them with a label.

A mutant changes one thing: the sign or a factor of the right side, one term, a constant, the order of a product, the
exponents, a case of a Piecewise, a part of a condition, the direction of a relation, one hypothesis, one of the named
quantities. Some say the same as the original (a sum of which a term is 0, a hypothesis that is not needed, a bound
loosened): `equivalent` recognizes those that it can, by evaluating both right sides where the original holds. What
verify does not refuse although it is a different statement is a survivor.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import sympy as sp
from sympy.core.relational import Relational

from rnnsym.bounds import gap_of_ratio, tends_to_1
from rnnsym.defined import Approaches, Numbers, Undefined
from rnnsym.defined.gradients import AdjointFollows
from rnnsym.defined.randomness import IidWeights
from rnnsym.defined.runs import Follows
from rnnsym.exact import balls
from rnnsym.result import Result, RnnsymError, is_condition
from rnnsym.verify import _Verification

MANY = 12  # mutants of one kind in one formula
# always true: they print what the nodes of a path are by themselves, or which networks a mean-field quantity is the limit of
NOTATION = (Follows, AdjointFollows, IidWeights)
_TURNED = {"=>": "<=>"}


def mutants(result: Result) -> Iterator[tuple[str, Result]]:
    """(what was done, the wrong variant), each once."""
    seen = {(result.lhs, result.relation, result.rhs, result.given, result.where)}
    for label, mutant in _all(result):
        key = (mutant.lhs, mutant.relation, mutant.rhs, mutant.given, mutant.where)
        if key not in seen:
            seen.add(key)
            yield label, mutant


def _all(result: Result) -> Iterator[tuple[str, Result]]:
    for label, expression in _of_expression(result.rhs):
        yield from _made(result, f"{label}", rhs=expression, steps=())
    for place, (symbol, expression) in enumerate(result.where):
        for label, changed in _of_expression(expression):
            pairs = (*result.where[:place], (symbol, changed), *result.where[place + 1 :])
            yield from _made(result, f"{symbol}: {label}", where=pairs, steps=())
    for part in _parts(result.given):
        if not isinstance(part, Approaches) and part not in (sp.true, sp.false):
            others = sp.And(*(c for c in _parts(result.given) if c != part))
            yield from _made(result, f"without {type(part).__name__} {str(part)[:60]}", given=others)
    if result.relation in _TURNED:
        yield from _made(result, "=> to <=>", relation="<=>")
    if result.relation in ("<=", "<"):
        yield from _made(result, "the bound turned", lhs=result.rhs, rhs=result.lhs, steps=())
    if result.relation == "~":
        yield from _made(result, "~ to =", relation="=", given=sp.true)


def _made(result: Result, label: str, **changes: Any) -> Iterator[tuple[str, Result]]:
    try:
        yield label, replace(result, **changes)
    except (RnnsymError, TypeError, ValueError, AttributeError):
        return


def _parts(condition: Any) -> tuple[Any, ...]:
    return condition.args if isinstance(condition, sp.And) else (condition,)


def _of_expression(e: Any) -> Iterator[tuple[str, Any]]:
    """Variants of a right side: as a whole, and at each of its places."""
    if is_condition(e):
        yield from _of_condition(e)
        return
    if isinstance(e, sp.Tuple | sp.Piecewise) or not (isinstance(e, sp.Expr) or getattr(e, "is_Matrix", False)):
        yield from _inside(e)
        return
    yield "sign", -e
    yield "factor 2", 2 * e
    if getattr(e, "is_Matrix", False) and e.shape[0] == e.shape[1] and e.shape != (1, 1):
        yield "transpose", e.T
    if not getattr(e, "is_Matrix", False):
        yield "plus 1", e + 1
    yield from _inside(e)


def _of_condition(e: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(e, sp.And | sp.Or):
        for part in e.args[:MANY]:
            yield f"lost part {str(part)[:40]}", e.func(*(c for c in e.args if c != part))
    if e not in (sp.true, sp.false):
        yield "always", sp.true
        yield "never", sp.false
    yield from _inside(e)


def _inside(e: Any) -> Iterator[tuple[str, Any]]:
    count = 0
    for node in _nodes(e):
        for label, new in _changes(node):
            changed = _put(e, node, new)
            if changed is not None and changed != e:
                count += 1
                yield label, changed
                if count >= 4 * MANY:
                    return


def _nodes(e: Any) -> list[Any]:
    """The nodes of an expression, each once, the outer ones first, in an order that does not depend on hashes."""
    nodes = [e, *(n for n in sp.preorder_traversal(e) if isinstance(n, sp.Basic) and n != e)]
    return list(dict.fromkeys(nodes))


def _changes(node: Any) -> list[tuple[str, Any]]:
    """The variants of one node; none of a node that SymPy cannot take apart (a scalar that stands for a 1 x 1 matrix)."""
    try:
        return list(_of_node(node))
    except (TypeError, ValueError, AttributeError, RnnsymError):
        return []


def _of_node(node: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(node, sp.Piecewise):
        for k, (value, condition) in enumerate(node.args):
            rest = [pair for j, pair in enumerate(node.args) if j != k]
            if rest and condition != sp.true:
                yield f"lost case {str(condition)[:40]}", sp.Piecewise(*rest)
            if k + 1 < len(node.args) and len(node.args) > 2:
                other = node.args[k + 1]
                swapped = [*node.args[:k], (other[0], condition), (value, other[1]), *node.args[k + 2 :]]
                yield f"values swapped {k}", sp.Piecewise(*swapped)
    elif isinstance(node, sp.Lt | sp.Le | sp.Gt | sp.Ge):
        yield (
            f"turned {str(node)[:40]}",
            {sp.Lt: sp.Gt, sp.Le: sp.Ge, sp.Gt: sp.Lt, sp.Ge: sp.Le}[type(node)](*node.args),
        )
    elif isinstance(node, sp.Add):
        for part in node.args[:MANY]:
            yield f"lost term {str(part)[:40]}", node - part
            yield f"sign of {str(part)[:40]}", node - 2 * part
    elif isinstance(node, sp.MatAdd):
        for part in node.args[:MANY]:
            yield "lost matrix term", sp.MatAdd(*(p for p in node.args if p != part)).doit(deep=False)
    elif isinstance(node, sp.MatMul) and len(node.args) > 1:
        yield "transposed factor", _transposed_factor(node)
    elif isinstance(node, sp.Mul):
        for part in node.args[:MANY]:
            if part not in (-1, 1):
                yield f"lost factor {str(part)[:40]}", node / part
    elif isinstance(node, sp.Pow) and node.exp.is_number:
        yield f"exponent of {str(node)[:40]}", node.base ** (node.exp + 1)
        yield f"power lost {str(node)[:40]}", node.base
    elif isinstance(node, sp.Max | sp.Min):
        for part in node.args:
            yield f"lost of {type(node).__name__}", node.func(*(p for p in node.args if p != part))
    elif isinstance(node, sp.Abs):
        yield "lost |.|", node.args[0]
    elif isinstance(node, sp.Rational) and node.q != 1:
        yield f"constant {node}", node + 1


def _transposed_factor(node: Any) -> Any:
    for k, part in enumerate(node.args):
        if isinstance(part, sp.MatrixSymbol) and part.shape[0] == part.shape[1]:
            return sp.MatMul(*node.args[:k], part.T, *node.args[k + 1 :])
    return node


def _put(e: Any, node: Any, new: Any) -> Any:
    if e == node:
        return new
    try:
        return e.xreplace({node: new})
    except (TypeError, ValueError, AttributeError, RnnsymError, NotImplementedError):
        return None


def equivalent(result: Result, mutant: Result, draws: int = 40) -> bool:
    """Whether no draw that meets the original's hypotheses tells the two statements apart.

    A bound that was loosened is weaker, not wrong. A hypothesis that was dropped is not needed, or needed only for the
    quantity to exist, if draws that violate it were tried and none disagreed.
    """
    if mutant.lhs != result.lhs:
        return False
    premise = set(_parts(result.lhs)) if result.relation == "=>" else set()
    if mutant.relation != result.relation:  # where the premise is among the hypotheses, both arrows say the same
        return bool(premise) and premise <= set(_parts(result.given))
    if premise and mutant.rhs == sp.true:
        return True
    if mutant.given != result.given:
        return not_needed(result, mutant, draws)
    if result.relation == "~":
        return same_limit(result, mutant, draws // 4)
    run = _Verification(result, draws, 77, (1, 2, 3), None)
    tried = 0
    for k in range(draws):
        draw = run.sampler.draw(run.dims[k % len(run.dims)] if run.dims else None)
        if draw is None:
            continue
        left, right = _value(result, draw), _value(mutant, draw)
        if left is None or right is None:
            if (left is None) != (right is None) and not is_condition(result.rhs):
                return False
            continue
        tried += 1
        if not _same(result, left, right):
            return False
    return tried > 0


def same_limit(result: Result, mutant: Result, draws: int) -> bool:
    """Whether the ratio of both right sides tends to 1 at every draw: 1/x and 1/x + 1 for x -> 0."""
    run = _Verification(result, draws, 77, (1, 2, 3), None)
    tried = 0
    for draw in (run.sampler.draw(run.dims[k % len(run.dims)] if run.dims else None) for k in range(draws)):
        if draw is None:
            continue
        near = [{**draw, **{c.symbol: c.near(digits) for c in run.limits}} for digits in (2, 4, 6, 8)]
        sides = [(_value(result, point), _value(mutant, point)) for point in near]
        if any(left is None or right is None for left, right in sides):
            continue
        gaps = [gap_of_ratio(*(np.asarray(side, dtype=float) for side in pair)) for pair in sides]
        tried += 1
        if any(gap is None for gap in gaps) or not tends_to_1(gaps):
            return False
    return tried > 0


def not_needed(result: Result, mutant: Result, draws: int) -> bool:
    """Whether enough draws of the mutant violate the hypothesis that it lacks, and the claim holds or is void at each.

    Where it is an inequality, or excludes a thin set, a != 0, the draws are taken where it fails.
    """
    lost = [c for c in _parts(result.given) if c not in _parts(mutant.given)]
    if all(isinstance(c, NOTATION) for c in lost):
        return True
    if result.relation == "=>" and all(c in _parts(result.lhs) for c in lost):  # the premise says it too
        return True
    if set().union(*(c.free_symbols for c in lost)) - mutant.free_symbols:
        return True  # it only says what a symbol is that stands nowhere else
    against = [sp.Eq(*c.args) if isinstance(c, sp.Ne) else sp.Not(c) for c in lost if isinstance(c, Relational)]
    given = sp.And(mutant.given, *against)
    if given == sp.false:  # the other hypotheses say it too
        return True
    run = _Verification(replace(mutant, given=given), draws, 78, (1, 2, 3), None)
    violated = missed = 0
    for k in range(2 * draws):
        draw = run.sampler.draw(run.dims[k % len(run.dims)] if run.dims else None)
        missed = missed + 1 if draw is None else 0
        if missed == 8 and not violated:
            break
        if draw is None or all(run.sampler._holds(c, draw) for c in lost):
            continue
        violated += 1
        outcome = run.compare(draw)
        if outcome is not None and not outcome.agrees:
            return False
        if violated >= draws:
            break
    if against and violated == 0:  # the others say it, or a square cannot be negative: it is violated nowhere
        return True
    return violated >= draws // 8


def _same(result: Result, left: Any, right: Any) -> bool:
    if isinstance(left, bool) or isinstance(right, bool):
        return left == right or (result.relation == "=>" and right is True)
    if np.shape(left) != np.shape(right):
        return False
    pairs = list(zip(np.asarray(left, dtype=object).flat, np.asarray(right, dtype=object).flat, strict=True))
    if result.relation in ("<=", "<"):
        return all(float(b - a) >= -1e-25 * (1 + abs(float(a))) for a, b in pairs)  # looser
    return all(a == b or float(abs(a - b)) <= 1e-25 * (1 + float(abs(a))) for a, b in pairs)


def _value(result: Result, draw: Any) -> Any:
    numbers = Numbers(draw)
    try:
        for symbol, expression in result.where:
            numbers._memo[symbol] = numbers.value(expression)
        if is_condition(result.rhs):
            return numbers.truth(result.rhs)
        value = numbers.value(result.rhs)
    except (Undefined, ZeroDivisionError, RnnsymError, TypeError):
        return None
    flat = value.flat if isinstance(value, np.ndarray) else (value,)
    return None if any(balls.is_nan(v) for v in flat) else value
