"""A-REC: the recurrence and its trajectories."""

from dataclasses import replace

import pytest
import sympy as sp

from rnnsym.analysis.jacobian import jacobian
from rnnsym.cells import elman, gru, lstm, unroll
from rnnsym.defined import StateAfter
from rnnsym.result import Result
from rnnsym.vectors import Diagonal, entrywise, linear
from rnnsym.verify import claim, verify


@pytest.mark.theory("derived")
def test_A_REC_1_jacobians_of_the_recurrence():
    cell = elman()
    h_t, slope = cell.next[0], lambda s: 1 - s**2
    D = Diagonal(entrywise(slope, h_t))
    h, n = cell.state[0], cell.state[0].shape[0]
    W, U = cell.symbol("W_h"), cell.symbol("W_x")
    assert jacobian(cell).rhs == linear(D, W)
    assert jacobian(cell, "input").rhs == linear(D, U)
    assert jacobian(cell, "b").rhs == D
    assert jacobian(cell, "W_h").rhs == linear(D, sp.KroneckerProduct(sp.Transpose(h), sp.Identity(n)))
    for wrt in ("state", "input", "b", "W_h", "W_x"):
        assert verify(jacobian(cell, wrt), trials=40)


@pytest.mark.theory("derived")
def test_A_REC_2_trajectories_compose():
    """Phi(3, 0) = Phi(3, 1) o Phi(1, 0): the unrolled equations are the equations of the parts, one after the other."""
    cell = elman()
    whole, first, rest = unroll(cell, 3), unroll(cell, 1), unroll(cell, 2)
    shift = {rest.state[0]: first.next[0]}
    names = {
        s: sp.MatrixSymbol(s.name[:-1] + str(int(s.name[-1]) + 1), *s.shape)
        for s in (*rest.input, *(n for n, _ in rest.equations))
    }
    renamed = [(names[n], e.xreplace({**shift, **names})) for n, e in rest.equations]
    assert list(whole.equations) == [*first.equations, *renamed]
    run = StateAfter.of(cell, [whole.state[0]], whole.input)
    composed = Result("trajectory", run, "=", whole.next[0], where=whole.equations)
    assert verify(composed, trials=20)
    swapped = StateAfter.of(cell, [whole.state[0]], (whole.input[1], whole.input[0], whole.input[2]))
    assert not verify(replace(composed, lhs=swapped), trials=20)
    h = sp.Symbol("h", real=True)
    w, x1, x2 = sp.symbols("w x_1 x_2", real=True)
    two = claim(sp.tanh(w * sp.tanh(w * h + x1) + x2), sp.tanh(w * h + x1).subs(h, sp.tanh(w * h + x1)).subs(x1, x2))
    assert not verify(two)  # forgetting that the inputs differ is noticed


@pytest.mark.theory("derived")
def test_A_REC_4_one_set_of_parameters_serves_every_length():
    for length in (0, 1, 2, 4):
        cell = unroll(elman(), length)
        assert {s.name for s in cell._parameter_symbols()} == ({"W_h", "W_x", "b"} if length else set())
        assert verify(jacobian(cell), trials=10, dims=(1, 2))


@pytest.mark.theory("derived")
def test_B_GRD_5_full_jacobians_of_lstm_and_gru():
    d = Diagonal
    cell = gru()
    z, r, g, h = (cell.symbol(s) for s in ("z_t", "r_t", "g_t", "h"))
    Wz, Wr, Wg = (cell.symbol(s) for s in ("W_hz", "W_hr", "W_hg"))
    gate = d(entrywise(lambda h, r: h * r * (1 - r), h, r))
    K = linear(d(entrywise(lambda g: 1 - g**2, g)), Wg, d(r) + linear(gate, Wr))
    J = (
        d(z)
        + linear(d(entrywise(lambda h, g, z: (h - g) * z * (1 - z), h, g, z)), Wz)
        + linear(d(entrywise(lambda z: 1 - z, z)), K)
    )
    result = jacobian(cell)
    assert verify(claim(result.lhs, J, where=result.where), trials=40)
    assert verify(result, trials=40)

    cell = lstm()
    i, f, o, g, c, c_t = (cell.symbol(s) for s in ("i_t", "f_t", "o_t", "g_t", "c", "c_t"))
    Wi, Wf, Wo, Wg = (cell.symbol(f"W_h{k}") for k in "ifog")
    A = d(f)
    B = (
        linear(d(entrywise(lambda c, f: c * f * (1 - f), c, f)), Wf)
        + linear(d(entrywise(lambda g, i: g * i * (1 - i), g, i)), Wi)
        + linear(d(entrywise(lambda i, g: i * (1 - g**2), i, g)), Wg)
    )
    T = d(entrywise(lambda o, c: o * (1 - sp.tanh(c) ** 2), o, c_t))
    O = linear(d(entrywise(lambda c, o: sp.tanh(c) * o * (1 - o), c_t, o)), Wo)
    result = jacobian(cell)
    paper = sp.BlockMatrix([[A, B], [linear(T, A), linear(T, B) + O]])
    assert verify(claim(result.lhs, paper, where=result.where), trials=40)
    assert verify(result, trials=40)
    determinant(jacobian(lstm(n=2, m=1)), lstm(n=2, m=1))


def determinant(result, cell):
    """det J = prod f prod tanh(c') o (1 - o) det W_ho (Schur complement)."""
    table = dict(cell.binding)
    f, o, c = (table[cell.symbol(s)] for s in ("f_t", "o_t", "c_t"))
    W = table[cell.symbol("W_ho")]
    factors = [f[k] * sp.tanh(c[k]) * o[k] * (1 - o[k]) for k in range(2)]
    closed = sp.prod(factors) * W.det()
    assert verify(claim(sp.det(sp.Matrix(result.rhs)), closed, where=result.where), trials=40)
    assert not verify(claim(sp.det(sp.Matrix(result.rhs)), -closed, where=result.where), trials=40)
