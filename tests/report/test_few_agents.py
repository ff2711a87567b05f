"""Reports and exports of markets with very few agents, and with many; and pages of which one figure fails."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

import simulator
from simulator.ensemble.execution import run_scenario
from simulator.ensemble.replay import diary_entries, play_path
from simulator.report import prices
from simulator.report.export import export
from simulator.report.page import IncompletePageError
from simulator.report.run_report import write_report
from simulator.results.errors import UNREPORTED
from simulator.scenario.loading import load_scenario
from tests.conftest import Unwind

PRESET = "preset:us-treasury-2025-04-01"
TRADES = ("TU", "FV", "TY", "UXY", "US", "WN", "SWAP10", "SWAP30")
#: Everybody is under stress: asset managers and funds sell on the same days.
SCENARIO = f"""
name: few
extends: {PRESET}
paths: 3
horizon: 8d
numerics: {{block: 4}}
events:
  - {{type: redemption, day: 2d, days: 4d, who: asset-managers, share: 8%}}
  - {{type: redemption, day: 2d, days: 4d, who: hedge-funds, share: 40%}}
  - {{type: yield-shock, day: 3d, days: 3d, change: {{y2: 40bp, y3: 60bp, y5: 80bp, y7: 80bp, y10: 90bp}}}}
  - {{type: volatility-shock, day: 3d, days: 3d, multiple: 3x}}
"""
#: The three funds of the guide to populations, and how many of them there are.
FUNDS = (
    "Alder,$4bn,$700mn,$200mn,0%,100%,$38bn",
    "Birch,$2.5bn,,,1%,90%,$30bn",
    "Cedar,$2bn,$300mn,$0bn,2%,80%,$22bn",
)
MARKETS = {
    "one-fund": (1, ()),
    "two-funds": (2, ()),
    "three-funds": (3, ()),
    "many-funds": (0, ("funds.count=500",)),
    "one-dealer": (3, ("dealers.count=1",)),
    "one-manager": (2, ("asset_managers.count=1",)),
    "one-of-each": (1, ("dealers.count=1", "asset_managers.count=1", "lenders.count=1")),
}


def market(folder: Path, funds: int) -> Path:
    """A scenario file with so many funds of a population file; none for those that are drawn."""
    file = folder / "few.yaml"
    file.write_text(SCENARIO + ("funds: {population: funds.csv}\n" if funds else ""))
    others = [name for name in TRADES if name != "TY"]
    rows = [f"name,equity,free_cash,committed_line,haircut,overnight_share,TY,{','.join(others)}"]
    rows += [fund + "," * len(others) for fund in FUNDS[:funds]]
    (folder / "funds.csv").write_text("\n".join(rows) + "\n")
    return file


@pytest.fixture(
    scope="module",
    params=[pytest.param(name, marks=[pytest.mark.slow] if name == "many-funds" else []) for name in MARKETS],
)
def ran(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp(request.param)
    funds, settings = MARKETS[request.param]
    run_scenario(load_scenario(market(folder, funds), settings), folder / "run", threads=1)
    return folder / "run"


def test_report_exports_and_figures_are_made_of_any_number_of_agents(ran: Path) -> None:
    assert "This could not be made" not in write_report(ran).read_text(encoding="utf-8")
    files = {file.name for file in export(ran, formats=("json", "csv", "xlsx", "netcdf"))}
    assert {"summary.json", "tables.xlsx", "results.nc", "network.csv", "chosen-paths.csv"} <= files
    results = simulator.open_results(ran)
    assert {"network", "equity", "chosen-paths"} <= set(results.figures)
    assert all(results.plot(key).data for key in results.figures)


def test_asset_managers_in_a_diary_bear_their_own_names(tmp_path: Path) -> None:
    from simulator.ensemble.description import prepare_run
    from simulator.report.diary import daily_story
    from simulator.results.calendar import trading_dates

    loaded = load_scenario(market(tmp_path, 3))
    prepared = prepare_run(loaded, diary=True)
    result = play_path(prepared, 0)
    days = trading_dates(date.fromisoformat(loaded.scenario.market.date), 8)
    told = [
        sentence
        for _, sentences in daily_story(prepared, result, days, {}, [""] * 9)
        for sentence in sentences
        if sentence.startswith("Redemptions:")
    ]
    assert told
    assert all("asset manager" in sentence and "fund" not in sentence for sentence in told)
    texts = [entry.text for entry in diary_entries(prepared, result)]
    assert any(text.startswith("asset manager 5 sells") for text in texts)


def test_one_failing_figure_leaves_the_others_and_an_exit_code_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, unwind: Unwind
) -> None:
    file = market(tmp_path, 2)

    def fails(data: object) -> None:
        raise IndexError("tuple index out of range")

    fails.__name__ = "dislocations"
    monkeypatch.setattr(prices, "dislocations", fails)
    folder = tmp_path / "run"
    code, _, told = unwind("run", str(file), "-o", str(folder), "--threads", "1", "--quiet")
    assert code == UNREPORTED == 5
    assert "written without dislocations (IndexError: tuple index out of range)" in told
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert page.count("dislocations (IndexError: tuple index out of range)") == 2  # on top, and in its place
    for key in ("yields", "network", "chosen-paths"):
        assert f'data-figure="{key}"' in page
    assert unwind("report", str(folder))[0] == UNREPORTED
    code, _, told = unwind("export", str(folder), "--format", "csv")
    assert (code, "dislocations" in told) == (UNREPORTED, True)
    assert (folder / "export" / "figures" / "network.csv").is_file()
    assert not (folder / "export" / "figures" / "dislocations.csv").exists()
    with pytest.warns(UserWarning, match="dislocations"):
        assert "network" in simulator.open_results(folder).figures
    with pytest.raises(IncompletePageError):
        simulator.write_report(folder)


def test_a_run_whose_report_fails_as_a_whole_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, unwind: Unwind
) -> None:
    def fails(*_: object) -> None:
        raise RuntimeError("no page")

    monkeypatch.setattr("simulator.report.run_report.run_page", fails)
    folder = tmp_path / "run"
    code, _, told = unwind("run", str(market(tmp_path, 1)), "-o", str(folder), "--threads", "1", "--quiet")
    assert code == UNREPORTED
    assert "The report could not be written: RuntimeError: no page" in told
    assert simulator.open_results(folder)["dislocation"].notnull().all()
