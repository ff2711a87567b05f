"""The central bank and supervisors through the day: levers, purchases and sales by schedule or rule, lending."""

from typing import Any

from simulator.agents.central_bank import from_dealers_bn, step_by_rule, traded_bn
from simulator.engine.diary import (
    BOUGHT_OUTRIGHT,
    BOUGHT_PACKAGES,
    SMALLEST_ENTRY_BN,
    SOLD_OUTRIGHT,
    SOLD_PACKAGES,
    note,
)
from simulator.engine.loops import each_bucket, each_hedge, pay
from simulator.engine.parameters import CENTRAL_BANK, LENDERS, Parameters, Schedule
from simulator.engine.phases.dealers import bonds_of_dealers
from simulator.engine.state import State
from simulator.rule import phase


@phase
def set_levers(p: Parameters, s: State, sched: Schedule, day: int) -> None:
    """Put the day's levers in force: as the scenario lays them down, or as rules on yesterday's stress do."""
    rules, o = p.central_bank.rules, s.others
    rise_bp, volatility, repo_bp = average_rise_bp(p, s), average_volatility(p, s), s.fundings.wholesale_bp[0]
    relief, haircut, margin = rules.leverage_relief, rules.haircut_minimum, rules.margin_minimum
    clearing, facility = rules.clearing_mandate, rules.standing_repo
    o.relief_by_rule[0] = given_by_rule(relief, rise_bp, o.relief_by_rule[0], relief.limit - 1.0)
    o.haircut_by_rule[0] = given_by_rule(haircut, volatility, o.haircut_by_rule[0], haircut.limit)
    o.margin_by_rule[0] = given_by_rule(margin, volatility, o.margin_by_rule[0], margin.limit - 1.0)
    o.clearing_by_rule[0] = given_by_rule(clearing, rise_bp, o.clearing_by_rule[0], clearing.limit)
    o.facility_by_rule[0] = given_by_rule(facility, repo_bp, o.facility_by_rule[0], facility.limit)
    o.leverage_relief[0] = max(sched.leverage_relief[day], 1.0 + o.relief_by_rule[0])
    o.haircut_minimum[0] = sched.haircut_minimum[day]
    if o.haircut_by_rule[0] > 0.0:  # no minimum is less than one of nothing
        o.haircut_minimum[0] = max(sched.haircut_minimum[day], o.haircut_by_rule[0])
    o.margin_minimum[0] = max(sched.margin_minimum[day], 1.0 + o.margin_by_rule[0])
    cleared = max(sched.clearing_mandate[day], o.clearing_by_rule[0])
    o.unnetted_share[0] = p.dealers.unnetted_repo * (1.0 - cleared)
    o.facility_bn[0] = max(sched.facility_bn[day], o.facility_by_rule[0])


@phase
def given_by_rule(lever: Any, stress: float, given: float, limit: float) -> float:
    """What the rule of a lever gives today, over what stands without it; ``limit`` is the most it gives."""
    return given + step_by_rule(stress, lever.trigger, lever.release, lever.pace, limit - given, given)


@phase
def average_volatility(p: Parameters, s: State) -> float:
    """Volatility over its opening level, averaged over buckets by outstanding."""
    total = 0.0
    weight = 0.0
    for b in each_bucket(s):
        total += p.opening.buckets.outstanding_bn[b] * s.buckets.volatility_ratio[b]
        weight += p.opening.buckets.outstanding_bn[b]
    return total / weight


@phase
def draw_facility(s: State, wanted: float) -> None:
    """Move the facility's lending to what dealers take: it replaces lenders' money one for one."""
    change = wanted - s.others.facility[0]
    s.others.facility[0] = wanted
    s.dealers.borrowed[0] -= change
    s.others.lent[0] -= change
    pay(s, CENTRAL_BANK, LENDERS, change)


@phase
def trade_for_policy(p: Parameters, s: State, sched: Schedule, day: int) -> None:
    """The central bank buys or sells outright and packages, by schedule or by rule.

    What it buys outright comes from what dealers hold beyond their opening book, in packages too, and beyond that
    from end investors, whom dealers only serve; what it sells goes to dealers.
    """
    bank = p.central_bank
    bought_outright, bought_hedged = s.others.bought_outright[0], s.others.bought_hedged[0]
    outright = min(sched.outright_bn[day], bank.outright.limit - bought_outright)
    hedged = min(sched.hedged_bn[day], bank.hedged.limit - bought_hedged)
    if p.choices.outright_by_rule:
        outright = step_by_rule(
            average_pressure_bp(p, s),
            bank.outright.trigger,
            bank.outright.release,
            bank.outright.pace,
            bank.outright.limit - bought_outright,
            bank.outright.sale_limit + bought_outright,
        )
    if p.choices.hedged_by_rule:
        hedged = step_by_rule(
            average_rise_bp(p, s),
            bank.hedged.trigger,
            bank.hedged.release,
            bank.hedged.pace,
            bank.hedged.limit - bought_hedged,
            bank.hedged.sale_limit + bought_hedged,
        )
    held = bonds_of_dealers(p, s, s.scratch.by_bucket)
    for b in each_bucket(s):
        wanted = outright * p.opening.buckets.outright_split[b]
        face = traded_bn(wanted, s.buckets.central_bonds[b])
        s.seen.outright_purchases[0] += face - wanted
        s.orders.outright[b] = from_dealers_bn(face, held[b], p.opening.buckets.dealer_bonds_bn[b])
        s.orders.outright_from_end[b] = face - s.orders.outright[b]
        s.buckets.bought_from_end[b] = s.orders.outright_from_end[b]
        if p.watch.diary and abs(face) > SMALLEST_ENTRY_BN:
            note(s, BOUGHT_OUTRIGHT if face > 0.0 else SOLD_OUTRIGHT, -1, b, abs(face))
    for h in each_hedge(s):
        wanted = hedged * p.opening.hedges.hedged_split[h]
        face = traded_bn(wanted, s.hedges.central_packages[h])
        s.seen.hedged_purchases[0] += face - wanted
        s.orders.hedged[h] = face
        if p.watch.diary and abs(face) > SMALLEST_ENTRY_BN:
            note(s, BOUGHT_PACKAGES if face > 0.0 else SOLD_PACKAGES, -1, h, abs(face))
    s.seen.outright_purchases[0] += outright
    s.seen.hedged_purchases[0] += hedged
    s.others.bought_outright[0] += s.seen.outright_purchases[0]
    s.others.bought_hedged[0] += s.seen.hedged_purchases[0]


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
