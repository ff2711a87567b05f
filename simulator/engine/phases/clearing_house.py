"""The clearing house through the day: margins, the variance estimate behind them, and the waterfall."""

from simulator.agents.clearing_house import (
    STRESSED_WEIGHT,
    margin_asked,
    margin_in_force,
    margin_within_value,
    stressed_mix,
    value_at_risk,
    variance_estimate,
)
from simulator.engine.diary import WATERFALL_PAID, note
from simulator.engine.loops import each_hedge, each_manager, pay
from simulator.engine.parameters import CLEARING_HOUSE, DEALERS, FUNDS, MANAGERS, Parameters, Schedule
from simulator.engine.phases.dealers import charge
from simulator.engine.state import State
from simulator.rule import phase


@phase
def model_margins(p: Parameters, s: State) -> None:
    """Set what the model asks a face of each hedge: on the volatility in force, with the measure and the floor."""
    house, opening = p.clearing_house, p.opening.hedges
    measure = p.choices.anti_procyclicality
    for h in each_hedge(s):
        calm = at_risk(p, h, opening.volatility_bp[h])
        now = at_risk(p, h, s.hedges.volatility_bp[h])
        long_run = at_risk(p, h, opening.volatility_bp[h] * house.long_history_volatility)
        asked = margin_asked(now, calm, measure, house.buffer, long_run)
        if measure == STRESSED_WEIGHT:
            stressed = at_risk(p, h, opening.volatility_bp[h] * house.stressed_volatility)
            asked = stressed_mix(now, stressed, house.stressed_weight)
        floor = opening.margin_floor[h] * s.others.margin_minimum[0]
        s.hedges.model_margin[h] = margin_in_force(
            asked, floor, s.hedges.model_margin[h], house.largest_daily_rise
        )


@phase
def set_margins(p: Parameters, s: State, sched: Schedule, day: int) -> None:
    """Set today's initial margin per face: the model's, times the scenario's steps."""
    if not p.channels.initial_margin:
        return
    model_margins(p, s)
    for h in each_hedge(s):
        asked = s.hedges.model_margin[h] * sched.margin_multiple[day, h]
        s.hedges.margin[h] = margin_within_value(asked, s.hedges.value[h])


@phase
def margin_ratio(p: Parameters, s: State, h: int) -> float:
    """Margin of hedge h over its opening one; 1 where there is none."""
    opening, now = p.opening.hedges.margin[h], s.hedges.margin[h]
    return now / opening if opening > 0.0 and now > 0.0 else 1.0


@phase
def at_risk(p: Parameters, h: int, volatility_bp: float) -> float:
    """Margin model of one hedge at a daily volatility."""
    hedges = p.opening.hedges
    return value_at_risk(
        volatility_bp, p.clearing_house.confidence, hedges.margin_period[h], hedges.price_per_bp[h]
    )


@phase
def post_margins(p: Parameters, s: State) -> None:
    """Post the day's initial margin of dealers and asset managers on what they hold."""
    dealers = 0.0
    managers = 0.0
    for h in each_hedge(s):
        dealers += s.hedges.margin[h] * abs(s.hedges.dealer_packages[h] + s.hedges.estate_hedges[h])
        managers += s.hedges.margin[h] * abs(s.hedges.managers[h])
    pay(s, DEALERS, CLEARING_HOUSE, dealers - s.dealers.posted[0])
    s.dealers.posted[0] = dealers
    called = managers - s.managers.posted[0]
    for a in each_manager(s):
        s.managers.cash[a] -= p.opening.managers.share[a] * called
    pay(s, MANAGERS, CLEARING_HOUSE, called)
    s.managers.posted[0] = managers


@phase
def learn_from_moves(p: Parameters, s: State) -> None:
    """Feed the day's actual move of each hedge, forced sales included, to the variance estimate."""
    for h in each_hedge(s):
        move_bp = (s.hedges.value[h] - s.hedges.value_at_open[h]) / p.opening.hedges.price_per_bp[h]
        s.hedges.variance[h] = variance_estimate(s.hedges.variance[h], move_bp, p.clearing_house.decay)
        s.hedges.value_at_open[h] = s.hedges.value[h]


@phase
def pay_by_waterfall(p: Parameters, s: State, missing: float) -> None:
    """Pay a failed fund's missing margin: from the clearing house's own layer, then from its members."""
    own = min(missing, s.others.waterfall_left[0])
    s.others.waterfall_left[0] -= own
    pay(s, CLEARING_HOUSE, FUNDS, own)
    rest = missing - own
    pay(s, DEALERS, FUNDS, rest)
    charge(s, -rest)
    s.seen.waterfall_losses[0] += missing
    if p.watch.diary:
        note(s, WATERFALL_PAID, -1, -1, missing)
