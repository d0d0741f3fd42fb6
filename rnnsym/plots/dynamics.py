"""Pictures of cells as dynamical systems: cobweb, phase portrait, bifurcations, stability triangle, gradient norms.

A cell comes with `values`, parameter name -> number or array, as in `trajectory`. May import: everything to the left of
`plots`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import sympy as sp

from rnnsym.analysis.contraction import recurrence
from rnnsym.analysis.jacobian import jacobian
from rnnsym.cells import Cell, step_result, trajectory
from rnnsym.plots.style import COLORS, GREY, MARKERS, SHADE, axes, finish, line
from rnnsym.result import NoClosedForm, ShapeError, SpecError


def _map(cell: Cell, values: Mapping[str, Any], units: int) -> Any:
    """The map of one state block on arrays (..., units) with a constant input."""
    if len(cell.state) != 1:
        raise ShapeError(f"{cell.name} has {len(cell.state)} state blocks; this picture needs one")
    function = step_result(cell).lambdify()
    name = cell.state[0].name

    def step(h: Any) -> Any:
        given = h[..., 0] if cell.is_scalar else h
        found = np.asarray(function(**{name: given}, **values))
        return found[..., None] if cell.is_scalar else found[..., 0]

    size = cell.state[0].shape[0]
    if size.is_Integer and int(size) != units:
        raise ShapeError(f"{cell.name} has {size} units; this picture needs {units}")
    return step


def _reach(step: Any, units: int, least: float) -> tuple[float, float]:
    """A span that holds the trajectories from the corners of [-1, 1]^n, at least (-least, least), at most ten times that."""
    corners = np.stack(np.meshgrid(*[np.array([-1.0, 0.3, 1.0])] * units), axis=-1).reshape(-1, units)
    top = 0.0
    with np.errstate(all="ignore"):
        for _ in range(60):
            corners = step(corners)
            size = np.abs(corners[np.all(np.isfinite(corners), axis=-1)])
            top = max(top, float(size.max(initial=0.0)))
    top = min(max(least, 1.1 * top), 10 * least)
    return -top, top


def cobweb(
    cell: Cell, values: Mapping[str, Any], *, h0: float = 0.1, steps: int = 60, span: tuple[float, float] | None = None,
    ax: Any = None,
) -> Any:  # fmt: skip
    """The map of one unit, the diagonal, the path of one trajectory between them, and the fixed points where they meet."""
    step = _map(cell, values, 1)
    low, high = _reach(step, 1, 1.2) if span is None else span
    grid = np.linspace(low, high, 2001)
    image = step(grid[:, None])[:, 0]
    ax = axes(ax, width=4.4, height=5.4)
    ax.plot(grid, image, label=r"$h_t = F(h_{t-1})$", **line(1))
    ax.plot(grid, grid, color=GREY, linewidth=1, linestyle="--", label=r"$h_t = h_{t-1}$")
    path = [h0]
    for _ in range(steps):
        path.append(float(step(np.array([path[-1]]))[0]))
    corners = np.repeat(path, 2)
    ax.plot(
        corners[:-1], np.concatenate([[path[0]], corners[2:]]), color=COLORS[2], linewidth=0.9, label=f"from {h0:g}"
    )
    gap = image - grid
    places = np.flatnonzero((gap[:-1] * gap[1:] < 0) | (gap[:-1] == 0))[:20]
    rest = np.array([grid[k] - gap[k] * (grid[k + 1] - grid[k]) / (gap[k + 1] - gap[k] or 1) for k in places])
    slope = (image[places + 1] - image[places]) / (grid[places + 1] - grid[places])
    verdicts = [_verdict(abs(m)) for m in slope]
    _fixed(ax, {v: [h for h, own in zip(rest, verdicts, strict=True) if own == v] for v in STYLES})
    ax.set_xlim(low, high)
    ax.set_ylim(low, high)
    ax.set_aspect("equal")
    return finish(ax, title=f"cobweb of {cell.name}", below=True, xlabel=r"$h_{t-1}$", ylabel=r"$h_t$")


STYLES = {"stable": (COLORS[0], "full"), "marginal": (COLORS[0], "left"), "unstable": ("white", "full")}


def _verdict(radius: float) -> str:
    """Stability as a picture shows it; what is within 1e-9 of the boundary is called marginal."""
    return "marginal" if abs(radius - 1) < 1e-9 else "stable" if radius < 1 else "unstable"


def _fixed(ax: Any, points: Mapping[str, Any]) -> None:
    """Fixed points, numbers or rows of two: filled circles are stable, open ones unstable, half filled ones marginal."""
    for verdict, found in points.items():
        if len(found):
            table = np.asarray(found, dtype=float)
            table = table if table.ndim == 2 else np.stack([table, table], axis=1)
            ax.plot(
                table[:, 0], table[:, 1], marker="o", markersize=7, linestyle="none", color=COLORS[0],
                markerfacecolor=STYLES[verdict][0], markerfacecoloralt="white", fillstyle=STYLES[verdict][1], label=verdict,
                zorder=5,
            )  # fmt: skip


def phase_portrait(
    cell: Cell, values: Mapping[str, Any], *, span: tuple[float, float] | None = None, starts: int = 12, ax: Any = None
) -> Any:
    """Two units: the displacement F(h) - h, the curves where one unit rests, trajectories, fixed points by stability."""
    step = _map(cell, values, 2)
    low, high = span = _reach(step, 2, 1.1) if span is None else span
    ax = axes(ax, width=4.8, height=5.9)
    fine = np.linspace(low, high, 201)
    X, Y = np.meshgrid(fine, fine)
    gap = step(np.stack([X, Y], axis=-1)) - np.stack([X, Y], axis=-1)
    coarse = slice(4, None, 12)
    ax.quiver(
        X[coarse, coarse], Y[coarse, coarse], gap[coarse, coarse, 0], gap[coarse, coarse, 1], color="#AAAAAA",
        width=0.003, zorder=1,
    )  # fmt: skip
    for angle in np.linspace(0, 2 * np.pi, starts, endpoint=False):
        h = (low + high) / 2 + np.array([np.cos(angle), np.sin(angle)]) * 0.45 * (high - low)
        path = [h]
        for _ in range(60):
            path.append(step(path[-1]))
        track = np.array(path)
        ax.plot(track[:, 0], track[:, 1], ".-", color=COLORS[6], linewidth=0.6, markersize=2.5, zorder=2)
    ax.plot([], [], ".-", color=COLORS[6], linewidth=0.6, markersize=2.5, label="trajectories")
    for k, name in enumerate(("$F_1(h) = h_1$", "$F_2(h) = h_2$")):
        ax.contour(X, Y, gap[..., k], levels=[0], colors=[COLORS[1 + k]], linestyles=["-", "--"][k], linewidths=1.6)
        ax.plot([], [], color=COLORS[1 + k], linestyle=["-", "--"][k], linewidth=1.6, label=name)
    _fixed(ax, _rest_points(cell, values, step, span))
    ax.set_xlim(low, high)
    ax.set_ylim(low, high)
    ax.locator_params(nbins=5)
    ax.set_aspect("equal")
    return finish(ax, title=f"phase portrait of {cell.name}", below=True, xlabel=r"$h_1$", ylabel=r"$h_2$")


def _rest_points(cell: Cell, values: Mapping[str, Any], step: Any, span: tuple[float, float]) -> dict[str, list[Any]]:
    """Fixed points of a map of two units by Newton's method from a grid: what a picture needs, no proof."""
    slope = jacobian(cell).lambdify(kink="right")
    name = cell.state[0].name
    grid = np.linspace(*span, 15)
    points = np.stack(np.meshgrid(grid, grid), axis=-1).reshape(-1, 2)
    found: dict[str, list[Any]] = {verdict: [] for verdict in STYLES}
    with np.errstate(all="ignore"):
        for _ in range(40):
            gap = step(points) - points
            J = np.broadcast_to(slope(**{name: points}, **values), (len(points), 2, 2))
            change = (np.linalg.pinv(J - np.eye(2)) @ gap[..., None])[..., 0]
            points = np.clip(points - change, span[0] * 2, span[1] * 2)
    for h in points:
        if np.abs(step(h) - h).max() < 1e-10 and not any(np.abs(h - q).max() < 1e-6 for q in sum(found.values(), [])):
            radius = np.abs(np.linalg.eigvals(slope(**{name: h}, **values))).max()
            found[_verdict(float(radius))].append(h)
    return found


def jacobians(cell: Cell, points: Iterable[Any], values: Mapping[str, Any] | None = None) -> list[Any]:
    """The Jacobian at each point (n,), as arrays; a FixedPoint gives its own point."""
    slope = jacobian(cell).lambdify(kink="right")
    name = cell.state[0].name
    found = []
    for point in points:
        h = np.asarray(getattr(point, "array", point), dtype=float)
        found.append(
            np.asarray(slope(**{name: h[0] if cell.is_scalar else h}, **(values or {}))).reshape(len(h), len(h))
        )
    return found


def bifurcation_set(
    *, w: tuple[float, float] = (-4.0, 4.0), points: Sequence[tuple[float, float]] = (), ax: Any = None
) -> Any:
    """One tanh unit in the plane of weight and bias: fold and flip curves, and what each region holds; `points` (w, b)."""
    ax = axes(ax, width=5.6, height=4.4)
    furthest = max((abs(weight) for weight, _ in points), default=0.0)
    w = (min(w[0], -1.1 * furthest), max(w[1], 1.1 * furthest))
    fold = np.linspace(1, max(w[1], 1.01), 400)
    b = np.sqrt(fold * (fold - 1)) - np.arccosh(np.sqrt(fold))
    flip = np.linspace(min(w[0], -1.01), -1, 400)
    v = -flip
    c = np.sqrt(v * (v - 1)) + np.arccosh(np.sqrt(v))
    ax.fill_between(fold, -b, b, color=SHADE)
    ax.fill_between(flip, -c, c, color="#F3F3F3", hatch="///", edgecolor="#CCCCCC", linewidth=0)
    for sign in (1, -1):
        label = r"fold: $|b| = \sqrt{w(w-1)} - \operatorname{arcosh}\sqrt{w}$" if sign == 1 else None
        ax.plot(fold, sign * b, label=label, **line(1))
        label = r"flip: $|b| = \sqrt{|w|(|w|-1)} + \operatorname{arcosh}\sqrt{|w|}$" if sign == 1 else None
        ax.plot(flip, sign * c, label=label, **line(2))
    ax.text(0.72 * w[1], 0, "3 fixed points", ha="center", va="center", fontsize="small")
    ax.text(0.72 * w[0], 0, "stable 2-cycle", ha="center", va="center", fontsize="small")
    ax.text(0, 0.6 * max(b[-1], 1), "1 stable\nfixed point", ha="center", va="center", fontsize="small")
    for text in ax.texts:
        text.set_bbox({"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 1.5})
    for weight, bias in points:
        ax.plot(
            weight, bias, "D", color=COLORS[4], markersize=7, label=f"this unit: $w = {weight:.4g}$, $b = {bias:.4g}$"
        )
    ax.set_xlim(w)
    return finish(ax, title=r"$h_t = \tanh(w\,h_{t-1} + b)$", below=True, columns=1, xlabel="weight w", ylabel="bias b")


def bifurcation_diagram(
    cell: Cell, name: str, grid: Sequence[float], values: Mapping[str, Any] | None = None, *, settle: int = 400,
    keep: int = 60, starts: Sequence[float] = (-0.9, 0.1, 0.9), ax: Any = None,
) -> Any:  # fmt: skip
    """The states that trajectories of one unit visit in the long run, against a parameter."""
    ax = axes(ax)
    table = np.asarray(list(grid), dtype=float)
    shown: list[tuple[Any, Any]] = []
    step = _map(cell, {**(values or {}), name: table[:, None] if not cell.is_scalar else table}, 1)
    for h0 in starts:
        h = np.full((len(table), 1), h0)
        for _ in range(settle):
            h = step(h)
        for _ in range(keep):
            h = step(h)
            shown.append((table, h[:, 0]))
    xs, ys = (np.concatenate(part) for part in zip(*shown, strict=True))
    ax.plot(xs, ys, ".", color=COLORS[0], markersize=1.6, markeredgewidth=0, rasterized=True)
    return finish(ax, title=f"long-run states of {cell.name}", xlabel=name, ylabel=r"$h_t$, t large")


def stability_triangle(matrices: Sequence[Any] = (), *, names: Sequence[str] = (), ax: Any = None) -> Any:
    """Trace and determinant of two units: stable inside the triangle; its sides are fold, flip and Neimark-Sacker.

    names: of the matrices, for the legend.
    """
    ax = axes(ax, height=4.2)
    ax.fill([-2, 2, 0], [1, 1, -1], color=SHADE)
    trace = np.linspace(-2, 2, 200)
    ax.plot([0, 2], [-1, 1], label=r"fold: $\det = \mathrm{tr} - 1$", **line(1))
    ax.plot([-2, 0], [1, -1], label=r"flip: $\det = -\mathrm{tr} - 1$", **line(2))
    ax.plot([-2, 2], [1, 1], label=r"Neimark-Sacker: $\det = 1$", **line(3))
    ax.plot(trace, trace**2 / 4, color=GREY, linewidth=0.9, label=r"$\mathrm{tr}^2 = 4\det$")
    places: dict[tuple[float, float], list[str]] = {}
    for k, matrix in enumerate(matrices):
        A = np.asarray(matrix, dtype=float)
        if A.shape != (2, 2):
            raise ShapeError(f"the triangle is of 2 x 2 matrices, got {A.shape}")
        place = round(float(np.trace(A)), 9), round(float(np.linalg.det(A)), 9)
        places.setdefault(place, []).append(names[k] if k < len(names) else f"matrix {k + 1}")
    for k, ((t, d), here) in enumerate(places.items()):
        label = here[0] + (f" and {len(here) - 1} more" if here[1:] else "")
        color = COLORS[(4 + k) % len(COLORS)]
        ax.plot(t, d, MARKERS[k % len(MARKERS)], color=color, markersize=7, label=label)
    return finish(ax, title=r"$\rho(A) < 1$ inside", below=True, xlabel="tr A", ylabel="det A")


def gradient_norms(
    cell: Cell, values: Mapping[str, Any], *, h0: Any = None, x: Any = None, steps: int = 40, ax: Any = None
) -> Any:
    """The norm of d h_t / d h_0 along a trajectory between the products of the largest and least gains of its factors.

    prod_s sigma_min(J_s) <= ||J_t ... J_1|| <= prod_s ||J_s||, and (sup |phi'| ||W||)^t for a plain network.
    """
    if len(cell.state) != 1:
        raise SpecError(f"{cell.name} has several state blocks; give a cell with one")
    slope = jacobian(cell).lambdify(kink="right")
    size = cell.state[0].shape[0]
    if h0 is None and not size.is_Integer:
        raise SpecError(f"{cell.name} has a symbolic size; give h0")
    start = np.full(int(size), 0.1) if h0 is None else np.atleast_1d(np.asarray(h0, dtype=float))
    states = np.vstack([start[None], trajectory(cell, values, start, x, None if x is not None else steps)])
    names = {cell.state[0].name: states[:-1, 0] if cell.is_scalar else states[:-1]}
    inputs = {} if x is None else {cell.input[0].name: np.asarray(x, dtype=float).reshape(len(x), -1)}
    n = states.shape[1]
    factors = np.broadcast_to(
        np.asarray(slope(**names, **inputs, **values)).reshape(-1, n, n), (len(states) - 1, n, n)
    )  # a constant Jacobian comes without the steps
    gains = np.linalg.svd(factors, compute_uv=False)
    product, norms = np.eye(n), []
    for J in factors:
        product = J @ product
        norms.append(np.linalg.norm(product, 2))
    t = np.arange(1, len(norms) + 1)
    ax = axes(ax, height=4.4)
    ax.plot(t, np.cumprod(gains[:, 0]), label=r"$\prod_s\;\;\|J_s\|$", **line(2))
    ax.plot(t, norms, label=r"$\|J_t \cdots J_1\| = \|\partial h_t/\partial h_0\|$", **line(1))
    lowest = np.cumprod(gains[:, -1])
    if n > 1 and np.all(lowest > 0):
        ax.plot(t, lowest, label=r"$\prod_s\;\;\sigma_{\min}(J_s)$", **line(3))
    gain = _gain(cell, values)
    if gain is not None:
        ax.plot(t, gain ** t.astype(float), label=r"$(\sup|\varphi'|\,\|W\|)^t$", color=GREY, linewidth=1)
    ax.axhline(1, color=GREY, linewidth=0.5)
    ax.set_yscale("log")
    return finish(
        ax, title=f"gradients through time of {cell.name}", below=True, xlabel="step t", ylabel="spectral norm"
    )


def _gain(cell: Cell, values: Mapping[str, Any]) -> float | None:
    """sup |phi'| ||W|| of h_t = phi(W h + U x + b) with numbers for W; None for a cell of another form."""
    try:
        form = recurrence(cell)
    except NoClosedForm:
        return None
    W = form.W
    table = values.get(W.name) if isinstance(W, sp.MatrixSymbol) else None
    if table is None:
        bound = dict(cell.binding).get(W)
        if bound is None or bound.free_symbols:
            return None
        table = bound.tolist()
    if form.leak != 1 or form.activation.lipschitz is None:
        return None
    return float(form.activation.lipschitz) * float(np.linalg.norm(np.array(table, dtype=float), 2))
