"""Cash lenders through the day: what they offer each dealer, and who fills the gap."""

from simulator.agents.cash_lender import borrowed_up_to_bn, confidence, offer_bn
from simulator.agents.central_bank import facility_demand_bn, facility_lending_bn
from simulator.agents.dealer import funding_gap_bn
from simulator.engine.diary import FACILITY_LENT, SMALLEST_ENTRY_BN, note
from simulator.engine.loops import each_dealer
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

    Dealers borrow from the facility when it is cheaper than lenders, its stigma counted, and for what lenders do not
    offer. A facility that cannot serve all serves every dealer the same share of its gap.
    """
    lend_to_funds(p, s)
    measure_use(p, s)
    book = trading_book(p, s)
    need = 0.0
    offered = 0.0
    missing = 0.0
    for d in each_dealer(s):
        s.dealers.taken[d] = 0.0
        s.dealers.gap[d] = 0.0
        s.dealers.offer[d] = offer_to(p, s, d, sched.lender_withdrawal[day, d], flow_noise)
        if s.dealers.alive[d] == 1.0:
            wanted = funding_need(s, d, book) + s.dealers.buffer_used[0] * s.dealers.share[d]
            s.dealers.gap[d] = funding_gap_bn(wanted, s.dealers.offer[d])
            need += wanted
            offered += s.dealers.offer[d]
            missing += s.dealers.gap[d]
    facility, lenders, facility_bn = p.central_bank.standing_repo, p.lenders, s.others.facility_bn[0]
    served = facility_lending_bn(missing, facility_bn, 0.0) / missing if missing > 0.0 else 0.0
    asked_of_facility = 0.0
    buffer = 0.0
    for d in each_dealer(s):
        if s.dealers.alive[d] == 0.0:
            continue
        lent = served * s.dealers.gap[d]
        asked_of_facility += lent
        if p.watch.diary and lent > SMALLEST_ENTRY_BN:
            note(s, FACILITY_LENT, d, -1, lent)
        own = min(s.dealers.gap[d] - lent, p.opening.dealers.cash_bn[0] * s.dealers.share[d])
        buffer += own
        ration_clients(p, s, d, s.dealers.gap[d] - lent - own)
    dearer_bp = facility.spread + facility.stigma - p.opening.fundings.repo_spread_bp[0]
    premium_bp = dearer_bp + p.opening.lenders.scarcity_bp[0]
    cheaper = borrowed_up_to_bn(premium_bp, offered, lenders.easy_share, lenders.scarcity_at_limit)
    asked_of_facility = max(asked_of_facility, facility_demand_bn(need, cheaper, facility_bn))
    draw_facility(s, asked_of_facility)
    s.dealers.buffer_used[0] = buffer
    price_repo(p, s, need - asked_of_facility, offered)


@phase
def offer_to(p: Parameters, s: State, d: int, withdrawal: float, flow_noise: float) -> float:
    """What all lenders together offer dealer d today."""
    limits = 0.0
    for lender in range(p.opening.lenders.offer_bn.shape[0]):
        limits += p.opening.lenders.offer_bn[lender, d]
    lost = 1.0 - s.dealers.capital[d] / p.opening.dealers.capital_bn[d]
    trust = confidence(
        s.others.volatility_multiple[0],
        p.lenders.volatility_response,
        lost,
        p.lenders.dealer_loss_tolerance,
        p.lenders.dealer_loss_response,
    )
    return offer_bn(limits * s.dealers.alive[d], trust, withdrawal, flow_noise)
