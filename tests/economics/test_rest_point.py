"""Known answer 1: without a shock, nothing moves for 250 days, in every shipped market."""

from __future__ import annotations

import numpy as np
import pytest

from simulator.engine.parameters import Floats
from simulator.engine.state import State
from tests.economics.shipped import AT_REST, NAMES, Played, opened, played

TOLERANCE = 1e-9
REST = (*AT_REST, "horizon=250d")


def opening_books(name: str) -> State:
    prepared = opened(name, *REST)
    state, buffer = prepared.new_scratch()
    buffer[:] = prepared.opening
    return state


def largest_move(values: Floats, opening: Floats | float) -> float:
    return float(np.abs(values - opening).max())


def moves_from_opening(rest: Played, s: State) -> dict[str, float]:
    """Largest distance of each variable from the opening books, over 250 days."""
    by_trade = {
        "fundamental_yield_change": 0.0,
        "cash_yield_change": 0.0,
        "outright_pressure": 0.0,
        "permanent_pressure": 0.0,
        "dislocation": s.dislocation_bp,
        "bond_price": s.price,
        "hedge_price": s.hedge,
        "volatility": s.volatility_bp * np.sqrt(252.0),
        "initial_margin": s.margin,
        "fund_packages": s.packages.sum(axis=1),
        "dealer_packages": s.dealer_package,
        "estate_packages": 0.0,
        "central_bank_packages": 0.0,
        "asset_manager_futures": s.manager_futures,
        "dealer_inventory": s.inventory,
        "asset_manager_bonds": s.manager_bonds.sum(axis=1),
        "foreign_bonds": s.foreign_bonds,
        "central_bank_bonds": s.central_bonds,
        "end_investor_bonds": s.end_bonds,
        "fund_sales": 0.0,
        "fund_purchases": 0.0,
        "auction_tail": 0.0,
    }
    of_market = {
        "volatility_multiple": 1.0,
        "repo_spread": s.wholesale_bp[0],
        "client_repo_spread": s.client_bp[0],
        "balance_sheet_cost": s.cost_bp[0],
        "dealer_capital": s.capital.sum(),
        "dealer_borrowing": s.borrowed[0],
        "fund_repo": s.fund_repo[0],
        "fund_equity": s.equity.sum(),
        "fund_cash": s.cash.sum(),
        "repo_taken_back": 0.0,
        "facility_use": 0.0,
        "fund_credit_drawn": 0.0,
        "fund_redemptions": 0.0,
        "funds_failed": 0.0,
        "dealers_failed": 0.0,
        "asset_manager_redemptions": 0.0,
        "foreign_sales": 0.0,
        "outright_purchases": 0.0,
        "hedged_purchases": 0.0,
        "shortfall_left": 0.0,
    }
    moves = {name: largest_move(rest.by_trade(name), opening) for name, opening in by_trade.items()}
    return moves | {name: largest_move(rest.of_market(name), opening) for name, opening in of_market.items()}


@pytest.mark.parametrize("name", NAMES)
def test_nothing_moves_without_a_shock(name: str) -> None:
    rest = played(name, *REST, agents=True)
    assert rest.result.records.status[0, 0] == 0
    for moved, distance in moves_from_opening(rest, opening_books(name)).items():
        assert distance < TOLERANCE, f"{moved} moved by {distance:.1e}"


@pytest.mark.parametrize("name", NAMES)
def test_every_record_stays_as_on_the_first_day(name: str) -> None:
    records = played(name, *REST, agents=True).result.records
    for group in ("by_trade", "of_market", "by_fund", "by_dealer"):
        values = getattr(records, group)
        assert values.shape[1] == 250
        assert largest_move(values, values[:, :1]) < TOLERANCE, group


@pytest.mark.parametrize("name", NAMES)
def test_nobody_sells_or_is_called_without_a_shock(name: str) -> None:
    records = played(name, *REST).result.records
    assert np.abs(records.sales).max() < TOLERANCE
    assert np.abs(records.calls).max() < TOLERANCE


def test_a_hair_of_a_shock_is_seen() -> None:
    """The planted error: a hundred-thousandth of a basis point on the last day but one."""
    nudge = "events=[{type: yield-shock, day: 249d, change: {y7: 0.00001bp}}]"
    rest = played("toy", *REST, nudge)
    assert largest_move(rest.by_trade("cash_yield_change"), 0.0) > TOLERANCE
    assert largest_move(rest.by_trade("bond_price"), rest.by_trade("bond_price")[:, :1]) > TOLERANCE
