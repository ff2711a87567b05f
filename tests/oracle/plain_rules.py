"""The rules as plain Python, sums in the order of the kernel, and what a state is made of."""

from __future__ import annotations

from collections.abc import Sequence
from types import ModuleType, SimpleNamespace
from typing import Any

from simulator.agents import (
    asset_manager,
    cash_lender,
    central_bank,
    clearing_house,
    dealer,
    foreign_holder,
    hedge_fund,
)
from simulator.engine.parameters import CHANNELS
from simulator.market import cash_market, futures, hedge_market, impact, treasuries

DAYS_A_YEAR, DAYS_A_MONTH = 252.0, 21.0
BASIS_POINT = 1e-4
PERIODS = 2.0
MONEY_YEAR = 365.0 / 360.0
VM, IM, HC, RO, RD, RISK, DEFAULT, CHOICE = range(len(CHANNELS))
CALLS = range(5)
RECOVERY_OF_OTHER = 0.5
CLOSED_BELOW = 1e-13
PRICE_MAX = 1e3
SECTORS = (
    "dealers",
    "lenders",
    "foreign",
    "end",
    "central",
    "treasury",
    "house",
    "hedgers",
    "outside",
)


class Plain:
    """A module of rules, each of which runs as plain Python."""

    def __init__(self, module: ModuleType) -> None:
        self.module = module

    def __getattr__(self, name: str) -> Any:
        rule = getattr(self.module, name)
        return getattr(rule, "py_func", rule)


funds_rules, dealer_rules, manager_rules = Plain(hedge_fund), Plain(dealer), Plain(asset_manager)
lender_rules, bank_rules, foreign_rules = Plain(cash_lender), Plain(central_bank), Plain(foreign_holder)
house_rules, cash_rules, hedge_rules = Plain(clearing_house), Plain(cash_market), Plain(hedge_market)
impact_rules, bond_rules, futures_rules = Plain(impact), Plain(treasuries), Plain(futures)


def total(values: Sequence[float]) -> float:
    """Sum over funds: every fourth one together, and what is left over with the first."""
    whole = len(values) // 4 * 4
    parts = [0.0, 0.0, 0.0, 0.0]
    for i in range(whole):
        parts[i % 4] += values[i]
    for value in values[whole:]:
        parts[0] += value
    return (parts[0] + parts[1]) + (parts[2] + parts[3])


def flat(table: Any) -> SimpleNamespace:
    """The fields of a named tuple as numbers and nested lists."""
    return SimpleNamespace(
        **{
            name: value.tolist() if hasattr(value, "tolist") else value
            for name, value in table._asdict().items()
        }
    )


def in_order(values: Any) -> float:
    """Sum from first to last."""
    result = 0.0
    for value in values:
        result += value
    return result


TALLIES = (
    "redeemed",
    "manager_redeemed",
    "foreign_sold",
    "outright",
    "hedged",
    "taken",
    "dealer_loss",
    "waterfall",
    "rounds",
    "left_over",
)
TRADE_FIELDS = frozenset(
    [
        "price",
        "hedge",
        "pressure_bp",
        "permanent_bp",
        "dislocation_bp",
        "variance",
        "volatility_bp",
        "volatility_ratio",
        "margin",
        "model_margin",
        "hedge_at_open",
        "fund_hedge",
        "fund_bonds",
        "dealer_package",
        "inventory",
        "estate",
        "estate_hedge",
        "estate_pace",
        "manager_futures",
        "wanted_futures",
        "foreign_bonds",
        "end_bonds",
        "central_bonds",
        "central_package",
        "issued",
        "given_up",
        "bought_from_end",
    ]
)
FUND_FIELDS = [
    "cash",
    "posted",
    "other",
    "drawn",
    "bridge",
    "alive",
    "equity",
    "peak_equity",
    "pending_redemption",
    "other_left",
    "cut",
]
DEALER_FIELDS = ["capital", "dealer_alive", "share", "use", "taken", "lent_to_funds", "offer"]
MARKET_FIELDS = [
    "cost_bp",
    "inventory_cost_bp",
    "wholesale_bp",
    "client_bp",
    "borrowed",
    "fund_repo",
    "other_repo",
    "facility",
    "buffer_used",
    "dealer_posted",
    "manager_posted",
    "limit_bn",
    "bought_outright",
    "bought_hedged",
    "waterfall_left",
]
