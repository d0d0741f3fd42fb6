"""Weight files: .npz and .safetensors read and written, every other kind refused with what would do.

Nothing is unpickled. Sizes are looked at before anything is read. The safetensors format (an 8-byte length, a JSON header,
raw little-endian numbers) is read here: its own NumPy loader fails on bfloat16 without saying which array it is.
May import: result, and `arrays`.
"""

from __future__ import annotations

import json
import math
import os
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from rnnsym.result import LimitReached, SpecError
from rnnsym.weights.arrays import HALF, PICKLED

MAX_BYTES = 256 * 2**20
HEADER_BYTES = 16 * 2**20
READ = (".npz", ".safetensors", ".onnx")
PICKLES = (".pt", ".pth", ".pkl", ".pickle", ".ckpt", ".bin", ".joblib")
OTHERS = {
    ".h5": "np.savez('m.npz', kernel=..., recurrent_kernel=..., bias=...) from layer.get_weights()",
    ".hdf5": "np.savez('m.npz', kernel=..., recurrent_kernel=..., bias=...) from layer.get_weights()",
    ".keras": "np.savez('m.npz', kernel=..., recurrent_kernel=..., bias=...) from layer.get_weights()",
    ".msgpack": "np.savez('m.npz', **flax.traverse_util.flatten_dict(params, sep='.'))",
    ".npy": "np.savez('m.npz', W_h=..., W_x=..., b=...), so that every array has its name",
    ".mat": "np.savez('m.npz', **scipy.io.loadmat(...)) with the names of the layout",
}
DTYPES = {
    "F64": "<f8", "F32": "<f4", "C64": "<c8", "I64": "<i8", "I32": "<i4", "I16": "<i2", "I8": "|i1", "U64": "<u8",
    "U32": "<u4", "U16": "<u2", "U8": "|u1", "BOOL": "|b1",
}  # fmt: skip
NAMES = {np.dtype(code): name for name, code in DTYPES.items()}


def checked_path(path: str | os.PathLike[str], max_bytes: int = MAX_BYTES) -> Path:
    """The path of a weight file that may be read, or an error that says what it is and what would do."""
    found = Path(path)
    if found.is_dir():
        raise SpecError(f"{found} is a folder; give a file: {', '.join(READ)}")
    suffix = found.suffix.lower()
    if suffix in PICKLES:
        raise SpecError(
            f"{found} is not read on purpose: {suffix} files are pickles, and loading one runs the code in it. "
            "Where you trust it, run: from safetensors.torch import save_file; save_file(model.state_dict(), 'm.safetensors')"
        )
    if suffix in OTHERS:
        raise SpecError(f"{suffix} files are not read, got {found}; save with {OTHERS[suffix]}")
    if suffix not in READ:
        raise SpecError(f"{found} ends in {suffix or 'nothing'!r}; weight files are {', '.join(READ)}")
    if not found.exists():
        raise SpecError(f"no such file: {found}")
    if not found.is_file():
        raise SpecError(f"{found} is no regular file; give a {', '.join(READ)} file")
    size = found.stat().st_size
    if size > max_bytes:
        raise LimitReached(
            f"{found}: {_size(size)} exceeds {_size(max_bytes)}; raise it with max_bytes=, or save fewer arrays"
        )
    return found


def _size(count: int) -> str:
    for unit, name in ((2**30, "GB"), (2**20, "MB"), (2**10, "kB")):
        if count >= unit:
            return f"{count / unit:.1f}".removesuffix(".0") + f" {name}"
    return f"{count} bytes"


def read_npz(path: Path, max_bytes: int = MAX_BYTES) -> dict[str, Any]:
    """The arrays of an .npz file, with pickles off and the unpacked size looked at first."""
    try:
        with zipfile.ZipFile(path) as archive:
            size = sum(info.file_size for info in archive.infolist())
    except (zipfile.BadZipFile, OSError) as error:
        raise SpecError(f"{path} is not an .npz file: {error}; save it with np.savez") from None
    if size > max_bytes:
        raise LimitReached(
            f"{path} unpacks to {_size(size)}, which exceeds {_size(max_bytes)}; raise it with max_bytes="
        )
    found = {}
    with np.load(path, allow_pickle=False) as archive:
        for name in archive.files:
            try:
                found[name] = archive[name]
            except ValueError as error:
                if "allow_pickle" in str(error) or "Object arrays" in str(error):
                    raise SpecError(f"{path}: {name} holds Python objects; {PICKLED}") from None
                raise SpecError(f"{path}: {name} cannot be read: {error}; the file may be truncated") from None
            except (zipfile.BadZipFile, EOFError, OSError, SyntaxError, KeyError) as error:
                raise SpecError(f"{path}: {name} cannot be read: {error}; the file may be truncated") from None
            if not isinstance(found[name], np.ndarray):
                raise SpecError(f"{path}: {name} is no .npy array inside; save the file with np.savez")
    return found


def read_safetensors(path: Path) -> dict[str, Any]:
    """The arrays of a .safetensors file."""
    data = path.read_bytes()
    wrong = f"{path} is not a safetensors file"
    if len(data) < 8:
        raise SpecError(f"{wrong}: header of {len(data)} bytes, 8 are needed; save it with safetensors' save_file")
    length = int.from_bytes(data[:8], "little")
    if length > min(len(data) - 8, HEADER_BYTES):
        raise SpecError(f"{wrong}: header says {length} bytes, the file has {len(data) - 8} more; it may be truncated")
    try:
        header = json.loads(data[8 : 8 + length].decode("utf-8"))
    except (UnicodeDecodeError, ValueError, RecursionError):
        raise SpecError(f"{wrong}: header is no JSON; save it with safetensors' save_file") from None
    if not isinstance(header, dict):
        raise SpecError(f"{wrong}: header is no JSON object")
    body, found = memoryview(data)[8 + length :], {}
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        try:
            code, shape, (begin, end) = entry["dtype"], tuple(map(int, entry["shape"])), entry["data_offsets"]
            valid = (
                isinstance(code, str) and isinstance(begin, int) and isinstance(end, int) and min(shape, default=0) >= 0
            )
        except (KeyError, TypeError, ValueError):
            valid = False
        if not valid:
            raise SpecError(f"{wrong}: header of {name!r} has no dtype, shape and data_offsets")
        if code in HALF:
            word = {"F16": "float16", "BF16": "bfloat16"}[code]
            raise SpecError(f"{path}: {name}: dtype {word} not readable with NumPy; export as float32")
        if code not in DTYPES:
            raise SpecError(f"{path}: {name}: dtype {code} is not read; export as float32")
        dtype = np.dtype(DTYPES[code])
        if not 0 <= begin <= end <= len(body) or end - begin != math.prod(shape) * dtype.itemsize:
            raise SpecError(
                f"{wrong}: header gives {name!r} the bytes {begin} to {end} for shape {shape} of {code}, and {len(body)} bytes are "
                "there; it may be truncated"
            )
        found[name] = np.frombuffer(body[begin:end], dtype=dtype).reshape(shape)
    return found


def packed_safetensors(arrays: Mapping[str, Any]) -> bytes:
    """Arrays as the bytes of a .safetensors file, sorted by name."""
    header: dict[str, Any] = {}
    parts: list[bytes] = []
    place = 0
    for name in sorted(arrays):
        array = np.ascontiguousarray(arrays[name])
        little = array.astype(array.dtype.newbyteorder("<"))
        code = NAMES.get(little.dtype)
        if code is None:
            raise SpecError(f"{name}: dtype {array.dtype} has no place in a safetensors file; write .npz")
        data = little.tobytes()
        header[name] = {
            "dtype": code,
            "shape": list(np.shape(arrays[name])),
            "data_offsets": [place, place + len(data)],
        }
        place += len(data)
        parts.append(data)
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text + b"".join(parts)
