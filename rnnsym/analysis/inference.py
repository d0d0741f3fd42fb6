"""Filters as recurrences: the forward filter of a hidden Markov chain, and the Kalman filter.

    hmm_filter        the posterior of K states after T observations: alpha -> diag(p(y | .)) P^T alpha, normalized
    hmm_log_odds      two states in log-odds: a scalar recurrence; symmetric chains: artanh((1 - 2 epsilon) tanh x) + LLR/2
    hmm_forgetting    its largest slope, (sqrt r - 1)/(sqrt r + 1), how fast the prior is forgotten
    birkhoff_bound    the same for K states: one step contracts the projective distance by tanh(Delta/4)
    kalman_filter     the scalar filter in the long run: a linear recurrence x_t = w x_{t-1} + K y_t
    kalman_step, kalman_stability    the same in n dimensions
Right sides are the recurrences; left sides are Bayes' theorem over all hidden paths or all observations at once.
May import: everything to the left of `analysis`.
"""

from __future__ import annotations

from typing import Any

import sympy as sp

from rnnsym.cells.record import as_table, entries, whole
from rnnsym.defined import PositiveDefinite, SpectralRadius
from rnnsym.defined.inference import (
    BestEstimate,
    HilbertDistance,
    LargestSlope,
    LogOdds,
    Possible,
    Posterior,
    ProjectiveDiameter,
    RiccatiSolution,
    SteadyFilter,
)
from rnnsym.result import Array, LimitReached, Result, ShapeError, Source, SpecError, Step

RABINER = Source(
    "rabiner1989", "Rabiner, L. R.", "A tutorial on hidden Markov models and selected applications in speech recognition",
    1989, doi="10.1109/5.18626",
)  # fmt: skip
BIRKHOFF = Source("birkhoff1957", "Birkhoff, G.", "Extensions of Jentzsch's theorem", 1957, at="Transactions of the American Mathematical Society 85, 219-227")  # fmt: skip
KALMAN = Source("kalman1960", "Kalman, R. E.", "A new approach to linear filtering and prediction problems", 1960, doi="10.1115/1.3662552")  # fmt: skip
ANDERSON = Source("anderson1979", "Anderson, B. D. O. and Moore, J. B.", "Optimal Filtering", 1979)

a, b, epsilon = sp.symbols("a b epsilon", real=True)
ell, x = sp.symbols("ell x", real=True)
A, C, Q, R = sp.symbols("A C Q R", real=True)
P, beta = sp.symbols("P beta", real=True)
PATHS = 5000  # hidden paths of a result; a check goes through all of them


# Hidden Markov chains


def hmm_filter(states: int = 2, steps: int = 1, *, transition: Any = None) -> Result:
    """p(s_T | y_1 ... y_T): T times alpha -> diag(l_t) P^T alpha / (1^T diag(l_t) P^T alpha), l_t = p(y_t | .).

    Shapes: P (K, K), P[i, j] = p(j | i); l (K, T), column t the likelihoods of y_t; alpha (K, 1), the prior before y_1.
    Given:  P, l, alpha >= 0, and the observations have a positive probability (so alpha != 0, and every Z_t > 0). Rows of P
            sum to 1 in a chain, which the formula does not need.
    Raises: LimitReached for more than 5000 hidden paths, ShapeError if `transition` is not K by K.
    Source: rabiner1989.

    >>> hmm_filter(2, 1, transition=[["9/10", "1/10"], ["1/5", "4/5"]]).rhs[0]
    l_1*(9*alpha_1/10 + alpha_2/5)/Z
    """
    K, T = whole(states, "states"), whole(steps, "steps")
    if K ** (T + 1) > PATHS:
        raise LimitReached(f"{K} states and {T} steps have {K ** (T + 1)} hidden paths; limit {PATHS}. Take fewer steps: the map is the same in each")  # fmt: skip
    table = _table("P", K, K) if transition is None else as_table(transition, None, "transition")
    if table.shape != (K, K):
        raise ShapeError(f"transition is {table.rows} x {table.cols}; {K} x {K} is needed")
    likelihoods, prior = _table("l", K, T), _table("alpha", K, 1)
    state, where = prior, []
    for t in range(1, T + 1):
        raw = [likelihoods[i, t - 1] * sum(table[j, i] * state[j] for j in range(K)) for i in range(K)]
        total = sp.Symbol(f"Z_{t}" if T > 1 else "Z", nonnegative=True)
        where.append((total, sp.Add(*raw)))
        state = sp.ImmutableMatrix([[v / total] for v in raw])
        if t < T:
            names = [sp.Symbol(f"alpha{t}_{i + 1}", nonnegative=True) for i in range(K)]
            where += zip(names, state, strict=True)
            state = sp.ImmutableMatrix(K, 1, names)
    signs = (sp.Ge(e, 0) for M in (table, likelihoods, prior) for e in M)
    given = sp.And(*signs, Possible(table, likelihoods, prior))
    arrays: tuple[Array, ...] = (Array("l", "parameter", likelihoods), Array("alpha", "parameter", prior))
    arrays += () if transition is not None else (Array("P", "parameter", table),)
    return Result(
        f"forward filter of {K} states after {T} step{'s' * (T > 1)}", Posterior(table, likelihoods, prior), "=", state,
        given, tuple(where), source=(RABINER,), arrays=arrays,
    )  # fmt: skip


def _table(name: str, rows: int, columns: int, positive: bool = False) -> Any:
    """A table of symbols that are not negative, or positive."""
    facts = {"positive": True} if positive else {"nonnegative": True}
    return entries(name, rows, columns).applyfunc(lambda e: sp.Symbol(e.name, **facts))


def hmm_log_odds(*, symmetric: bool = False) -> Result:
    """ell_t = ln ((1 - a) e^ell + b)/(a e^ell + 1 - b) + LLR_t, the log-odds of state 1 against state 2.

    Stated through t = tanh(ell/2): ln (1 - a + b + (1 - a - b) t)/(1 + a - b - (1 - a - b) t), which does not overflow.
    a = p(1 -> 2), b = p(2 -> 1), LLR_t = ln p(y_t | 1)/p(y_t | 2). symmetric: a = b = epsilon in x = ell/2,
    x_t = artanh((1 - 2 epsilon) tanh x_{t-1}) + LLR_t/2: an exact recurrence through tanh, though not phi(W h + U x + b).
    epsilon = 0 adds up evidence without loss, epsilon = 1/2 forgets all of it, epsilon > 1/2 alternates.
    Given:  0 < a < 1, 0 < b < 1 (a = b = 0 and a = b = 1 are the limits ell + LLR and -ell + LLR).

    >>> hmm_log_odds(symmetric=True).rhs
    LLR/2 + atanh((1 - 2*epsilon)*tanh(x))
    """
    ratio = sp.Symbol("LLR", real=True)
    if not symmetric:
        chain = sp.ImmutableMatrix([[1 - a, a], [b, 1 - b]])
        lhs = LogOdds(chain, sp.ImmutableMatrix([[ratio]]), ell)
        steps = (Step(odds_map() + ratio, "Bayes' theorem for one step"),)
        rhs = _odds_in_tanh() + ratio
        return Result("log-odds of a two-state chain", lhs, "=", rhs, _inside(a, b), steps=steps, source=(RABINER,))
    chain = sp.ImmutableMatrix([[1 - epsilon, epsilon], [epsilon, 1 - epsilon]])
    lhs = LogOdds(chain, sp.ImmutableMatrix([[ratio]]), 2 * x) / 2
    step = odds_map().subs({a: epsilon, b: epsilon}).subs(ell, 2 * x) / 2 + ratio / 2
    return Result(
        "log-odds of a symmetric two-state chain", lhs, "=", sp.atanh((1 - 2 * epsilon) * sp.tanh(x)) + ratio / 2,
        _inside(epsilon), steps=(Step(step, "the general recurrence at a = b = epsilon, ell = 2 x"),), source=(RABINER,),
    )  # fmt: skip


def _inside(*probabilities: Any) -> Any:
    return sp.And(*(sp.And(sp.Gt(p, 0), sp.Lt(p, 1)) for p in probabilities))


def odds_map() -> Any:
    """The prediction in log-odds, ln ((1 - a) e^ell + b)/(a e^ell + 1 - b)."""
    return sp.log(((1 - a) * sp.exp(ell) + b) / (a * sp.exp(ell) + 1 - b))


def _odds_in_tanh() -> Any:
    """The same with numerator and denominator divided by (1 + e^ell)/2: e^ell overflows in arrays, tanh(ell/2) does not."""
    t = sp.tanh(ell / 2)
    return sp.log((1 - a + b + (1 - a - b) * t) / (1 + a - b - (1 - a - b) * t))


def hmm_forgetting() -> Result:
    """max over ell of |d ell_t/d ell| = |sqrt r - 1|/(sqrt r + 1), r = (1 - a)(1 - b)/(a b): the prior is forgotten at least as fast.

    The slope is (1 - a - b)/(a (1 - a) e^ell + b (1 - b) e^-ell + (1 - a)(1 - b) + a b), largest where the two exponentials
    are equal; there it is tanh(|ln r|/4), Birkhoff's coefficient of the chain. a + b = 1: r = 1, one step forgets all;
    a + b > 1: r < 1, the slope is negative and the odds alternate; a or b -> 0: the coefficient tends to 1.
    Given:  0 < a < 1, 0 < b < 1.
    Source: birkhoff1957.
    """
    r = sp.Symbol("r", positive=True)
    root = sp.sqrt((1 - a) * (1 - b) / (a * b))
    both = sp.sqrt((1 - a) * (1 - b)), sp.sqrt(a * b)
    return Result(
        "forgetting of a two-state chain", LargestSlope(odds_map(), ell), "=", sp.Abs(sp.sqrt(r) - 1) / (sp.sqrt(r) + 1),
        _inside(a, b), where=((r, (1 - a) * (1 - b) / (a * b)),),
        steps=(
            Step(sp.Abs(1 - a - b) / (both[0] + both[1]) ** 2, "the slope where e^(2 ell) = b (1 - b)/(a (1 - a))"),
            Step(sp.Abs(both[0] - both[1]) / (both[0] + both[1]), "1 - a - b is a difference of squares"),
            Step(sp.tanh(sp.Abs(sp.log(root)) / 2), "Birkhoff's coefficient tanh(Delta/4), Delta = |ln r|"),
        ),
        source=(BIRKHOFF,),
    )  # fmt: skip


def birkhoff_bound(states: int = 2) -> Result:
    """d_H(D P^T u, D P^T v) <= tanh(Delta(P)/4) d_H(u, v) for every positive diagonal D: each step forgets the prior.

    d_H is Hilbert's distance max_ij ln (u_i v_j)/(u_j v_i), Delta = max ln (P_ik P_jl)/(P_il P_jk). D drops out: d_H sees
    ratios only, so observations never slow the forgetting.
    Shapes: P (K, K), u, v, l (K, 1), D = diag(l), all positive.
    Source: birkhoff1957.
    """
    K = whole(states, "states")
    shapes = (("P", K, K), ("u", K, 1), ("v", K, 1), ("l", K, 1))
    chain, u, v, seen = (_table(*shape, positive=True) for shape in shapes)
    after = [sp.ImmutableMatrix([[seen[i] * sum(chain[j, i] * w[j] for j in range(K))] for i in range(K)]) for w in (u, v)]  # fmt: skip
    rhs = sp.tanh(ProjectiveDiameter(chain) / 4) * HilbertDistance(u, v)
    return Result(f"Birkhoff contraction of {K} states", HilbertDistance(*after), "<=", rhs, source=(BIRKHOFF,))


# Linear Gaussian systems


def kalman_filter(**values: Any) -> Result:
    """x_t = w x_{t-1} + K y_t with K = C P/(C^2 P + R), w = (1 - K C) A = A R/(C^2 P + R): the Kalman filter is a linear RNN.

    For x_t = A x_{t-1} + w_t, y_t = C x_t + v_t with variances Q and R. P, the variance before an observation, is the positive root
    of C^2 P^2 + (R (1 - A^2) - C^2 Q) P - Q R = 0. |w| < 1 always, also for |A| >= 1. Local level A = C = 1, Q = R: K = (sqrt 5 - 1)/2.
    values: numbers or formulas for A, C, Q, R; symbols if left out.
    Shapes: [w, K] (1, 2). Given: Q > 0, R > 0, C != 0. Outside: Q = 0 gives K = 0 and w = A for |A| < 1, but w = 1/A for
            |A| > 1 (the root that is reached from any P > 0), and no limit rate at |A| = 1; C = 0 gives K = 0, w = A, and
            a variance only if |A| < 1; R = 0 gives K = 1/C, w = 0.
    Raises: SpecError for a name other than A, C, Q, R.
    Source: kalman1960, anderson1979.

    >>> kalman_filter(A=1, C=1, Q=1, R=1).explicit.applyfunc(sp.radsimp)
    Matrix([[(3 - sqrt(5))/2, (-1 + sqrt(5))/2]])
    """
    names = {"A": A, "C": C, "Q": Q, "R": R}
    for key in values:
        if key not in names:
            raise SpecError(f"kalman_filter has no {key!r}; it has: {', '.join(names)}")
    put = {names[key]: as_table(value, (1, 1), key)[0, 0] for key, value in values.items()}
    excess = R * (1 - A**2) - C**2 * Q
    root = (sp.sqrt(beta**2 + 4 * C**2 * Q * R) - beta) / (2 * C**2)
    where = [(beta, excess.subs(put)), (P, root.subs(put))]
    spread = C**2 * P + R
    rhs = sp.ImmutableMatrix([[A * R / spread, C * P / spread]]).subs(put)
    given = sp.And(sp.Gt(Q, 0), sp.Gt(R, 0), sp.Ne(C, 0)).subs(put)
    if given == sp.false:
        raise SpecError(
            "the steady filter is stated for Q > 0, R > 0 and C != 0; its docstring says what holds outside"
        )
    step = sp.ImmutableMatrix([[(1 - C * P / spread * C) * A, C * P / spread]]).subs(put)
    parts = [M.subs(put) for M in (A, C, Q, R)]
    lhs = SteadyFilter(*(sp.ImmutableMatrix([[e]]) for e in parts))
    return Result(
        "steady Kalman filter", lhs, "=", rhs, given, tuple(where),
        steps=(Step(step, "w = (1 - K C) A"),), source=(KALMAN, ANDERSON),
    )  # fmt: skip


def kalman_weight() -> Result:
    """|A R/(C^2 P + R)| < 1: the steady Kalman filter forgets its start, whatever A is, if Q > 0, R > 0, C != 0.

    From the equation of P: w = A R/(C^2 P + R) and P = Q + A w P, so (1 - A w) P = Q > 0 with P > 0 and A w >= 0, and
    w^2 <= |A w| < 1 if |w| <= |A|, which holds.
    """
    filtered = kalman_filter()
    w = filtered.lhs[0, 0]
    return Result("recurrent weight of the Kalman filter", sp.Abs(w), "<", sp.S.One, filtered.given, source=(ANDERSON,))


def kalman_step(n: int = 2, p: int = 1, steps: int = 1) -> Result:
    """E[x_T | y_1 ... y_T]: x -> A x + K (y - C A x) with K = S C^T (C S C^T + R)^-1, S = A P A^T + Q, P -> (I - K C) S.

    Against conditioning on all observations at once.
    Shapes: A, Q, P_0 (n, n), C (p, n), R (p, p), mean x_0 (n, 1), y_t (p, 1).
    Given:  Q, R, P_0 are positive definite.
    Source: kalman1960.
    """
    n, p, T = whole(n, "n"), whole(p, "p"), whole(steps, "steps")
    F, H = sp.MatrixSymbol("A", n, n), sp.MatrixSymbol("C", p, n)
    noise, error, spread = sp.MatrixSymbol("Q", n, n), sp.MatrixSymbol("R", p, p), sp.MatrixSymbol("P_0", n, n)
    start = now = sp.MatrixSymbol("x_0", n, 1)
    seen = [sp.MatrixSymbol(f"y_{t}", p, 1) for t in range(1, T + 1)]
    P_t, where = spread, []
    for t, y in enumerate(seen, 1):
        S, K = sp.MatrixSymbol(f"S_{t}", n, n), sp.MatrixSymbol(f"K_{t}", n, p)
        where.append((S, F * P_t * F.T + noise))
        where.append((K, S * H.T * sp.Inverse(H * S * H.T + error)))
        now, P_t = F * now + K * (y - H * F * now), S - K * H * S
        if t < T:
            estimate = sp.MatrixSymbol(f"x_{t}", n, 1)
            where.append((estimate, now))
            now = estimate
    given = sp.And(*(PositiveDefinite(M) for M in (noise, error, spread)))
    lhs = BestEstimate(F, H, noise, error, start, spread, *seen)
    return Result(f"Kalman filter, {T} step{'s' * (T > 1)}", lhs, "=", now, given, tuple(where), source=(KALMAN,))


def kalman_stability(n: int = 2, p: int = 1) -> Result:
    """rho((I - K C) A) < 1, K = P C^T (C P C^T + R)^-1, for the solution P of the Riccati equation: the filter is stable.

    The equation P = A (P - P C^T (C P C^T + R)^-1 C P) A^T + Q is the hypothesis itself, its residual the check.
    Shapes: A, P, Q (n, n), C (p, n), R (p, p).
    Given:  Q, R positive definite, and P, positive definite, solves the equation (there is one iff (A, C) is detectable).
    Source: anderson1979.
    """
    n, p = whole(n, "n"), whole(p, "p")
    F, H = sp.MatrixSymbol("A", n, n), sp.MatrixSymbol("C", p, n)
    noise, error, spread = sp.MatrixSymbol("Q", n, n), sp.MatrixSymbol("R", p, p), sp.MatrixSymbol("P", n, n)
    K = spread * H.T * sp.Inverse(H * spread * H.T + error)
    given = sp.And(PositiveDefinite(noise), PositiveDefinite(error), RiccatiSolution(spread, F, H, noise, error))
    return Result(
        "stability of the Kalman filter", SpectralRadius(F - K * H * F), "<", sp.S.One, given, source=(ANDERSON,)
    )
