"""Changes of the state's coordinates that leave a network what it is: parameter symmetries.

    parameter_symmetries   T h_t is the new state of the network with W = T W_h T^-1, T W_x, T b, started at T h
    commuting_rows         which rows t have phi(t a) = t phi(a) for all a
    symmetry_count         2^n n! for odd phi, n! for others
With C T^-1 for C the outputs are the same after any number of steps. That a network can be changed in no other way (that it
is identifiable up to these) is a theorem for generic networks with tanh-like units, Albertini & Sontag 1993, and is
not derived here. May import: everything to the left of `analysis`, and analysis.contraction.
"""

from __future__ import annotations

from typing import Any

import sympy as sp

from rnnsym.activations import Activation, activation
from rnnsym.analysis.contraction import Recurrence, recurrence
from rnnsym.cells.record import Cell, as_table, entries, whole
from rnnsym.defined import Invertible, Numbers
from rnnsym.defined.symmetries import (
    Permutation,
    RowCommutes,
    ScaledPermutation,
    SignedPermutation,
    StateOfMoved,
    SymmetryCount,
)
from rnnsym.exact.algebra import inverse
from rnnsym.result import Array, NoClosedForm, Result, ShapeError, Source, SpecError
from rnnsym.vectors import linear, total

ALBERTINI = Source("albertini1993", "Albertini, F. and Sontag, E. D.", "For neural networks, function determines form", 1993, at="Neural Networks 6, 975-990")  # fmt: skip

HALF = ("sigmoid", "hard_sigmoid")  # phi(-a) = 1 - phi(a)
SCALED = ("relu", "leaky_relu")  # phi(c a) = c phi(a) for c > 0


def parameter_symmetries(cell: Cell, T: Any = None) -> Result:
    """F(T h, x; T W_h T^-1, T W_x, T b) = T F(h, x; W_h, W_x, b): the network in the coordinates T h.

    T is a signed permutation for tanh and other odd phi (2^n n! of them), a permutation times positive factors for ReLU,
    any invertible matrix for a linear network, a permutation for other phi; for the sigmoid a signed permutation with a
    shift, h -> T h + s, s = (1 - T 1)/2, b -> T b - T W_h T^-1 s, since sigmoid(-a) = 1 - sigmoid(a).
    T:      a matrix of numbers for a cell of that size; a symbol if left out.
    Shapes: T (n, n).
    Raises: SpecError if T is not of that kind; NoClosedForm for a gated cell, or if W_h is no free parameter.
    Source: albertini1993, for the converse: generic networks with tanh have no other symmetries (recalled, not derived).

    >>> from rnnsym.cells import elman
    >>> result = parameter_symmetries(elman())
    >>> result.rhs, result.given
    (T*h_t, T a signed permutation)
    """
    form = recurrence(cell)
    W, U, b = _free(cell, form)
    n = cell.state[0].shape[0]
    turn = entries("T", int(n), int(n)) if cell.binding else sp.MatrixSymbol("T", n, n)
    kind = _kind(form.activation)
    given = kind(turn)
    if T is not None:
        given, table = sp.true, as_table(T, None, "T")
        if n.is_Integer and table.shape != (n, n):
            raise ShapeError(f"T is {table.rows} x {table.cols}; {n} x {n} is needed")
        if not n.is_Integer or kind(table).holds(Numbers({})) is not True:
            raise SpecError(_refusal(cell, kind, n))
        turn = table
    back = turn.T if kind in (SignedPermutation, Permutation) else _inverse(turn)
    turned = {W: linear(turn, W, back), b: linear(turn, b)}
    if U is not None:
        turned[U] = linear(turn, U)
    start, end = linear(turn, cell.state[0]), linear(turn, cell.next[0])
    if form.activation.name in HALF:
        ones = sp.OneMatrix(n, 1)
        shift = total(ones / 2, linear(-turn / 2, ones))
        turned[b] = total(turned[b], linear(-turned[W], shift))
        start, end = total(start, shift), total(end, shift)
    lhs = _moved(cell, start, turned)
    arrays = cell.arrays + (() if T is not None else (Array("T", "parameter", turn),))
    return Result(
        f"symmetry of {cell.name}", lhs, "=", end if not cell.binding else cell.write(end), sp.And(cell.given, given),
        where=cell.where if cell.output is None else cell.where[: len(cell.where) - _outputs(cell)],
        source=(ALBERTINI,), arrays=arrays,
    )  # fmt: skip


def _inverse(turn: Any) -> Any:
    if not isinstance(turn, sp.MatrixBase) or turn.free_symbols:
        return sp.Inverse(turn)
    adjugate, determinant = inverse(turn)
    return adjugate / determinant


def _outputs(cell: Cell) -> int:
    return 0 if cell.output is None else int(cell.output[0].shape[0]) if cell.binding else 1


def _moved(cell: Cell, start: Any, turned: dict[Any, Any]) -> StateOfMoved:
    """The state after one step of the network with other parameters."""
    table = dict(cell.binding)
    names = {name for name, _ in cell.all_equations}
    kept = [(s, t) for s, t in cell.binding if s not in {*names, *cell.state, *cell.input, *turned}]
    made = [(s, cell_table(e, table)) for s, e in turned.items()]
    inputs = [tuple(cell_table(x, table) for x in cell.input)]
    return StateOfMoved(
        cell.state, cell.next, cell.equations, [cell_table(start, table)], inputs, -1, [*made, *kept], cell.input
    )


def cell_table(expression: Any, table: dict[Any, Any]) -> Any:
    """An expression with the entries of a cell put in; T stays a symbol."""
    return expression.xreplace(table) if table else expression


def _free(cell: Cell, form: Recurrence) -> tuple[Any, Any, Any]:
    """W, U, b as the free parameters that they are."""
    known = cell._parameter_symbols()
    bias = next((s for s in known if s.name == "b"), None)
    if form.W not in known or (form.U is not None and form.U not in known) or bias is None:
        raise NoClosedForm(
            f"{cell.name}: W_h, W_x and b must be free parameters to be changed to T W_h T^-1, T W_x, T b"
        )
    return form.W, form.U, bias


def _kind(phi: Activation) -> Any:
    if phi.name == "identity":
        return Invertible
    if phi.odd or phi.name in HALF:
        return SignedPermutation
    return ScaledPermutation if phi.name in SCALED else Permutation


def _refusal(cell: Cell, kind: Any, n: Any) -> str:
    if not n.is_Integer:
        return f"{cell.name} has symbolic sizes; leave T out, or use {cell.name}.at(n=2, m=1)"
    return f"T is not {'an invertible matrix' if kind is Invertible else kind.words}; {cell.name} is changed by it"


def commuting_rows(phi: str | Activation = "tanh", n: int = 2) -> Result:
    """phi(t a) = t phi(a) for all columns a <=> t is 0 or +-e_j (tanh), 0 or c e_j with c >= 0 (ReLU), 0 or e_j (other phi).

    A matrix T commutes with phi iff each of its rows does; with det T != 0 this is the group of parameter_symmetries.
    For the sigmoid, sigmoid(0) = 1/2, and t = 0 does not commute either.
    Shapes: t (1, n).
    Raises: NoClosedForm for linear phi, with which every row commutes, and for phi that are not in the table below.

    >>> commuting_rows("relu", 2).rhs
    (Eq(t_1, 0) & (t_2 >= 0)) | (Eq(t_2, 0) & (t_1 >= 0))
    """
    act, size = activation(phi), whole(n, "n")
    t = sp.ImmutableMatrix([[sp.Symbol(f"t_{j + 1}", real=True) for j in range(size)]])
    if act.name == "identity":
        raise NoClosedForm("every row commutes with a linear phi")
    zero = sp.And(*(sp.Eq(e, 0) for e in t))
    if act.name in SCALED:
        allowed: list[Any] = [sp.Ge(e, 0) for e in t]
    elif act.odd:
        allowed = [sp.Or(sp.Eq(e, 1), sp.Eq(e, -1), sp.Eq(e, 0)) for e in t]
    elif act.name == "sigmoid":
        allowed, zero = [sp.Eq(e, 1) for e in t], sp.false
    else:
        raise NoClosedForm(f"the rows that commute with {act.name} are not in the table; known: tanh and other odd phi, relu, sigmoid")  # fmt: skip
    cases = [sp.And(allowed[j], *(sp.Eq(t[i], 0) for i in range(size) if i != j)) for j in range(size)]
    rhs = sp.Or(*cases) if act.name in SCALED or act.odd else sp.Or(zero, *cases)
    return Result(f"rows that commute with {act.name}", RowCommutes(act.phi, t), "<=>", rhs)


def symmetry_count(phi: str | Activation = "tanh") -> Result:
    """The number of sign matrices that commute with phi: 2^n n! for odd phi, n! for phi that is not odd.

    Given:  n is at most 3 where it is checked by going through all 3^(n^2) matrices.

    >>> symmetry_count("tanh").rhs
    2**n*factorial(n)
    """
    act = activation(phi)
    n = sp.Symbol("n", integer=True, positive=True)
    if act.name == "identity":
        raise NoClosedForm("every invertible matrix commutes with a linear phi; parameter_symmetries(linear()) is GL_n")
    rhs = sp.factorial(n) * (2**n if act.odd else 1)
    return Result(f"number of symmetries for {act.name}", SymmetryCount(act.phi, n), "=", rhs, source=(ALBERTINI,))
