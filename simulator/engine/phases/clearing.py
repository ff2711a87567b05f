"""The clearing of both markets, and the transfer of what cleared.

Dealers take what is sold outright and pass it on to end investors at a finite speed; in the hedge market they
and the asset managers share what the funds give up. One clearing a round sets the dislocation of every hedge
and the outright pressure on every bucket at once, coupled by the cost of the dealers' balance sheet.
"""

from simulator.agents.asset_manager import futures_demand_bn
from simulator.engine.loops import each_bucket, each_hedge, each_manager, each_trade, empty, pay
from simulator.engine.parameters import (
    CENTRAL_BANK,
    DEALER_CAPACITY,
    DEALERS,
    END_INVESTORS,
    FOREIGN,
    ISSUER,
    LINEAR,
    MANAGERS,
    SQUARE_ROOT,
    Parameters,
)
from simulator.engine.phases.dealers import balance_sheet_cost, charge, inventory_cost
from simulator.engine.phases.managers import share_among_managers
from simulator.engine.state import State
from simulator.market.auction import issue_price
from simulator.market.cash_market import inventory_risk_premium_bp, outright_pressure_bp
from simulator.market.hedge_market import clearing_dislocation_bp, side_of_market
from simulator.market.impact import (
    exponential_impact,
    linear_impact,
    market_depth_bn,
    square_root_impact,
    yield_rise_bp,
)
from simulator.model.table import Floats
from simulator.rule import phase

#: Cont-Schaanning price floor: half the opening price (literature 3.5).
PRICE_FLOOR_SHARE = 0.5


@phase
def clear_markets(p: Parameters, s: State) -> None:
    """Find the dislocation of every hedge and the pressure on every bucket at which both markets clear.

    Everyone but asset managers and dealers is given: funds' and estates' hedges, those of others, the central bank's
    packages, what is sold outright. Asset managers' demand falls with the dislocation; dealers take the rest at a
    dislocation that pays their balance sheet. Bonds freed are bought by dealers, and by asset managers in
    place of hedges they gave up for their price; so inventory does not depend on the dislocation.
    """
    hedges, shorts = p.opening.hedges, s.scratch.by_hedge
    add_up_shorts(p, s, shorts)
    if (
        p.channels.dealer_capacity
    ):  # off, balance sheet costs what it cost at the opening, and pushes as it did
        choose_sides(p, s)
    add_up_inventory(p, s, shorts)
    packages = 0.0
    given_up_per_bp = 0.0
    for h in each_hedge(s):
        price = s.buckets.price[hedges.bucket_of[h]]
        at_opening_cost = dislocation_at(p, s, h, shorts[h], p.opening.dealers.cost_bp[0])
        packages += abs(dealer_packages_at(p, s, h, shorts[h], at_opening_cost)) * price
        slope = hedges.package_slope_bp_per_bn[h] + demand_slope(p, s, h)
        per_bp = p.dealers.impact_scale * hedges.cost_loading[h] * abs(s.hedges.side[h])
        given_up_per_bp += per_bp * price / slope
    s.dealers.cost_bp[0] = p.opening.dealers.cost_bp[0]
    if p.choices.impact == DEALER_CAPACITY:
        s.dealers.cost_bp[0] = balance_sheet_cost(p, s, packages, given_up_per_bp)
        s.dealers.inventory_cost_bp[0] = inventory_cost(p, s)
    for b in each_bucket(s):
        s.buckets.pressure_bp[b] = pressure_at(p, s, b)
    for h in each_hedge(s):
        cleared_bp = dislocation_at(p, s, h, shorts[h], s.dealers.cost_bp[0])
        s.hedges.dislocation_bp[h] = max(cleared_bp, hedges.lowest_dislocation_bp[h])
        extra_bp = s.hedges.dislocation_bp[h] - hedges.dislocation_bp[h]
        s.orders.managers_next[h] = futures_demand_bn(s.hedges.wanted[h], extra_bp, demand_slope(p, s, h))
        s.orders.dealer_packages_next[h] = s.orders.managers_next[h] + s.orders.others_next[h] - shorts[h]
    show_dislocations_in_yields(p, s)


@phase
def add_up_shorts(p: Parameters, s: State, shorts: Floats) -> None:
    """Hedges sold by everyone but dealers' own packages, once the round's orders are executed; fills ``shorts``."""
    empty(shorts)
    for j in each_trade(s):
        shorts[p.opening.trades.hedge_of[j]] += s.trades.fund_hedges[j] + s.orders.hedges[j]
    for h in each_hedge(s):
        estate = s.hedges.estate_hedges[h] * (1.0 - s.orders.estate_sold[h])
        shorts[h] = shorts[h] + estate + s.hedges.central_packages[h] + s.orders.hedged[h]


@phase
def add_up_inventory(p: Parameters, s: State, shorts: Floats) -> None:
    """Dealers' outright inventory after the round: all bonds they are left with, less those in packages."""
    bonds, bucket_of = s.orders.inventory_next, p.opening.hedges.bucket_of
    sold, packages = s.scratch.by_bucket, s.orders.hedged
    for b in each_bucket(s):
        bonds[b] = s.buckets.inventory[b]
    for h in each_hedge(s):
        bonds[bucket_of[h]] += s.hedges.dealer_packages[h]
    for j in each_trade(s):
        bonds[p.opening.trades.bucket_of[j]] -= s.orders.bonds[j]
    for h in each_hedge(s):
        bonds[bucket_of[h]] += s.hedges.estate[h] * s.orders.estate_sold[h]
    for b in each_bucket(s):
        sold[b] = s.orders.foreign_sale[b] + s.orders.auction_left[b] - s.orders.outright[b]
        sold[b] -= s.orders.retired[b]
    for h in each_hedge(s):
        sold[bucket_of[h]] -= packages[h]
    for b in each_bucket(s):
        bonds[b] += sold[b]
        for a in each_manager(s):
            bonds[b] += s.orders.manager_sale[b, a]
    for h in each_hedge(s):
        b = bucket_of[h]
        given_up = bonds[b] + s.hedges.given_up[h] - s.hedges.wanted[h]
        bonds[b] = given_up - s.orders.others_next[h] + shorts[h]


@phase
def dislocation_at(p: Parameters, s: State, h: int, shorts: float, cost_bp: float) -> float:
    """Dislocation of hedge h that clears its market at a cost of balance sheet.

    What margins cost is no price impact, and is not scaled like one.
    """
    hedges = p.opening.hedges
    opening_bp, slope, own_slope = (
        hedges.dislocation_bp[h],
        demand_slope(p, s, h),
        hedges.package_slope_bp_per_bn[h],
    )
    choke_bp = opening_bp + slope * s.hedges.wanted[h]
    opening_cost_bp = hedges.cost_loading[h] * hedges.side[h] * p.opening.dealers.cost_bp[0]
    financing_bp = s.fundings.wholesale_bp[0] - p.opening.fundings.repo_spread_bp[0]
    outright_bp = hedges.outright_share[h] * s.buckets.pressure_bp[hedges.bucket_of[h]]
    offset_bp = opening_bp - opening_cost_bp - own_slope * hedges.dealer_packages_bn[h]
    offset_bp += hedges.financing_loading[h] * financing_bp + outright_bp
    margins_bp = s.hedges.margin_cost_bp[h] - hedges.margin_cost_bp[h]
    others = shorts - s.orders.others_next[h]
    signed_cost_bp = hedges.cost_loading[h] * s.hedges.side[h] * cost_bp
    clearing_bp = clearing_dislocation_bp(others, choke_bp, slope, offset_bp, signed_cost_bp, own_slope)
    with_margins_bp = clearing_dislocation_bp(
        others, choke_bp, slope, offset_bp + margins_bp, signed_cost_bp, own_slope
    )
    impact_bp = p.dealers.impact_scale * (clearing_bp - opening_bp)
    return opening_bp + impact_bp + (with_margins_bp - clearing_bp)


@phase
def demand_slope(p: Parameters, s: State, h: int) -> float:
    """Rise of the dislocation that cuts demand for hedge h by $1bn, with the cash that asset managers have today."""
    return p.opening.hedges.demand_slope_bp_per_bn[h] / s.managers.price_response[0]


@phase
def choose_sides(p: Parameters, s: State) -> None:
    """Find which way balance-sheet costs push prices: by what dealers hold before the round."""
    hedges, full_side = p.opening.hedges, p.dealers.full_side
    for h in each_hedge(s):
        s.hedges.side[h] = side_of_market(s.hedges.dealer_packages[h], hedges.size_bn[h], full_side)
    s.dealers.side[0] = inventory_side(p, s)


@phase
def inventory_side(p: Parameters, s: State) -> float:
    """Side of the market that dealers' outright inventory is on, all buckets together in ten-year equivalents."""
    held = 0.0
    for b in each_bucket(s):
        held += s.buckets.inventory[b] * p.opening.buckets.price_per_bp[b]
    size = p.opening.dealers.inventory_size[0]
    return side_of_market(held, size, p.dealers.full_side)


@phase
def signed_inventory_cost_bp(p: Parameters, s: State) -> float:
    """Cost of holding bonds outright over its opening level, with the sign of the dealers' side of the market."""
    opening = p.opening.dealers
    return s.dealers.side[0] * s.dealers.inventory_cost_bp[0] - opening.side[0] * opening.inventory_cost_bp[0]


@phase
def dealer_packages_at(p: Parameters, s: State, h: int, shorts: float, dislocation_bp: float) -> float:
    """Packages dealers hold at a dislocation: what asset managers and others want beyond what others sold."""
    extra_bp = dislocation_bp - p.opening.hedges.dislocation_bp[h]
    futures = futures_demand_bn(s.hedges.wanted[h], extra_bp, demand_slope(p, s, h))
    return futures + s.orders.others_next[h] - shorts


@phase
def show_dislocations_in_yields(p: Parameters, s: State) -> None:
    """Add up, bucket by bucket, the share of its hedges' dislocations that shows in the cash yield."""
    empty(s.buckets.basis_bp)
    for h in each_hedge(s):
        b = p.opening.hedges.bucket_of[h]
        extra_bp = s.hedges.dislocation_bp[h] - p.opening.hedges.dislocation_bp[h]
        extra_bp -= p.opening.hedges.outright_share[h] * s.buckets.pressure_bp[b]
        s.buckets.basis_bp[b] += p.opening.hedges.cash_bp_per_dislocation_bp[h] * extra_bp


@phase
def risk_premium_bp(p: Parameters, s: State, b: int, other: int, inventory_bn: float) -> float:
    """Premium on bucket b for dealers' inventory in another bucket, at today's volatility."""
    return inventory_risk_premium_bp(
        p.opening.dealers.risk_aversion_per_bn[0],
        s.buckets.priced_volatility_bp[b],
        s.buckets.priced_volatility_bp[other],
        p.opening.buckets.correlation[b, other],
        p.opening.buckets.price_per_bp[other],
        inventory_bn,
    )


@phase
def pressure_at(p: Parameters, s: State, b: int) -> float:
    """Outright pressure on bucket b with the coming inventories, by the chosen form of impact."""
    opening, scale = p.opening.buckets, p.dealers.impact_scale
    if p.choices.impact == DEALER_CAPACITY:
        premium_bp = 0.0
        for other in each_bucket(s):
            excess = s.orders.inventory_next[other] - s.buckets.inventory_wanted[other]
            premium_bp += risk_premium_bp(p, s, b, other, excess)
        loading = scale * opening.cost_loading[b]
        extra_cost_bp = signed_inventory_cost_bp(p, s)
        return outright_pressure_bp(s.buckets.permanent_bp[b], extra_cost_bp, loading, scale * premium_bp)
    excess = s.orders.inventory_next[b] - s.buckets.inventory_wanted[b]
    return s.buckets.permanent_bp[b] + scale * other_impact_bp(p, s, b, excess)


@phase
def other_impact_bp(p: Parameters, s: State, b: int, excess: float) -> float:
    """Pressure of an excess inventory under the linear, square-root or exponential form."""
    opening, volatility_bp = p.opening.buckets, s.buckets.priced_volatility_bp[b]
    if p.choices.impact == LINEAR:
        own = opening.volatility_bp[b] * opening.volatility_bp[b] * opening.price_per_bp[b]
        return linear_impact(excess, p.opening.dealers.risk_aversion_per_bn[0] * own)
    if p.choices.impact == SQUARE_ROOT:
        return square_root_impact(
            excess, opening.daily_volume_bn[b], volatility_bp, p.dealers.square_root_constant
        )
    move = volatility_bp * opening.price_per_bp[b] / s.buckets.price[b]
    depth = market_depth_bn(p.dealers.depth_constant, opening.daily_volume_bn[b], move, 1.0)
    price = opening.price[b]
    return yield_rise_bp(
        exponential_impact(excess, depth, price, PRICE_FLOOR_SHARE * price, price), opening.duration_years[b]
    )


@phase
def transfer(p: Parameters, s: State) -> None:
    """Execute what cleared, at the cleared prices: bonds move between sectors, hedges take their new holders.

    The funds' own orders are executed beside this; see :func:`simulator.engine.phases.funds.execute_orders`.
    """
    transfer_hedges(p, s)
    transfer_bonds(p, s)


@phase
def transfer_bonds(p: Parameters, s: State) -> None:
    """Move the bonds that were sold, issued and bought, bucket by bucket, against cash.

    New bonds are paid for at the price of their auction; what dealers pay less than the market's is their profit.
    """
    for b in each_bucket(s):
        price = s.buckets.price[b]
        foreign, issued, left = s.orders.foreign_sale[b], s.orders.auction[b], s.orders.auction_left[b]
        outright, from_end = s.orders.outright[b], s.orders.outright_from_end[b]
        s.buckets.foreign_bonds[b] -= foreign
        pay(s, DEALERS, FOREIGN, foreign * price)
        s.buckets.issued[b] += issued
        s.buckets.end_bonds[b] += issued - left
        paid = issue_price(price, p.opening.buckets.price_per_bp[b], s.seen.tail_bp[b])
        pay(s, DEALERS, ISSUER, left * paid)
        pay(s, END_INVESTORS, ISSUER, (issued - left) * paid)
        charge(s, left * (price - paid))
        s.buckets.central_bonds[b] += outright + from_end
        s.buckets.end_bonds[b] -= from_end
        pay(s, CENTRAL_BANK, DEALERS, outright * price)
        pay(s, CENTRAL_BANK, END_INVESTORS, from_end * price)
        retired, retired_from_end = s.orders.retired[b], s.orders.retired_from_end[b]
        s.buckets.issued[b] -= retired + retired_from_end
        s.buckets.end_bonds[b] -= retired_from_end
        pay(s, ISSUER, DEALERS, retired * price)
        pay(s, ISSUER, END_INVESTORS, retired_from_end * price)
        for a in each_manager(s):
            sale = s.orders.manager_sale[b, a]
            s.managers.bonds[b, a] -= sale
            s.managers.cash[a] += sale * price
            pay(s, DEALERS, MANAGERS, sale * price)
            s.orders.manager_sale[b, a] = 0.0
        s.buckets.inventory[b] = s.orders.inventory_next[b]
        s.orders.foreign_sale[b] = 0.0
        s.orders.auction[b] = 0.0
        s.orders.auction_left[b] = 0.0
        s.orders.outright[b] = 0.0
        s.orders.outright_from_end[b] = 0.0
        s.orders.retired[b] = 0.0
        s.orders.retired_from_end[b] = 0.0


@phase
def transfer_hedges(p: Parameters, s: State) -> None:
    """Give the hedges their new holders, and asset managers the bonds that replace hedges they gave up."""
    replacements = 0.0
    for h in each_hedge(s):
        price = s.buckets.price[p.opening.hedges.bucket_of[h]]
        given_up = s.hedges.wanted[h] - s.orders.managers_next[h]
        replacements += (given_up - s.hedges.given_up[h]) * price
        s.hedges.given_up[h] = given_up
        s.hedges.central_packages[h] += s.orders.hedged[h]
        pay(s, CENTRAL_BANK, DEALERS, s.orders.hedged[h] * price)
        s.hedges.estate[h] -= s.orders.estate_sold[h] * s.hedges.estate[h]
        s.hedges.estate_hedges[h] -= s.orders.estate_sold[h] * s.hedges.estate_hedges[h]
        s.hedges.managers[h] = s.orders.managers_next[h]
        s.hedges.others[h] = s.orders.others_next[h]
        s.hedges.dealer_packages[h] = s.orders.dealer_packages_next[h]
        s.orders.hedged[h] = 0.0
        s.orders.estate_sold[h] = 0.0
    pay(s, MANAGERS, DEALERS, replacements)
    share_among_managers(p, s, -replacements)


@phase
def sell_estates(s: State) -> None:
    """Dealers offer part of the packages they seized to the hedge market, in equal parts over the days."""
    for h in each_hedge(s):
        held = abs(s.hedges.estate[h])
        s.orders.estate_sold[h] = min(1.0, s.hedges.estate_pace[h] / held) if held > 0.0 else 0.0
        if s.orders.estate_sold[h] >= 1.0:
            s.hedges.estate_pace[h] = 0.0
