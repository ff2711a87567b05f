"""Asset managers through the day: redemptions, what they sell to meet them, and their return."""

from simulator.agents.asset_manager import (
    adjusted_today_bn,
    cash_to_raise_bn,
    hedges_dropped_share,
    kept_in_futures_bn,
    over_a_month,
    precautionary_cash_bn,
    price_response,
    redemption_bn,
    treasuries_sold_bn,
)
from simulator.engine.diary import MANAGERS_SOLD, SMALLEST_ENTRY_BN, note
from simulator.engine.loops import each_bucket, each_hedge, each_manager, pay
from simulator.engine.parameters import END_INVESTORS, MANAGERS, OUTSIDE, TRADING_DAYS_PER_MONTH, Parameters
from simulator.engine.state import State
from simulator.rule import phase


@phase
def bonds_value(s: State, a: int) -> float:
    """Value of the Treasuries of asset manager a."""
    value = 0.0
    for b in each_bucket(s):
        value += s.managers.bonds[b, a] * s.buckets.price[b]
    return value


@phase
def redeem_from_managers(p: Parameters, s: State, demanded: float) -> None:
    """Investors redeem; managers raise that and what they hoard from Treasuries, then other assets; futures follow.

    Negative redemptions are subscriptions: they buy in the same proportions.
    """
    rules, opening = p.asset_managers, p.opening.managers
    adjust_futures(p, s)
    held = bonds_for_futures(p, s)
    wanted_in_all = 0.0
    for a in each_manager(s):
        bonds = bonds_value(s, a)
        redeemed = redemption_bn(
            s.managers.cash[a] + bonds + s.managers.other[a],
            s.others.volatility_multiple[0],
            opening.sensitivity[a] * rules.volatility_redemption,
            -s.managers.month_return[a],
            opening.sensitivity[a] * rules.loss_redemption / TRADING_DAYS_PER_MONTH,
            rules.volatility_tolerance,
        )
        redeemed += demanded * opening.value_bn[a]
        s.managers.month_outflow[a] = over_a_month(
            s.managers.month_outflow[a], redeemed, TRADING_DAYS_PER_MONTH
        )
        wanted = precautionary_cash_bn(opening.cash_bn[a], s.managers.month_outflow[a], rules.cash_hoarding)
        held += s.managers.cash[a]
        wanted_in_all += wanted
        raised = cash_to_raise_bn(redeemed, s.managers.cash[a], wanted, rules.cash_speed)
        from_bonds = treasuries_sold_bn(raised, bonds, rules.treasury_use, rules.treasury_pace)
        part = from_bonds / bonds if bonds > 0.0 else 0.0
        for b in each_bucket(s):
            s.orders.manager_sale[b, a] = part * s.managers.bonds[b, a]
        from_other = raised - from_bonds
        s.managers.other[a] -= from_other
        pay(s, END_INVESTORS, MANAGERS, from_other)
        s.managers.cash[a] += from_other - redeemed
        pay(s, MANAGERS, OUTSIDE, redeemed)
        s.managers.flow[a] -= redeemed
        s.seen.manager_redemptions[0] += redeemed
        dropped = hedges_dropped_share(redeemed, opening.value_bn[a], rules.futures_cut)
        for h in each_hedge(s):
            s.hedges.waiting[h] -= dropped * opening.share[a] * p.opening.hedges.demand_bn[h]
        if p.watch.diary and from_bonds > SMALLEST_ENTRY_BN:
            note(s, MANAGERS_SOLD, a, -1, from_bonds)
    s.managers.price_response[0] = price_response(held, wanted_in_all)
    keep_duration(p, s)


@phase
def keep_duration(p: Parameters, s: State) -> None:
    """Asset managers come to want futures in place of part of the Treasuries they sell today, bucket by bucket."""
    sold = s.scratch.by_bucket
    for b in each_bucket(s):
        sold[b] = 0.0
        for a in each_manager(s):
            sold[b] += s.orders.manager_sale[b, a]
    for h in each_hedge(s):
        kept = kept_in_futures_bn(sold[p.opening.hedges.bucket_of[h]], p.asset_managers.duration_kept)
        s.hedges.wanted[h] += p.opening.hedges.share_of_bucket[h] * kept


@phase
def bonds_for_futures(p: Parameters, s: State) -> float:
    """Value of the bonds that asset managers hold in place of futures: cash that they would have without them."""
    value = 0.0
    for h in each_hedge(s):
        value += s.hedges.given_up[h] * s.buckets.price[p.opening.hedges.bucket_of[h]]
    return value


@phase
def adjust_futures(p: Parameters, s: State) -> None:
    """Carry out part of the changes of futures positions that wait for redemptions and supply."""
    for h in each_hedge(s):
        today = adjusted_today_bn(s.hedges.waiting[h], p.asset_managers.futures_lag)
        s.hedges.waiting[h] -= today
        s.hedges.wanted[h] += today


@phase
def cover_managers(s: State) -> None:
    """Asset managers short of cash sell other assets to end investors at par."""
    for a in each_manager(s):
        short = max(0.0, -s.managers.cash[a])
        s.managers.cash[a] += short
        s.managers.other[a] -= short
        pay(s, END_INVESTORS, MANAGERS, short)


@phase
def share_among_managers(p: Parameters, s: State, amount: float) -> None:
    """Share the sector's cash from hedges among its members, in proportion to their futures."""
    for a in each_manager(s):
        s.managers.cash[a] += p.opening.managers.share[a] * amount


@phase
def value_managers(p: Parameters, s: State) -> None:
    """Follow each asset manager's return over about a month, flows left out."""
    shared = s.managers.posted[0] + bonds_for_futures(p, s)
    for a in each_manager(s):
        value = s.managers.cash[a] + bonds_value(s, a) + s.managers.other[a]
        value += p.opening.managers.share[a] * shared
        before = s.managers.value[a]
        earned = (value - s.managers.flow[a]) / before - 1.0 if before > 0.0 else 0.0
        s.managers.month_return[a] = over_a_month(s.managers.month_return[a], earned, TRADING_DAYS_PER_MONTH)
        s.managers.value[a] = value
        s.managers.flow[a] = 0.0
