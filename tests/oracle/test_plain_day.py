"""The kernel against its naive twin: every record of every day, and every book at the end, has the same bits."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from simulator.engine.opening.prepare import Prepared
from simulator.engine.records import Records, allocate_records
from simulator.engine.simulate import draw_world, play_world
from simulator.engine.state import State
from simulator.engine.status import RUNNING
from simulator.model.table import leaves
from simulator.results.variables import PLACES
from tests.economics.shipped import opened, played
from tests.oracle.plain_day import PlainMarket
from tests.oracle.plain_opening import books
from tests.oracle.variants import VARIANTS, Variant


def play_both(
    prepared: Prepared, path: int, market: PlainMarket
) -> tuple[list[dict[str, Any]], Records, State]:
    """One path by the twin, and by the kernel: the days of the one, records and books of the other."""
    days = int(prepared.scenario.horizon)
    world = draw_world(prepared, path, 1)
    records = allocate_records(1, days, prepared.sizes, "float64", agents=True)
    state = play_world(prepared, world, records)
    return market.play(*(part[0] for part in world)), records, state


def first_difference(days: list[dict[str, Any]], records: Records) -> str:
    """The first record whose bits differ, in words; nothing when all are the same."""
    for day, plain in enumerate(days):
        assert set(plain) == set(PLACES)
        for name, mine in plain.items():
            theirs = records.of(name)[0, day]
            if mine.tobytes() != theirs.tobytes():
                return f"{name} on day {day}: {mine} plainly, {theirs} compiled"
    return ""


def different_books(market: PlainMarket, state: State) -> list[str]:
    """Rows of the books at the end of the path that are not the same bits."""
    compiled = dict(leaves(state))
    return [name for name, _ in books() if not np.array_equal(market.row(name), compiled[name])]


@pytest.mark.parametrize("variant", VARIANTS, ids=lambda variant: variant.name)
def test_the_kernel_equals_the_plain_day_bit_for_bit(variant: Variant) -> None:
    prepared = opened(variant.scenario, *variant.settings)
    market = PlainMarket(prepared)
    days, records, state = play_both(prepared, variant.path, market)
    status, stopped_on = records.status[0]
    assert first_difference(days, records) == ""
    assert market.status == status
    assert len(days) == (int(prepared.scenario.horizon) if status == RUNNING else stopped_on)
    if status == RUNNING:
        assert different_books(market, state) == []


def test_the_variants_reach_what_is_rare() -> None:
    """Funds and dealers fail, the waterfall pays, the facility fills, the public rescues a dealer, a bond switches."""
    reached: dict[str, float] = dict.fromkeys((*RARE, "cheapest_to_deliver"), 0.0)
    sold = dict.fromkeys(("outright_purchases", "hedged_purchases"), 0.0)
    for variant in VARIANTS:
        run = played(variant.scenario, *variant.settings, first=variant.path, agents=True)
        for name in RARE:
            reached[name] = max(reached[name], float(np.nanmax(run.of(name))))
        switches = np.nanmax(np.abs(np.diff(run.of("cheapest_to_deliver"), axis=1)))
        reached["cheapest_to_deliver"] = max(reached["cheapest_to_deliver"], float(switches))
        for flow in ("outright_purchases", "hedged_purchases"):
            sold[flow] = min(sold[flow], float(np.nanmin(run.of(flow))))
    assert [name for name, value in reached.items() if not value > 0.0] == []
    assert max(sold.values()) < 0.0


RARE = (
    "funds_failed",
    "dealers_failed",
    "waterfall_losses",
    "public_capital",
    "unpaid_protection",
    "dealer_client_losses",
    "facility_use",
    "repo_taken_back",
    "fund_credit_drawn",
    "fund_redemptions",
    "outright_purchases",
    "hedged_purchases",
)


def nudge(number: float) -> float:
    """The number next to it."""
    return float(np.nextafter(number, np.inf))


@pytest.mark.parametrize("field", ["capital", "packages", "fund_repo"])
def test_a_difference_in_the_last_bit_is_seen(field: str) -> None:
    """The planted error: the twin with one number of the opening books moved to its neighbour."""
    prepared = opened("toy")
    market = PlainMarket(prepared)
    if field == "capital":
        market.dealers[0].capital = nudge(market.dealers[0].capital)
    elif field == "packages":
        market.funds[0].packages[0] = nudge(market.funds[0].packages[0])
    else:
        market.dealers.fund_repo = nudge(market.dealers.fund_repo)
    days, records, _ = play_both(prepared, 0, market)
    assert first_difference(days, records) != ""


def test_the_twin_keeps_every_row_of_the_opening_books() -> None:
    """Put together again, what was handed out is what the opening holds."""
    prepared = opened("tariff-shock-2025")
    market = PlainMarket(prepared)
    state, memory = prepared.new_state()
    memory[:] = prepared.opening
    for name, values in leaves(state):
        if name in dict(books()) and name != "hedges.cheapest":
            np.testing.assert_array_equal(market.row(name), values, err_msg=name)
