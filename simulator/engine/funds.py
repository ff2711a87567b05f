"""Hedge funds through the day: called, covered, forced, cutting, entering, and closed out.

Calls are summed by channel, paid from cash in that order, then from the committed line and other strategies;
what is missing becomes an order to sell packages. Orders are posted here and executed once, for everyone at
the same prices, when the markets clear.

Loops over all funds bind their arrays first and have no branches, so that they vectorise over funds; loops
with branches run over the few funds that are short.
"""

from simulator.agents.hedge_fund import (
    affordable_purchase_bn,
    cash_released,
    cash_scale,
    cash_shortfall_bn,
    convergence_bn,
    drawdown,
    drawdown_scale,
    equity_bn,
    extra_interest_bn,
    forced_sale_bn,
    leverage_scale,
    other_strategies_bn,
    redemption_request_bn,
    value_at_risk_scale,
    wanted_packages_bn,
)
from simulator.engine.dealers import charge
from simulator.engine.diary import (
    CALLED_VARIATION,
    DREW_LINE,
    ENTERED,
    FORCED_SALE,
    LIMIT_SALE,
    SMALLEST_ENTRY_BN,
    SOLD_OTHER,
    note,
)
from simulator.engine.parameters import (
    CALL_COUNT,
    CHOICE,
    CLEARING_HOUSE,
    DEALERS,
    END_INVESTORS,
    HAIRCUT,
    INITIAL_MARGIN,
    OUTSIDE,
    REDEMPTION,
    RISK_LIMIT,
    ROLL_OVER,
    TRADING_DAYS_PER_MONTH,
    TRADING_DAYS_PER_YEAR,
    VARIATION_MARGIN,
    Parameters,
)
from simulator.engine.state import TALLY_REDEEMED, State
from simulator.engine.sums import empty, row_total
from simulator.rule import phase

#: A position smaller than this (a ten-thousandth of a dollar, in billions) is closed: it is rounding.
SMALLEST_POSITION_BN = 1e-13


@phase
def accrue_fund_carry(p: Parameters, s: State) -> float:
    """Accrue what packages earn and pay over their opening carry; returns repo interest paid to dealers."""
    count = s.cash.shape[0]
    extra_repo_bp = s.client_bp[0] - p.repo_spread_bp
    paid = s.scratch
    call = s.call
    empty(paid)
    loan, packages, ratio = s.loan, s.packages, p.hedge_ratio
    for j in range(s.price.shape[0]):
        extra_bp = s.dislocation_bp[j] - p.opening_dislocation_bp[j]
        earned = convergence_bn(s.hedge[j], extra_bp, TRADING_DAYS_PER_YEAR)
        for i in range(count):
            interest = extra_interest_bn(loan[j, i], extra_repo_bp, TRADING_DAYS_PER_YEAR)
            paid[i] += interest
            call[VARIATION_MARGIN, i] += interest - packages[j, i] * ratio[j, i] * earned
    return row_total(paid)


@phase
def call_initial_margin(p: Parameters, s: State) -> None:
    """Call or return initial margin, so that what is posted equals today's margin on every hedge."""
    count = s.cash.shape[0]
    needed, posted, call = s.scratch, s.posted, s.call
    empty(needed)
    packages, ratio = s.packages, p.hedge_ratio
    for j in range(s.price.shape[0]):
        rate = s.margin[j] * p.margin_factor
        for i in range(count):
            needed[i] += rate * abs(packages[j, i] * ratio[j, i])
    before = row_total(posted)
    for i in range(count):
        call[INITIAL_MARGIN, i] += needed[i] - posted[i]
        posted[i] = needed[i]
    s.account[CLEARING_HOUSE] += row_total(posted) - before


@phase
def roll_repo(p: Parameters, s: State, step: float) -> None:
    """Roll the funds' repo at today's haircuts, refuse what dealers take back, and re-strike term loans that mature.

    A haircut change moves the re-marked share at once. The gap that old term loans leave to today's terms
    closes as they mature, unless the fund is being cut.
    """
    count = s.cash.shape[0]
    change, weak, cut = s.scratch, s.scratch_too, s.cut
    base, floor, remarked = p.base_haircut, p.haircut_floor, p.remarked_share
    call = s.call
    equity, opening_equity = s.equity, p.opening_equity_bn
    weak_slope, matured = p.haircut_weak_equity, 1.0 / p.term_days
    for i in range(count):
        change[i] = 0.0
        weak[i] = weak_slope * min(1.0, max(0.0, 1.0 - equity[i] / opening_equity[i]))
    loan, packages, haircut = s.loan, s.packages, s.haircut
    for j in range(s.price.shape[0]):
        fear = p.haircut_slope * (s.volatility_ratio[j] - 1.0) + step
        price = s.price[j]
        for i in range(count):
            asked = max(floor[i], base[i] + fear + weak[i])
            value = price * packages[j, i]
            by_haircut = remarked[i] * (haircut[j, i] - asked) * value
            maturing = remarked[i] + (1.0 - remarked[i]) * matured
            refused = min(cut[i], maturing) * max(0.0, loan[j, i])
            gap = (1.0 - asked) * value - loan[j, i] - by_haircut
            restruck = gap * matured * (1.0 if cut[i] <= 0.0 else 0.0)
            haircut[j, i] = asked
            loan[j, i] += by_haircut - refused + restruck
            call[HAIRCUT, i] -= by_haircut
            call[ROLL_OVER, i] += refused
            call[VARIATION_MARGIN, i] -= restruck
            change[i] += by_haircut - refused + restruck
    lent = row_total(change)
    s.fund_repo[0] += lent
    s.account[DEALERS] -= lent


@phase
def ask_fund_redemptions(p: Parameters, s: State, demanded: float) -> None:
    """Investors ask for money after losses, and are paid as notice runs out; the scenario may demand more."""
    due, call, pending = s.scratch, s.call, s.pending_redemption
    equity, peak, alive, opening_equity = s.equity, s.peak_equity, s.alive, p.opening_equity_bn
    tolerance, response, notice = p.redemption_tolerance, p.redemption_response, p.redemption_notice_days
    for i in range(s.cash.shape[0]):
        loss = drawdown(equity[i], peak[i])
        asked = redemption_request_bn(equity[i], loss, tolerance, response, TRADING_DAYS_PER_MONTH)
        waiting = pending[i] + alive[i] * asked
        paid = waiting / notice
        pending[i] = waiting - paid
        due[i] = alive[i] * min(paid + demanded * opening_equity[i], max(0.0, equity[i]))
        call[REDEMPTION, i] += due[i]
    total = row_total(due)
    s.account[OUTSIDE] += total
    s.tally[TALLY_REDEEMED] += total


@phase
def value_funds(p: Parameters, s: State) -> None:
    """Value every fund's equity at today's prices, net of the calls that wait to be paid."""
    count = s.cash.shape[0]
    own, equity, call = s.scratch, s.equity, s.call
    cash, posted, other, drawn, bridge = s.cash, s.posted, s.other, s.drawn, s.bridge
    empty(own)
    loan, packages = s.loan, s.packages
    for j in range(s.price.shape[0]):
        price = s.price[j]
        for i in range(count):
            own[i] += price * packages[j, i] - loan[j, i]
    loss, multiple = p.other_loss_per_volatility, s.volatility_multiple[0]
    for i in range(count):
        called = 0.0
        for c in range(CALL_COUNT):
            called += call[c, i]
        kept = other_strategies_bn(other[i], loss[i], multiple)
        equity[i] = equity_bn(cash[i] - called, posted[i], own[i], kept, drawn[i] + bridge[i])


@phase
def settle_calls(p: Parameters, s: State) -> None:
    """Pay the calls, in order of channel, from cash; cover the rest from the line and other strategies."""
    count = s.cash.shape[0]
    cash, before, call, called = s.cash, s.scratch, s.call, s.called_by
    for i in range(count):
        left = cash[i]
        before[i] = left
        for c in range(CALL_COUNT):
            left -= call[c, i]
            called[c, i] += max(0.0, call[c, i])
        cash[i] = left
    if p.diary_on:
        write_calls(s)
    for i in range(count):
        if cash[i] < 0.0:
            book_uncovered(s, i, before[i])
            cover_shortfall(p, s, i)
    for c in range(CALL_COUNT):
        empty(call[c])


@phase
def write_calls(s: State) -> None:
    """Enter the calls of this round in the diary."""
    for c in range(CALL_COUNT):
        for i in range(s.cash.shape[0]):
            if s.call[c, i] > SMALLEST_ENTRY_BN:
                note(s, CALLED_VARIATION + c, i, -1, s.call[c, i])


@phase
def book_uncovered(s: State, i: int, before: float) -> None:
    """Split a fund's shortfall over the calls that cash did not reach, in order of channel."""
    available = max(0.0, before)
    for c in range(CALL_COUNT):
        available += max(0.0, -s.call[c, i])
    total = 0.0
    for c in range(CALL_COUNT):
        if before >= 0.0:
            s.uncovered[c, i] = 0.0
        asked = max(0.0, s.call[c, i])
        paid = min(available, asked)
        available -= paid
        s.uncovered[c, i] += asked - paid
        total += s.uncovered[c, i]
    scale = cash_shortfall_bn(s.cash[i]) / total if total > 0.0 else 0.0
    for c in range(CALL_COUNT):
        s.uncovered[c, i] *= scale


@phase
def cover_shortfall(p: Parameters, s: State, i: int) -> None:
    """Draw the committed line, then turn other strategies into cash, as far as today allows."""
    line = min(cash_shortfall_bn(s.cash[i]), p.line_bn[i] - s.drawn[i])
    if line > 0.0:
        s.drawn[i] += line
        s.cash[i] += line
        s.account[OUTSIDE] -= line
        if p.diary_on and line > SMALLEST_ENTRY_BN:
            note(s, DREW_LINE, i, -1, line)
    worth = other_strategies_bn(1.0, p.other_loss_per_volatility[i], s.volatility_multiple[0])
    sold = min(cash_shortfall_bn(s.cash[i]), s.other_left[i] * worth)
    if sold > 0.0:
        s.other[i] = max(0.0, s.other[i] - sold / worth)
        s.other_left[i] = max(0.0, s.other_left[i] - sold / worth)
        s.cash[i] += sold
        s.account[END_INVESTORS] -= sold
        if p.diary_on and sold > SMALLEST_ENTRY_BN:
            note(s, SOLD_OTHER, i, -1, sold)


@phase
def release(p: Parameters, s: State, j: int, i: int) -> float:
    """Cash released per face when fund i sells trade j."""
    held = s.packages[j, i]
    if held == 0.0:
        return 0.0
    margin = s.margin[j] * p.margin_factor * abs(p.hedge_ratio[j, i])
    if held < 0.0:
        return s.loan[j, i] / held - s.price[j] * (1.0 + p.transaction_cost[j]) + margin
    return cash_released(s.price[j], s.loan[j, i] / held, margin, p.transaction_cost[j])


@phase
def order_forced_sales(p: Parameters, s: State) -> int:
    """Order the sales that shortfalls force, cheapest exits first or pro rata; returns how many funds must sell."""
    forced = 0
    cash, alive, tolerance_bn = s.cash, s.alive, p.tolerance_bn
    empty(s.is_selling)
    for i in range(s.cash.shape[0]):
        short = cash_shortfall_bn(cash[i])
        if short > tolerance_bn and alive[i] == 1.0:
            sold = sell_pro_rata(p, s, i, short) if p.exit_pro_rata else sell_cheapest(p, s, i, short)
            if sold > 0.0:
                s.is_selling[i] = 1.0
                forced += 1
    return forced


@phase
def room(s: State, j: int, i: int) -> float:
    """Packages, in absolute face, that fund i can still sell of trade j after its orders."""
    left = s.packages[j, i] + s.order[j, i]
    if left * s.packages[j, i] <= 0.0:
        return 0.0
    return abs(left)


@phase
def order_sale(p: Parameters, s: State, j: int, i: int, face: float) -> None:
    """Post one forced sale and book it to the channels that caused it."""
    s.order[j, i] += -face if s.packages[j, i] > 0.0 else face
    s.has_orders[j] = 1.0
    total = 0.0
    for c in range(CALL_COUNT):
        total += s.uncovered[c, i]
    for c in range(CALL_COUNT):
        part = s.uncovered[c, i] / total if total > 0.0 else 0.0
        s.sold_by_channel[c] += face * part
    s.sold_by_trade[j] += face
    if p.diary_on and face > SMALLEST_ENTRY_BN:
        note(s, FORCED_SALE, i, j, face)


@phase
def sell_pro_rata(p: Parameters, s: State, i: int, short: float) -> float:
    """Sell the same share of every trade that releases cash."""
    could = 0.0
    for j in range(s.price.shape[0]):
        could += max(0.0, release(p, s, j, i)) * room(s, j, i)
    if could <= 0.0:
        return 0.0
    part = min(1.0, short / could)
    ordered = 0.0
    for j in range(s.price.shape[0]):
        face = part * room(s, j, i)
        if face > 0.0 and release(p, s, j, i) > 0.0:
            order_sale(p, s, j, i, face)
            ordered += face
    return ordered


@phase
def sell_cheapest(p: Parameters, s: State, i: int, short: float) -> float:
    """Sell the trades in order of cost per unit of cash released until the shortfall is covered."""
    ordered = 0.0
    left, released = s.room_left, s.released
    for j in range(s.price.shape[0]):
        left[j] = room(s, j, i)
        released[j] = release(p, s, j, i)
    while short > 0.0:
        best = -1
        lowest = 0.0
        for j in range(s.price.shape[0]):
            if left[j] > 0.0 and released[j] > 0.0:
                cost = p.transaction_cost[j] / released[j]
                if best < 0 or cost < lowest:
                    best = j
                    lowest = cost
        if best < 0:
            break
        face = forced_sale_bn(short, released[best], left[best])
        order_sale(p, s, best, i, face)
        ordered += face
        short -= face * released[best]
        left[best] = 0.0
    return ordered


@phase
def limit_books(p: Parameters, s: State) -> None:
    """Find the share of its book that each fund's own limits allow: leverage, value-at-risk, drawdown and cash."""
    count = s.cash.shape[0]
    book, risk, allowed = s.scratch, s.scratch_too, s.allowed
    empty(book)
    empty(risk)
    packages = s.packages
    for j in range(s.price.shape[0]):
        price, weight = s.price[j], p.risk_per_face[j] * s.volatility_ratio[j]
        for i in range(count):
            face = abs(packages[j, i])
            book[i] += face * price
            risk[i] += face * weight
    equity, peak, cash, drawn, line = s.equity, s.peak_equity, s.cash, s.drawn, p.line_bn
    leverage, leverage_headroom = p.opening_leverage, p.leverage_headroom
    risk_of_equity, risk_headroom, opening_cash = p.opening_risk_of_equity, p.risk_headroom, p.opening_cash_bn
    tolerance, response, minimum = p.drawdown_tolerance, p.drawdown_response, p.cash_minimum
    for i in range(count):
        own = leverage_scale(book[i], equity[i], leverage[i], leverage_headroom[i])
        own = min(own, value_at_risk_scale(risk[i], equity[i], risk_of_equity[i], risk_headroom[i]))
        own = min(own, drawdown_scale(drawdown(equity[i], peak[i]), tolerance, response))
        free = cash[i] + line[i] - drawn[i]
        allowed[i] = min(own, cash_scale(free, minimum * (opening_cash[i] + line[i])))


@phase
def choose_positions(p: Parameters, s: State) -> None:
    """Once a day, let funds that nobody forces cut at their limits, or move slowly to what they want.

    A fund buys only with cash beyond its minimum; where it wants less than it holds it sells by choice.
    """
    count = s.cash.shape[0]
    if p.risk_limit_on:
        limit_books(p, s)
    else:
        s.allowed[:] = 1.0
    spare, free, cut, chosen, bought = s.scratch, s.scratch_too, s.cut_face, s.chosen_face, s.bought_face
    cash, alive, allowed, equity = s.cash, s.alive, s.allowed, s.equity
    opening_equity, opening_cash = p.opening_equity_bn, p.opening_cash_bn
    wealth, cut_share = s.wealth, s.cut_share
    speed, cut_speed, minimum, elasticity_bp = (
        p.entry_speed,
        p.cut_speed,
        p.cash_minimum,
        p.entry_elasticity_bp,
    )
    for i in range(count):
        spare[i] = speed * max(0.0, cash[i] - minimum * opening_cash[i])
        wealth[i] = equity[i] / opening_equity[i]
        acts = alive[i] * (1.0 if cash[i] >= 0.0 else 0.0)
        free[i] = acts * (1.0 if allowed[i] >= 1.0 else 0.0)
        cut_share[i] = acts * cut_speed * max(0.0, 1.0 - allowed[i])
    extra_repo_bp = s.client_bp[0] - p.repo_spread_bp
    packages, haircut, order, opening = s.packages, s.haircut, s.order, p.opening_packages_bn
    for j in range(s.price.shape[0]):
        extra_bp = s.dislocation_bp[j] - p.opening_dislocation_bp[j]
        price, cost = s.price[j], p.transaction_cost[j]
        margin = s.margin[j] * p.margin_factor
        for i in range(count):
            wanted = wanted_packages_bn(opening[j, i], wealth[i], extra_bp, extra_repo_bp, elasticity_bp)
            gap = speed * (wanted - packages[j, i])
            tied_up = max(0.0, haircut[j, i]) * price + margin + cost
            entry = min(abs(gap), affordable_purchase_bn(spare[i], tied_up))
            enters = 1.0 if gap * opening[j, i] > 0.0 else 0.0
            bought[i] = free[i] * enters * entry
            chosen[i] = free[i] * (1.0 - enters) * abs(gap)
            cut[i] = cut_share[i] * abs(packages[j, i])
            spare[i] -= bought[i] * tied_up
            moved = bought[i] + chosen[i]
            order[j, i] = (moved if gap >= 0.0 else -moved) - cut_share[i] * packages[j, i]
        by_limit, by_choice = row_total(cut), row_total(chosen)
        s.sold_by_channel[RISK_LIMIT] += by_limit
        s.sold_by_channel[CHOICE] += by_choice
        s.sold_by_trade[j] += by_limit + by_choice
        s.bought_by_trade[j] += row_total(bought)
        s.has_orders[j] = 1.0
        if p.diary_on:
            write_choices(s, j)


@phase
def write_choices(s: State, j: int) -> None:
    """Enter cuts and purchases of one trade in the diary."""
    for i in range(s.cash.shape[0]):
        if s.cut_face[i] > SMALLEST_ENTRY_BN:
            note(s, LIMIT_SALE, i, j, s.cut_face[i])
        if s.bought_face[i] > SMALLEST_ENTRY_BN:
            note(s, ENTERED, i, j, s.bought_face[i])


@phase
def gather_orders(p: Parameters, s: State) -> None:
    """Add up the funds' orders: bonds they change and hedges they change, by trade."""
    hedges = s.scratch
    ratio, order = p.hedge_ratio, s.order
    for j in range(s.price.shape[0]):
        s.order_bonds[j] = 0.0
        s.order_hedges[j] = 0.0
        if s.has_orders[j] == 0.0:
            continue
        for i in range(s.cash.shape[0]):
            hedges[i] = order[j, i] * ratio[j, i]
        s.order_bonds[j] = row_total(order[j])
        s.order_hedges[j] = row_total(hedges)


@phase
def execute_orders(p: Parameters, s: State) -> None:
    """Execute all orders at the cleared prices: bonds change hands, repo is repaid or drawn, margin moves.

    A sale repays its part of the loan, a purchase borrows at today's haircut. Of the dealers' side this books
    the cash, which is what funds receive in cash and margin; the clearing, which sees all sectors at once, books
    the bonds.
    """
    count = s.cash.shape[0]
    repo, costs, cash, posted = s.scratch, s.scratch_too, s.cash, s.posted
    cash_before, posted_before = row_total(cash), row_total(posted)
    empty(repo)
    empty(costs)
    loan, packages, ratio, haircut, order = s.loan, s.packages, p.hedge_ratio, s.haircut, s.order
    for j in range(s.price.shape[0]):
        if s.has_orders[j] == 0.0:
            continue
        price, cost_rate = s.price[j], p.transaction_cost[j] * s.price[j]
        rate = s.margin[j] * p.margin_factor
        for i in range(count):
            held = packages[j, i]
            change = -held if abs(held + order[j, i]) < SMALLEST_POSITION_BN else order[j, i]
            sells = 1.0 if change * held < 0.0 else 0.0
            part = change / (held if held != 0.0 else 1.0)
            lent = sells * part * loan[j, i] + (1.0 - sells) * (1.0 - haircut[j, i]) * price * change
            after = held + change
            margin = rate * abs(ratio[j, i]) * (abs(after) - abs(held))
            cost = sells * cost_rate * abs(change)
            packages[j, i] = after
            loan[j, i] += lent
            posted[i] += margin
            cash[i] += lent - change * price - margin - cost
            repo[i] += lent
            costs[i] += cost
            order[j, i] = 0.0
        s.fund_bonds[j] += s.order_bonds[j]
        s.fund_hedge[j] += s.order_hedges[j]
        s.has_orders[j] = 0.0
    lent_total, cost_total = row_total(repo), row_total(costs)
    s.fund_repo[0] += lent_total
    margin_total = row_total(posted) - posted_before
    s.account[CLEARING_HOUSE] += margin_total
    s.account[DEALERS] -= margin_total + (row_total(cash) - cash_before)
    charge(s, cost_total)


@phase
def remember_peaks(p: Parameters, s: State) -> None:
    """Remember peak equity and reset what other strategies may give tomorrow."""
    for i in range(s.cash.shape[0]):
        s.peak_equity[i] = max(s.peak_equity[i], s.equity[i])
        s.other_left[i] = min(s.other[i], p.other_sale_bn[i])


@phase
def shortfall_left(s: State) -> float:
    """Cash still missing at all funds when the rounds end."""
    left = 0.0
    for i in range(s.cash.shape[0]):
        left += s.alive[i] * cash_shortfall_bn(s.cash[i])
    return left
