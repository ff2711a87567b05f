"""The audit: accounting identities recomputed from the books after each stage of the day.

Cash is conserved from stage to stage; stocks are compared with what their counterparts hold. The worst
residual of each identity is kept with the stage, the day and the path where it stood, so that a leak is named
by the phase that sprang it. Switched on by ``--audit``; costs about as much as the day itself.
"""

from simulator.engine.parameters import CALL_COUNT, CLEARING_HOUSE, DEALERS, SECTOR_COUNT, Parameters
from simulator.engine.state import State
from simulator.rule import phase

CASH, BONDS, HEDGES, REPO, CAPITAL, MARGIN, NO_NEGATIVE_CASH = range(7)
END_OF_DAY = 10


@phase
def check_books(p: Parameters, s: State) -> None:
    """Check every identity after the stage that the clock shows, when the audit is on."""
    if not p.audit_on:
        return
    stage = s.clock[2]
    total = total_cash(s)
    keep_worst(s, CASH, stage, total - s.audit_cash[0])
    s.audit_cash[0] = total
    for j in range(s.price.shape[0]):
        keep_worst(s, BONDS, stage, bonds_missing(p, s, j))
        keep_worst(s, HEDGES, stage, hedges_missing(p, s, j))
    keep_worst(s, REPO, stage, repo_on_funds_sheets(s) - s.fund_repo[0])
    keep_worst(s, REPO, stage, s.borrowed[0] - s.lent[0])
    keep_worst(s, CAPITAL, stage, capital_missing(p, s))
    keep_worst(s, MARGIN, stage, margin_missing(p, s))
    if stage == END_OF_DAY:
        for i in range(s.cash.shape[0]):
            keep_worst(s, NO_NEGATIVE_CASH, stage, max(0.0, -s.cash[i] - p.tolerance_bn))
        for a in range(s.manager_cash.shape[0]):
            keep_worst(s, NO_NEGATIVE_CASH, stage, max(0.0, -s.manager_cash[a]))


@phase
def keep_worst(s: State, identity: int, stage: int, residual: float) -> None:
    """Keep the largest residual of an identity after a stage, in USD billions, and its day."""
    size = abs(residual)
    if size > s.audit_worst[identity, stage] or size != size:
        s.audit_worst[identity, stage] = size
        s.audit_day[identity, stage] = s.clock[0]


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
    assets = s.fund_repo[0] + p.other_repo_bn + s.account[DEALERS] + s.dealer_posted[0]
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
