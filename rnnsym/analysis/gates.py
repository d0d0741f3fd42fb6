"""Gated cells: input-to-state and incremental stability of LSTM and GRU, gates and folds, critical gains, half-lives.

Two trajectories (or one and the origin) are compared entry by entry in the maximum norm. With gates bounded by
s_g = sigmoid(||[W_xg W_hg b_g]||_oo) for |x| <= 1, |h| <= 1 the pair of norms (||c||, ||h||) grows at most by a matrix A
with entries >= 0, and rho(A) < 1 is the theorem's condition. Both halves are Results: the comparison, refutable by the
cell's own steps, and rho(A) < 1 as scalar inequalities. Sources: Bonassi, Terzi, Farina & Scattolini 2020; Terzi et al.
2021; Bonassi, Farina & Scattolini 2021. May import: everything to the left of `analysis.gates`.
"""

from __future__ import annotations

from typing import Any

import sympy as sp

from rnnsym.activations import sigmoid
from rnnsym.activations.functions import softplus
from rnnsym.cells.catalogue import gru, lstm
from rnnsym.cells.record import Cell
from rnnsym.defined import DeterminantOf, FixedPointOf, SpectralRadius
from rnnsym.defined.stability import AbsoluteNorm, CriticalGain, EntryProduct, StateAfter
from rnnsym.result import Result, Source, SpecError, Step
from rnnsym.vectors import Diagonal, diagonal, entrywise, linear, total

BONASSI = Source(
    "bonassi2020",
    "Bonassi, F. and Terzi, E. and Farina, M. and Scattolini, R.",
    "LSTM neural networks: input to state stability and probabilistic safety verification",
    2020,
)
TERZI = Source(
    "terzi2021",
    "Terzi, E. and Bonassi, F. and Farina, M. and Scattolini, R.",
    "Learning model predictive control with long short-term memory networks",
    2021,
    doi="10.1002/rnc.5519",
)
BONASSI_GRU = Source(
    "bonassi2021",
    "Bonassi, F. and Farina, M. and Scattolini, R.",
    "On the stability properties of gated recurrent units neural networks",
    2021,
    doi="10.1016/j.sysconle.2021.105049",
)
MILLER = Source("miller2019", "Miller, J. and Hardt, M.", "Stable recurrent models", 2019, arxiv="1805.10369")
JORDAN = Source(
    "jordan2021",
    "Jordan, I. D. and Sokol, P. A. and Park, I. M.",
    "Gated recurrent units viewed through the lens of continuous time dynamical systems",
    2021,
    doi="10.3389/fncom.2021.678158",
)
KRISHNAMURTHY = Source(
    "krishnamurthy2022",
    "Krishnamurthy, K. and Can, T. and Schwab, D. J.",
    "Theory of gating in recurrent neural networks",
    2022,
    doi="10.1103/PhysRevX.12.011011",
)
TALLEC = Source(
    "tallec2018", "Tallec, C. and Ollivier, Y.", "Can recurrent neural networks warp time?", 2018, arxiv="1804.11188"
)
GERS = Source(
    "gers2000",
    "Gers, F. A. and Schmidhuber, J. and Cummins, F.",
    "Learning to forget: continual prediction with LSTM",
    2000,
    doi="10.1162/089976600300015015",
)

f, i, o, w_c, w_f, w_i, w_o, w_z = sp.symbols("f i o w_c w_f w_i w_o w_z", nonnegative=True)
QUARTER = sp.Rational(1, 4)


# LSTM, the conditions


def lstm_iss() -> Result:
    """rho([[f, i w_c], [o f, o i w_c]]) < 1 <=> f + o i w_c < 1: the LSTM is input-to-state stable.

    f, i, o: the gate bounds sigmoid(||[W U b]||_oo); w_c = ||W_hg||_oo. The matrix has rank 1, so its spectral radius is
    its trace. `lstm_comparison("iss")` is the comparison that it rests on.
    Source: bonassi2020.

    >>> lstm_iss().rhs
    f + i*o*w_c < 1
    """
    A = sp.ImmutableMatrix([[f, i * w_c], [o * f, o * i * w_c]])
    return Result(
        "input-to-state stability of the LSTM",
        SpectralRadius(A) < 1,
        "<=>",
        sp.Lt(f + o * i * w_c, 1),
        source=(BONASSI,),
    )


def lstm_delta_iss() -> Result:
    """rho([[f, alpha], [o f, alpha o + s w_o/4]]) < 1 <=> -1 + f + alpha o + s w_o/4 < f s w_o/4 < 1: incremental ISS.

    s bounds |tanh(c)|, alpha = w_f i g/(4 (1 - f)) + i w_c + w_i g/4 with g = tanh(||[W_xg W_hg b_g]||_oo).
    Given:  f < 1.
    Source: terzi2021.
    """
    s, g = sp.symbols("s g", nonnegative=True)
    alpha = sp.Symbol("alpha", nonnegative=True)
    A = sp.ImmutableMatrix([[f, alpha], [o * f, alpha * o + s * w_o / 4]])
    last = s * w_o / 4
    rhs = sp.And(sp.Lt(-1 + f + alpha * o + last, f * last), sp.Lt(f * last, 1))
    where = ((alpha, w_f * i * g / (4 * (1 - f)) + i * w_c + w_i * g / 4),)
    return Result(
        "incremental stability of the LSTM", SpectralRadius(A) < 1, "<=>", rhs, sp.Lt(f, 1), where, source=(TERZI,)
    )


def miller_hardt() -> Result:
    """w_i, w_o < 1 - f, w_z <= (1 - f)/4, w_f < (1 - f)^2 => rho(A) < 1, A of `lstm_delta_iss` with all gate bounds 1.

    f bounds the forget gate, w_k = ||W_hk||_oo (w_z of the candidate). With bounds 1 the trace of A is
    f + w_f/(4 (1 - f)) + w_z + w_i/4 + w_o/4 < 1, so the Miller-Hardt region lies inside the incremental one. Their own
    conclusion (an O(log d)-fold iterate contracts) is theirs and is not derived here.
    Given:  f < 1.
    Source: miller2019.
    """
    first = sp.And(sp.Lt(w_i, 1 - f), sp.Lt(w_o, 1 - f), sp.Le(w_z, (1 - f) / 4), sp.Lt(w_f, (1 - f) ** 2))
    alpha = w_f / (4 * (1 - f)) + w_z + w_i / 4
    A = sp.ImmutableMatrix([[f, alpha], [f, alpha + w_o / 4]])
    return Result(
        "Miller-Hardt conditions", first, "=>", SpectralRadius(A) < 1, sp.And(sp.Lt(f, 1), first), source=(MILLER,)
    )


def bounds(cell: Cell) -> dict[str, Any]:
    """||[W_xg W_hg b_g]||_oo for each gate g of a cell: a bound of the pre-activation for |x| <= 1, |h| <= 1."""
    names = [str(s.name)[2:] for s in cell._parameter_symbols() if s.name.startswith("b_")]
    return {
        g: AbsoluteNorm(
            sp.BlockMatrix([[cell.symbol(f"W_x{g}"), cell.symbol(f"W_h{g}"), cell.symbol(f"b_{g}")]]), sp.oo
        )
        for g in names
    }


def _boxed(*columns: Any) -> list[Any]:
    return [sp.Le(AbsoluteNorm(s, sp.oo), 1) for s in columns]


def lstm_comparison(kind: str = "delta") -> list[Result]:
    """One step of the LSTM in the maximum norm: (||c_t||, ||h_t||) (kind "iss") or the gaps of two states (kind "delta").

    "iss":   ||c_t|| <= f ||c|| + i (||W_hg|| ||h|| + ||W_xg|| ||x|| + ||b_g||),  ||h_t|| <= o ||c_t||.
    "delta": ||c_t - d_t|| <= f ||c - d|| + alpha ||h - g||,  ||h_t - g_t|| <= o ||c_t - d_t|| + s/4 ||W_ho|| ||h - g||,
             s = tanh(i g/(1 - f)), on the invariant set |c| <= i g/(1 - f), |h| <= 1.
    Given:  |x| <= 1, |h| <= 1 and, for "delta", the bound of c.
    Source: bonassi2020, terzi2021.
    """
    cell = lstm()
    (c, h), x, n = cell.state, cell.input[0], cell.state[0].shape[0]
    bound = bounds(cell)
    F, I, O = (sigmoid(bound[g]) for g in "fio")  # noqa: E741
    U = {g: AbsoluteNorm(cell.symbol(f"W_h{g}"), sp.oo) for g in "ifog"}
    inputs = [(x,)]
    size = AbsoluteNorm
    if kind == "iss":
        new_c, new_h = (StateAfter.of(cell, [c, h], inputs, k) for k in range(2))
        first = F * size(c) + I * (U["g"] * size(h) + size(cell.symbol("W_xg")) * size(x) + size(cell.symbol("b_g")))
        given = sp.And(*_boxed(x, h))
        return [
            Result("cell state of the LSTM", size(new_c), "<=", first, given, source=(BONASSI,), arrays=cell.arrays),
            Result(
                "hidden state of the LSTM",
                size(new_h),
                "<=",
                O * size(new_c),
                given,
                source=(BONASSI,),
                arrays=cell.arrays,
            ),
        ]
    if kind != "delta":
        raise SpecError(f"kind must be 'iss' or 'delta', got {kind!r}")
    d, g = sp.MatrixSymbol("d", n, 1), sp.MatrixSymbol("g", n, 1)
    G = sp.tanh(bound["g"])
    largest = I * G / (1 - F)
    alpha = U["f"] * I * G / (4 * (1 - F)) + I * U["g"] + U["i"] * G / 4
    gaps = [StateAfter.of(cell, [c, h], inputs, k) - StateAfter.of(cell, [d, g], inputs, k) for k in range(2)]
    given = sp.And(*_boxed(x, h, g), sp.Le(size(c), largest), sp.Le(size(d), largest))
    second = O * size(gaps[0]) + sp.tanh(largest) / 4 * U["o"] * size(h - g)
    return [
        Result(
            "gap of the cell state",
            size(gaps[0]),
            "<=",
            F * size(c - d) + alpha * size(h - g),
            given,
            source=(TERZI,),
            arrays=cell.arrays,
        ),
        Result("gap of the hidden state", size(gaps[1]), "<=", second, given, source=(TERZI,), arrays=cell.arrays),
    ]


# GRU


def gru_iss() -> Result:
    """||h_t|| <= (z + (1 - z) r w) ||h|| + b < ... <=> w r < 1: the scalar condition of the GRU's input-to-state stability.

    z, r bound the gates, w = ||W_hg||_oo. A convex combination of 1 and r w is < 1 exactly if r w < 1 (z < 1).
    Source: bonassi2021.
    """
    z, r, w = sp.symbols("z r w", nonnegative=True)
    rate = z + (1 - z) * r * w
    A = sp.ImmutableMatrix([[rate]])
    return Result(
        "input-to-state stability of the GRU",
        SpectralRadius(A) < 1,
        "<=>",
        sp.Lt(r * w, 1),
        sp.Lt(z, 1),
        source=(BONASSI_GRU,),
    )


def gru_delta_iss() -> Result:
    """rate < 1 <=> w (w_r/4 + r) < 1 - (1 + g) w_z/(4 (1 - z)), rate = z + (1 - z) w (r + w_r/4) + (1 + g) w_z/4.

    z, r bound the gates, g = tanh(||[W_xg W_hg b_g]||_oo), w, w_r, w_z = ||W_hg||_oo, ||W_hr||_oo, ||W_hz||_oo.
    From h_t - g_t = z (h - g) + (1 - z)(candidate gap) + (z - z')(g - candidate).
    Given:  z < 1.
    Source: bonassi2021.
    """
    z, r, w, w_r, g = sp.symbols("z r w w_r g", nonnegative=True)
    rate = z + (1 - z) * w * (r + w_r / 4) + (1 + g) * w_z / 4
    rhs = sp.Lt(w * (w_r / 4 + r), 1 - (1 + g) * w_z / (4 * (1 - z)))
    lhs = SpectralRadius(sp.ImmutableMatrix([[rate]])) < 1
    return Result("incremental stability of the GRU", lhs, "<=>", rhs, sp.Lt(z, 1), source=(BONASSI_GRU,))


def gru_comparison(kind: str = "delta") -> Result:
    """One step of the GRU in the maximum norm, under the hypothesis that the candidate contracts (K <= 1).

    "iss":   ||h_t|| <= (z + (1 - z) r w) ||h|| + (||W_xg|| ||x|| + ||b_g||);
    "delta": ||h_t - g_t|| <= (z + (1 - z) w (r + w_r/4) + (1 + g) w_z/4) ||h - g||.
    Given:  |x| <= 1, |h| <= 1, |g| <= 1, and K = r w or w (r + w_r/4) at most 1 (so that the largest z is the worst).
    Source: bonassi2021.
    """
    cell = gru()
    h, x, n = cell.state[0], cell.input[0], cell.state[0].shape[0]
    bound = bounds(cell)
    Z, R, G = sigmoid(bound["z"]), sigmoid(bound["r"]), sp.tanh(bound["g"])
    U = {k: AbsoluteNorm(cell.symbol(f"W_h{k}"), sp.oo) for k in "zrg"}
    size, inputs = AbsoluteNorm, [(x,)]
    after = StateAfter.of(cell, [h], inputs)
    if kind == "iss":
        K = R * U["g"]
        rhs = (Z + (1 - Z) * K) * size(h) + size(cell.symbol("W_xg")) * size(x) + size(cell.symbol("b_g"))
        given = sp.And(*_boxed(x, h), sp.Le(K, 1))
        return Result("state of the GRU", size(after), "<=", rhs, given, source=(BONASSI_GRU,), arrays=cell.arrays)
    if kind != "delta":
        raise SpecError(f"kind must be 'iss' or 'delta', got {kind!r}")
    g = sp.MatrixSymbol("g", n, 1)
    K = U["g"] * (R + U["r"] / 4)
    rate = Z + (1 - Z) * K + (1 + G) * U["z"] / 4
    given = sp.And(*_boxed(x, h, g), sp.Le(K, 1))
    gap = size(after - StateAfter.of(cell, [g], inputs))
    return Result("gap of the GRU", gap, "<=", rate * size(h - g), given, source=(BONASSI_GRU,), arrays=cell.arrays)


# update gate and folds


def update_gate_and_folds() -> Result:
    """det(I - J) = prod_i (1 - z_i) det(I - K) at a fixed point of the GRU, with K the Jacobian of the candidate.

    J = diag(z) + diag((h - g) z (1 - z)) W_hz + diag(1 - z) K, and h = g at a fixed point: the update gate sets time
    scales and can move flips and Neimark-Sacker points, never a fold. Fixed points do not depend on z at all.
    K = diag(1 - g^2) W_hg (diag(r) + diag(h r (1 - r)) W_hr).
    Given:  h = F(h).
    Source: jordan2021 (in continuous time); the identity is derived here.

    >>> update_gate_and_folds().relation
    '='
    """
    cell = gru()
    h, n = cell.state[0], cell.state[0].shape[0]
    z, r, g = (cell.symbol(s) for s in ("z_t", "r_t", "g_t"))
    inner = total(Diagonal(r), linear(diagonal(entrywise(lambda a, b: a * b * (1 - b), h, r)), cell.symbol("W_hr")))
    K = linear(diagonal(entrywise(lambda a: 1 - a**2, g)), cell.symbol("W_hg"), inner)
    one_minus = entrywise(lambda a: 1 - a, z)
    lhs = DeterminantOf(sp.Identity(n) - cell.derivative(cell.next, cell.state))
    whole = DeterminantOf(linear(Diagonal(one_minus), sp.MatAdd(sp.Identity(n), -K)))
    rhs = EntryProduct(one_minus) * DeterminantOf(sp.MatAdd(sp.Identity(n), -K))
    fixed = FixedPointOf(cell.state, cell.next, cell.equations, cell.binding)
    steps = (
        Step(whole, "h = g at a fixed point, so J = diag(z) + diag(1 - z) K"),
        Step(rhs, "determinant of a product"),
    )
    where = tuple((name, e) for name, e in cell.equations if name in (z, r, g))
    return Result("update gate and folds", lhs, "=", rhs, fixed, where, steps, source=(JORDAN,), arrays=cell.arrays)


# critical gains


def critical_gain(cell: str = "gru") -> Result:
    """The gain g at which the origin loses stability when the recurrent matrix is g M and the spectrum of M fills |z| <= 1.

    GRU: J = sigmoid(b_z) I + (1 - sigmoid(b_z)) sigmoid(b_r) g M, so g = 1/sigmoid(b_r), whatever b_z.
    LSTM: non-zero eigenvalues sigmoid(b_f) + sigmoid(b_i) sigmoid(b_o) g lambda, so g = (1 - sigmoid(b_f))/(sigmoid(b_i) sigmoid(b_o)).
    Elman and leaky: g = 1. A matrix with independent entries of variance 1/n has that spectrum as n grows (circular law).
    Given:  zero input, candidate bias 0, equal biases for the units of a gate; 0 < a <= 1 of a leaky cell.

    >>> critical_gain("gru").rhs
    1/sigmoid(b_r)
    """
    b_z, b_r, b_f, b_i, b_o = sp.symbols("b_z b_r b_f b_i b_o", real=True)
    a = sp.Symbol("a", positive=True)
    table = {
        "gru": (sigmoid(b_z), (1 - sigmoid(b_z)) * sigmoid(b_r), 1 / sigmoid(b_r), sp.true),
        "lstm": (
            sigmoid(b_f),
            sigmoid(b_i) * sigmoid(b_o),
            (1 - sigmoid(b_f)) / (sigmoid(b_i) * sigmoid(b_o)),
            sp.true,
        ),
        "elman": (sp.S.Zero, sp.S.One, sp.S.One, sp.true),
        "leaky": (1 - a, a, sp.S.One, sp.Le(a, 1)),
    }
    if not isinstance(cell, str) or cell not in table:
        raise SpecError(f"no critical gain of {cell!r}; known: {', '.join(table)}")
    offset, slope, rhs, given = table[cell]
    status = "derived"
    return Result(
        f"critical gain of {cell}", CriticalGain(offset, slope), "=", rhs, given, status=status, source=(KRISHNAMURTHY,)
    )


# half-lives


def gate_half_life() -> Result:
    """t with sigmoid(b)^t = 1/2: ln 2/softplus(-b), because -ln sigmoid(b) = softplus(-b).

    The memory of a cell state whose forget gate stands at sigmoid(b) and that feels nothing else.
    Source: gers2000.
    """
    from_definition = sp.Symbol("b", real=True)
    b = from_definition
    lhs = sp.log(sp.S.Half) / sp.log(sigmoid(b))
    return Result("half-life of a gate", lhs, "=", sp.log(2) / softplus(-b), source=(GERS,))


def chrono_bias() -> list[Result]:
    """sigmoid(ln(T - 1)) = 1 - 1/T, and the half-life of that gate, ln 2/(-ln(1 - 1/T)): the chrono initialization.

    Given:  T > 1.
    Source: tallec2018 (b_f = ln U[1, T_max - 1], b_i = -b_f).
    """
    T = sp.Symbol("T", positive=True)
    gate = sigmoid(sp.log(T - 1))
    return [
        Result("chrono bias", gate, "=", 1 - 1 / T, sp.Gt(T, 1), source=(TALLEC,)),
        Result(
            "chrono half-life",
            sp.log(sp.S.Half) / sp.log(gate),
            "=",
            sp.log(2) / (-sp.log(1 - 1 / T)),
            sp.Gt(T, 1),
            source=(TALLEC,),
        ),
    ]
