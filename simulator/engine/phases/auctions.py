"""The Treasury: at auctions bidders take theirs and dealers what is left; what it buys back it retires."""

from simulator.agents.asset_manager import futures_for_supply_bn
from simulator.agents.central_bank import from_dealers_bn
from simulator.engine.diary import AUCTION_LEFT, note
from simulator.engine.loops import each_bucket, each_hedge, row_total
from simulator.engine.parameters import Parameters, Schedule
from simulator.engine.phases.dealers import bonds_of_dealers
from simulator.engine.phases.prices import cash_yield
from simulator.engine.state import State
from simulator.market.auction import (
    concession_bp_per_bn,
    issue_today_bn,
    left_to_dealers_bn,
    tail_bp,
    taken_by_dealers_bn,
)
from simulator.market.cash_market import balance_sheet_cost_bp
from simulator.rule import phase

#: A cost of a full balance sheet below this, bp, is counted as this.
SMALLEST_COST_BP = 1e-9

BASIS_POINT = 1e-4


@phase
def hold_auctions(p: Parameters, s: State, sched: Schedule, day: int, noise: float) -> None:
    """Issue new bonds: bidders and dealers share them at a tail; managers come to want futures for the new supply."""
    if row_total(sched.auction_bn[day]) == 0.0:
        return
    buckets, elasticity = p.opening.buckets, p.end_investors.bidder_elasticity
    full_bp = balance_sheet_cost_bp(
        1.0, p.dealers.cost_threshold, p.dealers.cost_below, p.dealers.cost_above, p.dealers.cost_ceiling
    )
    strain = max(0.0, s.dealers.cost_bp[0] - p.opening.dealers.cost_bp[0]) / max(full_bp, SMALLEST_COST_BP)
    rise_bp = average_yield_rise_bp(p, s)
    for b in each_bucket(s):
        face = issue_today_bn(sched.auction_bn[day, b], sched.auction_response[day, b], rise_bp)
        left = left_to_dealers_bn(
            face, sched.auction_dealer_share[day, b], sched.auction_noise[day, b] * noise
        )
        slope = concession_bp_per_bn(
            p.dealers.impact_scale * p.dealers.auction_concession,
            buckets.ten_year_equivalent[b],
            s.buckets.priced_volatility_bp[b] / buckets.volatility_bp[b],
            strain,
        )
        tail = tail_bp(left, face, slope, elasticity)
        taken = taken_by_dealers_bn(left, face, tail, elasticity)
        s.orders.auction[b] = face
        s.orders.auction_left[b] = taken
        s.seen.tail_bp[b] = tail
        s.seen.taken_by_bidders[b] = face - taken
        if p.watch.diary and face > 0.0:
            note(s, AUCTION_LEFT, -1, b, taken)
    for h in each_hedge(s):
        b = p.opening.hedges.bucket_of[h]
        new = issue_today_bn(sched.auction_new_bn[day, b], sched.auction_response[day, b], rise_bp)
        issued = p.opening.hedges.share_of_bucket[h] * new
        s.hedges.waiting[h] += futures_for_supply_bn(issued, p.asset_managers.supply_demand)


@phase
def average_yield_rise_bp(p: Parameters, s: State) -> float:
    """Rise of yields since the opening, averaged over buckets by outstanding."""
    total = 0.0
    weight = 0.0
    for b in each_bucket(s):
        k = p.opening.buckets.held_bond[b]
        rise_bp = (cash_yield(p, s, k) - p.opening.bonds.yield_[k]) / BASIS_POINT
        total += p.opening.buckets.outstanding_bn[b] * rise_bp
        weight += p.opening.buckets.outstanding_bn[b]
    return total / weight


@phase
def buy_back(p: Parameters, s: State, sched: Schedule, day: int) -> None:
    """The Treasury buys bonds back: from dealers what they hold beyond the opening, the rest from end investors."""
    if row_total(sched.buy_back_bn[day]) == 0.0:
        return
    held = bonds_of_dealers(p, s, s.scratch.by_bucket)
    for b in each_bucket(s):
        face = sched.buy_back_bn[day, b]
        if face > 0.0:
            left = held[b] - s.orders.outright[b]
            s.orders.retired[b] = from_dealers_bn(face, left, p.opening.buckets.dealer_bonds_bn[b])
            s.orders.retired_from_end[b] = face - s.orders.retired[b]
            s.buckets.bought_from_end[b] += s.orders.retired_from_end[b]
