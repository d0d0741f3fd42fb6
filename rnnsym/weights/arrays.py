"""One array from outside: checked before anything is computed with it, and never unpickled.

May import: result. NumPy only; tensors of torch and arrays of jax are taken as what they say they are.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from rnnsym.result import SpecError

HALF = ("float16", "bfloat16", "F16", "BF16")
PICKLED = "loading would run code. Re-save with np.savez or safetensors"


def number_array(value: Any, name: str, field: str = "real") -> Any:
    """A float32 or float64 array (complex where the field is), finite and its own copy; SpecError says what it is instead.

    >>> number_array([[1.0, 2.0]], "W_h").dtype.name
    'float64'
    """
    array = plain_array(value, name)
    kind = array.dtype.kind
    if kind in "iub":
        raise SpecError(f"{name}: dtype {array.dtype} would overflow silently; cast to float64")
    if kind == "c" and field == "real":
        raise SpecError(
            f"{name}: complex weights: this cell's field is real; give real and imaginary parts as arrays (lru has B_re, B_im)"
        )
    if array.dtype not in (np.float32, np.float64, np.complex64, np.complex128):
        raise SpecError(f"{name}: dtype {array.dtype} is not read; save as float32 or float64")
    wrong = np.argwhere(~np.isfinite(array))
    if len(wrong):
        place = "".join(f"[{', '.join(map(str, wrong[0]))}]") if array.ndim else ""
        more = f" ({len(wrong)} such entries)" if len(wrong) > 1 else ""
        raise SpecError(f"{name}{place} is {array[tuple(wrong[0])]}{more}; refusing")
    return array.astype(array.dtype.newbyteorder("="), copy=True)


def plain_array(value: Any, name: str) -> Any:
    """Anything array-like as NumPy's, with half types and Python objects refused."""
    if hasattr(value, "value") and not hasattr(value, "dtype") and not hasattr(value, "shape"):
        value = value.value  # a variable of Keras or Flax
    if hasattr(value, "detach") and hasattr(value, "cpu"):
        value = value.detach().cpu()
    half = str(getattr(value, "dtype", "")).rsplit(".", 1)[-1]
    if half in HALF:
        raise SpecError(f"{name}: dtype {half} not readable with NumPy; export as float32")
    try:
        array = np.asarray(value)
    except (TypeError, ValueError, RuntimeError) as error:
        raise SpecError(f"{name} holds {type(value).__name__}, which is no array of numbers: {error}") from None
    if array.dtype == object:
        raise SpecError(f"{name} holds Python objects; {PICKLED}")
    if array.dtype.kind not in "iubfc":
        raise SpecError(f"{name} holds {array.dtype}; an array of float32 or float64 is needed")
    if array.dtype.name in HALF:
        raise SpecError(f"{name}: dtype {array.dtype.name} not readable with NumPy; export as float32")
    return array


def flat(mapping: Mapping[Any, Any]) -> dict[str, Any]:
    """A mapping, nested or with paths as keys, as {"a.b": array}; slashes are dots, "params" at the head is left out.

    >>> flat({"params": {"ii": {"kernel": 1}}})
    {'ii.kernel': 1}
    """
    found: dict[str, Any] = {}
    for path, value in _leaves(mapping, ()):
        name = ".".join(path).replace("/", ".").removeprefix("params.").removesuffix(".value")
        if name in found:
            raise SpecError(f"two arrays have the name {name!r}; rename one")
        found[name] = value
    return found


def _leaves(mapping: Mapping[Any, Any], above: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    for key, value in mapping.items():
        path = (*above, *map(str, key)) if isinstance(key, tuple) else (*above, str(key))
        if len(path) > 32:
            raise SpecError(f"the mapping of arrays is nested more than 32 deep, at {'.'.join(path[:4])}...")
        if isinstance(value, Mapping) or (hasattr(value, "items") and not hasattr(value, "shape")):
            yield from _leaves(value, path)
        else:
            yield path, value
