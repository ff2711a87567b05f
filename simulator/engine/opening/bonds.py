"""Opening of the markets: bonds and buckets, the deliverables of each hedge, what is held and what it is worth."""

from __future__ import annotations

import numpy as np

from simulator.engine.hedges.kinds import (
    capital_cost_of,
    coupons_of,
    deliverables_of,
    delivery_years_of,
    earning_years_of,
    follows_outright,
    kind_of,
    lowest_dislocation_of,
    price_limit_of,
    repo_year_of,
    takes_basket,
)
from simulator.engine.opening.day_zero import open_prices
from simulator.engine.opening.valuation import ForwardTerms, value_bonds
from simulator.engine.parameters import TRADING_DAYS_PER_YEAR, BondTerms, Parameters
from simulator.engine.state import State
from simulator.market.hedge_market import average_ahead
from simulator.model.table import Floats, Ints
from simulator.rule import uncompiled
from simulator.scenario.schema import CURVE_KEYS, CURVE_TENORS_YEARS, Hedge, Market, Scenario

COUPONS_PER_YEAR = 2
REFERENCE_MATURITY_YEARS = 10.0
#: The reference is a bucket of the first curve, if there is any: those of others count as so far from ten years.
OTHER_CURVE_YEARS = 1e3
BASIS_POINT = 1e-4


def curve_weights(maturity_years: Floats, curve_of: Ints, curves: int) -> Floats:
    """Weights of the curves' tenors at each maturity, (bond, tenor of all curves one after the other).

    On the bond's own curve, linear between tenors, flat beyond them; nothing on the others.
    """
    tenors = np.array(CURVE_TENORS_YEARS)
    own = np.stack([np.interp(maturity_years, tenors, row) for row in np.eye(len(tenors))], axis=1)
    is_own = np.arange(curves)[None, :] == curve_of[:, None]
    return (is_own[:, :, None] * own[:, None, :]).reshape(len(maturity_years), -1)


def curve_correlation(market: Market) -> Floats:
    """Correlation of the curves' changes, (curve, curve): of two others, what each shares with the first."""
    first = np.array([1.0, *(curve.correlation for curve in market.curves.values())])
    return np.where(np.eye(len(first), dtype=bool), 1.0, first[:, None] * first[None, :])


def market_sizes(market: Market) -> dict[str, int]:
    """Numbers of bonds, buckets, fundings, hedges, their deliverables, and trades."""
    bonds = {name: len(bucket.bonds) for name, bucket in market.buckets.items()}
    return {
        "bond": sum(bonds.values()),
        "bucket": len(market.buckets),
        "funding": len(market.fundings),
        "hedge": len(market.hedges),
        "trade": len(market.trades),
        "deliverable": sum(
            _basket_size(hedge, bonds[market.bucket_of(name)]) for name, hedge in market.hedges.items()
        ),
        "tenor": len(CURVE_TENORS_YEARS) * len(market.all_curves),
    }


def _basket_size(hedge: Hedge, bonds: int) -> int:
    return bonds if takes_basket(hedge) else 1


def open_markets(scenario: Scenario, p: Parameters, s: State) -> None:
    """Open bonds, buckets, fundings, hedges and trades: prices, volatilities and terms, but no positions."""
    market = scenario.market
    first = _open_bonds(market, p.opening.bonds)
    _open_fundings(market, p, s)
    terms = _open_hedges(market, p, s, first)
    _open_trades(market, p)
    s.bonds.price[:] = p.opening.bonds.price
    s.hedges.dislocation_bp[:] = p.opening.hedges.dislocation_bp
    s.hedges.time_left[:] = 1.0
    s.hedges.surviving[:] = 1.0
    s.buckets.surviving[:] = 1.0
    _choose_held_bonds(market, p, s, first, terms)
    _open_buckets(scenario, p, s)
    open_prices(p, s)
    s.hedges.value_at_open[:] = s.hedges.value
    p.opening.hedges.value[:] = s.hedges.value


def _open_bonds(market: Market, bonds: BondTerms) -> dict[str, int]:
    """Fill the table of bonds; returns where each bucket begins in it."""
    curve = np.array([getattr(each, key) for each in market.all_curves for key in CURVE_KEYS])
    curve_of = np.array([market.curve_of(name) for name in market.buckets])
    listed = [(b, bond) for b, bucket in enumerate(market.buckets.values()) for bond in bucket.bonds]
    frequency = [
        COUPONS_PER_YEAR if bond.coupons_per_year is None else bond.coupons_per_year for _, bond in listed
    ]
    for name, hedge in market.hedges.items():
        by_contract = coupons_of(name, hedge)
        place = list(market.buckets).index(market.bucket_of(name))
        for k, (b, bond) in enumerate(listed):
            if b == place and by_contract is not None and bond.coupons_per_year is None:
                frequency[k] = by_contract
    maturity = np.array([bond.maturity for _, bond in listed])
    bonds.coupon[:] = [bond.coupon for _, bond in listed]
    bonds.coupons_per_year[:] = frequency
    bonds.bucket_of[:] = [b for b, _ in listed]
    credit = [bucket.credit for bucket in market.buckets.values()]
    bonds.spread_response[:] = [credit[b].spread_response for b, _ in listed]
    bonds.curve_weight[:] = curve_weights(maturity, curve_of[bonds.bucket_of], len(market.all_curves))
    bonds.yield_[:] = bonds.curve_weight @ curve + np.array([bond.spread for _, bond in listed]) * BASIS_POINT
    values = value_bonds(bonds.coupon, bonds.coupons_per_year, maturity, bonds.yield_)
    bonds.periods_to_coupon[:] = values.periods_to_coupon
    bonds.periods_after[:] = values.periods_after
    bonds.price[:] = values.price
    bonds.duration_years[:] = values.duration
    counts = [len(bucket.bonds) for bucket in market.buckets.values()]
    return dict(zip(market.buckets, np.cumsum([0, *counts[:-1]]).tolist(), strict=True))


def _open_fundings(market: Market, p: Parameters, s: State) -> None:
    fundings = list(market.fundings.values())
    p.opening.fundings.policy_rate[:] = [funding.policy_rate for funding in fundings]
    p.opening.fundings.repo_spread_bp[:] = [funding.repo_spread for funding in fundings]
    s.fundings.policy_rate[:] = p.opening.fundings.policy_rate
    s.fundings.wholesale_bp[:] = p.opening.fundings.repo_spread_bp
    s.fundings.client_bp[:] = p.opening.fundings.repo_spread_bp


def _open_trades(market: Market, p: Parameters) -> None:
    trades, buckets, hedges = p.opening.trades, list(market.buckets), list(market.hedges)
    trades.hedge_of[:] = [hedges.index(market.hedge_of(name)) for name in market.trades]
    trades.bucket_of[:] = [buckets.index(market.bucket_of(market.hedge_of(name))) for name in market.trades]
    trades.funding_of[:] = [list(market.fundings).index(market.funding_of(name)) for name in market.trades]
    trades.transaction_cost[:] = [trade.transaction_cost * BASIS_POINT for trade in market.trades.values()]
    trades.delivers[:] = [
        trade.bond != "other" and takes_basket(market.hedges[market.hedge_of(name)])
        for name, trade in market.trades.items()
    ]


def _open_hedges(market: Market, p: Parameters, s: State, first: dict[str, int]) -> dict[str, ForwardTerms]:
    """Fill terms of hedges and their deliverables; a swap's deliverable is filled once its bond is known."""
    hedges, basket = p.opening.hedges, p.opening.deliverables
    funding_rate = {market.hedge_of(name): market.funding_of(name) for name in market.trades}
    start = 0
    found = {}
    for h, (name, hedge) in enumerate(market.hedges.items()):
        bucket = market.buckets[market.bucket_of(name)]
        places = list(range(first[market.bucket_of(name)], first[market.bucket_of(name)] + len(bucket.bonds)))
        terms = found[name] = deliverables_of(name, hedge, bucket, p.opening.bonds, places)
        count = _basket_size(hedge, len(places))
        hedges.kind[h] = kind_of(hedge)
        hedges.bucket_of[h] = list(market.buckets).index(market.bucket_of(name))
        hedges.basket_start[h : h + 2] = start, start + count
        hedges.horizon_years[h] = delivery_years_of(hedge)
        hedges.money_market_year[h] = repo_year_of(name, hedge)
        hedges.price_limit[h] = price_limit_of(name, hedge)
        hedges.dislocation_bp[h] = hedge.dislocation
        hedges.capital_cost[h] = capital_cost_of(hedge)
        hedges.lowest_dislocation_bp[h] = lowest_dislocation_of(hedge)
        funding = market.fundings[funding_rate.get(name, next(iter(market.fundings)))]
        hedges.policy_rate[h] = funding.policy_rate
        basket.bond[start : start + count] = places[:count]
        for row, values in zip(
            (basket.factor, basket.income, basket.income_years, basket.accrued_delivery), terms, strict=True
        ):
            row[start : start + count] = values[:count]
        hedges.cheapest[h] = hedges.held[h] = s.hedges.cheapest[h] = start
        start += count
    return found


def _choose_held_bonds(
    market: Market, p: Parameters, s: State, first: dict[str, int], terms: dict[str, ForwardTerms]
) -> None:
    """Positions are counted in the bond that is cheapest to deliver into the bucket's first futures."""
    hedges, basket, buckets = p.opening.hedges, p.opening.deliverables, p.opening.buckets
    buckets.held_bond[:] = list(first.values())
    open_prices(p, s)
    hedges.cheapest[:] = s.hedges.cheapest
    delivers = [takes_basket(hedge) for hedge in market.hedges.values()]
    for h in reversed(range(len(delivers))):
        if delivers[h]:
            buckets.held_bond[hedges.bucket_of[h]] = basket.bond[hedges.cheapest[h]]
    for h, name in enumerate(market.hedges):
        start, held = hedges.basket_start[h], buckets.held_bond[hedges.bucket_of[h]]
        if delivers[h]:
            hedges.held[h] = start + held - basket.bond[start]
        else:
            place = held - first[market.bucket_of(name)]
            basket.bond[start] = held
            basket.factor[start] = terms[name].factor[place]
            basket.income[start] = terms[name].income[place]
            basket.income_years[start] = terms[name].income_years[place]
            basket.accrued_delivery[start] = terms[name].accrued_delivery[place]


def _open_buckets(scenario: Scenario, p: Parameters, s: State) -> None:
    market, d, end = scenario.market, scenario.dealers, scenario.end_investors
    bonds, buckets, hedges = p.opening.bonds, p.opening.buckets, p.opening.hedges
    held = buckets.held_bond
    buckets.price[:] = bonds.price[held]
    buckets.duration_years[:] = bonds.duration_years[held]
    buckets.price_per_bp[:] = buckets.price * buckets.duration_years * BASIS_POINT
    listed = list(market.buckets.values())
    buckets.volatility_bp[:] = np.array([b.volatility for b in listed]) / np.sqrt(TRADING_DAYS_PER_YEAR)
    buckets.daily_volume_bn[:] = [b.daily_volume for b in listed]
    buckets.outstanding_bn[:] = [b.outstanding for b in listed]
    maturity = np.array([bond.maturity for b in listed for bond in b.bonds])[held]
    risky = np.array([b.credit.is_risky for b in listed])
    curve_of = np.array([market.curve_of(name) for name in market.buckets])
    last_choice = (curve_of > 0) | (risky & ~risky.all())
    reference = int(np.argmin(np.abs(maturity - REFERENCE_MATURITY_YEARS) + OTHER_CURVE_YEARS * last_choice))
    distance = np.abs(np.log(maturity[:, None] / maturity[None, :]))
    between = curve_correlation(market)[curve_of[:, None], curve_of[None, :]]
    buckets.correlation[:] = between * np.exp(-market.yield_correlation_decay * distance)
    of_rates = np.array([b.credit.treasury_correlation if b.credit.is_risky else 1.0 for b in listed])
    across = risky[:, None] != risky[None, :]
    buckets.correlation[across] *= (of_rates[:, None] * of_rates[None, :])[across]
    buckets.recovery[:] = [b.credit.recovery for b in listed]
    beta = buckets.volatility_bp / buckets.volatility_bp[reference]
    slope = d.impact_scale * end.permanent_impact * beta
    buckets.permanent_depth_bn_per_bp[:] = np.divide(
        1.0, slope, out=np.full(len(slope), np.inf), where=slope > 0.0
    )
    response = [getattr(scenario.drivers.volatility_response, key) for key in CURVE_KEYS]
    buckets.volatility_response[:] = bonds.curve_weight[held] @ np.tile(response, len(market.all_curves))
    half_life, left = d.stress_half_life / TRADING_DAYS_PER_YEAR, uncompiled(average_ahead)
    # what balance sheets cost shows in Treasuries only where the market says so
    feels = risky | market.contagion
    buckets.cost_loading[:] = feels * [left(years, half_life) for years in buckets.duration_years]
    buckets.ten_year_equivalent[:] = buckets.price_per_bp / buckets.price_per_bp[reference]
    buckets.permanent_share[:] = buckets.correlation * buckets.ten_year_equivalent[None, :]
    reference_risk = buckets.volatility_bp[reference] ** 2 * buckets.price_per_bp[reference]
    p.opening.dealers.risk_aversion_per_bn[0] = d.inventory_risk / reference_risk
    s.buckets.price[:] = buckets.price
    s.buckets.volatility_bp[:] = buckets.volatility_bp
    s.buckets.volatility_ratio[:] = 1.0
    s.buckets.priced_volatility_bp[:] = buckets.volatility_bp
    hedges.volatility_bp[:] = buckets.volatility_bp[hedges.bucket_of]
    hedges.price_per_bp[:] = buckets.price_per_bp[hedges.bucket_of]
    s.hedges.volatility_bp[:] = hedges.volatility_bp
    s.hedges.variance[:] = hedges.volatility_bp**2
    duration = buckets.duration_years[hedges.bucket_of]
    earned = np.array(
        [
            earning_years_of(hedge, name, years)
            for (name, hedge), years in zip(market.hedges.items(), duration, strict=True)
        ]
    )
    share = np.array([hedge.cash_share for hedge in market.hedges.values()])
    hedges.cash_bp_per_dislocation_bp[:] = share * earned / duration
    hedges.cost_loading[:] = feels[hedges.bucket_of] * [left(years, half_life) for years in earned]
    scarce = scenario.lenders.scarcity_half_life / TRADING_DAYS_PER_YEAR
    hedges.financing_loading[:] = [left(years, scarce) for years in earned]
    hedges.outright_share[:] = [float(follows_outright(hedge)) for hedge in market.hedges.values()]
    hedges.risk_per_face[:] = buckets.price[hedges.bucket_of] * earned
