"""Price impact of outright selling: the menu of forms.

A forced sale moves the price at which everybody else's holding is marked; that fall is the link that turns
one agent's sale into the next agent's loss. Each form returns a *fall of the price as a fraction* unless it
says otherwise. Other forms, and the conversions between the conventions of the literature, are in
:mod:`simulator.literature.impact_conventions`.

Signs: sales are positive and lower the price (raise the yield); purchases are negative and mirror them.
Units: amounts in USD billions of market value, durations in years, volatilities per day.
"""

import math

from simulator.rule import rule

BP = 1e4
"""Basis points in one."""


@rule
def linear_impact(sold_bn: float, impact_per_bn: float) -> float:
    """Fall in proportion to the amount sold, in the unit of the slope's numerator.

    ``impact_per_bn * sold_bn``: a slope in fractions of price per USD bn gives a fraction of price, a slope
    in bp of yield per USD bn gives bp. Source: Kyle, Econometrica 53 (1985); Greenwood, Landier and Thesmar,
    JFE 115 (2015), who use 10 bp of price per EUR 10 bn.
    """
    return impact_per_bn * sold_bn


@rule
def square_root_impact(
    sold_bn: float, volume_bn_per_day: float, daily_volatility: float, square_root_constant: float
) -> float:
    """Move after a sale of some size, in the unit of the daily volatility.

    ``constant * volatility * sqrt(sold / daily volume)``: volatility in bp of yield gives bp, volatility as
    a fraction of price gives a fraction. ``square_root_constant`` is 0.5 to 1. Source: Tóth and others, Physical
    Review X 1 (2011).
    """
    size = math.sqrt(abs(sold_bn) / volume_bn_per_day)
    return math.copysign(square_root_constant * daily_volatility * size, sold_bn)


@rule
def market_depth_bn(
    depth_constant: float, volume_bn_per_day: float, daily_volatility: float, horizon_days: float
) -> float:
    """Sale that moves the market by one unit of volatility's measure, to first order.

    ``depth_constant * volume / volatility * sqrt(horizon)``: with volatility as a fraction of price a day,
    the USD bn that would take the whole price; with volatility in bp of yield a day, USD bn per bp. Source:
    Cont and Schaanning, "Fire sales, indirect contagion and systemic stress testing", Norges Bank WP 2/2017,
    with a constant of about 0.4 and a horizon of 20 days.
    """
    return depth_constant * volume_bn_per_day / daily_volatility * math.sqrt(horizon_days)


@rule
def exponential_impact(
    sold_bn: float, depth_bn: float, price: float, floor: float, opening_price: float
) -> float:
    """Fall of the price as a fraction, which saturates where the price would reach its floor.

    ``(1 - floor / price) * (1 - exp(-sold / scale))``, ``scale = (1 - floor / opening price) * depth``, so
    that the slope of a small sale at the opening price is one over the depth. Source: Cont and Schaanning
    (2017), with a floor of half the opening price. A purchase mirrors a sale.
    """
    scale_bn = (1.0 - floor / opening_price) * depth_bn
    fall = (1.0 - floor / price) * -math.expm1(-abs(sold_bn) / scale_bn)
    return math.copysign(fall, sold_bn)


@rule
def yield_rise_bp(fall: float, duration_years: float) -> float:
    """Rise of the yield in bp that goes with a fall of the price (a fraction), by modified duration."""
    return BP * fall / duration_years
