"""Delivery months: at rest rolls cost nothing, delivery bounds what a dislocation costs, the hurried side pays."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest
from numpy.typing import NDArray

from simulator.contracts import CONTRACTS
from simulator.engine.opening.contract_months import delivery_months, held_months
from simulator.results.calendar import trading_dates
from simulator.scenario.errors import ScenarioError
from tests.economics.mirrored import STAYS, TURNS, asymmetry, played_both_ways
from tests.economics.shipped import AT_REST, opened, played
from tests.economics.test_mirrored import TWO_SIDED, WITHIN

Values = NDArray[np.floating]

#: The toy market while its futures are rolled; the month is delivered at the end of March.
MONTHS = ("market.roll=calendar", "market.date=2000-02-16", "horizon=32d")
QUIET = (*AT_REST, *MONTHS)
FALL = "{type: hedge-demand-shift, day: 2d, share: 30%}"
#: Funds that are over their own limits from the day after the shock on, and are not forced.
AT_LIMITS = (
    "funds.value_at_risk_headroom=1%",
    "funds.leverage_headroom=1%",
    "events=[{type: volatility-shock, day: 2d, multiple: 1.5x, half_life: 500d}]",
)


def test_a_month_is_rolled_up_to_its_first_intention_day_and_the_next_one_after_it() -> None:
    months = delivery_months(CONTRACTS["TY"], date(2020, 2, 18), 10)
    first, second = months[:2]
    assert first.roll[-1] == date(2020, 2, 27), "two trading days before 2 March"
    assert (first.delivery, second.delivery) == (date(2020, 3, 31), date(2020, 6, 30))
    assert second.roll[-1] == date(2020, 5, 28)
    assert len(first.roll) == 10
    two_year = delivery_months(CONTRACTS["TU"], date(2025, 4, 1), 10)[0]
    assert two_year.delivery == date(2025, 7, 3), "three days after the month"
    china = delivery_months(CONTRACTS["T"], date(2019, 3, 20), 10)[:2]
    assert [month.delivery for month in china] == [date(2019, 6, 19), date(2019, 9, 19)], "T1906 and T1909"
    # the second Friday of September 2019 was the Mid-Autumn Festival


def test_positions_are_rolled_whole_and_time_runs_out_and_comes_back() -> None:
    dates = trading_dates(date(2020, 3, 2), 130)
    held = held_months(CONTRACTS["TY"], 0.25, dates, 10)
    assert held.rolled.sum() == pytest.approx(2.0), "in May and in August"
    days = held.rolled == 0.0
    steps = np.diff(held.time_left)[days[1:] & days[:-1]]
    assert (steps < 0.0).all(), "a day less each day"
    assert (np.diff(held.time_left)[held.rolled[1:] > 0.0] > 0.0).all(), (
        "and a later month with each part rolled"
    )
    delivered = [dates[1 + row] for row in np.flatnonzero(held.is_delivery)]
    assert delivered == [date(2020, 6, 30)], "nobody held March when the run began"
    june = dates.index(date(2020, 5, 12))
    assert held.time_left[june - 1] == pytest.approx(49 / 365 / 0.25)


@pytest.mark.parametrize("name", ["toy", "calm", "tariff-shock-2025"])
def test_a_market_at_rest_rolls_for_nothing_for_a_year(name: str) -> None:
    run = played(name, *AT_REST, "market.roll=calendar", "horizon=250d", audit=True)
    assert run.prepared.schedule.rolled.sum(axis=0).max() == pytest.approx(4.0, abs=0.5)
    for variable in ("fund_calls", "fund_sales_by_channel", "paid_in_roll"):
        assert np.abs(run.of(variable)).max() < 1e-9
    for variable in ("fund_packages", "hedge_price", "dealer_capital", "dislocation", "sector_cash"):
        assert np.ptp(run.of(variable), axis=1).max() < 1e-9
    assert run.result.audit_worst.max() < 1e-9


def value_lost(*settings: str, day: int) -> float:
    """What a package lost on the day on which demand for its future jumped, per bp that the dislocation rose."""
    shift = f"events=[{{type: hedge-demand-shift, day: {day}d, share: 30%}}]"
    run = played("toy", *QUIET, *settings, shift)
    days = slice(day - 2, day)
    (rise,) = np.diff(run.of("dislocation")[0, days, 0])
    (change,) = np.diff(run.of("bond_price")[0, days, 0] - run.of("hedge_price")[0, days, 0])
    assert rise > 5.0
    return float(change / rise)


def test_a_dislocation_costs_less_the_nearer_delivery_is() -> None:
    left = opened("toy", *QUIET).schedule.time_left[:, 0]
    constant = value_lost("market.roll=continuous", day=25)
    assert constant == pytest.approx(-0.25e-4, rel=0.05)
    assert left[24] < 0.9 * left[10]
    for day in (11, 25):
        assert value_lost(day=day) == pytest.approx(constant * left[day - 1], rel=0.03)


def earned_beyond_marks(roll: str) -> Values:
    """What funds earn a day but for moves of the dislocation, from the fortieth day after demand jumped on."""
    still = ("funds.entry_speed=0%", "dealers.roll_cost=0bp", "horizon=90d", f"market.roll={roll}")
    run = played("toy", *QUIET, *still, f"events=[{FALL}]")
    schedule = run.prepared.schedule
    assert roll == "continuous" or schedule.rolled[40:].sum() == pytest.approx(1.0)
    horizon = 0.25e-4 * schedule.time_left[40:, 0]
    marked = -run.of("fund_packages")[0, 39:-1, 0] * horizon * np.diff(run.of("dislocation")[0, 39:, 0])
    return np.asarray(np.diff(run.of("fund_equity")[0, 39:]) - marked)


def test_time_that_passes_and_months_that_are_rolled_are_no_gain_beyond_convergence() -> None:
    months, constant = earned_beyond_marks("calendar"), earned_beyond_marks("continuous")
    assert (constant > 0.001).all()
    assert months == pytest.approx(constant, rel=0.05)


def paid(*settings: str) -> float:
    """What longs paid shorts in all the roll, per face, in bp."""
    return float(1e4 * played("toy", *QUIET, *settings).of("paid_in_roll")[0, :, 0].sum())


def test_the_side_that_is_in_the_greater_hurry_pays() -> None:
    redeemed = "events=[{type: redemption, who: asset-managers, day: 1d, days: 2d, share: 4%}]"
    refused = (
        "events=[{type: lender-withdrawal, day: 2d, days: 20d, share: 60%}]",
        "lenders.headroom=1%",
        "central_bank.standing_repo.open=false",
        "dealers.cash_buffer=0%",
    )
    assert paid(redeemed) > 1e-4, "longs without cash for bonds pay"
    assert paid(*refused) < -1e-4, "shorts whose repo is not rolled pay"
    assert paid(redeemed, "dealers.roll_cost=0bp") == 0.0
    assert paid(redeemed, "dealers.roll_cost=1.6bp") == pytest.approx(2.0 * paid(redeemed), rel=0.01)


def test_funds_at_their_limits_deliver_instead_of_closing() -> None:
    months, constant = (
        played("toy", *QUIET, *AT_LIMITS, f"market.roll={roll}", audit=True)
        for roll in ("calendar", "continuous")
    )
    delivered = months.of("fund_deliveries")[0, :, 0]
    assert constant.of("fund_deliveries").max() == 0.0
    day = int(np.flatnonzero(months.prepared.schedule.is_delivery[:, 0])[0])
    assert delivered[day] > 0.1
    assert delivered.sum() == delivered[day]
    during = slice(1, 5)
    assert (months.of("fund_sales")[0, during, 0] < 0.5 * constant.of("fund_sales")[0, during, 0]).all()
    change = np.diff(months.of("fund_packages")[0, :, 0])
    flows = (months.of("fund_purchases") - months.of("fund_sales"))[0, 1:, 0]
    assert change == pytest.approx(flows, abs=1e-9)
    assert months.result.audit_worst.max() < 1e-9


@pytest.mark.parametrize(
    "without",
    [
        ("market.trades.TY.bond=other",),
        ("funds.overnight_share=0%",),
        (
            "market.trades.TY.bond=deliverable",
            "market.buckets.TY.bonds=[{coupon: 2%, maturity: 7y, conversion_factor: 0.8},"
            " {coupon: 2%, maturity: 7.6y, conversion_factor: 0.7}]",
        ),
    ],
    ids=["a bond that no future takes", "bonds in term repo", "a bond far from the cheapest"],
)
def test_who_cannot_deliver_or_would_lose_by_it_closes(without: tuple[str, ...]) -> None:
    assert played("toy", *QUIET, *AT_LIMITS, *without).of("fund_deliveries").max() == 0.0


def test_a_basket_of_one_bond_has_no_next_one() -> None:
    with pytest.raises(
        ScenarioError, match="a deliverable bond that is not the cheapest; allowed: cheapest or other"
    ):
        opened("toy", *QUIET, "market.trades.TY.bond=deliverable")


def test_the_next_bond_of_the_basket_is_delivered_at_its_net_basis() -> None:
    basket = (
        "market.buckets.TY.bonds=[{coupon: 2%, maturity: 7y, conversion_factor: 0.8},"
        " {coupon: 2%, maturity: 7y, conversion_factor: 0.79995}]"
    )
    next_one = opened("toy", *QUIET, basket, "market.trades.TY.bond=deliverable").parameters.opening.trades
    cheapest = opened("toy", *QUIET, basket).parameters.opening.trades
    assert cheapest.net_basis[0] == 0.0
    future = 1.0 / 0.8
    assert next_one.net_basis[0] == pytest.approx(future * 0.00005, rel=0.05)


def test_a_bond_with_a_yield_of_its_own_leaves_funds_exposed() -> None:
    def called(*settings: str) -> float:
        fall = "events=[{type: yield-shock, day: 2d, change: {y7: -50bp}}]"
        run = played("toy", *AT_REST, "horizon=3d", fall, *settings)
        return float(run.of("fund_equity")[0, -1] - run.of("fund_equity")[0, 0])

    hedged, exposed = called(), called("market.trades.TY.yield_beta=0.8")
    assert abs(exposed) > 10.0 * abs(hedged)
    assert exposed < 0.0, "a bond that follows by less gains less than its hedge loses"


def test_a_market_that_rolls_without_an_option_to_deliver_is_its_own_mirror() -> None:
    """Only the short may deliver: with bonds that no future takes, and no spread, nothing tells the sides apart."""
    no_option = ("market.trades.TY.bond=other", "dealers.roll_cost=0bp")
    some = played_both_ways("toy", (*TWO_SIDED, *MONTHS[:2], *no_option), 0.1, at_fair_prices=True)
    assert some[0].prepared.schedule.rolled[:, 0].sum() > 0.5
    for variable in (*TURNS, *STAYS):
        limit = WITHIN["toy"][variable in STAYS]
        if variable != "initial_margin":
            assert asymmetry(*some, variable) < limit, variable


def test_a_reverse_package_delivers_nothing() -> None:
    reverse = ("market.trades.TY.fund_packages=-$40bn", "market.hedges.TY.hedge_demand=-$30bn")
    run = played("toy", *QUIET, *AT_LIMITS, *reverse, audit=True)
    assert run.of("fund_deliveries").max() == 0.0
    assert run.result.audit_worst.max() < 1e-9
