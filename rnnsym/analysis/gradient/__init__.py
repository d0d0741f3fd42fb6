"""Gradients through time: products of Jacobians, gradients of losses, what bounds them, and where the textbook errs.

    paths            a cell as a run of symbolic length, and as T named steps
    bptt             the ordered product, latest factor left; the adjoint recursion
    parameters       the gradient of a loss by every parameter; real-time recurrent learning, the same sum
    bounds           vanishing and explosion, each in its true logical direction
    truncation       what a finite window loses, of the state and of the gradient
    counterexamples  rho(W) < 1 and exploding gradients: families in closed form
    threshold        the 2-cycle with rho(W) = 0 and zero input; its certified threshold
    forcing          teacher forcing, predictability, volume

May import: everything to the left of `analysis.gradient`.
"""

from rnnsym.analysis.gradient.bounds import gradient_bound, norms_above_one, product_bounds
from rnnsym.analysis.gradient.bptt import adjoint_recursion, bptt, error_carousel
from rnnsym.analysis.gradient.counterexamples import (
    nilpotent_bias,
    nilpotent_fixed_point,
    nilpotent_powers,
    nilpotent_radius,
    nilpotent_relu,
    nilpotent_weights,
    relu_growth,
)
from rnnsym.analysis.gradient.forcing import forced, forced_bptt, forcing_strength, predictability_time, volume_bound
from rnnsym.analysis.gradient.parameters import parameter_gradient, rtrl, rtrl_identity, words
from rnnsym.analysis.gradient.threshold import (
    Threshold,
    certified_threshold,
    cycle_count,
    cycle_reduction,
    cycle_stability,
    cycle_threshold,
    nilpotent_cycle,
)
from rnnsym.analysis.gradient.truncation import truncated_gradient, truncation_error, window_length

__all__ = [
    "Threshold", "adjoint_recursion", "bptt", "certified_threshold", "cycle_count", "cycle_reduction", "cycle_stability",
    "cycle_threshold", "error_carousel", "forced", "forced_bptt", "forcing_strength", "gradient_bound", "nilpotent_bias", "nilpotent_cycle",
    "nilpotent_fixed_point", "nilpotent_powers", "nilpotent_radius", "nilpotent_relu", "nilpotent_weights",
    "norms_above_one", "parameter_gradient", "predictability_time", "product_bounds", "relu_growth", "rtrl",
    "rtrl_identity", "truncated_gradient", "truncation_error", "volume_bound", "window_length", "words",
]  # fmt: skip
