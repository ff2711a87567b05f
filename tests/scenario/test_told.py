"""A scenario in words."""

from __future__ import annotations

from pathlib import Path

from simulator.scenario.loading import load_scenario
from simulator.scenario.told import event_in_words


def test_tenors_between_those_given_are_told_in_three_digits(tmp_path: Path) -> None:
    """They lie on the line, at any fraction of a basis point."""
    file = tmp_path / "mine.yaml"
    file.write_text(
        "extends: preset:us-treasury-2025-04-01\n"
        "events: [{type: yield-shock, day: 2d, change: {y2: -60bp, y5: -20bp, y30: 112.5bp}}]\n"
    )
    (event,) = load_scenario(file).scenario.events
    assert event_in_words(event) == (
        "day 2: yields change by 2-year -60bp, 3-year -46.7bp, 5-year -20bp, 7-year -9.4bp, 10-year 6.5bp,"
        " 20-year 59.5bp, 30-year 112bp"
    )
