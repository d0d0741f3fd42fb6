"""h_T of a network without activation: one affine map of its first state and its inputs.

May import: everything to the left of `analysis`, and analysis.jacobian, analysis.linear.points, analysis.linear.powers.
"""

from __future__ import annotations

from typing import Any

import sympy as sp

from rnnsym.analysis.jacobian import jacobian
from rnnsym.analysis.linear.points import as_matrix, is_affine
from rnnsym.analysis.linear.powers import HIGHAM
from rnnsym.cells.record import Cell, entries, whole
from rnnsym.defined import Invertible, StateAt
from rnnsym.result import Result, SpecError, Step
from rnnsym.systems import LinearSystem
from rnnsym.systems.functions import Power, fresh, function_of
from rnnsym.vectors import Entrywise, slot

T = sp.Symbol("T", integer=True, nonnegative=True)


def collapse(model: Cell | LinearSystem, steps: int | None = None) -> Result:
    """h_T = W^T h_0 + sum_k W^(T-k) (U x_k + b): without activation the network is one affine map, with memory.

    steps: None for a symbol T and a constant input x: h_T = h* + W^T (h_0 - h*), h* = (I - W)^-1 (U x + b), given I - W
           invertible, for every size; of a model with entries the sum (I + W + ... + W^(T-1)) (U x + b) in closed form,
           right where 1 is an eigenvalue too. A whole number for inputs x_1, ..., x_T.
    Raises: SpecError for a nonlinear cell; NoClosedForm if an eigenvalue has no closed form (steps=None).
    Source: A-REC-3.

    >>> from rnnsym.cells import linear
    >>> w, u, b = sp.symbols("w u b", real=True)
    >>> collapse(linear(W_h=w, W_x=u, b=b), steps=2).rhs
    Matrix([[b*w + b + h*w**2 + u*w*x_1 + u*x_2]])
    """
    W, h, push = _affine_parts(model)
    if steps is not None:
        count = whole(steps, "steps", least=0)
        return _unrolled(model, W, h, push, count)
    if not isinstance(W, sp.MatrixBase):
        return _dimension_free(model, W, h, push(""))
    force = push("")
    power, where = function_of(W, Power(T))
    total, more = function_of(W, Power(T), summed=True)
    named = tuple(dict.fromkeys((*where, *more)))
    rhs = sp.ImmutableMatrix(power * h + total * force)
    return Result(
        f"collapse of the {model.name}", StateAt(W, h, T, force), "=", rhs, model.given, named, source=(HIGHAM,)
    )


def _affine_parts(model: Any) -> tuple[Any, Any, Any]:
    """(W, h_0, step k -> U x_k + b) of a linear model, in entries or for every size."""
    if isinstance(model, LinearSystem):
        h = entries(str(fresh("h", model)), model.n, 1, real=False)

        def forced(k: str) -> Any:
            name = str(fresh("x", model))
            return sp.ImmutableMatrix(model.B * _numbered(name, k, model.m))

        return model.A, h, forced
    if not isinstance(model, Cell):
        raise SpecError(f"collapse needs a linear Cell or a LinearSystem, got {type(model).__name__}")
    if not is_affine(model):
        raise SpecError(
            f"{model.name} is nonlinear: it does not collapse. Linearize it at a fixed point: collapse(linearize(cell))"
        )
    if len(model.state) > 1:
        raise SpecError(f"{model.name} has {len(model.state)} state blocks; collapse(linearize(cell)) stacks them")
    W = jacobian(model, "state").explicit
    (h,), table = model.state, dict(model.binding)
    if model.is_explicit:
        values = {e: sp.S.Zero for s in (*model.state, *model.input) for e in table[s]}
        followed: dict[Any, Any] = {}
        for symbol, expression in model.where:
            followed[symbol] = expression.xreplace(values).xreplace(followed)
        bias = sp.ImmutableMatrix([[followed[e]] for e in table[model.next[0]]])
        U = [as_matrix(jacobian(model, "input").explicit)] if model.input else []

        def push(k: str) -> Any:
            total = bias
            for M, s in zip(U, model.input, strict=True):
                total = total + M * _numbered(s.name, k, int(s.shape[0]), real=model.field == "real")
            return sp.ImmutableMatrix(total)

        return as_matrix(W), table[h], push
    bias = _bias(model)
    inputs = jacobian(model, "input").rhs if model.input else None

    def moved(k: str) -> Any:
        terms = [bias] if bias is not None else []
        if inputs is not None:
            (s,) = model.input
            terms.append(inputs * sp.MatrixSymbol(s.name + (f"_{k}" if k else ""), *s.shape))
        return sp.MatAdd(*terms) if terms else sp.ZeroMatrix(*h.shape)

    return W, h, moved


def _numbered(name: str, k: str, size: int, real: bool = False) -> Any:
    """The column x, or x_k with a name for every entry."""
    if not k:
        return entries(name, size, 1, real)
    if size == 1:
        return entries(f"{name}_{k}", 1, 1, real)
    symbols = [sp.Symbol(f"{name}{k}_{i + 1}", **({"real": True} if real else {})) for i in range(size)]
    return sp.ImmutableMatrix(size, 1, symbols)


def _bias(cell: Cell) -> Any:
    """F(0, 0) of an affine cell of symbolic size: the columns that contain neither state nor input."""
    ((_, expression),) = cell.equations
    if not isinstance(expression, Entrywise):
        return None
    moving = {*cell.state, *cell.input}
    names = [slot(k) for k in range(1, len(expression.columns) + 1)]
    body = expression.body.xreplace(
        {s: sp.S.Zero for s, c in zip(names, expression.columns, strict=True) if c.free_symbols & moving}
    )
    if body == 0:
        return None
    kept = [(s, c) for s, c in zip(names, expression.columns, strict=True) if s in body.free_symbols]
    if len(kept) == 1 and body == kept[0][0]:
        return kept[0][1]
    return Entrywise(body, expression.shape[0], *expression.columns)


def _unrolled(model: Any, W: Any, h: Any, push: Any, count: int) -> Result:
    pushes = [push(str(k)) for k in range(1, count + 1)]
    steps: tuple[Step, ...] = ()
    if isinstance(W, sp.MatrixBase):
        state = sp.Matrix(h)
        for force in pushes:
            state = W * state + sp.Matrix(force)
        powers = sp.ImmutableMatrix(state.applyfunc(sp.expand))
    else:
        terms = [sp.MatMul(_power(W, count), h)] if count else [h]
        terms += [sp.MatMul(_power(W, count - k), f) if k < count else f for k, f in enumerate(pushes, 1)]
        powers = sp.MatAdd(*terms) if len(terms) > 1 else terms[0]
        state = h
        for force in pushes:
            state = sp.MatAdd(sp.MatMul(W, state), force)
        steps = (Step(state, "the recurrence, step after step"),) if count else ()
    return Result(f"collapse of the {model.name}", StateAt(W, h, count, *pushes), "=", powers, model.given, steps=steps)


def _power(W: Any, k: int) -> Any:
    return W if k == 1 else sp.MatPow(W, k)


def _dimension_free(model: Any, W: Any, h: Any, force: Any) -> Result:
    n = W.shape[0]
    star = sp.MatrixSymbol(str(fresh("h_star", W, h, force)), n, 1)
    away = sp.Identity(n) - W
    rhs = sp.MatAdd(star, sp.MatMul(sp.MatPow(W, T), sp.MatAdd(h, -star)))
    return Result(
        f"collapse of the {model.name}", StateAt(W, h, T, force), "=", rhs,
        sp.And(model.given, Invertible(away)), where=((star, sp.MatMul(sp.Inverse(away), force)),),
        source=(),
    )  # fmt: skip
