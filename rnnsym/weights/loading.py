"""load_weights and save_weights: which layer of which file, in which layout.

May import: everything to the left of `weights`, and the rest of this room.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from rnnsym.cells.record import Cell
from rnnsym.result import ShapeError, SpecError
from rnnsym.weights.arrays import flat, number_array, plain_array
from rnnsym.weights.files import MAX_BYTES, checked_path, packed_safetensors, read_npz, read_safetensors
from rnnsym.weights.gates import WORDS, cell_of, values_of, with_readout
from rnnsym.weights.layouts import LAYOUTS, Asked, Origin, read, split_layout
from rnnsym.weights.protobuf import Node, Refused, read_graph
from rnnsym.weights.record import Network

TORCH = re.compile(r"(?:weight|bias)_(?:ih|hh|hr)(?:_l(?P<layer>\d+))?(?P<reverse>_reverse)?$")
DIRECTIONS = {"forward": "", "reverse": "_reverse", "backward": "_reverse"}
MARKS = {  # the array that shows where a layer is
    "torch": re.compile(r"(^|\.)weight_hh(_l\d+)?(_reverse)?$"), "keras": re.compile(r"(^|\.)recurrent_kernel$"),
    "onnx": re.compile(r"(^|\.)R$"), "flax": re.compile(r"(^|\.)h[zrnifgo]?\.kernel$"),
    "nnx": re.compile(r"(^|\.)(dense_h|h[ifgo])\.kernel$"),
}  # fmt: skip
LEAVES = {"flax": 2, "nnx": 2}  # parts of a name that belong to the layer itself
ACTIVATIONS = {"Tanh": "tanh", "Relu": "relu", "Sigmoid": "sigmoid", "Softsign": "softsign", "Softplus": "softplus"}


def load_weights(
    source: str | os.PathLike[str] | Mapping[str, Any] | Sequence[Any], *, layout: str | None = None,
    cell: Cell | None = None, layer: int | None = None, direction: str | None = None, prefix: str | None = None,
    bias: bool = True, phi: str | None = None, reset: str | None = None, readout: str | None = None,
    max_bytes: int = MAX_BYTES,
) -> Network:  # fmt: skip
    """Trained weights as a Network: one layer, one direction, of a file or a mapping of arrays.

    source: a path (.npz, .safetensors, .onnx), or a mapping name -> array, nested or not: a PyTorch state_dict, Flax params.
            With a Keras layout also the list that layer.get_weights() gives.
    layout: torch-, keras-, onnx-, flax- or nnx-, then rnn, gru or lstm, or the first part alone. It may be left out where
            names say it: a PyTorch state_dict, an ONNX file; gate order cannot be seen from shapes.
    cell:   instead of a layout, the cell whose parameter names the arrays have (as `network.to_arrays()` gives them).
    layer, direction: which, if there are several; direction "forward" or "reverse". prefix: the module, as in "encoder.rnn".
    bias:   False if the layer was made without biases. phi: the activation of an RNN (tanh), which no array shows.
    reset:  of a GRU without biases, "before" or "after" the linear map. readout: the module of a linear map y = C h + d.
    Raises: SpecError, ShapeError, LimitReached: see the messages. Pickles (.pt, .pth, .pkl) are refused: loading runs code.

    >>> arrays = {"weight_ih_l0": np.zeros((6, 1)), "weight_hh_l0": np.zeros((6, 2)), "bias_ih_l0": np.zeros(6), "bias_hh_l0": np.zeros(6)}
    >>> print(load_weights(arrays).cell.name)
    gru_reset_after
    """
    asked = Asked(_flag(bias), reset, phi)
    if layout is not None:
        split_layout(layout)
    if cell is not None and layout is not None:
        raise SpecError(f"give layout={layout!r} or cell={cell.name}, not both")
    if isinstance(source, str | os.PathLike):
        path = checked_path(source, max_bytes)
        if path.suffix.lower() == ".onnx":
            return _from_onnx(path, layout, asked, layer, direction, prefix)
        arrays = flat(read_npz(path, max_bytes) if path.suffix.lower() == ".npz" else read_safetensors(path))
    elif isinstance(source, Mapping) or hasattr(source, "items"):
        arrays = flat(source)  # type: ignore[arg-type]
    elif isinstance(source, Sequence) and layout is not None and layout.startswith("keras"):
        arrays = dict(zip(("kernel", "recurrent_kernel", "bias"), source, strict=False))
        if len(source) > 3:
            raise SpecError(
                f"{len(source)} arrays; get_weights() of one recurrent layer gives 2 or 3: take one layer's"
            )
    else:
        raise SpecError(f"a path or a mapping name -> array is needed, got {type(source).__name__}")
    if not arrays:
        raise SpecError("no arrays are there; save the weights with np.savez or safetensors' save_file")
    if cell is not None:
        return Network(cell, {k: number_array(v, k, cell.field) for k, v in arrays.items()})
    return _of_layout(arrays, layout, asked, layer, direction, prefix, readout)


def _flag(bias: Any) -> bool:
    if not isinstance(bias, bool):
        raise SpecError(f"bias is {bias!r}; True or False is needed")
    return bias


def _of_layout(
    arrays: dict[str, Any], layout: str | None, asked: Asked, layer: int | None, direction: str | None,
    prefix: str | None, readout: str | None,
) -> Network:  # fmt: skip
    layout = _seen(arrays) if layout is None else layout
    family, kind = split_layout(layout)
    groups = _groups(arrays, family)
    chosen = _module(groups, arrays, family, layout, prefix)
    here = groups.pop(chosen)
    title = f"{chosen}." if chosen else ""
    notes = []
    if family == "torch":
        asked, here = _torch_layer(here, asked, layer, direction, layout)
    elif family == "onnx":
        asked, here = _onnx_direction(here, asked, direction)
        _no_choice(layer, None, layout)
    else:
        _no_choice(layer, direction, layout)
    gates = read(here, layout, asked, title)
    made, values = cell_of(gates), values_of(gates)
    if gates.kind == "rnn" and asked.phi is None:
        notes.append("activation tanh, the default of the frameworks: the arrays do not say; phi='relu' says otherwise")
    if (
        gates.kind == "gru"
        and family in ("keras", "onnx")
        and asked.reset is None
        and not (family == "keras" and asked.bias)
    ):
        notes.append(f"reset {gates.reset} the linear map, the default of {family}; reset= says otherwise")
    if readout is not None:
        made, values = _readout(made, values, groups, arrays, readout)
        groups = {k: v for k, v in groups.items() if k != readout}
    others = [f"{k}.{name}" if k else name for k, g in groups.items() for name in g]
    if others:
        notes.append(f"other arrays, left out: {', '.join(others[:8])}{', ...' if len(others) > 8 else ''}")
    return _network(made, values, notes, f"{family}-{gates.kind}", here)


def _network(
    cell: Cell, values: dict[str, Any], notes: Sequence[str], layout: str, arrays: Mapping[str, Any]
) -> Network:
    made = Network(cell, values, tuple(notes))
    kept = {name: np.array(plain_array(a, name)) for name, a in arrays.items()}
    return replace(made, origin=Origin(layout, kept, made.values))


def _seen(arrays: Mapping[str, Any]) -> str:
    """The layout that names give away: only PyTorch's are evidence enough."""
    if any(MARKS["torch"].search(name) for name in arrays):
        return "torch"
    names = ", ".join(sorted(arrays)[:8])
    guess = next((f for f in ("keras", "nnx", "flax", "onnx") if any(MARKS[f].search(name) for name in arrays)), None)
    hint = f"; the names look like {guess}'s: layout='{guess}-lstm', -gru or -rnn" if guess else ""
    raise SpecError(
        f"gate order cannot be seen from shapes; pass layout=… (found: {names}){hint}. Known: {', '.join(LAYOUTS)}; or cell=, "
        "if the arrays have the names of its parameters"
    )


def _groups(arrays: Mapping[str, Any], family: str) -> dict[str, dict[str, Any]]:
    """The arrays by module: {"encoder.rnn": {"weight_hh_l0": ...}, "fc": {"weight": ...}}."""
    depth = LEAVES.get(family, 1)
    groups: dict[str, dict[str, Any]] = {}
    for name, value in arrays.items():
        parts = name.split(".")
        module, leaf = ".".join(parts[:-depth]), ".".join(parts[-depth:])
        groups.setdefault(module, {})[leaf] = value
    return groups


def _module(groups: Mapping[str, Any], arrays: Mapping[str, Any], family: str, layout: str, prefix: str | None) -> str:
    places = [k for k, g in groups.items() if any(MARKS[family].search(name) for name in g)]
    if prefix is not None:
        prefix = prefix.strip(".").replace("/", ".")
        inside = [k for k in places if k == prefix or k.startswith(prefix + ".")]
        if len(inside) != 1:
            raise SpecError(
                f"prefix {prefix!r} names {len(inside)} recurrent layers; there are: {', '.join(map(repr, places)) or 'none'}"
            )
        return inside[0]
    if len(places) == 1:
        return places[0]
    if places:
        raise SpecError(f"{len(places)} recurrent layers: choose one with prefix=, of {', '.join(map(repr, places))}")
    _refuse_other_names(arrays, family, layout)
    want = {
        "torch": "weight_hh_l0",
        "keras": "recurrent_kernel",
        "onnx": "R",
        "flax": "hi.kernel",
        "nnx": "dense_h.kernel",
    }
    raise SpecError(
        f"missing {want[family]!r} (found: {', '.join(sorted(arrays)) or 'nothing'}); layout {layout!r} needs it"
    )


def _refuse_other_names(arrays: Mapping[str, Any], family: str, layout: str) -> None:
    """Arrays of another framework's names and shapes, under the layout that was asked for."""
    for other in MARKS:
        if other != family and any(MARKS[other].search(name) for name in arrays):
            first = next(name for name in sorted(arrays) if getattr(arrays[name], "ndim", 0) == 2)
            shape = tuple(arrays[first].shape)
            kind = layout.partition("-")[2] or "lstm"
            word = {"torch": "PyTorch", "keras": "Keras", "onnx": "ONNX", "flax": "Flax linen", "nnx": "Flax nnx"}[
                other
            ]
            need = shape[::-1] if (family == "torch") != (other == "torch") else shape
            raise ShapeError(
                f"{first} is {shape}; layout {layout!r} needs {need} by other names. {word}? use layout '{other}-{kind}'"
            )


# which layer and direction


def _torch_layer(
    arrays: Mapping[str, Any], asked: Asked, layer: int | None, direction: str | None, layout: str
) -> tuple[Asked, dict[str, Any]]:
    there: dict[tuple[int, str], dict[str, Any]] = {}
    rest, cell_class = {}, False
    for name, value in arrays.items():
        match = TORCH.fullmatch(name)
        if match is None:
            rest[name] = value
            continue
        cell_class = cell_class or match["layer"] is None
        there.setdefault((int(match["layer"] or 0), match["reverse"] or ""), {})[name] = value
    if rest:
        name = next(iter(rest))
        raise SpecError(f"unexpected {name!r} in layout {layout!r} (found: {', '.join(sorted(arrays))})")
    layers = sorted({k for k, _ in there})
    both = any(s for _, s in there) and any(not s for _, s in there)
    if direction is not None and direction not in DIRECTIONS:
        raise SpecError(f"direction must be 'forward' or 'reverse', got {direction!r}")
    if (layer is None and len(layers) > 1) or (direction is None and both):
        count = f"{len(layers)} layer{'s' * (len(layers) != 1)}{', bidirectional' if both else ''}"
        raise SpecError(f"{count}: choose layer={layers[0]}{', direction=' + repr('forward') if both else ''}")
    number = layers[0] if layer is None else layer
    suffix = next(iter(s for _, s in there)) if direction is None else DIRECTIONS[direction]
    if isinstance(number, bool) or (number, suffix) not in there:
        known = ", ".join(f"layer={k}, direction={'reverse' if s else 'forward'!r}" for k, s in sorted(there))
        raise SpecError(f"layer={layer!r}, direction={direction!r} is not there; there are: {known}")
    ending = "" if cell_class else f"_l{number}{suffix}"
    return replace(asked, suffix=ending), there[number, suffix]


def _onnx_direction(arrays: Mapping[str, Any], asked: Asked, direction: str | None) -> tuple[Asked, dict[str, Any]]:
    """The arrays cut to one direction."""
    shape = np.shape(arrays["R"])
    count = shape[0] if len(shape) == 3 else 1
    if direction is not None and direction not in DIRECTIONS:
        raise SpecError(f"direction must be 'forward' or 'reverse', got {direction!r}")
    if count > 1 and direction is None:
        raise SpecError("bidirectional: choose direction='forward' or 'reverse'")
    number = 1 if count > 1 and direction is not None and DIRECTIONS[direction] else 0
    return asked, {k: plain_array(v, k)[number : number + 1] for k, v in arrays.items()}


def _no_choice(layer: int | None, direction: str | None, layout: str) -> None:
    if layer is not None or direction is not None:
        what = "layer" if layer is not None else "direction"
        raise SpecError(f"{what}= has no meaning in layout {layout!r}; choose a module with prefix=")


def _readout(
    cell: Cell, values: dict[str, Any], groups: Mapping[str, Any], arrays: Mapping[str, Any], readout: str
) -> tuple[Cell, dict[str, Any]]:
    """The cell with the linear map of a module as its output."""
    module = groups.get(readout, {})
    if not module:  # its arrays may stand one level higher than the layer's
        module = {k[len(readout) + 1 :]: v for k, v in arrays.items() if k.startswith(readout + ".")}
    matrix, turned = module.get("weight"), False
    if matrix is None:
        matrix, turned = module.get("kernel"), True
    if matrix is None:
        raise SpecError(f"readout {readout!r} has no 'weight' and no 'kernel' (found: {', '.join(sorted(arrays))})")
    C = number_array(matrix, f"{readout}.weight")
    C = C.T.copy() if turned else C
    n = len(next(iter(values.values())))
    if C.ndim != 2 or C.shape[1] != n:
        raise ShapeError(
            f"{readout} maps {C.shape[-1] if C.ndim else 0} inputs, the layer has {n} units; they must agree"
        )
    d = module.get("bias")
    return with_readout(cell, values, C, None if d is None else number_array(d, f"{readout}.bias"))


# ONNX


def _from_onnx(
    path: Path, layout: str | None, asked: Asked, layer: int | None, direction: str | None, prefix: str | None
) -> Network:
    if prefix is not None:
        raise SpecError("prefix= has no meaning for an ONNX file; choose a node with layer=")
    if layout is not None and split_layout(layout)[0] != "onnx":
        raise SpecError(f"{path} is an ONNX file; its layout is onnx, got {layout!r}")
    graph = read_graph(path.read_bytes(), str(path))
    nodes = [node for node in graph.nodes if node.kind in ("RNN", "GRU", "LSTM")]
    if not nodes:
        kinds = ", ".join(sorted({n.kind for n in graph.nodes})[:8]) or "nothing"
        raise SpecError(f"{path} has no RNN, GRU or LSTM node (found: {kinds})")
    if layer is None and len(nodes) > 1:
        raise SpecError(f"{len(nodes)} layers: choose layer=0 to {len(nodes) - 1}")
    if layer is not None and (isinstance(layer, bool) or not isinstance(layer, int) or not 0 <= layer < len(nodes)):
        raise SpecError(f"layer={layer!r} is not there; there are {len(nodes)}, the first is 0")
    node = nodes[layer or 0]
    kind = node.kind.lower()
    if layout is not None and split_layout(layout)[1] not in (None, kind):
        raise SpecError(f"{path} has a {WORDS[kind]} node; layout {layout!r} does not fit, use 'onnx-{kind}'")
    arrays = _inputs(node, graph.arrays, path)
    asked = _attributes(node, replace(asked, bias="B" in arrays), path)
    asked, here = _onnx_direction(arrays, asked, direction)
    gates = read(here, f"onnx-{kind}", asked)
    return _network(cell_of(gates), values_of(gates), (), f"onnx-{kind}", here)


def _inputs(node: Node, stored: Mapping[str, Any], path: Path) -> dict[str, Any]:
    """The stored arrays of a node; what it computes from its input is left out."""
    found = {}
    for name, place in {"W": 1, "R": 2, "B": 3, "P": 7}.items():
        if place >= len(node.inputs) or not node.inputs[place]:
            if name in ("W", "R"):
                raise SpecError(f"{path}: node {node.name!r} has no {name}")
            continue
        array = stored.get(node.inputs[place])
        if isinstance(array, Refused):
            raise SpecError(array.message)
        if array is None:
            raise SpecError(
                f"{path}: {name} of node {node.name!r} is computed, not stored; export with constant folding"
            )
        found[name] = array
    return found


def _attributes(node: Node, asked: Asked, path: Path) -> Asked:
    """What a node's attributes say; what no cell of ours computes is refused."""
    said = node.attributes
    for name, harmless in (("clip", None), ("input_forget", 0)):
        if said.get(name, harmless) not in (None, harmless):
            raise SpecError(f"{path}: node {node.name!r} has {name}={said[name]}, which is not supported")
    listed = [v.decode() if isinstance(v, bytes) else str(v) for v in said.get("activations") or []]
    if said.get("activation_alpha") or said.get("activation_beta"):
        raise SpecError(f"{path}: node {node.name!r} has activations with parameters, which is not supported")
    if node.kind == "RNN":
        names = set(listed) or {"Tanh"}
        if len(names) > 1 or not names <= set(ACTIVATIONS):
            raise SpecError(
                f"{path}: activations {', '.join(listed)} are not supported; known: {', '.join(ACTIVATIONS)}"
            )
        return replace(asked, phi=asked.phi or ACTIVATIONS[names.pop()])
    usual = ["Sigmoid", "Tanh"] if node.kind == "GRU" else ["Sigmoid", "Tanh", "Tanh"]
    if listed not in ([], usual, usual * 2):
        raise SpecError(
            f"{path}: a {node.kind} with the activations {', '.join(listed)} is not supported; {', '.join(usual)} is"
        )
    return replace(asked, reset="after" if said.get("linear_before_reset", 0) else "before")


# writing


def save_weights(
    network: Network, path: str | os.PathLike[str], *, layout: str | None = None, force: bool = False
) -> Path:
    """Writes a network's arrays as .npz or .safetensors, in a layout or by the cell's own names.

    Raises: SpecError if the file exists (force=True overwrites it), or for another kind of file.
    """
    target = Path(path)
    arrays = network.to_arrays(layout)
    if target.suffix not in (".npz", ".safetensors"):
        raise SpecError(f"weights are written as .npz or .safetensors, got {target}")
    if target.exists() and not force:
        raise SpecError(f"{target} exists; pass force=True to overwrite it")
    if not target.parent.is_dir():
        raise SpecError(f"no folder {target.parent} to write {target.name} in; make it first")
    temporary = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    try:
        with open(temporary, "xb") as file:
            if target.suffix == ".npz":
                np.savez(file, **arrays)
            else:
                file.write(packed_safetensors(arrays))
        os.replace(temporary, target)
    finally:
        temporary.unlink(missing_ok=True)
    return target
