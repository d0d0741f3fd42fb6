"""ONNX files, as much of them as weights need: nodes with their attributes, and initializers as arrays.

The wire format of Protocol Buffers is a list of (field number, wire type, value); what is not asked for is skipped, and
nothing in a file is run. Field numbers are those of onnx.proto (ModelProto.graph 7; GraphProto.node 1, initializer 5).
May import: result, and `arrays`.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from rnnsym.result import SpecError

# TensorProto.DataType -> (NumPy's type, field in which numbers stand unless they are raw)
TYPES = {1: ("<f4", 4), 11: ("<f8", 10), 6: ("<i4", 5), 7: ("<i8", 7)}
WORDS = {
    10: "float16",
    16: "bfloat16",
    14: "complex64",
    15: "complex128",
    8: "string",
    9: "bool",
    2: "uint8",
    3: "int8",
}
Value = int | memoryview


@dataclass(frozen=True)
class Node:
    """An operation: its kind, name, input and output names, and attributes (int, float, bytes, lists, arrays)."""

    kind: str
    name: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Graph:
    nodes: tuple[Node, ...]
    arrays: dict[str, Any]


def read_graph(data: bytes, path: str) -> Graph:
    """The nodes and stored arrays of an ONNX model."""
    try:
        model = _fields(memoryview(data))
        graphs = [v for number, v in model if number == 7 and isinstance(v, memoryview)]
        if len(graphs) != 1:
            raise ValueError(f"it has {len(graphs)} graphs")
        nodes, arrays = [], {}
        for number, value in _fields(graphs[0]):
            if number == 1:
                nodes.append(_node(value, path))
            elif number == 5:
                name, array = _tensor(value, path)
                arrays[name] = array
    except (ValueError, IndexError, TypeError, struct.error, UnicodeDecodeError) as error:
        raise SpecError(f"{path} is not an ONNX file: {error}; it may be truncated") from None
    for node in nodes:  # constants that are nodes, and other names for arrays
        if node.kind == "Constant" and isinstance(node.attributes.get("value"), np.ndarray) and node.outputs:
            arrays[node.outputs[0]] = node.attributes["value"]
        if node.kind == "Identity" and node.inputs and node.inputs[0] in arrays and node.outputs:
            arrays[node.outputs[0]] = arrays[node.inputs[0]]
    return Graph(tuple(nodes), arrays)


def _varint(data: memoryview, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, at
        shift += 7
        if shift > 63:
            raise ValueError("a number is longer than 64 bits")


def _fields(data: Any) -> Iterator[tuple[int, Any]]:
    """(field number, value): whole numbers as int, all else as bytes."""
    if not isinstance(data, memoryview):
        raise ValueError("a message is a number")
    at = 0
    while at < len(data):
        key, at = _varint(data, at)
        number, wire = key >> 3, key & 7
        value: Value
        if wire == 0:
            value, at = _varint(data, at)
        elif wire in (1, 5):
            size = 8 if wire == 1 else 4
            if at + size > len(data):
                raise ValueError("it ends inside a number")
            value, at = data[at : at + size], at + size
        elif wire == 2:
            size, at = _varint(data, at)
            if at + size > len(data):
                raise ValueError("it ends inside a field")
            value, at = data[at : at + size], at + size
        else:
            raise ValueError(f"wire type {wire} is unknown")
        if number == 0:
            raise ValueError("field number 0")
        yield number, value


def _text(value: Any) -> str:
    return bytes(value).decode("utf-8")


def _signed(value: int) -> int:
    return value - (1 << 64) if value >> 63 else value


def _whole(value: Any) -> list[int]:
    """A repeated whole number, packed or not."""
    if isinstance(value, int):
        return [_signed(value)]
    found, at = [], 0
    while at < len(value):
        number, at = _varint(value, at)
        found.append(_signed(number))
    return found


def _node(data: Any, path: str) -> Node:
    kind = name = ""
    inputs, outputs, attributes = [], [], {}
    for number, value in _fields(data):
        if number == 1:
            inputs.append(_text(value))
        elif number == 2:
            outputs.append(_text(value))
        elif number == 3:
            name = _text(value)
        elif number == 4:
            kind = _text(value)
        elif number == 5:
            key, content = _attribute(value, path)
            attributes[key] = content
    return Node(kind, name, tuple(inputs), tuple(outputs), attributes)


def _attribute(data: Any, path: str) -> tuple[str, Any]:
    name: str = ""
    content: Any = None
    lists: dict[int, list[Any]] = {}
    for number, value in _fields(data):
        if number == 1:
            name = _text(value)
        elif number == 2:
            content = struct.unpack("<f", value)[0]
        elif number == 3:
            content = _signed(value)
        elif number == 4:
            content = bytes(value)
        elif number == 5:
            try:
                content = _tensor(value, path)[1]
            except SpecError:
                content = None  # a constant that is no weight
        elif number == 7:
            lists.setdefault(7, []).extend(np.frombuffer(value, "<f4").tolist())
        elif number == 8:
            lists.setdefault(8, []).extend(_whole(value))
        elif number == 9:
            lists.setdefault(9, []).append(bytes(value))
    return name, content if not lists else next(iter(lists.values()))


def _tensor(data: Any, path: str) -> tuple[str, Any]:
    """The name of a TensorProto and its array; a half type is kept as its name and refused if it is asked for."""
    shape: list[int] = []
    kind, name, raw, external = 0, "", None, False
    typed: dict[int, list[Any]] = {}
    for number, value in _fields(data):
        if number == 1:
            shape += _whole(value)
        elif number == 2:
            kind = int(value)
        elif number == 8:
            name = _text(value)
        elif number == 9:
            raw = value
        elif number == 13 or (number == 14 and value == 1):
            external = True
        elif number in (4, 5, 7, 10):
            typed.setdefault(number, []).append(value)
    if external:
        return name, Refused(f"{path}: {name} is stored in another file; save the model with its weights inside")
    if kind not in TYPES:
        word = WORDS.get(kind, f"number {kind}")
        hint = "not readable with NumPy; export as float32" if kind in (10, 16) else "is not read; export as float32"
        return name, Refused(f"{path}: {name}: dtype {word} {hint}")
    code, place = TYPES[kind]
    dtype = np.dtype(code)
    if raw is not None:
        if len(raw) != math.prod(shape) * dtype.itemsize:
            raise ValueError(f"{name} of shape {tuple(shape)} has {len(raw)} bytes")
        return name, np.frombuffer(raw, dtype).reshape(shape)
    parts = typed.get(place, [])
    if place in (5, 7):
        numbers = np.array([n for part in parts for n in _whole(part)], dtype=dtype)
    else:
        numbers = np.frombuffer(b"".join(bytes(p) for p in parts), dtype)
    if numbers.size != math.prod(shape):
        raise ValueError(f"{name} of shape {tuple(shape)} has {numbers.size} numbers")
    return name, numbers.reshape(shape)


@dataclass(frozen=True)
class Refused:
    """Stands for an array that cannot be read, with the message for whoever asks for it."""

    message: str
