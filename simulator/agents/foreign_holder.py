"""Foreign official and private holders: they sell Treasuries for dollars when volatility is high.

Units: USD billions face a day, shares as decimals.
"""

from simulator.rule import rule


@rule
def volatility_sale_bn(
    holdings_bn: float, volatility_ratio: float, volatility_sale: float, volatility_tolerance: float
) -> float:
    """Face sold in a day because volatility is far above its opening level.

    ``volatility_sale`` is the share of holdings sold for each unit of volatility over ``volatility_tolerance``, a
    multiple of the opening level: the ups and downs of calm times sell nothing.
    """
    return max(0.0, holdings_bn) * volatility_sale * max(0.0, volatility_ratio - volatility_tolerance)
