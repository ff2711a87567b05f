"""Known answer 1: without a shock, nothing moves for 250 days, in every shipped market."""

from __future__ import annotations

import numpy as np
import pytest

from simulator.engine.records import Records
from simulator.engine.simulate import opening_records
from simulator.results.variables import PLACES
from tests.economics.shipped import AT_REST, NAMES, opened, played

TOLERANCE = 1e-9
REST = (*AT_REST, "horizon=250d")


def largest_move(name: str, records: Records, opening: Records) -> float:
    """Largest distance of a variable from the opening, over 250 days and all that it runs over."""
    return float(np.abs(records.of(name)[0] - opening.of(name)[0, 0]).max())


@pytest.mark.parametrize("name", NAMES)
def test_nothing_moves_without_a_shock(name: str) -> None:
    """Prices, positions, cash, capital: every record of every day is that of the opening books."""
    records = played(name, *REST, agents=True).result.records
    opening = opening_records(opened(name, *REST), agents=True)
    assert records.status[0, 0] == 0
    assert records.of("dislocation").shape[1] == 250
    assert (records.of("rounds") == 2.0).all(), "the first round clears, the second finds nobody forced"
    named = {name for name, (group, _) in PLACES.items() if group.of_named}
    for variable in set(PLACES) - named - {"rounds"}:  # the one variable that the opening day does not have
        distance = largest_move(variable, records, opening)
        assert distance < TOLERANCE, f"{variable} moved by {distance:.1e}"


@pytest.mark.parametrize("name", NAMES)
def test_nobody_sells_or_is_called_without_a_shock(name: str) -> None:
    run = played(name, *REST)
    assert np.abs(run.of("fund_sales_by_channel")).max() < TOLERANCE
    assert np.abs(run.of("fund_calls")).max() < TOLERANCE


def test_a_hair_of_a_shock_is_seen() -> None:
    """The planted error: a hundred-thousandth of a basis point on the last day but one."""
    nudge = "events=[{type: yield-shock, day: 249d, change: {y7: 0.00001bp}}]"
    records, opening = played("toy", *REST, nudge).result.records, opening_records(opened("toy", *REST))
    assert largest_move("cash_yield_change", records, opening) > TOLERANCE
    assert largest_move("bond_price", records, opening) > TOLERANCE
