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


@rule
def given_up_bn(
    wanted_bn: float, held_bn: float, held_of_other_bn: float, price: float, other_price: float
) -> float:
    """Bonds that holders exchange for others of the same worth: what they want, as far as they hold them.

    Negative: they take these bonds back, and give up the others as far as they hold those.
    """
    return max(-max(0.0, held_of_other_bn) * other_price / price, min(wanted_bn, max(0.0, held_bn)))


@rule
def received_bn(given_up: float, price: float, other_price: float) -> float:
    """Face of the others that is worth as much as what is given up."""
    return given_up * price / other_price
