"""Structured state spaces: HiPPO-LegS, S4D and the Legendre memory unit, as linear systems and as claims about them.

    legendre  HiPPO-LegS: the projection on Legendre polynomials of a growing window (B-SSM-4)
    diagonal  the initializations of S4D and their convolution kernel (B-SSM-5)
    delay     the Legendre memory unit: the Pade approximant of a delay (B-SSM-6)
May import: everything to the left of `analysis.statespace`. A new initialization is a line of `diagonal.INITIALIZATIONS`.
"""

from rnnsym.analysis.statespace.delay import lmu, lmu_delay, lmu_error, lmu_series
from rnnsym.analysis.statespace.diagonal import s4d, s4d_eigenvalues, s4d_kernel
from rnnsym.analysis.statespace.legendre import hippo, hippo_eigenvalues, hippo_matrix, hippo_normal, running_mean

__all__ = [
    "hippo", "hippo_eigenvalues", "hippo_matrix", "hippo_normal", "lmu", "lmu_delay", "lmu_error", "lmu_series",
    "running_mean", "s4d", "s4d_eigenvalues", "s4d_kernel",
]  # fmt: skip
