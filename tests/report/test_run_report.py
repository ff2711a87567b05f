"""The report says what the results say: every figure is held against the store, read another way."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

from simulator.engine import diary
from simulator.ensemble.execution import run_scenario
from simulator.report.diary import TOLD
from simulator.report.evidence import KNOWN_LIMITS, known_limits, rules_in_force
from simulator.report.page import ASSETS
from simulator.report.run_data import RunData
from simulator.report.run_report import write_report
from simulator.results.errors import OutputError
from simulator.results.folder import open_run
from simulator.results.outcomes import collect_outcomes
from simulator.results.reading import open_results
from simulator.results.summary import FLOW_TABLES, summarise
from simulator.scenario.loading import load_scenario
from tests.ensemble.conftest import WILD, load_toy
from tests.report.runs import ROOT, run_shipped, without_last_block

PATHS = 60
DASH = ROOT / "scenarios" / "dash-for-cash-2020.yaml"
#: Digits that the page keeps.
CLOSE = 2e-6
REMARK = "Futures positions are those of another week."


def content_of(file: Path) -> dict[str, Any]:
    text = file.read_text(encoding="utf-8")
    found = re.search(r'<script type="application/json" id="content">(.*?)</script>', text, re.DOTALL)
    assert found
    return dict(json.loads(found.group(1)))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The dash for cash on a few dozen paths, in several blocks."""
    folder = tmp_path_factory.mktemp("report") / "run"
    settings = [f"paths={PATHS}", "numerics.block=25", f"provenance.remarks=[{REMARK}]"]
    run_scenario(load_scenario(DASH, settings), folder, threads=2)
    return folder


@pytest.fixture(scope="module")
def content(folder: Path) -> dict[str, Any]:
    return content_of(write_report(folder))


@pytest.fixture(scope="module")
def results(folder: Path) -> xr.Dataset:
    return open_results(folder)


def column(content: dict[str, Any], figure: str, name: str) -> Any:
    return np.array([np.nan if v is None else v for v in content["figures"][figure]["columns"][name]], float)


def largest_moves(results: xr.Dataset) -> Any:
    dislocation = results["dislocation"]
    return np.abs(dislocation - dislocation.isel(day=0)).max(["day", "hedge"]).values


def close(found: Any, wanted: Any) -> None:
    np.testing.assert_allclose(found, np.asarray(wanted, float), rtol=CLOSE, atol=1e-6)


@pytest.mark.parametrize(
    ("trade", "name"), [("TY", "10-year TY"), ("TU", "2-year TU"), ("WN", "ultra bond WN")]
)
def test_fans_are_quantiles_and_means_of_the_store(
    content: dict[str, Any], results: xr.Dataset, trade: str, name: str
) -> None:
    for figure, variable, label in (
        ("dislocation", "dislocation", name),
        ("yields", "cash_yield_change", f"{name}, total"),
        ("yields", "fundamental_yield_change", f"{name}, exogenous"),
    ):
        days = results[variable].sel({results[variable].dims[-1]: trade}).astype(float)
        close(column(content, figure, f"{label}, mean, bp"), days.mean("path"))
        close(column(content, figure, f"{label}, standard error, bp"), days.std("path", ddof=1) / PATHS**0.5)
        for level in (0.05, 0.5, 0.95):
            close(
                column(content, figure, f"{label}, {100 * level:.0f}% quantile, bp"),
                days.quantile(level, "path"),
            )
    assert content["figures"]["dislocation"]["columns"]["date"] == [
        str(day)[:10] for day in results["date"].values
    ]


def test_market_fans_are_those_of_the_store(content: dict[str, Any], results: xr.Dataset) -> None:
    close(
        column(content, "dealers", "use of limits, all dealers, 95% quantile, %"),
        100.0 * results["dealer_use"].astype(float).quantile(0.95, "path"),
    )
    close(
        column(content, "repo", "repo rate of funds over policy rate, 50% quantile, bp"),
        results["client_repo_spread"].astype(float).quantile(0.5, "path"),
    )
    margin = results["initial_margin"].sel(hedge="TY").astype(float)
    assert (margin.isel(day=0) != results["initial_margin"].isel(day=0, hedge=0)).any()
    columns = content["figures"]["repo"]["columns"]
    (name,) = (name for name in columns if name.startswith("initial margin, 10") and ", mean," in name)
    close(column(content, "repo", name), 100.0 * margin.mean("path"))
    equity = results["fund_equity"].astype(float)
    close(
        column(content, "equity", "equity, mean, % of opening"),
        (100.0 * equity / equity.isel(day=0)).mean("path"),
    )


def test_sales_calls_and_holdings_add_up(content: dict[str, Any], results: xr.Dataset) -> None:
    sold, called = results["fund_sales_by_channel"].astype(float), results["fund_calls"].astype(float)
    close(
        column(content, "spiral-in-time", "sold: own risk limits, $bn"),
        sold.sel(channel="risk_limit").mean("path"),
    )
    close(column(content, "spiral-in-time", "called: haircuts, $bn"), called.sel(call="haircut").mean("path"))
    totals = dict(
        zip(
            content["figures"]["who-sold"]["columns"]["cause"],
            content["figures"]["who-sold"]["columns"]["sold in all, $bn"],
            strict=True,
        )
    )
    close(totals["own risk limits"], sold.sel(channel="risk_limit").sum("day").mean())
    held = results["fund_packages"].astype(float).sum("trade")
    close(column(content, "net-purchases", "hedge funds, $bn"), (held - held.isel(day=0)).mean("path"))


def test_what_sectors_bought_adds_up_to_nothing_on_every_day(
    content: dict[str, Any], results: xr.Dataset
) -> None:
    columns = content["figures"]["net-purchases"]["columns"]
    for unit in ("$bn", "$bn 10y eq."):
        held = [
            np.array(values, float)
            for name, values in columns.items()
            if name.endswith(f", {unit}") and "standard error" not in name
        ]
        assert len(held) == 7
        np.testing.assert_allclose(sum(held), 0.0, atol=0.01)  # of numbers with seven digits
        assert max(np.abs(values).max() for values in held) > 100.0
    bought = results["central_bank_bonds"].astype(float).sum("bucket")
    bought = bought + results["central_bank_packages"].astype(float).sum("hedge")
    close(column(content, "net-purchases", "central bank, $bn"), (bought - bought.isel(day=0)).mean("path"))
    for key in FLOW_TABLES:
        saved = content["tables"][f"table-{key}"]["columns"]
        bonds = dict(zip(saved["sector"], saved["bonds, $bn"], strict=True))
        assert bonds.pop("all") == pytest.approx(0.0, abs=1e-3)
        assert sum(value for value in bonds.values() if value is not None) == pytest.approx(0.0, abs=0.01)


def test_costs_limits_and_tail_are_those_of_the_analysis(
    folder: Path, content: dict[str, Any], results: xr.Dataset
) -> None:
    costs = results["unwind_impact"].astype(float)
    use = results["dealer_use"].astype(float)
    opens = use.isel(day=(results["test_sale_day"].fillna(1).astype(int) - 1))
    tight = costs.where(opens >= 0.84).mean("path")
    close(
        column(content, "cost", "basis positions unwound, dealers near their limits, bp per $100bn"),
        tight,
    )
    used = results["dealer_use_highest"].values[:, 1:].max(axis=1)
    limits = content["figures"]["limits"]["columns"]
    place = limits["limit"].index("Dealers' leverage limit")
    close(limits["binds ever, % of paths"][place], 100.0 * (used >= 1.0).mean())
    moved = largest_moves(results)
    level = column(content, "tail-curves", "basis, largest move, bp")
    close(
        column(content, "tail-curves", "basis, largest move, paths above, %"),
        [100.0 * (moved > bound * (1.0 + CLOSE)).mean() for bound in level],
    )


def test_chosen_paths_are_the_worst_and_the_middle(content: dict[str, Any], results: xr.Dataset) -> None:
    moved = largest_moves(results)
    worst = int(moved.argmax())
    days = column(content, "chosen-paths", f"Yield change, 10-year TY, the worst path ({worst:,}), bp")
    close(days, results["cash_yield_change"].sel(path=worst, bucket="TY"))
    (median,) = (
        name
        for name in content["figures"]["chosen-paths"]["columns"]
        if "Largest" in name and "median" in name
    )
    path = int(re.search(r"\((\d+)\)", median).group(1))  # type: ignore[union-attr]
    assert sorted(moved)[PATHS // 2 - 1] <= moved[path] <= sorted(moved)[PATHS // 2]


def test_tables_and_answer_are_the_summary(folder: Path, content: dict[str, Any]) -> None:
    run = open_run(folder)
    summary = summarise(run, collect_outcomes(run))
    text = (folder / "report.html").read_text(encoding="utf-8")
    for table in summary.tables:
        saved = content["tables"][f"table-{table.key}"]["columns"]
        for place, heading in enumerate(table.columns):
            name = ", ".join(filter(None, (heading.heading, heading.unit)))
            cells = [row.cells[place] for row in table.rows]
            values = [getattr(cell, "value", cell) for cell in cells]
            close(
                [np.nan if v is None else v for v in saved[name]],
                [np.nan if v is None else v for v in values],
            )
            for cell in cells:
                assert f">{heading.shows(cell)}</td>" in text
    unwound = summary.as_record()["tables"]["deleveraging"]["all"]["unwound"]
    assert f"unwind ${unwound['value']:,.0f}" in text
    assert "Complete: 60 of 60 paths" in text


def test_report_is_the_same_bytes_each_time(folder: Path, tmp_path: Path) -> None:
    first, second = write_report(folder, tmp_path / "a.html"), write_report(folder, tmp_path / "b.html")
    assert first.read_bytes() == second.read_bytes()


def test_no_outside_address_is_asked_for(folder: Path) -> None:
    text = (folder / "report.html").read_text(encoding="utf-8")
    without_library = re.sub(r"<script>.*?</script>", "", text, flags=re.DOTALL)
    assert re.findall(r"""(?:href|src)=["']?[^#"'][^"'>]*|https?://\S+|url\(""", without_library) == []


def test_incomplete_run_says_so(folder: Path, tmp_path: Path) -> None:
    copy = without_last_block(folder, tmp_path / "copy")
    text = write_report(copy).read_text(encoding="utf-8")
    assert "INCOMPLETE: 2 of 3 blocks, 50 of 60 paths." in text
    assert '<p class="status warning"' in text


def test_run_of_one_path_without_chance(tmp_path: Path) -> None:
    run_shipped(ROOT / "scenarios" / "toy.yaml", tmp_path / "run", "paths=1")
    content = content_of(write_report(tmp_path / "run"))
    costs = content["figures"]["cost"]["columns"]
    (value,) = (
        costs[name] for name in costs if "outright" in name and "spare" in name and "error" not in name
    )
    assert value[0] > 0.0  # the one path has a test sale, whose error nobody knows
    assert all(costs[name] == [None] for name in costs if "error" in name)
    assert len(content["figures"]["chosen-paths"]["columns"]) == 5  # dates, and one path in four panels


def test_paths_that_stopped_are_told(tmp_path: Path) -> None:
    run_scenario(load_toy(*WILD), tmp_path / "run", threads=1)
    run = open_run(tmp_path / "run")
    lost = [number for block in run.finished.values() for number in block.stopped.values()]
    assert sum(lost) > 0, "no path stopped: make the toy wilder"
    data = RunData(run, collect_outcomes(run))
    assert np.isfinite(data.chosen[0].severity_bp)
    text = write_report(tmp_path / "run").read_text(encoding="utf-8")
    assert f"{sum(lost):,} of 24 paths stopped (price out of range)" in text


def test_diary_is_left_out_when_the_data_changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A replay that does not come out to the stored bits is not told as the path's story."""
    from simulator.ensemble import replay

    run_shipped(
        ROOT / "scenarios" / "toy.yaml", tmp_path / "run", "drivers.model=factor", "drivers.noise=1.0"
    )
    honest = replay.play_path
    monkeypatch.setattr(replay, "play_path", lambda prepared, path: honest(prepared, path + 1))
    text = write_report(tmp_path / "run").read_text(encoding="utf-8")
    assert "does not come out to the same bits" in text
    assert "Diary of" not in text


def test_what_is_no_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="no results of a run"):
        write_report(tmp_path)


def test_the_files_of_the_opening_market_and_what_is_to_be_known_of_them_are_told(folder: Path) -> None:
    text = write_report(folder).read_text(encoding="utf-8")
    files = open_run(folder).manifest.scenario["provenance"]["files"]
    assert len(files) == 11
    assert all(f"opening market from: {name}" in text and sha256 in text for name, sha256 in files.items())
    assert f"<p>{REMARK}</p><p>Made by" in text


def test_known_limits_are_those_of_the_model_document() -> None:
    document = (ROOT / "docs" / "model" / "model.md").read_text(encoding="utf-8")
    section = document[document.index("Known limits\n") :].partition("\n")[2].partition("\n## ")[0].strip()
    told = (
        "copy the section 'Known limits' of docs/model/model.md into simulator/report/assets/known-limits.md"
    )
    assert (ASSETS / KNOWN_LIMITS).read_text(encoding="utf-8").strip() == section, told
    assert len(known_limits()) == section.count("\n- ") + 1


def test_rules_in_force_are_those_the_engine_calls() -> None:
    rules = {name: (module, sentence) for name, module, sentence in rules_in_force()}
    assert rules["cash_shortfall_bn"][0] == "agents.hedge_fund"
    assert all(sentence for _, sentence in rules.values())
    assert not any(module.startswith("literature.") for module, _ in rules.values())
    assert "net_basis" not in rules  # in the catalogue, for basis rows; no phase calls it
    assert len(rules) > 40


def test_every_kind_of_diary_entry_has_its_sentence() -> None:
    assert set(TOLD) == set(range(len(diary.ENTRIES)))
