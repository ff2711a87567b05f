"""A new scenario: valid as it stands, and unchanged when every mark is taken away."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from simulator.scenario.declarations import declarations
from simulator.scenario.explain import as_written
from simulator.scenario.files import presets
from simulator.scenario.loading import load_scenario
from simulator.scenario.new import EVENTS, FIRST, new_scenario
from simulator.scenario.schema import Scenario

_SETTING = re.compile(r"^# (?=(?:\w+:$|  \w+: ))", re.MULTILINE)


@pytest.mark.parametrize("preset", presets())
def test_settings_are_those_in_force(preset: str, tmp_path: Path) -> None:
    file = tmp_path / "study-1.yaml"
    text = new_scenario(file, f"preset:{preset}")
    file.write_text(text, encoding="utf-8")
    as_it_stands = load_scenario(file)
    assert as_it_stands.scenario.name == "study-1"
    assert len(as_it_stands.scenario.events) == 1
    opened, count = _SETTING.subn("", text)
    assert count == len(FIRST) + sum(map(len, FIRST.values()))
    file.write_text(opened, encoding="utf-8")
    assert as_written(load_scenario(file).scenario) == as_written(as_it_stands.scenario)
    assert load_scenario(file).origin("funds.leverage").startswith(str(file))


def test_events_are_valid_when_their_marks_are_taken_away(tmp_path: Path) -> None:
    file = tmp_path / "events.yaml"
    text = new_scenario(file, "preset:us-treasury-2025-04-01").replace("  # - {type", "  - {type")
    file.write_text(text, encoding="utf-8")
    events = load_scenario(file).scenario.events
    assert len(events) == len(EVENTS)
    assert {event.type for event in events} == set(declarations(Scenario)["events"].shape.element.variants)


def test_every_setting_tells_its_meaning(tmp_path: Path) -> None:
    text = new_scenario(tmp_path / "x.yaml", "preset:us-treasury-2025-04-01")
    assert re.search(
        r"^#   leverage: [\d.]+x  # basis book over fund equity, median; 0\.1x to 150x$", text, re.MULTILINE
    )
