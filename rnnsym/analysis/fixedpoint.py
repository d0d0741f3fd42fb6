"""Fixed points of a cell: their equations, the bias that makes a given state one, and their derivatives.

At rest the state is h_star and the input x_star; every formula is derived from the cell's own equations with these put
in, for every size, and then written in entries where the sizes are numbers. That h_star is a fixed point is a
hypothesis (`defined.FixedPointOf`), so that each formula is checked at fixed points found by Newton's method.

May import: everything to the left of `analysis`, and `analysis.jacobian`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import sympy as sp

from rnnsym.activations import TABLE
from rnnsym.analysis.jacobian import differentiable
from rnnsym.cells.record import Cell, as_cell, entries
from rnnsym.defined import FixedPointOf, Invertible
from rnnsym.defined.loci import Nonzero
from rnnsym.defined.resting import BiasAt, ImplicitDerivative, ImplicitGradient
from rnnsym.exact import inverse, is_zero
from rnnsym.result import Array, NoClosedForm, Result, Source, SpecError
from rnnsym.vectors import Entrywise, chain, column, cotangents, explicit, linear, slot, stack, total, transposed

ALMEIDA = Source("almeida1987", "Almeida, L. B.", "A learning rule for asynchronous perceptrons with feedback", 1987)
PINEDA = Source(
    "pineda1987", "Pineda, F. J.", "Generalization of back-propagation to recurrent neural networks", 1987,
    doi="10.1103/PhysRevLett.59.2229",
)  # fmt: skip


def fixed_point_equations(cell: Cell) -> Result:
    """The equations of a fixed point under constant input, h_star = F(h_star, x_star), gates kept by name.

    Shapes: h_star (n, 1); several state blocks are stacked.

    >>> from rnnsym.cells import elman
    >>> print(fixed_point_equations(elman()).rhs)
    tanh(W_h*h_star + W_x*x_star + b)
    """
    rest = at_rest(cell)
    star = dict(zip(rest.next, rest.state, strict=True))
    right = stack([[dict(rest.equations)[new].xreplace(star)] for new in rest.next])
    return Result(
        name=f"fixed points of {cell.name}",
        lhs=rest.write(stack([[s] for s in rest.state])),
        relation="=",
        rhs=rest.write(right),
        given=sp.And(rest.given, resting(rest)),
        where=named(rest),
        source=cell.source,
        arrays=arrays(rest),
    )


def bias_of_fixed_point(cell: Cell, bias: str | None = None) -> Result:
    """The bias that makes a given state a fixed point: b = f^-1(h_star) - W_h h_star - W_x x_star, never solved for h_star.

    bias:   the name of a bias that is added inside an invertible activation; by default b, of gated cells the
            candidate's, b_g. Of a gated cell f^-1 is taken of the value that the candidate must have.
    Given:  h_star is a fixed point (so that f^-1 exists there); factors that are divided by are not 0.
    Raises: NoClosedForm if no bias stands alone inside an activation with a known inverse; SpecError for an unknown name.

    >>> from rnnsym.cells import elman
    >>> print(bias_of_fixed_point(elman(W_h=sp.Symbol("w"), W_x=0)).rhs)
    -h_star*w + atanh(h_star)
    """
    rest = at_rest(cell)
    star = dict(zip(rest.next, rest.state, strict=True))
    names = [s.name for s in rest._parameter_symbols() if getattr(s, "shape", (0, 0))[1] == 1]
    if bias is not None:
        names = [rest.symbol(bias).name]
    elif "b" in names or "b_g" in names:
        names = ["b" if "b" in names else "b_g"]
    for name in names:
        found = _bias_alone(rest, rest.symbol(name))
        if found is not None:
            formula, divisors = found
            conditions = [sp.Ne(rest.write(d) if d.is_Matrix else d, 0) for d in divisors if d.is_nonzero is not True]
            return Result(
                name=f"bias of a fixed point of {cell.name}",
                lhs=BiasAt(resting(rest), rest.symbol(name)),
                relation="=",
                rhs=rest.write(column(formula.xreplace(star))),
                given=sp.And(rest.given, resting(rest), *conditions),
                where=named(rest),
                source=cell.source,
                arrays=arrays(rest),
            )
    raise NoClosedForm(
        f"{cell.name} has no bias that is added inside an activation with a known inverse (looked at: "
        f"{', '.join(names) or 'none'}); use fixed_points with values"
    )


def implicit_derivative(cell: Cell, wrt: str = "b") -> Result:
    """The derivative of a fixed point by a parameter or the input, dh_star/dtheta = (I - J)^-1 dF/dtheta.

    Shapes: (n, r c) for a parameter of shape (r, c), vec stacking its columns; "input" for the constant input.
    Given:  h_star is a fixed point, I - J is invertible there (it is not at a fold), no unit is at a kink.
    Raises: SpecError for a name the cell does not have.
    Source: almeida1987, pineda1987.

    >>> from rnnsym.cells import elman
    >>> print(implicit_derivative(elman(W_h=sp.Symbol("w", real=True)), "b").rhs)
    (1 - h_star**2)/(h_star**2*w - w + 1)
    """
    rest = at_rest(cell)
    theta = _parameter(cell, rest, wrt)
    J, gap = _gap(rest)
    K = _rested(rest, stack([[chain(rest.equations, new, theta)] for new in rest.next]))
    where = named(rest)
    if rest.binding:
        table, names = _named_jacobian(rest, _entries(rest, gap))
        where += names
        adjugate, determinant = inverse(table)
        _refuse_singular(cell, determinant)
        right = (adjugate * _entries(rest, K)).applyfunc(
            lambda e: e / determinant if names else sp.cancel(e / determinant)
        )
        right = right[0, 0] if rest.is_scalar and right.shape == (1, 1) else right.as_immutable()
        invertible = Nonzero(_put_in(determinant, where))
    else:
        right = linear(sp.Inverse(gap), K)
        invertible = Invertible(_put_in(gap, where))
    return Result(
        name=f"derivative of the fixed points of {cell.name} by {wrt}",
        lhs=ImplicitDerivative(resting(rest), theta),
        relation="=",
        rhs=right,
        given=sp.And(rest.given, resting(rest), invertible, differentiable(rest)),
        where=where,
        source=(ALMEIDA, PINEDA),
        arrays=arrays(rest),
    )


def implicit_gradient(cell: Cell, name: str = "W_h") -> Result:
    """The gradient of a loss of the fixed point by the adjoint, (dF/dtheta)^T v with v = (I - J^T)^-1 delta.

    Shapes: delta, the gradient of the loss by h_star, (n, 1) (one array for each state block); the answer has the shape
            of the parameter. For W_h of the plain cell it is an outer product.
    Given, Raises, Source: as implicit_derivative.

    >>> from rnnsym.cells import elman
    >>> print(implicit_gradient(elman(), "W_h").rhs)
    (v*(1 - h_star**2))*h_star.T
    """
    rest = at_rest(cell)
    theta = _parameter(cell, rest, name)
    if not getattr(theta, "is_Matrix", False):
        raise SpecError(f"{name} is a number; use implicit_derivative")
    single = len(rest.state) == 1
    old = [s.name for s in cell.state]
    deltas = [
        sp.MatrixSymbol("delta" if single else f"delta_{k}", *s.shape) for k, s in zip(old, rest.state, strict=True)
    ]
    adjoints = [sp.MatrixSymbol("v" if single else f"v_{k}", *s.shape) for k, s in zip(old, rest.state, strict=True)]
    _, gap = _gap(rest)
    gradient = _rested(rest, cotangents(rest.equations, dict(zip(rest.next, adjoints, strict=True)), [theta])[theta])
    tables = [(s, entries(s.name, int(s.shape[0]), 1)) for s in (*deltas, *adjoints)] if rest.binding else []
    written = replace(rest, binding=rest.binding + tuple(tables))
    loads = dict(tables)
    where = named(rest)
    if rest.binding:
        table, names = _named_jacobian(rest, _entries(rest, gap))
        where += names
        adjugate, determinant = inverse(table.T)
        _refuse_singular(cell, determinant)
        weights = adjugate * sp.Matrix.vstack(*(sp.Matrix(loads[d]) for d in deltas))
        symbols = [e for a in adjoints for e in loads[a]]
        defined = tuple((s, v / determinant) for s, v in zip(symbols, weights, strict=True))
        invertible = Nonzero(_put_in(determinant, where))
    elif single:
        defined = ((adjoints[0], linear(sp.Inverse(transposed(gap)), deltas[0])),)
        invertible = Invertible(_put_in(gap, where))
    else:
        raise NoClosedForm(f"{cell.name} has {len(rest.state)} state blocks; give n= for the adjoint in entries")
    return Result(
        name=f"gradient at the fixed points of {cell.name} by {name}",
        lhs=ImplicitGradient(resting(rest), theta, deltas, [(s, t) for s, t in tables if s in deltas]),
        relation="=",
        rhs=written.write(gradient),
        given=sp.And(rest.given, resting(rest), invertible, differentiable(rest)),
        where=(*where, *defined),
        source=(ALMEIDA, PINEDA),
        arrays=arrays(rest) + tuple(Array(d.name, "parameter", loads.get(d, d)) for d in deltas),
    )


def _refuse_singular(cell: Cell, determinant: Any) -> None:
    if is_zero(determinant) is True:
        raise NoClosedForm(
            f"{cell.name}: I - J is singular at every fixed point, so they are no functions of a parameter there; "
            "see fixed_points"
        )


# The cell at rest


def at_rest(cell: Cell) -> Cell:
    """The cell with h_star for its state and x_star for its input; the new state keeps its name."""
    moving = {s: sp.MatrixSymbol(f"{s.name}_star", *s.shape) for s in (*as_cell(cell).state, *cell.input)}
    inner = [name for name, _ in cell.equations if name not in cell.next]
    moving |= {s: sp.MatrixSymbol(f"{s.name.removesuffix('_t')}_star", *s.shape) for s in inner}
    tables = {}
    scalars: dict[Any, Any] = {}
    for s, table in cell.binding:
        tables[s] = entries(moving[s].name, table.rows, table.cols, cell.field == "real") if s in moving else table
        if s in moving:
            scalars |= dict(zip(table, tables[s], strict=True))
    return replace(
        cell,
        state=tuple(moving[s] for s in cell.state),
        input=tuple(moving[s] for s in cell.input),
        equations=tuple((moving.get(name, name), column(e.xreplace(moving))) for name, e in cell.equations),
        output=None,
        given=cell.given.xreplace(moving).xreplace(scalars),
        binding=tuple((moving.get(s, s), t) for s, t in tables.items()),
        general=None,
    )


def resting(rest: Cell) -> FixedPointOf:
    """The hypothesis that the state of a cell at rest is a fixed point."""
    used = {s for _, e in rest.equations for s in e.free_symbols} | set(rest.state)
    binding = tuple((s, t) for s, t in rest.binding if s in used and s not in dict(rest.equations))
    return FixedPointOf(rest.state, rest.next, rest.equations, binding)


def named(rest: Cell) -> tuple[tuple[Any, Any], ...]:
    """The definitions of the named quantities of a cell at rest, the new state left out."""
    star = dict(zip(rest.next, rest.state, strict=True))
    table = dict(rest.binding)
    pairs: list[tuple[Any, Any]] = []
    for name, expression in rest.equations:
        if name not in rest.next:
            e = column(expression.xreplace(star))
            pairs += list(zip(table[name], explicit(e, table), strict=True)) if rest.binding else [(name, e)]
    return tuple(pairs)


def arrays(rest: Cell) -> tuple[Array, ...]:
    """The named arrays of a cell at rest; nothing carries a time index."""
    found = tuple(a for a in rest.arrays if a.role in ("state", "input", "parameter", "intermediate"))
    return tuple(replace(a, role="parameter") if a.role in ("state", "input") else a for a in found)


def _parameter(cell: Cell, rest: Cell, name: str) -> Any:
    if name == "input":
        if len(rest.input) != 1:
            raise SpecError(f"{rest.name} has {len(rest.input)} inputs; name a parameter")
        return rest.input[0]
    acting = {s.name for s in rest._parameter_symbols()}
    if name not in acting and name in {s.name for s in cell._parameter_symbols()}:
        raise SpecError(
            f"{name} of {cell.name} acts on the output only; the fixed point depends on: {', '.join(sorted(acting))}"
        )
    symbol = rest.symbol(name)
    if symbol in dict(rest.equations) or symbol in rest.state:
        known = ", ".join(["input", *(s.name for s in rest._parameter_symbols())])
        raise SpecError(f"{name} is computed by {rest.name}; differentiate with respect to one of: {known}")
    return symbol


def _rested(rest: Cell, matrix: Any) -> Any:
    """An expression with the new state put equal to the state."""
    return matrix.xreplace(dict(zip(rest.next, rest.state, strict=True)))


def _gap(rest: Cell) -> tuple[Any, Any]:
    """(J, I - J) at rest."""
    blocks = [[chain(rest.equations, new, v) for v in rest.state] for new in rest.next]
    size = sp.Add(*(s.shape[0] for s in rest.state))
    if len(blocks) == 1:
        J = _rested(rest, blocks[0][0])
        return J, total(sp.Identity(size), _minus(J))
    J = _rested(rest, stack(blocks))
    eye = [
        [total(sp.Identity(a.shape[0]) if i == k else sp.ZeroMatrix(a.shape[0], b.shape[0]), _minus(_rested(rest, blocks[i][k])))
         for k, b in enumerate(rest.state)]
        for i, a in enumerate(rest.state)
    ]  # fmt: skip
    return J, stack(eye)


def _minus(matrix: Any) -> Any:
    if isinstance(matrix, sp.ZeroMatrix):
        return matrix
    if isinstance(matrix, sp.MatAdd):
        return total(*(_minus(t) for t in matrix.args))
    return linear(sp.MatMul(-1, matrix, evaluate=False))


def _entries(rest: Cell, matrix: Any) -> Any:
    return sp.Matrix(explicit(matrix, dict(rest.binding)))


def _put_in(expression: Any, where: tuple[tuple[Any, Any], ...]) -> Any:
    for symbol, value in reversed(where):
        expression = expression.xreplace({symbol: value})
    return expression


def _named_jacobian(rest: Cell, gap: Any) -> tuple[Any, tuple[tuple[Any, Any], ...]]:
    """I - J with names for the entries of J where they are long: gates, or more than two units."""
    size = gap.rows
    if size == 1 or (size == 2 and not named(rest)):
        return gap, ()
    taken = {s.name for _, t in rest.binding for e in t for s in e.free_symbols}
    letter = "J" if not any(name.startswith("J_") for name in taken) else "Jacobian"
    gap_ = "" if size < 10 else "_"
    table = sp.Matrix(size, size, lambda i, j: sp.Symbol(f"{letter}_{i + 1}{gap_}{j + 1}", real=True))
    J = sp.eye(size) - gap
    shown = sp.Matrix(size, size, lambda i, j: table[i, j] if J[i, j] != 0 else sp.S.Zero)
    return sp.eye(size) - shown, tuple((shown[i, j], J[i, j]) for i in range(size) for j in range(size) if J[i, j] != 0)


# The bias alone


def _bias_alone(rest: Cell, bias: Any) -> tuple[Any, list[Any]] | None:
    """(the bias as a function of the fixed point, what is divided by), or None."""
    users = [(name, e) for name, e in rest.equations if bias in e.free_symbols]
    if len(users) != 1:
        return None
    name, expression = users[0]
    expression = column(expression)
    if not isinstance(expression, Entrywise) or bias not in expression.columns:
        return None
    place = slot(1 + expression.columns.index(bias))
    body, size, columns = expression.body, expression.shape[0], expression.columns
    value, divisors = _value_of(rest, name)
    if value is None:
        return None
    y = slot(len(columns) + 1)
    functions = sorted((f for f in body.atoms(sp.Function) if place in f.free_symbols), key=sp.count_ops, reverse=True)
    for f in functions or [body]:
        whole = body.xreplace({f: slot(len(columns) + 2)})
        back = _inverse_of(f) if functions else (f, lambda v: v)
        if back is None or place in whole.free_symbols:
            continue
        argument, undo = back
        factor = argument.diff(place)
        gain = whole.diff(slot(len(columns) + 2))
        if factor.free_symbols & set(map(slot, range(1, len(columns) + 1))) or factor == 0:
            continue
        if slot(len(columns) + 2) in gain.free_symbols:
            continue
        inside = (y - whole.xreplace({slot(len(columns) + 2): sp.S.Zero})) / gain
        formula = (undo(sp.cancel(inside) if gain != 1 else inside) - argument.xreplace({place: sp.S.Zero})) / factor
        divisors += [d for d in (gain, factor) if not d.free_symbols & body.free_symbols or not d.is_number]
        plain = [d for d in divisors if not any(getattr(s, "is_slot", False) for s in d.free_symbols)]
        return Entrywise(formula, size, *columns, value), [d for d in plain if not d.is_number]
    return None


def _value_of(rest: Cell, name: Any) -> tuple[Any, list[Any]]:
    """The value that a named quantity must have at the fixed point, from the equation of a state that is affine in it."""
    star = dict(zip(rest.next, rest.state, strict=True))
    if name in star:
        return star[name], []
    for new in rest.next:
        expression = column(dict(rest.equations)[new].xreplace(star))
        if isinstance(expression, Entrywise) and name in expression.columns:
            place = slot(1 + expression.columns.index(name))
            gain = sp.expand(expression.body.diff(place))
            if place in gain.free_symbols:
                continue
            others = expression.body.xreplace({place: sp.S.Zero})
            target = slot(len(expression.columns) + 1)
            body = sp.cancel((target - others) / gain)
            solved = Entrywise(body, expression.shape[0], *expression.columns, star[new])
            # the same column may stand for the state on both sides: h = (1 - a) h + a g gives g = h
            solved = (
                Entrywise(sp.cancel(solved.body), solved.shape[0], *solved.columns)
                if isinstance(solved, Entrywise)
                else solved
            )
            return solved, [gain]
    return None, []


def _inverse_of(f: Any) -> tuple[Any, Any] | None:
    """(argument, inverse function) of an activation of the table."""
    for act in TABLE.values():
        if act.inverse is None or act.name == "identity":
            continue
        x = act.phi.variables[0]
        if isinstance(act.phi.expr, type(f)) and act.phi.expr.args[0] == x and act.phi(f.args[0]) == f:
            return f.args[0], act.inverse
    return None
