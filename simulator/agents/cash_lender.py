"""Cash lenders: money funds and others who finance the dealers overnight.

Each offers each dealer a limit, and offers less when collateral is volatile, when the dealer has lost
capital, or when its own investors leave. What dealers need over the easy part of the offer raises the repo
rate: that, not haircuts, was the visible stress of September 2019.

Units: USD billions, bp, shares as decimals.
"""

import math

from simulator.rule import rule


@rule
def confidence(
    volatility_ratio: float,
    volatility_response: float,
    capital_lost: float,
    dealer_loss_tolerance: float,
    dealer_loss_response: float,
) -> float:
    """Share of its limit that a lender still offers a dealer: falls with volatility and capital lost.

    ``volatility_response`` is what a doubling of volatility takes, ``dealer_loss_response`` what a unit of the
    dealer's capital lost beyond ``dealer_loss_tolerance`` takes.
    """
    fear = volatility_response * max(0.0, volatility_ratio - 1.0)
    doubt = dealer_loss_response * max(0.0, capital_lost - dealer_loss_tolerance)
    return max(0.0, 1.0 - fear - doubt)


@rule
def limit_multiple(
    before: float, borrowed_bn: float, opening_limit_bn: float, headroom: float, limit_speed: float
) -> float:
    """Lenders' limit for a dealer over the opening one: it follows what the dealer borrows, and stays committed below.

    The limit wanted is what is borrowed and ``headroom``, a share of it, never less than at the opening;
    ``limit_speed`` is the share of the gap that a day closes. So a dealer whose clients come to borrow more pays more
    for some weeks.
    """
    if opening_limit_bn <= 0.0:
        return before
    wanted = max(1.0, borrowed_bn * (1.0 + headroom) / opening_limit_bn)
    return before + limit_speed * (wanted - before)


@rule
def drained_bn(before_bn: float, paid_bn: float, drain_share: float, drain_half_life: float) -> float:
    """Cash that lenders miss because it was paid to the government: what they missed fades, and more was paid.

    ``drain_share`` is how much of a payment leaves lenders; the rest comes from elsewhere. What is gone comes back
    as the government spends it, half in ``drain_half_life`` days. Negative where the government paid out.
    """
    return before_bn * math.pow(0.5, 1.0 / drain_half_life) + drain_share * paid_bn


@rule
def drained_share(drained_bn: float, limits_bn: float) -> float:
    """Part of what lenders would lend that they miss: all dealers lose the same share."""
    if limits_bn <= 0.0:
        return 0.0
    return min(1.0, drained_bn / limits_bn)


@rule
def offer_bn(limit_bn: float, trust: float, withdrawal: float, drained: float, noise: float) -> float:
    """What lenders offer a dealer: their limit times their trust, less what was withdrawn or drained, with noise.

    ``withdrawal`` and ``drained`` are shares of it.
    """
    return max(0.0, limit_bn * trust * (1.0 - withdrawal) * (1.0 - drained) * (1.0 + noise))


@rule
def scarcity_bp(
    needed_bn: float, offered_bn: float, easy_share: float, scarcity_at_limit: float, scarcity_ceiling: float
) -> float:
    """Repo premium when dealers need more than the easy part of what is offered: it rises with the square of it.

    ``scarcity_at_limit`` is the premium in bp where dealers need all that is offered. A straight line cannot have
    both a modest first day and a spike; the square is judgement. Nobody pays more than ``scarcity_ceiling``: what is
    still missing is taken from clients.
    """
    if offered_bn <= 0.0:
        return scarcity_ceiling if needed_bn > 0.0 else 0.0
    strain = max(0.0, needed_bn / offered_bn - easy_share) / (1.0 - easy_share)
    return min(scarcity_ceiling, scarcity_at_limit * strain * strain)


@rule
def borrowed_up_to_bn(
    premium_bp: float, offered_bn: float, easy_share: float, scarcity_at_limit: float
) -> float:
    """What dealers borrow from lenders before their premium exceeds a level: the inverse of :func:`scarcity_bp`."""
    if scarcity_at_limit <= 0.0:
        return offered_bn
    strain = math.sqrt(max(0.0, premium_bp) / scarcity_at_limit)
    return offered_bn * (easy_share + (1.0 - easy_share) * strain)
