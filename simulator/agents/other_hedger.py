"""Other holders of futures: small traders, hedgers of mortgages and whoever is in no other group.

They hold what funds, dealers and asset managers leave, and have no view on the dislocation; dearer margins make them
hold less, whichever way they are.

Units: USD billions, shares as decimals.
"""

import math

from simulator.rule import rule


@rule
def held_bn(opening_bn: float, margin_ratio: float, margin_response: float) -> float:
    """Position that others hold when margin is a multiple of the opening one: less the dearer it is.

    ``margin_response`` is the elasticity, per cent less for a margin one per cent dearer. Source: net longs of other
    reportables and small traders fell by a third while margins rose 2.5 to 3 times, March 2020 (CFTC).
    """
    return opening_bn * math.pow(margin_ratio, -margin_response)
