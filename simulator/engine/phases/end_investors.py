"""End investors through the day: dealers pass inventory on to them, and what they absorbed leaves a pressure."""

from simulator.engine.loops import each_bucket, pay
from simulator.engine.parameters import DEALERS, END_INVESTORS, Parameters
from simulator.engine.state import State
from simulator.market.cash_market import absorbed_bn, permanent_pressure_bp
from simulator.rule import phase


@phase
def pass_on_inventory(p: Parameters, s: State) -> None:
    """Dealers pass part of their excess inventory to end investors, at market prices; that leaves a pressure."""
    opening, passed, from_end = p.opening.buckets, s.buckets.passed, s.buckets.bought_from_end
    for b in each_bucket(s):
        passed[b] = absorbed_bn(s.buckets.inventory[b] - opening.inventory_bn[b], p.dealers.pass_through)
    fade = 1.0 / p.end_investors.recovery
    for b in each_bucket(s):
        absorbed = 0.0
        for other in each_bucket(s):
            absorbed += opening.permanent_share[b, other] * (passed[other] - from_end[other])
        depth = opening.permanent_depth_bn_per_bp[b] / s.buckets.volatility_ratio[b]
        s.buckets.permanent_bp[b] = permanent_pressure_bp(s.buckets.permanent_bp[b], absorbed, depth, fade)
    for b in each_bucket(s):
        from_end[b] = 0.0
        s.buckets.inventory[b] -= passed[b]
        s.buckets.end_bonds[b] += passed[b]
        pay(s, END_INVESTORS, DEALERS, passed[b] * s.buckets.price[b])
