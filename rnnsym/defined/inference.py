"""What filters compute, by the definition of conditional probability: posteriors, best linear estimates, their limits.

A hidden Markov posterior is summed over all hidden paths; a Gaussian one is conditioned on all observations at once; a
steady gain is the limit of the iterated one. No filter recursion is used, except for the limit.
May import: result, exact, vectors, the rest of `defined`.
"""

from __future__ import annotations

from itertools import product
from typing import Any

import flint
import numpy as np
import sympy as sp

from rnnsym.defined.maps import function_of
from rnnsym.defined.numbers import Defined, Numbers, Undefined
from rnnsym.defined.predicates import Predicate
from rnnsym.defined.systems import OfSystem
from rnnsym.exact import balls

SMALL = 1e-48
ROUNDS = 4000  # of an iteration that serves as a definition


class Posterior(OfSystem):
    """p(state_T | y_1 ... y_T), by summing the joint probability over all K^(T+1) hidden paths.

    args: P (K, K) with P[i, j] = p(j | i), likelihoods (K, T) with column t = p(y_t | .), prior (K, 1) of the state before y_1.
    """

    @property
    def shape(self) -> tuple[Any, Any]:
        return self.args[2].shape

    def numerical(self, numbers: Numbers) -> Any:
        P, L, prior = (numbers._value(a) for a in self.args)
        K, T = L.shape
        joint = [balls.ball(0) for _ in range(K)]
        for path in product(range(K), repeat=T + 1):
            weight = prior[path[0], 0]
            for t in range(T):
                weight = weight * P[path[t], path[t + 1]] * L[path[t + 1], t]
            joint[path[-1]] = joint[path[-1]] + weight
        total = sum(joint, balls.ball(0))
        if not total > 0:
            raise Undefined("the observations are impossible")
        return np.array([[w / total] for w in joint], dtype=object)

    def _sympystr(self, printer: Any) -> str:
        return f"p(state_{self.args[1].shape[1]} | y)"

    def _latex(self, printer: Any) -> str:
        T = self.args[1].shape[1]
        seen = observations(T)
        return rf"p\left(s_{{{T}}} \mid {seen}\right)"


class Possible(Predicate):
    """The observations have a positive probability: the sum of the joint probability over all paths. args: as Posterior."""

    @property
    def targets(self) -> tuple[Any, ...]:
        return ()

    def holds(self, numbers: Numbers) -> bool | None:
        try:
            Posterior(*self.args).numerical(numbers)
        except Undefined:
            return False
        return True

    def _latex(self, printer: Any) -> str:
        return rf"p\left({observations(self.args[1].shape[1])}\right) > 0"

    def _sympystr(self, printer: Any) -> str:
        return f"p({', '.join(f'y_{t}' for t in range(1, int(self.args[1].shape[1]) + 1))}) > 0"


def observations(T: Any) -> str:
    """y_1, ..., y_T on the page."""
    names = [f"y_{{{t}}}" for t in range(1, int(T) + 1)]
    return ", ".join(names) if len(names) < 4 else rf"{names[0]}, \dots, {names[-1]}"


class LogOdds(Defined, sp.Expr):
    """ln p(1 | y)/p(2 | y) after steps of a two-state chain; args: P, likelihood ratios l_t in logarithms (a row), prior log-odds.

    By Bayes' theorem over all paths, as Posterior; the likelihoods are e^(l_t) and 1.
    """

    is_commutative = True
    is_extended_real = True

    def __new__(cls, P: Any, ratios: Any, prior: Any) -> Any:
        return sp.Expr.__new__(cls, P.as_immutable(), ratios.as_immutable(), sp.sympify(prior))

    def numerical(self, numbers: Numbers) -> Any:
        P, ratios, prior = self.args
        likelihood = sp.ImmutableMatrix(2, ratios.cols, lambda i, t: sp.exp(ratios[0, t]) if i == 0 else 1)
        start = sp.ImmutableMatrix([[sp.exp(prior)], [1]])
        found = Posterior(P, likelihood, start).numerical(numbers)
        if not (found[0, 0] > 0 and found[1, 0] > 0):
            raise Undefined("a state is excluded: the log-odds are infinite")
        return (found[0, 0] / found[1, 0]).log()

    def _sympystr(self, printer: Any) -> str:
        return "log(p(1 | y)/p(2 | y))"

    def _latex(self, printer: Any, exp: Any = None) -> str:
        text = r"\ln \frac{p(1 \mid y)}{p(2 \mid y)}"
        return text if exp is None else rf"\left({text}\right)^{{{exp}}}"


class LargestSlope(Defined, sp.Expr):
    """max over x of |F'(x)|, by difference quotients: a dense search in [-40, 40], then golden sections; args: F, x (bound)."""

    is_commutative = True
    is_extended_real = True
    is_nonnegative = True

    @property
    def free_symbols(self) -> set[Any]:
        return set(self.args[0].free_symbols) - {self.args[1]}

    def numerical(self, numbers: Numbers) -> Any:
        F, x = self.args
        at = function_of(F, x, numbers)
        step = balls.ball(sp.Rational(1, 10**20))

        def slope(v: Any) -> Any:
            return abs((at(v + step) - at(v - step)) / (2 * step)).mid()

        points = [balls.ball(sp.Rational(k, 4)) for k in range(-160, 161)]
        sizes = [slope(p) for p in points]
        best = max(range(len(points)), key=lambda k: float(sizes[k]))
        if best in (0, len(points) - 1):
            raise Undefined("the slope grows beyond the interval searched")
        low, high = points[best - 1], points[best + 1]
        ratio = (balls.ball(5).sqrt() - 1) / 2
        for _ in range(60):
            first, second = (high - ratio * (high - low)).mid(), (low + ratio * (high - low)).mid()
            low, high = (first, high) if slope(first) < slope(second) else (low, second)
        return slope(((low + high) / 2).mid())

    def _sympystr(self, printer: Any) -> str:
        return f"max|d({printer._print(self.args[0])})/d{self.args[1]}|"

    def _latex(self, printer: Any, exp: Any = None) -> str:
        F, x = map(printer._print, self.args)
        text = rf"\max_{{{x}}} \left| \frac{{\mathrm{{d}}}}{{\mathrm{{d}} {x}}} {F} \right|"
        return text if exp is None else rf"\left({text}\right)^{{{exp}}}"


class HilbertDistance(Defined, sp.Expr):
    """max_ij ln (u_i v_j)/(u_j v_i), the projective distance of two positive columns."""

    is_commutative = True
    is_extended_real = True
    is_nonnegative = True

    def __new__(cls, u: Any, v: Any) -> Any:
        return sp.Expr.__new__(cls, *(c.as_immutable() if isinstance(c, sp.MatrixBase) else c for c in (u, v)))

    def numerical(self, numbers: Numbers) -> Any:
        u, v = (numbers._value(a)[:, 0] for a in self.args)
        if not all(w > 0 for w in (*u, *v)):
            raise Undefined("the columns are not positive")
        ratios = [(a / b).log() for a, b in zip(u, v, strict=True)]
        best = balls.ball(0)
        for a, b in product(ratios, repeat=2):
            best = best.max(a - b)
        return best

    def _sympystr(self, printer: Any) -> str:
        return f"d_H({printer._print(self.args[0])}, {printer._print(self.args[1])})"

    def _latex(self, printer: Any, exp: Any = None) -> str:
        u, v = map(printer._print, self.args)
        text = rf"d_{{\mathrm{{H}}}}\left({u}, {v}\right)"
        return text if exp is None else rf"{text}^{{{exp}}}"


class ProjectiveDiameter(Defined, sp.Expr):
    """max over rows i, j and columns k, l of ln (P_ik P_jl)/(P_il P_jk), of a positive matrix."""

    is_commutative = True
    is_extended_real = True
    is_nonnegative = True

    def __new__(cls, matrix: Any) -> Any:
        return sp.Expr.__new__(cls, matrix.as_immutable() if isinstance(matrix, sp.MatrixBase) else matrix)

    def numerical(self, numbers: Numbers) -> Any:
        P = numbers._value(self.args[0])
        if not all(v > 0 for v in P.flat):
            return balls.INFINITY
        best = balls.ball(0)
        for i, j in product(range(P.shape[0]), repeat=2):
            for k, m in product(range(P.shape[1]), repeat=2):
                best = best.max((P[i, k] * P[j, m] / (P[i, m] * P[j, k])).log())
        return best

    def _sympystr(self, printer: Any) -> str:
        return f"Delta({printer._print(self.args[0])})"

    def _latex(self, printer: Any, exp: Any = None) -> str:
        text = rf"\Delta\left({printer._print(self.args[0])}\right)"
        return text if exp is None else rf"{text}^{{{exp}}}"


# Linear Gaussian systems


class SteadyFilter(OfSystem):
    """[w, K] of the scalar Kalman filter x_t = w x_{t-1} + K y_t in the long run, by iterating the variance; args: A, C, Q, R."""

    @property
    def shape(self) -> tuple[Any, Any]:
        return sp.S.One, sp.Integer(2)

    def numerical(self, numbers: Numbers) -> Any:
        A, C, Q, R = (numbers._value(a)[0, 0] for a in self.args)
        P = balls.ball(1)  # the variance before the observation
        for _ in range(ROUNDS):
            spread = C * C * P + R
            if not spread > 0:
                raise Undefined("neither noise nor spread: the gain is 0/0")
            new = (A * A * (P - P * C / spread * C * P) + Q).mid()
            if not new < balls.ball(10**40):
                return np.array([[balls.INFINITY, balls.INFINITY]], dtype=object)
            done = float(abs(new - P)) < SMALL * (1 + float(abs(new)))
            P = new
            if done:
                break
        else:
            raise Undefined("the variance converges too slowly to be iterated")
        K = P * C / (C * C * P + R)
        return np.array([[(1 - K * C) * A, K]], dtype=object)

    def _sympystr(self, printer: Any) -> str:
        return f"SteadyFilter({', '.join(map(printer._print, self.args))})"

    def _latex(self, printer: Any) -> str:
        return r"\lim_{t \to \infty} \begin{bmatrix} (1 - K_t C) A & K_t \end{bmatrix}"


class BestEstimate(OfSystem):
    """E[x_T | y_1 ... y_T] of x_t = A x_{t-1} + w_t, y_t = C x_t + v_t, by conditioning on all observations at once.

    args: A, C, Q, R (covariances of w and v), the mean and covariance of x_0, the columns y_1 ... y_T.
    """

    @property
    def shape(self) -> tuple[Any, Any]:
        return self.args[4].shape

    def numerical(self, numbers: Numbers) -> Any:
        A, C, Q, R, mean, spread, *seen = (numbers._value(a) for a in self.args)
        T, p = len(seen), len(C)
        means, covariances = [], {}
        for t in range(T):  # cov(x_t, x_s) for s <= t
            mean = A @ mean
            spread = A @ spread @ A.T + Q
            covariances[t, t] = spread
            for s in range(t):
                covariances[t, s] = A @ covariances[t - 1, s]
            means.append(mean)
        joint = np.full((T * p, T * p), balls.ball(0), dtype=object)
        for t in range(T):
            for s in range(t + 1):
                block = C @ covariances[t, s] @ C.T + (R if s == t else 0 * R)
                joint[t * p : (t + 1) * p, s * p : (s + 1) * p] = block
                joint[s * p : (s + 1) * p, t * p : (t + 1) * p] = block.T
        cross = np.concatenate([covariances[T - 1, s] @ C.T for s in range(T)], axis=1)
        gap = np.concatenate([seen[t] - C @ means[t] for t in range(T)])
        table = flint.arb_mat([list(row) for row in joint])
        try:
            solved = table.solve(flint.arb_mat([list(row) for row in gap]))
        except ZeroDivisionError as error:
            raise Undefined("the observations have a singular covariance") from error
        weights = np.array([[solved[i, 0]] for i in range(T * p)], dtype=object)
        return means[-1] + cross @ weights

    def _sympystr(self, printer: Any) -> str:
        return f"E[x_{len(self.args) - 6} | y]"

    def _latex(self, printer: Any) -> str:
        T = len(self.args) - 6
        seen = observations(T)
        return rf"\mathbb{{E}}\left[x_{{{T}}} \mid {seen}\right]"


class RiccatiSolution(Predicate):
    """P = A (P - P C^T (C P C^T + R)^-1 C P) A^T + Q; args: P, A, C, Q, R. Sampled by iterating it from P = Q (doubling)."""

    @property
    def targets(self) -> tuple[Any, ...]:
        return tuple(self.args[0].free_symbols) if isinstance(self.args[0], sp.MatrixBase) else (self.args[0],)

    def _next(self, P: Any, A: Any, C: Any, Q: Any, R: Any) -> Any:
        inner = balls.inverse(C @ P @ C.T + R)
        return A @ (P - P @ C.T @ inner @ C @ P) @ A.T + Q

    def holds(self, numbers: Numbers) -> bool | None:
        P, *others = (numbers._value(a) for a in self.args)
        gap = self._next(P, *others) - P
        if any(map(balls.is_nan, gap.flat)):
            return False
        return max(float(abs(v)) for v in gap.flat) < 1e-25 * (1 + max(float(abs(v)) for v in P.flat))

    def sample(self, chance: Any, numbers: Numbers) -> dict[Any, Any] | None:
        with balls.precision(numbers.digits):
            A, C, Q, R = (numbers._value(a) for a in self.args[1:])
            step, G, P = A.T, C.T @ balls.inverse(R) @ C, Q
            one = numbers._value(sp.Identity(len(A)))
            for _ in range(60):  # doubling: P after 1, 2, 4, 8, ... iterations
                inner = balls.inverse(one + G @ P)
                new = P + step.T @ P @ inner @ step
                G, step = G + step @ inner @ G @ step.T, step @ inner @ step
                if any(map(balls.is_nan, new.flat)) or max(float(abs(v)) for v in new.flat) > 1e12:
                    return None
                new, G, step = (np.frompyfunc(lambda v: v.mid(), 1, 1)(M) for M in ((new + new.T) / 2, G, step))
                done = max(float(abs(v)) for v in (new - P).flat) < SMALL
                P = new
                if done:
                    return {self.args[0]: P}
        return None

    def _latex(self, printer: Any) -> str:
        P, A, C, Q, R = map(printer._print, self.args)
        turned = rf"{C}^{{\mathsf T}}"
        return rf"{P} = {A} \left({P} - {P} {turned} ({C} {P} {turned} + {R})^{{-1}} {C} {P}\right) {A}^{{\mathsf T}} + {Q}"

    def _sympystr(self, printer: Any) -> str:
        return f"the Riccati equation is solved by {printer._print(self.args[0])}"
