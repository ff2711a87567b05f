"""Presets against the public data they come from, shipped scenarios against their sources and the schema."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterator
from datetime import date
from itertools import pairwise
from pathlib import Path

import pytest

from simulator.calibration.ladder import maturity_ladder
from simulator.calibration.opening_day import OpeningDay, first_deferred_month, security_factor
from simulator.calibration.presets import SHIPPED, preset_text
from simulator.calibration.public_data import PublicData, Security
from simulator.contracts import CONTRACTS
from simulator.scenario.errors import ScenarioError
from simulator.scenario.loading import load_scenario
from simulator.scenario.schema import (
    Auction,
    ForeignSale,
    Market,
    PolicyRateChange,
    Redemption,
    Scenario,
    Swap,
    YieldShock,
)

ROOT = Path(__file__).resolve().parents[2]
SCENARIOS = sorted((ROOT / "scenarios").glob("*.yaml"))
TENORS = ("y2", "y3", "y5", "y7", "y10", "y20", "y30")
CONTRACT_BUCKETS = ("TU", "FV", "TY", "UXY", "US", "WN")
NAMES = [f"us-treasury-{day}" for day in SHIPPED]


@pytest.fixture(scope="module")
def folder() -> Path:
    folder = Path(os.environ.get("UNWIND_DATA", ROOT.parent / "shared" / "data"))
    if not (folder / "treasury_par_yields_daily.csv").is_file():
        pytest.skip(f"no public data files in {folder}; set UNWIND_DATA")
    return folder


@pytest.fixture(scope="module")
def data(folder: Path) -> PublicData:
    return PublicData(folder)


def preset_path(day: date) -> Path:
    return ROOT / "simulator" / "scenario" / "presets" / f"us-treasury-{day}.yaml"


def preset(day: date) -> Scenario:
    return load_scenario(f"preset:us-treasury-{day}", ["name=preset"]).scenario


def shipped(name: str) -> Scenario:
    return load_scenario(ROOT / "scenarios" / f"{name}.yaml").scenario


def rows(folder: Path, file: str) -> Iterator[dict[str, str]]:
    with (folder / file).open(newline="", encoding="utf-8") as lines:
        yield from csv.DictReader(lines)


def held_bn(market: Market, name: str) -> float:
    """Bonds of a bucket that the sectors named hold, in packages and outright."""
    bucket = market.buckets[name]
    packages = sum(
        trade.fund_packages
        for trade_name, trade in market.trades.items()
        if market.bucket_of(market.hedge_of(trade_name)) == name
    )
    packages += sum(
        hedge.dealer_packages
        for hedge_name, hedge in market.hedges.items()
        if market.bucket_of(hedge_name) == name
    )
    outright = bucket.asset_manager_bonds + bucket.foreign_bonds + bucket.central_bank_bonds
    return packages + outright + bucket.dealer_inventory


# Presets


@pytest.mark.parametrize("day", SHIPPED, ids=str)
def test_preset_regenerates_from_the_data_exactly(data: PublicData, day: date) -> None:
    assert preset_text(OpeningDay(data, day)) == preset_path(day).read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("day", "month"),
    [
        (date(2019, 9, 13), date(2019, 12, 1)),
        (date(2020, 2, 18), date(2020, 6, 1)),
        (date(2025, 4, 1), date(2025, 6, 1)),
        (date(2021, 11, 30), date(2022, 3, 1)),
    ],
)
def test_positions_are_rolled_into_the_first_deferred_contract(day: date, month: date) -> None:
    assert first_deferred_month(day) == month


def test_another_date_gives_a_preset_as_well(data: PublicData) -> None:
    text = preset_text(OpeningDay(data, date(2021, 6, 1)))
    assert "SWAP" not in text
    assert "10-year note, September 2021" in text


@pytest.mark.parametrize("day", SHIPPED, ids=str)
def test_no_bucket_is_oversold(day: date) -> None:
    market = preset(day).market
    for name, bucket in market.buckets.items():
        assert 0.0 < held_bn(market, name) <= bucket.outstanding, name


def test_an_oversold_bucket_is_refused() -> None:
    with pytest.raises(ScenarioError, match=r"market\.buckets\.TY\.outstanding"):
        load_scenario(f"preset:{NAMES[1]}", ["name=preset", "market.buckets.TY.outstanding=$500bn"])


def test_bonds_against_swaps_are_bonds_of_the_bucket() -> None:
    """The holders named own $820bn of the UXY bucket, $200bn of it against swaps: $100bn more are too many."""
    more = ["name=preset", "market.trades.SWAP10.fund_packages=$300bn"]
    with pytest.raises(ScenarioError, match=r"\$906\.0bn outstanding, but \$919\.8bn held"):
        load_scenario(f"preset:{NAMES[2]}", more)


def test_swaps_of_2025_hedge_the_long_ends_of_their_buckets() -> None:
    market = preset(date(2025, 4, 1)).market
    swaps = {name: market.bucket_of(name) for name, hedge in market.hedges.items() if isinstance(hedge, Swap)}
    assert swaps == {"SWAP10": "UXY", "SWAP30": "WN"}
    assert list(market.buckets) == list(CONTRACT_BUCKETS)
    assert list(market.trades) == list(market.hedges) == [*CONTRACT_BUCKETS, *swaps]


@pytest.mark.parametrize(
    ("day", "report"), list(zip(SHIPPED, ("2019-09-10", "2020-02-18", "2025-04-01"), strict=True)), ids=str
)
def test_futures_positions_are_those_of_the_report(folder: Path, day: date, report: str) -> None:
    market, checked = preset(day).market, 0
    for row in rows(folder, "cftc_tff_treasury_futures_weekly.csv"):
        if row["date"] != report or row["report"] != "futures_only":
            continue
        trade, hedge = market.trades[row["contract"]], market.hedges[row["contract"]]
        face_bn = CONTRACTS[row["contract"]].face / 1e9

        def net(sector: str, row: dict[str, str] = row, face_bn: float = face_bn) -> float:
            return (int(row[f"{sector}_long"]) - int(row[f"{sector}_short"])) * face_bn

        assert trade.fund_packages == pytest.approx(-net("levfunds"), abs=0.051)
        assert hedge.dealer_packages == pytest.approx(-net("dealer"), abs=0.051)
        assert hedge.hedge_demand == pytest.approx(net("assetmgr"), abs=0.051)
        checked += 1
    assert checked == 6


@pytest.mark.parametrize(
    ("day", "week"), list(zip(SHIPPED, ("2019-09-11", "2020-02-19", "2025-04-02"), strict=True)), ids=str
)
def test_dealers_bonds_add_up_to_the_survey(folder: Path, day: date, week: str) -> None:
    market = preset(day).market
    (row,) = (row for row in rows(folder, "primary_dealer_weekly.csv") if row["date"] == week)
    nominal = float(row["coupons_net"]) - float(row["tips_net"])
    packages = sum(hedge.dealer_packages for hedge in market.hedges.values())
    inventory = sum(bucket.dealer_inventory for bucket in market.buckets.values())
    assert packages + inventory == pytest.approx(nominal, abs=0.6)


@pytest.mark.parametrize("day", SHIPPED, ids=str)
def test_bonds_of_all_buckets_add_up(data: PublicData, day: date) -> None:
    opening, buckets = OpeningDay(data, day), preset(day).market.buckets
    total = sum(rung.amount_bn for rung in maturity_ladder(data, day))
    assert sum(bucket.outstanding for bucket in buckets.values()) == pytest.approx(total, abs=0.5)
    for sector, held in (
        ("central_bank_bonds", opening.central_bank_bn),
        ("foreign_bonds", opening.foreign_bn),
        ("asset_manager_bonds", opening.manager_bn),
    ):
        for code, amount in held.items():
            assert getattr(buckets[code], sector) == pytest.approx(amount, abs=0.051)
    soma = float(opening.soma_week["notes_bonds"])
    assert sum(opening.central_bank_bn.values()) == pytest.approx(soma, rel=1e-12)


def test_ladder_meets_the_published_total(data: PublicData) -> None:
    published_bn = 10_163.727 + 2_446.613  # Monthly Statement of the Public Debt, 30 April 2020
    total = sum(rung.amount_bn for rung in maturity_ladder(data, date(2020, 4, 30)))
    assert total == pytest.approx(published_bn, rel=0.005)


def test_ladder_needs_the_sales_that_the_file_lacks(data: PublicData) -> None:
    known = sum(
        amount
        for security, amount in data.issues()
        if security.issued <= date(2020, 4, 30) < security.matures
    )
    assert known < 0.8 * 12_610.0


def test_factors_are_the_exchanges(folder: Path) -> None:
    checked = 0
    for row in rows(folder, "ust_futures_conversion_factors_2025.csv"):
        issued, matures = date.fromisoformat(row["issue_date"]), date.fromisoformat(row["maturity_date"])
        security = Security(float(row["coupon_pct"]) / 100.0, issued, matures, 0)
        factor = security_factor(
            CONTRACTS[row["contract"]], security, date.fromisoformat(row["first_delivery_date"])
        )
        assert factor == float(row["conversion_factor"]), row
        checked += 1
    assert checked == 220


@pytest.mark.parametrize("day", SHIPPED, ids=str)
def test_every_figure_of_a_preset_has_a_source(day: date) -> None:
    text = preset_path(day).read_text(encoding="utf-8")
    shared = {line.split(":")[0].lstrip("# ") for line in text.splitlines() if line.startswith("#   ")}
    bare = [
        line
        for line in text.partition("\nprovenance:")[0].splitlines()
        if ": " in line and "#" not in line and line.split(":")[0].strip() not in shared
    ]
    unsourced = [
        line
        for line in bare
        if not line.strip().startswith(("date:", "y", "kind:", "bucket:", "- {", "open:", "name:", "title:"))
    ]
    assert unsourced == []


# Scenarios


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.stem)
def test_shipped_scenario_is_valid_and_says_what_happens(path: Path) -> None:
    scenario = load_scenario(path).scenario
    assert scenario.name == path.stem
    assert scenario.title
    assert scenario.description
    assert "# What happens." in path.read_text(encoding="utf-8")
    assert scenario.paths == (1 if scenario.name == "toy" else 2000)


def test_all_promised_scenarios_ship() -> None:
    assert {path.stem for path in SCENARIOS} == {
        "calm",
        "credit-basis-2008",
        "china-hedgers-2019",
        "china-speculators-2019",
        "dash-for-cash-2020",
        "levered-2025-meets-2020",
        "repo-squeeze-2019",
        "supply-glut",
        "swap-spreads-2025",
        "tariff-shock-2025",
        "toy",
    }


def trading_days(folder: Path, opening: str) -> list[dict[str, str]]:
    """Yield rows from the opening day on: row n is the close of day n."""
    return [row for row in rows(folder, "treasury_par_yields_daily.csv") if row["date"] >= opening]


def change_bp(days: list[dict[str, str]], tenor: str, start: int, end: int) -> float:
    return round((float(days[end][tenor]) - float(days[start][tenor])) * 100.0, 6)


def test_rally_of_2020_is_the_published_one(folder: Path) -> None:
    days = trading_days(folder, "2020-02-18")
    shocks = [e for e in shipped("dash-for-cash-2020").events if isinstance(e, YieldShock)][:5]
    assert [days[e.day + e.days - 1]["date"] for e in shocks] == [
        "2020-02-21", "2020-02-28", "2020-03-05", "2020-03-06", "2020-03-09",
    ]  # fmt: skip
    for event in shocks:
        for tenor in TENORS:
            wanted = change_bp(days, tenor, event.day - 1, event.day + event.days - 1)
            assert getattr(event.change, tenor) == pytest.approx(wanted), (event.day, tenor)


def test_swap_rates_of_2020_are_the_published_yields_and_the_spreads_quoted(folder: Path) -> None:
    days = trading_days(folder, "2020-02-18")
    shocks = [e for e in shipped("dash-for-cash-2020").events if isinstance(e, YieldShock)][5:]
    ends = [14, *(e.day + e.days - 1 for e in shocks)]
    assert [days[end]["date"] for end in ends] == ["2020-03-09", "2020-03-12", "2020-03-18", "2020-03-31"]
    spreads = {"y10": (-16.0, -39.0, -39.0, -25.0), "y30": (-56.0, -94.0, -96.0, -72.0)}  # quoted in the file
    for tenor, spread in spreads.items():
        for event, (start, end), (before, after) in zip(
            shocks, pairwise(ends), pairwise(spread), strict=True
        ):
            assert event.day == start + 1
            wanted = change_bp(days, tenor, start, end) + after - before
            assert getattr(event.change, tenor) == pytest.approx(wanted), (event.day, tenor)
    for event in shocks:
        assert event.change.y20 == pytest.approx(0.5 * (event.change.y10 + event.change.y30), abs=0.51)
    for tenor in ("y2", "y3", "y5", "y7"):  # two thirds of the yield's change, up and down
        rise = sum(getattr(event.change, tenor) for event in shocks[:2])
        assert rise == pytest.approx(change_bp(days, tenor, 14, 21) * 2.0 / 3.0, abs=3.0)
        fall = getattr(shocks[2].change, tenor)
        assert fall == pytest.approx(change_bp(days, tenor, 21, 30) * 2.0 / 3.0, abs=3.0)


def test_auctions_of_2020_are_those_held_in_size_and_on_their_days(folder: Path) -> None:
    days = [row["date"] for row in trading_days(folder, "2020-02-18")]
    told = [
        (days[e.day], e.maturity, e.amount)
        for e in shipped("dash-for-cash-2020").events
        if isinstance(e, Auction)
    ]
    held = [
        (row["auction_date"], round(years_between(row)), float(row["competitive_accepted_musd"]) / 1000.0)
        for row in rows(folder, "treasury_auctions_nominal_coupons.csv")
        if days[1] <= row["auction_date"] <= days[60]
    ]
    assert len(told) == len(held) == 18
    for (day, maturity, amount), (held_day, years, accepted) in zip(told, sorted(held), strict=True):
        assert (day, maturity) == (held_day, years)
        assert amount == pytest.approx(accepted, abs=0.051)


def years_between(row: dict[str, str]) -> float:
    """Years from issue to maturity of an auction."""
    issued, matures = date.fromisoformat(row["issue_date"]), date.fromisoformat(row["maturity_date"])
    return (matures - issued).days / 365.25


def test_rally_of_2025_is_the_published_one_and_the_rise_four_fifths(folder: Path) -> None:
    days = trading_days(folder, "2025-04-01")
    rally, rise = (e for e in shipped("tariff-shock-2025").events if isinstance(e, YieldShock))
    assert (days[3]["date"], days[8]["date"]) == ("2025-04-04", "2025-04-11")
    for tenor in TENORS:
        assert getattr(rally.change, tenor) == pytest.approx(change_bp(days, tenor, 0, 3))
        assert getattr(rise.change, tenor) == pytest.approx(0.8 * change_bp(days, tenor, 3, 8), abs=0.51)


@pytest.mark.parametrize(
    ("name", "opening"), [("dash-for-cash-2020", "2020-02-18"), ("repo-squeeze-2019", "2019-09-13")]
)
def test_policy_rate_moves_when_it_did(folder: Path, name: str, opening: str) -> None:
    days = [row["date"] for row in trading_days(folder, opening)]
    rates = {row["date"]: row["iorb"] for row in rows(folder, "money_market_rates_daily.csv")}
    events = shipped(name).events
    moves = {e.day: e.change for e in events if isinstance(e, PolicyRateChange)}
    actual = {
        day: round((float(rates[days[day]]) - float(rates[days[day - 1]])) * 100.0)
        for day in range(1, 61)
        if rates[days[day]] != rates[days[day - 1]]
    }
    assert moves == actual


def test_foreign_sales_of_2020_follow_custody_and_the_published_total(folder: Path) -> None:
    custody = {
        row["date"]: float(row["custody_treasuries"] or 0) for row in rows(folder, "fed_h41_weekly.csv")
    }
    weeks = ["2020-02-26", "2020-03-04", "2020-03-11", "2020-03-18", "2020-03-25", "2020-04-01"]
    falls = [custody[before] - custody[after] for before, after in pairwise(weeks)]
    march = [e for e in shipped("dash-for-cash-2020").events if isinstance(e, ForeignSale)][:5]
    for event, fall in zip(march, falls, strict=True):
        assert event.amount == pytest.approx(299.35 * fall / sum(falls), abs=0.3)


def test_redemptions_of_2020_add_up_to_the_published_share() -> None:
    events = [e for e in shipped("dash-for-cash-2020").events if isinstance(e, Redemption)]
    assert sum(e.share for e in events) == pytest.approx(0.052)
    assert {e.who for e in events} == {"asset-managers"}


def test_purchases_of_2020_are_within_a_few_days_of_the_published_total() -> None:
    schedule = shipped("dash-for-cash-2020").central_bank.outright.schedule
    bought = sum(s.pace * sum(19 <= day <= 30 for day in range(s.day, s.day + s.days)) for s in schedule)
    assert bought == pytest.approx(775.0, rel=0.05)  # 15 to 31 March 2020, literature 2.9


def test_levered_market_meets_exactly_the_shock_of_2020() -> None:
    dash = shipped("dash-for-cash-2020")
    levered = shipped("levered-2025-meets-2020")
    assert levered.events == dash.events
    assert levered.seed == dash.seed
    assert levered.central_bank.outright == dash.central_bank.outright
    assert levered.central_bank.leverage_relief == dash.central_bank.leverage_relief
    assert levered.market == preset(date(2025, 4, 1)).market
    packages = [sum(t.fund_packages for t in s.market.trades.values()) for s in (levered, dash)]
    assert packages[0] > 2.0 * packages[1]


def test_toy_market_has_no_randomness_and_nobody_else() -> None:
    toy = shipped("toy")
    (trade,), (hedge,) = toy.market.trades.values(), toy.market.hedges.values()
    assert (toy.drivers.model, toy.drivers.noise) == ("none", 0.0)
    assert trade.fund_packages + hedge.dealer_packages == hedge.hedge_demand
    assert (toy.funds.count, toy.dealers.count, toy.lenders.count, toy.asset_managers.count) == (3, 2, 2, 2)
