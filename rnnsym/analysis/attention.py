"""Linear attention, gated and delta-rule recurrences as linear systems that vary in time, and the scan that runs them.

    S_t = S_{t-1} G_t + v_t k_t^T,   o_t = S_t q_t
    G_t = I               linear attention (Katharopoulos et al. 2020)
    G_t = g_t I, diag g_t gated (Mamba-like)
    G_t = I - beta_t k_t k_t^T, v_t -> beta_t v_t   the delta rule: S_t k_t moves towards v_t by beta_t |k_t|^2 (Schlag et al. 2021)
The state is multiplied from the right, so in a product of gates the earliest stands on the left: the key of step s is
followed by G_{s+1} G_{s+2} ... G_T. Without commuting gates no other order is right.
May import: everything to the left of `analysis.attention`.
"""

from __future__ import annotations

from typing import Any

import sympy as sp

from rnnsym.cells.record import entries
from rnnsym.defined import Avoids, Modes, Pairs
from rnnsym.defined.recurrences import AffineMaps, AttentionOutput, FiniteProduct, GatedState, GatesForget, NonExpansive
from rnnsym.result import Result, Source, SpecError, Step
from rnnsym.vectors import Diagonal, column

KATHAROPOULOS = Source(
    "katharopoulos2020", "Katharopoulos, A. and Vyas, A. and Pappas, N. and Fleuret, F.",
    "Transformers are RNNs: fast autoregressive transformers with linear attention", 2020, arxiv="2006.16236",
)  # fmt: skip
SCHLAG = Source(
    "schlag2021", "Schlag, I. and Irie, K. and Schmidhuber, J.", "Linear transformers are secretly fast weight programmers", 2021,
    arxiv="2102.11174",
)  # fmt: skip
GRAZZI = Source(
    "grazzi2024", "Grazzi, R. and Siems, J. and Zela, A. and Franke, J. K. H. and Hutter, F. and Pontil, M.",
    "Unlocking state-tracking in linear RNNs through negative eigenvalues", 2024, arxiv="2411.12537",
)  # fmt: skip
BLELLOCH = Source("blelloch1990", "Blelloch, G. E.", "Prefix sums and their applications", 1990, at="CMU-CS-90-190")
GU = Source("gu2023", "Gu, A. and Dao, T.", "Mamba: linear-time sequence modeling with selective state spaces", 2023, arxiv="2312.00752")  # fmt: skip

GATES = ("none", "scalar", "diagonal", "delta", "matrix")
SIDES = ("left", "right")
n = sp.Symbol("n", integer=True, positive=True)
p = sp.Symbol("p", integer=True, positive=True)
beta = sp.Symbol("beta", real=True)
T = sp.Symbol("T", integer=True, positive=True)


def _length(steps: Any) -> int:
    if isinstance(steps, bool) or not isinstance(steps, int | sp.Integer) or steps < 1:
        raise SpecError(f"the number of steps must be a whole number >= 1, got {steps!r}")
    return int(steps)


def _gate(kind: str, t: int, key: Any) -> tuple[Any, Any, tuple[Any, ...]]:
    """(G_t, the factor of v_t, G_t as scalars and matrices of a product)."""
    if kind == "none":
        return sp.Identity(n), sp.S.One, ()
    if kind == "scalar":
        g = sp.Symbol(f"g_{t}", real=True)
        return sp.MatMul(g, sp.Identity(n), evaluate=False), sp.S.One, (g,)
    if kind == "diagonal":
        G: Any = Diagonal(sp.MatrixSymbol(f"g_{t}", n, 1))
        return G, sp.S.One, (G,)
    if kind == "delta":
        rate = sp.Symbol(f"beta_{t}", real=True)
        G = sp.MatAdd(sp.Identity(n), sp.MatMul(-rate, key, sp.Transpose(key)))
        return G, rate, (G,)
    G = sp.MatrixSymbol(f"G_{t}", n, n)
    return G, sp.S.One, (G,)


def linear_attention(steps: int = 3, gate: str = "none", *, start: bool = False) -> Result:
    """The output of S_t = S_{t-1} G_t + v_t k_t^T, o_t = S_t q_t after T steps, o_T = S_0 G_1 ... G_T q_T + sum_s v_s k_s^T G_{s+1} ... G_T q_T.

    gate:  "none" (G = I), "scalar" (g_t I), "diagonal" (diag g_t), "delta" (G_t = I - beta_t k_t k_t^T and beta_t v_t for v_t), "matrix".
    start: with a state S_0 that is not 0.
    Shapes: v_t (p, 1), k_t, q_t (n, 1), G_t (n, n), S_t (p, n), for every n and p.
    Raises: SpecError for an unknown gate or a number of steps that is none.
    Source: katharopoulos2020, schlag2021, gu2023.

    >>> linear_attention(2).rhs
    v_1*k_1.T*q_2 + v_2*k_2.T*q_2
    """
    length = _length(steps)
    if gate not in GATES:
        raise SpecError(f"unknown gate {gate!r}; known: {', '.join(GATES)}")
    keys = [sp.MatrixSymbol(f"k_{t}", n, 1) for t in range(1, length + 1)]
    query = sp.MatrixSymbol(f"q_{length}", n, 1)
    initial: Any = sp.MatrixSymbol("S_0", p, n) if start else sp.ZeroMatrix(p, n)
    made = [_gate(gate, t, key) for t, key in enumerate(keys, 1)]
    values = [
        sp.MatMul(factor, sp.MatrixSymbol(f"v_{t}", p, 1)) if factor != 1 else sp.MatrixSymbol(f"v_{t}", p, 1)
        for t, (_, factor, _) in enumerate(made, 1)
    ]

    def term(first: tuple[Any, ...], since: int) -> Any:
        """first G_{since+1} ... G_T q_T."""
        return sp.MatMul(*first, *(f for _, _, parts in made[since:] for f in parts), query).doit(deep=False)

    terms = [term((v, sp.Transpose(k)), t) for t, (v, k) in enumerate(zip(values, keys, strict=True), 1)]
    if start:
        terms = [term((initial,), 0), *terms]
    state: Any = initial if start else None
    for (_, _, parts), v, k in zip(made, values, keys, strict=True):
        pushed = sp.MatMul(v, sp.Transpose(k), evaluate=False)
        moved = None if state is None else sp.MatMul(state, *parts, evaluate=False) if parts else state
        state = pushed if moved is None else sp.MatAdd(moved, pushed, evaluate=False)
    nested = sp.MatMul(state, query, evaluate=False)
    rhs = column(terms[0] if len(terms) == 1 else sp.MatAdd(*terms))
    lhs = AttentionOutput(initial, [G for G, _, _ in made], values, keys, query)
    named = {"none": "linear attention", "delta": "the delta rule"}.get(gate, f"attention with a {gate} gate")
    sources = {"none": (KATHAROPOULOS,), "delta": (SCHLAG,), "scalar": (GU,), "diagonal": (GU,)}.get(gate, ())
    return Result(
        f"output of {named} after {length} steps", lhs, "=", rhs, steps=(Step(nested, "the recurrence, step by step"),), source=sources
    )  # fmt: skip


def _reflector(rate: Any, key: Any) -> Any:
    return sp.MatAdd(sp.Identity(key.shape[0]), sp.MatMul(-rate, key, sp.Transpose(key)), evaluate=False)


def _entries(size: int) -> Any:
    if isinstance(size, bool) or not isinstance(size, int | sp.Integer) or size < 1:
        raise SpecError(f"the size must be a whole number >= 1, got {size!r}")
    return sp.ImmutableMatrix(int(size), 1, entries("k", int(size), 1))


def delta_eigenvector() -> Result:
    """The gate of the delta rule shrinks, erases or flips what is stored at its key: (I - beta k k^T) k = (1 - beta |k|^2) k.

    What is orthogonal to k stays: the other eigenvalues are 1 (`delta_eigenvalues`). 1 - beta |k|^2 is negative, so it flips
    the sign, for beta |k|^2 > 1.
    Shapes: k (n, 1), for every n.
    Source: schlag2021, grazzi2024.

    >>> delta_eigenvector().rhs.shape
    (n, 1)
    """
    key = sp.MatrixSymbol("k", n, 1)
    square = sp.MatMul(sp.Transpose(key), key)[0, 0]
    lhs = sp.MatMul(_reflector(beta, key), key, evaluate=False)
    step = sp.MatAdd(key, sp.MatMul(-beta, key, sp.Transpose(key), key, evaluate=False), evaluate=False)
    return Result(
        "eigenvector of the delta rule", lhs, "=", sp.MatMul(1 - beta * square, key), steps=(Step(step, "the bracket opened"),),
        source=(SCHLAG, GRAZZI),
    )  # fmt: skip


def delta_eigenvalues(size: int = 2) -> Result:
    """The eigenvalues of I - beta k k^T: 1 - beta |k|^2 once, 1 the other n - 1 times.

    Raises: SpecError if the size is no whole number >= 1.
    Source: grazzi2024.

    >>> delta_eigenvalues(2).rhs
    ((-beta*(k_1**2 + k_2**2) + 1, 1), (1, 1))
    """
    key = _entries(size)
    square = sp.Add(*(e**2 for e in key))
    G = sp.ImmutableMatrix(sp.eye(key.rows) - beta * key * key.T)
    pairs = [sp.Tuple(1 - beta * square, 1)] + ([sp.Tuple(1, key.rows - 1)] if key.rows > 1 else [])
    return Result("eigenvalues of the delta rule", Modes(G), "=", Pairs(*pairs), source=(GRAZZI,))


def delta_nonexpansive(size: int = 2) -> Result:
    """The delta rule does not expand, ||I - beta k k^T|| <= 1, iff 0 <= beta |k|^2 <= 2.

    A reflection at beta |k|^2 = 2 (`delta_reflection`), a projection at 1, the identity at 0. With sigmoid gates and
    |k| = 1 beta |k|^2 stays in [0, 1]: no negative eigenvalue.
    Raises: SpecError if the size is no whole number >= 1.
    Source: grazzi2024.

    >>> delta_nonexpansive(1).rhs
    (beta*k**2 >= 0) & (beta*k**2 <= 2)
    """
    key = _entries(size)
    square = beta * sp.Add(*(e**2 for e in key))
    G = sp.ImmutableMatrix(sp.eye(key.rows) - beta * key * key.T)
    return Result(
        "when the delta rule does not expand",
        NonExpansive(G),
        "<=>",
        sp.And(square >= 0, square <= 2),
        source=(GRAZZI,),
    )


def delta_reflection() -> Result:
    """At beta |k|^2 = 2 the delta rule reflects, G = I - 2 k k^T/|k|^2: G^T G = I.

    Shapes: k (n, 1), for every n. Given: k is not 0.
    Source: grazzi2024.
    """
    key = sp.MatrixSymbol("k", n, 1)
    square = sp.MatMul(sp.Transpose(key), key)[0, 0]
    G = _reflector(2 / square, key)
    lhs = sp.MatMul(sp.Transpose(G), G, evaluate=False)
    return Result("reflection of the delta rule", lhs, "=", sp.Identity(n), given=sp.Ne(square, 0), source=(GRAZZI,))


# The scan


def scan_operator(first: tuple[Any, Any], second: tuple[Any, Any], *, side: str = "left") -> tuple[Any, Any]:
    """Two affine maps in one, (a_1, b_1) and then (a_2, b_2): (a_2 a_1, a_2 b_1 + b_2).

    side: "left" for h -> a h + b; "right" for S -> S a + b, where it is (a_1 a_2, b_1 a_2 + b_2).
    Scalars, matrices and noncommutative symbols.
    Raises: SpecError for an unknown side.
    Source: blelloch1990.

    >>> a1, b1, a2, b2 = sp.symbols("a1 b1 a2 b2", commutative=False)
    >>> scan_operator((a1, b1), (a2, b2))
    (a2*a1, a2*b1 + b2)
    """
    if side not in SIDES:
        raise SpecError(f"unknown side {side!r}; known: left (a h + b), right (S a + b)")
    (a1, b1), (a2, b2) = first, second
    return (a2 * a1, a2 * b1 + b2) if side == "left" else (a1 * a2, b1 * a2 + b2)


def scan_composition() -> Result:
    """Affine maps compose to an affine map, (A_2, b_2) o (A_1, b_1) = (A_2 A_1, A_2 b_1 + b_2), as one table [A, b].

    Shapes: A_i (n, n), b_i (n, 1), for every n.
    Source: blelloch1990.

    >>> scan_composition().rhs
    Matrix([[A_2*A_1, A_2*b_1 + b_2]])
    """
    first, second = _maps(2)
    rhs = sp.BlockMatrix([list(scan_operator(first, second))])
    return Result("composition of affine maps", AffineMaps(first, second), "=", rhs, source=(BLELLOCH,))


def scan_associativity() -> Result:
    """The scan may bracket as it likes: (e_3 o e_2) o e_1 = e_3 o (e_2 o e_1) for e_2 o e_1 = (A_2 A_1, A_2 b_1 + b_2).

    Matrices need not commute; the order of the elements is kept, the brackets are free. The difference of the two
    brackets is 0 in the free ring, so for matrices of every size.
    Shapes: A_i (n, n), b_i (n, 1), for every n.
    Source: blelloch1990.

    >>> scan_associativity().rhs
    Matrix([[A_3*A_2*A_1, A_3*(A_2*b_1 + b_2) + b_3]])
    """
    names = [tuple(sp.symbols(f"a_{t} b_{t}", commutative=False)) for t in (1, 2, 3)]
    one, two = _bracketed(names)  # type: ignore[arg-type]
    assert all(sp.expand(x - y) == 0 for x, y in zip(one, two, strict=True))
    maps = _maps(3)
    left, right = _bracketed(maps)
    return Result(
        "associativity of the scan", AffineMaps(*maps), "=", sp.BlockMatrix([list(right)]),
        steps=(Step(sp.BlockMatrix([list(left)]), "the last two first"),), source=(BLELLOCH,),
    )  # fmt: skip


def _maps(count: int) -> list[tuple[Any, Any]]:
    return [(sp.MatrixSymbol(f"A_{t}", n, n), sp.MatrixSymbol(f"b_{t}", n, 1)) for t in range(1, count + 1)]


def _bracketed(maps: list[tuple[Any, Any]]) -> tuple[tuple[Any, Any], tuple[Any, Any]]:
    e1, e2, e3 = maps
    return scan_operator(e1, scan_operator(e2, e3)), scan_operator(scan_operator(e1, e2), e3)


def gated_state() -> Result:
    """A gated unit, h_t = a_t h_{t-1} + b_t, for every T: h_T = h_0 prod_t a_t + sum_s b_s prod_{r > s} a_r.

    What enters at s is kept by the product of the gates after it; what a gate of 0 closes off is gone.
    Shapes: a, b (T, 1); indices from 0.

    >>> gated_state().rhs.args[0]
    h_0*Product(a[r, 0], (r, 0, T - 1))
    """
    a, b = sp.MatrixSymbol("a", T, 1), sp.MatrixSymbol("b", T, 1)
    h_0 = sp.Symbol("h_0", real=True)
    r, s = sp.Symbol("r", integer=True), sp.Symbol("s", integer=True)
    kept = FiniteProduct(a[r, 0], (r, 0, T - 1)) * h_0
    rhs = kept + sp.Sum(b[s, 0] * FiniteProduct(a[r, 0], (r, s + 1, T - 1)), (s, 0, T - 1))
    return Result("state of a gated unit", GatedState(a, b, h_0), "=", rhs, source=(BLELLOCH,))


# What the gates keep


def gate_product() -> Result:
    """What T gates keep, |h_T/h_0| = prod_t |g_t| = exp(-sum_t ln(1/|g_t|)): for 0 < |g_t| <= 1 it goes to 0 iff sum_t ln(1/|g_t|) = infinity.

    The equality holds for every T; exp is continuous and goes to 0 only at -infinity, and the partial sums of
    ln(1/|g_t|) >= 0 grow to a limit or to infinity. So |g_t| < 1 at every t is not enough (`slow_gates`). This is of scalar and of
    diagonal gates, channel by channel; for matrices it is not, their products depend on the order.
    Shapes: g (T, 1). Given: no gate is 0.

    >>> str(gate_product().given)
    'no entry of g is 0'
    """
    g, h_0, r = sp.MatrixSymbol("g", T, 1), sp.Symbol("h_0", real=True), sp.Symbol("r", integer=True)
    lhs = sp.Abs(GatedState(g, sp.ZeroMatrix(T, 1), h_0))
    total = sp.Sum(sp.log(1 / sp.Abs(g[r, 0])), (r, 0, T - 1))
    step = Step(sp.Abs(h_0) * FiniteProduct(sp.Abs(g[r, 0]), (r, 0, T - 1)), "the recurrence without input")
    rhs = sp.Abs(h_0) * sp.exp(-total)
    return Result("what the gates keep", lhs, "=", rhs, given=Avoids(g, 0), steps=(step,))


def slow_gates() -> Result:
    """Gates below 1 that do not forget, g_t = 1 - 1/(t+1)^2: prod_{t <= T} g_t = (T + 2)/(2 (T + 1)), which goes to 1/2.

    >>> slow_gates().rhs
    (T + 2)/(2*T + 2)
    """
    t = sp.Symbol("t", integer=True, positive=True)
    lhs = FiniteProduct(1 - 1 / (t + 1) ** 2, (t, 1, T))
    telescoped = FiniteProduct(t / (t + 1), (t, 1, T)) * FiniteProduct((t + 2) / (t + 1), (t, 1, T))
    return Result(
        "gates that do not forget",
        lhs,
        "=",
        (T + 2) / (2 * T + 2),
        steps=(Step(telescoped, "both products telescope"),),
    )


def forgetting_rate() -> Result:
    """Gates that open as g_t = 1 - c t^(-r) forget, prod_t g_t = 0, iff r <= 1: ln(1/g_t) is c t^(-r) to first order, and sum_t t^(-r) diverges iff r <= 1.

    Given: 0 < c < 1, r >= 0.

    >>> forgetting_rate().rhs
    r <= 1
    """
    c, r = sp.Symbol("c", real=True), sp.Symbol("r", real=True)
    t = sp.Symbol("t", integer=True, positive=True)
    given = sp.And(c > 0, c < 1, r >= 0)
    return Result("gates that open slowly", GatesForget(1 - c * t ** (-r), t, 1), "<=>", r <= 1, given=given)
