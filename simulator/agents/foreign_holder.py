"""Foreign official and private holders: they sell Treasuries for dollars when volatility is high.

Units: USD billions face a day, shares as decimals.
"""

from simulator.rule import rule


@rule
def volatility_sale_bn(holdings_bn: float, volatility_ratio: float, volatility_sale: float) -> float:
    """Face sold in a day because volatility is above its opening level: so much of holdings when it doubles."""
    return max(0.0, holdings_bn) * volatility_sale * max(0.0, volatility_ratio - 1.0)
