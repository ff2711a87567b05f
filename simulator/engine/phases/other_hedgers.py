"""Other hedgers through the day: they hold less when margins are dear, and less fixed when swap rates rise.

A seller of protection with capital of its own holds on until its losses are beyond it.
"""

from simulator.agents.other_hedger import (
    held_bn,
    received_for_rates_bn,
    received_today_bn,
    seller_fails,
    seller_loss_bn,
    unpaid_by_seller_bn,
)
from simulator.engine.diary import SELLER_DEFAULT, note
from simulator.engine.loops import each_fund, each_hedge, each_trade, empty, pay, row_total
from simulator.engine.parameters import (
    CENTRAL_BANK,
    DEALERS,
    FUNDS,
    OTHER_HEDGERS,
    VARIATION_MARGIN,
    Parameters,
)
from simulator.engine.phases.clearing_house import margin_ratio
from simulator.engine.phases.dealers import charge
from simulator.engine.phases.prices import cash_yield
from simulator.engine.state import State
from simulator.rule import phase

BASIS_POINT = 1e-4


@phase
def adjust_other_hedgers(p: Parameters, s: State) -> None:
    """Order what other hedgers hold from the next clearing on, at today's margins and rates."""
    for h in each_hedge(s):
        steady = p.opening.hedges.steady_bn[h]
        others = p.opening.hedges.other_hedgers_bn[h] - steady - p.opening.hedges.protection_sold_bn[h]
        held = held_bn(others, margin_ratio(p, s, h), p.other_hedgers.margin_response)
        s.orders.others_next[h] = steady + s.hedges.protection[h] + held
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
def close_out_sellers(p: Parameters, s: State) -> None:
    """Close out sellers of protection whose losses are beyond their capital: their protection ends."""
    for h in each_hedge(s):
        if s.hedges.protection[h] > 0.0:
            loss = seller_loss_bn(s.hedges.protection[h], p.opening.hedges.value[h], s.hedges.value[h])
            capital = p.opening.hedges.seller_capital_bn[h]
            if seller_fails(loss, capital):
                unpaid = lose_protection(p, s, h, unpaid_by_seller_bn(loss, capital))
                s.hedges.protection[h] = 0.0
                if p.watch.diary:
                    note(s, SELLER_DEFAULT, -1, h, unpaid)


@phase
def lose_protection(p: Parameters, s: State, h: int, unpaid: float) -> float:
    """Take back what a failed seller was to pay from who bought protection, by what each bought; returns how much.

    They were credited with it when prices were settled. Funds are called for it.
    """
    bought, packages, ratio = s.scratch.first, s.funds.packages, p.opening.funds.hedge_ratio
    empty(bought)
    for j in each_trade(s):
        if p.opening.trades.hedge_of[j] == h:
            for i in each_fund(s):
                bought[i] += max(0.0, packages[j, i] * ratio[j, i])
    by_dealers = max(0.0, s.hedges.dealer_packages[h] + s.hedges.estate_hedges[h])
    by_central_bank = max(0.0, s.hedges.central_packages[h])
    by_all = row_total(bought) + by_dealers + by_central_bank
    if by_all <= 0.0:
        return 0.0
    call, rate = s.orders.call, unpaid / by_all
    for i in each_fund(s):
        bought[i] = bought[i] * rate
        call[VARIATION_MARGIN, i] += bought[i]
    pay(s, FUNDS, OTHER_HEDGERS, row_total(bought))
    pay(s, DEALERS, OTHER_HEDGERS, by_dealers * rate)
    charge(s, -(by_dealers * rate))
    pay(s, CENTRAL_BANK, OTHER_HEDGERS, by_central_bank * rate)
    s.seen.unpaid_protection[0] += unpaid
    return unpaid


@phase
def rise_of_swap_rate_bp(p: Parameters, s: State, h: int) -> float:
    """Rise of a swap's rate since the opening: of the held bond's yield, less that of the dislocation."""
    k = p.opening.buckets.held_bond[p.opening.hedges.bucket_of[h]]
    yield_rise_bp = (cash_yield(p, s, k) - p.opening.bonds.yield_[k]) / BASIS_POINT
    return yield_rise_bp - (s.hedges.dislocation_bp[h] - p.opening.hedges.dislocation_bp[h])
