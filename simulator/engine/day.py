"""THE ORDER OF THE DAY: every phase of a trading day, in order. Read this file first.

Morning: the world moves and is marked; carry accrues; lenders fund dealers, dealers roll their clients; calls are
made; flows that nobody forces are posted. Then rounds: calls are paid, who cannot pay sells or fails, both markets
clear once for all, prices are settled, which makes new calls, until nobody is forced. Evening: margins are posted,
dealers borrow what they need, estimates learn from the day.
"""

from simulator.agents.dealer import may_close_out
from simulator.agents.hedge_fund import drawdown, is_insolvent
from simulator.engine.audit import look_at_books
from simulator.engine.dealers import (
    book_extra_interest,
    close_out_dealers,
    close_out_fund,
    finance_dealers,
    fund_dealers,
    lend_to_other_clients,
    pass_cuts_to_clients,
    post_margins,
    set_margins,
)
from simulator.engine.funds import (
    accrue_fund_carry,
    ask_fund_redemptions,
    call_initial_margin,
    choose_positions,
    execute_orders,
    gather_orders,
    order_forced_sales,
    remember_peaks,
    roll_repo,
    settle_calls,
    shortfall_left,
    value_funds,
)
from simulator.engine.markets import (
    buy_for_policy,
    clear_markets,
    cover_managers,
    hold_auctions,
    pass_on_inventory,
    redeem_from_managers,
    sell_estate,
    sell_from_abroad,
    transfer,
    value_managers,
)
from simulator.engine.parameters import OUTSIDE, Parameters, Schedule, World
from simulator.engine.prices import (
    accrue_other_carry,
    bridge_variation_margin,
    find_cheapest,
    learn_from_moves,
    price_bonds,
    set_volatility,
    settle_prices,
    shift_curve,
)
from simulator.engine.state import TALLY_COUNT, TALLY_LEFT_OVER, TALLY_ROUNDS, State
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
    pass_on_inventory(p, s)
    look_at_books(p, s, AFTER_PASS_ON)
    accrue_carry(p, s)
    look_at_books(p, s, AFTER_CARRY)
    price_bonds(p, s)
    find_cheapest(p, s)
    settle_prices(p, s)
    look_at_books(p, s, AFTER_MARK)
    roll_over(p, s, sched, w, path, day)
    look_at_books(p, s, AFTER_ROLL_OVER)
    set_margins(p, s, sched, day)
    call_initial_margin(p, s)
    if p.redemption_on:
        ask_fund_redemptions(p, s, sched.fund_redemption[day] + investor_noise(sched, w, path, day))
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
    learn_from_moves(p, s)
    look_at_books(p, s, AFTER_CLOSE)


@phase
def observe_world(p: Parameters, s: State, sched: Schedule, w: World, path: int, day: int) -> None:
    """Start the day: what drivers and scenario bring, and empty tallies."""
    s.clock[0] = day
    s.clock[1] = 0
    for n in range(TALLY_COUNT):
        s.tally[n] = 0.0
    for c in range(s.sold_by_channel.shape[0]):
        s.sold_by_channel[c] = 0.0
    s.called_by[:, :] = 0.0
    for j in range(s.price.shape[0]):
        s.sold_by_trade[j] = 0.0
        s.bought_by_trade[j] = 0.0
        s.wanted_futures[j] += sched.hedge_demand_shift[day, j] * p.opening_futures_bn[j]
    s.volatility_multiple[0] = w.volatility_multiple[path, day]
    s.policy_rate[0] = sched.policy_rate[day]
    s.relief[0] = sched.leverage_relief[day]
    s.limit_cut[0] = sched.limit_cut[day]
    shift_curve(p, s, w, path, day)
    set_volatility(p, s)


@phase
def accrue_carry(p: Parameters, s: State) -> None:
    """Accrue a day of carry over the opening carry: convergence between hedgers, interest from funds to lenders."""
    book_extra_interest(p, s, accrue_fund_carry(p, s))
    accrue_other_carry(p, s)


@phase
def roll_over(p: Parameters, s: State, sched: Schedule, w: World, path: int, day: int) -> None:
    """Lenders fund dealers, dealers roll their clients' repo at today's haircuts."""
    lend_to_other_clients(s, sched.client_repo_bn[day])
    withdrawn = sched.lender_withdrawal[day]
    noise = sched.lender_flow_noise * w.flow_noise[path, day, LENDER_NOISE]
    fund_dealers(p, s, withdrawn, noise, sched.facility_open[day])
    pass_cuts_to_clients(p, s)
    roll_repo(p, s, sched.haircut_step[day])


@phase
def investor_noise(sched: Schedule, w: World, path: int, day: int) -> float:
    """Random part of hedge-fund redemptions, never below zero: investors cannot be forced to subscribe."""
    return max(0.0, sched.fund_flow_noise * w.flow_noise[path, day, FUND_INVESTOR_NOISE])


@phase
def post_flows(p: Parameters, s: State, sched: Schedule, w: World, path: int, day: int) -> None:
    """Post what nobody forces: redemptions from asset managers, foreign sales, auctions, policy, estates."""
    demanded = (
        sched.manager_redemption[day] + sched.manager_flow_noise * w.flow_noise[path, day, MANAGER_NOISE]
    )
    redeem_from_managers(p, s, demanded)
    sell_from_abroad(p, s, sched, day, sched.foreign_flow_noise * w.flow_noise[path, day, FOREIGN_NOISE])
    hold_auctions(p, s, sched, day, w.flow_noise[path, day, BIDDER_NOISE])
    buy_for_policy(p, s, sched, day)
    sell_estate(s)


@phase
def play_rounds(p: Parameters, s: State) -> None:
    """Play rounds until nobody is forced: the first always clears, because flows and the morning changed the market."""
    for n in range(p.rounds_max + 1):
        s.clock[1] = n
        value_funds(p, s)
        if not p.variation_margin_on:
            bridge_variation_margin(s)
        settle_calls(p, s)
        failed = close_out_fallen_funds(p, s) if p.default_on else 0
        if n == 0:
            choose_positions(p, s)
        forced = order_forced_sales(p, s) if n < p.rounds_max else 0
        failed += close_out_unpaid_funds(p, s) if n < p.rounds_max else 0
        look_at_books(p, s, AFTER_DEFAULTS)
        s.tally[TALLY_ROUNDS] = n + 1.0
        if n == p.rounds_max or (n > 0 and forced == 0 and failed == 0):
            break
        gather_orders(p, s)
        clear_markets(p, s)
        price_bonds(p, s)
        settle_prices(p, s)
        transfer(p, s)
        execute_orders(p, s)
        look_at_books(p, s, AFTER_CLEARING)
    s.tally[TALLY_LEFT_OVER] = shortfall_left(s)


@phase
def close_out_fallen_funds(p: Parameters, s: State) -> int:
    """Close out funds whose equity is gone, or has fallen so far that their dealers may; returns how many."""
    fails, alive, equity, peak = s.scratch, s.alive, s.equity, s.peak_equity
    for i in range(s.cash.shape[0]):
        fallen = may_close_out(drawdown(equity[i], peak[i]), p.nav_trigger)
        fails[i] = alive[i] * (1.0 if fallen or is_insolvent(equity[i]) else 0.0)
    failed = 0
    for i in range(s.cash.shape[0]):
        if fails[i] == 1.0:
            close_out_fund(p, s, i)
            failed += 1
    return failed


@phase
def close_out_unpaid_funds(p: Parameters, s: State) -> int:
    """Close out funds that miss cash and have nothing left to sell; returns how many.

    With the default channel off a lender outside the model pays for them.
    """
    failed = 0
    cash, alive, is_selling, tolerance_bn = s.cash, s.alive, s.is_selling, p.tolerance_bn
    for i in range(s.cash.shape[0]):
        if cash[i] < -tolerance_bn and alive[i] == 1.0 and is_selling[i] == 0.0:
            if p.default_on:
                close_out_fund(p, s, i)
                failed += 1
            else:
                s.bridge[i] -= s.cash[i]
                s.account[OUTSIDE] += s.cash[i]
                s.cash[i] = 0.0
    return failed
