"""Trained networks: what theory says of them, computed on their numbers and proved where it can be. Public as `rs.network`.

    running       states, outputs, Jacobians along a run, by the array code of the formula for every size
    gradients     products of Jacobians beside their bounds; the leading Lyapunov exponents
    fixedpoints   fixed points: all of them, or those that Newton's method finds, each proved
    linear        linearization, H(z), time scales, ranks that are certain
    certificates  contraction and input-to-state stability, and by how much
    recorded      a claim on the network's numbers and on recorded runs
    enclosures    proved bounds of singular values and eigenvalues of float matrices

Made for up to some hundred units. May import: everything to the left of `network`.
"""

from rnnsym.network.certificates import certificates, diagonal_scaling
from rnnsym.network.enclosures import SingularValues, Spectrum, perron_bounds, singular_values, spectrum
from rnnsym.network.fixedpoints import fixed_points, newton
from rnnsym.network.gradients import GradientNorms, gradient_norms, gradient_rate, lyapunov_exponents
from rnnsym.network.linear import (
    Linearization,
    NumericalRank,
    Timescales,
    linearization,
    numerical_rank,
    reachable_dimension,
    timescales,
)
from rnnsym.network.running import jacobians, outputs, states

__all__ = [
    "GradientNorms", "Linearization", "NumericalRank", "SingularValues", "Spectrum", "Timescales", "certificates",
    "diagonal_scaling", "fixed_points", "gradient_norms", "gradient_rate", "jacobians", "linearization",
    "lyapunov_exponents", "newton", "numerical_rank", "outputs", "perron_bounds", "reachable_dimension", "singular_values",
    "spectrum", "states", "timescales",
]  # fmt: skip
