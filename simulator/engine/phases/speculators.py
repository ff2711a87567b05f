"""Speculators through the day: they follow the trend of futures prices, within the money that they have for margin."""

from simulator.agents.speculator import (
    affordable_bn,
    position_today_bn,
    trend_today,
    volume_over_open_interest,
    wanted_bn,
)
from simulator.engine.loops import each_hedge, each_trade
from simulator.engine.parameters import Parameters
from simulator.engine.phases.clearing_house import margin_ratio
from simulator.engine.state import State
from simulator.rule import phase


@phase
def follow_trends(p: Parameters, s: State) -> None:
    """Order what speculators hold from the next clearing on, among what other hedgers do."""
    figures = p.speculators
    for h in each_hedge(s):
        largest = p.opening.hedges.speculators_bn[h]
        if largest > 0.0:
            affordable = affordable_bn(largest, margin_ratio(p, s, h))
            wanted = wanted_bn(affordable, s.hedges.trend[h], figures.full_trend)
            position = position_today_bn(s.hedges.speculators[h], wanted, figures.entry_lag)
            s.hedges.speculators[h] = position
            s.orders.others_next[h] += position


@phase
def learn_trends(p: Parameters, s: State) -> None:
    """Feed the day's move of each future to its trend, in standard deviations of the volatility in force."""
    for h in each_hedge(s):
        if p.opening.hedges.speculators_bn[h] > 0.0:
            deviation = s.hedges.volatility_bp[h] * p.opening.hedges.price_per_bp[h]
            move = (s.hedges.value[h] - s.hedges.value_at_open[h]) / deviation
            s.hedges.trend[h] = trend_today(s.hedges.trend[h], move, p.speculators.trend_half_life)


@phase
def observe_turnover(p: Parameters, s: State) -> None:
    """Take what the records show of open interest, and of how fast it is traded."""
    for h in each_hedge(s):
        open_interest = open_interest_bn(p, s, h)
        s.seen.open_interest[h] = open_interest
        s.seen.volume_over_open_interest[h] = 0.0
        if open_interest > 0.0:
            s.seen.volume_over_open_interest[h] = volume_over_open_interest(
                s.hedges.speculators[h],
                open_interest,
                p.speculators.turnover,
                p.speculators.hedger_turnover,
            )


@phase
def open_interest_bn(p: Parameters, s: State, h: int) -> float:
    """Open interest of hedge h: the longs of all classes, which are as much as the shorts."""
    hedges = s.hedges
    both = abs(hedges.managers[h])
    both += abs(hedges.others[h] - hedges.speculators[h])
    both += abs(hedges.speculators[h])
    both += abs(hedges.dealer_packages[h] + hedges.estate_hedges[h])
    both += abs(hedges.central_packages[h])
    for j in each_trade(s):
        if p.opening.trades.hedge_of[j] == h:
            both += abs(s.trades.fund_hedges[j])
    return 0.5 * both
