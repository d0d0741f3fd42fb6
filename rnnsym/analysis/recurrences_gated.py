"""Gated recurrences whose long run is known exactly: the chaos-free network, and gates that are a sampled decay.

    chaos_free_step, chaos_free_decay   without input |h_t| <= tanh |h_{t-1}|, so h_t -> 0 from every state
    gated_linear_recurrence             e^(-softplus(s)) = 1 - sigmoid(s): a sampled decay is a gate (Mamba, Theorem 1)
The decay is algebraic: coth(x)^2 - 1/x^2 >= 2/3, its value at 0, so that 1/|h_t|^2 grows by at least 2/3 each step. May
import: everything to the left of `analysis`.
"""

from __future__ import annotations

from typing import Any

import sympy as sp

from rnnsym.activations import sigmoid
from rnnsym.activations.functions import softplus
from rnnsym.cells.catalogue import chaos_free
from rnnsym.cells.gated import LAURENT
from rnnsym.cells.record import whole
from rnnsym.defined import Exponential
from rnnsym.defined.stability import AbsoluteNorm, AbsoluteValues, StateAfter
from rnnsym.result import Result, Source, Step
from rnnsym.vectors import entrywise

MAMBA = Source(
    "gu2023", "Gu, A. and Dao, T.", "Mamba: linear-time sequence modeling with selective state spaces", 2023,
    arxiv="2312.00752", at="Theorem 1",
)  # fmt: skip


def chaos_free_step() -> Result:
    """|h_t| <= tanh |h_{t-1}| entry by entry for the chaos-free network without input; so |h_t,i| < |h_{t-1},i| unless it is 0.

    Because h_t = f_t * tanh(h_{t-1}) with 0 < f_t < 1. No entry grows, whatever the weights: there is no chaos, no cycle and no
    other fixed point. An input that is not 0 is not covered.
    Given:  x_t = 0.
    Source: laurent2017.

    >>> chaos_free_step().rhs
    tanh(Abs(h))
    """
    cell = chaos_free()
    h = cell.state[0]
    lhs = AbsoluteValues(StateAfter.of(cell, [h], [_silent(cell)]))
    rhs = entrywise(lambda s: sp.tanh(sp.Abs(s)), h)
    return Result("step of the chaos-free network without input", lhs, "<=", rhs, source=(LAURENT,), arrays=cell.arrays)


def chaos_free_decay(steps: int = 3) -> Result:
    """max_i |h_T,i| <= r/sqrt(1 + 2 T r^2/3), r = max_i |h_0,i|: the chaos-free network forgets its state without input.

    With |h_t| <= tanh |h_{t-1}| and coth(x)^2 >= 1/x^2 + 2/3. It is the rate of gates that stay open, sqrt(3/(2 T)); gates
    bounded by s < 1 forget at least as s^T.
    Given:  no input for T steps.
    Source: laurent2017; the rate is ours.
    """
    cell, T = chaos_free(), whole(steps, "steps")
    h = cell.state[0]
    start = AbsoluteNorm(h, sp.oo)
    lhs = AbsoluteNorm(StateAfter.of(cell, [h], [_silent(cell)] * T), sp.oo)
    rhs = start / sp.sqrt(1 + sp.Rational(2 * T, 3) * start**2)
    return Result(
        f"decay of the chaos-free network in {T} steps", lhs, "<=", rhs, source=(LAURENT,), arrays=cell.arrays
    )


def _silent(cell: Any) -> tuple[Any, ...]:
    return (sp.ZeroMatrix(cell.input[0].shape[0], 1),)


def gated_linear_recurrence(rate: Any = 1, drive: Any = None) -> Result:
    """e^(softplus(s) [[-1, 1], [0, 0]]) = [[1 - sigmoid(s), sigmoid(s)], [0, 1]]: h_t = (1 - sigmoid(s)) h_{t-1} + sigmoid(s) x_t.

    The exact (zero-order hold) sampling of h' = -h + x over a step Delta = softplus(s) is a gate, since e^(-softplus(s)) =
    1 - sigmoid(s). With rate lambda, h' = -lambda h + b x, it is h_t = g h_{t-1} + b (1 - g)/lambda x_t, g = (1 - sigmoid(s))^lambda.
    Sampling the input by Euler (b Delta x_t) instead of exactly gives softplus(s), not sigmoid(s), before x_t.
    rate:   lambda > 0, a number or a positive symbol; drive: b, lambda if left out.
    Source: gu2023.

    >>> gated_linear_recurrence().rhs[0, :]
    Matrix([[1 - sigmoid(s), sigmoid(s)]])
    """
    s = sp.Symbol("s", real=True)
    decay = sp.sympify(rate)
    push = decay if drive is None else sp.sympify(drive)
    keep = (1 - sigmoid(s)) ** decay
    gate = sigmoid(s) if decay == 1 else 1 - keep
    A = sp.ImmutableMatrix([[-decay, push], [0, 0]])
    rhs = sp.ImmutableMatrix([[keep, push / decay * gate], [0, 1]])
    decayed = sp.exp(-decay * softplus(s))
    step = sp.ImmutableMatrix([[decayed, push / decay * (1 - decayed)], [0, 1]])
    return Result(
        "gated linear recurrence", Exponential(A, softplus(s)), "=", rhs, sp.Gt(decay, 0),
        steps=(Step(step, "the held input of a scalar decay"),), source=(MAMBA,),
    )  # fmt: skip
