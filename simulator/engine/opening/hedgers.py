"""Opening of the hedge market and of the asset managers, who are its longs."""

from __future__ import annotations

import numpy as np

from simulator.engine.hedges.kinds import (
    hedgers_of_rates,
    seller_of_protection,
    speculators_of,
    steady_holders_of,
)
from simulator.engine.opening.population import pareto_shares
from simulator.engine.parameters import Parameters
from simulator.engine.state import State
from simulator.model.table import Floats
from simulator.scenario.schema import Scenario

#: A market smaller than this has the slopes of this size.
SMALLEST_MARKET_BN = 1.0


def open_hedge_market(scenario: Scenario, p: Parameters, s: State) -> None:
    """Longs and shorts of every hedge; what funds, dealers and asset managers leave is other hedgers'."""
    market, hedges = scenario.market, p.opening.hedges
    hedges.demand_bn[:] = [hedge.hedge_demand for hedge in market.hedges.values()]
    hedges.dealer_packages_bn[:] = [hedge.dealer_packages for hedge in market.hedges.values()]
    shorts = np.zeros(len(market.hedges))
    np.add.at(shorts, p.opening.trades.hedge_of, s.trades.fund_hedges)
    hedges.other_hedgers_bn[:] = shorts + hedges.dealer_packages_bn - hedges.demand_bn
    hedges.receivers_bn[:], hedges.payers_bn[:] = np.transpose(
        [hedgers_of_rates(hedge) for hedge in market.hedges.values()]
    )
    hedges.protection_sold_bn[:], hedges.seller_capital_bn[:] = np.transpose(
        [seller_of_protection(hedge) for hedge in market.hedges.values()]
    )
    hedges.steady_bn[:] = [steady_holders_of(hedge) for hedge in market.hedges.values()]
    hedges.speculators_bn[:] = [speculators_of(hedge) for hedge in market.hedges.values()]
    positions = (hedges.demand_bn, shorts, hedges.dealer_packages_bn)
    hedges.size_bn[:] = np.maximum(np.max(np.abs(positions), axis=0), SMALLEST_MARKET_BN)
    by_bucket = np.zeros(len(market.buckets))
    np.add.at(by_bucket, hedges.bucket_of, hedges.size_bn)
    hedges.share_of_bucket[:] = hedges.size_bn / by_bucket[hedges.bucket_of]
    tenth = 0.1 * hedges.size_bn
    hedges.demand_slope_bp_per_bn[:] = scenario.asset_managers.demand_slope / tenth
    hedges.package_slope_bp_per_bn[:] = scenario.dealers.package_cost / tenth
    packages = np.zeros(len(market.hedges))
    np.add.at(packages, p.opening.trades.hedge_of, np.abs(p.opening.funds.packages_bn).sum(axis=1))
    chosen = scenario.central_bank.hedged.hedges
    of_treasuries = [market.bucket_of(name) in market.treasuries for name in market.hedges]
    hedges.hedged_split[:] = split(chosen, list(market.hedges), packages * of_treasuries)
    s.hedges.managers[:] = hedges.demand_bn
    s.hedges.wanted[:] = hedges.demand_bn
    s.hedges.others[:] = hedges.other_hedgers_bn
    s.orders.others_next[:] = hedges.other_hedgers_bn
    s.hedges.protection[:] = hedges.protection_sold_bn
    s.hedges.dealer_packages[:] = hedges.dealer_packages_bn


def split(chosen: dict[str, float], names: list[str], weights: Floats) -> Floats:
    """Shares that add up to one: those chosen by name, or in proportion to the weights."""
    shares = np.array([chosen.get(name, 0.0) for name in names]) if chosen else weights
    return shares / shares.sum() if shares.sum() > 0.0 else np.full(len(names), 1.0 / len(names))


def open_managers(scenario: Scenario, p: Parameters, s: State) -> None:
    """Asset managers' Treasuries, other assets and cash, net of the margin that they posted."""
    m, o, price = scenario.asset_managers, p.opening.managers, p.opening.buckets.price
    o.share[:] = pareto_shares(m.count, m.size_tail)
    bonds = np.array([bucket.asset_manager_bonds for bucket in scenario.market.buckets.values()])
    s.managers.bonds[:] = bonds[:, None] * o.share[None, :]
    value = float(bonds @ price)
    other = m.other_assets * value
    cash = (value + other) * m.cash / (1.0 - m.cash) if m.cash < 1.0 else value + other
    posted = float(p.opening.hedges.margin @ np.abs(p.opening.hedges.demand_bn))
    s.managers.posted[0] = posted
    s.managers.cash[:] = cash * o.share
    s.managers.other[:] = (other - posted) * o.share
    o.cash_bn[:] = s.managers.cash
    s.managers.price_response[0] = 1.0
    s.managers.value[:] = (value + other + cash) * o.share
    o.value_bn[:] = np.where(s.managers.value > 0.0, s.managers.value, 1.0)
    spread = np.linspace(0.5, 1.5, m.count) if m.count > 1 else np.ones(1)
    o.sensitivity[:] = spread / float(spread @ o.share)
