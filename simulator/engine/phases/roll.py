"""Contract months through the day: positions are rolled from one to the next, and some are held until delivery.

Without a calendar of months (``market.roll: continuous``) nothing here happens: futures are held at a constant horizon.
"""

from simulator.agents.hedge_fund import (
    deliverable_bn,
    delivery_gain,
    kept_for_delivery_bn,
    loan_repaid_bn,
    may_add,
)
from simulator.engine.hedges.futures import futures_price, futures_value
from simulator.engine.loops import each_fund, each_hedge, each_named_fund, each_trade, pay, row_total
from simulator.engine.parameters import CHOICE, DEALERS, FUNDS, Parameters, Schedule
from simulator.engine.phases.dealers import charge
from simulator.engine.state import State
from simulator.market.hedge_market import paid_in_roll, roll_side
from simulator.model.table import Floats
from simulator.rule import phase


@phase
def turn_calendar(p: Parameters, s: State, sched: Schedule, day: int) -> None:
    """Bring the day of the contract months; a month held for another time is entered at its price.

    What time takes from a contract is earned as convergence, and a new month costs what it is worth: neither is a gain.
    """
    for h in each_hedge(s):
        s.hedges.rolled[h] = sched.rolled[day, h]
        s.hedges.years_to_delivery[h] = sched.years_to_delivery[day, h]
        if sched.time_left[day, h] != s.hedges.time_left[h]:
            s.hedges.time_left[h] = sched.time_left[day, h]
            s.hedges.value[h] = futures_value(p, s, h, s.hedges.cheapest[h]) - s.hedges.beyond_limit[h]
            s.hedges.value_at_open[h] = s.hedges.value[h]


@phase
def open_roll_sides(p: Parameters, s: State) -> None:
    """Find the sides of the opening: what is paid in a roll is measured against them."""
    for h in each_hedge(s):
        s.hedges.roll_side[h] = side_of_roll(p, s, h)


@phase
def price_next_bonds(p: Parameters, s: State, net_basis: Floats) -> None:
    """Find what the bond next to the cheapest loses when it is delivered, per face; fills the row ``net_basis``."""
    hedges, basket = p.opening.hedges, p.opening.deliverables
    for j in each_trade(s):
        h = p.opening.trades.hedge_of[j]
        best = s.hedges.cheapest[h]
        lowest = futures_price(p, s, h, best, s.bonds.price[basket.bond[best]])
        net_basis[j] = 0.0
        smallest = 0.0
        for e in range(hedges.basket_start[h], hedges.basket_start[h + 1]):
            dearer = futures_price(p, s, h, e, s.bonds.price[basket.bond[e]]) - lowest
            if e != best and (net_basis[j] == 0.0 or dearer < smallest):
                smallest = dearer
                net_basis[j] = basket.factor[e] * dearer


@phase
def pay_to_roll(p: Parameters, s: State) -> None:
    """Find what longs pay shorts to roll today: the calendar spread beyond that of the opening."""
    for h in each_hedge(s):
        s.hedges.paid_in_roll[h] = 0.0
        if s.hedges.rolled[h] > 0.0:
            s.hedges.roll_side[h] = side_of_roll(p, s, h)
            s.hedges.paid_in_roll[h] = paid_in_roll(
                s.hedges.value[h],
                s.hedges.rolled[h],
                s.hedges.roll_side[h],
                p.opening.hedges.roll_side[h],
                p.dealers.roll_cost,
            )


@phase
def side_of_roll(p: Parameters, s: State, h: int) -> float:
    """Side of hedge h that is in the greater hurry to roll."""
    hedges = s.hedges
    with_bonds = max(0.0, hedges.dealer_packages[h]) + max(0.0, hedges.estate_hedges[h])
    with_bonds += max(0.0, hedges.central_packages[h])
    shorts = with_bonds + max(0.0, -hedges.managers[h]) + max(0.0, -hedges.others[h])
    waiting = with_bonds
    for j in each_trade(s):
        if p.opening.trades.hedge_of[j] == h:
            shorts += max(0.0, s.trades.fund_hedges[j])
            if p.opening.trades.delivers[j] == 1.0:
                waiting += hedges_that_wait(p, s, j)
    would_take = p.asset_managers.takes_delivery * s.managers.price_response[0] * max(0.0, hedges.managers[h])
    return roll_side(waiting, would_take, shorts) if shorts > 0.0 else 0.0


@phase
def hedges_that_wait(p: Parameters, s: State, j: int) -> float:
    """Hedges of trade j against bonds that funds could hold to delivery; none of funds whose repo is cut."""
    wait, packages, free = s.scratch.first, s.funds.packages, s.funds.unencumbered
    ratio, overnight, cut = p.opening.funds.hedge_ratio, p.opening.funds.remarked_share, s.funds.cut
    for i in each_fund(s):
        face = deliverable_bn(packages[j, i], free[j, i], overnight[i])
        wait[i] = ratio[j, i] * (face if may_add(cut[i]) else 0.0)
    return row_total(wait)


@phase
def keep_for_delivery(p: Parameters, s: State, j: int, cut: Floats, chosen: Floats) -> None:
    """While positions are rolled, let funds keep for delivery what they would give up today, where that pays.

    Takes it out of the rows ``cut`` and ``chosen`` and of the orders. What waits already is not given up again.
    """
    b, h, g = p.opening.trades.bucket_of[j], p.opening.trades.hedge_of[j], p.opening.trades.funding_of[j]
    extra_repo_bp = s.fundings.client_bp[g] - p.opening.fundings.repo_spread_bp[g]
    extra_bp = s.hedges.dislocation_bp[h] - p.opening.hedges.dislocation_bp[h]
    price, cost, net_basis = (
        s.buckets.price[b],
        p.opening.trades.transaction_cost[j],
        p.opening.trades.net_basis[j],
    )
    packages, free, waiting = s.funds.packages, s.funds.unencumbered, s.funds.to_deliver
    for i in each_fund(s):
        own_bp = extra_repo_bp + s.funds.repo_over_average_bp[i]
        gain = delivery_gain(price, extra_bp, own_bp, s.hedges.years_to_delivery[h], cost, net_basis)
        given_up = cut[i] + chosen[i]
        if gain <= 0.0 or given_up <= 0.0 or packages[j, i] <= 0.0 or not may_add(s.funds.cut[i]):
            continue
        already = given_up * min(1.0, waiting[j, i] / packages[j, i])
        can = deliverable_bn(packages[j, i], free[j, i], p.opening.funds.remarked_share[i])
        kept = kept_for_delivery_bn(given_up - already, can, waiting[j, i])
        stays = (already + kept) / given_up
        waiting[j, i] += kept
        s.orders.packages[j, i] += already + kept
        cut[i] -= stays * cut[i]
        chosen[i] -= stays * chosen[i]


@phase
def deliver_bonds(p: Parameters, s: State, sched: Schedule, day: int) -> None:
    """On the last delivery day of a month, deliver what was held for it."""
    for j in each_trade(s):
        if sched.is_delivery[day, p.opening.trades.hedge_of[j]] == 1.0:
            deliver(p, s, j)


@phase
def deliver(p: Parameters, s: State, j: int) -> None:
    """Deliver bonds of trade j that funds held for it, against cash, to dealers, who stand between them and the longs.

    The longs have rolled: dealers hold the bond against the next month, as a package of their own. Funds pay no half
    spread, but what a bond that is not the cheapest loses.
    """
    b, h = p.opening.trades.bucket_of[j], p.opening.trades.hedge_of[j]
    price, net_basis = s.buckets.price[b], p.opening.trades.net_basis[j]
    face, hedged, repaid, received = s.scratch.first, s.scratch.second, s.scratch.third, s.scratch.fourth
    packages, loan, free, waiting = s.funds.packages, s.funds.loan, s.funds.unencumbered, s.funds.to_deliver
    for i in each_fund(s):
        held = packages[j, i]
        face[i] = min(waiting[j, i], max(0.0, held))
        hedged[i] = face[i] * p.opening.funds.hedge_ratio[j, i]
        repaid[i] = loan_repaid_bn(face[i], held, free[j, i], loan[j, i])
        received[i] = face[i] * (price - net_basis) - repaid[i]
        free[j, i] -= min(free[j, i], face[i])
        packages[j, i] = held - face[i]
        loan[j, i] -= repaid[i]
        s.funds.cash[i] += received[i]
        waiting[j, i] = 0.0
    delivered, hedges = row_total(face), row_total(hedged)
    s.trades.fund_bonds[j] -= delivered
    s.trades.fund_hedges[j] -= hedges
    s.hedges.dealer_packages[h] += hedges
    s.buckets.inventory[b] += delivered - hedges
    s.dealers.fund_repo[0] -= row_total(repaid)
    pay(s, DEALERS, FUNDS, row_total(received))
    charge(s, net_basis * delivered)
    s.seen.delivered[j] += delivered
    s.seen.sold[j] += delivered
    s.seen.sold_by_channel[CHOICE] += delivered
    for k in each_named_fund(s):
        s.named_funds.sold[CHOICE, k] += face[p.opening.named.fund[k]]
