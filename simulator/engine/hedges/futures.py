"""Futures on a basket: worth the lowest converted forward price of the bonds that may be delivered.

The forward price is financed at the implied repo rate, which is the policy rate plus the dislocation.
"""

from __future__ import annotations

import math

import numpy as np

from simulator.contracts import CONTRACTS
from simulator.engine.opening.valuation import ForwardTerms, factors_from_maturity, forward_terms
from simulator.engine.parameters import BondTerms, Parameters
from simulator.engine.state import State
from simulator.market.futures import (
    financed_price_years,
    forward_dirty_price,
    futures_price_from_implied_repo,
    implied_repo_rate,
)
from simulator.market.hedge_market import dislocation_in_contract_bp
from simulator.model.table import Floats
from simulator.rule import phase
from simulator.scenario import schema

DAYS_PER_YEAR = 365.0


@phase
def futures_repo(p: Parameters, s: State, h: int) -> float:
    """Implied repo rate that stands in the price of the contract, a year in its repo market's day count."""
    hedges = p.opening.hedges
    dislocation_bp = dislocation_in_contract_bp(
        hedges.dislocation_bp[h], s.hedges.dislocation_bp[h], s.hedges.time_left[h]
    )
    return implied_repo_rate(hedges.policy_rate[h], dislocation_bp)


@phase
def futures_price(p: Parameters, s: State, h: int, e: int, dirty: float) -> float:
    """Futures price at which deliverable e's implied repo is the policy rate expected plus the dislocation.

    Changes of the policy rate move what overnight repo costs and what futures had expected it to cost; the
    model takes them as expected, so that they are no gain to either side.
    """
    hedges, basket = p.opening.hedges, p.opening.deliverables
    rate = futures_repo(p, s, h) * hedges.money_market_year[h]
    price_years = financed_price_years(dirty, hedges.horizon_years[h], basket.income_years[e])
    forward = forward_dirty_price(dirty, rate, price_years, basket.income[e])
    return futures_price_from_implied_repo(forward, basket.accrued_delivery[e], basket.factor[e])


@phase
def futures_value(p: Parameters, s: State, h: int, e: int) -> float:
    """Value of the futures per face of the bucket's held bond, when deliverable e is cheapest."""
    dirty = s.bonds.price[p.opening.deliverables.bond[e]]
    return futures_price(p, s, h, e, dirty) * p.opening.deliverables.factor[p.opening.hedges.held[h]]


def open_futures(
    name: str, hedge: schema.Futures, bucket: schema.Bucket, bonds: BondTerms, places: list[int]
) -> ForwardTerms:
    """Terms of every bond of the bucket as a deliverable: factors, income and accrued interest to delivery."""
    contract = CONTRACTS[hedge.contract or name]
    coupon, frequency = bonds.coupon[places], bonds.coupons_per_year[places]
    maturity = np.array([bond.maturity for bond in bucket.bonds])
    computed = factors_from_maturity(
        coupon,
        frequency,
        maturity - hedge.horizon,
        contract.notional_coupon,
        float(contract.factor_rounding_months),
    )
    given = [bond.conversion_factor for bond in bucket.bonds]
    factor: Floats = np.array([c if g is None else g for g, c in zip(given, computed, strict=True)])
    return forward_terms(coupon, frequency, maturity, hedge.horizon, factor)


def coupons_per_year(name: str, hedge: schema.Futures) -> int:
    """Coupons a year of the bonds that the contract takes, if it says."""
    return CONTRACTS[hedge.contract or name].coupon_frequencies[0]


def price_limit(name: str, hedge: schema.Futures) -> float:
    """Largest move of the contract in a day, of yesterday's settlement; infinite where its exchange sets none."""
    own = CONTRACTS[hedge.contract or name].price_limit if hedge.price_limit is None else hedge.price_limit
    return math.inf if own is None else own


def repo_days_per_year(name: str, hedge: schema.Futures) -> float:
    """Days in the year of the contract's repo market."""
    return CONTRACTS[hedge.contract or name].repo_days_per_year
