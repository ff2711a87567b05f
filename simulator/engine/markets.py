"""Flows nobody forces, and the clearing of both markets.

Dealers take what is sold outright and pass it on to end investors at a finite speed; in the hedge market they
and the asset managers share what the funds give up. One clearing a round sets the dislocation of every trade
and the outright pressure on every bucket at once, coupled by the cost of the dealers' balance sheet.
"""

from simulator.agents.asset_manager import (
    futures_demand_bn,
    met_from_cash_bn,
    met_from_treasuries_bn,
    redemption_bn,
)
from simulator.agents.central_bank import rule_purchase_bn
from simulator.agents.foreign_holder import volatility_sale_bn
from simulator.engine.dealers import balance_sheet_cost, inventory_cost
from simulator.engine.diary import (
    AUCTION_LEFT,
    BOUGHT_OUTRIGHT,
    BOUGHT_PACKAGES,
    FOREIGN_SOLD,
    MANAGERS_SOLD,
    SMALLEST_ENTRY_BN,
    note,
)
from simulator.engine.parameters import (
    CENTRAL_BANK,
    DEALER_CAPACITY,
    DEALERS,
    END_INVESTORS,
    FOREIGN,
    LINEAR,
    OUTSIDE,
    SQUARE_ROOT,
    TRADING_DAYS_PER_MONTH,
    TREASURY,
    Parameters,
    Schedule,
)
from simulator.engine.state import (
    TALLY_FOREIGN_SOLD,
    TALLY_HEDGED,
    TALLY_MANAGER_REDEEMED,
    TALLY_OUTRIGHT,
    State,
)
from simulator.market.cash_market import (
    absorbed_bn,
    inventory_risk_premium_bp,
    outright_pressure_bp,
    permanent_pressure_bp,
)
from simulator.market.hedge_market import clearing_dislocation_bp
from simulator.market.impact import (
    exponential_impact,
    linear_impact,
    market_depth_bn,
    square_root_impact,
    yield_rise_bp,
)
from simulator.rule import phase

#: Cont-Schaanning price floor: half the opening price (literature 3.5).
PRICE_FLOOR_SHARE = 0.5


@phase
def pass_on_inventory(p: Parameters, s: State) -> None:
    """Dealers pass part of their excess inventory to end investors, at market prices; that leaves a pressure."""
    for j in range(s.price.shape[0]):
        s.passed[j] = absorbed_bn(s.inventory[j] - p.opening_inventory_bn[j], p.pass_through)
    for j in range(s.price.shape[0]):
        absorbed = 0.0
        for k in range(s.price.shape[0]):
            absorbed += p.permanent_share[j, k] * (s.passed[k] - s.bought_from_end[k])
        depth = p.permanent_depth_bn_per_bp[j] / s.volatility_ratio[j]
        s.permanent_bp[j] = permanent_pressure_bp(s.permanent_bp[j], absorbed, depth, p.permanent_fade)
    for j in range(s.price.shape[0]):
        s.bought_from_end[j] = 0.0
        s.inventory[j] -= s.passed[j]
        s.end_bonds[j] += s.passed[j]
        s.account[DEALERS] += s.passed[j] * s.price[j]
        s.account[END_INVESTORS] -= s.passed[j] * s.price[j]


@phase
def manager_bonds_value(s: State, a: int) -> float:
    """Value of one asset manager's Treasuries."""
    value = 0.0
    for j in range(s.price.shape[0]):
        value += s.manager_bonds[j, a] * s.price[j]
    return value


@phase
def redeem_from_managers(p: Parameters, s: State, demanded: float) -> None:
    """Asset managers pay investors who leave: from cash, then Treasuries, then other assets; and cut their hedges.

    ``demanded`` is a share of opening net assets, negative for inflows, which buy in the same proportions.
    """
    for a in range(s.manager_cash.shape[0]):
        bonds = manager_bonds_value(s, a)
        redeemed = redemption_bn(
            s.manager_cash[a] + bonds + s.manager_other[a],
            s.volatility_multiple[0],
            p.manager_sensitivity[a] * p.manager_volatility_response,
            -s.manager_return[a],
            p.manager_sensitivity[a] * p.manager_loss_response / TRADING_DAYS_PER_MONTH,
        )
        redeemed += demanded * p.manager_opening_value_bn[a]
        from_cash = met_from_cash_bn(redeemed, s.manager_cash[a], p.manager_cash_use)
        from_bonds = met_from_treasuries_bn(redeemed - from_cash, bonds, p.manager_treasury_use)
        part = from_bonds / bonds if bonds > 0.0 else 0.0
        for j in range(s.price.shape[0]):
            s.manager_sale[j, a] = part * s.manager_bonds[j, a]
        from_other = redeemed - from_cash - from_bonds
        s.manager_other[a] -= from_other
        s.account[END_INVESTORS] -= from_other
        s.manager_cash[a] -= from_cash + from_bonds
        s.account[OUTSIDE] += redeemed
        s.manager_flow[a] -= redeemed
        s.tally[TALLY_MANAGER_REDEEMED] += redeemed
        cut = p.manager_futures_cut * redeemed / p.manager_opening_value_bn[a]
        for j in range(s.price.shape[0]):
            s.wanted_futures[j] -= cut * p.manager_futures_share[a] * p.opening_futures_bn[j]
        if p.diary_on and from_bonds > SMALLEST_ENTRY_BN:
            note(s, MANAGERS_SOLD, a, -1, from_bonds)


@phase
def cover_managers(s: State) -> None:
    """Asset managers short of cash sell other assets to end investors at par."""
    for a in range(s.manager_cash.shape[0]):
        short = max(0.0, -s.manager_cash[a])
        s.manager_cash[a] += short
        s.manager_other[a] -= short
        s.account[END_INVESTORS] -= short


@phase
def pay_managers(p: Parameters, s: State, amount: float) -> None:
    """Share cash of the hedges among asset managers, in proportion to their futures."""
    for a in range(s.manager_cash.shape[0]):
        s.manager_cash[a] += p.manager_futures_share[a] * amount


@phase
def value_managers(p: Parameters, s: State) -> None:
    """Follow each asset manager's return over about a month, flows left out."""
    for a in range(s.manager_cash.shape[0]):
        shared = s.manager_posted[0]
        for j in range(s.price.shape[0]):
            shared += s.given_up[j] * s.price[j]
        value = s.manager_cash[a] + manager_bonds_value(s, a) + s.manager_other[a]
        value += p.manager_futures_share[a] * shared
        before = s.manager_value[a]
        earned = (value - s.manager_flow[a]) / before - 1.0 if before > 0.0 else 0.0
        s.manager_return[a] += earned - s.manager_return[a] / TRADING_DAYS_PER_MONTH
        s.manager_value[a] = value
        s.manager_flow[a] = 0.0


@phase
def sell_from_abroad(p: Parameters, s: State, sched: Schedule, day: int, noise: float) -> None:
    """Foreign holders sell by scenario and because volatility is high."""
    for j in range(s.price.shape[0]):
        by_fear = volatility_sale_bn(
            s.foreign_bonds[j], s.volatility_multiple[0], p.foreign_volatility_response
        )
        face = sched.foreign_sale_bn[day, j] + by_fear + noise * s.foreign_bonds[j]
        s.foreign_sale[j] = min(face, s.foreign_bonds[j])
        s.tally[TALLY_FOREIGN_SOLD] += s.foreign_sale[j]
        if p.diary_on and face > SMALLEST_ENTRY_BN:
            note(s, FOREIGN_SOLD, -1, j, s.foreign_sale[j])


@phase
def hold_auctions(p: Parameters, s: State, sched: Schedule, day: int, noise: float) -> None:
    """Issue new bonds: bidders take theirs, dealers what is left; the tail is the premium on their part."""
    for j in range(s.price.shape[0]):
        face = sched.auction_bn[day, j]
        share = sched.auction_dealer_share[day, j] + sched.auction_noise[day, j] * noise
        s.auction[j] = face
        s.auction_left[j] = face * min(1.0, max(0.0, share))
        s.tail_bp[j] = p.impact_scale * risk_premium_bp(p, s, j, j, s.auction_left[j])
        if p.diary_on and face > 0.0:
            note(s, AUCTION_LEFT, -1, j, s.auction_left[j])


@phase
def buy_for_policy(p: Parameters, s: State, sched: Schedule, day: int) -> None:
    """The central bank buys outright and packages, by schedule or by rule.

    What it buys outright comes from dealers' excess inventory, and beyond that from end investors, whom dealers
    only serve: a purchase does not leave dealers short.
    """
    outright_left = p.outright_limit_bn - s.bought_outright[0]
    hedged_left = p.hedged_limit_bn - s.bought_hedged[0]
    outright = min(sched.outright_bn[day], outright_left)
    hedged = min(sched.hedged_bn[day], hedged_left)
    if p.outright_by_rule:
        stress_bp = average_pressure_bp(p, s)
        outright = rule_purchase_bn(stress_bp, p.outright_trigger_bp, p.outright_pace_bn, outright_left)
    if p.hedged_by_rule:
        stress_bp = average_rise_bp(p, s)
        hedged = rule_purchase_bn(stress_bp, p.hedged_trigger_bp, p.hedged_pace_bn, hedged_left)
    s.bought_outright[0] += outright
    s.bought_hedged[0] += hedged
    s.tally[TALLY_OUTRIGHT] += outright
    s.tally[TALLY_HEDGED] += hedged
    for j in range(s.price.shape[0]):
        face = outright * p.outright_split[j]
        s.policy_outright[j] = min(face, max(0.0, s.inventory[j] - p.opening_inventory_bn[j]))
        s.policy_from_end[j] = face - s.policy_outright[j]
        s.bought_from_end[j] = s.policy_from_end[j]
        s.policy_packages[j] = hedged * p.hedged_split[j]
        if p.diary_on and face > SMALLEST_ENTRY_BN:
            note(s, BOUGHT_OUTRIGHT, -1, j, face)
        if p.diary_on and s.policy_packages[j] > SMALLEST_ENTRY_BN:
            note(s, BOUGHT_PACKAGES, -1, j, s.policy_packages[j])


@phase
def average_pressure_bp(p: Parameters, s: State) -> float:
    """Outright pressure, averaged over trades by outstanding."""
    total = 0.0
    weight = 0.0
    for j in range(s.price.shape[0]):
        total += p.outstanding_bn[j] * s.pressure_bp[j]
        weight += p.outstanding_bn[j]
    return total / weight


@phase
def average_rise_bp(p: Parameters, s: State) -> float:
    """Rise of the dislocation, averaged over trades by asset managers' opening hedges."""
    total = 0.0
    weight = 0.0
    for j in range(s.price.shape[0]):
        size = abs(p.opening_futures_bn[j])
        total += size * (s.dislocation_bp[j] - p.opening_dislocation_bp[j])
        weight += size
    return total / weight if weight > 0.0 else 0.0


@phase
def sell_estate(s: State) -> None:
    """Dealers offer part of the packages they seized to the hedge market, in equal parts over the days."""
    for j in range(s.price.shape[0]):
        held = abs(s.estate[j])
        s.estate_sold[j] = min(1.0, s.estate_pace[j] / held) if held > 0.0 else 0.0
        if s.estate_sold[j] >= 1.0:
            s.estate_pace[j] = 0.0


@phase
def clear_markets(p: Parameters, s: State) -> None:
    """Find the dislocation of every trade and the pressure on every bucket at which both markets clear.

    Everyone but asset managers and dealers is given: funds' and estates' hedges, the central bank's packages,
    what is sold outright. Asset managers' demand falls with the dislocation; dealers take the rest at a
    dislocation that pays their balance sheet. Bonds freed are bought by dealers, and by asset managers in
    place of hedges they gave up for their price; so inventory does not depend on the dislocation.
    """
    packages = 0.0
    given_up_per_bp = 0.0
    for j in range(s.price.shape[0]):
        shorts = shorts_after_orders(p, s, j)
        s.inventory_next[j] = inventory_after_orders(p, s, j, shorts)
        at_opening_cost = dislocation_at(p, s, j, shorts, p.opening_cost_bp)
        packages += abs(dealer_packages_at(p, s, j, shorts, at_opening_cost)) * s.price[j]
        slope = p.package_cost_bp_per_bn[j] + p.demand_slope_bp_per_bn[j]
        given_up_per_bp += p.impact_scale * s.price[j] / slope
    s.cost_bp[0] = p.opening_cost_bp
    if p.impact_form == DEALER_CAPACITY:
        s.cost_bp[0] = balance_sheet_cost(p, s, packages, given_up_per_bp)
        s.inventory_cost_bp[0] = inventory_cost(p, s)
    for j in range(s.price.shape[0]):
        shorts = shorts_after_orders(p, s, j)
        s.dislocation_bp[j] = dislocation_at(p, s, j, shorts, s.cost_bp[0])
        extra_bp = s.dislocation_bp[j] - p.opening_dislocation_bp[j]
        s.futures_next[j] = futures_demand_bn(s.wanted_futures[j], extra_bp, p.demand_slope_bp_per_bn[j])
        s.package_next[j] = s.futures_next[j] + p.other_hedgers_bn[j] - shorts
    for j in range(s.price.shape[0]):
        s.pressure_bp[j] = pressure_at(p, s, j)


@phase
def shorts_after_orders(p: Parameters, s: State, j: int) -> float:
    """Hedges sold by everyone but dealers' own packages, once the round's orders are executed."""
    estate = s.estate_hedge[j] * (1.0 - s.estate_sold[j])
    return s.fund_hedge[j] + s.order_hedges[j] + estate + s.central_package[j] + s.policy_packages[j]


@phase
def inventory_after_orders(p: Parameters, s: State, j: int, shorts: float) -> float:
    """Dealers' outright inventory after the round: all bonds they are left with, less those in packages."""
    bonds = s.inventory[j] + s.dealer_package[j] - s.order_bonds[j] + s.estate[j] * s.estate_sold[j]
    bonds += s.foreign_sale[j] + s.auction_left[j] - s.policy_outright[j] - s.policy_packages[j]
    for a in range(s.manager_cash.shape[0]):
        bonds += s.manager_sale[j, a]
    return bonds + s.given_up[j] - s.wanted_futures[j] - p.other_hedgers_bn[j] + shorts


@phase
def dislocation_at(p: Parameters, s: State, j: int, shorts: float, cost_bp: float) -> float:
    """Dislocation of trade j that clears its hedge market at a cost of balance sheet."""
    opening_bp = p.opening_dislocation_bp[j]
    slope = p.demand_slope_bp_per_bn[j]
    own_slope = p.package_cost_bp_per_bn[j]
    choke_bp = opening_bp + slope * s.wanted_futures[j]
    offset_bp = opening_bp - p.opening_cost_bp - own_slope * p.opening_dealer_packages_bn[j]
    others = shorts - p.other_hedgers_bn[j]
    clearing_bp = clearing_dislocation_bp(others, choke_bp, slope, offset_bp, cost_bp, own_slope)
    return opening_bp + p.impact_scale * (clearing_bp - opening_bp)


@phase
def dealer_packages_at(p: Parameters, s: State, j: int, shorts: float, dislocation_bp: float) -> float:
    """Packages dealers hold at a dislocation: what asset managers and others want beyond what others sold."""
    extra_bp = dislocation_bp - p.opening_dislocation_bp[j]
    futures = futures_demand_bn(s.wanted_futures[j], extra_bp, p.demand_slope_bp_per_bn[j])
    return futures + p.other_hedgers_bn[j] - shorts


@phase
def risk_premium_bp(p: Parameters, s: State, j: int, k: int, inventory_bn: float) -> float:
    """Premium on bucket j for dealers' inventory in bucket k, at today's volatility."""
    return inventory_risk_premium_bp(
        p.risk_aversion_per_bn,
        s.volatility_bp[j],
        s.volatility_bp[k],
        p.correlation[j, k],
        p.price_per_bp[k],
        inventory_bn,
    )


@phase
def pressure_at(p: Parameters, s: State, j: int) -> float:
    """Outright pressure on bucket j with the coming inventories, by the chosen form of impact."""
    excess = s.inventory_next[j] - p.opening_inventory_bn[j]
    if p.impact_form == DEALER_CAPACITY:
        premium_bp = 0.0
        for k in range(s.price.shape[0]):
            premium_bp += risk_premium_bp(p, s, j, k, s.inventory_next[k] - p.opening_inventory_bn[k])
        loading = p.impact_scale * p.holding_years / p.duration_years[j]
        extra_cost_bp = s.inventory_cost_bp[0] - p.opening_inventory_cost_bp
        return outright_pressure_bp(s.permanent_bp[j], extra_cost_bp, loading, p.impact_scale * premium_bp)
    return s.permanent_bp[j] + p.impact_scale * other_impact_bp(p, s, j, excess)


@phase
def other_impact_bp(p: Parameters, s: State, j: int, excess: float) -> float:
    """Pressure of an excess inventory under the linear, square-root or exponential form."""
    move = s.volatility_bp[j] * p.price_per_bp[j] / s.price[j]
    if p.impact_form == LINEAR:
        own = p.opening_volatility_bp[j] * p.opening_volatility_bp[j] * p.price_per_bp[j]
        return linear_impact(excess, p.risk_aversion_per_bn * own)
    if p.impact_form == SQUARE_ROOT:
        return square_root_impact(excess, p.daily_volume_bn[j], s.volatility_bp[j], p.square_root_constant)
    depth = market_depth_bn(p.depth_constant, p.daily_volume_bn[j], move, 1.0)
    price = p.opening_price[j]
    return yield_rise_bp(
        exponential_impact(excess, depth, price, PRICE_FLOOR_SHARE * price, price), p.duration_years[j]
    )


@phase
def transfer(p: Parameters, s: State) -> None:
    """Execute what cleared, at the cleared prices: bonds move between sectors, hedges take their new holders.

    The funds' own orders are executed beside this; see :func:`simulator.engine.funds.execute_orders`.
    """
    replacements = 0.0
    for j in range(s.price.shape[0]):
        price = s.price[j]
        bought = s.foreign_sale[j] + s.auction_left[j] - s.policy_outright[j] - s.policy_packages[j]
        s.foreign_bonds[j] -= s.foreign_sale[j]
        s.account[FOREIGN] += s.foreign_sale[j] * price
        s.issued[j] += s.auction[j]
        s.end_bonds[j] += s.auction[j] - s.auction_left[j]
        s.account[TREASURY] += s.auction[j] * price
        s.account[END_INVESTORS] -= (s.auction[j] - s.auction_left[j]) * price
        from_end = s.policy_from_end[j]
        s.central_bonds[j] += s.policy_outright[j] + from_end
        s.end_bonds[j] -= from_end
        s.account[END_INVESTORS] += from_end * price
        s.central_package[j] += s.policy_packages[j]
        s.account[CENTRAL_BANK] -= (s.policy_outright[j] + from_end + s.policy_packages[j]) * price
        s.policy_from_end[j] = 0.0
        given_up = s.wanted_futures[j] - s.futures_next[j]
        replaced = given_up - s.given_up[j]
        s.given_up[j] = given_up
        replacements += replaced * price
        for a in range(s.manager_cash.shape[0]):
            sale = s.manager_sale[j, a]
            s.manager_bonds[j, a] -= sale
            s.manager_cash[a] += sale * price
            s.manager_sale[j, a] = 0.0
            bought += sale
        s.account[DEALERS] -= (bought - replaced) * price
        s.estate[j] -= s.estate_sold[j] * s.estate[j]
        s.estate_hedge[j] -= s.estate_sold[j] * s.estate_hedge[j]
        s.manager_futures[j] = s.futures_next[j]
        s.dealer_package[j] = s.package_next[j]
        s.inventory[j] = s.inventory_next[j]
        s.foreign_sale[j] = 0.0
        s.auction[j] = 0.0
        s.auction_left[j] = 0.0
        s.policy_outright[j] = 0.0
        s.policy_packages[j] = 0.0
        s.estate_sold[j] = 0.0
    pay_managers(p, s, -replacements)
