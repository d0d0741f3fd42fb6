"""All fixed points: our proved sets beside gradient descent and Newton from 1,024 starts, with the recall of both.

The prototype's seconds of peers.md section 3 are targets: reach half. The networks named there by count alone are drawn
here by seed; every set is proved complete, so the recall of the starts is known, not estimated.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

import rnnsym as rs
from tests.benchmarks.timing import Row

STARTS = 1024


def gaussian(n: int, gain: float, seed: int) -> Any:
    return gain * np.random.default_rng(seed).normal(size=(n, n)) / n**0.5


def circulant(n: int, *first: float) -> Any:
    row = np.zeros(n)
    row[: len(first)] = first
    return np.array([np.roll(row, k) for k in range(n)])


def newton(W: Any) -> Any:
    """Roots of h = tanh(W h) by Newton's method from 1,024 starts, in NumPy."""
    n = len(W)
    h = np.random.default_rng(1).uniform(-1, 1, size=(STARTS, n))
    for _ in range(40):
        f = np.tanh(h @ W.T)
        step = np.linalg.solve(np.eye(n) - (1 - f * f)[:, :, None] * W + 1e-13 * np.eye(n), (h - f)[..., None])[..., 0]
        h = h - step * np.minimum(1, 1 / np.maximum(np.abs(step).max(axis=1, keepdims=True), 1e-300))
    return h[np.abs(h - np.tanh(h @ W.T)).max(axis=1) < 1e-10]


def descent(W: Any) -> Any:
    """Minima of |h - tanh(W h)|^2 by Adam from 1,024 starts, in torch (as fixed-point-finder does); None without torch."""
    try:
        import torch
    except ImportError:
        return None
    torch.set_num_threads(1)
    weights = torch.tensor(W)
    h = torch.tensor(np.random.default_rng(1).uniform(-1, 1, size=(STARTS, len(W))), requires_grad=True)
    optimizer = torch.optim.Adam([h], lr=0.03)
    for k in range(1500):
        optimizer.param_groups[0]["lr"] = 0.03 * 0.997**k
        optimizer.zero_grad()
        loss = ((h - torch.tanh(h @ weights.T)) ** 2).sum()
        loss.backward()
        optimizer.step()
    found = h.detach().numpy()
    return found[np.abs(found - np.tanh(found @ W.T)).max(axis=1) < 1e-4]


def recall(points: Any, candidates: Any, within: float = 1e-2) -> float:
    """The part of the points that some candidate comes near."""
    if len(points) == 0:
        return 1.0
    near = [len(candidates) and np.abs(candidates - p.array).max(axis=1).min() < within for p in points]
    return float(np.mean(near))


def timed(function: Callable[[], Any]) -> tuple[float, Any]:
    start = time.perf_counter()
    found = function()
    return time.perf_counter() - start, found


NETWORKS: list[tuple[str, Any, float | None]] = [
    *((f"tanh(2 I h), n = {n}", 2 * np.eye(n), 2.9 / 2 if n == 6 else None) for n in range(1, 7)),
    ("Gaussian n = 6", gaussian(6, 4, 7), 0.5 / 2),
    ("Gaussian n = 8, easy", gaussian(8, 2, 9), 1.1 / 2),
    ("Gaussian n = 8, hard", gaussian(8, 2, 6), None),
    ("circulant n = 6", circulant(6, 1.5, 0.5, 0, 0, 0, -0.5), 0.5 / 2),
    ("circulant n = 8", circulant(8, 1.2, 0.4), 1.1 / 2),
]


def rows(quick: bool) -> Iterator[Row | str]:
    for name, W, target in NETWORKS[: 4 if quick else None]:
        ours, found = min(
            (timed(lambda W=W: rs.fixed_points(rs.elman(), {"W_h": W})) for _ in range(3)), key=lambda t: t[0]
        )
        assert found.complete and found.index_sum == 1
        kernel = f"{len(found)} fixed points, {name}"
        if target is not None:
            yield Row(kernel, ours, target, "target", 1)
        for peer_name, peer in (("Newton, 1,024 starts", newton), ("Adam, 1,024 starts", descent)):
            spent, candidates = timed(lambda W=W, peer=peer: peer(W))
            if candidates is not None:
                part = recall(found, candidates)
                yield Row(kernel, ours, spent, f"{peer_name}, recall {part:.0%}, proves nothing;")
    random = np.random.default_rng(0)
    for n, target in ((10, 0.5), (14, 2.0), (18, 10.0))[: 2 if quick else None]:
        for gain in (0.8, 2.0):
            W, b = gain * random.normal(size=(n, n)) / n**0.5, random.normal(size=n)
            ours, found = timed(lambda W=W, b=b: rs.fixed_points(rs.elman("relu"), {"W_h": W, "b": b}))
            assert found.complete
            yield Row(f"{len(found)} exact points of ReLU, n = {n}, gain {gain}", ours, target, "target", 1)
