"""Backpropagation through time: the ordered product of Jacobians, and the recursion of the adjoints.

The factors do not commute and have one order, the latest on the left:
    d h_t/d h_k = J_t J_{t-1} ... J_{k+1},  k < t,   the identity for k = t, and 0 for k > t (no state acts on the past);
read from the loss it is the adjoint recursion delta_{t-1} = J_t^T delta_t + e_{t-1}. Both hold for every cell, every
activation that is differentiable along the run, and every size. May import: everything to the left of
`analysis.gradient`, and `gradient.paths`.
"""

from __future__ import annotations

from typing import Any

import sympy as sp

from rnnsym.analysis.gradient.paths import (
    abstract,
    differentiable_steps,
    errors_of,
    i,
    k,
    on_path,
    path_arrays,
    path_of,
    step_jacobian,
    steps_of,
    t,
)
from rnnsym.cells.catalogue import lstm
from rnnsym.cells.record import Cell, whole
from rnnsym.defined import Jacobian, OrderedProduct
from rnnsym.defined.gradients import LossGradient, Propagator, error_letter
from rnnsym.defined.runs import ColumnOf
from rnnsym.defined.stability import AllZero
from rnnsym.result import Result, Source, Step
from rnnsym.vectors import diagonal, entrywise, linear, transposed

WERBOS = Source(
    "werbos1990", "Werbos, P. J.", "Backpropagation through time: what it does and how to do it", 1990,
    doi="10.1109/5.58337",
)  # fmt: skip
PASCANU = Source(
    "pascanu2013", "Pascanu, R. and Mikolov, T. and Bengio, Y.", "On the difficulty of training recurrent neural networks",
    2013, arxiv="1211.5063",
)  # fmt: skip


def bptt(cell: Cell, steps: int | None = None) -> Result:
    """The ordered product d h_t/d h_k = J_t J_{t-1} ... J_{k+1}, latest factor left; of T steps J_T ... J_1.

    J_s is the Jacobian of step s in its named quantities, diag(1 - h_s^2) W_h of the plain tanh cell.
    steps:  None for symbolic k <= t (start h_0; the input x_s is column s of X), or a whole number T >= 0: d h_T/d h_0 with
            every quantity of every step by name. The factors of an explicit cell are multiplied by `.rhs.doit()`.
    Shapes: n by n, all state blocks stacked (LSTM 2n by 2n, c first).
    Given:  k <= t; the activations are differentiable along the run.
    Raises: SpecError if steps is not a whole number >= 0.
    Source: werbos1990, pascanu2013.

    >>> from rnnsym.cells import elman
    >>> bptt(elman(), 2).rhs
    diag(1 - h_2**2)*W_h*diag(1 - h_1**2)*W_h
    >>> print(bptt(elman()).lhs, bptt(elman()).rhs.args[0])
    d h[t]/d h[k] diag(1 - h[s]**2)*W_h
    """
    return _symbolic_product(cell) if steps is None else _product_of_steps(cell, steps)


def _symbolic_product(cell: Cell) -> Result:
    path = path_of(cell, t)
    factor = path.written(step_jacobian(abstract(cell)), i)
    return Result(
        f"gradient of {cell.name} through time", Propagator(path, k, t), "=", OrderedProduct(factor, i, k + 1, t),
        sp.And(sp.Le(k, t), on_path(cell, path, i)),
        source=(WERBOS, PASCANU), arrays=path_arrays(cell, path),
    )  # fmt: skip


def _product_of_steps(cell: Cell, count: int) -> Result:
    run = steps_of(cell, count)
    J = step_jacobian(run.cell)
    factors = [run.at(J, s) for s in range(run.count, 0, -1)]
    chain = [
        Jacobian(run.states(s), run.states(s - 1), run.equations(s, s), run.binding(run.whole, run.equations(s, s)))
        for s in range(run.count, 0, -1)
    ]
    lhs = Jacobian(run.states(run.count), run.states(0), run.whole.equations, run.binding(run.whole))
    size = lhs.shape[0]
    steps = (Step(_product(chain, size), "chain rule along the run"),) if run.count > 1 else ()
    return Result(
        f"gradient of {cell.name} through {run.count} steps", lhs, "=", _written(run.whole, factors, size),
        sp.And(cell.given, differentiable_steps(run)), run.where, steps, source=(WERBOS, PASCANU), arrays=run.arrays(),
    )  # fmt: skip


def _product(factors: list[Any], size: Any) -> Any:
    if not factors:
        return sp.Identity(size)
    return factors[0] if len(factors) == 1 else sp.MatMul(*factors, evaluate=False)


def _written(cell: Cell, factors: list[Any], size: Any) -> Any:
    """The product of the factors; of an explicit cell the factors are tables, of a scalar one numbers."""
    if not cell.binding:
        return linear(*factors) if factors else sp.Identity(size)
    written = [cell.write(f) for f in factors]
    return sp.Mul(*written) if cell.is_scalar and size == 1 else _product(written, size)


def adjoint_recursion(cell: Cell) -> Result:
    """The adjoint recursion d L/d h_{t-1} = J_t^T d L/d h_t + e_{t-1}, L = sum_s l_s(h_s), e_s = d l_s/d h_s, e_0 = 0.

    It is the forward recursion of perturbations, transposed and reversed in time. Column s of E is e_s (E_c and E_h for
    an LSTM); d L/d h_t counts l_t itself and everything later.
    Given:  2 <= t <= T; the activations are differentiable along the run.
    Source: werbos1990.

    >>> from rnnsym.cells import elman
    >>> adjoint_recursion(elman()).rhs
    e[t - 1] + W_h.T*(grad_h[t](L)*(1 - h[t]**2))
    """
    path = path_of(cell)
    errors = errors_of(path)
    J = path.written(step_jacobian(abstract(cell)), t)
    direct = [ColumnOf(e, t - 1, error_letter(e)) for e in errors]
    source = direct[0] if len(direct) == 1 else sp.BlockMatrix([[d] for d in direct])
    late = LossGradient(path, t, errors)
    pulled = linear(transposed(J), late)
    return Result(
        f"adjoint recursion of {cell.name}", LossGradient(path, t - 1, errors), "=",
        sp.MatAdd(pulled, source, evaluate=False),
        sp.And(sp.Ge(t, 2), sp.Le(t, path.horizon), on_path(cell, path)),
        source=(WERBOS,), arrays=path_arrays(cell, path, *errors),
    )  # fmt: skip


def error_carousel(steps: int = 3) -> Result:
    """The constant error carousel of the LSTM: d c_T/d c_0 = diag(f_T ... f_1), if W_hf = W_hi = W_hg = 0.

    With those weights c acts on the gates through h as well, and the product of the forget gates is only the direct path.
    Given:  W_hf = W_hi = W_hg = 0 (W_ho may be anything).
    Raises: SpecError if steps is not a whole number >= 1.
    Source: hochreiter1997, gers2000.

    >>> error_carousel(2).rhs
    diag(f_1*f_2)
    """
    cell = lstm()
    run = steps_of(cell, whole(steps, "number of steps T"))
    gates = [run.at(cell.symbol("f_t"), s) for s in range(1, run.count + 1)]
    lhs = Jacobian([run.states(run.count)[0]], [run.states(0)[0]], run.whole.equations)
    rhs = diagonal(entrywise(lambda *f: sp.Mul(*f), *gates))
    silent = AllZero(*(cell.symbol(f"W_h{gate}") for gate in "fig"))
    return Result(
        f"constant error carousel through {run.count} steps", lhs, "=", rhs, silent, run.where, source=cell.source,
        arrays=run.arrays(),
    )  # fmt: skip
