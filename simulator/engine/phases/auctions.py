"""The issuer's auctions: bidders take theirs, dealers what is left."""

from simulator.engine.diary import AUCTION_LEFT, note
from simulator.engine.loops import each_bucket
from simulator.engine.parameters import Parameters, Schedule
from simulator.engine.phases.clearing import risk_premium_bp
from simulator.engine.state import State
from simulator.market.auction import left_to_dealers_bn
from simulator.rule import phase


@phase
def hold_auctions(p: Parameters, s: State, sched: Schedule, day: int, noise: float) -> None:
    """Issue new bonds; the tail is the premium on the dealers' part."""
    for b in each_bucket(s):
        face = sched.auction_bn[day, b]
        left = left_to_dealers_bn(
            face, sched.auction_dealer_share[day, b], sched.auction_noise[day, b] * noise
        )
        s.orders.auction[b] = face
        s.orders.auction_left[b] = left
        s.seen.tail_bp[b] = p.dealers.impact_scale * risk_premium_bp(p, s, b, b, left)
        if p.watch.diary and face > 0.0:
            note(s, AUCTION_LEFT, -1, b, left)
