"""Products of Jacobians along a run, beside what bounds them; and the leading Lyapunov exponents of a large network.

May import: everything to the left of `network`, and `running`, `enclosures`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from rnnsym.analysis.contraction import recurrence
from rnnsym.analysis.lyapunov import LyapunovSpectrum
from rnnsym.cells.record import whole
from rnnsym.network.enclosures import UP, U, spectral_norm
from rnnsym.network.running import at_states, run
from rnnsym.result import NoClosedForm, SpecError
from rnnsym.weights import Network


@dataclass(frozen=True)
class GradientNorms:
    """||d h_T/d h_(T-k)|| for k = 1 ... T along one run, and its bounds, each an array over k.

    norm:     the spectral norm of the product of the k last Jacobians;  smallest: its least singular value.
    largest:  prod ||J_i||, never below norm;  least: prod sigma_min(J_i), never above smallest.
    rate:     |1 - a| + |a| L ||W||, whose k-th power bounds every product of every run; None for gated cells.
    Numbers in floats: norm <= largest <= rate^k hold up to their rounding, which `holds` allows for.
    """

    norm: Any
    smallest: Any
    largest: Any
    least: Any
    rate: float | None

    @property
    def steps(self) -> int:
        return len(self.norm)

    @property
    def holds(self) -> bool:
        """Whether the measured norms obey the bounds: least <= smallest, norm <= largest <= rate^k."""
        slack = 1 + 1e-9
        tiny = 1e-12 * np.maximum.accumulate(np.maximum(self.largest, 1e-300))  # products cancel
        good = (self.norm <= self.largest * slack + tiny).all() and (self.least <= self.smallest * slack + tiny).all()
        if self.rate is not None:
            with np.errstate(over="ignore"):
                good = good and (self.largest <= self.rate ** np.arange(1, self.steps + 1) * slack).all()
        return bool(good)


def gradient_rate(network: Network) -> float | None:
    """|1 - a| + |a| L ||W||, rounded up: a bound of ||d h_t/d h_(t-1)|| for every state and input; None for gated cells."""
    try:
        parts = recurrence(network.cell)
    except NoClosedForm:
        return None
    W, a = recurrent_weights(network)
    L = float(parts.L)
    if not np.isfinite(L):
        return None
    return float((abs(1 - a) + abs(a) * L * (1 + 2 * U) * spectral_norm(W)) * UP)


def recurrent_weights(network: Network) -> tuple[Any, float]:
    """W (float64) and the leak rate of a plain or leaky network; NoClosedForm for another cell."""
    parts = recurrence(network.cell)
    name = str(getattr(parts.W, "name", ""))
    if name not in network.values:
        raise NoClosedForm(f"the recurrent weights of {network.cell.name} are {parts.W}, no single array")
    leak = parts.leak
    if getattr(leak, "free_symbols", None):
        leak = leak.subs({s: float(network.values[s.name]) for s in leak.free_symbols})
    return network.values[name].astype(float), float(leak)


def gradient_norms(network: Network, x: Any = None, *, h0: Any = None, steps: int | None = None) -> GradientNorms:
    """Norms of d h_T/d h_(T-k) along a run of one trajectory, k = 1 ... T, and their bounds; two Jacobians at a time.

    Raises: SpecError for a batch of trajectories, or a run of no steps.

    >>> from rnnsym.cells import elman
    >>> found = gradient_norms(Network(elman(), {"W_h": [[0.5]], "W_x": [[1.0]]}), steps=3)
    >>> found.norm.tolist(), found.rate ** 3 >= 0.125
    ([0.5, 0.25, 0.125], True)
    """
    found = run(network, x, h0=h0, steps=steps)
    if found.before.ndim != 2 or not found.steps:
        raise SpecError(
            f"the states have shape {found.after.shape}; gradient norms are those of one run of at least one step"
        )
    count, n = found.steps, network.n
    table = np.empty((4, count))
    product = np.eye(n)
    largest = least = 1.0
    for k in range(count):
        t = count - 1 - k
        J = at_states(network, found.before[t].astype(float), found.inputs[t].astype(float)).reshape(n, n)
        product = product @ J
        if not np.isfinite(product).all():
            raise SpecError(f"the product of {k + 1} Jacobians left the finite numbers; ask fewer steps")
        size, whole_product = np.linalg.svd(J, compute_uv=False), np.linalg.svd(product, compute_uv=False)
        largest, least = largest * size[0], least * size[-1]
        table[:, k] = whole_product[0], whole_product[-1], largest, least
    return GradientNorms(table[0], table[1], table[2], table[3], gradient_rate(network))


def lyapunov_exponents(
    network: Network, x: Any = None, *, count: int | None = None, steps: int = 1000, transient: int = 200, h0: Any = None,
    seed: int = 0,
) -> LyapunovSpectrum:  # fmt: skip
    """The `count` largest Lyapunov exponents of one run, by QR of the tangent map on `count` directions.

    x:     a constant input (m,), or a sequence (steps + transient, m); zero if left out. count: 8 or all, whichever is less.
    With fewer directions than states mean_log_det is nan. Numeric, with the spread over blocks of the run as error.
    """
    count = min(network.n, 8 if count is None else whole(count, "count"))
    total = whole(steps, "steps") + whole(transient, "transient", least=0)
    random = np.random.default_rng(seed)
    drive = np.zeros(network.m) if x is None else np.asarray(x, dtype=float)
    drive = np.broadcast_to(drive, (total, network.m)) if drive.ndim == 1 and drive.shape == (network.m,) else drive
    start = random.normal(size=network.n) * 0.1 if h0 is None else h0
    found = run(network, drive[:total] if len(drive) >= total else drive, h0=start)
    if found.steps != total:
        raise SpecError(f"x has {found.steps} steps; {total} are needed (transient included)")
    frame = np.linalg.qr(random.normal(size=(network.n, count)))[0]
    logs, volume = np.empty((steps, count)), 0.0
    n, chunk = network.n, max(1, int(2e6 / network.n**2))
    for t in range(total):
        if t % chunk == 0:
            part = slice(t, t + chunk)
            many = at_states(network, found.before[part].astype(float), found.inputs[part].astype(float)).reshape(
                -1, n, n
            )
        J = many[t % chunk]
        frame, R = np.linalg.qr(J @ frame)
        if t >= transient:
            stretch = np.abs(np.diag(R))
            with np.errstate(divide="ignore"):
                logs[t - transient] = np.log(np.where(stretch > n * 2 * U * np.abs(J).max(), stretch, 0.0))
                volume += np.linalg.slogdet(J)[1] if count == n else np.nan
    mean = logs.mean(axis=0)
    with np.errstate(invalid="ignore"):
        parts = np.array_split(logs, min(20, steps))
        spread = np.std([p.mean(axis=0) for p in parts], axis=0) / np.sqrt(len(parts))
    order = np.argsort(-mean)
    return LyapunovSpectrum(
        tuple(map(float, mean[order])), tuple(map(float, spread[order])), float(volume / steps), steps
    )
