"""Jacobians: making the formula, and running it beside NumPy written by hand, twice.

"straightforward" is the formula as a paper prints it, diag(d) as `d[..., :, None] * I`: what the targets are about.
"by hand, careful" writes into diagonals and blocks and is at most a few passes over memory from the best NumPy can do.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

import rnnsym as rs
from tests.benchmarks.timing import Row, alone, interleaved


def _sigmoid(x: Any) -> Any:
    return 1 / (1 + np.exp(-x))


def elman_by_hand(v: dict[str, Any]) -> Any:
    h = np.tanh(v["h"] @ v["W_h"].T + v["x"] @ v["W_x"].T + v["b"])
    return (1 - h * h)[..., :, None] * v["W_h"]


def gru_by_hand(v: dict[str, Any]) -> Any:
    h, x = v["h"], v["x"]
    z = _sigmoid(h @ v["W_hz"].T + x @ v["W_xz"].T + v["b_z"])
    r = _sigmoid(h @ v["W_hr"].T + x @ v["W_xr"].T + v["b_r"])
    g = np.tanh((r * h) @ v["W_hg"].T + x @ v["W_xg"].T + v["b_g"])
    inner = (h * r * (1 - r))[..., :, None] * v["W_hr"]
    i = np.arange(h.shape[-1])
    inner[..., i, i] += r
    K = ((1 - z) * (1 - g * g))[..., :, None] * (v["W_hg"] @ inner)
    J = ((h - g) * z * (1 - z))[..., :, None] * v["W_hz"] + K
    J[..., i, i] += z
    return J


def lstm_by_hand(v: dict[str, Any]) -> Any:
    h, x, c = v["h"], v["x"], v["c"]
    i, f, o = (_sigmoid(h @ v[f"W_h{k}"].T + x @ v[f"W_x{k}"].T + v[f"b_{k}"]) for k in "ifo")
    g = np.tanh(h @ v["W_hg"].T + x @ v["W_xg"].T + v["b_g"])
    t = np.tanh(f * c + i * g)
    n = h.shape[-1]
    J = np.zeros(h.shape[:-1] + (2 * n, 2 * n))
    B = (
        (c * f * (1 - f))[..., :, None] * v["W_hf"]
        + (g * i * (1 - i))[..., :, None] * v["W_hi"]
        + (i * (1 - g * g))[..., :, None] * v["W_hg"]
    )
    s = o * (1 - t * t)
    k = np.arange(n)
    J[..., k, k] = f
    J[..., :n, n:] = B
    J[..., n + k, k] = s * f
    J[..., n:, n:] = s[..., :, None] * B + (t * o * (1 - o))[..., :, None] * v["W_ho"]
    return J


def gru_straight(v: dict[str, Any]) -> Any:
    h, x, eye = v["h"], v["x"], np.eye(v["h"].shape[-1])
    z = _sigmoid(h @ v["W_hz"].T + x @ v["W_xz"].T + v["b_z"])
    r = _sigmoid(h @ v["W_hr"].T + x @ v["W_xr"].T + v["b_r"])
    g = np.tanh((r * h) @ v["W_hg"].T + x @ v["W_xg"].T + v["b_g"])
    inner = r[..., :, None] * eye + (h * r * (1 - r))[..., :, None] * v["W_hr"]
    return (
        z[..., :, None] * eye
        + ((h - g) * z * (1 - z))[..., :, None] * v["W_hz"]
        + ((1 - z) * (1 - g**2))[..., :, None] * (v["W_hg"] @ inner)
    )


def lstm_straight(v: dict[str, Any]) -> Any:
    h, x, c, eye = v["h"], v["x"], v["c"], np.eye(v["h"].shape[-1])
    i, f, o = (_sigmoid(h @ v[f"W_h{k}"].T + x @ v[f"W_x{k}"].T + v[f"b_{k}"]) for k in "ifo")
    g = np.tanh(h @ v["W_hg"].T + x @ v["W_xg"].T + v["b_g"])
    t = np.tanh(f * c + i * g)
    cc = f[..., :, None] * eye
    ch = (
        (c * f * (1 - f))[..., :, None] * v["W_hf"]
        + (g * i * (1 - i))[..., :, None] * v["W_hi"]
        + (i * (1 - g**2))[..., :, None] * v["W_hg"]
    )
    s = (o * (1 - t**2))[..., :, None]
    return np.block([[cc, ch], [s * cc, (t * o * (1 - o))[..., :, None] * v["W_ho"] + s * ch]])


STRAIGHT = {"elman": elman_by_hand, "gru": gru_straight, "lstm": lstm_straight}
BY_HAND = {"elman": elman_by_hand, "gru": gru_by_hand, "lstm": lstm_by_hand}


def arrays(cell: Any, n: int, batch: tuple[int, ...], m: int = 4) -> dict[str, Any]:
    """Random arrays of a dimension-free cell."""
    random = np.random.default_rng(0)
    values = {}
    for a in cell.arrays:
        shape = tuple({"n": n, "m": m}.get(str(d), 1) for d in a.value.shape)
        if a.role == "parameter":
            values[a.name] = (
                random.normal(size=shape[:1] if shape[1] == 1 and a.value.shape[1] == 1 else shape) / n**0.5
            )
        elif a.role in ("state", "input"):
            values[a.name] = random.normal(size=(*batch, shape[0]))
    return values


def rows(quick: bool) -> Iterator[Row]:
    for name, target in (("elman", 0.05), ("gru", None), ("lstm", 0.7)):
        make = rs.catalogue()[name]
        yield alone(f"make the {name} Jacobian, all n", lambda make=make: rs.jacobian(make()), target)
    sizes = [("elman", n, (1000,)) for n in (8, 16, 32)] + [("gru", n, (1000,)) for n in (8, 32)] + [("lstm", 512, ())]
    more = [
        ("elman", 64, (1000,)),
        ("gru", 64, (1000,)),
        ("lstm", 16, (1000,)),
        ("lstm", 32, (1000,)),
        ("lstm", 64, (1000,)),
    ]
    sizes += [] if quick else [*more, ("lstm", 512, (8,))]
    for name, n, batch in sizes:
        cell = rs.catalogue()[name]()
        values = arrays(cell, n, batch)
        function = rs.jacobian(cell).lambdify()
        group = f"run the {name} Jacobian" if batch == (1000,) else ""
        shown = (name, n) in (("elman", 32), ("gru", 64), ("gru", 32))
        kernel = f"run the {name} Jacobian, n = {n}, batch {batch}"
        gated = name in ("gru", "lstm") and n >= 32 and batch == (1000,)
        hands = [("straightforward NumPy", STRAIGHT[name], 2.0 if gated else 1.0)]
        hands += [] if BY_HAND[name] is STRAIGHT[name] else [("careful NumPy", BY_HAND[name], None)]
        for peer_name, hand, target in hands:
            assert np.allclose(function(**values), hand(values), atol=1e-12)
            ours, peer = interleaved(lambda f=function, v=values: f(**v), lambda h=hand, v=values: h(v))
            yield Row(kernel, ours, peer, peer_name, target, group, n, shown=shown and target is not None)
