"""Compiled valuation of bonds at the opening: prices, sensitivities, factors and forward terms."""

from typing import NamedTuple

import numpy as np

from simulator.market.futures import (
    conversion_factor,
    coupons_to_delivery,
    income_years_to_delivery,
    months_counted,
)
from simulator.market.treasuries import (
    accrued_interest_at,
    dirty_price,
    modified_duration,
    periods_after_next_coupon,
)
from simulator.model.table import Floats
from simulator.rule import kernel


class BondValues(NamedTuple):
    """Opening values by bond: per face, years and periods."""

    periods_to_coupon: Floats
    periods_after: Floats
    price: Floats
    duration: Floats


class ForwardTerms(NamedTuple):
    """Terms of bonds as deliverables of one hedge: factor, income to delivery and accrued interest then, per face."""

    factor: Floats
    income: Floats
    income_years: Floats
    accrued_delivery: Floats


@kernel
def value_bonds(coupon: Floats, frequency: Floats, maturity_years: Floats, yield_: Floats) -> BondValues:
    """Value bonds at their opening yields."""
    count = coupon.shape[0]
    v = BondValues(np.empty(count), np.empty(count), np.empty(count), np.empty(count))
    for k in range(count):
        after = periods_after_next_coupon(maturity_years[k], frequency[k])
        to_coupon = maturity_years[k] * frequency[k] - after
        v.periods_after[k] = after
        v.periods_to_coupon[k] = to_coupon
        v.price[k] = dirty_price(yield_[k], coupon[k], frequency[k], to_coupon, after)
        v.duration[k] = modified_duration(yield_[k], coupon[k], frequency[k], to_coupon, after)
    return v


@kernel
def forward_terms(
    coupon: Floats, frequency: Floats, maturity_years: Floats, delivery_years: float, factor: Floats
) -> ForwardTerms:
    """Carry bonds to the delivery of one hedge."""
    count = coupon.shape[0]
    terms = ForwardTerms(factor, np.empty(count), np.empty(count), np.empty(count))
    for k in range(count):
        coupons = coupons_to_delivery(frequency[k], maturity_years[k], delivery_years)
        terms.income[k] = coupon[k] / frequency[k] * coupons
        terms.income_years[k] = income_years_to_delivery(
            coupon[k], frequency[k], maturity_years[k], delivery_years
        )
        terms.accrued_delivery[k] = accrued_interest_at(
            coupon[k], frequency[k], maturity_years[k] - delivery_years
        )
    return terms


@kernel
def factors_from_maturity(
    coupon: Floats, frequency: Floats, maturity_years: Floats, notional_coupon: float, rounding_months: float
) -> Floats:
    """Conversion factors from years to maturity on delivery, for bonds whose factor the scenario leaves out."""
    factors = np.empty(coupon.shape[0])
    for k in range(coupon.shape[0]):
        months = months_counted(np.floor(maturity_years[k] * 12.0), rounding_months)
        factors[k] = conversion_factor(coupon[k], frequency[k], notional_coupon, months)
    return factors
