"""The layouts of PyTorch, Keras 3, ONNX and Flax: key names, order of the gates, which way matrices stand, how many biases.

    torch  weight_ih_l0 (gH, I), weight_hh_l0 (gH, H), two biases; RNN, GRU r z n after, LSTM i f g o; *Cell without _l0
    keras  kernel (I, gH), recurrent_kernel (H, gH), bias; GRU z r h with bias (2, 3H) after, (3H,) before; LSTM i f c o
    onnx   W (D, gH, I), R (D, gH, H), B (D, 2gH) = [Wb, Rb]; GRU z r h, linear_before_reset; LSTM i o f c, peepholes P i o f
    flax   linen, one kernel (I, H) for each gate: ii if ig io, hi ... ho with the bias; GRU ir iz in with bias, hn too
    nnx    dense_i, dense_h, kernels (I, gH); GRU r z n with a bias on i only; LSTM i f g o with it on h
A layout reads arrays into `Gates` and writes them back. To add one: a family below and its name in FAMILIES.
May import: everything to the left of `weights`, and `gates`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from rnnsym.result import ShapeError, SpecError
from rnnsym.weights.arrays import number_array
from rnnsym.weights.gates import COUNTS, GATES, WORDS, Gates, gates_of, values_of

Arrays = Mapping[str, Any]
FAMILIES = ("torch", "keras", "onnx", "flax", "nnx")
ORDERS = {
    "torch": {"rnn": ("",), "gru": ("r", "z", "g"), "lstm": ("i", "f", "g", "o")},
    "keras": {"rnn": ("",), "gru": ("z", "r", "g"), "lstm": ("i", "f", "g", "o")},
    "onnx": {"rnn": ("",), "gru": ("z", "r", "g"), "lstm": ("i", "o", "f", "g")},
    "flax": {"rnn": ("",), "gru": ("r", "z", "g"), "lstm": ("i", "f", "g", "o")},
    "nnx": {"rnn": ("",), "gru": ("r", "z", "g"), "lstm": ("i", "f", "g", "o")},
}
LAYOUTS = tuple(f"{family}-{kind}" for family in FAMILIES for kind in GATES)
COUSIN = {"torch": "keras", "keras": "torch", "onnx": "keras", "flax": "torch", "nnx": "torch"}
PERHAPS = {"torch": "Keras", "keras": "PyTorch", "onnx": "Keras", "flax": "PyTorch", "nnx": "PyTorch"}


@dataclass(frozen=True)
class Origin:
    """The arrays as they were read, and their layout: what a round trip gives back."""

    layout: str
    arrays: Arrays
    values: Arrays


@dataclass(frozen=True)
class Asked:
    """What the caller says of arrays that do not show it: bias=False, reset before or after, the activation of an RNN."""

    bias: bool = True
    reset: str | None = None
    phi: str | None = None
    suffix: str = "_l0"
    direction: int = 0


def split_layout(layout: str) -> tuple[str, str | None]:
    """The family and the kind of a layout's name; the kind is None for a family alone."""
    family, _, kind = layout.partition("-")
    if family not in FAMILIES or (kind and kind not in GATES):
        raise SpecError(f"unknown layout {layout!r}; known: {', '.join(LAYOUTS)}, or the part before the dash alone")
    return family, kind or None


class Pile:
    """The arrays of one layer, asked for one by one; what nobody asked for in the end is an error."""

    def __init__(self, arrays: Arrays, layout: str, title: str = "") -> None:
        self.left, self.layout, self.title = dict(arrays), layout, title
        self.found = ", ".join(sorted(arrays)) or "nothing"

    def take(self, name: str, hint: str = "") -> Any:
        if name not in self.left:
            raise SpecError(f"missing {self.title + name!r} (found: {self.found}){hint}")
        return number_array(self.left.pop(name), self.title + name)

    def maybe(self, name: str) -> Any:
        return self.take(name) if name in self.left else None

    def done(self, bias: bool = True) -> None:
        for name in self.left:
            if "hr" in name and name.startswith("weight"):
                raise SpecError(f"{name}: projection LSTM (proj_size) not supported; train it without proj_size")
            if not bias and ("bias" in name or name == "B"):
                raise SpecError(f"bias=False was given, but {name!r} is there; leave bias=False out")
            raise SpecError(f"unexpected {self.title + name!r} in layout {self.layout!r} (found: {self.found})")


# matrices of several gates in one


def _packed(pile: Pile, family: str, kind: str | None, names: tuple[str, str], turned: bool) -> tuple[str, Any, Any]:
    """(kind, W (gH, I), R (gH, H)) of packed matrices, `turned` if they are stored as (I, gH) and (H, gH)."""
    W, R = pile.take(names[0]), pile.take(names[1])
    for name, array in zip(names, (W, R), strict=True):
        if array.ndim != 2:
            raise ShapeError(
                f"{pile.title}{name} has shape {array.shape}; a matrix is needed in layout {pile.layout!r}"
            )
    rows, columns = (W.T, R.T) if turned else (W, R)
    if kind is None:
        long, short = max(columns.shape), max(min(columns.shape), 1)
        found = long // short
        if found not in COUNTS or long != found * short:
            raise ShapeError(
                f"{pile.title}{names[1]} has shape {R.shape}: {columns.shape[0]} is not 1, 3 or 4 times {columns.shape[1]}, so it "
                f"is no RNN, GRU or LSTM in layout {pile.layout!r}"
            )
        kind = COUNTS[found]
    g, H = len(GATES[kind]), columns.shape[1]
    _turned_round(pile, family, names, (W, R), turned, g)
    if columns.shape[0] != g * H:
        side = "columns" if turned else "rows"
        times = f"{g}×" if g > 1 else ""
        raise ShapeError(
            f"{pile.title}{names[1]} has {columns.shape[0]} {side}, not {times}hidden ({WORDS[kind]}), and hidden is {H}"
        )
    if rows.shape[0] != g * H:
        side = "columns" if turned else "rows"
        times = f"{g}×" if g > 1 else ""
        raise ShapeError(
            f"{pile.title}{names[0]} has {rows.shape[0]} {side}, not {times}hidden ({WORDS[kind]}); hidden is {H}, "
            f"as {names[1]} says"
        )
    return kind, rows, columns


def _turned_round(
    pile: Pile, family: str, names: tuple[str, str], given: tuple[Any, Any], turned: bool, g: int
) -> None:
    """Refuses matrices that fit only the other way round."""
    rows, columns = ((a.T if turned else a).shape for a in given)
    lying = g > 1 and columns[1] == g * columns[0]
    size = g * (columns[0] if lying else columns[1])
    for name, array, wrong in zip(names, given, (rows[1] == size != rows[0], lying), strict=True):
        if wrong:
            kind = COUNTS[g]
            raise ShapeError(
                f"{pile.title}{name} is {array.shape}; layout '{family}-{kind}' needs {array.shape[::-1]}. "
                f"{PERHAPS[family]}? use layout '{COUSIN[family]}-{kind}'"
            )


def _apart(array: Any, order: tuple[str, ...]) -> dict[str, Any]:
    """A packed array gate by gate along its first axis."""
    return dict(zip(order, np.split(array, len(order)), strict=True))


def _bias(pile: Pile, name: str, size: int) -> Any:
    array = pile.take(name, "; for bias=False pass bias=False")
    if array.shape != (size,):
        raise ShapeError(f"{pile.title}{name} has shape {array.shape}; ({size},) is needed")
    return array


def _together(table: Mapping[str, Any], order: tuple[str, ...]) -> Any:
    return np.concatenate([table[g] for g in order])


# PyTorch


def _read_torch(pile: Pile, kind: str | None, asked: Asked) -> Gates:
    s = asked.suffix
    projection = next((name for name in pile.left if name.startswith("weight_hr")), None)
    if projection is not None:
        raise SpecError(f"{projection}: projection LSTM (proj_size) not supported; train it without proj_size")
    kind, W, R = _packed(pile, "torch", kind, (f"weight_ih{s}", f"weight_hh{s}"), False)
    order = ORDERS["torch"][kind]
    b_x = b_h = None
    if asked.bias:
        b_x, b_h = (_apart(_bias(pile, f"bias_{side}{s}", len(W)), order) for side in ("ih", "hh"))
    return Gates(kind, _apart(W, order), _apart(R, order), b_x, b_h, phi=asked.phi or "tanh")


def _write_torch(gates: Gates) -> dict[str, Any]:
    order = ORDERS["torch"][gates.kind]
    _no_peepholes(gates, "torch")
    _only_after(gates, "torch")
    return {
        "weight_ih_l0": _together(gates.W_x, order), "weight_hh_l0": _together(gates.W_h, order),
        "bias_ih_l0": _together(gates.b_x or {}, order), "bias_hh_l0": _together(gates.b_h or {}, order),
    }  # fmt: skip


# Keras


def _read_keras(pile: Pile, kind: str | None, asked: Asked) -> Gates:
    kind, W, R = _packed(pile, "keras", kind, ("kernel", "recurrent_kernel"), True)
    order, reset, b_x, b_h = ORDERS["keras"][kind], asked.reset or "after", None, None
    if asked.bias and kind == "gru":
        array = pile.take("bias", "; for use_bias=False pass bias=False")
        if array.shape not in ((2, len(W)), (len(W),)):
            raise ShapeError(
                f"{pile.title}bias has shape {array.shape}; (2, {len(W)}) is needed for reset_after=True, ({len(W)},) for False"
            )
        seen = "after" if array.ndim == 2 else "before"
        if asked.reset is not None and asked.reset != seen:
            raise SpecError(
                f"{pile.title}bias has shape {array.shape}, that of reset={seen!r}; got reset={asked.reset!r}"
            )
        reset = seen
        tables = [_apart(row, order) for row in np.atleast_2d(array)]
        b_x, b_h = tables[0], tables[1] if len(tables) == 2 else None
    elif asked.bias:
        b_x = _apart(_bias(pile, "bias", len(W)), order)
    return Gates(kind, _apart(W, order), _apart(R, order), b_x, b_h, reset=reset, phi=asked.phi or "tanh")


def _write_keras(gates: Gates) -> dict[str, Any]:
    order = ORDERS["keras"][gates.kind]
    _no_peepholes(gates, "keras")
    b_x = _together(gates.b_x or {}, order)
    both = gates.kind == "gru" and gates.reset == "after"
    return {
        "kernel": _together(gates.W_x, order).T.copy(), "recurrent_kernel": _together(gates.W_h, order).T.copy(),
        "bias": np.stack([b_x, _together(gates.b_h or {}, order)]) if both else b_x,
    }  # fmt: skip


# ONNX


def _read_onnx(pile: Pile, kind: str | None, asked: Asked) -> Gates:
    tables = {}
    for name in ("W", "R"):
        array = pile.take(name)
        if array.ndim != 3 or not 0 <= asked.direction < len(array):
            raise ShapeError(
                f"{pile.title}{name} has shape {array.shape}; (directions, gates×hidden, columns) is needed"
            )
        tables[name] = array[asked.direction]
    kind, W, R = _packed(Pile(tables, pile.layout, pile.title), "onnx", kind, ("W", "R"), False)
    order, b_x, b_h, peepholes = ORDERS["onnx"][kind], None, None, None
    if asked.bias:
        B = pile.take("B", "; for a node without B pass bias=False")
        if B.ndim != 2 or B.shape[1] != 2 * len(W) or asked.direction >= len(B):
            raise ShapeError(f"{pile.title}B has shape {B.shape}; (directions, {2 * len(W)}) is needed")
        b_x, b_h = (_apart(half, order) for half in np.split(B[asked.direction], 2))
    if kind == "lstm" and (P := pile.maybe("P")) is not None:
        if P.ndim != 2 or P.shape[1] != 3 * R.shape[1] or asked.direction >= len(P):
            raise ShapeError(f"{pile.title}P has shape {P.shape}; (directions, {3 * R.shape[1]}) is needed")
        peepholes = _apart(P[asked.direction], ("i", "o", "f"))
    return Gates(
        kind, _apart(W, order), _apart(R, order), b_x, b_h, reset=asked.reset or "before", phi=asked.phi or "tanh",
        peepholes=peepholes,
    )  # fmt: skip


def _write_onnx(gates: Gates) -> dict[str, Any]:
    order = ORDERS["onnx"][gates.kind]
    B = np.concatenate([_together(gates.b_x or {}, order), _together(gates.b_h or {}, order)])
    found = {"W": _together(gates.W_x, order)[None], "R": _together(gates.W_h, order)[None], "B": B[None]}
    return found if gates.peepholes is None else {**found, "P": _together(gates.peepholes, ("i", "o", "f"))[None]}


# Flax


def _read_flax(pile: Pile, kind: str | None, asked: Asked) -> Gates:
    """linen's one kernel for each gate, and nnx's LSTMCell, whose `if` is `if_`."""
    names = {"rnn": {"": ""}, "gru": {"r": "r", "z": "z", "g": "n"}, "lstm": {g: g for g in "ifgo"}}
    if kind is None:
        kind = next(
            (k for k, gate in (("rnn", ""), ("gru", "n"), ("lstm", "o")) if f"h{gate}.kernel" in pile.left), None
        )
        if kind is None:
            raise SpecError(
                f"no gate of Flax is there (found: {pile.found}); pass layout='flax-lstm' for a message that says what"
            )
    if "if_.kernel" in pile.left:
        pile.left["if.kernel"] = pile.left.pop("if_.kernel")
    W_x, W_h, b_x, b_h = {}, {}, {}, {}
    for g, word in names[kind].items():
        W_x[g], W_h[g] = pile.take(f"i{word}.kernel").T, pile.take(f"h{word}.kernel").T
        n = len(W_h[g])
        if W_h[g].shape != (n, n) or W_x[g].ndim != 2 or len(W_x[g]) != n or n != len(next(iter(W_h.values()))):
            raise ShapeError(
                f"{pile.title}i{word}.kernel has shape {W_x[g].T.shape}, h{word}.kernel {W_h[g].T.shape}; (inputs, hidden) and "
                f"(hidden, hidden) are needed in layout {pile.layout!r}"
            )
        if kind != "lstm" and asked.bias:
            b_x[g] = _bias(pile, f"i{word}.bias", n)
        if (kind == "lstm" or g == "g") and asked.bias:
            b_h[g] = _bias(pile, f"h{word}.bias", n)
    if b_h and kind == "gru":
        b_h |= {g: np.zeros_like(b_h["g"]) for g in "rz"}
    return Gates(kind, W_x, W_h, b_x or None, b_h or None, phi=asked.phi or "tanh")


def _write_flax(gates: Gates) -> dict[str, Any]:
    _no_peepholes(gates, "flax")
    _only_after(gates, "flax")
    found = {}
    for g in GATES[gates.kind]:
        word = "n" if gates.kind == "gru" and g == "g" else g
        found[f"i{word}.kernel"], found[f"h{word}.kernel"] = gates.W_x[g].T.copy(), gates.W_h[g].T.copy()
        found[f"{'h' if gates.kind == 'lstm' else 'i'}{word}.bias"] = (gates.b_x or {})[g]
        if gates.kind == "gru" and g == "g":
            found["hn.bias"] = (gates.b_h or {})[g]
    return found


def _read_nnx(pile: Pile, kind: str | None, asked: Asked) -> Gates:
    if "dense_h.kernel" not in pile.left and any(name.startswith("h") for name in pile.left):
        return _read_flax(pile, kind, asked)
    kind, W, R = _packed(pile, "nnx", kind, ("dense_i.kernel", "dense_h.kernel"), True)
    order = ORDERS["nnx"][kind]
    place = "dense_h.bias" if kind == "lstm" else "dense_i.bias"
    b_x = _apart(_bias(pile, place, len(W)), order) if asked.bias else None
    return Gates(kind, _apart(W, order), _apart(R, order), b_x, phi=asked.phi or "tanh")


def _write_nnx(gates: Gates) -> dict[str, Any]:
    order = ORDERS["nnx"][gates.kind]
    _no_peepholes(gates, "nnx")
    _only_after(gates, "nnx")
    if gates.kind == "gru" and np.any((gates.b_h or {})["g"]):
        raise SpecError(
            "layout 'nnx-gru' has no hidden bias, and b_hg is not zero; use layout 'flax-gru' or 'torch-gru'"
        )
    return {
        "dense_i.kernel": _together(gates.W_x, order).T.copy(), "dense_h.kernel": _together(gates.W_h, order).T.copy(),
        "dense_h.bias" if gates.kind == "lstm" else "dense_i.bias": _together(gates.b_x or {}, order),
    }  # fmt: skip


def _no_peepholes(gates: Gates, family: str) -> None:
    if gates.peepholes is not None:
        raise SpecError(f"layout '{family}-lstm' has no peepholes; use layout 'onnx-lstm'")


def _only_after(gates: Gates, family: str) -> None:
    if gates.kind == "gru" and gates.reset != "after":
        raise SpecError(
            f"layout '{family}-gru' resets after the linear map, this gru before it; use layout 'keras-gru' or 'onnx-gru'"
        )


READERS: dict[str, Callable[[Pile, str | None, Asked], Gates]] = {
    "torch": _read_torch, "keras": _read_keras, "onnx": _read_onnx, "flax": _read_flax, "nnx": _read_nnx,
}  # fmt: skip
WRITERS: dict[str, Callable[[Gates], dict[str, Any]]] = {
    "torch": _write_torch, "keras": _write_keras, "onnx": _write_onnx, "flax": _write_flax, "nnx": _write_nnx,
}  # fmt: skip


def read(arrays: Arrays, layout: str, asked: Asked, title: str = "") -> Gates:
    """The gates of one layer's arrays; `title` stands before names in messages."""
    family, kind = split_layout(layout)
    pile = Pile(arrays, layout, title)
    if asked.reset is not None and family != "keras" and family != "onnx" and asked.reset != "after":
        raise SpecError(f"layout {layout!r} resets after the linear map; reset={asked.reset!r} is of Keras and ONNX")
    gates = READERS[family](pile, kind, asked)
    pile.done(asked.bias)
    return gates


def written(cell: Any, values: Arrays, layout: str, origin: Origin | None = None) -> dict[str, Any]:
    """The arrays of a network in a layout; as they were read, if they were read in that layout and are the same network."""
    family, kind = split_layout(layout)
    gates = gates_of(cell, values)
    if kind not in (None, gates.kind):
        raise SpecError(f"{cell.name} is a {WORDS[gates.kind]}; use layout '{family}-{gates.kind}', got {layout!r}")
    same = origin is not None and all(
        np.array_equal(origin.values[k], v) for k, v in values.items() if k in origin.values
    )
    if origin is not None and same and origin.layout == f"{family}-{gates.kind}":
        return {name: np.array(array) for name, array in origin.arrays.items()}
    return WRITERS[family](gates)


__all__ = ["FAMILIES", "LAYOUTS", "Asked", "Origin", "read", "split_layout", "values_of", "written"]
