"""Asset managers through the day."""

from __future__ import annotations

from typing import Any

from tests.oracle.plain_rules import (
    DAYS_A_MONTH,
    manager_rules,
)


class Managers:
    """Redemptions, cash and returns of asset managers."""

    def bonds_of(self, m: Any) -> float:
        value = 0.0
        for t in self.trades:
            value += m.bonds[t.j] * t.price
        return value

    def redeem_from_managers(self, demanded: float) -> None:
        p = self.p
        for m in self.managers:
            bonds = self.bonds_of(m)
            sensitivity = p.manager_sensitivity[m.a]
            redeemed = manager_rules.redemption_bn(
                m.cash + bonds + m.other,
                self.volatility_multiple,
                sensitivity * p.manager_volatility_response,
                -m.earned,
                sensitivity * p.manager_loss_response / DAYS_A_MONTH,
            )
            redeemed += demanded * p.manager_opening_value_bn[m.a]
            from_cash = manager_rules.met_from_cash_bn(redeemed, m.cash, p.manager_cash_use)
            from_bonds = manager_rules.met_from_treasuries_bn(
                redeemed - from_cash, bonds, p.manager_treasury_use
            )
            part = from_bonds / bonds if bonds > 0.0 else 0.0
            m.sale = [part * held for held in m.bonds]
            from_other = redeemed - from_cash - from_bonds
            m.other -= from_other
            self.account["end"] -= from_other
            m.cash -= from_cash + from_bonds
            self.account["outside"] += redeemed
            m.flow -= redeemed
            self.tally["manager_redeemed"] += redeemed
            cut = p.manager_futures_cut * redeemed / p.manager_opening_value_bn[m.a]
            for t in self.trades:
                t.wanted_futures -= cut * p.manager_futures_share[m.a] * p.opening_futures_bn[t.j]

    def pay_managers(self, amount: float) -> None:
        for m in self.managers:
            m.cash += self.p.manager_futures_share[m.a] * amount

    def cover_managers(self) -> None:
        for m in self.managers:
            short = max(0.0, -m.cash)
            m.cash += short
            m.other -= short
            self.account["end"] -= short

    def value_managers(self) -> None:
        for m in self.managers:
            shared = self.manager_posted
            for t in self.trades:
                shared += t.given_up * t.price
            value = m.cash + self.bonds_of(m) + m.other
            value += self.p.manager_futures_share[m.a] * shared
            earned = (value - m.flow) / m.value - 1.0 if m.value > 0.0 else 0.0
            m.earned += earned - m.earned / DAYS_A_MONTH
            m.value, m.flow = value, 0.0
