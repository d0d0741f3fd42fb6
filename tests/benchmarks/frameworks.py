"""Jacobians along 1,000 states: our array code beside torch.func.jacrev and jax.jacfwd, where they are there.

The NumPy form is compared with torch; the jax form, under `jax.jit`, with jax's own derivative of the same step.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib.util import find_spec
from typing import Any

import numpy as np

import rnnsym as rs
from tests.benchmarks.jacobians import arrays
from tests.benchmarks.timing import Row, interleaved, median

STATES = 1000


def elman(np_: Any, sigmoid: Any, t: dict[str, Any], h: Any, x: Any) -> Any:
    return np_.tanh(t["W_h"] @ h + t["W_x"] @ x + t["b"])


def gru(np_: Any, sigmoid: Any, t: dict[str, Any], h: Any, x: Any) -> Any:
    z = sigmoid(t["W_hz"] @ h + t["W_xz"] @ x + t["b_z"])
    r = sigmoid(t["W_hr"] @ h + t["W_xr"] @ x + t["b_r"])
    return z * h + (1 - z) * np_.tanh(t["W_hg"] @ (r * h) + t["W_xg"] @ x + t["b_g"])


STEPS = {"elman": elman, "gru": gru}


def _torch(step: Any, v: dict[str, Any]) -> Callable[[], Any]:
    import torch

    torch.set_num_threads(1)
    t = {k: torch.tensor(a) for k, a in v.items()}
    both = torch.func.vmap(torch.func.jacrev(lambda h, x: step(torch, torch.sigmoid, t, h, x)))
    return lambda: both(t["h"], t["x"]).numpy()


def _jax(step: Any, v: dict[str, Any]) -> Callable[[], Any]:
    import jax

    jax.config.update("jax_enable_x64", True)
    t = {k: jax.numpy.asarray(a) for k, a in v.items()}
    both = jax.jit(jax.vmap(jax.jacfwd(lambda h, x: step(jax.numpy, jax.nn.sigmoid, t, h, x))))
    return lambda: np.asarray(both(t["h"], t["x"]).block_until_ready())


def _our_jax(result: Any, v: dict[str, Any]) -> Callable[[], Any]:
    import jax

    t = {k: jax.numpy.asarray(a) for k, a in v.items()}
    function = result.lambdify(modules="jax")
    fast = jax.jit(lambda values: function(**values))
    return lambda: np.asarray(fast(t).block_until_ready())


def rows(quick: bool) -> Iterator[Row]:
    for name, sizes in (("elman", (8, 32, 128)), ("gru", (8, 32))):
        result = rs.jacobian(rs.catalogue()[name]())
        function = result.lambdify()
        for n in sizes[:2] if quick else sizes:
            kernel, group = f"{name} Jacobians of {STATES} states, n = {n}", f"{name} Jacobians"
            values = arrays(rs.catalogue()[name](), n, (STATES,))
            ours = lambda f=function, v=values: f(**v)  # noqa: E731
            shown = (name, n) == ("elman", 32)
            if find_spec("torch"):
                peer = _torch(STEPS[name], values)
                assert np.allclose(ours(), peer(), atol=1e-12)
                yield Row(kernel, *interleaved(ours, peer, 7), "torch jacrev", 4, group, n, shown=shown)
            else:
                yield Row(kernel, median(ours), None, "torch jacrev", 4, group, n)
            if find_spec("jax"):
                compiled, peer = _our_jax(result, values), _jax(STEPS[name], values)
                assert np.allclose(compiled(), peer(), atol=1e-12)
                yield Row(f"{kernel}, in jax", *interleaved(compiled, peer, 7), "jax jacfwd", 1 / 0.9, f"{group}, in jax", n, shown=shown)  # fmt: skip
            else:
                yield Row(f"{kernel}, in jax", median(ours), None, "jax jacfwd", 1 / 0.9, n=n)
