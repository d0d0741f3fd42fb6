"""Modes of a nonlinear network: y = Q^-1 h for W = Q diag(lambda) Q^-1, and how the nonlinearity couples them.

    y_t = Q^-1 phi(Q diag(lambda) y_{t-1} + a),
    d^2 y_i'/dy_j dy_k      = lambda_j lambda_k          sum_m (Q^-1)_im phi''(a_m)  Q_mj Q_mk,
    d^3 y_i'/dy_j dy_k dy_l = lambda_j lambda_k lambda_l sum_m (Q^-1)_im phi'''(a_m) Q_mj Q_mk Q_ml.
With a = 0 the last is phi'''(0) C_ijkl lambda_j lambda_k lambda_l; the Taylor term is a sixth of it.
May import: everything to the left of `analysis.coupling`.
"""

from __future__ import annotations

from itertools import permutations, product
from typing import Any

import sympy as sp

from rnnsym import exact
from rnnsym.activations import Activation, activation
from rnnsym.activations.record import X
from rnnsym.analysis.contraction import recurrence
from rnnsym.cells.record import Cell, as_table
from rnnsym.defined import Invertible
from rnnsym.defined.spectra import CouplingTensor, MixedDerivatives, ModesDecouple
from rnnsym.exact import is_zero, normal
from rnnsym.result import LimitReached, NoClosedForm, Result, ShapeError, SpecError

LIMIT = 4  # modes with symbols


def mode_coupling(
    model: Cell | str | Activation = "tanh", basis: Any = None, *, n: int | None = None, at: Any = None
) -> list[Result]:
    """The coupling tensors of second and third order between the modes of W = Q diag(lambda) Q^-1.

    model: a plain cell with sizes, or an activation with n=. basis: Q (n, n); symbols q_ij where it is left out, and the
           eigenvalues are lambda_i. With a cell that has its own W, Q must consist of eigenvectors of it.
    at:    pre-activations a (n), 0 where left out.
    Shapes: second order (n, n^2), third (n, n^3); a column for each (j, k) and (j, k, l) in lexicographic order.
    Given:  Q invertible. Second order is left out where phi'' vanishes at a (odd phi at 0).
    Raises: LimitReached beyond four modes with symbols; NoClosedForm where phi has no third derivative at a.

    >>> mode_coupling("tanh", [[1, 1], [1, -1]])[0].rhs[0, 3]
    -2*lambda_1*lambda_2**2
    """
    phi, W, size = _parts(model, n)
    Q = None if basis is None else as_table(basis, None, "Q")
    size = size or (Q.rows if Q is not None else 2)
    if Q is None:
        if size > LIMIT:
            raise LimitReached(f"{size} modes with a symbolic basis; the limit is {LIMIT}. Give Q as numbers")
        Q = sp.ImmutableMatrix(size, size, lambda i, j: sp.Symbol(f"q_{i + 1}{j + 1}", real=True))
    if Q.shape != (size, size):
        raise ShapeError(f"Q is {Q.rows} x {Q.cols}; {size} x {size} is needed")
    inverse = _inverse(Q)
    values = (
        _eigenvalues(W, Q, inverse)
        if W is not None and basis is not None
        else [sp.Symbol(f"lambda_{k + 1}", real=True) for k in range(size)]
    )
    points = [sp.S.Zero] * size if at is None else list(as_table(at, (size, 1), "a"))
    y = [sp.Symbol(f"y_{k + 1}", real=True) for k in range(size)]
    inside = [sp.Add(*(Q[m, k] * values[k] * y[k] for k in range(size))) + points[m] for m in range(size)]
    column = sp.ImmutableMatrix(
        [sp.Add(*(inverse[i, m] * phi.phi(inside[m]) for m in range(size))) for i in range(size)]
    )
    given = Invertible(Q) if Q.free_symbols else sp.true
    found = []
    for order in (2, 3):
        slopes = [_slope(phi, order, a) for a in points]
        if all(s == 0 for s in slopes):
            continue
        rows = []
        for i in range(size):
            row = []
            for place in product(range(size), repeat=order):
                whole = sp.Add(*(inverse[i, m] * slopes[m] * sp.prod([Q[m, k] for k in place]) for m in range(size)))
                row.append(normal(whole) * sp.prod([values[k] for k in place]))
            rows.append(row)
        word = {2: "second", 3: "third"}[order]
        lhs = MixedDerivatives(column, y, order)
        found.append(Result(f"coupling of modes, {word} order", lhs, "=", sp.ImmutableMatrix(rows), given))
    return found


def _parts(model: Any, n: int | None) -> tuple[Activation, Any, int | None]:
    if not isinstance(model, Cell):
        return activation(model), None, n
    parts = recurrence(model.general if model.is_explicit and model.general is not None else model)
    if parts.leak != 1:
        raise NoClosedForm(f"{model.name} leaks; modes of a leaky cell are those of (1 - a) I + a J")
    if not model.is_explicit:
        if n is None:
            raise ShapeError(f"{model.name} has no sizes; give n=, or {model.name}.at(n=2)")
        return parts.activation, None, n
    table = {s.name: t for s, t in model.binding}
    W = table[getattr(parts.W, "name", "W_h")]
    return parts.activation, W, int(W.rows)


def _inverse(Q: Any) -> Any:
    """Q^-1 by adjugate and determinant."""
    determinant = exact.determinant(Q)
    if is_zero(determinant):
        raise SpecError("Q is singular: its columns are no basis of modes")
    adjugate: Any = exact.adjugate(Q)
    return adjugate.applyfunc(lambda e: normal(e / determinant))


def _eigenvalues(W: Any, Q: Any, inverse: Any) -> list[Any]:
    whole = (inverse * W * Q).applyfunc(normal)
    for i, j in product(range(W.rows), repeat=2):
        if i != j and is_zero(whole[i, j]) is not True:
            raise SpecError(f"column {j + 1} of Q is no eigenvector of W: (Q^-1 W Q)[{i + 1}, {j + 1}] = {whole[i, j]}")
    return [whole[k, k] for k in range(W.rows)]


def _slope(phi: Activation, order: int, a: Any) -> Any:
    if any(is_zero(a - kink) for kink in phi.kinks):
        raise NoClosedForm(f"{phi.name} has a kink at {a}; it couples modes there, but not by a tensor")
    value = phi.derivative(X).diff(X, order - 1).subs(X, a)
    if value.has(sp.nan, sp.zoo, sp.Derivative):
        raise NoClosedForm(f"{phi.name} has no derivative of order {order} at {a}")
    return normal(value) if not value.free_symbols else value


def two_mode_map() -> Result:
    """W = [[a, c], [c, a]], tanh: y_1' = sqrt(2) sinh(u)/(cosh(u) + cosh(v)), u = sqrt(2) (a + c) y_1, v = sqrt(2) (a - c) y_2.

    y_2' has u and v exchanged: sqrt(2) sinh(v)/(cosh(u) + cosh(v)). The modes are (h_1 + h_2)/sqrt(2), (h_1 - h_2)/sqrt(2).

    >>> two_mode_map().rhs[0]
    sqrt(2)*sinh(u)/(cosh(u) + cosh(v))
    """
    a, c, y_1, y_2, u, v = sp.symbols("a c y_1 y_2 u v", real=True)
    Q = sp.ImmutableMatrix([[1, 1], [1, -1]]) / sp.sqrt(2)
    W, y = sp.ImmutableMatrix([[a, c], [c, a]]), sp.ImmutableMatrix([y_1, y_2])
    before = (W * Q * y).applyfunc(sp.tanh)
    lhs = sp.MatMul(Q.T, before, evaluate=False)
    below = sp.cosh(u) + sp.cosh(v)
    rhs = sp.ImmutableMatrix([sp.sqrt(2) * sp.sinh(u) / below, sp.sqrt(2) * sp.sinh(v) / below])
    where = ((u, sp.sqrt(2) * (a + c) * y_1), (v, sp.sqrt(2) * (a - c) * y_2))
    return Result("map of two modes", lhs, "=", rhs, where=where)


def selection_rule(n: int) -> Result:
    """Ring network (circulant W): C_ijkl = 1/n where j + k + l = i modulo n, and 0 otherwise, for the unitary Fourier modes.

    >>> selection_rule(2).rhs
    Matrix([
    [1/2,   0,   0, 1/2,   0, 1/2, 1/2,   0],
    [  0, 1/2, 1/2,   0, 1/2,   0,   0, 1/2]])
    """
    if isinstance(n, bool) or not isinstance(n, int) or not 1 <= n <= 8:
        raise SpecError(f"n must be a whole number from 1 to 8, got {n!r}")
    Q = sp.ImmutableMatrix(n, n, lambda m, j: sp.exp(2 * sp.pi * sp.I * m * j / n) / sp.sqrt(n))
    rows = [
        [sp.Rational(int((j + k + s - i) % n == 0), n) for j, k, s in product(range(n), repeat=3)] for i in range(n)
    ]
    return Result(f"selection rule of a ring of {n}", CouplingTensor(Q), "=", sp.ImmutableMatrix(rows))


def decoupling(n: int = 2) -> Result:
    """The modes of Q decouple (C_ijkl = 0 unless i = j = k = l) <=> Q is monomial: one entry in each row and column.

    With phi'''(0) != 0 and all lambda_i != 0 this is decoupling of the network; with distinct eigenvalues it says that W
    is diagonal. Proof: sum_i Q_pi C_ijjk = Q_pj^2 Q_pk, which is 0 for all p and j != k. phi(a + b) != phi(a) + phi(b) alone
    couples nothing (diagonal W), and W = a I couples in a Hadamard basis.
    Given:  Q invertible. Shapes: n = 2 or 3.
    """
    if n not in (2, 3):
        raise NoClosedForm(f"the condition is written out for 2 and 3 modes, got {n!r}")
    Q = sp.ImmutableMatrix(n, n, lambda i, j: sp.Symbol(f"q_{i + 1}{j + 1}", real=True))
    cases = [
        sp.And(*(sp.Eq(Q[i, j], 0) for i in range(n) for j in range(n) if p[i] != j)) for p in permutations(range(n))
    ]
    return Result("decoupling of modes", ModesDecouple(Q), "<=>", sp.Or(*cases), Invertible(Q))
