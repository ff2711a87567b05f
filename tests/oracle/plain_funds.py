"""Hedge funds through the day: called, forced, cutting, entering, closed out."""

from __future__ import annotations

from typing import Any

from tests.oracle.plain_rules import (
    CALLS,
    CHOICE,
    CLOSED_BELOW,
    DAYS_A_MONTH,
    DEFAULT,
    HC,
    IM,
    RD,
    RECOVERY_OF_OTHER,
    RISK,
    RO,
    VM,
    funds_rules,
    total,
)


class Funds:
    """What funds do, and what is done to them."""

    def roll_repo(self, step: float) -> None:
        p = self.p
        matured = 1.0 / p.term_days
        changes = []
        for f in self.funds:
            lost = min(1.0, max(0.0, 1.0 - f.equity / p.opening_equity_bn[f.i]))
            weak = p.haircut_weak_equity * lost
            remarked = p.remarked_share[f.i]
            change = 0.0
            for t in self.trades:
                fear = p.haircut_slope * (t.volatility_ratio - 1.0) + step
                haircut = max(p.haircut_floor[f.i], p.base_haircut[f.i] + fear + weak)
                value = t.price * f.packages[t.j]
                by_haircut = remarked * (f.haircut[t.j] - haircut) * value
                maturing = remarked + (1.0 - remarked) * matured
                refused = min(f.cut, maturing) * max(0.0, f.loan[t.j])
                gap = (1.0 - haircut) * value - f.loan[t.j] - by_haircut
                restruck = gap * matured if f.cut <= 0.0 else 0.0
                f.haircut[t.j] = haircut
                f.loan[t.j] += by_haircut - refused + restruck
                f.call[HC] -= by_haircut
                f.call[RO] += refused
                f.call[VM] -= restruck
                change += by_haircut - refused + restruck
            changes.append(change)
        self.lend(total(changes))

    def call_initial_margin(self) -> None:
        before = total([f.posted for f in self.funds])
        for f in self.funds:
            needed = 0.0
            for t in self.trades:
                needed += t.margin * self.p.margin_factor * abs(f.packages[t.j] * f.ratio[t.j])
            f.call[IM] += needed - f.posted
            f.posted = needed
        self.account["house"] += total([f.posted for f in self.funds]) - before

    def redeem_from_funds(self, demanded: float) -> None:
        p = self.p
        paid = []
        for f in self.funds:
            loss = funds_rules.drawdown(f.equity, f.peak_equity)
            asked = funds_rules.redemption_request_bn(
                f.equity, loss, p.redemption_tolerance, p.redemption_response, DAYS_A_MONTH
            )
            waiting = f.pending_redemption + (asked if f.alive else 0.0)
            due = waiting / p.redemption_notice_days
            f.pending_redemption = waiting - due
            due = min(due + demanded * p.opening_equity_bn[f.i], max(0.0, f.equity)) if f.alive else 0.0
            f.call[RD] += due
            paid.append(due)
        self.account["outside"] += total(paid)
        self.tally["redeemed"] += total(paid)

    def pay_calls(self) -> None:
        self.value_funds()
        for f in self.funds:
            if not self.p.variation_margin_on:
                f.bridge += f.call[VM]
                self.account["outside"] -= f.call[VM]
                f.cash += f.call[VM]
        for f in self.funds:
            before = f.cash
            for c in CALLS:
                f.cash -= f.call[c]
                f.called[c] += max(0.0, f.call[c])
            if f.cash < 0.0:
                self.split_shortfall(f, before)
                self.find_cash(f)
            f.call = [0.0] * 5

    def worth_of_other(self, f: Any, face: float) -> float:
        return funds_rules.other_strategies_bn(face, f.other_loss, self.volatility_multiple)

    def value_funds(self) -> None:
        for f in self.funds:
            stake = called = 0.0
            for t in self.trades:
                stake += t.price * f.packages[t.j] - f.loan[t.j]
            for c in CALLS:
                called += f.call[c]
            other = self.worth_of_other(f, 1.0) * f.other
            f.equity = funds_rules.equity_bn(f.cash - called, f.posted, stake, other, f.drawn + f.bridge)

    def split_shortfall(self, f: Any, before: float) -> None:
        """Cash covers the calls in their order; what it did not reach is uncovered."""
        available = max(0.0, before)
        for c in CALLS:
            available += max(0.0, -f.call[c])
        if before >= 0.0:
            f.uncovered = [0.0] * 5
        sum_uncovered = 0.0
        for c in CALLS:
            asked = max(0.0, f.call[c])
            paid = min(available, asked)
            available -= paid
            f.uncovered[c] += asked - paid
            sum_uncovered += f.uncovered[c]
        scale = max(0.0, -f.cash) / sum_uncovered if sum_uncovered > 0.0 else 0.0
        f.uncovered = [part * scale for part in f.uncovered]

    def find_cash(self, f: Any) -> None:
        line = min(max(0.0, -f.cash), self.p.line_bn[f.i] - f.drawn)
        if line > 0.0:
            f.drawn += line
            f.cash += line
            self.account["outside"] -= line
        worth = self.worth_of_other(f, 1.0)
        sold = min(max(0.0, -f.cash), f.other_left * worth)
        if sold > 0.0:
            f.other = max(0.0, f.other - sold / worth)
            f.other_left = max(0.0, f.other_left - sold / worth)
            f.cash += sold
            self.account["end"] -= sold

    def allowed(self, f: Any) -> float:
        """Share of its book that a fund's own limits allow."""
        p, i = self.p, f.i
        if not p.risk_limit_on:
            return 1.0
        book = risk = 0.0
        for t in self.trades:
            face = abs(f.packages[t.j])
            book += face * t.price
            risk += face * (p.risk_per_face[t.j] * t.volatility_ratio)
        loss = funds_rules.drawdown(f.equity, f.peak_equity)
        minimum = p.cash_minimum * (p.opening_cash_bn[i] + p.line_bn[i])
        return min(
            funds_rules.leverage_scale(book, f.equity, p.opening_leverage[i], p.leverage_headroom[i]),
            funds_rules.value_at_risk_scale(risk, f.equity, p.opening_risk_of_equity[i], p.risk_headroom[i]),
            funds_rules.drawdown_scale(loss, p.drawdown_tolerance, p.drawdown_response),
            funds_rules.cash_scale(f.cash + p.line_bn[i] - f.drawn, minimum),
        )

    def choose_positions(self) -> None:
        p = self.p
        extra_repo = self.client_bp - p.repo_spread_bp
        allowed = [self.allowed(f) for f in self.funds]
        spare = [
            p.entry_speed * max(0.0, f.cash - p.cash_minimum * p.opening_cash_bn[f.i]) for f in self.funds
        ]
        for t in self.trades:
            bought, cut, chosen = ([0.0] * len(self.funds) for _ in range(3))
            for f in self.funds:
                f.order[t.j] = 0.0
                if not f.alive or f.cash < 0.0:
                    continue
                held, opening = f.packages[t.j], f.opening[t.j]
                if allowed[f.i] < 1.0:
                    cut[f.i] = p.cut_speed * (1.0 - allowed[f.i]) * abs(held)
                    f.order[t.j] = -cut[f.i] if held >= 0.0 else cut[f.i]
                    continue
                wanted = funds_rules.wanted_packages_bn(
                    opening,
                    f.equity / p.opening_equity_bn[f.i],
                    self.rise(t),
                    extra_repo,
                    p.entry_elasticity_bp,
                )
                gap = p.entry_speed * (wanted - held)
                if gap * opening > 0.0:
                    tied_up = max(0.0, f.haircut[t.j]) * t.price + t.margin * p.margin_factor
                    tied_up += p.transaction_cost[t.j]
                    afforded = funds_rules.affordable_purchase_bn(spare[f.i], tied_up)
                    bought[f.i] = min(abs(gap), afforded)
                    spare[f.i] -= bought[f.i] * tied_up
                else:
                    chosen[f.i] = abs(gap)
                change = bought[f.i] + chosen[f.i]
                f.order[t.j] = change if gap >= 0.0 else -change
            by_limit, by_choice = total(cut), total(chosen)
            self.sold_by_channel[RISK] += by_limit
            self.sold_by_channel[CHOICE] += by_choice
            t.sold += by_limit + by_choice
            t.bought += total(bought)
            t.has_orders = True

    def release(self, f: Any, t: Any) -> float:
        """Cash that a face sold sets free."""
        held = f.packages[t.j]
        if held == 0.0:
            return 0.0
        margin = t.margin * self.p.margin_factor * abs(f.ratio[t.j])
        cost = self.p.transaction_cost[t.j]
        if held < 0.0:
            return f.loan[t.j] / held - t.price * (1.0 + cost) + margin
        return funds_rules.cash_released(t.price, f.loan[t.j] / held, margin, cost)

    def room(self, f: Any, t: Any) -> float:
        """Face that can still be sold after what was ordered."""
        left = f.packages[t.j] + f.order[t.j]
        return abs(left) if left * f.packages[t.j] > 0.0 else 0.0

    def order_forced_sales(self) -> int:
        forced = 0
        for f in self.funds:
            f.is_selling = False
            short = max(0.0, -f.cash)
            if short > self.p.tolerance_bn and f.alive:
                sold = self.sell_pro_rata(f, short) if self.p.exit_pro_rata else self.sell_cheapest(f, short)
                f.is_selling = sold > 0.0
                forced += f.is_selling
        return forced

    def order_sale(self, f: Any, t: Any, face: float) -> None:
        f.order[t.j] += -face if f.packages[t.j] > 0.0 else face
        t.has_orders = True
        sum_uncovered = 0.0
        for c in CALLS:
            sum_uncovered += f.uncovered[c]
        for c in CALLS:
            part = f.uncovered[c] / sum_uncovered if sum_uncovered > 0.0 else 0.0
            self.sold_by_channel[c] += face * part
        t.sold += face

    def sell_pro_rata(self, f: Any, short: float) -> float:
        could = 0.0
        for t in self.trades:
            could += max(0.0, self.release(f, t)) * self.room(f, t)
        if could <= 0.0:
            return 0.0
        part = min(1.0, short / could)
        sold = 0.0
        for t in self.trades:
            face = part * self.room(f, t)
            if face > 0.0 and self.release(f, t) > 0.0:
                self.order_sale(f, t, face)
                sold += face
        return sold

    def sell_cheapest(self, f: Any, short: float) -> float:
        costs = self.p.transaction_cost
        choices = [(t, self.release(f, t), self.room(f, t)) for t in self.trades]
        exits = [exit_ for exit_ in choices if exit_[1] > 0.0 and exit_[2] > 0.0]
        exits.sort(key=lambda exit_: costs[exit_[0].j] / exit_[1])
        sold = 0.0
        for t, released, room in exits:
            if short <= 0.0:
                break
            face = funds_rules.forced_sale_bn(short, released, room)
            self.order_sale(f, t, face)
            sold += face
            short -= face * released
        return sold

    def gather_orders(self) -> None:
        for t in self.trades:
            t.order_bonds = t.order_hedges = 0.0
            if t.has_orders:
                t.order_bonds = total([f.order[t.j] for f in self.funds])
                t.order_hedges = total([f.order[t.j] * f.ratio[t.j] for f in self.funds])

    def execute_orders(self) -> None:
        p = self.p
        lent, costs = ([0.0] * len(self.funds) for _ in range(2))
        cash, posted = total([f.cash for f in self.funds]), total([f.posted for f in self.funds])
        for t in self.trades:
            if not t.has_orders:
                continue
            for f in self.funds:
                held, change = f.packages[t.j], f.order[t.j]
                if abs(held + change) < CLOSED_BELOW:
                    change = -held
                cost = 0.0
                if change * held < 0.0:
                    loan = change / held * f.loan[t.j]
                    cost = p.transaction_cost[t.j] * t.price * abs(change)
                else:
                    loan = (1.0 - f.haircut[t.j]) * t.price * change
                after = held + change
                margin = t.margin * p.margin_factor * abs(f.ratio[t.j]) * (abs(after) - abs(held))
                f.packages[t.j] = after
                f.loan[t.j] += loan
                f.posted += margin
                f.cash += loan - change * t.price - margin - cost
                f.order[t.j] = 0.0
                lent[f.i] += loan
                costs[f.i] += cost
            t.fund_bonds += t.order_bonds
            t.fund_hedge += t.order_hedges
            t.has_orders = False
        self.fund_repo += total(lent)
        margin = total([f.posted for f in self.funds]) - posted
        self.account["house"] += margin
        self.account["dealers"] -= margin + (total([f.cash for f in self.funds]) - cash)
        self.share_among_dealers(total(costs))

    def close_out(self, is_failing: Any) -> int:
        failing = [f for f in self.funds if f.alive and is_failing(f)]
        for f in failing:
            self.close_out_fund(f)
        return len(failing)

    def has_fallen(self, f: Any) -> bool:
        """Nothing is left, or so much was lost from the highest value that the dealers end it."""
        return f.equity <= 0.0 or f.equity <= f.peak_equity * (1.0 - self.p.nav_trigger)

    def close_out_or_carry(self) -> int:
        """Funds that miss cash and cannot sell fail, or are carried from outside where nobody may fail."""

        def is_unpaid(f: Any) -> bool:
            return f.cash < -self.p.tolerance_bn and not f.is_selling

        if self.p.default_on:
            return self.close_out(is_unpaid)
        for f in self.funds:
            if f.alive and is_unpaid(f):
                f.bridge -= f.cash
                self.account["outside"] += f.cash
                f.cash = 0.0
        return 0

    def close_out_fund(self, f: Any) -> None:
        cash = f.cash + f.posted
        self.account["house"] -= f.posted
        restored = 0.0
        if f.cash < 0.0:
            self.account["outside"] -= f.uncovered[RD]
            cash += f.uncovered[RD]
            restored = min(f.uncovered[HC] + f.uncovered[RO], max(0.0, -cash))
            self.lend(restored)
            cash += restored
        self.account["outside"] += self.seize(f, cash, restored)
        f.cash = f.posted = f.drawn = f.bridge = f.other = f.equity = f.pending_redemption = 0.0
        f.uncovered = [0.0] * 5
        f.alive = 0.0

    def seize(self, f: Any, cash: float, owed: float) -> float:
        """Dealers take the book against the repo; returns the cash left when all debts are paid."""
        p = self.p
        worth = seized = 0.0
        for t in self.trades:
            held = f.packages[t.j]
            owed += f.loan[t.j]
            worth += held * t.price
            seized += abs(held)
            t.estate += held
            t.estate_hedge += held * f.ratio[t.j]
            t.estate_pace += abs(held) / p.liquidation_days
            t.fund_bonds -= held
            t.fund_hedge -= held * f.ratio[t.j]
            t.sold += abs(held)
        f.packages, f.loan, f.order = ([0.0] * len(self.trades) for _ in range(3))
        self.sold_by_channel[DEFAULT] += seized
        if cash < 0.0:
            self.pay_by_waterfall(-cash)
            cash = 0.0
        self.fund_repo -= owed
        surplus = worth - owed
        if surplus >= 0.0:
            self.account["dealers"] -= surplus
            return cash + surplus
        missing = -surplus
        paid = min(missing, cash)
        sold = min(missing - paid, RECOVERY_OF_OTHER * self.worth_of_other(f, f.other))
        self.account["dealers"] += paid + sold
        self.account["end"] -= sold
        loss = missing - paid - sold
        self.tally["dealer_loss"] += loss
        orphaned = 0.0
        for d in self.dealers:
            if d.dealer_alive:
                d.capital -= p.client_share[f.i][d.d] * loss
            else:
                orphaned += p.client_share[f.i][d.d] * loss
        self.share_among_dealers(-orphaned)
        return cash - paid

    def pay_by_waterfall(self, missing: float) -> None:
        own = min(missing, self.waterfall_left)
        self.waterfall_left -= own
        self.account["house"] -= own
        self.account["dealers"] -= missing - own
        self.share_among_dealers(-(missing - own))
        self.tally["waterfall"] += missing
