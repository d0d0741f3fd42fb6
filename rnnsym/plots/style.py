"""Axes and looks: one palette that the color-blind tell apart, line styles and markers that survive grey print.

May import: result. matplotlib is the extra `plot`; without it the message says how to get it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Any

from rnnsym.result import RnnsymError

# Okabe and Ito's colors, from dark to light, each with its own line style and marker.
COLORS = ("#000000", "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
LINES = ("-", "-", "--", "-.", ":", (0, (5, 1)), (0, (3, 1, 1, 1)))
MISSING = "plots need matplotlib: pip install 'rnnsym[plot]'"
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
GREY = "#767676"
SHADE = "#E8E8E8"


def axes(ax: Any = None, *, width: float = 5.0, height: float = 3.6) -> Any:
    """The axes given, or new ones."""
    if ax is not None:
        return ax
    try:
        import matplotlib.pyplot as plt
    except ImportError as error:
        raise RnnsymError(MISSING) from error
    _, new = plt.subplots(figsize=(width, height), layout="constrained")
    return new


def finish(
    ax: Any, *, title: str = "", xlabel: str = "", ylabel: str = "", below: bool = False, columns: int = 2
) -> Any:
    """Labels, a light grid, and a legend if something is labelled, `below` the axes where it would hide something."""
    ax.set_xlabel(xlabel)
    ax.set_ylabel(ylabel)
    if title:
        ax.set_title(title, fontsize="medium")
    ax.grid(True, color="#DDDDDD", linewidth=0.6)
    ax.set_axisbelow(True)
    for side in ("top", "right"):
        ax.spines[side].set_visible(False)
    if ax.get_legend_handles_labels()[0]:
        place = {"loc": "upper center", "bbox_to_anchor": (0.5, -0.16), "ncol": columns} if below else {}
        ax.legend(fontsize="small", frameon=False, **place)
    return ax


def line(index: int) -> dict[str, Any]:
    """Color and line style number `index`."""
    return {"color": COLORS[index % len(COLORS)], "linestyle": LINES[index % len(LINES)]}


def has_matplotlib() -> bool:
    """Whether the extra `plot` is there."""
    try:
        return find_spec("matplotlib.pyplot") is not None
    except ImportError:
        return False


@contextmanager
def painted() -> Iterator[None]:
    """Pictures made inside do not depend on the user's settings, open no window, and are closed at the end."""
    try:
        import matplotlib
        import matplotlib.pyplot as plt
    except ImportError as error:
        raise RnnsymError(MISSING) from error
    before = set(plt.get_fignums())
    try:
        with matplotlib.rc_context(), plt.ioff():
            matplotlib.rcdefaults()
            matplotlib.rcParams["svg.hashsalt"] = "rnnsym"
            yield
    finally:
        for number in set(plt.get_fignums()) - before:
            plt.close(number)
