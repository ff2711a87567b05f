"""Swaps beside futures: margins of their own clearing house, hedgers who answer to rates, which trade is cut first."""

from __future__ import annotations

import numpy as np
import pytest

from tests.economics.shipped import AT_REST, Played, played, with_events
from tests.economics.test_ledgers import assert_books_balance
from tests.oracle.variants import CLEARED_SWAP, STORM, SWAP_BESIDE_FUTURES, TWO_FUNDINGS, shift

FUTURES, SWAP = 0, 1
VOLATILE = "{type: volatility-shock, day: 3d, multiple: 4x, half_life: 250d}"


SWAP_OVER_TWO_DAYS = (*SWAP_BESIDE_FUTURES, "clearing_house.margin_period=2d")


def test_a_swap_is_margined_over_the_period_of_its_own_house() -> None:
    """Once volatility has lifted both above their floors, five days ask the root of five halves of what two ask."""
    two, five = (
        played("toy", *AT_REST, *settings, with_events(VOLATILE)).of("initial_margin")[0, -1]
        for settings in (SWAP_OVER_TWO_DAYS, (*SWAP_OVER_TWO_DAYS, "market.hedges.SW.margin_period=5d"))
    )
    assert two[FUTURES] == five[FUTURES]
    assert five[SWAP] / two[SWAP] == pytest.approx(np.sqrt(5.0 / 2.0), rel=1e-3)


def held_by_others(run: Played) -> float:
    """Other hedgers' position in the swap at the end, over the opening, $bn: longs equal shorts."""
    opening = run.prepared.parameters.opening.hedges.other_hedgers_bn[SWAP]
    shorts = run.of("fund_hedges")[0, -1, SWAP] + run.of("dealer_packages")[0, -1, SWAP]
    return float(shorts - run.of("asset_manager_hedges")[0, -1, SWAP] - opening)


@pytest.mark.parametrize(("rise_bp", "receives"), [(40, -1.0), (-40, 1.0)])
def test_receivers_and_payers_hold_less_fixed_when_rates_rise(rise_bp: int, receives: float) -> None:
    """A tenth for 100bp of receivers of $60bn and payers of $25bn: $3.4bn less for 40bp, as much more for a fall."""
    quiet = (
        "other_hedgers.margin_response=0.0",
        "channels.initial_margin=false",
        "other_hedgers.rate_lag=1d",
    )
    changed = held_by_others(played("toy", *AT_REST, *CLEARED_SWAP, *quiet, with_events(shift(2, rise_bp))))
    assert changed == pytest.approx(receives * 3.4, rel=0.15)  # pressure moves the swap rate a little further
    still = held_by_others(played("toy", *AT_REST, *CLEARED_SWAP, *quiet))
    assert still == pytest.approx(0.0, abs=1e-9)


@pytest.mark.parametrize(
    ("binding", "first"),
    [("value_at_risk", SWAP), ("leverage", FUTURES)],
)
def test_a_fund_cuts_first_what_costs_least_to_leave_for_its_limit(binding: str, first: int) -> None:
    """Swaps over seven years hold most risk for their half spread, futures of three months least: limits differ.

    The futures' half spread is made the lower one, so that a leverage limit, which counts dollars, begins with them.
    """
    other = {"value_at_risk": "leverage", "leverage": "value_at_risk"}[binding]
    settings = (
        *AT_REST,
        *SWAP_BESIDE_FUTURES,
        "market.trades.TY.transaction_cost=0.3bp",
        f"funds.{binding}_headroom=0%",
        f"funds.{other}_headroom=900%",
        "funds.drawdown_tolerance=90%",
        "funds.cash_minimum=0%",
        "horizon=4d",
        with_events("{type: volatility-shock, day: 2d, multiple: 2x, half_life: 250d}", shift(2, -10)),
    )
    alike, cheapest = (
        played("toy", *settings, f"funds.cut_order={order}").of("fund_sales")[0].sum(axis=0)
        for order in ("pro-rata", "cheapest")
    )
    assert alike.min() > 0.0
    assert cheapest[first] > 0.0
    assert cheapest[1 - first] == pytest.approx(0.0, abs=1e-9)


def test_books_balance_in_a_storm_over_all_of_it() -> None:
    every = (*STORM, *CLEARED_SWAP, *TWO_FUNDINGS, "funds.cut_order=cheapest")
    assert_books_balance(played("toy", *every, paths=2, audit=True))
