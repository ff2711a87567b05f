"""Beside history in a report: drawn over the fans, told in a table, and quiet where history has nothing to say."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from simulator.history.beside import beside
from simulator.history.shelf import shipped_episode
from simulator.report.history_section import run_history_section
from simulator.report.run_report import write_report
from simulator.results.folder import RunFolder, open_run
from simulator.results.reading import open_results
from tests.report.conftest import PHONE, overflow, saved_csv, undrawn
from tests.report.runs import ROOT, run_shipped

DASH = ROOT / "scenarios" / "dash-for-cash-2020.yaml"


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    folder = tmp_path_factory.mktemp("history") / "run"
    run_shipped(DASH, folder)
    return open_run(folder)


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of public data with two invented days."""
    (tmp_path / "money_market_rates_daily.csv").write_text(
        "date,sofr,iorb\n2020-02-18,1.6,1.6\n2020-03-17,0.54,0.1\n"
    )
    monkeypatch.setenv("UNWIND_DATA", str(tmp_path))
    return tmp_path


def test_in_a_browser(run: RunFolder, data: Path, opened: Callable[..., Any]) -> None:
    with opened(write_report(run.path)) as page:
        section = page.locator("#history")
        assert section.locator("h2").inner_text().strip() == "Beside history"
        assert undrawn(page) == []
        titles = section.locator("h4").all_inner_texts()
        assert "10-year yield" in titles
        assert "overnight repo over the policy rate" in titles
        assert "history" in section.locator("[data-series]").all_inner_texts()
        assert "dealers' coupons" not in titles
        assert "Not drawn: dealers' coupons" in section.inner_text()
        heading, *rows = saved_csv(page, "history-moments")
        episode = shipped_episode("march-2020").scenario
        assert len(rows) == len(episode.moments)
        assert [float(row[heading.index("history")]) for row in rows] == [m.value for m in episode.moments]
        assert [row[heading.index("source")] for row in rows] == [m.source for m in episode.moments]
        page.set_viewport_size(PHONE)
        assert overflow(page) == 0


def test_columns_are_history_and_the_model(run: RunFolder, data: Path) -> None:
    (figure,) = [block for block in run_history_section(run).blocks if block.kind == "figure"]
    columns = figure.columns  # type: ignore[union-attr]
    dates = list(columns["date"])
    told = columns["10-year yield, history, bp"]
    # 1.55% on 18 February, 0.54% on 9 March, 1.18% on 18 March
    assert told[dates.index("2020-03-09")] == pytest.approx(-101.0)
    assert told[dates.index("2020-03-18")] == pytest.approx(-37.0)
    spread = columns["overnight repo over the policy rate, history, bp"]
    assert spread[dates.index("2020-03-17")] == pytest.approx(44.0)
    assert np.isfinite(spread).sum() == 2
    stored = open_results(run.path)["cash_yield_change"].sel(bucket="UXY").values.astype(float)
    assert columns["10-year yield, mean, bp"] == pytest.approx(stored.mean(axis=0))


def test_without_public_data_it_says_where_to_get_them(
    run: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("UNWIND_DATA", raising=False)
    notes = run_history_section(run).blocks[-1].paragraphs  # type: ignore[union-attr]
    assert [note.partition(". ")[0] for note in notes] == [
        "Not drawn: overnight repo over the policy rate",
        "Not drawn: dealers' coupons",
    ]
    assert all("newyorkfed.org" in note and "$UNWIND_DATA" in note for note in notes)


def test_broken_public_data_spoil_no_report(run: RunFolder, data: Path) -> None:
    (data / "money_market_rates_daily.csv").write_text("date,sofr\n2020-02-18,1.6\n")
    notes = run_history_section(run).blocks[-1].paragraphs  # type: ignore[union-attr]
    assert "'iorb' is no column of money_market_rates_daily.csv" in notes[0]


def test_the_verdict_is_that_of_the_command(run: RunFolder) -> None:
    prose = run_history_section(run).blocks[0]
    assert prose.paragraphs == [beside(run, shipped_episode("march-2020").scenario).verdict]  # type: ignore[union-attr]


def test_a_shorter_run_has_what_lies_within(tmp_path: Path) -> None:
    from simulator.ensemble.execution import run_scenario
    from simulator.scenario.loading import load_scenario

    run_scenario(load_scenario(DASH, ["paths=6"], horizon="21d"), tmp_path / "run", threads=1)
    section = run_history_section(open_run(tmp_path / "run"))
    notes = section.blocks[-1].paragraphs  # type: ignore[union-attr]
    (left_out,) = [note for note in notes if note.startswith("Left out")]
    assert left_out.startswith("Left out, after the last day of the run, 2020-03-18: ")
    assert "positions unwound by 31 March; " in left_out
    (table,) = [block for block in section.blocks if block.kind == "table"]
    labels = [row[0].text for row in table.rows]  # type: ignore[union-attr]
    assert "10-year yield, 9 to 18 March, bp" in labels
    assert "10-year swap less Treasury, 18 to 31 March, bp" not in labels


def test_another_market_under_the_same_name_is_no_error(tmp_path: Path) -> None:
    run_shipped(ROOT / "scenarios" / "toy.yaml", tmp_path / "run", "name=dash-for-cash-2020")
    section = run_history_section(open_run(tmp_path / "run"))
    assert section.blocks == []


def test_history_has_nothing_to_say_of_a_hypothetical_case(tmp_path: Path) -> None:
    run_shipped(ROOT / "scenarios" / "toy.yaml", tmp_path / "run")
    assert run_history_section(open_run(tmp_path / "run")).blocks == []
