"""The audit: accounting identities recomputed from the books after each stage of the day.

Each identity has a residual that must be nothing: cash created, bonds without holder, repo on one sheet
only. A stage is charged with what it added to the residual, so that a leak is named by the stage that sprang
it and not by those after it; the worst addition is kept with its day. Switched on by ``--audit``; costs about
as much as the day itself.
"""

from simulator.engine.loops import (
    each_bucket,
    each_dealer,
    each_fund,
    each_hedge,
    each_manager,
    each_trade,
)
from simulator.engine.parameters import CALL_COUNT, CLEARING_HOUSE, DEALERS, FUNDS, MANAGERS, Parameters
from simulator.engine.state import State
from simulator.engine.status import RUNNING
from simulator.rule import phase

CASH, BONDS, HEDGES, REPO, CAPITAL, MARGIN, MEMBERS, NO_NEGATIVE_CASH = range(8)
OPENING, END_OF_DAY = 0, 11


@phase
def open_audit(p: Parameters, s: State) -> None:
    """Begin the audit of a path: opening books must balance, and their cash is the cash to be conserved."""
    for identity in range(s.checks.audit_before.shape[0]):
        s.checks.audit_before[identity] = 0.0
    s.checks.audit_before[CASH] = total_cash(s)
    s.checks.clock[2] = OPENING
    check_books(p, s)


@phase
def look_at_books(p: Parameters, s: State, stage: int) -> None:
    """Check the books after a stage of the day, when the audit is on."""
    s.checks.clock[2] = stage
    if p.watch.audit:
        check_books(p, s)


@phase
def check_books(p: Parameters, s: State) -> None:
    """Check every identity after the stage that the clock shows, while the audit is on and the path runs."""
    if not p.watch.audit or s.checks.status[0] != RUNNING:
        return
    bonds = 0.0
    hedges = 0.0
    for b in each_bucket(s):
        bonds += abs(bonds_missing(p, s, b))
    for h in each_hedge(s):
        hedges += abs(hedges_missing(p, s, h))
    charge_stage(s, CASH, total_cash(s))
    charge_stage(s, BONDS, bonds)
    charge_stage(s, HEDGES, hedges)
    repo = abs(repo_on_funds_sheets(s) - s.dealers.fund_repo[0])
    charge_stage(s, REPO, repo + abs(s.dealers.borrowed[0] - s.others.lent[0]))
    charge_stage(s, CAPITAL, capital_missing(p, s))
    charge_stage(s, MARGIN, margin_missing(s))
    charge_stage(s, MEMBERS, abs(members_missing(s)))
    if s.checks.clock[2] == END_OF_DAY:
        charge_stage(s, NO_NEGATIVE_CASH, negative_cash(p, s))


@phase
def charge_stage(s: State, identity: int, residual: float) -> None:
    """Charge the stage with what it added to a residual, USD billions; keep the worst and its day."""
    stage = s.checks.clock[2]
    added = abs(residual - s.checks.audit_before[identity])
    s.checks.audit_before[identity] = residual
    if added > s.checks.audit_worst[identity, stage] or added != added:
        s.checks.audit_worst[identity, stage] = added
        s.checks.audit_day[identity, stage] = s.checks.clock[0]


@phase
def negative_cash(p: Parameters, s: State) -> float:
    """Cash below zero at funds and asset managers, beyond the tolerance at which rounds end."""
    missing = 0.0
    for i in each_fund(s):
        missing += max(0.0, -s.funds.cash[i] - p.numerics.tolerance)
    for a in each_manager(s):
        missing += max(0.0, -s.managers.cash[a])
    return missing


@phase
def total_cash(s: State) -> float:
    """All cash of all parties, calls on funds that wait to be paid included; Neumaier's compensated sum.

    Of funds and asset managers it is the members' own cash that counts, not the account of their sector.
    """
    total = 0.0
    lost = 0.0
    for n in range(s.accounts.cash.shape[0]):
        if n not in (FUNDS, MANAGERS):
            total, lost = add_exactly(total, lost, s.accounts.cash[n])
    for a in each_manager(s):
        total, lost = add_exactly(total, lost, s.managers.cash[a])
    for i in each_fund(s):
        total, lost = add_exactly(total, lost, s.funds.cash[i])
        for c in range(CALL_COUNT):
            total, lost = add_exactly(total, lost, -s.orders.call[c, i])
    return total + lost


@phase
def members_missing(s: State) -> float:
    """Accounts of the funds' and the asset managers' sectors less the cash of their members."""
    missing = s.accounts.cash[FUNDS]
    for i in each_fund(s):
        missing -= s.funds.cash[i]
        for c in range(CALL_COUNT):
            missing += s.orders.call[c, i]
    managers = s.accounts.cash[MANAGERS]
    for a in each_manager(s):
        managers -= s.managers.cash[a]
    return abs(missing) + abs(managers)


@phase
def add_exactly(total: float, lost: float, term: float) -> tuple[float, float]:
    """One step of Neumaier's sum: the total, and the low-order part it lost so far."""
    added = total + term
    if abs(total) >= abs(term):
        return added, lost + ((total - added) + term)
    return added, lost + ((term - added) + total)


@phase
def bonds_missing(p: Parameters, s: State, b: int) -> float:
    """Bonds of a bucket outstanding and issued, less bonds held by all sectors."""
    held = s.buckets.inventory[b] + s.buckets.foreign_bonds[b]
    held += s.buckets.end_bonds[b] + s.buckets.central_bonds[b]
    for h in each_hedge(s):
        if p.opening.hedges.bucket_of[h] == b:
            held += s.hedges.dealer_packages[h] + s.hedges.estate[h]
            held += s.hedges.given_up[h] + s.hedges.central_packages[h]
    for j in each_trade(s):
        if p.opening.trades.bucket_of[j] == b:
            for i in each_fund(s):
                held += s.funds.packages[j, i]
    for a in each_manager(s):
        held += s.managers.bonds[b, a]
    return p.opening.buckets.outstanding_bn[b] + s.buckets.issued[b] - held


@phase
def hedges_missing(p: Parameters, s: State, h: int) -> float:
    """Hedge longs less hedge shorts."""
    shorts = s.hedges.dealer_packages[h] + s.hedges.estate_hedges[h] + s.hedges.central_packages[h]
    for j in each_trade(s):
        if p.opening.trades.hedge_of[j] == h:
            for i in each_fund(s):
                shorts += s.funds.packages[j, i] * p.opening.funds.hedge_ratio[j, i]
    return s.hedges.managers[h] + s.hedges.others[h] - shorts


@phase
def repo_on_funds_sheets(s: State) -> float:
    """Repo owed by funds, from their own sheets."""
    owed = 0.0
    for j in each_trade(s):
        for i in each_fund(s):
            owed += s.funds.loan[j, i]
    return owed


@phase
def capital_missing(p: Parameters, s: State) -> float:
    """Dealers' assets less liabilities less the capital kept dealer by dealer."""
    assets = s.dealers.fund_repo[0] + s.dealers.other_repo[0] + s.accounts.cash[DEALERS] + s.dealers.posted[0]
    for b in each_bucket(s):
        assets += s.buckets.inventory[b] * s.buckets.price[b]
    for h in each_hedge(s):
        price = s.buckets.price[p.opening.hedges.bucket_of[h]]
        assets += (s.hedges.dealer_packages[h] + s.hedges.estate[h]) * price
    capital = 0.0
    for d in each_dealer(s):
        capital += s.dealers.capital[d]
    return assets - s.dealers.borrowed[0] - s.others.facility[0] - capital


@phase
def margin_missing(s: State) -> float:
    """Cash of the clearing house less margin posted and its own layer of the waterfall."""
    posted = s.dealers.posted[0] + s.managers.posted[0] + s.others.waterfall_left[0]
    for i in each_fund(s):
        posted += s.funds.posted[i]
    return s.accounts.cash[CLEARING_HOUSE] - posted
