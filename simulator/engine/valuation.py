"""Compiled valuation of the opening books: prices, sensitivities, factors and forward terms of every deliverable."""

from typing import NamedTuple

import numpy as np

from simulator.engine.parameters import Floats
from simulator.market.futures import (
    conversion_factor,
    coupons_to_delivery,
    financed_price_years,
    forward_dirty_price,
    futures_price_from_implied_repo,
    income_years_to_delivery,
    months_counted,
)
from simulator.market.treasuries import (
    accrued_interest_at,
    dirty_price,
    modified_duration,
    periods_after_next_coupon,
)
from simulator.rule import kernel

COUPONS_PER_YEAR = 2.0
MONEY_MARKET_YEAR = 365.0 / 360.0


class BondValues(NamedTuple):
    """Opening values by bond, shape (B,): per face, years and periods."""

    periods_to_coupon: Floats
    periods_after: Floats
    price: Floats
    duration: Floats
    income: Floats
    income_years: Floats
    accrued_delivery: Floats


@kernel
def value_bonds(coupon: Floats, maturity_years: Floats, yield_: Floats, delivery_years: Floats) -> BondValues:
    """Value bonds at their opening yields, each with the years to delivery of its own trade."""
    count = coupon.shape[0]
    v = BondValues(
        np.empty(count),
        np.empty(count),
        np.empty(count),
        np.empty(count),
        np.empty(count),
        np.empty(count),
        np.empty(count),
    )
    for k in range(count):
        after = periods_after_next_coupon(maturity_years[k], COUPONS_PER_YEAR)
        to_coupon = maturity_years[k] * COUPONS_PER_YEAR - after
        delivered = maturity_years[k] - delivery_years[k]
        v.periods_after[k] = after
        v.periods_to_coupon[k] = to_coupon
        v.price[k] = dirty_price(yield_[k], coupon[k], COUPONS_PER_YEAR, to_coupon, after)
        v.duration[k] = modified_duration(yield_[k], coupon[k], COUPONS_PER_YEAR, to_coupon, after)
        coupons = coupons_to_delivery(COUPONS_PER_YEAR, maturity_years[k], delivery_years[k])
        v.income[k] = coupon[k] / COUPONS_PER_YEAR * coupons
        v.income_years[k] = income_years_to_delivery(
            coupon[k], COUPONS_PER_YEAR, maturity_years[k], delivery_years[k]
        )
        v.accrued_delivery[k] = accrued_interest_at(coupon[k], COUPONS_PER_YEAR, delivered)
    return v


@kernel
def opening_futures_prices(
    v: BondValues, delivery_years: Floats, implied_repo: Floats, factor: Floats
) -> Floats:
    """Futures price, by bond, at which that bond's implied repo is the opening one."""
    prices = np.empty(factor.shape[0])
    for k in range(factor.shape[0]):
        rate = implied_repo[k] * MONEY_MARKET_YEAR
        price_years = financed_price_years(v.price[k], delivery_years[k], v.income_years[k])
        forward = forward_dirty_price(v.price[k], rate, price_years, v.income[k])
        prices[k] = futures_price_from_implied_repo(forward, v.accrued_delivery[k], factor[k])
    return prices


@kernel
def factors_from_maturity(
    coupon: Floats, maturity_years: Floats, notional_coupon: Floats, rounding_months: Floats
) -> Floats:
    """Conversion factors from years to maturity, for bonds whose factor the scenario leaves out."""
    factors = np.empty(coupon.shape[0])
    for k in range(coupon.shape[0]):
        months = months_counted(np.floor(maturity_years[k] * 12.0), rounding_months[k])
        factors[k] = conversion_factor(coupon[k], COUPONS_PER_YEAR, notional_coupon[k], months)
    return factors
