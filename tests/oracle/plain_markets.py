"""Prices, the flows nobody forces, and the clearing of both markets."""

from __future__ import annotations

import math
from typing import Any

from simulator.engine.parameters import (
    CDS,
    CENTRAL_BANK,
    CLEARING_HOUSE,
    COLLATERAL,
    DEALERS,
    END_INVESTORS,
    FOREIGN,
    FUNDS,
    ISSUER,
    MANAGERS,
    OTHER_HEDGERS,
    SWAP,
    VARIATION_MARGIN,
)
from simulator.engine.status import PRICE_OUT_OF_RANGE
from tests.oracle.plain_rules import BASIS_POINT, PRICE_MAX, total


class Markets:
    """What everything is worth, who wants to trade, and at what price they can."""

    def pass_on_inventory(self, demand: list[float]) -> None:
        for b in self.buckets:
            b.inventory_wanted = self.rules.cash.inventory_wanted_bn(
                b.opening.inventory_bn,
                b.priced_volatility_bp / b.opening.volatility_bp,
            )
            b.passed = self.rules.cash.absorbed_bn(b.inventory - b.inventory_wanted)
        for b in self.buckets:
            absorbed = b.passed - b.bought_from_end - demand[b.n]
            b.end_excess = self.rules.cash.excess_stock_bn(
                b.end_excess, absorbed, 1.0 / self.p.end_investors.recovery
            )
        for b in self.buckets:
            counted = 0.0
            for other in self.buckets:
                counted += b.opening.permanent_share[other.n] * other.end_excess
            b.permanent_bp = self.rules.cash.stock_pressure_bp(
                counted,
                b.opening.permanent_depth_bn_per_bp,
                b.priced_volatility_bp / b.opening.volatility_bp,
            )
        for b in self.buckets:
            b.bought_from_end = 0.0
            b.inventory -= b.passed
            b.end_bonds += b.passed
            self.pay(END_INVESTORS, DEALERS, b.passed * b.price)

    def set_volatility(self) -> None:
        """Hedges follow what was realised or is implied; a bucket has the largest of its hedges, or its own."""
        multiple = self.others.volatility_multiple
        for h in self.hedges:
            implied = self.rules.house.tenor_multiple(multiple, h.bucket.opening.volatility_response)
            h.volatility_bp = self.rules.house.volatility_in_force_bp(
                h.variance, h.opening.volatility_bp * implied
            )
        for b in self.buckets:
            of_hedges = [h.volatility_bp for h in self.hedges if h.bucket is b]
            implied = b.opening.volatility_bp * self.rules.house.tenor_multiple(
                multiple, b.opening.volatility_response
            )
            b.volatility_bp = max(of_hedges, default=0.0) or implied
            b.volatility_ratio = b.volatility_bp / b.opening.volatility_bp
            b.priced_volatility_bp = self.rules.cash.priced_volatility_bp(b.volatility_bp, implied)

    def rise(self, h: Any) -> float:
        return h.dislocation_bp - h.opening.dislocation_bp

    def cash_yield(self, bond: Any) -> float:
        change = bond.curve_shift_bp + bond.bucket.pressure_bp + bond.bucket.basis_bp
        return bond.opening.yield_ + BASIS_POINT * change

    def price_at(self, bond: Any, yield_: float) -> float:
        terms = bond.opening
        return self.rules.bond.dirty_price(
            yield_, terms.coupon, terms.coupons_per_year, terms.periods_to_coupon, terms.periods_after
        )

    def bond_price(self, bond: Any) -> float:
        return self.price_at(bond, self.cash_yield(bond))

    def bring_defaults(self, gone: list[float]) -> None:
        """Bonds of issuers that default, and hedges on them, are worth the recovery; the rest are bought for it."""
        rules = self.rules.credit
        for b in self.buckets:
            hedged = [h for h in self.hedges if h.bucket is b]
            for held, worth in ((b, b.price), *((h, h.value) for h in hedged)):
                if gone[b.n] > 0.0:
                    held.surviving *= rules.kept_after_defaults(
                        gone[b.n], b.opening.recovery, worth / held.surviving
                    )

    def close_out_sellers(self) -> None:
        """A seller of protection that lost its capital leaves; what it did not pay its buyers give back."""
        rules = self.rules.others
        for h in self.hedges:
            if not h.protection:
                continue
            loss = rules.seller_loss_bn(h.protection, h.opening.value, h.value)
            if rules.seller_fails(loss, h.opening.seller_capital_bn):
                self.lose_protection(h, rules.unpaid_by_seller_bn(loss, h.opening.seller_capital_bn))
                h.protection = 0.0

    def lose_protection(self, h: Any, unpaid: float) -> None:
        bought = [0.0] * len(self.funds)
        for t in self.trades:
            for f in self.funds:
                if t.hedge is h:
                    bought[f.n] += max(0.0, f.packages[t.n] * f.opening.hedge_ratio[t.n])
        by_dealers = max(0.0, h.dealer_packages + h.estate_hedges)
        by_central_bank = max(0.0, h.central_packages)
        by_all = total(bought) + by_dealers + by_central_bank
        if by_all <= 0.0:
            return
        rate = unpaid / by_all
        for f in self.funds:
            f.orders.call[VARIATION_MARGIN] += bought[f.n] * rate
        self.pay(FUNDS, OTHER_HEDGERS, total([face * rate for face in bought]))
        self.pay(DEALERS, OTHER_HEDGERS, by_dealers * rate)
        self.charge(-(by_dealers * rate))
        self.pay(CENTRAL_BANK, OTHER_HEDGERS, by_central_bank * rate)
        self.seen.unpaid_protection += unpaid

    def implied_repo(self, h: Any) -> float:
        """What financing a bond to delivery earns at the price of the contract, a year."""
        return self.rules.futures.implied_repo_rate(
            h.opening.policy_rate,
            self.rules.hedge.dislocation_in_contract_bp(
                h.opening.dislocation_bp, h.dislocation_bp, h.time_left
            ),
        )

    def futures_price(self, h: Any, e: Any) -> float:
        """Price at which bond e is delivered with no gain but the dislocation."""
        rules, dirty, rate = self.rules.futures, self.bond_price(e.bond), self.implied_repo(h)
        years = rules.financed_price_years(dirty, h.opening.horizon_years, e.opening.income_years)
        forward = rules.forward_dirty_price(
            dirty, rate * h.opening.money_market_year, years, e.opening.income
        )
        return rules.futures_price_from_implied_repo(forward, e.opening.accrued_delivery, e.opening.factor)

    def find_cheapest(self, h: Any) -> None:
        """The bond of the lowest converted price; yesterday's, where another is as low."""
        if len(h.basket) < 2:
            return
        converted = {e.n: self.futures_price(h, e) for e in h.basket}
        best = min(converted, key=lambda n: (converted[n], n != h.cheapest))
        if converted[best] < math.inf:
            h.cheapest = best

    def value_of(self, h: Any) -> float:
        """A hedge's value per face of the held bond."""
        cheapest = self.deliverables[h.cheapest]
        if h.opening.kind in (SWAP, CDS):
            swap_rate = self.cash_yield(cheapest.bond) - BASIS_POINT * h.dislocation_bp
            at_rate = self.price_at(cheapest.bond, swap_rate)
            return h.surviving * at_rate if h.opening.kind == CDS else at_rate
        return self.futures_price(h, cheapest) * self.deliverables[h.opening.held].opening.factor

    def settle_prices(self) -> None:
        for b in self.buckets:
            price = b.surviving * self.bond_price(b.bond)
            b.price_change, b.price = price - b.price, price
        for h in self.hedges:
            freely = value = self.value_of(h)
            if h.value_at_open > 0.0:
                value = self.rules.futures.price_within_limit(freely, h.value_at_open, h.opening.price_limit)
            h.beyond_limit = freely - value
            h.value_change, h.value = value - h.value, value
        prices = [*(b.price for b in self.buckets), *(h.value for h in self.hedges)]
        if not all(0.0 < price < PRICE_MAX for price in prices):
            self.status = PRICE_OUT_OF_RANGE
        self.settle_with_funds()
        on_bonds = 0.0
        for b in self.buckets:
            on_bonds += self.bonds_of_dealers(b) * b.price_change
        self.charge(on_bonds)
        self.pay_hedges()

    def settle_with_funds(self) -> None:
        lent = [0.0] * len(self.funds)
        for t in self.trades:
            for f in self.funds:
                cash = self.rules.fund.collateral_cash_bn(
                    t.bucket.price_change,
                    f.packages[t.n] - f.unencumbered[t.n],
                    f.haircut[t.n],
                    f.opening.remarked_share,
                )
                f.loan[t.n] += cash
                lent[f.n] += cash
                lost = f.packages[t.n] * f.opening.hedge_ratio[t.n] * t.hedge.value_change
                f.orders.call[VARIATION_MARGIN] += lost
        for f in self.funds:
            f.orders.call[COLLATERAL] -= lent[f.n]
        self.lend(total(lent))

    def pay_hedges(self) -> None:
        """Who is long of a hedge gets its rise from who is short; what each fund pays is called from it."""
        from_dealers = from_funds = from_central_bank = to_managers = to_others = 0.0
        for h in self.hedges:
            from_dealers += (h.dealer_packages + h.estate_hedges) * h.value_change
            from_central_bank += h.central_packages * h.value_change
            to_managers += h.managers * h.value_change
            to_others += h.others * h.value_change
        for t in self.trades:
            from_funds += t.fund_hedges * t.hedge.value_change
        self.pay(FUNDS, CLEARING_HOUSE, from_funds)
        self.pay(CENTRAL_BANK, CLEARING_HOUSE, from_central_bank)
        self.pay(CLEARING_HOUSE, OTHER_HEDGERS, to_others)
        self.pay(DEALERS, CLEARING_HOUSE, from_dealers)
        self.charge(-from_dealers)
        self.pay(CLEARING_HOUSE, MANAGERS, to_managers)
        self.share_among_managers(to_managers)

    def sell_from_abroad(self, scheduled: list[float], noise: float) -> None:
        for b in self.buckets:
            by_fear = self.rules.foreign.volatility_sale_bn(b.foreign_bonds, self.others.volatility_multiple)
            wanted = scheduled[b.n] + by_fear + noise * b.foreign_bonds
            b.orders.foreign_sale = min(wanted, b.foreign_bonds)
            self.seen.foreign_sales += b.orders.foreign_sale

    def exchange_bonds(self, wanted: list[list[float]]) -> None:
        rules = self.rules.foreign
        for b in self.buckets:
            for other in self.buckets:
                if wanted[b.n][other.n]:
                    given_up = rules.given_up_bn(
                        wanted[b.n][other.n], b.foreign_bonds, other.foreign_bonds, b.price, other.price
                    )
                    received = rules.received_bn(given_up, b.price, other.price)
                    for bucket, face in ((b, -given_up), (other, received)):
                        bucket.foreign_bonds += face
                        bucket.issued += face

    def buy_back(self, wanted: list[float]) -> None:
        for b in self.buckets:
            if wanted[b.n] > 0.0:
                b.orders.retired = self.rules.bank.from_dealers_bn(
                    wanted[b.n], self.bonds_of_dealers(b) - b.orders.outright, b.opening.dealer_bonds_bn
                )
                b.orders.retired_from_end = wanted[b.n] - b.orders.retired
                b.bought_from_end += b.orders.retired_from_end

    def hold_auctions(
        self,
        planned: list[float],
        planned_new: list[float],
        shares: list[float],
        spreads: list[float],
        responses: list[float],
        noise: float,
    ) -> None:
        rules, figures = self.rules.auction, self.p.dealers
        rises = [(self.cash_yield(b.bond) - b.bond.opening.yield_) / BASIS_POINT for b in self.buckets]
        rise = self.average([b.opening.outstanding_bn for b in self.buckets], rises)
        issued, new = (
            [
                rules.issue_today_bn(face, response, rise)
                for face, response in zip(faces, responses, strict=True)
            ]
            for faces in (planned, planned_new)
        )
        full = max(self.rules.cash.balance_sheet_cost_bp(1.0), 1e-9)
        strain = max(0.0, self.dealers.cost_bp - self.dealers.opening.cost_bp) / full
        for b in self.buckets:
            left = rules.left_to_dealers_bn(issued[b.n], shares[b.n], spreads[b.n] * noise)
            slope = rules.concession_bp_per_bn(
                figures.impact_scale * figures.auction_concession,
                b.opening.ten_year_equivalent,
                b.priced_volatility_bp / b.opening.volatility_bp,
                strain,
            )
            b.seen.tail_bp = rules.tail_bp(left, issued[b.n], slope)
            b.orders.auction = issued[b.n]
            b.orders.auction_left = rules.taken_by_dealers_bn(left, issued[b.n], b.seen.tail_bp)
            b.seen.taken_by_bidders = issued[b.n] - b.orders.auction_left
        for h in self.hedges:
            supply = h.opening.share_of_bucket * new[h.bucket.n]
            h.waiting += self.rules.manager.futures_for_supply_bn(supply)

    def set_levers(self, day: int) -> None:
        """Each lever as the scenario lays it down, or as its rule has it if that is more."""
        plan, o, limits = self.plan, self.others, self.p.central_bank.rules
        rise, repo = self.average_rise(), self.fundings[0].wholesale_bp
        sizes = [b.opening.outstanding_bn for b in self.buckets]
        volatility = self.average(sizes, [b.volatility_ratio for b in self.buckets])

        def moved(lever: str, stress: float, given: float, least: float = 0.0) -> float:
            left = getattr(limits, lever).limit - least - given
            return given + self.rules.levers[lever].step_by_rule(stress, left=left, given=given)

        o.relief_by_rule = moved("leverage_relief", rise, o.relief_by_rule, 1.0)
        o.haircut_by_rule = moved("haircut_minimum", volatility, o.haircut_by_rule)
        o.margin_by_rule = moved("margin_minimum", volatility, o.margin_by_rule, 1.0)
        o.clearing_by_rule = moved("clearing_mandate", rise, o.clearing_by_rule)
        o.facility_by_rule = moved("standing_repo", repo, o.facility_by_rule)
        o.leverage_relief = max(plan.leverage_relief[day], 1.0 + o.relief_by_rule)
        o.haircut_minimum = plan.haircut_minimum[day]
        if o.haircut_by_rule > 0.0:
            o.haircut_minimum = max(o.haircut_minimum, o.haircut_by_rule)
        o.margin_minimum = max(plan.margin_minimum[day], 1.0 + o.margin_by_rule)
        cleared = max(plan.clearing_mandate[day], o.clearing_by_rule)
        o.unnetted_share = self.p.dealers.unnetted_repo * (1.0 - cleared)
        o.facility_bn = max(plan.facility_bn[day], o.facility_by_rule)

    def average_rise(self) -> float:
        sizes = [abs(h.opening.demand_bn) for h in self.hedges]
        return self.average(sizes, [self.rise(h) for h in self.hedges])

    def trade_for_policy(self, outright: float, hedged: float) -> None:
        bank, rules, seen = self.p.central_bank, self.rules, self.seen
        had, had_hedged = self.others.bought_outright, self.others.bought_hedged
        outright = min(outright, bank.outright.limit - had)
        hedged = min(hedged, bank.hedged.limit - had_hedged)
        if self.p.choices.outright_by_rule:
            sizes = [b.opening.outstanding_bn for b in self.buckets]
            stress = self.average(sizes, [b.pressure_bp for b in self.buckets])
            outright = rules.outright.step_by_rule(
                stress, left=bank.outright.limit - had, given=bank.outright.sale_limit + had
            )
        if self.p.choices.hedged_by_rule:
            hedged = rules.hedged.step_by_rule(
                self.average_rise(),
                left=bank.hedged.limit - had_hedged,
                given=bank.hedged.sale_limit + had_hedged,
            )
        for b in self.buckets:
            wanted = outright * b.opening.outright_split
            face = rules.bank.traded_bn(wanted, b.central_bonds)
            seen.outright_purchases += face - wanted
            b.orders.outright = rules.bank.from_dealers_bn(
                face, self.bonds_of_dealers(b), b.opening.dealer_bonds_bn
            )
            b.orders.outright_from_end = b.bought_from_end = face - b.orders.outright
        for h in self.hedges:
            wanted = hedged * h.opening.hedged_split
            h.orders.hedged = rules.bank.traded_bn(wanted, h.central_packages)
            seen.hedged_purchases += h.orders.hedged - wanted
        seen.outright_purchases += outright
        seen.hedged_purchases += hedged
        self.others.bought_outright += seen.outright_purchases
        self.others.bought_hedged += seen.hedged_purchases

    @staticmethod
    def average(weights: list[float], values: list[float]) -> float:
        weighted = weight_total = 0.0
        for weight, value in zip(weights, values, strict=True):
            weighted += weight * value
            weight_total += weight
        return weighted / weight_total if weight_total > 0.0 else 0.0

    def offer_estates(self) -> None:
        for h in self.hedges:
            held = abs(h.estate)
            h.orders.estate_sold = min(1.0, h.estate_pace / held) if held > 0.0 else 0.0
            if h.orders.estate_sold >= 1.0:
                h.estate_pace = 0.0

    def shorts(self, h: Any) -> float:
        """Hedges sold by all but dealers for themselves."""
        sold = 0.0
        for t in self.trades:
            if t.hedge is h:
                sold += t.fund_hedges + t.orders.hedges
        return sold + h.estate_hedges * (1.0 - h.orders.estate_sold) + h.central_packages + h.orders.hedged

    def dislocation_at(self, h: Any, cost: float) -> float:
        terms = h.opening
        opening, slope, own_slope = terms.dislocation_bp, self.slope(h), terms.package_slope_bp_per_bn
        first = self.fundings[0]
        offset = opening - terms.cost_loading * terms.side * self.dealers.opening.cost_bp
        offset -= own_slope * terms.dealer_packages_bn
        offset += (
            terms.financing_loading * (first.wholesale_bp - first.opening.repo_spread_bp)
            + terms.outright_share * h.bucket.pressure_bp
        )
        others, choke = self.shorts(h) - h.orders.others_next, opening + slope * h.wanted
        charge = terms.cost_loading * h.side * cost
        margins = h.margin_cost_bp - terms.margin_cost_bp
        clear = self.rules.hedge.clearing_dislocation_bp
        clearing = clear(others, choke, slope, offset, charge, own_slope)
        with_margins = clear(others, choke, slope, offset + margins, charge, own_slope)
        impact = self.p.dealers.impact_scale * (clearing - opening)
        return opening + impact + (with_margins - clearing)

    def margin_cost(self, h: Any) -> float:
        """What the dislocation must pay for margin and haircuts, of funds by what they opened with."""
        face, tied_up = [0.0] * len(self.funds), [0.0] * len(self.funds)
        for t in self.trades:
            for f in self.funds:
                if t.hedge is h:
                    face[f.n] += abs(f.opening.packages_bn[t.n])
                    tied_up[f.n] += abs(f.opening.packages_bn[t.n]) * f.haircut[t.n]
        asked = total(tied_up) / total(face) if total(face) > 0.0 else 0.0
        cost = self.rules.hedge.cost_of_margins_bp(asked * h.bucket.price + h.margin, h.opening.capital_cost)
        longs = h.opening.demand_bn + h.opening.other_hedgers_bn
        return self.rules.hedge.side_of_market(longs, h.opening.size_bn) * cost

    def slope(self, h: Any) -> float:
        """Rise of the dislocation that cuts demand by $1bn, with the cash that asset managers have."""
        return h.opening.demand_slope_bp_per_bn / self.managers.price_response

    def demand_at(self, h: Any, dislocation: float) -> float:
        """Hedges that asset managers want at a dislocation."""
        extra = dislocation - h.opening.dislocation_bp
        return self.rules.manager.futures_demand_bn(h.wanted, extra, self.slope(h))

    def choose_sides(self) -> None:
        """Which way balance sheets push prices: by what dealers hold."""
        for h in self.hedges:
            h.side = self.rules.hedge.side_of_market(h.dealer_packages, h.opening.size_bn)
        held = 0.0
        for b in self.buckets:
            held += b.inventory * b.opening.price_per_bp
        self.dealers.side = self.rules.hedge.side_of_market(held, self.dealers.opening.inventory_size)

    def clear(self) -> None:
        """Find what hedges and bonds cost when all who must sell have sold."""
        opening_cost = self.dealers.opening.cost_bp
        if self.p.channels.dealer_capacity:
            self.choose_sides()
        for b in self.buckets:
            b.orders.inventory_next = self.inventory_after(b)
        packages = per_bp = 0.0
        for h in self.hedges:
            demand = self.demand_at(h, self.dislocation_at(h, opening_cost))
            packages += abs(demand + h.orders.others_next - self.shorts(h)) * h.bucket.price
            slopes = h.opening.package_slope_bp_per_bn + self.slope(h)
            moved = self.p.dealers.impact_scale * h.opening.cost_loading * abs(h.side)
            per_bp += moved * h.bucket.price / slopes
        self.dealers.cost_bp = opening_cost
        if self.impact_form == "dealer-capacity":
            self.dealers.cost_bp = self.balance_sheet_cost(packages, per_bp)
            self.dealers.inventory_cost_bp = self.inventory_cost()
        for b in self.buckets:
            b.pressure_bp = self.pressure(b)
        for h in self.hedges:
            h.dislocation_bp = max(
                self.dislocation_at(h, self.dealers.cost_bp), h.opening.lowest_dislocation_bp
            )
            h.orders.managers_next = self.demand_at(h, h.dislocation_bp)
            longs = h.orders.managers_next + h.orders.others_next
            h.orders.dealer_packages_next = longs - self.shorts(h)
        for b in self.buckets:
            b.basis_bp = 0.0
        for h in self.hedges:
            own = self.rise(h) - h.opening.outright_share * h.bucket.pressure_bp
            h.bucket.basis_bp += h.opening.cash_bp_per_dislocation_bp * own

    def inventory_after(self, b: Any) -> float:
        """Bonds that dealers are left with, less those in their packages."""
        hedges = [h for h in self.hedges if h.bucket is b]
        bonds = b.inventory
        for h in hedges:
            bonds += h.dealer_packages
        for t in self.trades:
            if t.bucket is b:
                bonds -= t.orders.bonds
        for h in hedges:
            bonds += h.estate * h.orders.estate_sold
        sold = b.orders.foreign_sale + b.orders.auction_left - b.orders.outright
        sold -= b.orders.retired
        for h in hedges:
            sold -= h.orders.hedged
        bonds += sold
        for m in self.managers:
            bonds += m.orders.manager_sale[b.n]
        for h in hedges:
            bonds = bonds + h.given_up - h.wanted - h.orders.others_next + self.shorts(h)
        return bonds

    def balance_sheet_cost(self, packages: float, per_bp: float) -> float:
        opening_cost = self.dealers.opening.cost_bp
        limit = self.dealers.limit_bn
        if not self.p.channels.dealer_capacity or limit <= 0.0:
            return opening_cost
        lent, held = self.dealers.fund_repo, 0.0
        for t in self.trades:
            lent += t.orders.bonds * t.bucket.price
        repo = abs(lent) + self.dealers.other_repo
        for b in self.buckets:
            bonds = abs(b.orders.inventory_next)
            for h in self.hedges:
                if h.bucket is b:
                    bonds += abs(h.estate)
            held += bonds * b.price
        fixed = self.others.unnetted_share * repo + held
        return self.rules.dealer.cost_at_clearing_bp(
            (fixed + packages + per_bp * opening_cost) / limit,
            per_bp / limit,
        )

    def inventory_cost(self) -> float:
        if not self.p.channels.dealer_capacity:
            return self.dealers.opening.inventory_cost_bp
        risk = capital = opening = 0.0
        for b in self.buckets:
            risk += abs(b.orders.inventory_next) * b.opening.price_per_bp * b.priced_volatility_bp
        for d in self.dealers:
            capital += max(0.0, d.capital) * (1.0 - d.limit_cut)
            opening += d.opening.capital_bn
        share = capital / opening
        use = self.rules.dealer.value_at_risk_use(
            risk_bn=risk, opening_risk_bn=self.dealers.opening.risk_bn, capital_share=share
        )
        return max(self.dealers.cost_bp, self.rules.cash.balance_sheet_cost_bp(use))

    def risk_premium(self, b: Any, other: Any, inventory: float) -> float:
        return self.rules.cash.inventory_risk_premium_bp(
            self.dealers.opening.risk_aversion_per_bn,
            b.priced_volatility_bp,
            other.priced_volatility_bp,
            b.opening.correlation[other.n],
            other.opening.price_per_bp,
            inventory,
        )

    def pressure(self, b: Any) -> float:
        scale = self.p.dealers.impact_scale
        if self.impact_form != "dealer-capacity":
            return b.permanent_bp + scale * self.other_impact(b)
        premium = 0.0
        for other in self.buckets:
            excess = other.orders.inventory_next - other.inventory_wanted
            premium += self.risk_premium(b, other, excess)
        opening = self.dealers.opening
        extra = self.dealers.side * self.dealers.inventory_cost_bp - opening.side * opening.inventory_cost_bp
        return self.rules.cash.outright_pressure_bp(
            b.permanent_bp, extra, scale * b.opening.cost_loading, scale * premium
        )

    def other_impact(self, b: Any) -> float:
        rules, opening = self.rules.impact, b.opening
        excess = b.orders.inventory_next - b.inventory_wanted
        if self.impact_form == "linear":
            own = opening.volatility_bp * opening.volatility_bp * opening.price_per_bp
            return rules.linear_impact(excess, self.dealers.opening.risk_aversion_per_bn * own)
        if self.impact_form == "square-root":
            return rules.square_root_impact(excess, opening.daily_volume_bn, b.priced_volatility_bp)
        move = b.priced_volatility_bp * opening.price_per_bp / b.price
        depth = rules.market_depth_bn(
            volume_bn_per_day=opening.daily_volume_bn, daily_volatility=move, horizon_days=1.0
        )
        fall = rules.exponential_impact(excess, depth, opening.price, 0.5 * opening.price, opening.price)
        return rules.yield_rise_bp(fall, opening.duration_years)

    def transfer(self) -> None:
        """Bonds and hedges go to their new holders, for cash at the cleared price."""
        self.transfer_hedges()
        for b in self.buckets:
            self.transfer_bonds(b)

    def transfer_hedges(self) -> None:
        replacements = 0.0
        for h in self.hedges:
            given_up = h.wanted - h.orders.managers_next
            replacements += (given_up - h.given_up) * h.bucket.price
            h.given_up = given_up
            h.central_packages += h.orders.hedged
            self.pay(CENTRAL_BANK, DEALERS, h.orders.hedged * h.bucket.price)
            h.estate -= h.orders.estate_sold * h.estate
            h.estate_hedges -= h.orders.estate_sold * h.estate_hedges
            h.managers, h.dealer_packages = h.orders.managers_next, h.orders.dealer_packages_next
            h.others = h.orders.others_next
            h.orders.hedged = h.orders.estate_sold = 0.0
        self.pay(MANAGERS, DEALERS, replacements)
        self.share_among_managers(-replacements)

    def transfer_bonds(self, b: Any) -> None:
        price, orders = b.price, b.orders
        b.foreign_bonds -= orders.foreign_sale
        self.pay(DEALERS, FOREIGN, orders.foreign_sale * price)
        b.issued += orders.auction
        b.end_bonds += orders.auction - orders.auction_left
        paid = self.rules.auction.issue_price(price, b.opening.price_per_bp, b.seen.tail_bp)
        self.pay(DEALERS, ISSUER, orders.auction_left * paid)
        self.pay(END_INVESTORS, ISSUER, (orders.auction - orders.auction_left) * paid)
        self.charge(orders.auction_left * (price - paid))
        b.central_bonds += orders.outright + orders.outright_from_end
        b.end_bonds -= orders.outright_from_end
        self.pay(CENTRAL_BANK, DEALERS, orders.outright * price)
        self.pay(CENTRAL_BANK, END_INVESTORS, orders.outright_from_end * price)
        b.issued -= orders.retired + orders.retired_from_end
        b.end_bonds -= orders.retired_from_end
        self.pay(ISSUER, DEALERS, orders.retired * price)
        self.pay(ISSUER, END_INVESTORS, orders.retired_from_end * price)
        for m in self.managers:
            sale = m.orders.manager_sale[b.n]
            m.bonds[b.n] -= sale
            m.cash += sale * price
            self.pay(DEALERS, MANAGERS, sale * price)
            m.orders.manager_sale[b.n] = 0.0
        b.inventory = orders.inventory_next
        orders.foreign_sale = orders.auction = orders.auction_left = 0.0
        orders.outright = orders.outright_from_end = orders.retired = orders.retired_from_end = 0.0
