"""Other hedgers through the day: they hold less when margins are dear."""

from simulator.agents.other_hedger import held_bn
from simulator.engine.loops import each_hedge
from simulator.engine.parameters import Parameters
from simulator.engine.state import State
from simulator.rule import phase


@phase
def adjust_other_hedgers(p: Parameters, s: State) -> None:
    """Order what other hedgers hold from the next clearing on, at today's margins."""
    for h in each_hedge(s):
        opening = p.opening.hedges.margin[h]
        ratio = s.hedges.margin[h] / opening if opening > 0.0 and s.hedges.margin[h] > 0.0 else 1.0
        s.orders.others_next[h] = held_bn(
            p.opening.hedges.other_hedgers_bn[h], ratio, p.other_hedgers.margin_response
        )
