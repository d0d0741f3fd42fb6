"""Linear systems in closed form: linearization of a cell, collapse of a linear network, powers, discretization.

    points     linearize: a cell at a fixed point -> LinearSystem; as_system
    collapsing h_T of a network without activation
    powers     A^t, right at repeated and zero eigenvalues; I + A + ... + A^(t-1), right at 1 too; e^(A dt) and the held input,
               bilinear, Euler, and what they do to stability
Modes and time scales live in `modes`. May import: everything to the left of `analysis`, and analysis.jacobian.
"""

from rnnsym.analysis.linear.collapsing import collapse
from rnnsym.analysis.linear.points import as_system, is_affine, jacobian_of_output, linearize
from rnnsym.analysis.linear.powers import discretization, eigenvalue_map, matrix_power, power_sum

__all__ = [
    "as_system", "collapse", "discretization", "eigenvalue_map", "is_affine", "jacobian_of_output", "linearize", "matrix_power",
    "power_sum",
]  # fmt: skip
