"""Price impact as other papers state it, and the conversions between their conventions.

The literature states impact in three conventions (a slope per amount sold, a market depth, a slope per share of
the market sold), each per unit of price. The common slope, so that forms and tenors can be compared, is a **rise
of the yield in bp per USD bn of ten-year equivalents**. The forms that the simulated day uses are in
:mod:`simulator.market.impact`.

Signs: sales are positive and lower the price (raise the yield).
Units: amounts in USD billions of market value, durations in years, falls as fractions of the price.
"""

import math

from simulator.market.impact import BP
from simulator.rule import rule


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
