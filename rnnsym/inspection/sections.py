"""The sections of the page on a network: each computes its numbers and says which of them are proved.

May import: everything to the left of `inspection`, and `page`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from rnnsym.analysis.search import FixedPointSet
from rnnsym.inspection.page import Section, number
from rnnsym.network import (
    certificates,
    gradient_norms,
    linearization,
    lyapunov_exponents,
    numerical_rank,
    reachable_dimension,
    singular_values,
    spectrum,
    timescales,
)
from rnnsym.network.running import run
from rnnsym.result import RnnsymError
from rnnsym.weights import Network

SHOWN = 12
FREQUENCIES = (
    (0.0, "0"),
    (np.pi / 8, "pi/8"),
    (np.pi / 4, "pi/4"),
    (np.pi / 2, "pi/2"),
    (3 * np.pi / 4, "3pi/4"),
    (np.pi, "pi"),
)


def _bounds(pair: tuple[float, float]) -> str:
    """Two bounds as one number with its proved digits, or both."""
    low, high = pair
    if not np.isfinite(high):
        return f">= {low:.6g}"
    for digits in (8, 6, 4):
        if f"{low:.{digits}g}" == f"{high:.{digits}g}":
            return f"{low:.{digits}g}"
    return f"{low:.5g} ... {high:.5g}"


def network_section(network: Network) -> Section:
    cell = network.cell
    sizes = ", ".join(f"{k} = {v}" for k, v in network.sizes.items())
    count = sum(v.size for v in network.values.values())
    lines = [f"{name} = {expression}" for name, expression in cell.all_equations]
    lines += [
        f"{sizes}; state {' and '.join(f'{k} ({v})' for k, v in network.blocks.items())}; {count} numbers, {network.dtype}."
    ]
    lines += [note[0].upper() + note[1:] + "." for note in network.notes]
    data = {
        "cell": cell.name, "equations": {str(k): str(v) for k, v in cell.all_equations}, "sizes": network.sizes,
        "state": network.blocks, "dtype": str(network.dtype), "numbers": count, "notes": list(network.notes),
        "shapes": {k: list(v.shape) for k, v in network.values.items()},
    }  # fmt: skip
    return Section("Network", tuple(lines), data=data)


def weight_section(network: Network) -> Section:
    """Norms, and of square matrices the spectral radius, with proved bounds."""
    rows, data = [], {}
    for name, value in network.values.items():
        if value.ndim != 2:
            continue
        norm = singular_values(value)
        square = value.shape[0] == value.shape[1] and name.startswith("W_h")
        modulus = spectrum(value).modulus if square else None
        rank = numerical_rank(value)
        rows.append((
            name, f"{value.shape[0]} x {value.shape[1]}", _bounds(modulus) if modulus else "", _bounds(norm.norm),
            _bounds(norm.smallest), str(rank.rank) if rank.rank is not None else f"{rank.least} ... {rank.most}",
        ))  # fmt: skip
        data[name] = {
            "spectral_radius": modulus, "norm": norm.norm, "smallest_singular_value": norm.smallest, "rank_least": rank.least,
            "rank_most": rank.most, "rank_radius": rank.radius,
        }  # fmt: skip
    lines = ("Bounds are proved; a rank is the least of all matrices that round to these numbers.",)
    return Section(
        "Weights",
        lines,
        ("matrix", "size", "spectral radius", "norm", "least singular value", "rank"),
        tuple(rows),
        data,
    )


def certificate_section(network: Network) -> Section:
    made = certificates(network)
    word = {True: "holds", False: "fails", None: "not shown"}
    rows = [(c.name, word[c.holds], number(c.value), number(c.slack), c.concerns) for c in made]
    data = {
        c.name: {"holds": c.holds, "value": c.value, "limit": c.limit, "slack": c.slack, "concerns": c.concerns}
        for c in made
    }
    every = [c.name for c in made if c.holds and c.concerns == "every input"]
    lines = [
        "Each is sufficient and none is necessary; it holds where the value is below 1, and the slack is what is left."
    ]
    if every:
        lines.append(
            f"So the network contracts under every input ({every[0]}): echo state property, one fixed point for each input."
        )
    return Section(
        "Certificates", tuple(lines), ("condition", "verdict", "value", "slack", "concerns"), tuple(rows), data
    )


def fixed_point_section(network: Network, found: FixedPointSet, drive: Any) -> Section:
    count = len(found)
    under = "zero input" if not drive.any() else f"the input ({', '.join(number(v) for v in drive[:6])})"
    whole = "complete" if found.complete else "not complete: there may be more"
    word = {True: "stable", False: "unstable", None: "undecided"}
    rows = []
    for k, p in enumerate(found.points[: 3 * SHOWN], 1):
        entries = [number(v, 4) for v in p.array[:6]] + (["..."] if network.n > 6 else [])
        outside = str(sum(abs(v) > 1 for v in p.multipliers)) if p.multipliers else "on a kink"
        leading = number(abs(p.multipliers[0])) if p.multipliers else ""
        radius = number(float(max(p.radius)), 2) if any(p.radius) else "exact"
        rows.append((str(k), "(" + ", ".join(entries) + ")", word[p.stable], leading, outside, radius))
    stable = sum(p.stable is True for p in found.points)
    lines = [f"{count} fixed point{'s' * (count != 1)} under {under}, {found.status}, {whole}."]
    if count > 1:
        lines.append(f"{stable} stable, {sum(p.stable is False for p in found.points)} unstable.")
    if count > len(rows):
        lines.append(f"The first {len(rows)} are shown.")
    if found.faces:
        lines.append(f"{len(found.faces)} whole faces of fixed points.")
    if found.undecided:
        lines.append(f"{len(found.undecided)} boxes are undecided.")
    data = {
        "count": count, "complete": found.complete, "status": found.status, "undecided": len(found.undecided),
        "points": [
            {"point": p.array, "radius": float(max(p.radius)), "stable": p.stable, "multipliers": list(p.multipliers[:SHOWN])}
            for p in found.points
        ],
    }  # fmt: skip
    headings = ("", "point", "stability", "|multiplier|", "outside 1", "proved within")
    return Section("Fixed points", tuple(lines), headings, tuple(rows), data)


def main_point(network: Network, found: FixedPointSet | None, drive: Any) -> tuple[Any, str]:
    """The point at which the network is linearized, and what it is: a stable one nearest to 0, else the nearest to 0."""
    points = list(found.points) if found is not None else []
    if points:
        stable = [p for p in points if p.stable]
        chosen = min(stable or points, key=lambda p: float(np.linalg.norm(p.array)))
        number_ = next(k for k, p in enumerate(points, 1) if p is chosen)
        kind = "the stable fixed point" if stable else "the fixed point"
        return chosen.array, f"fixed point {number_}, {kind} nearest to 0"
    end = run(
        network, np.broadcast_to(drive, (500, network.m)) if network.m else None, steps=None if network.m else 500
    )
    return end.after[-1].astype(float), "the state after 500 steps from 0 (no fixed point was found)"


def timescale_section(network: Network, point: Any, what: str, drive: Any) -> Section:
    near = linearization(network, point, x=drive)
    poles, times = near.poles, timescales(near.A)
    rows = [
        (
            number(complex(v)),
            number(abs(v)),
            number(times.decay[k]),
            number(times.half_life[k]),
            number(times.period[k]),
        )
        for k, v in list(enumerate(times.values))[:SHOWN]
    ]
    lines = [f"At {what}; residual {near.residual:.1g}. In steps; a decay below 0 grows, a period inf does not turn."]
    if np.isfinite(poles.radius):
        lines.append(f"The eigenvalues are proved within {poles.radius:.1g}; spectral radius {_bounds(poles.modulus)}.")
    if len(times.values) > SHOWN:
        lines.append(f"The {SHOWN} largest of {len(times.values)}.")
    data = {
        "at": what, "point": point, "residual": near.residual, "eigenvalues": list(times.values), "radius": poles.radius,
        "spectral_radius": poles.modulus, "decay": times.decay, "half_life": times.half_life, "period": times.period,
    }  # fmt: skip
    return Section(
        "Time scales", tuple(lines), ("eigenvalue", "modulus", "decay", "half-life", "period"), tuple(rows), data
    )


def transfer_section(network: Network, point: Any, what: str, drive: Any) -> Section | None:
    """H(z) at the point: its gain over frequencies, and which dimensions inputs reach and outputs show."""
    if not network.m:
        return None
    near = linearization(network, point, x=drive)
    n, p = network.n, len(near.C)
    grid = np.linspace(0, np.pi, 257 if n <= 64 else 33)
    lines = [
        f"H(z) = C (I - A z^-1)^-1 B + D at {what}, {p} x {network.m}; y is {'the output' if network.cell.output else 'the state'}."
    ]
    rows: list[tuple[str, ...]] = []
    data: dict[str, Any] = {"at": what, "outputs": p, "inputs": network.m}
    try:
        values = near.transfer(np.exp(1j * grid))
        gains = np.linalg.norm(values, 2, axis=(1, 2))
        asked = near.transfer(np.exp(1j * np.array([w for w, _ in FREQUENCIES])))
        sizes = np.linalg.norm(asked, 2, axis=(1, 2))
        peak = int(np.argmax(gains))
        lines.append(
            f"Largest gain on a grid of {len(grid)} frequencies: {number(gains[peak])} at omega = {grid[peak]:.4g}."
        )
        if network.m == 1 and p == 1:
            head = ("omega", "|H|", "phase")
            rows = [
                (w, number(abs(complex(h[0, 0]))), number(np.angle(h[0, 0])))
                for (_, w), h in zip(FREQUENCIES, asked, strict=True)
            ]
        else:
            head = ("omega", "largest gain", "least gain")  # type: ignore[assignment]
            least = [np.linalg.svd(h, compute_uv=False)[-1] for h in asked]
            rows = [(w, number(g), number(s)) for (_, w), g, s in zip(FREQUENCIES, sizes, least, strict=True)]
        data |= {"omega": grid, "gain": gains, "dc_gain": asked[0].real, "peak": gains[peak], "peak_omega": grid[peak]}
        poles = near.poles
        if poles.stable is False:
            lines.append("The point is unstable: H(z) describes deviations only while they are small.")
    except np.linalg.LinAlgError:
        head = ("omega", "largest gain", "least gain")
        lines.append("A pole sits on the unit circle at a frequency of the table.")
    reached, seen = reachable_dimension(near.A, near.B), reachable_dimension(near.A.T, near.C.T)
    whole_ = "all of them, proved" if reached == n else "at least"
    lines.append(
        f"Inputs reach {reached} of {n} dimensions ({whole_}); outputs show {seen} ({'all, proved' if seen == n else 'at least'})."
    )
    data |= {"reachable": reached, "observable": seen}
    return Section("Transfer function", tuple(lines), head, tuple(rows), data)


def gradient_section(network: Network, drive: Any, steps: int, seed: int) -> Section:
    """Norms of products of Jacobians along one run, beside their bounds."""
    try:
        found = gradient_norms(network, np.broadcast_to(drive, (steps, network.m)), h0=_start(network, seed))
    except RnnsymError as error:
        return Section("Gradients", (str(error),))
    chosen = sorted({k for k in (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, steps) if k <= steps})
    rate = found.rate
    rows = []

    def small(value: float, k: int) -> str:
        noise = 4e-16 * network.n * k * found.largest[k - 1]  # rounding of the product
        return number(value) if value > noise else f"< {noise:.0e}"

    for k in chosen:
        with np.errstate(over="ignore"):
            bound = "" if rate is None else number(np.float64(rate) ** k)
        rows.append(
            (
                str(k),
                number(found.norm[k - 1]),
                number(found.largest[k - 1]),
                bound,
                small(found.smallest[k - 1], k),
                number(found.least[k - 1]),
            )
        )
    lines = [f"||d h_T/d h_(T-k)|| along one run of T = {steps} steps from a small random state (seed {seed})."]
    if rate is not None:
        lines.append(
            f"Every run obeys ||d h_T/d h_(T-k)|| <= {number(rate)}^k"
            + (": gradients vanish." if rate < 1 else ": no bound on growth." if rate > 1 else ".")
        )
    lines.append(
        "The bounds hold along the run."
        if found.holds
        else "THE BOUNDS ARE VIOLATED along the run: please report this network."
    )
    data = {
        "steps": steps,
        "norm": found.norm,
        "smallest": found.smallest,
        "largest": found.largest,
        "least": found.least,
        "rate": rate,
        "holds": found.holds,
    }
    headings = ("k", "norm", "product of norms", "rate^k", "least singular value", "product of least")
    return Section("Gradients", tuple(lines), headings, tuple(rows), data)


def _start(network: Network, seed: int) -> Any:
    """A small random state: at 0 a network without biases would stay."""
    return np.random.default_rng(seed).normal(size=network.n) * 0.1


def lyapunov_section(network: Network, drive: Any, seed: int) -> Section:
    work = network.n**2
    steps = 1000 if work <= 128**2 else 200
    try:
        found = lyapunov_exponents(network, drive, steps=steps, transient=200, seed=seed)
    except RnnsymError as error:
        return Section("Lyapunov exponents", (str(error),))
    rows = [
        (str(k), number(v), number(e, 2)) for k, (v, e) in enumerate(zip(found.exponents, found.error, strict=True), 1)
    ]
    kind = (
        "chaotic"
        if found.exponents[0] > 3 * found.error[0] + 1e-3
        else "not chaotic"
        if found.exponents[0] < 0
        else "undecided"
    )
    lines = (f"The {len(rows)} largest along one run of {steps} steps (numeric): {kind}.",)
    data = {"exponents": found.exponents, "error": found.error, "steps": steps}
    return Section("Lyapunov exponents", lines, ("", "exponent", "standard error"), tuple(rows), data)
