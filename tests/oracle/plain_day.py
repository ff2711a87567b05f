"""The naive twin of the kernel: one path at a time, agents as objects, plain loops, the same rules as plain Python.

Written from what a day is supposed to do, not from arrays: no array, no compiled phase, no scratch. It calls the
rules' own ``py_func`` and adds up in the order the kernel does (over funds in four interleaved partial sums), so
that every record must come out with the same bits. What it shares with the engine is the opening books and the
rules; what it checks is everything between them.
"""

from __future__ import annotations

from typing import Any

from simulator.engine.parameters import CHANNELS
from simulator.engine.status import RUNNING
from tests.oracle.plain_dealers import Dealers
from tests.oracle.plain_funds import Funds
from tests.oracle.plain_managers import Managers
from tests.oracle.plain_markets import Markets
from tests.oracle.plain_opening import Opening
from tests.oracle.plain_records import Recorded
from tests.oracle.plain_rules import (
    TALLIES,
    house_rules,
)


class PlainMarket(Opening, Funds, Dealers, Managers, Markets, Recorded):
    """A market on its opening day, which can be played."""

    def play(self, curve: Any, volatility: Any, noise: Any) -> list[dict[str, Any]]:
        """Play the path that the drivers describe; one record a day, up to the day on which it stops."""
        days = []
        for day in range(len(volatility)):
            self.play_day(day, curve[day].tolist(), float(volatility[day]), noise[day].tolist())
            if self.status != RUNNING:
                break
            days.append(self.record())
        return days

    def play_day(self, day: int, curve: list[float], volatility: float, noise: list[float]) -> None:
        p, plan = self.p, self.plan
        foreign_noise, manager_noise, investor_noise, lender_noise, bidder_noise = noise
        self.start_day(day, curve, volatility)
        self.pass_on_inventory()
        self.accrue_carry()
        for t in self.trades:
            t.cheapest = self.cheapest(t)
        self.settle_prices()
        self.other_repo += plan.client_repo_bn[day]
        self.account["dealers"] -= plan.client_repo_bn[day]
        self.account["outside"] += plan.client_repo_bn[day]
        self.fund_dealers(
            plan.lender_withdrawal[day], plan.lender_flow_noise * lender_noise, plan.facility_open[day] > 0.0
        )
        self.cut_clients()
        self.roll_repo(plan.haircut_step[day])
        if p.initial_margin_on:
            for t in self.trades:
                self.set_margin(t, plan.margin_multiple[day][t.j])
        self.call_initial_margin()
        if p.redemption_on:
            self.redeem_from_funds(
                plan.fund_redemption[day] + max(0.0, plan.fund_flow_noise * investor_noise)
            )
        self.redeem_from_managers(plan.manager_redemption[day] + plan.manager_flow_noise * manager_noise)
        self.sell_from_abroad(plan.foreign_sale_bn[day], plan.foreign_flow_noise * foreign_noise)
        self.hold_auctions(
            plan.auction_bn[day], plan.auction_dealer_share[day], plan.auction_noise[day], bidder_noise
        )
        self.buy_for_policy(plan.outright_bn[day], plan.hedged_bn[day])
        self.offer_estates()
        self.play_rounds()
        self.cover_managers()
        self.post_margins()
        self.cover_managers()
        self.close_out_dealers()
        self.borrow()
        self.value_managers()
        for f in self.funds:
            f.peak_equity = max(f.peak_equity, f.equity)
            f.other_left = min(f.other, p.other_sale_bn[f.i])
        for t in self.trades:
            move = (t.hedge - t.hedge_at_open) / p.price_per_bp[t.j]
            t.variance = house_rules.variance_estimate(t.variance, move, p.variance_decay)
            t.hedge_at_open = t.hedge

    def start_day(self, day: int, curve: list[float], volatility: float) -> None:
        p, plan = self.p, self.plan
        self.tally = dict.fromkeys(TALLIES, 0.0)
        self.sold_by_channel = [0.0] * len(CHANNELS)
        for f in self.funds:
            f.called = [0.0] * 5
        for t in self.trades:
            t.sold = t.bought = 0.0
            t.wanted_futures += plan.hedge_demand_shift[day][t.j] * p.opening_futures_bn[t.j]
        self.volatility_multiple = volatility
        self.policy_rate = plan.policy_rate[day]
        self.relief = plan.leverage_relief[day]
        self.limit_cut = plan.limit_cut[day]
        for k, weights in enumerate(p.bond_curve_weight):
            self.bond_shift[k] = 0.0
            for weight, change in zip(weights, curve, strict=True):
                self.bond_shift[k] += weight * change
        for t in self.trades:
            opening = p.opening_volatility_bp[t.j]
            t.volatility_bp = house_rules.volatility_in_force_bp(t.variance, opening * volatility)
            t.volatility_ratio = t.volatility_bp / opening

    def play_rounds(self) -> None:
        for n in range(self.p.rounds_max + 1):
            is_last = n == self.p.rounds_max
            self.pay_calls()
            failed = self.close_out(self.has_fallen) if self.p.default_on else 0
            if n == 0:
                self.choose_positions()
            forced = 0
            if not is_last:
                forced = self.order_forced_sales()
                failed += self.close_out_or_carry()
            self.tally["rounds"] = n + 1.0
            if is_last or (n > 0 and not forced and not failed):
                break
            self.gather_orders()
            self.clear()
            self.settle_prices()
            self.transfer()
            self.execute_orders()
        for f in self.funds:
            if f.alive:
                self.tally["left_over"] += max(0.0, -f.cash)
