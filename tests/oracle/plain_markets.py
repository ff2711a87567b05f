"""Prices, the flows nobody forces, and the clearing of both markets."""

from __future__ import annotations

import math
from typing import Any

from simulator.engine.status import PRICE_OUT_OF_RANGE
from tests.oracle.plain_rules import (
    BASIS_POINT,
    MONEY_YEAR,
    PERIODS,
    PRICE_MAX,
    VM,
    bank_rules,
    bond_rules,
    cash_rules,
    dealer_rules,
    foreign_rules,
    funds_rules,
    futures_rules,
    hedge_rules,
    impact_rules,
    manager_rules,
    total,
)


class Markets:
    """What everything is worth, who wants to trade, and at what price they can."""

    def pass_on_inventory(self) -> None:
        p = self.p
        passed = [
            cash_rules.absorbed_bn(t.inventory - p.opening_inventory_bn[t.j], p.pass_through)
            for t in self.trades
        ]
        for t in self.trades:
            absorbed = 0.0
            for other in self.trades:
                absorbed += p.permanent_share[t.j][other.j] * (passed[other.j] - other.bought_from_end)
            depth = p.permanent_depth_bn_per_bp[t.j] / t.volatility_ratio
            t.permanent_bp = cash_rules.permanent_pressure_bp(
                t.permanent_bp, absorbed, depth, p.permanent_fade
            )
        for t in self.trades:
            t.bought_from_end = 0.0
            t.inventory -= passed[t.j]
            t.end_bonds += passed[t.j]
            self.account["dealers"] += passed[t.j] * t.price
            self.account["end"] -= passed[t.j] * t.price

    def rise(self, t: Any) -> float:
        return t.dislocation_bp - self.p.opening_dislocation_bp[t.j]

    def cash_yield(self, t: Any, k: int) -> float:
        p = self.p
        change = self.bond_shift[k] + t.pressure_bp + p.cash_bp_per_dislocation_bp[t.j] * self.rise(t)
        return p.bond_opening_yield[k] + BASIS_POINT * change

    def bond_price(self, k: int, yield_: float) -> float:
        p = self.p
        return bond_rules.dirty_price(
            yield_, p.bond_coupon[k], PERIODS, p.bond_periods_to_coupon[k], p.bond_periods_after[k]
        )

    def futures_price(self, t: Any, k: int, dirty: float) -> float:
        p = self.p
        rate = (p.policy_rate + BASIS_POINT * t.dislocation_bp) * MONEY_YEAR
        years = futures_rules.financed_price_years(dirty, p.delivery_years[t.j], p.bond_income_years[k])
        forward = futures_rules.forward_dirty_price(dirty, rate, years, p.bond_income[k])
        return futures_rules.futures_price_from_implied_repo(
            forward, p.bond_accrued_delivery[k], p.bond_factor[k]
        )

    def cheapest(self, t: Any) -> int:
        basket = range(self.p.basket_start[t.j], self.p.basket_start[t.j + 1])
        if len(basket) < 2:
            return int(t.cheapest)
        converted = [self.futures_price(t, k, self.bond_price(k, self.cash_yield(t, k))) for k in basket]
        lowest = min(range(len(basket)), key=lambda n: converted[n])
        return basket[lowest] if converted[lowest] < math.inf else int(t.cheapest)

    def prices(self, t: Any) -> tuple[float, float]:
        """Price of the held bond, and of its hedge."""
        p, held = self.p, self.p.held_bond[t.j]
        price = self.bond_price(held, self.cash_yield(t, held))
        k = t.cheapest
        yield_ = self.cash_yield(t, k)
        if p.is_swap[t.j] == 1:
            return price, self.bond_price(k, yield_ - BASIS_POINT * t.dislocation_bp)
        return price, self.futures_price(t, k, self.bond_price(k, yield_)) * p.bond_factor[held]

    def settle_prices(self) -> None:
        p = self.p
        lent = [0.0] * len(self.funds)
        on_bonds, rises = 0.0, []
        for t in self.trades:
            price, hedge = self.prices(t)
            price_change, hedge_change = price - t.price, hedge - t.hedge
            on_bonds += (t.dealer_package + t.inventory + t.estate) * price_change
            rises.append(hedge_change)
            for f in self.funds:
                cash = funds_rules.collateral_cash_bn(
                    price_change, f.packages[t.j], f.haircut[t.j], p.remarked_share[f.i]
                )
                f.loan[t.j] += cash
                lent[f.i] += cash
                f.call[VM] += f.packages[t.j] * f.ratio[t.j] * hedge_change - cash
            t.price, t.hedge = price, hedge
            if not (0.0 < price < PRICE_MAX and 0.0 < hedge < PRICE_MAX):
                self.status = PRICE_OUT_OF_RANGE
        self.lend(total(lent))
        self.share_among_dealers(on_bonds)
        self.pay_hedges(rises)

    def pay_hedges(self, rises: list[float]) -> None:
        """Who is long of a hedge gets its rise from who is short, funds apart."""
        from_dealers = to_managers = 0.0
        for t, rise in zip(self.trades, rises, strict=True):
            from_dealers += (t.dealer_package + t.estate_hedge) * rise
            to_managers += t.manager_futures * rise
            self.account["hedgers"] += self.p.other_hedgers_bn[t.j] * rise
            self.account["central"] -= t.central_package * rise
        self.account["dealers"] -= from_dealers
        self.share_among_dealers(-from_dealers)
        self.pay_managers(to_managers)

    def sell_from_abroad(self, scheduled: list[float], noise: float) -> None:
        for t in self.trades:
            by_fear = foreign_rules.volatility_sale_bn(
                t.foreign_bonds, self.volatility_multiple, self.p.foreign_volatility_response
            )
            t.foreign_sale = min(scheduled[t.j] + by_fear + noise * t.foreign_bonds, t.foreign_bonds)
            self.tally["foreign_sold"] += t.foreign_sale

    def hold_auctions(
        self, issued: list[float], shares: list[float], spreads: list[float], noise: float
    ) -> None:
        for t in self.trades:
            share = min(1.0, max(0.0, shares[t.j] + spreads[t.j] * noise))
            t.auction = issued[t.j]
            t.auction_left = t.auction * share
            t.tail_bp = self.p.impact_scale * self.risk_premium(t, t, t.auction_left)

    def buy_for_policy(self, outright: float, hedged: float) -> None:
        p = self.p
        outright_left = p.outright_limit_bn - self.bought_outright
        hedged_left = p.hedged_limit_bn - self.bought_hedged
        outright, hedged = min(outright, outright_left), min(hedged, hedged_left)
        if p.outright_by_rule:
            stress = self.average(p.outstanding_bn, [t.pressure_bp for t in self.trades])
            outright = bank_rules.rule_purchase_bn(
                stress, p.outright_trigger_bp, p.outright_pace_bn, outright_left
            )
        if p.hedged_by_rule:
            sizes = [abs(size) for size in p.opening_futures_bn]
            stress = self.average(sizes, [self.rise(t) for t in self.trades])
            hedged = bank_rules.rule_purchase_bn(stress, p.hedged_trigger_bp, p.hedged_pace_bn, hedged_left)
        self.bought_outright += outright
        self.bought_hedged += hedged
        self.tally["outright"] += outright
        self.tally["hedged"] += hedged
        for t in self.trades:
            face = outright * p.outright_split[t.j]
            t.policy_outright = min(face, max(0.0, t.inventory - p.opening_inventory_bn[t.j]))
            t.policy_from_end = t.bought_from_end = face - t.policy_outright
            t.policy_packages = hedged * p.hedged_split[t.j]

    @staticmethod
    def average(weights: list[float], values: list[float]) -> float:
        weighted = weight_total = 0.0
        for weight, value in zip(weights, values, strict=True):
            weighted += weight * value
            weight_total += weight
        return weighted / weight_total if weight_total > 0.0 else 0.0

    def offer_estates(self) -> None:
        for t in self.trades:
            held = abs(t.estate)
            t.estate_sold = min(1.0, t.estate_pace / held) if held > 0.0 else 0.0
            if t.estate_sold >= 1.0:
                t.estate_pace = 0.0

    def shorts(self, t: Any) -> float:
        """Hedges sold by all but dealers for themselves."""
        estate = t.estate_hedge * (1.0 - t.estate_sold)
        return t.fund_hedge + t.order_hedges + estate + t.central_package + t.policy_packages

    def dislocation_at(self, t: Any, cost: float) -> float:
        p, opening = self.p, self.p.opening_dislocation_bp[t.j]
        slope, own_slope = p.demand_slope_bp_per_bn[t.j], p.package_cost_bp_per_bn[t.j]
        clearing = hedge_rules.clearing_dislocation_bp(
            self.shorts(t) - p.other_hedgers_bn[t.j],
            opening + slope * t.wanted_futures,
            slope,
            opening - p.opening_cost_bp - own_slope * p.opening_dealer_packages_bn[t.j],
            cost,
            own_slope,
        )
        return opening + p.impact_scale * (clearing - opening)

    def futures_at(self, t: Any, dislocation: float) -> float:
        p = self.p
        return manager_rules.futures_demand_bn(
            t.wanted_futures,
            dislocation - p.opening_dislocation_bp[t.j],
            p.demand_slope_bp_per_bn[t.j],
        )

    def clear(self) -> None:
        p = self.p
        packages = per_bp = 0.0
        for t in self.trades:
            t.inventory_next = self.inventory_after(t)
            futures_held = self.futures_at(t, self.dislocation_at(t, p.opening_cost_bp))
            packages += abs(futures_held + p.other_hedgers_bn[t.j] - self.shorts(t)) * t.price
            slopes = p.package_cost_bp_per_bn[t.j] + p.demand_slope_bp_per_bn[t.j]
            per_bp += p.impact_scale * t.price / slopes
        self.cost_bp = p.opening_cost_bp
        if self.impact_form == "dealer-capacity":
            self.cost_bp = self.balance_sheet_cost(packages, per_bp)
            self.inventory_cost_bp = self.inventory_cost()
        for t in self.trades:
            t.dislocation_bp = self.dislocation_at(t, self.cost_bp)
            t.futures_next = self.futures_at(t, t.dislocation_bp)
            t.package_next = t.futures_next + p.other_hedgers_bn[t.j] - self.shorts(t)
        for t in self.trades:
            t.pressure_bp = self.pressure(t)

    def inventory_after(self, t: Any) -> float:
        """Bonds that dealers are left with, less those in their packages."""
        bonds = t.inventory + t.dealer_package - t.order_bonds + t.estate * t.estate_sold
        bonds += t.foreign_sale + t.auction_left - t.policy_outright - t.policy_packages
        for m in self.managers:
            bonds += m.sale[t.j]
        return bonds + t.given_up - t.wanted_futures - self.p.other_hedgers_bn[t.j] + self.shorts(t)

    def balance_sheet_cost(self, packages: float, per_bp: float) -> float:
        p = self.p
        if not p.dealer_capacity_on or self.limit_bn <= 0.0:
            return p.opening_cost_bp
        repo, held = self.fund_repo + self.other_repo, 0.0
        for t in self.trades:
            repo += t.order_bonds * t.price
            held += (abs(t.inventory_next) + abs(t.estate)) * t.price
        fixed = p.unnetted_share * repo + held
        for other in p.dealer_other_bn:
            fixed += other
        use = (fixed + packages + per_bp * p.opening_cost_bp) / self.limit_bn
        return dealer_rules.cost_at_clearing_bp(
            use, per_bp / self.limit_bn, p.cost_threshold, p.cost_below_bp, p.cost_above_bp
        )

    def inventory_cost(self) -> float:
        p = self.p
        if not p.dealer_capacity_on:
            return p.opening_inventory_cost_bp
        risk = capital = opening = 0.0
        for t in self.trades:
            risk += abs(t.inventory_next) * p.price_per_bp[t.j] * t.volatility_bp
        for d in self.dealers:
            capital += max(0.0, d.capital)
            opening += p.opening_capital_bn[d.d]
        share = capital / opening * (1.0 - self.limit_cut)
        use = dealer_rules.value_at_risk_use(p.opening_risk_use, risk, p.opening_risk_bn, share)
        cost = cash_rules.balance_sheet_cost_bp(use, p.cost_threshold, p.cost_below_bp, p.cost_above_bp)
        return max(self.cost_bp, cost)

    def risk_premium(self, t: Any, other: Any, inventory: float) -> float:
        p = self.p
        return cash_rules.inventory_risk_premium_bp(
            p.risk_aversion_per_bn,
            t.volatility_bp,
            other.volatility_bp,
            p.correlation[t.j][other.j],
            p.price_per_bp[other.j],
            inventory,
        )

    def pressure(self, t: Any) -> float:
        p = self.p
        if self.impact_form != "dealer-capacity":
            return t.permanent_bp + p.impact_scale * self.other_impact(t)
        premium = 0.0
        for other in self.trades:
            excess = other.inventory_next - p.opening_inventory_bn[other.j]
            premium += self.risk_premium(t, other, excess)
        loading = p.impact_scale * p.holding_years / p.duration_years[t.j]
        extra = self.inventory_cost_bp - p.opening_inventory_cost_bp
        return cash_rules.outright_pressure_bp(t.permanent_bp, extra, loading, p.impact_scale * premium)

    def other_impact(self, t: Any) -> float:
        p, j = self.p, t.j
        excess = t.inventory_next - p.opening_inventory_bn[j]
        if self.impact_form == "linear":
            own = p.opening_volatility_bp[j] * p.opening_volatility_bp[j] * p.price_per_bp[j]
            return impact_rules.linear_impact(excess, p.risk_aversion_per_bn * own)
        if self.impact_form == "square-root":
            return impact_rules.square_root_impact(
                excess, p.daily_volume_bn[j], t.volatility_bp, p.square_root_constant
            )
        move = t.volatility_bp * p.price_per_bp[j] / t.price
        depth = impact_rules.market_depth_bn(p.depth_constant, p.daily_volume_bn[j], move, 1.0)
        price = p.opening_price[j]
        fall = impact_rules.exponential_impact(excess, depth, price, 0.5 * price, price)
        return impact_rules.yield_rise_bp(fall, p.duration_years[j])

    def transfer(self) -> None:
        """Bonds and hedges go to their new holders, for cash at the cleared price."""
        replacements = 0.0
        for t in self.trades:
            price, account = t.price, self.account
            t.foreign_bonds -= t.foreign_sale
            account["foreign"] += t.foreign_sale * price
            t.issued += t.auction
            t.end_bonds += t.auction - t.auction_left
            account["treasury"] += t.auction * price
            account["end"] -= (t.auction - t.auction_left) * price
            t.central_bonds += t.policy_outright + t.policy_from_end
            t.end_bonds -= t.policy_from_end
            account["end"] += t.policy_from_end * price
            t.central_package += t.policy_packages
            account["central"] -= (t.policy_outright + t.policy_from_end + t.policy_packages) * price
            given_up = t.wanted_futures - t.futures_next
            replaced = given_up - t.given_up
            t.given_up = given_up
            replacements += replaced * price
            bought = t.foreign_sale + t.auction_left - t.policy_outright - t.policy_packages
            for m in self.managers:
                m.bonds[t.j] -= m.sale[t.j]
                m.cash += m.sale[t.j] * price
                bought += m.sale[t.j]
                m.sale[t.j] = 0.0
            account["dealers"] -= (bought - replaced) * price
            t.estate -= t.estate_sold * t.estate
            t.estate_hedge -= t.estate_sold * t.estate_hedge
            t.manager_futures, t.dealer_package = t.futures_next, t.package_next
            t.inventory = t.inventory_next
            t.foreign_sale = t.auction = t.auction_left = t.estate_sold = 0.0
            t.policy_outright = t.policy_from_end = t.policy_packages = 0.0
        self.pay_managers(-replacements)
