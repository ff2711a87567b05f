"""The kernel against its naive twin: every record of every day has the same bits."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from simulator.drivers.block import draw_block
from simulator.engine.opening import Prepared
from simulator.engine.records import Records
from simulator.engine.status import NO_DEALER_LEFT, RUNNING
from simulator.results.variables import BY_DEALER, BY_FUND, BY_TRADE, OF_MARKET
from tests.economics.shipped import played
from tests.oracle.plain_day import PlainMarket
from tests.oracle.variants import VARIANTS, Variant

GROUPS = {"by_trade": BY_TRADE, "of_market": OF_MARKET, "by_fund": BY_FUND, "by_dealer": BY_DEALER}


def play_plainly(prepared: Prepared, path: int) -> tuple[PlainMarket, list[dict[str, Any]]]:
    scenario = prepared.scenario
    drivers = draw_block(
        prepared.driver_spec, scenario.seed, path, 1, int(scenario.horizon), scenario.drivers.sampling
    )
    market = PlainMarket(prepared)
    days = market.play(drivers.curve_change_bp[0], drivers.volatility_multiplier[0], drivers.flow_noise[0])
    return market, days


def first_difference(days: list[dict[str, Any]], records: Records) -> str:
    """The first record whose bits differ, in words; nothing when all are the same."""
    for day, plain in enumerate(days):
        for group, variables in GROUPS.items():
            assert set(plain[group]) == {variable.name for variable in variables}
            for place, variable in enumerate(variables):
                mine = np.asarray(plain[group][variable.name], np.float64)
                theirs = np.ascontiguousarray(getattr(records, group)[0, day, place])
                if mine.tobytes() != theirs.tobytes():
                    return f"{variable.name} on day {day}: {mine} plainly, {theirs} compiled"
        for group in ("sales", "calls"):
            if np.asarray(plain[group]).tobytes() != getattr(records, group)[0, day].tobytes():
                return f"{group} on day {day}: {plain[group]} plainly, {getattr(records, group)[0, day]} compiled"
    return ""


@pytest.mark.parametrize("variant", VARIANTS, ids=lambda variant: variant.name)
def test_the_kernel_equals_the_plain_day_bit_for_bit(variant: Variant) -> None:
    run = played(variant.scenario, *variant.settings, first=variant.path, agents=True)
    records = run.result.records
    market, days = play_plainly(run.prepared, variant.path)
    status, stopped_on = records.status[0]
    assert market.status == status
    assert len(days) == (int(run.prepared.scenario.horizon) if status == RUNNING else stopped_on)
    assert first_difference(days, records) == ""


def test_the_variants_reach_what_is_rare() -> None:
    """Funds and dealers fail, the waterfall pays, the facility fills, a bond switches, a path stops."""
    reached: dict[str, float] = dict.fromkeys((*RARE, "cheapest_to_deliver", "stopped"), 0.0)
    for variant in VARIANTS:
        run = played(variant.scenario, *variant.settings, first=variant.path, agents=True)
        for name in RARE:
            reached[name] = max(reached[name], float(np.nanmax(run.of_market(name))))
        switches = np.nanmax(np.abs(np.diff(run.by_trade("cheapest_to_deliver"), axis=1)))
        reached["cheapest_to_deliver"] = max(reached["cheapest_to_deliver"], float(switches))
        reached["stopped"] += float(run.result.records.status[0, 0] == NO_DEALER_LEFT)
    assert [name for name, value in reached.items() if not value > 0.0] == []


RARE = (
    "funds_failed",
    "dealers_failed",
    "waterfall_losses",
    "dealer_client_losses",
    "facility_use",
    "repo_taken_back",
    "fund_credit_drawn",
    "fund_redemptions",
    "outright_purchases",
    "hedged_purchases",
)


@pytest.mark.parametrize("field", ["capital", "packages", "fund_repo"])
def test_a_difference_in_the_last_bit_is_seen(field: str) -> None:
    """The planted error: the twin with one number of the opening books moved to its neighbour."""
    run = played("toy", agents=True)
    market = PlainMarket(run.prepared)
    if field == "capital":
        market.dealers[0].capital = np.nextafter(market.dealers[0].capital, np.inf)
    elif field == "packages":
        market.funds[0].packages[0] = np.nextafter(market.funds[0].packages[0], np.inf)
    else:
        market.fund_repo = np.nextafter(market.fund_repo, np.inf)
    scenario = run.prepared.scenario
    drivers = draw_block(run.prepared.driver_spec, scenario.seed, 0, 1, int(scenario.horizon), "pseudo")
    days = market.play(drivers.curve_change_bp[0], drivers.volatility_multiplier[0], drivers.flow_noise[0])
    assert first_difference(days, run.result.records) != ""
