"""The naive twin of the kernel: one path at a time, agents as objects, plain loops, the same rules as plain Python.

Written from what a day is supposed to do, not from arrays: no array, no compiled phase, no scratch. It calls the
rules' own ``py_func`` and adds up in the order the kernel does (over funds in four interleaved partial sums), so
that every record must come out with the same bits. What it shares with the engine is the opening books and the
rules; what it checks is everything between them.
"""

from __future__ import annotations

import math
from typing import Any

from simulator.engine.opening.prepare import Prepared
from simulator.engine.parameters import CHANNELS, DEALERS
from simulator.engine.status import NOT_FINITE, RUNNING
from tests.oracle.plain_dealers import Dealers
from tests.oracle.plain_funds import Funds
from tests.oracle.plain_managers import Managers
from tests.oracle.plain_markets import Markets
from tests.oracle.plain_opening import Opening
from tests.oracle.plain_records import Recorded
from tests.oracle.plain_roll import Rolls
from tests.oracle.plain_rules import BASIS_POINT, CALLS, total


class PlainMarket(Opening, Funds, Dealers, Managers, Markets, Rolls, Recorded):
    """A market on its opening day, which can be played."""

    def __init__(self, prepared: Prepared) -> None:
        super().__init__(prepared)
        self.impact_form = prepared.scenario.dealers.impact
        self.margin_measure = prepared.scenario.clearing_house.anti_procyclicality

    def play(
        self, curve: Any, volatility: Any, noise: Any, equity: Any, credit: Any, come: Any, gone: Any
    ) -> list[dict[str, Any]]:
        """Play the path that the drivers describe; one record a day, up to the day on which it stops."""
        days = []
        for day in range(len(volatility)):
            self.others.equity_change = float(equity[day])
            self.others.credit_change_bp = float(credit[day])
            change, defaults = come[day].tolist(), gone[day].tolist()
            self.play_day(
                day, curve[day].tolist(), float(volatility[day]), noise[day].tolist(), change, defaults
            )
            books = self.accounts.cash[DEALERS] + self.dealers.fund_repo + self.dealers.cost_bp
            if self.status == RUNNING and not math.isfinite(books):
                self.status = NOT_FINITE
            if self.status != RUNNING:
                break
            days.append(self.record())
        return days

    def play_day(
        self,
        day: int,
        curve: list[float],
        volatility: float,
        noise: list[float],
        come: list[float],
        gone: list[float],
    ) -> None:
        p, plan, on = self.p, self.plan, self.plan.flow_noise_on[0]
        foreign_noise, manager_noise, investor_noise, lender_noise, bidder_noise = noise
        self.start_day(day, curve, volatility, come, gone)
        self.pass_on_inventory(plan.investor_demand_bn[day])
        self.accrue_carry()
        for h in self.hedges:
            self.find_cheapest(h)
        self.settle_prices()
        self.deliver_bonds(day)
        self.lend_to_others(plan.client_repo_bn[day])
        self.fund_dealers(
            plan.lender_withdrawal[day],
            p.lenders.flow_noise * on * lender_noise,
            self.others.facility_bn,
            plan.paid_to_government_bn[day],
        )
        self.cut_clients()
        self.roll_repo(day)
        if p.channels.initial_margin:
            for h in self.hedges:
                self.set_margin(h, plan.margin_multiple[day][h.n])
        for h in self.hedges:
            if h.opening.capital_cost > 0.0:
                h.margin_cost_bp = self.margin_cost(h)
        self.call_initial_margin()
        self.call_other_losses()
        if p.channels.redemption:
            by_chance = max(0.0, p.funds.flow_noise * on * investor_noise)
            self.redeem_from_funds(plan.fund_redemption[day] + by_chance)
        by_chance = p.asset_managers.flow_noise * on * manager_noise
        self.redeem_from_managers(plan.manager_redemption[day] + by_chance)
        self.close_out_sellers()
        for h in self.hedges:
            dearer = h.margin / h.opening.margin if h.opening.margin > 0.0 and h.margin > 0.0 else 1.0
            steady = h.opening.steady_bn
            of_others = h.opening.other_hedgers_bn - steady - h.opening.protection_sold_bn
            h.orders.others_next = steady + h.protection + self.rules.others.held_bn(of_others, dearer)
            if h.opening.receivers_bn or h.opening.payers_bn:
                bond = h.bucket.bond
                rise = (self.cash_yield(bond) - bond.opening.yield_) / BASIS_POINT - self.rise(h)
                wanted = self.rules.others.received_for_rates_bn(
                    h.opening.receivers_bn, h.opening.payers_bn, rise
                )
                h.received = self.rules.others.received_today_bn(h.received, wanted)
                h.orders.others_next += h.received
            if h.opening.speculators_bn:
                can = self.rules.trend.affordable_bn(h.opening.speculators_bn, dearer)
                h.speculators = self.rules.trend.position_today_bn(
                    h.speculators, self.rules.trend.wanted_bn(can, h.trend)
                )
                h.orders.others_next += h.speculators
        self.exchange_bonds(plan.exchange_bn[day])
        self.sell_from_abroad(plan.foreign_sale_bn[day], p.foreign_holders.flow_noise * on * foreign_noise)
        self.hold_auctions(
            plan.auction_bn[day],
            plan.auction_new_bn[day],
            plan.auction_dealer_share[day],
            plan.auction_noise[day],
            plan.auction_response[day],
            bidder_noise,
        )
        self.trade_for_policy(plan.outright_bn[day], plan.hedged_bn[day])
        self.buy_back(plan.buy_back_bn[day])
        self.offer_estates()
        self.play_rounds()
        self.cover_managers()
        self.post_margins()
        self.cover_managers()
        self.close_out_dealers()
        self.borrow()
        self.value_managers()
        self.remember()

    def start_day(
        self, day: int, curve: list[float], volatility: float, come: list[float], gone: list[float]
    ) -> None:
        plan = self.plan
        for name, value in vars(self.seen).items():
            if isinstance(value, float):
                setattr(self.seen, name, 0.0)
        self.seen.sold_by_channel = [0.0] * len(CHANNELS)
        for f in self.funds:
            f.seen.called = [0.0] * len(CALLS)
        for one in self.named_funds:
            one.settled, one.sold = [0.0] * len(CALLS), [0.0] * len(CHANNELS)
            one.short = one.sale_cost = 0.0
        for t in self.trades:
            t.seen.sold = t.seen.bought = t.seen.delivered = 0.0
        self.turn_calendar(day)
        for h in self.hedges:
            h.wanted += (plan.hedge_demand_shift[day][h.n] + come[h.n]) * h.opening.demand_bn
        for g in self.fundings:
            g.policy_rate = plan.policy_rate[day][g.n]
        self.others.volatility_multiple = volatility
        for d in self.dealers:
            d.limit_cut = plan.limit_cut[day][d.n]
        for bond in self.bonds:
            bond.curve_shift_bp = 0.0
            for weight, change in zip(bond.opening.curve_weight, curve, strict=True):
                bond.curve_shift_bp += weight * change
            if bond.opening.spread_response:
                bond.curve_shift_bp += self.rules.credit.spread_change_bp(
                    self.others.credit_change_bp, bond.opening.spread_response
                )
        self.bring_defaults(gone)
        self.set_volatility()
        self.set_levers(day)

    def play_rounds(self) -> None:
        most = self.p.numerics.rounds_max
        for n in range(most + 1):
            self.pay_calls()
            failed = self.close_out(self.has_fallen) if self.p.channels.default else 0
            if n == 0:
                self.choose_positions()
            forced = 0
            if n < most:
                forced = self.order_forced_sales()
                failed += self.close_out_or_carry()
            self.seen.rounds = n + 1.0
            if n == most or (n > 0 and not forced and not failed):
                break
            self.gather_orders()
            self.clear()
            self.settle_prices()
            self.transfer()
            self.execute_orders()
        self.seen.shortfall_left = total([f.alive * self.short_of(f) for f in self.funds])

    def remember(self) -> None:
        """What the day leaves for tomorrow: peaks, what may be sold, and the variance of each hedge."""
        for f in self.funds:
            f.peak_equity = max(f.peak_equity, f.equity)
            f.other_left = min(f.other, f.opening.other_sale_bn)
        for h in self.hedges:
            if h.opening.speculators_bn:
                deviations = (h.value - h.value_at_open) / (h.volatility_bp * h.opening.price_per_bp)
                h.trend = self.rules.trend.trend_today(h.trend, deviations)
            move = (h.value - h.value_at_open) / h.opening.price_per_bp
            h.variance = self.rules.house.variance_estimate(h.variance, move)
            h.value_at_open = h.value
