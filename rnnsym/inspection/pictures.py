"""Pictures of the page: eigenvalues in the unit circle, gradient norms with their bounds, gain over frequency.

May import: everything to the left of `inspection`. matplotlib is the extra `plot`.
"""

from __future__ import annotations

import io
from typing import Any

import numpy as np

from rnnsym.network import gradient_norms, linearization
from rnnsym.plots.style import COLORS, GREY, axes, finish, line, painted
from rnnsym.result import KinkError, RnnsymError
from rnnsym.weights import Network


def drawn(network: Network, point: Any, drive: Any, steps: int, seed: int) -> tuple[tuple[str, str, bytes], ...]:
    """(name, caption, PNG) of each picture."""
    try:
        near = linearization(network, point, x=drive)
    except KinkError:
        return ()
    pictures = []
    with painted():
        ax = axes(width=4.2, height=4.2)
        turn = np.linspace(0, 2 * np.pi, 361)
        ax.plot(np.cos(turn), np.sin(turn), color=GREY, linewidth=1)
        values = near.poles.values
        ax.plot(values.real, values.imag, "o", markersize=4, color=COLORS[1])
        ax.set_aspect("equal")
        finish(ax, xlabel="real part", ylabel="imaginary part")
        pictures.append(
            ("eigenvalues", "Eigenvalues of the Jacobian at the main fixed point, and the unit circle", _png(ax))
        )
        try:
            start = np.random.default_rng(seed).normal(size=network.n) * 0.1
            found = gradient_norms(network, np.broadcast_to(drive, (steps, network.m)), h0=start)
        except RnnsymError:
            found = None
        if found is not None:
            ax = axes(width=5.4, height=4.0)
            k = np.arange(1, found.steps + 1)
            curves = [
                ("norm", found.norm),
                ("product of norms", found.largest),
                ("least singular value", found.smallest),
            ]
            if found.rate is not None:
                with np.errstate(over="ignore"):
                    curves.append(("rate^k", found.rate**k))
            for i, (name, curve) in enumerate(curves):
                good = np.isfinite(curve) & (curve > 0)
                ax.semilogy(k[good], curve[good], label=name, **line(i))
            finish(ax, xlabel="steps k", ylabel="norm of d h_T/d h_(T-k)")
            pictures.append(("gradients", "Norms of products of Jacobians along one run, and their bounds", _png(ax)))
        if network.m:
            ax = axes(width=5.4, height=3.8)
            omega = np.linspace(1e-6, np.pi, 400 if network.n <= 64 else 60)
            ax.semilogy(omega, np.linalg.norm(near.transfer(np.exp(1j * omega)), 2, axis=(1, 2)), **line(1))
            finish(ax, xlabel="frequency omega (rad per step)", ylabel="largest gain of H")
            pictures.append(("gain", "Largest singular value of H at the main fixed point", _png(ax)))
    return tuple(pictures)


def _png(ax: Any) -> bytes:
    found = io.BytesIO()
    ax.figure.savefig(found, format="png", dpi=110, metadata={"Software": None})
    return found.getvalue()
