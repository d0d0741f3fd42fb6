"""Normal-form coefficients at a critical fixed point of h_t = (1 - r) h + r phi(W h + u), for one to four units.

With phi taken entrywise the multilinear forms of F at h* are diagonal between the factors W:
    B(x, y)_i = r phi''(a_i) (W x)_i (W y)_i,    C(x, y, z)_i = r phi'''(a_i) (W x)_i (W y)_i (W z)_i,    a = W h* + u,
and with J q = mu q, p^T J = mu p^T (no conjugate in p^T x), pi = p^T q,
    fold (mu = 1)        a = p^T B(q, q)/(2 pi),
    flip (mu = -1)       c = p^T [C(q, q, q) + 3 B(q, (I - J)^-1 B(q, q))]/(6 pi |q|^2),
    Neimark-Sacker       a = Re(conj(mu) p^T [C(q, q, q*) + 2 B(q, (I - J)^-1 B(q, q*)) + B(q*, (mu^2 I - J)^-1 B(q, q))]/pi)/(2 |q|^2)
(Kuznetsov, Elements of Applied Bifurcation Theory, sections 5.4 and 10.2, with |q| = 1 for the last two). The fixed point is
the parameter: the input that makes it one is u = phi^-1(h*) - W h*, so nothing is solved for h*. At a simple multiplier
adj(mu I - J) has rank one: q is one of its columns, p one of its rows, so no eigenvector is searched for either; and the
pair e^(+-i theta) has the trace tau = tr J (two units), tr J - det J (three), (c_1 - c_3)/(1 - c_4) (four; c_k the sums of
the principal k by k minors), by comparing det(z I - J) with (z^2 - tau z + 1)(...).
May import: everything to the left of `analysis.bifurcation`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import sympy as sp

from rnnsym import exact
from rnnsym.activations import Activation
from rnnsym.activations.record import X, Y
from rnnsym.analysis.contraction import recurrence
from rnnsym.cells.record import Cell, as_cell, entries
from rnnsym.defined.normalforms import AttractsAtFlip, Critical, Differs, Nondegenerate, NormalFormCoefficient
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
MOST = 4  # units with the coefficients written out


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
    if not as_cell(cell).is_explicit:
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

    Where the second or third derivative jumps (elu and softsign at 0) the point is excluded in `given`.
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
    smooth = [sp.Ne(a, p) for a in alpha for p in _rough(orders)]
    orders = [e.replace(sp.Piecewise, lambda *cases: _where_smooth(cases)) for e in orders]
    return Center(
        alpha,
        tuple(act.phi(a) for a in alpha),
        alpha,
        tuple(tuple(e.subs(X, a) for a in alpha) for e in orders),
        sp.And(*smooth),
    )


def _rough(orders: Sequence[Any]) -> list[Any]:
    """The points where one of the derivatives does not exist: 0 for elu and softsign, whose slope has a kink there."""
    found: dict[Any, None] = {}
    for f in (f for e in orders for f in e.atoms(sp.Function)):
        for p in getattr(f, "undefined_at", ()):
            found[(p - f.args[0].subs(X, 0)) / f.args[0].diff(X)] = None
    return sorted(found, key=sp.default_sort_key)


def _where_smooth(cases: Sequence[Any]) -> Any:
    """A derivative in cases at the points where it exists."""
    kept = [(value, condition) for value, condition in cases if value is not sp.nan]
    return kept[0][0] if len(kept) == 1 else sp.Piecewise(*cases)


def centered(model: Net, at: Center) -> Any:
    """The map with the input put in that makes the point of `at` fixed: phi(a + W (h - h*))."""
    shift = sp.Matrix([h - s for h, s in zip(model.state, at.state, strict=True)])
    inside = [a + e for a, e in zip(at.inside, model.W * shift, strict=True)]
    return model.map(inside)


def normal_form(cell: Cell, kind: str = "flip", *, column: int | None = None) -> Result:
    """The normal-form coefficient at a fold, flip or Neimark-Sacker point; see the head of this file for the formulas.

    kind:   "fold", "flip" or "neimark_sacker".
    column: which column (and row) of adj(mu I - J) gives q (and p); the last by default. Take another one where the
            unit of that number takes no part in the critical eigenvectors (triangular or decoupled W).
    Shapes: one to four units; Neimark-Sacker needs two. J, q, p, f = (I - J)^-1 B, k = (mu^2 I - J)^-1 B are in `where`.
    Given:  the multiplier is critical and simple, p^T q != 0; flip: 1 is no multiplier; Neimark-Sacker: no strong
            resonance, e^(ik theta) != 1 for k = 1, 2, 3, 4, and neither 1 nor e^(2 i theta) is a multiplier.
    Raises: ShapeError for more than four units; NoClosedForm for activations with kinks.
    Source: kuznetsov2004.

    A fold is nondegenerate where a != 0. c > 0: the flip is supercritical, a stable 2-cycle appears; c < 0: subcritical.
    a < 0: the Neimark-Sacker bifurcation is supercritical, a stable invariant circle appears; a > 0: subcritical.

    >>> from rnnsym.cells import elman
    >>> normal_form(elman(W_h=sp.Symbol("w", real=True)), "flip").rhs
    w**2/3
    """
    if kind not in KINDS:
        raise SpecError(f"unknown kind {kind!r}; known: {', '.join(KINDS)}")
    model = net(cell, MOST)
    if column is not None and (isinstance(column, bool) or column not in range(1, model.n + 1)):
        raise SpecError(f"column must be a unit, 1 to {model.n}, got {column!r}")
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
    return _many(model, at, F, kind, given, name, model.n if column is None else column)


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


def _many(model: Net, at: Center, F: Any, kind: str, given: Any, name: str, column: int) -> Result:
    """The formulas in named quantities: J, eigenvectors q and p, Wq, and the forms."""
    n, W, r, units = model.n, model.W, model.rate, range(model.n)
    values = jacobian_entries(model, at.slopes[0])
    table = sp.Matrix(n, n, lambda i, j: sp.Symbol(f"J_{i + 1}{j + 1}", real=True))
    J = sp.Matrix(n, n, lambda i, j: sp.S.Zero if is_zero(values[i, j]) else table[i, j])
    where: list[tuple[Any, Any]] = [(J[i, j], values[i, j]) for i in units for j in units if J[i, j] != 0]
    real = kind != "neimark_sacker"
    s, t = (_names(" ".join(f"phi{k}_{i + 1}" for i in units)) for k in (2, 3))
    where += zip(s, at.slopes[1], strict=True)
    if kind != "fold":
        where += zip(t, at.slopes[2], strict=True)
    mu: Any = sp.Integer(KINDS[kind])
    if not real:
        tau, mu = sp.Symbol("tau", real=True), sp.Symbol("mu")
        where += _pair_trace(J, tau)
        where.append((mu, tau / 2 + sp.I * sp.sqrt(1 - tau**2 / 4)))
    q, p, g, f, k = (_names(" ".join(f"{a}_{i + 1}" for i in units), real or a in "f") for a in "qpgfk")
    adjugate = exact.adjugate(mu * sp.eye(n) - J)
    where += [*zip(q, adjugate[:, column - 1], strict=True), *zip(p, adjugate[column - 1, :], strict=True)]
    where += [(g[i], sum(W[i, j] * q[j] for j in units)) for i in units]
    pairing = sum(a * b for a, b in zip(p, q, strict=True))

    def B(x: Any, y: Any) -> list[Any]:
        return [r * s[i] * x[i] * y[i] for i in units]

    def through(vector: Any) -> list[Any]:
        return [sum(W[i, j] * vector[j] for j in units) for i in units]

    def dot(vector: Any) -> Any:
        return sum(a * b for a, b in zip(p, vector, strict=True))

    def solved(letters: Any, level: Any, right: Any) -> list[tuple[Any, Any]]:
        """The definitions of (level I - J)^-1 right."""
        shifted = level * sp.eye(n) - J
        back, below = exact.adjugate(shifted), exact.determinant(shifted)
        return [(letters[i], sum(back[i, j] * right[j] for j in units) / below) for i in units]

    state, point = model.state, at.state
    if kind == "fold":
        lhs: Any = NormalFormCoefficient(F, state, point, 1, [_put_in(v, where) for v in q])
        rhs = dot(B(g, g)) / (2 * pairing)
    elif kind == "flip":
        lhs = NormalFormCoefficient(F, state, point, -1)
        where += solved(f, sp.S.One, B(g, g))
        cubic = [r * t[i] * g[i] ** 3 + 3 * b for i, b in enumerate(B(g, through(f)))]
        rhs = dot(cubic) / (6 * pairing * sum(v**2 for v in q))
    else:
        lhs = NormalFormCoefficient(F, state, point, 0)
        g_bar = [sp.conjugate(v) for v in g]
        where += solved(f, sp.S.One, B(g, g_bar))
        where += solved(k, mu**2, B(g, g))
        cubic = [
            r * t[i] * g[i] ** 2 * g_bar[i] + 2 * b + c
            for i, (b, c) in enumerate(zip(B(g, through(f)), B(g_bar, through(k)), strict=True))
        ]
        terms, kappa = _names(" ".join(f"C_{i + 1}" for i in units), False), sp.Symbol("kappa")
        where += zip(terms, cubic, strict=True)
        length = sum(abs(v) ** 2 for v in q)
        where.append((kappa, sp.conjugate(mu) * dot(terms) / (2 * pairing * length)))
        rhs = sp.re(kappa)
    if is_zero(adjugate[column - 1, column - 1]):
        raise NoClosedForm(
            f"{model.name}: unit {column} takes no part in the critical eigenvectors; give another column="
        )
    alone = Nondegenerate(F, state, point, KINDS[kind], column)
    return Result(name, lhs, "=", rhs, given=sp.And(given, alone), where=tuple(where), source=(KUZNETSOV,))


def _pair_trace(J: Any, tau: Any) -> list[tuple[Any, Any]]:
    """Definitions that end in tau, the sum of the pair on the unit circle."""
    n = J.rows
    if n == 2:
        return [(tau, J.trace())]
    if n == 3:
        return [(tau, J.trace() - exact.determinant(J))]
    c1, c3, c4 = _names("c_1 c_3 c_4")
    sums = exact.characteristic_polynomial(J)
    return [(c1, J.trace()), (c3, -sums[3]), (c4, sums[4]), (tau, (c1 - c3) / (1 - c4))]


def _put_in(e: Any, where: list[tuple[Any, Any]]) -> Any:
    for symbol, value in reversed(where):
        e = e.xreplace({symbol: value})
    return e


def flip_criticality(cell: Cell, *, column: int | None = None) -> Result:
    """At a flip the fixed point attracts, and a stable 2-cycle appears, iff the coefficient c of `normal_form` is positive.

    Shapes: one or two units.
    Given:  as normal_form; c != 0; the other multiplier is inside the unit circle.
    For one tanh or sigmoid unit c > 0 always: every flip is supercritical.
    """
    net(cell)
    form = normal_form(cell, "flip", column=column)
    F, state, point = form.lhs.args[:3]
    other = []
    if len(state) == 2:
        trace = F.jacobian(list(state)).xreplace(dict(zip(state, point, strict=True))).trace()
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
