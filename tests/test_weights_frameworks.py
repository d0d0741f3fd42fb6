"""Forward passes and Jacobians of loaded networks against the frameworks: torch, ONNX's evaluators, Keras, Flax."""

import os
from functools import cache
from importlib.util import find_spec

import numpy as np
import pytest

import rnnsym as rs
from rnnsym.network import jacobians, states
from rnnsym.network.running import run
from rnnsym.weights import Network, load_weights

os.environ.setdefault("KERAS_BACKEND", "jax" if find_spec("jax") else "torch")
TOLERANCE = {"float64": 1e-12, "float32": 1e-5}
STEPS, BATCH, INPUTS, UNITS = 6, 2, 3, 4


@cache
def inputs(dtype="float64", m=INPUTS):
    return np.random.default_rng(7).normal(size=(STEPS, BATCH, m)).astype(dtype)


def hidden(network, x):
    found = states(network, x)
    return found["h"] if isinstance(found, dict) else found


def near(a, b, dtype):
    assert a.dtype == np.dtype(dtype)
    assert np.abs(a - b).max() <= TOLERANCE[dtype]


# PyTorch


def torch_layer(torch, kind, dtype, **options):
    torch.manual_seed(3)
    phi = {"nonlinearity": "relu"} if kind == "RELU" else {}
    made = getattr(torch.nn, "RNN" if kind == "RELU" else kind)(INPUTS, UNITS, **phi, **options)
    return made.to(getattr(torch, dtype))


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("kind", ["RNN", "RELU", "GRU", "LSTM"])
def test_two_layers_and_both_directions_of_torch(kind, dtype):
    torch = pytest.importorskip("torch")
    layer = torch_layer(torch, kind, dtype, num_layers=2, bidirectional=True)
    with torch.no_grad():
        want = layer(torch.tensor(inputs(dtype)))[0].numpy()
    phi = "relu" if kind == "RELU" else None
    signal = inputs(dtype)
    for k in (0, 1):
        forward, back = (
            load_weights(layer.state_dict(), layer=k, direction=d, phi=phi) for d in ("forward", "reverse")
        )
        signal = np.concatenate([hidden(forward, signal), hidden(back, signal[::-1])[::-1]], axis=-1)
    near(signal, want, dtype)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("kind", ["RNN", "RELU", "GRU", "LSTM"])
def test_jacobians_are_those_of_torchs_autodiff(kind, dtype):
    torch = pytest.importorskip("torch")
    layer = torch_layer(torch, kind, dtype)
    arrays = {k.removesuffix("_l0"): v for k, v in layer.state_dict().items()}
    name = "RNN" if kind == "RELU" else kind
    phi = {"nonlinearity": "relu"} if kind == "RELU" else {}
    cell = getattr(torch.nn, f"{name}Cell")(INPUTS, UNITS, **phi).to(getattr(torch, dtype))
    cell.load_state_dict(arrays)
    network = load_weights(cell.state_dict(), phi="relu" if kind == "RELU" else None)
    course = run(network, inputs(dtype))

    def step(state, x):
        if kind == "LSTM":
            h, c = cell(x, (state[UNITS:], state[:UNITS]))
            return torch.cat([c, h])
        return cell(x, state)

    both = torch.func.vmap(torch.func.vmap(torch.func.jacrev(step, argnums=(0, 1))))
    A, B = both(torch.tensor(course.before), torch.tensor(inputs(dtype)))
    near(jacobians(network, inputs(dtype)), A.detach().numpy(), dtype)
    near(jacobians(network, inputs(dtype), wrt="input"), B.detach().numpy(), dtype)


def test_a_layer_without_biases_and_a_whole_model():
    torch = pytest.importorskip("torch")
    torch.manual_seed(0)
    plain = torch.nn.GRU(INPUTS, UNITS, bias=False).double()
    network = load_weights(plain.state_dict(), bias=False)
    near(hidden(network, inputs()), plain(torch.tensor(inputs()))[0].detach().numpy(), "float64")
    model = torch.nn.ModuleDict({"rnn": torch.nn.RNN(INPUTS, UNITS), "fc": torch.nn.Linear(UNITS, 1)}).double()
    read = load_weights(model.state_dict(), readout="fc")
    want = model["fc"](model["rnn"](torch.tensor(inputs()))[0]).detach().numpy()
    near(rs.network.outputs(read, inputs()), want, "float64")


# every layout, from one network


@cache
def network_of(kind, dtype="float64"):
    random, g = np.random.default_rng(11), {"rnn": 1, "gru": 3, "lstm": 4}[kind]
    shapes = {
        "weight_ih_l0": (g * UNITS, INPUTS),
        "weight_hh_l0": (g * UNITS, UNITS),
        "bias_ih_l0": (g * UNITS,),
        "bias_hh_l0": (g * UNITS,),
    }
    return load_weights({k: random.normal(size=s).astype(dtype) for k, s in shapes.items()})


# ONNX


def onnx_model(network, kind, dtype, **attributes):
    onnx = pytest.importorskip("onnx")
    helper, numpy_helper = onnx.helper, onnx.numpy_helper
    arrays = network.to_arrays(f"onnx-{kind}")
    word = kind.upper()
    node = helper.make_node(word, ["X", "W", "R", "B"], ["Y"], name="layer", hidden_size=UNITS, **attributes)
    number = onnx.TensorProto.FLOAT if dtype == "float32" else onnx.TensorProto.DOUBLE
    graph = helper.make_graph(
        [node], "g", [helper.make_tensor_value_info("X", number, [STEPS, BATCH, INPUTS])],
        [helper.make_tensor_value_info("Y", number, None)], [numpy_helper.from_array(v, k) for k, v in arrays.items()],
    )  # fmt: skip
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 14)], ir_version=8)


CASES = [("rnn", {}), ("lstm", {}), ("gru", {"linear_before_reset": 1}), ("gru", {})]


@pytest.mark.parametrize(("kind", "attributes"), CASES)
def test_onnx_files_run_as_in_its_reference_evaluator(kind, attributes, tmp_path):
    pytest.importorskip("onnx")
    from onnx.reference import ReferenceEvaluator

    model = onnx_model(network_of(kind), kind, "float64", **attributes)
    path = tmp_path / "m.onnx"
    path.write_bytes(model.SerializeToString())
    network = load_weights(path)
    (want,) = ReferenceEvaluator(model).run(None, {"X": inputs()})
    near(hidden(network, inputs()), want[:, 0], "float64")


@pytest.mark.parametrize(("kind", "attributes"), CASES)
def test_onnx_files_run_as_in_onnxruntime(kind, attributes, tmp_path):
    onnxruntime = pytest.importorskip("onnxruntime")
    path = tmp_path / "m.onnx"
    path.write_bytes(onnx_model(network_of(kind, "float32"), kind, "float32", **attributes).SerializeToString())
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    (want,) = session.run(None, {"X": inputs("float32")})
    near(hidden(load_weights(path), inputs("float32")), want[:, 0], "float32")


@pytest.mark.parametrize("kind", ["RNN", "GRU", "LSTM"])
def test_files_that_torch_exports_as_onnx(kind, tmp_path):
    torch = pytest.importorskip("torch")
    pytest.importorskip("onnx")
    layer = torch_layer(torch, kind, "float32", num_layers=2, bidirectional=True)
    path = tmp_path / "m.onnx"
    torch.onnx.export(layer, (torch.zeros(STEPS, 1, INPUTS),), str(path), dynamo=False)
    for k in (0, 1):
        for direction in ("forward", "reverse"):
            exported = load_weights(path, layer=k, direction=direction)
            assert exported == load_weights(layer.state_dict(), layer=k, direction=direction)


# Keras


@pytest.mark.parametrize(("kind", "reset"), [("rnn", None), ("lstm", None), ("gru", "after"), ("gru", "before")])
def test_keras_layers(kind, reset):
    keras = pytest.importorskip("keras")
    name = {"rnn": "SimpleRNN", "lstm": "LSTM", "gru": "GRU"}[kind]
    more = {} if reset is None else {"reset_after": reset == "after"}
    layer = getattr(keras.layers, name)(UNITS, return_sequences=True, **more)
    x = inputs("float32").swapaxes(0, 1)
    layer.build(x.shape)
    random = np.random.default_rng(2)
    layer.set_weights([random.normal(size=w.shape).astype("float32") for w in layer.get_weights()])
    network = load_weights(layer.get_weights(), layout=f"keras-{kind}")
    assert np.abs(hidden(network, inputs("float32")) - np.asarray(layer(x)).swapaxes(0, 1)).max() < 1e-5
    by_path = {w.path: np.asarray(w) for w in layer.weights}
    assert load_weights(by_path, layout="keras") == network
    layer.set_weights([network.to_arrays(f"keras-{kind}")[k] for k in ("kernel", "recurrent_kernel", "bias")])
    assert np.abs(hidden(network, inputs("float32")) - np.asarray(layer(x)).swapaxes(0, 1)).max() < 1e-5


# Flax


@pytest.mark.parametrize("kind", ["rnn", "gru", "lstm"])
def test_flax_linen_cells(kind):
    linen = pytest.importorskip("flax.linen")
    import jax

    cell = {"rnn": linen.SimpleCell, "gru": linen.GRUCell, "lstm": linen.LSTMCell}[kind](UNITS)
    x = inputs("float32")
    carry = cell.initialize_carry(jax.random.key(0), x[0].shape)
    params = cell.init(jax.random.key(1), carry, x[0])
    random = np.random.default_rng(4)
    params = jax.tree.map(lambda a: jax.numpy.asarray(random.normal(size=a.shape).astype("float32")), params)
    network = load_weights(params, layout=f"flax-{kind}")
    want = []
    for t in range(STEPS):
        carry, h = cell.apply(params, carry, x[t])
        want.append(np.asarray(h))
    near(hidden(network, x), np.array(want), "float32")


@pytest.mark.parametrize("kind", ["rnn", "gru", "lstm", "plain lstm"])
def test_flax_nnx_cells(kind):
    nnx = pytest.importorskip("flax.nnx")
    import jax

    made = {"rnn": nnx.SimpleCell, "gru": nnx.GRUCell, "lstm": nnx.OptimizedLSTMCell, "plain lstm": nnx.LSTMCell}[kind]
    cell = made(INPUTS, UNITS, rngs=nnx.Rngs(0))
    random = np.random.default_rng(4)
    state = jax.tree.map(
        lambda a: jax.numpy.asarray(random.normal(size=a.shape).astype("float32")), nnx.state(cell, nnx.Param)
    )
    nnx.update(cell, state)
    network = load_weights(nnx.to_pure_dict(nnx.state(cell, nnx.Param)), layout=f"nnx-{kind.split()[-1]}")
    x = inputs("float32")
    carry = cell.initialize_carry(x[0].shape, nnx.Rngs(0))
    want = []
    for t in range(STEPS):
        carry, h = cell(carry, jax.numpy.asarray(x[t]))
        want.append(np.asarray(h))
    near(hidden(network, x), np.array(want), "float32")


def test_a_network_made_by_hand_runs_as_loops_do():
    network = network_of("gru")
    v, h = network.values, np.zeros((BATCH, UNITS))
    for x in inputs():
        z, r = (1 / (1 + np.exp(-(h @ v[f"W_h{g}"].T + x @ v[f"W_x{g}"].T + v[f"b_{g}"]))) for g in "zr")
        g = np.tanh(x @ v["W_xg"].T + v["b_g"] + r * (h @ v["W_hg"].T + v["b_hg"]))
        h = (1 - z) * g + z * h
    assert np.abs(states(network, inputs())[-1] - h).max() < 1e-14
    assert isinstance(network, Network)
