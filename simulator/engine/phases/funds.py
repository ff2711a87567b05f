"""Hedge funds through the day: called, covered, forced, cutting and entering.

Calls are summed by channel, paid from cash in that order, then from the committed line and other strategies;
what is missing becomes an order to sell packages. Orders are posted here and executed once, for everyone at
the same prices, when the markets clear.

Loops over all funds bind their arrays first and have no branches, so that they vectorise over funds; loops
with branches run over the few funds that are short.
"""

from simulator.agents.dealer import (
    fear_of_volatility,
    haircut,
    loan_change_by_haircut_bn,
    maturing_share,
    refused_bn,
    restruck_bn,
    weak_client_haircut,
)
from simulator.agents.hedge_fund import (
    affordable_purchase_bn,
    bonds_returned_bn,
    cash_released,
    cash_released_by_cover,
    cash_released_unencumbered,
    cash_scale,
    cash_shortfall_bn,
    cash_tied_up,
    convergence_bn,
    cut_at_limits,
    drawdown,
    drawdown_scale,
    equity_bn,
    exit_cost,
    extra_interest_bn,
    forced_sale_bn,
    leverage_scale,
    loan_repaid_bn,
    may_add,
    other_call_bn,
    other_strategies_bn,
    redemption_due_bn,
    redemption_request_bn,
    spare_cash_bn,
    unencumbered_bn,
    value_at_risk_scale,
    wanted_packages_bn,
)
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
from simulator.engine.loops import each_fund, each_hedge, each_named_fund, each_trade, empty, pay, row_total
from simulator.engine.parameters import (
    CALL_COUNT,
    CARRY,
    CHOICE,
    CLEARING_HOUSE,
    COLLATERAL,
    DEALERS,
    END_INVESTORS,
    FUNDS,
    HAIRCUT,
    INITIAL_MARGIN,
    INTEREST,
    OTHER_STRATEGIES,
    OUTSIDE,
    REDEMPTION,
    RISK_LIMIT,
    ROLL_OVER,
    SETTLEMENT_COUNT,
    TRADING_DAYS_PER_MONTH,
    TRADING_DAYS_PER_YEAR,
    Parameters,
    Schedule,
)
from simulator.engine.phases.dealers import charge, steps_of_clients
from simulator.engine.phases.named import note_calls, note_costs, note_limits, note_sale
from simulator.engine.phases.roll import keep_for_delivery
from simulator.engine.state import State
from simulator.market.hedge_market import cost_of_margins_bp, side_of_market
from simulator.model.table import Floats
from simulator.rule import phase

#: A position smaller than this (a ten-thousandth of a dollar, in billions) is closed: it is rounding.
SMALLEST_POSITION_BN = 1e-13


@phase
def accrue_fund_carry(p: Parameters, s: State) -> float:
    """Accrue what packages earn and pay over their opening carry; returns repo interest paid to dealers."""
    paid, call = s.scratch.first, s.orders.call
    empty(paid)
    loan, packages, ratio = s.funds.loan, s.funds.packages, p.opening.funds.hedge_ratio
    own_bp = s.funds.repo_over_average_bp
    for j in each_trade(s):
        h, g = p.opening.trades.hedge_of[j], p.opening.trades.funding_of[j]
        extra_repo_bp = s.fundings.client_bp[g] - p.opening.fundings.repo_spread_bp[g]
        extra_bp = s.hedges.dislocation_bp[h] - p.opening.hedges.dislocation_bp[h]
        earned = convergence_bn(s.hedges.value[h], extra_bp, TRADING_DAYS_PER_YEAR) + s.hedges.paid_in_roll[h]
        for i in each_fund(s):
            interest = extra_interest_bn(loan[j, i], extra_repo_bp + own_bp[i], TRADING_DAYS_PER_YEAR)
            paid[i] += interest
            call[INTEREST, i] += interest
            call[CARRY, i] -= packages[j, i] * ratio[j, i] * earned
    return row_total(paid)


@phase
def call_initial_margin(p: Parameters, s: State) -> None:
    """Call or return initial margin, so that what is posted equals today's margin on every hedge."""
    needed, posted, call = s.scratch.first, s.funds.posted, s.orders.call
    empty(needed)
    packages, ratio = s.funds.packages, p.opening.funds.hedge_ratio
    for j in each_trade(s):
        rate = s.hedges.margin[p.opening.trades.hedge_of[j]] * p.opening.funds.margin_factor[0]
        for i in each_fund(s):
            needed[i] += rate * abs(packages[j, i] * ratio[j, i])
    before = row_total(posted)
    for i in each_fund(s):
        call[INITIAL_MARGIN, i] += needed[i] - posted[i]
        posted[i] = needed[i]
    pay(s, FUNDS, CLEARING_HOUSE, row_total(posted) - before)


@phase
def worth_of_other(p: Parameters, s: State, i: int) -> float:
    """Value today of a dollar that fund i had in other strategies on the opening day."""
    return other_strategies_bn(
        1.0,
        p.opening.funds.other_exposure[i],
        s.others.equity_change[0],
        s.others.credit_change_bp[0],
        p.funds.other_equity,
        p.funds.other_credit,
    )


@phase
def call_other_losses(p: Parameters, s: State) -> None:
    """Call cash for what other strategies lost since yesterday, which is put into them; take out what they gained."""
    called, other, marked, call = s.scratch.first, s.funds.other, s.funds.other_marked, s.orders.call
    for i in each_fund(s):
        worth = worth_of_other(p, s, i)
        value = other[i] * worth
        called[i] = other_call_bn(marked[i] - value, p.funds.other_margin) if worth > 0.0 else 0.0
        other[i] += called[i] / (worth if worth > 0.0 else 1.0)
        marked[i] = value + called[i]
        call[OTHER_STRATEGIES, i] += called[i]
    pay(s, FUNDS, END_INVESTORS, row_total(called))


@phase
def roll_repo(p: Parameters, s: State, sched: Schedule, day: int) -> None:
    """Roll the funds' repo at today's haircuts, refuse what dealers take back, and re-strike term loans that mature.

    A haircut change moves the re-marked share at once. The gap that old term loans leave to today's terms
    closes as they mature, unless the fund is being cut.
    """
    change, added, cut, steps = s.scratch.first, s.scratch.second, s.funds.cut, s.scratch.third
    base, floor, remarked = (
        p.opening.funds.haircut,
        p.opening.funds.haircut_floor,
        p.opening.funds.remarked_share,
    )
    equity, opening_equity = s.funds.equity, p.opening.funds.equity_bn
    by_volatility = p.funds.haircut_slope if p.channels.haircut else 0.0
    by_equity = p.funds.haircut_weak_equity if p.channels.haircut else 0.0
    tolerance = p.funds.haircut_weak_tolerance
    matured, minimum = 1.0 / p.funds.term_repo, s.others.haircut_minimum[0]
    for i in each_fund(s):
        change[i] = 0.0
        added[i] = weak_client_haircut(equity[i], opening_equity[i], by_equity, tolerance)
    loan, packages, in_force, call = s.funds.loan, s.funds.packages, s.funds.haircut, s.orders.call
    free, all_free, given_back = s.funds.unencumbered, s.scratch.fourth, s.scratch.by_position
    empty(all_free)
    for j in each_trade(s):
        b, g = p.opening.trades.bucket_of[j], p.opening.trades.funding_of[j]
        fear = fear_of_volatility(s.buckets.volatility_ratio[b], by_volatility)
        price = s.buckets.price[b]
        if j == 0 or g != p.opening.trades.funding_of[j - 1]:  # mostly one funding serves all trades
            steps_of_clients(p, s, sched, day, g, steps)
        for i in each_fund(s):
            asked = haircut(base[j, i], max(floor[i], minimum), fear, added[i] + steps[i])
            value = price * packages[j, i]
            pledged = value - price * free[j, i]
            by_haircut = loan_change_by_haircut_bn(pledged, in_force[j, i], asked, remarked[i])
            refused = refused_bn(loan[j, i], cut[i], maturing_share(remarked[i], matured))
            restruck = restruck_bn(value, asked, loan[j, i], by_haircut, matured, cut[i])
            in_force[j, i] = asked
            given_back[j, i] = refused
            all_free[i] += free[j, i]
            loan[j, i] += by_haircut - refused + restruck
            call[HAIRCUT, i] -= by_haircut
            call[ROLL_OVER, i] += refused
            call[COLLATERAL, i] -= restruck
            change[i] += by_haircut - refused + restruck
    if s.seen.repo_taken_back[0] > 0.0 or row_total(all_free) > 0.0:
        for j in each_trade(s):
            give_bonds_back(p, s, j, given_back[j])
    lent = row_total(change)
    s.dealers.fund_repo[0] += lent
    pay(s, DEALERS, FUNDS, lent)


@phase
def price_margins(p: Parameters, s: State) -> None:
    """Find what the capital costs that haircuts and margins tie up, where the dislocation has to pay for it.

    It pays those who hold packages, as many as there are longs; a market that opened with the reverse trade pays them.
    """
    for h in each_hedge(s):
        if p.opening.hedges.capital_cost[h] > 0.0:
            longs = p.opening.hedges.demand_bn[h] + p.opening.hedges.other_hedgers_bn[h]
            side = side_of_market(longs, p.opening.hedges.size_bn[h], p.dealers.full_side)
            s.hedges.margin_cost_bp[h] = side * margin_cost_bp(p, s, h)


@phase
def margin_cost_bp(p: Parameters, s: State, h: int) -> float:
    """Cost of the margins of hedge h and of the haircuts in its trades, by what each fund opened with."""
    face, tied_up, opening = s.scratch.first, s.scratch.second, p.opening.funds.packages_bn
    empty(face)
    empty(tied_up)
    for j in each_trade(s):
        if p.opening.trades.hedge_of[j] == h:
            for i in each_fund(s):
                face[i] += abs(opening[j, i])
                tied_up[i] += abs(opening[j, i]) * s.funds.haircut[j, i]
    held = row_total(face)
    haircut_asked = row_total(tied_up) / held if held > 0.0 else 0.0
    price = s.buckets.price[p.opening.hedges.bucket_of[h]]
    return cost_of_margins_bp(haircut_asked * price + s.hedges.margin[h], p.opening.hedges.capital_cost[h])


@phase
def give_bonds_back(p: Parameters, s: State, j: int, refused: Floats) -> None:
    """Give funds the bonds of trade j whose repo was refused, and let them pledge again those of before."""
    price, matured = s.buckets.price[p.opening.trades.bucket_of[j]], 1.0 / p.funds.term_repo
    free, packages, haircut, cut = s.funds.unencumbered, s.funds.packages, s.funds.haircut, s.funds.cut
    for i in each_fund(s):
        returned = bonds_returned_bn(refused[i], haircut[j, i], price)
        again = matured * (1.0 if cut[i] <= 0.0 else 0.0)
        free[j, i] = unencumbered_bn(free[j, i], returned, again, packages[j, i])


@phase
def ask_fund_redemptions(p: Parameters, s: State, demanded: float) -> None:
    """Investors ask for money after losses, and are paid as notice runs out; the scenario may demand more."""
    due, call, pending = s.scratch.first, s.orders.call, s.funds.pending_redemption
    equity, peak, alive, opening_equity = (
        s.funds.equity,
        s.funds.peak_equity,
        s.funds.alive,
        p.opening.funds.equity_bn,
    )
    tolerance, response = p.funds.redemption_tolerance, p.funds.redemption_response
    notice = p.funds.redemption_notice
    for i in each_fund(s):
        loss = drawdown(equity[i], peak[i])
        asked = redemption_request_bn(equity[i], loss, tolerance, response, TRADING_DAYS_PER_MONTH)
        waiting = pending[i] + alive[i] * asked
        paid = redemption_due_bn(waiting, notice)
        pending[i] = waiting - paid
        due[i] = alive[i] * min(paid + demanded * opening_equity[i], max(0.0, equity[i]))
        call[REDEMPTION, i] += due[i]
    total = row_total(due)
    pay(s, FUNDS, OUTSIDE, total)
    s.seen.fund_redemptions[0] += total


@phase
def value_funds(p: Parameters, s: State) -> None:
    """Value every fund's equity at today's prices, net of the calls that wait to be paid."""
    own, equity, call = s.scratch.first, s.funds.equity, s.orders.call
    cash, posted, other, drawn, bridge = (
        s.funds.cash,
        s.funds.posted,
        s.funds.other,
        s.funds.drawn,
        s.funds.bridge,
    )
    empty(own)
    loan, packages = s.funds.loan, s.funds.packages
    for j in each_trade(s):
        price = s.buckets.price[p.opening.trades.bucket_of[j]]
        for i in each_fund(s):
            own[i] += price * packages[j, i] - loan[j, i]
    exposure, equities, credit = (
        p.opening.funds.other_exposure,
        s.others.equity_change[0],
        s.others.credit_change_bp[0],
    )
    by_equity, by_credit = p.funds.other_equity, p.funds.other_credit
    for i in each_fund(s):
        called = 0.0
        for c in range(CALL_COUNT):
            called += call[c, i]
        kept = other_strategies_bn(other[i], exposure[i], equities, credit, by_equity, by_credit)
        equity[i] = equity_bn(cash[i] - called, posted[i], own[i], kept, drawn[i] + bridge[i])


@phase
def bridge_settlement(s: State) -> None:
    """With the variation-margin channel off, a lender outside the model pays and is paid instead of the fund.

    It takes both legs, the hedge's gains and losses and the cash that follows the price of pledged bonds, carry and
    interest: one leg alone would leave funds with the outright risk of the other.
    """
    for c in range(SETTLEMENT_COUNT):
        for i in each_fund(s):
            settled = s.orders.call[c, i]
            s.funds.bridge[i] += settled
            s.funds.cash[i] += settled
            pay(s, OUTSIDE, FUNDS, settled)


@phase
def settle_calls(p: Parameters, s: State) -> None:
    """Pay the calls, in order of channel, from cash; cover the rest from the line and other strategies."""
    cash, before, call, called = s.funds.cash, s.scratch.first, s.orders.call, s.seen.called
    for i in each_fund(s):
        left = cash[i]
        before[i] = left
        for c in range(CALL_COUNT):
            left -= call[c, i]
            called[c, i] += max(0.0, call[c, i])
        cash[i] = left
    note_calls(p, s, before)
    if p.watch.diary:
        write_calls(s)
    for i in each_fund(s):
        if cash[i] < 0.0:
            book_uncovered(s, i, before[i])
            cover_shortfall(p, s, i)
    for c in range(CALL_COUNT):
        empty(call[c])


@phase
def write_calls(s: State) -> None:
    """Enter the calls of this round in the diary."""
    for c in range(CALL_COUNT):
        for i in each_fund(s):
            if s.orders.call[c, i] > SMALLEST_ENTRY_BN:
                note(s, CALLED_VARIATION + c, i, -1, s.orders.call[c, i])


@phase
def book_uncovered(s: State, i: int, before: float) -> None:
    """Split a fund's shortfall over the calls that cash did not reach, in order of channel."""
    call, uncovered = s.orders.call, s.orders.uncovered
    available = max(0.0, before)
    for c in range(CALL_COUNT):
        available += max(0.0, -call[c, i])
    total = 0.0
    for c in range(CALL_COUNT):
        if before >= 0.0:
            uncovered[c, i] = 0.0
        asked = max(0.0, call[c, i])
        paid = min(available, asked)
        available -= paid
        uncovered[c, i] += asked - paid
        total += uncovered[c, i]
    scale = cash_shortfall_bn(s.funds.cash[i]) / total if total > 0.0 else 0.0
    for c in range(CALL_COUNT):
        uncovered[c, i] *= scale


@phase
def cover_shortfall(p: Parameters, s: State, i: int) -> None:
    """Draw the committed line, then turn other strategies into cash, as far as today allows."""
    line = min(cash_shortfall_bn(s.funds.cash[i]), p.opening.funds.line_bn[i] - s.funds.drawn[i])
    if line > 0.0:
        s.funds.drawn[i] += line
        s.funds.cash[i] += line
        pay(s, OUTSIDE, FUNDS, line)
        if p.watch.diary and line > SMALLEST_ENTRY_BN:
            note(s, DREW_LINE, i, -1, line)
    worth = worth_of_other(p, s, i)
    sold = min(cash_shortfall_bn(s.funds.cash[i]), s.funds.other_left[i] * worth)
    if sold > 0.0:
        s.funds.other[i] = max(0.0, s.funds.other[i] - sold / worth)
        s.funds.other_left[i] = max(0.0, s.funds.other_left[i] - sold / worth)
        s.funds.other_marked[i] = max(0.0, s.funds.other_marked[i] - sold)
        s.funds.cash[i] += sold
        pay(s, END_INVESTORS, FUNDS, sold)
        if p.watch.diary and sold > SMALLEST_ENTRY_BN:
            note(s, SOLD_OTHER, i, -1, sold)


@phase
def release(p: Parameters, s: State, j: int, i: int) -> float:
    """Cash released per face when fund i sells, or covers, what is pledged of trade j."""
    held = s.funds.packages[j, i]
    if held == 0.0:
        return 0.0
    price = s.buckets.price[p.opening.trades.bucket_of[j]]
    margin = margin_per_face(p, s, j, i)
    pledged = held - s.funds.unencumbered[j, i]
    if pledged == 0.0:
        return 0.0
    loan, cost = s.funds.loan[j, i] / pledged, p.opening.trades.transaction_cost[j]
    if held < 0.0:
        return cash_released_by_cover(price, loan, margin, cost)
    return cash_released(price, loan, margin, cost)


@phase
def margin_per_face(p: Parameters, s: State, j: int, i: int) -> float:
    """Initial margin of fund i per face of trade j."""
    rate = s.hedges.margin[p.opening.trades.hedge_of[j]] * p.opening.funds.margin_factor[0]
    return rate * abs(p.opening.funds.hedge_ratio[j, i])


@phase
def order_forced_sales(p: Parameters, s: State) -> int:
    """Order the sales that shortfalls force, cheapest exits first or pro rata; returns how many funds must sell."""
    forced = 0
    cash, alive, tolerance_bn = s.funds.cash, s.funds.alive, p.numerics.tolerance
    empty(s.orders.is_selling)
    for i in each_fund(s):
        short = cash_shortfall_bn(cash[i])
        if short > tolerance_bn and alive[i] == 1.0:
            sold, left = sell_unencumbered(p, s, i, short)
            if p.choices.sells_pro_rata:
                sold += sell_pro_rata(p, s, i, left)
            else:
                sold += sell_cheapest(p, s, i, left)
            if sold > 0.0:
                s.orders.is_selling[i] = 1.0
                forced += 1
    return forced


@phase
def room(s: State, j: int, i: int) -> float:
    """Packages, in absolute face, that fund i can still sell of trade j after its orders."""
    left = s.funds.packages[j, i] + s.orders.packages[j, i]
    if left * s.funds.packages[j, i] <= 0.0:
        return 0.0
    return abs(left)


@phase
def order_sale(p: Parameters, s: State, j: int, i: int, face: float) -> None:
    """Post one forced sale and book it to the channels that caused it."""
    s.orders.packages[j, i] += -face if s.funds.packages[j, i] > 0.0 else face
    s.orders.exist[j] = 1.0
    total = 0.0
    for c in range(CALL_COUNT):
        total += s.orders.uncovered[c, i]
    for c in range(CALL_COUNT):
        part = s.orders.uncovered[c, i] / total if total > 0.0 else 0.0
        s.seen.sold_by_channel[c] += face * part
        note_sale(p, s, i, c, face * part)
    s.seen.sold[j] += face
    if p.watch.diary and face > SMALLEST_ENTRY_BN:
        note(s, FORCED_SALE, i, j, face)


@phase
def sell_unencumbered(p: Parameters, s: State, i: int, short: float) -> tuple[float, float]:
    """Sell first the bonds that no loan stands on; returns the face ordered and the shortfall that is left."""
    ordered = 0.0
    for j in each_trade(s):
        free = min(room(s, j, i), s.funds.unencumbered[j, i])
        if free > 0.0 and short > 0.0:
            price = s.buckets.price[p.opening.trades.bucket_of[j]]
            cost = p.opening.trades.transaction_cost[j]
            released = cash_released_unencumbered(price, margin_per_face(p, s, j, i), cost)
            face = forced_sale_bn(short, released, free)
            order_sale(p, s, j, i, face)
            ordered += face
            short -= face * released
    return ordered, max(0.0, short)


@phase
def sell_pro_rata(p: Parameters, s: State, i: int, short: float) -> float:
    """Sell the same share of every trade that releases cash."""
    if short <= 0.0:
        return 0.0
    could = 0.0
    for j in each_trade(s):
        could += max(0.0, release(p, s, j, i)) * room(s, j, i)
    if could <= 0.0:
        return 0.0
    part = min(1.0, short / could)
    ordered = 0.0
    for j in each_trade(s):
        face = part * room(s, j, i)
        if face > 0.0 and release(p, s, j, i) > 0.0:
            order_sale(p, s, j, i, face)
            ordered += face
    return ordered


@phase
def sell_cheapest(p: Parameters, s: State, i: int, short: float) -> float:
    """Sell the trades in order of cost per unit of cash released until the shortfall is covered."""
    ordered = 0.0
    left, released = s.scratch.by_trade, s.scratch.by_trade_too
    for j in each_trade(s):
        left[j] = room(s, j, i)
        released[j] = release(p, s, j, i)
    while short > 0.0:
        best = -1
        lowest = 0.0
        for j in each_trade(s):
            if left[j] > 0.0 and released[j] > 0.0:
                cost = exit_cost(p.opening.trades.transaction_cost[j], released[j])
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
def limit_books(p: Parameters, s: State, allowed: Floats, by_risk: Floats) -> None:
    """Find the share of its book that each fund's own limits allow: leverage, value-at-risk, drawdown and cash.

    Fills the rows ``allowed``, and ``by_risk`` with 1 where it is value-at-risk that allows no more.
    """
    book, risk = s.scratch.first, s.scratch.second
    empty(book)
    empty(risk)
    packages = s.funds.packages
    for j in each_trade(s):
        b, h = p.opening.trades.bucket_of[j], p.opening.trades.hedge_of[j]
        price, weight = s.buckets.price[b], p.opening.hedges.risk_per_face[h] * s.buckets.volatility_ratio[b]
        for i in each_fund(s):
            face = abs(packages[j, i])
            book[i] += face * price
            risk[i] += face * weight
    equity, peak, cash, drawn, opening = (
        s.funds.equity,
        s.funds.peak_equity,
        s.funds.cash,
        s.funds.drawn,
        p.opening.funds,
    )
    line, opening_cash = opening.line_bn, opening.cash_bn
    leverage, leverage_headroom = opening.leverage, opening.leverage_headroom
    risk_of_equity, risk_headroom = opening.risk_of_equity, opening.risk_headroom
    tolerance, response, minimum = p.funds.drawdown_tolerance, p.funds.drawdown_response, p.funds.cash_minimum
    for i in each_fund(s):
        own = leverage_scale(book[i], equity[i], leverage[i], leverage_headroom[i])
        at_risk = value_at_risk_scale(risk[i], equity[i], risk_of_equity[i], risk_headroom[i])
        own = min(own, at_risk)
        own = min(own, drawdown_scale(drawdown(equity[i], peak[i]), tolerance, response))
        free = cash[i] + line[i] - drawn[i]
        allowed[i] = min(own, cash_scale(free, minimum * (opening_cash[i] + line[i])))
        by_risk[i] = 1.0 if at_risk <= allowed[i] else 0.0
    note_limits(p, s, book, risk)


@phase
def spread_cuts(p: Parameters, s: State, cut_share: Floats, by_risk: Floats, part: Floats) -> None:
    """Find the part of each position that a fund cuts at its limits: of all alike, or what costs least to leave first.

    Fills the rows ``part``, (trade, fund).
    """
    for j in each_trade(s):
        for i in each_fund(s):
            part[j, i] = cut_share[i]
    if p.choices.cuts_cheapest:
        for i in each_fund(s):
            if cut_share[i] > 0.0:
                cut_cheapest(p, s, i, cut_share[i], by_risk[i], part)


@phase
def cut_cheapest(p: Parameters, s: State, i: int, share: float, by_risk: float, part: Floats) -> None:
    """Cut a share of fund i's book, counted as its limit counts it, from the trades that cost least to leave for it."""
    counted, left = s.scratch.by_trade, s.scratch.by_trade_too
    total = 0.0
    for j in each_trade(s):
        b, h = p.opening.trades.bucket_of[j], p.opening.trades.hedge_of[j]
        counted[j] = s.buckets.price[b]
        if by_risk == 1.0:
            counted[j] = p.opening.hedges.risk_per_face[h] * s.buckets.volatility_ratio[b]
        left[j] = abs(s.funds.packages[j, i])
        total += counted[j] * left[j]
        part[j, i] = 0.0
    wanted = share * total
    while wanted > 0.0:
        best = -1
        lowest = 0.0
        for j in each_trade(s):
            if left[j] > 0.0 and counted[j] > 0.0:
                price = s.buckets.price[p.opening.trades.bucket_of[j]]
                cost = exit_cost(p.opening.trades.transaction_cost[j] * price, counted[j])
                if best < 0 or cost < lowest:
                    best = j
                    lowest = cost
        if best < 0:
            break
        face = forced_sale_bn(wanted, counted[best], left[best])
        part[best, i] = face / left[best]
        wanted -= face * counted[best]
        left[best] = 0.0


@phase
def choose_positions(p: Parameters, s: State) -> None:
    """Once a day, let funds that nobody forces cut at their limits, or move slowly to what they want.

    A fund buys only with cash beyond its minimum; where it wants less than it holds it sells by choice.
    """
    allowed, by_risk = s.scratch.eighth, s.scratch.ninth
    if p.channels.risk_limit:
        limit_books(p, s, allowed, by_risk)
    else:
        allowed[:] = 1.0
    spare, free, cut, chosen, bought = (
        s.scratch.first,
        s.scratch.second,
        s.scratch.third,
        s.scratch.fourth,
        s.scratch.fifth,
    )
    wealth, cut_share = s.scratch.sixth, s.scratch.seventh
    cash, alive, equity, cuts = s.funds.cash, s.funds.alive, s.funds.equity, s.funds.cut
    opening_equity, opening_cash = p.opening.funds.equity_bn, p.opening.funds.cash_bn
    speed, cut_speed, minimum = p.funds.entry_speed, p.funds.cut_speed, p.funds.cash_minimum
    elasticity_bp = p.funds.entry_elasticity
    for i in each_fund(s):
        spare_to_add = spare_cash_bn(cash[i], minimum, opening_cash[i]) if may_add(cuts[i]) else 0.0
        spare[i] = speed * spare_to_add
        wealth[i] = equity[i] / opening_equity[i]
        acts = alive[i] * (1.0 if cash[i] >= 0.0 else 0.0)
        free[i] = acts * (1.0 if allowed[i] >= 1.0 else 0.0)
        cut_share[i] = acts * cut_at_limits(allowed[i], cut_speed)
    part = s.scratch.by_position
    spread_cuts(p, s, cut_share, by_risk, part)
    packages, haircut_in_force, order, opening = (
        s.funds.packages,
        s.funds.haircut,
        s.orders.packages,
        p.opening.funds.packages_bn,
    )
    own_bp = s.funds.repo_over_average_bp
    for j in each_trade(s):
        b, h, g = p.opening.trades.bucket_of[j], p.opening.trades.hedge_of[j], p.opening.trades.funding_of[j]
        extra_repo_bp = s.fundings.client_bp[g] - p.opening.fundings.repo_spread_bp[g]
        extra_bp = s.hedges.dislocation_bp[h] - p.opening.hedges.dislocation_bp[h]
        price, cost = s.buckets.price[b], p.opening.trades.transaction_cost[j]
        margin = s.hedges.margin[h] * p.opening.funds.margin_factor[0]
        for i in each_fund(s):
            repo_bp = extra_repo_bp + own_bp[i]
            wanted = wanted_packages_bn(opening[j, i], wealth[i], extra_bp, repo_bp, elasticity_bp)
            gap = speed * (wanted - packages[j, i])
            tied_up = cash_tied_up(haircut_in_force[j, i], price, margin, cost)
            entry = min(abs(gap), affordable_purchase_bn(spare[i], tied_up))
            enters = 1.0 if gap * opening[j, i] > 0.0 else 0.0
            bought[i] = free[i] * enters * entry
            chosen[i] = free[i] * (1.0 - enters) * abs(gap)
            cut[i] = part[j, i] * abs(packages[j, i])
            spare[i] -= bought[i] * tied_up
            moved = bought[i] + chosen[i]
            order[j, i] = (moved if gap >= 0.0 else -moved) - part[j, i] * packages[j, i]
        if s.hedges.rolled[h] * p.opening.trades.delivers[j] > 0.0:
            keep_for_delivery(p, s, j, cut, chosen)
        by_limit, by_choice = row_total(cut), row_total(chosen)
        for k in each_named_fund(s):
            i = p.opening.named.fund[k]
            s.named_funds.sold[RISK_LIMIT, k] += cut[i]
            s.named_funds.sold[CHOICE, k] += chosen[i]
        s.seen.sold_by_channel[RISK_LIMIT] += by_limit
        s.seen.sold_by_channel[CHOICE] += by_choice
        s.seen.sold[j] += by_limit + by_choice
        s.seen.bought[j] += row_total(bought)
        s.orders.exist[j] = 1.0
        if p.watch.diary:
            write_choices(s, j, cut, bought)


@phase
def write_choices(s: State, j: int, cut: Floats, bought: Floats) -> None:
    """Enter cuts and purchases of one trade in the diary."""
    for i in each_fund(s):
        if cut[i] > SMALLEST_ENTRY_BN:
            note(s, LIMIT_SALE, i, j, cut[i])
        if bought[i] > SMALLEST_ENTRY_BN:
            note(s, ENTERED, i, j, bought[i])


@phase
def gather_orders(p: Parameters, s: State) -> None:
    """Add up the funds' orders: bonds they change and hedges they change, by trade."""
    hedges = s.scratch.first
    ratio, order = p.opening.funds.hedge_ratio, s.orders.packages
    for j in each_trade(s):
        s.orders.bonds[j] = 0.0
        s.orders.hedges[j] = 0.0
        if s.orders.exist[j] == 0.0:
            continue
        for i in each_fund(s):
            hedges[i] = order[j, i] * ratio[j, i]
        s.orders.bonds[j] = row_total(order[j])
        s.orders.hedges[j] = row_total(hedges)


@phase
def execute_orders(p: Parameters, s: State) -> None:
    """Execute all orders at the cleared prices: bonds change hands, repo is repaid or drawn, margin moves.

    A sale repays its part of the loan, a purchase borrows at today's haircut. Of the dealers' side this books
    the cash, which is what funds receive in cash and margin; the clearing, which sees all sectors at once, books
    the bonds.
    """
    repo, costs, cash, posted = s.scratch.first, s.scratch.second, s.funds.cash, s.funds.posted
    note_costs(p, s)
    cash_before, posted_before = row_total(cash), row_total(posted)
    empty(repo)
    empty(costs)
    loan, packages, ratio = s.funds.loan, s.funds.packages, p.opening.funds.hedge_ratio
    in_force, order, free = s.funds.haircut, s.orders.packages, s.funds.unencumbered
    for j in each_trade(s):
        if s.orders.exist[j] == 0.0:
            continue
        price = s.buckets.price[p.opening.trades.bucket_of[j]]
        cost_rate = p.opening.trades.transaction_cost[j] * price
        rate = s.hedges.margin[p.opening.trades.hedge_of[j]] * p.opening.funds.margin_factor[0]
        for i in each_fund(s):
            held = packages[j, i]
            change = -held if abs(held + order[j, i]) < SMALLEST_POSITION_BN else order[j, i]
            sells = 1.0 if change * held < 0.0 else 0.0
            repaid = loan_repaid_bn(-change, held, free[j, i], loan[j, i])
            lent = -repaid if sells == 1.0 else (1.0 - in_force[j, i]) * price * change
            free[j, i] -= min(free[j, i], max(0.0, -change))
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
        s.trades.fund_bonds[j] += s.orders.bonds[j]
        s.trades.fund_hedges[j] += s.orders.hedges[j]
        s.orders.exist[j] = 0.0
    lent_total, cost_total = row_total(repo), row_total(costs)
    s.dealers.fund_repo[0] += lent_total
    margin_total = row_total(posted) - posted_before
    pay(s, DEALERS, FUNDS, margin_total + (row_total(cash) - cash_before))
    pay(s, FUNDS, CLEARING_HOUSE, margin_total)
    charge(s, cost_total)


@phase
def remember_peaks(p: Parameters, s: State) -> None:
    """Remember peak equity and reset what other strategies may give tomorrow."""
    for i in each_fund(s):
        s.funds.peak_equity[i] = max(s.funds.peak_equity[i], s.funds.equity[i])
        s.funds.other_left[i] = min(s.funds.other[i], p.opening.funds.other_sale_bn[i])


@phase
def shortfall_left(s: State) -> float:
    """Cash still missing at all funds when the rounds end."""
    left = s.scratch.first
    for i in each_fund(s):
        left[i] = s.funds.alive[i] * cash_shortfall_bn(s.funds.cash[i])
    return row_total(left)
