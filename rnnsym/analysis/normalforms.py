"""Normal-form coefficients at a critical fixed point of h_t = (1 - r) h + r phi(W h + u), for one and two units.

With phi taken entrywise the multilinear forms of F at h* are diagonal between the factors W:
    B(x, y)_i = r phi''(a_i) (W x)_i (W y)_i,    C(x, y, z)_i = r phi'''(a_i) (W x)_i (W y)_i (W z)_i,    a = W h* + u,
and with J q = mu q, p^T J = mu p^T (no conjugate in p^T x), pi = p^T q,
    fold (mu = 1)        a = p^T B(q, q)/(2 pi),
    flip (mu = -1)       c = p^T [C(q, q, q) + 3 B(q, (I - J)^-1 B(q, q))]/(6 pi |q|^2),
    Neimark-Sacker       a = Re(conj(mu) p^T [C(q, q, q*) + 2 B(q, (I - J)^-1 B(q, q*)) + B(q*, (mu^2 I - J)^-1 B(q, q))]/pi)/(2 |q|^2)
(Kuznetsov, Elements of Applied Bifurcation Theory, sections 5.4 and 10.2, with |q| = 1 for the last two). The fixed point is
the parameter: the input that makes it one is u = phi^-1(h*) - W h*, so nothing is solved for h*.
May import: everything to the left of `analysis.bifurcation`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import sympy as sp

from rnnsym.activations import Activation
from rnnsym.activations.record import X, Y
from rnnsym.analysis.contraction import recurrence
from rnnsym.cells.record import Cell, entries
from rnnsym.defined.bifurcations import AttractsAtFlip, Critical, Differs, NormalFormCoefficient
from rnnsym.exact import is_zero
from rnnsym.result import NoClosedForm, Result, ShapeError, Source, SpecError, Step
from rnnsym.vectors import explicit

KUZNETSOV = Source(
    "kuznetsov2004",
    "Kuznetsov, Yu. A.",
    "Elements of Applied Bifurcation Theory",
    2004,
    doi="10.1007/978-1-4757-3978-7",
)
KINDS = {"fold": 1, "flip": -1, "neimark_sacker": 0}


@dataclass(frozen=True)
class Net:
    """One or more units h_t = (1 - rate) h + rate phi(W h + u) with weights in entries."""

    name: str
    n: int
    W: Any
    activation: Activation
    rate: Any
    given: Any
    state: tuple[Any, ...]

    def map(self, inside: Any) -> Any:
        """The column (1 - rate) h + rate phi(inside)."""
        rows = [
            (1 - self.rate) * h + self.rate * self.activation.phi(a) for h, a in zip(self.state, inside, strict=True)
        ]
        return sp.ImmutableMatrix(rows)


def net(cell: Cell, most: int | None = 2) -> Net:
    """The weights, activation and rate of a plain or leaky cell with sizes.

    Raises: NoClosedForm for other cells; ShapeError for symbolic sizes or more than `most` units.
    """
    if not cell.is_explicit:
        raise ShapeError(f"{cell.name} has symbolic sizes; give them, .at(n=2, m=1)")
    parts = recurrence(cell)
    table = dict(cell.binding)
    W = sp.ImmutableMatrix(explicit(parts.W, table))
    n = W.rows
    if most is not None and n > most:
        raise ShapeError(f"{cell.name} has {n} units; this closed form is for {most} at most")
    used = W.free_symbols | sp.S(parts.leak).free_symbols
    kept = [c for c in sp.And.make_args(cell.given) if c != sp.true and c.free_symbols <= used]
    positive = [sp.S(parts.leak) > 0] if not sp.S(parts.leak).is_number else []
    state = tuple(entries("h", n, 1))
    return Net(cell.name, n, W, parts.activation, sp.S(parts.leak), sp.And(*kept, *positive), state)


@dataclass(frozen=True)
class Center:
    """A fixed point as the parameter: its symbols, the state, the pre-activation, phi', phi'', phi''' and where they exist."""

    symbols: tuple[Any, ...]
    state: tuple[Any, ...]
    inside: tuple[Any, ...]
    slopes: tuple[tuple[Any, ...], ...]
    given: Any


def center(model: Net) -> Center:
    """The fixed point in h_star for tanh and sigmoid, in the pre-activation alpha for every other smooth activation.

    Raises: NoClosedForm for activations with kinks, and linear ones.
    """
    act, n = model.activation, model.n
    if act.pieces or act.kinks or act.lipschitz_derivative == sp.oo:
        raise NoClosedForm(
            f"{act.name} is not three times differentiable; its bifurcations are border collisions, use fixed_points"
        )
    if act.name in ("tanh", "sigmoid") and act.derivative_of_output is not None and act.inverse is not None:
        g = act.derivative_of_output(Y)
        second, third = (
            (-2 * Y * (1 - Y**2), 2 * (1 - Y**2) * (3 * Y**2 - 1))
            if act.name == "tanh"
            else (Y * (1 - Y) * (1 - 2 * Y), Y * (1 - Y) * (1 - 6 * Y + 6 * Y**2))
        )
        h = tuple(entries("h_star", n, 1))
        assert act.range is not None, "tanh and sigmoid are bounded"
        low, high = act.range.inf, act.range.sup
        given = sp.And(*(c for v in h for c in (low < v, v < high)))
        inside = tuple(act.inverse(v) for v in h)
        return Center(h, h, inside, tuple(tuple(e.subs(Y, v) for v in h) for e in (g, second, third)), given)
    alpha = tuple(entries("alpha", n, 1))
    first = act.derivative(X)
    orders = [first, first.diff(X), first.diff(X, 2)]
    if any(e.has(sp.Derivative, sp.Subs) for e in orders):
        raise NoClosedForm(f"{act.name} has no third derivative in closed form")
    smooth = [sp.Ne(a, 0) for a in alpha] if act.name == "softsign" else []
    return Center(
        alpha,
        tuple(act.phi(a) for a in alpha),
        alpha,
        tuple(tuple(e.subs(X, a) for a in alpha) for e in orders),
        sp.And(*smooth),
    )


def centered(model: Net, at: Center) -> Any:
    """The map with the input put in that makes the point of `at` fixed: phi(a + W (h - h*))."""
    shift = sp.Matrix([h - s for h, s in zip(model.state, at.state, strict=True)])
    inside = [a + e for a, e in zip(at.inside, model.W * shift, strict=True)]
    return model.map(inside)


def normal_form(cell: Cell, kind: str = "flip", *, column: int = 1) -> Result:
    """The normal-form coefficient at a fold, flip or Neimark-Sacker point; see the head of this file for the formulas.

    kind:   "fold", "flip" or "neimark_sacker".
    column: which column of adj(mu I - J) gives q (two units); take 2 where p^T q = 0 for the first (triangular W).
    Shapes: one or two units; Neimark-Sacker needs two.
    Given:  the multiplier is critical and simple, p^T q != 0; flip: 1 is no multiplier; Neimark-Sacker: no strong
            resonance, e^(ik theta) != 1 for k = 1, 2, 3, 4.
    Raises: ShapeError for more than two units; NoClosedForm for activations with kinks.
    Source: kuznetsov2004.

    A fold is nondegenerate where a != 0. c > 0: the flip is supercritical, a stable 2-cycle appears; c < 0: subcritical.
    a < 0: the Neimark-Sacker bifurcation is supercritical, a stable invariant circle appears; a > 0: subcritical.

    >>> from rnnsym.cells import elman
    >>> normal_form(elman(W_h=sp.Symbol("w", real=True)), "flip").rhs
    w**2/3
    """
    if kind not in KINDS:
        raise SpecError(f"unknown kind {kind!r}; known: {', '.join(KINDS)}")
    if isinstance(column, bool) or column not in (1, 2):
        raise SpecError(f"column must be 1 or 2, got {column!r}")
    model = net(cell)
    if model.n == 1 and kind == "neimark_sacker":
        raise ShapeError(f"{cell.name} has one unit; a nonreal pair of multipliers needs two")
    at = center(model)
    F = centered(model, at)
    free = sorted(model.W.free_symbols, key=str) or list(at.symbols)
    hypothesis = Critical(F, model.state, at.state, KINDS[kind], free, at.given)
    given = sp.And(model.given, at.given, hypothesis)
    name = f"{kind.replace('_', '-')} coefficient of {model.name}"
    if model.n == 1:
        return _one(model, at, F, kind, given, name)
    return _two(model, at, F, kind, given, name, column - 1)


def _one(model: Net, at: Center, F: Any, kind: str, given: Any, name: str) -> Result:
    w, r = model.W[0, 0], model.rate
    B, C = r * at.slopes[1][0] * w**2, r * at.slopes[2][0] * w**3
    steps: tuple[Step, ...] = ()
    if kind == "fold":
        lhs, rhs = NormalFormCoefficient(F, model.state, at.state, 1, (1,)), B / 2
    else:
        lhs, rhs = NormalFormCoefficient(F, model.state, at.state, -1), C / 6 + B**2 / 4
        known = {"tanh": w**2 / 3, "sigmoid": w**2 / 12}.get(model.activation.name)
        if r == 1 and known is not None:
            # the Schwarzian derivative of tanh is -2, of the sigmoid -1/2, everywhere
            steps = (Step(rhs, "C/6 + B^2/4 with F' = -1"), Step(known, "-1/6 of the Schwarzian derivative"))
            rhs = known
    return Result(name, lhs, "=", rhs, given=given, steps=steps, source=(KUZNETSOV,))


def _names(text: str, real: bool = True) -> tuple[Any, ...]:
    return tuple(sp.Symbol(s, real=True) if real else sp.Symbol(s) for s in text.split())


def jacobian_entries(model: Net, slopes: tuple[Any, ...]) -> Any:
    """(1 - r) I + r diag(slopes) W."""
    r = model.rate
    return sp.ImmutableMatrix(model.n, model.n, lambda i, k: r * slopes[i] * model.W[i, k] + ((1 - r) if i == k else 0))


def _two(model: Net, at: Center, F: Any, kind: str, given: Any, name: str, column: int) -> Result:
    """The formulas in named quantities: J, eigenvectors q and p, Wq, and the forms."""
    J = sp.Matrix(2, 2, _names("J_11 J_12 J_21 J_22"))
    where: list[tuple[Any, Any]] = list(zip(J, jacobian_entries(model, at.slopes[0]), strict=True))
    s, t = _names("phi2_1 phi2_2"), _names("phi3_1 phi3_2")
    where += zip(s, at.slopes[1], strict=True)
    if kind != "fold":
        where += zip(t, at.slopes[2], strict=True)
    real = kind != "neimark_sacker"
    mu: Any = sp.Integer(KINDS[kind])
    if not real:
        tau, mu = sp.Symbol("tau", real=True), sp.Symbol("mu")
        where += [(tau, J.trace()), (mu, tau / 2 + sp.I * sp.sqrt(1 - tau**2 / 4))]
    q, p, g, f = (_names(f"{a}_1 {a}_2", real) for a in ("q", "p", "g", "f"))
    # adj(mu I - J) has rank one at a simple multiplier: q is one of its columns, p one of its rows
    q_values = (J[0, 1], mu - J[0, 0]) if column == 0 else (mu - J[1, 1], J[1, 0])
    p_values = (J[1, 0], mu - J[0, 0]) if column == 0 else (mu - J[1, 1], J[0, 1])
    where += [*zip(q, q_values, strict=True), *zip(p, p_values, strict=True)]
    W, r = model.W, model.rate
    where += [(g[i], W[i, 0] * q[0] + W[i, 1] * q[1]) for i in range(2)]
    pairing = p[0] * q[0] + p[1] * q[1]

    def B(x: Any, y: Any) -> list[Any]:
        return [r * s[i] * x[i] * y[i] for i in range(2)]

    def through(vector: Any) -> list[Any]:
        return [W[i, 0] * vector[0] + W[i, 1] * vector[1] for i in range(2)]

    def dot(vector: Any) -> Any:
        return p[0] * vector[0] + p[1] * vector[1]

    def solved(level: Any, right: Any) -> list[Any]:
        """(level I - J)^-1 right."""
        det = level**2 - level * J.trace() + J[0, 0] * J[1, 1] - J[0, 1] * J[1, 0]
        return [
            ((level - J[1, 1]) * right[0] + J[0, 1] * right[1]) / det,
            (J[1, 0] * right[0] + (level - J[0, 0]) * right[1]) / det,
        ]

    table = dict(where)

    def put_in(e: Any) -> Any:
        for symbol, value in reversed(list(table.items())):
            e = e.xreplace({symbol: value})
        return e

    state, point = model.state, at.state
    conditions: list[Any] = []
    if kind == "fold":
        lhs: Any = NormalFormCoefficient(F, state, point, 1, [put_in(v) for v in q])
        rhs = dot(B(g, g)) / (2 * pairing)
        conditions.append(Differs(put_in(pairing)))
    elif kind == "flip":
        lhs = NormalFormCoefficient(F, state, point, -1)
        where += zip(f, solved(sp.S.One, B(g, g)), strict=True)
        cubic = [r * t[i] * g[i] ** 3 + 3 * b for i, b in enumerate(B(g, through(f)))]
        rhs = dot(cubic) / (6 * pairing * (q[0] ** 2 + q[1] ** 2))
        conditions += [Differs(put_in(pairing)), Differs(put_in(1 - J.trace() + J[0, 0] * J[1, 1] - J[0, 1] * J[1, 0]))]
    else:
        lhs = NormalFormCoefficient(F, state, point, 0)
        k = _names("k_1 k_2", False)
        g_bar = [sp.conjugate(v) for v in g]
        where += zip(f, solved(sp.S.One, B(g, g_bar)), strict=True)
        where += zip(k, solved(mu**2, B(g, g)), strict=True)
        cubic = [
            r * t[i] * g[i] ** 2 * g_bar[i] + 2 * b + c
            for i, (b, c) in enumerate(zip(B(g, through(f)), B(g_bar, through(k)), strict=True))
        ]
        length = sum(v * sp.conjugate(v) for v in q)
        rhs = sp.re(sp.conjugate(mu) * dot(cubic) / (pairing * length)) / 2
        trace = put_in(J.trace())
        # e^(ik theta) = 1: k = 1 and 2 are tau = 2, -2 (no nonreal pair), k = 3 is tau = -1, k = 4 is tau = 0
        conditions += [Differs(trace + 1), Differs(trace)]
    if any(is_zero(c.args[0]) for c in conditions):
        raise NoClosedForm(f"{model.name}: q or p vanishes, or a strong resonance; try column=2, or one unit at a time")
    return Result(name, lhs, "=", rhs, given=sp.And(given, *conditions), where=tuple(where), source=(KUZNETSOV,))


def flip_criticality(cell: Cell, *, column: int = 1) -> Result:
    """At a flip the fixed point attracts, and a stable 2-cycle appears, iff the coefficient c of `normal_form` is positive.

    Given:  as normal_form; c != 0; the other multiplier is inside the unit circle.
    For one tanh or sigmoid unit c > 0 always: every flip is supercritical.
    """
    form = normal_form(cell, "flip", column=column)
    F, state, point = form.lhs.args[:3]
    other = []
    if len(state) == 2:
        table = dict(form.where)
        trace = sp.Add(*(table[e] for e in _names("J_11 J_22")))
        other = [trace < 0, trace > -2]  # the other multiplier is trace + 1
        old = next(c for c in sp.And.make_args(form.given) if isinstance(c, Critical))
        form = replace(form, given=form.given.xreplace({old: Critical(*old.args[:5], sp.And(old.args[5], *other))}))
    strict = [] if form.rhs.is_positive else [Differs(form.explicit)]
    return Result(
        f"criticality of the flip of {cell.name}", AttractsAtFlip(F, state, point), "<=>", form.rhs > 0,
        given=sp.And(form.given, *other, *strict), where=form.where, source=form.source,
    )  # fmt: skip


def so2_coefficient() -> Result:
    """SO(2) network, W = R(phi), tanh, b = 0: the Neimark-Sacker coefficient is a = -1/2 exactly, so supercritical.

    Given:  0 < phi < pi away from the strong resonances 2 pi/3 and pi/2.

    >>> so2_coefficient().rhs
    -1/2
    """
    angle = sp.Symbol("varphi", real=True)
    F, state = rotation(sp.S.One, angle)
    given = sp.And(angle > 0, angle < sp.pi, sp.Ne(sp.cos(angle), 0), sp.Ne(sp.cos(angle), -sp.S.Half))
    lhs = NormalFormCoefficient(F, state, (0, 0), 0)
    return Result(
        "Neimark-Sacker coefficient of the SO(2) network", lhs, "=", -sp.S.Half, given=given, source=(KUZNETSOV,)
    )


def rotation(alpha: Any, angle: Any) -> tuple[Any, tuple[Any, ...]]:
    """(tanh(alpha R(angle) h), its state)."""
    h = tuple(entries("h", 2, 1))
    c, s = alpha * sp.cos(angle), alpha * sp.sin(angle)
    return sp.ImmutableMatrix([sp.tanh(c * h[0] - s * h[1]), sp.tanh(s * h[0] + c * h[1])]), h
