"""When gradients vanish and when they explode: bounds of d h_t/d h_k, each in its true logical direction.

    upper bounds   ||d h_t/d h_k|| <= prod ||J_i|| <= rate^{t-k}: small rates are SUFFICIENT for vanishing, so a rate above 1
                   is NECESSARY for explosion, never sufficient: [[0, 5], [0, 0]] has norm 5 and square 0;
    lower bounds   ||(d h_t/d h_k) v|| >= prod sigma_min(J_i) ||v||: SUFFICIENT for explosion, in every direction.
Only singular values (or an absolute, weighted norm) bound the product; eigenvalues of W do not (`counterexamples`). For
J_i = D_i W with |phi'| <= L every norm in which all the D_i have norm <= L serves: the spectral norm, and those of
diagonal metrics, as D_i and diag(q) commute. May import: everything to the left of `analysis.gradient`, and
`gradient.paths`.
"""

from __future__ import annotations

from typing import Any

import sympy as sp

from rnnsym.activations import sigmoid
from rnnsym.analysis.contraction import MMR, Recurrence, diagonal_metric, recurrence
from rnnsym.analysis.gates import BONASSI_GRU, TERZI, bounds
from rnnsym.analysis.gradient.bptt import PASCANU
from rnnsym.analysis.gradient.paths import abstract, i, k, on_path, path_arrays, path_of, step_jacobian, t
from rnnsym.cells.catalogue import gru, lstm
from rnnsym.cells.record import Cell, whole
from rnnsym.defined import Avoids, SpectralNorm
from rnnsym.defined.extremes import BlockNorms, IndexedProduct, LargestEntry, SmallestSingularValue
from rnnsym.defined.gradients import Propagator
from rnnsym.defined.stability import AbsoluteNorm
from rnnsym.result import Array, NoClosedForm, Result, Source, SpecError
from rnnsym.vectors import diagonal, entrywise, linear

BENGIO = Source(
    "bengio1994", "Bengio, Y. and Simard, P. and Frasconi, P.",
    "Learning long-term dependencies with gradient descent is difficult", 1994, doi="10.1109/72.279181",
)  # fmt: skip
NORMS = ("2", "diagonal", "gates", "steps")
QUARTER = sp.Rational(1, 4)


def gradient_bound(cell: Cell, norm: str | None = None) -> list[Result]:
    """Vanishing and explosion: ||d h_t/d h_k|| <= (|1 - a| + |a| L ||W||)^{t-k}, and what follows from it.

    norm: "2"        spectral norm: the bound; rate < 1 => ||d h_t/d h_k|| < 1, k < t, sufficient for vanishing; and
                     ||d h_t/d h_k||^{1/(t-k)} <= rate: mean growth by c > 1 a step needs rate >= c, necessary for explosion;
          "diagonal" the same in the metric of diag(q); of two explicit units the best one, (L c*(W))^{t-k} with c* <= ||W||;
          "gates"    of a gru or lstm, from bounds of the gates, in the maximum norm;
          "steps"    of any cell: prod sigma_min(J_i) <= sigma_min(d h_t/d h_k), and ||d h_t/d h_k|| <= prod ||J_i||.
          None: all that apply to the cell.
    Given:  k <= t; the activations are differentiable along the run; for "gates" bounded inputs and states.
    Raises: NoClosedForm if that norm does not apply to the cell; SpecError for an unknown norm.
    Source: pascanu2013, bengio1994; gates: terzi2021, bonassi2021.

    >>> from rnnsym.cells import elman
    >>> for result in gradient_bound(elman("sigmoid"), "2"): print(result.name, result.rhs)
    gradient of elman, spectral norm (SpectralNorm(W_h)/4)**(-k + t)
    vanishing gradients of elman SpectralNorm(d h[t]/d h[k]) < 1
    exploding gradients of elman SpectralNorm(W_h)/4
    """
    if norm is not None and norm not in NORMS:
        raise SpecError(f"norm must be one of {', '.join(NORMS)}; got {norm!r}")
    questions = {"2": _spectral, "diagonal": _diagonal, "gates": _gates, "steps": _steps}
    if norm is not None:
        return questions[norm](cell)
    found = []
    for question in questions.values():
        try:
            found += question(cell)
        except NoClosedForm:
            continue
    return found


def _rate(parts: Recurrence, size: Any) -> Any:
    return sp.Abs(1 - parts.leak) + sp.Abs(parts.leak) * parts.L * size


def _spectral(cell: Cell) -> list[Result]:
    parts, path = recurrence(abstract(cell)), path_of(cell, t)
    rate, late = _rate(parts, SpectralNorm(parts.W)), SpectralNorm(Propagator(path, k, t))
    given, arrays = on_path(cell, path, i), path_arrays(cell, path)
    bound = Result(f"gradient of {cell.name}, spectral norm", late, "<=", rate ** (t - k), sp.And(sp.Le(k, t), given),
                   source=(PASCANU, BENGIO), arrays=arrays)  # fmt: skip
    later = sp.And(sp.Lt(k, t), given)
    vanishing = Result(f"vanishing gradients of {cell.name}", sp.Lt(rate, 1), "=>", sp.Lt(late, 1), later,
                       source=(PASCANU, BENGIO), arrays=arrays)  # fmt: skip
    exploding = Result(f"exploding gradients of {cell.name}", late ** (1 / (t - k)), "<=", rate, later,
                       source=(PASCANU,), arrays=arrays)  # fmt: skip
    return [bound, vanishing, exploding]


def _diagonal(cell: Cell) -> list[Result]:
    parts, path = recurrence(abstract(cell)), path_of(cell, t)
    W = parts.W
    given, arrays = sp.And(sp.Le(k, t), on_path(cell, path, i)), path_arrays(cell, path)
    late = Propagator(path, k, t)
    if isinstance(W, sp.MatrixBase) and W.shape == (2, 2):
        (_, b), (c, _) = W.tolist()
        best = diagonal_metric(W).rhs
        condition = sp.sqrt(sp.Max(sp.Abs(b / c), sp.Abs(c / b)))
        return [
            Result(f"gradient of {cell.name}, best diagonal metric", SpectralNorm(late), "<=",
                   condition * _rate(parts, best) ** (t - k), sp.And(given, sp.Ne(b, 0), sp.Ne(c, 0)), source=(MMR, PASCANU),
                   arrays=arrays)
        ]  # fmt: skip
    n = path.args[0][0].shape[0]
    q = sp.MatrixSymbol("q", n, 1)
    right, left = diagonal(q), diagonal(entrywise(lambda v: 1 / v, q))
    size = SpectralNorm(linear(right, W, left))
    return [
        Result(f"gradient of {cell.name}, diagonal metric", SpectralNorm(linear(right, late, left)), "<=",
               _rate(parts, size) ** (t - k), sp.And(given, Avoids(q, 0)), source=(PASCANU,),
               arrays=(*arrays, Array("q", "parameter", q)))
    ]  # fmt: skip


def _gates(cell: Cell) -> list[Result]:
    general = cell.general if cell.binding and cell.general is not None else cell
    if general.equations in (gru().equations, gru(update="replace").equations):
        return [_gru(general)]
    if general.equations == lstm().equations:
        return [_lstm(general)]
    raise NoClosedForm(f"{cell.name} is no gru (reset before) and no lstm; ask norm='steps', which serves every cell")


def _gru(cell: Cell) -> Result:
    """||d h_t/d h_k||_oo <= (max(z + (1 - z) K, 1 - z + z K) + (1 + g) w_z/4)^{t-k}, K = w (r + w_r/4).

    z, r, g bound the gates and the candidate, so that 1 - z <= z_t <= z, and the mean of 1 and K is largest at an end.
    """
    path, bound = path_of(cell, t), bounds(cell)
    Z, R, G = sp.symbols("z_bar r_bar g_bar", positive=True)
    where = ((Z, sigmoid(bound["z"])), (R, sigmoid(bound["r"])), (G, sp.tanh(bound["g"])))
    w = {gate: AbsoluteNorm(cell.symbol(f"W_h{gate}"), sp.oo) for gate in "zrg"}
    K = w["g"] * (R + w["r"] * QUARTER)
    rate = sp.Max(Z + (1 - Z) * K, 1 - Z + Z * K) + (1 + G) * w["z"] * QUARTER
    late = AbsoluteNorm(Propagator(path, k, t), sp.oo)
    boxed = [sp.Le(LargestEntry(s), 1) for s in (*path.args[3], *path.args[5])]
    return Result(
        f"gradient of {cell.name}, gate bounds", late, "<=", rate ** (t - k),
        sp.And(sp.Le(k, t), *boxed, on_path(cell, path, i)), where, source=(BONASSI_GRU,), arrays=path_arrays(cell, path),
    )  # fmt: skip


def _lstm(cell: Cell) -> Result:
    """The norms of the blocks (c, h) of d (c_t, h_t)/d (c_k, h_k) are <= A^{t-k}, A of `lstm_delta_iss`, entry by entry."""
    path, bound = path_of(cell, t), bounds(cell)
    F, I, O, G, C = sp.symbols("f_bar i_bar o_bar g_bar c_bar", positive=True)  # noqa: E741
    alpha, A = sp.Symbol("alpha", nonnegative=True), sp.MatrixSymbol("A", 2, 2)
    gates = {s: sp.tanh(bound[g]) if g == "g" else sigmoid(bound[g]) for s, g in zip((F, I, O, G), "fiog", strict=True)}
    w = {gate: AbsoluteNorm(cell.symbol(f"W_h{gate}"), sp.oo) for gate in "ifog"}
    largest = I * G / (1 - F)
    where = (
        *gates.items(), (C, largest), (alpha, w["f"] * C * QUARTER + I * w["g"] + w["i"] * G * QUARTER),
        (A, sp.ImmutableMatrix([[F, alpha], [O * F, O * alpha + sp.tanh(C) * w["o"] * QUARTER]])),
    )  # fmt: skip
    c0, h0 = path.args[3]
    boxed = [sp.Le(LargestEntry(s), 1) for s in (h0, *path.args[5])]
    return Result(
        f"gradient of {cell.name}, gate bounds", BlockNorms(Propagator(path, k, t), 2), "<=",
        sp.MatPow(A, t - k),
        sp.And(sp.Le(k, t), *boxed, sp.Le(LargestEntry(c0), largest.xreplace(gates)), on_path(cell, path, i)),
        where, source=(TERZI,), arrays=path_arrays(cell, path),
    )  # fmt: skip


def _steps(cell: Cell) -> list[Result]:
    path = path_of(cell, t)
    J = path.written(step_jacobian(abstract(cell)), i)
    late, given, arrays = Propagator(path, k, t), sp.And(sp.Le(k, t), on_path(cell, path, i)), path_arrays(cell, path)
    return [
        Result(f"gradient of {cell.name}, product of norms", SpectralNorm(late), "<=",
               IndexedProduct(SpectralNorm(J), i, k + 1, t), given, source=(PASCANU,), arrays=arrays),
        Result(f"gradient of {cell.name}, product of least singular values",
               IndexedProduct(SmallestSingularValue(J), i, k + 1, t), "<=", SmallestSingularValue(late), given,
               arrays=arrays),
    ]  # fmt: skip


# Products of any matrices


def product_bounds(steps: int = 3) -> list[Result]:
    """prod sigma_min(J_i) <= sigma_min(J_T ... J_1) and ||J_T ... J_1|| <= prod ||J_i||, for any square matrices.

    So ||J_i|| <= eta < 1 makes the product vanish like eta^T; nothing follows from ||J_i|| > 1 (`norms_above_one`).
    Raises: SpecError if steps is not a whole number >= 1.
    Source: pascanu2013.

    >>> print(product_bounds(2)[0].lhs, "<=", product_bounds(2)[0].rhs)
    SpectralNorm(J_2*J_1) <= SpectralNorm(J_1)*SpectralNorm(J_2)
    """
    J = _factors(steps)
    product = linear(*reversed(J))
    least = sp.Mul(*map(SmallestSingularValue, J))
    return [
        Result("norm of a product", SpectralNorm(product), "<=", sp.Mul(*map(SpectralNorm, J)), source=(PASCANU,)),
        Result("least singular value of a product", least, "<=", SmallestSingularValue(product)),
    ]


def norms_above_one(steps: int = 2) -> Result:
    """The textbook sentence that ||J_i|| > 1 at every step makes gradients explode: ||J_T ... J_1|| > 1. It is FALSE.

    Kept as a claim, so that `verify` shows its counterexample: a nilpotent factor, such as [[0, 5], [0, 0]] of norm 5 with
    square 0. It holds for n = 1 and for multiples of orthogonal matrices. A norm above 1 is necessary for explosion (the
    first of `product_bounds`); sigma_min(J_i) > 1 is sufficient (the second).
    Raises: SpecError if steps is not a whole number >= 1.

    >>> norms_above_one().status
    'claimed'
    """
    J = _factors(steps)
    lhs = sp.And(*(sp.Gt(SpectralNorm(f), 1) for f in J))
    return Result(
        "norms above one at every step", lhs, "=>", sp.Gt(SpectralNorm(linear(*reversed(J))), 1), status="claimed"
    )


def _factors(steps: int) -> list[Any]:
    n = sp.Symbol("n", integer=True, positive=True)
    return [sp.MatrixSymbol(f"J_{s}", n, n) for s in range(1, whole(steps, "number of steps T") + 1)]
