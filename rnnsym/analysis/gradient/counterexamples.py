"""rho(W) < 1 does not prevent exploding gradients: families where it fails, in closed form.

For the linear network rho(W) < 1 does make W^t tend to 0; only a transient remains. For the nonlinear one the factors are
D_s W, and rho(D W) is not bounded by rho(W), not even by rho(W) = 0:
    W = k [[2, -4], [1, -2]] = k (2, 1)^T (1, -2) has W^2 = 0, but rho(diag(d_1, d_2) W) = 2 |k| |d_1 - d_2|.
It fails for good, not for a while: at fixed points (`nilpotent_fixed_point`, k > 1/2), without bias or input (the 2-cycle
of `rnnsym.analysis.gradient.threshold`, k > 1.754...), and for ReLU without bias (`relu_growth`: two units, rho(W) = 0).
May import: everything to the left of `analysis.gradient`, and `gradient.paths`.
"""

from __future__ import annotations

from typing import Any

import sympy as sp

from rnnsym.analysis.contraction import YILDIZ
from rnnsym.analysis.gradient.paths import path_of, t
from rnnsym.cells.catalogue import elman
from rnnsym.cells.record import Cell, as_table, whole
from rnnsym.defined import Jacobian, SpectralNorm, SpectralRadius
from rnnsym.defined.runs import At, Path
from rnnsym.defined.stability import StateAfter
from rnnsym.result import Result, ShapeError, SpecError, Step

gain = sp.Symbol("k", real=True)
bias = sp.Symbol("c", real=True)
d1, d2 = sp.symbols("d_1 d_2", real=True)
UNIT = sp.ImmutableMatrix([[2, -4], [1, -2]])


def nilpotent_weights(k: Any = gain) -> Any:
    """W = k [[2, -4], [1, -2]]: W^2 = 0, rho(W) = 0, ||W|| = 5 |k|.

    >>> nilpotent_weights()**2
    Matrix([
    [0, 0],
    [0, 0]])
    """
    return (sp.sympify(k) * UNIT).as_immutable()


def _slopes() -> Any:
    return sp.ImmutableMatrix(sp.diag(d1, d2))


def nilpotent_radius(k: Any = gain) -> Result:
    """rho(diag(d_1, d_2) W) = 2 |k| |d_1 - d_2| for the nilpotent W = k [[2, -4], [1, -2]], rho(W) = 0.

    D W has rank 1, so its only eigenvalue other than 0 is its trace. Over slopes 0 <= d_i <= 1 the largest value is 2 |k|:
    with |k| <= 1/2 no fixed point of a tanh or ReLU network with these weights is made unstable by any bias.

    >>> nilpotent_radius().rhs
    2*Abs(k*(d_1 - d_2))
    """
    k = sp.sympify(k)
    lhs = SpectralRadius((_slopes() * nilpotent_weights(k)).as_immutable())
    return Result(
        "spectral radius of slopes times nilpotent weights", lhs, "=", 2 * sp.Abs(k * (d1 - d2)), source=(YILDIZ,)
    )


def nilpotent_powers(power: int, k: Any = gain) -> Result:
    """||(D W)^p|| = (2 |k| |d_1 - d_2|)^{p-1} |k| sqrt(5 (4 d_1^2 + d_2^2)), p >= 1, of the same family.

    D W = k (2 d_1, d_2)^T (1, -2) is a column times a row, (D W)^p = tr(D W)^{p-1} D W.
    Raises: SpecError if the power is not a whole number >= 1.

    >>> nilpotent_powers(1).rhs
    sqrt(20*d_1**2 + 5*d_2**2)*Abs(k)
    """
    p, k = whole(power, "power"), sp.sympify(k)
    J = (_slopes() * nilpotent_weights(k)).as_immutable()
    first = sp.Abs(k) * sp.sqrt(20 * d1**2 + 5 * d2**2)
    lhs = SpectralNorm(sp.MatPow(J, p) if p > 1 else J)
    step = Step(sp.Abs(2 * k * (d1 - d2)) ** (p - 1) * SpectralNorm(J), "rank 1: (D W)^p = tr(D W)^(p-1) D W")
    return Result(f"norm of the power {p} of slopes times nilpotent weights", lhs, "=", sp.Abs(2 * k * (d1 - d2)) ** (p - 1) * first,
                  steps=(step,), source=(YILDIZ,))  # fmt: skip


def network(phi: str, W: Any, b: Any) -> Cell:
    """The plain network with given weights and bias; its one input has the weights zero."""
    size = W.rows
    return elman(phi, W_h=W, W_x=sp.zeros(size, 1), b=b)


def nilpotent_bias(k: Any = gain, c: Any = bias) -> Any:
    """The bias (4 k tanh c, c + 2 k tanh c) that gives the tanh network with nilpotent weights the fixed point (0, tanh c).

    >>> nilpotent_bias(1, 3)
    Matrix([
    [    4*tanh(3)],
    [2*tanh(3) + 3]])
    """
    k, c = sp.sympify(k), sp.sympify(c)
    return sp.ImmutableMatrix([4 * k * sp.tanh(c), c + 2 * k * sp.tanh(c)])


def nilpotent_fixed_point(k: Any = gain, c: Any = bias) -> list[Result]:
    """At the fixed point (0, tanh c) of the tanh network with W = k [[2, -4], [1, -2]]: rho(J) = 2 |k| tanh(c)^2.

    The first result is F(h*) = h* for the bias of `nilpotent_bias`, the second the spectral radius there. It is unstable
    for tanh(c)^2 > 1/(2 |k|), which some c does exactly if |k| > 1/2; rho(W) = 0 for every k.
    Source: yildiz2012 (rho(W) < 1 is not sufficient); the family derived here.

    >>> nilpotent_fixed_point(1, 3)[1].rhs
    2*tanh(3)**2
    """
    k, c = sp.sympify(k), sp.sympify(c)
    W, b = nilpotent_weights(k), nilpotent_bias(k, c)
    point = sp.ImmutableMatrix([0, sp.tanh(c)])
    cell = network("tanh", W, b)
    there = StateAfter.of(cell, [point], [(sp.ZeroMatrix(1, 1),)])
    tables = {**dict(cell.binding), cell.state[0]: point, cell.input[0]: sp.ImmutableMatrix([[0]])}
    binding = [(s, tables[s]) for s, _ in cell.binding if s not in cell.next]
    lhs = SpectralRadius(Jacobian(cell.next, cell.state, cell.equations, binding))
    return [
        Result("fixed point of the nilpotent network", there, "=", point, source=(YILDIZ,)),
        Result("spectral radius at the fixed point", lhs, "=", 2 * sp.Abs(k) * sp.tanh(c) ** 2, source=(YILDIZ,)),
    ]


def nilpotent_relu(k: Any = gain) -> Result:
    """ReLU, W = k [[2, -4], [1, -2]], b = (0, -beta): h_t = ((2 k)^t h, 0) from (h, 0), as long as k (2 k)^{t-1} h <= beta.

    The second unit stays silent and the first doubles k at every step: h_10 = (1024, 0) for k = h = 1. When the first
    outgrows beta the second wakes and the growth ends, so a larger beta is needed for a longer one.
    Given:  k >= 1/2, h > 0, k (2 k)^{t-1} h <= beta, t >= 1.

    >>> nilpotent_relu(1).rhs
    Matrix([
    [2**t*h_1],
    [       0]])
    """
    k = sp.sympify(k)
    h1, beta = sp.symbols("h_1 beta", positive=True)
    cell = network("relu", nilpotent_weights(k), sp.ImmutableMatrix([0, -beta]))
    path = _silent_path(cell, sp.ImmutableMatrix([h1, 0]))
    given = sp.And(sp.Ge(k, sp.S.Half), sp.Le(k * (2 * k) ** (t - 1) * h1, beta))
    rhs = sp.ImmutableMatrix([(2 * k) ** t * h1, 0])
    return Result("growth of the nilpotent ReLU network", At(path, cell.next[0], t), "=", rhs, given)


def _silent_path(cell: Cell, start: Any) -> Path:
    """The run of a cell without input from a given start, for t steps."""
    path = path_of(cell, t, (t,))
    state, new, equations, _, inputs, sequences, length = path.args
    silent = [sp.ZeroMatrix(*s.shape) for s in sequences]
    return Path(state, new, equations, [start], inputs, silent, length)


def relu_growth(W: Any = None, unit: int = 1) -> Result:
    """ReLU without bias or input: if w_ii > 0 and w_ji <= 0 for all j != i, then h_t = w_ii^t e_i from e_i; any rho(W).

    So w_ii > 1 makes states and gradients explode exactly like w_ii^t. Two units suffice with rho(W) = 0: the default
    W = [[a, a], [-a, -a]] is nilpotent, and h_t = (a^t, 0). The three-unit example of the same kind has w_11 = 1.202.
    Shapes: W (n, n), numbers or symbols.
    Given:  w_ii > 0, w_ji <= 0.
    Raises: ShapeError if W is not square; SpecError for a unit that it does not have.

    >>> relu_growth().rhs
    Matrix([
    [a**t],
    [   0]])
    """
    a = sp.Symbol("a", positive=True)
    table = as_table([[a, a], [-a, -a]] if W is None else W, None, "W")
    n = table.rows
    if n != table.cols:
        raise ShapeError(f"W is {n} x {table.cols}; a square matrix is needed")
    if not (isinstance(unit, int) and 1 <= unit <= n):
        raise SpecError(f"W has the units 1 ... {n}, got {unit!r}")
    own = table[unit - 1, unit - 1]
    others = [table[j, unit - 1] for j in range(n) if j != unit - 1]
    start = sp.ImmutableMatrix([int(j == unit - 1) for j in range(n)])
    cell = network("relu", table, sp.zeros(n, 1))
    given = sp.And(sp.Gt(own, 0), *(sp.Le(w, 0) for w in others))
    if given == sp.false:
        raise SpecError(
            f"column {unit} of W is {[own, *others]}: w_ii > 0 and w_ji <= 0 is needed for h_t to stay on the axis of the unit"
        )
    rhs = sp.ImmutableMatrix([own**t if j == unit - 1 else 0 for j in range(n)])
    return Result(
        "growth of a ReLU network without bias", At(_silent_path(cell, start), cell.next[0], t), "=", rhs, given
    )
