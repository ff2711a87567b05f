"""Replay: the very path of the run, and what happened on it, in order."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest

from simulator.engine.simulate import simulate_block
from simulator.engine.state import IDENTITIES
from simulator.engine.status import STATUS
from simulator.ensemble.description import prepare_run
from simulator.ensemble.execution import RunOutcome
from simulator.ensemble.replay import day_rows, diary_entries, money, play_path, story
from simulator.results.errors import BAD_INPUT, UNFINISHED
from simulator.results.reading import open_results
from simulator.results.variables import PLACES
from tests.ensemble.conftest import WILD, falls, load_toy, run_command

LOADED = ("output.agents=true", "paths=44")


@pytest.mark.parametrize("path", [0, 7, 8, 43])
def test_a_path_alone_is_the_path_of_the_run(toy_run: RunOutcome, path: int) -> None:
    records = play_path(prepare_run(load_toy(*LOADED), diary=True), path).records
    stored = open_results(toy_run.folder.path).isel(path=path, day=slice(1, None))
    for name in (name for name, (group, _) in PLACES.items() if not group.of_named):
        np.testing.assert_array_equal(stored[name].values, records.of(name)[0], err_msg=name)


def test_the_diary_tells_who_was_called_in_order() -> None:
    prepared = prepare_run(load_toy(*LOADED), diary=True)
    result = play_path(prepared, 7)
    entries = list(diary_entries(prepared, result))
    assert len(entries) > 50
    when = [(entry.day, entry.round) for entry in entries]
    assert when == sorted(when)
    assert {entry.day for entry in entries} <= set(range(1, 13))
    assert any(entry.text.startswith("fund 1 is called for $") for entry in entries)
    assert not any("{" in entry.text for entry in entries)
    # the calls of variation margin that the diary tells are those of the records, small ones apart
    told = np.zeros(13)
    for entry in entries:
        if entry.text.endswith("of variation margin"):
            told[entry.day] += entry.amount_bn
    np.testing.assert_allclose(told[1:], result.records.of("fund_calls")[0, :, 0], rtol=1e-4, atol=1e-3)


def test_a_story_is_the_diary_made_short() -> None:
    prepared = prepare_run(load_toy(*LOADED, "funds.count=40"), diary=True)
    entries = list(diary_entries(prepared, play_path(prepared, 7)))
    told = list(story(entries))
    assert len(told) < len(entries) / 3
    for day in {entry.day for entry in entries}:  # nothing is lost
        assert sum(entry.amount_bn for entry in told if entry.day == day) == pytest.approx(
            sum(entry.amount_bn for entry in entries if entry.day == day)
        )
    assert any(entry.text.startswith("... and ") for entry in told)
    everything = list(story(entries, len(entries)))
    assert set(everything) == set(entries)
    assert len(everything) == len(entries)


def test_the_days_are_those_of_the_records() -> None:
    prepared = prepare_run(load_toy(*LOADED), diary=True)
    result = play_path(prepared, 7)
    rows = day_rows(prepared, result)
    assert [row.day for row in rows] == list(range(13))
    total = result.records.of("cash_yield_change")[0]
    farthest = np.abs(total).max(axis=0).argmax()
    for row in rows[1:]:
        assert row.total_bp == total[row.day - 1, farthest]
        assert row.called_bn == pytest.approx(result.records.of("fund_calls")[0, row.day - 1].sum())
    assert rows[0].packages_bn == pytest.approx(450.0)


def test_the_command_prints_a_story(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(load_toy(*LOADED), path=7) == 0
    shown = capsys.readouterr().out
    assert shown.startswith("toy, path 7\n")
    assert re.search(r"\nDay \d+\n  round 0: ", shown)
    assert re.search(r"\n  round \d: fund 1 is called for \$[\d.,]+(bn|mn) of variation margin\n", shown)
    assert "basis" in shown


def test_the_command_prints_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(load_toy(*LOADED), path=7, as_json=True, audit=True) == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["path"], said["status"], said["stopped_on_day"]) == (7, "FINISHED", 0)
    assert len(said["days"]) == 13
    assert any(entry["text"].startswith("fund 1 is called for") for entry in said["diary"])
    assert len(said["audit"]) == len(IDENTITIES)


def test_a_path_that_stops_says_why(capsys: pytest.CaptureFixture[str]) -> None:
    loaded = load_toy(*WILD, "paths=256")
    status = simulate_block(prepare_run(loaded), 0, 256).records.status
    path = int(np.flatnonzero(status[:, 0])[0])
    assert run_command(loaded, path=path) == UNFINISHED
    shown = capsys.readouterr().out
    name, advice = STATUS[int(status[path, 0])]
    assert f"The path stopped on day {status[path, 1] + 1}: {name}: {advice}." in shown


def test_a_path_that_stops_on_its_first_day_says_why(capsys: pytest.CaptureFixture[str]) -> None:
    """No day is on record then, and no contract has moved."""
    assert run_command(load_toy(falls(1, 9, 1000), "paths=1"), path=0) == UNFINISHED
    shown = capsys.readouterr().out
    assert "The path stopped on day 1: PRICE_OUT_OF_RANGE" in shown


def test_a_path_beyond_the_run_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(load_toy(*LOADED), path=44) == BAD_INPUT
    assert "--path 44: found 44 paths in the run; allowed are 0 to 43." in capsys.readouterr().err


def test_amounts_in_words() -> None:
    assert [money(amount) for amount in (1234.5, 1.0, 0.9999, 0.0001, -2.5)] == [
        "$1,234.50bn", "$1.00bn", "$999.9mn", "$0.1mn", "-$2.50bn",
    ]  # fmt: skip
