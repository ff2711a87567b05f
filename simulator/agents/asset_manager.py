"""Asset managers: long futures for duration off balance sheet, Treasuries, and investors who may leave.

Redemptions are met from cash, then Treasuries, then other assets, and exposure through futures is cut in
proportion, which eases the dislocation while it adds to outright selling.

Units: USD billions, bp, shares as decimals.
"""

from simulator.rule import rule


@rule
def redemption_bn(
    net_assets_bn: float,
    volatility_ratio: float,
    volatility_redemption: float,
    loss: float,
    loss_redemption: float,
) -> float:
    """Money asked back in a day: a response to volatility and one to the loss on net assets.

    ``volatility_redemption`` is the share of net assets asked back in a day when volatility doubles,
    ``loss_redemption`` that per unit of loss; each manager has its own.
    """
    fear = volatility_redemption * max(0.0, volatility_ratio - 1.0)
    return max(0.0, net_assets_bn) * (fear + loss_redemption * max(0.0, loss))


@rule
def met_from_cash_bn(redeemed_bn: float, cash_bn: float, cash_use: float) -> float:
    """Part of a redemption met from cash: the share cash may bear, while it lasts."""
    return min(max(0.0, cash_bn), cash_use * redeemed_bn)


@rule
def met_from_treasuries_bn(left_bn: float, treasuries_bn: float, treasury_use: float) -> float:
    """Part of what is left that is met by selling Treasuries, while they last."""
    return min(max(0.0, treasuries_bn), treasury_use * left_bn)


@rule
def futures_demand_bn(wanted_bn: float, extra_dislocation_bp: float, slope_bp_per_bn: float) -> float:
    """Futures held when the dislocation rises over its opening level: ``wanted - rise / slope``."""
    return wanted_bn - extra_dislocation_bp / slope_bp_per_bn


@rule
def hedges_dropped_share(redeemed_bn: float, net_assets_bn: float, futures_cut: float) -> float:
    """Share of its futures that a manager no longer wants after a redemption: the share redeemed, times the cut.

    ``futures_cut`` is a multiple: 1 keeps exposures in proportion.
    """
    return futures_cut * redeemed_bn / net_assets_bn


@rule
def month_return(previous: float, earned: float, days_per_month: float) -> float:
    """Return over about a month: each day's is added, and the past fades at one over the days of a month."""
    return previous + (earned - previous / days_per_month)
