"""What the day does to funds and dealers of which records are kept one by one: observed, never acted on.

Every loop runs over the named ones alone, so that a run without them does none of this.
"""

from simulator.agents.hedge_fund import (
    cash_scale,
    cash_shortfall_bn,
    drawdown,
    drawdown_scale,
    leverage_scale,
    value_at_risk_scale,
)
from simulator.engine.loops import each_named_dealer, each_named_fund, each_trade, empty
from simulator.engine.parameters import CALL_COUNT, OWN_LIMITS, Parameters
from simulator.engine.state import State
from simulator.model.table import Floats
from simulator.rule import phase

LEVERAGE, VALUE_AT_RISK, DRAWDOWN, CASH = range(len(OWN_LIMITS))


@phase
def forget_named(s: State) -> None:
    """Empty the tallies of the day."""
    named = s.named_funds
    if named.cash.shape[0] == 0:
        return
    named.settled[:, :] = 0.0
    named.sold[:, :] = 0.0
    empty(named.short)
    empty(named.sale_cost)


@phase
def note_calls(p: Parameters, s: State, before: Floats) -> None:
    """Note what calls took, gains netted, and what cash did not cover beyond what was missing before the round."""
    for k in each_named_fund(s):
        i = p.opening.named.fund[k]
        for c in range(CALL_COUNT):
            s.named_funds.settled[c, k] += s.orders.call[c, i]
        missing = cash_shortfall_bn(s.funds.cash[i]) - cash_shortfall_bn(before[i])
        s.named_funds.short[k] += max(0.0, missing)


@phase
def note_sale(p: Parameters, s: State, i: int, channel: int, face: float) -> None:
    """Note a sale of fund i, if it is one of the named."""
    for k in each_named_fund(s):
        if p.opening.named.fund[k] == i:
            s.named_funds.sold[channel, k] += face


@phase
def note_limits(p: Parameters, s: State, book: Floats, risk: Floats) -> None:
    """Note the share of its book that each limit of a named fund allows."""
    opening, allowed = p.opening.funds, s.named_funds.allowed
    for k in each_named_fund(s):
        i = p.opening.named.fund[k]
        equity, line, cash = s.funds.equity[i], opening.line_bn[i], opening.cash_bn[i]
        loss = drawdown(equity, s.funds.peak_equity[i])
        free = s.funds.cash[i] + line - s.funds.drawn[i]
        allowed[LEVERAGE, k] = leverage_scale(
            book[i], equity, opening.leverage[i], opening.leverage_headroom[i]
        )
        allowed[VALUE_AT_RISK, k] = value_at_risk_scale(
            risk[i], equity, opening.risk_of_equity[i], opening.risk_headroom[i]
        )
        allowed[DRAWDOWN, k] = drawdown_scale(loss, p.funds.drawdown_tolerance, p.funds.drawdown_response)
        allowed[CASH, k] = cash_scale(free, p.funds.cash_minimum * (cash + line))


@phase
def note_costs(p: Parameters, s: State) -> None:
    """Note what this round's forced sales cost the named funds: the half spread, and value lost since the opening.

    A package sold cannot come back; one that is kept earns the loss back as the dislocation closes.
    """
    for k in each_named_fund(s):
        i = p.opening.named.fund[k]
        allowed = 1.0
        for limit in range(s.named_funds.allowed.shape[0]):
            allowed = min(allowed, s.named_funds.allowed[limit, k])
        if s.orders.is_selling[i] == 0.0 and allowed >= 1.0:
            continue
        for j in each_trade(s):
            held, order = s.funds.packages[j, i], s.orders.packages[j, i]
            if s.orders.exist[j] == 0.0 or order * held >= 0.0:
                continue
            price = s.buckets.price[p.opening.trades.bucket_of[j]]
            face = min(abs(order), abs(held))
            lost = p.opening.named.package_value[j, k] - package_value(p, s, j, i)
            side = 1.0 if held > 0.0 else -1.0
            s.named_funds.sale_cost[k] += face * (side * lost + p.opening.trades.transaction_cost[j] * price)


@phase
def package_value(p: Parameters, s: State, j: int, i: int) -> float:
    """Value of a package of fund i in trade j, per face: its bond less the hedge sold against it."""
    price = s.buckets.price[p.opening.trades.bucket_of[j]]
    return price - p.opening.funds.hedge_ratio[j, i] * s.hedges.value[p.opening.trades.hedge_of[j]]


@phase
def observe_named(p: Parameters, s: State) -> None:
    """Take what the records keep of the named at the close."""
    for k in each_named_fund(s):
        i = p.opening.named.fund[k]
        s.named_funds.equity[k] = s.funds.equity[i]
        s.named_funds.cash[k] = s.funds.cash[i]
        s.named_funds.line_left[k] = s.funds.alive[i] * (p.opening.funds.line_bn[i] - s.funds.drawn[i])
        s.named_funds.margin[k] = s.funds.posted[i]
        s.named_funds.alive[k] = s.funds.alive[i]
        s.named_funds.repo[k] = 0.0
        for j in each_trade(s):
            s.named_funds.packages[j, k] = s.funds.packages[j, i]
            s.named_funds.repo[k] += s.funds.loan[j, i]
    for k in each_named_dealer(s):
        d = p.opening.named.dealer[k]
        s.named_dealers.capital[k] = s.dealers.capital[d]
        s.named_dealers.use[k] = s.dealers.use[d]
        s.named_dealers.lent[k] = s.dealers.lent_to_funds[d]
        s.named_dealers.taken[k] = s.dealers.taken[d]
        s.named_dealers.gap[k] = s.dealers.gap[d]
        s.named_dealers.repo_bp[k] = s.dealers.repo_bp[d]
        s.named_dealers.alive[k] = s.dealers.alive[d]
