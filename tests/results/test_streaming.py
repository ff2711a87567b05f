"""Streamed statistics: those of all paths at once, to the last bit in whatever blocks they come."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.results import statistics
from simulator.results.streaming import ColumnRatio, Counts, ExactSums, Stream, pair_factors

CUT = 2.0**-12


def paths(count: int, seed: int = 1) -> np.ndarray:
    """Outcomes of every shape: heavy tails, constants, zeros and ones, whole numbers, all negative, some missing."""
    generator = np.random.default_rng(seed)
    columns = [
        generator.standard_t(3, count) * 40.0,
        generator.lognormal(3.0, 2.0, count),
        np.full(count, 17.25),
        (generator.random(count) < 0.03).astype(float),
        generator.poisson(4.0, count).astype(float),
        -1e6 - generator.random(count),
    ]
    values = np.array(columns, np.float32).T
    values[generator.random(values.shape) < 0.02] = np.nan
    return values


def streamed(values: np.ndarray, sizes: list[int], **options: object) -> Stream:
    stream = Stream(values.shape[1], **options)  # type: ignore[arg-type]
    cuts = np.cumsum(sizes)
    blocks = np.split(values, cuts[cuts < len(values)])
    for block in reversed(blocks):
        stream.add(block)
    return stream


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), max_size=40))
def test_sums_are_exact(numbers: list[float]) -> None:
    sums = ExactSums(1)
    for start in range(0, len(numbers), 7):
        sums.add(np.array(numbers[start : start + 7], float).reshape(-1, 1))
    assert sums[0] == sum(map(Fraction, numbers), Fraction(0))


@settings(max_examples=20, deadline=None)
@given(st.lists(st.integers(1, 300), min_size=1, max_size=12), st.booleans())
def test_the_same_bits_for_any_blocks(sizes: list[int], antithetic: bool) -> None:
    values = paths(1_001)
    sizes = [2 * size for size in sizes] if antithetic else sizes
    ratios = (ColumnRatio(0, 4, 100.0),)
    whole = streamed(values, [len(values)], antithetic=antithetic, ratios=ratios)
    cut = streamed(values, sizes, antithetic=antithetic, ratios=ratios)
    assert np.array_equal(_numbers(whole), _numbers(cut), equal_nan=True)


def _numbers(stream: Stream) -> list[float]:
    estimates = [stream.mean(column) for column in range(6)]
    estimates += [stream.probability(3), stream.ratio(0)]
    estimates += [each for column in range(6) for each in stream.quantiles(column, (0.01, 0.5, 0.99))]
    return [
        number
        for estimate in estimates
        for number in (estimate.value, estimate.standard_error, estimate.draws)
    ]


def _assert_same(found: statistics.Estimate, wanted: statistics.Estimate, rel: float = 1e-9) -> None:
    assert found.draws == wanted.draws
    assert found.value == pytest.approx(wanted.value, rel=rel, abs=1e-12)
    assert found.standard_error == pytest.approx(wanted.standard_error, rel=max(rel, 1e-6), abs=1e-9)


@pytest.mark.parametrize("antithetic", [False, True])
def test_moments_are_those_of_all_paths_at_once(antithetic: bool) -> None:
    values = paths(4_000)
    stream = streamed(values, [512] * 8, antithetic=antithetic, ratios=[ColumnRatio(0, 4, 1.0)])
    for column in range(6):
        _assert_same(stream.mean(column), statistics.mean(values[:, column], antithetic=antithetic))
    _assert_same(stream.probability(3), statistics.probability(values[:, 3], antithetic=antithetic))
    _assert_same(stream.ratio(0), statistics.ratio(values[:, 0], values[:, 4], antithetic=antithetic))


@pytest.mark.parametrize("level", [0.01, 0.25, 0.5, 0.95, 0.99])
def test_quantiles_are_within_the_stated_cut(level: float) -> None:
    values = paths(4_000)
    stream = streamed(values, [512] * 8)
    for column in range(6):
        (found,), wanted = stream.quantiles(column, [level]), statistics.quantile(values[:, column], level)
        assert abs(found.value - wanted.value) <= CUT * abs(wanted.value)
        scale = abs(wanted.value) + wanted.standard_error
        assert found.standard_error == pytest.approx(wanted.standard_error, rel=0.02, abs=2 * CUT * scale)
    assert stream.quantiles(4, [level])[0].value == statistics.quantile(values[:, 4], level).value


def test_counts_are_small_for_many_paths() -> None:
    counts = Counts()
    generator = np.random.default_rng(2)
    for _ in range(10):
        counts.add(generator.normal(50.0, 15.0, (20_000, 1)).astype(np.float32))
    values, how_often = counts.of(0)
    assert how_often.sum() == 200_000
    assert len(values) < 40_000
    assert (np.diff(values) > 0.0).all()


def test_chances_of_the_order_are_those_of_a_beta_distribution() -> None:
    """Of four draws the median is the second: a share x of draws lies below it with chance 6x² - 8x³ + 3x⁴."""
    chances = statistics.chance_of_order(4, 0.5, np.arange(5))
    assert chances == pytest.approx([0.0, 0.26171875, 0.6875, 0.94921875, 1.0], rel=1e-12)


@pytest.mark.parametrize("few", [[1, 2, 3, 4, 5], [1, 1, 2, 3, 5], [2, 2, 2, 7, 7]], ids=str)
def test_quantiles_of_few_whole_numbers_are_exact(few: list[int]) -> None:
    stream = Stream(1)
    stream.add(np.array(few, np.float32)[:, None])
    for level in (0.25, 0.5, 0.95):
        (found,), wanted = stream.quantiles(0, [level]), statistics.quantile(few, level)
        assert found.value == wanted.value
        assert found.standard_error == pytest.approx(wanted.standard_error, rel=1e-12)


def test_chances_of_the_order_are_the_same_whether_all_are_kept_or_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    places = np.array([0, 3, 150, 199, 200])
    kept = statistics.chance_of_order(200, 0.95, places)
    assert kept[0] == 0.0
    assert kept[-1] == 1.0
    assert (np.diff(kept) >= 0.0).all()
    monkeypatch.setattr(statistics, "KEPT_DRAWS_MAX", 100)
    assert (statistics.chance_of_order(200, 0.95, places) == kept).all()


def test_errors_of_quantiles_know_of_pairs() -> None:
    generator = np.random.default_rng(3)
    first = generator.normal(size=5_000)
    mirrored = np.column_stack([first, -first]).ravel().astype(np.float32)
    twins = np.column_stack([first, first]).ravel().astype(np.float32)
    values = np.column_stack([mirrored, twins])
    levels = [0.1, 0.5, 0.9]
    thresholds = np.array([[np.quantile(column, level) for level in levels] for column in values.T])
    factors = pair_factors([values[:3_000], values[3_000:]], thresholds)
    for place in range(2):
        for number, level in enumerate(levels):
            plain = statistics.quantile(values[:, place], level).standard_error
            paired = statistics.quantile(values[:, place], level, antithetic=True).standard_error
            assert factors[place, number] == pytest.approx(paired / plain, rel=0.01, abs=0.01)
    assert factors[1] == pytest.approx(math.sqrt(2.0), rel=0.01)


def test_nothing_known_is_undefined() -> None:
    stream = Stream(1, ratios=[ColumnRatio(0, 0, 1.0)])
    stream.add(np.full((4, 1), np.nan, np.float32))
    assert math.isnan(stream.mean(0).value)
    assert math.isnan(stream.quantiles(0, [0.5])[0].value)
    assert math.isnan(stream.probability(0).value)
    assert math.isnan(stream.ratio(0).value)
