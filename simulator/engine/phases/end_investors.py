"""End investors through the day: dealers pass inventory on to them; what they hold too much of leaves a pressure."""

from simulator.engine.loops import each_bucket, pay
from simulator.engine.parameters import DEALERS, END_INVESTORS, Parameters, Schedule
from simulator.engine.state import State
from simulator.market.cash_market import absorbed_bn, excess_stock_bn, inventory_wanted_bn, stock_pressure_bp
from simulator.rule import phase


@phase
def pass_on_inventory(p: Parameters, s: State, sched: Schedule, day: int) -> None:
    """Dealers pass part of their excess inventory to end investors, at market prices; that leaves a pressure."""
    opening, passed, from_end = p.opening.buckets, s.buckets.passed, s.buckets.bought_from_end
    excess, wanted = s.buckets.end_excess, s.buckets.inventory_wanted
    fade = 1.0 / p.end_investors.recovery
    for b in each_bucket(s):
        ratio = s.buckets.priced_volatility_bp[b] / opening.volatility_bp[b]
        wanted[b] = inventory_wanted_bn(opening.inventory_bn[b], ratio, p.dealers.inventory_response)
        passed[b] = absorbed_bn(s.buckets.inventory[b] - wanted[b], p.dealers.pass_through)
        excess[b] = excess_stock_bn(
            excess[b], passed[b] - from_end[b] - sched.investor_demand_bn[day, b], fade
        )
    for b in each_bucket(s):
        counted = 0.0
        for other in each_bucket(s):
            counted += opening.permanent_share[b, other] * excess[other]
        ratio = s.buckets.priced_volatility_bp[b] / opening.volatility_bp[b]
        s.buckets.permanent_bp[b] = stock_pressure_bp(counted, opening.permanent_depth_bn_per_bp[b], ratio)
    for b in each_bucket(s):
        from_end[b] = 0.0
        s.buckets.inventory[b] -= passed[b]
        s.buckets.end_bonds[b] += passed[b]
        pay(s, END_INVESTORS, DEALERS, passed[b] * s.buckets.price[b])
