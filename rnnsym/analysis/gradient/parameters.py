"""The gradient of a loss by every parameter of every cell: by the adjoint recursion, in real time, and cut off.

L = sum_t l_t(h_t) enters through e_t = d l_t/d h_t alone: any loss is served, e_t = h_t - y_t for half the squares. With
J_t = d h_t/d h_{t-1} and P_t = d h_t/d vec(theta) of one step,
    adjoint:    delta_T = e_T, delta_{t-1} = J_t^T delta_t + e_{t-1};  vec(dL/d theta) = sum_t P_t^T delta_t,
    real time:  M_0 = 0, M_t = J_t M_{t-1} + P_t;                      vec(dL/d theta) = sum_t M_t^T e_t,
the same double sum of words P_s^T J_{s+1}^T ... J_t^T e_t, s <= t, summed in two orders (`rtrl_identity`). The adjoint
costs one backward pass and stores the run; real time stores M, n times the parameters. May import: everything to the left
of `analysis.gradient`, and `gradient.paths`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import sympy as sp

from rnnsym.analysis.gradient.paths import (
    MOVING,
    Steps,
    abstract,
    differentiable_steps,
    errors_of,
    horizon,
    on_path,
    parameter_symbol,
    path_arrays,
    path_of,
    step_gradient,
    step_influence,
    step_jacobian,
    step_pullback,
    steps_of,
    t,
)
from rnnsym.cells.record import Cell
from rnnsym.cells.record import whole as whole_number
from rnnsym.defined import Gradient, Jacobian
from rnnsym.defined.extremes import MatrixSum
from rnnsym.defined.gradients import AdjointAt, AdjointFollows, Influence, LossGradient
from rnnsym.result import Array, Result, Source, Step
from rnnsym.vectors import column, factors_of, linear, stack, total, transposed

WERBOS = Source(
    "werbos1990", "Werbos, P. J.", "Backpropagation through time: what it does and how to do it", 1990,
    doi="10.1109/5.58337",
)  # fmt: skip
WILLIAMS = Source(
    "williams1989", "Williams, R. J. and Zipser, D.",
    "A learning algorithm for continually running fully recurrent neural networks", 1989, doi="10.1162/neco.1989.1.2.270",
)  # fmt: skip


def parameter_gradient(cell: Cell, name: str, steps: int | None = None) -> Result:
    """The gradient of a loss through time: dL/dW_h = sum_t (D_t delta_t) h_{t-1}^T, delta_{t-1} = J_t^T delta_t + e_{t-1}.

    L = sum_(t=1)^T l_t(h_t), e_t = d l_t/d h_t, for any loss; delta_T = e_T. Any parameter of any cell: matrices, columns
    and scalars, with an adjoint for each state block (delta_c and delta_h of an LSTM).
    steps:  None for a symbolic T (the e_t are the columns of E), or a whole number T >= 0 with names for everything.
    Shapes: of the parameter, (1, 1) for a scalar.
    Given:  the activations are differentiable along the run.
    Raises: SpecError for a name that is no parameter, or steps that are not a whole number >= 0.
    Source: werbos1990.

    >>> from rnnsym.cells import elman
    >>> parameter_gradient(elman(), "W_h", 2).rhs
    (delta_1*(1 - h_1**2))*h_0.T + (delta_2*(1 - h_2**2))*h_1.T
    >>> parameter_gradient(elman(), "b").rhs.args[0]
    delta[t]*(1 - h[t]**2)
    """
    parameter_symbol(cell, name)
    return _symbolic_gradient(cell, name) if steps is None else _gradient_of_steps(cell, name, steps)


def _delta_name(cell: Cell, k: int) -> str:
    taken = {s.name for _, e in cell.equations for s in e.free_symbols}
    name = "delta" if len(cell.state) == 1 else f"delta_{cell.state[k].name}"
    while name in taken:
        name += "_adj"
    return name


def _symbolic_gradient(cell: Cell, name: str) -> Result:
    general, path = _without_table(cell, name)
    symbol = cell.symbol(name)
    errors = errors_of(path)
    deltas = [sp.MatrixSymbol(_delta_name(cell, j), *s.shape) for j, s in enumerate(general.state)]
    seeds = dict(zip(general.next, deltas, strict=True))
    backs = [path.written(e, MOVING) for e in step_pullback(general, seeds)]
    named = [AdjointAt(path, deltas, backs, MOVING, errors, t, j) for j in range(len(deltas))]
    term = path.written(step_gradient(general, symbol, seeds), t).xreplace(dict(zip(deltas, named, strict=True)))
    return Result(
        f"gradient of the loss of {cell.name} by {name}", LossGradient(path, symbol, errors), "=",
        MatrixSum(term, t, 1, path.horizon),
        sp.And(on_path(cell, path), AdjointFollows(named[0], t)),
        source=(WERBOS,), arrays=path_arrays(general, path, *errors),
    )  # fmt: skip


def _without_table(cell: Cell, name: str, length: Any = horizon) -> tuple[Cell, Any]:
    """A cell between columns and its path; of an explicit one, the parameter stays a symbol: it is varied."""
    kept = tuple((s, table) for s, table in cell.binding if s.name != name)
    partial = abstract(replace(cell, binding=kept))
    return partial, path_of(partial, length)


def _gradient_of_steps(cell: Cell, name: str, count: int) -> Result:
    run = steps_of(cell, whole_number(count, "number of steps T", least=0))
    symbol = cell.symbol(name)
    errors, deltas, where = _adjoints(run)
    terms = [
        step_gradient(run.cell, symbol, dict(zip(run.cell.next, deltas[s - 1], strict=True)))
        for s in range(1, run.count + 1)
    ]
    zero = sp.ZeroMatrix(*symbol.shape) if getattr(symbol, "is_Matrix", False) else sp.ZeroMatrix(1, 1)
    rhs = total(zero, *(run.at(term, s) for s, term in enumerate(terms, 1)))
    if rhs.shape[1] == 1 and isinstance(rhs, sp.MatAdd):
        rhs = column(rhs)
    flat = [e for step in errors for e in step]
    bound = run.bound(*flat, *(d for step in deltas for d in step))
    outputs = [h for s in range(1, run.count + 1) for h in run.states(s)]
    lhs = Gradient(outputs, symbol, flat, run.whole.equations, run.binding(bound)) if run.count else zero
    return Result(
        f"gradient of the loss of {cell.name} by {name} through {run.count} steps", lhs, "=", bound.write(rhs),
        sp.And(cell.given, differentiable_steps(run)), (*run.where, *_written_pairs(bound, where)),
        source=(WERBOS,), arrays=(*run.arrays(), *_columns_of(bound, flat)),
    )  # fmt: skip


def _columns_of(bound: Cell, columns: list[Any]) -> tuple[Any, ...]:
    table = dict(bound.binding)
    return tuple(Array(s.name, "parameter", table.get(s, s)) for s in columns)


def _written_pairs(bound: Cell, pairs: list[tuple[Any, Any]]) -> list[tuple[Any, Any]]:
    """Definitions in the entries of the cell, if it has any."""
    if not bound.binding:
        return pairs
    table, found = dict(bound.binding), []
    for symbol, expression in pairs:
        value = bound.write(expression)
        entries = list(value) if isinstance(value, sp.MatrixBase) else [value]
        found += list(zip(table[symbol], entries, strict=True))
    return found


def _adjoints(run: Steps) -> tuple[list[list[Any]], list[list[Any]], list[tuple[Any, Any]]]:
    """(e_1 ... e_T, delta_1 ... delta_T, the definitions of the deltas, latest first), each block by block."""
    single = len(run.cell.state) == 1
    errors = [
        [run.column("e" if single else f"e_{s.name}", step, s) for s in run.cell.state]
        for step in range(1, run.count + 1)
    ]
    deltas = [
        [run.column(_delta_name(run.cell, j), step, s) for j, s in enumerate(run.cell.state)]
        for step in range(1, run.count + 1)
    ]
    where = []
    for step in range(run.count, 0, -1):
        if step == run.count:
            pulled = errors[step - 1]
        else:
            later = step_pullback(run.cell, dict(zip(run.cell.next, deltas[step], strict=True)))
            pulled = [column(total(run.at(p, step + 1), e)) for p, e in zip(later, errors[step - 1], strict=True)]
        where += list(zip(deltas[step - 1], pulled, strict=True))
    return errors, deltas, where


# Real-time recurrent learning


def rtrl(cell: Cell, name: str, steps: int | None = None) -> Result:
    """The influence recursion M_t = J_t M_{t-1} + P_t, M_t = d h_t/d vec(theta): for W_h, P_t = D_t (h_{t-1}^T kron I).

    M_0 = 0; it runs forward with the network, and dL/d vec(theta) = sum_t M_t^T e_t.
    steps:  None for one step of the recursion at a symbolic t, or T: M_T = sum_s J_T ... J_{s+1} P_s written out.
    Shapes: M (n, r c) for a parameter of shape (r, c), all state blocks stacked.
    Given:  t >= 1; the activations are differentiable along the run.
    Raises: SpecError for a name that is no parameter, or steps that are not a whole number >= 1.
    Source: williams1989.

    >>> from rnnsym.cells import elman
    >>> rtrl(elman(), "W_h").rhs
    diag(1 - h[t]**2)*(KroneckerProduct(h[t - 1].T, I)) + diag(1 - h[t]**2)*W_h*d h[t - 1]/d W_h
    """
    symbol = parameter_symbol(cell, name)
    if steps is not None:
        return _influence_of_steps(cell, symbol, whole_number(steps, "number of steps T"))
    general, path = _without_table(cell, name, t)
    J, P = (path.written(e, t) for e in (step_jacobian(general), step_influence(general, symbol)))
    before = Influence(path, symbol, t - 1)
    return Result(
        f"influence of {name} on the state of {cell.name}", Influence(path, symbol, t), "=", _plus(linear(J, before), P),
        on_path(cell, path),
        source=(WILLIAMS,), arrays=path_arrays(general, path),
    )  # fmt: skip


def _plus(*terms: Any) -> Any:
    return total(sp.ZeroMatrix(*terms[0].shape), *terms)


def _influence_of_steps(cell: Cell, symbol: Any, count: int) -> Result:
    run = steps_of(cell, count)
    J, P = step_jacobian(run.cell), step_influence(run.cell, symbol)
    lhs = Jacobian(run.states(count), symbol, run.whole.equations, run.binding(run.whole))
    terms = []
    for s in range(count, 0, -1):
        terms.append(linear(*(run.at(J, r) for r in range(count, s, -1)), run.at(P, s)))
    rhs = _plus(*terms)
    nested = run.at(P, 1)
    for s in range(2, count + 1):
        nested = _plus(linear(run.at(J, s), nested), run.at(P, s))
    steps = (Step(run.whole.write(nested), "the recursion from M_0 = 0"),) if count > 1 else ()
    return Result(
        f"influence of {symbol.name} on the state of {cell.name} after {count} steps", lhs, "=", run.whole.write(rhs),
        sp.And(cell.given, differentiable_steps(run)), run.where, steps, source=(WILLIAMS,), arrays=run.arrays(),
    )  # fmt: skip


def rtrl_identity(cell: Cell, name: str, steps: int = 3) -> Result:
    """Real time and adjoint are one sum: sum_t M_t^T e_t = sum_(s <= t) P_s^T J_{s+1}^T ... J_t^T e_t = sum_s P_s^T delta_s.

    The two orders of summation are the steps of the derivation; expanded into words (`words`) both are literally the
    right side. J_s and P_s are named in `where`.
    Shapes: (r c, 1) for a parameter of shape (r, c).
    Raises: SpecError for a name that is no parameter, or steps that are not a whole number >= 1.
    Source: williams1989, werbos1990.

    >>> from rnnsym.cells import elman
    >>> print(rtrl_identity(elman(), "W_h", 2).rhs)
    P_1.T*e_1 + P_1.T*J_2.T*e_2 + P_2.T*e_2
    """
    cell = cell.general if cell.binding and cell.general is not None else cell
    symbol = parameter_symbol(cell, name)
    run = steps_of(cell, whole_number(steps, "number of steps T"))
    one_J, one_P = step_jacobian(run.cell), step_influence(run.cell, symbol)
    J = {s: sp.MatrixSymbol(f"J_{s}", *one_J.shape) for s in range(2, run.count + 1)}
    P = {s: sp.MatrixSymbol(f"P_{s}", *one_P.shape) for s in range(1, run.count + 1)}
    blocks, _, _ = _adjoints(run)
    e = {s: sp.MatrixSymbol(f"e_{s}", one_J.shape[0], 1) for s in range(1, run.count + 1)}
    single = len(run.cell.state) == 1
    where = [(J[s], run.at(one_J, s)) for s in J] + [(P[s], run.at(one_P, s)) for s in P]
    if not single:
        where += [(e[s], stack([[b] for b in blocks[s - 1]])) for s in e]
    M, real_time = {1: P[1]}, [linear(transposed(P[1]), e[1])]
    for s in range(2, run.count + 1):
        M[s] = total(linear(J[s], M[s - 1]), P[s])
        real_time.append(linear(transposed(M[s]), e[s]))
    delta, adjoint = {run.count: e[run.count]}, [linear(transposed(P[run.count]), e[run.count])]
    for s in range(run.count - 1, 0, -1):
        delta[s] = sp.MatAdd(linear(transposed(J[s + 1]), delta[s + 1]), e[s], evaluate=False)
        adjoint.append(linear(transposed(P[s]), delta[s]))
    double = [
        linear(transposed(P[s]), *(transposed(J[r]) for r in range(s + 1, u + 1)), e[u])
        for s in range(1, run.count + 1)
        for u in range(s, run.count + 1)
    ]
    outputs = [h for s in range(1, run.count + 1) for h in run.states(s)]
    definition = Jacobian(outputs, symbol, run.whole.equations)
    weights = sp.BlockMatrix([[b] for step in blocks for b in step]) if len(outputs) > 1 else blocks[0][0]
    steps_ = (
        Step(_summed(real_time), "in real time: each M_t meets e_t"),
        Step(_summed(adjoint), "by the adjoint: each P_t meets delta_t"),
    )
    return Result(
        f"real time and adjoint gradient of {cell.name} by {name}",
        sp.MatMul(sp.Transpose(definition), weights, evaluate=False), "=", _summed(double),
        sp.And(cell.given, differentiable_steps(run)), (*run.where, *where), steps_, source=(WILLIAMS, WERBOS),
        arrays=(*run.arrays(), *_columns_of(run.whole, [b for step in blocks for b in step])),
    )  # fmt: skip


def _summed(terms: list[Any]) -> Any:
    return terms[0] if len(terms) == 1 else sp.MatAdd(*terms, evaluate=False)


Word = tuple[Any, ...]


def words(expression: Any) -> dict[Word, Any]:
    """A matrix expression as a sum of words, products of letters with their coefficients: equal sums are equal dicts.

    >>> A, B = sp.MatrixSymbol("A", 2, 2), sp.MatrixSymbol("B", 2, 2)
    >>> words(A * (A + B)) == words(A * A + A * B), words(A * B) == words(B * A)
    (True, False)
    """
    found: dict[Word, Any] = {}

    def add(parts: dict[Word, Any]) -> None:
        for word, c in parts.items():
            found[word] = found.get(word, 0) + c

    if isinstance(expression, sp.MatAdd):
        for term in expression.args:
            add(words(term))
    elif isinstance(expression, sp.MatMul):
        coefficient, factors = factors_of(expression)
        parts: dict[Word, Any] = {(): coefficient}
        for factor in factors:
            parts = {a + b: c * d for a, c in parts.items() for b, d in words(factor).items()}
        add(parts)
    elif isinstance(expression, sp.MatPow) and expression.exp.is_Integer and expression.exp > 0:
        add(words(sp.MatMul(*[expression.base] * int(expression.exp), evaluate=False)))
    elif isinstance(expression, sp.Identity):
        found[()] = sp.S.One
    elif isinstance(expression, sp.Transpose) and not isinstance(expression.arg, sp.MatrixSymbol):
        opened = transposed(expression.arg)
        add(words(opened) if opened != expression else {(expression,): sp.S.One})
    elif not isinstance(expression, sp.ZeroMatrix):
        found[(expression,)] = sp.S.One
    return {word: c for word, c in found.items() if c != 0}
