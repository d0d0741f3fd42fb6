"""Jacobians along 1,000 states: the array code of the formula beside torch.func.jacrev and jax.jacfwd, where they are there."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec
from typing import Any

import numpy as np

import rnnsym as rs
from tests.benchmarks.jacobians import arrays
from tests.benchmarks.timing import Row, interleaved, median

STATES = 1000


def _torch(v: dict[str, Any]) -> Any:
    import torch

    torch.set_num_threads(1)
    t = {k: torch.tensor(a) for k, a in v.items()}

    def step(h: Any, x: Any) -> Any:
        return torch.tanh(t["W_h"] @ h + t["W_x"] @ x + t["b"])

    both = torch.func.vmap(torch.func.jacrev(step))
    return lambda: both(t["h"], t["x"]).numpy()


def _jax(v: dict[str, Any]) -> Any:
    import jax

    jax.config.update("jax_enable_x64", True)
    t = {k: jax.numpy.asarray(a) for k, a in v.items()}

    def step(h: Any, x: Any) -> Any:
        return jax.numpy.tanh(t["W_h"] @ h + t["W_x"] @ x + t["b"])

    both = jax.jit(jax.vmap(jax.jacfwd(step)))
    return lambda: np.asarray(both(t["h"], t["x"]).block_until_ready())


PEERS = (("torch jacrev", "torch", _torch, 4.0), ("jax jacfwd", "jax", _jax, None))


def rows(quick: bool) -> Iterator[Row]:
    function = rs.jacobian(rs.elman()).lambdify()
    for n in (8, 32) if quick else (8, 32, 128):
        kernel, group = f"Elman Jacobians of {STATES} states, n = {n}", "Elman Jacobians"
        values = arrays(rs.elman(), n, (STATES,))
        for name, module, make, target in PEERS:
            if not find_spec(module):
                yield Row(kernel, median(lambda v=values: function(**v)), None, name, group=group, n=n)
                continue
            peer = make(values)
            assert np.allclose(function(**values), peer(), atol=1e-12)
            ours, theirs = interleaved(lambda v=values: function(**v), peer, 7)
            yield Row(kernel, ours, theirs, name, target, group, n, shown=n == 32)
