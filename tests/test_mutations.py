"""verify refuses wrong variants of the package's Results: signs, factors, terms, cases, hypotheses, directions.

The default run takes a few results, the slow one every result that `every_result` collects. What survives is in SURVIVORS,
each with the reason; a new survivor, or a listed one that is refused by now, fails.
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
from tests.multiplier import multiplier
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

# (function, number of its Result, mutant) -> why verify does not refuse it
VERIFIED_BY_LIMITS = "a limit in n: simulations show that it is reached, not that nothing else could reach it"
SURVIVORS: dict[tuple[str, int, str], str] = {
    ("circular_law", 1, "=> to <=>"): VERIFIED_BY_LIMITS,
    ("circular_law", 2, "=> to <=>"): VERIFIED_BY_LIMITS,
    ("spectral_outlier", 1, "=> to <=>"): VERIFIED_BY_LIMITS,
    ("convergence_order", 1, "without Unequality Ne(lamda, 0)"): "at lambda = 0 both sides are 0 and have no ratio",
    (
        "growth_cap",
        2,
        "lost factor 3",
    ): "three steps of gates near 1 and a matrix with aligned slopes are not reached by 60 draws",
    ("symmetric_energy", 1, "without Symmetric W_h symmetric"): "few draws of an unsymmetric matrix raise the energy",
    ("sector_contraction", 1, "lost term _3"): "the bias alone: it is the same in both runs and the bound is by slopes",
    (
        "stability_boundary",
        1,
        "h_t: sign of b",
    ): "holds for every b: the residual is compared on the locus in h_t itself",
    ("stability_boundary", 1, "h_t: plus 1"): "the same",
    (
        "gradient_bound",
        2,
        "without Follows h[s] = tanh(W_h*h[s - 1] + W_x*x[s] + b)",
    ): "needs states off every run, |h| > sqrt 2, at several steps",
    (
        "norms_above_one",
        1,
        "transposed factor",
    ): "the claim is false itself and kept to be refuted, which 60 draws do not always do",
    (
        "so2_amplitude",
        1,
        "without Unequality Ne(cos(varphi), -1/2)",
    ): "at a strong resonance the amplitude is undefined: such draws are skipped",
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
        if not rs.verify(mutant, trials=trials):
            return "killed"
    except (RnnsymError, TypeError, ValueError, AttributeError, LookupError, NotImplementedError):
        return "killed"
    return "equivalent" if equivalent(result, mutant) else "survives"


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


def test_wrong_variants_of_some_results_are_refused():
    work = [(name, k, r) for name in QUICK for k, r in enumerate(results_of(name), 1)]
    figures = run(work, 1, 100)
    assert figures["killed"] >= len(QUICK)


@pytest.mark.slow
def test_wrong_variants_of_every_result_are_refused():
    found, _ = collected()
    figures = run(list(found), 1, max(1, round(60 / multiplier())))  # SURVIVORS belongs to 60 draws: not scaled
    print(dict(figures))
    assert figures["killed"] > 0.75 * figures.total()


@pytest.mark.parametrize("name", ASYMPTOTIC)
def test_a_coefficient_that_is_wrong_by_half_a_percent_is_refused(name):
    (result, *_) = [r for r in results_of(name) if r.relation == "~"]
    assert rs.verify(result, trials=4)
    for factor in (sp.Rational(1005, 1000), sp.Rational(995, 1000)):
        assert not rs.verify(replace(result, rhs=result.rhs * factor, steps=()), trials=4)


@pytest.mark.parametrize("name", SHARP)
def test_a_bound_that_is_a_tenth_too_small_is_refused(name):
    (result, *_) = [r for r in results_of(name) if r.relation in ("<=", "<")]
    assert not rs.verify(replace(result, rhs=result.rhs * sp.Rational(9, 10), steps=()), trials=400)


def test_mutants_are_the_same_in_every_run():
    first, second = (list(mutants(rs.jacobian(rs.elman()))) for _ in range(2))
    assert first == second and len(first) >= 5


def test_a_wrong_gate_among_the_named_quantities_is_refused():
    result = rs.jacobian(rs.gru())  # its definition names the gates too, and must not take them from the claim
    changed = [(label, m) for label, m in mutants(result) if label in ("g_t: lost term _1", "z_t: sign of _1")]
    assert len(changed) == 2
    for _, mutant in changed:
        assert not rs.verify(mutant, trials=20)


def test_saturated_units_and_vanishing_responses_are_no_disagreement():
    assert all(rs.verify(rs.sum_rule(), trials=30, seed=seed) for seed in (0, 2))
    cell = rs.elman("erf", W_h=w, W_x=1, b=b)
    assert all(rs.verify(rs.harmonic_response(cell, 1), trials=20, seed=seed) for seed in (2, 4))
