"""Prices from yields, and the settlement of price changes between everyone.

Bonds are priced exactly at the cash yield, the hedge by its kind. Cheapest to deliver is found once a day; within the
day the hedge follows that bond.
"""

from simulator.agents.clearing_house import tenor_multiple, volatility_in_force_bp
from simulator.agents.hedge_fund import collateral_cash_bn, convergence_bn
from simulator.engine.diary import SWITCHED, note
from simulator.engine.hedges.futures import futures_price
from simulator.engine.hedges.kinds import hedge_value
from simulator.engine.loops import (
    each_bond,
    each_bucket,
    each_fund,
    each_hedge,
    each_trade,
    empty,
    pay,
    row_total,
)
from simulator.engine.parameters import (
    CENTRAL_BANK,
    CLEARING_HOUSE,
    COLLATERAL,
    DEALERS,
    FUNDS,
    MANAGERS,
    OTHER_HEDGERS,
    TRADING_DAYS_PER_YEAR,
    VARIATION_MARGIN,
    Parameters,
    World,
)
from simulator.engine.phases.dealers import bonds_of_dealers, charge
from simulator.engine.phases.managers import share_among_managers
from simulator.engine.state import State
from simulator.engine.status import PRICE_OUT_OF_RANGE
from simulator.market.cash_market import priced_volatility_bp
from simulator.market.corporate_bonds import kept_after_defaults, spread_change_bp
from simulator.market.futures import price_within_limit
from simulator.market.treasuries import dirty_price, price_floor
from simulator.model.table import Floats
from simulator.rule import phase

BASIS_POINT = 1e-4

#: A price per face beyond this is no price of a bond: the path is stopped and counted.
PRICE_MAX = 1e3


@phase
def shift_curve(p: Parameters, s: State, w: World, path: int, day: int) -> None:
    """Bring today's fundamental yields: the curve's change at each bond's maturity, and that of credit spreads."""
    tenors = w.curve_change_bp.shape[2]
    for k in each_bond(s):
        change_bp = 0.0
        for c in range(tenors):
            change_bp += p.opening.bonds.curve_weight[k, c] * w.curve_change_bp[path, day, c]
        response = p.opening.bonds.spread_response[k]
        if response != 0.0:
            change_bp += spread_change_bp(w.credit_change_bp[path, day], response)
        s.bonds.curve_shift_bp[k] = change_bp


@phase
def bring_defaults(p: Parameters, s: State, w: World, path: int, day: int) -> None:
    """Let issuers default: bonds, and hedges on them, keep what the recovery leaves of their value."""
    for b in each_bucket(s):
        defaulted = w.defaulted[path, day, b]
        if defaulted > 0.0:
            alive = s.buckets.price[b] / s.buckets.surviving[b]
            s.buckets.surviving[b] *= kept_after_defaults(defaulted, p.opening.buckets.recovery[b], alive)
    for h in each_hedge(s):
        b = p.opening.hedges.bucket_of[h]
        defaulted = w.defaulted[path, day, b]
        if defaulted > 0.0:
            alive = s.hedges.value[h] / s.hedges.surviving[h]
            s.hedges.surviving[h] *= kept_after_defaults(defaulted, p.opening.buckets.recovery[b], alive)


@phase
def set_volatility(p: Parameters, s: State) -> None:
    """Set the volatility in force: of each hedge for its margin, of each bucket the largest of its hedges.

    Markets price risk on a volatility of their own, which gives little weight to moves that forced sales made.
    """
    opening = p.opening
    multiple = s.others.volatility_multiple[0]
    for b in each_bucket(s):
        s.buckets.volatility_bp[b] = 0.0
    for h in each_hedge(s):
        b = opening.hedges.bucket_of[h]
        implied_bp = opening.hedges.volatility_bp[h] * tenor_multiple(
            multiple, opening.buckets.volatility_response[b]
        )
        s.hedges.volatility_bp[h] = volatility_in_force_bp(s.hedges.variance[h], implied_bp)
        s.buckets.volatility_bp[b] = max(s.buckets.volatility_bp[b], s.hedges.volatility_bp[h])
    for b in each_bucket(s):
        opening_bp = opening.buckets.volatility_bp[b]
        implied_bp = opening_bp * tenor_multiple(multiple, opening.buckets.volatility_response[b])
        if s.buckets.volatility_bp[b] == 0.0:  # a bucket that nothing hedges
            s.buckets.volatility_bp[b] = implied_bp
        s.buckets.volatility_ratio[b] = s.buckets.volatility_bp[b] / opening_bp
        s.buckets.priced_volatility_bp[b] = priced_volatility_bp(
            s.buckets.volatility_bp[b], implied_bp, p.end_investors.own_moves
        )


@phase
def cash_yield(p: Parameters, s: State, k: int) -> float:
    """Yield of bond k: fundamental, outright pressure, and the cash share of its bucket's dislocations."""
    b = p.opening.bonds.bucket_of[k]
    change_bp = s.bonds.curve_shift_bp[k] + s.buckets.pressure_bp[b] + s.buckets.basis_bp[b]
    return p.opening.bonds.yield_[k] + BASIS_POINT * change_bp


@phase
def bond_price(p: Parameters, k: int, yield_: float) -> float:
    """Full price of bond k, per face."""
    bonds = p.opening.bonds
    return dirty_price(
        yield_, bonds.coupon[k], bonds.coupons_per_year[k], bonds.periods_to_coupon[k], bonds.periods_after[k]
    )


@phase
def price_bonds(p: Parameters, s: State) -> None:
    """Price the bonds that matter within the day: those held, and those cheapest to deliver."""
    opening = p.opening
    for b in each_bucket(s):
        held = opening.buckets.held_bond[b]
        s.bonds.price[held] = s.buckets.surviving[b] * bond_price(p, held, cash_yield(p, s, held))
    for h in each_hedge(s):
        held = opening.buckets.held_bond[opening.hedges.bucket_of[h]]
        cheapest = opening.deliverables.bond[s.hedges.cheapest[h]]
        if cheapest != held:
            s.bonds.price[cheapest] = bond_price(p, cheapest, cash_yield(p, s, cheapest))


@phase
def find_cheapest(p: Parameters, s: State) -> None:
    """Find the bond that the shorts of each contract would deliver: the lowest converted forward price.

    Yesterday's bond is priced already. Another one is priced only if it can be lower: if its floor is.
    """
    bonds, hedges, basket = p.opening.bonds, p.opening.hedges, p.opening.deliverables
    for h in each_hedge(s):
        first, end = hedges.basket_start[h], hedges.basket_start[h + 1]
        if end - first == 1:
            continue
        best = s.hedges.cheapest[h]
        lowest = futures_price(p, s, h, best, s.bonds.price[basket.bond[best]])
        for e in range(first, end):
            k = basket.bond[e]
            yield_ = cash_yield(p, s, k)
            floor = price_floor(bonds.price[k], bonds.duration_years[k], yield_ - bonds.yield_[k])
            if futures_price(p, s, h, e, floor) < lowest and e != s.hedges.cheapest[h]:
                s.bonds.price[k] = bond_price(p, k, yield_)
                price = futures_price(p, s, h, e, s.bonds.price[k])
                if price < lowest:
                    lowest = price
                    best = e
        if best != s.hedges.cheapest[h] and p.watch.diary:
            note(s, SWITCHED, -1, h, 0.0)
        s.hedges.cheapest[h] = best


@phase
def settle_prices(p: Parameters, s: State) -> None:
    """Settle the change of prices: variation margin on hedges, re-marked repo, dealers' profit.

    Longs of the hedge gain what shorts lose. A fund's share of re-marked repo follows its bond; the rest of
    the bond's gain stays on paper.
    """
    mark_bonds(p, s)
    mark_hedges(p, s)
    settle_trades(p, s)
    settle_with_dealers(p, s)
    pay_hedges(p, s, s.hedges.value_change)


@phase
def settle_trades(p: Parameters, s: State) -> None:
    """Settle the change of prices with funds, in all their trades: dealers lend more where bonds rose."""
    remarked, call = s.scratch.first, s.orders.call
    empty(remarked)
    for j in each_trade(s):
        settle_with_funds(p, s, j, remarked)
    for i in each_fund(s):
        call[COLLATERAL, i] -= remarked[i]
    lent = row_total(remarked)
    s.dealers.fund_repo[0] += lent
    pay(s, DEALERS, FUNDS, lent)


@phase
def mark_bonds(p: Parameters, s: State) -> None:
    """Mark each bucket's held bond to today's price."""
    for b in each_bucket(s):
        price = s.bonds.price[p.opening.buckets.held_bond[b]]
        s.buckets.price_change[b] = price - s.buckets.price[b]
        s.buckets.price[b] = price
        if not 0.0 < price < PRICE_MAX:
            s.checks.status[0] = PRICE_OUT_OF_RANGE


@phase
def mark_hedges(p: Parameters, s: State) -> None:
    """Mark each hedge to its value with the bond that is cheapest today, within the price limit of its exchange."""
    for h in each_hedge(s):
        e = s.hedges.cheapest[h]
        freely = hedge_value(p, s, h, e, cash_yield(p, s, p.opening.deliverables.bond[e]))
        value = freely
        if s.hedges.value_at_open[h] > 0.0:  # none has been settled when the market is opened
            value = price_within_limit(freely, s.hedges.value_at_open[h], p.opening.hedges.price_limit[h])
        s.hedges.beyond_limit[h] = freely - value
        s.hedges.value_change[h] = value - s.hedges.value[h]
        s.hedges.value[h] = value
        if not 0.0 < value < PRICE_MAX:
            s.checks.status[0] = PRICE_OUT_OF_RANGE


@phase
def settle_with_funds(p: Parameters, s: State, j: int, remarked: Floats) -> None:
    """Settle one trade's price changes with the funds: variation margin to pay, repo re-marked with the bond.

    What is re-marked is added to the row ``remarked``.
    """
    price_change = s.buckets.price_change[p.opening.trades.bucket_of[j]]
    value_change = s.hedges.value_change[p.opening.trades.hedge_of[j]]
    packages, loan, haircut, call = s.funds.packages, s.funds.loan, s.funds.haircut, s.orders.call
    free = s.funds.unencumbered
    ratio, share = p.opening.funds.hedge_ratio, p.opening.funds.remarked_share
    for i in each_fund(s):
        lent = collateral_cash_bn(price_change, packages[j, i] - free[j, i], haircut[j, i], share[i])
        loan[j, i] += lent
        remarked[i] += lent
        call[VARIATION_MARGIN, i] += packages[j, i] * ratio[j, i] * value_change


@phase
def settle_with_dealers(p: Parameters, s: State) -> None:
    """Share the gain on all bonds that dealers hold: inventory, packages and estates."""
    bonds = bonds_of_dealers(p, s, s.scratch.by_bucket)
    on_bonds = 0.0
    for b in each_bucket(s):
        on_bonds += bonds[b] * s.buckets.price_change[b]
    charge(s, on_bonds)


@phase
def pay_hedges(p: Parameters, s: State, rise: Floats) -> None:
    """Longs of the hedges receive a rise of each, per face, and shorts pay it, all through the clearing house.

    What each fund pays is called from it beside this.
    """
    from_dealers = 0.0
    from_funds = 0.0
    from_central_bank = 0.0
    to_managers = 0.0
    to_others = 0.0
    for h in each_hedge(s):
        from_dealers += (s.hedges.dealer_packages[h] + s.hedges.estate_hedges[h]) * rise[h]
        to_managers += s.hedges.managers[h] * rise[h]
        from_central_bank += s.hedges.central_packages[h] * rise[h]
        to_others += s.hedges.others[h] * rise[h]
    for j in each_trade(s):
        from_funds += s.trades.fund_hedges[j] * rise[p.opening.trades.hedge_of[j]]
    pay(s, FUNDS, CLEARING_HOUSE, from_funds)
    pay(s, CENTRAL_BANK, CLEARING_HOUSE, from_central_bank)
    pay(s, CLEARING_HOUSE, OTHER_HEDGERS, to_others)
    pay(s, DEALERS, CLEARING_HOUSE, from_dealers)
    charge(s, -from_dealers)
    pay(s, CLEARING_HOUSE, MANAGERS, to_managers)
    share_among_managers(p, s, to_managers)


@phase
def accrue_hedge_carry(p: Parameters, s: State) -> None:
    """Pay a day's convergence over the opening dislocation, and the roll, between hedgers other than funds."""
    for h in each_hedge(s):
        extra_bp = s.hedges.dislocation_bp[h] - p.opening.hedges.dislocation_bp[h]
        earned = convergence_bn(s.hedges.value[h], extra_bp, TRADING_DAYS_PER_YEAR) + s.hedges.paid_in_roll[h]
        s.hedges.value_change[h] = -earned
    pay_hedges(p, s, s.hedges.value_change)
