"""Asset managers through the day."""

from __future__ import annotations

from typing import Any

from simulator.engine.parameters import END_INVESTORS, MANAGERS, OUTSIDE
from tests.oracle.plain_rules import DAYS_A_MONTH, in_order


class Managers:
    """Redemptions, cash and returns of asset managers."""

    def bonds_of(self, m: Any) -> float:
        value = 0.0
        for b in self.buckets:
            value += m.bonds[b.n] * b.price
        return value

    def redeem_from_managers(self, demanded: float) -> None:
        figures, rules = self.p.asset_managers, self.rules.manager
        held, wanted_in_all = in_order(h.given_up * h.bucket.price for h in self.hedges), 0.0
        for h in self.hedges:
            today = rules.adjusted_today_bn(h.waiting)
            h.waiting -= today
            h.wanted += today
        for m in self.managers:
            bonds = self.bonds_of(m)
            redeemed = rules.redemption_bn(
                m.cash + bonds + m.other,
                self.others.volatility_multiple,
                m.opening.sensitivity * figures.volatility_redemption,
                -m.month_return,
                m.opening.sensitivity * figures.loss_redemption / DAYS_A_MONTH,
            )
            redeemed += demanded * m.opening.value_bn
            m.month_outflow = rules.over_a_month(m.month_outflow, redeemed, DAYS_A_MONTH)
            wanted = rules.precautionary_cash_bn(m.opening.cash_bn, m.month_outflow)
            held += m.cash
            wanted_in_all += wanted
            raised = rules.cash_to_raise_bn(redeemed, m.cash, wanted)
            from_bonds = rules.treasuries_sold_bn(raised, bonds)
            part = from_bonds / bonds if bonds > 0.0 else 0.0
            m.orders.manager_sale = [part * held for held in m.bonds]
            from_other = raised - from_bonds
            m.other -= from_other
            self.pay(END_INVESTORS, MANAGERS, from_other)
            m.cash += from_other - redeemed
            self.pay(MANAGERS, OUTSIDE, redeemed)
            m.flow -= redeemed
            self.seen.manager_redemptions += redeemed
            dropped = rules.hedges_dropped_share(redeemed, m.opening.value_bn)
            for h in self.hedges:
                h.waiting -= dropped * m.opening.share * h.opening.demand_bn
        self.managers.price_response = rules.price_response(held, wanted_in_all)
        for h in self.hedges:
            sold = in_order(m.orders.manager_sale[h.bucket.n] for m in self.managers)
            h.wanted += h.opening.share_of_bucket * rules.kept_in_futures_bn(sold)

    def share_among_managers(self, amount: float) -> None:
        for m in self.managers:
            m.cash += m.opening.share * amount

    def cover_managers(self) -> None:
        for m in self.managers:
            short = max(0.0, -m.cash)
            m.cash += short
            m.other -= short
            self.pay(END_INVESTORS, MANAGERS, short)

    def value_managers(self) -> None:
        for m in self.managers:
            shared = self.managers.posted + in_order(h.given_up * h.bucket.price for h in self.hedges)
            value = m.cash + self.bonds_of(m) + m.other
            value += m.opening.share * shared
            earned = (value - m.flow) / m.value - 1.0 if m.value > 0.0 else 0.0
            m.month_return = self.rules.manager.over_a_month(m.month_return, earned, DAYS_A_MONTH)
            m.value, m.flow = value, 0.0
