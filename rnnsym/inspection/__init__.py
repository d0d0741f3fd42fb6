"""inspection(network): one page on a trained network, for `rnnsym inspect` and for readers of a paper's appendix.

    page      sections and tables as text, Markdown, HTML, JSON
    sections  what stands in them
    pictures  eigenvalues, gradient norms, the run to its end

May import: everything to the left of `inspection`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from rnnsym.analysis.search import FixedPointSet
from rnnsym.cells.record import whole
from rnnsym.inspection.page import Page, Section
from rnnsym.inspection.pictures import drawn
from rnnsym.inspection.sections import (
    certificate_section,
    fixed_point_section,
    gradient_section,
    lyapunov_section,
    main_point,
    network_section,
    timescale_section,
    transfer_section,
    weight_section,
)
from rnnsym.network import fixed_points
from rnnsym.result import KinkError, LimitReached, NoClosedForm, ShapeError, SpecError
from rnnsym.weights import Network

__all__ = ["Inspection", "Page", "Section", "inspection"]


@dataclass(frozen=True)
class Inspection(Page):
    """The page on a network, and the fixed points that it speaks of."""

    network: Network | None = None
    found: FixedPointSet | None = None


def inspection(
    network: Network, *, x: Any = None, steps: int = 50, starts: int | None = None, deadline: float = 20.0, seed: int = 0,
    plot: bool = False, progress: Callable[[str], Any] | None = None,
) -> Inspection:  # fmt: skip
    """One page on a network: cell, sizes, norms, certificates, fixed points, time scales, H(z), gradients, exponents.

    x:     the constant input (m,) under which it rests and runs; zero if left out.
    steps: T of the gradients. starts, deadline: of the search of fixed points. plot: with pictures.
    The value prints as text and has .markdown(), .html(), .json(), and .written(".md").

    >>> from rnnsym.cells import elman
    >>> page = inspection(Network(elman(), {"W_h": [[0.5]], "W_x": [[1.0]]}), steps=3)
    >>> page.section("Fixed points").lines[0]
    '1 fixed point under zero input, proved, complete.'
    """
    if not isinstance(network, Network):
        raise SpecError(f"a Network is needed, got {type(network).__name__}; load_weights gives one")
    drive = np.zeros(network.m) if x is None else np.asarray(x, dtype=float).reshape(-1)
    if drive.shape != (network.m,):
        raise ShapeError(f"x has {drive.size} entries; the network has {network.m} inputs")
    whole(steps, "steps T")
    say = progress or (lambda _: None)
    sections: list[Section | None] = [network_section(network)]
    say("norms")
    sections.append(weight_section(network))
    say("certificates")
    try:
        sections.append(certificate_section(network))
    except NoClosedForm as error:
        sections.append(Section("Certificates", (str(error),)))
    say("fixed points")
    found: FixedPointSet | None = None
    try:
        found = fixed_points(network, x=drive, starts=starts, deadline=deadline, seed=seed, progress=say)
        sections.append(fixed_point_section(network, found, drive))
    except (NoClosedForm, LimitReached) as error:
        sections.append(Section("Fixed points", (str(error),)))
    point, what = main_point(network, found, drive)
    say("time scales and H(z)")
    try:
        sections += [timescale_section(network, point, what, drive), transfer_section(network, point, what, drive)]
    except KinkError as error:  # a unit exactly at a kink: there is no linearization
        sections.append(Section("Time scales", (f"At {what}: {error}",)))
    say("gradients")
    sections.append(gradient_section(network, drive, steps, seed))
    say("Lyapunov exponents")
    sections.append(lyapunov_section(network, drive, seed))
    title = f"{network.cell.name}, {network.n} states, {network.m} input{'s' * (network.m != 1)}"
    pictures = drawn(network, point, drive, steps, seed) if plot else ()
    return Inspection(title, tuple(s for s in sections if s is not None), pictures, network, found)
