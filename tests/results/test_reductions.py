"""What selling adds, what policy takes away, what is forced, and what $100bn cost: arithmetic by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from simulator.results import reductions as days
from simulator.results.layout import Days, Layout
from simulator.results.measures import CHOSEN, MEASURES

NAN = np.nan
#: Two paths over two days after the opening, buckets FV (three quarters of the market) and TY: fundamental yields,
#: yields without policy, and as they are played.
FUNDAMENTAL = [[[0.0, 0.0], [-5.0, -6.0], [-9.0, -9.0]], [[0.0, 0.0], [1.0, 1.0], [2.0, 2.0]]]
ALONE = [[[0.0, 0.0], [-1.0, 0.0], [-1.0, -5.0]], [[0.0, 0.0], [0.0, -9.0], [2.0, 3.0]]]
PLAYED = [[[0.0, 0.0], [-2.0, -1.0], [-4.0, -6.0]], [[0.0, 0.0], [0.0, -9.0], [1.5, 2.5]]]
#: Added: path 0, (4, 6) then (8, 4): 4.5 and 7 on average, most on day 2. Path 1, (-1, -10) then (0, 1): -3.25 and
#: 0.25, farthest from zero on day 1.
ADDED = [[8.0, 4.0], [-1.0, -10.0]]
TAKEN = [[3.0, 1.0], [0.0, 0.0]]


@pytest.fixture
def two_trades(layout: Layout) -> Layout:
    return replace(layout, hedges=("FV", "TY"), hedge_buckets=("FV", "TY"), trades=("FV", "TY"),
                   trade_hedges=("FV", "TY"), has_policy=True, paths_without_policy=2, test_sale_paths=2)  # fmt: skip


def yields(layout: Layout, **more: object) -> Days:
    arrays = {
        "fundamental_yield_change": np.array(FUNDAMENTAL),
        "cash_yield_change": np.array(PLAYED),
        "cash_yield_change_without_policy": np.array(ALONE),
    }
    return Days(arrays | {name: np.array(values) for name, values in more.items()}, layout)


def test_selling_adds_and_policy_takes_away_on_the_day_farthest_from_zero(two_trades: Layout) -> None:
    found = yields(two_trades)
    assert days.when_selling_adds_most(days.added_by_selling)(found).tolist() == ADDED
    assert days.when_selling_adds_most(days.taken_away_by_policy)(found).tolist() == TAKEN
    market = days.market_when_selling_adds_most(days.added_by_selling)(found)
    assert market.tolist() == pytest.approx([0.75 * 8.0 + 0.25 * 4.0, -0.75 - 2.5])
    taken = days.market_when_selling_adds_most(days.taken_away_by_policy)(found)
    assert taken.tolist() == pytest.approx([0.75 * 3.0 + 0.25 * 1.0, 0.0])


def test_added_less_taken_away_is_the_yield_over_the_fundamental_one(two_trades: Layout) -> None:
    found = yields(two_trades)
    left = days.added_by_selling(found) - days.taken_away_by_policy(found)
    np.testing.assert_allclose(left, np.array(PLAYED) - np.array(FUNDAMENTAL))


def test_without_policy_in_the_scenario_nothing_is_taken_away(two_trades: Layout) -> None:
    found = yields(replace(two_trades, has_policy=False))
    np.testing.assert_array_equal(days.added_by_selling(found), np.array(PLAYED) - np.array(FUNDAMENTAL))
    assert not days.taken_away_by_policy(found).any()


def test_a_path_that_was_not_played_without_policy_tells_nothing(two_trades: Layout) -> None:
    alone = np.array(ALONE)
    alone[1, 2] = NAN  # it stopped there on the last day
    found = yields(two_trades, cash_yield_change_without_policy=alone)
    added = days.when_selling_adds_most(days.added_by_selling)(found)
    assert added[0].tolist() == ADDED[0]
    assert np.isnan(added[1]).all()
    arrays = {name: values for name, values in found.stored().items() if not name.endswith("policy")}
    none = Days(arrays, replace(two_trades, paths_without_policy=0))
    assert np.isnan(days.market_when_selling_adds_most(days.added_by_selling)(none)).all()


def test_what_is_forced_and_what_is_chosen_is_all_that_is_sold(layout: Layout) -> None:
    sales = np.arange(2 * 3 * len(layout.channels), dtype=float).reshape(2, 3, -1)
    found = Days({"fund_sales_by_channel": sales}, layout)
    chosen = sales[..., [layout.channels.index(name) for name in CHOSEN]].sum(axis=(1, 2))
    forced = days.forced_sales(CHOSEN)(found)
    assert forced.tolist() == (sales.sum(axis=(1, 2)) - chosen).tolist()
    assert days.all_sales(found).tolist() == (forced + chosen).tolist()


def test_costs_are_told_apart_by_how_dealers_open_the_day(two_trades: Layout) -> None:
    """Tested on days 1 and 3: dealers opened them at 84% and 85% of their limits, and are dear from 85%."""
    found = Days(
        {
            "dealer_use": np.array([[0.84, 0.99, 0.99, 0.99], [0.1, 0.1, 0.85, 0.1]]),
            "test_sale_day": np.array([1.0, 3.0]),
            "unwind_impact": np.array([[2.0, 3.0], [7.0, 8.0]]),
        },
        two_trades,
    )
    room, none = (days.impact("unwind_impact", has_room=has_room)(found) for has_room in (True, False))
    np.testing.assert_array_equal(room, [[2.0, 3.0], [NAN, NAN]])
    np.testing.assert_array_equal(none, [[NAN, NAN], [7.0, 8.0]])
    np.testing.assert_array_equal(days.impact("unwind_impact")(found), [[2.0, 3.0], [7.0, 8.0]])
    np.testing.assert_array_equal(days.impact("sale_impact")(found), np.full((2, 2), NAN))  # not stored


def test_what_was_drawn_is_read_on_the_days_of_the_told_shock(layout: Layout) -> None:
    drawn = np.arange(4.0)[None, :, None] + np.array([10.0, 20.0])
    found = Days(
        {"fundamental_yield_change": drawn, "volatility_multiple": np.array([[1, 2, 3, 4.5]])}, layout
    )
    assert (layout.told_day, layout.told_volatility_day) == (2, 3)
    assert days.on_told_day(found).tolist() == [[12.0, 22.0, 22.0, 22.0]]  # FV, and three trades on TY
    assert days.volatility_on_told_day(found).tolist() == [4.5]


def test_measures_of_one_kind_of_cost_have_one_definition() -> None:
    for kind in ("sale", "unwind"):
        keys = [key for key in MEASURES if key.startswith(f"{kind}_impact")]
        assert keys == [f"{kind}_impact{ending}" for ending in ("", "_with_room", "_without_room")]
        assert {MEASURES[key].unit for key in keys} == {"bp per $100bn"}
