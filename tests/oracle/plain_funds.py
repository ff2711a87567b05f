"""Hedge funds through the day: called, forced, cutting, entering, closed out."""

from __future__ import annotations

from typing import Any

from simulator.engine.parameters import (
    CHOICE,
    CLEARING_HOUSE,
    COLLATERAL,
    DEALERS,
    DEFAULT,
    END_INVESTORS,
    FUNDS,
    HAIRCUT,
    INITIAL_MARGIN,
    OTHER_STRATEGIES,
    OUTSIDE,
    REDEMPTION,
    RISK_LIMIT,
    ROLL_OVER,
    SETTLEMENT_COUNT,
)
from tests.oracle.plain_rules import CALLS, CLOSED_BELOW, DAYS_A_MONTH, RECOVERY_OF_OTHER, in_order, total


class Funds:
    """What funds do, and what is done to them."""

    def margin_rate(self, t: Any) -> float:
        """Initial margin that a fund posts per face of the hedge."""
        return t.hedge.margin * self.funds.opening.margin_factor

    def roll_repo(self, day: int) -> None:
        minimum = self.others.haircut_minimum
        rules = self.rules.dealer
        matured = 1.0 / self.p.funds.term_repo
        is_on = self.p.channels.haircut
        changes = []
        for f in self.funds:
            weak = rules.weak_client_haircut(f.equity, f.opening.equity_bn) if is_on else 0.0
            remarked = f.opening.remarked_share
            change = 0.0
            for t in self.trades:
                fear = rules.fear_of_volatility(t.bucket.volatility_ratio) if is_on else 0.0
                added = weak + self.step_of_client(f, self.plan.haircut_step[day][t.funding.n])
                base, floor = f.opening.haircut[t.n], max(f.opening.haircut_floor, minimum)
                asked = rules.haircut(base, floor, fear, added)
                value = t.bucket.price * f.packages[t.n]
                pledged = value - t.bucket.price * f.unencumbered[t.n]
                by_haircut = rules.loan_change_by_haircut_bn(pledged, f.haircut[t.n], asked, remarked)
                refused = rules.refused_bn(f.loan[t.n], f.cut, rules.maturing_share(remarked, matured))
                restruck = rules.restruck_bn(value, asked, f.loan[t.n], by_haircut, matured, f.cut)
                f.haircut[t.n] = asked
                returned = self.rules.fund.bonds_returned_bn(refused, asked, t.bucket.price)
                again = matured if f.cut <= 0.0 else 0.0
                f.unencumbered[t.n] = self.rules.fund.unencumbered_bn(
                    f.unencumbered[t.n], returned, again, f.packages[t.n]
                )
                f.loan[t.n] += by_haircut - refused + restruck
                f.orders.call[HAIRCUT] -= by_haircut
                f.orders.call[ROLL_OVER] += refused
                f.orders.call[COLLATERAL] -= restruck
                change += by_haircut - refused + restruck
            changes.append(change)
        self.lend(total(changes))

    def call_initial_margin(self) -> None:
        before = total([f.posted for f in self.funds])
        for f in self.funds:
            needed = 0.0
            for t in self.trades:
                needed += self.margin_rate(t) * abs(f.packages[t.n] * f.opening.hedge_ratio[t.n])
            f.orders.call[INITIAL_MARGIN] += needed - f.posted
            f.posted = needed
        self.pay(FUNDS, CLEARING_HOUSE, total([f.posted for f in self.funds]) - before)

    def call_other_losses(self) -> None:
        """Brokers call for what other strategies lost since yesterday, and return what they gained."""
        called = []
        for f in self.funds:
            worth = self.worth_of_other(f, 1.0)
            value = f.other * worth
            asked = self.rules.fund.other_call_bn(f.other_marked - value) if worth > 0.0 else 0.0
            f.other += asked / worth if worth > 0.0 else 0.0
            f.other_marked = value + asked
            f.orders.call[OTHER_STRATEGIES] += asked
            called.append(asked)
        self.pay(FUNDS, END_INVESTORS, total(called))

    def redeem_from_funds(self, demanded: float) -> None:
        rules = self.rules.fund
        paid = []
        for f in self.funds:
            asked = rules.redemption_request_bn(
                f.equity,
                rules.drawdown(f.equity, f.peak_equity),
                days_per_month=DAYS_A_MONTH,
            )
            waiting = f.pending_redemption + (asked if f.alive else 0.0)
            due = rules.redemption_due_bn(waiting)
            f.pending_redemption = waiting - due
            due = min(due + demanded * f.opening.equity_bn, max(0.0, f.equity)) if f.alive else 0.0
            f.orders.call[REDEMPTION] += due
            paid.append(due)
        self.pay(FUNDS, OUTSIDE, total(paid))
        self.seen.fund_redemptions += total(paid)

    def pay_calls(self) -> None:
        self.value_funds()
        if not self.p.channels.variation_margin:
            self.bridge_settlement()
        for f in self.funds:
            before = f.cash
            for c in CALLS:
                f.cash -= f.orders.call[c]
                f.seen.called[c] += max(0.0, f.orders.call[c])
            if f.named:
                f.named.settled = [
                    sum_ + call for sum_, call in zip(f.named.settled, f.orders.call, strict=True)
                ]
                f.named.short += max(0.0, max(0.0, -f.cash) - max(0.0, -before))
            if f.cash < 0.0:
                self.split_shortfall(f, before)
                self.find_cash(f)
            f.orders.call = [0.0] * len(CALLS)

    def bridge_settlement(self) -> None:
        """Somebody outside pays and is paid for what settles the day, instead of the funds."""
        for c in CALLS[:SETTLEMENT_COUNT]:
            for f in self.funds:
                f.bridge += f.orders.call[c]
                f.cash += f.orders.call[c]
                self.pay(OUTSIDE, FUNDS, f.orders.call[c])

    def worth_of_other(self, f: Any, face: float) -> float:
        return self.rules.fund.other_strategies_bn(
            face, f.opening.other_exposure, self.others.equity_change, self.others.credit_change_bp
        )

    def value_funds(self) -> None:
        for f in self.funds:
            stake = 0.0
            for t in self.trades:
                stake += t.bucket.price * f.packages[t.n] - f.loan[t.n]
            called = in_order(f.orders.call)
            other = self.worth_of_other(f, f.other)
            f.equity = self.rules.fund.equity_bn(f.cash - called, f.posted, stake, other, f.drawn + f.bridge)

    def short_of(self, f: Any) -> float:
        """Cash that a fund misses."""
        return self.rules.fund.cash_shortfall_bn(f.cash)

    def split_shortfall(self, f: Any, before: float) -> None:
        """Cash covers the calls in their order; what it did not reach is uncovered."""
        call, uncovered = f.orders.call, f.orders.uncovered
        available = max(0.0, before)
        for c in CALLS:
            available += max(0.0, -call[c])
        if before >= 0.0:
            uncovered = [0.0] * len(CALLS)
        for c in CALLS:
            asked = max(0.0, call[c])
            paid = min(available, asked)
            available -= paid
            uncovered[c] += asked - paid
        missed = in_order(uncovered)
        scale = self.short_of(f) / missed if missed > 0.0 else 0.0
        f.orders.uncovered = [part * scale for part in uncovered]

    def find_cash(self, f: Any) -> None:
        line = min(self.short_of(f), f.opening.line_bn - f.drawn)
        if line > 0.0:
            f.drawn += line
            f.cash += line
            self.pay(OUTSIDE, FUNDS, line)
        worth = self.worth_of_other(f, 1.0)
        sold = min(self.short_of(f), f.other_left * worth)
        if sold > 0.0:
            f.other = max(0.0, f.other - sold / worth)
            f.other_left = max(0.0, f.other_left - sold / worth)
            f.other_marked = max(0.0, f.other_marked - sold)
            f.cash += sold
            self.pay(END_INVESTORS, FUNDS, sold)

    def allowed(self, f: Any) -> float:
        """Share of its book that a fund's own limits allow."""
        if not self.p.channels.risk_limit:
            return 1.0
        rules, opening = self.rules.fund, f.opening
        book = risk = 0.0
        for t in self.trades:
            face = abs(f.packages[t.n])
            book += face * t.bucket.price
            risk += face * (t.hedge.opening.risk_per_face * t.bucket.volatility_ratio)
        loss = rules.drawdown(f.equity, f.peak_equity)
        minimum = self.p.funds.cash_minimum * (opening.cash_bn + opening.line_bn)
        at_risk = rules.value_at_risk_scale(risk, f.equity, opening.risk_of_equity, opening.risk_headroom)
        by_limit = [
            rules.leverage_scale(book, f.equity, opening.leverage, opening.leverage_headroom),
            at_risk,
            rules.drawdown_scale(loss),
            rules.cash_scale(f.cash + opening.line_bn - f.drawn, minimum),
        ]
        if f.named:
            f.named.allowed = by_limit
        allowed = min(by_limit)
        f.is_bound_by_risk = at_risk <= allowed
        return allowed

    def parts_cut(self, f: Any, share: float) -> list[float]:
        """Part of each position that a fund over its limits gives up today."""
        if share <= 0.0 or not self.p.choices.cuts_cheapest:
            return [share] * len(self.trades)
        rules, parts = self.rules.fund, [0.0] * len(self.trades)
        exits = []
        total = 0.0
        for t in self.trades:
            counted, face = t.bucket.price, abs(f.packages[t.n])
            if f.is_bound_by_risk:
                counted = t.hedge.opening.risk_per_face * t.bucket.volatility_ratio
            total += counted * face
            if face > 0.0 and counted > 0.0:
                cost = rules.exit_cost(t.opening.transaction_cost * t.bucket.price, counted)
                exits.append((cost, t.n, counted, face))
        wanted = share * total
        for _, place, counted, face in sorted(exits):
            if wanted <= 0.0:
                break
            sold = rules.forced_sale_bn(wanted, counted, face)
            parts[place] = sold / face
            wanted -= sold * counted
        return parts

    def choose_positions(self) -> None:
        """Funds that nobody forces cut at their limits, or move to what they want."""
        speed, rules = self.p.funds.entry_speed, self.rules.fund
        allowed = [self.allowed(f) for f in self.funds]
        parts = [self.parts_cut(f, rules.cut_at_limits(allowed[f.n])) for f in self.funds]
        spare = [speed * rules.spare_cash_bn(f.cash, opening_cash_bn=f.opening.cash_bn) for f in self.funds]
        for t in self.trades:
            bought, cut, chosen = ([0.0] * len(self.funds) for _ in range(3))
            for f in self.funds:
                f.orders.packages[t.n] = 0.0
                if not f.alive or f.cash < 0.0:
                    continue
                held = f.packages[t.n]
                if allowed[f.n] < 1.0:
                    cut[f.n] = parts[f.n][t.n] * abs(held)
                    f.orders.packages[t.n] = -cut[f.n] if held >= 0.0 else cut[f.n]
                    cut[f.n] -= cut[f.n] * self.kept_for_delivery(f, t, cut[f.n])
                    if f.named:
                        f.named.sold[RISK_LIMIT] += cut[f.n]
                    continue
                gap = speed * (self.wanted(f, t) - held)
                if gap * f.opening.packages_bn[t.n] > 0.0:
                    if not rules.may_add(f.cut):
                        continue
                    tied_up = rules.cash_tied_up(
                        f.haircut[t.n], t.bucket.price, self.margin_rate(t), t.opening.transaction_cost
                    )
                    bought[f.n] = min(abs(gap), rules.affordable_purchase_bn(spare[f.n], tied_up))
                    spare[f.n] -= bought[f.n] * tied_up
                else:
                    chosen[f.n] = abs(gap)
                change = bought[f.n] + chosen[f.n]
                f.orders.packages[t.n] = change if gap >= 0.0 else -change
                chosen[f.n] -= chosen[f.n] * self.kept_for_delivery(f, t, chosen[f.n])
                if f.named:
                    f.named.sold[CHOICE] += chosen[f.n]
            by_limit, by_choice = total(cut), total(chosen)
            self.seen.sold_by_channel[RISK_LIMIT] += by_limit
            self.seen.sold_by_channel[CHOICE] += by_choice
            t.seen.sold += by_limit + by_choice
            t.seen.bought += total(bought)
            t.orders.exist = 1.0

    def wanted(self, f: Any, t: Any) -> float:
        """Position that a fund without a constraint wants."""
        return self.rules.fund.wanted_packages_bn(
            f.opening.packages_bn[t.n],
            f.equity / f.opening.equity_bn,
            self.rise(t.hedge),
            t.funding.client_bp - t.funding.opening.repo_spread_bp + f.repo_over_average_bp,
        )

    def release(self, f: Any, t: Any) -> float:
        """Cash that a pledged face sold sets free."""
        held = f.packages[t.n]
        pledged = held - f.unencumbered[t.n]
        if held == 0.0 or pledged == 0.0:
            return 0.0
        rules = self.rules.fund
        leave = rules.cash_released_by_cover if held < 0.0 else rules.cash_released
        margin = self.margin_of_face(f, t)
        return leave(t.bucket.price, f.loan[t.n] / pledged, margin, t.opening.transaction_cost)

    def margin_of_face(self, f: Any, t: Any) -> float:
        return self.margin_rate(t) * abs(f.opening.hedge_ratio[t.n])

    def room(self, f: Any, t: Any) -> float:
        """Face that can still be sold after what was ordered."""
        left = f.packages[t.n] + f.orders.packages[t.n]
        return abs(left) if left * f.packages[t.n] > 0.0 else 0.0

    def order_forced_sales(self) -> int:
        forced = 0
        for f in self.funds:
            f.orders.is_selling = 0.0
            short = self.short_of(f)
            if short > self.p.numerics.tolerance and f.alive:
                pro_rata = self.p.choices.sells_pro_rata
                sold, left = self.sell_unencumbered(f, short)
                sold += self.sell_pro_rata(f, left) if pro_rata else self.sell_cheapest(f, left)
                f.orders.is_selling = float(sold > 0.0)
                forced += sold > 0.0
        return forced

    def order_sale(self, f: Any, t: Any, face: float) -> None:
        f.orders.packages[t.n] += -face if f.packages[t.n] > 0.0 else face
        t.orders.exist = 1.0
        missed = in_order(f.orders.uncovered)
        for c in CALLS:
            part = f.orders.uncovered[c] / missed if missed > 0.0 else 0.0
            self.seen.sold_by_channel[c] += face * part
            if f.named:
                f.named.sold[c] += face * part
        t.seen.sold += face

    def sell_unencumbered(self, f: Any, short: float) -> tuple[float, float]:
        """Bonds that no loan stands on go first; returns what was sold and what is still missing."""
        rules, sold = self.rules.fund, 0.0
        for t in self.trades:
            free = min(self.room(f, t), f.unencumbered[t.n])
            if free > 0.0 and short > 0.0:
                released = rules.cash_released_unencumbered(
                    t.bucket.price, self.margin_of_face(f, t), t.opening.transaction_cost
                )
                face = rules.forced_sale_bn(short, released, free)
                self.order_sale(f, t, face)
                sold += face
                short -= face * released
        return sold, max(0.0, short)

    def sell_pro_rata(self, f: Any, short: float) -> float:
        if short <= 0.0:
            return 0.0
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
        rules = self.rules.fund
        choices = [(t, self.release(f, t), self.room(f, t)) for t in self.trades]
        exits = [exit_ for exit_ in choices if exit_[1] > 0.0 and exit_[2] > 0.0]
        exits.sort(key=lambda exit_: rules.exit_cost(exit_[0].opening.transaction_cost, exit_[1]))
        sold = 0.0
        for t, released, room in exits:
            if short <= 0.0:
                break
            face = rules.forced_sale_bn(short, released, room)
            self.order_sale(f, t, face)
            sold += face
            short -= face * released
        return sold

    def gather_orders(self) -> None:
        for t in self.trades:
            t.orders.bonds = t.orders.hedges = 0.0
            if t.orders.exist:
                t.orders.bonds = total([f.orders.packages[t.n] for f in self.funds])
                t.orders.hedges = total(
                    [f.orders.packages[t.n] * f.opening.hedge_ratio[t.n] for f in self.funds]
                )

    def cost_of_forced_sales(self, f: Any) -> None:
        """What those who sell because they must pay in half spreads, and lose of what a package opened with."""
        if not f.orders.is_selling and min(f.named.allowed) >= 1.0:
            return
        for t in self.trades:
            held, order = f.packages[t.n], f.orders.packages[t.n]
            if t.orders.exist and held * order < 0.0:
                value = t.bucket.price - f.opening.hedge_ratio[t.n] * t.hedge.value
                lost = f.named.opening.package_value[t.n] - value
                spread = t.opening.transaction_cost * t.bucket.price
                f.named.sale_cost += min(abs(order), abs(held)) * ((lost if held > 0.0 else -lost) + spread)

    def execute_orders(self) -> None:
        for f in self.funds:
            if f.named:
                self.cost_of_forced_sales(f)
        lent, costs = ([0.0] * len(self.funds) for _ in range(2))
        cash, posted = total([f.cash for f in self.funds]), total([f.posted for f in self.funds])
        for t in self.trades:
            if not t.orders.exist:
                continue
            for f in self.funds:
                loan, cost = self.execute_order(f, t)
                lent[f.n] += loan
                costs[f.n] += cost
            t.fund_bonds += t.orders.bonds
            t.fund_hedges += t.orders.hedges
            t.orders.exist = 0.0
        self.dealers.fund_repo += total(lent)
        margin = total([f.posted for f in self.funds]) - posted
        self.pay(DEALERS, FUNDS, margin + (total([f.cash for f in self.funds]) - cash))
        self.pay(FUNDS, CLEARING_HOUSE, margin)
        self.charge(total(costs))

    def execute_order(self, f: Any, t: Any) -> tuple[float, float]:
        """One fund's order in one trade: repo drawn, and what it cost."""
        price = t.bucket.price
        held, change = f.packages[t.n], f.orders.packages[t.n]
        if abs(held + change) < CLOSED_BELOW:
            change = -held
        cost = 0.0
        if change * held < 0.0:
            loan = -self.rules.fund.loan_repaid_bn(-change, held, f.unencumbered[t.n], f.loan[t.n])
            cost = t.opening.transaction_cost * price * abs(change)
        else:
            loan = (1.0 - f.haircut[t.n]) * price * change
        after = held + change
        margin = self.margin_rate(t) * abs(f.opening.hedge_ratio[t.n]) * (abs(after) - abs(held))
        f.unencumbered[t.n] -= min(f.unencumbered[t.n], max(0.0, -change))
        f.packages[t.n] = after
        f.loan[t.n] += loan
        f.posted += margin
        f.cash += loan - change * price - margin - cost
        f.orders.packages[t.n] = 0.0
        return loan, cost

    def close_out(self, is_failing: Any) -> int:
        failing = [f for f in self.funds if f.alive and is_failing(f)]
        for f in failing:
            self.close_out_fund(f)
        return len(failing)

    def has_fallen(self, f: Any) -> bool:
        """Nothing is left, or so much was lost from the highest value that the dealers end it."""
        loss = self.rules.fund.drawdown(f.equity, f.peak_equity)
        return bool(self.rules.dealer.may_close_out(loss) or self.rules.fund.is_insolvent(f.equity))

    def close_out_or_carry(self) -> int:
        """Funds that miss cash and cannot sell fail, or are carried from outside where nobody may fail."""

        def is_unpaid(f: Any) -> bool:
            return f.cash < -self.p.numerics.tolerance and not f.orders.is_selling

        if self.p.channels.default:
            return self.close_out(is_unpaid)
        for f in self.funds:
            if f.alive and is_unpaid(f):
                f.bridge -= f.cash
                self.pay(FUNDS, OUTSIDE, f.cash)
                f.cash = 0.0
        return 0

    def close_out_fund(self, f: Any) -> None:
        uncovered = f.orders.uncovered
        cash = f.cash + f.posted
        self.pay(CLEARING_HOUSE, FUNDS, f.posted)
        restored = 0.0
        if f.cash < 0.0:
            self.pay(OUTSIDE, FUNDS, uncovered[REDEMPTION])
            cash += uncovered[REDEMPTION]
            self.pay(END_INVESTORS, FUNDS, uncovered[OTHER_STRATEGIES])
            cash += uncovered[OTHER_STRATEGIES]
            restored = min(uncovered[HAIRCUT] + uncovered[ROLL_OVER], max(0.0, -cash))
            self.lend(restored)
            cash += restored
        self.pay(FUNDS, OUTSIDE, self.seize(f, cash, restored))
        f.cash = f.posted = f.drawn = f.bridge = f.other = f.other_marked = f.equity = (
            f.pending_redemption
        ) = 0.0
        f.orders.uncovered = [0.0] * len(CALLS)
        f.alive = 0.0

    def seize(self, f: Any, cash: float, owed: float) -> float:
        """Dealers take the book against the repo; returns the cash left when all debts are paid."""
        worth = seized = 0.0
        for t in self.trades:
            held, hedged = f.packages[t.n], f.packages[t.n] * f.opening.hedge_ratio[t.n]
            owed += f.loan[t.n]
            worth += held * t.bucket.price
            seized += abs(held)
            t.hedge.estate += held
            t.hedge.estate_hedges += hedged
            t.hedge.estate_pace += abs(held) / self.p.dealers.liquidation_days
            t.fund_bonds -= held
            t.fund_hedges -= hedged
            t.seen.sold += abs(held)
        nothing = ([0.0] * len(self.trades) for _ in range(4))
        f.packages, f.unencumbered, f.loan, f.orders.packages = nothing
        self.seen.sold_by_channel[DEFAULT] += seized
        if f.named:
            f.named.sold[DEFAULT] += seized
        if cash < 0.0:
            self.pay_by_waterfall(-cash)
            cash = 0.0
        self.dealers.fund_repo -= owed
        surplus = worth - owed
        if surplus >= 0.0:
            self.pay(DEALERS, FUNDS, surplus)
            return cash + surplus
        missing = -surplus
        paid = min(missing, cash)
        sold = min(missing - paid, RECOVERY_OF_OTHER * self.worth_of_other(f, f.other))
        self.pay(FUNDS, DEALERS, paid)
        self.pay(END_INVESTORS, DEALERS, sold)
        self.lose_on_client(f, missing - paid - sold)
        return cash - paid

    def lose_on_client(self, f: Any, loss: float) -> None:
        """Dealers bear a loss as they lent; survivors that of those who failed before."""
        self.seen.client_losses += loss
        orphaned = 0.0
        for d in self.dealers:
            if d.alive:
                d.capital -= f.opening.client_share[d.n] * loss
            else:
                orphaned += f.opening.client_share[d.n] * loss
        self.charge(-orphaned)
