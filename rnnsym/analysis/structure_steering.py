"""Inputs of least energy that steer a state to a goal, and the state that a record of outputs determines.

May import: everything to the left, and analysis.structure.
"""

from __future__ import annotations

from typing import Any

import sympy as sp
from sympy.core.symbol import Str

from rnnsym import exact
from rnnsym.analysis.linear import as_system
from rnnsym.analysis.structure import KALMAN, krylov, real_parameters
from rnnsym.cells.record import Cell, as_table, entries, whole
from rnnsym.defined import InitialState, LeastEnergy, LeastInput
from rnnsym.exact import factored, is_zero, normal
from rnnsym.result import NoClosedForm, Result, ShapeError
from rnnsym.systems import LinearSystem
from rnnsym.systems.functions import fresh

READABLE = 30  # operations of an entry up to which it is written out


def steer(model: Cell | LinearSystem, start: Any, goal: Any, steps: int) -> Result:
    """The input of least energy from start to goal in T steps: x_t = B^T (A^T)^(T-t) W_T^-1 (goal - A^T start).

    W_T = sum_{k<T} A^k B B^T (A^T)^k. The rows of `.rhs` are x_1, ..., x_T; its energy E = d^T W_T^-1 d and the miss of
    the free motion d = goal - A^T start are in `where`; where the entries would be long, so are Delta = det W_T and
    v = adj(W_T) d, in which they are written. None for start or goal leaves them symbols.
    Shapes: start, goal (n); rhs (T, m).
    Given:  det W_T is not 0: rank [B, ..., A^(T-1) B] = n; real parameters.
    Raises: NoClosedForm if not every goal can be reached in T steps, for any parameters.
    Source: kalman1960b; A-CTL-1.

    >>> a = sp.Symbol("a", real=True)
    >>> steer(LinearSystem([[0, 1], [0, a]], [0, 1]), 0, [1, 0], 2).rhs.tolist()
    [[1], [-a]]
    """
    system, start, goal, T = _task(model, start, goal, steps)
    missed, weights, condition = _weights(system, start, goal, T)
    rows = _inputs(system, weights, T)
    avoid = (system, start, goal)
    d = [fresh(f"d_{k + 1}", *avoid) for k in range(system.n)]
    where = list(zip(d, missed, strict=True))
    energy = fresh("E", *avoid)
    if all(e.count_ops() <= READABLE for row in rows for e in row):
        where.append((energy, _shown((missed.T * weights)[0, 0])))
    else:  # named: the Gramian's determinant Delta, and v = adj(W_T) d
        columns = krylov(system.A, system.B, T)
        adjugate, determinant = exact.inverse(sp.ImmutableMatrix((columns * columns.T).applyfunc(normal)))
        delta = fresh("Delta", *avoid)
        v = sp.Matrix([fresh(f"v_{k + 1}", *avoid) for k in range(system.n)])
        parts = sp.Matrix(adjugate).applyfunc(_shown) * sp.Matrix(d)
        if determinant.free_symbols:
            where.append((delta, _shown(determinant)))
        else:
            delta = determinant
        where += zip(v, parts, strict=True)
        rows = _inputs(system, v / delta, T)
        where.append((energy, (sp.Matrix(d).T * v)[0, 0] / delta))
    given = sp.And(system.given, condition, real_parameters(system.A, system.B, start, goal))
    lhs = LeastInput(system.A, system.B, start, goal, T)
    return Result("steering", lhs, "=", sp.ImmutableMatrix(rows), given, tuple(where), source=(KALMAN,))


def _inputs(system: LinearSystem, weights: Any, T: int) -> list[list[Any]]:
    """The rows x_t = B^T (A^T)^(T-t) W_T^-1 d."""
    columns, m = krylov(system.A, system.B, T), system.m
    return [[_shown(e) for e in columns[:, (T - t) * m : (T - t + 1) * m].T * weights] for t in range(1, T + 1)]


def steering_energy(model: Cell | LinearSystem, start: Any, goal: Any, steps: int) -> Result:
    """The least energy sum_t |x_t|^2 = d^T W_T^-1 d, d = goal - A^T start, of an input from start to goal in T steps.

    Given, Raises: as steer.
    """
    system, start, goal, T = _task(model, start, goal, steps)
    missed, weights, condition = _weights(system, start, goal, T)
    given = sp.And(system.given, condition, real_parameters(system.A, system.B, start, goal))
    lhs = LeastEnergy(system.A, system.B, start, goal, T)
    return Result("energy of steering", lhs, "=", _shown((missed.T * weights)[0, 0]), given, source=(KALMAN,))


def _task(model: Any, start: Any, goal: Any, steps: Any) -> tuple[LinearSystem, Any, Any, int]:
    system = as_system(model, "steer")
    T = whole(steps, "steps")
    exact.refuse_powers("steering", system.A, system.B, T)
    found = []
    for value, name in ((start, "h_0"), (goal, "h_T")):
        found.append(_state(system, value, name))
    return system, found[0], found[1], T


def _state(system: LinearSystem, value: Any, name: str) -> Any:
    n = system.n
    if value is None:
        base = str(fresh(name, system))
        return entries(base, n, 1)
    if not hasattr(value, "__len__") and not isinstance(value, sp.MatrixBase) and sp.sympify(value, strict=True) == 0:
        return sp.ImmutableMatrix(sp.zeros(n, 1))
    table = as_table(value, None, name)
    table = table.T if table.rows == 1 and n > 1 else table
    if table.shape != (n, 1):
        raise ShapeError(
            f"{name} has {table.rows} x {table.cols} entries, the system {n} states; a column of {n} is needed"
        )
    return table


def _weights(system: LinearSystem, start: Any, goal: Any, T: int) -> tuple[Any, Any, Any]:
    """(d, W_T^-1 d, the condition that W_T is invertible)."""
    columns = krylov(system.A, system.B, T)
    free = sp.Matrix(start)
    for _ in range(T):
        free = (system.A * free).applyfunc(normal)
    missed = (goal - free).applyfunc(normal)
    gram = sp.ImmutableMatrix((columns * columns.T).applyfunc(normal))
    determinant = exact.determinant(gram)
    if is_zero(determinant):
        found = exact.generic_rank(columns)
        whole_space = exact.generic_rank(krylov(system.A, system.B, system.n))
        advice = (
            f"take steps >= {system.n}" if whole_space == system.n
            else f"the system is not controllable (rank {whole_space}): see kalman_decomposition"
        )  # fmt: skip
        raise NoClosedForm(f"in {T} steps only {found} of {system.n} dimensions can be reached; {advice}")
    solution, _ = exact.solve_linear(gram, sp.ImmutableMatrix(missed))
    return sp.ImmutableMatrix(missed), sp.ImmutableMatrix(solution), nonzero(determinant)


def nonzero(expression: Any) -> Any:
    """The condition that an expression is not 0, its repeated factors taken once."""
    parts = []
    for part in sp.Mul.make_args(factored(expression)):
        base = part.base if isinstance(part, sp.Pow) and part.exp.is_Integer else part
        if base.free_symbols and not base.is_positive:
            parts.append(base)
    return sp.Ne(sp.Mul(*dict.fromkeys(parts)), 0) if parts else sp.true


def _shown(expression: Any) -> Any:
    return factored(expression)


def reconstruct_state(model: Cell | LinearSystem, steps: int | None = None) -> Result:
    """h_0 from T readings: h_0 = (O^T O)^-1 O^T (Y - Y_forced), the state of least squared error; O^-1 where O is square.

    Readout "current": y_0 = C h_0 + D x_0, then y_t = C h_t + D x_t; "previous": y_t = C h_(t-1) + D x_t, t = 1 ... T. The
    known inputs are subtracted. Readings y<t>_i and inputs x<t>_j are the symbols of the result; T = n if left out.
    Given:  rank O_T = n (det O_T^T O_T is not 0); real parameters.
    Raises: NoClosedForm if T readings never determine the state (constructibility may still hold).
    Source: kalman1960b; A-CTL-2.

    >>> list(reconstruct_state(LinearSystem([[0, 1], [1, 0]], sp.zeros(2, 0), [[1, 0]])).rhs)
    [y_0, y_1]
    """
    system = as_system(model, "reconstruct_state")
    n, T = system.n, system.n if steps is None else whole(steps, "steps")
    exact.refuse_powers("the state from outputs", system.A.T, system.C.T, T)
    first = 0 if system.readout == "current" else 1
    outputs = _record("y", range(first, first + T), system.p, system)
    inputs = _record("x", range(first, first + T), system.m, system)
    seen = krylov(system.A.T, system.C.T, T).T
    if exact.generic_rank(seen) < n:
        raise NoClosedForm(
            f"{T} readings determine {exact.generic_rank(seen)} of {n} dimensions of the state, for all parameters; "
            f"{'take more readings' if T < n else 'see constructibility(model) and kalman_decomposition(model)'}"
        )
    targets = []
    forced = sp.zeros(n, 1)
    for k in range(T):
        y, x = outputs[k, :].T, inputs[k, :].T
        push = system.B * x if system.m else sp.zeros(n, 1)
        if first == 0 and k > 0:
            forced = (system.A * forced + push).applyfunc(normal)
        direct = system.D * x if system.m else sp.zeros(system.p, 1)
        targets.append(y - system.C * forced - direct)
        if first == 1:
            forced = (system.A * forced + push).applyfunc(normal)
    target = sp.Matrix.vstack(*targets)
    matrix, right = (seen, target) if seen.rows == n else (seen.T * seen, seen.T * target)
    solution, determinant = exact.solve_linear(
        sp.ImmutableMatrix(matrix.applyfunc(normal)), sp.ImmutableMatrix(right.applyfunc(normal))
    )
    given = sp.And(system.given, nonzero(determinant), real_parameters(*system.matrices))
    lhs = InitialState(*system.matrices, outputs, inputs, Str(system.readout))
    return Result("state from outputs", lhs, "=", sp.ImmutableMatrix(solution), given, source=(KALMAN,))


def _record(letter: str, times: range, width: int, system: LinearSystem) -> Any:
    """A table of symbols: a row for each time."""
    if width == 0:
        return sp.ImmutableMatrix(sp.zeros(len(times), 0))
    name = str(fresh(letter, system))
    names = {(t, j): f"{name}_{t}" if width == 1 else f"{name}{t}_{j + 1}" for t in times for j in range(width)}
    taken = {s.name for s in system.free_symbols}
    mark = "r" if any(v in taken for v in names.values()) else ""
    return sp.ImmutableMatrix([[sp.Symbol(mark + names[t, j], real=True) for j in range(width)] for t in times])
