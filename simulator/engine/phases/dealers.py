"""Dealers through the day: the repo they lend, the limits that bind them, what their balance sheet costs.

The trading book belongs to the dealer sector and is shared in fixed proportions among dealers alive; capital,
client loans, funding and limits are each dealer's own. Borrowing closes the day: it is what the assets need
beyond capital.
"""

import math

from simulator.agents.cash_lender import scarcity_bp
from simulator.agents.dealer import (
    client_cut_share,
    cost_at_clearing_bp,
    leverage_limit_bn,
    repo_spread_bp,
    taken_from_clients_bn,
    value_at_risk_use,
)
from simulator.agents.hedge_fund import extra_interest_bn
from simulator.engine.diary import SMALLEST_ENTRY_BN, TOOK_BACK, note
from simulator.engine.loops import (
    each_bucket,
    each_dealer,
    each_fund,
    each_funding,
    each_hedge,
    each_trade,
    empty,
    pay,
    row_total,
)
from simulator.engine.parameters import (
    CENTRAL_BANK,
    DEALERS,
    FUNDS,
    LENDERS,
    OUTSIDE,
    TRADING_DAYS_PER_YEAR,
    Parameters,
    Schedule,
)
from simulator.engine.state import State
from simulator.market.cash_market import balance_sheet_cost_bp, balance_sheet_use
from simulator.model.table import Floats
from simulator.rule import phase


@phase
def charge(s: State, profit: float) -> None:
    """Share a profit or loss of the trading book among dealers."""
    for d in each_dealer(s):
        s.dealers.capital[d] += s.dealers.share[d] * profit


@phase
def book_extra_interest(p: Parameters, s: State, from_funds: float) -> None:
    """Book repo interest over the opening spread: funds pay dealers, dealers pay lenders and the facility."""
    opening_bp = p.opening.fundings.repo_spread_bp[0]
    extra_bp = s.fundings.wholesale_bp[0] - opening_bp
    client_extra_bp = s.fundings.client_bp[0] - opening_bp + others_over_average_bp(s)
    from_others = extra_interest_bn(s.dealers.other_repo[0], client_extra_bp, TRADING_DAYS_PER_YEAR)
    to_lenders = extra_interest_bn(s.dealers.borrowed[0], extra_bp, TRADING_DAYS_PER_YEAR)
    to_facility = extra_interest_bn(s.others.facility[0], extra_bp, TRADING_DAYS_PER_YEAR)
    profit = from_funds + from_others - to_lenders - to_facility
    pay(s, FUNDS, DEALERS, from_funds)
    pay(s, OUTSIDE, DEALERS, from_others)
    pay(s, DEALERS, LENDERS, to_lenders)
    pay(s, DEALERS, CENTRAL_BANK, to_facility)
    charge(s, profit)
    share_own_rates(s)


@phase
def others_over_average_bp(s: State) -> float:
    """What clients other than the funds pay over the average repo rate: each dealer lends to them at its own."""
    over_bp = 0.0
    for d in each_dealer(s):
        over_bp += s.dealers.share[d] * s.dealers.over_average_bp[d]
    return over_bp


@phase
def share_own_rates(s: State) -> None:
    """Give each dealer what its own repo rate brings from clients and costs at lenders, over the average.

    Profit was shared as if all paid the average; what each has over it is taken from all by share, so that nothing is
    added.
    """
    if s.seen.repo_highest_bp[0] == s.seen.repo_lowest_bp[0]:
        return
    total = 0.0
    for d in each_dealer(s):
        total += own_interest(s, d)
    for d in each_dealer(s):
        s.dealers.capital[d] += own_interest(s, d) - s.dealers.share[d] * total


@phase
def own_interest(s: State, d: int) -> float:
    """Interest of a day that dealer d earns from clients beyond what it pays lenders, for its rate over the average."""
    lent = s.dealers.lent_to_funds[d] + s.dealers.share[d] * s.dealers.other_repo[0]
    own = lent - s.dealers.from_lenders[d]
    return s.dealers.alive[d] * extra_interest_bn(own, s.dealers.over_average_bp[d], TRADING_DAYS_PER_YEAR)


@phase
def lend_to_other_clients(s: State, change: float) -> None:
    """Dealers lend more or less repo to clients other than the funds, as the scenario says."""
    s.dealers.other_repo[0] += change
    pay(s, DEALERS, OUTSIDE, change)


@phase
def lend_to_funds(p: Parameters, s: State) -> None:
    """Add up what each dealer lends to funds through its network; survivors take over the clients of failed ones."""
    owed, of_dealer, lent, loan = s.scratch.first, s.scratch.second, s.dealers.lent_to_funds, s.funds.loan
    empty(owed)
    for j in each_trade(s):
        for i in each_fund(s):
            owed[i] += loan[j, i]
    shares = p.opening.funds.client_share
    for d in each_dealer(s):
        for i in each_fund(s):
            of_dealer[i] = shares[d, i] * owed[i]
        lent[d] = row_total(of_dealer)
    orphaned = 0.0
    for d in each_dealer(s):
        if s.dealers.alive[d] == 0.0:
            orphaned += lent[d]
            lent[d] = 0.0
    for d in each_dealer(s):
        lent[d] += s.dealers.share[d] * orphaned


@phase
def bonds_of_dealers(p: Parameters, s: State, bonds: Floats) -> Floats:
    """Bonds that dealers hold in each bucket: in packages, outright and seized; fills and returns ``bonds``."""
    empty(bonds)
    for h in each_hedge(s):
        bonds[p.opening.hedges.bucket_of[h]] += s.hedges.dealer_packages[h]
    for b in each_bucket(s):
        bonds[b] += s.buckets.inventory[b]
    for h in each_hedge(s):
        bonds[p.opening.hedges.bucket_of[h]] += s.hedges.estate[h]
    return bonds


@phase
def trading_book(p: Parameters, s: State) -> float:
    """What all dealers together have beside loans to funds: bonds at market value, other repo, margin and cash."""
    book = s.accounts.cash[DEALERS] + s.dealers.posted[0] + s.dealers.other_repo[0]
    bonds = bonds_of_dealers(p, s, s.scratch.by_bucket)
    for b in each_bucket(s):
        book += bonds[b] * s.buckets.price[b]
    return book


@phase
def funding_need(s: State, d: int, book: float) -> float:
    """What dealer d must borrow: its loans and its share of the trading book, less its capital."""
    return s.dealers.lent_to_funds[d] + s.dealers.share[d] * book - s.dealers.capital[d]


@phase
def bonds_at_risk(p: Parameters, s: State) -> float:
    """Value of all that dealers hold, long or short: packages, estates and inventory."""
    held = s.scratch.by_bucket
    empty(held)
    for h in each_hedge(s):
        held[p.opening.hedges.bucket_of[h]] += abs(s.hedges.dealer_packages[h])
    for h in each_hedge(s):
        held[p.opening.hedges.bucket_of[h]] += abs(s.hedges.estate[h])
    value = 0.0
    for b in each_bucket(s):
        value += (held[b] + abs(s.buckets.inventory[b])) * s.buckets.price[b]
    return value


@phase
def limit_of(p: Parameters, s: State, d: int) -> float:
    """Largest balance sheet that dealer d may have."""
    return leverage_limit_bn(
        s.dealers.capital[d], p.dealers.capital_ratio, s.others.leverage_relief[0], s.dealers.limit_cut[d]
    )


@phase
def measure_use(p: Parameters, s: State) -> None:
    """Measure each dealer's limit and its use, and the limit of the sector."""
    held = bonds_at_risk(p, s)
    total = 0.0
    for d in each_dealer(s):
        limit = limit_of(p, s, d)
        total += limit
        share = s.dealers.share[d]
        # cash lent against bonds, or bonds lent against cash: both take balance sheet
        repo = abs(s.dealers.lent_to_funds[d]) + s.dealers.other_repo[0] * share
        s.dealers.use[d] = balance_sheet_use(share * held, repo, s.others.unnetted_share[0], limit)
    s.dealers.limit_bn[0] = total


@phase
def sector_use(p: Parameters, s: State) -> float:
    """Dealers' balance-sheet use over the sector's limit."""
    repo = abs(s.dealers.fund_repo[0]) + s.dealers.other_repo[0]
    held = bonds_at_risk(p, s)
    return balance_sheet_use(held, repo, s.others.unnetted_share[0], s.dealers.limit_bn[0])


@phase
def ration_clients(p: Parameters, s: State, d: int, gap: float) -> None:
    """Take repo back from clients, for lack of funding or for being over the limit."""
    if not p.channels.roll_over:
        return
    over = 0.0
    if p.channels.dealer_capacity:
        over = max(0.0, s.dealers.use[d] - 1.0) * limit_of(p, s, d)
    unnetted = s.others.unnetted_share[0]
    taken = taken_from_clients_bn(gap, over, p.dealers.client_cut_speed, unnetted)
    lent = s.dealers.lent_to_funds[d]
    s.dealers.taken[d] = max(0.0, min(taken, lent))  # clients' loans can be negative after a fall
    s.seen.repo_taken_back[0] += s.dealers.taken[d]
    if p.watch.diary and s.dealers.taken[d] > SMALLEST_ENTRY_BN:
        note(s, TOOK_BACK, d, -1, s.dealers.taken[d])


@phase
def pass_cuts_to_clients(p: Parameters, s: State) -> None:
    """Turn what dealers take back into each fund's share of repo not rolled, weakest clients first."""
    taken, lent, cuts = s.dealers.taken, s.dealers.lent_to_funds, s.funds.cut
    empty(cuts)
    average = 0.0
    for d in each_dealer(s):
        average += s.dealers.share[d] * client_cut_share(taken[d], lent[d], 1.0)
    if average <= 0.0:
        return
    shares, weakness = p.opening.funds.client_share, p.opening.funds.client_weakness
    for d in each_dealer(s):
        if s.dealers.alive[d] == 0.0:
            for i in each_fund(s):
                cuts[i] += shares[d, i] * average
        elif taken[d] > 0.0:
            for i in each_fund(s):
                cuts[i] += shares[d, i] * client_cut_share(taken[d], lent[d], weakness[d, i])


@phase
def steps_of_clients(p: Parameters, s: State, sched: Schedule, day: int, g: int, steps: Floats) -> None:
    """Step in each fund's haircut in funding g: of its dealers, by what it borrows from each; fills ``steps``.

    Clients of a failed dealer are asked what the survivors ask on average.
    """
    empty(steps)
    average = 0.0
    anybody = 0.0
    for d in each_dealer(s):
        step = sched.haircut_step[day, g, d]
        average += s.dealers.share[d] * step
        anybody += abs(step)
    if anybody == 0.0:
        return
    shares = p.opening.funds.client_share
    for d in each_dealer(s):
        step = sched.haircut_step[day, g, d] if s.dealers.alive[d] == 1.0 else average
        for i in each_fund(s):
            steps[i] += shares[d, i] * step


@phase
def price_repo(p: Parameters, s: State) -> None:
    """Set today's repo spreads: scarcity of what lenders offer each dealer, plus balance-sheet cost for clients.

    The wholesale spread is the average over what dealers ask of lenders; what the facility lends is not in it. Who asks
    nothing pays the average.
    """
    opening_bp, opening_scarcity_bp = p.opening.fundings.repo_spread_bp[0], p.opening.lenders.scarcity_bp[0]
    weighted = 0.0
    borrowed = 0.0
    lowest = math.inf
    highest = -math.inf
    for d in each_dealer(s):
        need = s.dealers.from_lenders[d]
        scarce_bp = scarcity_bp(
            need,
            s.dealers.offer[d],
            p.lenders.easy_share,
            p.lenders.scarcity_at_limit,
            p.lenders.scarcity_ceiling,
        )
        own_bp = opening_bp + (scarce_bp - opening_scarcity_bp)
        s.dealers.repo_bp[d] = own_bp
        weighted += need * own_bp
        borrowed += need
        if need > 0.0:
            lowest = min(lowest, own_bp)
            highest = max(highest, own_bp)
    average_bp = opening_bp - opening_scarcity_bp
    if borrowed > 0.0:  # rounding must not part dealers that all pay the same
        average_bp = min(max(weighted / borrowed, lowest), highest)
    spread_repo_rates(s, average_bp)
    extra_cost_bp = s.dealers.cost_bp[0] - p.opening.dealers.cost_bp[0]
    for g in each_funding(s):
        here_bp = p.opening.fundings.repo_spread_bp[g]
        s.fundings.wholesale_bp[g] = here_bp + (average_bp - opening_bp)
        s.fundings.client_bp[g] = repo_spread_bp(
            here_bp,
            s.fundings.wholesale_bp[g] - here_bp,
            extra_cost_bp,
            s.others.unnetted_share[0],
        )
    charge_own_rates(p, s)


@phase
def spread_repo_rates(s: State, average_bp: float) -> None:
    """Measure each dealer's repo rate against the average; who borrows nothing pays that, and a failed one's clients.

    The lowest and the highest of those who borrow are noted.
    """
    lowest = average_bp
    highest = average_bp
    for d in each_dealer(s):
        if s.dealers.from_lenders[d] <= 0.0:
            s.dealers.repo_bp[d] = average_bp
        s.dealers.over_average_bp[d] = s.dealers.repo_bp[d] - average_bp
        lowest = min(lowest, s.dealers.repo_bp[d])
        highest = max(highest, s.dealers.repo_bp[d])
    s.seen.repo_lowest_bp[0] = lowest
    s.seen.repo_highest_bp[0] = highest


@phase
def charge_own_rates(p: Parameters, s: State) -> None:
    """Find what each fund pays over the average: its dealers' own rates, for a failed one the survivors'."""
    over, shares, own_bp = (
        s.funds.repo_over_average_bp,
        p.opening.funds.client_share,
        s.dealers.over_average_bp,
    )
    empty(over)
    if s.seen.repo_highest_bp[0] == s.seen.repo_lowest_bp[0]:
        return
    average_bp = others_over_average_bp(s)
    for d in each_dealer(s):
        if s.dealers.alive[d] == 0.0:
            own_bp[d] = average_bp
    for d in each_dealer(s):
        for i in each_fund(s):
            over[i] += shares[d, i] * own_bp[d]


@phase
def balance_sheet_cost(
    p: Parameters, s: State, packages_at_opening_cost: float, given_up_per_bp: float
) -> float:
    """Cost of dealers' balance sheet at the coming clearing, bp a year.

    ``packages_at_opening_cost`` is the value of the packages dealers would hold if the cost did not change,
    ``given_up_per_bp`` the value they give up per bp of cost: the clearing is linear in the cost, and the cost
    piecewise linear in use, so their crossing is exact. What funds sell now they also repay: the repo of a
    package makes room for the package itself.
    """
    limit, opening_bp = s.dealers.limit_bn[0], p.opening.dealers.cost_bp[0]
    if not p.channels.dealer_capacity or limit <= 0.0:
        return opening_bp
    lent = s.dealers.fund_repo[0]
    for j in each_trade(s):
        lent += s.orders.bonds[j] * s.buckets.price[p.opening.trades.bucket_of[j]]
    repo = abs(lent) + s.dealers.other_repo[0]
    bonds = s.scratch.by_bucket
    for b in each_bucket(s):
        bonds[b] = abs(s.orders.inventory_next[b])
    for h in each_hedge(s):
        bonds[p.opening.hedges.bucket_of[h]] += abs(s.hedges.estate[h])
    held = 0.0
    for b in each_bucket(s):
        held += bonds[b] * s.buckets.price[b]
    fixed = s.others.unnetted_share[0] * repo + held
    use = (fixed + packages_at_opening_cost + given_up_per_bp * opening_bp) / limit
    return cost_at_clearing_bp(
        use,
        given_up_per_bp / limit,
        p.dealers.cost_threshold,
        p.dealers.cost_below,
        p.dealers.cost_above,
        p.dealers.cost_ceiling,
    )


@phase
def inventory_cost(p: Parameters, s: State) -> float:
    """Cost of holding inventory outright, bp a year: of the balance sheet or of value-at-risk, whichever binds.

    Packages and repo carry no duration, so the value-at-risk limit prices inventory alone.
    """
    if not p.channels.dealer_capacity:
        return p.opening.dealers.inventory_cost_bp[0]
    risk = 0.0
    for b in each_bucket(s):
        risk += (
            abs(s.orders.inventory_next[b])
            * p.opening.buckets.price_per_bp[b]
            * s.buckets.priced_volatility_bp[b]
        )
    capital = 0.0
    opening_capital = 0.0
    for d in each_dealer(s):
        capital += max(0.0, s.dealers.capital[d]) * (1.0 - s.dealers.limit_cut[d])
        opening_capital += p.opening.dealers.capital_bn[d]
    share = capital / opening_capital
    use = value_at_risk_use(p.dealers.value_at_risk_use, risk, p.opening.dealers.risk_bn[0], share)
    cost_bp = balance_sheet_cost_bp(
        use, p.dealers.cost_threshold, p.dealers.cost_below, p.dealers.cost_above, p.dealers.cost_ceiling
    )
    return max(s.dealers.cost_bp[0], cost_bp)


@phase
def finance_dealers(p: Parameters, s: State) -> None:
    """Close the day: borrow what the dealers' accounts miss, or repay what they have over."""
    target = p.opening.dealers.cash_bn[0] - s.dealers.buffer_used[0]
    change = target - s.accounts.cash[DEALERS]
    pay(s, LENDERS, DEALERS, change)
    s.dealers.borrowed[0] += change
    s.others.lent[0] += change
