"""Error propagation: the recursion e_(k+1) = G_k e_k + tau_k of one-step methods and of recurrent networks (A-GRD-6).

    error_propagation, gradient_propagation     the solved recursion, forward (errors, perturbations) and adjoint (gradients)
    constant_forcing, error_bound               G and tau constant; |G_k| <= kappa
    residual_error, growth_cap                  where the analogy holds (h + epsilon g(h)) and where it ends
The methods themselves are in `analysis.integrators`. May import: everything to the left of `analysis.onestep`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import sympy as sp

from rnnsym.analysis.jacobian import differentiable, jacobian
from rnnsym.cells.paths import unroll
from rnnsym.cells.plain import residual
from rnnsym.cells.record import Cell, as_cell, as_table, whole
from rnnsym.defined import Gradient, Jacobian, Orthogonal, SpectralNorm
from rnnsym.defined.onestep import Propagated, ResidualGap
from rnnsym.defined.systems import StateAt
from rnnsym.result import NoClosedForm, Result, ShapeError, Source, SpecError, Step
from rnnsym.systems import LinearSystem
from rnnsym.systems.functions import Power, function_of
from rnnsym.vectors import entrywise, linear, total, transposed

HAIRER = Source(
    "hairer1993", "Hairer, E. and Norsett, S. P. and Wanner, G.", "Solving Ordinary Differential Equations I: Nonstiff Problems", 1993,
)  # fmt: skip
PASCANU = Source("pascanu2013", "Pascanu, R. and Mikolov, T. and Bengio, Y.", "On the difficulty of training recurrent neural networks", 2013, arxiv="1211.5063")  # fmt: skip

n = sp.Symbol("n", integer=True, positive=True)
N = sp.Symbol("N", integer=True, nonnegative=True)


# the recursion


def error_propagation(model: Any = None, *, steps: int = 3) -> Result:
    """e_N = G_(N-1) ... G_0 e_0 + sum_k G_(N-1) ... G_(k+1) tau_k solves e_(k+1) = G_k e_k + tau_k; latest factor left.

    model: None for matrices G_k of symbolic size; a Cell for the recursion delta_k = J_k delta_(k-1) + epsilon_k of its
           perturbed trajectory h_k = F(h_(k-1), x_k) + s epsilon_k from h + s delta_0, at every s, J_k its Jacobian;
           a matrix or LinearSystem for a constant G and tau and a symbol N.
    Shapes: G_k (n, n), e_k and tau_k (n, 1). Given: activations differentiable on the trajectory.
    Raises: NoClosedForm for a cell with several state blocks; ShapeError for one with sizes.
    Source: hairer1993, pascanu2013.

    >>> print(error_propagation(steps=2).rhs)
    G_1*G_0*e_0 + G_1*tau_0 + tau_1
    """
    if isinstance(model, Cell):
        return _perturbed(model, whole(steps, "steps", least=1))
    if model is not None:
        return constant_forcing(model.A if isinstance(model, LinearSystem) else model)
    count = whole(steps, "steps", least=1)
    factors = [sp.MatrixSymbol(f"G_{k}", n, n) for k in range(count)]
    sources = [sp.MatrixSymbol(f"tau_{k}", n, 1) for k in range(count)]
    start = sp.MatrixSymbol("e_0", n, 1)
    rhs, nested = _solved(factors, start, sources), start
    for factor, source in zip(factors, sources, strict=True):
        nested = sp.MatAdd(sp.MatMul(factor, nested, evaluate=False), source, evaluate=False)
    step = Step(nested, "the recursion put into itself")
    return Result(
        f"error after {_steps(count)}", Propagated(start, factors, sources), "=", rhs, steps=(step,), source=(HAIRER,)
    )


def _steps(count: int) -> str:
    return f"{count} step{'s' * (count != 1)}"


def _solved(factors: list[Any], start: Any, sources: list[Any]) -> Any:
    """G_(N-1) ... G_0 e_0 + sum_k G_(N-1) ... G_(k+1) tau_k."""
    terms = [linear(*factors[::-1], start)]
    terms += [linear(*factors[:k:-1], source) for k, source in enumerate(sources)]
    return total(*terms)


@dataclass(frozen=True)
class Run:
    """A cell of one state block run for some steps: the symbols of its states, its equations, its Jacobians."""

    states: list[Any]
    values: list[Any]
    equations: list[tuple[Any, Any]]
    jacobians: list[Any]
    given: Any


def run(cell: Cell, count: int, move: Callable[[int, Any], Any] | None = None) -> Run:
    """The run with the state h_k = move(k, f_k) in place of f_k = F(h_(k-1), x_k)."""
    if as_cell(cell).is_explicit:
        raise ShapeError(f"{cell.name} has numbers for its sizes; the recursion is stated for every size")
    if len(cell.state) != 1:
        raise NoClosedForm(f"{cell.name} has {len(cell.state)} state blocks; the recursion is stated for one")
    (old,), (new,) = cell.state, cell.next
    slope = jacobian(cell).rhs
    equations: list[tuple[Any, Any]] = []
    jacobians: list[Any] = []
    values: list[Any] = []
    inputs: list[Any] = []
    states = [old]
    value = unused(cell, "f", "F", "phi", "Phi")
    if move is not None:
        first = sp.MatrixSymbol(f"{old.name}_0", *old.shape)
        equations.append((first, move(0, old)))
        states = [first]
    for k in range(1, count + 1):
        table = {s: sp.MatrixSymbol(f"{s.name}_{k}", *s.shape) for s in cell.input}
        inputs += table.values()
        table |= {s: sp.MatrixSymbol(f"{s.name.removesuffix('_t')}_{k}", *s.shape) for s, _ in cell.equations}
        if move is not None:
            table[new] = sp.MatrixSymbol(f"{value}_{k}", *new.shape)
        table[old] = states[-1]
        equations += [(table[s], _put(e, table)) for s, e in cell.equations]
        jacobians.append(_put(slope, table))
        values.append(table[new])
        state = table[new]
        if move is not None:
            state = sp.MatrixSymbol(f"{old.name}_{k}", *old.shape)
            equations.append((state, move(k, table[new])))
        states.append(state)
    whole_run = Cell(f"{cell.name}, {_steps(count)}", (old,), tuple(inputs), tuple(equations), (states[-1],))
    return Run(states, values, equations, jacobians, sp.And(cell.given, differentiable(whole_run)))


def unused(cell: Cell, *names: str) -> str:
    """The first of the names that the cell does not use, with a time index or without."""
    symbols = {s for _, e in cell.all_equations for s in e.free_symbols} | {s for s, _ in cell.all_equations}
    taken = {s.name.split("_")[0] for s in (*symbols, *cell.state, *cell.input)}
    found = next((name for name in names if name not in taken), None)
    if found is None:
        raise SpecError(f"{cell.name} uses every one of the names {', '.join(names)}; rename one of its parameters")
    return found


def _put(expression: Any, table: dict[Any, Any]) -> Any:
    """An expression with other symbols, in normal form again."""
    found = expression.xreplace(table)
    return total(*(linear(t) for t in sp.MatAdd.make_args(found))) if found.shape[1] != 1 else found


def _perturbed(cell: Cell, count: int) -> Result:
    s = sp.Symbol(unused(cell, "s", "u", "xi", "eta"), real=True)
    shape = cell.state[0].shape
    start = sp.MatrixSymbol(f"{unused(cell, 'delta', 'Delta', 'zeta')}_0", *shape)
    kick = unused(cell, "epsilon", "varepsilon", "nu")
    kicks = [sp.MatrixSymbol(f"{kick}_{k}", *shape) for k in range(1, count + 1)]
    path = run(cell, count, lambda k, f: entrywise(lambda u, e: u + s * e, f, (start, *kicks)[k]))
    rhs = _solved(path.jacobians, start, kicks)
    lhs = Jacobian((path.states[-1],), (s,), path.equations)
    return Result(
        f"perturbation of {cell.name} after {_steps(count)}", lhs, "=", rhs, path.given, tuple(path.equations),
        source=(PASCANU, *cell.source),
    )  # fmt: skip


def gradient_propagation(cell: Cell, *, steps: int = 3) -> Result:
    """The adjoint recursion, a_(k-1) = J_k^T a_k + g_(k-1) from a_N = g_N: sum_k J_1^T ... J_k^T g_k = d(sum_k g_k^T h_k)/dh.

    The factors of the forward recursion, transposed and in the opposite order.
    Shapes: g_k (n, 1), the slope of the loss in h_k. Given, Raises: as `error_propagation`.
    Source: pascanu2013.

    >>> from rnnsym.cells import linear as linear_cell
    >>> print(gradient_propagation(linear_cell(), steps=2).rhs)
    W_h.T*g_1 + W_h.T*W_h.T*g_2
    """
    count = whole(steps, "steps", least=1)
    path = run(cell, count)
    slopes = [sp.MatrixSymbol(f"g_{k}", *cell.state[0].shape) for k in range(1, count + 1)]
    backward = [transposed(J) for J in path.jacobians]
    rhs = total(*(linear(*backward[: k + 1], g) for k, g in enumerate(slopes)))
    lhs = Gradient(path.values, cell.state[0], slopes, path.equations)
    nested: Any = slopes[-1]
    for k in range(count - 1, 0, -1):
        nested = sp.MatAdd(sp.MatMul(backward[k], nested, evaluate=False), slopes[k - 1], evaluate=False)
    nested = sp.MatMul(backward[0], nested, evaluate=False)
    return Result(
        f"gradient of {cell.name} through {_steps(count)}", lhs, "=", rhs, path.given, tuple(path.equations),
        (Step(nested, "the adjoint recursion"),), source=(PASCANU, *cell.source),
    )  # fmt: skip


def constant_forcing(G: Any = None) -> Result:
    """e_N = G^N e_0 + (I + G + ... + G^(N-1)) tau; for one unit (1 - G^N)/(1 - G) tau, N tau where G = 1.

    Shapes: G (n, n) of entries, default a scalar; e_0, tau (n, 1) of symbols. Given: nothing, G = I included.
    Raises: NoClosedForm if an eigenvalue of G has none.
    Source: hairer1993.

    >>> constant_forcing().rhs
    Matrix([[G**N*e_0 + tau*Piecewise(((G**N - 1)/(G - 1), Ne(G, 1)), (N, True))]])
    """
    table = as_table(sp.Symbol("G", real=True) if G is None else G, None, "G")
    if table.rows != table.cols:
        raise ShapeError(f"G is {table.rows} x {table.cols}; a square matrix is needed")
    start, source = (_column(name, table.rows) for name in ("e_0", "tau"))
    power, where = function_of(table, Power(N))
    sums, more = function_of(table, Power(N), summed=True)
    rhs = sp.ImmutableMatrix(power * start + sums * source)
    named = tuple(dict.fromkeys((*where, *more)))
    return Result("error under constant forcing", StateAt(table, start, N, source), "=", rhs, where=named, source=(HAIRER,))  # fmt: skip


def _column(name: str, size: int) -> Any:
    names = [name] if size == 1 else [f"{name.replace('_', '')}_{i + 1}" for i in range(size)]
    return sp.ImmutableMatrix(size, 1, [sp.Symbol(s, real=True) for s in names])


def error_bound(*, steps: int = 3) -> Result:
    """|e_N| <= kappa^N |e_0| + tau_max (1 - kappa^N)/(1 - kappa) if |G_k| <= kappa and |tau_k| <= tau_max; N tau_max at kappa = 1.

    For kappa < 1 every error stays below |e_0| + tau_max/(1 - kappa). Norms are Euclidean.
    Shapes: as `error_propagation`. Source: hairer1993.

    >>> error_bound(steps=1).relation
    '<='
    """
    count = whole(steps, "steps", least=1)
    factors = [sp.MatrixSymbol(f"G_{k}", n, n) for k in range(count)]
    sources = [sp.MatrixSymbol(f"tau_{k}", n, 1) for k in range(count)]
    start = sp.MatrixSymbol("e_0", n, 1)
    kappa, most = sp.Symbol("kappa", nonnegative=True), sp.Symbol("tau_max", nonnegative=True)
    geometric = sp.Piecewise(((1 - kappa**count) / (1 - kappa), sp.Ne(kappa, 1)), (count, True))
    given = sp.And(*(SpectralNorm(G) <= kappa for G in factors), *(SpectralNorm(s) <= most for s in sources))
    lhs = SpectralNorm(Propagated(start, factors, sources))
    return Result(
        f"bound on the error after {_steps(count)}", lhs, "<=", kappa**count * SpectralNorm(start) + most * geometric,
        given, source=(HAIRER,),
    )  # fmt: skip


# where the analogy holds and where it ends


def residual_error() -> Result:
    """|y(N eps) - h_N| <= (eps M_2/(2 L)) (e^(L T) - 1): the residual unit h_t = h + eps tanh(w h) follows y' = tanh(w y).

    L = |w|, M_2 = max |y''| <= 2 |w|/(3 sqrt 3), T = N eps: the error is of order eps at a fixed T.
    Given:  eps > 0, w not 0. Source: hairer1993.

    >>> residual_error().relation
    '<='
    """
    w, start = sp.symbols("w y_0", real=True)
    eps = sp.Symbol("epsilon", positive=True)
    T, L, most = sp.symbols("T L M_2", real=True)
    where = ((T, N * eps), (L, sp.Abs(w)), (most, 2 * L / (3 * sp.sqrt(3))))
    lhs = sp.Abs(ResidualGap(w, eps, N, start))
    rhs = eps * most / (2 * L) * (sp.exp(L * T) - 1)
    return Result("error of a residual unit", lhs, "<=", rhs, sp.Ne(w, 0), where, source=(HAIRER,))


def growth_cap(*, steps: int = 3) -> list[Result]:
    """(1 + h L)^N <= e^(L N h) caps the errors of an integrator and the gradients of h + eps phi(W h + ...); nothing caps kappa^N.

    Three results: the cap at T = N h whatever h is; for the residual tanh cell |d h_N/d h_0| <= e^(eps N |W|) with its own
    Jacobians; and |(kappa Q)^N| = |kappa|^N for orthogonal Q, the linear network without a step size.
    Given:  h, L >= 0, eps >= 0. Source: hairer1993.

    >>> [r.relation for r in growth_cap()]
    ['<=', '<=', '=']
    """
    count = whole(steps, "steps", least=1)
    L, size = sp.Symbol("L", nonnegative=True), sp.Symbol("h", nonnegative=True)
    cell = residual()
    deep = unroll(cell, count)
    eps = cell.symbol("epsilon")
    W = cell.symbol("W_h")
    whole_jacobian = Jacobian(deep.next, deep.state, deep.equations)
    kappa, Q = sp.Symbol("kappa", real=True), sp.MatrixSymbol("Q", n, n)
    power = sp.MatPow(sp.MatMul(kappa, Q, evaluate=False), N, evaluate=False)
    return [
        Result("growth of an integrator's errors", (1 + size * L) ** N, "<=", sp.exp(L * N * size), source=(HAIRER,)),
        Result(
            f"gradients of the residual cell over {_steps(count)}", SpectralNorm(whole_jacobian), "<=",
            sp.exp(count * eps * SpectralNorm(W)), sp.Ge(eps, 0), source=cell.source,
        ),
        Result("growth without a step size", SpectralNorm(power), "=", sp.Abs(kappa) ** N, Orthogonal(Q)),
    ]  # fmt: skip
