"""verify refuses wrong variants of the package's Results: signs, factors, terms, cases, hypotheses, directions.

The default run takes a few results, the slow one every result that `every_result` collects. What survives is in SURVIVORS,
each with the reason; a new survivor, or a listed one that is refused by now, fails. Claims of which a variant may be right as
well, bounds that nothing attains above all, are in LOOSE.
"""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace
from functools import cache

import pytest
import sympy as sp

import rnnsym as rs
from rnnsym.result import Result, RnnsymError
from tests.every_result import _answers, collected
from tests.multiplier import times
from tests.mutations import equivalent, mutants

w, b = sp.symbols("w b", real=True)
QUICK = (
    "jacobian controllability observability transfer_function impulse_response noise_gain dc_gain fold flip half_life "
    "stability_conditions product_bounds power_norm gap_bound error_carousel lindley chrono_bias birkhoff_bound "
    "numerical_radius schwarzian spectral_gap"
).split()
ASYMPTOTIC = (
    "fold_sensitivity so2_amplitude critical_slowing power_law cusp_expansion pitchfork_amplitude half_life_expansion "
    "convergence_order symmetric_amplitude harmonic_response linear_response critical_halving"
).split()
SHARP = (
    "gap_bound chaos_free_decay lstm_counter truncation_error incremental_gain residual_error birkhoff_bound".split()
)

SHARDS = 8
LONG = 400  # draws for what survives the first ones and is not equivalent

# (function, number of its Result, mutant) -> why verify does not refuse it
VERIFIED_BY_LIMITS = "a limit in n: simulations show that it is reached, not that nothing else could reach it"
TRANSPOSED = "true: a matrix and its transpose have the same singular values"
AT_ONE_POINT = "the converse fails where the spectral radius is 1 only"
RESONANCE = "at a strong resonance the normal form has no value: such draws are skipped"
SURVIVORS: dict[tuple[str, int, str], str] = {
    ("circular_law", 1, "=> to <=>"): VERIFIED_BY_LIMITS,
    ("circular_law", 2, "=> to <=>"): VERIFIED_BY_LIMITS,
    ("spectral_outlier", 1, "=> to <=>"): VERIFIED_BY_LIMITS,
    ("local_stability", 1, "=> to <=>"): AT_ONE_POINT,
    ("local_stability", 2, "=> to <=>"): AT_ONE_POINT,
    ("critical_conditions", 1, "=> to <=>"): "true: of one unit both conditions are all of them",
    ("symmetric_energy", 1, "without Symmetric W_h symmetric"): "true: that I + W_h is positive definite says it too",
    ("so2_coefficient", 1, "without Unequality Ne(cos(varphi), -1/2)"): RESONANCE,
    ("so2_coefficient", 1, "without Unequality Ne(cos(varphi), 0)"): RESONANCE,
    ("implicit_derivative", 1, "without Invertible diag(h_star**2 - 1)*W_h + I invertible"): (
        "where it is singular the derivative has no value: such draws are skipped"
    ),
    ("sum_rule", 1, "without Invertible W_h invertible"): "of a singular matrix both sides are minus infinity",
}
# (function, number of its Result) -> why a smaller bound, or another formula, may be right as well
OF_GATES = "the largest slopes and values of all gates at once: no network attains them together"
LOOSE: dict[tuple[str, int], str] = {
    ("product_bounds", 2): TRANSPOSED,
    ("orthogonal_gradients", 3): TRANSPOSED,
    ("gru_comparison", 1): OF_GATES,
    ("lstm_comparison", 1): OF_GATES,
    ("lstm_comparison", 2): OF_GATES,
    ("lstm_delta_iss", 1): "true of every alpha, which both sides name; its value is that of lstm_comparison",
    ("latching", 1): "the saddle-node value is far above the noise that is allowed at each of four steps",
    ("truncation_error", 1): "a sum of norms, attained where all slopes are 1 and all vectors parallel",
    ("residual_error", 1): "an exponential bound, attained in the limit of small steps and long times",
    ("euler_bound", 1): "an exponential bound, attained in the limit of small steps and long times",
    ("incremental_gain", 1): "a geometric sum over all past inputs in place of three",
    ("hopfield_energy", 1): "a step goes far below the energy at which it began",
    ("error_bound", 1): "attained where all one-step errors are 0 or parallel, which few draws are",
    ("half_power_frequency", 1): "where its hypothesis fails there is no such frequency, or the other root is it",
}


@cache
def results_of(name: str) -> tuple[Result, ...]:
    function = getattr(rs, name)
    if name in ("critical_slowing", "power_law", "cusp_expansion", "pitchfork_amplitude", "half_life_expansion"):
        return (function(rs.elman(W_h=w)),)
    return tuple(_answers(function))


def judged(name: str, number: int, result: Result, mutant: Result, trials: int) -> str:
    """killed, equivalent, or survives."""
    try:
        check = rs.verify(mutant, trials=trials)
        if not check or (result.relation == "<=>" and check.verdict == "not refuted"):  # one side of it was never met
            return "killed"
    except (RnnsymError, TypeError, ValueError, AttributeError, LookupError, NotImplementedError):
        return "killed"
    if equivalent(result, mutant):
        return "equivalent"
    return "survives" if rs.verify(mutant, trials=LONG) else "killed"


def chosen(name: str, number: int, result: Result, count: int) -> list[tuple[str, Result]]:
    """A sample of the mutants of a result, always with those that are known to survive."""
    found = list(mutants(result))
    known = [m for m in found if (name, number, m[0]) in SURVIVORS]
    random.Random(f"{name} {number}").shuffle(found)
    return [*known, *(m for m in found if m not in known)][: max(count, len(known))]


def run(work: list[tuple[str, int, Result]], count: int, trials: int) -> Counter[str]:
    figures: Counter[str] = Counter()
    new, gone = [], []
    for name, number, result in work:
        for label, mutant in chosen(name, number, result, count):
            fate = judged(name, number, result, mutant, trials)
            if fate == "survives" and (name, number) in LOOSE:
                fate = "loose"
            figures[fate] += 1
            listed = (name, number, label) in SURVIVORS
            if fate == "survives" and not listed:
                new.append((name, number, label))
            if fate != "survives" and listed:
                gone.append((name, number, label))
    assert not new and not gone, (
        f"new survivors: {new}; to be taken from the table, refused by now: {gone}; {dict(figures)}"
    )
    return figures


@pytest.mark.parametrize("names", [QUICK[:7], pytest.param(QUICK[7:], marks=pytest.mark.slow)], ids=["few", "more"])
def test_wrong_variants_of_some_results_are_refused(names):
    work = [(name, k, r) for name in names for k, r in enumerate(results_of(name), 1)]
    figures = run(work, 1, 100)
    assert figures["killed"] >= len(names) - 1


@pytest.mark.slow
@pytest.mark.parametrize("shard", range(SHARDS))
def test_wrong_variants_of_every_result_are_refused(shard):
    found, _ = collected()
    figures = run(list(found[shard::SHARDS]), times(0.2), 60)
    print(dict(figures))
    assert figures["killed"] > 0.75 * figures.total()


def some(names, fast):
    """The names as parameters, slow but for those of `fast`."""
    return [name if name in fast.split() else pytest.param(name, marks=pytest.mark.slow) for name in names]


@pytest.mark.parametrize("name", some(ASYMPTOTIC, "fold_sensitivity pitchfork_amplitude critical_halving"))
def test_a_coefficient_that_is_wrong_by_half_a_percent_is_refused(name):
    (result, *_) = [r for r in results_of(name) if r.relation == "~"]
    assert rs.verify(result, trials=4)
    for factor in (sp.Rational(1005, 1000), sp.Rational(995, 1000)):
        assert not rs.verify(replace(result, rhs=result.rhs * factor, steps=()), trials=4)


@pytest.mark.parametrize("name", some(SHARP, "gap_bound chaos_free_decay"))
def test_a_bound_that_is_a_tenth_too_small_is_refused(name):
    (result, *_) = [r for r in results_of(name) if r.relation in ("<=", "<")]
    assert not rs.verify(replace(result, rhs=result.rhs * sp.Rational(9, 10), steps=()), trials=400)


@pytest.mark.slow
def test_a_bound_over_runs_that_differ_in_one_input_is_refuted_without_it():
    (gain, *_) = results_of("incremental_gain")
    label_of_last = [m for label, m in mutants(gain) if label in ("sign of x_3", "lost term -u_3")]
    assert len(label_of_last) == 2
    assert not any(rs.verify(m, trials=200) for m in label_of_last)


def test_a_hypothesis_that_only_prints_the_recurrence_is_not_needed():
    (bound, *_) = results_of("gradient_bound")
    dropped = [m for label, m in mutants(bound) if label.startswith("without Follows")]
    assert dropped and all(equivalent(bound, m) and rs.verify(m, trials=40) for m in dropped)


def test_mutants_are_the_same_in_every_run():
    first, second = (list(mutants(rs.jacobian(rs.elman()))) for _ in range(2))
    assert first == second and len(first) >= 5


def test_a_wrong_gate_among_the_named_quantities_is_refused():
    result = rs.jacobian(rs.gru())  # its definition names the gates too, and must not take them from the claim
    changed = [(label, m) for label, m in mutants(result) if label in ("g_t: lost term _1", "z_t: sign of _1")]
    assert len(changed) == 2
    for _, mutant in changed:
        assert not rs.verify(mutant, trials=20)


@pytest.mark.slow
def test_saturated_units_and_vanishing_responses_are_no_disagreement():
    assert all(rs.verify(rs.sum_rule(), trials=30, seed=seed) for seed in (0, 2))
    cell = rs.elman("erf", W_h=w, W_x=1, b=b)
    assert all(rs.verify(rs.harmonic_response(cell, 1), trials=20, seed=seed) for seed in (2, 4))
