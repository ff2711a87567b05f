"""Cash lenders: money funds and others who finance the dealers overnight.

Each offers each dealer a limit, and offers less when collateral is volatile, when the dealer has lost
capital, or when its own investors leave. What dealers need over the easy part of the offer raises the repo
rate: that, not haircuts, was the visible stress of September 2019.

Units: USD billions, bp, shares as decimals.
"""

from simulator.rule import rule


@rule
def confidence(
    volatility_ratio: float,
    volatility_response: float,
    capital_lost: float,
    loss_tolerance: float,
    loss_response: float,
) -> float:
    """Share of its limit that a lender still offers a dealer: falls with volatility and capital lost."""
    fear = volatility_response * max(0.0, volatility_ratio - 1.0)
    doubt = loss_response * max(0.0, capital_lost - loss_tolerance)
    return max(0.0, 1.0 - fear - doubt)


@rule
def scarcity_bp(needed_bn: float, offered_bn: float, easy_share: float, slope_bp: float) -> float:
    """Repo premium when dealers need more than the easy part of what is offered."""
    if offered_bn <= 0.0:
        return slope_bp
    return slope_bp * max(0.0, needed_bn / offered_bn - easy_share)
