"""One unit, completely: loci, counts, half-lives, orbits in closed form.

unit    the map read off a cell, and where an activation has a given slope
loci    fold, flip, cusp, pitchfork           counts  fixed points and cycles in every region
memory  half-life, design, slowing, signs     exact   Lindley's formula, solvable orbits, sigmoid as tanh
"""

from rnnsym.analysis.scalar.counts import (
    fixed_point_count,
    longest_cycle,
    relu_fixed_point,
    schwarzian,
    two_cycle_count,
    two_cycle_multiplier,
)
from rnnsym.analysis.scalar.exact import (
    erased,
    latching,
    lindley,
    lindley_from_rest,
    relu_dip,
    relu_drift,
    sigmoid_as_tanh,
    sign_in_two_units,
    solvable_fixed_point,
    solvable_orbit,
)
from rnnsym.analysis.scalar.loci import cusp, flip, flip_bias, fold, fold_bias, pitchfork, pitchfork_amplitude
from rnnsym.analysis.scalar.memory import (
    alternation,
    critical_halving,
    critical_slowing,
    cusp_expansion,
    erasing_input,
    half_life,
    half_life_bias,
    half_life_bound,
    half_life_expansion,
    power_law,
    power_law_logarithm,
    sign_kept,
    sign_memory,
)

__all__ = [
    "alternation", "critical_halving", "critical_slowing", "cusp", "cusp_expansion", "erased", "erasing_input",
    "fixed_point_count", "flip", "flip_bias", "fold", "fold_bias", "half_life", "half_life_bias", "half_life_bound",
    "half_life_expansion", "latching", "lindley", "lindley_from_rest", "longest_cycle", "pitchfork", "pitchfork_amplitude",
    "power_law", "power_law_logarithm", "relu_dip", "relu_drift", "relu_fixed_point", "schwarzian", "sigmoid_as_tanh",
    "sign_in_two_units", "sign_kept", "sign_memory", "solvable_fixed_point", "solvable_orbit", "two_cycle_count",
    "two_cycle_multiplier",
]  # fmt: skip
