"""Pictures of cells as dynamical systems: cobweb, phase portrait, bifurcations, stability triangle, gradient norms.

A cell comes with `values`, parameter name -> number or array, as in `trajectory`. May import: everything to the left of
`plots`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from rnnsym.analysis.jacobian import jacobian
from rnnsym.cells import Cell, step_result, trajectory
from rnnsym.plots.style import COLORS, GREY, SHADE, axes, finish, line
from rnnsym.result import ShapeError, SpecError


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


def cobweb(
    cell: Cell, values: Mapping[str, Any], *, h0: float = 0.1, steps: int = 60, span: tuple[float, float] = (-1.2, 1.2),
    ax: Any = None,
) -> Any:  # fmt: skip
    """The map of one unit, the diagonal, and the path of one trajectory between them."""
    step = _map(cell, values, 1)
    grid = np.linspace(*span, 401)
    ax = axes(ax, width=4.4, height=4.4)
    ax.plot(grid, step(grid[:, None])[:, 0], label=r"$h_t = F(h_{t-1})$", **line(1))
    ax.plot(grid, grid, color=GREY, linewidth=1, label=r"$h_t = h_{t-1}$")
    path = [h0]
    for _ in range(steps):
        path.append(float(step(np.array([path[-1]]))[0]))
    corners = np.repeat(path, 2)
    ax.plot(
        corners[:-1], np.concatenate([[path[0]], corners[2:]]), color=COLORS[2], linewidth=0.9, label=f"from {h0:g}"
    )
    ax.set_xlim(span)
    ax.set_ylim(span)
    return finish(ax, title="cobweb", below=True, xlabel=r"$h_{t-1}$", ylabel=r"$h_t$")


def phase_portrait(
    cell: Cell, values: Mapping[str, Any], *, span: tuple[float, float] = (-1.1, 1.1), starts: int = 12, ax: Any = None
) -> Any:
    """Two units: the displacement F(h) - h, the curves where one unit rests, trajectories, fixed points by stability."""
    step = _map(cell, values, 2)
    ax = axes(ax, width=4.8, height=4.8)
    fine = np.linspace(*span, 201)
    X, Y = np.meshgrid(fine, fine)
    gap = step(np.stack([X, Y], axis=-1)) - np.stack([X, Y], axis=-1)
    for k, name in enumerate(("$h_1$ rests", "$h_2$ rests")):
        ax.contour(X, Y, gap[..., k], levels=[0], colors=[COLORS[1 + k]], linestyles=["-", "--"][k], linewidths=1.4)
        ax.plot([], [], color=COLORS[1 + k], linestyle=["-", "--"][k], label=name)
    coarse = slice(None, None, 12)
    ax.quiver(
        X[coarse, coarse], Y[coarse, coarse], gap[coarse, coarse, 0], gap[coarse, coarse, 1], color=GREY, width=0.003
    )
    for angle in np.linspace(0, 2 * np.pi, starts, endpoint=False):
        h = np.array([np.cos(angle), np.sin(angle)]) * 0.9 * max(map(abs, span))
        path = [h]
        for _ in range(60):
            path.append(step(path[-1]))
        track = np.array(path)
        ax.plot(track[:, 0], track[:, 1], color=COLORS[0], linewidth=0.5, alpha=0.6)
    for stable, points in _rest_points(cell, values, step, span).items():
        if points:
            table = np.array(points)
            style = {"marker": "o", "markersize": 7, "linestyle": "none", "color": COLORS[0]}
            ax.plot(
                table[:, 0],
                table[:, 1],
                fillstyle="full" if stable else "none",
                label="stable" if stable else "unstable",
                **style,
            )
    ax.set_xlim(span)
    ax.set_ylim(span)
    return finish(ax, title="phase portrait", below=True, xlabel=r"$h_1$", ylabel=r"$h_2$")


def _rest_points(cell: Cell, values: Mapping[str, Any], step: Any, span: tuple[float, float]) -> dict[bool, list[Any]]:
    """Fixed points of a map of two units by Newton's method from a grid: what a picture needs, no proof."""
    slope = jacobian(cell)
    name = cell.state[0].name
    grid = np.linspace(*span, 15)
    points = np.stack(np.meshgrid(grid, grid), axis=-1).reshape(-1, 2)
    found: dict[bool, list[Any]] = {True: [], False: []}
    with np.errstate(all="ignore"):
        for _ in range(40):
            gap = step(points) - points
            J = slope(**{name: points}, **values)
            points = points - np.linalg.solve(J - np.eye(2) + 1e-14 * np.eye(2), gap[..., None])[..., 0]
            points = np.clip(points, span[0] * 2, span[1] * 2)
    for h in points:
        if np.abs(step(h) - h).max() < 1e-10 and not any(
            np.abs(h - q).max() < 1e-6 for q in found[True] + found[False]
        ):
            radius = np.abs(np.linalg.eigvals(slope(**{name: h}, **values))).max()
            found[bool(radius < 1)].append(h)
    return found


def bifurcation_set(*, w: tuple[float, float] = (-4.0, 4.0), ax: Any = None) -> Any:
    """One tanh unit in the plane of weight and bias: fold and flip curves, and what each region holds."""
    ax = axes(ax)
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
    ax.set_xlim(w)
    return finish(ax, title=r"$h_t = \tanh(w\,h_{t-1} + b)$", below=True, xlabel="weight w", ylabel="bias b")


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
    ax.plot(xs, ys, ",", color=COLORS[0], alpha=0.4, rasterized=True)
    return finish(ax, title="long-run states", xlabel=name, ylabel=r"$h$")


def stability_triangle(matrices: Sequence[Any] = (), *, ax: Any = None) -> Any:
    """Trace and determinant of two units: stable inside the triangle; its sides are fold, flip and Neimark-Sacker."""
    ax = axes(ax)
    ax.fill([-2, 2, 0], [1, 1, -1], color=SHADE)
    trace = np.linspace(-2, 2, 200)
    ax.plot([0, 2], [-1, 1], label=r"fold: $\det = \mathrm{tr} - 1$", **line(1))
    ax.plot([-2, 0], [1, -1], label=r"flip: $\det = -\mathrm{tr} - 1$", **line(2))
    ax.plot([-2, 2], [1, 1], label=r"Neimark-Sacker: $\det = 1$", **line(3))
    ax.plot(trace, trace**2 / 4, color=GREY, linewidth=0.9, label=r"$\mathrm{tr}^2 = 4\det$")
    for k, matrix in enumerate(matrices):
        A = np.asarray(matrix, dtype=float)
        if A.shape != (2, 2):
            raise ShapeError(f"the triangle is of 2 x 2 matrices, got {A.shape}")
        ax.plot(np.trace(A), np.linalg.det(A), "o", color=COLORS[(4 + k) % len(COLORS)], label=f"matrix {k + 1}")
    return finish(ax, title=r"$\rho(A) < 1$ inside", below=True, xlabel="tr A", ylabel="det A")


def gradient_norms(
    cell: Cell, values: Mapping[str, Any], *, h0: Any, x: Any = None, steps: int = 40, ax: Any = None
) -> Any:
    """The norm of d h_t / d h_0 along a trajectory, beside the product of the norms of its factors."""
    if len(cell.state) != 1:
        raise SpecError(f"{cell.name} has several state blocks; give a cell with one")
    slope = jacobian(cell)
    states = np.vstack([np.atleast_1d(h0)[None], trajectory(cell, values, h0, x, None if x is not None else steps)])
    names = {cell.state[0].name: states[:-1]}
    inputs = {} if x is None else {cell.input[0].name: np.asarray(x, dtype=float).reshape(len(x), -1)}
    factors = np.asarray(slope(**names, **inputs, **values)).reshape(len(states) - 1, states.shape[1], states.shape[1])
    product, norms, bound = np.eye(states.shape[1]), [], np.cumprod(np.linalg.norm(factors, 2, axis=(1, 2)))
    for J in factors:
        product = J @ product
        norms.append(np.linalg.norm(product, 2))
    ax = axes(ax)
    ax.plot(range(1, len(norms) + 1), norms, label=r"$\|\partial h_t/\partial h_0\|$", **line(1))
    ax.plot(range(1, len(norms) + 1), bound, label=r"$\prod_s \|J_s\|$", **line(2))
    ax.set_yscale("log")
    return finish(ax, title="gradients through time", xlabel="t", ylabel="spectral norm")
