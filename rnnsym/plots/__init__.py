"""Pictures: each is a function that takes a model, its values and an `ax`, and returns the axes. Public as `rs.plot`.

May import: everything to the left of `plots`. matplotlib is the extra `plot`. A new picture is one function in the file
of its subject and its name here.
"""

from rnnsym.plots.dynamics import (
    bifurcation_diagram,
    bifurcation_set,
    cobweb,
    gradient_norms,
    phase_portrait,
    stability_triangle,
)
from rnnsym.plots.dynamics import (
    jacobians as jacobians,
)
from rnnsym.plots.signals import bode, impulse_response, magnitude, phase, pole_zero, snr_gain

__all__ = [  # the pictures; each stands in the table of `questions.pictures`
    "bifurcation_diagram", "bifurcation_set", "bode", "cobweb", "gradient_norms", "impulse_response", "magnitude", "phase",
    "phase_portrait", "pole_zero", "snr_gain", "stability_triangle",
]  # fmt: skip
