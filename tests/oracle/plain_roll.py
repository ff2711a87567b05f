"""Delivery months: rolled from one to the next, and held until delivery."""

from __future__ import annotations

from typing import Any

from simulator.engine.parameters import CHOICE, DEALERS, FUNDS
from tests.oracle.plain_rules import total


class Rolls:
    """What the calendar of delivery months does to who holds futures."""

    def turn_calendar(self, day: int) -> None:
        """Positions are entered anew at the price of the month that is held from today."""
        for h in self.hedges:
            h.rolled = self.plan.rolled[day][h.n]
            h.years_to_delivery = self.plan.years_to_delivery[day][h.n]
            if h.time_left != self.plan.time_left[day][h.n]:
                h.time_left = self.plan.time_left[day][h.n]
                h.value = h.value_at_open = self.value_of(h) - h.beyond_limit

    def pay_to_roll(self) -> None:
        for h in self.hedges:
            h.paid_in_roll = 0.0
            if h.rolled:
                h.roll_side = self.side_of_roll(h)
                h.paid_in_roll = self.rules.hedge.paid_in_roll(
                    h.value, h.rolled, h.roll_side, h.opening.roll_side
                )

    def side_of_roll(self, h: Any) -> float:
        """Who hurries more to leave the month: longs without cash for bonds, or shorts without bonds to deliver."""
        with_bonds = max(0.0, h.dealer_packages) + max(0.0, h.estate_hedges) + max(0.0, h.central_packages)
        shorts = with_bonds + max(0.0, -h.managers) + max(0.0, -h.others)
        waiting = with_bonds
        for t in self.trades:
            if t.hedge is h:
                shorts += max(0.0, t.fund_hedges)
                if t.opening.delivers:
                    waiting += total(
                        [f.opening.hedge_ratio[t.n] * self.can_deliver(f, t) for f in self.funds]
                    )
        take = self.p.asset_managers.takes_delivery * self.managers.price_response * max(0.0, h.managers)
        return self.rules.hedge.roll_side(waiting, take, shorts) if shorts > 0.0 else 0.0

    def can_deliver(self, f: Any, t: Any) -> float:
        """Bonds that a fund can hold until delivery; one whose repo is not rolled cannot wait."""
        if not self.rules.fund.may_add(f.cut):
            return 0.0
        return self.rules.fund.deliverable_bn(f.packages[t.n], f.unencumbered[t.n], f.opening.remarked_share)

    def kept_for_delivery(self, f: Any, t: Any, given_up: float) -> float:
        """Part of what a fund would give up today that it keeps until delivery; it comes out of its order."""
        held, waiting = f.packages[t.n], f.to_deliver[t.n]
        if not t.hedge.rolled or not t.opening.delivers or given_up <= 0.0 or held <= 0.0:
            return 0.0
        repo = t.funding.client_bp - t.funding.opening.repo_spread_bp + f.repo_over_average_bp
        gain = self.rules.fund.delivery_gain(
            t.bucket.price,
            self.rise(t.hedge),
            repo,
            t.hedge.years_to_delivery,
            t.opening.transaction_cost,
            t.opening.net_basis,
        )
        if gain <= 0.0 or not self.rules.fund.may_add(f.cut):
            return 0.0
        already = given_up * min(1.0, waiting / held)
        kept = self.rules.fund.kept_for_delivery_bn(given_up - already, self.can_deliver(f, t), waiting)
        f.to_deliver[t.n] += kept
        f.orders.packages[t.n] += already + kept
        return (already + kept) / given_up

    def deliver_bonds(self, day: int) -> None:
        for t in self.trades:
            if self.plan.is_delivery[day][t.hedge.n]:
                self.deliver(t)

    def deliver(self, t: Any) -> None:
        """Bonds that waited go to dealers for cash; funds repay their repo."""
        price, faces, hedges, loans, received = t.bucket.price, [], [], [], []
        for f in self.funds:
            held = f.packages[t.n]
            face = min(f.to_deliver[t.n], max(0.0, held))
            loan = self.rules.fund.loan_repaid_bn(face, held, f.unencumbered[t.n], f.loan[t.n])
            cash = face * (price - t.opening.net_basis) - loan
            f.unencumbered[t.n] -= min(f.unencumbered[t.n], face)
            f.packages[t.n] = held - face
            f.loan[t.n] -= loan
            f.cash += cash
            f.to_deliver[t.n] = 0.0
            if f.named:
                f.named.sold[CHOICE] += face
            faces.append(face)
            hedges.append(face * f.opening.hedge_ratio[t.n])
            loans.append(loan)
            received.append(cash)
        t.fund_bonds -= total(faces)
        t.fund_hedges -= total(hedges)
        t.hedge.dealer_packages += total(hedges)
        t.bucket.inventory += total(faces) - total(hedges)
        self.dealers.fund_repo -= total(loans)
        self.pay(DEALERS, FUNDS, total(received))
        self.charge(t.opening.net_basis * total(faces))
        t.seen.delivered += total(faces)
        t.seen.sold += total(faces)
        self.seen.sold_by_channel[CHOICE] += total(faces)
