"""Speculators in futures: they follow the trend of the price, on margin, and turn their position over fast.

They hold no bonds and have no view on the dislocation. What a position may be is bounded by the money that they have
for margin; which way and how much of it is used follows the trend. A market in which they hold much of the open
interest trades it over more than once a day, which is how the two are told apart in exchanges' figures.

Units: USD billions, moves in standard deviations of a day, shares as decimals.
"""

import math

from simulator.rule import rule


@rule
def trend_today(trend: float, move: float, trend_half_life: float) -> float:
    """Trend of the futures price after a day: yesterday's, of which some is forgotten, and the day's move.

    ``move`` is in standard deviations of a day, and the trend in its own: that of a price without trend has a standard
    deviation of 1. Source of the form: exponentially weighted past moves, as trend followers' signals are (Moskowitz,
    Ooi and Pedersen 2012, scaled by volatility).
    """
    kept = math.pow(0.5, 1.0 / trend_half_life)
    return kept * trend + math.sqrt(1.0 - kept * kept) * move


@rule
def affordable_bn(largest_bn: float, margin_ratio: float) -> float:
    """Largest position that speculators' margin money carries when margin is a multiple of the opening one.

    ``largest_bn`` is that of the opening margin, which is their limit too: cheaper margins add nothing to it.
    """
    return largest_bn * min(1.0, 1.0 / margin_ratio)


@rule
def wanted_bn(affordable_bn: float, trend: float, full_trend: float) -> float:
    """Position that speculators want: with the trend, all that they can carry from a trend of ``full_trend`` on."""
    return affordable_bn * max(-1.0, min(1.0, trend / full_trend))


@rule
def position_today_bn(position_bn: float, wanted_bn: float, entry_lag: float) -> float:
    """Position after today: an even part of the way to what is wanted, over an average lag in days."""
    return position_bn + (wanted_bn - position_bn) / entry_lag


@rule
def volume_over_open_interest(
    speculative_bn: float, open_interest_bn: float, turnover: float, hedger_turnover: float
) -> float:
    """Contracts traded in a day over those open: speculators turn theirs over at one speed, all others at another.

    ``speculative_bn`` is their net position, either way. Changes of anybody's position are part of the turnover.
    Source of the reading: HF19: above 1.2 in February 2019, below 0.8 in April.
    """
    share = min(1.0, abs(speculative_bn) / open_interest_bn)
    return hedger_turnover + (turnover - hedger_turnover) * share
