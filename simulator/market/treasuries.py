"""Treasury bonds: price, accrued interest, yield and interest-rate risk, exact for any coupon and date.

The cash leg of every trade is marked with these rules. They use the market's own convention: compound
discounting at the yield, a fraction of a period to the next coupon, simple interest in the last
period, accrued interest in proportion to time within the period. The whole coupon strip is summed in
closed form, so that a thirty-year bond costs no more than a two-year note.

Prices are per 1 of face (1.02 is 102 points), coupons and yields decimals a year, compounded
``frequency`` times. A bond's place in time is two numbers: ``periods_to_coupon``, from 0 to 1, and
``periods_after``, the whole periods from that coupon to maturity.

Source: the street convention (SIA, *Standard Securities Calculation Methods*), and 31 CFR 356
Appendix B for the last period.
"""

from __future__ import annotations

import math

from simulator.rule import rule

#: Below this yield a period (2 bp a year, semi-annual) annuities come from their series, since the
#: closed form divides small differences by the yield. The two meet to 1e-13 of a price and 1e-9 of a
#: convexity for bonds of up to thirty years.
SMALL_YIELD = 1e-4

#: Newton steps from the usual first guess to the last bits, for yields from -5% to 50%.
YIELD_STEPS = 7

BASIS_POINT = 1e-4


@rule
def annuity(yield_per_period: float, periods: float) -> float:
    """Value of 1 a period, paid at the end of each of so many periods."""
    y, n = yield_per_period, periods
    if abs(y) < SMALL_YIELD:
        tail = 1.0 - y * (n + 3.0) / 4.0 * (1.0 - y * (n + 4.0) / 5.0)
        return n * (1.0 - y * (n + 1.0) / 2.0 * (1.0 - y * (n + 2.0) / 3.0 * tail))
    growth = 1.0 + y
    # Divided by what was added to 1, not by y: the rounding of the sum then cancels.
    return (1.0 - math.exp(-n * math.log(growth))) / (growth - 1.0)


@rule
def annuity_for_derivatives(yield_per_period: float, periods: float) -> float:
    """The same value to the last bit, at twice the cost: derivatives divide its error by the yield."""
    return -math.expm1(-periods * math.log1p(yield_per_period)) / yield_per_period


@rule
def annuity_slope(yield_per_period: float, periods: float) -> float:
    """Change of an annuity's value with its yield a period (negative)."""
    y, n = yield_per_period, periods
    if abs(y) < SMALL_YIELD:
        tail = 1.0 - y * (n + 3.0) * 3.0 / 8.0 * (1.0 - y * (n + 4.0) * 4.0 / 15.0)
        return -n * (n + 1.0) / 2.0 * (1.0 - y * (n + 2.0) * 2.0 / 3.0 * tail)
    value = annuity_for_derivatives(y, n)
    return (n * (1.0 - y * value) / (1.0 + y) - value) / y


@rule
def annuity_curvature(yield_per_period: float, periods: float) -> float:
    """Second derivative of an annuity's value in its yield a period (positive)."""
    y, n = yield_per_period, periods
    if abs(y) < SMALL_YIELD:
        tail = 1.0 - y * (n + 4.0) * 2.0 / 5.0 * (1.0 - y * (n + 5.0) * 5.0 / 18.0)
        return n * (n + 1.0) * (n + 2.0) / 3.0 * (1.0 - y * (n + 3.0) * 3.0 / 4.0 * tail)
    redemption = 1.0 - y * annuity_for_derivatives(y, n)
    return -(n * (n + 1.0) * redemption / ((1.0 + y) * (1.0 + y)) + 2.0 * annuity_slope(y, n)) / y


@rule
def coupon_date_value(yield_per_period: float, coupon_per_period: float, periods_after: float) -> float:
    """Value on the next coupon date of that coupon and all that follows it."""
    excess_coupon = coupon_per_period - yield_per_period
    return 1.0 + coupon_per_period + excess_coupon * annuity(yield_per_period, periods_after)


@rule
def first_discount(yield_per_period: float, periods_to_coupon: float, periods_after: float) -> float:
    """Discount factor to the next coupon: compound, but simple interest when that is the last one."""
    if periods_after < 0.5:
        return 1.0 / (1.0 + yield_per_period * periods_to_coupon)
    return math.exp(-periods_to_coupon * math.log(1.0 + yield_per_period))


@rule
def dirty_price(
    yield_: float, coupon: float, frequency: float, periods_to_coupon: float, periods_after: float
) -> float:
    """Full price of a bond, accrued interest included."""
    y = yield_ / frequency
    return first_discount(y, periods_to_coupon, periods_after) * coupon_date_value(
        y, coupon / frequency, periods_after
    )


@rule
def price_floor(price: float, duration: float, yield_rise: float) -> float:
    """Price below which a bond cannot fall when its yield rises: the tangent, because prices are convex in yields.

    The last factor is far above the rounding of prices, so that the floor is never above the price itself.
    """
    return price * (1.0 - duration * yield_rise) * (1.0 - 1e-12)


@rule
def periods_after_next_coupon(years_to_maturity: float, frequency: float) -> float:
    """Whole coupon periods left after the next coupon; 0 in the last period."""
    return max(math.ceil(years_to_maturity * frequency) - 1.0, 0.0)


@rule
def dirty_price_at(coupon: float, frequency: float, years_to_maturity: float, yield_: float) -> float:
    """Full price of a bond so many years before maturity."""
    after = periods_after_next_coupon(years_to_maturity, frequency)
    return dirty_price(yield_, coupon, frequency, years_to_maturity * frequency - after, after)


@rule
def accrued_interest(coupon: float, frequency: float, periods_to_coupon: float) -> float:
    """Interest earned since the last coupon, owed by the buyer to the seller."""
    return coupon / frequency * (1.0 - periods_to_coupon)


@rule
def accrued_interest_at(coupon: float, frequency: float, years_to_maturity: float) -> float:
    """Interest accrued so many years before maturity."""
    after = periods_after_next_coupon(years_to_maturity, frequency)
    return accrued_interest(coupon, frequency, years_to_maturity * frequency - after)


@rule
def clean_price_at(coupon: float, frequency: float, years_to_maturity: float, yield_: float) -> float:
    """Quoted price of a bond so many years before maturity: without accrued interest."""
    full_price = dirty_price_at(coupon, frequency, years_to_maturity, yield_)
    return full_price - accrued_interest_at(coupon, frequency, years_to_maturity)


@rule
def first_discount_duration(yield_per_period: float, periods_to_coupon: float, periods_after: float) -> float:
    """Proportional fall of the discount factor to the next coupon, per unit of yield a period."""
    if periods_after < 0.5:
        return periods_to_coupon / (1.0 + yield_per_period * periods_to_coupon)
    return periods_to_coupon / (1.0 + yield_per_period)


@rule
def modified_duration(
    yield_: float, coupon: float, frequency: float, periods_to_coupon: float, periods_after: float
) -> float:
    """Proportional fall of the full price per unit of yield, in years."""
    y, pay = yield_ / frequency, coupon / frequency
    slope = (pay - y) * annuity_slope(y, periods_after) - annuity(y, periods_after)
    value = coupon_date_value(y, pay, periods_after)
    return (first_discount_duration(y, periods_to_coupon, periods_after) - slope / value) / frequency


@rule
def convexity(
    yield_: float, coupon: float, frequency: float, periods_to_coupon: float, periods_after: float
) -> float:
    """Second derivative of the full price in yield over the price, in years squared."""
    y, pay = yield_ / frequency, coupon / frequency
    value = coupon_date_value(y, pay, periods_after)
    slope = ((pay - y) * annuity_slope(y, periods_after) - annuity(y, periods_after)) / value
    bend = ((pay - y) * annuity_curvature(y, periods_after) - 2.0 * annuity_slope(y, periods_after)) / value
    wait = first_discount_duration(y, periods_to_coupon, periods_after)
    wait_bend = first_discount_bend(y, periods_to_coupon, periods_after)
    return (wait_bend - 2.0 * wait * slope + bend) / (frequency * frequency)


@rule
def first_discount_bend(yield_per_period: float, periods_to_coupon: float, periods_after: float) -> float:
    """Second derivative of the discount factor to the next coupon, over the factor."""
    wait = first_discount_duration(yield_per_period, periods_to_coupon, periods_after)
    if periods_after < 0.5:
        return 2.0 * wait * wait
    return wait * (periods_to_coupon + 1.0) / (1.0 + yield_per_period)


@rule
def dv01_per_face(
    yield_: float, coupon: float, frequency: float, periods_to_coupon: float, periods_after: float
) -> float:
    """Fall in the price of 1 of face when the yield rises by one basis point."""
    price = dirty_price(yield_, coupon, frequency, periods_to_coupon, periods_after)
    duration = modified_duration(yield_, coupon, frequency, periods_to_coupon, periods_after)
    return price * duration * BASIS_POINT


@rule
def dv01_per_face_at(coupon: float, frequency: float, years_to_maturity: float, yield_: float) -> float:
    """Value of a basis point of 1 of face, so many years before maturity."""
    after = periods_after_next_coupon(years_to_maturity, frequency)
    return dv01_per_face(yield_, coupon, frequency, years_to_maturity * frequency - after, after)


@rule
def yield_from_price(
    dirty: float, coupon: float, frequency: float, periods_to_coupon: float, periods_after: float
) -> float:
    """Yield at which a bond is worth its full price."""
    pay = coupon / frequency
    if periods_after < 0.5:
        return frequency * ((1.0 + pay) / dirty - 1.0) / periods_to_coupon
    return compound_yield_from_price(dirty, coupon, frequency, periods_to_coupon, periods_after)


@rule
def compound_yield_from_price(
    dirty: float, coupon: float, frequency: float, periods_to_coupon: float, periods_after: float
) -> float:
    """Yield of a bond with at least two payments left, by a fixed number of Newton steps.

    The logarithm of the price is convex in the logarithm of the one-period growth factor and has no
    edge in it: after one step every further one comes from the same side, from any first guess.
    """
    periods = periods_to_coupon + periods_after
    pay = coupon / frequency
    growth = math.log1p((pay + (1.0 - dirty) / periods) / (0.5 + 0.5 * dirty))
    for _ in range(YIELD_STEPS):
        y = math.expm1(growth)
        value = coupon_date_value(y, pay, periods_after)
        slope = ((pay - y) * annuity_slope(y, periods_after) - annuity(y, periods_after)) / value
        miss = math.log(value / dirty) - periods_to_coupon * growth
        growth += miss / (periods_to_coupon - slope * (1.0 + y))
    return frequency * math.expm1(growth)
