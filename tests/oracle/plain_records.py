"""The day of a market by the names of ``results.variables``."""

from __future__ import annotations

from typing import Any

from tests.oracle.plain_rules import (
    CALLS,
    in_order,
    total,
)


class Recorded:
    """What is written down at the end of a day."""

    def record(self) -> dict[str, Any]:
        """The day by the names of ``results.variables``."""
        return {
            "by_trade": {
                name: [value(t) for t in self.trades] for name, value in self.trade_records().items()
            },
            "of_market": self.market_record(),
            "sales": list(self.sold_by_channel),
            "calls": [total([f.called[c] for f in self.funds]) for c in CALLS],
            "by_fund": {
                "fund_equity_by_fund": [f.equity for f in self.funds],
                "fund_packages_by_fund": [in_order(abs(face) for face in f.packages) for f in self.funds],
                "fund_cash_by_fund": [f.cash for f in self.funds],
            },
            "by_dealer": {
                "dealer_capital_by_dealer": [d.capital for d in self.dealers],
                "dealer_use_by_dealer": [d.use for d in self.dealers],
            },
        }

    def trade_records(self) -> dict[str, Any]:
        p = self.p
        return {
            "fundamental_yield_change": lambda t: self.bond_shift[p.held_bond[t.j]],
            "cash_yield_change": lambda t: (
                self.bond_shift[p.held_bond[t.j]]
                + t.pressure_bp
                + p.cash_bp_per_dislocation_bp[t.j] * self.rise(t)
            ),
            "outright_pressure": lambda t: t.pressure_bp,
            "permanent_pressure": lambda t: t.permanent_bp,
            "dislocation": lambda t: t.dislocation_bp,
            "bond_price": lambda t: t.price,
            "hedge_price": lambda t: t.hedge,
            "cheapest_to_deliver": lambda t: t.cheapest - p.basket_start[t.j],
            "volatility": lambda t: t.volatility_bp * 252.0**0.5,
            "initial_margin": lambda t: t.margin,
            "fund_packages": lambda t: t.fund_bonds,
            "dealer_packages": lambda t: t.dealer_package,
            "estate_packages": lambda t: t.estate,
            "central_bank_packages": lambda t: t.central_package,
            "asset_manager_futures": lambda t: t.manager_futures,
            "dealer_inventory": lambda t: t.inventory,
            "asset_manager_bonds": lambda t: in_order([t.given_up, *(m.bonds[t.j] for m in self.managers)]),
            "foreign_bonds": lambda t: t.foreign_bonds,
            "central_bank_bonds": lambda t: t.central_bonds,
            "end_investor_bonds": lambda t: t.end_bonds,
            "fund_sales": lambda t: t.sold,
            "fund_purchases": lambda t: t.bought,
            "auction_tail": lambda t: t.tail_bp,
        }

    def market_record(self) -> dict[str, float]:
        p = self.p
        face = [in_order(abs(held) for held in f.packages) for f in self.funds]
        weighted = [
            in_order(h * abs(held) for h, held in zip(f.haircut, f.packages, strict=True)) for f in self.funds
        ]
        used = p.unnetted_share * (self.fund_repo + self.other_repo)
        for t in self.trades:
            used += (abs(t.dealer_package) + abs(t.estate) + abs(t.inventory)) * t.price
        for other in p.dealer_other_bn:
            used += other
        return {
            "volatility_multiple": self.volatility_multiple,
            "repo_spread": self.wholesale_bp,
            "client_repo_spread": self.client_bp,
            "mean_haircut": total(weighted) / total(face) if total(face) > 0.0 else 0.0,
            "balance_sheet_cost": self.cost_bp,
            "dealer_use": used / self.limit_bn if self.limit_bn > 0.0 else 0.0,
            "dealer_use_highest": max(0.0, *(d.use for d in self.dealers)),
            "dealer_capital": in_order(d.capital for d in self.dealers),
            "dealer_borrowing": self.borrowed,
            "fund_repo": self.fund_repo,
            "lender_offer": in_order(d.offer for d in self.dealers),
            "repo_taken_back": self.tally["taken"],
            "facility_use": self.facility,
            "fund_equity": total([f.equity for f in self.funds]),
            "fund_cash": total([f.cash for f in self.funds]),
            "fund_credit_drawn": total([f.drawn for f in self.funds]),
            "fund_redemptions": self.tally["redeemed"],
            "funds_failed": float(sum(not f.alive for f in self.funds)),
            "dealers_failed": float(sum(not d.dealer_alive for d in self.dealers)),
            "dealer_client_losses": self.tally["dealer_loss"],
            "waterfall_losses": self.tally["waterfall"],
            "asset_manager_redemptions": self.tally["manager_redeemed"],
            "foreign_sales": self.tally["foreign_sold"],
            "outright_purchases": self.tally["outright"],
            "hedged_purchases": self.tally["hedged"],
            "rounds": self.tally["rounds"],
            "shortfall_left": self.tally["left_over"],
            "policy_rate": self.policy_rate,
            "other_client_repo": self.other_repo,
        }
