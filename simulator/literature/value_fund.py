"""How a leveraged fund that buys below value trades, and how its investors and its lender treat it.

The fund buys more the cheaper the asset is, until its leverage reaches the lender's limit. From there on it
must sell into a fall, because its wealth shrinks faster than its holding: the act that steadied the price
while there was room now drives it. Investors chase past performance.

Source: Thurner, Farmer and Geanakoplos, "Leverage causes fat tails and clustered volatility", Quantitative
Finance 12 (2012). Units: prices relative to a fundamental value of one, wealth in the same money.
"""

import math

from simulator.rule import rule


@rule
def noise_trader_spending(
    last: float, persistence: float, volatility: float, draw: float, mean: float
) -> float:
    """Money that uninformed traders put into the asset: mean-reverting in logs.

    ``log spending = persistence * log last + volatility * draw + (1 - persistence) * log mean``.
    """
    return math.exp(persistence * math.log(last) + volatility * draw + (1.0 - persistence) * math.log(mean))


@rule
def fund_wealth(shares: float, cash: float, price: float) -> float:
    """Value of the fund to its investors; cash is negative when the fund has borrowed."""
    return shares * price + cash


@rule
def desired_leverage(price: float, fundamental: float, aggressiveness: float, leverage_max: float) -> float:
    """Value of the holding over wealth: proportional to the discount, within zero and the lender's limit."""
    return min(aggressiveness * max(0.0, fundamental - price), leverage_max)


@rule
def fund_spending(wealth: float, leverage: float) -> float:
    """Money that the fund holds in the asset; a fund without wealth holds nothing."""
    return max(0.0, wealth) * leverage


@rule
def tracked_performance(last: float, fund_return: float, weight: float) -> float:
    """Performance that investors look at: an average of past returns with ``weight`` on the last."""
    return (1.0 - weight) * last + weight * fund_return


@rule
def investor_flow(wealth: float, performance: float, benchmark: float, sensitivity: float) -> float:
    """Money that investors add or, negative, take out: at most everything.

    ``max(-1, sensitivity * (performance - benchmark)) * wealth``.
    """
    return max(-1.0, sensitivity * (performance - benchmark)) * wealth


@rule
def is_closed(wealth: float, opening_wealth: float, surviving_share: float) -> bool:
    """Whether so little of the opening wealth is left that the fund is closed (a tenth in the source)."""
    return wealth < surviving_share * opening_wealth
