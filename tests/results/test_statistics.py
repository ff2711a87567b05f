"""Statistics and their standard errors, against closed forms and against the spread of repeated samples.

Tolerances are five standard errors; each test of a figure has a twin with a planted error that must fail.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from scipy.stats import norm

from simulator.results import statistics
from simulator.results.statistics import (
    Estimate,
    difference,
    expected_shortfall,
    mean,
    probability,
    quantile,
    ratio,
)

ERRORS_MAX = 5.0
REPEATS, PATHS = 400, 500


def is_near(estimate: Estimate, truth: float) -> bool:
    return abs(estimate.value - truth) < ERRORS_MAX * estimate.standard_error


NORMAL = np.random.default_rng(11).standard_normal(40_000)


@pytest.mark.parametrize(
    ("estimate", "truth"),
    [
        (mean(NORMAL), 0.0),
        (mean(NORMAL**2), 1.0),
        (quantile(NORMAL, 0.5), 0.0),
        (quantile(NORMAL, 0.95), norm.ppf(0.95)),
        (quantile(NORMAL, 0.999), norm.ppf(0.999)),
        (expected_shortfall(NORMAL, 0.95), norm.pdf(norm.ppf(0.95)) / 0.05),
        (expected_shortfall(NORMAL, 0.99), norm.pdf(norm.ppf(0.99)) / 0.01),
        (probability(NORMAL > 1.0), norm.sf(1.0)),
        (ratio(NORMAL**2, 2.0 + NORMAL), 0.5),
        (difference(NORMAL + 0.3, NORMAL**3), 0.3),
    ],
)
def test_closed_forms(estimate: Estimate, truth: float) -> None:
    assert is_near(estimate, truth)
    planted = Estimate(
        estimate.value + 2.0 * ERRORS_MAX * estimate.standard_error, estimate.standard_error, 0
    )
    assert not is_near(planted, truth)


def test_error_of_a_mean_of_normals_is_one_over_the_root() -> None:
    error = mean(NORMAL).standard_error * math.sqrt(len(NORMAL))
    assert abs(error - 1.0) < ERRORS_MAX / math.sqrt(2 * len(NORMAL))


def mirrored(random: np.random.Generator) -> np.ndarray:
    half = random.standard_normal(PATHS // 2)
    return np.stack([half, -half], axis=1).ravel()


def skewed(z: np.ndarray) -> np.ndarray:
    return np.exp(0.5 * z)


CASES: dict[str, tuple[bool, Callable[[np.ndarray, bool], Estimate]]] = {
    "mean": (False, lambda z, pairs: mean(skewed(z), antithetic=pairs)),
    "mean, pairs": (True, lambda z, pairs: mean(skewed(z), antithetic=pairs)),
    "mean of squares, pairs": (True, lambda z, pairs: mean(z**2, antithetic=pairs)),
    "quantile": (False, lambda z, pairs: quantile(skewed(z), 0.9, antithetic=pairs)),
    "quantile, pairs": (True, lambda z, pairs: quantile(skewed(z), 0.9, antithetic=pairs)),
    "quantile of squares, pairs": (True, lambda z, pairs: quantile(z**2, 0.9, antithetic=pairs)),
    "shortfall": (False, lambda z, pairs: expected_shortfall(skewed(z), 0.9, antithetic=pairs)),
    "shortfall of squares, pairs": (True, lambda z, pairs: expected_shortfall(z**2, 0.9, antithetic=pairs)),
    "probability": (False, lambda z, pairs: probability(z > 1.5, antithetic=pairs)),
    "probability, pairs": (True, lambda z, pairs: probability(np.abs(z) > 1.5, antithetic=pairs)),
    "probability, mirrored pairs": (True, lambda z, pairs: probability(z > 0.3, antithetic=pairs)),
    "ratio": (False, lambda z, pairs: ratio(skewed(z), 2.0 + 0.3 * z, antithetic=pairs)),
    "ratio, pairs": (True, lambda z, pairs: ratio(z**2, 2.0 + 0.3 * z**4, antithetic=pairs)),
}


def spread_over_error(case: str, wrong: float = 1.0) -> float:
    """Spread of an estimate over repeated samples, over the standard error it claims: 1 is right."""
    pairs, estimate = CASES[case]
    random = np.random.default_rng(5)
    found = [
        estimate(mirrored(random) if pairs else random.standard_normal(PATHS), pairs) for _ in range(REPEATS)
    ]
    claimed = np.mean([one.standard_error for one in found])
    return float(np.std([one.value for one in found], ddof=1) / (wrong * claimed))


@pytest.mark.parametrize("case", CASES)
def test_standard_errors_are_the_spread_of_repeated_samples(case: str) -> None:
    # the relative error of a standard deviation of n draws is 1/sqrt(2n)
    tolerance = ERRORS_MAX / math.sqrt(2 * REPEATS)
    assert abs(spread_over_error(case) - 1.0) < tolerance
    assert abs(spread_over_error(case, wrong=0.5) - 1.0) > tolerance


def test_pairs_taken_for_single_draws_would_mislead() -> None:
    z = mirrored(np.random.default_rng(2))
    assert mean(z**2, antithetic=True).standard_error > 1.3 * mean(z**2).standard_error
    assert mean(z, antithetic=True).standard_error < 1e-12 < mean(z).standard_error
    assert mean(z, antithetic=True).draws == PATHS // 2


def test_common_random_numbers_sharpen_a_difference() -> None:
    shifted = NORMAL + 0.01 * (NORMAL > 0.0)
    paired = difference(shifted, NORMAL)
    assert is_near(paired, 0.005)
    assert paired.standard_error < mean(shifted).standard_error / 50.0


def test_stopped_paths_are_left_out() -> None:
    values = np.array([1.0, math.nan, 3.0, 5.0])
    assert mean(values).value == 3.0
    assert mean(values).draws == 3
    assert mean(values, antithetic=True).value == 2.5  # the first without its mirror, and a pair
    assert quantile(values, 0.5).value == 3.0
    assert probability(values > 2.0).draws == 4
    assert probability(np.where(np.isnan(values), math.nan, values > 2.0)).value == pytest.approx(2.0 / 3.0)
    assert ratio(values, np.array([1.0, 1.0, math.nan, 1.0])).value == 3.0
    assert difference(values, np.ones(4)).draws == 3


@pytest.mark.parametrize("statistic", [mean, probability, lambda v: quantile(v, 0.5), lambda v: ratio(v, v)])
def test_no_paths_and_one_path(statistic: Callable[[list[float]], Estimate]) -> None:
    assert math.isnan(statistic([]).value)
    assert math.isnan(statistic([math.nan]).value)
    single = statistic([1.0])
    assert single.value == 1.0
    assert math.isnan(single.standard_error) or single.standard_error > 0.0


def test_what_never_happened_still_has_an_error() -> None:
    never, always = probability(np.zeros(100)), probability(np.ones(100))
    assert (never.value, always.value) == (0.0, 1.0)
    assert never.standard_error == always.standard_error == pytest.approx(0.5 / 101.0)
    assert probability(np.zeros(100), antithetic=True).standard_error == pytest.approx(0.5 / 51.0)


def test_a_ratio_to_nothing_is_undefined() -> None:
    assert math.isnan(ratio(NORMAL, NORMAL).value)
    assert math.isnan(ratio(np.ones(10), np.zeros(10)).value)
    assert ratio(np.ones(10), np.full(10, 2.0)) == Estimate(0.5, 0.0, 10)


def test_constants_have_no_error() -> None:
    for estimate in (
        mean(np.full(9, 3.0)),
        quantile(np.full(9, 3.0), 0.9),
        expected_shortfall(np.full(9, 3.0), 0.9),
    ):
        assert estimate.value == 3.0
        assert estimate.standard_error == 0.0


def spread_over_sets(deviation: float, sets: int = 400, paths: int = 16) -> tuple[np.ndarray, np.ndarray]:
    """Values of paths around the average of their set, which differ by a standard deviation."""
    generator = np.random.default_rng(11)
    averages = 10.0 + deviation * generator.standard_normal(sets)
    values = averages[:, None] + 4.0 * generator.standard_normal((sets, paths))
    return values.ravel(), np.repeat(np.arange(sets), paths)


def mean_over_sets(values: np.ndarray, sets: np.ndarray) -> statistics.Estimate:
    return statistics.over_sets(
        lambda chosen: statistics.mean(values if chosen is None else values[chosen]), sets
    )


def test_the_range_over_sets_is_that_of_parameters_without_chance() -> None:
    found = mean_over_sets(*spread_over_sets(2.0))
    assert found.value == pytest.approx(10.0, abs=0.3)
    assert found.high - found.low == pytest.approx(2 * 1.645 * 2.0, rel=0.12)
    assert found.standard_error == pytest.approx(np.sqrt((4.0 + 1.0) / 400), rel=0.1)


def test_sets_that_differ_by_chance_alone_have_no_range_to_speak_of() -> None:
    found = mean_over_sets(*spread_over_sets(0.0))
    assert np.isnan(found.low) or found.high - found.low < 1.7  # chance alone would make it 3.3


def test_few_sets_tell_no_range() -> None:
    values, sets = spread_over_sets(2.0, sets=4)
    assert np.isnan(mean_over_sets(values, sets).low)
