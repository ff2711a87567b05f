"""Known answer 1: without a shock, nothing moves for 250 days, in every shipped market."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from simulator.engine.opening_records import opening_records
from simulator.results.variables import BY_DEALER, BY_FUND, BY_TRADE, OF_MARKET, position
from tests.economics.shipped import AT_REST, NAMES, opened, played

TOLERANCE = 1e-9
REST = (*AT_REST, "horizon=250d")
GROUPS = {"by_trade": BY_TRADE, "of_market": OF_MARKET, "by_fund": BY_FUND, "by_dealer": BY_DEALER}
#: The one variable that the opening day does not have.
ROUNDS = position(OF_MARKET, "rounds")


def largest_move(values: NDArray[np.floating], opening: NDArray[np.floating]) -> NDArray[np.floating]:
    """Largest distance from the opening by variable, over 250 days and all trades or agents."""
    distance = np.abs(values[0] - opening[0, 0])
    largest: NDArray[np.floating] = distance.max(
        axis=tuple(axis for axis in range(distance.ndim) if axis != 1)
    )
    return largest


@pytest.mark.parametrize("name", NAMES)
def test_nothing_moves_without_a_shock(name: str) -> None:
    """Prices, positions, cash, capital: every record of every day is that of the opening books."""
    records = played(name, *REST, agents=True).result.records
    opening = opening_records(opened(name, *REST), agents=True)
    assert records.status[0, 0] == 0
    assert records.by_trade.shape[1] == 250
    for group, variables in GROUPS.items():
        moved = largest_move(getattr(records, group), getattr(opening, group))
        if group == "of_market":
            assert moved[ROUNDS] == 2.0, "the first round clears, the second finds nobody forced"
            moved[ROUNDS] = 0.0
        for variable, distance in zip(variables, moved, strict=True):
            assert distance < TOLERANCE, f"{variable.name} moved by {distance:.1e}"


@pytest.mark.parametrize("name", NAMES)
def test_nobody_sells_or_is_called_without_a_shock(name: str) -> None:
    records = played(name, *REST).result.records
    assert np.abs(records.sales).max() < TOLERANCE
    assert np.abs(records.calls).max() < TOLERANCE


def test_a_hair_of_a_shock_is_seen() -> None:
    """The planted error: a hundred-thousandth of a basis point on the last day but one."""
    nudge = "events=[{type: yield-shock, day: 249d, change: {y7: 0.00001bp}}]"
    moved = largest_move(
        played("toy", *REST, nudge).result.records.by_trade, opening_records(opened("toy", *REST)).by_trade
    )
    assert moved[position(BY_TRADE, "cash_yield_change")] > TOLERANCE
    assert moved[position(BY_TRADE, "bond_price")] > TOLERANCE
