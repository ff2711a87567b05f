"""Dealers, lenders and the clearing house through the day."""

from __future__ import annotations

from typing import Any

from simulator.engine.parameters import (
    CARRY,
    CENTRAL_BANK,
    CLEARING_HOUSE,
    DEALERS,
    FUNDS,
    INTEREST,
    LENDERS,
    MANAGERS,
    OUTSIDE,
)
from tests.oracle.plain_rules import DAYS_A_YEAR, in_order, total


class Dealers:
    """Funding, repo rates, margins, capital."""

    def accrue_carry(self) -> None:
        """Funds earn what their hedges converge and pay interest to dealers, dealers to who finances them."""
        rules = self.rules.fund
        self.pay_to_roll()
        interest_paid = [0.0] * len(self.funds)
        for t in self.trades:
            extra = t.funding.client_bp - t.funding.opening.repo_spread_bp
            earned = rules.convergence_bn(t.hedge.value, self.rise(t.hedge), DAYS_A_YEAR)
            earned += t.hedge.paid_in_roll
            for f in self.funds:
                rate = extra + f.repo_over_average_bp
                interest = rules.extra_interest_bn(f.loan[t.n], rate, DAYS_A_YEAR)
                interest_paid[f.n] += interest
                gain = f.packages[t.n] * f.opening.hedge_ratio[t.n] * earned
                f.orders.call[INTEREST] += interest
                f.orders.call[CARRY] -= gain
        self.book_interest(total(interest_paid))
        for h in self.hedges:
            earned = rules.convergence_bn(h.value, self.rise(h), DAYS_A_YEAR)
            h.value_change = -(earned + h.paid_in_roll)
        self.pay_hedges()

    def book_interest(self, from_funds: float) -> None:
        first, interest = self.fundings[0], self.rules.fund.extra_interest_bn
        opening = first.opening.repo_spread_bp
        extra = first.wholesale_bp - opening
        others_extra = first.client_bp - opening + self.over_average()
        from_others = interest(self.dealers.other_repo, others_extra, DAYS_A_YEAR)
        to_lenders = interest(self.dealers.borrowed, extra, DAYS_A_YEAR)
        to_facility = interest(self.others.facility, extra, DAYS_A_YEAR)
        self.pay(FUNDS, DEALERS, from_funds)
        self.pay(OUTSIDE, DEALERS, from_others)
        self.pay(DEALERS, LENDERS, to_lenders)
        self.pay(DEALERS, CENTRAL_BANK, to_facility)
        self.charge(from_funds + from_others - to_lenders - to_facility)
        own = []
        for d in self.dealers:
            lent = d.lent_to_funds + d.share * self.dealers.other_repo
            own.append(d.alive * interest(lent - d.from_lenders, d.over_average_bp, DAYS_A_YEAR))
        for d in self.dealers:
            d.capital += own[d.n] - d.share * in_order(own)

    def charge(self, profit: float) -> None:
        """Dealers share a profit."""
        for d in self.dealers:
            d.capital += d.share * profit

    def lend(self, change: float) -> None:
        """Dealers lend funds so much more."""
        self.dealers.fund_repo += change
        self.pay(DEALERS, FUNDS, change)

    def lend_to_others(self, change: float) -> None:
        self.dealers.other_repo += change
        self.pay(DEALERS, OUTSIDE, change)

    def limit(self, d: Any) -> float:
        return self.rules.dealer.leverage_limit_bn(
            d.capital, leverage_relief=self.others.leverage_relief, limit_cut=d.limit_cut
        )

    def bonds_at_risk(self) -> float:
        """Value of all that dealers hold, long or short."""
        value = 0.0
        for b in self.buckets:
            hedges = [h for h in self.hedges if h.bucket is b]
            packages = [abs(h.dealer_packages) for h in hedges]
            held = in_order([*packages, *(abs(h.estate) for h in hedges)])
            value += (held + abs(b.inventory)) * b.price
        return value

    def bonds_of_dealers(self, b: Any) -> float:
        """Bonds of one bucket that dealers hold: in packages, outright, and seized."""
        hedges = [h for h in self.hedges if h.bucket is b]
        return in_order([*(h.dealer_packages for h in hedges), b.inventory, *(h.estate for h in hedges)])

    def measure_use(self) -> None:
        held = self.bonds_at_risk()
        self.dealers.limit_bn = 0.0
        for d in self.dealers:
            limit = self.limit(d)
            self.dealers.limit_bn += limit
            repo = abs(d.lent_to_funds) + self.dealers.other_repo * d.share
            d.use = self.rules.cash.balance_sheet_use(d.share * held, repo, self.others.unnetted_share, limit)

    def fund_dealers(
        self, withdrawals: list[float], flow_noise: float, facility_bn: float, to_government: float
    ) -> None:
        planned = self.plan_facility(facility_bn)
        self.lend_through_network()
        self.measure_use()
        self.others.drained = self.rules.lender.drained_bn(self.others.drained, to_government)
        drained = self.rules.lender.drained_share(self.others.drained, self.lenders.opening.limits_bn)
        missing = at_facility = buffers = 0.0
        for d in self.dealers:
            d.taken = d.gap = 0.0
            d.offer = self.offer_to(d, withdrawals[d.n], drained, flow_noise)
            d.needed = 0.0
            if d.alive:
                d.needed = self.funding_need(d) + self.dealers.buffer_used * d.share
                d.gap = self.rules.dealer.funding_gap_bn(d.needed - d.at_facility, d.offer)
                missing += d.gap
        served = 0.0
        if missing > 0.0:
            served = self.rules.facility.facility_lending_bn(missing, facility_bn, planned) / missing
        for d in self.dealers:
            lent = served * d.gap
            d.at_facility += lent
            at_facility += d.at_facility
            if d.alive:
                own = min(d.gap - lent, self.dealers.opening.cash_bn * d.share)
                buffers += own
                if self.p.channels.roll_over:
                    self.ration_clients(d, d.gap - lent - own)
            d.from_lenders = max(0.0, d.needed - d.at_facility)
        self.draw_facility(at_facility)
        self.dealers.buffer_used = buffers
        self.price_repo()

    def plan_facility(self, facility_bn: float) -> float:
        """Each dealer bids for what it could have had cheaper at the facility yesterday."""
        figures = self.p.central_bank.standing_repo
        dearer = figures.spread - self.fundings[0].opening.repo_spread_bp + self.lenders.opening.scarcity_bp
        asked = 0.0
        for d in self.dealers:
            premium = dearer + self.rules.facility.own_stigma_bp(size_place=d.opening.size_place)
            cheaper = self.rules.lender.borrowed_up_to_bn(premium, d.offer)
            d.at_facility = d.alive * self.rules.facility.facility_demand_bn(d.needed, cheaper)
            asked += d.at_facility
        if asked > facility_bn:
            for d in self.dealers:
                d.at_facility *= facility_bn / asked
        return min(asked, facility_bn)

    def draw_facility(self, wanted: float) -> None:
        change = wanted - self.others.facility
        self.others.facility = wanted
        self.dealers.borrowed -= change
        self.others.lent -= change
        self.pay(CENTRAL_BANK, LENDERS, change)

    def price_repo(self) -> None:
        first, rules = self.fundings[0].opening.repo_spread_bp, self.rules.lender
        weighted = borrowed = 0.0
        for d in self.dealers:
            d.repo_bp = first + (
                rules.scarcity_bp(d.from_lenders, d.offer) - self.lenders.opening.scarcity_bp
            )
            weighted += d.from_lenders * d.repo_bp
            borrowed += d.from_lenders
        average = first - self.lenders.opening.scarcity_bp
        if borrowed > 0.0:
            asked = [d.repo_bp for d in self.dealers if d.from_lenders > 0.0]
            average = min(max(weighted / borrowed, min(asked)), max(asked))
        for d in self.dealers:
            if d.from_lenders <= 0.0:
                d.repo_bp = average
            d.over_average_bp = d.repo_bp - average
        self.seen.repo_lowest_bp = min(average, *(d.repo_bp for d in self.dealers))
        self.seen.repo_highest_bp = max(average, *(d.repo_bp for d in self.dealers))
        for g in self.fundings:
            opening = g.opening.repo_spread_bp
            g.wholesale_bp = opening + (average - first)
            g.client_bp = self.rules.dealer.repo_spread_bp(
                opening,
                g.wholesale_bp - opening,
                self.dealers.cost_bp - self.dealers.opening.cost_bp,
                self.others.unnetted_share,
            )
        survivors = self.over_average()
        if self.seen.repo_highest_bp > self.seen.repo_lowest_bp:
            for d in self.dealers:
                d.over_average_bp = d.over_average_bp if d.alive else survivors
        for f in self.funds:
            f.repo_over_average_bp = in_order(
                f.opening.client_share[d.n] * d.over_average_bp for d in self.dealers
            )

    def over_average(self) -> float:
        """What clients pay over the average who borrow from all dealers by size."""
        return in_order(d.share * d.over_average_bp for d in self.dealers)

    def funding_need(self, d: Any) -> float:
        book = self.accounts.cash[DEALERS] + self.dealers.posted + self.dealers.other_repo
        for b in self.buckets:
            book += self.bonds_of_dealers(b) * b.price
        return d.lent_to_funds + d.share * book - d.capital

    def ration_clients(self, d: Any, gap: float) -> None:
        over = max(0.0, d.use - 1.0) * self.limit(d) if self.p.channels.dealer_capacity else 0.0
        taken = self.rules.dealer.taken_from_clients_bn(gap, over, unnetted_share=self.others.unnetted_share)
        d.taken = max(0.0, min(taken, d.lent_to_funds))
        self.seen.repo_taken_back += d.taken

    def lend_through_network(self) -> None:
        owed = [in_order(f.loan) for f in self.funds]
        orphaned = 0.0
        for d in self.dealers:
            d.lent_to_funds = total([f.opening.client_share[d.n] * owed[f.n] for f in self.funds])
            if not d.alive:
                orphaned += d.lent_to_funds
                d.lent_to_funds = 0.0
        for d in self.dealers:
            d.lent_to_funds += d.share * orphaned

    def offer_to(self, d: Any, withdrawal: float, drained: float, flow_noise: float) -> float:
        rules = self.rules.lender
        opening = in_order(lender.opening.offer_bn[d.n] for lender in self.lenders)
        d.lenders_limit = rules.limit_multiple(d.lenders_limit, min(d.from_lenders, d.offer), opening)
        trust = rules.confidence(
            self.others.volatility_multiple,
            capital_lost=1.0 - d.capital / d.opening.capital_bn,
        )
        return rules.offer_bn(opening * d.lenders_limit * d.alive, trust, withdrawal, drained, flow_noise)

    def cut_clients(self) -> None:
        share_cut = self.rules.dealer.client_cut_share
        average = in_order(d.share * share_cut(d.taken, d.lent_to_funds, 1.0) for d in self.dealers)
        for f in self.funds:
            f.cut = 0.0
            for d in self.dealers:
                share = f.opening.client_share[d.n]
                if not d.alive:
                    f.cut += share * average
                elif d.taken > 0.0:
                    weakness = f.opening.client_weakness[d.n]
                    f.cut += share * share_cut(d.taken, d.lent_to_funds, weakness)

    def step_of_client(self, f: Any, asked: list[float]) -> float:
        """What a fund's dealers add to its haircut; for one that failed the survivors' average stands in."""
        average = in_order(d.share * asked[d.n] for d in self.dealers)
        return in_order(
            f.opening.client_share[d.n] * (asked[d.n] if d.alive else average) for d in self.dealers
        )

    def set_margin(self, h: Any, multiple: float) -> None:
        figures, rules, opening = self.p.clearing_house, self.rules.house, h.opening.volatility_bp

        def at_risk(volatility: float) -> float:
            return rules.value_at_risk(
                volatility, margin_period=h.opening.margin_period, price_per_bp=h.opening.price_per_bp
            )

        now = at_risk(h.volatility_bp)
        asked = rules.margin_asked(
            now,
            at_risk(opening),
            self.p.choices.anti_procyclicality,
            long_at_risk=at_risk(opening * figures.long_history_volatility),
        )
        if self.margin_measure == "stressed-weight":
            stressed = at_risk(opening * figures.stressed_volatility)
            asked = rules.stressed_mix(now, stressed)
        floor = h.opening.margin_floor * self.others.margin_minimum
        h.model_margin = rules.margin_in_force(asked, floor, h.model_margin)
        h.margin = rules.margin_within_value(h.model_margin * multiple, h.value)

    def post_margins(self) -> None:
        dealers = managers = 0.0
        for h in self.hedges:
            dealers += h.margin * abs(h.dealer_packages + h.estate_hedges)
            managers += h.margin * abs(h.managers)
        self.pay(DEALERS, CLEARING_HOUSE, dealers - self.dealers.posted)
        self.dealers.posted = dealers
        called = managers - self.managers.posted
        for m in self.managers:
            m.cash -= m.opening.share * called
        self.pay(MANAGERS, CLEARING_HOUSE, called)
        self.managers.posted = managers

    def pay_by_waterfall(self, missing: float) -> None:
        own = min(missing, self.others.waterfall_left)
        self.others.waterfall_left -= own
        self.pay(CLEARING_HOUSE, FUNDS, own)
        self.pay(DEALERS, FUNDS, missing - own)
        self.charge(-(missing - own))
        self.seen.waterfall_losses += missing

    def close_out_dealers(self) -> None:
        failing = [d for d in self.dealers if d.alive and d.capital <= 0.0]
        if len(failing) == sum(d.alive for d in self.dealers):
            last = max(failing, key=lambda d: d.opening.share)
            failing.remove(last)
            self.rescue(last)
        for d in failing:
            missing = -d.capital
            self.dealers.borrowed -= missing
            self.others.lent -= missing
            d.capital = d.alive = 0.0
        if not failing:
            return
        left = in_order(d.opening.share * d.alive for d in self.dealers)
        for d in self.dealers:
            d.share = d.opening.share * d.alive / left

    def rescue(self, last: Any) -> None:
        support = in_order(d.opening.capital_bn for d in self.dealers) - last.capital
        self.pay(OUTSIDE, DEALERS, support)
        last.capital += support
        self.seen.public_capital += support

    def borrow(self) -> None:
        """Dealers borrow what their accounts miss at the close."""
        change = self.dealers.opening.cash_bn - self.dealers.buffer_used - self.accounts.cash[DEALERS]
        self.pay(LENDERS, DEALERS, change)
        self.dealers.borrowed += change
        self.others.lent += change
