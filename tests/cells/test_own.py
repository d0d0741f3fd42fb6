"""The user's own cells, from text and from SymPy expressions; outputs; compositions."""

import numpy as np
import pytest
import sympy as sp

from rnnsym.analysis.jacobian import jacobian, parameter_gradient
from rnnsym.cells import bidirectional, catalogue, cell, elman, gru, lstm, stack, step_result, trajectory
from rnnsym.result import ShapeError, SpecError
from rnnsym.spec import text_of
from rnnsym.verify import verify

ELMAN = "h_t = tanh(W_h @ h + W_x @ x + b)"


def same(left, right):
    """Whether two columns are the same expression, whatever the order of their columns."""
    if not hasattr(left, "body"):
        return left == right
    from rnnsym.vectors import slot

    def plain(e):
        table = {slot(k): sp.Symbol(str(c), real=True) for k, c in enumerate(e.columns, 1)}
        return e.body.xreplace(table)

    return plain(left) == plain(right) or sp.expand(plain(left) - plain(right)) == 0


def test_a_text_is_the_cell_it_describes():
    assert cell(ELMAN, state="h", input="x").equations == elman().equations


@pytest.mark.parametrize("name", catalogue())
def test_the_equations_of_every_cell_read_back(name):
    made = catalogue()[name]()
    lines = [f"{s} = {text_of(e)}" for s, e in made.equations]
    shapes = {}
    for s in made._parameter_symbols():
        if not s.is_Matrix:
            shapes[s.name] = ()
        elif s in {p for _, e in made.equations for p in e.free_symbols}:
            shapes[s.name] = tuple(map(str, s.shape)) if s.shape[1] != 1 else (str(s.shape[0]),)
    states = [s.name for s in made.state]
    again = cell(lines, state=states, input="x", shapes=shapes)
    for (a, e), (b, f) in zip(made.equations, again.equations, strict=True):
        assert a == b and same(e, f), (e, f)


def test_gates_and_several_states():
    made = cell(
        """
        i_t = sigmoid(W_hi @ h + W_xi @ x + b_i)   # gates first
        f_t = sigmoid(W_hf @ h + W_xf @ x + b_f)
        o_t = sigmoid(W_ho @ h + W_xo @ x + b_o)
        g_t = tanh(W_hg @ h + W_xg @ x + b_g)
        c_t = f*c + i*g
        h_t = o_t*tanh(c_t)
        """,
        state="c h",
        input="x",
    )
    assert made.next == lstm().next
    assert all(same(e, f) for (_, e), (_, f) in zip(made.equations, lstm().equations, strict=True))
    assert verify(jacobian(made), trials=12)


def test_cells_of_papers_as_text():
    # JANET, van der Westhuizen & Lasenby 2018; SRU, Lei et al. 2018
    janet = cell(
        """
        s_t = U_f @ h + W_f @ x + b_f
        g_t = tanh(U_c @ h + W_c @ x + b_c)
        h_t = sigmoid(s_t)*h + (1 - sigmoid(s_t - beta))*g_t
        """,
        state="h", input="x", shapes={"beta": ()},
    )  # fmt: skip
    assert verify(jacobian(janet), trials=12)
    sru = cell(
        """
        f_t = sigmoid(W_f @ x + v_f*c + b_f)
        r_t = sigmoid(W_r @ x + v_r*c + b_r)
        c_t = f_t*c + (1 - f_t)*(W @ x)
        """,
        state="c", input="x", output="r_t*c + (1 - r_t)*x", shapes={"x": "n", "v_f": "n", "v_r": "n"},
    )  # fmt: skip
    assert str(sru.output[1]) == "c_t*r_t + x*(1 - r_t)" and verify(jacobian(sru), trials=12)


def test_shapes_are_seen_from_the_use():
    made = cell("h_t = (1 - a)*h + a*tanh(M @ transpose(N) @ h + U @ x + b)", state="h", input="x",
                shapes={"a": (), "N": ("n", "r")})  # fmt: skip
    shapes = {s.name: tuple(map(str, getattr(s, "shape", ()))) for s in made._parameter_symbols()}
    assert shapes == {"a": (), "M": ("n", "r"), "N": ("n", "r"), "U": ("n", "m"), "b": ("n", "1")}
    assert verify(jacobian(made), trials=12)
    assert verify(parameter_gradient(made, "N"), trials=8)


def test_numbers_for_sizes_make_an_explicit_cell():
    made = cell("h = tanh(w*h + v*x + b)", state="h", input="x", shapes={"h": 1, "x": 1})
    assert made.is_scalar and str(jacobian(made).rhs) == "w*(1 - h_t**2)"
    two = cell(ELMAN, state="h", input="x", shapes={"h": 2})
    assert two.is_explicit and two.state[0].shape == (2, 1)


def test_numbers_by_name_are_put_in_where_they_are_used():
    made = cell(["k = 1/(1 + s**2)", "h_t = k*h + W @ x"], state="h", input="x", shapes={"s": ()})
    assert str(made) == "cell: h_t = W*x + h/(s**2 + 1)"


def test_sympy_columns_are_equations_too():
    n, m = sp.symbols("n m", integer=True, positive=True)
    W, h, x = sp.MatrixSymbol("W", n, n), sp.MatrixSymbol("h", n, 1), sp.MatrixSymbol("x", n, 1)
    made = cell({"h_t": (W * h + x).applyfunc(sp.tanh)}, state=h, input=x)
    assert verify(jacobian(made), trials=8)
    assert cell({"g": W * h, "h_t": sp.MatrixSymbol("g", n, 1) + x}, state=h, input=x).next[0].name == "h_t"


def test_sympy_scalars_make_one_unit():
    w, h, x = sp.symbols("w h x", real=True)
    made = cell({h: sp.tanh(w * h + x)}, state=h, input=x, given=w > 1)
    assert made.is_scalar and made.given == (w > 1)
    assert str(jacobian(made).rhs) == "w*(1 - h_t**2)" and verify(jacobian(made, "w"), trials=8)


def test_max_and_abs_have_no_slope_at_their_kink():
    made = cell("h = max(W @ h + U @ x, 0)", state="h", input="x")
    assert str(made.equations[0][1]) == "relu(U*x + W*h)"
    assert jacobian(made).given != sp.true
    assert jacobian(cell("h = abs(W @ h + x)", state="h", input="x")).given != sp.true
    assert verify(jacobian(cell("h = min(W @ h, x)", state="h", input="x")), trials=12)


BAD = {
    "cannot see the shape of 'a', which is only multiplied entrywise": "h = tanh(a*h + x)",
    r"cannot see the shape of 'V'; pass shapes=\{'V': \('n', 'k'\)\}": "h = tanh(V @ U @ x + h)",
    "'q_t' has no equation": "h = tanh(W @ h) + q_t + x",
    "'h_t' is defined twice": ["h = W @ h", "h_t = x"],
    "no equation defines the new state h_t; left sides: q_t": "q = W @ h + x",
    "'q_t' is used by no equation": ["h = W @ h + x", "q = x"],
    "'x' is used by no equation": "h = W @ h",
    "'g2' is used before its equation": ["g = g2 + W @ h", "g2 = h", "h = g*g2 + x"],
    "after its own equation may mean the old or the new value": ["c = W @ c + x", "h = U @ h + c"],
    "x is the input; it cannot be computed": ["x = h", "h = W @ h + x"],
    "the inner sizes of @ must agree": "h = W @ h @ x",
    "division by zero": "h = W @ h + x/0",
    "unknown function 'sigmoyd'": "h = sigmoyd(W @ h) + x",
    "a product needs its sign": "h = 2W @ h + x",
    "is no equation": "tanh(W @ h + x)",
    "found '='": "h == W @ h + x",
    "left side name 'h\\.x' must match": "h.x = W @ h + x",
    "Attribute is not allowed": "h = W.T @ h + x",
    "exponent 387420489 is over the limit": "h = W @ h + x + 9**9**9",
    "bits; limit 4096": "h = W @ h + x*2**(h + 1000000000)*2**(-h)",
    "tanh takes 1 argument, 2 given": "h = tanh(W @ h, x)",
}


@pytest.mark.parametrize("message", BAD)
def test_a_wrong_text_says_what_is_wrong(message):
    states = "c h" if "own equation" in message else "h"
    with pytest.raises((SpecError, ShapeError), match=message):
        cell(BAD[message], state=states, input="x")


def test_wrong_arguments_say_what_is_wrong():
    with pytest.raises(ShapeError, match="W is a number and @ is the linear map; write"):
        cell("h = W @ h + x", state="h", input="x", shapes={"W": ()})
    with pytest.raises(SpecError, match="give the state as 'h'"):
        cell(ELMAN, state="h_t", input="x")
    with pytest.raises(SpecError, match="shapes has 'Q'"):
        cell(ELMAN, state="h", input="x", shapes={"Q": ()})
    with pytest.raises(SpecError, match="size 0"):
        cell(ELMAN, state="h", input="x", shapes={"h": 0})
    with pytest.raises(ShapeError, match="W_h is n x k, h is a column of size n; the inner sizes of @ must agree"):
        cell(ELMAN, state="h", input="x", shapes={"W_h": ("n", "k"), "h": "n"})


# Outputs


def test_an_output_is_a_formula_of_the_new_state():
    made = elman(output="C @ h + D @ x")
    assert str(made.output[1]) == "C*h_t + D*x" and str(made.output[0].shape[0]) == "p"
    assert elman(output="C @ h_t + D @ x").output == made.output
    assert str(gru(output="h*z").output[1]) == "h_t*z_t"


def test_an_output_may_be_a_column_a_symbol_or_numbers():
    n, h = elman().state[0].shape[0], elman().state[0]
    assert str(elman(output=sp.MatrixSymbol("C", 1, n)).output[1]) == "C*h_t"
    assert str(elman(output=2 * h).output[1]) == "2*h_t"
    made = elman(output=[[1, 0], [0, 2]], m=1)
    assert made.is_explicit and dict(made.binding)[made.symbol("C")] == sp.ImmutableMatrix([[1, 0], [0, 2]])


def test_a_wrong_output_is_refused():
    with pytest.raises(ShapeError, match="is a number"):
        elman(output="2 + 1")
    with pytest.raises(ShapeError, match="x is a column of size m beside h, a column of size n"):
        elman(output="h + x")


# Compositions


def test_a_stack_is_the_composition_of_its_layers():
    made = stack(lstm(), gru(), elman("sigmoid"))
    random = np.random.default_rng(0)
    sizes = {"n_1": 2, "n_2": 3, "n_3": 4, "m": 2}
    values = {
        a.name: random.normal(size=[sizes[str(s)] for s in a.value.shape if s != 1])
        for a in made.arrays if a.role == "parameter"
    }  # fmt: skip
    x = random.normal(size=(3, 2))
    start = {s.name: np.zeros(sizes[str(s.shape[0])]) for s in made.state}
    whole = trajectory(made, values, start, x)
    signal = x
    for k, layer in enumerate((lstm(), gru(), elman("sigmoid")), 1):
        own = {name.removesuffix(f"_{k}"): v for name, v in values.items() if name.endswith(f"_{k}")}
        zero = {s.name: np.zeros(sizes[f"n_{k}"]) for s in layer.state}
        signal = trajectory(layer, own, zero if len(zero) > 1 else zero["h"], signal)
        signal = signal["h"] if isinstance(signal, dict) else signal
    np.testing.assert_allclose(whole["h_3"], signal, atol=1e-14)


def test_jacobians_of_a_stack_agree_with_differences():
    assert verify(jacobian(stack(elman(), gru())), trials=12)
    assert verify(jacobian(stack(elman(), elman()).at(n_1=2, n_2=1, m=1)), trials=8)


def test_an_output_of_a_layer_goes_up_and_stacks_have_outputs():
    made = stack(elman(output="C @ h"), elman(), output="E @ h_2")
    assert "C_1*h_1_t" in str(made) and str(made.output[1]) == "E*h_2_t"


def test_explicit_cells_are_not_stacked():
    with pytest.raises(SpecError, match="stack cells of symbolic size"):
        stack(elman(n=2), elman())


def test_bidirectional_is_two_passes():
    T, random = 4, np.random.default_rng(1)
    made = bidirectional(elman(), T)
    values = {
        a.name: random.normal(size={"W_h": (3, 3), "W_x": (3, 2), "b": (3,)}[a.name[:-3]])
        for a in made.arrays if a.role == "parameter"
    }  # fmt: skip
    x, ends = random.normal(size=(T, 2)), {"h_fw": random.normal(size=3), "h_bw": random.normal(size=3)}
    inputs = {f"x_{t + 1}": x[t] for t in range(T)}
    found = step_result(made)(**values, **ends, **inputs)[..., 0]
    parts = {}
    for way, order in (("fw", range(T)), ("bw", reversed(range(T)))):
        h = ends[f"h_{way}"]
        for t in order:
            h = np.tanh(values[f"W_h_{way}"] @ h + values[f"W_x_{way}"] @ x[t] + values[f"b_{way}"])
        parts[way] = h
    np.testing.assert_allclose(found, np.concatenate([parts["fw"], parts["bw"]]), atol=1e-14)


def test_the_readout_of_a_bidirectional_cell_sees_both_passes():
    made = bidirectional(elman(), 2, output="C @ h_fw_1 + E @ h_bw_1")
    assert str(made.output[1]) == "C*h_fw_1 + E*h_bw_1"
    assert verify(jacobian(made, "state"), trials=8)
