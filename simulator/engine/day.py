"""THE ORDER OF THE DAY: every phase of a trading day, in order. Read this file first.

Morning: the world moves and is marked; carry accrues; lenders fund dealers, dealers roll their clients; calls are
made; flows that nobody forces are posted. Then rounds: calls are paid, who cannot pay sells or fails, both markets
clear once for all, prices are settled, which makes new calls, until nobody is forced. Evening: margins are posted,
dealers borrow what they need, estimates learn from the day.
"""

from simulator.engine.audit import look_at_books
from simulator.engine.loops import each_bucket, each_dealer, each_funding, each_hedge, each_trade, empty
from simulator.engine.parameters import Parameters, Schedule, World
from simulator.engine.phases.auctions import buy_back, hold_auctions
from simulator.engine.phases.central_bank import set_levers, trade_for_policy
from simulator.engine.phases.clearing import clear_markets, sell_estates, transfer
from simulator.engine.phases.clearing_house import learn_from_moves, post_margins, set_margins
from simulator.engine.phases.dealers import (
    book_extra_interest,
    finance_dealers,
    lend_to_other_clients,
    pass_cuts_to_clients,
)
from simulator.engine.phases.defaults import (
    close_out_dealers,
    close_out_fallen_funds,
    close_out_unpaid_funds,
)
from simulator.engine.phases.end_investors import pass_on_inventory
from simulator.engine.phases.foreign import exchange_bonds, sell_from_abroad
from simulator.engine.phases.funds import (
    accrue_fund_carry,
    ask_fund_redemptions,
    bridge_settlement,
    call_initial_margin,
    call_other_losses,
    choose_positions,
    execute_orders,
    gather_orders,
    order_forced_sales,
    price_margins,
    remember_peaks,
    roll_repo,
    settle_calls,
    shortfall_left,
    value_funds,
)
from simulator.engine.phases.lenders import fund_dealers
from simulator.engine.phases.managers import cover_managers, redeem_from_managers, value_managers
from simulator.engine.phases.named import forget_named
from simulator.engine.phases.other_hedgers import adjust_other_hedgers, close_out_sellers
from simulator.engine.phases.prices import (
    accrue_hedge_carry,
    bring_defaults,
    find_cheapest,
    price_bonds,
    set_volatility,
    settle_prices,
    shift_curve,
)
from simulator.engine.phases.roll import deliver_bonds, pay_to_roll, turn_calendar
from simulator.engine.phases.speculators import follow_trends, learn_trends
from simulator.engine.state import State
from simulator.rule import phase

# Columns of ``World.flow_noise``.
FOREIGN_NOISE, MANAGER_NOISE, FUND_INVESTOR_NOISE, LENDER_NOISE, BIDDER_NOISE = range(5)

# Stages the audit looks at, as in ``state.STAGES``.
(
    AFTER_PASS_ON,
    AFTER_CARRY,
    AFTER_MARK,
    AFTER_ROLL_OVER,
    AFTER_CALLS,
    AFTER_FLOWS,
    AFTER_DEFAULTS,
    AFTER_CLEARING,
    AFTER_MARGINS,
    AFTER_FINANCING,
    AFTER_CLOSE,
) = range(1, 12)


@phase
def simulate_day(p: Parameters, s: State, sched: Schedule, w: World, path: int, day: int) -> None:
    """Play one trading day of one path."""
    observe_world(p, s, sched, w, path, day)
    pass_on_inventory(p, s, sched, day)
    look_at_books(p, s, AFTER_PASS_ON)
    accrue_carry(p, s)
    look_at_books(p, s, AFTER_CARRY)
    price_bonds(p, s)
    find_cheapest(p, s)
    settle_prices(p, s)
    deliver_bonds(p, s, sched, day)
    look_at_books(p, s, AFTER_MARK)
    roll_over(p, s, sched, w, path, day)
    look_at_books(p, s, AFTER_ROLL_OVER)
    set_margins(p, s, sched, day)
    price_margins(p, s)
    call_initial_margin(p, s)
    call_other_losses(p, s)
    if p.channels.redemption:
        ask_fund_redemptions(p, s, sched.fund_redemption[day] + investor_noise(p, sched, w, path, day))
    look_at_books(p, s, AFTER_CALLS)
    post_flows(p, s, sched, w, path, day)
    look_at_books(p, s, AFTER_FLOWS)
    play_rounds(p, s)
    cover_managers(s)
    post_margins(p, s)
    cover_managers(s)
    look_at_books(p, s, AFTER_MARGINS)
    close_out_dealers(p, s)
    finance_dealers(p, s)
    look_at_books(p, s, AFTER_FINANCING)
    value_managers(p, s)
    remember_peaks(p, s)
    learn_trends(p, s)
    learn_from_moves(p, s)
    look_at_books(p, s, AFTER_CLOSE)


@phase
def observe_world(p: Parameters, s: State, sched: Schedule, w: World, path: int, day: int) -> None:
    """Start the day: what drivers and scenario bring, and empty tallies."""
    s.checks.clock[0] = day
    s.checks.clock[1] = 0
    forget_yesterday(s)
    turn_calendar(p, s, sched, day)
    for h in each_hedge(s):
        change = sched.hedge_demand_shift[day, h] + w.hedge_demand[path, day, h]
        s.hedges.wanted[h] += change * p.opening.hedges.demand_bn[h]
    for g in each_funding(s):
        s.fundings.policy_rate[g] = sched.policy_rate[day, g]
    s.others.volatility_multiple[0] = w.volatility_multiple[path, day]
    s.others.equity_change[0] = w.equity_change[path, day]
    s.others.credit_change_bp[0] = w.credit_change_bp[path, day]
    for d in each_dealer(s):
        s.dealers.limit_cut[d] = sched.limit_cut[day, d]
    shift_curve(p, s, w, path, day)
    bring_defaults(p, s, w, path, day)
    set_volatility(p, s)
    set_levers(p, s, sched, day)


@phase
def forget_yesterday(s: State) -> None:
    """Empty the tallies of the day."""
    seen = s.seen
    empty(seen.sold_by_channel)
    seen.called[:, :] = 0.0
    for j in each_trade(s):
        seen.sold[j] = 0.0
        seen.bought[j] = 0.0
        seen.delivered[j] = 0.0
    for b in each_bucket(s):
        seen.tail_bp[b] = 0.0
        seen.taken_by_bidders[b] = 0.0
    seen.fund_redemptions[0] = 0.0
    seen.manager_redemptions[0] = 0.0
    seen.foreign_sales[0] = 0.0
    seen.outright_purchases[0] = 0.0
    seen.hedged_purchases[0] = 0.0
    seen.repo_taken_back[0] = 0.0
    seen.client_losses[0] = 0.0
    seen.waterfall_losses[0] = 0.0
    seen.unpaid_protection[0] = 0.0
    seen.public_capital[0] = 0.0
    seen.shortfall_left[0] = 0.0
    forget_named(s)


@phase
def accrue_carry(p: Parameters, s: State) -> None:
    """Accrue a day of carry over the opening carry: convergence and rolls between hedgers, interest to lenders."""
    pay_to_roll(p, s)
    book_extra_interest(p, s, accrue_fund_carry(p, s))
    accrue_hedge_carry(p, s)


@phase
def roll_over(p: Parameters, s: State, sched: Schedule, w: World, path: int, day: int) -> None:
    """Lenders fund dealers, dealers roll their clients' repo at today's haircuts."""
    lend_to_other_clients(s, sched.client_repo_bn[day])
    noise = p.lenders.flow_noise * sched.flow_noise_on[0] * w.flow_noise[path, day, LENDER_NOISE]
    fund_dealers(p, s, sched, day, noise)
    pass_cuts_to_clients(p, s)
    roll_repo(p, s, sched, day)


@phase
def investor_noise(p: Parameters, sched: Schedule, w: World, path: int, day: int) -> float:
    """Random part of hedge-fund redemptions, never below zero: investors cannot be forced to subscribe."""
    noise = w.flow_noise[path, day, FUND_INVESTOR_NOISE]
    return max(0.0, p.funds.flow_noise * sched.flow_noise_on[0] * noise)


@phase
def post_flows(p: Parameters, s: State, sched: Schedule, w: World, path: int, day: int) -> None:
    """Post what nobody forces: redemptions from asset managers, foreign sales, the Treasury, policy, estates."""
    on = sched.flow_noise_on[0]
    redeemed = p.asset_managers.flow_noise * on * w.flow_noise[path, day, MANAGER_NOISE]
    redeem_from_managers(p, s, sched.manager_redemption[day] + redeemed)
    close_out_sellers(p, s)
    adjust_other_hedgers(p, s)
    follow_trends(p, s)
    sold = p.foreign_holders.flow_noise * on * w.flow_noise[path, day, FOREIGN_NOISE]
    exchange_bonds(s, sched, day)
    sell_from_abroad(p, s, sched, day, sold)
    hold_auctions(p, s, sched, day, w.flow_noise[path, day, BIDDER_NOISE])
    trade_for_policy(p, s, sched, day)
    buy_back(p, s, sched, day)
    sell_estates(s)


@phase
def play_rounds(p: Parameters, s: State) -> None:
    """Play rounds until nobody is forced: the first always clears, because flows and the morning changed the market."""
    for n in range(p.numerics.rounds_max + 1):
        s.checks.clock[1] = n
        value_funds(p, s)
        if not p.channels.variation_margin:
            bridge_settlement(s)
        settle_calls(p, s)
        failed = close_out_fallen_funds(p, s) if p.channels.default else 0
        if n == 0:
            choose_positions(p, s)
        forced = order_forced_sales(p, s) if n < p.numerics.rounds_max else 0
        failed += close_out_unpaid_funds(p, s) if n < p.numerics.rounds_max else 0
        look_at_books(p, s, AFTER_DEFAULTS)
        s.seen.rounds[0] = n + 1.0
        if n == p.numerics.rounds_max or (n > 0 and forced == 0 and failed == 0):
            break
        gather_orders(p, s)
        clear_markets(p, s)
        price_bonds(p, s)
        settle_prices(p, s)
        transfer(p, s)
        execute_orders(p, s)
        look_at_books(p, s, AFTER_CLEARING)
    s.seen.shortfall_left[0] = shortfall_left(s)
