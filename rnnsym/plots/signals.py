"""Pictures of linear systems: poles and zeros, frequency and impulse response, SNR gain.

Every function takes a LinearSystem, `values` for its symbols, and an `ax`; it evaluates the matrices and not a closed
form, so that a picture of a formula is a check of it. May import: everything to the left of `plots`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import sympy as sp

from rnnsym.plots.style import COLORS, GREY, axes, finish, line
from rnnsym.result import ShapeError, SpecError
from rnnsym.systems import LinearSystem

FREQUENCY = r"frequency $\omega$ (rad per step)"


def numbers(system: LinearSystem, values: Mapping[str, Any] | None = None) -> tuple[Any, Any, Any, Any]:
    """The matrices A, B, C, D as floats."""
    given = {str(k): v for k, v in (values or {}).items()}
    free = sorted(set().union(*(m.free_symbols for m in (system.A, system.B, system.C, system.D))), key=str)
    missing = [s.name for s in free if s.name not in given]
    unknown = [k for k in given if k not in {s.name for s in free}]
    if missing or unknown:
        what = f"needs values for {', '.join(missing)}" if missing else f"has no symbol {unknown[0]!r}"
        raise SpecError(f"{system.name} {what}; its symbols: {', '.join(s.name for s in free) or 'none'}")
    table = {s: sp.S(given[s.name]) for s in free}
    found = [np.array(m.subs(table).evalf().tolist(), dtype=complex) for m in (system.A, system.B, system.C, system.D)]
    found = [f.reshape(m.shape) for f, m in zip(found, (system.A, system.B, system.C, system.D), strict=True)]
    if all(np.all(f.imag == 0) for f in found):
        found = [f.real for f in found]
    return found[0], found[1], found[2], found[3]


def response(system: LinearSystem, omega: Any, values: Mapping[str, Any] | None = None) -> Any:
    """H(e^{i omega}) by solving at each frequency, shape (frequencies, p, m)."""
    A, B, C, D = numbers(system, values)
    z = np.exp(1j * np.asarray(omega))
    shifted = z[:, None, None] * np.eye(len(A)) - A
    states = np.linalg.solve(shifted, np.broadcast_to(B, (len(z), *B.shape)))
    if system.readout == "current":
        states = states * z[:, None, None]
    return C @ states + D


def _of(system: LinearSystem, i: int, j: int) -> str:
    """Which channel, where there are several."""
    return "" if (system.m, system.p) == (1, 1) else f", output {i + 1}, input {j + 1}"


def _channel(system: LinearSystem, channel: tuple[int, int]) -> tuple[int, int]:
    i, j = channel
    if not (0 <= i < system.p and 0 <= j < system.m):
        raise ShapeError(f"channel {channel}: the system has {system.p} outputs and {system.m} inputs, counted from 0")
    return i, j


def pole_zero(
    system: LinearSystem, values: Mapping[str, Any] | None = None, *, channel: tuple[int, int] = (0, 0), ax: Any = None
) -> Any:
    """Poles (x) and zeros (o) of one channel with the unit circle; cancelled pairs are drawn in grey, not hidden."""
    i, j = _channel(system, channel)
    A, B, C, D = numbers(system, values)
    b, c, d = B[:, j : j + 1], C[i : i + 1, :], D[i, j]
    poles = np.linalg.eigvals(A)
    denominator = np.poly(A)
    numerator = np.poly(A - b @ c) - denominator  # det(zI - A + bc) = det(zI - A) (1 + c (zI - A)^-1 b)
    if system.readout == "current":
        numerator = np.append(numerator, 0)
        denominator = np.append(0, denominator)
    numerator = np.trim_zeros(np.where(np.abs(numerator) < 1e-12, 0, numerator) + d * denominator, "f")
    zeros = np.roots(numerator)
    ax = axes(ax, width=4.2, height=4.2)
    angle = np.linspace(0, 2 * np.pi, 361)
    ax.plot(np.cos(angle), np.sin(angle), color=GREY, linewidth=1, label="unit circle")
    pairs = _pairs(poles, zeros)
    free_poles = [p for k, p in enumerate(poles) if k not in {a for a, _ in pairs}]
    free_zeros = [z for k, z in enumerate(zeros) if k not in {b_ for _, b_ in pairs}]
    ax.plot(
        np.real(free_poles), np.imag(free_poles), "x", color=COLORS[2], markersize=9, markeredgewidth=2, label="poles"
    )
    ax.plot(
        np.real(free_zeros), np.imag(free_zeros), "o", color=COLORS[1], markersize=8, fillstyle="none",
        markeredgewidth=1.6, label="zeros",
    )  # fmt: skip
    if pairs:
        cancelled = np.array([poles[a] for a, _ in pairs])
        ax.plot(
            cancelled.real, cancelled.imag, "s", color=GREY, markersize=10, fillstyle="none", label="cancelled pairs"
        )
        ax.plot(cancelled.real, cancelled.imag, "x", color=GREY, markersize=6)
    ax.set_aspect("equal", adjustable="datalim")
    ax.axhline(0, color=GREY, linewidth=0.5)
    ax.axvline(0, color=GREY, linewidth=0.5)
    return finish(
        ax,
        title=f"poles and zeros, readout {system.readout}{_of(system, i, j)}",
        below=True,
        xlabel="Re z",
        ylabel="Im z",
    )


def _pairs(poles: Any, zeros: Any, close: float = 1e-6) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    for a, p in enumerate(poles):
        for b, z in enumerate(zeros):
            if b not in {k for _, k in found} and abs(p - z) < close * max(1, abs(p)):
                found.append((a, b))
                break
    return found


def magnitude(
    system: LinearSystem, values: Mapping[str, Any] | None = None, *, channel: tuple[int, int] = (0, 0), ax: Any = None
) -> Any:
    """|H(e^{i omega})| in decibels for 0 <= omega <= pi."""
    i, j = _channel(system, channel)
    omega = np.linspace(0, np.pi, 800)
    gain = np.abs(response(system, omega, values)[:, i, j])
    ax = axes(ax)
    with np.errstate(divide="ignore"):
        ax.plot(omega, 20 * np.log10(gain), label=r"$|H(e^{\mathrm{i}\omega})|$", **line(1))
    return finish(ax, title=f"magnitude{_of(system, i, j)}", xlabel=FREQUENCY, ylabel="dB")


def phase(
    system: LinearSystem, values: Mapping[str, Any] | None = None, *, channel: tuple[int, int] = (0, 0), ax: Any = None
) -> Any:
    """arg H(e^{i omega}), unwrapped, for 0 <= omega <= pi."""
    i, j = _channel(system, channel)
    omega = np.linspace(1e-6, np.pi, 800)
    ax = axes(ax)
    angle = np.unwrap(np.angle(response(system, omega, values)[:, i, j]))
    ax.plot(omega, angle, label=r"$\arg H(e^{\mathrm{i}\omega})$", **line(2))
    return finish(ax, title=f"phase, readout {system.readout}{_of(system, i, j)}", xlabel=FREQUENCY, ylabel="rad")


def bode(system: LinearSystem, values: Mapping[str, Any] | None = None, *, channel: tuple[int, int] = (0, 0)) -> Any:
    """Magnitude above phase; returns the two axes."""
    first = axes(width=5.0, height=5.4)
    figure = first.figure
    figure.clear()
    top, bottom = figure.subplots(2, 1, sharex=True)
    drawn = magnitude(system, values, channel=channel, ax=top), phase(system, values, channel=channel, ax=bottom)
    top.set_xlabel("")
    return drawn


def impulse_response(
    system: LinearSystem, values: Mapping[str, Any] | None = None, *, steps: int = 40, channel: tuple[int, int] = (0, 0),
    ax: Any = None,
) -> Any:  # fmt: skip
    """The response to a unit pulse at step 0, by running the recurrence."""
    i, j = _channel(system, channel)
    A, B, C, D = numbers(system, values)
    state, found = np.zeros(len(A), dtype=A.dtype), []
    for k in range(steps):
        x = B[:, j] * (k == 0)
        old, state = state, A @ state + x
        found.append((C @ (state if system.readout == "current" else old))[i] + D[i, j] * (k == 0))
    ax = axes(ax)
    power = "k" if system.readout == "current" else "k-1"
    label = rf"$C A^{{{power}}} B$" + (" + D at k = 0" if D[i, j] else "")
    markers, stems, base = ax.stem(range(steps), np.real(found), label=label)
    markers.set(color=COLORS[1], markersize=4)
    stems.set(color=COLORS[1], linewidth=1)
    base.set(color=GREY, linewidth=0.8)
    return finish(
        ax, title=f"impulse response, readout {system.readout}{_of(system, i, j)}", xlabel="step k", ylabel="output"
    )


def snr_gain(
    poles: Sequence[float] | LinearSystem = (0.9, 0.5, 0.0, -0.5), values: Mapping[str, Any] | None = None, *, ax: Any = None
) -> Any:  # fmt: skip
    """The gain G of the signal-to-noise ratio against frequency: of one-pole filters, or of a system with one channel.

    One pole p: G = (1 - p^2)/(1 - 2 p cos omega + p^2), never above 1/|sin omega|. A system: |H(e^{i omega})|^2 over the
    power that white noise of variance one has at its output.
    """
    if isinstance(poles, LinearSystem):
        return _system_gain(poles, values, ax)
    omega = np.linspace(0.02, np.pi - 0.02, 600)
    ax = axes(ax, height=4.2)
    envelope = 1 / np.abs(np.sin(omega))
    for k, p in enumerate(poles):
        if not abs(p) < 1:
            raise SpecError(f"the pole must lie inside the unit circle, got {p}; its noise would grow without bound")
        ax.plot(omega, (1 - p * p) / (1 - 2 * p * np.cos(omega) + p * p), label=f"$p = {p:g}$", **line(k + 1))
    ax.plot(omega, envelope, label=r"$G_{\max} = 1/|\sin\omega|$", color=COLORS[0], linewidth=2.2, zorder=1)
    ax.set_yscale("log")
    title = r"$G = (1-p^2)/(1 - 2p\cos\omega + p^2)$"
    return finish(ax, title=title, below=True, xlabel=FREQUENCY, ylabel="G")


def _system_gain(system: LinearSystem, values: Mapping[str, Any] | None, ax: Any) -> Any:
    if (system.m, system.p) != (1, 1):
        raise ShapeError(f"the gain is of one input and one output, {system.name} has {system.m} and {system.p}")
    A, B, C, D = numbers(system, values)
    radius = max(np.abs(np.linalg.eigvals(A)), default=0.0)
    if radius >= 1:
        raise SpecError(f"rho(A) = {radius:.4g} >= 1: the noise grows without bound; there is no ratio")
    n = len(A)
    # P = A P A^* + B B^*; the noise at the output is C P C^* + |D|^2, with 2 Re(C B D^*) where y_t reads h_t
    P = np.linalg.solve(np.eye(n * n) - np.kron(A, A.conj()), (B @ B.conj().T).reshape(-1)).reshape(n, n)
    cross = 2 * np.real(C @ B @ D.conj().T) if system.readout == "current" else 0
    power = float(np.real(C @ P @ C.conj().T + D @ D.conj().T + cross)[0, 0])
    omega = np.linspace(0, np.pi, 600)
    gain = np.abs(response(system, omega, values)[:, 0, 0]) ** 2 / power
    ax = axes(ax)
    ax.plot(omega, gain, label=r"$G = |H(e^{\mathrm{i}\omega})|^2 / \|h\|_2^2$", **line(1))
    best = int(np.argmax(gain))
    ax.plot(
        omega[best],
        gain[best],
        "o",
        color=COLORS[2],
        label=rf"best: $G = {gain[best]:.3g}$ at $\omega = {omega[best]:.3g}$",
    )
    ax.axhline(1, color=GREY, linewidth=0.8)
    if gain.min() > 1e-6 * gain.max() and gain.max() > 20 * gain.min():
        ax.set_yscale("log")
    return finish(ax, title="gain of the signal-to-noise ratio", below=True, xlabel=FREQUENCY, ylabel="G")
