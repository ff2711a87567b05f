"""The cash market: what outright selling does to yields while dealers warehouse it.

Dealers take what is sold, carry it as inventory and pass it on to end investors at a finite speed. Until then
they ask to be paid for rate risk and for balance sheet, whose cost is small while there is room and steep
when there is none; what end investors have absorbed leaves a pressure that fades as slow capital arrives.
This is the outright half of the model: package unwinds, which carry no duration, clear in the hedge market,
and the two meet in the dealers' shared balance sheet.

Units: pressure in bp of yield, amounts in USD billions, volatility in bp, DV01 per bp and per unit held.
"""

from simulator.rule import rule


@rule
def absorbed_bn(excess_bn: float, pass_through: float) -> float:
    """Excess inventory that end investors take in a day: ``excess * pass_through``, a share."""
    return excess_bn * pass_through


@rule
def inventory_risk_premium_bp(
    risk_aversion_per_bn: float,
    volatility_bp: float,
    other_volatility_bp: float,
    correlation: float,
    other_dv01: float,
    other_inventory_bn: float,
) -> float:
    """What one inventory adds to the yield of one bond: the covariance of the two, priced.

    ``risk_aversion * volatility * correlation * other volatility * other DV01 * other inventory``; the
    premium of a bond is the sum over all inventories, its own included. Volatilities refer to the horizon of
    the risk aversion, which is per USD bn of profit and loss. Source: Stoll, J. Finance 33 (1978), for one
    dealer; Greenwood and Vayanos, RFS 27 (2014), for the sum over tenors weighted by duration.
    """
    other_risk_bn = other_volatility_bp * other_dv01 * other_inventory_bn
    return risk_aversion_per_bn * volatility_bp * correlation * other_risk_bn


@rule
def permanent_pressure_bp(
    opening_bp: float, absorbed_bn: float, depth_bn_per_bp: float, fade_share: float
) -> float:
    """Pressure left by what end investors absorbed: ``opening * (1 - fade_share) + absorbed / depth``.

    Depth is volume over volatility, in USD bn per bp (:func:`simulator.market.impact.market_depth_bn` with
    volatility in bp). ``fade_share``, per step and between 0 and 1, is the arrival of slow capital. Source:
    Duffie, J. Finance 65 (2010), on slow-moving capital; the linear form is judgement.
    """
    return opening_bp * (1.0 - fade_share) + absorbed_bn / depth_bn_per_bp


@rule
def balance_sheet_use(held_bn: float, repo_bn: float, unnetted_share: float, limit_bn: float) -> float:
    """Dealers' balance sheet in use, a share of its limit: what they hold and the repo that does not net."""
    if limit_bn <= 0.0:
        return 0.0
    return (held_bn + unnetted_share * repo_bn) / limit_bn


@rule
def balance_sheet_cost_bp(use: float, cost_threshold: float, cost_below: float, cost_above: float) -> float:
    """Cost of a further unit of balance sheet: nearly flat below a threshold of use and steep above it.

    ``cost_below * use + (cost_above - cost_below) * max(0, use - cost_threshold)``, costs in bp a year per unit
    of use. Continuous, and rising when both slopes are positive. Source of the shape: Duffie, Fleming, Keane,
    Nelson, Shachar and Van Tassel, "Dealer Capacity and U.S. Treasury Market Functionality", NY Fed Staff
    Report 1070 (2023); the straight pieces are judgement.
    """
    over = max(0.0, use - cost_threshold)
    return cost_below * use + (cost_above - cost_below) * over


@rule
def outright_pressure_bp(
    permanent_bp: float, balance_sheet_cost_bp: float, cost_loading: float, risk_premium_bp: float
) -> float:
    """Yield of the cash bond above its fundamental: ``permanent + loading * cost + risk premium``.

    ``cost_loading`` is the time a dealer expects to hold, as a share of the horizon of the cost (judgement).
    """
    return permanent_bp + cost_loading * balance_sheet_cost_bp + risk_premium_bp
