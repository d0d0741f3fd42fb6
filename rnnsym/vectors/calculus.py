"""Derivatives of columns: forward (`differential`, `chain`) and adjoint (`cotangents`), in numerator layout.

May import: result, vectors.columns. To add a kind of matrix factor: a branch of `_matrix_differential` and one of
`_pull_matrix`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import sympy as sp

from rnnsym.result import NoClosedForm
from rnnsym.vectors.columns import (
    Diagonal,
    Entrywise,
    Slot,
    column,
    diagonal,
    entrywise,
    factors_of,
    linear,
    slot,
    stack,
    total,
    transposed,
)

Equations = Sequence[tuple[Any, Any]]


# SymPy's own functions whose slope has a closed form in their value: tanh, exp and the like show it by themselves.
_OF_OUTPUT: dict[Any, Callable[[Any], Any]] = {sp.atan: lambda y: sp.cos(y) ** 2, sp.asinh: lambda y: sp.sech(y)}


def slopes(expression: Entrywise, name: Any = None) -> list[Any]:
    """The derivative of the body by each of its columns, as columns.

    If the expression has a `name` (the equation name = expression), the derivative is written in it where it can be:
    of y = tanh(a) it is 1 - y^2, of y = sigmoid(a) it is y (1 - y), and of y = f(a) whose class has the method
    `slope_of_output(y)` what that says: of softplus 1 - exp(-y).
    """
    size, columns = expression.shape[0], list(expression.columns)
    found = []
    for k in range(1, len(columns) + 1):
        if name is None:
            found.append(Entrywise(_slope(expression.body, slot(k)), size, *columns))
        else:
            here = slot(len(columns) + 1)
            found.append(Entrywise(_in_output(expression.body, slot(k), here), size, *columns, name))
    return found


def _in_output(body: Any, variable: Any, y: Any) -> Any:
    """The derivative of y = body, in y where it can be; a number in front of the function is allowed."""
    factor, function = body.as_independent(*body.atoms(Slot), as_Add=False)
    if factor == 0 or not factor.is_number or not isinstance(function, sp.Function):
        factor, function = sp.S.One, body
    method = getattr(function, "slope_of_output", None) or _OF_OUTPUT.get(type(function))
    written = None
    if method is not None and not any(a.has(variable) for a in function.args[1:]):
        written = method(y / factor)
    if written is not None:
        return factor * written * function.args[0].diff(variable)
    return _slope(body, variable).xreplace({function: y / factor})


def _slope(body: Any, variable: Any) -> Any:
    found = body.diff(variable)
    if found.has(sp.DiracDelta):
        raise NoClosedForm(
            "sign and Heaviside jump: the slope is 0 beside the jump and there is none at it; write a smooth function"
        )
    return found


def differential(expression: Any, variable: Any, tangents: Mapping[Any, Any] | None = None, name: Any = None) -> Any:
    """Jacobian of a column expression by a column, vec of a matrix, or a scalar (then a column), in numerator layout.

    tangents: the Jacobians of named columns that `expression` uses; what is neither named nor the variable is constant.
    name:     the symbol that the expression defines, if any (see `slopes`).

    >>> n = sp.Symbol("n", integer=True, positive=True)
    >>> W, h = sp.MatrixSymbol("W", n, n), sp.MatrixSymbol("h", n, 1)
    >>> differential(entrywise(sp.sin, W * h), h)
    diag(cos(W*h))*W
    """
    known = dict(tangents or {})
    is_scalar = not getattr(variable, "is_Matrix", False)
    width = sp.S.One if is_scalar else sp.prod(variable.shape)
    if isinstance(expression, sp.BlockMatrix):
        return stack([[differential(block, variable, known)] for block in expression.blocks[:, 0]])
    expression = column(expression)
    zero = sp.ZeroMatrix(expression.shape[0], width)
    if expression == variable:
        return sp.Identity(expression.shape[0])
    if isinstance(expression, Entrywise):
        terms: dict[Any, list[Any]] = {}
        for c, slope in zip(expression.columns, slopes(expression, name), strict=True):
            inner = differential(c, variable, known)
            if not isinstance(inner, sp.ZeroMatrix) and not isinstance(slope, sp.ZeroMatrix):
                terms.setdefault(slope, []).append(inner)
        moved = [linear(diagonal(slope), total(*inner)) for slope, inner in terms.items()]
        if not is_scalar:
            return total(zero, *moved)
        direct = Entrywise(_slope(expression.body, variable), expression.shape[0], *expression.columns)
        return column(total(zero, direct, *moved))
    if expression in known:
        return known[expression]
    if not any(expression.has(v) for v in (variable, *known)):
        return zero
    if isinstance(expression, sp.MatMul):
        coefficient, factors = factors_of(expression)
        first, rest = factors[0], factors[1:]
        tail = column(linear(*rest)) if rest else None
        if tail is None:
            return linear(sp.MatMul(coefficient, differential(first, variable, known), evaluate=False))
        by_matrix = (
            linear(_matrix_slope(first, variable), tail) if is_scalar else _matrix_differential(first, tail, variable)
        )
        moved = total(zero, by_matrix, linear(first, differential(tail, variable, known)))
        return moved if coefficient == 1 else linear(sp.MatMul(coefficient, moved, evaluate=False))
    if isinstance(expression, sp.MatrixSymbol):
        return zero
    raise NoClosedForm(f"no rule for the derivative of {expression}; write it with sums, @ and entrywise functions")


def _matrix_slope(matrix: Any, scalar: Any) -> Any:
    """The derivative of a matrix by a scalar, in the shape of the matrix."""
    if not matrix.has(scalar):
        return sp.ZeroMatrix(*matrix.shape)
    if isinstance(matrix, sp.MatrixBase):
        return matrix.diff(scalar).as_immutable()
    if isinstance(matrix, sp.Transpose):
        return transposed(_matrix_slope(matrix.arg, scalar))
    if isinstance(matrix, Diagonal):
        return diagonal(differential(matrix.arg, scalar))
    if isinstance(matrix, sp.MatAdd):
        return total(*(_matrix_slope(m, scalar) for m in matrix.args))
    if isinstance(matrix, sp.MatMul):
        coefficient, factors = factors_of(matrix)
        terms = [linear(sp.MatMul(coefficient.diff(scalar), *factors, evaluate=False))]
        for k, factor in enumerate(factors):
            moved = linear(*factors[:k], _matrix_slope(factor, scalar), *factors[k + 1 :])
            terms.append(linear(sp.MatMul(coefficient, moved, evaluate=False)))
        return total(sp.ZeroMatrix(*matrix.shape), *terms)
    raise NoClosedForm(f"no rule for the derivative of {matrix} by {scalar}")


def _matrix_differential(matrix: Any, tail: Any, variable: Any) -> Any:
    """d (matrix @ tail) / d vec(variable) with the tail held fixed."""
    rows = matrix.shape[0]
    width = sp.prod(variable.shape)
    if matrix == variable:
        return sp.KroneckerProduct(sp.Transpose(tail), sp.Identity(rows))
    if not matrix.has(variable):
        return sp.ZeroMatrix(rows, width)
    if isinstance(matrix, sp.Transpose) and matrix.arg == variable:
        return sp.KroneckerProduct(sp.Identity(rows), sp.Transpose(tail))
    if isinstance(matrix, Diagonal) and matrix.arg == variable:
        return diagonal(tail)
    if isinstance(matrix, sp.MatAdd):
        return total(*(_matrix_differential(m, tail, variable) for m in matrix.args))
    if isinstance(matrix, sp.MatMul):
        coefficient, factors = factors_of(matrix)
        if len(factors) == 1:
            parts = _matrix_differential(factors[0], tail, variable)
        else:
            rest = linear(*factors[1:])
            moved = _matrix_differential(factors[0], column(linear(rest, tail)), variable)
            parts = total(moved, linear(factors[0], _matrix_differential(rest, tail, variable)))
        return parts if coefficient == 1 else linear(sp.MatMul(coefficient, parts, evaluate=False))
    raise NoClosedForm(f"no rule for the derivative of {matrix} by {variable}")


def chain(equations: Equations, output: Any, variable: Any) -> Any:
    """d output / d variable through named equations in order; intermediate names stay in the answer.

    >>> n = sp.Symbol("n", integer=True, positive=True)
    >>> W, h, y = sp.MatrixSymbol("W", n, n), sp.MatrixSymbol("h", n, 1), sp.MatrixSymbol("h_t", n, 1)
    >>> chain([(y, entrywise(sp.tanh, W * h))], y, h)
    diag(1 - h_t**2)*W
    """
    tangents: dict[Any, Any] = {}
    for name, expression in equations:
        tangents[name] = differential(expression, variable, tangents, name)
    return tangents[output] if output in tangents else differential(output, variable, tangents)


def cotangents(equations: Equations, seeds: Mapping[Any, Any], variables: Iterable[Any]) -> dict[Any, Any]:
    """Adjoint of `chain`: the sum over outputs y of (d y / d v)^T seed_y for each variable v, in the shape of v."""
    wanted = list(variables)
    gathered: dict[Any, list[Any]] = {y: [s] for y, s in seeds.items()}
    for name, expression in reversed(list(equations)):
        if name in gathered:
            weight = total(*gathered.pop(name))
            _pull(column(expression), column(weight), gathered, name)
    return {v: total(*gathered.get(v, [sp.ZeroMatrix(*v.shape)])) for v in wanted}


def _pull(expression: Any, weight: Any, gathered: dict[Any, list[Any]], name: Any = None) -> None:
    """Adds (d expression / d v)^T weight to what is gathered for each symbol v of the expression."""
    if isinstance(expression, Entrywise):
        for c, slope in zip(expression.columns, slopes(expression, name), strict=True):
            if not isinstance(slope, sp.ZeroMatrix):
                _pull(c, entrywise(lambda a, b: a * b, slope, weight), gathered)
    elif isinstance(expression, sp.MatMul):
        coefficient, factors = factors_of(expression)
        if coefficient != 1:
            weight = entrywise(lambda a: coefficient * a, weight)
        tail = column(linear(*factors[1:])) if len(factors) > 1 else None
        if tail is None:
            _pull(factors[0], weight, gathered)
        else:
            _pull_matrix(factors[0], linear(weight, sp.Transpose(tail)), gathered)
            _pull(tail, column(linear(transposed(factors[0]), weight)), gathered)
    elif isinstance(expression, sp.MatrixSymbol):
        gathered.setdefault(expression, []).append(weight)
    elif not isinstance(expression, sp.ZeroMatrix | sp.MatrixBase):
        raise NoClosedForm(f"no rule for the adjoint of {expression}; write it with sums, @ and entrywise functions")


def _pull_matrix(matrix: Any, weight: Any, gathered: dict[Any, list[Any]]) -> None:
    if isinstance(matrix, sp.MatrixSymbol):
        gathered.setdefault(matrix, []).append(weight)
    elif isinstance(matrix, sp.Transpose):
        _pull_matrix(matrix.arg, transposed(weight), gathered)
    elif isinstance(matrix, sp.MatAdd):
        for m in matrix.args:
            _pull_matrix(m, weight, gathered)
    elif isinstance(matrix, sp.MatMul):
        coefficient, factors = factors_of(matrix)
        if coefficient != 1:
            weight = linear(sp.MatMul(coefficient, weight, evaluate=False))
        if len(factors) == 1:
            _pull_matrix(factors[0], weight, gathered)
        else:
            rest = linear(*factors[1:])
            _pull_matrix(factors[0], linear(weight, transposed(rest)), gathered)
            _pull_matrix(rest, linear(transposed(factors[0]), weight), gathered)
    elif isinstance(matrix, Diagonal) and isinstance(matrix.arg, sp.MatrixSymbol):
        rows = matrix.shape[0]
        left, right = weight.args if isinstance(weight, sp.MatMul) else (weight, sp.Identity(1))
        gathered.setdefault(matrix.arg, []).append(entrywise(lambda a, b: a * b, left, transposed(right)))
        assert left.shape[0] == rows, "an outer product is a column times a row"
    elif matrix.atoms(sp.MatrixSymbol):
        raise NoClosedForm(f"no rule for the adjoint of the matrix {matrix}")
