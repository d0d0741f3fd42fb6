"""Random networks and their mean field: N -> infinity, independent normal weights.

`fields` variance, susceptibility, exponent, lengths, edge of chaos; `moments` Gaussian averages in closed form; `critical`
near the edge, the continuous-time network, the rank-one pitchfork; `matrices` circular law, outliers, products, isometry,
simulated networks; `enclosures` the proofs; `words` what they share. May import: everything to the left of `analysis.meanfield`.
"""

from rnnsym.analysis.meanfield.critical import continuous_network, ground_state, near_critical, rank_one_pitchfork
from rnnsym.analysis.meanfield.fields import critical_line, edge_of_chaos, mean_field
from rnnsym.analysis.meanfield.matrices import (
    circular_law,
    dynamical_isometry,
    large_network,
    product_exponents,
    spectral_outlier,
)
from rnnsym.analysis.meanfield.moments import gaussian_kernel, gaussian_moment

__all__ = [
    "circular_law", "continuous_network", "critical_line", "dynamical_isometry", "edge_of_chaos", "gaussian_kernel",
    "gaussian_moment", "ground_state", "large_network", "mean_field", "near_critical", "product_exponents",
    "rank_one_pitchfork", "spectral_outlier",
]  # fmt: skip
