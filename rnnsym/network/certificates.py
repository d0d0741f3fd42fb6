"""Conditions of contraction and input-to-state stability on the weights of a network of any size, and by how much they hold.

Norms are bounded with proof in floats (`enclosures`), so "holds" is True only where the bound itself is below the limit; it is
False where the other bound is above it, and None between. The conditions are those of `analysis.contraction` and
`analysis.gates`; all are sufficient, none is necessary. For networks of a few units `rnnsym.certificates` has more of them.
May import: everything to the left of `network`, and `enclosures`, `gradients`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from rnnsym.analysis.certificates import Certificate
from rnnsym.analysis.contraction import recurrence
from rnnsym.cells import gru, lstm
from rnnsym.network.enclosures import UP, gamma, perron_bounds, singular_values, spectrum
from rnnsym.network.gradients import recurrent_weights
from rnnsym.result import NoClosedForm
from rnnsym.weights import Network

SEARCHED = 128
"""Units up to which a diagonal metric is searched for, and not only guessed."""

LARGE = 1 + 1e-12
"""Bounds of gates are computed by NumPy's exp and tanh, right to a few units in the last place, and widened by this."""


def certificates(network: Network) -> tuple[Certificate, ...]:
    """Which conditions hold, and by how much: slack = limit - value, with `value` a proved upper bound.

    plain and leaky cells: norms 1, oo, 2 of W, rho(|W|), a diagonal metric (contraction under every input: echo state
        property, one fixed point), and the spectral radius at the origin, which is necessary where the origin is a fixed
        point of zero input.
    lstm, gru: input-to-state stability and its incremental form for inputs |x| <= 1 and states |h| <= 1 (`lstm_iss`,
        `lstm_delta_iss`, `gru_iss`, `gru_delta_iss`).
    Raises: NoClosedForm for another kind of cell.

    >>> from rnnsym.cells import elman
    >>> [c.name for c in certificates(Network(elman(), {"W_h": [[0.5, 0.0], [0.2, 0.5]], "W_x": [[1.0], [0.0]]})) if c.holds][:2]
    ['norm 1', 'norm oo']
    """
    bare = replace(network.cell, output=None).equations
    if bare == lstm().equations:
        return _lstm(network)
    if bare == gru().equations:
        return _gru(network, after=False)
    if bare == gru(reset="after").equations:
        return _gru(network, after=True)
    return _plain(network)


def _certificate(
    name: str, low: float, high: float, concerns: str = "every input", limit: float = 1.0, witness: Any = None
) -> Certificate:
    holds = True if high < limit else False if low >= limit else None
    return Certificate(name, holds, float(high), limit, float(limit - high), holds is not None, concerns, witness)


def _plain(network: Network) -> tuple[Certificate, ...]:
    parts = recurrence(network.cell)
    W, a = recurrent_weights(network)
    L = float(parts.L)
    if not np.isfinite(L):
        raise NoClosedForm(f"{parts.activation.name} has no Lipschitz constant")

    def rate(low: float, high: float) -> tuple[float, float]:
        return (abs(1 - a) + abs(a) * L * low) / UP, (abs(1 - a) + abs(a) * L * high) * UP

    found = []
    for name, axis in (("norm 1", 0), ("norm oo", 1)):
        sums = np.abs(W).sum(axis=axis).max()
        found.append(_certificate(name, *rate(sums / (1 + gamma(len(W))), sums * (1 + gamma(len(W))))))
    found.append(_certificate("norm 2", *rate(*singular_values(W).norm)))
    low, high, _ = perron_bounds(W)
    found.append(_certificate("rho(|W|)", *rate(low, high)))
    q, (low, high) = diagonal_scaling(W)
    made = _certificate("diagonal metric", *rate(low, high), witness=q)
    found.append(
        made if made.holds else Certificate(made.name, None, made.value, 1.0, made.slack, False)
    )  # another q may do
    slope = parts.activation.derivative(0) if 0 not in parts.activation.kinks else None
    silent = parts.activation.phi(0) == 0 and not any(network.values[k].any() for k in network.values if k == "b")
    if slope is not None and slope.is_number and slope.is_finite:
        J = (1 - a) * np.eye(len(W)) + a * float(slope) * W
        found.append(
            _certificate(
                "rho of the linearization at the origin",
                *spectrum(J).modulus,
                "origin" if silent else "origin, if b were 0",
            )
        )
    return tuple(found)


def diagonal_scaling(W: Any, rounds: int = 80) -> tuple[Any, tuple[float, float]]:
    """q > 0 and proved bounds of ||diag(q) W diag(1/q)||, made small.

    From the best of: equal weights; rows and columns balanced (Osborne); the Perron vectors of |W|, with which it is at most
    rho(|W|). Then, up to 128 units, steps along the slope of the norm in ln q, u_i^2 - v_i^2 of its singular vectors.
    """
    n = len(W)
    table = np.abs(W) + 1e-12 * max(float(np.abs(W).max(initial=0.0)), 1e-290)
    balanced = np.zeros(n)
    for _ in range(30):
        scaled = table * np.exp(balanced[:, None] - balanced[None, :])
        balanced += 0.5 * np.log(np.linalg.norm(scaled, axis=0) / np.linalg.norm(scaled, axis=1))
    perron = 0.5 * np.log(perron_bounds(table.T)[2] / perron_bounds(table)[2])
    least, best = np.inf, np.zeros(n)
    for start in (np.zeros(n), balanced, perron):
        size = float(np.linalg.norm(W * np.exp(start[:, None] - start[None, :]), 2))
        if size < least:
            least, best = size, start
    s, rate = best.copy(), 0.5
    for k in range(rounds if n <= SEARCHED else 0):
        left, sizes, right = np.linalg.svd(W * np.exp(s[:, None] - s[None, :]))
        if sizes[0] < least:
            least, best = float(sizes[0]), s.copy()
        s = np.clip(s - rate / (1 + 0.2 * k) * (left[:, 0] ** 2 - right[0] ** 2), -300, 300)
    q = np.exp(best - best.max())
    scaled = W * (q[:, None] / q[None, :])
    # the scaled matrix is rounded three times: its bounds are those of every matrix within that
    return q, singular_values(scaled, np.abs(scaled) * 2.0**-51).norm


def _norm(*blocks: Any) -> float:
    """A proved bound of the maximum norm of blocks side by side."""
    return float(sum(np.abs(b).reshape(len(b), -1).astype(float).sum(axis=1) for b in blocks).max() * UP)


def _sigmoid(v: float) -> float:
    return min(1.0, float(1 / (1 + np.exp(-v))) * LARGE)


def _bounds(network: Network, gates: str) -> tuple[dict[str, float], dict[str, float]]:
    """(||[W_x W_h b]||_oo, ||W_h||_oo) for each gate."""
    v = network.values
    return (
        {g: _norm(v[f"W_x{g}"], v[f"W_h{g}"], v[f"b_{g}"]) for g in gates}, {g: _norm(v[f"W_h{g}"]) for g in gates}
    )  # fmt: skip


def _lstm(network: Network) -> tuple[Certificate, ...]:
    size, w = _bounds(network, "ifog")
    f, i, o = (_sigmoid(size[g]) for g in "fio")
    g = min(1.0, float(np.tanh(size["g"])) * LARGE)
    found = [_certificate("LSTM, input-to-state stability", 0.0, (f + o * i * w["g"]) * UP, "inputs |x| <= 1")]
    if f < 1:
        s = min(1.0, float(np.tanh(i * g / (1 - f))) * LARGE)
        alpha = w["f"] * i * g / (4 * (1 - f)) + i * w["g"] + w["i"] * g / 4
        last = s * w["o"] / 4
        # the spectral radius of [[f, alpha], [o f, alpha o + last]], entries >= 0: its larger eigenvalue
        trace, gap = f + alpha * o + last, f - alpha * o - last
        rho = (trace + np.sqrt(gap * gap + 4 * alpha * o * f)) / 2
        found.append(_certificate("LSTM, incremental stability", 0.0, rho * UP, "inputs |x| <= 1"))
    return tuple(_sufficient(c) for c in found)


def _gru(network: Network, after: bool) -> tuple[Certificate, ...]:
    size, w = _bounds(network, "zrg")
    z, r = _sigmoid(size["z"]), _sigmoid(size["r"])
    hidden = _norm(network.values["b_hg"]) if after else 0.0
    g = min(1.0, float(np.tanh(size["g"] + hidden)) * LARGE)
    # reset after the map: r (W h + b) has the slope r W + diag(W h + b) r', |W h + b| <= w + |b|, r' <= w_r/4
    spread = (w["g"] + hidden) * w["r"] / 4 if after else w["g"] * w["r"] / 4
    K = w["g"] * r + spread
    found = [_certificate("GRU, input-to-state stability (r w < 1)", 0.0, r * w["g"] * UP, "inputs |x| <= 1")]
    rate = max(z + (1 - z) * K, 1 - z + z * K) + (1 + g) * w["z"] / 4  # 1 - z <= z_t <= z
    found.append(_certificate("GRU, incremental stability", 0.0, rate * UP, "inputs |x| <= 1"))
    return tuple(_sufficient(c) for c in found)


def _sufficient(c: Certificate) -> Certificate:
    """These values are bounds from above only: above the limit nothing is said."""
    return c if c.holds else Certificate(c.name, None, c.value, c.limit, c.slack, False, c.concerns)
