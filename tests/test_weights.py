"""Trained weights: bad inputs 7 to 20 row by row, layouts that round-trip, files that are what they say."""

import json
import pickle
import struct
import zipfile
from dataclasses import replace

import numpy as np
import pytest

import rnnsym as rs
from rnnsym.cells import elman, gru_reset_after, leaky, lstm, peephole_lstm
from rnnsym.result import LimitReached, ShapeError, SpecError
from rnnsym.weights import LAYOUTS, Network, load_weights, save_weights

GATES = {"rnn": 1, "gru": 3, "lstm": 4}


def torch_arrays(kind="lstm", n=3, m=2, suffix="_l0", dtype=np.float64, seed=0):
    random, g = np.random.default_rng(seed), GATES[kind]
    shapes = {"weight_ih": (g * n, m), "weight_hh": (g * n, n), "bias_ih": (g * n,), "bias_hh": (g * n,)}
    return {f"{k}{suffix}": random.normal(size=s).astype(dtype) for k, s in shapes.items()}


def refused(match, arrays, kind=SpecError, **options):
    with pytest.raises(kind, match=match):
        load_weights(arrays, **options)


# rows 7 to 20


def test_row_7_weights_transposed():
    arrays = torch_arrays(n=3)
    arrays["weight_ih_l0"] = arrays["weight_ih_l0"].T
    refused(
        r"weight_ih_l0 is \(2, 12\); layout 'torch-lstm' needs \(12, 2\). Keras\? use layout 'keras-lstm'",
        arrays,
        ShapeError,
    )
    arrays = torch_arrays(n=3)
    arrays["weight_hh_l0"] = arrays["weight_hh_l0"].T
    refused(r"weight_hh_l0 is \(3, 12\); layout 'torch-lstm' needs \(12, 3\)", arrays, ShapeError, layout="torch-lstm")
    keras = load_weights(torch_arrays()).to_arrays("keras-lstm")
    refused(
        r"kernel is \(2, 12\); layout 'torch-lstm' needs \(12, 2\).*Keras\? use layout 'keras-lstm'",
        keras,
        ShapeError,
        layout="torch-lstm",
    )
    keras["kernel"] = keras["kernel"].T
    refused(
        r"kernel is \(12, 2\); layout 'keras-lstm' needs \(2, 12\). PyTorch\?", keras, ShapeError, layout="keras-lstm"
    )


def test_row_8_rows_that_are_no_multiple_of_the_gates():
    arrays = torch_arrays("gru", n=3)
    arrays["weight_ih_l0"] = np.zeros((10, 2))
    refused(r"weight_ih_l0 has 10 rows, not 3×hidden \(GRU\)", arrays, ShapeError)
    arrays["weight_hh_l0"] = np.zeros((10, 3))
    refused("10 is not 1, 3 or 4 times 3", arrays, ShapeError)
    refused(r"weight_hh_l0 has 10 rows, not 3×hidden \(GRU\)", arrays, ShapeError, layout="torch-gru")
    refused(r"weight_hh_l0 has 12 rows, not 3×hidden \(GRU\)", torch_arrays("lstm"), ShapeError, layout="torch-gru")


def test_row_9_a_layout_left_out():
    arrays = load_weights(torch_arrays()).to_arrays("keras-lstm")
    refused(r"gate order cannot be seen from shapes; pass layout=.*names look like keras's", arrays)
    refused("gate order cannot be seen from shapes", {"a": np.zeros((12, 2)), "b": np.zeros((12, 3))})
    refused("unknown layout 'torch-lsmt'; known: torch-rnn", arrays, layout="torch-lsmt")


def test_row_10_a_missing_key():
    arrays = torch_arrays()
    del arrays["bias_hh_l0"]
    refused(
        r"missing 'bias_hh_l0' \(found: bias_ih_l0, weight_hh_l0, weight_ih_l0\); for bias=False pass bias=False",
        arrays,
    )
    del arrays["bias_ih_l0"]
    network = load_weights(arrays, bias=False)
    assert not any(network.values[f"b_{g}"].any() for g in "ifog")
    refused("bias=False was given, but 'bias_ih_l0' is there", torch_arrays(), bias=False)
    del arrays["weight_ih_l0"]
    refused("missing 'weight_ih_l0'", arrays)
    refused("missing 'recurrent_kernel'", {"kernel": np.zeros((2, 12))}, layout="keras-lstm")


def test_row_11_unexpected_keys():
    refused(
        r"weight_hr_l0: projection LSTM \(proj_size\) not supported",
        {**torch_arrays(), "weight_hr_l0": np.zeros((2, 3))},
    )
    refused("unexpected 'alpha' in layout", {**torch_arrays(), "alpha": np.zeros(3)})
    network = load_weights({f"rnn.{k}": v for k, v in torch_arrays().items()} | {"fc.weight": np.zeros((1, 3))})
    assert network.notes == ("other arrays, left out: fc.weight",)


def test_row_12_layers_and_directions():
    arrays = {}
    for layer in (0, 1):
        for back in ("", "_reverse"):
            arrays |= torch_arrays(m=2 if layer == 0 else 6, suffix=f"_l{layer}{back}", seed=2 * layer + bool(back))
    refused("2 layers, bidirectional: choose layer=0, direction='forward'", arrays)
    refused("2 layers, bidirectional: choose layer=0, direction='forward'", arrays, layer=1)
    refused("layer=2, direction='forward' is not there", arrays, layer=2, direction="forward")
    refused("direction must be 'forward' or 'reverse', got 'up'", arrays, layer=0, direction="up")
    network = load_weights(arrays, layer=1, direction="reverse")
    assert np.array_equal(network.values["W_xi"], arrays["weight_ih_l1_reverse"][:3])
    assert load_weights(network.to_arrays("torch-lstm")) == network


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_row_13_weights_that_are_no_numbers(bad):
    arrays = torch_arrays()
    arrays["weight_ih_l0"][2, 0] = bad
    refused(rf"weight_ih_l0\[2, 0\] is {bad}; refusing", arrays)


def test_row_14_whole_numbers():
    refused(
        "dtype int64 would overflow silently; cast to float64",
        {k: v.astype(np.int64) for k, v in torch_arrays().items()},
    )
    refused("dtype bool", {k: v > 0 for k, v in torch_arrays().items()})


def test_row_15_half_types(tmp_path):
    refused("dtype float16 not readable with NumPy; export as float32", torch_arrays(dtype=np.float16))
    header = json.dumps({"weight_hh_l0": {"dtype": "BF16", "shape": [3, 3], "data_offsets": [0, 18]}}).encode()
    path = tmp_path / "m.safetensors"
    path.write_bytes(len(header).to_bytes(8, "little") + header + bytes(18))
    refused("weight_hh_l0: dtype bfloat16 not readable with NumPy; export as float32", path)


def test_row_15_half_tensors_of_torch():
    torch = pytest.importorskip("torch")
    net = torch.nn.LSTM(2, 3).to(torch.bfloat16)
    refused("dtype bfloat16 not readable with NumPy; export as float32", net.state_dict())


def test_row_16_complex_weights():
    refused("complex weights: this cell's field is real", {k: v + 1j for k, v in torch_arrays().items()})
    cell = replace(elman(), field="complex")
    assert load_weights({"W_h": np.eye(1) * 1j, "W_x": np.eye(1) + 0j}, cell=cell).dtype == np.complex128


class Trap:
    def __reduce__(self):
        return (print, ("this must never run",))


def test_row_17_python_objects(tmp_path, capsys):
    np.savez(tmp_path / "m.npz", weight_hh_l0=np.array([Trap()], dtype=object))
    refused("holds Python objects; loading would run code. Re-save with np.savez or safetensors", tmp_path / "m.npz")
    refused("holds Python objects", {**torch_arrays(), "bias_hh_l0": np.array([None] * 12)})
    refused("holds .*U1", {**torch_arrays(), "bias_hh_l0": np.array(["a"] * 12)})
    assert "never" not in capsys.readouterr().out


@pytest.mark.parametrize("suffix", [".pt", ".pth", ".pkl"])
def test_row_18_pickles(tmp_path, suffix):
    path = tmp_path / f"m{suffix}"
    path.write_bytes(pickle.dumps(Trap()))
    refused(r"not read on purpose: .* run: .*save_file\(model.state_dict\(\), 'm.safetensors'\)", path)


def test_row_19_truncated_and_wrong_files(tmp_path):
    good, bad = tmp_path / "good.safetensors", tmp_path / "bad.safetensors"
    save_weights(load_weights(torch_arrays()), good)
    data = good.read_bytes()
    for cut in (
        b"",
        data[:5],
        data[:40],
        data[:-3],
        b"\xff" * 64,
        (20).to_bytes(8, "little") + b"x" * 20,
        (2).to_bytes(8, "little") + b"[]",
    ):
        bad.write_bytes(cut)
        refused("is not a safetensors file: header", bad)
    for entry in ({"dtype": "F64"}, {"dtype": "F64", "shape": [-1], "data_offsets": [0, 8]}, {"dtype": "F64", "shape": [2], "data_offsets": [0, 8]},
                  {"dtype": "F64", "shape": [1], "data_offsets": [-8, 0]}, [1]):  # fmt: skip
        text = json.dumps({"W": entry}).encode()
        bad.write_bytes(len(text).to_bytes(8, "little") + text + bytes(8))
        refused("is not a safetensors file: header", bad)
    wrong = tmp_path / "m.npz"
    wrong.write_bytes(b"no zip")
    refused("is not an .npz file", wrong)
    np.savez(wrong, **torch_arrays())
    wrong.write_bytes(wrong.read_bytes()[:-50])
    refused("m.npz", wrong)
    with zipfile.ZipFile(wrong, "w") as archive:
        archive.writestr("weight_hh_l0.npy", b"\x93NUMPY")
    refused("cannot be read", wrong)


def test_row_20_paths(tmp_path):
    refused("no such file: ", tmp_path / "m.npz")
    refused("is a folder; give a file", tmp_path)
    refused("ends in '.txt'; weight files are .npz, .safetensors, .onnx", tmp_path / "m.txt")
    refused(r"\.h5 files are not read.*get_weights", tmp_path / "m.h5")
    path = tmp_path / "big.npz"
    np.savez(path, **torch_arrays())
    refused(r"kB exceeds 1 kB", path, LimitReached, max_bytes=1024)
    np.savez_compressed(path, a=np.zeros(200_000))
    refused(r"unpacks to 1.5 MB, which exceeds 1 MB", path, LimitReached, max_bytes=2**20)
    refused("a path or a mapping", 3)
    refused("no arrays are there", {})


# what a network is


def test_a_network_checks_its_arrays():
    W = np.eye(3)
    with pytest.raises(ShapeError, match=r"W_x has shape \(2, 1\), hidden size is 3"):
        Network(elman(), {"W_h": W, "W_x": np.ones((2, 1))})
    with pytest.raises(ShapeError, match=r"W_h has shape \(3, 2\), hidden size is 3"):
        Network(elman(), {"W_h": W[:, :2], "W_x": np.ones((3, 1))})
    with pytest.raises(ShapeError, match=r"b has shape \(3, 1\); \(n,\) is needed"):
        Network(elman(), {"W_h": W, "W_x": np.ones((3, 1)), "b": np.ones((3, 1))})
    with pytest.raises(SpecError, match="elman needs W_x; given: W_h"):
        Network(elman(), {"W_h": W})
    with pytest.raises(SpecError, match="elman has no parameter 'U'"):
        Network(elman(), {"U": W})
    with pytest.raises(SpecError, match="has its sizes already"):
        Network(elman(n=2), {"W_h": W})


def test_a_network_is_frozen_and_pickles():
    network = load_weights(torch_arrays())
    with pytest.raises(ValueError, match="read-only"):
        network.values["b_i"][0] = 1.0
    again = pickle.loads(pickle.dumps(network))
    assert again == network and again.n == 6 and again.blocks == {"c": 3, "h": 3} and again.sizes == {"n": 3, "m": 2}
    changed = Network(network.cell, {**network.values, "b_i": np.ones(3)})
    assert changed != network


def test_arrays_by_the_cells_own_names_round_trip():
    values = {"a": 0.25, "W_h": np.eye(2) / 2, "W_x": np.ones((2, 1)), "b": np.zeros(2)}
    network = load_weights(values, cell=leaky())
    assert load_weights(network.to_arrays(), cell=leaky()) == network
    assert str(network).startswith("leaky with 2 states, 1 input, float64")
    refused("not both", values, cell=leaky(), layout="torch")


# layouts


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_layout_round_trips_exactly(layout, dtype):
    kind = layout.split("-")[1]
    start = load_weights(torch_arrays(kind, dtype=dtype))
    if layout == "nnx-gru":
        start = Network(start.cell, {**start.values, "b_hg": np.zeros(3, dtype)})
    arrays = start.to_arrays(layout)
    back = load_weights(arrays, layout=layout, reset="after" if layout == "onnx-gru" else None)
    assert back == start and back.dtype == dtype
    again = back.to_arrays(layout)
    assert again.keys() == arrays.keys() and all(np.array_equal(again[k], arrays[k]) for k in arrays)
    assert load_weights(arrays, layout=layout.split("-")[0], reset="after" if layout == "onnx-gru" else None) == start


def test_a_state_dict_comes_back_as_it_was_while_the_values_are_the_same():
    arrays = torch_arrays("gru")
    network = load_weights(arrays)
    again = network.to_arrays("torch-gru")
    assert all(np.array_equal(again[k], arrays[k]) for k in arrays)
    changed = Network(network.cell, {**network.values, "b_z": np.ones(3)}, origin=network.origin)
    assert np.array_equal(changed.to_arrays("torch")["bias_ih_l0"][3:6], np.ones(3))


def test_layouts_refuse_what_they_have_no_place_for():
    network = load_weights(torch_arrays("gru"))
    with pytest.raises(SpecError, match="no hidden bias, and b_hg is not zero"):
        network.to_arrays("nnx-gru")
    before = load_weights(load_weights(torch_arrays("gru")).to_arrays("onnx-gru"), layout="onnx-gru")
    assert before.cell == rs.gru() and "reset before the linear map" in before.notes[0]
    for layout in ("torch-gru", "flax-gru", "nnx-gru"):
        with pytest.raises(SpecError, match="resets after the linear map, this gru before it"):
            before.to_arrays(layout)
    with pytest.raises(SpecError, match="is none of the cells that frameworks have"):
        Network(leaky(), {"a": 0.5, "W_h": np.eye(1), "W_x": np.eye(1)}).to_arrays("torch-rnn")


def test_a_gru_of_keras_shows_its_reset_by_its_bias():
    network = load_weights(torch_arrays("gru"))
    arrays = network.to_arrays("keras-gru")
    assert arrays["bias"].shape == (2, 9) and load_weights(arrays, layout="keras").cell == gru_reset_after()
    flat = {**arrays, "bias": arrays["bias"][0]}
    assert load_weights(flat, layout="keras-gru").cell == rs.gru()
    refused("that of reset='before'; got reset='after'", flat, layout="keras-gru", reset="after")
    refused("bias has shape", {**arrays, "bias": np.zeros(5)}, ShapeError, layout="keras-gru")


def test_peepholes_of_onnx():
    random = np.random.default_rng(1)
    cell = peephole_lstm()
    shapes = {"n": 3, "m": 2}
    values = {s.name: random.normal(size=[shapes[str(d)] for d in s.shape if str(d) != "1"]) for s in cell.parameters}
    network = Network(cell, values)
    assert load_weights(network.to_arrays("onnx-lstm"), layout="onnx-lstm") == network
    with pytest.raises(SpecError, match="no peepholes"):
        network.to_arrays("torch-lstm")


def test_modules_nested_mappings_and_lists():
    arrays = load_weights(torch_arrays("gru", m=3)).to_arrays("flax-gru")
    nested: dict = {}
    for name, value in arrays.items():
        gate, leaf = name.split(".")
        nested.setdefault("params", {}).setdefault("GRUCell_0", {}).setdefault(gate, {})[leaf] = value
    assert load_weights(nested, layout="flax-gru").cell == gru_reset_after()
    keras = load_weights(torch_arrays()).to_arrays("keras")
    listed = [keras["kernel"], keras["recurrent_kernel"], keras["bias"]]
    assert load_weights(listed, layout="keras-lstm") == load_weights(torch_arrays())
    two = {f"{k}.{name}": v for k in ("enc", "dec") for name, v in torch_arrays().items()}
    refused("2 recurrent layers: choose one with prefix=, of 'enc', 'dec'", two)
    assert load_weights(two, prefix="dec") == load_weights(torch_arrays())
    refused("prefix 'x' names 0 recurrent layers", two, prefix="x")


def test_a_readout_becomes_the_output_map():
    arrays = {f"rnn.{k}": v for k, v in torch_arrays("rnn").items()}
    arrays |= {"fc.weight": np.ones((1, 3)), "fc.bias": np.zeros(1)}
    network = load_weights(arrays, readout="fc", phi="tanh")
    assert str(network.cell.output[1]) == "C*h_t + d" and network.values["C"].shape == (1, 3) and not network.notes
    refused("readout 'out' has no 'weight'", arrays, readout="out")
    arrays["fc.weight"] = np.ones((1, 4))
    refused("fc maps 4 inputs, the layer has 3 units", arrays, ShapeError, readout="fc")


# files


@pytest.mark.parametrize("name", ["m.npz", "m.safetensors"])
def test_files_round_trip_exactly(tmp_path, name):
    network = load_weights(torch_arrays(dtype=np.float32))
    path = save_weights(network, tmp_path / name, layout="torch-lstm")
    back = load_weights(path)
    assert back == network and back.dtype == np.float32
    with pytest.raises(SpecError, match="exists; pass force=True"):
        save_weights(network, path)
    assert load_weights(save_weights(network, path, force=True), cell=lstm()) == network
    with pytest.raises(SpecError, match=r"written as \.npz or \.safetensors"):
        save_weights(network, tmp_path / "m.pt")


def test_safetensors_files_are_those_of_the_package(tmp_path):
    numpy = pytest.importorskip("safetensors.numpy")
    arrays = torch_arrays("gru", dtype=np.float32)
    numpy.save_file(arrays, tmp_path / "theirs.safetensors")
    network = load_weights(tmp_path / "theirs.safetensors")
    ours = save_weights(network, tmp_path / "ours.safetensors", layout="torch-gru")
    assert all(np.array_equal(numpy.load_file(ours)[k], v) for k, v in arrays.items())


# ONNX, written by hand


def varint(value):
    found = b""
    while value > 127:
        found, value = found + bytes([value & 127 | 128]), value >> 7
    return found + bytes([value])


def message(*fields):
    """(number, bytes or int) as a message of Protocol Buffers."""
    data = b""
    for number, value in fields:
        if isinstance(value, int):
            data += varint(number << 3) + varint(value)
        else:
            value = value.encode() if isinstance(value, str) else value
            data += varint(number << 3 | 2) + varint(len(value)) + value
    return data


def tensor(name, array, kind=11):
    return message(*((1, d) for d in array.shape), (2, kind), (8, name), (9, array.astype("<f8").tobytes()))


def onnx_model(kind, arrays, *attributes, stored=True):
    names = [n if n in arrays else "" for n in ("W", "R", "B", "", "", "", "P")]
    node = message((1, "X"), *((1, n) for n in names), (2, "Y"), (4, kind), *((5, a) for a in attributes))
    tensors = [(5, tensor(k, v)) for k, v in arrays.items()] if stored else []
    return message((1, 8), (7, message((1, node), (2, "g"), *tensors)))


def test_onnx_files_are_read_without_the_onnx_package(tmp_path):
    path = tmp_path / "m.onnx"
    network = load_weights(torch_arrays("lstm"))
    arrays = network.to_arrays("onnx-lstm")
    path.write_bytes(onnx_model("LSTM", arrays))
    assert load_weights(path) == network
    assert load_weights(path, layout="onnx-lstm", layer=0) == network
    refused("has a LSTM node; layout 'onnx-gru' does not fit", path, layout="onnx-gru")
    gru = load_weights(torch_arrays("gru"))
    path.write_bytes(onnx_model("GRU", gru.to_arrays("onnx-gru"), message((1, "linear_before_reset"), (3, 1), (20, 2))))
    assert load_weights(path) == gru
    rnn = load_weights(torch_arrays("rnn"), phi="relu")
    path.write_bytes(onnx_model("RNN", rnn.to_arrays("onnx-rnn"), message((1, "activations"), (9, "Relu"), (20, 8))))
    assert load_weights(path) == rnn
    two = {k: np.concatenate([v, 2 * v]) for k, v in arrays.items()}
    path.write_bytes(onnx_model("LSTM", two))
    refused("bidirectional: choose direction=", path)
    assert np.array_equal(load_weights(path, direction="reverse").values["W_xi"], 2 * network.values["W_xi"])
    del arrays["B"]
    path.write_bytes(onnx_model("LSTM", arrays))
    assert not load_weights(path).values["b_i"].any()


def test_onnx_files_that_are_refused(tmp_path):
    path = tmp_path / "m.onnx"
    arrays = load_weights(torch_arrays("lstm")).to_arrays("onnx-lstm")
    cases = [
        (message((1, "clip")) + bytes([2 << 3 | 5]) + struct.pack("<f", 1.0), "has clip=1.0"),
        (message((1, "input_forget"), (3, 1)), "has input_forget=1"),
        (message((1, "activations"), (9, "HardSigmoid"), (9, "Tanh"), (9, "Tanh")), "HardSigmoid"),
    ]
    for attribute, match in cases:
        path.write_bytes(onnx_model("LSTM", arrays, attribute))
        refused(match, path)
    path.write_bytes(onnx_model("LSTM", arrays, stored=False))
    refused("W of node '' is computed, not stored", path)
    path.write_bytes(onnx_model("Add", arrays))
    refused(r"has no RNN, GRU or LSTM node \(found: Add\)", path)
    data = onnx_model("LSTM", arrays)
    for cut in (data[:-9], b"\x07", b"\xff" * 30, b"", data[: len(data) // 2]):
        path.write_bytes(cut)
        refused("is not an ONNX file", path)
    half = message((1, 1), (2, 16), (8, "W"), (9, b"\0\0"))
    node = message((1, "X"), (1, "W"), (1, "R"), (4, "LSTM"))
    path.write_bytes(message((7, message((1, node), (5, half), (5, half)))))
    refused("dtype bfloat16 not readable with NumPy; export as float32", path)


def test_random_bytes_never_break_a_reader(tmp_path):
    random = np.random.default_rng(5)
    data = onnx_model("LSTM", load_weights(torch_arrays("lstm", n=1, m=1)).to_arrays("onnx-lstm"))
    safe = save_weights(load_weights(torch_arrays(n=1, m=1)), tmp_path / "m.safetensors").read_bytes()
    for original, name in ((data, "x.onnx"), (safe, "x.safetensors")):
        path = tmp_path / name
        for _ in range(50):
            broken = bytearray(original)
            for place in random.integers(0, len(broken), 3):
                broken[place] = random.integers(0, 256)
            path.write_bytes(broken)
            try:
                load_weights(path, cell=None if name == "x.onnx" else lstm())
            except rs.RnnsymError:
                continue
