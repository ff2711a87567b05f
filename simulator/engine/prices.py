"""Prices from yields, and the settlement of price changes between everyone.

Bonds are priced exactly at the cash yield; the hedge is the cheapest deliverable's forward price at the
implied repo rate (policy rate plus dislocation), or a par swap at the yield less the dislocation. Cheapest to
deliver is found once a day; within the day the hedge follows that bond.
"""

from simulator.agents.clearing_house import variance_estimate, volatility_in_force_bp
from simulator.agents.hedge_fund import collateral_cash_bn, convergence_bn
from simulator.engine.dealers import charge
from simulator.engine.diary import SWITCHED, note
from simulator.engine.markets import pay_managers
from simulator.engine.parameters import (
    CENTRAL_BANK,
    DEALERS,
    OTHER_HEDGERS,
    OUTSIDE,
    TRADING_DAYS_PER_YEAR,
    VARIATION_MARGIN,
    Floats,
    Parameters,
    World,
)
from simulator.engine.state import State
from simulator.engine.status import PRICE_OUT_OF_RANGE
from simulator.engine.sums import empty, row_total
from simulator.market.futures import (
    financed_price_years,
    forward_dirty_price,
    futures_price_from_implied_repo,
)
from simulator.market.treasuries import dirty_price, price_floor
from simulator.rule import phase

BASIS_POINT = 1e-4
COUPONS_PER_YEAR = 2.0
MONEY_MARKET_YEAR = 365.0 / 360.0

#: A price per face beyond this is no price of a bond: the path is stopped and counted.
PRICE_MAX = 1e3


@phase
def shift_curve(p: Parameters, s: State, w: World, path: int, day: int) -> None:
    """Bring today's fundamental yields: the curve's change at each bond's maturity."""
    tenors = w.curve_change_bp.shape[2]
    for k in range(s.curve_shift_bp.shape[0]):
        change_bp = 0.0
        for c in range(tenors):
            change_bp += p.bond_curve_weight[k, c] * w.curve_change_bp[path, day, c]
        s.curve_shift_bp[k] = change_bp


@phase
def cash_yield(p: Parameters, s: State, j: int, k: int) -> float:
    """Yield of bond k of trade j: fundamental, outright pressure, and the cash share of the dislocation."""
    extra_bp = s.dislocation_bp[j] - p.opening_dislocation_bp[j]
    change_bp = s.curve_shift_bp[k] + s.pressure_bp[j] + p.cash_bp_per_dislocation_bp[j] * extra_bp
    return p.bond_opening_yield[k] + BASIS_POINT * change_bp


@phase
def bond_price(p: Parameters, k: int, yield_: float) -> float:
    """Full price of bond k, per face."""
    return dirty_price(
        yield_, p.bond_coupon[k], COUPONS_PER_YEAR, p.bond_periods_to_coupon[k], p.bond_periods_after[k]
    )


@phase
def futures_price(p: Parameters, s: State, j: int, k: int, dirty: float) -> float:
    """Futures price at which bond k's implied repo is the opening policy rate plus the dislocation.

    Changes of the policy rate move what overnight repo costs and what futures had expected it to cost; the
    model takes them as expected, so that they are no gain to either side.
    """
    rate = (p.policy_rate + BASIS_POINT * s.dislocation_bp[j]) * MONEY_MARKET_YEAR
    price_years = financed_price_years(dirty, p.delivery_years[j], p.bond_income_years[k])
    forward = forward_dirty_price(dirty, rate, price_years, p.bond_income[k])
    return futures_price_from_implied_repo(forward, p.bond_accrued_delivery[k], p.bond_factor[k])


@phase
def hedge_value(p: Parameters, s: State, j: int, k: int) -> float:
    """Value of the hedge per face of the held bond, when bond k is cheapest to deliver."""
    if p.is_swap[j] == 1:
        return bond_price(p, k, cash_yield(p, s, j, k) - BASIS_POINT * s.dislocation_bp[j])
    return futures_price(p, s, j, k, s.bond_price[k]) * p.bond_factor[p.held_bond[j]]


@phase
def price_bonds(p: Parameters, s: State) -> None:
    """Price the bonds that matter within the day: those held, and those cheapest to deliver."""
    for j in range(s.price.shape[0]):
        held, cheapest = p.held_bond[j], s.cheapest[j]
        s.bond_price[held] = bond_price(p, held, cash_yield(p, s, j, held))
        if cheapest != held:
            s.bond_price[cheapest] = bond_price(p, cheapest, cash_yield(p, s, j, cheapest))


@phase
def find_cheapest(p: Parameters, s: State) -> None:
    """Find the bond that the shorts of each contract would deliver: the lowest converted forward price.

    Yesterday's bond is priced already. Another one is priced only if it can be lower: if its floor is.
    """
    for j in range(s.price.shape[0]):
        best = s.cheapest[j]
        lowest = futures_price(p, s, j, best, s.bond_price[best])
        for k in range(p.basket_start[j], p.basket_start[j + 1]):
            yield_ = cash_yield(p, s, j, k)
            rise = yield_ - p.bond_opening_yield[k]
            floor = price_floor(p.bond_opening_price[k], p.bond_opening_duration[k], rise)
            if futures_price(p, s, j, k, floor) < lowest and k != s.cheapest[j]:
                s.bond_price[k] = bond_price(p, k, yield_)
                price = futures_price(p, s, j, k, s.bond_price[k])
                if price < lowest:
                    lowest = price
                    best = k
        if best != s.cheapest[j] and p.diary_on:
            note(s, SWITCHED, -1, j, 0.0)
        s.cheapest[j] = best


@phase
def settle_prices(p: Parameters, s: State) -> None:
    """Settle the change of prices: variation margin on hedges, re-marked repo, dealers' profit.

    Longs of the hedge gain what shorts lose. A fund's share of re-marked repo follows its bond; the rest of
    the bond's gain stays on paper.
    """
    empty(s.scratch)
    for j in range(s.price.shape[0]):
        price = s.bond_price[p.held_bond[j]]
        hedge = hedge_value(p, s, j, s.cheapest[j])
        s.price_change[j] = price - s.price[j]
        s.hedge_change[j] = hedge - s.hedge[j]
        settle_with_funds(p, s, j, s.price_change[j], s.hedge_change[j])
        s.price[j] = price
        s.hedge[j] = hedge
        if not (price > 0.0 and hedge > 0.0 and price < PRICE_MAX and hedge < PRICE_MAX):
            s.status[0] = PRICE_OUT_OF_RANGE
    lent = row_total(s.scratch)
    s.fund_repo[0] += lent
    s.account[DEALERS] -= lent
    settle_with_others(p, s)


@phase
def settle_with_funds(p: Parameters, s: State, j: int, price_change: float, hedge_change: float) -> None:
    """Settle one trade's price changes with the funds: variation margin to pay, less cash from re-marked repo."""
    packages, loan, haircut, ratio = s.packages, s.loan, s.haircut, p.hedge_ratio
    remarked, change, call = p.remarked_share, s.scratch, s.call
    for i in range(s.cash.shape[0]):
        lent = collateral_cash_bn(price_change, packages[j, i], haircut[j, i], remarked[i])
        loan[j, i] += lent
        change[i] += lent
        call[VARIATION_MARGIN, i] += packages[j, i] * ratio[j, i] * hedge_change - lent


@phase
def settle_with_others(p: Parameters, s: State) -> None:
    """Settle price changes with dealers, asset managers, other hedgers and the central bank."""
    on_bonds = 0.0
    for j in range(s.price.shape[0]):
        bonds = s.dealer_package[j] + s.inventory[j] + s.estate[j]
        on_bonds += bonds * s.price_change[j]
    charge(s, on_bonds)
    pay_hedges(p, s, s.hedge_change)


@phase
def pay_hedges(p: Parameters, s: State, rise: Floats) -> None:
    """Longs of the hedges receive a rise of each, per face; dealers and the central bank, who are short, pay it."""
    from_dealers = 0.0
    to_managers = 0.0
    for j in range(s.price.shape[0]):
        from_dealers += (s.dealer_package[j] + s.estate_hedge[j]) * rise[j]
        to_managers += s.manager_futures[j] * rise[j]
        s.account[OTHER_HEDGERS] += p.other_hedgers_bn[j] * rise[j]
        s.account[CENTRAL_BANK] -= s.central_package[j] * rise[j]
    s.account[DEALERS] -= from_dealers
    charge(s, -from_dealers)
    pay_managers(p, s, to_managers)


@phase
def accrue_other_carry(p: Parameters, s: State) -> None:
    """Pay a day's convergence over the opening dislocation between hedgers other than funds: longs pay shorts."""
    for j in range(s.price.shape[0]):
        extra_bp = s.dislocation_bp[j] - p.opening_dislocation_bp[j]
        s.hedge_change[j] = -convergence_bn(s.hedge[j], extra_bp, TRADING_DAYS_PER_YEAR)
    pay_hedges(p, s, s.hedge_change)


@phase
def bridge_variation_margin(s: State) -> None:
    """With the variation-margin channel off, a lender outside the model pays and is paid instead of the fund."""
    for i in range(s.cash.shape[0]):
        s.bridge[i] += s.call[VARIATION_MARGIN, i]
        s.account[OUTSIDE] -= s.call[VARIATION_MARGIN, i]
        s.cash[i] += s.call[VARIATION_MARGIN, i]


@phase
def set_volatility(p: Parameters, s: State) -> None:
    """Set the volatility that margins, haircuts and risk limits use today."""
    for j in range(s.price.shape[0]):
        implied_bp = p.opening_volatility_bp[j] * s.volatility_multiple[0]
        s.volatility_bp[j] = volatility_in_force_bp(s.variance[j], implied_bp)
        s.volatility_ratio[j] = s.volatility_bp[j] / p.opening_volatility_bp[j]


@phase
def learn_from_moves(p: Parameters, s: State) -> None:
    """Feed the day's actual move of each hedge, forced sales included, to the variance estimate."""
    for j in range(s.price.shape[0]):
        move_bp = (s.hedge[j] - s.hedge_at_open[j]) / p.price_per_bp[j]
        s.variance[j] = variance_estimate(s.variance[j], move_bp, p.variance_decay)
        s.hedge_at_open[j] = s.hedge[j]
