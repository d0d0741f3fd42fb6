"""What a finite window loses: of the state, and of the gradient (truncated backpropagation through time).

With rate r = L ||W|| of h_t = phi(W h_{t-1} + U x_t + b), |phi'| <= L, and a window of the last k steps:
    state:    ||h_T - h_T^(k)|| <= r^k ||h_{T-k}||, where h^(k) starts from zero k steps back: exact at W = r I, phi linear;
    gradient: the words of sum_s P_s^T J_{s+1}^T ... J_T^T e with s <= T - k are lost, at most r^k times a bounded sum.
Neither needs r < 1; with it both errors are O(r^k), whatever T. May import: everything to the left of
`analysis.gradient`, and `gradient.paths`.
"""

from __future__ import annotations

from typing import Any

import sympy as sp

from rnnsym.analysis.contraction import recurrence
from rnnsym.analysis.gradient.paths import abstract, differentiable_steps, steps_of
from rnnsym.cells.record import Cell, whole
from rnnsym.defined import Gradient, SpectralNorm
from rnnsym.defined.extremes import RootOf
from rnnsym.defined.gradients import WindowGradient
from rnnsym.defined.stability import StateAfter
from rnnsym.result import Array, NoClosedForm, Result, Source, SpecError
from rnnsym.vectors import column

MILLER = Source("miller2019", "Miller, J. and Hardt, M.", "Stable recurrent models", 2019, arxiv="1805.10369")


def truncation_error(cell: Cell, steps: int = 4, window: int = 2) -> Result:
    """A window of k steps: ||h_T - h_T^(k)|| <= r^k (r^{T-k} ||h_0|| + (1 + r + ... + r^{T-k-1}) L B), r = L ||W||.

    h^(k) starts from zero k steps before T; B = max_t ||U x_t + b|| over the steps before. With h_0 = 0 and r < 1 it is at
    most r^k L B/(1 - r), so k >= log(L B/((1 - r) epsilon))/log(1/r) suffices for any T (`window_length`).
    steps, window: T and k, 0 <= k <= T.
    Given:  phi(0) = 0 (a network of another phi(0) is not at rest at zero).
    Raises: NoClosedForm for another kind of cell or phi(0) != 0; SpecError if the window is longer than T.
    Source: miller2019; with the factor of the finite horizon and L kept.

    >>> from rnnsym.cells import elman
    >>> truncation_error(elman(), 2, 1).relation
    '<='
    """
    T, k = _window(steps, window)
    parts = recurrence(abstract(cell))
    if parts.leak != 1:
        raise NoClosedForm(f"{cell.name} is leaky; the bound is written for h_t = phi(W h + U x + b)")
    if parts.activation.phi(sp.S.Zero) != 0:
        raise NoClosedForm(f"{parts.activation.name}(0) is not 0: zero is no rest, and the window cannot start there")
    general = abstract(cell)
    n = general.state[0].shape[0]
    h0 = sp.MatrixSymbol("h_0", n, 1)
    xs = [(sp.MatrixSymbol(f"x_{s}", general.input[0].shape[0], 1),) if general.input else () for s in range(1, T + 1)]
    full, short = StateAfter.of(general, [h0], xs), StateAfter.of(general, [sp.ZeroMatrix(n, 1)], xs[T - k :])
    r = parts.L * SpectralNorm(parts.W)
    bound = r**T * SpectralNorm(h0)
    if T > k:
        sizes = [SpectralNorm(_drive(general, x)) for x in xs[: T - k]]
        bound += r**k * sp.Add(*(r**s for s in range(T - k))) * parts.L * sp.Max(*sizes)
    columns = [h0, *(x for step in xs for x in step)]
    return Result(
        f"state of {cell.name} from a window of {k} of {T} steps", SpectralNorm(full - short), "<=", bound, cell.given,
        source=(MILLER,), arrays=(*(Array(s.name, "parameter", s) for s in columns), *_weights(general)),
    )  # fmt: skip


def _window(steps: int, window: int) -> tuple[int, int]:
    T, k = whole(steps, "number of steps T", least=0), whole(window, "window k", least=0)
    if k > T:
        raise SpecError(f"the window k = {k} is longer than the run T = {T}")
    return T, k


def _weights(cell: Cell) -> list[Array]:
    return [Array(s.name, "parameter", s) for s in cell._parameter_symbols() if isinstance(s, sp.MatrixSymbol)]


def _drive(cell: Cell, inputs: tuple[Any, ...]) -> Any:
    """U x + b of a step: the argument of phi without the recurrent term."""
    rest = [c for c in cell.equations[0][1].columns if not c.has(cell.state[0])]
    put = dict(zip(cell.input, inputs, strict=True))
    terms = [column(c.xreplace(put)) for c in rest]
    return terms[0] if len(terms) == 1 else sp.MatAdd(*terms, evaluate=False)


def window_length() -> Result:
    """The window k at which r^k C = epsilon: log(C/epsilon)/log(1/r), C = L B/(1 - r); any longer one has a smaller error.

    Given:  0 < r < 1, 0 < epsilon < C.
    Source: miller2019.

    >>> window_length().rhs
    log(C/epsilon)/log(1/r)
    """
    r, C, epsilon = sp.symbols("r C epsilon", positive=True)
    k = sp.Symbol("k", real=True)
    rhs = sp.log(C / epsilon) / sp.log(1 / r)
    lhs = RootOf(r**k * C - epsilon, k, -1, 1 + C / epsilon / (1 - r))
    return Result("window for a given error", lhs, "=", rhs, sp.And(sp.Lt(r, 1), sp.Lt(epsilon, C)), source=(MILLER,))


def truncated_gradient(cell: Cell, name: str = "W_h", steps: int = 3, window: int = 2) -> Result:
    """Truncated backpropagation: ||G - G^(k)|| <= L r^k max_s ||v_{s-1}|| (1 + ... + r^{T-k-1}) ||e||, r = L ||W||.

    G is the gradient of e^T h_T by W_h (v = h), W_x (v = x) or b (v = 1), through all T steps; G^(k) stops at h_{T-k}, held
    fixed. The lost words are sum_(s <= T-k) (D_s J_{s+1}^T ... J_T^T e) v^T, each of norm <= L r^{T-s} ||e|| ||v||.
    steps, window: T and k, 0 <= k <= T.
    Given:  the activation is differentiable along the run.
    Raises: NoClosedForm for another kind of cell or parameter; SpecError if the window is longer than T.
    Source: derived here.

    >>> from rnnsym.cells import elman
    >>> truncated_gradient(elman(), "b", 2, 1).rhs
    SpectralNorm(W_h)*SpectralNorm(e)
    """
    T, k = _window(steps, window)
    general = abstract(cell)
    parts = recurrence(general)
    if parts.leak != 1:
        raise NoClosedForm(f"{cell.name} is leaky; the bound is written for h_t = phi(W h + U x + b)")
    symbol = general.symbol(name)
    run = steps_of(general, T)
    seen = {c.args[0]: c.args[-1] for c in general.equations[0][1].columns if isinstance(c, sp.MatMul)}
    if symbol not in seen and symbol not in general.equations[0][1].columns:
        raise NoClosedForm(f"the bound is written for the weights and the bias of {cell.name}, not for {name}")
    e = sp.MatrixSymbol("e", *general.state[0].shape)
    late = run.states(T)
    whole_gradient = Gradient(late, symbol, [e], run.whole.equations)
    r, size = parts.L * SpectralNorm(parts.W), SpectralNorm(e)
    lost = range(1, T - k + 1)
    if symbol in seen:
        factor = sp.Max(*(SpectralNorm(run.at(seen[symbol], s)) for s in lost))
    else:
        factor = sp.S.One
    bound = parts.L * r**k * sp.Add(*(r**s for s in range(T - k))) * factor * size if T > k else sp.S.Zero
    near = WindowGradient(late, symbol, [e], run.equations(T - k + 1, T), (), k) if k else sp.ZeroMatrix(*symbol.shape)
    difference = sp.MatAdd(whole_gradient, sp.MatMul(-1, near, evaluate=False), evaluate=False)
    return Result(
        f"gradient of {cell.name} by {name} from a window of {k} of {T} steps", SpectralNorm(difference), "<=", bound,
        sp.And(cell.given, differentiable_steps(run)), run.where, source=(MILLER,),
        arrays=(*run.arrays(), Array("e", "parameter", e)),
    )  # fmt: skip
