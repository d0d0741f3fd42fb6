"""Global results: contraction in a norm, the best diagonal metric, sector certificates, P-matrices, their hierarchy.

For h_t = (1 - a) h_{t-1} + a phi(W h_{t-1} + U x_t + b) with |phi'| <= L, two trajectories under the same input obey
    |h_t - g_t| <= (1 - a) |h_{t-1} - g_{t-1}| + a L |W| |h_{t-1} - g_{t-1}|   entry by entry,
so every absolute norm with L ||W|| < 1 gives a contraction: one fixed point for each constant input, and the echo state
property for every input. None of these conditions is necessary. May import: everything to the left of
`analysis.contraction`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sympy as sp

from rnnsym.activations import TABLE, Activation
from rnnsym.cells.record import Cell, as_cell, as_table, whole
from rnnsym.defined import DeterminantOf, SpectralNorm, SpectralRadius
from rnnsym.defined.contractions import (
    BestDiagonalNorm,
    DiagonallyStable,
    IsPMatrix,
    MetricContracts,
    SectorInequality,
    subsets,
)
from rnnsym.defined.stability import AbsoluteNorm, AbsoluteValues, AllZero, PerronRoot, QuadraticForm, StateAfter
from rnnsym.result import NoClosedForm, Result, ShapeError, Source, SpecError
from rnnsym.vectors import Diagonal, Entrywise, factors_of, linear, slot, total

JAEGER = Source(
    "jaeger2001", "Jaeger, H.", "The echo state approach to analysing and training recurrent neural networks", 2001
)
BUEHNER = Source(
    "buehner2006",
    "Buehner, M. and Young, P.",
    "A tighter bound for the echo state property",
    2006,
    doi="10.1109/TNN.2006.872357",
)
YILDIZ = Source(
    "yildiz2012",
    "Yildiz, I. B. and Jaeger, H. and Kiebel, S. J.",
    "Re-visiting the echo state property",
    2012,
    doi="10.1016/j.neunet.2012.07.005",
)
MMR = Source(
    "mills1978",
    "Mills, W. L. and Mullis, C. T. and Roberts, R. A.",
    "Digital filter realizations without overflow oscillations",
    1978,
    doi="10.1109/TASSP.1978.1163114",
)
REVAY = Source(
    "revay2021",
    "Revay, M. and Wang, R. and Manchester, I. R.",
    "A convex parameterization of robust recurrent neural networks",
    2021,
    doi="10.1109/LCSYS.2020.3038221",
)
GALE = Source(
    "gale1965",
    "Gale, D. and Nikaido, H.",
    "The Jacobian matrix and global univalence of mappings",
    1965,
    doi="10.1007/BF01360282",
)

NORMS = ("2", "1", "oo", "perron", "diagonal", "sector")


# the cell as a recurrence


@dataclass(frozen=True)
class Recurrence:
    """h_t = (1 - a) h + a phi(W h + U x + b): what contraction needs to know of a cell."""

    W: Any
    U: Any
    activation: Activation
    leak: Any

    @property
    def L(self) -> Any:
        return self.activation.lipschitz


def recurrence(cell: Cell) -> Recurrence:
    """W, U, phi and the leak rate of a plain or leaky cell.

    Raises: NoClosedForm for a cell of another form (gated cells: `rnnsym.analysis.gates`).
    """
    names = [name for name, _ in as_cell(cell).equations]
    first = cell.equations[0][1]
    leak: Any = sp.S.One
    if len(cell.state) == 1 and len(names) == 2 and isinstance(cell.equations[1][1], Entrywise):
        last = cell.equations[1][1]
        h, g = (slot(k) for k in range(1, 3)) if last.columns == (cell.state[0], names[0]) else (slot(2), slot(1))
        leak = last.body.expand().coeff(g)
        if set(last.columns) != {cell.state[0], names[0]} or sp.expand(last.body - (1 - leak) * h - leak * g) != 0:
            leak = None
    elif len(cell.state) != 1 or len(names) != 1:
        leak = None
    if leak is None or not isinstance(first, Entrywise):
        raise NoClosedForm(
            f"{cell.name} is not of the form h_t = (1 - a) h + a phi(W h + U x + b); for gated cells ask rnnsym.analysis.gates"
        )
    W = U = None
    for column in first.columns:
        coefficient, factors = factors_of(column)
        if factors[-1] == cell.state[0] and len(factors) > 1 and coefficient == 1:
            W = linear(*factors[:-1])
        elif cell.input and factors[-1] == cell.input[0] and len(factors) > 1:
            U = linear(*factors[:-1])
    inside = sp.Add(*(slot(k) for k in range(1, len(first.columns) + 1)))
    for activation in TABLE.values():
        if W is not None and sp.expand(activation.phi(inside) - first.body) == 0:
            return Recurrence(W, U, activation, leak)
    raise NoClosedForm(
        f"{cell.name}: its nonlinearity {first.body} of W h + U x + b is not in the table of activations"
    )


def _pair(cell: Cell, steps: int, *, other_input: bool = False) -> tuple[Any, Any, Any, list[Any], list[Any]]:
    """(start h, start g, the two states after `steps`, the inputs of each)."""
    size = cell.state[0].shape[0]
    h, g = sp.MatrixSymbol("h", size, 1), sp.MatrixSymbol("g", size, 1)
    width = cell.input[0].shape[0] if cell.input else sp.S.One
    xs = [sp.MatrixSymbol(f"x_{t}", width, 1) for t in range(1, steps + 1)]
    us = [sp.MatrixSymbol(f"u_{t}", width, 1) for t in range(1, steps + 1)] if other_input else xs
    first = StateAfter.of(cell, [h], [(x,) for x in xs] if cell.input else [()] * steps)
    second = StateAfter.of(cell, [g], [(u,) for u in us] if cell.input else [()] * steps)
    return h, g, first - second, xs, us


def general_form(cell: Cell) -> Cell:
    """The cell between columns: its weights as matrices."""
    if as_cell(cell).is_explicit and cell.general is not None:
        return cell.general
    return cell


# conditions


def contraction_condition(cell: Cell, norm: str = "2") -> Result:
    """L ||W|| < 1 => two trajectories under the same input come closer at every step, in that norm.

    norm: "2", "1", "oo": L ||W|| < 1;  "perron": L rho(|W|) < 1, in the norm max |v_i|/p_i, p = (I - L |W|)^-1 1;
          "diagonal": diag(p) - L^2 W^T diag(p) W > 0 in the norm of diag(p);  "sector": the sector inequality at rate 1.
    The rate is (1 - a) + a L ||W|| for leak rate a. For a slope-restricted phi (0 <= phi' <= 1) "sector" is the widest.
    Given:  h is not g; 0 < a <= 1 of a leaky cell.
    Raises: NoClosedForm for another kind of cell, or "sector" where phi is not slope-restricted.
    Source: jaeger2001, buehner2006, yildiz2012, revay2021.

    >>> from rnnsym.cells import elman
    >>> contraction_condition(elman()).lhs
    SpectralNorm(W_h) < 1
    """
    if str(norm) not in NORMS:
        raise SpecError(f"norm must be one of {', '.join(NORMS)}; got {norm!r}")
    cell = general_form(cell)
    parts = recurrence(cell)
    W, L, a = parts.W, parts.L, parts.leak
    n = cell.state[0].shape[0]
    h, g, gap, *_ = _pair(cell, 1)
    start = h - g
    given = [cell.given, sp.Gt(SpectralNorm(start), 0), *_leak_range(a)]
    source: tuple[Source, ...] = (JAEGER,)
    if norm in ("2", "1", "oo"):

        def size(M: Any) -> Any:
            return SpectralNorm(M) if norm == "2" else AbsoluteNorm(M, sp.S.One if norm == "1" else sp.oo)

        lhs, rhs = sp.Lt(L * size(W), 1), sp.Lt(size(gap), size(start))
    elif norm == "perron":
        one = sp.OneMatrix(n, 1)
        p = sp.Inverse(sp.Identity(n) - L * AbsoluteValues(W)) * one
        lhs, rhs = sp.Lt(L * PerronRoot(W), 1), sp.Lt(AbsoluteNorm(gap, sp.oo, p), AbsoluteNorm(start, sp.oo, p))
    elif norm == "diagonal":
        p, source = sp.MatrixSymbol("p", n, 1), (BUEHNER, YILDIZ)
        lhs = MetricContracts(W, p, L)
        given.append(lhs)
        rhs = sp.Lt(QuadraticForm(Diagonal(p), gap), QuadraticForm(Diagonal(p), start))
    else:
        if parts.activation.slope_restricted is not True:
            raise NoClosedForm(
                f"{parts.activation.name} is not slope-restricted to [0, 1]; the sector inequality needs that"
            )
        if a != 1:
            raise NoClosedForm("the sector inequality is written for a = 1; for a leaky cell use another norm")
        return sector_contraction(cell)
    return Result(
        f"contraction of {cell.name}, norm {norm}", lhs, "=>", rhs, sp.And(*given), source=source, arrays=cell.arrays
    )


def _leak_range(a: Any) -> list[Any]:
    return [] if a == 1 else [sp.Gt(a, 0), sp.Le(a, 1)]


def sector_contraction(cell: Cell, rate: Any = 1) -> Result:
    """The sector inequality at rate r => (h_t - g_t)^T P (h_t - g_t) <= r^2 (h - g)^T P (h - g).

    [[-r^2 P, W^T M], [M W, P - 2 M]] < 0 with P > 0 and M = diag(l) >= 0: the S-procedure on
    (phi(u) - phi(v))^T M (u - v - (phi(u) - phi(v))) >= 0, which holds as 0 <= phi' <= 1.
    Source: revay2021.
    """
    cell = general_form(cell)
    parts = recurrence(cell)
    if parts.activation.slope_restricted is not True or parts.leak != 1:
        raise NoClosedForm(
            f"{cell.name} with {parts.activation.name}: the sector inequality needs 0 <= phi' <= 1 and no leak"
        )
    n = cell.state[0].shape[0]
    h, g, gap, *_ = _pair(cell, 1)
    P, weights = sp.MatrixSymbol("P", n, n), sp.MatrixSymbol("l", n, 1)
    lhs = SectorInequality(parts.W, P, weights, sp.sympify(rate, strict=True))
    rhs = sp.Le(QuadraticForm(P, gap), sp.sympify(rate, strict=True) ** 2 * QuadraticForm(P, h - g))
    return Result(
        f"sector contraction of {cell.name}",
        lhs,
        "=>",
        rhs,
        sp.And(cell.given, lhs),
        source=(REVAY,),
        arrays=cell.arrays,
    )


def gap_bound(cell: Cell, steps: int = 3) -> Result:
    """||h_T - g_T|| <= c^T ||h_0 - g_0||, c = (1 - a) + a L ||W||, for two trajectories under the same input.

    Where c < 1 the fixed point for a constant input is unique (Banach) and globally exponentially stable, with
    V = ||h - h*||^2 as Lyapunov function; it is the origin only where phi(b) = 0 there.

    >>> from rnnsym.cells import elman
    >>> gap_bound(elman(), 2).rhs.coeff(SpectralNorm(elman().symbol("W_h")), 2)
    SpectralNorm(-g + h)
    """
    cell = general_form(cell)
    parts = recurrence(cell)
    h, g, gap, *_ = _pair(cell, steps)
    rate = (1 - parts.leak) + parts.leak * parts.L * SpectralNorm(parts.W)
    given = sp.And(cell.given, *_leak_range(parts.leak))
    return Result(f"distance of trajectories of {cell.name}", SpectralNorm(gap), "<=", rate**steps * SpectralNorm(h - g), given,
                  source=(JAEGER,), arrays=cell.arrays)  # fmt: skip


def incremental_gain(cell: Cell, steps: int = 3) -> Result:
    """||h_T - g_T|| <= c^T ||h_0 - g_0|| + L ||U||/(1 - c) sup_t ||x_t - u_t||, c = L ||W||: the gain from input to state.

    With leak rate a: c = (1 - a) + a L ||W||, and a L ||U||/(1 - c) is the same gain L ||U||/(1 - L ||W||).
    Given:  c < 1.
    """
    cell = general_form(cell)
    parts = recurrence(cell)
    if parts.U is None:
        raise SpecError(f"{cell.name} has no input; use gap_bound")
    h, g, gap, xs, us = _pair(cell, steps, other_input=True)
    L, a, size = parts.L, parts.leak, L_norm(parts.W, parts.L)
    rate = (1 - a) + a * size
    largest = sp.Max(*(SpectralNorm(x - u) for x, u in zip(xs, us, strict=True)))
    rhs = rate**steps * SpectralNorm(h - g) + L * SpectralNorm(parts.U) / (1 - size) * largest
    given = sp.And(cell.given, sp.Lt(size, 1), *_leak_range(a))
    return Result(
        f"incremental gain of {cell.name}", SpectralNorm(gap), "<=", rhs, given, source=(JAEGER,), arrays=cell.arrays
    )


def L_norm(W: Any, L: Any) -> Any:  # noqa: N802
    """L ||W||."""
    return L * SpectralNorm(W)


# the best diagonal metric


def diagonal_metric(W: Any) -> Result:
    """c*(W) = min_P ||P^(1/2) W P^(-1/2)|| over diagonal P > 0, of two units in closed form.

    [[a, b], [c, d]]: (|a + d| + sqrt((a - d)^2 + 4 b c))/2 = rho(W) for b c >= 0, which is (|a - d| + sqrt((a + d)^2 - 4 b c))/2
    with the roles of sum and difference exchanged for b c < 0.
    Raises: NoClosedForm for more units (evaluate `certificates`).
    Source: mills1978 (the stability condition), this form derived.

    >>> diagonal_metric([[1, 2], [-2, 1]]).rhs
    sqrt(5)
    """
    a, b, c, d = _two(W)
    same = (sp.Abs(a + d) + sp.sqrt((a - d) ** 2 + 4 * b * c)) / 2
    other = (sp.Abs(a - d) + sp.sqrt((a + d) ** 2 - 4 * b * c)) / 2
    lhs = BestDiagonalNorm(sp.ImmutableMatrix([[a, b], [c, d]]))
    return Result("best diagonal metric", lhs, "=", sp.Piecewise((same, sp.Ge(b * c, 0)), (other, True)), source=(MMR,))


def diagonal_stability(W: Any) -> Result:
    """Diagonally stable <=> rho(W) < 1 and (b c >= 0 or |a - d| + det W < 1), W = [[a, b], [c, d]].

    So for two units with b c >= 0, rho(W) < 1 does give the echo state property for every input.
    Source: mills1978.
    """
    a, b, c, d = _two(W)
    table = sp.ImmutableMatrix([[a, b], [c, d]])
    determinant = a * d - b * c
    small = sp.And(sp.Lt(sp.Abs(a + d), 1 + determinant), sp.Lt(determinant, 1))
    rhs = sp.And(small, sp.Or(sp.Ge(b * c, 0), sp.Lt(sp.Abs(a - d) + determinant, 1)))
    return Result("diagonal stability", DiagonallyStable(table), "<=>", rhs, source=(MMR,))


def _two(W: Any) -> tuple[Any, ...]:
    table = as_table(W, None, "W")
    if table.shape != (2, 2):
        raise NoClosedForm(
            f"W is {table.rows} x {table.cols}; the best diagonal metric has a closed form for 2 x 2. "
            "For numbers, certificates(cell, values) searches one"
        )
    return tuple(table)


# P-matrices


def fixed_point_determinant(W: Any) -> Result:
    """det(I - D W) = sum_S prod_(i in S) d_i prod_(i not in S) (1 - d_i) det (I - W)_SS: a mean of principal minors.

    The weights are >= 0 and sum to 1 for slopes 0 <= d_i <= 1, so it is positive where I - W is a P-matrix.
    Shapes: W (n, n), n <= 4.

    >>> w = sp.Symbol("w", real=True)
    >>> fixed_point_determinant([[w]]).rhs
    d_1*(1 - w) - d_1 + 1
    """
    table = as_table(W, None, "W")
    n = table.rows
    if n != table.cols:
        raise ShapeError(f"W is {table.rows} x {table.cols}; a square matrix is needed")
    if n > 4:
        raise NoClosedForm(f"W has {n} units; the sum has {2**n} terms. It is written out for n <= 4")
    d = [sp.Symbol(f"d_{i + 1}", real=True) for i in range(n)]
    terms = []
    for chosen in [(), *subsets(n)]:
        minor = (sp.eye(n) - table).extract(list(chosen), list(chosen)).det() if chosen else sp.S.One
        terms.append(sp.prod([d[i] if i in chosen else 1 - d[i] for i in range(n)]) * minor)
    lhs = DeterminantOf(sp.ImmutableMatrix(sp.eye(n) - sp.diag(*d) * table))
    return Result("determinant of a fixed point", lhs, "=", sp.Add(*terms), source=(GALE,))


def unique_fixed_point(W: Any) -> Result:
    """I - W is a P-matrix <=> all its principal minors are positive: then h = phi(W h + b) has one solution for every b.

    For 0 < phi' <= 1 reaching all slopes (tanh), and for ReLU, where it is equivalent to uniqueness for every b (a linear
    complementarity problem with the matrix I - W). A negative minor gives several solutions for some b.
    Shapes: W (n, n), n <= 4.
    Source: gale1965.
    """
    table = as_table(W, None, "W")
    n = table.rows
    if n != table.cols:
        raise ShapeError(f"W is {n} x {table.cols}; a square matrix is needed")
    if any(e.is_extended_real is False for e in table):
        raise SpecError(
            "W has entries that are not real; h = phi(W h + b) is about real states, and P-matrices are real"
        )
    if n > 4:
        raise NoClosedForm(
            f"W has {n} units; {2**n - 1} minors are written out for n <= 4. For numbers use certificates"
        )
    minors = [(sp.eye(n) - table).extract(list(s), list(s)).det() for s in subsets(n)]
    rhs = sp.And(*(sp.Gt(m, 0) for m in minors))
    return Result("unique fixed point", IsPMatrix(sp.ImmutableMatrix(sp.eye(n) - table)), "<=>", rhs, source=(GALE,))


# the hierarchy and the echo state property


def hierarchy(n: Any = None) -> list[Result]:
    """The conditions from the narrowest to the widest, each step an implication; none can be reversed.

    ||W||_1, ||W||_2, ||W||_oo < 1 or rho(|W|) < 1 => diagonally stable => rho(W) < 1, and ||W|| < 1 => rho(W) < 1.
    """
    size = sp.Symbol("n", integer=True, positive=True) if n is None else n
    if not isinstance(size, sp.Symbol):
        size = whole(n, "number of units")
    W = sp.MatrixSymbol("W", size, size)
    narrow = {
        "||W||_1 < 1": sp.Lt(AbsoluteNorm(W, 1), 1),
        "||W||_2 < 1": sp.Lt(SpectralNorm(W), 1),
        "||W||_oo < 1": sp.Lt(AbsoluteNorm(W, sp.oo), 1),
        "rho(|W|) < 1": sp.Lt(PerronRoot(W), 1),
    }
    found = [
        Result(f"{k} => diagonally stable", e, "=>", DiagonallyStable(W), source=(BUEHNER,)) for k, e in narrow.items()
    ]
    found += [
        Result(f"{k} => rho(|W|) < 1", narrow[k], "=>", narrow["rho(|W|) < 1"]) for k in ("||W||_1 < 1", "||W||_oo < 1")
    ]
    found.append(Result("diagonally stable => rho(W) < 1", DiagonallyStable(W), "=>", sp.Lt(SpectralRadius(W), 1)))
    return found


def echo_state(cell: Cell) -> list[Result]:
    """The classical pair: L ||W|| < 1 is sufficient for the echo state property; rho(J(0)) > 1 violates it.

    The second speaks of inputs that may be 0 and of phi(0) = 0, b = 0: J(0) = (1 - a) I + a phi'(0) W. It is stated as
    the Jacobian at the origin. rho(W) < 1 is not sufficient (Yildiz, Jaeger & Kiebel 2012).
    """
    cell = general_form(cell)
    parts = recurrence(cell)
    if parts.activation.phi(0) != 0:
        raise NoClosedForm(
            f"{parts.activation.name}(0) is not 0: the origin is no fixed point, so the necessary half says nothing"
        )
    slope = parts.activation.derivative(0)
    if slope.has(sp.nan):
        raise NoClosedForm(f"{parts.activation.name} has no derivative at 0")
    n, a = cell.state[0].shape[0], parts.leak
    silent = [*cell.state, *cell.input, *(s for s in cell._parameter_symbols() if s.name == "b")]
    J = linear(slope * parts.W) if a == 1 else total((1 - a) * sp.Identity(n), linear(a * slope * parts.W))
    necessary = Result(
        f"Jacobian of {cell.name} at the origin", cell.derivative(cell.next, cell.state), "=", J,
        sp.And(cell.given, AllZero(*silent)), source=(JAEGER,), arrays=cell.arrays,
    )  # fmt: skip
    return [contraction_condition(cell), necessary]
