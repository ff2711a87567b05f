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
def priced_volatility_bp(in_force_bp: float, implied_bp: float, own_moves: float) -> float:
    """Volatility that holders are paid for: the one in force, but little more than what is implied.

    Moves that forced sales make themselves fade again; a holder who lends them weight lends at most ``own_moves``, a
    share of implied volatility. The bound keeps moves, volatility and depth from feeding each other without end.
    """
    return min(in_force_bp, (1.0 + own_moves) * implied_bp)


@rule
def inventory_wanted_bn(opening_bn: float, volatility_ratio: float, inventory_response: float) -> float:
    """Inventory that dealers go back to: the opening one while volatility is no higher than at the opening, less above.

    With a response of one its value at risk stays what it was, with none its size does. Dealers scale what they hold
    so that value at risk keeps to capital. Source: Adrian and Shin, RFS 27 (2014).
    """
    kept: float = max(1.0, volatility_ratio) ** -inventory_response
    return opening_bn * kept


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
def excess_stock_bn(before_bn: float, absorbed_bn: float, fade_share: float) -> float:
    """Bonds that end investors hold beyond what they want: they get used to part of it, and absorb more.

    ``fade_share``, per day, is the arrival of slow capital. Source: Duffie, J. Finance 65 (2010).
    """
    return before_bn * (1.0 - fade_share) + absorbed_bn


@rule
def stock_pressure_bp(excess_bn: float, depth_bn_per_bp: float, volatility_ratio: float) -> float:
    """Yield at which end investors hold their excess stock, at today's depth.

    Who holds more than he wants is paid for the variance of what he holds (Greenwood and Vayanos, RFS 2014): price
    impact was five to six times the usual in March 2020, volatility 2.4 times (Fleming and Ruela). What is held too
    little has the small effect of calm times, however volatile the market: so the first purchases take the market off
    its steep part and further ones move it little. The kink is judgement.
    """
    steepness = max(1.0, volatility_ratio * volatility_ratio) if excess_bn > 0.0 else 1.0
    return steepness * excess_bn / depth_bn_per_bp


@rule
def balance_sheet_use(held_bn: float, repo_bn: float, unnetted_share: float, limit_bn: float) -> float:
    """Dealers' balance sheet in use, a share of its limit: what they hold and the repo that does not net."""
    if limit_bn <= 0.0:
        return 0.0
    return (held_bn + unnetted_share * repo_bn) / limit_bn


@rule
def balance_sheet_cost_bp(
    use: float, cost_threshold: float, cost_below: float, cost_above: float, cost_ceiling: float
) -> float:
    """Cost of a further unit of balance sheet: nearly flat below a threshold of use and steep above it.

    ``cost_below * use + (cost_above - cost_below) * max(0, use - cost_threshold)``, costs in bp a year per unit
    of use, and no more than ``cost_ceiling``: at such a price others than dealers take the bonds. Continuous, and
    rising when both slopes are positive. Source of the shape: Duffie, Fleming, Keane, Nelson, Shachar and Van Tassel,
    "Dealer Capacity and U.S. Treasury Market Functionality", NY Fed Staff Report 1070 (2023); the straight pieces and
    the ceiling are judgement.
    """
    over = max(0.0, use - cost_threshold)
    return min(cost_ceiling, cost_below * use + (cost_above - cost_below) * over)


@rule
def outright_pressure_bp(
    permanent_bp: float, balance_sheet_cost_bp: float, cost_loading: float, risk_premium_bp: float
) -> float:
    """Yield of the cash bond above its fundamental: ``permanent + loading * cost + risk premium``.

    ``balance_sheet_cost_bp`` is over the opening, with the sign of the dealers' side of the market; ``cost_loading``
    what is left of it on average over the bond's life (:func:`simulator.market.hedge_market.average_ahead`).
    """
    return permanent_bp + cost_loading * balance_sheet_cost_bp + risk_premium_bp
