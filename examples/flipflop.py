"""The memory of a trained network, proved: all fixed points of a two-bit flip-flop, beside a search by gradient descent.

A tanh network of 8 units was trained to remember the last pulse of two inputs (examples/flipflop/train.py). Theory of such
networks reads its memory off its fixed points, which are usually found by descending q(h) = |F(h) - h|^2/2 from states of a
run (Sussillo & Barak, Neural Computation 2013, doi:10.1162/NECO_a_00409). That finds points; it cannot say that there are no
others. Here all are proved: 9, of which 4 are stable, one for each memory. Run from anywhere: python examples/flipflop.py
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

import rnnsym as rs
from rnnsym.network.running import at_states, run, step

WEIGHTS = Path(__file__).resolve().parent / "flipflop" / "flipflop.safetensors"


def descent(network: rs.Network, starts: np.ndarray, rounds: int = 3000, rate: float = 0.02) -> np.ndarray:
    """Where Adam on q(h) = |F(h) - h|^2/2 leads from each start: grad q = (J - I)^T (F(h) - h)."""
    h = starts.copy()
    mean, square = np.zeros_like(h), np.zeros_like(h)
    eye = np.eye(network.n)
    for k in range(1, rounds + 1):
        gap = step(network, h) - h
        slope = ((at_states(network, h) - eye).swapaxes(-1, -2) @ gap[..., None])[..., 0]
        mean, square = 0.9 * mean + 0.1 * slope, 0.999 * square + 0.001 * slope**2
        h -= rate * 0.999**k * (mean / (1 - 0.9**k)) / (np.sqrt(square / (1 - 0.999**k)) + 1e-12)
    return h


def main() -> None:
    network = rs.load_weights(WEIGHTS, readout="readout", phi="tanh")
    page = rs.inspection(network)
    print(page)
    proved = page.found
    assert proved is not None and proved.complete and len(proved) == 9 and len(proved.stable) == 4
    memories = {tuple(np.sign(network.values["C"] @ p.array + network.values["d"]).astype(int)) for p in proved.stable}
    assert memories == {(1, 1), (1, -1), (-1, 1), (-1, -1)}

    random = np.random.default_rng(0)
    pulses = np.sign(random.uniform(-1, 1, (200, 4, 2))) * (random.uniform(0, 1, (200, 4, 2)) < 0.1)
    starts = run(network, pulses).before.reshape(-1, network.n)[::8]
    ends = descent(network, starts)
    slow = np.linalg.norm(step(network, ends) - ends, axis=1)
    distance = np.array([[np.linalg.norm(h - p.array) for p in proved] for h in ends])
    found = {int(k) for k in distance[slow < 1e-6].argmin(axis=1)}
    print()
    print(
        f"gradient descent from {len(starts)} states of a run: {int((slow < 1e-6).sum())} ends with |F(h) - h| < 1e-6, all within"
    )
    print(
        f"{distance[slow < 1e-6].min(axis=1).max():.0e} of a proved point; it found {len(found)} of the 9, and the proof says that there are no more"
    )
    assert len(found) >= 4 and distance[slow < 1e-6].min(axis=1).max() < 1e-4


if __name__ == "__main__":
    main()
