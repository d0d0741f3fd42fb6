"""Jacobians of a cell: with respect to its states, its input and every parameter, in numerator layout.

One derivation serves every size: the chain rule through the cell's named equations (`vectors.chain`), then, for an
explicit cell, the same matrices written in entries. The left side is the definition, d h_t / d h_{t-1} through the
equations, whose numerical value is a difference quotient. May import: everything to the left of `analysis`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import sympy as sp

from rnnsym.cells.record import Cell, as_cell, entries
from rnnsym.defined import Avoids, Gradient, Jacobian
from rnnsym.result import Array, Result, SpecError, Step
from rnnsym.vectors import Entrywise, chain, column, cotangents, differential, explicit, linear, stack, total


def jacobian(cell: Cell, wrt: str = "state") -> Result:
    """The Jacobian of the new state, J[i, j] = d h_{t,i} / d v_j, with v the old state, the input or a parameter.

    Shapes: J (n, n) for "state" (all state blocks stacked, LSTM (2n, 2n) with c first), (n, m) for "input", (n, r c) for
            a parameter of shape (r, c), with v = vec W stacking its columns; also the name of one state block, and
            (n, 1) for a scalar parameter.
    Given:  the activations are differentiable at the pre-activations.
    Raises: SpecError for a name the cell does not have.

    >>> from rnnsym.cells import elman
    >>> jacobian(elman()).rhs
    diag(1 - h_t**2)*W_h
    >>> jacobian(elman(W_h=sp.Symbol("w"))).rhs
    w*(1 - h_t**2)
    """
    variables = _variables(as_cell(cell), wrt)
    blocks = [[chain(cell.equations, new, v) for v in variables] for new in cell.next]
    matrix = stack(blocks)
    lhs = Jacobian(cell.next, variables, cell.equations, _binding(cell))
    return Result(
        name=f"jacobian of {cell.name} with respect to {wrt}",
        lhs=lhs,
        relation="=",
        rhs=cell.write(matrix),
        given=sp.And(cell.given, differentiable(cell)),
        where=_where(cell),
        steps=tuple(Step(cell.write(e), reason) for e, reason in _steps(cell, variables)),
        source=cell.source,
        arrays=cell.arrays,
    )


def parameter_gradient(cell: Cell, name: str) -> Result:
    """The vector-Jacobian product of one step: the gradient of delta^T h_t with respect to a parameter, in its shape.

    For W_h of the plain cell it is (D_t delta) h_{t-1}^T, an outer product, instead of the n by n^2 Jacobian.
    Shapes: delta has the shape of the state (one array for each state block: delta_c, delta_h of an LSTM); the
            gradient has the shape of the parameter, (1, 1) for a scalar.
    Raises: SpecError for a name the cell does not have.

    >>> from rnnsym.cells import elman
    >>> parameter_gradient(elman(), "W_h").rhs
    (delta*(1 - h_t**2))*h.T
    """
    (symbol,) = _variables(cell, name)
    if name in ("state", "input"):
        raise SpecError(f"{name} is no parameter; use jacobian(cell, wrt={name!r})")
    single = len(cell.next) == 1
    adjoints = {
        new: sp.MatrixSymbol("delta" if single else f"delta_{old.name}", *new.shape)
        for new, old in zip(cell.next, cell.state, strict=True)
    }
    if getattr(symbol, "is_Matrix", False):
        gradient = cotangents(cell.equations, adjoints, [symbol])[symbol]
    else:  # one number: delta^T times the derivative by the scalar
        moved = [linear(sp.Transpose(d), chain(cell.equations, new, symbol)) for new, d in adjoints.items()]
        gradient = total(sp.ZeroMatrix(1, 1), *moved)
    tables = tuple((s, entries(s.name, int(s.shape[0]), 1)) for s in adjoints.values()) if cell.binding else ()
    written = replace(cell, binding=cell.binding + tables)
    arrays = tuple(Array(s.name, "parameter", dict(tables).get(s, s)) for s in adjoints.values())
    return Result(
        name=f"gradient of {cell.name} with respect to {name}",
        lhs=Gradient(cell.next, symbol, tuple(adjoints.values()), cell.equations, _binding(cell) + tables),
        relation="=",
        rhs=written.write(gradient),
        given=sp.And(cell.given, differentiable(cell)),
        where=_where(cell),
        source=cell.source,
        arrays=cell.arrays + arrays,
    )


def differentiable(cell: Cell) -> Any:
    """The hypothesis that no unit sits at a kink of its activation; true where there are none."""
    composed: dict[Any, Any] = {}
    hypotheses = []
    for name, expression in cell.equations:
        whole = column(expression.xreplace(composed))
        composed[name] = whole
        for part, f in ((e, f) for e in _entrywise(whole) for f in sorted(e.body.atoms(sp.Function), key=str)):
            for kink in getattr(f, "kinks", ()):
                argument = Entrywise(f.args[0], part.shape[0], *part.columns)
                if not cell.binding:
                    hypotheses.append(Avoids(argument, kink))
                else:
                    hypotheses += [sp.Ne(a, kink) for a in explicit(argument, dict(cell.binding))]
    return sp.And(*dict.fromkeys(hypotheses))


def _entrywise(expression: Any) -> list[Any]:
    """Every entrywise node of an expression, also inside matrix products (W @ relu(h))."""
    found = [expression] if isinstance(expression, Entrywise) else []
    parts = expression.columns if isinstance(expression, Entrywise) else expression.args
    for part in parts:
        if getattr(part, "is_Matrix", False):
            found += _entrywise(part)
    return found


def _variables(cell: Cell, wrt: str) -> tuple[Any, ...]:
    if wrt == "state":
        return cell.state
    if wrt == "input":
        if not cell.input:
            raise SpecError(f"{cell.name} has no input")
        return cell.input
    symbol = cell.symbol(wrt)
    if symbol in (name for name, _ in cell.all_equations):
        known = ", ".join(["state", "input", *(a.name for a in cell.arrays if a.role == "parameter")])
        raise SpecError(f"{wrt} is computed by {cell.name}; differentiate with respect to one of: {known}")
    return (symbol,)


def _binding(cell: Cell) -> tuple[Any, ...]:
    names = {name for name, _ in cell.all_equations if name not in {n for n, _ in cell.equations}}
    return tuple((s, t) for s, t in cell.binding if s not in names)


def _where(cell: Cell) -> tuple[tuple[Any, Any], ...]:
    """The definitions of the named quantities, the output's left out."""
    return replace(cell, output=None).where


def _steps(cell: Cell, variables: tuple[Any, ...]) -> list[tuple[Any, str]]:
    """The chain rule with the derivatives of the named quantities written out one after the other."""
    tangents: list[dict[Any, Any]] = [{} for _ in variables]
    lines: list[tuple[Any, str]] = []
    names = {name for name, _ in cell.equations}
    inner = [name for name in names if name not in cell.next]
    if not inner and (not cell.binding or cell.is_scalar):
        block = [[_unnamed(cell, new, v) for v in variables] for new in cell.next]
        lines.append((stack(block), "chain rule"))
    for k, v in enumerate(variables):
        for name, expression in cell.equations:
            tangents[k][name] = differential(expression, v, tangents[k], name)
    block = [
        [tangents[k][new] if new in tangents[k] else differential(new, v) for k, v in enumerate(variables)]
        for new in cell.next
    ]
    reason = "slope in terms of h_t" if lines else "chain rule"
    lines.append((stack(block), reason))
    return lines


def _unnamed(cell: Cell, new: Any, variable: Any) -> Any:
    """d new / d variable with slopes in terms of the pre-activations."""
    tangents: dict[Any, Any] = {}
    for name, expression in cell.equations:
        tangents[name] = differential(expression, variable, tangents)
    return tangents[new] if new in tangents else differential(new, variable)
