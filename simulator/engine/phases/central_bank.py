"""The central bank through the day: it buys outright and packages, by schedule or by rule, and lends on demand."""

from simulator.agents.central_bank import from_dealers_bn, rule_purchase_bn
from simulator.engine.diary import BOUGHT_OUTRIGHT, BOUGHT_PACKAGES, SMALLEST_ENTRY_BN, note
from simulator.engine.loops import each_bucket, each_hedge, pay
from simulator.engine.parameters import CENTRAL_BANK, LENDERS, Parameters, Schedule
from simulator.engine.phases.dealers import bonds_of_dealers
from simulator.engine.state import State
from simulator.rule import phase


@phase
def draw_facility(s: State, wanted: float) -> None:
    """Move the facility's lending to what dealers ask: it replaces lenders' money one for one."""
    change = wanted - s.others.facility[0]
    s.others.facility[0] = wanted
    s.dealers.borrowed[0] -= change
    s.others.lent[0] -= change
    pay(s, CENTRAL_BANK, LENDERS, change)


@phase
def buy_for_policy(p: Parameters, s: State, sched: Schedule, day: int) -> None:
    """The central bank buys outright and packages, by schedule or by rule.

    What it buys outright comes from what dealers hold beyond their opening book, in packages too, and beyond that
    from end investors, whom dealers only serve.
    """
    bank = p.central_bank
    outright_left = bank.outright.limit - s.others.bought_outright[0]
    hedged_left = bank.hedged.limit - s.others.bought_hedged[0]
    outright = min(sched.outright_bn[day], outright_left)
    hedged = min(sched.hedged_bn[day], hedged_left)
    if p.choices.outright_by_rule:
        outright = rule_purchase_bn(
            average_pressure_bp(p, s), bank.outright.trigger, bank.outright.pace, outright_left
        )
    if p.choices.hedged_by_rule:
        hedged = rule_purchase_bn(average_rise_bp(p, s), bank.hedged.trigger, bank.hedged.pace, hedged_left)
    s.others.bought_outright[0] += outright
    s.others.bought_hedged[0] += hedged
    s.seen.outright_purchases[0] += outright
    s.seen.hedged_purchases[0] += hedged
    held = bonds_of_dealers(p, s, s.scratch.by_bucket)
    for b in each_bucket(s):
        face = outright * p.opening.buckets.outright_split[b]
        s.orders.outright[b] = from_dealers_bn(face, held[b], p.opening.buckets.dealer_bonds_bn[b])
        s.orders.outright_from_end[b] = face - s.orders.outright[b]
        s.buckets.bought_from_end[b] = s.orders.outright_from_end[b]
        if p.watch.diary and face > SMALLEST_ENTRY_BN:
            note(s, BOUGHT_OUTRIGHT, -1, b, face)
    for h in each_hedge(s):
        s.orders.hedged[h] = hedged * p.opening.hedges.hedged_split[h]
        if p.watch.diary and s.orders.hedged[h] > SMALLEST_ENTRY_BN:
            note(s, BOUGHT_PACKAGES, -1, h, s.orders.hedged[h])


@phase
def average_pressure_bp(p: Parameters, s: State) -> float:
    """Outright pressure, averaged over buckets by outstanding."""
    total = 0.0
    weight = 0.0
    for b in each_bucket(s):
        total += p.opening.buckets.outstanding_bn[b] * s.buckets.pressure_bp[b]
        weight += p.opening.buckets.outstanding_bn[b]
    return total / weight


@phase
def average_rise_bp(p: Parameters, s: State) -> float:
    """Rise of the dislocation, averaged over hedges by asset managers' opening positions."""
    hedges = p.opening.hedges
    total = 0.0
    weight = 0.0
    for h in each_hedge(s):
        size = abs(hedges.demand_bn[h])
        total += size * (s.hedges.dislocation_bp[h] - hedges.dislocation_bp[h])
        weight += size
    return total / weight if weight > 0.0 else 0.0
