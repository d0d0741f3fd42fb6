"""Linear systems in closed form: linearization of a cell, collapse of a linear network, powers, discretization.

    linearize        a cell at a fixed point -> LinearSystem
    collapse         h_T of a network without activation
    matrix_power     A^t, right at repeated and zero eigenvalues; power_sum: I + A + ... + A^(t-1), right at 1 too
    discretization   e^(A dt) and the held input, bilinear, Euler;  eigenvalue_map: what they do to stability
Modes and time scales live in `linear_modes`. May import: everything to the left of `analysis`, and analysis.jacobian.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sympy as sp

from rnnsym.activations import sigmoid
from rnnsym.analysis.jacobian import jacobian
from rnnsym.cells.record import Cell, as_table, entries, whole
from rnnsym.defined import Exponential as ExponentialOf
from rnnsym.defined import FixedPointOf, HeldInput, Invertible, PowerSum, StateAt
from rnnsym.exact import balls, is_zero
from rnnsym.result import Result, ShapeError, Source, SpecError, Step
from rnnsym.systems import LinearSystem, Time
from rnnsym.systems.functions import Power, fresh, function_of
from rnnsym.systems.record import positive
from rnnsym.systems.sampling import METHODS, sampled
from rnnsym.vectors import Entrywise, differential, slot, stack

t = sp.Symbol("t", integer=True, nonnegative=True)
T = sp.Symbol("T", integer=True, nonnegative=True)
TOLERANCE = 1e-9  # of the residual of a fixed point given in floats

HIGHAM = Source("higham2008", "Higham, N. J.", "Functions of Matrices: Theory and Computation", 2008, doi="10.1137/1.9780898717778")  # fmt: skip
GU = Source("gu2022", "Gu, A. and Goel, K. and Re, C.", "Efficiently modeling long sequences with structured state spaces", 2022, arxiv="2111.00396")  # fmt: skip

# f(u) = 0 only at u = 0
_ODD = (sp.tanh, sp.sinh, sp.atan, sp.asinh, sp.erf)


# Linearization


def linearize(cell: Cell, *, at: Any = None, input: Any = None, output: Any = None) -> LinearSystem:
    """The system A = dF/dh, B = dF/dx, C = dy/dh_t, D = dy/dx of small deviations from a fixed point h* = F(h*, x*).

    at:     None for a symbolic fixed point h_star, x_star (`given` says h* = F(h*, x*)); 0, a table or a dict of states
            for a point, whose residual is checked. Where it vanishes only for some parameters, `given` says for which.
    input:  the constant input x*; zero if left out with a point, a symbol otherwise.
    output: a matrix C; by default the cell's own output map, or the whole state.
    The readout is "current" (y_t = C h_t + D x_t), or "previous" if the cell's output map reads more than h_t and x_t.
    Raises: SpecError for a cell of symbolic size, or if the point is no fixed point; ShapeError if it does not fit.
    Source: A-FIX-2.

    >>> from rnnsym.cells import elman
    >>> w = sp.Symbol("w", real=True)
    >>> linearize(elman(W_h=w, W_x=1, b=0)).A
    Matrix([[w*(1 - h_star**2)]])
    """
    if not isinstance(cell, Cell):
        raise SpecError(f"a Cell is needed, got {type(cell).__name__}")
    if not cell.is_explicit:
        raise SpecError(
            f"{cell.name} has symbolic sizes; a LinearSystem has entries: use {cell.name}.at(n=2, m=1), or jacobian(cell) "
            "for the formula of every size"
        )
    stars = _stars(cell, at, input)
    given = _fixed_point(cell, at, stars)
    A = _at_point(cell, jacobian(cell, "state").rhs, stars)
    B = _at_point(cell, jacobian(cell, "input").rhs, stars) if cell.input else sp.zeros(A.rows, 0)
    C, D, readout = _readout(cell, output, stars)
    kinks = jacobian(cell, "state").given
    kinks = kinks if kinks == sp.true else sp.And(*(_put(c, cell, stars) for c in sp.And.make_args(kinks)))
    if kinks == sp.false:
        raise SpecError(_kink(cell, stars))
    zeros = {
        c.lhs: sp.S.Zero for c in sp.And.make_args(given) if isinstance(c, sp.Eq) and c.lhs.is_Symbol and c.rhs == 0
    }
    A, B, C, D = (None if M is None else M.xreplace(zeros) for M in (A, B, C, D))
    return LinearSystem(A, B, C, D, readout=readout, given=sp.And(cell.given, given, kinks))


def _kink(cell: Cell, stars: dict[Any, Any]) -> str:
    """Which slope is missing at the given point."""
    parts = sp.And.make_args(jacobian(cell, "state").given)
    where = next((p for p in parts if _put(p, cell, stars) == sp.false), sp.true)
    place = f", where {sp.Not(where)}" if where != sp.true else ""
    return (
        f"{cell.name} is not differentiable at the given h*{place}: it has a kink there and no linearization; name a side "
        "(lambdify(kink='left') of the Jacobian) or a point inside a region"
    )


def _stars(cell: Cell, at: Any, input: Any) -> dict[Any, Any]:
    """State and input symbol -> the table of entries at the point."""
    sizes = {s: int(s.shape[0]) for s in (*cell.state, *cell.input)}
    real = cell.field == "real"
    points = _split(cell, at, cell.state, "at")
    inputs = _split(cell, 0 if input is None and at is not None else input, cell.input, "input")
    found = {}
    for s in (*cell.state, *cell.input):
        value = {**points, **inputs}.get(s)
        found[s] = entries(f"{s.name}_star", sizes[s], 1, real) if value is None else value
    return found


def _split(cell: Cell, value: Any, symbols: tuple[Any, ...], what: str) -> dict[Any, Any]:
    if value is None:
        return {}
    sizes = [int(s.shape[0]) for s in symbols]
    if isinstance(value, Mapping):
        names = {s.name: s for s in symbols}
        for key in value:
            if key not in names:
                raise SpecError(f"{what}: {cell.name} has no {key!r}; it has: {', '.join(names)}")
        return {names[k]: as_table(v, names[k].shape, k) for k, v in value.items()}
    if not hasattr(value, "__len__") and not isinstance(value, sp.MatrixBase) and sp.sympify(value, strict=True) == 0:
        return {s: sp.ImmutableMatrix(sp.zeros(size, 1)) for s, size in zip(symbols, sizes, strict=True)}
    table = as_table(value, None, what)
    table = table.T if table.rows == 1 and table.cols == sum(sizes) else table
    if table.shape != (sum(sizes), 1):
        raise ShapeError(
            f"{what} has {table.rows} entries, {cell.name} has {sum(sizes)} ({', '.join(map(str, symbols))})"
        )
    found, start = {}, 0
    for s, size in zip(symbols, sizes, strict=True):
        found[s] = sp.ImmutableMatrix(table[start : start + size, :])
        start += size
    return found


def _fixed_point(cell: Cell, at: Any, stars: dict[Any, Any]) -> Any:
    """The hypothesis under which the point is a fixed point."""
    binding = tuple((s, stars.get(s, table)) for s, table in cell.binding)
    if at is None:
        return FixedPointOf(cell.state, cell.next, cell.equations, binding)
    table = dict(cell.binding)
    followed = _followed(cell, stars)
    conditions = []
    for old, new in zip(cell.state, cell.next, strict=True):
        for star, entry in zip(stars[old], table[new], strict=True):
            residual = followed[entry] - star
            zero = is_zero(residual)
            if zero:
                continue
            if not residual.free_symbols:
                size = abs(balls.to_float(balls.ball(residual)))
                if size > TOLERANCE:
                    raise SpecError(
                        f"residual {size:.2g} at the given h*; linearization there is not a fixed-point analysis. "
                        "Use fixed_points(cell, values), or at=None for a symbolic fixed point"
                    )
                continue
            conditions.append(_vanishing(residual))
    if sp.false in conditions:
        raise SpecError("the given h* is a fixed point for no parameters of this cell; use at=None, or another point")
    return sp.And(*conditions)


def _vanishing(residual: Any) -> Any:
    """residual = 0 without factors that never vanish, and without functions that vanish only at 0 round the rest."""
    parts = []
    for part in sp.Mul.make_args(residual):
        while isinstance(part, _ODD):
            part = part.args[0]
        inner = 1 - part
        if part.is_nonzero or isinstance(part, sigmoid) or isinstance(inner, sigmoid):
            continue
        parts.append(_vanishing(part).lhs if part.is_Mul and part != residual else part)
    return sp.Eq(sp.Mul(*parts), 0)


def _followed(cell: Cell, stars: dict[Any, Any]) -> dict[Any, Any]:
    """Entry of every named quantity -> its expression at the point."""
    table = dict(cell.binding)
    values = {e: v for s, star in stars.items() for e, v in zip(table[s], star, strict=True)}
    for symbol, expression in cell.where:
        values[symbol] = expression.xreplace(values)
    return values


def _put(expression: Any, cell: Cell, stars: dict[Any, Any]) -> Any:
    return expression.xreplace(_followed(cell, stars))


def _at_point(cell: Cell, matrix: Any, stars: dict[Any, Any]) -> Any:
    """A matrix of the cell's entries at the point: new states are the old ones there, gates are written out."""
    table = dict(cell.binding)
    values = _followed(cell, stars)
    for old, new in zip(cell.state, cell.next, strict=True):
        values |= dict(zip(table[new], stars[old], strict=True))
    for symbol, expression in cell.where:
        if not any(symbol in table[new] for new in cell.next):
            values[symbol] = expression.xreplace(values)
    matrix = matrix if getattr(matrix, "is_Matrix", False) else sp.ImmutableMatrix([[matrix]])
    return sp.ImmutableMatrix(matrix.applyfunc(lambda e: e.xreplace(values)))


def _readout(cell: Cell, output: Any, stars: dict[Any, Any]) -> tuple[Any, Any, str]:
    n = sum(int(s.shape[0]) for s in cell.state)
    if output is not None:
        C = as_table([list(output)] if _flat(output) and n > 1 else output, None, "output")
        if C.cols != n:
            raise ShapeError(f"output has {C.cols} columns, the state {n} entries; C must have a column for each state")
        return C, None, "current"
    if cell.output is None:
        return None, None, "current"
    name, expression = cell.output
    allowed = {*cell.next, *cell.input, *cell._parameter_symbols()}
    moving = {*cell.state, *(s for s, _ in cell.equations)}
    if not (expression.free_symbols & moving) - allowed:
        C = stack([[differential(expression, new, {}, name) for new in cell.next]])
        D = stack([[differential(expression, x, {}, name) for x in cell.input]]) if cell.input else None
        readout = "current"
    else:
        from_state = jacobian_of_output(cell, cell.state)
        return (
            _at_point(cell, from_state, stars),
            _at_point(cell, jacobian_of_output(cell, cell.input), stars) if cell.input else None,
            "previous",
        )
    C, D = (None if M is None else _at_point(cell, cell.write(M), stars) for M in (C, D))
    return C, D, readout


def jacobian_of_output(cell: Cell, variables: Any) -> Any:
    """d y_t / d variables through all equations of the cell, in entries."""
    tangents: list[dict[Any, Any]] = []
    for v in variables:
        known: dict[Any, Any] = {}
        for name, expression in cell.all_equations:
            known[name] = differential(expression, v, known, name)
        tangents.append(known)
    assert cell.output is not None
    return cell.write(stack([[known[cell.output[0]] for known in tangents]]))


def _flat(value: Any) -> bool:
    value = value.tolist() if hasattr(value, "tolist") and not isinstance(value, sp.MatrixBase) else value
    return isinstance(value, list | tuple) and not any(isinstance(r, list | tuple) for r in value)


def as_system(model: Any, question: str) -> LinearSystem:
    """The model as a LinearSystem, a linear cell included; a nonlinear one is refused with what to do.

    Raises: SpecError for a nonlinear cell.
    """
    if isinstance(model, LinearSystem):
        return model
    if not isinstance(model, Cell):
        raise SpecError(f"{question} needs a LinearSystem or a linear Cell, got {type(model).__name__}")
    if is_affine(model):
        return linearize(model) if not model.is_explicit else _linear_part(model)
    raise SpecError(
        f"{model.name} is nonlinear; {question} of its linearization: {question}(linearize(cell)) (true near a fixed point); "
        "of the network itself: accessibility(cell), nonlinear_observability(cell)"
    )


def is_affine(cell: Cell) -> bool:
    """Whether the new state depends on state and input by matrices that are free of both."""
    moving = {*cell.state, *cell.input, *(s for s, _ in cell.all_equations)}
    moving |= {e for s, table in cell.binding if s in moving for e in table.free_symbols}
    for wrt in ("state", *(("input",) if cell.input else ())):
        matrix = jacobian(cell, wrt).explicit
        if matrix.free_symbols & moving:
            return False
    return True


def _linear_part(cell: Cell) -> LinearSystem:
    """The system of an affine cell: its matrices, which no point enters."""
    A = _matrix(jacobian(cell, "state").explicit)
    B = _matrix(jacobian(cell, "input").explicit) if cell.input else sp.zeros(A.rows, 0)
    stars = _stars(cell, None, None)
    C, D, readout = _readout(cell, None, stars)
    return LinearSystem(A, B, C, D, readout=readout, given=cell.given)


def _matrix(value: Any) -> Any:
    return value if getattr(value, "is_Matrix", False) else sp.ImmutableMatrix([[value]])


# Collapse


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
        U = [_matrix(jacobian(model, "input").explicit)] if model.input else []

        def push(k: str) -> Any:
            total = bias
            for M, s in zip(U, model.input, strict=True):
                total = total + M * _numbered(s.name, k, int(s.shape[0]), real=model.field == "real")
            return sp.ImmutableMatrix(total)

        return _matrix(W), table[h], push
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


# Powers and sums


def matrix_power(A: Any, exponent: Any = t) -> Result:
    """A^t for a whole number t >= 0 in closed form: right at repeated eigenvalues, at 0, and at t = 0.

    Entries of triangular matrices as sums of divided differences; otherwise by named coefficients (Newton's form of
    Hermite interpolation on the eigenvalues; for real 2 x 2 matrices r^t cos t theta and sin where a pair is complex).
    Raises: NoClosedForm if an eigenvalue has no closed form.
    Source: higham2008, section 1.2.

    >>> a, b = sp.symbols("a b", real=True)
    >>> matrix_power([[a, 1], [0, b]]).rhs[0, 1]
    Piecewise(((a**t - b**t)/(a - b), Ne(a - b, 0)), (Piecewise((0, t < 1), (a**(t - 1)*t, True)), True))
    """
    A, k = _square(A), _count(exponent)
    power, where = function_of(A, Power(k))
    return Result("matrix power", sp.MatPow(A, k, evaluate=False), "=", power, where=where, source=(HIGHAM,))


def power_sum(A: Any, exponent: Any = t) -> Result:
    """I + A + ... + A^(t-1) in closed form, right where 1 is an eigenvalue (there it is no (A - I)^-1 (A^t - I)).

    Source: higham2008, section 1.2.

    >>> w = sp.Symbol("w", real=True)
    >>> power_sum(w).rhs[0, 0]
    Piecewise(((w**t - 1)/(w - 1), Ne(w, 1)), (t, True))
    """
    A, k = _square(A), _count(exponent)
    total, where = function_of(A, Power(k), summed=True)
    return Result("sum of matrix powers", PowerSum(A, k), "=", total, where=where, source=(HIGHAM,))


def _square(A: Any) -> Any:
    A = A.A if isinstance(A, LinearSystem) else as_table(A, None, "A")
    if A.rows != A.cols:
        raise ShapeError(f"A is {A.rows} x {A.cols}; the matrix of a recurrence must be square")
    return A


def _count(exponent: Any) -> Any:
    k = sp.sympify(exponent, strict=True)
    if not (k.is_integer and k.is_nonnegative):
        raise SpecError(f"the exponent must be a whole number >= 0, or a symbol of such, got {exponent}")
    return k


# Discretization


def discretization(system: LinearSystem, method: str, dt: Any) -> Result:
    """[A', B'] of the sampled system h_t = A' h_{t-1} + B' x_t; the left side is the flow of h' = A h + B x itself (zoh).

    Given:  dt > 0; for bilinear 2/dt is no eigenvalue of A.
    Raises: as discretize.
    Source: gu2022.
    """
    if method not in METHODS or not isinstance(system, LinearSystem) or system.time.is_discrete:
        raise SpecError(f"a LinearSystem in continuous time and one of {', '.join(METHODS)} are needed, got {method!r}")
    step = positive(dt, "dt")
    A, B, where, given = sampled(system, method, step)
    one = sp.ImmutableMatrix(sp.eye(system.n))
    if method in ("zoh", "zoh-euler"):
        left = [
            ExponentialOf(system.A, step),
            HeldInput(system.A, system.B, step) if method == "zoh" else step * system.B,
        ]
    elif method == "euler":
        left = [sp.ImmutableMatrix(one + step * system.A), sp.ImmutableMatrix(step * system.B)]
    else:
        back = sp.Inverse(sp.ImmutableMatrix(one - step * system.A / 2))
        left = [
            sp.MatMul(back, sp.ImmutableMatrix(one + step * system.A / 2)),
            sp.MatMul(back, sp.ImmutableMatrix(step * system.B)),
        ]
    rhs = sp.ImmutableMatrix(sp.Matrix.hstack(sp.Matrix(A), sp.Matrix(B)))
    given = sp.And(system.given, given, Time("discrete", step).given)
    return Result(
        f"discretization ({method}) of the {system.name}", sp.BlockMatrix([left]), "=", rhs, given, where, source=(GU,)
    )


def eigenvalue_map(method: str, dt: Any = None) -> Result:
    """Which eigenvalues sigma + i omega of h' = A h the method maps into the unit disk.

    zoh e^(dt lambda) and bilinear (1 + dt lambda/2)/(1 - dt lambda/2): exactly those with sigma < 0, for every dt > 0;
    euler 1 + dt lambda: those with dt |lambda|^2 < -2 sigma.
    Source: B-SSM-2.

    >>> eigenvalue_map("euler", sp.Symbol("Delta", positive=True)).rhs
    Delta*(omega**2 + sigma**2) + 2*sigma < 0
    """
    sigma, omega = sp.symbols("sigma omega", real=True)
    step = sp.Symbol("Delta", positive=True) if dt is None else positive(dt, "dt")
    value = sigma + sp.I * omega
    maps = {
        "zoh": sp.exp(step * value), "zoh-euler": sp.exp(step * value), "euler": 1 + step * value,
        "bilinear": (1 + step * value / 2) / (1 - step * value / 2), "tustin": (1 + step * value / 2) / (1 - step * value / 2),
    }  # fmt: skip
    if method not in maps:
        raise SpecError(f"unknown method {method!r}; known: {', '.join(METHODS)}")
    stable = sp.Lt(step * (sigma**2 + omega**2) + 2 * sigma, 0) if method == "euler" else sp.Lt(sigma, 0)
    pole = sp.true
    if method in ("bilinear", "tustin"):
        pole = sp.Or(sp.Ne(omega, 0), sp.Ne(step * sigma, 2))
    return Result(
        f"stability of the {method} map", sp.Lt(sp.Abs(maps[method], evaluate=False), 1, evaluate=False), "<=>", stable,
        sp.And(pole, Time("discrete", step).given), source=(GU,),
    )  # fmt: skip
