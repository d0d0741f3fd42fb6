"""Lyapunov exponents and Lyapunov functions: what long runs do, exactly where it is known, and low-rank reduction.

Exponents: of a run, by QR (numeric); their sum, exactly for each step; of the skew tent, exactly. Functions that never
grow along trajectories: of networks with symmetric W, of the modern Hopfield update. Low rank: W = M N^T acts on
kappa = N^T h alone. May import: everything to the left of `analysis.lyapunov`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import sympy as sp

from rnnsym.activations.record import X
from rnnsym.analysis.contraction import recurrence
from rnnsym.analysis.jacobian import jacobian
from rnnsym.cells.catalogue import elman
from rnnsym.cells.paths import step_result
from rnnsym.cells.record import Cell, as_cell, whole
from rnnsym.code import array_function
from rnnsym.defined import DeterminantOf, Invertible, PositiveDefinite, Symmetric
from rnnsym.defined.spectra import MeanLogVolume, TentExponent
from rnnsym.defined.stability import EntrySum, StateAfter
from rnnsym.result import NoClosedForm, Result, ShapeError, Source, SpecError
from rnnsym.vectors import Diagonal, column, entrywise, linear

ENGELKEN = Source(
    "engelken2023",
    "Engelken, R. and Wolf, F. and Abbott, L. F.",
    "Lyapunov spectra of chaotic recurrent neural networks",
    2023,
    doi="10.1103/PhysRevResearch.5.043044",
)
VOGT = Source(
    "vogt2022",
    "Vogt, R. and Puelma Touzel, M. and Shlizerman, E. and Lajoie, G.",
    "On Lyapunov exponents for RNNs",
    2022,
    doi="10.3389/fams.2022.818799",
)
MARCUS = Source(
    "marcus1989",
    "Marcus, C. M. and Westervelt, R. M.",
    "Dynamics of iterated-map neural networks",
    1989,
    doi="10.1103/PhysRevA.40.501",
)
HOPFIELD = Source(
    "hopfield1984",
    "Hopfield, J. J.",
    "Neurons with graded response have collective computational properties like those of two-state neurons",
    1984,
    doi="10.1073/pnas.81.10.3088",
)
RAMSAUER = Source(
    "ramsauer2021",
    "Ramsauer, H. and Schaefl, B. and Lehner, J. and others",
    "Hopfield networks is all you need",
    2021,
    arxiv="2008.02217",
)
MASTROGIUSEPPE = Source(
    "mastrogiuseppe2018",
    "Mastrogiuseppe, F. and Ostojic, S.",
    "Linking connectivity, dynamics, and computations in low-rank recurrent neural networks",
    2018,
    doi="10.1016/j.neuron.2018.07.003",
)


EPSILON = float(np.finfo(float).eps)

# exponents of a run


@dataclass(frozen=True)
class LyapunovSpectrum:
    """Lyapunov exponents of a run, largest first, per step; status "numeric".

    error:         for each exponent, the spread of its mean over blocks of the run (one standard error).
    mean_log_det:  the mean of ln|det J| over the run: equal to the sum of the exponents up to rounding.
    A direction that a singular Jacobian sends to 0 has the exponent -oo.
    """

    exponents: tuple[float, ...]
    error: tuple[float, ...]
    mean_log_det: float
    steps: int
    status: str = "numeric"

    @property
    def kaplan_yorke(self) -> float:
        return kaplan_yorke(self.exponents)

    @property
    def entropy(self) -> float:
        return entropy(self.exponents)


def lyapunov_exponents(
    cell: Cell, values: Mapping[str, Any], *, steps: int = 2000, transient: int = 200, h0: Any = None, x: Any = None, seed: int = 0
) -> LyapunovSpectrum:  # fmt: skip
    """The Lyapunov exponents of a cell along one run, by QR of the tangent map (Benettin et al. 1980).

    values: parameter name -> number or array; `x` in values, or x=, is the constant input (m,) or a sequence (T, m).
    h0:     the first state, stacked; small random numbers of `seed` where left out.
    Raises: SpecError if the sizes cannot be seen from the values; ShapeError if x does not fit.
    Source: vogt2022.

    >>> from rnnsym.cells import elman
    >>> run = lyapunov_exponents(elman(), {"W_h": [[0.5, 0], [0, 0.25]]}, steps=400)
    >>> [round(v, 6) for v in run.exponents]
    [-0.693147, -1.386294]
    """
    count, skip = whole(steps, "steps"), whole(transient, "transient", least=0)
    given = {k: np.asarray(v, dtype=float) for k, v in values.items() if k != "x"}
    drive = values.get("x") if x is None else x
    sizes = _sizes(cell, given)
    random = np.random.default_rng(seed)
    start = random.normal(size=sum(sizes)) * 0.1 if h0 is None else np.asarray(h0, dtype=float).reshape(-1)
    if start.shape != (sum(sizes),):
        raise ShapeError(f"h0 has {start.size} entries; {cell.name} has {sum(sizes)} states here")
    inputs = _inputs(cell, drive, count + skip)
    step, slope = array_function(step_result(cell)), array_function(jacobian(cell))
    n, state, frame = sum(sizes), start, np.linalg.qr(random.normal(size=(sum(sizes), sum(sizes))))[0]
    logs, volume = np.empty((count, n)), 0.0
    for t in range(count + skip):
        blocks = np.split(state, np.cumsum(sizes)[:-1])
        arguments = {
            **given,
            **{s.name: b if not cell.is_scalar else b[0] for s, b in zip(cell.state, blocks, strict=True)},
            **inputs(t),
        }
        J = np.asarray(slope(**arguments), dtype=float).reshape(n, n)
        with np.errstate(all="ignore"):
            state = np.asarray(step(**arguments), dtype=float).reshape(-1)
        if not np.all(np.isfinite(state)):
            raise SpecError(f"the run of {cell.name} left the finite numbers after {t + 1} steps")
        frame, R = np.linalg.qr(J @ frame)
        if t >= skip:
            with np.errstate(divide="ignore"):
                stretch = np.abs(np.diag(R))
                logs[t - skip] = np.log(np.where(stretch > n * EPSILON * np.abs(J).max(), stretch, 0))  # singular: -oo
                volume += np.linalg.slogdet(J)[1]
    mean = logs.mean(axis=0)
    blocks = np.array_split(logs, min(20, count))
    with np.errstate(invalid="ignore"):
        spread = np.std([b.mean(axis=0) for b in blocks], axis=0) / np.sqrt(len(blocks))
    order = np.argsort(-mean)
    return LyapunovSpectrum(
        tuple(map(float, mean[order])), tuple(map(float, spread[order])), float(volume / count), count
    )


def _sizes(cell: Cell, given: Mapping[str, Any]) -> list[int]:
    known = {}
    for array in cell.arrays:
        size = sp.sympify(array.value.shape[0])
        if array.name in given and not size.is_Integer:
            known[size] = given[array.name].shape[0] if given[array.name].ndim else 1
    found = []
    for s in cell.state:
        size = sp.sympify(s.shape[0]).subs(known)
        if not size.is_Integer:
            raise SpecError(f"the size of {cell.name} cannot be seen from {sorted(given)}; give the recurrent weights")
        found.append(int(size))
    return found


def _inputs(cell: Cell, drive: Any, count: int) -> Any:
    if drive is None or not cell.input:
        return lambda t: {}
    table = np.asarray(drive, dtype=float)
    name = cell.input[0].name
    if table.ndim < 2:
        return lambda t: {name: table.reshape(-1) if not cell.is_scalar else float(table)}
    if len(table) < count:
        raise ShapeError(f"x has {len(table)} steps; {count} are needed (transient included)")
    return lambda t: {name: table[t] if not cell.is_scalar else float(table[t][0])}


def kaplan_yorke(exponents: Sequence[float]) -> float:
    """D_KY = k + (sum of the k largest)/|the next|, k the largest number with a sum >= 0.

    >>> kaplan_yorke([0.5, -1.0])
    1.5
    """
    ordered, sum_so_far = sorted(exponents, reverse=True), 0.0
    for k, value in enumerate(ordered):
        if sum_so_far + value < 0:
            return k + sum_so_far / abs(value)
        sum_so_far += value
    return float(len(ordered))


def entropy(exponents: Sequence[float]) -> float:
    """h_KS = sum of the positive exponents (Pesin; an upper bound, with equality for SRB measures).

    >>> entropy([0.5, 0.25, -2.0])
    0.75
    """
    return float(sum(v for v in exponents if v > 0))


# exact statements


def sum_rule(cell: Cell | None = None) -> Result:
    """ln|det J_t| = ln|det W| + sum_i ln phi'(a_i): its mean over a run is the sum of the Lyapunov exponents.

    Given:  W invertible (det W = 0 makes one exponent -oo); phi' > 0.
    Raises: NoClosedForm for a cell that is not phi(W h + U x + b).
    Source: engelken2023.

    >>> sorted(map(str, sum_rule().rhs.args))
    ['EntrySum(log(1 - h_t**2))', 'log(Abs(det(W_h)))']
    """
    cell = elman() if cell is None else as_cell(cell)
    cell = cell.general if cell.is_explicit and cell.general is not None else cell
    parts = recurrence(cell)
    if parts.leak != 1:
        raise NoClosedForm(f"{cell.name} leaks: its Jacobian (1 - a) I + a D W has no determinant in closed form")
    if parts.activation.kinks or parts.activation.derivative_of_output is None:
        raise NoClosedForm(f"{parts.activation.name} has no slope in terms of its output, or it may be 0")
    slope = parts.activation.derivative_of_output
    h_t = cell.next[0]
    lhs = sp.log(sp.Abs(DeterminantOf(cell.derivative(cell.next, cell.state))))
    rhs = sp.log(sp.Abs(DeterminantOf(parts.W))) + EntrySum(entrywise(lambda y: sp.log(slope(y)), h_t))
    return Result("sum rule of the Lyapunov exponents", lhs, "=", rhs, sp.And(cell.given, Invertible(parts.W)),
                  tuple(cell.equations), source=(ENGELKEN,), arrays=cell.arrays)  # fmt: skip


def random_volume() -> Result:
    """E ln|det W|/N = ln(g/sqrt(N)) + (1/(2N)) sum_(j=1..N) (ln 2 + psi(j/2)), entries normal with variance g^2/N.

    It tends to ln g - 1/2. Source: engelken2023.
    """
    N, g, j = sp.Symbol("N", integer=True, positive=True), sp.Symbol("g", positive=True), sp.Symbol("j", integer=True)
    rhs = sp.log(g / sp.sqrt(N)) + sp.Sum(sp.log(2) + sp.digamma(j / 2), (j, 1, N)) / (2 * N)
    return Result("mean log volume of a random network", MeanLogVolume(N, g), "=", rhs, sp.Gt(g, 0), source=(ENGELKEN,))


def skew_tent_exponent() -> Result:
    """z' = a z + w max(z, 0) + c with 1/a + 1/|a + w| = 1: lambda = ln(a)/a + ln|a + w|/|a + w|.

    The map is a full skew tent on [c (1 + a + w), c]: its density is uniform, and the parts z < 0, z > 0 have the shares
    1/a and 1/|a + w|. For c < 0 every orbit leaves. `w` is -a - a/(a - 1), from the hypothesis.
    Given:  a > 1, c > 0.
    """
    a, c, w, s = (
        sp.Symbol("a", real=True),
        sp.Symbol("c", real=True),
        sp.Symbol("w", real=True),
        sp.Symbol("s", real=True),
    )
    slope = -a - a / (a - 1)
    rhs = sp.log(a) / a + sp.log(s) / s
    return Result("Lyapunov exponent of the skew tent", TentExponent(a, slope, c), "=", rhs, sp.And(sp.Gt(a, 1), sp.Gt(c, 0)),
                  where=((w, slope), (s, sp.Abs(a + w))))  # fmt: skip


# low rank


def low_rank_reduction(phi: str = "tanh") -> list[Result]:
    """W = M N^T: kappa_t = N^T h_t obeys kappa_t = N^T phi(M kappa_(t-1) + U x_t + b), and the spectrum of D W is known.

    det(mu I - D M N^T) = mu^(n - R) det(mu I - N^T D M): the non-zero eigenvalues are those of R x R.
    Shapes: M, N (n, R). Exact for every n. Source: mastrogiuseppe2018.
    """
    n, R = sp.Symbol("n", integer=True, positive=True), sp.Symbol("R", integer=True, positive=True)
    M, N = sp.MatrixSymbol("M", n, R), sp.MatrixSymbol("N", n, R)
    cell = elman(phi, W_h=M * N.T)
    parts = recurrence(elman(phi))
    h, x, b = cell.state[0], cell.input[0], cell.symbol("b")
    kappa = sp.MatrixSymbol("kappa", R, 1)
    inside = (M * kappa, cell.symbol("W_x") * x, b)
    new = entrywise(lambda *terms: parts.activation.phi(sp.Add(*terms)), *inside)
    first = Result(
        "low-rank reduction", sp.MatMul(N.T, StateAfter.of(cell, [h], [(x,)])), "=", linear(N.T, new), cell.given,
        ((kappa, N.T * h),), source=(MASTROGIUSEPPE,),
    )  # fmt: skip
    d, value = sp.MatrixSymbol("d", n, 1), sp.Symbol("mu", real=True)
    D = Diagonal(d)
    lhs = DeterminantOf(sp.MatAdd(value * sp.Identity(n), -linear(D, M, N.T)))
    rhs = value ** (n - R) * DeterminantOf(sp.MatAdd(value * sp.Identity(R), -linear(N.T, D, M)))
    second = Result(
        "eigenvalues of a low-rank network",
        lhs,
        "=",
        rhs,
        sp.And(sp.Ne(value, 0), sp.Ge(n, R)),
        source=(MASTROGIUSEPPE,),
    )
    return [first, second]


# functions that never grow


def _potential(cell: Cell) -> Any:
    """G = integral of the inverse of phi, as a function of the output."""
    name = recurrence(cell).activation.name
    y = X
    table = {
        "tanh": y * sp.atanh(y) + sp.log(1 - y**2) / 2,
        "sigmoid": y * sp.log(y) + (1 - y) * sp.log(1 - y),
        "arctan": -sp.log(sp.cos(y)),
        "algebraic": -sp.sqrt(1 - y**2),
    }
    if name not in table:
        raise NoClosedForm(f"no integral of the inverse of {name} in the table; known: {', '.join(table)}")
    return sp.Lambda(y, table[name])


def symmetric_lyapunov(phi: str = "tanh") -> Result:
    """L(h, k) = -h^T W k - b^T (h + k) + sum_i [G(h_i) + G(k_i)], h = h_t, k = h_(t-1), does not grow for symmetric W: L(h_3, h_2) - L(h_2, h_1) <= 0.

    G is the integral of the inverse of phi (tanh: y artanh y + ln(1 - y^2)/2). So every trajectory under a constant input
    tends to fixed points or 2-cycles. b stands for U x + b.
    Given:  W symmetric; phi strictly increasing. Shapes: n units, from h_1 on (h_0 may lie outside the range of phi).
    Source: marcus1989.

    >>> symmetric_lyapunov().relation
    '<='
    """
    cell, G = elman(phi), _potential(elman(phi))
    W, states, bias = _run(cell, 3)

    def L(new: Any, old: Any) -> Any:  # noqa: N802
        product = EntrySum(entrywise(lambda p, q: p * q, new, _times(W, old)))
        linear_part = EntrySum(entrywise(lambda s, p, q: s * (p + q), bias, new, old))
        return -product - linear_part + EntrySum(entrywise(G, new)) + EntrySum(entrywise(G, old))

    return Result("Lyapunov function of a symmetric network", L(states[2], states[1]) - L(states[1], states[0]), "<=", 0,
                  Symmetric(W), source=(MARCUS,))  # fmt: skip


def symmetric_energy(phi: str = "tanh") -> Result:
    """E(h) = -h^T W h/2 - b^T h + sum_i G(h_i) does not grow if W = W^T and all eigenvalues of W exceed -1/L.

    Then only fixed points remain. Sharp for one unit: w = -2 has a 2-cycle.
    Given:  W symmetric, I + L W positive definite. Source: hopfield1984, marcus1989.
    """
    cell, G = elman(phi), _potential(elman(phi))
    W, states, bias = _run(cell, 2)
    slope = recurrence(cell).L

    def E(h: Any) -> Any:  # noqa: N802
        product = EntrySum(entrywise(lambda p, q: p * q, h, _times(W, h)))
        return -product / 2 - EntrySum(entrywise(lambda s, p: s * p, bias, h)) + EntrySum(entrywise(G, h))

    positive = PositiveDefinite(sp.MatAdd(sp.Identity(W.shape[0]), slope * W))
    given = sp.And(Symmetric(W), positive)
    return Result(
        "energy of a symmetric network", E(states[1]) - E(states[0]), "<=", 0, given, source=(HOPFIELD, MARCUS)
    )


def _run(cell: Cell, steps: int) -> tuple[Any, list[Any], Any]:
    """(W, the states after 1, ..., steps under one constant input, U x + b)."""
    W, U, b, h, x = cell.symbol("W_h"), cell.symbol("W_x"), cell.symbol("b"), cell.state[0], cell.input[0]
    states = [StateAfter.of(cell, [h], [(x,)] * t) for t in range(1, steps + 1)]
    return W, states, entrywise(lambda p, q: p + q, column(U * x), b)


def _times(W: Any, state: Any) -> Any:
    return sp.MatMul(W, state)


def hopfield_energy() -> Result:
    """xi' = X softmax(beta X^T xi) decreases E = -ln(sum_i exp(beta X^T xi)_i)/beta + |xi|^2/2 (CCCP).

    Shapes: X (n, m), the m patterns; xi (n).
    Given:  beta > 0.
    Source: ramsauer2021.
    """
    n, m = sp.Symbol("n", integer=True, positive=True), sp.Symbol("m", integer=True, positive=True)
    beta = sp.Symbol("beta", positive=True)
    patterns, xi = sp.MatrixSymbol("X", n, m), sp.MatrixSymbol("xi", n, 1)

    def weights(state: Any) -> Any:
        return entrywise(lambda s: sp.exp(beta * s), sp.MatMul(patterns.T, state))

    def energy(state: Any) -> Any:
        return -sp.log(EntrySum(weights(state))) / beta + EntrySum(entrywise(lambda s: s**2, state)) / 2

    new = sp.MatMul(1 / EntrySum(weights(xi)), patterns, weights(xi))
    return Result(
        "energy of the modern Hopfield update", energy(new), "<=", energy(xi), sp.Gt(beta, 0), source=(RAMSAUER,)
    )


__all__ = [
    "LyapunovSpectrum", "entropy", "hopfield_energy", "kaplan_yorke", "low_rank_reduction", "lyapunov_exponents",
    "random_volume", "skew_tent_exponent", "sum_rule", "symmetric_energy", "symmetric_lyapunov",
]  # fmt: skip
