"""What is written down at the end of a day."""

from __future__ import annotations

from typing import Any

from simulator.engine.parameters import FUTURES
from simulator.results.variables import GROUPS
from tests.oracle.plain_rules import CALLS, in_order, total


class Recorded:
    """The day as it is observed at its close."""

    def record(self) -> dict[str, Any]:
        """The day by the names of ``results.variables``; a variable is the row of the books that it names."""
        self.observe_markets()
        self.observe_dealers()
        self.observe_funds()
        self.observe_named()
        return {variable.name: self.row(variable.of) for group in GROUPS for variable in group.variables}

    def observe_markets(self) -> None:
        for b in self.buckets:
            b.seen.fundamental_change_bp = b.bond.curve_shift_bp
            b.seen.cash_yield_change_bp = b.bond.curve_shift_bp + b.pressure_bp + b.basis_bp
            replaced = [h.given_up for h in self.hedges if h.bucket is b]
            b.seen.manager_bonds = in_order([*replaced, *(m.bonds[b.n] for m in self.managers)])
        for h in self.hedges:
            h.seen.cheapest_place = float(h.cheapest - h.basket[0].n)
            h.seen.volatility_year_bp = h.volatility_bp * 252.0**0.5
            h.seen.implied_repo = self.implied_repo(h) if h.opening.kind == FUTURES else 0.0
            classes = [
                h.managers,
                h.others - h.speculators,
                h.speculators,
                h.dealer_packages + h.estate_hedges,
            ]
            classes += [h.central_packages, *(t.fund_hedges for t in self.trades if t.hedge is h)]
            held = h.seen.open_interest = 0.5 * in_order(abs(position) for position in classes)
            h.seen.volume_over_open_interest = (
                self.rules.trend.volume_over_open_interest(h.speculators, held) if held else 0.0
            )
        first = self.fundings[0]
        self.seen.wholesale_repo_bp = first.wholesale_bp
        self.seen.client_repo_bp = first.client_bp
        self.seen.policy_rate = first.policy_rate

    def observe_dealers(self) -> None:
        self.seen.dealer_use = self.rules.cash.balance_sheet_use(
            self.bonds_at_risk(),
            abs(self.dealers.fund_repo) + self.dealers.other_repo,
            self.others.unnetted_share,
            self.dealers.limit_bn,
        )
        self.seen.dealer_use_highest = max(0.0, *(d.use for d in self.dealers))
        self.seen.dealer_capital = in_order(d.capital for d in self.dealers)
        self.seen.lender_offer = in_order(d.offer for d in self.dealers)
        self.seen.dealers_failed = float(sum(not d.alive for d in self.dealers))

    def observe_funds(self) -> None:
        for f in self.funds:
            f.seen.fund_book = in_order(abs(face) for face in f.packages)
        face = total([f.seen.fund_book for f in self.funds])
        weighted = [
            in_order(haircut * abs(held) for haircut, held in zip(f.haircut, f.packages, strict=True))
            for f in self.funds
        ]
        self.seen.mean_haircut = total(weighted) / face if face > 0.0 else 0.0
        self.seen.fund_equity = total([f.equity for f in self.funds])
        self.seen.fund_cash = total([f.cash for f in self.funds])
        self.seen.fund_drawn = total([f.drawn for f in self.funds])
        self.seen.fund_loans = in_order(total([f.loan[t.n] for f in self.funds]) for t in self.trades)
        self.seen.funds_failed = float(sum(not f.alive for f in self.funds))
        self.seen.called_in_all = [total([f.seen.called[c] for f in self.funds]) for c in CALLS]

    def observe_named(self) -> None:
        for f in self.funds:
            if f.named:
                f.named.packages, f.named.equity, f.named.cash = list(f.packages), f.equity, f.cash
                f.named.line_left = f.alive * (f.opening.line_bn - f.drawn)
                f.named.margin, f.named.alive = f.posted, f.alive
                f.named.repo = in_order(f.loan)
        for d in self.dealers:
            if d.named:
                d.named.capital, d.named.use, d.named.lent, d.named.taken = (
                    d.capital,
                    d.use,
                    d.lent_to_funds,
                    d.taken,
                )
                d.named.gap, d.named.repo_bp, d.named.alive = d.gap, d.repo_bp, d.alive
