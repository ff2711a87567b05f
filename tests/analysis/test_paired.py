"""Differences on common random numbers: their errors are those that many repetitions show."""

from __future__ import annotations

import math

import numpy as np
import pytest

from simulator.analysis.paired import (
    Statistic,
    average,
    difference_of,
    expected_shortfall,
    over,
    over_parameter_sets,
    scaled,
    share,
    share_difference,
    t_value,
)
from simulator.results import statistics
from simulator.results.statistics import Estimate

PATHS, REPETITIONS = 400, 600
#: The spread of 600 repetitions is itself known to 1/sqrt(2 * 600) = 2.9%; four of these.
TOLERANCE = 4.0 / math.sqrt(2.0 * REPETITIONS)


def two_runs(seed: int, paths: int = PATHS) -> tuple[np.ndarray, np.ndarray]:
    """Two runs that share chance: the second reacts less, with a little of its own."""
    random = np.random.default_rng(seed)
    common = random.standard_normal(paths)
    base = 10.0 + 3.0 * common
    return base, 8.0 + 2.5 * common + 0.5 * random.standard_normal(paths)


STATISTICS = {
    "average": lambda base, other, paired: difference_of(average(other), average(base), is_paired=paired),
    "expected shortfall": lambda base, other, paired: difference_of(
        expected_shortfall(other, 0.9), expected_shortfall(base, 0.9), is_paired=paired
    ),
    "ratio of differences": lambda base, other, paired: over(
        difference_of(average(other), average(base), is_paired=paired),
        difference_of(average(other**2), average(base**2), is_paired=paired),
    ),
}


@pytest.mark.parametrize("name", STATISTICS)
@pytest.mark.parametrize("is_paired", [True, False])
def test_errors_are_those_of_repetition(name: str, is_paired: bool) -> None:
    """Over repetitions the estimate spreads as its error says; independent runs are drawn apart."""
    estimates = []
    for seed in range(REPETITIONS):
        base, other = two_runs(seed)
        if not is_paired:
            other = two_runs(seed + 10**6)[1]
        estimates.append(STATISTICS[name](base, other, is_paired).estimate)
    spread = np.std([estimate.value for estimate in estimates], ddof=1)
    said = np.mean([estimate.standard_error for estimate in estimates])
    # The delta method leaves out terms of order 1/n; a shortfall of 40 paths is a little rough too.
    assert said == pytest.approx(spread, rel=TOLERANCE + 0.03)


def test_a_pairing_that_is_not_there_would_be_seen() -> None:
    """The planted error: independent runs treated as paired by the error of common chance alone."""
    base, other = two_runs(1)
    paired = difference_of(average(other), average(base), is_paired=True).estimate
    apart = difference_of(average(other), average(base), is_paired=False).estimate
    assert paired.value == apart.value
    assert apart.standard_error / paired.standard_error > 4.0


def agree(found: Estimate, wanted: Estimate) -> None:
    assert vars(found) == pytest.approx(vars(wanted), nan_ok=True)


def test_statistics_are_those_of_the_measures() -> None:
    base, _ = two_runs(3)
    base[7] = np.nan
    for mirrored in (False, True):
        plain = statistics.mean(base, antithetic=mirrored)
        agree(average(base, is_mirrored=mirrored).estimate, plain)
        tail = statistics.expected_shortfall(base, 0.95, antithetic=mirrored)
        agree(expected_shortfall(base, 0.95, is_mirrored=mirrored).estimate, tail)
        above = np.where(np.isnan(base), np.nan, base > 12.0)
        chance = statistics.probability(above, antithetic=mirrored)
        agree(share(above, is_mirrored=mirrored).estimate, chance)


def test_a_ratio_over_nothing_is_not_known() -> None:
    noise = np.random.default_rng(5).standard_normal(100)
    assert math.isnan(over(average(noise + 3.0), average(noise)).value)
    assert math.isnan(over(average(noise), average(np.zeros(100))).estimate.value)


def test_scaling_by_nothing_leaves_no_negative_zero() -> None:
    assert math.copysign(1.0, scaled(average(np.zeros(5)), -100.0).value) == 1.0


def test_mirrored_paths_are_one_draw() -> None:
    """A difference linear in the mirrored chance has no error at all once pairs are averaged."""
    up = np.random.default_rng(2).standard_normal(50)
    chance = np.column_stack([up, -up]).ravel()
    plain = difference_of(average(3.0 * chance), average(chance), is_paired=True).estimate
    mirrored = difference_of(
        average(3.0 * chance, is_mirrored=True), average(chance, is_mirrored=True), is_paired=True
    ).estimate
    assert plain.standard_error > 0.1
    assert mirrored.standard_error == pytest.approx(0.0, abs=1e-12)
    assert mirrored.draws == 50


@pytest.mark.parametrize(("gain", "loss"), [(0.0, 0.0), (0.1, 0.02), (0.005, 0.005)])
def test_the_difference_of_paired_shares_covers_the_truth(gain: float, loss: float) -> None:
    """Within two errors at least 95% of the time (92.8% allows four deviations of 600 repetitions)."""
    covered = 0
    for seed in range(REPETITIONS):
        random = np.random.default_rng(seed)
        base = random.random(200) < 0.3
        chance = random.random(200)
        other = np.where(base, chance > loss / 0.3, chance < gain / 0.7)
        estimate = share_difference(share(other), share(base), is_paired=True)
        covered += abs(estimate.value - (gain - loss)) <= 2.0 * estimate.standard_error
        assert estimate.standard_error > 0.0
    assert covered / REPETITIONS > 0.928


def test_a_t_value_tells_certain_from_unknown() -> None:
    assert t_value(Estimate(2.0, 0.0, 1)) == math.inf
    assert math.isnan(t_value(Estimate(2.0, math.nan, 1)))
    assert average([2.0]).estimate.draws == 1


def over_many_sets(seed: int, sets: int = 40, of_set: int = 50) -> tuple[np.ndarray, ...]:
    """A run over sets, and another with more of everything: what it adds is 2 on average, between 1 and 3 by set."""
    random = np.random.default_rng(seed)
    level, added = random.normal(10.0, 4.0, sets), random.uniform(1.0, 3.0, sets)
    chance = random.standard_normal(sets * of_set)
    base = np.repeat(level, of_set) + chance
    return base, base + np.repeat(added, of_set) + 0.2 * random.standard_normal(len(base))


def spread_over(values: np.ndarray, sets: str = "a", of_set: int = 50) -> Statistic:
    return over_parameter_sets(lambda paths: average(values[paths]), len(values), of_set, sets)


def test_a_difference_has_the_range_of_the_difference_not_of_the_levels() -> None:
    base, other = over_many_sets(5)
    moved = difference_of(spread_over(other), spread_over(base), is_paired=True).estimate
    assert moved.value == pytest.approx(np.mean(other - base))
    assert 1.0 < moved.low < 1.4
    assert 2.6 < moved.high < 3.0
    levels = spread_over(base).estimate
    assert levels.high - levels.low > 8.0
    # Sets are the draws: the error is that of forty differences, not of two thousand.
    by_set = (other - base).reshape(40, 50).mean(axis=1)
    assert moved.standard_error == pytest.approx(by_set.std(ddof=1) / math.sqrt(40))
    ratio = over(
        difference_of(spread_over(other), spread_over(base), is_paired=True), spread_over(np.full(2000, 4.0))
    ).estimate
    assert (ratio.low, ratio.high) == pytest.approx((moved.low / 4.0, moved.high / 4.0))


def test_no_range_of_a_difference_between_other_sets() -> None:
    """Their errors add up, those of sets among them: pairing them would make this one as small as the paths'."""
    base, other = over_many_sets(5)
    one, two = spread_over(other, "a"), spread_over(base, "b")
    moved = difference_of(one, two, is_paired=False).estimate
    assert math.isnan(moved.low)
    assert moved.standard_error == pytest.approx(
        math.hypot(one.estimate.standard_error, two.estimate.standard_error)
    )
    assert (
        moved.standard_error
        > 4.0 * difference_of(average(other), average(base), is_paired=False).estimate.standard_error
    )


def test_shares_carry_the_range_too() -> None:
    base, other = over_many_sets(6)
    happens = [
        over_parameter_sets(lambda paths, v=values: share(v[paths] > 11.0), 2000, 50, "a")
        for values in (base, other)
    ]
    moved = share_difference(happens[1], happens[0], is_paired=True)
    assert moved.low < moved.value < moved.high
    assert moved.value == pytest.approx(np.mean(other > 11.0) - np.mean(base > 11.0))
