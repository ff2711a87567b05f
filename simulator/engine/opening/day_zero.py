"""The phases of the day that the opening books run too, so that no rule is written twice."""

import numpy as np

from simulator.engine.loops import each_bucket
from simulator.engine.parameters import Parameters
from simulator.engine.phases.clearing import choose_sides
from simulator.engine.phases.clearing_house import model_margins
from simulator.engine.phases.dealers import lend_to_funds, measure_use, sector_use
from simulator.engine.phases.funds import price_margins
from simulator.engine.phases.prices import find_cheapest, mark_hedges
from simulator.engine.phases.roll import open_roll_sides, price_next_bonds
from simulator.engine.state import State
from simulator.market.cash_market import balance_sheet_cost_bp
from simulator.model.compiled import refer
from simulator.rule import kernel, phase
from simulator.scenario.schema import Market

PRICES, MARGINS, COSTS, ROLLS = range(4)


def open_prices(p: Parameters, s: State) -> None:
    """Find each hedge's cheapest bond and its value."""
    day_zero(refer(p), refer(s), PRICES)


def open_margins(p: Parameters, s: State) -> None:
    """Set initial margins by the clearing house's model; nothing limits their rise to the opening level."""
    s.hedges.model_margin[:] = np.inf
    day_zero(refer(p), refer(s), MARGINS)
    s.hedges.margin[:] = s.hedges.model_margin
    p.opening.hedges.margin[:] = s.hedges.model_margin


def open_costs(p: Parameters, s: State) -> None:
    """Measure the use of dealers' balance sheets and what it costs."""
    day_zero(refer(p), refer(s), COSTS)
    p.opening.hedges.side[:] = s.hedges.side
    p.opening.hedges.margin_cost_bp[:] = s.hedges.margin_cost_bp
    p.opening.dealers.side[:] = s.dealers.side
    p.opening.dealers.cost_bp[:] = s.dealers.cost_bp
    p.opening.dealers.inventory_cost_bp[:] = s.dealers.inventory_cost_bp


def open_rolls(market: Market, p: Parameters, s: State) -> None:
    """Find which side of each future is in the greater hurry to roll, and what each trade's bonds lose in delivery.

    Without a calendar of months nothing is rolled or delivered, and neither is asked for.
    """
    p.opening.hedges.roll_side[:] = 0.0
    p.opening.trades.net_basis[:] = 0.0
    if market.roll == "continuous":
        return
    day_zero(refer(p), refer(s), ROLLS)
    p.opening.hedges.roll_side[:] = s.hedges.roll_side
    is_next = np.array([trade.bond == "deliverable" for trade in market.trades.values()])
    p.opening.trades.net_basis[:] = np.where(is_next, s.scratch.by_trade, 0.0)


@kernel
def day_zero(p: Parameters, s: State, step: int) -> None:
    """Run the phases of one step of the opening, on tables that are referred to."""
    if step == PRICES:
        find_cheapest(p, s)
        mark_hedges(p, s)
    elif step == MARGINS:
        model_margins(p, s)
    elif step == ROLLS:
        open_roll_sides(p, s)
        price_next_bonds(p, s, s.scratch.by_trade)
    else:
        lend_to_funds(p, s)
        measure_use(p, s)
        price_use(p, s)
        choose_sides(p, s)
        price_margins(p, s)


@phase
def price_use(p: Parameters, s: State) -> None:
    """Set the opening cost of balance sheet, and that of inventory: of balance sheet or value-at-risk."""
    d = p.dealers
    risk = 0.0
    for b in each_bucket(s):
        risk += abs(s.buckets.inventory[b]) * (
            p.opening.buckets.price_per_bp[b] * p.opening.buckets.volatility_bp[b]
        )
    p.opening.dealers.risk_bn[0] = risk
    s.dealers.cost_bp[0] = 0.0
    if s.dealers.limit_bn[0] > 0.0:
        use = sector_use(p, s)
        s.dealers.cost_bp[0] = balance_sheet_cost_bp(
            use, d.cost_threshold, d.cost_below, d.cost_above, d.cost_ceiling
        )
    risk_use = d.value_at_risk_use if risk > 0.0 else 0.0
    cost_bp = balance_sheet_cost_bp(risk_use, d.cost_threshold, d.cost_below, d.cost_above, d.cost_ceiling)
    s.dealers.inventory_cost_bp[0] = max(s.dealers.cost_bp[0], cost_bp)
