"""Lanes of eight paths beside one path at a time: does a kernel that plays eight paths at once pay?

    python -m benchmarks.lanes [--lanes N] [--turns N]

Phases of the day, as they stand, are compiled for tables of one path and, from the same sources, for tables in lanes
(:mod:`benchmarks.lane_type`); one pass over funds is written anew beside them, so that a fund and its trades are read
once. All leave the books of eight calm paths with the bits that single paths leave, or the benchmark fails. Both forms
take turns; printed are the median times of the processor and the median of today's over lanes', for eight funds and for
the sixty of the reference; more than one means that lanes win.

Then, from paths of shipped scenarios, how many clearings a day takes, how many the slowest of eight paths takes, for
which the others wait, and what a whole day would gain if all of it gained what its eighteen phases gain. That flatters
lanes: prices, with their exponentials, and loops over single dealers are not among the eighteen.

Nearly all of the time goes into compiling, some two minutes of the processor, as nothing in lanes is kept on disk.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from benchmarks.against_c import opened, some
from benchmarks.lane_type import ALONE, in_lanes, in_wide_memory, refer_in_lanes, wide_memory
from simulator.agents.hedge_fund import collateral_cash_bn, equity_bn, loan_repaid_bn, other_strategies_bn
from simulator.engine.loops import each_fund, each_trade, pay, row_total
from simulator.engine.opening.prepare import Prepared
from simulator.engine.parameters import (
    CALL_COUNT,
    CLEARING_HOUSE,
    COLLATERAL,
    DEALERS,
    FUNDS,
    VARIATION_MARGIN,
    Parameters,
)
from simulator.engine.phases.clearing import clear_markets, transfer
from simulator.engine.phases.clearing_house import post_margins
from simulator.engine.phases.dealers import charge, finance_dealers, lend_to_funds
from simulator.engine.phases.funds import (
    SMALLEST_POSITION_BN,
    accrue_fund_carry,
    ask_fund_redemptions,
    book_uncovered,
    call_initial_margin,
    call_other_losses,
    choose_positions,
    cover_shortfall,
    execute_orders,
    gather_orders,
    remember_peaks,
    settle_calls,
    value_funds,
)
from simulator.engine.phases.managers import redeem_from_managers, value_managers
from simulator.engine.phases.prices import price_bonds, set_volatility, settle_prices, settle_trades
from simulator.engine.records import allocate_records
from simulator.engine.simulate import draw_world, play_world
from simulator.engine.state import State
from simulator.model.compiled import refer
from simulator.model.table import Floats, leaves
from simulator.rule import phase
from simulator.scenario.loading import load_scenario

#: Calls of a phase in a turn.
CALLS = 100
#: Paths of each scenario that are played for what waiting costs.
PATHS = 512
DAYS = ("calm", "dash-for-cash-2020", "tariff-shock-2025", "levered-2025-meets-2020")
SCENARIOS = Path(__file__).resolve().parent.parent / "scenarios"


@phase
def four_passes(p: Parameters, s: State) -> None:
    """What a clearing does to the funds, as it stands: settle prices, execute orders, value funds, pay calls."""
    settle_trades(p, s)
    execute_orders(p, s)
    value_funds(p, s)
    settle_calls(p, s)


@phase
def one_pass(p: Parameters, s: State) -> None:
    """The same in one pass: fund by fund, all trades of a fund, so that lanes read each number once."""
    re_marked, repo, costs, executed = s.scratch.first, s.scratch.second, s.scratch.third, s.scratch.fourth
    other, line, bridge = s.funds.other, s.funds.drawn, s.funds.bridge
    equities, credit = s.others.equity_change[0], s.others.credit_change_bp[0]
    by_equity, by_credit = p.funds.other_equity, p.funds.other_credit
    cash, posted, equity, called = s.funds.cash, s.funds.posted, s.funds.equity, s.seen.called
    loan, packages, ratio = s.funds.loan, s.funds.packages, p.opening.funds.hedge_ratio
    in_force, order, free, call = s.funds.haircut, s.orders.packages, s.funds.unencumbered, s.orders.call
    exposure, share = p.opening.funds.other_exposure, p.opening.funds.remarked_share
    cash_before, posted_before = row_total(cash), row_total(posted)
    for i in each_fund(s):
        marked = drawn = paid = own = 0.0
        variation, left, margins = call[VARIATION_MARGIN, i], cash[i], posted[i]
        for j in each_trade(s):
            b, h = p.opening.trades.bucket_of[j], p.opening.trades.hedge_of[j]
            price, held = s.buckets.price[b], packages[j, i]
            lent = collateral_cash_bn(s.buckets.price_change[b], held - free[j, i], in_force[j, i], share[i])
            owed = loan[j, i] + lent
            marked += lent
            variation += held * ratio[j, i] * s.hedges.value_change[h]
            change = -held if abs(held + order[j, i]) < SMALLEST_POSITION_BN else order[j, i]
            sells = 1.0 if change * held < 0.0 else 0.0
            repaid = loan_repaid_bn(-change, held, free[j, i], owed)
            lent = -repaid if sells == 1.0 else (1.0 - in_force[j, i]) * price * change
            free[j, i] -= min(free[j, i], max(0.0, -change))
            after = held + change
            rate = s.hedges.margin[h] * p.opening.funds.margin_factor[0]
            margin = rate * abs(ratio[j, i]) * (abs(after) - abs(held))
            cost = sells * (p.opening.trades.transaction_cost[j] * price) * abs(change)
            packages[j, i] = after
            loan[j, i] = owed + lent
            margins += margin
            left += lent - change * price - margin - cost
            drawn += lent
            paid += cost
            own += price * after - loan[j, i]
            order[j, i] = 0.0
        re_marked[i] = marked
        repo[i] = drawn
        costs[i] = paid
        posted[i] = margins
        cash[i] = left
        call[VARIATION_MARGIN, i] = variation
        call[COLLATERAL, i] -= marked
        called_in_all, before = 0.0, left
        for c in range(CALL_COUNT):
            called_in_all += call[c, i]
            left -= call[c, i]
            called[c, i] += max(0.0, call[c, i])
        executed[i] = before
        cash[i] = left
        kept = other_strategies_bn(other[i], exposure[i], equities, credit, by_equity, by_credit)
        equity[i] = equity_bn(before - called_in_all, margins, own, kept, line[i] + bridge[i])
        if left < 0.0:
            book_uncovered(s, i, before)
            cover_shortfall(p, s, i)
        for c in range(CALL_COUNT):
            call[c, i] = 0.0
    for j in each_trade(s):
        s.trades.fund_bonds[j] += s.orders.bonds[j]
        s.trades.fund_hedges[j] += s.orders.hedges[j]
        s.orders.exist[j] = 0.0
    margin_total, marked_total = row_total(posted) - posted_before, row_total(re_marked)
    s.dealers.fund_repo[0] += marked_total
    pay(s, DEALERS, FUNDS, marked_total)
    s.dealers.fund_repo[0] += row_total(repo)
    pay(s, DEALERS, FUNDS, margin_total + (row_total(executed) - cash_before))
    pay(s, FUNDS, CLEARING_HOUSE, margin_total)
    charge(s, row_total(costs))


@phase
def redeem(p: Parameters, s: State) -> None:
    """Redemptions from asset managers, none demanded by the scenario."""
    redeem_from_managers(p, s, 0.0)


@phase
def pass_and_clearing(p: Parameters, s: State) -> None:
    """Passes over funds and a phase over markets in turn, so that each finds in the cache what the other left of it."""
    four_passes(p, s)
    clear_markets(p, s)


@phase
def part_of_a_day(p: Parameters, s: State) -> None:
    """Phases that need no new line for lanes, in the order of the day."""
    set_volatility(p, s)
    accrue_fund_carry(p, s)
    lend_to_funds(p, s)
    call_initial_margin(p, s)
    call_other_losses(p, s)
    ask_fund_redemptions(p, s, 0.0)
    redeem_from_managers(p, s, 0.0)
    value_funds(p, s)
    settle_calls(p, s)
    choose_positions(p, s)
    gather_orders(p, s)
    clear_markets(p, s)
    transfer(p, s)
    four_passes(p, s)
    post_margins(p, s)
    finance_dealers(p, s)
    value_managers(p, s)
    remember_peaks(p, s)


#: What is played: the lanes' phase, and today's.
WORK = {
    "funds, four passes": (four_passes, four_passes),
    "funds, one pass": (one_pass, four_passes),
    "clear_markets": (clear_markets, clear_markets),
    "redeem_from_managers": (redeem, redeem),
    "four passes and clear_markets": (pass_and_clearing, pass_and_clearing),
    "eighteen phases of the day": (part_of_a_day, part_of_a_day),
}


@phase
def further_clearing(p: Parameters, s: State) -> None:
    """What one more round costs when nobody is short."""
    gather_orders(p, s)
    clear_markets(p, s)
    price_bonds(p, s)
    settle_prices(p, s)
    transfer(p, s)
    execute_orders(p, s)
    value_funds(p, s)
    settle_calls(p, s)


def repeated(work: Any) -> Any:
    """A phase many times over."""

    def play(times: int, p: Parameters, s: State) -> None:
        for _ in range(times):
            work(p, s)

    return phase(play)


#: By name: today's form and lanes'.
Kernels = dict[str, tuple[Any, Any]]


def scenario(name: str, funds: int = 60) -> Prepared:
    """A shipped scenario with so many funds."""
    loaded = load_scenario(SCENARIOS / f"{name}.yaml")
    return opened(loaded.scenario, loaded.data_files, {"funds": funds})


class Market:
    """Books of some calm paths at a close, one by one and in lanes."""

    def __init__(self, funds: int, lanes: int, days: int = 20) -> None:
        self.prepared = scenario("calm", funds)
        self.state, self.memory = self.prepared.new_state()
        self.single = (refer(self.prepared.parameters), refer(self.state))
        self.wide = wide_memory(self.memory, lanes)
        self.in_lanes = (self.single[0], refer_in_lanes(in_wide_memory(self.state, self.memory, self.wide)))
        self.closes = np.array([self.close_of(path, days) for path in range(lanes)])
        self.at_rest = np.array([self.without_changes(close) for close in self.closes])

    def close_of(self, path: int, days: int) -> Floats:
        """Memory of the books of a path after some days, with an order of each fund in each trade."""
        records = allocate_records(1, days, self.prepared.sizes, "float64", False)
        end = play_world(self.prepared, some(draw_world(self.prepared, path, 1), [0], days), records)
        for (_, ours), (_, played) in zip(leaves(self.state), leaves(end), strict=True):
            ours[...] = played
        held = self.state.funds.packages
        self.state.orders.packages[:] = 0.01 * held * np.sin(np.arange(held.size)).reshape(held.shape)
        self.state.orders.exist[:] = 1.0
        return self.memory.copy()

    def without_changes(self, close: Floats) -> Floats:
        """The same without orders and changes of prices, which can be settled again and again."""
        self.memory[:] = close
        for row in (
            self.state.buckets.price_change,
            self.state.hedges.value_change,
            self.state.orders.packages,
        ):
            row[:] = 0.0
        return self.memory.copy()

    def check(self, name: str, today: Any, wide: Any) -> None:
        """Compare what is left in lanes with what single paths leave, scratch aside.

        Raises
        ------
        AssertionError
            If a bit differs, or a lane would have had to go alone.
        """
        self.wide[:] = self.closes.T
        wide(1, *self.in_lanes)
        kept = np.ones(len(self.memory), np.bool_)
        for _, values in leaves(self.state.scratch):
            first = (values.ctypes.data - self.memory.ctypes.data) // self.memory.itemsize
            kept[first : first + values.size] = False
        for lane, close in enumerate(self.closes):
            self.memory[:] = close
            today(1, *self.single)
            assert self.memory[kept].tobytes() == self.wide[kept, lane].tobytes(), (
                f"{name}: lane {lane} differs"
            )
        self.nobody_is_short(name)

    def nobody_is_short(self, name: str) -> None:
        """Raise an AssertionError if a fund was, whose lane would have had to go alone."""
        assert self.state.checks.status[0] != ALONE, f"{name}: a fund is short of cash"

    def time(self, name: str, today: Any, wide: Any, turns: int) -> Floats:
        """Processor seconds of ``CALLS`` calls for all paths: one path after another, and in lanes, (turn, 2)."""
        seconds = np.empty((turns, 2))
        for turn in seconds:
            self.memory[:], self.wide[:] = self.at_rest[0], self.at_rest.T
            start = time.process_time()
            today(CALLS * len(self.closes), *self.single)
            between = time.process_time()
            wide(CALLS, *self.in_lanes)
            turn[:] = between - start, time.process_time() - between
        self.nobody_is_short(name)
        return seconds


class Days(NamedTuple):
    """Days of a scenario as the kernel plays them, one path at a time."""

    ns: float
    "a path-day, records included"
    clearings: float
    "a path-day"
    slowest: float
    "clearings a day of the slowest of so many paths side by side"


def days_of(scenarios: dict[str, Prepared], lanes: int, turns: int = 5) -> dict[str, Days]:
    """Play ``PATHS`` paths of each scenario in turns; the shortest time counts."""
    seconds: dict[str, list[float]] = {name: [] for name in scenarios}
    rounds: dict[str, Floats] = {}
    worlds = {name: draw_world(prepared, 0, PATHS) for name, prepared in scenarios.items()}
    for _ in range(turns):
        for name, prepared in scenarios.items():
            days = int(prepared.scenario.horizon)
            records = allocate_records(PATHS, days, prepared.sizes, "float64", False)
            start = time.process_time()
            play_world(prepared, worlds[name], records)
            seconds[name].append(time.process_time() - start)
            rounds[name] = records.of("rounds")
    found = {}
    for name, played in rounds.items():
        clearings = played - 1.0  # the last round clears nothing
        side_by_side = clearings.reshape(-1, lanes, clearings.shape[1])
        ns = min(seconds[name]) * 1e9 / clearings.size
        found[name] = Days(ns, float(clearings.mean()), float(side_by_side.max(axis=1).mean()))
    return found


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--lanes", type=int, default=8, choices=(4, 8, 16), help="paths played at once")
    parser.add_argument("--turns", type=int, default=100, help="turns of today's form and lanes")
    chosen = parser.parse_args()
    kernels = {name: (repeated(today), repeated(in_lanes(wide))) for name, (wide, today) in WORK.items()}
    for funds in (8, 60):
        market = Market(funds, chosen.lanes)
        check_all(market, kernels)
        print(f"\n{funds} funds, {market.memory.nbytes / 1024:.0f} KiB of books a path")
        print(f"{'ns a path':30s} {'today':>8s} {'lanes':>8s} {'today/lanes':>12s}")
        gains = {name: time_one(name, market, pair, chosen.turns) for name, pair in kernels.items()}
    print_days(market, gains["eighteen phases of the day"], chosen.lanes)


def check_all(market: Market, kernels: Kernels) -> None:
    """Check all work, and print what compiling took where it was needed."""
    for name, (today, wide) in kernels.items():
        before = [time.process_time()]
        for work, tables in ((today, market.single), (wide, market.in_lanes)):
            work(0, *tables)
            before.append(time.process_time())
        if before[2] - before[0] > 0.1:
            print(f"compiled {name}: {before[1] - before[0]:.1f} s, in lanes {before[2] - before[1]:.1f} s")
        market.check(name, today, wide)


def time_one(name: str, market: Market, pair: tuple[Any, Any], turns: int) -> float:
    """Print what work costs a path in both forms; returns today over lanes, of a middle turn."""
    seconds = market.time(name, *pair, turns)
    today, wide = np.median(seconds, axis=0) * 1e9 / CALLS / len(market.closes)
    gain = float(np.median(seconds[:, 0] / seconds[:, 1]))
    print(f"{name:30s} {today:8.0f} {wide:8.0f} {gain:12.2f}", flush=True)
    return gain


def print_days(market: Market, gain: float, lanes: int) -> None:
    """Print how long paths side by side wait for each other, and what their days would gain.

    As if all of a day gained what its eighteen phases gain. A further clearing is played until the slowest path is
    done; what stress costs beyond its clearings, sales of single funds and failures, is played lane by lane and gains
    nothing.
    """
    further = repeated(further_clearing)
    further(0, *market.single)
    market.memory[:] = market.at_rest[0]
    start = time.process_time()
    further(CALLS * lanes, *market.single)
    clearing_ns = (time.process_time() - start) * 1e9 / CALLS / lanes
    found = days_of({name: scenario(name) for name in DAYS}, lanes)
    calm = found["calm"]
    print(f"\na further clearing costs {clearing_ns:.0f} ns, {clearing_ns / calm.ns:.0%} of a calm day")
    print(
        f"{'':30s} {'ns a day':>8s} {'clearings':>9s} {'slowest':>8s} {'over mean':>9s} {'day today/lanes':>15s}"
    )
    for name, day in found.items():
        alone = max(0.0, day.ns - calm.ns - clearing_ns * (day.clearings - calm.clearings))
        in_step = day.ns - alone + clearing_ns * (day.slowest - day.clearings)
        whole, waits = day.ns / (in_step / gain + alone), day.slowest / day.clearings
        print(f"{name:30s} {day.ns:8.0f} {day.clearings:9.2f} {day.slowest:8.2f} {waits:9.2f} {whole:15.2f}")


if __name__ == "__main__":
    main()
