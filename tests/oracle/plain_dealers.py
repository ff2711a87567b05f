"""Dealers, lenders and the clearing house through the day."""

from __future__ import annotations

from typing import Any

from simulator.engine.status import NO_DEALER_LEFT
from tests.oracle.plain_rules import (
    DAYS_A_YEAR,
    VM,
    bank_rules,
    dealer_rules,
    funds_rules,
    house_rules,
    lender_rules,
    total,
)


class Dealers:
    """Funding, repo rates, margins, capital."""

    def accrue_carry(self) -> None:
        p = self.p
        client_extra = self.client_bp - p.repo_spread_bp
        interest_paid = [0.0] * len(self.funds)
        for t in self.trades:
            earned = funds_rules.convergence_bn(t.hedge, self.rise(t), DAYS_A_YEAR)
            for f in self.funds:
                interest = funds_rules.extra_interest_bn(f.loan[t.j], client_extra, DAYS_A_YEAR)
                interest_paid[f.i] += interest
                f.call[VM] += interest - f.packages[t.j] * f.ratio[t.j] * earned
        from_funds = total(interest_paid)
        extra = self.wholesale_bp - p.repo_spread_bp
        from_others = funds_rules.extra_interest_bn(self.other_repo, client_extra, DAYS_A_YEAR)
        to_lenders = funds_rules.extra_interest_bn(self.borrowed, extra, DAYS_A_YEAR)
        to_facility = funds_rules.extra_interest_bn(self.facility, extra, DAYS_A_YEAR)
        kept = from_funds + from_others - to_lenders - to_facility
        self.account["dealers"] += kept
        self.account["outside"] -= from_others
        self.account["lenders"] += to_lenders
        self.account["central"] += to_facility
        self.share_among_dealers(kept)
        self.pay_hedges(
            [-funds_rules.convergence_bn(t.hedge, self.rise(t), DAYS_A_YEAR) for t in self.trades]
        )

    def limit(self, d: Any) -> float:
        return dealer_rules.leverage_limit_bn(d.capital, self.p.capital_ratio, self.relief, self.limit_cut)

    def fund_dealers(self, withdrawal: float, flow_noise: float, facility_open: bool) -> None:
        p = self.p
        self.lend_through_network()
        held = 0.0
        for t in self.trades:
            held += (abs(t.dealer_package) + abs(t.estate) + abs(t.inventory)) * t.price
        self.limit_bn = 0.0
        for d in self.dealers:
            limit = self.limit(d)
            self.limit_bn += limit
            used = d.share * held + p.unnetted_share * (d.lent_to_funds + self.other_repo * d.share)
            d.use = (used + p.dealer_other_bn[d.d]) / limit if limit > 0.0 else 0.0
        needed = offered = missing = at_facility = buffers = 0.0
        for d in self.dealers:
            d.taken = d.gap = 0.0
            d.offer = self.offer_to(d, withdrawal, flow_noise)
            if d.dealer_alive:
                wanted = self.funding_need(d) + self.buffer_used * d.share
                d.gap = dealer_rules.funding_gap_bn(wanted, d.offer)
                needed += wanted
                offered += d.offer
                missing += d.gap
        served = 0.0
        if facility_open and missing > 0.0:
            served = bank_rules.facility_lending_bn(missing, p.facility_capacity_bn, 0.0) / missing
        for d in self.dealers:
            if not d.dealer_alive:
                continue
            lent = served * d.gap
            own = min(d.gap - lent, p.dealer_cash_bn * d.share)
            at_facility += lent
            buffers += own
            if p.roll_over_on:
                self.ration_clients(d, d.gap - lent - own)
        change = at_facility - self.facility
        self.facility = at_facility
        self.borrowed -= change
        self.account["lenders"] += change
        self.account["central"] -= change
        self.buffer_used = buffers
        scarce = lender_rules.scarcity_bp(needed, offered, p.easy_share, p.scarcity_slope_bp)
        ceiling = p.facility_spread_bp if facility_open else 1e9
        self.wholesale_bp = dealer_rules.wholesale_spread_bp(p.repo_spread_bp, scarce, ceiling)
        self.client_bp = dealer_rules.repo_spread_bp(
            p.repo_spread_bp,
            self.wholesale_bp - p.repo_spread_bp,
            self.cost_bp - p.opening_cost_bp,
            p.unnetted_share,
        )

    def funding_need(self, d: Any) -> float:
        book = self.account["dealers"] + self.dealer_posted + self.other_repo
        for t in self.trades:
            book += (t.dealer_package + t.inventory + t.estate) * t.price
        return d.lent_to_funds + d.share * book - d.capital

    def ration_clients(self, d: Any, gap: float) -> None:
        p = self.p
        over = max(0.0, d.use - 1.0) * self.limit(d) if p.dealer_capacity_on else 0.0
        taken = dealer_rules.taken_from_clients_bn(gap, over, p.client_cut_speed, p.unnetted_share)
        d.taken = max(0.0, min(taken, d.lent_to_funds))
        self.tally["taken"] += d.taken

    def lend_through_network(self) -> None:
        owed = []
        for f in self.funds:
            sum_of_loans = 0.0
            for loan in f.loan:
                sum_of_loans += loan
            owed.append(sum_of_loans)
        orphaned = 0.0
        for d in self.dealers:
            d.lent_to_funds = 0.0
            for f in self.funds:
                d.lent_to_funds += self.p.client_share[f.i][d.d] * owed[f.i]
            if not d.dealer_alive:
                orphaned += d.lent_to_funds
                d.lent_to_funds = 0.0
        for d in self.dealers:
            d.lent_to_funds += d.share * orphaned

    def offer_to(self, d: Any, withdrawal: float, flow_noise: float) -> float:
        p = self.p
        limits = 0.0
        for lender in p.lender_offer_bn:
            limits += lender[d.d]
        trust = lender_rules.confidence(
            self.volatility_multiple,
            p.lender_volatility_response,
            1.0 - d.capital / p.opening_capital_bn[d.d],
            p.lender_loss_tolerance,
            p.lender_loss_response,
        )
        return max(0.0, limits * d.dealer_alive * trust * (1.0 - withdrawal) * (1.0 + flow_noise))

    def cut_clients(self) -> None:
        p = self.p
        average = 0.0
        for d in self.dealers:
            average += d.share * dealer_rules.client_cut_share(d.taken, d.lent_to_funds, 1.0)
        for f in self.funds:
            f.cut = 0.0
            for d in self.dealers:
                share = p.client_share[f.i][d.d]
                if not d.dealer_alive:
                    f.cut += share * average
                elif d.taken > 0.0:
                    weakness = p.client_weakness[f.i][d.d]
                    f.cut += share * dealer_rules.client_cut_share(d.taken, d.lent_to_funds, weakness)

    def set_margin(self, t: Any, multiple: float) -> None:
        p, opening = self.p, self.p.opening_volatility_bp[t.j]

        def at_risk(volatility: float) -> float:
            return house_rules.value_at_risk(
                volatility, p.margin_confidence, p.margin_period_days, p.price_per_bp[t.j]
            )

        now = at_risk(t.volatility_bp)
        asked = now
        if self.margin_measure == "buffer":
            asked = max(now, (1.0 + p.margin_buffer) * at_risk(opening))
        elif self.margin_measure == "floor":
            asked = max(now, at_risk(opening * p.long_volatility))
        elif self.margin_measure == "stressed-weight":
            asked = house_rules.stressed_mix(now, at_risk(opening * p.stressed_volatility), p.stressed_weight)
        t.model_margin = house_rules.margin_in_force(
            asked, p.margin_floor[t.j], t.model_margin, p.margin_daily_rise
        )
        t.margin = t.model_margin * multiple

    def lend(self, change: float) -> None:
        """Dealers lend funds so much more."""
        self.fund_repo += change
        self.account["dealers"] -= change

    def share_among_dealers(self, profit: float) -> None:
        for d in self.dealers:
            d.capital += d.share * profit

    def post_margins(self) -> None:
        dealers = managers = 0.0
        for t in self.trades:
            dealers += t.margin * abs(t.dealer_package + t.estate_hedge)
            managers += t.margin * abs(t.manager_futures)
        self.account["dealers"] -= dealers - self.dealer_posted
        self.account["house"] += dealers - self.dealer_posted
        self.dealer_posted = dealers
        called = managers - self.manager_posted
        for m in self.managers:
            m.cash -= self.p.manager_futures_share[m.a] * called
        self.account["house"] += called
        self.manager_posted = managers

    def close_out_dealers(self) -> None:
        failing = [d for d in self.dealers if d.dealer_alive and d.capital <= 0.0]
        for d in failing:
            self.borrowed -= -d.capital
            d.capital = d.dealer_alive = 0.0
        if not failing:
            return
        left = 0.0
        for d in self.dealers:
            left += self.p.dealer_share[d.d] * d.dealer_alive
        if left <= 0.0:
            self.status = NO_DEALER_LEFT
            return
        for d in self.dealers:
            d.share = self.p.dealer_share[d.d] * d.dealer_alive / left

    def borrow(self) -> None:
        change = self.p.dealer_cash_bn - self.buffer_used - self.account["dealers"]
        self.account["dealers"] += change
        self.account["lenders"] -= change
        self.borrowed += change
