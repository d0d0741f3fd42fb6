"""A function with corners as smooth segments from left to right, its slope in one formula, and exact bounds.

May import: exact, SymPy, `functions`, `record`. Bounds are exact where every segment is a rational function with rational
coefficients: extrema lie at roots of a polynomial, at the ends, or in the limit.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import sympy as sp

from rnnsym.activations import functions as own
from rnnsym.activations.constants import SELU_ALPHA, SELU_SCALE
from rnnsym.activations.record import X
from rnnsym.activations.slopes import absolute
from rnnsym.exact import is_zero
from rnnsym.result import SpecError

MOST = 64  # segments of one function


@dataclass(frozen=True)
class Segment:
    """An expression in X on low <= x <= high."""

    low: Any
    high: Any
    expression: Any

    @property
    def inner(self) -> Any:
        """A rational number inside."""
        if self.low == -sp.oo:
            return sp.S.Zero if self.high == sp.oo else sp.floor(self.high) - 1
        if self.high == sp.oo:
            return sp.ceiling(self.low) + 1
        return sp.nsimplify(((self.low + self.high) / 2).evalf(30), rational=True)


_BRANCHES: dict[Any, Any] = {
    own.relu: lambda u, at: u if at > 0 else sp.S.Zero,
    absolute: lambda u, at: u if at > 0 else -u,
    own.leaky_relu: lambda u, at, slope: u if at > 0 else slope * u,
    own.hard_tanh: lambda u, at: sp.S.One if at > 1 else sp.S.NegativeOne if at < -1 else u,
    own.elu: lambda u, at, alpha: u if at > 0 else alpha * (sp.exp(u) - 1),
    own.selu: lambda u, at: SELU_SCALE * (u if at > 0 else SELU_ALPHA * (sp.exp(u) - 1)),
    own.softsign: lambda u, at: u / (1 + u) if at > 0 else u / (1 - u),
}


def segments(phi: Any) -> list[Segment] | None:
    """The smooth segments of a function of X; None if a corner lies where an argument is not affine."""
    done: list[Segment] = []
    pending = [Segment(-sp.oo, sp.oo, phi)]
    while pending:
        part = pending.pop()
        corner = next((f for f in sorted(part.expression.atoms(*_BRANCHES), key=sp.count_ops)), None)
        if corner is None:
            done.append(part)
            continue
        u = sp.expand(corner.args[0])
        slope = u.diff(X)
        if slope.free_symbols or len(pending) + len(done) > MOST:
            return None
        points = (-1, 1) if isinstance(corner, own.hard_tanh) else (0,)
        cuts = sorted({(p - u.subs(X, 0)) / slope for p in points} if slope != 0 else set())
        ends = [part.low, *(c for c in cuts if part.low < c < part.high), part.high]
        for low, high in zip(ends, ends[1:], strict=False):
            piece = Segment(low, high, part.expression)
            branch = _BRANCHES[type(corner)](u, u.subs(X, piece.inner), *corner.args[1:])
            pending.append(replace(piece, expression=part.expression.xreplace({corner: branch})))
    merged: list[Segment] = []
    for part in sorted(done, key=lambda s: s.low):
        if merged and sp.expand(merged[-1].expression - part.expression) == 0:
            merged[-1] = replace(merged[-1], high=part.high)
        else:
            merged.append(part)
    return merged


def slope_of(parts: list[Segment]) -> tuple[Any, list[Any]]:
    """The derivative in one formula, undefined at the kinks, and the kinks.

    An even derivative that is smooth but at 0 is written in |x|, as that of x/(1 + |x|); else the cases are written.
    """
    slopes = [_reduced(s.expression.diff(X)) for s in parts]
    if len(parts) == 1:
        return slopes[0], []
    cuts = [s.high for s in parts[:-1]]
    gaps = [is_zero((b - a).subs(X, c)) for a, b, c in zip(slopes, slopes[1:], cuts, strict=False)]
    kinks = [c for c, gap in zip(cuts, gaps, strict=True) if gap is not True]
    if cuts == [0] and not kinks and is_zero(slopes[0].subs(X, -X) - slopes[1]) is True:
        return slopes[1].subs(X, absolute(X)), []
    return _cases(slopes, cuts, kinks), kinks


def _reduced(e: Any) -> Any:
    return sp.factor(e) if e.is_rational_function(X) else e


def _cases(slopes: list[Any], cuts: list[Any], kinks: list[Any]) -> Any:
    rows = []
    for k, slope in enumerate(slopes):
        conditions = []
        if k > 0:
            conditions.append(X > cuts[k - 1])
        if k < len(cuts):
            conditions.append(X < cuts[k] if cuts[k] in kinks else X <= cuts[k])
        rows.append((slope, sp.And(*conditions)))
    return sp.Piecewise(*rows, (sp.nan, True)) if kinks else sp.Piecewise(*rows[:-1], (rows[-1][0], True))


def is_odd(parts: list[Segment]) -> bool | None:
    """Whether the function of these segments is odd; None if it could not be decided."""
    mirrored = [Segment(-s.high, -s.low, -s.expression.subs(X, -X)) for s in reversed(parts)]
    if [s.high for s in parts] != [s.high for s in mirrored]:
        return False
    answers = [is_zero(a.expression - b.expression) for a, b in zip(parts, mirrored, strict=True)]
    return False if False in answers else None if None in answers else True


def bounds(parts: list[Segment]) -> sp.Interval | None:
    """The set of values of a continuous function, exact, or of a slope its closure; None if it is not rational."""
    found: list[tuple[Any, bool]] = []
    for part in parts:
        e = sp.together(part.expression)
        if (
            not e.is_rational_function(X)
            or any(not a.is_Rational for a in e.atoms(sp.Number))
            or e.atoms(sp.NumberSymbol)
        ):
            return None
        top, bottom = (sp.Poly(p, X) for p in sp.fraction(sp.cancel(e)))
        if any(part.low <= r <= part.high for r in bottom.real_roots()):
            raise SpecError(
                f"{part.expression} has a pole between {part.low} and {part.high}; an activation is continuous"
            )
        flat = top.diff(X) * bottom - top * bottom.diff(X)
        inside = [r for r in (flat.real_roots() if not flat.is_zero else []) if part.low < r < part.high]
        value = top.as_expr() / bottom.as_expr()
        found += [(sp.nsimplify(value.subs(X, r)) if r.is_Rational else value.subs(X, r), True) for r in inside]
        for end in (part.low, part.high):
            if end.is_finite:
                found.append((value.subs(X, end), True))
            else:
                found.append((_limit(top, bottom, end), bool(flat.is_zero)))
    low, high = min(v for v, _ in found), max(v for v, _ in found)
    return sp.Interval(low, high, not any(r for v, r in found if v == low), not any(r for v, r in found if v == high))


def _limit(top: Any, bottom: Any, end: Any) -> Any:
    """The limit of a rational function at -oo or oo."""
    degree = top.degree() - bottom.degree() if not top.is_zero else -1
    if degree < 0:
        return sp.S.Zero
    ratio = top.LC() / bottom.LC()
    if degree == 0:
        return ratio
    return sp.sign(ratio) * sp.oo * (1 if end == sp.oo or degree % 2 == 0 else -1)
