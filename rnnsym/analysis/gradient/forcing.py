"""Chaos and gradients: what a positive exponent does, how long one can look ahead, and forcing by a teacher.

Along a run the Lyapunov exponent IS the growth rate of d h_t/d h_0, so chaos makes gradients explode by definition; what
is a theorem (Oseledets) is that the limit exists, almost everywhere. For all trajectories and times one has only bounds:
volume, ||P|| >= |det P|^{1/n}, and least slopes (`gradient_bound`, "steps"). Teacher forcing h~ = (1 - alpha) h + alpha y
multiplies every factor by 1 - alpha; the factors are those of the FORCED run, and the bound that makes the product <= 1
needs a norm of all of them. May import: everything to the left of `analysis.gradient`, and `gradient.paths`.
"""

from __future__ import annotations

from dataclasses import replace

import sympy as sp

from rnnsym.analysis.contraction import recurrence
from rnnsym.analysis.gradient.paths import abstract, i, k, on_path, path_arrays, path_of, step_jacobian, t
from rnnsym.cells.record import Cell
from rnnsym.defined import DeterminantOf, OrderedProduct, SpectralNorm
from rnnsym.defined.extremes import IndexedProduct, RootOf
from rnnsym.defined.gradients import Propagator
from rnnsym.result import NoClosedForm, Result, Source
from rnnsym.vectors import column, entrywise

alpha = sp.Symbol("alpha", real=True)
MIKHAEIL = Source(
    "mikhaeil2022", "Mikhaeil, J. M. and Monfared, Z. and Durstewitz, D.",
    "On the difficulty of learning chaotic dynamics with RNNs", 2022, arxiv="2110.07238",
)  # fmt: skip
HESS = Source(
    "hess2023", "Hess, F. and Monfared, Z. and Brenner, M. and Durstewitz, D.",
    "Generalized teacher forcing for learning chaotic dynamics", 2023, arxiv="2306.04406",
)  # fmt: skip
OSELEDETS = Source(
    "oseledets1968", "Oseledets, V. I.",
    "A multiplicative ergodic theorem. Lyapunov characteristic numbers for dynamical systems", 1968,
)  # fmt: skip


def forced(cell: Cell) -> Cell:
    """The cell under generalized teacher forcing: each step starts from h~ = (1 - alpha) h_{t-1} + alpha y_t.

    y_t is the teacher's value of the old state h_{t-1}, a new input for each state block. alpha = 0 is the free network,
    alpha = 1 replaces the state: no gradient passes.
    Raises: NoClosedForm if the cell has a quantity named alpha or y already.

    >>> from rnnsym.cells import elman
    >>> print(forced(elman()))
    elman, forced: h_tilde_t = alpha*y + h*(1 - alpha); h_t = tanh(W_h*h_tilde_t + W_x*x + b)
    """
    cell = abstract(cell)
    single = len(cell.state) == 1
    names = {s.name for _, e in cell.equations for s in e.free_symbols} | {s.name for s, _ in cell.equations}
    teachers, tildes, mixed = [], [], []
    for old in cell.state:
        y = sp.MatrixSymbol("y" if single else f"y_{old.name}", *old.shape)
        tilde = sp.MatrixSymbol(f"{old.name}_tilde_t", *old.shape)
        teachers.append(y)
        tildes.append(tilde)
        mixed.append((tilde, entrywise(lambda h, y: (1 - alpha) * h + alpha * y, old, y)))
    clash = names & {"alpha", *(s.name for s in (*teachers, *tildes))}
    if clash:
        raise NoClosedForm(f"{cell.name} has {sorted(clash)[0]} already; rename it to force the cell")
    table = dict(zip(cell.state, tildes, strict=True))
    equations = (*mixed, *((name, column(e.xreplace(table))) for name, e in cell.equations))
    return replace(cell, name=f"{cell.name}, forced", input=(*cell.input, *teachers), equations=equations, general=None)


def forced_bptt(cell: Cell) -> Result:
    """Teacher forcing scales gradients: d h_t/d h_k = (1 - alpha)^{t-k} J_t ... J_{k+1}, J_s taken at the forced states.

    Given:  k <= t; the activations are differentiable along the run.
    Source: hess2023.

    >>> from rnnsym.cells import elman
    >>> forced_bptt(elman()).rhs.args[0]
    (1 - alpha)**(-k + t)
    """
    free, made = abstract(cell), forced(cell)
    path = path_of(made, t)
    tildes = {old: tilde for old, (tilde, _) in zip(free.state, made.equations, strict=False)}
    factor = path.written(step_jacobian(free).xreplace(tildes), i)
    product = OrderedProduct(factor, i, k + 1, t)
    return Result(
        f"gradient of {cell.name} through time under teacher forcing", Propagator(path, k, t), "=",
        sp.MatMul((1 - alpha) ** (t - k), product, evaluate=False),
        sp.And(sp.Le(k, t), on_path(made, path, i)), source=(HESS,), arrays=path_arrays(made, path),
    )  # fmt: skip


def forcing_strength(cell: Cell) -> Result:
    """||d h_t/d h_k|| <= 1 under forcing with 1 - 1/(L ||W||) <= alpha <= 1: for every input, teacher and time.

    Sufficient, not necessary, and for the norm: rho(J) in its place is not enough (a nilpotent J). With L ||W|| <= 1 any
    alpha in [0, 1] serves. Hess et al. take sup ||J_s|| over the data for L ||W||.
    Given:  alpha >= 1 - 1/(L ||W||), 0 <= alpha <= 1, k <= t; the activation is differentiable along the run.
    Raises: NoClosedForm for another kind of cell.
    Source: hess2023.

    >>> from rnnsym.cells import elman
    >>> forcing_strength(elman()).lhs
    SpectralNorm(d h[t]/d h[k])
    """
    parts = recurrence(abstract(cell))
    if parts.leak != 1:
        raise NoClosedForm(f"{cell.name} is leaky; the bound is written for h_t = phi(W h + U x + b)")
    made = forced(cell)
    path = path_of(made, t)
    size = parts.L * SpectralNorm(parts.W)
    given = sp.And(sp.Gt(size, 0), sp.Ge(alpha, 1 - 1 / size), sp.Ge(alpha, 0), sp.Le(alpha, 1), sp.Le(k, t))
    return Result(
        f"forcing of {cell.name} that keeps gradients bounded", SpectralNorm(Propagator(path, k, t)), "<=", sp.S.One,
        sp.And(given, on_path(made, path, i)), source=(HESS,), arrays=path_arrays(made, path),
    )  # fmt: skip


def predictability_time() -> Result:
    """The time in which an error doubles, exp(lambda tau) = 2: tau = ln 2/lambda, for the exponent lambda > 0.

    Forcing every tau steps keeps the growth of gradients between two forcings near 2.
    Source: mikhaeil2022.

    >>> predictability_time().rhs
    log(2)/lambda_max
    """
    rate, tau = sp.Symbol("lambda_max", positive=True), sp.Symbol("tau", real=True)
    lhs = RootOf(sp.exp(rate * tau) - 2, tau, 0, 1 / rate)
    return Result("predictability time", lhs, "=", sp.log(2) / rate, source=(MIKHAEIL,))


def volume_bound(cell: Cell) -> Result:
    """||d h_t/d h_k|| >= |det J_t ... det J_{k+1}|^{1/n}: where volume grows, gradients explode.

    The mean of the n exponents is the growth rate of the right side, so a positive mean is sufficient, for every
    trajectory; one positive exponent (chaos) makes ||d h_t/d h_0|| grow along almost every trajectory of an ergodic
    measure, at the rate of the largest exponent, which is what that exponent is (Oseledets); that limit is not derived.
    Given:  k <= t; the activations are differentiable along the run.
    Source: oseledets1968, mikhaeil2022.

    >>> from rnnsym.cells import elman
    >>> volume_bound(elman()).relation
    '<='
    """
    general, path = abstract(cell), path_of(cell, t)
    factor = sp.Abs(DeterminantOf(path.written(step_jacobian(general), i)))
    size = sp.Add(*(s.shape[0] for s in general.state))
    return Result(
        f"volume and gradient of {cell.name}", IndexedProduct(factor, i, k + 1, t) ** (1 / size), "<=",
        SpectralNorm(Propagator(path, k, t)), sp.And(sp.Le(k, t), on_path(cell, path, i)), source=(OSELEDETS, MIKHAEIL),
        arrays=path_arrays(cell, path),
    )  # fmt: skip
