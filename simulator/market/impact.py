"""Price impact of outright selling: the menu of forms and the conversions between their conventions.

A forced sale moves the price at which everybody else's holding is marked; that fall is the link that turns
one agent's sale into the next agent's loss. The literature states impact in three conventions (a slope per
amount sold, a market depth, a slope per share of the market sold), each per unit of price. Here each form
returns a *fall of the price as a fraction* unless it says otherwise, and the common slope, so that forms and
tenors can be compared, is a **rise of the yield in bp per USD bn of ten-year equivalents**.

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
    sold_bn: float, volume_bn_per_day: float, daily_volatility: float, prefactor: float
) -> float:
    """Move after a sale of some size, in the unit of the daily volatility.

    ``prefactor * volatility * sqrt(sold / daily volume)``: volatility in bp of yield gives bp, volatility as
    a fraction of price gives a fraction. ``prefactor`` is 0.5 to 1. Source: Tóth and others, Physical Review
    X 1 (2011).
    """
    size = math.sqrt(abs(sold_bn) / volume_bn_per_day)
    return math.copysign(prefactor * daily_volatility * size, sold_bn)


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
def exponential_impact_of_share(price: float, share_sold: float, impact_of_share: float) -> float:
    """Price after a share of the whole market has been sold: ``price * exp(-impact_of_share * share_sold)``.

    Source: Caccioli, Shrestha, Moore and Farmer, JBF 46 (2014); Farmer, Kleinnijenhuis, Nahai-Williamson and
    Wetzer, Bank of England SWP 861 (2020). Exponents add, so the price depends on the total sold only.
    """
    return price * math.exp(-impact_of_share * share_sold)


@rule
def impact_slope_from_five_percent_fall(fall: float) -> float:
    """Slope of :func:`exponential_impact_of_share` under which a sale of 5% of the market costs ``fall``.

    ``-20 ln(1 - fall)``, per unit of share; ``fall`` is a fraction of the price, at least 0 and below 1.
    Source: Farmer and others, Bank of England SWP 861 (2020).
    """
    return -20.0 * math.log(1.0 - fall)


@rule
def average_execution_price(price_before: float, price_after: float) -> float:
    """Price that sellers receive on average: half the impact is paid on the way.

    Source: Cont and Schaanning (2017), where sellers bear one half of the fall on what they sell.
    """
    return 0.5 * (price_before + price_after)


@rule
def yield_rise_bp(fall: float, duration_years: float) -> float:
    """Rise of the yield in bp that goes with a fall of the price (a fraction), by modified duration."""
    return BP * fall / duration_years


@rule
def price_fall(rise_bp: float, duration_years: float) -> float:
    """Fall of the price as a fraction that goes with a rise of the yield in bp, by modified duration."""
    return rise_bp * duration_years / BP


@rule
def impact_bp_per_bn_from_depth(depth_bn: float, duration_years: float) -> float:
    """Slope in bp of yield per USD bn, at the start of an impact curve with this depth in USD bn of price."""
    return BP / (depth_bn * duration_years)


@rule
def impact_bp_per_bn_from_share(
    impact_of_share: float, outstanding_bn: float, duration_years: float
) -> float:
    """Slope in bp of yield per USD bn, from a slope per share sold of a market of ``outstanding_bn``."""
    return BP * impact_of_share / (outstanding_bn * duration_years)


@rule
def depth_bn_from_impact(impact_bp_per_bn: float, duration_years: float) -> float:
    """Market depth in USD bn of price whose first slope is ``impact_bp_per_bn`` in yield."""
    return BP / (impact_bp_per_bn * duration_years)


@rule
def impact_of_share_from_impact(
    impact_bp_per_bn: float, outstanding_bn: float, duration_years: float
) -> float:
    """Slope per share of the market sold whose first slope is ``impact_bp_per_bn`` in yield."""
    return impact_bp_per_bn * outstanding_bn * duration_years / BP


@rule
def ten_year_equivalent_bn(amount_bn: float, dv01: float, ten_year_dv01: float) -> float:
    """USD bn of ten-year notes with the same rate risk; both DV01s per bp and per USD of the amount."""
    return amount_bn * dv01 / ten_year_dv01


@rule
def impact_bp_per_ten_year_bn(impact_bp_per_bn: float, dv01: float, ten_year_dv01: float) -> float:
    """Slope of the bond's yield per USD bn of ten-year equivalents, from the slope per USD bn of the bond."""
    return impact_bp_per_bn * ten_year_dv01 / dv01
