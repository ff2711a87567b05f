"""Other hedgers through the day: they hold less when margins are dear, and less fixed when swap rates rise."""

from simulator.agents.other_hedger import held_bn, received_for_rates_bn, received_today_bn
from simulator.engine.loops import each_hedge
from simulator.engine.parameters import Parameters
from simulator.engine.phases.prices import cash_yield
from simulator.engine.state import State
from simulator.rule import phase

BASIS_POINT = 1e-4


@phase
def adjust_other_hedgers(p: Parameters, s: State) -> None:
    """Order what other hedgers hold from the next clearing on, at today's margins and rates."""
    for h in each_hedge(s):
        opening = p.opening.hedges.margin[h]
        ratio = s.hedges.margin[h] / opening if opening > 0.0 and s.hedges.margin[h] > 0.0 else 1.0
        steady = p.opening.hedges.steady_bn[h]
        others = p.opening.hedges.other_hedgers_bn[h] - steady
        s.orders.others_next[h] = steady + held_bn(others, ratio, p.other_hedgers.margin_response)
        receivers, payers = p.opening.hedges.receivers_bn[h], p.opening.hedges.payers_bn[h]
        if receivers + payers > 0.0:
            wanted = received_for_rates_bn(
                receivers,
                payers,
                rise_of_swap_rate_bp(p, s, h),
                p.other_hedgers.receiver_response,
                p.other_hedgers.payer_response,
            )
            received = received_today_bn(s.hedges.received[h], wanted, p.other_hedgers.rate_lag)
            s.hedges.received[h] = received
            s.orders.others_next[h] += received


@phase
def rise_of_swap_rate_bp(p: Parameters, s: State, h: int) -> float:
    """Rise of a swap's rate since the opening: of the held bond's yield, less that of the dislocation."""
    k = p.opening.buckets.held_bond[p.opening.hedges.bucket_of[h]]
    yield_rise_bp = (cash_yield(p, s, k) - p.opening.bonds.yield_[k]) / BASIS_POINT
    return yield_rise_bp - (s.hedges.dislocation_bp[h] - p.opening.hedges.dislocation_bp[h])
