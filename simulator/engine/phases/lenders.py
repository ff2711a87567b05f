"""Cash lenders through the day: what they offer each dealer, and who fills the gap."""

from simulator.agents.cash_lender import (
    borrowed_up_to_bn,
    confidence,
    drained_bn,
    drained_share,
    limit_multiple,
    offer_bn,
)
from simulator.agents.central_bank import facility_demand_bn, facility_lending_bn, own_stigma_bp
from simulator.agents.dealer import funding_gap_bn
from simulator.engine.diary import FACILITY_LENT, SMALLEST_ENTRY_BN, note
from simulator.engine.loops import each_dealer, empty
from simulator.engine.parameters import Parameters, Schedule
from simulator.engine.phases.central_bank import draw_facility
from simulator.engine.phases.dealers import (
    funding_need,
    lend_to_funds,
    measure_use,
    price_repo,
    ration_clients,
    trading_book,
)
from simulator.engine.state import State
from simulator.rule import phase


@phase
def fund_dealers(p: Parameters, s: State, sched: Schedule, day: int, flow_noise: float) -> None:
    """Lenders decide what to offer each dealer; the facility, the dealer's buffer and then its clients fill the gap.

    Dealers bid at the facility in the morning, for what was cheaper there yesterday, and again for what lenders do not
    offer. A facility that cannot serve all serves every dealer the same share of its gap.
    """
    facility_bn = s.others.facility_bn[0]
    planned = plan_facility(p, s, facility_bn)
    lend_to_funds(p, s)
    measure_use(p, s)
    book = trading_book(p, s)
    s.others.drained[0] = drained_bn(
        s.others.drained[0],
        sched.paid_to_government_bn[day],
        p.lenders.drain_share,
        p.lenders.drain_half_life,
    )
    drained = drained_share(s.others.drained[0], p.opening.lenders.limits_bn[0])
    missing = 0.0
    for d in each_dealer(s):
        s.dealers.taken[d] = 0.0
        s.dealers.gap[d] = 0.0
        s.dealers.offer[d] = offer_to(p, s, d, sched.lender_withdrawal[day, d], drained, flow_noise)
        s.dealers.needed[d] = 0.0
        if s.dealers.alive[d] == 1.0:
            s.dealers.needed[d] = funding_need(s, d, book) + s.dealers.buffer_used[0] * s.dealers.share[d]
            beyond_facility = s.dealers.needed[d] - s.dealers.at_facility[d]
            s.dealers.gap[d] = funding_gap_bn(beyond_facility, s.dealers.offer[d])
            missing += s.dealers.gap[d]
    served = facility_lending_bn(missing, facility_bn, planned) / missing if missing > 0.0 else 0.0
    buffer = 0.0
    at_facility = 0.0
    for d in each_dealer(s):
        lent = served * s.dealers.gap[d]
        s.dealers.at_facility[d] += lent
        at_facility += s.dealers.at_facility[d]
        if p.watch.diary and s.dealers.at_facility[d] > SMALLEST_ENTRY_BN:
            note(s, FACILITY_LENT, d, -1, s.dealers.at_facility[d])
        if s.dealers.alive[d] == 1.0:
            own = min(s.dealers.gap[d] - lent, p.opening.dealers.cash_bn[0] * s.dealers.share[d])
            buffer += own
            ration_clients(p, s, d, s.dealers.gap[d] - lent - own)
        s.dealers.from_lenders[d] = max(0.0, s.dealers.needed[d] - s.dealers.at_facility[d])
    draw_facility(s, at_facility)
    s.dealers.buffer_used[0] = buffer
    price_repo(p, s)


@phase
def plan_facility(p: Parameters, s: State, facility_bn: float) -> float:
    """Bids of the morning: what each dealer needed yesterday and could have had cheaper at the facility; their sum."""
    if facility_bn <= 0.0:
        empty(s.dealers.at_facility)
        return 0.0
    facility, lenders = p.central_bank.standing_repo, p.lenders
    dearer_bp = facility.spread - p.opening.fundings.repo_spread_bp[0] + p.opening.lenders.scarcity_bp[0]
    asked = 0.0
    for d in each_dealer(s):
        premium_bp = dearer_bp + own_stigma_bp(facility.stigma, p.opening.dealers.size_place[d])
        offered, limit_bp = s.dealers.offer[d], lenders.scarcity_at_limit
        cheaper = borrowed_up_to_bn(premium_bp, offered, lenders.easy_share, limit_bp)
        s.dealers.at_facility[d] = s.dealers.alive[d] * facility_demand_bn(s.dealers.needed[d], cheaper)
        asked += s.dealers.at_facility[d]
    if asked <= facility_bn:
        return asked
    for d in each_dealer(s):
        s.dealers.at_facility[d] *= facility_bn / asked
    return facility_bn


@phase
def offer_to(p: Parameters, s: State, d: int, withdrawal: float, drained: float, flow_noise: float) -> float:
    """What all lenders together offer dealer d today."""
    opening_limit = p.opening.lenders.limit_bn[d]
    borrowed = min(s.dealers.from_lenders[d], s.dealers.offer[d])
    s.dealers.lenders_limit[d] = limit_multiple(
        s.dealers.lenders_limit[d], borrowed, opening_limit, p.lenders.headroom, p.lenders.limit_speed
    )
    lost = 1.0 - s.dealers.capital[d] / p.opening.dealers.capital_bn[d]
    trust = confidence(
        s.others.volatility_multiple[0],
        p.lenders.volatility_response,
        lost,
        p.lenders.dealer_loss_tolerance,
        p.lenders.dealer_loss_response,
    )
    limit = opening_limit * s.dealers.lenders_limit[d] * s.dealers.alive[d]
    return offer_bn(limit, trust, withdrawal, drained, flow_noise)
