"""rnnsym: the mathematics of recurrent networks, derived, printed and verified. The public names, grouped by question.

Nothing is imported until a name is used. To add a public name: a line in the table of its question below, and the same
line under TYPE_CHECKING for type checkers and editors.
"""

from __future__ import annotations

import sys
from types import ModuleType

TYPE_CHECKING = False  # the name type checkers know; `typing` itself costs more than this whole file
if TYPE_CHECKING:
    from typing import Any

    from rnnsym import activations as activations
    from rnnsym import network as network
    from rnnsym import plots as plot  # noqa: F401
    from rnnsym import testing as testing
    from rnnsym.activations.own import activation as activation
    from rnnsym.activations.record import Activation as Activation
    from rnnsym.analysis.accessibility import accessibility as accessibility
    from rnnsym.analysis.accessibility import distinguishable_dimension as distinguishable_dimension
    from rnnsym.analysis.accessibility import nonlinear_observability as nonlinear_observability
    from rnnsym.analysis.accessibility import reachable_dimension as reachable_dimension
    from rnnsym.analysis.accessibility import reachable_tangents as reachable_tangents
    from rnnsym.analysis.attention import delta_eigenvalues as delta_eigenvalues
    from rnnsym.analysis.attention import delta_eigenvector as delta_eigenvector
    from rnnsym.analysis.attention import delta_nonexpansive as delta_nonexpansive
    from rnnsym.analysis.attention import delta_reflection as delta_reflection
    from rnnsym.analysis.attention import forgetting_rate as forgetting_rate
    from rnnsym.analysis.attention import gate_product as gate_product
    from rnnsym.analysis.attention import gated_state as gated_state
    from rnnsym.analysis.attention import linear_attention as linear_attention
    from rnnsym.analysis.attention import scan_associativity as scan_associativity
    from rnnsym.analysis.attention import scan_composition as scan_composition
    from rnnsym.analysis.attention import scan_operator as scan_operator
    from rnnsym.analysis.attention import slow_gates as slow_gates
    from rnnsym.analysis.bifurcation import ctrnn_bifurcation as ctrnn_bifurcation
    from rnnsym.analysis.bifurcation import flip as flip
    from rnnsym.analysis.bifurcation import fold as fold
    from rnnsym.analysis.bifurcation import input_of_slopes as input_of_slopes
    from rnnsym.analysis.bifurcation import neimark_sacker as neimark_sacker
    from rnnsym.analysis.bifurcation import pair_product as pair_product
    from rnnsym.analysis.bifurcation import rotation_angle as rotation_angle
    from rnnsym.analysis.bifurcation import slope_condition as slope_condition
    from rnnsym.analysis.cancellation import pole_strata as pole_strata
    from rnnsym.analysis.cancellation import zero_strata as zero_strata
    from rnnsym.analysis.capacity import capacity_bound as capacity_bound
    from rnnsym.analysis.capacity import capacity_sum as capacity_sum
    from rnnsym.analysis.capacity import capacity_window as capacity_window
    from rnnsym.analysis.certificates import certificates as certificates
    from rnnsym.analysis.certificates import verify_certificate as verify_certificate
    from rnnsym.analysis.computation import lstm_counter as lstm_counter
    from rnnsym.analysis.computation import relu_counter as relu_counter
    from rnnsym.analysis.computation import stack_depth as stack_depth
    from rnnsym.analysis.computation import stack_nonempty as stack_nonempty
    from rnnsym.analysis.computation import stack_pop as stack_pop
    from rnnsym.analysis.computation import stack_push as stack_push
    from rnnsym.analysis.computation import stack_top as stack_top
    from rnnsym.analysis.constrained import antisymmetric_stability as antisymmetric_stability
    from rnnsym.analysis.constrained import bounded_spectrum as bounded_spectrum
    from rnnsym.analysis.constrained import cornn_stability as cornn_stability
    from rnnsym.analysis.constrained import dilated_network as dilated_network
    from rnnsym.analysis.constrained import halmos_dilation as halmos_dilation
    from rnnsym.analysis.constrained import identity_network as identity_network
    from rnnsym.analysis.constrained import lipschitz_network as lipschitz_network
    from rnnsym.analysis.constrained import orthogonal_gradients as orthogonal_gradients
    from rnnsym.analysis.constrained import orthogonal_weights as orthogonal_weights
    from rnnsym.analysis.contraction import contraction_condition as contraction_condition
    from rnnsym.analysis.contraction import diagonal_metric as diagonal_metric
    from rnnsym.analysis.contraction import diagonal_stability as diagonal_stability
    from rnnsym.analysis.contraction import echo_state as echo_state
    from rnnsym.analysis.contraction import fixed_point_determinant as fixed_point_determinant
    from rnnsym.analysis.contraction import gap_bound as gap_bound
    from rnnsym.analysis.contraction import hierarchy as hierarchy
    from rnnsym.analysis.contraction import incremental_gain as incremental_gain
    from rnnsym.analysis.contraction import sector_contraction as sector_contraction
    from rnnsym.analysis.contraction import unique_fixed_point as unique_fixed_point
    from rnnsym.analysis.coupling import decoupling as decoupling
    from rnnsym.analysis.coupling import mode_coupling as mode_coupling
    from rnnsym.analysis.coupling import selection_rule as selection_rule
    from rnnsym.analysis.coupling import two_mode_map as two_mode_map
    from rnnsym.analysis.families import decay_locus as decay_locus
    from rnnsym.analysis.families import fold_sensitivity as fold_sensitivity
    from rnnsym.analysis.families import integrator_noise as integrator_noise
    from rnnsym.analysis.families import line_attractor as line_attractor
    from rnnsym.analysis.families import slow_point_gradient as slow_point_gradient
    from rnnsym.analysis.families import slow_point_hessian as slow_point_hessian
    from rnnsym.analysis.families import so2_amplitude as so2_amplitude
    from rnnsym.analysis.families import so2_frequency as so2_frequency
    from rnnsym.analysis.families import symmetric_amplitude as symmetric_amplitude
    from rnnsym.analysis.families import toggle_memory as toggle_memory
    from rnnsym.analysis.families import two_unit_multipliers as two_unit_multipliers
    from rnnsym.analysis.fixedpoint import bias_of_fixed_point as bias_of_fixed_point
    from rnnsym.analysis.fixedpoint import fixed_point_equations as fixed_point_equations
    from rnnsym.analysis.fixedpoint import implicit_derivative as implicit_derivative
    from rnnsym.analysis.fixedpoint import implicit_gradient as implicit_gradient
    from rnnsym.analysis.frequency import frequency_response as frequency_response
    from rnnsym.analysis.frequency import group_delay as group_delay
    from rnnsym.analysis.frequency import half_power_frequency as half_power_frequency
    from rnnsym.analysis.frequency import phase as phase
    from rnnsym.analysis.frequency import resonance as resonance
    from rnnsym.analysis.frequency import squared_magnitude as squared_magnitude
    from rnnsym.analysis.gates import chrono_bias as chrono_bias
    from rnnsym.analysis.gates import critical_gain as critical_gain
    from rnnsym.analysis.gates import gate_half_life as gate_half_life
    from rnnsym.analysis.gates import gru_comparison as gru_comparison
    from rnnsym.analysis.gates import gru_delta_iss as gru_delta_iss
    from rnnsym.analysis.gates import gru_iss as gru_iss
    from rnnsym.analysis.gates import lstm_comparison as lstm_comparison
    from rnnsym.analysis.gates import lstm_delta_iss as lstm_delta_iss
    from rnnsym.analysis.gates import lstm_iss as lstm_iss
    from rnnsym.analysis.gates import miller_hardt as miller_hardt
    from rnnsym.analysis.gates import update_gate_and_folds as update_gate_and_folds
    from rnnsym.analysis.gradient import adjoint_recursion as adjoint_recursion
    from rnnsym.analysis.gradient import bptt as bptt
    from rnnsym.analysis.gradient import certified_threshold as certified_threshold
    from rnnsym.analysis.gradient import cycle_count as cycle_count
    from rnnsym.analysis.gradient import cycle_reduction as cycle_reduction
    from rnnsym.analysis.gradient import cycle_stability as cycle_stability
    from rnnsym.analysis.gradient import cycle_threshold as cycle_threshold
    from rnnsym.analysis.gradient import error_carousel as error_carousel
    from rnnsym.analysis.gradient import forced as teacher_forced  # noqa: F401
    from rnnsym.analysis.gradient import forced_bptt as forced_bptt
    from rnnsym.analysis.gradient import forcing_strength as forcing_strength
    from rnnsym.analysis.gradient import gradient_bound as gradient_bound
    from rnnsym.analysis.gradient import nilpotent_bias as nilpotent_bias
    from rnnsym.analysis.gradient import nilpotent_cycle as nilpotent_cycle
    from rnnsym.analysis.gradient import nilpotent_fixed_point as nilpotent_fixed_point
    from rnnsym.analysis.gradient import nilpotent_powers as nilpotent_powers
    from rnnsym.analysis.gradient import nilpotent_radius as nilpotent_radius
    from rnnsym.analysis.gradient import nilpotent_relu as nilpotent_relu
    from rnnsym.analysis.gradient import nilpotent_weights as nilpotent_weights
    from rnnsym.analysis.gradient import norms_above_one as norms_above_one
    from rnnsym.analysis.gradient import parameter_gradient as parameter_gradient
    from rnnsym.analysis.gradient import predictability_time as predictability_time
    from rnnsym.analysis.gradient import product_bounds as product_bounds
    from rnnsym.analysis.gradient import relu_growth as relu_growth
    from rnnsym.analysis.gradient import rtrl as rtrl
    from rnnsym.analysis.gradient import rtrl_identity as rtrl_identity
    from rnnsym.analysis.gradient import truncated_gradient as truncated_gradient
    from rnnsym.analysis.gradient import truncation_error as truncation_error
    from rnnsym.analysis.gradient import volume_bound as volume_bound
    from rnnsym.analysis.gradient import window_length as window_length
    from rnnsym.analysis.gramians import covariance as covariance
    from rnnsym.analysis.gramians import gramian as gramian
    from rnnsym.analysis.inference import birkhoff_bound as birkhoff_bound
    from rnnsym.analysis.inference import hmm_filter as hmm_filter
    from rnnsym.analysis.inference import hmm_forgetting as hmm_forgetting
    from rnnsym.analysis.inference import hmm_log_odds as hmm_log_odds
    from rnnsym.analysis.inference import kalman_filter as kalman_filter
    from rnnsym.analysis.inference import kalman_stability as kalman_stability
    from rnnsym.analysis.inference import kalman_step as kalman_step
    from rnnsym.analysis.inference import kalman_weight as kalman_weight
    from rnnsym.analysis.integrators import convergence_order as convergence_order
    from rnnsym.analysis.integrators import euler_bound as euler_bound
    from rnnsym.analysis.integrators import global_error as global_error
    from rnnsym.analysis.integrators import integrator_quality as integrator_quality
    from rnnsym.analysis.integrators import local_error as local_error
    from rnnsym.analysis.integrators import one_step as one_step
    from rnnsym.analysis.integrators import stability_function as stability_function
    from rnnsym.analysis.integrators import step_matrix as step_matrix
    from rnnsym.analysis.jacobian import jacobian as jacobian
    from rnnsym.analysis.jacobian import parameter_gradient as step_gradient  # noqa: F401
    from rnnsym.analysis.linear import collapse as collapse
    from rnnsym.analysis.linear import discretization as discretization
    from rnnsym.analysis.linear import eigenvalue_map as eigenvalue_map
    from rnnsym.analysis.linear import linearize as linearize
    from rnnsym.analysis.linear import matrix_power as matrix_power
    from rnnsym.analysis.linear import power_sum as power_sum
    from rnnsym.analysis.linearization import certificate_condition as certificate_condition
    from rnnsym.analysis.linearization import linearization as linearization
    from rnnsym.analysis.linearization import local_stability as local_stability
    from rnnsym.analysis.linearization import lyapunov_certificate as lyapunov_certificate
    from rnnsym.analysis.linearization import neutral_examples as neutral_examples
    from rnnsym.analysis.lyapunov import entropy as entropy
    from rnnsym.analysis.lyapunov import hopfield_energy as hopfield_energy
    from rnnsym.analysis.lyapunov import kaplan_yorke as kaplan_yorke
    from rnnsym.analysis.lyapunov import low_rank_reduction as low_rank_reduction
    from rnnsym.analysis.lyapunov import lyapunov_exponents as lyapunov_exponents
    from rnnsym.analysis.lyapunov import random_volume as random_volume
    from rnnsym.analysis.lyapunov import skew_tent_exponent as skew_tent_exponent
    from rnnsym.analysis.lyapunov import sum_rule as sum_rule
    from rnnsym.analysis.lyapunov import symmetric_energy as symmetric_energy
    from rnnsym.analysis.lyapunov import symmetric_lyapunov as symmetric_lyapunov
    from rnnsym.analysis.mcmillan import mcmillan_form as mcmillan_form
    from rnnsym.analysis.meanfield import circular_law as circular_law
    from rnnsym.analysis.meanfield import continuous_network as continuous_network
    from rnnsym.analysis.meanfield import critical_line as critical_line
    from rnnsym.analysis.meanfield import dynamical_isometry as dynamical_isometry
    from rnnsym.analysis.meanfield import edge_of_chaos as edge_of_chaos
    from rnnsym.analysis.meanfield import gaussian_kernel as gaussian_kernel
    from rnnsym.analysis.meanfield import gaussian_moment as gaussian_moment
    from rnnsym.analysis.meanfield import ground_state as ground_state
    from rnnsym.analysis.meanfield import large_network as large_network
    from rnnsym.analysis.meanfield import mean_field as mean_field
    from rnnsym.analysis.meanfield import near_critical as near_critical
    from rnnsym.analysis.meanfield import product_exponents as product_exponents
    from rnnsym.analysis.meanfield import rank_one_pitchfork as rank_one_pitchfork
    from rnnsym.analysis.meanfield import spectral_outlier as spectral_outlier
    from rnnsym.analysis.memory import cycle_reservoir as cycle_reservoir
    from rnnsym.analysis.memory import delay_line as delay_line
    from rnnsym.analysis.memory import fisher_memory as fisher_memory
    from rnnsym.analysis.memory import memory_capacity as memory_capacity
    from rnnsym.analysis.memory import mutual_information as mutual_information
    from rnnsym.analysis.modes import diagonalizable as diagonalizable
    from rnnsym.analysis.modes import modes as modes
    from rnnsym.analysis.modes import rotation_form as rotation_form
    from rnnsym.analysis.modes import spectral_decomposition as spectral_decomposition
    from rnnsym.analysis.modes import timescales as timescales
    from rnnsym.analysis.noise import lru_normalization as lru_normalization
    from rnnsym.analysis.noise import mode_sensitivity as mode_sensitivity
    from rnnsym.analysis.noise import noise_gain as noise_gain
    from rnnsym.analysis.noise import ring_variance as ring_variance
    from rnnsym.analysis.nonnormality import basis_bound as basis_bound
    from rnnsym.analysis.nonnormality import berger_bound as berger_bound
    from rnnsym.analysis.nonnormality import henrici_bound as henrici_bound
    from rnnsym.analysis.nonnormality import henrici_departure as henrici_departure
    from rnnsym.analysis.nonnormality import kreiss_constant as kreiss_constant
    from rnnsym.analysis.nonnormality import kreiss_enclosure as kreiss_enclosure
    from rnnsym.analysis.nonnormality import kreiss_theorem as kreiss_theorem
    from rnnsym.analysis.nonnormality import numerical_radius as numerical_radius
    from rnnsym.analysis.nonnormality import range_bound as range_bound
    from rnnsym.analysis.normalforms import flip_criticality as flip_criticality
    from rnnsym.analysis.normalforms import normal_form as normal_form
    from rnnsym.analysis.normalforms import so2_coefficient as so2_coefficient
    from rnnsym.analysis.norms import h2_norm as h2_norm
    from rnnsym.analysis.norms import hinf_norm as hinf_norm
    from rnnsym.analysis.norms import l1_norm as l1_norm
    from rnnsym.analysis.onestep import constant_forcing as constant_forcing
    from rnnsym.analysis.onestep import error_bound as error_bound
    from rnnsym.analysis.onestep import error_propagation as error_propagation
    from rnnsym.analysis.onestep import gradient_propagation as gradient_propagation
    from rnnsym.analysis.onestep import growth_cap as growth_cap
    from rnnsym.analysis.onestep import residual_error as residual_error
    from rnnsym.analysis.parity import constant_drive as constant_drive
    from rnnsym.analysis.parity import parity as parity
    from rnnsym.analysis.parity import readout_changes as readout_changes
    from rnnsym.analysis.parity import rounding_settles as rounding_settles
    from rnnsym.analysis.poles import poles as poles
    from rnnsym.analysis.poles import zeros as zeros
    from rnnsym.analysis.recurrences_gated import chaos_free_decay as chaos_free_decay
    from rnnsym.analysis.recurrences_gated import chaos_free_step as chaos_free_step
    from rnnsym.analysis.recurrences_gated import gated_linear_recurrence as gated_linear_recurrence
    from rnnsym.analysis.response import final_value as final_value
    from rnnsym.analysis.response import impulse_response as impulse_response
    from rnnsym.analysis.response import inverse_z_transform as inverse_z_transform
    from rnnsym.analysis.response import markov_parameters as markov_parameters
    from rnnsym.analysis.response import step_response as step_response
    from rnnsym.analysis.response import z_transform as z_transform
    from rnnsym.analysis.scalar import alternation as alternation
    from rnnsym.analysis.scalar import critical_halving as critical_halving
    from rnnsym.analysis.scalar import critical_slowing as critical_slowing
    from rnnsym.analysis.scalar import cusp as cusp
    from rnnsym.analysis.scalar import cusp_expansion as cusp_expansion
    from rnnsym.analysis.scalar import erased as erased
    from rnnsym.analysis.scalar import erasing_input as erasing_input
    from rnnsym.analysis.scalar import fixed_point_count as fixed_point_count
    from rnnsym.analysis.scalar import flip_bias as flip_bias
    from rnnsym.analysis.scalar import fold_bias as fold_bias
    from rnnsym.analysis.scalar import half_life as half_life
    from rnnsym.analysis.scalar import half_life_bias as half_life_bias
    from rnnsym.analysis.scalar import half_life_bound as half_life_bound
    from rnnsym.analysis.scalar import half_life_expansion as half_life_expansion
    from rnnsym.analysis.scalar import latching as latching
    from rnnsym.analysis.scalar import lindley as lindley
    from rnnsym.analysis.scalar import lindley_from_rest as lindley_from_rest
    from rnnsym.analysis.scalar import longest_cycle as longest_cycle
    from rnnsym.analysis.scalar import pitchfork as pitchfork
    from rnnsym.analysis.scalar import pitchfork_amplitude as pitchfork_amplitude
    from rnnsym.analysis.scalar import power_law as power_law
    from rnnsym.analysis.scalar import power_law_logarithm as power_law_logarithm
    from rnnsym.analysis.scalar import relu_dip as relu_dip
    from rnnsym.analysis.scalar import relu_drift as relu_drift
    from rnnsym.analysis.scalar import relu_fixed_point as relu_fixed_point
    from rnnsym.analysis.scalar import schwarzian as schwarzian
    from rnnsym.analysis.scalar import sigmoid_as_tanh as sigmoid_as_tanh
    from rnnsym.analysis.scalar import sign_in_two_units as sign_in_two_units
    from rnnsym.analysis.scalar import sign_kept as sign_kept
    from rnnsym.analysis.scalar import sign_memory as sign_memory
    from rnnsym.analysis.scalar import solvable_fixed_point as solvable_fixed_point
    from rnnsym.analysis.scalar import solvable_orbit as solvable_orbit
    from rnnsym.analysis.scalar import two_cycle_count as two_cycle_count
    from rnnsym.analysis.scalar import two_cycle_multiplier as two_cycle_multiplier
    from rnnsym.analysis.search import AffineFace as AffineFace
    from rnnsym.analysis.search import FixedPoint as FixedPoint
    from rnnsym.analysis.search import FixedPointSet as FixedPointSet
    from rnnsym.analysis.search import cycles as cycles
    from rnnsym.analysis.search import fixed_points as fixed_points
    from rnnsym.analysis.snr import snr as snr
    from rnnsym.analysis.snr import snr_bias as snr_bias
    from rnnsym.analysis.snr import snr_improves as snr_improves
    from rnnsym.analysis.snr import snr_maximum as snr_maximum
    from rnnsym.analysis.snr import snr_optimum as snr_optimum
    from rnnsym.analysis.stability import critical_conditions as critical_conditions
    from rnnsym.analysis.stability import euler_conditions as euler_conditions
    from rnnsym.analysis.stability import euler_disk as euler_disk
    from rnnsym.analysis.stability import stability_boundary as stability_boundary
    from rnnsym.analysis.stability import stability_conditions as stability_conditions
    from rnnsym.analysis.stability import stability_region as stability_region
    from rnnsym.analysis.stability import stability_verdict as stability_verdict
    from rnnsym.analysis.statespace import hippo as hippo
    from rnnsym.analysis.statespace import hippo_eigenvalues as hippo_eigenvalues
    from rnnsym.analysis.statespace import hippo_matrix as hippo_matrix
    from rnnsym.analysis.statespace import hippo_normal as hippo_normal
    from rnnsym.analysis.statespace import lmu as lmu
    from rnnsym.analysis.statespace import lmu_delay as lmu_delay
    from rnnsym.analysis.statespace import lmu_error as lmu_error
    from rnnsym.analysis.statespace import lmu_series as lmu_series
    from rnnsym.analysis.statespace import running_mean as running_mean
    from rnnsym.analysis.statespace import s4d as s4d
    from rnnsym.analysis.statespace import s4d_eigenvalues as s4d_eigenvalues
    from rnnsym.analysis.statespace import s4d_kernel as s4d_kernel
    from rnnsym.analysis.structure import constructibility as constructibility
    from rnnsym.analysis.structure import controllability as controllability
    from rnnsym.analysis.structure import controllability_indices as controllability_indices
    from rnnsym.analysis.structure import controllability_matrix as controllability_matrix
    from rnnsym.analysis.structure import diagonal_controllability as diagonal_controllability
    from rnnsym.analysis.structure import diagonal_gramian as diagonal_gramian
    from rnnsym.analysis.structure import hautus as hautus
    from rnnsym.analysis.structure import null_controllability as null_controllability
    from rnnsym.analysis.structure import observability as observability
    from rnnsym.analysis.structure import observability_matrix as observability_matrix
    from rnnsym.analysis.structure import rank as rank
    from rnnsym.analysis.structure import uncontrollable_modes as uncontrollable_modes
    from rnnsym.analysis.structure import unobservable_modes as unobservable_modes
    from rnnsym.analysis.structure_kalman import hidden_modes as hidden_modes
    from rnnsym.analysis.structure_kalman import kalman_decomposition as kalman_decomposition
    from rnnsym.analysis.structure_kalman import minimal as minimal
    from rnnsym.analysis.structure_steering import reconstruct_state as reconstruct_state
    from rnnsym.analysis.structure_steering import steer as steer
    from rnnsym.analysis.structure_steering import steering_energy as steering_energy
    from rnnsym.analysis.symmetries import commuting_rows as commuting_rows
    from rnnsym.analysis.symmetries import parameter_symmetries as parameter_symmetries
    from rnnsym.analysis.symmetries import symmetry_count as symmetry_count
    from rnnsym.analysis.transfer import dc_gain as dc_gain
    from rnnsym.analysis.transfer import relative_degree as relative_degree
    from rnnsym.analysis.transfer import transfer_function as transfer_function
    from rnnsym.analysis.transients import block_covariance as block_covariance
    from rnnsym.analysis.transients import power_norm as power_norm
    from rnnsym.analysis.transients import spectral_gap as spectral_gap
    from rnnsym.analysis.transients import transient_growth as transient_growth
    from rnnsym.analysis.transients import transient_peak as transient_peak
    from rnnsym.analysis.volterra import harmonic_response as harmonic_response
    from rnnsym.analysis.volterra import linear_response as linear_response
    from rnnsym.card import Card as Card
    from rnnsym.card import card as card
    from rnnsym.cells import Cell as Cell
    from rnnsym.cells import antisymmetric as antisymmetric
    from rnnsym.cells import bidirectional as bidirectional
    from rnnsym.cells import catalogue as catalogue
    from rnnsym.cells import cell as cell
    from rnnsym.cells import chaos_free as chaos_free
    from rnnsym.cells import cornn as cornn
    from rnnsym.cells import ctrnn as ctrnn
    from rnnsym.cells import elman as elman
    from rnnsym.cells import elman as rnn  # noqa: F401
    from rnnsym.cells import gru as gru
    from rnnsym.cells import gru_reset_after as gru_reset_after
    from rnnsym.cells import jordan as jordan
    from rnnsym.cells import leaky as leaky
    from rnnsym.cells import linear as linear
    from rnnsym.cells import low_rank as low_rank
    from rnnsym.cells import lru as lru
    from rnnsym.cells import lstm as lstm
    from rnnsym.cells import mgu as mgu
    from rnnsym.cells import min_gru as min_gru
    from rnnsym.cells import peephole_lstm as peephole_lstm
    from rnnsym.cells import plrnn as plrnn
    from rnnsym.cells import residual as residual
    from rnnsym.cells import ssm as ssm
    from rnnsym.cells import stack as stack
    from rnnsym.cells import trajectory as trajectory
    from rnnsym.cells import unroll as unroll
    from rnnsym.inspection import Inspection as Inspection
    from rnnsym.inspection import inspection as inspection
    from rnnsym.interop import from_control as from_control
    from rnnsym.interop import to_control as to_control
    from rnnsym.interop import to_scipy as to_scipy
    from rnnsym.interop import to_sympy as to_sympy
    from rnnsym.latex import Notation as Notation
    from rnnsym.latex import bibtex as bibtex
    from rnnsym.limits import limited as limited
    from rnnsym.report import Report as Report
    from rnnsym.report import report as report
    from rnnsym.result import Array as Array
    from rnnsym.result import Check as Check
    from rnnsym.result import KinkError as KinkError
    from rnnsym.result import LimitReached as LimitReached
    from rnnsym.result import NoClosedForm as NoClosedForm
    from rnnsym.result import Result as Result
    from rnnsym.result import RnnsymError as RnnsymError
    from rnnsym.result import ShapeError as ShapeError
    from rnnsym.result import Source as Source
    from rnnsym.result import SpecError as SpecError
    from rnnsym.result import Step as Step
    from rnnsym.spec import load as load_model  # noqa: F401
    from rnnsym.systems import LinearSystem as LinearSystem
    from rnnsym.systems import Time as Time
    from rnnsym.systems import discretize as discretize
    from rnnsym.theory import catalogue_of_results as catalogue_of_results
    from rnnsym.verify import claim as claim
    from rnnsym.verify import verify as verify
    from rnnsym.weights import Network as Network
    from rnnsym.weights import load_weights as load_weights
    from rnnsym.weights import save_weights as save_weights

__version__ = "0.1.0"

# Module -> the public names it gives; "name=other" gives `other` of the module under `name`, "" or "name=" the
# module itself.
_HOMES = {
    # the models
    "cells": "elman rnn=elman leaky jordan linear residual gru gru_reset_after mgu min_gru lstm peephole_lstm chaos_free "
    "ctrnn antisymmetric cornn ssm lru low_rank plrnn catalogue cell Cell stack bidirectional trajectory unroll",
    "spec": "load_model=load",
    "activations": "",
    "activations.own": "activation",
    "activations.record": "Activation",
    "systems": "LinearSystem Time discretize",
    "analysis.linear": "linearize collapse matrix_power power_sum discretization eigenvalue_map",
    "analysis.modes": "modes spectral_decomposition rotation_form diagonalizable timescales",
    "analysis.structure": "rank controllability observability controllability_matrix observability_matrix hautus "
    "uncontrollable_modes unobservable_modes controllability_indices null_controllability constructibility "
    "diagonal_controllability diagonal_gramian",
    "analysis.structure_steering": "steer steering_energy reconstruct_state",
    "analysis.structure_kalman": "kalman_decomposition minimal hidden_modes",
    "analysis.accessibility": "accessibility reachable_dimension reachable_tangents nonlinear_observability "
    "distinguishable_dimension",
    "analysis.symmetries": "parameter_symmetries commuting_rows symmetry_count",
    "analysis.recurrences_gated": "chaos_free_step chaos_free_decay gated_linear_recurrence",
    "analysis.inference": "hmm_filter hmm_log_odds hmm_forgetting birkhoff_bound kalman_filter kalman_weight "
    "kalman_step kalman_stability",
    "analysis.computation": "stack_push stack_pop stack_top stack_nonempty stack_depth relu_counter lstm_counter",
    # fixed points and bifurcations of one unit
    "analysis.fixedpoint": "fixed_point_equations bias_of_fixed_point implicit_derivative implicit_gradient",
    "analysis.scalar": "cusp cusp_expansion pitchfork pitchfork_amplitude fold_bias flip_bias fixed_point_count "
    "two_cycle_count two_cycle_multiplier longest_cycle schwarzian half_life half_life_bias half_life_bound "
    "half_life_expansion alternation critical_slowing lindley lindley_from_rest erased sign_in_two_units relu_fixed_point "
    "relu_drift relu_dip power_law power_law_logarithm critical_halving sign_memory sign_kept erasing_input latching "
    "solvable_orbit solvable_fixed_point sigmoid_as_tanh",
    "analysis.search": "fixed_points cycles FixedPoint FixedPointSet AffineFace",
    # bifurcations of networks
    "analysis.bifurcation": "fold flip neimark_sacker slope_condition pair_product input_of_slopes rotation_angle "
    "ctrnn_bifurcation",
    "analysis.linearization": "linearization local_stability neutral_examples lyapunov_certificate certificate_condition",
    "analysis.normalforms": "normal_form flip_criticality so2_coefficient",
    "analysis.families": "so2_amplitude so2_frequency symmetric_amplitude two_unit_multipliers toggle_memory "
    "decay_locus fold_sensitivity slow_point_gradient slow_point_hessian line_attractor "
    "integrator_noise",
    # stability and global results
    "analysis.stability": "stability_conditions critical_conditions stability_boundary stability_verdict stability_region "
    "euler_disk euler_conditions",
    "analysis.contraction": "contraction_condition sector_contraction gap_bound incremental_gain diagonal_metric "
    "diagonal_stability fixed_point_determinant unique_fixed_point hierarchy echo_state",
    "analysis.certificates": "certificates verify_certificate",
    "analysis.gates": "lstm_iss lstm_delta_iss lstm_comparison miller_hardt gru_iss gru_delta_iss gru_comparison "
    "update_gate_and_folds critical_gain gate_half_life chrono_bias",
    "analysis.coupling": "mode_coupling two_mode_map selection_rule decoupling",
    "analysis.lyapunov": "lyapunov_exponents kaplan_yorke entropy sum_rule random_volume skew_tent_exponent "
    "low_rank_reduction symmetric_lyapunov symmetric_energy hopfield_energy",
    # derivatives and gradients
    "analysis.jacobian": "jacobian step_gradient=parameter_gradient",
    "analysis.gradient": "bptt parameter_gradient adjoint_recursion rtrl rtrl_identity error_carousel gradient_bound "
    "product_bounds norms_above_one truncation_error truncated_gradient window_length nilpotent_weights "
    "nilpotent_radius nilpotent_powers nilpotent_bias nilpotent_fixed_point nilpotent_relu nilpotent_cycle relu_growth "
    "cycle_reduction cycle_threshold cycle_count cycle_stability certified_threshold teacher_forced=forced "
    "forced_bptt forcing_strength predictability_time volume_bound",
    # signal processing
    "analysis.transients": "transient_growth transient_peak power_norm spectral_gap block_covariance",
    "analysis.nonnormality": "henrici_departure henrici_bound kreiss_constant kreiss_enclosure kreiss_theorem "
    "numerical_radius berger_bound range_bound basis_bound",
    "analysis.onestep": "error_propagation gradient_propagation constant_forcing error_bound residual_error growth_cap",
    "analysis.integrators": "one_step step_matrix stability_function local_error global_error convergence_order "
    "euler_bound integrator_quality",
    "analysis.constrained": "orthogonal_weights orthogonal_gradients halmos_dilation dilated_network "
    "antisymmetric_stability cornn_stability identity_network lipschitz_network "
    "bounded_spectrum",
    "analysis.transfer": "transfer_function dc_gain relative_degree",
    "analysis.poles": "poles zeros",
    "analysis.mcmillan": "mcmillan_form",
    "analysis.cancellation": "pole_strata zero_strata",
    "analysis.response": "impulse_response step_response markov_parameters final_value z_transform inverse_z_transform",
    "analysis.frequency": "frequency_response squared_magnitude phase group_delay half_power_frequency resonance",
    "analysis.gramians": "gramian covariance",
    "analysis.noise": "noise_gain lru_normalization ring_variance mode_sensitivity",
    "analysis.snr": "snr snr_optimum snr_maximum snr_improves snr_bias",
    "analysis.norms": "h2_norm hinf_norm l1_norm",
    "analysis.memory": "memory_capacity fisher_memory cycle_reservoir delay_line mutual_information",
    "analysis.capacity": "capacity_sum capacity_bound capacity_window",
    # structured state spaces, attention as a recurrence, weak nonlinearity
    "analysis.statespace": "hippo hippo_matrix hippo_eigenvalues hippo_normal running_mean s4d s4d_eigenvalues s4d_kernel lmu "
    "lmu_delay lmu_series lmu_error",
    "analysis.attention": "linear_attention delta_eigenvector delta_eigenvalues delta_nonexpansive delta_reflection "
    "scan_operator scan_composition scan_associativity gated_state gate_product slow_gates "
    "forgetting_rate",
    "analysis.parity": "parity constant_drive readout_changes rounding_settles",
    "analysis.volterra": "linear_response harmonic_response",
    # random networks
    "analysis.meanfield": "mean_field edge_of_chaos critical_line gaussian_moment gaussian_kernel near_critical "
    "continuous_network ground_state rank_one_pitchfork circular_law spectral_outlier large_network product_exponents "
    "dynamical_isometry",
    "interop": "to_control from_control to_scipy to_sympy",
    # trained networks
    "weights": "load_weights save_weights Network",
    "network": "",
    "inspection": "inspection Inspection",
    "testing": "",
    # for every result
    "theory": "catalogue_of_results",
    "verify": "claim verify",
    "report": "report Report",
    "limits": "limited",
    "card": "card Card",
    "plots": "plot=",
    "latex": "Notation bibtex",
    "result": "Result Check Step Source Array RnnsymError ShapeError NoClosedForm SpecError LimitReached KinkError",
}


def _table() -> dict[str, tuple[str, str]]:
    """Public name -> (module, name in it)."""
    table = {}
    for home, names in _HOMES.items():
        for entry in names.split() or [home]:
            public, renamed, private = entry.partition("=")
            is_module = not names or (renamed and not private)
            table[public] = (home, "" if is_module else private or public)
    return table


_PUBLIC = _table()
__all__ = ["__version__", *_PUBLIC]


class _Package(ModuleType):
    """The package; importing its file verify.py must not hide the function `verify` (so report, and others to come)."""

    def __setattr__(self, name: str, value: Any) -> None:
        if name in _PUBLIC and _PUBLIC[name] == (name, name) and isinstance(value, ModuleType):
            value = getattr(value, name, value)
        super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"module 'rnnsym' has no attribute {name!r}")
    from importlib import import_module

    home, attribute = _PUBLIC[name]
    module = import_module(f"rnnsym.{home}")
    value = getattr(module, attribute) if attribute else module
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*_PUBLIC, *(name for name in globals() if name.startswith("__"))})
