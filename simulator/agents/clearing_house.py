"""Clearing house: margin that follows actual moves, and a waterfall when a member's client fails.

The variance estimate is fed by actual moves of the hedge, sales included, so forced selling raises margins
on everyone left: the margin half of the spiral. Measures against procyclicality are those of EMIR RTS
153/2013 Art. 28.

Units: margins per unit of face, volatilities in bp a day, USD billions.
"""

import math

from simulator.rule import rule

NO_MEASURE, BUFFER, FLOOR, STRESSED_WEIGHT = 0, 1, 2, 3


@rule
def variance_estimate(previous: float, move_bp: float, decay: float) -> float:
    """Exponentially weighted variance of daily moves, bp squared; ``decay`` weighs yesterday (RiskMetrics 1996)."""
    return decay * previous + (1.0 - decay) * move_bp * move_bp


@rule
def volatility_in_force_bp(estimate: float, implied_bp: float) -> float:
    """Daily volatility that margins and haircuts use: the larger of realised (estimate) and implied."""
    return max(math.sqrt(estimate), implied_bp)


@rule
def tenor_multiple(multiple: float, volatility_response: float) -> float:
    """Volatility of a tenor over its opening level, when that of the market stands at a multiple.

    ``volatility_response`` is what a tenor's rises for each unit of the market's; it never falls below a tenth.
    """
    return max(0.1, 1.0 + volatility_response * (multiple - 1.0))


@rule
def value_at_risk(
    volatility_bp: float, confidence: float, margin_period: float, price_per_bp: float
) -> float:
    """Loss per face covered at a confidence over the margin period: ``z * sigma * sqrt(days) * DV01``.

    ``confidence`` in standard deviations, ``margin_period`` in days.
    """
    return confidence * volatility_bp * math.sqrt(margin_period) * price_per_bp


@rule
def margin_asked(
    at_risk: float, calm_at_risk: float, anti_procyclicality: int, buffer: float, long_at_risk: float
) -> float:
    """Margin per face with an anti-procyclicality measure that sets a floor: buffer in calm, or long history.

    ``anti_procyclicality`` is the place of the measure in the list above, ``buffer`` a share of the calm margin.
    """
    if anti_procyclicality == BUFFER:
        return max(at_risk, (1.0 + buffer) * calm_at_risk)
    if anti_procyclicality == FLOOR:
        return max(at_risk, long_at_risk)
    return at_risk


@rule
def stressed_mix(at_risk: float, stressed_at_risk: float, stressed_weight: float) -> float:
    """Margin per face when a stressed period has a weight, a share, in it."""
    return (1.0 - stressed_weight) * at_risk + stressed_weight * max(at_risk, stressed_at_risk)


@rule
def margin_in_force(asked: float, floor: float, previous: float, largest_daily_rise: float) -> float:
    """Margin per face from today: what the model asks, above the floor, rising at most so much in a day.

    ``largest_daily_rise`` is a share of yesterday's margin.
    """
    return min(max(asked, floor), max(previous * (1.0 + largest_daily_rise), floor))


@rule
def margin_within_value(asked: float, value: float) -> float:
    """Margin per face that is posted: what is asked, and no more than the hedge is worth, which is all it can lose."""
    return min(asked, value)
