"""The audit: accounting identities recomputed from the books after each stage of the day.

Each identity has a residual that must be nothing: cash created, bonds without holder, repo on one sheet
only. A stage is charged with what it added to the residual, so that a leak is named by the stage that sprang
it and not by those after it; the worst addition is kept with its day. Switched on by ``--audit``; costs about
as much as the day itself.
"""

from simulator.engine.parameters import CALL_COUNT, CLEARING_HOUSE, DEALERS, SECTOR_COUNT, Parameters
from simulator.engine.state import State
from simulator.engine.status import RUNNING
from simulator.rule import phase

CASH, BONDS, HEDGES, REPO, CAPITAL, MARGIN, NO_NEGATIVE_CASH = range(7)
OPENING, END_OF_DAY = 0, 11


@phase
def open_audit(p: Parameters, s: State) -> None:
    """Begin the audit of a path: opening books must balance, and their cash is the cash to be conserved."""
    for identity in range(s.audit_before.shape[0]):
        s.audit_before[identity] = 0.0
    s.audit_before[CASH] = total_cash(s)
    s.clock[2] = OPENING
    check_books(p, s)


@phase
def look_at_books(p: Parameters, s: State, stage: int) -> None:
    """Check the books after a stage of the day, when the audit is on."""
    s.clock[2] = stage
    if p.audit_on:
        check_books(p, s)


@phase
def check_books(p: Parameters, s: State) -> None:
    """Check every identity after the stage that the clock shows, while the audit is on and the path runs."""
    if not p.audit_on or s.status[0] != RUNNING:
        return
    bonds = 0.0
    hedges = 0.0
    for j in range(s.price.shape[0]):
        bonds += abs(bonds_missing(p, s, j))
        hedges += abs(hedges_missing(p, s, j))
    charge_stage(s, CASH, total_cash(s))
    charge_stage(s, BONDS, bonds)
    charge_stage(s, HEDGES, hedges)
    charge_stage(s, REPO, abs(repo_on_funds_sheets(s) - s.fund_repo[0]) + abs(s.borrowed[0] - s.lent[0]))
    charge_stage(s, CAPITAL, capital_missing(p, s))
    charge_stage(s, MARGIN, margin_missing(p, s))
    if s.clock[2] == END_OF_DAY:
        charge_stage(s, NO_NEGATIVE_CASH, negative_cash(p, s))


@phase
def charge_stage(s: State, identity: int, residual: float) -> None:
    """Charge the stage with what it added to a residual, USD billions; keep the worst and its day."""
    stage = s.clock[2]
    added = abs(residual - s.audit_before[identity])
    s.audit_before[identity] = residual
    if added > s.audit_worst[identity, stage] or added != added:
        s.audit_worst[identity, stage] = added
        s.audit_day[identity, stage] = s.clock[0]


@phase
def negative_cash(p: Parameters, s: State) -> float:
    """Cash below zero at funds and asset managers, beyond the tolerance at which rounds end."""
    missing = 0.0
    for i in range(s.cash.shape[0]):
        missing += max(0.0, -s.cash[i] - p.tolerance_bn)
    for a in range(s.manager_cash.shape[0]):
        missing += max(0.0, -s.manager_cash[a])
    return missing


@phase
def total_cash(s: State) -> float:
    """All cash of all parties, calls on funds that wait to be paid included; Neumaier's compensated sum."""
    total = 0.0
    lost = 0.0
    for n in range(SECTOR_COUNT):
        total, lost = add_exactly(total, lost, s.account[n])
    for a in range(s.manager_cash.shape[0]):
        total, lost = add_exactly(total, lost, s.manager_cash[a])
    for i in range(s.cash.shape[0]):
        total, lost = add_exactly(total, lost, s.cash[i])
        for c in range(CALL_COUNT):
            total, lost = add_exactly(total, lost, -s.call[c, i])
    return total + lost


@phase
def add_exactly(total: float, lost: float, term: float) -> tuple[float, float]:
    """One step of Neumaier's sum: the total, and the low-order part it lost so far."""
    added = total + term
    if abs(total) >= abs(term):
        return added, lost + ((total - added) + term)
    return added, lost + ((term - added) + total)


@phase
def bonds_missing(p: Parameters, s: State, j: int) -> float:
    """Bonds outstanding and issued less bonds held by all sectors."""
    held = s.dealer_package[j] + s.inventory[j] + s.estate[j] + s.given_up[j]
    held += s.foreign_bonds[j] + s.end_bonds[j] + s.central_bonds[j] + s.central_package[j]
    for i in range(s.cash.shape[0]):
        held += s.packages[j, i]
    for a in range(s.manager_cash.shape[0]):
        held += s.manager_bonds[j, a]
    return p.outstanding_bn[j] + s.issued[j] - held


@phase
def hedges_missing(p: Parameters, s: State, j: int) -> float:
    """Hedge longs less hedge shorts."""
    shorts = s.dealer_package[j] + s.estate_hedge[j] + s.central_package[j]
    for i in range(s.cash.shape[0]):
        shorts += s.packages[j, i] * p.hedge_ratio[j, i]
    return s.manager_futures[j] + p.other_hedgers_bn[j] - shorts


@phase
def repo_on_funds_sheets(s: State) -> float:
    """Repo owed by funds, from their own sheets."""
    owed = 0.0
    for j in range(s.price.shape[0]):
        for i in range(s.cash.shape[0]):
            owed += s.loan[j, i]
    return owed


@phase
def capital_missing(p: Parameters, s: State) -> float:
    """Dealers' assets less liabilities less the capital kept dealer by dealer."""
    assets = s.fund_repo[0] + s.other_repo[0] + s.account[DEALERS] + s.dealer_posted[0]
    for j in range(s.price.shape[0]):
        assets += (s.dealer_package[j] + s.inventory[j] + s.estate[j]) * s.price[j]
    capital = 0.0
    for d in range(s.capital.shape[0]):
        capital += s.capital[d]
    return assets - s.borrowed[0] - s.facility[0] - capital


@phase
def margin_missing(p: Parameters, s: State) -> float:
    """Cash of the clearing house less margin posted and its own layer of the waterfall."""
    posted = s.dealer_posted[0] + s.manager_posted[0] + s.waterfall_left[0]
    for i in range(s.cash.shape[0]):
        posted += s.posted[i]
    return s.account[CLEARING_HOUSE] - posted
