"""Dealers through the day: funded by lenders, rationing clients, taking the other side, holding a failed client's book.

The trading book belongs to the dealer sector and is shared in fixed proportions among dealers alive; capital,
client loans, funding and limits are each dealer's own. Borrowing closes the day: it is what the assets need
beyond capital.
"""

from simulator.agents.cash_lender import confidence, scarcity_bp
from simulator.agents.central_bank import facility_lending_bn
from simulator.agents.clearing_house import (
    STRESSED_WEIGHT,
    margin_asked,
    margin_in_force,
    stressed_mix,
    value_at_risk,
)
from simulator.agents.dealer import (
    client_cut_share,
    cost_at_clearing_bp,
    funding_gap_bn,
    leverage_limit_bn,
    repo_spread_bp,
    taken_from_clients_bn,
    value_at_risk_use,
    wholesale_spread_bp,
)
from simulator.agents.hedge_fund import extra_interest_bn, other_strategies_bn
from simulator.engine.diary import (
    DEALER_DEFAULT,
    FACILITY_LENT,
    FUND_DEFAULT,
    SMALLEST_ENTRY_BN,
    TOOK_BACK,
    WATERFALL_PAID,
    note,
)
from simulator.engine.parameters import (
    CENTRAL_BANK,
    CLEARING_HOUSE,
    DEALERS,
    DEFAULT,
    END_INVESTORS,
    HAIRCUT,
    LENDERS,
    OUTSIDE,
    REDEMPTION,
    ROLL_OVER,
    TRADING_DAYS_PER_YEAR,
    Parameters,
    Schedule,
)
from simulator.engine.state import (
    TALLY_DEALER_LOSS,
    TALLY_TAKEN,
    TALLY_WATERFALL,
    State,
)
from simulator.engine.status import NO_DEALER_LEFT
from simulator.engine.sums import empty
from simulator.market.cash_market import balance_sheet_cost_bp
from simulator.rule import phase

#: Share of the value of a failed fund's other strategies that its creditors can recover. Judgement.
OTHER_RECOVERY = 0.5


@phase
def charge(s: State, profit: float) -> None:
    """Share a profit or loss of the trading book among dealers."""
    for d in range(s.capital.shape[0]):
        s.capital[d] += s.share[d] * profit


@phase
def set_margins(p: Parameters, s: State, sched: Schedule, day: int) -> None:
    """Set today's initial margin per face: the model on yesterday's volatility, the measure, the floor, the steps."""
    if not p.initial_margin_on:
        return
    for j in range(s.price.shape[0]):
        calm = at_risk(p, j, p.opening_volatility_bp[j])
        now = at_risk(p, j, s.volatility_bp[j])
        long_run = at_risk(p, j, p.opening_volatility_bp[j] * p.long_volatility)
        asked = margin_asked(now, calm, p.margin_measure, p.margin_buffer, long_run)
        if p.margin_measure == STRESSED_WEIGHT:
            stressed = at_risk(p, j, p.opening_volatility_bp[j] * p.stressed_volatility)
            asked = stressed_mix(now, stressed, p.stressed_weight)
        s.model_margin[j] = margin_in_force(asked, p.margin_floor[j], s.model_margin[j], p.margin_daily_rise)
        s.margin[j] = s.model_margin[j] * sched.margin_multiple[day, j]


@phase
def at_risk(p: Parameters, j: int, volatility_bp: float) -> float:
    """Margin model of one trade's hedge at a daily volatility."""
    return value_at_risk(volatility_bp, p.margin_confidence, p.margin_period_days, p.price_per_bp[j])


@phase
def book_extra_interest(p: Parameters, s: State, from_funds: float) -> None:
    """Book repo interest over the opening spread: funds pay dealers, dealers pay lenders and the facility."""
    extra_bp = s.wholesale_bp[0] - p.repo_spread_bp
    from_others = extra_interest_bn(s.other_repo[0], s.client_bp[0] - p.repo_spread_bp, TRADING_DAYS_PER_YEAR)
    to_lenders = extra_interest_bn(s.borrowed[0], extra_bp, TRADING_DAYS_PER_YEAR)
    to_facility = extra_interest_bn(s.facility[0], extra_bp, TRADING_DAYS_PER_YEAR)
    s.account[DEALERS] += from_funds + from_others - to_lenders - to_facility
    s.account[OUTSIDE] -= from_others
    s.account[LENDERS] += to_lenders
    s.account[CENTRAL_BANK] += to_facility
    charge(s, from_funds + from_others - to_lenders - to_facility)


@phase
def lend_to_other_clients(s: State, change: float) -> None:
    """Dealers lend more or less repo to clients other than the funds, as the scenario says."""
    s.other_repo[0] += change
    s.account[DEALERS] -= change
    s.account[OUTSIDE] += change


@phase
def lend_to_funds(p: Parameters, s: State) -> None:
    """Add up what each dealer lends to funds through its network; survivors take over the clients of failed ones."""
    for d in range(s.capital.shape[0]):
        s.lent_to_funds[d] = 0.0
    owed, lent = s.scratch, s.lent_to_funds
    empty(owed)
    loan = s.loan
    for j in range(s.price.shape[0]):
        for i in range(s.cash.shape[0]):
            owed[i] += loan[j, i]
    shares = p.client_share
    for i in range(s.cash.shape[0]):
        for d in range(s.capital.shape[0]):
            lent[d] += shares[i, d] * owed[i]
    orphaned = 0.0
    for d in range(s.capital.shape[0]):
        if s.dealer_alive[d] == 0.0:
            orphaned += s.lent_to_funds[d]
            s.lent_to_funds[d] = 0.0
    for d in range(s.capital.shape[0]):
        s.lent_to_funds[d] += s.share[d] * orphaned


@phase
def funding_need(p: Parameters, s: State, d: int) -> float:
    """What dealer d must borrow: its assets less its capital."""
    book = s.account[DEALERS] + s.dealer_posted[0] + s.other_repo[0]
    for j in range(s.price.shape[0]):
        book += (s.dealer_package[j] + s.inventory[j] + s.estate[j]) * s.price[j]
    return s.lent_to_funds[d] + s.share[d] * book - s.capital[d]


@phase
def measure_use(p: Parameters, s: State) -> None:
    """Measure each dealer's limit and its use, and the limit of the sector."""
    held = 0.0
    for j in range(s.price.shape[0]):
        held += (abs(s.dealer_package[j]) + abs(s.estate[j]) + abs(s.inventory[j])) * s.price[j]
    total = 0.0
    for d in range(s.capital.shape[0]):
        limit = leverage_limit_bn(s.capital[d], p.capital_ratio, s.relief[0], s.limit_cut[0])
        total += limit
        used = s.share[d] * held + p.unnetted_share * (s.lent_to_funds[d] + s.other_repo[0] * s.share[d])
        s.use[d] = (used + p.dealer_other_bn[d]) / limit if limit > 0.0 else 0.0
    s.limit_bn[0] = total


@phase
def fund_dealers(p: Parameters, s: State, withdrawal: float, flow_noise: float, facility_open: float) -> None:
    """Lenders decide what to offer each dealer; the facility, the dealer's buffer and then its clients fill the gap.

    A facility that cannot serve all serves every dealer the same share of its gap.
    """
    lend_to_funds(p, s)
    measure_use(p, s)
    need = 0.0
    offered = 0.0
    missing = 0.0
    for d in range(s.capital.shape[0]):
        s.taken[d] = 0.0
        s.gap[d] = 0.0
        s.offer[d] = offer_to(p, s, d, withdrawal, flow_noise)
        if s.dealer_alive[d] == 1.0:
            wanted = funding_need(p, s, d) + s.buffer_used[0] * s.share[d]
            s.gap[d] = funding_gap_bn(wanted, s.offer[d])
            need += wanted
            offered += s.offer[d]
            missing += s.gap[d]
    served = facility_lending_bn(missing, p.facility_capacity_bn, 0.0) / missing if missing > 0.0 else 0.0
    asked_of_facility = 0.0
    buffer = 0.0
    for d in range(s.capital.shape[0]):
        if s.dealer_alive[d] == 0.0:
            continue
        lent = served * s.gap[d] if facility_open > 0.0 else 0.0
        asked_of_facility += lent
        if p.diary_on and lent > SMALLEST_ENTRY_BN:
            note(s, FACILITY_LENT, d, -1, lent)
        own = min(s.gap[d] - lent, p.dealer_cash_bn * s.share[d])
        buffer += own
        ration_clients(p, s, d, s.gap[d] - lent - own)
    draw_facility(s, asked_of_facility)
    s.buffer_used[0] = buffer
    price_repo(p, s, need, offered, facility_open)


@phase
def offer_to(p: Parameters, s: State, d: int, withdrawal: float, flow_noise: float) -> float:
    """What all lenders together offer dealer d today."""
    limits = 0.0
    for lender in range(p.lender_offer_bn.shape[0]):
        limits += p.lender_offer_bn[lender, d]
    lost = 1.0 - s.capital[d] / p.opening_capital_bn[d]
    trust = confidence(
        s.volatility_multiple[0],
        p.lender_volatility_response,
        lost,
        p.lender_loss_tolerance,
        p.lender_loss_response,
    )
    return max(0.0, limits * s.dealer_alive[d] * trust * (1.0 - withdrawal) * (1.0 + flow_noise))


@phase
def ration_clients(p: Parameters, s: State, d: int, gap: float) -> None:
    """Take repo back from clients, for lack of funding or for being over the limit."""
    if not p.roll_over_on:
        return
    over = 0.0
    if p.dealer_capacity_on:
        limit = leverage_limit_bn(s.capital[d], p.capital_ratio, s.relief[0], s.limit_cut[0])
        over = max(0.0, s.use[d] - 1.0) * limit
    taken = taken_from_clients_bn(gap, over, p.client_cut_speed, p.unnetted_share)
    s.taken[d] = max(0.0, min(taken, s.lent_to_funds[d]))  # clients' loans can be negative after a fall
    s.tally[TALLY_TAKEN] += s.taken[d]
    if p.diary_on and s.taken[d] > SMALLEST_ENTRY_BN:
        note(s, TOOK_BACK, d, -1, s.taken[d])


@phase
def pass_cuts_to_clients(p: Parameters, s: State) -> None:
    """Turn what dealers take back into each fund's share of repo not rolled, weakest clients first."""
    empty(s.cut)
    average = 0.0
    for d in range(s.capital.shape[0]):
        average += s.share[d] * client_cut_share(s.taken[d], s.lent_to_funds[d], 1.0)
    if average <= 0.0:
        return
    for i in range(s.cash.shape[0]):
        cut = 0.0
        for d in range(s.capital.shape[0]):
            if s.dealer_alive[d] == 0.0:
                cut += p.client_share[i, d] * average
            elif s.taken[d] > 0.0:
                part = client_cut_share(s.taken[d], s.lent_to_funds[d], p.client_weakness[i, d])
                cut += p.client_share[i, d] * part
        s.cut[i] = cut


@phase
def draw_facility(s: State, wanted: float) -> None:
    """Move the facility's lending to what dealers ask: it replaces lenders' money one for one."""
    change = wanted - s.facility[0]
    s.facility[0] = wanted
    s.borrowed[0] -= change
    s.lent[0] -= change
    s.account[LENDERS] += change
    s.account[CENTRAL_BANK] -= change


@phase
def price_repo(p: Parameters, s: State, need: float, offered: float, facility_open: float) -> None:
    """Set today's repo spreads: scarcity for dealers, capped by the facility, plus balance-sheet cost for clients."""
    scarce_bp = scarcity_bp(need, offered, p.easy_share, p.scarcity_slope_bp)
    ceiling_bp = p.facility_spread_bp if facility_open > 0.0 else 1e9
    s.wholesale_bp[0] = wholesale_spread_bp(p.repo_spread_bp, scarce_bp, ceiling_bp)
    extra_cost_bp = s.cost_bp[0] - p.opening_cost_bp
    s.client_bp[0] = repo_spread_bp(
        p.repo_spread_bp, s.wholesale_bp[0] - p.repo_spread_bp, extra_cost_bp, p.unnetted_share
    )


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
    if not p.dealer_capacity_on or s.limit_bn[0] <= 0.0:
        return p.opening_cost_bp
    repo = s.fund_repo[0] + s.other_repo[0]
    held = 0.0
    for j in range(s.price.shape[0]):
        repo += s.order_bonds[j] * s.price[j]
        held += (abs(s.inventory_next[j]) + abs(s.estate[j])) * s.price[j]
    fixed = p.unnetted_share * repo + held
    for d in range(s.capital.shape[0]):
        fixed += p.dealer_other_bn[d]
    use = (fixed + packages_at_opening_cost + given_up_per_bp * p.opening_cost_bp) / s.limit_bn[0]
    return cost_at_clearing_bp(
        use, given_up_per_bp / s.limit_bn[0], p.cost_threshold, p.cost_below_bp, p.cost_above_bp
    )


@phase
def inventory_cost(p: Parameters, s: State) -> float:
    """Cost of holding inventory outright, bp a year: of the balance sheet or of value-at-risk, whichever binds.

    Packages and repo carry no duration, so the value-at-risk limit prices inventory alone.
    """
    if not p.dealer_capacity_on:
        return p.opening_inventory_cost_bp
    risk = 0.0
    for j in range(s.price.shape[0]):
        risk += abs(s.inventory_next[j]) * p.price_per_bp[j] * s.volatility_bp[j]
    capital = 0.0
    opening_capital = 0.0
    for d in range(s.capital.shape[0]):
        capital += max(0.0, s.capital[d])
        opening_capital += p.opening_capital_bn[d]
    share = capital / opening_capital * (1.0 - s.limit_cut[0])
    use = value_at_risk_use(p.opening_risk_use, risk, p.opening_risk_bn, share)
    return max(s.cost_bp[0], balance_sheet_cost_bp(use, p.cost_threshold, p.cost_below_bp, p.cost_above_bp))


@phase
def close_out_fund(p: Parameters, s: State, i: int) -> None:
    """Close out a failed fund: margin, waterfall, seizure by its dealers, losses beyond the haircut.

    Calls it could not pay are undone where they were promised: redemptions are not paid, repo is still owed,
    variation and initial margin are met from its posted margin and then the clearing house's waterfall.
    What is left belongs to the bank of its credit line and to its investors, both outside the model.
    """
    cash = s.cash[i] + s.posted[i]
    s.account[CLEARING_HOUSE] -= s.posted[i]
    s.posted[i] = 0.0
    restored = 0.0
    if s.cash[i] < 0.0:
        s.account[OUTSIDE] -= s.uncovered[REDEMPTION, i]
        cash += s.uncovered[REDEMPTION, i]
        restored = min(s.uncovered[HAIRCUT, i] + s.uncovered[ROLL_OVER, i], max(0.0, -cash))
        s.account[DEALERS] -= restored
        s.fund_repo[0] += restored
        cash += restored
    s.account[OUTSIDE] += seize(p, s, i, cash, restored)
    s.cash[i] = 0.0
    s.drawn[i] = 0.0
    s.bridge[i] = 0.0
    s.other[i] = 0.0
    s.alive[i] = 0.0
    s.equity[i] = 0.0
    s.pending_redemption[i] = 0.0
    for c in range(s.uncovered.shape[0]):
        s.uncovered[c, i] = 0.0


@phase
def seize(p: Parameters, s: State, i: int, cash: float, owed_more: float) -> float:
    """Dealers take a failed fund's packages against its repo; returns the cash left after all its debts."""
    owed = owed_more
    worth = 0.0
    seized = 0.0
    for j in range(s.price.shape[0]):
        owed += s.loan[j, i]
        worth += s.packages[j, i] * s.price[j]
        seized += abs(s.packages[j, i])
        s.estate[j] += s.packages[j, i]
        s.estate_hedge[j] += s.packages[j, i] * p.hedge_ratio[j, i]
        s.estate_pace[j] += abs(s.packages[j, i]) / p.liquidation_days
        s.fund_bonds[j] -= s.packages[j, i]
        s.fund_hedge[j] -= s.packages[j, i] * p.hedge_ratio[j, i]
        s.sold_by_trade[j] += abs(s.packages[j, i])
        s.packages[j, i] = 0.0
        s.loan[j, i] = 0.0
        s.order[j, i] = 0.0
    s.sold_by_channel[DEFAULT] += seized
    if p.diary_on:
        note(s, FUND_DEFAULT, i, -1, worth)
    if cash < 0.0:
        cash = pay_by_waterfall(p, s, -cash)
    surplus = worth - owed
    s.fund_repo[0] -= owed
    if surplus >= 0.0:
        s.account[DEALERS] -= surplus
        return cash + surplus
    missing = -surplus
    paid = min(missing, cash)
    sold = min(missing - paid, OTHER_RECOVERY * other_worth(p, s, i))
    s.account[DEALERS] += paid + sold
    s.account[END_INVESTORS] -= sold
    lose_on_client(p, s, i, missing - paid - sold)
    return cash - paid


@phase
def other_worth(p: Parameters, s: State, i: int) -> float:
    """Value of a fund's other strategies today."""
    return other_strategies_bn(s.other[i], p.other_loss_per_volatility[i], s.volatility_multiple[0])


@phase
def pay_by_waterfall(p: Parameters, s: State, missing: float) -> float:
    """Pay a failed fund's missing margin: the clearing house's own layer, then its members; returns zero cash left."""
    own = min(missing, s.waterfall_left[0])
    s.waterfall_left[0] -= own
    s.account[CLEARING_HOUSE] -= own
    rest = missing - own
    s.account[DEALERS] -= rest
    charge(s, -rest)
    s.tally[TALLY_WATERFALL] += missing
    if p.diary_on:
        note(s, WATERFALL_PAID, -1, -1, missing)
    return 0.0


@phase
def lose_on_client(p: Parameters, s: State, i: int, loss: float) -> None:
    """Share a loss on a client's repo among the dealers that lent to it."""
    s.tally[TALLY_DEALER_LOSS] += loss
    orphaned = 0.0
    for d in range(s.capital.shape[0]):
        if s.dealer_alive[d] == 0.0:
            orphaned += p.client_share[i, d] * loss
        else:
            s.capital[d] -= p.client_share[i, d] * loss
    charge(s, -orphaned)


@phase
def close_out_dealers(p: Parameters, s: State) -> None:
    """Close out dealers without capital: lenders lose what is missing, survivors take over the trading book.

    Without survivors nobody makes the market, and the path stops.
    """
    failed = False
    for d in range(s.capital.shape[0]):
        if s.dealer_alive[d] == 1.0 and s.capital[d] <= 0.0:
            failed = True
            missing = -s.capital[d]
            s.dealer_alive[d] = 0.0
            s.capital[d] = 0.0
            s.borrowed[0] -= missing
            s.lent[0] -= missing
            if p.diary_on:
                note(s, DEALER_DEFAULT, d, -1, missing)
    if not failed:
        return
    total = 0.0
    for d in range(s.capital.shape[0]):
        total += p.dealer_share[d] * s.dealer_alive[d]
    if total <= 0.0:
        s.status[0] = NO_DEALER_LEFT
        return
    for d in range(s.capital.shape[0]):
        s.share[d] = p.dealer_share[d] * s.dealer_alive[d] / total


@phase
def finance_dealers(p: Parameters, s: State) -> None:
    """Close the day: borrow what the dealers' accounts miss, or repay what they have over."""
    target = p.dealer_cash_bn - s.buffer_used[0]
    change = target - s.account[DEALERS]
    s.account[DEALERS] += change
    s.account[LENDERS] -= change
    s.borrowed[0] += change
    s.lent[0] += change


@phase
def post_margins(p: Parameters, s: State) -> None:
    """Post the day's initial margin of dealers and asset managers on what they hold."""
    dealers = 0.0
    managers = 0.0
    for j in range(s.price.shape[0]):
        dealers += s.margin[j] * abs(s.dealer_package[j] + s.estate_hedge[j])
        managers += s.margin[j] * abs(s.manager_futures[j])
    s.account[DEALERS] -= dealers - s.dealer_posted[0]
    s.account[CLEARING_HOUSE] += dealers - s.dealer_posted[0]
    s.dealer_posted[0] = dealers
    called = managers - s.manager_posted[0]
    for a in range(s.manager_cash.shape[0]):
        s.manager_cash[a] -= p.manager_futures_share[a] * called
    s.account[CLEARING_HOUSE] += called
    s.manager_posted[0] = managers
