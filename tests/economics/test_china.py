"""China's futures in the engine: baskets, who may trade, speculators, price limits, and a market of two currencies."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from simulator.contracts import CONTRACTS, is_deliverable, last_trading_day, rules_at
from simulator.drivers.block import draw_block
from simulator.drivers.rates import REFERENCE_TENOR
from simulator.engine.opening.prepare import prepare
from simulator.engine.opening.world import regime_at_opening_volatility
from simulator.engine.parameters import TRADING_DAYS_PER_YEAR
from simulator.market.futures import conversion_factor
from simulator.results.calendar import trading_dates
from simulator.scenario.errors import ScenarioError
from simulator.scenario.explain import as_written
from simulator.scenario.loading import load_scenario
from simulator.scenario.schema import VolatilityShock, peak_multiple
from tests.economics.mirrored import OF_SPECULATORS, TURNS, asymmetry, money, played_both_ways
from tests.economics.shipped import AT_REST, Played, opened, played
from tests.economics.test_ledgers import assert_books_balance
from tests.economics.test_mirrored import TWO_SIDED
from tests.oracle.variants import CHINA, CLEARED_SWAP, MONTHS, STORM, TWO_FUNDINGS, UNHEDGED

HEDGERS, SPECULATORS = "china-hedgers-2019", "china-speculators-2019"
#: Place of T among the hedges of the preset, and of its candidates in the basket.
T, SHORT, MIDDLE, LONG = 2, 0, 1, 2
DATA = Path(os.environ.get("UNWIND_DATA", Path(__file__).parents[2].parent / "shared" / "data"))

#: Bonds issued by April 2019 with more than six years left: coupon in per cent, coupons a year, maturity.
BONDS = {
    "150023": (2.99, 2, date(2025, 10, 15)),
    "180028": (3.22, 1, date(2025, 12, 6)),
    "160004": (2.85, 2, date(2026, 1, 28)),
    "160010": (2.90, 2, date(2026, 5, 5)),
    "160017": (2.74, 2, date(2026, 8, 4)),
    "160023": (2.70, 2, date(2026, 11, 3)),
    "170004": (3.40, 2, date(2027, 2, 9)),
    "170010": (3.52, 2, date(2027, 5, 4)),
    "170018": (3.59, 2, date(2027, 8, 3)),
    "170025": (3.82, 2, date(2027, 11, 2)),
    "180004": (3.85, 2, date(2028, 2, 1)),
    "180011": (3.69, 2, date(2028, 5, 17)),
    "180027": (3.25, 2, date(2028, 11, 22)),
}
T1906 = {
    "180028": 1.0127, "160004": 0.9911, "160010": 0.9938, "160017": 0.9833, "160023": 0.9802, "170004": 1.0272,
    "170010": 1.0364, "170018": 1.0424, "170025": 1.0606, "180004": 1.0644, "180011": 1.0536, "180027": 1.0204,
}  # fmt: skip
T1909 = {
    "160010": 0.9940, "160017": 0.9839, "160023": 0.9808, "170004": 1.0264, "170010": 1.0353, "170018": 1.0413,
    "170025": 1.0590, "180004": 1.0628, "180011": 1.0523, "180027": 1.0199,
}  # fmt: skip


def factors(month: date) -> dict[str, float]:
    """Factors of the bonds that T takes in a delivery month, by the exchange's rules of that month."""
    contract = rules_at(CONTRACTS["T"], month)
    return {
        code: conversion_factor(
            coupon / 100.0, frequency, 0.03, 12 * (matures.year - month.year) + matures.month - month.month
        )
        for code, (coupon, frequency, matures) in BONDS.items()
        if is_deliverable(contract, None, matures, month)
    }


@pytest.mark.parametrize(("month", "basket"), [(date(2019, 6, 1), T1906), (date(2019, 9, 1), T1909)])
def test_baskets_and_factors_of_the_summer_of_2019(month: date, basket: dict[str, float]) -> None:
    """170018 and 180027 in T1906 are as published (literature 6.8); the rest follows by the same formula."""
    assert factors(month) == basket


def test_the_same_formula_gives_the_published_factors_of_the_month_before() -> None:
    file = DATA / "cffex_conversion_factors_t1903.csv"
    if not file.exists():
        pytest.skip(f"{file} is not there: set UNWIND_DATA to the folder of the public data")
    with file.open(newline="") as stream:
        published = {row["bond_code"]: float(row["conversion_factor"]) for row in csv.DictReader(stream)}
    computed = factors(date(2019, 3, 1))
    assert {code: computed[code] for code in published} == published


def test_the_preset_has_the_factors_of_the_basket() -> None:
    given = [bond.conversion_factor for bond in opened(HEDGERS).scenario.market.buckets["T"].bonds]
    assert given == [T1906["180028"], T1906["170018"], T1906["180027"]]


@pytest.mark.parametrize(("spread_bp", "switch"), [(0.0, 3.00), (-2.5, 3.20), (-5.0, 3.40), (5.0, 2.60)])
def test_the_cheapest_bond_switches_where_the_slope_of_the_curve_says(
    spread_bp: float, switch: float
) -> None:
    """Between 170018 and 180027: at the notional coupon at equal yields, at 3.2% with 2.5bp of inversion.

    Financed at the yield, so that the forward curve is the spot curve; figures of literature 7.
    """
    bonds = (
        "market.buckets.T.bonds=["
        "{coupon: 3.59%, maturity: 8.3395y, conversion_factor: 1.0424, coupons_per_year: 2}, "
        "{coupon: 3.25%, maturity: 9.6454y, conversion_factor: 1.0204, coupons_per_year: 2, "
        f"spread: {spread_bp}bp}}]"
    )

    def cheapest(percent: float) -> int:
        curve = ", ".join(f"y{years}: {percent}%" for years in (2, 3, 5, 7, 10, 20, 30))
        scenario = load_scenario(
            "preset:cn-treasury-2019-04-01",
            [
                "name=switch",
                bonds,
                f"market.par_curve={{{curve}}}",
                f"market.fundings.interbank.policy_rate={percent}%",
                "market.hedges.T.dislocation=0bp",
            ],
        ).scenario
        hedges = prepare(scenario).parameters.opening.hedges
        return int(hedges.cheapest[T] - hedges.basket_start[T])

    below, above = round(switch - 0.02, 2), round(switch + 0.02, 2)
    assert (cheapest(below), cheapest(above)) == (0, 1)


def test_the_switch_happens_along_a_path() -> None:
    """Yields rise through 3.2% in April: the bond held is 170018, the cheapest comes to be 180027."""
    shift = "events=[{type: yield-shock, day: 1d, days: 10d, change: {y10: 30bp}}]"
    place = played(HEDGERS, *AT_REST, "horizon=12d", shift).of("cheapest_to_deliver")[0, :, T]
    assert place[0] == MIDDLE
    assert place[-1] == LONG
    assert np.count_nonzero(np.diff(place)) == 1


@pytest.fixture(scope="module")
def hedgers() -> Played:
    return played(HEDGERS, paths=64)


@pytest.fixture(scope="module")
def speculators() -> Played:
    return played(SPECULATORS, paths=64)


def test_implied_repo_falls_below_zero_in_both_and_turnover_tells_them_apart(
    hedgers: Played, speculators: Played
) -> None:
    for run in (hedgers, speculators):
        lowest = run.of("implied_repo")[:, :, T].min(axis=1)
        assert np.quantile(lowest, 0.8) < 0.0
    assert hedgers.of("speculator_hedges").any() == 0
    assert hedgers.of("volume_over_open_interest")[:, :, T].max() < 0.8
    assert np.median(speculators.of("volume_over_open_interest")[:, :, T].max(axis=1)) > 1.2


def test_hedgers_without_their_demand_and_speculators_without_their_money_do_nothing() -> None:
    """The twin with a planted error: what is told to be the cause is taken away, and the effect with it."""
    calm = played(HEDGERS, "events=[]", paths=16).of("implied_repo")[:, :, T]
    bare = played(SPECULATORS, "market.hedges.T.speculators=¥0bn", paths=16).of("implied_repo")[:, :, T]
    assert calm.min() > 0.0
    assert bare.min() > 0.0


def test_speculators_sell_falling_prices_and_buy_rising_ones() -> None:
    def position(change_bp: int) -> float:
        event = f"events=[{{type: yield-shock, day: 2d, days: 4d, change: {{y10: {change_bp}bp}}}}]"
        run = played(SPECULATORS, *AT_REST, "horizon=5d", event)
        return float(run.of("speculator_hedges")[0, -1, T])

    assert position(6) < -1.0 < 1.0 < position(-6)
    assert position(6) == pytest.approx(-position(-6), rel=0.05)


def test_speculators_have_no_position_where_nothing_moves() -> None:
    rest = played(SPECULATORS, *AT_REST, "horizon=20d")
    assert not rest.of("speculator_hedges").any()
    assert np.ptp(rest.of("implied_repo")[0, :, T]) < 1e-9


def test_dear_margins_move_banks_and_insurers_not_at_all() -> None:
    """Twice the margin: other hedgers hold 2^-0.35 of what they held, less nothing of what insurers hold."""

    def held(insurers_bn: int) -> float:
        settings = (
            *AT_REST,
            "market.date=2025-03-03",
            f"market.hedges.T.insurers=¥{insurers_bn}bn",
            "events=[{type: margin-step, day: 2d, multiple: 2x}]",
            "horizon=2d",
        )
        return float(played(HEDGERS, *settings).of("other_hedger_hedges")[0, -1, T])

    assert held(10) - held(0) == pytest.approx(10.0 * (1.0 - 2.0**-0.35), rel=1e-6)


def test_who_was_barred_is_refused_with_the_day_from_which_he_is_not() -> None:
    message = "banks may not trade T before 2020-02-21; allowed: nothing, in a market of 2019-04-01"
    with pytest.raises(ScenarioError, match=message):
        load_scenario(HEDGERS, ["market.hedges.T.banks=¥1bn"])
    later = ["market.hedges.T.banks=¥1bn", "market.date=2020-04-10"]
    assert load_scenario(HEDGERS, later).scenario.market.hedges["T"].banks == 1.0


def test_a_locked_future_settles_at_its_limit_and_the_rest_on_the_days_that_follow() -> None:
    """Yields rise by 60bp in a day, some 4.5% of the price: 2% is settled a day, and the third day is free."""
    shock = "events=[{type: yield-shock, day: 2d, change: {y10: 60bp}}]"
    run = played(HEDGERS, *AT_REST, "horizon=6d", shock, audit=True)
    free = played(HEDGERS, *AT_REST, "horizon=6d", shock, "market.hedges.T.price_limit=100%")
    assert_books_balance(run)
    price, left = run.of("hedge_price")[0, :, T], run.of("beyond_price_limit")[0, :, T]
    assert price[1] / price[0] == pytest.approx(0.98, abs=1e-12)
    assert price[2] / price[1] == pytest.approx(0.98, abs=1e-12)
    assert left[1] < left[2] < 0.0
    assert left[4] == 0.0
    assert price[4] == pytest.approx(free.of("hedge_price")[0, 4, T], rel=2e-3)
    assert not free.of("beyond_price_limit")[:, :, T].any()


def test_a_locked_future_keeps_what_it_owes_when_the_month_draws_near() -> None:
    """With delivery months a contract is valued anew each morning: what its limit left is still to be settled."""
    shock = "events=[{type: yield-shock, day: 2d, change: {y10: 60bp}}]"
    run = played(HEDGERS, *AT_REST, "horizon=6d", "market.roll=calendar", shock, audit=True)
    assert_books_balance(run)
    price = run.of("hedge_price")[0, :, T]
    assert price[2] / price[1] == pytest.approx(0.98, abs=1e-3)
    assert price[-1] / price[0] < 0.965


def test_a_market_with_all_kinds_of_trade_closes_its_ledgers() -> None:
    everything = (*STORM, *UNHEDGED, *CLEARED_SWAP, *TWO_FUNDINGS, *MONTHS, *CHINA)
    assert_books_balance(played("toy", *everything, audit=True))


def fall_in_china(basis_points: float) -> str:
    """China's yields fall; or rise, where it is negative."""
    change = ", ".join(f"{tenor}: {-basis_points}bp" for tenor in ("y7", "y10"))
    return f"{{type: yield-shock, par_curve: china, day: 2d, change: {{{change}}}}}"


def positions_in_china(side: float) -> Iterator[str]:
    yield f"market.trades.T.fund_packages={money(5.0 * side)}"
    yield f"market.buckets.T.dealer_inventory={money(5.0 * side)}"
    yield f"market.hedges.T.hedge_demand={money(-12.0 * side)}"
    yield f"market.hedges.T.dealer_packages={money(1.0 * side)}"


def both_ways(size: float) -> tuple[Played, Played]:
    """China's future without what binds one side only, and its mirror: speculators buy where they sold."""
    settings = (
        *TWO_SIDED,
        *CHINA,
        "market.buckets.T.bonds=[{coupon: 3.25%, maturity: 9.6y}]",  # of one bond shorts have no choice that longs lack
        "market.hedges.T.insurers=$0bn",
        "market.hedges.T.dislocation=0bp",
        "market.hedges.T.price_limit=2%",
    )
    return played_both_ways(
        "toy",
        settings,
        size,
        at_fair_prices=True,
        more=lambda side: fall_in_china(30.0 * size * side),
        turned=positions_in_china,
    )


def test_chinas_market_is_its_own_mirror_but_for_the_curve_of_prices() -> None:
    some, less = both_ways(0.1), both_ways(0.01)
    for variable in (*TURNS, *OF_SPECULATORS):
        left = asymmetry(*some, variable)
        assert left < 5e-3, f"{variable}: {left:.2e}"
        assert asymmetry(*less, variable) < 0.2 * left + 1e-6, variable


def test_another_curve_has_draws_of_its_own_and_leaves_the_first_as_it_was() -> None:
    still = ("events=[]", "drivers.model=factor", "drivers.noise=1.0", *CHINA)
    none = (*still, "market.trades.T.fund_packages=$1bn", "market.curves.china.correlation=0%")
    here, apart = (opened("toy", *settings).driver_spec for settings in (still, none))
    alone = replace(here, other_curves=(), demand=None)
    one, two, three = (draw_block(spec, 7, 0, 2000, 10).curve_change_bp for spec in (alone, here, apart))
    assert one.shape[2] == 7
    assert two.shape[2] == 14
    assert np.array_equal(one, two[:, :, :7])
    assert np.array_equal(one, three[:, :, :7])

    def correlation(curves: np.ndarray) -> float:
        first, other = (np.diff(curves[:, :, place], axis=1).ravel() for place in (4, 11))
        return float(np.corrcoef(first, other)[0, 1])

    # fat tails: a day's scale is common to both, so that fewer draws count than there are
    standard_error = 2.0 / np.sqrt(2000 * 9)
    assert correlation(two) == pytest.approx(0.3, abs=4.0 * standard_error)
    assert correlation(three) == pytest.approx(0.0, abs=4.0 * standard_error)


def test_each_curve_has_the_volatility_of_its_own_bucket() -> None:
    """Both buckets' bonds are near enough to ten years to set the volatility of that tenor."""
    scenario = load_scenario("toy", CHINA).scenario
    for curve, bucket in (("", "TY"), ("china", "T")):
        model = regime_at_opening_volatility(scenario, curve)
        wanted = scenario.market.buckets[bucket].volatility / np.sqrt(TRADING_DAYS_PER_YEAR)
        assert model.sd_bp[REFERENCE_TENOR] == pytest.approx(wanted)


def test_an_event_moves_the_curve_that_it_names() -> None:
    move = "events=[{type: yield-shock, day: 2d, par_curve: china, change: {y10: 20bp}}]"
    run = played("toy", *AT_REST, *CHINA, move, "horizon=3d")
    assert run.of("fundamental_yield_change")[0, -1].tolist() == pytest.approx([0.0, 20.0])
    with pytest.raises(ScenarioError, match="'japan' is not a curve of this market; allowed: one of china"):
        load_scenario("toy", [*CHINA, move.replace("china", "japan")])


def test_a_government_and_its_central_bank_trade_its_own_bonds_alone() -> None:
    acts = (
        "{type: buy-back, day: 1d, amount: $1bn}",
        "{type: investor-demand, day: 1d, amount: $1bn}",
        "{type: auction, day: 1d, maturity: 9.6y, amount: $1bn}",
    )
    nearer = "market.buckets.T.bonds=[{coupon: 3.25%, maturity: 9.6y}]"
    market = opened("toy", *CHINA, nearer, f"events=[{', '.join(acts)}]")
    at_home = [1.0, 0.0]
    assert market.buckets == ("TY", "T")
    assert market.schedule.buy_back_bn[0].tolist() == at_home
    assert market.schedule.investor_demand_bn[0].tolist() == at_home
    assert market.schedule.auction_bn[0].tolist() == at_home
    assert market.parameters.opening.buckets.outright_split.tolist() == at_home
    assert market.parameters.opening.hedges.hedged_split.tolist() == at_home


def test_a_move_index_is_of_the_first_governments_bonds() -> None:
    def peak(*settings: str) -> float:
        scenario = load_scenario("toy", [*CHINA, *settings]).scenario
        return peak_multiple(scenario, VolatilityShock(type="volatility-shock", day="1d", move_index=160.0))

    assert peak("market.buckets.T.volatility=40bp") == peak("market.buckets.T.volatility=400bp")
    assert peak("market.buckets.TY.volatility=50bp") == pytest.approx(160.0 / 50.0)


def test_yuan_and_dollars_are_converted_when_they_are_read() -> None:
    scenario = load_scenario(HEDGERS, ["market.hedges.TF.hedge_demand=-$1bn"]).scenario
    assert scenario.market.hedges["TF"].hedge_demand == pytest.approx(-6.71)
    assert as_written(scenario)["market"]["hedges"]["T"]["hedge_demand"] == "-¥22bn"
    assert scenario.clearing_house.own_capital == pytest.approx(0.671)  # the default of $0.1bn
    assert load_scenario("toy").scenario.clearing_house.own_capital == 0.1  # whatever was read before
    assert load_scenario(HEDGERS).scenario.clearing_house.own_capital == pytest.approx(0.671)
    mixed = load_scenario("toy", [*CHINA, "market.hedges.T.hedge_demand=-¥67.1bn"]).scenario
    assert mixed.market.hedges["T"].hedge_demand == pytest.approx(-10.0)
    with pytest.raises(ScenarioError, match="is too large"):
        load_scenario(HEDGERS, ["market.hedges.T.speculators=¥40tn"])  # more than $5tn


def test_what_is_written_of_a_market_in_yuan_is_read_back_to_the_same_bits(tmp_path: Path) -> None:
    first = load_scenario(SPECULATORS).scenario
    file = tmp_path / "again.yaml"
    file.write_text(json.dumps(as_written(first), ensure_ascii=False), encoding="utf-8")
    assert load_scenario(file).scenario == first


def test_days_are_those_of_chinas_exchanges() -> None:
    dates = trading_dates(date(2019, 4, 1), 25, "CNY")
    assert [date(2019, 4, 4), date(2019, 4, 8)] == dates[3:5]  # Qingming
    assert date(2019, 4, 30) in dates
    assert dates[dates.index(date(2019, 4, 30)) + 1] == date(2019, 5, 6)
    assert last_trading_day(CONTRACTS["T"], date(2019, 9, 1)) == date(2019, 9, 16)  # the 13th was Mid-Autumn
