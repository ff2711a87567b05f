"""The flow of funds by hand: who holds what of which bucket and hedge, and days that a run does not have."""

from __future__ import annotations

import numpy as np
import pytest

from simulator.engine.parameters import SECTORS
from simulator.results.errors import OutputError
from simulator.results.flow_of_funds import (
    BOND_LINES,
    CASH,
    CASH_LINE,
    HOLDINGS,
    LINES,
    by_line,
    day_number,
    height_of_stress,
    held,
    lines_by_market,
    sector_flows,
    variables_of_lines,
)
from simulator.results.folder import RunFolder
from simulator.results.layout import Days, Layout
from simulator.results.reading import open_results
from simulator.results.variables import PLACES

SIZES = {"bucket": 2, "hedge": 3, "trade": 4, "sector": len(SECTORS), "": 0}


@pytest.fixture
def days(layout: Layout) -> Days:
    """One path on one day; buckets FV and TY, hedges FV, TY and a swap on TY, trades FV, TY, swap, and TY again."""
    arrays = {}
    for name in variables_of_lines(LINES):
        size = SIZES[PLACES[name][0].dim]
        arrays[name] = np.zeros((1, 1, size) if size else (1, 1), np.float32)
    for name, values in {
        "fund_packages": [10, 20, 30, 40],
        "fund_hedges": [9, 18, 27, 36],
        "dealer_inventory": [1, 2],
        "dealer_packages": [3, 4, 5],
        "estate_packages": [0, 6, 7],
        "estate_hedges": [0, 5, 6],
        "asset_manager_hedges": [50, 60, 70],
        "central_bank_bonds": [100, 200],
        "central_bank_packages": [0, 0, 8],
        "bonds_issued": [0, 11],
        CASH: range(len(SECTORS)),
    }.items():
        arrays[name][0, 0] = values
    for name, value in {
        "fund_repo": 80,
        "fund_loans": 80,
        "dealer_borrowing": 90,
        "other_client_repo": 15,
    }.items():
        arrays[name][0, 0] = value
    return Days(arrays, layout)


def test_holdings_by_hand(days: Days) -> None:
    found = {name: held(days, name)[..., 0, 0].T for name in (*HOLDINGS, CASH_LINE)}
    bonds = dict(zip(SECTORS, found["bonds"].tolist(), strict=True))
    assert bonds["funds"] == [10, 20 + 30 + 40]
    assert bonds["dealers"] == [1 + 3, 2 + 4 + 5 + 6 + 7]
    assert bonds["central bank"] == [100, 200 + 8]
    assert bonds["issuer"] == [0, -11]
    assert bonds["lenders"] == [0, 0]
    hedges = dict(zip(SECTORS, found["hedges"].tolist(), strict=True))
    assert hedges["funds"] == [-9, -18 - 36, -27]
    assert hedges["dealers"] == [-3, -4 - 5, -5 - 6]
    assert hedges["asset managers"] == [50, 60, 70]
    assert hedges["central bank"] == [0, 0, -8]
    repo = dict(zip(SECTORS, found["repo"][:, 0].tolist(), strict=True))
    assert (repo["funds"], repo["dealers"], repo["outside"]) == (-80, 80 + 15 - 90, -15)
    assert found["cash"][:, 0].tolist() == list(range(len(SECTORS)))


def test_lines_weight_by_risk_and_add_up_markets_and_sectors(days: Days, layout: Layout) -> None:
    """The weights of the layout are 0.5 and 1."""
    for lines in (LINES, lines_by_market(layout), lines_by_market(layout)[::-1]):
        values = by_line(days, lines)[..., 0, 0].T
        assert values.shape == (len(SECTORS) + 1, len(lines))
        of_dealers = {
            tuple(line): value for line, value in zip(lines, values[SECTORS.index("dealers")], strict=True)
        }
        assert of_dealers["bonds", "all"] == 4 + 24
        assert of_dealers["bonds_ten_year", "all"] == 0.5 * 4 + 24
        assert of_dealers["hedges", "all"] == -3 - 9 - 11
        if len(lines) > len(LINES):
            assert (of_dealers["bonds", "FV"], of_dealers["bonds_ten_year", "FV"]) == (4, 2)
            assert of_dealers["hedges", "SWAP10"] == -11
        np.testing.assert_allclose(values[-1], values[:-1].sum(axis=0))


def test_flows_of_some_days_and_lines_are_those_of_all(whole_run: RunFolder) -> None:
    """Random numbers, one path stopped: by hand from what is stored, and the same however much is asked for."""
    days = range(whole_run.layout.days + 1)
    every = sector_flows(whole_run, days, lines=lines_by_market(whole_run.layout))
    bonds = sector_flows(whole_run, days, lines=BOND_LINES)
    last = sector_flows(whole_run, (days[-1],), first_day=1)
    results = open_results(whole_run.path)
    finished = results["status"].values == 0
    assert 0 < finished.sum() < len(finished)
    foreign = results["foreign_bonds"].values[finished].astype(np.float64)
    for day in days:
        flows = (foreign[:, day] - foreign[:, 0]) @ np.array(whole_run.layout.ten_year_equivalents)
        for found in (every, bonds):
            flow = found.of(day, "foreign holders", "bonds_ten_year")
            assert flow.draws == len(flows)
            assert flow.value == pytest.approx(flows.mean())
            assert flow.standard_error == pytest.approx(flows.std(ddof=1) / np.sqrt(len(flows)))
    for sector in last.sectors:
        since = every.of(days[-1], sector, "cash").value - every.of(1, sector, "cash").value
        assert last.of(days[-1], sector, "cash").value == pytest.approx(since)


def test_the_height_of_stress_is_the_day_of_the_highest_average_pressure(whole_run: RunFolder) -> None:
    """Of random numbers, in which one path stopped; bonds outstanding are those of all holders, weighted 0.5 and 1."""
    results = open_results(whole_run.path)
    first = results.isel(path=0, day=0)
    packages = sum(
        first[name].values for name in ("dealer_packages", "estate_packages", "central_bank_packages")
    )
    outstanding = sum(
        first[name].values
        for name in (
            "dealer_inventory",
            "asset_manager_bonds",
            "foreign_bonds",
            "end_investor_bonds",
            "central_bank_bonds",
        )
    )
    outstanding = outstanding - first["bonds_issued"].values
    funds = first["fund_packages"].values
    in_packages = (packages[0] + funds[0], packages[1:].sum() + funds[1:].sum())
    by_bucket = outstanding + np.array(in_packages)
    finished = results["status"].values == 0
    pressure = results["outright_pressure"].values[finished] @ (by_bucket * [0.5, 1.0])
    assert height_of_stress(whole_run) == pressure[:, 1:].mean(axis=0).argmax() + 1


def test_a_day_is_a_number_or_a_date(layout: Layout) -> None:
    assert [day_number(layout, day, "day") for day in (0, 5, "2020-04-08", "2020-04-13")] == [0, 5, 0, 2]
    for wrong in (-1, 6, "2020-04-10", "5", "2020-05-01", True):
        with pytest.raises(
            OutputError, match=r"day: found .*; allowed are 0 to 5, or trading days from 2020-04-08"
        ):
            day_number(layout, wrong, "day")
