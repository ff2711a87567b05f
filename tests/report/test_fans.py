"""Fans over parameter sets: a second band, of the average, that is the range of its figures day by day."""

from __future__ import annotations

import numpy as np
import pytest

from simulator.report.fans import OF_SETS, fan_traces, sets_note, spread_columns
from simulator.report.figure import Figure, Panel
from simulator.results import statistics
from simulator.results.days import fan


def values_over_sets() -> tuple[np.ndarray, np.ndarray]:
    """Twelve sets of thirty paths, four days: sets differ from the second day on, and paths on every one."""
    random = np.random.default_rng(2)
    levels = np.outer(random.normal(0.0, 5.0, 12), np.arange(4))
    chance = random.standard_normal((360, 4))
    chance[:, 0] -= np.repeat(chance[:, 0].reshape(12, 30).mean(axis=1), 30)  # sets alike on the first day
    return np.repeat(levels, 30, axis=0) + chance, np.repeat(np.arange(12), 30)


def test_the_band_of_sets_is_the_range_of_the_mean_of_each_day() -> None:
    values, group = values_over_sets()
    spread = fan(values, set_of_path=group)
    assert spread.low is not None
    assert spread.high is not None
    assert np.isnan(spread.low[0]), "sets that differ by no more than chance have no range"
    for day in range(1, 4):
        wanted = statistics.over_sets(
            lambda chosen, d=day: statistics.mean(values[:, d] if chosen is None else values[chosen, d]),
            group,
        )
        told = (spread.mean[day], spread.error[day], spread.low[day], spread.high[day])
        assert told == pytest.approx((wanted.value, wanted.standard_error, wanted.low, wanted.high))


def test_the_band_of_sets_is_drawn_and_listed_apart_from_that_of_paths() -> None:
    values, group = values_over_sets()
    columns = {"date": list("abcd"), **spread_columns("rate", "bp", fan(values, set_of_path=group))}
    figure = Figure("a", "A", "", "", [Panel(fan_traces(columns, "rate", "bp", "blue"))], columns)
    looks = {entry.name: entry.look for entry in figure.legend}
    assert looks == {"90% of paths": "band", "half of paths": "band", OF_SETS: "edged", "median": "line"}
    assert "dotted lines" in sets_note(columns)
    plain = {"date": list("abcd"), **spread_columns("rate", "bp", fan(values))}
    assert len(fan_traces(plain, "rate", "bp", "blue")) == len(fan_traces(columns, "rate", "bp", "blue")) - 2
    assert sets_note(plain) == ""
