"""Auctions of new bonds: how much of an issue is left to dealers.

Units: USD billions of face, shares as decimals.
"""

from simulator.rule import rule


@rule
def left_to_dealers_bn(issued_bn: float, normal_share: float, share_noise: float) -> float:
    """Part of an issue that bidders leave: the normal share and its noise, between nothing and all of it."""
    return issued_bn * min(1.0, max(0.0, normal_share + share_noise))
