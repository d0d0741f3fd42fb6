"""Every cell of the catalogue, by construction: Jacobians, LaTeX, array code, substitution, pickle, report, and the map
itself against torch and against NumPy written here by hand. A new cell needs one line of MAPS."""

import pickle
import shutil
import subprocess

import numpy as np
import pytest
import sympy as sp

from rnnsym.analysis.jacobian import jacobian, parameter_gradient
from rnnsym.cells import Cell, catalogue, gru, step_result, trajectory
from rnnsym.report import report
from rnnsym.verify import verify

CELLS = catalogue()


def sigmoid(a):
    return 1 / (1 + np.exp(-a))


def affine(v, gate="", h="h"):
    W_h, W_x, b = (f"W_h{gate}", f"W_x{gate}", f"b_{gate}" if gate else "b")
    return v[W_h] @ v[h] + v[W_x] @ v["x"] + v[b]


def gru_map(v):
    z, r = sigmoid(affine(v, "z")), sigmoid(affine(v, "r"))
    g = np.tanh(v["W_hg"] @ (r * v["h"]) + v["W_xg"] @ v["x"] + v["b_g"])
    return (1 - z) * g + z * v["h"]


def gru_after_map(v):
    z, r = sigmoid(affine(v, "z")), sigmoid(affine(v, "r"))
    g = np.tanh(v["W_xg"] @ v["x"] + v["b_g"] + r * (v["W_hg"] @ v["h"] + v["b_hg"]))
    return (1 - z) * g + z * v["h"]


def mgu_map(v):
    f = sigmoid(affine(v, "f"))
    g = np.tanh(v["W_hg"] @ (f * v["h"]) + v["W_xg"] @ v["x"] + v["b_g"])
    return (1 - f) * v["h"] + f * g


def min_gru_map(v):
    z, g = sigmoid(v["W_xz"] @ v["x"] + v["b_z"]), v["W_xg"] @ v["x"] + v["b_g"]
    return (1 - z) * v["h"] + z * g


def lstm_map(v):
    i, f, o = (sigmoid(affine(v, gate)) for gate in "ifo")
    c = f * v["c"] + i * np.tanh(affine(v, "g"))
    return np.concatenate([c, o * np.tanh(c)])


def peephole_map(v):
    i, f = (sigmoid(affine(v, gate) + v[f"p_{gate}"] * v["c"]) for gate in "if")
    c = f * v["c"] + i * np.tanh(affine(v, "g"))
    return np.concatenate([c, sigmoid(affine(v, "o") + v["p_o"] * c) * np.tanh(c)])


def cornn_map(v):
    drive = np.tanh(v["W_h"] @ v["h"] + v["W_v"] @ v["v"] + v["W_x"] @ v["x"] + v["b"])
    # v_t = v + dt (drive - gamma h - epsilon v_t)
    speed = (v["v"] + v["dt"] * (drive - v["gamma"] * v["h"])) / (1 + v["dt"] * v["epsilon"])
    return np.concatenate([speed, v["h"] + v["dt"] * speed])


def lru_map(v):
    eigenvalue = np.exp(-np.exp(v["nu"]) + 1j * v["theta"])
    s = eigenvalue * (v["u"] + 1j * v["v"]) + v["gamma"] * ((v["B_re"] + 1j * v["B_im"]) @ v["x"])
    return np.concatenate([s.real, s.imag])


MAPS = {
    "elman": lambda v: np.tanh(affine(v)),
    "linear": affine,
    "leaky": lambda v: (1 - v["a"]) * v["h"] + v["a"] * np.tanh(affine(v)),
    "jordan": lambda v: v["W_o"] @ np.tanh(v["W_y"] @ v["y"] + v["W_x"] @ v["x"] + v["b"]) + v["b_o"],
    "residual": lambda v: v["h"] + v["epsilon"] * np.tanh(affine(v)),
    "gru": gru_map,
    "gru_reset_after": gru_after_map,
    "mgu": mgu_map,
    "min_gru": min_gru_map,
    "lstm": lstm_map,
    "peephole_lstm": peephole_map,
    "chaos_free": lambda v: (
        sigmoid(affine(v, "f")) * np.tanh(v["h"]) + sigmoid(affine(v, "i")) * np.tanh(v["W_x"] @ v["x"])
    ),
    "ctrnn": lambda v: v["h"] + v["dt"] / v["tau"] * (np.tanh(affine(v)) - v["h"]),
    "antisymmetric": lambda v: (
        v["h"]
        + v["epsilon"]
        * np.tanh((v["M"] - v["M"].T - v["gamma"] * np.eye(len(v["h"]))) @ v["h"] + v["W_x"] @ v["x"] + v["b"])
    ),
    "cornn": cornn_map,
    "ssm": lambda v: v["A"] @ v["h"] + v["B"] @ v["x"],
    "lru": lru_map,
    "low_rank": lambda v: np.tanh(v["M"] @ v["N"].T @ v["h"] + v["W_x"] @ v["x"] + v["b"]),
    "plrnn": lambda v: v["a"] * v["h"] + v["W_h"] @ np.maximum(v["h"], 0) + v["W_x"] @ v["x"] + v["b"],
}


def draws(cell: Cell, seed: int, size: int = 3) -> dict:
    """Values by name for states, input and parameters; sizes other than n are 2."""
    random = np.random.default_rng(seed)
    values = {}
    for a in cell.arrays:
        if a.role in ("state", "input", "parameter"):
            shape = [size if str(d) == "n" else 2 for d in a.value.shape]
            values[a.name] = random.normal(size=shape[:1] if a.value.shape[1] == 1 else shape)
    return values | {s.name: np.array(random.uniform(0.2, 0.9)) for s in cell.parameters if not s.is_Matrix}


def test_every_cell_has_its_map_written_by_hand():
    assert set(MAPS) == set(CELLS)


@pytest.mark.parametrize("name", CELLS)
def test_the_map_is_the_one_written_by_hand(name):
    cell = CELLS[name]()
    step = step_result(cell).lambdify()
    for seed in range(4):
        v = draws(cell, seed)
        found = step(**{k: u for k, u in v.items() if k not in _of_output(cell)})
        np.testing.assert_allclose(np.asarray(found)[..., 0], MAPS[name](v), rtol=0, atol=1e-14)


def _of_output(cell):
    inside = {s.name for _, e in cell.equations for s in e.free_symbols}
    return {a.name for a in cell.arrays if a.role == "parameter"} - inside


def test_the_readout_of_the_lru_is_the_real_part():
    cell = CELLS["lru"]()
    v = draws(cell, 5)
    s = lru_map(v)
    values = {**v, "u": s[:3], "v": s[3:]}
    want = ((v["C_re"] + 1j * v["C_im"]) @ (s[:3] + 1j * s[3:])).real + v["D"] @ v["x"]
    text = cell.output[1].xreplace(dict(zip(cell.next, cell.state, strict=True)))
    from rnnsym.result import Result

    readout = Result("y", text, "=", text, arrays=cell.arrays)
    needed = {s.name for s in text.free_symbols}
    np.testing.assert_allclose(readout(**{k: u for k, u in values.items() if k in needed})[..., 0], want, atol=1e-14)


@pytest.mark.parametrize("name", CELLS)
def test_a_cell_goes_through_everything(name):
    cell = CELLS[name]()
    assert pickle.loads(pickle.dumps(cell)) == cell
    assert cell.source or name == "linear"
    parameters = [s.name for s in cell._parameter_symbols()]
    results = [jacobian(cell, wrt) for wrt in ("state", "input", *parameters)]
    results += [parameter_gradient(cell, k) for k in parameters]
    for result in results:
        assert verify(result, trials=2), str(result)  # test_jacobian has more
        tex = result.latex(steps=True)
        assert balanced(tex), tex
        assert pickle.loads(pickle.dumps(result)) == result
    sized = cell.at(n=2, m=1)
    assert sized.general == cell
    assert verify(jacobian(sized), trials=8)
    one = cell.at(n=1, m=1)
    assert one.is_scalar and verify(jacobian(one), trials=8)
    assert balanced(jacobian(sized).latex())
    symbol = sized.parameters[0]
    assert symbol not in jacobian(sized.subs({symbol: 1})).rhs.free_symbols


def balanced(tex: str) -> bool:
    """Braces, environments and \\left ... \\right match."""
    depth = 0
    for brace in tex.replace(r"\{", "").replace(r"\}", ""):
        depth += (brace == "{") - (brace == "}")
        if depth < 0:
            return False
    same = [
        tex.count(rf"\begin{{{k}}}") == tex.count(rf"\end{{{k}}}") for k in ("equation", "align", "align*", "bmatrix")
    ]
    return depth == 0 and all(same) and tex.count(r"\left") == tex.count(r"\right")


@pytest.mark.parametrize("modules", ["numpy", "torch", "mpmath", "jax"])
@pytest.mark.parametrize("name", CELLS)
def test_array_code_agrees_in_every_module(name, modules):
    if modules in ("torch", "jax"):
        pytest.importorskip(modules)
    cell = CELLS[name]()
    step = step_result(cell)
    v = {k: u for k, u in draws(cell, 1).items() if k not in _of_output(cell)}
    found = step.lambdify(modules)(**v)
    found = found.numpy() if modules == "torch" else np.asarray(found, dtype=float)
    np.testing.assert_allclose(
        found[..., 0], MAPS[name](draws(cell, 1)), rtol=0, atol=1e-5 if modules == "jax" else 1e-13
    )


@pytest.mark.parametrize("trials", [1, pytest.param(8, marks=pytest.mark.slow)])
@pytest.mark.parametrize("name", CELLS)
def test_a_report_of_it_is_verified(name, trials):
    asked = ["equations", "jacobian", "parameter-gradient", "dimension-free"]
    found = report(CELLS[name](), trials=trials, questions=asked)
    assert found.verdict == "verified", [str(c) for _, c in found.checks if not c]


@pytest.mark.slow
@pytest.mark.parametrize("name", CELLS)
def test_its_report_compiles(name, tmp_path):
    if shutil.which("pdflatex") is None:
        pytest.skip("no pdflatex")
    report(CELLS[name](), tmp_path / "a.tex", trials=2, questions=["equations", "jacobian", "parameter-gradient"])
    run = subprocess.run(
        ["pdflatex", "-no-shell-escape", "-interaction=nonstopmode", "-halt-on-error", "a.tex"],
        cwd=tmp_path, capture_output=True, timeout=120,
    )  # fmt: skip
    assert run.returncode == 0, run.stdout[-2000:].decode(errors="replace")


# The frameworks' own cells


def torch_values(module, gates, size, two_biases=()):
    """The parameters of a torch cell by our names; biases are added, but of a gate in `two_biases`."""
    w = {k: u.detach().numpy() for k, u in module.named_parameters()}
    values = {}
    for k, gate in enumerate(gates):
        rows = slice(k * size, (k + 1) * size)
        values[f"W_h{gate}" if gate else "W_h"] = w["weight_hh"][rows]
        values[f"W_x{gate}" if gate else "W_x"] = w["weight_ih"][rows]
        name = f"b_{gate}" if gate else "b"
        values[name] = w["bias_ih"][rows]
        if gate in two_biases:
            values[f"b_h{gate}"] = w["bias_hh"][rows]
        else:
            values[name] = values[name] + w["bias_hh"][rows]
    return values


@pytest.mark.parametrize(
    ("kind", "cell", "gates"),
    [
        ("RNN", CELLS["elman"](), [""]),
        ("RNN-relu", CELLS["elman"]("relu"), [""]),
        ("LSTM", CELLS["lstm"](), "ifgo"),
        ("GRU", CELLS["gru_reset_after"](), "rzg"),
        ("GRU", gru(reset="after"), "rzg"),
    ],
    ids=["tanh", "relu", "lstm", "gru_reset_after", "gru(reset=after)"],
)
def test_the_maps_are_those_of_torch(kind, cell, gates):
    torch = pytest.importorskip("torch")
    size, inputs = 4, 3
    torch.manual_seed(0)
    options = {"nonlinearity": "relu"} if kind == "RNN-relu" else {}
    module = getattr(torch.nn, f"{kind.split('-')[0]}Cell")(inputs, size, **options).double()
    values = torch_values(module, gates, size, two_biases="g" if kind == "GRU" else ())
    random = np.random.default_rng(2)
    x, start = random.normal(size=(5, inputs)), {s.name: random.normal(size=size) for s in cell.state}
    found = trajectory(cell, values, start if len(start) > 1 else start["h"], x)
    state = torch.tensor(start["h"])[None]
    state = (state, torch.tensor(start["c"])[None]) if kind == "LSTM" else state
    for t in range(5):
        state = module(torch.tensor(x[t])[None], state)
        want = (state[0] if kind == "LSTM" else state).detach().numpy()[0]
        np.testing.assert_allclose((found["h"] if kind == "LSTM" else found)[t], want, atol=1e-15)


# Options


def test_the_two_update_conventions_swap_the_gate():
    keep, replaced = gru(), gru(update="replace")
    z, g, h = sp.symbols("z_t g_t h", real=True)
    texts = [sp.sympify(str(c.equations[-1][1]), locals={"z_t": z, "g_t": g, "h": h}) for c in (keep, replaced)]
    assert sp.expand(texts[0].subs(z, 1 - z) - texts[1]) == 0


def test_options_change_the_map_as_they_say():
    damped = CELLS["cornn"](damping="explicit")
    v = draws(damped, 3)
    drive = np.tanh(v["W_h"] @ v["h"] + v["W_v"] @ v["v"] + v["W_x"] @ v["x"] + v["b"])
    speed = v["v"] + v["dt"] * (drive - v["gamma"] * v["h"] - v["epsilon"] * v["v"])
    want = np.concatenate([speed, v["h"] + v["dt"] * speed])
    np.testing.assert_allclose(step_result(damped)(**v)[..., 0], want, atol=1e-14)

    current = CELLS["ctrnn"](form="current")
    v = draws(current, 3)
    want = v["h"] + v["dt"] / v["tau"] * (-v["h"] + v["W_h"] @ np.tanh(v["h"]) + v["W_x"] @ v["x"] + v["b"])
    np.testing.assert_allclose(step_result(current)(**v)[..., 0], want, atol=1e-14)

    diagonal = CELLS["ssm"](structure="diagonal")
    v = draws(diagonal, 3)
    inside = {k: u for k, u in v.items() if k in ("a", "B", "h", "x")}
    np.testing.assert_allclose(step_result(diagonal)(**inside)[..., 0], v["a"] * v["h"] + v["B"] @ v["x"], atol=1e-14)


def test_the_reduced_low_rank_cell_is_the_projection_of_the_full_one():
    full, small = CELLS["low_rank"](), CELLS["low_rank"](reduced=True)
    v = draws(full, 4)
    h_t = step_result(full)(**v)[..., 0]
    rest = {k: v[k] for k in ("M", "N", "W_x", "b", "x")}
    np.testing.assert_allclose(step_result(small)(**rest, kappa=v["N"].T @ v["h"])[..., 0], v["N"].T @ h_t, atol=1e-14)


@pytest.mark.parametrize(
    "cell",
    [
        gru(reset="after", update="replace"), CELLS["cornn"](damping="explicit"), CELLS["ctrnn"](form="current"),
        CELLS["ssm"](structure="diagonal"), CELLS["low_rank"](reduced=True), CELLS["jordan"]("sigmoid", "tanh"),
        CELLS["antisymmetric"]("sigmoid"),
    ],
    ids=lambda c: c.name,
)  # fmt: skip
def test_jacobians_of_the_variants_agree_with_differences(cell):
    for wrt in ("state", "input"):
        assert verify(jacobian(cell, wrt), trials=20)


def test_min_gru_jacobian_is_diagonal():
    assert str(jacobian(CELLS["min_gru"]()).rhs) == "diag(1 - z_t)"
