"""The summary: figures are those of the dataset, with errors, and no text can draw on the terminal."""

from __future__ import annotations

import json
import math
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from simulator.cli.summary_display import print_summary
from simulator.ensemble.execution import RunOutcome, run_scenario
from simulator.results import statistics
from simulator.results.flow_of_funds import height_of_stress, sector_flows
from simulator.results.measures import DYSFUNCTION_BP, PER_100BN, Event
from simulator.results.outcomes import collect_outcomes, happened
from simulator.results.reading import open_results
from simulator.results.statistics import Estimate
from simulator.results.summary import (
    FLOW_TABLES,
    NOT_TOLD,
    Cell,
    Column,
    Summary,
    SummaryRow,
    Table,
    cost_in_words,
    note_of,
    shown_in,
    summarise,
)
from tests.ensemble.conftest import WILD, load_toy, run_command


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> RunOutcome:
    folder = tmp_path_factory.mktemp("summary") / "run"
    return run_scenario(load_toy("paths=300", "numerics.block=64"), folder)


@pytest.fixture(scope="module")
def results(run: RunOutcome) -> xr.Dataset:
    return open_results(run.folder.path).load()


@pytest.fixture(scope="module")
def summary(run: RunOutcome) -> Summary:
    return summarise(run.folder, collect_outcomes(run.folder))


def cell(summary: Summary, table: str, row: str, column: str) -> Cell:
    (found,) = (each for each in summary.tables if each.key == table)
    place = [each.key for each in found.columns].index(column)
    (cells,) = (each.cells for each in found.rows if each.key == row)
    return cells[place]


def assert_mean(found: Cell, values: xr.DataArray | np.ndarray) -> None:
    """The estimate is the mean of the values, and its error their spread over the root of their number."""
    array = np.asarray(values, np.float64)
    assert isinstance(found, Estimate)
    assert found.value == pytest.approx(array.mean(), rel=1e-5, abs=1e-9)
    error = array.std(ddof=1) / math.sqrt(len(array))
    assert found.standard_error == pytest.approx(error, rel=1e-4, abs=1e-9)


@pytest.mark.parametrize("trade", ["FV", "TY"])
def test_figures_by_trade_are_those_of_the_dataset(summary: Summary, results: xr.Dataset, trade: str) -> None:
    here = results.sel(bucket=trade, hedge=trade, trade=trade)
    exogenous, total = (
        abs(here["fundamental_yield_change"]).max("day"),
        abs(here["cash_yield_change"]).max("day"),
    )
    assert exogenous.mean() > 0.0
    assert_mean(cell(summary, "yields", trade, "total_peak"), total)
    assert_mean(cell(summary, "yields", trade, "total_end"), here["cash_yield_change"].isel(day=-1))
    unwound = (here["fund_packages"].isel(day=0) - here["fund_packages"]).max("day")
    assert_mean(cell(summary, "deleveraging", trade, "unwound"), unwound)
    move = abs(here["dislocation"] - here["dislocation"].isel(day=0)).max("day")
    high = cell(summary, "dislocations", trade, "dislocation_move_95")
    assert isinstance(high, Estimate)
    assert high.value == pytest.approx(float(move.quantile(0.95)), rel=1e-5)
    assert_mean(
        cell(summary, "dislocations", trade, "margin_peak"), 100.0 * here["initial_margin"].max("day")
    )


def test_the_shock_is_told_beside_what_was_drawn(
    summary: Summary, results: xr.Dataset, tmp_path: Path
) -> None:
    """Yields are told to fall until day 5, and volatility to rise until day 6."""
    drawn = results["fundamental_yield_change"].sel(bucket="TY").isel(day=5)
    assert_mean(cell(summary, "shock", "TY", "mean"), drawn)
    for level in (0.05, 0.95):
        found = cell(summary, "shock", "TY", f"drawn_{100 * level:.0f}")
        assert isinstance(found, Estimate)
        assert found.value == pytest.approx(float(drawn.quantile(level)), rel=1e-5)
    assert_mean(cell(summary, "shock", "volatility", "mean"), results["volatility_multiple"].isel(day=6))
    assert cell(summary, "shock", "volatility", "told") == pytest.approx(3.0)
    still = run_scenario(
        load_toy("paths=1", "drivers.model=none", "drivers.noise=0"), tmp_path / "still"
    ).folder
    without_chance = summarise(still, collect_outcomes(still))
    for name in ("FV", "TY", "volatility"):  # without chance what is drawn is what is told
        told, mean = (cell(without_chance, "shock", name, column) for column in ("told", "mean"))
        assert isinstance(mean, Estimate)
        assert mean.value == pytest.approx(told, rel=1e-6)
        assert told == cell(summary, "shock", name, "told")


def test_a_cost_that_may_be_zero_is_marked() -> None:
    """By hand: 1.9 errors from zero it is, 2 it is not; what is no cost never is, nor what has no error."""
    near, far = Estimate(1.9, 1.0, 50), Estimate(2.0, 1.0, 50)
    assert shown_in(near, 1, PER_100BN).endswith(NOT_TOLD)
    assert shown_in(far, 1, PER_100BN) == shown_in(near, 1, "bp").replace("1.9", "2.0") == "2.0 ± 1.0"
    assert shown_in(Estimate(1.0, math.nan, 1), 1, PER_100BN) == "1.0 ± ?"
    table = Table("impact", "", (Column("a", "a", PER_100BN),), (SummaryRow("x", (near,), "x"),))
    assert note_of(table).startswith(NOT_TOLD.strip())
    assert not note_of(replace(table, rows=(SummaryRow("x", (far,), "x"),)))
    assert cost_in_words(near) == "an amount not distinguishable from zero"
    assert cost_in_words(far) == "2.0 ± 1.0 bp"


def test_figures_of_the_market_are_those_of_the_dataset(summary: Summary, results: xr.Dataset) -> None:
    for row, name, scale in (
        ("repo_spread_peak", "repo_spread", 1.0),
        ("haircut_peak", "mean_haircut", 100.0),
        ("dealer_use_peak", "dealer_use", 100.0),
    ):
        assert_mean(cell(summary, "funding", row, "mean"), scale * results[name].max("day"))
    assert_mean(cell(summary, "flows", "foreign_sales", "mean"), results["foreign_sales"].sum("day"))
    sold = results["fund_sales_by_channel"].sum("day")
    for channel in results["channel"].values:
        here = sold.sel(channel=channel)
        row = str(channel)
        assert_mean(cell(summary, "causes", row, "sold_by_channel"), here)
        share = cell(summary, "causes", row, "share")
        assert isinstance(share, Estimate)
        assert share.value == pytest.approx(float(100.0 * here.mean() / sold.sum("channel").mean()), abs=1e-3)
    assert_mean(
        cell(summary, "causes", "haircut", "called"), results["fund_calls"].sum("day").sel(call="haircut")
    )
    shares = [cell(summary, "causes", str(name), "share") for name in results["channel"].values]
    assert sum(share.value for share in shares if isinstance(share, Estimate)) == pytest.approx(100.0)


def test_the_flow_of_funds_is_that_of_the_dataset(
    run: RunOutcome, summary: Summary, results: xr.Dataset
) -> None:
    """Holdings of the last day and of the height of stress less those of the opening, added up another way."""
    weights = results["ten_year_equivalent"].astype(float)
    bonds = {
        "funds": results["fund_packages"].rename(trade="bucket"),
        "dealers": results["dealer_inventory"]
        + (results["dealer_packages"] + results["estate_packages"]).rename(hedge="bucket"),
        "foreign_holders": results["foreign_bonds"],
        "issuer": -results["bonds_issued"],
    }
    in_all = {
        ("funds", "repo"): -results["fund_loans"],
        ("lenders", "repo"): results["lender_repo"],
        ("central_bank", "repo"): results["facility_use"],
        ("funds", "hedges"): -results["fund_hedges"].sum("trade"),
        ("asset_managers", "hedges"): results["asset_manager_hedges"].sum("hedge"),
        ("end_investors", "cash"): results["sector_cash"].sel(sector="end investors"),
    }
    for sector, held in bonds.items():
        in_all[sector, "bonds"] = held.astype(float).sum("bucket")
        in_all[sector, "bonds_ten_year"] = (held.astype(float) * weights).sum("bucket")
    height = height_of_stress(run.folder)
    tables = {"flow_of_funds": results.sizes["day"] - 1, "flow_of_funds_to_height": height}
    for table, day in tables.items():
        for (sector, instrument), held in in_all.items():
            flow = held.astype(float).isel(day=day) - held.astype(float).isel(day=0)
            found = cell(summary, table, sector, instrument)
            assert isinstance(found, Estimate)
            assert found.value == pytest.approx(float(flow.mean()), rel=1e-5, abs=1e-4)
            assert found.standard_error == pytest.approx(
                float(flow.std(ddof=1)) / len(flow) ** 0.5, rel=1e-3, abs=1e-5
            )
        for instrument in ("bonds", "bonds_ten_year", "repo", "hedges", "cash"):
            nothing = cell(summary, table, "all", instrument)
            assert isinstance(nothing, Estimate)
            assert abs(nothing.value) < 1e-3
        assert cell(summary, table, "lenders", "bonds") is None
    assert str(results["date"].values[height])[:10] in next(
        each.title for each in summary.tables if each.key == "flow_of_funds_to_height"
    )


def test_dysfunction_is_a_far_dislocation(run: RunOutcome, summary: Summary, results: xr.Dataset) -> None:
    far = (
        abs(results["dislocation"] - results["dislocation"].isel(day=0)).max(("day", "hedge"))
        > DYSFUNCTION_BP
    )
    found = cell(summary, "failures", "dysfunction", "probability")
    assert isinstance(found, Estimate)
    assert found.value == pytest.approx(100.0 * float(far.mean()))
    assert 0.0 < found.value < 100.0
    outcomes = collect_outcomes(run.folder)
    assert happened(Event("dislocation_move", 0.0), outcomes).mean() == 1.0
    assert happened(Event("dislocation_move", 1e6), outcomes).mean() == 0.0


def test_mirrored_paths_count_as_pairs(tmp_path: Path) -> None:
    outcome = run_scenario(load_toy("drivers.sampling=antithetic", "paths=64"), tmp_path / "run")
    summary = summarise(outcome.folder, collect_outcomes(outcome.folder))
    found = cell(summary, "yields", "TY", "total_end")
    values = open_results(outcome.folder.path)["cash_yield_change"].sel(bucket="TY").isel(day=-1).values
    assert isinstance(found, Estimate)
    assert found.draws == 32
    assert found == statistics.mean(values.astype(np.float64), antithetic=True)
    assert found.standard_error < statistics.mean(values).standard_error


def test_stopped_paths_count_in_no_flow(tmp_path: Path) -> None:
    """A path that stopped in the middle would add its milder days; mirrored paths are one draw."""
    wild = run_scenario(load_toy(*WILD, "paths=20"), tmp_path / "wild").folder
    results = open_results(wild.path)
    finished = results["status"].values == 0
    assert 0 < finished.sum() < 20
    flows = sector_flows(wild, (5, 3), first_day=2)
    held = results["foreign_bonds"].sum("bucket").values[finished].astype(float)
    assert (flows.paths, flows.draws) == (finished.sum(),) * 2
    assert flows.of(5, "foreign holders", "bonds").value == pytest.approx(
        (held[:, 5] - held[:, 2]).mean(), abs=1e-4
    )
    assert flows.of(3, "foreign holders", "bonds").value == pytest.approx(
        (held[:, 3] - held[:, 2]).mean(), abs=1e-4
    )
    mirrored = run_scenario(load_toy("drivers.sampling=antithetic", "paths=64"), tmp_path / "mirrored").folder
    values = open_results(mirrored.path)["fund_packages"].sum("trade").values.astype(float)
    found = sector_flows(mirrored, (12,)).of(12, "funds", "bonds")
    wanted = statistics.mean(values[:, 12] - values[:, 0], antithetic=True)
    assert found.draws == wanted.draws == 32
    assert found.value == pytest.approx(wanted.value, rel=1e-6)
    assert found.standard_error == pytest.approx(wanted.standard_error, rel=1e-4)


def test_every_figure_has_an_error_and_json_has_them_all(
    run: RunOutcome, summary: Summary, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command(load_toy("paths=300", "numerics.block=64"), output=run.folder.path, as_json=True) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["tables"] == summary.as_record()["tables"]
    assert said["results"] == str(run.folder.path)
    assert (said["scenario"], said["paths"], said["days"], said["seed"]) == ("toy", 300, 12, 7)
    for table in summary.tables:
        for row in table.rows:
            for column, figure in zip(table.columns, row.cells, strict=True):
                record = said["tables"][table.key][row.key][column.key]
                if figure is None:
                    assert record is None
                else:
                    is_cost = record["unit"] == PER_100BN
                    assert set(record) == {"value", "standard_error", "unit", "distinguishable_from_zero"} - (
                        set() if is_cost else {"distinguishable_from_zero"}
                    )
                    assert record["standard_error"] is None or record["standard_error"] >= 0.0


def test_piped_it_is_plain_and_every_table_is_there(
    run: RunOutcome, summary: Summary, capsys: pytest.CaptureFixture[str]
) -> None:
    print_summary(summary, {}, ["Results: here"])
    shown = capsys.readouterr().out
    assert "\x1b" not in shown
    for table in summary.tables:
        assert table.title in shown
    assert "± is one Monte Carlo standard error, from 300 paths." in shown
    assert shown.rstrip().endswith("Results: here")
    unwound = cell(summary, "deleveraging", "TY", "unwound")
    assert isinstance(unwound, Estimate)
    row = next(line for line in shown.splitlines() if re.match(r"10-year TY +200 ", line))
    assert f"{unwound.value:,.1f} ± {unwound.standard_error:,.1f}" in row


def test_on_a_terminal_of_80_columns_no_figure_of_the_flow_of_funds_is_broken(
    summary: Summary, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Amounts of thousands of billions, which fit when sectors' names are broken instead."""
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    large = Estimate(-1234.4, 4.4, 300)
    tables = tuple(
        replace(table, rows=tuple(row._replace(cells=(large,) * len(row.cells)) for row in table.rows))
        for table in summary.tables
        if table.key in FLOW_TABLES
    )
    print_summary(replace(summary, tables=tables), {}, [])
    drawn = capsys.readouterr().out.split("Who sold")[1:]
    assert len(drawn) == len(FLOW_TABLES)
    for table, text in zip(tables, drawn, strict=True):
        assert text.count("-1,234 ± 4") == len(table.rows) * len(table.columns)
        assert max(len(line) for line in text.splitlines() if "-1,234" in line) <= 80


@pytest.mark.parametrize(
    "text", ["[bold]x[/nope]", "[link=http://x]y", "a\x1b[2Jb", "new\nline", "\u202eabc", ":smile:"]
)
def test_no_text_can_draw_on_the_terminal(
    summary: Summary, capsys: pytest.CaptureFixture[str], text: str
) -> None:
    tables = tuple(
        replace(table, rows=tuple(row._replace(name=text) for row in table.rows)) for table in summary.tables
    )
    hostile = replace(summary, name=text, tables=tables, headlines=(text,), folder=text)
    print_summary(hostile, {}, [text])
    shown = capsys.readouterr().out
    safe = "".join(character if character.isprintable() else "?" for character in text)
    assert shown.splitlines()[0].startswith(f"{safe}: 300 paths")
    assert all(character.isprintable() or character == "\n" for character in shown)
    assert safe in shown.splitlines()[1]


def test_a_market_at_rest_has_no_ratios(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    loaded = load_toy("drivers.model=none", "drivers.noise=0", "paths=2", "events=[]")
    assert run_command(loaded, output=tmp_path / "run") == 0
    shown = capsys.readouterr().out
    assert "private selling adds 0.0 ± 0 bp to yields" in shown
    assert "nan" not in shown.lower()


def test_one_path_has_no_error_to_tell(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(load_toy("paths=1"), output=tmp_path / "run") == 0
    assert "± ?" in capsys.readouterr().out
