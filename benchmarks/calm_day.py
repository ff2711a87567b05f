"""The kernel's side of ``calm_day.c``: the same two entry points, a block without records and one phase many times."""

from simulator.engine.day import accrue_carry, simulate_day
from simulator.engine.parameters import Parameters, Schedule, World
from simulator.engine.phases.auctions import buy_back, hold_auctions
from simulator.engine.phases.central_bank import set_levers, trade_for_policy
from simulator.engine.phases.clearing import clear_markets, sell_estates, transfer
from simulator.engine.phases.dealers import lend_to_funds, lend_to_other_clients
from simulator.engine.phases.defaults import close_out_dealers
from simulator.engine.phases.foreign import exchange_bonds
from simulator.engine.phases.funds import (
    choose_positions,
    execute_orders,
    gather_orders,
    roll_repo,
    shortfall_left,
    value_funds,
)
from simulator.engine.phases.lenders import fund_dealers
from simulator.engine.phases.managers import redeem_from_managers
from simulator.engine.phases.other_hedgers import close_out_sellers
from simulator.engine.phases.prices import find_cheapest, price_bonds, settle_prices
from simulator.engine.phases.roll import deliver_bonds, turn_calendar
from simulator.engine.phases.speculators import follow_trends, learn_trends
from simulator.engine.state import State, reset
from simulator.model.table import Floats, Ints
from simulator.rule import kernel

#: Phases timed alone, in the order of the switches in both ``play_phase``.
PHASES = (
    "roll_repo",
    "execute_orders",
    "settle_prices",
    "choose_positions",
    "value_funds",
    "lend_to_funds",
    "gather_orders",
    "fund_dealers",
    "redeem_from_managers",
    "clear_markets",
    "price_bonds",
    "find_cheapest",
    "transfer",
    "accrue_carry",
    "asked in vain",
)


@kernel
def play_block(
    p: Parameters, sched: Schedule, w: World, s: State, memory: Floats, opening: Floats, calm: Ints
) -> None:
    """Play all paths of a block without records."""
    paths, days = w.volatility_multiple.shape
    for path in range(paths):
        reset(p, s, memory, opening)
        for day in range(days):
            simulate_day(p, s, sched, w, path, day)
        calm[path] = days


@kernel
def play_phase(phase: int, times: int, p: Parameters, sched: Schedule, s: State) -> None:
    """Play one phase again and again."""
    for _ in range(times):
        if phase == 0:
            roll_repo(p, s, sched, 0)
        elif phase == 1:
            for j in range(s.orders.exist.shape[0]):
                s.orders.exist[j] = 1.0
            execute_orders(p, s)
        elif phase == 2:
            settle_prices(p, s)
        elif phase == 3:
            choose_positions(p, s)
        elif phase == 4:
            value_funds(p, s)
        elif phase == 5:
            lend_to_funds(p, s)
        elif phase == 6:
            gather_orders(p, s)
        elif phase == 7:
            fund_dealers(p, s, sched, 0, 0.0)
        elif phase == 8:
            redeem_from_managers(p, s, 0.0)
        elif phase == 9:
            clear_markets(p, s)
        elif phase == 10:
            price_bonds(p, s)
        elif phase == 11:
            find_cheapest(p, s)
        elif phase == 12:
            transfer(p, s)
        elif phase == 13:
            accrue_carry(p, s)
        else:
            turn_calendar(p, s, sched, 0)
            set_levers(p, s, sched, 0)
            deliver_bonds(p, s, sched, 0)
            lend_to_other_clients(s, 0.0)
            close_out_sellers(p, s)
            follow_trends(p, s)
            exchange_bonds(s, sched, 0)
            hold_auctions(p, s, sched, 0, 0.0)
            trade_for_policy(p, s, sched, 0)
            buy_back(p, s, sched, 0)
            sell_estates(s)
            close_out_dealers(p, s)
            learn_trends(p, s)
            s.seen.shortfall_left[0] = shortfall_left(s)
