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
    volatility_response: float,
    loss: float,
    loss_response: float,
) -> float:
    """Money asked back in a day: a response to volatility and one to the loss on net assets."""
    fear = volatility_response * max(0.0, volatility_ratio - 1.0)
    return max(0.0, net_assets_bn) * (fear + loss_response * max(0.0, loss))


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
